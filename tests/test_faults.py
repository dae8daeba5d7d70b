"""What a user gets of each fault of the service or the network: one matrix, which the README shows as a table."""

from __future__ import annotations

import itertools
import socket
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from avatar_service import PATIENCE, ids
from loopback import hurry

from heygen_widgets import HeyGenClient, HeyGenError, LookCatalogue, LookPicker, Page
from heygen_widgets.demo import FAULT_KINDS, DemoService, Fault, _faults
from heygen_widgets.errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    InsufficientCreditError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

README = Path(__file__).parents[1] / "README.md"
LOOKS = 230  # five pages, some of them private


@dataclass(frozen=True)
class Row:
    """Faults of which users get the same.

    Attributes
    ----------
    faults : str
        In words.
    errors : dict
        What each kind ends in, where it ends in an error.
    page, pages, catalogue, picker : str
        What the user gets of one page, of all pages, of a catalogue and of a picker.
    retried : bool
        Whether the client sends the request again.
    """

    faults: str
    errors: dict[str, type[HeyGenError] | None]
    page: str
    pages: str
    catalogue: str
    picker: str
    retried: bool = False

    @property
    def cells(self) -> str:
        return " | ".join([self.faults, self.page, self.pages, self.catalogue, self.picker])


def _failing(faults: str, errors: dict[str, type[HeyGenError]], page: str = "") -> Row:
    return Row(
        faults,
        {**errors},
        page or _names(errors),
        "those before, then the error",
        "what came, and the error",
        "what came, the error, *Retry*",
    )


def _retried(faults: str, errors: dict[str, type[HeyGenError]], wait: str) -> Row:
    return Row(
        faults,
        {**errors},
        f"the page, {wait}; if it lasts, {_names(errors)}",
        "all looks; if it lasts, those before, then the error",
        "all looks; if it lasts, what came, and the error",
        "all cards; if it lasts, what came, the error, *Retry*",
        retried=True,
    )


def _names(errors: dict[str, type[HeyGenError]]) -> str:
    return " or ".join(dict.fromkeys(f"`{error.__name__}`" for error in errors.values()))


MATRIX = [
    _retried(
        "500, 502 (also as HTML), 503, 504",
        dict.fromkeys(("500", "502", "html-502", "503", "504"), APIStatusError),
        "after 1 s, then 2 s",
    ),
    _retried(
        "connection refused, or reset before, in or after the headers; a body shorter than announced",
        dict.fromkeys(
            ("reset-before", "refused", "reset-headers", "reset-body", "taken", "length-long"), APIConnectionError
        ),
        "after 1 s, then 2 s",
    ),
    _retried(
        "429 with `Retry-After` in s, as a date, absent, negative or absurd",
        dict.fromkeys(("429", "429-date", "429-bare", "429-negative", "429-absurd"), RateLimitError),
        "after as long as asked for, at most 30 s, or else as above",
    ),
    _failing(
        "401, 402, 403, 404, 409",
        {
            "401": AuthenticationError,
            "402": InsufficientCreditError,
            "403": PermissionDeniedError,
            "404": NotFoundError,
            "409": APIStatusError,
        },
        "the error of that status",
    ),
    _failing(
        "silence; headers or a body that drip for ever",
        dict.fromkeys(("silent", "drip", "drip-headers"), APITimeoutError),
        "`APITimeoutError`, once the time-out is over",
    ),
    _failing(
        "HTML or nothing with 200; JSON cut short, nested without end or of another shape; NaN, a number of 5,000 "
        "digits; a body longer than announced",
        dict.fromkeys(
            ("html", "empty", "truncated", "deep", "list", "null", "data-null", "nan", "long-number", "length-short"),
            APIResponseError,
        ),
    ),
    _failing(
        "more than 8 MiB, packed or not; gzip that cannot be unpacked",
        dict.fromkeys(("huge", "gzip-bomb", "bad-gzip"), APIResponseError),
    ),
    _failing(
        "a redirect to another host, to plain http, or in a circle: none is followed",
        dict.fromkeys(("redirect-host", "redirect-http", "redirect-circle"), APIResponseError),
    ),
    Row(
        "a record without an id, or with a number for a name",
        dict.fromkeys(("no-id", "number-name")),
        "the page without it, and a warning",
        "all others, and a warning",
        "all others, and a warning",
        "all others, and how many were announced",
    ),
    Row(
        "a lone surrogate in a name",
        {"surrogate": None},
        "the page, with U+FFFD for it",
        "all looks, with U+FFFD for it",
        "all looks, with U+FFFD for it",
        "all cards, with U+FFFD for it",
    ),
    Row(
        "a next token that came before, or `has_more` without one",
        {"repeated-token": APIResponseError, "no-token": APIResponseError},
        "the page",
        "those so far, then `APIResponseError`",
        "what came, and the error",
        "what came, the error, *Retry*",
    ),
    Row(
        "a token that turns 400 midway",
        {"stale-token": APIStatusError},
        "`APIStatusError`",
        "those before, then the error",
        "what came, and the error; the next load begins anew",
        "what came, the error, *Retry*, which begins anew",
    ),
    Row(
        "looks that come twice, or that appear between two pages",
        {"duplicates": None, "appear": None},
        "the page as served",
        "each look once",
        "each look once",
        "each look once",
    ),
    Row(
        "a look that vanishes between two pages, and another with it from the list",
        {"vanish": None},
        "the page as served",
        "all that were listed",
        "all that were listed; `progress.expected` counts more",
        "all that were listed, and how many were announced",
    ),
]
ROW_OF = {kind: row for row in MATRIX for kind in row.errors}

