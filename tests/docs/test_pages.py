"""README and the reference pages as their readers use them: their code runs, and what they name is there."""

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from ipyvuetify.VuetifyTemplate import VuetifyTemplate
from ipywidgets import ValueWidget

import heygen_widgets
from heygen_widgets import (
    HeyGenClient,
    Look,
    LookCatalogue,
    LookFilter,
    LookPicker,
    Page,
    VideoJob,
    VideoRequest,
    errors,
)
from heygen_widgets.catalogue import Progress
from heygen_widgets.demo import DemoService
from heygen_widgets.frame import looks_to_frame
from heygen_widgets.videos import Video

PROJECT = Path(__file__).parents[2]
REFERENCE = PROJECT / "notebooks" / "reference"
PAGES = {
    path.stem: path.read_text(encoding="utf-8") for path in [PROJECT / "README.md", *sorted(REFERENCE.glob("*.md"))]
}
BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the examples call these, in code and tables alike.
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


def blocks_of(page: str, language: str) -> list[str]:
    return [found[2] for found in BLOCK.finditer(PAGES[page]) if found[1] == language]


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))


def table_of(page: str, title: str) -> dict[str, list[str]]:
    """Give the other cells of each row of the first table below a heading, by the first cell."""
    section = re.split(r"\n#+ ", PAGES[page].split(f"# {title}\n", 1)[1], maxsplit=1)[0]
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in section.splitlines() if line.startswith("| ")]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


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


@pytest.mark.parametrize(
    ("page", "written"),
    [
        ("README", {"shortlist.html", "matches.xlsx", "welcome.mp4"}),
        ("catalogue", {"looks.jsonl.gz"}),
        ("client", set()),
        ("demo", set()),
        ("videos", {"welcome.mp4"}),
    ],
)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: str, written: set[str], tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    file.write_text("\n".join(blocks_of(page, "python")), encoding="utf-8")
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
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"page.py"} | written


def test_their_commands_are_there() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    extras = set(
        tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    )
    spans = [
        span for text in PAGES.values() for span in [*code_spans(text), *(found[2] for found in BLOCK.finditer(text))]
    ]
    text = "\n".join(spans)
    assert {"demo", "test", "docs", "bench"} <= set(re.findall(r"\bmake (\w+)", text)) <= targets
    assert (
        {"all"}
        <= {extra for found in re.findall(r'pip install "[\w.-]+\[([\w,]+)\]"', text) for extra in found.split(",")}
        <= extras
    )


@pytest.mark.parametrize("command", ["looks", "demo"])
def test_every_option_of_a_command_is_named(command: str) -> None:
    run = [sys.executable, "-m", "heygen_widgets", command, "--help"]
    shown = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert (
        set(re.findall(r"(?<![\w-])--[\w-]+", shown))
        - {"--help"}
        - set(re.findall(r"--[\w-]+", PAGES["client"] + PAGES["demo"]))
        == set()
    )


def test_the_pages_name_every_public_name_and_every_method_of_the_picker() -> None:
    spans = " ".join(span for text in PAGES.values() for span in code_spans(text))
    assert set(heygen_widgets.__all__) - set(re.findall(r"\w+", spans)) == set()
    assert users_methods() - set(re.findall(r"\bpicker\.(\w+)", spans)) == set()


def test_what_they_call_is_there() -> None:
    spans = [span for page, text in PAGES.items() if page != "compatibility" for span in code_spans(text)]
    calls = {call for span in spans for call in re.findall(r"\b(\w+)\.(\w+)", span) if call[0] in KINDS}
    assert len(calls) > 50
    assert [call for call in sorted(calls) if not hasattr(KINDS[call[0]], call[1])] == []


def test_the_traits_are_those_of_the_picker() -> None:
    assert {name: row[2] == "yes" for name, row in table_of("picker", "Traits").items()} == users_traits()


MODULES = {path.stem for path in Path(heygen_widgets.__file__).parent.glob("[!_]*") if path.suffix in ("", ".py")} | {
    "__main__"
}


@pytest.mark.parametrize(
    ("page", "title", "names"),
    [
        ("filters", "Filters", [field.name for field in dataclasses.fields(LookFilter)]),
        ("catalogue", "Progress", [field.name for field in dataclasses.fields(Progress)]),
        ("tables", "Columns", [*looks_to_frame([])]),
        (
            "errors",
            "Errors and faults",
            {n for n in vars(errors) if n.endswith("Error")} - {"HeyGenError", "APITimeoutError"},
        ),
        ("demo", "Marks", set(re.findall(r"`(\[\w+\])`", DemoService.__doc__ or ""))),
        ("architecture", "Architecture", MODULES - {"__pycache__"}),
    ],
)
def test_a_table_has_a_row_for_each(page: str, title: str, names: Iterable[str]) -> None:
    rows = list(table_of(page, title))
    assert rows == names if isinstance(names, list) else set(rows) == names


def test_the_columns_have_the_types_of_the_frame() -> None:
    kinds: dict[str, Callable[[Any], bool]] = {
        "text": lambda value: isinstance(value, str),
        "integer": lambda value: isinstance(value, int),
        "bool": lambda value: isinstance(value, bool),
        "tuple of texts": lambda value: isinstance(value, tuple),
    }
    with DemoService(looks=100) as service:
        catalogue = LookCatalogue(HeyGenClient(service.api_key, base_url=service.base_url), cache=None)
        catalogue.load()
        frame = catalogue.to_frame()
    for name, (kind, *_) in table_of("tables", "Columns").items():
        values = frame[name].dropna().tolist()
        assert values or name.startswith("error"), name
        assert all(map(kinds[kind], values)), name
