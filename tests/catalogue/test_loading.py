"""A load sends the fewest requests, loads each look once, first those that are looked at, and reports only those.

The service is a real server with a small catalogue. A test can delay its requests or answer them differently.
"""

import gc
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import avatar_service
import pytest
from avatar_service import PATIENCE, Gate, end_of, fails, finish, held_up, ids, our_threads, pages, running, wait_until
from loopback import Reply, Seen, failure, hang_up, look as look_record, press_ctrl_c, reply

from heygen_widgets.api import paging
from heygen_widgets.catalogue import LookCatalogue, Progress, loader
from heygen_widgets.catalogue.store import LookStore
from heygen_widgets.errors import APIConnectionError, APIResponseError, APIStatusError, HeyGenError
from heygen_widgets.filters import LookFilter

PARTS = ("private looks", "public looks", "private characters", "public characters")


@contextmanager
def unloaded(*characters: dict[str, int], **scope: Any) -> Iterator[tuple[avatar_service.Service, LookCatalogue]]:
    with running(*characters) as (service, client):
        yield service, LookCatalogue(client, **scope, cache=None)


@pytest.mark.parametrize(("private", "public"), [(0, 0), (1, 0), (50, 51), (101, 250)])
def test_the_lists_are_loaded_in_parallel_with_the_fewest_pages(private: int, public: int) -> None:
    mine, theirs = ({f"{owner}{n}": 1 for n in range(size)} for owner, size in (("m", private), ("t", public)))
    with unloaded(mine, theirs) as (service, catalogue):
        everybody = threading.Barrier(4, timeout=PATIENCE)  # the lists are loaded in parallel
        service.before = lambda seen: everybody.wait() and None if "token" not in seen.query else None
        catalogue.load()
        assert ids(catalogue) == service.ids()
        sizes = {"private": private, "public": public}
        counts = {f"{owner} {what}": pages(sizes[owner]) for owner in sizes for what in ("looks", "characters")}
        assert service.counts() == counts
        assert all(seen.query["limit"] == "50" for seen in service.asked())
        assert catalogue.progress == Progress(private + public, private + public, True, False, None, (), (), None)
        assert list(catalogue.groups) == [*mine, *theirs]
        catalogue.load()
        assert service.counts() == counts


@pytest.mark.parametrize(
    ("scope", "counts", "loaded", "expected"),
    [
        ({"ownership": "private"}, {"private looks": 2, "private characters": 1}, 51, 51),
        ({"ownership": "public"}, {"public looks": 5, "public characters": 1}, 201, 201),
        ({"avatar_type": "digital_twin"}, {**dict.fromkeys(PARTS[2:], 1), "looks of digital_twin": 3}, 17 + 67, None),
        ({"group_id": "q"}, {"looks of q": 1 + 2, "character q": 1}, 51, 51),
        ({"group_id": "q", "ownership": "public"}, {"looks of q": 2, "character q": 1}, 51, None),
    ],
    ids=str,
)
def test_a_scope_sends_only_its_own_requests(
    scope: dict[str, Any], counts: dict[str, int], loaded: int, expected: int | None
) -> None:
    with unloaded({"p": 51}, {"r": 150, "q": 51}, **scope) as (service, catalogue):
        catalogue.load()
        assert service.counts() == counts
        assert len(catalogue) == loaded
        assert catalogue.progress.expected == expected
        assert {getattr(look, name) for look in catalogue for name in scope} <= set(scope.values())
        assert ids(catalogue) == [look_id for look_id in service.ids() if catalogue.get(look_id)]


def test_a_stop_ends_the_load_after_the_requests_under_way_and_a_load_continues_from_there() -> None:
    gate = Gate("public looks", first=3)
    with held_up({"p": 3}, {"a": 230}, gate) as (service, catalogue):
        catalogue.stop()
        gate.opened.set()
        assert not finish(catalogue)
        assert service.counts()["public looks"] == 3
        assert catalogue.progress == Progress(153, 233, False, False, None, ("public looks",), (), None)
        catalogue.load_in_background()
        assert finish(catalogue)
        assert service.counts()["public looks"] == pages(230)
        assert ids(catalogue) == service.ids()


