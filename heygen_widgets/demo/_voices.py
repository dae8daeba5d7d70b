"""Made-up voices, one for each person, with a chime as their sound."""

from __future__ import annotations

import functools
import io
import math
import re
import sys
import wave
from array import array
from collections.abc import Iterable
from typing import Any

from ._catalogue import Group

_MANNERS = ("Warm", "Calm", "Bright", "Friendly", "Lively", "Soft", "Clear")
_LANGUAGES = ("English", "English", "Spanish", "English", "German", "Multilingual", "English", "French", "Portuguese")
_BLANK_CYCLE = 9  # some voices of each nine have no sound that can be played, or lack other fields
_NAMELESS_CYCLE = 25
VOICE_TYPES = ("public", "private")

_RATE = 16_000  # samples a second
_LENGTH = 1.1  # s
_GAP = 0.17  # s from one note to the next
_LOUDNESS = 0.22  # of one note; 1 is the maximum
_FADE_IN, _FADE_OUT = 0.03, 0.25  # s
# Just intervals over the first note, which sound well in any order.
_TUNES = ((1, 5 / 4, 3 / 2), (1, 3 / 2), (3 / 2, 5 / 4, 1), (1, 9 / 8, 3 / 2), (1, 5 / 3, 4 / 3), (4 / 3, 1))


class Voices:
    """The default voices of the groups and looks of one stand-in.

    Parameters
    ----------
    groups : iterable of Group
    example : Group
        Its voice is found by its id, and in no list.
    base_url : str
        Without a slash at the end.
    """

    def __init__(self, groups: Iterable[Group], example: Group, base_url: str) -> None:
        self._speakers = {group.voice_id: (place, group) for place, group in enumerate(groups)}
        self._ids = list(self._speakers)
        self._speakers[example.voice_id] = (0, example)
        self._base_url = base_url

    def _listed(self, voice_id: str) -> dict[str, Any]:
        """Return the fields of a voice in a list."""
        place, group = self._speakers[voice_id]
        number = _number(voice_id)
        record: dict[str, Any] = {
            "voice_id": voice_id,
            "name": f"{group.person.first} - {_MANNERS[number % len(_MANNERS)]}",
            "language": _LANGUAGES[place % len(_LANGUAGES)],
            "gender": "female" if group.person.woman else "male",
            "type": VOICE_TYPES[group.private],
            "support_pause": number % 4 != 0,
            "support_locale": number % 3 != 0,
            "preview_audio_url": f"{self._base_url}/voice_preview/{voice_id}.wav",
        }
        match place % _BLANK_CYCLE:
            case 2:
                record["preview_audio_url"] = f"s3://voice-previews/{voice_id}.wav"
            case 4 | 6:
                record["preview_audio_url"] = None
        return record

    def record(self, voice_id: str) -> dict[str, Any] | None:
        """Return the fields of one voice, ready for JSON, or None; optional ones may be null or missing."""
        if voice_id not in self._speakers:
            return None
        place = self._speakers[voice_id][0]
        record = self._listed(voice_id) | {"status": "complete"}
        del record["type"], record["support_locale"]
        match place % _BLANK_CYCLE:
            case 4:
                record["status"] = "processing"
            case 6:
                record["status"] = "failed"
            case 7:
                del record["language"], record["status"]
            case 8:
                record |= {"language": None, "status": None}
        if place % _NAMELESS_CYCLE == _NAMELESS_CYCLE - 1:
            record |= {"name": None, "gender": None}
        return record

    def select(
        self, *, kind: str, language: str | None = None, gender: str | None = None, engine: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the fields that a list has of the voices of a type, one of `VOICE_TYPES`, that pass all filters.

        They ignore case, and None means any.
        """
        filters = {"type": kind, "language": language, "gender": gender}
        wanted = {name: value.lower() for name, value in filters.items() if value is not None}
        records = [self._listed(voice_id) for voice_id in self._ids if _supports(voice_id, engine)]
        return [record for record in records if all(record[name].lower() == value for name, value in wanted.items())]

    def sound(self, file: str) -> bytes | None:
        """Return the WAV file with this name, or None."""
        voice_id = file.removesuffix(".wav")
        if file == voice_id or voice_id not in self._speakers:
            return None
        if not str(self._listed(voice_id)["preview_audio_url"]).startswith(self._base_url):
            return None
        return chime(_number(voice_id), self._speakers[voice_id][1].person.woman)


def _number(voice_id: str) -> int:
    return int("".join(re.findall("[0-9a-f]", voice_id)), 16)


def _supports(voice_id: str, engine: str | None) -> bool:
    """Return whether a voice supports an engine; None means any."""
    return engine is None or (engine.lower() == "starfish" and _number(voice_id) % 3 != 1)


@functools.lru_cache(maxsize=32)
def chime(number: int, high: bool) -> bytes:
    """Make a soft chime of two or three notes, a WAV file of 1.1 s: one channel, 16,000 samples of 16 bits a second.

    Parameters
    ----------
    number : int
        Chooses the notes.
    high : bool
        Whether the first note is between 330 and 523 Hz instead of 220 and 330 Hz.
    """
    tune = _TUNES[number % len(_TUNES)]
    low, top = (330, 523) if high else (220, 330)
    first = low * (top / low) ** ((number >> 8) % 65_536 / 65_536)
    # Like a bell: each note fades, and its octave fades sooner.
    waves = [0.0] * int(_RATE * _LENGTH)
    for place, step in enumerate(tune):
        start = int(_RATE * _GAP * place)
        turn = math.tau * first * step / _RATE
        for at in range(len(waves) - start):
            age = at / _RATE
            tone = math.sin(turn * at) * math.exp(-4 * age) + 0.25 * math.sin(2 * turn * at) * math.exp(-9 * age)
            waves[start + at] += _LOUDNESS * min(1, age / _FADE_IN) * tone
    length = len(waves)
    samples = array(
        "h", [round(32_767 * level * min(1, (length - 1 - at) / _RATE / _FADE_OUT)) for at, level in enumerate(waves)]
    )
    if sys.byteorder == "big":  # a WAV file is little-endian
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(samples.itemsize)
        writer.setframerate(_RATE)
        writer.writeframes(samples.tobytes())
    return file.getvalue()
