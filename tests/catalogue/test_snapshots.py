"""Snapshots: what is written comes back, what is damaged or hostile is refused in plain words, no file is half new."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
import os
import secrets
import stat
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_models import SERVED_GROUP, SERVED_LOOK, records

from heygen_widgets import _files
from heygen_widgets._files import TEMPORARY_NAME
from heygen_widgets.catalogue import snapshots as _snapshots
from heygen_widgets.catalogue.snapshots import Snapshot, read_snapshot, read_snapshot_file, write_snapshot
from heygen_widgets.errors import HeyGenError, SnapshotError
from heygen_widgets.models import AvatarGroup, Look

GROUP = AvatarGroup.from_json(SERVED_GROUP, ownership="private")
LOOKS = (
    Look.from_json(SERVED_LOOK, ownership="private"),
    Look("b", "second", "studio_avatar", ownership="public"),
    Look("a", "third", "studio_avatar"),
)
SNAPSHOT = Snapshot(LOOKS, (GROUP,), "private", "photo_avatar", "group_abc123", 1_790_000_000.25, False)
HEADER: dict[str, Any] = {
    "format": "heygen_widgets catalogue",
    "version": 1,
    "ownership": None,
    "avatar_type": None,
    "group_id": None,
    "loaded_at": 1_790_000_000.0,
    "complete": True,
    "groups": 0,
    "looks": 1,
}
LINE = b'{"look":{"id":"a","name":"A","avatar_type":"photo_avatar"},"ownership":"public"}'
END = b'{"end":true}'


def everything(snapshot: Snapshot) -> dict[str, Any]:
    """Give all fields: those of a record that take no part in its equality too."""
    return dataclasses.asdict(snapshot)


def lines_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()


def header(**changes: object) -> bytes:
    return json.dumps({**HEADER, **changes}).encode()


def read_lines(*lines: bytes) -> Snapshot:
    return read_snapshot_file(io.BytesIO(gzip.compress(b"\n".join(lines) + b"\n")), "shared.jsonl.gz")


def assert_refused(content: bytes, match: str) -> None:
    with pytest.raises(SnapshotError, match=match) as caught:
        read_snapshot_file(io.BytesIO(content), "shared.jsonl.gz")
    assert str(caught.value).startswith("shared.jsonl.gz ")
    assert "\n" not in str(caught.value)


def assert_lines_refused(*lines: bytes, match: str) -> None:
    assert_refused(gzip.compress(b"\n".join(lines) + b"\n"), match)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "looks.jsonl.gz"


# --- what is written comes back


def test_a_snapshot_comes_back_with_scope_time_order_and_every_field(path: Path) -> None:
    write_snapshot(path, SNAPSHOT)
    assert everything(read_snapshot(path)) == everything(SNAPSHOT)
    assert read_snapshot(path).scope == ("private", "photo_avatar", "group_abc123")


def test_the_gender_comes_back_as_it_was_served(path: Path) -> None:
    write_snapshot(path, SNAPSHOT)
    look, *_ = read_snapshot(path).looks
    assert (look.gender, look.extra["gender"]) == ("female", "Woman")
    assert look.to_json() == LOOKS[0].to_json()


def test_an_empty_catalogue_is_a_snapshot_too(path: Path) -> None:
    empty = Snapshot((), (), None, None, None, 0.0, True)
    write_snapshot(path, empty)
    assert read_snapshot(path) == empty


@given(
    looks=st.lists(
        st.tuples(records(SERVED_LOOK), st.sampled_from([None, "public", "private"])),
        max_size=4,
    ),
    groups=st.lists(records(SERVED_GROUP), max_size=2),
    ownership=st.sampled_from([None, "public", "private"]),
    avatar_type=st.none() | st.text(),
    group_id=st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    loaded_at=st.floats(0, 253_402_300_799),
    complete=st.booleans(),
)
def test_whatever_the_service_served_comes_back_as_it_was_read(
    looks: list[tuple[dict[str, Any], str | None]],
    groups: list[dict[str, Any]],
    ownership: str | None,
    avatar_type: str | None,
    group_id: str | None,
    loaded_at: float,
    complete: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    snapshot = Snapshot(
        tuple(
            Look.from_json({**record, "id": f"look_{number}", "name": "L", "avatar_type": "new"}, ownership=owner)
            for number, (record, owner) in enumerate(looks)
        ),
        tuple(
            AvatarGroup.from_json({**record, "id": f"group_{number}", "name": "G"}, ownership=ownership)
            for number, record in enumerate(groups)
        ),
        ownership,
        None if avatar_type is None else avatar_type.replace("\0", ""),
        group_id,
        loaded_at,
        complete,
    )
    path = tmp_path_factory.getbasetemp() / "any.jsonl.gz"
    write_snapshot(path, snapshot)
    assert everything(read_snapshot(path)) == everything(snapshot)


def test_the_file_is_gzipped_json_lines_that_other_tools_can_read(path: Path) -> None:
    write_snapshot(path, SNAPSHOT)
    first, group, *looks, last = (json.loads(line) for line in lines_of(path))
    assert (first["format"], first["version"]) == ("heygen_widgets catalogue", 1)
    assert (first["groups"], first["looks"]) == (1, 3)
    assert group == {"group": GROUP.to_json(), "ownership": "private"}
    assert [line["ownership"] for line in looks] == ["private", "public", None]
    assert [line["look"]["id"] for line in looks] == ["look_def456", "b", "a"]
    assert last == {"end": True}


def test_the_first_line_holds_the_scope_and_nothing_of_the_service_or_the_key(path: Path) -> None:
    write_snapshot(path, SNAPSHOT)
    assert set(json.loads(lines_of(path)[0])) == set(HEADER)


def test_a_text_beyond_unicode_s_rules_is_written_and_read_as_cleaned(path: Path) -> None:
    write_snapshot(path, dataclasses.replace(SNAPSHOT, looks=(Look("a", "\ud800", "photo_avatar"),)))
    assert read_snapshot(path).looks[0].name == "\N{REPLACEMENT CHARACTER}"


def test_a_snapshot_s_repr_does_not_list_its_looks() -> None:
    assert "look_def456" not in repr(SNAPSHOT)


def test_looks_are_written_and_read_without_the_whole_text_in_memory(path: Path) -> None:
    tag = "t" * 1000
    look = Look.from_json({**SERVED_LOOK, "tags": [tag] * 100})
    looks = tuple(dataclasses.replace(look, id=str(number)) for number in range(300))
    tracemalloc.start()
    try:
        write_snapshot(path, dataclasses.replace(SNAPSHOT, looks=looks))
        read = read_snapshot(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = sum(map(len, lines_of(path)))
    assert read.looks == looks
    assert text > 30_000_000
    assert peak < text / 5


# --- whole or not at all


def fail(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(
    function: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(path, SNAPSHOT)
    old = path.read_bytes()
    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="No space left"):
        write_snapshot(path, dataclasses.replace(SNAPSHOT, looks=()))
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_an_interrupt_while_writing_leaves_the_old_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(path, SNAPSHOT)
    old = path.read_bytes()

    def interrupted(lines: Iterator[bytes]) -> Iterator[bytes]:
        yield next(lines)
        raise KeyboardInterrupt

    monkeypatch.setattr(_snapshots, "pack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_snapshot(path, SNAPSHOT)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_the_old_file_stays_until_the_new_one_is_on_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_snapshot(path, SNAPSHOT)
    empty = dataclasses.replace(SNAPSHOT, looks=())
    seen = []

    def replace(source: Path, target: Path) -> None:
        seen.append("replace")
        assert TEMPORARY_NAME.fullmatch(source.name)
        assert source.parent == target.parent
        assert read_snapshot(source) == empty
        assert read_snapshot(target) == SNAPSHOT

    monkeypatch.setattr(os, "fsync", lambda _: seen.append("fsync"))
    monkeypatch.setattr(os, "replace", replace)
    write_snapshot(path, empty)
    assert seen == ["fsync", "replace"]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_only_the_owner_can_read_the_file_whatever_the_umask_and_the_old_file_allow(path: Path) -> None:
    path.touch(mode=0o644)
    before = os.umask(0)
    try:
        write_snapshot(path, SNAPSHOT)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_is_replaced_and_its_target_left_alone(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    path.symlink_to(target)
    write_snapshot(path, SNAPSHOT)
    assert not path.is_symlink()
    assert target.read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_laid_where_the_temporary_file_will_be_is_not_written_through(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda size: "0" * 2 * size)
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / f".heygen_widgets-{'0' * 16}.tmp").symlink_to(target)
    with pytest.raises(FileExistsError):
        write_snapshot(path, SNAPSHOT)
    assert target.read_text() == "mine"


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_snapshot(path, SNAPSHOT)
    assert read_snapshot(path) == SNAPSHOT


def test_a_missing_folder_is_the_system_s_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_snapshot(tmp_path / "none" / "looks.jsonl.gz", SNAPSHOT)


LOOP: list[object] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"looks": (LOOKS[1], LOOKS[1])}, "two looks of the same id"),
        ({"groups": (GROUP, GROUP)}, "two groups of the same id"),
        ({"looks": (*LOOKS, Look("z", "Z", "photo_avatar", extra={"x": {1, 2}}))}, r"look \(number 4\).*JSON"),
        ({"looks": (Look("z", "Z", "photo_avatar", extra={"x": float("nan")}),)}, "JSON"),
        ({"looks": (Look("z", "Z", "photo_avatar", extra={"x": LOOP}),)}, "JSON"),
        ({"looks": (Look("z", "n" * 2**20, "photo_avatar"),)}, "line of more than 1048576 bytes"),
        ({"looks": (Look("z", "Z", "photo_avatar", ownership="mine"),)}, "'ownership'"),
        ({"ownership": "mine"}, "'ownership'"),
        ({"loaded_at": float("nan")}, "'loaded_at'"),
        ({"loaded_at": float("inf")}, "'loaded_at'"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(changes: dict[str, Any], match: str, path: Path) -> None:
    with pytest.raises(SnapshotError, match=match) as caught:
        write_snapshot(path, dataclasses.replace(SNAPSHOT, **changes))
    assert str(path) in str(caught.value)
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize(
    ("limit", "match"),
    [("_LARGEST_CONTENT", "when unpacked"), ("_LARGEST_FILE", "is larger than"), ("_MOST_VALUES", "values")],
)
def test_what_is_too_large_is_neither_written_nor_read(
    limit: str, match: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(path, SNAPSHOT)
    monkeypatch.setattr(_files, limit, 50)
    with pytest.raises(SnapshotError, match=match):
        read_snapshot(path)
    with pytest.raises(SnapshotError, match=match):
        write_snapshot(path.with_name("other"), SNAPSHOT)


# --- files that are no snapshots


def test_an_error_is_both_of_this_package_and_a_value_error_and_names_the_file(path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(SnapshotError, match="is empty") as caught:
        read_snapshot(path)
    assert isinstance(caught.value, HeyGenError)
    assert isinstance(caught.value, ValueError)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_the_system_s_own_error(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_snapshot(path)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere opening a folder is refused")
def test_a_folder_is_the_system_s_own_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_snapshot(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_and_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(SnapshotError, match="not a regular file"):
        read_snapshot(path)


@pytest.mark.parametrize("content", [b"garbage", b'{"format": 1}', b"\x80\x04N.", b"PK\x03\x04", b"\0" * 1_000_000])
def test_a_file_that_is_not_gzipped_is_no_snapshot(content: bytes) -> None:
    assert_refused(content, "no gzip file")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "cut short"),
        (b"id,name\n1,2\n", "no snapshot.*no valid JSON"),
        (b'{"id": "a"}\n', "no snapshot of a catalogue"),
        (b'["a"]\n', "no snapshot.*no JSON object"),
        (b'{"format": "another"}\n', "no snapshot of a catalogue"),
        (b'{"format": "heygen_widgets catalogue"}\n', "which format"),
    ],
)
def test_a_gzipped_file_of_something_else_is_no_snapshot(content: bytes, match: str) -> None:
    assert_refused(gzip.compress(content), match)


def test_a_snapshot_of_a_newer_format_asks_for_an_update() -> None:
    assert_lines_refused(header(version=2), match="format 2, of a newer.*update")


@pytest.mark.parametrize("version", [None, 0, -1, True, "1", 1.0, 2**60])
def test_a_format_that_is_no_number_is_refused(version: object) -> None:
    assert_lines_refused(header(version=version), LINE, END, match="which format")


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    write_snapshot(path, SNAPSHOT)
    content = path.read_bytes()
    for length in range(1, len(content)):
        assert_refused(content[:length], "cut short|no gzip file|lines are missing")


def test_a_file_with_any_bit_of_its_data_flipped_is_refused_or_reads_the_same(path: Path) -> None:
    write_snapshot(path, SNAPSHOT)
    content = path.read_bytes()
    refused = 0
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        try:
            read = read_snapshot_file(io.BytesIO(bytes(damaged)), "damaged")
        except SnapshotError:
            refused += 1
        else:
            # Some bits mean nothing: in gzip's header, after the end of the data, or where two ways to pack are alike.
            assert read == SNAPSHOT
    assert refused > 0.9 * len(content)


def test_a_wrong_checksum_is_damage() -> None:
    content = bytearray(gzip.compress(b"\n".join([header(), LINE, END])))
    content[-8] ^= 1
    assert_refused(bytes(content), "damaged")


@pytest.mark.parametrize("block", [2, 3, 7, 64])
def test_it_matters_not_how_a_file_falls_into_blocks(block: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_snapshot(path, SNAPSHOT)
    monkeypatch.setattr(_files, "_BLOCK_SIZE", block)
    assert everything(read_snapshot(path)) == everything(SNAPSHOT)


def test_a_file_without_an_end_of_its_last_line_is_read() -> None:
    content = gzip.compress(b"\n".join([header(), LINE, END]))
    assert len(read_snapshot_file(io.BytesIO(content), "shared").looks) == 1


@pytest.mark.parametrize("more", [b"x", b"\0", gzip.compress(b"")], ids=["letter", "NUL", "gzip"])
def test_a_file_that_goes_on_after_its_end_is_refused(more: bytes) -> None:
    assert_refused(gzip.compress(b"\n".join([header(), LINE, END])) + more, "goes on after its end")


def test_what_comes_after_the_end_is_found_where_a_block_ends_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    content = gzip.compress(b"\n".join([header(), LINE, END]))
    monkeypatch.setattr(_files, "_BLOCK_SIZE", len(content))
    assert_refused(content + b"x", "goes on after its end")


def test_lines_that_go_on_after_the_last_are_refused() -> None:
    assert_lines_refused(header(), LINE, END, LINE, match="goes on after its end")


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        ([header()], "cut short"),
        ([header(), LINE], "cut short"),
        ([header(looks=2), LINE], "cut short"),
        ([header(looks=2), LINE, END], "no look in line 3"),
        ([header(looks=0), LINE, END], "does not end in line 2"),
        ([header(groups=1), LINE, END], "no group in line 2"),
        ([header(looks=2**53), LINE, END], "no look in line 3"),
        ([header(), END], "no look in line 2"),
        ([header(), LINE, b'{"end":false}'], "does not end in line 3"),
    ],
)
def test_numbers_of_records_that_do_not_hold_are_refused(lines: list[bytes], match: str) -> None:
    assert_lines_refused(*lines, match=match)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("loaded_at", value) for value in (True, None, "1790000000", [], -1, -0.5, 1e12, 10**400)),
        *(("complete", value) for value in (None, 0, 1, "true", [])),
        *(("ownership", value) for value in ("", "mine", True, 0, [], {})),
        *(("avatar_type", value) for value in (1, True, [], {})),
        *(("group_id", value) for value in (1, False, [], {})),
        *(("looks", value) for value in (None, True, -1, 1.0, "1", 2**60)),
        *(("groups", value) for value in (None, True, -1, 1.0, "1", 2**60)),
    ],
)
def test_a_field_of_the_first_line_that_has_a_wrong_value_is_named(name: str, value: object) -> None:
    assert_lines_refused(header(**{name: value}), LINE, END, match=f"first line whose '{name}' is not")


def test_a_time_in_whole_seconds_is_read_as_a_float() -> None:
    loaded_at = read_lines(header(loaded_at=1_790_000_000), LINE, END).loaded_at
    assert (loaded_at, type(loaded_at)) == (1_790_000_000.0, float)


@pytest.mark.parametrize("number", [b"1e999", b"-1e999"])
def test_a_time_beyond_what_a_float_holds_is_refused(number: bytes) -> None:
    assert_lines_refused(header().replace(b"1790000000.0", number), LINE, END, match="'loaded_at'")


@pytest.mark.parametrize(
    ("line", "match"),
    [
        (b"", "line 2 that is no valid JSON"),
        (b'"a"', "line 2 that is no JSON object"),
        (b"null", "line 2 that is no JSON object"),
        (b'{"look":', "line 2 that is no valid JSON"),
        (LINE.replace(b'"a"', b"NaN"), "line 2 that is no valid JSON"),
        (LINE.replace(b'"A"', b"-Infinity"), "line 2 that is no valid JSON"),
        (LINE.replace(b'"A"', b"1" * 5000), "line 2 that is no valid JSON"),
        (LINE.replace(b'"A"', b"[" * 100_000), "line 2 that is nested too deeply"),
        (b'{"a":' * 100_000, "line 2 that is nested too deeply"),
        (LINE.replace(b"A", b"\xff"), "line 2 that is no UTF-8 text"),
        (LINE.replace(b"A", b"\xed\xa0\x80"), "line 2 that is no UTF-8 text"),
        (LINE.decode().encode("utf-16"), "line 2 that is no UTF-8 text"),
        (b"\xef\xbb\xbf" + LINE, "line 2 that is no valid JSON"),
        (LINE.replace(b'"id":"a",', b""), "line 2 a look whose 'id' should be a string and is nothing"),
        (LINE.replace(b'"a"', b'""'), "line 2 a look whose 'id' is empty"),
        (LINE.replace(b'"A"', b"5"), "line 2 a look whose 'name' should be a string"),
        (b'{"look":null}', "line 2 a look that is no JSON object"),
        (b'{"look":[]}', "line 2 a look that is no JSON object"),
        (LINE.replace(b'"public"', b'"mine"'), "line 2 an 'ownership'"),
        (LINE.replace(b'"public"', b"true"), "line 2 an 'ownership'"),
        (LINE.replace(b'"public"', b"[]"), "line 2 an 'ownership'"),
    ],
)
def test_a_line_that_is_no_look_is_refused_by_its_number(line: bytes, match: str) -> None:
    assert_lines_refused(header(), line, END, match=match)


def test_an_id_that_comes_twice_is_refused() -> None:
    assert_lines_refused(header(looks=2), LINE, LINE, END, match="line 3 a look whose id was there before")
    group = b'{"group":{"id":"g","name":"G"}}'
    assert_lines_refused(header(groups=2), group, group, LINE, END, match="line 3 a group whose id was there before")


def test_what_a_look_of_a_stranger_holds_is_cleaned_like_the_service_s_own() -> None:
    line = LINE.replace(b'"A"', rb'"\ud800\u0000","deep":' + b"[" * 500 + b"]" * 500 + b',"big":1e999')
    (look,) = read_lines(header(), line, END).looks
    assert look.name == "\N{REPLACEMENT CHARACTER}" * 2
    assert look.extra["big"] is None
    assert json.dumps(look.extra["deep"]).count("[") <= 20


def test_fields_of_a_later_release_are_passed_over() -> None:
    line = LINE.replace(b'{"look"', b'{"seen":3,"look"')
    assert [look.id for look in read_lines(header(note="x"), line, END).looks] == ["a"]


def test_a_line_without_end_is_given_up_long_before_it_is_unpacked() -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(64):
            file.write(b" " * 2**20)
    tracemalloc.start()
    try:
        assert_refused(packed.getvalue(), "line of more than 1048576 bytes")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20


def test_a_bomb_of_many_lines_is_given_up_at_the_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "_LARGEST_CONTENT", 2**22)
    line = LINE.replace(b'"A"', b'"' + b"n" * 2**16 + b'"')
    looks = [line.replace(b'"a"', b'"%d"' % number) for number in range(200)]
    assert_lines_refused(header(looks=200), *looks, END, match="more than 4 MB when unpacked")


def test_a_bomb_of_empty_lists_is_given_up_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "_MOST_VALUES", 2**18)
    line = LINE.replace(b'"A"', b'"A","x":[' + b"[]," * 10_000 + b"[]]")
    lines = [line.replace(b'"a"', b'"%d"' % number) for number in range(60)]
    assert_lines_refused(header(looks=60), *lines, END, match="more than 262144 values")


@pytest.mark.parametrize("limit", [_files._LARGEST_FILE, _files._LARGEST_CONTENT])
def test_a_hundred_thousand_looks_are_far_below_the_limits(limit: int) -> None:
    line = json.dumps({"look": LOOKS[0].to_json(), "ownership": "private"})
    assert 100_000 * 2 * len(line) < limit
    assert 100_000 * 2 * sum(map(line.count, ",[{")) < _files._MOST_VALUES


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_whatever_raise_anything_else(content: bytes, packed: bool) -> None:
    assert_refused(gzip.compress(content) if packed else content, "is|has")


json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


@given(st.sampled_from(sorted(HEADER)), json_texts, json_texts)
def test_no_first_line_and_no_record_whatever_raise_anything_else(name: str, value: bytes, record: bytes) -> None:
    first = header(**{name: "@"}).replace(b'"@"', value)
    for line in (LINE, record, b'{"look":%b,"ownership":"public"}' % record, LINE.replace(b'"public"', record)):
        with suppress(SnapshotError):
            snapshot = read_lines(first, line, END)
            assert all(look.ownership in (None, "public", "private") for look in snapshot.looks)
            assert isinstance(snapshot.loaded_at, float)


def test_a_line_that_is_nested_too_deeply_is_refused() -> None:
    # More levels than any Python reads: from 3.12 on, the recursion limit no longer bounds the json module.
    line = LINE.replace(b'"A"', b'"A","x":' + b"[" * 100_000 + b"]" * 100_000)
    assert_lines_refused(header(), line, END, match="nested too deeply")
