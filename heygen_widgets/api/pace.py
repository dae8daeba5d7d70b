"""How fast requests may follow each other, once the service has said that they came too fast."""

from __future__ import annotations

import threading

__all__ = ["Pace"]

_FIRST_GAP = 1.0  # s
_LONGEST_GAP = 5.0  # s
_SHRINKING = 0.9  # of the gap, with each answer
_NO_GAP = 0.01  # s
_FORGOTTEN = 60.0  # s without a request, after which there is no gap any more


class Pace:
    """The common pace of all threads of a client. Times are in s, on any clock that only goes forward.

    There is none at first: requests go out at once. A 429 stops them all for as long as it says; then they go out one
    by one, the gap between two doubled with each further 429 and a tenth shorter with each other answer, until there is
    none again. The service publishes no limit, so that it has to be felt for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0  # when the next request may go out
        self._gap = 0.0
        self._paused_until = 0.0
        self._slowed_at = float("-inf")

    def turn(self, now: float) -> float:
        """Take the next turn, and give how long to wait for it."""
        with self._lock:
            if now - self._next > _FORGOTTEN:
                self._gap = 0.0
            start = max(now, self._next)
            self._next = start + self._gap
            return start - now

    def is_paused(self, now: float) -> bool:
        """Whether nothing may go out, not even what had its turn."""
        with self._lock:
            return now < self._paused_until

    def slow_down(self, now: float, pause: float, sent: float) -> None:
        """Let nothing go out for a while, and then more slowly: after a 429 to what went out at a time."""
        with self._lock:
            # What was under way together came too fast together, and is one reason to go more slowly.
            if sent > self._slowed_at:
                self._slowed_at = now
                self._gap = min(max(2 * self._gap, _FIRST_GAP), _LONGEST_GAP)
            self._paused_until = max(self._paused_until, now + pause)
            self._next = max(self._next, self._paused_until)

    def speed_up(self) -> None:
        """Shorten the gap: after any other answer."""
        with self._lock:
            self._gap = self._gap * _SHRINKING if self._gap > _NO_GAP else 0.0
