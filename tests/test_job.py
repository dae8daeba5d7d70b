"""The card of a video without a browser: what it shows, what Python gets, and how it ends."""

import json
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from avatar_service import PATIENCE, end_of, our_threads, said
from loopback import KEY, Handler, Loopback, Reply, client_of, failure, hang_up, reply

from heygen_widgets import HeyGenClient, HeyGenError, Look, VideoJob, VideoRequest, errors
from heygen_widgets.videos import VideoOptionWarning

FILM = "https://files.example/v.mp4?Signature=secret"
PICTURE = "https://files.example/ada.webp?Signature=secret"
LOOK = Look("look_1", "Ada Office 1", "photo_avatar", preview_image_url=PICTURE)


def video(status: str, **fields: Any) -> Reply:
    return reply({"data": {"id": "video_1", "status": status} | fields})


DONE = video("completed", video_url=FILM, duration=12.5, video_page_url="https://app.example/video_1")


class Hold:
    """Answers only when it is released."""

    def __init__(self, answer: Reply = DONE) -> None:
        self.answer = answer
        self.released = threading.Event()

    def __call__(self, handler: Handler) -> None:
        self.released.wait(PATIENCE)
        self.answer(handler)


class RecordingJob(VideoJob):
    """A job that does not wait between two polls, and keeps what it sends to its views."""

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        self.__dict__.setdefault("sent", []).append(json.loads(json.dumps(content, allow_nan=False)))

    def shown(self) -> list[dict[str, Any]]:
        """Return what the views show, from the first response or the first error on."""
        every = [content["args"][0] for content in self.__dict__.get("sent", [])]
        return [shown for shown in every if shown["status"] or not shown["running"]]

    def _sleep(self, seconds: float) -> None:
        super()._sleep(0)


@contextmanager
def followed(*script: Reply, **arguments: Any) -> Iterator[tuple[Loopback, RecordingJob]]:
    arguments = {"video_id": "video_1", **arguments}
    with Loopback(*script) as server, client_of(server, max_retries=0) as client:
        job = RecordingJob(client, **arguments)
        yield server, job
        job.close()
        assert end_of(our_threads())


def ended(job: RecordingJob) -> dict[str, Any]:
    """Wait for the job's threads, and return what the views show in the end."""
    assert end_of(our_threads())
    return job.shown()[-1]


def test_a_job_follows_its_video_to_the_end() -> None:
    with followed(video("waiting"), video("processing"), hang_up, failure(503), DONE, look=LOOK) as (server, job):
        found = job.result(PATIENCE)
        assert (found.status, found.video_url, found.duration) == ("completed", FILM, 12.5)
        assert (job.video, job.status, job.error, job.is_finished) == (found, "completed", "", True)
        last = ended(job)
        assert [shown["status"] for shown in job.shown()] == ["pending", "processing", "completed", "completed"]
        first = job.shown()[0]
    expected = {"name": "Ada Office 1", "label": "Waiting for its turn", "running": True, "video": None}
    assert first == {**first, **expected, "image": PICTURE}
    expected = {"label": "Completed", "running": False, "video": FILM, "duration": 12.5}
    assert last == {**last, **expected, "page": "https://app.example/video_1"}
    assert {seen.path for seen in server.seen} == {"/v3/videos/video_1"}


