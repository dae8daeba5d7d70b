"""What a look allows, and requests that are checked before they are sent."""

import copy
import inspect
import json
import pickle
import re
import warnings
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from avatar_service import said

from heygen_widgets.errors import VideoOptionError
from heygen_widgets.models import AvatarGroup, Failure, Look, Voice
from heygen_widgets.videos import Background, VideoAgentRequest, VideoOptionWarning, VideoRequest, VoiceSettings

ENGINES = ("avatar_iv", "avatar_v", "avatar_iii")
FILE = {"type": "asset_id", "asset_id": "asset"}


def a_look(avatar_type: str = "photo_avatar", engines: tuple[str, ...] = ENGINES, **fields: Any) -> Look:
    defaults = {"group_id": "group_1", "default_voice_id": "voice_1"}
    return Look("look_1", "Ada Office 1", avatar_type, supported_api_engines=engines, **{**defaults, **fields})


def a_request(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"avatar_id": "look_1", "script": "Hello", **fields})


def an_agent(**fields: Any) -> VideoAgentRequest:
    return VideoAgentRequest(**{"prompt": "An ad", **fields})


def doubts(request: VideoRequest | VideoAgentRequest, look: Look, **more: Any) -> list[str]:
    """Check a request that passes; return the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        request.check(look, **more)
    assert {warning.category for warning in said(caught)} <= {VideoOptionWarning}
    return [str(warning.message) for warning in said(caught)]


def problems(request: VideoRequest | VideoAgentRequest, look: Look | None = None, **more: Any) -> tuple[str, ...]:
    with pytest.raises(VideoOptionError) as caught:
        request.check(look, **more)
    return caught.value.problems


# As documented: photo avatars with IV, V and III, then looks from video with IV, V and III.
@pytest.mark.parametrize(
    ("field", "value", "words", "reason"),
    [
        ("expressiveness", "high", "yes no no no no no", "not for .* with Avatar V"),
        ("motion_prompt", "waves", "yes yes* no no yes no", "^allowed only if its group has a|^for looks from video"),
        ("resolution", "4k", "canvas canvas no canvas canvas yes", "^up to 1080p, put on a 4k canvas"),
        ("reference_look_id", "look_2", "no yes no no yes no", "a digital twin of the same group"),
        ("output_format", "webm", " ".join(["unknown"] * 6), "matting.* removes the background by itself; never with"),
        ("remove_background", True, " ".join(["unknown"] * 6), "matting"),
    ],
)
def test_the_options_are_as_documented_and_checked(field: str, value: Any, words: str, reason: str) -> None:
    parameter = f"{field} {value}" if field in ("resolution", "output_format") else field
    photo, video = words.split()[:3], words.split()[3:]
    for kind, row in (("photo_avatar", photo), ("studio_avatar", video), ("digital_twin", video)):
        for engine, cell in zip(ENGINES, row, strict=True):
            word = "yes" if cell == "canvas" else cell
            look, request = a_look(kind), a_request(engine=engine, **{field: value})
            option = look.video_options(engine)[parameter]
            assert (option.word, option.is_conditional, bool(option.why)) == (word, word == "yes*", True)
            assert ("canvas" in option.why) == (cell == "canvas")
            reference = Look("look_2", "Ada", "digital_twin", group_id="group_1")
            found = (problems if word == "no" else doubts)(request, look, reference=reference)
            assert sum(text.startswith(parameter) for text in found) == (word != "yes")
        assert re.search(reason, look.video_options("avatar_v")[parameter].why)


@pytest.mark.parametrize("engine", [*ENGINES, "avatar_4_quality"])
def test_an_engine_is_allowed_only_if_the_look_lists_it_and_the_service_knows_it(engine: str) -> None:
    others = tuple(one for one in ENGINES if one != engine)
    for listed in (ENGINES, (engine,), others, (), ("avatar_4_turbo",), (engine, "avatar_4_turbo")):
        option = a_look("digital_twin", listed).video_options(engine)["engine"]
        unlisted = "refused" if listed or engine != "avatar_iv" else "unknown"  # the service would use it
        assert option.state == ("allowed" if engine in {*listed} & {*ENGINES} else unlisted)
        request, look = a_request(engine=engine), a_look(engines=listed)
        found = (problems if option.state == "refused" else doubts)(request, look)
        assert any("; leave it out, or choose from" in text for text in found) == (option.state == "refused")


@pytest.mark.parametrize(
    ("listed", "engine"),
    [
        (("avatar_v", "avatar_iv"), "avatar_iv"),
        (("avatar_v", "avatar_iii"), "avatar_v"),
        (("avatar_4_quality",), "avatar_iv"),
        (("avatar_4_quality", "avatar_iii"), "avatar_iii"),
        ((), "avatar_iv"),
    ],
)
def test_the_default_engine_is_iv_else_the_first_known_one(listed: tuple[str, ...], engine: str) -> None:
    look = a_look(engines=listed)
    assert (look.engines, look.default_engine, look.video_options().engine) == (listed, engine, engine)
    body = {} if engine == "avatar_iv" else {"engine": {"type": engine}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert a_request().check(look).to_json() == {**a_request().to_json(), **body}
    with pytest.raises(TypeError, match="not 5"):
        look.video_options(5)  # type: ignore[arg-type]


def test_every_parameter_has_an_option_and_unknown_looks_and_engines_have_unknown_ones() -> None:
    fields = {name for name in VideoRequest.__dataclass_fields__ if name != "avatar_id"}
    assert {name.split()[0] for name in a_look().video_options()} == fields
    known = {"script": "5,000", "audio_url": "600 s", "audio_asset_id": "600 s", "aspect_ratio": "16:9 by default"}
    known |= {"voice_id": "the look's default voice", "resolution 4k": "up to 1080p, put on a 4k canvas"}
    for kind in ("photo_avatar", "digital_twin"):
        assert all(words in a_look(kind).video_options()[name].why for name, words in known.items())
    for look, engine in ((a_look("hologram"), "avatar_iv"), (a_look(engines=("avatar_x",)), "avatar_x")):
        options = look.video_options(engine)
        assert {options[name].state for name in ("expressiveness", "motion_prompt", "resolution 4k")} == {"unknown"}


def test_options_are_shown_as_a_table() -> None:
    options = a_look().video_options("<b>")
    assert "<b>" not in options._repr_html_()
    assert options._repr_html_().count("<tr>") == len(options) + 1
    lines = repr(a_look().video_options("avatar_v")).splitlines()
    assert lines[0] == "with Avatar V:"
    assert [line.split()[:2] for line in lines[3:5]] == [["expressiveness", "no"], ["motion_prompt", "yes*"]]
    assert "not for photo avatars with Avatar V" in lines[3]


def test_a_request_becomes_the_documented_body_and_can_be_copied_and_pickled() -> None:
    same = {
        **{"voice_id": "voice_2", "motion_prompt": "waves", "aspect_ratio": "9:16", "resolution": "1080p"},
        **{"fit": "cover", "background": {"type": "color", "value": "#00ff00"}, "remove_background": False},
        **{"output_format": "mp4", "caption": {"file_format": "srt", "style": "default"}, "title": "Ad"},
        **{"voice_settings": {"speed": 1.2, "locale": "en-GB", "engine_settings": {"engine_type": "starfish"}}},
        **{"watermark": {"image": {"type": "asset_id", "asset_id": "logo"}, "opacity": 0.5}, "folder_id": "folder_1"},
        **{"callback_url": "https://example.org/done", "callback_id": "7", "brand_glossary_id": "glossary_1"},
    }
    request = a_request(engine="avatar_v", reference_look_id="look_2", **same)
    reference = Look("look_2", "Ada Beach 1", "digital_twin", group_id="group_1")
    assert [doubt.partition(":")[0] for doubt in doubts(request, a_look(), reference=reference)] == ["motion_prompt"]
    engine = {"type": "avatar_v", "reference_look_id": "look_2"}
    assert request.to_json() == {"type": "avatar", "avatar_id": "look_1", "script": "Hello", "engine": engine, **same}
    plain = a_request()
    assert {plain, copy.deepcopy(plain), pickle.loads(pickle.dumps(plain))} == {plain} != {request.script}
    assert copy.deepcopy(request) == pickle.loads(pickle.dumps(request)) == request
    assert (plain.check(a_look()), doubts(plain, a_look())) == (plain, [])
    for one in (plain, a_request(voice_settings=VoiceSettings())):
        assert one.to_json() == {"type": "avatar", "avatar_id": "look_1", "script": "Hello"}


def test_records_labels_and_scalars_become_what_the_service_takes() -> None:
    given: dict[str, Any] = {
        **{"avatar_id": a_look(), "voice_id": Voice("v"), "resolution": "4K", "fit": " Cover"},
        **{"engine": "Avatar V", "reference_look_id": a_look(), "callback_id": pd.NA, "title": np.str_("A")},
        "voice_settings": {"pitch": np.int64(5), "speed": np.float32(1.5), "volume": float("nan")},
        "background": {"type": "color", "value": np.str_("#00ff00"), "url": pd.NA},
        "caption": {"style": pd.NA},
    }
    expected = {
        **{"type": "avatar", "avatar_id": "look_1", "voice_id": "v", "script": "Hello"},
        **{"engine": {"type": "avatar_v", "reference_look_id": "look_1"}, "resolution": "4k", "fit": "cover"},
        **{"title": "A", "voice_settings": {"pitch": 5, "speed": 1.5}, "caption": {"file_format": "srt"}},
        "background": {"type": "color", "value": "#00ff00"},
    }
    assert json.loads(json.dumps(a_request(**given).check().to_json())) == expected
    others = {"voice_settings": VoiceSettings(volume=np.float64(0.5)), "remove_background": np.bool_(True)}
    body = a_request(expressiveness="High", **others).check().to_json()
    expected = {"expressiveness": "high", "voice_settings": {"volume": 0.5}, "remove_background": True}
    assert body == {**body, **expected}
    assert VideoRequest(a_look(), "Hello") == a_request()


def test_a_request_to_an_agent_becomes_the_documented_body() -> None:
    body = {
        **{"prompt": "An ad", "avatar_id": "look_1", "orientation": "portrait", "mode": "chat"},
        **{"incognito_mode": True, "files": [{"type": "asset_id", "asset_id": "a"}]},
    }
    assert VideoAgentRequest(**body | {"files": (SimpleNamespace(asset_id="a"),)}).check().to_json() == body
    assert VideoAgentRequest(**body).check(a_look()).to_json() == body
    assert VideoAgentRequest(**body | {"avatar_id": a_look(), "mode": "Chat"}).to_json() == body
    assert VideoAgentRequest("An ad", a_look()) == an_agent(avatar_id="look_1")
    for files in ((), None, pd.NA):
        assert an_agent(files=files).check().to_json() == {"prompt": "An ad"}


def test_all_problems_are_reported_at_once_with_their_values() -> None:
    request = VideoRequest(
        avatar_id="look_1",
        script="x" * 5_001,
        audio_url="talk.mp3",
        engine="avatar_v",
        expressiveness="wild",
        output_format="webm",
        background={"type": "color", "value": "green"},
        voice_settings={"speed": 3, "pitch": -51, "volume": 1.5},
    )
    found = problems(request, a_look(engines=("avatar_iv",), status="processing"))
    for words in (
        *("5,001", "'talk.mp3'", "exactly one", "'wild'", "'green'", "takes no background", "'processing'"),
        *("speed should be 0.5 to 1.5, not 3", "pitch should be -50 to 50, not -51", "volume should be 0 to 1"),
        "does not list Avatar V; it lists avatar_iv",
    ):
        assert [words for problem in found if words in problem] == [words]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"avatar_id": ""}, "avatar_id should be a text that is not empty, not ''"),
        ({"avatar_id": None}, "avatar_id should be"),
        ({"avatar_id": AvatarGroup("g", "Ada")}, "use the id of one of its looks"),
        (
            {"voice_id": a_look()},
            "not Look(id='look_1', name='Ada Office 1', avatar_type='photo_a…: use look.default_voice_id",
        ),
        ({"script": None}, "none is given"),
        ({"audio_asset_id": "asset"}, "script and audio_asset_id are given"),
        ({"script": None, "audio_url": "ftp://example.org/a.mp3"}, "audio_url should be a web address"),
        ({"voice_id": "\ud800"}, "voice_id"),
        ({"engine": 5}, "engine should be one of avatar_iv, avatar_v, avatar_iii, not 5"),
        ({"engine": "avatar_4_quality"}, "engine should be one of avatar_iv, avatar_v, avatar_iii, not 'avatar_4_"),
        ({"reference_look_id": "look_2"}, "needs engine='avatar_v', not None"),
        ({"aspect_ratio": "4:3"}, "16:9, 9:16, 4:5, 5:4, 1:1, auto, not '4:3'"),
        ({"fit": ["cover"]}, "fit should be one of contain, cover, not ['cover']"),
        ({"remove_background": "yes"}, "should be one of True, False, not 'yes'"),
        ({"background": Background("image", url="https://a.org", asset_id="a")}, "url and asset_id are given"),
        ({"background": Background("image", value="#00ff00")}, "background type 'image' takes no value"),
        ({"background": Background("color")}, "none is given"),
        ({"background": Background(None, asset_id="a")}, "background type should be"),  # type: ignore[arg-type]
        ({"voice_settings": VoiceSettings(speed=float("inf"))}, "inf"),
        ({"voice_settings": {"speed": "1", "pitch": None}}, "speed should be 0.5 to 1.5, not '1'"),
        ({"voice_settings": {"engine_settings": "starfish"}}, "voice_settings engine_settings should be a JSON object"),
        ({"voice_settings": {"engine_settings": {}}}, "voice_settings engine_settings engine_type should be a text"),
        ({"watermark": "logo.png"}, "watermark should be a JSON object, not 'logo.png'"),
        ({"watermark": {"image": "logo.png"}}, "watermark image should be {'type': 'url', 'url': '…'} or {"),
        ({"prompt": "x" * 10_001}, "… (10,001)"),
        ({"prompt": "An ad", "files": ("f",) * 21}, "at most 20 JSON objects, not ['f', "),
        ({"prompt": "An ad", "files": [FILE, "a.pdf"]}, "files[1] should be {'type': 'url', 'url': '…'} or {"),
        ({"prompt": "An ad", "files": [{"type": "pdf"}]}, "'media_type': '…', 'data': '…'}, not {'type': 'pdf'}"),
        ({"prompt": "An ad", "files": [{"type": "url", "url": "a.pdf"}]}, "files[0] url should be a web address"),
        ({"prompt": "An ad", "files": [{**FILE, "name": "a"}]}, "files[0] name is no field: the fields are type, "),
        ({"prompt": "An ad", "files": [{"type": "base64", "media_type": "a", "data": b"x"}]}, "not b'x'"),
        ({"prompt": "An ad", "files": "f"}, "files should be a list"),
    ],
)
def test_a_field_wrong_for_any_look_is_one_problem_with_and_without_a_look(fields: dict[str, Any], words: str) -> None:
    request = an_agent(**fields) if "prompt" in fields else a_request(**fields)
    (found,) = problems(request)
    assert words in found
    assert found in problems(request, a_look())


@pytest.mark.parametrize("status", ["processing", "pending_consent", "failed", "completed", None, "something_new"])
def test_a_look_that_is_not_ready_and_the_id_of_another_look_or_of_a_group_are_refused(status: str | None) -> None:
    look = a_look(status=status, error=Failure("training_failed", "Training did not finish"))
    if look.is_ready:
        assert doubts(a_request(), look) == []
    else:
        for request in (a_request(), an_agent()):
            assert f"'{status}' (Training did not finish)" in problems(request, look)[-1]
    for avatar_id, hint in {"group_1": ", the id of its group", "look_9": ""}.items():
        for request in (a_request(avatar_id=avatar_id), an_agent(avatar_id=avatar_id)):
            (problem,) = problems(request, a_look())
            assert problem == f"avatar_id should be the id of the look, 'look_1', not '{avatar_id}'{hint}"


@pytest.mark.parametrize(
    ("fields", "look", "words"),
    [
        ({}, a_look(default_voice_id=None), ["voice_id"]),
        ({}, a_look(engines=()), ["lists no known engine (none); the service uses Avatar IV"]),
        ({}, a_look(engines=("avatar_4_quality",)), ["lists no known engine (avatar_4_quality); the service uses"]),
        ({"voice_id": "voice_2"}, a_look(default_voice_id=None), []),
        ({"script": None, "audio_asset_id": "asset"}, a_look(default_voice_id=None), []),
    ],
)
def test_undocumented_combinations_are_doubts(fields: dict[str, Any], look: Look, words: list[str]) -> None:
    found = doubts(a_request(**fields), look)
    assert [word for word, doubt in zip(words, found, strict=True) if word in doubt] == words


@pytest.mark.parametrize(
    ("consent", "ownerships", "words"),
    [
        ("pending", ("private", None), "'pending'"),
        ("pending", (None, None), "'pending'"),
        ("pending", ("public", "private"), ""),
        (None, ("private", None), "no status is recorded; consent may still be required"),
        (None, (None, "private"), "no status is recorded; consent may still be required"),
        *((None, ownerships, "") for ownerships in ((None, None), ("public", None))),
        *((consent, ("private", None), "") for consent in ("accepted", "approved")),
    ],
)
def test_looks_that_may_be_private_are_doubted_until_consent(consent: str | None, ownerships: Any, words: str) -> None:
    group = AvatarGroup("g", "Ada", consent_status=consent, ownership=ownerships[1])
    for kind in ("digital_twin", "photo_avatar", "studio_avatar"):
        for request in (a_request(), an_agent(avatar_id="look_1")):
            found = doubts(request, a_look(kind, ownership=ownerships[0]), group=group)
            assert ["consent" in doubt and words in doubt for doubt in found] == [True] * bool(words)


def test_what_a_reference_look_lacks_is_named() -> None:
    request, twin = a_request(engine="avatar_v", reference_look_id="look_2"), a_look("digital_twin")
    same = replace(twin, id="look_2")
    assert doubts(request, a_look(), reference=same) == []
    assert "'group_2'" in problems(request, a_look(), reference=replace(same, group_id="group_2"))[0]
    assert "'look_1' is of group 'group_1'" in problems(request, a_look(), reference=twin)[0]
    found = problems(request, a_look(), reference=replace(same, avatar_type="photo_avatar", status="failed"))
    assert [words in text for words, text in zip(("'photo_avatar'", "'failed'"), found, strict=True)] == [True, True]
    for reference in (None, replace(same, group_id=None), replace(same, avatar_type="hologram")):
        (doubt,) = doubts(request, a_look(), reference=reference)
        assert doubt.startswith("reference_look_id 'look_2'")


@pytest.mark.parametrize(
    ("make", "given", "words"),
    [
        (a_request, {"background": "green"}, r"or a dict with its fields \(type, value, url, asset_id\), not 'green'"),
        (a_request, {"background": {"value": "#00ff00"}}, "Background.*'type'"),
        (a_request, {"voice_settings": {"rate": 2}}, "VoiceSettings.*'rate'"),
        (an_agent, {"voice": "b"}, r"VideoAgentRequest .*'voice': did you mean voice_id=…\?"),
        (VideoAgentRequest, {"text": "a"}, "no parameter 'text': its parameters are prompt, avatar_id, "),
    ],
)
def test_an_unknown_field_and_a_nested_value_of_another_shape_are_type_errors(
    make: Any, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        make(**given)
    assert list(inspect.signature(VideoRequest).parameters)[1] == "script"
    assert list(inspect.signature(VideoAgentRequest).parameters)[1] == "avatar_id"


def test_only_records_are_checked_against_and_files_are_not_shown() -> None:
    for wrong in (
        {"look": "look_1"},
        {"look": a_look(), "group": "g"},
        {"look": a_look(), "reference": AvatarGroup("g", "A")},
    ):
        with pytest.raises(TypeError, match="should be a record, "):
            a_request().check(**wrong)
    file = {"type": "base64", "media_type": "image/png", "data": "QUJD"}
    assert "QUJD" not in repr([an_agent(files=[file]), a_request(watermark={"image": file})])
