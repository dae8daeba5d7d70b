"""Looks as Parquet files, read by what reads Parquet."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygen_widgets._exports import LISTS, as_cell, from_cell, parquet_schema
from heygen_widgets.frame import frame_to_looks, looks_to_frame, looks_to_parquet
from heygen_widgets.models import Failure, Look

LOOKS = [
    Look(
        "look_1",
        "Zoë Office 8",
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
    Look("look_2", "=B", "digital_twin", status="failed", error=Failure("bad_photo", "No face"), ownership="private"),
]
PLAIN = [Look("look_3", "C", "studio_avatar"), Look("look_4", "D", "studio_avatar")]
NAMES = {"g1": "Zoë"}


@pytest.fixture
def accounts(tmp_path: Path) -> list[str]:
    """Give the files of two accounts: one of them with empty lists only, and few values at all."""
    paths = [tmp_path / "looks-a.parquet", tmp_path / "looks-b.parquet"]
    looks_to_parquet(LOOKS, paths[0], group_names=NAMES)
    looks_to_parquet(PLAIN, paths[1])
    return [str(path) for path in paths]


@pytest.fixture
def accounts_one_empty(tmp_path: Path) -> list[str]:
    """Give the files of two accounts, one of them without any look."""
    paths = [tmp_path / "looks-a.parquet", tmp_path / "looks-b.parquet"]
    looks_to_parquet(LOOKS, paths[0], group_names=NAMES)
    looks_to_parquet([], paths[1])
    return [str(path) for path in paths]


def rows_of(looks: list[Look], group_names: dict[str, str]) -> list[dict[str, Any]]:
    frame = looks_to_frame(looks, group_names=group_names).astype(object)
    rows = frame.where(frame.notna(), None).to_dict("records")
    return [{**row, **{name: list(row[name]) for name in LISTS}} for row in rows]


def ids_and_tags(frame: pd.DataFrame) -> list[tuple[str, list[str]]]:
    return [(look_id, list(tags)) for look_id, tags in zip(frame["id"], frame["tags"], strict=True)]


EXPECTED = [("look_1", ["UGC", "it's; new"]), ("look_2", []), ("look_3", []), ("look_4", [])]


@pytest.mark.parametrize("looks", [LOOKS, PLAIN, []], ids=["full", "plain", "none"])
def test_the_schema_of_a_file_is_the_same_for_any_looks(tmp_path: Path, looks: list[Look]) -> None:
    path = tmp_path / "looks.parquet"
    looks_to_parquet(looks, path)
    assert pq.read_schema(path).equals(parquet_schema())


def test_the_schema_has_the_columns_of_a_frame_with_types_that_fit() -> None:
    schema = parquet_schema()
    assert schema.names == looks_to_frame([]).columns.tolist()
    assert {name: schema.field(name).type for name in schema.names} == {
        **dict.fromkeys(schema.names, pa.string()),
        **dict.fromkeys(["ownership", "gender", "orientation"], pa.dictionary(pa.int8(), pa.string())),
        **dict.fromkeys(["tags", "supported_api_engines"], pa.list_(pa.string())),
        **dict.fromkeys(["image_width", "image_height"], pa.int64()),
        "is_ready": pa.bool_(),
    }


def test_pyarrow_reads_the_rows_of_the_frame(accounts: list[str]) -> None:
    assert pq.read_table(accounts[0]).to_pylist() == rows_of(LOOKS, NAMES)
    assert pq.read_table(accounts[1]).to_pylist() == rows_of(PLAIN, {})


def test_the_fixed_categories_are_in_the_file_also_where_few_of_them_occur(accounts: list[str]) -> None:
    gender = pq.read_table(accounts[0])["gender"].chunk(0)
    assert gender.dictionary.to_pylist() == ["female", "male"]


def test_pandas_reads_looks_that_come_back_as_they_were(accounts: list[str]) -> None:
    looks, group_names = frame_to_looks(pd.read_parquet(accounts[0]))
    assert looks == LOOKS
    assert [look.ownership for look in looks] == ["public", "private"]
    assert looks[0].preview_image_url == LOOKS[0].preview_image_url
    assert group_names == NAMES
    assert frame_to_looks(pd.read_parquet(accounts))[0] == LOOKS + PLAIN


def test_tables_of_two_accounts_concatenate_as_they_are(accounts: list[str]) -> None:
    table = pa.concat_tables([pq.read_table(path) for path in accounts])
    assert table.to_pylist() == rows_of(LOOKS + PLAIN, NAMES)


def test_a_dataset_reads_two_accounts_as_one_table(accounts: list[str]) -> None:
    table = ds.dataset(accounts).to_table()
    assert table.schema.equals(parquet_schema())
    assert table.to_pylist() == rows_of(LOOKS + PLAIN, NAMES)


def test_a_dataset_reads_an_account_without_looks_along(accounts_one_empty: list[str]) -> None:
    for paths in (accounts_one_empty, accounts_one_empty[::-1]):
        assert ds.dataset(paths).to_table().to_pylist() == rows_of(LOOKS, NAMES)


def test_duckdb_reads_two_accounts_by_a_glob(accounts: list[str]) -> None:
    files = str(Path(accounts[0]).parent / "*.parquet")
    with duckdb.connect() as connection:
        read = connection.execute("SELECT * FROM read_parquet(?) ORDER BY id", [files])
        names = [column[0] for column in read.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in read.fetchall()]
        tagged = connection.execute("SELECT id FROM read_parquet(?) WHERE list_contains(tags, 'UGC')", [files])
        assert tagged.fetchall() == [("look_1",)]
    assert rows == rows_of(LOOKS + PLAIN, NAMES)


def test_duckdb_reads_an_account_without_looks_along(accounts_one_empty: list[str]) -> None:
    with duckdb.connect() as connection:
        read = connection.execute("SELECT id, tags FROM read_parquet(?) ORDER BY id", [accounts_one_empty[::-1]])
        assert read.fetchall() == EXPECTED[:2]


def test_dask_reads_two_accounts_and_their_looks_come_back(accounts: list[str]) -> None:
    frame = dd.read_parquet(accounts)
    assert frame.npartitions == 2
    read = frame.compute()
    assert ids_and_tags(read) == EXPECTED
    assert frame_to_looks(read) == (LOOKS + PLAIN, NAMES)


@pytest.mark.parametrize("order", [1, -1], ids=["empty-last", "empty-first"])
def test_dask_reads_an_account_without_looks_along(accounts_one_empty: list[str], order: int) -> None:
    frame = dd.read_parquet(accounts_one_empty[::order])
    assert ids_and_tags(frame.compute()) == EXPECTED[:2]
    counts = frame.groupby("ownership", observed=True)["id"].count().compute()
    assert counts.to_dict() == {"public": 1, "private": 1}


def test_a_new_file_takes_the_place_of_the_old_one_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "looks.parquet"
    looks_to_parquet(LOOKS, path)
    looks_to_parquet(PLAIN, str(path))
    assert pq.read_table(path)["id"].to_pylist() == ["look_3", "look_4"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_while_it_writes_leaves_the_old_file_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "looks.parquet"
    looks_to_parquet(LOOKS, path)

    def break_off(_table: object, file: Any) -> None:
        file.write(b"PAR1")
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "write_table", break_off)
    with pytest.raises(KeyboardInterrupt):
        looks_to_parquet(PLAIN, path)
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    assert pq.read_table(path)["id"].to_pylist() == ["look_1", "look_2"]


def test_a_process_that_dies_while_it_writes_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "looks.parquet"
    looks_to_parquet(LOOKS, path)
    program = """
