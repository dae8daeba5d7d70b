"""The file format of a snapshot: one catalogue as gzipped JSON lines.

The first line is a header with format, scope and time. One line for each group follows, then one for each look. The
file holds neither the key nor the address of the service. Files may come from strangers: they are read under limits,
and their records are cleaned like those of the service.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from .. import _parsing as read
from .._files import replacement
from ..errors import APIResponseError, SnapshotError
from ..models import AvatarGroup, Look

Ownership = Literal["public", "private"]

FORMAT_NUMBER = 1
LARGEST_CONTENT = 2**30  # bytes, unpacked; 100,000 looks take some 100 MB
LONGEST_LINE = 2**25  # bytes; a response has at most 8 MB, and escapes make a text up to three times as long
LONGEST_WITH_EXTRA = 2**20  # bytes; a longer record is written without its `extra`
MOST_VALUES = 2**23  # a gigabyte of "[],[],…" would become 25 GB of lists; a look has some 20 values

_FORMAT = "heygen_widgets catalogue"
_OWNERS = (None, "public", "private")
_LAST_SECOND = 253_402_300_799  # Unix time in s: the end of the year 9999, the last that datetime can hold
_LEVEL = 3  # of gzip; the usual level 6 takes 1.7 times as long and saves 6 % of the bytes
# ASCII, because UTF-8 cannot hold a lone surrogate.
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class Scope(NamedTuple):
    """Which looks are loaded: those of one owner, type or character; None for all."""

    ownership: Ownership | None = None
    avatar_type: str | None = None
    group_id: str | None = None

    @property
    def owners(self) -> tuple[Ownership, ...]:
        return (self.ownership,) if self.ownership else ("private", "public")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One catalogue at one time; `loaded_at` is a Unix time in s, or 0 if it is unknown."""

    looks: tuple[Look, ...] = field(repr=False)
    groups: tuple[AvatarGroup, ...] = field(repr=False)
    scope: Scope
    loaded_at: float
    complete: bool


@dataclass(frozen=True, slots=True)
class SavedSnapshot:
    """The result of `LookCatalogue.save`, which `LookCatalogue.open` takes as a path.

    Attributes
    ----------
    path, looks, groups, private, complete
        The file; its numbers of looks, of groups and of looks known to be private, which whoever has the file can see
        until their preview URLs expire; and whether these are all looks within the catalogue's scope.
    """

    path: Path
    looks: int
    groups: int
    private: int
    complete: bool

    def __fspath__(self) -> str:
        return str(self.path)


def write_snapshot(path: Path, snapshot: Snapshot) -> SavedSnapshot:
    """Write a snapshot to a file that only this user can read (mode 0600), whole or not at all.

    A record of more than 1 MB is written without its `extra`. Raises OSError, and SnapshotError when the snapshot is
    too large for `read_snapshot` or holds a value that JSON cannot hold; ValueError for the name of a table.
    """
    if path.name.lower().endswith((".csv", ".csv.gz", ".tsv", ".parquet", ".xls", ".xlsx")):
        hint = "to_csv(path), to_excel(path) or to_parquet(path), or a name that ends in .jsonl.gz"
        raise ValueError(f"{path} has the name of a table: use {hint}")
    try:
        with replacement(path, 0o600) as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL) as packed:
            packed.writelines(_bounded(line.encode() + b"\n" for line in _lines(snapshot)))
    except (SnapshotError, TypeError, ValueError) as problem:
        raise SnapshotError(f"{path} was not written: {problem}.") from None
    private = sum(look.ownership == "private" for look in snapshot.looks)
    return SavedSnapshot(path, len(snapshot.looks), len(snapshot.groups), private, snapshot.complete)


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot from anybody. Raises OSError, and SnapshotError if it is none, damaged, or of a newer format."""
    groups: list[AvatarGroup] = []
    looks: list[Look] = []
    try:
        with gzip.open(path) as file:
            contents = map(_parsed, _bounded(iter(lambda: file.readline(LONGEST_LINE + 1), b"")))
            header = next(contents, {})
            for name, is_valid in _HEADER.items():
                if not is_valid(header.get(name)):
                    raise SnapshotError(f"its first line has no valid {name!r}")
                if name == "version" and (number := header[name]) > FORMAT_NUMBER:
                    raise SnapshotError(f"its format {number} is newer than {FORMAT_NUMBER}: update heygen_widgets")
            for number, content in enumerate(contents, 2):
                owner = owner if (owner := content.get("ownership")) in _OWNERS else None
                try:
                    if "group" in content:
                        groups.append(AvatarGroup.from_json(content["group"], ownership=owner))
                    elif content != {"end": True}:  # the last line of earlier files
                        looks.append(Look.from_json(content.get("look"), ownership=owner))
                except APIResponseError:
                    raise SnapshotError(f"line {number} is neither a group nor a look") from None
    except (EOFError, gzip.BadGzipFile, zlib.error, SnapshotError) as problem:
        raise SnapshotError(f"{path} cannot be read as a snapshot: {problem}.") from None
    scope = Scope(header.get("ownership"), read.label(header.get("avatar_type")), read.label(header.get("group_id")))
    return Snapshot(tuple(looks), tuple(groups), scope, float(header["loaded_at"]), header["complete"])


def _bounded(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Pass lines on until they exceed a limit; the writer and the reader have the same limits."""
    size = values = 0
    for line in lines:
        size += len(line)
        values += line.count(b",") + 1  # without commas, JSON can only be deep, which its parser limits
        if len(line) > LONGEST_LINE or size > LARGEST_CONTENT or values > MOST_VALUES:
            limits = f"{LARGEST_CONTENT} bytes, {LONGEST_LINE} in a line, and {MOST_VALUES} values"
            raise SnapshotError(f"it is larger than a snapshot may be ({limits})")
        yield line


def _lines(snapshot: Snapshot) -> Iterator[str]:
    header = {"format": _FORMAT, "version": FORMAT_NUMBER, **snapshot.scope._asdict()}
    yield _ENCODER.encode({**header, "loaded_at": snapshot.loaded_at, "complete": snapshot.complete})
    records: tuple[Look | AvatarGroup, ...] = (*snapshot.groups, *snapshot.looks)
    for record in records:
        kind = "look" if isinstance(record, Look) else "group"
        line = _ENCODER.encode({kind: record.to_json(), "ownership": record.ownership})
        if len(line) > LONGEST_WITH_EXTRA:  # one record must not prevent that the others are saved
            line = _ENCODER.encode({kind: replace(record, extra={}).to_json(), "ownership": record.ownership})
        yield line


def _parsed(line: bytes) -> dict[str, Any]:
    """Parse a line. What is no JSON object becomes an empty one, which is neither a header nor a record."""
    try:
        content = json.loads(line.decode())  # of bytes, it would look for other encodings
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


_HEADER: dict[str, Callable[[Any], bool]] = {
    "format": lambda value: value == _FORMAT,
    "version": lambda value: read.integer(value, 1) is not None,
    "ownership": lambda value: value in _OWNERS,
    **dict.fromkeys(("avatar_type", "group_id"), lambda value: isinstance(value, str | None)),
    # The comparison also refuses NaN, and integers that are too large for a float.
    "loaded_at": lambda value: type(value) in (int, float) and 0 <= value <= _LAST_SECOND,
    "complete": lambda value: isinstance(value, bool),
}
