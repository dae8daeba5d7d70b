"""Texts from outside, bounded and made harmless for where they are shown."""

from __future__ import annotations

import re

from . import _reading as read

__all__ = ["LONGEST_TEXT", "clip", "fits", "is_sendable", "literal"]

LONGEST_TEXT = 200
"""Characters of a name, a search, an id or a value of a filter."""

# They would show nothing, break the line, or turn what is next to them round.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")


def clip(value: object) -> str:
    """Give a text of at most 200 characters that shows on one line and leaves its surroundings as they are."""
    text = value if isinstance(value, str) else ""
    text = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub("", _BREAKS.sub(" ", read.text(text) or ""))


def fits(value: object, longest: int = LONGEST_TEXT) -> bool:
    """Whether something is a text that a message can carry there and back as it is."""
    return isinstance(value, str) and len(value) <= longest and read.text(value) == value


def is_sendable(text: str) -> bool:
    """Tell whether a string is free of lone surrogates, which UTF-8 has no bytes for."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def literal(text: str) -> str:
    """Give the Python literal of a text, in the quotes that a formatter would choose; all of it can be printed."""
    if text.count('"') > text.count("'"):
        # What precedes the text settles which quotes `repr` takes.
        return "'" + repr('"' + text)[2:]
    return '"' + '\\"'.join(repr("'" + part)[2:-1] for part in text.split('"')) + '"'
