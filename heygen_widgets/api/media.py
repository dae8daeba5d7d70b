"""Pictures and clips for galleries: fetched without credentials, judged by their bytes, kept as ``data:`` URLs."""

from __future__ import annotations

import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import requests

from .responses import NETWORK_ERRORS, TIMEOUT_ERRORS, certificate_problem
from .transport import proxies_for
from .validation import problem_with_media_url

__all__ = ["Kept", "Kind", "Problem", "embedded", "fetch", "open_media", "picture_type", "video_type"]

Kind: TypeAlias = Literal["picture", "video"]

_AT_A_TIME = 4
_READ_SIZE = 2**16  # bytes
_LARGEST: dict[Kind, int] = {"picture": 8 * 2**20, "video": 32 * 2**20}  # bytes
_LARGEST_IN_ALL = 96 * 2**20  # bytes
_TIMEOUTS: dict[Kind, tuple[float, float]] = {"picture": (5, 10), "video": (5, 30)}  # s: connect, read
_LONGEST = 600.0  # s, for all
_HEADERS = {"Accept": "image/*, video/*", "Accept-Encoding": "identity", "User-Agent": "heygen-widgets"}

_PICTURE_TYPES = {
    rb"\x89PNG\r\n\x1a\n": "image/png",
    rb"\xff\xd8\xff": "image/jpeg",
    rb"GIF8[79]a": "image/gif",
    rb"RIFF....WEBP": "image/webp",
    rb"....ftypavi[fs]": "image/avif",
    rb"BM....\0{4}....[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}": "image/bmp",  # the sizes of its header's versions
}
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")  # of pictures in the container of MP4
_BASE64 = re.compile(r";\s*base64\s*\Z", re.IGNORECASE)
# Elements that draw, and neither run nor load anything; nor may their attributes.
_SHAPES = {
    f"{{http://www.w3.org/2000/svg}}{name}" for name in ("svg", "g", "path", "circle", "ellipse", "rect", "line")
}
_LOADS = re.compile(r"url|image|import|expression|script|[^\w\s.,:;#%()/+-]", re.IGNORECASE)


class Kept(NamedTuple):
    """A picture or clip as a ``data:`` URL, with the media type of its bytes."""

    url: str


class Problem(NamedTuple):
    """Why a picture or clip is missing, without its URL."""

    reason: str


def fetch(
    wanted: Mapping[str, Kind], session: requests.Session, *, on_each: Callable[[], object] = lambda: None
) -> dict[str, Kept | Problem]:
    """Fetch pictures and clips, four at a time, each once and without a retry.

    A picture may have 8 MB, a clip 32 MB, and all together 96 MB and 10 minutes.

    Parameters
    ----------
    wanted : mapping of str to {"picture", "video"}
        What is expected at each URL.
    session : requests.Session
        As `open_session` returns it: without credentials and cookies.
    on_each : callable, optional
        Called on this thread after each.
    """
    outcomes: dict[str, Kept | Problem] = {}
    budget = _Budget()
    pool = ThreadPoolExecutor(_AT_A_TIME, "heygen_widgets: pictures")
    try:
        waiting = {pool.submit(_fetch_one, session, url, kind, budget): url for url, kind in wanted.items()}
        while waiting:
            # With a time-out: on some systems Ctrl-C does not interrupt an endless wait.
            for future in wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED).done:
                outcomes[waiting.pop(future)] = future.result()
                on_each()
    finally:
        # After Ctrl-C, the threads end with the file or time-out that they are at.
        budget.deadline = 0.0
        pool.shutdown(wait=False, cancel_futures=True)
    return {url: outcomes[url] for url in wanted}


class _Budget:
    """The bytes and the time that are left for all files."""

    def __init__(self) -> None:
        self.deadline = time.monotonic() + _LONGEST
        self.size = 0  # bytes that are kept

    def problem(self) -> Problem | None:
        if time.monotonic() > self.deadline:
            return Problem("not reached in time")
        return Problem(f"more than {_LARGEST_IN_ALL >> 20} MB in all") if self.size > _LARGEST_IN_ALL else None


def _fetch_one(session: requests.Session, url: str, kind: Kind, budget: _Budget) -> Kept | Problem:
    if problem := budget.problem():
        return problem
    if bad_url := problem_with_media_url(url):
        return Problem(bad_url)
    body = bytearray()
    try:
        with open_media(session, url, _TIMEOUTS[kind]) as response:
            if response.status_code != 200:
                return Problem(f"status {response.status_code}")
            while piece := response.raw.read1(_READ_SIZE, decode_content=False):
                body += piece
                if len(body) > _LARGEST[kind]:
                    return Problem(f"larger than {_LARGEST[kind] >> 20} MB")
                if problem := budget.problem():
                    return problem
    except TIMEOUT_ERRORS:
        return Problem("not answered in time")
    except NETWORK_ERRORS as error:
        return Problem(
            "behind a certificate that is not trusted" if certificate_problem(error, "") else "not reachable"
        )
    content = bytes(body)
    media_type = picture_type(content) if kind == "picture" else video_type(content)
    if media_type is None:
        return Problem(f"no {kind} by the bytes")
    budget.size += len(content)
    return budget.problem() or Kept(_data_url(media_type, content))


def open_media(session: requests.Session, url: str, timeout: tuple[float, float]) -> requests.Response:
    """Request a picture or film, without following redirects; the body is not read yet."""
    return session.get(
        url, headers=_HEADERS, timeout=timeout, stream=True, allow_redirects=False, proxies=proxies_for(url)
    )


def picture_type(content: bytes) -> str | None:
    """Return the media type of a raster image; None for anything else."""
    for start, media_type in _PICTURE_TYPES.items():
        if re.match(start, content, re.DOTALL):
            return media_type
    return None


def video_type(content: bytes) -> str | None:
    """Return the media type of an MP4 or WebM video, of which the first 64 bytes are enough; None for anything else."""
    if content[4:8] == b"ftyp" and content[8:12] not in _PICTURE_BRANDS:
        return "video/mp4"
    # Other kinds of Matroska start with the same bytes.
    return "video/webm" if content.startswith(b"\x1aE\xdf\xa3") and b"\x42\x82\x84webm" in content[:64] else None


def _data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"


def embedded(url: str) -> str | None:
    """Rewrite a ``data:`` URL with the media type of its bytes: a raster image, or an SVG of shapes that loads nothing.

    None for anything else.
    """
    head, _, rest = url.partition(",")
    content = unquote_to_bytes(rest)
    if _BASE64.search(head):
        try:
            content = b64decode(b"".join(content.split()), validate=True)
        except ValueError:
            return None
    if media_type := picture_type(content):
        return _data_url(media_type, content)
    return _data_url("image/svg+xml", content) if _is_drawing(content) else None


def _is_drawing(content: bytes) -> bool:
    """Check that an SVG only draws shapes: no other elements, no style sheets or entities, no reference or script."""
    try:
        text = content.decode()
        if "<!" in text or "<?" in text:
            return False
        elements = list(ElementTree.fromstring(text).iter())  # noqa: S314 - there are no entities
    except (ElementTree.ParseError, ValueError):
        return False
    return elements[0].tag.endswith("}svg") and all(
        element.tag in _SHAPES and not any(map(_may_load, element.keys(), element.attrib.values()))
        for element in elements
    )


def _may_load(name: str, value: str) -> bool:
    return name.lower().startswith("on") or "href" in name.lower() or bool(_LOADS.search(value))
