"""Requests to a real server on loopback that misbehaves in every way we know of."""

import gzip
import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

import loopback
import pytest
import requests
from avatar_service import PATIENCE
from hypothesis import example, given, strategies as st
from loopback import KEY, REFUSED, Handler, Loopback, Reply, TlsLoopback, client_of, drip, failure, hang_up, look, reply

from heygen_widgets import HeyGenError, errors
from heygen_widgets.api import HeyGenClient
from heygen_widgets.api.credentials import Credential, Secret
from heygen_widgets.api.responses import retry_after
from heygen_widgets.api.transport import Transport

E = TypeVar("E", bound=HeyGenError)

OK = loopback.page(["a"], has_more=False, next_token=None)
TOKEN = "oauth-token-0123456789"


def transport_of(server: Loopback, is_token: bool = False, **credential: Any) -> Transport:
    found = Credential(Secret(TOKEN), "a test", is_token, **credential)
    transport = Transport(found, base_url=server.url, timeout=(5.0, 5.0), max_retries=2, session=None)
    loopback.hurry(transport)
    return transport


# mypy refuses a default for a type variable.
def error_of(client: HeyGenClient, kind: type[E] = HeyGenError, text: str = "") -> E:  # type: ignore[assignment]
    with pytest.raises(kind, match=re.escape(text) if text else None) as caught:
        client.list_looks()
    first, *_, last = str(caught.value).split("\n")  # the cause and the way out, and the request
    assert re.match(r"(?!GET)[A-Z0-9'].*\.$", first), first
    assert re.match(r"GET /v3/avatars/looks(: .*)?$", last), last
    return caught.value


