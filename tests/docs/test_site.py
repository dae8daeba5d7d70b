"""The website that `make docs` builds."""

import os
import subprocess
import sys
from pathlib import Path

CONFIG = Path(__file__).with_name("mkdocs.yml")


def test_it_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(CONFIG),
        "--site-dir",
        str(tmp_path),
    ]
    built = subprocess.run(command, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    start = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="01_pick_a_look.html"' in start
    assert 'href="reference/picker.html"' in start
    functions = (tmp_path / "reference" / "api.html").read_text(encoding="utf-8")
    assert 'id="heygen_widgets.api.HeyGenClient.list_looks"' in functions
