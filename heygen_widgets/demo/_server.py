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
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, TypeAlias

from ._agents import Agents
from ._answers import MAX_ASSET, Answers, allowed_methods, path_segments, too_large
from ._catalogue import Look
from ._portraits import portrait
from ._previews import Previews, clip_name, read_clips
from ._records import ApiError
from ._videos import Videos
from ._voices import Voices

if TYPE_CHECKING:
    from . import DemoService

# The base class's name for a connection; for datagrams, which are not used here, data and a socket.
_Request: TypeAlias = socket.socket | tuple[bytes, socket.socket]

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)
_DAY = 86_400
_CHUNK = 2**20  # bytes
_MAX_BODY = MAX_ASSET + _CHUNK  # bytes, with the other fields and the boundaries of an upload


class DemoServer(socketserver.ThreadingTCPServer):
    """The server of one `DemoService`, with a daemon thread for each connection.

    Parameters
    ----------
    address : tuple of (str, int)
        Host and port; port 0 means a free one.
    service : DemoService
        Its attributes say what is served and how.

    Raises
    ------
    OSError
        When the address is in use or not allowed.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # On Windows this option means two servers on one port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, address: tuple[str, int], service: DemoService) -> None:
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(address, DemoHandler)
        self.base_url = f"http://{address[0]}:{self.server_address[1]}"
        self.service = service
        self.clips = read_clips()
        catalogue = service.catalogue
        secret = hashlib.blake2b(f"{service.api_key} {len(catalogue.looks)} {catalogue.seed}".encode()).digest()
        self.previews = Previews(self.base_url, service.previews, service.clock, secret)
        self.voices = Voices(catalogue.groups, catalogue.example, self.base_url)
        self.videos = Videos(service, self.previews, self.voices)
        agents = Agents(self.videos, self.voices, service.clock)
        self.answers = Answers(catalogue, self.previews, self.voices, self.videos, agents, secret)

    def start(self) -> None:
        """Serve on a daemon thread."""
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="heygen-stand-in", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening and close open connections, which ends their threads."""
        # `shutdown` alone does not wait for a thread that has not started to serve.
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):  # The client may have closed it in the meantime.
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: _Request, client_address: object) -> None:
        """Remember the connection, then serve it on its own thread."""
        if isinstance(request, socket.socket):
            with self._connections_lock:
                self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Request) -> None:
        """Forget a connection that has ended."""
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: _Request, client_address: object) -> None:
        """Ignore clients that closed the connection; report any other error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class DemoHandler(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    server: DemoServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.route, _, self.query = self.path.partition("?")
        service = self.server.service
        service.requests.append((self.command, self.path.replace(service.api_key, "…")))
        self._body = self._read_body()
        self.is_api = self.route == "/v3" or self.route.startswith("/v3/")
        # The latency of this request is inside `Videos.create`: a second one with the same key arrives during it.
        if self.is_api and (self.command, self.route) != ("POST", "/v3/videos"):
            time.sleep(service.latency)
        try:
            if (self._has_key() or not self.is_api) and service.intercept(self):
                return
            if not self.is_api:
                self._send_media()
            elif self._has_key() and service.is_failing():
                raise ApiError(503, "internal_error", "The stand-in fails because of its error_rate")
            else:
                self.send_json(200, self.answer())
        except ApiError as error:
            self.send_json(error.status, error.envelope, error.headers)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - the base class looks these names up

    def answer(self) -> dict[str, Any]:
        """Return the body of the usual response of the API, and carry out a POST.

        Raises
        ------
        ApiError
            When the response is an error.
        """
        if not self._has_key():
            raise ApiError(401, "unauthorized", "Unauthorized")
        if self.command not in allowed_methods(self.route):
            raise _wrong_method(self.command, self.route)
        if self._body is None:
            raise too_large()
        if self.command == "POST":
            wait = functools.partial(time.sleep, self.server.service.latency)
            return self.server.answers.post(self.route, self._body, self.headers, wait)
        return self.server.answers.get(self.route, self.query, self.headers)

    def _has_key(self) -> bool:
        """Return whether the request has the key, in exactly one header."""
        key, bearer = self.headers.get("X-Api-Key"), self.headers.get("Authorization")
        if (key is None) == (bearer is None):
            return False
        given, wanted = (key, "") if bearer is None else (bearer, "Bearer ")
        wanted += self.server.service.api_key
        return hmac.compare_digest((given or "").strip().encode("utf-8", "replace"), wanted.encode())

    def _send_media(self) -> None:
        if self.command not in ("GET", "HEAD"):
            raise _wrong_method(self.command, self.route)
        find = self.server.service.catalogue.look
        match path_segments(self.route):
            case ["voice_preview", file] if sound := self.server.voices.sound(file):
                self._send_ranges(sound, "audio/wav")
            case ["films", file] if clip := self.server.videos.film(file):
                self._check_signature()
                self._send_ranges(self.server.clips[clip], "video/webm")
            case ["films", file] if subtitles := self.server.videos.subtitles(file):
                self._check_signature()
                self._send_ranges(subtitles, "application/x-subrip; charset=utf-8")
            case ["avatar", "v3", place, "preview_video_target.mp4"] if look := find(place.rpartition("_")[0]):
                self._send_ranges(self.server.clips[clip_name(look)], "video/webm")
            case ["talking_photo", look_id, _] if look := find(look_id):
                self._check_signature()
                self._send_picture(look)
            case ["public-avatars", look_id, "full", _] if look := find(look_id):
                self._send_picture(look)
            case ["avatar", "v3", place, "preview_target.webp"] if look := find(place.rpartition("_")[0]):
                self._send_picture(look)
            case _:
                raise ApiError(404, "not_found", f"There is nothing at {self.route}")

    def _send_picture(self, look: Look) -> None:
        headers = {"Content-Type": "image/svg+xml", "Cache-Control": f"public, max-age={_DAY}"}
        self.send_answer(200, portrait(look).encode(), headers)

    def _check_signature(self) -> None:
        if not self.server.previews.is_valid(self.route, self.query):
            raise ApiError(403, "forbidden", "The URL has expired or its signature is wrong")

    def _send_ranges(self, media: bytes, kind: str) -> None:
        headers = {
            "ETag": f'"{hashlib.blake2b(media, digest_size=8).hexdigest()}"',
            "Content-Type": kind,
            "Accept-Ranges": "bytes",
            "Access-Control-Allow-Origin": "*",
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

    def send_json(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        """Send a JSON object."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        self.send_answer(status, text.encode(), {"Content-Type": "application/json", **(headers or {})})

    def send_answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send headers and body."""
        # One write for headers and body: with two, the second may wait 40 ms for the first to be acknowledged.
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"Date: {self.date_time_string()}",
            f"Content-Length: {len(body)}",
            f"X-Request-Id: {uuid.uuid4().hex}",
            *(f"{name}: {value}" for name, value in headers.items()),
            *(["Connection: close"] if self.close_connection else []),
        ]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + body)

    def _read_body(self) -> bytes | None:
        """Read the body, or return None if it is too large.

        One without a length counts as empty, and the connection is closed afterwards.
        """
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            return b""
        left = int(length)
        if left <= _MAX_BODY:
            return self.rfile.read(left)
        # A client that may not send all of it would report a broken connection instead of the error.
        while left > 0 and (chunk := self.rfile.read(min(left, _CHUNK))):
            left -= len(chunk)
        return None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the base class's errors as an envelope, then close the connection."""
        self.close_connection = True
        error = ApiError(code, "validation_error", message or "The request is malformed")
        if code == 501:
            error = _wrong_method(self.command, self.path.partition("?")[0])
        self.send_json(error.status, error.envelope, error.headers)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: `DemoService.requests` has the requests."""


def _wrong_method(method: str, route: str) -> ApiError:
    allowed = ", ".join(allowed_methods(route))
    return ApiError(405, "method_not_allowed", f"{method} is not allowed here, only {allowed}", Allow=allowed)


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """Return start and stop of the requested range. None means the whole, start ≥ stop a range that is not there."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size
