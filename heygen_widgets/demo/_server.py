"""The stand-in's HTTP server: credentials, methods, keep-alive, and media with ranges."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import json
import os
import re
import socket
import socketserver
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, TypeAlias

from ._answers import Answers, path_segments
from ._catalogue import Catalogue
from ._errors import ApiError
from ._faults import FaultPlan, play
from ._looks import Look
from ._portraits import portrait
from ._previews import Previews, clip_name, read_clips
from ._videos import Videos
from ._voices import Voices

# What the base class calls a request: a connection, or for datagrams (not here) data and a socket.
_Request: TypeAlias = socket.socket | tuple[bytes, socket.socket]

_MAX_REQUEST_BODY = 1_000_000
"""Largest body that is read, in bytes."""

_MAX_DROPPED = 20_000_000
"""So much of a larger body is read and thrown away before it is refused, in bytes."""

_PIECE = 65_536  # bytes that are thrown away at once

_CREATING = ("/v3/videos", "/v3/video-agents")
"""The paths that take a POST."""

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)
_LENGTH = re.compile(r"\d{1,12}", re.ASCII)
_DAY = 86_400


class DemoServer(socketserver.ThreadingTCPServer):
    """A server for one catalogue, with a daemon thread for each connection.

    Parameters
    ----------
    address : tuple of (str, int)
        Host and port; port 0 takes a free one.
    catalogue : Catalogue
        What is served.
    api_key : str
        The one key that is accepted.
    latency : callable
        Returns the wait before an answer of the API, in s; media come at once.
    previews : str
        `"data"` or `"http"`.
    clock : callable
        Tells the time in Unix seconds, for signed addresses.
    render_time : float
        For how long a video is in the making, in s by the clock.
    requests : deque of (str, str)
        Where method and path of each request are noted.
    accepted : deque of (str, dict)
        Where path and body of each request for a video that was taken are noted.
    faults : FaultPlan
        Tells which requests are answered with a fault.

    Raises
    ------
    OSError
        When the address is in use or not allowed.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # On Windows the option means something else: two servers on one port.
    allow_reuse_address = os.name != "nt"

    def __init__(
        self,
        address: tuple[str, int],
        *,
        catalogue: Catalogue,
        api_key: str,
        latency: Callable[[], float],
        previews: str,
        clock: Callable[[], float],
        render_time: float,
        requests: deque[tuple[str, str]],
        accepted: deque[tuple[str, dict[str, Any]]],
        faults: FaultPlan,
    ) -> None:
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        self._listening_lock = threading.Lock()
        self._closed = threading.Event()
        super().__init__(address, _Handler)
        self.base_url = f"http://{address[0]}:{self.server_address[1]}"
        self.catalogue = catalogue
        self.api_key = api_key
        self.latency = latency
        self.requests = requests
        self.faults = faults
        self.clips = read_clips()
        secret = hashlib.blake2b(f"{api_key} {len(catalogue.looks)} {catalogue.seed}".encode()).digest()
        self.previews = Previews(self.base_url, previews, clock, secret)
        self.voices = Voices(catalogue.groups, self.base_url)
        self.videos = Videos(catalogue, self.previews, self.voices, self.base_url, clock, render_time, accepted)
        self.answers = Answers(catalogue, self.previews, self.voices, self.videos, secret)

    def start(self) -> None:
        """Serve on a thread of its own."""
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="heygen-stand-in", daemon=True
        )
        self._thread.start()

    def _stop(self) -> None:
        # Both, since a thread that has not begun yet is not waited for by the former.
        self.shutdown()
        self._thread.join()
        self.server_close()

    def pause_listening(self, seconds: float, meanwhile: Callable[[], None]) -> None:
        """Let nothing listen on the port for a while; connections that are there go on.

        `meanwhile` is called as soon as nothing listens.
        """
        with self._listening_lock:
            if self._closed.is_set():
                return
            self._stop()
            meanwhile()
            while not self._closed.wait(seconds):
                self.socket = socket.socket(self.address_family, self.socket_type)
                try:
                    self.server_bind()
                    self.server_activate()
                except OSError:  # Another process has taken the port meanwhile: wait until it is free.
                    self.socket.close()
                else:
                    self.start()
                    return

    def close(self) -> None:
        """Stop listening and break open connections off."""
        self._closed.set()
        with self._listening_lock:
            self._stop()
        self.close_connections()

    def process_request(self, request: _Request, client_address: object) -> None:
        """Note the connection, then serve it on its own thread."""
        if isinstance(request, socket.socket):
            with self._connections_lock:
                self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Request) -> None:
        """Forget a connection that has ended."""
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Break all open connections off; their threads end by themselves."""
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):  # It may have ended by itself in the meantime.
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: _Request, client_address: object) -> None:
        """Say nothing of clients that went away; report anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests and writes each answer with a single call."""

    server: DemoServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    _is_cut = False  # whether the answer ends amid its body

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.requests.append((self.command, self.path.replace(self.server.api_key, "…")))
        body = self._read_body()
        of_api = path == "/v3" or path.startswith("/v3/")
        # Creating takes its time by itself, in which a second request with the same key is told so.
        creates = self.command == "POST" and path in _CREATING
        if of_api and not creates:
            time.sleep(self.server.latency())
        answer = functools.cache(functools.partial(self._answer, path, query, body))
        may_fail = self._has_key() if of_api else self.command == "GET"
        kind = self.server.faults.strike(self.command, path, query, answer) if may_fail else None
        self._is_cut = kind == "cut"
        try:
            if kind is not None and not self._is_cut:
                play(kind, self, answer)
            elif of_api:
                self._send_json(200, answer())
            else:
                self._answer_media(path, query)
        except ApiError as error:
            self._send_envelope(error)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - the base class looks these names up

    def _answer(self, path: str, query: str, body: bytes | None, shift: int = 0) -> dict[str, Any]:
        """Give the right answer of the API; a POST is carried out by that."""
        if not self._has_key():
            raise ApiError(401, "unauthorized", "Unauthorized")
        if self.command == "POST" and path in _CREATING:
            wait = functools.partial(time.sleep, self.server.latency())
            return self.server.videos.create(path, _parsed(body), self.headers.get("Idempotency-Key"), wait)
        if self.command == "GET" and path not in _CREATING:
            return self.server.answers.get(path, query, shift=shift)
        allowed = "POST" if path in _CREATING else "GET"
        raise ApiError(405, "method_not_allowed", f"{self.command} is not allowed here; use {allowed}")

    def _has_key(self) -> bool:
        """Tell whether the request bears the key, in one header and not in both."""
        key, bearer = self.headers.get("X-Api-Key"), self.headers.get("Authorization")
        if (key is None) == (bearer is None):
            return False
        given, wanted = (key, "") if bearer is None else (bearer, "Bearer ")
        wanted += self.server.api_key
        return hmac.compare_digest((given or "").strip().encode("utf-8", "replace"), wanted.encode())

    def _answer_media(self, path: str, query: str) -> None:
        if self.command not in ("GET", "HEAD"):
            self._send_envelope(ApiError(405, "method_not_allowed", f"{self.command} is not allowed here; use GET"))
            return
        sound = self._find_sound(path)
        if sound is not None:
            self._send_ranges(sound, "audio/wav")
            return
        film = self._find_film(path, query)
        if film is not None:
            name, tag = film
            self._send_ranges(self.server.clips[name], "video/webm", tag)
            return
        look, kind = self._find_media(path)
        if look is None:
            self._send_envelope(ApiError(404, "not_found", f"There is nothing at {path}"))
        elif kind == "video":
            self._send_ranges(self.server.clips[clip_name(look)], "video/webm")
        elif kind == "signed" and not self.server.previews.is_valid(path, query):
            self._send_envelope(ApiError(403, "forbidden", "The address has expired or its signature is wrong"))
        else:
            cache = {"Cache-Control": f"public, max-age={_DAY}"}
            self.send_answer(200, portrait(look).encode(), {"Content-Type": "image/svg+xml", **cache})

    def _find_media(self, path: str) -> tuple[Look | None, str]:
        """Find the look that an address of the CDN belongs to, and what the address asks for."""
        find = self.server.catalogue.look
        match path_segments(path):
            case ["talking_photo", look_id, _]:
                return find(look_id), "signed"
            case ["public-avatars", look_id, "full", _]:
                return find(look_id), "plain"
            case ["avatar", "v3", place, "preview_target.webp"]:
                return find(place.rpartition("_")[0]), "plain"
            case ["avatar", "v3", place, "preview_video_target.mp4"]:
                return find(place.rpartition("_")[0]), "video"
        return None, ""

    def _find_sound(self, path: str) -> bytes | None:
        match path_segments(path):
            case ["voice_preview", file]:
                return self.server.voices.sound(file)
        return None

    def _find_film(self, path: str, query: str) -> tuple[str, str] | None:
        match path_segments(path):
            case ["films", file]:
                film = self.server.videos.film(file)
                if film is not None and not self.server.previews.is_valid(path, query):
                    raise ApiError(403, "forbidden", "The address has expired or its signature is wrong")
                return film
        return None

    def _send_ranges(self, media: bytes, kind: str, tag: str | None = None) -> None:
        headers = {
            **({"ETag": tag} if tag else {}),
            "Content-Type": kind,
            "Accept-Ranges": "bytes",
            "Cache-Control": f"public, max-age={_DAY}",
        }
        span = _span(self.headers.get("Range"), len(media))
        if span is None:
            self.send_answer(200, media, headers)
            return
        start, stop = span
        if start >= stop:
            self.send_answer(416, b"", {**headers, "Content-Range": f"bytes */{len(media)}"})
            return
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(media)}"
        self.send_answer(206, media[start:stop], headers)

    def _send_envelope(self, error: ApiError) -> None:
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        if error.status == 405:
            headers["Allow"] = "POST" if self.path.partition("?")[0] in _CREATING else "GET"
        self._send_json(error.status, error.envelope, headers)

    def _send_json(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        self.send_answer(status, text.encode(), {"Content-Type": "application/json", **(headers or {})})

    def send_answer(self, status: int, body: bytes, headers: dict[str, str], length: int | None = None) -> None:
        """Send headers and body; `length` is what they tell in place of the body's own."""
        if self._is_cut:
            length, body = len(body), body[: len(body) // 2]
            self.close_connection = True
        # One write for headers and body: with two, the second may wait 40 ms for the first to be acknowledged.
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"Date: {self.date_time_string()}",
            f"Content-Length: {len(body) if length is None else length}",
            f"X-Request-Id: {uuid.uuid4().hex}",
            *(f"{name}: {value}" for name, value in headers.items()),
            *(["Connection: close"] if self.close_connection else []),
        ]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + body)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.wfile.write(data)

    def pause_listening(self, seconds: float, meanwhile: Callable[[], None]) -> None:
        """Let nothing listen on the port for a while."""
        self.server.pause_listening(seconds, meanwhile)

    def _read_body(self) -> bytes | None:
        """Read the body; where it is too large, or has no length, give the connection up after the answer."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" not in self.headers and _LENGTH.fullmatch(length) and int(length) <= _MAX_REQUEST_BODY:
            return self.rfile.read(int(length))
        self.close_connection = True
        if _LENGTH.fullmatch(length):
            # A client that is still sending when the connection ends never gets to read why.
            left = min(int(length), _MAX_DROPPED)
            while left > 0 and (piece := self.rfile.read(min(left, _PIECE))):
                left -= len(piece)
        return None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the base class finds wrong with a request: an envelope, then the end of the connection."""
        self.close_connection = True
        if code == 501:
            self._send_envelope(ApiError(405, "method_not_allowed", f"{self.command} is not allowed here; use GET"))
        else:
            self._send_envelope(ApiError(code, "validation_error", message or "The request makes no sense"))

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: the service notes its requests itself."""


def _parsed(body: bytes | None) -> dict[str, Any]:
    """Give the JSON object that a body is."""
    if body is None:
        raise ApiError(413, "payload_too_large", f"The body must have a length, of {_MAX_REQUEST_BODY} bytes at most")
    try:
        content = json.loads(body)
        # A lone surrogate is no text: neither an error nor the record of a video could tell it back.
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ApiError(400, "validation_error", "The body must be a JSON object")
    return content


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and stop of the one range asked for; None asks for all, start ≥ stop cannot be served."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size
