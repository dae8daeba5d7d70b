"""Records of videos and agent sessions, with the API's field names. They are read tolerantly; see `models`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from .. import _parsing as read
from .._display import clip
from ..errors import APIResponseError, VideoFailedError

__all__ = ["Video", "VideoAgentSession", "failure_of", "failure_reason"]

_FINISHED = ("completed", "failed")
_LAST_SECOND = 253_402_300_799  # the end of the year 9999, the last that datetime can hold
_LONGEST_VIDEO = 10**7  # s


@dataclass(frozen=True, slots=True, repr=False)
class Video:
    """One video, as ``GET /v3/videos/{video_id}`` serves it. Missing fields are None.

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
    title : str or None
    created_at : int or None
        Unix time in s.
    output_format : str or None
        ``mp4``, ``webm`` or a newer one.
    extra : dict
        Fields that this package does not know; read-only.
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

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Video(id={clip(self.id)!r}, status={clip(self.status)!r}, duration={self.duration})"

    @property
    def is_finished(self) -> bool:
        """Whether it is ``completed`` or ``failed``."""
        return self.status in _FINISHED

    @classmethod
    def from_json(cls, record: object) -> Video:
        """Read a JSON object of the service: one video, or the response to the request that started it.

        Raises
        ------
        APIResponseError
            When it is no object, or neither ``id`` nor ``video_id`` is a string that is not empty.
        """
        served = read.json_object(record, "video")
        get = served.get
        status = read.label(get("status")) or "pending"
        return cls(
            _id(served, "id" if get("id") else "video_id", "video"),
            "pending" if status == "waiting" else status,
            read.text(get("video_url")),
            read.text(get("thumbnail_url")),
            read.text(get("video_page_url")),
            _number(get("duration"), _LONGEST_VIDEO),
            read.label(get("failure_code")),
            read.text(get("failure_message")),
            read.text(get("title")),
            read.integer(get("created_at"), 0, _LAST_SECOND),
            read.label(get("output_format")),
            read.unknown_fields(served, _VIDEO_FIELDS),
        )


@dataclass(frozen=True, slots=True, repr=False)
class VideoAgentSession:
    """A session of a video agent, as ``GET /v3/video-agents/{session_id}`` serves it. Missing fields are None.

    Attributes
    ----------
    session_id : str
        Never empty.
    status : str
        ``thinking``, ``waiting_for_input``, ``reviewing``, ``generating``, ``completed`` or ``failed``. Any other value
        counts as unfinished.
    progress : float or None
        0 to 100.
    video_id : str or None
    created_at : int or None
        Unix time in s.
    question : str or None
        The agent's question while it is ``waiting_for_input``: the first text in ``question``, ``message`` or the last
        of ``messages`` (an assumption).
    failure_code, failure_message : str or None
        Why `status` is ``failed``, in the fields of a video (an assumption).
    extra : dict
        Fields that this package does not know; read-only.
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

    def __hash__(self) -> int:
        return hash(self.session_id)

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
        """Read a JSON object of the service.

        Raises
        ------
        APIResponseError
            When it is no object, or ``session_id`` is no string or empty.
        """
        served = read.json_object(record, "video agent session")
        get = served.get
        status = read.label(get("status")) or "thinking"
        return cls(
            _id(served, "session_id", "video agent session"),
            status,
            _number(get("progress"), 100),
            read.text(get("video_id")) or None,
            read.integer(get("created_at"), 0, _LAST_SECOND),
            _question(served) if status == "waiting_for_input" else None,
            read.label(get("failure_code")),
            read.text(get("failure_message")),
            read.unknown_fields(served, _SESSION_FIELDS),
        )


def failure_of(video: Video) -> VideoFailedError:
    """Build the error for a video that HeyGen could not make."""
    reason = failure_reason(video.failure_code, video.failure_message)
    text = f"HeyGen could not make the video {clip(video.id)}: {reason}."
    return VideoFailedError(text, video.id, video.failure_code, video.failure_message)


def failure_reason(code: str | None, message: str | None) -> str:
    return ": ".join(part for part in (clip(code), clip(message).rstrip(".")) if part) or "it does not say why"


def _id(served: dict[str, Any], name: str, kind: str) -> str:
    value = read.required(served, name, kind)
    if not value:
        raise APIResponseError(f"The service sent a {kind} whose {name!r} is empty.")
    return value


def _number(value: object, largest: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value <= largest else None


def _question(served: dict[str, Any]) -> str | None:
    messages = served.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if isinstance(last, dict):
        last = last.get("content") or last.get("message")
    texts = ((read.text(value) or "").strip() for value in (served.get("question"), served.get("message"), last))
    return next((text for text in texts if text), None)


_VIDEO_FIELDS = {"video_id", *(f.name for f in fields(Video) if f.name != "extra")}
_SESSION_FIELDS = {f.name for f in fields(VideoAgentSession) if f.name not in ("extra", "question")}
