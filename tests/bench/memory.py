"""The resident memory per look: of the catalogue, the index of the filters, a picker, and saving the snapshot."""

import statistics
import tempfile
from pathlib import Path

from .report import Report
from .stand_in import stand_in

BOUND = 2.0  # KB a look


def run(report: Report, looks: int = 100_000, rounds: int = 2) -> None:
    """Load all looks and none in fresh processes, and compare their resident memory."""
    with stand_in(looks) as service, stand_in(0) as empty, tempfile.TemporaryDirectory() as folder:
        kept: list[float] = []
        for number in range(rounds):
            full = service.run_task("reside", Path(folder, f"{number}"), looks)
            none = empty.run_task("reside", Path(folder, f"{number}-none"), 0)
            kept.append((full["resident"] - none["resident"]) / looks / 1000)
    print(f"memory: a fresh process with {looks:,} looks, less one with none; {rounds} rounds")
    note = f"{min(kept):.2f}–{max(kept):.2f}"
    what = f"Resident memory a look, of {looks:,}"
    report.at_most(what, statistics.median(kept), BOUND, "{:.2f} KB", note)
