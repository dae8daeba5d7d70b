"""`LookFilter`: which looks to show, and in which order. `catalogue.store` applies it to the loaded looks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ._display import is_sendable

__all__ = ["CLOSED", "FACETS", "SORTS", "LookFilter", "as_filter", "fold"]

SORTS = ("name", "group_name", "avatar_type", "size")
CLOSED = {
    "ownership": ("public", "private"),
    "gender": ("female", "male"),
    "orientation": ("portrait", "landscape", "square"),
}
"""The fields with a fixed set of values, and these values in their order."""
# Letters that Unicode does not decompose into a base letter and an accent.
_BASE_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


def fold(text: str) -> str:
    """Remove case and accents for comparison: ``"Zoë"`` and ``"ZOE"`` both become ``"zoe"``."""
    if text.isascii():
        return text.lower()
    for _ in range(2):  # twice, because NFKD can return upper case: "𝐀" and "™" become "A" and "TM"
        text = unicodedata.normalize("NFKD", text.casefold())
    return _ACCENTS.sub("", text).translate(_BASE_LETTERS)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class LookFilter:
    """Which looks to show: a frozen, hashable value that works without a widget.

    All fields must match. A field takes one string or several, of which any must match; ``""`` matches looks without a
    value, and None means no restriction. The values are stored as a sorted tuple.

    Parameters
    ----------
    search : str, default ""
        Words that must all occur, in any order, in the look's name, its character's name, its id or its tags. Case and
        accents are ignored.
    avatar_type, group_id, engine, status, tag : str or iterable of str, optional
        Open sets, such as ``photo_avatar``, the ids of avatar groups (characters) and ``avatar_iv``.
    ownership, gender, orientation : str or iterable of str, optional
        ``public``, ``private``; ``female``, ``male``; ``portrait``, ``landscape``, ``square``.
    ready : bool, optional
        Whether a video can use the look now (see `Look.is_ready`).
    sort : str, optional
        ``name``, ``group_name`` (the character's), ``avatar_type`` or ``size`` (pixels); a leading ``-`` means
        descending. Numbers in names are compared as numbers, and looks without a value come last. The default is the
        service's own order, private looks first.

    Raises
    ------
    ValueError
        For an unknown `ownership`, `gender`, `orientation` or `sort`, and for a text with a lone surrogate, which
        cannot be sent; `TypeError` for a wrong type of another field.

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
        search = "".join(_several("search", search))  # refuses what cannot be sent
        if not (ready is None or isinstance(ready, bool)):
            raise TypeError(f"ready must be True, False or None, not {ready!r}")
        if sort not in (None, "", *SORTS, *(f"-{name}" for name in SORTS)):
            raise ValueError(f"unknown sort {sort!r}: choose from {', '.join(SORTS)}, with '-' in front for descending")
        given = (avatar_type, ownership, group_id, gender, orientation, engine, status, tag)
        several = (_several(name, value) for name, value in zip(FACETS, given, strict=True))
        for field, value in zip(fields(self), (search, *several, ready, sort or None), strict=True):
            object.__setattr__(self, field.name, value)

    def __repr__(self) -> str:
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in self.to_json().items()}
        one = {name: value[0] for name, value in values.items() if isinstance(value, tuple) and len(value) == 1}
        return f"LookFilter({', '.join(f'{name}={value!r}' for name, value in (values | one).items())})"

    def __bool__(self) -> bool:
        """Whether the filter restricts anything; `sort` does not."""
        return bool(self.to_json().keys() - {"sort"})

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are set, tuples as lists: ``LookFilter(**f.to_json()) == f``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values = {name: value for name, value in values.items() if value not in ("", (), None)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def replace(self, **changes: Any) -> LookFilter:  # noqa: ANN401 - as for the constructor
        """Return a copy with some fields changed; None removes a restriction."""
        return LookFilter(**{**self.to_json(), **changes})


FACETS = tuple(field.name for field in fields(LookFilter) if field.name not in ("search", "ready", "sort"))
"""The fields whose values can be counted, in the order of `LookFilter`."""


def _several(name: str, value: str | Iterable[str] | None) -> tuple[str, ...]:
    if isinstance(value, Iterable) and not isinstance(value, str):
        items: set[Any] = set(value)
    else:
        items = {value} - {None}
    for item in items:
        if not isinstance(item, str):
            raise TypeError(f"{name} must be a string or several, not {item!r}")
        if not is_sendable(item):
            raise ValueError(f"{name} cannot be sent as UTF-8 because of a lone surrogate: {item!r}")
        if item and name in CLOSED and item not in CLOSED[name]:
            known = ", ".join(repr(v) for v in (*CLOSED[name], ""))
            raise ValueError(f"unknown {name} {item!r}: choose from {known} ('' matches looks without one)")
    return tuple(sorted(map(str, items)))  # a subclass of str, such as numpy's, has another repr


def as_filter(wanted: LookFilter | str | Mapping[str, Any] | None = None, **fields: Any) -> LookFilter:  # noqa: ANN401 - as for `LookFilter`
    """Return the filter from a `LookFilter`, a search, a dict of fields or None, with some fields changed."""
    if wanted is None or isinstance(wanted, str):
        wanted = LookFilter(wanted or "")
    elif isinstance(wanted, Mapping):
        wanted = LookFilter(**wanted)
    elif not isinstance(wanted, LookFilter):
        raise TypeError(f'a filter must be a LookFilter, such as LookFilter("office"), not {wanted!r}')
    return wanted.replace(**fields) if fields else wanted
