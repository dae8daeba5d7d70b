"""Parse values from outside: any type in, a clean value out, and an error if a required field is not a string."""

import json
import re
import sys
import warnings
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import MISSING, fields
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from ._display import TITLES
from ._progress import NOTES
from .errors import APIResponseError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Parser = Callable[[object], Any]

_UNSAFE_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_GENDERS = {"female": "female", "woman": "female", "f": "female", "male": "male", "man": "male", "m": "male"}
_LARGEST_INT = 2**53  # JavaScript and float64 columns cannot represent larger integers exactly


def plain(value: object) -> Any:  # noqa: ANN401 - as `value`
    """Return Python's own value of a NumPy scalar, and None for NA, NaN and NaT: what tables have for no value."""
    library = type(value).__module__.partition(".")[0]
    if library == "pandas" and type(value).__name__ in ("NAType", "NaTType"):
        return None
    if library == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()  # type: ignore[attr-defined]  # of numpy.generic and of an array without dimensions
    if isinstance(value, str):
        return str.__str__(value)  # `str()` of an enumeration is its name
    return None if isinstance(value, float) and value != value else value


def json_object(sent: object, kind: str) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise APIResponseError(f"The service sent an invalid {kind}: it is no JSON object but {_type_name(sent)}.")
    return sent


@cache
def parsers_of(record: Any) -> dict[str, Parser]:  # noqa: ANN401 - a class of records
    """Return a parser for each field that the service sends, from its metadata or by its name, in their order."""
    sent = [f for f in fields(record) if f.name not in ("ownership", "extra", "group_name")]
    return {f.name: f.metadata.get("parse") or _PARSERS.get(f.name, text) for f in sent}


@cache
def required(record: Any) -> tuple[str, ...]:  # noqa: ANN401 - a class of records
    """Return the fields without a default value; the first one is the id."""
    return tuple(f.name for f in fields(record) if f.default is MISSING and f.default_factory is MISSING)


def parse(make: Callable[..., T], sent: object, *more: object) -> T:
    """Parse one record of a response, else `APIResponseError`. Its id is the first field; `more` is before `extra`."""
    record, parsers = json_object(sent, make.__name__), parsers_of(make)
    get = record.get
    values = [parse_field(get(name)) for name, parse_field in parsers.items()]
    needed = required(make)
    if not values[0] or None in values[: len(needed)]:
        name = needed[values.index(None) if values[0] else 0]
        got = "empty" if get(name) == "" else _type_name(get(name))
        raise APIResponseError(f"The service sent an invalid {make.__name__}: its {name!r} is no text but {got}.")
    return make(*values, *more, unknown_fields(record, parsers))


def short(value: object) -> str:
    """Return the first 60 characters of the `repr` of a value."""
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def repr_of(*names: str) -> Callable[[object], str]:
    """Return a `__repr__` that shows those of these fields that are not None."""

    def show(record: object) -> str:
        given = {name: value for name in names if (value := getattr(record, name)) is not None}
        return f"{type(record).__name__}({', '.join(f'{name}={short(value)}' for name, value in given.items())})"

    return show


def _type_name(value: object) -> str:
    return "nothing" if value is None else f"of type {type(value).__name__}"


def text(value: object) -> str | None:
    if type(value) is str and value.isascii() and "\0" not in value:
        return value
    # `str()` converts subclasses such as numpy's strings, which `sys.intern` refuses.
    return _UNSAFE_TEXT.sub("\N{REPLACEMENT CHARACTER}", str.__str__(value)) if isinstance(value, str) else None


def label(value: object) -> str | None:
    clean = text(value)
    return None if clean is None else sys.intern(clean)


def labels(value: object) -> tuple[str, ...]:
    items = value[:1_000] if isinstance(value, (list, tuple)) else ()
    return tuple([sys.intern(clean) for item in items if (clean := text(item)) is not None])


def integer(value: object, smallest: int, largest: int = _LARGEST_INT) -> int | None:
    return value if type(value) is int and smallest <= value <= largest else None  # `type() is int` excludes bool


def number(value: object, largest: float) -> float | None:
    return value if isinstance(value, (int, float)) and type(value) is not bool and 0 <= value <= largest else None


def key_of(text: str) -> str:
    """Return a label or a name in lower case with underscores: ``Avatar type`` becomes ``avatar_type``."""
    return re.sub(r"[\s_-]+", "_", text.strip().lower())


_OTHER_NAMES = {
    "avatar_type": {"video_avatar": "digital_twin"},
    "gender": _GENDERS,
    "engine": {"avatar_3": "avatar_iii", "avatar_4": "avatar_iv", "avatar_5": "avatar_v"},
    "ownership": {"mine": "private", "my": "private"},
    "orientation": {
        **{"vertical": "portrait", "horizontal": "landscape"},
        **{"9:16": "portrait", "16:9": "landscape", "1:1": "square"},
    },
}
_KNOWN = {
    field: {key_of(text): value for value, title in titles.items() for text in (value, title)}
    | {"none": "", "not_specified": ""}
    | _OTHER_NAMES.get(field, {})
    for field, titles in TITLES.items()
}


def known_value(field: str, value: object) -> Any:  # noqa: ANN401 - as `value`
    """Return the service's value for a label, such as ``avatar_iv`` for ``Avatar IV``; all else as `plain` does."""
    value = plain(value)
    return _KNOWN.get(field, {}).get(key_of(value), value) if isinstance(value, str) else value


