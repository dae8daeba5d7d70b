"""A request for a video goes out as often as it takes, and makes one video."""

from __future__ import annotations

import json
import pickle
import re
import signal
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from loopback import (
    KEY,
    NAME,
    Handler,
    Loopback,
    Reply,
    client_of,
    cut_short,
    drip,
    failure,
    hang_up,
    hurry,
    over_tls,
    reply,
    stay_silent,
)

from heygen_widgets.api import HeyGenClient
from heygen_widgets.api import exchange as _exchange
from heygen_widgets.demo import DemoService, Fault
from heygen_widgets.errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    HeyGenError,
    InsufficientCreditError,
    MissingAPIKeyError,
    RateLimitError,
    VideoOptionError,
)
from heygen_widgets.models import Look
from heygen_widgets.videos import VideoRequest

REQUEST = VideoRequest(avatar_id="look_1", script="Hello")
TAKEN = reply({"data": {"video_id": "video_1", "status": "waiting", "output_format": "mp4"}})
BUSY = failure(409, "request_in_progress")


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_exchange, "POST_READ", 0.2)


def create(client: HeyGenClient, key: str | None = "key:1") -> str:
    return client.create_video(REQUEST, idempotency_key=key).id


def keys(server: Loopback) -> list[str]:
    return [seen.headers["idempotency-key"] for seen in server.seen]


def test_a_request_goes_out_as_json_with_a_key_of_its_own() -> None:
    with Loopback(TAKEN) as server, client_of(server) as client:
        assert [create(client, None), create(client, None)] == ["video_1", "video_1"]
    first, second = server.seen
    assert (first.method, first.path) == ("POST", "/v3/videos")
    assert first.headers["content-type"] == "application/json"
    assert json.loads(first.body) == {"type": "avatar", "avatar_id": "look_1", "script": "Hello"}
    assert re.fullmatch("[A-Za-z0-9_:.-]{1,255}", keys(server)[0])
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


@pytest.mark.parametrize("fault", [hang_up, cut_short, failure(500), failure(503), failure(429)])
def test_after_a_fault_the_same_request_goes_out_again(fault: Reply) -> None:
    with Loopback(fault, fault, TAKEN) as server, client_of(server) as client:
        assert create(client) == "video_1"
    assert keys(server) == ["key:1"] * 3
    assert len({seen.body for seen in server.seen}) == 1


@pytest.mark.usefixtures("_impatient")
def test_after_a_time_out_the_same_request_goes_out_again() -> None:
    with Loopback(stay_silent, TAKEN) as server, client_of(server, timeout=(5, 0.1)) as client:
        assert create(client) == "video_1"
    assert keys(server) == ["key:1"] * 2


def test_a_request_that_is_still_at_work_is_waited_for_without_spending_the_retries() -> None:
    with Loopback(*[BUSY] * 6, TAKEN) as server, client_of(server) as client:
        assert create(client) == "video_1"
        assert sum(client.waits) > 20  # type: ignore[attr-defined]
    assert keys(server) == ["key:1"] * 7


def test_a_request_that_is_at_work_for_ever_ends_with_its_key() -> None:
    with Loopback(BUSY) as server, client_of(server) as client:
        with pytest.raises(APIStatusError) as caught:
            create(client)
        assert 120 <= sum(client.waits) < 200  # type: ignore[attr-defined]
    assert (caught.value.code, caught.value.idempotency_key, caught.value.is_uncertain) == (
        "request_in_progress",
        "key:1",
        True,
    )


def test_another_conflict_is_final() -> None:
    fault = failure(409, "conflict")
    with Loopback(fault) as server, client_of(server) as client, pytest.raises(APIStatusError) as caught:
        create(client)
    assert (len(server.seen), caught.value.is_uncertain) == (1, False)


def test_without_retries_nothing_is_repeated() -> None:
    for fault in (hang_up, BUSY, failure(503), failure(429)):
        with Loopback(fault) as server, client_of(server, max_retries=0) as client, pytest.raises(HeyGenError):
            create(client)
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("faults", "kind", "uncertain"),
    [
        ([hang_up], APIConnectionError, True),
        ([failure(503)], APIStatusError, True),
        ([failure(408)], APIStatusError, True),
        ([reply(b"<html>")], APIResponseError, True),
        ([reply({"data": {"status": "waiting"}})], APIResponseError, True),
        ([reply({"data": None})], APIResponseError, True),
        ([reply(b"", 409)], APIStatusError, True),
        ([reply(b"", 302, Location="/elsewhere")], APIResponseError, True),
        ([reply(b"", 303, Location="/elsewhere")], APIResponseError, True),
        ([failure(402)], InsufficientCreditError, False),
        ([failure(400)], APIStatusError, False),
        ([failure(429)], RateLimitError, False),
        ([hang_up, failure(429)], RateLimitError, True),
    ],
)
def test_an_error_carries_the_key_and_says_what_is_known(
    faults: list[Reply], kind: type[HeyGenError], uncertain: bool
) -> None:
    with Loopback(*faults) as server, client_of(server) as client, pytest.raises(kind) as caught:
        create(client)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.idempotency_key, error.is_uncertain) == ("key:1", uncertain)
    assert ("idempotency_key='key:1'" in str(error)) is uncertain
    assert KEY not in str(error)


