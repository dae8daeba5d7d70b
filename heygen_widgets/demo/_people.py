"""The synthetic people of the stand-in: their names, and what is the same in all their looks."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class _Region:
    """First names and family names that go together, with likely skin and hair colours.

    `skins` are indices into `SKINS`, `hairs` keys of `HAIRS`; frequent ones are repeated.
    """

    women: str
    men: str
    families: str
    skins: tuple[int, ...]
    hairs: str


SKINS = ("#f9dcc8", "#f3cdb0", "#e9b894", "#dca67e", "#c78e64", "#ad7450", "#8f5b3f", "#734632", "#5b3729")
"""Skin tones from light to dark, as CSS colours."""

HAIRS = {
    "k": "#211d22",
    "d": "#38261f",
    "b": "#5e3c29",
    "l": "#8c6545",
    "y": "#d8b272",
    "r": "#a9522d",
    "g": "#8f9097",
    "w": "#dddad6",
}
"""Hair colours: black, dark, brown, light brown, fair, red, grey, white."""

_REGIONS = (
    _Region(
        "Elin Astrid Saga Freja Ingrid Maja Sigrid Hanna Linnéa Zoë Clara Emma",
        "Søren Lars Nils Emil Anders Bjørn Oskar Jonas Mikkel Håkon Ebbe Felix",
        "Berg Lund Holm Dahl Nygård Sjöberg",
        (0, 0, 1, 1, 2),
        "yyylbbrd",
    ),
    _Region(
        "Zofia Katarzyna Anežka Irina Daria Milena Eszter Jana Olena Ольга",
        "Łukasz Marek Ondřej Dmitri Bálint Tomáš Paweł Viktor Andriy Иван",
        "Novák Kowal Horváth Petrov Wójcik Šimek",
        (0, 0, 1, 1, 2),
        "ylbbddr",
    ),
    _Region(
        "Daphne Alice Chloé Amélie Grace Nora Abigail Judith Annie June Harriet Maeve",
        "Theo Marcus Hugo René Arthur Owen Conrad Brandon Étienne Graham Silas Bryce",
        "Cole Hart Moreau Whitfield Marsh O’Neill",
        (0, 1, 1, 2, 3, 6, 7),
        "ylbbddrk",
    ),
    _Region(
        "Lucía Inês Giulia Elena Carmen Sofía Camila Ximena Valentina Μαρία",
        "Mateo Álvaro João Nicolò Paolo Iker Diego Thiago Santiago Νίκος",
        "Rossi Vega Duarte Navarro Rocha Conti",
        (1, 2, 2, 3, 4, 5),
        "bdddkkl",
    ),
    _Region(
        "Ngozi Amara Zainab Wanjiru Thandiwe Adaeze Imani Abena Makeda Nia",
        "Kwame Chidi Sipho Tunde Kofi Jabari Amadou Themba Tesfaye Malik",
        "Okafor Mensah Dlamini Abebe Njoroge Diallo",
        (6, 7, 7, 8, 8),
        "kkkkd",
    ),
    _Region(
        "Layla Yasmin Noor Maryam Shirin Dalia Rania Leila ليلى",
        "Omar Karim Yusuf Samir Rami Navid Tariq Elias عمر",
        "Haddad Nasser Rahimi Aziz Mansour Demir",
        (2, 3, 3, 4, 5),
        "kkddb",
    ),
    _Region(
        "Priya Ananya Meera Kavya Fatima Isha Nandini Rupa प्रिया",
        "Arjun Rohan Vikram Imran Dev Sanjay Nikhil Farhan अर्जुन",
        "Sharma Patel Iyer Khan Reddy Bose",
        (4, 5, 5, 6, 6),
        "kkkd",
    ),
    _Region(
        "Mei Yuki Sakura Ji-woo Xiu Linh Naoko Hana 美咲 지우",
        "Kenji Wei Minh Haruto Jun Hyun-woo Daichi Bao 健太 伟",
        "Tanaka Chen Park Nguyen Sato Lin",
        (0, 1, 1, 2, 3),
        "kkkkd",
    ),
    _Region(
        "Putri Malia Anong Leilani Mahina Tala Dewi",
        "Budi Rizal Keanu Manu Niran Arief Tane",
        "Santoso Reyes Kealoha Suwan Cruz Tama",
        (3, 4, 4, 5, 5),
        "kkkd",
    ),
)

WOMEN_HAIR = ("long", "wavy", "bob", "bun", "afro", "tail", "pixie", "curls", "fringe", "scarf")
MEN_HAIR = ("crop", "part", "quiff", "buzz", "bald", "curly", "round", "knot", "tide")


@dataclass(frozen=True)
class Person:
    """One character: what all looks of a group have in common.

    Colours are CSS colours; `hair_style`, `beard`, `glasses` and `face` are names of shapes in the portraits.
    """

    first: str
    family: str
    woman: bool
    skin: str
    hair: str
    hair_style: str
    face: int
    beard: str
    glasses: str
    earrings: bool
    lips: str
    older: bool

    @property
    def plain_name(self) -> str:
        """The first name in ASCII letters, for ids; may be empty."""
        return ascii_name(self.first)


def ascii_name(name: str) -> str:
    """Keep the ASCII letters and digits of a name, accents dropped: "Łukasz" is "Lukasz", "美咲" is ""."""
    plain = unicodedata.normalize("NFKD", name.translate(str.maketrans("øØłŁ", "oOlL")))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


def make_person(rng: random.Random, number: int) -> Person:
    """Draw one person; the same state of `rng` gives the same person.

    People with successive numbers come from other regions, and women and men take turns, so that they look different.
    """
    region = _REGIONS[number * 4 % len(_REGIONS)]
    woman = number % 2 == 0
    older = rng.random() < 0.14
    skin = rng.choice(region.skins)
    hair = rng.choice("ggw" if older else region.hairs if skin < 6 else "kkd")
    if woman:
        styles = WOMEN_HAIR if skin > 2 else tuple(style for style in WOMEN_HAIR if style not in ("afro", "scarf"))
        style, beard = rng.choice(styles), ""
    else:
        styles = MEN_HAIR if skin > 3 else tuple(style for style in MEN_HAIR if style != "round")
        style, beard = rng.choice(styles), rng.choice(("", "", "", "stubble", "stubble", "full", "full", "goatee"))
        if older and rng.random() < 0.3:
            beard = "moustache"
    return Person(
        first=rng.choice((region.women if woman else region.men).split()),
        family=rng.choice(region.families.split()),
        woman=woman,
        skin=SKINS[skin],
        hair=HAIRS[hair],
        hair_style=style,
        face=rng.randrange(4) if woman else rng.randrange(1, 5),
        beard=beard,
        glasses=rng.choice(("", "", "", "", "", "", "round", "square")),
        earrings=woman and rng.random() < 0.5,
        lips=rng.choice(("#b43", "#c45", "#a34") if woman else ("#a54", "#954")) if skin < 6 else "#723",
        older=older,
    )


def mix(colour: str, other: str, share: float) -> str:
    """Mix two CSS colours of 3 or 6 hex digits, with a share of 0 to 1 of the other one."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def _channels(colour: str) -> list[int]:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return [int(digits[place : place + 2], 16) for place in (0, 2, 4)]
