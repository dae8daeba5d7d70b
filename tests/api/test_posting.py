"""A request for a video is repeated until it is answered, and makes one video."""

import json
import os
import pickle
import re
import traceback
from pathlib import Path
from typing import Any

import loopback
import numpy as np
import pandas as pd
import pytest
import requests
from loopback import KEY, Handler, Loopback, Reply, client_of, failure, hang_up, interim, look, reply, stay_silent

from heygen_widgets import HeyGenError, errors
from heygen_widgets.api import HeyGenClient, transport
from heygen_widgets.demo import DemoService
from heygen_widgets.models import Look
from heygen_widgets.videos import VideoRequest

REQUEST = VideoRequest(avatar_id="look_1", script="Hello")
TAKEN = reply({"data": {"video_id": "video_1", "status": "waiting", "output_format": "mp4"}})
BUSY = failure(409, "request_in_progress")


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_POST_READ", 0.5)


def create(client: HeyGenClient, key: str | None = "key:1") -> str:
    return client.create_video(REQUEST, idempotency_key=key).id


def keys(server: Loopback) -> list[str]:
    return [seen.headers["idempotency-key"] for seen in server.seen]


def test_a_request_goes_out_as_json_with_a_key_of_its_own() -> None:
    with Loopback(TAKEN) as server, client_of(server) as client:
        assert [create(client, key) for key in (None, None, "x" * 255)] == ["video_1"] * 3
    first, second, _ = server.seen
    assert (first.method, first.path) == ("POST", "/v3/videos")
    assert first.headers["content-type"] == "application/json"
    assert json.loads(first.body) == {"type": "avatar", "avatar_id": "look_1", "script": "Hello"}
    assert re.fullmatch("[A-Za-z0-9_:.-]{1,255}", keys(server)[0])
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_a_video_after_an_interim_response_is_read_and_with_a_given_session_uncertain() -> None:
    done = reply({"data": {"id": "video_1", "status": "completed"}})
    with Loopback(interim(TAKEN)) as server, client_of(server) as client:
        assert create(client) == "video_1"
        assert len(server.seen) == 1
    with Loopback(interim(TAKEN), done) as server, client_of(server, session=requests.Session()) as client:
        with pytest.raises(errors.APIResponseError, match=r"(?s)[Oo]nly an interim.*: 103$") as caught:
            create(client)
        assert (caught.value.is_uncertain, len(server.seen)) == (True, 1)
        assert client.get_video("video_1").status == "completed"
        assert server.connections == 2


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    "fault", [hang_up, stay_silent, loopback.cut_short, loopback.drip(b" "), *map(failure, [500, 503, 429])]
)
def test_after_a_fault_or_a_time_out_the_same_request_goes_out_again(fault: Reply) -> None:
    with Loopback(fault, fault, TAKEN) as server, client_of(server, timeout=(5, 0.1)) as client:
        assert create(client) == "video_1"
    assert keys(server) == ["key:1"] * 3
    assert len({seen.body for seen in server.seen}) == 1


