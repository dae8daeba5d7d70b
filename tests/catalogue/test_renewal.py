"""Previews that have expired: renewed once, gently, what is in sight first, and never by who may not ask."""

from __future__ import annotations

import gc
import json
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from avatar_service import PATIENCE, Service, end_of, ids, let_no_thread_begin, our_threads
from loopback import Reply, Seen, client_of, failure, hang_up, reply

from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker
from heygen_widgets._display import image
from heygen_widgets.catalogue.renewal import expiry
from heygen_widgets.catalogue.store import Character
from heygen_widgets.demo import DemoService
from heygen_widgets.models import AvatarGroup, Look
from heygen_widgets.picker.cards import CharacterCards

LONG_AGO = 1_500_000_000
FAR_AWAY = 4_000_000_000

Answer = Callable[[str, Seen], Reply | None]


def signed(look_id: str, expires: int) -> str:
    return f"https://files.example/talking_photo/{look_id}/x.WEBP?Expires={expires}&Signature=s-{look_id}&Key-Pair-Id=K"


class Signing(Service):
    """Lists looks whose preview URLs have expired, and serves each one alone with fresh ones, or as `single` says."""

    def __init__(self, private: dict[str, int] | None = None, public: dict[str, int] | None = None) -> None:
        super().__init__(private, public)
        self.records = {record["id"]: record for looks in self.looks.values() for record in looks}
        for look_id, record in self.records.items():
            record["preview_image_url"] = signed(look_id, LONG_AGO)
        self.single: Answer = lambda look_id, seen: None
        self.gate = threading.Event()  # holds single looks up while it is clear
        self.gate.set()

    def next_reply(self, seen: Seen) -> Reply:
        look_id = look_of(seen)
        if not look_id:
            return super().next_reply(seen)
        with self.arrived:
            self.seen.append(seen)
            self.arrived.notify_all()
        self.gate.wait(PATIENCE)
        return self.single(look_id, seen) or self.fresh(look_id)

    def fresh(self, look_id: str, expires: int = FAR_AWAY) -> Reply:
        if look_id not in self.records:
            return failure(404, "avatar_not_found")
        video = f"https://files.example/{look_id}/video.mp4"
        urls = {"preview_image_url": signed(look_id, expires), "preview_video_url": video}
        return reply({"data": {**self.records[look_id], "name": "Not looked at", **urls}})

    def renewed(self) -> list[str]:
        """Give the ids of the looks that have been asked for alone, in order."""
        return [look_of(seen) for seen in self.asked() if look_of(seen)]

    def wait_for_renewals(self, number: int) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.renewed()) >= number, PATIENCE)


def look_of(seen: Seen) -> str:
    before, _, look_id = seen.path.partition("/v3/avatars/looks/")
    return "" if before else look_id


@contextmanager
def loaded(
    private: dict[str, int] | None = None, public: dict[str, int] | None = None
) -> Iterator[tuple[Signing, LookCatalogue, list[float]]]:
    """Give a service, a catalogue that has loaded all of it, and the waits between renewals, which take no time."""
    with Signing(private, public) as service, client_of(service, max_retries=0) as client:
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        yield service, catalogue, never_really_wait(catalogue)
        catalogue.close()


def never_really_wait(catalogue: LookCatalogue) -> list[float]:
    renewal = catalogue._renewal
    assert renewal is not None
    waits: list[float] = []
    renewal._now = lambda: sum(waits)
    renewal._pause = waits.append
    return waits


def some(catalogue: LookCatalogue, *look_ids: str) -> list[Look]:
    looks = [catalogue.get(look_id) for look_id in look_ids]
    return [look for look in looks if look]


def ask(catalogue: LookCatalogue, *look_ids: str) -> None:
    catalogue.renew_previews(some(catalogue, *look_ids))


def settle() -> None:
    """Wait until nothing is renewed any more."""
    assert end_of(thread for thread in our_threads() if thread.name.endswith(": previews"))


def expires(catalogue: LookCatalogue, *look_ids: str) -> list[int | None]:
    return [expiry(look.preview_image_url) for look in some(catalogue, *look_ids)]


# --- what has expired


