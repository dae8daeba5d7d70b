"""The selection of a picker besides its traits: looks that may not be loaded, and what to come back to; no widget."""

from collections.abc import Callable, Iterable, Mapping

from .._parsing import id_of, plain
from ..catalogue import LookCatalogue
from ..errors import HeyGenError, NotFoundError
from ..models import AvatarGroup, Look
from .grid import GridModel
from .views import LARGEST_WINDOW


class Shortlist:
    """Finds looks by their ids, and remembers selections."""

    def __init__(self, model: GridModel) -> None:
        self._model = model
        self._recent: tuple[Look, ...] = ()  # deselected or fetched lately, and perhaps not loaded; the last one first
        self._cleared: tuple[Look, ...] = ()  # the selection before it was cleared
        self.selected: tuple[Look, ...] = ()
        self.wanted: tuple[object, ...] = ()  # looks and ids, to be selected when the service can be reached

    def find(self, look_id: object) -> Look | None:
        """Return a look that is loaded, selected, or was deselected or fetched lately."""
        others = (look for look in (*self.selected, *self._recent) if look.id == look_id)
        return self._model.look(look_id) or next(others, None)

    def known(self, wanted: Iterable[object]) -> list[Look]:
        """Return the looks among looks and ids, without unknown ids."""
        found = (one if isinstance(one, Look) else self.find(one) for one in wanted)
        return [look for look in found if look]

    def pictured(self, card_ids: object) -> dict[str, Look | AvatarGroup]:
        """Return the records whose pictures the first of some cards show, by the ids that a view sent."""
        ids = [i for i in card_ids[:LARGEST_WINDOW] if isinstance(i, str)] if isinstance(card_ids, list) else []
        return {i: record for i in ids if (record := self._model.pictured(i) or self.find(i))}

    def toggled(self, asked: object, multiple: bool) -> tuple[Look, ...]:
        """Return the looks to select after a click, perhaps too many. An invalid event changes nothing."""
        wanted = asked if isinstance(asked, dict) else {}
        look, selected = self.find(wanted.get("id")), wanted.get("selected")
        others = tuple(other for other in self.selected if other.id != wanted.get("id"))
        if look is None or selected is not (len(others) == len(self.selected)):
            return self.selected
        if selected:
            return (*(others if multiple else ()), look)
        self._remember(look)
        if not others:
            self.clear()
        return others

    def ranged(self, asked: object, multiple: bool) -> tuple[Look, ...]:
        """Return the same after a click for a range of cards. The ids in ``kept`` stay, or all: a range can shrink."""
        wanted = asked if isinstance(asked, dict) else {}
        last, version = wanted.get("to"), wanted.get("version")
        looks = self._model.between(wanted.get("from") if multiple else last, last, version)
        if not looks:
            return self.selected
        kept = wanted.get("kept")
        others = [look for look in self.selected if multiple and (not isinstance(kept, list) or look.id in kept)]
        return tuple({look.id: look for look in (*others, *looks)}.values())

    def ordered(self, ids: object) -> tuple[Look, ...]:
        """Return the selection in the order of the ids that a view sent, or unchanged if these are not its ids."""
        by_id = {look.id: look for look in self.selected}
        wanted = [i for i in ids if isinstance(i, str)] if isinstance(ids, list) else []
        return tuple(by_id[i] for i in wanted) if sorted(wanted) == sorted(by_id) else self.selected

    def clear(self) -> None:
        self._cleared = self.selected or self._cleared

    def cleared(self, multiple: bool) -> tuple[Look, ...]:
        return self.selected or self._cleared[: None if multiple else 1]

    def assigned(self, trait: str, value: object, catalogue: Callable[[], LookCatalogue]) -> object:
        """Return the looks, look or id that ``values``, ``value`` or ``selected_id`` becomes, and fetch missing looks.

        No lock may be held. A `HeyGenError` or `ValueError` if one cannot be fetched; all are `wanted` if it may exist.
        """
        before, given = self.selected, _listed(value)
        try:
            looks = [self._fetched(one, catalogue) if isinstance(one, str) else one for one in given]
        except (HeyGenError, ValueError) as error:
            if self.selected is before:  # else something was selected meanwhile
                self.wanted = () if isinstance(error, NotFoundError) else given
            raise
        if trait == "values":
            return tuple(looks)
        if len(looks) != 1:
            return value if looks else "" if trait == "selected_id" else None
        return looks[0].id if trait == "selected_id" and isinstance(looks[0], Look) else looks[0]

    def _fetched(self, look_id: str, catalogue: Callable[[], LookCatalogue]) -> Look:
        look = self.find(look_id)
        if look is None:
            catalogue().wait_for_snapshot()
            look = self.find(look_id) or self._model.fetch(look_id)
            self._remember(look)
        return look

    def _remember(self, look: Look) -> None:
        self._recent = (look, *self._recent)[:12]


def first_selection(selected_id: object, values: object) -> tuple[object, ...]:
    one, several = _listed(selected_id), _listed(values)
    if one and several:
        raise ValueError(f"selected_id {selected_id!r} and values both select looks: give one of them")
    return one or several


def _listed(wanted: object) -> tuple[object, ...]:
    """Return looks and ids, one or several or those of a table or a row, as a tuple without missing values."""
    one_or_more = wanted if isinstance(wanted, Look) else id_of("look_id", wanted)
    is_one = isinstance(one_or_more, (str, Look, Mapping)) or hasattr(one_or_more, "columns")
    if is_one or not isinstance(one_or_more, Iterable):
        one_or_more = (one_or_more,)
    return tuple(one for one in map(plain, one_or_more) if one is not None and (not isinstance(one, str) or one))
