"""What a look allows, requests that are checked before they are sent, and records of videos."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygen_widgets.errors import APIResponseError, HeyGenError, VideoOptionError
from heygen_widgets.models import AvatarGroup, Failure, Look
from heygen_widgets.videos import (
    Background,
    Caption,
    Video,
    VideoAgentRequest,
    VideoAgentSession,
    VideoOptionWarning,
    VideoRequest,
    VoiceSettings,
)

ALL_ENGINES = ("avatar_v", "avatar_iv", "avatar_iii")
# As the documentation has it: photo avatars with IV, V and III, then looks from video with IV, V and III.
CONTRACT = """
    expressiveness  yes     no      no   no      no      no
    motion_prompt   yes     yes     no   no      yes     no
    4k              unsaid  unsaid  no   unsaid  unsaid  yes
"""
STATES = {"yes": "allowed", "no": "refused", "unsaid": "unknown"}
COLUMNS = [(kind, engine) for kind in ("photo", "video") for engine in ("avatar_iv", "avatar_v", "avatar_iii")]
CELLS = [
    (parameter, kind, engine, STATES[cell])
    for parameter, *cells in map(str.split, CONTRACT.strip().splitlines())
    for (kind, engine), cell in zip(COLUMNS, cells, strict=True)
]
KINDS = {"photo": ("photo_avatar",), "video": ("studio_avatar", "digital_twin")}
NAMES = {"4k": "resolution 4k"}
ASKED: dict[str, dict[str, Any]] = {
    "expressiveness": {"expressiveness": "high"},
    "motion_prompt": {"motion_prompt": "waves"},
    "4k": {"resolution": "4k"},
}


def a_look(avatar_type: str = "photo_avatar", engines: tuple[str, ...] = ALL_ENGINES, **fields: Any) -> Look:
    given = {"group_id": "group_1", "default_voice_id": "voice_1", **fields}
    return Look("look_1", "Ada Office 1", avatar_type, supported_api_engines=engines, **given)


def a_request(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"avatar_id": "look_1", "script": "Hello", **fields})


def checked(request: VideoRequest, look: Look | None = None, **more: Any) -> tuple[VideoRequest, list[str]]:
    """Check a request that passes; give it with the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        passed = request.check(look, **more)
    assert {warning.category for warning in caught} <= {VideoOptionWarning}
    return passed, [str(warning.message) for warning in caught]


def problems(request: VideoRequest | VideoAgentRequest, look: Look | None = None, **more: Any) -> tuple[str, ...]:
    with pytest.raises(VideoOptionError) as caught:
        request.check(look, **more)
    return caught.value.problems


# -- what a look allows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("parameter", "kind", "engine", "state"), CELLS)
def test_the_options_of_a_look_are_those_of_the_documentation(
    parameter: str, kind: str, engine: str, state: str
) -> None:
    for avatar_type in KINDS[kind]:
        look = a_look(avatar_type)
        option = look.video_options(engine)[NAMES.get(parameter, parameter)]
        assert (option.state, bool(option.why)) == (state, True)
        request = a_request(engine=engine, **ASKED[parameter])
        if state == "refused":
            assert [parameter.replace("4k", "resolution") in problem for problem in problems(request, look)] == [True]
        else:
            doubts = [text for text in checked(request, look)[1] if text.startswith(NAMES.get(parameter, parameter))]
            assert len(doubts) == (option.is_disputed or state == "unknown")


@pytest.mark.parametrize("avatar_type", ["photo_avatar", "studio_avatar", "digital_twin"])
@pytest.mark.parametrize("engine", ALL_ENGINES)
def test_an_engine_is_allowed_where_the_look_lists_it(avatar_type: str, engine: str) -> None:
    for listed in (ALL_ENGINES, (engine,), tuple(one for one in ALL_ENGINES if one != engine), ()):
        state = a_look(avatar_type, listed).video_options(engine)["engine"].state
        assert state == ("allowed" if engine in listed else "refused")


