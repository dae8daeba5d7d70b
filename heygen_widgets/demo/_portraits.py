"""Portraits: a small SVG for each look, drawn on request.

The centre of the head is at (0, 0); a face is 32 units wide and reaches from -23 to 22.5 in height. Most portraits are
`data:` URLs, of about 1,200 characters: paths are as short as possible, and hair, brows and beard are one path.
"""

from __future__ import annotations

from ._catalogue import Look
from ._people import Person
from ._scenes import Outfit, outfit_for, setting_for

# The jaw: from the right ear to the chin, and on to the left ear.
_JAWS = (
    ("c0 6-4 10-9 15", "c-5-5-9-9-9-15"),
    ("c1 8-4 11-9 15", "c-5-4-10-7-9-15"),
    ("c-1 5-4 10-9 15", "c-5-5-8-10-9-15"),
    ("c0 9-3 11-9 15", "c-6-4-9-6-9-15"),
    ("c1 9-4 12-9 15", "c-5-3-10-6-9-15"),
)
_BACK_HAIR = {
    "long": "M-20 52C-22 8-26-31 0-31S22 8 20 52q-9 3-13-3H-7q-4 6-13 3",
    "wavy": "M-17 48q-11-4-6-15-6-8-1-17C-28-15-22-31 0-31S28-15 24 16q5 9-1 17 5 11-6 15-7 1-10-7H-7q-3 8-10 7",
    "bob": "M-19 23C-27-12-22-31 0-31S27-12 19 23q-6 3-9 1h-20q-3 2-9-1",
    "fringe": "M-19 36C-25-10-22-31 0-31S25-10 19 36q-6 2-10-1H-9q-4 3-10 1",
    "curls": "M-15 27q-10 0-8-10-8-5-3-12-6-6 0-13-3-8 6-11 1-8 10-9 4-7 10-3 6-4 10 3 9 1 10 9 "
    "9 3 6 11 6 7 0 13 5 7-3 12 2 10-8 10z",
    "bun": "M0-44a1 1 0 0 1 0 21 1 1 0 0 1 0-21",
    "knot": "M0-39a1 1 0 0 1 0 15 1 1 0 0 1 0-15",
    "tail": "M6-28c26-6 23 22 20 38q-1 14-9 20 2-18-2-28-8-14-9-30",
    "afro": "M0-39C40-39 37 17 0 12-37 17-40-39 0-39",
}
_FRONT_HAIR = {
    "long": "M-18 7C-23-37 23-37 18 7 16-8 8-13 0-18-8-13-16-8-18 7",
    "wavy": "M-18 7C-23-37 23-37 18 7 17-4 15-10 8-16 0-9-9-8-14-9q-3 6-4 16",
    "bob": "M-18 7C-23-37 23-37 18 7 17-4 14-12 6-16-2-8-9-7-14-8q-3 5-4 15",
    "fringe": "M-18 7C-23-37 23-37 18 7q-1-9-4-14-14 3-28 0-3 5-4 14",
    "bun": "M-17 1C-22-33 22-33 17 1 14-12 7-16 0-16S-14-12-17 1",
    "tail": "M-17 1C-22-33 22-33 17 1 15-10 12-14 6-17-4-12-14-10-17 1",
    "knot": "M-17 0C-22-33 22-33 17 0 14-12 7-16 0-16S-14-12-17 0",
    "afro": "M-17 2C-22-35 22-35 17 2 15-10 8-14 0-14S-15-10-17 2",
    "curls": "M-17 2C-22-35 22-35 17 2 15-8 8-13 3-16-3-10-14-8-17 2",
    "round": "M-18 1C-23-34 23-34 18 1q-2 0-2-4 0-8-4-10-12-3-24 0-4 2-4 10 0 4-2 4",
    "pixie": "M-17 3C-26-30 14-40 18 2l-3-9C7-7-3-10-8-16q-2 6-6 8-1 5-3 11",
    "crop": "M-17 0C-23-36 23-36 17 0q-1-9-4-12-13-4-26 0-3 3-4 12",
    "part": "M-17 1C-24-30 12-38 17-21q2 9 0 22l-3-11C5-10-5-11-10-16q-4 4-4 7-2 4-3 10",
    "quiff": "M-17 1C-21-34 6-38 19-30q1 14-2 31 0-9-3-12-2-5-8-5-12 1-18 3-4 4-5 13",
    "buzz": "M-17-2C-20-33 20-33 17-2 14-13 8-16 0-16S-14-13-16-2",
    "tide": "M-18 7C-25-37 25-37 18 7q-3-6-4-13Q4-12 2-17-4-10-13-6-15 2-18 7",
    "curly": "M-17 2q-6-4-1-9-5-5 2-9-1-8 6-8 3-7 10-4 7-3 10 4 7 0 6 8 7 4 2 9 5 5-1 9l-4-14Q0-16-13-12",
}
_HEADSCARF = (
    "M0-31C-26-31-22-4-20 14q1 12-8 22 28 22 56 0-9-10-8-22C22-4 26-31 0-31"
    "M0-19C17-19 15-2 12 8 10 15 6 19 0 19S-10 15-12 8C-15-2-17-19 0-19"
)
_BROWS = "M-12-5q4-6 9-1-4-1-9 1M12-5q-4-6-9-1 4-1 9 1"
_BEARDS = {
    "full": "M-17-3c0 16 3 29 17 29S17 13 17-3c-2 12-6 14-9 12q-8-3-16 0c-3 2-7 0-9-12",
    "goatee": "M-7 13q-1 13 7 13t7-13q-7 10-14 0",
    "moustache": "M-8 13q8-10 16 0-8-3-16 0",
}
_STUBBLE = "M-16 3c1 11 5 20 16 20S15 14 16 3c-3 8-6 8-9 6q-7-3-14 0c-3 2-6 2-9-6"
_MOUTHS = (
    "<path fill='{}' d='M-6 12q6 4 12 0-6 8-12 0'/>",
    "<path fill='snow' stroke='{}' d='M-6 12.5q6 2 12 0-1 6-6 6t-6-6z'/>",
    "<path fill='{}' d='M-6 13q4-3 6-1 2-2 6 1-6 6-12 0'/>",
)
_GLASSES = {
    "round": "M-13 0a1 1 0 0 1 11 0 1 1 0 0 1-11 0m15 0a1 1 0 0 1 11 0 1 1 0 0 1-11 0h-4",
    "square": "M-13-4h11v5q-5 6-10 0zM2-4h11l-1 5q-5 6-10 0zM-2-2h4",
}
_HAND = "M31 50q-5-7-6-14 2-2 4 1l2 3-1-14q1-3 3 0l2 9v-12q2-2 4 0v12l2-10q3-2 3 1l-1 11 2-6q3-2 3 1l-3 18"
_SLEEVE = "M29 48h16l3 60H26z"
_TILTS = (-5, -3, -2, 0, 2, 3, 4, 6)