# These are about the page that a token leads to, and leave the first one alone.
OF_LATER_PAGES = ("repeated-token", "no-token", "stale-token", "duplicates", "appear", "vanish")

# What is left is about pictures and films alone.
KINDS = [kind for kind in FAULT_KINDS if kind != "cut"]

every_kind = pytest.mark.parametrize("kind", KINDS)
# What a user gets of more than a page depends on the row alone, but for these.
OTHERS = ("reset-body", "no-token", "appear")
each_row = pytest.mark.parametrize("kind", [*(next(iter(row.errors)) for row in MATRIX), *OTHERS])
once_or_lasting = pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the service refuse connections only shortly."""
    monkeypatch.setattr(_faults, "PAUSE", 0.05)


@contextmanager
def faulty(kind: str, lasting: bool = False) -> Iterator[tuple[DemoService, HeyGenClient]]:
    """Give a service that answers the second request for looks otherwise, or all from then on, and a client of it."""
    nth = 1 if kind in OF_LATER_PAGES else 2
    fault = Fault(kind, endpoint="looks", nth=nth, times=None if lasting else 1)
    timeout = (60.0, 0.5) if ROW_OF[kind].errors[kind] is APITimeoutError else (60.0, 60.0)
    with (
        DemoService(LOOKS, faults=[fault]) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, timeout=timeout) as client,
    ):
        waits = hurry(client._transport, lambda: wait_for_listener(service.base_url))
        yield service, client
        assert service.struck[kind], "the fault has not been met"
        assert all(0 < wait <= 30 + 5 for wait in waits)


def wait_for_listener(address: str) -> None:
    parts = urlsplit(address)
    while True:
        try:
            socket.create_connection((parts.hostname or "", parts.port or 0)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return


def listed(service: DemoService) -> list[str]:
    return [look.id for look in service.catalogue.select_looks(ownership="public")]


def page_of(client: HeyGenClient, token: str | None = None) -> Page:
    return client.list_looks(ownership="public", limit=50, token=token)


def expected(kind: str, service: DemoService) -> list[str]:
    """Give the ids of the looks that all pages together have, where no error ends them."""
    every = listed(service)
    if kind == "vanish":
        del every[50]
    return every


def check_all_but_one(found: list[str], every: list[str]) -> None:
    assert len(found) == len(every) - 1
    assert found == [look_id for look_id in every if look_id in found]


@contextmanager
def warns_of_one_record() -> Iterator[None]:
    with pytest.warns(UserWarning, match="1 of 50 records cannot be read and are left out"):
        yield


def test_the_matrix_has_a_row_for_each_fault_and_no_empty_cell() -> None:
    kinds = list(itertools.chain.from_iterable(row.errors for row in MATRIX))
    assert sorted(kinds) == sorted(KINDS)
    assert all([row.faults, row.page, row.pages, row.catalogue, row.picker] for row in MATRIX)
    assert all(cell.strip() for row in MATRIX for cell in row.cells.split(" | "))


def test_the_readme_shows_the_matrix() -> None:
    shown = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert [line for row in MATRIX if (line := f"| {row.cells} |") not in shown] == []


@every_kind
@once_or_lasting
def test_of_one_page(kind: str, lasting: bool) -> None:
    row = ROW_OF[kind]
    error = row.errors[kind]
    with faulty(kind, lasting) as (service, client):
        first = page_of(client)
        assert ids(first) == listed(service)[:50]
        if kind in ("no-id", "number-name"):
            with warns_of_one_record():
                page = page_of(client, first.next_token)
            check_all_but_one(ids(page), listed(service)[50:100])
        elif kind in ("repeated-token", "no-token"):
            page = page_of(client, first.next_token)
            assert ids(page) == listed(service)[50:100]
            assert page.has_more
            assert page.next_token == (first.next_token if kind == "repeated-token" else None)
        elif error is None:
            page = page_of(client, first.next_token)
            served = {"duplicates": [*range(45, 100)], "appear": [*range(49, 99)], "vanish": [*range(51, 101)]}
            assert ids(page) == [listed(service)[n] for n in served.get(kind, range(50, 100))]
            assert any("\N{REPLACEMENT CHARACTER}" in look.name for look in page) == (kind == "surrogate")
        elif row.retried and not lasting:
            assert ids(page_of(client, first.next_token)) == listed(service)[50:100]
            assert client.retries == 1
        else:
            with pytest.raises(error) as caught:
                page_of(client, first.next_token)
            assert type(caught.value) is error
            assert client.retries == (2 if row.retried else 0)
            if not lasting:
                assert ids(page_of(client, first.next_token)) == listed(service)[50:100]


@each_row
@once_or_lasting
def test_of_all_pages(kind: str, lasting: bool) -> None:
    row = ROW_OF[kind]
    error = row.errors[kind]
    found = []
    with faulty(kind, lasting) as (service, client):
        looks = client.iter_looks(ownership="public")
        if kind in ("no-id", "number-name"):
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                found = ids(looks)
            spoilt = service.struck[kind]
            assert len(warned) == spoilt == (4 if lasting else 1)
            assert len(found) == len(listed(service)) - spoilt
            assert found == [look_id for look_id in listed(service) if look_id in found]
        elif error is None or (row.retried and not lasting):
            found = ids(looks)
            if kind == "vanish" and lasting:
                assert len(found) == len(listed(service)) - service.struck[kind]
                assert found == [look_id for look_id in listed(service) if look_id in found]
            else:
                assert found == expected(kind, service)
            assert client.retries == (1 if row.retried else 0)
        else:
            with pytest.raises(error) as caught:
                found.extend(look.id for look in looks)
            assert type(caught.value) is error
            assert found == listed(service)[: 100 if kind in ("repeated-token", "no-token") else 50]


def check_what_came(catalogue: LookCatalogue, service: DemoService, kind: str) -> None:
    """Check what is there after a load that the fault has ended, or has not."""
    error = ROW_OF[kind].errors[kind]
    came = 100 if kind in ("repeated-token", "no-token") else 50
    assert not catalogue.complete
    assert ids(catalogue) == listed(service)[:came]
    assert type(catalogue.progress.error) is error
    assert catalogue.progress.failed == ("public looks",)


def check_end(catalogue: LookCatalogue, service: DemoService, kind: str) -> None:
    """Check a catalogue that has come to its end in spite of the fault, or after it."""
    every, found = listed(service), ids(catalogue)
    left_out = service.struck[kind] if kind in ("no-id", "number-name", "vanish") else 0
    assert catalogue.complete
    assert catalogue.progress.error is None
    assert catalogue.progress.expected == len(every)
    assert len(found) == len(every) - left_out
    assert found == [look_id for look_id in every if look_id in found]
    assert any("\N{REPLACEMENT CHARACTER}" in look.name for look in catalogue) == (kind == "surrogate")


@pytest.mark.filterwarnings("ignore:GET /v3/avatars/looks. 1 of")
@each_row
@once_or_lasting
def test_of_a_catalogue(kind: str, lasting: bool) -> None:
    row = ROW_OF[kind]
    error = row.errors[kind]
    with faulty(kind, lasting) as (service, client):
        catalogue = LookCatalogue(client, ownership="public", cache=None)
        if error is None or (row.retried and not lasting):
            catalogue.load()
            check_end(catalogue, service, kind)
            assert client.retries == (1 if row.retried else 0)
            return
        with pytest.raises(error):
            catalogue.load()
        check_what_came(catalogue, service, kind)
        asked = len(service.requests)
        if lasting:
            with pytest.raises(error):
                catalogue.load()
            check_what_came(catalogue, service, kind)
        else:
            catalogue.load()
            check_end(catalogue, service, kind)
            # From where it stood, but for a token that was good for nothing any more.
            fewest = -(-len(listed(service)) // 50)
            assert len(service.requests) - asked == fewest - (kind != "stale-token")


def shown(picker: LookPicker) -> list[str]:
    """Give the ids of all cards, as the picker's views have them."""
    catalogue = picker.catalogue
    assert catalogue.wait(PATIENCE) or not catalogue.progress.loading
    picker._publish()
    return [
        card["id"] for start in range(0, picker.status["shown"], 100) for card in picker._window(start, 100)["looks"]
    ]


