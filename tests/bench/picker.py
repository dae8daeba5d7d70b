"""What the picker's grid costs: from running its cell to twelve pictures, against its inputs alone, in JupyterLab.

The picker is timed twice: with its pictures in the browser's cache, and with pictures fetched anew from the stand-in,
which is a process of its own, where its drawing and the browser's reading of SVG count too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from .notebook import BenchNotebook, open_notebook
from .stand_in import StandIn, stand_in
from .table import Finding, Samples, at_most, no_slower, print_samples, take_turns

LOOKS = 25_000
MOST_LOOKS = 100_000
PICTURES = 12
ROUNDS = 9
BOUND = 1.6
LARGEST = 200_000  # bytes
INPUTS = 10  # of the bar: the search, six dropdowns, two that are asked while typing, the order
LOADING = 600.0  # s

SET_UP = f"""
import runpy
from heygen_widgets import HeyGenClient, LookCatalogue, LookPicker
Floor = runpy.run_path({str(Path(__file__).with_name("floor.py"))!r})["Floor"]
"""
LOAD = """
catalogue = LookCatalogue(HeyGenClient({api_key!r}, base_url={base_url!r}), cache=None)
catalogue.load()
shown = LookPicker(catalogue)
choices, status = shown.choices, shown.status
"""
PICKER_CELL = "shown = LookPicker(catalogue)\nshown"
FLOOR_CELL = "shown = Floor(choices=choices, status=status)\nshown"
FETCHED, CACHED, FLOOR = "pictures fetched anew", "pictures in the cache", "the floor: its inputs and no grid"


def run() -> list[Finding]:
    """Time both sides in one notebook, and weigh what the kernel sends for the picker."""
    steps: dict[str, list[dict[str, float]]] = {FETCHED: [], CACHED: [], FLOOR: []}
    with stand_in(LOOKS) as service, open_notebook([PICKER_CELL, FLOOR_CELL]) as bench:
        bench.notebook.run(SET_UP)
        _load(bench, service)

        def measure(side: str) -> float:
            pictures = 0 if side == FLOOR else PICTURES
            cell = 0 if pictures else 1
            taken = bench.time_cell(cell, inputs=INPUTS, pictures=pictures, anew=side == FETCHED)
            steps[side].append(taken)
            return max(taken.values())

        # A run of the picker comes before each with pictures in the cache, and fills it
        take_turns(ROUNDS, *[partial(measure, side) for side in steps])
        findings = _print_durations({side: taken[-ROUNDS:] for side, taken in steps.items()})
        measure(CACHED)
        findings.append(_print_weight(bench.weigh(), LOOKS))
        with stand_in(MOST_LOOKS) as larger:
            _load(bench, larger)
            measure(CACHED)
            findings.append(_print_weight(bench.weigh(), MOST_LOOKS))
    return findings


def _load(bench: BenchNotebook, service: StandIn) -> None:
    bench.notebook.run(LOAD.format(api_key=service.api_key, base_url=service.base_url), timeout=LOADING)


def _print_durations(steps: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Finding]:
    def samples(side: str, name: str, *wanted: str) -> Samples:
        return Samples(name, [max(times[step] for step in wanted) for times in steps[side]])

    floor = samples(FLOOR, FLOOR, "inputs")
    rows: dict[str, list[Samples]] = {}
    for side in (CACHED, FETCHED):
        rows[side] = [
            samples(side, f"LookPicker, {side}: {PICTURES} cards", "cards"),
            samples(side, f"LookPicker, {side}: {PICTURES} decoded pictures", "pictures"),
            samples(side, f"LookPicker, {side}: pictures and all inputs", "pictures", "inputs"),
        ]
    print_samples(f"picker: from running the cell, {LOOKS:,} looks in memory", [*rows[CACHED], *rows[FETCHED], floor])
    findings = []
    for side, (_, pictures, everything) in rows.items():
        what = f"First {PICTURES} previews of {LOOKS:,} looks, {side} / its inputs without a grid"
        findings.append(no_slower(what, pictures, floor, BOUND))
        print(f"    (with all inputs, which come after the pictures: {everything.median / floor.median:.2f} ×)")
    return findings


def _print_weight(weights: Counter[str], looks: int) -> Finding:
    """Print what the kernel sent for one run, by kind of message."""
    total = sum(weight for kind, weight in weights.items() if kind.startswith("comm"))
    print(f"  The kernel sent for one picker's cell with {looks:,} looks, in bytes:")
    for kind, weight in weights.most_common():
        print(f"    {kind:<40}{weight:>9,}")
    return at_most(f"Bytes sent for {looks:,} looks, template included", total / 1000, LARGEST / 1000, "{:,.0f} KB")