@pytest.mark.parametrize(
    ("url", "until"),
    [
        (signed("a", LONG_AGO), LONG_AGO),
        ("http://127.0.0.1:8/a.webp?a=1&Expires=1700000000", 1_700_000_000),
        ("https://files.example/a.webp?Expires=1700000000#top", 1_700_000_000),
        (" HTTPS://files.example/a.webp?Expires=1700000000", 1_700_000_000),
        (None, None),
        ("", None),
        ("https://files.example/a.webp", None),
        ("https://files.example/a.webp?Signature=s", None),
        ("https://files.example/Expires=1700000000/a.webp", None),
        ("https://files.example/a.webp#?Expires=1700000000", None),
        ("https://files.example/a.webp?NotExpires=1700000000", None),
        ("https://files.example/a.webp?Expires=", None),
        ("https://files.example/a.webp?Expires=0", None),
        ("https://files.example/a.webp?Expires=-1700000000", None),
        ("https://files.example/a.webp?Expires=1700000000000", None),
        ("https://files.example/a.webp?Expires=0700000000", None),
        ("https://files.example/a.webp?Expires=soon", None),
        ("https://files.example/a.webp?Expires=１７００００００００", None),
        ("http://[broken?Expires=x", None),
        ("data:image/svg+xml,<a?Expires=1700000000", None),
        ("javascript:alert(1)?Expires=1700000000", None),
        (f"https://files.example/?{'Expires=1&' * 50_000}", None),
    ],
)
def test_a_signed_url_tells_when_it_expires_and_no_other_text_does(url: str | None, until: int | None) -> None:
    assert expiry(url) == until


def test_a_look_whose_preview_has_expired_gets_new_urls_and_keeps_all_else() -> None:
    with loaded({"p": 1}, {"a": 2}) as (service, catalogue, _):
        before, revision = catalogue.looks, catalogue.revision
        ask(catalogue, "p-0", "a-1")
        settle()
        assert service.renewed() == ["p-0", "a-1"]
        assert expires(catalogue, "p-0", "a-0", "a-1") == [FAR_AWAY, LONG_AGO, FAR_AWAY]
        assert [look.preview_video_url for look in some(catalogue, "a-0", "a-1")] == [
            None,
            "https://files.example/a-1/video.mp4",
        ]
        assert catalogue.looks == before  # in the same order, and equal but for their URLs
        assert [look.ownership for look in catalogue.looks] == ["private", "public", "public"]
        assert catalogue.revision > revision


def test_tables_and_snapshots_have_the_new_urls(tmp_path: Path) -> None:
    with loaded({}, {"a": 2}) as (_, catalogue, _waits):
        ask(catalogue, "a-1")
        settle()
        frame = catalogue.to_frame()
        assert frame.set_index("id")["preview_image_url"].to_dict() == {
            "a-0": signed("a-0", LONG_AGO),
            "a-1": signed("a-1", FAR_AWAY),
        }
        catalogue.save(tmp_path / "looks.jsonl.gz")
        assert expires(LookCatalogue.open(tmp_path / "looks.jsonl.gz"), "a-0", "a-1") == [LONG_AGO, FAR_AWAY]


def test_what_is_not_signed_or_has_not_expired_is_not_asked_for() -> None:
    with Signing({}, {"a": 3}) as service, client_of(service) as client:
        service.records["a-0"]["preview_image_url"] = "https://files.example/a-0/preview_target.webp"
        service.records["a-1"]["preview_image_url"] = signed("a-1", int(time.time()) + 3_600)
        service.records["a-2"]["preview_image_url"] = None
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        ask(catalogue, "a-0", "a-1", "a-2")
        settle()
        assert service.renewed() == []


def test_a_preview_expires_in_the_second_that_its_url_tells() -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _):
        assert catalogue._renewal is not None
        catalogue._renewal._time = lambda: LONG_AGO - 0.1
        ask(catalogue, "a-0")
        settle()
        assert service.renewed() == []
        catalogue._renewal._time = lambda: float(LONG_AGO)
        ask(catalogue, "a-0")
        settle()
        assert service.renewed() == ["a-0"]


# --- gently, and what is in sight first


def test_many_are_renewed_at_two_a_second_whoever_asks_and_whenever() -> None:
    with loaded({}, {"a": 6}) as (service, catalogue, waits):
        ask(catalogue, "a-0", "a-1", "a-2")
        ask(catalogue, "a-3", "a-0")
        settle()
        ask(catalogue, "a-5")
        settle()
        assert sorted(service.renewed()) == ["a-0", "a-1", "a-2", "a-3", "a-5"]
        assert waits == [0.5] * 4