@pytest.mark.parametrize(
    ("listed", "engine"),
    [
        (("avatar_v", "avatar_iv"), "avatar_iv"),
        (("avatar_iii",), "avatar_iii"),
        (("avatar_v", "avatar_iii"), "avatar_v"),
        (("avatar_4_quality",), "avatar_4_quality"),
        (("avatar_4_quality", "avatar_iii"), "avatar_iii"),
        ((), "avatar_iv"),
    ],
)
def test_the_default_engine_is_iv_else_the_first_listed(listed: tuple[str, ...], engine: str) -> None:
    look = a_look(engines=listed)
    assert (look.engines, look.default_engine, look.video_options().engine) == (listed, engine, engine)


def test_every_parameter_of_the_documentation_has_an_option() -> None:
    fields = {name for name in VideoRequest.__dataclass_fields__ if name != "avatar_id"}
    assert {name.split()[0] for name in a_look().video_options()} == fields


def test_of_an_unknown_type_or_engine_nothing_is_claimed() -> None:
    for look, engine in ((a_look("hologram"), "avatar_iv"), (a_look(engines=("avatar_x",)), "avatar_x")):
        options = look.video_options(engine)
        assert {options[name].state for name in ("expressiveness", "motion_prompt", "resolution 4k")} == {"unknown"}


def test_options_show_as_a_table_and_as_one_line() -> None:
    options = a_look().video_options("<b>")
    assert "<b>" not in options._repr_html_()
    assert options._repr_html_().count("<tr>") == len(options) + 1
    assert repr(a_look().video_options()).startswith("<VideoOptions with avatar_iv: engine: allowed, ")
    lines = str(a_look().video_options("avatar_v")).splitlines()
    assert lines[0] == "with Avatar V:"
    assert lines[3].split("  ", 1)[0] == "expressiveness"
    assert [line.split()[1] for line in lines[1:5]] == ["yes", "yes", "no", "yes*"]
    assert "not for photo avatars with Avatar V" in lines[3]


def test_an_engine_that_is_no_text_is_told() -> None:
    with pytest.raises(TypeError, match="5"):
        a_look().video_options(5)  # type: ignore[arg-type]


# -- requests ---------------------------------------------------------------------------------------------------------


def test_a_plain_request_passes_as_it_is_without_a_warning() -> None:
    request = a_request()
    assert checked(request, a_look()) == (request, [])
    assert request.to_json() == {"type": "avatar", "avatar_id": "look_1", "script": "Hello"}


def test_a_request_with_everything_becomes_the_body_of_the_documentation() -> None:
    request = a_request(
        voice_id="voice_2",
        engine="avatar_v",
        reference_look_id="look_2",
        motion_prompt="waves",
        aspect_ratio="9:16",
        resolution="1080p",
        fit="cover",
        background={"type": "color", "value": "#00ff00"},
        remove_background=False,
        output_format="mp4",
        caption={"file_format": "srt", "style": "default"},
        voice_settings={"speed": 1.2, "locale": "en-GB"},
        title="Ad",
        callback_url="https://example.org/done",
        callback_id="7",
    )
    reference = Look("look_2", "Ada Beach 1", "photo_avatar", group_id="group_1")
    checked(request, a_look(), reference=reference)
    assert request.to_json() == {
        "type": "avatar",
        "avatar_id": "look_1",
        "script": "Hello",
        "voice_id": "voice_2",
        "engine": {"type": "avatar_v", "reference_look_id": "look_2"},
        "motion_prompt": "waves",
        "aspect_ratio": "9:16",
        "resolution": "1080p",
        "fit": "cover",
        "background": {"type": "color", "value": "#00ff00"},
        "remove_background": False,
        "output_format": "mp4",
        "caption": {"file_format": "srt", "style": "default"},
        "voice_settings": {"speed": 1.2, "locale": "en-GB"},
        "title": "Ad",
        "callback_url": "https://example.org/done",
        "callback_id": "7",
    }


