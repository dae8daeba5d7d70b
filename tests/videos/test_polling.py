"""Records of videos and agents, how often the service is asked for them, and how the wait ends."""

import inspect
import json
import re
from dataclasses import asdict
from functools import partial
from typing import Any

import pytest
from hypothesis import given, strategies as st
from loopback import KEY, Handler, Loopback, Reply, client_of, failure, hang_up, interrupt, reply
from test_fuzz import values
from test_models import RECORDS

from heygen_widgets import VideoJob, errors
from heygen_widgets._parsing import parse
from heygen_widgets.api.polling import poll_until_finished
from heygen_widgets.videos import Asset, BrandKit, Video, VideoAgentSession, VideoAgentStyle


def video(status: str, **fields: Any) -> Reply:
    return reply({"data": {"id": "video_1", "status": status, **fields}})


def session(status: str, **fields: Any) -> Reply:
    return reply({"data": {"session_id": "session_1", "status": status, **fields}})


DONE = video("completed", video_url="https://files.example/v.mp4?Signature=s", duration=3)
UNKNOWN = failure(404, "video_not_found")
SERVED = RECORDS["video"]


def test_a_video_is_polled_less_and_less_often_until_it_is_finished() -> None:
    waits: list[float] = []
    records = iter([Video("video_1", "processing")] * 10 + [Video("video_1", "completed")])
    polled = poll_until_finished(records.__next__, 1_200, now=lambda: sum(waits), sleep=waits.append)
    assert [found.is_finished for found in polled] == [False] * 10 + [True]
    assert (waits[:3], waits[-3:], waits) == ([2, 3, 4.5], [30] * 3, sorted(waits))


def test_the_status_is_shown_until_the_video_is_finished(capsys: pytest.CaptureFixture[str]) -> None:
    script = (video("waiting"), video("dreaming"), video("processing"), DONE)
    with Loopback(*script) as server, client_of(server) as client:
        assert client.wait_for_video("video_1").duration == 3
    bar = capsys.readouterr().err
    assert all(text in bar for text in ("the video: Waiting for its turn", "the video (", "Rendering", "Completed"))
    assert not any(text in bar for text in (KEY, "video_1", "dreaming"))  # nothing from outside


def test_the_error_of_a_failed_video_has_its_reason_without_the_key() -> None:
    message = f"The audio of {KEY.replace('-', '%2d')} is empty."
    failed = video("failed", failure_code="render_failed", failure_message=message)
    with Loopback(failed) as server, client_of(server) as client, pytest.raises(errors.VideoFailedError) as caught:
        client.wait_for_video("video_1")
    error = caught.value
    reason = "The audio of [the key] is empty."
    assert str(error) == f"HeyGen could not make the video video_1: render_failed: {reason}"
    assert (error.video_id, error.failure_code) == ("video_1", "render_failed")
    assert error.failure_message == reason


VIDEO, AGENT = ("wait_for_video", "video_1"), ("wait_for_video_agent", "session_1")


@pytest.mark.parametrize(
    ("wait", "answer", "timeout", "kind", "words", "requests"),
    [
        (VIDEO, UNKNOWN, 1_200, errors.NotFoundError, "video_not_found", 1),
        (VIDEO, failure(401), 1_200, errors.AuthenticationError, "401", 1),
        (VIDEO, reply({"error": {"message": "Gone"}, "data": None}), 1_200, errors.APIResponseError, "says: Gone", 1),
        (AGENT, session("failed", video_id="v"), 1_200, errors.VideoFailedError, "session_1 failed: it does not", 1),
        (AGENT, UNKNOWN, 1_200, errors.NotFoundError, r"client\.wait_for_video_agent\(\"session_1\"\)", 1),
        (VIDEO, video("processing"), 0, errors.VideoTimeoutError, r"after 0 s.*\.wait_for_video\(\"video_1\"\)", 1),
        (VIDEO, video("processing"), 100, errors.VideoTimeoutError, "still processing after 100 s", 10),
        (AGENT, session("thinking"), 9, errors.VideoTimeoutError, r"client\.wait_for_video_agent\(\"session_1\"\)", 4),
        (VIDEO, hang_up, 60, errors.APIConnectionError, "GET /v3/videos/video_1", 8),
    ],
)
def test_the_wait_ends_with_a_permanent_error_at_once_or_after_the_time_out(
    wait: tuple[str, str], answer: Reply, timeout: float, kind: type[errors.HeyGenError], words: str, requests: int
) -> None:
    with Loopback(answer) as server, client_of(server, max_retries=0) as client:
        with pytest.raises(kind, match=words) as caught:
            getattr(client, wait[0])(wait[1], timeout)
        # A render is never lost with an error: it says how to wait again.
        assert (f'client.{wait[0]}("{wait[1]}")' in str(caught.value)) == (kind is not errors.VideoFailedError)
        assert sum(client.waits) == pytest.approx(timeout if requests > 1 else 0)  # type: ignore[attr-defined]
    assert len(server.seen) == requests


