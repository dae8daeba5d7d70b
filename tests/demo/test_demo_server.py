"""The stand-in answers as the service does: paging, filters, credentials, errors, and HTTP itself."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import quote, urlsplit

import pytest

from heygen_widgets.demo import DEMO_API_KEY, DemoService

from .caller import Answer, Caller

LOOKS = "/v3/avatars/looks"
GROUPS = "/v3/avatars"
UNAUTHORIZED = {
    "error": {
        "code": "unauthorized",
        "message": "Unauthorized",
        "doc_url": "https://developers.heygen.com/docs/error-codes#unauthorized",
    }
}


def assert_error(answer: Answer, status: int, code: str, param: str | None = None) -> None:
    assert answer.status == status
    error = answer.json["error"]
    assert error["code"] == code
    assert error["message"]
    assert error.get("param") == param


@pytest.mark.parametrize(("path", "limit"), [(LOOKS, 50), (LOOKS, 7), (GROUPS, 50), (GROUPS, 1)])
def test_paging_visits_every_record_exactly_once(caller: Caller, path: str, limit: int) -> None:
    ids = [record["id"] for record in caller.every(path, limit=limit)]
    catalogue = caller.service.catalogue
    assert ids == [record.id for record in (catalogue.looks if path == LOOKS else catalogue.groups)]


def test_a_page_has_twenty_records_unless_asked_and_tells_whether_more_follow(caller: Caller) -> None:
    page = caller.get(LOOKS)
    assert page.keys() == {"data", "has_more", "next_token"}
    assert len(page["data"]) == 20
    assert page["has_more"] is True
    assert len(caller.get(LOOKS, limit=50)["data"]) == 50


def test_an_empty_catalogue_answers_empty_pages() -> None:
    with DemoService(looks=0) as service:
        caller = Caller(service)
        for path in (LOOKS, GROUPS):
            assert caller.get(path) == {"data": [], "has_more": False, "next_token": None}


def test_a_list_that_ends_with_a_full_page_promises_no_more() -> None:
    with DemoService(looks=100) as service:
        assert len(Caller(service).every(LOOKS, limit=50)) == 100
        assert len(service.requests) == 2


@pytest.mark.parametrize(
    "changed",
    [{"limit": 11}, {"ownership": "public"}, {"avatar_type": "photo_avatar"}, {"group_id": "any"}],
)
def test_a_token_holds_only_for_the_query_it_came_from(caller: Caller, changed: dict[str, str | int]) -> None:
    token = caller.get(LOOKS, limit=10)["next_token"]
    assert caller.get(LOOKS, limit=10, token=token)["data"]
    query = "&".join(f"{name}={value}" for name, value in {"limit": 10, "token": token, **changed}.items())
    assert_error(caller.call("GET", f"{LOOKS}?{query}"), 400, "invalid_parameter", "token")


def test_a_token_of_looks_is_refused_for_groups(caller: Caller) -> None:
    token = caller.get(LOOKS)["next_token"]
    assert_error(caller.call("GET", f"{GROUPS}?token={token}"), 400, "invalid_parameter", "token")


@pytest.mark.parametrize("token", ["", "20", "AAAA", "!!", "%ff", "AAAAFAAAAAAAAAAAAAAAAAAA"])
def test_a_made_up_token_is_refused(caller: Caller, token: str) -> None:
    assert_error(caller.call("GET", f"{LOOKS}?token={token}"), 400, "invalid_parameter", "token")


@pytest.mark.parametrize("path", [LOOKS, GROUPS])
@pytest.mark.parametrize("limit", ["0", "51", "-1", "", "ten", "1.5", "٣", "9" * 5_000])
def test_a_limit_out_of_range_is_refused_by_name(caller: Caller, path: str, limit: str) -> None:
    assert_error(caller.call("GET", f"{path}?limit={quote(limit)}"), 400, "invalid_parameter", "limit")


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [(LOOKS, "ownership", "mine"), (GROUPS, "ownership", ""), (LOOKS, "avatar_type", "video_avatar")],
)
def test_an_unknown_value_of_a_filter_is_refused_by_name(caller: Caller, path: str, name: str, value: str) -> None:
    assert_error(caller.call("GET", f"{path}?{name}={value}"), 400, "invalid_parameter", name)


def test_filters_pass_what_they_name_and_together_lose_nothing(caller: Caller) -> None:
    everything = {look["id"] for look in caller.every(LOOKS)}
    found = []
    for ownership in ("public", "private"):
        for avatar_type in ("photo_avatar", "digital_twin", "studio_avatar"):
            looks = caller.every(LOOKS, ownership=ownership, avatar_type=avatar_type)
            assert all(look["avatar_type"] == avatar_type for look in looks)
            found += [look["id"] for look in looks]
    assert len(found) == len(everything)
    assert set(found) == everything


def test_groups_are_filtered_by_ownership(caller: Caller) -> None:
    public, private = (caller.every(GROUPS, ownership=ownership) for ownership in ("public", "private"))
    assert {group["id"] for group in public}.isdisjoint(group["id"] for group in private)
    assert len(public) + len(private) == len(caller.every(GROUPS))


def test_the_looks_of_one_group_can_be_filtered_further(caller: Caller) -> None:
    group = caller.service.catalogue.groups[0]
    kind = group.looks[0].avatar_type
    assert len(caller.every(LOOKS, group_id=group.id, avatar_type=kind, ownership="public")) == len(group.looks)
    assert caller.every(LOOKS, group_id=group.id, ownership="private") == []


def test_the_looks_of_an_unknown_group_are_none(caller: Caller) -> None:
    assert caller.every(LOOKS, group_id="nobody") == []


def test_one_look_and_one_group_are_served_as_in_the_lists(caller: Caller) -> None:
    look, group = caller.get(LOOKS, limit=1)["data"][0], caller.get(GROUPS, limit=1)["data"][0]
    assert caller.get(f"{LOOKS}/{look['id']}") == {"data": look}
    assert caller.get(f"{GROUPS}/{group['id']}") == {"data": group}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{LOOKS}/nobody", "avatar_not_found"),
        (f"{LOOKS}/a%2Fb", "avatar_not_found"),
        (f"{LOOKS}/%2E%2E", "avatar_not_found"),
        (f"{GROUPS}/nobody", "avatar_group_not_found"),
        (f"{GROUPS}/looks%2Fnobody", "avatar_group_not_found"),
        (f"{GROUPS}/", "not_found"),
        (f"{LOOKS}/", "not_found"),
        (f"{LOOKS}/a/b", "not_found"),
        ("/v3/elsewhere", "not_found"),
        ("/", "not_found"),
        ("/talking_photo/nobody/x.WEBP", "not_found"),
    ],
)
def test_what_is_not_there_is_404_with_a_code_of_its_own(caller: Caller, path: str, code: str) -> None:
    assert_error(caller.call("GET", path), 404, code)


def test_a_group_id_is_no_look_id(caller: Caller) -> None:
    group = caller.service.catalogue.groups[0]
    assert_error(caller.call("GET", f"{LOOKS}/{group.id}"), 404, "avatar_not_found")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Api-Key": ""},
        {"X-Api-Key": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {DEMO_API_KEY}"},
        {"Authorization": DEMO_API_KEY},
        {"X-Api-Key": DEMO_API_KEY, "Authorization": f"Bearer {DEMO_API_KEY}"},
    ],
    ids=["none", "empty", "wrong", "wrong token", "basic", "bare", "both"],
)
@pytest.mark.parametrize("path", [LOOKS, f"{GROUPS}/nobody", "/v3/elsewhere"])
def test_a_request_without_the_key_in_one_header_is_401(caller: Caller, path: str, headers: dict[str, str]) -> None:
    answer = caller.call("GET", path, headers=headers)
    assert answer.status == 401
    assert answer.json == UNAUTHORIZED


@pytest.mark.parametrize("headers", [{"X-Api-Key": DEMO_API_KEY}, {"Authorization": f"Bearer {DEMO_API_KEY}"}])
def test_the_key_is_taken_from_either_header(caller: Caller, headers: dict[str, str]) -> None:
    assert caller.call("GET", LOOKS, headers=headers).status == 200


def test_another_key_can_be_chosen() -> None:
    with DemoService(looks=1, api_key="another") as service:
        caller = Caller(service)
        assert caller.call("GET", LOOKS, headers={"X-Api-Key": "another"}).status == 200
        assert caller.call("GET", LOOKS, headers={"X-Api-Key": DEMO_API_KEY}).status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_405_with_an_envelope(caller: Caller, method: str) -> None:
    answer = caller.call(method, LOOKS, body=b'{"prompt": "Hello"}')
    assert_error(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


def test_a_head_request_has_no_body_and_leaves_the_connection_usable(caller: Caller) -> None:
    answer = caller.call("HEAD", LOOKS)
    assert (answer.status, answer.body) == (405, b"")
    assert caller.call("GET", LOOKS).status == 200


def test_a_request_line_that_makes_no_sense_is_answered_with_an_envelope(service: DemoService) -> None:
    parts = urlsplit(service.base_url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert_error(Answer(response.status, response.headers, response.read()), 400, "validation_error")


@pytest.mark.parametrize("path", [LOOKS, f"{LOOKS}?limit=0", f"{LOOKS}/nobody", "/v3/elsewhere", "/nothing"])
def test_every_answer_has_a_request_id_of_its_own(caller: Caller, path: str) -> None:
    first, second = (caller.call("GET", path).headers["X-Request-Id"] for _ in range(2))
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize("path", [LOOKS, f"{LOOKS}/nobody", "/nothing"])
def test_the_connection_is_kept_open_from_one_request_to_the_next(caller: Caller, path: str) -> None:
    caller.call("GET", path)
    assert caller.connection.sock is not None
    before = caller.connection.sock.getsockname()
    caller.call("POST", path, body=b"x" * 70_000)
    caller.call("GET", path)
    assert caller.connection.sock is not None
    assert caller.connection.sock.getsockname() == before


def test_many_connections_are_served_side_by_side(service: DemoService) -> None:
    at_once = threading.Barrier(12)
    statuses = []

    def call() -> None:
        caller = Caller(service)
        caller.connection.connect()
        at_once.wait(timeout=30)
        statuses.append(caller.call("GET", LOOKS).status)

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert statuses == [200] * 12


def test_requests_are_remembered_with_their_query_and_without_the_key() -> None:
    with DemoService(looks=5) as service:
        caller = Caller(service)
        caller.get(LOOKS, limit=3)
        caller.call("DELETE", f"{LOOKS}?key={DEMO_API_KEY}")
        assert list(service.requests) == [("GET", f"{LOOKS}?limit=3"), ("DELETE", f"{LOOKS}?key=…")]
        assert service.requests.maxlen == 10_000


def test_closing_stops_listening_and_ends_open_connections() -> None:
    service = DemoService(looks=5).start()
    caller = Caller(service)
    caller.get(LOOKS)
    assert caller.connection.sock is not None
    address = caller.connection.sock.getpeername()
    service.close()
    service.close()
    assert caller.connection.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    with pytest.raises(RuntimeError, match="not running"):
        _ = service.base_url


def test_a_closed_stand_in_can_be_started_again_with_the_same_catalogue() -> None:
    service = DemoService(looks=5)
    with service:
        before = Caller(service).get(f"{LOOKS}")["data"][0]["id"]
    with service:
        assert service.start() is service
        assert Caller(service).get(f"{LOOKS}")["data"][0]["id"] == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"latency": -0.5}, "latency must be 0 s or more, not -0.5"),
        ({"latency": float("nan")}, "latency must be 0 s or more, not nan"),
        ({"previews": "ftp"}, "previews must be one of data, http, not 'ftp'"),
        ({"api_key": ""}, "api_key must not be empty"),
    ],
)
def test_a_bad_argument_is_refused_with_its_value(arguments: dict[str, float | str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DemoService(looks=0, **arguments)  # type: ignore[arg-type]


def test_its_repr_shows_where_it_listens_and_no_key() -> None:
    with DemoService(looks=5) as service:
        assert service.base_url in repr(service)
        assert DEMO_API_KEY not in repr(service)
    assert "not running" in repr(service)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "heygen_widgets.demo", *arguments]


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
def test_the_command_serves_until_ctrl_c_and_says_how_to_try_it() -> None:
    with subprocess.Popen(command("--port", "0", "--looks", "5"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        base_url = lines[0].split()[-1]
        assert DEMO_API_KEY in lines[1]
        assert f"{base_url}/v3/avatars/looks" in lines[2]
        connection = http.client.HTTPConnection(urlsplit(base_url).netloc)
        connection.request("GET", LOOKS, headers={"X-Api-Key": DEMO_API_KEY})
        assert connection.getresponse().status == 200
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


def test_the_command_says_in_one_line_that_a_port_is_in_use(service: DemoService) -> None:
    port = str(urlsplit(service.base_url).port)
    run = subprocess.run(command("--port", port, "--looks", "5"), capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in run.stderr


@pytest.mark.parametrize("option", [("--port", "99999"), ("--looks", "-1"), ("--latency", "-1")])
def test_the_command_refuses_a_bad_value_without_a_traceback(option: tuple[str, str]) -> None:
    run = subprocess.run(command("--looks", "5", *option), capture_output=True, text=True)
    assert run.returncode != 0
    assert option[1] in run.stderr
    assert "Traceback" not in run.stderr
