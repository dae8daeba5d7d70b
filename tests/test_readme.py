"""The README as its readers use it: its Python runs from top to bottom, and what it names is there."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from ipyvuetify.VuetifyTemplate import VuetifyTemplate
from ipywidgets import ValueWidget

import heygen_widgets
from heygen_widgets import HeyGenClient, Look, LookCatalogue, LookPicker, Page, VideoJob, VideoRequest
from heygen_widgets.demo import DemoService
from heygen_widgets.videos import Video

PROJECT = Path(__file__).parents[1]
TEXT = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What its examples call these, in code and tables alike
KINDS: dict[str, Any] = {
    "picker": LookPicker,
    "client": HeyGenClient,
    "catalogue": LookCatalogue,
    "look": Look,
    "page": Page,
    "job": VideoJob,
    "request": VideoRequest,
    "video": Video,
    **{name: getattr(heygen_widgets, name) for name in heygen_widgets.__all__},
}
# Nothing waits long between two requests.
QUICK = "import time; sleep = time.sleep; time.sleep = lambda seconds: sleep(min(seconds, 0.01))"


def blocks_of(language: str) -> list[str]:
    return [found[2] for found in BLOCK.finditer(TEXT) if found[1] == language]


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows_of(title: str) -> list[list[str]]:
    """Give the cells of a section's first table, without its heading."""
    table = re.search(r"^\|.*?(?=\n(?!\|))", section(title), re.MULTILINE | re.DOTALL)
    assert table
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def users_traits() -> dict[str, bool]:
    """Give the traits that are the package's own and not the view's, and whether each is synced."""
    return {
        name: bool(trait.metadata.get("sync"))
        for name, trait in LookPicker.class_traits().items()
        if trait.this_class.__module__.startswith("heygen_widgets.")
        and not name.startswith("_")
        and not trait.help.startswith(("For the view", "For a view"))
    }


def users_methods() -> set[str]:
    """Give what the picker offers and no other widget does, and `close`; `vue_…` is called by the view."""
    theirs = {*dir(VuetifyTemplate), *dir(ValueWidget), *LookPicker.class_traits()}
    return {name for name in dir(LookPicker) if name not in theirs and not name.startswith(("_", "vue_"))} | {"close"}


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))


def test_its_python_runs_from_top_to_bottom(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("\n".join(blocks_of("python")), encoding="utf-8")
    (tmp_path / "quick").mkdir()
    (tmp_path / "quick" / "sitecustomize.py").write_text(QUICK)
    with DemoService(looks=400, render_time=0) as service:
        settings = {
            "HEYGEN_API_BASE": service.base_url,
            "HEYGEN_API_KEY": service.api_key,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "TQDM_DISABLE": "1",
            "PYTHONPATH": str(tmp_path / "quick"),
        }
        run = [sys.executable, str(file)]
        done = subprocess.run(run, cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
        assert service.api_key not in done.stdout
    assert "get_look(" in done.stdout or "LookPicker(" in done.stdout
    written = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert written == {"README.md", "shortlist.html", "looks.jsonl.gz", "welcome.mp4"}


def test_its_commands_are_there() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    commands = [line.split("#")[0].split() for block in blocks_of("sh") for line in block.splitlines()]
    assert ["make", "demo"] in commands
    for command in commands:
        match command:
            case ["make", target]:
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
            case ["pip", "install", where]:
                assert set(re.fullmatch(r"'\.\[([\w,]+)\]'", where)[1].split(",")) <= set(extras)  # type: ignore[index]
            case _:
                raise AssertionError(f"nothing here knows whether {command} is there")


def test_its_links_lead_to_files_and_headings_that_are_there() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in target]
    assert len(targets) > 5
    headings = {"#" + heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}
    assert [target for target in targets if target not in headings and not (PROJECT / target).is_file()] == []


def test_its_traits_are_those_of_the_picker() -> None:
    shown = {row[0].strip("`"): row[3] == "yes" for row in rows_of("The picker")}
    assert shown == users_traits()


def test_it_names_every_public_name_and_every_method_of_the_picker() -> None:
    spans = " ".join(code_spans(section("What to call")))
    assert set(heygen_widgets.__all__) - set(re.findall(r"\w+", spans)) == set()
    assert users_methods() - set(re.findall(r"\bpicker\.(\w+)", spans)) == set()


def test_what_it_calls_is_there() -> None:
    calls = {call for span in code_spans(TEXT) for call in re.findall(r"\b(\w+)\.(\w+)", span) if call[0] in KINDS}
    assert len(calls) > 30
    assert [call for call in sorted(calls) if not hasattr(KINDS[call[0]], call[1])] == []
