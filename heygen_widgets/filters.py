"""`LookFilter`: which looks to show, and in which order. `catalogue.store` applies it to the loaded looks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from ._display import TITLES, is_sendable, shown
from ._parsing import hint_for, id_of, known_keywords, known_value, plain

if TYPE_CHECKING:
    from .models import AvatarGroup

__all__ = ["FACETS", "SORTS", "FilterFields", "LookFilter", "as_filter"]

SORTS = ("name", "group_name", "avatar_type", "size")
_SORT_LABELS = {"character": "group_name", "type": "avatar_type", "largest_first": "-size", "smallest_first": "size"}
_READY: dict[str, Any] = {
    **{"ready to use": True, "yes": True, "true": True},
    **{"not ready": False, "no": False, "false": False},
}
CLOSED = {name: tuple(TITLES[name]) for name in ("ownership", "gender", "orientation")}
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


class FilterFields(TypedDict, total=False):
    """The fields of a `LookFilter`, as keywords."""

    search: str | None
    avatar_type: str | Iterable[str] | None
    ownership: str | Iterable[str] | None
    group_id: str | AvatarGroup | Iterable[str | AvatarGroup] | None
    gender: str | Iterable[str] | None
    orientation: str | Iterable[str] | None
    engine: str | Iterable[str] | None
    status: str | Iterable[str] | None
    tag: str | Iterable[str] | None
    ready: bool | None
    sort: str | None


@dataclass(frozen=True, slots=True, init=False, repr=False)
class LookFilter:
    """Which looks to show: a frozen, hashable value that works without a widget.

    All fields must match. A field takes one string or several, of which any must match; ``""`` matches looks without a
    value, and None means no restriction. The labels of the widget and any case mean the service's values: ``Avatar IV``
    is ``avatar_iv``, ``16:9`` is ``landscape`` and ``mine`` is ``private``. They are stored as a sorted tuple.

    Parameters
    ----------
    search : str, default ""
        Words that must all occur, in any order, in the look's name, its character's name, its id or its tags. Case and
        accents are ignored.
    avatar_type, group_id, engine, status, tag, ownership, gender, orientation : str or iterable of str, optional
        Open sets, such as ``photo_avatar``, ids of avatar groups (characters; or `AvatarGroup`) and ``avatar_iv``; the
        last three are ``public``, ``private``; ``female``, ``male``; ``portrait``, ``landscape``, ``square``.
    ready : bool, optional
        Whether a video can use the look now; see `Look.is_ready`.
    sort : str, optional
        ``name``, ``group_name`` (the character's), ``avatar_type`` or ``size`` (pixels); a leading ``-`` means
        descending. Numbers in names are compared as numbers, and looks without a value come last. The default is the
        service's own order, private looks first, with the looks that are not ready at the end; a table keeps its order.

    Raises
    ------
    ValueError, TypeError
        For an unknown `ownership`, `gender`, `orientation` or `sort`, and an empty list, which would match nothing; for
        a value of a wrong type, and an unknown field.
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

    @known_keywords
    def __init__(
        self,
        search: str | None = "",
        *,
        avatar_type: str | Iterable[str] | None = None,
        ownership: str | Iterable[str] | None = None,
        group_id: str | AvatarGroup | Iterable[str | AvatarGroup] | None = None,
        gender: str | Iterable[str] | None = None,
        orientation: str | Iterable[str] | None = None,
        engine: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tag: str | Iterable[str] | None = None,
        ready: bool | None = None,
        sort: str | None = None,
    ) -> None:
        __tracebackhide__ = True  # in IPython, here and below
        search, ready, sort = plain(search), plain(ready), plain(sort)
        if not isinstance(search, str | None):
            raise TypeError(f"search must be a string, not {shown(search)}")
        search = "".join(_several("search", search))  # refuses what cannot be sent
        ready = _READY.get(ready.strip().lower(), ready) if isinstance(ready, str) else ready
        if not isinstance(ready, bool | None):
            raise TypeError(f"ready must be True, False or None, not {shown(ready)}")
        given = (avatar_type, ownership, group_id, gender, orientation, engine, status, tag)
        values = (search, *map(_several, FACETS, given), ready, _known_sort(sort))
        for field, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, field.name, value)

    def __repr__(self) -> str:
        values = {name: getattr(self, name) for name in self.to_json()}
        one = {name: value[0] for name, value in values.items() if isinstance(value, tuple) and len(value) == 1}
        return f"LookFilter({', '.join(f'{name}={value!r}' for name, value in (values | one).items())})"

    def __bool__(self) -> bool:
        """Whether the filter restricts anything; `sort` does not."""
        return bool(self.to_json().keys() - {"sort"})

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are set, tuples as lists: ``LookFilter(**f.to_json()) == f``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        given = {name: value for name, value in values.items() if value not in ("", (), None)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}

    def replace(self, **changes: Unpack[FilterFields]) -> LookFilter:
        """Return a copy with some fields changed; None removes a restriction."""
        __tracebackhide__ = True
        return LookFilter(**{**self.to_json(), **changes})


FACETS = tuple(field.name for field in fields(LookFilter) if field.name not in ("search", "ready", "sort"))
"""The fields whose values can be counted, in the order of `LookFilter`."""


def _several(name: str, value: object) -> tuple[str, ...]:
    __tracebackhide__ = True
    value = id_of(name, value)
    several = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    items: set[str] = set()
    for item in (item for item in (id_of(name, given) for given in several) if item is not None):
        if not isinstance(item, str):
            raise TypeError(f"{name} must be a string or several, not {shown(item)}{hint_for(name, item)}")
        if not is_sendable(item):
            raise ValueError(f"{name} cannot be sent as UTF-8 because of a lone surrogate: {item!r}")
        known: str = known_value(name, item)
        if known and name in CLOSED and known not in CLOSED[name]:
            choices = ", ".join(repr(choice) for choice in (*CLOSED[name], ""))
            raise ValueError(f"unknown {name} {shown(item)}: choose from {choices} ('' matches looks without one)")
        items.add(known)
    if not (items or value is None or (isinstance(value, tuple) and not value)):
        kind = type(value).__name__
        raise ValueError(f"{name}: an empty {kind} would match nothing: leave {name} out, or give None")
    return tuple(sorted(items))


def _known_sort(given: object) -> str | None:
    """Return a sort as `SORTS` has it, from that or a label of the widget in any case, such as ``Name, Z to A``."""
    __tracebackhide__ = True
    if given is None or (isinstance(given, str) and not given):
        return None
    text = "_".join(given.lower().split()) if isinstance(given, str) else ""
    name = text.removeprefix("-").removesuffix(",_z_to_a")
    known = ("-" if name != text else "") + _SORT_LABELS.get(name, name)
    if known.removeprefix("-") not in SORTS:
        raise ValueError(f"unknown sort {shown(given)}: choose from {', '.join(SORTS)}, with '-' for descending")
    return known


def as_filter(wanted: LookFilter | str | Mapping[str, Any] | None = None, **fields: Unpack[FilterFields]) -> LookFilter:
    """Return the filter from a `LookFilter`, a search, a dict of fields or None, with some fields changed."""
    __tracebackhide__ = True
    wanted = plain(wanted)
    if wanted is None or isinstance(wanted, str):
        wanted = LookFilter(wanted)
    elif isinstance(wanted, Mapping):
        wanted = LookFilter(**wanted)
    elif not isinstance(wanted, LookFilter):
        kind = type(wanted).__name__
        raise TypeError(f'a filter must be a LookFilter, such as LookFilter("office"), a text or a dict, not a {kind}')
    return wanted.replace(**fields) if fields else wanted
