"""Connections to the public internet alone: to no private address, however it is written or whatever its name."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import requests
import urllib3

from .connections import DeadlineAdapter

__all__ = ["Lines", "RefusedError", "WatchedAdapter", "is_public_host"]

_UNICAST = ipaddress.ip_network("2000::/3")
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 in IPv6, for networks without the former
# What ends in a number is read as an address of IPv4 by whoever connects, be it decimal, octal or hexadecimal.
_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?", re.IGNORECASE | re.ASCII)
# Set aside for special use, or known from routers and offices.
_OF_NO_PUBLIC_HOST = (
    *(".localhost", ".local", ".internal", ".test", ".example", ".invalid", ".onion", ".alt", ".arpa"),
    *(".localdomain", ".private", ".intranet", ".lan", ".home", ".corp", ".fritz.box"),
)
_MOST_TRIED = 3  # addresses of a name: each may take the whole connect time-out


class RefusedError(Exception):
    """A name stands for an address that is not on the public internet."""


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public internet: no private, loopback, link-local or reserved one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is None:
            return ip in _UNICAST and ip.is_global and ip.teredo is None
        ip = inner
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def is_public_host(host: str) -> bool:
    """Tell whether a host, as a URL that was prepared for sending has it, may be on the public internet.

    Names are looked at too, as a proxy would look them up where nobody sees the address.
    """
    if ":" in host:
        return is_public(host)
    if _NUMBER.fullmatch(host):
        return is_public(host)  # which knows only the usual way of writing it
    name = host.rstrip(".").lower()
    return "." in name and not f".{name}".endswith(_OF_NO_PUBLIC_HOST)


class Lines:
    """The connections under way, which can all be cut."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: WeakSet[Any] = WeakSet()
        self._responses: WeakSet[requests.Response] = WeakSet()
        self.are_cut = False

    def add(self, connection: Any) -> None:  # noqa: ANN401 - whichever urllib3 makes
        with self._lock:
            self._connections.add(connection)
        self._cut_again()

    def add_response(self, response: requests.Response) -> None:
        with self._lock:
            self._responses.add(response)
        self._cut_again()

    def cut(self) -> None:
        """End whatever waits for an answer, and what begins to."""
        self.are_cut = True
        self._cut_again()

    def _cut_again(self) -> None:
        if not self.are_cut:
            return
        with self._lock:
            connections, responses = list(self._connections), list(self._responses)
        for connection in connections:
            # By now its own, or none: an answer that ends with the connection has taken it over.
            sock = getattr(connection, "sock", None)
            if sock is not None:
                with suppress(OSError, ValueError):
                    sock.shutdown(socket.SHUT_RDWR)
        for response in responses:
            with suppress(OSError, ValueError, RuntimeError):
                response.raw.shutdown()


class WatchedAdapter(DeadlineAdapter):
    """Connections that can be cut and, unless to a proxy, go to the public internet alone.

    Parameters
    ----------
    lines : Lines
    public : bool
        False lets them go anywhere.
    patience : float, default 2
        As for `DeadlineAdapter`.
    """

    def __init__(self, lines: Lines, *, public: bool, patience: float = 2) -> None:
        self._lines = lines
        self._public = public
        super().__init__(patience)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the base class's own
        super().init_poolmanager(*arguments, **options)
        self._watch(self.poolmanager, public=self._public)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - the base class's own
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if not known:
            # The proxy may well be on this network; it looks names up itself.
            self._watch(manager, public=False)
        return manager

    def _watch(self, manager: Any, *, public: bool) -> None:  # noqa: ANN401 - also one for SOCKS
        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {
            scheme: _watched(pool, self._lines, public=public) for scheme, pool in pools.items()
        }


def _watched(pool: type[Any], lines: Lines, *, public: bool) -> type[Any]:
    base = pool.ConnectionCls

    def new_socket(connection: Any) -> socket.socket:  # noqa: ANN401 - whichever urllib3 makes
        sock: socket.socket = _connect_to_public(connection, base, lines) if public else base._new_conn(connection)
        # Set already here, so that whoever cuts the lines either finds it or has told so before.
        connection.sock = sock
        lines.add(connection)
        return sock

    def connect(connection: Any) -> None:  # noqa: ANN401 - whichever urllib3 makes
        base.connect(connection)
        # By TLS, the socket has become another one.
        lines.add(connection)

    watched = type(base.__name__, (base,), {"_new_conn": new_socket, "connect": connect})
    return type(pool.__name__, (pool,), {"ConnectionCls": watched})


def _connect_to_public(
    connection: Any,  # noqa: ANN401 - whichever urllib3 makes
    base: type[Any],
    lines: Lines,
) -> socket.socket:
    """Look a name up once, and connect to what was found, so that no other answer can follow the check."""
    name = connection.host
    found = socket.getaddrinfo(name.strip("[]"), connection.port, 0, socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if not addresses or not all(map(is_public, addresses)):
        raise RefusedError
    # The first of the other family comes second: where only one of the two works, it is tried too.
    others = [address for address in addresses if (":" in address) != (":" in addresses[0])]
    problem: Exception | None = None
    for address in list(dict.fromkeys([addresses[0], *others[:1], *addresses]))[:_MOST_TRIED]:
        if lines.are_cut:
            break
        # The certificate and the Host header are still those of the name.
        connection.host = address
        try:
            sock: socket.socket = base._new_conn(connection)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            problem = error
        else:
            return sock
        finally:
            connection.host = name
    raise problem or ConnectionAbortedError("the lines were cut")
