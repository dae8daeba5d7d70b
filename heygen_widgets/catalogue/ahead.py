"""The looks of characters that are looked at, fetched ahead of their turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

from .._background import Threads
from ..errors import HeyGenError
from ..models import Look, Page
from .store import LookStore
from .types import PLACES, Scope

__all__ = ["FetchAhead"]

_MOST = 10  # characters of one filter; others wait for their turn


class FetchAhead:
    """Fetches characters into a store one by one, the last asked for first, on a thread while any is asked for.

    Parameters
    ----------
    look_pages : callable
        Goes through the pages of an owner's looks of one character.
    scope : Scope
    store : LookStore
    changed : threading.Condition
        Guards the state here.
    threads : Threads
        Where threads are begun.
    note_change : callable
        Called under `changed`.
    has_all_of : callable
        Tells whether all looks of an owner are there; None asks for both.

    Attributes
    ----------
    running : bool
    calls : int
        Pages received.
    error : HeyGenError or None
        The last one.
    """

    def __init__(
        self,
        look_pages: Callable[[str, str], Iterator[Page[Look]]],
        scope: Scope,
        store: LookStore,
        changed: threading.Condition,
        threads: Threads,
        note_change: Callable[[], None],
        has_all_of: Callable[[str | None], bool],
    ) -> None:
        self.running = False
        self.calls = 0
        self.error: HeyGenError | None = None
        self._look_pages = look_pages
        self._scope = scope
        self._store = store
        self._changed = changed
        self._threads = threads
        self._note_change = note_change
        self._has_all_of = has_all_of
        self._waiting: list[str] = []  # ids of groups, the next one last
        self._under_way = ""
        self._fetched: set[str] = set()  # ids of those of which all has come
        self._halting = False  # after the request under way
        self._abandoned = False

    def fetch(self, group_ids: Iterable[str]) -> None:
        """Fetch the looks of some characters next, where they are not there yet."""
        with self._changed:
            wanted = [group_id for group_id in group_ids if group_id not in ("", ".", "..")][:_MOST]
            self._waiting += [i for i in wanted if i not in (*self._waiting, self._under_way) and self._misses(i)]
            if self._under_way in wanted:
                self._halting = False
            if self._waiting and not self.running:
                self.running, self.error = True, None
                try:
                    self._threads.begin("looks of a character", self._run)
                except HeyGenError as error:
                    self.running, self.error = False, error
                self._note_change()

    def stop(self) -> None:
        """Stop after the request under way; called under `changed`."""
        self._halting = True
        self._waiting.clear()

    def abandon(self) -> None:
        """Stop for good, without a lock: see `Loading.abandon`."""
        self._abandoned = True

    def _misses(self, group_id: str) -> bool:
        group = self._store.groups.get(group_id)
        if self._scope.group_id or group_id in self._fetched or self._has_all_of(group.ownership if group else None):
            return False
        told = group.looks_count if group else None
        return told is None or self._store.count_loaded(group_id) < told

    def _run(self) -> None:
        """Fetch what is looked at, the last asked for first: what a thread does."""
        try:
            while group_id := self._next():
                try:
                    self._fetch(group_id)
                except HeyGenError as error:
                    self._fail(error)
        except Exception as bug:
            with self._changed:
                self._under_way, self.running = "", False
                self._fail(HeyGenError(f"loading the looks of a character broke off: {bug!r}"))
            raise

    def _next(self) -> str:
        with self._changed:
            self._under_way, self._halting = "", False
            # What was missing when it was asked for may have come in its turn.
            while self._waiting and not self._under_way and not self._abandoned:
                group_id = self._waiting.pop()
                self._under_way = group_id if self._misses(group_id) else ""
            # Now, since whoever asks for another one after this has to begin another thread.
            self.running = bool(self._under_way)
            self._note_change()
            return self._under_way

    def _fail(self, error: HeyGenError) -> None:
        with self._changed:
            self.error = error
            self._note_change()

    def _fetch(self, group_id: str) -> None:
        group = self._store.groups.get(group_id)
        for owner in self._scope.owners:
            if group and group.ownership not in (None, owner):
                continue
            place = self._scope.first_place(owner) + PLACES
            for page in self._look_pages(owner, group_id):
                with self._changed:
                    self._store.add_looks(page.data, place + len(self._store), ahead=True)
                    self.calls += 1
                    self._note_change()
                    if self._halting or self._abandoned:
                        return
        with self._changed:
            self._fetched.add(group_id)
