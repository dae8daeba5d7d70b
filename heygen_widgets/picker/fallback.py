"""What a notebook shows of a picker where no widget can run: two texts saved next to the widget.

They contain no preview URL, because a signed URL is a key to a private face.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from .._display import clip, name_of
from ..filters import LookFilter
from ..models import Look

__all__ = ["LARGEST_FALLBACK", "fallback"]

LARGEST_FALLBACK = 5_000
"""Bytes of both texts together in a notebook's JSON."""

_MOST_NAMED = 20  # selected looks
_LONGEST_CODE = 250  # characters of a filter or of `selected_id`
_RUN_AGAIN = "Run the cell again to show the picker: it needs a running kernel and Jupyter widgets."


def fallback(
    status: Mapping[str, Any], selected: Sequence[Look], wanted: LookFilter, show: str = "looks"
) -> dict[str, str]:
    """Return ``text/html`` and ``text/plain``, together at most `LARGEST_FALLBACK` bytes.

    Both show the counts, the filter, the selected looks and the code to select the first one again. Looks that do not
    fit are only counted. `status` has the picker's ``matched``, ``shown``, ``loaded`` and ``complete``; it is empty
    while nothing is known.
    """
    shown = _shown(status, show)
    for number in range(min(len(selected), _MOST_NAMED), -1, -1):
        lines = _lines(shown, selected, wanted, number, escape, lambda code: f"<code>{escape(code)}</code>")
        html = "".join(f"<div>{line}</div>" for line in lines)
        texts = {"text/html": html, "text/plain": "\n".join(_lines(shown, selected, wanted, number, str, str))}
        if len(json.dumps(texts, ensure_ascii=False).encode()) <= LARGEST_FALLBACK:
            break
    return texts


def _lines(
    shown: str,
    selected: Sequence[Look],
    wanted: LookFilter,
    number: int,
    text: Callable[[str], str],
    code: Callable[[str], str],
) -> list[str]:
    """Return the lines of one text. `text` and `code` escape what comes from outside."""
    filter_code = code(repr(wanted)) if len(repr(wanted)) <= _LONGEST_CODE else "a long LookFilter"
    filtered = f", filtered by {filter_code}" if wanted.to_json() else ""
    lines = [f"Avatar look picker (heygen_widgets): {shown}{filtered}."]
    first = f", the first {number}" if 0 < number < len(selected) else ""
    lines.append(f"{len(selected):,} selected{first}{':' if number else '.'}" if selected else "Nothing selected.")
    for place, look in enumerate(selected[:number], 1):
        lines.append(f"{place}. {text(name_of(look.id, look.name))} ({code(clip(look.id))})")
    argument = f"selected_id={selected[0].id!r}" if selected and selected[0].id else ""
    if argument and len(argument) <= _LONGEST_CODE:
        which = "it" if len(selected) == 1 else "the first"
        lines.append(f"To select {which} again, create the picker with {code(argument)}.")
    return [*lines, _RUN_AGAIN]


def _shown(status: Mapping[str, Any], show: str) -> str:
    matched, shown, loaded = (status.get(name, 0) for name in ("matched", "shown", "loaded"))
    if not loaded:
        return "no looks" if status.get("complete") else "no looks loaded yet"
    looks = f"{matched:,} looks" if matched == loaded else f"{matched:,} of {loaded:,} looks"
    characters = f"{shown:,} character{'' if shown == 1 else 's'} with " if show == "characters" else ""
    return f"{characters}{looks}{'' if status.get('complete') else ' loaded so far'}"
