"""`LookCatalogue.to_frame` against a `pandas.DataFrame` of the service's records, with signed URLs."""

import pandas as pd
import requests

from heygen_widgets import HeyGenClient, LookCatalogue

from .report import Report, take_turns, timed
from .stand_in import stand_in

TIME_BOUND, MEMORY_BOUND = 1.0, 1.0


def run(report: Report, looks: int = 25_000, rounds: int = 15) -> None:
    """Make both tables in turn, and compare their memory."""
    with stand_in(looks) as service, requests.Session() as session:
        records = []
        for owner in ("private", "public"):
            for page in service.pages(session.get, {}, limit="50", ownership=owner):
                records += [{**record, "ownership": owner} for record in page["data"]]
        catalogue = LookCatalogue(HeyGenClient(service.api_key, base_url=service.base_url), cache=None)
        catalogue.load()
    if not len(records) == len(catalogue) == looks:
        raise RuntimeError(f"there are {len(records):,} records and {len(catalogue):,} looks instead of {looks:,}")
    ours, theirs = catalogue.to_frame(), pd.DataFrame(records)
    sides = {
        "LookCatalogue.to_frame()": timed(catalogue.to_frame),
        "pd.DataFrame(list_of_dicts)": timed(lambda: pd.DataFrame(records)),
    }
    made, usual = take_turns(rounds, sides)
    report.rows(f"frames: {looks:,} looks, pandas {pd.__version__}", made, usual)
    report.at_most(f"`to_frame()` of {looks:,} looks: time / `{usual.name}`", made.median / usual.median, TIME_BOUND)
    weight, usual_weight = [int(frame.memory_usage(index=False, deep=True).sum()) for frame in (ours, theirs)]
    report.at_most(f"`to_frame()`: memory / `{usual.name}`", weight / usual_weight, MEMORY_BOUND)
