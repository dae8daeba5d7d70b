"""Records of videos and agents, how often the service is asked for them, and how the wait ends."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from loopback import KEY, Loopback, Reply, client_of, failure, hang_up, interrupt, reply
from test_fuzz import values

from heygen_widgets import errors
from heygen_widgets.api.download import poll_until_finished
from heygen_widgets.videos import Video, VideoAgentSession


def video(status: str, **fields: Any) -> Reply:
    return reply({"data": {"id": "video_1", "status": status, **fields}})


def session(status: str, **fields: Any) -> Reply:
    return reply({"data": {"session_id": "session_1", "status": status, **fields}})


DONE = video("completed", video_url="https://files.example/v.mp4?Signature=s", duration=3)


def test_a_video_is_polled_less_and_less_often_until_it_is_finished() -> None:
    waits: list[float] = []
    records = iter([Video("video_1", "processing")] * 10 + [Video("video_1", "completed")])
    polled = poll_until_finished(records.__next__, 1_200, now=lambda: sum(waits), sleep=waits.append)
    assert [found.is_finished for found in polled] == [False] * 10 + [True]
    assert (waits[:3], waits[-3:], waits) == ([2, 3, 4.5], [30] * 3, sorted(waits))


def test_the_status_is_shown_until_the_video_is_finished(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        Loopback(video("waiting"), video("dreaming"), video("processing"), DONE) as server,
        client_of(server) as client,
    ):
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
        (VIDEO, failure(404, "video_not_found"), 1_200, errors.NotFoundError, "video_not_found", 1),
        (VIDEO, failure(401), 1_200, errors.AuthenticationError, "401", 1),
        (AGENT, session("failed"), 1_200, errors.VideoFailedError, "agent session_1 failed: it does not say why", 1),
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
        with pytest.raises(kind, match=words):
            getattr(client, wait[0])(wait[1], timeout)
        assert sum(client.waits) == pytest.approx(timeout if requests > 1 else 0)  # type: ignore[attr-defined]
    assert len(server.seen) == requests


@pytest.mark.parametrize("fault", [hang_up, failure(503), failure(429), reply(b"<html>")])
def test_a_temporary_error_does_not_end_the_wait(fault: Reply) -> None:
    with Loopback(video("processing"), fault, fault, DONE) as server, client_of(server, max_retries=0) as client:
        assert client.wait_for_video("video_1").is_finished


def test_ctrl_c_ends_only_the_wait_and_the_message_has_the_code_to_go_on() -> None:
    with (
        Loopback(video("processing"), interrupt) as server,
        client_of(server) as client,
        pytest.raises(KeyboardInterrupt, match=r"HeyGen.*client\.wait_for_video\(\"video_1\"\)"),
    ):
        client.wait_for_video("video_1")


@pytest.mark.parametrize("timeout", [-1, "10", None, float("inf"), True])
def test_an_invalid_argument_is_refused_before_anything_is_sent(timeout: Any) -> None:
    with Loopback(DONE) as server, client_of(server) as client:
        with pytest.raises(ValueError, match="timeout must be a number of s"):
            client.wait_for_video("video_1", timeout)
        with pytest.raises(ValueError, match="video_id"):
            client.wait_for_video("")
        assert server.seen == []


def test_the_wait_for_an_agent_ends_with_a_video_or_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    done = [session("generating", progress=55), session("reviewing"), session("completed", video_id="video_1")]
    with Loopback(session("thinking"), *done) as server, client_of(server) as client:
        assert client.wait_for_video_agent("session_1").video_id == "video_1"
        assert {seen.path for seen in server.seen} == {"/v3/video-agents/session_1"}
    assert "55 %" in capsys.readouterr().err
    asks = session("waiting_for_input", messages=[{"role": "model", "content": "Which colours?"}])
    with Loopback(session("thinking"), asks) as server, client_of(server) as client:
        assert client.wait_for_video_agent("session_1").question == "Which colours?"


SERVED: dict[str, Any] = {
    **{"id": "video_1", "status": "completed", "video_page_url": "https://app.example/videos/video_1"},
    **{"video_url": "https://files.example/v.mp4?Signature=secret", "thumbnail_url": "https://f.example/?s=secret"},
    **{"duration": 12.5, "title": "Ad", "created_at": 1_750_000_000, "output_format": "mp4", "folder_id": "f"},
}


def test_a_video_keeps_unknown_fields_and_its_repr_hides_signed_urls() -> None:
    video = Video.from_json(SERVED)
    assert (video.id, video.status, video.duration, video.title) == ("video_1", "completed", 12.5, "Ad")
    assert (video.video_url, video.extra) == (SERVED["video_url"], {"folder_id": "f"})
    assert "secret" not in repr(video)
    assert len(repr(Video.from_json({"id": "i" * 10**6, "status": "s" * 10**6}))) < 1_000


@pytest.mark.parametrize(
    ("served", "status", "is_finished"),
    [
        ("waiting", "pending", False),
        ("processing", "processing", False),
        ("something_new", "something_new", False),
        (None, "pending", False),
        ("completed", "completed", True),
        ("failed", "failed", True),
    ],
)
def test_the_status_of_a_video_says_whether_it_is_finished(served: str | None, status: str, is_finished: bool) -> None:
    video = Video.from_json({"video_id": "video_1", "status": served})
    assert (video.id, video.status, video.is_finished) == ("video_1", status, is_finished)
    assert video == Video.from_json({"id": None, "video_id": "video_1", "status": served})
    assert video.extra == {}


@pytest.mark.parametrize(
    ("messages", "question"),
    [
        ([{"role": "user", "content": "Hi"}, {"role": "model", "content": "Which?"}, {"role": "model"}], "Which?"),
        ([{"role": "user", "content": "Hi"}, "Hi"], None),
        ([], None),
        (None, None),
    ],
)
def test_the_question_of_an_agent_is_its_newest_message_while_it_waits(messages: Any, question: str | None) -> None:
    record = {"session_id": "s", "status": "waiting_for_input", "progress": 30, "messages": messages}
    session = VideoAgentSession.from_json(record)
    assert (session.question, session.progress, session.is_finished) == (question, 30, False)
    assert VideoAgentSession.from_json({**record, "status": "thinking"}).question is None


names = st.sampled_from([*SERVED, "video_id", "session_id", "progress", "messages", "gender", "new"])


@given(st.sampled_from([Video, VideoAgentSession]), st.dictionaries(names, values) | values)
def test_any_json_is_a_clean_record_or_our_error(kind: type[Video] | type[VideoAgentSession], served: Any) -> None:
    try:
        record = kind.from_json(served)
    except errors.APIResponseError:
        return
    json.dumps([getattr(record, name) for name in kind.__dataclass_fields__], allow_nan=False).encode()
    assert isinstance(hash(record), int)
