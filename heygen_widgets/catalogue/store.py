"""The loaded looks, each once, with their characters; and what a filter selects from them at one moment."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..filters import FACETS, LookFilter, fold
from ..models import AvatarGroup, Look
from .index import LookIndex, Rows

__all__ = ["Character", "LookStore", "Selection"]


@dataclass(frozen=True, eq=False)
class Selection:
    """The looks that matched a filter at one moment, in its order. Looks loaded later do not change it."""

    store: LookStore
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def looks(self, start: int = 0, stop: int | None = None) -> list[Look]:
        """Return the looks at some positions."""
        return self.store.looks(self.rows[start:stop])

    def extends(self, other: object) -> bool:
        """Whether it starts with all looks of the other selection, so the other's positions are valid here too."""
        if not isinstance(other, Selection) or self.store is not other.store or len(self) < len(other):
            return False
        return bool(np.array_equal(self.rows[: len(other)], other.rows))


@dataclass(frozen=True, slots=True)
class Character:
    """One character whose looks matched a filter.

    Attributes
    ----------
    id : str
        Of its avatar group; ``""`` for looks without a group.
    group : AvatarGroup or None
        None if the service has not listed such a group (yet).
    matched : int
        Loaded looks that matched; 0 if none of its looks is loaded yet.
    expected : int
        Looks that will match once all are loaded: `matched`, or the group's ``looks_count`` if looks are still missing
        and all looks of the group match.
    example : Look or None
        The first loaded look that matched.
    """

    id: str
    group: AvatarGroup | None
    matched: int
    expected: int
    example: Look | None


class LookStore:
    """Looks and avatar groups; nothing is ever removed. Safe to use from several threads."""

    def __init__(self, looks: Iterable[Look] = (), groups: Iterable[AvatarGroup] = ()) -> None:
        self._lock = threading.Lock()
        self._index = LookIndex()
        self._row_of: dict[str, int] = {}
        self._ahead: set[str] = set()  # ids of looks that do not have their final place yet
        self._groups: dict[str, AvatarGroup] = {}
        self.add_groups(groups)
        self.add_looks(looks, 0)

    def __len__(self) -> int:
        return len(self._index)

    @property
    def groups(self) -> dict[str, AvatarGroup]:
        """The avatar groups by id, private ones first."""
        with self._lock:
            return dict(self._groups)

    def get(self, look_id: str) -> Look | None:
        with self._lock:
            row = self._row_of.get(look_id)
            return None if row is None else self._index.looks[row]

    def looks(self, rows: Rows) -> list[Look]:
        # Rows are never removed, so this needs no lock.
        looks = self._index.looks
        return [looks[row] for row in rows.tolist()]

    def add_looks(self, looks: Iterable[Look], first_place: int, *, ahead: bool = False) -> None:
        """Add the looks that are not loaded yet; looks are ordered by their places, from `first_place` on.

        Looks that are fetched `ahead` move to their final place when they are added again.
        """
        with self._lock:
            new: dict[str, tuple[Look, int]] = {}
            for place, look in enumerate(looks, first_place):
                row = self._row_of.get(look.id)
                if row is None:
                    new.setdefault(look.id, (look, place))
                elif look.id in self._ahead and not ahead:
                    self._index.move(row, place)
                    self._ahead.discard(look.id)
            self._row_of.update((look_id, row) for row, look_id in enumerate(new, len(self._row_of)))
            self._index.extend([look for look, _ in new.values()], [place for _, place in new.values()])
            if ahead:
                self._ahead.update(new)

    def add_groups(self, groups: Iterable[AvatarGroup]) -> None:
        with self._lock:
            added = {group.id: group for group in groups}
            self._groups.update(added)
            # Sorted once for each page, not each time the groups are read.
            self._groups = dict(sorted(self._groups.items(), key=lambda item: item[1].ownership != "private"))
            self._index.name_characters({group.id: group.name for group in added.values()})

    def update_previews(self, record: Look | AvatarGroup) -> bool:
        """Replace the preview URLs of a loaded look or group with those of a record that has the same id."""
        image, video = record.preview_image_url, record.preview_video_url
        with self._lock:
            if isinstance(record, AvatarGroup):
                if group := self._groups.get(record.id):
                    self._groups[group.id] = replace(group, preview_image_url=image, preview_video_url=video)
                return group is not None
            row = self._row_of.get(record.id)
            if row is not None:
                look = self._index.looks[row]
                self._index.looks[row] = replace(look, preview_image_url=image, preview_video_url=video)
            return row is not None

    def group_names(self) -> dict[str, str]:
        return {group.id: group.name for group in self.groups.values()}

    def select(self, wanted: LookFilter | None = None) -> Selection:
        with self._lock:
            return Selection(self, self._index.match(LookFilter() if wanted is None else wanted))

    def facets(self, wanted: LookFilter | None, names: Iterable[str] = FACETS) -> dict[str, dict[str, int]]:
        with self._lock:
            return self._index.facets(LookFilter() if wanted is None else wanted, names)

    def values(self, name: str) -> list[str]:
        with self._lock:
            return self._index.values(name)

    def count_loaded(self, group_id: str) -> int:
        """Count the loaded looks of a character."""
        return self.facets(LookFilter(group_id=group_id), ["group_id"])["group_id"].get(group_id, 0)

    def characters(self, wanted: LookFilter | None, *, incomplete: bool) -> list[Character]:
        """Return the characters that have a matching look, in the filter's order or as the service lists them.

        While looks are missing (`incomplete`), characters without a loaded look are included if their group alone
        decides that they match: by its name, its id, its owner.
        """
        wanted = LookFilter() if wanted is None else wanted
        with self._lock:
            matched = self._index.characters(self._index.match(wanted))
            loaded = set(self._index.values("group_id"))
            groups = dict(self._groups)
        counts = _looks_by_group(groups.values(), wanted) if incomplete else {}
        ids = [*matched, *(group_id for group_id, number in counts.items() if number and group_id not in loaded)]
        if not wanted.sort:
            order = {group_id: place for place, group_id in enumerate(groups)}
            ids.sort(key=lambda group_id: order.get(group_id, len(order) + (not group_id)))
        characters = []
        for group_id in ids:
            number, row = matched.get(group_id, (0, -1))
            example = self._index.looks[row] if number else None
            expected = max(number, counts.get(group_id, 0))
            characters.append(Character(group_id, groups.get(group_id), number, expected, example))
        return characters


def _looks_by_group(groups: Iterable[AvatarGroup], wanted: LookFilter) -> dict[str, int]:
    """Return the ``looks_count`` of the groups whose looks all match, as far as the group alone decides it."""
    if not wanted.to_json().keys() <= {"search", "group_id", "ownership", "sort"}:
        return {}
    words = fold(wanted.search).split()
    return {
        group.id: group.looks_count or 0
        for group in groups
        if (not wanted.group_id or group.id in wanted.group_id)
        and (not wanted.ownership or group.ownership in wanted.ownership)
        and all(word in fold(group.name) for word in words)
    }
