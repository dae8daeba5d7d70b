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
    report.at_most(f"Resident memory per look, of {looks:,}", statistics.median(kept), BOUND, "{:.2f} KB")
