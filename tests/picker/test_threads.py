"""Many threads at once: no window is torn, no look is lost, nothing waits for ever, and no thread is left."""

import gc
import random
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import ipywidgets
import pytest
import traitlets
from avatar_service import PATIENCE, Gate, end_of, ids, our_threads, running
from loopback import Seen
from recording import RecordingPicker, ids_in, look, wait_for_publisher

from heygen_widgets import HeyGenClient, LookFilter, LookPicker, _widget
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import NotFoundError
from heygen_widgets.filters import fold


def at_once(*calls: Callable[[], object], patience: float = PATIENCE) -> None:
    """Make each call on its own thread. Fails when one does not return, and raises what one raises."""
    errors: list[BaseException] = []

    def make(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=make, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience)
    assert not any(thread.is_alive() for thread in threads), "these wait for each other"
    for error in errors:
        raise error


ACTS: dict[str, Callable[[LookPicker], object]] = {
    "stop": lambda picker: picker.catalogue.stop(),
    "close": lambda picker: picker.close(),
    "close the catalogue": lambda picker: picker.catalogue.close(),
    "wait": lambda picker: picker.catalogue.wait(),
    "load": lambda picker: picker.catalogue.load(),
    "refresh": lambda picker: picker.catalogue.refresh(),
    "filter": lambda picker: setattr(picker, "filter", LookFilter("a-1")),
}
CHANGES: dict[str, Callable[[LookPicker], object]] = {
    "value": lambda picker: picker.set_state({"selected_id": picker.catalogue.looks[0].id}),
    "filter": lambda picker: picker.set_state({"filter": {"search": "a-"}}),
    "view": lambda picker: picker.vue_set_view("characters"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
@pytest.mark.parametrize("trait", CHANGES)
def test_an_observer_may_call_any_method_while_looks_arrive(trait: str, act: Callable[[LookPicker], object]) -> None:
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


def test_no_observer_runs_on_a_thread_of_the_package() -> None:
    with running({}, {"a": 230}) as (_, client):
        picker = RecordingPicker(client)
        on: set[str] = set()
        picker.observe(lambda _: on.add(threading.current_thread().name), traitlets.All)
        picker.show_view()
        picker.catalogue.wait(PATIENCE)
        wait_for_publisher()
        assert picker.answers()[-1]["status"]["loaded"] == 230
        assert on == set()


def test_observers_of_two_pickers_that_change_each_other_do_not_wait_for_each_other() -> None:
    one, other = LookPicker([]), LookPicker([])
    one.observe(lambda _: setattr(other, "view", "characters"), "filter")
    other.observe(lambda _: setattr(one, "view", "characters"), "filter")
    at_once(*(partial(setattr, picker, "filter", LookFilter(f"{n}")) for n in range(20) for picker in (one, other)))
    assert (one.view, other.view) == ("characters", "characters")


@pytest.mark.parametrize("change", ["trait", "handler", "state"])
def test_one_thread_changes_a_picker_only_when_another_is_done(change: str) -> None:
    picker = LookPicker([])
    changes: dict[str, Callable[[], object]] = {
        "trait": lambda: setattr(picker, "view", "characters"),
        "handler": lambda: picker._handle_event(picker, {"event": "set_view", "data": "characters"}, []),
        "state": lambda: picker.set_state({"view": "characters"}),
    }
    inside, leave, seen = threading.Event(), threading.Event(), []

    def hold(_: object) -> None:
        inside.set()
        leave.wait(PATIENCE)
        seen.append(picker.view)

    picker.observe(hold, "height")
    first = threading.Thread(target=lambda: setattr(picker, "height", 300), daemon=True)
    first.start()
    inside.wait(PATIENCE)
    second = threading.Thread(target=changes[change], daemon=True)
    second.start()
    second.join(0.05)
    leave.set()
    assert end_of([first, second])
    assert (seen, picker.view) == (["looks"], "characters")


def test_a_click_does_not_wait_while_a_look_is_fetched_for_selected_id() -> None:
    with running({}, {"a": 3}) as (service, client):
        picker = LookPicker(client, cache=None)
        assert picker.catalogue.wait(PATIENCE)
        gate, order = Gate("character elsewhere"), []

        def hold(seen: Seen) -> None:
            gate(seen)
            order.append("fetched")

        service.before = hold

        def fetch() -> None:
            with pytest.raises(NotFoundError):
                picker.selected_id = "elsewhere"

        fetching = threading.Thread(target=fetch, daemon=True)
        fetching.start()
        service.wait_for_request(gate.name)
        picker._handle_event(picker, {"event": "select", "data": {"id": "a-1", "selected": True}}, [])
        order.append("clicked")
        gate.opened.set()
        assert end_of([fetching])
        assert (order, picker.selected_id, "elsewhere" in picker.error) == (["clicked", "fetched"], "a-1", True)


def test_a_closed_picker_leaves_no_thread_sends_nothing_and_is_let_go() -> None:
    with running({}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = RecordingPicker(client)
        picker.show_view()
        service.wait_for_request("public looks", 2)
        picker.value = picker.catalogue.looks[0]
        picker.close()
        wait_for_publisher()
        sent = len(picker.sent)
        gate.opened.set()
        assert end_of(our_threads())
        assert (picker.catalogue.complete, len(picker.sent), picker.selected_id) == (True, sent, "a-0")
        catalogue, gone = picker.catalogue, weakref.ref(picker)
        del picker
        gc.collect()
        assert gone() is None
        catalogue.refresh()  # starts no publisher of a picker that is gone
        assert catalogue.wait(PATIENCE)


def test_a_picker_leaves_the_page_when_its_cell_makes_another_and_comes_back_when_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell = SimpleNamespace(get_parent=lambda: {"metadata": {"cellId": cell}, "header": {"msg_id": f"run {run}"}})
    monkeypatch.setattr(_widget, "get_ipython", lambda: shell)
    run, cell = 1, "a"
    first, second = RecordingPicker([look("x")], layout={"width": "90%"}), LookPicker([])
    first.show_view()
    cell = "b"
    other = LookPicker([])
    run, cell = 2, "a"
    first._repr_mimebundle_()  # shown again by this run, so it stays
    assert second.comm is not None
    LookPicker([])
    models = [picker.comm and picker.model_id for picker in (first, second, other)]
    assert (bool(models[0]), models[1], bool(models[2])) == (True, None, True)
    ipywidgets.VBox([second])
    assert second.comm is not None
    run = 3
    LookPicker([])
    assert first._model.window(0, 1)["looks"] == []
    first.filter = LookFilter("x")
    assert (first.comm, len(first.answers())) == (None, 1)
    cell = "c"
    view = first._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == first.model_id == models[0]
    assert first.layout.comm is not None
    run, cell = 4, "a"
    LookPicker([])
    assert first.comm is not None
    first.close()
    assert "application/vnd.jupyter.widget-view+json" not in first._repr_mimebundle_()
    assert (first.comm, first.layout.comm) == (None, None)
    cell = ""  # of a front end that tells none
    unknown, run = LookPicker([]), 5
    LookPicker([])
    assert unknown.comm is not None


def hammer(picker: RecordingPicker, service: DemoService, seed: int, *, steps: int) -> None:
    """Send what views send, and set traits, in a random order, while looks arrive."""
    dice = random.Random(seed)
    groups = [group.id for group in service.catalogue.groups]
    looks = [look.id for look in service.catalogue.looks]
    acts: list[tuple[str, Callable[[], object]]] = [
        ("set_filter", lambda: {"search": dice.choice(["", "an", "office", "e", "nothing"])}),
        ("set_filter", lambda: {"avatar_type": dice.choice([None, "digital_twin"])}),
        ("set_filter", lambda: {"sort": dice.choice([None, "name", "-name"])}),
        ("ask_window", lambda: {"view": seed, "start": dice.randrange(2_000), "count": 120, "screen": 24}),
        ("ask_options", lambda: {"view": seed, "field": "group_id", "query": "an"}),
        ("select", lambda: {"id": dice.choice(looks), "selected": dice.random() < 0.5}),
        ("set_view", lambda: dice.choice(["looks", "characters"])),
        ("open_character", lambda: dice.choice(groups)),
        ("leave_character", lambda: None),
        ("retry", lambda: None),
        ("took_first_window", lambda: None),
    ]
    others: list[Callable[[], object]] = [
        lambda: picker.set_state({"filter": {"search": dice.choice(["studio", ""])}, "view": "looks"}),
        lambda: picker.set_state({"_view_count": dice.choice([1, 2])}),
        lambda: setattr(picker, "filter", LookFilter(ownership=dice.choice([None, "public", "private"]))),
        lambda: setattr(picker, "value", None),
        lambda: picker.catalogue.fetch_ahead([dice.choice(groups)]),
        lambda: picker.catalogue.stop(),
        lambda: picker.send_state(),
    ]
    revision = -1
    for _ in range(steps):
        if dice.random() < 0.6:
            event, data = dice.choice(acts)
            picker._handle_event(picker, {"event": event, "data": data()}, [])
        else:
            dice.choice(others)()
        picker.catalogue.load_in_background()
        revision = picker.catalogue.wait_for_change(revision, timeout=0.005)


def passes(look: Any, wanted: LookFilter) -> bool:
    """Check one of the service's looks against the fields that the hammer sets."""
    return (
        wanted.group_id in ((), (look.group.id,))
        and wanted.avatar_type in ((), (look.avatar_type,))
        and wanted.ownership in ((), ("private" if look.group.private else "public",))
        and wanted.search in fold(" ".join([look.id, look.name, look.group.name, *look.tags]))
    )


@pytest.fixture
def _restless_threads() -> Iterator[None]:
    """Let threads take turns far more often than they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless_threads")
def test_every_window_fits_its_filter_and_version_while_many_threads_use_a_picker() -> None:
    with DemoService(2_000) as service, HeyGenClient(service.api_key, base_url=service.base_url) as client:
        owners = ("private", "public")
        every = [look for owner in owners for look in service.catalogue.select_looks(ownership=owner)]
        records = {look.id: look for look in every}
        picker = RecordingPicker(client)
        picker.show_view()
        at_once(*(partial(hammer, picker, service, seed, steps=60) for seed in range(4)), patience=5 * PATIENCE)
        picker.vue_refresh()
        at_once(*(partial(hammer, picker, service, seed, steps=20) for seed in range(4, 8)), patience=5 * PATIENCE)
        picker.vue_retry()
        assert picker.catalogue.wait(5 * PATIENCE)
        assert picker.catalogue.progress.refreshed is None
        assert ids(picker.catalogue) == [look.id for look in every]
        not_ready = {*ids(picker.catalogue.select(ready=False))}
        assert picker.selected_ids == ids(picker.values)

        positions: dict[int, dict[int, str]] = {}
        for message in picker.answers():
            window = message["window"] or {"version": -1, "start": 0, "looks": []}
            places = positions.setdefault(window["version"], {})
            for place, card_id in enumerate(ids_in(window), window["start"]):
                assert places.setdefault(place, card_id) == card_id  # a version is one order of cards
            if "status" in message:
                assert window["version"] in (-1, message["status"]["version"])
                if message["show"] == "looks":
                    wanted = LookFilter(**message["filter"])
                    assert all(passes(records[card_id], wanted) for card_id in ids_in(window))
        for wanted in (LookFilter(), LookFilter("office", avatar_type="photo_avatar", ownership="public")):
            picker.set_state({"view": "looks", "filter": wanted.to_json()})
            shown = picker.show_view(120)
            ready_first = sorted(every, key=lambda look: look.id in not_ready)
            assert ids_in(shown["window"]) == [look.id for look in ready_first if passes(look, wanted)][:120]
            assert (shown["status"]["complete"], shown["status"]["loaded"]) == (True, 2_000)
        picker.close()
        picker.catalogue.close()
    assert end_of(our_threads())
