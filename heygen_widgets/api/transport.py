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
from .validation import checked_integer, checked_timeout, is_loopback

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
    """One attempt failed. The `is_uncertain` of its error says whether it may have started what a POST asks for."""

    def __init__(
        self,
        error: HeyGenError,
        *,
        retry: bool = False,  # another attempt is safe and may help
        uncertain: bool = False,
        asked: float = 0.0,  # the wait that the service asks for, in s
        in_progress: bool = False,  # the service is still working on the same request
    ) -> None:
        error.is_uncertain = uncertain
        self.error, self.retry, self.asked, self.in_progress = error, retry, asked, in_progress


class Transport:
    """Requests with retries, time-outs and size limits. Threads may share one.

    `credential` signs the requests, and `base_url` is one that was checked. The rest is as for `HeyGenClient`.
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
        self._max_retries = checked_integer("max_retries", max_retries, 0)
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

        A GET is repeated as `HeyGenClient` says, but not after a time-out or a certificate error. A POST with an
        idempotency key is also repeated after a time-out, and for 120 s while the service says that it is still working
        on it. A POST without a key is repeated only if nothing was sent. The waits have ±25 % of jitter.

        `params` is the query; None values are left out. The error of a POST carries its key and `is_uncertain`.
        """
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        call = _Call(method, path, params, data, idempotency_key)
        attempt, in_progress, uncertain = 0, 0.0, False
        while True:
            try:
                return self._attempt(call)
            except _AttemptError as failed:
                error = failed.error
                uncertain = uncertain or error.is_uncertain
                wait = min(max(2.0 ** min(attempt, 5) * random.uniform(0.75, 1.25), failed.asked), _LONGEST_WAIT)
                if failed.in_progress and self._max_retries and in_progress < _LONGEST_IN_PROGRESS:
                    # Does not count as a retry. The waits grow with the time it takes.
                    wait = max(wait, min(in_progress, _LONGEST_WAIT))
                    in_progress += wait
                elif failed.retry and attempt < self._max_retries:
                    attempt += 1
                else:
                    error.idempotency_key, error.is_uncertain = idempotency_key, method == "POST" and uncertain
                    raise error from None
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
            retry = isinstance(error, APITimeoutError) and call.idempotency_key is not None
            raise _AttemptError(error, retry=retry, uncertain=True) from None
        except NETWORK_ERRORS as exc:
            raise self._failed_connection(call, exc, credential, (connect, read)) from None
        except BaseException as exc:  # noqa: BLE001 - it is raised again
            # The key is in the local variables of urllib3 and http.client, which a verbose traceback would show.
            raise exc.with_traceback(None) from None
        try:
            return _parse(call, answer, credential)
        except APIResponseError as error:
            # The connection may be out of step, and answer the next request with the rest of this response.
            self._session.get_adapter(self.base_url).close()
            raise _AttemptError(error, uncertain=True) from None

    def _failed_connection(
        self, call: _Call, exc: Exception, credential: Credential, timeout: tuple[float, float]
    ) -> _AttemptError:
        host = urlsplit(self.base_url).netloc
        # No connection to the service or a proxy yet, or none that is trusted. Other TLS errors may come later.
        unsent = isinstance(exc, (requests.ConnectTimeout, *_UNREADABLE)) or isinstance(
            cause_of(exc), (ssl.SSLCertVerificationError, urllib3.exceptions.NewConnectionError)
        )
        error: APIConnectionError
        if isinstance(exc, TIMEOUT_ERRORS):
            limits = "connect {:g} s, read {:g} s".format(*timeout)
            error = APITimeoutError(f"{call}: no response from {host} in time ({limits}): try a longer timeout.")
            retry = call.idempotency_key is not None
        elif problem := certificate_problem(exc, host):
            error, retry = APIConnectionError(f"{call}: {problem}"), False
        else:
            # The inner error of urllib3 has the shorter text. One about an address may quote a proxy's password.
            reason = tidy(str(getattr(exc.args[0], "reason", exc) if exc.args else exc), credential)
            if isinstance(exc, _UNREADABLE):
                reason = "the address of the service or of a proxy cannot be read"
            reason = _CONNECTION.sub("", reason or "no reason given").rstrip(".")
            error = APIConnectionError(
                f"{call}: the connection to {host} failed: {reason}. Check the network, proxies and base_url."
            )
            is_broken = isinstance(exc, _BROKEN) and not isinstance(exc, requests.exceptions.SSLError)
            retry = is_broken and (call.is_repeatable or unsent)
        return _AttemptError(error, retry=retry, uncertain=not unsent)


def _parse(call: _Call, answer: Answer, credential: Credential) -> dict[str, Any]:
    if answer.status < 400:
        if 200 <= answer.status < 300:
            return parse_success(str(call), answer, credential)
        raise redirect_error(str(call), answer, credential)
    error = error_for_status(str(call), answer, credential)
    # A conflict without a code may be of this kind too.
    in_progress = (
        call.idempotency_key is not None and answer.status == 409 and error.code in ("request_in_progress", None)
    )
    raise _AttemptError(
        error,
        retry=answer.status in _RETRIED_STATUSES and call.is_repeatable,
        uncertain=in_progress or answer.status >= 500 or answer.status == 408,
        asked=retry_after(answer.headers.get("Retry-After")) or 0.0,
        in_progress=in_progress,
    )


class _Signature(requests.auth.AuthBase):
    """Puts the credential on a request, if there is one. With it, requests does not read ~/.netrc."""

    def __init__(self, credential: Credential | None) -> None:
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        _remove_key(request)
        if self._credential is not None:
            name, prefix = ("Authorization", "Bearer ") if self._credential.is_token else ("X-Api-Key", "")
            request.headers[name] = prefix + self._credential.secret.reveal()
        request.hooks["response"].append(_remove_secrets)
        return request


def _remove_key(request: requests.PreparedRequest) -> None:
    for name in ("Authorization", "X-Api-Key"):
        request.headers.pop(name, None)


def _remove_secrets(response: requests.Response, **_: object) -> None:
    """Take the key off a request that was sent, before other hooks see it, and hide a redirect from requests."""
    _remove_key(response.request)
    # requests prepares to follow a redirect even if it must not, and reads the whole body for it without any limit.
    # `response.raw` keeps the header.
    response.headers.pop("Location", None)


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections that skip interim responses (1xx) and print nothing."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as in the base class
        super().init_poolmanager(*arguments, **options)
        _adapt_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - as in the base class
        return _adapt_connections(super().proxy_manager_for(proxy, **options))


def _adapt_connections(manager: Any) -> Any:  # noqa: ANN401 - one of several classes of urllib3
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _adapted_pool(pool) for scheme, pool in pools.items()}
    return manager


@cache
def _adapted_pool(pool: type[Any]) -> type[Any]:
    # If a program sets `http.client.HTTPConnection.debuglevel`, http.client prints every header, and so the key.
    own = {"response_class": _FinalResponse, "debuglevel": 0}
    if pool.ConnectionCls.response_class is _FinalResponse:
        return pool
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
    """Open a session without cookies and credentials, with the proxies and certificates of `like`."""
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
    return {"http": None, "https": None, "all": None} if is_loopback(urlsplit(url).hostname) else None


@contextmanager
def uncertain(key: str | None) -> Iterator[None]:
    """Say how to continue if an error leaves open whether the POST with this idempotency key has started something."""
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


@cache
def _user_agent() -> str:
    # Imported here: it is slow, and only a request needs it.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"heygen-widgets/{version('heygen-widgets')}"
    except PackageNotFoundError:
        return "heygen-widgets/unknown"
