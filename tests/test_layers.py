"""Imports point down: each room of the package imports only from the floors below it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "heygen_widgets"

FLOORS = {
    "_files": 0,
    "_media": 0,
    "_options": 0,
    "_display": 0,
    "_parsing": 0,
    "errors": 0,
    "models": 0,
    "_request_rules": 0,
    "_video_records": 0,
    "videos": 0,
    "_answers": 1,
    "_arguments": 1,
    "_connections": 1,
    "_credentials": 1,
    "_exchange": 1,
    "_pace": 1,
    "_public": 1,
    "_background": 1,
    "_watching": 1,
    "_transport": 1,
    "api": 2,
    "_client": 2,
    "_download": 2,
    "_pictures": 2,
    "_video_calls": 2,
    "_cache": 3,
    "_code": 3,
    "_columns": 3,
    "_demo_client": 3,
    "_exports": 3,
    "_snapshots": 3,
    "_store": 3,
    "filters": 3,
    "frame": 3,
    "gallery": 3,
    "_ahead": 4,
    "_loaded": 4,
    "_loading": 4,
    "_progress": 3,
    "_renewal": 4,
    "catalogue": 4,
    "_voices": 4,
    "_fallback": 5,
    "_widget": 5,
    "_messages": 5,
    "_sources": 5,
    "_grid": 5,
    "_details": 5,
    "_panel": 5,
    "_choice": 5,
    "_following": 5,
    "_cards": 5,
    "picker": 5,
    "job": 5,
}

# What a room may import from outside the standard library.
OUTSIDE = {
    "_answers": {"requests"},
    "_arguments": {"requests"},
    "_client": {"requests"},
    "_connections": {"requests", "urllib3"},
    "_download": {"requests", "urllib3", "tqdm"},
    "_pictures": {"requests", "urllib3"},
    "_public": {"requests", "urllib3"},
    "_exchange": {"requests", "urllib3"},
    "_transport": {"requests"},
    "_video_calls": {"tqdm"},
    "_cache": {"platformdirs"},
    "_columns": {"numpy"},
    "_store": {"numpy"},
    "_exports": {"pyarrow"},
    "frame": {"pandas", "pyarrow"},
    "gallery": {"tqdm"},
    "_loaded": {"pandas"},
    "catalogue": {"tqdm"},
    "_widget": {"traitlets", "ipyvuetify"},
    "_grid": {"traitlets"},
    "_following": {"traitlets"},
    "_choice": {"traitlets"},
    "job": {"traitlets", "ipywidgets"},
    "picker": {"pandas", "ipywidgets"},
}

# The one way up: a method of the client's gives a widget, and imports it only when it is called.
UPWARD = {("api", "job")}

# Narrower than "anything below": these know records only, beside what they were one room with.
ONLY_RECORDS = ("filters", "_columns", "_store", "frame", "_exports", "_snapshots")
PARTS = ("_progress", "filters", "_columns", "_exports", "frame")


def imports_of(path: Path) -> tuple[set[str], set[str]]:
    """Give the rooms of this package and the top-level packages that a file imports."""
    rooms: set[str] = set()
    outside: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            inside = [alias.name if (path.parent / f"{alias.name}.py").exists() else "__init__" for alias in node.names]
            rooms.update([node.module.split(".")[0]] if node.module else inside)
        elif isinstance(node, ast.ImportFrom) and node.module:
            outside.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            outside.update(alias.name.split(".")[0] for alias in node.names)
    return rooms, outside - set(sys.stdlib_module_names)


ROOMS = sorted(path for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def test_every_room_has_a_floor() -> None:
    assert {path.stem for path in ROOMS} == set(FLOORS)


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_a_room_imports_only_from_below(path: Path) -> None:
    rooms, outside = imports_of(path)
    floor = FLOORS[path.stem]
    upward = {room for room in rooms if (path.stem, room) in UPWARD}
    for room in rooms - upward - ({"demo"} if path.stem == "_demo_client" else set()):
        # Rooms that were one once, the private ones a part of the public one.
        beside = FLOORS[room] == floor and (floor == 0 or room.startswith("_") or path.stem.startswith("_"))
        assert FLOORS[room] < floor or beside, f"{path.stem} imports {room}"
    if path.stem in ONLY_RECORDS:
        assert {FLOORS[room] for room in rooms if room not in PARTS} <= {0}
    assert outside <= OUTSIDE.get(path.stem, set())


def test_no_room_imports_itself_through_others() -> None:
    upward = dict(UPWARD)
    below = {path.stem: imports_of(path)[0] - {"demo", upward.get(path.stem)} for path in ROOMS}
    while below:
        free = {room for room, rooms in below.items() if not rooms & below.keys()}
        assert free, f"these import each other: {sorted(below)}"
        below = {room: rooms for room, rooms in below.items() if room not in free}


def test_the_stand_in_knows_nothing_but_itself_and_the_standard_library() -> None:
    inside = {path.stem for path in (PACKAGE / "demo").glob("*.py")}
    for path in (PACKAGE / "demo").glob("*.py"):
        rooms, outside = imports_of(path)
        assert rooms <= inside, path.name
        assert not outside - {"heygen_widgets"}, path.name
        assert "heygen_widgets" not in outside or "heygen_widgets.demo" in path.read_text(encoding="utf-8"), path.name


def test_the_api_module_comes_without_widgets_and_pandas() -> None:
    heavy = "ipywidgets", "ipyvuetify", "ipyvue", "traitlets", "pandas", "numpy", "IPython"
    program = f"import heygen_widgets.api, sys; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
