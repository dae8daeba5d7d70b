"""Run the benchmarks of the working tree and of a commit in turn, and print the ratios of what they measure."""

import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]

Measures = dict[str, float]


def compare(commit: str, names: Sequence[str], pairs: int, options: Sequence[str]) -> None:
    """Compare benchmarks with those of a commit and print the ratios."""
    with _check_out(commit) as there:
        for name in names:
            print(f"\n{name}: here / {commit}, the median of {pairs} pairs and each of them", flush=True)
            if not Path(there, "tests", "bench", f"{name}.py").exists():
                print(f"  {commit} has no such benchmark")
                continue
            measured = [(_measure(HERE, name, options), _measure(there, name, options)) for _ in range(pairs)]
            print("\n".join(describe(measured)), flush=True)


def describe(measured: Sequence[tuple[Measures, Measures]]) -> list[str]:
    """Return a line for each measure: its ratios, or which side alone has it. Each pair is (here, there)."""
    here, there = measured[0]
    lines = []
    for name in here | there:
        if name in here and name in there:
            ratios = [_ratio(ours[name], theirs[name]) for ours, theirs in measured]
            each = " ".join(f"{ratio:.2f}" for ratio in ratios)
            lines.append(f"  {statistics.median(ratios):.2f}  ({each})  {name}")
        else:
            lines.append(f"  only {'here' if name in here else 'there'}: {name}")
    return lines


def _ratio(here: float, there: float) -> float:
    """Return here / there, where 0 / 0 is 1."""
    if there:
        return here / there
    return math.inf if here else 1.0


def _measure(tree: Path, name: str, options: Sequence[str]) -> Measures:
    """Run a benchmark of a tree with this interpreter, and return its measures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "measures.json")
        command = [sys.executable, "-m", "tests.bench", name, "--json", str(file), *options]
        # The Jupyter kernel is not started in the tree, and finds the package by PYTHONPATH alone
        environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(tree), os.environ.get("PYTHONPATH", "")])}
        subprocess.run(command, cwd=tree, env=environ, check=True, stdout=subprocess.DEVNULL)
        result = json.loads(file.read_text())
    if Path(result["package"]).resolve() != tree / "heygen_widgets":
        raise RuntimeError(f"the benchmark of {tree} measured {result['package']}")
    return result["measures"]


@contextmanager
def _check_out(commit: str) -> Iterator[Path]:
    """Put the files of a commit into a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="heygen-widgets-against-") as folder:
        archive, tree = Path(folder, "commit.zip"), Path(folder, "tree").resolve()
        subprocess.run(["git", "archive", "--format=zip", f"--output={archive}", commit], cwd=HERE, check=True)
        shutil.unpack_archive(archive, tree)
        yield tree