@pytest.mark.filterwarnings("ignore:GET /v3/avatars/looks. 1 of")
@each_row
@once_or_lasting
def test_of_a_picker(kind: str, lasting: bool) -> None:
    row = ROW_OF[kind]
    error = row.errors[kind]
    with faulty(kind, lasting) as (service, client):
        picker = LookPicker(LookCatalogue(client, ownership="public", cache=None))
        cards = shown(picker)
        if error is None or (row.retried and not lasting):
            assert picker.error == ""
            check_end(picker.catalogue, service, kind)
        else:
            check_what_came(picker.catalogue, service, kind)
            assert picker.error == f"Not complete: public looks. {picker.catalogue.progress.error}"
            chosen = cards[7]
            picker.vue_choose(chosen)
            picker.vue_retry()
            cards = shown(picker)
            assert picker.selected_id == chosen
            if lasting:
                check_what_came(picker.catalogue, service, kind)
                assert picker.error
            else:
                check_end(picker.catalogue, service, kind)
                assert picker.error == ""
        assert cards == ids(picker.catalogue)
        assert picker.status["expected"] == len(listed(service))
        picker.close()


def random_faults(kinds: Iterable[str], share: float) -> list[Fault]:
    """Give a fault of each kind, each as likely, that together strike a share of all requests."""
    every = list(kinds)
    return [Fault(kind, probability=share / len(every), seed=seed) for seed, kind in enumerate(every)]


