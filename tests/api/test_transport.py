"""Requests against a real server on loopback that misbehaves in every way we know of."""

from __future__ import annotations

import gzip
import json
import logging
import re
import signal
import socket
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from loopback import (
    KEY,
    REFUSED,
    Handler,
    Loopback,
    Reply,
    client_of,
    cut_short,
    drip,
    failure,
    hang_up,
    hurry,
    look,
    page,
    reply,
    stay_silent,
)

from heygen_widgets.api import HeyGenClient
from heygen_widgets.api.connections import _Reader
from heygen_widgets.api.credentials import Credential, Secret
from heygen_widgets.api.pace import Pace
from heygen_widgets.api.responses import retry_after, tidy
from heygen_widgets.api.transport import Transport
from heygen_widgets.errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    HeyGenError,
    NotFoundError,
    RateLimitError,
)

OK = page(["a"], has_more=False, next_token=None)
TOKEN = "oauth-token-0123456789"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))


def transport_of(server: Loopback, credential: Credential, max_retries: int = 2) -> Transport:
    transport = Transport(credential, base_url=server.url, timeout=(5.0, 5.0), max_retries=max_retries, session=None)
    hurry(transport)
    return transport


def error_of(client: HeyGenClient) -> HeyGenError:
    with pytest.raises(HeyGenError) as caught:
        client.list_looks()
    return caught.value


def play(body: bytes, **headers: str) -> Reply:
    return reply(body, **headers)


# What is sent


def test_a_key_goes_into_its_own_header_and_nowhere_else() -> None:
    with Loopback(OK) as server, client_of(server) as client:
        client.list_looks()
        headers = server.seen[0].headers
    assert headers["x-api-key"] == KEY
    assert "authorization" not in headers
    assert headers["user-agent"].startswith("heygen-widgets/")
    assert headers["accept"] == "application/json"


def test_a_login_goes_as_a_bearer_token_and_without_a_key() -> None:
    with Loopback(OK) as server:
        transport = transport_of(server, Credential(Secret(TOKEN), "a test", is_token=True))
        transport.request("GET", "/v3/avatars")
        headers = server.seen[0].headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert "x-api-key" not in headers


