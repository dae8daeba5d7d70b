"""What the dropdowns offer and what the front end may set, as plain values: no widget and no catalogue in here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from traitlets import Instance, TraitError

from .._display import TITLES, clip, fits, title
from .._parsing import integer, meant_parameter
from ..filters import FilterFields, LookFilter, as_filter, fold
from ..models import MOST_SELECTED, Look, Looks, checked_records

LARGEST_WINDOW = MOST_SELECTED  # cards per message, so that one holds the whole selection
FIRST_WINDOW = 24  # cards of the first message, about one screen
MOST_COMPARED = 4  # looks side by side
NO_SOURCE = (
    "A text is no source of looks. Give a key as api_key=…, a snapshot as LookCatalogue.open(path), and another file "
    "as a table, such as pd.read_csv(path)."
)

LAYOUT = {"flex": "1 1 auto", "width": "auto", "min_width": "0"}  # else an `HBox` makes a picker 87 px wide
HEIGHTS: dict[str, Any] = {"min": 240, "max": 1200}  # of the grid, in px
TILES = ("s", "m", "l")  # small, medium, large
# The fields with few values. Their dropdowns offer all of them.
SHORT_FIELDS = ("avatar_type", "gender", "orientation", "engine", "ownership")

_FIELDS = FilterFields.__annotations__.keys()
_LARGEST_LIST = 50  # options per message and field
_LARGEST_FILTER = 1_000  # values per field


class FilterTrait(Instance[LookFilter]):
    """A synced `LookFilter`, which takes all that `as_filter` takes. The front end's values have passed `_allows`."""

    def __init__(self, help: str) -> None:
        super().__init__(LookFilter, (), help=help)
        self.tag(sync=True, to_json=lambda wanted, _: wanted.to_json())
        self.tag(from_json=lambda sent, _: changed_filter(LookFilter(), sent))

    def validate(self, obj: Any, value: Any) -> LookFilter | None:  # noqa: ANN401 - as in traitlets
        return super().validate(obj, as_filter(value))


def selectable(looks: Sequence[Look]) -> tuple[Sequence[Look], str]:
    """Return the first looks, as many as can be selected, and what to say about the others."""
    most, more = MOST_SELECTED, "Export takes all matches, and picker.catalogue.select(picker.filter) returns them."
    problem = f"{most} of {len(looks):,} looks are selected: a picker holds at most {most}. {more}"
    return looks[:most], problem if len(looks) > most else ""


def checked_selection(given: Sequence[object] | Look | None, multiple: bool) -> Looks | Look | None:
    """Return the looks, or the one, to be selected, or raise `TraitError`."""
    if given is None or isinstance(given, Look):
        checked_selection((given,) if given else (), True)
        return given
    if wrong := [type(one).__name__ for one in given if not isinstance(one, Look)]:
        raise TraitError(f"values must hold looks or their ids, not a {wrong[0]}")
    try:
        looks = Looks(checked_records([one for one in given if isinstance(one, Look)], Look))
    except ValueError as problem:
        raise TraitError(str(problem)) from None
    if len({look.id for look in looks}) != len(looks):
        raise TraitError(f"values must hold different looks, not {looks!r}")
    if len(looks) > 1 and not multiple:
        raise TraitError(f"{len(looks)} values need LookPicker(…, multiple=True)")
    if len(looks) > MOST_SELECTED:
        limit = f"A picker holds at most {MOST_SELECTED} selected looks, not {len(looks):,}. For more, use a filter:"
        raise TraitError(f"{limit} picker.catalogue.select(picker.filter)")
    return looks


def short_options(
    field: str, values: Iterable[str], counts: Mapping[str, int], selected: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the options of a dropdown with few values, in an order that does not depend on the filter.

    `values` are all loaded values, and `counts` the looks by value. Values too long for a message are left out.
    """
    known = list(TITLES.get(field, {}))
    offered = {*filter(fits, values), *selected}
    ordered = sorted(offered, key=lambda v: (not v, known.index(v) if v in known else len(known), v))
    if not any(ordered):
        return []
    kept = [*ordered[:_LARGEST_LIST], *(value for value in ordered[_LARGEST_LIST:] if value in selected)]
    return [{"value": v, "title": title(field, v), "count": counts.get(v, 0)} for v in kept]


def found_options(titles: Mapping[str, str], counts: Mapping[str, int], query: object) -> dict[str, Any]:
    """Return the first 50 options with all words of a query, those that match looks first, and how many ``more``."""
    words = fold(clip(query)).split()
    folded = {value: fold(text) for value, text in titles.items() if fits(value)}
    found = [value for value, text in folded.items() if all(word in text for word in words)]
    found.sort(key=lambda value: (not value, not counts.get(value), folded[value], value))
    items = [{"value": v, "title": titles[v], "count": counts.get(v, 0)} for v in found[:_LARGEST_LIST]]
    return {"items": items, "more": len(found) - len(items)}


def bounded(value: object, low: int, high: int) -> int:
    """Return a number from the front end within bounds; `low` for anything but an integer."""
    return min(max(value, low), high) if isinstance(value, int) else low


def changed_filter(wanted: LookFilter, changes: object) -> LookFilter | None:
    """Return a filter with changes from the front end, or None when they are invalid."""
    if not isinstance(changes, dict) or not all(map(_is_value, changes.values())):
        return None
    try:
        return wanted.replace(**{name: None if value == [] else value for name, value in changes.items()})  # cleared
    except (TypeError, ValueError):
        return None


def meant_assignment(name: str, traits: Iterable[str]) -> str:
    """Return the assignment to a trait that one to an unknown attribute of a picker means, or ``""``."""
    meant = meant_parameter(name, [*traits, *_FIELDS])
    return f"picker.filter = LookFilter({meant}=…)" if meant in _FIELDS else meant and f"picker.{meant} = …"


def refuse_unknown(given: FilterFields, picker: type) -> None:
    """Raise a `TypeError` for keywords that are no fields of a filter, and empty them: one may be a key."""
    for name in given.keys() - _FIELDS:
        cast("dict[str, object]", given).clear()
        known = picker.__init__.__kwdefaults__  # type: ignore[misc]  # of the class
        meant = meant_parameter(name, [*known, *_FIELDS])
        raise TypeError(f"LookPicker has no parameter {name!r}" + (f": did you mean {meant}=…?" if meant else ""))


def _is_value(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= _LARGEST_FILTER and all(map(fits, value))
    return value is None or isinstance(value, bool) or fits(value)


FRONTEND_TRAITS: dict[str, Callable[[object], bool]] = {
    "view": lambda value: value in ("looks", "characters"),
    "selected_id": fits,
    "error": lambda value: fits(value, longest=2_000),
    "multiple": lambda value: isinstance(value, bool),
    "height": lambda value: value is None or integer(value, *HEIGHTS.values()) is not None,
    "tile": lambda value: value in TILES,
    "_view_count": lambda value: integer(value, 0, 1_000) is not None,
}
"""The traits that the front end may set besides `filter`, each with a check of the value."""
