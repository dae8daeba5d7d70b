"""Arguments, checked before anything is sent. Each error names the argument and the value."""

from __future__ import annotations

import ipaddress
import re
from typing import TypeGuard
from urllib.parse import SplitResult, urlsplit

import requests

from .._display import is_sendable

LARGEST_PAGE = 50  # records
_LONGEST_TIMEOUT = 86_400  # s; a socket cannot hold any number
_OWNERSHIPS = ("public", "private")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_\-:.]{1,255}")
_AFTER_USER = re.compile(r".*(?:@|%40)([^/?#&;]*).*", re.DOTALL)


def checked_base_url(value: object, origin: str) -> str:
    """Check where requests go, and give it without a slash at the end.

    Parameters
    ----------
    value : str
        https, or plain http on loopback (``localhost``, 127.0.0.0/8, ``[::1]``); a path is fine; no user part, no query
        and no fragment.
    origin : str
        What the error calls it, such as ``"base_url"``.

    Raises
    ------
    TypeError
        When it is no string.
    ValueError
        When it is not such an address.
    """
    if not isinstance(value, str):
        raise TypeError(f"{origin} should be a string, not {type(value).__name__}")
    url = value.strip().rstrip("/")
    parts = split_address(url)
    if parts is None:
        raise ValueError(f"{origin} is no web address that can be used: {_without_secrets(url)!r}")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise ValueError(f"{origin} should have no user part, query or fragment: {_without_secrets(url)!r}")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(f"{origin} should begin with https:// (plain http is for this machine alone): {url!r}")
    return url


def split_address(url: str) -> SplitResult | None:
    """Split a web address whose host is the same to all who read it; None for any other."""
    # urlsplit drops control characters and takes a backslash for part of a host, where other programs see a slash.
    if not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        # Whoever asks must read the same host here: by urlsplit, what follows a bracket is no part of it.
        requests.PreparedRequest().prepare_url(url, None)
        # A host that is written in escapes is one name to some and another to others.
        usable = bool(parts.hostname) and parts.port != 0 and "%" not in parts.netloc
    except ValueError:
        return None
    return parts if usable else None


def _without_secrets(url: str) -> str:
    scheme = _SCHEME.match(url)
    start = scheme[0] if scheme else ""
    # The last @ of all counts, and only a host after it: a password may hold what begins a query, and a query an @.
    return start + _AFTER_USER.sub(r"\1", url[len(start) :]).partition("?")[0].partition("#")[0]


def is_loopback(host: str | None) -> bool:
    """Tell whether a host, as `urlsplit` gives it, is this machine by name or by address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def checked_timeout(value: object) -> tuple[float, float]:
    """Check a time-out: a pair (connect, read), or one number for both, in s, each above 0 and at most a day.

    Raises
    ------
    ValueError
        When it is anything else; waiting for ever is not on offer.
    """
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) == 2 and all(
        isinstance(part, (int, float)) and not isinstance(part, bool) and 0 < part <= _LONGEST_TIMEOUT for part in pair
    ):
        return (float(pair[0]), float(pair[1]))
    raise ValueError(
        f"timeout should be a pair (connect, read) of s, each above 0 and at most {_LONGEST_TIMEOUT}, not {value!r}"
    )


def checked_wait(value: object) -> float:
    """Check how long somebody would wait: s, from 0 to 1,000 days.

    Raises
    ------
    ValueError
        When it is anything else.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 86_400_000:
        return float(value)
    raise ValueError(f"timeout should be a number of s, from 0 to 1,000 days, not {value!r}")


def checked_idempotency_key(value: object) -> str:
    """Check what a request is to be known by: 1 to 255 letters, digits, ``_``, ``-``, ``:`` and ``.``.

    Raises
    ------
    ValueError
        When it is anything else.
    """
    if isinstance(value, str) and _IDEMPOTENCY_KEY.fullmatch(value):
        return value
    raise ValueError(f"idempotency_key should be 1 to 255 of A-Z, a-z, 0-9, _, -, : and ., not {value!r}")


def checked_max_retries(value: object) -> int:
    """Check how often a request may be sent again: an integer, 0 or more.

    Raises
    ------
    ValueError
        When it is anything else.
    """
    if _is_integer(value) and value >= 0:
        return value
    raise ValueError(f"max_retries should be an integer, 0 or more, not {value!r}")


def checked_limit(value: object, largest: int = LARGEST_PAGE) -> int:
    """Check how many records a page should have: 1 to 50, or to another largest number.

    Raises
    ------
    ValueError
        When it is anything else.
    """
    if _is_integer(value) and 1 <= value <= largest:
        return value
    raise ValueError(f"limit should be an integer from 1 to {largest}, not {value!r}")


def checked_max_items(value: object) -> int | None:
    """Check how many records are wanted in all: 0 or more, or None for all there are.

    Raises
    ------
    ValueError
        When it is anything else.
    """
    if value is None or (_is_integer(value) and value >= 0):
        return value
    raise ValueError(f"max_items should be None or an integer, 0 or more, not {value!r}")


def checked_ownership(value: object) -> str | None:
    """Check whose records are wanted: ``public``, ``private``, or None for both.

    Raises
    ------
    ValueError
        When it is anything else.
    """
    if value is None or (isinstance(value, str) and value in _OWNERSHIPS):
        return value
    raise ValueError(f"ownership should be 'public', 'private' or None, not {value!r}")


def checked_text(name: str, value: object) -> str | None:
    """Check an optional string of an open set, or an opaque one: not empty, and fit to be sent.

    Raises
    ------
    TypeError
        When it is no string.
    ValueError
        When it is empty, or has lone surrogates.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} should be a string, not {value!r}")
    if not value or not is_sendable(value):
        raise ValueError(f"{name} should be a string that is not empty and can be sent as UTF-8, not {value!r}")
    return value


def checked_id(name: str, value: object) -> str:
    """Check the id of a record.

    Raises
    ------
    TypeError
        When it is no string.
    ValueError
        When it is empty, has lone surrogates, or is one of the dots that lead to another path, quoted or not.
    """
    text = checked_text(name, value)
    if text is None or text in (".", ".."):
        raise ValueError(f"{name} should be the id of a record, not {value!r}")
    return text


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
