"""The checker, the stand-in and the schema of the documentation, held against each other.

The checker of requests and the stand-in that refuses them were written apart from each other, and the schemas in the
folder `contract` apart from both.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
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
ENGINES = ("avatar_iii", "avatar_iv", "avatar_v", "avatar_4_quality", "avatar_x")


class Pair:
    """A stand-in and what it serves, as the client reads it."""

    def __init__(self) -> None:
        # Nothing is ever in the making, so that as many as one likes can be.
        self.service = DemoService(400, render_time=0).start()
        self.client = HeyGenClient(self.service.api_key, base_url=self.service.base_url, max_retries=0)
        self.looks = list(self.client.iter_looks())
        self.by_id = {look.id: look for look in self.looks}
        self.voice_id = self.service.catalogue.groups[0].voice_id
        # One of each kind: type, engines, whether it is ready, has a group and a voice.
        kinds = {
            (look.avatar_type, look.engines, look.status, bool(look.group_id), bool(look.default_voice_id)): look
            for look in self.looks
        }
        every = list(kinds.values())
        self.drawn = [look for look in every if look.is_ready] * 3 + every


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.client.close()
    pair.service.close()


texts = st.sampled_from(["a", "", "Ünï", "x y"])
addresses = st.sampled_from(["https://example.org/a.mp3", "http://example.org"]) | st.sampled_from(
    ["ftp://example.org/a", "https://", "https://a b", "a.mp3", ""]
)
numbers = st.none() | st.none() | st.sampled_from([-51, -50, 0, 0.5, 1, 1.5, 1.6, 50, 51, True])
backgrounds = st.sampled_from(
    [Background("color", value="#00FF0a"), Background("image", url="https://b.c/a"), Background("image", asset_id="a")]
) | st.builds(
    Background,
    st.sampled_from(["color", "image", "video"]),
    value=st.none() | st.sampled_from(["#00FF0a", "#00ff0", "green"]),
    url=st.none() | addresses,
    asset_id=st.none() | texts,
)
captions = st.builds(Caption, st.sampled_from(["srt", "vtt"]), st.sampled_from([None, "default", "bold"]))


def some_of(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Set at most three of a request's fields, so that many requests have nothing wrong."""
    names = st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=3)
    return names.flatmap(lambda drawn: st.fixed_dictionaries({name: fields[name] for name in drawn}))


@cache
def requests_for(look: Look, pair: Pair) -> st.SearchStrategy[VideoRequest]:
    group = [other.id for other in pair.looks if other.group_id == look.group_id][:2]
    listed = list(look.engines) or ["avatar_iv"]
    fields: dict[str, st.SearchStrategy[Any]] = {
        "script": st.sampled_from(["x" * 5_000, "x" * 5_001, "", None]),
        "audio_url": addresses,
        "audio_asset_id": texts,
        "voice_id": st.just(pair.voice_id),
        "reference_look_id": st.sampled_from([*group, pair.looks[0].id, pair.looks[-1].id]),
        "motion_prompt": texts,
        "expressiveness": st.sampled_from(["high", "medium", "low", "wild"]),
        "aspect_ratio": st.sampled_from(["16:9", "9:16", "4:5", "5:4", "1:1", "auto", "4:3"]),
        "resolution": st.sampled_from(["4k", "1080p", "720p", "8k"]),
        "fit": st.sampled_from(["contain", "cover", "fill"]),
        "background": backgrounds,
        "remove_background": st.booleans(),
        "output_format": st.sampled_from(["mp4", "webm", "gif"]),
        "caption": captions,
        "voice_settings": st.builds(VoiceSettings, numbers, numbers, numbers, st.none() | texts),
        "title": texts,
        "callback_url": addresses,
        "callback_id": texts,
    }
    engines = st.none() | st.sampled_from(listed) | st.sampled_from(listed) | st.sampled_from(ENGINES)

    def build(engine: str | None, drawn: dict[str, Any]) -> VideoRequest:
        script = None if drawn.keys() & {"audio_url", "audio_asset_id"} else "Hello"
        return VideoRequest(**{"avatar_id": look.id, "script": script, "engine": engine, **drawn})

    return st.builds(build, engines, some_of(fields))


agent_fields: dict[str, st.SearchStrategy[Any]] = {
    "prompt": st.sampled_from(["x" * 10_000, "x" * 10_001, ""]),
    "style_id": texts,
    "orientation": st.sampled_from(["landscape", "portrait", "square"]),
    "mode": st.sampled_from(["generate", "chat", "talk"]),
    "brand_kit_id": texts,
    "incognito_mode": st.booleans() | st.just(1),
    "callback_url": addresses,
    "callback_id": texts,
    "files": st.sampled_from([(), ("file",), ("file",) * 20, ("file",) * 21]),
}


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


# Each rule is about a field or two of some twenty.
many = settings(max_examples=16 * settings().max_examples, suppress_health_check=HealthCheck)


@pytest.fixture
def _both_sides_are_met_often(pair: Pair) -> Iterator[None]:
    """Fail where nearly all requests were wrong, or a field was never taken: the property would say little."""
    before = len(pair.service.accepted)
    yield
    accepted = [body for _, body in [*pair.service.accepted][before:]]
    assert 0.3 < len(accepted) / many.max_examples < 0.8
    assert {name for body in accepted for name in body} == {*SCHEMAS["/v3/videos"].schema["properties"]}  # type: ignore[index]


@pytest.mark.usefixtures("_both_sides_are_met_often")
@many
@given(data=st.data())
def test_the_stand_in_takes_exactly_the_videos_that_the_checker_passes(pair: Pair, data: st.DataObject) -> None:
    look = data.draw(st.sampled_from(pair.drawn))
    request = data.draw(requests_for(look, pair))
    reference = pair.by_id[request.reference_look_id] if request.reference_look_id else None
    check_both_sides(pair, "/v3/videos", look, request, reference=reference)


@many
@given(data=st.data(), fields=some_of(agent_fields))
def test_the_stand_in_takes_exactly_the_agents_requests_that_the_checker_passes(
    pair: Pair, data: st.DataObject, fields: dict[str, Any]
) -> None:
    look = data.draw(st.sampled_from(pair.drawn))
    request = VideoAgentRequest(**{"prompt": "An ad", "avatar_id": look.id, **fields})
    check_both_sides(pair, "/v3/video-agents", look, request)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-60, 60) | st.sampled_from(["", "a", "4k", "avatar_v", "https://a.b/c"]),
    lambda children: (
        st.lists(children, max_size=2) | st.dictionaries(st.sampled_from(["type", "value", "speed"]), children)
    ),
    max_leaves=4,
)


@many
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
