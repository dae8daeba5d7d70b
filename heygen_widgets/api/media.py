"""Pictures and films: fetched without credentials, judged by their bytes, kept in ``data:`` URLs or a file."""

from __future__ import annotations

import os
import re
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import requests
import urllib3

from .._display import clip, image, initials, literal, name_of, page
from .._files import replacement
from .._parsing import warn
from .._progress import progress_bar
from ..errors import APIConnectionError, HeyGenError
from ..models import Look
from ..videos.records import Video, failure_of
from .responses import NETWORK_ERRORS, TIMEOUT_ERRORS, raised_by_signal_handler, tls_problem
from .transport import USER_AGENT, open_session, proxies_for
from .validation import problem_with_url

if TYPE_CHECKING:
    from PIL.Image import Image

    from .client import HeyGenClient

Kind: TypeAlias = Literal["picture", "video"]

_AT_A_TIME = 4
_LARGEST: dict[Kind, int] = {"picture": 8 * 2**20, "video": 32 * 2**20}  # bytes
_LARGEST_IN_ALL = 128 * 2**20  # characters of `data:` URLs
_LARGE = 100 * 2**10  # bytes; 60 pictures of this size fit into a mail
_LONGEST_SIDE = 720  # px, of what was larger
_TIMEOUT = (5.0, 30.0)  # s: connect, each read
_LONGEST = 600.0  # s, for all
_HEADERS = {"Accept": "image/*, video/*", "Accept-Encoding": "identity", "User-Agent": USER_AGENT}

_TYPES = {
    rb"\x89PNG\r\n\x1a\n": "image/png",
    rb"\xff\xd8\xff": "image/jpeg",
    rb"GIF8[79]a": "image/gif",
    rb"RIFF....WEBP": "image/webp",
    rb"....ftypavi[fs]": "image/avif",
    rb"....ftyp(?!hei[cx]|mif1|msf1)": "video/mp4",  # pictures may be in the same container
    rb"\x1aE\xdf\xa3.{0,53}\x42\x82\x84webm": "video/webm",  # other kinds of Matroska start with the same bytes
}
_SUBTITLES = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\d|WEBVTT)")
_FILES = {"film": "video_url", "captioned": "captioned_video_url", "subtitles": "subtitle_url"}  # fields of a video


class Problem(NamedTuple):
    """Why a picture or clip is missing, without its URL. One that was fetched is a `str`, its ``data:`` URL."""

    reason: str


def fetch(
    wanted: Mapping[str, Kind], session: requests.Session, *, on_each: Callable[[], object] = lambda: None
) -> dict[str, str | Problem]:
    """Fetch what is expected at each URL, once, within the limits above. `on_each` is called on this thread."""
    deadline = time.monotonic() + _LONGEST
    outcomes: dict[str, str | Problem] = dict.fromkeys(wanted, Problem(f"more than {_LARGEST_IN_ALL >> 20} MB in all"))
    size = 0
    with ThreadPool(_AT_A_TIME) as pool:  # of daemon threads, so that Ctrl-C does not wait for them
        results = pool.imap_unordered(lambda item: (item[0], _fetch_one(session, *item, deadline)), wanted.items())
        for url, outcome in results:
            size += len(outcome) if isinstance(outcome, str) else 0
            if size > _LARGEST_IN_ALL:
                break
            outcomes[url] = outcome
            on_each()
    return outcomes


def _fetch_one(session: requests.Session, url: str, kind: Kind, deadline: float) -> str | Problem:
    if bad_url := problem_with_url(url):
        return Problem(bad_url)
    content = bytearray()
    try:
        with open_media(session, url) as response:
            if response.status_code != 200:
                return Problem(f"status {response.status_code}")
            while len(content) <= _LARGEST[kind] and (piece := response.raw.read1(2**16)):
                content += piece
                if time.monotonic() > deadline:
                    raise TimeoutError
    except TIMEOUT_ERRORS:
        return Problem("not answered in time")
    except NETWORK_ERRORS as error:
        insecure = "without a secure connection: check REQUESTS_CA_BUNDLE, or session.verify of the client"
        return Problem(insecure if tls_problem(error, "") else "not reachable")
    if len(content) > _LARGEST[kind]:
        return Problem(f"larger than {_LARGEST[kind] >> 20} MB")
    found = media_type(bytes(content[:64]))
    if not found.startswith("image/" if kind == "picture" else "video/"):
        return Problem(f"no {kind} by the bytes")
    return _data_url(found, bytes(content))


