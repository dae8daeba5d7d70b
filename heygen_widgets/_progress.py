"""Progress bars. They show no text from outside, because notebooks do not escape the first one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from tqdm.auto import tqdm


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
    """Show a tqdm bar in a notebook or a terminal, hidden by ``TQDM_DISABLE``."""
    from tqdm.auto import tqdm  # slow, and only needed when there is something to wait for

    # tqdm itself reads the variable only when it is imported.
    hidden = bool(os.environ.get("TQDM_DISABLE")) or NOTES.get() is not None or sys.stderr is None
    ncols = sys.stderr is sys.__stderr__  # the width of a terminal; notebooks choose their own
    with tqdm(desc=description, disable=hidden, dynamic_ncols=ncols, **options) as bar:
        if "bar_format" in options and (container := getattr(bar, "container", None)):
            container.children[1].layout.display = "none"  # a text without a bar; tqdm would show an empty box
        yield bar


def set_total(bar: tqdm[NoReturn], total: int | None) -> None:
    """Set the total of a bar, and its width in a notebook. The time goes on."""
    if total != bar.total:
        start = getattr(bar, "start_t", 0.0)  # which a hidden bar does not have
        bar.reset(total)
        bar.start_t = start
