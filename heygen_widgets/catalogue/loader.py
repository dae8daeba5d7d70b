"""Filling a store from the service: one cursor chain for each ownership, and the groups beside.

Threads hold a `Loading` and never the catalogue it is for, so that a catalogue nobody has any more can end it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from .._background import Threads
from ..api import HeyGenClient
from ..errors import APIStatusError, HeyGenError
from ..models import Look, Page
from .ahead import FetchAhead
from .store import LookStore
from .types import Ownership, Scope

__all__ = ["Loading"]

T = TypeVar("T")


class _Chain:
    """One list of the service, followed page by page by a thread of its own, from the last good token."""

    def __init__(
        self,
        name: str,
        follow: Callable[[str | None], Iterator[Page[Any]]],
        add: Callable[[tuple[Any, ...], int], None],
    ) -> None:
        self.name = name
        self.follow = follow
        self.add = add
        self.token: str | None = None
        self.position = 0  # of the first record that the token leads to
        self.complete = False
        self.running = False
        self.error: HeyGenError | None = None

    def take(self, page: Page[Any]) -> None:
        self.add(page.data, self.position)
        self.complete = not page.has_more
        # A page that does not say where to go on is asked for again.
        if page.next_token:
            self.token = page.next_token
            self.position += len(page.data)

    def fail(self, error: HeyGenError) -> None:
        self.running, self.error = False, error
        if isinstance(error, APIStatusError) and error.status_code == 400:
            # A cursor the service takes no more would fail for ever; from the start, nothing is doubled either.
            self.token, self.position = None, 0


class Loading:
    """One loading of a scope into a store, which can be stopped and goes on in place.

    Parameters
    ----------
    client : HeyGenClient
    scope : Scope
    store : LookStore
    changed : threading.Condition
        Guards the state here, and is notified of each change, through `note_change`.
    threads : Threads
        Where threads are begun.
    note_change : callable
        Called under `changed`.
    when_complete : callable
        Called once with this object when everything is there, on the thread that brought the last page.

    Raises
    ------
    ValueError
        For an unknown ownership or an impossible id.
    """

    def __init__(
        self,
        client: HeyGenClient,
        scope: Scope,
        store: LookStore,
        changed: threading.Condition,
        threads: Threads,
        note_change: Callable[[], None],
        when_complete: Callable[[Loading], None],
    ) -> None:
        self.client = client
        self.scope = scope
        self.store = store
        self._calls = 0
        self._changed = changed
        self._threads = threads
        self._note_change = note_change
        self._when_complete = when_complete
        self._stopping = False
        self._abandoned = False
        self._finishing = False
        self.account = ""  # whose looks these are; "" where that is unknown
        self._expected: int | None = None
        self._look_chains = [self._look_chain(owner) for owner in scope.owners]
        if scope.group_id:
            self._group_chains = [self._one_group(scope.group_id)]
        else:
            self._group_chains = [self._group_chain(owner) for owner in scope.owners]
        self._chains = [*self._look_chains, *self._group_chains]
        self._ahead = FetchAhead(self._pages_of, scope, store, changed, threads, note_change, self._has_all_of)

    def _look_chain(self, owner: Ownership) -> _Chain:
        scope, first = self.scope, self.scope.first_place(owner)

        def follow(token: str | None) -> Iterator[Page[Any]]:
            return self.client.iter_look_pages(
                group_id=scope.group_id, avatar_type=scope.avatar_type, ownership=owner, token=token
            )

        follow(None)  # the arguments are checked now, not in the thread
        return _Chain(f"{owner} looks", follow, lambda looks, place: self.store.add_looks(looks, first + place))

    def _group_chain(self, owner: Ownership) -> _Chain:
        def follow(token: str | None) -> Iterator[Page[Any]]:
            return self.client.iter_group_pages(ownership=owner, token=token)

        return _Chain(f"{owner} characters", follow, lambda groups, _: self.store.add_groups(groups))

    def _one_group(self, group_id: str) -> _Chain:
        def follow(_: str | None) -> Iterator[Page[Any]]:
            yield Page((self.client.get_group(group_id),))

        return _Chain("character", follow, lambda groups, _: self.store.add_groups(groups))

    @property
    def complete(self) -> bool:
        return all(chain.complete for chain in self._chains)

    @property
    def calls(self) -> int:
        """Pages received."""
        return self._calls + self._ahead.calls

    @property
    def running(self) -> bool:
        """Whether pages are on their way."""
        return self._ahead.running or any(chain.running for chain in self._chains)

    @property
    def busy(self) -> bool:
        """Whether any thread is at work."""
        return self.running or self._finishing

    @property
    def error(self) -> HeyGenError | None:
        ahead = None if self.complete else self._ahead.error
        return next((chain.error for chain in self._chains if chain.error), ahead)

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts that are not complete."""
        return tuple(chain.name for chain in self._chains if not chain.complete)

    @property
    def failed(self) -> tuple[str, ...]:
        """The parts that an error has ended."""
        return tuple(chain.name for chain in self._chains if chain.error)

    @property
    def expected(self) -> int | None:
        """Looks to expect: the sum of the groups' counts, or None where that does not tell."""
        if self._expected is None and all(chain.complete for chain in self._group_chains):
            counts = [group.looks_count for group in self.store.groups.values()]
            one_owners = self.scope.group_id and self.scope.ownership
            if not (self.scope.avatar_type or one_owners or None in counts):
                self._expected = sum(count or 0 for count in counts)
        return self._expected

    @property
    def is_anothers(self) -> bool:
        """Whether the client's login has become another account's since it was first asked."""
        now = self.client.account
        return bool(self.account and now) and now != self.account

    def _pages_of(self, owner: str, group_id: str) -> Iterator[Page[Look]]:
        """Go through one character's looks within the scope's type."""
        return self._of_one_account(
            self.client.iter_look_pages(group_id=group_id, avatar_type=self.scope.avatar_type, ownership=owner)
        )

    def _of_one_account(self, pages: Iterator[Page[T]]) -> Iterator[Page[T]]:
        """Give the pages until one is another account's: looks of two must not come together."""
        for page in pages:
            if self.is_anothers:
                raise HeyGenError("The login has become another account's while looks were loading: load them anew.")
            yield page

    def start(self) -> None:
        """Go on with each part that is not complete and not at work."""
        with self._changed:
            self.account = self.account or self.client.account
            self._stopping, self._ahead.error = False, None
            for chain in self._chains:
                if not chain.complete and not chain.running:
                    chain.running, chain.error = True, None
                    try:
                        self._threads.begin(chain.name, self._run, chain)
                    except HeyGenError as error:
                        chain.running, chain.error = False, error
                    self._note_change()

    def stop(self) -> None:
        """Stop after the requests under way."""
        with self._changed:
            self._stopping = True
            self._ahead.stop()

    def abandon(self) -> None:
        """Stop for good after the requests under way, for the catalogue is gone, or loads anew.

        It takes no lock, because a garbage collection calls it: on any thread, whatever that holds.
        """
        self._abandoned = True
        self._ahead.abandon()

    def fetch_ahead(self, group_ids: Iterable[str]) -> None:
        """Fetch the looks of some characters next, where they are not there yet."""
        self._ahead.fetch(group_ids)

    def _has_all_of(self, owner: str | None) -> bool:
        """Whether all looks of an owner are there, or of both where it is unknown who that is."""
        chains = zip(self.scope.owners, self._look_chains, strict=True)
        return all(chain.complete for name, chain in chains if owner in (None, name))

    def _run(self, chain: _Chain) -> None:
        """Follow one chain until its end, `stop` or an error: what a thread does."""
        last = False
        try:
            last = self._follow(chain)
        except HeyGenError as error:
            self._fail(chain, error)
        except Exception as bug:
            self._fail(chain, HeyGenError(f"loading the {chain.name} broke off: {bug!r}"))
            raise
        if last:
            self._finish()

    def _follow(self, chain: _Chain) -> bool:
        """Follow one chain; tell whether its end was the end of all."""
        last = False
        for page in self._of_one_account(chain.follow(chain.token)):
            with self._changed:
                chain.take(page)
                self._calls += 1
                # Decided under the lock, so that a `start` after a `stop` either finds the thread going on or starts
                # another; and so that nobody who waits finds all complete and nothing at work before `_finish`.
                chain.running = page.has_more and not (self._stopping or self._abandoned)
                last = self._finishing = self.complete
                self._note_change()
                if not chain.running:
                    break
        return last

    def _fail(self, chain: _Chain, error: HeyGenError) -> None:
        with self._changed:
            chain.fail(error)
            self._note_change()

    def _finish(self) -> None:
        try:
            self._when_complete(self)
        finally:
            with self._changed:
                self._finishing = False
                self._note_change()
