"""Voices, looked up one by one when somebody wants to know them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from inspect import ismethod
from typing import TypeAlias

from .._background import begin
from ..api import HeyGenClient
from ..errors import APIStatusError, HeyGenError
from ..models import Voice

__all__ = ["VoiceLookup"]

_MOST = 4  # waiting for their turn; of more, those asked for first are dropped
_KEPT = 200  # voices; one that was dropped is asked for again
_LONGEST_ID = 200  # characters
_PASSING = (401, 402, 408, 429)

_Tell: TypeAlias = Callable[[str, Voice | None], object]


class VoiceLookup:
    """Looks voices up on a thread that lives while any is asked for, the last asked for first: one request at a time.

    No voice is asked for twice, ``GET /v3/voices/{voice_id}``, unless a fault that may pass has kept the answer away,
    and then only when it is asked for anew. Nothing is raised and nothing logged.

    Parameters
    ----------
    client : HeyGenClient
    tell : callable
        Called on that thread with the id and the voice, or None where there is none to be had. A method does not keep
        its object alive: once that is gone, nothing more is looked up.
    """

    def __init__(self, client: HeyGenClient, tell: _Tell) -> None:
        self._client = client
        self._tell: Callable[[], _Tell | None] = weakref.WeakMethod(tell) if ismethod(tell) else lambda: tell
        self._lock = threading.Lock()
        self._waiting: list[str] = []  # the next one last
        self._under_way: str | None = None
        self._known: dict[str, Voice | None] = {}
        self._running = False
        self._closed = False

    def ask(self, voice_id: str) -> None:
        """Let a voice be told next; one that is known already is told again, without a request."""
        with self._lock:
            if self._closed or voice_id == self._under_way:
                return
            others = [one for one in self._waiting if one != voice_id]
            self._waiting = [*others, voice_id][-_MOST:]
            if not self._running:
                self._running = True
                try:
                    begin("voices", self._run)
                except HeyGenError:
                    self._running = False  # they stay in line for the next time that somebody asks

    def close(self) -> None:
        """Ask for nothing more and tell nothing more, not even what is under way; a call of `tell` goes on."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            self._known.clear()

    def _run(self) -> None:
        """Tell what was asked for until nothing is left: what the thread does."""
        try:
            while (voice_id := self._next()) is not None:
                voice = self._find(voice_id)
                with self._lock:
                    # Now, so that who asks while it is told is told again.
                    self._under_way = None
                    tell = None if self._closed else self._tell()
                if tell is None:
                    self.close()
                else:
                    tell(voice_id, voice)
                # A method that is held keeps its object alive.
                del tell
        except Exception:
            with self._lock:
                self._under_way, self._running = None, False
            raise

    def _next(self) -> str | None:
        with self._lock:
            self._under_way = self._waiting.pop() if self._waiting else None
            # Now, since whoever asks for another one after this has to begin another thread.
            self._running = self._under_way is not None
            return self._under_way

    def _find(self, voice_id: str) -> Voice | None:
        if len(voice_id) > _LONGEST_ID:
            return None
        with self._lock:
            if voice_id in self._known:
                return self._known[voice_id]
        try:
            voice = self._client.get_voice(voice_id)
        except (HeyGenError, ValueError) as error:
            if _may_pass(error):
                return None
            voice = None  # for good
        with self._lock:
            if not self._closed:
                self._known[voice_id] = voice
                if len(self._known) > _KEPT:
                    del self._known[next(iter(self._known))]
        return voice


def _may_pass(error: HeyGenError | ValueError) -> bool:
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or error.status_code in _PASSING
    return isinstance(error, HeyGenError)
