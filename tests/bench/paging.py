"""What `HeyGenClient.iter_looks` adds to the requests it makes: all looks of a large catalogue, page by page."""

import time

import requests

from heygen_widgets import HeyGenClient

from .stand_in import stand_in
from .table import Finding, Samples, no_slower, print_samples, take_turns

LOOKS = 25_000
PAGE = 50
ROUNDS = 9
BOUND = 1.5


def run() -> list[Finding]:
    """Time both loops against a stand-in in a process of its own."""
    with stand_in(LOOKS) as service:

        def ours() -> float:
            begun = time.perf_counter()
            with HeyGenClient(service.api_key, base_url=service.base_url) as client:
                _check(sum(1 for _ in client.iter_looks()))
            return time.perf_counter() - begun

        def floor() -> float:
            begun = time.perf_counter()
            _check(_count_looks(service.base_url, service.api_key))
            return time.perf_counter() - begun

        durations = take_turns(ROUNDS, ours, floor)
    names = ("HeyGenClient.iter_looks", "a bare requests.Session loop")
    client, bare = [Samples(name, taken) for name, taken in zip(names, durations, strict=True)]
    title = f"paging: {LOOKS:,} looks in {LOOKS // PAGE} pages, the service in a process of its own, no latency"
    print_samples(title, [client, bare])
    return [no_slower(f"`iter_looks` over {LOOKS:,} looks / {bare.name}", client, bare, BOUND)]


def _count_looks(base_url: str, api_key: str) -> int:
    """Follow the tokens and parse the JSON, and nothing else."""
    headers = {"X-Api-Key": api_key, "Accept": "application/json", "Accept-Encoding": "gzip"}
    count, params = 0, {"limit": str(PAGE)}
    with requests.Session() as session:
        while True:
            page = session.get(f"{base_url}/v3/avatars/looks", params=params, headers=headers, timeout=(5, 30)).json()
            count += len(page["data"])
            if not page["has_more"]:
                return count
            params["token"] = page["next_token"]


def _check(count: int) -> None:
    if count != LOOKS:
        raise RuntimeError(f"{count:,} looks came instead of {LOOKS:,}")
