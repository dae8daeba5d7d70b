"""Run the unit tests on every Python found here, with the newest and with the lowest packages pyproject.toml allows.

Each row of the matrix has its own environment in `.venv/matrix`, which `uv` creates again in every run. The rows with
the newest packages check the types too.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1]
FOLDER = PROJECT / ".venv" / "matrix"
UV = [sys.executable, "-m", "uv"]
PACKAGES = {
    "newest": ["--editable", ".[all]", "--group", "dev"],
    # Only wheels: if the lowest release has no wheel for a Python, the lowest release that has one is tested.
    "lowest": [
        *("--resolution", "lowest-direct", "--only-binary", ":all:"),
        *("--editable", ".[parquet,excel,plot]", "--group", "test"),
    ],
}

IGNORED = ["--ignore=tests/browser", "--ignore=tests/docs"]  # they need the packages of the group `dev`


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
    paths: dict[str, str] = {}
    for found in json.loads(listed.stdout):  # the newest comes first
        minor, _, patch = found["version"].rpartition(".")
        if patch.isdigit() and (found["implementation"], found["variant"]) == ("cpython", "default"):
            paths.setdefault(minor, found["path"])
    return dict(sorted(paths.items()))


def run_row(name: str, python: str, packages: str) -> bool:
    """Install the packages, run the tests and, with the newest packages, mypy; return whether everything passed."""
    folder = FOLDER / name
    executable = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    commands = [
        [*UV, "venv", "--quiet", "--clear", "--python", python, str(folder)],
        [*UV, "pip", "install", "--quiet", "--python", executable, *PACKAGES[packages]],
        # print the versions that are tested
        [*UV, "pip", "tree", "--python", executable, "--package", "heygen-widgets", "--depth", "1"],
        [executable, "-m", "pytest", "--quiet", "-n", "logical", "--dist", "worksteal", *IGNORED],
    ]
    if packages == "newest":
        commands.append([executable, "-m", "mypy"])
    return all(subprocess.run(command, cwd=PROJECT, check=False).returncode == 0 for command in commands)


def main() -> int:
    """Run all rows, or those that are named, and print a table; return the exit status: 1 if any row failed."""
    pythons = find_pythons()
    rows = {f"{version}-{packages}": (python, packages) for version, python in pythons.items() for packages in PACKAGES}
    named = rows | {"newest": (pythons[max(pythons)], "newest"), "lowest": (pythons[min(pythons)], "lowest")}
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"any of {', '.join(named)}; all of them by default")
    names = parser.parse_args().rows or rows
    if unknown := set(names).difference(named):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(named)}")
    table = [f"{'row':16}{'result':8}seconds"]
    results = []
    for name in names:
        python, packages = named[name]
        print(f"\n{name}: {python}", flush=True)
        start = time.monotonic()
        results.append(run_row(name, python, packages))
        table.append(f"{name:16}{'passed' if results[-1] else 'failed':8}{time.monotonic() - start:7.0f}")
    print("", *table, sep="\n")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