@pytest.mark.parametrize("is_token", [False, True])
def test_a_key_goes_into_its_own_header_and_neither_netrc_nor_a_given_session_adds_a_credential(
    is_token: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    given = requests.Session()
    given.headers.update({"Authorization": "Basic something", "X-Api-Key": "another key"})
    credential = Credential(Secret(TOKEN), "a test", is_token)
    with Loopback(OK) as server:
        requests.get(server.url, timeout=5)
        assert server.seen.pop().headers["authorization"].startswith("Basic")  # the trap is set
        for session in (None, given):
            transport = Transport(credential, base_url=server.url, timeout=(5.0, 5.0), max_retries=0, session=session)
            transport.request("GET", "/v3/avatars")
    expected = (f"Bearer {TOKEN}", None) if is_token else (None, TOKEN)
    sent = [(seen.headers.get("authorization"), seen.headers.get("x-api-key")) for seen in server.seen]
    assert sent == [expected] * 2
    names = ("user-agent", "accept", "accept-encoding")
    assert [server.seen[0].headers[name] for name in names] == ["heygen-widgets", "application/json", "gzip"]


def test_an_expired_login_is_read_again(tmp_path: Path) -> None:
    def log_in(token: str) -> None:
        (tmp_path / "credentials").write_text(json.dumps({"oauth": {"access_token": token}, "user": {"id": "ada"}}))

    log_in("first")
    with Loopback(OK) as server, HeyGenClient(base_url=server.url) as client:
        log_in("second")
        transport = transport_of(server, is_token=True, expires_at=datetime.now(UTC), user=client.account)
        transport.request("GET", "/v3/avatars")
        assert server.seen[0].headers["authorization"] == "Bearer second"


def test_a_given_session_is_neither_changed_nor_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    session = requests.Session()
    session.headers.update({"X-Mine": "1", "Authorization": "Basic something"})
    session.auth = ("someone", "something")
    calls: list[object] = []
    session.hooks["response"].append(lambda response, **_: calls.append(response.status_code))
    monkeypatch.setattr(session, "close", lambda: calls.append("closed"))
    before = (dict(session.headers), session.auth, session.trust_env, dict(session.adapters))
    with Loopback(OK) as server:
        with client_of(server, session=session) as client:
            client.list_looks()
        headers = server.seen[0].headers
    assert (dict(session.headers), session.auth, session.trust_env, dict(session.adapters)) == before
    assert calls == [200]
    assert (headers["x-mine"], headers["x-api-key"], headers.get("authorization")) == ("1", KEY, None)


def test_a_connection_is_used_again_without_cookies_and_a_closed_client_opens_a_new_one() -> None:
    packed = gzip.compress(json.dumps({"data": [look("a")]}).encode())
    chunks = loopback.chunked(b'{"data"', b": []}", b"")
    with Loopback(OK, reply(packed, Content_Encoding="gzip", Set_Cookie="a=b; Path=/"), chunks, OK) as server:
        with client_of(server) as client:
            assert [len(client.list_looks()) for _ in range(5)] == [1, 1, 0, 1, 1]
        assert server.connections == 1
        assert len(client.list_looks()) == 1
        assert server.connections == 2
        assert not any("cookie" in seen.headers for seen in server.seen)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("session", [None, requests.Session()], ids=["own", "given"])
def test_a_forked_child_shares_no_connection_and_no_lock(session: requests.Session | None) -> None:
    with Loopback(OK, failure(503), OK) as server, client_of(server, session=session) as client:
        client.list_looks()
        client._transport._counting.acquire()  # as if by another thread
        child = os.fork()
        if not child:
            signal.alarm(int(PATIENCE))
            with suppress(BaseException):
                os._exit(0 if client.list_looks()[0].id == "a" else 1)
            os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        client._transport._counting.release()
        client.list_looks()
        assert (len(server.seen), server.connections) == (4, 2)


def echo(handler: Handler) -> None:
    reply({"data": look(handler.path.rpartition("/")[2])})(handler)


@pytest.mark.parametrize("status", [100, 102, 103])
def test_interim_responses_are_skipped_and_threads_share_a_client(status: int) -> None:
    with Loopback(loopback.interim(echo, status)) as server, client_of(server) as client:
        assert [client.get_look(name).id for name in "abc"] == ["a", "b", "c"]
        assert server.connections == 1
        ids = [f"look_{n}" for n in range(100)]
        with ThreadPoolExecutor(12) as pool:
            assert [found.id for found in pool.map(client.get_look, ids)] == ids


@pytest.mark.parametrize("fault", [reply(b"<html>"), reply({"no": "data"}), reply(b"", 101), reply(b"", 302)])
def test_a_connection_whose_response_made_no_sense_is_not_used_again(fault: Reply) -> None:
    with Loopback(fault, OK) as server, client_of(server) as client:
        error_of(client, errors.APIResponseError)
        client.list_looks()
        assert server.connections == 2


def test_only_the_authority_of_the_session_is_trusted_and_before_that_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = requests.Session()
    with TlsLoopback(tmp_path, OK) as server, client_of(server, session=session) as client:
        error = error_of(client)
        assert type(error) is errors.APIConnectionError
        for part in ("certificate of 127.0.0.1:", "self-signed", "session.verify", "REQUESTS_CA_BUNDLE"):
            assert part in str(error)
        with pytest.raises(errors.APIConnectionError) as caught:
            client.create_video("look_1", "Hello")
        assert (caught.value.is_uncertain, server.seen) == (False, [])
        for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            with monkeypatch.context() as patch:
                patch.setenv(variable, str(server.authority))
                error_of(client, text="SSL_CERT_FILE is not read")
        assert client.retries == 0
        session.verify = str(server.authority)
        assert client.list_looks()[0].id == "a"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_other_server_sees_nothing(status: int) -> None:
    with Loopback(OK) as other, Loopback(reply(b"", status, Location=f"{other.url}/x?secret=1")) as server:
        with client_of(server) as client:
            error = error_of(client, errors.APIResponseError, "The request was redirected")
        assert "secret" not in str(error)
        assert other.seen == []
        assert len(server.seen) == 1
    for nowhere in ({}, {"Location": "/elsewhere"}, {"Location": "https://[broken"}, {"Location": ""}):
        with Loopback(reply(b"", status, **nowhere)) as server, client_of(server) as client:
            error_of(client, errors.APIResponseError)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 409, 413, 501])