def _data_url(kind: str, content: bytes) -> str:
    """Return a ``data:`` URL; of a large picture that Pillow can read, as a smaller WebP."""
    if kind.startswith("image/") and len(content) > _LARGE:
        with suppress(Exception):
            smaller = BytesIO()
            _scaled(content, (_LONGEST_SIDE, _LONGEST_SIDE)).save(smaller, "WEBP", quality=80)
            if smaller.tell() < len(content):
                kind, content = "image/webp", smaller.getvalue()
    return f"data:{kind};base64,{b64encode(content).decode()}"


def _scaled(content: bytes, size: tuple[int, int]) -> Image:
    """Return a picture upright and of at most a size, in px. Pillow raises many kinds of errors if it cannot."""
    from PIL import Image, ImageOps

    picture: Image.Image = Image.open(BytesIO(content), formats=[media_type(content[:64])[6:]])
    if picture.mode == "P":
        picture = picture.convert("RGBA")  # the colours of a palette cannot be mixed
    ImageOps.exif_transpose(picture, in_place=True)
    picture.thumbnail(size)
    return picture.convert("RGBA")


def open_media(session: requests.Session, url: str) -> requests.Response:
    """Request a picture or film, without following redirects; the body is not read yet."""
    return session.get(
        url, headers=_HEADERS, timeout=_TIMEOUT, stream=True, allow_redirects=False, proxies=proxies_for(url)
    )


def media_type(content: bytes) -> str:
    """Return the media type of a raster image, MP4 or WebM by its first 64 bytes; ``""`` for anything else."""
    return next((kind for start, kind in _TYPES.items() if re.match(start, content, re.DOTALL)), "")


