"""Progress bars. They never stop the work, and show no text from outside: notebooks do not escape the first one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from tqdm.auto import tqdm


class _Stderr:
    """The current `sys.stderr`, which may be None, closed, full or a broken pipe: text that it cannot take is lost."""

    def write(self, text: str = "") -> bool:
        with suppress(Exception):
            sys.stderr.write(text)
            sys.stderr.flush()
            return True
        return False

    flush = write

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - such as `encoding` and `fileno`
        return getattr(sys.stderr, name)


NOTES: ContextVar[list[str] | None] = ContextVar("notes", default=None)
"""Where warnings go in `unattended` work; else None."""


@contextmanager
def unattended() -> Iterator[list[str]]:
    """Hide bars, and put warnings into a list: for the work of a thread, which has no cell to show them in."""
    notes: list[str] = []
    token = NOTES.set(notes)
    try:
        yield notes
    finally:
        NOTES.reset(token)


@contextmanager
def progress_bar(description: str, **options: Any) -> Iterator[tqdm[NoReturn]]:  # noqa: ANN401 - those of tqdm
    """Show a tqdm bar in a notebook or a terminal, hidden by ``TQDM_DISABLE``. A saved notebook shows how it ended."""
    from IPython.display import display
    from tqdm.auto import tqdm  # slow, and only needed when there is something to wait for

    # tqdm itself reads the variable only when it is imported.
    hidden = bool(os.environ.get("TQDM_DISABLE")) or NOTES.get() is not None
    file = _Stderr()
    if any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__):
        options["display"] = False  # it is displayed below, so that its text can be updated
    bar = tqdm(
        desc=description,
        file=file,
        disable=hidden or not file.flush(),  # a kernel that cannot flush it can show nothing
        dynamic_ncols=sys.stderr is sys.__stderr__,  # the width of a terminal; notebooks choose their own
        **options,
    )
    container = getattr(bar, "container", None)
    if container and "bar_format" in options:
        container.children[1].layout.display = "none"  # a text without a bar; tqdm would show an empty box
    shown = display(container, display_id=True) if container else None
    try:
        with bar:
            yield bar
    finally:
        if shown:
            shown.update(container)
