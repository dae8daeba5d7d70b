"""The cache: snapshots of complete loads, in a folder that only this user can read.

A problem with the cache never stops a load: it is a `UserWarning`, and the looks are loaded from the service.
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
from datetime import timedelta
from pathlib import Path

import platformdirs

from .._files import TEMPORARY_NAME
from ..errors import SnapshotError
from .snapshots import FORMAT_NUMBER, Snapshot, open_file, unpack, write_snapshot
from .types import Scope

__all__ = ["A_DAY", "SnapshotCache", "cache_folder", "checked_max_age"]

A_DAY = timedelta(hours=24)
"""How long a cached catalogue stays fresh by default."""

_UNUSED = 30 * 24 * 3600  # s
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_OUR_NAME = re.compile(rf"[0-9a-f]{{40}}\.jsonl\.gz(\.damaged)?|{TEMPORARY_NAME.pattern}")


class _NotTrustedError(Exception):
    """Another user can read or may have written the folder or the file. The text names it and the solution."""


def checked_max_age(value: object) -> timedelta | None:
    """Check a user's `cache` argument: a timedelta that is not negative, or None."""
    if value is not None and not isinstance(value, timedelta):
        raise TypeError(f"cache must be a timedelta, such as timedelta(hours=24), or None, not {value!r}")
    if value is not None and value < timedelta(0):
        raise ValueError(f"cache must not be negative, but is {value!r}")
    return value


def cache_folder() -> Path:
    """Return the folder: ``snapshots`` in this package's part of the user's cache, such as ``~/.cache`` on Linux."""
    return platformdirs.user_cache_path("heygen_widgets", appauthor=False) / "snapshots"


class SnapshotCache:
    """The cached snapshot of one account (a digest) and scope, which is fresh until `max_age`.

    The name of its file, `path`, is a digest, which reveals neither the account nor the address.
    """

    def __init__(self, base_url: str, account: str, scope: Scope, max_age: timedelta) -> None:
        # The format's number is part of the name: an older release ignores the files of a newer one.
        parts = json.dumps([FORMAT_NUMBER, base_url, account, *scope])
        self.path = cache_folder() / f"{hashlib.blake2b(parts.encode(), digest_size=20).hexdigest()}.jsonl.gz"
        self._scope = scope
        self._max_age = max_age

    def is_fresh(self, snapshot: Snapshot) -> bool:
        return 0 <= time.time() - snapshot.loaded_at <= self._max_age.total_seconds()

    def read(self) -> Snapshot | None:
        """Read the snapshot, which is complete, and set the file's time to now so that it is kept.

        Returns None if there is none, and with a UserWarning if it cannot be read or trusted. A damaged file, or one of
        another scope, is renamed to end in ``.damaged``.
        """
        path = self.path
        try:
            _check(os.lstat(path.parent), path.parent, "folder", 700)
            # A link is not followed.
            with open(path, "rb", opener=lambda name, flags: open_file(name, flags | _NO_LINK)) as file:
                _check(os.fstat(file.fileno()), path, "regular file", 600)
                snapshot = unpack(file, path)
                if not snapshot.complete or snapshot.scope != self._scope:
                    raise SnapshotError(f"{path} is not the snapshot that its name promises.")
                with suppress(OSError):  # a read-only disk
                    os.utime(file.fileno() if os.utime in os.supports_fd else path)
                return snapshot
        except FileNotFoundError:
            return None
        except _NotTrustedError as error:
            _warn(f"The cache is not used: {error}.")
        except OSError as error:
            _warn(f"The snapshot {path} cannot be read ({_reason(error)}). The looks are loaded again.")
        except SnapshotError as error:
            _warn(f"{error} {_set_aside(path)} The looks are loaded again.")
        return None

    def write(self, snapshot: Snapshot) -> None:
        """Save a snapshot, and remove those that were not used for 30 days. The folder is created (mode 0700).

        A problem is a UserWarning that names the file or the folder and the solution.
        """
        folder = self.path.parent
        try:
            # One by one: `parents=True` would not apply the mode to the parents.
            for parent in reversed([parent for parent in (folder, *folder.parents) if not os.path.lexists(parent)]):
                parent.mkdir(mode=0o700, exist_ok=True)
            _check(os.lstat(folder), folder, "folder", 700)
            write_snapshot(self.path, snapshot)
            _remove_unused(folder)
        except _NotTrustedError as error:
            _warn(f"The cache is not used: {error}.")
        except OSError as error:
            _warn(f"The looks cannot be cached in {folder} ({_reason(error)}).")
        except SnapshotError as error:
            _warn(str(error))


def _check(found: os.stat_result, path: Path, kind: str, mode: int) -> None:
    """Raise `_NotTrustedError` unless the folder or the file is this user's alone."""
    if not (stat.S_ISDIR if kind == "folder" else stat.S_ISREG)(found.st_mode):
        raise _NotTrustedError(f"{path} is not a {kind}: remove it")
    # Windows has neither owners by number nor modes for others.
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise _NotTrustedError(f"{path} belongs to another user: remove it")
    if hasattr(os, "getuid") and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _NotTrustedError(f"{path} is open to other users: run `chmod {mode} '{path}'`, or remove it")


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=3)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _set_aside(path: Path) -> str:
    damaged = path.with_name(f"{path.name}.damaged")
    try:
        os.replace(path, damaged)
    except OSError as error:
        return f"It cannot be renamed ({_reason(error)}): remove it."
    return f"It is renamed to {damaged.name}."


def _remove_unused(folder: Path) -> None:
    oldest = time.time() - _UNUSED
    with os.scandir(folder) as entries:
        for entry in entries:
            # Another process may have removed it already, or may have it open, which Windows does not allow.
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if _OUR_NAME.fullmatch(entry.name) and stat.S_ISREG(found.st_mode) and found.st_mtime < oldest:
                    os.unlink(entry)
