"""How fast requests may follow each other, once the service has said that they came too fast."""

from __future__ import annotations

import threading

__all__ = ["Pace"]

_FIRST_GAP = 0.25  # s
_LONGEST_GAP = 5.0  # s
_SHRINKING = 0.9  # of the gap, with each answer
_NO_GAP = 0.01  # s


class Pace:
    """The common pace of all threads of a client. Times are in s, on any clock that only goes forward.

    There is none at first: requests go out at once. A 429 stops them all until it is over; then they go out one by one,
    the gap between two doubled with each 429 and a tenth shorter with each success, until there is none again. The
    service publishes no limit, so that it has to be felt for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0  # when the next request may go out
        self._gap = 0.0

    def turn(self, now: float) -> float:
        """Take the next turn, and give how long to wait for it."""
        with self._lock:
            start = max(now, self._next)
            self._next = start + self._gap
            return start - now

    def slow_down(self, now: float, pause: float) -> None:
        """Let nothing go out for a while, and then more slowly: after a 429."""
        with self._lock:
            self._gap = min(max(2 * self._gap, _FIRST_GAP), _LONGEST_GAP)
            self._next = max(self._next, now + pause)

    def speed_up(self) -> None:
        """Shorten the gap: after a success."""
        with self._lock:
            self._gap = self._gap * _SHRINKING if self._gap > _NO_GAP else 0.0
