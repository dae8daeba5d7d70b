"""The notebooks: saved without outputs, and run from top to bottom."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from heygen_widgets.demo import DemoService

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
VIDEO = FOLDER / "04_look_to_video.ipynb"
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
# In these kernels the stand-in renders a video at once.
STARTUP = "from heygen_widgets import demo_client; demo_client.__kwdefaults__['render_time'] = 0"


def outputs_of(notebook: Any, cell: str) -> dict[str, str]:
    """Return the outputs of a cell by MIME type, and its printed text as `print`."""
    shown: dict[str, str] = {}
    for output in next(found.outputs for found in notebook.cells if found.id == cell):
        kinds = {"print": output.text} if output.output_type == "stream" else output.data
        shown |= {kind: shown.get(kind, "") + text for kind, text in kinds.items() if isinstance(text, str)}
    return shown


@each
def test_a_notebook_starts_with_its_title_and_is_saved_without_outputs_and_widget_state(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["cells"][0]["cell_type"], notebook["cells"][0]["source"][0][:2]) == ("markdown", "# ")
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def check_pick(notebook: Any, _: Path) -> None:
    """The first look when nothing was clicked, which the picker shows at the end, and a table of another picker."""
    shown = outputs_of(notebook, "value")
    assert "this is the first look" in shown["print"]
    name = shown["text/plain"].partition("name='")[2].partition("'")[0]
    assert all(name in outputs_of(notebook, cell)["text/html"] for cell in ("picker", "frame"))
    assert name in outputs_of(notebook, "code")["print"]
    assert "2,000 looks." in outputs_of(notebook, "picker")["text/plain"]
    assert "of 2,000 looks, filtered by" in outputs_of(notebook, "filter")["text/plain"]
    assert "office" in outputs_of(notebook, "matching")["text/html"].lower()


def check_shortlist(notebook: Any, folder: Path) -> None:
    """Looks selected in Python, as a table, as code that selects them again, as a page, and as a trait that changes."""
    shown = outputs_of(notebook, "values")
    assert "selected in Python" in shown["print"]
    assert shown["text/html"].count("<img") == 3
    names: dict[str, Any] = {}
    exec(outputs_of(notebook, "code")["print"], names)
    picker = names["picker"]
    picker.close()
    assert len(picker.values) == 3
    assert "href='shortlist.html'" in outputs_of(notebook, "gallery")["text/html"]
    assert "Faces for the new film" in (folder / "shortlist.html").read_text(encoding="utf-8")
    assert outputs_of(notebook, "observe")["text/plain"].count("'") == 4
    assert "0 looks" in outputs_of(notebook, "reset")["text/plain"]


def check_video(notebook: Any, folder: Path) -> None:
    """A refused request, one that is sent, its file, and its video in another widget."""
    shown = outputs_of(notebook, "wrong")["print"]
    assert [problem in shown for problem in ("the id of the look", "not ''", "'green'", "no background")] == [True] * 4
    assert "'type': 'avatar'" in outputs_of(notebook, "request")["text/plain"]
    assert outputs_of(notebook, "download")["print"] == "completed: 2.4 s\n"
    assert (folder / "welcome.mp4").read_bytes().startswith(b"\x1aE\xdf\xa3")
    assert "VideoJob(client, video_id=" in outputs_of(notebook, "taken")["text/plain"]
    assert "<audio" in outputs_of(notebook, "voices")["text/html"]
    assert outputs_of(notebook, "session")["print"].endswith("?\n")
    assert "VideoJob(client, video_id=" in outputs_of(notebook, "answered")["text/plain"]


CHECKS = {"01_pick_a_look": check_pick, "03_shortlist_and_share": check_shortlist, VIDEO.stem: check_video}


@each
def test_a_notebook_runs_to_the_end_without_a_key(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    for name in ("HEYGEN_CONFIG_DIR", "XDG_CACHE_HOME", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    startup = tmp_path / "IPYTHONDIR" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "quick.py").write_text(STARTUP)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.get("name") == "stderr" and "Warning" in output.text]
    if check := CHECKS.get(path.stem):
        check(notebook, tmp_path)


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
        # The change that the notebook describes sends it.
        next(cell for cell in notebook.cells if cell.id == "say").source = "send = True"
        client.execute()
        assert [path for path, _ in service.accepted] == ["/v3/videos", "/v3/video-agents"]
