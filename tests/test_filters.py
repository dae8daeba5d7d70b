"""LookFilter as a value, and the columns it is matched against, held against a plain loop over records."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygen_widgets.filters import FACETS, LookColumns, LookFilter, fold
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
        image_height=st.sampled_from([720, 700, 1280]),
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
)


def columns_of(pages: list[list[Look]]) -> LookColumns:
    columns = LookColumns()
    for number, page in enumerate(pages):
        columns.extend(page)
        if number == 0:
            columns.name_characters(CHARACTERS)
    if not pages:
        columns.name_characters(CHARACTERS)
    return columns


def pages_of(all_looks: list[Look]) -> Iterator[list[Look]]:
    for start in range(0, len(all_looks), 7):
        yield all_looks[start : start + 7]


@given(looks, filters)
def test_columns_select_what_a_plain_loop_selects_private_looks_first(
    all_looks: list[Look], wanted: LookFilter
) -> None:
    found = [all_looks[row] for row in columns_of(list(pages_of(all_looks))).match(wanted).tolist()]
    expected = [look for look in all_looks if naively_matches(look, wanted)]
    assert [look.id for look in found] == [
        look.id for look in sorted(expected, key=lambda look: look.ownership != "private")
    ]


@given(looks, filters)
def test_facets_count_each_field_under_the_other_fields(all_looks: list[Look], wanted: LookFilter) -> None:
    counted = columns_of(list(pages_of(all_looks))).facets(wanted)
    assert list(counted) == list(FACETS)
    for field in FACETS:
        expected: Counter[str] = Counter()
        for look in all_looks:
            if naively_matches(look, wanted, but=field):
                expected.update(set(values_of(look, field)))
        assert counted[field] == dict(expected)
        assert list(counted[field].values()) == sorted(counted[field].values(), reverse=True)


def test_names_of_characters_that_come_late_are_searched_too() -> None:
    columns = LookColumns()
    columns.extend([Look("1", "Office 8", "photo_avatar", group_id="g1"), Look("2", "Office 9", "photo_avatar")])
    assert columns.match(LookFilter("elin")).tolist() == []
    columns.name_characters({"g1": "Elin"})
    assert columns.match(LookFilter("elin office")).tolist() == [0]


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
    assert LookFilter(ready=False)
    assert LookFilter(status="")


def test_replace_changes_some_fields_and_none_lifts_a_restriction() -> None:
    wanted = LookFilter("office", gender="male")
    assert wanted.replace(gender=None, search="") == LookFilter()
    assert wanted.replace(gender="female") == LookFilter("office", gender="female")


@pytest.mark.parametrize(
    ("field", "value"), [("ownership", "mine"), ("gender", "Woman"), ("orientation", ["portrait", "16:9"])]
)
def test_an_unknown_value_of_a_closed_field_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"mine|Woman|16:9"):
        LookFilter(**{field: value})


@pytest.mark.parametrize("wrong", [{"search": 3}, {"ready": "yes"}, {"gender": 5}, {"tag": [1]}, {"colour": "red"}])
def test_a_value_of_the_wrong_type_or_an_unknown_field_is_a_type_error(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        LookFilter(**wrong)


def test_folding_drops_case_and_accents_also_of_letters_that_unicode_does_not_take_apart() -> None:
    assert fold("Zoë ŁUKASZ Søren Straße Œuvre ÆON Đorđe") == "zoe lukasz soren strasse oeuvre aeon dorde"
    assert fold("İstanbul ıI") == fold("istanbul iI")
