"""What a notebook says of a picker where no widget can run: two texts beside the widget, as of when the cell ran.

Whatever opens the notebook may show them, so they hold no preview URL: a signed one is a key to a face.
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
"""Bytes of both texts in a notebook's JSON."""

_MOST_NAMED = 20  # chosen looks
_LONGEST_CODE = 250  # characters, of a filter and of what chooses a look again
_RUN_AGAIN = "Run the cell again for the picker itself: it needs a running kernel and Jupyter widgets."


def fallback(
    status: Mapping[str, Any], chosen: Sequence[Look], wanted: LookFilter, show: str = "looks"
) -> dict[str, str]:
    """Tell what a picker showed and what was chosen in it, and how to choose that again.

    Parameters
    ----------
    status : mapping
        The picker's counts: ``matched``, ``shown``, ``loaded`` and ``complete``; empty while nothing is known.
    chosen : sequence of Look
    wanted : LookFilter
    show : {"looks", "characters"}, default "looks"

    Returns
    -------
    dict
        ``text/html`` and ``text/plain``, at most `LARGEST_FALLBACK` bytes together, whatever the names are: looks that
        there is no room for are only counted.
    """
    shown = _shown(status, show)
    for number in range(min(len(chosen), _MOST_NAMED), -1, -1):
        told = {
            "text/html": _html(shown, wanted, chosen, number),
            "text/plain": _plain(shown, wanted, chosen, number),
        }
        if len(json.dumps(told, ensure_ascii=False).encode()) <= LARGEST_FALLBACK:
            break
    return told


def _html(shown: str, wanted: LookFilter, chosen: Sequence[Look], number: int) -> str:
    named = "".join(
        f"<li>{escape(name_of(look.id, look.name))} <code>{escape(clip(look.id))}</code></li>"
        for look in chosen[:number]
    )
    lines = [
        f"<strong>Avatar look picker</strong> (heygen_widgets): {shown}{_filtered(wanted, _as_code)}.",
        _number(chosen, number) + (f"<ol>{named}</ol>" if named else ""),
        _again(chosen, _as_code),
        _RUN_AGAIN,
    ]
    return "".join(f"<div>{line}</div>" for line in lines if line)


def _plain(shown: str, wanted: LookFilter, chosen: Sequence[Look], number: int) -> str:
    lines = [
        f"Avatar look picker (heygen_widgets): {shown}{_filtered(wanted, str)}.",
        _number(chosen, number),
        *(
            f"  {place}. {name_of(look.id, look.name)} ({clip(look.id)})"
            for place, look in enumerate(chosen[:number], 1)
        ),
        _again(chosen, str),
        _RUN_AGAIN,
    ]
    return "\n".join(line for line in lines if line)


def _shown(status: Mapping[str, Any], show: str) -> str:
    matched, loaded = status.get("matched", 0), status.get("loaded", 0)
    if not loaded:
        return "no looks" if status.get("complete") else "no looks loaded yet"
    looks = f"{matched:,} looks" if matched == loaded else f"{matched:,} of {loaded:,} looks"
    characters = (
        f"{status.get('shown', 0):,} character{'' if status.get('shown', 0) == 1 else 's'} with "
        if show == "characters"
        else ""
    )
    return f"{characters}{looks}" + ("" if status.get("complete") else " loaded so far")


def _filtered(wanted: LookFilter, code: Callable[[str], str]) -> str:
    if not wanted.to_json():
        return ""
    told = repr(wanted)
    return f", filtered by {code(told) if len(told) <= _LONGEST_CODE else 'a LookFilter too long to be told here'}"


def _number(chosen: Sequence[Look], number: int) -> str:
    if not chosen:
        return "Nothing chosen."
    first = f", the first {number}" if 0 < number < len(chosen) else ""
    return f"{len(chosen):,} chosen{first}{':' if number else '.'}"


def _again(chosen: Sequence[Look], code: Callable[[str], str]) -> str:
    told = f"selected_id={chosen[0].id!r}" if chosen and chosen[0].id else ""
    if not told or len(told) > _LONGEST_CODE:
        return ""
    return f"To choose {'it' if len(chosen) == 1 else 'the first'} again, give the picker {code(told)}."


def _as_code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
