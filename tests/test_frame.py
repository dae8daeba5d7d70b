"""Looks as DataFrames, CSV and Parquet files, and read from them again."""

import io
import json
import re
import sqlite3
import sys
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st

from heygen_widgets import HeyGenClient, LookCatalogue, LookPicker
from heygen_widgets.filters import CLOSED
from heygen_widgets.frame import (
    diff_frame,
    frame_to_looks,
    looks_to_csv,
    looks_to_excel,
    looks_to_frame,
    looks_to_parquet,
    looks_to_table,
    summary_frame,
    voices_to_frame,
)
from heygen_widgets.models import AvatarGroup, Failure, Look, Page, Voice

LOOKS = [
    Look(
        "look_1",
        "Elin Office 8",
        "photo_avatar",
        group_id="g1",
        group_name="Elin",
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


SIGNS = "=+-@\t\n＝＋－＠"
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
    assert frame_to_looks(flat)[0].name == text
    assert looks_to_frame(looks)["name"][0] == text


def test_every_text_column_of_a_flat_frame_is_escaped() -> None:
    texts = ("group_id", "status", "default_voice_id", "preview_image_url", "preview_video_url")
    lists = {"tags": ("=1", "=1"), "supported_api_engines": ("=1",)}
    failure = Failure("=1", "=1")
    look = Look("=1", "=1", "=1", group_name="=1", error=failure, **lists, **dict.fromkeys(texts, "=1"))  # type: ignore[arg-type]
    row = looks_to_frame([look], flat=True).iloc[0]
    escaped = [value for value in row if isinstance(value, str) and value.startswith("'=1")]
    assert len(escaped) == 13


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a\0\x1f\x0b\ufffe\ud800z", "a\ufffd\ufffd\ufffd\ufffd\ufffdz"),
        ("\r\na\rb\r\nc", "'\na\nb\nc"),
        ("x" * 40_000, "x" * 32_767),
        ("=" * 40_000, "'" + "=" * 32_766),
    ],
    ids=["control", "lines", "long", "escaped"],
)
def test_a_flat_frame_holds_only_what_csv_and_excel_can_store(text: str, cell: str, tmp_path: Path) -> None:
    looks = [Look("look_3", text, "photo_avatar", preview_image_url=f"data:image/png,{text}")]
    flat = looks_to_frame(looks, flat=True)
    assert flat["name"].tolist() == [cell]
    assert flat["preview_image_url"].isna().tolist() == [len(text) > 32_767]
    (read,) = pd.read_csv(looks_to_csv(looks, tmp_path / "looks.csv"))["name"]
    (in_excel,) = pd.read_excel(looks_to_excel(looks, tmp_path / "looks.xlsx"))["name"]
    assert (read, in_excel) == (cell, cell)


