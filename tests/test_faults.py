"""What a user gets for each fault of the service or the network."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from avatar_service import ids
from faults import KINDS, Fault, FaultyService
from loopback import hurry

from heygen_widgets import HeyGenClient, HeyGenError, LookCatalogue, errors

OWNERS = ("private", "public")
LOOKS = 230  # five pages, some of them private
# Kinds of faults with the same outcome: the error, and whether the client retries.
MATRIX: list[tuple[str, type[HeyGenError], bool]] = [
    ("500 502 html-502 503 504", errors.APIStatusError, True),
    ("reset-before reset-headers reset-body", errors.APIConnectionError, True),
    ("429 429-bare", errors.RateLimitError, True),
    ("401", errors.AuthenticationError, False),
    ("403", errors.PermissionDeniedError, False),
    ("stale-token", errors.APIStatusError, False),
    ("silent", errors.APITimeoutError, False),
    ("html", errors.APIResponseError, False),
]
OUTCOMES = {kind: (error, is_retried) for kinds, error, is_retried in MATRIX for kind in kinds.split()}


@contextmanager
def faulty(kind: str, lasting: bool) -> Iterator[tuple[FaultyService, HeyGenClient]]:
    """Give a service with a fault in the second page of looks, or in all pages from there, and a client of it."""
    fault = Fault(kind, "/v3/avatars/looks", nth=2, times=math.inf if lasting else 1)
    timeout = (60.0, 0.5) if OUTCOMES[kind][0] is errors.APITimeoutError else (60.0, 60.0)
    with (
        FaultyService(LOOKS, faults=[fault]) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, timeout=timeout) as client,
    ):
        waits = hurry(client._transport)
        yield service, client
        assert service.struck[kind], "no request had the fault"
        assert all(0 < wait <= 30 + 5 for wait in waits)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
def test_one_page(kind: str, lasting: bool) -> None:
    error, is_retried = OUTCOMES[kind]
    with faulty(kind, lasting) as (service, client):
        every = [look.id for look in service.catalogue.select_looks(ownership="public")]
        first = client.list_looks(ownership="public", limit=50)
        assert ids(first) == every[:50]
        query = {"ownership": "public", "limit": 50, "token": first.next_token}
        if is_retried and not lasting:
            assert ids(client.list_looks(**query)) == every[50:100]
            assert client.retries == 1
        else:
            with pytest.raises(error) as caught:
                client.list_looks(**query)
            assert type(caught.value) is error
            assert client.retries == (2 if is_retried else 0)
            if not lasting:
                assert ids(client.list_looks(**query)) == every[50:100]


def test_25_000_looks_arrive_through_temporary_faults_on_several_threads() -> None:
    kinds = [kind for kind, (_, is_retried) in OUTCOMES.items() if is_retried]
    # Together they strike a twentieth of all requests, each kind equally often.
    faults = [Fault(kind, probability=0.05 / len(kinds), seed=seed) for seed, kind in enumerate(kinds)]
    with (
        FaultyService(25_000, faults=faults) as service,
        # Eleven faults in a row never happen.
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=10) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        hurry(client._transport)
        catalogue = LookCatalogue(client, cache=None)
        loads = [pool.submit(catalogue.load) for _ in range(2)]
        lists = [pool.submit(lambda owner=owner: ids(client.iter_looks(ownership=owner))) for owner in OWNERS]
        every = [look.id for owner in OWNERS for look in service.catalogue.select_looks(ownership=owner)]
        assert [look_id for found in lists for look_id in found.result()] == every
        assert [load.result() for load in loads] == [None, None]
        assert catalogue.complete
        assert ids(catalogue) == every
        assert client.retries == sum(service.struck.values()) > 50
        assert len(service.struck) > 3, "too few kinds"
