"""The checker, the stand-in and the schemas of the documentation accept the same requests.

Checker and stand-in read the same rules. The schemas in the folder `contract` were written independently.
"""

import json
import warnings
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from heygen_widgets import HeyGenClient, Look, VideoAgentRequest, VideoRequest
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import APIStatusError, VideoOptionError
from heygen_widgets.videos import Background, Caption, VoiceSettings

SCHEMAS = {
    path: Draft202012Validator(json.loads((Path(__file__).parent / "contract" / name).read_text(encoding="utf-8")))
    for path, name in {"/v3/videos": "video.schema.json", "/v3/video-agents": "video_agent.schema.json"}.items()
}
TEXTS = ["a", "Ünï", "x y", ""]
URLS = ["https://b.org/a.mp3", "http://b.org", "ftp://b.org/a", "https://", "https://a b", "a.mp3", ""]
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
    ],
    "callback_url": URLS,
}
AGENT_FIELDS: dict[str, list[Any]] = {
    "prompt": ["An ad", "x" * 10_000, "x" * 10_001, ""],
    "orientation": ["landscape", "portrait", "square"],
    "mode": ["generate", "chat", "talk"],
    "incognito_mode": [True, False, 1],
    "files": [(), ("file",), ("file",) * 20, ("file",) * 21],
    **{"style_id": TEXTS, "brand_kit_id": TEXTS, "callback_id": TEXTS, "callback_url": URLS},
}


class Sides:
    """A stand-in that never has a video in progress, and its looks."""

    def __init__(self, service: DemoService, client: HeyGenClient) -> None:
        self.service, self.client = service, client
        self.looks = list(client.iter_looks())
        self.kinds = list({(k.avatar_type, k.engines, k.status, bool(k.group_id)): k for k in self.looks}.values())
        self.ready = next(k for k in self.looks if k.is_ready and k.engines[:1] == ("avatar_iv",))

    def check(self, path: str, look: Look, request: VideoRequest | VideoAgentRequest, **more: Any) -> None:
        """Check that the stand-in accepts a request exactly if it passes the checker, and that the schema allows it."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                body = request.check(look, **more).to_json()
        except VideoOptionError:
            with pytest.raises(APIStatusError, match=r"\b40[04]\b"):
                self.client._transport.request("POST", path, body=request.to_json())
        else:
            self.client._transport.request("POST", path, body=body)
            SCHEMAS[path].validate(body)

    def check_video(self, look: Look, fields: dict[str, Any], reference: Look | None = None) -> None:
        script = None if fields.keys() & {"audio_url", "audio_asset_id"} else "Hello"
        request = VideoRequest(**{"avatar_id": look.id, "script": script, **fields})
        self.check("/v3/videos", look, request, reference=reference)


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
    voice_id = sides.service.catalogue.groups[0].voice_id
    for fields in each_alone_and_in_pairs({**VIDEO_FIELDS, "voice_id": [voice_id]}):
        sides.check_video(sides.ready, fields)
    accepted = [body for path, body in sides.service.accepted if path == "/v3/videos"]
    assert {name for body in accepted for name in body} >= {"type", "avatar_id", *VIDEO_FIELDS}


def test_both_allow_the_same_engines_and_options_for_each_kind_of_look(sides: Sides) -> None:
    options = [{}, *({name: VIDEO_FIELDS[name][0]} for name in ("expressiveness", "motion_prompt", "resolution"))]
    for look in sides.kinds:
        for engine in (None, "avatar_iii", "avatar_iv", "avatar_v", "avatar_4_quality", "avatar_x"):
            for fields in options:
                sides.check_video(look, {"engine": engine, **fields})
        group = [other for other in sides.looks if other.group_id == look.group_id]
        for reference in (group[0], group[-1], sides.looks[0], sides.looks[-1]):
            for engine in ("avatar_iv", "avatar_v"):
                sides.check_video(look, {"engine": engine, "reference_look_id": reference.id}, reference)


def test_the_stand_in_accepts_exactly_the_requests_to_agents_that_pass_the_checker(sides: Sides) -> None:
    for look in sides.kinds:
        sides.check("/v3/video-agents", look, VideoAgentRequest(prompt="An ad", avatar_id=look.id))
    for fields in each_alone_and_in_pairs(AGENT_FIELDS):
        request = VideoAgentRequest(**{"prompt": "An ad", "avatar_id": sides.ready.id, **fields})
        sides.check("/v3/video-agents", sides.ready, request)