def test_what_never_went_out_is_certain() -> None:
    with socket.socket() as deaf, Loopback(TAKEN) as server, client_of(server) as client:
        deaf.bind(("127.0.0.1", 0))  # and does not listen
        client._transport.base_url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(APIConnectionError) as caught:
            create(client)
        assert client.retries == 2
    assert caught.value.is_uncertain is False


def test_before_a_certificate_is_trusted_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with over_tls(tmp_path, monkeypatch, TAKEN) as server, client_of(server) as client:
        client._transport.base_url = f"https://{NAME}:{server.server_address[1]}"
        assert create(client) == "video_1"
        client.close()
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with pytest.raises(APIConnectionError, match=r"(?i)certificate") as caught:
            create(client)
    assert caught.value.is_uncertain is False
    assert len(server.seen) == 1


@pytest.mark.usefixtures("_impatient")
def test_a_post_waits_as_long_as_the_client_where_that_is_longer() -> None:
    patient = {"timeout": (5, 0.3), "max_retries": 0}
    late = pytest.raises(APITimeoutError, match=r"read 0\.3 s")
    with Loopback(stay_silent) as server, client_of(server, **patient) as client, late:
        create(client)


def test_no_wait_for_a_request_that_is_still_at_work_is_longer_than_30_s() -> None:
    with Loopback(BUSY) as server, client_of(server) as client:
        with pytest.raises(HeyGenError):
            create(client)
        assert max(client.waits) == 30  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_impatient")
def test_after_an_answer_that_drips_the_same_request_goes_out_again() -> None:
    drips = Loopback(drip(b" "), TAKEN)
    with drips as server, client_of(server, timeout=(0.1, 0.1), session=requests.Session()) as client:
        assert create(client) == "video_1"
    assert keys(server) == ["key:1"] * 2


@pytest.mark.usefixtures("_impatient")
def test_a_post_waits_longer_than_a_get() -> None:
    with Loopback(stay_silent) as server, client_of(server, timeout=(5, 0.1), max_retries=0) as client:
        with pytest.raises(APITimeoutError, match=r"read 0\.2 s"):
            create(client)
        with pytest.raises(APITimeoutError, match=r"read 0\.1 s"):
            client.get_video("video_1")


def a_ready_look(client: HeyGenClient) -> Look:
    return next(look for look in client.iter_looks() if look.is_ready and "avatar_iv" in look.engines)


@pytest.mark.parametrize("fault", ["taken", "reset-before", "503", "429", "length-long"])
def test_whatever_befalls_the_answer_one_video_exists(fault: str) -> None:
    rule = Fault(fault, endpoint="create-video", times=2)
    with (
        DemoService(100, faults=[rule]) as service,
        HeyGenClient(service.api_key, base_url=service.base_url) as client,
    ):
        look = a_ready_look(client)
        hurry(client._transport)
        video = client.create_video(VideoRequest(avatar_id=look.id, script="Hello"))
        assert service.videos == [video.id]
        assert service.struck == {fault: 2}
        assert client.get_video(video.id).id == video.id


def test_a_video_whose_every_answer_is_lost_is_had_again_by_its_key() -> None:
    rule = Fault("taken", endpoint="create-video", times=3)
    with (
        DemoService(100, faults=[rule]) as service,
        HeyGenClient(service.api_key, base_url=service.base_url) as client,
    ):
        request = VideoRequest(avatar_id=a_ready_look(client).id, script="Hello")
        hurry(client._transport)
        with pytest.raises(APIConnectionError) as caught:
            client.create_video(request)
        assert len(service.videos) == 1
        video = client.create_video(request, idempotency_key=caught.value.idempotency_key)
        assert service.videos == [video.id]


def test_an_agent_whose_answer_is_lost_is_not_asked_again() -> None:
    with (
        DemoService(100, faults=[Fault("taken", endpoint="create-agent", times=1)]) as service,
        HeyGenClient(service.api_key, base_url=service.base_url) as client,
    ):
        hurry(client._transport)
        with pytest.raises(APIConnectionError, match="before you ask again") as caught:
            client.create_video_agent("An ad")
        assert caught.value.is_uncertain
        assert [path for path, _ in service.accepted] == ["/v3/video-agents"]


def test_an_answer_about_an_agent_that_makes_no_sense_is_uncertain() -> None:
    answer = reply({"data": {"session": 5}})
    with Loopback(answer) as server, client_of(server) as client, pytest.raises(APIResponseError) as caught:
        client.create_video_agent("An ad")
    assert caught.value.is_uncertain
    assert "before you ask again" in str(caught.value)


