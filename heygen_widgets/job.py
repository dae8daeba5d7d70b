"""The card of a video that is being rendered. Other cells can run in the meantime."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipywidgets import Layout

from ._background import WIDGET_LOCK, Worker, start_thread
from ._display import clip, echo, image, literal, name_of, page, title
from ._parsing import plain
from ._widget import SharedTemplate
from .api.polling import add_way_back, checked_wait, poll_until_finished, settled, wait_code
from .api.validation import checked_id, checked_key
from .errors import HeyGenError, VideoTimeoutError
from .models import Look, checked_records
from .videos import Video
from .videos.records import failure_of
from .videos.requests import request_of

if TYPE_CHECKING:
    from .api import HeyGenClient

__all__ = ["VideoJob"]

_LONGEST_RENDER = 86_400  # s; a video that seems older has a wrong `created_at`
_SHAPES = {"16:9": 16 / 9, "9:16": 9 / 16, "4:5": 4 / 5, "5:4": 5 / 4, "1:1": 1.0}  # width / height
_SHAPES |= {"landscape": 16 / 9, "portrait": 9 / 16, "square": 1.0}


class VideoJob(SharedTemplate):
    """Follow a video until it is finished, on its own thread: ``GET /v3/videos/{video_id}``.

    It shows a card with the look, the status and the elapsed time, and at the end a player with a download. The render
    goes on at HeyGen when the notebook is closed or the kernel restarts; ``VideoJob(client, video_id="…")`` follows it
    again. The job polls at once, after 2 s, then less and less often, at last every 30 s. *Copy code* copies Python
    that waits for the video and downloads it or, if the render failed, that starts another video, which costs credits.

    Parameters
    ----------
    video_id, idempotency_key
        The id that `HeyGenClient.create_video` returns, and the key of that request, which the `repr` shows: within
        24 h, the same request with it makes no second video. `HeyGenClient.start_video` starts a video and its job.
    look, aspect_ratio
        The look's name and picture are on the card, which keeps space for a film such as ``9:16``; by default that of
        the look, or 16:9.
    timeout
        How long the job follows the video, in s. A click on the card, or `follow`, continues.
    """

    # No trait holds the video's state, so no saved notebook contains the URL of the film: it is a key to a face.

    _problem: Exception  # why the job no longer follows a video that is not finished

    def __init__(
        self,
        client: HeyGenClient,
        video_id: str | Video,
        *,
        look: Look | None = None,
        timeout: float = 1_200,
        aspect_ratio: str | None = None,
        idempotency_key: str | None = None,
        layout: Layout | None = None,
    ) -> None:
        if not hasattr(client, "get_video"):
            raise TypeError(f"client must be a HeyGenClient, not {type(client).__name__}")
        checked_records([] if look is None else [look], Look)
        self.video_id = checked_id("video_id", video_id)
        self.look = look
        self.idempotency_key = None if plain(idempotency_key) is None else checked_key(idempotency_key)
        self._client = client
        self._timeout = checked_wait(timeout)
        self._shape = _shape(look, aspect_ratio)
        self._video: Video | None = None
        self._ended = threading.Event()  # set while the job does not follow the video
        self._ended.set()
        self._closing = threading.Event()
        self._started = time.time()
        self._elapsed: float | None = None  # s, when the video is finished
        self._renewals: Worker[str] = Worker("video address", self._renew, interval=1.0)
        super().__init__(Path(__file__).with_name("job.vue"), {"width": "auto"} if layout is None else layout)
        self.follow()

    def __repr__(self) -> str:
        key = f", idempotency_key={self.idempotency_key!r}" if self.idempotency_key else ""
        return f"<VideoJob {clip(self.video_id)}: {self.status or 'not polled yet'}{key}>"

    def _texts(self) -> dict[str, str]:
        state = f"Video {clip(self.video_id)} (heygen_widgets): {self.status or 'not polled yet'}."
        code = f"VideoJob(client, video_id={literal(self.video_id)})"
        html = f"<div>{escape(state)}</div><div>To follow it again: <code>{escape(code)}</code></div>"
        return {"text/plain": f"{state}\nTo follow it again: {code}", "text/html": html}

    @property
    def video(self) -> Video | None:
        """The video as of the last response, or None before the first one."""
        return self._video

    @property
    def status(self) -> str:
        """Of the video: ``pending``, ``processing``, ``completed``, ``failed`` or a newer one; ``""`` at first."""
        return clip(self._video.status) if self._video else ""

    @property
    def error(self) -> str:
        """Why the job no longer follows a video that is not finished, or ``""``."""
        if self.is_finished or not self._ended.is_set():
            return ""
        if isinstance(self._problem, HeyGenError):
            return str(self._problem)
        # Another library's text may hold a key, and notebooks are saved.
        return f"Polling failed with {type(self._problem).__name__}. job.result() raises it with its text."

    @property
    def is_finished(self) -> bool:
        """Whether the video is ``completed`` or ``failed``."""
        return self._video is not None and self._video.is_finished

    def result(self, timeout: float | None = None) -> Video:
        """Wait until the video is finished, and return it. Other cells wait too; Ctrl-C ends only the waiting.

        The `timeout` is in s; None waits as long as the job follows the video. A failed render is a `VideoFailedError`,
        one that takes longer a `VideoTimeoutError`; any other error ended the polling. The render goes on.
        """
        limit = None if plain(timeout) is None else checked_wait(timeout)
        if not self._ended.wait(limit):
            raise VideoTimeoutError(f"The video is not finished after {limit:g} s. {self._way_back()}")
        if self._video is None or not self._video.is_finished:
            raise self._problem.with_traceback(None)  # it may be raised several times
        if self._video.status == "failed":
            raise failure_of(self._video)
        return self._video

    def follow(self) -> None:
        """Follow the video again after a timeout or an error. Does nothing while the job follows it."""
        with WIDGET_LOCK, ExitStack() as undo:
            if self._closing.is_set() or self.is_finished or not self._ended.is_set():
                return
            self._ended.clear()
            undo.callback(self._ended.set)  # if no thread can start
            late = f"The video is not finished after {self._timeout:g} s. Go on with job.follow(). {self._way_back()}"
            self._problem = VideoTimeoutError(late)  # unless the thread ends otherwise
            self._send_update()  # before the messages of the thread, which are newer
            start_thread("video", self._run)
            undo.pop_all()

    def close(self) -> None:
        """Remove the card from the page and end the job's thread. The render goes on."""
        with WIDGET_LOCK:
            self._problem = HeyGenError(f"The job was closed. {self._way_back()}")
            self._closing.set()
        self._renewals.close()
        super().close()
        self._ended.set()

    def _way_back(self) -> str:
        return f"The render goes on at HeyGen: {wait_code('video', self.video_id)} waits for it."

    def _run(self) -> None:
        """Poll: the work of a thread, which sends messages and sets no trait."""
        now = time.monotonic
        ask = partial(settled(self._client.get_video, now), self.video_id)
        try:
            posted_at = self._client.posted_at(self.video_id)
            for video in poll_until_finished(ask, self._timeout, now=now, sleep=self._sleep, posted_at=posted_at):
                self._keep(video)
                self._send_update()
        except Exception as error:  # noqa: BLE001 - also what a hook of the user's session raises
            if error is not self._problem:
                add_way_back(error, f"job.follow() or {wait_code('video', self.video_id)}")
            self._problem = error
        finally:
            self._ended.set()
            self._send_update()

    def _sleep(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise self._problem

    def _keep(self, video: Video) -> None:
        now, created = time.time(), video.created_at or 0
        if not video.is_finished and now - created < _LONGEST_RENDER:
            self._started = min(self._started, created)
        if video.is_finished and self._video is not None and not self._video.is_finished:
            self._elapsed = now - self._started
        self._video = video
        if video.is_finished:
            self._ended.set()  # before any lock: an observer that holds it may wait for the result

    def _renew(self, video_id: str) -> None:
        # The view waits for an answer, also when the request fails. With the same URL, it tries again.
        with suppress(Exception):
            video = self._client.get_video(video_id)
            if video.is_finished:
                self._keep(video)
        self._send_update()

    def _send_update(self, view: object = None) -> None:
        if not self._closing.is_set():
            self.send({"method": "update", "args": [{"view": echo(view), **self._message()}]})

    def _message(self) -> dict[str, Any]:
        video, look, status = self._video or Video(self.video_id), self.look, self.status
        reasons = filter(None, (clip(video.failure_code), clip(video.failure_message)))
        running = not self.is_finished and not self._ended.is_set()
        return {
            "name": name_of(look.id, look.name) if look else clip(video.title) or "Video",
            "id": self.video_id,
            "shape": self._shape,
            "code": self._code(),
            "file": self._file(),
            "status": status,
            "label": title("video_status", status) if status else "Polling" if running else "Unknown",
            "running": running,
            "elapsed": self._elapsed if self.is_finished else time.time() - self._started if running else None,
            "duration": video.duration,
            "image": (image(look) if look else None) or page(video.thumbnail_url),
            "video": page(video.video_url) if status == "completed" else None,
            "page": page(video.video_page_url),
            "reason": ": ".join(reasons) if status == "failed" else "",
            "error": self.error,
        }

    def _code(self) -> str:
        """Return Python that waits for the video and downloads it, or that starts another one if it failed."""
        client, video_id = self._client.code, literal(self.video_id)
        steps = [f"client.wait_for_video({video_id})", f"client.download_video({video_id}, {literal(self._file())})"]
        if self.status == "failed":
            look_id = literal(self.look.id if self.look else "")
            start = "job = client.start_video(avatar_id, script)  # this costs credits"
            steps = [f"avatar_id = {look_id}", 'script = ""  # what the avatar says', start, "job"]
        imported = client.partition("(")[0]
        return "\n".join([f"from heygen_widgets import {imported}", "", f"client = {client}", *steps, ""])

    def _file(self) -> str:
        """Return the name of a file for the film."""
        name = self.video_id if re.fullmatch(r"[\w-]{1,64}", self.video_id) else "video"
        url = (self._video and self._video.video_url) or ""
        return f"{name}.{'webm' if url.partition('?')[0].endswith('.webm') else 'mp4'}"

    def vue_ask(self, view: object) -> None:
        """Answer a view that is mounting; like any view, it may send anything."""
        self._send_update(view)

    def vue_follow(self, _: object) -> None:
        """Follow the video again."""
        self.follow()

    def vue_renew(self, _: object) -> None:
        """Fetch another URL of the film, when the one that a view has does not play."""
        if self.is_finished:
            self._renewals.submit(self.video_id)


def _shape(look: Look | None, aspect_ratio: str | None) -> float:
    """Return the width of the player divided by its height."""
    if aspect_ratio not in _SHAPES and look and look.image_width and look.image_height:
        return min(max(look.image_width / look.image_height, 1 / 2), 2)
    return _SHAPES.get(aspect_ratio or "") or _SHAPES.get((look and look.orientation) or "") or _SHAPES["16:9"]


def start(
    client: HeyGenClient, request: object, script: str | None, fields: dict[str, Any], idempotency_key: str | None
) -> VideoJob:
    """Check a request, start its video and follow it; see `HeyGenClient.start_video`."""
    given = request if isinstance(request, Mapping) else {"avatar_id": request}
    ownership = plain(getattr({**given, **fields}.get("avatar_id"), "ownership", None))
    wanted, key = request_of(request, script, fields).check(), checked_key(idempotency_key)
    look = replace(client.get_look(wanted.avatar_id), ownership=ownership)
    reference = client.get_look(wanted.reference_look_id) if wanted.reference_look_id else None
    group = None
    if look.group_id and ownership != "public":
        with suppress(HeyGenError, ValueError):  # this only matters for a warning
            group = client.get_group(look.group_id)
            is_unknown = group.consent_status is None and ownership is None
            if is_unknown and client.list_looks(group_id=group, ownership="private", limit=1):
                look = replace(look, ownership="private")
    wanted = wanted.check(look, group=group, reference=reference)
    # A cell keeps what it has printed when its kernel dies.
    print(f"Requesting a video. For 24 h, the same call with idempotency_key={key!r} makes no second one.", flush=True)
    video = client.create_video(wanted, idempotency_key=key)
    shape = wanted.aspect_ratio or "16:9"
    try:
        return VideoJob(client, video_id=video.id, look=look, aspect_ratio=shape, idempotency_key=key)
    except BaseException as error:  # nobody else knows the id
        error.add_note(f"The video {video.id!r} has started: wait with {wait_code('video', video.id)}.")
        raise
