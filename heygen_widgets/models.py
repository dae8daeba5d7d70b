"""Records with the API's field names: frozen values, cleaned once, here.

U+FFFD replaces lone surrogates and NULs, which break pandas, Parquet and Jupyter. An optional field of the wrong type
counts as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar, overload

import heygen_widgets  # its modules are imported when they are used

from . import _parsing as read
from ._display import TITLES, cards, shown, voice_table

if TYPE_CHECKING:
    import pandas as pd

    from .videos.options import VideoOptions

__all__ = ["COLUMNS", "AvatarGroup", "Failure", "Look", "Looks", "Page", "Voice"]

R = TypeVar("R", bound="Look | AvatarGroup | Voice")
T = TypeVar("T")

NOT_READY = frozenset({"processing", "pending_consent", "failed"})
"""The statuses of looks that cannot be used in a video now."""
MOST_SELECTED = 120
"""The most looks that a picker selects."""
COLUMNS = (
    *("id", "name", "avatar_type", "ownership", "group_id", "group_name", "gender", "orientation"),
    *("image_width", "image_height", "supported_api_engines", "tags", "status", "is_ready"),
    *("error_code", "error_message", "default_voice_id", "preview_image_url", "preview_video_url"),
)
"""The columns of a table of looks."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The field ``error`` of a look or a group: why the service could not make it."""

    code: str | None = None
    message: str | None = None


def _failure(value: object) -> Failure | None:
    if isinstance(value, Failure):
        return Failure(read.label(value.code), read.text(value.message))
    if not isinstance(value, dict):
        return None
    code, message = read.label(value.get("code")), read.text(value.get("message"))
    return None if code is None and message is None else Failure(code, message)


@dataclass(frozen=True, slots=True, repr=False)
class Look:
    """One avatar look, as ``GET /v3/avatars/looks`` lists it. Missing values are None or empty.

    Frozen and hashable by `id`. Equality ignores the preview URLs, `ownership`, `extra` and `group_name`.

    Attributes
    ----------
    id, name
        HeyGen's video endpoints take the id as ``avatar_id``; never empty. The name is as served, and not unique.
    avatar_type, supported_api_engines, status, gender
        Open sets: ``studio_avatar``, ``digital_twin``, ``photo_avatar``; ``avatar_iv``, ``avatar_v``, ``avatar_iii``;
        ``processing``, ``pending_consent``, ``completed``, ``failed``. The gender is ``female``, ``male`` or None.
    preview_image_url, preview_video_url, image_width, image_height
        A signed URL expires within days; until then, anyone who has it can see a face that may be private. Sizes are in
        px, at least 1. Of the `tags` and engines, only the first 1,000 are kept.
    ownership, extra
        ``public`` or ``private`` if the request asked for one of them, which the service does not send; and unknown
        fields, with ``gender`` as served if it differs. Do not change them.
    group_id, group_name
        The avatar group (character). Its name is only in a catalogue with groups, or from a table.
    """

    id: str
    name: str
    avatar_type: str
    group_id: str | None = None
    gender: str | None = None
    preview_image_url: str | None = field(default=None, compare=False)
    preview_video_url: str | None = field(default=None, compare=False)
    default_voice_id: str | None = None
    tags: tuple[str, ...] = ()
    supported_api_engines: tuple[str, ...] = ()
    status: str | None = None
    image_width: int | None = None
    image_height: int | None = None
    preferred_orientation: str | None = None
    error: Failure | None = field(default=None, metadata={"parse": _failure})
    ownership: str | None = field(default=None, compare=False)
    extra: dict[str, Any] = field(default_factory=dict, compare=False)
    group_name: str | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash(self.id)

    __repr__ = read.repr_of("id", "name", "avatar_type")

    def _repr_html_(self) -> str:
        return cards((self,))

    _page_html = staticmethod(cards)

    @property
    def orientation(self) -> str | None:
        """``portrait``, ``landscape`` (one side is at least 10 % longer), ``square`` or None.

        Without a size in px it is `preferred_orientation` if that is one of the three.
        """
        width, height = self.image_width, self.image_height
        if width is None or height is None:
            return self.preferred_orientation if self.preferred_orientation in TITLES["orientation"] else None
        if 10 * width >= 11 * height:
            return "landscape"
        return "portrait" if 10 * height >= 11 * width else "square"

    @property
    def is_ready(self) -> bool:
        """Whether a video can use the look: False only for ``processing``, ``pending_consent`` and ``failed``."""
        return self.status not in NOT_READY

    @property
    def engines(self) -> tuple[str, ...]:
        """The same as `supported_api_engines`."""
        return self.supported_api_engines

    @property
    def default_engine(self) -> str:
        """The engine of a video request that names none: ``avatar_iv`` if the look lists it, or no engine of the API.

        Otherwise ``avatar_v`` or ``avatar_iii``, whichever it lists first: `VideoRequest.check` adds it to the request.
        """
        return heygen_widgets.videos.options.default_engine(self.supported_api_engines)

    def video_options(self, engine: str | None = None) -> VideoOptions:
        """Return for each parameter of ``POST /v3/videos`` whether it is allowed, refused or unknown, and why.

        A notebook shows a table; ``options["expressiveness"].state`` is one value. The `engine` is one such as
        ``avatar_v``; None means `default_engine`. Other types raise `TypeError`.
        """
        if not (engine is None or isinstance(engine, str)):
            raise TypeError(f"engine should be a string such as 'avatar_v', not {shown(engine)}")
        return heygen_widgets.videos.options.video_options(self.avatar_type, self.supported_api_engines, engine)

    @classmethod
    def from_json(cls, record: object, *, ownership: str | None = None) -> Look:
        """Parse one look of a response, a JSON object for which the request asked for an `ownership`.

        An `APIResponseError` if it is no object, or ``id`` (not empty), ``name`` or ``avatar_type`` is not a string.
        """
        return read.parse(cls, record, ownership)

    def to_json(self) -> dict[str, Any]:
        """Return the record as the service sends it, without `ownership`; missing fields are null or empty."""
        return _to_json(self)

    def to_dict(self) -> dict[str, Any]:
        """Return one row of `looks_to_frame` as JSON values: lists for tuples, None for NA. It has the preview URLs."""
        row = {name: value(self) for name, value in COLUMN_VALUES.items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}


