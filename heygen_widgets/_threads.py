"""Beginning a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .errors import HeyGenError

__all__ = ["begin"]


def begin(name: str, target: Callable[..., None], *arguments: object) -> threading.Thread:
    """Begin a daemon thread.

    Raises
    ------
    HeyGenError
        Where there can be none: too many threads, or the interpreter ends.
    """
    thread = threading.Thread(target=target, args=arguments, name=f"heygen_widgets: {name}", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise HeyGenError(f"No thread could begin for the {name}: {error}.") from None
    return thread
