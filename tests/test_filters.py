"""LookFilter as a value, and the columns it is matched against, held against a plain loop over records."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygen_widgets.catalogue.index import LookColumns
from heygen_widgets.filters import FACETS, SORTS, LookFilter, fold
from heygen_widgets.models import Look

NAMES = ["Elin Office 8", "  Zoë Garden", "SØREN studio", "Łukasz", "Ünal 😀 Beach", "王芳 Office", "office"]
CHARACTERS = {"g1": "Elin", "g2": "Zoë Straße", "g3": "Office Max"}


def values_of(look: Look, field: str) -> tuple[str, ...]:
    one = {
        "avatar_type": look.avatar_type,
        "ownership": look.ownership,
        "group_id": look.group_id,
        "gender": look.gender,
        "orientation": look.orientation,
        "status": look.status,
    }
    if field in one:
        value = one[field]
        return (value,) if value else ("",)
    return (look.supported_api_engines if field == "engine" else look.tags) or ("",)


def naively_matches(look: Look, wanted: LookFilter, but: str | None = None) -> bool:
    text = " ".join([look.name, look.id, *look.tags])
    character = CHARACTERS.get(look.group_id or "", "")
    words = fold(wanted.search).split()
    return (
        all(word in fold(text) or word in fold(character) for word in words)
        and (wanted.ready is None or wanted.ready == look.is_ready)
        and all(
            not getattr(wanted, field) or set(getattr(wanted, field)) & set(values_of(look, field))
            for field in FACETS
            if field != but
        )
    )


def naive_order(found: list[Look], sort: str | None) -> list[Look]:
    """Order looks that stand in their places already; those without the value come last, whatever the direction."""
    if not sort:
        return found

    def key(look: Look) -> tuple[object, ...]:
        text = {
            "name": look.name,
            "group_name": CHARACTERS.get(look.group_id or "", ""),
            "avatar_type": look.avatar_type,
        }
        if sort.endswith("size"):
            return ((look.image_width or 0) * (look.image_height or 0),)
        folded = text[sort.removeprefix("-")]
        parts = re.split(r"(\d+)", folded if sort.endswith("type") else fold(folded).strip())
        # Numbers before letters, as digits come before letters.
        return tuple((1, part, 0) if n % 2 == 0 else (0, "", int(part)) for n, part in enumerate(parts) if part)

    known = [look for look in found if key(look) not in ((), (0,))]
    rest = [look for look in found if key(look) in ((), (0,))]
    return sorted(known, key=key, reverse=sort.startswith("-")) + rest


def several(values: list[str]) -> st.SearchStrategy[list[str] | str | None]:
    return st.one_of(st.none(), st.sampled_from(values), st.lists(st.sampled_from(values), max_size=3))


looks = st.lists(
    st.builds(
        Look,
        id=st.uuids().map(lambda uuid: uuid.hex),
        name=st.sampled_from(NAMES),
        avatar_type=st.sampled_from(["photo_avatar", "digital_twin", "brand_new"]),
        group_id=st.sampled_from([None, "g1", "g2", "g3", "unknown"]),
        gender=st.sampled_from([None, "female", "male"]),
        tags=st.lists(st.sampled_from(["Café", "UGC", "New"]), max_size=3).map(tuple),
        supported_api_engines=st.lists(st.sampled_from(["avatar_v", "avatar_iv"]), max_size=2).map(tuple),
        status=st.sampled_from([None, "completed", "failed", "processing", "odd"]),
        image_width=st.sampled_from([None, 720, 1280]),
        image_height=st.sampled_from([None, 720, 700, 1280]),
        preferred_orientation=st.sampled_from([None, "portrait"]),
        ownership=st.sampled_from([None, "public", "private"]),
    ),
    max_size=40,
)
filters = st.builds(
    LookFilter,
    st.sampled_from(["", "office", "ZOE", "strasse", "cafe office", "soren", "max 8", "nothing at all", "  "]),
    avatar_type=several(["photo_avatar", "brand_new", "absent"]),
    ownership=several(["public", "private", ""]),
    group_id=several(["g1", "g3", ""]),
    gender=several(["female", "male", ""]),
    orientation=several(["portrait", "square", ""]),
    engine=several(["avatar_v", "avatar_iii", ""]),
    status=several(["completed", "odd", ""]),
    tag=several(["Café", "New", ""]),
    ready=st.sampled_from([None, True, False]),
    sort=st.sampled_from([None, *SORTS, *[f"-{name}" for name in SORTS]]),
)


def columns_of(all_looks: list[Look], places: list[int]) -> LookColumns:
    """Fill columns page by page; the names of characters come after the first page."""
    columns = LookColumns()
    for start in range(0, max(len(all_looks), 1), 7):
        columns.extend(all_looks[start : start + 7], places[start : start + 7])
        if start == 0:
            columns.name_characters(CHARACTERS)
    return columns


def selected(columns: LookColumns, wanted: LookFilter) -> list[str]:
    return [columns.looks[row].id for row in columns.match(wanted).tolist()]


@given(looks, st.randoms(), st.lists(filters, min_size=1, max_size=4))
def test_columns_select_and_order_what_a_plain_loop_does(
    all_looks: list[Look], random: Random, several_wanted: list[LookFilter]
) -> None:
    places = random.sample(range(100), len(all_looks))
    columns = columns_of(all_looks, places)
    in_place = [look for _, look in sorted(zip(places, all_looks, strict=True), key=lambda pair: pair[0])]
    for wanted in several_wanted:
        expected = naive_order([look for look in in_place if naively_matches(look, wanted)], wanted.sort)
        assert selected(columns, wanted) == [look.id for look in expected]


@given(looks, looks, filters)
def test_what_an_earlier_filter_found_never_hides_what_came_since(
    first: list[Look], later: list[Look], wanted: LookFilter
) -> None:
    together = [*first, *later]
    columns = columns_of(first, list(range(len(first))))
    columns.match(wanted.replace(search=wanted.search[:2]))
    columns.match(wanted)
    columns.extend(later, list(range(len(first), len(together))))
    columns.move(0, len(together)) if together else None
    moved = [*together[1:], *together[:1]]
    assert selected(columns, wanted) == [
        look.id for look in naive_order([look for look in moved if naively_matches(look, wanted)], wanted.sort)
    ]


@given(looks, filters)
def test_facets_count_each_field_under_the_other_fields(all_looks: list[Look], wanted: LookFilter) -> None:
    counted = columns_of(all_looks, list(range(len(all_looks)))).facets(wanted)
    assert list(counted) == list(FACETS)
    for field in FACETS:
        expected: Counter[str] = Counter()
        for look in all_looks:
            if naively_matches(look, wanted, but=field):
                expected.update(set(values_of(look, field)))
        assert counted[field] == dict(expected)
        assert list(counted[field].values()) == sorted(counted[field].values(), reverse=True)


@given(looks, filters)
def test_ready_is_counted_under_the_other_fields_when_it_is_asked_for(
    all_looks: list[Look], wanted: LookFilter
) -> None:
    counted = columns_of(all_looks, list(range(len(all_looks)))).facets(wanted, ["ready"])
    found = [look for look in all_looks if naively_matches(look, wanted.replace(ready=None))]
    expected = Counter("yes" if look.is_ready else "no" for look in found)
    assert counted == {"ready": dict(expected)}


@given(looks, filters)
def test_characters_are_counted_in_the_order_of_their_first_look(all_looks: list[Look], wanted: LookFilter) -> None:
    columns = columns_of(all_looks, list(range(len(all_looks))))
    rows = columns.match(wanted)
    expected: dict[str, list[int]] = {}
    for row in rows.tolist():
        expected.setdefault(all_looks[row].group_id or "", []).append(row)
    counted = columns.characters(rows)
    assert list(counted.items()) == [(group_id, (len(mine), mine[0])) for group_id, mine in expected.items()]


def test_names_of_characters_that_come_late_are_searched_and_sorted_by_too() -> None:
    columns = LookColumns()
    columns.extend([Look("1", "Office 8", "t", group_id="g1"), Look("2", "Office 9", "t", group_id="g2")], [0, 1])
    assert selected(columns, LookFilter("elin")) == []
    assert selected(columns, LookFilter(sort="group_name")) == ["1", "2"]
    columns.name_characters({"g1": "Elin", "g2": "Ada"})
    assert selected(columns, LookFilter("elin office")) == ["1"]
    assert selected(columns, LookFilter(sort="group_name")) == ["2", "1"]


def test_numbers_within_names_sort_as_numbers() -> None:
    columns = LookColumns()
    columns.extend([Look(n, f"Office {n}", "t") for n in ("10", "9", "2")], [0, 1, 2])
    assert selected(columns, LookFilter(sort="name")) == ["2", "9", "10"]
    assert selected(columns, LookFilter(sort="-name")) == ["10", "9", "2"]
    columns.extend([Look(n, f"Office {n}", "t") for n in ("20000000", "123456789", "007")], [3, 4, 5])
    assert selected(columns, LookFilter(sort="name")) == ["2", "007", "9", "10", "20000000", "123456789"]


def test_every_value_of_a_field_is_known_whatever_the_filter() -> None:
    columns = LookColumns()
    columns.extend(
        [Look("1", "a", "t", tags=("UGC", "New")), Look("2", "b", "t", tags=("New",)), Look("3", "c", "t")], [0, 1, 2]
    )
    assert columns.values("tag") == ["UGC", "New", ""]


def test_a_filter_keeps_several_values_as_a_sorted_tuple_and_none_as_the_empty_one() -> None:
    wanted = LookFilter(gender="male", avatar_type=["photo_avatar", "digital_twin", "photo_avatar"], tag=[])
    assert wanted.gender == ("male",)
    assert wanted.avatar_type == ("digital_twin", "photo_avatar")
    assert wanted.tag == ()
    assert wanted == LookFilter(avatar_type=("digital_twin", "photo_avatar"), gender=["male"])
    assert len({wanted, LookFilter(gender="male", avatar_type={"digital_twin", "photo_avatar"})}) == 1


def test_a_filter_shows_itself_as_code_that_makes_it() -> None:
    wanted = LookFilter("it's", gender="female", engine=["avatar_v", "avatar_iv"], status="", ready=True)
    assert eval(repr(wanted)) == wanted
    assert repr(LookFilter()) == "LookFilter()"


@given(filters)
def test_a_filter_survives_json_and_pickle(wanted: LookFilter) -> None:
    assert LookFilter(**wanted.to_json()) == wanted
    assert pickle.loads(pickle.dumps(wanted)) == wanted
    assert eval(repr(wanted)) == wanted


def test_an_empty_filter_is_false_and_one_that_restricts_is_true() -> None:
    assert not LookFilter()
    assert not LookFilter(sort="name")
    assert LookFilter(ready=False)
    assert LookFilter(status="")


def test_replace_changes_some_fields_and_none_lifts_a_restriction() -> None:
    wanted = LookFilter("office", gender="male")
    assert wanted.replace(gender=None, search="") == LookFilter()
    assert wanted.replace(gender="female") == LookFilter("office", gender="female")


@pytest.mark.parametrize(
    ("field", "value"),
    [("ownership", "mine"), ("gender", "Woman"), ("orientation", ["portrait", "16:9"]), ("sort", "--name")],
)
def test_an_unknown_value_of_a_closed_field_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"mine|Woman|16:9|--name"):
        LookFilter(**{field: value})


@pytest.mark.parametrize(
    "wrong", [{"search": 3}, {"ready": "yes"}, {"gender": 5}, {"tag": [1]}, {"sort": 1}, {"colour": "red"}]
)
def test_a_value_of_the_wrong_type_or_an_unknown_field_is_a_type_error(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        LookFilter(**wrong)


def test_folding_drops_case_and_accents_also_of_letters_that_unicode_does_not_take_apart() -> None:
    assert fold("Zoë ŁUKASZ Søren Straße Œuvre ÆON Đorđe") == "zoe lukasz soren strasse oeuvre aeon dorde"
    assert fold("İstanbul ıI") == fold("istanbul iI")
    assert fold("𝐀𝐧𝐧𝐚 № 5 Acme™ ᴬ") == "anna no 5 acmetm a"


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_what_stands_for_no_order_is_none_and_only_a_bool_tells_of_readiness() -> None:
    assert LookFilter(sort="").sort is None
    for wrong in (0, ""):
        with pytest.raises(TypeError, match="ready"):
            LookFilter(ready=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("sort", ["name", "-name"])
def test_looks_that_sort_alike_keep_their_order_both_ways(sort: str) -> None:
    columns = LookColumns()
    columns.extend([Look("b", "same", "t"), Look("a", "Same", "t"), Look("c", "same", "t")], [0, 1, 2])
    assert columns.match(LookFilter(sort=sort)).tolist() == [0, 1, 2]
