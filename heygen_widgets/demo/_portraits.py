"""Portraits: a small SVG for each look, drawn when it is asked for."""

from __future__ import annotations

from ._catalogue import Look
from ._people import Person
from ._scenes import Frame, backdrop

MAX_URL = 1_200
"""Longest portrait as a `data:` URL, in characters."""

_FACES = (
    "M-16-5c0-24 32-24 32 0v5c0 13-10 23-16 23S-16 13-16 0z",
    "M-17-5c0-24 34-24 34 0v6c0 13-9 20-17 20S-17 14-17 1z",
    "M-16-6c0-22 32-22 32 0v10c0 6-3 12-7 16-5 5-13 5-18 0-4-4-7-10-7-16z",
    "M-16-6c0-23 32-23 32 0v8c0 10-6 15-9 19-4 4-10 4-14 0-3-4-9-9-9-19z",
    "M-17-6c0-22 34-22 34 0v10c0 8-5 13-9 17-4 3-12 3-16 0-4-4-9-9-9-17z",
)


def data_url(look: Look) -> str:
    """Return the portrait inside its own URL, at most `MAX_URL` characters."""
    drawing = portrait(look).replace("%", "%25").replace("#", "%23").replace("<", "%3C").replace(">", "%3E")
    return "data:image/svg+xml," + drawing


def portrait(look: Look) -> str:
    """Draw the look as an SVG document, in its own size in px."""
    return draw(look.group.person, look.scene, look.paint, look.width, look.height)


def draw(person: Person, scene: str, paint: int, width: int, height: int) -> str:
    """Draw one person, dressed and posed by the bits of `paint`, before a scene."""
    frame = _frame(width, height)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='{frame.left} {frame.top} {frame.right - frame.left} {frame.bottom - frame.top}'>"
        f"{backdrop(scene, frame, paint)}"
        f"<g fill='{person.skin}'><path d='{_FACES[person.face]}'/></g></svg>"
    )


def _frame(width: int, height: int) -> Frame:
    unit = 100 / min(width, height)
    across, down = round(width * unit), round(height * unit)
    return Frame(-across // 2, -down * 2 // 5, across // 2, down - down * 2 // 5)
