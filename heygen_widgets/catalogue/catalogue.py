"""Every look loaded so far, loaded in the background and ready to be filtered."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from .._background import Threads
from ..api import HeyGenClient
from ..errors import HeyGenError, SnapshotError
from ..models import AvatarGroup, Look
from .cache import cached_path, read_cached, write_cached
from .loaded import LoadedLooks, SavedSnapshot
from .loader import Loading
from .renewal import Renewal
from .snapshots import Snapshot, read_snapshot
from .store import Character, LookStore
from .types import Ownership, Progress, Scope

__all__ = ["Character", "LookCatalogue", "Progress", "SavedSnapshot"]

A_DAY = timedelta(hours=24)


class LookCatalogue(LoadedLooks):
    """All looks within a scope, as far as they are loaded; it can be filtered while the rest arrives.

    It is empty at first: `load` or `load_in_background` fills it, from a snapshot that an earlier load has left in the
    user's cache folder or from the service.

    Loading asks for private and public looks side by side, since a look itself does not tell which it is, and for the
    avatar groups beside them, so that characters have names (``GET /v3/avatars/looks``, ``GET /v3/avatars``). Safe to
    use from several threads.

    Parameters
    ----------
    client : HeyGenClient
    ownership : {"public", "private"}, optional
        Load only these; both unless given.
    avatar_type : str, optional
        Load only looks of this type.
    group_id : str, optional
        Load only this character's looks.
    cache : datetime.timedelta or None, default 24 hours
        For how long a complete load stays good: it is kept as a snapshot in the user's cache folder, which only this
        user can read, and a later catalogue of the same account and scope takes it without a request. An older one is
        shown at once, and replaced when a new load is complete. None keeps and takes none.

    Raises
    ------
    TypeError
        When `client` is no `HeyGenClient`, or `cache` no timedelta.
    ValueError
        For an unknown `ownership`, an impossible `group_id` or a negative `cache`.

    Examples
    --------
    >>> from heygen_widgets import demo_client
    >>> catalogue = LookCatalogue(demo_client(looks=200), cache=None)
    >>> catalogue.load()
    >>> len(catalogue)
    200
    """

    # The same catalogue for the same client and scope, for as long as somebody has it: else a cell that is run again
    # would load everything again.
    _shared: ClassVar[weakref.WeakValueDictionary[tuple[object, ...], LookCatalogue]] = weakref.WeakValueDictionary()
    _sharing: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        client: HeyGenClient,
        *,
        ownership: Ownership | None = None,
        avatar_type: str | None = None,
        group_id: str | None = None,
        cache: timedelta | None = A_DAY,
    ) -> None:
        if not isinstance(client, HeyGenClient):
            raise TypeError(f"client must be a HeyGenClient, not {type(client).__name__}")
        self._set_up(client, Scope(ownership, avatar_type, group_id), cache)

    def _set_up(self, client: HeyGenClient | None, scope: Scope, cache: timedelta | None) -> None:
        LoadedLooks.__init__(self, scope)
        self._client = client
        if client is not None:
            self._way_to_the_rest = "load() waits until all are there"
        self._cache = _checked_cache(cache)
        self._holders: weakref.WeakSet[object] = weakref.WeakSet()
        self._threads = Threads()
        # What follows is guarded by `_changed`, as all that can change is.
        self._revision = 0
        self._reading = False  # the snapshot that an earlier load has left
        self._has_read = cache is None
        self._stopping = False
        self._wanted_ahead: tuple[str, ...] = ()  # asked for while the snapshot is read
        self._former: weakref.WeakSet[Loading] = weakref.WeakSet()  # may have requests under way
        self._finalizer: weakref.finalize[..., LookCatalogue] | None = None
        self._loading: Loading | None = self._new_loading(self._shown)
        self._renewal = self._new_renewal()

    def _new_loading(self, store: LookStore) -> Loading | None:
        if self._finalizer:
            self._finalizer()
            if self._loading:
                self._former.add(self._loading)
        if self._client is None:
            return None
        catalogue = weakref.ref(self)

        def note_change() -> None:
            if (here := catalogue()) is not None:
                here._note_change()

        def when_complete(loading: Loading) -> None:
            if (here := catalogue()) is not None:
                here._take(loading)

        loading = Loading(self._client, self._scope, store, self._changed, self._threads, note_change, when_complete)
        self._finalizer = weakref.finalize(self, loading.abandon)
        return loading

    def _new_renewal(self) -> Renewal | None:
        if self._client is None:
            return None
        catalogue = weakref.ref(self)

        def store_now() -> LookStore | None:
            here = catalogue()
            return None if here is None else here._renewable()

        def note_change() -> None:
            if (here := catalogue()) is not None:
                here._note_change()

        return Renewal(self._client, store_now, self._changed, self._threads, note_change)

    def _renewable(self) -> LookStore | None:
        """Give the store whose looks its client can ask for one by one; None where the account is another by now."""
        with self._changed:
            loading, store = self._loading, self._shown
        return None if loading and loading.is_anothers else store

    @classmethod
    def shared(cls, client: HeyGenClient, *, cache: timedelta | None = A_DAY) -> LookCatalogue:
        """Give the catalogue of all of a client's looks that others of the same client use, or else a new one.

        Clients are the same here when they have the same account, address and settings.

        Parameters
        ----------
        client : HeyGenClient
        cache : datetime.timedelta or None, default 24 hours
            As for `LookCatalogue`.
        """
        cache = _checked_cache(cache)
        if not isinstance(client, HeyGenClient):
            raise TypeError(f"client must be a HeyGenClient, not {type(client).__name__}")
        with cls._sharing:
            key = (*client.settings, cache)
            catalogue = cls._shared.get(key)
            if catalogue is None or catalogue._is_anothers_by_now(client):
                catalogue = cls._shared[key] = cls(client, cache=cache)
            return catalogue

    def _is_anothers_by_now(self, client: HeyGenClient) -> bool:
        """Whether the login of its own client has become another account's, which it shows or may show any time."""
        own = self._client
        return own is None or own.settings != client.settings or bool(self._loading and self._loading.is_anothers)

    @classmethod
    def of(cls, looks: Iterable[Look], groups: Iterable[AvatarGroup] = ()) -> LookCatalogue:
        """Give a catalogue of looks that are here already, in their order; it asks no service.

        Parameters
        ----------
        looks : iterable of Look
            Of several with the same id the first is kept.
        groups : iterable of AvatarGroup, optional
            For the names of characters.

        Raises
        ------
        TypeError
            When one of `looks` is no `Look`.
        """
        every = list(looks)
        for look in every:
            if not isinstance(look, Look):
                raise TypeError(f"looks must hold Look records, not {type(look).__name__}")
        catalogue = cls.__new__(cls)
        catalogue._set_up(None, Scope(), None)
        catalogue._shown.add_groups(groups)
        catalogue._shown.add_looks(every, 0)
        catalogue._complete = True
        return catalogue

    @classmethod
    def open(cls, path: str | Path, client: HeyGenClient | None = None) -> LookCatalogue:
        """Open a snapshot that `save` has written, with its groups, scope, time of loading and completeness.

        Parameters
        ----------
        path : str or path
        client : HeyGenClient, optional
            With one, `load` brings what is missing of an incomplete one, and `refresh` loads anew; without, the
            catalogue asks no service.

        Raises
        ------
        SnapshotError
            When the file is no snapshot, or damaged. It is left as it is.
        OSError
            When there is no such file, or it may not be read.
        """
        if client is not None and not isinstance(client, HeyGenClient):
            raise TypeError(f"client must be a HeyGenClient, not {type(client).__name__}")
        snapshot = read_snapshot(Path(path))
        catalogue = cls.__new__(cls)
        try:
            catalogue._set_up(client, snapshot.scope, None)
        except ValueError as error:
            raise SnapshotError(f"{path} has a scope that the service cannot be asked for: {error}.") from None
        catalogue._adopt(snapshot)
        return catalogue

    def __repr__(self) -> str:
        if not hasattr(self, "_loading"):
            # Something is wrong with its arguments, and the traceback shows local variables.
            return "<LookCatalogue>"
        progress = self.progress
        state = "complete" if progress.complete else "loading" if progress.loading else "incomplete"
        return f"<LookCatalogue: {progress.loaded:,} looks, {state}>"

    @property
    def client(self) -> HeyGenClient | None:
        """What asks the service; None for a catalogue that asks none."""
        return self._client

    @property
    def progress(self) -> Progress:
        """How far loading has come."""
        with self._changed:
            loading = self._loading
            refreshing = loading is not None and loading.store is not self._shown
            return Progress(
                loaded=len(self._shown),
                expected=loading.expected if loading else None,
                complete=self._complete,
                loading=self._reading
                or bool(loading and (loading.running if self._complete and not refreshing else loading.busy)),
                calls=loading.calls if loading else 0,
                error=loading.error if loading else None,
                missing=() if self._complete else loading.missing if loading else ("looks",),
                failed=loading.failed if loading else (),
                refreshed=len(loading.store) if loading and refreshing else None,
            )

    # -- loading ------------------------------------------------------------------------------------------------------

    def load_in_background(self) -> None:
        """Load what is missing, in threads of its own, and return at once.

        Goes on in place after `stop`, and after an error from the last page that was received. Does nothing while
        loading goes on, and nothing once the catalogue is complete or without a client.
        """
        with self._changed:
            self._stopping = False
            if self._loading is None or self._reading or (self._complete and self._loading.store is self._shown):
                return
            if not self._has_read:
                self._has_read = True
                account = self._client.account if self._client else ""
                kept = self._cache_path(account)
                if kept and os.path.lexists(kept):
                    # Where no thread can begin, the loading will tell so.
                    with suppress(HeyGenError):
                        self._threads.begin("snapshot", self._read, kept, account)
                        self._reading = True
                        self._note_change()
                        return
            self._go_on()

    def _go_on(self) -> None:
        """Go on with the loading, or begin anew where the login has become another account's."""
        if self._loading and self._loading.is_anothers:
            store = LookStore()
            if self._loading.store is self._shown:
                self._shown = store
            self._loading = self._new_loading(store)
            self._note_change()
        if self._loading:
            self._loading.start()

    def _read(self, kept: Path, account: str) -> None:
        """Take the snapshot that an earlier load has left, and load anew where it is too old: what a thread does."""
        snapshot = None
        try:
            snapshot = read_cached(kept, self._scope)
        finally:
            with self._changed:
                self._reading = False
                if snapshot:
                    self._adopt(snapshot)
                age = time.time() - (self._loaded_at or 0)
                fresh = self._complete and self._cache is not None and 0 <= age <= self._cache.total_seconds()
                if fresh and self._loading:
                    self._loading.account = account
                if not fresh and self._complete:
                    self._loading = self._new_loading(LookStore())
                if not fresh and self._loading and not self._stopping:
                    self._loading.start()
                    self.fetch_ahead(self._wanted_ahead)
                self._note_change()

    def _adopt(self, snapshot: Snapshot) -> None:
        with self._changed:
            super()._adopt(snapshot)
            # Where an incomplete load stood, nobody knows any more: another one begins at the start.
            self._loading = self._new_loading(self._shown if snapshot.complete else LookStore())

    def _take(self, loading: Loading) -> None:
        """Show what has been loaded, now that it is complete, and keep it."""
        with self._changed:
            if loading is not self._loading:
                return
            self._shown, self._complete, self._loaded_at = loading.store, True, time.time()
            self._note_change()
        # Under the name of the account whose looks these are, whatever the login has become meanwhile.
        kept = self._cache_path(loading.account)
        if kept:
            write_cached(kept, self._snapshot())

    def _cache_path(self, account: str) -> Path | None:
        if self._client is None or self._cache is None:
            return None
        return cached_path(base_url=self._client.base_url, account=account, **self._scope._asdict())

    def load(self) -> None:
        """Load what is missing and return when it is here, with a progress bar (``TQDM_DISABLE=1`` hides it).

        Raises
        ------
        HeyGenError
            The first error that ended a part of the loading. What was loaded stays; another call goes on there. Also
            for a snapshot that is not complete and was opened without a client.
        """
        if self._client is None and not self.complete:
            raise HeyGenError(f"This catalogue has no client to ask: {self._way_to_the_rest}.")
        with self._held():
            self.load_in_background()
            try:
                self._watch()
            except KeyboardInterrupt:
                self.stop()
                raise
        error = self.progress.error
        if error is not None:
            raise error

    def _watch(self) -> None:
        """Wait until loading has ended, and draw how far it is."""
        self.wait_for_snapshot()
        if self._idle():
            return
        # Imported here, as it is slow and only this needs it.
        from tqdm.auto import tqdm

        with tqdm(desc="Loading looks", unit=" looks") as bar:
            revision, ended = -1, False
            while not ended:
                revision = self.wait_for_change(revision, timeout=0.5)
                ended = self._idle()  # before the last look, which draws how it ended
                progress = self.progress
                bar.total = progress.expected
                bar.update((progress.loaded if progress.refreshed is None else progress.refreshed) - bar.n)
            bar.refresh()

    def stop(self) -> None:
        """Stop loading after the requests under way; `load_in_background` goes on in place. Returns at once."""
        with self._changed:
            self._stopping = True
            if self._loading:
                self._loading.stop()
            if self._renewal:
                self._renewal.stop()

    def close(self) -> None:
        """Stop loading, and return when its threads have ended. What was loaded stays."""
        self.stop()
        with self._changed:
            self._changed.wait_for(lambda: self._idle() and not any(loading.busy for loading in self._former))
        self._threads.join()

    def refresh(self) -> None:
        """Begin to load everything anew in the background, and return at once; `load` then waits for it.

        What is here stays until all of that is there.

        Raises
        ------
        HeyGenError
            When there is no client to ask.
        """
        if self._client is None:
            raise HeyGenError("This catalogue has no client to ask: give one, as in LookCatalogue.open(path, client).")
        with self._changed:
            self.wait_for_snapshot()
            self._stopping, self._has_read = False, True
            self._loading = self._new_loading(LookStore())
            if self._loading:
                self._loading.start()

    def fetch_ahead(self, group_ids: str | Iterable[str]) -> None:
        """Fetch the looks of one character or some next, in the background, where they are not there yet."""
        group_ids = (group_ids,) if isinstance(group_ids, str) else tuple(group_ids)
        with self._changed:
            loading = self._loading
            if self._reading:
                self._wanted_ahead = group_ids
            elif loading and loading.store is self._shown and not self._complete:
                loading.fetch_ahead(group_ids)

    def renew_previews(self, records: Iterable[Look | AvatarGroup]) -> None:
        """Fetch looks and groups of this catalogue again whose signed preview URLs have expired, in the background.

        At most two a second, the last asked for first, each once; their new URLs then take the place of the expired. At
        most 600 wait for their turn; the others have to be asked for again.
        ``GET /v3/avatars/looks/{look_id}``, ``GET /v3/avatars/{group_id}``. `stop` ends it.
        """
        if self._renewal:
            self._renewal.ask(records)

    def wait_for_snapshot(self) -> None:
        """Wait until the snapshot that an earlier load has left has been read, if it is being read."""
        with self._changed:
            self._changed.wait_for(lambda: not self._reading)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until loading has ended: complete, stopped or failed.

        Parameters
        ----------
        timeout : float, optional
            In s; for ever unless given.

        Returns
        -------
        bool
            Whether the catalogue is complete.
        """
        with self._changed:
            self._changed.wait_for(self._idle, timeout)
        return self.complete

    def _idle(self) -> bool:
        with self._changed:
            return not self._reading and not (self._loading and self._loading.busy)

    @contextmanager
    def _held(self) -> Iterator[None]:
        holder = threading.Event()
        self.hold(holder)
        try:
            yield
        finally:
            with self._changed:
                self._holders.discard(holder)

    def hold(self, holder: object) -> None:
        """Note that somebody wants it loaded, until `release` or until there is no such object any more."""
        with self._changed:
            self._holders.add(holder)

    def release(self, holder: object) -> None:
        """Note that somebody does not want it loaded any more; when nobody else does, loading stops."""
        with self._changed:
            self._holders.discard(holder)
            if not self._holders:
                self.stop()

    @property
    def revision(self) -> int:
        """A number that grows with each change."""
        with self._changed:
            return self._revision

    def wait_for_change(self, revision: int, timeout: float | None = None) -> int:
        """Wait until anything has changed since a revision, and give the revision that holds now.

        Parameters
        ----------
        revision : int
            What an earlier call gave; -1 returns at once.
        timeout : float, optional
            In s; for ever unless given.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._revision != revision, timeout)
            return self._revision

    def _note_change(self) -> None:
        with self._changed:
            self._revision += 1
            self._changed.notify_all()


def _checked_cache(value: object) -> timedelta | None:
    if value is None:
        return None
    if not isinstance(value, timedelta):
        raise TypeError(f"cache must be a timedelta, such as timedelta(hours=24), or None, not {value!r}")
    if value < timedelta(0):
        raise ValueError(f"cache must not be negative, but is {value!r}")
    return value
