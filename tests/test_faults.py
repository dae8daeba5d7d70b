"""What a user gets for each fault of the service or the network: of a page, of all pages, and of a catalogue."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from avatar_service import PATIENCE, ids
from faults import KINDS, LATER_PAGES, Fault, FaultyService
from loopback import hurry

from heygen_widgets import HeyGenClient, HeyGenError, LookCatalogue, LookPicker
from heygen_widgets.errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    PermissionDeniedError,
    RateLimitError,
)

LOOKS = 230  # five pages, some of them private


@dataclass(frozen=True)
class Row:
    """Faults with the same outcome: the error of each, or None, and whether the client retries."""

    errors: dict[str, type[HeyGenError] | None]
    is_retried: bool = False


def _row(kinds: str, error: type[HeyGenError] | None, *, is_retried: bool = False) -> Row:
    return Row(dict.fromkeys(kinds.split(), error), is_retried)


MATRIX = [
    _row("500 502 html-502 503 504", APIStatusError, is_retried=True),
    _row("reset-before reset-headers reset-body", APIConnectionError, is_retried=True),
    _row("429 429-bare", RateLimitError, is_retried=True),
    Row({"401": AuthenticationError, "403": PermissionDeniedError}),
    _row("silent", APITimeoutError),
    _row("html", APIResponseError),
    _row("no-id", None),
    _row("surrogate", None),
    _row("repeated-token no-token", APIResponseError),
    _row("stale-token", APIStatusError),
    _row("duplicates appear", None),
    _row("vanish", None),
]
ROW_OF = {kind: row for row in MATRIX for kind in row.errors}
BAD_TOKENS = ("repeated-token", "no-token")

every_kind = pytest.mark.parametrize("kind", KINDS)
# Beyond one page, the outcome depends only on the row, except for these.
each_row = pytest.mark.parametrize(
    "kind", [*(next(iter(row.errors)) for row in MATRIX), "reset-body", "no-token", "appear"]
)
once_or_lasting = pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])


@contextmanager
def faulty(kind: str, lasting: bool = False) -> Iterator[tuple[FaultyService, HeyGenClient]]:
    """Give a service with a fault in the second page of looks, or in all pages from there, and a client of it."""
    nth = 1 if kind in LATER_PAGES else 2
    fault = Fault(kind, "/v3/avatars/looks", nth, times=math.inf if lasting else 1)
    timeout = (60.0, 0.5) if ROW_OF[kind].errors[kind] is APITimeoutError else (60.0, 60.0)
    with (
        FaultyService(LOOKS, faults=[fault]) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, timeout=timeout) as client,
    ):
        waits = hurry(client._transport)
        yield service, client
        assert service.struck[kind], "no request had the fault"
        assert all(0 < wait <= 30 + 5 for wait in waits)


def listed(service: FaultyService) -> list[str]:
    return [look.id for look in service.catalogue.select_looks(ownership="public")]


def assert_all_but(missing: int, found: list[str], every: list[str]) -> None:
    assert len(found) == len(every) - missing
    assert found == [look_id for look_id in every if look_id in found]


def is_repaired(looks: Iterable[object]) -> bool:
    return any("\N{REPLACEMENT CHARACTER}" in look.name for look in looks)  # type: ignore[attr-defined]


def test_every_kind_of_fault_has_a_row() -> None:
    assert sorted(kind for row in MATRIX for kind in row.errors) == sorted(KINDS)


@every_kind
@once_or_lasting
def test_one_page(kind: str, lasting: bool) -> None:
    row, error = ROW_OF[kind], ROW_OF[kind].errors[kind]
    with faulty(kind, lasting) as (service, client):
        every = listed(service)
        first = client.list_looks(ownership="public", limit=50)
        assert ids(first) == every[:50]
        query = {"ownership": "public", "limit": 50, "token": first.next_token}
        if kind == "no-id":
            # One warning, which counts the records.
            with pytest.warns(UserWarning, match="1 of 50"):
                page = client.list_looks(**query)
            assert_all_but(1, ids(page), every[50:100])
        elif kind in BAD_TOKENS:
            page = client.list_looks(**query)
            assert (ids(page), page.has_more) == (every[50:100], True)
            assert page.next_token == (first.next_token if kind == "repeated-token" else None)
        elif error is None:
            page = client.list_looks(**query)
            served = {"duplicates": range(45, 100), "appear": range(49, 99), "vanish": range(51, 101)}
            assert ids(page) == [every[n] for n in served.get(kind, range(50, 100))]
            assert is_repaired(page) == (kind == "surrogate")
        elif row.is_retried and not lasting:
            assert ids(client.list_looks(**query)) == every[50:100]
            assert client.retries == 1
        else:
            with pytest.raises(error) as caught:
                client.list_looks(**query)
            assert type(caught.value) is error
            assert client.retries == (2 if row.is_retried else 0)
            if not lasting:
                assert ids(client.list_looks(**query)) == every[50:100]


@each_row
@once_or_lasting
def test_all_pages(kind: str, lasting: bool) -> None:
    row, error = ROW_OF[kind], ROW_OF[kind].errors[kind]
    found: list[str] = []
    with faulty(kind, lasting) as (service, client), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        every, looks = listed(service), client.iter_looks(ownership="public")
        if error is None or (row.is_retried and not lasting):
            found = ids(looks)
            missing = service.struck[kind] if kind in ("no-id", "vanish") else 0
            assert_all_but(missing, found, every)
            assert client.retries == (1 if row.is_retried else 0)
        else:
            with pytest.raises(error) as caught:
                found.extend(look.id for look in looks)
            assert type(caught.value) is error
            assert found == every[: 100 if kind in BAD_TOKENS else 50]
        if kind == "no-id":
            assert len(warned) == service.struck[kind] == (4 if lasting else 1)


def assert_stopped(catalogue: LookCatalogue, service: FaultyService, kind: str) -> None:
    """Check a catalogue whose load has ended with the error of the fault."""
    assert not catalogue.complete
    assert ids(catalogue) == listed(service)[: 100 if kind in BAD_TOKENS else 50]
    assert type(catalogue.progress.error) is ROW_OF[kind].errors[kind]
    assert catalogue.progress.failed == ("public looks",)


def assert_complete(catalogue: LookCatalogue, service: FaultyService, kind: str) -> None:
    assert catalogue.complete
    assert catalogue.progress.error is None
    assert catalogue.progress.expected == len(listed(service))
    assert_all_but(service.struck[kind] if kind in ("no-id", "vanish") else 0, ids(catalogue), listed(service))
    assert is_repaired(catalogue) == (kind == "surrogate")


@pytest.mark.filterwarnings("ignore:GET /v3/avatars/looks. 1 of")
@each_row
@once_or_lasting
def test_a_catalogue(kind: str, lasting: bool) -> None:
    row, error = ROW_OF[kind], ROW_OF[kind].errors[kind]
    with faulty(kind, lasting) as (service, client):
        catalogue = LookCatalogue(client, ownership="public", cache=None)
        if error is None or (row.is_retried and not lasting):
            catalogue.load()
            assert_complete(catalogue, service, kind)
            assert client.retries == (1 if row.is_retried else 0)
            return
        with pytest.raises(error):
            catalogue.load()
        assert_stopped(catalogue, service, kind)
        requests = len(service.requests)
        if lasting:
            with pytest.raises(error):
                catalogue.load()
            assert_stopped(catalogue, service, kind)
        else:
            catalogue.load()
            assert_complete(catalogue, service, kind)
            # The load continues where it stopped, except after a token that is not valid any more.
            pages = -(-len(listed(service)) // 50)
            assert len(service.requests) - requests == pages - (kind != "stale-token")


@pytest.mark.parametrize("kind", ["403", "stale-token"])
@once_or_lasting
def test_a_picker_continues_with_retry_and_keeps_the_selection(kind: str, lasting: bool) -> None:
    with faulty(kind, lasting) as (service, client):
        picker = LookPicker(LookCatalogue(client, ownership="public", cache=None))
        for check in (assert_stopped, assert_stopped if lasting else assert_complete):
            picker.catalogue.wait(PATIENCE)
            check(picker.catalogue, service, kind)
            picker.selected_id = listed(service)[7]
            picker.vue_retry()
        picker.catalogue.wait(PATIENCE)
        assert picker.selected_id == listed(service)[7]
        picker.close()


def random_faults(kinds: list[str], share: float) -> list[Fault]:
    """Give rules that together strike a share of all requests, each kind equally often."""
    return [Fault(kind, probability=share / len(kinds), seed=seed) for seed, kind in enumerate(kinds)]


def in_catalogue_order(service: FaultyService) -> list[str]:
    return [look.id for owner in ("private", "public") for look in service.catalogue.select_looks(ownership=owner)]


def test_a_whole_catalogue_loads_through_temporary_faults() -> None:
    kinds = [kind for row in MATRIX if row.is_retried for kind in row.errors]
    with (
        FaultyService(5_000, faults=random_faults(kinds, 0.2)) as service,
        # Eleven faults in a row have a probability of one in fifty million.
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=10) as client,
    ):
        hurry(client._transport)
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        assert catalogue.complete
        assert ids(catalogue) == in_catalogue_order(service)
        assert client.retries == sum(service.struck.values()) > 5
        assert len(service.struck) > 3, "too few kinds"


def test_a_whole_catalogue_loads_through_all_faults_if_load_is_called_again() -> None:
    # Faults that lose a record are left out: the whole catalogue would not arrive.
    kinds = [kind for kind in KINDS if kind not in ("no-id", "vanish", "surrogate")]
    with (
        FaultyService(2_000, faults=random_faults(kinds, 0.2)) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, timeout=(5, 0.2)) as client,
    ):
        hurry(client._transport)
        catalogue = LookCatalogue(client, cache=None)
        while not catalogue.complete:
            with suppress(HeyGenError):
                catalogue.load()
        assert ids(catalogue) == in_catalogue_order(service)
        assert len(service.struck) > 3, "too few kinds"
