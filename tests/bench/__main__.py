"""Run benchmarks and print what they measure. A bound that does not hold is reported, and is no failure."""

import argparse
import importlib
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import heygen_widgets

from .against import compare
from .notebook import open_notebook
from .report import Report

PAGE = Path(__file__).parents[2] / "notebooks" / "reference" / "measurements.md"
# Each benchmark, with its arguments at a tiny size.
IN_NOTEBOOK: Mapping[str, Mapping[str, Any]] = {
    "picker": {"looks": 200, "more_looks": 300, "rounds": 1},
    "keystrokes": {"looks": 2_000, "more_looks": 300, "words": ["k"], "latency": 0.3},
    "panel": {"looks": 400, "panels": 1, "clips": 1, "keys": 2, "rounds": 1},
    "rivals": {"looks": 200, "cards": 20, "rounds": 1},  # last: a page is slower after a thousand widgets
}
WITHOUT_NOTEBOOK: Mapping[str, Mapping[str, Any]] = {
    "loading": {"looks": 300, "rounds": 1, "second_starts": 1, "single_pages": 1, "documented_pages": 1},
    "frames": {"looks": 300, "rounds": 1},
    "memory": {"looks": 300, "rounds": 1},
    "paging": {"looks": 300, "rounds": 1},
    "imports": {"rounds": 1},
}
TINY = {**IN_NOTEBOOK, **WITHOUT_NOTEBOOK}


def main() -> None:
    """Run some benchmarks or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Benchmarks of heygen_widgets.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(TINY)}; all unless given")
    parser.add_argument("--tiny", action="store_true", help="run each once at a tiny size: the numbers mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measures to a file")
    parser.add_argument("--against", metavar="COMMIT", help="compare the working tree with a commit")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side with --against (default: 3)")
    options = parser.parse_args()
    names = options.names or [*TINY]
    if unknown := set(names).difference(TINY):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(TINY)}")
    if options.against:
        compare(options.against, names, options.pairs, ["--tiny"] if options.tiny else [])
        return
    # No request goes through a proxy, and the user's cache is neither read nor written
    os.environ |= {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1", "TQDM_DISABLE": "1"}
    print(_machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="heygen-widgets-bench-") as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        report = _run(names, options.tiny)
    if options.json:
        package = str(Path(heygen_widgets.__file__).parent)
        options.json.write_text(json.dumps({"package": package, "measures": report.measures}))
    if names == [*TINY]:
        _check_page(report) if options.tiny else _write_page(report)


def _run(names: Sequence[str], tiny: bool) -> Report:
    """Run benchmarks; those that need a notebook share one, and come first or, at tiny size, beside the others."""
    report = Report()

    def run_in_notebook() -> None:
        if chosen := [name for name in names if name in IN_NOTEBOOK]:
            with open_notebook(waits=0.2 if tiny else 1.0) as bench:
                for name in chosen:
                    bench.reset()
                    _run_one(name, tiny, report, bench)

    def run_without() -> None:
        for name in names:
            if name in WITHOUT_NOTEBOOK:
                _run_one(name, tiny, report)

    if tiny:
        with redirect_stdout(StringIO()), ThreadPoolExecutor() as pool:
            for part in [pool.submit(run_in_notebook), pool.submit(run_without)]:
                part.result()
    else:
        run_in_notebook()
        run_without()
    return report


def _run_one(name: str, tiny: bool, *parts: object) -> None:
    """Run one benchmark, and print how long that took even where nothing else is printed."""
    begun = time.perf_counter()
    print()
    importlib.import_module(f"tests.bench.{name}").run(*parts, **TINY[name] if tiny else {})
    print(f"{name}: {time.perf_counter() - begun:.1f} s", file=sys.__stdout__, flush=True)


def _write_page(report: Report) -> None:
    """Replace the day, the machine and the table of the page of measurements."""
    text = PAGE.read_text(encoding="utf-8").partition("Measured on")[0]
    lines = [f"Measured on {date.today():%Y-%m-%d}: {_machine()}.", "", *report.table, ""]
    PAGE.write_text(text + "\n".join(lines), encoding="utf-8")
    print(f"\nWritten to {PAGE}")


def _check_page(report: Report) -> None:
    """Raise if the page has other rows or bounds than were measured; sizes are smaller in a tiny run."""
    pages = re.findall(r"^\| .*", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    written, measured = (sorted(map(_without_figures, rows)) for rows in (pages, report.table))
    if written != measured:
        raise SystemExit(f"{PAGE.name} has other rows than the benchmarks: {set(written) ^ set(measured)}")


def _without_figures(row: str) -> str:
    """Give what was measured, without sizes, and its bound."""
    what, _, bound = row.strip("| ").split(" | ")
    return f"{re.sub(r'[0-9,]+', '', what)}: {bound.removesuffix(': does not hold')}"


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, {os.cpu_count()} processors, {system}{load}"


if __name__ == "__main__":
    main()
