"""A stand-in with faults, for tests: rules say which requests get a fault, and each kind says what is sent."""

import math
import os
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from heygen_widgets.demo import DemoService
from heygen_widgets.demo._records import ApiError

Handler = Any  # the handler of the stand-in: see `DemoService.intercept`
Send = Callable[[Handler], None]


def _error(status: int, code: str, **more: Any) -> Send:
    def send(handler: Handler) -> None:
        raise ApiError(status, code, "This is a fault", **more)

    return send


def _html(status: int) -> Send:
    page = b"<!doctype html><title>Gateway</title><h1>Bad gateway</h1>"
    return lambda handler: handler.send_answer(status, page, {"Content-Type": "text/html"})


def _reset(sent: bytes) -> Send:
    """Close the connection with a reset instead of an orderly end, after some bytes."""

    def send(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(sent)
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        # Not by the object: the handler's files hold it open.
        socket.close(handler.connection.detach())

    return send


def _silence(handler: Handler) -> None:
    """Send nothing until the client or the service closes the connection."""
    handler.close_connection = True
    handler.connection.recv(1)


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

KINDS: dict[str, Send] = {
    "401": _error(401, "unauthorized"),
    "403": _error(403, "forbidden"),
    "429": _error(429, "rate_limit_exceeded", Retry_After="2"),
    "429-bare": _error(429, "rate_limit_exceeded"),
    **{status: _error(int(status), "internal_error") for status in ("500", "502", "503", "504")},
    "html": _html(200),
    "html-502": _html(502),
    "reset-before": _reset(b""),
    "reset-headers": _reset(_HEAD),
    "reset-body": _reset(_HEAD + b'Content-Length: 1000000\r\n\r\n{"data": ['),
    "silent": _silence,
    "stale-token": _error(400, "invalid_parameter", param="token"),
}


@dataclass
class Fault:
    """A rule that gives some requests a fault.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    path : str, optional
        The path of the requests that the rule applies to; any by default.
    nth : int
        The first request with the fault, counted from 1 among those that the rule applies to.
    times : float
        How many requests have the fault.
    probability : float
        The share of the requests with the fault; the seed decides which ones.
    """

    kind: str
    path: str | None = None
    nth: int = 1
    times: float = math.inf
    probability: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._seen = 0
        self._random = random.Random(self.seed)

    def strikes(self, handler: Handler) -> bool:
        """Count a request that the rule applies to; return whether it gets the fault."""
        if self.path not in (None, handler.route):
            return False
        self._seen += 1
        return self._random.random() < self.probability and self.nth <= self._seen < self.nth + self.times


class FaultyService(DemoService):
    """A stand-in with faults. Every rule counts every request that it applies to; the first that strikes wins.

    Attributes
    ----------
    struck : collections.Counter
        How often each kind has struck.
    """

    def __init__(self, looks: int, *, faults: Iterable[Fault]) -> None:
        super().__init__(looks)
        self.struck: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._faults = list(faults)

    def intercept(self, handler: Handler) -> bool:
        with self._lock:
            striking = [fault.kind for fault in self._faults if fault.strikes(handler)]
            self.struck.update(striking[:1])
        if striking:
            KINDS[striking[0]](handler)
        return bool(striking)
