"""Videos and agents of the stand-in: jobs whose status depends on the clock, and their films."""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._catalogue import Look
from ._previews import Previews, clip_name
from ._records import ApiError, invalid, look_record
from ._video_rules import check_agent, check_video
from ._voices import Voices

if TYPE_CHECKING:
    from . import DemoService

AT_A_TIME = 10
"""How many videos and agents are rendered at a time; another one is refused."""

_REMEMBERED = 10_000  # jobs, keys and accepted bodies
_REPLAYED = 86_400  # s during which a key gets the same response
_SIGNED = 3_600  # s until the URL of a film expires
_KEY = re.compile(r"[A-Za-z0-9_\-:.]{1,255}")
_FILM_LENGTH = 1.6  # s
_QUEUED = 0.2  # share of a video's time during which it is pending
_THINKING = 0.3  # share of an agent's time during which it is thinking

Answer = dict[str, Any]


@dataclass(slots=True)
class _Job:
    """A video or an agent session; its age says how far it is."""

    id: str
    created: float
    time: float  # s until it is finished
    look: Look
    title: str | None
    output_format: str
    fails: bool
    asks: bool = False
    film: _Job | None = None  # of an agent

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
    base_url : str
        Without a slash at the end.
    """

    def __init__(self, service: DemoService, previews: Previews, voices: Voices, base_url: str) -> None:
        self._catalogue = service.catalogue
        self._previews = previews
        self._voices = voices
        self._base_url = base_url
        self._clock = service.clock
        self._render_time = service.render_time
        self._accepted = service.accepted
        self._lock = threading.Lock()
        self._videos: dict[str, _Job] = {}
        self._sessions: dict[str, _Job] = {}
        self._films: dict[str, _Job] = {}  # of agents
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
                self._replies.pop(key, None)
                self._replies[key] = (self._clock(), reply)
                _forget_oldest(self._replies)
            return reply
        finally:
            with self._lock:
                self._keys_at_work.discard(key)

    def _carry_out(self, path: str, body: Answer) -> Answer:
        check = check_video if path == "/v3/videos" else check_agent
        given = check(body, self._record, lambda voice_id: self._voices.record(voice_id) is not None)
        with self._lock:
            now = self._clock()
            self._at_work = [job for job in self._at_work if job.is_at_work(now)]
            if len(self._at_work) >= AT_A_TIME:
                message = f"{AT_A_TIME} videos are being rendered; wait until one is finished"
                raise ApiError(429, "rate_limit_exceeded", message, retry_after=2)
            answer = self._start_video(given, now) if path == "/v3/videos" else self._start_agent(given, now)
            self._accepted.append((path, body))
            return answer

    def _start_video(self, given: Answer, now: float) -> Answer:
        said = f"{given.get('script', '')} {given.get('title', '')}"
        job = self._job(
            self._look_of(given), now, given.get("title"), given.get("output_format", "mp4"), "[fail]" in said
        )
        self._videos[job.id] = job
        _forget_oldest(self._videos)
        self._at_work.append(job)
        return {"data": {"video_id": job.id, "status": "waiting", "output_format": job.output_format}}

    def _start_agent(self, given: Answer, now: float) -> Answer:
        look = self._look_of(given)
        fails, asks = "[fail]" in given["prompt"], "[ask]" in given["prompt"]
        job = self._job(look, now, None, "mp4", fails)
        job.asks = asks
        job.film = self._job(look, now, None, "mp4", fails)
        self._sessions[job.id], self._films[job.film.id] = job, job.film
        _forget_oldest(self._sessions)
        _forget_oldest(self._films)
        self._at_work.append(job)
        return {"data": {"session_id": job.id, "status": "thinking", "created_at": int(now), "video_id": None}}

    def _look_of(self, given: Answer) -> Look:
        """Return the requested look, or one that is ready."""
        ready = (look for look in self._catalogue.looks if look.status in (None, "completed"))
        look = self._catalogue.look(given.get("avatar_id", "")) or next(ready, None)
        if look is None:
            raise ApiError(404, "avatar_not_found", "There is no look to make a video with")
        return look

    def _job(self, look: Look, now: float, title: str | None, output_format: str, fails: bool) -> _Job:
        return _Job(uuid.uuid4().hex, now, self._render_time, look, title, output_format, fails)

    def _record(self, look_id: str) -> Answer | None:
        look = self._catalogue.look(look_id)
        return look_record(look, self._previews) if look else None

    @property
    def ids(self) -> list[str]:
        """The ids of the requested videos, without those of agents, in order."""
        with self._lock:
            return list(self._videos)

    def video(self, video_id: str) -> Answer:
        """Answer ``GET /v3/videos/{video_id}``."""
        job = self._find(video_id)
        if job is None:
            raise ApiError(404, "video_not_found", f"Video {video_id} was not found")
        share = job.share(self._clock())
        status = "pending" if share < _QUEUED else "processing"
        if share == 1:
            status = "failed" if job.fails else "completed"
        is_there = status == "completed"
        return {
            "data": {
                "id": job.id,
                "status": status,
                "title": job.title,
                "created_at": int(job.created),
                "video_url": self._film_url(job) if is_there else None,
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
            job = self._sessions.get(session_id)
        if job is None:
            raise ApiError(404, "not_found", f"Session {session_id} was not found")
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
                "session_id": job.id,
                "status": status,
                "progress": round(100 * share),
                "created_at": int(job.created),
                "video_id": job.film.id if job.film and status == "completed" else None,
                "messages": messages,
                "failure_code": "agent_failed" if status == "failed" else None,
                "failure_message": "The request contains [fail]." if status == "failed" else None,
            }
        }

    def _find(self, video_id: str) -> _Job | None:
        with self._lock:
            return self._videos.get(video_id) or self._films.get(video_id)

    def _film_url(self, job: _Job) -> str:
        expires = int(self._clock()) + _SIGNED
        return self._base_url + self._previews.signed(f"/films/{job.id}.webm", expires)

    def film(self, file: str) -> tuple[str, str] | None:
        """Return the clip and the entity tag of a file in ``/films``, or None."""
        job = self._find(file.removesuffix(".webm")) if file.endswith(".webm") else None
        if job is None or job.fails or job.share(self._clock()) < 1:
            return None
        name = clip_name(job.look)
        return name, f'"{hashlib.blake2b(f"{job.id} {name}".encode(), digest_size=8).hexdigest()}"'


def _forget_oldest(jobs: dict[str, Any]) -> None:
    if len(jobs) > _REMEMBERED:
        del jobs[next(iter(jobs))]
