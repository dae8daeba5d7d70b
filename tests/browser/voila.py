"""Show notebooks in Voilà: a server of our own, as the ``voila`` command runs it, and its pages in Chromium.

with sync_playwright() as playwright, VoilaServer() as server, start_chromium(playwright) as browser:
    with VoilaPage(server, browser, ["answer = 42", "answer"]) as dashboard:
        expect(dashboard.output(0)).to_contain_text("42")
"""

import json
import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

from .jupyter import TIMEOUT, Source, end_server, free_port, is_thrown, notebook_of, start_server


class VoilaServer:
    """A Voilà server with folders of its own, alone on a free loopback port.

    It sees none of the user's settings or ``HEYGEN_…`` variables, and ends with this process come what may.

    Parameters
    ----------
    kernel_env
        Variables added to the environment of every kernel.
    """

    def __init__(self, kernel_env: Mapping[str, str] | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="heygen-widgets-voila-")).resolve()
        self.root = self.home / "notebooks"
        self.root.mkdir()
        self.url = f"http://127.0.0.1:{free_port()}"
        self._count = 0
        self._log: list[str] = []
        self._announced = threading.Event()
        options = [
            "--no-browser",
            "--Voila.ip=127.0.0.1",
            # Of Notebook 7, for its own pages; on these it fails
            "--VoilaConfiguration.extension_denylist=@jupyter-notebook/lab-extension",
            f"--port={self.url.rpartition(':')[2]}",
            "--Voila.port_retries=0",
            f"--Voila.connection_dir_root={self.home}",
            str(self.root),
        ]
        self._process = start_server("voila.app", options, self.home, kernel_env or {})
        threading.Thread(target=self._read_log, name="voila-server-log", daemon=True).start()
        if not self._announced.wait(TIMEOUT) or self._process.poll() is not None:
            self.close()
            raise RuntimeError(f"Voilà did not start:\n{self.log()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server and its kernels, and remove its folders."""
        end_server(self._process)
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self) -> str:
        """Return what the server and its kernels have logged."""
        return "".join(self._log)

    def add_notebook(self, source: Source) -> Path:
        """Put a notebook among the server's and return its path: a copy of a file, or one with the given code cells."""
        self._count += 1
        path = self.root / f"notebook-{self._count}.ipynb"
        path.write_text(source.read_text() if isinstance(source, Path) else json.dumps(notebook_of(source)))
        return path

    def _read_log(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._log.append(line)
                if "is running at" in line:
                    self._announced.set()
        self._announced.set()  # it has ended: nobody needs to wait any longer


class VoilaPage:
    """A notebook shown by Voilà, which runs every cell, in a kernel and a browser context of its own.

    Attributes
    ----------
    page : playwright.sync_api.Page
        The page, for locators, the keyboard and the mouse.
    page_errors : list of str
        Exceptions on the page, uncaught or logged.
    """

    def __init__(
        self, server: VoilaServer, browser: Browser, source: Source, *, viewport: tuple[int, int] = (1400, 1000)
    ) -> None:
        self.page_errors: list[str] = []
        self._context = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]})
        try:
            self.page: Page = self._context.new_page()
            self.page.on("pageerror", lambda error: self.page_errors.append(error.stack or str(error)))
            self.page.on("console", self._note_console)
            self.page.goto(f"{server.url}/voila/render/{server.add_notebook(source).name}", timeout=TIMEOUT * 1000)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the page."""
        self._context.close()

    def output(self, cell: int) -> Locator:
        """Return the output of a cell that has one, by index from 0."""
        return self.page.locator(".jp-OutputArea").nth(cell)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and is_thrown(message.text):
            self.page_errors.append(message.text)