# The kinds of records by the names of their classes, since importing them takes time.
_RECORDS = {"Look": "look", "AvatarGroup": "group", "Character": "group", "Voice": "voice", "Video": "video"}
_RECORDS |= {"VideoJob": "video", "VideoAgentSession": "session", "VideoAgentStyle": "style", "BrandKit": "brand_kit"}
_RECORDS |= {"Asset": "asset"}
_KINDS = {"avatar_id": "look", "reference_look_id": "look", "audio_asset_id": "asset"}


def id_of(name: str, value: object) -> Any:  # noqa: ANN401 - as `value`
    """Return the id of a record or a row of the kind that the parameter `name` takes; else the same as `plain`."""
    kind = _kind_of(name)
    if kind == "look" and callable(keys := getattr(value, "keys", None)) and "id" in keys():
        return plain(value["id"])  # type: ignore[index]  # of a mapping or a Series
    if _record_of(value) != kind:
        return plain(value)
    return getattr(value, f"{kind}_id" if hasattr(value, f"{kind}_id") else "id")


def hint_for(name: str, value: object) -> str:
    """Say where a record of another kind has the id that the parameter `name` takes, or ``""``."""
    return str(_hints("ids").get(_kind_of(name), {}).get(_record_of(value), ""))


def _hints(section: str) -> dict[str, Any]:
    """Read a section of `hints.json`, which only an error needs."""
    hints: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("hints.json").read_text(encoding="utf-8"))
    return hints[section]


def _kind_of(name: str) -> str:
    return _KINDS.get(name) or name.removesuffix("_id")


def _record_of(value: object) -> str:
    return next((_RECORDS[kind.__name__] for kind in type(value).__mro__ if kind.__name__ in _RECORDS), "")


def did_you_mean(name: str, known: Iterable[str], others: Mapping[str, str] | None = None) -> str:
    """Return the name that is meant, as `others` says or as the most similar one of `known`; ``""`` for none."""
    from difflib import get_close_matches  # slow, and only an error needs it

    meant = {each.lower(): each for each in known} | dict(others or {})
    similar = get_close_matches(name.lower(), meant, 1, 0.65)
    return meant[similar[0]] if similar else ""


def warn(message: str, kind: type[Warning] = UserWarning) -> None:
    """Warn at the line outside of this package that called it."""
    if (notes := NOTES.get()) is not None:
        notes.append(message)
        return
    level = 1
    while sys._getframe(level).f_globals.get("__name__", "").startswith("heygen_widgets."):
        level += 1
    warnings.warn(message, kind, stacklevel=level + 1)


def meant_parameter(name: str, known: Iterable[str]) -> str:
    """Return the parameter among the known ones that a name means, or ``""``."""
    known, hints = [*known], _hints("parameters")
    return did_you_mean(name, known, {other: meant for meant in known for other in hints.get(meant, "").split()})


def unknown_keyword(owner: str, name: str, known: Iterable[str]) -> TypeError:
    """Build the error for a keyword that `owner` does not take."""
    meant = meant_parameter(name, known)
    way_out = f"did you mean {meant}=…?" if meant else f"its parameters are {', '.join(known)}"
    return TypeError(f"{owner} has no parameter {name!r}: {way_out}")


def known_keywords(method: F, error: Callable[[str, str, list[str]], TypeError] = unknown_keyword) -> F:
    """Let a method build the error for a keyword that it does not take."""
    function: Any = method
    known = [*function.__annotations__][:-1]  # the last one is what it returns
    owner = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]

    @wraps(method)
    def call(*values: Any, **given: Any) -> Any:  # noqa: ANN401 - those of the method
        __tracebackhide__ = True
        for name in given.keys() - known:
            raise error(owner, name, known)
        return method(*values, **given)

    return cast("F", call)  # it is called like the method


def unknown_fields(record: dict[str, Any], known: Container[str]) -> dict[str, Any]:
    extra = {text(str(key)) or "": _clean_json(record[key]) for key in record if key not in known}
    served = record.get("gender")
    if isinstance(served, str) and served not in ("female", "male"):
        extra["gender"] = text(served)
    return extra


def _clean_json(value: object, depth: int = 20) -> object:
    """Clean an unknown field. What breaks JSON, JavaScript or (by deep nesting) pickle and copy becomes None."""
    if isinstance(value, (int, float)):
        return value if abs(value) <= (_LARGEST_INT if isinstance(value, int) else sys.float_info.max) else None
    if isinstance(value, (list, tuple)) and depth:
        return [_clean_json(item, depth - 1) for item in value]
    if isinstance(value, dict) and depth:
        return {text(str(key)): _clean_json(item, depth - 1) for key, item in value.items()}
    return text(value)


_LABELS = ("avatar_type", "group_id", "status", "preferred_orientation", "consent_status", "language", "type")
_PARSERS: dict[str, Parser] = {
    **dict.fromkeys(_LABELS, label),
    **dict.fromkeys(("tags", "supported_api_engines", "colors"), labels),
    **dict.fromkeys(("image_width", "image_height"), lambda value: integer(value, 1)),
    **dict.fromkeys(("looks_count", "size_bytes"), lambda value: integer(value, 0)),
    **dict.fromkeys(("created_at", "completed_at"), lambda value: integer(value, 0, 253_402_300_799)),  # to 9999
    **dict.fromkeys(("support_pause", "support_locale"), lambda value: value if isinstance(value, bool) else None),
    "gender": lambda value: _GENDERS.get(value.strip().lower()) if isinstance(value, str) else None,
    "duration": lambda value: number(value, 10**7),
    "progress": lambda value: number(value, 100),
}
