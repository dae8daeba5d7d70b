"""The checker, the stand-in and the schema of the documentation, held against each other.

The checker of requests and the stand-in that refuses them were written apart from each other, and the schemas in the
folder `contract` apart from both.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from heygen_widgets import HeyGenClient, Look, VideoAgentRequest, VideoRequest
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import APIStatusError, VideoOptionError
from heygen_widgets.videos import Background, Caption, VoiceSettings

FOLDER = Path(__file__).parent / "contract"
SCHEMAS = {
    path: Draft202012Validator(json.loads((FOLDER / name).read_text(encoding="utf-8")))
    for path, name in {"/v3/videos": "video.schema.json", "/v3/video-agents": "video_agent.schema.json"}.items()
}
ENGINES = (None, "avatar_iii", "avatar_iv", "avatar_v", "avatar_4_quality", "avatar_x")


class Pair:
    """A stand-in and what it serves, as the client reads it."""

    def __init__(self) -> None:
        # Nothing is ever in the making, so that as many as one likes can be.
        self.service = DemoService(400, render_time=0).start()
        self.client = HeyGenClient(self.service.api_key, base_url=self.service.base_url, max_retries=0)
        self.looks = list(self.client.iter_looks())
        self.voice_id = self.service.catalogue.groups[0].voice_id
        # One of each kind: type, engines, whether it is ready, has a group and a voice.
        kinds = {
            (look.avatar_type, look.engines, look.is_ready, bool(look.group_id), bool(look.default_voice_id)): look
            for look in self.looks
        }
        self.kinds = [*{look.status: look for look in self.looks}.values(), *kinds.values()]


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.client.close()
    pair.service.close()


TEXTS = ["a", "Ünï", "x y", ""]
ADDRESSES = ["https://b.org/a.mp3", "http://b.org", "ftp://b.org/a", "https://", "https://a b", "a.mp3", ""]
NUMBERS = [1, 0, 0.5, 1.5, 1.6, -50, -51, 50, 51, True]
# The values of each field, the first of which is one that the service takes.
VIDEO_FIELDS: dict[str, list[Any]] = {
    "script": ["Hello", "x" * 5_000, "x" * 5_001, "", None],
    "audio_url": ADDRESSES,
    "audio_asset_id": TEXTS,
    "motion_prompt": TEXTS,
    "expressiveness": ["high", "medium", "low", "wild"],
    "aspect_ratio": ["16:9", "9:16", "4:5", "5:4", "1:1", "auto", "4:3"],
    "resolution": ["4k", "1080p", "720p", "8k"],
    "fit": ["contain", "cover", "fill"],
    "background": [
        Background("color", value="#00FF0a"),
        Background("image", url="https://b.org/a"),
        Background("image", asset_id="a"),
        *(Background("color", value=value) for value in ("#00ff0", "green", None)),
        *(Background("image", url=url) for url in ADDRESSES),
        *(Background("image", asset_id=text) for text in TEXTS),
        Background("color", value="#00FF0a", url="https://b.org/a"),
        Background("image", url="https://b.org/a", asset_id="a"),
        Background("video", url="https://b.org/a"),
    ],
    "remove_background": [True, False],
    "output_format": ["webm", "mp4", "gif"],
    "caption": [Caption(kind, style) for kind in ("srt", "vtt") for style in ("default", None, "bold")],
    "voice_settings": [
        VoiceSettings(locale="en-US"),
        *(VoiceSettings(**{name: value}) for name in ("speed", "pitch", "volume") for value in NUMBERS),
        *(VoiceSettings(locale=text) for text in TEXTS),
    ],
    "title": TEXTS,
    "callback_url": ADDRESSES,
    "callback_id": TEXTS,
}
AGENT_FIELDS: dict[str, list[Any]] = {
    "prompt": ["An ad", "x" * 10_000, "x" * 10_001, ""],
    "style_id": TEXTS,
    "orientation": ["landscape", "portrait", "square"],
    "mode": ["generate", "chat", "talk"],
    "brand_kit_id": TEXTS,
    "incognito_mode": [True, False, 1],
    "callback_url": ADDRESSES,
    "callback_id": TEXTS,
    "files": [(), ("file",), ("file",) * 20, ("file",) * 21],
}


def each_alone_and_in_pairs(fields: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Give each value of each field alone, and the first values of each two."""
    for name, values in fields.items():
        yield from ({name: value} for value in values)
    for one, other in combinations(fields, 2):
        yield {one: fields[one][0], other: fields[other][0]}


