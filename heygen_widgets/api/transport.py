"""One way to the service: sign a request, send it, repeat it where that is safe, and parse the response."""

import http.client
import json
import os
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from ..errors import APIConnectionError, APIResponseError, APITimeoutError, HeyGenError
from . import responses
from .credentials import Credential, digest
from .validation import checked_integer, checked_timeout, is_local

T = TypeVar("T")
_Fields: TypeAlias = Mapping[str, Any] | None
_Body: TypeAlias = _Fields | tuple[bytes, str]

USER_AGENT = "heygen-widgets"
_POST_READ = 120.0  # s: creating a video takes up to half a minute
_LONGEST_WAIT = 30.0  # s
_LONGEST_IN_PROGRESS = 120.0  # s
_RETRIED_STATUSES = (429, 500, 502, 503, 504)
_MOST_INTERIM_RESPONSES = 100
_CONNECTION = re.compile(r"^\w+\(host=[^()]*\): ")  # the start of urllib3's messages
_BROKEN = (requests.ConnectionError, urllib3.exceptions.ProtocolError)
_UNREADABLE = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationParseError)


class _Call(NamedTuple):
    """A request before it is signed."""

    method: str
    path: str
    params: _Fields
    content: tuple[bytes, str] | None  # with its type
    idempotency_key: str | None
    is_repeatable: bool  # sending it twice does no more than sending it once
    credential: Credential
    timeout: tuple[float, float]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class _Failure(NamedTuple):
    """Why an attempt failed, and what that means for the next one."""

    error: HeyGenError
    retry: bool = False  # another attempt is safe and may help
    uncertain: bool = True  # the service may have done what a POST asks for
    asked: float = 0.0  # the wait that the service asks for, in s
    in_progress: bool = False  # the service is still working on the same request