def test_any_other_status_is_final(status: int) -> None:
    with Loopback(failure(status)) as server, client_of(server) as client:
        assert error_of(client, errors.APIStatusError).status_code == status
        assert (len(server.seen), client.retries) == (1, 0)


@pytest.mark.parametrize(
    "fault", [failure(429), reply(b"", 409), failure(500), failure(503), hang_up, loopback.cut_short]
)
def test_a_post_without_an_idempotency_key_is_not_repeated_once_it_was_sent(fault: Reply) -> None:
    with Loopback(fault, OK) as server:
        with pytest.raises(HeyGenError) as caught:
            transport_of(server).request("POST", "/v3/video-agents", body={"prompt": "An ad"})
        assert [json.loads(seen.body) for seen in server.seen] == [{"prompt": "An ad"}]
    assert caught.value.is_uncertain is (getattr(caught.value, "status_code", 500) >= 500)


@pytest.mark.parametrize(
    ("fault", "retries"),
    [(reply(b"", 407), 2), (reply(b"", 503), 2), (hang_up, 2), (loopback.stay_silent, 0), (None, 2)],
)
def test_a_post_that_was_not_sent_is_repeated_and_a_proxy_that_opens_no_tunnel_is_sent_none(
    fault: Reply | None, retries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(fault or OK) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url if fault else REFUSED)
        for base_url, expected in (("https://api.heygen.invalid", retries), (REFUSED, 2)):
            transport = transport_of(proxy)
            transport.base_url, transport._timeout = base_url, (0.2, 0.2)
            with pytest.raises(errors.APIConnectionError) as caught:
                transport.request("POST", "/v3/video-agents")
            assert (transport.retries, caught.value.is_uncertain) == (expected, False)
        assert len(proxy.seen) == (retries + 1 if fault else 0)


@pytest.mark.parametrize("max_retries", [0, 1, 4])
def test_the_last_error_is_raised_after_max_retries(max_retries: int) -> None:
    with Loopback(failure(503, "first"), failure(429, "later", Retry_After="45")) as server:
        with client_of(server, max_retries=max_retries) as client:
            error = error_of(client, errors.APIStatusError)
        assert len(server.seen) == max_retries + 1
    assert error.code == ("later" if max_retries else "first")
    assert not max_retries or (isinstance(error, errors.RateLimitError) and error.retry_after == 45)


def test_waits_start_at_1_s_and_double_with_jitter_up_to_30_s() -> None:
    with Loopback(failure(503)) as server, client_of(server, max_retries=8) as client:
        error_of(client)
        waits = client.waits  # type: ignore[attr-defined]
    assert len(waits) == 8
    for attempt, wait in enumerate(waits):
        assert min(0.75 * 2**attempt, 24) <= wait <= min(1.25 * 2**attempt, 30)
    assert [wait / 2**attempt for attempt, wait in enumerate(waits[:4])] != [1, 1, 1, 1]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0.75, 1.25),
        ("3600", 30, 30),
        ("soon", 0.75, 1.25),
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(hours=12), usegmt=True), 30, 30, id="later"),
        pytest.param(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True), 0.75, 1.25, id="past"),
    ],
)
def test_a_wait_is_the_longer_of_back_off_and_retry_after(status: int, header: str, least: float, most: float) -> None:
    with Loopback(failure(status, Retry_After=header), OK) as server, client_of(server) as client:
        client.list_looks()
        (wait,) = client.waits  # type: ignore[attr-defined]
    assert least <= wait <= most


