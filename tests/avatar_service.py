"""The service over a catalogue as small as a test needs, whose requests can be held up or answered otherwise."""

import os
import subprocess
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from loopback import Loopback, Reply, Seen, client_of, failure, hang_up, look as look_record, reply

from heygen_widgets.api import HeyGenClient
from heygen_widgets.catalogue import LookCatalogue, Progress

PATIENCE = 20  # s, before a test that waits for ever fails instead


class Service(Loopback):
    """Serves characters and their looks, private and public, as the real service does.

    Each character has a number of looks, which are named ``a-0``, ``a-1``, … and listed in turn, so that the service's
    own order is nobody else's.
    """

    def __init__(self, private: Mapping[str, int] | None = None, public: Mapping[str, int] | None = None) -> None:
        super().__init__(hang_up)
        self.characters = {"private": dict(private or {}), "public": dict(public or {})}
        self.looks = {owner: list(_in_turn(sizes)) for owner, sizes in self.characters.items()}
        self.before: Callable[[Seen], Reply | None] = lambda _: None  # answers otherwise, or holds up
        self.arrived = threading.Condition()

    def next_reply(self, seen: Seen) -> Reply:
        with self.arrived:
            self.seen.append(seen)
            self.arrived.notify_all()
        return self.before(seen) or self._answer(seen)

    def _answer(self, seen: Seen) -> Reply:
        query = seen.query
        owners = [query["ownership"]] if "ownership" in query else ["private", "public"]
        records = [_group(*item) for owner in owners for item in self.characters[owner].items()]
        if seen.path == "/v3/avatars/looks":
            records = [look for owner in owners for look in self.looks[owner] if _passes(look, query)]
        elif seen.path != "/v3/avatars":
            found = [record for record in records if seen.path == f"/v3/avatars/{record['id']}"]
            return reply({"data": found[0]}) if found else failure(404)
        seal = "/".join([seen.path, *(f"{name}={query[name]}" for name in sorted(query) if name != "token")])
        start, limit = 0, int(query["limit"])
        if "token" in query:
            if not query["token"].startswith(f"{seal}/"):
                return failure(400, "invalid_parameter", "token is not of this query")
            start = int(query["token"].rpartition("/")[2])
        stop = start + limit
        more = stop < len(records)
        return reply({"data": records[start:stop], "has_more": more, "next_token": f"{seal}/{stop}" if more else None})

    def ids(self) -> list[str]:
        """Give the ids of all looks as a catalogue should have them."""
        return [look["id"] for owner in ("private", "public") for look in self.looks[owner]]

    def asked(self, name: str = "") -> list[Seen]:
        """Give the requests so far for something, as `name_of` calls it; all unless given."""
        with self.arrived:
            return [seen for seen in self.seen if name in ("", name_of(seen))]

    def counts(self) -> Counter[str]:
        return Counter(map(name_of, self.asked()))

    def wait_for_request(self, name: str, number: int = 1) -> None:
        """Wait until something has been asked for so many times."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.asked(name)) >= number, PATIENCE), f"nobody asked for {name}"


def _in_turn(sizes: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for number in range(max(sizes.values(), default=0)):
        for name, size in sizes.items():
            if number < size:
                kind = "digital_twin" if number % 3 == 2 else "photo_avatar"
                yield look_record(f"{name}-{number}", group_id=name, avatar_type=kind)


def _passes(look: dict[str, Any], query: dict[str, str]) -> bool:
    group_id = query.get("group_id")
    # A look that does not tell its character still belongs to one.
    belongs = not group_id or look["id"].rpartition("-")[0] == group_id
    return belongs and query.get("avatar_type") in (None, look["avatar_type"])


def _group(group_id: str, looks_count: int) -> dict[str, Any]:
    return {"id": group_id, "name": f"Character {group_id}", "created_at": 1_700_000_000, "looks_count": looks_count}


def name_of(seen: Seen) -> str:
    """Name what is asked for: ``private looks``, ``public characters``, ``looks of a`` (or a type), ``character a``."""
    if seen.path == "/v3/avatars":
        return f"{seen.query['ownership']} characters"
    if seen.path != "/v3/avatars/looks":
        return f"character {seen.path.rpartition('/')[2]}"
    chosen = seen.query.get("group_id") or seen.query.get("avatar_type")
    return f"looks of {chosen}" if chosen else f"{seen.query['ownership']} looks"


class Gate:
    """Holds up the requests for something from the given one on (the first is 1), until it is opened."""

    def __init__(self, name: str, first: int = 1) -> None:
        self.name, self.first = name, first
        self.opened = threading.Event()
        self._numbers = count(1)

    def __call__(self, seen: Seen) -> None:
        if name_of(seen) == self.name and next(self._numbers) >= self.first:
            self.opened.wait(PATIENCE)


def fails(name: str, first: int, answer: Reply = hang_up, times: int = 1) -> Callable[[Seen], Reply | None]:
    """Answer the requests for something otherwise: so many from the given one on (the first is 1)."""
    numbers = count(1)

    def before(seen: Seen) -> Reply | None:
        return answer if name_of(seen) == name and first <= next(numbers) < first + times else None

    return before


def pages(*numbers: int) -> int:
    """Count the fewest requests for lists of so many records."""
    return sum(max(1, -(-number // 50)) for number in numbers)


@contextmanager
def running(
    private: Mapping[str, int] | None = None, public: Mapping[str, int] | None = None
) -> Iterator[tuple[Service, HeyGenClient]]:
    with Service(private, public) as service, client_of(service, max_retries=0) as client:
        yield service, client


@contextmanager
def held_up(
    private: Mapping[str, int], public: Mapping[str, int], gate: Gate, **scope: Any
) -> Iterator[tuple[Service, LookCatalogue]]:
    """Give a catalogue that is loading: its characters are loaded, and the gate delays one list."""
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


def wait_until(catalogue: LookCatalogue, reached: Callable[[Progress], object]) -> None:
    """Wait for a change after which something holds of the progress."""
    revision = catalogue.revision
    while not reached(catalogue.progress):
        later = catalogue.wait_for_change(revision, timeout=PATIENCE)
        assert later != revision, f"nothing changes any more: {catalogue.progress}"
        revision = later


def finish(catalogue: LookCatalogue) -> bool:
    """Wait until loading has ended, and fail instead of waiting for ever."""
    catalogue.wait(PATIENCE)
    assert not catalogue.progress.loading
    return catalogue.complete


def ids(catalogue: Iterable[Any]) -> list[str]:
    return [look.id for look in catalogue]


_earlier: set[threading.Thread] = set()


def said(caught: Iterable[warnings.WarningMessage]) -> list[warnings.WarningMessage]:
    """Leave out the sockets of other tests, which may be collected at any moment."""
    return [warning for warning in caught if warning.category is not ResourceWarning]


def forget_threads() -> None:
    """Let `our_threads` give none of those that run by now, which other tests have begun."""
    _earlier.clear()
    _earlier.update(threading.enumerate())


def our_threads() -> set[threading.Thread]:
    """Give the package's threads that have begun in this test."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("heygen_widgets: ")} - _earlier


def end_of(threads: Iterable[threading.Thread]) -> bool:
    """Wait for threads; tell whether they have ended."""
    for thread in threads:
        thread.join(PATIENCE)
        if thread.is_alive():
            return False
    return True


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60)
