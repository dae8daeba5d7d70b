"""One seam for all endpoints: a request goes out, and a parsed answer or an error of ours comes back.

Errors are made where a fault is met, but raised only once the ``except`` block is left. Else the request, with the key
in its headers, would hang on their ``__context__``, and IPython's verbose tracebacks would print it.
"""

from __future__ import annotations

import json
import random
import re
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from ._answers import Answer, error_for_status, parse_json, read_body, redirect_error, response_error, retry_after, tidy
from ._arguments import is_loopback
from ._connections import DeadlineAdapter
from ._credentials import Credential, Secret, digest
from ._pace import Pace
from .errors import APIConnectionError, APIStatusError, APITimeoutError, HeyGenError, RateLimitError

_IDEMPOTENT_METHODS = frozenset({"GET"})
_PASSING_STATUSES = frozenset({500, 502, 503, 504})
_LONGEST_WAIT = 30.0  # s
POST_READ = 120.0  # s: creating a video takes up to half a minute
_LONGEST_IN_PROGRESS = 120.0  # s, for which a request that the service says it is still at work on is sent again
# TypeError: what requests makes of a proxy address without a host.
_UNREACHABLE = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TypeError)
_TIMED_OUT = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_UNREADABLE = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationParseError)
_SENDERS = frozenset({__name__.partition(".")[0], "requests", "urllib3", "http", "socket", "ssl"})
_CONNECTION = re.compile(r"^\w+\(host=[^()]*\): ")  # what urllib3 begins its texts with
_BROKEN = (requests.ConnectionError, urllib3.exceptions.ProtocolError)


class _Request(NamedTuple):
    method: str
    path: str
    params: Mapping[str, str | int | None] | None
    body: bytes | None
    idempotency_key: str | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_repeatable(self) -> bool:
        """Whether it does no more when it is sent twice."""
        return self.method in _IDEMPOTENT_METHODS or self.idempotency_key is not None


class _Fault(NamedTuple):
    error: HeyGenError
    retry: bool = False
    retry_after: float | None = None
    in_progress: bool = False  # the service is still at work on the same request
    may_have_begun: bool = True  # what a POST asked for


