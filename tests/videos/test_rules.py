"""The checker, the stand-in and the schemas of the documentation accept the same requests.

Checker and stand-in read the same rules. The schemas in the folder `contract` were written independently. They know
no looks.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from heygen_widgets import HeyGenClient, Look, VideoAgentRequest, VideoRequest
from heygen_widgets.demo import DemoService, _video_rules
from heygen_widgets.demo._records import ApiError
from heygen_widgets.errors import APIStatusError, VideoOptionError
from heygen_widgets.models import NOT_READY
from heygen_widgets.videos import Background, Caption, VoiceSettings
from heygen_widgets.videos.options import read_rules
from heygen_widgets.videos.requests import VideoAgentAnswer

Request = VideoRequest | VideoAgentRequest | VideoAgentAnswer

SCHEMAS = {
    kind: Draft202012Validator(json.loads((Path(__file__).parent / "contract" / name).read_text(encoding="utf-8")))
    for kind, name in {
        VideoRequest: "video.schema.json",
        VideoAgentRequest: "video_agent.schema.json",
        VideoAgentAnswer: "video_agent_answer.schema.json",
    }.items()
}
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
    "watermark": [*({"image": file, "opacity": 0.5, "placement": {"x": 1}} for file in FILES), {"scale": 1}, "a"],
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


class Sides:
    """A stand-in that never has a video in progress, and its looks."""

    def __init__(self, service: DemoService, client: HeyGenClient) -> None:
        self.service, self.client = service, client
        self.looks = list(client.iter_looks())
        self.kinds = list({(k.avatar_type, k.engines, k.status, bool(k.group_id)): k for k in self.looks}.values())
        self.ready = next(k for k in self.looks if k.is_ready and k.engines[:1] == ("avatar_iv",))
        self.voice_id = service.catalogue.groups[0].voice_id

    def send(self, request: Request) -> None:
        path = "/v3/videos" if isinstance(request, VideoRequest) else "/v3/video-agents"
        self.client._transport.request("POST", path, body=request.to_json())

    def check_video(self, look: Look, fields: dict[str, Any], reference: Look | None = None) -> None:
        script = None if fields.keys() & {"audio_url", "audio_asset_id"} else "Hello"
        request = VideoRequest(**{"avatar_id": look.id, "script": script, **fields})
        check(self.send, request, look, reference=reference)


def send_to(*looks: Look) -> Callable[[Request], object]:
    """Return a function that gives a request to the rules of a stand-in with these looks, without a session."""
    find = {look.id: look.to_json() for look in looks}.get

    def send(request: Request) -> object:
        if isinstance(request, VideoRequest):
            return _video_rules.check_video(request.to_json(), find, lambda voice_id: {})
        return _video_rules.check_agent(request.to_json(), find, lambda voice_id: {}, "answer")

    return send


def check(send: Callable[[Request], object], request: Request, *look: Look, **more: Any) -> Request | None:
    """Return the request as it is sent, or None if it does not pass: the stand-in decides the same.

    What does not depend on the look is decided by the schema too.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert SCHEMAS[type(request)].is_valid(request.to_json()) == (checked(request) is not None), request
        passed = checked(request, *look, **more)
    if passed is not None:
        send(passed)
        return passed
    with pytest.raises((APIStatusError, ApiError)) as caught:
        send(request)
    error: Any = caught.value
    assert (error.status if isinstance(error, ApiError) else error.status_code) in (400, 404)
    return None


def checked(request: Any, *look: Look, **more: Any) -> Any:
    """Return the request as it is sent, or None if it does not pass."""
    try:
        return request.check(*look, **more)
    except VideoOptionError:
        return None


@pytest.fixture(scope="module")
def sides() -> Iterator[Sides]:
    with (
        DemoService(400, render_time=0) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=0) as client,
    ):
        yield Sides(service, client)


def each_alone_and_in_pairs(fields: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for name, values in fields.items():
        yield from ({name: value} for value in values)
    for one, other in combinations(fields, 2):
        yield {one: fields[one][0], other: fields[other][0]}


def test_the_stand_in_accepts_exactly_the_videos_that_pass_the_checker(sides: Sides) -> None:
    for fields in each_alone_and_in_pairs({**VIDEO_FIELDS, "voice_id": [sides.voice_id]}):
        sides.check_video(sides.ready, fields)
    accepted = [body for path, body in sides.service.accepted if path == "/v3/videos"]
    assert {name for body in accepted for name in body} >= {"type", "avatar_id", *VIDEO_FIELDS}


def test_both_allow_the_same_engines_and_options_for_each_kind_of_look(sides: Sides) -> None:
    options = [{}, *({name: VIDEO_FIELDS[name][0]} for name in ("expressiveness", "motion_prompt", "resolution"))]
    for look in sides.kinds:
        for engine in (None, "avatar_iii", "avatar_iv", "avatar_v", "avatar_4_quality", "avatar_x"):
            for fields in options:
                sides.check_video(look, {"engine": engine, **fields})
    assert not NOT_READY.symmetric_difference(read_rules()["not_ready"])


@pytest.mark.parametrize("kind", ["digital_twin", "studio_avatar", "photo_avatar", "hologram"])
def test_a_reference_look_is_a_digital_twin_of_the_same_group_that_is_ready(kind: str) -> None:
    look = Look("look_1", "Ada", "photo_avatar", group_id="g", supported_api_engines=("avatar_v",))
    request = VideoRequest(look, "Hello", engine="avatar_v", reference_look_id="look_2")
    for status, group in product((None, "completed", "something_new", *NOT_READY), ("g", "h", None)):
        reference = Look("look_2", "Ada", kind, group_id=group, status=status)
        is_refused = kind in ("studio_avatar", "photo_avatar") or group == "h" or status in NOT_READY
        assert (check(send_to(look, reference), request, look, reference=reference) is None) == is_refused


def test_the_stand_in_accepts_exactly_the_requests_to_agents_and_answers_that_pass_the_checker(sides: Sides) -> None:
    for look in sides.kinds:
        check(sides.send, VideoAgentRequest("An ad", look.id), look)
    for fields in each_alone_and_in_pairs({**AGENT_FIELDS, "voice_id": [sides.voice_id]}):
        check(sides.send, VideoAgentRequest(**{"prompt": "An ad", "avatar_id": sides.ready.id, **fields}), sides.ready)
    answer = {"voice_id": [sides.voice_id], **{name: AGENT_FIELDS[name] for name in ("brand_kit_id", "files")}}
    for fields in each_alone_and_in_pairs({"message": AGENT_FIELDS["prompt"], **answer}):
        check(send_to(sides.ready), VideoAgentAnswer(**{"message": "For birds", "avatar_id": sides.ready.id, **fields}))