def test_a_look_that_lists_another_engine_alone_gets_it_named() -> None:
    request = a_request()
    passed, doubts = checked(request, a_look("studio_avatar", ("avatar_iii",)))
    assert request.engine is None
    assert passed.to_json()["engine"] == {"type": "avatar_iii"}
    assert [doubt.startswith("engine:") for doubt in doubts] == [True]


def test_every_problem_is_told_at_once_with_its_value() -> None:
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
    for said in ("5,001", "'talk.mp3'", "exactly one", "'wild'", "'green'", "takes no background", "'processing'"):
        assert [said for problem in found if said in problem] == [said]
    for said in ("speed should be 0.5 to 1.5, not 3", "pitch should be -50 to 50, not -51", "volume should be 0 to 1"):
        assert any(said in problem for problem in found)
    assert any("does not list Avatar V; it lists avatar_iv" in problem for problem in found)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"avatar_id": ""}, "avatar_id should be"),
        ({"avatar_id": None}, "avatar_id should be"),
        ({"avatar_id": a_look()}, ": give its id"),
        ({"script": None}, "none is given"),
        ({"script": ""}, "has 0"),
        ({"script": 5}, "script should be a text, not 5"),
        ({"audio_asset_id": "asset"}, "script and audio_asset_id are given"),
        ({"script": None, "audio_url": "ftp://example.org/a.mp3"}, "'ftp://example.org/a.mp3'"),
        ({"script": None, "audio_url": "https://"}, "'https://'"),
        ({"voice_id": ""}, "voice_id"),
        ({"voice_id": "\ud800"}, "voice_id"),
        ({"engine": ""}, "engine"),
        ({"engine": 5}, "engine"),
        ({"reference_look_id": "look_2"}, "engine='avatar_v' alone, not with None"),
        ({"engine": "avatar_iv", "reference_look_id": "look_2"}, "not with 'avatar_iv'"),
        ({"motion_prompt": ""}, "motion_prompt"),
        ({"aspect_ratio": "4:3"}, "16:9, 9:16, 4:5, 5:4, 1:1, auto, not '4:3'"),
        ({"resolution": "8k"}, "'8k'"),
        ({"fit": "fill"}, "'fill'"),
        ({"output_format": "gif"}, "'gif'"),
        ({"remove_background": "yes"}, "'yes'"),
        ({"background": Background("color", "#00ff00", url="https://example.org/a.png")}, "leave url and asset_id out"),
        ({"background": Background("image")}, "exactly one of url and asset_id"),
        ({"background": Background("image", url="https://example.org/a.png", asset_id="a")}, "exactly one"),
        ({"background": Background("image", asset_id="")}, "asset_id should not be ''"),
        ({"background": Background("video")}, "'video'"),
        ({"caption": Caption("vtt")}, "should be 'srt', not 'vtt'"),
        ({"expressiveness": "wild"}, "high, medium, low, not 'wild'"),
        ({"caption": Caption(style="bold")}, "'bold'"),
        ({"voice_settings": VoiceSettings(speed=float("nan"))}, "nan"),
        ({"voice_settings": VoiceSettings(speed=True)}, "True"),
        ({"voice_settings": VoiceSettings(speed=10**400)}, "speed should be 0.5 to 1.5"),
        ({"voice_settings": VoiceSettings(locale="")}, "locale"),
        ({"title": ""}, "title"),
        ({"callback_url": "example.org"}, "'example.org'"),
        ({"callback_url": "https://exa mple.org"}, "callback_url"),
    ],
)
def test_what_is_wrong_with_any_look_is_told_without_one_and_with_one(fields: dict[str, Any], said: str) -> None:
    request = a_request(**fields)
    (found,) = problems(request)
    assert said in found
    assert found in problems(request, a_look())


