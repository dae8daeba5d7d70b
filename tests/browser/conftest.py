"""Fixtures of the browser tests: one server of each kind, one browser, and notebooks that tests share."""

import re
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from .install_browser import BrowserNotFoundError
from .jupyter import App, NotebookPage, Server, Source, Theme, start_chromium

# For a busy machine. A test that passes does not wait
expect.set_options(timeout=30_000)


class OpenNotebook:
    """Opens notebooks for one test, by default in a page that one test after the other uses."""

    def __init__(self, server: Server, browser: Browser, idle: dict[App, NotebookPage], folder: Path) -> None:
        self._server = server
        self._browser = browser
        self._idle = idle
        self._folder = folder
        self._expected_errors: list[str] = []
        self.opened: dict[NotebookPage, App | None] = {}  # None: closed after the test
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

        Its kernel has an empty cache. With `fresh` or `save_widget_state`, page and kernel are new and closed after
        the test: for tests that reload, restart, or change modules or scripts.
        """
        cache = self._folder / f"cache-{len(self.opened)}"
        cache.mkdir()
        env = {"XDG_CACHE_HOME": str(cache), **(env or {})}
        fresh = fresh or save_widget_state
        notebook = None if fresh else self._idle.pop(app, None)
        if notebook:
            self.opened[notebook] = app
            notebook.renew(source, theme=theme, viewport=viewport, env=env)
            return notebook
        notebook = NotebookPage(
            *(self._server, self._browser, source),
            app=app, theme=theme, viewport=viewport, env=env, save_widget_state=save_widget_state,
        )  # fmt: skip
        self.opened[notebook] = None if fresh else app
        return notebook

    def close(self) -> None:
        """Close the notebooks. Shared ones go to the next test, unless this one failed."""
        for notebook, app in self.opened.items():
            if app is None or self.failed or self._idle.setdefault(app, notebook) is not notebook:
                notebook.close()

    def expect_errors(self, pattern: str) -> None:
        """Allow errors on the page or in a handler that match a regular expression. Others fail the test."""
        self._expected_errors.append(pattern)

    def unexpected_errors(self) -> list[str]:
        """Return the errors on all pages and in all handlers without the expected ones."""
        errors = [error for notebook in self.opened for error in notebook.errors()]
        return [e for e in errors if not any(re.search(pattern, e) for pattern in self._expected_errors)]


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
def jupyter_server() -> Iterator[Server]:
    """One Jupyter server for all tests."""
    with Server() as server:
        yield server


@pytest.fixture(scope="session")
def idle_notebooks(jupyter_server: Server, browser: Browser) -> Iterator[dict[App, NotebookPage]]:
    """An open notebook per application, for one test after the other."""
    idle: dict[App, NotebookPage] = {}
    yield idle
    for notebook in idle.values():
        notebook.close()


@pytest.fixture
def open_notebook(
    jupyter_server: Server, browser: Browser, idle_notebooks: dict[App, NotebookPage], tmp_path: Path
) -> Iterator[OpenNotebook]:
    """Open notebooks by calling it; an exception on a page or in a widget's handler fails the test."""
    notebooks = OpenNotebook(jupyter_server, browser, idle_notebooks, tmp_path)
    errors: list[str] = []
    try:
        yield notebooks
        errors = notebooks.unexpected_errors()
    finally:
        notebooks.failed |= bool(errors)
        notebooks.close()
    if errors:
        pytest.fail("Raised on the page or in a handler:\n" + "\n".join(errors), pytrace=False)


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
        for number, notebook in enumerate(notebooks.opened):
            picture = item.funcargs["tmp_path"] / f"page-{number}.png"  # type: ignore[attr-defined]
            try:
                notebook.page.screenshot(path=picture)
            except Exception as error:  # noqa: BLE001 - a page that is gone must not hide the failure
                picture = error
            report.sections.append(("Picture of the page", str(picture)))
            report.sections.append(("Console errors", "\n".join(notebook.console_errors)))
            report.sections.append(("Server and kernel log", notebook.server_log()[-4000:]))
    return report