def data_url(look: Look) -> str:
    """Return the portrait as a `data:` URL."""
    drawing = portrait(look).replace("%", "%25").replace("#", "%23").replace("<", "%3C").replace(">", "%3E")
    return f"data:image/svg+xml,{drawing}"


def portrait(look: Look) -> str:
    """Draw the look as an SVG document, in its own size in px."""
    return draw(look.group.person, look.scene, look.paint, look.width, look.height)


def draw(person: Person, scene: str, paint: int, width: int, height: int) -> str:
    """Draw one person before a scene.

    Parameters
    ----------
    person : Person
        The same in all pictures of a group.
    scene : str
        One of the catalogue's scenes.
    paint : int
        Random bits that choose clothes, pose and details.
    width, height : int
        Size of the picture, in px.

    Returns
    -------
    str
        An SVG document without line breaks or double quotes.
    """
    outfit = outfit_for(person.woman, scene, paint >> 10)
    setting = setting_for(scene, paint)
    waves = (paint >> 34) % 6 == 0 and person.hair_style not in _BACK_HAIR
    sleeve, hand = (_SLEEVE, _HAND) if waves else ("", "")
    layers = "".join(f"{layer}," for layer in reversed(setting.layers))
    head, face = _head(person, outfit, paint)
    collar = "" if person.hair_style == "scarf" else outfit.collar
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='{_view(paint, width, height, waves)}' style='background:{layers}{setting.base}'>{setting.props}"
        f"<path fill='{outfit.colour}' stroke='#0002' d='{outfit.body}{sleeve}'/>"
        f"<g transform='rotate({_TILTS[paint >> 6 & 7]} 0 36)'>{head}{hand}{face}</g>{collar}</svg>"
    )


def _view(paint: int, width: int, height: int, waves: bool) -> str:
    """Return the visible part of the drawing plane, as a viewBox."""
    closeness = (1.22 if height > 1.1 * width else 1.0) + (paint & 7) / 60
    unit = 100 / min(width, height) / closeness
    across, down = width * unit, height * unit
    shift = 6.0 if waves else ((paint >> 3 & 7) - 3.5) * (1.6 if width > 1.1 * height else 0.8)
    return f"{shift - across / 2:.0f} {-down * 0.45:.0f} {across:.0f} {down:.0f}"


def _head(person: Person, outfit: Outfit, paint: int) -> tuple[str, str]:
    """Draw head and neck in two pieces; a raised hand comes between them, as part of the skin."""
    style, hair = person.hair_style, person.hair
    right, left = _JAWS[person.face]
    behind = f"<path fill='{hair}' d='{_BACK_HAIR[style]}'/>" if style in _BACK_HAIR else ""
    gaze = ((paint >> 30) % 3 - 1) / 2
    parts = [
        f"{outfit.neckline}M-16-5c0-24 32-24 32 0c7-3 6 10 0 9{right}q-7 7-14 0{left}c-6 1-7-12 0-9'/>",
        "<path fill='#0002' d='M-8 18q8 9 16 0v5Q0 32-8 23M0 1l-3 8q3 2 5 0'/>",
        f"<path fill='{hair}' opacity='.2' d='{_STUBBLE}'/>" if person.beard == "stubble" else "",
        "<path fill='snow' stroke='#321' d='M-11 1q4-6 8 0-4 3-8 0m14 0q4-6 8 0-4 3-8 0'/>",
        f"<circle cx='{gaze - 7:g}' r='2'/><circle cx='{gaze + 7:g}' r='2'/>",
        f"<path fill='{hair}' d='{_FRONT_HAIR.get(style, '')}{_BROWS}{_BEARDS.get(person.beard, '')}'/>",
        _MOUTHS[(paint >> 32) % (3 if person.woman else 2)].format(person.lips),
    ]
    if style == "scarf":
        parts.append(f"<path fill='{outfit.veil}' stroke='#0002' fill-rule='evenodd' d='{_HEADSCARF}'/>")
    if person.glasses:
        parts.append(f"<path fill='#fff3' stroke='#222' d='{_GLASSES[person.glasses]}'/>")
    elif person.earrings and style != "scarf":
        parts.append("<path fill='gold' d='M-18 7l2 4-2 3-2-3zM18 7l2 4-2 3-2-3'/>")
    return f"{behind}<path fill='{person.skin}' d='", "".join(parts)
