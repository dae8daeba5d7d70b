"""A video in the making as a card: what it tells, what it gives to Python, and how it ends; without a browser."""

from __future__ import annotations

import gc
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from avatar_service import PATIENCE, end_of, let_no_thread_begin, our_threads
from loopback import KEY, Handler, Loopback, Reply, Seen, client_of, failure, hang_up, reply

from heygen_widgets import AvatarGroup, HeyGenClient, Look, VideoAgentRequest, VideoJob, VideoRequest
from heygen_widgets.errors import (
    AuthenticationError,
    HeyGenError,
    VideoFailedError,
    VideoOptionError,
    VideoTimeoutError,
)
from heygen_widgets.videos import VideoOptionWarning

FILM = "https://files.example/v.mp4?Signature=secret"
LOOK = Look(
    "look_1",
    "Ada Office 1",
    "photo_avatar",
    supported_api_engines=("avatar_iv",),
    preview_image_url="https://files.example/ada.webp?Signature=secret",
)


def video(status: str, **fields: Any) -> Reply:
    return reply({"data": {"id": "video_1", "status": status, **fields}})


DONE = video("completed", video_url=FILM, duration=12.5, video_page_url="https://app.example/video_1")


class Heard(VideoJob):
    """A job that never really waits, and keeps what it sends to its views."""

    clock = 0.0

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        self.__dict__.setdefault("heard", []).append(json.loads(json.dumps(content, allow_nan=False)))

    def told(self) -> list[dict[str, Any]]:
        """Give what the views were told, once the first answer was there or none came."""
        every = [said["args"][0] for said in self.__dict__.get("heard", []) if said["method"] == "told"]
        return [told for told in every if told["status"] or not told["running"]]

    def _sleep(self, seconds: float) -> None:
        super()._sleep(0)
        self.clock += seconds

    def _now(self) -> float:
        return self.clock


@contextmanager
def followed(*script: Reply, **arguments: Any) -> Iterator[tuple[Loopback, Heard]]:
    with Loopback(*script) as server, client_of(server, max_retries=0) as client:
        job = Heard(client, video_id="video_1", **arguments)
        yield server, job
        job.close()
        assert end_of(our_threads())


def test_a_job_follows_its_video_to_the_end() -> None:
    statuses: list[str] = []
    with followed(video("waiting"), video("processing"), DONE, look=LOOK) as (server, job):
        job.observe(lambda change: statuses.append(change["new"]), "status")
        found = job.result(PATIENCE)
        assert (found.status, found.video_url, found.duration) == ("completed", FILM, 12.5)
        assert job.video == found
        assert (job.status, job.error, job.is_finished) == ("completed", "", True)
        assert end_of(our_threads())
        assert [shown["status"] for shown in job.told()] == ["pending", "processing", "completed", "completed"]
    assert statuses[-1] == "completed"
    assert {seen.path for seen in server.seen} == {"/v3/videos/video_1"}


def test_the_card_tells_the_look_the_status_and_in_the_end_the_film() -> None:
    with followed(video("processing"), DONE, look=LOOK) as (_, job):
        job.result(PATIENCE)
        assert end_of(our_threads())
        first, last = job.told()[0], job.told()[-1]
    assert (first["name"], first["said"], first["running"], first["video"]) == ("Ada Office 1", "Rendering", True, None)
    assert first["image"] == LOOK.preview_image_url
    assert (last["said"], last["running"], last["video"]) == ("Completed", False, FILM)
    assert (last["duration"], last["page"]) == (12.5, "https://app.example/video_1")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", None])
def test_an_address_that_no_page_may_use_is_not_told(url: str | None) -> None:
    with followed(video("completed", video_url=url, video_page_url=url, thumbnail_url=url)) as (_, job):
        job.result(PATIENCE)
        assert end_of(our_threads())
        last = job.told()[-1]
    assert (last["video"], last["page"], last["image"], last["name"]) == (None, None, None, "Video")


def test_no_address_and_no_key_is_in_what_a_notebook_keeps() -> None:
    with followed(video("processing", title="Ad"), DONE, look=LOOK) as (_, job):
        job.result(PATIENCE)
        state = {name: value for name, value in job.get_state().items() if name not in ("template", "components")}
        kept = json.dumps(state, default=repr) + repr(job) + str(job._repr_mimebundle_())
        assert "secret" not in kept
        assert KEY not in kept
        assert 'VideoJob(client, video_id="video_1")' in job._repr_mimebundle_()["text/plain"]
        assert repr(job) == "<VideoJob video_1: completed>"