def test_an_expired_login_is_renewed_before_the_request(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(KEY)
    with Loopback(OK) as server:
        transport = transport_of(server, Credential(Secret(TOKEN), "a test", True, datetime.now(UTC)))
        transport.request("GET", "/v3/avatars")
        assert server.seen[0].headers["x-api-key"] == KEY
        assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize("is_token", [False, True])
def test_netrc_neither_adds_nor_replaces_credentials(
    is_token: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Loopback(OK) as server:
        requests.get(server.url, timeout=5)
        assert server.seen[0].headers["authorization"].startswith("Basic")  # the trap is set
        transport_of(server, Credential(Secret(TOKEN), "a test", is_token)).request("GET", "/v3/avatars")
        assert server.seen[1].headers.get("authorization") == (f"Bearer {TOKEN}" if is_token else None)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("given_session", [False, True])
def test_requests_to_loopback_bypass_a_proxy(
    variable: str, given_session: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(OK) as server, Loopback(OK) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        requests.get(server.url, timeout=5)
        assert (len(proxy.seen), server.seen) == (1, [])  # the trap is set
        session = requests.Session() if given_session else None
        if session is not None:
            session.proxies = {"http": proxy.url, "all": proxy.url}
        with client_of(server, session=session) as client:
            client.list_looks()
        assert (len(proxy.seen), len(server.seen)) == (1, 1)


def test_other_requests_use_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(failure(502)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with HeyGenClient(KEY, base_url="https://api.heygen.invalid", max_retries=0) as client:
            error = error_of(client)
    assert isinstance(error, APIConnectionError)
    assert "502" in str(error)
    assert [seen.method for seen in proxy.seen] == ["CONNECT"]


def test_cookies_are_neither_kept_nor_sent() -> None:
    with Loopback(reply({"data": []}, Set_Cookie="a=b; Path=/")) as server, client_of(server) as client:
        client.list_looks()
        client.list_looks()
        assert "cookie" not in server.seen[1].headers
        assert len(client._transport._session.cookies) == 0


def test_a_connection_is_used_again() -> None:
    packed = gzip.compress(json.dumps({"data": []}).encode())
    with Loopback(OK, reply(packed, Content_Encoding="gzip"), OK) as server, client_of(server) as client:
        for _ in range(5):
            client.list_looks()
        assert server.connections == 1


def test_a_given_session_is_neither_changed_nor_closed() -> None:
    session = requests.Session()
    session.headers["X-Mine"] = "1"
    session.headers["Authorization"] = "Basic something"
    session.auth = ("someone", "something")
    closed: list[bool] = []
    session.close = lambda: closed.append(True)  # type: ignore[method-assign]
    before = (dict(session.headers), session.auth, session.trust_env, dict(session.proxies), dict(session.adapters))
    with Loopback(OK) as server:
        with client_of(server, session=session) as client:
            client.list_looks()
        headers = server.seen[0].headers
    after = (dict(session.headers), session.auth, session.trust_env, dict(session.proxies), dict(session.adapters))
    assert after == before
    assert closed == []
    assert headers["x-mine"] == "1"
    assert headers["x-api-key"] == KEY
    assert "authorization" not in headers


def test_threads_share_a_client() -> None:
    def echo(handler: Handler) -> None:
        reply({"data": look(handler.path.rpartition("/")[2])})(handler)

    with Loopback(echo) as server, client_of(server) as client, ThreadPoolExecutor(12) as pool:
        ids = [f"look_{n}" for n in range(200)]
        assert [found.id for found in pool.map(client.get_look, ids)] == ids


def test_a_client_works_again_after_close() -> None:
    with Loopback(OK) as server, client_of(server) as client:
        client.list_looks()
        client.close()
        assert len(client.list_looks()) == 1


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_other_server_sees_nothing(status: int) -> None:
    with Loopback(OK) as other, Loopback(reply(b"", status, Location=f"{other.url}/x?secret=1")) as server:
        with client_of(server) as client:
            error = error_of(client)
        assert other.seen == []
        assert len(server.seen) == 1
    assert isinstance(error, APIResponseError)
    assert "redirect to 127.0.0.1" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize("location", [None, "/elsewhere", "https://[broken", ""])
def test_a_redirect_to_nowhere_is_an_error_of_ours(location: str | None) -> None:
    headers = {} if location is None else {"Location": location}
    with Loopback(reply(b"", 302, **headers)) as server, client_of(server) as client:
        assert isinstance(error_of(client), APIResponseError)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_redirect_whose_body_drips_is_told_in_time(encoding: str) -> None:
    fault = drip(b"\x1f\x8b\x08\x08", status=302, Location="https://elsewhere.example.com/", Content_Encoding=encoding)
    with Loopback(fault) as server, client_of(server, timeout=(0.1, 0.1)) as client:
        error = error_of(client)
    assert isinstance(error, APIResponseError)
    assert "elsewhere.example.com" in str(error)


def test_the_hooks_of_a_given_session_still_run() -> None:
    session = requests.Session()
    statuses: list[int] = []
    session.hooks["response"].append(lambda response, **_: statuses.append(response.status_code))
    with Loopback(OK) as server, client_of(server, session=session) as client:
        client.list_looks()
    assert statuses == [200]


# Retries


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_retried(status: int) -> None:
    with Loopback(failure(status), failure(status), OK) as server, client_of(server) as client:
        assert client.list_looks()[0].id == "a"
        assert len(server.seen) == 3


@pytest.mark.parametrize("fault", [hang_up, cut_short])
def test_a_broken_connection_is_retried(fault: Reply) -> None:
    with Loopback(fault, fault, OK) as server, client_of(server) as client:
        assert client.list_looks()[0].id == "a"
        assert len(server.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 501])
def test_any_other_fault_is_final(status: int) -> None:
    with Loopback(failure(status)) as server, client_of(server) as client:
        error = error_of(client)
        assert len(server.seen) == 1
        assert client.waits == []  # type: ignore[attr-defined]
    assert isinstance(error, APIStatusError)
    assert error.status_code == status


@pytest.mark.parametrize("fault", [failure(429), failure(500), failure(503), hang_up, cut_short])
def test_a_post_without_a_key_that_went_out_is_not_sent_again(fault: Reply) -> None:
    with Loopback(fault, OK) as server:
        transport = transport_of(server, Credential(Secret(KEY), "a test"))
        with pytest.raises(HeyGenError) as caught:
            transport.request("POST", "/v3/video-agents", body={"prompt": "An ad"})
        assert [json.loads(seen.body) for seen in server.seen] == [{"prompt": "An ad"}]
    is_uncertain = not isinstance(caught.value, RateLimitError)
    assert caught.value.is_uncertain is is_uncertain
    assert ("before you ask again" in str(caught.value)) is is_uncertain


def test_a_post_that_never_went_out_is_sent_again() -> None:
    with Loopback(OK) as server, socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and does not listen
        transport = transport_of(server, Credential(Secret(KEY), "a test"))
        transport.base_url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(APIConnectionError):
            transport.request("POST", "/v3/video-agents")
        assert transport.retries == 2


def test_a_post_that_reached_no_proxy_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        credential = Credential(Secret(KEY), "a test")
        transport = Transport(
            credential, base_url="https://api.heygen.invalid", timeout=(5.0, 5.0), max_retries=2, session=None
        )
        hurry(transport)
        with pytest.raises(APIConnectionError):
            transport.request("POST", "/v3/video-agents")
        assert transport.retries == 2


@pytest.mark.parametrize("max_retries", [0, 1, 4])
def test_retries_end_after_max_retries_and_the_last_error_is_raised(max_retries: int) -> None:
    with Loopback(failure(503, "first"), failure(503, "later")) as server:
        with client_of(server, max_retries=max_retries) as client:
            error = error_of(client)
        assert len(server.seen) == max_retries + 1
    assert isinstance(error, APIStatusError)
    assert error.code == ("later" if max_retries else "first")


def test_waits_begin_at_1_s_and_double_with_jitter_up_to_30_s() -> None:
    with Loopback(failure(503)) as server, client_of(server, max_retries=8) as client:
        error_of(client)
        waits = client.waits  # type: ignore[attr-defined]
    assert len(waits) == 8
    for attempt, wait in enumerate(waits):
        assert min(0.75 * 2**attempt, 24) <= wait <= min(1.25 * 2**attempt, 30)
    assert [wait / 2**attempt for attempt, wait in enumerate(waits[:4])] != [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("header", "shortest", "longest"),
    [
        ("7", 7, 7),
        ("7.5", 7.5, 7.5),
        ("0", 0.75, 1.25),
        ("3600", 30, 30),
        ("-5", 0.75, 1.25),
        ("soon", 0.75, 1.25),
        ("inf", 0.75, 1.25),
        ("9" * 400, 0.75, 1.25),
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(hours=12), usegmt=True), 30, 30, id="later"),
        pytest.param(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True), 0.75, 1.25, id="past"),
    ],
)
def test_the_wait_is_the_longer_of_back_off_and_retry_after(header: str, shortest: float, longest: float) -> None:
    for status in (429, 503):
        with Loopback(failure(status, Retry_After=header), OK) as server, client_of(server) as client:
            client.list_looks()
            (wait,) = client.waits  # type: ignore[attr-defined]
        assert shortest <= wait <= longest


