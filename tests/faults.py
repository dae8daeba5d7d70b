"""A stand-in with faults, for tests: rules say which requests get a fault, and each kind says what is sent."""

from __future__ import annotations

import functools
import io
import json
import os
import random
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

from heygen_widgets.demo import DemoService

Handler = Any  # the handler of the stand-in: see `DemoService.intercept`
Body = dict[str, Any]

_DRIP = 0.05  # s between two bytes
_REPEATED = 5  # records
_JSON = {"Content-Type": "application/json"}
_HTML = b"<!doctype html><title>Gateway</title><h1>Bad gateway</h1>"
_LISTS = ("looks", "groups", "voices")

STATUSES = {
    **{"401": "unauthorized", "402": "insufficient_credit", "403": "forbidden", "404": "not_found", "409": "conflict"},
    "429": "rate_limit_exceeded",
    **dict.fromkeys(("500", "502", "503", "504"), "internal_error"),
}
RETRY_AFTER: dict[str, Callable[[], str | None]] = {
    "429": lambda: "2",
    "429-date": lambda: formatdate(time.time() + 4, usegmt=True),  # whole seconds: 3 to 4 s from now
    "429-bare": lambda: None,
    "429-negative": lambda: "-5",
    "429-absurd": lambda: "1000000000",
}
REDIRECTS = {
    "redirect-host": "https://elsewhere.invalid",
    "redirect-http": "http://elsewhere.invalid",
    "redirect-circle": "",
}
LENGTHS = {"length-short": 0.5, "length-long": 1.5}
"""The Content-Length as a multiple of the real one."""

LATER_PAGES = ("repeated-token", "no-token", "stale-token", "duplicates", "vanish", "appear")
"""Faults of the pages after the first."""

BROKEN_OFF = {
    "refused": b"",  # a reset, and nothing listens for a while
    "taken": b"",  # the request is carried out first
    "reset-before": b"",
    "reset-headers": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
    "reset-body": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"data": [',
}
"""What is sent before the connection is reset."""

ENDLESS = {"silent": b"", "drip": BROKEN_OFF["reset-body"]}
"""What is sent before silence, or before a body that drips byte by byte."""


def _gzipped(body: bytes) -> tuple[int, bytes, dict[str, str]]:
    return 200, body, {**_JSON, "Content-Encoding": "gzip"}


@functools.cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(2**20)) for _ in range(200)), packer.flush()])


WHOLE: dict[str, Callable[[], tuple[int, bytes, dict[str, str]]]] = {
    "html": lambda: (200, _HTML, {"Content-Type": "text/html"}),
    "html-502": lambda: (502, _HTML, {"Content-Type": "text/html"}),
    "empty": lambda: (200, b"", _JSON),
    "null": lambda: (200, b"null", _JSON),
    "deep": lambda: (200, b'{"data": ' + b"[" * 100_000, _JSON),
    "gzip-bomb": lambda: _gzipped(_bomb()),  # 200 MB
    "bad-gzip": lambda: _gzipped(b"\x1f\x8b\x08\x00 and nothing that could be unpacked"),
}
"""Faults that do not depend on the usual response."""


def _dump(content: object) -> bytes:
    return json.dumps(content).encode()


