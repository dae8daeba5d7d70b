"""The choice made in a grid: one look or several, as traits that follow each other."""

from __future__ import annotations

from typing import Any

import traitlets

from ..errors import HeyGenError, NotFoundError
from ..models import Look, Looks
from .following import FollowingGrid
from .options import LARGEST_WINDOW

__all__ = ["LookChoice"]

_MOST_CHOSEN = LARGEST_WINDOW
_KEPT = 12  # looks that can be chosen again though they are not loaded


class LookChoice(FollowingGrid):
    """A grid in which looks are chosen.

    Parameters
    ----------
    *arguments, **traits
        As for `FollowingGrid`.
    """

    value = traitlets.Instance(
        Look, allow_none=True, help="The chosen look, or None; with several, the first. Look or None, default None."
    )
    values = traitlets.Tuple(
        default_value=Looks(), help="All chosen looks in the order chosen, at most 120. Looks, default ()."
    )
    selected_id = traitlets.Unicode("", help='The id of `value`, or "". Str, default "".').tag(sync=True)
    multiple = traitlets.Bool(False, help="Whether several can be chosen. Bool, default False.").tag(sync=True)
    selected_ids = traitlets.List(traitlets.Unicode(), read_only=True, help="For the view: ids of `values`.").tag(
        sync=True
    )

    def __init__(self, *arguments: Any, **traits: Any) -> None:  # noqa: ANN401 - each trait has its own
        self._taken_back: tuple[Look, ...] = ()  # by clicks, the last first: they may not be among those loaded
        self._cleared: tuple[Look, ...] = ()  # all at once, last
        self._wanted_id = ""  # to be chosen once the service can be asked for it
        super().__init__(*arguments, **traits)

    @traitlets.validate("values")
    def _check_values(self, proposal: dict[str, Any]) -> Looks:
        looks = Looks({look.id: look for look in proposal["value"] if isinstance(look, Look)}.values())
        if len(looks) != len(proposal["value"]):
            raise traitlets.TraitError(f"values must hold different Look records, not {proposal['value']!r}")
        if len(looks) > 1 and not self.multiple:
            raise traitlets.TraitError(f"{len(looks)} values need a LookPicker(…, multiple=True)")
        if len(looks) > _MOST_CHOSEN:
            raise traitlets.TraitError(
                f"A picker holds at most {_MOST_CHOSEN} chosen looks, not {len(looks):,}; for more take a filter, as "
                "in picker.catalogue.select(picker.filter)"
            )
        return looks

    @traitlets.observe("multiple")
    def _multiple_changed(self, change: dict[str, Any]) -> None:
        if not change["new"]:
            self.values = self.values[:1]

    @traitlets.observe("value")
    def _value_changed(self, change: dict[str, Any]) -> None:
        if self.values[:1] != ((change["new"],) if change["new"] else ()):
            self.values = (change["new"],) if change["new"] else ()

    @traitlets.observe("values")
    def _values_changed(self, change: dict[str, Any]) -> None:
        if self._notice and self.error == self._notice:
            self.error = ""
        self._notice = self._wanted_id = ""
        first = change["new"][0] if change["new"] else None
        self.set_trait("selected_ids", [look.id for look in change["new"]])
        self.selected_id = first.id if first else ""
        self.value = first

    @traitlets.observe("selected_id")
    def _selected_id_changed(self, change: dict[str, Any]) -> None:
        look_id = change["new"]
        if look_id == (self.values[0].id if self.values else ""):
            return
        problem: HeyGenError | ValueError | None = None
        look = None
        try:
            # Others need not wait for the service.
            with self._guard.released():
                look = self._get(look_id) if look_id else None
        except (HeyGenError, ValueError) as error:
            problem = error
        if self.selected_id != look_id:
            return  # another was chosen meanwhile
        if problem:
            self._tell(str(problem))
            self._wanted_id = "" if isinstance(problem, NotFoundError) else look_id
            self.selected_id = self.values[0].id if self.values else ""
        else:
            self.values = (look,) if look else ()

    def _takes(self, name: str, value: object) -> bool:
        if not super()._takes(name, value):
            return False
        if name != "selected_id" or not value or value == self.selected_id or self._knows(value) or self._may_ask(1):
            return True
        self._tell(f"There is no look {value!r} among those loaded.")
        return False

    def _tell(self, notice: str) -> None:
        self._notice = self.error = notice

    def _knows(self, look_id: object) -> bool:
        """Whether no service is asked for a look."""
        catalogue = self._catalogue
        return catalogue is not None and (catalogue.client is None or catalogue.get(str(look_id)) is not None)

    def _get(self, look_id: str) -> Look:
        self.catalogue.wait_for_snapshot()
        look, client = self.catalogue.get(look_id), self.catalogue.client
        if look is not None:
            return look
        if client is None:
            raise HeyGenError(f"There is no look {look_id!r} among these {len(self.catalogue):,}.")
        return client.get_look(look_id)

    # -- what the view asks -------------------------------------------------------------------------------------------

    def vue_choose(self, look_id: object) -> None:
        """Choose the look that was clicked; take it back when it is chosen already."""
        with self._guard:
            others = tuple(look for look in self.values if look.id != look_id)
            if len(others) < len(self.values):
                self._taken_back = (*(look for look in self.values if look.id == look_id), *self._taken_back)[:_KEPT]
                self.values = others
                return
            look = self._catalogue.get(look_id) if self._catalogue is not None and isinstance(look_id, str) else None
            look = look or next((one for one in self._taken_back if one.id == look_id), None)
            if look is None:
                return
            if self.multiple and len(self.values) == _MOST_CHOSEN:
                self._tell(f"{_MOST_CHOSEN} looks are chosen, and that is as many as a picker holds.")
                return
            self.values = (*self.values, look) if self.multiple else (look,)

    def vue_clear_choice(self, _: object = None) -> None:
        """Take all that is chosen back."""
        with self._guard:
            self._cleared = self.values or self._cleared
            self.values = ()

    def vue_restore_choice(self, _: object = None) -> None:
        """Choose again what was taken back all at once, where nothing else is chosen meanwhile."""
        with self._guard:
            if not self.values:
                self.values = self._cleared[: None if self.multiple else 1]

    def vue_retry(self, _: object = None) -> None:
        """Go on where an error ended the loading, and choose what could not be asked for then."""
        with self._guard:
            super().vue_retry()
            if self._wanted_id and self._may_ask(1):
                self.selected_id = self._wanted_id
