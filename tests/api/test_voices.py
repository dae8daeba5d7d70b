"""Voices are looked up once, the last asked for first, and quietly."""

from __future__ import annotations

import gc
import queue
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from avatar_service import PATIENCE, end_of, let_no_thread_begin, our_threads
from loopback import KEY, Handler, Loopback, Seen, client_of, failure, hang_up, reply

from heygen_widgets import HeyGenClient
from heygen_widgets.demo import DemoService, Fault
from heygen_widgets.models import Voice
from heygen_widgets.picker.voices import VoiceLookup


class Told:
    """Notes what it is told, and on which thread."""

    def __init__(self) -> None:
        self.so_far: queue.Queue[tuple[str, Voice | None]] = queue.Queue()
        self.threads: set[threading.Thread] = set()

    def note(self, voice_id: str, voice: Voice | None) -> None:
        self.threads.add(threading.current_thread())
        self.so_far.put((voice_id, voice))

    def next(self) -> tuple[str, Voice | None]:
        return self.so_far.get(timeout=PATIENCE)


class HeldUp(Loopback):
    """Answers each voice with its name once it is let, or as the script says before that."""

    def __init__(self) -> None:
        super().__init__(hang_up)
        self.free = threading.Event()
        self.arrived = threading.Semaphore(0)

    def next_reply(self, seen: Seen) -> object:  # type: ignore[override]
        self.seen.append(seen)
        self.arrived.release()
        self.free.wait(PATIENCE)
        voice_id = seen.path.rpartition("/")[2]
        return reply({"data": {"voice_id": voice_id, "name": f"Voice {voice_id}"}})

    def ids(self) -> list[str]:
        return [seen.path.rpartition("/")[2] for seen in self.seen]

    def wait_for_a_request(self) -> None:
        assert self.arrived.acquire(timeout=PATIENCE)


@contextmanager
def held_up() -> Iterator[tuple[HeldUp, VoiceLookup, Told]]:
    told = Told()
    with HeldUp() as server, client_of(server, max_retries=0) as client:
        lookup = VoiceLookup(client, told.note)
        yield server, lookup, told
        server.free.set()
        lookup.close()
        assert end_of(our_threads())


@contextmanager
def stand_in(*faults: str) -> Iterator[tuple[DemoService, VoiceLookup, Told]]:
    told = Told()
    with (
        DemoService(looks=100, faults=[Fault.parse(fault) for fault in faults]) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=0, timeout=1) as client,
    ):
        lookup = VoiceLookup(client, told.note)
        yield service, lookup, told
        lookup.close()
        assert end_of(our_threads())


SERVED = {
    "voice_id": "voice_1",
    "name": "Ada - Warm",
    "language": "English",
    "gender": "Woman",
    "preview_audio_url": "https://files.example/voice.wav?Signature=secret",
    "status": "complete",
    "support_pause": True,
    "brand_new": [1],
}


# -- the record -------------------------------------------------------------------------------------------------------


def test_a_voice_bears_the_names_and_values_of_the_service() -> None:
    voice = Voice.from_json(SERVED)
    assert {name: getattr(voice, name) for name in SERVED if name != "brand_new"} == {
        **{name: value for name, value in SERVED.items() if name != "brand_new"},
        "gender": "female",
    }
    assert voice.extra == {"brand_new": [1], "gender": "Woman"}


def test_a_voice_is_known_by_its_id_equal_whatever_its_address_and_shows_none() -> None:
    one, other = Voice.from_json(SERVED), Voice.from_json({**SERVED, "preview_audio_url": "s3://elsewhere"})
    assert one == other != Voice.from_json({**SERVED, "language": "German"})
    assert len({one, other}) == 1
    assert repr(one) == "Voice(voice_id='voice_1', name='Ada - Warm')"
    assert repr(Voice("x" * 500)) == f"Voice(voice_id='{'x' * 59}…', name=None)"
    with pytest.raises(AttributeError):
        one.name = "Bo"  # type: ignore[misc]


