"""What a notebook says of a picker where no widget can run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from heygen_widgets import LookFilter
from heygen_widgets.models import Look
from heygen_widgets.picker.fallback import LARGEST_FALLBACK, fallback

ALL = {"shown": 2_000, "matched": 2_000, "loaded": 2_000, "complete": True}
SOME = {"shown": 12, "matched": 12, "loaded": 2_000, "complete": True}
WIDGET = "application/vnd.jupyter.widget-view+json"

# Letters that take the most room: in HTML, in JSON, in a repr and in UTF-8.
LETTERS = st.text(st.sampled_from("<&'\"\\\n\x00\u202e\U000e0001😀é☃a"), min_size=1, max_size=9)
GREEDY = st.builds(lambda text, times: (text * times)[:250], LETTERS, st.integers(1, 250))


def look(id: str, name: str = "Ada in the garden", **more: Any) -> Look:
    return Look(id, name, "photo_avatar", **more)


class Reader(HTMLParser):
    """What a browser makes of a text: its elements and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[Any] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def words_of(told: dict[str, str]) -> Iterator[str]:
    yield Reader(told["text/html"]).words
    yield told["text/plain"]


def test_it_tells_what_was_shown_what_was_chosen_and_how_to_choose_it_again() -> None:
    told = fallback(SOME, [look("look_7")], LookFilter("garden", gender="female"))
    assert told.keys() == {"text/html", "text/plain"}
    for words in words_of(told):
        assert "12 of 2,000 looks, filtered by LookFilter(search='garden', gender='female')." in words
        assert "1 chosen:" in words
        assert "Ada in the garden" in words
        # Whatever the picker was over.
        assert "To choose it again, give the picker selected_id='look_7'." in words
        assert "needs a running kernel" in words


@pytest.mark.parametrize(
    ("status", "show", "words"),
    [
        (ALL, "looks", ": 2,000 looks."),
        ({**SOME, "complete": False}, "looks", ": 12 of 2,000 looks loaded so far."),
        ({**ALL, "shown": 40}, "characters", ": 40 characters with 2,000 looks."),
        ({**ALL, "shown": 0, "matched": 0, "loaded": 0}, "looks", ": no looks."),
        ({}, "looks", ": no looks loaded yet."),
    ],
)
def test_it_claims_no_more_than_is_known(status: dict[str, Any], show: str, words: str) -> None:
    for told in words_of(fallback(status, [], LookFilter(), show)):
        assert words in told
        assert "Nothing chosen." in told
        assert "again:" not in told


def test_several_are_named_in_their_order_and_those_without_room_are_counted() -> None:
    chosen = [look(f"look_{place}", f"Look {place} of them") for place in range(1, 121)]
    for words in words_of(fallback(ALL, chosen, LookFilter())):
        assert "120 chosen, the first 20:" in words
        assert [f"Look {place} of them" in words for place in (1, 20, 21)] == [True, True, False]
        assert words.index("look_2") < words.index("look_3")
        assert "To choose the first again, give the picker selected_id='look_1'." in words
    long = [look(f"{place:0200}", "&" * 200) for place in range(20)]
    words = fallback(ALL, long, LookFilter())["text/plain"]
    assert "20 chosen, the first 2:" in words


def test_a_look_without_an_id_is_named_and_no_way_is_told_to_choose_it_again() -> None:
    for words in words_of(fallback(ALL, [look("")], LookFilter())):
        assert "Ada in the garden" in words
        assert "selected_id" not in words


def test_text_from_outside_is_only_ever_text() -> None:
    name = "<img src=x onerror=alert(1)></code></div>\n<script>"
    told = fallback(ALL, [look("'\"><b>&amp;", name)], LookFilter("<i>"))
    page = Reader(told["text/html"])
    assert {*page.elements} == {"div", "strong", "code", "ol", "li"}
    assert page.attributes == []
    assert "<img src=x onerror=alert(1)></code></div> <script>" in page.words
    assert "selected_id='\\'\"><b>&amp;'" in page.words
    assert "LookFilter(search='<i>')" in page.words


@given(
    ids=st.lists(GREEDY, min_size=1, max_size=25),
    name=GREEDY,
    search=GREEDY,
    tags=st.lists(GREEDY, max_size=3),
    show=st.sampled_from(["looks", "characters"]),
)
def test_it_is_small_whatever_the_names_are(ids: list[str], name: str, search: str, tags: list[str], show: str) -> None:
    told = fallback(ALL, [look(id, name) for id in ids], LookFilter(search, tag=tags), show)
    assert len(json.dumps(told, ensure_ascii=False).encode()) <= LARGEST_FALLBACK
    for words in words_of(told):
        assert f"{len(ids)} chosen" in words
        assert "\x00" not in words
        assert "\u202e" not in words


@pytest.mark.parametrize("letters", ["'\"", "<", "\\", "\U000e0001", "😀"])
def test_the_longest_filter_and_id_that_are_told_leave_room_for_the_rest(letters: str) -> None:
    for times in range(1, 301):
        told = fallback(ALL, [look(letters * times)], LookFilter(letters * times))
        assert len(json.dumps(told, ensure_ascii=False).encode()) <= LARGEST_FALLBACK, times
    assert "selected_id=" in fallback(ALL, [look(letters * 16)], LookFilter(letters * 16))["text/plain"]


def test_code_that_is_cut_off_is_not_told_at_all() -> None:
    told = fallback(ALL, [look("a" * 250)], LookFilter(tag=[f"tag {n}" for n in range(50)]))
    for words in words_of(told):
        assert "filtered by a LookFilter too long to be told here." in words
        assert "selected_id" not in words


def test_no_preview_url_is_in_it() -> None:
    signed = "https://files2.heygen.ai/talking_photo/a.webp?Signature=secret"
    told = fallback(ALL, [look("a", preview_image_url=signed, preview_video_url=signed)], LookFilter())
    assert "heygen.ai" not in json.dumps(told)


# -- as the picker's own ----------------------------------------------------------------------------------------------

CELL = """
from heygen_widgets import LookFilter, LookPicker, demo_client
picker = LookPicker(demo_client(looks=200), filter=LookFilter("office"))
assert picker.catalogue.wait(timeout=60)
picker.value = picker.catalogue.looks[3]
picker
"""


def executed(store_widget_state: bool) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, store_widget_state=store_widget_state, kernel_name="python3").execute()
    return notebook


def test_an_export_to_html_shows_it_as_of_when_the_cell_ran_unless_the_widget_was_saved() -> None:
    notebook = executed(store_widget_state=False)
    data = notebook.cells[0].outputs[0].data
    assert WIDGET in data
    page = Reader(HTMLExporter().from_notebook_node(notebook)[0])
    assert " of 200 looks, filtered by LookFilter(search='office')." in page.words
    assert "1 chosen:" in page.words
    saved = Reader(HTMLExporter().from_notebook_node(executed(store_widget_state=True))[0])
    assert " of 200 looks, filtered by" not in saved.words
