"""Faults that the stand-in can be told to have: rules that say when one strikes, and how each kind answers."""

from __future__ import annotations

import functools
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
from dataclasses import KW_ONLY, dataclass
from email.utils import formatdate
from numbers import Integral
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl

from ._answers import DEFAULT_LIMIT, path_segments
from ._errors import ApiError

__all__ = ["ENDPOINTS", "FAULT_KINDS", "Fault", "FaultPlan", "fault_of", "play"]

ENDPOINTS = (
    *("looks", "look", "groups", "group", "voices", "voice", "account"),
    *("create-video", "video", "create-agent", "agent", "media"),
)
"""What a fault can be of: the endpoints, and pictures, clips, sounds and films."""

_LISTS = ("looks", "groups", "voices")

Answer: TypeAlias = Callable[..., dict[str, Any]]
"""Gives the right body, ``answer(shift=0)``; of a list, one that begins so many records further."""

PAUSE = 0.5
"""For how long nothing listens after the fault `refused`, in s."""

_CODES = {
    "401": "unauthorized",
    "402": "insufficient_credit",
    "403": "forbidden",
    "404": "not_found",
    "409": "conflict",
    "429": "rate_limit_exceeded",
    "500": "internal_error",
    "502": "internal_error",
    "503": "internal_error",
    "504": "internal_error",
}

FAULT_KINDS = {
    **{status: f"the status, with the service's own error {code}" for status, code in _CODES.items()},
    "429": "429 with Retry-After: 2",
    "429-date": "429 with a Retry-After that is a date, 3 s from now",
    "429-bare": "429 without Retry-After",
    "429-negative": "429 with Retry-After: -5",
    "429-absurd": "429 with a Retry-After of 30 years",
    "html": "an HTML page with 200",
    "html-502": "an HTML page with 502",
    "empty": "200 with an empty body",
    "truncated": "JSON that is cut in the middle",
    "list": "the list without the object around it",
    "null": "null as the whole body",
    "data-null": "null as data",
    "no-id": "a record without id",
    "number-name": "a record with a number as name",
    "huge": "a record with 10 MB of tags",
    "deep": "100,000 open brackets",
    "long-number": "a number of 5,000 digits in a record",
    "nan": "NaN in a record",
    "surrogate": "a lone surrogate in a name",
    "gzip-bomb": "a small body that unpacks to 200 MB",
    "bad-gzip": "a body that is called gzip and is none",
    "length-short": "a Content-Length smaller than the body",
    "length-long": "a Content-Length larger than the body",
    "refused": "the connection is reset, and nothing listens for 0.5 s",
    "reset-before": "the connection is reset before the answer",
    "reset-headers": "the connection is reset amid the headers",
    "reset-body": "the connection is reset amid the body",
    "silent": "no answer, for ever",
    "drip": "a body that comes byte by byte, for ever",
    "drip-headers": "headers that come byte by byte, for ever",
    "redirect-host": "a redirect to another host",
    "redirect-http": "a redirect to another host by plain http",
    "redirect-circle": "a redirect to itself",
    "repeated-token": "a later page whose next_token is its own",
    "no-token": "a later page with has_more and no next_token",
    "stale-token": "a later page is answered 400, as if its token were of no use any more",
    "duplicates": "a later page that begins with the last five records of the page before",
    "vanish": "a later page begins one record further, as if one before it had vanished",
    "appear": "a later page begins one record earlier, as if one before it had appeared",
    "taken": "the request is carried out, and the connection is reset in place of the answer",
    "cut": "the connection ends amid the picture, clip, sound or film",
}
"""The kinds of faults, each with what it does."""

