"""What a notebook shows of a picker where no widget can run."""

import json
import re
from html import unescape
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

ALL = {"shown": 2_000, "matched": 2_000, "loaded": 2_000, "complete": True, "problem": ""}
SOME = {**ALL, "shown": 12, "matched": 12}
NOTHING = {**ALL, "shown": 0, "matched": 0, "loaded": 0}

# Letters that take the most room: in HTML, in JSON, in a repr and in UTF-8.
LETTERS = st.text(st.sampled_from("<&'\"\\\n\x00\u202e\U000e0001😀é☃a"), min_size=1, max_size=9)
GREEDY = st.builds(lambda text, times: (text * times)[:250], LETTERS, st.integers(1, 250))


def look(look_id: str, name: str = "Ada in the garden", **more: Any) -> Look:
    return Look(look_id, name, "photo_avatar", **more)


def words_in(html: str) -> str:
    return unescape(re.sub("<[^>]*>", "", html))


def words_of(texts: dict[str, str]) -> list[str]:
    assert texts.keys() == {"text/html", "text/plain"}
    assert len(json.dumps(texts, ensure_ascii=False).encode()) <= LARGEST_FALLBACK
    return [words_in(texts["text/html"]), texts["text/plain"]]


def test_both_texts_show_the_counts_the_filter_the_selection_and_how_to_select_it_again() -> None:
    for words in words_of(fallback(SOME, [look("look_7")], LookFilter("garden", gender="female"))):
        assert "12 of 2,000 looks, filtered by LookFilter(search='garden', gender='female')." in words
        assert "1 selected:" in words
        assert "Ada in the garden (look_7)" in words
        assert "To select it again, create the picker with selected_id='look_7'." in words
        assert "needs a running kernel" in words


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
        assert "To select the first again, create the picker with selected_id='look_1'." in words
    long = [look(f"{place:0200}", "&" * 200) for place in range(20)]
    assert all("20 selected, the first 2:" in words for words in words_of(fallback(ALL, long, LookFilter())))


def test_code_that_would_be_cut_off_is_left_out() -> None:
    for words in words_of(fallback(ALL, [look("a" * 250)], LookFilter(tag=[f"tag {n}" for n in range(50)]))):
        assert "filtered by a long LookFilter." in words
        assert "selected_id" not in words


def test_outside_text_stays_text_and_no_preview_url_is_saved() -> None:
    signed = "https://files2.heygen.ai/talking_photo/a.webp?Signature=secret"
    name = "<img src=x onerror=alert(1)></code></div>\n<script>"
    hostile = look("'\"><b>&amp;", name, preview_image_url=signed, preview_video_url=signed)
    texts = fallback(ALL, [hostile], LookFilter("<i>"))
    assert {*re.findall("<[^>]*>", texts["text/html"])} == {"<div>", "</div>"}
    for words in words_of(texts):
        assert "<img src=x onerror=alert(1)></code></div> <script>" in words
        assert "selected_id='\\'\"><b>&amp;'" in words
        assert "LookFilter(search='<i>')" in words
    assert "heygen.ai" not in json.dumps(texts)


@given(st.lists(GREEDY, min_size=1, max_size=25), GREEDY, GREEDY, st.lists(GREEDY, max_size=3))
def test_the_texts_are_small_for_any_names(ids: list[str], name: str, search: str, tags: list[str]) -> None:
    for words in words_of(
        fallback(ALL, [look(i, name) for i in ids], LookFilter(search, tag=tags or None), "characters")
    ):
        assert f"{len(ids)} selected" in words
        assert not {"\x00", "\u202e"} & set(words)


@pytest.mark.parametrize("letters", ["'\"", "<", "\\", "\U000e0001", "😀"])
def test_the_longest_filter_and_id_leave_room_for_the_rest(letters: str) -> None:
    for times in range(1, 301):
        assert words_of(fallback(ALL, [look(letters * times)], LookFilter(letters * times)))
    assert "selected_id=" in fallback(ALL, [look(letters * 16)], LookFilter(letters * 16))["text/plain"]


CELLS = """
from heygen_widgets import LookFilter, LookPicker, demo_client
picker = LookPicker(demo_client(looks=200, latency=0.1), filter=LookFilter("office"))
picker
---
assert picker.catalogue.wait(timeout=60)
picker.value = picker.catalogue.looks[3]
---
picker.set_state({})  # as a front end does, where the widget shows instead of the text
picker.value = None
"""


@pytest.mark.parametrize("is_saved", [False, True])
def test_a_batch_run_saves_a_text_with_its_end_which_an_export_shows_unless_it_has_the_widget(is_saved: bool) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS.split("---")])
    NotebookClient(notebook, store_widget_state=is_saved, kernel_name="python3").execute()
    assert "application/vnd.jupyter.widget-view+json" in notebook.cells[0].outputs[0].data
    words = words_in(HTMLExporter().from_notebook_node(notebook)[0])
    assert (" of 200 looks, filtered by LookFilter(search='office')." in words) is not is_saved
    assert ("1 selected:" in words) is not is_saved