def _with(**fields: object) -> Callable[[Body], bytes]:
    """Change fields of a record, in a list of the one in the middle; None removes the field."""

    def edit(body: Body) -> bytes:
        data = body["data"]
        record = data[len(data) // 2] if isinstance(data, list) else data
        for name, value in fields.items():
            record.pop(name, None)
            if value is not None:
                record[name] = value
        return _dump(body)

    return edit


BODIES: dict[str, Callable[[Body], bytes]] = {
    "truncated": lambda body: _dump(body)[: len(_dump(body)) // 2],
    "list": lambda body: _dump(body["data"] if isinstance(body["data"], list) else [body["data"]]),
    "data-null": lambda body: _dump({**body, "data": None}),
}
RECORDS: dict[str, Callable[[Body], bytes]] = {
    "no-id": _with(id=None, voice_id=None, video_id=None, session_id=None),
    "number-name": _with(name=5),
    "huge": lambda body: _with(tags=["x" * 9] * 10**6)(body),
    "long-number": lambda body: _with(image_width="the number")(body).replace(b'"the number"', b"7" * 5_000),
    "nan": _with(image_width=float("nan")),
    "surrogate": _with(name="Lone \ud800"),
}

MEDIA_KINDS = {*STATUSES, *RETRY_AFTER, "html", "html-502", "empty", *BROKEN_OFF, *ENDLESS, "cut"} - {"taken"}
"""Faults of media; ``cut`` ends the connection in the middle of the file."""

KINDS = (
    *(*STATUSES, *(kind for kind in RETRY_AFTER if kind not in STATUSES), *WHOLE, *BODIES, *RECORDS, *LENGTHS),
    *(*REDIRECTS, *LATER_PAGES, *BROKEN_OFF, *ENDLESS),
)
"""The faults of API requests."""


@dataclass(frozen=True)
class Fault:
    """A rule that gives some requests a fault.

    Parameters
    ----------
    kind : str
        One of `KINDS`, or ``cut``.
    endpoint : str, optional
        ``looks``, ``look``, ``groups``, ``group``, ``voices``, ``voice``, ``account``, ``video``, ``agent``,
        ``create-video``, ``create-agent`` or ``media``; all of the API by default.
    nth : int
        The first request with the fault, counted from 1 among those that the rule applies to.
    times : int, optional
        How many requests have the fault; no limit by default.
    probability : float
        The share of the requests with the fault; the seed decides which ones.
    """

    kind: str
    endpoint: str | None = None
    nth: int = 1
    times: int | None = None
    probability: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        assert self.kind in (*KINDS, "cut"), self.kind
        assert self.kind in MEDIA_KINDS if self.endpoint == "media" else self.kind != "cut", self.kind

    def applies(self, endpoint: str, handler: Handler) -> bool:
        if self.endpoint != endpoint and (self.endpoint is not None or endpoint == "media"):
            return False
        if self.kind in LATER_PAGES and (endpoint not in _LISTS or "token" not in parse_qs(handler.query)):
            return False
        changes_response = self.kind in (*LATER_PAGES, *BODIES, *RECORDS, *LENGTHS)
        if not changes_response or endpoint in ("media", "create-video", "create-agent"):
            return True
        try:
            body = handler.answer()
        except Exception:  # noqa: BLE001 - a request that the stand-in refuses gets its refusal
            return False
        return bool(body["data"]) or self.kind not in RECORDS


class _Counted:
    def __init__(self, rule: Fault) -> None:
        self.rule = rule
        self.left = float("inf") if rule.times is None else rule.times
        self._seen = 0
        self._random = random.Random(rule.seed)

    def strikes(self) -> bool:
        """Count a request that the rule applies to; return whether it gets the fault."""
        self._seen += 1
        drawn = self._random.random() < self.rule.probability
        return drawn and self._seen >= self.rule.nth and self.left > 0


class FaultyService(DemoService):
    """A stand-in with faults. Every rule counts every request that it applies to; the first that strikes wins.

    Parameters
    ----------
    faults : iterable of Fault
    pause : float
        How long nothing listens after the fault ``refused``, in s.
    **options
        As for `DemoService`.

    Attributes
    ----------
    struck : collections.Counter
        How often each kind has struck.
    """

    def __init__(self, looks: int = 2_000, *, faults: Iterable[Fault] = (), pause: float = 0.5, **options: Any) -> None:
        super().__init__(looks, **options)
        self.struck: Counter[str] = Counter()
        self.pause = pause
        self._lock = threading.Lock()
        self._rules = [_Counted(rule) for rule in faults]

    def intercept(self, handler: Handler) -> bool:
        endpoint = endpoint_of(handler.command, handler.route)
        rules = [counted for counted in self._rules if endpoint and counted.rule.applies(endpoint, handler)]
        with self._lock:
            striking = [counted for counted in rules if counted.strikes()]
            if not striking:
                return False
            striking[0].left -= 1
            kind = striking[0].rule.kind
            self.struck[kind] += 1
        _send(kind, handler, self.pause)
        return True


def endpoint_of(method: str, path: str) -> str | None:
    if method == "POST":
        return {"/v3/videos": "create-video", "/v3/video-agents": "create-agent"}.get(path)
    if method != "GET":
        return None
    match path.split("/")[1:]:
        case ["v3", "avatars"]:
            return "groups"
        case ["v3", "avatars", "looks"]:
            return "looks"
        case ["v3", "avatars", "looks", look_id] if look_id:
            return "look"
        case ["v3", "avatars", group_id] if group_id:
            return "group"
        case ["v3", "voices"]:
            return "voices"
        case ["v3", "voices" | "videos" | "video-agents" as kind, name] if name:
            return {"voices": "voice", "videos": "video", "video-agents": "agent"}[kind]
        case ["v3", "users", "me"]:
            return "account"
        case ["v3", *_]:
            return None
    return "media"


def _send(kind: str, handler: Handler, pause: float) -> None:
    status = kind.partition("-")[0]
    if status in STATUSES:
        error = {"code": STATUSES[status], "message": f"The fault is {kind}"}
        wait = RETRY_AFTER.get(kind, lambda: None)()
        handler.send_json(int(status), {"error": error}, {"Retry-After": wait} if wait else {})
    elif kind in WHOLE:
        handler.send_answer(*WHOLE[kind]())
    elif kind == "stale-token":
        error = {"code": "invalid_parameter", "message": "token is not valid any more", "param": "token"}
        handler.send_json(400, {"error": error})
    elif kind in LATER_PAGES:
        handler.send_json(200, _later_page(kind, handler))
    elif edit := BODIES.get(kind) or RECORDS.get(kind):
        handler.send_answer(200, edit(handler.answer()), _JSON)
    elif kind in LENGTHS:
        body = _dump(handler.answer())
        handler.close_connection = True
        handler.send_answer(200, body, _JSON, length=int(len(body) * LENGTHS[kind]))
    elif kind in REDIRECTS:
        handler.send_answer(302, b"", {"Location": REDIRECTS[kind] + handler.path})
    elif kind == "cut":
        _cut(handler)
    else:
        _break_off(kind, handler, pause)


def _later_page(kind: str, handler: Handler) -> Body:
    arguments = parse_qs(handler.query)
    body: Body = handler.answer(shift={"vanish": 1, "appear": -1}.get(kind, 0))
    if kind == "duplicates":
        repeated = min(_REPEATED, int(arguments.get("limit", ["20"])[-1]))
        body["data"] = handler.answer(shift=-repeated)["data"][:repeated] + body["data"]
    elif kind == "no-token":
        body |= {"has_more": True, "next_token": None}
    elif kind == "repeated-token":
        body |= {"has_more": True, "next_token": arguments["token"][-1]}
    return body


def _cut(handler: Handler) -> None:
    wire, handler.wfile = handler.wfile, io.BytesIO()
    try:
        handler.respond()
        head, _, body = handler.wfile.getvalue().partition(b"\r\n\r\n")
    finally:
        handler.wfile = wire
    handler.close_connection = True
    wire.write(head + b"\r\n\r\n" + body[: len(body) // 2])


def _break_off(kind: str, handler: Handler, pause: float) -> None:
    handler.close_connection = True
    if kind == "taken":
        handler.answer()
    handler.wfile.write({**BROKEN_OFF, **ENDLESS}[kind])
    if kind in ENDLESS:
        while not _is_over(handler.connection):
            if kind == "drip":
                handler.wfile.write(b"1")
    elif kind == "refused":
        _pause_listening(handler, pause)
    else:
        _reset(handler.connection)


def _is_over(connection: socket.socket) -> bool:
    """Wait for the time of a drip; return whether the client has gone or the service is closed."""
    connection.settimeout(_DRIP)
    try:
        # What the client still sends is dropped: unread, it would hide that the client has gone.
        return not connection.recv(4_096)
    except TimeoutError:
        return False
    finally:
        connection.settimeout(None)


def _reset(connection: socket.socket) -> None:
    """Close a connection with a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
    # Not by the object: the handler's files hold it open.
    socket.close(connection.detach())


def _pause_listening(handler: Handler, seconds: float) -> None:
    server = handler.server
    with server.listening:
        if server.closed.is_set():
            return
        server.stop()
        _reset(handler.connection)
        while not server.closed.wait(seconds):
            server.socket = socket.socket(server.address_family, server.socket_type)
            try:
                server.server_bind()
                server.server_activate()
            except OSError:  # another process has taken the port: wait until it is free
                server.socket.close()
            else:
                server.start()
                return
