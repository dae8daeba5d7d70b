"""What ``import heygen_widgets.api`` costs a process, against the package it builds on."""

import os
import subprocess
import sys
import tempfile
import time
from functools import partial

from .report import Report, Samples, take_turns

BOUND = 1.15


def run(report: Report, rounds: int = 41) -> None:
    """Time whole processes that import one thing."""
    codes = ["import heygen_widgets.api", "import requests", "pass"]
    with tempfile.TemporaryDirectory() as compiled:
        # Installed packages are compiled, so the warm-up compiles all that is imported here
        environ = os.environ | {"PYTHONPYCACHEPREFIX": compiled}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        durations = take_turns(rounds, *[partial(_seconds, code, environ) for code in codes])
    ours, floor, empty = [Samples(code, taken) for code, taken in zip(codes, durations, strict=True)]
    report.rows("imports: a Python process from start to end, all modules compiled before", ours, floor, empty)
    report.no_slower("`import heygen_widgets.api` / `import requests`", ours, floor, BOUND)


def _seconds(code: str, environ: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environ)
    return time.perf_counter() - begun
