"""What the views of a picker show and may send (cards, code, options, bounds), and checks of its arguments.

The code contains no key. Text from the service cannot leave its place: it is a printable literal, or on a comment line.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from traitlets import Instance, TraitError

from .._display import TITLES, clip, fits, image, literal, name_of, page, reason, title, title_of_character
from .._parsing import integer, meant_parameter, unknown_keyword
from ..api.validation import checked_id
from ..catalogue.store import Character
from ..filters import FilterFields, LookFilter, as_filter, fold
from ..models import MOST_SELECTED, AvatarGroup, Look, Looks, Voice, checked_records
from ..videos import VideoOptions

LARGEST_WINDOW = MOST_SELECTED  # cards per message, so that one holds the whole selection
FIRST_WINDOW = 24  # cards of the first message, about one screen
MOST_COMPARED = 4  # looks side by side
NO_SOURCE = "A text is no source of looks. Use api_key=… or, for a file, LookCatalogue.open(path) or pd.read_csv(path)."
LAYOUT = {"flex": "1 1 auto", "width": "auto", "min_width": "0"}  # else an `HBox` makes a picker 87 px wide
HEIGHTS: dict[str, Any] = {"min": 240, "max": 1200}  # of the grid, in px
TILES = ("s", "m", "l")  # small, medium, large
SHORT_FIELDS = ("avatar_type", "gender", "orientation", "engine", "ownership")  # with few values, all of them offered

_FIELDS = FilterFields.__annotations__.keys()
_LARGEST_LIST = 50  # options per message and field
_LARGEST_FILTER = 1_000  # values per field
_KEY_SOURCE = "the key comes from HEYGEN_API_KEY or the login of HeyGen's own client"
_OPTIONS = {  # those that differ between looks and engines
    "expressiveness": "Expressiveness",
    "motion_prompt": "Motion prompt",
    "reference_look_id": "Reference look",
    "resolution 4k": "4k",
    "remove_background": "Background removed",
    "output_format webm": "WebM",
}


def card(look: Look) -> dict[str, Any]:
    """Return the card of a look. The id is None when it is too long to be selected by."""
    return {
        "id": look.id if fits(look.id) else None,
        "name": name_of(look.id, look.name),
        "type": title("avatar_type", look.avatar_type),
        "image": image(look),
        "video": page(look.preview_video_url),
        "state": None if look.is_ready else title("status", look.status or ""),
        "failed": look.status == "failed",
        "reason": None if look.is_ready else reason(look.error),
        "width": look.image_width,
        "height": look.image_height,
        "shape": look.orientation,
    }


def _card_of(character: Character) -> dict[str, Any]:  # without the signature of a URL, new in each response
    return {**(shown := character_card(character)), "image": (shown["image"] or "").partition("?")[0]}


class Characters(tuple[Character, ...]):
    """The characters whose cards are shown. One of them may stand for all looks without a character."""

    def extends(self, other: object) -> bool:
        """Whether the cards of another list come first in this one, unchanged, so that positions stay valid."""
        return isinstance(other, Characters) and [*map(_card_of, other)] == [*map(_card_of, self[: len(other)])]


def character_card(character: Character) -> dict[str, Any]:
    pictured, number = pictured_of(character), character.expected
    return {
        "id": character.id if fits(character.id) else None,
        "name": title_of_character(character.id, character.name),
        "type": f"{number:,} look{'' if number == 1 else 's'}" if number else "looks not loaded yet",
        "image": image(pictured) if pictured else None,
        "character": True,
    }


def pictured_of(character: Character) -> Look | AvatarGroup | None:
    return next((record for record in (character.group, character.example) if record and image(record)), None)


def details(look: Look, number: int) -> dict[str, Any]:
    """Return what the panel shows of a look, whose character has a `number` of looks: card, facts and video options."""
    shown = card(look)
    character = title_of_character(look.group_id, look.group_name or "") if look.group_id else ""
    has_size = look.image_width is not None and look.image_height is not None
    facts = [
        ("character", "Character", character),
        ("avatar_type", "Type", title("avatar_type", look.avatar_type)),
        ("gender", "Gender", _title("gender", look.gender)),
        ("size", "Size", f"{look.image_width:,} × {look.image_height:,} px" if has_size else ""),
        ("orientation", "Orientation", _title("orientation", look.orientation)),
        ("engines", "Engines", _titles("engine", look.supported_api_engines)),
        ("tags", "Tags", _titles("tag", look.tags)),
        ("ownership", "Ownership", _title("ownership", look.ownership)),
        ("status", "Status", ": ".join(filter(None, (shown["state"] or "Ready to use", shown["reason"])))),
        ("voice", "Default voice", clip(look.default_voice_id)),
        ("id", "Id", look.id),
    ]
    return {
        **shown,
        "group_id": look.group_id or None,
        "number": number,
        "voice_id": look.default_voice_id or None,
        "facts": [{"name": name, "label": label, "text": text} for name, label, text in facts],
        "options": _options(look),
    }


def _title(field: str, value: str | None) -> str:
    return title(field, value) if value else ""


def _titles(field: str, values: tuple[str, ...]) -> str:
    return ", ".join(title(field, value) for value in values)


def _options(look: Look) -> dict[str, Any]:
    """Return a table of video options with a column for each engine of the look, and notes on all but a plain "yes"."""
    engines = [engine for engine in dict.fromkeys(look.engines) if engine in TITLES["engine"]]
    columns = [look.video_options(engine) for engine in engines] or [look.video_options()]
    heads = [title("engine", column.engine) for column in columns]
    rows = [{"label": label, "cells": [column[name].word for column in columns]} for name, label in _OPTIONS.items()]
    is_conditional = any(option.is_conditional for column in columns for option in column.values())
    notes = ["*: it depends on something that the look's record does not show."] if is_conditional else []
    for head, column in zip(heads, columns, strict=True):
        notes += _notes(head, [column], "engine")
    for name, label in _OPTIONS.items():
        notes += _notes(label, columns, name)
    return {"engines": heads, "rows": rows, "notes": notes}


def _notes(label: str, columns: Sequence[VideoOptions], name: str) -> list[str]:
    """Explain the cells of a row that are not a plain "yes": one note for all engines with the same reason."""
    engines: dict[str, list[str]] = {}
    for column in columns:
        option, engine = column[name], title("engine", column.engine)
        if option.state != "allowed" or option.is_conditional:
            why = option.why.removesuffix(f" with {engine}")
            engines.setdefault(why, []).extend([engine] if why != option.why else [])
    return [f"{label}: {why}{' with ' if names else ''}{' and '.join(names)}." for why, names in engines.items()]


def voice_of(voice: Voice) -> dict[str, Any]:
    """Return what the panel shows of a voice: ``text``, and ``audio``, the URL of a sample or None."""
    spoken = ", ".join(filter(None, [clip(voice.language).strip(), _title("gender", voice.gender)]))
    name = clip(voice.name).strip() or clip(voice.voice_id)
    return {"text": f"{name} ({spoken})" if spoken else name, "audio": page(voice.preview_audio_url)}


def python_code(looks: Sequence[Look], wanted: LookFilter, client: str, multiple: bool, view: str = "looks") -> str:
    """Return Python that makes a picker with the same selection, filter and view, with the code of a `client`."""
    selected = list(filter(_is_requestable, looks))
    lines = _client_lines(client, "LookPicker")
    if left_out := len(looks) - len(selected):
        lines.append(f"# Left out: {left_out:,} selected looks")
    if len(selected) == 1:
        lines.append(_commented(f"look = client.get_look({literal(selected[0].id)})", selected[0].name))
    elif selected:
        ids = [_commented(f"    {literal(look.id)},", look.name) for look in selected]
        lines += ["look_ids = (", *ids, ")", "looks = [client.get_look(look_id) for look_id in look_ids]"]
    filtered = repr(wanted).removeprefix("LookFilter(").removesuffix(")")
    shown = 'view="characters"' if view == "characters" else ""
    chosen = "" if not selected else "selected_id=look.id" if len(selected) == 1 else "values=looks"
    arguments = ["client", "multiple=True" if multiple else "", filtered, shown, chosen]
    picker = f"picker = LookPicker({', '.join(filter(None, arguments))})"
    return "\n".join([*lines, picker, "picker", ""])  # a cell displays the value of its last line


def video_code(look: Look, client_code: str) -> str | None:
    """Return Python that checks a video request, starts the video and shows it; None for a look that is not usable."""
    if not look.is_ready or not _is_requestable(look):
        return None
    engine = f", engine={literal(look.default_engine)}" if look.default_engine in look.engines else ""
    request = f'VideoRequest(avatar_id={literal(look.id)}, script="Hello! This is a first try."{engine})'
    line = _commented(f"request = {request}", look.name)
    start = "job = client.start_video(request)  # checks the request and sends it: this costs credits"
    return "\n".join([*_client_lines(client_code, "VideoRequest"), line, start, "job", ""])


def _client_lines(client_code: str, name: str) -> list[str]:
    maker = client_code.partition("(")[0]
    client = _commented(f"client = {client_code}", _KEY_SOURCE if maker == "HeyGenClient" else "")
    return [f"from heygen_widgets import {', '.join(sorted([maker, name]))}", "", client]


def _is_requestable(look: Look) -> bool:
    try:
        return bool(checked_id("look_id", look.id))
    except ValueError:
        return False


def _commented(line: str, comment: str) -> str:
    comment = clip(comment).strip()
    return f"{line}  # {comment}" if comment else line


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
    try:
        looks = Looks(checked_records(cast("Sequence[Look]", given), Look))
    except (TypeError, ValueError) as problem:
        raise TraitError(f"values takes looks or their ids: {problem}") from None
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
    """Return the options of a dropdown with few values: those that fit a message, in an order that filters keep."""
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
        known = vars(picker)["__init__"].__kwdefaults__
        raise unknown_keyword("LookPicker", name, ["source", *known, *_FIELDS])


def _is_value(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= _LARGEST_FILTER and all(map(fits, value))
    return value is None or isinstance(value, bool) or fits(value)


FRONTEND_TRAITS: dict[str, Callable[[object], bool]] = {  # besides `filter`, each with a check of the value
    "view": lambda value: value in ("looks", "characters"),
    "selected_id": fits,
    "error": lambda value: fits(value, longest=2_000),
    "multiple": lambda value: isinstance(value, bool),
    "height": lambda value: value is None or integer(value, *HEIGHTS.values()) is not None,
    "tile": lambda value: value in TILES,
    "_view_count": lambda value: integer(value, 0, 1_000) is not None,
}
