"""LookFilter as a value, and what a catalogue selects with it, compared with a plain loop over records."""

import json
import pickle
import re
from collections import Counter
from enum import Enum, StrEnum
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from avatar_service import ids
from hypothesis import given, strategies as st

from heygen_widgets import AvatarGroup, LookCatalogue
from heygen_widgets.filters import FACETS, SORTS, LookFilter, as_filter, fold
from heygen_widgets.models import Look


class Choice(str, Enum):  # noqa: UP042 - its `str()` is the name
    IV = "Avatar IV"


NAMES = ["Elin Office 8", "  Zoë Garden", "SØREN studio", "Łukasz", "Ünal 😀 Beach", "王芳 Office", "office"]
# What people call the fields.
MEANT = """
TAGS=tag label=tag type=avatar_type query=search engines=engine character=group_id is_ready=ready usable=ready
gendr=gender sex=gender order_by=sort public=ownership aspect=orientation
"""
PRIVATE_PORTRAIT = {"ownership": "private", "orientation": "portrait"}
CHARACTERS = {"g1": "Elin", "g2": "Zoë Straße", "g3": "Office Max"}


def values_of(look: Look, field: str) -> tuple[str, ...]:
    if field in ("engine", "tag"):
        return (look.supported_api_engines if field == "engine" else look.tags) or ("",)
    return (getattr(look, field) or "",)


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
    """Sort looks; those without a value come last in both directions, and without a sort those that are not ready."""
    if not sort:
        return sorted(found, key=lambda look: not look.is_ready)

    def key(look: Look) -> tuple[object, ...]:
        character = CHARACTERS.get(look.group_id or "", "")
        text = {"name": look.name, "group_name": character, "avatar_type": look.avatar_type}
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
    return st.one_of(st.none(), st.sampled_from(values), st.lists(st.sampled_from(values), min_size=1, max_size=3))


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


def catalogue_of(all_looks: list[Look]) -> LookCatalogue:
    return LookCatalogue.of(all_looks, [AvatarGroup(group_id, name) for group_id, name in CHARACTERS.items()])


@given(looks, st.lists(filters, min_size=1, max_size=4))
def test_catalogues_select_and_sort_like_a_plain_loop(all_looks: list[Look], several_wanted: list[LookFilter]) -> None:
    catalogue = catalogue_of(all_looks)
    for wanted in several_wanted:
        matching = [look for look in all_looks if naively_matches(look, wanted)]
        assert ids(catalogue.matching(wanted).looks()) == ids(naive_order(matching, wanted.sort))


@given(looks, filters)
def test_facets_count_each_field_under_the_other_fields(all_looks: list[Look], wanted: LookFilter) -> None:
    counted = catalogue_of(all_looks).facets(wanted)
    assert list(counted) == list(FACETS)
    for field in FACETS:
        expected: Counter[str] = Counter()
        for look in all_looks:
            if naively_matches(look, wanted, but=field):
                expected.update(set(values_of(look, field)))
        assert counted[field] == dict(expected)
        assert list(counted[field].values()) == sorted(counted[field].values(), reverse=True)
    found = [look for look in all_looks if naively_matches(look, wanted.replace(ready=None))]
    ready = Counter("yes" if look.is_ready else "no" for look in found)
    assert catalogue_of(all_looks).facets(wanted, ["ready"]) == {"ready": dict(ready)}


@pytest.mark.parametrize("names", [["Office 2", "Office 9", "Office 10"], ["A 007", "A 20000000", "A 123456789"]])
def test_numbers_in_names_sort_as_numbers_and_equal_names_keep_their_order(names: list[str]) -> None:
    looks = [Look(name, name, "t") for name in sorted(names)] + [Look("b", "same", "t"), Look("a", "Same", "t")]
    catalogue = LookCatalogue.of(looks)
    assert ids(catalogue.select(LookFilter(sort="name"))) == [*names, "b", "a"]
    assert ids(catalogue.select(LookFilter(sort="-name"))) == ["b", "a", *names[::-1]]


def test_a_filter_stores_its_values_as_a_sorted_tuple() -> None:
    wanted = LookFilter(gender="male", avatar_type=["photo_avatar", "digital_twin", "photo_avatar"], tag=())
    assert (wanted.gender, wanted.avatar_type, wanted.tag) == (("male",), ("digital_twin", "photo_avatar"), ())
    assert len({wanted, LookFilter(gender=["male"], avatar_type={"digital_twin", "photo_avatar"})}) == 1
    # It is true if it restricts something.
    assert not LookFilter("a", gender="male", sort="name").replace(search="", gender=None)
    assert not LookFilter(sort="").sort
    assert LookFilter(ready=False)
    assert LookFilter(status="")


