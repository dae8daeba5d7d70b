"""Waiting for videos and agents: how often they are asked for, and how it ends."""

from __future__ import annotations

import itertools
import signal
import threading
from typing import Any

import pytest
from loopback import KEY, Handler, Loopback, Reply, client_of, failure, hang_up, reply, stay_silent

from heygen_widgets.errors import (
    APIConnectionError,
    AuthenticationError,
    HeyGenError,
    NotFoundError,
    VideoFailedError,
    VideoTimeoutError,
)


def video(status: str, **fields: Any) -> Reply:
    return reply({"data": {"id": "video_1", "status": status, **fields}})


def session(status: str, **fields: Any) -> Reply:
    return reply({"data": {"session_id": "session_1", "status": status, **fields}})


DONE = video("completed", video_url="https://files.example/v.mp4?Signature=s", duration=3)


def test_a_video_is_asked_for_less_and_less_often_until_it_is_finished() -> None:
    times: list[float] = []
    with Loopback(*[video("processing")] * 12, DONE) as server, client_of(server) as client:
        before = server.next_reply

        def note(seen: Any) -> Reply:
            times.append(sum(client.waits))  # type: ignore[attr-defined]
            return before(seen)

        server.next_reply = note  # type: ignore[method-assign]
        found = client.wait_for_video("video_1")
    assert (found.status, found.duration) == ("completed", 3)
    gaps = [round(later - sooner, 2) for sooner, later in itertools.pairwise(times)]
    assert gaps[:3] == [2, 3, 4.5]
    assert gaps == sorted(gaps)
    assert gaps[-4:] == [30] * 4


def test_a_status_that_is_new_counts_as_under_way() -> None:
    with Loopback(video("waiting"), video("dreaming"), DONE) as server, client_of(server) as client:
        assert client.wait_for_video("video_1").is_finished
    assert len(server.seen) == 3


def test_a_video_that_failed_raises_with_its_reason() -> None:
    failed = video("failed", failure_code="render_failed", failure_message="The audio is empty.")
    with Loopback(failed) as server, client_of(server) as client, pytest.raises(VideoFailedError) as caught:
        client.wait_for_video("video_1")
    error = caught.value
    assert str(error) == "HeyGen could not make the video video_1: render_failed: The audio is empty."
    assert (error.video_id, error.failure_code, error.failure_message) == (
        "video_1",
        "render_failed",
        "The audio is empty.",
    )


def test_a_video_that_takes_too_long_ends_with_the_way_to_go_on() -> None:
    with Loopback(video("processing")) as server, client_of(server) as client:
        with pytest.raises(
            VideoTimeoutError, match=r"still processing after 100 s.*client\.wait_for_video\(\"video_1\"\)"
        ):
            client.wait_for_video("video_1", timeout=100)
        assert sum(client.waits) == pytest.approx(100)  # type: ignore[attr-defined]
    assert issubclass(VideoTimeoutError, TimeoutError)


def test_with_no_time_at_all_it_is_asked_once() -> None:
    with Loopback(video("processing")) as server, client_of(server) as client, pytest.raises(VideoTimeoutError):
        client.wait_for_video("video_1", 0)
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", [hang_up, failure(503), failure(429), reply(b"<html>")])
def test_a_fault_that_passes_ends_no_waiting(fault: Reply) -> None:
    with Loopback(video("processing"), fault, fault, DONE) as server, client_of(server, max_retries=0) as client:
        assert client.wait_for_video("video_1").is_finished


def test_a_fault_that_lasts_is_told_when_the_time_is_over() -> None:
    with (
        Loopback(video("processing"), hang_up) as server,
        client_of(server, max_retries=0) as client,
        pytest.raises(APIConnectionError),
    ):
        client.wait_for_video("video_1", timeout=60)
    assert len(server.seen) > 3


@pytest.mark.parametrize(
    ("fault", "kind"), [(failure(404, "video_not_found"), NotFoundError), (failure(401), AuthenticationError)]
)
def test_a_fault_that_will_not_pass_ends_the_waiting_at_once(fault: Reply, kind: type[HeyGenError]) -> None:
    with Loopback(fault) as server, client_of(server) as client, pytest.raises(kind):
        client.wait_for_video("video_1")
    assert len(server.seen) == 1


def test_ctrl_c_leaves_the_render_and_says_how_to_wait_on() -> None:
    main = threading.main_thread().ident

    def interrupt(handler: Handler) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        stay_silent(handler)

    with (
        Loopback(video("processing"), interrupt) as server,
        client_of(server) as client,
        pytest.raises(KeyboardInterrupt, match=r"goes on at HeyGen.*client\.wait_for_video\(\"video_1\"\)"),
    ):
        client.wait_for_video("video_1")


@pytest.mark.parametrize("timeout", [-1, "10", None, float("inf"), True])
def test_a_time_that_makes_no_sense_is_told_before_anything_is_sent(timeout: Any) -> None:
    with Loopback(DONE) as server, client_of(server) as client:
        with pytest.raises(ValueError, match="timeout should be a number of s"):
            client.wait_for_video("video_1", timeout)
        with pytest.raises(ValueError, match="video_id"):
            client.wait_for_video("")
        assert server.seen == []


def test_the_bar_tells_the_status_and_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    with Loopback(video("pending"), video("processing"), DONE) as server, client_of(server) as client:
        client.wait_for_video("video_1")
    shown = capsys.readouterr().err
    assert "video video_1: pending" in shown
    assert "processing" in shown
    assert "completed" in shown
    assert KEY not in shown


def test_an_agent_is_waited_for_until_it_has_a_video() -> None:
    script = [
        session("thinking", progress=0),
        session("generating", progress=55),
        session("reviewing"),
        session("completed", progress=100, video_id="video_1"),
    ]
    with Loopback(*script) as server, client_of(server) as client:
        found = client.wait_for_video_agent("session_1")
    assert (found.video_id, found.progress) == ("video_1", 100)
    assert {seen.path for seen in server.seen} == {"/v3/video-agents/session_1"}


def test_an_agent_that_asks_something_ends_the_waiting_with_its_question() -> None:
    asks = session("waiting_for_input", message="Which colours?")
    with Loopback(session("thinking"), asks) as server, client_of(server) as client:
        assert client.wait_for_video_agent("session_1").question == "Which colours?"


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        ("failed", VideoFailedError, "agent session_1 failed: it does not say why"),
        ("thinking", VideoTimeoutError, r"client\.wait_for_video_agent\(\"session_1\"\)"),
    ],
)
def test_an_agent_that_fails_or_takes_too_long_says_so(status: str, kind: type[HeyGenError], said: str) -> None:
    with (
        Loopback(session(status)) as server,
        client_of(server) as client,
        pytest.raises(kind, match=said),
    ):
        client.wait_for_video_agent("session_1", timeout=9)
