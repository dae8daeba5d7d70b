"""Every look loaded so far, loaded in the background and ready to be filtered."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .api import HeyGenClient
from .errors import HeyGenError
from .filters import LookColumns, LookFilter, Rows
from .models import AvatarGroup, Look, Page

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LookCatalogue", "Progress"]

Ownership = Literal["public", "private"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a catalogue has come.

    Attributes
    ----------
    loaded : int
        Looks loaded so far.
    expected : int or None
        Looks to expect: the sum of the groups' ``looks_count``, or None before all groups are known and where that sum
        does not apply (one type, one owner's looks of one group). Only a hint: the service tells no total.
    complete : bool
        Whether everything within the scope is here.
    loading : bool
        Whether loading goes on right now.
    calls : int
        Pages received so far, those of groups included.
    error : HeyGenError or None
        What ended a part of the loading; `LookCatalogue.load_in_background` goes on from where it stood.
    """

    loaded: int
    expected: int | None
    complete: bool
    loading: bool
    calls: int
    error: HeyGenError | None


class _Chain:
    """One list of the service, followed page by page by a thread of its own, from the last good token."""

    def __init__(self, name: str, follow: Callable[[str | None], Iterator[Page[Any]]], ownership: str | None) -> None:
        self.name = name
        self.follow = follow
        self.ownership = ownership
        self.token: str | None = None
        self.complete = False
        self.running = False
        self.error: HeyGenError | None = None


