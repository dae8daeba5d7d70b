"""Files: what is rendered is downloaded to one, and one is read for an upload."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from urllib3 import encode_multipart_formdata

from .._display import clip, literal
from .._files import replacement
from .._progress import progress_bar
from ..errors import APIConnectionError, HeyGenError
from ..videos.records import Video, failure_of
from .media import has_length, is_whole, media_type, open_media
from .responses import NETWORK_ERRORS, raised_by_signal_handler, tls_problem
from .validation import problem_with_url

if TYPE_CHECKING:
    from .client import HeyGenClient

FIELDS = MappingProxyType({"film": "video_url", "captioned": "captioned_video_url", "subtitles": "subtitle_url"})
"""The field of a video that has the URL of each file."""

_LARGEST_UPLOAD = 32 * 2**20  # bytes
_SUBTITLES = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\d|WEBVTT)")


def download(client: HeyGenClient, video_id: str, path: Path, what: str) -> Path:
    """Download a file of a video; see `HeyGenClient.download_video`."""
    if what not in FIELDS:
        raise ValueError(f"what should be one of {', '.join(FIELDS)}, not {what!r}")
    try:
        with client.media_session() as session, replacement(path, 0o666) as file:
            response = _open(client.get_video(video_id), session, what)
            if response.status_code in (403, 404, 410):  # the URL has expired
                response.close()
                response = _open(client.get_video(video_id), session, what)
            total = response.raw.length_remaining
            with response, progress_bar("Downloading", total=total, unit="B", unit_scale=True) as bar:
                for piece in _pieces(response, video_id, what):
                    file.write(piece)
                    bar.update(len(piece))
            file.seek(0)
            if not (has_length(response) or what == "subtitles" or is_whole(file, media_type(file.read(64)))):
                raise _not_downloaded(video_id, "The film is cut short. Try again.")
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The download was interrupted, and nothing is kept: call it again.") from None
    return path


def _open(video: Video, session: requests.Session, what: str) -> requests.Response:
    url: str | None = getattr(video, FIELDS[what])
    if video.status == "failed":
        raise failure_of(video)
    if not url and video.video_url:
        caption = 'caption={"style": "default"}' if what == "captioned" else "caption={}"
        raise HeyGenError(f"The video {clip(video.id)!r} has no file of this kind: start a video with {caption}.")
    if not url:
        raise HeyGenError(
            f"The video {clip(video.id)!r} has nothing to download, its status is {clip(video.status)!r}: wait for it "
            f"with client.wait_for_video({literal(video.id)})."
        )
    if problem := problem_with_url(url):
        raise _not_downloaded(video.id, f"HeyGen sent {problem} for the film.")
    with _connection_errors(url, video.id):
        return open_media(session, url)


def _pieces(response: requests.Response, video_id: str, what: str) -> Iterator[bytes]:
    if response.status_code != 200:
        raise _not_downloaded(video_id, f"The host of the film answered with status {response.status_code}. Try again.")
    with _connection_errors(response.url, video_id):
        piece = response.raw.read(64)
        is_srt = what == "subtitles"
        if not (_SUBTITLES.match(piece) if is_srt else media_type(piece).startswith("video/")):
            kind = "SRT file" if is_srt else "MP4 or WebM video"
            raise _not_downloaded(video_id, f"What the film's host sent is no {kind} by its first bytes.")
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


def multipart(path: Path) -> tuple[bytes, str]:
    """Read a file into the body of an upload; return it and its content type."""
    size = path.stat().st_size
    if path.is_dir() or not 0 < size <= _LARGEST_UPLOAD:
        raise ValueError(f"{str(path)!r} should be a file of 1 byte to 32 MB, not of {size:,} bytes")
    return encode_multipart_formdata({"file": (path.name, path.read_bytes())})
