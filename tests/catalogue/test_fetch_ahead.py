"""The looks of characters that are looked at are loaded before the others."""

import threading

import pytest
from avatar_service import PATIENCE, Gate, fails, finish, held_up, ids, name_of, pages, running, wait_until
from loopback import failure

from heygen_widgets.catalogue import LookCatalogue
from heygen_widgets.filters import LookFilter


def loaded_of(catalogue: LookCatalogue, *group_ids: str) -> int:
    return len(catalogue.matching(LookFilter(group_id=group_ids)))


def test_a_characters_looks_are_loaded_early_behind_the_others_and_end_in_their_own_place() -> None:
    gate = Gate("public looks", first=2)
    with held_up({"p": 60}, {"a": 200, "b": 90, "c": 3}, gate) as (service, catalogue):
        wait_until(catalogue, lambda now: now.loaded == 110)
        catalogue.fetch_ahead(["b", "c"])  # c is loaded already
        wait_until(catalogue, lambda _: loaded_of(catalogue, "b", "c") == 93)
        assert ids(catalogue)[:110] == service.ids()[:110]
        assert not catalogue.complete
        gate.opened.set()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids()
        assert service.counts()["looks of b"] == pages(90)
        assert not service.asked("looks of c")
        assert service.counts()["public looks"] == pages(293)


def test_a_character_of_unknown_owner_is_fetched_for_both_until_a_stop() -> None:
    with running({"p": 3}, {"a": 9}) as (service, client):
        gate, ahead = threading.Event(), Gate("looks of a")
        service.before = lambda seen: ahead(seen) if name_of(seen) == "looks of a" else gate.wait(PATIENCE) and None
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        catalogue.fetch_ahead(["a"])
        service.wait_for_request("looks of a")
        catalogue.stop()
        revision = catalogue.revision
        ahead.opened.set()
        catalogue.wait_for_change(revision, PATIENCE)
        catalogue.load_in_background()
        catalogue.fetch_ahead(["a"])
        wait_until(catalogue, lambda now: now.loaded == 9)
        assert {look.ownership for look in catalogue} == {"public"}
        assert [seen.query["ownership"] for seen in service.asked("looks of a")] == ["private", "public"]
        gate.set()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids()


def test_looks_that_are_fetched_ahead_have_the_catalogues_type() -> None:
    with held_up({}, {"a": 30}, Gate("public looks"), avatar_type="digital_twin") as (service, catalogue):
        assert catalogue.groups
        assert catalogue.characters() == []  # the group's number counts all types
        catalogue.fetch_ahead(["a"])
        wait_until(catalogue, lambda now: now.loaded == 10)
        assert service.asked("looks of a")[0].query["avatar_type"] == "digital_twin"
        assert [(character.id, character.expected) for character in catalogue.characters()] == [("a", 10)]


def test_a_character_that_is_loaded_is_not_fetched_again() -> None:
    gate = Gate("public looks", first=2)
    with running({"p": 3}, {"a": 90, "b": 60}) as (service, client):
        # These looks do not name their characters, which therefore seem to miss a look.
        service.looks["private"][1]["group_id"] = None
        next(look for look in service.looks["public"] if look["id"] == "b-59")["group_id"] = None
        service.before = gate
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        wait_until(catalogue, lambda now: now.missing == ("public looks",))
        catalogue.fetch_ahead(["", "p", "b", "b"])
        wait_until(catalogue, lambda _: catalogue.get("b-59"))
        for _ in range(3):
            catalogue.fetch_ahead(["b"])
            catalogue.stop()
            catalogue.load_in_background()
        gate.opened.set()
        assert finish(catalogue)
        catalogue.fetch_ahead(["a", "b", "p"])
        assert not catalogue.progress.loading
        assert service.counts()["looks of b"] == pages(60)
        assert not service.asked("looks of p")
        assert not service.asked("looks of a")
        assert not service.asked("looks of ")


def test_the_character_asked_for_last_is_fetched_first_and_one_call_fetches_ten() -> None:
    gate, ahead = Gate("public looks"), Gate("looks of c0")
    names = [f"c{number}" for number in range(15)]
    with held_up({}, dict.fromkeys(names, 2), gate) as (service, catalogue):
        service.before = lambda seen: gate(seen) or ahead(seen)
        catalogue.fetch_ahead(names)
        service.wait_for_request("looks of c0")
        catalogue.fetch_ahead("c12")
        ahead.opened.set()
        wait_until(catalogue, lambda now: now.loaded == 22)
        gate.opened.set()
        assert finish(catalogue)
        fetched = [seen.query["group_id"] for seen in service.asked() if "group_id" in seen.query]
        assert fetched == ["c0", "c12", *names[1:10]]


def test_a_stop_cancels_the_characters_that_wait_and_those_asked_for_later_are_fetched() -> None:
    gate, ahead = Gate("public looks", first=2), Gate("looks of a")
    with held_up({}, {"a": 90, "b": 70, "c": 60}, gate) as (service, catalogue):
        service.before = lambda seen: gate(seen) or ahead(seen)
        catalogue.fetch_ahead(["a", "b"])
        service.wait_for_request("looks of a")
        catalogue.stop()
        catalogue.fetch_ahead(["c"])
        ahead.opened.set()
        service.wait_for_request("looks of c", 2)
        gate.opened.set()
        assert not finish(catalogue)
        assert service.counts()["looks of a"] == 1  # and not its second page
        assert service.counts()["looks of c"] == 2
        assert not service.asked("looks of b")


@pytest.mark.parametrize("then", ["fetch again", "load again", "complete"])
def test_a_character_that_cannot_be_fetched_is_an_error_until(then: str) -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 90, "b": 40}, gate) as (service, catalogue):
        broken = fails("looks of b", 1, failure(500))
        service.before = lambda seen: gate(seen) or broken(seen)
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda now: now.error)
        if then == "fetch again":
            catalogue.fetch_ahead(["b"])
            wait_until(catalogue, lambda _: loaded_of(catalogue, "b") == 40)
        elif then == "load again":
            catalogue.load_in_background()
        else:
            gate.opened.set()
            assert finish(catalogue)
        assert catalogue.progress.error is None
