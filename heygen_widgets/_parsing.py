"""Parse values from outside: any type in, a clean value out, and an error if a required field is not a string."""

from __future__ import annotations

import re
import sys
from collections.abc import Container
from typing import Any

from .errors import APIResponseError

_UNSAFE_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_GENDERS = {"female": "female", "woman": "female", "f": "female", "male": "male", "man": "male", "m": "male"}
_LARGEST_INT = 2**53  # JavaScript and float64 columns cannot represent larger integers exactly


def json_object(record: object, kind: str) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise APIResponseError(f"{_sent(kind)} that is no JSON object but {_type_name(record)}.")
    return record


def required(record: dict[str, Any], name: str, kind: str) -> str:
    value = text(record.get(name))
    if value is None or (not value and name.endswith("id")):
        got = "empty" if value == "" else _type_name(record[name]) if name in record else "nothing"
        raise APIResponseError(f"{_sent(kind)} whose {name!r} should be a string and is {got}.")
    return value


def _sent(kind: str) -> str:
    return f"The service sent {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _type_name(value: object) -> str:
    return "null" if value is None else f"of type {type(value).__name__}"


def text(value: object) -> str | None:
    if type(value) is str and value.isascii() and "\0" not in value:
        return value
    # `str()` converts subclasses such as numpy's strings, which `sys.intern` refuses.
    return _UNSAFE_TEXT.sub("\N{REPLACEMENT CHARACTER}", str(value)) if isinstance(value, str) else None


def label(value: object) -> str | None:
    clean = text(value)
    return None if clean is None else sys.intern(clean)


def labels(value: object) -> tuple[str, ...]:
    items = value[:1_000] if isinstance(value, (list, tuple)) else ()
    return tuple([sys.intern(clean) for item in items if (clean := text(item)) is not None])


def integer(value: object, smallest: int, largest: int = _LARGEST_INT) -> int | None:
    return value if type(value) is int and smallest <= value <= largest else None  # `type() is int` excludes bool


def gender(value: object) -> str | None:
    return _GENDERS.get(value.strip().lower()) if isinstance(value, str) else None


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
