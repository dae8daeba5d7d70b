"""The file format of a snapshot: one catalogue as gzipped JSON lines.

The first line is a header with format, scope, time and numbers of records. One line for each group follows, then one
for each look, then an end line. The file holds neither the key nor the address of the service. Files may come from
strangers: they are read under limits, and their records are cleaned like those of the service.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

from .. import _parsing as read
from .._files import replacement
from ..errors import APIResponseError, SnapshotError
from ..models import AvatarGroup, Look
from .types import Scope

__all__ = [
    "FORMAT_NUMBER",
    "SavedSnapshot",
    "Snapshot",
    "open_file",
    "read_snapshot",
    "save_snapshot",
    "unpack",
    "write_snapshot",
]

T = TypeVar("T", Look, AvatarGroup)

FORMAT_NUMBER = 1
LARGEST_CONTENT = 2**30  # bytes, unpacked; 100,000 looks take some 100 MB
LONGEST_LINE = 2**20  # bytes
MOST_VALUES = 2**24  # a gigabyte of "[],[],…" would become 25 GB of lists; a look has some 20 values

_FORMAT = "heygen_widgets catalogue"
_END = {"end": True}
_LAST_SECOND = 253_402_300_799  # Unix time in s: the end of the year 9999, the last that datetime can hold
_LEVEL = 3  # of gzip; the usual level 6 takes 1.7 times as long and saves 6 % of the bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One catalogue at one time, each look and group once; `loaded_at` is a Unix time in s."""

    looks: tuple[Look, ...] = field(repr=False)
    groups: tuple[AvatarGroup, ...] = field(repr=False)
    scope: Scope
    loaded_at: float
    complete: bool


@dataclass(frozen=True, slots=True)
class SavedSnapshot:
    """The result of `LookCatalogue.save`.

    Attributes
    ----------
    path : pathlib.Path
    looks, groups : int
        Numbers of looks and avatar groups in the file.
    private : int
        How many of the looks are private. Everyone who has the file can see them until their preview URLs expire. Looks
        of unknown ownership are not counted.
    complete : bool
        Whether these are all looks within the catalogue's scope.
    """

    path: Path
    looks: int
    groups: int
    private: int
    complete: bool


def save_snapshot(path: Path, snapshot: Snapshot) -> SavedSnapshot:
    """Write a snapshot for a user, as `write_snapshot` does. Raises ValueError for the name of a table."""
    if path.name.lower().endswith((".csv", ".csv.gz", ".tsv", ".parquet", ".xls", ".xlsx")):
        raise ValueError(
            f"{path} has the name of a table, but a snapshot is none. Use to_parquet(path), or to_frame(flat=True) and "
            "pandas for CSV and Excel. The name of a snapshot ends in .jsonl.gz."
        )
    write_snapshot(path, snapshot)
    private = sum(look.ownership == "private" for look in snapshot.looks)
    return SavedSnapshot(path, len(snapshot.looks), len(snapshot.groups), private, snapshot.complete)


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot to a file that only this user can read (mode 0600), whole or not at all.

    Raises OSError, and SnapshotError when `read_snapshot` would refuse the file: too large, an id twice, a value that
    JSON cannot hold, a wrong time.
    """
    try:
        with (
            replacement(path, 0o600) as file,
            gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL) as packed,
            # Packing line by line takes longer.
            io.BufferedWriter(packed, 2**18) as buffer,
        ):
            for line in _bounded(_lines_of(snapshot)):
                buffer.write(line)
    except SnapshotError as error:
        raise SnapshotError(f"{path} was not written, because it {error}.") from None


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot that may come from anybody.

    Raises OSError, and SnapshotError when the file is no snapshot, damaged, or of a newer format.
    """
    with open(path, "rb", opener=open_file) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise SnapshotError(f"{path} is not a regular file.")
        return unpack(file, path)


def open_file(path: str, flags: int) -> int:
    """Open a file without waiting for the other end of a named pipe: an `opener` for `open`."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def unpack(file: BinaryIO, path: Path) -> Snapshot:
    """Read a snapshot from an open file; errors name the path. Raises as `read_snapshot` does."""
    try:
        lines = _bounded(_unpacked_lines(file))
        header = _checked_header(_parsed(lines, 1))
        groups = _read_records(lines, "group", AvatarGroup.from_json, 2, header["groups"])
        looks = _read_records(lines, "look", Look.from_json, 2 + len(groups), header["looks"])
        number = 2 + len(groups) + len(looks)
        if _parsed(lines, number) != _END:
            raise SnapshotError(f"does not end in line {number}, where its first line says it would")
        # This also reads the checksum.
        if next(lines, None) is not None:
            raise SnapshotError("goes on after its end")
    except SnapshotError as error:
        raise SnapshotError(f"{path} {error}.") from None
    scope = Scope(header["ownership"], read.label(header["avatar_type"]), read.label(header["group_id"]))
    return Snapshot(looks, groups, scope, float(header["loaded_at"]), header["complete"])


# From here on, an error's text says what is wrong and follows the file's name.


def _bounded(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Pass lines on until they exceed a limit; the writer and the reader have the same limits."""
    size = values = 0
    for line in lines:
        size += len(line)
        values += line.count(b",") + line.count(b"[") + line.count(b"{")
        if len(line) > LONGEST_LINE:
            raise SnapshotError(f"has a line of more than {LONGEST_LINE} bytes")
        if size > LARGEST_CONTENT:
            raise SnapshotError(f"holds more than {LARGEST_CONTENT >> 20} MB when unpacked")
        if values > MOST_VALUES:
            raise SnapshotError(f"holds more than {MOST_VALUES} values")
        yield line