def test_the_first_message_comes_before_those_of_a_thread_however_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heygen_widgets.job.start_thread", lambda _, work: work())
    with followed(DONE) as (_, job):
        assert [content["args"][0]["status"] for content in vars(job)["sent"]] == ["", "completed", "completed"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"])
def test_a_url_that_no_page_may_use_is_not_shown(url: str) -> None:
    with followed(video("completed", video_url=url, video_page_url=url, thumbnail_url=url)) as (_, job):
        last = ended(job)
    assert (last["video"], last["page"], last["image"], last["name"]) == (None, None, None, "Video")


def test_long_texts_are_clipped_and_the_id_is_whole() -> None:
    whole = "v" * 300
    script = (video("x" * 10_000, id=whole), video("completed", id=whole, video_url=FILM))
    with followed(*script, video_id=whole) as (_, job):
        job.result(PATIENCE)
        last, first = ended(job), job.shown()[0]
        assert (len(first["status"]), len(first["label"]), last["id"]) == (200, 200, whole)
        assert f'video_id="{whole}"' in job._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(("age", "shown"), [(300, 300), (10**9, 0)], ids=["followed again", "a wrong clock"])
def test_the_elapsed_time_counts_from_when_the_video_was_created(age: int, shown: int) -> None:
    with followed(video("processing", created_at=int(time.time()) - age), DONE) as (_, job):
        job.result(PATIENCE)
        assert shown <= job.shown()[0]["elapsed"] < shown + PATIENCE
    with followed(video("completed", created_at=int(time.time()) - 300, video_url=FILM)) as (_, job):
        assert ended(job)["elapsed"] is None


def test_a_notebook_keeps_neither_url_nor_key() -> None:
    with followed(video("processing", title="Ad"), DONE, look=LOOK) as (_, job):
        job.result(PATIENCE)
        state = {name: value for name, value in job.get_state().items() if name not in ("template", "components")}
        kept = json.dumps(state, default=repr) + repr(job) + str(job._repr_mimebundle_())
        assert ("secret" in kept, KEY in kept) == (False, False)
        assert 'VideoJob(client, video_id="video_1")' in kept
        assert repr(job) == "<VideoJob video_1: completed>"


def test_copied_code_downloads_the_film_or_asks_for_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEYGEN_API_KEY", KEY)
    with followed(DONE) as (server, job):
        job.result(PATIENCE)
        server.script = [*[video("completed", video_url=f"{server.url}/film")] * 2, reply(b"\0\0\0\x08ftypisom")]
        exec(ended(job)["code"], {})
        assert ((tmp_path / "video_1.mp4").is_file(), KEY in ended(job)["code"]) == (True, False)
    with followed(FAILED, look=LOOK) as (server, job):
        with pytest.raises(errors.VideoOptionError, match="script"):
            exec(ended(job)["code"], {})
        assert ('avatar_id = "look_1"' in ended(job)["code"], len(server.seen)) == (True, 1)


def test_the_space_for_the_player_has_the_shape_of_the_film() -> None:
    flat = replace(LOOK, image_width=10_000, image_height=9)
    tall = replace(LOOK, preferred_orientation="portrait")
    for look, ratio, shape in ((None, None, 16 / 9), (tall, "auto", 9 / 16), (flat, None, 2), (flat, "4:5", 4 / 5)):
        with followed(DONE, look=look, aspect_ratio=ratio) as (_, job):
            assert ended(job)["shape"] == shape


FAILED = video("failed", failure_code="render_failed", failure_message="No audio")


@pytest.mark.parametrize(
    ("answer", "kind", "words", "field"),
    [
        (FAILED, errors.VideoFailedError, "render_failed: No audio", "reason"),
        (failure(401), errors.AuthenticationError, "401", "error"),
    ],
)
def test_a_failed_video_and_a_refused_key_end_the_polling_and_say_why(
    answer: Reply, kind: type[HeyGenError], words: str, field: str
) -> None:
    with followed(answer) as (_, job):
        with pytest.raises(kind, match=words):
            job.result(PATIENCE)
        last = ended(job)
        assert (words in last[field], last["running"], last["error"]) == (True, False, job.error)


def test_after_the_timeout_a_click_continues() -> None:
    hold = Hold()
    with followed(video("processing"), hold, timeout=0) as (server, job):
        with pytest.raises(errors.VideoTimeoutError, match=r"job\.follow"):
            job.result(PATIENCE)
        assert "after 0 s" in ended(job)["error"]
        job.vue_follow(None)
        assert (job.shown()[-1]["running"], job.error) == (True, "")
        hold.released.set()
        assert job.result(PATIENCE).is_finished
        assert end_of(our_threads())
        requests_so_far = len(server.seen)
        job.follow()
        assert (len(server.seen), our_threads()) == (requests_so_far, set())


def test_result_waits_as_long_as_asked_and_the_job_goes_on() -> None:
    hold = Hold()
    with followed(hold) as (_, job):
        with pytest.raises(errors.VideoTimeoutError, match=r"client\.wait_for_video") as caught:
            job.result(0)
        assert "follow()" not in str(caught.value)  # it is still followed
        for timeout in (-1, "5"):
            with pytest.raises(ValueError, match="timeout"):
                job.result(timeout)  # type: ignore[arg-type]
        hold.released.set()
        assert job.result(PATIENCE).is_finished


def test_a_widgets_observer_may_wait_for_the_result() -> None:
    hold, found = Hold(), []
    with followed(hold) as (_, job):
        job.observe(lambda _: (hold.released.set(), found.append(job.result(PATIENCE).status)), "layout")
        job.layout = {"width": "50%"}
        assert found == ["completed"]


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_any_error_on_the_thread_or_no_thread_ends_the_waiting(
    kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(response: requests.Response, **_: object) -> None:
        raise kind(f"sent with {KEY}")

    session = requests.Session()
    session.hooks["response"].append(fail)
    with Loopback(DONE) as server, client_of(server, session=session) as client:
        job = RecordingJob(client, video_id="video_1")
        with pytest.raises(Exception, match=KEY if kind is RuntimeError else "not finished"):
            job.result(PATIENCE)
        # The text of another library's error is for Python alone: a notebook is saved.
        assert (ended(job)["running"], type(job.error)) == (False, str)
        assert job.error
        assert KEY not in f"{job.error}{job.get_state()}{job.shown()}"
        session.hooks["response"].clear()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("no new thread")))
            with pytest.raises(RuntimeError, match="new thread"):
                job.follow()
        assert "not finished" in job.error
        job.follow()
        assert job.result(PATIENCE).is_finished
        job.close()


