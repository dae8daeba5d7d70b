"""The selected looks, as a plain object."""

from __future__ import annotations

import pytest

from heygen_widgets.models import Look, Looks
from heygen_widgets.picker.shortlist import Shortlist


def looks(*ids: str) -> Looks:
    return Looks(Look(look_id, look_id, "photo_avatar") for look_id in ids)


A, B, C = looks("a", "b", "c")


def test_clicks_add_looks_in_order_and_remove_them_again() -> None:
    shortlist = Shortlist(multiple=True)
    for look in (C, A, B, A):
        shortlist.looks = shortlist.toggled(look)
    assert shortlist.looks == (C, B)
    assert repr(shortlist) == "c, b selected"


def test_a_click_replaces_the_selection_of_one() -> None:
    shortlist = Shortlist()
    shortlist.looks = shortlist.toggled(A)
    shortlist.looks = shortlist.toggled(B)
    assert shortlist.looks == (B,)
    assert shortlist.toggled(B) == ()


def test_a_deselected_look_can_be_found_again_though_it_is_not_loaded() -> None:
    shortlist = Shortlist(multiple=True)
    shortlist.looks = looks("a", "b")
    shortlist.looks = shortlist.toggled(A)
    assert (shortlist.find("a"), shortlist.find("b"), shortlist.find("c"), shortlist.find(7)) == (A, B, None, None)


def test_a_cleared_selection_comes_back_whole_unless_another_was_made() -> None:
    shortlist = Shortlist(multiple=True)
    assert shortlist.restored() == ()
    shortlist.looks = looks("a", "b")
    shortlist.looks = shortlist.cleared()
    shortlist.looks = shortlist.cleared()
    assert shortlist.restored() == (A, B)
    shortlist.multiple = False
    assert shortlist.restored() == (A,)
    shortlist.looks = looks("c")
    assert shortlist.restored() == (C,)


@pytest.mark.parametrize(
    ("values", "multiple", "problem"),
    [
        (looks("a", "b"), False, "multiple=True"),
        (["a"], True, "different Look records"),
        ([A, A], True, "different Look records"),
        (looks(*map(str, range(121))), True, "at most 120"),
    ],
)
def test_what_is_no_selection_is_named(values: list[object], multiple: bool, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Shortlist(multiple).checked(values)


def test_a_shortlist_holds_120_looks() -> None:
    shortlist = Shortlist(multiple=True)
    shortlist.looks = looks(*map(str, range(120)))
    with pytest.raises(ValueError, match="120 looks are selected"):
        shortlist.toggled(A)
    assert len(shortlist.toggled(shortlist.looks[0])) == 119
    assert repr(shortlist) == "0, 1, 2, 117 more selected"
