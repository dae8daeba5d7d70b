"""One catalogue for all that use the same client, while somebody has it, and loading while somebody wants it."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
import requests
from avatar_service import PATIENCE, Gate, Service, end_of, finish, ids, name_of, our_threads, pages, wait_until

from heygen_widgets.api import HeyGenClient
from heygen_widgets.catalogue import LookCatalogue

HOUR = timedelta(hours=1)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service({"p": 3}, {"a": 230}) as running:
        yield running


@pytest.fixture
def new_client(service: Service) -> Iterator[Any]:
    with ExitStack() as stack:

        def make(key: str = "key-one", **arguments: Any) -> HeyGenClient:
            arguments = {"base_url": service.url, "max_retries": 0, **arguments}
            return stack.enter_context(HeyGenClient(key, **arguments))

        yield make


class Holder:
    """Somebody who wants a catalogue loaded."""


# --- which clients share


def test_clients_of_the_same_account_address_and_settings_share_one_catalogue(new_client: Any) -> None:
    first = LookCatalogue.shared(new_client(), cache=None)
    assert LookCatalogue.shared(new_client(), cache=None) is first
    assert LookCatalogue.shared(new_client(base_url=new_client().base_url + "/"), cache=None) is first
    assert LookCatalogue.shared(first.client, cache=None) is first  # type: ignore[arg-type]


def test_a_key_found_elsewhere_is_the_same_key(new_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = LookCatalogue.shared(new_client("key-one"), cache=None)
    monkeypatch.setenv("HEYGEN_API_KEY", "key-one")
    assert LookCatalogue.shared(new_client(None), cache=None) is first


@pytest.mark.parametrize(
    "other",
    [
        {"key": "key-two"},
        {"base_url": "http://127.0.0.1:9"},
        {"timeout": 7},
        {"max_retries": 1},
        {"session": requests.Session()},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_client_that_differs_has_a_catalogue_of_its_own(new_client: Any, other: dict[str, Any]) -> None:
    first = LookCatalogue.shared(new_client(), cache=None)
    assert LookCatalogue.shared(new_client(**other), cache=None) is not first


def test_two_sessions_are_two_catalogues_and_one_session_is_one(new_client: Any) -> None:
    one, other = requests.Session(), requests.Session()
    first = LookCatalogue.shared(new_client(session=one), cache=None)
    assert LookCatalogue.shared(new_client(session=other), cache=None) is not first
    assert LookCatalogue.shared(new_client(session=one), cache=None) is first


def test_another_time_to_keep_is_another_catalogue_and_the_same_in_other_units_is_not(new_client: Any) -> None:
    day = LookCatalogue.shared(new_client())
    assert LookCatalogue.shared(new_client(), cache=timedelta(days=1)) is day
    assert LookCatalogue.shared(new_client(), cache=HOUR) is not day
    assert LookCatalogue.shared(new_client(), cache=None) is not day


def test_what_is_no_client_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="HeyGenClient, not str"):
        LookCatalogue.shared("key")  # type: ignore[arg-type]


def test_what_is_no_time_to_keep_is_refused(new_client: Any) -> None:
    with pytest.raises(TypeError, match="timedelta"):
        LookCatalogue.shared(new_client(), cache=3600)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="timedelta"):
        LookCatalogue.shared(new_client(), cache=[HOUR])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="negative"):
        LookCatalogue.shared(new_client(), cache=-HOUR)


def test_a_catalogue_made_by_itself_is_nobody_elses(new_client: Any) -> None:
    own = LookCatalogue(new_client(), cache=None)
    assert LookCatalogue.shared(new_client(), cache=None) is not own


def test_threads_that_ask_at_once_get_the_same(new_client: Any) -> None:
    clients = [new_client() for _ in range(8)]
    start = threading.Barrier(len(clients), timeout=PATIENCE)
    found: list[LookCatalogue] = []

    def ask(client: HeyGenClient) -> None:
        start.wait()
        found.append(LookCatalogue.shared(client, cache=None))

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    assert end_of(threads)
    assert len(found) == 8
    assert len({id(catalogue) for catalogue in found}) == 1


def test_sharing_loads_once(service: Service, new_client: Any) -> None:
    first = LookCatalogue.shared(new_client(), cache=None)
    first.load()
    number = len(service.asked())
    again = LookCatalogue.shared(new_client(), cache=None)
    again.load()
    assert ids(again) == service.ids()
    assert len(service.asked()) == number


def test_nobody_keeps_a_shared_catalogue_alive(service: Service, new_client: Any) -> None:
    gate = service.before = Gate("public looks", first=2)
    catalogue = LookCatalogue.shared(new_client(), cache=None)
    catalogue.load_in_background()
    service.wait_for_request("public looks", 2)
    gone = weakref.ref(catalogue)
    del catalogue
    gc.collect()
    assert gone() is None
    gate.opened.set()
    assert end_of(our_threads())
    assert service.counts()["public looks"] == 2
    anew = LookCatalogue.shared(new_client(), cache=None)
    assert len(anew) == 0
    anew.load()
    assert ids(anew) == service.ids()


# --- who wants it loaded


def test_loading_stops_only_when_nobody_wants_it_any_more(service: Service, new_client: Any) -> None:
    gate = service.before = Gate("public looks", first=2)
    catalogue = LookCatalogue(new_client(), cache=None)
    one, other = Holder(), Holder()
    catalogue.hold(one)
    catalogue.hold(other)
    catalogue.hold(other)
    catalogue.load_in_background()
    service.wait_for_request("public looks", 2)
    catalogue.release(one)
    gate.first = 3
    gate.opened.set()
    service.wait_for_request("public looks", 3)
    catalogue.release(other)
    assert not finish(catalogue)
    number = service.counts()["public looks"]
    assert 3 <= number <= pages(230)
    catalogue.hold(one)
    catalogue.load_in_background()
    assert finish(catalogue)
    assert service.counts()["public looks"] == pages(230)


def test_the_last_release_stops_after_the_request_under_way(service: Service, new_client: Any) -> None:
    gate = service.before = Gate("public looks", first=2)
    catalogue = LookCatalogue(new_client(), cache=None)
    one, other = Holder(), Holder()
    for holder in (one, other):
        catalogue.hold(holder)
    catalogue.load_in_background()
    service.wait_for_request("public looks", 2)
    catalogue.release(one)
    catalogue.release(other)
    gate.opened.set()
    assert not finish(catalogue)
    assert service.counts()["public looks"] == 2


def test_a_holder_that_is_gone_holds_nothing(service: Service, new_client: Any) -> None:
    gate = service.before = Gate("public looks", first=2)
    catalogue = LookCatalogue(new_client(), cache=None)
    one, other = Holder(), Holder()
    for holder in (one, other):
        catalogue.hold(holder)
    gone = weakref.ref(other)
    del holder, other
    gc.collect()
    assert gone() is None
    catalogue.load_in_background()
    service.wait_for_request("public looks", 2)
    catalogue.release(one)
    gate.opened.set()
    assert not finish(catalogue)
    assert service.counts()["public looks"] == 2


def test_who_loads_in_the_foreground_is_not_stopped_by_others(service: Service, new_client: Any) -> None:
    catalogue = LookCatalogue(new_client(), cache=None)
    holder = Holder()
    catalogue.hold(holder)

    def release(seen: Any) -> None:
        if name_of(seen) == "public looks" and "token" in seen.query:
            catalogue.release(holder)

    service.before = release
    catalogue.load()
    assert catalogue.complete
    assert ids(catalogue) == service.ids()


def test_a_release_after_a_load_stops_nothing_that_is_complete(service: Service, new_client: Any) -> None:
    catalogue = LookCatalogue(new_client(), cache=None)
    holder = Holder()
    catalogue.hold(holder)
    catalogue.load()
    catalogue.release(holder)
    assert catalogue.complete
    catalogue.release(holder)  # once more is no fault
    assert ids(catalogue) == service.ids()


def test_who_begins_to_want_it_while_the_last_one_leaves_is_not_stopped(service: Service, new_client: Any) -> None:
    # Whatever way the two fall together: from here on somebody wants it, and has asked for it.
    catalogue = LookCatalogue(new_client(), cache=None)
    for _ in range(200):
        leaving, coming = Holder(), Holder()
        catalogue.hold(leaving)
        together = threading.Barrier(2, timeout=PATIENCE)

        def leave(holder: Holder = leaving, together: threading.Barrier = together) -> None:
            together.wait()
            catalogue.release(holder)

        def come(holder: Holder = coming, together: threading.Barrier = together) -> None:
            together.wait()
            catalogue.hold(holder)
            catalogue.load_in_background()

        threads = [threading.Thread(target=leave), threading.Thread(target=come)]
        for thread in threads:
            thread.start()
        assert end_of(threads)
        assert not catalogue._stopping
        catalogue.release(coming)
    wait_until(catalogue, lambda now: not now.loading)
