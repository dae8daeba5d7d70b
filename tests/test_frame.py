"""Looks as DataFrames, CSV and Parquet files, and read from them again."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygen_widgets.filters import CLOSED
from heygen_widgets.frame import diff_frame, frame_to_looks, looks_to_frame, looks_to_parquet, summary_frame
from heygen_widgets.models import Failure, Look

LOOKS = [
    Look(
        "look_1",
        "Elin Office 8",
        "photo_avatar",
        group_id="g1",
        gender="female",
        preview_image_url="https://files.example/1.webp?Signature=x",
        tags=("UGC", "it's; new"),
        supported_api_engines=("avatar_v",),
        image_width=720,
        image_height=1280,
        preferred_orientation="portrait",
        ownership="public",
    ),
    Look(
        "look_2", "=HYPERLINK(1)", "digital_twin", status="failed", error=Failure("bad", "No face"), ownership="private"
    ),
]
# Without lists, sizes or any other optional value.
PLAIN = [Look("look_3", "C", "studio_avatar"), Look("look_4", "D", "studio_avatar")]
NAMES = {"g1": "Elin"}


def test_a_frame_has_one_row_per_look_with_the_id_first() -> None:
    frame = looks_to_frame(LOOKS, group_names=NAMES)
    assert frame.columns[0] == "id"
    assert frame["id"].tolist() == ["look_1", "look_2"]
    assert frame["orientation"].tolist()[0] == "portrait"
    assert frame["tags"].tolist() == [["UGC", "it's; new"], []]
    assert frame["is_ready"].tolist() == [True, False]
    assert frame["error_code"].tolist()[1] == "bad"
    assert frame["group_name"].tolist()[0] == "Elin"
    for name in ("image_width", "group_name"):
        assert frame.isna()[name].tolist() == [False, True]


SIGNS = "=+-@\t\r\n＝＋－＠"
UNCHANGED = ["'a", "a=1", "", "'", "a;=1", "Ann-Marie; Jean-Luc, 9:16"]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *((f"{sign}1+1", f"'{sign}1+1") for sign in SIGNS),
        *(("'=1", "''=1"), ("''＠x", "'''＠x")),
        *zip(UNCHANGED, UNCHANGED, strict=True),
    ],
)
def test_a_flat_frame_escapes_only_formulas_at_the_start_of_texts_which_can_be_read_again(text: str, cell: str) -> None:
    looks = [Look("look_3", text, "photo_avatar", tags=(text, "a"))]
    flat = looks_to_frame(looks, flat=True)
    assert (flat["name"].tolist(), flat["tags"].tolist()) == ([cell], [f"{cell}; a"])
    assert frame_to_looks(flat)[0][0].name == text
    assert looks_to_frame(looks)["name"][0] == text


def test_every_text_column_of_a_flat_frame_is_escaped() -> None:
    texts = ("group_id", "status", "default_voice_id", "preview_image_url", "preview_video_url")
    lists = {"tags": ("=1", "=1"), "supported_api_engines": ("=1",)}
    look = Look("=1", "=1", "=1", error=Failure("=1", "=1"), **lists, **dict.fromkeys(texts, "=1"))  # type: ignore[arg-type]
    row = looks_to_frame([look], flat=True, group_names={"=1": "=1"}).iloc[0]
    escaped = [value for value in row if isinstance(value, str) and value.startswith("'=1")]
    assert len(escaped) == 13


def test_cells_of_list_columns_are_lists_and_changing_one_changes_no_other_row() -> None:
    frame = looks_to_frame([replace(LOOKS[0], id=name) for name in ("a", "b")])
    frame["tags"].iloc[0].append("Mine")
    assert frame["tags"].iloc[1] == list(LOOKS[0].tags)
    assert frame.explode("tags")["tags"].tolist()[-2:] == list(LOOKS[0].tags)


def test_without_pyarrow_a_frame_is_the_same_but_for_the_type_of_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = looks_to_frame(LOOKS)
    looks = frame_to_looks(with_it)
    monkeypatch.setattr("heygen_widgets.frame.pa", None)
    without = looks_to_frame(LOOKS)
    lists = ["supported_api_engines", "tags"]
    others = [name for name in with_it if name not in lists]
    assert [str(dtype) for dtype in without[others].dtypes] == [str(dtype) for dtype in with_it[others].dtypes]
    assert [without[name].tolist() for name in lists] == [with_it[name].tolist() for name in lists]
    assert frame_to_looks(without) == looks


# Looks from a frame.

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.sampled_from(
    ["=1", "'=1", "''＝1", "'", "-", "'a", "\n", "\t1", "a;=1", "[]", "; ", "NA", "1", "1.0"]
)
FAILURES = st.builds(Failure, st.none() | TEXTS, st.none() | TEXTS).filter(lambda failure: failure != Failure())


def make_looks(texts: st.SearchStrategy[str], lists: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[Look]:
    """Draw looks whose preferred orientation is their orientation: the frame has one column for both."""
    optional = ("group_id", "preview_image_url", "preview_video_url", "default_voice_id", "status")
    closed = {name: st.sampled_from([None, *CLOSED[name]]) for name in ("gender", "ownership")}
    return st.builds(
        Look,
        texts.filter(bool),
        texts,
        texts,
        **dict.fromkeys(optional, st.none() | texts),
        **dict.fromkeys(("tags", "supported_api_engines"), lists),
        **dict.fromkeys(("image_width", "image_height"), st.none() | st.integers(1, 2**53)),
        **closed,
        preferred_orientation=st.sampled_from([None, *CLOSED["orientation"]]),
        error=st.none() | FAILURES,
    ).map(lambda look: replace(look, preferred_orientation=look.orientation))


ANY_LOOKS = st.lists(make_looks(TEXTS, st.lists(TEXTS, max_size=3).map(tuple)), max_size=5)
FLAT_LISTS = st.lists(TEXTS.filter(lambda text: "; " not in text and text != "[]"), max_size=3).map(tuple)
# An empty list and one empty text are the same cell.
FLAT_LOOKS = st.lists(make_looks(TEXTS, FLAT_LISTS.filter(lambda texts: texts != ("",))), max_size=5)


def everything_of(looks: list[Look]) -> list[tuple[object, ...]]:
    """Return the looks and the fields that equality ignores."""
    return [(look, look.ownership, look.preview_image_url, look.preview_video_url, look.extra) for look in looks]


@given(ANY_LOOKS)
def test_a_frame_gives_equal_looks(looks: list[Look]) -> None:
    assert everything_of(frame_to_looks(looks_to_frame(looks))[0]) == everything_of(looks)


@given(FLAT_LOOKS)
def test_a_flat_frame_gives_equal_looks(looks: list[Look]) -> None:
    assert everything_of(frame_to_looks(looks_to_frame(looks, flat=True))[0]) == everything_of(looks)


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("dtype", [None, str])
def test_csv_gives_equal_looks(flat: bool, dtype: type | None) -> None:
    looks = [replace(LOOKS[0], tags=("UGC", "New")), LOOKS[1]]
    looks.append(Look("look_4", "", "photo_avatar"))
    looks.append(Look("look_3", 'O\'Neil, "Zoë"', "studio_avatar", tags=("it's", "new"), image_width=640))
    text = looks_to_frame(looks, flat=flat, group_names={"g1": "=Elin"}).to_csv(index=False)
    read = pd.read_csv(io.StringIO(text), dtype=dtype)  # type: ignore[call-overload]
    back, group_names = frame_to_looks(read)
    assert everything_of(back) == everything_of(looks)
    assert group_names == {"g1": "=Elin"}


def test_ids_of_digits_in_csv_become_texts_if_they_are_exact() -> None:
    text = "id,name,avatar_type,group_id\n12345678901234567,Ann,photo_avatar,7\n13,Bea,photo_avatar,\n"
    frame = pd.read_csv(io.StringIO(text))
    looks, _ = frame_to_looks(frame)
    assert [(look.id, look.group_id) for look in looks] == [("12345678901234567", "7"), ("13", None)]
    with pytest.raises(ValueError, match="row 0 "):
        frame_to_looks(frame.astype({"id": float}))


def test_a_text_that_only_starts_like_a_list_is_a_flat_one() -> None:
    for tags in [("[draft]", "['x", "['\\x']"), ("['\\x']",)]:
        assert frame_to_looks(looks_to_frame([replace(LOOKS[0], tags=tags)], flat=True))[0][0].tags == tags
    frame = looks_to_frame(LOOKS[:1]).assign(tags=[str(np.array(["UGC", "it's new"], dtype=object))])
    assert frame_to_looks(frame)[0][0].tags == ("UGC", "it's new")  # as numpy prints lists


def test_rows_and_columns_may_have_any_order_and_index() -> None:
    frame = looks_to_frame([*LOOKS, Look("look_3", "C", "photo_avatar")]).set_index(pd.Index(["x", "x", "y"]))
    part = frame.iloc[::-1][["avatar_type", "name", "id"]].assign(note="mine")
    looks, group_names = frame_to_looks(part)
    assert [look.id for look in looks] == ["look_3", "look_2", "look_1"]
    assert everything_of(looks[2:]) == everything_of([Look("look_1", "Elin Office 8", "photo_avatar")])
    assert group_names == {}


@pytest.mark.parametrize(
    ("column", "values"),
    [
        *((name, [None, np.nan, pd.NA, pd.NaT]) for name in ("group_id", "gender", "tags", "image_width", "ownership")),
        ("image_width", [0, 720.5, True, float("inf"), 10**400, "wide", [720]]),
        ("ownership", ["shared", ["public"]]),
        *[("gender", [1.5]), ("status", [b"completed"]), ("tags", [5.5, {"a": 1}])],
    ],
)
def test_a_missing_or_odd_value_is_none(column: str, values: list[object]) -> None:
    for odd in values:
        frame = pd.DataFrame({"id": ["a"], "name": ["A"], "avatar_type": ["photo_avatar"]})
        frame[column] = pd.Series([odd], dtype=object)
        assert everything_of(frame_to_looks(frame)[0]) == everything_of([Look("a", "A", "photo_avatar")])


def test_values_are_cleaned_like_those_of_the_service() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "name": "A\0", "avatar_type": "x", "gender": [" Woman ", "robot"]})
    looks, names = frame_to_looks(frame.assign(group_id="g\0", group_name="G\0"))
    assert names == {looks[0].group_id: "G\ufffd"}
    assert [(look.name, look.gender) for look in looks] == [("A\ufffd", "female"), ("A\ufffd", None)]


@pytest.mark.parametrize("convert", [looks_to_frame, summary_frame, lambda looks: looks_to_parquet(looks, "file")])
def test_only_looks_can_be_converted(convert: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match="str"):
        convert(["look_1"])


@pytest.mark.parametrize(
    ("frame", "kind", "message"),
    [
        (pd.DataFrame({"id": ["a"]}), ValueError, "lacks name, avatar_type: the columns id, name, avatar_type are"),
        (looks_to_frame(LOOKS)[["id", "name", "avatar_type", "name"]], ValueError, "two columns 'name'"),
        (pd.concat([looks_to_frame(LOOKS)], axis=1, keys=["level"]), ValueError, "columns of several levels"),
        (LOOKS, TypeError, "list"),
    ],
)
def test_the_error_for_an_unusable_frame_says_what_is_wrong(frame: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        frame_to_looks(frame)


@pytest.mark.parametrize("missing", [None, "", np.nan, 1.5])
def test_the_error_for_a_row_without_an_id_names_its_position(missing: object) -> None:
    frame = looks_to_frame(LOOKS).assign(id=pd.Series(["look_1", missing], dtype=object))
    with pytest.raises(ValueError, match="row 1 "):
        frame_to_looks(frame.set_index(pd.Index([10, 20])))


# Parquet.


@pytest.fixture
def accounts(tmp_path: Path) -> list[str]:
    """Write the files of three accounts: one with few values and empty lists only, one without looks."""
    paths = [str(tmp_path / f"looks-{name}.parquet") for name in "abc"]
    looks_to_parquet(LOOKS, paths[0], group_names=NAMES)
    looks_to_parquet(PLAIN, paths[1])
    looks_to_parquet([], paths[2])
    return paths


def rows_of(looks: list[Look]) -> list[dict[str, Any]]:
    frame = looks_to_frame(looks, group_names=NAMES).astype(object)
    rows = frame.where(frame.notna(), None).to_dict("records")
    return [{**row, **{name: list(row[name]) for name in ("tags", "supported_api_engines")}} for row in rows]


def test_pandas_reads_equal_looks_and_nullable_sizes_from_a_file(accounts: list[str]) -> None:
    schemas = [pq.read_schema(path) for path in accounts]
    assert all(schema.equals(schemas[0], check_metadata=True) for schema in schemas)
    for path, looks in zip(accounts, [LOOKS, PLAIN, []], strict=True):
        read = pd.read_parquet(path)
        assert everything_of(frame_to_looks(read)[0]) == everything_of(looks)
        assert read["image_width"].dtype == read["image_height"].dtype == pd.Int64Dtype()
        assert read["gender"].cat.categories.tolist() == (["female", "male"] if looks else [])
    assert frame_to_looks(pd.read_parquet(accounts)) == (LOOKS + PLAIN, NAMES)


def test_pyarrow_reads_the_files_of_several_accounts_as_one_table(accounts: list[str]) -> None:
    table = ds.dataset(accounts[::-1]).to_table()
    assert sorted(table.to_pylist(), key=lambda row: row["id"]) == rows_of(LOOKS + PLAIN)


def test_duckdb_reads_the_files_of_several_accounts_as_one_table(accounts: list[str]) -> None:
    with duckdb.connect() as connection:
        read = connection.execute("SELECT * FROM read_parquet(?) ORDER BY id", [accounts[::-1]])
        names = [column[0] for column in read.description or []]
        assert [dict(zip(names, row, strict=True)) for row in read.fetchall()] == rows_of(LOOKS + PLAIN)
        files = str(Path(accounts[0]).parent / "*.parquet")
        tagged = connection.execute("SELECT id FROM read_parquet(?) WHERE list_contains(tags, 'UGC')", [files])
        assert tagged.fetchall() == [("look_1",)]


def test_without_pyarrow_the_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        looks_to_parquet(LOOKS, tmp_path / "looks.parquet")
    assert list(tmp_path.iterdir()) == []


# Summary.

MANY = [
    *[Look(f"p{number}", "P", "photo_avatar", gender="male", ownership="public") for number in range(2)],
    *[Look(f"q{number}", "Q", "photo_avatar", ownership="public") for number in range(2)],
    *[Look(f"r{number}", "R", "digital_twin", gender="female", ownership="private") for number in range(3)],
    Look("s", "S", "photo_avatar", gender="female", ownership="public"),
    Look("t", "T", "digital_twin", image_width=720, image_height=1280),
]


def test_a_summary_counts_each_combination_largest_first() -> None:
    summary = summary_frame(MANY)
    assert summary.to_numpy().tolist() == [
        ["digital_twin", "private", "female", "unknown", 3],
        ["photo_avatar", "public", "male", "unknown", 2],
        ["photo_avatar", "public", "unknown", "unknown", 2],
        ["digital_twin", "unknown", "unknown", "portrait", 1],
        ["photo_avatar", "public", "female", "unknown", 1],
    ]
    assert summary.columns.tolist() == ["avatar_type", "ownership", "gender", "orientation", "looks"]


@given(ANY_LOOKS)
def test_a_summary_loses_no_look(looks: list[Look]) -> None:
    summary = summary_frame(looks)
    assert summary["looks"].sum() == len(looks)
    assert not summary.isna().any(axis=None)
    assert "" not in summary["avatar_type"].tolist()


# Differences.


def by_id(*looks: Look) -> dict[str, Look]:
    return {look.id: look for look in looks}


A, B, C = (Look(name.lower(), name, "photo_avatar", ownership="public") for name in "ABC")


def test_a_difference_lists_looks_that_came_then_changed_then_went() -> None:
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


def test_new_preview_urls_do_not_count_as_a_change_and_ownership_only_if_both_sides_know_it() -> None:
    renewed = replace(A, preview_image_url="https://signed.example/2", preview_video_url="x", extra={"new": 1})
    unknown = replace(A, ownership=None)
    for newer, older in [(renewed, A), (unknown, A), (A, unknown)]:
        assert diff_frame(by_id(newer), by_id(older)).empty
    assert diff_frame(by_id(replace(A, ownership="private")), by_id(A))["fields"].tolist() == [["ownership"]]


@pytest.mark.parametrize(
    ("full", "empty"),
    [
        (looks_to_frame(LOOKS), looks_to_frame([])),
        (looks_to_frame(LOOKS), looks_to_frame(PLAIN)),
        (looks_to_frame(LOOKS), pd.concat([looks_to_frame(PLAIN), looks_to_frame([])], ignore_index=True)),
        (summary_frame(MANY), summary_frame([])),
        (diff_frame(by_id(A, B), by_id(B, C)), diff_frame({}, {})),
    ],
)
def test_columns_and_types_are_the_same_for_any_looks(full: pd.DataFrame, empty: pd.DataFrame) -> None:
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert isinstance(full.index, pd.RangeIndex)
    assert isinstance(empty.index, pd.RangeIndex)
