"""Connections on which every answer ends, its headers included."""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

import requests
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

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
    """An answer that has twice the read time-out to come whole, from when the request has been sent."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the base class's own
        super().__init__(sock, *arguments, **options)
        timeout = sock.gettimeout()
        if timeout is not None:
            self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, time.monotonic() + 2 * timeout))


class _Connection(HTTPConnection):
    response_class = _Response
    # Whatever `http.client.HTTPConnection.debuglevel` is: from 1 on, each request is printed, the key included.
    debuglevel = 0


class _SecureConnection(HTTPSConnection):
    response_class = _Response
    debuglevel = 0


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class DeadlineAdapter(requests.adapters.HTTPAdapter):
    """Lets no answer take longer than twice the read time-out, be it headers or a body that drip.

    A SOCKS proxy has connections of its own kind: there each piece of the headers only has to keep within the read
    time-out.
    """

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the base class's own
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - the base class's own
        manager = super().proxy_manager_for(proxy, **options)
        if type(manager) is urllib3.ProxyManager:
            manager.pool_classes_by_scheme = _POOLS
        return manager
