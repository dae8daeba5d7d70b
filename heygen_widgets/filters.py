"""The filter as a value, and the looks it selects.

The service filters by three fields only, so the rest is done here, over columns that grow page by page: for each field
the looks' values as integer codes, and one folded text a look for the search.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from .models import Look

__all__ = ["FACETS", "LookColumns", "LookFilter", "Rows", "fold"]

Rows = npt.NDArray[np.intp]

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
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())).translate(_BASE_LETTERS)


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

    Raises
    ------
    ValueError
        For an unknown `ownership`, `gender` or `orientation`.
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
    ) -> None:
        if not isinstance(search, str):
            raise TypeError(f"search must be a string, not {search!r}")
        if ready is not None and not isinstance(ready, bool):
            raise TypeError(f"ready must be True, False or None, not {ready!r}")
        object.__setattr__(self, "search", search)
        object.__setattr__(self, "ready", ready)
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
        """Whether it restricts anything."""
        return bool(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Give the fields that restrict something, several values as a list: ``LookFilter(**f.to_json()) == f``."""
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


FACETS = tuple(field.name for field in fields(LookFilter) if field.name not in ("search", "ready"))


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


def _check_filter(wanted: object) -> None:
    if not isinstance(wanted, LookFilter):
        raise TypeError(f'a filter must be a LookFilter, such as LookFilter("office"), not {wanted!r}')


def _values_of(look: Look) -> tuple[tuple[str, ...], ...]:
    """Give the look's values for each of `FACETS`: none, one or several."""
    return (
        (look.avatar_type,),
        (look.ownership,) if look.ownership else (),
        (look.group_id,) if look.group_id else (),
        (look.gender,) if look.gender else (),
        (look.orientation,) if look.orientation else (),
        look.supported_api_engines,
        (look.status,) if look.status else (),
        look.tags,
    )


class _Column:
    """One field of all looks: a code a row, and for each code the tuple of values it stands for."""

    def __init__(self) -> None:
        self.values: list[tuple[str, ...]] = []
        self._codes: npt.NDArray[np.int32] = np.empty(1024, dtype=np.int32)
        self._size = 0
        self._code_of: dict[tuple[str, ...], int] = {}

    @property
    def codes(self) -> npt.NDArray[np.int32]:
        return self._codes[: self._size]

    def extend(self, rows: Sequence[tuple[str, ...]]) -> None:
        end = self._size + len(rows)
        if end > len(self._codes):
            self._codes = np.concatenate([self.codes, np.empty(end, dtype=np.int32)])
        for position, values in enumerate(rows, self._size):
            code = self._code_of.setdefault(values, len(self.values))
            if code == len(self.values):
                self.values.append(values)
            self._codes[position] = code
        self._size = end

    def mask(self, wanted: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Mark the rows that have any of the wanted values; ``""`` stands for none at all."""
        chosen = set(wanted)
        hit = np.array([not chosen.isdisjoint(values or ("",)) for values in self.values], dtype=np.bool_)
        return hit[self.codes] if len(hit) else np.zeros(0, dtype=np.bool_)

    def count(self, rows: Rows) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for code, number in enumerate(np.bincount(self.codes[rows], minlength=len(self.values)).tolist()):
            if number:
                for value in dict.fromkeys(self.values[code] or ("",)):
                    counts[value] += number
        return dict(counts.most_common())


class LookColumns:
    """The looks' fields by column: what `LookFilter` is matched against.

    Rows are numbered in the order in which looks were added. It holds no lock and keeps no look.
    """

    def __init__(self) -> None:
        self._columns = {name: _Column() for name in FACETS}
        self._ready = _Column()
        self._texts: list[str] = []
        self._character_texts: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def extend(self, looks: Sequence[Look]) -> None:
        """Add looks as further rows."""
        if not looks:
            return
        for column, rows in zip(self._columns.values(), zip(*map(_values_of, looks), strict=True), strict=True):
            column.extend(rows)
        self._ready.extend([("yes",) if look.is_ready else ("no",) for look in looks])
        self._texts.extend(fold(f"{look.name} {look.id} {' '.join(look.tags)}") for look in looks)

    def name_characters(self, names: Mapping[str, str]) -> None:
        """Tell the names of characters, by group id, so that the search finds looks by them."""
        self._character_texts.update((group_id, fold(name)) for group_id, name in names.items())

    def match(self, wanted: LookFilter) -> Rows:
        """Give the rows that match: private looks first, otherwise as they were added."""
        _check_filter(wanted)
        return self._private_first(self._search(wanted, np.flatnonzero(self._mask(wanted, self._masks(wanted)))))

    def facets(self, wanted: LookFilter) -> dict[str, dict[str, int]]:
        """Count, for each field, the looks with each value under the filter's other fields; most frequent first."""
        _check_filter(wanted)
        masks = self._masks(wanted)
        everywhere = self._search(wanted, np.flatnonzero(self._mask(wanted, {})))
        found = np.zeros(len(self), dtype=np.bool_)
        found[everywhere] = True
        all_fields = np.flatnonzero(found & self._mask(wanted, masks))
        counts = {}
        for name, column in self._columns.items():
            rows = all_fields
            if name in masks:
                others = {other: mask for other, mask in masks.items() if other != name}
                rows = np.flatnonzero(found & self._mask(wanted, others))
            counts[name] = column.count(rows)
        return counts

    def _masks(self, wanted: LookFilter) -> dict[str, npt.NDArray[np.bool_]]:
        asked = {name: getattr(wanted, name) for name in FACETS}
        return {name: self._columns[name].mask(values) for name, values in asked.items() if values}

    def _mask(self, wanted: LookFilter, masks: Mapping[str, npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
        result = np.ones(len(self), dtype=np.bool_)
        if wanted.ready is not None:
            result &= self._ready.mask(("yes",) if wanted.ready else ("no",))
        for mask in masks.values():
            result &= mask
        return result

    def _search(self, wanted: LookFilter, rows: Rows) -> Rows:
        """Narrow the rows word by word, so that each further word looks at fewer texts."""
        texts = self._texts
        groups = self._columns["group_id"]
        for word in sorted(fold(wanted.search).split(), key=len, reverse=True):
            named = {group_id for group_id, text in self._character_texts.items() if word in text}
            by_character = np.array([not named.isdisjoint(values) for values in groups.values], dtype=np.bool_)
            hits = by_character[groups.codes[rows]] if len(rows) else np.zeros(0, dtype=np.bool_)
            rows = np.array(
                [row for row, hit in zip(rows.tolist(), hits.tolist(), strict=True) if hit or word in texts[row]],
                dtype=np.intp,
            )
        return rows

    def _private_first(self, rows: Rows) -> Rows:
        private = self._columns["ownership"].mask(("private",))[rows]
        return np.concatenate([rows[private], rows[~private]])
