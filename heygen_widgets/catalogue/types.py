"""Small values of a catalogue: its scope and its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..errors import HeyGenError

__all__ = ["Ownership", "Progress", "Scope"]

Ownership = Literal["public", "private"]


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
