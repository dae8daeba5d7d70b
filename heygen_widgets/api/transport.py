"""One way to the service: sign a request, send it, repeat it where that is safe, and parse the response."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from ..errors import APIConnectionError, APIResponseError, APITimeoutError, HeyGenError, MissingAPIKeyError
from .credentials import Credential, digest
from .responses import (
    NETWORK_ERRORS,
    TIMEOUT_ERRORS,
    Answer,
    cause_of,
    certificate_problem,
    error_for_status,
    parse_success,
    read_answer,
    redirect_error,
    retry_after,
    tidy,
)
from .validation import checked_max_retries, checked_timeout, is_loopback

__all__ = ["Transport", "open_session", "proxies_for", "uncertain"]

_POST_READ = 120.0  # s: creating a video takes up to half a minute
_LONGEST_WAIT = 30.0  # s
_LONGEST_IN_PROGRESS = 120.0  # s
_MOST_INTERIM_RESPONSES = 100
_RETRIED_STATUSES = (429, 500, 502, 503, 504)
_BROKEN = (requests.ConnectionError, urllib3.exceptions.ProtocolError)
_UNREADABLE = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationParseError)
_CONNECTION = re.compile(r"^\w+\(host=[^()]*\): ")  # the start of urllib3's messages


class _Call(NamedTuple):
    """A request before it is signed."""

    method: str
    path: str
    params: Mapping[str, str | int | None] | None
    body: bytes | None
    idempotency_key: str | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method == "GET" or self.idempotency_key is not None

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": _user_agent()}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.idempotency_key is not None:
            headers["Idempotency-Key"] = self.idempotency_key
        return headers


class _AttemptError(Exception):
    """One attempt failed, with the error for the user if there is no other attempt."""

    def __init__(
        self,
        error: HeyGenError,
        *,
        retry: bool = False,  # another attempt is safe and may help
        retry_after: float | None = None,  # what the service asks to wait, in s
        in_progress: bool = False,  # the service is still working on the same request
        may_have_begun: bool = False,  # what a POST asks for
    ) -> None:
        self.error, self.retry, self.retry_after = error, retry, retry_after
        self.in_progress, self.may_have_begun = in_progress, may_have_begun


class Transport:
    """Requests with retries, time-outs and size limits. Threads may share one.

    Parameters
    ----------
    credential : Credential
        Signs the requests. An expired token is read again from its file.
    base_url : str
        As `checked_base_url` returns it.
    timeout, max_retries, session
        As for `HeyGenClient`.
    """

    def __init__(
        self,
        credential: Credential,
        *,
        base_url: str,
        timeout: float | tuple[float, float],
        max_retries: int,
        session: requests.Session | None,
    ) -> None:
        self.credential = credential
        self.base_url = base_url
        self.retries = 0  # requests that were sent again, in all threads
        self.now: Callable[[], float] = time.monotonic
        self.sleep: Callable[[float], object] = time.sleep
        self._timeout = checked_timeout(timeout)
        self._max_retries = checked_max_retries(max_retries)
        self._given_session = session
        self._own_session = open_session()
        self._process = os.getpid()
        self._counting = threading.Lock()

    @property
    def settings(self) -> tuple[object, ...]:
        """What two equivalent transports have in common, without any secret."""
        account = self.credential.account or digest(self.credential.secret.reveal())
        session = None if self._given_session is None else id(self._given_session)
        return (self.base_url, account, self._timeout, self._max_retries, session)

    def close(self) -> None:
        """Close the connections, unless the session was given."""
        self._own_session.close()

    def media_session(self) -> requests.Session:
        """Open a session with the same settings for proxies and certificates, but without credentials."""
        return open_session(self._given_session)

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int | None] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Send a request, repeat it where that is safe, and return the JSON object of the response, which has ``data``.

        A GET is repeated after 429, 500, 502, 503, 504 and a broken connection, but not after a time-out or a
        certificate error. A POST with an idempotency key is also repeated after a time-out, and for 120 s while the
        service says that it is still working on it. A POST without a key is repeated only if nothing was sent. The
        wait is 1 s, doubled each time with ±25 % of jitter, or ``Retry-After`` if that is longer; at most 30 s.

        Parameters
        ----------
        method : str
            The read time-out of a POST is at least 120 s.
        path : str
            Starts with a slash; ids in it are quoted.
        params : mapping or None, default None
            The query, without its None values.
        body : mapping or None, default None
            Sent as JSON.
        idempotency_key : str or None, default None

        Raises
        ------
        HeyGenError
            For a POST with `idempotency_key` and `is_uncertain`.
        """
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        call = _Call(method, path, params, data, idempotency_key)
        attempt, in_progress, may_have_begun = 0, 0.0, False
        while True:
            try:
                return self._attempt(call)
            except _AttemptError as failed:
                may_have_begun = may_have_begun or failed.may_have_begun
                wait = _wait(attempt, failed.retry_after)
                if failed.in_progress and self._max_retries and in_progress < _LONGEST_IN_PROGRESS:
                    # Does not count as a retry. The waits grow with the time it takes.
                    wait = max(wait, min(in_progress, _LONGEST_WAIT))
                    in_progress += wait
                elif failed.retry and attempt < self._max_retries:
                    attempt += 1
                else:
                    failed.error.idempotency_key = idempotency_key
                    failed.error.is_uncertain = method == "POST" and may_have_begun
                    raise failed.error from None
            self.sleep(wait)
            with self._counting:
                self.retries += 1

    @property
    def _session(self) -> requests.Session:
        if self._given_session is not None:
            return self._given_session
        if self._process != os.getpid():
            # A forked child must not share connections with its parent.
            self._own_session, self._process = open_session(), os.getpid()
        return self._own_session

    def _attempt(self, call: _Call) -> dict[str, Any]:
        try:
            self.credential = credential = self.credential.renewed()
        except MissingAPIKeyError as error:
            raise _AttemptError(error) from None
        connect, read = self._timeout
        if call.method == "POST":
            read = max(read, _POST_READ)
        deadline = time.monotonic() + connect + 2 * read
        try:
            with self._session.request(
                call.method,
                self.base_url + call.path,
                params=call.params,
                data=call.body,
                headers=call.headers,
                auth=_Signature(credential),
                timeout=(connect, read),
                stream=True,
                allow_redirects=False,  # requests would send X-Api-Key to the other host
                proxies=proxies_for(self.base_url),
            ) as response:
                answer = read_answer(response, deadline)
        except HeyGenError as error:
            is_late = isinstance(error, APITimeoutError)
            retry = is_late and call.idempotency_key is not None
            raise _AttemptError(error, retry=retry, may_have_begun=True) from None
        except NETWORK_ERRORS as exc:
            raise self._failed_connection(call, exc, credential, (connect, read)) from None
        except BaseException as exc:  # noqa: BLE001 - it is raised again
            # The key is in the local variables of urllib3 and http.client, which a verbose traceback would show.
            raise exc.with_traceback(None) from None
        try:
            return _parse(call, answer, credential)
        except _AttemptError as failed:
            if isinstance(failed.error, APIResponseError):
                # The connection may be out of step, and answer the next request with the rest of this response.
                self._session.get_adapter(self.base_url).close()
            raise

    def _failed_connection(
        self, call: _Call, exc: Exception, credential: Credential, timeout: tuple[float, float]
    ) -> _AttemptError:
        host = urlsplit(self.base_url).netloc
        unsent = _nothing_was_sent(exc)
        if isinstance(exc, TIMEOUT_ERRORS):
            limits = "connect {:g} s, read {:g} s".format(*timeout)
            error = APITimeoutError(
                f"{call}: no response from {host} in time ({limits}): try again with a longer timeout."
            )
            return _AttemptError(error, retry=call.idempotency_key is not None, may_have_begun=not unsent)
        if problem := certificate_problem(exc, host):
            return _AttemptError(APIConnectionError(f"{call}: {problem}"))
        # The inner error of urllib3 has the shorter text.
        reason = tidy(str(getattr(exc.args[0], "reason", exc) if exc.args else exc), credential) or "no reason given"
        if isinstance(exc, _UNREADABLE):
            # The text quotes the host, which may be a part of a proxy's password.
            reason = "the address of the service or of a proxy cannot be read"
        reason = _CONNECTION.sub("", reason).rstrip(".")
        return _AttemptError(
            APIConnectionError(
                f"{call}: the connection to {host} failed: {reason}. Check the network, proxies and base_url."
            ),
            retry=_is_broken(exc) and (call.is_repeatable or unsent),
            may_have_begun=not unsent,
        )


