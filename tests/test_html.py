"""A notebook shows looks as cards, a terminal shows plain text."""

import copy
import pickle
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

import pytest
from IPython.core.formatters import DisplayFormatter

from heygen_widgets import AvatarGroup, Look, LookCatalogue, LookFilter, Page, demo_client
from heygen_widgets._display import MOST_CARDS
from heygen_widgets._parsing import parse
from heygen_widgets.models import Looks, Voice
from heygen_widgets.videos import Video, VideoAgentStyle

SIGNED = "https://files2.heygen.ai/talking_photo/a/b.WEBP?Expires=1&Signature=secret"
LOOK = Look("look_1", "Zoë Café", "photo_avatar", preview_image_url=SIGNED)


class Parsed(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def shown(item: object) -> dict[str, str]:
    return DisplayFormatter().format(item)[0]


def test_a_look_is_a_card_in_a_notebook_and_a_line_without_a_url_elsewhere() -> None:
    output = shown(LOOK)
    page = Parsed(output["text/html"])
    assert {"Zoë Café", "Photo avatar", "look_1"} <= set(page.texts)
    assert [(item["src"], item["loading"]) for tag, item in page.elements if tag == "img"] == [(SIGNED, "lazy")]
    assert dict(page.elements)["code"]["title"] == "look_1"
    assert output["text/plain"] == "Look(id='look_1', name='Zoë Café', avatar_type='photo_avatar')"


def test_many_looks_are_the_first_cards_and_a_count_and_so_is_a_page_of_looks_only() -> None:
    catalogue = LookCatalogue(demo_client(looks=2_000), cache=None)
    catalogue.load()
    output = shown(catalogue.select(LookFilter()))
    assert output["text/html"].count("<img") == MOST_CARDS
    assert "and 1,976 more" in output["text/html"]
    assert len(output["text/html"]) < 100_000
    assert output["text/plain"].startswith("<Looks: 2,000 looks: '")
    for one in (Looks([LOOK]), Page((LOOK,))):
        assert (shown(one)["text/html"].count("<img"), " more" in shown(one)["text/html"]) == (1, False)
    group = AvatarGroup("g", "Group")
    for other in (Page((group,)), Page((LOOK, Voice("v"))), Page(()), Looks()):
        assert "text/html" not in shown(other)


def test_a_page_of_voices_is_a_table_that_plays_the_samples_on_the_web() -> None:
    samples = [SIGNED, None, "s3://voices/a.wav", "javascript:alert(1)", "https://files.example/" + "a" * 4_000]
    voices = [Voice(f"voice_{n}", "Zoë", "English", "female", url, type="private") for n, url in enumerate(samples)]
    table = Parsed(shown(Page((*voices, Voice("voice_5", "x" * 9_000))))["text/html"])
    assert table.texts[:6] == ["Name", "Language", "Gender", "Type", "Voice ID", "Sample"]
    assert table.texts[6:12] == ["Zoë", "English", "Female", "Private", "voice_0", "Zoë"]
    assert table.texts[-3:] == ["x" * 199 + "…", "voice_5", "no sample"]
    assert "There are more" in shown(Page((voices[0],), True, "t1"))["text/html"] != shown(voices[0])["text/html"]
    (player,) = [item for tag, item in table.elements if tag == "audio"]
    assert (player["src"], player["preload"], player["aria-label"]) == (SIGNED, "none", "Sample of Zoë")
    html = shown(Page((replace(voices[0], voice_id="a" * 32),) * 100))["text/html"]
    assert (len(html) < 100_000, "max-height" in html, "#" in html) == (True, True, False)  # scrolls; no own colours


def test_a_page_of_videos_is_a_table_without_urls() -> None:
    video = Video("video_1", "processing", SIGNED, title="<b>Ad", created_at=1_750_000_000, duration=2.5)
    html = shown(Page((video, Video("video_2"))))["text/html"]
    started = f"{datetime.fromtimestamp(1_750_000_000):%Y-%m-%d %H:%M}"
    expected = ["<b>Ad", "Rendering", started, "2.5 s", "video_1", "Untitled", "Waiting for its turn", "video_2"]
    assert (Parsed(html).texts[5:], "secret" in html) == (expected, False)


def test_a_page_of_styles_shows_their_thumbnails() -> None:
    served = {"style_id": "s1", "name": "<b>Film", "thumbnail_url": SIGNED, "tags": ["retro", "<i>"]}
    style = parse(VideoAgentStyle, served)
    page = Parsed(shown(Page((style,)))["text/html"])
    assert page.texts == ["<b>Film", "retro, <i>", "s1"]
    assert [item["src"] for tag, item in page.elements if tag == "img"] == [SIGNED]
    assert "secret" not in shown(Page((style,)))["text/plain"]


def test_looks_are_a_tuple_and_in_a_terminal_one_short_line() -> None:
    looks = Looks(replace(LOOK, id=f"look_{n}") for n in range(4))
    assert hash(looks) == hash(tuple(looks))
    assert [type(part) for part in (looks[:1], looks[::-1], looks[0])] == [Looks, Looks, Look]
    for kept in (pickle.loads(pickle.dumps(looks)), copy.deepcopy(looks), copy.copy(looks)):
        assert (kept, type(kept)) == (looks, Looks)
    assert repr(looks[:0]) == "<Looks: 0 looks>"
    assert repr(looks[:1]) == "<Looks: 1 look: 'look_0'>"
    assert repr(looks) == "<Looks: 4 looks: 'look_0', 'look_1', 'look_2', …>"


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "https://files.example/" + "a" * 4_000])
def test_an_unsafe_or_long_picture_url_becomes_initials(url: str | None) -> None:
    page = Parsed(shown(replace(LOOK, preview_image_url=url))["text/html"])
    assert "img" not in dict(page.elements)
    assert "ZC" in page.texts


def test_cards_are_small_and_take_the_colours_around_them() -> None:
    looks = Looks([replace(LOOK, id="a" * 9_000, preview_image_url="data:image/png;base64," + "A" * 3_700)] * 50)
    html = shown(looks)["text/html"]
    assert len(html) < 120_000
    assert "color:inherit" in html
    assert "#" not in html