class _Signature(requests.auth.AuthBase):
    """Sets the one header the service wants. As the request brings its own, requests leaves ~/.netrc alone."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        for name in ("Authorization", "X-Api-Key"):
            request.headers.pop(name, None)
        if self._credential.is_token:
            request.headers["Authorization"] = Secret(f"Bearer {self._credential.secret}")
        else:
            request.headers["X-Api-Key"] = self._credential.secret
        request.hooks["response"].append(_hide_redirect)
        return request


def _hide_redirect(response: requests.Response, **_: object) -> None:
    # Told not to follow a redirect, requests still prepares the next request, and for that it reads the whole body,
    # without any limit. `response.raw` keeps the header.
    response.headers.pop("Location", None)


class Transport:
    """Requests with retries, time-outs and size limits; threads may share one.

    Parameters
    ----------
    credential : Credential
        What requests are signed with; a token that has expired is read anew from its file.
    base_url : str
        As `checked_base_url` gives it.
    timeout : tuple of float
        Connect and read time-out in s, as `checked_timeout` gives it. An answer that drips is given up once
        connect + 2 × read have gone by, give or take one read; looking up the host's name comes on top. (The headers
        too, unless the session was given: then each piece of them only has to keep within the read time-out.)
    max_retries : int
        How often a request is sent again, 0 or more.
    session : requests.Session or None
        Used as it is and never closed; None for one of our own.
    """

    def __init__(
        self,
        credential: Credential,
        *,
        base_url: str,
        timeout: tuple[float, float],
        max_retries: int,
        session: requests.Session | None,
    ) -> None:
        self.credential = credential
        self.base_url = base_url
        self._timeout = timeout
        self._max_retries = max_retries
        self._owns_session = session is None
        self._session = session if session is not None else _new_session()
        self._on_loopback = is_loopback(urlsplit(base_url).hostname)
        self._headers = {
            "Accept": "application/json",
            # Only what `read_body` can unpack under a limit.
            "Accept-Encoding": "gzip",
            "User-Agent": f"heygen-widgets/{_version()}",
        }
        self._pace = Pace()
        self._retries = 0
        self._counting = threading.Lock()
        self._now = time.monotonic
        self._sleep = time.sleep

    @property
    def retries(self) -> int:
        """How many requests have been sent again so far."""
        return self._retries

    def now(self) -> float:
        """Tell the time by which requests are paced, in s."""
        return self._now()

    def sleep(self, seconds: float) -> None:
        """Wait by that clock."""
        self._sleep(seconds)

    @property
    def account(self) -> str:
        """Whose looks the next request would be answered with: see `Credential.account`; "" without a usable one."""
        try:
            self.credential = self.credential.renewed()
        except HeyGenError:
            return ""
        return self.credential.account

    @property
    def settings(self) -> tuple[object, ...]:
        """What two transports that do the same have in common; without any secret."""
        account = self.account or digest(self.credential.secret)
        session = None if self._owns_session else id(self._session)
        return (self.base_url, account, self._timeout, self._max_retries, session)

    def close(self) -> None:
        """Close the connections, unless the session was given."""
        if self._owns_session:
            self._session.close()

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int | None] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Send a request, again where that is safe, and give the JSON object of the answer, which has ``data``.

        A GET is sent again after 429, 500, 502, 503, 504 and broken connections, never after a time-out. A POST with a
        key is the same request to the service however often it comes, so that it is sent again after a time-out too,
        and for 120 s while the service says that it is still at work on it. A POST without one is sent again only when
        nothing was sent. The wait is 1 s, doubled each time, with ±25 % of jitter, or what ``Retry-After`` says if that
        is longer; at most 30 s. After a 429 all threads wait: see `Pace`. With no retries, nothing waits.

        Parameters
        ----------
        method : str
            HTTP method. A POST reads for 120 s, or for as long as the client's time-out says if that is longer.
        path : str
            Begins with a slash; ids in it are quoted.
        params : mapping or None, default None
            The query; None values are left out.
        body : mapping or None, default None
            Sent as JSON.
        idempotency_key : str or None, default None
            Sent in the header of that name.

        Raises
        ------
        HeyGenError
            And nothing else, but for Ctrl-C and what a hook or a signal handler of the user's raises. Of a POST, it has
            the `idempotency_key`, and `is_uncertain` where nobody knows whether what was asked for was begun.
        TypeError, ValueError
            When the body is no JSON.
        """
        sendable = None if body is None else json.dumps(body, allow_nan=False).encode()
        request = _Request(method, path, params, sendable, idempotency_key)
        attempt, in_progress = 0, 0.0
        may_have_begun = False
        while True:
            self._wait_for_turn()
            self.credential = self.credential.renewed()
            sent = self._now()
            outcome = self._attempt(request)
            if not isinstance(outcome, _Fault):
                self._pace.speed_up()
                return outcome
            may_have_begun = may_have_begun or outcome.may_have_begun
            wait = _wait(attempt, outcome.retry_after)
            if outcome.in_progress and self._max_retries and in_progress < _LONGEST_IN_PROGRESS:
                # The longer it takes, the longer the waits; it costs none of the retries.
                wait = max(wait, min(in_progress, _LONGEST_WAIT))
                self._sleep(wait)
                in_progress += wait
                with self._counting:
                    self._retries += 1
                continue
            limited = isinstance(outcome.error, RateLimitError)
            if limited and self._max_retries:
                self._pace.slow_down(self._now(), wait, sent)
            elif isinstance(outcome.error, APIStatusError):
                self._pace.speed_up()
            if attempt == self._max_retries or not outcome.retry:
                if method == "POST":
                    _tell_what_is_known(outcome.error, may_have_begun, idempotency_key)
                raise outcome.error
            if not limited:
                self._sleep(wait)
            attempt += 1
            with self._counting:
                self._retries += 1

    def _wait_for_turn(self) -> None:
        while (wait := self._pace.turn(self._now())) > 0:
            self._sleep(wait)
            if not self._pace.is_paused(self._now()):
                return
            # A 429 has come meanwhile, which holds up also what had its turn.

    def _attempt(self, request: _Request) -> dict[str, Any] | _Fault:
        credential = self.credential
        answer = self._exchange(request, credential)
        if isinstance(answer, _Fault):
            return answer
        if answer.status >= 400:
            error = error_for_status(str(request), answer, credential)
            in_progress = (
                request.idempotency_key is not None and answer.status == 409 and error.code == "request_in_progress"
            )
            passing = answer.status in _PASSING_STATUSES and request.is_repeatable
            return _Fault(
                error,
                # A 429 without a key is told instead: what is not the same request to the service is sent once.
                retry=passing or (answer.status == 429 and request.is_repeatable),
                retry_after=retry_after(answer.headers.get("Retry-After")),
                in_progress=in_progress,
                may_have_begun=in_progress or answer.status >= 500 or answer.status == 408,
            )
        if not 200 <= answer.status < 300:
            return _Fault(redirect_error(str(request), answer, credential), may_have_begun=False)
        content, problem = parse_json(answer.body)
        if isinstance(content, dict) and "data" in content:
            return content
        return _Fault(response_error(str(request), answer, problem or "that has no 'data'", credential))

    def _exchange(self, request: _Request, credential: Credential) -> Answer | _Fault:
        connect, read = self._timeout
        if request.method == "POST":
            read = max(read, POST_READ)
        deadline = time.monotonic() + connect + 2 * read
        handled = sys.exception()
        try:
            response = self._session.request(
                request.method,
                self.base_url + request.path,
                params=request.params,
                data=request.body,
                headers=self._headers_of(request),
                auth=_Signature(credential),
                timeout=(connect, read),
                stream=True,
                # requests would send X-Api-Key along, to whatever host.
                allow_redirects=False,
                proxies=self._proxies(),
            )
        except _UNREACHABLE as exc:
            return self._fault(request, exc, credential, (connect, read))
        except BaseException as exc:
            # Where Ctrl-C, or whatever a handler of the user's raises, struck, local variables may hold the bytes that
            # were being sent.
            _forget_locals(exc, handled)
            raise
        body: bytes | HeyGenError | _Fault
        try:
            body = read_body(response, deadline)
        except _UNREACHABLE as exc:
            body = self._fault(request, exc, credential, (connect, read))
        finally:
            # Also after Ctrl-C: a connection half read must not serve the next request.
            response.close()
        if response.status_code >= 300 and not isinstance(body, bytes):
            # The status says more than the loss of what explains it.
            body = b""
        if isinstance(body, APITimeoutError):
            return _Fault(body, retry=request.idempotency_key is not None)
        if isinstance(body, HeyGenError):
            return _Fault(body)
        return body if isinstance(body, _Fault) else Answer(response.status_code, response.raw.headers, body)

    def _headers_of(self, request: _Request) -> dict[str, str]:
        headers = dict(self._headers)
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        return headers

    def _proxies(self) -> dict[str, Any] | None:
        # What stands in for the service on this machine must not be asked through a proxy, which would see the key.
        # None removes what the environment or a given session names; requests changes the dictionary, so it is new.
        return {"http": None, "https": None, "all": None} if self._on_loopback else None

    def _fault(self, request: _Request, exc: Exception, credential: Credential, timeout: tuple[float, float]) -> _Fault:
        host = urlsplit(self.base_url).netloc
        unsent = _nothing_was_sent(exc)
        if isinstance(exc, _TIMED_OUT):
            limits = "connect {:g} s, read {:g} s".format(*timeout)
            text = f"{host} did not answer in time ({limits}): try again, or give a longer timeout."
            return _Fault(
                APITimeoutError(f"{request}: {text}"),
                retry=request.idempotency_key is not None,
                may_have_begun=not unsent,
            )
        # Behind its wrapping texts, urllib3 tells what happened.
        reason = tidy(str(getattr(exc.args[0], "reason", exc) if exc.args else exc), credential) or "no reason given"
        if isinstance(exc, _UNREADABLE):
            # The text quotes what was taken for the host, which may be the beginning of a proxy's password.
            reason = "the address of the service or of a proxy cannot be read"
        reason = _CONNECTION.sub("", reason).rstrip(".")
        text = f"the connection to {host} failed: {reason}. Check the network, proxies and base_url."
        return _Fault(
            APIConnectionError(f"{request}: {text}"),
            retry=isinstance(exc, _BROKEN) and (request.is_repeatable or unsent),
            may_have_begun=not unsent,
        )


