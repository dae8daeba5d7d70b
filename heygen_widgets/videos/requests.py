"""Requests for videos, checked against the look before they are sent; see `heygen_widgets.videos`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from ..errors import VideoOptionError
from ..models import AvatarGroup, Look
from .checks import agent_problems, look_problems, look_warnings, video_problems
from .options import SERVICE_ENGINE, VideoOption, VideoOptions
from .records import Video, VideoAgentSession

__all__ = [
    "Background",
    "Caption",
    "Video",
    "VideoAgentRequest",
    "VideoAgentSession",
    "VideoOption",
    "VideoOptionWarning",
    "VideoOptions",
    "VideoRequest",
    "VoiceSettings",
]


class VideoOptionWarning(UserWarning):
    """Something of a request for a video of which nobody says whether the service takes it."""


P = TypeVar("P", "Background", "Caption", "VoiceSettings")


@dataclass(frozen=True, slots=True)
class Background:
    """What stands behind the avatar.

    Attributes
    ----------
    type : {"color", "image"}
    value : str or None
        Of a colour: ``#rrggbb``.
    url, asset_id : str or None
        Of an image: exactly one of the two.
    """

    type: str
    value: str | None = None
    url: str | None = None
    asset_id: str | None = None


@dataclass(frozen=True, slots=True)
class Caption:
    """Captions of the video.

    Attributes
    ----------
    file_format : {"srt"}
    style : {"default"} or None
    """

    file_format: str = "srt"
    style: str | None = None


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """How the voice speaks.

    Attributes
    ----------
    speed : float or None
        0.5 to 1.5, where 1 is the voice's own.
    pitch : float or None
        -50 to 50.
    volume : float or None
        0 to 1.
    locale : str or None
        Such as ``en-GB``.
    """

    speed: float | None = None
    pitch: float | None = None
    volume: float | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """A video with a look: the body of ``POST /v3/videos``, ``{"type": "avatar", …}``. None leaves a field out.

    Nothing is checked when it is made, so that `check` can tell everything that is wrong at once.

    Parameters
    ----------
    avatar_id : str
        The id of a look, never of a group.
    script : str or None
        What is said, 1 to 5,000 characters. Exactly one of `script`, `audio_url` and `audio_asset_id`.
    audio_url, audio_asset_id : str or None
        A recording of at most 600 s (which is not checked here) by its address, or uploaded to HeyGen before.
    voice_id : str or None
        The look's own voice unless given.
    engine : str or None
        Such as ``avatar_v``, one that the look lists. The service takes ``avatar_iv`` unless told; for a look that does
        not list it, `check` names one that it lists.
    reference_look_id : str or None
        Another look of the same group, with ``avatar_v`` alone.
    motion_prompt : str or None
        How the avatar moves, in words.
    expressiveness : {"high", "medium", "low"} or None
    aspect_ratio : {"16:9", "9:16", "4:5", "5:4", "1:1", "auto"} or None
        The service's own is ``16:9``.
    resolution : {"4k", "1080p", "720p"} or None
    fit : {"contain", "cover"} or None
    background : Background, dict or None
        A dict as the service has it: ``{"type": "color", "value": "#00ff00"}``.
    remove_background : bool or None
    output_format : {"mp4", "webm"} or None
    caption : Caption, dict or None
    voice_settings : VoiceSettings, dict or None
    title, callback_id : str or None
    callback_url : str or None
        Which HeyGen calls when the video is finished.

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
        """Check the request against the look it is for, as far as the documentation goes. Nothing is sent.

        Parameters
        ----------
        look : Look or None, default None
            None checks only what does not depend on the look.
        group : AvatarGroup or None, default None
            The look's group, which tells whether its consent is given.
        reference : Look or None, default None
            The look of `reference_look_id`.

        Returns
        -------
        VideoRequest
            The same; with an engine, for a look that does not list ``avatar_iv``.

        Raises
        ------
        VideoOptionError
            With every problem at once.

        Warns
        -----
        VideoOptionWarning
            For each thing of which nobody says whether the service takes it, such as a transparent background.
        """
        return self._checked(look, group, reference, stacklevel=3)

    def _checked(
        self, look: Look | None, group: AvatarGroup | None, reference: Look | None, stacklevel: int
    ) -> VideoRequest:
        """Check, and warn at the line of whoever asked, so many calls up."""
        problems = video_problems(self)
        if look is not None:
            problems += look_problems(self, look, reference)
        if problems:
            raise VideoOptionError(f"A video with {self.avatar_id!r}", problems)
        if look is None:
            return self
        for doubt in look_warnings(self, look, group, reference):
            warnings.warn(doubt, VideoOptionWarning, stacklevel=stacklevel)
        if self.engine is None and look.default_engine != SERVICE_ENGINE:
            return replace(self, engine=look.default_engine)
        return self

    def to_json(self) -> dict[str, Any]:
        """Give the body that is sent to ``POST /v3/videos``."""
        body = _given(self)
        engine, reference = body.pop("engine", None), body.pop("reference_look_id", None)
        if engine is not None or reference is not None:
            given = {"type": engine, "reference_look_id": reference}
            body["engine"] = {name: value for name, value in given.items() if value is not None}
        return {"type": "avatar", **body}


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoAgentRequest:
    """A video from a prompt: the body of ``POST /v3/video-agents``. None leaves a field out.

    It has no engine, motion or background; the agent decides about these.

    Parameters
    ----------
    prompt : str
        What the video should be, 1 to 10,000 characters.
    avatar_id : str or None
        The id of a look, never of a group; the agent chooses unless given.
    voice_id, style_id, brand_kit_id : str or None
    orientation : {"landscape", "portrait"} or None
    mode : {"generate", "chat"} or None
    incognito_mode : bool or None
    callback_url, callback_id : str or None
    files : tuple
        At most 20. What one of them is nobody documents; they are sent as they are, as JSON (an assumption).
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
        """Check the request, and that the look can be used; as `VideoRequest.check` does."""
        problems = agent_problems(self)
        if look is not None:
            problems += look_problems(self, look, None)
        if problems:
            raise VideoOptionError("A video from a prompt", problems)
        if look is not None:
            for doubt in look_warnings(self, look, group, None):
                warnings.warn(doubt, VideoOptionWarning, stacklevel=2)
        return self

    def to_json(self) -> dict[str, Any]:
        """Give the body that is sent to ``POST /v3/video-agents``."""
        body = _given(self)
        if files := body.pop("files"):
            body["files"] = list(files)
        return body


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


def _given(item: object) -> dict[str, Any]:
    """Give the fields that are not None, those within fields too; what has none of them is left out."""
    found: dict[str, Any] = {}
    for field in fields(item):  # type: ignore[arg-type]  # all of them are dataclasses
        value = getattr(item, field.name)
        if isinstance(value, (Background, Caption, VoiceSettings)):
            value = _given(value) or None
        if value is not None:
            found[field.name] = value
    return found