def test_a_closed_job_ends_its_thread_and_the_waiting_and_answers_no_view() -> None:
    hold = Hold(video("processing"))
    with Loopback(hold) as server, client_of(server) as client:
        job = RecordingJob(client, video_id="video_1")
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(job.result)
            job.close()
            with pytest.raises(HeyGenError, match=r'client\.wait_for_video\("video_1"\)'):
                waiting.result(PATIENCE)
        hold.released.set()
        assert end_of(our_threads())
        shown = len(job.shown())
        for event in ("ask", "follow", "renew"):
            job._handle_event(job, {"event": event, "data": "view"}, [])
        assert (len(job.shown()), our_threads()) == (shown, set())


def test_a_view_gets_everything_when_it_asks_and_can_set_nothing() -> None:
    with followed(DONE) as (_, job):
        ended(job)
        job.vue_ask("view")
        assert (job.shown()[-1]["view"], job.shown()[-1]["video"]) == ("view", FILM)
        job.vue_ask({"no": "view"})
        assert job.shown()[-1]["view"] is None
        template = job.template
        job.set_state({"template": "hacked", "layout": None, "events": []})
        for content in ({"create_widget": "subprocess.Popen", "props": {}}, {"event": "close"}, None, 7):
            job._handle_event(job, content, [])
        assert (job.template, job.comm is None, job.status) == (template, False, "completed")


def test_a_film_that_does_not_play_gets_a_fresh_url_and_a_file_named_by_id_and_kind_and_stays_finished() -> None:
    fresh = "https://files.example/fresh.webm?Signature=s"
    script = (DONE, video("processing"), failure(404), video("completed", video_url=fresh))
    with followed(*script) as (server, job):
        ended(job)
        for film, file in ((FILM, "video_1.mp4"), (FILM, "video_1.mp4"), (fresh, "video_1.webm")):
            before = len(job.shown())
            job.vue_renew(None)
            assert (ended(job)["video"], ended(job)["file"]) == (film, file)
            assert (len(job.shown()), job.is_finished) == (before + 1, True)
        assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        *(({"video_id": unusable}, ValueError) for unusable in ("", ".", "..", "\ud800")),
        ({"video_id": "v", "look": Look("look_1", "Zoë", "photo_avatar", preview_image_url=5)}, ValueError),
        ({"video_id": 5}, ValueError),
        ({"video_id": "v", "look": "look_1"}, TypeError),
        ({"video_id": "v", "timeout": -1}, ValueError),
        ({"video_id": "v", "idempotency_key": "a b"}, ValueError),
        ({"video_id": "v", "client": "client"}, TypeError),
        ({}, TypeError),
    ],
)
def test_an_invalid_argument_is_refused_before_any_request(arguments: dict[str, Any], kind: type[Exception]) -> None:
    with Loopback(DONE) as server, client_of(server) as client:
        with pytest.raises(kind):
            VideoJob(**{"client": client, **arguments})
        assert (server.seen, our_threads()) == ([], set())


PRIVATE = "/v3/avatars/looks?group_id=group_1&ownership=private&limit=1"


@contextmanager
def service(
    consent: str | None = "pending", *, is_private: bool = True, **look: Any
) -> Iterator[tuple[Loopback, HeyGenClient]]:
    """Serve one look and its group, and make one video of whatever is asked for."""
    record = {"id": "look_1", "name": "Ada", "avatar_type": "photo_avatar", "default_voice_id": "v"}
    record |= {"supported_api_engines": ["avatar_iv"], **look}
    answers = {
        "GET /v3/avatars/looks/look_1": record,
        "GET /v3/avatars/looks/look_2": {**record, "id": "look_2", "group_id": "group_2"},
        "GET /v3/avatars/group_1": {"id": "group_1", "name": "Ada", "consent_status": consent},
        f"GET {PRIVATE}": [record] if is_private else [],
        "POST /v3/videos": {"video_id": "video_1", "status": "waiting", "output_format": "mp4"},
        "GET /v3/videos/video_1": {"id": "video_1", "status": "completed", "video_url": FILM},
    }

    def answer(handler: Handler) -> None:
        data = answers.get(f"{handler.command} {handler.path}")
        (reply({"data": data}) if data is not None else failure(404, "avatar_not_found"))(handler)

    with Loopback(answer) as server, client_of(server) as client:
        yield server, client


