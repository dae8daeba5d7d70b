"""Videos and agents of the stand-in: how they come to be, what is refused, and what a key is for."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from heygen_widgets.demo import DemoService, Fault

from .caller import Answer, Caller

VIDEOS, AGENTS, LOOKS = "/v3/videos", "/v3/video-agents", "/v3/avatars/looks"


class Studio:
    """A stand-in whose clock is moved by hand, and what one asks of it."""

    def __init__(self, **arguments: Any) -> None:
        self.now = 1_800_000_000.0
        self.service = DemoService(300, clock=lambda: self.now, render_time=100, **arguments).start()
        self.caller = Caller(self.service)
        self.look = next(
            record
            for record in self.caller.every(LOOKS)
            if record["avatar_type"] == "photo_avatar"
            and record.get("status") in (None, "completed")
            and "avatar_v" in (record.get("supported_api_engines") or ())
            and "avatar_iv" in record["supported_api_engines"]
            and record.get("group_id")
        )

    def close(self) -> None:
        self.caller.connection.close()
        self.service.close()

    def body(self, **fields: Any) -> dict[str, Any]:
        return {"type": "avatar", "avatar_id": self.look["id"], "script": "Hello", **fields}

    def post(self, path: str, body: object, **headers: str) -> Answer:
        sent = {"X-Api-Key": self.service.api_key, **{name.replace("_", "-"): text for name, text in headers.items()}}
        return self.caller.call("POST", path, headers=sent, body=json.dumps(body).encode())

    def make(self, **fields: Any) -> str:
        answer = self.post(VIDEOS, self.body(**fields))
        assert answer.status == 200, answer.body
        return str(answer.json["data"]["video_id"])

    def video(self, video_id: str) -> dict[str, Any]:
        return self.caller.get(f"{VIDEOS}/{video_id}")["data"]  # type: ignore[no-any-return]

    def ask(self, prompt: str) -> str:
        return str(self.post(AGENTS, {"prompt": prompt}).json["data"]["session_id"])

    def session(self, session_id: str) -> dict[str, Any]:
        return self.caller.get(f"{AGENTS}/{session_id}")["data"]  # type: ignore[no-any-return]


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.close()


def error_of(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json["error"]
    return answer.status, error["code"], error.get("param")


# -- how they come to be ----------------------------------------------------------------------------------------------


def test_a_video_moves_through_its_statuses_as_the_clock_goes_on(studio: Studio) -> None:
    answer = studio.post(VIDEOS, studio.body(title="Ad", output_format="webm"))
    assert answer.json["data"].keys() == {"video_id", "status", "output_format"}
    assert (answer.json["data"]["status"], answer.json["data"]["output_format"]) == ("waiting", "webm")
    video_id = answer.json["data"]["video_id"]
    seen = []
    for step in (0, 19, 2, 78, 2, 1_000):
        studio.now += step
        video = studio.video(video_id)
        seen.append(video["status"])
        assert (video["video_url"] is None) == (video["status"] != "completed")
    assert seen == ["pending", "pending", "processing", "processing", "completed", "completed"]
    assert (video["id"], video["title"], video["duration"], video["failure_code"]) == (video_id, "Ad", 1.6, None)
    assert studio.service.videos == [video_id]
    assert studio.service.accepted[-1] == (VIDEOS, studio.body(title="Ad", output_format="webm"))


@pytest.mark.parametrize("fields", [{"script": "Please [fail]"}, {"title": "[fail]"}])
def test_a_video_fails_on_request(studio: Studio, fields: dict[str, str]) -> None:
    video_id = studio.make(**fields)
    assert studio.video(video_id)["status"] == "pending"
    studio.now += 100
    video = studio.video(video_id)
    assert (video["status"], video["failure_code"], video["video_url"]) == ("failed", "render_failed", None)
    assert video["failure_message"]


def test_an_agent_thinks_generates_and_has_a_video(studio: Studio) -> None:
    session_id = studio.ask("An ad")
    seen = []
    for step in (0, 31, 39, 30):
        studio.now += step
        session = studio.session(session_id)
        seen.append((session["status"], session["progress"], session["video_id"] is not None))
    assert seen == [
        ("thinking", 0, False),
        ("generating", 31, False),
        ("generating", 70, False),
        ("completed", 100, True),
    ]
    assert studio.video(session["video_id"])["status"] == "completed"


def test_an_agent_asks_or_fails_on_request(studio: Studio) -> None:
    asking, failing = studio.ask("An ad [ask]"), studio.ask("An ad [fail]")
    studio.now += 1_000
    assert studio.session(asking)["status"] == "waiting_for_input"
    assert studio.session(asking)["message"].endswith("?")
    assert studio.session(failing)["status"] == "failed"


def test_the_film_is_served_in_ranges_by_an_address_that_expires(studio: Studio) -> None:
    video_id = studio.make()
    studio.now += 100
    url = studio.video(video_id)["video_url"]
    whole = studio.caller.fetch(url)
    assert (whole.status, whole.headers["Content-Type"]) == (200, "video/webm")
    assert whole.body.startswith(b"\x1aE\xdf\xa3")
    part = studio.caller.fetch(url, Range="bytes=1000-")
    assert (part.status, part.body, part.headers["ETag"]) == (206, whole.body[1000:], whole.headers["ETag"])
    assert studio.caller.fetch(url.replace("Signature=", "Signature=x")).status == 403
    studio.now += 3_600
    assert studio.caller.fetch(url).status == 403
    fresh = studio.video(video_id)["video_url"]
    assert studio.caller.fetch(fresh).body == whole.body


def test_there_is_no_film_before_it_is_finished_nor_of_what_failed(studio: Studio) -> None:
    done, failed = studio.make(), studio.make(script="[fail]")
    studio.now += 100
    url = studio.video(done)["video_url"]
    assert studio.caller.fetch(url.replace(done, failed)).status == 404
    studio.now -= 50
    assert studio.caller.fetch(url).status == 404


@pytest.mark.parametrize(
    ("path", "code"), [(f"{VIDEOS}/none", "video_not_found"), (f"{AGENTS}/none", "not_found"), ("/v3/x", "not_found")]
)
def test_what_is_not_there_is_404(studio: Studio, path: str, code: str) -> None:
    assert error_of(studio.caller.call("GET", path))[:2] == (404, code)


def test_ten_are_made_at_a_time(studio: Studio) -> None:
    for _ in range(8):
        studio.make()
    studio.ask("An ad")
    studio.ask("An ad [ask]")
    answer = studio.post(VIDEOS, studio.body())
    assert (*error_of(answer)[:2], answer.headers["Retry-After"]) == (429, "rate_limit_exceeded", "2")
    studio.now += 31  # one that asks something is not at work
    studio.make()
    assert studio.post(VIDEOS, studio.body()).status == 429
    studio.now += 100
    studio.make()


# -- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_replays_its_answer_for_a_day_whatever_the_body(studio: Studio) -> None:
    first = studio.post(VIDEOS, studio.body(), Idempotency_Key="key:1")
    again = studio.post(VIDEOS, studio.body(script="Another"), Idempotency_Key="key:1")
    other = studio.post(VIDEOS, studio.body(), Idempotency_Key="key:2")
    assert again.json == first.json
    assert other.json != first.json
    assert len(studio.service.videos) == 2
    studio.now += 86_399
    assert studio.post(VIDEOS, studio.body(), Idempotency_Key="key:1").json == first.json
    studio.now += 1
    assert studio.post(VIDEOS, studio.body(), Idempotency_Key="key:1").json != first.json


def test_a_request_that_was_refused_may_come_again_with_its_key(studio: Studio) -> None:
    assert studio.post(VIDEOS, studio.body(script=""), Idempotency_Key="key").status == 400
    assert studio.post(VIDEOS, studio.body(), Idempotency_Key="key").status == 200


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "a/b"])
def test_a_key_of_other_characters_is_refused(studio: Studio, key: str) -> None:
    assert error_of(studio.post(VIDEOS, studio.body(), Idempotency_Key=key)) == (
        400,
        "invalid_parameter",
        "Idempotency-Key",
    )


def test_an_agent_knows_no_keys(studio: Studio) -> None:
    sessions = [
        studio.post(AGENTS, {"prompt": "An ad"}, Idempotency_Key="key").json["data"]["session_id"] for _ in "12"
    ]
    assert len(set(sessions)) == 2


def test_a_request_in_progress_is_told_so() -> None:
    studio = Studio()
    arrived, go_on = threading.Event(), threading.Event()
    carry_out = studio.service._server.videos._carry_out  # type: ignore[union-attr]

    def slowly(path: str, body: dict[str, Any]) -> dict[str, Any]:
        arrived.set()
        go_on.wait(30)
        return carry_out(path, body)

    studio.service._server.videos._carry_out = slowly  # type: ignore[union-attr, method-assign]
    answers: list[Answer] = []
    other = Studio.post
    first = threading.Thread(target=lambda: answers.append(other(studio, VIDEOS, studio.body(), Idempotency_Key="key")))
    first.start()
    assert arrived.wait(30)
    second = http.client.HTTPConnection(urlsplit(studio.service.base_url).netloc)
    headers = {"X-Api-Key": studio.service.api_key, "Idempotency-Key": "key"}
    second.request("POST", VIDEOS, body=json.dumps(studio.body()), headers=headers)
    response = second.getresponse()
    assert (response.status, json.loads(response.read())["error"]["code"]) == (409, "request_in_progress")
    go_on.set()
    first.join(30)
    assert [answer.status for answer in answers] == [200]
    second.request("POST", VIDEOS, body=json.dumps(studio.body()), headers=headers)
    assert json.loads(second.getresponse().read()) == answers[0].json
    second.close()
    studio.close()


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"type": "photo"}, "type"),
        ({"avatar_id": None}, "avatar_id"),
        ({"script": None}, "script"),
        ({"script": "x" * 5_001}, "script"),
        ({"audio_url": "https://example.org/a.mp3"}, "script"),
        ({"script": None, "audio_url": "a.mp3"}, "audio_url"),
        ({"engine": "avatar_iv"}, "engine"),
        ({"engine": {"type": "avatar_x"}}, "engine"),
        ({"engine": {"type": "avatar_iv", "reference_look_id": "x"}}, "engine"),
        ({"engine": {"type": "avatar_v"}, "expressiveness": "high"}, "expressiveness"),
        ({"expressiveness": "wild"}, "expressiveness"),
        ({"motion_prompt": ""}, "motion_prompt"),
        ({"aspect_ratio": "4:3"}, "aspect_ratio"),
        ({"resolution": "8k"}, "resolution"),
        ({"fit": "fill"}, "fit"),
        ({"background": {"type": "color", "value": "green"}}, "background"),
        ({"background": {"type": "image"}}, "background"),
        ({"background": {"type": "color", "value": "#00ff00"}, "output_format": "webm"}, "background"),
        ({"remove_background": "yes"}, "remove_background"),
        ({"output_format": "gif"}, "output_format"),
        ({"caption": {"file_format": "vtt"}}, "caption"),
        ({"voice_settings": {"speed": 1.6}}, "voice_settings"),
        ({"voice_settings": {"pitch": True}}, "voice_settings"),
        ({"title": 5}, "title"),
        ({"callback_url": "example.org"}, "callback_url"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_a_video_refuses_is_400_with_the_field(studio: Studio, fields: dict[str, Any], param: str) -> None:
    assert error_of(studio.post(VIDEOS, studio.body(**fields))) == (400, "invalid_parameter", param)
    assert studio.service.videos == []


def test_ids_of_nobody_and_of_groups_are_404(studio: Studio) -> None:
    for look_id in ("none", studio.look["group_id"]):
        assert error_of(studio.post(VIDEOS, studio.body(avatar_id=look_id)))[:2] == (404, "avatar_not_found")
        answer = studio.post(AGENTS, {"prompt": "An ad", "avatar_id": look_id})
        assert error_of(answer)[:2] == (404, "avatar_not_found")
    assert error_of(studio.post(VIDEOS, studio.body(voice_id="none")))[:2] == (404, "voice_not_found")


def test_a_look_that_is_not_ready_is_refused(studio: Studio) -> None:
    statuses = {record["status"]: record["id"] for record in studio.caller.every(LOOKS) if record.get("status")}
    for status in ("processing", "pending_consent", "failed"):
        answer = studio.post(VIDEOS, studio.body(avatar_id=statuses[status]))
        assert error_of(answer) == (400, "invalid_parameter", "avatar_id")


def test_a_reference_look_is_one_of_the_same_group(studio: Studio) -> None:
    records = studio.caller.every(LOOKS)
    mates = [r["id"] for r in records if r.get("group_id") == studio.look["group_id"] and r["id"] != studio.look["id"]]
    others = [r["id"] for r in records if r.get("group_id") not in (None, studio.look["group_id"])]
    for look_id, status in ((mates[0], 200), (others[0], 400), ("none", 400)):
        engine = {"type": "avatar_v", "reference_look_id": look_id}
        assert studio.post(VIDEOS, studio.body(engine=engine)).status == status


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "x" * 10_001}, "prompt"),
        ({"orientation": "square"}, "orientation"),
        ({"mode": "talk"}, "mode"),
        ({"incognito_mode": 1}, "incognito_mode"),
        ({"files": ["f"] * 21}, "files"),
        ({"files": "f"}, "files"),
        ({"engine": {"type": "avatar_iv"}}, "engine"),
    ],
)
def test_what_an_agent_refuses_is_400_with_the_field(studio: Studio, fields: dict[str, Any], param: str) -> None:
    assert error_of(studio.post(AGENTS, {"prompt": "An ad", **fields})) == (400, "invalid_parameter", param)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(studio: Studio, body: bytes) -> None:
    answer = studio.caller.call("POST", VIDEOS, body=body)
    assert error_of(answer)[:2] == (400, "validation_error")


def test_a_body_that_is_too_large_is_refused(studio: Studio) -> None:
    answer = studio.post(VIDEOS, {"script": "x" * 1_000_000})
    assert error_of(answer)[:2] == (413, "payload_too_large")


def test_other_methods_are_refused_with_the_one_that_is_meant(studio: Studio) -> None:
    for method, path, allowed in (("GET", VIDEOS, "POST"), ("PUT", AGENTS, "POST"), ("POST", LOOKS, "GET")):
        answer = studio.caller.call(method, path)
        assert (answer.status, answer.headers["Allow"]) == (405, allowed)


def test_without_the_key_nothing_is_made(studio: Studio) -> None:
    answer = studio.caller.call("POST", VIDEOS, headers={}, body=json.dumps(studio.body()).encode())
    assert (answer.status, studio.service.videos) == (401, [])


# -- faults -----------------------------------------------------------------------------------------------------------


def test_a_request_can_be_taken_and_its_answer_lost() -> None:
    studio = Studio(faults=[Fault("taken", endpoint="create-video", times=1)])
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        studio.post(VIDEOS, studio.body(), Idempotency_Key="key")
    studio.caller.connection.close()
    assert len(studio.service.videos) == 1
    answer = studio.post(VIDEOS, studio.body(), Idempotency_Key="key")
    assert [answer.json["data"]["video_id"]] == studio.service.videos
    studio.close()


@pytest.mark.parametrize("kind", ["reset-before", "429", "500", "html", "empty"])
def test_a_request_can_be_lost_before_it_is_taken(kind: str) -> None:
    studio = Studio(faults=[Fault(kind, endpoint="create-video", times=1), Fault("truncated", endpoint="create-video")])
    try:
        studio.post(VIDEOS, studio.body())
    except (ConnectionError, http.client.HTTPException):
        studio.caller.connection.close()
    assert (studio.service.videos, studio.service.struck) == ([], {kind: 1})
    studio.close()


def test_an_answer_that_is_spoilt_is_of_one_video() -> None:
    studio = Studio(faults=[Fault("truncated", endpoint="create-video", times=1)])
    answer = studio.post(VIDEOS, studio.body())
    assert (answer.status, len(studio.service.videos)) == (200, 1)
    assert not answer.body.endswith(b"}}")
    studio.close()


def test_a_spoilt_answer_to_what_is_refused_is_the_refusal() -> None:
    studio = Studio(faults=[Fault("truncated", endpoint="create-video")])
    assert studio.post(VIDEOS, studio.body(script="")).status == 400
    studio.close()


def test_a_film_can_end_in_the_middle() -> None:
    studio = Studio(faults=[Fault("cut", endpoint="media", times=1)])
    video_id = studio.make()
    studio.now += 100
    url = studio.video(video_id)["video_url"]
    with pytest.raises(http.client.IncompleteRead) as caught:
        studio.caller.fetch(url)
    studio.caller.connection.close()
    whole = studio.caller.fetch(url).body
    assert whole.startswith(caught.value.partial)
    assert len(caught.value.partial) == len(whole) // 2
    studio.close()


# -- voices and the account -------------------------------------------------------------------------------------------


def test_voices_are_listed_page_by_page(studio: Studio) -> None:
    every = studio.caller.every("/v3/voices", limit=100)
    ids = [record["voice_id"] for record in every]
    assert sorted(ids) == sorted(group.voice_id for group in studio.service.catalogue.groups)
    assert studio.caller.every("/v3/voices", limit=7) == every
    assert studio.caller.get(f"/v3/voices/{ids[0]}")["data"] == every[0]
    assert studio.caller.call("GET", "/v3/voices?limit=101").status == 400


def test_voices_are_filtered_by_what_they_tell(studio: Studio) -> None:
    every = studio.caller.every("/v3/voices")
    found = studio.caller.every("/v3/voices", language="english", gender="FEMALE", type="public")
    expected = [r for r in every if r.get("language") == "English" and r["gender"] == "female"]
    assert found == expected != []


def test_the_account_is_told_to_who_has_the_key(studio: Studio) -> None:
    assert studio.caller.get("/v3/users/me")["data"]["remaining_credits"] == 100
    assert studio.caller.call("GET", "/v3/users/me", headers={}).status == 401


@pytest.mark.parametrize(
    ("render_time", "kind"), [(-1, ValueError), (float("inf"), ValueError), ("8", TypeError), (None, TypeError)]
)
def test_a_time_that_makes_no_sense_is_refused(render_time: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="render_time must be"):
        DemoService(10, render_time=render_time)
