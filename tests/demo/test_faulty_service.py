"""The stand-in with faults that other tests use: what each kind sends, and which requests a rule strikes."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from faults import ENDLESS, KINDS, LATER_PAGES, STATUSES, Fault, FaultyService

from .caller import Caller

LOOKS, GROUPS = "/v3/avatars/looks", "/v3/avatars"
PATIENCE = 10  # s


def hear(service: FaultyService, target: str = f"{LOOKS}?limit=20", enough: int = 10**9) -> tuple[str, bytes, bool]:
    """Send a request; return head and body up to the end, or enough bytes, and whether the connection was reset."""
    address = urlsplit(service.base_url)
    received, reset = b"", False
    with socket.create_connection((address.hostname or "", address.port or 0), PATIENCE) as connection:
        request = f"GET {target} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {service.api_key}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        try:
            while len(received) < enough and (piece := connection.recv(2**16)):
                received += piece
        except ConnectionResetError:
            reset = True
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode(), body, reset


def status(service: FaultyService, target: str = LOOKS) -> int:
    return int(hear(service, target)[0].split()[1])


def records(body: bytes) -> list[dict[str, Any]]:
    return json.loads(body)["data"]  # type: ignore[no-any-return]


Sign = Callable[[str, bytes, bool], bool]
SIGNS: dict[str, Sign] = {
    **{code: lambda head, body, _, code=code: head.split()[1] == code and b'"code"' in body for code in STATUSES},
    "429": lambda head, *_: "Retry-After: 2" in head,
    "429-date": lambda head, *_: "Retry-After: " in head and head.count("GMT") == 2,
    "429-bare": lambda head, *_: head.split()[1] == "429" and "Retry-After" not in head,
    "429-negative": lambda head, *_: "Retry-After: -5" in head,
    "429-absurd": lambda head, *_: "Retry-After: 1000000000" in head,
    "html": lambda head, body, _: head.split()[1] == "200" and body.startswith(b"<!doctype html>"),
    "html-502": lambda head, body, _: head.split()[1] == "502" and body.startswith(b"<!doctype html>"),
    "empty": lambda head, body, _: "Content-Length: 0" in head and body == b"",
    "null": lambda _, body, __: body == b"null",
    "deep": lambda _, body, __: body.endswith(b"[" * 1_000),
    "gzip-bomb": lambda head, body, _: "gzip" in head and body[-4:] == (200 * 2**20).to_bytes(4, "little"),
    "bad-gzip": lambda head, body, _: "gzip" in head and len(body) < 100,
    "truncated": lambda _, body, __: body.startswith(b'{"data": [') and not body.endswith(b"}"),
    "list": lambda _, body, __: len(json.loads(body)) == 20,
    "data-null": lambda _, body, __: records(body) is None,
    "no-id": lambda _, body, __: sum("id" not in record for record in records(body)) == 1,
    "number-name": lambda _, body, __: sum(record["name"] == 5 for record in records(body)) == 1,
    "huge": lambda _, body, __: len(body) > 10**7,
    "long-number": lambda _, body, __: b"7" * 5_000 in body,
    "nan": lambda _, body, __: b"NaN" in body,
    "surrogate": lambda _, body, __: b"\\ud800" in body,
    "length-short": lambda head, body, _: int(head.partition("Content-Length: ")[2].split()[0]) < len(body),
    "length-long": lambda head, body, _: int(head.partition("Content-Length: ")[2].split()[0]) > len(body),
    "redirect-host": lambda head, *_: f"Location: https://elsewhere.invalid{LOOKS}" in head,
    "redirect-http": lambda head, *_: f"Location: http://elsewhere.invalid{LOOKS}" in head,
    "redirect-circle": lambda head, *_: f"Location: {LOOKS}" in head,
    **dict.fromkeys(("refused", "taken", "reset-before"), lambda head, _, reset: reset and head == ""),
    "reset-headers": lambda head, body, reset: reset and head != "" and body == b"",
    "reset-body": lambda _, body, reset: reset and body == b'{"data": [',
    "drip": lambda _, body, __: body.startswith(b'{"data": [11'),
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (*LATER_PAGES, "silent")])
def test_each_kind_sends_what_its_name_says(kind: str) -> None:
    with FaultyService(300, faults=[Fault(kind)], pause=0.01) as service:
        assert SIGNS[kind](*hear(service, enough=92 if kind == "drip" else 10**9))
        assert service.struck == {kind: 1}


@pytest.mark.parametrize("path", [LOOKS, GROUPS])
@pytest.mark.parametrize("kind", LATER_PAGES)
def test_a_fault_of_later_pages_leaves_the_first_one_alone(path: str, kind: str) -> None:
    with FaultyService(1_000, faults=[Fault(kind, times=1)]) as service:
        caller = Caller(service)
        every = [record.id for record in (service.catalogue.looks if path == LOOKS else service.catalogue.groups)]
        token = caller.get(path, limit=20)["next_token"]
        answer = caller.call("GET", f"{path}?limit=20&token={token}")
        caller.connection.close()
        if kind == "stale-token":
            assert (answer.status, answer.json["error"]["param"]) == (400, "token")
            return
        served = {"duplicates": [*range(15, 20), *range(20, 40)], "vanish": range(21, 41), "appear": range(19, 39)}
        assert [r["id"] for r in answer.json["data"]] == [every[n] for n in served.get(kind, range(20, 40))]
        if kind in ("repeated-token", "no-token"):
            assert answer.json["next_token"] == (token if kind == "repeated-token" else None)


def test_rules_count_the_requests_of_their_endpoint_and_the_first_one_wins() -> None:
    rules = [Fault("503", endpoint="groups", nth=2, times=2), Fault("404", endpoint="groups", nth=3, times=1)]
    with FaultyService(100, faults=rules) as service:
        found = [status(service, path) for path in (GROUPS, LOOKS, GROUPS, LOOKS, GROUPS, GROUPS, GROUPS)]
        assert found == [200, 200, 503, 200, 503, 404, 200]
        assert service.struck == {"503": 2, "404": 1}
    with FaultyService(100, previews="http", faults=[Fault("500")]) as service:
        group = service.catalogue.groups[0]
        paths = [LOOKS, f"{GROUPS}/{group.id}", f"{LOOKS}/{group.looks[0].id}", "/v3/users/me", "/media.webp"]
        assert [status(service, path) for path in paths] == [500] * 4 + [404]


def test_a_probability_strikes_a_share_and_the_same_requests_for_the_same_seed() -> None:
    found = []
    for seed in (3, 3, 4):
        with FaultyService(20, faults=[Fault("500", probability=0.3, seed=seed)]) as service:
            found.append([status(service) for _ in range(40)])
    assert found[0] == found[1] != found[2]
    assert 4 < found[0].count(500) < 20


def test_a_refused_request_gets_its_refusal_and_is_not_counted() -> None:
    with FaultyService(100, faults=[Fault("no-id", times=1)]) as service:
        assert [status(service, target) for target in (f"{LOOKS}/nobody", f"{LOOKS}?limit=0")] == [404, 400]
        assert Caller(service).call("GET", LOOKS, {}).status == 401
        assert service.struck == {}


@pytest.mark.parametrize("kind", [*ENDLESS, "refused"])
def test_closing_the_service_ends_an_endless_response(kind: str) -> None:
    before = set(threading.enumerate())
    service = FaultyService(100, faults=[Fault(kind)], pause=3_600).start()
    address = urlsplit(service.base_url)
    with socket.create_connection((address.hostname or "", address.port or 0), PATIENCE) as connection:
        connection.sendall(f"GET {LOOKS} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {service.api_key}\r\n\r\n".encode())
        while not service.struck:
            pass
        ours = set(threading.enumerate()) - before
        service.close()
        for thread in ours:
            thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in ours)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname or "", address.port or 0), PATIENCE)


def test_after_refused_the_service_listens_again() -> None:
    with FaultyService(100, faults=[Fault("refused", times=1)], pause=0.05) as service:
        assert hear(service)[2]
        latest = time.monotonic() + PATIENCE
        while True:
            try:
                assert status(service) == 200
                return
            except ConnectionRefusedError:
                assert time.monotonic() < latest