@given(filters)
def test_a_filter_survives_json_and_pickle(wanted: LookFilter) -> None:
    assert LookFilter(**wanted.to_json()) == wanted
    assert pickle.loads(pickle.dumps(wanted)) == wanted
    assert eval(repr(wanted)) == wanted  # code that makes the same filter
    assert repr(LookFilter("it's", gender="male")) == """LookFilter(search="it's", gender='male')"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"engine": "Avatar IV", "gender": "Female"}, {"engine": "avatar_iv", "gender": "female"}),
        ({"avatar_type": ["Photo avatar", "PHOTO_AVATAR", "photo-avatar"]}, {"avatar_type": "photo_avatar"}),
        ({"avatar_type": ["video_avatar", "hologram X"]}, {"avatar_type": ["digital_twin", "hologram X"]}),
        ({"orientation": " Portrait", "ownership": "PUBLIC"}, {"orientation": "portrait", "ownership": "public"}),
        ({"status": "Waiting for consent", "gender": "Woman"}, {"status": "pending_consent", "gender": "female"}),
        ({"gender": ["None", "Not specified", "m"], "tag": "None"}, {"gender": ["", "male"], "tag": "None"}),
        ({"engine": ["avatar_3", "Avatar 4", "avatar-5"]}, {"engine": ["avatar_iii", "avatar_iv", "avatar_v"]}),
        *(({"ownership": mine, "orientation": "9:16"}, PRIVATE_PORTRAIT) for mine in ("Mine", "my")),
        ({"orientation": ["16:9", "1:1"]}, {"orientation": ["landscape", "square"]}),
        ({"sort": "Name"}, {"sort": "name"}),
        ({"sort": "Character, Z to A"}, {"sort": "-group_name"}),
        ({"sort": "Largest first"}, {"sort": "-size"}),
        ({"sort": " -Size ", "tag": StrEnum("Tag", ["UGC"]).UGC}, {"sort": "-size", "tag": "ugc"}),
        ({"sort": "Smallest first", "orientation": "Horizontal"}, {"sort": "size", "orientation": "landscape"}),
        ({"search": None, "tag": None, "ready": " READY to use"}, {"ready": True}),
        ({"orientation": "Vertical", "ready": "Not ready"}, {"orientation": "portrait", "ready": False}),
        ({"ready": np.bool_(False), "tag": np.array("UGC")}, {"ready": False, "tag": "UGC"}),
        ({"search": pd.NA, "ready": pd.NA, "sort": float("nan"), "gender": pd.NaT}, {}),
        ({"tag": pd.Series(["UGC", None, pd.NA, "New"])}, {"tag": ["New", "UGC"]}),
        ({"search": np.str_("a")}, {"search": "a"}),
        ({"group_id": AvatarGroup("g1", "Ada"), "gender": ("female", np.nan)}, {"group_id": "g1", "gender": "female"}),
        ({"search": Choice.IV, "tag": [Choice.IV]}, dict.fromkeys(("search", "tag"), "Avatar IV")),
        ({"engine": Choice.IV}, {"engine": "avatar_iv"}),
        ({"group_id": [AvatarGroup("g1", "Ada"), "g2"], "tag": ()}, {"group_id": ["g1", "g2"]}),
    ],
)
def test_labels_scalars_and_records_mean_the_services_values(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert LookFilter(**given) == LookFilter(**expected) == as_filter(given) == as_filter(pd.NA, **given)
    json.dumps(LookFilter(**given).to_json())
    assert {type(value) for value in LookFilter(**given).tag} <= {str}


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"ownership": "yours"}, ValueError, "unknown ownership 'yours'"),
        ({"orientation": ["portrait", "4:3"]}, ValueError, "unknown orientation '4:3': choose from 'portrait'"),
        *(({"sort": value}, ValueError, f"unknown sort {value!r}:") for value in ("--name", 1, 0)),
        ({"sort": np.array(["name", "size"])}, ValueError, "unknown sort array"),
        *(
            ({"gender": value}, ValueError, "would match nothing: leave gender out, or give None")
            for value in ([], set(), np.array([]), [None])
        ),
        ({"search": 3}, TypeError, "search must be a string, not 3"),
        ({"search": ["a"]}, TypeError, "search must be a string"),
        *(({"ready": value}, TypeError, "True, False or None") for value in ("often", 0)),
        *(({"gender": value}, TypeError, "a string or several, not 5") for value in (5, ["male", 5])),
        ({"tag": [["UGC"]]}, TypeError, r"not \['UGC'\]"),
        ({"group_id": Look("a", "b", "c", group_id="g")}, TypeError, "not Look.*: use look.group_id"),
        *(
            ({name: "x"}, TypeError, rf"no parameter '{name}': did you mean {field}=…\?")
            for name, field in (pair.split("=") for pair in MEANT.split())
        ),
        *(({field: "\ud800"}, ValueError, rf"{field} .*'\\ud800'") for field in ("search", *FACETS)),
        ({"colour": "red"}, TypeError, "no parameter 'colour': its parameters are search, avatar_type, "),
    ],
    ids=ascii,
)
def test_a_wrong_value_or_field_is_an_error_that_names_the_way_out(
    given: dict[str, Any], error: type[Exception], words: str
) -> None:
    for make in (LookFilter, as_filter, partial(as_filter, given), LookFilter().replace):
        with pytest.raises(error, match=words):
            make(**(given if not isinstance(make, partial) else {}))


@given(st.text())
def test_folding_removes_case_and_accents_and_changes_nothing_again(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold("Zoë ŁUKASZ Søren Straße Œuvre ÆON Đorđe") == "zoe lukasz soren strasse oeuvre aeon dorde"
    assert fold("İstanbul ıI") == fold("istanbul iI")
    assert fold("𝐀𝐧𝐧𝐚 № 5 Acme™ ᴬ") == "anna no 5 acmetm a"
