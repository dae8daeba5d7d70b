"""Videos and agents of the stand-in: jobs whose status depends on the clock, and their films."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._catalogue import Look
from ._previews import Previews, clip_name
from ._records import ApiError, found, invalid, look_record
from ._video_rules import check_agent, check_video
from ._voices import Voices

if TYPE_CHECKING:
    from . import DemoService

AT_A_TIME = 10
"""How many videos and agents are rendered at a time; another one is refused."""

_REPLAYED = 86_400  # s during which a key gets the same response
_SIGNED = 3_600  # s until the URL of a film expires
_KEY = re.compile(r"[A-Za-z0-9_\-:.]{1,255}")
_FILM_LENGTH = 2.4  # s
_QUEUED = 0.2  # share of a video's time during which it is pending
_THINKING = 0.3  # share of an agent's time during which it is thinking

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Job:
    """A video, perhaps that of an agent; its age says how far it is."""

    id: str
    session_id: str | None
    created: float
    time: float  # s until it is finished
    look: Look
    title: str | None
    output_format: str
    fails: bool
    asks: bool

    def share(self, now: float) -> float:
        """Return its progress, 0 to 1."""
        return min(1.0, max(0.0, now - self.created) / self.time) if self.time else 1.0

    def is_at_work(self, now: float) -> bool:
        return self.share(now) < 1 and not (self.asks and self.share(now) >= _THINKING)


class Videos:
    """All videos and agents of one running stand-in; see `DemoService` for their behaviour. Thread-safe.

    Parameters
    ----------
    service : DemoService
        Has the catalogue, the clock, the render time, and the list of accepted requests.
    previews : Previews
    voices : Voices
    """

    def __init__(self, service: DemoService, previews: Previews, voices: Voices) -> None:
        self._catalogue = service.catalogue
        self._filmed = [look for look in service.catalogue.looks if look.filmed]
        self._previews = previews
        self._voices = voices
        self._clock = service.clock
        self._render_time = service.render_time
        self._accepted = service.accepted
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}  # by the id of the video
        self._sessions: dict[str, _Job] = {}
        self._at_work: list[_Job] = []
        self._replies: dict[str, tuple[float, Answer]] = {}
        self._keys_at_work: set[str] = set()

    def create(self, path: str, body: Answer, key: str | None, work: Callable[[], object]) -> Answer:
        """Answer a POST.

        Parameters
        ----------
        path : str
            ``/v3/videos`` or ``/v3/video-agents``.
        body : dict
        key : str or None
            The header ``Idempotency-Key``, used only for videos.
        work : callable
            Called once the key is known to be new; takes time.
        """
        if path != "/v3/videos" or key is None:
            work()
            return self._carry_out(path, body)
        if not _KEY.fullmatch(key):
            raise invalid("Idempotency-Key", "Idempotency-Key must be 1 to 255 of A-Z, a-z, 0-9, _, -, : and .")
        with self._lock:
            if key in self._keys_at_work:
                raise ApiError(409, "request_in_progress", "A request with this Idempotency-Key is in progress")
            made, reply = self._replies.get(key, (float("-inf"), {}))
            if self._clock() - made < _REPLAYED:
                return reply
            self._keys_at_work.add(key)
        try:
            work()
            reply = self._carry_out(path, body)
            with self._lock:
                self._replies[key] = (self._clock(), reply)
            return reply
        finally:
            with self._lock:
                self._keys_at_work.discard(key)

    def _carry_out(self, path: str, body: Answer) -> Answer:
        is_video = path == "/v3/videos"
        check = check_video if is_video else check_agent
        given = check(body, self._record, self._voices.record)
        prompt = given.get("prompt", "")
        with self._lock:
            now = self._clock()
            self._at_work = [job for job in self._at_work if job.is_at_work(now)]
            if len(self._at_work) >= AT_A_TIME:
                message = f"{AT_A_TIME} videos are being rendered; wait until one is finished"
                raise ApiError(429, "rate_limit_exceeded", message, Retry_After="2")
            job = _Job(
                id=uuid.uuid4().hex,
                session_id=None if is_video else uuid.uuid4().hex,
                created=now,
                time=self._render_time,
                look=self._look_of(given),
                title=given.get("title"),
                output_format=given.get("output_format", "mp4"),
                fails="[fail]" in f"{prompt} {given.get('script')} {given.get('title')}",
                asks="[ask]" in prompt,
            )
            self._jobs[job.id] = job
            self._at_work.append(job)
            self._accepted.append((path, body))
            if job.session_id is None:
                return {"data": {"video_id": job.id, "status": "waiting", "output_format": job.output_format}}
            self._sessions[job.session_id] = job
            started = {"session_id": job.session_id, "status": "thinking", "created_at": int(now), "video_id": None}
            return {"data": started}

    def _look_of(self, given: Answer) -> Look:
        """Return the requested look, or one that is ready."""
        ready = (look for look in self._catalogue.looks if look.status in (None, "completed"))
        look = self._catalogue.look(given.get("avatar_id", "")) or next(ready, None)
        return found(look, "avatar_not_found", "A look to make a video with")

    def _record(self, look_id: str) -> Answer | None:
        look = self._catalogue.look(look_id)
        return look_record(look, self._previews) if look else None

    @property
    def ids(self) -> list[str]:
        """The ids of the requested videos, without those of agents, in order."""
        with self._lock:
            return [job.id for job in self._jobs.values() if job.session_id is None]

    def video(self, video_id: str) -> Answer:
        """Answer ``GET /v3/videos/{video_id}``."""
        job = found(self._find(video_id), "video_not_found", f"Video {video_id}")
        share = job.share(self._clock())
        status = "pending" if share < _QUEUED else "processing"
        if share == 1:
            status = "failed" if job.fails else "completed"
        is_there = status == "completed"
        film_url = self._previews.signed(f"/films/{job.id}.webm", int(self._clock()) + _SIGNED)
        return {
            "data": {
                "id": job.id,
                "status": status,
                "title": job.title,
                "created_at": int(job.created),
                "video_url": film_url if is_there else None,
                "thumbnail_url": self._previews.image_url(job.look) if is_there else None,
                "video_page_url": None,
                "duration": _FILM_LENGTH if is_there else None,
                "failure_code": "render_failed" if status == "failed" else None,
                "failure_message": "The request contains [fail]." if status == "failed" else None,
                "output_format": job.output_format,
            }
        }

    def session(self, session_id: str) -> Answer:
        """Answer ``GET /v3/video-agents/{session_id}``."""
        with self._lock:
            job = found(self._sessions.get(session_id), "not_found", f"Session {session_id}")
        share = job.share(self._clock())
        messages = []
        if share < _THINKING:
            status = "thinking"
        elif job.asks:
            status, share = "waiting_for_input", _THINKING
            messages = [{"role": "model", "type": "text", "content": "Who is the film for?"}]
        elif share < 1:
            status = "generating"
        else:
            status = "failed" if job.fails else "completed"
        return {
            "data": {
                "session_id": session_id,
                "status": status,
                "progress": round(100 * share),
                "created_at": int(job.created),
                "video_id": job.id if status == "completed" else None,
                "messages": messages,
                "failure_code": "agent_failed" if status == "failed" else None,
                "failure_message": "The request contains [fail]." if status == "failed" else None,
            }
        }

    def _find(self, video_id: str) -> _Job | None:
        with self._lock:
            return self._jobs.get(video_id)

    def film(self, file: str) -> str | None:
        """Return the name of the clip that is served as a file in ``/films``, or None."""
        job = self._find(file.removesuffix(".webm"))
        if job is None or job.fails or job.share(self._clock()) < 1:
            return None
        return clip_name(min(self._filmed, key=lambda look: _unlikeness(look, job.look)))


def _unlikeness(look: Look, wanted: Look) -> tuple[bool, ...]:
    """Return a sort key: the look itself, then looks of the same person, then people of the same gender."""
    group, other = look.group, wanted.group
    return look is not wanted, group is not other, group.person.woman != other.person.woman