def test_a_video_that_failed_tells_why_on_the_card_and_in_python() -> None:
    with followed(video("failed", failure_code="render_failed", failure_message="No audio")) as (_, job):
        with pytest.raises(VideoFailedError, match="render_failed: No audio"):
            job.result(PATIENCE)
        assert end_of(our_threads())
        assert job.told()[-1]["reason"] == "render_failed: No audio"
        assert (job.status, job.error) == ("failed", "")


def test_a_key_that_is_refused_ends_the_following_with_its_error() -> None:
    with followed(failure(401)) as (_, job):
        with pytest.raises(AuthenticationError):
            job.result(PATIENCE)
        assert "401" in job.error
        assert job.video is None
        assert job.told()[-1]["running"] is False


def test_a_fault_that_passes_is_not_told() -> None:
    with followed(video("processing"), hang_up, failure(503), DONE) as (_, job):
        assert job.result(PATIENCE).is_finished
        assert job.error == ""


def test_when_the_time_is_over_a_click_follows_on() -> None:
    with Loopback(video("processing")) as server, client_of(server) as client:
        job = Heard(client, video_id="video_1", timeout=0)
        with pytest.raises(VideoTimeoutError, match=r"job\.follow"):
            job.result(PATIENCE)
        assert "after 0 s" in job.error
        assert end_of(our_threads())
        server.script = [DONE]
        job.vue_go_on(None)
        assert job.result(PATIENCE).is_finished
        assert job.error == ""
        asked = len(server.seen)
        job.follow()
        assert len(server.seen) == asked
        job.close()


def test_waiting_no_longer_than_asked_leaves_the_job_at_work() -> None:
    hold = threading.Event()

    def wait(handler: Handler) -> None:
        hold.wait(PATIENCE)
        DONE(handler)

    with followed(wait) as (_, job):
        with pytest.raises(VideoTimeoutError, match=r"client\.wait_for_video"):
            job.result(0)
        hold.set()
        assert job.result(PATIENCE).is_finished


@pytest.mark.parametrize("timeout", [-1, "5"])
def test_a_time_that_makes_no_sense_is_told(timeout: Any) -> None:
    with followed(DONE) as (_, job), pytest.raises(ValueError, match="timeout"):
        job.result(timeout)


def test_a_view_is_told_what_there_is_when_it_asks() -> None:
    with followed(DONE) as (_, job):
        job.result(PATIENCE)
        assert end_of(our_threads())
        job.vue_ask("view")
        assert (job.told()[-1]["view"], job.told()[-1]["video"]) == ("view", FILM)
        job.vue_ask({"no": "view"})
        assert job.told()[-1]["view"] is None


def test_an_observer_may_ask_for_the_result_of_what_is_finished_and_not_wait_for_itself() -> None:
    found: list[Any] = []

    def ask(change: Any) -> None:
        try:
            found.append(change["owner"].result().status)
        except HeyGenError as error:
            found.append(str(error))

    hold = threading.Event()

    def wait(handler: Handler) -> None:
        hold.wait(PATIENCE)
        video("pending")(handler)

    with followed(wait, DONE) as (_, job):
        job.observe(ask, "status")
        hold.set()
        assert job.result(PATIENCE).is_finished
        assert end_of(our_threads())
    assert (len(found), "would wait for itself" in found[0], found[1]) == (2, True, "completed")


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whatever_ends_the_thread_ends_the_waiting(kind: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: HeyGenClient, video_id: str) -> Any:
        raise kind("from a hook")

    monkeypatch.setattr(HeyGenClient, "get_video", fail)
    with followed(DONE) as (_, job):
        with pytest.raises(Exception, match="from a hook" if kind is RuntimeError else "ended by SystemExit"):
            job.result(PATIENCE)
        assert end_of(our_threads())
        assert (kind.__name__ in job.error, job.told()[-1]["running"]) == (True, False)
        monkeypatch.undo()
        job.follow()
        assert job.result(PATIENCE).is_finished


