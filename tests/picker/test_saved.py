"""What outlives the kernel: the texts saved with a notebook, and what a picker with a name remembers."""

import json
import re
import warnings
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from heygen_widgets import HeyGenClient, LookFilter, LookPicker
from heygen_widgets.demo import DemoService
from heygen_widgets.models import Failure, Look
from heygen_widgets.picker.saved import LARGEST_FALLBACK, fallback

ALL = {"shown": 2_000, "matched": 2_000, "loaded": 2_000, "complete": True, "problem": ""}
SOME = {**ALL, "shown": 12, "matched": 12}
SIGNED = "https://files2.heygen.ai/a.webp?Signature=secret"
NOTHING = {**ALL, "shown": 0, "matched": 0, "loaded": 0}

# Letters that take the most room: in HTML, in JSON, in a repr and in UTF-8.
LETTERS = st.text(st.sampled_from("<&'\"\\\n\x00\u202e\U000e0001😀é☃a"), min_size=1, max_size=9)
GREEDY = st.builds(lambda text, times: (text * times)[:250], LETTERS, st.integers(1, 250))


def look(look_id: str, name: str = "Ada in the garden", **more: Any) -> Look:
    return Look(look_id, name, "photo_avatar", **{"preview_image_url": SIGNED, "preview_video_url": SIGNED, **more})


def words_of(texts: dict[str, str]) -> list[str]:
    assert texts.keys() == {"text/html", "text/plain"}
    assert {*re.findall("<[^>]*>", texts["text/html"])} == {"<div>", "</div>"}
    assert "://" not in json.dumps(texts)
    assert len(json.dumps(texts, ensure_ascii=False).encode()) <= LARGEST_FALLBACK
    return [unescape(re.sub("<[^>]*>", "", texts["text/html"])), texts["text/plain"]]


def test_both_texts_show_the_counts_the_filter_the_selection_and_how_to_select_it_again() -> None:
    for words in words_of(fallback(SOME, [look("look_7")], LookFilter("garden", gender="female"))):
        assert "12 of 2,000 looks, filtered by LookFilter(search='garden', gender='female')." in words
        assert "1 selected:" in words
        assert "1. Ada in the garden" in words
        assert "To select it again, create the picker with selected_id='look_7'." in words
        assert "when this cell runs" in words


@pytest.mark.parametrize(
    ("status", "show", "expected"),
    [
        (ALL, "looks", ": 2,000 looks."),
        ({**SOME, "complete": False}, "looks", ": 12 of 2,000 looks loaded so far."),
        ({**ALL, "shown": 40}, "characters", ": 40 characters with 2,000 looks."),
        (NOTHING, "looks", ": no looks."),
        ({**NOTHING, "complete": False}, "looks", ": no looks loaded yet."),
        ({**NOTHING, "complete": False, "problem": "A <bad> key"}, "looks", ": no looks loaded yet (A <bad> key)."),
    ],
)
def test_the_texts_claim_no_more_than_is_known(status: dict[str, Any], show: str, expected: str) -> None:
    for words in words_of(fallback(status, [], LookFilter(), show)):
        assert expected in words
        assert "Nothing selected." in words
        assert "again, create" not in words


def test_several_looks_are_named_in_order_and_those_without_room_are_counted() -> None:
    selected = [look(f"look_{place}", f"Look {place} of them") for place in range(1, 121)]
    for words in words_of(fallback(ALL, selected, LookFilter())):
        assert "120 selected, the first 20:" in words
        assert [f"{place}. Look {place} of them" in words for place in (1, 20, 21)] == [True, True, False]
        ids = [look.id for look in selected[:20]]
        assert f"To select the first 20 again, create the picker with multiple=True, values={ids}." in words
    for words in words_of(fallback(ALL, selected[:2], LookFilter())):
        assert "To select them again, create the picker with multiple=True, values=['look_1', 'look_2']." in words
    long = [look(f"{place:0200}", "&" * 200) for place in range(20)]
    assert all("20 selected, the first 2:" in words for words in words_of(fallback(ALL, long, LookFilter())))


def test_code_that_would_be_cut_off_is_left_out() -> None:
    for words in words_of(fallback(ALL, [look("a" * 2_300)], LookFilter(tag=[f"tag {n}" for n in range(50)]))):
        assert "filtered by a long LookFilter." in words
        assert "1 selected." in words
        assert "selected_id" not in words


