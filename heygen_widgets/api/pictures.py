"""Pictures and clips, fetched gently from wherever a service says they are, and nothing else.

A URL of the service is taken for hostile: only public hosts are asked, over https, without any credentials, and only
what is a picture or a clip by its own bytes is kept.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import requests
import urllib3

from .._background import begin
from ..errors import HeyGenError
from .media import data_url, picture_type, video_type
from .public_hosts import Lines, RefusedError, WatchedAdapter, is_public_host
from .validation import is_loopback, split_address

__all__ = ["Kept", "Kind", "Problem", "environment", "fetch", "prepared"]

Kind: TypeAlias = Literal["picture", "video"]

_AT_A_TIME = 4
_READ_SIZE = 2**16  # bytes
_LARGEST: dict[Kind, int] = {"picture": 8 * 2**20, "video": 32 * 2**20}  # bytes
_LARGEST_IN_ALL = 96 * 2**20  # bytes
_TIMEOUTS: dict[Kind, tuple[float, float]] = {"picture": (5, 10), "video": (5, 30)}  # s: connect, read
_LONGEST = 600.0  # s, for all
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TypeError)
_TIMED_OUT = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_HEADERS = {
    "Accept": "image/*, video/*",
    # What is packed is no picture, and would have to be unpacked under a limit.
    "Accept-Encoding": "identity",
    "User-Agent": "heygen-widgets",
}


class Kept(NamedTuple):
    """What was fetched, as a ``data:`` URL under the type that its bytes tell."""

    url: str


class Problem(NamedTuple):
    """Why something was not fetched, without its URL."""

    reason: str


def fetch(
    wanted: Mapping[str, Kind],
    stand_ins: Collection[str] = (),
    *,
    on_each: Callable[[], object] = lambda: None,
) -> dict[str, Kept | Problem]:
    """Fetch pictures and clips, four at a time, each once and without a retry.

    No credentials, cookies or user parts are sent, and no redirect is followed. Well-known names of local networks are
    refused. All others are looked up here and must stand for public addresses alone; not so through a proxy of the
    environment, which looks them up itself. A picture may have 8 MB, a clip 32, and all 96 together with those under
    way: once these are full, nothing more is asked for. All may take 10 minutes.

    Parameters
    ----------
    wanted : mapping of str to {"picture", "video"}
        By URL, what should be there.
    stand_ins : collection of str, default ()
        Base URLs of stand-ins on this machine, which may be asked over http.
    on_each : callable, optional
        Called on this thread after each that was tried.

    Returns
    -------
    dict
        By URL, what was kept, or why nothing was.

    Raises
    ------
    HeyGenError
        Where no thread can begin.
    """
    fetching = _Fetching(wanted, stand_ins)
    outcomes: dict[str, Kept | Problem] = {}
    try:
        fetching.begin(min(_AT_A_TIME, len(wanted)))
        while len(outcomes) < len(wanted):
            # Asked before the wait: what a thread has left is there once it has ended.
            goes_on = any(thread.is_alive() for thread in fetching.threads)
            try:
                # A wait without an end could not be interrupted everywhere.
                url, outcome = fetching.outcomes.get(timeout=0.5 if goes_on else 0)
            except queue.Empty:
                if not goes_on:
                    break
            else:
                outcomes[url] = outcome
                on_each()
    finally:
        # Also after Ctrl-C: nothing is left that goes on.
        fetching.end()
    return {url: outcomes.get(url, Problem("not asked for")) for url in wanted}


class _Fetching:
    def __init__(self, wanted: Mapping[str, Kind], stand_ins: Collection[str]) -> None:
        self.threads: list[threading.Thread] = []
        self.outcomes: queue.SimpleQueue[tuple[str, Kept | Problem]] = queue.SimpleQueue()
        self._waiting = deque(wanted.items())
        self._stand_ins = stand_ins
        self._lines = Lines()
        self._public = WatchedAdapter(self._lines, public=True)
        self._local = WatchedAdapter(self._lines, public=False)
        self._deadline = time.monotonic() + _LONGEST
        self._size = 0  # bytes: what is kept, and what was read of those under way
        self._kept_size = 0  # bytes
        self._is_full = False
        self._counting = threading.Lock()

    def begin(self, number: int) -> None:
        """Begin so many threads, or as many as the machine gives; raise where it gives none."""
        for _ in range(number):
            try:
                self.threads.append(begin("pictures", self.work))
            except HeyGenError:
                if not self.threads:
                    raise
                return

    def end(self) -> None:
        """Cut what is under way, and return when no thread is left."""
        self._waiting.clear()
        self._lines.cut()
        for thread in self.threads:
            thread.join()
        self._public.close()
        self._local.close()

    def work(self) -> None:
        """Fetch one after the other: what each thread does."""
        while True:
            try:
                url, kind = self._waiting.popleft()
            except IndexError:
                return
            outcome: Kept | Problem = Problem("unreadable")
            try:
                outcome = self._fetch(url, kind)
            finally:
                # Whatever was raised, somebody waits for this.
                self.outcomes.put((url, outcome))

    def _fetch(self, url: str, kind: Kind) -> Kept | Problem:
        if time.monotonic() > self._deadline:
            return Problem("not reached in time")
        if self._is_full:
            return _too_much()
        try:
            request = prepared(url, self._stand_ins)
            if isinstance(request, Problem):
                return request
            is_local = (request.url or "").startswith("http:")
            # Not by a session: it would send what is in ~/.netrc and keep cookies.
            response = (self._local if is_local else self._public).send(
                request, stream=True, timeout=_TIMEOUTS[kind], **({} if is_local else environment(request))
            )
            self._lines.add_response(response)
            try:
                return self._read(response, kind)
            finally:
                response.close()
        except RefusedError:
            return Problem("not on the public internet")
        except _TIMED_OUT:
            return Problem("not answered in time")
        except _FAILURES:
            return Problem("not reachable")

    def _read(self, response: requests.Response, kind: Kind) -> Kept | Problem:
        if response.status_code != 200:
            return Problem(f"status {response.status_code}")
        body = bytearray()
        kept: Kept | None = None
        try:
            while piece := response.raw.read1(_READ_SIZE, decode_content=False):
                body += piece
                has_room = self._count(len(piece), len(body))
                if len(body) > _LARGEST[kind]:
                    return Problem(f"larger than {_LARGEST[kind] >> 20} MB")
                if not has_room:
                    return _too_much()
                if time.monotonic() > self._deadline:
                    return Problem("not reached in time")
            content = bytes(body)
            media_type = picture_type(content) if kind == "picture" else video_type(content)
            if media_type is None:
                return Problem(f"no {kind} by the bytes")
            kept = Kept(data_url(media_type, content))
            return kept
        finally:
            with self._counting:
                if kept is None:
                    self._size -= len(body)
                else:
                    self._kept_size += len(body)

    def _count(self, size: int, whole: int) -> bool:
        """Count what was read of a body, which is so long by now; tell whether all have room."""
        with self._counting:
            self._size += size
            # Not for good where it is those under way that take the room, which may be let go.
            self._is_full = self._is_full or self._kept_size + whole > _LARGEST_IN_ALL
            return self._size <= _LARGEST_IN_ALL


def _too_much() -> Problem:
    return Problem(f"more than {_LARGEST_IN_ALL >> 20} MB in all")


def prepared(url: str, stand_ins: Collection[str]) -> requests.PreparedRequest | Problem:
    """Prepare a request, and check the host of the very URL that will be sent."""
    parts = split_address(url)
    if parts is None:
        return Problem("no usable address")
    request = requests.Request("GET", url, headers=_HEADERS).prepare()
    sent = urlsplit(request.url or "")
    # Which of the two is asked for the host differs from release to release.
    read = urllib3.util.parse_url(request.url or "")
    host = sent.hostname or ""
    if "@" in sent.netloc or host != (read.host or "").strip("[]").lower() or sent.port != read.port:
        return Problem("no usable address")
    if sent.scheme == "http" and is_loopback(host) and f"{sent.scheme}://{sent.netloc}" in stand_ins:
        return request
    if sent.scheme != "https":
        return Problem("not over https")
    return request if is_public_host(host) else Problem("not on the public internet")


def environment(request: requests.PreparedRequest) -> dict[str, Any]:
    """Give the proxies and the certificates that the environment names, as a session would take them."""
    with requests.Session() as session:
        found = session.merge_environment_settings(request.url, {}, None, None, None)
    return {name: found[name] for name in ("proxies", "verify", "cert")}
