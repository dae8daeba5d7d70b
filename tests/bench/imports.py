"""What ``import heygen_widgets.api`` costs a process, against the package it builds on."""

import os
import subprocess
import sys
import tempfile
from functools import partial

from .report import Report, take_turns, timed

BOUND = 1.15


def run(report: Report, rounds: int = 41) -> None:
    """Time whole processes that import one thing."""
    with tempfile.TemporaryDirectory() as compiled:
        # Installed packages are compiled, so the warm-up compiles all that is imported here
        environ = os.environ | {"PYTHONPYCACHEPREFIX": compiled}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        start = partial(subprocess.run, check=True, env=environ)
        codes = ("import heygen_widgets.api", "import requests")
        sides = {code: timed(partial(start, [sys.executable, "-c", code])) for code in codes}
        ours, floor = take_turns(rounds, sides)
    report.rows("imports: a Python process from start to end, all modules compiled before", ours, floor)
    report.at_most("`import heygen_widgets.api` / `import requests`", ours.median / floor.median, BOUND)
