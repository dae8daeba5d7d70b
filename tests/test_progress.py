"""A progress bar holds no text from outside, never stops the work, and is hidden by the environment."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tqdm.auto
import tqdm.notebook
from loopback import Loopback, client_of, reply

from heygen_widgets._progress import progress_bar

SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture(params=[tqdm.notebook.tqdm, tqdm.std.tqdm], ids=["notebook", "terminal"])
def _bars(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tqdm.auto, "tqdm", request.param)


@pytest.mark.parametrize("method", ["wait_for_video", "wait_for_video_agent", "download_video"])
def test_no_text_from_outside_reaches_a_bar(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Html(tqdm.notebook.HTML):  # type: ignore[misc]
        def __setattr__(self, name: str, value: object) -> None:
            shown.append(str(value))
            super().__setattr__(name, value)

    monkeypatch.setattr(tqdm.notebook, "HTML", Html)
    monkeypatch.setattr(tqdm.auto, "tqdm", tqdm.notebook.tqdm)
    with Loopback() as server, client_of(server) as client:
        record = {"id": SCRIPT, "session_id": SCRIPT, "video_url": f"{server.url}/film"}
        done, film = reply({"data": {**record, "status": "completed"}}), reply(b"\0\0\0\x08ftypisom")
        is_download = method == "download_video"
        server.script = [done, film] if is_download else [reply({"data": {**record, "status": SCRIPT}}), done]
        getattr(client, method)(SCRIPT, *[tmp_path / f"{SCRIPT}.mp4"] * is_download)
    assert ("Downloading" if is_download else "Waiting") in "".join(shown).replace("\u2007", " ")
    assert "onerror" not in "".join(shown)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("_bars")
@pytest.mark.parametrize("stderr", ["none", "closed", "full", "pipe"])
def test_a_bar_that_cannot_be_drawn_does_not_stop_the_work(stderr: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    target: Any = "/dev/full" if stderr == "full" else writer
    with suppress(OSError), open(target, "w", buffering=1) as file, monkeypatch.context() as patch:
        if stderr == "closed":
            file.close()
        patch.setattr(sys, "stderr", None if stderr == "none" else file)
        with progress_bar("Loading", total=2) as bar:
            bar.update()
            bar.refresh()
            assert bar.disable == (stderr in ("none", "closed"))
        stderr = "survived"
    assert stderr == "survived"


@pytest.mark.usefixtures("_bars")
@pytest.mark.parametrize("hidden", ["", "1"])
def test_a_bar_can_be_hidden_after_tqdm_is_imported(
    hidden: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TQDM_DISABLE", hidden)
    with progress_bar("Loading", total=2) as bar:
        bar.update()
    with progress_bar("Waiting", bar_format="{desc}") as bar:
        box = getattr(bar, "container", None)
        assert box is None or box.children[1].layout.display == "none"  # there is nothing to fill
    assert ("Loading" in "".join(capsys.readouterr())) == (not hidden)
