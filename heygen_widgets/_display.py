"""How records look to people: labels, initials, URLs that a page may show, HTML cards and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from .models import AvatarGroup, Failure, Look, Voice
    from .videos import Video, VideoAgentStyle

LONGEST_TEXT = 200
"""The most characters of a name, a search, an id or a filter value."""

# Characters that break the line, are invisible, or change the direction of the text around them.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
_SURROGATES = re.compile("[\ud800-\udfff]")  # UTF-8 cannot encode them


def clip(value: object) -> str:
    """Shorten a text to 200 characters on one line, without characters that affect the text around it."""
    text = value if isinstance(value, str) else ""
    text = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")  # as in records
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _UNSEEN.sub("", _BREAKS.sub(" ", text)))


def fits(value: object, longest: int = LONGEST_TEXT) -> TypeGuard[str]:
    """Check that a value is a string that a message carries unchanged."""
    return isinstance(value, str) and len(value) <= longest and is_sendable(value) and "\0" not in value


def echo(value: object) -> str | None:
    """Return the id that a view sent with its request, or None if it is not a short string."""
    return value if fits(value) else None


def shown(value: object) -> str:
    """Return the `repr` of a value for an error; only its type if it is long or, as a row, holds a preview URL."""
    text = repr(value)
    return text if len(text) <= LONGEST_TEXT and "://" not in text else f"a {type(value).__name__}"


def is_sendable(text: str) -> bool:
    return not _SURROGATES.search(text)


def literal(text: str) -> str:
    """Return the Python literal of a text, quoted as a formatter would, with only printable characters."""
    if text.count('"') > text.count("'"):
        # `repr` chooses its quotes by the characters in the text.
        return "'" + repr('"' + text)[2:]
    return '"' + '\\"'.join(repr("'" + part)[2:-1] for part in text.split('"')) + '"'


TITLES = {
    "avatar_type": {"photo_avatar": "Photo avatar", "digital_twin": "Digital twin", "studio_avatar": "Studio avatar"},
    "ownership": {"private": "Private", "public": "Public"},
    "gender": {"female": "Female", "male": "Male"},
    "orientation": {"portrait": "Portrait", "landscape": "Landscape", "square": "Square"},
    "engine": {"avatar_v": "Avatar V", "avatar_iv": "Avatar IV", "avatar_iii": "Avatar III"},
    "status": {
        "completed": "Completed",
        "processing": "Processing",
        "pending_consent": "Waiting for consent",
        "failed": "Failed",
    },
    "video_status": {
        "pending": "Waiting for its turn",
        "thinking": "Thinking",
        "waiting_for_input": "Waiting for an answer",
        "reviewing": "Waiting for an answer",
        "generating": "Rendering",
        "processing": "Rendering",
        "completed": "Completed",
        "failed": "Failed",
    },
}
"""The labels of known values by field, in display order."""


def title(field: str, value: str) -> str:
    return TITLES.get(field, {}).get(value, clip(value)).strip() or ("Unnamed" if value else "Not specified")


def title_of_character(group_id: str, name: str) -> str:
    return clip(name).strip() or clip(group_id).strip() or ("Unnamed" if group_id else "No character")


def name_of(look_id: str, name: str) -> str:
    return clip(name).strip() or clip(look_id).strip() or "Unnamed"


def reason(failure: Failure | None) -> str | None:
    return (clip(failure.message).strip() or clip(failure.code).strip() or None) if failure else None


def initials(name: str) -> str:
    """Return up to two initials, shown in place of a missing picture."""
    letters = [word[0].upper() for word in name.split() if word[0].isalnum()]
    return "".join(letters[:1] + letters[1:][-1:])[:2] or "?"


_LONGEST_URL = 100_000  # characters; a signed URL has about 400, a small picture as a data URL some thousands
# Control characters are not allowed: browsers remove them before they read the scheme.
_REST = r"[^\x00-\x1f\x7f\ud800-\udfff]*"
_VIDEO = re.compile(rf"https?://[^\s/?#\\@:]{_REST}", re.IGNORECASE)
_PICTURE = re.compile(rf"(?:{_VIDEO.pattern}|data:image/{_REST})", re.IGNORECASE)


def image(record: Look | AvatarGroup | VideoAgentStyle) -> str | None:
    """Return the URL of a record's preview picture if its scheme is http, https or ``data:image/``."""
    return page(getattr(record, "preview_image_url", None) or getattr(record, "thumbnail_url", None), _PICTURE)


