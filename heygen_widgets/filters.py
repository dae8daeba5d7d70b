"""The filter as a value: which looks, and in which order.

The service filters by three fields only, so the rest is done in Python, over what has been loaded: see `_columns`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["FACETS", "SORTS", "LookFilter", "checked_filter", "fold"]

SORTS = ("name", "group_name", "avatar_type", "size")
"""What looks can be sorted by; with ``-`` before it from the last to the first."""

_CLOSED = {
    "ownership": ("public", "private"),
    "gender": ("female", "male"),
    "orientation": ("portrait", "landscape", "square"),
}

# Letters that Unicode does not take apart into a base and an accent.
_BASE_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


def fold(text: str) -> str:
    """Fold a text for comparison: case and accents are dropped, so that ``"Zoë"`` and ``"ZOE"`` are both ``"zoe"``."""
    if text.isascii():
        return text.lower()
    for _ in range(2):  # for what a compatibility form stands for may be upper case: "𝐀" and "™" are "A" and "TM"
        text = unicodedata.normalize("NFKD", text.casefold())
    return _ACCENTS.sub("", text).translate(_BASE_LETTERS)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class LookFilter:
    """Which looks to show: a frozen, hashable value that can be kept, compared and run again without a widget.

    Each field takes one string, several (any of them), or None for no restriction; ``""`` means that the look has no
    such value. Several are kept as a sorted tuple, no restriction as the empty one. All fields must match.

    Parameters
    ----------
    search : str, default ""
        Words that must all occur, in any order, in the look's name, its character's name, its id or its tags; case and
        accents don't count.
    avatar_type : str or iterable of str, optional
        ``photo_avatar``, ``digital_twin``, ``studio_avatar``; an open set.
    ownership : str or iterable of str, optional
        ``public``, ``private``.
    group_id : str or iterable of str, optional
        Ids of avatar groups (characters).
    gender : str or iterable of str, optional
        ``female``, ``male``.
    orientation : str or iterable of str, optional
        ``portrait``, ``landscape``, ``square``.
    engine : str or iterable of str, optional
        An engine that the look supports, such as ``avatar_iv``; an open set.
    status : str or iterable of str, optional
        An open set.
    tag : str or iterable of str, optional
        A tag that the look bears.
    ready : bool, optional
        Whether a video can be made with the look now (see `Look.is_ready`).
    sort : str, optional
        ``name``, ``group_name`` (the character's), ``avatar_type`` or ``size`` (pixels); with ``-`` before it
        descending. Numbers within names count as numbers, and looks without the value come last. The service's own
        order, private looks first, unless given.

    Raises
    ------
    ValueError
        For an unknown `ownership`, `gender`, `orientation` or `sort`.
    TypeError
        For a value that is no string (`ready`: no bool).

    Examples
    --------
    >>> LookFilter(search="office", gender="female", avatar_type=["photo_avatar", "digital_twin"])
    LookFilter(search='office', avatar_type=('digital_twin', 'photo_avatar'), gender='female')
    """

    search: str
    avatar_type: tuple[str, ...]
    ownership: tuple[str, ...]
    group_id: tuple[str, ...]
    gender: tuple[str, ...]
    orientation: tuple[str, ...]
    engine: tuple[str, ...]
    status: tuple[str, ...]
    tag: tuple[str, ...]
    ready: bool | None
    sort: str | None

    def __init__(
        self,
        search: str = "",
        *,
        avatar_type: str | Iterable[str] | None = None,
        ownership: str | Iterable[str] | None = None,
        group_id: str | Iterable[str] | None = None,
        gender: str | Iterable[str] | None = None,
        orientation: str | Iterable[str] | None = None,
        engine: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tag: str | Iterable[str] | None = None,
        ready: bool | None = None,
        sort: str | None = None,
    ) -> None:
        if not isinstance(search, str):
            raise TypeError(f"search must be a string, not {search!r}")
        if ready is not None and not isinstance(ready, bool):
            raise TypeError(f"ready must be True, False or None, not {ready!r}")
        if sort is not None and not isinstance(sort, str):
            raise TypeError(f"sort must be a string, not {sort!r}")
        if sort and sort.removeprefix("-") not in SORTS:
            raise ValueError(
                f"unknown sort {sort!r}: choose from {', '.join(SORTS)}, or one of them with '-' before it"
            )
        object.__setattr__(self, "search", search)
        object.__setattr__(self, "ready", ready)
        object.__setattr__(self, "sort", sort or None)
        given = (avatar_type, ownership, group_id, gender, orientation, engine, status, tag)
        for name, value in zip(FACETS, given, strict=True):
            object.__setattr__(self, name, _several(name, value))

    def __repr__(self) -> str:
        shown = []
        for name, value in self.to_json().items():
            several = tuple(value) if isinstance(value, list) else value
            shown.append(f"{name}={several[0] if isinstance(value, list) and len(value) == 1 else several!r}")
        return f"LookFilter({', '.join(shown)})"

    def __bool__(self) -> bool:
        """Whether it restricts anything; an order alone does not."""
        return bool(self.to_json().keys() - {"sort"})

    def to_json(self) -> dict[str, Any]:
        """Give the fields that say something, several values as a list: ``LookFilter(**f.to_json()) == f``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value not in ("", (), None)
        }

    def replace(self, **changes: Any) -> LookFilter:  # noqa: ANN401 - the same values as the constructor takes
        """Give the filter with some fields changed; None lifts a restriction.

        >>> LookFilter("office", gender="male").replace(gender=None)
        LookFilter(search='office')
        """
        return LookFilter(**{**self.to_json(), **changes})


FACETS = tuple(field.name for field in fields(LookFilter) if field.name not in ("search", "ready", "sort"))
"""The fields whose values are counted, in the order of `LookFilter`."""


def _several(name: str, value: str | Iterable[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, (str, Iterable)):
        raise TypeError(f"{name} must be a string or several, not {value!r}")
    items = {value} if isinstance(value, str) else set(value)
    for item in items:
        if not isinstance(item, str):
            raise TypeError(f"{name} must be a string or several, not {item!r}")
        if item and name in _CLOSED and item not in _CLOSED[name]:
            known = ", ".join(repr(v) for v in (*_CLOSED[name], ""))
            raise ValueError(f"unknown {name} {item!r}: choose from {known} ('' means that the look has none)")
    return tuple(sorted(items))


def checked_filter(wanted: object) -> LookFilter:
    """Check that something is a filter.

    Raises
    ------
    TypeError
        When it is not.
    """
    if not isinstance(wanted, LookFilter):
        raise TypeError(f'a filter must be a LookFilter, such as LookFilter("office"), not {wanted!r}')
    return wanted
