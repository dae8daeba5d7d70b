"""Drive real notebooks: a Jupyter server of our own, and a notebook open in JupyterLab or Notebook 7 in Chromium.

    with sync_playwright() as playwright, Server() as server, start_chromium(playwright) as browser:
        with NotebookPage(server, browser, ["answer = 42", "answer"], app="lab", theme="dark") as notebook:
            notebook.run_all()
            expect(notebook.output(1)).to_contain_text("42")
            assert notebook.value("answer") == 42

Cells are run by the commands of the front end, as its buttons do. ``run`` and ``value`` ask the same kernel directly.
"""

import ast
import contextlib
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import requests
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from .install_browser import HINT, BrowserNotFoundError, find_browser
from .kernel import Kernel, KernelError, without_colours

App = Literal["lab", "notebook"]
Theme = Literal["light", "dark"]
Source = Sequence[str] | Path

# No name outside this machine is looked up, so a test that needs the network fails everywhere
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-quic", "--no-proxy-server"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
THEMES: Mapping[Theme, str] = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
FOLDERS = {
    "HOME": "home",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}
TIMEOUT = 60.0

# The server ends with the process at the other end of its standard input, even if that is killed
_SERVE = """
import importlib, os, signal, sys, threading, time
main = importlib.import_module(sys.argv.pop(1)).main

def end_with_parent():
    sys.stdin.buffer.read()
    while True:  # a server that is still starting ignores the first one
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)

threading.Thread(target=end_with_parent, daemon=True).start()
sys.exit(main())
"""

_READY = """([path, theme]) => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    return panel?.context?.path === path && panel.context.isReady && panel.sessionContext.isReady
        && kernel?.connectionStatus === 'connected' && document.body.dataset.jpThemeName === theme;
}"""
_START = """([command, cell]) => {
    const panel = window.jupyterapp.shell.currentWidget;
    if (cell !== null) {
        panel.content.deselectAll();
        panel.content.activeCellIndex = cell;
    }
    const started = window.startedCommand = {done: false, error: null};
    window.jupyterapp.commands.execute(command).then(
        () => { started.done = true; },
        error => { started.error = String(error); started.done = true; });
}"""
_DONE = "() => window.startedCommand.done"
# Empty code cells and text have no prompt. innerText is empty off screen, so prompts are read as textContent
_EXECUTED = """cells => {
    const content = window.jupyterapp.shell.currentWidget.content;
    return cells.every(index => {
        const cell = content.widgets[index];
        if (cell.model.type !== 'code' || !cell.model.sharedModel.getSource().trim()) return true;
        return /\\[\\d+\\]/.test(cell.node.querySelector('.jp-InputPrompt')?.textContent ?? '');
    });
}"""
_FAILURES = """cells => cells.flatMap(index => {
    const model = window.jupyterapp.shell.currentWidget.content.widgets[index].model;
    const outputs = model.type === 'code' ? model.toJSON().outputs : [];
    return outputs.filter(output => output.output_type === 'error')
        .map(output => [output.ename + ': ' + output.evalue, ...output.traceback].join('\\n'));
})"""
# Removes all cells with their outputs and widget views, and closes dialogs
_REPLACE = """async ([cells, theme]) => {
    const app = window.jupyterapp;
    document.querySelectorAll('.jp-Dialog').forEach(dialog => dialog.querySelector('.jp-mod-reject')?.click());
    const panel = app.shell.currentWidget;
    const shared = panel.content.model.sharedModel;
    shared.transact(() => {
        shared.deleteCellRange(0, shared.cells.length);
        shared.insertCells(0, cells);
    });
    panel.content.activeCellIndex = 0;
    panel.content.mode = 'command';
    panel.content.node.scrollTop = 0;
    if (document.body.dataset.jpThemeName !== theme) await app.commands.execute('apputils:change-theme', { theme });
    return app.shell.currentWidget === panel && shared.cells.length === cells.length;
}"""
# Ends what a test has left in a kernel: widgets with their threads, stand-ins, names and environment variables
_FORGET = """
def forget(env):
    import gc, os
    from ipyvue.ForceLoad import ForceLoad
    from ipywidgets import DOMWidget, widgets
    for value in list(get_ipython().user_ns.values()):
        if type(value).__name__ == "DemoService":
            value.close()
    for widget in list(widgets.widget._instances.values()):
        if isinstance(widget, DOMWidget) and not isinstance(widget, ForceLoad):
            widget.close()
    for name in [name for name in os.environ if name.startswith("HEYGEN_")]:
        del os.environ[name]
    os.environ.update(env)
    get_ipython().reset(new_session=True)
    gc.collect()
forget({env!r})
"""
_FOLD_SIDEBARS = "() => { const shell = window.jupyterapp.shell; shell.collapseLeft?.(); shell.collapseRight?.(); }"


