"""Requests for videos, checked against the look before they are sent; see `heygen_widgets.videos`."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field, fields, replace
from typing import Any, Self

from .._parsing import id_of, known_keywords, known_value
from ..models import AvatarGroup, Look, Voice
from .checks import check_request
from .options import read_rules
from .records import Asset


def _clean(request: Any) -> None:  # noqa: ANN401 - a request or a part of one
    """Make the fields what the service takes."""
    for name in request.__dataclass_fields__:
        object.__setattr__(request, name, _cleaned(name, getattr(request, name)))


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
    """The voice: `speed` 0.5 to 1.5 (1 by default), `pitch` -50 to 50, `volume` 0 to 1, `locale` as in ``en-GB``.

    The `engine_settings` are a dict with an ``engine_type``, sent unchanged.
    """

    speed: float | None = None
    pitch: float | None = None
    volume: float | None = None
    locale: str | None = None
    engine_settings: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """A video with a look: the body of ``POST /v3/videos``, ``{"type": "avatar", …}``. None leaves a field out.

    The constructor checks no values, so that `check` can report every problem at once. It turns records into their ids,
    the scalars of tables into Python's own (NA into None), and ``Avatar IV`` or ``4K`` into the service's ``avatar_iv``
    and ``4k``. A wrong kind of `background`, `caption` or `voice_settings` is a `TypeError`.

    Parameters
    ----------
    avatar_id
        A look or its id, never that of a group.
    script, audio_url, audio_asset_id
        Exactly one is needed: the spoken text, 1 to 5,000 characters, or a recording of at most 600 s (not checked
        here), by its URL or as an upload.
    voice_id
        The look's default voice by default.
    engine
        ``avatar_iv``, ``avatar_v`` or ``avatar_iii``, one that the look lists. The service's default is ``avatar_iv``;
        if the look does not list that, `check` names one of the other two that it lists.
    reference_look_id
        A digital twin of the same group that is ready; needs ``avatar_v``.
    expressiveness, aspect_ratio, resolution, fit, output_format
        In this order: ``high``, ``medium``, ``low``; ``16:9`` (the service's default), ``9:16``, ``4:5``, ``5:4``,
        ``1:1``, ``auto``; ``4k``, ``1080p``, ``720p``; ``contain``, ``cover``; ``mp4``, ``webm``.
    background, caption, voice_settings
        ``{"type": "color", "value": "#00ff00"}``, ``{"type": "image", "url": …}`` or an uploaded picture; ``{}`` for an
        SRT file, ``{"style": "default"}`` for captions in the film too; and, for example, ``{"speed": 1.2}``.
    watermark
        For enterprise accounts: an ``image`` like one of the `files` of `VideoAgentRequest`, and other options.
    callback_url
        HeyGen calls it when the video is finished.
    """

    avatar_id: str | Look
    script: str | None = None
    _: KW_ONLY
    audio_url: str | None = None
    audio_asset_id: str | None = None
    voice_id: str | Voice | None = None
    engine: str | None = None
    reference_look_id: str | Look | None = None
    motion_prompt: str | None = None
    expressiveness: str | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    fit: str | None = None
    background: Background | Mapping[str, Any] | Asset | None = None
    remove_background: bool | None = None
    output_format: str | None = None
    caption: Caption | Mapping[str, Any] | None = None
    voice_settings: VoiceSettings | Mapping[str, Any] | None = None
    watermark: dict[str, Any] | None = field(default=None, repr=False)
    title: str | None = None
    callback_url: str | None = None
    callback_id: str | None = None
    folder_id: str | None = None
    brand_glossary_id: str | None = None

    def __post_init__(self) -> None:
        _clean(self)

    def check(
        self, look: Look | None = None, *, group: AvatarGroup | None = None, reference: Look | None = None
    ) -> Self:
        """Check the request and return it, with an engine if the look does not list ``avatar_iv``. Nothing is sent.

        Without a `look`, only what does not depend on it is checked. The `group` is the look's, whose consent is
        checked, and `reference` the look of `reference_look_id`. A `VideoOptionError` lists all problems. There is a
        `VideoOptionWarning` for each parameter that the service may refuse, since HeyGen does not document it for this
        look or the records do not show what it needs, such as matting for a transparent background.
        """
        __tracebackhide__ = True
        check_request("video", _given(self), look, group, reference)
        if look is None or self.engine is not None or look.default_engine == read_rules()["default_engine"]:
            return self
        return replace(self, engine=look.default_engine)

    def to_json(self) -> dict[str, Any]:
        """Return the body of ``POST /v3/videos``."""
        body = {name: value for name, value in _given(self).items() if value != {}}
        names = (("engine", "type"), ("reference_look_id", "reference_look_id"))
        if engine := {inner: body.pop(name) for name, inner in names if name in body}:
            body["engine"] = engine
        return {"type": "avatar", **body}


@dataclass(frozen=True, slots=True)
class VideoAgentRequest:
    """A video from a prompt: the body of ``POST /v3/video-agents``. None leaves a field out.

    It has no engine, motion or background: the agent decides about them.

    Parameters
    ----------
    prompt, avatar_id
        What the video should be, 1 to 10,000 characters; and a look or its id, never that of a group. By default the
        agent chooses one.
    orientation, mode
        ``landscape``, ``portrait``; ``generate`` (the service's default), ``chat``, in which the agent asks questions.
    files
        At most 20, each an `Asset`, ``{"type": "url", "url": …}``, ``{"type": "asset_id", "asset_id": …}`` or
        ``{"type": "base64", "media_type": …, "data": …}``.
    """

    prompt: str
    avatar_id: str | Look | None = None
    _: KW_ONLY
    voice_id: str | Voice | None = None
    style_id: str | None = None
    orientation: str | None = None
    mode: str | None = None
    brand_kit_id: str | None = None
    incognito_mode: bool | None = None
    callback_url: str | None = None
    callback_id: str | None = None
    files: Sequence[Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _clean(self)

    def check(self, look: Look | None = None, *, group: AvatarGroup | None = None) -> Self:
        """Check the request, and that the look can be used; see `VideoRequest.check`."""
        check_request("agent", _given(self), look, group, None)
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the body of ``POST /v3/video-agents``."""
        return _given(self)


def agent_answer(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - those of the endpoint
    """Return the checked body of ``POST /v3/video-agents/{session_id}``; see `HeyGenClient.answer_video_agent`."""
    cleaned = {name: _cleaned(name, value) for name, value in fields.items()}
    given = {name: value for name, value in cleaned.items() if value is not None}
    check_request("answer", given, None, None, None)
    return given


for _kind in (VideoRequest, VideoAgentRequest):
    _kind.__init__ = known_keywords(_kind.__init__)  # type: ignore[method-assign]  # it is generated


def _given(request: Any) -> dict[str, Any]:  # noqa: ANN401 - a request or a part of one
    """Return the fields that are not None, with nested objects as dictionaries."""
    given = {field.name: value for field in fields(request) if (value := getattr(request, field.name)) is not None}
    return {name: _given(value) if name in _PARTS else value for name, value in given.items()}


def request_of(request: object, script: str | None, more: Mapping[str, Any]) -> VideoRequest:
    """Return a request, or make one from a look or its id, a script and more fields; a dict is more fields."""
    if isinstance(request, VideoRequest):
        if script is None and not more:
            return request
        raise TypeError("give a VideoRequest or its fields, not both: use dataclasses.replace to change a request")
    if isinstance(request, Mapping):
        more, request = {**request, **more}, None
    given: dict[str, Any] = {"avatar_id": request, "script": script}
    given = {name: value for name, value in given.items() if value is not None or name not in more}
    return VideoRequest(**given, **more)


_PARTS: dict[str, type[Any]] = {"background": Background, "caption": Caption, "voice_settings": VoiceSettings}


def _cleaned(name: str, value: object) -> object:
    """Return the value of a field as the service takes it, where its meaning is certain."""
    value = known_value(name, value) if name == "engine" else id_of(name, value)
    if name == "background" and isinstance(value, Asset):
        return Background("image", asset_id=value.asset_id)
    if (part := _PARTS.get(name)) and value is not None:
        if not isinstance(value, part | Mapping):
            known = ", ".join(field.name for field in fields(part))
            raise TypeError(f"{name} should be a {part.__name__} or a dict with its fields ({known}), not {value!r}")
        given = value if isinstance(value, Mapping) else asdict(value)
        return part(**{key: _cleaned(key, item) for key, item in given.items()})
    if name == "files" and isinstance(value, (list, tuple)):
        return [{"type": "asset_id", "asset_id": x.asset_id} if hasattr(x, "asset_id") else x for x in value] or None
    rules = read_rules()
    choices = {**rules["video"]["fields"], **rules["agent"]["fields"]}.get(name, {}).get("choices", ())
    return next((choice for choice in choices if isinstance(value, str) and choice == value.strip().lower()), value)
