"""The selected looks of a picker, as a plain object without widget or lock."""

from __future__ import annotations

from collections.abc import Iterable

from .._display import clip
from ..models import Look, Looks
from .options import LARGEST_WINDOW

__all__ = ["MOST_SELECTED", "Shortlist"]

MOST_SELECTED = LARGEST_WINDOW
_NAMED = 3  # looks in the repr
_KEPT = 12  # deselected looks that can be selected again, loaded or not


class Shortlist:
    """The selected looks in the order of selection, and what was deselected last.

    Parameters
    ----------
    multiple : bool, default False
        Whether several looks can be selected, up to 120.
    """

    def __init__(self, multiple: bool = False) -> None:
        self.multiple = multiple
        self.looks = Looks()
        self._deselected: tuple[Look, ...] = ()  # the last one first
        self._cleared = Looks()

    def checked(self, looks: Iterable[object]) -> Looks:
        """Return looks as a selection.

        Raises
        ------
        ValueError
            For something else than different looks, or for too many.
        """
        given = tuple(looks)
        found = Looks({look.id: look for look in given if isinstance(look, Look)}.values())
        if len(found) != len(given):
            raise ValueError(f"values must hold different Look records, not {given!r}")
        if len(found) > 1 and not self.multiple:
            raise ValueError(f"{len(found)} values need LookPicker(…, multiple=True)")
        if len(found) > MOST_SELECTED:
            raise ValueError(
                f"A picker holds at most {MOST_SELECTED} selected looks, not {len(found):,}. For more, use a filter: "
                "picker.catalogue.select(picker.filter)"
            )
        return found

    def __repr__(self) -> str:
        named = [clip(look.id) for look in self.looks[:_NAMED]]
        more = [f"{len(self.looks) - _NAMED:,} more"] if len(self.looks) > _NAMED else []
        return f"{', '.join([*named, *more]) or 'nothing'} selected"

    def find(self, look_id: object) -> Look | None:
        """Return a selected look, or one that was deselected lately."""
        return next((look for look in (*self.looks, *self._deselected) if look.id == look_id), None)

    def toggled(self, look: Look) -> Looks:
        """Return the selection after a click on a look.

        Raises
        ------
        ValueError
            When 120 looks are selected.
        """
        others = Looks(other for other in self.looks if other.id != look.id)
        if len(others) < len(self.looks):
            self._deselected = (look, *self._deselected)[:_KEPT]
            return others
        if not self.multiple:
            return Looks((look,))
        if len(others) == MOST_SELECTED:
            raise ValueError(f"{MOST_SELECTED} looks are selected. A picker holds no more.")
        return Looks((*others, look))

    def cleared(self) -> Looks:
        """Return an empty selection, and remember the current one for `restored`."""
        self._cleared = self.looks or self._cleared
        return Looks()

    def restored(self) -> Looks:
        """Return the selection from before `cleared`, if nothing is selected now."""
        return self.looks or self._cleared[: None if self.multiple else 1]
