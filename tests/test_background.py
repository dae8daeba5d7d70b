"""The worker: newest first, one at a time, on a thread that lives only while there is work."""

import threading

import pytest
from avatar_service import end_of, our_threads

from heygen_widgets._background import Worker


class Steps:
    """Handles requests when it is allowed to, and notes their order."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.allowed = threading.Semaphore(0)
        self.started = threading.Semaphore(0)

    def __call__(self, request: str) -> None:
        self.started.release()
        assert self.allowed.acquire(timeout=30)
        self.handled.append(request)

    def busy(self, **options: int) -> Worker[str]:
        """Return a worker that handles its first request."""
        worker = Worker("test", self, **options)
        worker.submit("first")
        assert self.started.acquire(timeout=30)
        return worker

    def finish(self, worker: Worker[str]) -> list[str]:
        for _ in range(100):
            self.allowed.release()
        worker.join()
        return self.handled


def test_the_newest_request_is_handled_first_none_twice_and_of_too_many_the_oldest_are_dropped() -> None:
    steps = Steps()
    worker = steps.busy()
    worker.submit("a", "b")
    worker.submit("c", "a", "first")
    assert steps.finish(worker) == ["first", "c", "a", "b"]
    steps = Steps()
    worker = steps.busy(limit=2)
    worker.submit("old")
    worker.submit("a", "b")
    assert steps.finish(worker) == ["first", "a", "b"]


def test_a_closed_worker_finishes_its_request_and_takes_no_more() -> None:
    steps = Steps()
    worker = steps.busy()
    worker.submit("never")
    worker.close()
    worker.submit("late")
    assert steps.finish(worker) == ["first"]


def test_the_next_request_waits_for_the_interval_and_closing_ends_the_pause() -> None:
    steps = Steps()
    worker = steps.busy(interval=3_600)
    worker.submit("next")
    steps.allowed.release(2)
    assert not steps.started.acquire(timeout=0.2)
    worker.close()
    assert end_of(our_threads())
    assert steps.handled == ["first"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_an_error_the_next_request_starts_another_thread() -> None:
    handled = []

    def handle(request: str) -> None:
        handled.append(request)
        if request == "bad":
            raise RuntimeError("a bug")

    worker = Worker("test", handle)
    worker.submit("bad", "waits")
    worker.join()
    worker.submit("next")
    worker.join()
    assert handled == ["bad", "next", "waits"]