def _unpacked_lines(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
        empty = True
        try:
            while line := unpacked.readline(LONGEST_LINE + 1):
                empty = False
                yield line
        except EOFError:
            raise SnapshotError("is cut short") from None
        except (gzip.BadGzipFile, zlib.error):
            problem = "is no gzip file, and so no snapshot of a catalogue" if empty else "is damaged"
            raise SnapshotError(problem) from None
    if empty and not file.tell():
        raise SnapshotError("is empty")


def _lines_of(snapshot: Snapshot) -> Iterator[bytes]:
    header = {"format": _FORMAT, "version": FORMAT_NUMBER, **snapshot.scope._asdict()}
    header |= {"loaded_at": snapshot.loaded_at, "complete": snapshot.complete}
    header |= {"groups": len(snapshot.groups), "looks": len(snapshot.looks)}
    yield _line(_checked_header(header))
    yield from _record_lines("group", snapshot.groups)
    yield from _record_lines("look", snapshot.looks)
    yield _line(_END)


def _record_lines(kind: str, records: Sequence[AvatarGroup | Look]) -> Iterator[bytes]:
    if len({record.id for record in records}) < len(records):
        raise SnapshotError(f"holds two {kind}s of the same id")
    for number, record in enumerate(records, 1):
        if not _is_ownership(record.ownership):
            raise SnapshotError(f"holds a {kind} (number {number}) whose 'ownership' is not public, private or null")
        try:
            yield _line({kind: record.to_json(), "ownership": record.ownership})
        except (TypeError, ValueError, RecursionError):
            raise SnapshotError(f"holds a {kind} (number {number}) that cannot be written as JSON") from None


def _is_ownership(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in ("private", "public"))


def _checked_header(header: dict[str, Any]) -> dict[str, Any]:
    if header.get("format") != _FORMAT:
        raise SnapshotError("is no snapshot of a catalogue, but something else")
    version = read.integer(header.get("version"), 1)
    if version is None:
        raise SnapshotError("does not say in its first line which format it has")
    if version > FORMAT_NUMBER:
        raise SnapshotError(f"has format {version}, of a newer heygen_widgets (this one reads {FORMAT_NUMBER}): update")
    for name, (is_valid, expected) in _FIELDS.items():
        if not is_valid(header.get(name)):
            raise SnapshotError(f"has a first line whose {name!r} is not {expected}")
    return {**dict.fromkeys(_FIELDS), **header}


def _is_time(value: object) -> bool:
    # The comparison also refuses NaN, and integers that are too large for a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LAST_SECOND


def _is_count(value: object) -> bool:
    return read.integer(value, 0) is not None


_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "ownership": (_is_ownership, "public, private or null"),
    "avatar_type": (lambda value: isinstance(value, str | None), "a string or null"),
    "group_id": (lambda value: isinstance(value, str | None), "a string or null"),
    "loaded_at": (_is_time, "a time in s since 1970"),
    "complete": (lambda value: isinstance(value, bool), "true or false"),
    "groups": (_is_count, "a number of records"),
    "looks": (_is_count, "a number of records"),
}


def _read_records(
    lines: Iterator[bytes], kind: str, from_json: Callable[..., T], start: int, count: int
) -> tuple[T, ...]:
    records: dict[str, T] = {}
    for number in range(start, start + count):
        envelope = _parsed(lines, number)
        if kind not in envelope:
            raise SnapshotError(f"has no {kind} in line {number}, where its first line says there is one")
        ownership = envelope.get("ownership")
        if not _is_ownership(ownership):
            raise SnapshotError(f"has in line {number} an 'ownership' that is not public, private or null")
        try:
            record = from_json(envelope[kind], ownership=ownership)
        except APIResponseError as error:
            problem = str(error).removeprefix("The service sent ").removesuffix(".")
            raise SnapshotError(f"has in line {number} {problem}") from None
        if record.id in records:
            raise SnapshotError(f"has in line {number} a {kind} whose id was there before")
        records[record.id] = record
    return tuple(records.values())


def _line(content: dict[str, Any]) -> bytes:
    return _ENCODER.encode(content).encode() + b"\n"


def _parsed(lines: Iterator[bytes], number: int) -> dict[str, Any]:
    """Parse the next line, which is a JSON object."""
    line = next(lines, None)
    if line is None:
        raise SnapshotError("is cut short: lines are missing at its end")
    try:
        content = _DECODER.decode(line.decode())
    except UnicodeDecodeError:
        problem = "no UTF-8 text"
    except ValueError:
        problem = "no valid JSON"
    except RecursionError:
        problem = "nested too deeply"
    else:
        if isinstance(content, dict):
            return content
        problem = "no JSON object"
    # The first line shows whether the file is a snapshot at all.
    prefix = "is no snapshot of a catalogue: it " if number == 1 else ""
    raise SnapshotError(f"{prefix}has a line {number} that is {problem}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


# ASCII, because UTF-8 cannot hold a lone surrogate. A value that contains itself ends in a RecursionError.
_ENCODER = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":"))
# Unlike `json.loads`, this refuses UTF-16, and it is made only once.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