@pytest.mark.parametrize("value", [None, 5, [], {}])
def test_what_has_the_wrong_type_counts_as_missing_in_a_voice(value: object) -> None:
    voice = Voice.from_json({"voice_id": "a\0", **dict.fromkeys(SERVED.keys() - {"voice_id", "brand_new"}, value)})
    assert voice == Voice("a\ufffd")
    assert voice.preview_audio_url is None


# -- the lookup -------------------------------------------------------------------------------------------------------


def test_a_voice_is_told_on_a_thread_of_its_own_which_then_ends() -> None:
    with stand_in() as (service, lookup, told):
        voice_id = service.catalogue.groups[0].voice_id
        lookup.ask(voice_id)
        told_id, voice = told.next()
        assert voice is not None
        assert (told_id, voice.voice_id) == (voice_id, voice_id)
        assert voice.name
        assert threading.current_thread() not in told.threads
        assert end_of(told.threads)


def test_a_voice_that_is_known_is_told_again_without_a_request() -> None:
    with stand_in() as (service, lookup, told):
        voice_id = service.catalogue.groups[0].voice_id
        lookup.ask(voice_id)
        first = told.next()
        lookup.ask(voice_id)
        assert told.next() == first
        assert len(service.requests) == 1


def test_to_ask_returns_while_the_service_does_not_answer_and_the_last_asked_for_is_next() -> None:
    with held_up() as (server, lookup, told):
        lookup.ask("a")
        server.wait_for_a_request()
        for voice_id in ("b", "c", "d", "b"):
            lookup.ask(voice_id)
        assert server.ids() == ["a"]
        server.free.set()
        assert [told.next()[0] for _ in range(4)] == ["a", "b", "d", "c"]
        assert server.ids() == ["a", "b", "d", "c"]


def test_who_asks_for_the_voice_that_is_under_way_is_told_by_the_one_request() -> None:
    with held_up() as (server, lookup, told):
        lookup.ask("a")
        server.wait_for_a_request()
        lookup.ask("a")
        server.free.set()
        assert told.next()[0] == "a"
        assert end_of(our_threads())
        assert told.so_far.empty()
        assert server.ids() == ["a"]


def test_of_many_that_wait_the_first_are_dropped() -> None:
    with held_up() as (server, lookup, told):
        lookup.ask("first")
        server.wait_for_a_request()
        for number in range(1_000):
            lookup.ask(f"v{number}")
        server.free.set()
        assert told.next()[0] == "first"
        assert end_of(our_threads())
        assert server.ids() == ["first", "v999", "v998", "v997", "v996"]


@pytest.mark.parametrize("fault", ["500", "401", "402", "429", "html", "truncated", "reset-before", "silent", "no-id"])
def test_a_fault_that_may_pass_is_told_as_none_and_the_voice_can_be_asked_for_again(fault: str) -> None:
    with stand_in(f"{fault} endpoint=voice times=1") as (service, lookup, told):
        voice_id = service.catalogue.groups[0].voice_id
        lookup.ask(voice_id)
        assert told.next() == (voice_id, None)
        lookup.ask(voice_id)
        voice = told.next()[1]
        assert voice is not None
        assert voice.voice_id == voice_id


@pytest.mark.parametrize("answer", [failure(404, "voice_not_found"), failure(403, "forbidden"), failure(400)])
def test_a_fault_that_stays_is_told_as_none_and_not_asked_about_again(answer: object) -> None:
    told = Told()
    with Loopback(answer) as server, client_of(server) as client:  # type: ignore[arg-type]
        lookup = VoiceLookup(client, told.note)
        for _ in range(2):
            lookup.ask("a")
            assert told.next() == ("a", None)
        assert len(server.seen) == 1
        lookup.close()


