"""A video in the making as a card in the notebook, which follows it while the kernel is free for other cells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from html import escape
from typing import Any

import traitlets
from ipywidgets import Layout

from ._background import begin, report
from ._display import clip, echo, image, literal, name_of, page, title
from ._widget import GuardedTemplate
from .api import HeyGenClient
from .api.validation import checked_id, checked_wait
from .errors import HeyGenError, VideoTimeoutError
from .models import Look
from .videos import Video
from .videos.polling import poll_until_finished
from .videos.records import failure_of

__all__ = ["VideoJob"]

_LONGEST_RENDER = 86_400  # s; what is told to be older was not made when it says
_MOST_RENEWALS = 50  # of the film's address, asked for by the views


class _ClosedError(Exception):
    """The job was closed while it waited."""


class VideoJob(GuardedTemplate):
    """Follow a video until it is finished, on a thread of its own: ``GET /v3/videos/{video_id}``.

    It shows itself as a card with the look, the status and the time that has gone by, and at the end with a player. The
    render is HeyGen's: it goes on when the notebook is closed or the kernel restarts, and ``VideoJob(client,
    video_id="…")`` takes it up again. It is asked for at once, after 2 s, then less and less often, at last every 30 s.

    Parameters
    ----------
    client : HeyGenClient
    video_id : str
        As `HeyGenClient.create_video` gives it; `HeyGenClient.start_video` does both.
    look : Look, optional
        Which the card shows by name and picture.
    timeout : float, default 1,200
        For how long it is followed, in s; a click on the card, or `follow`, goes on.
    layout : ipywidgets.Layout, optional

    Raises
    ------
    ValueError, TypeError
        When an argument makes no sense.

    Notes
    -----
    `status` and `error` can be observed; their observers may run on the job's thread. They are the only traits for the
    browser, so that no notebook keeps an address of the film: it is a key to a face.
    """

    template_file = (__file__, "job.vue")

    status = traitlets.Unicode(
        "",
        read_only=True,
        help='Of the video: "pending", "processing", "completed", "failed", an open set; "" before the first answer.',
    ).tag(sync=True)
    error = traitlets.Unicode(
        "", read_only=True, help='Why it is not followed any more though it is not finished, or "".'
    ).tag(sync=True)

    def __init__(
        self,
        client: HeyGenClient,
        *,
        video_id: str,
        look: Look | None = None,
        timeout: float = 1_200,
        layout: Layout | None = None,
    ) -> None:
        if not isinstance(client, HeyGenClient):
            raise TypeError(f"client should be a HeyGenClient, not {type(client).__name__}")
        if not (look is None or isinstance(look, Look)):
            raise TypeError(f"look should be a Look or None, not {type(look).__name__}")
        self.video_id = checked_id("video_id", video_id)
        self.look = look
        self._client = client
        self._timeout = checked_wait(timeout)
        self._closing = threading.Event()
        # What follows is guarded by `_guard`, as the traits are.
        self._video: Video | None = None
        self._problem: Exception | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()  # it is not followed any more, for whatever reason
        self._began = self._now()
        self._elapsed: float | None = None  # s, once it is finished
        self._renewals_left = _MOST_RENEWALS
        super().__init__(layout=Layout(width="auto") if layout is None else layout)
        self.follow()

    def __repr__(self) -> str:
        if not hasattr(self, "video_id"):
            return "<VideoJob>"  # something is wrong with its arguments
        return f"<VideoJob {clip(self.video_id)}: {clip(self.status) or 'asking'}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - what IPython asks for
        """Give the widget, and what tells of it where no widget can run."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        told = f"Video {clip(self.video_id)} (heygen_widgets): {clip(self.status) or 'not asked for yet'}."
        again = f"VideoJob(client, video_id={literal(self.video_id)})"
        shown = f"<div>{escape(told)}</div><div>To follow it again: <code>{escape(again)}</code></div>"
        return {**bundle, "text/plain": f"{told}\nTo follow it again: {again}", "text/html": shown}

    # -- for Python ---------------------------------------------------------------------------------------------------

    @property
    def video(self) -> Video | None:
        """The video as it was told last, finished or not; None before the first answer."""
        return self._video

    @property
    def is_finished(self) -> bool:
        """Whether the video is ``completed`` or ``failed``."""
        return self._video is not None and self._video.is_finished

    def result(self, timeout: float | None = None) -> Video:
        """Wait until the video is finished, and give it. Other cells wait meanwhile; Ctrl-C ends the waiting alone.

        Parameters
        ----------
        timeout : float or None, default None
            In s; None waits for as long as the job follows it.

        Raises
        ------
        VideoFailedError
            When HeyGen could not make it.
        VideoTimeoutError
            When it is not finished by then. It goes on.
        HeyGenError
            What keeps the job from following it, such as a key that is refused.
        """
        if not self._ended.is_set() and threading.current_thread() is self._thread:
            raise HeyGenError("An observer of the job's would wait for itself: let it look at job.video instead.")
        end = None if timeout is None else time.monotonic() + checked_wait(timeout)
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            try:
                self._ended.wait(left)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(f"The waiting has ended; {self._goes_on()}") from None
            with self._guard:
                ended, video, problem = self._ended.is_set(), self._video, self._problem
            # It may be followed on already.
            if ended or left == 0:
                break
        if video is not None and video.is_finished:
            if video.status == "failed":
                raise failure_of(video)
            return video
        if not ended:
            raise VideoTimeoutError(
                f"The video {clip(self.video_id)} is not finished after {timeout:g} s; {self._goes_on()}"
            )
        if self._closing.is_set():
            raise HeyGenError(f"The job was closed; {self._goes_on()}")
        raise problem or self._not_finished()

    def follow(self) -> None:
        """Follow the video, or go on to where that has ended; nothing where it goes on or is finished."""
        with self._guard:
            if self._closing.is_set() or self.is_finished or (self._thread and not self._ended.is_set()):
                return
            self._ended.clear()
            self._problem = None
            self.set_trait("error", "")
            try:
                self._thread = begin("video", self._run)
            except HeyGenError as problem:
                self._end(problem)
            else:
                self._tell(None)

    def close(self) -> None:
        """Take the card from the screen and end the job's thread; the render goes on."""
        self._closing.set()
        try:
            with self._guard:
                super().close()
        finally:
            # Not before: `follow` may have been about to begin.
            self._ended.set()

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        problem: Exception | None = None
        try:
            for video in poll_until_finished(self._ask, self._timeout, now=self._now, sleep=self._sleep):
                self._note(self._take, video)
        except _ClosedError:
            return
        except Exception as error:  # noqa: BLE001 - also what a hook of the user's session raises
            problem = error
        except BaseException as error:
            # Such as an observer's SystemExit: whoever waits shall not wait for ever.
            ended = f"The following was ended by {type(error).__name__}; job.follow(), or a click on the card, goes on."
            self._note(self._end, HeyGenError(ended))
            raise
        self._note(self._end, problem)

    def _note(self, note: Callable[[Any], None], what: Any) -> None:  # noqa: ANN401 - whatever the method takes
        """Note something; what an observer of the user's raises meanwhile does not end the following."""
        try:
            note(what)
        except Exception as error:  # noqa: BLE001 - theirs, whatever it is
            report(error)

    def _ask(self) -> Video:
        if self._closing.is_set():
            raise _ClosedError
        return self._client.get_video(self.video_id)

    def _now(self) -> float:
        return time.monotonic()

    def _sleep(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise _ClosedError

    def _take(self, video: Video) -> None:
        with self._guard:
            if self._closing.is_set():
                return
            if self._video is None and not video.is_finished and video.created_at is not None:
                # Its age, as far as the two clocks agree.
                age = time.time() - video.created_at
                self._began -= max(0.0, age - self._age()) if age < _LONGEST_RENDER else 0.0
            if video.is_finished and self._elapsed is None and self._video is not None:
                self._elapsed = self._age()
            self._video = video
            if video.is_finished:
                # Before any observer is called, which may itself ask for the result.
                self._ended.set()
            self.set_trait("status", clip(video.status))
            self._tell(None)

    def _end(self, problem: Exception | None) -> None:
        """Note why it is not followed any more."""
        with self._guard:
            self._problem = problem
            self._ended.set()
            if not self.is_finished and not self._closing.is_set():
                self.set_trait("error", self._said(problem or self._not_finished()))
            self._tell(None)

    @staticmethod
    def _said(problem: Exception) -> str:
        """Give the text of an error that is ours: another's may hold a key, and notebooks are saved."""
        if isinstance(problem, HeyGenError):
            return str(problem)
        return f"It cannot be asked for: {type(problem).__name__}, which job.result() raises with its text."

    def _goes_on(self) -> str:
        """Say how to come back to a video that is not finished."""
        return f"the render goes on at HeyGen. Wait on with client.wait_for_video({literal(self.video_id)})."

    def _not_finished(self) -> VideoTimeoutError:
        return VideoTimeoutError(
            f"The video is not finished after {self._timeout:g} s of waiting. It goes on at HeyGen; follow it on with "
            "job.follow(), or a click on the card."
        )

    def _age(self) -> float:
        return self._now() - self._began

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the front end, and send it what holds."""
        with self._guard:
            sent = sync_data if isinstance(sync_data, dict) else {}
            self.send_state([name for name in sent if name in self.keys])

    # -- what the view asks -------------------------------------------------------------------------------------------

    def vue_ask(self, view: object) -> None:
        """Tell a view all there is to show."""
        with self._guard:
            self._tell(view)

    def vue_go_on(self, _: object) -> None:
        """Follow the video again."""
        self.follow()

    def vue_renew(self, _: object) -> None:
        """Ask for the address of the film anew, since the one that a view has does not play."""
        with self._guard:
            if self._renewals_left and self.is_finished and not self._closing.is_set():
                self._renewals_left -= 1
                with suppress(HeyGenError):
                    begin("video address", self._renew)
                    return
            # The view waits for an answer; with the same address it tries again, and at last gives up.
            self._tell(None)

    def _renew(self) -> None:
        try:
            video = self._client.get_video(self.video_id)
        except Exception:  # noqa: BLE001 - the view waits for an answer, whatever a hook of the user's session raises
            video = None
        with self._guard:
            # What was finished once does not begin anew.
            if video is not None and video.is_finished:
                self._take(video)
            else:
                self._tell(None)

    def _tell(self, view: object) -> None:
        if self._closing.is_set():
            return
        self.send({"method": "told", "args": [{"view": echo(view), **self._shown()}]})

    def _shown(self) -> dict[str, Any]:
        video, look = self._video, self.look
        status = clip(video.status) if video else ""
        reasons = (clip(video.failure_code), clip(video.failure_message)) if video else ()
        finished = self.is_finished
        running = not finished and not self._ended.is_set()
        return {
            "name": name_of(look.id, look.name) if look else clip(video.title if video else "") or "Video",
            "id": self.video_id,
            "status": status,
            "said": title("video_status", status) if status else "Asking" if running else "Not known",
            "running": running,
            "practising": self._client.is_local,
            "elapsed": self._elapsed if finished else self._age() if running else None,
            "duration": video.duration if video else None,
            "image": (image(look) if look else None) or page(video.thumbnail_url if video else None),
            "video": page(video.video_url) if video and status == "completed" else None,
            "page": page(video.video_page_url) if video else None,
            "reason": ": ".join(filter(None, reasons)) if status == "failed" else "",
        }