@pytest.mark.parametrize("status", ["processing", "pending_consent", "failed"])
def test_a_look_that_is_not_ready_is_refused(status: str) -> None:
    look = a_look(status=status, error=Failure("training_failed", "Training did not finish"))
    (found,) = problems(a_request(), look)
    assert (f"'{status}'" in found, "Training did not finish" in found) == (True, True)


@pytest.mark.parametrize("status", ["completed", None, "something_new"])
def test_a_look_whose_status_says_nothing_against_it_is_taken(status: str | None) -> None:
    assert checked(a_request(), a_look(status=status))[1] == []


def test_the_id_of_a_group_is_told_as_one_and_that_of_another_look_too() -> None:
    assert "is the id of a group: give a look's, 'look_1'" in problems(a_request(avatar_id="group_1"), a_look())[0]
    assert (
        "'look_9', but the look it is checked against is 'look_1'"
        in problems(a_request(avatar_id="look_9"), a_look())[0]
    )


def test_no_engine_at_all_is_a_doubt_and_one_that_is_named_then_refused() -> None:
    passed, doubts = checked(a_request(), a_look(engines=()))
    assert passed.engine is None
    assert ["lists no engine" in doubt for doubt in doubts] == [True]
    assert "leave it out" in problems(a_request(engine="avatar_iv"), a_look(engines=()))[0]


@pytest.mark.parametrize("avatar_type", ["photo_avatar", "digital_twin"])
@pytest.mark.parametrize("fields", [{"remove_background": True}, {"output_format": "webm"}])
def test_what_needs_matting_is_a_doubt(avatar_type: str, fields: dict[str, Any]) -> None:
    assert ["matting" in doubt for doubt in checked(a_request(**fields), a_look(avatar_type))[1]] == [True]


def test_a_script_of_white_space_alone_is_a_doubt() -> None:
    assert ["white space" in doubt for doubt in checked(a_request(script=" \n"), a_look())[1]] == [True]


def test_a_script_that_no_voice_may_speak_is_a_doubt() -> None:
    silent = a_look(default_voice_id=None)
    assert ["voice_id" in doubt for doubt in checked(a_request(), silent)[1]] == [True]
    assert checked(a_request(voice_id="voice_2"), silent)[1] == []
    assert checked(a_request(script=None, audio_asset_id="asset"), silent)[1] == []