def test_the_last_asked_for_come_first_in_their_order_and_none_twice() -> None:
    with loaded({}, {"a": 6}) as (service, catalogue, _):
        service.gate.clear()
        ask(catalogue, "a-0", "a-1", "a-2")
        service.wait_for_renewals(1)
        ask(catalogue, "a-5", "a-2", "a-0", "a-4")
        service.gate.set()
        settle()
        assert service.renewed() == ["a-0", "a-5", "a-2", "a-4", "a-1"]


def test_no_more_than_600_wait_for_their_turn() -> None:
    with loaded({}, {"a": 620}) as (service, catalogue, _):
        service.gate.clear()
        ask(catalogue, "a-0")
        service.wait_for_renewals(1)
        ask(catalogue, *(f"a-{number}" for number in range(1, 620)))
        service.gate.set()
        settle()
        assert service.renewed() == [f"a-{number}" for number in range(601)]


def test_what_has_come_anew_before_its_turn_is_not_asked_for_and_takes_no_turn() -> None:
    with loaded({}, {"a": 2}) as (service, catalogue, waits):
        service.gate.clear()
        ask(catalogue, "a-0", "a-1")
        service.wait_for_renewals(1)
        for record in service.records.values():
            record["preview_image_url"] = signed(record["id"], FAR_AWAY)
        catalogue.refresh()
        catalogue.load()
        service.gate.set()
        settle()
        assert service.renewed() == ["a-0"]
        assert waits == []
        assert expires(catalogue, "a-0", "a-1") == [FAR_AWAY, FAR_AWAY]


# --- what cannot be renewed


def other_look(_: str, __: Seen) -> Reply:
    return reply({"data": {"id": "x", "name": "X", "avatar_type": "t", "preview_image_url": signed("x", FAR_AWAY)}})


@pytest.mark.parametrize(
    "answer",
    [failure(404, "avatar_not_found"), failure(403), reply({"data": None}), reply(b"<html>")],
    ids=["gone", "forbidden", "nothing", "no JSON"],
)
def test_a_look_that_the_service_does_not_give_is_asked_for_once_and_bars_no_other(answer: Reply) -> None:
    with loaded({}, {"a": 2}) as (service, catalogue, _):
        service.single = lambda look_id, _: answer if look_id == "a-0" else None
        for _ in range(2):
            ask(catalogue, "a-0", "a-1")
            settle()
        assert service.renewed() == ["a-0", "a-1"]
        assert expires(catalogue, "a-0", "a-1") == [LONG_AGO, FAR_AWAY]


def test_a_look_whose_new_url_has_expired_too_is_asked_for_once() -> None:
    with loaded({}, {"a": 2}) as (service, catalogue, _):
        service.single = lambda look_id, _: service.fresh(look_id, LONG_AGO + (look_id == "a-1"))
        for _ in range(2):
            ask(catalogue, "a-0", "a-1")
            settle()
        assert service.renewed() == ["a-0", "a-1"]
        assert expires(catalogue, "a-0", "a-1") == [LONG_AGO, LONG_AGO + 1]


def test_the_answer_about_another_look_changes_none() -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _):
        service.single = other_look
        for _ in range(2):
            ask(catalogue, "a-0")
            settle()
        assert service.renewed() == ["a-0"]
        assert ids(catalogue) == ["a-0"]
        assert expires(catalogue, "a-0") == [LONG_AGO]


def test_an_id_that_cannot_be_asked_for_bars_no_other() -> None:
    with Signing({}, {"a": 1}) as service, client_of(service) as client:
        service.looks["public"].insert(0, {**service.records["a-0"], "id": ".."})
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        never_really_wait(catalogue)
        ask(catalogue, "..", "a-0")
        settle()
        assert service.renewed() == ["a-0"]


