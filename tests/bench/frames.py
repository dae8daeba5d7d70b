"""`LookCatalogue.to_frame` against a `pandas.DataFrame` of the service's records, with signed URLs."""

import gc
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import requests

from heygen_widgets import HeyGenClient, LookCatalogue

from .report import Report, Samples, take_turns
from .stand_in import StandIn, stand_in

TIME_BOUND, MEMORY_BOUND, CLOSED_BOUND = 1.0, 0.9, 0.25
CLOSED = ("gender", "ownership", "orientation")
SERVED = ("gender", "ownership", "preferred_orientation")


def run(report: Report, looks: int = 25_000, rounds: int = 15) -> None:
    """Make both tables in turn, and compare their memory."""
    with stand_in(looks) as service:
        records = _records(service)
        catalogue = LookCatalogue(HeyGenClient(service.api_key, base_url=service.base_url), cache=None)
        catalogue.load()
    if not len(records) == len(catalogue) == looks:
        raise RuntimeError(f"there are {len(records):,} records and {len(catalogue):,} looks instead of {looks:,}")
    ours, theirs = catalogue.to_frame(), pd.DataFrame(records)
    durations = take_turns(rounds, _timed(catalogue.to_frame), _timed(lambda: pd.DataFrame(records)))
    made, usual = [
        Samples(name, taken)
        for name, taken in zip(("LookCatalogue.to_frame()", "pd.DataFrame(list_of_dicts)"), durations, strict=True)
    ]
    report.rows(f"frames: {looks:,} looks, pandas {pd.__version__}", made, usual)
    print(f"  (the median length of a preview URL is {ours['preview_image_url'].str.len().median():.0f})")
    weight, theirs_weight = _bytes(ours), _bytes(theirs)
    closed, theirs_closed = _bytes(ours[list(CLOSED)]), _bytes(theirs[list(SERVED)])
    note, closed_note = f"{weight:,} / {theirs_weight:,} bytes", f"{closed:,} / {theirs_closed:,} bytes"
    report.no_slower(f"`to_frame()` of {looks:,} looks: time / `{usual.name}`", made, usual, TIME_BOUND)
    report.at_most(f"`to_frame()`: memory / `{usual.name}`", weight / theirs_weight, MEMORY_BOUND, note=note)
    report.at_most("`to_frame()`: memory of closed fields", closed / theirs_closed, CLOSED_BOUND, note=closed_note)


def _records(service: StandIn) -> list[dict[str, Any]]:
    """Return the records as they are parsed, with the ownership that they were requested by."""
    records: list[dict[str, Any]] = []
    with requests.Session() as session:
        for owner in ("private", "public"):
            params, more = {"limit": "50", "ownership": owner}, True
            while more:
                url, headers = f"{service.base_url}/v3/avatars/looks", {"X-Api-Key": service.api_key}
                page = session.get(url, params=params, headers=headers, timeout=60).json()
                records += [{**record, "ownership": owner} for record in page["data"]]
                more, params["token"] = page["has_more"], page["next_token"]
    return records


def _timed(make: Callable[[], pd.DataFrame]) -> Callable[[], float]:
    def measure() -> float:
        gc.collect()
        begun = time.perf_counter()
        frame = make()
        taken = time.perf_counter() - begun
        del frame
        return taken

    return measure


def _bytes(frame: pd.DataFrame) -> int:
    return int(frame.memory_usage(index=False, deep=True).sum())
