"""Show notebooks in Voilà, served as by the ``voila`` command, in Chromium.

with sync_playwright() as playwright, start_voila() as server, start_chromium(playwright) as browser:
    with VoilaPage(server, browser, ["answer = 42", "answer"]) as dashboard:
        expect(dashboard.output(0)).to_contain_text("42")
"""

from typing import Self

from playwright.sync_api import Browser, Locator, Page

from .jupyter import TIMEOUT, Server, Source, note_errors


def start_voila() -> Server:
    """Start a Voilà server."""
    options = [
        *("--no-browser", "--Voila.ip=127.0.0.1", "--port={port}", "--Voila.port_retries=0"),
        # An extension of Notebook 7 that fails on these pages
        "--VoilaConfiguration.extension_denylist=@jupyter-notebook/lab-extension",
        *("--Voila.connection_dir_root={home}", "{root}"),
    ]
    return Server("voila.app", options)


class VoilaPage:
    """A notebook shown by Voilà, which runs every cell, in a kernel and a browser context of its own.

    Attributes
    ----------
    page : playwright.sync_api.Page
    page_errors : list of str
        Exceptions on the page, uncaught or logged.
    """

    def __init__(self, server: Server, browser: Browser, source: Source) -> None:
        self.page_errors: list[str] = []
        self._context = browser.new_context(viewport={"width": 1400, "height": 1000})
        try:
            self.page: Page = self._context.new_page()
            note_errors(self.page, self.page_errors, [])
            self.page.goto(f"{server.url}/voila/render/{server.add_notebook(source).name}", timeout=TIMEOUT * 1000)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the page."""
        self._context.close()

    def output(self, cell: int) -> Locator:
        """Return the output of a cell that has one, by index from 0."""
        return self.page.locator(".jp-OutputArea").nth(cell)
