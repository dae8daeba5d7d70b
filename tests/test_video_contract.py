"""The checker, the stand-in and the schema of the documentation, held against each other.

The checker of requests and the stand-in that refuses them were written apart from each other, and the schemas in the
folder `contract` apart from both.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
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
        self.seen: set[str] = set()

    def some_looks(self) -> list[Look]:
        """Give one look of each kind: type, engines, whether it is ready, has a group and a voice."""
        kinds = {
            (look.avatar_type, look.engines, look.status, bool(look.group_id), bool(look.default_voice_id)): look
            for look in self.looks
        }
        every = list(kinds.values())
        return [look for look in every if look.is_ready] * 3 + every


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.client.close()
    pair.service.close()


def mostly(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Leave most fields out, so that many requests have nothing wrong."""
    return st.sampled_from(range(10)).flatmap(lambda drawn: values if drawn == 5 else st.none())


texts = st.sampled_from(["a", "", "Ünï", "x y"])
addresses = st.sampled_from(
    ["https://example.org/a.mp3", "http://example.org", "ftp://example.org/a", "https://", "https://a b", "a.mp3", ""]
)
numbers = st.sampled_from([-51, -50, 0, 0.5, 1, 1.5, 1.6, 50, 51, True])
backgrounds = st.builds(
    Background,
    st.sampled_from(["color", "image", "video"]),
    value=st.none() | st.sampled_from(["#00FF0a", "#00ff0", "green"]),
    url=mostly(addresses),
    asset_id=mostly(texts),
)
captions = st.builds(Caption, st.sampled_from(["srt", "vtt"]), st.sampled_from([None, "default", "bold"]))
voice_settings = st.builds(VoiceSettings, mostly(numbers), mostly(numbers), mostly(numbers), mostly(texts))


def requests_for(look: Look, pair: Pair) -> st.SearchStrategy[VideoRequest]:
    group = [other.id for other in pair.looks if other.group_id == look.group_id][:2]
    references = st.sampled_from([*group, pair.looks[0].id, pair.looks[-1].id])
    listed = list(look.engines) or ["avatar_iv"]
    return st.builds(
        VideoRequest,
        avatar_id=st.just(look.id),
        script=st.sampled_from([*["Hello"] * 8, "x" * 5_000, "x" * 5_001, "", None]),
        audio_url=mostly(addresses),
        audio_asset_id=mostly(texts),
        voice_id=mostly(st.just(pair.voice_id)),
        engine=st.one_of(st.none(), st.sampled_from(listed), st.sampled_from(listed), st.sampled_from(ENGINES)),
        reference_look_id=mostly(references),
        motion_prompt=mostly(texts),
        expressiveness=mostly(st.sampled_from(["high", "medium", "low", "wild"])),
        aspect_ratio=mostly(st.sampled_from(["16:9", "9:16", "4:5", "5:4", "1:1", "auto", "4:3"])),
        resolution=mostly(st.sampled_from(["4k", "1080p", "720p", "8k"])),
        fit=mostly(st.sampled_from(["contain", "cover", "fill"])),
        background=mostly(backgrounds),
        remove_background=mostly(st.booleans()),
        output_format=mostly(st.sampled_from(["mp4", "webm", "gif"])),
        caption=mostly(captions),
        voice_settings=mostly(voice_settings),
        title=mostly(texts),
        callback_url=mostly(addresses),
        callback_id=mostly(texts),
    )


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


# The same examples each time, so that how much they meet, which the last test counts, is the same too.
many = settings(max_examples=1_000, deadline=None, derandomize=True)


@many
@given(data=st.data())
def test_what_the_checker_passes_the_stand_in_takes_and_the_reverse(pair: Pair, data: st.DataObject) -> None:
    look = data.draw(st.sampled_from(pair.some_looks()))
    request = data.draw(requests_for(look, pair))
    reference = pair.by_id[request.reference_look_id] if request.reference_look_id else None
    passed = passes(request, look, reference=reference)
    # What the checker adds, an engine, is what lets some of them pass.
    body = (passed or request).to_json()
    if taken(pair, "/v3/videos", body):
        assert passed is not None, f"the stand-in took what the checker refuses: {body}"
        SCHEMAS["/v3/videos"].validate(body)
    else:
        assert passed is None, f"the checker passed what the stand-in refuses: {body}"


agent_requests = st.builds(
    VideoAgentRequest,
    prompt=st.sampled_from(["An ad", "x" * 10_000, "x" * 10_001, ""]),
    voice_id=st.none(),
    style_id=mostly(texts),
    orientation=mostly(st.sampled_from(["landscape", "portrait", "square"])),
    mode=mostly(st.sampled_from(["generate", "chat", "talk"])),
    brand_kit_id=mostly(texts),
    incognito_mode=mostly(st.booleans() | st.just(1)),
    callback_url=mostly(addresses),
    callback_id=mostly(texts),
    files=st.sampled_from([(), ("file",), ("file",) * 20, ("file",) * 21]),
)


@many
@given(request=agent_requests, data=st.data())
def test_the_same_holds_of_what_an_agent_is_asked(pair: Pair, request: VideoAgentRequest, data: st.DataObject) -> None:
    look = data.draw(st.sampled_from(pair.some_looks()))
    request = VideoAgentRequest(
        **{**{n: getattr(request, n) for n in request.__dataclass_fields__}, "avatar_id": look.id}
    )
    passed = passes(request, look)
    body = request.to_json()
    if taken(pair, "/v3/video-agents", body):
        assert passed is not None
        SCHEMAS["/v3/video-agents"].validate(body)
    else:
        assert passed is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-60, 60) | st.sampled_from(["", "a", "4k", "avatar_v", "https://a.b/c"]),
    lambda children: (
        st.lists(children, max_size=2) | st.dictionaries(st.sampled_from(["type", "value", "speed"]), children)
    ),
    max_leaves=4,
)


@many
@given(data=st.data())
def test_whatever_the_stand_in_takes_is_of_the_schema(pair: Pair, data: st.DataObject) -> None:
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


def test_both_sides_are_met_often(pair: Pair) -> None:
    """Were nearly all requests wrong, the properties above would say little."""
    assert len(pair.service.accepted) > 500
    fields = {name for path, body in pair.service.accepted if path == "/v3/videos" for name in body}
    assert fields == {*SCHEMAS["/v3/videos"].schema["properties"]}  # type: ignore[index]
