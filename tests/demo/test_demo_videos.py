"""Videos, agents and voices of the stand-in: statuses, keys, refusals, and sounds."""

import io
import threading
import wave
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from heygen_widgets.demo import DemoService

from .caller import Caller

VIDEOS, AGENTS, LOOKS = "/v3/videos", "/v3/video-agents", "/v3/avatars/looks"
PATIENCE = 30  # s


class Studio(Caller):
    """Calls a stand-in with a manual clock."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        super().__init__(DemoService(300, clock=lambda: self.now, render_time=100).start())
        looks = self.service.catalogue.looks
        self.look = next(k for k in looks if k.engines == ("avatar_v", "avatar_iv") and not (k.status or k.blank))

    def body(self, **fields: Any) -> dict[str, Any]:
        return {"type": "avatar", "avatar_id": self.look.id, "script": "Hello", **fields}

    def make(self, **fields: Any) -> str:
        answer = self.post(VIDEOS, self.body(**fields))
        assert answer.status == 200, answer.body
        return str(answer.json["data"]["video_id"])

    def video(self, video_id: str) -> dict[str, Any]:
        return self.get(f"{VIDEOS}/{video_id}")["data"]  # type: ignore[no-any-return]

    def ask(self, prompt: str, mode: str = "chat") -> str:
        return str(self.post(AGENTS, {"prompt": prompt, "mode": mode}).json["data"]["session_id"])

    def session(self, session_id: str) -> dict[str, Any]:
        return self.get(f"{AGENTS}/{session_id}")["data"]  # type: ignore[no-any-return]

    def steps(self, session_id: str, *waits: float) -> list[tuple[str, int, bool]]:
        """Status, progress, and whether there is a video, after each wait."""
        steps = []
        for wait in waits:
            self.now += wait
            session = self.session(session_id)
            if video_id := session["video_id"]:
                assert self.video(video_id)["id"] == video_id
            steps.append((session["status"], session["progress"], video_id is not None))
        return steps


@pytest.fixture
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.service.close()


def test_the_status_of_a_video_follows_the_clock(studio: Studio) -> None:
    body = studio.body(title="Ad", output_format="webm")
    data = studio.post(VIDEOS, body).json["data"]
    assert (data["status"], data["output_format"]) == ("waiting", "webm")
    statuses = []
    for step in (0, 19, 2, 78, 2, 1_000):
        studio.now += step
        video = studio.video(data["video_id"])
        statuses.append(video["status"])
        assert (video["video_url"] is None) == (video["status"] != "completed")
    assert statuses == ["pending", "pending", "processing", "processing", "completed", "completed"]
    assert (video["id"], video["title"], video["duration"]) == (data["video_id"], "Ad", 2.4)
    assert video["completed_at"] == video["created_at"] + 100
    assert studio.service.videos == [data["video_id"]]
    assert studio.service.accepted[-1] == (VIDEOS, body)


@pytest.mark.parametrize("fields", [{"script": "Please [fail]"}, {"title": "[fail]"}])
def test_a_video_with_fail_in_its_texts_fails_and_has_no_film(studio: Studio, fields: dict[str, str]) -> None:
    failing, good = studio.make(**fields), studio.make()
    studio.now += 100
    video = studio.video(failing)
    assert (video["status"], video["failure_code"], video["video_url"]) == ("failed", "render_failed", None)
    assert video["failure_message"]
    url = studio.video(good)["video_url"]
    assert studio.fetch(url.replace(good, failing)).status == 404
    studio.now -= 50
    assert studio.fetch(url).status == 404, "not finished"


def test_a_film_is_served_in_ranges_with_a_url_that_expires_and_with_late_in_a_text_after_completion(
    studio: Studio,
) -> None:
    video_id, *late = studio.make(), studio.make(script="Hello [late]"), studio.make(title="[late]")
    studio.now += 100
    url = studio.video(video_id)["video_url"]
    whole = studio.fetch(url)
    assert (whole.status, whole.headers["Content-Type"], whole.body[:4]) == (200, "video/webm", b"\x1aE\xdf\xa3")
    part = studio.fetch(url, Range="bytes=1000-")
    assert (part.status, part.body, part.headers["ETag"]) == (206, whole.body[1000:], whole.headers["ETag"])
    assert studio.fetch(url.replace("Signature=", "Signature=x")).status == 403
    assert [(studio.video(k)["status"], studio.video(k)["video_url"]) for k in late] == [("completed", None)] * 2
    studio.now += 10.1
    assert [studio.fetch(studio.video(k)["video_url"]).status for k in late] == [200] * 2
    studio.now += 3_600
    assert studio.fetch(url).status == 403
    assert studio.fetch(studio.video(video_id)["video_url"]).body == whole.body


def test_a_caption_gives_subtitles_and_with_a_style_a_captioned_film(studio: Studio) -> None:
    captions = (None, {"file_format": "srt"}, {"file_format": "srt", "style": "default"})
    script = "Hello everyone and welcome to the show. Let us begin!"
    made = [studio.make(script=script, caption=caption) for caption in captions]
    assert studio.video(made[1])["subtitle_url"] is None, "not finished"
    studio.now += 100
    plain, captioned, styled = (studio.video(video_id) for video_id in made)
    assert (plain["subtitle_url"], captioned["captioned_video_url"]) == (None, None)
    assert studio.fetch(styled["captioned_video_url"].partition("?")[0]).status == 403
    assert studio.fetch(styled["captioned_video_url"]).headers["Content-Type"] == "video/webm"
    assert studio.fetch(captioned["subtitle_url"]).body.decode().splitlines() == [
        *("1", "00:00:00,000 --> 00:00:01,200", "Hello everyone and welcome to the show. Let", ""),
        *("2", "00:00:01,200 --> 00:00:02,400", "us begin!"),
    ]


def test_videos_are_listed_newest_first_and_a_new_one_moves_none(studio: Studio) -> None:
    made = [studio.make(title=f"Ad {place}", folder_id="ads") for place in range(9)]
    studio.now += 100
    made += [studio.make(title="News") for _ in range(9)]
    first = studio.get(VIDEOS)
    assert len(first["data"]) == 10
    studio.make(title="News")
    both = first["data"] + studio.get(VIDEOS, token=first["next_token"])["data"]
    assert [video["id"] for video in both] == made[::-1]
    assert studio.video(made[0]) == both[-1]
    assert studio.every(VIDEOS, limit=2, title="aD") == studio.every(VIDEOS, folder_id="ads") == both[9:]


def test_an_agent_has_a_video_at_once_and_in_a_chat_once_it_renders(studio: Studio) -> None:
    at_once = studio.post(AGENTS, {"prompt": "An ad [ask] [review]"}).json["data"]
    chat = studio.post(AGENTS, {"prompt": "An ad", "mode": "chat"}).json["data"]
    assert (at_once["status"], chat["status"], chat["video_id"]) == ("generating", "thinking", None)
    assert [video["id"] for video in studio.every(VIDEOS)] == [at_once["video_id"]]
    assert studio.steps(at_once["session_id"], 0) == [("generating", 0, True)]
    assert studio.steps(chat["session_id"], 0, 29, 2, 68, 2) == [
        *(("thinking", 0, False), ("thinking", 29, False), ("generating", 31, True), ("generating", 99, True)),
        ("completed", 100, True),
    ]
    assert studio.steps(at_once["session_id"], 0) == [("completed", 100, True)]
    messages = [(message["role"], message["content"]) for message in studio.session(chat["session_id"])["messages"]]
    assert messages == [("model", "The video is ready."), ("user", "An ad")]


@pytest.mark.parametrize(("mark", "status"), [("[ask]", "waiting_for_input"), ("[review]", "reviewing")])
def test_a_chat_pauses_until_it_is_answered_and_each_message_starts_it_again(
    studio: Studio, mark: str, status: str
) -> None:
    session_id = studio.ask(f"An ad {mark}")
    path = f"{AGENTS}/{session_id}"
    assert studio.steps(session_id, 0, 31, 1_000) == [("thinking", 0, False), *([(status, 30, False)] * 2)]
    question = studio.session(session_id)["messages"][0]
    assert (question["role"], question["content"][-1]) == ("model", "?")
    films, thinking = [], ("thinking", 25, False)
    to_the_end = (thinking, ("generating", 50, True), ("generating", 75, True), ("completed", 100, True))
    for message, *expected in (
        ("Cyclists", *to_the_end),
        ("Shorter", thinking),  # another message comes before this one is done
        (f"Longer {mark}", thinking, (status, 30, False)),
        ("Yes", *to_the_end),
    ):
        assert studio.post(path, {"message": message}).json["data"]["session_id"] == session_id
        assert studio.steps(session_id, *([25] * len(expected))) == expected
        assert message in [said["content"] for said in studio.session(session_id)["messages"][:3]]
        films += [video_id] if (video_id := studio.session(session_id)["video_id"]) else []
    assert studio.service.accepted[-1] == (path, {"message": "Yes"})
    assert [video["id"] for video in studio.every(VIDEOS)] == films[::-1]
    messages = [message["content"] for message in studio.session(session_id)["messages"]]
    assert (messages[-1], question["content"] in messages) == (f"An ad {mark}", True)
    for place in range(40):
        studio.post(path, {"message": f"Change {place}"})
    messages = [message["content"] for message in studio.session(session_id)["messages"]]
    assert messages == [f"Change {place}" for place in range(39, -1, -1)]


def test_only_a_chat_takes_messages(studio: Studio) -> None:
    for mode, body, error in (
        ("generate", {"message": "Go on"}, (400, "invalid_parameter", None)),
        ("chat", {}, (400, "invalid_parameter", "message")),
        ("chat", {"message": "Go on", "brand_kit_id": "none"}, (404, "resource_not_found", None)),
        ("chat", {"message": "Go on", "avatar_id": "group_abc123"}, (404, "avatar_not_found", None)),
    ):
        assert studio.post(f"{AGENTS}/{studio.ask('An ad [ask]', mode)}", body).error == error
        assert studio.service.accepted[-1][0] == AGENTS


@pytest.mark.parametrize("mode", ["chat", "generate"])
def test_an_agent_with_fail_fails_and_one_with_gone_is_404_while_its_video_is_made(studio: Studio, mode: str) -> None:
    failing, gone = studio.ask("An ad [fail]", mode), studio.ask("An ad [gone]", mode)
    assert studio.call("GET", f"{AGENTS}/{gone}").status == (200 if mode == "chat" else 404)
    studio.now += 31
    assert studio.call("GET", f"{AGENTS}/{gone}").error == (404, "not_found", None)
    studio.now += 69
    assert studio.session(gone)["status"] == "completed"
    session = studio.session(failing)
    assert (session["status"], session["messages"][0]["type"]) == ("failed", "error")
    assert studio.video(session["video_id"])["status"] == "failed"


def test_an_agent_takes_styles_and_brand_kits_that_are_listed(studio: Studio) -> None:
    styles, kits = studio.every(f"{AGENTS}/styles", limit=9), studio.every("/v3/brand-kits", limit=2)
    assert len(studio.get(f"{AGENTS}/styles")["data"]) == 20 < len(styles)
    assert studio.every(f"{AGENTS}/styles", tag="RETRO") == [k for k in styles if "retro" in k["tags"]] != []
    for url in (*(style["thumbnail_url"] for style in styles), kits[0]["logo_url"]):
        ElementTree.fromstring(unquote(url.removeprefix("data:image/svg+xml,")))
    for name, known in (("style_id", styles[-1]["style_id"]), ("brand_kit_id", kits[-1]["brand_kit_id"])):
        assert studio.post(AGENTS, {"prompt": "An ad", name: known}).status == 200


def test_ten_videos_are_rendered_at_a_time(studio: Studio) -> None:
    for _ in range(8):
        studio.make()
    studio.ask("An ad")
    studio.ask("An ad [ask]")
    answer = studio.post(VIDEOS, studio.body())
    assert (*answer.error[:2], answer.headers["Retry-After"]) == (429, "rate_limit_exceeded", "2")
    studio.now += 31  # an agent that asks does not count
    studio.make()
    assert studio.post(VIDEOS, studio.body()).status == 429
    studio.now += 100
    studio.make()


def test_no_more_than_ten_of_many_simultaneous_requests_are_accepted(studio: Studio) -> None:
    start = threading.Barrier(16)

    def call(caller: Caller) -> int:
        caller.connection.connect()
        start.wait(PATIENCE)
        return caller.post(VIDEOS, studio.body()).status

    with ThreadPoolExecutor(16) as pool:
        statuses = pool.map(call, [Caller(studio.service) for _ in range(16)])
    assert sorted(statuses) == [200] * 10 + [429] * 6
    assert len(studio.service.videos) == len(studio.service.accepted) == 10


def test_a_key_gets_the_same_response_for_a_day_whatever_the_body(studio: Studio) -> None:
    first = studio.post(VIDEOS, studio.body(), Idempotency_Key="key:1")
    again = studio.post(VIDEOS, studio.body(script="Another"), Idempotency_Key="key:1")
    other = studio.post(VIDEOS, studio.body(), Idempotency_Key="key:2")
    assert again.json == first.json != other.json
    assert len(studio.service.videos) == 2
    studio.now += 86_399
    assert studio.post(VIDEOS, studio.body(), Idempotency_Key="key:1").json == first.json
    studio.now += 1
    assert studio.post(VIDEOS, studio.body(), Idempotency_Key="key:1").json != first.json


def test_a_refused_request_can_be_repeated_with_its_key_agents_ignore_keys_and_invalid_ones_are_refused(
    studio: Studio,
) -> None:
    assert studio.post(VIDEOS, studio.body(script=""), Idempotency_Key="key").status == 400
    assert studio.post(VIDEOS, studio.body(), Idempotency_Key="key").status == 200
    assert studio.post(VIDEOS, studio.body(), Idempotency_Key="x" * 255).status == 200
    sessions = [studio.post(AGENTS, {"prompt": "An ad"}, Idempotency_Key="key").json["data"] for _ in range(2)]
    assert sessions[0]["session_id"] != sessions[1]["session_id"]
    for key in ("", "a b", "x" * 256, "a/b"):
        answer = studio.post(VIDEOS, studio.body(), Idempotency_Key=key)
        assert answer.error == (400, "invalid_parameter", "Idempotency-Key")


def test_a_second_request_with_a_key_in_progress_is_409(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    arrived, go_on = threading.Event(), threading.Event()
    find_look = studio.service.catalogue.look

    def find_slowly(look_id: str) -> object:
        arrived.set()
        assert go_on.wait(PATIENCE)
        return find_look(look_id)

    monkeypatch.setattr(studio.service.catalogue, "look", find_slowly)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(Caller(studio.service).post, VIDEOS, studio.body(), Idempotency_Key="key")
        assert arrived.wait(PATIENCE)
        second = studio.post(VIDEOS, studio.body(), Idempotency_Key="key")
        go_on.set()
    assert second.error[:2] == (409, "request_in_progress")
    assert studio.post(VIDEOS, studio.body(), Idempotency_Key="key").json == first.result().json
    assert len(studio.service.videos) == 1


def test_looks_that_are_not_ready_are_refused_and_without_looks_there_are_no_agents(studio: Studio) -> None:
    statuses = {look.status: look.id for look in studio.service.catalogue.looks}
    for status in ("processing", "pending_consent", "failed"):
        answer = studio.post(VIDEOS, studio.body(avatar_id=statuses[status]))
        assert answer.error == (400, "invalid_parameter", "avatar_id")
    assert len(studio.service.accepted) == 0
    with DemoService(looks=0) as service:
        assert Caller(service).post(AGENTS, {"prompt": "An ad"}).error[:2] == (404, "avatar_not_found")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"title": "\\ud800"}'])
def test_a_body_that_is_no_object_or_has_half_a_character_is_refused(studio: Studio, body: bytes) -> None:
    assert studio.call("POST", VIDEOS, body=body).error[:2] == (400, "validation_error")


def test_voices_are_listed_by_type_filtered_and_served_one_by_one(studio: Studio) -> None:
    groups = studio.service.catalogue.groups
    public, private = (studio.every("/v3/voices", limit=100, type=kind) for kind in ("public", "private"))
    for listed, is_private in ((public, False), (private, True)):
        assert [r["voice_id"] for r in listed] == [group.voice_id for group in groups if group.private is is_private]
    assert studio.every("/v3/voices", limit=7) == public
    found = studio.every("/v3/voices", language="english", gender="FEMALE")
    assert found == [r for r in public if (r["language"], r["gender"]) == ("English", "female")] != []
    assert 0 < len(studio.every("/v3/voices", engine="starfish")) < len(public)
    for name in ("language", "gender", "engine"):
        assert studio.every("/v3/voices", **{name: "none"}) == []
    alone = [studio.get(f"/v3/voices/{r['voice_id']}")["data"] for r in public + private]
    assert {r.get("status") for r in alone} == {"complete", "processing", "failed", None}
    for name in ("name", "language", "gender"):
        values = [record.get(name) for record in alone]
        assert all(value in (record[name], None) for value, record in zip(values, public + private, strict=True))
        assert 0 < values.count(None) < len(values) / 3


def test_most_voices_have_a_short_soft_sound_of_their_own(caller: Caller) -> None:
    previews = [record["preview_audio_url"] or "" for record in caller.every("/v3/voices")]
    assert {url[:5] for url in previews} == {"", "s3://", "http:"}
    urls = [url for url in previews if url.startswith("http:")]
    assert len(urls) > len(previews) / 2
    sounds = set()
    for url in urls[:12]:
        answer = caller.fetch(url)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/wav")
        sounds.add(answer.body)
        with wave.open(io.BytesIO(answer.body)) as sound:
            rate, frames = sound.getframerate(), sound.getnframes()
            assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
            levels = [abs(level) for level in array("h", sound.readframes(frames))]
        assert 0.8 < frames / rate < 1.3
        assert max(levels[: rate // 500]) < 1_500 < 5_000 < max(levels) < 16_000
        assert max(levels[-len(levels) // 10 :]) < max(levels) / 8
    assert len(sounds) == 12
    assert caller.fetch(urls[0], Range="bytes=100-199").body == caller.fetch(urls[0]).body[100:200]
