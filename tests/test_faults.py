"""Temporary faults of the service and the network, of all kinds that the client retries."""

import os
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from avatar_service import ids
from loopback import hurry

from heygen_widgets import HeyGenClient, LookCatalogue
from heygen_widgets.demo import DemoService
from heygen_widgets.demo._records import ApiError

OWNERS = ("private", "public")
SHARE = 0.05  # of all requests
Handler = Any  # the handler of the stand-in: see `DemoService.intercept`
Send = Callable[[Handler], None]


def _error(status: int, code: str = "internal_error", **headers: str) -> Send:
    def send(handler: Handler) -> None:
        raise ApiError(status, code, "This is a fault", **headers)

    return send


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


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
KINDS: dict[str, Send] = {
    "429": _error(429, "rate_limit_exceeded", Retry_After="2"),
    "429-bare": _error(429, "rate_limit_exceeded"),
    **{status: _error(int(status)) for status in ("500", "502", "503", "504")},
    "html-502": lambda handler: handler.send_answer(502, b"<h1>Bad gateway</h1>", {"Content-Type": "text/html"}),
    "reset-before": _reset(b""),
    "reset-headers": _reset(_HEAD),
    "reset-body": _reset(_HEAD + b'Content-Length: 1000000\r\n\r\n{"data": ['),
}


class FaultyService(DemoService):
    """A stand-in that answers a share of all requests with a fault; `struck` counts the faults of each kind."""

    def __init__(self, looks: int) -> None:
        super().__init__(looks)
        self.struck: Counter[str] = Counter()
        self._lock, self._random = threading.Lock(), random.Random(1)

    def intercept(self, handler: Handler) -> bool:
        with self._lock:
            kind = self._random.choice([*KINDS]) if self._random.random() < SHARE else None
            self.struck.update([kind] if kind else [])
        if kind:
            KINDS[kind](handler)
        return kind is not None


def test_25_000_looks_arrive_through_temporary_faults_on_several_threads() -> None:
    with (
        FaultyService(25_000) as service,
        # Eleven faults in a row never happen.
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=10) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        waits = hurry(client._transport)
        catalogue = LookCatalogue(client, cache=None)
        loads = [pool.submit(catalogue.load) for _ in range(2)]
        lists = [pool.submit(lambda owner=owner: ids(client.iter_looks(ownership=owner))) for owner in OWNERS]
        every = [look.id for owner in OWNERS for look in service.catalogue.select_looks(ownership=owner)]
        assert [look_id for found in lists for look_id in found.result()] == every
        assert [load.result() for load in loads] == [None, None]
        assert catalogue.complete
        assert ids(catalogue) == every
        assert client.retries == sum(service.struck.values()) > 50
        assert service.struck.keys() == KINDS.keys()
        assert all(0 < wait <= 30 + 5 for wait in waits)
