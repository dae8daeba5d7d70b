"""Backgrounds and clothes of the portraits; both depend on the scene of the look.

Backgrounds are CSS: gradients take far fewer characters than shapes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A background: a CSS base, CSS layers over it from bottom to top, and SVG elements."""

    base: str
    layers: tuple[str, ...] = ()
    props: str = ""


def _grid(lines: str, colour: str) -> str:
    return f"conic-gradient(from 90deg at {lines} {lines},#0000 25%,{colour} 0)"


# {x} is a place that differs from look to look, {hues} a pair of colours.
_SETTINGS = {
    "Office": Setting(
        "linear-gradient(#9cf,#eef 80%)",
        (f"{_grid('3vmin', 'snow')} {{x}}vmin -8vmin/46vmin 58vmin", "linear-gradient(#0000 76%,#cba 0)"),
    ),
    "Kitchen": Setting(
        "linear-gradient(#bdc,#9ba)",
        (f"{_grid('1vmin', '#fff8')} {{x}}vmin/13vmin 13vmin", "linear-gradient(#0000 72%,#a76 0)"),
    ),
    "Studio": Setting("linear-gradient({hues})", ("radial-gradient(circle at {x}% 40%,#fff8,#fff0 60%)",)),
    "Garden": Setting(
        "linear-gradient(#dfe,#693)",
        (
            "radial-gradient(#372b,#3720 64%) 0 {x}vmin/31vmin 27vmin",
            "radial-gradient(#ffd8,#ffd0 50%) {x}vmin 5vmin/37vmin 41vmin",
        ),
    ),
    "Beach": Setting(
        "linear-gradient(#aef,#dff 55%,#39b 0 72%,#fda 0)",
        ("radial-gradient(circle at {x}% 20%,#fff 9vmin,#fff0 10vmin)",),
    ),
    "Library": Setting(
        "#754",
        (
            "repeating-linear-gradient(90deg,#854 0 4vmin,#467 0 7vmin,#b96 0 9vmin,#565 0 13vmin)",
            "linear-gradient(#0000 86%,#532 0) 0/9vmin 31vmin",
        ),
    ),
    "Street at night": Setting(
        "linear-gradient(#347,#112)",
        (
            "radial-gradient(#fc89 9%,#fb65 0,#fb60 50%) {x}vmin 9vmin/39vmin 47vmin",
            "radial-gradient(#f8a7,#f8a0 40%) 7vmin {x}vmin/31vmin 43vmin",
        ),
    ),
    "Café": Setting(
        "linear-gradient(#ba8,#976)",
        (
            "radial-gradient(circle,#fec 9%,#fd86 0,#fd80 60%) {x}vmin 0/52vmin 40vmin repeat-x",
            "linear-gradient(#0000 70%,#754 0)",
        ),
    ),
    "Living room": Setting(
        "linear-gradient(#fed 74%,#b98 0)",
        ("linear-gradient(snow 9%,#9ba 0 91%,snow 0) {x}vmin 12vmin/24vmin 32vmin no-repeat",),
    ),
    "Classroom": Setting(
        "linear-gradient(#587 70%,#c96 0 74%,#edb 0)",
        props="<path fill='none' stroke='#fff9' d='M-42-24h20m-20 7h28m-28 7h15M28-24l10 14H22z'/>",
    ),
    "Loft": Setting(
        "linear-gradient(#bde,#fed)",
        (f"{_grid('2vmin', '#455')} {{x}}vmin 5vmin/22vmin 27vmin", "linear-gradient(#0000 75%,#975 0)"),
    ),
    "Mountains": Setting(
        "linear-gradient(#9cf,#fec)",
        props="<path fill='#8ac' d='M-99 50L-45-20l30 32 35-40 79 78'/>"
        "<path fill='#587' d='M-99 60l49-50 60 30 40-35 49 99H-99'/>",
    ),
    "Podcast": Setting(
        "linear-gradient(90deg,#a37,#214 45%,#259)", ("radial-gradient(circle at 50% {x}%,#fff3,#fff0 40%)",)
    ),
    "City": Setting(
        "linear-gradient(#8be,#fdb)",
        props="<path fill='#4468' d='M-99 99V-9h30v-22h18v37h14V-5h20v50h44V-20h12v-12h14v44h40v90'/>",
    ),
    "Autumn": Setting(
        "linear-gradient(#fea,#b63)",
        (
            "radial-gradient(#d52c,#d520 64%) {x}vmin 5vmin/33vmin 37vmin",
            "radial-gradient(#fd68,#fd60 60%) 0 {x}vmin/27vmin 31vmin",
        ),
    ),
    "Lobby": Setting(
        "linear-gradient(#def,#bcc)",
        (
            "linear-gradient(90deg,#fff8 30%,#0001 0 36%,#0000 0) {x}vmin/34vmin",
            "linear-gradient(#0000 78%,#9aa 0)",
        ),
    ),
}
SCENES = tuple(_SETTINGS)
"""Scenes; the second part of the name of a look."""

_HUES = ("#a8d,#64a", "#9be,#47a", "#fb9,#d76", "#9dc,#387", "#ccc,#889", "#fd9,#e94")


def setting_for(scene: str, bits: int) -> Setting:
    """Return the background of a scene; `bits` choose small differences."""
    setting = _SETTINGS[scene]
    place, hues = str(10 + bits % 5 * 9), _HUES[(bits >> 20) % len(_HUES)]
    return Setting(
        setting.base.replace("{hues}", hues),
        tuple(layer.replace("{x}", place) for layer in setting.layers),
        setting.props,
    )


@dataclass(frozen=True)
class Outfit:
    """Clothes: a colour, the paths of body and neckline, what is drawn over both, and the colour of a headscarf."""

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
