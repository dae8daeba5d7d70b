"""A planted API key is in no text, file, log or traceback, and only in requests to the service."""

import copy
import http.client
import inspect
import json
import logging
import pickle
import pprint
import re
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import loopback
import pytest
import requests
from avatar_service import PATIENCE
from IPython.core.ultratb import VerboseTB
from IPython.lib.pretty import pretty
from loopback import KEY, Handler, Loopback, Reply, TlsLoopback, babble, client_of, failure, hang_up, reply

from heygen_widgets import HeyGenClient, HeyGenError, LookCatalogue, LookPicker, client_or_demo
from heygen_widgets.api.validation import is_local
from heygen_widgets.errors import APIConnectionError, MissingAPIKeyError

OK = loopback.page(["a"], has_more=False, next_token=None)
FAR = "https://api.heygen.invalid"


@pytest.fixture(autouse=True)
def _only_the_planted_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY", KEY)


def report_of(error: BaseException) -> str:
    """Return every text of an error: its own, and its tracebacks with local variables in three styles.

    The first frames are of this file. Their variables belong to the user.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    plain = traceback.TracebackException(type(error), error, trace, capture_locals=True)
    verbose = re.sub(r"\x1b\[[\d;]*m", "", VerboseTB().text(type(error), error, trace)) if trace else ""
    frames = [json.dumps(frame.f_locals, default=repr, skipkeys=True) for frame, _ in traceback.walk_tb(trace)]
    return "\n".join([str(error), repr(error), repr(error.args), repr(vars(error)), *plain.format(), verbose, *frames])


def error_of(call: Callable[[], object]) -> BaseException:
    with pytest.raises((Exception, KeyboardInterrupt)) as caught:
        call()
    return caught.value


VIEWS: dict[str, Callable[[object], str]] = {
    "repr": repr,
    "pprint": pprint.pformat,
    "IPython": pretty,
    "JSON": lambda item: json.dumps({"Authorization": [item]}, default=repr),
    "members": lambda item: repr(inspect.getmembers(item)),
    "IPython of the attributes": lambda item: pretty(getattr(item, "__dict__", "")),
    "JSON of the attributes": lambda item: json.dumps(getattr(item, "__dict__", ""), default=repr, skipkeys=True),
}


def parts_of(item: object, seen: set[int]) -> Iterator[object]:
    """Yield an object and the objects of this package and of requests among its attributes."""
    if id(item) in seen or type(item).__module__.partition(".")[0] not in ("heygen_widgets", "requests"):
        return
    seen.add(id(item))
    yield item
    attributes = vars(item) if hasattr(item, "__dict__") else getattr(item, "_asdict", dict)()
    for part in attributes.values():
        yield from parts_of(part, seen)


@pytest.fixture
def parts() -> Iterator[list[object]]:
    """Give a client, its parts, and a catalogue with its parts."""
    with Loopback(OK) as server, HeyGenClient(base_url=server.url) as client:
        assert len(client.list_looks())
        yield [*parts_of(client, set()), *parts_of(LookCatalogue(client, cache=None), set())]


def test_no_part_of_a_client_shows_the_key(parts: list[object]) -> None:
    assert len(parts) > 3
    assert not [(type(part), way) for part in parts for way, view in VIEWS.items() if KEY in view(part)]


def test_a_client_and_all_with_one_refuse_to_be_pickled_and_say_why(parts: list[object]) -> None:
    for refuse in (pickle.dumps, copy.copy, copy.deepcopy, ForkingPickler.dumps):
        with pytest.raises(TypeError, match="HeyGenClient holds a key"):
            refuse(parts[0])
    for part in (*parts, {"client": parts[0]}):
        try:
            pickled = [pickle.dumps(part, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            pickled = [report_of(error).encode()]
        assert not [text for text in pickled if KEY.encode() in text]


def test_a_request_that_a_hook_keeps_shows_no_key_and_is_pickled_without_it() -> None:
    kept: list[requests.PreparedRequest] = []
    session = requests.Session()
    session.hooks["response"].append(lambda response, **_: kept.append(response.request))
    with Loopback(OK) as server, client_of(server, session=session) as client:
        client.list_looks()
        assert server.seen[0].headers["x-api-key"] == KEY
    assert KEY not in f"{kept[0].headers!r} {vars(kept[0])!r} {copy.deepcopy(kept[0].headers)!r}"
    session.hooks["response"].clear()
    assert KEY.encode() not in pickle.dumps(kept[0].headers) + pickle.dumps(session)


@pytest.fixture
def printed(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], str]:
    """Log everything, let http.client print each header, and give what was logged and printed."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    for name in ("", "urllib3", "requests", "heygen_widgets"):
        caplog.set_level(1, logger=name)
    with Loopback(OK) as server:
        requests.get(server.url, headers={"X-Api-Key": KEY}, timeout=5)
    assert KEY in capfd.readouterr().out  # the trap is set

    def texts() -> str:
        assert "urllib3" in caplog.text  # the log was listening
        return "".join([caplog.text, *capfd.readouterr(), repr([record.__dict__ for record in caplog.records])])

    return texts


