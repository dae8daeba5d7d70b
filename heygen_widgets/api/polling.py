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

_UNKNOWN_AT_MOST = 180.0  # s that the service may not know what it has started or has known before
_INCOMPLETE_AT_MOST = 60.0  # s
_WITHOUT_VIDEO = ("thinking", "waiting_for_input", "reviewing", "failed")


def poll_until_finished(
    ask: Callable[[], T], timeout: float, now: Clock, sleep: Callable[[float], object], posted_at: float | None = None
) -> Iterator[T]:
    """Yield each record, until one is finished or the time-out, in s, is over; then `ask` is called once more.

    The first wait is 2 s, each next one half as long again, at most 30 s. A temporary error of `ask`, such as a broken
    connection, is raised after the time-out. A 404 is temporary for 3 min after a response, or after the client's own
    POST, at `posted_at`. Any other error is raised at once, also one that the service sends with the status 200.
    """
    end = now() + timeout
    answered = posted_at
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
        return error.service_message is None
    return isinstance(error, errors.APIConnectionError)


def settled(get: Callable[[str], T], now: Clock) -> Callable[[str], T]:
    """Wrap `get`: a record that is completed without its URL or video is in progress for a minute."""
    since: float | None = None

    def ask(record_id: str) -> T:
        nonlocal since
        record = get(record_id)
        result = record.video_url if isinstance(record, Video) else record.video_id
        if record.status != "completed" or result:
            return record
        since = now() if since is None else since
        return record if now() - since >= _INCOMPLETE_AT_MOST else replace(record, status="processing")

    return ask


class Agent:
    """Asks for an agent's session, which alone says that it pauses or fails, and its video, which may outlive it."""

    def __init__(self, client: HeyGenClient, session: str | VideoAgentSession, clock: Transport) -> None:
        self.id = checked_id("session_id", session)
        self._get_session = settled(client.get_video_agent, clock.now)
        self._get_video = settled(client.get_video, clock.now)
        known = session if isinstance(session, VideoAgentSession) else None
        # One that was paused or finished may have been answered since, and get another video.
        if self.id in clock.posted and (known is None or known.is_paused or known.is_finished):
            known = clock.posted[self.id][1]
        self._session: VideoAgentSession = known or VideoAgentSession(self.id)
        self.code = wait_code("video_agent", self.id)  # Python that waits for it again

    def ask(self) -> VideoAgentSession:
        is_gone, self.code = False, wait_code("video_agent", self.id)
        try:
            self._session = session = self._get_session(self.id)
            if not session.video_id or session.status in _WITHOUT_VIDEO:
                return session
        except errors.HeyGenError as error:
            session = self._session
            if not session.video_id:
                raise
            if is_gone := isinstance(error, errors.NotFoundError):
                self.code = wait_code("video", session.video_id)
        try:
            video = self._get_video(session.video_id)
        except errors.NotFoundError:
            if is_gone:
                raise
            video = Video(session.video_id)
        if video.status == "failed":
            raise failure_of(video)
        if video.status == "completed":
            return replace(session, status="completed", progress=100)
        return replace(session, status="generating")


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


def wait(
    kind: str, ask: Callable[[], T], code: Callable[[], str], timeout: float, posted_at: float | None, clock: Transport
) -> T:
    """Poll with a progress bar until a video or an agent is finished or paused; `code` is Python that waits again."""
    timeout, waiting, record = checked_wait(timeout), f"Waiting for the {kind}", None
    try:
        with progress_bar(waiting, bar_format="{desc} ({elapsed})") as bar:

            def sleep(seconds: float) -> None:
                while seconds > 0:
                    clock.sleep(min(seconds, 1))
                    seconds -= 1
                    bar.refresh()  # shows the elapsed time

            for record in poll_until_finished(ask, timeout, now=clock.now, sleep=sleep, posted_at=posted_at):
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
    status = clip(record.status) if record else "unknown"
    late = f"The {kind} is still {status} after {timeout:g} s. It goes on at HeyGen; continue with {code()}."
    raise errors.VideoTimeoutError(late)


def checked_wait(value: object) -> float:
    """Return a time to wait in s, or raise a `ValueError` if it is no number from 0 to 86,400,000 (1,000 days)."""
    seconds = number(plain(value), 86_400_000)
    if seconds is None:
        raise ValueError(f"timeout must be a number of s, from 0 to 1,000 days, not {value!r}")
    return float(seconds)
