"""Requests for videos, checked against the look before they are sent; see `heygen_widgets.videos`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from ..errors import VideoOptionError
from ..models import AvatarGroup, Look
from .checks import consent_doubts, field_problems, look_problems, option_findings
from .options import SERVICE_ENGINE

__all__ = ["Background", "Caption", "VideoAgentRequest", "VideoOptionWarning", "VideoRequest", "VoiceSettings"]


class VideoOptionWarning(UserWarning):
    """A request for a video uses something that HeyGen does not document for this look."""


P = TypeVar("P", "Background", "Caption", "VoiceSettings")


@dataclass(frozen=True, slots=True)
class Background:
    """The background: a "color" with a `value` such as ``#00ff00``, or an "image" with either `url` or `asset_id`."""

    type: str
    value: str | None = None
    url: str | None = None
    asset_id: str | None = None


@dataclass(frozen=True, slots=True)
class Caption:
    """Captions of the video. The only `file_format` is ``srt``, the only `style` ``default``."""

    file_format: str = "srt"
    style: str | None = None


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """The voice: `speed` 0.5 to 1.5 (1 by default), `pitch` -50 to 50, `volume` 0 to 1, `locale` as in ``en-GB``."""

    speed: float | None = None
    pitch: float | None = None
    volume: float | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """A video with a look: the body of ``POST /v3/videos``, ``{"type": "avatar", …}``. None leaves a field out.

    The constructor checks no values, so that `check` can report every problem at once.

    Parameters
    ----------
    avatar_id : str
        The id of a look, never of a group.
    script : str or None
        The spoken text, 1 to 5,000 characters. Exactly one of `script`, `audio_url` and `audio_asset_id` is needed.
    audio_url, audio_asset_id : str or None
        A recording of at most 600 s (not checked here): its URL, or the id of an upload.
    voice_id : str or None
        The look's default voice by default.
    engine : str or None
        One that the look lists, such as ``avatar_v``. The service's default is ``avatar_iv``; if the look does not
        list that, `check` names one that it lists.
    reference_look_id : str or None
        Another look of the same group; needs ``avatar_v``.
    motion_prompt : str or None
        How the avatar moves, in words.
    expressiveness : {"high", "medium", "low"} or None
    aspect_ratio : {"16:9", "9:16", "4:5", "5:4", "1:1", "auto"} or None
        The service's default is ``16:9``.
    resolution : {"4k", "1080p", "720p"} or None
    fit : {"contain", "cover"} or None
    background : Background, dict or None
        A dict uses the service's fields: ``{"type": "color", "value": "#00ff00"}``.
    remove_background : bool or None
    output_format : {"mp4", "webm"} or None
    caption : Caption, dict or None
    voice_settings : VoiceSettings, dict or None
    title, callback_id : str or None
    callback_url : str or None
        HeyGen calls it when the video is finished.

    Raises
    ------
    TypeError
        When `background`, `caption` or `voice_settings` is neither such an object nor a dict with its fields.
    """

    avatar_id: str
    script: str | None = None
    audio_url: str | None = None
    audio_asset_id: str | None = None
    voice_id: str | None = None
    engine: str | None = None
    reference_look_id: str | None = None
    motion_prompt: str | None = None
    expressiveness: str | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    fit: str | None = None
    background: Background | Mapping[str, Any] | None = None
    remove_background: bool | None = None
    output_format: str | None = None
    caption: Caption | Mapping[str, Any] | None = None
    voice_settings: VoiceSettings | Mapping[str, Any] | None = None
    title: str | None = None
    callback_url: str | None = None
    callback_id: str | None = None

    def __post_init__(self) -> None:
        for name, part in (("background", Background), ("caption", Caption), ("voice_settings", VoiceSettings)):
            object.__setattr__(self, name, _part(name, part, getattr(self, name)))

    def check(
        self, look: Look | None = None, *, group: AvatarGroup | None = None, reference: Look | None = None
    ) -> VideoRequest:
        """Check the request against HeyGen's documentation and against its look. Nothing is sent.

        Parameters
        ----------
        look : Look or None, default None
            None checks only what does not depend on the look.
        group : AvatarGroup or None, default None
            The look's group, whose consent is checked.
        reference : Look or None, default None
            The look of `reference_look_id`.

        Returns
        -------
        VideoRequest
            The same request; with an engine if the look does not list ``avatar_iv``.

        Raises
        ------
        VideoOptionError
            With all problems.

        Warns
        -----
        VideoOptionWarning
            For each parameter that HeyGen does not document for this look, such as a transparent background.
        """
        given = _given(self)
        problems = list(field_problems("video", given))
        doubts: list[str] = []
        if look is not None:
            refused, doubts = option_findings(given, look, reference)
            problems += [*look_problems(given, look), *refused]
            doubts += consent_doubts(look, group)
        if problems:
            raise VideoOptionError(f"A video with {self.avatar_id!r}", problems)
        _warn(doubts)
        if look is None or self.engine is not None or look.default_engine == SERVICE_ENGINE:
            return self
        return replace(self, engine=look.default_engine)

    def to_json(self) -> dict[str, Any]:
        """Return the body of ``POST /v3/videos``."""
        body = _body(self)
        engine = {"type": body.pop("engine", None), "reference_look_id": body.pop("reference_look_id", None)}
        named = {name: value for name, value in engine.items() if value is not None}
        return {"type": "avatar", **body, **({"engine": named} if named else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoAgentRequest:
    """A video from a prompt: the body of ``POST /v3/video-agents``. None leaves a field out.

    It has no engine, motion or background: the agent decides about them.

    Parameters
    ----------
    prompt : str
        What the video should be, 1 to 10,000 characters.
    avatar_id : str or None
        The id of a look, never of a group. By default the agent chooses one.
    voice_id, style_id, brand_kit_id : str or None
    orientation : {"landscape", "portrait"} or None
    mode : {"generate", "chat"} or None
    incognito_mode : bool or None
    callback_url, callback_id : str or None
    files : tuple
        At most 20 JSON values, sent unchanged: their form is not documented (an assumption).
    """

    prompt: str
    avatar_id: str | None = None
    voice_id: str | None = None
    style_id: str | None = None
    orientation: str | None = None
    mode: str | None = None
    brand_kit_id: str | None = None
    incognito_mode: bool | None = None
    callback_url: str | None = None
    callback_id: str | None = None
    files: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.files, list):
            object.__setattr__(self, "files", tuple(self.files))

    def check(self, look: Look | None = None, *, group: AvatarGroup | None = None) -> VideoAgentRequest:
        """Check the request, and that the look can be used; see `VideoRequest.check`."""
        given = _given(self)
        problems = list(field_problems("agent", given))
        if look is not None:
            problems += look_problems(given, look)
        if problems:
            raise VideoOptionError("A video from a prompt", problems)
        if look is not None:
            _warn(consent_doubts(look, group))
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the body of ``POST /v3/video-agents``."""
        body = _body(self)
        files = list(body.pop("files"))
        return {**body, "files": files} if files else body


def _part(name: str, part: type[P], value: object) -> P | None:
    if value is None or isinstance(value, part):
        return value
    known = [field.name for field in fields(part)]
    if not isinstance(value, Mapping) or not set(value) <= set(known):
        raise TypeError(f"{name} should be a {part.__name__} or a dict with {', '.join(known)}, not {value!r}")
    try:
        return part(**value)
    except TypeError:
        raise TypeError(f"{name} lacks {known[0]!r}: {value!r}") from None


def _given(request: VideoRequest | VideoAgentRequest) -> dict[str, Any]:
    values = {field.name: getattr(request, field.name) for field in fields(request)}
    return {
        name: _body(value) if isinstance(value, (Background, Caption, VoiceSettings)) else value
        for name, value in values.items()
    }


def _body(item: VideoRequest | VideoAgentRequest | Background | Caption | VoiceSettings) -> dict[str, Any]:
    """Return the fields that are not None; a nested object without any is left out."""
    if isinstance(item, (VideoRequest, VideoAgentRequest)):
        return {name: value for name, value in _given(item).items() if value is not None and value != {}}
    return {field.name: value for field in fields(item) if (value := getattr(item, field.name)) is not None}


def _warn(doubts: Iterable[str]) -> None:
    """Warn at the line outside of this package that asked."""
    package = f"{__name__.partition('.')[0]}."
    level = 1
    while sys._getframe(level).f_globals.get("__name__", "").startswith(package):
        level += 1
    for doubt in doubts:
        warnings.warn(doubt, VideoOptionWarning, stacklevel=level + 1)
