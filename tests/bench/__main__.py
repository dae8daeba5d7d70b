"""Run the benchmarks and print what they measure; a bound that does not hold is told, and is no failure."""

import argparse
import os
import sys
from collections.abc import Sequence

from . import imports, paging, picker

BENCHMARKS = {"picker": picker.run, "paging": paging.run, "imports": imports.run}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark or all; return the exit status, which no measured number changes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Benchmarks of heygen_widgets.")
    parser.add_argument("name", nargs="?", choices=BENCHMARKS, help="one of them; all unless given")
    name = parser.parse_args(arguments).name
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors{_load()}", flush=True)
    for run in [BENCHMARKS[name]] if name else BENCHMARKS.values():
        print(flush=True)
        run()
    return 0


def _load() -> str:
    """Tell how busy the machine is already, where that can be known."""
    return f", load {os.getloadavg()[0]:.1f} before the first run" if hasattr(os, "getloadavg") else ""


if __name__ == "__main__":
    sys.exit(main())
