"""Loading 25,000 looks from a service that takes 50 ms for each answer, and showing them again from what was kept.

Everything that is measured is a fresh process with a cache folder of its own: a picker that loads and follows, a picker
that finds what the former has kept, and fetching alone. The stand-in is a process of its own too.
"""

import math
import statistics
import tempfile
import time
from pathlib import Path

import requests

from .stand_in import StandIn, stand_in
from .table import Finding, Samples, at_least, at_most, print_samples
from .tasks import run_task

LOOKS = 25_000
LATENCY = 0.05  # s
PAGE = 50
ROUNDS = 3  # each takes more than 10 s
SECOND_STARTS = 3  # a round
SINGLE = 40  # requests before a load, and as many after it
DOCUMENTED_PAGE = 20
DOCUMENTED = 60  # pages a round; the whole would be 1,250
CHAIN_BOUND, DOCUMENTED_BOUND, CPU_BOUND, SECOND_BOUND = 1.1, 2.5, 2.0, 10.0


def run() -> list[Finding]:
    """Load, start again, fetch alone, and follow the documentation's loop for a while; three rounds of it."""
    single = Samples(f"one request of {PAGE}, alone on a bare session")
    documented = Samples(f"one request of {DOCUMENTED_PAGE}, alone without a session")
    loads: list[dict[str, float]] = []
    seconds: list[dict[str, float]] = []
    fetches: list[dict[str, float]] = []
    with stand_in(LOOKS, LATENCY) as service, tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            cache = Path(folder, str(number))
            single.seconds += _single_requests(service)
            before = service.count_requests()
            loads.append(run_task("load", service.base_url, service.api_key, cache))
            between = service.count_requests()
            seconds += [run_task("load", service.base_url, service.api_key, cache) for _ in range(SECOND_STARTS)]
            after = service.count_requests()
            single.seconds += _single_requests(service)
            documented.seconds += _documented_loop(service)
            fetches.append(run_task("fetch", service.base_url, service.api_key, cache))
            print(f"  (round {number + 1}: {between - before} requests to load, {after - between} to start again)")
        counts = service.count_records()
        _check([*loads, *seconds, *fetches])
    findings = _print_loads(counts, single, documented, loads, fetches)
    return [*findings, *_print_second_starts(loads, seconds, after - between)]


def _single_requests(service: StandIn) -> list[float]:
    headers = {"X-Api-Key": service.api_key, "Accept-Encoding": "gzip"}
    params = {"limit": str(PAGE), "ownership": "public"}
    taken = []
    with requests.Session() as session:
        for _ in range(SINGLE):
            begun = time.perf_counter()
            page = session.get(f"{service.base_url}/v3/avatars/looks", params=params, headers=headers).json()
            taken.append(time.perf_counter() - begun)
            params["token"] = page["next_token"]
    return taken


def _documented_loop(service: StandIn) -> list[float]:
    headers, params, taken = {"X-Api-Key": service.api_key}, {"limit": DOCUMENTED_PAGE}, []
    for _ in range(DOCUMENTED):
        begun = time.perf_counter()
        page = requests.get(f"{service.base_url}/v3/avatars/looks", params=params, headers=headers, timeout=60).json()
        taken.append(time.perf_counter() - begun)
        params["token"] = page["next_token"]
    return taken


def _check(results: list[dict[str, float]]) -> None:
    for result in results:
        if result["looks"] != LOOKS:
            raise RuntimeError(f"{result['looks']:,} looks came instead of {LOOKS:,}")


def _print_loads(
    counts: dict[str, int],
    single: Samples,
    documented: Samples,
    loads: list[dict[str, float]],
    fetches: list[dict[str, float]],
) -> list[Finding]:
    chain = max(math.ceil(count / PAGE) for count in counts.values())
    fewest = sum(max(1, math.ceil(count / PAGE)) for count in counts.values())
    pages = LOOKS // DOCUMENTED_PAGE
    load = Samples("a picker loads all looks", [result["complete"] for result in loads])
    cpu = Samples("processor time of that", [result["cpu"] for result in loads])
    alone = Samples("processor time of fetching alone", [result["cpu"] for result in fetches])
    title = (
        f"loading: {LOOKS:,} looks, {1000 * LATENCY:.0f} ms latency; {fewest} requests, {chain} in the longest chain"
    )
    print_samples(title, [load, single, documented, cpu, alone])
    print(f"  (only {ROUNDS} rounds, since each takes more than 10 s; imports are not counted)")
    loop = pages * statistics.mean(documented.seconds)
    share = f"{DOCUMENTED} of {pages:,} pages a round, scaled: {loop:.1f} s"
    ratio = load.median / (chain * single.median)
    return [
        at_most(f"Loading {LOOKS:,} looks / ({chain} pages × one request)", ratio, CHAIN_BOUND),
        at_least("Loading: faster than the documentation's loop", loop / load.median, DOCUMENTED_BOUND, note=share),
        at_most("Processor time of loading / fetching alone", cpu.median / alone.median, CPU_BOUND),
    ]


def _print_second_starts(
    loads: list[dict[str, float]], seconds: list[dict[str, float]], requests_made: int
) -> list[Finding]:
    first = Samples("first start: until the picker shows all looks", [result["shown"] for result in loads])
    second = Samples("second start: until the picker shows all looks", [result["shown"] for result in seconds])
    whole = Samples("the whole process of the first", [result["process"] for result in loads])
    again = Samples("the whole process of the second", [result["process"] for result in seconds])
    print_samples("second start: from the snapshot that was kept", [first, second, whole, again])
    note = f"{whole.median / again.median:.1f} × with starting Python and all imports"
    return [
        at_least("Second start: sooner than the first", first.median / second.median, SECOND_BOUND, note=note),
        at_most("Second start: requests", requests_made, 0, "{:.0f}"),
    ]
