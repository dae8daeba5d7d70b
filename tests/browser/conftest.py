"""Fixtures of the browser tests: one server of each kind, one browser, and notebooks that tests share."""

import os
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from .install_browser import BrowserNotFoundError
from .jupyter import App, JupyterServer, NotebookPage, Server, Source, Theme, start_chromium
from .voila import VoilaPage, start_voila

# A folder for the pictures of failures; by default they go to the test's temporary folder
PICTURES = "HEYGEN_WIDGETS_SCREENSHOTS"

# For a busy machine. A test that passes does not wait
expect.set_options(timeout=30_000)


class SharedNotebooks:
    """One open notebook per application, for one test after the other. Each worker of pytest-xdist has its own."""

    def __init__(self, server: JupyterServer, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self._idle: dict[App, NotebookPage] = {}

    def take(
        self, source: Source, app: App, theme: Theme, viewport: tuple[int, int], env: Mapping[str, str]
    ) -> NotebookPage:
        """Show a source in the idle notebook of an application, or in a new one."""
        if (notebook := self._idle.pop(app, None)) is None:
            return NotebookPage(self.server, self.browser, source, app=app, theme=theme, viewport=viewport, env=env)
        try:
            notebook.renew(source, theme=theme, viewport=viewport, env=env)
        except BaseException:
            notebook.close()
            raise
        return notebook

    def give_back(self, app: App, notebook: NotebookPage) -> None:
        """Keep a notebook for the next test, or close it if there is one."""
        if self._idle.setdefault(app, notebook) is not notebook:
            notebook.close()

    def close(self) -> None:
        """Close the idle notebooks."""
        while self._idle:
            self._idle.popitem()[1].close()


class OpenNotebook:
    """Opens notebooks for one test, in shared pages by default."""

    def __init__(self, shared: SharedNotebooks, folder: Path, pictures: Path) -> None:
        self._shared = shared
        self._folder = folder
        self._borrowed: dict[int, App] = {}
        self._expected_errors: list[str] = []
        self.pictures = pictures
        self.opened: list[NotebookPage] = []
        self.failed = False

    def __call__(
        self,
        source: Source,
        *,
        app: App = "lab",
        theme: Theme = "light",
        viewport: tuple[int, int] = (1400, 1000),
        env: Mapping[str, str] | None = None,
        save_widget_state: bool = False,
        fresh: bool = False,
    ) -> NotebookPage:
        """Open a notebook; see `NotebookPage` for the arguments.

        Its kernel has an empty cache, unless `env` sets ``XDG_CACHE_HOME``. With `fresh` or `save_widget_state`, page
        and kernel are new and closed after the test: for tests that open pages, reload, restart, or change modules or
        scripts.
        """
        cache = self._folder / f"cache-{len(self.opened)}"
        cache.mkdir()
        env = {"XDG_CACHE_HOME": str(cache), **(env or {})}
        if fresh or save_widget_state:
            shared = self._shared
            arguments: dict[str, Any] = {"app": app, "theme": theme, "viewport": viewport, "env": env}
            notebook = NotebookPage(
                shared.server, shared.browser, source, **arguments, save_widget_state=save_widget_state
            )
        else:
            notebook = self._shared.take(source, app, theme, viewport, env)
            self._borrowed[len(self.opened)] = app
        self.opened.append(notebook)
        return notebook

    def close(self) -> None:
        """Close the notebooks. Shared ones go to the next test, unless this one failed."""
        for number, notebook in enumerate(self.opened):
            if number in self._borrowed and not self.failed:
                self._shared.give_back(self._borrowed[number], notebook)
            else:
                notebook.close()

    def expect_errors(self, pattern: str) -> None:
        """Allow errors on the page or in a handler that match a regular expression. Others fail the test."""
        self._expected_errors.append(pattern)

    def unexpected_errors(self) -> list[str]:
        """Return the errors on all pages and in all handlers without the expected ones."""
        errors = [error for notebook in self.opened for error in notebook.errors()]
        return [e for e in errors if not any(re.search(pattern, e) for pattern in self._expected_errors)]

    def take_pictures(self, name: str) -> list[Path]:
        """Save a picture of every open page."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        paths = [self.pictures / f"{name}-{number}.png" for number in range(1, len(self.opened) + 1)]
        for notebook, path in zip(self.opened, paths, strict=True):
            notebook.page.screenshot(path=path)
        return paths


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests. Without one they fail: nobody would notice skipped tests."""
    with sync_playwright() as playwright:
        try:
            chromium = start_chromium(playwright)
        except BrowserNotFoundError as error:
            pytest.fail(str(error), pytrace=False)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def jupyter_server() -> Iterator[JupyterServer]:
    """One Jupyter server for all tests."""
    with JupyterServer() as server:
        yield server


@pytest.fixture(scope="session")
def shared_notebooks(jupyter_server: JupyterServer, browser: Browser) -> Iterator[SharedNotebooks]:
    """Keep notebooks open for all tests of this process."""
    shared = SharedNotebooks(jupyter_server, browser)
    yield shared
    shared.close()


@pytest.fixture
def open_notebook(shared_notebooks: SharedNotebooks, tmp_path: Path) -> Iterator[OpenNotebook]:
    """Open notebooks by calling it; an exception on a page or in a widget's handler fails the test."""
    notebooks = OpenNotebook(shared_notebooks, tmp_path, Path(os.environ.get(PICTURES) or tmp_path))
    errors: list[str] = []
    try:
        yield notebooks
        errors = notebooks.unexpected_errors()
    finally:
        notebooks.failed |= bool(errors)
        notebooks.close()
    if errors:
        pytest.fail("Raised on the page or in a handler:\n" + "\n".join(errors), pytrace=False)


@pytest.fixture(scope="session")
def voila_server() -> Iterator[Server]:
    """One Voilà server for all tests."""
    with start_voila() as server:
        yield server


@pytest.fixture
def open_voila(voila_server: Server, browser: Browser) -> Iterator[Callable[[Source], VoilaPage]]:
    """Show notebooks in Voilà by calling it; an exception on a page fails the test."""
    opened: list[VoilaPage] = []
    with ExitStack() as pages:

        def open_page(source: Source) -> VoilaPage:
            opened.append(pages.enter_context(VoilaPage(voila_server, browser, source)))
            return opened[-1]

        yield open_page
    if errors := [error for page in opened for error in page.page_errors]:
        pytest.fail("Raised on the page:\n" + "\n".join(errors), pytrace=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a browser."""
    for item in items:
        if {"browser", "jupyter_server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add pictures and logs of the pages to the report of a failed test."""
    report = yield
    notebooks = getattr(item, "funcargs", {}).get("open_notebook")
    if report.when == "call" and report.failed and isinstance(notebooks, OpenNotebook):
        notebooks.failed = True
        name = re.sub(r"[^\w.-]+", "-", item.name)
        try:
            pictures = "\n".join(str(path) for path in notebooks.take_pictures(name))
        except Exception as error:  # noqa: BLE001 - a page that is gone must not hide the failure
            pictures = f"none: {error}"
        report.sections.append(("Pictures of the pages", pictures))
        for notebook in notebooks.opened:
            report.sections.append(("Console errors", "\n".join(notebook.console_errors)))
            report.sections.append(("Server and kernel log", notebook.server_log()[-4000:]))
    return report
