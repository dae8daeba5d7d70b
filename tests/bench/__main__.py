"""Run the benchmarks and print what they measure; a bound that does not hold is told, and is no failure."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import date

from . import faults, frames, imports, keystrokes, loading, memory, paging, panel, picker, rivals
from .table import Finding, print_table

BENCHMARKS = {
    "picker": picker.run,
    "rivals": rivals.run,
    "keystrokes": keystrokes.run,
    "panel": panel.run,
    "loading": loading.run,
    "faults": faults.run,
    "frames": frames.run,
    "memory": memory.run,
    "paging": paging.run,
    "imports": imports.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark or all; return the exit status, which no measured number changes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Benchmarks of heygen_widgets.")
    parser.add_argument("name", nargs="?", choices=BENCHMARKS, help="one of them; all unless given")
    name = parser.parse_args(arguments).name
    # What requests would send to a proxy stays here, and nothing of the user's cache is read or written
    os.environ |= {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1", "TQDM_DISABLE": "1"}
    print(f"{_machine()}{_load()}", flush=True)
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="heygen-widgets-bench-") as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        for run in [BENCHMARKS[name]] if name else BENCHMARKS.values():
            print(flush=True)
            findings += run()
    if not name:
        print(f"\nMeasured on {date.today():%Y-%m-%d}: {_machine()}\n")
        print_table(findings)
    return 0


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"Python {platform.python_version()}, {os.cpu_count()} processors, {system}"


def _load() -> str:
    """Tell how busy the machine is already, where that can be known."""
    return f", load {os.getloadavg()[0]:.1f} before the first run" if hasattr(os, "getloadavg") else ""


if __name__ == "__main__":
    sys.exit(main())
