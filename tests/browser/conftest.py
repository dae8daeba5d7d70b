"""Fixtures of the browser tests: one server, one browser, and notebooks that tests share."""

import contextlib
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error as PlaywrightError, expect, sync_playwright

from heygen_widgets.demo import DemoService

from .install_browser import start_chromium
from .jupyter import App, NotebookPage, Server, Source

# For a busy machine. A test that passes does not wait
expect.set_options(timeout=30_000)


class OpenNotebook:
    """Opens notebooks for one test, by default in a page that one test after the other uses."""

    def __init__(self, server: Server, browser: Browser, idle: dict[App, NotebookPage], folder: Path) -> None:
        self.server = server
        self._browser = browser
        self._idle = idle
        self.folder = folder
        self.opened: dict[NotebookPage, App | None] = {}  # None: closed after the test
        self.failed = False

    def __call__(
        self, source: Source, *, app: App = "lab", env: dict[str, str] | None = None, save: bool = False, **look: Any
    ) -> NotebookPage:
        """Open a notebook with an empty cache. To ``save`` widgets, page and kernel are new, and close after it."""
        cache = self.folder / f"cache-{len(self.opened)}"
        cache.mkdir()
        look["env"] = {"XDG_CACHE_HOME": str(cache), **(env or {})}
        notebook = None if save else self._idle.pop(app, None)
        if notebook:
            notebook.renew(source, **look)
        else:
            notebook = NotebookPage(self.server, self._browser, source, app=app, save_widget_state=save, **look)
        self.opened[notebook] = None if save else app
        return notebook

    def close(self) -> None:
        """Close the notebooks. Shared ones go to the next test, unless this one failed."""
        for notebook, app in self.opened.items():
            if app is None or self.failed or self._idle.setdefault(app, notebook) is not notebook:
                notebook.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests. Without one they fail: nobody would notice skipped tests."""
    with sync_playwright() as playwright, start_chromium(playwright) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def jupyter_server() -> Iterator[Server]:
    """One Jupyter server for all tests."""
    with Server() as server:
        yield server


@pytest.fixture(scope="session")
def idle_notebooks(jupyter_server: Server, browser: Browser) -> dict[App, NotebookPage]:
    """An open notebook per application, for one test after the other."""
    return {}


@pytest.fixture
def open_notebook(
    jupyter_server: Server, browser: Browser, idle_notebooks: dict[App, NotebookPage], tmp_path: Path
) -> Iterator[OpenNotebook]:
    """Open notebooks by calling it; an exception on a page or in a widget's handler fails the test."""
    notebooks = OpenNotebook(jupyter_server, browser, idle_notebooks, tmp_path)
    yield notebooks
    errors = [error for notebook in notebooks.opened for error in notebook.errors()]
    notebooks.failed |= bool(errors)
    notebooks.close()
    if errors:
        pytest.fail("Raised on the page or in a handler:\n" + "\n".join(errors), pytrace=False)


@pytest.fixture
def clock() -> list[float]:
    """Give the seconds by which the stand-in's clock is ahead."""
    return [0.0]


@pytest.fixture
def service(clock: list[float]) -> Iterator[DemoService]:
    """Give a stand-in outside of the kernel, which takes ten minutes for a video."""
    with DemoService(200, render_time=600, clock=lambda: time.time() + clock[0]) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add pictures and logs of the pages to the report of a failed test."""
    report = yield
    notebooks = getattr(item, "funcargs", {}).get("open_notebook")
    if report.when == "call" and report.failed and isinstance(notebooks, OpenNotebook):
        notebooks.failed = True
        for number, notebook in enumerate(notebooks.opened):
            picture = notebooks.folder / f"page-{number}.png"
            with contextlib.suppress(PlaywrightError):
                notebook.page.screenshot(path=picture)
            report.sections.append(("Picture of the page", str(picture)))
            report.sections.append(("Console errors", "\n".join(notebook.console_errors)))
            report.sections.append(("Server and kernel log", notebooks.server.log()[-4000:]))
    return report
