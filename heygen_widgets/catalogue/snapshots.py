"""The file format of a snapshot: one catalogue as gzipped JSON lines, read under limits as if a stranger had sent it.

The first line is a header (format, scope, time, numbers of records). A line for each group follows, then one for each
look, and a last one that closes the file. Neither the key nor the address of the service is in it.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn, TypeGuard, TypeVar

from .. import _parsing as read
from .._files import open_without_waiting, pack, replacement, unpack_lines
from ..errors import APIResponseError, SnapshotError
from ..models import AvatarGroup, Look
from .types import Ownership, Scope

__all__ = ["FORMAT_NUMBER", "Snapshot", "read_snapshot", "read_snapshot_file", "write_snapshot"]

T = TypeVar("T", Look, AvatarGroup)

FORMAT_NUMBER = 1

_FORMAT = "heygen_widgets catalogue"
_END = {"end": True}
_LAST_SECOND = 253_402_300_799  # Unix time in s: the end of the year 9999, the last that datetime knows


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One catalogue at one time.

    Attributes
    ----------
    looks : tuple of Look
        In the order shown, no id twice, each with its `ownership`.
    groups : tuple of AvatarGroup
        No id twice.
    ownership : {"public", "private"} or None
        The scope it was loaded with, as are the next two; None for all.
    avatar_type, group_id : str or None
    loaded_at : float
        Unix time in s, from 0 to the end of the year 9999.
    complete : bool
        Whether it holds every look within the scope.
    """

    looks: tuple[Look, ...] = field(repr=False)
    groups: tuple[AvatarGroup, ...] = field(repr=False)
    ownership: Ownership | None
    avatar_type: str | None
    group_id: str | None
    loaded_at: float
    complete: bool

    @property
    def scope(self) -> Scope:
        """The scope as one value: `ownership`, `avatar_type`, `group_id`."""
        return Scope(self.ownership, self.avatar_type, self.group_id)


