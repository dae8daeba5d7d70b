"""Loading looks from a service with a latency of 50 ms, and showing them again from the snapshot.

Each measurement is a fresh process with its own cache folder: a picker that loads all looks, a picker that finds the
snapshot of the first, and fetching without a picker. The stand-in is a process of its own too.
"""

import math
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import requests

from .report import Report, Samples
from .stand_in import StandIn, stand_in
from .tasks import run_task

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

    Parameters
    ----------
    latency
        Of each response, in s.
    second_starts
        Per round.
    single_pages
        Pages that are requested alone before each load, and as many after it.
    documented_pages
        Pages per round; all of them would be 1,250 for 25,000 looks.
    """
    single = Samples(f"one request of {PAGE}, alone on a bare session", [])
    documented = Samples(f"one request of {DOCUMENTED_PAGE}, alone without a session", [])
    loads: list[dict[str, float]] = []
    seconds: list[dict[str, float]] = []
    fetches: list[dict[str, float]] = []
    with stand_in(looks, latency) as service, tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            cache = Path(folder, str(number))
            single.seconds.extend(_single_requests(service, single_pages))
            before = service.count_requests()
            loads.append(run_task("load", service.base_url, service.api_key, cache))
            between = service.count_requests()
            seconds += [run_task("load", service.base_url, service.api_key, cache) for _ in range(second_starts)]
            after = service.count_requests()
            single.seconds.extend(_single_requests(service, single_pages))
            documented.seconds.extend(_documented_loop(service, documented_pages))
            fetches.append(run_task("fetch", service.base_url, service.api_key, cache))
            print(f"  (round {number + 1}: {between - before} requests to load, {after - between} to start again)")
        counts = service.count_records()
    for result in [*loads, *seconds, *fetches]:
        if result["looks"] != looks:
            raise RuntimeError(f"{result['looks']:,} looks were loaded instead of {looks:,}")
    chain = max(math.ceil(count / PAGE) for count in counts.values())
    fewest = sum(max(1, math.ceil(count / PAGE)) for count in counts.values())
    print(f"  ({fewest} requests at least, {chain} of them in the longest chain; imports are not counted)")
    load = _samples("a picker loads all looks", loads, "complete")
    cpu = _samples("processor time of that", loads, "cpu")
    alone = _samples("processor time of fetching alone", fetches, "cpu")
    report.rows(f"loading: {looks:,} looks, {1000 * latency:.0f} ms latency", load, single, documented, cpu, alone)
    pages = math.ceil(looks / DOCUMENTED_PAGE)
    loop = pages * statistics.mean(documented.seconds)
    share = f"{documented_pages} of {pages:,} pages a round, scaled: {loop:.1f} s"
    ratio = load.median / (chain * single.median)
    report.at_most(f"Loading {looks:,} looks / ({chain} pages × one request)", ratio, CHAIN_BOUND)
    report.at_least("Loading: faster than the documentation's loop", loop / load.median, DOCUMENTED_BOUND, note=share)
    report.at_most("Processor time of loading / fetching alone", cpu.median / alone.median, CPU_BOUND)

    first = _samples("first start: until the picker shows all looks", loads, "shown")
    second = _samples("second start: until the picker shows all looks", seconds, "shown")
    whole = _samples("the whole process of the first", loads, "process")
    again = _samples("the whole process of the second", seconds, "process")
    report.rows("second start: from the snapshot", first, second, whole, again)
    note = f"{whole.median / again.median:.1f} × with starting Python and all imports"
    report.at_least("Second start: sooner than the first", first.median / second.median, SECOND_BOUND, note=note)
    report.at_most("Second start: requests", after - between, 0, "{:.0f}")


def _samples(name: str, results: list[dict[str, float]], measure: str) -> Samples:
    return Samples(name, [result[measure] for result in results])


def _single_requests(service: StandIn, pages: int) -> list[float]:
    headers = {"X-Api-Key": service.api_key, "Accept-Encoding": "gzip"}
    params = {"limit": str(PAGE), "ownership": "public"}
    with requests.Session() as session:
        return _time_pages(partial(session.get, headers=headers), service, params, pages)


def _documented_loop(service: StandIn, pages: int) -> list[float]:
    headers = {"X-Api-Key": service.api_key}
    return _time_pages(partial(requests.get, headers=headers), service, {"limit": str(DOCUMENTED_PAGE)}, pages)


def _time_pages(
    get: Callable[..., requests.Response], service: StandIn, params: dict[str, str], pages: int
) -> list[float]:
    taken = []
    for _ in range(pages):
        begun = time.perf_counter()
        page = get(f"{service.base_url}/v3/avatars/looks", params=params, timeout=60).json()
        taken.append(time.perf_counter() - begun)
        params["token"] = page["next_token"]
    return taken
