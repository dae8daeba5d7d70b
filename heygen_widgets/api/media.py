"""Pictures and clips for galleries: fetched without credentials, judged by their bytes, kept as ``data:`` URLs."""

from __future__ import annotations

import queue
import re
import threading
import time
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

import requests

from .._background import start_thread
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

_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes, of each version of the format
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")  # of pictures in the container of MP4
_BASE64 = re.compile(r";\s*base64\s*\Z", re.IGNORECASE)
_SVG = "http://www.w3.org/2000/svg"
# Elements that draw, and neither run nor load anything.
_SHAPES = {"svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon", "title", "desc"}
_GRADIENTS = {"defs", "linearGradient", "radialGradient", "stop"}
_LOADS = re.compile(r"url\s*\(|image\s*\(|image-set|import|expression|script:|[\\@<&]|/\*", re.IGNORECASE)
_OWN_GRADIENT = re.compile(r"\s*url\(#[\w-]+\)\s*")


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

    Raises
    ------
    HeyGenError
        If no thread can start.
    """
    waiting = deque(wanted.items())
    results: queue.SimpleQueue[tuple[str, Kept | Problem]] = queue.SimpleQueue()
    outcomes: dict[str, Kept | Problem] = {}
    budget = _Budget()

    def work() -> None:
        with suppress(IndexError):
            while True:
                url, kind = waiting.popleft()
                results.put((url, _fetch_one(session, url, kind, budget)))

    threads: list[threading.Thread] = []
    try:
        threads += [start_thread("pictures", work) for _ in range(min(_AT_A_TIME, len(wanted)))]
        while len(outcomes) < len(wanted):
            running = any(thread.is_alive() for thread in threads)
            try:
                # With a time-out: on some systems Ctrl-C does not interrupt an endless wait.
                url, outcome = results.get(timeout=0.5 if running else 0)
            except queue.Empty:
                if not running:
                    break
            else:
                outcomes[url] = outcome
                on_each()
    finally:
        # After Ctrl-C, the threads end with the file or time-out that they are at.
        waiting.clear()
        budget.deadline = 0.0
    return {url: outcomes.get(url, Problem("not asked for")) for url in wanted}


class _Budget:
    """The bytes and the time that are left for all files."""

    def __init__(self) -> None:
        self.deadline = time.monotonic() + _LONGEST
        self.size = 0  # bytes that are kept
        self.lock = threading.Lock()

    def problem(self) -> Problem | None:
        if time.monotonic() > self.deadline:
            return Problem("not reached in time")
        return Problem(f"more than {_LARGEST_IN_ALL >> 20} MB in all") if self.size > _LARGEST_IN_ALL else None


def _fetch_one(session: requests.Session, url: str, kind: Kind, budget: _Budget) -> Kept | Problem:
    if problem := budget.problem() or _bad_url(url):
        return problem
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
    with budget.lock:
        budget.size += len(content)
    return budget.problem() or Kept(_data_url(media_type, content))


def _bad_url(url: str) -> Problem | None:
    reason = problem_with_media_url(url)
    return Problem(reason) if reason else None


def open_media(session: requests.Session, url: str, timeout: tuple[float, float]) -> requests.Response:
    """Request a picture or film, without following redirects; the body is not read yet."""
    return session.get(
        url, headers=_HEADERS, timeout=timeout, stream=True, allow_redirects=False, proxies=proxies_for(url)
    )


def picture_type(content: bytes) -> str | None:
    """Return the media type of a raster image; None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    if content[:2] == b"BM" and content[6:10] == bytes(4):
        return "image/bmp" if int.from_bytes(content[14:18], "little") in _BITMAP_HEADERS else None
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


class _NoDrawingError(Exception):
    """An SVG document that does more than draw."""


def _is_drawing(content: bytes) -> bool:
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    opened = 0

    def open_element(name: str, attributes: dict[str, str]) -> None:
        nonlocal opened
        namespace, _, local = name.rpartition(" ")
        allowed = ("svg",) if not opened else _SHAPES | _GRADIENTS
        if namespace != _SVG or local not in allowed or not all(map(_only_draws, attributes.items())):
            raise _NoDrawingError
        opened += 1

    def refuse(*_: object) -> None:
        raise _NoDrawingError

    parser.StartElementHandler = open_element
    # A document type can declare entities that grow without limit; a processing instruction can load a style sheet.
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, _NoDrawingError, UnicodeError, ValueError):
        return False
    return True


def _only_draws(attribute: tuple[str, str]) -> bool:
    name, value = attribute
    local = name.rpartition(" ")[2].lower()
    if local.startswith("on") or local in ("href", "src"):
        return False
    return not _LOADS.search(value) or bool(_OWN_GRADIENT.fullmatch(value))
