"""The stand-in in a process of its own, which can be asked how many requests it got.

python -m tests.bench.stand_in 25000 0.05     # looks, and latency in s
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heygen_widgets.demo import DemoService


@dataclass(frozen=True)
class StandIn:
    """A running stand-in."""

    base_url: str
    api_key: str
    process: subprocess.Popen[str]

    def count_requests(self) -> int:
        """Return the number of API requests so far, without those of pictures, up to 10,000."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def run_task(self, name: str, cache: Path, looks: int) -> dict[str, float]:
        """Run one of `tasks` in a fresh process with a cache folder, and check how many looks it has loaded."""
        command = [sys.executable, "-m", "tests.bench.tasks", name, self.base_url, self.api_key]
        printed = subprocess.check_output(command, text=True, env=os.environ | {"XDG_CACHE_HOME": str(cache)})
        results: dict[str, float] = json.loads(printed)
        if results["looks"] != looks:
            raise RuntimeError(f"{results['looks']:,} looks were loaded instead of {looks:,}")
        return results

    def pages(self, get: Callable[..., Any], headers: dict[str, str], **params: str) -> Iterator[dict[str, Any]]:
        """Follow the tokens of the looks with a function of `requests`, parse the JSON, and do nothing else."""
        headers = {"X-Api-Key": self.api_key, **headers}
        while True:
            page = get(f"{self.base_url}/v3/avatars/looks", params=params, headers=headers, timeout=60).json()
            yield page
            if not page["has_more"]:
                return
            params["token"] = page["next_token"]


@contextmanager
def stand_in(looks: int, latency: float = 0.0) -> Iterator[StandIn]:
    """Run the stand-in with pictures over http, those of photo avatars with signed URLs."""
    command = [sys.executable, "-m", "tests.bench.stand_in", str(looks), str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield StandIn(*json.loads(process.stdout.readline()), process)
        finally:
            process.terminate()


def _serve(looks: int, latency: float) -> None:
    """Serve until standard input ends; print the number of API requests for each line of it."""
    with DemoService(looks, latency=latency, previews="http") as service:
        print(json.dumps([service.base_url, service.api_key]), flush=True)
        for _ in sys.stdin:
            print(sum(path.startswith("/v3/") for _, path in list(service.requests)), flush=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]))
