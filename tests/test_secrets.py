"""A key planted in the environment shows up nowhere but in the requests that need it."""

from __future__ import annotations

import copy
import http.client
import inspect
import json
import logging
import pickle
import pprint
import re
import socketserver
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import pytest
import requests
from IPython.core.ultratb import VerboseTB
from IPython.lib.pretty import pretty
from loopback import KEY, REFUSED, Loopback, client_of, failure, hang_up, page, reply, stay_silent

from heygen_widgets import HeyGenClient, HeyGenError, LookCatalogue, LookFilter, LookPicker
from heygen_widgets.api.credentials import Credential, Secret
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import (
    APIConnectionError,
    APIResponseError,
    APITimeoutError,
    AuthenticationError,
    MissingAPIKeyError,
    RateLimitError,
)

OK = page(["a"], has_more=False, next_token=None)
FAR = "https://api.heygen.invalid"


@pytest.fixture(autouse=True)
def _only_the_planted_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("HEYGEN_API_BASE", raising=False)
    monkeypatch.setenv("HEYGEN_API_KEY", KEY)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoService]:
    with DemoService(looks=200, api_key=KEY) as running:
        monkeypatch.setenv("HEYGEN_API_BASE", running.base_url)
        yield running


def told_by(error: BaseException) -> str:
    """Give all that can be told of an error: its own texts, and its tracebacks with local variables.

    The frames of this file at the beginning are the user's own, whose variables are theirs to show.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    plain = traceback.TracebackException(type(error), error, trace, capture_locals=True)
    verbose = re.sub(r"\x1b\[[\d;]*m", "", VerboseTB().text(type(error), error, trace)) if trace else ""
    return "\n".join([str(error), repr(error), repr(error.args), repr(vars(error)), *plain.format(), verbose])


def error_of(call: Callable[[], object]) -> BaseException:
    with pytest.raises((Exception, KeyboardInterrupt)) as caught:
        call()
    return caught.value


# Reprs, widgets, logs


def test_the_key_is_in_no_repr_no_widget_state_and_no_log(
    service: DemoService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    picker = LookPicker()
    assert picker.catalogue.wait(timeout=60)
    picker.vue_ask_window({"view": "v", "start": 0, "count": 50})
    picker.vue_choose(picker.catalogue.looks[0].id)
    picker.filter = LookFilter("office")
    texts = [
        repr(picker),
        repr(picker.catalogue),
        repr(picker.catalogue.client),
        repr(picker.value),
        json.dumps(picker.get_state(), default=repr),
        picker.to_frame().to_csv(),
        caplog.text,
    ]
    picker.close()
    assert caplog.text, "nothing was logged, so nothing was tried"
    assert not [text for text in texts if KEY in text]


def test_the_key_is_in_no_error_of_the_picker(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    picker = LookPicker(HeyGenClient(base_url=REFUSED, max_retries=0))
    picker.catalogue.wait(timeout=60)
    picker.selected_id = "not_loaded"
    error = picker.catalogue.progress.error
    picker.close()
    assert error is not None
    assert KEY not in told_by(error) + picker.error + caplog.text + json.dumps(picker.get_state(), default=repr)


VIEWS: dict[str, Callable[[object], str]] = {
    "repr": repr,
    "a %r": lambda item: "%r" % (item,),  # noqa: UP031 - one of the ways
    "pprint": pprint.pformat,
    "pprint of vars": lambda item: pprint.pformat(getattr(item, "__dict__", "")),
    "IPython": pretty,
    "IPython of vars": lambda item: pretty(getattr(item, "__dict__", "")),
    "members": lambda item: repr(inspect.getmembers(item)),
    "state": lambda item: repr(item.__getstate__()) if not isinstance(item, HeyGenClient) else "",
    "a dictionary": lambda item: repr({"Authorization": [item]}),
}


def test_no_part_of_a_client_shows_the_key(service: DemoService) -> None:
    with HeyGenClient() as client:
        assert len(client.list_looks())
        transport = client._transport
        catalogue = LookCatalogue(client, cache=None)
        items = [client, transport, transport.credential, transport.credential.secret, transport._session, catalogue]
        for item in items:
            assert [way for way, view in VIEWS.items() if KEY in view(item)] == []


def test_a_request_that_a_hook_sees_hides_the_key_it_carries() -> None:
    seen: list[requests.PreparedRequest] = []
    session = requests.Session()
    session.hooks["response"].append(lambda response, **_: seen.append(response.request))
    with Loopback(OK) as server, client_of(server, session=session) as client:
        client.list_looks()
        assert server.seen[0].headers["x-api-key"] == KEY
    assert seen[0].headers["X-Api-Key"] == KEY
    assert KEY not in f"{seen[0].headers!r} {vars(seen[0])!r} {seen[0]!r}"


@pytest.mark.parametrize("debug_level", [0, 1])
def test_no_log_at_any_level_and_no_debug_output_of_http_client_has_the_key(
    debug_level: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", debug_level)
    for name in ("", "urllib3", "requests", "heygen_widgets"):
        caplog.set_level(1, logger=name)
    with Loopback(OK) as server:
        requests.get(server.url, headers={"X-Api-Key": KEY}, timeout=5)
    assert (KEY in capfd.readouterr().out) == bool(debug_level)  # the trap is set
    elsewhere = reply(b"", 302, Location="https://elsewhere.example.com/")
    with Loopback(OK, failure(503), hang_up, failure(429), elsewhere, failure(401)) as server:
        with client_of(server, max_retries=0) as client:
            client.list_looks()
            errors = [type(error_of(client.list_looks)) for _ in range(5)]
        assert errors[1:] == [APIConnectionError, RateLimitError, APIResponseError, AuthenticationError]
        for _ in ("with retries", "and again"):
            with client_of(server) as client:
                error_of(client.list_looks)
    with Proxy(b"HTTP/1.1 407 Who are you\r\n\r\n") as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        error_of(HeyGenClient(base_url=FAR, max_retries=0).list_looks)
    assert {record.name.partition(".")[0] for record in caplog.records} >= {"urllib3"}
    out, err = capfd.readouterr()
    assert KEY not in caplog.text + out + err + repr([record.__dict__ for record in caplog.records])


def test_neither_kind_of_connection_prints_what_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    pools = HeyGenClient()._transport._session.get_adapter(FAR).poolmanager  # type: ignore[attr-defined]
    for address in ("http://127.0.0.1", FAR):
        assert pools.connection_from_url(address)._new_conn().debuglevel == 0


# Pickles and copies


def parts_of(client: HeyGenClient) -> dict[str, object]:
    transport = client._transport
    return {
        "client": client,
        "transport": transport,
        "credential": transport.credential,
        "secret": transport.credential.secret,
        "headers": {"X-Api-Key": transport.credential.secret},
        "catalogue": LookCatalogue(client, cache=None),
    }


@pytest.mark.parametrize("part", ["client", "transport", "credential", "secret", "headers", "catalogue"])
def test_what_holds_the_key_refuses_to_be_pickled(part: str, service: DemoService) -> None:
    client = HeyGenClient()
    client.list_looks()
    item = parts_of(client)[part]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        error = error_of(lambda protocol=protocol: pickle.dumps(item, protocol))  # type: ignore[misc]
        assert isinstance(error, (TypeError, pickle.PicklingError))
        assert KEY not in told_by(error)


def test_a_session_is_pickled_without_the_key(service: DemoService) -> None:
    client = HeyGenClient()
    client.list_looks()
    assert KEY.encode() not in pickle.dumps(client._transport._session)


def test_a_secret_and_a_client_say_why_they_are_not_pickled() -> None:
    client = HeyGenClient()
    for refuse in (pickle.dumps, copy.copy, copy.deepcopy, ForkingPickler.dumps):
        with pytest.raises(TypeError, match="HeyGenClient holds a key"):
            refuse(client)
    with pytest.raises(TypeError, match="key of HeyGen's is not pickled"):
        pickle.dumps(Credential(Secret(KEY), "a test"))


def test_a_request_that_a_hook_keeps_can_be_copied_but_not_pickled() -> None:
    kept: list[requests.PreparedRequest] = []
    session = requests.Session()
    session.hooks["response"].append(lambda response, **_: kept.append(response.request))
    with Loopback(OK) as server, client_of(server, session=session) as client:
        client.list_looks()
    twin = copy.deepcopy(kept[0].headers)
    assert twin["X-Api-Key"] == KEY
    assert KEY not in repr(twin)
    assert kept[0].copy().headers["X-Api-Key"] == KEY
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(kept[0].headers)


def test_records_pages_errors_and_tables_are_pickled_without_the_key(service: DemoService) -> None:
    with HeyGenClient() as client:
        looks = client.list_looks()
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        items: list[object] = [looks, looks[0], *catalogue.groups, catalogue.progress, catalogue.to_frame()]
        items.append(error_of(HeyGenClient(base_url=REFUSED, max_retries=0).list_looks))
    for fault in (failure(401), failure(429), failure(404), hang_up, reply(b"[")):
        with Loopback(fault) as server, client_of(server, max_retries=0) as other:
            items.append(error_of(other.list_looks))
    for item in items:
        pickled = pickle.dumps(item)
        assert KEY.encode() not in pickled
        assert type(pickle.loads(pickled)) is type(item)


# Errors and their tracebacks

# a new line, a space, a NUL, beyond ASCII, a full-width letter, a lone surrogate, a zero-width space
BROKEN_KEYS = [f"planted{sign}key" for sign in ("\n", " ", "\0", "é", "ｋ", "\udc80", "\u200b")]


@pytest.mark.parametrize("origin", ["argument", "environment", "file", "JSON file"])
def test_a_broken_key_is_quoted_by_no_traceback(origin: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY")
    for key in BROKEN_KEYS:
        arguments: dict[str, Any] = {"api_key": key} if origin == "argument" else {}
        if origin == "environment":
            if "\0" in key:  # which it cannot hold
                continue
            monkeypatch.setenv("HEYGEN_API_KEY", key)
        elif "file" in origin:
            text = json.dumps({"api_key": key}) if origin == "JSON file" else key
            (tmp_path / "credentials").write_text(text, encoding="utf-8", errors="surrogatepass")
        error = error_of(lambda arguments=arguments: HeyGenClient(**arguments))  # type: ignore[misc]
        told = told_by(error)
        assert isinstance(error, MissingAPIKeyError)
        assert "credentials.py" in told  # the frames are there
        assert "planted" not in told


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_key": 123456},
        {"api_key": KEY.encode()},
        {"api_key": [KEY]},
        {"api_kee": KEY},
        {"api_key": KEY, "timeout": -1},
        {"api_key": KEY, "max_retries": None},
        {"api_key": KEY, "base_url": "http://api.heygen.com"},
        {"api_key": KEY, "base_url": 5},
    ],
    ids=lambda value: "_".join(map(str, value)),
)
def test_wrong_arguments_are_told_without_the_key(arguments: dict[str, Any]) -> None:
    error = error_of(lambda: HeyGenClient(**arguments))
    told = told_by(error)
    assert isinstance(error, (TypeError, ValueError))
    assert KEY not in told
    assert "123456" not in told


def test_a_base_url_with_a_password_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begins = ["pass-word@", "pa/ss-word@", "pa?ss-word@", "pa#ss-word@", "pa://ss-word@", "ss-word@%40", "ss-word%40"]
    ends = ["", "/v3", "?k=ss-word", "?mail=me@x.org&k=ss-word", "#ss-word", ":port"]
    values = [f"https://me:{begin}x.org{end}" for begin in begins for end in ends]
    for value in [*values, "https://me:pass-word@[x.org", "me:pass-word@x.org", "http:me:pass-word@x.org"]:
        monkeypatch.setenv("HEYGEN_API_BASE", value)
        for error in (error_of(lambda value=value: HeyGenClient(base_url=value)), error_of(HeyGenClient)):  # type: ignore[misc]
            assert isinstance(error, ValueError)
            assert "x.org" in str(error)
            assert "ss-word" not in str(error)


def refused(_: Loopback) -> HeyGenClient:
    return HeyGenClient(base_url=REFUSED, max_retries=0)


def silent(server: Loopback) -> HeyGenClient:
    return HeyGenClient(base_url=server.url, timeout=(1, 0.1))


def not_tls(server: Loopback) -> HeyGenClient:
    return HeyGenClient(base_url=server.url.replace("http:", "https:"), max_retries=0)


def another_account(server: Loopback) -> HeyGenClient:
    server.script = [failure(401)]
    return HeyGenClient(base_url=server.url)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (refused, APIConnectionError),
        (silent, APITimeoutError),
        (not_tls, APIConnectionError),
        (another_account, AuthenticationError),
    ],
)
def test_no_traceback_of_a_failed_request_has_the_key(
    make: Callable[[Loopback], HeyGenClient], kind: type[HeyGenError], caplog: pytest.LogCaptureFixture
) -> None:
    with Loopback(stay_silent) as server:
        error = error_of(make(server).list_looks)
    logging.getLogger("a user's").error("It failed", exc_info=error)
    told = told_by(error)
    assert type(error) is kind
    assert "'/v3/avatars/looks'" in told  # local variables are shown
    assert KEY not in told + caplog.text


class StoppedError(Exception):
    """What a handler of signals, or a watchdog, may raise at any moment."""


def stop() -> None:
    raise StoppedError


def interrupt() -> None:
    raise KeyboardInterrupt


def stop_while_another_is_handled() -> None:
    try:
        interrupt()
    except KeyboardInterrupt:
        raise StoppedError  # noqa: B904 - so that it hangs on the first


def sending(strike: Callable[[], None]) -> Callable[..., None]:
    """Give a function of http.client's that has the bytes of a request when something strikes."""
    send: Callable[..., None] = eval("lambda self, data: strike()", {"__name__": "http.client", "strike": strike})
    return send


