"""The stand-in in a process of its own, which can be asked how many requests it got.

python -m tests.bench.stand_in 25000 0.05     # looks, and latency in s
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from heygen_widgets.demo import DemoService


@dataclass(frozen=True)
class StandIn:
    """A running stand-in."""

    base_url: str
    api_key: str
    process: subprocess.Popen[str]

    def count_requests(self) -> int:
        """Return the number of API requests so far, without those of pictures, up to 10,000."""
        return int(self._ask()["requests"])

    def count_records(self) -> dict[str, int]:
        """Return the numbers of groups and looks of each ownership."""
        return {name: count for name, count in self._ask().items() if name != "requests"}

    def _ask(self) -> dict[str, int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        counts: dict[str, int] = json.loads(self.process.stdout.readline())
        return counts


@contextmanager
def stand_in(looks: int, latency: float = 0.0) -> Iterator[StandIn]:
    """Run the stand-in with pictures over http, those of photo avatars with signed URLs."""
    command = [sys.executable, "-m", "tests.bench.stand_in", str(looks), str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the stand-in did not start")
            yield StandIn(**json.loads(line), process=process)
        finally:
            process.terminate()


def _serve(looks: int, latency: float) -> None:
    """Serve until standard input ends; print the counts for each line of it."""
    with DemoService(looks, latency=latency, previews="http") as service:
        print(json.dumps({"base_url": service.base_url, "api_key": service.api_key}), flush=True)
        for _ in sys.stdin:
            counts = {"requests": sum(path.startswith("/v3/") for _, path in list(service.requests))}
            for owner in ("private", "public"):
                counts[f"{owner} looks"] = len(service.catalogue.select_looks(ownership=owner))
                counts[f"{owner} groups"] = len(service.catalogue.select_groups(ownership=owner))
            print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]))