def asked(server: Loopback) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in server.seen]


def start(client: HeyGenClient, key: str | None = None, **fields: Any) -> VideoJob:
    request = VideoRequest(**{"avatar_id": "look_1", "script": "Hello", **fields})
    return client.start_video(request, idempotency_key=key)


def test_a_request_is_checked_against_its_look_and_becomes_a_job() -> None:
    with service(supported_api_engines=["avatar_v"]) as (server, client):
        job = start(client, key="mine")
        assert (job.video_id, job.look.id if job.look else "") == ("video_1", "look_1")
        assert repr(job).endswith(", idempotency_key='mine'>")
        assert job.result(PATIENCE).is_finished
        job.close()
    assert asked(server)[:2] == ["GET /v3/avatars/looks/look_1", "POST /v3/videos"]
    assert json.loads(server.seen[1].body)["engine"] == {"type": "avatar_v"}
    assert server.seen[1].headers["idempotency-key"] == "mine"


def test_the_idempotency_key_is_printed_even_if_no_response_comes(capsys: pytest.CaptureFixture[str]) -> None:
    record = {"id": "look_1", "name": "Ada", "avatar_type": "photo_avatar", "default_voice_id": "v"}
    with Loopback(reply({"data": record}), hang_up) as server, client_of(server, max_retries=0) as client:
        with pytest.warns(VideoOptionWarning), pytest.raises(errors.APIConnectionError):
            start(client)
        assert f"idempotency_key='{server.seen[1].headers['idempotency-key']}'" in capsys.readouterr().out


def test_what_the_service_would_refuse_is_not_sent() -> None:
    with service() as (server, client):
        with pytest.raises(errors.VideoOptionError, match="does not list Avatar V"):
            start(client, engine="avatar_v")
        with pytest.raises(HeyGenError, match="id of a group is not"):
            start(client, avatar_id="group_1")
        with pytest.raises(errors.VideoOptionError, match="none is given"):
            start(client, script=None)
    assert asked(server) == ["GET /v3/avatars/looks/look_1", "GET /v3/avatars/looks/group_1"]


def test_the_reference_is_looked_up() -> None:
    look = {"avatar_type": "digital_twin", "group_id": "group_1", "supported_api_engines": ["avatar_v"]}
    with service(**look) as (_, client), pytest.raises(errors.VideoOptionError, match="group_2"):
        start(client, engine="avatar_v", reference_look_id="look_2")


@pytest.mark.parametrize(
    ("consent", "is_private", "ownership", "paths", "words"),
    [
        ("pending", True, None, ["/v3/avatars/group_1"], "'pending'"),
        ("accepted", True, None, ["/v3/avatars/group_1"], ""),
        (None, True, None, ["/v3/avatars/group_1", "/v3/avatars/looks"], "no status is recorded"),
        (None, False, None, ["/v3/avatars/group_1", "/v3/avatars/looks"], ""),
        (None, False, "private", ["/v3/avatars/group_1"], "no status is recorded"),
        ("pending", True, "public", [], ""),
    ],
)
def test_the_consent_is_looked_up_where_a_look_may_be_private(
    consent: str | None, is_private: bool, ownership: str | None, paths: list[str], words: str
) -> None:
    look = Look("look_1", "Ada", "photo_avatar", ownership=ownership)
    for given in ((look, "Hello"), ({"avatar_id": look, "script": "Hello"},)):
        serving = service(consent, is_private=is_private, group_id="group_1")
        with serving as (server, client), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            client.start_video(*given).close()
        assert [words in str(warning.message) for warning in said(caught)] == [True] * bool(words)
        assert asked(server)[1 : len(paths) + 2] == [*(f"GET {path}" for path in paths), "POST /v3/videos"]


def test_nothing_selected_is_a_clear_error_before_any_request() -> None:
    with service() as (server, client):
        with pytest.raises(errors.VideoOptionError, match=r"avatar_id should be .*, not None"):
            client.start_video(None, "Hello")
        assert asked(server) == []


def test_what_keeps_the_card_away_loses_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no comm")

    monkeypatch.setattr("heygen_widgets.job.VideoJob.__init__", fail)
    with service() as (_, client), pytest.raises(RuntimeError, match="no comm") as caught:
        start(client)
    assert 'client.wait_for_video("video_1")' in caught.value.__notes__[0]


def test_a_doubt_is_told_at_the_line_that_asked() -> None:
    request = VideoRequest(avatar_id="look_1", script="Hello", remove_background=True)
    with service() as (_, client):

        def ask() -> None:
            client.start_video(request).close()

        with pytest.warns(VideoOptionWarning) as told:
            ask()
    line = ask.__code__.co_firstlineno + 1
    assert {(warning.filename, warning.lineno) for warning in said(told)} == {(__file__, line)}
