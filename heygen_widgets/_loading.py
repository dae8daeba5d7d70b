"""Filling a store from the service: one cursor chain for each ownership, groups beside, and what is looked at first.

Threads hold a `Loading` and never the catalogue it is for, so that a catalogue nobody has any more can end it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ._store import LookStore
from .api import HeyGenClient
from .errors import APIStatusError, HeyGenError
from .models import Page

__all__ = ["Loading", "Ownership", "Progress", "Scope"]

Ownership = Literal["public", "private"]

_PLACES = 1 << 41  # of one owner, in turn; as many more are for looks that come ahead of it
_MOST_AHEAD = 10  # characters fetched ahead for one filter; others wait for their turn


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a catalogue has come.

    Attributes
    ----------
    loaded : int
        Looks that are here.
    expected : int or None
        Looks to expect: the sum of the groups' ``looks_count``, or None before all groups are known and where that sum
        does not apply (one type, one owner's looks of one group). Only a hint: the service tells no total.
    complete : bool
        Whether everything within the scope is here, as of one time.
    loading : bool
        Whether pages are on their way right now.
    calls : int
        Pages received so far, those of groups included.
    error : HeyGenError or None
        What ended a part of the loading; ``load_in_background`` goes on from where it stood.
    missing : tuple of str
        The parts of the loading that are not complete, such as ``public looks``.
    refreshed : int or None
        Looks that a new load has brought so far, while those of before are still the ones shown; else None.
    """

    loaded: int
    expected: int | None
    complete: bool
    loading: bool
    calls: int
    error: HeyGenError | None
    missing: tuple[str, ...]
    refreshed: int | None