class Transport:
    """Requests with retries, time-outs and size limits, to a `base_url` that was checked. Threads may share one."""

    def __init__(
        self, credential: Credential, base_url: str, timeout: object, max_retries: int, session: requests.Session | None
    ) -> None:
        self.credential = credential
        self.base_url = base_url
        self.retries = 0  # requests that were sent again, in all threads
        self.posted: dict[str, tuple[float, Any]] = {}  # when a video or agent was started, and its record, by its ids
        self.now: Callable[[], float] = time.monotonic
        self.sleep: Callable[[float], object] = time.sleep
        self._timeout = checked_timeout(timeout)
        self._max_retries = checked_integer("max_retries", max_retries, 0)
        self.given_session = session
        self._own_session = open_session()
        self._process = os.getpid()
        self._counting = threading.Lock()
        account = credential.account or digest(credential.secret.reveal())
        self.settings = (base_url, account, self._timeout, self._max_retries, id(session))

    def close(self) -> None:
        """Close the connections, unless the session was given."""
        self._own_session.close()

    def request(
        self, method: str, path: str, params: _Fields = None, body: _Body = None, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Send a request, repeat it where that is safe, and return the JSON object of the response, which has ``data``.

        A GET is repeated as `HeyGenClient` says, but not after a time-out or a certificate error; a POST with an
        idempotency key also after a time-out, and for 120 s while the service is working on it; another POST, on a new
        connection, only if nothing was sent. None values of the query `params` are left out.
        """
        self.credential = self.credential.renewed()
        connect, read = self._timeout
        content = body if isinstance(body, tuple) else None
        if method == "POST":
            read = max(read, _POST_READ)
            content = content or (json.dumps(body or {}, allow_nan=False).encode(), "application/json")
        is_repeatable = method == "GET" or idempotency_key is not None
        call = _Call(method, path, params, content, idempotency_key, is_repeatable, self.credential, (connect, read))
        attempt, in_progress, uncertain = 0, 0.0, False
        while True:
            outcome = self._attempt(call)
            if isinstance(outcome, dict):
                return outcome
            uncertain = uncertain or outcome.uncertain
            wait = min(max(2.0**attempt * random.uniform(0.75, 1.25), outcome.asked), _LONGEST_WAIT)
            if outcome.in_progress and self._max_retries and in_progress < _LONGEST_IN_PROGRESS:
                wait = max(wait, min(in_progress, _LONGEST_WAIT))  # not a retry; it grows with the time
                in_progress += wait
            elif outcome.retry and attempt < self._max_retries:
                attempt += 1
            else:
                outcome.error.is_uncertain = method == "POST" and uncertain
                raise outcome.error
            self.sleep(wait)
            with self._counting:
                self.retries += 1

    def post(self, path: str, body: _Body, read: Callable[[object], T], way_out: str, key: str | None = None) -> T:
        """Send a POST and read its record. An error has the key and, if the service may have done it, the `way_out`."""
        __tracebackhide__ = True
        next_step = f"It is not known whether HeyGen has received this. {way_out}"
        try:
            record = self.read(read, self.request("POST", path, body=body, idempotency_key=key))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(next_step) from None
        except HeyGenError as error:
            error.is_uncertain = error.is_uncertain or isinstance(error, APIResponseError)  # perhaps a success
            error.idempotency_key = key
            if error.is_uncertain:
                cause, _, outcome = str(error.args[0]).partition(f"\nPOST {path}")
                error.args = (f"{cause}\n{next_step}\nPOST {path}{outcome}", *error.args[1:])
            raise
        except Exception as error:  # of a signal handler
            error.add_note(next_step)
            raise
        for name in ("id", "session_id", "video_id"):
            if record_id := getattr(record, name, None):
                self.posted[record_id] = (self.now(), record)
        return record

    def read(self, read: Callable[[object], T], content: dict[str, Any]) -> T:
        """Read the one record of a response, whose texts may become those of an error, without the key."""
        return read(self.credential.secret.redacted(content["data"]))

    @property
    def _session(self) -> requests.Session:
        if self._process != os.getpid():  # a forked child must not share connections with its parent
            self._own_session, self._counting, self._process = open_session(), threading.Lock(), os.getpid()
            if self.given_session:
                for adapter in self.given_session.adapters.values():
                    adapter.close()  # drops idle connections; the adapter stays usable
        return self.given_session or self._own_session

    def _attempt(self, call: _Call) -> dict[str, Any] | _Failure:
        body = BytesIO(call.content[0]) if call.content else None  # which is read after the headers are sent
        handled, session = sys.exception(), self._session
        headers: dict[str, str | None] = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        # requests leaves out what is None. A given session may have a key of its own.
        headers |= {"User-Agent": USER_AGENT, "Authorization": None, "X-Api-Key": None}
        headers |= {"Content-Type": call.content and call.content[1], "Idempotency-Key": call.idempotency_key}
        try:
            if not call.is_repeatable:
                # The service may have closed an idle connection, which only shows after the request was sent.
                session.get_adapter(self.base_url).close()
            with session.request(
                call.method,
                self.base_url + call.path,
                params=call.params,
                data=body,
                headers=headers,
                auth=partial(_sign, call.credential),  # with it, requests does not read ~/.netrc
                timeout=call.timeout,
                stream=True,
                allow_redirects=False,  # requests would send X-Api-Key to the other host
                proxies=proxies_for(self.base_url),
            ) as response:
                deadline = time.monotonic() + call.timeout[0] + 2 * call.timeout[1]  # an upload may have taken longer
                answer = responses.read_answer(response, deadline)
            if answer.status < 400:
                return responses.parse_success(answer, call.credential)
        except APIResponseError as error:
            error.args = ("{}\n{}: {}".format(error.args[0], call, *error.args[1:]),)
            # The connection may be out of step, and answer the next request with the rest of this response.
            session.get_adapter(self.base_url).close()
            return _Failure(error)
        except responses.NETWORK_ERRORS as exc:
            stop = responses.raised_by_signal_handler(exc, handled)
            if stop is None:
                is_unsent = body is not None and body.tell() == 0
                return _failed_connection(call, urlsplit(self.base_url).netloc, exc, is_unsent)
        except BaseException as exc:  # noqa: BLE001 - it is raised again
            # The key is in the local variables of urllib3 and http.client, which a verbose traceback would show.
            raise exc.with_traceback(None) from None
        else:
            return _failed_status(call, answer)
        # Not in the `except` above: the context of the error would lead to frames that hold the key.
        raise stop.with_traceback(None) from None


def _failed_connection(call: _Call, host: str, exc: Exception, is_unsent: bool) -> _Failure:
    if isinstance(exc, responses.TIMEOUT_ERRORS):
        limits = "connect {:g} s, read {:g} s".format(*call.timeout)
        late = f"HeyGen did not answer in time. Try again, or with a longer timeout.\n{call}: no response from {host}"
        return _Failure(APITimeoutError(f"{late} ({limits})"), call.idempotency_key is not None, not is_unsent)
    problem = responses.tls_problem(exc, host)
    retry = isinstance(exc, _BROKEN) and not problem and (call.is_repeatable or is_unsent)
    if isinstance(exc, _UNREADABLE):  # its text may quote a proxy's password
        problem = "The address of the service or of a proxy cannot be read. Check base_url and proxies."
    elif not problem:
        reason = responses.tidy(_CONNECTION.sub("", str(responses.cause_of(exc))).rstrip("."), call.credential)
        place = "a proxy" if isinstance(exc, requests.exceptions.ProxyError) else host
        problem = f"The connection to {place} failed. Check the network, proxies and base_url.\nThe reason is: {reason}"
    return _Failure(APIConnectionError(f"{problem}\n{call}"), retry=retry, uncertain=not is_unsent)


def _failed_status(call: _Call, answer: responses.Answer) -> _Failure:
    error = responses.error_for_status(call.method, call.path, answer, call.credential)
    # A conflict without a code may be of this kind too.
    is_conflict = answer.status == 409 and error.code in ("request_in_progress", None)
    in_progress = is_conflict and call.idempotency_key is not None
    retry = answer.status in _RETRIED_STATUSES and call.is_repeatable
    uncertain = in_progress or answer.status >= 500 or answer.status == 408
    asked = responses.retry_after(answer.headers.get("Retry-After")) or 0.0
    return _Failure(error, retry, uncertain, asked, in_progress)


def _sign(credential: Credential, request: requests.PreparedRequest) -> requests.PreparedRequest:
    name, prefix = ("Authorization", "Bearer ") if credential.is_token else ("X-Api-Key", "")
    request.headers[name] = prefix + credential.secret.reveal()
    return _hide(request)


def _hide(request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.hooks["response"].append(_remove_secrets)
    return request


def _remove_secrets(response: requests.Response, **_: object) -> None:
    """Take the key off a request that was sent, before other hooks see it, and hide a redirect from requests."""
    for name in ("Authorization", "X-Api-Key"):
        response.request.headers.pop(name, None)
    # requests prepares to follow a redirect even if it must not, and reads the whole body for it without any limit.
    # `response.raw` keeps the header.
    response.headers.pop("Location", None)


class _FinalResponse(http.client.HTTPResponse):
    """Skips every interim response but 101; http.client skips only 100, and takes 102 or 103 for the response."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM_RESPONSES):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= 200 or status == 101:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("too many interim responses")


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections that skip interim responses (1xx) and print nothing."""

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as its base
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        kind = pool.ConnectionCls
        if getattr(kind, "response_class", None) is not _FinalResponse:
            # If a program sets the debuglevel of http.client, that prints every header, and so the key.
            pool.ConnectionCls = type(kind.__name__, (kind,), {"response_class": _FinalResponse, "debuglevel": 0})
        return pool


def open_session(like: requests.Session | None = None) -> requests.Session:
    """Open a session without cookies and credentials, with the proxies and certificates of `like`."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter())
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = _hide  # without it, requests would read ~/.netrc
    if like is not None:
        session.verify, session.cert = like.verify, like.cert
        session.proxies, session.trust_env = dict(like.proxies), like.trust_env
    return session


def proxies_for(url: str) -> dict[str, Any] | None:
    """Return what `requests` needs to bypass every proxy on loopback; None for other hosts."""
    return {"http": None, "https": None, "all": None} if is_local(url) else None
