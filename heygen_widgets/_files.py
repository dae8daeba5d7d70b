"""Files that are replaced whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeAlias

try:
    import fcntl
except ImportError:  # Windows, where an open file can be neither removed nor renamed
    fcntl = None  # type: ignore[assignment]

UserPath: TypeAlias = str | os.PathLike[str]


def user_path(path: UserPath) -> Path:
    """Return a path that a user gave, with their home folder for a leading ``~``."""
    return Path(os.path.expanduser(path))


@contextmanager
def replacement(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` at the end, or is removed if an exception is raised.

    It can also be read, and has the permissions `mode`, less the umask. A link stays, and the file that it points to is
    replaced. A missing folder raises `FileNotFoundError`, a folder in place of the file `IsADirectoryError`, and a
    device, pipe or socket `FileExistsError`. Temporary files of killed processes are removed.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder: give the name of a file in it")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{str(path)!r} is a device, pipe or socket, which is not replaced: give another name")
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(target.parent)!r} to write {path.name!r} into")
    _remove_stale(target.parent)
    temporary, file = _open_temporary(target.parent, mode)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:
                file.close()
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _open_temporary(folder: Path, mode: int) -> tuple[Path, BinaryIO]:
    """Open a new file and lock it, so that no other process removes it."""
    while True:
        # Not a variant of the file's own name, which could be longer than a folder allows.
        path = folder / f".heygen_widgets-{secrets.token_hex(8)}.tmp"
        file = open(path, "x+b", opener=partial(os.open, mode=mode))  # noqa: SIM115 - the caller closes it
        if fcntl:
            with suppress(OSError):  # some network drives have no locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return path, file
        file.close()  # it was removed before it was locked


def _remove_stale(folder: Path) -> None:
    """Remove the temporary files that no process is writing."""
    for path in folder.glob(f".heygen_widgets-{'[0-9a-f]' * 16}.tmp"):  # of none in a folder that cannot be read
        with suppress(OSError), ExitStack() as stack:
            if fcntl:
                fcntl.flock(stack.enter_context(path.open("r+b")), fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
