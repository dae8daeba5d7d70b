"""What records look like where people read them: labels, initials, URLs that a page may show, and HTML cards."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import NamedTuple, Protocol

from . import _parsing as read

__all__ = [
    "LONGEST_TEXT",
    "MOST_CARDS",
    "TITLES",
    "Card",
    "cards",
    "clip",
    "echo",
    "fits",
    "image",
    "initials",
    "is_sendable",
    "literal",
    "name_of",
    "page",
    "reason",
    "sound",
    "title",
    "title_of_character",
    "video",
]

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


def echo(value: object) -> str | None:
    """Give back what a view sent to know its answer by; None where that is no short text."""
    return value if isinstance(value, str) and fits(value) else None


def is_sendable(text: str) -> bool:
    """Tell whether a string is free of lone surrogates, which UTF-8 has no bytes for."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def literal(text: str) -> str:
    """Give the Python literal of a text, in the quotes that a formatter would choose; all of it can be printed."""
    if text.count('"') > text.count("'"):
        # What precedes the text settles which quotes `repr` takes.
        return "'" + repr('"' + text)[2:]
    return '"' + '\\"'.join(repr("'" + part)[2:-1] for part in text.split('"')) + '"'


TITLES = {
    "avatar_type": {"photo_avatar": "Photo avatar", "digital_twin": "Digital twin", "studio_avatar": "Studio avatar"},
    "ownership": {"private": "Private", "public": "Public"},
    "gender": {"female": "Female", "male": "Male"},
    "orientation": {"portrait": "Portrait", "landscape": "Landscape", "square": "Square"},
    "engine": {"avatar_v": "Avatar V", "avatar_iv": "Avatar IV", "avatar_iii": "Avatar III"},
    "status": {
        "completed": "Completed",
        "processing": "Processing",
        "pending_consent": "Waiting for consent",
        "failed": "Failed",
    },
    "video_status": {
        "pending": "Waiting for its turn",
        "processing": "Rendering",
        "completed": "Completed",
        "failed": "Failed",
    },
}
"""What the known values of a field are called, in the order in which they are offered."""


def title(field: str, value: str) -> str:
    """Give what a value is called."""
    return TITLES.get(field, {}).get(value, clip(value)).strip() or ("Unnamed" if value else "None")


def title_of_character(group_id: str, name: str) -> str:
    return clip(name).strip() or clip(group_id).strip() or ("Unnamed" if group_id else "No character")


def name_of(look_id: str, name: str) -> str:
    """Give what a look is called."""
    return clip(name).strip() or clip(look_id).strip() or "Unnamed"


def reason(message: str | None, code: str | None) -> str | None:
    """Give why the service could not make something, in its own words; None where it says nothing."""
    return clip(message).strip() or clip(code).strip() or None


def initials(name: str) -> str:
    """Give up to two letters that stand for a name where there is no picture."""
    letters = [word[0].upper() for word in name.split() if word[0].isalnum()]
    return "".join(letters[:1] + letters[1:][-1:])[:2] or "?"


_LONGEST_URL = 100_000  # characters; a signed one has 400, a small picture as a data URL some thousands

# A browser takes white space and control characters out of a URL before it reads the scheme.
_VIDEO = re.compile(r"https?://[^\s/?#\\@:][^\x00-\x1f\x7f]*", re.IGNORECASE)
_PICTURE = re.compile(rf"(?:{_VIDEO.pattern}|data:image/[^\x00-\x1f\x7f]*)", re.IGNORECASE)


class HasPreviews(Protocol):
    """A look or an avatar group."""

    @property
    def preview_image_url(self) -> str | None: ...

    @property
    def preview_video_url(self) -> str | None: ...


def image(record: HasPreviews) -> str | None:
    """Give the URL of the picture that can be shown of a look or group: of http, https or ``data:image/`` alone."""
    return _of(_PICTURE, record.preview_image_url)


def video(record: HasPreviews) -> str | None:
    """Give the URL of the clip that can be shown of a look or group: of http or https alone."""
    return _of(_VIDEO, record.preview_video_url)


def sound(url: str | None) -> str | None:
    """Give the URL of a sound that can be played: of http or https alone."""
    return _of(_VIDEO, url)


def page(url: str | None) -> str | None:
    """Give the URL of something that a browser can fetch or go to: of http or https alone."""
    return _of(_VIDEO, url)


def _of(kind: re.Pattern[str], url: str | None) -> str | None:
    url = (url or "").strip()
    return url if len(url) <= _LONGEST_URL and kind.fullmatch(url) else None


MOST_CARDS = 24

_LONGEST_CARD_URL = 4_000  # characters; a saved notebook keeps them
_LONGEST_IN_ALL = 60_000  # characters of URLs

# Styles stand in each element: a style element would reach beyond these cards, and not every page keeps one.
_LINE = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
_AREA = "display:block;width:100%;height:140px;background:rgba(128,128,128,.15)"


class Card(NamedTuple):
    """What is shown of a look, as it was served, but for the picture: a URL that a page may show, or None."""

    id: str
    name: str
    avatar_type: str
    picture: str | None


def cards(shown: Iterable[Card], more: int = 0) -> str:
    """Give HTML that shows cards side by side.

    Parameters
    ----------
    shown : iterable of Card
        At most `MOST_CARDS`.
    more : int, default 0
        How many others there are, which the last line tells.
    """
    parts = []
    left = _LONGEST_IN_ALL
    for item in shown:
        url = item.picture if item.picture and len(item.picture) <= min(_LONGEST_CARD_URL, left) else None
        left -= len(url or "")
        parts.append(_card(item, url))
    rest = f'<div style="margin:8px 4px">… and {more:,} more</div>' if more else ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px;color:inherit">{"".join(parts)}</div>{rest}'


def _card(item: Card, url: str | None) -> str:
    name = name_of(item.id, item.name)
    picture = (
        f'<img src="{escape(url)}" alt="" loading="lazy" referrerpolicy="no-referrer" '
        f'style="{_AREA};margin:0;object-fit:contain">'
        if url
        else f'<div style="{_AREA};font-size:32px;line-height:140px;text-align:center">{escape(initials(name))}</div>'
    )
    return (
        '<div style="width:160px;border:1px solid rgba(128,128,128,.4);border-radius:6px;overflow:hidden;'
        f'font-size:13px;line-height:1.4">{picture}<div style="padding:6px 8px">'
        f'<div style="{_LINE};font-weight:600" title="{escape(name)}">{escape(name)}</div>'
        f'<div style="{_LINE}">{escape(title("avatar_type", item.avatar_type))}</div>'
        f'<code style="display:block;{_LINE};color:inherit;background:none;padding:0;font-size:11px" '
        f'title="{escape(clip(item.id))}">{escape(clip(item.id))}</code></div></div>'
    )
