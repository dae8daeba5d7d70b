"""The thin API module: one short method an endpoint, and paging."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

import requests

from ._arguments import (
    LARGEST_PAGE,
    checked_base_url,
    checked_id,
    checked_limit,
    checked_max_items,
    checked_max_retries,
    checked_ownership,
    checked_text,
    checked_timeout,
    is_sendable,
)
from ._credentials import Secret, find
from ._text import literal
from ._transport import Transport
from .errors import APIResponseError
from .models import AvatarGroup, Look, Page, Voice

__all__ = ["HeyGenClient"]

T = TypeVar("T", Look, AvatarGroup)

BASE_URL = "https://api.heygen.com"
_LOOKS = "/v3/avatars/looks"
_GROUPS = "/v3/avatars"
_VOICES = "/v3/voices"
_MOST_IDLE = 3  # pages
_RENAMED_TYPES = {"video_avatar": "digital_twin"}

Query = dict[str, str | int | None]


class HeyGenClient:
    """HeyGen's avatars, by its v3 API. Threads may share a client; a copy or a pickle of it is refused.

    Parameters
    ----------
    api_key : str or None, default None
        None takes the environment variable ``HEYGEN_API_KEY``, else the file of HeyGen's own command-line client
        (``credentials`` in ``HEYGEN_CONFIG_DIR`` or ``~/.heygen``), which may hold an OAuth login instead.
    base_url : str or None, default None
        None takes the environment variable ``HEYGEN_API_BASE``, else ``https://api.heygen.com``. Plain http is for
        loopback alone, and loopback bypasses proxies.
    timeout : tuple of float, default (5, 30)
        Connect and read time-out in s, or one number for both. An answer that drips ends after connect + 2 × read, its
        headers too unless `session` is given.
    max_retries : int, default 2
        How often a request is sent again after 429, and after 500, 502, 503, 504 or a broken connection where that is
        safe. Waits 1 s, then twice as long each time, or as long as the service asks for, at most 30 s. After a 429 all
        threads of the client wait, and then go on one by one, soon as fast as before. With 0 nothing waits. The
        variable ``HEYGEN_MAX_RETRIES`` of HeyGen's own client is not read: this argument says it all.
    session : requests.Session or None, default None
        A session of your own, say for a proxy or a certificate. It is neither changed (though its cookie jar takes what
        the service sets) nor closed.

    Raises
    ------
    MissingAPIKeyError
        When there is no key, or what was found cannot be one. It is a `ValueError` too.
    ValueError, TypeError
        When another argument makes no sense.

    Notes
    -----
    All methods raise `HeyGenError` and its subclasses when the service or the network fails, and `ValueError` or
    `TypeError`, before anything is sent, when an argument makes no sense.

    Of a list, a record that cannot be read, say for want of an id, is left out with a `UserWarning`, so that one does
    not bar the way to all others; a page without any that can be read is an `APIResponseError`.
    """

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

    def __enter__(self) -> HeyGenClient:
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

    def list_looks(
        self,
        *,
        group_id: str | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Look]:
        """List one page of avatar looks: ``GET /v3/avatars/looks``.

        Parameters
        ----------
        group_id : str or None, default None
            Only the looks of this avatar group.
        avatar_type : str or None, default None
            ``studio_avatar``, ``digital_twin``, ``photo_avatar`` or a newer one; ``video_avatar`` is sent under its new
            name, ``digital_twin``.
        ownership : {"public", "private"} or None, default None
            None for both. The looks' `ownership` is what is given here.
        limit : int, default 20
            Looks a page, 1 to 50.
        token : str or None, default None
            ``next_token`` of the page before, with the same filters and the same limit.

        Returns
        -------
        Page of Look
        """
        query = _look_query(group_id, avatar_type, ownership)
        return self._page(_LOOKS, query, checked_limit(limit), checked_text("token", token), Look.from_json)

    def iter_looks(
        self,
        *,
        group_id: str | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        max_items: int | None = None,
    ) -> Iterator[Look]:
        """Go through avatar looks to the end, asking for pages as they are needed: ``GET /v3/avatars/looks``.

        Parameters
        ----------
        group_id, avatar_type, ownership
            As for `list_looks`; they are checked at once.
        max_items : int or None, default None
            Stop after so many; None for all of them.

        Raises
        ------
        APIResponseError
            When the pages have no proper end, after the looks that came before.
        """
        query = _look_query(group_id, avatar_type, ownership)
        return self._items(_LOOKS, query, max_items, Look.from_json)

    def iter_look_pages(
        self,
        *,
        group_id: str | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        limit: int = LARGEST_PAGE,
        token: str | None = None,
    ) -> Iterator[Page[Look]]:
        """Go through avatar looks page by page: ``GET /v3/avatars/looks``.

        Parameters
        ----------
        group_id, avatar_type, ownership, limit
            As for `list_looks`, but pages of 50 by default; they are checked at once.
        token : str or None, default None
            Where to go on: ``next_token`` of a page asked for with the same filters and the same limit.

        Raises
        ------
        APIResponseError
            When the pages have no proper end, after the pages that came before.
        """
        query = _look_query(group_id, avatar_type, ownership)
        return self._pages(_LOOKS, query, checked_limit(limit), checked_text("token", token), Look.from_json)

    def get_look(self, look_id: str) -> Look:
        """Get one avatar look, with preview URLs that are fresh: ``GET /v3/avatars/looks/{look_id}``.

        Parameters
        ----------
        look_id : str
            The id of a look, not of a group.

        Raises
        ------
        NotFoundError
            When there is none with this id.
        """
        return Look.from_json(self._object(_LOOKS, "look_id", look_id))

    def list_groups(
        self, *, ownership: str | None = None, limit: int = 20, token: str | None = None
    ) -> Page[AvatarGroup]:
        """List one page of avatar groups (characters): ``GET /v3/avatars``.

        Parameters
        ----------
        ownership, limit, token
            As for `list_looks`.

        Returns
        -------
        Page of AvatarGroup
        """
        query = _group_query(ownership)
        return self._page(_GROUPS, query, checked_limit(limit), checked_text("token", token), AvatarGroup.from_json)

    def iter_groups(self, *, ownership: str | None = None, max_items: int | None = None) -> Iterator[AvatarGroup]:
        """Go through avatar groups to the end, asking for pages as they are needed: ``GET /v3/avatars``.

        Parameters
        ----------
        ownership, max_items
            As for `iter_looks`.
        """
        return self._items(_GROUPS, _group_query(ownership), max_items, AvatarGroup.from_json)

    def iter_group_pages(
        self, *, ownership: str | None = None, limit: int = LARGEST_PAGE, token: str | None = None
    ) -> Iterator[Page[AvatarGroup]]:
        """Go through avatar groups page by page: ``GET /v3/avatars``.

        Parameters
        ----------
        ownership, limit, token
            As for `iter_look_pages`.
        """
        query = _group_query(ownership)
        return self._pages(_GROUPS, query, checked_limit(limit), checked_text("token", token), AvatarGroup.from_json)

    def get_group(self, group_id: str) -> AvatarGroup:
        """Get one avatar group: ``GET /v3/avatars/{group_id}``.

        Parameters
        ----------
        group_id : str
            The id of a group, not of a look.

        Raises
        ------
        NotFoundError
            When there is none with this id.
        """
        return AvatarGroup.from_json(self._object(_GROUPS, "group_id", group_id))

    def get_voice(self, voice_id: str) -> Voice:
        """Get one voice, such as the `default_voice_id` of a look: ``GET /v3/voices/{voice_id}``.

        Parameters
        ----------
        voice_id : str
            The id of a voice.

        Raises
        ------
        NotFoundError
            When there is none with this id.
        """
        return Voice.from_json(self._object(_VOICES, "voice_id", voice_id))

    def _object(self, path: str, name: str, item_id: str) -> object:
        return self._transport.request("GET", f"{path}/{quote(checked_id(name, item_id), safe='')}")["data"]

    def _page(self, path: str, query: Query, limit: int, token: str | None, read: Callable[..., T]) -> Page[T]:
        content = self._transport.request("GET", path, {**query, "limit": limit, "token": token})
        records, ownership = content["data"], query["ownership"]
        if not isinstance(records, list):
            raise APIResponseError(f"GET {path} was answered with 'data' that is no list but {type(records).__name__}.")
        items, problems = [], []
        for record in records:
            try:
                items.append(read(record, ownership=ownership))
            except APIResponseError as error:
                problems.append(error)
        if problems:
            if not items:
                raise problems[0]
            number = f"{len(problems)} of {len(records)} records"
            warnings.warn(f"GET {path}: {number} cannot be read and are left out. {problems[0]}", stacklevel=3)
        return Page(tuple(items), *_continuation(content))

    def _pages(
        self, path: str, query: Query, limit: int, token: str | None, read: Callable[..., T]
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

    def _items(self, path: str, query: Query, max_items: int | None, read: Callable[..., T]) -> Iterator[T]:
        if checked_max_items(max_items) == 0:
            return iter(())
        # The service wants a token back with the limit it was given for, so that the last page is cut here instead.
        limit = min(LARGEST_PAGE, max_items or LARGEST_PAGE)
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


def _look_query(group_id: str | None, avatar_type: str | None, ownership: str | None) -> Query:
    avatar_type = checked_text("avatar_type", avatar_type)
    return {
        "group_id": None if group_id is None else checked_id("group_id", group_id),
        "avatar_type": _RENAMED_TYPES.get(avatar_type, avatar_type) if avatar_type else None,
        **_group_query(ownership),
    }


def _group_query(ownership: str | None) -> Query:
    return {"ownership": checked_ownership(ownership)}
