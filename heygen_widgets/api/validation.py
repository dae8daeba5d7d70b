"""Checks of arguments before anything is sent. Each error names the argument and its value."""

from __future__ import annotations

import ipaddress
import re
from typing import TypeGuard
from urllib.parse import SplitResult, urlsplit

import requests

from .._display import is_sendable

LARGEST_PAGE = 50  # records
_LONGEST_TIMEOUT = 86_400  # s; sockets refuse very large numbers
_LONGEST_POLLING = 86_400_000  # s
_OWNERSHIPS = ("public", "private")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_\-:.]{1,255}")
_AFTER_USER = re.compile(r".*(?:@|%40)([^/?#&;]*).*", re.DOTALL)


def checked_base_url(value: object, origin: str) -> str:
    """Check the URL of the service and remove slashes at its end.

    Parameters
    ----------
    value : str
        https, or plain http on loopback (``localhost``, 127.0.0.0/8, ``[::1]``). A path is fine; a user part, a query
        and a fragment are not.
    origin : str
        The name in the error, such as ``"base_url"``.
    """
    if not isinstance(value, str):
        raise TypeError(f"{origin} should be a string, not {type(value).__name__}")
    url = value.strip().rstrip("/")
    parts = split_address(url)
    if parts is None:
        raise ValueError(f"{origin} is not a usable web address: {_without_secrets(url)!r}")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise ValueError(f"{origin} should have no user part, query or fragment: {_without_secrets(url)!r}")
    if not _is_safe_scheme(parts):
        raise ValueError(f"{origin} should start with https:// (plain http is only for this machine): {url!r}")
    return url


def problem_with_media_url(url: str) -> str:
    """Say why a picture or film is not fetched from a URL; ``""`` if it may be."""
    parts = split_address(url)
    if parts is None or "@" in parts.netloc:
        return "no usable address"
    return "" if _is_safe_scheme(parts) else "not over https"


def split_address(url: str) -> SplitResult | None:
    """Split a web address; None if it is invalid, or if parsers disagree about its host."""
    # urlsplit drops control characters and reads a backslash as part of the host; other programs read a slash.
    if not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        # urlsplit ignores text after a bracket; requests refuses it.
        requests.PreparedRequest().prepare_url(url, None)
        # Programs disagree about escapes in a host name.
        usable = bool(parts.hostname) and parts.port != 0 and "%" not in parts.netloc
    except ValueError:
        return None
    return parts if usable else None


def _is_safe_scheme(parts: SplitResult) -> bool:
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def _without_secrets(url: str) -> str:
    scheme = _SCHEME.match(url)
    start = scheme[0] if scheme else ""
    # Keep only the host after the last @: a password may contain ? or #, and a query may contain @.
    return start + _AFTER_USER.sub(r"\1", url[len(start) :]).partition("?")[0].partition("#")[0]


def is_loopback(host: str | None) -> bool:
    """Check whether a host, as `urlsplit` returns it, is this machine by name or address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def checked_timeout(value: object) -> tuple[float, float]:
    """Check a pair (connect, read) or one number for both, in s, each above 0 and at most a day."""
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) == 2 and all(_is_number(part) and 0 < part <= _LONGEST_TIMEOUT for part in pair):
        return (float(pair[0]), float(pair[1]))
    raise ValueError(
        f"timeout should be a pair (connect, read) of s, each above 0 and at most {_LONGEST_TIMEOUT}, not {value!r}"
    )


def checked_idempotency_key(value: object) -> str:
    if isinstance(value, str) and _IDEMPOTENCY_KEY.fullmatch(value):
        return value
    raise ValueError(f"idempotency_key should be 1 to 255 of A-Z, a-z, 0-9, _, -, : and ., not {value!r}")


def checked_max_retries(value: object) -> int:
    if _is_integer(value) and value >= 0:
        return value
    raise ValueError(f"max_retries should be an integer, 0 or more, not {value!r}")


def checked_limit(value: object, largest: int = LARGEST_PAGE) -> int:
    """Check the size of a page: 1 to `largest` records."""
    if _is_integer(value) and 1 <= value <= largest:
        return value
    raise ValueError(f"limit should be an integer from 1 to {largest}, not {value!r}")


def checked_max_items(value: object) -> int | None:
    if value is None or (_is_integer(value) and value >= 0):
        return value
    raise ValueError(f"max_items should be None or an integer, 0 or more, not {value!r}")


def checked_ownership(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value in _OWNERSHIPS):
        return value
    raise ValueError(f"ownership should be 'public', 'private' or None, not {value!r}")


def checked_text(name: str, value: object) -> str | None:
    """Check an optional string: not empty, and without lone surrogates."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} should be a string, not {value!r}")
    if not value or not is_sendable(value):
        raise ValueError(f"{name} should be a string that is not empty and can be sent as UTF-8, not {value!r}")
    return value


def checked_id(name: str, value: object) -> str:
    """Check the id of a record. ``.`` and ``..`` would lead to another path, even when quoted."""
    text = checked_text(name, value)
    if text is None or text in (".", ".."):
        raise ValueError(f"{name} should be the id of a record, not {value!r}")
    return text


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
