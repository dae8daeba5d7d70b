"""The notebooks as they are kept, short and without any output, and as they run."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import nbformat
import pytest
from nbclient import NotebookClient

from heygen_widgets.demo import DemoService

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
SHARE = next(path for path in NOTEBOOKS if path.stem == "03_shortlist_and_share")
VIDEO = next(path for path in NOTEBOOKS if path.stem == "04_look_to_video")
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)

Run: TypeAlias = Callable[[Path], tuple[Any, Path]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run a notebook once, without a key, in an empty folder; give it with its outputs, and the folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HEYGEN_API_KEY", raising=False)
        home = tmp_path_factory.mktemp("home")
        for name in ("HEYGEN_CONFIG_DIR", "XDG_CACHE_HOME", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
            patch.setenv(name, str(home / name))

        @functools.cache
        def run_once(path: Path) -> tuple[Any, Path]:
            folder = tmp_path_factory.mktemp(path.stem)
            notebook = nbformat.read(path, as_version=4)
            NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
            return notebook, folder

        yield run_once


def outputs_of(notebook: Any, cell: str) -> dict[str, str]:
    """Give what a cell shows, by kind: `print` for what it prints, else MIME types."""
    shown: dict[str, str] = {}
    for output in next(found.outputs for found in notebook.cells if found.id == cell):
        kinds = {"print": output.text} if output.output_type == "stream" else output.data
        shown |= {kind: shown.get(kind, "") + text for kind, text in kinds.items() if isinstance(text, str)}
    return shown


@each
def test_a_notebook_is_kept_without_outputs_and_widget_state(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@each
def test_a_notebook_runs_from_top_to_bottom_without_a_key(path: Path, run: Run) -> None:
    notebook, _ = run(path)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.get("name") == "stderr" and "Warning" in output.text]


def test_a_shortlist_that_nobody_clicked_is_chosen_in_python_and_told_so(run: Run) -> None:
    shown = outputs_of(run(SHARE)[0], "values")
    assert "chosen in Python" in shown["print"]
    assert shown["text/html"].count("<img") == 3


def test_the_code_of_a_shortlist_chooses_the_same_again(run: Run) -> None:
    notebook, _ = run(SHARE)
    program = outputs_of(notebook, "code")["print"]
    names: dict[str, Any] = {}
    exec(program, names)
    picker = names["picker"]
    picker.close()
    ids = [look.id for look in picker.values]
    assert len(ids) == 3
    assert [f"/{look_id}" in outputs_of(notebook, "curl")["print"] for look_id in ids] == [True, True, True]


def test_the_gallery_of_a_shortlist_lies_beside_its_notebook_with_a_link_to_it(run: Run) -> None:
    notebook, folder = run(SHARE)
    assert "href='shortlist.html'" in outputs_of(notebook, "gallery")["text/html"]
    assert "Faces for the new film" in (folder / "shortlist.html").read_text(encoding="utf-8")


def test_a_video_is_made_on_the_stand_in_from_the_request_to_its_file(run: Run) -> None:
    notebook, folder = run(VIDEO)
    told = outputs_of(notebook, "wrong")["print"]
    assert [said in told for said in ("is the id of a group", "has 0", "'green'", "no background")] == [True] * 4
    assert "'type': 'avatar'" in outputs_of(notebook, "request")["text/plain"]
    assert outputs_of(notebook, "download")["print"] == "completed: 1.6 s\n"
    assert (folder / "welcome.mp4").read_bytes().startswith(b"\x1aE\xdf\xa3")
    assert "VideoJob(client, video_id=" in outputs_of(notebook, "taken")["text/plain"]
    assert "VideoJob(client, video_id=" in outputs_of(notebook, "session")["text/plain"]


def test_with_a_key_nothing_is_sent_that_costs_credits_before_the_user_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DemoService(looks=200, render_time=0) as service:
        monkeypatch.setenv("HEYGEN_API_KEY", service.api_key)
        monkeypatch.setenv("HEYGEN_API_BASE", service.base_url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        notebook = nbformat.read(VIDEO, as_version=4)
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
        client.execute()
        assert {method for method, _ in service.requests} == {"GET"}
        assert "Nothing was sent" in outputs_of(notebook, "job")["print"]
        # With the one word that the notebook names, it is sent.
        next(cell for cell in notebook.cells if cell.id == "say").source = "send = True"
        client.execute()
        assert [path for path, _ in service.accepted] == ["/v3/videos", "/v3/video-agents"]


def test_an_observer_hears_of_a_shorter_list_and_reset_of_none(run: Run) -> None:
    notebook, _ = run(SHARE)
    assert outputs_of(notebook, "observe")["text/plain"].count("'") == 4
    assert "0 looks" in outputs_of(notebook, "reset")["text/plain"]
