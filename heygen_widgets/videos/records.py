"""Records of videos and agent sessions, with the API's field names. They are read tolerantly; see `models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .. import _parsing as read
from .._display import clip
from ..errors import VideoFailedError

_FINISHED = ("completed", "failed")


@dataclass(frozen=True, slots=True, repr=False)
class Video:
    """One video, as ``GET /v3/videos/{video_id}`` serves it. Missing fields are None; `extra` is as in `Look`.

    Attributes
    ----------
    id : str
        Never empty.
    status : str
        ``pending`` (also for ``waiting`` and when missing, an assumption), ``processing``, ``completed`` or ``failed``.
        Any other value counts as unfinished.
    video_url, thumbnail_url : str or None
        Signed: they expire, and `HeyGenClient.get_video` returns fresh ones. Not part of the `repr`.
    video_page_url : str or None
        A page at HeyGen that shows the video.
    duration : float or None
        In s.
    failure_code, failure_message : str or None
        Why `status` is ``failed``.
    created_at : int or None
        Unix time in s.
    output_format : str or None
        ``mp4``, ``webm`` or a newer one.
    """

    id: str
    status: str = "pending"
    video_url: str | None = field(default=None, compare=False)
    thumbnail_url: str | None = field(default=None, compare=False)
    video_page_url: str | None = None
    duration: float | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    title: str | None = None
    created_at: int | None = None
    output_format: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        return f"Video(id={clip(self.id)!r}, status={clip(self.status)!r}, duration={self.duration})"

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
        return read.parse(cls, _VIDEO, record, "a video", 1)


@dataclass(frozen=True, slots=True, repr=False)
class VideoAgentSession:
    """A session of a video agent, as ``GET /v3/video-agents/{session_id}`` serves it; see `Video`.

    Attributes
    ----------
    session_id : str
        Never empty.
    status : str
        ``thinking``, ``waiting_for_input``, ``reviewing``, ``generating``, ``completed`` or ``failed``. Any other value
        counts as unfinished.
    progress : float or None
        0 to 100.
    question : str or None
        The agent's newest message while it is ``waiting_for_input``.
    failure_code, failure_message : str or None
        As for a video (an assumption).
    """

    session_id: str
    status: str = "thinking"
    progress: float | None = None
    video_id: str | None = None
    created_at: int | None = None
    question: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        details = {"status": self.status, "video_id": self.video_id, "question": self.question}
        shown = ", ".join(f"{name}={clip(text)!r}" for name, text in details.items() if text is not None)
        return f"VideoAgentSession(session_id={clip(self.session_id)!r}, {shown})"

    @property
    def is_finished(self) -> bool:
        """Whether it is ``completed`` or ``failed``."""
        return self.status in _FINISHED

    @classmethod
    def from_json(cls, record: object) -> VideoAgentSession:
        """Read a session. An `APIResponseError` if it is no JSON object, or has no ``session_id``."""
        if isinstance(record, dict):
            record = {**record, "question": _question(record)}
        return read.parse(cls, _SESSION, record, "a video agent session", 1)


def _question(served: dict[str, Any]) -> object:
    """Return the newest message of the agent, while it waits for an answer."""
    messages = served.get("messages")
    if served.get("status") != "waiting_for_input" or not isinstance(messages, list):
        return None
    return next((m.get("content") for m in messages if isinstance(m, dict) and m.get("role") == "model"), None)


_STATUSES = {None: "pending", "waiting": "pending"}
_VIDEO = read.parsers_of(Video, status=lambda value: _STATUSES.get(status := read.label(value), status))
_SESSION = read.parsers_of(
    VideoAgentSession,
    status=lambda value: read.label(value) or "thinking",
    video_id=lambda value: read.text(value) or None,
)


def failure_of(record: Video | VideoAgentSession) -> VideoFailedError:
    """Build the error for what HeyGen could not make."""
    code, message = record.failure_code, record.failure_message
    reason = ": ".join(filter(None, (clip(code), clip(message).rstrip(".")))) or "it does not say why"
    if isinstance(record, Video):
        error = VideoFailedError(f"HeyGen could not make the video {clip(record.id)}: {reason}.")
        error.video_id = record.id
    else:
        error = VideoFailedError(f"The agent {clip(record.session_id)} failed: {reason}.")
        error.video_id = record.video_id
    error.failure_code, error.failure_message = code, message
    return error