class _Header(NamedTuple):
    ownership: Ownership | None
    avatar_type: str | None
    group_id: str | None
    loaded_at: float
    complete: bool
    groups: int
    looks: int


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot, whole or not at all: until it is complete, a file that was there stays as it is.

    Its owner alone can read the file and write it (mode 0600). A symbolic link at `path` is replaced, not followed.

    Parameters
    ----------
    path : Path
        In a folder that exists.
    snapshot : Snapshot

    Raises
    ------
    SnapshotError
        When `read_snapshot` would refuse it: too large, an id twice, a value JSON cannot hold, no such time.
    OSError
        When the file cannot be written.
    """
    try:
        with replacement(path, 0o600) as file:
            for piece in pack(_written(snapshot)):
                file.write(piece)
    except SnapshotError as exc:
        raise SnapshotError(f"{path} was not written, as it {exc}.") from None


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot that may come from anybody.

    Parameters
    ----------
    path : Path

    Raises
    ------
    SnapshotError
        When it is no snapshot, a damaged one, or one of a newer format. Names the file and says what is wrong.
    OSError
        When it cannot be opened, such as FileNotFoundError or PermissionError.
    """
    with open(path, "rb", opener=open_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise SnapshotError(f"{path} is not a regular file.")
        return read_snapshot_file(file, str(path))


def read_snapshot_file(file: BinaryIO, name: str) -> Snapshot:
    """Read a snapshot from a file that is open, as `read_snapshot` does.

    Parameters
    ----------
    file : binary file
        Read from where it stands to its end; not closed.
    name : str
        What errors call it.

    Raises
    ------
    SnapshotError
        As for `read_snapshot`.
    OSError
        When reading fails half-way.
    """
    try:
        return _unpacked(unpack_lines(file))
    except SnapshotError as exc:
        raise SnapshotError(f"{name} {exc}.") from None


# Below here, the text of an error is what is wrong, to follow the name of the file.


def _written(snapshot: Snapshot) -> Iterator[bytes]:
    groups, looks = snapshot.groups, snapshot.looks
    header = _Header(*snapshot.scope, snapshot.loaded_at, snapshot.complete, len(groups), len(looks))
    first = {"format": _FORMAT, "version": FORMAT_NUMBER, **header._asdict()}
    _read_header(first)
    # JSON in ASCII, since UTF-8 has no way to write a lone surrogate.
    # What contains itself is found by the depth it leads to.
    encode = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode
    yield encode(first).encode() + b"\n"
    records: tuple[tuple[str, Sequence[AvatarGroup | Look]], ...] = (("group", groups), ("look", looks))
    for kind, items in records:
        if len({item.id for item in items}) < len(items):
            raise SnapshotError(f"holds two {kind}s of the same id")
        for number, item in enumerate(items, 1):
            if not _is_owner(item.ownership):
                raise SnapshotError(f"holds a {kind} (number {number}) whose 'ownership' is neither public nor private")
            try:
                line = encode({kind: item.to_json(), "ownership": item.ownership}).encode() + b"\n"
            except (TypeError, ValueError, RecursionError):
                raise SnapshotError(f"holds a {kind} (number {number}) that cannot be written as JSON") from None
            yield line
    yield encode(_END).encode() + b"\n"


def _unpacked(lines: Iterator[bytes]) -> Snapshot:
    header = _read_header(_parsed(lines, 1))
    groups = _read_records(lines, "group", AvatarGroup.from_json, 2, header.groups)
    looks = _read_records(lines, "look", Look.from_json, 2 + header.groups, header.looks)
    number = 2 + header.groups + header.looks
    if _parsed(lines, number) != _END:
        raise SnapshotError(f"does not end in line {number}, where its first line says it would")
    # Also reads what is left of the file: only then is its checksum compared.
    if next(lines, None) is not None:
        raise SnapshotError("goes on after its end")
    return Snapshot(looks, groups, *header[:5])


def _is_owner(value: object) -> TypeGuard[Ownership | None]:
    return value is None or value in ("private", "public")


def _read_header(header: dict[str, Any]) -> _Header:
    if header.get("format") != _FORMAT:
        raise SnapshotError("is no snapshot of a catalogue, but something else")
    version = read.integer(header.get("version"), 1)
    if version is None:
        raise SnapshotError("does not say in its first line which format it has")
    if version > FORMAT_NUMBER:
        raise SnapshotError(f"has format {version}, of a newer heygen_widgets (this one reads {FORMAT_NUMBER}): update")
    problem = "has a first line whose {!r} is not {}"
    ownership = header.get("ownership")
    if not _is_owner(ownership):
        raise SnapshotError(problem.format("ownership", "public, private or null"))
    for name in ("avatar_type", "group_id"):
        if not isinstance(header.get(name), str | None):
            raise SnapshotError(problem.format(name, "a string or null"))
    loaded_at = header.get("loaded_at")
    # The comparison refuses NaN too, and comes before `float`, for which an integer may be too large.
    if isinstance(loaded_at, bool) or not isinstance(loaded_at, int | float) or not 0 <= loaded_at <= _LAST_SECOND:
        raise SnapshotError(problem.format("loaded_at", "a time in s since 1970"))
    if not isinstance(header.get("complete"), bool):
        raise SnapshotError(problem.format("complete", "true or false"))
    for name in ("groups", "looks"):
        if read.integer(header.get(name), 0) is None:
            raise SnapshotError(problem.format(name, "a number of records"))
    return _Header(
        ownership,
        read.label(header.get("avatar_type")),
        read.label(header.get("group_id")),
        float(loaded_at),
        header["complete"],
        header["groups"],
        header["looks"],
    )


def _read_records(
    lines: Iterator[bytes], kind: str, from_json: Callable[..., T], start: int, count: int
) -> tuple[T, ...]:
    records: dict[str, T] = {}
    for number in range(start, start + count):
        envelope = _parsed(lines, number)
        if kind not in envelope:
            raise SnapshotError(f"has no {kind} in line {number}, where its first line says there is one")
        ownership = envelope.get("ownership")
        if not _is_owner(ownership):
            raise SnapshotError(f"has in line {number} an 'ownership' that is not public, private or null")
        try:
            record = from_json(envelope[kind], ownership=read.label(ownership))
        except APIResponseError as exc:
            problem = str(exc).removeprefix("The service sent ").removesuffix(".")
            raise SnapshotError(f"has in line {number} {problem}") from None
        if record.id in records:
            raise SnapshotError(f"has in line {number} a {kind} whose id was there before")
        records[record.id] = record
    return tuple(records.values())


def _parsed(lines: Iterator[bytes], number: int) -> dict[str, Any]:
    """Read the next line, which is an object of JSON."""
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
    # A stranger's file shows at its first line.
    stranger = "is no snapshot of a catalogue: it " if number == 1 else ""
    raise SnapshotError(f"{stranger}has a line {number} that is {problem}")


def _refuse_constant(name: str) -> NoReturn:
    # NaN and Infinity are no JSON.
    raise ValueError(name)


# Not `json.loads`, which takes UTF-16 and lone surrogates for good and makes a decoder at each call.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
