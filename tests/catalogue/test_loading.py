"""Loading: the fewest requests, each look once, what is looked at first, and never more claimed than is here.

The service is a real server over a catalogue as small as a test needs, whose requests can be held up or answered
otherwise one by one.
"""

from __future__ import annotations

import gc
import signal
import threading
import warnings
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from avatar_service import (
    PATIENCE,
    Gate,
    Service,
    end_of,
    fails,
    finish,
    ids,
    name_of,
    our_threads,
    pages,
    run,
    running,
    wait_until,
)
from loopback import Reply, Seen, failure, reply
from loopback import look as look_record

from heygen_widgets.catalogue import LookCatalogue
from heygen_widgets.catalogue.types import Progress
from heygen_widgets.errors import APIConnectionError, APIResponseError, APIStatusError, HeyGenError
from heygen_widgets.filters import LookFilter

# --- the fewest requests, each look once and with its owner


@pytest.mark.parametrize(("private", "public"), [(0, 0), (1, 0), (0, 50), (50, 51), (51, 100), (101, 250)])
def test_each_chain_asks_for_the_fewest_pages_of_looks(private: int, public: int) -> None:
    with running({"p": private} if private else {}, {"q": public} if public else {}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        expected = {
            "private looks": pages(private),
            "public looks": pages(public),
            "private characters": 1,
            "public characters": 1,
        }
        assert service.counts() == expected
        assert all(seen.query["limit"] == "50" for seen in service.asked())
        assert catalogue.progress.calls == sum(expected.values())
        assert catalogue.progress.expected == len(catalogue) == private + public
        assert catalogue.complete


@pytest.mark.parametrize(("private", "public"), [(0, 1), (1, 50), (50, 51), (51, 120)])
def test_each_chain_asks_for_the_fewest_pages_of_characters(private: int, public: int) -> None:
    mine, theirs = ({f"{owner}{n}": 1 for n in range(size)} for owner, size in (("m", private), ("t", public)))
    with running(mine, theirs) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        assert service.counts()["private characters"] == pages(private)
        assert service.counts()["public characters"] == pages(public)
        assert list(catalogue.groups) == [*mine, *theirs]


def test_every_look_comes_once_with_its_owner_private_ones_first_in_the_services_own_order() -> None:
    with running({"p": 70, "q": 3}, {"a": 60, "b": 55, "c": 2}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        assert ids(catalogue) == service.ids()
        assert {look.id: look.ownership for look in catalogue} == {
            look["id"]: owner for owner, looks in service.looks.items() for look in looks
        }


@pytest.mark.parametrize("ownership", ["private", "public"])
def test_one_owners_catalogue_asks_for_that_owners_lists_alone(ownership: Any) -> None:
    with running({"p": 51}, {"q": 101}) as (service, client):
        catalogue = LookCatalogue(client, ownership=ownership, cache=None)
        catalogue.load()
        number = service.count(ownership)
        assert service.counts() == {f"{ownership} looks": pages(number), f"{ownership} characters": 1}
        assert catalogue.progress.expected == len(catalogue) == number


def test_one_types_catalogue_asks_by_type_and_expects_no_number() -> None:
    with running({"p": 9}, {"q": 160}) as (service, client):
        catalogue = LookCatalogue(client, avatar_type="digital_twin", cache=None)
        catalogue.load()
        assert service.counts()["public looks"] == pages(160 // 3)
        assert all(s.query["avatar_type"] == "digital_twin" for s in service.asked() if s.path.endswith("looks"))
        assert ids(catalogue) == [i for i in service.ids() if int(i.rpartition("-")[2]) % 3 == 2]
        assert catalogue.progress.expected is None


def test_one_characters_catalogue_asks_for_its_looks_and_its_name() -> None:
    with running({"p": 9}, {"q": 51, "r": 70}) as (service, client):
        catalogue = LookCatalogue(client, group_id="q", cache=None)
        catalogue.load()
        assert service.counts() == {"looks of q": pages(0) + pages(51), "character q": 1}
        assert ids(catalogue) == [i for i in service.ids() if i.startswith("q-")]
        assert {look.ownership for look in catalogue} == {"public"}
        assert catalogue.progress.expected == 51


def test_the_chains_go_side_by_side_so_that_none_waits_for_another() -> None:
    with running({"p": 60}, {"q": 60}) as (service, client):
        everybody = threading.Barrier(4, timeout=PATIENCE)

        def meet(seen: Seen) -> None:
            if "token" not in seen.query:
                everybody.wait()

        service.before = meet
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        assert ids(catalogue) == service.ids()


# --- what is looked at goes first


@contextmanager
def held_up(
    private: Mapping[str, int], public: Mapping[str, int], gate: Gate, **scope: Any
) -> Iterator[tuple[Service, LookCatalogue]]:
    """Give a catalogue that is loading, with its characters known and a chain held up by the gate."""
    with running(private, public) as (service, client):
        service.before = gate
        catalogue = LookCatalogue(client, cache=None, **scope)
        catalogue.load_in_background()
        service.wait_for_request(gate.name, gate.first)
        wait_until(catalogue, lambda now: not any("characters" in part for part in now.missing))
        try:
            yield service, catalogue
        finally:
            gate.opened.set()
            catalogue.stop()
            catalogue.wait(PATIENCE)


def test_the_looks_of_a_character_come_while_the_chains_are_still_far_from_them() -> None:
    gate = Gate("public looks", first=2)
    with held_up({"p": 3}, {"a": 200, "b": 60, "c": 120}, gate) as (service, catalogue):
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda _: len(catalogue.select(LookFilter(group_id="b"))) == 60)
        assert not catalogue.complete
        gate.opened.set()
        assert finish(catalogue)
        assert service.counts()["looks of b"] == pages(60)
        assert service.counts()["public looks"] == pages(380)


def test_what_came_ahead_is_in_its_place_in_the_end() -> None:
    gate = Gate("public looks", first=2)
    with held_up({"p": 60, "q": 2}, {"a": 90, "b": 70, "c": 3}, gate) as (service, catalogue):
        catalogue.fetch_ahead(["c", "b"])
        wait_until(catalogue, lambda _: len(catalogue.select(LookFilter(group_id=["b", "c"]))) == 73)
        gate.opened.set()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids()


def test_what_came_ahead_stands_after_what_came_in_its_turn_and_behind_private_looks() -> None:
    gate = Gate("public looks", first=2)
    with held_up({"p": 60}, {"a": 90, "z": 3}, gate) as (service, catalogue):
        # z-0, z-1 and z-2 are on the first page already, so that nothing but a is ahead of its turn.
        wait_until(catalogue, lambda now: now.loaded == 110)
        catalogue.fetch_ahead(["a"])
        wait_until(catalogue, lambda now: now.loaded == 153)
        assert ids(catalogue)[:110] == [*service.ids()[:60], *service.ids()[60:110]]


@pytest.mark.parametrize(("group_id", "ownership"), [("p", "private"), ("b", "public")])
def test_a_character_is_asked_for_by_the_owner_it_has(group_id: str, ownership: str) -> None:
    gate = Gate(f"{ownership} looks", first=1)
    with held_up({"p": 3}, {"a": 9, "b": 9}, gate) as (service, catalogue):
        catalogue.fetch_ahead([group_id])
        wait_until(catalogue, lambda _: len(catalogue.select(LookFilter(group_id=group_id))) in (3, 9))
        assert [seen.query["ownership"] for seen in service.asked(f"looks of {group_id}")] == [ownership]
        assert {look.ownership for look in catalogue.select(LookFilter(group_id=group_id))} == {ownership}


def test_a_character_whose_owner_is_not_known_yet_is_asked_for_by_both() -> None:
    with running({"p": 3}, {"a": 9}) as (service, client):
        gate = threading.Event()
        service.before = lambda seen: None if name_of(seen) == "looks of a" else gate.wait(PATIENCE) and None
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        catalogue.fetch_ahead(["a"])
        wait_until(catalogue, lambda now: now.loaded == 9)
        assert {look.ownership for look in catalogue} == {"public"}
        assert [seen.query["ownership"] for seen in service.asked("looks of a")] == ["private", "public"]
        gate.set()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids()


def test_looks_fetched_ahead_keep_to_the_catalogues_type() -> None:
    gate = Gate("public looks", first=1)
    with held_up({}, {"a": 30}, gate, avatar_type="digital_twin") as (service, catalogue):
        catalogue.fetch_ahead(["a"])
        wait_until(catalogue, lambda now: now.loaded == 10)
        assert service.asked("looks of a")[0].query["avatar_type"] == "digital_twin"


def test_a_character_that_is_there_already_is_not_asked_for() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 90, "b": 5}, gate) as (service, catalogue):
        wait_until(catalogue, lambda now: now.loaded == 50)
        catalogue.fetch_ahead(["b"])
        gate.opened.set()
        assert finish(catalogue)
        catalogue.fetch_ahead(["a", "b"])
        assert not service.asked("looks of a")
        assert not service.asked("looks of b")
        assert not catalogue.progress.loading


