"""One request and its answer: what goes out, and what comes back as JSON, or as what went wrong.

Errors are made where a fault is met, but raised only once the ``except`` block is left. Else the request, with the key
in its headers, would hang on their ``__context__``, and IPython's verbose tracebacks would print it.
"""

from __future__ import annotations

import re
import ssl
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from ..errors import APIConnectionError, APITimeoutError, HeyGenError
from .connections import DeadlineAdapter
from .credentials import Credential, Secret
from .responses import (
    Answer,
    error_for_status,
    parse_json,
    read_body,
    redirect_error,
    response_error,
    retry_after,
    tidy,
)
from .validation import is_loopback

__all__ = ["Exchange", "Fault", "Request"]

POST_READ = 120.0  # s: creating a video takes up to half a minute
_IDEMPOTENT_METHODS = frozenset({"GET"})
_PASSING_STATUSES = frozenset({500, 502, 503, 504})
# TypeError: what requests makes of a proxy address without a host.
_UNREACHABLE = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TypeError)
_TIMED_OUT = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
_UNREADABLE = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationParseError)
_SENDERS = frozenset({__name__.partition(".")[0], "requests", "urllib3", "http", "socket", "ssl"})
_CONNECTION = re.compile(r"^\w+\(host=[^()]*\): ")  # what urllib3 begins its texts with
_BROKEN = (requests.ConnectionError, urllib3.exceptions.ProtocolError)


class Request(NamedTuple):
    """What goes out."""

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


class Fault(NamedTuple):
    """What went wrong with a request, and what may be done about it."""

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


class Exchange:
    """Requests that go out once, with time-outs and size limits; threads may share it.

    Parameters
    ----------
    base_url, timeout, session
        As for `Transport`.
    """

    def __init__(self, *, base_url: str, timeout: tuple[float, float], session: requests.Session | None) -> None:
        self.base_url = base_url
        self._timeout = timeout
        self._owns_session = session is None
        self._session = session if session is not None else _new_session()
        self._on_loopback = is_loopback(urlsplit(base_url).hostname)
        self._headers = {
            "Accept": "application/json",
            # Only what `read_body` can unpack under a limit.
            "Accept-Encoding": "gzip",
            "User-Agent": f"heygen-widgets/{_version()}",
        }

    def close(self) -> None:
        """Close the connections, unless the session was given."""
        if self._owns_session:
            self._session.close()

    def attempt(self, request: Request, credential: Credential) -> dict[str, Any] | Fault:
        """Send a request once; give the JSON object of the answer, which has ``data``, or what went wrong."""
        answer = self._exchange(request, credential)
        if isinstance(answer, Fault):
            return answer
        if answer.status >= 400:
            error = error_for_status(str(request), answer, credential)
            # A conflict that does not say of what kind it is may well be that one.
            in_progress = (
                request.idempotency_key is not None
                and answer.status == 409
                and error.code in ("request_in_progress", None)
            )
            passing = answer.status in _PASSING_STATUSES and request.is_repeatable
            return Fault(
                error,
                # A 429 without a key is told instead: what is not the same request to the service is sent once.
                retry=passing or (answer.status == 429 and request.is_repeatable),
                retry_after=retry_after(answer.headers.get("Retry-After")),
                in_progress=in_progress,
                may_have_begun=in_progress or answer.status >= 500 or answer.status == 408,
            )
        if not 200 <= answer.status < 300:
            # To see another page is what often follows something done.
            return Fault(redirect_error(str(request), answer, credential), may_have_begun=answer.status in (302, 303))
        content, problem = parse_json(answer.body)
        if isinstance(content, dict) and "data" in content:
            return content
        return Fault(response_error(str(request), answer, problem or "that has no 'data'", credential))

    def _exchange(self, request: Request, credential: Credential) -> Answer | Fault:
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
        body: bytes | HeyGenError | Fault
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
            return Fault(body, retry=request.idempotency_key is not None)
        if isinstance(body, HeyGenError):
            return Fault(body)
        return body if isinstance(body, Fault) else Answer(response.status_code, response.raw.headers, body)

    def _headers_of(self, request: Request) -> dict[str, str]:
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

    def _fault(self, request: Request, exc: Exception, credential: Credential, timeout: tuple[float, float]) -> Fault:
        host = urlsplit(self.base_url).netloc
        unsent = _nothing_was_sent(exc)
        if isinstance(exc, _TIMED_OUT):
            limits = "connect {:g} s, read {:g} s".format(*timeout)
            text = f"{host} did not answer in time ({limits}): try again, or give a longer timeout."
            return Fault(
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
        return Fault(
            APIConnectionError(f"{request}: {text}"),
            retry=isinstance(exc, _BROKEN) and (request.is_repeatable or unsent),
            may_have_begun=not unsent,
        )


def _nothing_was_sent(exc: Exception) -> bool:
    """Tell whether there was no connection yet, to the service or to a proxy, or none that was trusted."""
    if isinstance(exc, (requests.ConnectTimeout, *_UNREADABLE)):
        return True
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    cause = getattr(reason, "original_error", reason)
    if isinstance(cause, urllib3.exceptions.SSLError):
        # Of other faults of TLS it is not told whether they came before the request or after.
        return isinstance(cause.args[0] if cause.args else None, ssl.SSLCertVerificationError)
    return isinstance(cause, urllib3.exceptions.NewConnectionError)


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
