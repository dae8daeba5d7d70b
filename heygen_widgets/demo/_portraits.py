"""Portraits: a small SVG for each look, drawn on request.

The centre of the head is at (0, 0); a face is 32 units wide and reaches from -23 to 22.5 in height. Most portraits are
`data:` URLs, of about 2,450 characters: paths are as short as possible, and filters, which are slow to paint, are
avoided. Depth comes from three gradients: `s` on skin, `h` on hair, `c` on clothes.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._catalogue import Look
from ._people import SKINS, Person, mix
from ._scenes import CUT_OUT, Outfit, outfit_for, setting_for

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
    "bun": "M0-41a1 1 0 0 1 0 19 1 1 0 0 1 0-19",
    "knot": "M0-38a1 1 0 0 1 0 17 1 1 0 0 1 0-17",
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
# Light on the hair.
_SHINES = {
    "long": "M-14-8Q-12-23 3-26",
    "wavy": "M-14-8Q-12-22 3-25M-20 20q-4 6 0 12",
    "bob": "M-15-8Q-13-23 2-26M-20-2q-3 9-1 16",
    "fringe": "M-13-15Q-8-25 6-26",
    "bun": "M-13-15Q-8-25 4-26M-5-35q2-4 6-4",
    "tail": "M-13-13Q-9-22 1-25",
    "knot": "M-13-15Q-8-26 4-27",
    "afro": "M-26-10Q-23-31-2-36",
    "curls": "M-19-11q1-11 11-15",
    "round": "M-15-14q2-11 12-12",
    "pixie": "M-16-11q2-11 15-15",
    "crop": "M-13-16q4-9 14-10",
    "part": "M0-26q10-2 14 5",
    "quiff": "M-8-25q10-4 22-3",
    "tide": "M-15-9q0-14 14-17",
    "curly": "M-14-17q4-8 11-9",
    "scarf": "M-17-8Q-15-25-2-28M-21 30q14 11 34 4",
}
_BROWS = (
    "M-12-5q4-4 9 0-5-1.5-9 0m24 0q-4-4-9 0 5-1.5 9 0",
    "M-12-4q2-4 9.5-2v2q-6-1-9.5 0m24 0q-2-4-9.5-2v2q6-1 9.5 0",
)
_BEARDS = {
    "full": "M-17-3c0 16 3 29 17 29S17 13 17-3c-2 12-6 14-9 12q-8-3-16 0c-3 2-7 0-9-12",
    "goatee": "M-7 13q-1 13 7 13t7-13q-7 10-14 0",
    "moustache": "M-8 13q8-10 16 0-8-3-16 0",
}
_STUBBLE = "M-16 3c1 11 5 20 16 20S15 14 16 3c-3 8-6 8-9 6q-7-3-14 0c-3 2-6 2-9-6"
# With {} for the colour of the lips: a smile, a laugh, and closed lips.
_MOUTHS = (
    "<path fill='{}' d='M-6.5 12q4-.5 6.5.5 3-1 6.5-.5-2 6-6.5 6t-6.5-6'/>"
    "<path fill='#fff' d='M-5 12.7q5 1.3 10 0-1.6 3-5 3t-5-3'/>",
    "<path fill='#723' stroke='{}' d='M-6.5 11.5q6.5 2 13 0-1 6.5-6.5 6.5t-6.5-6.5'/>"
    "<path fill='#fff' d='M-6 12q6 1.7 12 0l-1 2q-5 1.3-10 0'/>",
    "<path fill='{}' d='M-6 12q4-1.5 6-.5 2-1 6 .5-2 5-6 5t-6-5'/>"
    "<path fill='none' stroke='#4127' stroke-width='.6' d='M-6 12q6 3 12 0'/>",
)
_GLASSES = {
    "round": "M-13 0a1 1 0 0 1 11 0 1 1 0 0 1-11 0m15 0a1 1 0 0 1 11 0 1 1 0 0 1-11 0h-4",
    "square": "M-13-4h11v5q-5 6-10 0zM2-4h11l-1 5q-5 6-10 0zM-2-2h4",
}
_FAIR = ("#8c6545", "#d8b272", "#a9522d", "#8f9097", "#dddad6")
_HALVES = ("M4 0a4 4 0 0 0 0 8", "M4 0a4 4 0 0 1 0 8")  # of a disc
_TILTS = (-5, -4, -2, -1, 1, 2, 3, 5)
_IRISES = ("#5b3a22", "#47301f", "#4f7394", "#5f7d4e")


def data_url(look: Look) -> str:
    """Return the portrait as a `data:` URL."""
    return _encoded(portrait(look))


def _encoded(drawing: str) -> str:
    for sign, code in {"%": "%25", "#": "%23", "<": "%3C", ">": "%3E"}.items():
        drawing = drawing.replace(sign, code)
    return f"data:image/svg+xml,{drawing}"


def backdrop_url(scene: str, bits: int, width: int, height: int) -> str:
    """Return a picture of a scene without a person, as a `data:` URL; `bits` choose details, the size is in px."""
    setting = setting_for(scene, bits)
    layers = "".join(f"{layer}," for layer in reversed(setting.layers))
    return _encoded(
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='{_view(0, width, height)}' style='background:{layers}{setting.base}'>{setting.props}</svg>"
    )


def logo_url(colours: Sequence[str]) -> str:
    """Return a round logo, half of it in either of two colours, as a `data:` URL."""
    halves = "".join(f"<path fill='{colour}' d='{half}'/>" for colour, half in zip(colours, _HALVES, strict=False))
    return _encoded(f"<svg xmlns='http://www.w3.org/2000/svg' width='96' height='96' viewBox='0 0 8 8'>{halves}</svg>")


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
    # A few are cut out, as pictures of avatars without a background are.
    setting = CUT_OUT if paint >> 45 & 31 == 7 else setting_for(scene, paint)
    layers = "".join(f"{layer}," for layer in reversed(setting.layers))
    back, head, face = _head(person, outfit, paint)
    collar = "" if person.hair_style == "scarf" else outfit.collar
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='{_view(paint, width, height)}' stroke-linecap='round' style='background:{layers}{setting.base}'>"
        f"{_colours(person, outfit)}{setting.props}"
        f"<path fill='url(#c)' d='{outfit.body}'/>"
        f"<path fill='none' stroke='#0002' d='{outfit.folds}'/>"
        f"<g transform='rotate({_TILTS[paint >> 6 & 7]} 0 36)'>{back}"
        f"<path fill='url(#s)' d='{head}'/>{face}</g>{collar}</svg>"
    )


def _colours(person: Person, outfit: Outfit) -> str:
    """Define the gradients of skin, hair and clothes. Light comes from the upper left."""
    skin, hair, cloth = person.skin, person.hair, outfit.colour
    return (
        "<radialGradient id='s' cx='-7' cy='-8' r='48' gradientUnits='userSpaceOnUse'>"
        f"{_stops(mix(skin, '#fff', 0.24), skin, mix(skin, '#501', 0.34))}</radialGradient>"
        f"<linearGradient id='h' x2='.8' y2='1'>{_stops(mix(hair, '#fdb', 0.2), mix(hair, '#102', 0.25))}"
        f"</linearGradient><linearGradient id='c' x2='1' y2='.4'>"
        f"{_stops(mix(cloth, '#fff', 0.14), mix(cloth, '#013', 0.3))}</linearGradient>"
    )


def _stops(*colours: str) -> str:
    """Return the stops of a gradient, at equal distances."""
    first, *others = colours
    share = 1 / len(others)
    rest = (f"<stop offset='{place * share:g}' stop-color='{colour}'/>" for place, colour in enumerate(others, start=1))
    return f"<stop stop-color='{first}'/>" + "".join(rest)


def _view(paint: int, width: int, height: int) -> str:
    """Return the visible part of the drawing plane, as a viewBox."""
    tall = height > 1.1 * width
    closeness = (1.12 if tall else 1.0) + (paint & 7) / 60
    unit = 100 / min(width, height) / closeness
    across, down = width * unit, height * unit
    shift = ((paint >> 3 & 7) - 3.5) * (1.2 if width > 1.1 * height else 0.8)
    return f"{shift - across / 2:.0f} {-down * (0.4 if tall else 0.45):.0f} {across:.0f} {down:.0f}"


def _head(person: Person, outfit: Outfit, paint: int) -> tuple[str, str, str]:
    """Draw the hair behind the head, give the path of head and neck, and draw what is on it."""
    style, shade = person.hair_style, mix(person.skin, "#612", 0.42)
    right, left = _JAWS[person.face]
    behind = f"<path fill='{mix(person.hair, '#102', 0.16)}' d='{_BACK_HAIR[style]}'/>" if style in _BACK_HAIR else ""
    gaze = ((paint >> 30) % 3 - 1) / 2 - 7
    fair = person.hair in _FAIR and person.skin in SKINS[:4]
    iris = _IRISES[(person.face + len(person.first)) % 4 if fair else person.face % 2]
    parts = [
        f"<path fill='{shade}' opacity='.6' d='M-8 18q8 8 16 0v4Q2 33-8 24'/>",
        f"<path fill='none' stroke='{shade}' d='M-1 0q-2 5-2 6-1 3 2 3m3 0h1'/>",
        "<path fill='#e33' opacity='.1' d='M-13 8c0-4 8-4 8 0s-8 4-8 0M5 8c0-4 8-4 8 0s-8 4-8 0'/>",
        f"<path fill='#222' opacity='.2' d='{_STUBBLE}'/>" if person.beard == "stubble" else "",
        "<path fill='#fff' d='M-11 1q4-5 8 0-4 3-8 0m14 0q4-5 8 0-4 3-8 0'/>",
        f"<path stroke='{iris}' stroke-width='4.2' d='M{gaze:g} .5h0m14 0h0'/>",
        f"<path stroke='#111' stroke-width='2' d='M{gaze:g} .5h0m14 0h0'/>",
        f"<path stroke='#fff' d='M{gaze - 0.6:g}-.4h0m14 0h0'/>",
        "<path fill='none' stroke='#211' d='M-11 1q4-5.4 8-.4m6 0q4-5 8 .4'/>",
        f"<path fill='url(#h)' d='{_FRONT_HAIR.get(style, '')}{_BEARDS.get(person.beard, '')}'/>",
        f"<path fill='{mix(person.hair, '#321', 0.4)}' d='{_BROWS[0 if person.woman else 1]}'/>",
        _MOUTHS[(paint >> 32) % 3].replace("{}", person.lips),
    ]
    if style == "scarf":
        parts.append(f"<path fill='{outfit.veil}' fill-rule='evenodd' d='{_HEADSCARF}'/>")
    if style in _SHINES:
        parts.append(f"<path fill='none' stroke='#fff' stroke-width='2' opacity='.15' d='{_SHINES[style]}'/>")
    if person.glasses:
        parts.append(f"<path fill='#fff3' stroke='#222' d='{_GLASSES[person.glasses]}'/>")
    elif person.earrings and style != "scarf":
        parts.append("<path stroke='#eb5' stroke-width='2.5' d='M-17.5 9h0m35 0h0'/>")
    head = f"{outfit.neckline}M-16-5c0-24 32-24 32 0c7-3 6 10 0 9{right}q-7 7-14 0{left}c-6 1-7-12 0-9"
    return behind, head, "".join(parts)
