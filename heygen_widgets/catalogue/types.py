"""Small values of a catalogue: its scope and its progress."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..errors import HeyGenError

__all__ = ["PLACES", "Changes", "Ownership", "Progress", "Scope"]

Ownership = Literal["public", "private"]

PLACES = 1 << 41
"""Room for one owner's looks in the service's order. The same room follows for looks that are fetched ahead."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a catalogue is loaded.

    Attributes
    ----------
    loaded : int
        Looks that are loaded and shown.
    expected : int or None
        Looks to expect: the sum of the groups' ``looks_count``. None until all groups are loaded, and where the sum
        does not apply (one type, one owner's looks of one group). Only a hint: the service reports no total.
    complete : bool
        Whether everything within the scope is loaded.
    loading : bool
        Whether requests are under way.
    calls : int
        Pages received so far, including those of groups.
    error : HeyGenError or None
        The error that ended a part of the load. ``load_in_background`` continues after the last page received.
    missing : tuple of str
        The parts that are not complete, such as ``public looks``.
    failed : tuple of str
        The parts that ended with an error.
    refreshed : int or None
        Looks that a new load has received while the earlier ones are still shown; else None.
    """

    loaded: int
    expected: int | None
    complete: bool
    loading: bool
    calls: int
    error: HeyGenError | None
    missing: tuple[str, ...]
    failed: tuple[str, ...]
    refreshed: int | None


class Scope(NamedTuple):
    """Which looks are loaded: those of one owner, type or character; None for all."""

    ownership: Ownership | None = None
    avatar_type: str | None = None
    group_id: str | None = None

    @property
    def owners(self) -> tuple[Ownership, ...]:
        return (self.ownership,) if self.ownership else ("private", "public")

    @staticmethod
    def first_place(owner: str) -> int:
        """Return the place of an owner's first look: private looks come before public ones."""
        return 0 if owner == "private" else 2 * PLACES


class Changes:
    """A lock, a revision number that grows with each change, and callbacks for each load.

    No callback runs while the lock is held.
    """

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self._revision = 0
        self._callbacks: list[weakref.WeakMethod[Callable[[], object]]] = []

    @property
    def revision(self) -> int:
        with self.lock:
            return self._revision

    def note(self) -> None:
        """Count a change, and wake the threads that wait for one."""
        with self.lock:
            self._revision += 1
            self.lock.notify_all()

    def wait(self, revision: int, timeout: float | None) -> int:
        """Wait until the revision differs, and return it."""
        with self.lock:
            self.lock.wait_for(lambda: self._revision != revision, timeout)
            return self._revision

    def subscribe(self, callback: Callable[[], object]) -> None:
        """Call a bound method with each `load_started`, once even if it subscribes again. The reference is weak."""
        with self.lock:
            alive = [method for method in self._callbacks if method() not in (None, callback)]
            self._callbacks = [*alive, weakref.WeakMethod(callback)]

    def load_started(self) -> None:
        for method in self._callbacks:
            if callback := method():
                callback()