def test_a_request_in_progress_is_repeated_for_120_s_without_spending_the_retries() -> None:
    with Loopback(*[BUSY] * 6, TAKEN) as server, client_of(server) as client:
        assert create(client) == "video_1"
    assert keys(server) == ["key:1"] * 7
    with Loopback(BUSY) as server, client_of(server) as client:
        with pytest.raises(errors.APIStatusError) as caught:
            create(client)
        waits = client.waits  # type: ignore[attr-defined]
    assert 120 <= sum(waits) < 200
    assert max(waits) == 30
    assert caught.value.code == "request_in_progress"
    assert (caught.value.idempotency_key, caught.value.is_uncertain) == ("key:1", True)
    with Loopback(BUSY) as server, client_of(server, max_retries=0) as client, pytest.raises(errors.APIStatusError):
        create(client)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("faults", "kind", "uncertain"),
    [
        ([hang_up], errors.APIConnectionError, True),
        ([failure(503)], errors.APIStatusError, True),
        ([failure(408)], errors.APIStatusError, True),
        ([reply(b"<html>")], errors.APIResponseError, True),
        ([reply({"data": {"status": "waiting"}})], errors.APIResponseError, True),
        ([reply({"data": None})], errors.APIResponseError, True),
        ([reply(b"", 409)], errors.APIStatusError, True),
        ([reply(b"", 302, Location="/elsewhere")], errors.APIResponseError, True),
        ([failure(402)], errors.InsufficientCreditError, False),
        ([failure(400)], errors.APIStatusError, False),
        ([failure(409, "conflict")], errors.APIStatusError, False),
        ([failure(429)], errors.RateLimitError, False),
        ([hang_up, failure(429)], errors.RateLimitError, True),
    ],
)
def test_an_error_has_the_key_and_what_is_known(faults: list[Reply], kind: type[HeyGenError], uncertain: bool) -> None:
    with Loopback(*faults) as server, client_of(server) as client, pytest.raises(kind) as caught:
        create(client)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.idempotency_key, error.is_uncertain) == ("key:1", uncertain)
    cause, *more, request = str(error).split("\n")
    assert ("idempotency_key='key:1'" in "".join(more)) is uncertain
    assert (cause.endswith("."), request.startswith("POST /v3/videos")) == (True, True)
    assert KEY not in str(error)


@pytest.mark.parametrize(
    ("given", "get", "post"), [({}, 30, 120), ({"timeout": (5, 0.1)}, 0.1, 120), ({"timeout": (5, 130)}, 130, 130)]
)
def test_a_get_waits_30_s_by_default_and_a_post_120_s_or_longer(given: dict[str, Any], get: float, post: float) -> None:
    class Session(requests.Session):
        def request(self, *_: Any, timeout: Any, **__: Any) -> Any:
            timeouts.append(timeout)
            raise requests.ReadTimeout

    timeouts: list[tuple[float, float]] = []
    with HeyGenClient(KEY, session=Session(), max_retries=0, **given) as client:
        calls = (client.list_looks, lambda: create(client), lambda: client.create_video_agent("An ad"))
        for call, read in zip(calls, (get, post, post), strict=True):
            with pytest.raises(errors.APITimeoutError, match=f"connect 5 s, read {read} s"):
                call()
    assert timeouts == [(5, get), (5, post), (5, post)]


def losing_responses(service: DemoService) -> Reply:
    """Pass a request on to the service, and hang up instead of answering."""

    def play(handler: Handler) -> None:
        seen = handler.server.seen[-1]
        headers = {"X-Api-Key": KEY, **{n: seen.headers[n] for n in ("idempotency-key",) if n in seen.headers}}
        requests.post(service.base_url + seen.path, seen.body, headers=headers, timeout=10)
        hang_up(handler)

    return play


def test_lost_responses_never_make_a_second_video() -> None:
    with (
        DemoService(100, api_key=KEY) as service,
        HeyGenClient(KEY, base_url=service.base_url) as direct,
        Loopback(losing_responses(service)) as server,
        client_of(server) as client,
    ):
        ready = next(look for look in direct.iter_looks() if look.is_ready and "avatar_iv" in look.engines)
        request = VideoRequest(avatar_id=ready.id, script="Hello")
        with pytest.raises(errors.APIConnectionError) as caught:
            client.create_video(request)
        assert len(server.seen) == 3
        assert len(service.videos) == 1
        video = direct.create_video(request, idempotency_key=caught.value.idempotency_key)
        assert service.videos == [video.id]


def test_an_agent_is_not_started_again_after_a_lost_or_invalid_response() -> None:
    for lost in (losing_responses, lambda _: reply({"data": {"session": 5}})):
        with DemoService(100, api_key=KEY) as service, Loopback(lost(service)) as server, client_of(server) as client:
            with pytest.raises(HeyGenError, match="before you ask again") as caught:
                client.create_video_agent("An ad")
            assert caught.value.is_uncertain
            assert len(server.seen) == 1
            assert len(service.accepted) == (lost is losing_responses)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, TimeoutError])
