"""What the picker's views are told and what they ask, as plain values: no widget and no catalogue in here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from . import _reading as read
from ._store import Character, Selection
from .filters import LookFilter, fold
from .models import AvatarGroup, Look

__all__ = [
    "FIRST_WINDOW",
    "HEIGHTS",
    "LARGEST_WINDOW",
    "LONGEST_TEXT",
    "SHORT_FIELDS",
    "TAKEN",
    "CharacterCards",
    "LookCards",
    "bounded",
    "card",
    "changed_filter",
    "clip",
    "echo",
    "fits",
    "found_options",
    "image",
    "short_options",
]

LARGEST_WINDOW = 120
"""Cards a message."""

FIRST_WINDOW = 24
"""Cards of the first message, about what is in sight at first."""

LONGEST_TEXT = 200
"""Characters of a name, a search, an id or a value of a filter."""

HEIGHTS = (240, 1200)
"""The least and the most of the grid, in px."""

SHORT_FIELDS = ("avatar_type", "gender", "orientation", "engine", "ownership", "status")
"""The fields with few values, all of which a dropdown offers."""

_TITLES = {
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
}
_LARGEST_LIST = 50  # options a message and field
_LARGEST_FILTER = 1_000  # values a field
_LONGEST_ERROR = 2_000  # characters
_MOST_VIEWS = 1_000
_LONGEST_URL = 100_000  # characters; a signed one has 400, a small picture as a data URL some thousands

# A browser takes white space and control characters out of a URL before it reads the scheme.
_PICTURE = re.compile(r"(?:https?://[^\s/?#\\@:]|data:image/)[^\x00-\x1f\x7f]*", re.IGNORECASE)
# They would show nothing, break the line, or turn what is next to them round.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")


def card(look: Look) -> dict[str, Any]:
    """Give what a card of the grid shows of a look; without the id where that is too long to be chosen by."""
    return {
        "id": look.id if fits(look.id) else None,
        "name": clip(look.name).strip() or clip(look.id).strip() or "Unnamed",
        "type": title("avatar_type", look.avatar_type),
        "image": image(look),
        "width": look.image_width,
        "height": look.image_height,
    }


def character_card(character: Character) -> dict[str, Any]:
    """Give what a card of the grid shows of a character."""
    group, pictured, number = character.group, _pictured(character), character.expected
    return {
        "id": character.id if fits(character.id) else None,
        "name": title_of_character(character.id, group.name if group else ""),
        "type": f"{number:,} look{'' if number == 1 else 's'}" if number else "looks not loaded yet",
        "image": image(pictured) if pictured else None,
        "width": None,
        "height": None,
        "character": True,
    }


def _pictured(character: Character) -> Look | AvatarGroup | None:
    """Give the record whose picture a character's card shows."""
    records = (character.group, character.example)
    return next((record for record in records if record and image(record)), None)


def image(record: Look | AvatarGroup) -> str | None:
    """Give the URL of the picture that a card can show of a look or group: of http, https or ``data:image/`` alone."""
    url = (record.preview_image_url or "").strip()
    return url if len(url) <= _LONGEST_URL and _PICTURE.fullmatch(url) else None


class Cards(Protocol):
    """What the grid shows at one moment: cards by position."""

    def __len__(self) -> int: ...

    def cards(self, start: int, stop: int) -> list[dict[str, Any]]:
        """Give the cards at some positions."""

    def begins_like(self, other: object) -> bool:
        """Whether each position of the other holds the same here."""

    def pictured(self, ids: Iterable[str]) -> dict[str, Look | AvatarGroup]:
        """Give the records whose pictures some cards show, by the ids of the cards."""


class LookCards:
    """The cards of the looks that matched a filter."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    def __len__(self) -> int:
        return len(self._selection)

    def cards(self, start: int, stop: int) -> list[dict[str, Any]]:
        return [card(look) for look in self._selection.looks(start, stop)]

    def begins_like(self, other: object) -> bool:
        return isinstance(other, LookCards) and self._selection.begins_like(other._selection)

    def pictured(self, ids: Iterable[str]) -> dict[str, Look | AvatarGroup]:
        looks = ((i, self._selection.store.get(i)) for i in ids)
        return {i: look for i, look in looks if look}


class CharacterCards:
    """The cards of characters, and for those without a group's name one for all looks that tell none."""

    def __init__(self, characters: Sequence[Character]) -> None:
        self._characters = characters

    def __len__(self) -> int:
        return len(self._characters)

    def cards(self, start: int, stop: int) -> list[dict[str, Any]]:
        return [character_card(character) for character in self._characters[start:stop]]

    def has(self, group_id: str) -> bool:
        """Whether there is a card of a character."""
        return any(character.id == group_id for character in self._characters)

    def begins_like(self, other: object) -> bool:
        return (
            isinstance(other, CharacterCards)
            and len(self) >= len(other)
            and all(_same(a, b) for a, b in zip(self._characters, other._characters, strict=False))
        )

    def pictured(self, ids: Iterable[str]) -> dict[str, Look | AvatarGroup]:
        wanted = dict.fromkeys(ids)
        records = {c.id: _pictured(c) for c in self._characters if c.id in wanted}
        return {i: record for i in wanted if (record := records.get(i))}


