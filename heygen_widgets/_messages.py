"""What the picker's views are told and what they ask, as plain values: no widget and no catalogue in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ._store import Character, Selection
from .filters import fold
from .models import Look

__all__ = [
    "FIRST_WINDOW",
    "LARGEST_WINDOW",
    "LONGEST_TEXT",
    "SHORT_FIELDS",
    "CharacterCards",
    "LookCards",
    "bounded",
    "card",
    "clip",
    "found_options",
    "short_options",
]

LARGEST_WINDOW = 120
"""Cards a message."""

FIRST_WINDOW = 24
"""Cards of the first message, about what is in sight at first."""

LONGEST_TEXT = 200
"""Characters of a name or a search."""

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
_IMAGES = ("https://", "http://", "data:image/")


def card(look: Look) -> dict[str, Any]:
    """Give what a card of the grid shows of a look."""
    return {
        "id": look.id,
        "name": clip(look.name).strip() or look.id,
        "type": title("avatar_type", look.avatar_type),
        "image": _image(look.preview_image_url),
        "width": look.image_width,
        "height": look.image_height,
    }


def character_card(character: Character) -> dict[str, Any]:
    """Give what a card of the grid shows of a character."""
    group, example, number = character.group, character.example, character.expected
    return {
        "id": character.id,
        "name": title_of_character(character.id, group.name if group else ""),
        "type": f"{number:,} look{'' if number == 1 else 's'}" if number else "looks not loaded yet",
        "image": _image(group.preview_image_url if group else None)
        or _image(example.preview_image_url if example else None),
        "width": None,
        "height": None,
        "character": True,
    }


def _image(url: str | None) -> str | None:
    return url if url and url.startswith(_IMAGES) else None


class Cards(Protocol):
    """What the grid shows at one moment: cards by position."""

    def __len__(self) -> int: ...

    def cards(self, start: int, stop: int) -> list[dict[str, Any]]:
        """Give the cards at some positions."""

    def begins_like(self, other: object) -> bool:
        """Whether each position of the other holds the same here."""


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


class CharacterCards:
    """The cards of characters, and for those without a group's name one for all looks that tell none."""

    def __init__(self, characters: Sequence[Character]) -> None:
        self._characters = characters

    def __len__(self) -> int:
        return len(self._characters)

    def cards(self, start: int, stop: int) -> list[dict[str, Any]]:
        return [character_card(character) for character in self._characters[start:stop]]

    def begins_like(self, other: object) -> bool:
        return (
            isinstance(other, CharacterCards)
            and len(self) >= len(other)
            and all(_same(a, b) for a, b in zip(self._characters, other._characters, strict=False))
        )


def _same(one: Character, other: Character) -> bool:
    return one is other or character_card(one) == character_card(other)


def title(field: str, value: str) -> str:
    """Give what a value is called."""
    return _TITLES.get(field, {}).get(value, clip(value)).strip() or value or "None"


def title_of_character(group_id: str, name: str) -> str:
    return clip(name).strip() or clip(group_id) or "No character"


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
        ``value``, ``title`` and ``count``; nothing where no look has a value and none is chosen.
    """
    known = list(_TITLES.get(field, {}))
    every = sorted(set(values) | set(chosen), key=lambda v: (not v, known.index(v) if v in known else len(known), v))
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
    """
    words = fold(clip(query)).split()
    folded = {value: fold(text) for value, text in titles.items()}
    found = [value for value, text in folded.items() if all(word in text for word in words)]
    found.sort(key=lambda value: (not counts.get(value), folded[value], value))
    items = [{"value": v, "title": titles[v], "count": counts.get(v, 0)} for v in found[:_LARGEST_LIST]]
    return {"items": items, "more": len(found) - len(items)}


def bounded(value: object, low: int, high: int) -> int:
    """Give a number from the front end, whatever it sent."""
    return min(max(value, low), high) if isinstance(value, int) else low


def clip(value: object) -> str:
    """Give a text of at most 200 characters, whatever it was."""
    text = value if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
