"""What `HeyGenClient.iter_looks` adds to its requests, over all pages of a large catalogue."""

import math
import time
from collections.abc import Callable
from functools import partial

import requests

from heygen_widgets import HeyGenClient

from .report import Report, Samples, take_turns
from .stand_in import StandIn, stand_in

PAGE = 50
BOUND = 1.5


def run(report: Report, looks: int = 25_000, rounds: int = 9) -> None:
    """Time both loops against a stand-in in a process of its own."""

    def measure(count_looks: Callable[[StandIn], int]) -> float:
        begun = time.perf_counter()
        count = count_looks(service)
        if count != looks:
            raise RuntimeError(f"{count:,} looks were read instead of {looks:,}")
        return time.perf_counter() - begun

    with stand_in(looks) as service:
        ours, floor = take_turns(rounds, partial(measure, _iter_looks), partial(measure, _follow_tokens))
    client, bare = Samples("HeyGenClient.iter_looks", ours), Samples("a bare requests.Session loop", floor)
    pages = math.ceil(looks / PAGE)
    report.rows(
        f"paging: {looks:,} looks in {pages} pages, the service in a process of its own, no latency", client, bare
    )
    report.no_slower(f"`iter_looks` over {looks:,} looks / {bare.name}", client, bare, BOUND)


def _iter_looks(service: StandIn) -> int:
    with HeyGenClient(service.api_key, base_url=service.base_url) as client:
        return sum(1 for _ in client.iter_looks())


def _follow_tokens(service: StandIn) -> int:
    """Follow the tokens and parse the JSON, and nothing else."""
    headers = {"X-Api-Key": service.api_key, "Accept": "application/json", "Accept-Encoding": "gzip"}
    count, params, url = 0, {"limit": str(PAGE)}, f"{service.base_url}/v3/avatars/looks"
    with requests.Session() as session:
        while True:
            page = session.get(url, params=params, headers=headers, timeout=(5, 30)).json()
            count += len(page["data"])
            if not page["has_more"]:
                return count
            params["token"] = page["next_token"]