def test_ctrl_c_and_an_error_of_a_signal_handler_show_the_key_to_continue_with(kind: type[BaseException]) -> None:
    pressed, stopped = loopback.ctrl_c_raises(kind), pytest.raises(kind)
    with pressed, Loopback(loopback.interrupt) as server, client_of(server) as client, stopped as caught:
        create(client)
    assert "idempotency_key='key:1'" in "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize("method", ["create_video", "start_video"])
@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ((VideoRequest("look_1", "Hi"),), {}),
        ((VideoRequest(Look("look_1", "Ada", "photo_avatar"), "Hi"),), {}),
        ((Look("look_1", "Ada", "photo_avatar"), "Hi"), {}),
        (("look_1", "Hi"), {}),
        (("look_1",), {"script": np.str_("Hi"), "engine": pd.NA}),
        ((), {"avatar_id": Look("look_1", "Ada", "photo_avatar"), "script": "Hi"}),
        (({"avatar_id": "look_1", "script": "Hi", "title": "A"},), {"title": None}),
    ],
)
def test_a_video_starts_from_a_request_its_fields_or_a_look(method: str, given: tuple[Any], fields: Any) -> None:
    record = {**look("look_1"), "default_voice_id": "v", "supported_api_engines": ["avatar_iv"]}
    started = reply({"data": {"id": "v1", "status": "pending"}})
    with Loopback(*([reply({"data": record})] if method == "start_video" else []), started) as server:
        with client_of(server) as client:
            getattr(client, method)(*given, **fields)
        post = next(seen for seen in server.seen if seen.method == "POST")
    assert json.loads(post.body) == {"type": "avatar", "avatar_id": "look_1", "script": "Hi"}


@pytest.mark.parametrize(
    ("given", "fields", "words"),
    [
        ((VideoRequest("look_1", "Hi"), "Ho"), {}, "give a VideoRequest or its fields, not both"),
        ((VideoRequest("look_1", "Hi"),), {"title": "A"}, "give a VideoRequest or its fields, not both"),
        (("look_1", "Hi"), {"avatar_id": "look_2"}, "multiple values for .*'avatar_id'"),
        (({"avatar_id": "look_1", "script": "Hi"}, "Ho"), {}, "multiple values for .*'script'"),
        (("look_1",), {"text": "Hi"}, r"VideoRequest has no parameter 'text': did you mean script=…\?"),
        ((), {"look": "look_1"}, r"did you mean avatar_id=…\?"),
        (("look_1", "Hi"), {"aspect_ration": "16:9"}, r"did you mean aspect_ratio=…\?"),
        (("look_1", "Hi"), {"zzz": 1}, "VideoRequest has no parameter 'zzz': its parameters are avatar_id, script, "),
    ],
)
def test_a_video_of_wrong_fields_is_refused(given: tuple[Any], fields: dict[str, Any], words: str) -> None:
    with Loopback(TAKEN) as server, client_of(server) as client:
        for method in (client.create_video, client.start_video):
            with pytest.raises(TypeError, match=words):
                method(*given, **fields)
        assert server.seen == []


def test_an_invalid_key_or_request_is_not_sent() -> None:
    with Loopback(TAKEN) as server, client_of(server) as client:
        for key in ("", "a b", "ü", "x" * 256, 5, "a\n"):
            with pytest.raises(ValueError, match="idempotency_key should be"):
                client.create_video(REQUEST, idempotency_key=key)  # type: ignore[arg-type]
        with pytest.raises(errors.VideoOptionError, match="none is given"):
            client.create_video(VideoRequest(avatar_id="look_1"))
        with pytest.raises(errors.VideoOptionError, match="1 to 10,000 characters"):
            client.create_video_agent("")
        with pytest.raises(errors.VideoOptionError, match=r"files\[1\] should be .*, not b'x'"):
            client.create_video_agent("An ad", files=[{"type": "asset_id", "asset_id": "f"}, b"x"])
        assert server.seen == []


