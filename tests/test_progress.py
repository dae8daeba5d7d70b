"""A progress bar holds no text from outside, never stops the work, and is hidden by the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tqdm.auto
import tqdm.notebook
from loopback import Loopback, client_of, reply

from heygen_widgets._progress import progress_bar

SCRIPT = "<img src=x onerror=alert(1)>"
BARS = {"notebook": tqdm.notebook.tqdm, "terminal": tqdm.std.tqdm}


@pytest.mark.parametrize("method", ["wait_for_video", "wait_for_video_agent", "download_video"])
def test_no_text_from_outside_reaches_a_bar(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []

    class Html(tqdm.notebook.HTML):  # type: ignore[misc]
        def __setattr__(self, name: str, value: object) -> None:
            shown.append(value)
            super().__setattr__(name, value)

    monkeypatch.setattr(tqdm.notebook, "HTML", Html)
    monkeypatch.setattr(tqdm.auto, "tqdm", tqdm.notebook.tqdm)
    with Loopback() as server, client_of(server) as client:
        record = {"id": SCRIPT, "session_id": SCRIPT, "video_url": f"{server.url}/film"}
        done, film = reply({"data": {**record, "status": "completed"}}), reply(b"\0\0\0\x08ftypisom")
        is_download = method == "download_video"
        server.script = [done, film] if is_download else [reply({"data": {**record, "status": SCRIPT}}), done]
        getattr(client, method)(SCRIPT, *[tmp_path / f"{SCRIPT}.mp4"] * is_download)
    texts = [text for text in shown if isinstance(text, str)]
    assert any("Waiting" in text or "Downloading" in text for text in texts)
    assert not any("onerror" in text for text in texts)


def full() -> Any:
    return os.fdopen(os.open("/dev/full", os.O_WRONLY), "w", buffering=1)


def closed() -> Any:
    file = full()
    file.close()
    return file


def broken() -> Any:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", buffering=1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bars", BARS)
@pytest.mark.parametrize("stderr", [lambda: None, closed, broken, full])
def test_a_bar_that_cannot_be_drawn_is_not(
    bars: str, stderr: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stderr()
    with monkeypatch.context() as patch:
        patch.setattr(tqdm.auto, "tqdm", BARS[bars])
        patch.setattr(sys, "stderr", file)
        with progress_bar("Loading", total=2) as bar:
            bar.update()
            bar.set_description_str("Still loading")
            bar.refresh()
        progress_bar("Never closed").update()
    if file:
        with suppress(OSError):
            file.close()


@pytest.mark.parametrize("bars", BARS)
def test_a_bar_can_be_hidden_after_tqdm_is_imported(
    bars: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tqdm.auto, "tqdm", BARS[bars])
    monkeypatch.setenv("TQDM_DISABLE", "1")
    with progress_bar("Loading", total=2) as bar:
        bar.update()
    assert bar.disable
    assert capsys.readouterr() == ("", "")
    monkeypatch.delenv("TQDM_DISABLE")
    with progress_bar("Loading", total=2) as bar:
        bar.update()
    assert "Loading" in "".join(capsys.readouterr())