def some_of(fields: dict[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=5)
    return names.flatmap(lambda drawn: st.fixed_dictionaries({name: st.sampled_from(fields[name]) for name in drawn}))


def passes(
    request: VideoRequest | VideoAgentRequest, look: Look, **more: Any
) -> VideoRequest | VideoAgentRequest | None:
    """Give the request that the checker would send, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return request.check(look, **more)
        except VideoOptionError:
            return None


def taken(pair: Pair, path: str, body: dict[str, Any]) -> bool:
    """Send a body past the checker; tell whether the stand-in took it."""
    try:
        pair.client._transport.request("POST", path, body=body)
    except APIStatusError as error:
        if error.status_code not in (400, 404):
            raise
        return False
    assert pair.service.accepted[-1] == (path, body)
    return True


def check_both_sides(pair: Pair, path: str, look: Look, request: VideoRequest | VideoAgentRequest, **more: Any) -> None:
    """Check that the stand-in takes exactly what the checker passes, and that the schema allows it."""
    passed = passes(request, look, **more)
    # The checker adds an engine, which is what lets some of them pass.
    body = (passed or request).to_json()
    if taken(pair, path, body):
        assert passed is not None, f"the stand-in took what the checker refuses: {body}"
        SCHEMAS[path].validate(body)
    else:
        assert passed is None, f"the checker passed what the stand-in refuses: {body}"


def check_video(pair: Pair, look: Look, fields: dict[str, Any], reference: Look | None = None) -> None:
    script = None if fields.keys() & {"audio_url", "audio_asset_id"} else "Hello"
    request = VideoRequest(**{"avatar_id": look.id, "script": script, **fields})
    check_both_sides(pair, "/v3/videos", look, request, reference=reference)


def test_the_stand_in_takes_exactly_the_videos_that_the_checker_passes(pair: Pair) -> None:
    photos = (look for look in pair.kinds if look.avatar_type == "photo_avatar")  # these take most
    look = next(look for look in photos if look.is_ready and "avatar_iv" in look.engines)
    for fields in each_alone_and_in_pairs({**VIDEO_FIELDS, "voice_id": [pair.voice_id]}):
        check_video(pair, look, fields)
    accepted = [body for path, body in pair.service.accepted if path == "/v3/videos"]
    assert {name for body in accepted for name in body} >= {"type", "avatar_id", *VIDEO_FIELDS}


def test_the_stand_in_and_the_checker_allow_the_same_engines_and_the_same_options_of_each(pair: Pair) -> None:
    options = [{}, *({name: VIDEO_FIELDS[name][0]} for name in ("expressiveness", "motion_prompt", "resolution"))]
    for look in pair.kinds:
        for engine in ENGINES:
            for fields in options:
                check_video(pair, look, {"engine": engine, **fields})
        if look.is_ready:
            group = [other for other in pair.looks if other.group_id == look.group_id]
            for reference in (group[0], group[-1], pair.looks[0], pair.looks[-1]):
                for engine in ("avatar_iv", "avatar_v"):
                    check_video(pair, look, {"engine": engine, "reference_look_id": reference.id}, reference)


def test_the_stand_in_takes_exactly_the_agents_requests_that_the_checker_passes(pair: Pair) -> None:
    for look in pair.kinds:
        check_both_sides(pair, "/v3/video-agents", look, VideoAgentRequest(prompt="An ad", avatar_id=look.id))
    look = next(look for look in pair.kinds if look.is_ready)
    for fields in each_alone_and_in_pairs(AGENT_FIELDS):
        request = VideoAgentRequest(**{"prompt": "An ad", "avatar_id": look.id, **fields})
        check_both_sides(pair, "/v3/video-agents", look, request)


@given(data=st.data(), engine=st.sampled_from(ENGINES), fields=some_of(VIDEO_FIELDS))
def test_the_same_holds_of_any_fields_of_a_video_together(
    pair: Pair, data: st.DataObject, engine: str | None, fields: dict[str, Any]
) -> None:
    check_video(pair, data.draw(st.sampled_from(pair.kinds)), {"engine": engine, **fields})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-60, 60) | st.sampled_from(["", "a", "4k", "avatar_v", "https://a.b/c"]),
    lambda children: (
        st.lists(children, max_size=2) | st.dictionaries(st.sampled_from(["type", "value", "speed"]), children)
    ),
    max_leaves=4,
)


@settings(max_examples=10 * settings().max_examples)
@given(data=st.data())
def test_the_schema_allows_all_that_the_stand_in_takes(pair: Pair, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(SCHEMAS)))
    look = next(look for look in pair.looks if look.is_ready and "avatar_iv" in look.engines)
    good = {"type": "avatar", "avatar_id": look.id, "script": "Hello"} if path == "/v3/videos" else {"prompt": "An ad"}
    names = st.sampled_from([*SCHEMAS[path].schema["properties"], "other"])  # type: ignore[index]
    body = {**good, **data.draw(st.dictionaries(names, json_values, max_size=3))}
    given_fields = {name: value for name, value in body.items() if value is not None}
    if taken(pair, path, body):
        SCHEMAS[path].validate(_without_nulls(given_fields))


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
