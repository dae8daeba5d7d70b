"""What the stand-in refuses of a request for a video.

Source: HeyGen's documentation of ``POST /v3/videos`` and ``POST /v3/video-agents``.

Where the documentation is silent, the gentlest guess is taken: an unknown field is refused, so that a slip is seen; a
null counts as not given; a look is judged by its record as it is served, so that what it does not tell refuses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ._errors import ApiError, invalid

_SPOKEN = ("script", "audio_url", "audio_asset_id")
_TEXTS = ("voice_id", "audio_asset_id", "motion_prompt", "title", "callback_id", "style_id", "brand_kit_id")
_ADDRESSES = ("audio_url", "callback_url")
_ENUMS = {
    "expressiveness": ("high", "medium", "low"),
    "aspect_ratio": ("16:9", "9:16", "4:5", "5:4", "1:1", "auto"),
    "resolution": ("4k", "1080p", "720p"),
    "fit": ("contain", "cover"),
    "output_format": ("mp4", "webm"),
    "orientation": ("landscape", "portrait"),
    "mode": ("generate", "chat"),
}
_VIDEO_FIELDS = {
    *("type", "avatar_id", *_SPOKEN, "voice_id", "engine", "motion_prompt", "expressiveness", "aspect_ratio"),
    *("resolution", "fit", "background", "remove_background", "output_format", "caption", "voice_settings", "title"),
    *("callback_url", "callback_id"),
}
_AGENT_FIELDS = {
    *("prompt", "avatar_id", "voice_id", "style_id", "orientation", "mode", "brand_kit_id", "incognito_mode"),
    *("callback_url", "callback_id", "files"),
}
_NOT_READY = ("processing", "pending_consent", "failed")
_FROM_VIDEO = ("studio_avatar", "digital_twin")
_KNOWN_ENGINES = ("avatar_iii", "avatar_iv", "avatar_v")
_RANGES = {"speed": (0.5, 1.5), "pitch": (-50, 50), "volume": (0, 1)}

Record = dict[str, Any]
Find = Callable[[str], Record | None]


def check_video(body: Record, find_look: Find, has_voice: Callable[[str], bool]) -> Record:
    """Give the fields that a request for a video really has.

    Parameters
    ----------
    body : dict
        As it came.
    find_look : callable
        Gives the record of a look as it is served, or None.
    has_voice : callable
        Tells whether there is a voice with an id.

    Raises
    ------
    ApiError
        For the first thing that is refused.
    """
    given = _given(body, _VIDEO_FIELDS)
    if given.get("type") != "avatar":
        raise invalid("type", f"type must be 'avatar', not {given.get('type')!r}")
    look = _look(given, find_look, required=True)
    _check_common(given, has_voice)
    if sum(name in given for name in _SPOKEN) != 1:
        raise invalid("script", f"exactly one of {', '.join(_SPOKEN)} is needed")
    if "script" in given:
        _check_length(given, "script", 5_000)
    _check_flag(given, "remove_background")
    _check_background(given)
    _check_caption(given.get("caption"))
    _check_voice(given.get("voice_settings"))
    _check_engine(given, look, find_look)
    return given


def check_agent(body: Record, find_look: Find, has_voice: Callable[[str], bool]) -> Record:
    """Give the fields that a request to a video agent really has, as `check_video` does."""
    given = _given(body, _AGENT_FIELDS)
    _look(given, find_look, required=False)
    _check_common(given, has_voice)
    if "prompt" not in given:
        raise invalid("prompt", "prompt is required")
    _check_length(given, "prompt", 10_000)
    _check_flag(given, "incognito_mode")
    files = given.get("files", [])
    if not isinstance(files, list) or len(files) > 20:
        raise invalid("files", "files must be a list of at most 20")
    return given


def _given(body: Record, known: set[str]) -> Record:
    for name in body:
        if name not in known:
            raise invalid(name, f"{name} is not a field of this request")
    return {name: value for name, value in body.items() if value is not None}


def _look(given: Record, find_look: Find, *, required: bool) -> Record:
    if "avatar_id" not in given and not required:
        return {}
    look_id = given.get("avatar_id")
    if not isinstance(look_id, str) or not look_id:
        raise invalid("avatar_id", "avatar_id must be the id of a look")
    look = find_look(look_id)
    if look is None:
        raise ApiError(404, "avatar_not_found", f"Avatar look {look_id} was not found")
    if look.get("status") in _NOT_READY:
        raise invalid("avatar_id", f"The look is {look['status']}")
    return look


def _check_common(given: Record, has_voice: Callable[[str], bool]) -> None:
    for name in _TEXTS:
        if name in given and not _is_text(given[name]):
            raise invalid(name, f"{name} must be a string that is not empty")
    for name in _ADDRESSES:
        if name in given and not _is_address(given[name]):
            raise invalid(name, f"{name} must be an address of http or https")
    for name, allowed in _ENUMS.items():
        if name in given and given[name] not in allowed:
            raise invalid(name, f"{name} must be one of {', '.join(allowed)}")
    if "voice_id" in given and not has_voice(given["voice_id"]):
        raise ApiError(404, "voice_not_found", f"Voice {given['voice_id']} was not found")


def _check_engine(given: Record, look: Record, find_look: Find) -> None:
    """Refuse an engine that the look does not list, and what the engine does not take."""
    listed = look.get("supported_api_engines") or ()
    if "engine" in given:
        engine = _named_engine(given["engine"], look, find_look)
        if engine not in listed:
            raise invalid("engine", f"The look does not support {engine}")
    else:
        engine = "avatar_iv"
        if listed and engine not in listed:
            raise invalid("engine", f"The look does not support {engine}, which is taken without an engine")
    photo = look["avatar_type"] == "photo_avatar"
    if engine not in _KNOWN_ENGINES or not (photo or look["avatar_type"] in _FROM_VIDEO):
        return
    takes_motion = engine == "avatar_v" or (photo and engine == "avatar_iv")
    if "expressiveness" in given and not (photo and engine == "avatar_iv"):
        raise invalid("expressiveness", f"expressiveness is not supported by {engine} for this look")
    if "motion_prompt" in given and not takes_motion:
        raise invalid("motion_prompt", f"motion_prompt is not supported by {engine} for this look")
    if given.get("resolution") == "4k" and photo and engine == "avatar_iii":
        raise invalid("resolution", f"4k is not supported by {engine} for this look")


def _named_engine(engine: object, look: Record, find_look: Find) -> str:
    if not isinstance(engine, dict) or not set(engine) <= {"type", "reference_look_id"}:
        raise invalid("engine", "engine must be an object with type and reference_look_id")
    kind, reference_id = engine.get("type"), engine.get("reference_look_id")
    if not isinstance(kind, str) or not kind:
        raise invalid("engine", "engine needs a type")
    if reference_id is None:
        return kind
    reference = find_look(reference_id) if isinstance(reference_id, str) else None
    if kind != "avatar_v" or reference is None:
        raise invalid("engine", "reference_look_id must be a look, and goes with avatar_v alone")
    groups = {look.get("group_id"), reference.get("group_id")} - {None}
    if len(groups) > 1:
        raise invalid("engine", "reference_look_id must be a look of the same group")
    return kind


def _check_background(given: Record) -> None:
    if "background" not in given:
        return
    if given.get("output_format") == "webm":
        raise invalid("background", "background is not supported with webm")
    background = given["background"]
    fields = {name: value for name, value in background.items() if value is not None} if _is_object(background) else {}
    match fields:
        case {"type": "color", "value": str(value), **rest} if not rest and re.fullmatch("#[0-9a-fA-F]{6}", value):
            return
        case {"type": "image", "url": url, **rest} if not rest and _is_address(url):
            return
        case {"type": "image", "asset_id": asset_id, **rest} if not rest and _is_text(asset_id):
            return
    raise invalid("background", "background must be a color #rrggbb, or an image with url or asset_id")


def _check_caption(caption: object) -> None:
    if caption is None:
        return
    fields = {name: value for name, value in caption.items() if value is not None} if _is_object(caption) else {}  # type: ignore[attr-defined]
    if fields not in ({"file_format": "srt"}, {"file_format": "srt", "style": "default"}):
        raise invalid("caption", "caption must have the file_format srt, and no style but default")


def _check_voice(settings: object) -> None:
    if settings is None:
        return
    if not isinstance(settings, dict) or not set(settings) <= {*_RANGES, "locale"}:
        raise invalid("voice_settings", "voice_settings must be an object with speed, pitch, volume and locale")
    for name, (least, most) in _RANGES.items():
        value = settings.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise invalid("voice_settings", f"{name} must be {least} to {most}")
    if settings.get("locale") is not None and not _is_text(settings["locale"]):
        raise invalid("voice_settings", "locale must be a string that is not empty")


def _check_length(given: Record, name: str, most: int) -> None:
    if not isinstance(given[name], str) or not 1 <= len(given[name]) <= most:
        raise invalid(name, f"{name} must have 1 to {most} characters")


def _check_flag(given: Record, name: str) -> None:
    if name in given and not isinstance(given[name], bool):
        raise invalid(name, f"{name} must be true or false")


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_address(value: object) -> bool:
    if not isinstance(value, str) or re.search(r"[\s\x00-\x1f\x7f]", value):
        return False
    try:
        return value.startswith(("http://", "https://")) and bool(urlsplit(value).hostname)
    except ValueError:
        return False