class Looks(tuple[Look, ...]):
    """A tuple of looks that a notebook shows as cards and a terminal as one line."""

    __slots__ = ()

    def __repr__(self) -> str:
        ids = [read.short(look.id) for look in self[:3]] + ["…"] * (len(self) > 3)
        return f"<Looks: {len(self):,} look{'' if len(self) == 1 else 's'}{': ' if ids else ''}{', '.join(ids)}>"

    @overload
    def __getitem__(self, index: SupportsIndex) -> Look: ...

    @overload
    def __getitem__(self, index: slice) -> Looks: ...

    def __getitem__(self, index: SupportsIndex | slice) -> Look | Looks:
        return Looks(super().__getitem__(index)) if isinstance(index, slice) else super().__getitem__(index)

    def to_frame(self, *, flat: bool = False, previews: bool = True) -> pd.DataFrame:
        """Return the looks as a DataFrame; see `looks_to_frame`."""
        return heygen_widgets.looks_to_frame(self, flat=flat, previews=previews)

    def _repr_html_(self) -> str | None:
        return cards(self) if self else None


@dataclass(frozen=True, slots=True, repr=False)
class AvatarGroup:
    """One avatar group (a character with its looks), as ``GET /v3/avatars`` lists it. Missing values are None.

    Equality and the other fields are as in `Look`. `HeyGenClient.list_looks` takes the `id` as ``group_id``; a video
    cannot use it. `created_at` is a Unix time in s, from 0 to the end of the year 9999.
    """

    id: str
    name: str
    created_at: int | None = None
    looks_count: int | None = None
    gender: str | None = None
    preview_image_url: str | None = field(default=None, compare=False)
    preview_video_url: str | None = field(default=None, compare=False)
    default_voice_id: str | None = None
    consent_status: str | None = None
    status: str | None = None
    error: Failure | None = field(default=None, metadata={"parse": _failure})
    ownership: str | None = field(default=None, compare=False)
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    __repr__ = read.repr_of("id", "name", "looks_count")

    @classmethod
    def from_json(cls, record: object, *, ownership: str | None = None) -> AvatarGroup:
        """Parse one avatar group of a response, as `Look.from_json` does; ``id`` and ``name`` are required."""
        return read.parse(cls, record, ownership)

    def to_json(self) -> dict[str, Any]:
        """Return the record as the service sends it, as `Look.to_json` does."""
        return _to_json(self)