def page(url: str | None, allowed: re.Pattern[str] = _VIDEO) -> str | None:
    """Return a URL, such as that of a preview clip, if it is allowed: by default, if its scheme is http or https."""
    url = (url or "").strip()
    return url if len(url) <= _LONGEST_URL and allowed.fullmatch(url) else None


MOST_CARDS = 24
_LONGEST_CARD_URL = 4_000  # characters; a saved notebook keeps them
# Inline styles: a style element would also apply to the rest of the page, and some pages remove it.
_LINE = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
_AREA = "display:block;width:100%;height:140px;background:rgba(128,128,128,.15)"


def cards(records: Sequence[Look | VideoAgentStyle]) -> str:
    """Return HTML that shows the first records side by side, and the number of the others on the last line."""
    more = len(records) - MOST_CARDS
    rest = f'<div style="margin:8px 4px">… and {more:,} more</div>' if more > 0 else ""
    shown = "".join(map(_card, records[:MOST_CARDS]))
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px;color:inherit">{shown}</div>{rest}'


def _card(record: Look | VideoAgentStyle) -> str:
    from html import escape  # slow, and only a notebook needs it

    name, record_id, url = name_of(record.id, record.name or ""), escape(clip(record.id)), image(record) or ""
    avatar_type = getattr(record, "avatar_type", None)
    line = clip(", ".join(record.tags)) if avatar_type is None else title("avatar_type", avatar_type)
    picture = (
        f'<img src="{escape(url)}" alt="" loading="lazy" referrerpolicy="no-referrer" '
        f'style="{_AREA};margin:0;object-fit:contain">'
        if 0 < len(url) <= _LONGEST_CARD_URL
        else f'<div style="{_AREA};font-size:32px;line-height:140px;text-align:center">{escape(initials(name))}</div>'
    )
    return (
        '<div style="width:160px;border:1px solid rgba(128,128,128,.4);border-radius:6px;overflow:hidden;'
        f'font-size:13px;line-height:1.4">{picture}<div style="padding:6px 8px">'
        f'<div style="{_LINE};font-weight:600" title="{escape(name)}">{escape(name)}</div>'
        f'<div style="{_LINE}">{escape(line)}</div>'
        f'<code style="display:block;{_LINE};color:inherit;background:none;padding:0;font-size:11px" '
        f'title="{record_id}">{record_id}</code></div></div>'
    )


def voice_table(voices: Sequence[Voice]) -> str:
    """Return HTML with a row for each voice, with a player if its sample is on the web. Only a click loads a sample."""
    from html import escape

    rows = []
    for voice in voices:
        name, url = escape(name_of(voice.voice_id, voice.name or "")), page(voice.preview_audio_url) or ""
        known = {"language": voice.language, "gender": voice.gender, "ownership": voice.type}
        player = (
            f'<audio controls preload="none" src="{escape(url)}" aria-label="Sample of {name}" '
            'style="width:240px;height:32px;vertical-align:middle"></audio>'
        )
        cells = [name, *(escape(title(field, value)) if value else "" for field, value in known.items())]
        sample = player if 0 < len(url) <= _LONGEST_CARD_URL else "no sample"
        rows.append([*cells, f"<code>{escape(clip(voice.voice_id))}</code>", sample])
    return table(("Name", "Language", "Gender", "Type", "Voice ID", "Sample"), rows)


def video_table(videos: Sequence[Video]) -> str:
    """Return HTML with a row for each video, without URLs."""
    from datetime import datetime
    from html import escape

    rows = []
    for video in videos:
        created = ""
        with suppress(ValueError, OverflowError, OSError):  # of a time that this system cannot show
            created = f"{datetime.fromtimestamp(video.created_at):%Y-%m-%d %H:%M}" if video.created_at else ""
        length = "" if video.duration is None else f"{video.duration:g} s"
        texts = (clip(video.title) or "Untitled", title("video_status", video.status), created, length)
        rows.append([*map(escape, texts), f"<code>{escape(clip(video.id))}</code>"])
    return table(("Title", "Status", "Started", "Length", "Video ID"), rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return HTML of a table that scrolls, of texts that are escaped."""
    style = 'style="text-align:left;max-width:480px;overflow-wrap:anywhere"'
    lines = [("th", heads), *(("td", row) for row in rows)]
    cells = ("".join(f"<{tag} {style}>{text}</{tag}>" for text in texts) for tag, texts in lines)
    content = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<div style="max-height:440px;overflow:auto;color:inherit"><table>{content}</table></div>'
