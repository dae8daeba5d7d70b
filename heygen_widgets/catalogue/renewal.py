"""Previews whose signed URLs have expired, renewed one by one while they are looked at.

The thread holds a `Renewal` and never the catalogue it is for, so that it ends when nobody has that any more.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeAlias

from .._background import Threads
from ..api import HeyGenClient
from ..errors import APIResponseError, APIStatusError, HeyGenError
from ..models import AvatarGroup, Look
from .store import LookStore

__all__ = ["Renewal", "expiry"]

_GAP = 0.5  # s, the least between two requests
_MOST = 600  # waiting for their turn; others have to be asked for again

# Ten digits, from 2001 to 2286: anything else is no time that a preview could expire at.
_EXPIRES = re.compile(r"\s*(?i:https?)://[^?#]*\?(?:[^#]*&)?Expires=([1-9][0-9]{9})(?:[&#]|$)")

_Record: TypeAlias = Look | AvatarGroup
_Key: TypeAlias = tuple[type[Look] | type[AvatarGroup], str]


def expiry(url: str | None) -> int | None:
    """Tell when a preview URL expires, as Unix time in s; None for one that isn't signed, or tells no time that can be.

    Parameters
    ----------
    url : str or None
        As served, whatever it is.
    """
    found = _EXPIRES.match(url) if url else None
    return int(found[1]) if found else None


class Renewal:
    """Asks for looks and avatar groups again whose preview URL has expired, on a thread while there are any.

    At most two requests a second, what was asked for last first. No expired URL is asked about twice, unless a fault
    that may pass has kept the answer away, and then only when it is asked for anew: ``GET /v3/avatars/looks/{look_id}``
    and ``GET /v3/avatars/{group_id}``.

    Parameters
    ----------
    client : HeyGenClient
    store_now : callable
        Gives the store that is shown; None where there is none any more that this client's account may be asked for.
    changed : threading.Condition
        Guards the state here.
    threads : Threads
        Where threads are begun.
    note_change : callable
        Called after each record that was renewed.

    Attributes
    ----------
    running : bool
    """

    def __init__(
        self,
        client: HeyGenClient,
        store_now: Callable[[], LookStore | None],
        changed: threading.Condition,
        threads: Threads,
        note_change: Callable[[], None],
    ) -> None:
        self.running = False
        self._client = client
        self._store_now = store_now
        self._changed = changed
        self._threads = threads
        self._note_change = note_change
        self._waiting: list[_Key] = []  # the next one first
        self._given_up: dict[_Key, str] = {}  # expired URLs for which there is no better one
        self._free_at = 0.0  # when the next request may go out
        self._time = time.time  # by which URLs expire
        self._now = time.monotonic
        self._pause: Callable[[float], object] = changed.wait  # which a `stop` ends

    def ask(self, records: Iterable[_Record]) -> None:
        """Renew some looks and groups next, in their order, where their preview URLs have expired."""
        with self._changed:
            due = map(_key, filter(self._is_due, records))
            self._waiting = list(dict.fromkeys([*due, *self._waiting]))[:_MOST]
            if self._waiting and not self.running:
                self.running = True
                try:
                    self._threads.begin("previews", self._run)
                except HeyGenError:
                    self.running = False  # they stay in line for the next time that somebody asks

    def stop(self) -> None:
        """Stop after the request under way; called under `changed`."""
        self._waiting.clear()
        self._changed.notify_all()

    def _is_due(self, record: _Record) -> bool:
        url = record.preview_image_url
        return self._has_expired(url) and self._given_up.get(_key(record)) != url

    def _has_expired(self, url: str | None) -> bool:
        until = expiry(url)
        return until is not None and until <= self._time()

    def _run(self) -> None:
        """Renew what was asked for until nothing is left: what the thread does."""
        try:
            while turn := self._next():
                self._renew(*turn)
        except Exception:
            with self._changed:
                self.running = False
            raise

    def _next(self) -> tuple[LookStore, _Record] | None:
        """Wait for the next one's turn; what has come anew by then, or is not there any more, takes none."""
        with self._changed:
            while self._waiting:
                kind, record_id = self._waiting[0]
                store = self._store_now()
                if store is None:
                    self.stop()
                    break
                known = store.get(record_id) if kind is Look else store.groups.get(record_id)
                if known is None or not self._is_due(known):
                    self._waiting.pop(0)
                elif (left := self._free_at - self._now()) > 0:
                    self._pause(left)
                else:
                    self._waiting.pop(0)
                    self._free_at = self._now() + _GAP
                    return store, known
            # Now, since whoever asks for another one after this has to begin another thread.
            self.running = False
            return None

    def _renew(self, store: LookStore, known: _Record) -> None:
        kind, record_id = _key(known)
        try:
            fresh = self._client.get_look(record_id) if kind is Look else self._client.get_group(record_id)
        except (HeyGenError, ValueError) as error:
            self._fail(known, error)
            return
        if fresh.id != record_id:
            self._give_up(known)
        elif self._store_now() is store:
            store.renew_previews(fresh)
            if self._has_expired(fresh.preview_image_url):
                self._give_up(fresh)
            self._note_change()

    def _fail(self, known: _Record, error: HeyGenError | ValueError) -> None:
        if _is_common(error):
            with self._changed:
                self.stop()
        elif not (isinstance(error, APIStatusError) and error.status_code >= 500):
            self._give_up(known)

    def _give_up(self, record: _Record) -> None:
        with self._changed:
            self._given_up[_key(record)] = record.preview_image_url or ""


def _key(record: _Record) -> _Key:
    return (Look if isinstance(record, Look) else AvatarGroup), record.id


def _is_common(error: HeyGenError | ValueError) -> bool:
    """Whether it tells of the connection, the login or the account, so that the next request would end alike."""
    if isinstance(error, APIStatusError):
        return error.status_code in (401, 402, 429)
    return isinstance(error, HeyGenError) and not isinstance(error, APIResponseError)
