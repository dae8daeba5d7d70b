"""Loading 25,000 looks from a service of whose answers 5 % are faults that pass, with all waiting as it is."""

import time

from heygen_widgets import HeyGenClient, LookCatalogue
from heygen_widgets.demo import DemoService, Fault

from .table import Finding, at_most

LOOKS = 25_000
SHARE = 0.05
RETRIES = 5  # a request; with the two of the default, one load in ten would have to be called again
KINDS = ("429", "429-bare", "500", "502", "503", "504", "html-502", "reset-before", "reset-headers", "reset-body")


def run() -> list[Finding]:
    """Load once; most of the time goes into waiting before requests are sent again."""
    faults = [Fault(kind, probability=SHARE / len(KINDS), seed=seed) for seed, kind in enumerate(KINDS)]
    with (
        DemoService(LOOKS, faults=faults) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=RETRIES) as client,
    ):
        begun = time.perf_counter()
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        taken = time.perf_counter() - begun
        asked = sum(path.startswith("/v3/") for _, path in service.requests)
        missing = {look.id for look in service.catalogue.looks} - {look.id for look in catalogue}
        wrong = len(missing) + abs(len(catalogue) - LOOKS)
    print(f"faults: {LOOKS:,} looks, {100 * SHARE:.0f} % of the answers are faults, {taken:.0f} s with all waiting")
    struck = ", ".join(f"{kind} {number}" for kind, number in sorted(service.struck.items()))
    print(f"  ({asked:,} requests, {client.retries} of them again: {struck})")
    what = f"Loading {LOOKS:,} looks with {100 * SHARE:.0f} % of faults: looks missing or doubled"
    return [at_most(what, wrong, 0, "{:.0f}", note=f"{client.retries} retries")]
