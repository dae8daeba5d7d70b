"""What `HeyGenClient.iter_looks` adds to the requests it makes: all looks of a large catalogue, page by page."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from heygen_widgets import HeyGenClient

from .table import Samples, print_ratio, print_samples, take_turns

LOOKS = 25_000
PAGE = 50
ROUNDS = 9
BOUND = 1.5


def run() -> None:
    """Time both loops against a stand-in in a process of its own."""
    # The bare loop leaves this to requests, for which a proxy would come before loopback
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"
    with _stand_in() as (base_url, api_key):

        def ours() -> float:
            begun = time.perf_counter()
            with HeyGenClient(api_key, base_url=base_url) as client:
                _check(sum(1 for _ in client.iter_looks()))
            return time.perf_counter() - begun

        def floor() -> float:
            begun = time.perf_counter()
            _check(_count_looks(base_url, api_key))
            return time.perf_counter() - begun

        durations = take_turns(ROUNDS, ours, floor)
    names = ("HeyGenClient.iter_looks", "a bare requests.Session loop")
    client, bare = [Samples(name, taken) for name, taken in zip(names, durations, strict=True)]
    title = f"paging: {LOOKS:,} looks in {LOOKS // PAGE} pages, the service in a process of its own"
    print_samples(title, [client, bare])
    print_ratio(client, bare, BOUND)


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


@contextmanager
def _stand_in() -> Iterator[tuple[str, str]]:
    """Start the stand-in; give its base URL and its key."""
    options = ["--port", "0", "--looks", str(LOOKS), "--previews", "http"]
    command = [sys.executable, "-m", "heygen_widgets.demo", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        try:
            said = ""
            while "Ctrl-C" not in said:
                line = service.stdout.readline()
                if not line:
                    raise RuntimeError(f"the stand-in ended at once: {said}")
                said += line
            address, key = re.search(r"at (http://\S+)", said), re.search(r"API key: (\S+)", said)
            if not (address and key):
                raise RuntimeError(f"the stand-in did not tell its address and key: {said}")
            yield address[1], key[1]
        finally:
            service.terminate()
