"""Video agents of the stand-in: sessions whose status depends on the clock, their conversations, styles and brands."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from ._portraits import backdrop_url, logo_url
from ._records import ApiError, found
from ._scenes import SCENES
from ._video_rules import check_agent
from ._videos import THINKING, Answer, Job, Videos
from ._voices import Voices

_PATH = "/v3/video-agents"
_MOST_MESSAGES = 40
_TITLE_WORDS = 6

# What the agent says, by the status of its session.
_SAID = {
    "waiting_for_input": [("text", "Who is the film for?")],
    "reviewing": [
        ("resource", "Storyboard: a greeting, the message, and an invitation."),
        ("text", "The storyboard is ready. Shall I render it?"),
    ],
    "completed": [("text", "The video is ready.")],
    "failed": [("error", "The request contains [fail].")],
}

_STYLE_TAGS = ("cinematic", "minimal", "retro", "handmade", "corporate")
_STYLE_SIZES = {"16:9": (320, 180), "9:16": (180, 320), "1:1": (240, 240)}
_BRANDS = {"Northwind": ("#1b4965", "#f4a259"), "Fern & Co": ("#2f7f6d", "#e9f5db", "#13315c"), "Plain": ("#222222",)}

_PAUSES = {"[ask]": "waiting_for_input", "[review]": "reviewing"}


def make_styles() -> dict[str, Answer]:
    """Make the styles by id: two for each scene, with its picture."""
    scenes, ratios = sorted(SCENES), list(_STYLE_SIZES)
    styles = {}
    for place in range(2 * len(scenes)):
        scene, tag = scenes[place % len(scenes)], _STYLE_TAGS[place % len(_STYLE_TAGS)]
        ratio, style_id = ratios[place % len(ratios)], f"style_{place + 1}"
        styles[style_id] = {
            "style_id": style_id,
            "name": f"{tag.title()} {scene.lower()}",
            "thumbnail_url": backdrop_url(scene, place, *_STYLE_SIZES[ratio]),
            "preview_video_url": None,
            "tags": [tag, "dark"] if "night" in scene else [tag],
            "aspect_ratio": ratio,
        }
    return styles


def make_brand_kits() -> dict[str, Answer]:
    """Make the brand kits by id; one with a single colour has no logo."""
    kits = {}
    for place, (name, colours) in enumerate(_BRANDS.items(), start=1):
        logo = logo_url(colours) if len(colours) > 1 else None
        kits[f"kit_{place}"] = {"brand_kit_id": f"kit_{place}", "name": name, "colors": colours, "logo_url": logo}
    return kits


@dataclass(slots=True)
class _Session:
    """A conversation with an agent. Each message of the user starts another job, which replaces the one before."""

    id: str
    created: float
    title: str
    in_chat: bool
    messages: list[Answer]  # without what the agent says last
    job: Job

    @property
    def prompt(self) -> str:
        return str(self.messages[0]["content"])

    def status(self, now: float) -> str:
        share = self.job.share(now)
        if self.in_chat and share < THINKING:
            return "thinking"
        return self.job.pause or ("generating" if share < 1 else self.job.status(now))

    def conversation(self, now: float) -> list[Answer]:
        """Return all messages, oldest first."""
        said = _SAID.get(self.status(now), ())
        return self.messages + [{"role": "model", "type": kind, "content": content} for kind, content in said]


class Agents:
    """All sessions of agents of one running stand-in; see `DemoService` for their behaviour. Thread-safe.

    Parameters
    ----------
    videos : Videos
        Makes the videos.
    voices : Voices
    clock : callable
        Returns Unix time in s.
    """

    def __init__(self, videos: Videos, voices: Voices, clock: Callable[[], float]) -> None:
        self._videos = videos
        self._voices = voices
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._styles, self._brand_kits = make_styles(), make_brand_kits()

    def create(self, body: Answer) -> Answer:
        """Answer ``POST /v3/video-agents``: only in the mode `generate` the id of the video is known at once."""
        given = self._check(body, "agent")
        prompt, in_chat = given["prompt"], given.get("mode") == "chat"
        title = " ".join(prompt.split()[:_TITLE_WORDS])
        fields: Answer = {"title": title, "is_agents": True}
        if in_chat:
            fields |= {"appears": THINKING, "pause": _pause(prompt)}
        job = self._videos.start(_PATH, body, given, prompt, fields)
        session = _Session(uuid.uuid4().hex, job.created, title, in_chat, [_by_user(prompt)], job)
        with self._lock:
            self._sessions[session.id] = session
        started = {
            "session_id": session.id,
            "status": "thinking" if in_chat else "generating",
            "created_at": int(session.created),
            "video_id": None if in_chat else job.id,
        }
        return {"data": started}

    def answer(self, session_id: str, body: Answer) -> Answer:
        """Answer ``POST /v3/video-agents/{session_id}``: a message starts the work again, whatever the status."""
        session = self._find(session_id)
        if not session.in_chat:
            raise ApiError(400, "invalid_parameter", "Only a session in the mode chat takes messages")
        given = self._check(body, "answer")
        message, path = given["message"], f"{_PATH}/{session_id}"
        fields = {"title": session.title, "is_agents": True, "appears": THINKING, "pause": _pause(message)}
        with self._lock:
            given = {"avatar_id": session.job.look.id, **given}
            conversation = session.conversation(self._clock())
            marked = f"{session.prompt} {message}"
            session.job = self._videos.start(path, body, given, marked, fields, session.job)
            session.messages = [*conversation, _by_user(message)]
        return {"data": {"session_id": session_id, "run_id": uuid.uuid4().hex, "title": session.title}}

    def _check(self, body: Answer, kind: str) -> Answer:
        given = check_agent(body, self._videos.look_record, self._voices.record, kind=kind)
        for name, known in {"style_id": self._styles, "brand_kit_id": self._brand_kits}.items():
            if name in given:
                found(known.get(given[name]), "resource_not_found", f"{name} {given[name]}")
        return given

    def styles(self, tag: str | None) -> list[Answer]:
        """Return the styles with a tag, ignoring case; None means all."""
        return [style for style in self._styles.values() if tag is None or tag.lower() in style["tags"]]

    def brand_kits(self) -> list[Answer]:
        return list(self._brand_kits.values())

    def session(self, session_id: str) -> Answer:
        """Answer ``GET /v3/video-agents/{session_id}``."""
        session = self._find(session_id)
        with self._lock:
            now, job = self._clock(), session.job
            share, is_there = job.share(now), job.is_there(now)
            if "[gone]" in session.prompt and is_there and share < 1:
                raise ApiError(404, "not_found", f"Session {session_id} was not found while its video is made")
            record = {
                "session_id": session_id,
                "status": session.status(now),
                "progress": round(100 * min(share, THINKING if job.pause else 1)),
                "title": session.title if share >= THINKING or len(session.messages) > 1 else None,
                "video_id": job.id if is_there else None,
                "created_at": int(session.created),
                "messages": session.conversation(now)[::-1][:_MOST_MESSAGES],
            }
        return {"data": record}

    def _find(self, session_id: str) -> _Session:
        with self._lock:
            return found(self._sessions.get(session_id), "not_found", f"Session {session_id}")


def _by_user(text: str) -> Answer:
    return {"role": "user", "type": "text", "content": text}


def _pause(text: str) -> str | None:
    return next((status for mark, status in _PAUSES.items() if mark in text), None)
