"""Take the pictures of README and reference pages from the real thing: ``python -m tests.browser.pictures``."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, expect, sync_playwright

from . import picker_page as ui
from .film import DECODED, take_film
from .install_browser import start_chromium
from .jupyter import NotebookPage, Server, Theme

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
IMAGES = NOTEBOOKS / "images"
PICK, SHARE = "01_pick_a_look", "03_shortlist_and_share"
CLIENT, PICKER = 1, 3  # their cells
CHOSEN = 11  # a card in the left half, beside which the panel opens on the right, and with a voice to play
SHORTLIST = (0, 4, 13)
LARGEST, LARGEST_FILM = 450_000, 2_000_000  # bytes

VIDEO = """from heygen_widgets import VideoRequest, demo_client
client = demo_client(render_time=1)
ready = (look for look in client.iter_looks() if look.is_ready and look.default_voice_id)
look = next(look for look in ready if "avatar_iv" in look.engines)
job = client.start_video(VideoRequest(avatar_id=look.id, script="Welcome!"))
job.result()
job"""


def main() -> None:
    """Take all of them, with one browser and one server."""
    with sync_playwright() as playwright, start_chromium(playwright) as browser, Server() as server:
        film = IMAGES / "choose.webp"
        take_film(browser, server, film)
        check_size(film, LARGEST_FILM)
        with shown(browser, server, PICK, "dark") as (notebook, picker):
            choose(picker, CHOSEN)
            ui.cards(picker).nth(CHOSEN).press("i")
            panel = picker.locator(".look-panel")
            expect(panel.locator("audio")).to_have_attribute("src", re.compile("."))
            ui.wait_until(panel, DECODED)
            take(notebook.cells.nth(PICKER), "panel")
        with shown(browser, server, SHARE) as (notebook, picker):
            choose(picker, *SHORTLIST)
            picker.get_by_role("button", name="Compare").click()
            comparison = picker.locator(".look-compare")
            expect(comparison.locator("thead img")).to_have_count(len(SHORTLIST))
            ui.wait_until(comparison, DECODED)
            take(notebook.output(PICKER), "compare")
            notebook.run_all()
            notebook.page.set_viewport_size({"width": 1000, "height": 700})
            notebook.page.goto(notebook.path.with_name("shortlist.html").as_uri())
            ui.wait_until(notebook.page.locator("body"), DECODED)
            for place in (0, 2):
                notebook.page.get_by_role("listitem").nth(place).get_by_role("checkbox").check()
            take(notebook.page.locator("html"), "gallery")
        with NotebookPage(server, browser, [VIDEO], viewport=(1180, 1100)) as notebook:
            notebook.run_cell(0)
            job = notebook.output(0).locator(".video-job")
            # One that has not played may have a sign that it loads.
            job.locator("video").evaluate("async film => { await film.play(); film.pause(); }")
            take(job, "video")


@contextmanager
def shown(
    browser: Browser, server: Server, name: str, theme: Theme = "light"
) -> Iterator[tuple[NotebookPage, Locator]]:
    """Open one of the notebooks and show its picker."""
    with NotebookPage(server, browser, NOTEBOOKS / f"{name}.ipynb", theme=theme, viewport=(1180, 1000)) as notebook:
        notebook.run_cell(CLIENT)
        notebook.run_cell(PICKER)
        picker = ui.picker_of(notebook, PICKER)
        ui.wait_for_pictures(picker)
        yield notebook, picker


def choose(picker: Locator, *places: int) -> None:
    for place in places:
        ui.cards(picker).nth(place).click()
        expect(ui.cards(picker).nth(place)).to_have_attribute("aria-selected", "true")


def take(shown: Locator, name: str) -> None:
    """Write a picture of an element, with no card in focus or under the pointer, whose clip would play."""
    page = shown.page
    page.mouse.move(0, 0)
    page.evaluate("() => document.activeElement.blur()")
    expect(page.locator("video.look-card__clip")).to_have_count(0)
    target = IMAGES / f"{name}.png"
    shown.screenshot(path=target, animations="disabled")
    check_size(target, LARGEST)


def check_size(path: Path, largest: int) -> None:
    size = path.stat().st_size
    print(f"{path.relative_to(NOTEBOOKS.parent)}: {size:,} bytes", flush=True)
    if size > largest:
        raise RuntimeError(f"{path.name} is larger than {largest:,} bytes")


if __name__ == "__main__":
    main()
