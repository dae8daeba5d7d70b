"""The faults of the stand-in, on the wire: what each kind sends, and which requests a rule strikes."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from heygen_widgets.demo import DEMO_API_KEY, FAULT_KINDS, DemoService, Fault, _faults
from heygen_widgets.demo.__main__ import main
from heygen_widgets.demo._faults import ENDPOINTS, FaultPlan
from heygen_widgets.demo._server import DemoServer

from .caller import Caller

LOOKS = "/v3/avatars/looks"
GROUPS = "/v3/avatars"
PATIENCE = 10  # s
EVERY_STATUS = ["401", "402", "403", "404", "409", "429", "500", "502", "503", "504"]


class Heard(NamedTuple):
    """What came over a connection, and how that ended."""

    head: str
    body: bytes
    reset: bool

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    def header(self, name: str) -> str | None:
        lines = [line.partition(": ") for line in self.head.split("\r\n")[1:]]
        return next((value for key, _, value in lines if key == name), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def hear(service: DemoService, target: str = f"{LOOKS}?limit=20", enough: int = 10**9, method: str = "GET") -> Heard:
    """Ask, and read until the connection ends, or enough bytes have come."""
    address = urlsplit(service.base_url)
    came, reset = b"", False
    with socket.create_connection((address.hostname or "", address.port or 0), PATIENCE) as connection:
        request = f"{method} {target} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {service.api_key}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        try:
            while len(came) < enough and (piece := connection.recv(2**16)):
                came += piece
        except ConnectionResetError:
            reset = True
    head, _, body = came.partition(b"\r\n\r\n")
    return Heard(head.decode(), body, reset)


def hear_again(service: DemoService) -> Heard:
    """Ask as soon as the service listens again."""
    latest = time.monotonic() + PATIENCE
    while True:
        try:
            return hear(service)
        except ConnectionRefusedError:
            if time.monotonic() > latest:
                raise


@contextmanager
def asking(service: DemoService) -> Iterator[socket.socket]:
    """Give a connection whose request has just been struck."""
    address = urlsplit(service.base_url)
    with socket.create_connection((address.hostname or "", address.port or 0), PATIENCE) as connection:
        connection.sendall(f"GET {LOOKS} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {service.api_key}\r\n\r\n".encode())
        while not service.struck:
            pass
        yield connection


def token_of(service: DemoService, path: str = LOOKS, limit: int = 20) -> str:
    token: str = Caller(service).get(path, limit=limit)["next_token"]
    return token


def later_page(service: DemoService, path: str = LOOKS) -> tuple[str, Heard, list[str]]:
    """Ask for a second page: its token, what came, and the ids of all records."""
    token = token_of(service, path)
    records = service.catalogue.looks if path == LOOKS else service.catalogue.groups
    return token, hear(service, f"{path}?limit=20&token={token}"), [record.id for record in records]


def ids_of(heard: Heard) -> list[str]:
    return [record["id"] for record in heard.json["data"]]


# -- what each kind sends ---------------------------------------------------------------------------------------------


def check_status(service: DemoService, kind: str) -> None:
    heard = hear(service)
    assert heard.status == int(kind.partition("-")[0])
    assert heard.json["error"]["code"]
    assert heard.header("Content-Type") == "application/json"


def check_retry_after(service: DemoService, kind: str) -> None:
    check_status(service, kind)
    told = hear(service).header("Retry-After")
    if kind == "429-date":
        now = hear(service).header("Date")
        seconds = (parsedate_to_datetime(told or "") - parsedate_to_datetime(now or "")).total_seconds()
        assert 2 <= seconds <= 5
    else:
        assert told == {"429": "2", "429-bare": None, "429-negative": "-5", "429-absurd": "1000000000"}[kind]


def check_html(service: DemoService, kind: str) -> None:
    heard = hear(service)
    assert heard.status == (502 if kind == "html-502" else 200)
    assert heard.header("Content-Type") == "text/html"
    assert heard.body.startswith(b"<!doctype html>")


def check_empty(service: DemoService, kind: str) -> None:
    heard = hear(service)
    assert (heard.status, heard.body, heard.header("Content-Length")) == (200, b"", "0")


def check_no_json(service: DemoService, kind: str) -> None:
    heard = hear(service)
    assert heard.status == 200
    assert len(heard.body) == int(heard.header("Content-Length") or "")
    with pytest.raises((json.JSONDecodeError, RecursionError)):
        json.loads(heard.body)


def check_shape(service: DemoService, kind: str) -> None:
    content = hear(service).json
    if kind == "list":
        assert isinstance(content, list)
        assert len(content) == 20
    elif kind == "null":
        assert content is None
    else:
        assert content["data"] is None


def check_record(service: DemoService, kind: str) -> None:
    heard = hear(service)
    if kind == "long-number":
        assert b"7" * 5_000 in heard.body
        return
    is_spoilt: dict[str, Callable[[dict[str, Any]], bool]] = {
        "no-id": lambda r: "id" not in r,
        "number-name": lambda r: isinstance(r["name"], int),
        "huge": lambda r: len(json.dumps(r.get("tags"))) > 10 * 10**6,
        "nan": lambda r: r.get("image_width") != r.get("image_width"),
        "surrogate": lambda r: any("\ud800" <= character <= "\udfff" for character in r["name"]),
    }
    assert len([record for record in heard.json["data"] if is_spoilt[kind](record)]) == 1
    assert len(heard.json["data"]) == 20


def check_gzip(service: DemoService, kind: str) -> None:
    heard = hear(service)
    assert heard.header("Content-Encoding") == "gzip"
    assert len(heard.body) < 10**6
    if kind == "bad-gzip":
        with pytest.raises((zlib.error, gzip.BadGzipFile, EOFError)):
            gzip.decompress(heard.body)
    else:
        assert zlib.decompressobj(31).decompress(heard.body, 100)
        assert int.from_bytes(heard.body[-4:], "little") == 200 * 2**20  # gzip ends with the size of what is unpacked


def check_length(service: DemoService, kind: str) -> None:
    heard = hear(service)
    told = int(heard.header("Content-Length") or "")
    assert told < len(heard.body) if kind == "length-short" else told > len(heard.body)
    assert len(heard.json["data"]) == 20


def check_reset(service: DemoService, kind: str) -> None:
    heard = hear(service)
    assert heard.reset
    assert bool(heard.head) == (kind in ("reset-headers", "reset-body"))
    assert heard.body == (b'{"data": [' if kind == "reset-body" else b"")


def check_silent(service: DemoService, kind: str) -> None:
    ended = threading.Event()

    def ask() -> None:
        assert hear(service).head == ""
        ended.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert not ended.wait(0.3)
    service.close()
    asking.join(PATIENCE)
    assert ended.is_set()


def check_drip(service: DemoService, kind: str) -> None:
    heard = hear(service, enough=92 if kind == "drip" else 61)
    assert heard.head.startswith("HTTP/1.1 200 OK")
    if kind == "drip":
        assert heard.body.startswith(b'{"data": [11')
        assert int(heard.header("Content-Length") or "") > 10**5
    else:
        assert heard.body == b""
        assert heard.head.endswith("11")


def check_redirect(service: DemoService, kind: str) -> None:
    heard = hear(service)
    scheme = {"redirect-host": "https://elsewhere.invalid", "redirect-http": "http://elsewhere.invalid"}.get(kind, "")
    assert heard.status == 302
    assert heard.header("Location") == f"{scheme}{LOOKS}?limit=20"


def check_token(service: DemoService, kind: str) -> None:
    token, heard, ids = later_page(service)
    if kind == "stale-token":
        assert heard.status == 400
        assert heard.json["error"]["param"] == "token"
        return
    assert ids_of(heard) == ids[20:40]
    assert heard.json["has_more"] is True
    assert heard.json["next_token"] == (token if kind == "repeated-token" else None)


@pytest.mark.parametrize("path", [LOOKS, GROUPS])
def test_records_come_twice_vanish_or_appear_between_two_pages(path: str) -> None:
    for kind, served in {
        "duplicates": [*range(15, 20), *range(20, 40)],
        "vanish": [*range(21, 41)],
        "appear": [*range(19, 39)],
    }.items():
        with DemoService(1_000, faults=[Fault(kind, times=1)]) as service:
            _, heard, ids = later_page(service, path)
            assert ids_of(heard) == [ids[n] for n in served], kind
            # What follows goes on from there.
            after = hear(service, f"{path}?limit=20&token={heard.json['next_token']}")
            assert ids_of(after) == [ids[n] for n in range(served[-1] + 1, min(served[-1] + 21, len(ids)))], kind


def check_list(service: DemoService, kind: str) -> None:
    _, heard, ids = later_page(service)
    assert ids_of(heard) != ids[20:40]


def test_the_end_of_the_page_before_comes_twice_on_short_pages_too() -> None:
    with DemoService(300, faults=[Fault("duplicates")]) as service:
        ids = [look.id for look in service.catalogue.looks]
        page = hear(service, f"{LOOKS}?limit=2")
        for start in (2, 4, 6):
            page = hear(service, f"{LOOKS}?limit=2&token={page.json['next_token']}")
            assert ids_of(page) == ids[start - 2 : start + 2]


Check = Callable[[DemoService, str], None]
CHECKS: dict[str, Check] = {
    **dict.fromkeys([*EVERY_STATUS], check_status),
    **dict.fromkeys(["429", "429-date", "429-bare", "429-negative", "429-absurd"], check_retry_after),
    **dict.fromkeys(["html", "html-502"], check_html),
    **dict.fromkeys(["truncated", "deep"], check_no_json),
    **dict.fromkeys(["list", "null", "data-null"], check_shape),
    **dict.fromkeys(["no-id", "number-name", "huge", "long-number", "nan", "surrogate"], check_record),
    **dict.fromkeys(["gzip-bomb", "bad-gzip"], check_gzip),
    **dict.fromkeys(["length-short", "length-long"], check_length),
    **dict.fromkeys(["reset-before", "reset-headers", "reset-body", "taken"], check_reset),
    **dict.fromkeys(["drip", "drip-headers"], check_drip),
    **dict.fromkeys(["redirect-host", "redirect-http", "redirect-circle"], check_redirect),
    **dict.fromkeys(["repeated-token", "no-token", "stale-token"], check_token),
    **dict.fromkeys(["duplicates", "vanish", "appear"], check_list),
    "empty": check_empty,
    "silent": check_silent,
}
KINDS = [*CHECKS]


def test_every_kind_is_checked() -> None:
    # Of the others, one is about pictures and films alone, and one has tests of its own.
    assert {*FAULT_KINDS} == {*KINDS, "cut", "refused"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_does_what_it_is_called(kind: str) -> None:
    with DemoService(300, faults=[Fault(kind)]) as service:
        CHECKS[kind](service, kind)
        assert service.struck[kind] > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if CHECKS[kind] in (check_shape, check_record)])
@pytest.mark.parametrize("path", [LOOKS, GROUPS])
def test_a_single_record_can_be_spoilt_too(path: str, kind: str) -> None:
    with DemoService(300) as service:
        record = service.catalogue.looks[3] if path == LOOKS else service.catalogue.groups[3]
        right = hear(service, f"{path}/{record.id}").body
    with DemoService(300, faults=[Fault(kind)]) as service:
        assert hear(service, f"{path}/{record.id}").body != right
        assert service.struck == {kind: 1}


def test_each_kind_has_a_description_of_one_line() -> None:
    assert [kind for kind, what in FAULT_KINDS.items() if not what.strip() or "\n" in what] == []


@pytest.mark.parametrize("kind", ["403", "429-date", "html", "empty", "reset-body", "drip"])
def test_pictures_can_be_faulty(kind: str) -> None:
    with DemoService(100, previews="http", faults=[Fault(kind, endpoint="media")]) as service:
        caller = Caller(service)
        look = caller.get(LOOKS)["data"][0]
        heard = hear(service, look["preview_image_url"].removeprefix(service.base_url), enough=92)
        assert b"<svg" not in heard.body
        assert service.struck == {kind: 1}


# -- when a rule strikes ----------------------------------------------------------------------------------------------


def statuses(service: DemoService, *targets: str) -> list[int]:
    return [hear(service, target).status for target in targets]


def test_a_rule_strikes_from_the_nth_request_of_its_endpoint_on_so_many_times() -> None:
    with DemoService(100, faults=[Fault("503", endpoint="groups", nth=2, times=2)]) as service:
        targets = [GROUPS, LOOKS, GROUPS, LOOKS, GROUPS, GROUPS]
        assert statuses(service, *targets) == [200, 200, 503, 200, 503, 200]
        assert service.struck == {"503": 2}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_rule_strikes_nothing_but_its_endpoint(endpoint: str) -> None:
    with DemoService(100, previews="http", faults=[Fault("503", endpoint=endpoint)]) as service:
        look = service.catalogue.looks[0]
        image = DemoService(100, previews="http")
        with image:
            path = Caller(image).get(f"{LOOKS}/{look.id}")["data"]["preview_image_url"].removeprefix(image.base_url)
        targets = {
            "looks": LOOKS,
            "look": f"{LOOKS}/{look.id}",
            "groups": GROUPS,
            "group": f"{GROUPS}/{look.group.id}",
            "voices": "/v3/voices",
            "voice": f"/v3/voices/{look.group.voice_id}",
            "account": "/v3/users/me",
            "video": "/v3/videos/video_1",
            "agent": "/v3/video-agents/session_1",
            "media": path,
        }
        struck = [name for name, target in targets.items() if hear(service, target).status == 503]
        caller = Caller(service)
        for name, target in {"create-video": "/v3/videos", "create-agent": "/v3/video-agents"}.items():
            struck += [name] if caller.call("POST", target, body=b"{}").status == 503 else []
        assert struck == [endpoint]
        caller.connection.close()


def test_a_rule_without_an_endpoint_strikes_the_whole_api_and_no_picture() -> None:
    with DemoService(100, previews="http", faults=[Fault("500")]) as service:
        group = service.catalogue.groups[0]
        targets = [LOOKS, GROUPS, f"{GROUPS}/{group.id}", f"{LOOKS}/{group.looks[0].id}"]
        assert statuses(service, *targets, "/nothing/here.webp", "/v3/nothing") == [500] * 4 + [404] * 2


RIGHT: dict[str, Any] = {"data": [{"id": "some_id"}], "has_more": False, "next_token": None}


def strike(plan: FaultPlan, query: str = "", path: str = LOOKS) -> str | None:
    return plan.strike("GET", path, query, lambda shift=0: RIGHT)


def struck_numbers(*rules: Fault, requests: int = 2_000) -> list[int]:
    plan = FaultPlan(rules)
    return [number for number in range(requests) if strike(plan)]


def test_a_probability_strikes_about_so_many_and_the_same_ones_for_the_same_seed() -> None:
    struck = struck_numbers(Fault("500", probability=0.1, seed=3))
    assert 150 < len(struck) < 250
    assert struck == struck_numbers(Fault("500", probability=0.1, seed=3))
    assert struck != struck_numbers(Fault("500", probability=0.1, seed=4))
    assert struck_numbers(Fault("500", probability=0)) == []


def test_the_first_rule_that_strikes_wins_and_the_others_keep_their_turns() -> None:
    plan = FaultPlan([Fault("500", nth=2, times=1), Fault("404", times=2)])
    assert [strike(plan) for _ in range(4)] == ["404", "500", "404", None]


def test_a_fault_of_later_pages_does_not_count_the_first_ones() -> None:
    plan = FaultPlan([Fault("stale-token", nth=2)])
    queries = ["", "token=a", "", "token=b"]
    assert [strike(plan, query) for query in queries] == [None, None, None, "stale-token"]
    assert strike(plan, "token=c", f"{LOOKS}/some_id") is None


def test_what_a_fault_cannot_apply_to_is_left_alone_and_not_counted() -> None:
    with DemoService(100, faults=[Fault("no-id", times=1)]) as service:
        assert statuses(service, f"{LOOKS}/nobody", f"{LOOKS}?limit=0") == [404, 400]
        assert hear(service, f"{LOOKS}?group_id=nobody").json["data"] == []
        assert Caller(service).call("GET", LOOKS, {}).status == 401
        assert service.struck == {}
        assert "id" not in hear(service, f"{LOOKS}?limit=1").json["data"][0]
        assert service.struck == {"no-id": 1}


def test_what_is_no_request_of_the_api_is_left_alone() -> None:
    with DemoService(100, faults=[Fault("503")]) as service:
        assert statuses(service, f"{LOOKS}/", f"{GROUPS}/") == [404, 404]
        assert hear(service, LOOKS, method="POST").status == 405
        assert service.struck == {}
        # An id that nobody has is looked up after the fault.
        assert hear(service, f"{LOOKS}/nobody").status == 503


def test_a_service_without_faults_has_struck_nothing() -> None:
    with DemoService(100) as service:
        assert statuses(service, LOOKS, GROUPS) == [200, 200]
        assert service.struck == {}


@pytest.mark.parametrize("kind", ["silent", "drip", "drip-headers", "refused"])
def test_closing_the_service_ends_what_would_go_on_for_ever(kind: str) -> None:
    before = set(threading.enumerate())
    service = DemoService(100, faults=[Fault(kind)]).start()
    with asking(service):
        begun = set(threading.enumerate()) - before
        service.close()
        for thread in begun:
            thread.join(PATIENCE)
    assert begun
    assert not any(thread.is_alive() for thread in begun)


def test_a_service_can_be_closed_while_nothing_listens_and_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_faults, "PAUSE", 3_600.0)
    before = set(threading.enumerate())
    service = DemoService(100, faults=[Fault("refused", nth=4)]).start()
    address = urlsplit(service.base_url)
    callers = [Caller(service) for _ in range(3)]
    for caller in callers:
        caller.get(LOOKS)
    for caller in callers:
        caller.connection.request("GET", LOOKS, headers={"X-Api-Key": service.api_key})
    while service.struck["refused"] < len(callers):
        pass
    begun = set(threading.enumerate()) - before
    closing = threading.Thread(target=service.close, daemon=True)
    closing.start()
    for thread in (closing, *begun):
        thread.join(PATIENCE)
    for caller in callers:
        caller.connection.close()
    assert [thread for thread in (closing, *begun) if thread.is_alive()] == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname or "", address.port or 0), PATIENCE)


@pytest.mark.parametrize("more", [b"", b"GET /another HTTP/1.1\r\n"])
@pytest.mark.parametrize("kind", ["silent", "drip", "drip-headers"])
def test_a_client_that_goes_away_ends_it_too(kind: str, more: bytes) -> None:
    with DemoService(100, faults=[Fault(kind)]) as service:
        before = set(threading.enumerate())
        with asking(service) as connection:
            connection.sendall(more)
            (serving,) = set(threading.enumerate()) - before
        serving.join(PATIENCE)
        assert not serving.is_alive()


def test_a_connection_is_held_open_also_beyond_1024_open_files() -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_096, limits[1]), limits[1]))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    try:
        with DemoService(100, faults=[Fault("drip")]) as service:
            assert hear(service, enough=92).body.startswith(b'{"data": [11')
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_after_a_reset_further_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_faults, "PAUSE", 3_600.0)
    with DemoService(100, faults=[Fault("refused")]) as service:
        assert hear(service).reset
        with pytest.raises(ConnectionRefusedError):
            hear(service)


def test_a_port_that_is_taken_meanwhile_is_listened_on_once_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_faults, "PAUSE", 0.01)
    with DemoService(100, faults=[Fault("refused", times=1)]) as service, socket.socket() as other:
        taken, tried = threading.Event(), threading.Event()

        def bind(server: socketserver.TCPServer) -> None:
            taken.wait(PATIENCE)
            try:
                socketserver.TCPServer.server_bind(server)
            finally:
                tried.set()

        monkeypatch.setattr(DemoServer, "server_bind", bind)
        assert hear(service).reset
        address = urlsplit(service.base_url)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address.hostname, address.port))
        other.listen()
        taken.set()
        assert tried.wait(PATIENCE)
        other.close()
        assert hear_again(service).status == 200


# -- rules as text ----------------------------------------------------------------------------------------------------


def test_a_rule_can_be_written_as_text() -> None:
    assert Fault.parse("503") == Fault("503")
    text = "429-date endpoint=looks nth=3 times=2 probability=0.5 seed=7"
    assert Fault.parse(text) == Fault("429-date", endpoint="looks", nth=3, times=2, probability=0.5, seed=7)
    for faults in ("503", Fault("503"), ["503"], [Fault("503")], (Fault("503"),)):
        with DemoService(10, faults=faults) as service:
            assert hear(service).status == 503


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "teapot"}, "unknown fault 'teapot': choose from 401, 402"),
        ({"kind": ["500"]}, r"unknown fault \['500'\]: choose from 401, 402"),
        ({"kind": "500", "endpoint": "sounds"}, "unknown endpoint 'sounds': choose from looks, look"),
        ({"kind": "500", "nth": 0}, "nth must be 1 or more, not 0"),
        ({"kind": "500", "times": 0}, "times must be 1 or more, not 0"),
        ({"kind": "500", "probability": 1.5}, "probability must be 0 to 1, not 1.5"),
        ({"kind": "500", "probability": float("nan")}, "probability must be 0 to 1, not nan"),
        ({"kind": "no-id", "endpoint": "media"}, "the fault 'no-id' is none of media"),
        ({"kind": "no-token", "endpoint": "look"}, "the fault 'no-token' is one of lists, not of 'look'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_its_value(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Fault(**arguments)


@pytest.mark.parametrize("name", ["nth", "times", "seed", "probability"])
@pytest.mark.parametrize("value", ["2", True, [1]])
def test_a_number_of_a_rule_has_to_be_one(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a"):
        Fault("500", **{name: value})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown fault ''"),
        ("500 nth", "'nth' in the fault '500 nth' should be one of endpoint, nth"),
        ("500 number=3", "'number=3' in the fault"),
        ("500 nth=1 nth=2", "once"),
        ("500 nth=two", "'nth=two' in the fault '500 nth=two' has no number"),
    ],
)
def test_a_text_that_is_no_rule_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Fault.parse(text)


def test_what_is_no_rule_is_refused() -> None:
    with pytest.raises(TypeError, match="faults must hold Fault rules or their texts, not 503"):
        DemoService(10, faults=[503])  # type: ignore[list-item]


def test_the_command_refuses_a_rule_it_cannot_read_and_lists_all_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--fault", "teapot"])
    assert ended.value.code == 2
    assert "unknown fault 'teapot'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert [kind for kind in FAULT_KINDS if f"\n  {kind} " not in shown] == []


def test_the_command_serves_with_the_rules_it_is_given() -> None:
    rules = ["--fault", "503 endpoint=groups", "--fault", "html endpoint=looks nth=2"]
    command = [sys.executable, "-m", "heygen_widgets.demo", "--port", "0", "--looks", "5", *rules]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = urlsplit(process.stdout.readline().split()[-1])
            heard = []
            for path in (GROUPS, LOOKS, LOOKS):
                connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE)
                connection.request("GET", path, headers={"X-Api-Key": DEMO_API_KEY})
                answer = connection.getresponse()
                heard.append((answer.status, answer.headers["Content-Type"]))
                connection.close()
            assert heard == [(503, "application/json"), (200, "application/json"), (200, "text/html")]
        finally:
            process.kill()
