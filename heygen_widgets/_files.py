"""Files that are replaced whole or not at all, and lines packed as gzip that are read under limits.

The text of a `SnapshotError` is what is wrong, to follow the name of the file.
"""

from __future__ import annotations

import os
import re
import secrets
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import SnapshotError

__all__ = ["TEMPORARY_NAME", "open_without_waiting", "pack", "replacement", "unpack_lines"]

TEMPORARY_NAME = re.compile(r"\.heygen_widgets-[0-9a-f]{16}\.tmp")  # what a process that was killed leaves behind

_LARGEST_FILE = 256 * 2**20  # bytes, packed; 25,000 looks take some 8 MB
_LARGEST_CONTENT = 2**30  # bytes, unpacked
_LONGEST_LINE = 2**20  # bytes, unpacked
# A gigabyte of "[],[],…" would become 25 of lists. A look has some 20 commas and brackets.
_MOST_VALUES = 2**24
_BLOCK_SIZE = 2**18  # bytes, read and unpacked at a time
_LEVEL = 3  # of gzip: 6, the usual one, takes 1.7 times as long to save 6 per cent of the bytes
_GZIP = 31  # zlib's number for the gzip container at the largest window
_MAGIC = b"\x1f\x8b"  # what every gzip file begins with


@contextmanager
def replacement(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when nothing is raised, and vanishes otherwise.

    Parameters
    ----------
    path : Path
    mode : int
        Permissions of the new file, less what the umask takes away.

    Raises
    ------
    FileNotFoundError
        When there is no such folder.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} to write {path.name!r} into")
    # A name of its own, since one that starts with the file's could be longer than a folder allows.
    temporary = path.parent / f".heygen_widgets-{secrets.token_hex(8)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, mode)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    finally:
        # It is gone when all went well, and must not hide the error when it did not.
        with suppress(OSError):
            os.unlink(temporary)


def open_without_waiting(path: str, flags: int) -> int:
    """Open a file, as the `opener` of `open`; a named pipe would else keep us waiting for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class _Bounds:
    """Keeps account of what is unpacked, so that nothing is written that would not be read."""

    def __init__(self) -> None:
        self._size = 0
        self._values = 0

    def add(self, block: bytes) -> None:
        self._size += len(block)
        self._values += block.count(b",") + block.count(b"[") + block.count(b"{")
        if self._size > _LARGEST_CONTENT:
            raise SnapshotError(f"holds more than {_LARGEST_CONTENT >> 20} MB when unpacked")
        if self._values > _MOST_VALUES:
            raise SnapshotError(f"holds more than {_MOST_VALUES} values")


def pack(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Pack lines, each with its end, as gzip; raise where `unpack_lines` would refuse the file."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    bounds = _Bounds()
    size = 0
    for block in _blocks(lines):
        bounds.add(block)
        piece = packer.compress(block)
        size += len(piece)
        yield piece
    piece = packer.flush()
    if size + len(piece) > _LARGEST_FILE:
        raise _too_large()
    yield piece


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Put lines together, since packing them one by one takes longer."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        if len(line) > _LONGEST_LINE:
            raise _too_long()
        waiting.append(line)
        size += len(line)
        if size >= _BLOCK_SIZE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def _too_large() -> SnapshotError:
    return SnapshotError(f"is larger than {_LARGEST_FILE >> 20} MB")


def _too_long() -> SnapshotError:
    return SnapshotError(f"has a line of more than {_LONGEST_LINE} bytes")


def unpack_lines(file: BinaryIO) -> Iterator[bytes]:
    """Unpack piece by piece, without the ends of lines, and never more than is asked for."""
    unpacker = zlib.decompressobj(_GZIP)
    bounds = _Bounds()
    size = 0
    rest = b""
    while not unpacker.eof:
        piece = unpacker.unconsumed_tail
        if not piece:
            piece = file.read(_BLOCK_SIZE)
            size += len(piece)
            if not piece:
                raise SnapshotError("is cut short" if size else "is empty")
            if size > _LARGEST_FILE:
                raise _too_large()
            if size == len(piece) and not piece.startswith(_MAGIC):
                raise SnapshotError("is no gzip file, and so no snapshot of a catalogue")
        try:
            block = unpacker.decompress(piece, _BLOCK_SIZE)
        except zlib.error:
            raise SnapshotError("is damaged: it cannot be unpacked") from None
        bounds.add(block)
        lines = (rest + block).split(b"\n")
        if max(map(len, lines)) > _LONGEST_LINE:
            raise _too_long()
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest
    if unpacker.unused_data or file.read(1):
        raise SnapshotError("goes on after its end")
