"""What views are told and what they ask, as plain values: cards, options of dropdowns, and bounds of what comes in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heygen_widgets._display import LONGEST_TEXT, clip
from heygen_widgets.catalogue.store import Character, LookStore
from heygen_widgets.filters import LookFilter
from heygen_widgets.models import AvatarGroup, Look
from heygen_widgets.picker.cards import CharacterCards, LookCards, character_card, title, title_of_character
from heygen_widgets.picker.options import SHORT_FIELDS, bounded, found_options, short_options

PICTURE = "https://files2.heygen.ai/a.webp?Expires=1"


def look(look_id: str, **fields: Any) -> Look:
    return Look(look_id, f"Look {look_id}", "photo_avatar", **fields)


# -- cards of characters ----------------------------------------------------------------------------------------------


def test_a_characters_card_bears_its_name_the_number_of_its_looks_and_its_picture() -> None:
    group = AvatarGroup("g", " Elin ", looks_count=12, preview_image_url=PICTURE)
    shown = character_card(Character("g", group, 3, 1_204, look("a", preview_image_url="https://other/b.webp")))
    assert (shown["id"], shown["name"], shown["type"], shown["image"]) == ("g", "Elin", "1,204 looks", PICTURE)
    assert shown["character"]
    assert character_card(Character("g", group, 1, 1, look("a")))["type"] == "1 look"


def test_a_character_of_which_nothing_is_known_yet_says_so() -> None:
    shown = character_card(Character("g", AvatarGroup("g", "Elin"), 0, 0, None))
    assert (shown["type"], shown["image"]) == ("looks not loaded yet", None)


def test_a_card_falls_back_on_the_picture_of_a_look_and_takes_none_that_a_browser_must_not_fetch() -> None:
    first = look("a", preview_image_url=PICTURE)
    for url in (None, "javascript:alert(1)", "data:text/html,x"):
        group = AvatarGroup("g", "Elin", preview_image_url=url)
        assert character_card(Character("g", group, 1, 1, first))["image"] == PICTURE
    bad = look("b", preview_image_url="javascript:alert(1)")
    assert character_card(Character("g", None, 1, 1, bad))["image"] is None


def test_looks_that_tell_no_character_have_a_card_of_their_own_with_a_name() -> None:
    shown = character_card(Character("", None, 7, 7, look("a")))
    assert (shown["id"], shown["name"], shown["type"]) == ("", "No character", "7 looks")


@pytest.mark.parametrize(
    ("group_id", "name", "shown"),
    [("g", "Elin", "Elin"), ("g", "  ", "g"), ("g", "", "g"), ("", "", "No character")],
)
def test_a_character_never_lacks_a_title(group_id: str, name: str, shown: str) -> None:
    assert title_of_character(group_id, name) == shown


# -- lists that grow --------------------------------------------------------------------------------------------------

# What a group tells of itself and the first of its looks are the same whenever they are there.
GROUPS = {
    "told": AvatarGroup("told", "Told", looks_count=4, preview_image_url=PICTURE),
    "silent": AvatarGroup("silent", "Silent", looks_count=None, preview_image_url=PICTURE),
    "pictureless": AvatarGroup("pictureless", "Pictureless", looks_count=4),
    "": None,
}


def character(group_id: str, known: bool, matched: int, *, more: bool) -> Character:
    first = look(f"of {group_id}", preview_image_url=f"https://x/{group_id}.webp") if matched else None
    group = GROUPS[group_id] if known else None
    told = group.looks_count if group and more else None
    return Character(group_id, group, matched, max(matched, told or 0), first)


states = st.tuples(st.booleans(), st.sampled_from([0, 1, 3, 6]))  # whether the group is known, and how many looks


@example({"pictureless": ((True, 0), (True, 3))}, True)
@example({"silent": ((True, 1), (True, 3))}, True)
@example({"told": ((True, 1), (True, 6))}, True)
@given(st.dictionaries(st.sampled_from(sorted(GROUPS)), st.tuples(states, states), min_size=1), st.booleans())
def test_a_list_of_characters_begins_like_an_earlier_one_only_where_each_card_is_the_same(
    people: dict[str, tuple[tuple[bool, int], tuple[bool, int]]], more: bool
) -> None:
    old = CharacterCards([character(i, *before, more=more) for i, (before, _) in people.items()])
    new = CharacterCards([character(i, *now, more=more) for i, (_, now) in people.items()])
    if new.begins_like(old):
        assert new.cards(0, len(old)) == old.cards(0, len(old))


def test_a_list_of_characters_begins_like_itself_and_like_a_shorter_one() -> None:
    every = [Character(i, GROUPS[i], 2, 2, look(i)) for i in ("told", "silent", "pictureless")]
    cards = CharacterCards(every)
    assert cards.begins_like(CharacterCards(every))
    assert cards.begins_like(CharacterCards(every[:2]))
    assert not CharacterCards(every[:2]).begins_like(cards)
    assert not cards.begins_like(CharacterCards(every[::-1]))


def test_looks_and_characters_never_pass_for_one_another() -> None:
    store = LookStore()
    looks, people = LookCards(store.select(LookFilter())), CharacterCards(())
    assert not looks.begins_like(people)
    assert not people.begins_like(looks)


def test_looks_that_come_at_the_end_leave_the_positions_and_others_do_not() -> None:
    store = LookStore()
    store.add_looks([look("b"), look("c")], 10)
    before = LookCards(store.select(LookFilter()))
    store.add_looks([look("d")], 20)
    grown = LookCards(store.select(LookFilter()))
    assert grown.begins_like(before)
    assert [card["id"] for card in grown.cards(0, 10)] == ["b", "c", "d"]
    store.add_looks([look("a")], 0)
    assert not LookCards(store.select(LookFilter())).begins_like(grown)
    assert [card["id"] for card in grown.cards(0, 10)] == ["b", "c", "d"]


# -- options ----------------------------------------------------------------------------------------------------------


def test_a_short_dropdown_offers_every_value_in_an_order_that_no_filter_changes() -> None:
    values = ["square", "", "portrait", "landscape"]
    some = short_options("orientation", values, {"square": 3}, ())
    others = short_options("orientation", reversed(values), {"portrait": 9, "": 1}, ())
    assert [item["value"] for item in some] == [item["value"] for item in others]
    assert [item["title"] for item in some] == ["Portrait", "Landscape", "Square", "None"]
    assert [item["count"] for item in some] == [0, 0, 3, 0]


def test_a_short_dropdown_offers_nothing_where_no_look_has_a_value() -> None:
    assert short_options("status", [""], {"": 12}, ()) == []
    assert short_options("status", [], {}, ()) == []


def test_a_short_dropdown_offers_what_is_chosen_also_where_no_look_has_it() -> None:
    (chosen,) = short_options("engine", [], {}, ["avatar_ix"])
    assert (chosen["value"], chosen["title"], chosen["count"]) == ("avatar_ix", "avatar_ix", 0)
    assert {"value": "", "title": "None", "count": 4} in short_options("engine", ["avatar_v", ""], {"": 4}, [""])


def test_a_chosen_value_is_offered_however_many_others_there_are() -> None:
    many = [f"engine_{n:03}" for n in range(200)]
    offered = short_options("engine", many, dict.fromkeys(many, 1), ["engine_199"])
    assert len(offered) <= 51
    assert "engine_199" in [item["value"] for item in offered]


def test_options_that_match_looks_come_first_and_all_of_them_by_title() -> None:
    titles = {"1": "Zoë", "2": "anna", "3": "Björn", "4": "Åsa"}
    found = found_options(titles, {"1": 2, "4": 7}, "")
    assert [item["title"] for item in found["items"]] == ["Åsa", "Zoë", "anna", "Björn"]
    assert [item["count"] for item in found["items"]] == [7, 2, 0, 0]
    assert found["more"] == 0


def test_options_are_found_by_all_words_in_any_order_ignoring_case_and_accents() -> None:
    titles = {"1": "Zoë Lindqvist", "2": "Zoe Park", "3": "Lind Qvist"}
    assert [item["value"] for item in found_options(titles, {}, "LIND zoe")["items"]] == ["1"]
    assert [item["value"] for item in found_options(titles, {}, "  ")["items"]] == ["3", "1", "2"]
    assert found_options(titles, {}, "nobody") == {"items": [], "more": 0}


def test_a_long_list_is_cut_and_says_how_many_more_there_are() -> None:
    titles = {str(n): f"Name {n:04}" for n in range(1_400)}
    found = found_options(titles, {"1399": 1}, "name")
    assert (len(found["items"]), found["more"]) == (50, 1_350)
    assert found["items"][0]["value"] == "1399"


anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()), st.binary())


@given(anything, st.integers(-5, 5), st.integers(6, 200))
def test_a_number_from_the_front_end_stays_within_its_bounds(value: object, low: int, high: int) -> None:
    assert low <= bounded(value, low, high) <= high


@given(anything)
def test_whatever_is_typed_finds_options_and_raises_nothing(query: object) -> None:
    found = found_options({"1": "Anna"}, {"1": 1}, query)
    assert len(found["items"]) + found["more"] <= 1


@given(st.one_of(anything, st.just("x" * 100_000)))
def test_a_text_is_never_longer_than_200_characters(value: object) -> None:
    assert len(clip(value)) <= LONGEST_TEXT == 200


@given(st.sampled_from(SHORT_FIELDS), st.one_of(st.text(), st.just("x" * 100_000)))
def test_a_value_of_an_open_field_has_a_title_that_is_no_longer_than_a_name(field: str, value: str) -> None:
    assert 0 < len(title(field, value)) <= LONGEST_TEXT