@given(st.text() | st.none())
@example("Mon, 32 Foo 2026 99:99:99 GMT")
@example("Thu, 01 Jan 99999 00:00:00 GMT")
def test_any_retry_after_is_a_sensible_number_or_none(header: str | None) -> None:
    seconds = retry_after(header)
    assert seconds is None or 0 <= seconds <= 86_400
    assert [retry_after(invalid) for invalid in (",", "nan", "inf", "-1")] == [None] * 4


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        (loopback.stay_silent, errors.APITimeoutError, "longer timeout"),
        (drip(b" "), errors.APITimeoutError, "longer timeout"),
        (drip(b" ", status=404), errors.NotFoundError, "404"),
        (reply(b"x", 404, Content_Encoding="gzip"), errors.NotFoundError, "404"),
        (drip(b" ", status=302, Location="https://elsewhere.org/"), errors.APIResponseError, "redirected"),
    ],
)
def test_a_time_out_is_not_retried_and_hides_no_error_status(fault: Reply, kind: type[HeyGenError], text: str) -> None:
    with Loopback(fault) as server, client_of(server, timeout=(0.1, 0.1)) as client:
        error_of(client, kind, text)
        assert client.retries == 0


EMPTY_PAGE = b'{"data": []}'
GZIP, NO_DATA = {"Content_Encoding": "gzip"}, "no JSON object with data"
BAD_BODIES: dict[str, tuple[bytes, dict[str, str], str]] = {
    "empty": (b"", {}, NO_DATA),
    "html": (b"<html>Sign in</html>", {"Content_Type": "text/html"}, "a proxy or a sign-in page"),
    "nested too deeply": (b'{"data": ' * 100_000, {}, NO_DATA),
    "a number too long": (b'{"data": ' + b"9" * 5000 + b"}", {}, NO_DATA),
    "NaN": (b'{"data": [], "x": NaN}', {}, NO_DATA),
    "not UTF-8": (b'{"data": [], "x": "\xff"}', {}, NO_DATA),
    "a list": (b"[]", {}, NO_DATA),
    "an error beside no records": (b'{"data": [], "error": "Something is off"}', {}, "Something is off"),
    "a code beside no records": (b'{"code": 400112, "message": "Something is off", "data": []}', {}, "400112, Somethi"),
    "an error and a message": (b'{"error": "bad", "message": "Something is off"}', {}, "Something is off"),
    "an error beside records": (b'{"data": [{}], "error": {"message": "Something is off"}}', {}, "Something is off"),
    "no success": (b'{"success": false, "message": "Something is off", "data": []}', {}, "Something is off"),
    "errors beside no records": (b'{"errors": ["x"], "data": []}', {}, "is an error"),
    "a detail beside no records": (b'{"detail": "Something is off", "data": []}', {}, "Something is off"),
    "data is null": (b'{"data": null}', {}, NO_DATA),
    "data is an object": (b'{"data": {}}', {}, "no list but dict"),
    "a record is no object": (b'{"data": [5]}', {}, "no JSON object"),
    "gzip cut short": (gzip.compress(EMPTY_PAGE)[:-15], GZIP, NO_DATA),
    "no gzip": (EMPTY_PAGE, GZIP, "cannot be unpacked"),
    "another encoding": (EMPTY_PAGE[::-1], {"Content_Encoding": "unknown"}, NO_DATA),
    "a gzip bomb": (gzip.compress(EMPTY_PAGE + b" " * (17 * 2**20)), GZIP, "more than"),
    "too long": (EMPTY_PAGE + b" " * (16 * 2**20), {}, "more than"),
}