class _Signature(requests.auth.AuthBase):
    """Puts the credential on a request, if there is one. With it, requests does not read ~/.netrc."""

    def __init__(self, credential: Credential | None) -> None:
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        for name in ("Authorization", "X-Api-Key"):
            request.headers.pop(name, None)
        if self._credential is not None:
            name, prefix = ("Authorization", "Bearer ") if self._credential.is_token else ("X-Api-Key", "")
            request.headers[name] = prefix + self._credential.secret.reveal()
        request.hooks["response"].append(_remove_secrets)
        return request


def _remove_secrets(response: requests.Response, **_: object) -> None:
    """Take the key off a request that was sent, before other hooks see it, and hide a redirect from requests."""
    for name in ("Authorization", "X-Api-Key"):
        response.request.headers.pop(name, None)
    # requests prepares to follow a redirect even if it must not, and reads the whole body for it without any limit.
    # `response.raw` keeps the header.
    response.headers.pop("Location", None)


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections that skip interim responses (1xx) and print nothing."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as in the base class
        super().init_poolmanager(*arguments, **options)
        _adapt_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - as in the base class
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if is_new:
            _adapt_connections(manager)
        return manager


def _adapt_connections(manager: Any) -> None:  # noqa: ANN401 - one of several classes of urllib3
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _adapted_pool(pool) for scheme, pool in pools.items()}


