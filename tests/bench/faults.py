"""Load looks from a service whose responses are temporary errors in 5 % of all cases, with all waits."""

from heygen_widgets import HeyGenClient, LookCatalogue

from ..faults import FaultyService
from .report import Report

SHARE = 0.05
RETRIES = 5  # per request; with the default of 2, one load in ten fails


def run(report: Report, looks: int = 10_000) -> None:
    """Load once; most of the time is spent waiting before retries."""
    with (
        FaultyService(looks, share=SHARE) as service,
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=RETRIES) as client,
    ):
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        missing = {look.id for look in service.catalogue.looks} - {look.id for look in catalogue}
        wrong = len(missing) + abs(len(catalogue) - looks)
    what = f"Loading {looks:,} looks with {100 * SHARE:.0f} % of faults: looks missing or doubled"
    report.at_most(what, wrong, 0, "{:.0f}")
