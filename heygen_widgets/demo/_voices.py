"""Made-up voices, one for each person, with a chime as their sound."""

from __future__ import annotations

import functools
import io
import math
import sys
import wave
from array import array
from collections.abc import Iterable
from typing import Any

from ._catalogue import Group

_MANNERS = ("Warm", "Calm", "Bright", "Friendly", "Lively", "Soft", "Clear")
_LANGUAGES = ("English", "English", "Spanish", "English", "German", "Multilingual", "English", "French", None)
_BLANK_CYCLE = 9  # some voices of each nine have no sound that can be played

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
    base_url : str
        Without a slash at the end.
    """

    def __init__(self, groups: Iterable[Group], base_url: str) -> None:
        self._speakers = {group.voice_id: (place, group) for place, group in enumerate(groups)}
        self._base_url = base_url

    def record(self, voice_id: str) -> dict[str, Any] | None:
        """Return the fields of one voice, ready for JSON, or None; optional ones may be null or missing."""
        if voice_id not in self._speakers:
            return None
        place, group = self._speakers[voice_id]
        number = int(voice_id, 16)
        record: dict[str, Any] = {
            "voice_id": voice_id,
            "name": f"{group.person.first} - {_MANNERS[number % len(_MANNERS)]}",
            "language": _LANGUAGES[place % len(_LANGUAGES)],
            "gender": group.gender,
            "preview_audio_url": f"{self._base_url}/voice_preview/{voice_id}.wav",
            "status": "complete",
            "support_pause": number % 4 != 0,
        }
        match place % _BLANK_CYCLE:
            case 2:
                record["preview_audio_url"] = f"s3://voice-previews/{voice_id}.wav"
            case 4:
                record |= {"preview_audio_url": None, "status": "processing"}
            case 6:
                record |= {"preview_audio_url": None, "status": "failed"}
            case 7:
                del record["language"], record["status"]
        return record

    def select(self, *, language: str | None = None, gender: str | None = None) -> list[dict[str, Any]]:
        """Return the records of the voices with a language and a gender, ignoring case; None means any."""
        every = [record for voice_id in self._speakers if (record := self.record(voice_id)) is not None]
        wanted = {"language": language, "gender": gender}
        return [
            record
            for record in every
            if all(value is None or (record.get(name) or "").lower() == value.lower() for name, value in wanted.items())
        ]

    def sound(self, file: str) -> bytes | None:
        """Return the WAV file with this name, or None."""
        voice_id = file.removesuffix(".wav")
        record = self.record(voice_id) if file != voice_id else None
        if record is None or not str(record["preview_audio_url"]).startswith(self._base_url):
            return None
        return chime(int(voice_id, 16), self._speakers[voice_id][1].person.woman)


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