def test_asking_for_a_character_again_and_again_fetches_it_once() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 90, "b": 70}, gate) as (service, catalogue):
        for _ in range(5):
            catalogue.fetch_ahead(["a"])
        wait_until(catalogue, lambda _: len(catalogue.select(LookFilter(group_id="a"))) == 90)
        catalogue.fetch_ahead(["a"])
        gate.opened.set()
        assert finish(catalogue)
        assert service.counts()["looks of a"] == pages(90)


def test_a_character_that_has_come_while_it_waited_in_line_is_not_asked_for() -> None:
    chain, ahead = Gate("public looks", first=2), Gate("looks of b")
    with held_up({}, {"a": 90, "b": 70, "c": 30}, chain) as (service, catalogue):
        service.before = lambda seen: chain(seen) or ahead(seen)
        catalogue.fetch_ahead(["b"])
        service.wait_for_request("looks of b")
        catalogue.fetch_ahead(["a"])  # waits for b
        chain.opened.set()
        wait_until(catalogue, lambda now: now.complete)
        ahead.opened.set()
        assert finish(catalogue)
        assert not service.asked("looks of a")
        assert ids(catalogue) == service.ids()


def test_a_character_whose_owners_looks_are_all_there_is_not_asked_for() -> None:
    gate = Gate("public looks", first=2)
    with running({"p": 3}, {"a": 90}) as (service, client):
        service.looks["private"][1]["group_id"] = None  # so that its character seems to lack a look
        service.before = gate
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        wait_until(catalogue, lambda now: now.missing == ("public looks",) and now.loaded == 53)
        catalogue.fetch_ahead(["p"])
        gate.opened.set()
        assert finish(catalogue)
        assert not service.asked("looks of p")


