"""What the values of a record are called where people read them."""

from __future__ import annotations

from ._text import clip

__all__ = ["TITLES", "initials", "name_of", "reason", "title", "title_of_character"]

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
