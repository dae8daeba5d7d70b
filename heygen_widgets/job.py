"""The card of a video that is being rendered. Other cells can run in the meantime."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
from ipyvue.Template import Template
from ipywidgets import Layout

from ._background import Worker, start_thread
from ._display import clip, echo, image, literal, name_of, page, title
from ._widget import WIDGET_LOCK, SharedTemplate, vue_template
from .errors import HeyGenError, VideoTimeoutError
from .models import Look
from .videos import Video
from .videos.polling import checked_wait, poll_until_finished
from .videos.records import failure_of

if TYPE_CHECKING:
    from .api import HeyGenClient

__all__ = ["VideoJob"]

_LONGEST_RENDER = 86_400  # s; a video that seems older has a wrong `created_at`


class _ClosedError(Exception):
    """The job was closed while it waited."""


class VideoJob(SharedTemplate):
    """Follow a video until it is finished, on its own thread: ``GET /v3/videos/{video_id}``.

    It shows a card with the look, the status and the elapsed time, and at the end a player. The render goes on at
    HeyGen when the notebook is closed or the kernel restarts; ``VideoJob(client, video_id="…")`` follows it again. The
    job polls at once, after 2 s, then less and less often, at last every 30 s.

    Parameters
    ----------
    client : HeyGenClient
    video_id : str
        As `HeyGenClient.create_video` returns it. `HeyGenClient.start_video` does both.
    look : Look, optional
        Its name and picture are on the card.
    timeout : float, default 1,200
        How long the job follows the video, in s. A click on the card, or `follow`, continues.
    layout : ipywidgets.Layout, optional

    Raises
    ------
    ValueError, TypeError
        For an invalid argument.

    Notes
    -----
    No trait holds the video's state, so no saved notebook contains the URL of the film: it is a key to a face.
    """

    def __init__(
        self,
        client: HeyGenClient,
        *,
        video_id: str,
        look: Look | None = None,
        timeout: float = 1_200,
        layout: Layout | None = None,
    ) -> None:
        if not hasattr(client, "get_video"):
            raise TypeError(f"client must be a HeyGenClient, not {type(client).__name__}")
        if not (look is None or isinstance(look, Look)):
            raise TypeError(f"look must be a Look or None, not {type(look).__name__}")
        if not isinstance(video_id, str):
            raise TypeError(f"video_id must be a string, not {video_id!r}")
        if video_id in ("", ".", ".."):
            raise ValueError(f"video_id must be the id of a video, not {video_id!r}")
        self.video_id = video_id
        self.look = look
        self._client = client
        self._timeout = checked_wait(timeout)
        self._video: Video | None = None
        self._problem: Exception | None = None  # why the job no longer follows the video
        self._ended = threading.Event()  # set while the job does not follow the video
        self._ended.set()
        self._closing = threading.Event()
        self._started = time.monotonic()
        self._elapsed: float | None = None  # s, when the video is finished
        self._renewals: Worker[str] = Worker("video address", self._renew, interval=1.0)
        super().__init__(layout=Layout(width="auto") if layout is None else layout)
        self.follow()

    @traitlets.default("template")
    def _read_template(self) -> Template:
        return vue_template(Path(__file__).with_name("job.vue"))

    def __repr__(self) -> str:
        if not hasattr(self, "_closing"):
            return "<VideoJob>"  # an argument is invalid
        return f"<VideoJob {clip(self.video_id)}: {self.status or 'not polled yet'}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - what IPython asks for
        """Return the widget, and texts for places without widgets."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        state = f"Video {clip(self.video_id)} (heygen_widgets): {self.status or 'not polled yet'}."
        code = f"VideoJob(client, video_id={literal(self.video_id)})"
        html = f"<div>{escape(state)}</div><div>To follow it again: <code>{escape(code)}</code></div>"
        return {**bundle, "text/plain": f"{state}\nTo follow it again: {code}", "text/html": html}

    # -- for Python ---------------------------------------------------------------------------------------------------

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
        problem = self._problem
        if problem is None or self.is_finished or self._closing.is_set():
            return ""
        if isinstance(problem, HeyGenError):
            return str(problem)
        # Another library's text may hold a key, and notebooks are saved.
        return f"Polling failed with {type(problem).__name__}. job.result() raises it with its text."

    @property
    def is_finished(self) -> bool:
        """Whether the video is ``completed`` or ``failed``."""
        return self._video is not None and self._video.is_finished

    def result(self, timeout: float | None = None) -> Video:
        """Wait until the video is finished, and return it. Other cells wait too; Ctrl-C ends only the waiting.

        Parameters
        ----------
        timeout : float or None, default None
            In s; None waits as long as the job follows the video.

        Raises
        ------
        VideoFailedError
            When HeyGen could not render it.
        VideoTimeoutError
            When it is not finished in time. The render goes on.
        HeyGenError
            What ended the polling, such as a refused key.
        """
        limit = None if timeout is None else checked_wait(timeout)
        try:
            ended = self._ended.wait(limit)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"Stopped waiting; {self._way_back()}") from None
        if self._video is not None and self._video.is_finished:
            if self._video.status == "failed":
                raise failure_of(self._video)
            return self._video
        if not ended:
            raise VideoTimeoutError(
                f"The video {clip(self.video_id)} is not finished after {limit:g} s; {self._way_back()}"
            )
        if self._closing.is_set():
            raise HeyGenError(f"The job was closed; {self._way_back()}")
        raise self._problem or self._not_finished()

    def follow(self) -> None:
        """Follow the video again after a timeout or an error. Does nothing while the job follows it."""
        with WIDGET_LOCK:
            if self._closing.is_set() or self.is_finished or not self._ended.is_set():
                return
            self._problem = None
            self._ended.clear()
            try:
                start_thread("video", self._run)
            except HeyGenError as problem:
                self._end(problem)
            else:
                self._send_update()

    def close(self) -> None:
        """Remove the card from the page and end the job's thread. The render goes on."""
        self._closing.set()
        self._renewals.close()
        super().close()
        self._ended.set()

    def _way_back(self) -> str:
        return f"the render goes on at HeyGen. Continue with client.wait_for_video({literal(self.video_id)})."

    def _not_finished(self) -> VideoTimeoutError:
        return VideoTimeoutError(
            f"The video is not finished after {self._timeout:g} s. The render goes on at HeyGen. Continue with "
            "job.follow(), or a click on the card."
        )

    # -- the thread, which sends messages and sets no trait -----------------------------------------------------------

    def _run(self) -> None:
        problem: Exception | None = HeyGenError("The job's thread was stopped. Continue with job.follow().")
        try:
            for video in poll_until_finished(self._poll, self._timeout, now=time.monotonic, sleep=self._sleep):
                self._keep(video)
                self._send_update()
            problem = self._not_finished()
        except Exception as error:  # noqa: BLE001 - also what a hook of the user's session raises
            problem = error
        finally:
            self._end(problem)

    def _poll(self) -> Video:
        if self._closing.is_set():
            raise _ClosedError
        return self._client.get_video(self.video_id)

    def _sleep(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise _ClosedError

    def _keep(self, video: Video) -> None:
        if self._video is None and not video.is_finished and video.created_at is not None:
            # How long the render takes already, if the two clocks agree.
            age = time.time() - video.created_at
            self._started -= max(0.0, age - self._age()) if age < _LONGEST_RENDER else 0.0
        if video.is_finished and self._elapsed is None and self._video is not None:
            self._elapsed = self._age()
        self._video = video
        if video.is_finished:
            self._ended.set()  # before any lock: an observer that holds it may wait for the result

    def _end(self, problem: Exception | None) -> None:
        self._problem = problem
        self._ended.set()
        self._send_update()

    def _age(self) -> float:
        return time.monotonic() - self._started

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
        video, look, status = self._video, self.look, self.status
        reasons = (clip(video.failure_code), clip(video.failure_message)) if video else ()
        running = not self.is_finished and not self._ended.is_set()
        return {
            "name": name_of(look.id, look.name) if look else clip(video.title if video else "") or "Video",
            "id": self.video_id,
            "status": status,
            "label": title("video_status", status) if status else "Polling" if running else "Unknown",
            "running": running,
            "local": self._client.is_local,
            "elapsed": self._elapsed if self.is_finished else self._age() if running else None,
            "duration": video.duration if video else None,
            "image": (image(look) if look else None) or page(video.thumbnail_url if video else None),
            "video": page(video.video_url) if video and status == "completed" else None,
            "page": page(video.video_page_url) if video else None,
            "reason": ": ".join(filter(None, reasons)) if status == "failed" else "",
            "error": self.error,
        }

    # -- the view, which may send anything ----------------------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignore the front end's values, and send it the current ones."""
        sent = sync_data if isinstance(sync_data, dict) else {}
        self.send_state([name for name in sent if name in self.keys])

    def vue_ask(self, view: object) -> None:
        """Answer a view that is mounting."""
        self._send_update(view)

    def vue_follow(self, _: object) -> None:
        """Follow the video again."""
        self.follow()

    def vue_renew(self, _: object) -> None:
        """Fetch another URL of the film, when the one that a view has does not play."""
        if self.is_finished and not self._closing.is_set():
            with suppress(HeyGenError):
                self._renewals.submit(self.video_id)
                return
        self._send_update()
