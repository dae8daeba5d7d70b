"""Looks stored by column, and the rows that a `LookFilter` selects.

Each field is an array of integer codes, and the search uses one folded text per look. A search word is looked up among
the rows that a part of it matched before, so each keystroke narrows the previous result.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from ..filters import FACETS, LookFilter, checked_filter, fold
from ..models import Look

__all__ = ["LookIndex", "Rows"]

Rows = npt.NDArray[np.intp]
_Mask = npt.NDArray[np.bool_]

_NUMBER = re.compile(r"\d+")
_REMEMBERED_WORDS = 16

# Written out: `look.status` takes half the time of `getattr(look, "status")`.
_KEYS: dict[str, Callable[[Sequence[Look]], list[Any]]] = {
    "avatar_type": lambda looks: [look.avatar_type for look in looks],
    "ownership": lambda looks: [look.ownership for look in looks],
    "group_id": lambda looks: [look.group_id or None for look in looks],  # "" and None are one code
    "gender": lambda looks: [look.gender for look in looks],
    "orientation": lambda looks: [look.orientation for look in looks],
    "engine": lambda looks: [look.supported_api_engines for look in looks],
    "status": lambda looks: [look.status for look in looks],
    "tag": lambda looks: [look.tags for look in looks],
}
"""For each of `FACETS`, the looks' values: a text, None, or a tuple of texts."""


