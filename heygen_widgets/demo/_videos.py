"""Videos of the stand-in: jobs whose status depends on the clock, with their films and subtitles."""

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
from ._video_rules import check_video
from ._voices import Voices

if TYPE_CHECKING:
    from . import DemoService

AT_A_TIME = 10
"""How many videos and agents are rendered at a time; another one is refused."""

THINKING = 0.3
"""Share of an agent's time during which it is thinking."""

_REPLAYED = 86_400  # s during which a key gets the same response
_SIGNED = 3_600  # s until the URL of a film expires
_KEY = re.compile(r"[A-Za-z0-9_\-:.]{1,255}")
_FILM_LENGTH = 2.4  # s
_QUEUED = 0.2  # share of a video's time during which it is pending
_LATE = 0.1  # share of a video's time that a film with [late] comes after its completion
_CUE = 8  # words

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A video, perhaps that of an agent; its age says how far it is.

    `marked` is the text in which marks such as `[fail]` count. `appears` is the share of its time from which on it can
    be found. A job with a `pause`, the status of an agent that waits, only thinks: it has no video.
    """

    id: str
    created: float
    time: float  # s until it is finished
    look: Look
    marked: str
    title: str | None = None
    script: str | None = None
    caption: Answer | None = None
    folder_id: str | None = None
    is_agents: bool = False
    appears: float = 0.0
    pause: str | None = None

    def age(self, now: float) -> float:
        """Return its age as a share of its time, 0 or more."""
        return max(0.0, now - self.created) / self.time if self.time else float("inf")

    def share(self, now: float) -> float:
        """Return its progress, 0 to 1."""
        return min(1.0, self.age(now))

    def is_at_work(self, now: float) -> bool:
        return self.share(now) < (THINKING if self.pause else 1)

    def is_there(self, now: float) -> bool:
        """Return whether it can be found."""
        return not self.pause and self.share(now) >= self.appears

    def status(self, now: float) -> str:
        if self.share(now) < 1:
            return "pending" if self.share(now) < _QUEUED else "processing"
        return "failed" if self.fails else "completed"

    @property
    def fails(self) -> bool:
        return "[fail]" in self.marked

    def has_film(self, now: float) -> bool:
        late = "[late]" in self.marked and self.age(now) < 1 + _LATE
        return self.is_there(now) and self.status(now) == "completed" and not late


class Videos:
    """All videos of one running stand-in, those of agents too; see `DemoService` for their behaviour. Thread-safe.

    Parameters
    ----------
    service : DemoService
        Has the catalogue, the clock, the render time, and the list of accepted requests.
    previews : Previews
    voices : Voices
    """

    def __init__(self, service: DemoService, previews: Previews, voices: Voices) -> None:
        self._catalogue = service.catalogue
        self._filmed = [look for look in [*self._catalogue.looks, *self._catalogue.example.looks] if look.filmed]
        self._previews = previews
        self._voices = voices
        self._clock = service.clock
        self._render_time = service.render_time
        self._accepted = service.accepted
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._at_work: list[Job] = []
        self._replies: dict[str, tuple[float, Answer]] = {}
        self._keys_at_work: set[str] = set()

    def create(self, body: Answer, key: str | None, work: Callable[[], object]) -> Answer:
        """Answer ``POST /v3/videos``.

        Parameters
        ----------
        body : dict
        key : str or None
            The header ``Idempotency-Key``.
        work : callable
            Called once the key is known to be new; takes time.
        """
        if key is None:
            work()
            return self._carry_out(body)
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
            reply = self._carry_out(body)
            with self._lock:
                self._replies[key] = (self._clock(), reply)
            return reply
        finally:
            with self._lock:
                self._keys_at_work.discard(key)

    def _carry_out(self, body: Answer) -> Answer:
        given = check_video(body, self.look_record, self._voices.record)
        fields = {name: given.get(name) for name in ("title", "script", "caption", "folder_id")}
        job = self.start("/v3/videos", body, given, f"{given.get('script')} {given.get('title')}", fields)
        return {"data": {"video_id": job.id, "status": "waiting", "output_format": given.get("output_format", "mp4")}}

    def start(
        self, path: str, body: Answer, given: Answer, marked: str, fields: Answer, ended: Job | None = None
    ) -> Job:
        """Start a job for a request and return it.

        Parameters
        ----------
        path, body : str, dict
            The request, for `DemoService.accepted`.
        given : dict
            Its fields that are given.
        marked : str
            The text in which marks count.
        fields : dict
            Further fields of the job.
        ended : Job, optional
            The job that this one replaces: what cannot be found yet never will be.

        Raises
        ------
        ApiError
            429 when ten are at work.
        """
        look = self._look_of(given)
        with self._lock:
            now = self._clock()
            replaced = ended if ended and not ended.is_there(now) else None
            at_work = [job for job in self._at_work if job.is_at_work(now) and job is not replaced]
            if len(at_work) >= AT_A_TIME:
                message = f"{AT_A_TIME} videos are being rendered; wait until one is finished"
                raise ApiError(429, "rate_limit_exceeded", message, Retry_After="2")
            if replaced:
                del self._jobs[replaced.id]
            job = Job(uuid.uuid4().hex, now, self._render_time, look, marked, **fields)
            self._jobs[job.id] = job
            self._at_work = [*at_work, job]
            self._accepted.append((path, body))
        return job

    def _look_of(self, given: Answer) -> Look:
        """Return the requested look, or one that is ready."""
        ready = (look for look in self._catalogue.looks if look.status in (None, "completed"))
        look = self._catalogue.look(given.get("avatar_id", "")) or next(ready, None)
        return found(look, "avatar_not_found", "A look to make a video with")

    def look_record(self, look_id: str) -> Answer | None:
        """Return the fields of a look, or None."""
        look = self._catalogue.look(look_id)
        return look_record(look, self._previews) if look else None

    @property
    def ids(self) -> list[str]:
        """The ids of the requested videos, without those of agents, in order."""
        with self._lock:
            return [job.id for job in self._jobs.values() if not job.is_agents]

    def video(self, video_id: str) -> Answer:
        """Answer ``GET /v3/videos/{video_id}``."""
        return {"data": self.record(found(self._find(video_id), "video_not_found", f"Video {video_id}"))}

    def select(self, *, title: str | None = None, folder_id: str | None = None) -> list[Job]:
        """Return the videos with a part of a title, ignoring case, and in a folder, newest first; None means any."""
        now = self._clock()
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.is_there(now)]
        return [
            job
            for job in reversed(jobs)
            if (title is None or title.lower() in (job.title or "").lower())
            and (folder_id is None or job.folder_id == folder_id)
        ]

    def record(self, job: Job) -> Answer:
        """Return the fields of a video, ready for JSON."""
        now = self._clock()
        status, caption = job.status(now), job.caption or {}
        is_completed, has_film = status == "completed", job.has_film(now)
        return {
            "id": job.id,
            "status": status,
            "title": job.title,
            "created_at": int(job.created),
            "completed_at": int(job.created + job.time) if is_completed else None,
            "video_url": self._url(job, "webm") if has_film else None,
            "thumbnail_url": self._previews.image_url(job.look) if is_completed else None,
            "gif_url": None,
            "video_page_url": None,
            "duration": _FILM_LENGTH if is_completed else None,
            "failure_code": "render_failed" if status == "failed" else None,
            "failure_message": "The request contains [fail]." if status == "failed" else None,
            "subtitle_url": self._url(job, "srt") if has_film and caption else None,
            "captioned_video_url": self._url(job, "captioned.webm") if has_film and caption.get("style") else None,
            "folder_id": job.folder_id,
        }

    def _url(self, job: Job, kind: str) -> str:
        return self._previews.signed(f"/films/{job.id}.{kind}", int(self._clock()) + _SIGNED)

    def _find(self, video_id: str) -> Job | None:
        with self._lock:
            job = self._jobs.get(video_id)
        return job if job and job.is_there(self._clock()) else None

    def film(self, file: str) -> str | None:
        """Return the name of the clip that is served as a file in ``/films``, or None."""
        video_id, _, kind = file.partition(".")
        job = self._find(video_id)
        if job is None or kind not in ("webm", "captioned.webm") or not job.has_film(self._clock()):
            return None
        return clip_name(min(self._filmed, key=lambda look: _unlikeness(look, job.look)))

    def subtitles(self, file: str) -> bytes | None:
        """Return the SRT file with this name, or None: a cue for every eight words, over the length of the film."""
        job = self._find(file.removesuffix(".srt"))
        if job is None or not job.caption or not job.has_film(self._clock()):
            return None
        words = (job.script or "").split() or ["(sound)"]
        cues = [" ".join(words[start : start + _CUE]) for start in range(0, len(words), _CUE)]
        times = [_timestamp(_FILM_LENGTH * place / len(cues)) for place in range(len(cues) + 1)]
        entries = [f"{n + 1}\n{times[n]} --> {times[n + 1]}\n{cue}\n" for n, cue in enumerate(cues)]
        return "\n".join(entries).encode()


def _timestamp(seconds: float) -> str:
    return f"00:00:{seconds:06.3f}".replace(".", ",")


def _unlikeness(look: Look, wanted: Look) -> tuple[bool, ...]:
    """Return a sort key: the look itself, then looks of the same person, then people of the same gender."""
    group, other = look.group, wanted.group
    return look is not wanted, group is not other, group.person.woman != other.person.woman
