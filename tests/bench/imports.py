"""What ``import heygen_widgets.api`` costs a process, against the one package that it stands on."""

import os
import subprocess
import sys
import tempfile
import time
from functools import partial

from .table import Finding, Samples, no_slower, print_samples, take_turns

ROUNDS = 41
BOUND = 1.15


def run() -> list[Finding]:
    """Time whole processes that import one thing."""
    codes = ["import heygen_widgets.api", "import requests", "pass"]
    with tempfile.TemporaryDirectory() as compiled:
        # Installed packages are compiled, and so is all that is imported here: the warm-up does it
        environ = os.environ | {"PYTHONPYCACHEPREFIX": compiled}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        durations = take_turns(ROUNDS, *[partial(_seconds, code, environ) for code in codes])
    ours, floor, empty = [Samples(code, taken) for code, taken in zip(codes, durations, strict=True)]
    print_samples("imports: a Python process from start to end, everything compiled before", [ours, floor, empty])
    return [no_slower("`import heygen_widgets.api` / `import requests`", ours, floor, BOUND)]


def _seconds(code: str, environ: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environ)
    return time.perf_counter() - begun