def test_after_a_passing_fault_of_the_service_a_look_is_asked_for_again_only_when_somebody_asks() -> None:
    with loaded({}, {"a": 2}) as (service, catalogue, _):
        service.single = lambda look_id, _: failure(500) if look_id == "a-0" else None
        ask(catalogue, "a-0", "a-1")
        settle()
        assert service.renewed() == ["a-0", "a-1"]
        service.single = lambda look_id, _: None
        ask(catalogue, "a-0")
        settle()
        assert service.renewed() == ["a-0", "a-1", "a-0"]
        assert expires(catalogue, "a-0") == [FAR_AWAY]


@pytest.mark.parametrize(
    "answer", [failure(401), failure(402), failure(429), hang_up], ids=["401", "402", "429", "cut"]
)
def test_where_the_next_request_would_end_alike_none_goes_out_until_somebody_asks_again(answer: Reply) -> None:
    with loaded({}, {"a": 3}) as (service, catalogue, _):
        service.single = lambda look_id, _: answer
        ask(catalogue, "a-0", "a-1", "a-2")
        settle()
        assert service.renewed() == ["a-0"]
        service.single = lambda look_id, _: None
        ask(catalogue, "a-0", "a-1")
        settle()
        assert service.renewed() == ["a-0", "a-0", "a-1"]
        assert expires(catalogue, "a-0", "a-1") == [FAR_AWAY, FAR_AWAY]


def test_where_no_thread_can_begin_nothing_is_raised_and_it_can_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _):
        with monkeypatch.context() as patch:
            let_no_thread_begin("previews", patch)
            ask(catalogue, "a-0")
        ask(catalogue, "a-0")
        settle()
        assert service.renewed() == ["a-0"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_a_bug_it_can_be_asked_for_again() -> None:
    class Broken(HeyGenClient):
        broken = True

        def get_look(self, look_id: str) -> Look:
            if self.broken:
                raise ZeroDivisionError
            return super().get_look(look_id)

    with Signing({}, {"a": 2}) as service, Broken("a-key", base_url=service.url) as client:
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        never_really_wait(catalogue)
        ask(catalogue, "a-0", "a-1")
        settle()
        client.broken = False
        ask(catalogue, "a-1")
        settle()
        assert service.renewed() == ["a-1"]


# --- who may not ask, and when it ends


def test_without_a_client_nothing_is_asked_and_nothing_begins(tmp_path: Path) -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _):
        catalogue.save(tmp_path / "looks.jsonl.gz")
        for offline in (LookCatalogue.of(catalogue.looks), LookCatalogue.open(tmp_path / "looks.jsonl.gz")):
            before = our_threads()
            offline.renew_previews(offline.looks)
            assert our_threads() == before
        assert service.renewed() == []


def test_a_snapshot_with_a_client_is_renewed(tmp_path: Path) -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _):
        catalogue.save(tmp_path / "looks.jsonl.gz")
        opened = LookCatalogue.open(tmp_path / "looks.jsonl.gz", catalogue.client)
        ask(opened, "a-0")
        settle()
        assert service.renewed() == ["a-0"]
        assert expires(opened, "a-0") == [FAR_AWAY]


def write_login(folder: Path, user: str) -> None:
    oauth = {"access_token": f"token-{user}", "expires_at": "2999-01-01T00:00:00Z"}
    (folder / "credentials").write_text(json.dumps({"oauth": oauth, "user": {"email": f"{user}@example.org"}}))


@pytest.mark.parametrize("kept", [False, True], ids=["loaded", "kept"])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_login_that_has_become_another_accounts_renews_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_home: Path, when: str, kept: bool
) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    write_login(tmp_path, "one")
    with Signing({"p": 2}) as service, HeyGenClient(base_url=service.url) as client:
        catalogue = LookCatalogue(client, cache=timedelta(days=1))
        catalogue.load()
        if kept:
            catalogue = LookCatalogue(client, cache=timedelta(days=1))
            before = len(service.asked())
            catalogue.load()
            assert len(service.asked()) == before
        never_really_wait(catalogue)

        def change(_: str = "", __: Seen | None = None) -> None:
            write_login(tmp_path, "other")
            transport = client._transport
            with HeyGenClient(base_url=service.url) as other:
                transport.credential = other._transport.credential

        if when == "before":
            change()
        else:
            service.single = change
        ask(catalogue, "p-0", "p-1")
        settle()
        assert service.renewed() == ([] if when == "before" else ["p-0"])
        assert expires(catalogue, "p-0", "p-1") == [LONG_AGO, LONG_AGO]


