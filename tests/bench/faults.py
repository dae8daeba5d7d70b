"""Load looks from a service whose responses are temporary errors in 5 % of all cases, with all waits."""

from heygen_widgets import HeyGenClient, LookCatalogue

from ..faults import Fault, FaultyService
from .report import Report

SHARE = 0.05
RETRIES = 5  # per request; with the default of 2, one load in ten fails
KINDS = ("429", "429-bare", "500", "502", "503", "504", "html-502", "reset-before", "reset-headers", "reset-body")


def run(report: Report, looks: int = 10_000) -> None:
    """Load once; most of the time is spent waiting before retries."""
    faults = [Fault(kind, probability=SHARE / len(KINDS), seed=seed) for seed, kind in enumerate(KINDS)]
    with (
        FaultyService(looks, faults=faults) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=RETRIES) as client,
    ):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        missing = {look.id for look in service.catalogue.looks} - {look.id for look in catalogue}
        wrong = len(missing) + abs(len(catalogue) - looks)
    what = f"Loading {looks:,} looks with {100 * SHARE:.0f} % of faults: looks missing or doubled"
    report.at_most(what, wrong, 0, "{:.0f}")