_LATER_PAGES = {"repeated-token", "no-token", "stale-token", "duplicates", "vanish", "appear"}
_OF_MEDIA = {kind for kind in FAULT_KINDS if kind[0].isdigit()} | {
    *("html", "html-502", "empty", "refused", "reset-before", "reset-headers", "reset-body"),
    *("silent", "drip", "drip-headers", "cut"),
}
_DRIP = 0.05  # s between two bytes
_REPEATED = 5  # records


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule by which the stand-in answers some requests with a fault.

    Parameters
    ----------
    kind : str
        One of `FAULT_KINDS`.
    endpoint : str, optional
        Only these requests, one of `ENDPOINTS`: lists or single records, what begins a video or an agent, or pictures,
        clips, sounds and films (``media``); all of the API unless given.
    nth : int, default 1
        The first request that it can strike, counted from 1 among those of its endpoint that its kind applies to.
    times : int, optional
        How often it strikes at most; without end unless given.
    probability : float, default 1.0
        How likely each of them is struck, 0 to 1.
    seed : int, default 0
        The same seed strikes the same ones, in the order in which they arrive.

    Raises
    ------
    ValueError, TypeError
        When one of them is none of these.
    """

    kind: str
    _: KW_ONLY
    endpoint: str | None = None
    nth: int = 1
    times: int | None = None
    probability: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in FAULT_KINDS:
            raise ValueError(f"unknown fault {self.kind!r}: choose from {', '.join(FAULT_KINDS)}")
        if self.endpoint is not None and self.endpoint not in ENDPOINTS:
            raise ValueError(f"unknown endpoint {self.endpoint!r}: choose from {', '.join(ENDPOINTS)}")
        if self.endpoint == "media" and self.kind not in _OF_MEDIA:
            raise ValueError(f"the fault {self.kind!r} is none of media")
        if self.kind == "cut" and self.endpoint != "media":
            raise ValueError(f"the fault {self.kind!r} is one of media alone: give endpoint='media'")
        if self.kind in _LATER_PAGES and self.endpoint not in (None, *_LISTS):
            raise ValueError(f"the fault {self.kind!r} is one of lists, not of {self.endpoint!r}")
        for name, least in {"nth": 1, "times": 1, "seed": None}.items():
            value = getattr(self, name)
            if value is None and name == "times":
                continue
            if not isinstance(value, Integral) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if least is not None and value < least:
                raise ValueError(f"{name} must be {least} or more, not {value!r}")
        if not isinstance(self.probability, (int, float)) or isinstance(self.probability, bool):
            raise TypeError(f"probability must be a number, not {self.probability!r}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be 0 to 1, not {self.probability!r}")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a rule as the command takes it, such as ``"429 endpoint=looks nth=3 times=1"``.

        Raises
        ------
        ValueError
            When it says nothing of this kind.
        """
        kind, *settings = text.split() or [""]
        readers = {"endpoint": str, "nth": int, "times": int, "probability": float, "seed": int}
        given: dict[str, Any] = {}
        for setting in settings:
            name, mark, value = setting.partition("=")
            if not mark or name not in readers or name in given:
                raise ValueError(
                    f"{setting!r} in the fault {text!r} should be one of {', '.join(readers)}, once, and ="
                )
            try:
                given[name] = readers[name](value)
            except ValueError:
                raise ValueError(f"{setting!r} in the fault {text!r} has no number after =") from None
        return cls(kind, **given)


def fault_of(rule: Fault | str) -> Fault:
    """Give a rule, also from its text."""
    if isinstance(rule, str):
        return Fault.parse(rule)
    if not isinstance(rule, Fault):
        raise TypeError(f"faults must hold Fault rules or their texts, not {rule!r}")
    return rule


class FaultPlan:
    """Decides which requests are struck, by several rules, and counts them. Threads may share one.

    Every rule counts every request that it applies to; where several strike, the first of them does.

    Parameters
    ----------
    rules : iterable of Fault
    """

    def __init__(self, rules: Iterable[Fault]) -> None:
        self._struck: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._rules = [_Counted(rule) for rule in rules]

    @property
    def struck(self) -> Counter[str]:
        """How often each kind has struck so far."""
        with self._lock:
            return self._struck.copy()

    def strike(self, method: str, path: str, query: str, answer: Answer) -> str | None:
        """Give the kind of fault that a request is answered with, or None; `answer` gives its right answer."""
        endpoint = _endpoint(method, path) if self._rules else None
        rules = [
            counted
            for counted in self._rules
            if counted.rule.endpoint == endpoint or (counted.rule.endpoint is None and endpoint != "media")
        ]
        if endpoint is None or not rules:
            return None
        kinds = _kinds_for(endpoint, query, answer, {counted.rule.kind for counted in rules})
        with self._lock:
            striking = [counted for counted in rules if counted.rule.kind in kinds and counted.would_strike()]
            if not striking:
                return None
            striking[0].left -= 1
            kind = striking[0].rule.kind
            self._struck[kind] += 1
            return kind


class _Counted:
    def __init__(self, rule: Fault) -> None:
        self.rule = rule
        self.left = float("inf") if rule.times is None else rule.times
        self._seen = 0
        self._random = random.Random(int(rule.seed))

    def would_strike(self) -> bool:
        """Count a request that the rule applies to, and tell whether it would strike it."""
        self._seen += 1
        drawn = self._random.random() < self.rule.probability
        return drawn and self._seen >= self.rule.nth and self.left > 0


