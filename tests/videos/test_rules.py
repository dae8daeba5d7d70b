"""The checker, the stand-in and the schemas of the documentation accept the same requests.

Checker and stand-in read the same rules. The schemas in the folder `contract` were written independently. They know
no looks.
"""

import json
import warnings
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from heygen_widgets import Look, VideoAgentRequest, VideoRequest, demo_client
from heygen_widgets.demo import _video_rules
from heygen_widgets.demo._records import ApiError
from heygen_widgets.errors import VideoOptionError
from heygen_widgets.models import NOT_READY
from heygen_widgets.videos import Background, Caption, VoiceSettings
from heygen_widgets.videos.options import read_rules
from heygen_widgets.videos.requests import agent_answer

CONTRACT = Path(__file__).parent / "contract"
SCHEMAS = {
    kind: Draft202012Validator(json.loads((CONTRACT / f"{name}.schema.json").read_text(encoding="utf-8")))
    for kind, name in {"video": "video", "agent": "video_agent", "answer": "video_agent_answer"}.items()
}


class Answer(dict[str, Any]):
    def check(self) -> "Answer":
        return Answer(agent_answer(**self))

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in self.items() if value != ()}


KINDS = {VideoRequest: "video", VideoAgentRequest: "agent", Answer: "answer"}
TEXTS = ["a", "Ünï", "x y", ""]
URLS = ["https://b.org/a.mp3", "http://b.org", "ftp://b.org/a", "https://", "https://a b", "a.mp3", ""]
FILES: list[Any] = [
    *({"type": "url", "url": url} for url in URLS),
    *({"type": "asset_id", "asset_id": text} for text in TEXTS),
    *({"type": "base64", "media_type": kind, "data": "QUJD"} for kind in TEXTS),
    *({"type": "base64", "media_type": "image/png", "data": data} for data in TEXTS),
    *({"type": kind} for kind in ("url", "asset_id", "base64", "file", None, ["url"])),
    *({"type": "base64", "data": "QUJD"}, {"type": "url", "asset_id": "a"}, {"url": "https://b.org"}),
    *({"type": "asset_id", "asset_id": "a", "url": "https://b.org"}, {"type": "url", "url": 5}, "https://b.org", {}),
]
NUMBERS = [1, 0, 0.5, 1.5, 1.6, -50, -51, 50, 51, True]
# The first value of each field is valid.
VIDEO_FIELDS: dict[str, list[Any]] = {
    "script": ["Hello", "x" * 5_000, "x" * 5_001, "", None],
    **{"audio_url": URLS, "audio_asset_id": TEXTS, "motion_prompt": TEXTS, "title": TEXTS, "callback_id": TEXTS},
    "expressiveness": ["high", "medium", "low", "wild"],
    "aspect_ratio": ["16:9", "9:16", "4:5", "5:4", "1:1", "auto", "4:3"],
    "resolution": ["4k", "1080p", "720p", "8k"],
    "fit": ["contain", "cover", "fill"],
    "background": [
        *(Background("color", value=value) for value in ("#00FF0a", "#00ff0", "green", None)),
        *(Background("image", url=url) for url in URLS),
        *(Background("image", asset_id=text) for text in TEXTS),
        Background("color", value="#00FF0a", url="https://b.org/a"),
        Background("image", url="https://b.org/a", asset_id="a"),
        Background("video", url="https://b.org/a"),
    ],
    "remove_background": [True, False],
    "output_format": ["webm", "mp4", "gif"],
    "caption": [Caption(kind, style) for kind in ("srt", "vtt") for style in ("default", None, "bold")],
    "voice_settings": [
        *(VoiceSettings(locale=text) for text in TEXTS),
        *(VoiceSettings(**{name: value}) for name in ("speed", "pitch", "volume") for value in NUMBERS),
        *(VoiceSettings(engine_settings={"engine_type": text, "stability": 0.5}) for text in TEXTS),
        *(VoiceSettings(engine_settings=value) for value in ({}, {"stability": 1}, "starfish")),
    ],
    "watermark": [*({"image": file, "opacity": 0.5, "engine": {"x": 1}} for file in FILES), {"scale": 1}, "a"],
    "callback_url": URLS,
    **{"folder_id": TEXTS, "brand_glossary_id": TEXTS},
}
AGENT_FIELDS: dict[str, list[Any]] = {
    "prompt": ["An ad", "x" * 10_000, "x" * 10_001, ""],
    "orientation": ["landscape", "portrait", "square"],
    "mode": ["generate", "chat", "talk"],
    "incognito_mode": [True, False, 1],
    "files": [(), *([file] for file in FILES), FILES[:1] * 20, FILES[:1] * 21, [FILES[0], "file"], FILES[0]],
    **{"style_id": TEXTS, "brand_kit_id": TEXTS, "callback_id": TEXTS, "callback_url": URLS},
}