def _values_of(key: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return key if isinstance(key, tuple) else (key,) if key else ()


class _IntArray:
    """An array of integers that can grow; room is allocated in advance."""

    def __init__(self, dtype: type[np.signedinteger[Any]]) -> None:
        self._room: npt.NDArray[np.signedinteger[Any]] = np.empty(1024, dtype=dtype)
        self._size = 0

    @property
    def array(self) -> npt.NDArray[np.signedinteger[Any]]:
        return self._room[: self._size]

    def extend(self, numbers: Sequence[int]) -> None:
        end = self._size + len(numbers)
        if end > len(self._room):
            self._room = np.concatenate([self.array, np.empty(end, dtype=self._room.dtype)])
        self._room[self._size : end] = numbers
        self._size = end


class _Column:
    """One field of all looks: a code for each row, and for each code its tuple of values."""

    def __init__(self) -> None:
        self.values: list[tuple[str, ...]] = []
        self._codes = _IntArray(np.int32)
        self._code_of: dict[Any, int] = {}

    @property
    def codes(self) -> npt.NDArray[np.signedinteger[Any]]:
        return self._codes.array

    def extend(self, keys: Sequence[str | tuple[str, ...] | None]) -> None:
        code_of = self._code_of
        self._codes.extend([code_of.setdefault(key, len(code_of)) for key in keys])
        self.values.extend(map(_values_of, islice(code_of, len(self.values), None)))

    def mask(self, wanted: Iterable[str]) -> _Mask:
        """Mark the rows that have any of the wanted values; ``""`` matches rows without a value."""
        chosen = set(wanted)
        hit = np.array([not chosen.isdisjoint(values or ("",)) for values in self.values], dtype=np.bool_)
        return hit[self.codes] if len(hit) else np.zeros(0, dtype=np.bool_)

    def count(self, rows: _Mask) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for code, number in enumerate(np.bincount(self.codes[rows], minlength=len(self.values)).tolist()):
            if number:
                for value in dict.fromkeys(self.values[code] or ("",)):
                    counts[value] += number
        return dict(counts.most_common())


class LookIndex:
    """Looks by row and their fields by column. A row number always means the same look. It has no lock."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self._columns = {name: _Column() for name in FACETS}
        self._ready = _Column()
        self._texts: list[str] = []
        self._places = _IntArray(np.int64)
        self._character_names: dict[str, str] = {}
        self._character_texts: dict[str, str] = {}
        self._version = 0  # of the rows, their places and the characters' names
        self._words: dict[str, _Mask] = {}  # rows whose text has a word; the last used at the end
        self._name_keys: list[str] = []
        self._sorted: tuple[str, int, Rows] = ("", 0, np.empty(0, dtype=np.intp))

    def __len__(self) -> int:
        return len(self.looks)

    def extend(self, looks: Sequence[Look], places: Sequence[int]) -> None:
        """Add looks as new rows, each with its place in the order without a sort.

        The columns follow at the next query, so that a load does not pay for them and several pages are added at once.
        """
        self._places.extend(places)
        self.looks.extend(looks)
        self._version += 1

    def _fill_columns(self) -> None:
        looks = self.looks[len(self._texts) :]
        if looks:
            for name, column in self._columns.items():
                column.extend(_KEYS[name](looks))
            self._ready.extend(["yes" if look.is_ready else "no" for look in looks])
            self._texts.extend([fold(f"{look.name} {look.id} {' '.join(look.tags)}") for look in looks])

    def move(self, row: int, place: int) -> None:
        self._places.array[row] = place
        self._version += 1

    def name_characters(self, names: Mapping[str, str]) -> None:
        """Set the names of characters by group id; the search also finds looks by them."""
        self._character_names.update(names)
        self._character_texts.update((group_id, fold(name)) for group_id, name in names.items())
        self._version += 1

    def values(self, name: str) -> list[str]:
        """Return all values of a field, in the order they were added; ``""`` for looks without a value."""
        _check_fields([name], FACETS)
        self._fill_columns()
        return list(dict.fromkeys(value for values in self._columns[name].values for value in values or ("",)))

    def match(self, wanted: LookFilter) -> Rows:
        """Return the rows that match, in the filter's order or by their places."""
        self._fill_columns()
        rows = np.flatnonzero(self._search(wanted, self._all_of(self._masks(wanted))))
        by: Rows = self._positions(wanted.sort) if wanted.sort else self._places.array
        return rows[np.argsort(by[rows], kind="stable")]

    def facets(self, wanted: LookFilter, names: Iterable[str] = FACETS) -> dict[str, dict[str, int]]:
        """Count the looks with each value of a field that match the filter's other fields; most frequent first.

        The field ``ready`` has the values ``yes`` and ``no``.
        """
        if isinstance(names, str):
            raise TypeError(f"names must be several fields, such as [{names!r}], not {names!r}")
        fields = _check_fields(names, (*FACETS, "ready"))
        self._fill_columns()
        masks = self._masks(wanted)
        found = self._search(wanted, self._all_of({}))
        everything = self._all_of(masks) & found
        counts = {}
        for name in fields:
            rows = everything
            if name in masks:
                rows = found & self._all_of({other: mask for other, mask in masks.items() if other != name})
            counts[name] = (self._ready if name == "ready" else self._columns[name]).count(rows)
        return counts

    def characters(self, rows: Rows) -> dict[str, tuple[int, int]]:
        """Group rows by character: ``{group id: (number of rows, first row)}`` in the order of the first rows."""
        column = self._columns["group_id"]
        codes, first, counts = np.unique(column.codes[rows], return_index=True, return_counts=True)
        order = np.argsort(first)
        ids = ["".join(column.values[code]) for code in codes[order].tolist()]
        numbers = zip(counts[order].tolist(), rows[first[order]].tolist(), strict=True)
        return dict(zip(ids, numbers, strict=True))

    def _masks(self, wanted: LookFilter) -> dict[str, _Mask]:
        checked_filter(wanted)
        asked = {name: getattr(wanted, name) for name in FACETS}
        masks = {name: self._columns[name].mask(values) for name, values in asked.items() if values}
        if wanted.ready is not None:
            masks["ready"] = self._ready.mask(("yes",) if wanted.ready else ("no",))
        return masks

    def _all_of(self, masks: Mapping[str, _Mask]) -> _Mask:
        result = np.ones(len(self), dtype=np.bool_)
        for mask in masks.values():
            result &= mask
        return result

    def _search(self, wanted: LookFilter, rows: _Mask) -> _Mask:
        """Keep the rows that have every word of the search in their text or their character's name."""
        for word in fold(wanted.search).split():
            named = [group_id for group_id, text in self._character_texts.items() if word in text]
            hits = self._having(word)
            rows = rows & (hits | self._columns["group_id"].mask(named) if named else hits)
        return rows

    def _having(self, word: str) -> _Mask:
        """Mark the rows whose text has a word; a remembered part of the word narrows the rows to look at."""
        hits = self._words.pop(word, None)
        if hits is None:
            part = max((known for known in self._words if known in word), key=len, default="")
            hits = self._words[part].copy() if part else np.zeros(0, dtype=np.bool_)
            for row in np.flatnonzero(hits).tolist():
                hits[row] = word in self._texts[row]
        if len(hits) < len(self._texts):
            new = [word in text for text in self._texts[len(hits) :]]
            hits = np.concatenate([hits, np.array(new, dtype=np.bool_)])
        self._words[word] = hits
        if len(self._words) > _REMEMBERED_WORDS:
            del self._words[next(iter(self._words))]
        return hits

    def _positions(self, sort: str) -> Rows:
        """Return each row's position when all rows are sorted. Equal rows keep the order of their places."""
        if self._sorted[:2] != (sort, self._version):
            keys: Sequence[Any] = self._keys(sort.removeprefix("-"))
            places = np.argsort(self._places.array, kind="stable").tolist()
            known = [row for row in places if keys[row]]
            known.sort(key=keys.__getitem__, reverse=sort.startswith("-"))
            order = np.array(known + [row for row in places if not keys[row]], dtype=np.intp)
            positions = np.empty(len(order), dtype=np.intp)
            positions[order] = np.arange(len(order))
            self._sorted = (sort, self._version, positions)
        return self._sorted[2]

    def _keys(self, name: str) -> Sequence[str] | Sequence[int]:
        """Return the sort key of each row; an empty text or 0 for rows without a value, which come last."""
        if name == "name":
            self._name_keys.extend(map(_key, (look.name for look in self.looks[len(self._name_keys) :])))
            return self._name_keys
        if name == "size":
            return [(look.image_width or 0) * (look.image_height or 0) for look in self.looks]
        if name == "avatar_type":
            return [look.avatar_type for look in self.looks]
        names = {group_id: _key(text) for group_id, text in self._character_names.items()}
        return [names.get(look.group_id or "", "") for look in self.looks]


def _check_fields(names: Iterable[str], known: Sequence[str]) -> list[str]:
    fields = list(names)
    for name in fields:
        if name not in known:
            raise ValueError(f"unknown field {name!r}: choose from {', '.join(known)}")
    return fields


def _key(name: str) -> str:
    """Return the sort key of a name. Numbers get their length as a prefix, so that 9 comes before 10."""
    return _NUMBER.sub(lambda number: f"{len(digits := number[0].lstrip('0')):03}{digits}", fold(name).strip())
