"""Drive real notebooks: a Jupyter server of our own, and a notebook open in JupyterLab or Notebook 7 in Chromium.

    with sync_playwright() as playwright, JupyterServer() as server, start_chromium(playwright) as browser:
        with NotebookPage(server, browser, ["answer = 42", "answer"], app="lab", theme="dark") as notebook:
            notebook.run_all()
            expect(notebook.output(1)).to_contain_text("42")
            assert notebook.value("answer") == 42

Cells are run through the front end's own commands, as its buttons do; ``run`` and ``value`` ask the same kernel
beside it.
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
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import requests
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from .install_browser import find_browser
from .kernel import Kernel, KernelError

App = Literal["lab", "notebook"]
Theme = Literal["light", "dark"]
Source = Sequence[str] | Path

# Nothing outside this machine is looked up, so a test that needs the network fails everywhere alike
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
THEMES: Mapping[Theme, str] = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
TIMEOUT = 60.0

# The server ends with whoever holds the other end of its standard input, even one that was killed
_SERVE = """
import importlib, os, signal, sys, threading, time
main = importlib.import_module(sys.argv.pop(1)).main

def end_with_parent():
    sys.stdin.buffer.read()
    while True:  # one that is only about to serve does not heed the first
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
# Empty code cells and text are never executed; prompts are read as textContent, since innerText is empty off screen
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
# Cells and their outputs go, and with them the views of all widgets; what else a test may have opened is closed.
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
_COUNT = "() => window.jupyterapp.shell.currentWidget.content.model.cells.length"
# Ends what a test has left in a kernel: widgets with their threads, stand-ins, names and variables of the environment.
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