@pytest.mark.parametrize("strike", [stop, interrupt, stop_while_another_is_handled])
def test_whatever_strikes_while_a_request_is_sent_passes_without_the_key(
    strike: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(OK) as server:
        client = HeyGenClient(base_url=server.url)
        monkeypatch.setattr(http.client.HTTPConnection, "send", sending(strike))
        url = server.url
        unguarded = told_by(error_of(lambda: requests.get(url, headers={"X-Api-Key": KEY}, timeout=5)))
        error = error_of(client.list_looks)
    told = told_by(error)
    assert unguarded.count(KEY) > 2  # the trap is set
    assert isinstance(error, (StoppedError, KeyboardInterrupt))
    assert f"in {strike.__name__}\n" in told  # where it struck is told
    assert KEY not in told


@pytest.mark.parametrize("strike", [stop, stop_while_another_is_handled])
def test_what_strikes_leaves_the_frames_of_the_user_alone(
    strike: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse() -> None:
        text = "what the user looks at"
        raise ValueError(text[:4])

    def program(client: HeyGenClient) -> None:
        mine = "another thing of theirs"
        try:
            parse()
        except ValueError:
            client.list_looks()
        assert mine

    with Loopback(OK) as server:
        client = HeyGenClient(base_url=server.url)
        monkeypatch.setattr(http.client.HTTPConnection, "send", sending(strike))
        error = error_of(lambda: program(client))
    told = told_by(error)
    assert "what the user looks at" in told
    assert "another thing of theirs" in told
    assert KEY not in told


def test_errors_that_hang_on_each_other_in_a_circle_keep_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def strike() -> None:
        error, other = StoppedError(), StoppedError()
        error.__context__, other.__context__ = other, error
        raise error

    with Loopback(OK) as server:
        client = HeyGenClient(base_url=server.url)
        monkeypatch.setattr(http.client.HTTPConnection, "send", sending(strike))
        assert isinstance(error_of(client.list_looks), StoppedError)


def test_what_a_hook_or_an_adapter_of_the_users_raises_passes_without_the_key() -> None:
    class Broken(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
            raise RuntimeError(f"adapter {vars(request)}")

    def complain(response: requests.Response, **_: object) -> None:
        raise RuntimeError(f"hook {response.request.headers}")

    with_adapter, with_hook = requests.Session(), requests.Session()
    with_adapter.mount("http://", Broken())
    with_hook.hooks["response"].append(complain)
    for session in (with_adapter, with_hook):
        with Loopback(OK) as server, client_of(server, session=session) as client:
            error = error_of(client.list_looks)
        told = told_by(error)
        assert isinstance(error, RuntimeError)
        assert "X-Api-Key" in told
        assert KEY not in told


# Proxies


class Proxy(socketserver.ThreadingTCPServer):
    """Notes what it is sent, and gives one answer to all."""

    daemon_threads = True

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        self.answer = answer
        self.heads: list[bytes] = []
        self.rest = b""
        self.told = threading.Event()

    @property
    def url(self) -> str:
        return f"http://someone:pass-word@127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.shutdown()
        self.server_close()


class _ProxyHandler(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        head = b""
        while (line := self.rfile.readline()).strip():
            head += line
        self.server.heads.append(head)
        self.wfile.write(self.server.answer)
        if b" 200 " in self.server.answer:
            self.server.rest = self.request.recv(2**16)
            self.server.told.set()


ANSWERS = {
    "407": b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    "502": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
    "302": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "no HTTP": b"<html>Sign in</html>\r\n\r\n",
    "a tunnel that ends": b"HTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        *(("https_proxy", kind) for kind in ANSWERS),
        *((variable, "502") for variable in ("HTTPS_PROXY", "all_proxy", "ALL_PROXY", "a session's own")),
    ],
)
def test_a_proxy_is_asked_for_a_tunnel_and_sees_no_key(
    variable: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ANSWERS[kind]
    with Proxy(answer) as proxy:
        session = None
        if variable == "a session's own":
            session = requests.Session()
            session.proxies = {"https": proxy.url}
        else:
            monkeypatch.setenv(variable, proxy.url)
        error = error_of(HeyGenClient(base_url=FAR, max_retries=0, session=session).list_looks)
        assert b" 200 " not in answer or proxy.told.wait(10)
    (head,) = proxy.heads
    assert head.startswith(b"CONNECT api.heygen.invalid:443 ")
    assert b"Proxy-Authorization: Basic " in head  # its own password is what it is told
    assert b"x-api-key" not in head.lower()
    assert KEY.encode() not in head + proxy.rest
    assert isinstance(error, APIConnectionError)
    assert "pass-word" not in str(error)
    assert KEY not in told_by(error)


def test_a_host_that_no_proxy_names_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(OK) as server, Proxy(ANSWERS["502"]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        # An address of this machine that is none of loopback's, and no TLS there: how it fails does not matter.
        client = HeyGenClient(base_url=server.url.replace("http://127.0.0.1", "https://0.0.0.0"), max_retries=0)
        error_of(client.list_looks)
        assert len(proxy.heads) == 1
        monkeypatch.setenv("no_proxy", "example.com,0.0.0.0")
        assert isinstance(error_of(client.list_looks), APIConnectionError)
        assert len(proxy.heads) == 1


@pytest.mark.parametrize(
    "password", ["pass/word", "pass?word", "pass#word", "pass@word", "pass word", "[pass", "pass%"]
)
def test_no_part_of_a_proxys_password_shows_where_its_address_cannot_be_read(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://someone:{password}@127.0.0.1:1")
    error = error_of(HeyGenClient(base_url=FAR, max_retries=0).list_looks)
    assert isinstance(error, APIConnectionError)
    assert "pass" not in str(error)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_of_certificates_that_is_not_there_is_an_error_of_ours(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "none.pem"))
    error = error_of(HeyGenClient(base_url=FAR, max_retries=0).list_looks)
    assert isinstance(error, APIConnectionError)
    assert "none.pem" in str(error)
    assert KEY not in told_by(error)


# Plain http is for this machine alone

THIS_MACHINE = [
    "http://localhost:{port}",
    "http://LocalHost:{port}",
    "HTTP://127.0.0.1:{port}",
    " http://127.0.0.1:{port}/ ",
    "http://127.0.0.1:{port}/..//evil.example",
]


@pytest.mark.parametrize("origin", ["base_url", "HEYGEN_API_BASE"])
def test_plain_http_that_is_accepted_reaches_this_machine_and_no_proxy(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loopback(OK) as server, Proxy(ANSWERS["502"]) as proxy:
        for variable in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(variable, proxy.url)
        for number, spelling in enumerate(THIS_MACHINE, 1):
            value = spelling.format(port=server.server_address[1])
            monkeypatch.setenv("HEYGEN_API_BASE", value)
            client = HeyGenClient(base_url=value if origin == "base_url" else None, max_retries=0)
            assert client.list_looks()[0].id == "a"
            assert (len(server.seen), proxy.heads) == (number, [])


ELSEWHERE = [
    "http://localhost.",
    "http://localhost.evil.example",
    "http://localhost@evil.example",
    "http://localhost:80@evil.example",
    "http://localhost;@evil.example",
    "http://evil.example\\@localhost",
    "http://localhost\\@evil.example",
    "http://evil.example#@localhost",
    "http://evil.example?@localhost",
    "http://localhost%2eevil.example",
    "http://localhost%00.evil.example",
    "http://127.1",
    "http://2130706433",
    "http://0x7f.1",
    "http://0177.0.0.1",
    "http://0.0.0.0",
    "http://127.0.0.1.nip.io",
    "http://127.0.0.1%2eevil.example",
    "http://127。0。0。1",
    "http://１２７.0.0.1",
    "http://ⓛocalhost",
    "http://ｌｏｃａｌｈｏｓｔ",
    "http://locaLhoſt",
    "http://[::1%25eth0]",
    "http://[::1%eth0]",
    "http://[::1].evil.example",
    "http://[::1]evil.example",
    "http://[::1]@evil.example",
    "http://[v1.1]",
    "http:///localhost",
    "http:localhost",
    "http:\\\\localhost",
    "//localhost",
    "https://[::1].evil.example",
    "https://api.heygen.com%2f.evil.example",
    "https://api.heygen.com\\.evil.example",
    "https://evil.example\\.heygen.com",
    "https://api.heygen.com%40evil.example",
    "https://ＡＰＩ.heygen.com",
    "https://.heygen.com",
]


@pytest.mark.parametrize("origin", ["base_url", "HEYGEN_API_BASE"])
def test_an_address_that_others_may_read_otherwise_is_refused_by_its_value(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ELSEWHERE:
        monkeypatch.setenv("HEYGEN_API_BASE", value)
        error = error_of(lambda value=value: HeyGenClient(base_url=value if origin == "base_url" else None))  # type: ignore[misc]
        assert type(error) is ValueError, value
        assert origin in str(error)
        shown = re.split("@|%40", value)[-1]
        assert repr(shown)[1:-1] in str(error)
        assert error.__context__ is None