def test_a_character_with_a_look_that_does_not_tell_it_is_fetched_once() -> None:
    gate = Gate("public looks", first=2)
    with running({}, {"a": 90, "b": 60}) as (service, client):
        next(look for look in service.looks["public"] if look["id"] == "b-59")["group_id"] = None
        service.before = gate
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        wait_until(catalogue, lambda now: now.missing == ("public looks",))
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda _: catalogue.get("b-59"))
        catalogue.fetch_ahead(["b"])
        catalogue.stop()
        catalogue.load_in_background()
        catalogue.fetch_ahead(["b"])
        gate.opened.set()
        assert finish(catalogue)
        assert service.counts()["looks of b"] == pages(60)


def test_at_most_ten_characters_are_fetched_ahead() -> None:
    gate = Gate("public looks", first=1)
    names = [f"c{number}" for number in range(15)]
    with held_up({}, dict.fromkeys(names, 2), gate) as (service, catalogue):
        catalogue.fetch_ahead(names)
        wait_until(catalogue, lambda now: now.loaded == 20)
        gate.opened.set()
        assert finish(catalogue)
        assert {seen.query["group_id"] for seen in service.asked() if "group_id" in seen.query} == set(names[:10])


def test_looks_without_a_character_are_no_character_to_fetch() -> None:
    gate = Gate("public looks", first=1)
    with held_up({}, {"a": 2}, gate) as (service, catalogue):
        wait_until(catalogue, lambda now: now.missing == ("public looks",))
        number = len(service.asked())
        catalogue.fetch_ahead([""])
        gate.opened.set()
        assert finish(catalogue)
        assert len(service.asked()) == number


def test_stopping_forgets_the_characters_that_wait_in_line() -> None:
    chain, ahead = Gate("public looks", first=2), Gate("looks of a")
    with held_up({}, {"a": 90, "b": 70, "c": 60}, chain) as (service, catalogue):
        service.before = lambda seen: chain(seen) or ahead(seen)
        catalogue.fetch_ahead(["a"])
        service.wait_for_request("looks of a")
        catalogue.fetch_ahead(["b", "c"])
        catalogue.stop()
        ahead.opened.set()
        chain.opened.set()
        assert not finish(catalogue)
        assert service.counts()["looks of a"] == 1  # and not its second page
        assert not service.asked("looks of b")
        assert not service.asked("looks of c")


def test_stopping_while_a_characters_owner_is_not_known_asks_for_no_more() -> None:
    with running({"p": 3}, {"a": 9}) as (service, client):
        gate = threading.Event()
        service.before = lambda _: gate.wait(PATIENCE) and None
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        catalogue.fetch_ahead(["a"])
        service.wait_for_request("looks of a")
        catalogue.stop()
        gate.set()
        finish(catalogue)
        assert service.counts()["looks of a"] == 1


def test_a_character_asked_for_again_after_a_stop_is_fetched_once() -> None:
    chain, ahead = Gate("public looks", first=2), Gate("looks of b")
    with held_up({}, {"a": 90, "b": 40}, chain) as (service, catalogue):
        service.before = lambda seen: chain(seen) or ahead(seen)
        catalogue.fetch_ahead(["b"])
        service.wait_for_request("looks of b")
        catalogue.stop()
        catalogue.load_in_background()
        catalogue.fetch_ahead(["b"])
        ahead.opened.set()
        wait_until(catalogue, lambda _: len(catalogue.select(LookFilter(group_id="b"))) == 40)
        chain.opened.set()
        assert finish(catalogue)
        assert service.counts()["looks of b"] == pages(40)


