"""Polling a video or an agent session until it is finished, with growing intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from ..errors import APIStatusError, HeyGenError, MissingAPIKeyError

__all__ = ["Progressing", "checked_wait", "poll_until_finished"]

_FIRST_WAIT = 2.0  # s
_LONGEST_WAIT = 30.0  # s
_GROWTH = 1.5  # from one wait to the next


class Progressing(Protocol):
    """A record that will not change any more once `is_finished` is true."""

    @property
    def is_finished(self) -> bool: ...


R = TypeVar("R", bound=Progressing)


def poll_until_finished(
    ask: Callable[[], R], timeout: float, *, now: Callable[[], float], sleep: Callable[[float], object]
) -> Iterator[R]:
    """Yield each record, until one is finished or the time-out is over.

    The first wait is 2 s, each next one half as long again, at most 30 s. Temporary errors, such as a broken
    connection, are skipped until the time-out is over.

    Times are in s. When the time-out is over, `ask` is called once more.

    Raises
    ------
    HeyGenError
        From `ask`: at once if it is permanent, else after the time-out.
    """
    end = now() + timeout
    wait = _FIRST_WAIT
    while True:
        problem = None
        try:
            record = ask()
        except HeyGenError as error:
            if not _is_temporary(error):
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


def _is_temporary(error: HeyGenError) -> bool:
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or error.status_code in (408, 429)
    return not isinstance(error, MissingAPIKeyError)


def checked_wait(value: object) -> float:
    """Check a time to wait, in s.

    Raises
    ------
    ValueError
        When it is not a number from 0 to 86,400,000 (1,000 days).
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 86_400_000:
        return float(value)
    raise ValueError(f"timeout must be a number of s, from 0 to 1,000 days, not {value!r}")