def test_who_waits_goes_on_waiting_where_it_is_followed_on_already(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = threading.Event()

    def held(handler: Handler) -> None:
        hold.wait(PATIENCE)
        DONE(handler)

    with followed(failure(401), held) as (_, job):
        assert end_of(our_threads())
        wait = job._ended.wait

        def wake_late(seconds: float | None) -> bool:
            found = wait(seconds)
            if not job.is_finished:
                job.follow()
                hold.set()
            return found

        monkeypatch.setattr(job._ended, "wait", wake_late)
        assert job.result(PATIENCE).is_finished
        assert end_of(our_threads())


def test_a_job_that_is_closed_while_it_begins_to_follow_ends_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    with followed(failure(401)) as (_, job):
        with pytest.raises(AuthenticationError):
            job.result(PATIENCE)
        assert end_of(our_threads())
        closing = threading.Thread(target=job.close)
        clear = job._ended.clear

        def close_first() -> None:
            closing.start()
            assert job._closing.wait(PATIENCE)
            clear()

        monkeypatch.setattr(job._ended, "clear", close_first)
        job.follow()
        closing.join()
        assert end_of(our_threads())
        with pytest.raises(HeyGenError, match="was closed"):
            job.result(PATIENCE)


def test_a_renewal_that_fails_or_cannot_begin_is_answered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: HeyGenClient, video_id: str) -> Any:
        raise RuntimeError("from a hook")

    with followed(DONE) as (_, job):
        job.result(PATIENCE)
        assert end_of(our_threads())
        told = len(job.told())
        monkeypatch.setattr(HeyGenClient, "get_video", fail)
        job.vue_renew(None)
        assert end_of(our_threads())
        assert len(job.told()) == told + 1
        let_no_thread_begin("video address", monkeypatch)
        job.vue_renew(None)
        assert len(job.told()) == told + 2


def test_a_view_is_told_at_once_that_it_is_followed_on() -> None:
    hold = threading.Event()

    def wait(handler: Handler) -> None:
        hold.wait(PATIENCE)
        DONE(handler)

    with followed(video("processing"), wait, timeout=0) as (_, job):
        assert end_of(our_threads())
        assert job.told()[-1]["running"] is False
        job.vue_go_on(None)
        assert job.told()[-1]["running"] is True
        hold.set()
        assert job.result(PATIENCE).is_finished


def test_a_card_says_whether_it_is_practice() -> None:
    with Loopback(DONE) as server, client_of(server) as client:
        job = Heard(client, video_id="video_1")
        job.result(PATIENCE)
        assert end_of(our_threads())
        assert job._shown()["practising"] is True
        client._transport.base_url = "https://service.invalid"
        assert job._shown()["practising"] is False
        job.close()


def test_a_renewal_that_says_otherwise_unfinishes_nothing() -> None:
    with followed(DONE, video("processing"), failure(404)) as (_, job):
        job.result(PATIENCE)
        assert end_of(our_threads())
        for _ in range(2):
            before = len(job.told())
            job.vue_renew(None)
            assert end_of(our_threads())
            assert len(job.told()) == before + 1
        assert job.is_finished
        assert job.result(0).status == "completed"


def test_a_film_that_does_not_play_gets_a_fresh_address_but_not_for_ever() -> None:
    with followed(DONE, video("completed", video_url="https://files.example/fresh.mp4")) as (server, job):
        job.result(PATIENCE)
        assert end_of(our_threads())
        for _ in range(60):
            job.vue_renew(None)
            assert end_of(our_threads())
        assert job.told()[-1]["video"] == "https://files.example/fresh.mp4"
    assert len(server.seen) == 51


def test_a_closed_job_ends_its_thread_and_whoever_waits() -> None:
    hold = threading.Event()

    def wait(handler: Handler) -> None:
        hold.wait(PATIENCE)
        video("processing")(handler)

    with Loopback(wait) as server, client_of(server) as client:
        job = Heard(client, video_id="video_1")
        outcome: list[BaseException] = []

        def result() -> None:
            try:
                job.result()
            except HeyGenError as error:
                outcome.append(error)

        waiting = threading.Thread(target=result)
        waiting.start()
        job.close()
        waiting.join(PATIENCE)
        hold.set()
        assert end_of(our_threads())
        told = len(job.told())
        job.vue_ask("view")
        job.vue_go_on(None)
        job.vue_renew(None)
        assert (len(job.told()), our_threads()) == (told, set())
    assert [r'client.wait_for_video("video_1")' in str(error) for error in outcome] == [True]


def test_without_a_thread_the_job_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    let_no_thread_begin("video", monkeypatch)
    with followed(DONE) as (_, job):
        assert "No thread could begin" in job.error
        with pytest.raises(HeyGenError, match="No thread could begin"):
            job.result(PATIENCE)


