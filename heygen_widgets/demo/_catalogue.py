"""A synthetic catalogue of avatar groups and looks, the same for the same seed, and the lists to ask it for."""

from __future__ import annotations

import random

from ._looks import Group, Look, make_groups

MAX_LOOKS = 100_000
"""The largest catalogue that the stand-in makes, in looks."""


class Catalogue:
    """All groups and looks of one stand-in, and the lists by which they are asked for.

    Parameters
    ----------
    looks : int
        Exact number of looks, 0 to 100,000.
    seed : int, default 0
        The same seed and number give the same catalogue, in every process.

    Raises
    ------
    ValueError
        When `looks` is outside 0 to 100,000.

    Notes
    -----
    A few looks do not tell their group (`group_id` null or missing). They still belong to one: the group counts them
    in `looks_count`, and asking for the group's looks finds them.
    """

    def __init__(self, looks: int, *, seed: int = 0) -> None:
        if not 0 <= looks <= MAX_LOOKS:
            raise ValueError(f"looks must be between 0 and {MAX_LOOKS:,}, not {looks!r}")
        self.seed = seed
        self.groups: list[Group] = make_groups(looks, random.Random(seed))
        self.looks: list[Look] = [look for group in self.groups for look in group.looks]
        self._look_by_id = {look.id: look for look in self.looks}
        self._group_by_id = {group.id: group for group in self.groups}
        self._looks_by_query: dict[tuple[str | None, str | None], list[Look]] = {(None, None): self.looks}
        self._groups_by_ownership: dict[str | None, list[Group]] = {None: self.groups}

    def look(self, look_id: str) -> Look | None:
        """Return the look with this id, or None."""
        return self._look_by_id.get(look_id)

    def group(self, group_id: str) -> Group | None:
        """Return the group with this id, or None."""
        return self._group_by_id.get(group_id)

    def select_looks(
        self, *, group_id: str | None = None, avatar_type: str | None = None, ownership: str | None = None
    ) -> list[Look]:
        """Return the looks that pass all filters, in listing order; an unknown group has none.

        A list without `group_id` is kept, so that later pages cost nothing. The list is not to be changed.
        """
        if group_id is None:
            query = (avatar_type, ownership)
            if query not in self._looks_by_query:
                self._looks_by_query[query] = _matching(self.looks, avatar_type, ownership)
            return self._looks_by_query[query]
        group = self._group_by_id.get(group_id)
        return _matching(group.looks, avatar_type, ownership) if group else []

    def select_groups(self, *, ownership: str | None = None) -> list[Group]:
        """Return the groups with this ownership, or all; the list is kept and not to be changed."""
        if ownership not in self._groups_by_ownership:
            private = ownership == "private"
            self._groups_by_ownership[ownership] = [group for group in self.groups if group.private == private]
        return self._groups_by_ownership[ownership]


def _matching(looks: list[Look], avatar_type: str | None, ownership: str | None) -> list[Look]:
    private = ownership == "private"
    return [
        look
        for look in looks
        if (avatar_type is None or look.avatar_type == avatar_type)
        and (ownership is None or look.group.private == private)
    ]
