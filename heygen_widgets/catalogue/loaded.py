"""What can be asked of looks that are here: filtered, counted, as tables and as files."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..filters import FACETS, LookFilter, checked_filter
from ..models import AvatarGroup, Look, Looks
from .snapshots import Snapshot, read_snapshot, write_snapshot
from .store import Character, LookStore, Selection
from .types import Scope

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LoadedLooks", "SavedSnapshot"]

_TABLES = (".csv", ".csv.gz", ".tsv", ".parquet", ".xls", ".xlsx")


@dataclass(frozen=True, slots=True)
class SavedSnapshot:
    """What `LookCatalogue.save` has written.

    Attributes
    ----------
    path : pathlib.Path
    looks, groups : int
        How many looks and avatar groups the file holds.
    private : int
        How many of the looks are private. Whoever has the file can see them for as long as their preview URLs last.
        Looks that don't tell whose they are, as single ones from the service, are not counted.
    complete : bool
        Whether these are all looks within the catalogue's scope.
    """

    path: Path
    looks: int
    groups: int
    private: int
    complete: bool


class LoadedLooks:
    """Looks that are here, with their characters, the scope they were loaded with, and whether they are all.

    Parameters
    ----------
    scope : Scope
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        # Guards the state, and is notified of each change. Nothing of others is called while it is held.
        self._changed = threading.Condition()
        self._shown = LookStore()
        self._complete = False
        self._way_to_the_rest = "open the snapshot with a client, LookCatalogue.open(path, client), and load() the rest"
        self._loaded_at: float | None = None  # Unix time in s, of the complete load that is shown

    @classmethod
    def _of_snapshot(cls, snapshot: Snapshot) -> LoadedLooks:
        loaded = LoadedLooks(snapshot.scope)
        loaded._adopt(snapshot)
        return loaded

    def _adopt(self, snapshot: Snapshot) -> None:
        with self._changed:
            self._shown = LookStore()
            self._shown.add_groups(snapshot.groups)
            self._shown.add_looks(snapshot.looks, 0)
            self._complete, self._loaded_at = snapshot.complete, snapshot.loaded_at

    def __len__(self) -> int:
        return len(self._shown)

    def __iter__(self) -> Iterator[Look]:
        return iter(self.looks)

    @property
    def ownership(self) -> str | None:
        """Whose looks are within the scope; None for both."""
        return self._scope.ownership

    @property
    def avatar_type(self) -> str | None:
        """The type of looks within the scope; None for all."""
        return self._scope.avatar_type

    @property
    def group_id(self) -> str | None:
        """The character whose looks are within the scope; None for all."""
        return self._scope.group_id

    @property
    def looks(self) -> Looks:
        """The looks loaded so far, private ones first."""
        return self.select(LookFilter())

    @property
    def groups(self) -> dict[str, AvatarGroup]:
        """The avatar groups (characters) loaded so far, by id, private ones first."""
        return self._shown.groups

    @property
    def complete(self) -> bool:
        """Whether everything within the scope is here, as of `loaded_at`."""
        return self._complete

    @property
    def loaded_at(self) -> datetime | None:
        """When what is shown was complete, or saved while it was not, in UTC; None where neither was."""
        with self._changed:
            return None if self._loaded_at is None else datetime.fromtimestamp(self._loaded_at, UTC)

    def get(self, look_id: str) -> Look | None:
        """Give the loaded look with this id, or None."""
        return self._shown.get(look_id)

    def _snapshot(self) -> Snapshot:
        with self._changed:
            store, complete, loaded_at = self._shown, self._complete, self._loaded_at
        looks = tuple(store.select(LookFilter()).looks())
        groups = tuple(store.groups.values())
        return Snapshot(looks, groups, *self._scope, loaded_at or time.time(), complete)

    # -- asking -------------------------------------------------------------------------------------------------------

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Let nothing come or go meanwhile, so that several answers fit together; loading waits for the end of it."""
        with self._changed:
            yield

    def matching(self, wanted: LookFilter) -> Selection:
        """Select what matches a filter now, without making a record of each; what is loaded later does not change it.

        Raises
        ------
        TypeError
            When it is no `LookFilter`.
        """
        return self._shown.select(checked_filter(wanted))

    def select(self, wanted: LookFilter | None = None) -> Looks:
        """Give the loaded looks that match, or all, in the filter's order, or else as the service has them.

        Private ones come first there.

        Raises
        ------
        TypeError
            When it is no `LookFilter`.
        """
        return Looks(self.matching(_asked(wanted)).looks())

    def characters(self, wanted: LookFilter | None = None) -> list[Character]:
        """Give the characters that have a look that matches, each with their number.

        In the order of the first look that matches where the filter has an order, or else as the service has them,
        private ones first. While looks are still missing, characters without any of theirs are among them where all
        that the filter asks for is told by the character itself: its name, its id, its owner; not where the scope is
        one type, which no character tells.
        """
        # The groups count their looks of all types.
        more = not self._complete and self._scope.avatar_type is None
        return self._shown.characters(_asked(wanted), more=more)

    def facets(self, wanted: LookFilter | None = None, names: Iterable[str] = FACETS) -> dict[str, dict[str, int]]:
        """Count the loaded looks by the values of each field: ``{field: {value: count}}``, most frequent first.

        Each field is counted under the filter's other fields, as a dropdown needs it; ``""`` stands for no value.

        Parameters
        ----------
        wanted : LookFilter, optional
        names : iterable of str, optional
            Of the fields to count; all unless given, but ``ready``, which counts looks by ``yes`` and ``no``.

        Raises
        ------
        TypeError
            When `wanted` is no `LookFilter`, or `names` is one string.
        ValueError
            For a field that is not among `LookFilter`'s, or whose values are not counted.
        """
        return self._shown.facets(_asked(wanted), _checked_fields(names, (*FACETS, "ready")))

    def values(self, name: str) -> list[str]:
        """Give all values of one of a filter's fields, whatever the filter; ``""`` where a look has none.

        Raises
        ------
        ValueError
            As for `facets`.
        """
        return self._shown.values(*_checked_fields([name]))

    # -- tables and files ---------------------------------------------------------------------------------------------

    def to_frame(self, wanted: LookFilter | None = None, *, flat: bool = False) -> pd.DataFrame:
        """Give the loaded looks, or those that match a filter, as a DataFrame; see `looks_to_frame`.

        Warns
        -----
        UserWarning
            When the catalogue is not complete, so that looks may be missing; `load` waits for them.
        """
        from ..frame import looks_to_frame

        self._warn_if_incomplete()
        return looks_to_frame(self.select(_asked(wanted)), flat=flat, group_names=self._group_names())

    def to_parquet(self, path: str | Path, wanted: LookFilter | None = None) -> None:
        """Write the loaded looks, or those that match a filter, to a Parquet file; see `looks_to_parquet`.

        Warns
        -----
        UserWarning
            When the catalogue is not complete, so that looks may be missing; `load` waits for them.
        """
        from ..frame import looks_to_parquet

        self._warn_if_incomplete()
        looks_to_parquet(self.select(_asked(wanted)), path, group_names=self._group_names())

    def summary(self, wanted: LookFilter | None = None) -> pd.DataFrame:
        """Count the loaded looks, or those that match a filter, by type, ownership, gender and orientation.

        Returns
        -------
        pandas.DataFrame
            One row for each combination there is, with the number in ``looks``; see `summary_frame`.

        Warns
        -----
        UserWarning
            When the catalogue is not complete, so that looks may be missing; `load` waits for them.
        """
        from ..frame import summary_frame

        self._warn_if_incomplete()
        return summary_frame(self.select(_asked(wanted)))

    def diff(self, older: LoadedLooks | str | Path) -> pd.DataFrame:
        """Tell which looks came, went or changed since an older catalogue, or the snapshot of one.

        Parameters
        ----------
        older : LookCatalogue or path

        Returns
        -------
        pandas.DataFrame
            ``id``, ``name``, ``change`` (``came``, ``went``, ``changed``) and ``fields``, those that differ.

        Warns
        -----
        UserWarning
            When one of the two is not complete, or their scopes differ, so that a look that went may only be missing.

        Raises
        ------
        TypeError
            When `older` is neither.
        SnapshotError, OSError
            When the file cannot be read: see `LookCatalogue.open`.
        """
        from ..frame import diff_frame

        if not isinstance(older, (LoadedLooks, str, os.PathLike)):
            raise TypeError(f"older must be a LookCatalogue or the path of a snapshot, not {older!r}")

        before = older if isinstance(older, LoadedLooks) else LoadedLooks._of_snapshot(read_snapshot(Path(older)))
        if not (self.complete and before.complete):
            warnings.warn(
                "one of the two is not complete: looks that seem to have gone may only be missing", stacklevel=2
            )
        elif self._scope != before._scope:
            warnings.warn(f"their scopes differ: {self._scope}, and before {before._scope}", stacklevel=2)
        newer = {look.id: look for look in self.looks}
        return diff_frame(newer, {look.id: look for look in before.looks})

    def save(self, path: str | Path) -> SavedSnapshot:
        """Write a snapshot, for `open`: gzipped JSON lines with looks, groups, scope, time of loading and completeness.

        Only this user can read the file. It is written to another one first, so that a crash leaves an older one.

        Returns
        -------
        SavedSnapshot
            What the file holds, and how many private looks among it.

        Raises
        ------
        ValueError
            For the ending of a table's file, which a snapshot is not.
        OSError
            When it cannot be written.
        """
        if Path(path).name.lower().endswith(_TABLES):
            raise ValueError(
                f"a snapshot is no table, so {path} would not be what its name says: use to_parquet(path), or "
                "to_frame(flat=True) and pandas for CSV and Excel; a snapshot's name ends in .jsonl.gz"
            )
        snapshot = self._snapshot()
        write_snapshot(Path(path), snapshot)
        private = sum(look.ownership == "private" for look in snapshot.looks)
        return SavedSnapshot(Path(path), len(snapshot.looks), len(snapshot.groups), private, snapshot.complete)

    def _group_names(self) -> dict[str, str]:
        return {group.id: group.name for group in self.groups.values()}

    def _warn_if_incomplete(self) -> None:
        if not self.complete:
            text = f"only {len(self):,} looks are loaded so far: {self._way_to_the_rest}"
            warnings.warn(text, UserWarning, stacklevel=3)


def _asked(wanted: LookFilter | None) -> LookFilter:
    # A filter that has only an order is false, and still another one than none at all.
    return LookFilter() if wanted is None else checked_filter(wanted)


def _checked_fields(names: Iterable[str], known: Sequence[str] = FACETS) -> list[str]:
    if isinstance(names, str):
        raise TypeError(f"names must be several fields, such as [{names!r}], not {names!r}")
    fields = list(names)
    for name in fields:
        if name not in known:
            raise ValueError(f"unknown field {name!r}: choose from {', '.join(known)}")
    return fields
