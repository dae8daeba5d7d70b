"""Clothes of the portraits: what somebody wears depends on where the look was taken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outfit:
    """Clothes: a colour, the paths of body and bare neck, what is drawn over both, and the colour of a headscarf."""

    colour: str
    body: str
    neckline: str
    collar: str
    veil: str


_MAN = "M-48 199C-50 44-42 48-13 35h26c29 13 37 9 35 164M-29 66v99m58 0V66"
_WOMAN = "M-42 199C-44 44-36 47-12 35h24c24 12 32 9 30 164M-26 68v99m52 0V68"
_CREW = "M8 10v19q1 4 6 5-14 13-28 0 5-1 6-5V10"
_VEE = "M8 10v19q1 4 5 5L0 57-13 34q4-1 5-5V10"

_BRIGHT = (("#e76", "#fd9"), ("#39a", "#fc8"), ("#fa5", "#468"), ("#5a8", "#fde"), ("#d69", "#fdb"), ("#fc6", "#357"))
_SMART = (("#235", "#b45"), ("#345", "#69b"), ("#444", "#286"), ("#246", "#d95"), ("#534", "#c78"), ("#264", "#ca5"))
_WARM = (("#a53", "#eca"), ("#743", "#d95"), ("#565", "#c75"), ("#367", "#e97"), ("#835", "#ec9"), ("#458", "#db8"))
_SOFT = (("#eed", "#a76"), ("#9ac", "#fed"), ("#cab", "#756"), ("#ac9", "#564"), ("#edb", "#967"), ("#89b", "#fec"))

_WEAR = {
    "Office": (_SMART, ("suit", "shirt", "vee")),
    "Kitchen": (_SOFT, ("apron", "apron", "crew")),
    "Studio": (_SMART, ("crew", "roll", "suit")),
    "Garden": (_BRIGHT, ("vee", "shirt", "crew")),
    "Beach": (_BRIGHT, ("vee", "crew", "shirt")),
    "Library": (_WARM, ("rib", "shirt", "roll")),
    "Street at night": (_WARM, ("scarf", "hood", "roll")),
    "Café": (_WARM, ("rib", "vee", "shirt")),
    "Living room": (_SOFT, ("rib", "vee", "hood")),
    "Classroom": (_BRIGHT, ("shirt", "rib", "vee")),
    "Loft": (_SOFT, ("hood", "crew", "roll")),
    "Mountains": (_BRIGHT, ("hood", "scarf", "roll")),
    "Podcast": (_BRIGHT, ("hood", "crew", "rib")),
    "City": (_SMART, ("suit", "roll", "shirt")),
    "Autumn": (_WARM, ("scarf", "scarf", "roll")),
    "Lobby": (_SMART, ("suit", "suit", "vee")),
}
_COLLARS = {
    "crew": "",
    "vee": "",
    "rib": "<path fill='#0002' d='M-15 34q15 15 30 0l2 4Q0 55-17 38'/>",
    "shirt": "<path fill='{colour}' stroke='#0003' d='M-9 29L0 57 9 29l8 7-5 18-12 3-12-3-5-18z'/>",
    "suit": "<path fill='snow' d='M-9 30L0 44l9-14 6 6L0 92-15 36'/>",
    "roll": "<path fill='{colour}' stroke='#0002' d='M-9 22q9 7 18 0 0 11 6 13Q0 46-15 35q6-2 6-13'/>",
    "hood": "<path fill='{colour}' stroke='#0003' "
    "d='M-23 41q2-14 14-14 9 14 18 0 12 0 14 14-23 22-46 0M-7 50v15M7 50v12'/>",
    "scarf": "<path fill='{accent}' stroke='#0002' d='M4 38h12l2 32H7zM-14 24q14 10 28 0l4 10q-18 15-36 0z'/>",
    "apron": "<path fill='{accent}' d='M-17 199V56l-4-18h4l4 16h26l4-16h4l-4 18v143'/>",
}
_VEILS = ("#376", "#a45", "#357", "#edc", "#746", "#89a")
_LOW = {"vee", "shirt", "suit"}


def outfit_for(woman: bool, scene: str, bits: int) -> Outfit:
    """Choose clothes that suit the scene."""
    colours, kinds = _WEAR[scene]
    colour, accent = colours[bits % len(colours)]
    kind = kinds[(bits >> 8) % len(kinds)]
    tie = "" if woman or kind != "suit" else f"<path fill='{accent}' d='M-3 46h6l3 22-6 9-6-9'/>"
    return Outfit(
        colour=colour,
        body=_WOMAN if woman else _MAN,
        neckline=_VEE if kind in _LOW else _CREW,
        veil=_VEILS[(bits >> 4) % len(_VEILS)],
        collar=_COLLARS[kind].format(colour=colour, accent=accent) + tie,
    )
