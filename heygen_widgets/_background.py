"""Daemon threads, and one worker that serves the newest request first."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

WIDGET_LOCK = threading.RLock()
"""Guards the traits and the messages of all widgets. Code that holds it may call a catalogue, never the reverse."""


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread. Python raises `RuntimeError` if the machine has no thread left."""
    thread = threading.Thread(target=target, name=f"heygen_widgets: {name}", daemon=True)
    thread.start()
    return thread


class Worker(Generic[T]):
    """Handle requests one at a time on a daemon thread, the newest first, with a pause of `interval` s after each.

    The thread starts with the first request and ends when none is left. At most `limit` requests wait; the oldest ones
    are dropped. `threading.excepthook` reports an exception of `handle`, and the next `submit` continues.
    """

    def __init__(self, name: str, handle: Callable[[T], object], *, limit: int = 100, interval: float = 0.0) -> None:
        self._name = name
        self._handle = handle
        self._limit = limit
        self._interval = interval
        self._lock = threading.Lock()
        self._waiting: dict[T, None] = {}  # the next one last
        self._current: T | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def submit(self, *requests: T) -> None:
        """Handle these requests next, each once."""
        with self._lock:
            if self._closing.is_set():
                return
            for request in reversed(requests):
                if request != self._current:
                    self._waiting.pop(request, None)
                    self._waiting[request] = None
            while len(self._waiting) > self._limit:
                del self._waiting[next(iter(self._waiting))]
            if self._waiting and not (self._thread and self._thread.is_alive()):
                self._thread = start_thread(self._name, self._run)

    def clear(self) -> None:
        """Drop the requests that are waiting."""
        with self._lock:
            self._waiting.clear()

    def close(self) -> None:
        """Drop the requests that are waiting, and take no more."""
        self._closing.set()
        self.clear()

    def join(self) -> None:
        """Wait until no request is left; a call from the worker's own thread returns at once."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None  # the next `submit` has to start another one
                    return
                request, _ = self._waiting.popitem()
                self._current = request
            try:
                self._handle(request)
            finally:
                self._current = None
            self._closing.wait(self._interval)  # a pause that closing ends
