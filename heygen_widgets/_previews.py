"""Which preview URLs a page may show."""

from __future__ import annotations

import re
from typing import Protocol

__all__ = ["image", "page", "sound", "video"]

_LONGEST_URL = 100_000  # characters; a signed one has 400, a small picture as a data URL some thousands

# A browser takes white space and control characters out of a URL before it reads the scheme.
_VIDEO = re.compile(r"https?://[^\s/?#\\@:][^\x00-\x1f\x7f]*", re.IGNORECASE)
_PICTURE = re.compile(rf"(?:{_VIDEO.pattern}|data:image/[^\x00-\x1f\x7f]*)", re.IGNORECASE)


class HasPreviews(Protocol):
    """A look or an avatar group."""

    @property
    def preview_image_url(self) -> str | None: ...

    @property
    def preview_video_url(self) -> str | None: ...


def image(record: HasPreviews) -> str | None:
    """Give the URL of the picture that can be shown of a look or group: of http, https or ``data:image/`` alone."""
    return _of(_PICTURE, record.preview_image_url)


def video(record: HasPreviews) -> str | None:
    """Give the URL of the clip that can be shown of a look or group: of http or https alone."""
    return _of(_VIDEO, record.preview_video_url)


def sound(url: str | None) -> str | None:
    """Give the URL of a sound that can be played: of http or https alone."""
    return _of(_VIDEO, url)


def page(url: str | None) -> str | None:
    """Give the URL of something that a browser can fetch or go to: of http or https alone."""
    return _of(_VIDEO, url)


def _of(kind: re.Pattern[str], url: str | None) -> str | None:
    url = (url or "").strip()
    return url if len(url) <= _LONGEST_URL and kind.fullmatch(url) else None