def thumbnails(looks: Sequence[Look], size: tuple[int, int], client: HeyGenClient | None) -> list[bytes]:
    """Return the preview picture of each look as a PNG of at most a size, in px; initials where it is missing."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise ImportError("Pictures in a sheet need Pillow (the extra `excel`): pip install pillow") from None
    outcomes = fetch_previews(looks, client, videos=False)
    shown, drawn = [], []
    for look in looks:
        outcome, content = outcome_of(outcomes, image(look)), BytesIO()
        picture = Image.new("RGB", (size[1], size[1]), "#ddd")
        middle, font = (size[1] / 2, size[1] / 2), ImageFont.load_default(size[1] / 3)
        ImageDraw.Draw(picture).text(middle, initials(name_of(look.id, look.name)), "#555", font, anchor="mm")
        if isinstance(outcome, str):
            try:
                picture = _scaled(b64decode(outcome.partition(";base64,")[2]), size)
            except Exception:  # noqa: BLE001 - Pillow raises many kinds for a picture that it cannot read
                outcome = Problem("of a format that cannot be converted")
        picture.save(content, "PNG")
        drawn.append(content.getvalue())
        if look.preview_image_url:
            shown.append(outcome)
    warn_of_missing(shown, "sheet", "picture")
    return drawn


def fetch_previews(looks: Sequence[Look], client: HeyGenClient | None, *, videos: bool) -> dict[str, str | Problem]:
    """Fetch what is shown of looks; by URL."""
    outcomes: dict[str, str | Problem] = {}
    wanted: dict[str, Kind] = {}
    for look in looks:
        url = image(look)
        if url and url[:5].lower() == "data:":
            outcomes[url] = url  # nothing runs in a picture
        elif url:
            wanted.setdefault(url, "picture")
        if videos and (clip_url := page(look.preview_video_url)):
            wanted.setdefault(clip_url, "video")
    if wanted:
        session = client.media_session() if client else open_session()
        with session, progress_bar("Fetching pictures", total=len(wanted), unit=" files") as bar:
            outcomes |= fetch(wanted, session, on_each=bar.update)
    return outcomes


def warn_of_missing(shown: Iterable[str | Problem], place: str, *kinds: str) -> None:
    """Warn about missing pictures and clips, without their URLs: a signed one is a key to a face."""
    problems = Counter(outcome.reason for outcome in shown if isinstance(outcome, Problem))
    if total := problems.total():
        reasons = ", ".join(f"{number} {why}" for why, number in problems.most_common())
        names = " or ".join(kind + "s" * (total > 1) for kind in kinds)
        advice = " A signed preview URL expires within days: get the looks again." * ("status" in reasons)
        missing = f"{total} {names} could not be put into the {place} ({reasons})"
        warn(f"{missing}, and initials stand in the place of a picture.{advice}")


def outcome_of(outcomes: Mapping[str, str | Problem], url: str | None) -> str | Problem:
    return outcomes.get(url or "", Problem("no usable address"))


def download(client: HeyGenClient, video_id: str, path: Path, what: str) -> Path:
    """Download a file of a video; see `HeyGenClient.download_video`."""
    if what not in tuple(_FILES):
        raise ValueError(f"what should be one of {', '.join(_FILES)}, not {what!r}")
    url = ""
    try:
        with client.media_session() as session, replacement(path, 0o666) as file:
            url = _url_of(client.get_video(video_id), what)
            with open_media(session, url) as response:
                length = response.raw.length_remaining
                with progress_bar("Downloading", total=length, unit="B", unit_scale=True) as bar:
                    for piece in _pieces(response, video_id, what):
                        file.write(piece)
                        bar.update(len(piece))
                if length is None and not response.raw.chunked and not _is_whole(file):
                    raise _not_downloaded(video_id, "The film is cut short. Try again.")
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The download was interrupted, and nothing is kept: call it again.") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        if stop := raised_by_signal_handler(error, None):
            raise stop from None
        problem = tls_problem(error, urlsplit(url).netloc) or "The connection broke. Try again."
        raise _not_downloaded(video_id, problem) from None
    return path


def _url_of(video: Video, what: str) -> str:
    url: str | None = getattr(video, _FILES[what])
    if video.status == "failed":
        raise failure_of(video)
    if not url:
        hint = "" if what == "film" else " It needs a video that was started with caption=… (captioned: with a style)."
        missing = f"The video {clip(video.id)!r} has no {_FILES[what]} yet, its status is {clip(video.status)!r}"
        raise HeyGenError(f"{missing}: wait for it with client.wait_for_video({literal(video.id)}).{hint}")
    if problem := problem_with_url(url):
        raise _not_downloaded(video.id, f"HeyGen sent {problem} for the film.")
    return url


def _pieces(response: requests.Response, video_id: str, what: str) -> Iterator[bytes]:
    if response.status_code != 200:
        raise _not_downloaded(video_id, f"The host of the film answered with status {response.status_code}. Try again.")
    piece = response.raw.read(64)
    if not (_SUBTITLES.match(piece) if what == "subtitles" else media_type(piece).startswith("video/")):
        kind = "SRT file" if what == "subtitles" else "MP4 or WebM video"
        raise _not_downloaded(video_id, f"What the film's host sent is no {kind} by its first bytes.")
    while piece:
        yield piece
        piece = response.raw.read1(2**18)


def _is_whole(file: BinaryIO) -> bool:
    """Check that the last part of an MP4 ends with the file. That a WebM is cut is not noticed."""
    end, at = file.seek(0, os.SEEK_END), file.seek(0)
    is_mp4 = media_type(file.read(64)) == "video/mp4"
    while is_mp4 and at < end:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")  # 0: to the end of the file; 1: it follows, as a larger number
        at += {0: end - at, 1: int.from_bytes(head[8:], "big")}.get(size, size) or end
    return at == end or not is_mp4


def _not_downloaded(video_id: str, reason: str) -> APIConnectionError:
    return APIConnectionError(f"{reason}\nThe video {clip(video_id)!r} could not be downloaded.")
