"""Many threads at once: nothing waits for ever, no window is torn, no thread is left, and the end is a quiet one."""

from __future__ import annotations

import faulthandler
import gc
import os
import random
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import traitlets
from avatar_service import PATIENCE, Gate, end_of, finish, ids, our_threads, run, running
from ipywidgets import HTML, Text
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from loopback import Reply, failure, reply
from loopback import look as look_record

from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker
from heygen_widgets._background import Guard
from heygen_widgets.catalogue.loader import Loading
from heygen_widgets.demo import DemoService
from heygen_widgets.filters import fold

TESTS = str(Path(__file__).parents[1])


def at_once(*calls: Callable[[], object], patience: float = PATIENCE) -> None:
    """Make calls on a thread each; fail where one does not return in so many s, and where one raises."""
    errors: list[BaseException] = []

    def make(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test tells
            errors.append(error)

    threads = [threading.Thread(target=make, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience)
    if any(thread.is_alive() for thread in threads):
        faulthandler.dump_traceback()
        pytest.fail("these wait for each other: see the stacks on stderr")
    for error in errors:
        raise error


class Window(NamedTuple):
    """What was sent, and what held when it was."""

    content: dict[str, Any]
    status: dict[str, Any]
    wanted: LookFilter
    show: str


class WatchedPicker(LookPicker):
    """A picker that notes what each window held, and what its version stood for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.windows: list[Window] = []
        self.meanings: dict[int, set[tuple[LookFilter, str]]] = {}
        super().__init__(*args, **kwargs)

    def _publish(self) -> None:
        with self._guard:
            super()._publish()
            self.meanings.setdefault(self._version, set()).add((self.filter, self.show))

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        if content["method"] == "window":
            self._note(content["args"][0])

    def set_trait(self, name: str, value: Any) -> None:
        with self._guard:
            super().set_trait(name, value)
            if name == "opening" and value:
                self._note(value)

    def _note(self, window: dict[str, Any]) -> None:
        self.windows.append(Window(window, self.status, self.filter, self.show))


def choose_first(picker: LookPicker) -> None:
    picker.vue_choose(picker.catalogue.looks[0].id)


# --- observers


def on_another_thread(call: Callable[[], object]) -> None:
    """Make a call on another thread and wait for it."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join()


ACTS: dict[str, Callable[[LookPicker], object]] = {
    "stop": lambda picker: picker.catalogue.stop(),
    "close": lambda picker: picker.close(),
    "close the catalogue": lambda picker: picker.catalogue.close(),
    "close the catalogue on another thread": lambda picker: on_another_thread(picker.catalogue.close),
    "wait": lambda picker: picker.catalogue.wait(),
    "load": lambda picker: picker.catalogue.load(),
    "refresh": lambda picker: picker.catalogue.refresh(),
    "filter": lambda picker: setattr(picker, "filter", LookFilter("a-1")),
    "a handler on another thread": lambda picker: on_another_thread(lambda: picker.vue_set_filter({"search": "a-2"})),
    "set on another thread": lambda picker: on_another_thread(lambda: setattr(picker, "show", "characters")),
    "close on another thread": lambda picker: on_another_thread(picker.close),
}
CHANGES: dict[str, Callable[[LookPicker], object]] = {
    "value": choose_first,
    "filter": lambda picker: picker.set_state({"filter": {"search": "a-"}}),
    "status": lambda picker: picker.vue_set_show("characters"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
@pytest.mark.parametrize("trait", CHANGES)
def test_whatever_an_observer_calls_and_waits_for_it_goes_on(trait: str, act: Callable[[LookPicker], object]) -> None:
    with running({"p": 3}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = LookPicker(client)
        service.wait_for_request("public looks", 2)
        seen: list[object] = []

        def observe(change: object) -> None:
            seen.append(change)
            if len(seen) == 1:
                gate.opened.set()
                act(picker)

        picker.observe(observe, trait)
        at_once(lambda: CHANGES[trait](picker))
        assert seen
        at_once(picker.close, picker.catalogue.close)
        assert end_of(our_threads())


def test_an_observer_on_the_pickers_own_thread_can_close_everything() -> None:
    with running({"p": 3}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = LookPicker(client)
        service.wait_for_request("public looks", 2)
        on: list[str] = []

        def close(_: object) -> None:
            on.append(threading.current_thread().name)
            picker.close()
            picker.catalogue.close()

        picker.observe(close, "status")
        gate.opened.set()
        assert end_of(our_threads())
        assert on == ["heygen_widgets: picker"]


def test_two_pickers_whose_observers_change_each_other_never_wait_for_each_other() -> None:
    with running({"p": 3}, {"a": 30}) as (_, client):
        one, other = LookPicker(client), LookPicker(client)
        assert finish(one.catalogue)
        meeting = threading.Barrier(2, timeout=PATIENCE)

        def change(to: LookPicker) -> Callable[[object], None]:
            def act(_: object) -> None:
                meeting.wait()
                to.vue_set_show("characters")

            return act

        one.observe(change(other), "filter")
        other.observe(change(one), "filter")
        at_once(lambda: one.vue_set_filter({"search": "a"}), lambda: setattr(other, "filter", LookFilter("a")))
        assert (one.show, other.show) == ("characters", "characters")
        one.close()
        other.close()


def test_an_observer_finds_the_views_told_and_its_error_keeps_nothing_from_others() -> None:
    with running({}, {"a": 30}) as (_, client):
        picker = WatchedPicker(client)
        assert finish(picker.catalogue)
        at_once(picker._publish)
        picker.vue_ask_window({"view": "v", "start": 0, "count": 24})
        picker.windows.clear()
        told: list[tuple[str, int]] = []

        def refuse(_: object) -> None:
            told.append(("first", len(picker.windows)))
            raise ValueError("mine")

        picker.observe(refuse, "filter")
        picker.observe(lambda _: told.append(("second", len(picker.windows))), "filter")
        with pytest.raises(ValueError, match="mine"):
            picker.vue_set_filter({"search": "a-2"})
        assert told == [("first", 1), ("second", 1)]
        picker.close()


def test_an_observer_is_called_once_a_change_and_never_after_it_was_taken_away() -> None:
    picker = LookPicker([])
    seen: list[object] = []
    picker.observe(seen.append, "show")
    picker.observe(seen.append, "show")
    picker.show = "characters"
    assert len(seen) == 1
    picker.unobserve(seen.append, "show")
    picker.show = "looks"
    assert len(seen) == 1
    picker.observe(seen.append, "show")
    picker.unobserve_all("show")
    picker.show = "characters"
    assert len(seen) == 1
    picker.close()


def test_a_method_of_a_subclass_that_observes_can_wait_for_other_threads_and_is_called_once_a_change() -> None:
    seen: list[tuple[str, str]] = []

    class UsersPicker(LookPicker):
        @traitlets.observe("show")
        def _note_show(self, change: Any) -> None:
            seen.append((change["old"], change["new"]))
            on_another_thread(lambda: setattr(self, "height", 300))

    picker = UsersPicker([])
    at_once(lambda: setattr(picker, "show", "characters"))
    assert picker.height == 300
    picker.unobserve(UsersPicker._note_show, "show")
    picker.show = "looks"
    assert seen == [("looks", "characters")]
    picker.close()


def test_a_subclass_that_overrides_an_observer_of_the_pickers_keeps_what_a_change_brings_in_one_step() -> None:
    held: list[bool] = []

    class UsersPicker(LookPicker):
        @traitlets.observe("values")
        def _values_changed(self, change: Any) -> None:
            held.append(self._guard._depth > 0)
            super()._values_changed(change)

    with running({}, {"a": 3}) as (_, client):
        looks = tuple(client.iter_looks())
    picker = UsersPicker(looks)
    picker.vue_choose(looks[1].id)
    assert (held, picker.value, picker.selected_id) == ([True], looks[1], looks[1].id)
    picker.close()


def test_an_observer_is_told_once_of_all_that_changed_while_it_could_not_be_called() -> None:
    picker = LookPicker([])
    told: list[tuple[str, object, object]] = []

    def observe(change: Any) -> None:
        told.append((change["name"], change["old"], change["new"]))

    picker.observe(observe, ["show", "height"])
    with picker._guard:
        picker.height = 300
        picker.show = "characters"
        picker.height = 400
        picker.error = "of no concern to it"
        assert not told
    assert told == [("height", 560, 400), ("show", "looks", "characters")]
    with picker._guard:
        picker.height = 500
        picker.show = "looks"
        picker.height = 400
    assert told[2:] == [("show", "characters", "looks")]
    picker.close()


def test_an_observer_that_another_thread_has_told_more_meanwhile_is_told_what_holds_in_the_end() -> None:
    picker = LookPicker([])
    told: list[str] = []
    picker.observe(lambda change: told.append(change["new"]), "error")
    with picker._guard:
        picker.error = "mine"
        with picker._guard.released():
            on_another_thread(lambda: setattr(picker, "error", "another's"))
        picker.error = ""
    assert told == ["another's", ""]
    picker.close()


def test_an_observer_is_told_of_values_that_cannot_be_compared() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError("not to be compared")

        __hash__ = None  # type: ignore[assignment]

    class OddPicker(LookPicker):
        odd = traitlets.Any()

    picker, one, other = OddPicker([]), Odd(), Odd()
    told: list[tuple[object, object]] = []
    picker.odd = one
    picker.observe(lambda change: told.append((change["old"], change["new"])), "odd")
    picker.odd = other
    assert [(old is one, new is other) for old, new in told] == [(True, True)]
    picker.close()


def test_all_events_that_are_no_changes_reach_an_observer() -> None:
    picker = LookPicker([])
    told: list[object] = []
    picker.observe(lambda event: told.append(event["number"]), "show", type="mine")
    with picker._guard:
        for number in range(2):
            picker.notify_change(traitlets.Bunch(name="show", type="mine", owner=picker, number=number))
    assert told == [0, 1]
    picker.close()


# --- links


def test_an_error_that_is_linked_stays_so_through_a_retry_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    picker, html = LookPicker(), HTML()
    traitlets.link((picker, "error"), (html, "value"))
    picker.vue_retry()
    assert "HEYGEN_API_KEY" in picker.error
    assert html.value == picker.error
    picker.close()


def test_a_link_takes_what_a_block_of_hold_sync_changes_twice() -> None:
    with running({}, {"a": 3}) as (_, client):
        picker, text = LookPicker(tuple(client.iter_looks())), Text()
    traitlets.link((picker, "selected_id"), (text, "value"))
    with picker.hold_sync():
        picker.selected_id = "a-0"
        picker.selected_id = "a-1"
    assert text.value == picker.selected_id == "a-1"
    text.value = "a-2"
    assert ids(picker.values) == ["a-2"]
    picker.close()


@pytest.mark.parametrize("chosen", ["", "a-0"])
def test_an_id_that_is_missing_leaves_both_sides_of_a_link_as_they_were(chosen: str) -> None:
    with running({}, {"a": 3}) as (_, client):
        picker, text = LookPicker(tuple(client.iter_looks()), selected_id=chosen), Text()
    traitlets.link((picker, "selected_id"), (text, "value"))
    picker.selected_id = "missing"
    assert (picker.selected_id, text.value) == (chosen, chosen)
    assert "missing" in picker.error
    picker.close()


# --- the lock itself


class InterruptedLock:
    """A lock, and Ctrl-C at the time that it is to be taken for the so-manieth time."""

    def __init__(self, lock: Any, at: int) -> None:
        self.release = lock.release
        self._acquire = lock.acquire
        self._left = at

    def acquire(self, *, blocking: bool = True) -> bool:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt
        return bool(self._acquire(blocking))


@pytest.mark.parametrize("at", [3, 4], ids=["all to be taken", "one to be taken"])
def test_ctrl_c_while_a_lock_is_taken_back_is_raised_once_it_is_held_as_before(at: int) -> None:
    guard = Guard()
    guard._lock = InterruptedLock(guard._lock, at)  # type: ignore[assignment]
    made: list[str] = []
    free: list[bool] = []

    def let_go() -> None:
        with guard:
            guard.put_off(lambda: made.append("before"))
            with guard:
                try:
                    with guard.released():
                        on_another_thread(lambda: guard.put_off(lambda: made.append("another's")))
                finally:
                    guard.put_off(lambda: made.append("after"))
                    assert made == ["another's"]
                    on_another_thread(lambda: free.append(guard._lock.acquire(blocking=False)))

    with pytest.raises(KeyboardInterrupt):
        let_go()
    assert made == ["another's", "before", "after"]
    on_another_thread(lambda: free.append(guard._lock.acquire(blocking=False)))
    assert free == [False, True]


# --- setting traits in Python while a handler runs


def show_characters_at_last(picker: LookPicker) -> None:
    with picker.hold_sync():
        picker.show = "characters"


@pytest.mark.parametrize(
    "change",
    [
        lambda picker: setattr(picker, "filter", LookFilter("a-1")),
        lambda picker: picker.set_trait("filter", LookFilter("a-1")),
        lambda picker: picker.set_state({"filter": {"search": "a-1"}}),
        lambda picker: picker.send_state(),
        lambda picker: picker.hold_trait_notifications().__enter__(),
        show_characters_at_last,
        lambda picker: picker.close(),
    ],
    ids=["assigned", "set_trait", "set_state", "send_state", "held", "held back", "closed"],
)
def test_one_thread_changes_traits_only_once_another_one_is_done(change: Callable[[LookPicker], object]) -> None:
    picker = LookPicker([])
    done = threading.Event()
    thread = threading.Thread(target=lambda: (change(picker), done.set()), daemon=True)
    with picker._guard:
        thread.start()
        assert not done.wait(0.05)
        assert picker.filter == LookFilter()
        assert not picker._holding_sync
    assert done.wait(PATIENCE)


def test_a_message_is_taken_only_once_the_one_before_it_has_been() -> None:
    taking, go_on = threading.Event(), threading.Event()

    class SlowPicker(LookPicker):
        def hold_trait_notifications(self) -> Any:
            taking.set()
            go_on.wait(PATIENCE)
            return super().hold_trait_notifications()

    picker = SlowPicker([])
    first = threading.Thread(target=picker.set_state, args=({"show": "characters"},), daemon=True)
    second = threading.Thread(target=picker.set_state, args=({"height": 300},), daemon=True)
    first.start()
    assert taking.wait(PATIENCE)
    second.start()
    second.join(0.05)
    assert picker._property_lock == {"show": "characters"}
    go_on.set()
    assert end_of([first, second])
    assert (picker.show, picker.height) == ("characters", 300)
    picker.close()


def test_a_look_that_is_fetched_by_its_id_holds_up_nobody() -> None:
    with running({}, {"a": 30}) as (service, client):
        picker = LookPicker(client)
        assert finish(picker.catalogue)
        gate = Gate("character far")  # the last part of the path
        service.before = lambda seen: (
            gate(seen)
            or (  # type: ignore[func-returns-value]
                reply({"data": look_record("far")}) if seen.path.endswith("/far") else None
            )
        )
        fetching = threading.Thread(target=picker.set_state, args=({"selected_id": "far"},), daemon=True)
        fetching.start()
        service.wait_for_request("character far")
        at_once(lambda: picker.vue_set_filter({"search": "a-1"}), picker._publish)
        assert picker.status["matched"] == 11
        gate.opened.set()
        assert end_of([fetching])
        assert picker.value is not None
        assert picker.value.id == "far"
        picker.close()


@pytest.mark.parametrize("answer", [reply({"data": look_record("far")}), failure(404)], ids=["found", "unknown"])
def test_what_was_chosen_while_a_look_was_fetched_stays_chosen(answer: Reply) -> None:
    with running({}, {"a": 30}) as (service, client):
        picker = LookPicker(client)
        assert finish(picker.catalogue)
        gate = Gate("character far")
        service.before = lambda seen: (
            gate(seen)
            or (  # type: ignore[func-returns-value]
                answer if seen.path.endswith("/far") else None
            )
        )
        fetching = threading.Thread(target=setattr, args=(picker, "selected_id", "far"), daemon=True)
        fetching.start()
        service.wait_for_request("character far")
        at_once(lambda: choose_first(picker))
        gate.opened.set()
        assert end_of([fetching])
        assert (picker.selected_id, picker.selected_ids, picker.error) == ("a-0", ["a-0"], "")
        assert ids(picker.values) == ["a-0"]
        picker.close()


# --- what is published


def test_a_status_tells_of_one_moment() -> None:
    with running({}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        catalogue = LookCatalogue(client, cache=None)
        picker = LookPicker([])
        catalogue.load_in_background()
        service.wait_for_request("public looks", 2)
        listed = catalogue.matching

        def list_late(wanted: LookFilter) -> Any:
            gate.opened.set()
            with service.arrived:
                service.arrived.wait_for(lambda: len(service.asked("public looks")) > 2, 0.3)
            return listed(wanted)

        catalogue.matching = list_late  # type: ignore[method-assign]
        picker._catalogue = catalogue
        picker._publish()
        assert picker.status["shown"] == picker.status["matched"] == picker.status["loaded"] == 50
        picker.close()
        catalogue.close()


def test_another_filter_is_another_version_also_where_it_matches_the_same() -> None:
    picker = LookPicker([])
    versions = [picker.status["version"]]
    for wanted in (LookFilter("a"), LookFilter("b"), LookFilter("b", gender="male")):
        picker.filter = wanted
        versions.append(picker.status["version"])
    picker.show = "characters"
    versions.append(picker.status["version"])
    assert len(set(versions)) == 5
    picker.close()


def test_what_ctrl_c_broke_off_is_told_the_next_time() -> None:
    with running({}, {"a": 30}) as (_, client):
        picker = WatchedPicker(client)
        assert finish(picker.catalogue)
        at_once(picker._publish)
        picker.vue_ask_window({"view": "v", "start": 0, "count": 24})
        send = picker.send

        def interrupt(*_: object) -> None:
            picker.send = send  # type: ignore[method-assign]
            raise KeyboardInterrupt

        picker.send = interrupt  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            picker.vue_set_filter({"search": "a-2"})
        picker.windows.clear()
        picker._publish()
        (window,) = picker.windows
        shown = [look["id"] for look in window.content["looks"]]
        assert shown == [f"a-{number}" for number in range(30) if str(number).startswith("2")]
        assert window.content["version"] == window.status["version"]
        picker.close()


# --- closing


def test_no_thread_is_left_when_a_catalogues_close_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, lingering = threading.Event(), threading.Event()
    run_chain = Loading._run

    def linger(self: Loading, chain: Any) -> None:
        run_chain(self, chain)
        lingering.set()
        let_go.wait(PATIENCE)

    monkeypatch.setattr(Loading, "_run", linger)
    with running({"p": 3}, {"a": 60}) as (_, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        assert finish(catalogue)
        assert lingering.wait(PATIENCE)
        left: list[set[threading.Thread]] = []
        closer = threading.Thread(target=lambda: (catalogue.close(), left.append(our_threads())), daemon=True)
        closer.start()
        closer.join(0.05)
        assert closer.is_alive()
        let_go.set()
        assert end_of([closer])
        assert left == [set()]


def test_a_closed_picker_leaves_no_thread_after_the_requests_under_way() -> None:
    with running({"p": 3}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = LookPicker(client)
        service.wait_for_request("public looks", 2)
        picker.set_state({"_view_count": 1})
        picker.close()
        gate.opened.set()
        assert end_of(our_threads())
        assert service.counts()["public looks"] == 2


@pytest.mark.parametrize(
    "late",
    [
        lambda picker: picker.vue_retry(),
        lambda picker: picker.vue_refresh(),
        lambda picker: picker.set_state({"_view_count": 1}),
    ],
    ids=["retry", "refresh", "shown"],
)
def test_a_message_that_comes_after_the_end_begins_nothing(late: Callable[[LookPicker], object]) -> None:
    with running({"p": 3}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = LookPicker(client)
        service.wait_for_request("public looks", 2)
        picker.close()
        gate.opened.set()
        assert end_of(our_threads())
        number = len(service.asked())
        late(picker)
        assert not our_threads()
        assert len(service.asked()) == number


def test_a_picker_that_is_closed_while_it_begins_to_load_stops_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with running({}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = LookPicker(client)
        catalogue, hold = picker.catalogue, picker.catalogue.hold
        service.wait_for_request("public looks", 2)
        closer = threading.Thread(target=picker.close, daemon=True)

        def close_meanwhile(holder: object) -> None:
            closer.start()
            closer.join(0.05)
            hold(holder)

        monkeypatch.setattr(catalogue, "hold", close_meanwhile)
        at_once(picker.vue_retry)
        assert end_of([closer])
        gate.opened.set()
        assert end_of(our_threads())
        assert not catalogue.complete


def test_closing_again_and_collecting_a_closed_picker_stop_nothing_that_was_begun_since() -> None:
    with running({}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = LookPicker(client)
        catalogue = picker.catalogue
        service.wait_for_request("public looks", 2)
        picker.close()
        catalogue.load_in_background()
        picker.close()
        gone = weakref.ref(picker)
        del picker
        gate.opened.set()
        assert finish(catalogue)
        gc.collect()
        assert gone() is None
        assert ids(catalogue) == service.ids()


def test_a_picker_is_let_go_without_a_lock_whatever_the_thread_that_collects_it_holds() -> None:
    with running({}, {"a": 30}) as (_, client):
        catalogue = LookCatalogue(client, cache=None)
        refused = LookPicker.__new__(LookPicker, catalogue)
        refused._catalogue = catalogue
        held, let_go = threading.Event(), threading.Event()

        def hold() -> None:
            with catalogue.unchanged(), refused_guard:
                held.set()
                let_go.wait(PATIENCE)

        refused_guard = refused._guard
        holder = threading.Thread(target=hold, daemon=True)
        holder.start()
        assert held.wait(PATIENCE)
        gone = weakref.ref(refused)
        del refused
        collector = threading.Thread(target=gc.collect, daemon=True)
        collector.start()
        collector.join(PATIENCE / 2)
        collected = not collector.is_alive()
        let_go.set()
        assert end_of([holder])
        assert collected
        assert gone() is None


def test_nothing_is_sent_any_more_once_a_picker_is_closed_also_while_it_sends() -> None:
    picker = LookPicker([])
    sent: list[str] = []
    closer = threading.Thread(target=picker.close, daemon=True)

    class SlowComm(type(picker.comm)):  # type: ignore[misc]
        @property
        def kernel(self) -> object:
            if not closer.ident:
                closer.start()
                closer.join(0.05)
            return self

        def publish_msg(self, msg_type: str, **_: object) -> None:
            sent.append(msg_type)

    picker.comm.__class__ = SlowComm
    at_once(lambda: picker.vue_ask_window({"view": "v", "start": 0, "count": 24}))
    assert closer.ident
    assert end_of([closer])
    assert sent == ["comm_msg", "comm_close"]


# --- everything at once

FAULTS = [
    f"{kind} probability=0.02 seed={seed}"
    for seed, kind in enumerate(("429-bare", "500", "502", "503", "504", "reset-before", "reset-body", "length-long"))
]


def hammer(picker: LookPicker, service: DemoService, seed: int, *, steps: int) -> None:
    """Send what views send, and set traits, in a random order, while looks arrive."""
    dice = random.Random(seed)
    groups = [group.id for group in service.catalogue.groups]
    looks = [look.id for look in service.catalogue.looks]
    acts: list[Callable[[], object]] = [
        lambda: picker.vue_set_filter({"search": dice.choice(["", "an", "office", "e", "nothing"])}),
        lambda: picker.vue_set_filter({"avatar_type": dice.choice([None, "digital_twin"])}),
        lambda: picker.vue_set_filter({"sort": dice.choice([None, "name", "-name"])}),
        lambda: picker.vue_clear_filter(),
        lambda: picker.vue_ask_window({"view": seed, "start": dice.randrange(2_000), "count": 120, "screen": 24}),
        lambda: picker.vue_ask_options({"view": seed, "field": "group_id", "query": "an"}),
        lambda: picker.vue_choose(dice.choice(looks)),
        lambda: picker.vue_set_show(dice.choice(["looks", "characters"])),
        lambda: picker.vue_open_character(dice.choice(groups)),
        lambda: picker.vue_leave_character(),
        lambda: picker.vue_retry(),
        lambda: picker.vue_took_opening(dice.randrange(100)),
        lambda: picker.set_state({"filter": {"search": dice.choice(["studio", ""])}, "show": "looks"}),
        lambda: picker.set_state({"_view_count": dice.choice([1, 2])}),
        lambda: setattr(picker, "filter", LookFilter(ownership=dice.choice([None, "public", "private"]))),
        lambda: setattr(picker, "value", None),
        lambda: picker.catalogue.fetch_ahead(dice.choice(groups)),
        lambda: picker.catalogue.stop(),
        lambda: picker.send_state(),
    ]
    revision = -1
    for _ in range(steps):
        dice.choice(acts)()
        picker.vue_ask_window({"view": seed, "start": dice.randrange(200), "count": 24, "screen": 24})
        picker.catalogue.load_in_background()  # as long as anything is missing, it goes on
        revision = picker.catalogue.wait_for_change(revision, timeout=0.005)


def passes(look: Any, wanted: LookFilter) -> bool:
    """Tell whether one of the service's looks passes the fields that the hammer sets."""
    return (
        wanted.group_id in ((), (look.group.id,))
        and wanted.avatar_type in ((), (look.avatar_type,))
        and wanted.ownership in ((), ("private" if look.group.private else "public",))
        and wanted.search in fold(" ".join([look.id, look.name, look.group.name, *look.tags]))
    )


def plainly(service: DemoService, wanted: LookFilter) -> list[str]:
    """Give the ids of all looks that pass, found one by one, in the service's order."""
    owners = ("private", "public")
    every = [look for owner in owners for look in service.catalogue.select_looks(ownership=owner)]
    return [look.id for look in every if passes(look, wanted)]


def check(windows: list[Window], service: DemoService) -> None:
    """Check that each window was of the version and filter that held, and that no two of a version differ."""
    looks = {look.id: look for look in service.catalogue.looks}
    versions: dict[int, dict[int, str]] = {}
    for content, status, wanted, show in windows:
        assert content["version"] == status["version"]
        assert content["matched"] == status["shown"]
        shown = [card["id"] for card in content["looks"]]
        assert len(set(shown)) == len(shown)
        places = versions.setdefault(content["version"], {})
        for place, card_id in enumerate(shown, content["start"]):
            assert places.setdefault(place, card_id) == card_id
        if show == "looks":
            assert status["shown"] <= status["loaded"]
            assert all(passes(looks[card_id], wanted) for card_id in shown)


@pytest.fixture
def _restless_threads() -> Iterator[None]:
    """Let threads take turns far more often than they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless_threads")
def test_no_window_is_torn_and_no_look_is_lost_while_many_threads_use_a_picker_and_answers_fail() -> None:
    with (
        DemoService(5_000, faults=FAULTS) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=6) as client,
    ):
        client._transport._sleep = lambda _: None
        every = plainly(service, LookFilter())
        picker = WatchedPicker(client)
        picker.set_state({"_view_count": 1})
        at_once(*(partial(hammer, picker, service, seed, steps=60) for seed in range(4)), patience=5 * PATIENCE)
        picker.vue_retry()
        assert picker.catalogue.wait(5 * PATIENCE)
        assert ids(picker.catalogue) == every
        picker.vue_refresh()
        at_once(*(partial(hammer, picker, service, seed, steps=20) for seed in range(4, 8)), patience=5 * PATIENCE)
        picker.vue_retry()
        assert picker.catalogue.wait(5 * PATIENCE)
        assert picker.catalogue.progress.refreshed is None
        assert ids(picker.catalogue) == every
        assert len(set(every)) == len(every) == 5_000
        assert len(service.struck) > len(FAULTS) / 2
        assert picker.selected_ids == ids(picker.values)
        assert picker.selected_id == "".join(picker.selected_ids)  # one at most
        assert {len(meanings) for meanings in picker.meanings.values()} == {1}
        check(picker.windows, service)
        # What is shown in the end is all there is.
        for wanted in (LookFilter(), LookFilter("office", avatar_type="photo_avatar", ownership="public")):
            picker.set_state({"show": "looks", "filter": wanted.to_json()})
            picker.windows.clear()
            for start in range(0, picker.status["shown"], 120):
                picker.vue_ask_window({"view": 1, "start": start, "count": 120})
            assert [card["id"] for sent in picker.windows for card in sent.content["looks"]] == plainly(service, wanted)
        assert (picker.error, picker.status["complete"], picker.status["loaded"]) == ("", True, 5_000)
        picker.close()
        picker.catalogue.close()
    assert end_of(our_threads())


# --- the end of the process


BEGIN = """
import threading
from avatar_service import Service
from loopback import failure
from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker
from heygen_widgets.catalogue import catalogue as module
from heygen_widgets.demo import DemoService

def new_client(looks=2_000, latency=0.05):
    service = DemoService(looks=looks, latency=latency).start()
    return HeyGenClient(service.api_key, base_url=service.base_url)

def new_picker():
    return LookPicker(new_client(), cache=None)

def wait_for(catalogue, number):
    while len(catalogue) < number:
        catalogue.wait_for_change(catalogue.revision, timeout=1)
"""
BUSY = {
    "loading": """
followed, shown, ahead, closed, closing = (new_picker() for _ in range(5))
shown.set_state({"_view_count": 1})
groups = [group.id for group in ahead.catalogue.client.iter_groups(max_items=60)]
ahead.filter = LookFilter(group_id=groups[40:])
collected, refreshed = (LookCatalogue(new_client(60), cache=None) for _ in range(2))
collected.load_in_background()
refreshed.load()
refreshed.refresh()

service = Service({}, {"a": 3})
service.before = lambda seen: failure(429, Retry_After="30")
service.__enter__()
waiting = LookPicker(HeyGenClient("key", base_url=service.url, max_retries=5), cache=None)
service.wait_for_request("")

for picker in (followed, shown, ahead, closed, closing):
    wait_for(picker.catalogue, 100)
shown.filter = LookFilter("office")
del collected
closed.close()
threading.Thread(target=closing.catalogue.close, daemon=True).start()
""",
    "reading and writing": """
at_the_end = threading.Event()

def wait_before(name):
    function, begun = getattr(module, name), threading.Event()
    setattr(module, name, lambda *arguments: (begun.set(), at_the_end.wait(), function(*arguments))[-1])
    return begun

client = new_client(5_000, latency=0)
LookCatalogue(client).load()
reading, writing = wait_before("read_cached"), wait_before("write_cached")
read = LookPicker(client)
written = LookPicker(new_client(5_000, latency=0))
assert reading.wait(60) and writing.wait(60)
at_the_end.set()
""",
}


@pytest.mark.parametrize("busy", BUSY.values(), ids=BUSY.keys())
def test_a_busy_process_ends_without_a_word(busy: str, cache_home: Path) -> None:
    ended = run(f"{BEGIN}{busy}print('end')", PYTHONPATH=TESTS, PYTHONDEVMODE="1", TQDM_DISABLE="1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "end\n", "")


def test_nothing_is_sent_once_the_interpreter_ends() -> None:
    # A thread that sends while a kernel closes its sockets aborts the kernel, but only now and then.
    program = """
import atexit

def close_sockets():
    picker.send({"method": "late"})
    print(sent)

atexit.register(close_sockets)  # as a kernel does before any widget is made
from heygen_widgets import LookPicker
picker, sent = LookPicker([]), []
picker.comm.publish_msg = lambda kind, data, **_: sent.append(data["content"]["method"])
picker.send({"method": "early"})
"""
    ended = run(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "['early']\n", "")


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """Start a kernel with a client; at the end nothing may stand in its stderr."""
    manager = KernelManager(kernel_name="python3")
    said = tmp_path / "stderr"
    environment = {**os.environ, "PYTHONPATH": TESTS, "IPYTHONDIR": str(tmp_path)}
    with said.open("wb") as stderr:
        # The kernel's own warnings, such as one of its ports, are not ours.
        quiet = ["--log-level=ERROR"]
        manager.start_kernel(env=environment, extra_arguments=quiet, stdout=subprocess.DEVNULL, stderr=stderr)
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            yield manager, client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    assert said.read_text() == ""


def execute(client: BlockingKernelClient, code: str) -> list[dict[str, Any]]:
    """Execute code in a kernel; give what it has published."""
    published: list[dict[str, Any]] = []
    answer = client.execute_interactive(code, timeout=60, output_hook=published.append)
    assert answer["content"]["status"] == "ok", "\n".join(answer["content"]["traceback"])
    assert not [message for message in published if message["msg_type"] in ("stream", "error")], published
    return published


def end_by_itself(manager: KernelManager, client: BlockingKernelClient) -> None:
    """Let a kernel end as a cell lets it; fail where it does not end well.

    Asked to by a message, a kernel answers on a thread of its own while it closes the socket that the answer goes to:
    now and then that aborts it, also where nothing of ours was ever imported.
    """
    client.execute("exit")
    assert manager.provisioner.process.wait(PATIENCE) == 0


def test_a_kernel_ends_without_a_word_while_threads_send_and_while_a_picker_loads(kernel: Any) -> None:
    manager, client = kernel
    # The threads keep what they use: a kernel that ends clears its names first.
    sending = """
import threading
from heygen_widgets import LookPicker

def send(picker=LookPicker([]), wait=threading.Event().wait):
    while not wait(0.001):
        picker.send({"method": "none"})

for _ in range(16):
    threading.Thread(target=send, daemon=True).start()
"""
    execute(client, sending)
    end_by_itself(manager, client)
    manager.restart_kernel()
    client.wait_for_ready(timeout=60)
    published = execute(client, f"{BEGIN}picker = new_picker()\nwait_for(picker.catalogue, 100)\npicker")
    assert [message for message in published if message["msg_type"] == "execute_result"]
    end_by_itself(manager, client)


def test_windows_fit_the_status_before_them_whichever_thread_of_a_kernel_sends(kernel: Any) -> None:
    # JupyterLab lets a kernel take the messages of widgets on a thread of their own.
    _, client = kernel
    begin = f"""{BEGIN}
picker = new_picker()

def ask():
    for start in range(50):
        picker.vue_ask_window({{"view": "v", "start": start, "count": 120, "screen": 24}})

thread = threading.Thread(target=ask)
thread.start()
for number in range(50):
    picker.filter = LookFilter(("", "a", "office", "b")[number % 4])
thread.join()
picker.close()"""
    published = [message["content"].get("data", {}) for message in execute(client, begin)]
    status: dict[str, Any] = {}
    windows = []
    for data in published:
        status = data.get("state", {}).get("status", status)
        if data.get("method") == "custom":
            (window,) = data["content"]["args"]
            windows.append(window)
            assert (window["version"], window["matched"]) == (status["version"], status["shown"])
    assert len([window for window in windows if window["view"] == "v"]) == 50
    assert len({window["version"] for window in windows}) > 5
