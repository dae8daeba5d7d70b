"""Polling a video or an agent session until it is finished, with growing intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from .._parsing import plain
from ..errors import APIStatusError, HeyGenError, MissingAPIKeyError

if TYPE_CHECKING:
    from .records import Video, VideoAgentSession

R = TypeVar("R", "Video", "VideoAgentSession")


def poll_until_finished(
    ask: Callable[[], R], timeout: float, *, now: Callable[[], float], sleep: Callable[[float], object]
) -> Iterator[R]:
    """Yield each record, until one is finished or the time-out, in s, is over; then `ask` is called once more.

    The first wait is 2 s, each next one half as long again, at most 30 s. A permanent error of `ask` is raised at once,
    a temporary one, such as a broken connection, after the time-out.
    """
    end = now() + timeout
    wait = 2.0
    while True:
        try:
            record = ask()
        except HeyGenError as error:
            if not _is_temporary(error) or now() >= end:
                raise
        else:
            yield record
            if record.is_finished or now() >= end:
                return
        sleep(min(wait, end - now()))
        wait = min(1.5 * wait, 30)


def _is_temporary(error: HeyGenError) -> bool:
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or error.status_code in (408, 429)
    return not isinstance(error, MissingAPIKeyError)


def checked_wait(value: object) -> float:
    """Return a time to wait in s, or raise a `ValueError` if it is no number from 0 to 86,400,000 (1,000 days)."""
    seconds = plain(value)
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds <= 86_400_000:
        return float(seconds)
    raise ValueError(f"timeout must be a number of s, from 0 to 1,000 days, not {value!r}")
