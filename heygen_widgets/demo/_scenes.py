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


def _bokeh(colour: str, size: int, place: str) -> str:
    """Lights out of focus: discs of a size in vmin, repeated from a place with a step."""
    return f"radial-gradient({colour} {size}vmin,#0000 {size + 1}vmin) {place}"


def _bars(colour: str, gap: int, width: int, angle: str = "90deg") -> str:
    """Window frames or columns out of focus: soft bars of a width, with gaps, in vmin."""
    stops = f"#0000 0 {gap}vmin,{colour} {gap + 2}vmin {gap + width}vmin,#0000 {gap + width + 2}vmin"
    return f"repeating-linear-gradient({angle},{stops})"


def _floor(top: int, colours: str) -> str:
    return f"linear-gradient(#0000 {top}%,{colours})"


def _glow(place: str, colour: str, size: int) -> str:
    """Light, or a thing out of focus, that fades towards its edge."""
    return f"radial-gradient(circle at {place},{colour},#0000 {size}vmin)"


# {x} is a place that differs from look to look, {hues} a pair of colours.
_SETTINGS = {
    "Office": Setting(
        "linear-gradient(160deg,#eef4f8,#b4c4d1)",
        (
            f"{_bars('#fffb', 24, 4)} {{x}}vmin 0",
            _floor(70, "#a58f7b 78%,#7d6a5b"),
            _glow("90% 64%", "#4c7d58", 30),
        ),
    ),
    "Kitchen": Setting(
        "linear-gradient(120deg,#f7f0e4,#d5c5ae)",
        (
            "linear-gradient(#0000 28%,#a77f57 29% 31%,#8862 32%,#0000 38%)",
            "radial-gradient(#c8704b 5vmin,#0000 6vmin) {x}vmin 21%/33vmin 16vmin repeat-x",
            "radial-gradient(#5f8d6a 4vmin,#0000 5vmin) 12vmin 23%/41vmin 16vmin repeat-x",
            _floor(72, "#7f958b 75%,#566a62"),
        ),
    ),
    "Studio": Setting("radial-gradient(circle at 50% 36%,{hues} 90vmin)"),
    "Garden": Setting(
        "linear-gradient(#eaf3cd,#8db56f 60%,#486f45)",
        (
            _bokeh("#3f6f3c66", 8, "{x}vmin 9vmin/43vmin 37vmin"),
            _bokeh("#fdfccf66", 5, "0 {x}vmin/29vmin 31vmin"),
        ),
    ),
    "Beach": Setting(
        "linear-gradient(#86c9ee,#def2f6 44%,#4ba3c3 47%,#82cdd2 66%,#f3e0ba 70%,#dfbd86)",
        (_glow("{x}% 16%", "#fffbe6", 34),),
    ),
    "Library": Setting(
        "#6b4a34",
        (
            "repeating-linear-gradient(90deg,#8a4a35 0 4vmin,#47666e 5vmin 8vmin,#b9945f 9vmin 11vmin,"
            "#5c5a48 12vmin 15vmin,#8a4a35 16vmin) {x}vmin 0",
            "linear-gradient(#0000 84%,#452c1e 86%) 0/9vmin 31vmin",
            "radial-gradient(#fc95,#2107 90vmin)",
        ),
    ),
    "Street at night": Setting(
        "linear-gradient(#33457a,#1a1e3c 70%,#101226)",
        (
            _bokeh("#fb68", 4, "{x}vmin 9vmin/37vmin 41vmin"),
            _bokeh("#f586", 6, "7vmin {x}vmin/53vmin 47vmin"),
            _bokeh("#5cf4", 3, "0 5vmin/31vmin 29vmin"),
        ),
    ),
    "Café": Setting(
        "linear-gradient(#b08c69,#6b4c38)",
        (
            _bokeh("#fff3c9", 3, "{x}vmin 19%/34vmin 26vmin repeat-x"),
            "radial-gradient(#fd98,#0000 16vmin) {x}vmin 19%/34vmin 26vmin repeat-x",
            _floor(72, "#4a3226 76%,#2f1f18"),
        ),
    ),
    "Living room": Setting(
        "linear-gradient(115deg,#fbf1e2,#dcc6a9)",
        (
            "linear-gradient(#fffc 9%,#8fae9f 12% 88%,#fffc 91%) {x}% 24%/24vmin 32vmin no-repeat",
            _glow("84% 30%", "#fff6d6", 46),
            _floor(74, "#7d9188 78%,#5f736a"),
        ),
    ),
    "Classroom": Setting(
        "linear-gradient(#46705f,#5d8a76 66%,#b98a5c 69%,#e9d9ba 72%,#cdb892)",
        (_glow("{x}% 20%", "#fff4", 60),),
        "<path fill='none' stroke='#fff7' d='M-42-24h20m-20 7h28m-28 7h15M28-24l10 14H22z'/>",
    ),
    "Loft": Setting(
        "linear-gradient(#c6dcea,#f7e7d3)",
        (
            f"{_bars('#46555c', 24, 3)} {{x}}vmin 0",
            _bars("#46555c", 28, 3, "180deg"),
            _floor(72, "#9a795c 78%,#715540"),
            _glow("50% 10%", "#fffa", 70),
        ),
    ),
    "Mountains": Setting(
        "linear-gradient(#8cc3f0,#fdebd2 70%)",
        props="<path fill='#9db7d3' d='M-199 60L-95 0l50-26 30 28 35-34 42 40 48-24 99 76'/>"
        "<path fill='#6d93a0' d='M-199 80l110-62 44 8 60-22 50 16 44-10 99 70'/>"
        "<path fill='#5d8a62' d='M-199 99l150-60 60 10 50-16 149 66'/>",
    ),
    "Podcast": Setting(
        "linear-gradient(100deg,#c9407f,#3a1c5c 48%,#2257b0)",
        (
            "repeating-linear-gradient(60deg,#0003 0 3vmin,#0000 5vmin 7vmin,#0003 9vmin)",
            _glow("12% 30%", "#ff8fc488", 60),
            _glow("88% {x}%", "#66b3ff88", 60),
        ),
    ),
    "City": Setting(
        "linear-gradient(#7db1de,#fbd9b6 72%)",
        props="<path fill='#8fa6c2aa' d='M-99 99V-9h16v-19h13v26h18v-36h12v30h20v-22h14v20h14v-32h12v22h24v-14h9v99'/>"
        "<path fill='#50678caa' d='M-199 99V10h99V4h22v-18h11v30h20V2h15v20h60V4h13v-24h14v36h20V0h99v99'/>",
    ),
    "Autumn": Setting(
        "linear-gradient(#fdeab0,#e0913f 60%,#93512a)",
        (
            _bokeh("#c8452a77", 8, "{x}vmin 5vmin/39vmin 37vmin"),
            _bokeh("#ffd65c88", 6, "0 {x}vmin/31vmin 33vmin"),
        ),
    ),
    "Lobby": Setting(
        "linear-gradient(100deg,#f3f6f7,#bcc8d0)",
        (
            f"{_bars('#fffd', 30, 9)} {{x}}vmin 0",
            _floor(74, "#a7b1b6 77%,#c6ced2"),
            _glow("8% 66%", "#51805c", 28),
        ),
    ),
}
CUT_OUT = Setting("none")
"""A transparent background."""

SCENES = tuple(_SETTINGS)
"""Scenes; the second part of the name of a look."""

_HUES = (
    "#c9b4ea,#6848a6",
    "#b5d3f2,#3f6fae",
    "#ffcdb2,#d4694f",
    "#b4e2d2,#2f7f6d",
    "#e3e4ea,#83879a",
    "#ffe0a3,#dd8a3c",
)


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
    folds: str
    neckline: str
    collar: str
    veil: str


_MAN = "M-48 199C-50 44-42 48-13 35h26c29 13 37 9 35 164"
_MAN_FOLDS = "M-29 66v99m58 0V66"
_WOMAN = "M-42 199C-44 44-36 47-12 35h24c24 12 32 9 30 164"
_WOMAN_FOLDS = "M-26 68v99m52 0V68"
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
        folds=_WOMAN_FOLDS if woman else _MAN_FOLDS,
        neckline=_VEE if kind in _LOW else _CREW,
        veil=_VEILS[(bits >> 4) % len(_VEILS)],
        collar=_COLLARS[kind].format(colour=colour, accent=accent) + tie,
    )
