"""What the picker's grid costs: the time from running the picker's cell to twelve pictures.

The floor is the same front end without a grid, on the first display of a page, which compiles its parts. The picker is
timed on the first display of a page and on a later one, for which the page has kept the parts.
"""

from functools import partial

from .notebook import PICKER_CELL, BenchNotebook
from .report import Report, take_turns
from .stand_in import stand_in

PICTURES = 12
FIRST_BOUND, LATER_BOUND = 1.2, 1.0
LARGEST = 200  # KB
WEIGHT = "Bytes sent for {:,} looks, template included"

SET_UP = """
import heygen_widgets.picker.widget as module

class Floor(LookPicker):
    def __init__(self, source):
        read = module.read_vue
        empty = "<template><div></div></template>"
        module.read_vue = lambda path: empty if path.stem in ("grid", "card") else read(path)
        try:
            super().__init__(source)
        finally:
            module.read_vue = read
"""
FLOOR_CELL = "shown = Floor(catalogue)\nshown"
FIRST, LATER, FLOOR = "the first display of a page", "a later display", "the first display without a grid"


def run(report: Report, bench: BenchNotebook, looks: int = 25_000, more_looks: int = 100_000, rounds: int = 9) -> None:
    """Time the picker and the floor in turn, and weigh what the kernel sends for the picker."""
    with stand_in(looks) as service:
        bench.make_catalogue(service)
        bench.notebook.run(SET_UP)
        bench.show_picker(PICKER_CELL)
        controls = bench.page.locator(".look-filters button:visible, .look-filters input:visible").count()

        def measure(side: str) -> float:
            if side == FLOOR:
                return bench.time_cell(FLOOR_CELL, controls=controls, is_first=True)["controls"]
            taken = bench.time_cell(PICKER_CELL, pictures=PICTURES, is_first=side == FIRST)["pictures"]
            weights.append(bench.weigh() / 1000)
            return taken

        weights: list[float] = []
        first, later, floor = take_turns(rounds, {side: partial(measure, side) for side in (FIRST, LATER, FLOOR)})
        report.rows(f"picker: from running the cell, {looks:,} looks in memory", first, later, floor)
        for side, bound in ((first, FIRST_BOUND), (later, LATER_BOUND)):
            what = f"First {PICTURES} previews of {looks:,} looks, {side.name} / {FLOOR}"
            report.at_most(what, side.median / floor.median, bound)
        report.at_most(WEIGHT.format(looks), weights[-1], LARGEST, "{:,.0f} KB")
    with stand_in(more_looks) as service:
        bench.make_catalogue(service)
        measure(LATER)
        report.at_most(WEIGHT.format(more_looks), weights[-1], LARGEST, "{:,.0f} KB")