@pytest.mark.parametrize(("wait", "answer"), [(VIDEO, video("pending")), (AGENT, session("thinking"))])
def test_a_wait_takes_20_minutes_by_default(wait: tuple[str, str], answer: Reply) -> None:
    late = pytest.raises(errors.VideoTimeoutError, match="after 1200 s")
    with Loopback(answer) as server, client_of(server) as client, late:
        getattr(client, wait[0])(wait[1])
    assert inspect.signature(VideoJob).parameters["timeout"].default == 1_200


@pytest.mark.parametrize("fault", [hang_up, failure(503), failure(429), reply(b"<html>")])
def test_a_temporary_error_does_not_end_the_wait(fault: Reply) -> None:
    with Loopback(video("processing"), fault, fault, DONE) as server, client_of(server, max_retries=0) as client:
        assert client.wait_for_video("video_1").is_finished


def test_ctrl_c_ends_only_the_wait_and_the_message_has_the_code_to_go_on() -> None:
    stopped = pytest.raises(KeyboardInterrupt, match=r"HeyGen.*client\.wait_for_video\(\"video_1\"\)")
    with Loopback(video("processing"), interrupt) as server, client_of(server) as client, stopped:
        client.wait_for_video("video_1")


@pytest.mark.parametrize("timeout", [-1, "10", None, float("inf"), True])
def test_an_invalid_argument_is_refused_before_anything_is_sent(timeout: Any) -> None:
    with Loopback(DONE) as server, client_of(server) as client:
        with pytest.raises(ValueError, match="timeout must be a number of s"):
            client.wait_for_video("video_1", timeout)
        with pytest.raises(ValueError, match="video_id"):
            client.wait_for_video("")
        assert server.seen == []


STARTED = reply({"data": {"video_id": "video_1", "status": "waiting"}})


@pytest.mark.parametrize("good", [STARTED, video("processing")], ids=["after its start", "after a response"])
def test_a_video_may_be_unknown_for_three_minutes_after_its_start_or_a_response(good: Reply) -> None:
    for ends in (True, False):
        script = [good, UNKNOWN, UNKNOWN, *([DONE] if ends else [])]
        with Loopback(*script) as server, client_of(server) as client:
            if good is STARTED:
                client.create_video("look_1", "Hello")
            if ends:
                assert client.wait_for_video("video_1").is_finished
                continue
            with pytest.raises(errors.NotFoundError):
                client.wait_for_video("video_1")
            assert 180 <= sum(client.waits) < 215  # type: ignore[attr-defined]


def test_a_completed_video_is_polled_for_a_minute_until_it_has_its_url() -> None:
    bare = video("completed")
    with Loopback(bare, bare, DONE) as server, client_of(server) as client:
        assert client.wait_for_video("video_1").video_url
    with Loopback(bare) as server, client_of(server) as client:
        assert client.wait_for_video("video_1").status == "completed"
        assert 60 <= sum(client.waits) < 90  # type: ignore[attr-defined]


def agent(sessions: list[Reply], videos: list[Reply]) -> Reply:
    """Answer each request for the session and for the video with its next reply, the last one again and again."""

    def play(handler: Handler) -> None:
        replies = videos if handler.path.startswith("/v3/videos/") else sessions
        (replies.pop(0) if len(replies) > 1 else replies[0])(handler)

    return play


