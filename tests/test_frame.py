"""Looks as a DataFrame."""

from __future__ import annotations

import io
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygen_widgets.frame import diff_frame, frame_to_looks, looks_to_frame, summary_frame
from heygen_widgets.models import Failure, Look

LOOKS = [
    Look(
        "look_1",
        "Elin Office 8",
        "photo_avatar",
        group_id="g1",
        gender="female",
        tags=("UGC", "New"),
        supported_api_engines=("avatar_v",),
        image_width=720,
        image_height=1280,
        ownership="public",
    ),
    Look("look_2", "=HYPERLINK(1)", "digital_twin", status="failed", error=Failure("bad_photo", "No face")),
]


def test_a_frame_has_one_row_a_look_with_the_id_first_and_a_range_index() -> None:
    frame = looks_to_frame(LOOKS)
    assert frame.columns[0] == "id"
    assert frame["id"].tolist() == ["look_1", "look_2"]
    assert isinstance(frame.index, pd.RangeIndex)
    assert frame["orientation"].tolist()[0] == "portrait"
    assert frame["tags"].tolist() == [["UGC", "New"], []]
    assert frame["is_ready"].tolist() == [True, False]
    assert frame["error_code"].tolist()[1] == "bad_photo"
    assert frame.isna()["image_width"].tolist() == [False, True]


def test_the_columns_and_their_types_are_the_same_for_no_looks_at_all() -> None:
    empty, full = looks_to_frame([]), looks_to_frame(LOOKS)
    assert len(empty) == 0
    assert isinstance(empty.index, pd.RangeIndex)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_frames_of_different_looks_concatenate_without_losing_a_type() -> None:
    parts = [looks_to_frame(LOOKS[:1]), looks_to_frame(LOOKS[1:])]
    whole = pd.concat(parts, ignore_index=True)
    assert whole.dtypes.to_dict() == parts[0].dtypes.to_dict()


def test_group_names_are_filled_in_where_they_are_known() -> None:
    frame = looks_to_frame(LOOKS, group_names={"g1": "Elin"})
    assert frame["group_name"].tolist()[0] == "Elin"
    assert frame.isna()["group_name"].tolist() == [False, True]


def test_a_flat_frame_joins_lists_and_holds_no_formula() -> None:
    frame = looks_to_frame(LOOKS, flat=True)
    assert frame["tags"].tolist() == ["UGC; New", ""]
    assert frame["name"].tolist() == ["Elin Office 8", "'=HYPERLINK(1)"]
    assert "=HYPERLINK" in frame.to_csv()


@pytest.mark.parametrize("start", [*"=+-@\t\r\n＝＋－＠"])
def test_every_start_of_a_formula_is_made_harmless_in_a_flat_frame_alone(start: str) -> None:
    look = Look("look_3", f"{start}1+1", "photo_avatar")
    assert looks_to_frame([look], flat=True)["name"].tolist() == [f"'{start}1+1"]
    assert looks_to_frame([look])["name"].tolist() == [f"{start}1+1"]


def test_no_text_column_of_a_flat_frame_can_hold_a_formula() -> None:
    bad = "=1+1"
    look = Look(
        bad,
        bad,
        bad,
        group_id=bad,
        tags=(bad, bad),
        supported_api_engines=(bad,),
        status=bad,
        error=Failure(bad, bad),
        default_voice_id=bad,
        preview_image_url=bad,
        preview_video_url=bad,
    )
    row = looks_to_frame([look], flat=True, group_names={bad: bad}).iloc[0]
    texts = [value for value in row if isinstance(value, str)]
    assert len(texts) == 13
    assert all(text.startswith("'=1+1") for text in texts)


def test_something_that_is_no_look_is_named() -> None:
    with pytest.raises(TypeError, match="str"):
        looks_to_frame(["look_1"])  # type: ignore[list-item]


def test_cells_of_list_columns_are_lists_and_changing_one_changes_no_other_row() -> None:
    frame = looks_to_frame([replace(LOOKS[0], id=name) for name in ("a", "b")])
    frame["tags"].iloc[0].append("Mine")
    assert frame["tags"].iloc[1] == ["UGC", "New"]
    assert frame["tags"].map(lambda tags: "UGC" in tags).tolist() == [True, True]
    assert frame.explode("tags")["tags"].tolist()[-2:] == ["UGC", "New"]
    assert LOOKS[0].tags == ("UGC", "New")


def test_a_value_that_is_none_of_the_closed_ones_is_missing() -> None:
    frame = looks_to_frame([Look("a", "A", "photo_avatar", gender="robot", ownership="shared")])
    assert frame[["gender", "ownership"]].isna().all(axis=None)


