"""Wait for a video or an agent with growing intervals, and download a video to a file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from .._display import TITLES, clip, literal
from .._files import replacement
from .._parsing import plain
from .._progress import progress_bar
from ..errors import APIConnectionError, APIStatusError, HeyGenError, MissingAPIKeyError, VideoTimeoutError
from ..videos.records import Video, VideoAgentSession, failure_of
from .media import has_length, is_whole, media_type, open_media
from .responses import NETWORK_ERRORS, raised_by_signal_handler, tls_problem
from .transport import Transport
from .validation import problem_with_url

P = TypeVar("P", Video, VideoAgentSession)


def poll_until_finished(
    ask: Callable[[], P], timeout: float, *, now: Callable[[], float], sleep: Callable[[float], object]
) -> Iterator[P]:
    """Yield each record, until one is finished or the time-out, in s, is over; then `ask` is called once more.

    The first wait is 2 s, each next one half as long again, at most 30 s. A permanent error of `ask` is raised at once,
    a temporary one, such as a broken connection, after the time-out.
    """
    end = now() + timeout
    wait = 2.0
    while True:
        try:
            record = ask()
        except HeyGenError as error:
            if not _is_temporary(error) or now() >= end:
                raise
        else:
            yield record
            if record.is_finished or now() >= end:
                return
        sleep(min(wait, end - now()))
        wait = min(1.5 * wait, 30)


def _is_temporary(error: HeyGenError) -> bool:
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or error.status_code in (408, 429)
    return not isinstance(error, MissingAPIKeyError)


def checked_wait(value: object) -> float:
    """Return a time to wait in s, or raise a `ValueError` if it is no number from 0 to 86,400,000 (1,000 days)."""
    seconds = plain(value)
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds <= 86_400_000:
        return float(seconds)
    raise ValueError(f"timeout must be a number of s, from 0 to 1,000 days, not {value!r}")


def wait_for(kind: str, get: Callable[[str], P], record_id: str, timeout: float, clock: Transport) -> P:
    """Poll a "video" or an "agent" until it is finished or waits for input, with a progress bar; see `HeyGenClient`."""
    checked_wait(timeout)
    code = f"client.wait_for_video{'_agent' if kind == 'agent' else ''}({literal(record_id)})"
    waiting, record = f"Waiting for the {kind}", None
    try:
        with progress_bar(waiting, bar_format="{desc} ({elapsed})") as bar:

            def sleep(seconds: float) -> None:
                while seconds > 0:
                    clock.sleep(min(seconds, 1))
                    seconds -= 1
                    bar.refresh()  # shows the elapsed time

            for record in poll_until_finished(partial(get, record_id), timeout, now=clock.now, sleep=sleep):
                progress = getattr(record, "progress", None)
                percent = "" if progress is None else f"{progress:.0f} %"
                known = TITLES["video_status"].get(record.status)
                bar.set_description_str(": ".join(filter(None, [waiting, known, percent])))
                if record.status == "failed":
                    raise failure_of(record)
                if record.is_finished or record.status == "waiting_for_input":
                    return record
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"The waiting stopped; the render goes on at HeyGen. Continue with {code}.") from None
    late = f"The {kind} {clip(record_id)} is still {clip(record.status) if record else 'unknown'} after {timeout:g} s."
    raise VideoTimeoutError(f"{late} It goes on at HeyGen; continue with {code}.")


def download(get: Callable[[str], Video], video_id: str, path: Path, session: requests.Session) -> Path:
    """Download a video, whose record `get` requests, also for a new URL; see `HeyGenClient.download_video`."""
    try:
        with replacement(path, 0o666) as file:
            response = _open(get(video_id), session)
            if response.status_code in (403, 404, 410):  # the URL has expired
                response.close()
                response = _open(get(video_id), session)
            total = response.raw.length_remaining
            with response, progress_bar("Downloading", total=total, unit="B", unit_scale=True) as bar:
                for piece in _pieces(response, video_id):
                    file.write(piece)
                    bar.update(len(piece))
            file.seek(0)
            if not (has_length(response) or is_whole(file, media_type(file.read(64)))):
                raise _not_downloaded(video_id, "The film is cut short. Try again.")
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The download was interrupted, and nothing is kept: call it again.") from None
    return path


def _open(video: Video, session: requests.Session) -> requests.Response:
    if video.status == "failed":
        raise failure_of(video)
    if not video.video_url:
        raise HeyGenError(
            f"The video {clip(video.id)!r} has nothing to download, its status is {clip(video.status)!r}: wait for it "
            f"with client.wait_for_video({literal(video.id)})."
        )
    if problem := problem_with_url(video.video_url):
        raise _not_downloaded(video.id, f"HeyGen sent {problem} for the film.")
    with _connection_errors(video.video_url, video.id):
        return open_media(session, video.video_url)


def _pieces(response: requests.Response, video_id: str) -> Iterator[bytes]:
    if response.status_code != 200:
        raise _not_downloaded(video_id, f"The host of the film answered with status {response.status_code}. Try again.")
    with _connection_errors(response.url, video_id):
        piece = response.raw.read(64)
        if not media_type(piece).startswith("video/"):
            raise _not_downloaded(video_id, "What the film's host sent is no MP4 or WebM video by its first bytes.")
        while piece:
            yield piece
            piece = response.raw.read1(2**18)


@contextmanager
def _connection_errors(url: str, video_id: str) -> Iterator[None]:
    handled = sys.exception()
    try:
        yield
    except NETWORK_ERRORS as error:
        if stop := raised_by_signal_handler(error, handled):
            raise stop.with_traceback(None) from None
        problem = tls_problem(error, urlsplit(url).netloc) or "The connection broke. Try again."
        raise _not_downloaded(video_id, problem) from None


def _not_downloaded(video_id: str, reason: str) -> APIConnectionError:
    return APIConnectionError(f"{reason}\nThe video {clip(video_id)!r} could not be downloaded.")