class JupyterServer:
    """A Jupyter server with folders of its own, alone on a free loopback port.

    It sees none of the user's settings, notebooks or ``HEYGEN_…`` variables, and ends with this process come what may.

    Parameters
    ----------
    kernel_env
        Variables added to the environment of every kernel.
    """

    def __init__(self, kernel_env: Mapping[str, str] | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="heygen-widgets-jupyter-")).resolve()
        self.root = self.home / "notebooks"
        self.root.mkdir()
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._log: list[str] = []
        self._announced = threading.Event()
        self._count = 0
        self._kernels: dict[str, Kernel] = {}
        self._http = requests.Session()
        self._http.trust_env = False  # a proxy must not see loopback addresses
        self._http.headers["Authorization"] = f"token {self.token}"
        # The server says that it runs a moment before it listens
        self._http.mount(self.url, HTTPAdapter(max_retries=Retry(total=None, connect=10, read=0, backoff_factor=0.05)))
        self._process = self._start(kernel_env or {})
        self._reader = threading.Thread(target=self._read_log, name="jupyter-server-log", daemon=True)
        self._reader.start()
        try:
            if not self._announced.wait(TIMEOUT) or self._process.poll() is not None:
                raise RuntimeError(f"The Jupyter server did not start:\n{self.log()}")
            self.kernel_ids()  # answers once it listens
        except BaseException:
            self.close()
            raise
        self.set_settings("@jupyterlab/apputils-extension:notification", fetchNews="false", checkForUpdates=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server and its kernels, and remove its folders."""
        while self._kernels:
            self._kernels.popitem()[1].close()
        self._http.close()
        end_server(self._process)
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self, start: int = 0) -> str:
        """Return what the server and its kernels have logged, from line ``start`` on."""
        return "".join(self._log[start:])

    def log_length(self) -> int:
        """Return how many lines have been logged."""
        return len(self._log)

    def set_settings(self, plugin: str, **settings: object) -> None:
        """Write a front-end plugin's user settings (``package:name``), for pages loaded from now on."""
        package, _, name = plugin.partition(":")
        file = self.home / "settings" / package / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))

    def add_notebook(self, source: Source) -> Path:
        """Put a notebook among the server's and return its path: a copy of a file, or one with the given code cells."""
        self._count += 1
        path = self.root / f"{source.stem if isinstance(source, Path) else 'notebook'}-{self._count}.ipynb"
        path.write_text(json.dumps(notebook_of(source)))
        return path

    def start_kernel(self, notebook: Path) -> Kernel:
        """Start the kernel of a notebook; a page that opens the notebook later finds it."""
        name = notebook.relative_to(self.root).as_posix()
        request = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        answer = self._http.post(f"{self.url}/api/sessions", json=request, timeout=TIMEOUT)
        answer.raise_for_status()
        kernel_id = str(answer.json()["kernel"]["id"])
        kernel = Kernel(kernel_id, self.home / "runtime" / f"kernel-{kernel_id}.json")
        self._kernels[kernel_id] = (
            kernel  # until it is closed, since the sockets of a forgotten one block their finaliser
        )
        return kernel

    def stop_kernel(self, kernel: Kernel) -> None:
        """End a kernel; one that has ended already is fine."""
        if self._kernels.pop(kernel.id, None):
            kernel.close()
        answer = self._http.delete(f"{self.url}/api/kernels/{kernel.id}", timeout=TIMEOUT)
        if answer.status_code != requests.codes.not_found:
            answer.raise_for_status()

    def kernel_ids(self) -> list[str]:
        """Return the ids of the kernels that run."""
        answer = self._http.get(f"{self.url}/api/kernels", timeout=TIMEOUT)
        answer.raise_for_status()
        return [str(kernel["id"]) for kernel in answer.json()]

    def _start(self, kernel_env: Mapping[str, str]) -> subprocess.Popen[str]:
        options = [
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.url.rpartition(':')[2]}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]
        return start_server("jupyterlab.labapp", options, self.home, kernel_env)

    def _read_log(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._log.append(line)
                if "is running at" in line:
                    self._announced.set()
        self._announced.set()  # it has ended: nobody needs to wait any longer


class NotebookPage:
    """A notebook open in JupyterLab or Notebook 7, its kernel connected.

    Parameters
    ----------
    server, browser
        Where the notebook runs and where it is shown, in a browser context of its own.
    source
        The code cells of a new notebook, or the path of one that is copied.
    app, theme, viewport
        Front end, theme, and size of the page in px.
    env
        Variables set in the kernel before any cell runs.
    save_widget_state
        Whether saving the notebook saves its widgets too ("Save Widget State Automatically").

    Attributes
    ----------
    page : playwright.sync_api.Page
        The page, for locators, the keyboard and the mouse.
    path : pathlib.Path
        The notebook's file.
    kernel : Kernel
        The notebook's kernel.
    page_errors, console_errors : list of str
        Exceptions on the page, uncaught or logged (Vue catches and logs those of a template or a method), and other
        messages logged as errors, such as a picture that is not found; both since the page was ready.
    """

    def __init__(
        self,
        server: JupyterServer,
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
        self._log_start = server.log_length()
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
            self.page.on("pageerror", lambda error: self.page_errors.append(error.stack or str(error)))
            self.page.on("console", self._note_console)
            self.reload()
            if env:
                self.run(f"import os; os.environ.update({dict(env)!r})")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def renew(
        self, source: Source, *, theme: Theme, viewport: tuple[int, int], env: Mapping[str, str] | None = None
    ) -> None:
        """Show another source in the same page and kernel, as if both were new.

        Modules stay imported, and so does what a test has changed in them or in the page's scripts: such a test opens
        a page of its own.
        """
        self._theme = THEMES[theme]
        self._log_start = self._server.log_length()
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
        """Load the page (again) and wait until it has the notebook, its kernel and its theme."""
        self.page.goto(self._url, wait_until="commit")
        self.page.wait_for_function(_READY, arg=[self.path.name, self._theme], timeout=TIMEOUT * 1000)
        self.page.evaluate(_FOLD_SIDEBARS)
        # The front ends have errors of their own while they load; those say nothing about a widget
        self.page_errors.clear()
        self.console_errors.clear()

    @property
    def cells(self) -> Locator:
        """Every cell, of code or text."""
        return self.page.locator(".jp-Notebook .jp-Cell")

    def output(self, cell: int) -> Locator:
        """Return the output of a cell, by index from 0 (-1 is the last)."""
        return self.cells.nth(cell).locator(".jp-OutputArea").first

    def cell_count(self) -> int:
        """Return how many cells the notebook has."""
        return int(self.page.evaluate(_COUNT))

    def run_all(self, *, allow_errors: bool = False, timeout: float = TIMEOUT) -> None:
        """Run every cell and wait until all have been executed; `CellError` with the first that raised."""
        self._run("notebook:run-all-cells", None, list(range(self.cell_count())), allow_errors, timeout)

    def run_cell(self, cell: int, *, allow_errors: bool = False, timeout: float = TIMEOUT) -> None:
        """Run one cell, by index from 0, and wait until it has been executed; `CellError` if it raised."""
        index = range(self.cell_count())[cell]
        self._run("notebook:run-cell", index, [index], allow_errors, timeout)

    def confirm_restart(self) -> None:
        """Answer JupyterLab's question whether it shall restart the kernel: yes."""
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        self.kernel.begins_anew()

    def clear_output(self, cell: int) -> None:
        """Clear the output of a cell, by index from 0, so that its widgets are not displayed there any more."""
        self._execute("notebook:clear-cell-output", range(self.cell_count())[cell], TIMEOUT)

    def run(self, code: str, *, timeout: float = TIMEOUT) -> str:
        """Execute code in the notebook's kernel, past the page; return its text, printed and of the last expression.

        The history and the prompts stay as they are. A `page.route` handler waits until it is done.
        """
        return self.kernel.run(code, timeout=timeout)

    def value(self, expression: str, *, timeout: float = TIMEOUT) -> Any:
        """Return the value of an expression in the kernel, which must be made of literals."""
        return ast.literal_eval(self.run(f"print(ascii(({expression})))", timeout=timeout))

    def expect_run(self, expression: str, value: object, *, timeout: float = 30.0) -> None:
        """Wait until an expression in the kernel has the same `repr` as a value; `AssertionError` if it never has."""
        deadline = time.monotonic() + timeout
        code, expected = f"print(repr(({expression})))", repr(value)
        while True:
            try:
                actual = self.run(code)
            except KernelError as error:  # such as an attribute of what is still None
                actual = str(error).partition("\n")[0]
            if actual == expected:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{expression} was still {actual} after {timeout:g} s, and not {expected}")
            self.page.wait_for_timeout(20)

    def save(self) -> dict[str, Any]:
        """Save the notebook and return it as it is on disk, in nbformat's JSON."""
        before = self.path.stat().st_mtime_ns
        self._execute("docmanager:save", None, TIMEOUT)
        if self.path.stat().st_mtime_ns == before:
            raise AssertionError(f"{self.path.name} was not written")
        saved: dict[str, Any] = json.loads(self.path.read_text())
        return saved

    def errors(self) -> list[str]:
        """Return the exceptions on the page, and those that widgets' handlers and observers raised in the kernel."""
        if not self._closed:
            with contextlib.suppress(TimeoutError):
                self.run("", timeout=1)  # handlers that have been called come first
        return self.page_errors + self.kernel.handler_errors()

    def server_log(self) -> str:
        """Return what the server and the kernel have logged since the notebook was opened."""
        return self._server.log(self._log_start)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            (self.page_errors if is_thrown(message.text) else self.console_errors).append(message.text)

    def _run(self, command: str, cell: int | None, cells: list[int], allow_errors: bool, timeout: float) -> None:
        self._execute(command, cell, timeout)
        if allow_errors:
            return
        if failures := self.page.evaluate(_FAILURES, cells):
            raise CellError(_without_colours(failures[0]))
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


def is_thrown(logged: str) -> bool:
    """Whether what a page logs as an error is an exception."""
    return re.match(r"(Uncaught )?(\(in promise\) )?\w*(Error|Exception)\b", logged) is not None


def start_chromium(playwright: Playwright) -> Browser:
    """Start the browser that `find_browser` finds, without a window."""
    path = find_browser()
    return playwright.chromium.launch(executable_path=path and str(path), args=FLAGS)


def start_server(
    module: str, options: Sequence[str], home: Path, kernel_env: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start the server that the ``main`` of a module runs, with all its folders in ``home`` and nothing of the user's.

    It ends with this process, whatever ends that.
    """
    foreign = re.compile(r"(HEYGEN|JUPYTER|IPYTHON|JPY|XDG)_?")
    folders = {
        "HOME": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    for folder in folders.values():
        (home / folder).mkdir(mode=0o700)
    environ = {name: value for name, value in os.environ.items() if not foreign.match(name)}
    environ |= {name: str(home / folder) for name, folder in folders.items()} | dict(kernel_env)
    return subprocess.Popen(
        [sys.executable, "-c", _SERVE, module, *options],
        cwd=home,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl+C is for the tests, which end the server
    )


def end_server(process: subprocess.Popen[str]) -> None:
    """End a server, and by force what does not end in time."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # orphaned kernels end by themselves
            process.wait()
    if process.stdin:
        process.stdin.close()


def free_port() -> int:
    """Give a port of this machine that nobody uses, and that the system gives nobody who asks for any port."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("There is no free port between 20,000 and 32,000")


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
