"""The looks of one loading, each once, with their characters; and what a filter selects of them at one moment."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..filters import FACETS, LookFilter, fold
from ..models import AvatarGroup, Look
from .index import LookColumns, Rows

__all__ = ["Character", "LookStore", "Selection"]


@dataclass(frozen=True, eq=False)
class Selection:
    """The looks that matched a filter at one moment, in its order; what is loaded later does not change it."""

    store: LookStore
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def looks(self, start: int = 0, stop: int | None = None) -> list[Look]:
        """Give the looks at some positions."""
        return self.store.looks(self.rows[start:stop])

    def begins_like(self, other: Selection) -> bool:
        """Whether it has, from the first on, all the other one has, so that the other's positions hold here too."""
        same = self.store is other.store and len(self) >= len(other)
        return same and bool(np.array_equal(self.rows[: len(other)], other.rows))


@dataclass(frozen=True, slots=True)
class Character:
    """One character whose looks matched a filter.

    Attributes
    ----------
    id : str
        Of its avatar group; ``""`` for the looks that tell none.
    group : AvatarGroup or None
        None where the service listed no such group (yet).
    matched : int
        Loaded looks that matched; 0 where none of its looks is loaded yet.
    expected : int
        The looks that will have matched when all are there: `matched`, or more where looks are still missing and the
        group's own number is known to be theirs.
    example : Look or None
        The first that matched, of those loaded.
    """

    id: str
    group: AvatarGroup | None
    matched: int
    expected: int
    example: Look | None


class LookStore:
    """Looks and avatar groups that only ever grow. Safe to use from several threads.

    Its lock guards data alone: nothing of others is called while it is held.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._columns = LookColumns()
        self._row_of: dict[str, int] = {}
        self._ahead: set[str] = set()  # ids of looks that came before their turn
        self._groups: dict[str, AvatarGroup] = {}

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def groups(self) -> dict[str, AvatarGroup]:
        """The avatar groups by id, private ones first."""
        with self._lock:
            return dict(self._groups)

    def get(self, look_id: str) -> Look | None:
        with self._lock:
            row = self._row_of.get(look_id)
            return None if row is None else self._columns.looks[row]

    def looks(self, rows: Rows) -> list[Look]:
        """Give the looks of some rows."""
        # Rows are never taken away, so that this needs no lock.
        looks = self._columns.looks
        return [looks[row] for row in rows.tolist()]

    def add_looks(self, looks: Iterable[Look], first_place: int, *, ahead: bool = False) -> None:
        """Add the looks that are not there yet.

        Parameters
        ----------
        looks : iterable of Look
        first_place : int
            The place of the first, by which looks are ordered; the others follow.
        ahead : bool, default False
            Whether they come before their turn: each moves to its own place when it comes again.
        """
        with self._lock:
            new: dict[str, tuple[Look, int]] = {}
            for place, look in enumerate(looks, first_place):
                row = self._row_of.get(look.id)
                if row is None:
                    new.setdefault(look.id, (look, place))
                elif look.id in self._ahead and not ahead:
                    self._columns.move(row, place)
                    self._ahead.discard(look.id)
            self._row_of.update((look_id, row) for row, look_id in enumerate(new, len(self._row_of)))
            self._columns.extend([look for look, _ in new.values()], [place for _, place in new.values()])
            if ahead:
                self._ahead.update(new)

    def add_groups(self, groups: Iterable[AvatarGroup]) -> None:
        with self._lock:
            added = {group.id: group for group in groups}
            self._groups.update(added)
            # Once for each page that comes, and not for each time they are asked for.
            self._groups = dict(sorted(self._groups.items(), key=lambda item: item[1].ownership != "private"))
            self._columns.name_characters({group.id: group.name for group in added.values()})

    def renew_previews(self, served: Look | AvatarGroup) -> None:
        """Take the preview URLs of a look or group that is there and was served anew; all else stays."""
        image, video = served.preview_image_url, served.preview_video_url
        with self._lock:
            if isinstance(served, Look):
                row = self._row_of[served.id]
                look = self._columns.looks[row]
                self._columns.looks[row] = replace(look, preview_image_url=image, preview_video_url=video)
            else:
                group = self._groups[served.id]
                self._groups[group.id] = replace(group, preview_image_url=image, preview_video_url=video)

    def select(self, wanted: LookFilter) -> Selection:
        with self._lock:
            return Selection(self, self._columns.match(wanted))

    def facets(self, wanted: LookFilter, names: Iterable[str] = FACETS) -> dict[str, dict[str, int]]:
        with self._lock:
            return self._columns.facets(wanted, names)

    def values(self, name: str) -> list[str]:
        """Give all values of a field, whatever the filter."""
        with self._lock:
            return self._columns.values(name)

    def count_loaded(self, group_id: str) -> int:
        """Count a character's looks that are there."""
        with self._lock:
            return self._columns.facets(LookFilter(group_id=group_id), ["group_id"])["group_id"].get(group_id, 0)

    def characters(self, wanted: LookFilter, *, more: bool) -> list[Character]:
        """Give the characters that have a look that matches.

        Parameters
        ----------
        wanted : LookFilter
            Its order is that of the first matching looks; without one, characters come as the service lists them,
            private ones first.
        more : bool
            Whether there are looks that are not loaded yet, as many as the groups tell. Then characters without a
            loaded look are among them where all that the filter asks for is told by the group itself: a search by its
            name, its id, its owner.
        """
        with self._lock:
            rows = self._columns.match(wanted)
            matched = self._columns.characters(rows)
            loaded = set(self._columns.values("group_id"))
            groups = dict(self._groups)
        told = _told(groups.values(), wanted) if more else {}
        ids = [*matched, *(group_id for group_id, number in told.items() if number and group_id not in loaded)]
        if not wanted.sort:
            order = {group_id: place for place, group_id in enumerate(groups)}
            ids.sort(key=lambda group_id: order.get(group_id, len(order) + (not group_id)))
        looks = self._columns.looks
        characters = []
        for group_id in ids:
            number, row = matched.get(group_id, (0, -1))
            expected = max(number, told.get(group_id, 0))
            example = looks[row] if number else None
            characters.append(Character(group_id, groups.get(group_id), number, expected, example))
        return characters


def _told(groups: Iterable[AvatarGroup], wanted: LookFilter) -> dict[str, int]:
    """Give the number of looks of each group of which all match a filter, as far as the group itself tells."""
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
