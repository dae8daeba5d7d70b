"""What all endpoints have in common: the client's settings, single records, and paging."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NoReturn, Self, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

import requests

from .._display import is_sendable, literal
from ..errors import APIResponseError
from ..models import AvatarGroup, Look, Page, Voice
from .credentials import Secret, find
from .transport import Transport
from .validation import (
    LARGEST_PAGE,
    checked_base_url,
    checked_id,
    checked_max_items,
    checked_max_retries,
    checked_timeout,
    is_loopback,
)

__all__ = ["BASE_URL", "Client", "Query"]

T = TypeVar("T", Look, AvatarGroup, Voice)

BASE_URL = "https://api.heygen.com"
_MOST_IDLE = 3  # pages

Query: TypeAlias = dict[str, str | int | None]


class Client:
    """The part of `HeyGenClient` that knows no endpoint; its parameters are explained there."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | tuple[float, float] = (5, 30),
        max_retries: int = 2,
        session: requests.Session | None = None,
    ) -> None:
        if not (api_key is None or isinstance(api_key, str)):
            kind = type(api_key).__name__
            del api_key
            raise TypeError(f"api_key should be a string, not {kind}")
        key = None if api_key is None else Secret(api_key)
        # A verbose traceback prints local variables.
        del api_key
        if base_url is not None:
            address = checked_base_url(base_url, "base_url")
        else:
            address = checked_base_url(os.environ.get("HEYGEN_API_BASE") or BASE_URL, "HEYGEN_API_BASE")
        self._transport = Transport(
            find(key),
            base_url=address,
            timeout=checked_timeout(timeout),
            max_retries=checked_max_retries(max_retries),
            session=session,
        )

    def __repr__(self) -> str:
        if not hasattr(self, "_transport"):
            # Something is wrong with its arguments, and the traceback shows local variables.
            return "HeyGenClient(…)"
        return f"HeyGenClient({self._transport.base_url!r}, key from {self._transport.credential.source})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A HeyGenClient holds a key and open connections, so it can be neither copied nor pickled.")

    @property
    def base_url(self) -> str:
        """Where requests go, without a slash at the end."""
        return self._transport.base_url

    @property
    def is_local(self) -> bool:
        """Whether requests go to this machine (loopback), as those to the stand-in do."""
        return is_loopback(urlsplit(self.base_url).hostname)

    @property
    def code(self) -> str:
        """Python that makes a client for the same service, such as ``HeyGenClient()``; never with its key."""
        # Where the environment names another service, the default has to be told too.
        if self.base_url == BASE_URL and not os.environ.get("HEYGEN_API_BASE"):
            return "HeyGenClient()"
        return f"HeyGenClient(base_url={literal(self.base_url)})"

    @property
    def account(self) -> str:
        """A digest that tells accounts apart and nothing else: 32 hexadecimal digits.

        It stays the same for the same key; with an OAuth login, for the user that the credentials file names, and it is
        ``""`` where that names nobody.
        """
        return self._transport.account

    @property
    def settings(self) -> tuple[object, ...]:
        """What makes two clients interchangeable: address, account, time-outs, retries and session; never the key."""
        return self._transport.settings

    @property
    def retries(self) -> int:
        """How many requests this client has sent again so far, in all threads."""
        return self._transport.retries

    def close(self) -> None:
        """Close the connections. A later request opens new ones."""
        self._transport.close()

    def _object(self, path: str, name: str, item_id: str) -> object:
        return self._transport.request("GET", f"{path}/{quote(checked_id(name, item_id), safe='')}")["data"]

    def _page(self, path: str, query: Query, limit: int, token: str | None, read: Callable[[object], T]) -> Page[T]:
        content = self._transport.request("GET", path, {**query, "limit": limit, "token": token})
        records = content["data"]
        if not isinstance(records, list):
            raise APIResponseError(f"GET {path} was answered with 'data' that is no list but {type(records).__name__}.")
        items, problems = [], []
        for record in records:
            try:
                items.append(read(record))
            except APIResponseError as error:
                problems.append(error)
        if problems:
            if not items:
                raise problems[0]
            number = f"{len(problems)} of {len(records)} records"
            warnings.warn(f"GET {path}: {number} cannot be read and are left out. {problems[0]}", stacklevel=3)
        return Page(tuple(items), *_continuation(content))

    def _pages(
        self, path: str, query: Query, limit: int, token: str | None, read: Callable[[object], T]
    ) -> Iterator[Page[T]]:
        seen = {token}
        known: set[str] = set()
        idle = 0
        while True:
            page = self._page(path, query, limit, token, read)
            yield page
            if not page.has_more:
                return
            before = len(known)
            known.update(record.id for record in page)
            idle = 0 if len(known) > before else idle + 1
            if idle == _MOST_IDLE:
                raise APIResponseError(f"GET {path}: the service sent {idle} pages in a row with nothing new.")
            token = page.next_token
            if token is None:
                raise APIResponseError(
                    f"GET {path}: the service says that more follows, but not where (no next_token)."
                )
            if token in seen:
                raise APIResponseError(f"GET {path}: the service sent a next_token for the second time.")
            seen.add(token)

    def _items(
        self,
        path: str,
        query: Query,
        max_items: int | None,
        read: Callable[[object], T],
        largest_page: int = LARGEST_PAGE,
    ) -> Iterator[T]:
        if checked_max_items(max_items) == 0:
            return iter(())
        # The service wants a token back with the limit it was given for, so that the last page is cut here instead.
        limit = min(largest_page, max_items or largest_page)
        pages = self._pages(path, query, limit, None, read)
        return islice(_each_once(item for page in pages for item in page), max_items)


def _each_once(items: Iterable[T]) -> Iterator[T]:
    """Leave out what has come already: where a record appears meanwhile, the next page begins with one of the last."""
    seen: set[str] = set()
    for item in items:
        if item.id not in seen:
            seen.add(item.id)
            yield item


def _continuation(content: dict[str, Any]) -> tuple[bool, str | None]:
    """Read `has_more` and `next_token`: where one is missing, the other one tells, so that nothing ends too soon."""
    token = content.get("next_token")
    if not isinstance(token, str) or not token or not is_sendable(token):
        token = None
    has_more = content.get("has_more")
    if not isinstance(has_more, bool):
        has_more = token is not None
    # An end that is told is the end, whatever token comes with it.
    return has_more, token if has_more else None
