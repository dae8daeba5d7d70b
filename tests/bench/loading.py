"""Loading looks from a service with a latency of 50 ms, and showing them again from the snapshot.

Each measurement is a fresh process: a picker that loads all looks, one that finds its snapshot, and fetching alone.
"""

import math
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import requests

from heygen_widgets.demo._catalogue import Catalogue

from .report import Report, Samples
from .stand_in import StandIn, stand_in

PAGE, DOCUMENTED_PAGE = 50, 20
CHAIN_BOUND, DOCUMENTED_BOUND, CPU_BOUND, SECOND_BOUND = 1.1, 2.5, 2.0, 10.0


def run(
    report: Report,
    looks: int = 25_000,
    latency: float = 0.05,
    rounds: int = 2,
    second_starts: int = 3,
    single_pages: int = 40,
    documented_pages: int = 60,
) -> None:
    """Load, start again, fetch alone, and follow the documentation's loop for some pages, in each round.

    ``latency`` is that of each response, in s. ``single_pages`` are requested alone before each load and after it.
    """
    single = Samples(f"one request of {PAGE}, alone on a bare session")
    documented = Samples(f"one request of {DOCUMENTED_PAGE}, alone without a session")
    loads, seconds, fetches = [], [], []
    with stand_in(looks, latency) as service, tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            cache = Path(folder, str(number))
            single.seconds.extend(_single_requests(service, single_pages))
            loads.append(service.run_task("load", cache, looks))
            between = service.count_requests()
            seconds += [service.run_task("load", cache, looks) for _ in range(second_starts)]
            after = service.count_requests()
            single.seconds.extend(_single_requests(service, single_pages))
            loop = service.pages(requests.get, {}, limit=str(DOCUMENTED_PAGE))
            documented.seconds.extend(_time_pages(loop, documented_pages))
            fetches.append(service.run_task("fetch", cache, looks))
    longest = Catalogue(looks).select_looks(ownership="public")
    pages = max(1, math.ceil(len(longest) / PAGE))
    load = _samples("a picker loads all looks", loads, "complete")
    cpu = _samples("processor time of that", loads, "cpu")
    alone = _samples("processor time of fetching alone", fetches, "cpu")
    report.rows(f"loading: {looks:,} looks, {1000 * latency:.0f} ms latency", load, single, documented, cpu, alone)
    ratio = load.median / (pages * single.median)
    report.at_most(f"Loading {looks:,} looks / ({pages} pages × one request)", ratio, CHAIN_BOUND)
    scaled = math.ceil(looks / DOCUMENTED_PAGE) * statistics.mean(documented.seconds)
    report.at_least("Loading: faster than the documentation's loop", scaled / load.median, DOCUMENTED_BOUND)
    report.at_most("Processor time of loading / fetching alone", cpu.median / alone.median, CPU_BOUND)

    first = _samples("first start: until the picker shows all looks", loads, "shown")
    second = _samples("second start: until the picker shows all looks", seconds, "shown")
    report.rows("second start: from the snapshot", first, second)
    report.at_least("Second start: sooner than the first", first.median / second.median, SECOND_BOUND)
    report.at_most("Second start: requests", after - between, 0, "{:.0f}")


def _samples(name: str, results: list[dict[str, float]], measure: str) -> Samples:
    return Samples(name, [result[measure] for result in results])


def _single_requests(service: StandIn, pages: int) -> list[float]:
    with requests.Session() as session:
        headers = {"Accept-Encoding": "gzip"}
        return _time_pages(service.pages(session.get, headers, limit=str(PAGE), ownership="public"), pages)


def _time_pages(pages: Iterator[object], count: int) -> list[float]:
    times = [time.perf_counter(), *(time.perf_counter() for _ in islice(pages, count))]
    return [later - earlier for earlier, later in pairwise(times)]
