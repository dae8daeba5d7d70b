"""What is wrong with a request for a video: sentences, each with the offending value and the way out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from .._display import clip, is_sendable
from ..models import AvatarGroup, Look
from .options import VideoOption

__all__ = ["agent_problems", "look_problems", "look_warnings", "video_problems"]

_LONGEST_SCRIPT = 5_000  # characters
_LONGEST_PROMPT = 10_000  # characters
_MOST_FILES = 20
_LONGEST_SHOWN = 60  # characters of a value in a sentence
_SPOKEN = ("script", "audio_url", "audio_asset_id")
_CHOICES = {
    "expressiveness": ("high", "medium", "low"),
    "aspect_ratio": ("16:9", "9:16", "4:5", "5:4", "1:1", "auto"),
    "resolution": ("4k", "1080p", "720p"),
    "fit": ("contain", "cover"),
    "output_format": ("mp4", "webm"),
    "orientation": ("landscape", "portrait"),
    "mode": ("generate", "chat"),
}
_VIDEO_TEXTS = (
    *("avatar_id", "audio_asset_id", "voice_id", "engine", "reference_look_id", "motion_prompt", "title"),
    "callback_id",
)
_AGENT_TEXTS = ("avatar_id", "voice_id", "style_id", "brand_kit_id", "callback_id")
_RANGES = {"speed": (0.5, 1.5), "pitch": (-50, 50), "volume": (0, 1)}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NO_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f]")
_CONSENTED = (None, "accepted", "approved")


def video_problems(request: Any) -> list[str]:  # noqa: ANN401 - a VideoRequest, whose room imports this one
    """Tell what is wrong with a `VideoRequest` whatever the look."""
    found = [*_texts(request, _VIDEO_TEXTS), *_choices(request)]
    found += _addresses({name: getattr(request, name) for name in ("audio_url", "callback_url")})
    spoken = [name for name in _SPOKEN if getattr(request, name) is not None]
    if len(spoken) != 1:
        given = f"{' and '.join(spoken)} are" if spoken else "none is"
        found.append(f"exactly one of script, audio_url and audio_asset_id is needed, and {given} given")
    found += _length("script", request.script, _LONGEST_SCRIPT)
    found += _bools(request, "remove_background")
    if request.reference_look_id is not None and request.engine != "avatar_v":
        found.append(f"reference_look_id goes with engine='avatar_v' alone, not with {_shown(request.engine)}")
    found += _background(request.background)
    if request.output_format == "webm" and request.background is not None:
        found.append("output_format 'webm' takes no background: leave one of the two out")
    found += _caption(request.caption) + _voice_settings(request.voice_settings)
    return found


def agent_problems(request: Any) -> list[str]:  # noqa: ANN401 - a VideoAgentRequest, whose room imports this one
    """Tell what is wrong with a `VideoAgentRequest` whatever the look."""
    found = [*_texts(request, _AGENT_TEXTS), *_choices(request)]
    found += _addresses({"callback_url": request.callback_url})
    found += _length("prompt", request.prompt, _LONGEST_PROMPT)
    if request.prompt is None:
        found.append("prompt is needed: it says what the video should be")
    found += _bools(request, "incognito_mode")
    if not isinstance(request.files, tuple):
        found.append(f"files should be a list of at most {_MOST_FILES}, not {_shown(request.files)}")
    elif len(request.files) > _MOST_FILES:
        found.append(f"files should be at most {_MOST_FILES}, and are {len(request.files)}")
    else:
        found += [f"files should be what JSON can hold, not {_shown(f)}" for f in request.files if not _is_json(f)]
    return found


def look_problems(request: Any, look: Look, reference: Look | None) -> list[str]:  # noqa: ANN401 - either of the two
    """Tell what the service would refuse for this look."""
    found = []
    if isinstance(request.avatar_id, str) and request.avatar_id != look.id:
        if request.avatar_id == look.group_id:
            found.append(f"avatar_id {_shown(request.avatar_id)} is the id of a group: give a look's, {look.id!r}")
        else:
            found.append(f"avatar_id is {_shown(request.avatar_id)}, but the look it is checked against is {look.id!r}")
    if not look.is_ready:
        reason = f" ({clip(look.error.message)})" if look.error and look.error.message else ""
        found.append(f"the look is not ready, its status is {look.status!r}{reason}: choose one that is")
    if not _is_text(getattr(request, "engine", None), optional=True):
        return found
    for option in _asked_for(request, look):
        if option.state == "refused" and not (option.parameter == "reference_look_id" and request.engine != "avatar_v"):
            found.append(f"{option.parameter}: {option.why}{_way_out(option, look)}")
    if reference is not None and getattr(request, "reference_look_id", None) is not None:
        if reference.id != request.reference_look_id:
            found.append(
                f"reference_look_id is {_shown(request.reference_look_id)}, but the reference is {reference.id!r}"
            )
        elif look.group_id and reference.group_id and reference.group_id != look.group_id:
            found.append(
                f"reference_look_id {_shown(reference.id)} is a look of another group, {_shown(reference.group_id)}"
            )
    return found


def look_warnings(request: Any, look: Look, group: AvatarGroup | None, reference: Look | None) -> list[str]:  # noqa: ANN401 - as above
    """Tell what nobody can say of this look before the service is asked."""
    found = [f"{option.parameter}: {option.why}" for option in _asked_for(request, look) if _is_doubtful(option)]
    spoken = getattr(request, "script", None)
    if spoken is not None and not spoken.strip():
        found.append("script: it has nothing but white space, and nobody says what the service makes of that")
    if spoken is not None and request.voice_id is None and not look.default_voice_id:
        found.append("voice_id: the look tells no voice of its own, and nobody says what the service does then")
    reference_id = getattr(request, "reference_look_id", None)
    if reference_id is not None and (reference is None or not (look.group_id and reference.group_id)):
        found.append(f"reference_look_id: whether {_shown(reference_id)} belongs to the same group is not known")
    twin = look.avatar_type == "digital_twin" and look.ownership != "public"
    if twin and group is not None and group.consent_status not in _CONSENTED:
        found.append(f"the consent for {_shown(group.name)} is {_shown(group.consent_status)}: the service may refuse")
    return found


def _asked_for(request: Any, look: Look) -> Iterable[VideoOption]:  # noqa: ANN401 - either of the two
    """Give the options that a request makes use of, and that depend on the look; an agent has none of them."""
    if not hasattr(request, "engine"):
        return
    options = look.video_options(request.engine)
    yield options["engine"]
    # Of another value it is told already that there is no such one.
    if request.expressiveness in _CHOICES["expressiveness"]:
        yield options["expressiveness"]
    for name in ("motion_prompt", "reference_look_id"):
        if getattr(request, name) is not None:
            yield options[name]
    if request.remove_background is True:
        yield options["remove_background"]
    if request.resolution == "4k":
        yield options["resolution 4k"]
    if request.output_format == "webm":
        yield options["output_format webm"]


def _is_doubtful(option: VideoOption) -> bool:
    return option.state == "unknown" or option.is_disputed


def _way_out(option: VideoOption, look: Look) -> str:
    if option.parameter != "engine":
        return "; leave it out, or see look.video_options() for another engine"
    return f"; choose one of these, or none for {look.default_engine!r}" if look.engines else "; leave it out"


def _is_text(value: object, *, optional: bool = False) -> bool:
    return isinstance(value, str) or (optional and value is None)


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - it is anything of the user's, such as lists within lists without end
        text = f"this {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _texts(request: object, names: Iterable[str]) -> list[str]:
    found = []
    for name in names:
        value = getattr(request, name)
        # An agent may choose a look, a video cannot.
        optional = name != "avatar_id" or hasattr(request, "prompt")
        if value is None and optional:
            continue
        if not isinstance(value, str) or not value or not is_sendable(value):
            hint = ": give its id" if isinstance(value, (Look, AvatarGroup)) else ""
            found.append(f"{name} should be a text that is not empty, not {_shown(value)}{hint}")
    return found


def _length(name: str, value: object, longest: int) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, str) or not is_sendable(value):
        return [f"{name} should be a text, not {_shown(value)}"]
    if not 1 <= len(value) <= longest:
        return [f"{name} should have 1 to {longest:,} characters, and has {len(value):,}"]
    return []


def _choices(request: object) -> list[str]:
    found = []
    for name, choices in _CHOICES.items():
        value = getattr(request, name, None)
        if value is not None and not (isinstance(value, str) and value in choices):
            found.append(f"{name} should be one of {', '.join(choices)}, not {_shown(value)}")
    return found


def _bools(request: object, name: str) -> list[str]:
    value = getattr(request, name)
    return [] if value is None or isinstance(value, bool) else [f"{name} should be True or False, not {_shown(value)}"]


def _addresses(given: dict[str, object]) -> list[str]:
    return [
        f"{name} should be a web address, which begins with https:// or http://, not {_shown(value)}"
        for name, value in given.items()
        if value is not None and not _is_address(value)
    ]


def _is_address(value: object) -> bool:
    if not isinstance(value, str) or _NO_ADDRESS.search(value) or not is_sendable(value):
        return False
    try:
        return value.startswith(("https://", "http://")) and bool(urlsplit(value).hostname)
    except ValueError:
        return False


def _background(background: Any) -> list[str]:  # noqa: ANN401 - a Background, whose room imports this one
    if background is None:
        return []
    value, url, asset_id = background.value, background.url, background.asset_id
    if background.type == "color":
        if url is not None or asset_id is not None:
            return ["background of type 'color' has a value alone: leave url and asset_id out"]
        if not isinstance(value, str) or not _COLOUR.fullmatch(value):
            return [f"background value should be a colour such as '#00ff00', not {_shown(value)}"]
        return []
    if background.type != "image":
        return [f"background type should be 'color' or 'image', not {_shown(background.type)}"]
    if value is not None or (url is None) == (asset_id is None):
        return ["background of type 'image' has exactly one of url and asset_id, and no value"]
    if url is None:
        return [] if _is_text(asset_id) and asset_id else [f"background asset_id should not be {_shown(asset_id)}"]
    return _addresses({"background url": url})


def _caption(caption: Any) -> list[str]:  # noqa: ANN401 - a Caption, whose room imports this one
    if caption is None:
        return []
    found = (
        []
        if caption.file_format == "srt"
        else [f"caption file_format should be 'srt', not {_shown(caption.file_format)}"]
    )
    if caption.style not in (None, "default"):
        found.append(f"caption style should be 'default' or left out, not {_shown(caption.style)}")
    return found


def _voice_settings(settings: Any) -> list[str]:  # noqa: ANN401 - VoiceSettings, whose room imports this one
    found: list[str] = []
    if settings is None:
        return found
    for name, (low, high) in _RANGES.items():
        value = getattr(settings, name)
        if value is None:
            continue
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            found.append(f"voice_settings {name} should be {low:g} to {high:g}, not {_shown(value)}")
    locale = settings.locale
    if locale is not None and not (isinstance(locale, str) and locale and is_sendable(locale)):
        found.append(f"voice_settings locale should be a text such as 'en-GB', not {_shown(locale)}")
    return found