class Scope(NamedTuple):
    """What is loaded: looks of one owner, type or character; None for all."""

    ownership: Ownership | None = None
    avatar_type: str | None = None
    group_id: str | None = None

    @property
    def owners(self) -> tuple[Ownership, ...]:
        return (self.ownership,) if self.ownership else ("private", "public")


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
        note_change: Callable[[], None],
        when_complete: Callable[[Loading], None],
    ) -> None:
        self.client = client
        self.scope = scope
        self.store = store
        self.calls = 0
        self._changed = changed
        self._note_change = note_change
        self._when_complete = when_complete
        self._stopping = False
        self._finishing = False
        self._expected: int | None = None
        self._look_chains = [self._look_chain(owner) for owner in scope.owners]
        if scope.group_id:
            self._group_chains = [self._one_group(scope.group_id)]
        else:
            self._group_chains = [self._group_chain(owner) for owner in scope.owners]
        self._chains = [*self._look_chains, *self._group_chains]
        self._ahead: list[str] = []  # ids of groups, the next one last
        self._under_way = ""  # the one that is fetched now
        self._fetched: set[str] = set()  # those of which all has come
        self._fetching_ahead = False
        self._halting = False
        self._error_ahead: HeyGenError | None = None

    def _look_chain(self, owner: Ownership) -> _Chain:
        scope, first = self.scope, self._first_place(owner)

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

    def _first_place(self, owner: Ownership) -> int:
        return 0 if owner == "private" else 2 * _PLACES

    @property
    def complete(self) -> bool:
        return all(chain.complete for chain in self._chains)

    @property
    def running(self) -> bool:
        """Whether pages are on their way."""
        return self._fetching_ahead or any(chain.running for chain in self._chains)

    @property
    def busy(self) -> bool:
        """Whether any thread is at work."""
        return self.running or self._finishing

    @property
    def error(self) -> HeyGenError | None:
        ahead = None if self.complete else self._error_ahead
        return next((chain.error for chain in self._chains if chain.error), ahead)

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts that are not complete."""
        return tuple(chain.name for chain in self._chains if not chain.complete)

    @property
    def expected(self) -> int | None:
        """Looks to expect: the sum of the groups' counts, or None where that does not tell."""
        if self._expected is None and all(chain.complete for chain in self._group_chains):
            counts = [group.looks_count for group in self.store.groups.values()]
            one_owners = self.scope.group_id and self.scope.ownership
            if not (self.scope.avatar_type or one_owners or None in counts):
                self._expected = sum(count or 0 for count in counts)
        return self._expected

    def start(self) -> None:
        """Go on with each part that is not complete and not at work."""
        with self._changed:
            self._stopping, self._error_ahead = False, None
            for chain in self._chains:
                if not chain.complete and not chain.running:
                    chain.running, chain.error = True, self._begin(chain.name, self._run, chain)
                    chain.running = chain.error is None
                    self._note_change()

    def stop(self) -> None:
        """Stop after the requests under way."""
        with self._changed:
            self._stopping = self._halting = True
            self._ahead.clear()

    def fetch_ahead(self, group_ids: Iterable[str]) -> None:
        """Fetch the looks of some characters next, where they are not there yet."""
        with self._changed:
            wanted = [group_id for group_id in group_ids if group_id][:_MOST_AHEAD]
            self._ahead += [i for i in wanted if i not in (*self._ahead, self._under_way) and self._misses(i)]
            if self._ahead or self._under_way in wanted:
                self._halting = False
            if self._ahead and not self._fetching_ahead:
                self._fetching_ahead, self._error_ahead = True, self._begin("looks of a character", self._run_ahead)
                self._fetching_ahead = self._error_ahead is None
                self._note_change()

    def _misses(self, group_id: str) -> bool:
        group = self.store.groups.get(group_id)
        owner = group.ownership if group else None
        chains = zip(self.scope.owners, self._look_chains, strict=True)
        if self.scope.group_id or all(chain.complete for name, chain in chains if owner in (None, name)):
            return False
        whole = group and group.looks_count is not None and self.store.count_loaded(group_id) >= group.looks_count
        return not whole and group_id not in self._fetched

    def _begin(self, name: str, target: Callable[..., None], *arguments: object) -> HeyGenError | None:
        try:
            threading.Thread(target=target, args=arguments, name=f"heygen_widgets: {name}", daemon=True).start()
        except RuntimeError as error:  # too many threads, or the interpreter ends
            return HeyGenError(f"Loading the {name} could not begin: {error}.")
        return None

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
        for page in chain.follow(chain.token):
            with self._changed:
                chain.take(page)
                self.calls += 1
                # Decided under the lock, so that a `start` after a `stop` either finds the thread going on or starts
                # another; and so that nobody who waits finds all complete and nothing at work before `_finish`.
                chain.running = page.has_more and not self._stopping
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

    def _run_ahead(self) -> None:
        """Fetch what is looked at, the last asked for first: what a thread does."""
        try:
            while group_id := self._next_ahead():
                try:
                    self._fetch(group_id)
                except HeyGenError as error:
                    self._fail_ahead(error)
        except Exception as bug:
            with self._changed:
                self._under_way, self._fetching_ahead = "", False
                self._fail_ahead(HeyGenError(f"loading the looks of a character broke off: {bug!r}"))
            raise

    def _next_ahead(self) -> str:
        with self._changed:
            self._under_way = ""
            # What was missing when it was asked for may have come in its turn.
            while self._ahead and not self._under_way:
                group_id = self._ahead.pop()
                self._under_way = group_id if self._misses(group_id) else ""
            # Now, since whoever asks for another one after this has to begin another thread.
            self._fetching_ahead = bool(self._under_way)
            self._note_change()
            return self._under_way

    def _fail_ahead(self, error: HeyGenError) -> None:
        with self._changed:
            self._error_ahead = error
            self._note_change()

    def _fetch(self, group_id: str) -> None:
        group = self.store.groups.get(group_id)
        for owner in self.scope.owners:
            if group and group.ownership not in (None, owner):
                continue
            place = self._first_place(owner) + _PLACES
            for page in self.client.iter_look_pages(
                group_id=group_id, avatar_type=self.scope.avatar_type, ownership=owner
            ):
                with self._changed:
                    self.store.add_looks(page.data, place + len(self.store), ahead=True)
                    self.calls += 1
                    self._note_change()
                    if self._halting:
                        return
        with self._changed:
            self._fetched.add(group_id)
