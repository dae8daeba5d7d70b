"""The loaded looks, each once, with their characters; and what a filter selects from them at one moment.

Each field is an array of integer codes, and the search uses one folded text per look. A search word is looked up among
the rows that a part of it matched before, so each keystroke narrows the previous result.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from operator import and_, attrgetter
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._parsing import did_you_mean, known_value
from ..filters import FACETS, LookFilter, fold
from ..models import AvatarGroup, Look

_Rows: TypeAlias = npt.NDArray[np.intp]
_Mask: TypeAlias = npt.NDArray[np.bool_]
Facets: TypeAlias = dict[str, dict[str, int]]
Wanted: TypeAlias = LookFilter | str | Mapping[str, Any] | None
"""What `as_filter` takes."""

_NUMBER = re.compile(r"\d+")
_REMEMBERED_WORDS = 16
_OPEN = ("avatar_type", "engine", "status", "tag")  # fields whose values are written in any case

_FIELDS: dict[str, Callable[[Look], Any]] = {
    **{name: attrgetter(name) for name in FACETS if name not in ("engine", "tag")},
    "engine": attrgetter("supported_api_engines"),
    "tag": attrgetter("tags"),
    "ready": lambda look: "yes" if look.is_ready else "no",
}
"""The fields that can be counted, each with a function for a look's value: a text, None, or a tuple of texts."""


@dataclass(frozen=True, eq=False)
class Selection:
    """The looks that matched a filter at one moment, in its order. Looks loaded later do not change it."""

    store: LookStore
    rows: _Rows

    def __len__(self) -> int:
        return len(self.rows)

    def looks(self, start: int = 0, stop: int | None = None) -> list[Look]:
        return [self.store.looks[row] for row in self.rows[start:stop].tolist()]

    def extends(self, other: object) -> bool:
        """Whether it starts with all looks of the other selection, so the other's positions are valid here too."""
        if not isinstance(other, Selection) or self.store is not other.store:
            return False
        return np.array_equal(self.rows[: len(other)], other.rows)


@dataclass(frozen=True, slots=True)
class Character:
    """One character whose looks matched a filter.

    Attributes
    ----------
    id, group
        Of its avatar group: ``""`` for looks without one, and None if the service has not listed such a group (yet).
    matched, example, expected
        How many loaded looks matched, and the first one or None; and how many may match in the end, as far as known.
    """

    id: str
    group: AvatarGroup | None
    matched: int
    expected: int
    example: Look | None

    @property
    def name(self) -> str:
        """The name of `group`, or ``""``."""
        return self.group.name if self.group else ""


