"""What a notebook shows of a picker where no widget can run: two texts saved next to the widget.

They contain no preview URL, because a signed URL is a key to a private face.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .._display import clip, name_of
from ..filters import LookFilter
from ..models import Look

__all__ = ["LARGEST_FALLBACK", "fallback"]

LARGEST_FALLBACK = 5_000  # bytes of both texts together in a notebook's JSON
_MOST_NAMED = 20  # selected looks
_LONGEST_CODE = 250  # characters of a filter or of `selected_id`


def fallback(
    status: Mapping[str, Any], selected: Sequence[Look], wanted: LookFilter, view: str = "looks"
) -> dict[str, str]:
    """Return ``text/html`` and ``text/plain``, together at most `LARGEST_FALLBACK` bytes.

    Both show the counts (of the picker's `status`), the filter, the selected looks and the code to select the first one
    again. Looks that do not fit are only counted.
    """
    for number in range(min(len(selected), _MOST_NAMED), -1, -1):
        lines = _lines(_shown(status, view), selected, wanted, number)
        texts = {"text/html": "".join(f"<div>{escape(line)}</div>" for line in lines), "text/plain": "\n".join(lines)}
        if len(json.dumps(texts, ensure_ascii=False).encode()) <= LARGEST_FALLBACK:
            break
    return texts


def _lines(shown: str, selected: Sequence[Look], wanted: LookFilter, number: int) -> list[str]:
    filter_code = repr(wanted) if len(repr(wanted)) <= _LONGEST_CODE else "a long LookFilter"
    filtered = f", filtered by {filter_code}" if wanted.to_json() else ""
    first = f", the first {number}" if 0 < number < len(selected) else ""
    lines = [
        f"Avatar look picker (heygen_widgets): {shown}{filtered}.",
        f"{len(selected):,} selected{first}{':' if number else '.'}" if selected else "Nothing selected.",
    ]
    for place, look in enumerate(selected[:number], 1):
        lines.append(f"{place}. {name_of(look.id, look.name)} ({clip(look.id)})")
    argument = f"selected_id={selected[0].id!r}" if selected and selected[0].id else ""
    if argument and len(argument) <= _LONGEST_CODE:
        which = "it" if len(selected) == 1 else "the first"
        lines.append(f"To select {which} again, create the picker with {argument}.")
    return [*lines, "Run the cell again to show the picker: it needs a running kernel and Jupyter widgets."]


def _shown(status: Mapping[str, Any], view: str) -> str:
    matched, shown, loaded = status["matched"], status["shown"], status["loaded"]
    if not loaded:
        problem = f" ({clip(status['problem'])})" if status["problem"] else ""
        return "no looks" if status["complete"] else f"no looks loaded yet{problem}"
    looks = f"{matched:,} looks" if matched == loaded else f"{matched:,} of {loaded:,} looks"
    characters = f"{shown:,} character{'' if shown == 1 else 's'} with " if view == "characters" else ""
    return f"{characters}{looks}{'' if status['complete'] else ' loaded so far'}"