def catalogue_order(service: DemoService) -> list[str]:
    return [look.id for owner in ("private", "public") for look in service.catalogue.select_looks(ownership=owner)]


def test_a_whole_catalogue_comes_through_faults_that_pass() -> None:
    # While nothing listens, others than the one that was struck are refused too, and would be counted.
    passing = [kind for row in MATRIX if row.retried for kind in row.errors if kind != "refused"]
    with (
        DemoService(5_000, faults=random_faults(passing, 0.2)) as service,
        # Eleven faults in a row are as unlikely as one in fifty million.
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=10) as client,
    ):
        hurry(client._transport)
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        assert catalogue.complete
        assert ids(catalogue) == catalogue_order(service)
        assert client.retries == sum(service.struck.values()) > 5
        assert len(service.struck) > 3, "too few kinds to speak of"


def test_a_whole_catalogue_comes_through_every_fault_when_load_is_called_again() -> None:
    # Those of which a record is left out would be met at once, and the whole of it would not come.
    losing = {"no-id", "number-name", "vanish", "surrogate"}
    ending = [kind for kind in KINDS if kind not in losing]
    with (
        DemoService(2_000, faults=random_faults(ending, 0.2)) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, timeout=(5, 0.2)) as client,
    ):
        hurry(client._transport, lambda: wait_for_listener(service.base_url))
        catalogue = LookCatalogue(client, cache=None)
        while not catalogue.complete:
            with suppress(HeyGenError):
                catalogue.load()
        assert ids(catalogue) == catalogue_order(service)
        assert len(service.struck) > 3, "too few kinds to speak of"
