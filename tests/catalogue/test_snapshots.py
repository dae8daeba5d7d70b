"""A written snapshot is read back, a damaged or hostile file is refused in plain words, and no file is half new."""

import dataclasses
import gzip
import json
import os
import secrets
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, strategies as st
from test_fuzz import values
from test_models import SERVED_GROUP, SERVED_LOOK

from heygen_widgets.catalogue import snapshots
from heygen_widgets.catalogue.snapshots import Scope, Snapshot, read_snapshot, write_snapshot
from heygen_widgets.errors import SnapshotError
from heygen_widgets.models import AvatarGroup, Look

GROUP = AvatarGroup.from_json(SERVED_GROUP, ownership="private")
LOOKS = (
    Look.from_json(SERVED_LOOK, ownership="private"),
    Look("b", "second", "studio_avatar", ownership="public"),
    Look("a", "third", "studio_avatar"),
)
SNAPSHOT = Snapshot(LOOKS, (GROUP,), Scope("private", "photo_avatar", "group_abc123"), 1_790_000_000.25, False)
HEADER: dict[str, Any] = {
    "format": "heygen_widgets catalogue",
    "version": 1,
    "ownership": None,
    "avatar_type": None,
    "group_id": None,
    "loaded_at": 1_790_000_000.0,
    "complete": True,
}
LINE = b'{"look":{"id":"a","name":"A","avatar_type":"photo_avatar"},"ownership":"public"}'
Read: TypeAlias = Callable[[bytes], Snapshot]

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")


def everything(snapshot: Snapshot) -> dict[str, Any]:
    """Give all fields, including those of a record that are not part of its equality."""
    return dataclasses.asdict(snapshot)


def header(**changes: object) -> bytes:
    return json.dumps({**HEADER, **changes}).encode()


def packed(*lines: bytes) -> bytes:
    return gzip.compress(b"\n".join(lines) + b"\n")


@pytest.fixture
def read(path: Path) -> Read:
    def read_file(content: bytes) -> Snapshot:
        path.write_bytes(content)
        return read_snapshot(path)

    return read_file


def assert_refused(read: Read, content: bytes, match: str) -> None:
    with pytest.raises(SnapshotError, match=match) as caught:
        read(content)
    assert "looks.jsonl.gz cannot be read as a snapshot" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "looks.jsonl.gz"


def test_the_file_is_gzipped_json_lines_that_other_tools_can_read(path: Path) -> None:
    write_snapshot(path, SNAPSHOT)
    first, group, *looks = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    assert set(first) == set(HEADER)  # and no key or address
    assert (first["format"], first["version"]) == ("heygen_widgets catalogue", 1)
    assert group == {"group": GROUP.to_json(), "ownership": "private"}
    assert [line["ownership"] for line in looks] == ["private", "public", None]
    assert [line["look"]["id"] for line in looks] == ["look_def456", "b", "a"]
    assert everything(read_snapshot(path)) == everything(SNAPSHOT)
    look = read_snapshot(path).looks[0]
    assert (look.gender, look.extra["gender"]) == ("female", "Woman")  # as it was served
    assert "look_def456" not in repr(SNAPSHOT)


def test_the_records_of_a_stranger_are_cleaned_and_unknown_fields_are_ignored(path: Path, read: Read) -> None:
    write_snapshot(path, dataclasses.replace(SNAPSHOT, looks=(Look("a", "\ud800", "photo_avatar"),)))
    assert read_snapshot(path).looks[0].name == "\N{REPLACEMENT CHARACTER}"
    line = LINE.replace(b'"A"', rb'"\ud800\u0000","deep":' + b"[" * 500 + b"]" * 500 + b',"big":1e999')
    (look,) = read(packed(header(note="x"), line.replace(b'{"look"', b'{"seen":3,"look"'))).looks
    assert look.name == "\N{REPLACEMENT CHARACTER}" * 2
    assert look.extra["big"] is None
    assert json.dumps(look.extra["deep"]).count("[") <= 20
    for owner in (b'"mine"', b"[]", b"null"):
        (look,) = read(packed(header(), LINE.replace(b'"public"', owner))).looks
        assert look.ownership is None


