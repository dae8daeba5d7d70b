"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

__all__ = ["TEMPORARY_NAME", "replacement"]

TEMPORARY_NAME = re.compile(r"\.heygen_widgets-[0-9a-f]{16}\.tmp")  # a process that was killed leaves such a file


@contextmanager
def replacement(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` at the end, or is removed if an exception is raised.

    It has the permissions `mode`, less the umask. A missing folder raises `FileNotFoundError`.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} to write {path.name!r} into")
    # Not a variant of the file's own name, which could be longer than a folder allows.
    temporary = path.parent / f".heygen_widgets-{secrets.token_hex(8)}.tmp"
    try:
        with open(temporary, "xb", opener=partial(os.open, mode=mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
