"""Daemon threads, and one worker that serves the newest request first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from .errors import HeyGenError

__all__ = ["Worker", "start_thread"]

T = TypeVar("T", bound=Hashable)


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread.

    Raises
    ------
    HeyGenError
        When the machine has no thread left, or the interpreter is shutting down.
    """
    thread = threading.Thread(target=target, name=f"heygen_widgets: {name}", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise HeyGenError(f"The thread for {name} could not start: {error}.") from None
    return thread


class Worker(Generic[T]):
    """Handle requests one at a time on a daemon thread, the newest first.

    The thread starts with the first request and ends when none is left.

    Parameters
    ----------
    name : str
        What the work is, for the name of the thread.
    handle : callable
        Called on the thread with each request. An exception is reported by `threading.excepthook`, and the next
        `submit` continues with what is left.
    limit : int, default 100
        Waiting requests. The oldest ones are dropped.
    interval : float, default 0.0
        Time between the starts of two requests, in s, at least.
    """

    def __init__(self, name: str, handle: Callable[[T], object], *, limit: int = 100, interval: float = 0.0) -> None:
        self._name = name
        self._handle = handle
        self._limit = limit
        self._interval = interval
        self._changed = threading.Condition()
        self._waiting: dict[T, None] = {}  # the next one last
        self._current: T | None = None
        self._thread: threading.Thread | None = None
        self._next_start = 0.0  # on the clock of `time.monotonic`
        self._closed = False

    @property
    def running(self) -> bool:
        """Whether a request is waiting or handled."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def submit(self, *requests: T) -> None:
        """Handle these requests next, in their order. One that is already waiting or handled is not added again.

        Raises
        ------
        HeyGenError
            When no thread can start. The requests stay in line for the next call.
        """
        with self._changed:
            if self._closed:
                return
            for request in reversed(requests):
                if request != self._current or not self.running:
                    self._waiting.pop(request, None)
                    self._waiting[request] = None
            while len(self._waiting) > self._limit:
                del self._waiting[next(iter(self._waiting))]
            if self._waiting and not self.running:
                self._thread = start_thread(self._name, self._run)

    def clear(self) -> None:
        """Drop the requests that are waiting."""
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Drop the requests that are waiting, and take no more."""
        self._closed = True
        self.clear()

    def join(self) -> None:
        """Wait until no request is left; a call from the worker's own thread returns at once."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while (request := self._next()) is not None:
            self._handle(request)

    def _next(self) -> T | None:
        with self._changed:
            self._current = None
            while self._waiting and (left := self._next_start - time.monotonic()) > 0:
                self._changed.wait(left)
            if not self._waiting:
                # Under the lock: the next `submit` has to start another thread.
                self._thread = None
                return None
            self._current, _ = self._waiting.popitem()
            self._next_start = time.monotonic() + self._interval
            return self._current
