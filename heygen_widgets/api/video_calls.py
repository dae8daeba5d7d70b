"""The endpoints that make videos, and waiting for what they make.

The records and the requests are imported where they are used: who lists looks shall not wait for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .._display import clip, literal
from ..errors import APIResponseError, HeyGenError, VideoFailedError, VideoTimeoutError
from ..videos.polling import Progressing, poll_until_finished
from ..videos.records import failure_of, failure_reason
from .base import Client
from .transport import tell_what_is_known
from .validation import checked_id, checked_idempotency_key, checked_wait

if TYPE_CHECKING:
    from ..videos import Video, VideoAgentSession, VideoRequest

__all__ = ["VideoCalls"]

_VIDEOS = "/v3/videos"
_AGENTS = "/v3/video-agents"

R = TypeVar("R", bound=Progressing)


class VideoCalls(Client):
    """The part of `HeyGenClient` that makes videos."""

    def create_video(self, request: VideoRequest, *, idempotency_key: str | None = None) -> Video:
        """Begin a video, which costs credits: ``POST /v3/videos``.

        What is wrong whatever the look is refused here; `VideoRequest.check`, or `start_video`, checks it against the
        look. The request bears an ``Idempotency-Key``, and goes out again unchanged after a broken connection or a
        time-out and while the service says that it is at work on it, so that a lost answer never makes two videos.

        Parameters
        ----------
        request : VideoRequest
        idempotency_key : str or None, default None
            1 to 255 letters, digits, ``_``, ``-``, ``:`` and ``.``; a new one unless given. Within 24 h, the service
            answers to the same key with the same video, whatever the request says.

        Returns
        -------
        Video
            With its `id`; `wait_for_video` gives it finished.

        Raises
        ------
        VideoOptionError
            When the service would refuse it, before anything is sent.
        HeyGenError
            When it fails; with `idempotency_key`, to ask again with, and `is_uncertain`.
        """
        from ..videos import Video

        body = self._checked(request).to_json()
        key = checked_idempotency_key(os.urandom(16).hex() if idempotency_key is None else idempotency_key)
        with _uncertain(
            "Whether the video was begun is not known: create_video with the same request and "
            f"idempotency_key={key!r} gives it, and makes no second one."
        ):
            answer = self._transport.request("POST", _VIDEOS, body=body, idempotency_key=key)
            return _begun(Video.from_json, answer["data"], key)

    def get_video(self, video_id: str) -> Video:
        """Get one video, finished or not, with addresses that are fresh: ``GET /v3/videos/{video_id}``.

        Raises
        ------
        NotFoundError
            When there is none with this id.
        """
        from ..videos import Video

        return Video.from_json(self._object(_VIDEOS, "video_id", video_id))

    def wait_for_video(self, video_id: str, timeout: float = 1_200) -> Video:
        """Wait until a video is finished, with a bar that tells how far it is: ``GET /v3/videos/{video_id}``.

        A render commonly takes 10 to 15 minutes. It is asked for at once, after 2 s, then less and less often, at last
        every 30 s. Ctrl-C ends the waiting alone.

        Parameters
        ----------
        video_id : str
        timeout : float, default 1,200
            In s. 0 asks once.

        Returns
        -------
        Video
            Which is ``completed``.

        Raises
        ------
        VideoFailedError
            When HeyGen could not make it; with HeyGen's code and message.
        VideoTimeoutError
            When it is not finished by then. It goes on.
        """
        shown = f"video {clip(checked_id('video_id', video_id))}"
        again = f"client.wait_for_video({literal(video_id)})"
        video = None
        with _bar(f"{shown}: pending", again) as bar:
            for video in self._watch(lambda: self.get_video(video_id), timeout, bar):
                bar.set_description_str(f"{shown}: {clip(video.status)}")
        if video is not None and video.status == "failed":
            raise failure_of(video)
        if video is None or not video.is_finished:
            raise _late(shown, video.status if video else "unknown", timeout, again)
        return video

    def download_video(self, video_id: str, path: str | os.PathLike[str]) -> Path:
        """Save a finished video to a file: ``GET /v3/videos/{video_id}``, then the address that this tells.

        The address expires, so that a fresh one is asked for whenever it does not serve. What broke off goes on where
        it stood, also when this is called again; that the film of an id stays the same is an assumption. The file
        appears under its name when it is whole. It is fetched without the key, over https and from public addresses
        alone (or from a stand-in that is asked itself), and no redirect is followed.

        Parameters
        ----------
        video_id : str
        path : str or path-like
            A file, in a folder that exists; one that is there is replaced.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        VideoFailedError
            When HeyGen could not make it.
        HeyGenError
            When it is not finished, or cannot be fetched.
        OSError
            When there is no such folder, `path` is a folder, or the file cannot be written.
        """
        from .download import download

        checked_id("video_id", video_id)

        def address() -> str:
            video = self.get_video(video_id)
            if video.status == "failed":
                raise failure_of(video)
            if not video.video_url:
                raise HeyGenError(
                    f"The video {video_id!r} has nothing to download, its status is {clip(video.status)!r}: wait "
                    f"for it with client.wait_for_video({literal(video_id)})."
                )
            return video.video_url

        return download(address, Path(path), video_id, self.base_url, self._transport.sleep)

    def create_video_agent(
        self,
        prompt: str,
        *,
        avatar_id: str | None = None,
        voice_id: str | None = None,
        style_id: str | None = None,
        orientation: str | None = None,
        mode: str | None = None,
        brand_kit_id: str | None = None,
        incognito_mode: bool | None = None,
        callback_url: str | None = None,
        callback_id: str | None = None,
        files: Sequence[Any] = (),
    ) -> VideoAgentSession:
        """Have an agent make a video from a prompt, which costs credits: ``POST /v3/video-agents``.

        The service knows no ``Idempotency-Key`` here. So the request goes out again only when nothing was sent, and not
        after a 429 either; an end that leaves open whether the agent began says so.

        Parameters
        ----------
        prompt : str
            1 to 10,000 characters.
        avatar_id, voice_id, style_id, orientation, mode, brand_kit_id, incognito_mode, callback_url, callback_id, files
            As for `VideoAgentRequest`.

        Returns
        -------
        VideoAgentSession
            With its `session_id`; `wait_for_video_agent` gives it with a video.

        Raises
        ------
        VideoOptionError
            When the service would refuse it, before anything is sent.
        HeyGenError
            When it fails; `is_uncertain` tells whether the agent may have begun.
        """
        from ..videos import VideoAgentRequest, VideoAgentSession

        request = VideoAgentRequest(
            prompt=prompt,
            avatar_id=avatar_id,
            voice_id=voice_id,
            style_id=style_id,
            orientation=orientation,
            mode=mode,
            brand_kit_id=brand_kit_id,
            incognito_mode=incognito_mode,
            callback_url=callback_url,
            callback_id=callback_id,
            files=tuple(files),
        )
        body = request.check().to_json()
        with _uncertain("Whether the agent began is not known: look among your videos at HeyGen before you ask again."):
            answer = self._transport.request("POST", _AGENTS, body=body)
            return _begun(VideoAgentSession.from_json, answer["data"], None)

    def get_video_agent(self, session_id: str) -> VideoAgentSession:
        """Get what a video agent is at: ``GET /v3/video-agents/{session_id}``.

        Raises
        ------
        NotFoundError
            When there is no session with this id.
        """
        from ..videos import VideoAgentSession

        return VideoAgentSession.from_json(self._object(_AGENTS, "session_id", session_id))

    def wait_for_video_agent(self, session_id: str, timeout: float = 1_200) -> VideoAgentSession:
        """Wait until a video agent is done, or asks something: ``GET /v3/video-agents/{session_id}``.

        It is asked for as `wait_for_video` does.

        Parameters
        ----------
        session_id : str
        timeout : float, default 1,200
            In s.

        Returns
        -------
        VideoAgentSession
            ``completed``, with its `video_id`; or ``waiting_for_input``, with its `question`, which is answered at
            HeyGen: no endpoint for that is documented.

        Raises
        ------
        VideoFailedError
            When the agent could not make it.
        VideoTimeoutError
            When it is not done by then. It goes on.
        """
        shown = f"agent {clip(checked_id('session_id', session_id))}"
        again = f"client.wait_for_video_agent({literal(session_id)})"
        session = None
        with _bar(f"{shown}: thinking", again) as bar:
            for session in self._watch(lambda: self.get_video_agent(session_id), timeout, bar):
                bar.set_description_str(f"{shown}: {_told(session)}")
                if session.status == "waiting_for_input":
                    return session
        if session is not None and session.status == "failed":
            said = failure_reason(session.failure_code, session.failure_message)
            raise VideoFailedError(
                f"The {shown} failed: {said}.", session.video_id, session.failure_code, session.failure_message
            )
        if session is None or not session.is_finished:
            raise _late(shown, session.status if session else "unknown", timeout, again)
        return session

    @staticmethod
    def _checked(request: VideoRequest) -> VideoRequest:
        """Check a request as far as it does not depend on the look."""
        from ..videos import VideoRequest

        if not isinstance(request, VideoRequest):
            raise TypeError(f"request should be a VideoRequest, not {type(request).__name__}")
        return request.check()

    def _watch(self, ask: Callable[[], R], timeout: float, bar: Any) -> Iterator[R]:  # noqa: ANN401 - tqdm's
        checked_wait(timeout)

        def sleep(seconds: float) -> None:
            while seconds > 0:
                self._transport.sleep(min(seconds, 1))
                seconds -= 1
                bar.refresh()  # for the time that has gone by

        return poll_until_finished(ask, timeout, now=self._transport.now, sleep=sleep)


@contextmanager
def _uncertain(told: str) -> Iterator[None]:
    """Tell how to go on, where something else than an error of ours ends a POST: that tells it itself."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(told) from None
    except HeyGenError:
        raise
    except Exception as error:
        # Such as what a hook of the user's session raises.
        error.add_note(told)
        raise


def _begun(read: Callable[[object], R], record: object, key: str | None) -> R:
    """Read the answer to a POST: where that makes no sense, something may have begun all the same."""
    try:
        return read(record)
    except APIResponseError as error:
        tell_what_is_known(error, True, key)
        raise


def _late(shown: str, status: str, timeout: float, again: str) -> VideoTimeoutError:
    text = f"The {shown} is still {clip(status)} after {timeout:g} s. It goes on at HeyGen; wait on with {again}."
    return VideoTimeoutError(text)


def _told(session: VideoAgentSession) -> str:
    done = f", {session.progress:.0f} %" if session.progress is not None else ""
    return f"{clip(session.status)}{done}"


@contextmanager
def _bar(text: str, again: str) -> Iterator[Any]:
    # Imported here, as it is slow and only who waits needs it.
    from tqdm.auto import tqdm

    try:
        with tqdm(desc=text, bar_format="{desc} ({elapsed})") as bar:
            yield bar
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"The waiting has ended; the render goes on at HeyGen. Wait on with {again}.") from None