def test_after_a_stop_only_the_character_asked_for_since_is_fetched() -> None:
    with running({}, {"q": 5_000, "far": 300, "near": 60}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        gate = Gate("looks of far")
        chain = Gate("public looks", first=2)

        def hold(seen: Seen) -> None:
            gate(seen)
            chain(seen)

        service.before = hold
        catalogue.load_in_background()
        wait_until(catalogue, lambda now: now.expected)
        catalogue.fetch_ahead("far")  # one character may be given as it is
        service.wait_for_request("looks of far")
        catalogue.stop()
        catalogue.fetch_ahead(["near"])
        gate.opened.set()
        service.wait_for_request("looks of near", 2)
        chain.opened.set()
        assert not finish(catalogue)
        assert service.counts()["looks of far"] == 1
        assert service.counts()["looks of near"] == 2


def test_a_character_that_could_not_be_fetched_can_be_asked_for_again() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 90, "b": 40}, gate) as (service, catalogue):
        broken = fails("looks of b", 1, failure(500))
        service.before = lambda seen: gate(seen) or broken(seen)
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda now: now.error)
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda _: len(catalogue.select(LookFilter(group_id="b"))) == 40)
        assert catalogue.progress.error is None


def test_a_character_that_could_not_be_fetched_ahead_is_no_error_once_everything_is_there() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 90, "b": 40}, gate) as (service, catalogue):
        broken = fails("looks of b", 1, failure(500))
        service.before = lambda seen: gate(seen) or broken(seen)
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda now: now.error)
        gate.opened.set()
        assert finish(catalogue)
        assert catalogue.progress.error is None
        catalogue.load()
        assert ids(catalogue) == service.ids()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_our_own_while_fetching_ahead_wakes_up_who_waits() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 90, "b": 40}, gate) as (_, catalogue):
        loading = catalogue._loading
        assert loading is not None
        under_way: list[bool] = []
        ahead, others = loading._ahead, our_threads()
        note_change = ahead._note_change

        def note() -> None:
            under_way.append(ahead.running)
            note_change()

        def broken(*_: object, **__: object) -> None:
            raise KeyError("a fault")

        ahead._note_change = note
        # Only while this is fetched, for the load that is held up goes on at the end.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loading.store, "add_looks", broken)
            catalogue.fetch_ahead(["b"])
            assert end_of(our_threads() - others)
        assert "a fault" in str(catalogue.progress.error)
        assert under_way[-1] is False  # whoever was woken last has seen that it ended


# --- stop, and go on in place


def test_a_stop_ends_after_the_requests_under_way_and_loading_goes_on_from_there() -> None:
    gate = Gate("public looks", first=3)
    with held_up({"p": 3}, {"a": 230}, gate) as (service, catalogue):
        catalogue.stop()
        gate.opened.set()
        assert not finish(catalogue)
        assert service.counts()["public looks"] == 3
        assert len(catalogue) == 3 + 150
        assert catalogue.progress.missing == ("public looks",)
        assert catalogue.progress.error is None
        catalogue.load_in_background()
        assert finish(catalogue)
        assert service.counts()["public looks"] == pages(230)
        assert ids(catalogue) == service.ids()


def test_a_stop_that_is_taken_back_at_once_costs_nothing() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 230}, gate) as (service, catalogue):
        catalogue.stop()
        catalogue.load_in_background()
        gate.opened.set()
        assert finish(catalogue)
        assert service.counts()["public looks"] == pages(230)


