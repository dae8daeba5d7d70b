"""Polling a video or an agent session until it is finished, with growing intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from ..errors import APIStatusError, HeyGenError, MissingAPIKeyError

__all__ = ["Progressing", "poll_until_finished"]

_FIRST_WAIT = 2.0  # s
_LONGEST_WAIT = 30.0  # s
_GROWTH = 1.5  # from one wait to the next


class Progressing(Protocol):
    """A record that tells whether it will change any more."""

    @property
    def is_finished(self) -> bool: ...


R = TypeVar("R", bound=Progressing)


def poll_until_finished(
    ask: Callable[[], R], timeout: float, *, now: Callable[[], float], sleep: Callable[[float], object]
) -> Iterator[R]:
    """Give what is told each time, the last time once that is finished or the time is over.

    The first wait is 2 s, each further one half as long again, at most 30 s. An error that may pass, such as a broken
    connection, is passed over as long as there is time.

    Parameters
    ----------
    ask : callable
    timeout : float
        In s; it is asked once more when they are over.
    now, sleep : callable
        The clock and the wait, in s.

    Raises
    ------
    HeyGenError
        What `ask` raises, if it will not pass, or comes when the time is over.
    """
    end = now() + timeout
    wait = _FIRST_WAIT
    while True:
        problem = None
        try:
            record = ask()
        except HeyGenError as error:
            if not _may_pass(error):
                raise
            problem = error
        else:
            yield record
            if record.is_finished:
                return
        left = end - now()
        if left <= 0:
            if problem:
                raise problem
            return
        sleep(min(wait, left))
        wait = min(_GROWTH * wait, _LONGEST_WAIT)


def _may_pass(error: HeyGenError) -> bool:
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or error.status_code in (408, 429)
    return not isinstance(error, MissingAPIKeyError)