@cache
def _adapted_pool(pool: type[Any]) -> type[Any]:
    # If a program sets `http.client.HTTPConnection.debuglevel`, http.client prints every header, and so the key.
    own = {"response_class": _FinalResponse, "debuglevel": 0}
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), own)
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _FinalResponse(http.client.HTTPResponse):
    """Skips every interim response but 101; http.client skips only 100, and takes 102 or 103 for the response."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM_RESPONSES):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= 200 or status == 101:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("too many interim responses")


def open_session(like: requests.Session | None = None) -> requests.Session:
    """Open a session that keeps no cookies and sends no credentials of its own.

    Parameters
    ----------
    like : requests.Session or None, default None
        Its `verify`, `cert`, `proxies` and `trust_env` are used.
    """
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter())
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = _Signature(None)
    if like is not None:
        session.verify, session.cert = like.verify, like.cert
        session.proxies, session.trust_env = dict(like.proxies), like.trust_env
    return session


def proxies_for(url: str) -> dict[str, Any] | None:
    """Return what `requests` needs to bypass every proxy on loopback; None for other hosts."""
    # None removes the proxy of the environment or of a session. requests changes the dictionary.
    return {"http": None, "https": None, "all": None} if is_loopback(urlsplit(url).hostname) else None


@contextmanager
def uncertain(key: str | None) -> Iterator[None]:
    """Say how to continue if an error leaves open whether the service has started what a POST asks for.

    Parameters
    ----------
    key : str or None
        The idempotency key of the request.
    """
    text = "Whether the service has started this is not known: " + (
        f"ask again with idempotency_key={key!r}, which makes no second one for 24 h."
        if key
        else "look among your videos at HeyGen before you ask again, since that may make a second one."
    )
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(text) from None
    except HeyGenError as error:
        # A response that makes no sense may be a success.
        error.is_uncertain = error.is_uncertain or isinstance(error, APIResponseError)
        error.idempotency_key = key
        if error.is_uncertain:
            error.args = (f"{error.args[0]} {text}", *error.args[1:])
        raise
    except Exception as error:
        # For example from a hook of the user's session.
        error.add_note(text)
        raise


def _parse(call: _Call, answer: Answer, credential: Credential) -> dict[str, Any]:
    if answer.status >= 400:
        error = error_for_status(str(call), answer, credential)
        # A conflict without a code may be of this kind too.
        in_progress = (
            call.idempotency_key is not None and answer.status == 409 and error.code in ("request_in_progress", None)
        )
        raise _AttemptError(
            error,
            retry=answer.status in _RETRIED_STATUSES and call.is_repeatable,
            retry_after=retry_after(answer.headers.get("Retry-After")),
            in_progress=in_progress,
            may_have_begun=in_progress or answer.status >= 500 or answer.status == 408,
        )
    if not 200 <= answer.status < 300:
        raise _AttemptError(redirect_error(str(call), answer, credential), may_have_begun=True)
    try:
        return parse_success(str(call), answer, credential)
    except APIResponseError as error:
        raise _AttemptError(error, may_have_begun=True) from None


def _wait(attempt: int, asked: float | None) -> float:
    back_off = 2.0 ** min(attempt, 5) * random.uniform(0.75, 1.25)
    return min(max(back_off, asked or 0.0), _LONGEST_WAIT)


def _is_broken(exc: Exception) -> bool:
    return isinstance(exc, _BROKEN) and not isinstance(exc, requests.exceptions.SSLError)


def _nothing_was_sent(exc: Exception) -> bool:
    """Check whether there was no connection to the service or a proxy yet, or none that was trusted."""
    if isinstance(exc, (requests.ConnectTimeout, *_UNREADABLE)):
        return True
    # Other TLS errors may come after the request.
    return isinstance(cause_of(exc), (ssl.SSLCertVerificationError, urllib3.exceptions.NewConnectionError))


@cache
def _user_agent() -> str:
    # Imported here: it is slow, and only a request needs it.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"heygen-widgets/{version('heygen-widgets')}"
    except PackageNotFoundError:
        return "heygen-widgets/unknown"