@pytest.mark.parametrize("voice_id", ["", ".", "..", "\ud800", "x" * 201, "x" * 10**6])
def test_an_id_that_no_voice_can_have_is_told_as_none_without_a_request(voice_id: str) -> None:
    with stand_in() as (service, lookup, told):
        known = service.catalogue.groups[0].voice_id
        for asked in (voice_id, known):
            lookup.ask(asked)
        heard = dict(told.next() for _ in range(2))
        assert heard[voice_id] is None
        assert heard[known] is not None
        assert len(service.requests) == 1


def test_no_fault_is_printed_or_logged(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    with Loopback(failure(401, message=f"not {KEY}"), hang_up) as server, client_of(server, max_retries=0) as client:
        lookup = VoiceLookup(client, told.note)
        for voice_id in ("a", "b"):
            lookup.ask(voice_id)
            assert told.next() == (voice_id, None)
        assert end_of(our_threads())
    assert "".join(capfd.readouterr()) == ""
    assert [record for record in caplog.records if record.name.startswith("heygen")] == []
    assert KEY not in caplog.text


def test_more_voices_than_are_kept_are_asked_for_again_and_the_last_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heygen_widgets.picker.voices._KEPT", 3)
    with held_up() as (server, lookup, told):
        server.free.set()
        for voice_id in ("a", "b", "c", "d", "d", "b", "a"):
            lookup.ask(voice_id)
            told.next()
        assert server.ids() == ["a", "b", "c", "d", "a"]


def test_nothing_is_told_after_it_is_closed_not_even_what_is_under_way() -> None:
    with held_up() as (server, lookup, told):
        lookup.ask("a")
        server.wait_for_a_request()
        lookup.ask("b")
        lookup.close()
        lookup.ask("c")
        server.free.set()
        assert end_of(our_threads())
        assert told.so_far.empty()
        assert server.ids() == ["a"]


def test_where_no_thread_can_begin_nothing_is_raised_and_the_next_ask_makes_up_for_it() -> None:
    with held_up() as (server, lookup, told):
        server.free.set()
        with pytest.MonkeyPatch.context() as patch:
            let_no_thread_begin("voices", patch)
            lookup.ask("a")
        assert server.ids() == []
        lookup.ask("b")
        assert [told.next()[0] for _ in range(2)] == ["b", "a"]


def test_whoever_is_told_lives_no_longer_for_it_and_what_waits_is_not_asked_for_any_more() -> None:
    with HeldUp() as server, client_of(server, max_retries=0) as client:
        told = Told()
        lookup = VoiceLookup(client, told.note)
        lookup.ask("a")
        server.wait_for_a_request()
        lookup.ask("b")
        gone = weakref.ref(told)
        gc.disable()  # no cycle has to be found for it
        try:
            del told
            assert gone() is None
        finally:
            gc.enable()
        server.free.set()
        assert end_of(our_threads())
        assert server.ids() == ["a"]


def test_what_is_asked_for_while_a_voice_is_told_is_told_in_its_turn() -> None:
    heard: queue.Queue[str] = queue.Queue()
    with DemoService(looks=100) as service, HeyGenClient(service.api_key, base_url=service.base_url) as client:
        voice_id = service.catalogue.groups[0].voice_id

        def tell(told_id: str, voice: Voice | None) -> None:
            heard.put(told_id)
            if heard.qsize() < 2:
                lookup.ask(told_id)

        lookup = VoiceLookup(client, tell)
        lookup.ask(voice_id)
        assert end_of(our_threads())
        assert list(heard.queue) == [voice_id, voice_id]
        assert len(service.requests) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_whoever_is_told_ends_the_thread_and_not_the_lookup() -> None:
    heard: queue.Queue[str] = queue.Queue()

    def tell(voice_id: str, voice: Voice | None) -> None:
        heard.put(voice_id)
        raise RuntimeError("a mistake")

    def play(handler: Handler) -> None:
        reply({"data": {"voice_id": "a"}})(handler)

    with Loopback(play) as server, client_of(server) as client:
        lookup = VoiceLookup(client, tell)
        for _ in range(2):
            lookup.ask("a")
            assert heard.get(timeout=PATIENCE) == "a"
            assert end_of(our_threads())
