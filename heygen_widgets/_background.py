"""Beginning threads and waiting for their end, a lock that no call of others is made under, and silence at the end."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Generic, TypeVar

from .errors import HeyGenError

__all__ = ["Guard", "Outlet", "Threads", "Worker", "begin", "report", "start_thread"]

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


def begin(name: str, target: Callable[..., None], *arguments: object) -> threading.Thread:
    """Begin a daemon thread.

    Raises
    ------
    HeyGenError
        Where there can be none: too many threads, or the interpreter ends.
    """
    thread = threading.Thread(target=target, args=arguments, name=f"heygen_widgets: {name}", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise HeyGenError(f"No thread could begin for the {name}: {error}.") from None
    return thread


def report(error: Exception) -> None:
    """Report an error as if it had ended this thread."""
    threading.excepthook(
        threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
    )


class Threads:
    """The threads of one owner, which can wait for their end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: list[threading.Thread] = []

    def begin(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        """Begin a daemon thread, as `begin` does."""
        thread = begin(name, target, *arguments)
        with self._lock:
            self._begun = [*(one for one in self._begun if one.is_alive()), thread]

    def join(self) -> None:
        """Wait until those begun so far have ended; a thread of theirs that asks does not wait for itself."""
        with self._lock:
            begun = self._begun
        for thread in begun:
            if thread is not threading.current_thread():
                thread.join()


class Guard:
    """A lock that its thread may take again, and after whose release calls are made that were put off till then.

    So calls of others, such as observers of the user's, can take any lock and wait for any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._owner: int | None = None
        self._depth = 0
        self._put_off: list[Callable[[], object]] = []

    def __enter__(self) -> None:
        self._lock.acquire()
        self._owner = threading.get_ident()
        self._depth += 1

    def __exit__(self, *exc_info: object) -> None:
        calls: list[Callable[[], object]] = []
        self._depth -= 1
        if not self._depth:
            self._owner = None
            calls, self._put_off = self._put_off, calls
        self._lock.release()
        # All are made, also when one raises.
        with ExitStack() as stack:
            for call in reversed(calls):
                stack.callback(call)

    def put_off(self, call: Callable[[], object]) -> None:
        """Make a call once this thread has released the lock; at once if it does not hold it.

        Of calls that are equal the first is made, and no other.
        """
        if self._owner != threading.get_ident():
            call()
        elif call not in self._put_off:
            self._put_off.append(call)

    @contextmanager
    def released(self) -> Iterator[None]:
        """Let others take the lock for a while, however often this thread, which may hold it or not, has taken it."""
        depth = self._depth if self._owner == threading.get_ident() else 0
        kept: list[Callable[[], object]] = []
        if depth:
            kept, self._put_off = self._put_off, kept
            self._depth, self._owner = 0, None
        for _ in range(depth):
            self._lock.release()
        try:
            yield
        finally:
            interruption = None
            taken = 0
            while taken < depth:
                try:
                    self._lock.acquire()
                    taken += 1
                except BaseException as error:  # noqa: BLE001 - such as Ctrl-C: it is raised once all is as it was
                    interruption = error
            if depth:
                self._depth, self._owner = depth, threading.get_ident()
                # Others may have been told more since: these stand for no call that comes.
                self._put_off = [partial(call) for call in kept]
            if interruption:
                raise interruption


class Outlet:
    """Lets one thread after another send, and nobody once the interpreter ends.

    A kernel that ends closes its sockets whatever threads still use them, and a thread that sends meanwhile aborts the
    process.

    Parameters
    ----------
    owner : object
        Kept by nothing in here.
    """

    def __init__(self, owner: object) -> None:
        self._lock = threading.RLock()
        self._closed = False
        # What was registered last is called first: a kernel's own end was registered before any widget was made.
        atexit.register(self._close)
        weakref.finalize(owner, atexit.unregister, self._close).atexit = False

    def _close(self) -> None:
        with self._lock:
            self._closed = True

    def let(self, send: Callable[[], object]) -> None:
        """Make a call that sends, unless the interpreter ends."""
        with self._lock:
            if not self._closed:
                send()
