"""The cache: snapshots of complete loads, in a folder that only this user can read. Its problems never stop a load."""

import hashlib
import json
import os
import stat
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import platformdirs

from .._parsing import warn
from ..errors import SnapshotError
from .snapshots import FORMAT_NUMBER, Scope, Snapshot, read_snapshot, write_snapshot

DEFAULT_MAX_AGE = timedelta(hours=24)
"""How long a cached catalogue stays fresh by default."""


class SnapshotCache:
    """The cached snapshot of one account (a digest) and scope, which is fresh until `max_age`.

    Its file is in ``snapshots`` in this package's part of the user's cache, such as ``~/.cache`` on Linux. The file's
    name is a digest, which reveals neither the account nor the address.
    """

    def __init__(self, base_url: str, account: str, scope: Scope, max_age: timedelta) -> None:
        # The format's number is part of the name: an older release ignores the files of a newer one.
        parts = json.dumps([FORMAT_NUMBER, base_url, account, *scope])
        name = f"{hashlib.blake2b(parts.encode(), digest_size=20).hexdigest()}.jsonl.gz"
        self.path = platformdirs.user_cache_path("heygen_widgets", appauthor=False) / "snapshots" / name
        self._max_age = max_age

    def is_fresh(self, snapshot: Snapshot) -> bool:
        return 0 <= time.time() - snapshot.loaded_at <= self._max_age.total_seconds()

    def read(self) -> Snapshot | None:
        """Read the snapshot. Returns None, with a UserWarning, if it cannot be read or trusted."""
        try:
            _check(self.path.parent, stat.S_IFDIR, 0o700)
            _check(self.path, stat.S_IFREG, 0o600)
            return read_snapshot(self.path)
        except (OSError, SnapshotError) as error:
            warn(f"The looks are loaded again, not from the cache: {error}")
            return None

    def write(self, snapshot: Snapshot) -> None:
        """Save a snapshot in a folder of mode 0700, and remove those older than 30 days. A problem is a UserWarning."""
        folder = self.path.parent
        try:
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700, parents=True)
            _check(folder, stat.S_IFDIR, 0o700)
            if self.path.is_symlink() or not self.path.is_file():
                self.path.unlink(missing_ok=True)  # a link would be followed
            write_snapshot(self.path, snapshot)
            for path in folder.glob(f"{'[0-9a-f]' * 40}.jsonl.gz"):
                # Another process may have removed it already, or may have it open, which Windows does not allow.
                with suppress(OSError):
                    if path.lstat().st_mtime < time.time() - 30 * 24 * 3600:
                        path.unlink()
        except (OSError, SnapshotError) as error:
            warn(f"The looks are not cached in {folder}: {error}")


def _check(path: Path, kind: int, mode: int) -> None:
    """Refuse what is another user's, a link or of another kind, and close what is this user's to all others."""
    found = path.lstat()
    has_users = hasattr(os, "getuid")  # Windows has neither owners by number nor modes for others
    if stat.S_IFMT(found.st_mode) != kind or (has_users and found.st_uid != os.getuid()):
        raise SnapshotError(f"{path} is not a {'folder' if kind == stat.S_IFDIR else 'file'} of yours: remove it.")
    if has_users and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(mode)  # Kubernetes' fsGroup opens a volume to a group each time it is mounted
