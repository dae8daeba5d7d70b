"""What the grid shows of looks and characters, as plain values: no widget in here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from .._display import TITLES, fits, image, name_of, reason, title, title_of_character, video
from ..catalogue.store import Character, Selection
from ..models import AvatarGroup, Look

__all__ = ["TITLES", "Cards", "CharacterCards", "LookCards", "card", "character_card", "title", "title_of_character"]


def card(look: Look) -> dict[str, Any]:
    """Give what a card of the grid shows of a look; without the id where that is too long to be chosen by."""
    return {
        "id": look.id if fits(look.id) else None,
        "name": name_of(look.id, look.name),
        "type": title("avatar_type", look.avatar_type),
        "image": image(look),
        "video": video(look),
        "state": None if look.is_ready else title("status", look.status or ""),
        "reason": _reason(look),
        "width": look.image_width,
        "height": look.image_height,
    }


def _reason(look: Look) -> str | None:
    """Give what the service says of a look that cannot be used; None where it says nothing."""
    if look.is_ready or look.error is None:
        return None
    return reason(look.error.message, look.error.code)


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