@dataclass(frozen=True, slots=True, repr=False)
class Voice:
    """One voice, as ``GET /v3/voices`` lists it and ``GET /v3/voices/{voice_id}`` returns it. Missing values are None.

    Equality and the other fields are as in `Look`. The `voice_id` is the `default_voice_id` of a look; never empty.

    Attributes
    ----------
    language, status, type, preview_audio_url
        Open sets, such as ``English``; ``processing``, ``complete``, ``failed`` (not in lists); ``public``, ``private``
        (the account's own). The sample's URL is as served; one with ``s3://`` cannot be played.
    support_pause, support_locale
        Whether a script for this voice may contain pauses, and a request may choose a locale (accent).
    """

    voice_id: str
    name: str | None = None
    language: str | None = None
    gender: str | None = None
    preview_audio_url: str | None = field(default=None, compare=False)
    status: str | None = None
    support_pause: bool | None = None
    type: str | None = None
    support_locale: bool | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """The same as `voice_id`."""
        return self.voice_id

    __repr__ = read.repr_of("voice_id", "name")

    @classmethod
    def from_json(cls, record: object) -> Voice:
        """Parse one voice of a response, as `Look.from_json` does; only ``voice_id`` is required."""
        return read.parse(cls, record)

    def _repr_html_(self) -> str:
        return voice_table((self,))

    _page_html = staticmethod(voice_table)


@dataclass(frozen=True)
class Page(Sequence[T]):
    """One page of a list: a sequence of its `data`. A notebook shows looks as cards, and voices and videos as tables.

    If there is another page (`has_more`), `next_token` is its cursor, valid with the same filters and limit; else None.
    """

    data: tuple[T, ...]
    has_more: bool = False
    next_token: str | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.data)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self.data[index]

    def _repr_html_(self) -> str | None:
        kinds = {type(record) for record in self.data}
        to_html = getattr(kinds.pop(), "_page_html", None) if len(kinds) == 1 else None
        more = "<div>There are more: list the next page with <code>token=page.next_token</code>.</div>"
        return to_html(self.data) + more * bool(self.next_token) if to_html else None


COLUMN_VALUES: dict[str, Callable[[Look], Any]] = {
    **{name: attrgetter(name) for name in COLUMNS},
    "error_code": lambda look: look.error and look.error.code,
    "error_message": lambda look: look.error and look.error.message,
}
"""A function for the value of a look in each column."""


def checked_records(records: Iterable[R], kind: type[R]) -> tuple[R, ...]:
    """Return records. A `ValueError` names a value that `from_json` would change; another kind is a `TypeError`."""
    checked = tuple(records)
    for other in set(map(type, checked)):
        if not issubclass(other, kind):
            raise TypeError(f"expected {kind.__name__} records, not {other.__name__}")
    for name, parse in _checks(kind).items():
        for record, value in zip(checked, map(attrgetter(name), checked), strict=True):
            try:
                if value == parse(value):
                    continue
            except (AttributeError, LookupError, TypeError, ValueError):  # of pandas.NA, an array or another type
                pass
            problem = f"{kind.__name__} {str(record.id)[:60]!r} has an invalid {name}, {repr(value)[:200]}"
            raise ValueError(f"{problem}: make it by {kind.__name__}.from_json, which cleans values")
    return checked


def _checks(kind: Any) -> dict[str, read.Parser]:  # noqa: ANN401 - a class of records
    """Return for each field what leaves only valid values as they are."""
    sent, needed = read.parsers_of(kind), read.required(kind)
    parsers = {**sent, **dict.fromkeys(needed, lambda value: read.text(value) or "")}
    parsers |= {needed[0]: lambda value: read.text(value) or "missing", "group_name": read.text}
    parsers |= {"ownership": lambda value: value if value in ("private", "public") else None}
    parsers |= {"extra": partial(read.unknown_fields, known=sent)}
    return {field.name: parsers[field.name] for field in fields(kind)}


def _to_json(record: Look | AvatarGroup) -> dict[str, Any]:
    kind: Any = type(record)
    values = {name: getattr(record, name) for name in read.parsers_of(kind)}
    values |= {name: list(value) for name, value in values.items() if type(value) is tuple}
    values["error"] = record.error and asdict(record.error)
    return values | record.extra  # last: it has the gender as served
