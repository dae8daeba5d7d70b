"""Files that are replaced whole or not at all."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from os.path import expanduser as expanduser  # unlike that of `Path`, it keeps a name such as ~$a.xlsx
from pathlib import Path
from typing import BinaryIO, TypeAlias

_STALE = 86_400  # s; no write takes so long
UserPath: TypeAlias = str | os.PathLike[str]


@contextmanager
def replacement(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` at the end, or is removed if an exception is raised.

    It has the permissions `mode`, less the umask. A link stays, and the file that it points to is replaced. A missing
    folder raises `FileNotFoundError`, a folder in place of the file `IsADirectoryError`, and a device, pipe or socket
    `FileExistsError`. Temporary files that a killed process left a day ago are removed.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder: give the name of a file in it")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{str(path)!r} is a device, pipe or socket, which is not replaced: give another name")
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(target.parent)!r} to write {path.name!r} into")
    for left in target.parent.glob(f".heygen_widgets-{'[0-9a-f]' * 16}.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE:
                left.unlink()
    # Not a variant of the file's own name, which could be longer than a folder allows.
    temporary = target.parent / f".heygen_widgets-{secrets.token_hex(8)}.tmp"
    file = open(temporary, "x+b", opener=partial(os.open, mode=mode))  # noqa: SIM115 - it is closed below
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
