"""Connections on which every answer ends, its headers included."""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

import requests

__all__ = ["DeadlineAdapter"]


class _Reader(io.RawIOBase):
    """What comes from a socket, until a deadline; a time-out of the socket's alone begins anew with each byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401 - whatever a buffer may be
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        if left < (self._sock.gettimeout() or left + 1):
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer that has some read time-outs to come whole, from when the request has been sent."""

    patience: float

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the base class's own
        super().__init__(sock, *arguments, **options)
        timeout = sock.gettimeout()
        if timeout is not None:
            self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, time.monotonic() + self.patience * timeout))


class DeadlineAdapter(requests.adapters.HTTPAdapter):
    """Lets no answer take longer than twice the read time-out, be it headers or a body that drip.

    Parameters
    ----------
    patience : float, default 2
        How many read time-outs an answer may take instead.
    """

    def __init__(self, patience: float = 2) -> None:
        self._patience = patience
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the base class's own
        super().init_poolmanager(*arguments, **options)
        _set_deadlines(self.poolmanager, self._patience)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - the base class's own
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if not known:
            _set_deadlines(manager, self._patience)
        return manager


def _set_deadlines(manager: Any, patience: float) -> None:  # noqa: ANN401 - also one for SOCKS, of a package that may not be there
    """Let a manager of connections, whatever kind it makes, make those whose answers end."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _with_deadline(pool, patience) for scheme, pool in pools.items()}


def _with_deadline(pool: type[Any], patience: float) -> type[Any]:
    # `http.client.HTTPConnection.debuglevel` counts for all connections that have none of their own: from 1 on, each
    # request is printed, the key included.
    response = type(_Response.__name__, (_Response,), {"patience": patience})
    own = {"response_class": response, "debuglevel": 0}
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), own)
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
