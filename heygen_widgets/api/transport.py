"""One seam for all endpoints: a request goes out, again where that is safe, and a parsed answer comes back.

Errors are raised here alone, outside any ``except`` block: see `_exchange`.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

import requests

from ..errors import APIStatusError, HeyGenError, RateLimitError
from .credentials import Credential, digest
from .exchange import Exchange, Fault, Request
from .pace import Pace

__all__ = ["Transport", "tell_what_is_known"]

_LONGEST_WAIT = 30.0  # s
_LONGEST_IN_PROGRESS = 120.0  # s, for which a request that the service says it is still at work on is sent again


class Transport(Exchange):
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
        super().__init__(base_url=base_url, timeout=timeout, session=session)
        self.credential = credential
        self._max_retries = max_retries
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
        request = Request(method, path, params, sendable, idempotency_key)
        attempt, in_progress = 0, 0.0
        may_have_begun = False
        account = ""
        while True:
            self._wait_for_turn()
            ended = self._renew_credential()
            # Another thread may renew it once more.
            credential = self.credential
            if ended is None and may_have_begun and method == "POST" and credential.account != account:
                # With another account, the same key makes a second one.
                ended = HeyGenError(
                    f"{request}: there is another login now than it was sent with, so that it was not sent again: "
                    "log in as before first."
                )
            account = credential.account
            if ended is not None:
                if method == "POST":
                    tell_what_is_known(ended, may_have_begun, idempotency_key)
                raise ended
            sent = self._now()
            outcome = self.attempt(request, credential)
            if not isinstance(outcome, Fault):
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
                    tell_what_is_known(outcome.error, may_have_begun, idempotency_key)
                raise outcome.error
            if not limited:
                self._sleep(wait)
            attempt += 1
            with self._counting:
                self._retries += 1

    def _renew_credential(self) -> HeyGenError | None:
        """Read a login anew that has expired; give the error where there is none any more."""
        try:
            self.credential = self.credential.renewed()
        except HeyGenError as error:
            return error
        return None

    def _wait_for_turn(self) -> None:
        while (wait := self._pace.turn(self._now())) > 0:
            self._sleep(wait)
            if not self._pace.is_paused(self._now()):
                return
            # A 429 has come meanwhile, which holds up also what had its turn.


def tell_what_is_known(error: HeyGenError, may_have_begun: bool, key: str | None) -> None:
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