def test_no_log_and_no_debug_output_of_http_client_has_the_key(
    printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Loopback(OK) as server, client_of(server) as client:
        client.list_looks()
    with TlsLoopback(tmp_path, OK) as server, monkeypatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))
        HeyGenClient(base_url=server.url).list_looks()
        assert server.seen[0].headers["x-api-key"] == KEY
    with Loopback(PROXIES["407"]) as proxy:
        monkeypatch.setenv("https_proxy", proxy_url(proxy))
        error_of(HeyGenClient(base_url=FAR, max_retries=0).list_looks)
    assert KEY not in printed()


# a new line, a space, a NUL, beyond ASCII, a full-width letter, a lone surrogate, a zero-width space
BROKEN_KEYS = [f"planted{sign}key" for sign in ("\n", " ", "\0", "é", "ｋ", "\udc80", "\u200b")]


@pytest.mark.parametrize("origin", ["argument", "environment", "file", "JSON file"])
def test_a_broken_key_is_in_no_traceback(origin: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY")
    for key in BROKEN_KEYS:
        arguments: dict[str, Any] = {"api_key": key} if origin == "argument" else {}
        if origin == "environment":
            if "\0" in key:  # an environment cannot hold it
                continue
            monkeypatch.setenv("HEYGEN_API_KEY", key)
        elif "file" in origin:
            text = json.dumps({"api_key": key}) if origin == "JSON file" else key
            (tmp_path / "credentials").write_text(text, encoding="utf-8", errors="surrogatepass")
        for make in (HeyGenClient, LookPicker) if origin == "argument" else (HeyGenClient,):
            error = error_of(partial(make, **arguments))
            assert isinstance(error, MissingAPIKeyError)
            assert "credentials.py" in report_of(error)  # the frames are there
            assert "planted" not in report_of(error)


WRONG_ARGUMENTS: list[dict[str, Any]] = [
    *({"api_key": 123456}, {"api_key": KEY.encode()}, {"api_key": [KEY]}, {"api_kee": KEY}, {"timeout": -1}),
    *({"max_retries": None}, {"base_url": "http://api.heygen.com"}, {"base_url": 5}),
]


def test_errors_about_arguments_do_not_quote_the_key() -> None:
    for arguments in WRONG_ARGUMENTS:
        error = error_of(partial(HeyGenClient, **{"api_key": KEY, **arguments}))
        assert isinstance(error, (TypeError, ValueError))
        assert KEY not in report_of(error)
        assert "123456" not in report_of(error)
    for extra in ({"apikey": KEY}, {"source": []}, {"height": 1}, {"token": KEY, "tag": "a"}):
        error = error_of(partial(LookPicker, **{"api_key": KEY, **extra}))
        assert KEY not in report_of(error)
    misplaced = [(LookPicker, "source"), (LookPicker, "client"), (LookCatalogue, "client"), (client_or_demo, "looks")]
    for take, name in misplaced:
        error = error_of(partial(take, **{name: KEY}))
        assert isinstance(error, TypeError)
        assert KEY not in report_of(error)


def test_errors_about_a_base_url_do_not_quote_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = ["pass-word@", "pa/ss-word@", "pa?ss-word@", "pa#ss-word@", "pa://ss-word@", "ss-word@%40", "ss-word%40"]
    ends = ["", "/v3", "?k=ss-word", "?mail=me@x.org&k=ss-word", "#ss-word", ":port"]
    values = [f"https://me:{start}x.org{end}" for start in starts for end in ends]
    for value in [*values, "https://me:pass-word@[x.org", "me:pass-word@x.org", "http:me:pass-word@x.org"]:
        monkeypatch.setenv("HEYGEN_API_BASE", value)
        for error in (error_of(partial(HeyGenClient, base_url=value)), error_of(HeyGenClient)):
            assert isinstance(error, ValueError)
            assert "x.org" in str(error)
            assert "ss-word" not in str(error)


def echo_key(handler: Handler) -> None:
    key = handler.headers["X-Api-Key"]
    envelope = {"code": key, "message": f"{'x' * 290} {key}", "param": key, "doc_url": f"https://d/{key}"}
    reply({"error": envelope}, 400, X_Request_Id=key, Content_Type=key)(handler)


def redirect_to_key(handler: Handler) -> None:
    reply(b"", 302, Location=f"https://{handler.headers['X-Api-Key'].lower()}.example.com/")(handler)


def success_with_key(handler: Handler) -> None:
    key = handler.headers["X-Api-Key"]
    reply({"error": key, "more": key}, Content_Type=key)(handler)


@pytest.mark.parametrize(
    "fault",
    [
        *(echo_key, redirect_to_key, success_with_key, hang_up, babble, reply(b"[" * 100_000), reply({"data": 5})),
        *(loopback.cut_short, loopback.stay_silent, loopback.drip(b" "), failure(503), failure(401), failure(429)),
    ],
)
def test_no_error_log_or_traceback_of_a_failed_request_has_the_key(fault: Reply, printed: Callable[[], str]) -> None:
    with Loopback(fault) as server, client_of(server, timeout=(0.2, 0.2)) as client:
        error = error_of(client.list_looks)
    logging.getLogger("of a user").error("It failed", exc_info=error)
    assert isinstance(error, HeyGenError)
    assert "'/v3/avatars/looks'" in report_of(error)  # local variables are shown
    assert type(pickle.loads(pickle.dumps(error))) is type(error)
    texts = report_of(error) + printed() + repr(pickle.dumps(error))
    assert KEY[10:24].lower() not in texts.lower()


def interrupt_at(status: int, handler: Handler) -> None:
    """Press Ctrl-C in the middle of a response, or before one if its status is 0."""
    if status:
        loopback.send_head(handler, 8 * 2**20, status)
        # More than the buffers of a socket hold, so that the client is sure to be reading.
        handler.wfile.write(b" " * (7 * 2**20))
    loopback.interrupt(handler)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system cannot interrupt one thread")
@pytest.mark.parametrize("kind", [KeyboardInterrupt, TimeoutError, ConnectionResetError, ValueError])
@pytest.mark.parametrize("status", [0, 200, 503])
def test_ctrl_c_passes_at_once_without_the_key_and_the_client_stays_usable(
    kind: type[BaseException], status: int
) -> None:
    script = [partial(interrupt_at, status), *[hang_up] * 3, OK]
    with loopback.ctrl_c_raises(kind), Loopback(*script) as server, client_of(server) as client:
        error = error_of(client.list_looks)
        assert server.left.wait(PATIENCE)  # the connection is closed, though the traceback is still alive
        assert len(server.seen) == 1
        try:
            loopback.press_ctrl_c()
        except kind:
            later = error_of(client.list_looks)  # while the one before it is handled
        assert client.list_looks()[0].id == "a"
        assert server.connections == 5
    assert (type(error), str(error), error.__context__) == (kind, "of the user", None)
    assert KEY not in report_of(error)
    assert type(later) is APIConnectionError


class StoppedError(Exception):
    """An error that a signal handler or a watchdog raises at any moment."""


def strike() -> None:
    try:
        raise KeyboardInterrupt
    finally:
        raise StoppedError  # while the one before it is handled


def test_an_exception_at_any_moment_of_a_request_has_no_frame_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(OK) as server:
        client, url = HeyGenClient(base_url=server.url), server.url
        # A function of http.client, which has the bytes of the request. Threads of other tests may still send theirs.
        names = {"__name__": "http.client", "strike": strike, "this": threading.get_ident()}
        names |= {"thread": threading.get_ident, "send": http.client.HTTPConnection.send}
        strikes = eval("lambda self, data: strike() if thread() == this else send(self, data)", names)
        monkeypatch.setattr(http.client.HTTPConnection, "send", strikes)
        unguarded = report_of(error_of(lambda: requests.get(url, headers={"X-Api-Key": KEY}, timeout=5)))
        error = error_of(client.list_looks)
    assert unguarded.count(KEY) > 2  # the trap is set
    assert type(error) is StoppedError
    assert KEY not in report_of(error)


def proxy_url(server: Loopback) -> str:
    return server.url.replace("//", "//someone:pass-word@")


def end_tunnel(handler: Handler) -> None:
    """Open a tunnel, read what is sent through it, and close it."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    assert KEY.encode() not in handler.connection.recv(2**16)
    handler.server.left.set()
    handler.close_connection = True


PROXIES = {
    "407": reply(b"", 407, Proxy_Authenticate="Basic"),
    "502": reply(b"<html>", 502, Content_Type="text/html"),
    "302": reply(b"", 302, Location="http://127.0.0.1:1/"),
    "no HTTP": lambda handler: handler.wfile.write(b"<html>Sign in</html>\r\n\r\n"),
    "a tunnel that ends": end_tunnel,
}


@pytest.mark.parametrize("variable", ["https_proxy", "ALL_PROXY", "the session"])
@pytest.mark.parametrize("kind", PROXIES)
def test_proxies_get_no_key_and_errors_no_password(variable: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = requests.Session() if variable == "the session" else None
    with Loopback(PROXIES[kind]) as proxy:
        if session:
            session.proxies = {"https": proxy_url(proxy)}
        else:
            monkeypatch.setenv(variable, proxy_url(proxy))
        error = error_of(HeyGenClient(base_url=FAR, max_retries=0, session=session).list_looks)
        assert kind != "a tunnel that ends" or proxy.left.wait(10)
    (seen,) = proxy.seen
    assert seen.method == "CONNECT"
    assert seen.headers["proxy-authorization"].startswith("Basic ")  # its own password
    assert "x-api-key" not in seen.headers
    assert KEY not in repr(seen)
    assert isinstance(error, APIConnectionError)
    assert "pass-word" not in str(error)
    assert KEY not in report_of(error)


PASSWORDS = ["pass/word", "pass?word", "pass#word", "pass@word", "pass word", "[pass", "pass%"]


@pytest.mark.parametrize(
    "address",
    [
        *(f"someone:{password}@127.0.0.1:1" for password in PASSWORDS),
        *(f"someone:pass-word@{host}" for host in ("127.0.0.1:1", "[broken", "127.0.0.1:port", "", "/x")),
    ],
)
def test_an_error_about_a_proxy_has_no_part_of_its_password(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://{address}")
    error = error_of(HeyGenClient(base_url=FAR, max_retries=0).list_looks)
    assert isinstance(error, APIConnectionError)
    assert "pass" not in str(error)


ADDRESSES = json.loads((Path(__file__).parent / "addresses.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("origin", ["base_url", "HEYGEN_API_BASE"])
def test_plain_http_reaches_only_this_machine_without_a_proxy(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def client_at(url: str) -> HeyGenClient:
        monkeypatch.setenv("HEYGEN_API_BASE", url)
        return HeyGenClient(base_url=url if origin == "base_url" else None, max_retries=0)

    with Loopback(OK) as server, Loopback(PROXIES["502"]) as proxy:
        for variable in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(variable, proxy.url)
        for number, spelling in enumerate(ADDRESSES["this_machine"], 1):
            assert client_at(spelling.format(port=server.server_address[1])).list_looks()[0].id == "a"
            assert (len(server.seen), proxy.seen) == (number, [])
    local = {"http://127.1.2.3:80": True, "http://[::1]:8000": True, "HTTPS://x.org": False}
    assert {url: is_local(client_at(url).base_url) for url in local} == local
    for value in ADDRESSES["elsewhere"]:
        error = error_of(partial(client_at, value))
        assert type(error) is ValueError, value
        assert origin in str(error)
        # Without a possible password or key.
        assert repr(re.split("[?#]", re.split("@|%40", value)[-1])[0])[1:-1] in str(error)
        assert error.__context__ is None