def check(request: Any, *look: Look, **more: Any) -> bool:
    """Return whether a request passes the checker, which the stand-in and, without a look, the schema decide alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        is_valid, passed = checked(request) is not None, checked(request, *look, **more)
    assert SCHEMAS[KINDS[type(request)]].is_valid(request.to_json()) == is_valid, request
    assert is_accepted(passed or request, *look, *filter(None, more.values())) == (passed is not None), request
    return passed is not None


def checked(request: Any, *look: Look, **more: Any) -> Any:
    """Return the request as it is sent, or None if it does not pass."""
    try:
        return request.check(*look, **more)
    except VideoOptionError:
        return None


def is_accepted(request: Any, *looks: Look) -> bool:
    """Return whether the rules of a stand-in with these looks accept a request."""
    kind, body = KINDS[type(request)], json.loads(json.dumps(request.to_json()))
    find = {look.id: look.to_json() for look in looks}.get, {"voice_1": {}}.get
    try:
        _video_rules.check_video(body, *find) if kind == "video" else _video_rules.check_agent(body, *find, kind)
    except ApiError as error:
        return error.status != 400
    return True


def check_video(look: Look, fields: dict[str, Any], reference: Look | None = None) -> bool:
    script = None if fields.keys() & {"audio_url", "audio_asset_id"} else "Hello"
    return check(VideoRequest(**{"avatar_id": look.id, "script": script, **fields}), look, reference=reference)


def each_alone_and_in_pairs(fields: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for name, values in fields.items():
        yield from ({name: value} for value in values)
    for one, other in combinations(fields, 2):
        yield {one: fields[one][0], other: fields[other][0]}


@pytest.fixture(scope="module")
def looks() -> dict[Any, Look]:
    """Return a look of each kind of the stand-in's."""
    with demo_client(400) as client:
        return {(k.avatar_type, k.engines, k.status, bool(k.group_id)): k for k in client.iter_looks()}


def test_the_stand_in_accepts_exactly_the_videos_that_pass_the_checker() -> None:
    look = Look("look_1", "Ada", "photo_avatar", supported_api_engines=("avatar_iv",))
    fields = each_alone_and_in_pairs({**VIDEO_FIELDS, "voice_id": ["voice_1"]})
    assert {name for each in fields if check_video(look, each) for name in each} == {*VIDEO_FIELDS, "voice_id"}


def test_both_allow_the_same_engines_and_options_for_each_kind_of_look(looks: dict[Any, Look]) -> None:
    options = [{}, *({name: VIDEO_FIELDS[name][0]} for name in ("expressiveness", "motion_prompt", "resolution"))]
    for look in looks.values():
        for engine in (None, "avatar_iii", "avatar_iv", "avatar_v", "avatar_4_quality", "avatar_x"):
            for fields in options:
                check_video(look, {"engine": engine, **fields})
        check(VideoAgentRequest("An ad", look.id), look)
        # The service does not choose another engine by itself.
        takes_default = look.is_ready and look.default_engine == "avatar_iv"
        assert is_accepted(VideoRequest(look.id, "Hello"), look) == takes_default
    assert NOT_READY == {*read_rules()["not_ready"]} == {k.status for k in looks.values() if not k.is_ready}


@pytest.mark.parametrize("kind", ["digital_twin", "studio_avatar", "photo_avatar", "hologram"])
def test_a_reference_look_is_a_digital_twin_of_the_same_group_that_is_ready(kind: str) -> None:
    look = Look("look_1", "Ada", "photo_avatar", group_id="g", supported_api_engines=("avatar_v", "avatar_iv"))
    for status, group in product((None, "completed", "something_new", *NOT_READY), ("g", "h", None)):
        reference = Look("look_2", "Ada", kind, group_id=group, status=status)
        is_refused = kind in ("studio_avatar", "photo_avatar") or group == "h" or status in NOT_READY
        assert check_video(look, {"engine": "avatar_v", "reference_look_id": "look_2"}, reference) == (not is_refused)
        assert not check_video(look, {"engine": "avatar_iv", "reference_look_id": "look_2"}, reference)


def test_the_stand_in_accepts_exactly_the_requests_to_agents_and_answers_that_pass_the_checker() -> None:
    for fields in each_alone_and_in_pairs({**AGENT_FIELDS, "voice_id": ["voice_1"]}):
        check(VideoAgentRequest(**{"prompt": "An ad", **fields}))
    answer = {"voice_id": ["voice_1"], **{name: AGENT_FIELDS[name] for name in ("brand_kit_id", "files")}}
    for fields in each_alone_and_in_pairs({"message": AGENT_FIELDS["prompt"], **answer}):
        check(Answer({"message": "For birds", **fields}))