def test_a_frame_without_pyarrow_has_the_same_columns_values_and_types_but_for_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_it = looks_to_frame(LOOKS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    without = looks_to_frame(LOOKS)
    lists = ["supported_api_engines", "tags"]
    others = [name for name in with_it if name not in lists]
    assert [str(dtype) for dtype in without[others].dtypes] == [str(dtype) for dtype in with_it[others].dtypes]
    assert [without[name].tolist() for name in lists] == [with_it[name].tolist() for name in lists]
    assert frame_to_looks(without) == frame_to_looks(with_it)


# Frames to looks.

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.sampled_from(
    ["=1", "'=1", "''＝1", "'", "-", "'a", "\n", "[]", "; ", "NA", "1", "1.0"]
)
FAILURES = st.builds(Failure, st.none() | TEXTS, st.none() | TEXTS).filter(lambda failure: failure != Failure())


def make_looks(texts: st.SearchStrategy[str], lists: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[Look]:
    """Make any looks whose preferred orientation is their orientation: the frame has one column for both."""
    sizes = st.none() | st.integers(1, 2**53)
    return st.builds(
        Look,
        texts.filter(bool),
        texts,
        texts,
        group_id=st.none() | texts,
        gender=st.sampled_from([None, "female", "male"]),
        preview_image_url=st.none() | texts,
        preview_video_url=st.none() | texts,
        default_voice_id=st.none() | texts,
        tags=lists,
        supported_api_engines=lists,
        status=st.none() | texts,
        image_width=sizes,
        image_height=sizes,
        preferred_orientation=st.sampled_from([None, "portrait", "landscape", "square"]),
        error=st.none() | FAILURES,
        ownership=st.sampled_from([None, "public", "private"]),
    ).map(lambda look: replace(look, preferred_orientation=look.orientation))


ANY_LOOKS = st.lists(make_looks(TEXTS, st.lists(TEXTS, max_size=3).map(tuple)), max_size=5)
FLAT_LISTS = st.lists(TEXTS.filter(lambda text: "; " not in text and text != "[]"), max_size=3).map(tuple)
# An empty list and one empty text are the same cell.
FLAT_LOOKS = st.lists(make_looks(TEXTS, FLAT_LISTS.filter(lambda texts: texts != ("",))), max_size=5)


def everything_of(looks: list[Look]) -> list[tuple[object, ...]]:
    """Give what equality of looks leaves out beside what it compares."""
    return [(look, look.ownership, look.preview_image_url, look.preview_video_url, look.extra) for look in looks]


@given(ANY_LOOKS)
def test_looks_come_back_from_a_frame_as_they_were(looks: list[Look]) -> None:
    assert everything_of(frame_to_looks(looks_to_frame(looks))[0]) == everything_of(looks)


@given(FLAT_LOOKS)
def test_looks_come_back_from_a_flat_frame_as_they_were(looks: list[Look]) -> None:
    assert everything_of(frame_to_looks(looks_to_frame(looks, flat=True))[0]) == everything_of(looks)


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("dtype", [None, str])
def test_looks_come_back_from_csv(flat: bool, dtype: type | None) -> None:
    looks = [replace(look, preferred_orientation=look.orientation) for look in LOOKS]
    looks.append(Look("look_3", 'O\'Neil, "Zoë"', "studio_avatar", tags=("it's", "new"), image_width=640))
    text = looks_to_frame(looks, flat=flat, group_names={"g1": "=Elin"}).to_csv(index=False)
    read = pd.read_csv(io.StringIO(text), dtype=dtype)  # type: ignore[call-overload]
    back, group_names = frame_to_looks(read)
    assert everything_of(back) == everything_of(looks)
    assert group_names == {"g1": "=Elin"}


def test_ids_of_digits_come_back_from_csv_as_texts() -> None:
    text = "id,name,avatar_type,group_id\n12,Ann,photo_avatar,7\n13,Bea,photo_avatar,\n"
    looks, _ = frame_to_looks(pd.read_csv(io.StringIO(text)))
    assert [(look.id, look.group_id) for look in looks] == [("12", "7"), ("13", None)]


def test_an_id_of_digits_is_taken_as_long_as_it_is_exact() -> None:
    frame = pd.DataFrame({"id": [12345678901234567], "name": ["A"], "avatar_type": ["photo_avatar"]})
    assert frame_to_looks(frame)[0][0].id == "12345678901234567"
    with pytest.raises(ValueError, match="row 0 "):
        frame_to_looks(frame.astype({"id": float}))


def test_lists_that_numpy_has_written_come_back_text_by_text() -> None:
    frame = looks_to_frame(LOOKS[:1])
    frame["tags"] = [str(np.array(["UGC", "it's new"], dtype=object))]
    assert frame_to_looks(frame)[0][0].tags == ("UGC", "it's new")


def test_a_text_that_only_begins_like_a_list_is_a_flat_one() -> None:
    frame = looks_to_frame([replace(LOOKS[0], tags=("[draft]", "['x", "['\\x']"))], flat=True)
    assert frame_to_looks(frame)[0][0].tags == ("[draft]", "['x", "['\\x']")
    alone = looks_to_frame([replace(LOOKS[0], tags=("['\\x']",))], flat=True)
    assert frame_to_looks(alone)[0][0].tags == ("['\\x']",)


def test_the_rows_and_columns_given_are_read_under_any_index_and_order() -> None:
    frame = looks_to_frame([*LOOKS, Look("look_3", "C", "photo_avatar")]).set_index(pd.Index(["x", "x", "y"]))
    part = frame.iloc[::-1][["avatar_type", "name", "id"]].assign(note="mine")
    looks, group_names = frame_to_looks(part)
    assert [look.id for look in looks] == ["look_3", "look_2", "look_1"]
    assert looks[2] == Look("look_1", "Elin Office 8", "photo_avatar")
    assert looks[2].extra == {}
    assert group_names == {}


def test_characters_come_back_by_their_group() -> None:
    looks = [LOOKS[0], replace(LOOKS[1], group_id="g2"), Look("look_3", "C", "photo_avatar")]
    assert frame_to_looks(looks_to_frame(looks, group_names={"g1": "Elin"}))[1] == {"g1": "Elin"}


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_every_kind_of_missing_value_is_none(missing: object) -> None:
    row = {"id": "a", "name": "A", "avatar_type": "photo_avatar"}
    row |= dict.fromkeys(["group_id", "gender", "tags", "image_width", "error_code", "ownership"], missing)  # type: ignore[arg-type]
    looks, _ = frame_to_looks(pd.DataFrame([row], dtype=object))
    assert everything_of(looks) == everything_of([Look("a", "A", "photo_avatar")])


@pytest.mark.parametrize(
    ("column", "odd"),
    [
        ("image_width", 0),
        ("image_width", 720.5),
        ("image_width", True),
        ("image_width", float("inf")),
        ("image_width", 10**400),
        ("image_width", "wide"),
        ("image_width", [720]),
        ("gender", 1.5),
        ("ownership", "shared"),
        ("ownership", ["public"]),
        ("orientation", "round"),
        ("tags", 5.5),
        ("tags", {"a": 1}),
        ("status", b"completed"),
    ],
)
def test_an_odd_value_counts_as_missing(column: str, odd: object) -> None:
    frame = pd.DataFrame({"id": ["a"], "name": ["A"], "avatar_type": ["photo_avatar"]})
    frame[column] = pd.Series([odd], dtype=object)
    looks, _ = frame_to_looks(frame)
    assert everything_of(looks) == everything_of([Look("a", "A", "photo_avatar")])


def test_texts_are_cleaned_as_those_of_the_service_are() -> None:
    frame = pd.DataFrame({"id": ["a"], "name": ["A\0"], "avatar_type": ["x"], "gender": [" Woman "]})
    look = frame_to_looks(frame)[0][0]
    assert (look.name, look.gender) == ("A\N{REPLACEMENT CHARACTER}", "female")
    assert frame_to_looks(frame.assign(gender="robot"))[0][0].gender is None


def test_the_columns_that_are_missing_and_those_required_are_named() -> None:
    with pytest.raises(ValueError, match="lacks name, avatar_type: the columns id, name, avatar_type are required"):
        frame_to_looks(pd.DataFrame({"id": ["a"]}))


def test_a_column_that_is_there_twice_is_named() -> None:
    frame = looks_to_frame(LOOKS)[["id", "name", "avatar_type", "name"]]
    with pytest.raises(ValueError, match="two columns 'name'"):
        frame_to_looks(frame)


@pytest.mark.parametrize("missing", [None, "", np.nan, 1.5])
def test_a_row_without_an_id_is_named_by_its_position(missing: object) -> None:
    frame = looks_to_frame(LOOKS).astype({"id": object}).set_index(pd.Index([10, 20]))
    frame.loc[20, "id"] = missing
    with pytest.raises(ValueError, match="row 1 "):
        frame_to_looks(frame)


def test_a_name_that_is_missing_is_an_empty_one_since_csv_knows_no_difference() -> None:
    looks = [Look("a", "", "photo_avatar"), LOOKS[0]]
    text = looks_to_frame(looks, flat=True).to_csv(index=False)
    assert frame_to_looks(pd.read_csv(io.StringIO(text)))[0][0] == looks[0]


def test_what_is_no_frame_is_named() -> None:
    with pytest.raises(TypeError, match="list"):
        frame_to_looks(LOOKS)  # type: ignore[arg-type]


# How many there are.

MANY = [
    *[Look(f"p{number}", "P", "photo_avatar", gender="male", ownership="public") for number in range(2)],
    *[Look(f"q{number}", "Q", "photo_avatar", ownership="public") for number in range(2)],
    *[Look(f"r{number}", "R", "digital_twin", gender="female", ownership="private") for number in range(3)],
    Look("s", "S", "photo_avatar", gender="female", ownership="public"),
    Look("t", "T", "digital_twin", image_width=720, image_height=1280),
]


def test_a_summary_counts_each_combination_the_largest_first() -> None:
    summary = summary_frame(MANY)
    assert summary.to_numpy().tolist() == [
        ["digital_twin", "private", "female", "unknown", 3],
        ["photo_avatar", "public", "male", "unknown", 2],
        ["photo_avatar", "public", "unknown", "unknown", 2],
        ["digital_twin", "unknown", "unknown", "portrait", 1],
        ["photo_avatar", "public", "female", "unknown", 1],
    ]
    assert summary.columns.tolist() == ["avatar_type", "ownership", "gender", "orientation", "looks"]
    assert isinstance(summary.index, pd.RangeIndex)


@given(ANY_LOOKS)
def test_no_look_is_lost_in_a_summary_whatever_it_is_grouped_by(looks: list[Look]) -> None:
    summary = summary_frame(looks)
    assert summary["looks"].sum() == len(looks)
    assert not summary.isna().any(axis=None)
    for column in ("avatar_type", "ownership", "gender", "orientation"):
        assert summary.groupby(column, observed=True)["looks"].sum().sum() == len(looks)


def test_a_summary_of_no_looks_has_the_same_types_and_fixed_categories() -> None:
    empty, full = summary_frame([]), summary_frame(MANY)
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert empty["gender"].cat.categories.tolist() == ["female", "male", "unknown"]
    assert empty["looks"].dtype == "int64"
    assert isinstance(empty.index, pd.RangeIndex)


@pytest.mark.skipif(pd.__version__ < "3", reason="pandas 2 warns of any grouping by a category without observed=")
def test_a_summary_is_grouped_for_a_chart_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        counts = summary_frame(MANY).groupby("gender")["looks"].sum()
    assert counts.to_dict() == {"female": 4, "male": 2, "unknown": 3}


# What changed.


def by_id(*looks: Look) -> dict[str, Look]:
    return {look.id: look for look in looks}


A, B, C = (Look(name.lower(), name, "photo_avatar", ownership="public") for name in "ABC")


def test_a_difference_tells_what_came_then_what_changed_then_what_went() -> None:
    newer = by_id(replace(C, name="C 2", tags=("New",)), Look("e", "E", "x"), replace(B, status="failed"), A)
    older = by_id(Look("z", "Z", "x"), A, B, C, Look("y", "Y", "x"))
    difference = diff_frame(newer, older)
    assert difference.to_numpy().tolist() == [
        ["e", "E", "came", []],
        ["c", "C 2", "changed", ["name", "tags"]],
        ["b", "B", "changed", ["status"]],
        ["z", "Z", "went", []],
        ["y", "Y", "went", []],
    ]
    assert difference.columns.tolist() == ["id", "name", "change", "fields"]
    assert isinstance(difference.index, pd.RangeIndex)


def test_new_preview_urls_are_no_change() -> None:
    renewed = replace(A, preview_image_url="https://signed.example/2", preview_video_url="x", extra={"new": 1})
    assert diff_frame(by_id(renewed), by_id(A)).empty


def test_ownership_is_compared_where_both_sides_know_it() -> None:
    assert diff_frame(by_id(replace(A, ownership=None)), by_id(A)).empty
    assert diff_frame(by_id(A), by_id(replace(A, ownership=None))).empty
    assert diff_frame(by_id(replace(A, ownership="private")), by_id(A))["fields"].tolist() == [["ownership"]]


def test_no_difference_has_the_same_types_and_fixed_categories() -> None:
    empty, full = diff_frame({}, {}), diff_frame(by_id(A, B), by_id(B, C))
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert empty["change"].cat.categories.tolist() == ["came", "went", "changed"]
    assert isinstance(empty.index, pd.RangeIndex)
