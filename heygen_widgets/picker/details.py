"""All that the panel tells of a look, as plain values: no widget in here."""

from __future__ import annotations

from typing import Any

from .._display import clip, sound, title, title_of_character
from ..models import AvatarGroup, Look, Voice
from ..videos.options import SERVICE_ENGINE, VideoOption
from .cards import card

__all__ = ["details", "options_of", "voice_of"]

_MOST_NAMED = 40  # tags or engines
_MOST_ENGINES = 4  # columns
# What differs from look to look, and from engine to engine.
_OPTIONS = {
    "expressiveness": "Expressiveness",
    "motion_prompt": "Motion prompt",
    "reference_look_id": "Reference look",
    "resolution 4k": "4k",
    "remove_background": "Background removed",
    "output_format webm": "WebM",
}


def details(look: Look, group: AvatarGroup | None, number: int) -> dict[str, Any]:
    """Give what the panel shows of a look: its card and more.

    Parameters
    ----------
    look : Look
    group : AvatarGroup or None
        Its character, where that is known.
    number : int
        How many looks the character has; 0 where nobody knows.

    Returns
    -------
    dict
        What `card` gives, ``group_id``, ``number``, ``voice_id``, ``facts``: ``name``, ``label`` and ``text`` of each
        in the order to be shown, with an empty text where nothing is known; and ``options``, as `options_of` gives it.
    """
    character = title_of_character(look.group_id, group.name if group else "") if look.group_id else ""
    facts = [
        ("character", "Character", character),
        ("avatar_type", "Type", title("avatar_type", look.avatar_type)),
        ("gender", "Gender", title("gender", look.gender) if look.gender else ""),
        ("size", "Size", _size(look)),
        ("orientation", "Orientation", title("orientation", look.orientation) if look.orientation else ""),
        ("engines", "Engines", _named("engine", look.supported_api_engines)),
        ("tags", "Tags", _named("tag", look.tags)),
        ("ownership", "Ownership", title("ownership", look.ownership) if look.ownership else ""),
        ("status", "Status", title("status", look.status) if look.status else ""),
        ("voice", "Default voice", clip(look.default_voice_id)),
    ]
    return {
        **card(look),
        "group_id": look.group_id or None,
        "number": number,
        "voice_id": look.default_voice_id or None,
        "facts": [{"name": name, "label": label, "text": text} for name, label, text in facts],
        "options": options_of(look),
    }


def options_of(look: Look) -> dict[str, Any]:
    """Give what a look allows of a video, as a small table: a column for each of its engines.

    Returns
    -------
    dict
        ``engines``, the heads of the columns; ``rows``, each with a ``label`` and ``cells``: "yes", "no" or
        "unknown"; and ``notes``, which tell why. An asterisk stands where HeyGen's own pages disagree.
    """
    engines = look.engines[:_MOST_ENGINES] or (SERVICE_ENGINE,)
    every = [look.video_options(engine) for engine in engines]
    rows = [{"label": label, "cells": [options[name].word for options in every]} for name, label in _OPTIONS.items()]
    heads = [title("engine", options.engine) + "*" * options["engine"].is_disputed for options in every]
    notes = [] if look.engines else ["The look lists no engine; the service would take Avatar IV."]
    if any("*" in text for text in (*heads, *(cell for row in rows for cell in row["cells"]))):
        notes.append("*: HeyGen's own pages disagree.")
    notes += [f"{head}: {o['engine'].why}." for head, o in zip(heads, every, strict=True) if o["engine"].is_disputed]
    for name, label in _OPTIONS.items():
        notes += _notes(label, [(title("engine", options.engine), options[name]) for options in every])
    return {"engines": heads, "rows": rows, "notes": notes}


def _notes(label: str, told: list[tuple[str, VideoOption]]) -> list[str]:
    """Say why something is not simply allowed: once for all engines of which the same is to be said."""
    engines: dict[str, list[str]] = {}
    for engine, option in told:
        if option.state != "allowed" or option.is_disputed:
            engines.setdefault(option.why.removesuffix(f" with {engine}"), []).append(engine)
    return [
        f"{label}: {why}{f' with {_listed(names)}' if f'{why} with {names[0]}' in {o.why for _, o in told} else ''}."
        for why, names in engines.items()
    ]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _size(look: Look) -> str:
    if look.image_width is None or look.image_height is None:
        return ""
    return f"{look.image_width:,} × {look.image_height:,} px"


def _named(field: str, values: tuple[str, ...]) -> str:
    more = [f"and {len(values) - _MOST_NAMED:,} more"] if len(values) > _MOST_NAMED else []
    return ", ".join([*(title(field, value) for value in values[:_MOST_NAMED]), *more])


def voice_of(voice: Voice) -> dict[str, Any]:
    """Give what the panel tells of a voice; without the address of its sound where a browser cannot fetch that."""
    spoken = [clip(voice.language).strip(), title("gender", voice.gender) if voice.gender else ""]
    name, known = clip(voice.name).strip() or clip(voice.voice_id), ", ".join(part for part in spoken if part)
    return {"text": f"{name} ({known})" if known else name, "audio": sound(voice.preview_audio_url)}