def test_an_observer_that_raises_does_not_end_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: raised.append(told.exc_type))

    def fail(change: Any) -> None:
        raise KeyError(change["new"])

    hold = threading.Event()

    def wait(handler: Handler) -> None:
        hold.wait(PATIENCE)
        video("pending")(handler)

    with followed(wait, video("processing"), DONE) as (_, job):
        job.observe(fail, "status")
        hold.set()
        assert job.result(PATIENCE).is_finished
        assert end_of(our_threads())
    assert raised == [KeyError] * 3


def test_a_status_of_any_length_is_shown_clipped() -> None:
    with followed(video("x" * 10_000), DONE) as (_, job):
        job.result(PATIENCE)
        assert end_of(our_threads())
        first = job.told()[0]
    assert (len(first["status"]), len(first["said"])) == (200, 200)


def test_an_observer_that_closes_the_job_ends_it() -> None:
    with followed(video("pending"), video("processing"), DONE) as (_, job):
        job.observe(lambda _: job.close(), "status")
        assert end_of(our_threads())
        with pytest.raises(HeyGenError):
            job.result(PATIENCE)


def test_the_front_end_can_set_nothing_and_call_nothing_else() -> None:
    with followed(DONE) as (_, job):
        job.result(PATIENCE)
        job.set_state({"status": "hacked", "error": "hacked", "template": "hacked"})
        assert (job.status, job.error) == ("completed", "")
        job._handle_custom_msg({"create_widget": "subprocess.Popen", "props": {}}, [])
        job._handle_custom_msg({"event": "close", "data": None}, [])
        assert not job._closing.is_set()


def test_the_age_of_a_video_that_is_taken_up_again_counts_from_when_it_was_made() -> None:
    made = int(time.time()) - 300
    with followed(video("processing", created_at=made), DONE) as (_, job):
        job.result(PATIENCE)
        assert 300 <= job.told()[0]["elapsed"] < 300 + PATIENCE
    with followed(video("completed", created_at=made, video_url=FILM)) as (_, job):
        job.result(PATIENCE)
        assert job.told()[-1]["elapsed"] is None


def test_a_time_that_no_render_can_have_begun_at_is_not_its_age() -> None:
    with followed(video("processing", created_at=1), DONE) as (_, job):
        job.result(PATIENCE)
        assert 0 <= job.told()[0]["elapsed"] < PATIENCE


def test_the_text_of_an_error_that_is_not_ours_is_for_python_alone() -> None:
    def fail(response: requests.Response, **_: object) -> None:
        raise RuntimeError(f"sent with {response.request.headers['X-Api-Key']}")

    session = requests.Session()
    session.hooks["response"].append(fail)
    with Loopback(DONE) as server, client_of(server, session=session) as client:
        job = Heard(client, video_id="video_1")
        with pytest.raises(RuntimeError, match=KEY):
            job.result(PATIENCE)
        assert end_of(our_threads())
        assert "RuntimeError, which job.result() raises" in job.error
        assert KEY not in f"{job.get_state()}{job.told()}"
        job.close()


def test_code_to_follow_a_video_has_its_whole_id() -> None:
    video_id = "v" * 300
    with Loopback(DONE) as server, client_of(server) as client:
        job = Heard(client, video_id=video_id)
        assert f'video_id="{video_id}"' in job._repr_mimebundle_()["text/plain"]
        assert job.result(PATIENCE).is_finished
        assert end_of(our_threads())
        assert job.told()[-1]["id"] == video_id
        job.close()


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"video_id": ""}, ValueError),
        ({"video_id": 5}, TypeError),
        ({"video_id": "v", "look": "look_1"}, TypeError),
        ({"video_id": "v", "timeout": -1}, ValueError),
        ({}, TypeError),
    ],
)
def test_an_argument_that_makes_no_sense_is_told_before_anything_begins(
    arguments: dict[str, Any], kind: type[Exception]
) -> None:
    with Loopback(DONE) as server, client_of(server) as client:
        with pytest.raises(kind):
            VideoJob(client, **arguments)
        with pytest.raises(TypeError, match="HeyGenClient, not str"):
            VideoJob("client", video_id="v")  # type: ignore[arg-type]
        assert (server.seen, our_threads()) == ([], set())
    gc.collect()


# -- from a request to a job ------------------------------------------------------------------------------------------