MAKING = video("processing")
THINKS, EARLY = session("thinking", progress=5), session("thinking", video_id="video_1")
MAKES = session("generating", progress=55, video_id="video_1")
MADE = session("completed", video_id="video_1")


@pytest.mark.parametrize(
    ("sessions", "videos"),
    [
        ([THINKS, session("processing", progress=90), MAKES, UNKNOWN], [MAKING, UNKNOWN, DONE]),
        ([EARLY, UNKNOWN], [MAKING, DONE]),
        ([UNKNOWN, UNKNOWN, MAKES], [UNKNOWN, UNKNOWN, DONE]),
        ([MAKES], [video("completed"), DONE]),
        ([session("completed"), MADE], [DONE]),
        ([MAKES, failure(403)], [MAKING, DONE]),
    ],
    ids=["gone", "gone thinking", "unknown at first", "without URL at first", "without video at first", "refused"],
)
def test_an_agent_is_followed_by_its_session_and_its_video(sessions: list[Reply], videos: list[Reply]) -> None:
    started = reply({"data": {"session_id": "session_1", "status": "thinking"}})
    with Loopback(started, agent(sessions, videos)) as server, client_of(server) as client:
        found = client.wait_for_video_agent(client.create_video_agent("An ad").session_id)
    assert found == VideoAgentSession("session_1", "completed", 100, video_id="video_1")


@pytest.mark.parametrize("sessions", [[MAKES], [EARLY, UNKNOWN], [UNKNOWN, UNKNOWN]])
def test_an_agent_may_pause_also_after_its_rendering_has_started(sessions: list[Reply]) -> None:
    early = reply({"data": {"session_id": "session_1", "status": "generating", "video_id": "video_1"}})
    paused = session("reviewing", video_id="video_1")
    with Loopback(early, agent([*sessions, paused], [MAKING])) as server, client_of(server) as client:
        assert client.wait_for_video_agent(client.create_video_agent("An ad")).is_paused


def test_a_session_that_disappears_loses_nothing() -> None:
    early = reply({"data": {"session_id": "session_1", "status": "generating", "video_id": "video_1"}})
    failed = video("failed", failure_code="render_failed")
    with Loopback(early, agent([UNKNOWN], [UNKNOWN, MAKING, failed])) as server, client_of(server) as client:
        session_id = client.create_video_agent("An ad").session_id
        with pytest.raises(errors.VideoFailedError, match="render_failed") as caught:
            client.wait_for_video_agent(session_id)
        assert caught.value.video_id == "video_1"
    with Loopback(early, UNKNOWN, DONE) as server, client_of(server) as client:
        assert client.wait_for_video(client.create_video_agent("An ad").video_id or "").is_finished
    for sessions, code in (([UNKNOWN], 'wait_for_video("video_1")'), ([MAKES], 'wait_for_video_agent("session_1")')):
        refused = pytest.raises(errors.AuthenticationError, match=re.escape(code))
        service = agent(sessions, [MAKING, failure(401)])
        with Loopback(service) as server, client_of(server) as client, refused:
            client.wait_for_video_agent(VideoAgentSession("session_1", "generating", video_id="video_1"))


def test_after_an_answer_the_earlier_video_of_an_agent_does_not_count() -> None:
    answered = reply({"data": {"session_id": "session_1", "run_id": "run_1"}})
    again = [UNKNOWN, THINKS, session("generating", video_id="video_2")]
    videos = [reply({"data": {"id": "video_2", "status": "completed", "video_url": "https://f.org/2.mp4"}})]
    with Loopback(answered, agent(again, videos)) as server, client_of(server) as client:
        known = VideoAgentSession("session_1", "completed", video_id="video_1")
        client.answer_video_agent(known, "Shorter")
        assert client.wait_for_video_agent(known).video_id == "video_2"


MESSAGES = [
    {"role": "model", "type": "text", "content": "Which colours?"},
    {"role": "model", "type": "error", "content": "Too long"},
    {"role": "user", "type": "text", "content": "An ad"},
]