@pytest.mark.parametrize("session", [None, requests.Session()], ids=["own", "given"])
def test_an_agent_is_started_without_a_key_on_a_new_connection(session: requests.Session | None) -> None:
    started = reply({"data": {"session_id": "session_1", "status": "generating", "created_at": 5, "video_id": None}})
    given: dict[str, Any] = {"avatar_id": "look_1", "orientation": "portrait"}
    given["files"] = [{"type": "asset_id", "asset_id": "f"}]
    with Loopback(reply({"data": []}), started) as server, client_of(server, session=session) as client:
        client.list_looks()
        agent = client.create_video_agent("An ad", **given)
        assert server.connections == 2
    assert (agent.session_id, agent.status, agent.created_at, agent.video_id) == ("session_1", "generating", 5, None)
    _, seen = server.seen
    assert (seen.method, seen.path) == ("POST", "/v3/video-agents")
    assert "idempotency-key" not in seen.headers
    assert json.loads(seen.body) == {"prompt": "An ad", **given}


def test_a_file_is_uploaded_once_and_stands_for_its_id(tmp_path: Path) -> None:
    path, made = tmp_path / "voice ü.wav", {"asset_id": "asset_1", "url": "https://f.org/a?s=secret", "size_bytes": 4}
    path.write_bytes(b"RIFF")
    script = (reply({"data": made}), failure(413, "payload_too_large"), hang_up)
    with Loopback(*script) as server, client_of(server) as client:
        asset = client.upload_asset(str(path))
        assert VideoRequest("look_1", audio_asset_id=asset).check().to_json()["audio_asset_id"] == "asset_1"
        assert ("secret" in repr(asset), asset.size_bytes) == (False, 4)
        with pytest.raises(errors.APIStatusError, match="413 payload_too_large"):
            client.upload_asset(path)
        with pytest.raises(errors.APIConnectionError, match="makes another asset"):
            client.upload_asset(path)
        seen = server.seen[0]
    assert (seen.method, seen.path, len(server.seen)) == ("POST", "/v3/assets", 3)
    kind, boundary = seen.headers["content-type"].split("; boundary=")
    assert kind == "multipart/form-data"
    head, _, content = seen.body.partition(b"\r\n\r\n")
    assert (b'name="file"' in head, content) == (True, b"RIFF\r\n--%s--\r\n" % boundary.encode())


def test_an_empty_large_or_missing_file_is_not_uploaded(tmp_path: Path) -> None:
    (tmp_path / "empty.srt").touch()
    with open(tmp_path / "large.mp4", "wb") as file:
        file.truncate(32 * 2**20 + 1)
    with Loopback(TAKEN) as server, client_of(server) as client:
        for name in ("empty.srt", "large.mp4"):
            with pytest.raises(ValueError, match="should be a file of 1 byte to 32 MB"):
                client.upload_asset(tmp_path / name)
        with pytest.raises(FileNotFoundError):
            client.upload_asset(tmp_path / "missing.png")
        with pytest.raises(IsADirectoryError, match="irectory"):
            client.upload_asset(tmp_path)
        assert server.seen == []
    os.truncate(tmp_path / "large.mp4", 32 * 2**20)
    with Loopback(reply({"data": {"asset_id": "asset_1"}})) as server, client_of(server) as client:
        assert client.upload_asset(tmp_path / "large.mp4").asset_id == "asset_1"


def test_the_idempotency_key_is_logged_before_the_request_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    def check(handler: Handler) -> None:
        logged.append(handler.headers["Idempotency-Key"] in caplog.text)
        TAKEN(handler)

    logged: list[bool] = []
    with caplog.at_level("INFO", "heygen_widgets"), Loopback(check) as server, client_of(server) as client:
        client.create_video(REQUEST)
    assert (logged, KEY in caplog.text) == ([True], False)
