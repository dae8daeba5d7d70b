"""The faults that other tests use really happen. What tells the other kinds apart shows in ``test_faults.py``."""

from http.client import HTTPException

import pytest
from faults import Fault, FaultyService

from .caller import Answer, Caller

LOOKS, GROUPS = "/v3/avatars/looks", "/v3/avatars"


def ask(service: FaultyService, path: str = LOOKS) -> Answer:
    return Caller(service).call("GET", path)


@pytest.mark.parametrize("kind", ["429", "429-bare", "500", "502", "503", "504", "html-502"])
def test_a_status_is_sent_as_json_or_as_a_page_of_a_gateway(kind: str) -> None:
    with FaultyService(100, faults=[Fault(kind)]) as service:
        answer = ask(service)
        assert answer.status == int(kind.removeprefix("html-")[:3])
        assert answer.headers["Retry-After"] == ("2" if kind == "429" else None)
        assert answer.body.startswith(b"<!doctype html>" if kind == "html-502" else b'{"error":')
        assert service.struck == {kind: 1}


@pytest.mark.parametrize("kind", ["reset-before", "reset-headers", "reset-body"])
def test_a_reset_ends_the_connection_in_the_middle(kind: str) -> None:
    with FaultyService(100, faults=[Fault(kind)]) as service, pytest.raises((ConnectionResetError, HTTPException)):
        ask(service)


def test_rules_count_the_requests_of_their_path_and_the_first_one_wins() -> None:
    rules = [Fault("503", GROUPS, nth=2, times=2), Fault("403", GROUPS, nth=3)]
    with FaultyService(100, faults=rules) as service:
        found = [ask(service, path).status for path in (GROUPS, LOOKS, GROUPS, LOOKS, GROUPS, GROUPS)]
        assert found == [200, 200, 503, 200, 503, 403]
        assert service.struck == {"503": 2, "403": 1}


def test_a_probability_strikes_a_share_and_the_same_requests_for_the_same_seed() -> None:
    found = []
    for seed in (3, 3, 4):
        with FaultyService(20, faults=[Fault("500", probability=0.3, seed=seed)]) as service:
            found.append([ask(service).status for _ in range(40)])
    assert found[0] == found[1] != found[2]
    assert 4 < found[0].count(500) < 20