class LookCatalogue:
    """All looks within a scope, as far as they are loaded; it can be filtered while the rest arrives.

    It is empty at first: `load` or `load_in_background` fills it.

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

    Raises
    ------
    TypeError
        When `client` is no `HeyGenClient`.
    ValueError
        For an unknown `ownership` or an impossible `group_id`.

    Examples
    --------
    >>> from heygen_widgets import demo_client
    >>> catalogue = LookCatalogue(demo_client(looks=200))
    >>> catalogue.load()
    >>> len(catalogue)
    200
    """

    def __init__(
        self,
        client: HeyGenClient,
        *,
        ownership: Ownership | None = None,
        avatar_type: str | None = None,
        group_id: str | None = None,
    ) -> None:
        if not isinstance(client, HeyGenClient):
            raise TypeError(f"client must be a HeyGenClient, not {type(client).__name__}")
        self.client = client
        self.ownership = ownership
        self.avatar_type = avatar_type
        self.group_id = group_id
        owners: tuple[Ownership, ...] = (ownership,) if ownership else ("private", "public")
        self._chains = [self._look_chain(owner) for owner in owners]
        self._group_chains = [self._group_chain(ownership)]
        # Guards everything below, and is notified of each change. Nothing is called while it is held.
        self._changed = threading.Condition()
        self._revision = 0
        self._calls = 0
        self._stopping = False
        self._looks: list[Look] = []
        self._row_of: dict[str, int] = {}
        self._groups: dict[str, AvatarGroup] = {}
        self._columns = LookColumns()

    def _look_chain(self, ownership: Ownership) -> _Chain:
        def follow(token: str | None) -> Iterator[Page[Look]]:
            return self.client.iter_look_pages(
                group_id=self.group_id, avatar_type=self.avatar_type, ownership=ownership, token=token
            )

        follow(None)  # the arguments are checked now, not in the thread
        return _Chain(f"{ownership} looks", follow, ownership)

    def _group_chain(self, ownership: Ownership | None) -> _Chain:
        def follow(token: str | None) -> Iterator[Page[AvatarGroup]]:
            if self.group_id:
                return iter([Page((self.client.get_group(self.group_id),))])
            return self.client.iter_group_pages(ownership=ownership, token=token)

        return _Chain("groups", follow, ownership)

    def __repr__(self) -> str:
        progress = self.progress
        state = "complete" if progress.complete else "loading" if progress.loading else "incomplete"
        return f"<LookCatalogue: {progress.loaded:,} looks, {state}>"

    def __len__(self) -> int:
        return len(self._looks)

    def __iter__(self) -> Iterator[Look]:
        return iter(self.looks)

    @property
    def looks(self) -> tuple[Look, ...]:
        """The looks loaded so far, private ones first."""
        return self.select(LookFilter())

    @property
    def groups(self) -> dict[str, AvatarGroup]:
        """The avatar groups (characters) loaded so far, by id."""
        with self._changed:
            return dict(self._groups)

    @property
    def complete(self) -> bool:
        """Whether everything within the scope has been loaded."""
        return self.progress.complete

    @property
    def progress(self) -> Progress:
        """How far loading has come."""
        with self._changed:
            chains = [*self._chains, *self._group_chains]
            return Progress(
                loaded=len(self._looks),
                expected=self._expected(),
                complete=all(chain.complete for chain in chains),
                loading=any(chain.running for chain in chains),
                calls=self._calls,
                error=next((chain.error for chain in chains if chain.error), None),
            )

    def _expected(self) -> int | None:
        counts = [group.looks_count for group in self._groups.values()]
        known = all(chain.complete for chain in self._group_chains)
        if self.avatar_type or (self.group_id and self.ownership) or not known or None in counts:
            return None
        return sum(count or 0 for count in counts)

    def get(self, look_id: str) -> Look | None:
        """Give the loaded look with this id, or None."""
        with self._changed:
            row = self._row_of.get(look_id)
            return None if row is None else self._looks[row]

    def load_in_background(self) -> None:
        """Load what is missing, in threads of its own, and return at once.

        Goes on in place after `stop`, and after an error from the last page that was received. Does nothing while
        loading goes on, and nothing once the catalogue is complete.
        """
        with self._changed:
            self._stopping = False
            for chain in self._all_chains():
                if not chain.complete and not chain.running:
                    chain.running, chain.error = True, None
                    self._note_change()
                    name = f"heygen_widgets: {chain.name}"
                    threading.Thread(target=self._run, args=(chain,), name=name, daemon=True).start()

    def load(self) -> None:
        """Load what is missing and return when it is here.

        Raises
        ------
        HeyGenError
            The first error that ended a part of the loading. What was loaded stays; another call goes on there.
        """
        self.load_in_background()
        try:
            self.wait()
        except KeyboardInterrupt:
            self.stop()
            raise
        error = self.progress.error
        if error is not None:
            raise error

    def stop(self) -> None:
        """Stop loading after the requests under way; `load_in_background` goes on in place. Returns at once."""
        with self._changed:
            self._stopping = True

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
            self._changed.wait_for(lambda: not any(chain.running for chain in self._all_chains()), timeout)
        return self.complete

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

    def select(self, wanted: LookFilter) -> tuple[Look, ...]:
        """Give the loaded looks that match, private ones first, otherwise in the service's order."""
        with self._changed:
            return tuple(self._looks[row] for row in self._columns.match(wanted).tolist())

    def match(self, wanted: LookFilter) -> Rows:
        """Give the row numbers of the looks that `select` would give; `rows` turns some of them into looks.

        Rows are only ever added, so that a number goes on naming the same look.
        """
        with self._changed:
            return self._columns.match(wanted)

    def rows(self, numbers: Rows) -> list[Look]:
        """Give the looks with these row numbers."""
        with self._changed:
            return [self._looks[number] for number in numbers.tolist()]

    def facets(self, wanted: LookFilter | None = None) -> dict[str, dict[str, int]]:
        """Count the loaded looks by the values of each field: ``{field: {value: count}}``, most frequent first.

        Each field is counted under the filter's other fields, as a dropdown needs it; ``""`` stands for no value.
        """
        with self._changed:
            return self._columns.facets(wanted or LookFilter())

    def to_frame(self, wanted: LookFilter | None = None, *, flat: bool = False) -> pd.DataFrame:
        """Give the loaded looks, or those that match a filter, as a DataFrame; see `looks_to_frame`.

        Warns
        -----
        UserWarning
            When the catalogue is not complete, so that looks may be missing; `load` waits for them.
        """
        from .frame import looks_to_frame

        if not self.complete:
            text = f"only {len(self):,} looks are loaded so far: load() waits until all are there"
            warnings.warn(text, UserWarning, stacklevel=2)
        names = {group.id: group.name for group in self.groups.values()}
        return looks_to_frame(self.select(wanted or LookFilter()), flat=flat, group_names=names)

    def _all_chains(self) -> list[_Chain]:
        return [*self._chains, *self._group_chains]

    def _run(self, chain: _Chain) -> None:
        """Follow one chain until its end, `stop` or an error: what a thread does."""
        try:
            self._follow(chain)
        except HeyGenError as error:
            self._fail(chain, error)
        except Exception as bug:
            self._fail(chain, HeyGenError(f"loading the {chain.name} broke off: {bug!r}"))
            raise

    def _follow(self, chain: _Chain) -> None:
        add = self._add_groups if chain in self._group_chains else self._add_looks
        for page in chain.follow(chain.token):
            with self._changed:
                add(page.data)
                self._calls += 1
                chain.token = page.next_token
                chain.complete = not page.has_more
                # Decided under the lock, so that a `load_in_background` after a `stop` either finds the thread going on
                # or starts another.
                chain.running = page.has_more and not self._stopping
                self._note_change()
                if not chain.running:
                    return

    def _fail(self, chain: _Chain, error: HeyGenError) -> None:
        with self._changed:
            chain.running, chain.error = False, error
            self._note_change()

    def _note_change(self) -> None:
        self._revision += 1
        self._changed.notify_all()

    def _add_looks(self, looks: tuple[Look, ...]) -> None:
        new = []
        for look in looks:
            if look.id not in self._row_of:
                self._row_of[look.id] = len(self._looks)
                self._looks.append(look)
                new.append(look)
        self._columns.extend(new)

    def _add_groups(self, groups: tuple[AvatarGroup, ...]) -> None:
        self._groups.update((group.id, group) for group in groups)
        self._columns.name_characters({group.id: group.name for group in groups})
