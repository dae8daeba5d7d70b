"""What a look allows in a video, asked over the wire, and bodies that a service has to survive."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from heygen_widgets.demo import DemoService

from .caller import Answer, Caller

VIDEOS = "/v3/videos"
AGENTS = "/v3/video-agents"
LOOKS = "/v3/avatars/looks"
PATIENCE = 30  # s


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with DemoService(looks=2_000, previews="http", render_time=0) as service:
        yield Caller(service)


def post(caller: Caller, path: str, body: object) -> Answer:
    return caller.call("POST", path, body=json.dumps(body).encode())


def a_video(service: DemoService, **more: object) -> dict[str, object]:
    """Give a body that has nothing wrong, but for what is given."""
    looks = (look for look in service.catalogue.looks if "avatar_iv" in look.engines and look.status is None)
    return {"type": "avatar", "avatar_id": next(looks).id, "script": "Hello", **more}


def error_of(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json["error"]
    return answer.status, error["code"], error.get("param")


def look_with(caller: Caller, avatar_type: str, engine: str) -> str:
    """Give the id of a look that is ready, has the type and lists the engine."""
    for look in caller.service.catalogue.looks:
        fits = look.avatar_type == avatar_type and engine in look.engines
        if fits and look.status is None and not look.blank:
            return look.id
    raise AssertionError(f"no {avatar_type} lists {engine}")


@pytest.mark.parametrize(
    ("avatar_type", "engine", "refused"),
    [
        ("photo_avatar", "avatar_iv", set()),
        ("photo_avatar", "avatar_v", {"expressiveness"}),
        ("photo_avatar", "avatar_iii", {"expressiveness", "motion_prompt", "resolution"}),
        ("digital_twin", "avatar_iv", {"expressiveness", "motion_prompt"}),
        ("digital_twin", "avatar_v", {"expressiveness"}),
        ("digital_twin", "avatar_iii", {"expressiveness", "motion_prompt"}),
        ("studio_avatar", "avatar_iii", {"expressiveness", "motion_prompt"}),
    ],
)
def test_what_an_engine_does_not_take_for_a_look_is_refused(
    caller: Caller, avatar_type: str, engine: str, refused: set[str]
) -> None:
    fields = {"avatar_id": look_with(caller, avatar_type, engine), "engine": {"type": engine}}
    for name, value in {"expressiveness": "low", "motion_prompt": "Wave", "resolution": "4k"}.items():
        answer = post(caller, VIDEOS, a_video(caller.service, **fields, **{name: value}))
        if name in refused:
            assert error_of(answer) == (400, "invalid_parameter", name)
        else:
            assert answer.status == 200, answer.body


def test_an_engine_that_the_look_does_not_list_is_refused_named_or_not(caller: Caller) -> None:
    ready = [look for look in caller.every(LOOKS) if look.get("status") in (None, "completed")]
    kinds = {(look["avatar_type"], *(look.get("supported_api_engines") or ["-"])): look for look in ready}
    met = set()
    for look in kinds.values():
        listed = look.get("supported_api_engines") or []
        for engine in (None, "avatar_iii", "avatar_iv", "avatar_v", "avatar_4_turbo"):
            named = {} if engine is None else {"engine": {"type": engine}}
            answer = post(caller, VIDEOS, a_video(caller.service, avatar_id=look["id"], **named))
            fits = engine in listed or (engine is None and (not listed or "avatar_iv" in listed))
            met.add((engine is None, bool(listed), fits))
            assert (answer.status == 200) is fits, (look, engine)
            assert fits or error_of(answer) == (400, "invalid_parameter", "engine")
    assert met == {(True, True, True), (True, True, False), (True, False, True)} | {
        (False, True, True),
        (False, True, False),
        (False, False, False),
    }


def test_never_more_than_ten_are_begun_however_many_ask_at_once() -> None:
    with DemoService(looks=50, clock=lambda: 1_800_000_000.0) as service:
        at_once, statuses = threading.Barrier(16), []

        def call() -> None:
            caller = Caller(service)
            caller.connection.connect()
            at_once.wait(PATIENCE)
            statuses.append(post(caller, VIDEOS, a_video(service)).status)

        threads = [threading.Thread(target=call) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert sorted(statuses) == [200] * 10 + [429] * 6
        assert len(service.videos) == len(service.accepted) == 10


def test_an_agent_that_finds_no_look_is_refused_and_not_noted_as_accepted() -> None:
    with DemoService(looks=0) as service:
        assert error_of(post(Caller(service), AGENTS, {"prompt": "An ad"})) == (404, "avatar_not_found", None)
        assert not service.accepted


@pytest.mark.parametrize("path", [VIDEOS, AGENTS])
@pytest.mark.parametrize("name", ["title", "avatar_id", "voice_id", "prompt", "unknown", "\ud800"])
def test_half_a_character_is_refused_instead_of_breaking_the_connection_off(
    caller: Caller, path: str, name: str
) -> None:
    good = a_video(caller.service) if path == VIDEOS else {"prompt": "An ad"}
    assert error_of(post(caller, path, {**good, name: "\ud800"})) == (400, "validation_error", None)
    assert post(caller, path, {**good, "callback_id": "\U0001f44b"}).status == 200


def test_a_body_of_a_million_bytes_is_read_and_whoever_sends_more_is_told_why_that_is_refused(caller: Caller) -> None:
    body = json.dumps(a_video(caller.service)).encode()
    assert caller.call("POST", VIDEOS, body=body.ljust(1_000_000)).status == 200
    for size in (1_000_001, 8_000_000):
        assert error_of(caller.call("POST", VIDEOS, body=b" " * size)) == (413, "payload_too_large", None)
