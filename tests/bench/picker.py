"""What the picker's grid costs: the time from running the picker's cell to twelve pictures, against its inputs alone.

The floor is a widget with the same inputs: their components and props are read from a picker on the page. The picker is
timed twice: with its pictures in the browser's cache, and with pictures drawn and fetched from the stand-in.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .notebook import PICKER_CELL, BenchNotebook
from .report import Report, take_turns
from .stand_in import stand_in

PICTURES = 12
BOUND = 1.6
LARGEST = 200  # KB
WEIGHT = "Bytes sent for {:,} looks, template included"

SET_UP = f"""
import traitlets
from ipyvuetify.VuetifyTemplate import VuetifyTemplate

class Floor(VuetifyTemplate):
    template_file = {str(Path(__file__).with_name("floor.vue"))!r}
    inputs = traitlets.List().tag(sync=True)
"""
FLOOR_CELL = "shown = Floor(inputs=inputs)\nshown"
FETCHED, CACHED, FLOOR = "pictures not in the cache", "pictures in the cache", "its inputs without a grid"


def run(report: Report, bench: BenchNotebook, looks: int = 25_000, more_looks: int = 100_000, rounds: int = 9) -> None:
    """Time the picker and the floor in turn, and weigh what the kernel sends for the picker."""
    bench.notebook.run(SET_UP)
    with stand_in(looks) as service:
        bench.make_catalogue(service)
        bench.run_cell(PICKER_CELL)
        bench.page.locator(".look-picker .v-input").first.wait_for()
        inputs = bench.read_inputs()
        bench.notebook.run(f"inputs = {inputs!r}")

        def measure(side: str) -> float:
            cell, pictures = (FLOOR_CELL, 0) if side == FLOOR else (PICKER_CELL, PICTURES)
            taken = bench.time_cell(cell, inputs=len(inputs), pictures=pictures, clear_cache=side == FETCHED)
            if (shown := _kinds(bench.read_inputs())) != _kinds(inputs):
                raise RuntimeError(f"{side}: the inputs are {shown}, and not {_kinds(inputs)}")
            if side == CACHED:
                weights.append(bench.weigh() / 1000)
            return taken["inputs" if side == FLOOR else "pictures"]

        # Each run with cached pictures follows one that fills the cache
        weights: list[float] = []
        fetched, cached, floor = take_turns(rounds, {side: partial(measure, side) for side in (FETCHED, CACHED, FLOOR)})
        report.rows(f"picker: from running the cell, {looks:,} looks in memory", fetched, cached, floor)
        for side in (cached, fetched):
            what = f"First {PICTURES} previews of {looks:,} looks, {side.name} / {FLOOR}"
            report.at_most(what, side.median / floor.median, BOUND)
        report.at_most(WEIGHT.format(looks), weights[-1], LARGEST, "{:,.0f} KB")
    with stand_in(more_looks) as service:
        bench.make_catalogue(service)
        measure(CACHED)
        report.at_most(WEIGHT.format(more_looks), weights[-1], LARGEST, "{:,.0f} KB")


def _kinds(inputs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [shown["is"] for shown in inputs]
