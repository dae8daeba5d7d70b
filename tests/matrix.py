"""Run the unit tests on every Python found here, with the newest and with the lowest packages pyproject.toml allows.

Each row of the matrix has its own environment in `.venv/matrix`, which `uv` creates again in every run. The rows with
the newest packages check the types too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[1]
FOLDER = PROJECT / ".venv" / "matrix"
UV = [sys.executable, "-m", "uv"]
PACKAGES = {
    "newest": ["--editable", ".[dev]"],
    # Only wheels: if the lowest release has no wheel for a Python, the lowest release that has one is tested.
    "lowest": ["--resolution", "lowest-direct", "--only-binary", ":all:", "--editable", ".[test]"],
}


class Row(NamedTuple):
    """One run of the tests: on a Python such as ``"3.12"``, with the ``"newest"`` or the ``"lowest"`` packages."""

    python: str
    packages: str

    @property
    def name(self) -> str:
        return "-".join(self)


def find_pythons() -> dict[str, str]:
    """Find the supported releases of CPython in pyenv's folder, on PATH and in uv's folder.

    Returns the path of the newest patch release of each minor version; the lowest version comes first.
    """
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    # A shim of pyenv on PATH fails for versions that are not active, so the folders of all versions come first.
    folders = [*pyenv.glob("versions/3.*/bin"), os.environ["PATH"], Path(sys.executable).parent]
    path = os.pathsep.join(map(str, folders))
    command = [*UV, "python", "list", project["requires-python"], "--only-installed", "--output-format", "json"]
    listed = subprocess.run(command, env=os.environ | {"PATH": path}, check=True, capture_output=True, text=True)
    paths: dict[tuple[int, ...], str] = {}
    for found in json.loads(listed.stdout):
        is_release = found["version"].replace(".", "").isdigit()
        if is_release and (found["implementation"], found["variant"]) == ("cpython", "default"):
            paths.setdefault(tuple(map(int, found["version"].split("."))), found["path"])
    return {f"{version[0]}.{version[1]}": paths[version] for version in sorted(paths)}


def run_row(row: Row, python: str) -> bool:
    """Install the packages, run the tests and, with the newest packages, mypy; return whether everything passed."""
    folder = FOLDER / row.name
    executable = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    commands = [
        [*UV, "venv", "--quiet", "--clear", "--python", python, str(folder)],
        [*UV, "pip", "install", "--quiet", "--python", executable, *PACKAGES[row.packages]],
        # print the versions that are tested
        [*UV, "pip", "tree", "--python", executable, "--package", "heygen-widgets", "--depth", "1"],
        [executable, "-m", "pytest", "--quiet", "-n", "logical", "--dist", "worksteal", "--ignore=tests/browser"],
    ]
    if row.packages == "newest":
        commands.append([executable, "-m", "mypy"])
    return all(subprocess.run(command, cwd=PROJECT, check=False).returncode == 0 for command in commands)


def main() -> int:
    """Run all rows, or those that are named, and print a table; return the exit status: 1 if any row failed."""
    pythons = find_pythons()
    rows = [Row(python, packages) for python in pythons for packages in PACKAGES]
    names = {row.name: row for row in rows} | {
        "newest": Row(max(pythons), "newest"),
        "lowest": Row(min(pythons), "lowest"),
    }
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument(
        "row",
        nargs="*",
        type=lambda name: names.get(name) or parser.error(f"{name!r} is none of: {', '.join(names)}"),
        help=f"{', '.join(names)}; all rows by default",
    )
    table = [f"{'Python':8}{'packages':10}{'result':8}seconds"]
    is_passed = True
    for row in parser.parse_args().row or rows:
        print(f"\n{row.name}: {pythons[row.python]}", flush=True)
        start = time.monotonic()
        passed = run_row(row, pythons[row.python])
        is_passed = is_passed and passed
        result = "passed" if passed else "failed"
        table.append(f"{row.python:8}{row.packages:10}{result:8}{time.monotonic() - start:7.0f}")
    print("", *table, sep="\n")
    return 0 if is_passed else 1


if __name__ == "__main__":
    sys.exit(main())
