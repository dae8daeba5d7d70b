"""Clicks while a cell runs: JupyterLab sends them to a subshell of the kernel, and the widgets answer at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, expect

from heygen_widgets.demo import DemoService

from . import picker_page as ui
from .conftest import OpenNotebook
from .jupyter import NotebookPage

# The cell runs until the test has seen the answers and creates a file. It gives up after a while.
BUSY = """
import pathlib, time
file = pathlib.Path("released")
file.unlink(missing_ok=True)
print("busy")
for _ in range(400):
    if file.exists():
        print("released")
        break
    time.sleep(0.05)
"""
SESSION = "window.jupyterapp.shell.currentWidget.sessionContext.session"
SET_SUBSHELLS = f"comms => {{ {SESSION}.kernel.commsOverSubshells = comms; }}"
RUN = """cell => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
    window.jupyterapp.commands.execute('notebook:run-cell');
}"""

PICKER = "picker = LookPicker(client, cache=None, ownership='public')\n"  # no private look comes before the others
LOADED = f"{PICKER}picker.catalogue.wait()\n"
START = (
    "look = next(look for look in client.iter_looks() if look.is_ready and look.default_voice_id)\n"
    "video = client.create_video(VideoRequest(avatar_id=look.id, script='Hello'))\n"
)
ENDED = "job = VideoJob(client, video_id=video.id, timeout=0)\ndisplay(job)\n"
situations = pytest.mark.parametrize(
    "situation", ["at-rest", "in-the-cell-that-created-it", "after-the-cell-set-a-trait"]
)


def opened(
    open_notebook: OpenNotebook, service: DemoService, situation: str, shows: str, trait: str, first: str = ""
) -> tuple[NotebookPage, Locator]:
    """Open a notebook whose second cell will be busy, run the first one, and give the output with the widget."""
    created = situation.startswith("in")
    before, busy = ("", shows) if created else (shows, trait if situation.startswith("after") else "")
    code = ui.client_code(service.api_key, service.base_url) + first + before
    notebook = open_notebook([code, f"{busy}\n{BUSY}"], viewport=(1400, 1600))
    notebook.run_cell(0)
    return notebook, notebook.output(int(created))


@contextmanager
def busy_cell(notebook: NotebookPage) -> Iterator[None]:
    """Run the second cell, which is busy until the block ends."""
    notebook.page.evaluate(RUN, 1)
    expect(notebook.output(1)).to_contain_text("busy")
    yield
    notebook.path.with_name("released").touch()
    expect(notebook.output(1)).to_contain_text("released")


@situations
@pytest.mark.parametrize("latency", [0, 0.3], ids=["loaded", "loading"])
def test_pickers_answer_while_a_cell_runs(open_notebook: OpenNotebook, latency: float, situation: str) -> None:
    shows = f"{PICKER if latency else LOADED}display(picker)"
    with DemoService(looks=25_000 if latency else 2_000, latency=latency) as service:
        notebook, output = opened(open_notebook, service, situation, shows, "picker.height = 500")
        picker = output.locator(".look-picker")
        with busy_cell(notebook):
            ui.wait_for_pictures(picker)
            card = ui.cards(picker).nth(3)
            for selected in ("true", "false", "true"):
                card.click()
                expect(card).to_have_attribute("aria-selected", selected)
            picker.locator("input").first.fill("office")
            expect(ui.cards(picker).first.locator(".look-card__name")).to_contain_text("office", ignore_case=True)
            ui.choose_option(picker, "Gender", "Female")
            expect(picker.locator(".look-line__chip")).to_have_text(["Female", "Public"])
            if latency:
                expect(ui.total(picker)).to_contain_text("so far")
        state = "(picker.value is not None, picker.filter.search, picker.filter.gender)"
        notebook.expect_run(state, (True, "office", ("female",)))
        notebook.run("picker.catalogue.stop()")


def test_without_subshells_clicks_are_shown_at_once_and_answered_when_the_cell_has_ended(
    open_notebook: OpenNotebook, service: DemoService
) -> None:
    types = ("digital_twin", "photo_avatar", "studio_avatar")
    picker_code = (
        f"{LOADED}picker.multiple, picker.filter = True, LookFilter('a', avatar_type={types}, gender='male')\n"
        "picker.values = picker.catalogue.select(LookFilter(gender='female'))[:60]"
        " + picker.catalogue.select(picker.filter)[2:61]\nassert len(picker.values) == 119\npicker"
    )
    notebook = open_notebook([ui.client_code(service.api_key, service.base_url) + picker_code, BUSY])
    notebook.page.evaluate(SET_SUBSHELLS, "disabled")
    notebook.run_cell(0)
    picker = ui.picker_of(notebook)
    busy, count = picker.locator(".look-picker__busy"), picker.locator(".look-tray__count")
    chips, gender = picker.locator(".look-line__chip"), ui.named(picker, "Gender")
    first = picker.locator(".look-tray__open").first
    ui.wait_for_pictures(picker)
    added = ui.cards(picker).first.get_attribute("data-look-id")
    heights = "root => [root, ...root.querySelectorAll(':scope > div, :scope > div > div')].map(e => e.offsetHeight)"
    before, named = picker.evaluate(heights), str(first.get_attribute("data-look-id"))
    with busy_cell(notebook):
        for button, number in (("Clear selection", 0), ("Undo", 119)):
            picker.get_by_role("button", name=button, exact=True).click()
            expect(count).to_have_text(f"{number} selected")
        expect(first).to_have_attribute("data-look-id", named)
        for position, selected, number in ((0, "true", 120), (0, "false", 119), (0, "true", 120), (1, "true", 121)):
            card = ui.cards(picker).nth(position)
            card.click()
            expect(card).to_have_attribute("aria-selected", selected)
            expect(count).to_have_text(f"{number} selected")
        expect(busy).to_contain_text("The kernel is busy")
        picker.get_by_role("button", name="Clear search").click()
        expect(picker.locator("input").first).to_have_value("")
        for left in (3, 2):
            chips.nth(1).click()
            expect(chips).to_have_count(left)
        ui.choose_option(picker, "Gender", "Female", "Male")
        expect(gender).to_have_attribute("aria-label", "Gender, 1 chosen")
        for title in ("People", "Looks"):
            button = picker.get_by_role("button", name=title, exact=True)
            button.click()
            expect(button).to_have_attribute("aria-pressed", "true")
        assert picker.evaluate(heights) == before  # nothing has jumped
    expect(busy).to_have_text("")
    expect(picker.locator(".look-problem")).to_contain_text("at most 120")  # the last look is refused
    expect(count).to_have_text("120 selected")
    assert notebook.value("(picker.values[-1].id, picker.view, picker.filter.to_json())") == (
        added, "looks", {"avatar_type": ["digital_twin"], "gender": ["female"]}
    )  # fmt: skip
    notebook.run("picker.filter = LookFilter()")  # what was clicked no longer counts
    expect(gender).to_have_attribute("aria-label", "Gender")
    notebook.page.evaluate(SET_SUBSHELLS, "perCommTarget")


@situations
def test_a_job_continues_at_a_click_while_a_cell_runs(
    open_notebook: OpenNotebook, service: DemoService, clock: list[float], situation: str
) -> None:
    notebook, output = opened(open_notebook, service, situation, ENDED, "job.layout = {'width': '50%'}", START)
    job = output.locator(".video-job")
    with busy_cell(notebook):
        expect(job.locator(".video-job__problem")).to_contain_text("not finished after 0 s")
        clock[0] = 600
        job.get_by_role("button", name="Try again").click()
        expect(job.locator(".video-job__status")).to_contain_text("Completed")
        expect(job.locator("video")).to_be_visible()
        expect(job.get_by_role("button", name="Try again")).to_have_count(0)
    assert notebook.value("job.error") == ""
