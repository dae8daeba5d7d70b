"""Fill a store from the service: one cursor for each list, each on a thread of its own."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from .._background import WIDGET_LOCK, Worker, start_thread
from ..api import HeyGenClient, paging
from ..errors import APIResponseError, APIStatusError, HeyGenError
from ..filters import LookFilter
from ..models import Page
from .cache import SnapshotCache
from .snapshots import Ownership, Scope, Snapshot
from .store import LookStore

_OnChange: TypeAlias = Callable[[Snapshot | None], bool]

_OF_THE_ACCOUNT = (401, 402, 403, 429)  # statuses that another token would not prevent
_PLACES = 1 << 41  # room for one owner's looks in the service's order; the same room follows for those fetched ahead


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a catalogue is loaded.

    Attributes
    ----------
    loaded : int
        Looks that are loaded and shown.
    expected : int or None
        The sum of the groups' ``looks_count``, a hint: the service reports no total. None until all groups are loaded,
        and where the sum does not apply (one type, one owner's looks of one group).
    complete : bool
        Whether everything within the scope is loaded.
    loading : bool
        Whether requests are under way.
    error : HeyGenError or None
        The error that ended a part of the load. ``load_in_background`` continues after the last page received.
    missing, failed : tuple of str
        The parts that are not complete, such as ``public looks``, and those that ended with an error.
    refreshed : int or None
        Looks that a new load has received while the earlier ones are still shown; else None.
    """

    loaded: int
    expected: int | None
    complete: bool
    loading: bool
    error: HeyGenError | None
    missing: tuple[str, ...]
    failed: tuple[str, ...]
    refreshed: int | None


@dataclass(eq=False)
class PageCursor:
    """A position in one list of the service, whose `pages` start at a `token` and go to a `store`."""

    name: str
    store: LookStore
    pages: Callable[..., Iterator[Page[Any]]]
    ownership: Ownership | None = None  # only for lists of looks
    group_id: str = ""  # only for looks that are fetched ahead
    token: str | None = None
    failed_at: str | None = None  # the token that may have caused the last error
    position: int = 0  # of the first record after the token
    complete: bool = False
    running: bool = False  # until its thread has handled the last page
    stopping: bool = False
    error: HeyGenError | None = None

    def start(self) -> None:
        self.running, self.stopping, self.error = True, False, None

    def take(self, page: Page[Any]) -> None:
        if self.ownership:
            first = 0 if self.ownership == "private" else 2 * _PLACES
            position = _PLACES + len(self.store) if self.group_id else self.position
            self.store.add_looks(page.data, first + position, ahead=bool(self.group_id))
        else:
            self.store.add_groups(page.data)
        self.complete = not page.has_more
        # A page without the token of the next one is requested again.
        if page.next_token:
            self.token = page.next_token
            self.position += len(page.data)
        loaded = len(self.store if self.ownership else self.store.groups)
        if page.has_more and loaded >= paging.MOST_RECORDS:
            # Otherwise each load would fetch as many again.
            raise APIResponseError(f"The list of {self.name} does not end: {loaded:,} records are loaded.")

    def fail(self, error: HeyGenError) -> None:
        self.running, self.error = False, error
        status = getattr(error, "status_code", None)
        if not isinstance(error, (APIStatusError, APIResponseError)) or status in _OF_THE_ACCOUNT:
            return
        if status == 400 or self.failed_at == self.token:
            # The service no longer accepts the token. The store skips the looks that it already has.
            self.token, self.position = None, 0
        self.failed_at = self.token