@posix_only
def test_no_link_is_a_temporary_file(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    planted = tmp_path / f".heygen_widgets-{'0' * 16}.tmp"  # where the temporary file will be
    monkeypatch.setattr(secrets, "token_hex", lambda _: planted.symlink_to(target) or "0" * 16)
    with pytest.raises(FileExistsError):
        write_snapshot(path, SNAPSHOT)
    assert target.read_text() == "mine"


@pytest.mark.parametrize("extra", [{"x": {1, 2}}, {"x": float("nan")}])
def test_a_value_that_is_no_json_is_not_written(extra: dict[str, Any], path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"looks\.jsonl\.gz was not written: .*JSON"):
        write_snapshot(path, dataclasses.replace(SNAPSHOT, looks=(Look("z", "Z", "photo_avatar", extra=extra),)))
    assert os.listdir(path.parent) == []


def test_a_record_that_is_too_long_is_saved_without_its_unknown_fields(path: Path) -> None:
    long = dataclasses.replace(LOOKS[0], id="long", extra={"x": "x" * 2**20})
    largest = Look("largest", "\N{PARTY POPPER}" * 2**21, "photo_avatar")  # the largest text of a response
    group = dataclasses.replace(GROUP, extra=long.extra)
    write_snapshot(path, dataclasses.replace(SNAPSHOT, looks=(LOOKS[0], long, largest), groups=(group,)))
    read = read_snapshot(path)
    assert read.looks == (LOOKS[0], long, largest)
    assert [bool(record.extra) for record in (*read.looks, *read.groups)] == [True, False, False, False]


@pytest.mark.parametrize(("limit", "value"), [("LARGEST_CONTENT", 500), ("MOST_VALUES", 50), ("LONGEST_LINE", 500)])
def test_a_file_that_is_too_large_is_neither_written_nor_read(
    limit: str, value: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(path, SNAPSHOT)
    line = json.dumps({"look": LOOKS[0].to_json(), "ownership": "private"})
    needed = {"LARGEST_CONTENT": 100_000 * len(line), "MOST_VALUES": 100_000 * (line.count(",") + 1)}
    assert 2 * needed.get(limit, len(line)) < getattr(snapshots, limit)
    monkeypatch.setattr(snapshots, limit, value)
    with pytest.raises(SnapshotError, match=f"larger than.*{value}"):
        read_snapshot(path)
    with pytest.raises(SnapshotError, match=f"other was not written: .*larger than.*{value}"):
        write_snapshot(path.with_name("other"), SNAPSHOT)
    assert os.listdir(path.parent) == [path.name]


def test_a_line_without_end_is_refused_long_before_it_is_unpacked(read: Read) -> None:
    content = gzip.compress(b" " * 2**27)
    tracemalloc.start()
    try:
        assert_refused(read, content, "larger than.*33554432 in a line")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80 * 2**20


@pytest.mark.parametrize(
    ("content", "match"),
    [
        *((raw, "Not a gzipped file") for raw in (b"garbage", b'{"format": 1}', b"PK\x03\x04", b"\0" * 10**6)),
        *((raw, "no valid 'format'") for raw in (b"", packed(b"id,name", b"1,2"), packed(b'{"id": "a"}'))),
        (packed(header(version=2)), "format 2 is newer.*update"),
        (packed(header(), LINE) + gzip.compress(b"more"), "line 3 is neither"),
        (packed(header(), LINE) + b"x", "Not a gzipped file"),
        (packed(header(), LINE)[:-8] + b"\1" * 8, "CRC"),
    ],
    ids=range(11),
)
def test_another_file_and_one_that_goes_on_are_refused(content: bytes, match: str, read: Read) -> None:
    assert_refused(read, content, match)


def test_a_file_that_is_cut_is_refused_and_one_with_the_end_line_of_earlier_ones_is_read(
    path: Path, read: Read
) -> None:
    write_snapshot(path, SNAPSHOT)
    content = path.read_bytes()
    for length in range(len(content)):
        assert_refused(read, content[:length], "ended before|Not a gzipped file|first line")
    assert len(read(gzip.compress(b"\n".join([header(), LINE]))).looks) == 1
    assert len(read(packed(header(), LINE, b'{"end":true}')).looks) == 1


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("loaded_at", (True, None, "1790000000", [], -1, -0.5, 1e12, 10**400, float("inf"), float("-inf"))),
        ("complete", (None, 0, 1, "true", [])),
        ("ownership", ("", "mine", True, 0, [], {})),
        ("avatar_type", (1, True, [], {})),
        ("group_id", (1, False, [], {})),
        ("version", (None, 0, "1")),
    ],
)
def test_a_wrong_value_in_the_first_line_is_named(name: str, values: tuple[object, ...], read: Read) -> None:
    for value in values:
        line = header(**{name: value}).replace(b"Infinity", b"1e999")  # JSON's way to write it
        assert_refused(read, packed(line, LINE), f"first line has no valid '{name}'")
    loaded_at = read(packed(header(loaded_at=1_790_000_000), LINE)).loaded_at
    assert (loaded_at, type(loaded_at)) == (1_790_000_000.0, float)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"null", b"{}", b'{"look":null}', b'{"group":{"id":"g"}}', LINE.decode().encode("utf-16")),
        *(LINE.replace(b'"a"', value) for value in (b"NaN", b'""')),
        *(LINE.replace(b'"A"', value) for value in (b"5", b"1" * 5000, b"[" * 100_000 + b"]" * 100_000, b'"\xff"')),
        LINE.replace(b'"id":"a",', b""),
    ],
    ids=range(13),
)
def test_a_line_that_is_no_record_is_refused_by_its_number(line: bytes, read: Read) -> None:
    assert_refused(read, packed(header(), LINE, line), "line 3 is neither a group nor a look")


json_texts = values.map(lambda value: json.dumps(value).encode())


@given(st.sampled_from(sorted(HEADER)), json_texts, json_texts)
def test_no_first_line_and_no_record_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: bytes, record: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl.gz"
    first = header(**{name: "@"}).replace(b'"@"', value)
    for line in (LINE, record, b'{"look":%b,"ownership":"public"}' % record, LINE.replace(b'"public"', record)):
        with suppress(SnapshotError):
            path.write_bytes(packed(first, line))
            snapshot = read_snapshot(path)
            assert all(look.ownership in (None, "public", "private") for look in snapshot.looks)
            assert isinstance(snapshot.loaded_at, float)
