"""Wait for a video or an agent with growing intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from .. import errors
from .._display import TITLES, clip, literal
from .._parsing import number, plain
from .._progress import progress_bar
from ..videos.records import Video, VideoAgentSession, failure_of
from .transport import Transport
from .validation import checked_id

if TYPE_CHECKING:
    from .client import HeyGenClient

T = TypeVar("T", Video, VideoAgentSession)
Clock: TypeAlias = Callable[[], float]

_UNKNOWN_AT_MOST = 180.0  # s that a video may be unknown to the service after it has started
_WITHOUT_URL_AT_MOST = 60.0  # s
_ASKED_AS_SESSION = ("thinking", "waiting_for_input", "reviewing", "failed")


def poll_until_finished(
    ask: Callable[[], T], timeout: float, *, now: Clock, sleep: Callable[[float], object], is_new: bool = False
) -> Iterator[T]:
    """Yield each record, until one is finished or the time-out, in s, is over; then `ask` is called once more.

    The first wait is 2 s, each next one half as long again, at most 30 s. A temporary error of `ask`, such as a broken
    connection, is raised after the time-out. A 404 is temporary for 3 min after a response, and after the start if the
    record `is_new`. Any other error is raised at once, also one that the service sends with the status 200.
    """
    end = now() + timeout
    answered = now() if is_new else None
    wait = 2.0
    while True:
        try:
            record = ask()
        except errors.HeyGenError as error:
            is_known = answered is not None and now() - answered < _UNKNOWN_AT_MOST
            is_temporary = is_known if isinstance(error, errors.NotFoundError) else _is_temporary(error)
            if not is_temporary or now() >= end:
                raise
        else:
            answered = now()
            yield record
            if record.is_finished or now() >= end:
                return
        sleep(min(wait, end - now()))
        wait = min(1.5 * wait, 30)


def _is_temporary(error: errors.HeyGenError) -> bool:
    if isinstance(error, errors.APIStatusError):
        return error.status_code >= 500 or error.status_code in (408, 429)
    if isinstance(error, errors.APIResponseError):
        return not error.said
    return isinstance(error, errors.APIConnectionError)


def video_with_url(get: Callable[[str], Video], video_id: str, now: Clock) -> Callable[[], Video]:
    """Return a function that asks for a video. One that is completed without its URL is in progress for a minute."""
    since: float | None = None

    def ask() -> Video:
        nonlocal since
        video = get(video_id)
        if video.status != "completed" or video.video_url:
            return video
        since = now() if since is None else since
        return video if now() - since >= _WITHOUT_URL_AT_MOST else replace(video, status="processing")

    return ask


class Agent:
    """Asks for a session of a video agent and, once its rendering has started, for its video instead.

    While the agent thinks, only the session knows whether it will pause. If it is gone, its video is asked for.
    """

    def __init__(self, client: HeyGenClient, session: str | VideoAgentSession, now: Clock) -> None:
        self.id = checked_id("session_id", session)
        self._client, self._now = client, now
        self._session = session if isinstance(session, VideoAgentSession) else VideoAgentSession(self.id)
        self._ask_video: Callable[[], Video] | None = None

    def ask(self) -> VideoAgentSession:
        if self._ask_video is None:
            try:
                self._session = self._client.get_video_agent(self.id)
                if not self._session.video_id or self._session.status in _ASKED_AS_SESSION:
                    return self._session
            except errors.NotFoundError:
                if not self._session.video_id:
                    raise
            self._ask_video = video_with_url(self._client.get_video, self._session.video_id, self._now)
        video = self._ask_video()
        if video.status == "failed":
            raise failure_of(video)
        if video.status == "completed":
            return replace(self._session, status="completed", progress=100)
        return replace(self._session, status="generating")

    @property
    def code(self) -> str:
        """Python that waits for it again."""
        video_id = self._session.video_id
        return wait_code("video", video_id) if video_id else wait_code("video_agent", self.id)


def wait_code(kind: str, record_id: str) -> str:
    return f"client.wait_for_{kind}({literal(record_id)})"


def add_way_back(error: Exception, code: str) -> None:
    """Say in an error that ended a wait how to wait again."""
    way_back = f"A render that has started goes on at HeyGen. Wait again with {code}."
    if not isinstance(error, errors.HeyGenError):
        error.add_note(way_back)
    elif not isinstance(error, errors.VideoFailedError):
        lines = str(error.args[0]).split("\n")
        lines.insert(max(1, len(lines) - 1), way_back)  # the last line names the request
        error.args = ("\n".join(lines), *error.args[1:])


def wait_for_video(client: HeyGenClient, video_id: str, timeout: float, clock: Transport) -> Video:
    """Poll a video with a progress bar until it is finished; see `HeyGenClient`."""
    ask = video_with_url(client.get_video, video_id, clock.now)
    return _wait(client, "video", video_id, ask, lambda: wait_code("video", video_id), timeout, clock)


def wait_for_video_agent(
    client: HeyGenClient, session: str | VideoAgentSession, timeout: float, clock: Transport
) -> VideoAgentSession:
    """Poll an agent with a progress bar until it is finished or paused; see `HeyGenClient`."""
    agent = Agent(client, session, clock.now)
    return _wait(client, "agent", agent.id, agent.ask, lambda: agent.code, timeout, clock)


def _wait(
    client: HeyGenClient,
    kind: str,
    record_id: str,
    ask: Callable[[], T],
    code: Callable[[], str],
    timeout: float,
    clock: Transport,
) -> T:
    timeout, is_new = checked_wait(timeout), client.is_new(record_id)
    waiting, record = f"Waiting for the {kind}", None
    try:
        with progress_bar(waiting, bar_format="{desc} ({elapsed})") as bar:

            def sleep(seconds: float) -> None:
                while seconds > 0:
                    clock.sleep(min(seconds, 1))
                    seconds -= 1
                    bar.refresh()  # shows the elapsed time

            for record in poll_until_finished(ask, timeout, now=clock.now, sleep=sleep, is_new=is_new):
                progress = getattr(record, "progress", None)
                percent = "" if progress is None else f"{progress:.0f} %"
                known = TITLES["video_status"].get(record.status)
                bar.set_description_str(": ".join(filter(None, [waiting, known, percent])))
                if record.status == "failed":
                    raise failure_of(record)
                if record.is_finished or getattr(record, "is_paused", False):
                    return record
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"The waiting stopped; the render goes on at HeyGen. Continue with {code()}.") from None
    except Exception as error:
        add_way_back(error, code())
        raise
    late = f"The {kind} {clip(record_id)} is still {clip(record.status) if record else 'unknown'} after {timeout:g} s."
    raise errors.VideoTimeoutError(f"{late} It goes on at HeyGen; continue with {code()}.")


def checked_wait(value: object) -> float:
    """Return a time to wait in s, or raise a `ValueError` if it is no number from 0 to 86,400,000 (1,000 days)."""
    seconds = number(plain(value), 86_400_000)
    if seconds is None:
        raise ValueError(f"timeout must be a number of s, from 0 to 1,000 days, not {value!r}")
    return float(seconds)
