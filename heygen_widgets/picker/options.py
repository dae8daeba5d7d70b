"""What the picker's views are told and what they ask, as plain values: no widget and no catalogue in here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._display import clip, fits
from ..filters import LookFilter, fold
from .cards import TITLES, title

__all__ = [
    "FIRST_WINDOW",
    "HEIGHTS",
    "LARGEST_WINDOW",
    "SHORT_FIELDS",
    "TAKEN",
    "bounded",
    "changed_filter",
    "found_options",
    "short_options",
]

LARGEST_WINDOW = 120
"""Cards a message."""

FIRST_WINDOW = 24
"""Cards of the first message, about what is in sight at first."""

HEIGHTS = (240, 1200)
"""The least and the most of the grid, in px."""

SHORT_FIELDS = ("avatar_type", "gender", "orientation", "engine", "ownership", "status")
"""The fields with few values, all of which a dropdown offers."""

_LARGEST_LIST = 50  # options a message and field
_LARGEST_FILTER = 1_000  # values a field
_LONGEST_ERROR = 2_000  # characters
_MOST_VIEWS = 1_000


def short_options(
    field: str, values: Iterable[str], counts: Mapping[str, int], chosen: Iterable[str]
) -> list[dict[str, Any]]:
    """Give all that a dropdown of few values offers, in an order that no filter changes, and what is chosen.

    Parameters
    ----------
    field : str
        One of `SHORT_FIELDS`.
    values : iterable of str
        All there are, whatever the filter.
    counts : mapping of str to int
        Looks by value under the other filters.
    chosen : iterable of str

    Returns
    -------
    list of dict
        ``value``, ``title`` and ``count``; nothing where no look has a value and none is chosen. A value too long to
        be chosen by is not among them.
    """
    known = list(TITLES.get(field, {}))
    offered = {*filter(fits, values), *chosen}
    every = sorted(offered, key=lambda v: (not v, known.index(v) if v in known else len(known), v))
    if not any(every):
        return []
    kept = [*every[:_LARGEST_LIST], *[value for value in every[_LARGEST_LIST:] if value in chosen]]
    return [{"value": v, "title": title(field, v), "count": counts.get(v, 0)} for v in kept]


def found_options(titles: Mapping[str, str], counts: Mapping[str, int], query: object) -> dict[str, Any]:
    """Find the options of a long list whose title has all words of a query: those that match looks first.

    Parameters
    ----------
    titles : mapping of str to str
        By value, all there are.
    counts : mapping of str to int
        Looks by value under the other filters.
    query : str
        What was typed, or whatever else a front end sent.

    Returns
    -------
    dict
        ``items``, the first 50 by title, with ``value``, ``title`` and ``count``; ``more``, how many others there are.
        A value too long to be chosen by is not among them.
    """
    words = fold(clip(query)).split()
    folded = {value: fold(text) for value, text in titles.items() if fits(value)}
    found = [value for value, text in folded.items() if all(word in text for word in words)]
    found.sort(key=lambda value: (not counts.get(value), folded[value], value))
    items = [{"value": v, "title": titles[v], "count": counts.get(v, 0)} for v in found[:_LARGEST_LIST]]
    return {"items": items, "more": len(found) - len(items)}


def bounded(value: object, low: int, high: int) -> int:
    """Give a number from the front end, whatever it sent."""
    return min(max(value, low), high) if isinstance(value, int) else low


def changed_filter(wanted: LookFilter, changes: object) -> LookFilter | None:
    """Give a filter with what the front end changed; None where that is not what a filter can be changed by."""
    if not isinstance(changes, dict) or not all(map(_can_be_asked_for, changes.values())):
        return None
    try:
        return wanted.replace(**changes)
    except (TypeError, ValueError):
        return None


def _can_be_asked_for(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= _LARGEST_FILTER and all(map(fits, value))
    return value is None or isinstance(value, bool) or fits(value)


def _is_whole(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


TAKEN: dict[str, Callable[[object], bool]] = {
    "filter": lambda value: changed_filter(LookFilter(), value) is not None,
    "show": lambda value: value in ("looks", "characters"),
    "selected_id": fits,
    "error": lambda value: fits(value, _LONGEST_ERROR),
    "multiple": lambda value: isinstance(value, bool),
    "height": lambda value: _is_whole(value, *HEIGHTS),
    "_view_count": lambda value: _is_whole(value, 0, _MOST_VIEWS),
}
"""The traits that the front end may set, each with what it may set it to."""