def test_a_stop_ends_a_load_in_the_foreground_without_an_error() -> None:
    with unloaded({}, {"a": 120}) as (service, catalogue):
        catalogue.stop()
        stop = fails("public looks", 2, times=1)
        service.before = lambda seen: (stop(seen) and catalogue.stop()) or None
        catalogue.load()
        assert not catalogue.complete
        assert len(catalogue) == 100
        catalogue.load()
        catalogue.stop()
        assert catalogue.complete
        assert ids(catalogue) == service.ids()


def test_a_refresh_shows_the_old_looks_until_the_new_ones_are_complete() -> None:
    with unloaded({"p": 3}, {"a": 60, "b": 40}) as (service, catalogue):
        catalogue.load()
        before, first_time = ids(catalogue), catalogue.loaded_at
        service.looks["public"] = [look for look in service.looks["public"] if look["id"] != "a-3"]
        service.looks["public"].append(look_record("new", group_id="b"))
        gate = service.before = Gate("public looks", first=2)
        catalogue.refresh()
        wait_until(catalogue, lambda now: now.refreshed == 53 and now.expected == 103)
        assert ids(catalogue) == before
        assert catalogue.progress == Progress(103, 103, True, True, None, (), (), 53)
        gate.opened.set()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids() != before
        assert catalogue.get("a-3") is None
        assert catalogue.progress.refreshed is None
        assert catalogue.loaded_at > first_time  # type: ignore[operator]


@pytest.mark.parametrize("end", ["failure", "stop"])
def test_a_refresh_that_ends_early_keeps_the_old_looks_and_continues_in_place(end: str) -> None:
    with unloaded({"p": 3}, {"a": 120}) as (service, catalogue):
        catalogue.load()
        before, first_time = ids(catalogue), catalogue.loaded_at
        service.seen.clear()
        service.looks["public"].reverse()
        answer = fails("public looks", 2)
        service.before = lambda seen: answer(seen) if end == "failure" else answer(seen) and catalogue.stop()
        catalogue.refresh()
        assert finish(catalogue)  # the old looks are
        assert isinstance(catalogue.progress.error, APIConnectionError) == (end == "failure")
        assert ids(catalogue) == before
        assert catalogue.loaded_at == first_time
        catalogue.load()
        assert catalogue.progress.error is None
        assert ids(catalogue) == service.ids() != before
        assert service.counts()["public looks"] == pages(120) + (end == "failure")
        assert service.counts()["private looks"] == 1


@pytest.mark.parametrize("refreshes", [False, True])
def test_calls_from_many_threads_end_with_each_look_loaded_once(refreshes: bool) -> None:
    with unloaded({"p": 130, "q": 20}, {"a": 330, "b": 70, "c": 9}) as (service, catalogue):

        def look() -> None:
            now = ids(catalogue)
            assert len(now) == len(set(now))

        acts = [catalogue.stop, lambda: catalogue.fetch_ahead(["b", "q"]), look, catalogue.load_in_background]
        acts.append(lambda: catalogue.fetch_ahead(avatar_type="digital_twin"))

        def ask(number: int) -> None:
            for step in range(20):
                acts[(number + step) % 5]()
                if refreshes and step % 10 == number:
                    catalogue.refresh()

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        assert end_of(threads)
        catalogue.load()
        assert ids(catalogue) == service.ids()