@pytest.mark.parametrize(
    ("consent", "ownership", "avatar_type", "doubted"),
    [
        ("pending", "private", "digital_twin", True),
        ("pending", None, "digital_twin", True),
        ("pending", "public", "digital_twin", False),
        ("pending", "private", "photo_avatar", False),
        ("accepted", "private", "digital_twin", False),
        ("approved", "private", "digital_twin", False),
        (None, "private", "digital_twin", False),
    ],
)
def test_the_consent_of_a_private_twin_is_a_doubt_until_it_is_given(
    consent: str | None, ownership: str | None, avatar_type: str, doubted: bool
) -> None:
    group = AvatarGroup("group_1", "Ada", consent_status=consent)
    look = a_look(avatar_type, ownership=ownership)
    assert ["consent" in doubt for doubt in checked(a_request(), look, group=group)[1]] == [True][:doubted]
    agent = VideoAgentRequest(prompt="An ad", avatar_id="look_1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert agent.check(look, group=group) == agent
    assert len(caught) == doubted


def test_a_reference_look_has_to_be_of_the_same_group() -> None:
    request = a_request(engine="avatar_v", reference_look_id="look_2")
    same, other = (Look("look_2", "Ada", "photo_avatar", group_id=group) for group in ("group_1", "group_2"))
    assert checked(request, a_look(), reference=same)[1] == []
    assert "'group_2'" in problems(request, a_look(), reference=other)[0]
    assert "the reference is 'look_1'" in problems(request, a_look(), reference=a_look())[0]
    assert ["not known" in doubt for doubt in checked(request, a_look())[1]] == [True]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"background": "green"}, "Background or a dict with type, value, url, asset_id, not 'green'"),
        ({"background": {"value": "#00ff00"}}, "lacks 'type'"),
        ({"caption": {"format": "srt"}}, "file_format"),
        ({"voice_settings": {"rate": 2}}, "speed, pitch, volume, locale"),
    ],
)
def test_a_part_of_another_shape_is_a_type_error_with_the_value(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        a_request(**fields)


def test_settings_that_say_nothing_are_not_sent() -> None:
    assert "voice_settings" not in a_request(voice_settings=VoiceSettings()).to_json()


def test_requests_and_errors_can_be_copied_pickled_and_compared() -> None:
    request = a_request(background={"type": "color", "value": "#00ff00"})
    assert hash(request) == hash(copy.deepcopy(request))
    assert pickle.loads(pickle.dumps(request)) == request
    error = pickle.loads(pickle.dumps(VideoOptionError("A video", ["one", "two"])))
    assert (error.problems, str(error)) == (
        ("one", "two"),
        "A video cannot be made like this; nothing was sent:\n- one\n- two",
    )
    assert isinstance(error, HeyGenError)
    assert isinstance(error, ValueError)


# -- agents -----------------------------------------------------------------------------------------------------------


def test_a_request_to_an_agent_becomes_the_body_of_the_documentation() -> None:
    request = VideoAgentRequest(
        prompt="An ad",
        avatar_id="look_1",
        orientation="portrait",
        mode="chat",
        incognito_mode=True,
        files=[{"id": "f"}],
    )  # type: ignore[arg-type]
    assert request.check(a_look()).to_json() == {
        "prompt": "An ad",
        "avatar_id": "look_1",
        "orientation": "portrait",
        "mode": "chat",
        "incognito_mode": True,
        "files": [{"id": "f"}],
    }
    assert VideoAgentRequest(prompt="An ad").check().to_json() == {"prompt": "An ad"}


def deep(levels: int) -> list[Any]:
    outer: list[Any] = []
    for _ in range(levels):
        outer = [outer]
    return outer


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"prompt": ""}, "has 0"),
        ({"prompt": "x" * 10_001}, "10,001"),
        ({"prompt": None}, "prompt is needed"),
        ({"orientation": "square"}, "'square'"),
        ({"mode": "talk"}, "'talk'"),
        ({"incognito_mode": 1}, "incognito_mode"),
        ({"avatar_id": ""}, "avatar_id"),
        ({"style_id": ""}, "style_id"),
        ({"callback_url": "nowhere"}, "'nowhere'"),
        ({"files": ("f",) * 21}, "21"),
        ({"files": "f"}, "files should be a list"),
        ({"files": ("f", b"x")}, "what JSON can hold, not b'x'"),
        ({"files": (float("nan"),)}, "not nan"),
        ({"files": (10**5_000,)}, "not this int"),
        ({"files": (deep(10_000),)}, "not this list"),
    ],
)
def test_what_an_agent_refuses_is_told(fields: dict[str, Any], said: str) -> None:
    (found,) = problems(VideoAgentRequest(**{"prompt": "An ad", **fields}))
    assert said in found


def test_an_agent_too_wants_a_look_that_is_ready_and_no_group() -> None:
    found = problems(VideoAgentRequest(prompt="An ad", avatar_id="group_1"), a_look(status="failed"))
    assert ["id of a group" in found[0], "'failed'" in found[1]] == [True, True]


# -- records ----------------------------------------------------------------------------------------------------------

SERVED_VIDEO: dict[str, Any] = {
    "id": "video_1",
    "status": "completed",
    "video_url": "https://files.example/video.mp4?Signature=secret",
    "thumbnail_url": "https://files.example/video.jpg?Signature=secret",
    "video_page_url": "https://app.example/videos/video_1",
    "duration": 12.5,
    "failure_code": None,
    "failure_message": None,
    "title": "Ad",
    "created_at": 1_750_000_000,
    "output_format": "mp4",
    "folder_id": "f",
}


