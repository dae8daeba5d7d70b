"""Wait for a video, and download it to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from tqdm.auto import tqdm

from .._display import clip, literal
from .._files import replacement
from ..errors import APIConnectionError, HeyGenError, VideoFailedError, VideoTimeoutError
from ..videos.polling import checked_wait, poll_until_finished
from ..videos.records import Video, VideoAgentSession, failure_of, failure_reason
from .media import open_media, video_type
from .responses import NETWORK_ERRORS, certificate_problem
from .transport import Transport
from .validation import problem_with_media_url

__all__ = ["download", "wait_for_agent", "wait_for_video"]

P = TypeVar("P", Video, VideoAgentSession)

_FIRST_BYTES = 64
_READ_SIZE = 2**18  # bytes
_LARGEST = 2**35  # bytes; half an hour in 4k has some 2**33
_TIMEOUT = (5.0, 30.0)  # s: connect, each read
_EXPIRED = (403, 404, 410)


def wait_for_video(get: Callable[[str], Video], video_id: str, timeout: float, clock: Transport) -> Video:
    """Wait until a video is completed; see `HeyGenClient.wait_for_video`."""
    code = f"client.wait_for_video({literal(video_id)})"
    video = _wait(partial(get, video_id), f"video {clip(video_id)}", code, timeout, clock)
    if video.status == "failed":
        raise failure_of(video)
    return video


def wait_for_agent(
    get: Callable[[str], VideoAgentSession], session_id: str, timeout: float, clock: Transport
) -> VideoAgentSession:
    """Wait until an agent has finished or asks something; see `HeyGenClient.wait_for_video_agent`."""
    label, code = f"agent {clip(session_id)}", f"client.wait_for_video_agent({literal(session_id)})"
    session = _wait(partial(get, session_id), label, code, timeout, clock)
    if session.status == "failed":
        failure = session.failure_code, session.failure_message
        raise VideoFailedError(f"The {label} failed: {failure_reason(*failure)}.", session.video_id, *failure)
    return session


def _wait(get: Callable[[], P], label: str, code: str, timeout: float, clock: Transport) -> P:
    """Poll with a progress bar until a record is finished, or ``waiting_for_input``; `code` waits again."""
    checked_wait(timeout)
    record = None
    try:
        # A first description would not be escaped, so it is set later.
        with tqdm(bar_format="{desc} ({elapsed})") as bar:
            bar.set_description_str(label)

            def sleep(seconds: float) -> None:
                while seconds > 0:
                    clock.sleep(min(seconds, 1))
                    seconds -= 1
                    bar.refresh()  # shows the elapsed time

            for record in poll_until_finished(get, timeout, now=clock.now, sleep=sleep):
                progress = getattr(record, "progress", None)
                percent = "" if progress is None else f", {progress:.0f} %"
                bar.set_description_str(f"{label}: {clip(record.status)}{percent}")
                if record.is_finished or record.status == "waiting_for_input":
                    return record
    except KeyboardInterrupt:
        text = f"The waiting has stopped; the render goes on at HeyGen. Continue with {code}."
        raise KeyboardInterrupt(text) from None
    status = clip(record.status) if record else "unknown"
    raise VideoTimeoutError(
        f"The {label} is still {status} after {timeout:g} s. It goes on at HeyGen; continue with {code}."
    )


def download(get: Callable[[str], Video], video_id: str, path: Path, session: requests.Session) -> Path:
    """Download a video; see `HeyGenClient.download_video`.

    `get` requests its record, again if the first URL has expired. The `session` has neither credentials nor cookies.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder: give the name of a file in it, such as 'video.mp4'")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} to write {path.name!r} into")
    try:
        response = _open(get(video_id), session)
        if response.status_code in _EXPIRED:
            response.close()
            response = _open(get(video_id), session)
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdigit() else None
        with response, replacement(path, 0o666) as file, tqdm(total=size, unit="B", unit_scale=True) as bar:
            bar.set_description_str(path.name)
            for piece in _pieces(response, video_id):
                file.write(piece)
                bar.update(len(piece))
            if size not in (None, file.tell()):
                raise _failure(video_id, f"only {file.tell():,} of {size:,} bytes arrived. Try again")
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
    if problem := problem_with_media_url(video.video_url):
        raise _failure(video.id, f"its address is {problem}")
    with _connection_errors(video.video_url, video.id):
        return open_media(session, video.video_url, _TIMEOUT)


def _pieces(response: requests.Response, video_id: str) -> Iterator[bytes]:
    if response.status_code != 200:
        raise _failure(video_id, f"the response has the status {response.status_code}")
    size = 0
    with _connection_errors(response.url, video_id):
        piece = response.raw.read(_FIRST_BYTES, decode_content=False)
        if video_type(piece) is None:
            raise _failure(video_id, "the response is no MP4 or WebM video by its first bytes")
        while piece:
            size += len(piece)
            if size > _LARGEST:
                raise _failure(video_id, f"it is larger than {_LARGEST >> 30} GB")
            yield piece
            piece = response.raw.read1(_READ_SIZE, decode_content=False)


@contextmanager
def _connection_errors(url: str, video_id: str) -> Iterator[None]:
    try:
        yield
    except NETWORK_ERRORS as error:
        problem = certificate_problem(error, urlsplit(url).netloc) or "the connection broke. Try again"
        raise _failure(video_id, problem) from None


def _failure(video_id: str, reason: str) -> APIConnectionError:
    return APIConnectionError(f"The video {clip(video_id)!r} could not be downloaded: {reason.rstrip('.')}.")
