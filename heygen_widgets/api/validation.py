"""Checks of arguments before anything is sent. Each error names the argument and its value."""

import ipaddress
import os
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import requests

from .._display import is_sendable, shown
from .._parsing import hint_for, id_of, known_value, meant_parameter, plain, unknown_keyword

_LONGEST_TIMEOUT = 86_400  # s; sockets refuse very large numbers


def checked_base_url(value: object, default: str) -> str:
    """Check the URL of the service, by default that of the environment, and remove slashes at its end."""
    origin = "base_url"
    if value is None:
        origin, value = "HEYGEN_API_BASE", os.environ.get("HEYGEN_API_BASE") or default
    if not isinstance(value, str):
        raise TypeError(f"{origin} should be a string, not {type(value).__name__}")
    url = value.strip().rstrip("/")
    # A user part and a query may hold secrets, and a password may contain ? or #.
    safe = re.split(r"[?#&;]", re.split("@|%40", url)[-1])[0]
    if problem_with_url(url) or "?" in url or "#" in url:
        wanted = "an address with https:// (http:// only on this machine), without user part, query and fragment"
        raise ValueError(f"{origin} should be {wanted} (which are not shown here), not {safe!r}")
    return url


def problem_with_url(url: str) -> str:
    """Say why a URL is not requested: no usable address, a user part, or not over https; ``""`` if it may be."""
    try:
        parts = urlsplit(url)
        requests.PreparedRequest().prepare_url(url, None)  # parsers may disagree about the host
        usable = parts.hostname and parts.port != 0 and not re.search("[%@]", parts.netloc)
    except ValueError:
        usable = False
    # urlsplit drops control characters, reads a backslash as part of the host, and ignores text after a bracket.
    if not usable or re.search(r"[\x00-\x20\x7f\\]", url):
        return "no usable address"
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_local(url))
    return "" if is_safe else "not over https"


def is_local(url: str) -> bool:
    """Check whether the host of a URL is this machine (loopback), by name or address."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_timeout(value: object) -> tuple[float, float]:
    """Check a pair (connect, read) or one number for both, in s, each above 0 and at most a day."""
    pair = [plain(part) for part in (value if isinstance(value, (tuple, list)) else (value, value))]
    numbers = [float(part) for part in pair if isinstance(part, (int, float)) and not isinstance(part, bool)]
    if len(pair) == len(numbers) == 2 and all(0 < number <= _LONGEST_TIMEOUT for number in numbers):
        return (numbers[0], numbers[1])
    raise ValueError(f"timeout should be (connect, read) in s, each above 0, at most {_LONGEST_TIMEOUT}, not {value!r}")


def checked_key(value: object) -> str:
    """Check an idempotency key; None is a new one."""
    key = os.urandom(16).hex() if plain(value) is None else plain(value)
    if isinstance(key, str) and re.fullmatch(r"[A-Za-z0-9_\-:.]{1,255}", key):
        return key
    raise ValueError(f"idempotency_key should be 1 to 255 of A-Z, a-z, 0-9, _, -, : and ., not {value!r}")


def checked_integer(name: str, value: object, smallest: int, largest: int | None = None) -> int:
    number = plain(value)
    if isinstance(number, int) and not isinstance(number, bool) and smallest <= number <= (largest or number):
        return number
    wanted = f"from {smallest} to {largest}" if largest else f"of {smallest} or more"
    raise ValueError(f"{name} should be an integer {wanted}, not {value!r}")


def checked_text(name: str, value: object) -> str | None:
    """Check an optional text. A record stands for its id. ``..`` would lead to another path, even when quoted."""
    text = id_of(name, value)
    if text is None or (isinstance(text, str) and text not in ("", ".", "..") and is_sendable(text)):
        return text
    raise ValueError(f"{name} should be a text that UTF-8 can encode, not {shown(value)}{hint_for(name, value)}")


def checked_id(name: str, value: object) -> str:
    """Check the id of a record."""
    text = checked_text(name, value)
    if text is None:
        raise ValueError(f"{name} should be the id of a record, not {shown(value)}")
    return text


def unknown_filter(method: str, name: str, known: Iterable[str]) -> TypeError:
    """Build the error for a keyword that a list does not take: a field of `LookFilter`, or a similar name."""
    from ..filters import FilterFields  # only this error needs it

    field = meant_parameter(name, FilterFields.__annotations__)
    way_out = {"looks": "select", "look_pages": "select", "groups": "characters"}.get(method.partition("_")[2])
    if not field or field in known or not way_out:
        return unknown_keyword(method, name, known)
    what = "sort" if field == "sort" else f"filter by {field}"
    return TypeError(f"HeyGen cannot {what}. Use LookCatalogue(client).{way_out}({field}=…).")


def checked_filters(**filters: object) -> dict[str, Any]:
    """Check what the service can filter a list by."""
    known = {name: known_value(name, value) for name, value in filters.items() if name in ("avatar_type", "ownership")}
    checked = {name: checked_text(name, value) for name, value in {**filters, **known}.items()}
    if checked.get("ownership") not in (None, "public", "private"):
        raise ValueError(f"ownership should be 'public', 'private' or None, not {shown(filters['ownership'])}")
    return checked
