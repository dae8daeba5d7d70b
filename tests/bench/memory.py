"""What a look takes of the resident memory: catalogue, columns of the filters, a picker on it, keeping a snapshot."""

import statistics
import tempfile
from pathlib import Path

from .stand_in import stand_in
from .table import Finding, at_most
from .tasks import run_task

LOOKS = 100_000
ROUNDS = 2
BOUND = 2.0  # KB a look


def run() -> list[Finding]:
    """Load all and nothing in fresh processes, and compare what is resident after it."""
    with stand_in(LOOKS) as service, stand_in(0) as empty, tempfile.TemporaryDirectory() as folder:
        kept: list[float] = []
        for number in range(ROUNDS):
            cache = Path(folder, str(number))
            full = run_task("reside", service.base_url, service.api_key, cache)
            none = run_task("reside", empty.base_url, empty.api_key, cache / "none")
            if (full["looks"], none["looks"]) != (LOOKS, 0):
                raise RuntimeError(f"{full['looks']:,} and {none['looks']:,} looks came")
            kept.append((full["resident"] - none["resident"]) / LOOKS / 1000)
    print(f"memory: a fresh process with {LOOKS:,} looks, signed URLs and all, less one with none; {ROUNDS} rounds")
    note = f"{min(kept):.2f}–{max(kept):.2f}"
    what = f"Resident memory a look, of {LOOKS:,}"
    return [at_most(what, statistics.median(kept), BOUND, "{:.2f} KB", note)]