def _same(one: Character, other: Character) -> bool:
    return one is other or _unsigned(character_card(one)) == _unsigned(character_card(other))


def _unsigned(shown: dict[str, Any]) -> dict[str, Any]:
    """Give a card without the signature of its picture's URL, which is new in each answer."""
    return {**shown, "image": (shown["image"] or "").partition("?")[0]}


def title(field: str, value: str) -> str:
    """Give what a value is called."""
    return _TITLES.get(field, {}).get(value, clip(value)).strip() or ("Unnamed" if value else "None")


def title_of_character(group_id: str, name: str) -> str:
    return clip(name).strip() or clip(group_id).strip() or ("Unnamed" if group_id else "No character")


def short_options(
    field: str, values: Iterable[str], counts: Mapping[str, int], chosen: Iterable[str]
) -> list[dict[str, Any]]:
    """Give all that a dropdown of few values offers, in an order that no filter changes, and what is chosen.

    Parameters
    ----------
    field : str
        One of `SHORT_FIELDS`.
    values : iterable of str
        All there are, whatever the filter.
    counts : mapping of str to int
        Looks by value under the other filters.
    chosen : iterable of str

    Returns
    -------
    list of dict
        ``value``, ``title`` and ``count``; nothing where no look has a value and none is chosen. A value too long to
        be chosen by is not among them.
    """
    known = list(_TITLES.get(field, {}))
    offered = {*filter(fits, values), *chosen}
    every = sorted(offered, key=lambda v: (not v, known.index(v) if v in known else len(known), v))
    if not any(every):
        return []
    kept = [*every[:_LARGEST_LIST], *[value for value in every[_LARGEST_LIST:] if value in chosen]]
    return [{"value": v, "title": title(field, v), "count": counts.get(v, 0)} for v in kept]


def found_options(titles: Mapping[str, str], counts: Mapping[str, int], query: object) -> dict[str, Any]:
    """Find the options of a long list whose title has all words of a query: those that match looks first.

    Parameters
    ----------
    titles : mapping of str to str
        By value, all there are.
    counts : mapping of str to int
        Looks by value under the other filters.
    query : str
        What was typed, or whatever else a front end sent.

    Returns
    -------
    dict
        ``items``, the first 50 by title, with ``value``, ``title`` and ``count``; ``more``, how many others there are.
        A value too long to be chosen by is not among them.
    """
    words = fold(clip(query)).split()
    folded = {value: fold(text) for value, text in titles.items() if fits(value)}
    found = [value for value, text in folded.items() if all(word in text for word in words)]
    found.sort(key=lambda value: (not counts.get(value), folded[value], value))
    items = [{"value": v, "title": titles[v], "count": counts.get(v, 0)} for v in found[:_LARGEST_LIST]]
    return {"items": items, "more": len(found) - len(items)}


def bounded(value: object, low: int, high: int) -> int:
    """Give a number from the front end, whatever it sent."""
    return min(max(value, low), high) if isinstance(value, int) else low


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


def changed_filter(wanted: LookFilter, changes: object) -> LookFilter | None:
    """Give a filter with what the front end changed; None where that is not what a filter can be changed by."""
    if not isinstance(changes, dict) or not all(map(_can_be_asked_for, changes.values())):
        return None
    try:
        return wanted.replace(**changes)
    except (TypeError, ValueError):
        return None


def _can_be_asked_for(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= _LARGEST_FILTER and all(map(fits, value))
    return value is None or isinstance(value, bool) or fits(value)


def _is_whole(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


TAKEN: dict[str, Callable[[object], bool]] = {
    "filter": lambda value: changed_filter(LookFilter(), value) is not None,
    "show": lambda value: value in ("looks", "characters"),
    "selected_id": fits,
    "error": lambda value: fits(value, _LONGEST_ERROR),
    "multiple": lambda value: isinstance(value, bool),
    "height": lambda value: _is_whole(value, *HEIGHTS),
    "_view_count": lambda value: _is_whole(value, 0, _MOST_VIEWS),
}
"""The traits that the front end may set, each with what it may set it to."""