def test_a_stop_before_any_loading_and_of_a_complete_catalogue_changes_nothing() -> None:
    with running({}, {"a": 3}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.stop()
        assert not service.asked()
        catalogue.load()
        catalogue.stop()
        assert catalogue.complete
        assert ids(catalogue) == service.ids()


def test_a_stop_during_a_load_in_the_foreground_ends_it_without_an_error_and_incomplete() -> None:
    with running({}, {"a": 120}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        stop = fails("public looks", 2, times=1)
        service.before = lambda seen: (stop(seen) and catalogue.stop()) or None
        catalogue.load()
        assert not catalogue.complete
        assert len(catalogue) == 100
        catalogue.load()
        assert ids(catalogue) == service.ids()


# --- anew


def test_a_refresh_shows_what_was_there_until_the_new_is_complete_and_then_only_that() -> None:
    with running({"p": 3}, {"a": 60, "b": 40}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        before, first_time = ids(catalogue), catalogue.loaded_at
        service.looks["public"] = [look for look in service.looks["public"] if look["id"] != "a-3"]
        service.looks["public"].append(look_record("new", group_id="b"))
        gate = service.before = Gate("public looks", first=2)
        catalogue.refresh()
        wait_until(catalogue, lambda now: now.missing == () and now.refreshed == 53)
        assert ids(catalogue) == before
        progress = catalogue.progress
        assert progress.complete
        assert progress.loading
        gate.opened.set()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids() != before
        assert catalogue.get("a-3") is None
        assert catalogue.progress.refreshed is None
        assert first_time is not None
        assert catalogue.loaded_at is not None
        assert catalogue.loaded_at > first_time


def test_a_refresh_that_fails_keeps_what_was_there_and_goes_on_in_place() -> None:
    with running({"p": 3}, {"a": 120}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        before, first_time = ids(catalogue), catalogue.loaded_at
        service.seen.clear()
        service.looks["public"].reverse()
        service.before = fails("public looks", 2)
        catalogue.refresh()
        finish(catalogue)
        assert isinstance(catalogue.progress.error, APIConnectionError)
        assert catalogue.complete
        assert ids(catalogue) == before
        assert catalogue.loaded_at == first_time
        catalogue.load_in_background()
        assert finish(catalogue)
        assert catalogue.progress.error is None
        assert ids(catalogue) == service.ids() != before
        assert service.counts()["public looks"] == pages(120) + 1
        assert service.counts()["private looks"] == 1


def test_a_refresh_that_was_stopped_goes_on_in_place() -> None:
    with running({}, {"a": 120}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        service.seen.clear()
        gate = service.before = Gate("public looks", first=2)
        catalogue.refresh()
        service.wait_for_request("public looks", 2)
        catalogue.stop()
        gate.opened.set()
        finish(catalogue)
        assert service.counts()["public looks"] == 2
        catalogue.load()
        assert service.counts()["public looks"] == pages(120)
        assert catalogue.progress.refreshed is None


def test_a_refresh_during_the_first_load_ends_with_each_look_once() -> None:
    gate = Gate("public looks", first=2)
    with held_up({"p": 60}, {"a": 120}, gate) as (service, catalogue):
        shown = ids(catalogue)
        catalogue.refresh()
        assert ids(catalogue)[: len(shown)] == shown
        assert not catalogue.complete
        gate.opened.set()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids()
        # The first load has asked for nothing after the requests that were under way.
        assert service.counts()["public looks"] == 2 + pages(120)


def test_refreshes_one_after_the_other_end_as_one() -> None:
    with running({"p": 3}, {"a": 230}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        for _ in range(8):
            catalogue.refresh()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids()


def test_refreshes_leave_no_old_looks_in_memory() -> None:
    with running({}, {"a": 60}) as (_, client):
        catalogue = LookCatalogue(client, cache=None)
        stores = []
        for _ in range(5):
            catalogue.refresh()
            assert finish(catalogue)
            stores.append(weakref.ref(catalogue._shown))
            if catalogue._loading:
                stores.append(weakref.ref(catalogue._loading))
        assert end_of(our_threads())
        gc.collect()
        assert [store() is not None for store in stores] == [False] * 8 + [True] * 2


def test_closing_after_a_refresh_also_waits_for_the_threads_of_the_load_before() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 120}, gate) as (service, catalogue):
        gate.first = 10**6  # holds up no other
        catalogue.refresh()
        service.wait_for_request("public looks", 3)
        closer = threading.Thread(target=catalogue.close)
        closer.start()
        closer.join(0.3)
        closed_too_soon = not closer.is_alive() and any(thread.is_alive() for thread in our_threads())
        gate.opened.set()
        closer.join(PATIENCE)
        assert not closed_too_soon


@pytest.mark.parametrize("round_", range(3))
def test_whatever_many_threads_ask_for_at_once_ends_with_each_look_once(round_: int) -> None:
    with running({"p": 130, "q": 20}, {"a": 330, "b": 70, "c": 9}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)

        def ask(number: int) -> None:
            for step in range(20):
                match (number + step + round_) % 5:
                    case 0:
                        catalogue.stop()
                    case 1:
                        catalogue.fetch_ahead(["b", "q"])
                    case 2 if step % 4 == 0:
                        catalogue.refresh()
                    case 3:
                        now = ids(catalogue)  # once, since more may have come by another time
                        assert len(now) == len(set(now))
                    case _:
                        catalogue.load_in_background()

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        assert end_of(threads)
        catalogue.load_in_background()
        assert finish(catalogue)
        if catalogue.progress.refreshed is None:
            assert ids(catalogue) == service.ids()


def test_several_who_load_at_once_ask_once() -> None:
    with running({"p": 60}, {"a": 120}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        threads = [threading.Thread(target=catalogue.load) for _ in range(6)]
        for thread in threads:
            thread.start()
        assert end_of(threads)
        assert ids(catalogue) == service.ids()
        assert service.counts()["public looks"] == pages(120)
        assert service.counts()["private looks"] == pages(60)


# --- a chain that fails


@pytest.mark.parametrize("part", ["private looks", "public looks", "private characters", "public characters"])
def test_a_chain_that_fails_leaves_the_others_running_and_its_name_is_told(part: str) -> None:
    mine, theirs = ({f"{owner}{n}": 1 for n in range(70)} for owner in "mt")
    with running(mine, theirs) as (service, client):
        service.before = fails(part, 2, failure(500))
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        assert not finish(catalogue)
        progress = catalogue.progress
        assert progress.missing == (part,)
        assert isinstance(progress.error, APIStatusError)
        assert service.counts() == dict.fromkeys(service.counts(), 2)
        assert len(service.counts()) == 4
        service.seen.clear()
        catalogue.load()
        # Retry asks for what is missing and nothing else, from the last good token.
        assert service.counts() == {part: 1}
        assert "token" in service.asked()[0].query
        assert ids(catalogue) == service.ids()
        assert list(catalogue.groups) == [*mine, *theirs]
        assert catalogue.progress.missing == ()
        assert catalogue.progress.error is None


def test_the_number_to_expect_is_not_told_before_all_characters_are_known() -> None:
    with running({"p": 3}, {"a": 9}) as (service, client):
        service.before = fails("public characters", 1)
        catalogue = LookCatalogue(client, cache=None)
        with pytest.raises(APIConnectionError):
            catalogue.load()
        assert catalogue.progress.expected is None
        catalogue.load()
        assert catalogue.progress.expected == 12


def test_a_character_that_tells_no_number_leaves_none_to_expect() -> None:
    with running({}, {"a": 9}) as (service, client):
        nobody = reply({"data": [{"id": "a", "name": "A"}], "has_more": False})
        service.before = fails("public characters", 1, nobody)
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        assert catalogue.complete
        assert catalogue.progress.expected is None


def test_a_catalogue_that_holds_more_or_less_than_expected_tells_both_numbers() -> None:
    with running({}, {"a": 9}) as (service, client):
        service.looks["public"] = service.looks["public"][:7]
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        progress = catalogue.progress
        assert (progress.loaded, progress.expected, progress.complete) == (7, 9, True)


def test_both_chains_can_fail_and_each_goes_on_where_it_was() -> None:
    with running({"p": 170}, {"a": 230}) as (service, client):
        broken = fails("private looks", 3), fails("public looks", 4)
        service.before = lambda seen: broken[0](seen) or broken[1](seen)
        catalogue = LookCatalogue(client, cache=None)
        with pytest.raises(APIConnectionError):
            catalogue.load()
        assert set(catalogue.progress.missing) == {"private looks", "public looks"}
        catalogue.load()
        assert service.counts()["private looks"] == pages(170) + 1
        assert service.counts()["public looks"] == pages(230) + 1
        assert ids(catalogue) == service.ids()


def test_a_retry_while_another_chain_still_runs_leaves_that_one_alone() -> None:
    gate = Gate("public looks", first=2)
    with running({"p": 70}, {"a": 120}) as (service, client):
        broken = fails("private looks", 2)
        service.before = lambda seen: gate(seen) or broken(seen)
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        service.wait_for_request("public looks", 2)
        wait_until(catalogue, lambda now: now.error)
        assert catalogue.progress.loading
        catalogue.load_in_background()
        wait_until(catalogue, lambda now: now.missing == ("public looks",))
        assert catalogue.progress.error is None
        gate.opened.set()
        assert finish(catalogue)
        assert service.counts()["public looks"] == pages(120)
        assert service.counts()["private looks"] == pages(70) + 1


def test_a_token_that_is_refused_midway_starts_that_chain_anew_and_doubles_nothing() -> None:
    with running({"p": 3}, {"a": 170}) as (service, client):
        service.before = fails("public looks", 3, failure(400, "invalid_parameter"))
        catalogue = LookCatalogue(client, cache=None)
        with pytest.raises(APIStatusError, match="400"):
            catalogue.load()
        assert len(catalogue) == 103
        assert not catalogue.complete
        service.seen.clear()
        catalogue.load()
        assert service.counts() == {"public looks": pages(170)}
        assert ids(catalogue) == service.ids()


def test_a_chain_that_starts_anew_takes_the_order_the_service_has_by_then() -> None:
    with running({}, {"a": 120}) as (service, client):
        service.before = fails("public looks", 2, failure(400))
        catalogue = LookCatalogue(client, cache=None)
        with pytest.raises(APIStatusError):
            catalogue.load()
        service.looks["public"].insert(0, look_record("new", group_id="a"))
        catalogue.load()
        assert sorted(ids(catalogue)) == sorted(service.ids())
        assert ids(catalogue).index("new") <= 1
        assert len(catalogue) == 121


def test_more_that_follows_without_saying_where_is_an_error_and_never_the_end() -> None:
    with running({}, {"a": 60}) as (service, client):
        lost = reply({"data": service.looks["public"][:50], "has_more": True, "next_token": None})
        service.before = fails("public looks", 1, lost, times=2)
        catalogue = LookCatalogue(client, cache=None)
        for _ in range(2):
            with pytest.raises(APIResponseError, match="next_token"):
                catalogue.load()
            assert not catalogue.complete
            assert catalogue.progress.missing == ("public looks",)
            assert len(catalogue) == 50
        catalogue.load()
        assert ids(catalogue) == service.ids()


def test_a_token_that_comes_again_is_an_error_and_never_the_end() -> None:
    with running({}, {"a": 160}) as (service, client):
        here = service.looks["public"]
        loop = [
            reply({"data": here[:50], "has_more": True, "next_token": "one"}),
            reply({"data": here[50:100], "has_more": True, "next_token": "two"}),
            reply({"data": here[100:150], "has_more": True, "next_token": "one"}),
        ]

        def before(seen: Seen) -> Reply | None:
            if name_of(seen) != "public looks":
                return None
            return loop[[None, "one", "two"].index(seen.query.get("token"))]

        service.before = before
        catalogue = LookCatalogue(client, cache=None)
        for _ in range(3):
            with pytest.raises(APIResponseError, match="second time"):
                catalogue.load()
            assert not catalogue.complete
        assert len(catalogue) == 150
        assert service.counts()["public looks"] < 12


def test_a_missing_character_leaves_its_catalogue_incomplete() -> None:
    with running({}, {"a": 3}) as (_, client):
        catalogue = LookCatalogue(client, group_id="nobody", cache=None)
        with pytest.raises(APIStatusError, match="404"):
            catalogue.load()
        assert not catalogue.complete
        assert catalogue.progress.missing == ("character",)


# --- no more is claimed than is here


def test_what_is_not_complete_warns_in_tables_and_files(tmp_path: Path) -> None:
    with running({"p": 3}, {"a": 120}) as (service, client):
        service.before = fails("public looks", 2)
        catalogue = LookCatalogue(client, cache=None)
        with pytest.raises(HeyGenError):
            catalogue.load()
        for give in (catalogue.to_frame, catalogue.summary, lambda: catalogue.to_parquet(tmp_path / "looks.parquet")):
            with pytest.warns(UserWarning, match="only 53 looks") as caught:
                give()
            assert caught[0].filename == __file__
        assert "incomplete" in repr(catalogue)
        catalogue.load()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for give in (catalogue.to_frame, catalogue.summary, lambda: catalogue.to_parquet(tmp_path / "l.parquet")):
                give()
        assert "complete" in repr(catalogue)
        assert "incomplete" not in repr(catalogue)


def test_a_catalogue_of_which_one_request_is_still_under_way_is_not_complete() -> None:
    for part in ("private looks", "public looks", "private characters", "public characters"):
        gate = Gate(part)
        with running({"p": 3}, {"a": 3}) as (service, client):
            service.before = gate
            catalogue = LookCatalogue(client, cache=None)
            catalogue.load_in_background()
            wait_until(catalogue, lambda now, part=part: now.missing == (part,))
            assert not catalogue.complete
            assert not catalogue.progress.complete
            assert catalogue.loaded_at is None
            gate.opened.set()
            assert finish(catalogue)
            assert catalogue.loaded_at is not None


def test_progress_tells_what_is_here_while_it_comes() -> None:
    gate = Gate("public looks", first=2)
    with held_up({"p": 3}, {"a": 120}, gate) as (_, catalogue):
        wait_until(catalogue, lambda now: now.loaded == 53)
        progress = catalogue.progress
        assert (progress.loaded, progress.expected, progress.calls) == (53, 123, 4)
        assert progress.loading
        assert progress.error is None
        assert progress.refreshed is None
        gate.opened.set()
        assert finish(catalogue)
        assert catalogue.progress == Progress(123, 123, True, False, 6, None, (), (), None)


# --- in the foreground


def test_load_draws_a_bar_on_stderr_with_the_number_to_expect(capsys: pytest.CaptureFixture[str]) -> None:
    with running({"p": 3}, {"a": 120}) as (_, client):
        LookCatalogue(client, cache=None).load()
    out, err = capsys.readouterr()
    assert out == ""
    assert "Loading looks" in err
    assert "123/123" in err


def test_load_of_what_is_there_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with running({}, {"a": 3}) as (_, client):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        assert finish(catalogue)
        catalogue.load()
    assert capsys.readouterr() == ("", "")


LOAD = """
from heygen_widgets import LookCatalogue, demo_client
catalogue = LookCatalogue(demo_client(looks=120), cache=None)
catalogue.load()
print(len(catalogue))
"""


def test_the_bar_can_be_hidden_by_the_environment() -> None:
    shown, hidden = run(LOAD), run(LOAD, TQDM_DISABLE="1")
    assert (shown.returncode, shown.stdout) == (0, "120\n")
    assert "120/120" in shown.stderr  # also where all came before the bar was there
    assert (hidden.returncode, hidden.stdout, hidden.stderr) == (0, "120\n", "")


def test_ctrl_c_ends_a_load_after_the_requests_under_way_and_leaves_the_catalogue_usable() -> None:
    with running({}, {"a": 230}) as (service, client):
        catalogue = LookCatalogue(client, cache=None)
        stopped = threading.Event()
        stop, catalogue.stop = catalogue.stop, lambda: (stop(), stopped.set())  # type: ignore[method-assign, assignment, func-returns-value]

        def interrupt(seen: Seen) -> None:
            if name_of(seen) == "public looks" and len(service.asked("public looks")) == 3:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # type: ignore[arg-type]
                stopped.wait(PATIENCE)

        service.before = interrupt
        with pytest.raises(KeyboardInterrupt):
            catalogue.load()
        assert not finish(catalogue)
        assert service.counts()["public looks"] == 3
        assert len(catalogue) == 150
        service.before = lambda _: None
        catalogue.load()
        assert service.counts()["public looks"] == pages(230)
        assert ids(catalogue) == service.ids()


# --- threads


def test_closing_leaves_no_thread_and_what_was_loaded() -> None:
    gate = Gate("public looks", first=2)
    with held_up({"p": 3}, {"a": 230, "b": 60}, gate) as (service, catalogue):
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda _: len(catalogue.select(LookFilter(group_id="b"))) == 60)
        assert our_threads()
        gate.opened.set()
        catalogue.close()
        left = our_threads()
        assert end_of(left)
        number = len(service.asked())
        assert 3 + 60 < len(catalogue) < 293
        assert not catalogue.progress.loading
        assert len(service.asked()) == number


def test_a_closed_catalogue_can_go_on() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 120}, gate) as (service, catalogue):
        gate.opened.set()
        catalogue.close()
        catalogue.load()
        assert ids(catalogue) == service.ids()


def test_a_catalogue_that_nobody_has_any_more_ends_its_threads() -> None:
    with running({"p": 3}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        service.wait_for_request("public looks", 2)
        gone = weakref.ref(catalogue)
        del catalogue
        gc.collect()
        assert gone() is None
        gate.opened.set()
        assert end_of(our_threads())
        assert service.counts()["public looks"] == 2


def test_a_catalogue_is_let_go_without_a_lock_whatever_the_thread_that_collects_it_holds() -> None:
    # A garbage collection may fall into any line, also one that holds the lock of the catalogue or of its looks.
    with running({}, {"q": 60}) as (_, client):
        catalogue = LookCatalogue(client, cache=None)
        changed, store = catalogue._changed, catalogue._shown
        held, let_go = threading.Event(), threading.Event()

        def hold() -> None:
            with changed, store._lock:
                held.set()
                let_go.wait(PATIENCE)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(PATIENCE)
        gone = weakref.ref(catalogue)

        def collect() -> None:
            nonlocal catalogue
            del catalogue
            gc.collect()

        collector = threading.Thread(target=collect, daemon=True)
        collector.start()
        collector.join(PATIENCE / 2)
        collected = not collector.is_alive()
        let_go.set()
        holder.join(PATIENCE)
        assert collected
        assert gone() is None


def test_a_catalogue_that_goes_while_a_character_is_fetched_ahead_ends_that_too() -> None:
    with running({}, {"a": 230, "b": 3}) as (service, client):
        gate = service.before = Gate("looks of a")
        catalogue = LookCatalogue(client, cache=None)
        catalogue.fetch_ahead("a")
        service.wait_for_request("looks of a")
        catalogue.fetch_ahead("b")
        del catalogue
        gc.collect()
        gate.opened.set()
        assert end_of(our_threads())
        assert service.counts() == {"looks of a": 1}


def test_a_catalogue_that_goes_in_a_cycle_ends_its_threads_wherever_it_is_collected() -> None:
    with running({"p": 3}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        catalogue = LookCatalogue(client, cache=None)
        catalogue.itself = catalogue  # type: ignore[attr-defined]
        catalogue.load_in_background()
        service.wait_for_request("public looks", 2)
        gone = weakref.ref(catalogue)
        del catalogue
        collector = threading.Thread(target=gc.collect)
        collector.start()
        assert end_of([collector])
        assert gone() is None
        gate.opened.set()
        assert end_of(our_threads())
        assert service.counts()["public looks"] == 2


def test_after_a_page_without_a_next_token_the_chain_goes_on_at_that_page() -> None:
    with running({}, {"a": 120}) as (service, client):
        lost = reply({"data": service.looks["public"][50:100], "has_more": True, "next_token": None})
        service.before = fails("public looks", 2, lost)
        catalogue = LookCatalogue(client, cache=None)
        with pytest.raises(APIResponseError, match="next_token"):
            catalogue.load()
        service.seen.clear()
        catalogue.load()
        assert service.counts() == {"public looks": 2}
        assert ids(catalogue) == service.ids()


def test_another_load_clears_the_error_of_a_character_that_could_not_be_fetched() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 90, "b": 40}, gate) as (service, catalogue):
        broken = fails("looks of b", 1, failure(500))
        service.before = lambda seen: gate(seen) or broken(seen)
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda now: now.error)
        catalogue.load_in_background()
        assert catalogue.progress.error is None


def test_while_one_type_is_loading_only_characters_with_a_look_of_it_are_listed() -> None:
    gate = Gate("public looks", first=1)
    with held_up({}, {"a": 9, "b": 1}, gate, avatar_type="digital_twin") as (_, catalogue):
        assert catalogue.groups
        assert catalogue.characters() == []
        gate.opened.set()
        finish(catalogue)
        assert [character.id for character in catalogue.characters()] == ["a"]
