"""What is loaded, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..errors import HeyGenError

__all__ = ["PLACES", "Ownership", "Progress", "Scope"]

Ownership = Literal["public", "private"]

PLACES = 1 << 41
"""Of one owner, in turn; as many more are for looks that come ahead of it."""


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
    failed : tuple of str
        Those of them that an error has ended.
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
    failed: tuple[str, ...]
    refreshed: int | None


class Scope(NamedTuple):
    """What is loaded: looks of one owner, type or character; None for all."""

    ownership: Ownership | None = None
    avatar_type: str | None = None
    group_id: str | None = None

    @property
    def owners(self) -> tuple[Ownership, ...]:
        return (self.ownership,) if self.ownership else ("private", "public")

    @staticmethod
    def first_place(owner: str) -> int:
        """Give the place of an owner's first look: private ones come before public ones."""
        return 0 if owner == "private" else 2 * PLACES
