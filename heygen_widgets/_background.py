"""Beginning threads and waiting for their end, a lock that no call of others is made under, and silence at the end."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from .errors import HeyGenError

__all__ = ["Guard", "Outlet", "Threads", "begin", "report"]


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