def test_a_login_that_ends_between_two_attempts_leaves_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials"
    file.write_text(json.dumps({"oauth": {"access_token": "token-0123456789"}}))
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)

    def end_login(handler: Handler) -> None:
        ended = {"access_token": "token-0123456789", "expires_at": "2020-01-01T00:00:00Z"}
        file.write_text(json.dumps({"oauth": ended}))
        client._transport.credential = client._transport.credential._replace(
            expires_at=datetime(2020, 1, 1, tzinfo=UTC)
        )
        hang_up(handler)

    with Loopback(end_login) as server, HeyGenClient(base_url=server.url) as client:
        hurry(client._transport)
        with pytest.raises(MissingAPIKeyError) as caught:
            create(client)
    assert (caught.value.idempotency_key, caught.value.is_uncertain) == ("key:1", True)


@pytest.mark.parametrize(("user", "posts"), [("ada", 2), ("bob", 1)])
def test_a_request_that_may_have_begun_is_not_sent_again_by_another_user(
    user: str, posts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def log_in(name: str) -> None:
        login = {"oauth": {"access_token": f"token-of-{name}-{len(server.seen)}"}, "user": {"id": name}}
        (tmp_path / "credentials").write_text(json.dumps(login))

    def change_login(handler: Handler) -> None:
        log_in(user)
        client._transport.credential = client._transport.credential._replace(
            expires_at=datetime(2020, 1, 1, tzinfo=UTC)
        )
        hang_up(handler)

    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    with Loopback(change_login, TAKEN) as server:
        log_in("ada")
        with HeyGenClient(base_url=server.url) as client:
            hurry(client._transport)
            if posts == 2:
                assert create(client) == "video_1"
            else:
                with pytest.raises(HeyGenError, match="log in as before first") as caught:
                    create(client)
                assert (caught.value.idempotency_key, caught.value.is_uncertain) == ("key:1", True)
    assert len({seen.headers["authorization"] for seen in server.seen}) == len(server.seen) == posts


def test_what_a_hook_raises_carries_the_key_in_a_note() -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("from a hook")

    session = requests.Session()
    session.hooks["response"].append(fail)
    with Loopback(TAKEN) as server, client_of(server, session=session) as client, pytest.raises(RuntimeError) as caught:
        create(client)
    assert ["idempotency_key='key:1'" in note for note in caught.value.__notes__] == [True]
    with Loopback(TAKEN) as server, client_of(server, session=session) as client, pytest.raises(RuntimeError) as caught:
        client.create_video_agent("An ad")
    assert ["before you ask again" in note for note in caught.value.__notes__] == [True]


def test_ctrl_c_tells_the_key_to_go_on_with() -> None:
    main = threading.main_thread().ident

    def interrupt(handler: Handler) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        stay_silent(handler)

    with (
        Loopback(interrupt) as server,
        client_of(server) as client,
        pytest.raises(KeyboardInterrupt, match="'key:1' gives it"),
    ):
        create(client)


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256, 5, "a\n"])
def test_a_key_that_the_service_would_refuse_is_told_before_anything_is_sent(key: object) -> None:
    with Loopback(TAKEN) as server, client_of(server) as client:
        with pytest.raises(ValueError, match="idempotency_key should be"):
            client.create_video(REQUEST, idempotency_key=key)  # type: ignore[arg-type]
        assert server.seen == []


def test_a_request_that_is_wrong_in_itself_is_not_sent() -> None:
    with Loopback(TAKEN) as server, client_of(server) as client:
        with pytest.raises(VideoOptionError, match="none is given"):
            client.create_video(VideoRequest(avatar_id="look_1"))
        with pytest.raises(TypeError, match="VideoRequest, not dict"):
            client.create_video({"avatar_id": "look_1"})  # type: ignore[arg-type]
        with pytest.raises(VideoOptionError, match="has 0"):
            client.create_video_agent("")
        with pytest.raises(VideoOptionError, match="what JSON can hold, not b'x'"):
            client.create_video_agent("An ad", files=[{"id": "f"}, b"x"])
        assert server.seen == []


def test_an_agent_is_asked_without_a_key() -> None:
    begun = reply({"data": {"session_id": "session_1", "status": "generating", "created_at": 5, "video_id": None}})
    with Loopback(begun) as server, client_of(server) as client:
        session = client.create_video_agent("An ad", avatar_id="look_1", orientation="portrait", files=[{"id": "f"}])
    assert (session.session_id, session.status, session.video_id) == ("session_1", "generating", None)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/v3/video-agents")
    assert "idempotency-key" not in seen.headers
    assert json.loads(seen.body) == {
        "prompt": "An ad",
        "avatar_id": "look_1",
        "orientation": "portrait",
        "files": [{"id": "f"}],
    }