class CellError(AssertionError):
    """A cell of the notebook raised; the text is its traceback."""


JUPYTER = (
    *(
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
    ),
    *("--ServerApp.root_dir={root}", "--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"),
    "--JupyterNotebookApp.expose_app_in_browser=True",
)


class Server:
    """A Jupyter application in a process of its own, on a free loopback port; JupyterLab with Notebook 7 by default.

    It has folders of its own, gets no ``HEYGEN_…`` or Jupyter variables of the user, and ends with this process.

    Parameters
    ----------
    kernel_env
        Variables of every kernel.
    module, options
        The module whose ``main`` is the server, and its command line, in which ``{home}``, ``{root}``, ``{port}`` and
        ``{token}`` are replaced.
    """

    def __init__(
        self,
        kernel_env: Mapping[str, str] | None = None,
        module: str = "jupyterlab.labapp",
        options: Sequence[str] = JUPYTER,
    ) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="heygen-widgets-")).resolve()
        self.root = self.home / "notebooks"
        self.root.mkdir()
        for folder in FOLDERS.values():
            (self.home / folder).mkdir(mode=0o700)
        port, self.token = free_port(), secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{port}"
        self._count = 0
        self._http = requests.Session()
        self._http.trust_env = False  # a proxy must not see loopback addresses
        self._http.headers["Authorization"] = f"token {self.token}"
        foreign = re.compile(r"(HEYGEN|JUPYTER|IPYTHON|JPY|XDG)_?")
        environ = {name: value for name, value in os.environ.items() if not foreign.match(name)}
        environ |= {name: str(self.home / folder) for name, folder in FOLDERS.items()} | dict(kernel_env or {})
        filled = [option.format(home=self.home, root=self.root, port=port, token=self.token) for option in options]
        with (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, module, *filled],
                cwd=self.home,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C is for the tests, which end the server
            )
        deadline = time.monotonic() + TIMEOUT
        while not _listens(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                with contextlib.closing(self):
                    raise RuntimeError(f"{module} did not start:\n{self.log()}")
            time.sleep(0.05)
        self.set_settings("@jupyterlab/apputils-extension:notification", fetchNews="false", checkForUpdates=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and its kernels, and remove its folders."""
        self._http.close()
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its kernels notice, and end
            self._process.wait()
        assert self._process.stdin
        self._process.stdin.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self, start: int = 0) -> str:
        """Return the log of the server and its kernels from character ``start`` on."""
        return (self.home / "log").read_text(errors="replace")[start:]

    def add_notebook(self, source: Source) -> Path:
        """Add a copy of a notebook, or a notebook with the given code cells, and return its path."""
        self._count += 1
        path = self.root / f"{source.stem if isinstance(source, Path) else 'notebook'}-{self._count}.ipynb"
        path.write_text(json.dumps(notebook_of(source)))
        return path

    def set_settings(self, plugin: str, **settings: object) -> None:
        """Write the user settings of a front-end plugin (``package:name``) for pages that load later."""
        package, _, name = plugin.partition(":")
        file = self.home / "settings" / package / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))

    def start_kernel(self, notebook: Path) -> Kernel:
        """Start the kernel of a notebook. A page that opens the notebook later uses it."""
        request = {"path": notebook.name, "name": notebook.name, "type": "notebook", "kernel": {"name": "python3"}}
        response = self._http.post(f"{self.url}/api/sessions", json=request, timeout=TIMEOUT)
        response.raise_for_status()
        kernel_id = str(response.json()["kernel"]["id"])
        return Kernel(kernel_id, self.home / "runtime" / f"kernel-{kernel_id}.json")

    def stop_kernel(self, kernel: Kernel) -> None:
        """End a kernel, unless it has ended."""
        kernel.close()
        self._http.delete(f"{self.url}/api/kernels/{kernel.id}", timeout=TIMEOUT)

    def kernel_ids(self) -> list[str]:
        """Return the ids of the running kernels."""
        return [kernel["id"] for kernel in self._http.get(f"{self.url}/api/kernels", timeout=TIMEOUT).json()]


class NotebookPage:
    """A notebook open in JupyterLab or Notebook 7 with a running kernel.

    Parameters
    ----------
    server, browser
        The page has a browser context of its own.
    source
        The code cells of a new notebook, or the path of a notebook to copy.
    app, theme, viewport
        Front end, theme, and size of the page in px.
    env
        Variables set in the kernel before any cell runs.
    save_widget_state
        Whether saving the notebook saves its widgets ("Save Widget State Automatically").

    Attributes
    ----------
    page, path, kernel
        The Playwright page, the notebook's file, and its kernel.
    page_errors, console_errors : list of str
        Since the page was ready: exceptions on the page, uncaught or logged (Vue logs those of a template or method);
        and other messages logged as errors, such as a missing picture.
    """

    def __init__(
        self,
        server: Server,
        browser: Browser,
        source: Source,
        *,
        app: App = "lab",
        theme: Theme = "light",
        viewport: tuple[int, int] = (1400, 1000),
        env: Mapping[str, str] | None = None,
        save_widget_state: bool = False,
    ) -> None:
        self.page_errors: list[str] = []
        self.console_errors: list[str] = []
        self.path = server.add_notebook(source)
        self._server = server
        self._closed = False
        self._log_start = len(server.log())
        self._theme = THEMES[theme]
        place = "lab/tree" if app == "lab" else "notebooks"
        self._url = f"{server.url}/{place}/{self.path.name}?token={server.token}" + ("&reset" if app == "lab" else "")
        server.set_settings("@jupyterlab/apputils-extension:themes", theme=self._theme)
        server.set_settings("@jupyter-widgets/jupyterlab-manager:plugin", saveState=save_widget_state)
        self.kernel = server.start_kernel(self.path)  # it starts while the page loads
        self._context = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]})
        try:
            self.page: Page = self._context.new_page()
            self.page.set_default_timeout(TIMEOUT * 1000)
            note_errors(self.page, self.page_errors, self.console_errors)
            self.reload()
            if env:
                self.run(f"import os; os.environ.update({dict(env)!r})")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def renew(
        self, source: Source, *, theme: Theme, viewport: tuple[int, int], env: Mapping[str, str] | None = None
    ) -> None:
        """Show another source in the same page and kernel as if both were new.

        Changes to imported modules and to the page's scripts stay. A test that makes some opens a page of its own.
        """
        self._theme = THEMES[theme]
        self._log_start = len(self._server.log())
        self.page.unroute_all()
        self._context.clear_permissions()
        self.page.emulate_media(color_scheme="null", reduced_motion="null", forced_colors="null")
        self.page.set_viewport_size({"width": viewport[0], "height": viewport[1]})
        self.page.mouse.move(0, 0)
        self.page.evaluate("() => performance.clearResourceTimings()")
        if not self.page.evaluate(_REPLACE, [cells_of(source), self._theme]):
            raise RuntimeError("The page shows another notebook")
        self.run(_FORGET.format(env=dict(env or {})))
        self.page_errors.clear()
        self.console_errors.clear()
        self.kernel.forget_errors()

    def close(self) -> None:
        """Close the page and end the kernel."""
        self._closed = True
        self._context.close()
        self._server.stop_kernel(self.kernel)

    def reload(self) -> None:
        """Load the page and wait until it has the notebook, its kernel and its theme."""
        self.page.goto(self._url, wait_until="commit")
        self.page.wait_for_function(_READY, arg=[self.path.name, self._theme], timeout=TIMEOUT * 1000)
        self.page.evaluate(_FOLD_SIDEBARS)
        # While the front ends load, they log errors that have nothing to do with a widget
        self.page_errors.clear()
        self.console_errors.clear()

    @property
    def cells(self) -> Locator:
        """Every cell, of code or text."""
        return self.page.locator(".jp-Notebook .jp-Cell")

    def output(self, cell: int) -> Locator:
        """Return the output of a cell, by index from 0 (-1 is the last)."""
        return self.cells.nth(cell).locator(".jp-OutputArea").first

    def run_all(self, *, timeout: float = TIMEOUT) -> None:
        """Run every cell and wait until all have run. Raises `CellError` with the first error."""
        cells = int(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.cells.length"))
        self._run("notebook:run-all-cells", None, list(range(cells)), timeout)

    def run_cell(self, cell: int, *, timeout: float = TIMEOUT) -> None:
        """Run one cell, by index from 0, and wait until it has run. Raises `CellError` with its error."""
        self._run("notebook:run-cell", cell, [cell], timeout)

    def confirm_restart(self) -> None:
        """Confirm that JupyterLab restarts the kernel."""
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        self.kernel.restarted()

    def run(self, code: str, *, timeout: float = TIMEOUT) -> str:
        """Execute code in the kernel, without history or prompt; return what it prints and its last value.

        A `page.route` handler waits until it is done.
        """
        return self.kernel.run(code, timeout=timeout)

    def value(self, expression: str, *, timeout: float = TIMEOUT) -> Any:
        """Return the value of an expression in the kernel, which must consist of literals."""
        return ast.literal_eval(self.run(f"print(ascii(({expression})))", timeout=timeout))

    def expect_run(self, expression: str, value: object, *, timeout: float = 30.0) -> None:
        """Wait until an expression in the kernel has the `repr` of a value; `AssertionError` after `timeout` s."""
        deadline = time.monotonic() + timeout
        code, expected = f"print(repr(({expression})))", repr(value)
        while True:
            try:
                actual = self.run(code)
            except KernelError as error:  # for example an attribute of None
                actual = str(error).partition("\n")[0]
            if actual == expected:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{expression} was still {actual} after {timeout:g} s, and not {expected}")
            self.page.wait_for_timeout(20)

    def save(self) -> dict[str, Any]:
        """Save the notebook and return the JSON of its file."""
        before = self.path.stat().st_mtime_ns
        self._execute("docmanager:save", None, TIMEOUT)
        if self.path.stat().st_mtime_ns == before:
            raise AssertionError(f"{self.path.name} was not written")
        saved: dict[str, Any] = json.loads(self.path.read_text())
        return saved

    def errors(self) -> list[str]:
        """Return the exceptions on the page and those of handlers and observers in the kernel."""
        if not self._closed:
            with contextlib.suppress(TimeoutError):
                self.run("", timeout=1)  # after the handlers that wait in the kernel
        return self.page_errors + self.kernel.handler_errors()

    def server_log(self) -> str:
        """Return the log of the server and the kernel since the notebook was opened."""
        return self._server.log(self._log_start)

    def _run(self, command: str, cell: int | None, cells: list[int], timeout: float) -> None:
        self._execute(command, cell, timeout)
        if failures := self.page.evaluate(_FAILURES, cells):
            raise CellError(without_colours(failures[0]))
        self.page.wait_for_function(_EXECUTED, arg=cells)

    def _execute(self, command: str, cell: int | None, timeout: float) -> None:
        self.page.evaluate(_START, [command, cell])
        try:
            self.page.wait_for_function(_DONE, timeout=timeout * 1000)
        except PlaywrightTimeoutError as error:
            raise AssertionError(f"{command} was not done after {timeout:g} s") from error
        if complaint := self.page.evaluate("() => window.startedCommand.error"):
            raise AssertionError(f"{command} failed: {complaint}")


def notebook_of(source: Source) -> dict[str, Any]:
    """Return a notebook in nbformat's JSON: a file's, or one of code cells."""
    if isinstance(source, Path):
        notebook: dict[str, Any] = json.loads(source.read_text())
        return notebook
    return {
        "cells": cells_of(source),
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def cells_of(source: Source) -> list[dict[str, Any]]:
    """Return the cells of a notebook in nbformat's JSON."""
    if isinstance(source, Path):
        cells: list[dict[str, Any]] = json.loads(source.read_text())["cells"]
        return [{**cell, "source": "".join(cell["source"])} for cell in cells]
    empty: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return [{**empty, "id": f"cell-{n}", "source": code} for n, code in enumerate(source)]


def note_errors(page: Page, thrown: list[str], logged: list[str]) -> None:
    """Collect the exceptions on a page, and what it logs as other errors."""

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            is_thrown = re.match(r"(Uncaught )?(\(in promise\) )?\w*(Error|Exception)\b", message.text)
            (thrown if is_thrown else logged).append(message.text)

    page.on("pageerror", lambda error: thrown.append(error.stack or str(error)))
    page.on("console", note)


def start_chromium(playwright: Playwright) -> Browser:
    """Start the browser that `find_browser` finds, without a window."""
    path = find_browser()
    try:
        return playwright.chromium.launch(executable_path=path and str(path), args=FLAGS)
    except PlaywrightError as error:
        raise BrowserNotFoundError(f"{path or 'Chromium'} does not start: {error}\n{HINT}") from None


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def free_port() -> int:
    """Return a free port of this machine below those that the system hands out."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("There is no free port between 20,000 and 32,000")