@contextmanager
def waiting_for_an_hour() -> Iterator[tuple[Signing, LookCatalogue]]:
    """Give a catalogue whose renewal waits for its next turn, as it really does."""
    with Signing({}, {"a": 2}) as service, client_of(service) as client:
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        renewal = catalogue._renewal
        assert renewal is not None
        pause, pausing = renewal._pause, threading.Event()

        def note(_: float) -> None:
            pausing.set()
            pause(3_600)

        renewal._pause = note
        renewal._free_at = time.monotonic() + 3_600
        ask(catalogue, "a-0", "a-1")
        assert pausing.wait(PATIENCE)
        with catalogue._changed:
            pass  # free only once the thread has begun to wait
        yield service, catalogue
        assert service.renewed() == []


def test_stop_ends_the_wait_for_the_next_turn() -> None:
    with waiting_for_an_hour() as (_, catalogue):
        catalogue.stop()
        settle()


def test_close_returns_when_the_thread_has_ended() -> None:
    with waiting_for_an_hour() as (_, catalogue):
        closing = threading.Thread(target=catalogue.close, daemon=True)
        closing.start()
        assert end_of([closing])
        assert not [thread for thread in our_threads() if thread.name.endswith(": previews")]


def test_when_the_last_holder_lets_go_nothing_more_is_renewed() -> None:
    with waiting_for_an_hour() as (_, catalogue):
        one, other = threading.Event(), threading.Event()
        catalogue.hold(one)
        catalogue.hold(other)
        catalogue.release(one)
        assert catalogue._renewal is not None
        assert catalogue._renewal.running
        catalogue.release(other)
        settle()


def test_after_a_stop_it_can_be_asked_for_again() -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _):
        catalogue.stop()
        ask(catalogue, "a-0")
        settle()
        assert service.renewed() == ["a-0"]


def test_a_catalogue_that_nobody_has_any_more_ends_its_renewal() -> None:
    with Signing({}, {"a": 2}) as service, client_of(service) as client:
        service.gate.clear()
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        ask(catalogue, "a-0", "a-1")
        service.wait_for_renewals(1)
        gone = weakref.ref(catalogue)
        del catalogue
        gc.collect()
        assert gone() is None
        service.gate.set()
        settle()
        assert service.renewed() == ["a-0"]


# --- the picker


