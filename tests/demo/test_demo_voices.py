"""Each voice that groups and looks name is told, and most have a short pleasant sound."""

from __future__ import annotations

import io
import wave
from array import array
from typing import Any

import pytest

from heygen_widgets.demo import DemoService, Fault

from .caller import Caller

FIELDS = {
    "voice_id": str,
    "name": str,
    "language": (str, type(None)),
    "gender": (str, type(None)),
    "preview_audio_url": (str, type(None)),
    "status": str,
    "support_pause": bool,
}


@pytest.fixture(scope="module")
def voices(service: DemoService) -> list[dict[str, Any]]:
    """Give the records of all voices that the catalogue names."""
    caller = Caller(service)
    looks = [look.get("default_voice_id") for look in caller.every("/v3/avatars/looks")]
    groups = [group.get("default_voice_id") for group in caller.every("/v3/avatars")]
    named = sorted({voice_id for voice_id in [*looks, *groups] if voice_id})
    return [caller.get(f"/v3/voices/{voice_id}")["data"] | {"asked": voice_id} for voice_id in named]


@pytest.fixture(scope="module")
def urls(service: DemoService, voices: list[dict[str, Any]]) -> list[str]:
    """Give the addresses of the sounds that can be played."""
    return [url for voice in voices if (url := voice["preview_audio_url"] or "").startswith(service.base_url)]


def test_each_voice_that_is_named_has_the_fields_of_the_service(voices: list[dict[str, Any]]) -> None:
    assert len(voices) > 50
    for voice in voices:
        assert voice["asked"] == voice["voice_id"]
        assert {"voice_id", "support_pause"} <= voice.keys() <= {*FIELDS, "asked"}
        for name in voice.keys() & FIELDS.keys():
            assert isinstance(voice[name], FIELDS[name]), name
        assert voice.get("status", "complete") in ("processing", "complete", "failed")


def test_most_voices_can_be_heard_and_others_have_no_address_or_one_that_no_browser_knows(
    voices: list[dict[str, Any]], urls: list[str]
) -> None:
    others = {(voice["preview_audio_url"] or "")[:5] for voice in voices if voice["preview_audio_url"] not in urls}
    assert others == {"", "s3://"}
    assert len(voices) / 2 < len(urls) < len(voices)
    assert any("language" not in voice for voice in voices)
    assert {voice.get("gender") for voice in voices} >= {"female", "male"}


def test_the_same_seed_gives_the_same_voices() -> None:
    told = []
    for _ in range(2):
        with DemoService(looks=60, seed=3) as service:
            caller = Caller(service)
            records = [caller.get(f"/v3/voices/{group.voice_id}")["data"] for group in service.catalogue.groups]
            told.append(repr(records).replace(service.base_url, ""))
    assert told[0] == told[1]


@pytest.mark.parametrize("voice_id", ["nobody", "0" * 32, "%2e%2e", "٣"])
def test_an_unknown_voice_is_404(caller: Caller, voice_id: str) -> None:
    answer = caller.call("GET", f"/v3/voices/{voice_id.replace('٣', '%D9%A3')}")
    assert answer.status == 404
    assert answer.json["error"]["code"] == "voice_not_found"


def test_a_voice_is_told_to_nobody_without_the_key(caller: Caller) -> None:
    voice_id = caller.service.catalogue.groups[0].voice_id
    assert caller.call("GET", f"/v3/voices/{voice_id}", headers={}).status == 401


def test_a_sound_is_a_short_soft_wav_that_fades_in_and_out_and_needs_no_key(caller: Caller, urls: list[str]) -> None:
    for url in urls[:12]:
        answer = caller.fetch(url)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "audio/wav"
        assert len(answer.body) < 40_000
        with wave.open(io.BytesIO(answer.body)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
            rate = sound.getframerate()
            assert 0.8 < sound.getnframes() / rate < 1.3
            levels = [abs(level) for level in array("h", sound.readframes(sound.getnframes()))]
        assert 5_000 < max(levels) < 16_000
        tenth = len(levels) // 10
        assert max(levels[: rate // 500]) < 1_500
        assert max(levels[-rate // 500 :]) < 300
        assert max(levels[-tenth:]) < max(levels) / 8


def test_each_voice_sounds_otherwise_and_always_the_same(caller: Caller, urls: list[str]) -> None:
    sounds = [caller.fetch(url).body for url in urls[:20]]
    assert len(set(sounds)) == len(sounds)
    assert caller.fetch(urls[0]).body == sounds[0]


def test_a_part_of_a_sound_is_206_with_its_place(caller: Caller, urls: list[str]) -> None:
    whole = caller.fetch(urls[0]).body
    answer = caller.fetch(urls[0], Range="bytes=100-199")
    assert (answer.status, answer.body) == (206, whole[100:200])
    assert answer.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"


def test_a_sound_that_no_voice_has_is_404(caller: Caller, voices: list[dict[str, Any]], urls: list[str]) -> None:
    without = next(voice["voice_id"] for voice in voices if not voice["preview_audio_url"])
    served = urls[0].removeprefix(caller.service.base_url)
    for path in (f"/voice_preview/{without}.wav", "/voice_preview/nobody.wav", served.removesuffix(".wav")):
        assert caller.call("GET", path, headers={}).status == 404


def test_a_voice_can_be_struck_by_a_fault_and_is_noted_as_any_request() -> None:
    with DemoService(looks=60, faults=[Fault("no-id", endpoint="voice", times=1)]) as service:
        caller = Caller(service)
        path = f"/v3/voices/{service.catalogue.groups[0].voice_id}"
        assert "voice_id" not in caller.get(path)["data"]
        assert caller.get(path)["data"]["voice_id"]
        assert list(service.requests) == [("GET", path)] * 2
        assert service.struck == {"no-id": 1}


def test_a_voice_that_tells_no_language_is_of_none_that_can_be_asked_for(caller: Caller) -> None:
    voices = caller.every("/v3/voices")
    assert any(voice.get("language") is None for voice in voices)
    for name in ("language", "gender"):
        assert caller.every("/v3/voices", **{name: "none"}) == []
