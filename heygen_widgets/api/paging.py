"""Records of the service: one by its id, one page, all pages, all records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

import heygen_widgets  # its modules are imported when they are used

from .._display import clip, is_sendable, shown
from .._parsing import parse, plain, text, warn
from ..errors import APIResponseError
from .transport import Transport
from .validation import checked_filters, checked_id, checked_integer, checked_text

if TYPE_CHECKING:
    from ..models import AvatarGroup, Look, Page, Voice
    from ..videos import BrandKit, Video, VideoAgentSession, VideoAgentStyle

MOST_RECORDS = 1_000_000  # of one list; a service that sends more never ends

R = TypeVar("R", "Look", "AvatarGroup", "Voice", "Video", "VideoAgentSession")
T = TypeVar("T", "Look", "AvatarGroup", "Voice", "Video", "VideoAgentStyle", "BrandKit")


class Listing(NamedTuple, Generic[T]):
    """What is listed: the endpoint, its filters, and how to read a record."""

    transport: Transport
    path: str
    query: dict[str, str | None]
    read: Callable[[object], T]
    largest_page: int


# By what is listed: the path, the module and the class of a record, the largest page, and the filters.
_LISTS: dict[str, tuple[Any, ...]] = {
    "looks": ("/v3/avatars/looks", "models", "Look", 50, "group_id", "avatar_type", "ownership"),
    "groups": ("/v3/avatars", "models", "AvatarGroup", 50, "ownership"),
    "voices": ("/v3/voices", "models", "Voice", 100, "type", "engine", "language", "gender"),
    "videos": ("/v3/videos", "videos", "Video", 100, "title", "folder_id"),
    "video_agent_styles": ("/v3/video-agents/styles", "videos", "VideoAgentStyle", 100, "tag"),
    "brand_kits": ("/v3/brand-kits", "videos", "BrandKit", 100),
}


def listing_of(transport: Transport, name: str, *filters: object) -> Listing[Any]:
    """Describe a list, with its filters in the order above; they are checked."""
    path, module, kind, largest_page, *names = _LISTS[name]
    query = checked_filters(**dict(zip(names, filters, strict=True)))
    record = getattr(getattr(heygen_widgets, module), kind)
    read = getattr(record, "from_json", None) or partial(parse, record)
    if "ownership" in query:
        read = partial(read, ownership=query["ownership"])
    if name == "videos":  # the reason of a failure may repeat the key
        return Listing(transport, path, query, lambda record: transport.read(read, {"data": record}), largest_page)
    return Listing(transport, path, query, read, largest_page)


def fetch_page(listing: Listing[T], limit: int, token: str | None) -> Page[T]:
    """Fetch one page and read its records. Invalid records are skipped with a `UserWarning`, unless all are."""
    __tracebackhide__ = True  # in IPython: fewer frames between the user's call and the error
    path = listing.path
    limits = {"limit": checked_integer("limit", limit, 1, listing.largest_page), "token": checked_text("token", token)}
    content = listing.transport.request("GET", path, {**listing.query, **limits})
    records = content["data"]
    if not isinstance(records, list):
        raise APIResponseError(f"'data' in the response is no list but {type(records).__name__}.\nGET {path}")
    items, problems = [], []
    for record in records:
        try:
            items.append(listing.read(record))
        except APIResponseError as error:
            problems.append(error)
    if problems and not items:
        raise APIResponseError(f"{problems[0]}\nGET {path}")
    if problems:
        warn(f"{len(problems)} of {len(records)} records cannot be read and are skipped. {problems[0]} (GET {path})")
    following, has_more = content.get("next_token"), content.get("has_more")
    following = following if isinstance(following, str) and following and is_sendable(following) else None
    has_more = has_more if isinstance(has_more, bool) else following is not None
    return heygen_widgets.models.Page(tuple(items), has_more, following if has_more else None)


def fetch_joined_page(listings: Mapping[str, Listing[T]], limit: int, token: str | None) -> Page[T]:
    """Fetch one page of lists that follow each other: where one ends in a page, the next one fills it.

    A token is the name of a list, how many records of a page have been in an earlier one, and the cursor of that page
    (empty for the first one): ``public:17:<cursor>``. The tokens of a single list are those of the service.
    """
    __tracebackhide__ = True
    names = [*listings]
    if len(names) == 1:
        return fetch_page(listings[names[0]], limit, token)
    parts = re.fullmatch(r"(\w+):([0-9]{1,7}):(.*)", checked_text("token", token) or f"{names[0]}:0:", re.DOTALL)
    if parts is None or parts[1] not in names:
        raise ValueError(f"token should be a next_token of the same list, not {shown(token)}")
    past, cursor = int(parts[2]), parts[3]
    found: list[T] = []
    for name in names[names.index(parts[1]) :]:
        page = fetch_page(listings[name], limit, cursor or None)
        taken = page[past : past + limit - len(found)]
        found += taken
        past += len(taken)
        following = f"{name}:{past}:{cursor}" if past < len(page) else page.next_token and f"{name}:0:{page.next_token}"
        if past < len(page) or page.has_more:
            return heygen_widgets.models.Page(tuple(_unique(found)), True, following)
        past, cursor = 0, ""
    return heygen_widgets.models.Page(tuple(_unique(found)))


def fetch_record(transport: Transport, path: str, name: str, item_id: object, kind: type[R]) -> R:
    """Fetch one record by its id, whose parameter is called `name`. Another record is an `APIResponseError`."""
    __tracebackhide__ = True
    item_id = checked_id(name, item_id)
    path = f"{path}/{quote(item_id, safe='')}"
    record = transport.read(kind.from_json, transport.request("GET", path))
    found = getattr(record, "session_id" if name == "session_id" else "id")
    if found != text(item_id):
        raise APIResponseError(f"HeyGen sent another record, {clip(found)!r}. Try again.\nGET {path}")
    return record


def iter_pages(listing: Listing[T], limit: int, token: str | None) -> Iterator[Page[T]]:
    """Fetch pages until the last; the arguments are checked at once. A list without an end is an `APIResponseError`."""
    __tracebackhide__ = True
    limit = checked_integer("limit", limit, 1, listing.largest_page)
    return _pages(listing, limit, checked_text("token", token))


def iter_items(max_items: int | None, *listings: Listing[T]) -> Iterator[T]:
    """Iterate over the records of one list after the other, at most `max_items`; pages are fetched when needed."""
    __tracebackhide__ = True
    max_items = None if plain(max_items) is None else checked_integer("max_items", max_items, 0)
    largest_page = listings[0].largest_page
    # A token is valid only with its limit, so every page has the same one and the last page is cut here.
    pages = (page for listing in listings for page in _pages(listing, min(largest_page, max_items or largest_page)))
    return islice(_unique(record for page in pages for record in page), max_items)


def _unique(records: Iterable[T]) -> Iterator[T]:
    """Leave out records whose id has occurred: when one is added, the next page starts with one of the last page."""
    known: set[str] = set()
    for record in records:
        if record.id not in known:
            known.add(record.id)
            yield record


def _pages(listing: Listing[T], limit: int, token: str | None = None) -> Iterator[Page[T]]:
    __tracebackhide__ = True
    tokens = {None, token}
    known: set[str] = set()
    repeating = 0
    while True:
        page = fetch_page(listing, limit, token)
        yield page
        if not page.has_more:
            return
        new = {record.id for record in page} - known
        known |= new
        if len(known) >= MOST_RECORDS:
            raise APIResponseError(f"The list does not end after {len(known):,} records.\nGET {listing.path}")
        repeating = 0 if new else repeating + 1
        token = page.next_token
        if token in tokens or repeating == 3:
            problem = "no new next_token" if token in tokens else f"{repeating} pages in a row with nothing new"
            raise APIResponseError(f"HeyGen has more records, but sent {problem}.\nGET {listing.path}")
        tokens.add(token)