def test_a_video_is_read_as_it_is_served() -> None:
    video = Video.from_json(SERVED_VIDEO)
    assert (video.id, video.status, video.duration, video.title) == ("video_1", "completed", 12.5, "Ad")
    assert (video.video_url, video.extra) == (SERVED_VIDEO["video_url"], {"folder_id": "f"})
    assert "secret" not in repr(video)
    assert len(repr(Video.from_json({"id": "i" * 10**6, "status": "s" * 10**6}))) < 1_000
    assert Video.from_json({"id": None, "video_id": "video_1"}).id == "video_1"


@pytest.mark.parametrize(
    ("served", "status", "finished"),
    [
        ("waiting", "pending", False),
        ("pending", "pending", False),
        ("processing", "processing", False),
        ("something_new", "something_new", False),
        (None, "pending", False),
        ("completed", "completed", True),
        ("failed", "failed", True),
    ],
)
def test_the_status_of_a_video_tells_whether_it_is_finished(served: str | None, status: str, finished: bool) -> None:
    video = Video.from_json({"video_id": "video_1", "status": served})
    assert (video.id, video.status, video.is_finished) == ("video_1", status, finished)


@pytest.mark.parametrize(
    ("served", "question"),
    [
        ({"question": " Which? "}, "Which?"),
        ({"message": "Which?"}, "Which?"),
        ({"messages": [{"content": "Hi"}, {"content": "Which?"}]}, "Which?"),
        ({"messages": ["Which?"]}, "Which?"),
        ({"messages": [], "message": ""}, None),
        ({}, None),
    ],
)
def test_the_question_of_an_agent_is_found_where_it_may_stand(served: dict[str, Any], question: str | None) -> None:
    record = {"session_id": "s", "status": "waiting_for_input", "progress": 30, "video_id": None, **served}
    session = VideoAgentSession.from_json(record)
    assert (session.question, session.progress, session.is_finished) == (question, 30, False)
    assert VideoAgentSession.from_json({**record, "status": "thinking"}).question is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(st.characters()), children, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*SERVED_VIDEO, "video_id", "gender", "new"]), json_values) | json_values)
def test_whatever_is_served_as_a_video_is_a_clean_record_or_an_error_of_ours(served: Any) -> None:
    try:
        video = Video.from_json(served)
    except APIResponseError:
        return
    json.dumps([getattr(video, name) for name in Video.__dataclass_fields__], allow_nan=False).encode()
    assert isinstance(hash(video), int)


@given(
    st.dictionaries(st.sampled_from(["session_id", "status", "progress", "video_id", "messages", "new"]), json_values)
    | json_values
)
def test_whatever_is_served_as_a_session_is_a_clean_record_or_an_error_of_ours(served: Any) -> None:
    try:
        session = VideoAgentSession.from_json(served)
    except APIResponseError:
        return
    json.dumps([getattr(session, name) for name in VideoAgentSession.__dataclass_fields__], allow_nan=False).encode()


@given(
    st.builds(
        VideoRequest,
        **{
            name: st.sampled_from(["look_1", "", "4k", "#00ff00", None]) | json_values
            for name in VideoRequest.__dataclass_fields__
            if name not in ("background", "caption", "voice_settings")
        },
        background=st.none() | st.builds(Background, json_values, json_values, json_values, json_values),
        caption=st.none() | st.builds(Caption, json_values, json_values),
        voice_settings=st.none() | st.builds(VoiceSettings, json_values, json_values, json_values, json_values),
    )
)
def test_whatever_a_request_holds_its_check_ends_in_our_error_or_none(request: VideoRequest) -> None:
    for look in (None, a_look(), a_look("digital_twin", ())):
        with warnings.catch_warnings(), suppress(VideoOptionError):
            warnings.simplefilter("ignore")
            json.dumps(request.check(look).to_json()).encode()