class RecordingPicker(LookPicker):
    """A picker that keeps what it would send to its views."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.news = threading.Condition()
        super().__init__(*args, **kwargs)

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        with self.news:
            self.sent.append(content)
            self.news.notify_all()

    def told(self, method: str = "renewed") -> list[dict[str, Any]]:
        return [content["args"][0] for content in self.sent if content["method"] == method]

    def images(self) -> dict[str, str | None]:
        """Give the pictures that the views have been told, by the ids of the cards."""
        return {card_id: url for told in self.told() for card_id, url in told["images"].items()}

    def wait_for_images(self, *card_ids: str) -> None:
        with self.news:
            assert self.news.wait_for(lambda: set(card_ids) <= self.images().keys(), PATIENCE), self.images()


@contextmanager
def shown(catalogue: LookCatalogue, **arguments: Any) -> Iterator[RecordingPicker]:
    """Give a picker that is displayed and whose views know of all there is."""
    picker = RecordingPicker(catalogue, **arguments)
    picker.set_state({"_view_count": 1})
    try:
        yield picker
    finally:
        picker.close()


def test_the_views_are_told_the_new_pictures_and_nothing_else_changes() -> None:
    with loaded({"p": 1}, {"a": 3}) as (service, catalogue, _), shown(catalogue) as picker:
        picker.vue_ask_window({"view": "v", "start": 0, "count": 4})
        picker.value = chosen = catalogue.looks[0]
        seen: list[object] = []
        picker.observe(seen.append, ["value", "values", "selected_id", "filter", "status", "error"])
        version, windows = picker.status["version"], len(picker.told("window"))
        picker.vue_previews_failed(["p-0", "a-1", "unknown"])
        picker.wait_for_images("p-0", "a-1")
        settle()
        assert service.renewed() == ["p-0", "a-1"]
        assert picker.images() == {"p-0": signed("p-0", FAR_AWAY), "a-1": signed("a-1", FAR_AWAY)}
        assert all(told["version"] == version for told in picker.told())
        assert len(picker.told("window")) == windows
        assert picker.status["version"] == version
        assert seen == []
        assert picker.value is chosen
        picker.vue_ask_window({"view": "v", "start": 0, "count": 4})
        assert [card["image"] for card in picker.told("window")[-1]["looks"]] == [
            image(look) for look in catalogue.looks
        ]
        assert picker.told("window")[-1]["looks"][0]["image"] == signed("p-0", FAR_AWAY)


@pytest.mark.parametrize("hidden_by", ["characters", "filter"])
def test_pictures_beside_the_grid_are_renewed_whatever_the_grid_shows(hidden_by: str) -> None:
    with loaded({"p": 1}, {"a": 3}) as (_service, catalogue, _), shown(catalogue) as picker:
        picker.value = catalogue.looks[0]
        if hidden_by == "characters":
            picker.show = "characters"
        else:
            picker.filter = LookFilter("nothing is called so")
        picker.vue_previews_failed(["p-0", "unknown"])
        picker.wait_for_images("p-0")
        assert picker.images() == {"p-0": signed("p-0", FAR_AWAY)}


def test_what_failed_first_is_told_also_when_others_have_failed_meanwhile() -> None:
    with loaded({}, {"a": 2}) as (service, catalogue, _), shown(catalogue) as picker:
        service.gate.clear()
        picker.vue_previews_failed(["a-0"])
        picker.vue_previews_failed(["a-1"])
        service.gate.set()
        picker.wait_for_images("a-0", "a-1")


def test_a_picker_awaits_no_more_new_pictures_than_a_view_keeps_cards() -> None:
    with loaded({}, {"a": 620}) as (service, catalogue, _), shown(catalogue) as picker:
        service.single = lambda look_id, _: failure(404)
        for start in range(0, 620, 100):
            picker.vue_previews_failed([f"a-{number}" for number in range(start, start + 100)])
        settle()
        assert len(picker._expired) == 600
        assert {"a-619", "a-500", "a-100"} <= picker._expired.keys()


def test_a_new_url_that_has_expired_too_is_told_once_for_the_clock_here_may_be_wrong() -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _), shown(catalogue) as picker:
        service.single = lambda look_id, _: service.fresh(look_id, LONG_AGO + 1)
        picker.vue_previews_failed(["a-0"])
        picker.wait_for_images("a-0")
        picker.vue_previews_failed(["a-0"])
        settle()
        assert [told["images"] for told in picker.told()] == [{"a-0": signed("a-0", LONG_AGO + 1)}]
        assert service.renewed() == ["a-0"]


def test_each_new_picture_is_told_once() -> None:
    with loaded({}, {"a": 3}) as (_, catalogue, _waits), shown(catalogue) as picker:
        for number in range(3):
            picker.vue_previews_failed([f"a-{number}"])
            picker.wait_for_images(f"a-{number}")
        assert [list(told["images"]) for told in picker.told()] == [["a-0"], ["a-1"], ["a-2"]]


@pytest.mark.parametrize("asked", [None, "a-0", {"a-0": 1}, [["a-0"]], ("a-0",), 3, [None, 1]], ids=repr)
def test_whatever_else_comes_as_failed_is_ignored(asked: object) -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _), shown(catalogue) as picker:
        picker.vue_previews_failed(asked)
        settle()
        assert service.renewed() == []
        assert picker.told() == []


def test_a_card_that_has_no_id_bars_no_other() -> None:
    with loaded({}, {"a": 2}) as (service, catalogue, _), shown(catalogue) as picker:
        picker.vue_previews_failed([None, "a-1", 3])
        picker.wait_for_images("a-1")
        assert service.renewed() == ["a-1"]


def test_no_more_than_a_screen_of_failed_pictures_is_taken_at_a_time() -> None:
    with loaded({}, {"a": 130}) as (service, catalogue, _), shown(catalogue) as picker:
        picker.vue_previews_failed([f"a-{number}" for number in range(130)])
        settle()
        assert service.renewed() == [f"a-{number}" for number in range(120)]


def test_a_picture_that_fails_for_another_reason_is_left_alone() -> None:
    with Signing({}, {"a": 1}) as service, client_of(service) as client:
        service.records["a-0"]["preview_image_url"] = "https://files.example/a-0/preview_target.webp"
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        with shown(catalogue) as picker:
            picker.vue_previews_failed(["a-0"])
            settle()
            assert service.renewed() == []
            assert picker.told() == []


def test_a_picture_that_another_picker_had_renewed_is_told_at_once() -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _), shown(catalogue) as one, shown(catalogue) as other:
        one.vue_previews_failed(["a-0"])
        one.wait_for_images("a-0")
        assert other.told() == []
        other.vue_previews_failed(["a-0"])
        assert other.images() == {"a-0": signed("a-0", FAR_AWAY)}
        assert service.renewed() == ["a-0"]


def test_two_pickers_that_fail_on_the_same_picture_ask_once_and_both_are_told() -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _), shown(catalogue) as one, shown(catalogue) as other:
        service.gate.clear()
        one.vue_previews_failed(["a-0"])
        other.vue_previews_failed(["a-0"])
        service.gate.set()
        one.wait_for_images("a-0")
        other.wait_for_images("a-0")
        assert service.renewed() == ["a-0"]


def test_a_picker_without_a_client_or_a_catalogue_takes_it_calmly(monkeypatch: pytest.MonkeyPatch) -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _):
        picker = RecordingPicker(catalogue.looks)
        picker.vue_previews_failed(["a-0"])
        assert picker.told() == []
        picker.close()
        picker.vue_previews_failed(["a-0"])
        monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
        monkeypatch.setenv("HEYGEN_CONFIG_DIR", "/nowhere")
        without = RecordingPicker()
        without.vue_previews_failed(["a-0"])
        without.close()
        assert service.renewed() == []


def test_a_closed_picker_asks_for_nothing() -> None:
    with loaded({}, {"a": 1}) as (service, catalogue, _):
        picker = RecordingPicker(catalogue)
        picker.close()
        picker.vue_previews_failed(["a-0"])
        settle()
        assert service.renewed() == []


@contextmanager
def expired_characters() -> Iterator[tuple[DemoService, LookCatalogue]]:
    """Give the stand-in and a catalogue of it whose signed previews have all expired, those of characters too."""
    clock = [time.time() - 30 * 86_400]
    with (
        DemoService(looks=60, previews="http", clock=lambda: clock[0]) as service,
        HeyGenClient(service.api_key, base_url=service.base_url) as client,
    ):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        never_really_wait(catalogue)
        clock[0] = time.time()
        yield service, catalogue
        catalogue.close()


def test_a_character_whose_picture_has_expired_gets_its_groups_new_one() -> None:
    with expired_characters() as (service, catalogue), shown(catalogue) as picker:
        picker.vue_set_show("characters")
        version, before = picker.status["version"], catalogue.groups
        group_id = next(i for i, group in before.items() if expiry(group.preview_image_url))
        service.requests.clear()
        picker.vue_previews_failed([group_id])
        picker.wait_for_images(group_id)
        assert list(service.requests) == [("GET", f"/v3/avatars/{group_id}")]
        group = catalogue.groups[group_id]
        assert picker.images() == {group_id: group.preview_image_url}
        assert (expiry(group.preview_image_url) or 0) > time.time()
        assert catalogue.groups == before
        assert list(catalogue.groups) == list(before)
        assert group.ownership == before[group_id].ownership
        assert picker.status["version"] == version


def test_a_character_without_a_picture_of_its_own_gets_its_examples_new_one() -> None:
    with loaded({}, {"a": 2}) as (service, catalogue, _), shown(catalogue) as picker:
        picker.vue_set_show("characters")
        version = picker.status["version"]
        picker.vue_previews_failed(["a"])
        picker.wait_for_images("a")
        assert service.renewed() == ["a-0"]
        assert picker.images() == {"a": signed("a-0", FAR_AWAY)}
        assert picker.status["version"] == version


def test_a_picture_that_is_another_one_and_not_only_signed_anew_is_another_version_of_the_characters() -> None:
    def cards(url: str) -> CharacterCards:
        group = AvatarGroup("g", "A character", preview_image_url=url)
        return CharacterCards([Character("g", group, 1, 1, None)])

    first = cards(signed("a", LONG_AGO))
    assert cards(signed("a", FAR_AWAY)).begins_like(first)
    assert not cards(signed("b", FAR_AWAY)).begins_like(first)