@given(st.lists(GREEDY, min_size=1, max_size=25), GREEDY, GREEDY, st.lists(GREEDY, max_size=3))
def test_the_texts_are_small_for_any_names(ids: list[str], name: str, search: str, tags: list[str]) -> None:
    for words in words_of(
        fallback(ALL, [look(i, name) for i in ids], LookFilter(search, tag=tags or None), "characters")
    ):
        assert f"{len(ids)} selected" in words
        assert not {"\x00", "\u202e"} & set(words)


ADA, BEA = (
    look(name, extra={"note": SIGNED}, ownership="private", error=Failure("e"), tags=("t",)) for name in ("ada", "bea")
)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the file of the pickers that are named "my casting"."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "heygen_widgets" / "pickers" / "my casting.json"


def again(*looks: Look, **more: Any) -> LookPicker:
    return LookPicker(looks, **{"multiple": True, "remember": "my casting", **more})


def test_a_picker_with_a_name_starts_as_the_last_one_ended_unless_it_is_given_something_else(kept: Path) -> None:
    first = again(ADA, BEA, gender="male")
    assert not kept.exists()
    first.values, first.filter, first.view = (BEA, ADA), LookFilter("garden" * 50, tag="t"), "characters"
    picker = again(BEA)  # one of the looks is no longer loaded
    assert (picker.values, picker.filter, picker.view) == (first.values, first.filter, "characters")
    assert [one.preview_image_url for one in picker.values] == [SIGNED, None]
    assert (picker.values[1].ownership, picker.values[1].extra) == ("private", {})
    assert "://" not in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    other = again(ADA, BEA, search="x", values=[ADA])
    assert (other.values, other.filter, other.view) == ((ADA,), LookFilter("x"), "characters")
    assert again(ADA, multiple=False).values == (BEA,)
    picker.reset()
    assert (again(BEA).values, again().filter) == ((), LookFilter())
    assert (LookPicker([ADA]).view, again(remember="another").view) == ("looks", "looks")


def test_what_was_selected_needs_no_request_and_no_service(kept: Path) -> None:
    with DemoService(looks=20, api_key="key") as service:
        address = service.base_url
        picker = LookPicker(HeyGenClient("key", base_url=address), remember="my casting", cache=None)
        assert picker.catalogue.wait(60)
        picker.value = picker.catalogue.looks[3]
    later = LookPicker(HeyGenClient("key", base_url=address), remember="my casting", cache=None)
    later.catalogue.wait(60)
    assert (later.value, "key" in kept.read_text()) == (picker.value, False)


FOREIGN = {"format": "heygen_widgets picker", "version": 1, "view": "looks", "filter": {}, "looks": []}


def foreign() -> list[str]:
    changes = {"version": [2], "view": ["x", []], "filter": [1, {"sort": "x"}, {"tag": {}}]}
    changes["looks"] = [{}, 1, "ab", [1], [{}], [{"look": {"id": ""}}]]
    files = [json.dumps({**FOREIGN, name: value}) for name, values in changes.items() for value in values]
    return [*files, "", "\0", "[" * 100_000, "9" * 5_000, "[]", "{}"]


@pytest.mark.parametrize("content", foreign())
def test_a_file_of_something_else_is_ignored_and_replaced_at_the_next_change(kept: Path, content: str) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_text(content)
    with pytest.warns(UserWarning, match="is replaced at the picker's next change") as warned:
        picker = again(ADA)
    assert ([one.filename for one in warned], picker.values) == ([__file__], ())
    picker.value = ADA
    assert again(ADA).value == ADA


def test_a_folder_that_cannot_be_written_is_one_warning(kept: Path) -> None:
    kept.parent.parent.write_text("a file")
    picker = again(ADA)
    with warnings.catch_warnings(record=True, action="always") as warned:
        picker.vue_select({"id": "ada", "selected": True})
        picker.view = "characters"
        picker.close()
    assert (["not remembered in" in str(one.message) for one in warned], picker.value) == ([True], ADA)


@pytest.mark.parametrize("name", ["", " ", "a ", "../a", "a/b", "a.b", "a" * 61, "\0", "a\n"])
def test_a_name_is_one_for_a_file(name: str, kept: Path) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        again(remember=name)
    assert not kept.parent.exists()