import os, sys
import pyarrow.parquet as pq
from heygen_widgets.frame import looks_to_parquet

def die(_table, file):
    file.write(b"PAR1")
    file.flush()
    os._exit(9)

pq.write_table = die
looks_to_parquet([], sys.argv[1])
"""
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 9
    assert pq.read_table(path)["id"].to_pylist() == ["look_1", "look_2"]
    # What it left is not taken for an export.
    assert list(tmp_path.glob("*.parquet")) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_mode_of_a_file_is_what_the_umask_gives(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        looks_to_parquet([], tmp_path / "looks.parquet")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "looks.parquet").stat().st_mode) == mode


@pytest.mark.skipif(os.name == "nt", reason="Windows gives links to administrators only")
def test_a_link_stays_and_the_file_it_stands_for_is_replaced(tmp_path: Path) -> None:
    path, link = tmp_path / "looks.parquet", tmp_path / "latest.parquet"
    looks_to_parquet(LOOKS, path)
    link.symlink_to(path)
    looks_to_parquet(PLAIN, link)
    assert link.is_symlink()
    assert pq.read_table(path)["id"].to_pylist() == ["look_3", "look_4"]


@pytest.mark.parametrize("looks", [LOOKS, PLAIN, []])
def test_pandas_reads_sizes_as_they_are_in_the_frame_whether_some_are_missing_or_not(
    looks: list[Look], tmp_path: Path
) -> None:
    looks_to_parquet(looks, tmp_path / "looks.parquet")
    read = pd.read_parquet(tmp_path / "looks.parquet")
    assert read["image_width"].dtype == read["image_height"].dtype == pd.Int64Dtype()
    assert list(frame_to_looks(read)[0]) == looks


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        looks_to_parquet(LOOKS, tmp_path / "nowhere" / "looks.parquet")


def test_without_pyarrow_it_is_named_with_the_way_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        looks_to_parquet(LOOKS, tmp_path / "looks.parquet")
    assert list(tmp_path.iterdir()) == []


def test_something_that_is_no_look_is_named_and_no_file_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="str"):
        looks_to_parquet(["look_1"], tmp_path / "looks.parquet")  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1", "'=1"),
        ("'=1", "''=1"),
        ("''＠x", "'''＠x"),
        ("'a", "'a"),
        ("a=1", "a=1"),
        ("", ""),
        ("'", "'"),
        ("a;=1", "a;'=1"),
        ("a; '=1; b", "a; ''=1; b"),
        ("\u00a0=1", "\u00a0'=1"),
        ("\n=1", "'\n'=1"),
        ("Ann-Marie; Jean-Luc, 9:16", "Ann-Marie; Jean-Luc, 9:16"),
    ],
)
def test_a_cell_for_a_spreadsheet_is_read_back_as_the_text_it_was(text: str, cell: str) -> None:
    assert as_cell(text) == cell
    assert from_cell(cell) == text


@given(st.text("'\";,=+-@＝ \t\r\nab\u00a0\ufeff", max_size=12))
def test_any_text_is_read_back_and_no_cell_begins_a_formula_wherever_a_reader_parts_them(text: str) -> None:
    cell = as_cell(text)
    assert from_cell(cell) == text
    for part in re.split(r"[;,\t\r\n]", cell):
        assert not part.strip(' "\u00a0\ufeff').startswith(tuple("=+-@＝"))
