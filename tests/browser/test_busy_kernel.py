"""Clicks while a cell runs: JupyterLab sends them to a subshell of the kernel, and the widgets answer at once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from heygen_widgets.demo import DemoService

from . import picker_page as ui
from .conftest import OpenNotebook
from .jupyter import NotebookPage

# The cell runs until the test has seen the answers and creates a file. It gives up after a while.
BUSY = """
import pathlib, time
print("busy")
for _ in range(400):
    if pathlib.Path({file!r}).exists():
        print("released")
        break
    time.sleep(0.05)
"""
RUN = """cell => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
    window.jupyterapp.commands.execute('notebook:run-cell');
}"""

CLIENT = "from heygen_widgets import *\nclient = HeyGenClient({key!r}, base_url={url!r}, max_retries=0)\n"
PICKER = "picker = LookPicker(client, cache=None)\n"
LOADED = f"{PICKER}picker.catalogue.wait()\n"
START = (
    "look = next(look for look in client.iter_looks() if look.is_ready and look.default_voice_id)\n"
    "video = client.create_video(VideoRequest(avatar_id=look.id, script='Hello'))\n"
)
ENDED = "job = VideoJob(client, video_id=video.id, timeout=0)\n"


class BusyCell:
    """The last cell of a notebook, while it runs."""

    def __init__(self, open_notebook: OpenNotebook, folder: Path, before: str, busy: str) -> None:
        self._file = folder / "released"
        code = busy + BUSY.format(file=str(self._file))
        self.notebook: NotebookPage = open_notebook([before, code], viewport=(1400, 1600))
        self.notebook.run_cell(0)

    def start(self) -> None:
        """Run it, and wait until it is busy."""
        self.notebook.page.evaluate(RUN, 1)
        expect(self.notebook.output(1)).to_contain_text("busy")

    def release(self) -> None:
        """End it, and see that it was running until now."""
        self._file.touch()
        expect(self.notebook.output(1)).to_contain_text("released")


def client_of(service: DemoService) -> str:
    return CLIENT.format(key=service.api_key, url=service.base_url)


@pytest.mark.parametrize(
    ("latency", "before", "busy"),
    [
        pytest.param(0, f"{LOADED}display(picker)", "", id="at-rest"),
        pytest.param(0.3, f"{PICKER}display(picker)", "", id="while-loading"),
        pytest.param(0, "", f"{LOADED}display(picker)", id="in-the-cell-that-created-it"),
        pytest.param(0.3, "", f"{PICKER}display(picker)", id="in-the-cell-that-created-it-while-loading"),
        pytest.param(0, f"{LOADED}display(picker)", "picker.height = 500", id="after-the-cell-set-a-trait"),
        pytest.param(0.3, f"{PICKER}display(picker)", "picker.height = 500", id="after-a-trait-while-loading"),
    ],
)
def test_a_picker_answers_while_a_cell_runs(
    open_notebook: OpenNotebook, tmp_path: Path, latency: float, before: str, busy: str
) -> None:
    with DemoService(looks=25_000 if latency else 2_000, latency=latency) as service:
        cell = BusyCell(open_notebook, tmp_path, client_of(service) + before, busy)
        picker = ui.picker_of(cell.notebook, 0 if before else 1)
        if before:
            ui.wait_for_pictures(picker)
        cell.start()
        ui.wait_for_pictures(picker)
        card = ui.cards(picker).nth(3)
        for selected in ("true", "false", "true"):
            card.click()
            expect(card).to_have_attribute("aria-selected", selected)
        picker.locator("input").first.fill("office")
        expect(ui.cards(picker).first.locator(".look-card__name")).to_contain_text("office", ignore_case=True)
        ui.choose_option(picker, "Gender", "Female")
        expect(picker.locator(".look-line__chip")).to_have_count(2)
        if latency:
            expect(ui.total(picker)).to_contain_text("so far")
        cell.release()
        assert cell.notebook.value("(picker.value is not None, picker.filter.search, picker.filter.gender)") == (
            True,
            "office",
            ("female",),
        )
        cell.notebook.run("picker.catalogue.stop()")


@pytest.fixture
def clock() -> list[float]:
    """Give the seconds by which the stand-in's clock is ahead."""
    return [0.0]


@pytest.fixture
def renders(clock: list[float]) -> Iterator[str]:
    """Give the code that creates a video, which is finished after ten minutes by the clock."""
    with DemoService(looks=60, render_time=600, clock=lambda: time.time() + clock[0]) as service:
        yield client_of(service) + START


@pytest.mark.parametrize(
    ("before", "busy"),
    [
        pytest.param(f"{ENDED}display(job)", "", id="at-rest"),
        pytest.param("", f"{ENDED}display(job)", id="in-the-cell-that-created-it"),
        pytest.param(f"{ENDED}display(job)", "job.layout = {'width': '50%'}", id="after-the-cell-set-a-trait"),
    ],
)
def test_a_job_continues_at_a_click_while_a_cell_runs(
    open_notebook: OpenNotebook, tmp_path: Path, renders: str, clock: list[float], before: str, busy: str
) -> None:
    cell = BusyCell(open_notebook, tmp_path, renders + before, busy)
    cell.start()
    job = cell.notebook.output(0 if before else 1).locator(".video-job")
    expect(job.locator(".video-job__problem")).to_contain_text("not finished after 0 s")
    clock[0] = 600
    job.get_by_role("button", name="Continue").click()
    expect(job.locator(".video-job__status")).to_contain_text("Completed")
    expect(job.locator("video")).to_be_visible()
    expect(job.get_by_role("button", name="Continue")).to_have_count(0)
    cell.release()
    assert cell.notebook.value("job.error") == ""


def test_a_new_view_of_a_job_that_polls_shows_it_while_a_cell_runs(
    open_notebook: OpenNotebook, tmp_path: Path, renders: str
) -> None:
    cell = BusyCell(open_notebook, tmp_path, renders + "job = VideoJob(client, video_id=video.id)\njob", "display(job)")
    expect(cell.notebook.output(0).locator(".video-job__status")).to_contain_text("Waiting for its turn")
    cell.start()
    expect(cell.notebook.output(1).locator(".video-job__status")).to_contain_text("Waiting for its turn")
    cell.release()
    cell.notebook.run("job.close()")
