"""Fill a store from the service: one cursor for each list, each on a thread of its own."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .._background import WIDGET_LOCK, Worker, start_thread
from .._display import TITLES
from ..api import HeyGenClient
from ..errors import APIResponseError, APIStatusError, HeyGenError
from ..filters import LookFilter
from ..models import Page
from .cache import SnapshotCache
from .snapshots import Scope, Snapshot
from .store import LookStore

_OF_THE_ACCOUNT = (401, 402, 403, 429)  # statuses that another token would not prevent
_PLACES = 1 << 41  # room for one owner's looks in the service's order; the same room follows for those fetched ahead
_ENOUGH = 500  # looks of one type and owner to look at while a load fetches the rest


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a catalogue is loaded.

    Attributes
    ----------
    loaded, refreshed, expected
        The looks that are shown; those of a new load, or None without one; and a hint how many there are, the sum of
        the groups' ``looks_count``, or None while it is unknown.
    complete, loading
        Whether everything within the scope is loaded, and whether requests are under way.
    error, missing, failed
        The error that ended a part of the load, and the parts, such as ``public looks``, that are missing or failed.
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
    scope: Scope | None = None  # only for lists of looks, of one owner
    ahead: bool = False  # whether the looks are also in another list
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
        if self.scope:
            first = 0 if self.scope.ownership == "private" else 2 * _PLACES
            # After all looks that were fetched ahead before, also if most of a page (of less than 1,000) is not new.
            position = _PLACES + 1_000 * len(self.store) if self.ahead else self.position
            self.store.add_looks(page.data, first + position, ahead=self.ahead)
        else:
            self.store.add_groups(page.data)
        self.complete = not page.has_more
        # A page without the token of the next one is requested again.
        if page.next_token:
            self.token = page.next_token
            self.position += len(page.data)

    def fail(self, error: HeyGenError) -> None:
        self.running, self.error = False, error
        status = getattr(error, "status_code", None)
        if isinstance(error, (APIStatusError, APIResponseError)) and status not in _OF_THE_ACCOUNT:
            if status == 400 or self.failed_at == self.token:
                # The service no longer accepts the token. The store skips the looks that it already has.
                self.token, self.position = None, 0
            self.failed_at = self.token


class CatalogueLoader:
    """Load a scope into a store, after the cache has been read. A load that was stopped continues where it was.

    Hold `lock` when calling a method, except `join`: it guards the state here and the store. The loader's threads call
    the bound method `on_change` after each change, with a snapshot if one was cached; it returns whether to go on.
    """

    def __init__(self, client: HeyGenClient | None, scope: Scope, on_change: Callable[[Snapshot | None], bool]) -> None:
        self.lock = threading.Condition()
        self.cache: SnapshotCache | None = None  # to read at the first `start`
        self._client = client
        self._scope = scope
        # Weak, so that a catalogue that nobody uses can be collected, and its load ends.
        self._callback = weakref.WeakMethod(on_change)
        self._lists: list[PageCursor] = []
        self.forget_threads()
        self.restart()
        _loaders.add(self)

    def forget_threads(self) -> None:
        """Mark the load as ended; also in a forked child, which does not have its parent's threads."""
        self.reading = False
        self.writing = 0  # times that the catalogue is writing to the cache, which it counts
        self._threads: list[threading.Thread] = []
        self._ahead: dict[Scope, PageCursor] = {}
        # No limit is needed: `_ahead` holds each character and type once.
        self._worker: Worker[PageCursor] = Worker("looks fetched ahead", self._follow, limit=1_000_000)
        for cursor in self._lists:
            cursor.running = False

    def restart(self) -> None:
        """Stop, and let the next `start` load everything from the service into another store."""
        self.stop()
        self.store = store = LookStore()
        self.cache = None
        self._ahead, self._lists = {}, []
        if client := self._client:
            owners, group_id = self._scope.owners, self._scope.group_id
            self._lists = [self._look_list(client, self._scope._replace(ownership=owner)) for owner in owners]
            if group_id:
                one_group = PageCursor("character", store, lambda token: iter([Page((client.get_group(group_id),))]))
                self._lists.append(one_group)
                return
            pages = client.iter_group_pages
            self._lists += [PageCursor(f"{o} characters", store, partial(pages, ownership=o)) for o in owners]

    def _look_list(self, client: HeyGenClient, scope: Scope, *, ahead: bool = False) -> PageCursor:
        pages = partial(client.iter_look_pages, **scope._asdict())
        pages()  # checks the arguments now, not on the thread
        name = f"looks of {scope.group_id or scope.avatar_type}" if ahead else f"{scope.ownership} looks"
        return PageCursor(name, self.store, pages, scope, ahead)

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
        # Looks that could not be fetched ahead may still have been loaded.
        errors = (cursor.error for cursor in self._cursors if cursor.error and not self._is_loaded(cursor))
        return Progress(
            loaded=len(shown),
            expected=self._expected_looks(),
            complete=complete,
            # A complete load is over for users, even if its last thread still writes the cache.
            loading=self.busy and not (complete and shown is self.store),
            error=next(errors, None),
            missing=() if complete else tuple(c.name for c in self._lists if not c.complete) or ("looks",),
            failed=tuple(cursor.name for cursor in self._lists if cursor.error),
            refreshed=None if shown is self.store else len(self.store),
        )

    def _expected_looks(self) -> int | None:
        scope, counts = self._scope, [group.looks_count for group in self.store.groups.values()]
        known = bool(self._lists) and all(cursor.complete for cursor in self._lists if not cursor.scope)
        one_part = scope.avatar_type or (scope.group_id and scope.ownership)
        return sum(filter(None, counts)) if known and None not in counts and not one_part else None

    def start(self) -> None:
        """Read the cache once, then start or continue each list."""
        self._stopping = False
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if self.cache and os.path.lexists(self.cache.path):
            self._threads.append(start_thread("snapshot", partial(self._read, self.cache)))
            self.reading = True
        self.cache = None
        if self.reading:
            return
        self._ahead = {key: cursor for key, cursor in self._ahead.items() if not cursor.error}
        for cursor in self._lists:
            if cursor.running:
                cursor.stopping = False
            elif not cursor.complete:
                cursor.error = HeyGenError(f"The thread for {cursor.name} could not start.")  # unless it does
                self._threads.append(start_thread(cursor.name, partial(self._follow, cursor)))
                cursor.start()  # the thread waits for the lock

    def fetch_ahead(self, group_ids: Iterable[str], avatar_types: Iterable[str]) -> None:
        """Fetch the missing looks of some characters next, in this order; without a character, some of each type."""
        if self._client is None or self._scope.group_id or self.reading:
            return
        scopes = [self._scope._replace(group_id=i) for i in group_ids if i not in ("", ".", "..")][:10]
        if not (scopes or self._scope.avatar_type):
            known = set(TITLES["avatar_type"]).intersection(avatar_types)  # the service refuses other types
            scopes = [self._scope._replace(avatar_type=kind) for kind in sorted(known)]
        wanted: dict[Scope, PageCursor] = {}
        for scope in [each._replace(ownership=owner) for each in scopes for owner in each.owners]:
            cursor = self._ahead.get(scope) or self._look_list(self._client, scope, ahead=True)
            if not (cursor.running or cursor.complete):
                cursor = replace(cursor)  # because the worker ignores a request that it is still handling
            if not self._is_loaded(cursor):
                wanted[scope] = cursor
        # Nothing waits for the pages of a type that was chosen before.
        for scope, cursor in self._ahead.items() if wanted else ():
            cursor.stopping = cursor.stopping or not scope.group_id
        self._worker.submit(*wanted.values())
        for cursor in wanted.values():
            cursor.start()
        self._ahead |= wanted

    def _is_loaded(self, cursor: PageCursor) -> bool:
        """Whether a cursor that fetches ahead would find nothing new, or enough looks of its type are loaded."""
        if not (cursor.ahead and cursor.scope):
            return False
        ownership, kind, group_id = cursor.scope
        if cursor.complete or any(c.complete for c in self._lists if c.scope and c.scope.ownership == ownership):
            return True
        if not group_id:
            return len(cursor.store.select(LookFilter(avatar_type=kind, ownership=ownership))) >= _ENOUGH
        group = cursor.store.groups.get(group_id)
        if group and group.ownership not in (None, ownership):
            return True
        number = group.looks_count if group else None
        return number is not None and len(cursor.store.select(LookFilter(group_id=group_id))) >= number

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
            active = cursor.running = not (cursor.stopping or self._is_loaded(cursor))
        try:
            for page in cursor.pages(token=cursor.token) if active and self._report() else ():
                with self.lock:
                    cursor.take(page)
                    # Decided under the lock: a `start` after a `stop` either keeps this thread or starts another.
                    active = cursor.running = cursor.complete or not (cursor.stopping or self._is_loaded(cursor))
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
                error = None  # the list may be continued, and be complete, before this thread ends
            if active:
                cursor.running = False
        self._report()
        if error:  # of the cache, for example
            raise error


_loaders: weakref.WeakSet[CatalogueLoader] = weakref.WeakSet()
_locks = ExitStack()  # held during a fork


def _before_fork() -> None:
    # A lock that another thread holds at a fork would stay locked in the child.
    _locks.enter_context(WIDGET_LOCK)  # the first one, so that one thread forks at a time
    for loader in list(_loaders):
        _locks.enter_context(loader.lock)


def _after_fork(*, in_child: bool = False) -> None:
    for loader in list(_loaders) if in_child else ():
        loader.forget_threads()
    _locks.pop_all().close()  # the stack is free for another thread before the first lock is


if hasattr(os, "register_at_fork"):  # not on Windows
    _in_child = partial(_after_fork, in_child=True)
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