@pytest.mark.parametrize(
    ("pictures", "clips", "left", "named"),
    [(3, 2, [3, 2], []), (3, 3, [3, 0], ["video"]), (6, 1, [0, 0], ["video", "image"])],
)
def test_links_beyond_those_of_a_sheet_are_left_out_with_a_warning(
    pictures: int, clips: int, left: list[int], named: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heygen_widgets.frame.writing._MOST_LINKS", 5)
    url = "https://files.example/1"
    looks = [Look(f"a{n}", "A", "x", preview_image_url=url) for n in range(pictures)]
    looks += [Look(f"b{n}", "B", "x", preview_video_url=url) for n in range(clips)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        flat = looks_to_frame(looks, flat=True)
    assert [int((flat[name] == url).sum()) for name in ("preview_image_url", "preview_video_url")] == left
    assert [str(dtype) for dtype in flat.dtypes][-2:] == ["string", "string"]
    text = "".join(str(warning.message) for warning in caught)
    assert all(f"preview_{kind}_url" in text for kind in named)
    assert ("previews=False" in text, url in text) == (bool(named), False)
    assert looks_to_frame(looks)["preview_video_url"].notna().sum() == clips


def test_a_frame_has_the_same_types_with_and_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = looks_to_frame(LOOKS)
    looks = frame_to_looks(with_it)
    monkeypatch.setattr("heygen_widgets.frame.writing.pa", None)
    without = looks_to_frame(LOOKS)
    assert [str(dtype) for dtype in without.dtypes] == [str(dtype) for dtype in with_it.dtypes]
    assert without["tags"].tolist() == with_it["tags"].tolist()
    assert frame_to_looks(without) == looks == LOOKS


def test_a_row_as_a_dict_is_one_of_the_frame_and_json_takes_it() -> None:
    for look in LOOKS:
        row = look.to_dict()
        assert list(row) == list(looks_to_frame([]))
        assert json.loads(json.dumps(row)) == row
        assert everything_of(frame_to_looks([row])) == everything_of([look])
    assert LOOKS[0].to_dict()["tags"] == ["UGC", "it's; new"]


def test_previews_can_be_left_out_and_a_catalogue_makes_its_own_frame() -> None:
    catalogue = LookCatalogue.of(LOOKS)
    for source in (catalogue, LOOKS, catalogue.select(), catalogue.looks):
        frame = looks_to_frame(source, previews=False)
        assert list(frame) == [name for name in looks_to_frame([]) if not name.startswith("preview_")]
        assert frame["id"].tolist() == ["look_1", "look_2"]
    selected = catalogue.select(gender="female")
    for frame in (selected.to_frame(flat=True, previews=False), looks_to_frame(LOOKS[0], flat=True, previews=False)):
        assert (frame["tags"].tolist(), "preview_image_url" in frame) == (["UGC; it's; new"], False)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.sampled_from(
    ["=1", "'=1", "''＝1", "'", "-", "'a", "\n", "\t1", "a;=1", "[]", "; ", "NA", "1", "1.0"]
)


def make_looks(texts: st.SearchStrategy[str], lists: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[Look]:
    """Draw looks whose preferred orientation is their orientation: the frame has one column for both."""
    optional = ("group_id", "group_name", "preview_image_url", "preview_video_url", "default_voice_id", "status")
    closed = {name: st.sampled_from([None, *CLOSED[name]]) for name in ("gender", "ownership")}
    failures = st.builds(Failure, st.none() | texts, st.none() | texts).filter(lambda failure: failure != Failure())
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
        error=st.none() | failures,
    ).map(lambda look: replace(look, preferred_orientation=look.orientation))


ANY_LOOKS = st.lists(make_looks(TEXTS, st.lists(TEXTS, max_size=3).map(tuple)), max_size=5)
FLAT_TEXTS = TEXTS.filter(lambda text: not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", text))
FLAT_LISTS = st.lists(FLAT_TEXTS.filter(lambda text: "; " not in text and text not in ("[]", "()")), max_size=3)
# An empty list and one empty text are the same cell.
FLAT_LOOKS = st.lists(make_looks(FLAT_TEXTS, FLAT_LISTS.filter(lambda texts: texts != [""]).map(tuple)), max_size=5)


def everything_of(looks: list[Look]) -> list[tuple[object, ...]]:
    """Return the looks and the fields that equality ignores."""
    ignored = ("ownership", "group_name", "preview_image_url", "preview_video_url", "extra")
    return [(look, *(getattr(look, name) for name in ignored)) for look in looks]


@given(ANY_LOOKS, FLAT_LOOKS)
def test_frames_with_lists_and_flat_ones_give_equal_looks(looks: list[Look], flat: list[Look]) -> None:
    assert everything_of(frame_to_looks(looks_to_frame(looks))) == everything_of(looks)
    assert everything_of(frame_to_looks(looks_to_frame(flat, flat=True))) == everything_of(flat)


STORED = [
    replace(LOOKS[0], id="00123", tags=("UGC", "New"), group_name="-Elin", default_voice_id="voice_1"),
    replace(LOOKS[1], name="NA's"),
    Look("look_3", 'O\'Neil, "Zoë"', "studio_avatar", tags=("it's",), image_width=640),
]


def json_of(**options: Any) -> Callable[[pd.DataFrame, Path], Any]:
    return lambda frame, path: (frame.to_json(path, **options), pd.read_json(path, dtype=False, **options))[1]


OTHER_NAMES = {
    **{"supported_api_engines": "engines", "preview_image_url": "image_url", "preview_video_url": "video_url"},
    **{"default_voice_id": "voice_id", "avatar_type": "type"},
}
# pandas reads the id "00123" in CSV and JSON as a number, unless it is told not to.
TRIPS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "parquet": lambda frame, path: (frame.to_parquet(path), pd.read_parquet(path))[1],
    "arrow types": lambda frame, path: (frame.to_parquet(path), pd.read_parquet(path, dtype_backend="pyarrow"))[1],
    "feather": lambda frame, path: (frame.to_feather(path), pd.read_feather(path))[1],
    "csv": lambda frame, path: (frame.to_csv(path, index=False), pd.read_csv(path, dtype={"id": str}))[1],
    "excel": lambda frame, path: (frame.to_excel(f"{path}.xlsx", index=False), pd.read_excel(f"{path}.xlsx"))[1],
    "pickle": lambda frame, path: (frame.to_pickle(path), pd.read_pickle(path))[1],
    **{f"json {orient}": json_of(orient=orient) for orient in ("records", "split", "index", "columns")},
    "json lines": json_of(orient="records", lines=True),
    "json table": lambda frame, path: (frame.to_json(path, orient="table"), pd.read_json(path, orient="table"))[1],
    "labels": lambda frame, _: frame.rename(columns=lambda name: name.capitalize().replace("_", " ")),
    "other names": lambda frame, _: frame.rename(columns=OTHER_NAMES).assign(Name="no"),
    "rows of other names": lambda frame, _: frame.rename(columns=OTHER_NAMES).to_dict("records"),
    "index": lambda frame, _: frame.set_index("id"),
    "indexes": lambda frame, _: frame.set_index(["gender", "id"]),
    "rows": lambda frame, _: frame.to_dict("records"),
    "polars": lambda frame, _: pl.from_pandas(frame),
    "arrow": lambda frame, _: pa.Table.from_pandas(frame),
    "duckdb": lambda frame, _: duckdb.from_df(frame),
}


@pytest.mark.filterwarnings("ignore:ArrowStringArray._data:FutureWarning")  # DuckDB's, with pandas 2.2
@pytest.mark.parametrize("flat", [True, False], ids=["flat", "lists"])
@pytest.mark.parametrize("trip", TRIPS.values(), ids=TRIPS)
def test_a_frame_that_was_stored_gives_equal_looks(
    trip: Callable[[pd.DataFrame, Path], Any], flat: bool, tmp_path: Path
) -> None:
    back = trip(looks_to_frame(STORED, flat=flat), tmp_path / "file")
    assert everything_of(frame_to_looks(back)) == everything_of(STORED)
    assert everything_of(LookCatalogue.of(back).looks) == everything_of(STORED)


def test_the_package_s_own_files_give_equal_looks_and_excel_shows_accents(tmp_path: Path) -> None:
    looks = [*STORED, Look("look_4", "=1+1", "x"), Look("look_5", "#N/A", "x", tags=("a\nb",))]
    csv, sheet = looks_to_csv(looks, tmp_path / "a.csv"), looks_to_excel(looks, tmp_path / "a.xlsx")
    assert csv.read_bytes().startswith(b"\xef\xbb\xbfid,name,")
    assert b"\r" not in csv.read_bytes()
    options: dict[str, Any] = {"dtype": {"id": str}, "keep_default_na": False, "na_values": [""]}
    for read in (pd.read_csv(csv, **options), pd.read_excel(sheet, **options)):
        assert everything_of(frame_to_looks(read)) == everything_of(looks)
    (written,) = openpyxl.load_workbook(sheet).worksheets
    assert (written.freeze_panes, written.auto_filter.ref) == ("C2", "A1:S6")
    assert {cell.data_type for row in written.iter_rows(min_row=2, max_col=6) for cell in row} == {"s", "n"}
    assert not [cell for row in written.iter_rows() for cell in row if cell.hyperlink]
    for write, name in ((looks_to_csv, "b.csv"), (looks_to_excel, "b.xlsx"), (looks_to_parquet, "b.parquet")):
        path = write(looks, tmp_path / name, previews=False)  # type: ignore[operator]
        assert b"Signature" not in path.read_bytes()


@pytest.mark.parametrize(
    ("write", "name", "words"),
    [
        *((looks_to_excel, name, rf"end in \.xlsx, not as .*{name}' does$") for name in ("a.xls", "a")),
        (looks_to_csv, "A.XLSX", r"end in \.csv, not as .*A\.XLSX' does: for \.xlsx use to_excel"),
        (looks_to_csv, "a.csv.gz", r"for \.gz use to_frame\(flat=True\)\.to_csv"),
        (looks_to_parquet, "a.csv", r"end in \.parquet, .*: for \.csv use to_csv"),
        (looks_to_parquet, "a.html", "use gallery"),
    ],
)
def test_the_name_of_another_format_is_refused(
    write: Callable[..., Path], name: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        write(LOOKS, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_ids_of_digits_become_texts_if_they_are_exact_and_a_row_without_an_id_is_named_by_its_position() -> None:
    text = "id,name,avatar_type,group_id\n12345678901234567,Ann,photo_avatar,7\n13,Bea,photo_avatar,\n"
    frame = pd.read_csv(io.StringIO(text))
    looks = frame_to_looks(frame)
    assert [(look.id, look.group_id) for look in looks] == [("12345678901234567", "7"), ("13", None)]
    for missing in (None, "", np.nan, 1.5):
        wrong = frame.assign(id=pd.Series(["look_1", missing], dtype=object))
        with pytest.raises(ValueError, match="row 1 "):
            frame_to_looks(wrong.set_index(pd.Index([10, 20])))


def test_a_text_that_only_starts_like_a_list_is_a_flat_one() -> None:
    for tags in [("[draft]", "['x", "['\\x']"), ("['\\x']",)]:
        assert frame_to_looks(looks_to_frame([replace(LOOKS[0], tags=tags)], flat=True))[0].tags == tags
    frame = looks_to_frame(LOOKS[:1]).assign(tags=[str(np.array(["UGC", "it's new"], dtype=object))])
    assert frame_to_looks(frame)[0].tags == ("UGC", "it's new")  # as numpy prints lists
    for tags in (["\N{PARTY POPPER} new", 'a"b/c'], ["Zo\xeb"], []):
        for written in (json.dumps(tags), json.dumps(tags).replace("/", "\\/"), set(tags), frozenset(tags)):
            row = {"id": "a", "tags": written}
            assert set(frame_to_looks([row])[0].tags) == set(tags)


def test_rows_and_columns_may_have_any_order_and_index_and_values_are_cleaned() -> None:
    frame = looks_to_frame([*LOOKS, Look("look_3", "C", "photo_avatar")]).set_index(pd.Index(["x", "x", "y"]))
    part = frame.iloc[::-1][["avatar_type", "name", "id"]].assign(note="mine")
    looks = frame_to_looks(part)
    assert [look.id for look in looks] == ["look_3", "look_2", "look_1"]
    assert everything_of(looks[2:]) == everything_of([Look("look_1", "Elin Office 8", "photo_avatar")])
    assert frame_to_looks(part[["id"]])[0] == Look("look_3", "", "")
    # Values are cleaned like those of the service.
    cleaned = frame_to_looks(part.assign(name="A\0", group_name="G\0", gender=[" Woman ", "robot", None]))
    found = [(look.name, look.group_name, look.gender) for look in cleaned]
    assert found == [("A\ufffd", "G\ufffd", gender) for gender in ("female", None, None)]


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
        assert everything_of(frame_to_looks(frame)) == everything_of([Look("a", "A", "photo_avatar")])


def test_a_table_of_any_kind_becomes_a_frame_a_file_or_a_table_with_pictures(tmp_path: Path) -> None:
    read = pd.read_parquet(looks_to_parquet(LOOKS, tmp_path / "a.parquet"))
    expected = looks_to_frame(LOOKS)
    pd.testing.assert_frame_equal(looks_to_frame(read), expected)
    assert looks_to_frame(read).drop_duplicates("tags")["id"].tolist() == ["look_1", "look_2"]
    written = looks_to_csv(LOOKS, tmp_path / "a.csv").read_text()
    for source in (read, pl.from_pandas(expected), read.to_dict("records")):
        assert looks_to_csv(source, tmp_path / "b.csv").read_text() == written
    for source in (read[read["gender"] == "female"], LookPicker(LOOKS, selected_id="look_1"), LOOKS[:1]):
        assert looks_to_table(source).to_html().count(">look_") == 1


@pytest.mark.parametrize(
    ("frame", "kind", "message"),
    [
        (
            pd.DataFrame(columns=["avatar_id", LOOKS[0].preview_image_url]),
            ValueError,
            r"no .* 'id' .*: 'avatar_id', '.{29}\)",
        ),
        (looks_to_frame(LOOKS)[["id", "name", "avatar_type", "name"]], ValueError, "two columns 'name'"),
        (pd.concat([looks_to_frame(LOOKS)], axis=1, keys=["level"]), ValueError, "columns of several levels"),
        (looks_to_frame(LOOKS).itertuples(), TypeError, "not Pandas; of rows: the whole table, or a dict"),
        (HeyGenClient("key"), TypeError, r"HeyGenClient: use LookCatalogue\(client\)\.to_frame\(\)"),
        ({"id": "a"}, TypeError, "not from dict: put one look into a list"),
        ("looks.csv", TypeError, r"not from str.*LookCatalogue.open.*read_csv"),
        *((7, TypeError, "not from int"), (b"bytes", TypeError, "not from bytes")),
        (pl.LazyFrame({"id": ["a"]}), TypeError, r"LazyFrame: call \.collect\(\) first"),
        (ds.dataset(pa.table({"id": ["a"]})), TypeError, r"Dataset: call \.to_table\(\) first"),
        (duckdb.connect().execute("SELECT 'a' AS id"), TypeError, r"Connection: call \.df\(\) first"),
    ],
)
def test_the_error_for_an_unusable_frame_says_what_is_wrong(frame: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        frame_to_looks(frame)
    for convert in (looks_to_frame, summary_frame, lambda looks: looks_to_parquet(looks, "file.parquet")):
        for ids in (["look_1"], pd.Series(["look_1"])):
            with pytest.raises(TypeError, match=r"not str; of ids: client\.get_look"):
                convert(ids)


EVERYDAY: dict[str, tuple[Callable[[pd.DataFrame], Any], Any]] = {
    "filter": (lambda f: f[(f["gender"] == "female") & f["is_ready"]]["id"].tolist(), ["a", "c"]),
    "isin": (lambda f: int(f["tags"].isin([("UGC", "New")]).sum()), 2),
    "sort lists": (lambda f: f.sort_values("tags")["id"].tolist(), ["d", "b", "a", "c"]),
    "group lists": (lambda f: f.groupby("tags").size().to_dict(), {(): 1, ("UGC",): 1, ("UGC", "New"): 2}),
    "describe": (lambda f: f.describe(include="all").loc["unique", ["gender", "tags"]].tolist(), [2, 3]),
    "drop_duplicates": (lambda f: len(pd.concat([f, f]).drop_duplicates()), 4),
    "merge": (lambda f: f.merge(f[["id", "tags"]], on=["id", "tags"])["id"].tolist(), ["a", "b", "c", "d"]),
    "merge closed": (lambda f: f.merge(pd.DataFrame({"gender": ["male"], "pay": [1]}))["id"].tolist(), ["b"]),
    "concat": (lambda f: [str(d) for d in pd.concat([f, f[:0]]).dtypes] == [str(d) for d in f.dtypes], True),
    "pivot": (lambda f: f.pivot(index="id", columns="gender", values="image_width").shape, (4, 3)),
    "explode": (lambda f: f.explode("tags")["tags"].tolist()[:3], ["UGC", "New", "UGC"]),
    "fillna": (lambda f: f["gender"].fillna("unknown").tolist(), ["female", "male", "female", "unknown"]),
    "set": (lambda f: f.assign(gender=f["gender"].replace("male", "other"))["gender"].tolist()[1], "other"),
    "join lists": (lambda f: f["tags"].str.join("+").tolist(), ["UGC+New", "UGC", "UGC+New", ""]),
    "compare": (lambda f: f.compare(f.assign(tags=f["tags"].map(lambda tags: (*tags, "x")))).shape[0], 4),
    "transpose": (lambda f: f.T.loc["tags"].tolist(), [("UGC", "New"), ("UGC",), ("UGC", "New"), ()]),
    "to_dict": (lambda f: f.to_dict("records")[0]["tags"], ("UGC", "New")),
    "to_string": (lambda f: "(UGC, New)" in f.to_string(), True),
    "convert": (lambda f: f.convert_dtypes()["gender"].isna().sum(), 1),
}
PEOPLE = [
    Look("a", "Ann", "photo_avatar", gender="female", tags=("UGC", "New"), image_width=720, image_height=1_280),
    Look("b", "Bo", "photo_avatar", gender="male", tags=("UGC",), image_width=1_280, image_height=720),
    Look("c", "Cy", "digital_twin", gender="female", tags=("UGC", "New"), image_width=720, image_height=1_280),
    Look("d", "Di", "digital_twin"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("operation", "result"), EVERYDAY.values(), ids=EVERYDAY)
def test_everyday_operations_of_pandas_work_without_a_warning(
    operation: Callable[[pd.DataFrame], Any], result: object
) -> None:
    assert operation(looks_to_frame(PEOPLE)) == result


def test_sqlite_stores_a_flat_frame_and_lists_are_refused_and_not_stored_as_something_else() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        looks_to_frame(PEOPLE, flat=True).to_sql("flat", connection)
        tags = pd.read_sql("SELECT tags FROM flat", connection)["tags"].tolist()
        assert tags == ["UGC; New", "UGC", "UGC; New", ""]
        with pytest.raises(Exception, match=r"tuple|Execution failed"):
            looks_to_frame(PEOPLE).to_sql("lists", connection)


def test_pandas_pyarrow_and_duckdb_read_the_files_of_several_accounts_as_one_table(tmp_path: Path) -> None:
    # The second account has few values and empty lists only, the third no looks.
    accounts = {str(tmp_path / f"looks-{n}.parquet"): looks for n, looks in enumerate((LOOKS, PLAIN, []))}
    schemas = [pq.read_schema(looks_to_parquet(looks, path)) for path, looks in accounts.items()]
    assert all(schema.equals(schemas[0], check_metadata=True) for schema in schemas)
    for path, looks in accounts.items():
        read = pd.read_parquet(path)
        assert everything_of(frame_to_looks(read)) == everything_of(looks)
        assert read["image_width"].dtype == read["image_height"].dtype == pd.Int64Dtype()
    assert frame_to_looks(pd.read_parquet([*accounts])) == LOOKS + PLAIN
    rows = [look.to_dict() for look in LOOKS + PLAIN]
    table = ds.dataset([*accounts][::-1]).to_table()
    assert sorted(table.to_pylist(), key=lambda row: row["id"]) == rows
    with duckdb.connect() as connection:
        all_files = connection.execute("SELECT * FROM read_parquet(?) ORDER BY id", [[*accounts][::-1]])
        names = [column[0] for column in all_files.description or []]
        assert [dict(zip(names, row, strict=True)) for row in all_files.fetchall()] == rows
        files = str(tmp_path / "*.parquet")
        tagged = connection.execute("SELECT id FROM read_parquet(?) WHERE list_contains(tags, 'UGC')", [files])
        assert tagged.fetchall() == [("look_1",)]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("pyarrow", lambda path: looks_to_parquet(LOOKS, path)),
        ("openpyxl", lambda path: looks_to_excel(LOOKS, path)),
        ("PIL", lambda path: LookCatalogue.of(LOOKS).to_excel(path, images=True)),
    ],
)
def test_without_a_package_the_error_says_how_to_install_it(
    name: str, write: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"pip install {name.replace('PIL', 'pillow')}"):
        write(tmp_path / "looks.xlsx")
    assert list(tmp_path.iterdir()) == []


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


def by_id(*looks: Look) -> dict[str, Look]:
    return {look.id: look for look in looks}


A, B, C = (Look(name.lower(), name, "photo_avatar", ownership="public") for name in "ABC")


def test_a_difference_lists_looks_that_came_then_changed_then_went() -> None:
    newer = by_id(replace(C, name="C 2", tags=("New",)), Look("e", "E", "x"), replace(B, status="failed"), A)
    older = by_id(Look("z", "Z", "x"), A, B, C, Look("y", "Y", "x"))
    difference = diff_frame(newer, older)
    assert difference.to_numpy().tolist() == [
        ["e", "E", "came", ()],
        ["c", "C 2", "changed", ("name", "tags")],
        ["b", "B", "changed", ("status",)],
        ["z", "Z", "went", ()],
        ["y", "Y", "went", ()],
    ]
    assert difference.columns.tolist() == ["id", "name", "change", "fields"]


def test_new_preview_urls_do_not_count_as_a_change_and_ownership_only_if_both_sides_know_it() -> None:
    renewed = replace(A, preview_image_url="https://signed.example/2", preview_video_url="x", extra={"new": 1})
    unknown = replace(A, ownership=None)
    for newer, older in [(renewed, A), (unknown, A), (A, unknown)]:
        assert diff_frame(by_id(newer), by_id(older)).empty
    assert diff_frame(by_id(replace(A, ownership="private")), by_id(A))["fields"].tolist() == [("ownership",)]


@pytest.mark.parametrize(
    ("full", "empty"),
    [
        (looks_to_frame(LOOKS), looks_to_frame([])),
        (looks_to_frame(LOOKS), looks_to_frame(PLAIN)),
        (looks_to_frame(LOOKS), pd.concat([looks_to_frame(PLAIN), looks_to_frame([])], ignore_index=True)),
        (summary_frame(MANY), summary_frame([])),
        (diff_frame(by_id(A, B), by_id(B, C)), diff_frame({}, {})),
        *((voices_to_frame([Voice("a", "A", support_pause=True)]), voices_to_frame(few)) for few in ([], [Voice("b")])),
    ],
)
def test_columns_and_types_are_the_same_for_any_looks(full: pd.DataFrame, empty: pd.DataFrame) -> None:
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert isinstance(full.index, pd.RangeIndex)
    assert isinstance(empty.index, pd.RangeIndex)


def test_voices_become_a_frame_of_texts_and_nullable_bools() -> None:
    voices = [Voice("a", "A", "English", "female", "s3://a", "complete", True, "public", False), Voice("b")]
    frame = voices_to_frame(Page(tuple(voices)))
    columns = ["voice_id", "name", "language", "gender", "type", "support_pause", "support_locale", "status"]
    assert list(frame) == [*columns, "preview_audio_url"]
    assert frame.iloc[0].tolist() == ["a", "A", "English", "female", "public", True, False, "complete", "s3://a"]
    assert frame.iloc[1].isna().tolist() == [False, *[True] * 8]
    types = [f"{dtype}" for dtype in voices_to_frame(iter(voices)).dtypes]
    assert types == [*["string"] * 5, *["boolean"] * 2, *["string"] * 2]
    for other in (LOOKS[0], AvatarGroup("g", "G"), {"voice_id": "a"}, "a"):
        with pytest.raises(TypeError, match=f"expected Voice records, not {type(other).__name__}"):
            voices_to_frame([voices[0], other])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"Voice 'a' has an invalid name, 5: make it by Voice\.from_json"):
        voices_to_frame([Voice("a", 5)])  # type: ignore[arg-type]