class _Column:
    """One field of all looks: a code for each row, and the values of each code as in filters, ``""`` for none."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.codes = np.empty(0, dtype=np.int32)
        self.values: list[tuple[str, ...]] = []
        self._code_of: dict[Any, int] = {}
        self._codes_with: defaultdict[str, list[int]] = defaultdict(list)

    def extend(self, keys: Iterable[str | tuple[str, ...] | None]) -> None:
        code_of = self._code_of
        codes = [code_of.setdefault(key or "", len(code_of)) for key in keys]
        self.codes = np.concatenate([self.codes, np.array(codes, dtype=np.int32)])
        for key in islice(code_of, len(self.values), None):
            values = key if isinstance(key, tuple) else (key,)
            self.values.append(tuple(dict.fromkeys(known_value(self.name, value) for value in values)))
            for value in self.values[-1]:
                self._codes_with[value].append(len(self.values) - 1)

    def mask(self, wanted: Iterable[str]) -> _Mask:
        """Mark the rows that have any of the wanted values, of an open field in any case if one does not occur."""
        chosen = set(wanted)
        if self.name in _OPEN and (absent := {value.casefold() for value in chosen.difference(self._codes_with)}):
            chosen |= {value for value in self._codes_with if value.casefold() in absent}
        has = np.zeros(len(self.values), dtype=np.bool_)
        for value in chosen:
            has[self._codes_with.get(value, [])] = True
        return has[self.codes]

    def count(self, rows: _Mask | _Rows) -> dict[str, int]:
        counts: Counter[str] = Counter()
        numbers = np.bincount(self.codes[rows], minlength=len(self.values)).tolist()
        for values, number in zip(self.values, numbers, strict=True):
            for value in values if number else ():
                counts[value] += number
        return dict(counts.most_common())


class LookStore:
    """Looks by row, and avatar groups by id; nothing is ever removed, and a row always holds the look with the same id.

    A record that the service lists as private and as public is private. A look gets its character's name as soon as the
    group is there too. There is no lock: hold the catalogue's. Without a sort, `ready_first` looks come before others.
    """

    def __init__(self, looks: Iterable[Look] = (), groups: Iterable[AvatarGroup] = ()) -> None:
        self.ready_first = True
        self.looks: list[Look] = []
        self.groups: dict[str, AvatarGroup] = {}  # private ones first
        self._row_of: dict[str, int] = {}
        self._places = array("q")  # of the rows, in the order without a sort
        self._ahead: set[str] = set()  # ids of looks that do not have their final place yet
        self._character_texts: dict[str, str] = {}
        self._clear_columns()
        self._sorted: dict[str, _Rows] = {}  # for each sort, the position of each row
        self.add_groups(groups)
        self.add_looks(looks, 0)

    def __len__(self) -> int:
        return len(self.looks)

    def _clear_columns(self) -> None:
        self._columns = {name: _Column(name) for name in _FIELDS}
        self._texts: list[str] = []
        self._words: dict[str, _Mask] = {}  # rows whose text has a word; the oldest word first
        self._name_keys: list[str] = []

    def get(self, look_id: str) -> Look | None:
        row = self._row_of.get(look_id)
        return None if row is None else self.looks[row]

    def add_looks(self, looks: Iterable[Look], first_place: int, *, ahead: bool = False) -> None:
        """Add new looks in the order of their places. Those fetched `ahead` move when they are added again."""
        self._sorted.clear()
        for place, look in enumerate(looks, first_place):
            row = self._row_of.setdefault(look.id, len(self.looks))
            if row == len(self.looks):
                self.looks.append(look)
                self._places.append(place)
            elif (owners := (self.looks[row].ownership, look.ownership)) == ("public", "private"):
                self.looks[row], self._places[row] = look, place
                self._clear_columns()
            elif look.id in self._ahead and not ahead and owners != ("private", "public"):
                self._places[row] = place
            else:
                continue
            self._name(row)
            mark = self._ahead.add if ahead else self._ahead.discard
            mark(look.id)

    def add_groups(self, groups: Iterable[AvatarGroup]) -> None:
        self._sorted.clear()
        every, changed = dict(self.groups), set()
        for group in groups:
            if (every.get(group.id, group).ownership, group.ownership) != ("private", "public"):
                every[group.id] = group
                self._character_texts[group.id] = fold(group.name)
                changed.add(group.id)
        # Sorted once for each page, not each time the groups are read.
        self.groups = dict(sorted(every.items(), key=lambda item: item[1].ownership != "private"))
        for row, look in enumerate(self.looks):
            if look.group_id in changed:
                self._name(row)

    def _name(self, row: int) -> None:
        look = self.looks[row]
        group = self.groups.get(look.group_id or "")
        if group and look.group_name != group.name:
            self.looks[row] = replace(look, group_name=group.name)

    def update_previews(self, record: Look | AvatarGroup) -> bool:
        new: dict[str, Any] = {name: getattr(record, name) for name in ("preview_image_url", "preview_video_url")}
        if isinstance(record, AvatarGroup) and (group := self.groups.get(record.id)):
            self.groups[group.id] = replace(group, **new)
        elif isinstance(record, Look) and (row := self._row_of.get(record.id)) is not None:
            self.looks[row] = replace(self.looks[row], **new)
        else:
            return False
        return True

    def in_order(self) -> list[Look]:
        return [self.looks[row] for row in np.argsort(self._places, kind="stable").tolist()]

    def select(self, wanted: LookFilter) -> Selection:
        """Select the rows that match, in the filter's order, or by their places."""
        rows = np.flatnonzero(reduce(and_, self._masks(wanted).values()))
        by = self._positions(wanted.sort) if wanted.sort else np.array(self._places)
        rows = rows[np.argsort(by[rows], kind="stable")]
        if self.ready_first and not wanted.sort:
            is_last = self._columns["ready"].mask(["no"])[rows]
            rows = np.concatenate([rows[~is_last], rows[is_last]])
        return Selection(self, rows)

    def count(self, name: str, rows: _Rows) -> dict[str, int]:
        """Count some looks by the values of a field, most frequent first."""
        return self._column(name).count(rows)

    def facets(self, wanted: LookFilter, names: Iterable[str]) -> Facets:
        masks, counts = self._masks(wanted), dict[str, dict[str, int]]()
        for name in (names,) if isinstance(names, str) else names:
            others = (mask for other, mask in masks.items() if other != name)
            counts[name] = self._column(name).count(reduce(and_, others))
        return counts

    def values(self, name: str) -> list[str]:
        return list(dict.fromkeys(value for values in self._column(name).values for value in values))

    def absent(self, wanted: LookFilter) -> list[str]:
        """Say which values of a filter no look has, each with the closest one that occurs."""
        messages = []
        for name in (name for name in FACETS if self.looks and getattr(wanted, name)):
            is_open, known = name in _OPEN, self.values(name)
            spelled = {value.casefold() if is_open else value for value in known}
            # An empty text asks for looks without a value.
            for value in filter(None, getattr(wanted, name)):
                if (value.casefold() if is_open else value) not in spelled:
                    meant = did_you_mean(fold(value), (), {fold(other): other for other in known if is_open})
                    hint = f": did you mean {meant!r}?" if meant else ""
                    messages.append(f"no look has the {name} {value!r}{hint}")
        return messages

    def characters(self, wanted: LookFilter, *, incomplete: bool) -> list[Character]:
        matched: dict[str, list[Look]] = {}
        for look in self.select(wanted).looks():
            matched.setdefault(look.group_id or "", []).append(look)

        expected: dict[str, int] = {}
        # While looks are missing, the group alone may decide that all its looks match.
        if incomplete and wanted.to_json().keys() <= {"search", "group_id", "ownership", "sort"}:
            words = fold(wanted.search).split()
            expected = {
                group.id: group.looks_count or 0
                for group in self.groups.values()
                if (not wanted.group_id or group.id in wanted.group_id)
                and (not wanted.ownership or group.ownership in wanted.ownership)
                and all(word in self._character_texts[group.id] for word in words)
            }
        loaded = set(self.values("group_id"))
        ids = [*matched, *(group_id for group_id, number in expected.items() if number and group_id not in loaded)]
        if not wanted.sort:
            order = {group_id: place for place, group_id in enumerate(self.groups)}
            ids.sort(key=lambda group_id: order.get(group_id, len(order) + (not group_id)))
        found = [(group_id, matched.get(group_id, []), expected.get(group_id, 0)) for group_id in ids]
        return [
            Character(key, self.groups.get(key), len(looks), max(len(looks), number), next(iter(looks), None))
            for key, looks, number in found
        ]

    def _fill_columns(self) -> None:
        """Bring the columns up to date: before a query, so that a load does not pay for each page."""
        looks = self.looks[len(self._texts) :]
        if looks:
            for name, column in self._columns.items():
                column.extend(map(_FIELDS[name], looks))
            self._texts.extend([fold(f"{look.name} {look.id} {' '.join(look.tags)}") for look in looks])
            self._words.clear()

    def _column(self, name: str) -> _Column:
        self._fill_columns()
        if name not in self._columns:
            raise ValueError(f"unknown field {name!r}: choose from {', '.join(self._columns)}")
        return self._columns[name]

    def _masks(self, wanted: LookFilter) -> dict[str, _Mask]:
        """Mark the rows that match the search, and those with the wanted values of each field that is restricted."""
        self._fill_columns()
        asked = {name: getattr(wanted, name) for name in FACETS}
        asked["ready"] = {True: ("yes",), False: ("no",), None: ()}[wanted.ready]
        found = {name: self._columns[name].mask(values) for name, values in asked.items() if values}
        return {"search": self._search(wanted), **found}

    def _search(self, wanted: LookFilter) -> _Mask:
        """Mark the rows that have every word of the search in their text or their character's name."""
        rows = np.ones(len(self), dtype=np.bool_)
        for word in fold(wanted.search).split():
            named = [group_id for group_id, text in self._character_texts.items() if word in text]
            hits = self._having(word)
            rows &= hits | self._columns["group_id"].mask(named) if named else hits
        return rows

    def _having(self, word: str) -> _Mask:
        """Mark the rows whose text has a word; a remembered part of the word narrows the rows to look at."""
        if word not in self._words:
            part = max((known for known in self._words if known in word), key=len, default="")
            rows = np.flatnonzero(self._words[part]).tolist() if part else range(len(self))
            hits = np.zeros(len(self), dtype=np.bool_)
            hits[[row for row in rows if word in self._texts[row]]] = True
            if len(self._words) == _REMEMBERED_WORDS:
                del self._words[next(iter(self._words))]
            self._words[word] = hits
        return self._words[word]

    def _positions(self, sort: str) -> _Rows:
        """Return each row's position when all rows are sorted. Equal rows keep the order of their places."""
        if sort not in self._sorted:
            keys = self._keys(sort.removeprefix("-"))
            rows = np.argsort(self._places, kind="stable").tolist()
            known = sorted((row for row in rows if keys[row]), key=keys.__getitem__, reverse=sort.startswith("-"))
            order = known + [row for row in rows if not keys[row]]
            self._sorted[sort] = np.argsort(np.array(order, dtype=np.intp))
        return self._sorted[sort]

    def _keys(self, name: str) -> Sequence[Any]:
        """Return the sort key of each row; an empty text or 0 for rows without a value, which come last."""
        if name == "name":
            self._name_keys.extend(_name_key(look.name) for look in self.looks[len(self._name_keys) :])
            return self._name_keys
        if name == "size":
            return [(look.image_width or 0) * (look.image_height or 0) for look in self.looks]
        if name == "avatar_type":
            return [look.avatar_type for look in self.looks]
        keys = {group_id: _name_key(group.name) for group_id, group in self.groups.items()}
        return [keys.get(look.group_id or "", "") for look in self.looks]


def _name_key(name: str) -> str:
    """Return the sort key of a name. Numbers get their length as a prefix, so that 9 comes before 10."""
    return _NUMBER.sub(lambda number: f"{len(digits := number[0].lstrip('0')):03}{digits}", fold(name).strip())


def all_groups(looks: Iterable[Look], groups: Iterable[AvatarGroup]) -> tuple[AvatarGroup, ...]:
    """Return the groups, and the characters that looks name and that are not among them."""
    found = {group.id: group for group in groups}
    for look in looks:
        if look.group_id and look.group_name:
            found.setdefault(look.group_id, AvatarGroup(look.group_id, look.group_name))
    return tuple(found.values())
