"""What `HeyGenClient.iter_looks` adds to its requests, over all pages of a large catalogue."""

from collections.abc import Callable
from functools import partial

import requests

from heygen_widgets import HeyGenClient

from .report import Report, take_turns, timed
from .stand_in import StandIn, stand_in

BOUND = 1.5


def run(report: Report, looks: int = 25_000, rounds: int = 9) -> None:
    """Time both loops against a stand-in in a process of its own."""

    def read(count_looks: Callable[[StandIn], int]) -> None:
        if (count := count_looks(service)) != looks:
            raise RuntimeError(f"{count:,} looks were read instead of {looks:,}")

    with stand_in(looks) as service:
        loops = {"HeyGenClient.iter_looks": _iter_looks, "a bare requests.Session loop": _follow_tokens}
        ours, bare = take_turns(rounds, {name: timed(partial(read, loop)) for name, loop in loops.items()})
    report.rows(f"paging: {looks:,} looks, no latency", ours, bare)
    report.at_most(f"`iter_looks` over {looks:,} looks / {bare.name}", ours.median / bare.median, BOUND)


def _iter_looks(service: StandIn) -> int:
    with HeyGenClient(service.api_key, base_url=service.base_url) as client:
        return sum(1 for _ in client.iter_looks())


def _follow_tokens(service: StandIn) -> int:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    with requests.Session() as session:
        return sum(len(page["data"]) for page in service.pages(session.get, headers, limit="50"))