@pytest.mark.parametrize(("body", "headers", "problem"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_an_invalid_body_is_an_error_that_is_not_retried(body: bytes, headers: dict[str, str], problem: str) -> None:
    with Loopback(reply(body, **headers)) as server, client_of(server) as client:
        assert len(str(error_of(client, errors.APIResponseError, problem))) < 500
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ({"data": [], "message": "Success"}, 0),
        ({"data": [], "code": 100, "message": "Success", "error": None}, 0),
        ({"data": [look("a")], "code": 400112, "error": "Something is off"}, 1),
    ],
)
def test_an_empty_page_with_a_message_and_looks_beside_an_error_are_no_error(content: object, count: int) -> None:
    with Loopback(reply(content)) as server, client_of(server) as client:
        assert len(client.list_looks()) == count


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (loopback.babble, ""),
        (loopback.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"), ""),
        (lambda handler: handler.wfile.write(b"HTTP/1.1 103 Wait\r\n\r\n" * 101), "too many interim responses"),
    ],
)
def test_a_response_that_is_no_http_is_a_connection_error(fault: Reply, text: str) -> None:
    with Loopback(fault) as server, client_of(server, max_retries=0) as client:
        error_of(client, errors.APIConnectionError, text)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ({}, "There is no secure connection to 127.0.0.1:"),  # plain http answers there
        ({"verify": "/no/such.pem"}, "invalid path: /no/such.pem"),
        ({"verify": __file__}, "certificate"),
        ({"cert": __file__}, "PEM lib"),
        ({"proxies": None}, "There is no secure connection to a proxy"),
    ],
)
def test_tls_that_cannot_start_names_its_settings(setting: dict[str, Any], problem: str, tmp_path: Path) -> None:
    session = requests.Session()
    with Loopback(OK) as http, TlsLoopback(tmp_path, OK) as tls:
        wrong = http.url.replace("http:", "https:")
        for name, value in setting.items():
            setattr(session, name, value or {"https": wrong})
        url = tls.url if any(setting.values()) else wrong
        with HeyGenClient(
            KEY, base_url="https://api.invalid" if "proxies" in setting else url, session=session
        ) as client:
            text = str(error_of(client, errors.APIConnectionError, problem))
            assert client.retries == 0
    assert "There is no secure connection" in text
    assert not re.search(r"\[SSL|_ssl\.c", text)
    assert "http://, and the files in REQUESTS_CA_BUNDLE, session.verify and session.cert" in text


def test_a_refused_connection_is_a_connection_error_with_its_reason() -> None:
    with HeyGenClient(KEY, base_url=REFUSED, max_retries=0) as client:
        error = error_of(client)
    assert type(error) is errors.APIConnectionError
    assert re.search(
        r"^The connection to .*\n.*Failed to establish a new connection: \[Errno \d+\] Connection refused\n", str(error)
    )


def test_the_fields_of_an_error_are_kept_and_its_message_is_clipped_and_put_on_one_line() -> None:
    message = "Bad cursor a\n\x1b[31mb\0 " + "x" * 5000
    fields = {"code": "invalid_parameter", "message": message, "param": "token", "doc_url": "https://d"}
    with Loopback(reply({"error": fields}, 400, X_Request_Id="req_7")) as server, client_of(server) as client:
        error = error_of(client, errors.APIStatusError)
    assert (error.code, error.param, error.doc_url) == ("invalid_parameter", "token", "https://d")
    assert error.request_id == "req_7"
    assert "Bad cursor a [31mb xxx" in str(error)
    assert all(line.isprintable() for line in str(error).split("\n"))
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "forbidden"}}, "forbidden", ""),
        ({"error": {"code": "error", "message": "Words"}}, None, "Words"),
        ({"error": "Just words"}, None, "Just words"),
        *(({"message": "Of a gateway", **more}, None, "Of a gateway") for more in ({}, {"error": {}})),
        ({"error": None, "code": 400112, "message": "Words"}, "400112", "Words"),
        ({"error": {"code": [5], "message": ["x"]}}, None, "may come from a proxy"),
        *((body, None, "may come from a proxy") for body in ({"error": None}, b"<html>Forbidden", b"[" * 100_000, [1])),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_an_error_is_read_from_any_body(body: object, code: str | None, message: str) -> None:
    with Loopback(reply(body, 403)) as server, client_of(server) as client:
        error = error_of(client, errors.APIStatusError, message)
    assert (error.status_code, error.code) == (403, code)
