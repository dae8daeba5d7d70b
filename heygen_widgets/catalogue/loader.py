"""Fill a store from the service: one cursor for each list, each on a thread of its own."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._background import Worker, start_thread
from ..api import HeyGenClient
from ..errors import APIStatusError, HeyGenError
from ..models import Page
from .store import LookStore
from .types import PLACES, Ownership, Progress, Scope

__all__ = ["CatalogueLoader", "PageCursor", "draw_progress"]

_MOST_AHEAD = 10  # characters of one call


@dataclass(eq=False)
class PageCursor:
    """A position in one list of the service.

    `pages` takes a token and iterates over the pages from there. `add` takes the records of a page and the position of
    the first one. `group_id` is set if a character's looks are fetched ahead.
    """

    name: str
    pages: Callable[[str | None], Iterator[Page[Any]]]
    add: Callable[[tuple[Any, ...], int], None]
    ownership: Ownership | None = None
    group_id: str = ""
    token: str | None = None
    position: int = 0
    complete: bool = False
    running: bool = False  # until its thread has handled the last page
    stopping: bool = False
    error: HeyGenError | None = None

    def start(self) -> None:
        self.running, self.stopping, self.error = True, False, None

    def take(self, page: Page[Any]) -> None:
        self.add(page.data, self.position)
        self.complete = not page.has_more
        # A page without the token of the next one is requested again.
        if page.next_token:
            self.token = page.next_token
            self.position += len(page.data)

    def fail(self, error: HeyGenError) -> None:
        self.running, self.error = False, error
        if isinstance(error, APIStatusError) and error.status_code == 400:
            # The service no longer accepts the token. The store skips the looks that it already has.
            self.token, self.position = None, 0


class CatalogueLoader:
    """Load a scope into a store. A load that was stopped continues where it was; without a client nothing is loaded.

    `lock` guards the state here and all changes of the store: hold it when calling a method, except `join`. The bound
    method `on_change` is called after each change, on the loader's threads, without the lock; it returns whether to
    continue. Raises ValueError for an unknown ownership or an invalid id.
    """

    def __init__(
        self,
        client: HeyGenClient | None,
        scope: Scope,
        store: LookStore,
        lock: threading.Condition,
        on_change: Callable[[CatalogueLoader], bool],
    ) -> None:
        self.store = store
        self.lock = lock
        self._scope = scope
        # Weak, so that a catalogue that nobody uses can be collected, and its load ends.
        self._callback = weakref.WeakMethod(on_change)
        self._calls = 0
        self._look_lists: list[PageCursor] = []
        self._group_lists: list[PageCursor] = []
        self._client = client
        if client:
            self._look_lists = [self._looks(client, owner) for owner in scope.owners]
            self._group_lists = self._groups(client)
        self._lists = [*self._look_lists, *self._group_lists]
        self._ahead: dict[tuple[str, Ownership | None], PageCursor] = {}
        self._worker = self._new_worker()
        self._threads: list[threading.Thread] = []
        _loaders.add(self)

    def _report(self) -> bool:
        callback = self._callback()
        return callback is not None and callback(self)

    def _looks(self, client: HeyGenClient, owner: Ownership, ahead: str = "") -> PageCursor:
        scope, store, first = self._scope, self.store, self._scope.first_place(owner)

        def pages(token: str | None) -> Iterator[Page[Any]]:
            return client.iter_look_pages(
                group_id=ahead or scope.group_id, avatar_type=scope.avatar_type, ownership=owner, token=token
            )

        def add(looks: tuple[Any, ...], position: int) -> None:
            place = first + (PLACES + len(store) if ahead else position)
            store.add_looks(looks, place, ahead=bool(ahead))

        pages(None)  # checks the arguments now, not on the thread
        return PageCursor(f"looks of {ahead}" if ahead else f"{owner} looks", pages, add, owner, ahead)

    def _groups(self, client: HeyGenClient) -> list[PageCursor]:
        def one_group(_: str | None) -> Iterator[Page[Any]]:
            yield Page((client.get_group(str(self._scope.group_id)),))

        def pages_of(owner: Ownership) -> Callable[[str | None], Iterator[Page[Any]]]:
            return lambda token: client.iter_group_pages(ownership=owner, token=token)

        def add(groups: tuple[Any, ...], _: int) -> None:
            self.store.add_groups(groups)

        if self._scope.group_id:
            return [PageCursor("character", one_group, add)]
        return [PageCursor(f"{owner} characters", pages_of(owner), add) for owner in self._scope.owners]

    def _new_worker(self) -> Worker[PageCursor]:
        # No limit is needed: `_ahead` holds each character once.
        return Worker("looks of a character", self._follow, limit=1_000_000)

    @property
    def complete(self) -> bool:
        return all(cursor.complete for cursor in self._lists)

    @property
    def busy(self) -> bool:
        """Whether any thread is at work."""
        return any(cursor.running for cursor in (*self._lists, *self._ahead.values()))

    def progress(self, shown: LookStore, complete: bool) -> Progress:
        """Report the progress while a store is shown that may be another one, and may be complete."""
        every = [*self._lists, *self._ahead.values()]
        # A complete load is over for users, even if its last thread still writes the cache.
        over = complete and shown is self.store
        # Without a character that was to be fetched ahead, everything may still have been loaded.
        errors = [cursor.error for cursor in (self._lists if self.complete else every) if cursor.error]
        return Progress(
            loaded=len(shown),
            expected=self._expected_looks(),
            complete=complete,
            loading=any(cursor.running and not (over and cursor.complete) for cursor in every),
            calls=self._calls,
            error=errors[0] if errors else None,
            missing=() if complete else tuple(c.name for c in self._lists if not c.complete) or ("looks",),
            failed=tuple(cursor.name for cursor in self._lists if cursor.error),
            refreshed=None if shown is self.store else len(self.store),
        )

    def _expected_looks(self) -> int | None:
        scope = self._scope
        known = all(cursor.complete for cursor in self._group_lists)
        if not self._client or not known or scope.avatar_type or (scope.group_id and scope.ownership):
            return None
        counts = [group.looks_count for group in self.store.groups.values()]
        return None if None in counts else sum(count or 0 for count in counts)

    def start(self) -> None:
        """Start or continue each list that is not complete."""
        self._ahead = {key: cursor for key, cursor in self._ahead.items() if not cursor.error}
        for cursor in self._lists:
            if cursor.running:
                cursor.stopping = False
            elif not cursor.complete:
                cursor.start()
                try:
                    thread = start_thread(cursor.name, partial(self._follow, cursor))
                except HeyGenError as error:
                    cursor.fail(error)
                else:
                    self._threads = [*(other for other in self._threads if other.is_alive()), thread]

    def fetch_ahead(self, group_ids: Iterable[str]) -> None:
        """Fetch the looks of some characters next, in this order, if they are not loaded yet."""
        wanted: list[PageCursor] = []
        if self._client is None:
            return
        for group_id in [i for i in group_ids if i not in ("", ".", "..")][:_MOST_AHEAD]:
            for owner in self._scope.owners:
                cursor = self._ahead.get((group_id, owner))
                if cursor is None or not cursor.running:
                    # A new one, because the worker ignores a request that it is still handling.
                    cursor = self._looks(self._client, owner, group_id)
                if not self._is_loaded(cursor):
                    cursor.start()
                    self._ahead[group_id, owner] = cursor
                    wanted.append(cursor)
        try:
            self._worker.submit(*wanted)
        except HeyGenError as error:
            self._worker.clear()
            for cursor in wanted:
                cursor.fail(error)

    def _is_loaded(self, ahead: PageCursor) -> bool:
        """Whether a cursor that fetches a character ahead would find nothing new."""
        group = self.store.groups.get(ahead.group_id)
        known = self._ahead.get((ahead.group_id, ahead.ownership))
        if self._scope.group_id or (known and known.complete):
            return True
        if any(cursor.complete for cursor in self._look_lists if cursor.ownership == ahead.ownership):
            return True
        if group is None or group.ownership not in (None, ahead.ownership):
            return group is not None
        return group.looks_count is not None and self.store.count_loaded(group.id) >= group.looks_count

    def stop(self) -> None:
        """Stop after the requests that are under way."""
        for cursor in (*self._lists, *self._ahead.values()):
            cursor.stopping = True

    def join(self) -> None:
        """Wait until the threads have ended, except the calling one."""
        self._worker.join()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def forget_threads(self) -> None:
        """Mark the load as ended in a forked child, which does not have its parent's threads."""
        self._threads, self._ahead, self._worker = [], {}, self._new_worker()
        for cursor in self._lists:
            cursor.running = False

    def _follow(self, cursor: PageCursor) -> None:
        """Fetch pages until the end, a stop or an error: the work of a thread."""
        error: HeyGenError | None = None
        with self.lock:
            active = cursor.running = not (cursor.stopping or (cursor.group_id and self._is_loaded(cursor)))
        try:
            for page in cursor.pages(cursor.token) if active and self._report() else ():
                with self.lock:
                    cursor.take(page)
                    self._calls += 1
                    # Decided under the lock: a `start` after a `stop` either keeps this thread or starts another.
                    active = cursor.running = cursor.complete or not cursor.stopping
                if not (self._report() and active):
                    break
        except HeyGenError as problem:
            error = problem
        except Exception as bug:  # noqa: BLE001 - reported, and the load ends with an error
            error = HeyGenError(f"Loading the {cursor.name} failed: {bug!r}.")
            arguments = (type(bug), bug, bug.__traceback__, threading.current_thread())
            threading.excepthook(threading.ExceptHookArgs(arguments))
        with self.lock:
            if error and not cursor.complete:
                cursor.fail(error)
            if active:
                cursor.running = False
        self._report()


def draw_progress(
    wait_for_change: Callable[[int, float | None], int], look_up: Callable[[], tuple[bool, Progress]]
) -> None:
    """Draw a progress bar until the load has ended; `look_up` returns whether it has, and then the progress."""
    from tqdm.auto import tqdm  # slow, and only needed here

    with tqdm(desc="Loading looks", unit=" looks") as bar:
        revision, ended = -1, False
        while not ended:
            revision = wait_for_change(revision, 0.5)
            ended, progress = look_up()
            bar.total = progress.expected
            bar.update((progress.loaded if progress.refreshed is None else progress.refreshed) - bar.n)
        bar.refresh()


_loaders: weakref.WeakSet[CatalogueLoader] = weakref.WeakSet()
_at_fork: list[CatalogueLoader] = []


def _before_fork() -> None:
    # A lock that another thread holds at a fork would stay locked in the child.
    _at_fork[:] = _loaders
    for loader in _at_fork:
        loader.lock.acquire()


def _after_fork(*, child: bool) -> None:
    for loader in _at_fork:
        if child:
            loader.forget_threads()
        loader.lock.release()
    _at_fork.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=partial(_after_fork, child=False),
        after_in_child=partial(_after_fork, child=True),
    )
