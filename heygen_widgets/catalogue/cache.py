"""The snapshots that are kept by themselves, in a folder of the user's cache that nobody else can read.

A cache must never be why something fails: whatever is wrong with it is a warning, and the catalogue loads anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time
import warnings
from contextlib import suppress
from pathlib import Path

import platformdirs

from .._files import TEMPORARY_NAME
from ..errors import SnapshotError
from .snapshots import FORMAT_NUMBER, Snapshot, read_snapshot_file, write_snapshot
from .types import Scope

__all__ = ["cache_folder", "cached_path", "read_cached", "write_cached"]

_UNUSED = 30 * 24 * 3600  # s
_DIGEST_SIZE = 20  # bytes
_OUR_NAME = re.compile(rf"[0-9a-f]{{{2 * _DIGEST_SIZE}}}\.jsonl\.gz(\.damaged)?|{TEMPORARY_NAME.pattern}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def cache_folder() -> Path:
    """Name the folder: ``snapshots`` in this package's part of the user's cache, such as ``~/.cache`` on Linux."""
    return platformdirs.user_cache_path("heygen_widgets", appauthor=False) / "snapshots"


def cached_path(
    *, base_url: str, account: str, ownership: str | None, avatar_type: str | None, group_id: str | None
) -> Path | None:
    """Name the file in which a catalogue is kept. The name is a digest, which tells nothing of what went in.

    Parameters
    ----------
    base_url : str
        The address of the service.
    account : str
        A digest that tells accounts apart; ``""`` when the account is unknown.
    ownership, avatar_type, group_id : str or None
        The scope.

    Returns
    -------
    Path or None
        None for an unknown account, whose looks must not be shown to the next one.
    """
    if not account:
        return None
    # With the format's number in it, an older release and a newer one leave each other's files alone.
    parts = json.dumps([FORMAT_NUMBER, base_url, account, ownership, avatar_type, group_id])
    return cache_folder() / f"{hashlib.blake2b(parts.encode(), digest_size=_DIGEST_SIZE).hexdigest()}.jsonl.gz"


def read_cached(path: Path, scope: Scope) -> Snapshot | None:
    """Read a snapshot that was kept, and note by the file's time that it is used.

    Parameters
    ----------
    path : Path
        As `cached_path` names it.
    scope : Scope
        What it must be a complete snapshot of.

    Returns
    -------
    Snapshot or None
        None when there is no such file and, with a warning, when it cannot be trusted or read. One that is damaged, or
        that somebody else must have put there, is renamed to end in ``.damaged``.

    Warns
    -----
    UserWarning
        Names the file or the folder, what is wrong with it, and the way out. No OSError is raised.
    """
    try:
        problem = _problem_with_folder(path.parent)
        if problem:
            _warn(problem)
            return None
        with open(path, "rb", opener=_open_itself) as file:
            problem = _problem_with_file(path, os.fstat(file.fileno()))
            if problem:
                _warn(problem)
                return None
            snapshot = read_snapshot_file(file, str(path))
            if not snapshot.complete or snapshot.scope != scope:
                raise SnapshotError(f"{path} is no snapshot of all that is kept under this name.")
            # On a disk that cannot be written, what was read is still good.
            with suppress(OSError):
                os.utime(file.fileno() if os.utime in os.supports_fd else path)
            return snapshot
    except FileNotFoundError:
        return None
    except OSError as exc:
        _warn(f"The snapshot {path} could not be read ({_reason(exc)}); the catalogue is loaded anew.")
        return None
    except SnapshotError as exc:
        problem = str(exc)
    _warn(f"{problem} {_set_aside(path)} The catalogue is loaded anew.")
    return None


def write_cached(path: Path, snapshot: Snapshot) -> None:
    """Keep a snapshot, and remove those that were not used for 30 days.

    Parameters
    ----------
    path : Path
        As `cached_path` names it. Its folder is made when missing, for this user alone (mode 0700).
    snapshot : Snapshot

    Warns
    -----
    UserWarning
        When it cannot be kept: names the file or the folder, the reason, and the way out. Nothing is raised.
    """
    folder = path.parent
    try:
        _make_folder(folder)
        problem = _problem_with_folder(folder)
        if not problem:
            write_snapshot(path, snapshot)
            _remove_unused(folder)
    except OSError as exc:
        problem = f"The catalogue could not be kept in {folder} ({_reason(exc)})."
    except SnapshotError as exc:
        problem = str(exc)
    if problem:
        _warn(problem)


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=3)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _make_folder(folder: Path) -> None:
    # One by one, since `parents=True` would give the others the mode that the umask leaves.
    missing = [parent for parent in (folder, *folder.parents) if not os.path.lexists(parent)]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)


def _problem_with_folder(folder: Path) -> str:
    found = os.lstat(folder)
    problem = _problem("" if stat.S_ISDIR(found.st_mode) else "is no folder but a link or a file", found, folder, 700)
    return f"No snapshots are kept or read, since {folder} {problem}." if problem else ""


def _problem_with_file(path: Path, found: os.stat_result) -> str:
    problem = _problem("" if stat.S_ISREG(found.st_mode) else "is not a regular file", found, path, 600)
    return f"The snapshot is not read, since {path} {problem}." if problem else ""


def _problem(wrong_kind: str, found: os.stat_result, path: Path, mode: int) -> str:
    """Tell why something is not trusted, and the way out; an empty text where it is."""
    if wrong_kind:
        return f"{wrong_kind}: remove it"
    if not _is_ours(found):
        return "belongs to another user: remove it"
    return f"is open to other users: run `chmod {mode} '{path}'`, or remove it" if _is_open_to_others(found) else ""


def _is_ours(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()


def _is_open_to_others(found: os.stat_result) -> bool:
    # Without users by number, as on Windows, the mode says nothing of others either.
    return hasattr(os, "getuid") and bool(found.st_mode & _OTHERS)


def _open_itself(path: str, flags: int) -> int:
    """Open no link's target, and don't wait for what a named pipe may bring."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _set_aside(path: Path) -> str:
    damaged = path.with_name(f"{path.name}.damaged")
    try:
        os.replace(path, damaged)
    except OSError as exc:
        return f"It could not be renamed ({_reason(exc)}): remove it."
    return f"It was renamed to {damaged.name}."


def _remove_unused(folder: Path) -> None:
    oldest = time.time() - _UNUSED
    with os.scandir(folder) as entries:
        for entry in entries:
            # Another process may have removed it by now, or hold it open, as Windows minds.
            with suppress(OSError):
                if _OUR_NAME.fullmatch(entry.name) and _is_unused(entry.stat(follow_symlinks=False), oldest):
                    os.unlink(entry)


def _is_unused(found: os.stat_result, oldest: float) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_mtime < oldest
