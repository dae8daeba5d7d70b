"""The README's animated picture: a choice in a real picker, with a drawn pointer."""

from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from heygen_widgets.demo import DemoService

from . import picker_page as ui
from .jupyter import NotebookPage, Server

PICKER = "from heygen_widgets import LookPicker\n\npicker = LookPicker(height=400)\npicker"
VALUE = "look = picker.value\nlook"
MOVING = "[bool(look.preview_video_url) for look in picker.catalogue.select(picker.filter)].index(True)"
VIEWPORT = (1000, 1060)
STATUS_BAR = 30  # px
WIDTH = 900  # px of the animation
DECODED = "root => [...root.querySelectorAll('img')].every(image => image.complete && image.naturalWidth > 0)"
# Playwright shows no pointer.
POINTER = """() => {
    const pointer = document.createElement('div');
    pointer.style.cssText = 'position: fixed; z-index: 99999; width: 22px; height: 22px; translate: -50% -50%;'
        + 'pointer-events: none; border-radius: 50%; background: rgba(255, 160, 0, .55); border: 2px solid #c85a00';
    document.body.append(pointer);
    addEventListener('mousemove', event => {
        Object.assign(pointer.style, { left: `${event.clientX}px`, top: `${event.clientY}px` });
    }, true);
}"""


class Film:
    """Pictures of a part of a page, each with the time that it is shown."""

    def __init__(self, shown: Locator) -> None:
        self.page = shown.page
        box = shown.bounding_box()
        assert box
        self.clip = {**box, "height": VIEWPORT[1] - STATUS_BAR - box["y"]}
        self.frames: list[Image.Image] = []
        self.durations: list[int] = []
        self.at = (box["x"] + box["width"] / 2, float(VIEWPORT[1] - 100))
        self.page.evaluate(POINTER)
        self.page.mouse.move(*self.at)

    def frame(self, milliseconds: int) -> None:
        taken = Image.open(BytesIO(self.page.screenshot(clip=self.clip, animations="allow")))  # type: ignore[arg-type]  # a dict
        self.frames.append(taken.convert("RGB").resize((WIDTH, round(taken.height * WIDTH / taken.width))))
        self.durations.append(milliseconds)

    def click(self, target: Locator, steps: int = 6, shown: int = 700) -> None:
        """Move the pointer there, slower at both ends, and click."""
        self.glide(target, steps)
        target.click()
        self.frame(shown)

    def glide(self, target: Locator, steps: int = 6) -> None:
        box = target.bounding_box()
        assert box
        (x, y), to = self.at, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        for step in range(1, steps + 1):
            share = (step / steps) ** 2 * (3 - 2 * step / steps)
            self.page.mouse.move(x + (to[0] - x) * share, y + (to[1] - y) * share)
            self.frame(60)
        self.at = to

    def save(self, path: Path) -> None:
        first, *others = self.frames
        first.save(path, save_all=True, append_images=others, duration=self.durations, loop=0, quality=72, method=6)


def take_film(browser: Browser, server: Server, path: Path) -> None:
    """Search, filter, look at a person, select one, and show the look in the next cell."""
    with DemoService() as service, NotebookPage(server, browser, [PICKER, VALUE], viewport=VIEWPORT) as notebook:
        key = {"HEYGEN_API_BASE": service.base_url, "HEYGEN_API_KEY": service.api_key}
        notebook.run(f"import os; os.environ.update({key})")
        notebook.run_cell(0)
        picker = ui.picker_of(notebook)
        ui.wait_until(picker, DECODED)
        film = Film(notebook.page.locator(".jp-NotebookPanel-notebook"))
        film.frame(1200)
        search = picker.get_by_role("textbox").first
        film.click(search, shown=300)
        for letter in "office":
            search.press(letter)
            film.frame(110)
        ui.wait_until(picker, DECODED)
        film.frame(900)
        film.click(ui.named(picker, "Gender"))
        film.click(ui.titled(picker, "Female"), shown=500)
        notebook.page.keyboard.press("Escape")
        ui.wait_until(picker, DECODED)
        film.frame(900)
        card = ui.card(picker, notebook.value(MOVING))
        film.glide(card, 8)
        for _ in range(15):
            film.frame(100)  # its clip plays
        film.click(card, 1, 1200)
        notebook.run_cell(1)
        expect(notebook.output(1).locator("img")).to_be_visible()
        film.frame(3500)
        film.save(path)
