"""What the views show, as plain values: cards, details, voices, options of dropdowns, and bounds of what they send."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st
from recording import look

from heygen_widgets import Look, LookFilter
from heygen_widgets.catalogue.store import Character
from heygen_widgets.models import AvatarGroup, Failure, Voice
from heygen_widgets.picker import views

PICTURE = "https://files2.heygen.ai/a.webp?Expires=1"


def card_of(group_id: str, group: AvatarGroup | None, expected: int, example: Look | None) -> dict[str, Any]:
    return views.character_card(Character(group_id, group, min(expected, 1), expected, example))


def test_a_look_that_is_not_ready_shows_its_status_and_the_reason() -> None:
    failed = views.card(look("a", status="failed", error=Failure("no_face", "No face was found.")))
    assert (failed["state"], failed["reason"], failed["failed"]) == ("Failed", "No face was found.", True)
    waiting = views.card(look("a", status="pending_consent", preferred_orientation="portrait"))
    assert (waiting["state"], waiting["failed"], waiting["shape"]) == ("Waiting for consent", False, "portrait")
    for status in (None, "completed", "brand_new"):
        assert views.card(look("a", status=status)).items() >= {"state": None, "failed": False, "shape": None}.items()


def test_the_card_of_a_character_shows_its_name_its_number_of_looks_and_its_picture() -> None:
    group = AvatarGroup("g", " Elin ", looks_count=12, preview_image_url=PICTURE)
    shown = card_of("g", group, 1_204, look("a", preview_image_url="https://other/b.webp"))
    assert (shown["id"], shown["name"], shown["type"], shown["image"]) == ("g", "Elin", "1,204 looks", PICTURE)
    assert shown["character"]
    assert card_of("g", group, 1, None)["type"] == "1 look"
    unknown = card_of("g", AvatarGroup("g", "Elin"), 0, None)
    assert (unknown["type"], unknown["image"]) == ("looks not loaded yet", None)
    for group_id, name, title in (("g", "  ", "g"), ("", "", "No character")):
        assert card_of(group_id, AvatarGroup(group_id, name), 7, look("a"))["name"] == title


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "data:text/html,x"])
def test_a_card_skips_a_picture_that_a_browser_must_not_fetch(url: str | None) -> None:
    group = AvatarGroup("g", "Elin", preview_image_url=url)
    cards = views.Characters(
        [
            Character("g", group, 1, 1, first := look("a", preview_image_url=PICTURE)),
            Character("none", group, 1, 1, look("b", preview_image_url=url)),
        ]
    )
    assert [views.character_card(character)["image"] for character in cards] == [PICTURE, None]
    assert [views.pictured_of(character) for character in cards] == [first, None]


def test_a_list_extends_another_only_if_its_first_cards_differ_in_nothing_but_signatures() -> None:
    group = AvatarGroup("g", "Elin", preview_image_url=PICTURE)
    first = Character("g", group, 1, 2, None)
    signed, moved = (replace(group, preview_image_url=url) for url in (PICTURE.replace("=1", "=2"), "https://host/b"))
    assert views.Characters([replace(first, group=signed), first]).extends(views.Characters([first]))
    for changes in ({"expected": 4}, {"group": None}, {"id": "h"}, {"group": moved}):
        assert not views.Characters([replace(first, **changes), first]).extends(views.Characters([first]))
    assert not views.Characters().extends(views.Characters([first]))
    assert not views.Characters([first]).extends([first])


def texts(shown: dict[str, Any]) -> dict[str, str]:
    return {fact["name"]: fact["text"] for fact in shown["facts"]}


def test_details_name_everything_that_is_known_of_a_look() -> None:
    known = {"group_id": "g", "gender": "female", "status": "failed", "ownership": "private", "default_voice_id": "v1"}
    size = {"image_width": 1080, "image_height": 1920, "group_name": " Elin ", "error": Failure("no_face", "No face")}
    full = look("a", supported_api_engines=("avatar_v", "avatar_iv"), tags=("office", "warm"), **known, **size)
    shown = views.details(full, 27)
    assert texts(shown) == {
        "character": "Elin",
        "avatar_type": "Photo avatar",
        "gender": "Female",
        "size": "1,080 × 1,920 px",
        "orientation": "Portrait",
        "engines": "Avatar V, Avatar IV",
        "tags": "office, warm",
        "ownership": "Private",
        "status": "Failed: No face",
        "voice": "v1",
        "id": "a",
    }
    assert (shown["group_id"], shown["number"], shown["voice_id"]) == ("g", 27, "v1")
    assert shown.items() >= views.card(full).items()
    known = {"avatar_type": "Photo avatar", "status": "Ready to use", "id": "a"}
    bare = dict.fromkeys(texts(shown), "") | known
    assert [*texts(views.details(look("a"), 0)).items()] == [*bare.items()]
    # Texts stay on one line.
    tags = tuple(f"tag {i}\u202e\n" * 50 for i in range(1_000))
    shown = texts(views.details(look("a", tags=tags, default_voice_id="v" * 9_000), 0))
    assert shown["tags"].count(", tag ") == 999
    assert not {"\u202e", "\n"} & set(shown["tags"])
    assert len(shown["voice"]) == 200


def test_video_options_have_a_column_per_engine_and_reasons() -> None:
    shown = views.details(look("a", supported_api_engines=("avatar_iv", "avatar_v", "avatar_iii")), 0)["options"]
    assert shown["engines"] == ["Avatar IV", "Avatar V", "Avatar III"]
    assert {row["label"]: row["cells"] for row in shown["rows"]} == {
        "Expressiveness": ["yes", "no", "no"],
        "Motion prompt": ["yes", "yes*", "no"],
        "Reference look": ["no", "yes", "no"],
        "4k": ["yes", "yes", "no"],
        "Background removed": ["unknown"] * 3,
        "WebM": ["unknown"] * 3,
    }
    assert "Expressiveness: not for photo avatars with Avatar V and Avatar III." in shown["notes"]
    assert "Background removed: needs matting; HeyGen does not document it for photo avatars." in shown["notes"]
    assert shown["notes"][0] == "*: it depends on something that the look's record does not show."
    conditional = [note for note in shown["notes"] if "if its group has" in note]
    assert [note.partition(":")[0] for note in conditional] == ["Motion prompt"]
    assert len(set(shown["notes"])) == len(shown["notes"])
    # Without engines they are those of the default engine.
    shown = views.details(look("a"), 0)["options"]
    assert (shown["engines"], "lists no known engine" in shown["notes"][0]) == (["Avatar IV"], True)
    others = ("avatar_4_quality", *(f"avatar_{'x' * 300}{i}" for i in range(900)))
    for engines, shown_engines in ((others, ["Avatar IV"]), ((*others, "avatar_v", "avatar_v"), ["Avatar V"])):
        assert views.details(look("a", supported_api_engines=engines), 0)["options"]["engines"] == shown_engines


@pytest.mark.parametrize("url", ["https://files2.heygen.ai/v.mp3", "s3://bucket/v.mp3", "javascript:alert(1)", None])
def test_a_voice_has_a_sample_only_if_a_browser_can_fetch_it(url: str | None) -> None:
    audio = url if url and url.startswith("https") else None
    assert views.voice_of(Voice("v", "Mira", "English", "female", url)) == {
        "text": "Mira (English, Female)",
        "audio": audio,
    }
    assert views.voice_of(Voice("v", " ", None, None, url))["text"] == "v"


def test_a_short_dropdown_offers_every_value_and_what_is_selected_in_an_order_that_no_filter_changes() -> None:
    values = ["square", "", "portrait", "landscape"]
    some = views.short_options("orientation", values, {"square": 3}, ())
    others = views.short_options("orientation", reversed(values), {"portrait": 9, "": 1}, ())
    assert [item["value"] for item in some] == [item["value"] for item in others]
    assert [item["title"] for item in some] == ["Portrait", "Landscape", "Square", "Not specified"]
    assert [item["count"] for item in some] == [0, 0, 3, 0]
    assert views.short_options("status", [""], {"": 12}, ()) == views.short_options("status", [], {}, ()) == []
    (selected,) = views.short_options("engine", [], {}, ["avatar_ix"])
    assert (selected["value"], selected["title"], selected["count"]) == ("avatar_ix", "avatar_ix", 0)
    assert {"value": "", "title": "Not specified", "count": 4} in views.short_options(
        "engine", ["avatar_v", ""], {"": 4}, [""]
    )
    many = [f"engine_{n:03}" for n in range(200)]
    offered = [item["value"] for item in views.short_options("engine", many, dict.fromkeys(many, 1), ["engine_199"])]
    assert (len(offered), offered[-1]) == (51, "engine_199")


def test_long_lists_find_all_words_in_any_order_and_are_cut_after_those_that_match_looks() -> None:
    titles = {"1": "Zoë Lindqvist", "2": "Zoe Park", "3": "Lind Qvist"}
    assert [item["value"] for item in views.found_options(titles, {}, "LIND zoe")["items"]] == ["1"]
    assert [item["value"] for item in views.found_options(titles, {}, "  ")["items"]] == ["3", "1", "2"]
    assert [item["count"] for item in views.found_options(titles, {"2": 7}, "zoe")["items"]] == [7, 0]
    assert views.found_options(titles, {}, "nobody") == {"items": [], "more": 0}
    found = views.found_options({str(n): f"Name {n:04}" for n in range(1_400)}, {"1399": 1}, "name")
    assert (len(found["items"]), found["more"]) == (50, 1_350)
    assert [item["value"] for item in found["items"][:2]] == ["1399", "0"]


anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()), st.binary())


@given(anything, st.integers(-5, 5), st.integers(6, 200))
def test_numbers_from_views_stay_within_bounds_and_any_query_is_answered(value: object, low: int, high: int) -> None:
    assert low <= views.bounded(value, low, high) <= high
    found = views.found_options({"1": "Anna"}, {"1": 1}, value)
    assert len(found["items"]) + found["more"] <= 1


@pytest.mark.parametrize(
    "changes",
    [
        *(None, [], {"planet": "x"}, {"tag": 7}, {"tag": ["x"] * 1_001}, {"tag": "x" * 201}, {"search": "x" * 201}),
        *({"search": "\ud800"}, {"gender": "x"}, {"sort": "x"}),
    ],
)
def test_invalid_changes_of_a_filter_are_refused(changes: object) -> None:
    assert views.changed_filter(LookFilter("office"), changes) is None
    assert views.changed_filter(LookFilter("office"), {"tag": ["a"]}) == LookFilter("office", tag=["a"])
    assert views.changed_filter(LookFilter("office", tag="a", sort="name"), {"tag": []}) == LookFilter(
        "office", sort="name"
    )
