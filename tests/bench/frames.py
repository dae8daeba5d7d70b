"""`LookCatalogue.to_frame` against `pandas.DataFrame` of the records as the service gives them, with signed URLs."""

import gc
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import requests

from heygen_widgets import HeyGenClient, LookCatalogue

from .stand_in import StandIn, stand_in
from .table import Finding, Samples, at_most, no_slower, print_samples, take_turns

LOOKS = 25_000
ROUNDS = 15
TIME_BOUND, MEMORY_BOUND, CLOSED_BOUND = 1.0, 0.9, 0.25
CLOSED = ("gender", "ownership", "orientation")
SERVED = ("gender", "ownership", "preferred_orientation")


def run() -> list[Finding]:
    """Make both tables in turn, and weigh them."""
    with stand_in(LOOKS) as service:
        records = _records(service)
        catalogue = LookCatalogue(HeyGenClient(service.api_key, base_url=service.base_url), cache=None)
        catalogue.load()
    if not len(records) == len(catalogue) == LOOKS:
        raise RuntimeError(f"{len(records):,} records and {len(catalogue):,} looks came")
    ours, theirs = catalogue.to_frame(), pd.DataFrame(records)
    durations = take_turns(ROUNDS, _timed(catalogue.to_frame), _timed(lambda: pd.DataFrame(records)))
    made, usual = (
        Samples("LookCatalogue.to_frame()", durations[0]),
        Samples("pd.DataFrame(list_of_dicts)", durations[1]),
    )
    title = f"frames: {LOOKS:,} looks, pandas {pd.__version__}"
    print_samples(title, [made, usual])
    signed = ours["preview_image_url"].str.len()
    print(f"  (preview URLs have {signed.median():.0f} characters in the middle)")
    weight, theirs_weight = _bytes(ours), _bytes(theirs)
    closed, theirs_closed = _bytes(ours[list(CLOSED)]), _bytes(theirs[list(SERVED)])
    against = "`pd.DataFrame(list_of_dicts)`"
    note, closed_note = f"{weight:,} / {theirs_weight:,} bytes", f"{closed:,} / {theirs_closed:,} bytes"
    return [
        no_slower(f"`to_frame()` of {LOOKS:,} looks: time / {against}", made, usual, TIME_BOUND),
        at_most(f"`to_frame()`: memory / {against}", weight / theirs_weight, MEMORY_BOUND, note=note),
        at_most("`to_frame()`: memory of closed fields", closed / theirs_closed, CLOSED_BOUND, note=closed_note),
    ]


def _records(service: StandIn) -> list[dict[str, Any]]:
    """Give the records as they are parsed, with the owner they were asked for by."""
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
