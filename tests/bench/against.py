"""Run the benchmarks of the working tree and of a commit in turn, and print the ratios of what they measure."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]

Measures = dict[str, float]


def compare(commit: str, names: Sequence[str], pairs: int, options: Sequence[str]) -> None:
    """Compare benchmarks with those of a commit and print the ratios."""
    with tempfile.TemporaryDirectory(prefix="heygen-widgets-against-") as folder:
        archive, there = Path(folder, "commit.zip"), Path(folder, "tree").resolve()
        subprocess.run(["git", "archive", "--format=zip", f"--output={archive}", commit], cwd=HERE, check=True)
        shutil.unpack_archive(archive, there)
        for name in names:
            print(f"\n{name}: here / {commit}, the median of {pairs} pairs and each of them", flush=True)
            measured = [(_measure(HERE, name, options), _measure(there, name, options)) for _ in range(pairs)]
            print("\n".join(describe(measured)), flush=True)


def describe(measured: Sequence[tuple[Measures, Measures]]) -> list[str]:
    """Return a line with the ratios of each measure that both sides have. Each pair is (here, there)."""
    lines = []
    for name in (name for name in measured[0][0] if name in measured[0][1]):
        # 0 / 0 is 1, as with requests that neither side sends
        ratios = [(ours[name] or 1e-9) / (theirs[name] or 1e-9) for ours, theirs in measured]
        each = " ".join(f"{ratio:.2f}" for ratio in ratios)
        lines.append(f"  {statistics.median(ratios):.2f}  ({each})  {name}")
    return lines


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