def test_a_rate_limit_error_tells_what_the_service_asked_for() -> None:
    with Loopback(failure(429, Retry_After="45")) as server, client_of(server, max_retries=0) as client:
        error = error_of(client)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 45


@given(st.text() | st.none())
def test_any_retry_after_is_a_sensible_number_or_none(header: str | None) -> None:
    seconds = retry_after(header)
    assert seconds is None or 0 <= seconds <= 86_400


@pytest.mark.parametrize(
    "header",
    ["Mon, 32 Foo 2026 99:99:99 GMT", "Thu, 01 Jan 99999 00:00:00 GMT", ",", "(", "nan", "-1", "1e300", "86401"],
)
def test_a_retry_after_that_makes_no_sense_is_ignored(header: str) -> None:
    assert retry_after(header) is None


# Time-outs


def test_a_silent_server_is_a_time_out_and_is_not_asked_again() -> None:
    with Loopback(stay_silent) as server, client_of(server, timeout=(1, 0.1)) as client:
        error = error_of(client)
        assert len(server.seen) == 1
    assert isinstance(error, APITimeoutError)
    assert "longer timeout" in str(error)


@pytest.mark.parametrize("headers", [{}, {"Content_Encoding": "gzip"}], ids=["plain", "gzip that unpacks to nothing"])
def test_a_body_that_drips_is_a_time_out_and_is_not_asked_again(headers: dict[str, str]) -> None:
    # A gzip member may begin with a file name of any length, which unpacks to nothing.
    piece = b"\x1f\x8b\x08\x08" if headers else b" "
    with Loopback(drip(piece, **headers)) as server, client_of(server, timeout=(0.1, 0.1)) as client:
        error = error_of(client)
        assert len(server.seen) == 1
    assert isinstance(error, APITimeoutError)