class CatalogueLoader:
    """Load a scope into a store, after the cache has been read. A load that was stopped continues where it was.

    Hold `lock` when calling a method, except `join`: it guards the state here and the store. The bound method
    `on_change` is called on the loader's threads after each change, with the snapshot if the cache had one; it returns
    whether to continue.
    """

    def __init__(
        self, client: HeyGenClient | None, scope: Scope, cache: SnapshotCache | None, on_change: _OnChange
    ) -> None:
        self.lock = threading.Condition()
        self._client = client
        self._scope = scope
        # Weak, so that a catalogue that nobody uses can be collected, and its load ends.
        self._callback = weakref.WeakMethod(on_change)
        self._lists: list[PageCursor] = []
        self.forget_threads()
        self.restart()
        self._cache: SnapshotCache | None = cache
        _loaders.add(self)

    def forget_threads(self) -> None:
        """Mark the load as ended; also in a forked child, which does not have its parent's threads."""
        self.reading = False
        self.writing = 0  # times that the catalogue is writing to the cache, which it counts
        self._threads: list[threading.Thread] = []
        self._ahead: dict[tuple[str, Ownership], PageCursor] = {}
        # No limit is needed: `_ahead` holds each character once.
        self._worker: Worker[PageCursor] = Worker("looks of a character", self._follow, limit=1_000_000)
        for cursor in self._lists:
            cursor.running = False

    def restart(self) -> None:
        """Stop, and let the next `start` load everything from the service into another store."""
        self.stop()
        self.store = store = LookStore()
        self._cache = None
        self._ahead, self._lists = {}, []
        if client := self._client:
            owners, group_id = self._scope.owners, self._scope.group_id
            self._lists += [self._look_list(client, owner) for owner in owners]
            if group_id:
                one_group = PageCursor("character", store, lambda token: iter([Page((client.get_group(group_id),))]))
                self._lists.append(one_group)
                return
            pages = client.iter_group_pages
            self._lists += [PageCursor(f"{o} characters", store, partial(pages, ownership=o)) for o in owners]

    def _look_list(self, client: HeyGenClient, owner: Ownership, ahead: str = "") -> PageCursor:
        _, kind, character = self._scope
        pages = partial(client.iter_look_pages, group_id=ahead or character, avatar_type=kind, ownership=owner)
        pages()  # checks the arguments now, not on the thread
        return PageCursor(f"looks of {ahead}" if ahead else f"{owner} looks", self.store, pages, owner, ahead)

    @property
    def complete(self) -> bool:
        return all(cursor.complete for cursor in self._lists)

    @property
    def busy(self) -> bool:
        with self.lock:
            return self.reading or self.writing > 0 or any(cursor.running for cursor in self._cursors)

    @property
    def _cursors(self) -> tuple[PageCursor, ...]:
        return (*self._lists, *self._ahead.values())

    def progress(self, shown: LookStore, complete: bool) -> Progress:
        """Report the progress while a store is shown that may be another one, and may be complete."""
        errors = [cursor.error for cursor in self._cursors if cursor.error]
        return Progress(
            loaded=len(shown),
            expected=self._expected_looks(),
            complete=complete,
            # A complete load is over for users, even if its last thread still writes the cache.
            loading=self.busy and not (complete and shown is self.store),
            # Without a character that was to be fetched ahead, everything may still have been loaded.
            error=errors[0] if errors and not self.complete else None,
            missing=() if complete else tuple(c.name for c in self._lists if not c.complete) or ("looks",),
            failed=tuple(cursor.name for cursor in self._lists if cursor.error),
            refreshed=None if shown is self.store else len(self.store),
        )

    def _expected_looks(self) -> int | None:
        scope, counts = self._scope, [group.looks_count for group in self.store.groups.values()]
        missing = not self._lists or any(not cursor.complete for cursor in self._lists if not cursor.ownership)
        if missing or None in counts or scope.avatar_type or (scope.group_id and scope.ownership):
            return None
        return sum(filter(None, counts))

    def start(self) -> None:
        """Read the cache once, then start or continue each list. A HeyGenError if the cache gets no thread."""
        self._stopping = False
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if self._cache and os.path.lexists(self._cache.path):
            self._threads.append(start_thread("snapshot", partial(self._read, self._cache)))
            self.reading = True
        self._cache = None
        if self.reading:
            return
        self._ahead = {key: cursor for key, cursor in self._ahead.items() if not cursor.error}
        for cursor in self._lists:
            if cursor.running:
                cursor.stopping = False
            elif not cursor.complete:
                cursor.start()
                try:
                    self._threads.append(start_thread(cursor.name, partial(self._follow, cursor)))
                except HeyGenError as error:
                    cursor.fail(error)

    def fetch_ahead(self, group_ids: Iterable[str]) -> None:
        """Fetch the looks of some characters next, in this order, if they are not loaded yet."""
        if self._client is None or self._scope.group_id or self.reading:
            return
        wanted: list[PageCursor] = []
        for group_id in [i for i in group_ids if i not in ("", ".", "..")][:10]:
            for owner in self._scope.owners:
                cursor = self._ahead.get((group_id, owner))
                if cursor is None or not (cursor.running or cursor.complete):
                    # A new one, because the worker ignores a request that it is still handling.
                    cursor = self._look_list(self._client, owner, group_id)
                if not self._is_loaded(cursor):
                    cursor.start()
                    self._ahead[group_id, owner] = cursor
                    wanted.append(cursor)
        try:
            self._worker.submit(*wanted)
        except HeyGenError as error:
            for cursor in wanted:
                cursor.fail(error)

    def _is_loaded(self, ahead: PageCursor) -> bool:
        """Whether a cursor that fetches a character ahead would find nothing new."""
        group = ahead.store.groups.get(ahead.group_id)
        if ahead.complete or any(c.complete for c in self._lists if c.ownership == ahead.ownership):
            return True
        if group and group.ownership not in (None, ahead.ownership):
            return True
        number = group.looks_count if group else None
        return number is not None and len(ahead.store.select(LookFilter(group_id=ahead.group_id))) >= number

    def stop(self) -> None:
        self._stopping = True
        for cursor in self._cursors:
            cursor.stopping = True

    def join(self) -> None:
        self._worker.join()
        for thread in self._threads:
            thread.join()

    def _report(self, cached: Snapshot | None = None) -> bool:
        callback = self._callback()
        return callback is not None and callback(cached)

    def _read(self, cache: SnapshotCache) -> None:
        """Read the cache, and start the lists unless that is enough: the work of a thread."""
        snapshot = None
        try:
            snapshot = cache.read()
        finally:  # a warning may be an error
            with self.lock:
                self.reading = False
                if self._report(snapshot) and not self._stopping:
                    self.start()

    def _follow(self, cursor: PageCursor) -> None:
        """Fetch pages until the end, a stop or an error: the work of a thread."""
        error: HeyGenError | None = None
        with self.lock:
            active = cursor.running = not (cursor.stopping or (cursor.group_id and self._is_loaded(cursor)))
        try:
            for page in cursor.pages(token=cursor.token) if active and self._report() else ():
                with self.lock:
                    cursor.take(page)
                    # Decided under the lock: a `start` after a `stop` either keeps this thread or starts another.
                    active = cursor.running = cursor.complete or not cursor.stopping
                if not (self._report() and active):
                    break
        except HeyGenError as problem:
            error = problem
        except Exception as bug:  # noqa: BLE001 - the load ends with an error
            error = HeyGenError(f"Loading the {cursor.name} failed: {bug!r}.")
            error.__cause__ = bug
        with self.lock:
            if error and not cursor.complete:
                cursor.fail(error)
            if active:
                cursor.running = False
        self._report()
        if error and cursor.complete:  # of the cache, for example
            raise error


_loaders: weakref.WeakSet[CatalogueLoader] = weakref.WeakSet()
_locks = ExitStack()  # held during a fork


def _before_fork() -> None:
    # A lock that another thread holds at a fork would stay locked in the child.
    _locks.enter_context(WIDGET_LOCK)  # the first one, so that one thread forks at a time
    for loader in list(_loaders):
        _locks.enter_context(loader.lock)


def _after_fork() -> None:
    _locks.pop_all().close()  # the stack is free for another thread before the first lock is


def _after_fork_in_child() -> None:
    for loader in list(_loaders):
        loader.forget_threads()
    _after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