def _kinds_for(endpoint: str, query: str, answer: Answer, kinds: set[str]) -> set[str]:
    """Give those of some kinds that apply to a request."""
    if endpoint == "media":
        return kinds & _OF_MEDIA
    kinds = kinds - {"cut"}
    if endpoint not in _LISTS or "token" not in dict(parse_qsl(query)):
        kinds = kinds - _LATER_PAGES
    if endpoint.startswith("create-"):
        # To ask for the right answer would carry it out, also where another fault strikes.
        return kinds
    of_answers = kinds & (_LATER_PAGES | _BODIES.keys() | _RECORDS.keys() | _LENGTHS.keys())
    if not of_answers:
        return kinds
    try:
        body = answer()
    except ApiError:  # What has no right answer has no wrong one either.
        return kinds - of_answers
    return kinds if body["data"] else kinds - _RECORDS.keys()


def _endpoint(method: str, path: str) -> str | None:
    if method == "POST":
        return {"/v3/videos": "create-video", "/v3/video-agents": "create-agent"}.get(path)
    if method != "GET":
        return None
    match path_segments(path):
        case ["v3", "avatars"]:
            return "groups"
        case ["v3", "avatars", "looks"]:
            return "looks"
        case ["v3", "avatars", "looks", look_id] if look_id:
            return "look"
        case ["v3", "avatars", group_id] if group_id:
            return "group"
        case ["v3", "voices", voice_id] if voice_id:
            return "voice"
        case ["v3", "voices"]:
            return "voices"
        case ["v3", "videos", video_id] if video_id:
            return "video"
        case ["v3", "video-agents", session_id] if session_id:
            return "agent"
        case ["v3", "users", "me"]:
            return "account"
        case ["v3", *_]:
            return None
    return "media"


# -- how each kind answers --------------------------------------------------------------------------------------------


class FaultyHandler(Protocol):
    """What a fault needs of the handler of a request."""

    path: str
    connection: socket.socket
    close_connection: bool

    def send_answer(self, status: int, body: bytes, headers: dict[str, str], length: int | None = None) -> None:
        """Send headers and body at once; `length` is told in place of the body's own."""

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""

    def pause_listening(self, seconds: float, meanwhile: Callable[[], None]) -> None:
        """Let nothing listen for a while, and call something as soon as that is so."""


def play(kind: str, handler: FaultyHandler, answer: Answer) -> None:
    """Answer a request with a fault.

    Parameters
    ----------
    kind : str
        One of `FAULT_KINDS` that applies to the request.
    handler : FaultyHandler
    answer : callable
        Gives the right answer.
    """
    status = kind.partition("-")[0]
    if status.isdigit():
        error = ApiError(int(status), _CODES[status], f"The stand-in was told to answer {kind}")
        handler.send_answer(error.status, _dump(error.envelope), {**_JSON, **_retry_after(kind)})
    elif kind in _WHOLE:
        whole_status, body, headers = _WHOLE[kind]()
        handler.send_answer(whole_status, body, headers)
    elif kind == "stale-token":
        error = ApiError(400, "invalid_parameter", "token is not valid any more", param="token")
        handler.send_answer(error.status, _dump(error.envelope), _JSON)
    elif kind in _LATER_PAGES:
        handler.send_answer(200, _dump(_later_page(kind, handler, answer)), _JSON)
    elif edit := _BODIES.get(kind) or _RECORDS.get(kind):
        handler.send_answer(200, edit(answer()), _JSON)
    elif kind in _LENGTHS:
        body = _dump(answer())
        handler.close_connection = True
        handler.send_answer(200, body, _JSON, length=int(len(body) * _LENGTHS[kind]))
    elif kind.startswith("redirect-"):
        where = {"redirect-host": "https://elsewhere.invalid", "redirect-http": "http://elsewhere.invalid"}.get(
            kind, ""
        )
        handler.send_answer(302, b"", {"Location": where + handler.path})
    else:
        if kind == "taken":
            answer()
        _break_off(kind, handler)


_JSON = {"Content-Type": "application/json"}
_HTML = b"<!doctype html><title>Gateway</title><h1>Something is in between</h1>"
_LENGTHS = {"length-short": 0.5, "length-long": 1.5}


