"""Backgrounds of the portraits, as CSS: gradients cost a fraction of the characters that as many shapes would."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A background: CSS below everything, CSS layers over it, the most telling one first, and SVG elements."""

    base: str
    layers: tuple[str, ...] = ()
    props: str = ""


def _grid(lines: str, colour: str) -> str:
    return f"conic-gradient(from 90deg at {lines} {lines},#0000 25%,{colour} 0)"


# {x} stands for a place that differs from look to look, {hues} for a pair of colours.
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
_HUES = ("#a8d,#64a", "#9be,#47a", "#fb9,#d76", "#9dc,#387", "#ccc,#889", "#fd9,#e94")


def setting_for(scene: str, bits: int) -> Setting:
    """Return the background of a scene, with small differences chosen by `bits`."""
    setting = _SETTINGS[scene]
    place, hues = str(10 + bits % 5 * 9), _HUES[(bits >> 20) % len(_HUES)]
    return Setting(
        setting.base.replace("{hues}", hues),
        tuple(layer.replace("{x}", place) for layer in setting.layers),
        setting.props,
    )