def _tell_what_is_known(error: HeyGenError, may_have_begun: bool, key: str | None) -> None:
    """Add to an error of a POST what its user needs in order to go on."""
    error.idempotency_key = key
    error.is_uncertain = may_have_begun
    if not may_have_begun:
        return
    told = "Whether the service has begun what was asked for is not known: "
    if key is None:
        told += "look among your videos at HeyGen before you ask again, since that may make a second one."
    else:
        told += f"ask again with idempotency_key={key!r}, which makes no second one for 24 h."
    error.args = (f"{error.args[0]} {told}", *error.args[1:])


def _wait(attempt: int, asked: float | None) -> float:
    back_off = 2.0 ** min(attempt, 5) * random.uniform(0.75, 1.25)
    return min(max(back_off, asked or 0.0), _LONGEST_WAIT)


def _nothing_was_sent(exc: Exception) -> bool:
    """Tell whether there was no connection yet, to the service or to a proxy."""
    if isinstance(exc, requests.ConnectTimeout):
        return True
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    return isinstance(getattr(reason, "original_error", reason), urllib3.exceptions.NewConnectionError)


def _forget_locals(exc: BaseException | None, handled: BaseException | None) -> None:
    """Empty the frames in which bytes were sent, of a traceback and of those it began in; their lines stay.

    Frames of the user's own are left alone, and so is what was being handled when the request began.
    """
    seen: list[BaseException] = []
    while exc is not None and exc is not handled and exc not in seen:
        seen.append(exc)
        trace = exc.__traceback__
        while trace is not None:
            if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] in _SENDERS:
                with suppress(RuntimeError):  # it has not ended
                    trace.tb_frame.clear()
            trace = trace.tb_next
        exc = exc.__context__


def _new_session() -> requests.Session:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, DeadlineAdapter())
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _version() -> str:
    # Imported here, as it is slow and only a client needs it.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("heygen-widgets")
    except PackageNotFoundError:
        return "unknown"
