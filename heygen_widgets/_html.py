"""Looks as cards of HTML for the output of a cell: escaped, bounded, without a script, in the colours around them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from ._text import clip
from ._titles import initials, name_of, title

__all__ = ["MOST_CARDS", "Card", "cards"]

MOST_CARDS = 24

_LONGEST_URL = 4_000  # characters; a saved notebook keeps them
_LONGEST_IN_ALL = 60_000  # characters of URLs

# Styles stand in each element: a style element would reach beyond these cards, and not every page keeps one.
_LINE = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
_AREA = "display:block;width:100%;height:140px;background:rgba(128,128,128,.15)"


class Card(NamedTuple):
    """What is shown of a look, as it was served, but for the picture: a URL that a page may show, or None."""

    id: str
    name: str
    avatar_type: str
    picture: str | None


def cards(shown: Iterable[Card], more: int = 0) -> str:
    """Give HTML that shows cards side by side.

    Parameters
    ----------
    shown : iterable of Card
        At most `MOST_CARDS`.
    more : int, default 0
        How many others there are, which the last line tells.
    """
    parts = []
    left = _LONGEST_IN_ALL
    for item in shown:
        url = item.picture if item.picture and len(item.picture) <= min(_LONGEST_URL, left) else None
        left -= len(url or "")
        parts.append(_card(item, url))
    rest = f'<div style="margin:8px 4px">… and {more:,} more</div>' if more else ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px;color:inherit">{"".join(parts)}</div>{rest}'


def _card(item: Card, url: str | None) -> str:
    name = name_of(item.id, item.name)
    picture = (
        f'<img src="{escape(url)}" alt="" loading="lazy" referrerpolicy="no-referrer" '
        f'style="{_AREA};margin:0;object-fit:contain">'
        if url
        else f'<div style="{_AREA};font-size:32px;line-height:140px;text-align:center">{escape(initials(name))}</div>'
    )
    return (
        '<div style="width:160px;border:1px solid rgba(128,128,128,.4);border-radius:6px;overflow:hidden;'
        f'font-size:13px;line-height:1.4">{picture}<div style="padding:6px 8px">'
        f'<div style="{_LINE};font-weight:600" title="{escape(name)}">{escape(name)}</div>'
        f'<div style="{_LINE}">{escape(title("avatar_type", item.avatar_type))}</div>'
        f'<code style="display:block;{_LINE};color:inherit;background:none;padding:0;font-size:11px" '
        f'title="{escape(clip(item.id))}">{escape(clip(item.id))}</code></div></div>'
    )
