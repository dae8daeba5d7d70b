"""Records of videos, agents and uploads, with the API's field names. They are read tolerantly; see `models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .. import _parsing as read
from .._display import cards, clip, video_table
from ..errors import VideoFailedError

_FINISHED = ("completed", "failed")


def _video_status(value: object) -> str:
    status = read.label(value)
    return "pending" if status in (None, "waiting") else status


def _messages(value: object) -> tuple[AgentMessage, ...]:
    sent = [item for item in value[:100] if isinstance(item, dict)] if isinstance(value, list) else []
    return tuple(
        AgentMessage(read.label(item.get("role")), read.label(item.get("type")), read.text(item.get("content")) or "")
        for item in sent
    )


@dataclass(frozen=True, slots=True, repr=False)
class Video:
    """One video, as ``GET /v3/videos/{video_id}`` serves it. Missing fields are None; `extra` is as in `Look`.

    Attributes
    ----------
    status
        ``pending`` (also for ``waiting`` and, as an assumption, when missing), ``processing``, ``completed``,
        ``failed`` (see `failure_code` and `failure_message`); others count as unfinished.
    video_url, captioned_video_url, subtitle_url, gif_url, thumbnail_url
        The film, the film with captions, an SRT file, a short preview and a picture. Signed: they expire, and
        `HeyGenClient.get_video` returns fresh ones. `video_page_url` is a page at HeyGen.
    duration, created_at, completed_at, output_format
        Seconds; two Unix times; and ``mp4`` or ``webm``, only in the response that starts a video.
    """

    id: str
    status: str = field(default="pending", metadata={"parse": _video_status})
    video_url: str | None = field(default=None, compare=False)
    captioned_video_url: str | None = field(default=None, compare=False)
    subtitle_url: str | None = field(default=None, compare=False)
    gif_url: str | None = field(default=None, compare=False)
    thumbnail_url: str | None = field(default=None, compare=False)
    video_page_url: str | None = None
    duration: float | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    title: str | None = None
    created_at: int | None = None
    completed_at: int | None = None
    folder_id: str | None = None
    output_format: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    __repr__ = read.repr_of("id", "status", "duration", "title")

    @property
    def is_finished(self) -> bool:
        """Whether it is ``completed`` or ``failed``."""
        return self.status in _FINISHED

    @classmethod
    def from_json(cls, record: object) -> Video:
        """Read a video. An `APIResponseError` without an ``id`` (``video_id`` in the response that starts a video)."""
        if isinstance(record, dict) and not record.get("id"):
            record = {**record, "id": record.get("video_id")}
            record.pop("video_id", None)
        return read.parse(cls, record)

    _page_html = staticmethod(video_table)


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """A message of a session: `role` is ``user`` or ``model``, `type` ``text``, ``resource`` or ``error``."""

    role: str | None
    type: str | None
    content: str


@dataclass(frozen=True, slots=True, repr=False)
class VideoAgentSession:
    """A session of a video agent, as ``GET /v3/video-agents/{session_id}`` serves it; see `Video`.

    The `status` is ``thinking``, ``waiting_for_input``, ``reviewing``, ``generating``, ``completed`` or ``failed``;
    others count as unfinished. The `progress` is 0 to 100. The `video_id` is there at once or when the rendering has
    started. The `messages`, at most 40, are newest first.
    """

    session_id: str
    status: str = field(default="thinking", metadata={"parse": lambda value: read.label(value) or "thinking"})
    progress: float | None = None
    title: str | None = None
    video_id: str | None = None
    created_at: int | None = None
    messages: tuple[AgentMessage, ...] = field(default=(), metadata={"parse": _messages})
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    __repr__ = read.repr_of("session_id", "status", "video_id", "question")

    @property
    def is_finished(self) -> bool:
        """Whether it is ``completed`` or ``failed``."""
        return self.status in _FINISHED

    @property
    def is_paused(self) -> bool:
        """Whether the agent waits for `HeyGenClient.answer_video_agent`; only sessions in ``chat`` mode do."""
        return self.status in ("waiting_for_input", "reviewing")

    @property
    def question(self) -> str | None:
        """The agent's newest message while it `is_paused`; else None."""
        said = (message.content for message in self.messages if message.role == "model")
        return next(said, None) if self.is_paused else None

    @property
    def failure_message(self) -> str | None:
        """The newest message of type ``error`` when the session is ``failed``; else None."""
        errors = (message.content for message in self.messages if message.type == "error")
        return next(errors, None) if self.status == "failed" else None

    @classmethod
    def from_json(cls, record: object, *, session_id: str = "") -> VideoAgentSession:
        """Read a session. An `APIResponseError` if it is no JSON object, or has no ``session_id`` and none is given."""
        if isinstance(record, dict) and session_id:
            record = {**record, "session_id": session_id}
        return read.parse(cls, record)


@dataclass(frozen=True, slots=True, repr=False)
class VideoAgentStyle:
    """A style of video agents, as ``GET /v3/video-agents/styles`` lists it; `aspect_ratio` is one such as ``16:9``."""

    style_id: str
    name: str | None = None
    thumbnail_url: str | None = field(default=None, compare=False)
    preview_video_url: str | None = field(default=None, compare=False)
    tags: tuple[str, ...] = ()
    aspect_ratio: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    __repr__ = read.repr_of("style_id", "name")

    @property
    def id(self) -> str:
        """The same as `style_id`."""
        return self.style_id

    _page_html = staticmethod(cards)


@dataclass(frozen=True, slots=True, repr=False)
class BrandKit:
    """A brand kit, as ``GET /v3/brand-kits`` lists it; `colors` are such as ``#ff5733``. See `VideoAgentStyle`."""

    brand_kit_id: str
    name: str | None = None
    colors: tuple[str, ...] = ()
    logo_url: str | None = field(default=None, compare=False)
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    __repr__ = read.repr_of("brand_kit_id", "name")

    @property
    def id(self) -> str:
        """The same as `brand_kit_id`."""
        return self.brand_kit_id


@dataclass(frozen=True, slots=True, repr=False)
class Asset:
    """An uploaded file, as ``POST /v3/assets`` returns it; `size_bytes` is in bytes. Missing fields are None."""

    asset_id: str
    url: str | None = field(default=None, compare=False)
    mime_type: str | None = None
    size_bytes: int | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    __repr__ = read.repr_of("asset_id", "mime_type", "size_bytes")


def failure_of(record: Video | VideoAgentSession) -> VideoFailedError:
    """Build the error for what HeyGen could not make."""
    code, message = getattr(record, "failure_code", None), record.failure_message
    reason = ": ".join(filter(None, (clip(code), clip(message).rstrip(".")))) or "it does not say why"
    if isinstance(record, Video):
        error = VideoFailedError(f"HeyGen could not make the video {clip(record.id)}: {reason}.")
        error.video_id = record.id
    else:
        error = VideoFailedError(f"The agent {clip(record.session_id)} failed: {reason}.")
        error.video_id = record.video_id
    error.failure_code, error.failure_message = code, message
    return error