def _dump(content: object) -> bytes:
    return json.dumps(content).encode()


def _retry_after(kind: str) -> dict[str, str]:
    if kind == "429-date":
        # Whole seconds are told, so that the one that has begun is counted.
        return {"Retry-After": formatdate(time.time() + 4, usegmt=True)}
    told = {"429": "2", "429-negative": "-5", "429-absurd": "1000000000"}.get(kind)
    return {"Retry-After": told} if told else {}


def _gzipped(body: bytes) -> tuple[int, bytes, dict[str, str]]:
    return 200, body, {**_JSON, "Content-Encoding": "gzip"}


@functools.cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(2**20)) for _ in range(200)), packer.flush()])


_WHOLE: dict[str, Callable[[], tuple[int, bytes, dict[str, str]]]] = {
    "html": lambda: (200, _HTML, {"Content-Type": "text/html"}),
    "html-502": lambda: (502, _HTML, {"Content-Type": "text/html"}),
    "empty": lambda: (200, b"", _JSON),
    "null": lambda: (200, b"null", _JSON),
    "deep": lambda: (200, b'{"data": ' + b"[" * 100_000, _JSON),
    "gzip-bomb": lambda: _gzipped(_bomb()),
    "bad-gzip": lambda: _gzipped(b"\x1f\x8b\x08\x00 and nothing that could be unpacked"),
}


def _with(**fields: object) -> Callable[[dict[str, Any]], bytes]:
    """Change fields of a record, that in the middle of a list; None takes the field away."""

    def edit(body: dict[str, Any]) -> bytes:
        data = body["data"]
        record = data[len(data) // 2] if isinstance(data, list) else data
        for name, value in fields.items():
            record.pop(name, None)
            if value is not None:
                record[name] = value
        return _dump(body)

    return edit


_BODIES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "truncated": lambda body: _dump(body)[: len(_dump(body)) // 2],
    "list": lambda body: _dump(body["data"] if isinstance(body["data"], list) else [body["data"]]),
    "data-null": lambda body: _dump({**body, "data": None}),
}
_RECORDS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "no-id": _with(id=None, voice_id=None, video_id=None, session_id=None),
    "number-name": _with(name=5),
    "huge": lambda body: _with(tags=["x" * 9] * 10**6)(body),
    "long-number": lambda body: _with(image_width="the number")(body).replace(b'"the number"', b"7" * 5_000),
    "nan": _with(image_width=float("nan")),
    "surrogate": _with(name="Lone \ud800"),
}


def _later_page(kind: str, handler: FaultyHandler, answer: Answer) -> dict[str, Any]:
    arguments = dict(parse_qsl(handler.path.partition("?")[2]))
    body = answer(shift={"vanish": 1, "appear": -1}.get(kind, 0))
    if kind == "duplicates":
        repeated = min(_REPEATED, int(arguments.get("limit", DEFAULT_LIMIT)))
        body["data"] = answer(shift=-repeated)["data"][:repeated] + body["data"]
    elif kind == "no-token":
        body |= {"has_more": True, "next_token": None}
    elif kind == "repeated-token":
        body |= {"has_more": True, "next_token": arguments["token"]}
    return body


def _break_off(kind: str, handler: FaultyHandler) -> None:
    """Answer in part or not at all, and end the connection."""
    handler.close_connection = True
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    long_body = head + b'Content-Length: 1000000\r\n\r\n{"data": ['
    said = {"reset-headers": head, "reset-body": long_body, "drip": long_body, "drip-headers": head + b"X-Drip: "}
    if kind in said:
        handler.write(said[kind])
    if kind.startswith("drip"):
        while not _is_over(handler.connection):
            handler.write(b"1")
    elif kind == "silent":
        while not _is_over(handler.connection):
            pass
    elif kind == "refused":
        handler.pause_listening(PAUSE, functools.partial(_reset, handler.connection))
    else:
        _reset(handler.connection)


def _is_over(connection: socket.socket) -> bool:
    """Wait for the time of a drip; tell whether the client has gone, or the service has been closed."""
    connection.settimeout(_DRIP)
    try:
        # What the client still sends is thrown away: unread, it would hide that the client has gone.
        return not connection.recv(4_096)
    except TimeoutError:
        return False
    finally:
        connection.settimeout(None)


def _reset(connection: socket.socket) -> None:
    """End a connection at once, so that the other side is told of a reset instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
    # Not by the object: the handler's files hold it open.
    socket.close(connection.detach())