def drip_headers(handler: Handler) -> None:
    """Send headers without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(b"X-Drop: 1\r\n"[:1])


def drip_interim_answers(handler: Handler) -> None:
    """Promise an answer without end."""
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("fault", [drip_headers, drip_interim_answers])
def test_headers_that_drip_are_a_time_out_and_are_not_asked_for_again(fault: Reply) -> None:
    with Loopback(fault) as server, client_of(server, timeout=(0.2, 0.2)) as client:
        assert isinstance(error_of(client), APITimeoutError)
        assert len(server.seen) == 1


def test_a_proxy_whose_headers_drip_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(drip_headers) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with HeyGenClient(KEY, base_url="https://api.heygen.invalid", timeout=(0.2, 0.2)) as client:
            assert isinstance(error_of(client), APITimeoutError)
        assert len(proxy.seen) == 1


def test_a_reader_leaves_a_socket_no_more_time_than_there_is() -> None:
    ours, others = socket.socketpair()
    with ours, others:
        ours.settimeout(60)
        others.sendall(b"ab")
        raw = ours.makefile("rb", buffering=0)
        assert _Reader(raw, ours, time.monotonic() + 30).readinto(bytearray(1)) == 1
        assert (ours.gettimeout() or 60) <= 30
        with pytest.raises(TimeoutError):
            _Reader(raw, ours, time.monotonic() - 1).readinto(bytearray(1))
        raw.close()


def test_a_status_is_told_even_when_its_body_is_lost() -> None:
    lost = [drip(b" ", status=404), reply(b"junk", 404, Content_Encoding="gzip")]
    for fault in lost:
        with Loopback(fault) as server, client_of(server, timeout=(0.1, 0.1)) as client:
            assert isinstance(error_of(client), NotFoundError)


# Bodies


@pytest.mark.parametrize("encoding", ["gzip", " GZIP "])
def test_a_gzip_body_is_unpacked(encoding: str) -> None:
    packed = gzip.compress(json.dumps({"data": [look("a")]}).encode())
    with Loopback(reply(packed, Content_Encoding=encoding)) as server, client_of(server) as client:
        assert client.list_looks()[0].id == "a"
        assert server.seen[0].headers["accept-encoding"] == "gzip"


def test_a_chunked_body_is_read() -> None:
    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in (b'{"data"', b": []}", b""):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    with Loopback(chunked) as server, client_of(server) as client:
        client.list_looks()
        client.list_looks()
        assert server.connections == 1


EMPTY_PAGE = b'{"data": []}'
BAD_BODIES: dict[str, tuple[bytes, dict[str, str], str]] = {
    "empty": (b"", {}, "no valid JSON"),
    "html": (b"<html>Sign in</html>", {"Content_Type": "text/html"}, "text/html"),
    "nested too deeply": (b"[" * 100_000, {}, "nested too deeply"),
    "nested objects": (b'{"data": ' * 100_000, {}, "nested too deeply"),
    "a number too long": (b'{"data": ' + b"9" * 5000 + b"}", {}, "no valid JSON"),
    "NaN": (b'{"data": [], "x": NaN}', {}, "no valid JSON"),
    "Infinity": (b'{"data": [], "x": -Infinity}', {}, "no valid JSON"),
    "not UTF-8": (b'{"data": [], "x": "\xff"}', {}, "no UTF-8"),
    "UTF-16": ('{"data": []}'.encode("utf-16"), {}, "no UTF-8"),
    "a list": (b"[]", {}, "no 'data'"),
    "a string": (b'"hello"', {}, "no 'data'"),
    "null": (b"null", {}, "no 'data'"),
    "no data": (b"{}", {}, "no 'data'"),
    "data is null": (b'{"data": null}', {}, "no list but NoneType"),
    "data is an object": (b'{"data": {}}', {}, "no list but dict"),
    "a record is no object": (b'{"data": [5]}', {}, "no JSON object"),
    "not gzip": (EMPTY_PAGE, {"Content_Encoding": "gzip"}, "cannot be unpacked"),
    "gzip cut short": (gzip.compress(EMPTY_PAGE)[:-9], {"Content_Encoding": "gzip"}, "cut short"),
    "gzip without its sum": (gzip.compress(EMPTY_PAGE)[:-8], {"Content_Encoding": "gzip"}, "cut short"),
    "brotli": (EMPTY_PAGE, {"Content_Encoding": "br"}, "not asked for"),
    "a gzip bomb": (gzip.compress(EMPTY_PAGE + b" " * (17 * 2**20)), {"Content_Encoding": "gzip"}, "more than"),
    "too long": (EMPTY_PAGE + b" " * (16 * 2**20), {}, "more than"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_makes_no_sense_is_an_error_of_ours_and_is_not_asked_for_again(name: str) -> None:
    body, headers, problem = BAD_BODIES[name]
    with Loopback(reply(body, **headers)) as server, client_of(server) as client:
        error = error_of(client)
        assert len(server.seen) == 1
    assert isinstance(error, APIResponseError)
    assert problem in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert len(str(error)) < 500


@pytest.mark.parametrize("status", [204, 206])
def test_a_success_without_a_body_makes_no_sense(status: int) -> None:
    with Loopback(reply(b"", status)) as server, client_of(server) as client:
        assert isinstance(error_of(client), APIResponseError)


def test_a_page_of_html_is_told_to_be_something_in_between() -> None:
    with Loopback(reply(b"<html>Sign in</html>", Content_Type="text/html")) as server, client_of(server) as client:
        assert "proxy or a sign-in page" in str(error_of(client))


def test_a_token_that_is_refused_is_told_to_need_the_first_page() -> None:
    refused = reply({"error": {"code": "invalid_parameter", "message": "No", "param": "token"}}, 400)
    with Loopback(refused) as server, client_of(server) as client:
        assert "from the first page" in str(error_of(client))


def test_an_error_in_a_success_is_told() -> None:
    with Loopback(failure(200, message="Something is off")) as server, client_of(server) as client:
        error = error_of(client)
    assert isinstance(error, APIResponseError)
    assert "Something is off" in str(error)


def test_a_refused_connection_is_an_error_of_ours_and_is_retried() -> None:
    with HeyGenClient(KEY, base_url=REFUSED) as client:
        waits = hurry(client._transport)
        error = error_of(client)
    assert len(waits) == 2
    assert type(error) is APIConnectionError
    assert re.search(r"failed: Failed to establish a new connection: \[Errno \d+\] Connection refused\. ", str(error))


def test_a_reply_that_is_no_http_is_an_error_of_ours() -> None:
    def babble(handler: Handler) -> None:
        handler.wfile.write(b"\x00\xff" * 100 + b"\r\n\r\n")
        handler.close_connection = True

    with Loopback(babble) as server, client_of(server) as client:
        assert isinstance(error_of(client), APIConnectionError)


def test_a_chunk_size_that_is_no_number_is_an_error_of_ours() -> None:
    def play_chunks(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
        handler.close_connection = True

    with Loopback(play_chunks) as server, client_of(server) as client:
        assert isinstance(error_of(client), APIConnectionError)


# Error envelopes


def test_the_error_of_the_service_is_told_whole() -> None:
    envelope = {
        "error": {"code": "invalid_parameter", "message": "Bad limit", "param": "limit", "doc_url": "https://d"}
    }
    with Loopback(reply(envelope, 400, X_Request_Id="req_7")) as server, client_of(server) as client:
        error = error_of(client)
    assert isinstance(error, APIStatusError)
    assert (error.code, error.param, error.doc_url, error.request_id) == (
        "invalid_parameter",
        "limit",
        "https://d",
        "req_7",
    )
    assert "Bad limit" in str(error)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "forbidden"}}, "forbidden", None),
        ({"error": {"message": "Just words"}}, None, "Just words"),
        ({"error": {"code": "error", "message": "Words"}}, None, "Words"),
        ({"error": "Just words"}, None, "Just words"),
        ({"message": "Of a gateway"}, None, "Of a gateway"),
        ({"error": {"code": 5, "message": ["x"]}}, None, "a proxy may have given it"),
        ({"error": None}, None, "a proxy may have given it"),
        (b"<html><h1>Forbidden</h1></html>", None, "a proxy may have given it"),
        (b"", None, "a proxy may have given it"),
        (b"[" * 100_000, None, "a proxy may have given it"),
        ([1], None, "a proxy may have given it"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_any_body_of_an_error_is_read_for_what_it_tells(body: object, code: str | None, message: str | None) -> None:
    with Loopback(reply(body, 403)) as server, client_of(server) as client:
        error = error_of(client)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.code) == (403, code)
    assert "logging in again will not help" in str(error)
    assert message is None or message in str(error)


def test_a_long_or_wild_message_is_clipped_and_put_on_one_line() -> None:
    with Loopback(failure(400, message="a\n\x1b[31mb\0 " + "x" * 5000)) as server, client_of(server) as client:
        text = str(error_of(client))
    assert "a [31mb xxx" in text
    assert text.isprintable()
    assert len(text) < 500


def test_a_401_says_where_the_key_came_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Loopback(failure(401, "unauthorized", "Unauthorized")) as server:
        with client_of(server) as client:
            error = error_of(client)
        assert isinstance(error, AuthenticationError)
        assert "the api_key argument" in str(error)
        monkeypatch.setenv("HEYGEN_API_KEY", KEY)
        assert "HEYGEN_API_KEY" in str(error_of(HeyGenClient(base_url=server.url)))
        monkeypatch.delenv("HEYGEN_API_KEY")
        (tmp_path / "credentials").write_text(KEY)
        assert str(tmp_path / "credentials") in str(error_of(HeyGenClient(base_url=server.url)))


# The key shows nowhere


def echo_key(handler: Handler) -> None:
    key = handler.headers["X-Api-Key"]
    envelope = {"code": key, "message": f"{'x' * 290} {key}", "param": key, "doc_url": f"https://d/{key}"}
    reply({"error": envelope}, 400, X_Request_Id=key, Content_Type=key)(handler)


def redirect_to_key(handler: Handler) -> None:
    reply(b"", 302, Location=f"https://{handler.headers['X-Api-Key'].lower()}.example.com/")(handler)


def html_with_key(handler: Handler) -> None:
    reply(b"<html>", 200, Content_Type=handler.headers["X-Api-Key"])(handler)


FAULTS = [
    echo_key,
    redirect_to_key,
    html_with_key,
    hang_up,
    cut_short,
    failure(503),
    failure(401),
    reply(b"[" * 100_000),
]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.mark.parametrize("fault", FAULTS)
def test_the_key_shows_in_no_error_no_traceback_and_no_log(
    fault: Reply, logged: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with Loopback(fault) as server, client_of(server) as client:
        error = error_of(client)
    told = [str(error), repr(error), repr(error.args), repr(vars(error)), logged.text, *capfd.readouterr()]
    told += traceback.format_exception(error)
    told.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    assert "urllib3" in logged.text  # the log was listening
    for text in told:
        assert KEY[10:24].lower() not in text.lower()
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("fault", FAULTS)
def test_the_key_shows_in_no_verbose_traceback_of_ipython(fault: Reply) -> None:
    ultratb = pytest.importorskip("IPython.core.ultratb")
    with Loopback(fault) as server:
        client = HeyGenClient(KEY, base_url=server.url)
        hurry(client._transport)
        try:
            client.list_looks()
        except HeyGenError as error:
            text = re.sub(r"\x1b\[[\d;]*m", "", ultratb.VerboseTB().text(type(error), error, error.__traceback__))
    assert "path = '/v3/avatars/looks'" in text  # local variables are shown
    assert KEY not in text


@pytest.mark.parametrize("is_token", [False, True])
def test_the_key_shows_in_no_traceback_of_ctrl_c(is_token: bool) -> None:
    def interrupt_before_the_answer(handler: Handler) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        handler.server.closing.wait(5)

    for fault in (interrupt, interrupt_before_the_answer):
        with Loopback(fault) as server:
            transport = transport_of(server, Credential(Secret(KEY), "a test", is_token))
            with pytest.raises(KeyboardInterrupt) as caught:
                transport.request("GET", "/v3/avatars")
            report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        text = "".join(report.format())
        assert "path = '/v3/avatars'" in text  # local variables are shown
        assert KEY not in text


def test_the_password_in_any_address_is_left_out_of_an_error() -> None:
    text = "Failed to parse: http://me:pass-word@proxy.example.com:1 "
    told = tidy(text, Credential(Secret(KEY), "a test"))
    assert told == "Failed to parse: http://proxy.example.com:1"


def test_a_password_of_a_proxy_shows_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies = ["127.0.0.1:1", "[broken", "127.0.0.1:port", "", "/x"]
    for proxy in proxies:
        monkeypatch.setenv("https_proxy", f"http://someone:pass-word@{proxy}")
        with HeyGenClient(KEY, base_url="https://api.heygen.invalid", max_retries=0) as client:
            error = error_of(client)
        assert isinstance(error, APIConnectionError)
        assert "pass-word" not in str(error)


def test_what_waiting_cannot_mend_is_not_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    waits: list[float] = []
    with HeyGenClient(KEY, base_url="https://api.heygen.invalid") as client:
        client._transport._sleep = waits.append
        error = error_of(client)
    assert isinstance(error, APIConnectionError)
    assert "/no/such/file" in str(error)
    assert waits == []


# Many threads, one limit


def test_a_429_holds_up_every_thread_of_the_client() -> None:
    with Loopback(failure(429, Retry_After="7"), OK) as server, client_of(server) as client:
        held_up, go_on = threading.Semaphore(0), threading.Event()
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            held_up.release()
            assert go_on.wait(10)

        client._transport._sleep = sleep
        client._transport._now = lambda: 100.0 if go_on.is_set() else 0.0
        threads = [threading.Thread(target=client.list_looks) for _ in range(4)]
        threads[0].start()
        assert held_up.acquire(timeout=10)
        for thread in threads[1:]:
            thread.start()
        for _ in threads[1:]:
            assert held_up.acquire(timeout=10)
        assert len(server.seen) == 1
        go_on.set()
        for thread in threads:
            thread.join(10)
        assert len(server.seen) == 5
    # One after the other, and not all at once as soon as the pause is over.
    assert sorted(waits) == [7, 8, 9, 10]


def test_a_turn_that_was_taken_before_a_429_is_not_used_during_its_pause() -> None:
    pace = Pace()
    pace.slow_down(0.0, 1.0, sent=0.0)
    assert [pace.turn(0.0), pace.turn(0.0)] == [1.0, 2.0]
    pace.slow_down(1.5, 5.0, sent=1.0)
    assert pace.is_paused(2.0)
    assert pace.turn(2.0) == 4.5
    assert not pace.is_paused(6.5)


def test_a_client_whose_turn_comes_during_a_pause_waits_on() -> None:
    with Loopback(OK) as server, client_of(server) as client:
        pace, waits = client._transport._pace, client.waits  # type: ignore[attr-defined]
        pace.slow_down(0.0, 3.0, sent=0.0)
        sleep = client._transport._sleep

        def meanwhile(seconds: float) -> None:
            if not waits:
                pace.slow_down(0.0, 20.0, sent=-1.0)
            sleep(seconds)

        client._transport._sleep = meanwhile
        client.list_looks()
        assert waits == [3.0, 17.0]


@pytest.mark.parametrize("threads", [4, 8])
@pytest.mark.parametrize("latency", [0.05, 0.3])
@pytest.mark.parametrize(("a_second", "burst"), [(1, 1), (2, 1), (3, 3), (4, 4), (10, 20), (1, 8)])
def test_many_threads_get_through_a_narrow_limit_with_two_retries_and_soon(
    a_second: float, burst: int, latency: float, threads: int
) -> None:
    """A simulation: the service as a bucket that fills at a fixed rate, and threads that each want 100 pages."""
    pace, level, filled = Pace(), float(burst), 0.0
    refused: Counter[int] = Counter()
    left = dict.fromkeys(range(threads), 100)
    # When, whose, what happens then, and when the request went out.
    events = [(pace.turn(0.0), thread, "turn", 0.0) for thread in left]
    while events:
        clock, thread, what, sent = min(events)
        events.remove((clock, thread, what, sent))
        if what == "turn" and not pace.is_paused(clock):
            level, filled = min(burst, level + (clock - filled) * a_second), clock
            taken = level >= 1
            level -= taken
            events.append((clock + latency, thread, "taken" if taken else "refused", clock))
            continue
        if what == "taken":
            refused[thread] = 0
            left[thread] -= 1
            pace.speed_up()
        elif what == "refused":
            refused[thread] += 1
            assert refused[thread] <= 2, "a request was refused for the third time"
            pace.slow_down(clock, 2.0 ** (refused[thread] - 1), sent)
        if left[thread]:
            events.append((clock + pace.turn(clock), thread, "turn", 0.0))
    assert clock < 4 * (100 * threads - burst) / a_second


def slowed(times: int) -> Pace:
    pace = Pace()
    for number in range(times):
        pace.slow_down(float(number), 1.0, sent=number - 0.5)
    return pace


def test_the_pace_is_as_it_was_some_time_after_the_last_429() -> None:
    pace = slowed(2)
    waits = [pace.turn(10.0) for _ in range(5)]
    assert waits == [0.0, 2.0, 4.0, 6.0, 8.0]
    for _ in range(100):
        pace.speed_up()
    assert [pace.turn(20.0) for _ in range(5)] == [0.0] * 5


def test_a_minute_without_requests_makes_the_gap_forgotten() -> None:
    pace = slowed(2)
    assert [pace.turn(80.0) for _ in range(5)] == [0.0] * 5


def test_requests_that_were_refused_together_slow_down_as_one() -> None:
    pace = Pace()
    for number in range(6):
        pace.slow_down(1.0 + number / 100, 1.0, sent=0.5)
    assert pace.turn(10.0) == 0
    assert pace.turn(10.0) == 1


def test_no_number_of_429s_makes_the_gap_longer_than_5_s() -> None:
    pace = slowed(50)
    assert pace.turn(60.0) == 0
    assert pace.turn(60.0) == 5


@pytest.mark.parametrize("answer", [OK, failure(404), failure(500)])
def test_after_a_429_the_client_is_soon_as_fast_as_before_whatever_else_is_answered(answer: Reply) -> None:
    with Loopback(failure(429), answer) as server, client_of(server, max_retries=1) as client:
        for _ in range(80):
            with suppress(APIStatusError):
                client.list_looks()
        pace = client._transport._pace
        assert [pace.turn(10**6) for _ in range(5)] == [0.0] * 5
        assert client._transport._pace._gap == 0


def test_a_client_without_retries_waits_for_nothing() -> None:
    with Loopback(failure(429, Retry_After="20"), OK) as server, client_of(server, max_retries=0) as client:
        error_of(client)
        client.list_looks()
        assert client.waits == []  # type: ignore[attr-defined]


def test_the_client_counts_what_it_has_sent_again() -> None:
    with Loopback(failure(503), hang_up, OK, failure(429), OK) as server, client_of(server) as client:
        client.list_looks()
        assert client.retries == 2
        client.list_looks()
        assert client.retries == 3


# Ctrl-C


def interrupt(handler: Handler) -> None:
    """Send half an answer, and Ctrl-C in the middle of it."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(8 * 2**20))
    handler.end_headers()
    # More than the buffers of a socket hold before anybody reads, so that the client is sure to be reading.
    handler.wfile.write(b" " * (7 * 2**20))
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    handler.connection.settimeout(5)
    with suppress(ConnectionError):
        assert handler.connection.recv(1) == b""
    handler.server.left.set()
    handler.close_connection = True


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system cannot interrupt one thread")
def test_ctrl_c_passes_at_once_and_leaves_the_client_usable() -> None:
    with Loopback(interrupt, OK) as server, client_of(server) as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.list_looks()
        # Closed already, though the traceback still holds the response.
        assert server.left.wait(5)
        assert caught.value.__traceback__ is not None
        assert len(server.seen) == 1
        assert client.list_looks()[0].id == "a"
        assert server.connections == 2


@pytest.mark.parametrize("is_token", [False, True])
def test_a_session_of_the_users_adds_no_credential_of_its_own(is_token: bool) -> None:
    session = requests.Session()
    session.headers.update({"Authorization": "Basic something", "X-Api-Key": "another key"})
    with Loopback(OK) as server:
        credential = Credential(Secret(TOKEN), "a test", is_token)
        transport = Transport(credential, base_url=server.url, timeout=(5.0, 5.0), max_retries=0, session=session)
        transport.request("GET", "/v3/avatars")
        headers = server.seen[0].headers
    sent = (headers.get("authorization"), headers.get("x-api-key"))
    assert sent == ((f"Bearer {TOKEN}", None) if is_token else (None, TOKEN))