class Service(Loopback):
    """Has one look, and makes one video of whatever it is asked for."""

    def __init__(self, **look: Any) -> None:
        super().__init__(failure(404, "avatar_not_found"))
        self.look = {"id": "look_1", "name": "Ada", "avatar_type": "photo_avatar", "default_voice_id": "v", **look}

    def next_reply(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        match seen.method, seen.path:
            case "GET", "/v3/avatars/looks/look_1":
                return reply({"data": self.look})
            case "GET", "/v3/avatars/looks/look_2":
                return reply({"data": {**self.look, "id": "look_2", "group_id": "group_2"}})
            case "GET", "/v3/avatars/group_1":
                return reply({"data": {"id": "group_1", "name": "Ada", "consent_status": "pending"}})
            case "POST", "/v3/videos":
                return reply({"data": {"video_id": "video_1", "status": "waiting", "output_format": "mp4"}})
            case "GET", "/v3/videos/video_1":
                return DONE
        return failure(404, "avatar_not_found")

    def asked(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.seen]


def start(client: HeyGenClient, **fields: Any) -> VideoJob:
    return client.start_video(VideoRequest(**{"avatar_id": "look_1", "script": "Hello", **fields}))


def test_a_request_is_checked_against_its_look_and_becomes_a_job() -> None:
    with Service(supported_api_engines=["avatar_v"]) as server, client_of(server) as client:
        job = start(client)
        assert (job.video_id, job.look.id if job.look else "") == ("video_1", "look_1")
        assert job.result(PATIENCE).is_finished
        job.close()
    assert server.asked()[:2] == ["GET /v3/avatars/looks/look_1", "POST /v3/videos"]
    assert json.loads(server.seen[1].body)["engine"] == {"type": "avatar_v"}


def test_what_the_service_would_refuse_is_not_sent() -> None:
    with Service(supported_api_engines=["avatar_iv"]) as server, client_of(server) as client:
        with pytest.raises(VideoOptionError, match="does not list Avatar V"):
            start(client, engine="avatar_v")
        with pytest.raises(VideoOptionError, match="none is given"):
            start(client, script=None)
        with pytest.raises(TypeError, match="VideoRequest, not dict"):
            client.start_video({"avatar_id": "look_1"})  # type: ignore[arg-type]
    assert server.asked() == ["GET /v3/avatars/looks/look_1"]


def test_a_group_in_place_of_a_look_is_told_with_a_hint() -> None:
    with Service() as server, client_of(server) as client, pytest.raises(HeyGenError, match="id of a group is not"):
        start(client, avatar_id="group_1")
    assert server.asked() == ["GET /v3/avatars/looks/group_1"]


def test_the_reference_and_the_consent_are_looked_up() -> None:
    look = {"avatar_type": "digital_twin", "group_id": "group_1", "supported_api_engines": ["avatar_v"]}
    with Service(**look) as server, client_of(server) as client:
        with pytest.warns(VideoOptionWarning, match="consent"):
            start(client).close()
        with pytest.raises(VideoOptionError, match="group_2"):
            start(client, engine="avatar_v", reference_look_id="look_2")
    assert "GET /v3/avatars/group_1" in server.asked()


def test_a_key_of_the_user_s_is_the_request_s() -> None:
    with Service(supported_api_engines=["avatar_iv"]) as server, client_of(server) as client:
        client.start_video(VideoRequest(avatar_id="look_1", script="Hi"), idempotency_key="mine").close()
    assert [seen.headers["idempotency-key"] for seen in server.seen if seen.method == "POST"] == ["mine"]


def test_what_keeps_the_card_away_loses_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no comm")

    monkeypatch.setattr("heygen_widgets.job.VideoJob.__init__", fail)
    with (
        Service(supported_api_engines=["avatar_iv"]) as server,
        client_of(server) as client,
        pytest.raises(RuntimeError, match="no comm") as caught,
    ):
        start(client)
    assert 'client.wait_for_video("video_1") waits for it' in caught.value.__notes__[0]


def test_a_doubt_is_told_at_the_line_that_asked() -> None:
    request = VideoRequest(avatar_id="look_1", script="Hello", remove_background=True)
    look = Look("look_1", "Ada", "digital_twin", supported_api_engines=("avatar_iv",), default_voice_id="v")
    agent = VideoAgentRequest(prompt="A greeting", avatar_id="look_1")
    group = AvatarGroup("group_1", "Ada", consent_status="pending")
    with Service(supported_api_engines=["avatar_iv"]) as server, client_of(server) as client:
        asks: list[Callable[[], object]] = [
            lambda: request.check(look),
            lambda: client.start_video(request).close(),
            lambda: agent.check(look, group=group),
        ]
        for ask in asks:
            with pytest.warns(VideoOptionWarning) as told:
                ask()
            places = {(warning.filename, warning.lineno) for warning in told}
            assert places == {(__file__, ask.__code__.co_firstlineno)}
