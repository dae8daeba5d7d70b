"""The catalogue: all looks of an account, loaded in the background, with filters, tables and files."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from .. import frame
from .._files import UserPath, expanduser
from .._parsing import id_of, warn
from .._progress import progress_bar
from ..api import HeyGenClient
from ..api.media import thumbnails
from ..api.validation import checked_filters
from ..errors import HeyGenError
from ..filters import FACETS, FilterFields as Fields, LookFilter, as_filter
from ..models import AvatarGroup, Look, Looks, checked_records
from .cache import DEFAULT_MAX_AGE, SnapshotCache
from .loader import CatalogueLoader, Progress
from .snapshots import Ownership, SavedSnapshot, Scope, Snapshot, read_snapshot, write_snapshot
from .store import Character, Facets, LookStore, Selection, Wanted, all_groups

if TYPE_CHECKING:
    import pandas as pd

_NO_CLIENT = "This catalogue has no client: open its snapshot with one, LookCatalogue.open(path, client), and load()."


class LookCatalogue:
    """All looks within a scope. It can be filtered while it is loading.

    It starts empty. `load` or `load_in_background` fills it from a snapshot in the user's cache folder or from the
    service (``GET /v3/avatars/looks``, ``GET /v3/avatars``). Private and public looks are loaded in parallel, because a
    look itself does not say which it is. Safe to use from several threads.

    Parameters
    ----------
    client : HeyGenClient
        None only for the looks of a snapshot: such a catalogue never asks the service.
    ownership, avatar_type, group_id : str, optional
        Load only the ``public`` or ``private`` looks, those of one type, or those of one character.
    cache : datetime.timedelta or None, default 24 hours
        How long a complete load stays fresh in the user's cache folder. An older one is shown at first, and replaced
        when a new load is complete. None neither reads nor writes the cache.
    snapshot : Snapshot, optional
        The looks to start with, and their scope.

    Attributes
    ----------
    client, ownership, avatar_type, group_id, complete, revision
        The first four as given; whether everything within the scope is loaded; and a number that grows by each change.
    """

    # Without sharing, a cell that runs again would load everything again.
    _shared: ClassVar[weakref.WeakValueDictionary[tuple[object, ...], LookCatalogue]] = weakref.WeakValueDictionary()
    _sharing: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        client: HeyGenClient | None,
        *,
        ownership: Ownership | None = None,
        avatar_type: str | None = None,
        group_id: str | AvatarGroup | None = None,
        cache: timedelta | None = DEFAULT_MAX_AGE,
        snapshot: Snapshot | None = None,
    ) -> None:
        if not isinstance(client, HeyGenClient) and not (client is None and snapshot):
            kind, client = type(client).__name__, None  # a verbose traceback shows variables, and it may be a key
            raise TypeError(f"client must be a HeyGenClient, not {kind}: see LookCatalogue.of and LookCatalogue.open")
        if not (cache is None or isinstance(cache, timedelta)):
            raise TypeError(f"cache must be a timedelta, such as timedelta(hours=24), or None, not {cache!r}")
        self.client = client
        asked = checked_filters(ownership=ownership, avatar_type=avatar_type, group_id=group_id)
        self._scope = snapshot.scope if snapshot else Scope(**asked)
        self.ownership, self.avatar_type, self.group_id = self._scope
        self._loader = CatalogueLoader(client, self._scope, self._loader_changed)
        self._cache: SnapshotCache | None = None
        if client and client.account and cache is not None and not snapshot:
            self._cache = self._loader.cache = SnapshotCache(client.base_url, client.account, self._scope, cache)
        self._followers: set[weakref.WeakMethod[Callable[[], object]]] = set()
        self._changed = self._loader.lock  # guards what follows, and the stores
        self._store = self._loader.store  # the looks that are shown
        self.revision, self.complete = 0, False
        self._loaded_at = 0.0  # Unix time in s
        if snapshot:
            self._show(snapshot, keep=snapshot.complete)

    @classmethod
    def shared(cls, client: HeyGenClient, *, cache: timedelta | None = DEFAULT_MAX_AGE) -> LookCatalogue:
        """Return the catalogue of all looks in use with the same account, settings and `cache`, or a new one."""
        with cls._sharing:
            key = (*getattr(client, "settings", ()), cache)
            if (catalogue := cls._shared.get(key)) is None:
                catalogue = cls._shared[key] = cls(client, cache=cache)
            return catalogue

    @classmethod
    def of(cls, source: frame.Source, groups: Iterable[AvatarGroup] = ()) -> LookCatalogue:
        """Make a catalogue of looks, a table or rows, in their order; see `frame_to_looks`.

        Characters get their names from the groups, those without a group from the looks' `group_name`.
        """
        looks, known = checked_records(frame.looks_of(source), Look), checked_records(groups, AvatarGroup)
        return cls(None, snapshot=Snapshot(looks, all_groups(looks, known), Scope(), 0.0, complete=True))

    @classmethod
    def open(cls, path: UserPath, client: HeyGenClient | None = None) -> LookCatalogue:
        """Open a snapshot that `save` has written, with its groups, scope, time of loading and completeness.

        With a client, `load` completes an incomplete snapshot and `refresh` loads everything again. Raises
        SnapshotError when the file is no snapshot or damaged, and OSError when it cannot be read.
        """
        return cls(client, snapshot=read_snapshot(Path(expanduser(path))))

    def __repr__(self) -> str:
        if "_store" not in vars(self):  # in a traceback of __init__
            return "LookCatalogue(…)"
        progress = self.progress
        state = "complete" if progress.complete else "loading" if progress.loading else "incomplete"
        return f"<LookCatalogue: {progress.loaded:,} looks, {state}>"

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[Look]:
        self._selected(None, {})  # warns if nothing is loaded
        return iter(self.looks)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - a look, or `Looks` for a slice
        return self.looks[index]

    @property
    def looks(self) -> Looks:
        """The loaded looks in the service's order, private ones first."""
        with self._changed:
            return Looks(self._store.in_order())

    @property
    def groups(self) -> dict[str, AvatarGroup]:
        """The loaded avatar groups (characters) by id, private ones first."""
        return dict(self._store.groups)

    @property
    def loaded_at(self) -> datetime | None:
        """When the shown looks were complete, or were saved while incomplete, in UTC; None before that."""
        return datetime.fromtimestamp(self._loaded_at, UTC) if self._loaded_at else None

    @property
    def progress(self) -> Progress:
        """How much is loaded."""
        with self._changed:
            return self._loader.progress(self._store, self.complete)

    def load_in_background(self) -> None:
        """Load the missing looks on threads from the last page received, if there is a client, and return at once."""
        with self._changed:
            if self.client is None or (self.complete and self._loader.store is self._store):
                return
            self._loader.start()
            self._note_change()
        self._load_started()

    def load(self) -> None:
        """Load the missing looks, and return when they are loaded. Shows a progress bar (``TQDM_DISABLE=1`` hides it).

        Raises the first HeyGenError that ended a part of the load. The loaded looks stay; another call continues there.
        """
        if self.client is None and not self.complete:
            raise HeyGenError(_NO_CLIENT)
        self.load_in_background()
        try:
            self.wait_for_snapshot()
            if self._loader.busy:
                self._draw_progress()
        except KeyboardInterrupt:
            self.stop()
            raise
        if error := self.progress.error:
            raise error.with_traceback(None)  # the frames of the thread that loaded say nothing

    def refresh(self) -> None:
        """Load everything again in the background, and return at once; `load` then waits for it.

        The loaded looks stay until the new ones are complete. Raises HeyGenError when there is no client.
        """
        if self.client is None:
            raise HeyGenError(_NO_CLIENT)
        with self._changed:
            self.wait_for_snapshot()
            self._loader.restart()
            self._loader.start()
            self._note_change()
        self._load_started()

    def stop(self) -> None:
        """Stop loading after the requests under way, and return at once. `load_in_background` continues."""
        with self._changed:
            self._loader.stop()

    def close(self) -> None:
        """Stop loading, and return when its threads have ended. The loaded looks stay."""
        self.stop()
        self._loader.join()

    def fetch_ahead(self, group_ids: str | Iterable[str] = (), avatar_type: str | Iterable[str] | None = None) -> None:
        """Fetch missing looks next, in the background: of at most ten characters, or 500 of each type and owner."""
        group_ids = (group_ids,) if isinstance(group_ids, str) else tuple(group_ids)
        checked = LookFilter(group_id=group_ids, avatar_type=avatar_type)  # refuses what cannot be sent
        with self._changed:
            if not self.complete and self._loader.store is self._store:
                self._loader.fetch_ahead(group_ids, checked.avatar_type)
                self._note_change()

    def update_previews(self, record: Look | AvatarGroup) -> bool:
        """Replace the preview URLs of the record with the same id; return whether it is loaded. No new revision."""
        checked_records([record], AvatarGroup if isinstance(record, AvatarGroup) else Look)
        with self._changed:
            return self._store.update_previews(record)

    def on_load(self, callback: Callable[[], object]) -> None:
        """Call a bound method, kept by a weak reference, when a load starts: on its thread, with no lock held."""
        with self._changed:
            self._followers = {method for method in self._followers if method()} | {weakref.WeakMethod(callback)}

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until loading ends (complete, stopped or failed) or for `timeout` s; return whether it is complete."""
        with self._changed:
            self._changed.wait_for(lambda: not self._loader.busy, timeout)
        return self.complete

    def wait_for_snapshot(self) -> None:
        """Wait until the cache is read, if it is being read."""
        with self._changed:
            self._changed.wait_for(lambda: not self._loader.reading)

    def wait_for_change(self, revision: int, timeout: float | None = None) -> int:
        """Wait until the revision is another one, at most `timeout` s, and return it; -1 returns at once."""
        with self._changed:
            self._changed.wait_for(lambda: self.revision != revision, timeout)
            return self.revision

    def unchanged(self) -> AbstractContextManager[object]:
        """Block changes inside a ``with`` block, so that several results fit together; loading waits."""
        return self._changed

    def get(self, look_id: str | Look) -> Look | None:
        """Return the loaded look with this id, or None."""
        with self._changed:
            return self._store.get(id_of("look_id", look_id))

    def matching(self, wanted: Wanted = None) -> Selection:
        """Select the looks that match now, without a list of them. Looks loaded later do not change the selection."""
        with self._changed:
            return self._store.select(as_filter(wanted))

    def select(self, filter: Wanted = None, **fields: Unpack[Fields]) -> Looks:
        """Return the loaded looks that match, or all, in the filter's order or that of `looks`, ready ones first.

        Here and below, `filter` is a `LookFilter`, a search or a dict, and each field of `LookFilter` is a keyword too:
        ``select("office", gender="female")``. If no look of a complete catalogue has a wanted value, such as a tag, a
        UserWarning names the closest one, here and for tables and files.
        """
        return self._selected(filter, fields)

    def characters(self, filter: Wanted = None, **fields: Unpack[Fields]) -> list[Character]:
        """Return the characters that have a matching look, in the filter's order or as the service lists them.

        While looks are missing, characters without a loaded look are included if the filter asks only for the
        character's own name, id or ownership.
        """
        with self._changed:
            incomplete = not self.complete and self.avatar_type is None  # groups count looks of all types
            return self._store.characters(as_filter(filter, **fields), incomplete=incomplete)

    def facets(self, filter: Wanted = None, fields: Iterable[str] = FACETS, **wanted: Unpack[Fields]) -> Facets:
        """Count the loaded looks by the values of some fields: ``{field: {value: count}}``, most frequent first.

        Each field is counted under the filter's other fields, as a dropdown needs it; ``""`` stands for no value.
        """
        if isinstance(filter, str) and filter in FACETS:  # hardly a search
            fields, filter = (filter,), None
        with self._changed:
            return self._store.facets(as_filter(filter, **wanted), fields)

    def values(self, name: str) -> list[str]:
        """Return all values of a filter's field, independent of any filter; ``""`` for looks without a value."""
        with self._changed:
            return self._store.values(name)

    def absent(self, wanted: LookFilter) -> list[str]:
        """Say which values of a filter no look of a complete catalogue has, each with the closest one that occurs."""
        with self._changed:
            return self._store.absent(wanted) if self.complete else []

    def to_frame(
        self, filter: Wanted = None, *, flat: bool = False, previews: bool = True, **fields: Unpack[Fields]
    ) -> pd.DataFrame:
        """Return the loaded looks, or those that match a filter, as a DataFrame; see `looks_to_frame`.

        This, the files below and `summary` warn (UserWarning) when the catalogue is not complete.
        """
        return frame.looks_to_frame(self._selected(filter, fields, for_table=True), flat=flat, previews=previews)

    def to_csv(self, path: UserPath, filter: Wanted = None, *, previews: bool = True, **fields: Unpack[Fields]) -> Path:
        """Write the loaded looks, or those that match a filter, to a CSV file; see `looks_to_csv`."""
        return frame.looks_to_csv(self._selected(filter, fields, for_table=True), path, previews=previews)

    def to_excel(
        self,
        path: UserPath,
        filter: Wanted = None,
        *,
        images: bool = False,
        previews: bool = True,
        **fields: Unpack[Fields],
    ) -> Path:
        """Write the same to an Excel file, with `images` also up to 500 preview pictures; see `looks_to_excel`."""
        looks, draw = self._selected(filter, fields, for_table=True), partial(thumbnails, client=self.client)
        return frame.looks_to_excel(looks, path, previews=previews, draw=draw if images else None)

    def to_parquet(
        self, path: UserPath, filter: Wanted = None, *, previews: bool = True, **fields: Unpack[Fields]
    ) -> Path:
        """Write the same to a Parquet file; see `looks_to_parquet`."""
        return frame.looks_to_parquet(self._selected(filter, fields, for_table=True), path, previews=previews)

    def summary(self, filter: Wanted = None, **fields: Unpack[Fields]) -> pd.DataFrame:
        """Count the loaded looks, or those that match a filter, one row per combination; see `summary_frame`."""
        return frame.summary_frame(self._selected(filter, fields, for_table=True))

    def diff(self, older: LookCatalogue | UserPath) -> pd.DataFrame:
        """Compare with an older catalogue or snapshot by `diff_frame`. Warns if one is incomplete or scopes differ."""
        before = older if isinstance(older, LookCatalogue) else LookCatalogue.open(older)
        if not (self.complete and before.complete):
            warn("one of the two is not complete, so looks may seem to have gone")
        elif self._scope != before._scope:
            warn(f"their scopes differ: {self._scope}, and before {before._scope}")
        return frame.diff_frame(*({look.id: look for look in each.looks} for each in (self, before)))

    def save(self, path: UserPath) -> SavedSnapshot:
        """Write a snapshot for `open`, that only this user can read. ValueError for the name of a table (``.csv``)."""
        return write_snapshot(Path(expanduser(path)), self._snapshot())

    def _note_change(self) -> None:
        self.revision += 1
        self._changed.notify_all()

    def _load_started(self) -> None:
        for method in tuple(self._followers):
            if callback := method():
                callback()

    def _loader_changed(self, cached: Snapshot | None) -> bool:
        """Note a change; show what was cached, and show and cache a complete load. Return whether to load on."""
        with self._changed:
            self._note_change()
            if cached and self._cache:
                fresh = self._cache.is_fresh(cached)
                self._show(cached, keep=fresh)
                return not fresh
            store = self._loader.store
            finished = self._loader.complete and not (self.complete and self._store is store)
            if finished:
                self._store, self.complete, self._loaded_at = store, True, time.time()
                self._loader.writing += 1  # the load goes on, also if this thread's list has ended
        if finished:
            try:
                if self._cache:
                    self._cache.write(self._snapshot())
            finally:  # a warning may be an error
                with self._changed:
                    self._loader.writing -= 1
                    self._note_change()
        return True

    def _show(self, snapshot: Snapshot, *, keep: bool) -> None:
        """Show the looks of a snapshot. Unless they are to be kept, the next load replaces them."""
        self._store = LookStore(snapshot.looks, snapshot.groups)
        self._store.ready_first = snapshot.loaded_at > 0  # 0 for a table
        self.complete, self._loaded_at = snapshot.complete, snapshot.loaded_at
        if keep:
            self._loader.store = self._store

    def _snapshot(self) -> Snapshot:
        with self._changed:
            loaded_at = self._loaded_at or time.time()
            return Snapshot(self.looks, tuple(self.groups.values()), self._scope, loaded_at, self.complete)

    def _draw_progress(self) -> None:
        with progress_bar("Loading looks", unit=" looks") as bar:
            revision, busy = -1, True
            while busy:
                revision = self.wait_for_change(revision, 0.5)
                busy, progress = self._loader.busy, self.progress
                if progress.expected != bar.total:
                    start = getattr(bar, "start_t", 0.0)  # which a hidden bar does not have
                    bar.reset(progress.expected)  # also sets the width in a notebook
                    bar.start_t = start  # the time goes on
                bar.update((progress.loaded if progress.refreshed is None else progress.refreshed) - bar.n)
            if progress.complete:
                bar.total = bar.n  # the characters may announce more looks than there are
            bar.refresh()

    def _selected(self, wanted: Wanted, fields: Fields, *, for_table: bool = False) -> Looks:
        """Select looks. Warns of absent values, of no looks, and of a table that lacks looks."""
        __tracebackhide__ = True
        messages = self.absent(checked := as_filter(wanted, **fields))
        if not self.complete and (for_table or not (len(self) or self._loader.busy)):
            advice = "load() waits for all" if self.client else _NO_CLIENT
            messages = [f"only {len(self):,} looks are loaded: {advice}"]
        for message in messages:
            warn(message)
        return Looks(self.matching(checked).looks())