@pytest.mark.parametrize("part", PARTS)
def test_a_list_that_fails_leaves_the_others_running_and_is_continued_alone(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = ({f"{owner}{n}": 1 for n in range(70)} for owner in "mt")
    with unloaded(mine, theirs) as (service, catalogue):
        fault, gate = fails(part, 2, failure(500)), Gate(part)
        service.before = lambda seen: gate(seen) or fault(seen)
        catalogue.load_in_background()
        wait_until(catalogue, lambda now: now.missing == (part,))
        assert (catalogue.complete, catalogue.progress.complete, catalogue.progress.loading) == (False, False, True)
        assert catalogue.loaded_at is None
        ended, report = threading.Event(), catalogue._loader._report

        def end_late(*args: Any) -> bool:  # the thread of the list that failed
            return report(*args) and (not catalogue.progress.failed or ended.wait(PATIENCE))

        monkeypatch.setattr(catalogue._loader, "_report", end_late)
        gate.opened.set()
        assert not finish(catalogue)
        progress = catalogue.progress
        assert progress.missing == progress.failed == (part,)
        assert progress.expected == (None if "characters" in part else 140)
        assert isinstance(progress.error, APIStatusError)
        assert service.counts() == dict.fromkeys(PARTS, 2)
        service.seen.clear()
        catalogue.load()
        assert service.counts() == {part: 1}
        assert "token" in service.asked()[0].query
        assert ids(catalogue) == service.ids()
        assert list(catalogue.groups) == [*mine, *theirs]
        assert catalogue.progress == Progress(140, 140, True, False, None, (), (), None)
        assert catalogue.loaded_at is not None
        ended.set()
        assert end_of(our_threads())


@pytest.mark.parametrize(
    ("groups", "looks", "expected"), [([{"id": "a", "name": "A"}], 9, None), (None, 7, 9)], ids=["no number", "fewer"]
)
def test_the_expected_number_is_only_a_hint(groups: Any, looks: int, expected: int | None) -> None:
    with unloaded({}, {"a": 9}) as (service, catalogue):
        service.looks["public"] = service.looks["public"][:looks]
        if groups:
            service.before = fails("public characters", 1, reply({"data": groups, "has_more": False}))
        catalogue.load()
        progress = catalogue.progress
        assert (progress.loaded, progress.expected, progress.complete) == (looks, expected, True)


@pytest.mark.parametrize(
    ("answer", "errors", "requests"),
    [
        (failure(400, "invalid_parameter"), 1, pages(171)),
        *((answer, 2, pages(171)) for answer in (failure(404), failure(500), reply(b"<html>"), reply({"data": 5}))),
        (reply({"data": [], "has_more": True}), 2, pages(171)),  # without the next token
        # Errors that another token would not prevent.
        *((answer, 2, pages(171 - 100)) for answer in (failure(401), failure(403), failure(429), hang_up)),
        *((answer, 1, pages(171 - 100)) for answer in (failure(500), reply({"data": [], "has_more": True}))),
    ],
)
def test_a_list_whose_token_is_refused_starts_again_and_adds_no_look_twice(
    answer: Reply, errors: int, requests: int
) -> None:
    with unloaded({"p": 3}, {"a": 170}) as (service, catalogue):
        service.before = fails("public looks", 3, answer, times=errors)
        for _ in range(errors):
            with pytest.raises(HeyGenError):
                catalogue.load()
            assert len(catalogue) == 103
        service.seen.clear()
        service.looks["public"].insert(0, look_record("new", group_id="a"))
        catalogue.load()
        assert service.counts() == {"public looks": requests}
        if requests == pages(171):
            assert sorted(ids(catalogue)) == sorted(service.ids())
            assert ids(catalogue).index("new") <= 4  # in the order that the service has now


@pytest.mark.parametrize("part", ["public looks", "public characters"])
def test_a_missing_character_and_a_list_without_end_are_errors(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with unloaded({}, {"a": 3}, group_id="nobody") as (_, catalogue):
        with pytest.raises(APIStatusError, match="404"):
            catalogue.load()
        assert catalogue.progress.missing == ("character",)
    monkeypatch.setattr(paging, "MOST_RECORDS", 100)
    with unloaded({}, {f"t{n}": 1 for n in range(500)}) as (service, catalogue):
        if part == "public characters":
            service.looks["public"] = []
        for number in (2, 4):
            with pytest.raises(APIResponseError, match="list does not end"):
                catalogue.load()
            assert service.counts()[part] == number


@pytest.mark.parametrize("ahead", [False, True], ids=["list", "ahead"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_is_reported_and_ends_the_load_with_an_error(ahead: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    add_looks = LookStore.add_looks

    def broken(store: LookStore, *arguments: Any, **options: Any) -> None:
        if arguments[0] and options.get("ahead", False) == ahead:
            raise KeyError("a fault")
        add_looks(store, *arguments, **options)

    monkeypatch.setattr(LookStore, "add_looks", broken)
    gate = Gate("public looks")
    with held_up({}, {"a": 3, "b": 3}, gate) as (_, catalogue):
        if ahead:
            catalogue.fetch_ahead(["a"])
        else:
            gate.opened.set()
        wait_until(catalogue, lambda now: now.error)
        error = catalogue.progress.error
        assert "a fault" in str(error)
        assert isinstance(error.__cause__, KeyError)  # type: ignore[union-attr]
        gate.opened.set()
        assert finish(catalogue) == ahead


def test_a_list_that_gets_no_thread_is_an_error_of_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    with unloaded({"p": 3}, {"a": 60}) as (service, catalogue):
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("no new thread")))
            with pytest.raises(RuntimeError, match="new thread"):
                catalogue.load()
        assert "could not start" in str(catalogue.progress.error)
        catalogue.load()
        assert ids(catalogue) == service.ids()


@pytest.mark.parametrize("end", ["complete", "failure", "stop"])
def test_waiting_for_a_change_returns_when_the_load_ends(end: str) -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 60, "b": 100}, gate) as (service, catalogue):
        service.before = lambda seen: gate(seen) or (failure(500) if end == "failure" else None)
        if end == "stop":
            catalogue.stop()
        gate.opened.set()
        revision = -1
        while catalogue.progress.loading:
            later = catalogue.wait_for_change(revision, timeout=PATIENCE)
            assert later != revision, "the end of the load is no change"
            revision = later
        assert catalogue.complete == (end == "complete")
        assert catalogue.wait_for_change(catalogue.revision, timeout=0.01) == catalogue.revision


def test_objects_that_follow_the_load_are_called_when_a_load_starts() -> None:
    class Follower:
        def note(self) -> None:
            # Another thread can use the catalogue in the meantime: no lock is held.
            thread = threading.Thread(target=lambda: seen.append(catalogue.progress.loading))
            thread.start()
            thread.join(PATIENCE)

    seen: list[bool] = []
    with held_up({}, {"a": 60}, gate := Gate("public looks", first=2)) as (service, catalogue):
        follower, nobody = Follower(), Follower()
        catalogue.on_load(follower.note)
        catalogue.on_load(nobody.note)
        del nobody
        shown = ids(catalogue)
        catalogue.refresh()
        assert seen == [True]
        assert ids(catalogue)[: len(shown)] == shown
        gate.opened.set()
        catalogue.load()
        assert ids(catalogue) == service.ids()
        number = len(seen)
        catalogue.load()
        assert len(seen) == number  # nothing was left to load


def test_load_draws_a_bar_on_stderr_and_nothing_if_all_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    with unloaded({"p": 3}, {"a": 120}) as (_, catalogue):
        catalogue.load()
        out, err = capsys.readouterr()
        assert out == ""
        assert [text in err for text in ("Loading looks", "123/123", "█")] == [True] * 3
        catalogue.load()
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_ends_a_load_after_the_requests_under_way_and_the_catalogue_stays_usable() -> None:
    with unloaded({}, {"a": 230}) as (service, catalogue):
        stopped = threading.Event()
        stop, catalogue.stop = catalogue.stop, lambda: (stop(), stopped.set())  # type: ignore[method-assign, assignment, func-returns-value]

        def interrupt(seen: Seen) -> None:
            if avatar_service.name_of(seen) == "public looks" and len(service.asked("public looks")) == 3:
                press_ctrl_c()
                stopped.wait(PATIENCE)

        service.before = interrupt
        with pytest.raises(KeyboardInterrupt):
            catalogue.load()
        assert not finish(catalogue)
        assert service.counts()["public looks"] == 3
        service.before = lambda _: None
        catalogue.load()
        assert service.counts()["public looks"] == pages(230)
        assert ids(catalogue) == service.ids()


def test_closing_waits_for_all_threads_and_keeps_the_loaded_looks() -> None:
    gate = Gate("public looks", first=2)
    with held_up({}, {"a": 230, "b": 60}, gate) as (service, catalogue):
        catalogue.fetch_ahead(["b"])
        wait_until(catalogue, lambda _: len(catalogue.select(LookFilter(group_id="b"))) == 60)
        gate.first = 10**6
        catalogue.refresh()  # the thread of the first load still waits for its page
        service.wait_for_request("public looks", 3)
        closer = threading.Thread(target=catalogue.close)
        closer.start()
        closer.join(0.3)
        closed_too_soon = not closer.is_alive() and bool(our_threads())
        gate.opened.set()
        assert end_of([closer])
        assert not closed_too_soon
        assert not our_threads()
        assert len(catalogue) > 60
        assert not catalogue.progress.loading
        catalogue.load()
        assert ids(catalogue) == service.ids()


@pytest.mark.parametrize("name", ["public looks", "looks of a"])
def test_sharing_keeps_no_catalogue_alive_and_its_threads_end(name: str) -> None:
    with running({"p": 3}, {"a": 230, "b": 60}) as (service, client):
        gate = service.before = Gate(name, first=2)
        catalogue = LookCatalogue.shared(client, cache=None)
        catalogue.itself = catalogue  # type: ignore[attr-defined]
        if name == "public looks":
            catalogue.load_in_background()
        else:
            catalogue.fetch_ahead(["a", "b"])
        service.wait_for_request(name, 2)
        gone = weakref.ref(catalogue)
        del catalogue
        collector = threading.Thread(target=lambda: [gc.collect() for _ in iter(lambda: gone() is None, True)])
        collector.start()  # again and again, because a thread that reports holds the catalogue for a moment
        assert end_of([collector])
        gate.opened.set()
        assert end_of(our_threads())
        assert service.counts()[name] == 2
        assert not service.asked("looks of b")
        assert len(LookCatalogue.shared(client, cache=None)) == 0


def test_two_threads_that_fork_wait_for_each_other_and_leave_no_lock() -> None:
    with running({}, {"a": 3}) as (_, client):
        catalogue = LookCatalogue(client, cache=None)

        def fork() -> None:
            loader._before_fork()
            loader._after_fork()

        loader._before_fork()
        other = threading.Thread(target=fork)
        other.start()
        other.join(0.1)
        assert other.is_alive()
        loader._after_fork()
        assert end_of([other])
        checked = threading.Thread(target=catalogue.load)  # this thread could take its own locks again
        checked.start()
        assert end_of([checked])


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="only POSIX forks")
def test_a_forked_child_has_no_load_under_way() -> None:
    program = """
import os, warnings
from heygen_widgets import HeyGenClient, LookCatalogue
from heygen_widgets.demo import DemoService
with DemoService(looks=400) as service, HeyGenClient(service.api_key, base_url=service.base_url) as client:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load_in_background()
    catalogue.fetch_ahead("unknown")
    catalogue.fetch_ahead(avatar_type="studio_avatar")
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of a fork with threads
    for _ in range(5):
        catalogue.wait_for_change(catalogue.revision, timeout=1)
        child = os.fork()
        if not child:
            os._exit(catalogue.progress.loading or not catalogue.wait(timeout=9) == catalogue.complete)
        assert os.waitpid(child, 0)[1] == 0
    catalogue.load()
    print(len(catalogue))
"""
    ended = avatar_service.run(program, TQDM_DISABLE="1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "400\n", "")


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
        service.before = lambda seen: ahead(seen) if "group_id" in seen.query else gate.wait(PATIENCE) and None
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
    scope = {"avatar_type": "digital_twin"}
    with held_up({}, {"a": 30}, gate := Gate("looks of digital_twin"), **scope) as (service, catalogue):
        assert catalogue.groups
        assert catalogue.characters() == []  # the group's number counts all types
        catalogue.fetch_ahead(["a"])
        wait_until(catalogue, lambda now: now.loaded == 10)
        assert service.asked("looks of a")[0].query["avatar_type"] == "digital_twin"
        assert [(character.id, character.expected) for character in catalogue.characters()] == [("a", 10)]
        catalogue.fetch_ahead(**scope)
        gate.opened.set()
        assert finish(catalogue)
        assert len(service.asked("looks of digital_twin")) == 2  # of the catalogue's own lists


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


def test_looks_that_could_not_be_fetched_ahead_are_no_error_when_they_are_loaded() -> None:
    private, public = Gate("private looks"), Gate("public looks")
    broken = fails("looks of digital_twin", 1, failure(500))
    with unloaded({"p": 3}, {"a": 3}) as (service, catalogue):
        service.before = lambda seen: private(seen) or public(seen) or broken(seen)
        catalogue.load_in_background()
        catalogue.fetch_ahead(avatar_type="digital_twin")
        wait_until(catalogue, lambda now: now.error)
        private.opened.set()
        wait_until(catalogue, lambda now: now.missing == ("public looks",))
        assert catalogue.progress.error is None
        public.opened.set()


@pytest.mark.parametrize(
    ("wanted", "requests", "loaded"),
    [
        ("studio_avatar", ["studio_avatar"] * 6, 300),
        (["Studio avatar", "digital_twin"], ["digital_twin"] * 2 + ["studio_avatar"] * 6, 360),
        ("photo_avatar", ["photo_avatar"] * 10, 500),  # enough to look at
        (["", "brand_new"], [], 0),  # the service cannot filter by these
    ],
)
def test_500_looks_of_a_type_come_early_and_end_in_their_place(wanted: Any, requests: list[str], loaded: int) -> None:
    with held_up({"p": 750}, {"a": 900, "b": 360}, gate := Gate("public looks")) as (service, catalogue):
        kinds = ["photo_avatar"] * 900 + ["studio_avatar"] * 300 + ["digital_twin"] * 60
        for look, kind in zip(service.looks["public"], kinds, strict=True):
            look["avatar_type"] = kind
        wait_until(catalogue, lambda now: now.missing == ("public looks",))
        for _ in range(2):
            catalogue.fetch_ahead(avatar_type=wanted)
            wait_until(catalogue, lambda now: now.loaded == 750 + loaded)
        gate.opened.set()
        assert finish(catalogue)
        assert ids(catalogue) == service.ids()
        assert [seen.query["avatar_type"] for seen in service.asked() if "avatar_type" in seen.query] == requests
        assert service.counts()["public looks"] == pages(1260)


def test_a_character_goes_before_a_type_which_is_continued_when_it_is_chosen_again() -> None:
    gate, ahead = Gate("public looks"), Gate("looks of digital_twin", first=2)
    with held_up({}, {"a": 20, "b": 300}, gate) as (service, catalogue):
        wait_until(catalogue, lambda now: now.missing == ("public looks",))
        service.before = lambda seen: gate(seen) or ahead(seen)
        catalogue.fetch_ahead(avatar_type="digital_twin")
        service.wait_for_request("looks of digital_twin", 2)
        catalogue.fetch_ahead("a", "digital_twin")  # the character is enough
        ahead.opened.set()
        wait_until(catalogue, lambda _: loaded_of(catalogue, "a") == 20)
        assert service.counts()["looks of digital_twin"] == 2
        catalogue.fetch_ahead(avatar_type="digital_twin")
        wait_until(catalogue, lambda now: now.loaded == 20 + 100)
        assert service.counts()["looks of digital_twin"] == pages(106)
