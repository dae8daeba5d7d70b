"""Backgrounds of the portraits: a few flat shapes for each scene, in colours that go together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """The visible part of the drawing plane, in its own units: the shorter side is 100, the head's centre at (0, 0)."""

    left: int
    top: int
    right: int
    bottom: int


_PALETTES = {
    "Office": ("#dee", "#abc"),
    "Kitchen": ("#fec", "#eca"),
    "Studio": ("#b9d", "#75b"),
    "Garden": ("#def", "#ad9"),
    "Beach": ("#aef", "#fda"),
    "Library": ("#b86", "#642"),
    "Street at night": ("#236", "#112"),
    "Café": ("#dba", "#976"),
    "Living room": ("#fed", "#dbb"),
    "Classroom": ("#cdb", "#9b8"),
    "Loft": ("#c98", "#a76"),
    "Mountains": ("#bdf", "#fec"),
    "Podcast": ("#435", "#213"),
    "City": ("#fca", "#c9b"),
    "Autumn": ("#fd9", "#d85"),
    "Lobby": ("#dfe", "#9bb"),
}


def backdrop(scene: str, frame: Frame, bits: int) -> str:
    """Draw SVG elements that fill the frame with the scene."""
    upper, lower = _PALETTES[scene]
    return (
        f"<linearGradient id='a' x2='0' y2='1'><stop stop-color='{upper}'/>"
        f"<stop offset='1' stop-color='{lower}'/></linearGradient>"
        f"<path fill='url(#a)' d='M{frame.left} {frame.top}H{frame.right}V{frame.bottom}H{frame.left}'/>"
    )
