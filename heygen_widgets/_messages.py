"""What the picker's views are told and what they ask, as plain values: no widget and no catalogue in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .filters import fold
from .models import Look

__all__ = [
    "FIRST_WINDOW",
    "LARGEST_WINDOW",
    "LONGEST_TEXT",
    "OWNERSHIPS",
    "TYPES",
    "bounded",
    "card",
    "characters",
    "clip",
    "options",
]

LARGEST_WINDOW = 120
"""Looks a message."""

FIRST_WINDOW = 24
"""Looks of the first message, about what is in sight at first."""

TYPES = {"photo_avatar": "Photo avatar", "digital_twin": "Digital twin", "studio_avatar": "Studio avatar"}
OWNERSHIPS = {"public": "Public", "private": "Private"}

LONGEST_TEXT = 200
"""Characters of a name or a search."""

_LARGEST_LIST = 50  # characters a message
_IMAGES = ("https://", "http://", "data:image/")


def card(look: Look) -> dict[str, Any]:
    """Give what a card of the grid shows."""
    image = look.preview_image_url
    return {
        "id": look.id,
        "name": clip(look.name).strip() or look.id,
        "type": TYPES.get(look.avatar_type, clip(look.avatar_type)),
        "image": image if image and image.startswith(_IMAGES) else None,
        "width": look.image_width,
        "height": look.image_height,
    }


def options(counts: Mapping[str, int], chosen: Iterable[str], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give a dropdown's options; what is chosen is among them even where nothing matches."""
    every = {**counts, **{value: counts.get(value, 0) for value in chosen}}
    return [
        {"value": value, "title": titles.get(value, clip(value)).strip() or "None", "count": count}
        for value, count in every.items()
    ]


def characters(counts: Mapping[str, int], names: Mapping[str, str], query: object) -> tuple[list[dict[str, Any]], int]:
    """Find the characters whose name has all words of a query.

    Parameters
    ----------
    counts, names : mapping of str to int, of str to str
        Number of looks and name by group id; a character without a name goes by its id.
    query : str
        What was typed, or whatever else a front end sent.

    Returns
    -------
    list of dict
        The first 50 by name, as `options` gives them.
    int
        How many more there are.
    """
    words = fold(clip(query)).split()
    folded = {group_id: fold(names.get(group_id, group_id)).strip() for group_id in counts if group_id}
    found = [group_id for group_id, name in folded.items() if all(word in name for word in words)]
    found.sort(key=lambda group_id: (folded[group_id], group_id))
    shown = {group_id: counts[group_id] for group_id in found[:_LARGEST_LIST]}
    return options(shown, (), names), len(found) - len(shown)


def bounded(value: object, low: int, high: int) -> int:
    """Give a number from the front end, whatever it sent."""
    return min(max(value, low), high) if isinstance(value, int) else low


def clip(value: object) -> str:
    """Give a text of at most 200 characters, whatever it was."""
    text = value if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