@pytest.mark.parametrize("status", ["waiting_for_input", "reviewing"])
def test_an_agent_that_is_paused_asks_and_goes_on_when_it_is_answered(status: str) -> None:
    started = reply({"data": {"session_id": "session_1", "status": "thinking", "created_at": 1}})
    answered = reply({"data": {"session_id": "session_1", "run_id": "run_1", "title": "Ad"}})
    paused = session(status, messages=MESSAGES, video_id="an_earlier_one")
    script = (started, UNKNOWN, THINKS, paused, answered, UNKNOWN, MAKES, DONE)
    with Loopback(*script) as server, client_of(server) as client:
        asks = client.wait_for_video_agent(client.create_video_agent("An ad", mode="chat"))
        assert (asks.is_paused, asks.is_finished, asks.question) == (True, False, "Which colours?")
        goes_on = client.answer_video_agent(asks, "Blue", files=[{"type": "asset_id", "asset_id": "a"}])
        assert (goes_on.session_id, goes_on.status, goes_on.title) == ("session_1", "thinking", "Ad")
        assert client.wait_for_video_agent(goes_on).video_id == "video_1"
        post = server.seen[4]
    assert (post.method, post.path) == ("POST", "/v3/video-agents/session_1")
    assert json.loads(post.body) == {"message": "Blue", "files": [{"type": "asset_id", "asset_id": "a"}]}


def test_an_answer_that_may_have_arrived_is_not_sent_again_and_an_invalid_one_never() -> None:
    with Loopback(hang_up) as server, client_of(server) as client:
        with pytest.raises(errors.APIConnectionError, match=r"get_video_agent\(\"session_1\"\)\.messages") as caught:
            client.answer_video_agent("session_1", "Blue")
        with pytest.raises(errors.VideoOptionError, match="1 to 10,000 characters"):
            client.answer_video_agent("session_1", "")
        assert (caught.value.is_uncertain, len(server.seen)) == (True, 1)


def test_a_video_keeps_unknown_fields_and_its_repr_hides_signed_urls() -> None:
    video = Video.from_json(SERVED)
    assert (video.id, video.status, video.duration, video.title) == ("video_1", "completed", 12.5, "Ad")
    assert {name: getattr(video, name) for name in SERVED if name != "output_language"} | video.extra == SERVED
    assert "secret" not in repr(video)
    assert len(repr(Video.from_json({"id": "i" * 10**6, "status": "s" * 10**6}))) < 1_000


@pytest.mark.parametrize("served", ["waiting", "processing", "something_new", None, "completed", "failed"])
def test_the_status_of_a_video_says_whether_it_is_finished(served: str | None) -> None:
    video = Video.from_json({"video_id": "video_1", "status": served})
    status = "pending" if served in ("waiting", None) else served
    assert (video.id, video.status, video.is_finished) == ("video_1", status, served in ("completed", "failed"))
    assert video == Video.from_json({"id": None, "video_id": "video_1", "status": served})
    assert video.extra == {}


@pytest.mark.parametrize("messages", [MESSAGES, [MESSAGES[2], *MESSAGES, "Hi", {}], [], None, {"role": "model"}])
@pytest.mark.parametrize("status", ["waiting_for_input", "reviewing", "failed", "thinking", "completed"])
def test_the_newest_messages_are_the_question_of_a_pause_and_the_reason_of_a_failure(
    status: str, messages: Any
) -> None:
    session = VideoAgentSession.from_json({"session_id": "s", "status": status, "progress": 100, "messages": messages})
    has, paused = isinstance(messages, list) and len(messages) > 0, status in ("waiting_for_input", "reviewing")
    assert session.question == ("Which colours?" if has and paused else None)
    assert session.failure_message == ("Too long" if has and status == "failed" else None)
    finished = status in ("failed", "completed")
    assert (session.is_paused, session.is_finished, session.progress) == (paused, finished, 100)


names = st.sampled_from([*SERVED, "video_id", "session_id", "progress", "messages", "gender", "new"])
KINDS = [Video, VideoAgentSession, VideoAgentStyle, BrandKit, Asset]


@given(st.sampled_from(KINDS), st.dictionaries(names, values) | values)
def test_any_json_is_a_clean_record_or_our_error(kind: Any, served: Any) -> None:
    try:
        record = getattr(kind, "from_json", partial(parse, kind))(served)
    except errors.APIResponseError:
        return
    json.dumps(asdict(record), allow_nan=False).encode()
    assert isinstance(hash(record), int)
