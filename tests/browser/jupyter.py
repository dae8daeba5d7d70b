"""Drive real notebooks: a Jupyter server of our own, and a notebook open in JupyterLab or Notebook 7 in Chromium.

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
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

from .kernel import Kernel, KernelError, without_colours

App = Literal["lab", "notebook"]
Theme = Literal["light", "dark"]
Source = Sequence[str] | Path

THEMES: Mapping[Theme, str] = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
TIMEOUT = 60.0

# Gives the id of the kernel once the notebook is open and connected to it
_READY = """path => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    const isReady = panel?.context?.path === path && panel.context.isReady && panel.sessionContext.isReady;
    return isReady && kernel?.connectionStatus === 'connected' && kernel.id;
}"""
_EXECUTE = """async ([command, cell, limit]) => {
    const { commands, shell } = window.jupyterapp;
    if (cell !== null) {
        shell.currentWidget.content.deselectAll();
        shell.currentWidget.content.activeCellIndex = cell;
    }
    const late = new Promise((_, reject) => setTimeout(reject, limit, new Error(`${command} was not done in time`)));
    await Promise.race([commands.execute(command), late]);
}"""
_FAILURE = """cell => {
    const { model } = window.jupyterapp.shell.currentWidget.content.widgets[cell];
    const outputs = model.type === 'code' ? model.toJSON().outputs : [];
    return outputs.find(output => output.output_type === 'error')?.traceback.join('\\n');
}"""
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


class Server:
    """JupyterLab with Notebook 7 and Voilà in a process of its own, on a free loopback port, with folders of its own.

    If this process is killed, the server ends after ten minutes without a page.
    """

    def __init__(self, kernel_env: Mapping[str, str] | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="heygen-widgets-")).resolve()
        self.root = self.home / "notebooks"
        self.root.mkdir()
        # Below the ports that the system hands out
        port = next(port for port in random.sample(range(20_000, 32_000), 100) if not _listens(port))
        self.url, self.token = f"http://127.0.0.1:{port}", secrets.token_hex(16)
        self._count = 0
        options = [
            *("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
            *(f"--ServerApp.root_dir={self.root}", f"--IdentityProvider.token={self.token}"),
            *("--ServerApp.shutdown_no_activity_timeout=600", "--MappingKernelManager.cull_idle_timeout=600"),
            *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
        ]
        # An extension of Notebook 7 fails on Voilà's pages, and without lists Voilà itself fails
        lists = {"extension_allowlist": [], "extension_denylist": ["@jupyter-notebook/lab-extension"]}
        (self.home / "voila.json").write_text(json.dumps({"VoilaConfiguration": lists}))
        foreign = re.compile(r"(HEYGEN|JUPYTER|IPYTHON|JPY|XDG)_?")
        environ = {name: value for name, value in os.environ.items() if not foreign.match(name)}
        environ |= {"HOME": str(self.home), "JUPYTER_RUNTIME_DIR": str(self.home / "runtime")}
        environ |= {"JUPYTERLAB_SETTINGS_DIR": str(self.home / "settings"), **(kernel_env or {})}
        with (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options],
                cwd=self.home,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C is for the tests, which end the server
            )
        while not _listens(port):
            if self._process.poll() is not None:
                raise RuntimeError(f"JupyterLab did not start:\n{self.log()}")
            time.sleep(0.05)
        self.set_settings("@jupyterlab/apputils-extension:notification", fetchNews="false", checkForUpdates=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End the server and its kernels, and remove its folders."""
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self) -> str:
        """Return the log of the server and its kernels."""
        return (self.home / "log").read_text(errors="replace")

    def add_notebook(self, source: Source) -> Path:
        """Add a copy of a notebook, or a notebook with the given code cells, and return its path."""
        self._count += 1
        path = self.root / f"notebook-{self._count}.ipynb"
        nbformat.write(notebook_of(source), path)
        return path

    def set_settings(self, plugin: str, **settings: object) -> None:
        """Write the user settings of a front-end plugin (``package:name``) for pages that load later."""
        package, _, name = plugin.partition(":")
        file = self.home / "settings" / package / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))


class NotebookPage:
    """A notebook open in JupyterLab or Notebook 7, in a browser context of its own, with a running kernel.

    ``source`` is the code of its cells, or a notebook whose cells are copied; ``look`` is for `renew`. Since the page
    was ready, ``page_errors`` has the exceptions on the page, uncaught or logged (Vue logs those of a template or
    method), and ``console_errors`` the other messages logged as errors, such as a missing picture.
    """

    def __init__(
        self,
        server: Server,
        browser: Browser,
        source: Source,
        *,
        app: App = "lab",
        save_widget_state: bool = False,
        **look: Any,
    ) -> None:
        self.page_errors: list[str] = []
        self.console_errors: list[str] = []
        self.path = server.add_notebook([])
        self._server = server
        server.set_settings("@jupyter-widgets/jupyterlab-manager:plugin", saveState=save_widget_state)
        self._context = browser.new_context()
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(TIMEOUT * 1000)
        note_errors(self.page, self.page_errors, self.console_errors)
        place, reset = ("lab/tree", "&reset") if app == "lab" else ("notebooks", "")
        self.page.goto(f"{server.url}/{place}/{self.path.name}?token={server.token}{reset}", wait_until="commit")
        self._kernel_id = self.page.wait_for_function(_READY, arg=self.path.name).json_value()
        self.kernel = Kernel(server.home / "runtime" / f"kernel-{self._kernel_id}.json")
        for side in ("Left", "Right"):
            self.page.evaluate(f"() => window.jupyterapp.shell.collapse{side}?.()")
        self.renew(source, **look)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def renew(
        self,
        source: Source,
        *,
        theme: Theme = "light",
        viewport: tuple[int, int] = (1400, 1000),
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Show another source in the same page and kernel as if both were new, with variables of the kernel."""
        self.page.unroute_all()
        self._context.clear_permissions()
        self.page.emulate_media(color_scheme="null", reduced_motion="null", forced_colors="null")
        self.page.set_viewport_size({"width": viewport[0], "height": viewport[1]})
        self.page.mouse.move(0, 0)
        self.page.evaluate("() => performance.clearResourceTimings()")
        self.page.evaluate(_REPLACE, [notebook_of(source)["cells"], THEMES[theme]])
        self.run(_FORGET.format(env=dict(env or {})))
        self.page_errors.clear()
        self.console_errors.clear()
        self.kernel.handler_errors().clear()

    def close(self) -> None:
        """Close the page and end the kernel."""
        self.kernel.close()
        url = f"{self._server.url}/api/kernels/{self._kernel_id}"
        self.page.request.delete(url, headers={"Authorization": f"token {self._server.token}"})
        self._context.close()

    @property
    def cells(self) -> Locator:
        """Every cell, of code or text."""
        return self.page.locator(".jp-Notebook .jp-Cell")

    def output(self, cell: int) -> Locator:
        """Return the output of a cell, by index from 0 (-1 is the last)."""
        return self.cells.nth(cell).locator(".jp-OutputArea").first

    def run_all(self) -> None:
        """Run every cell, as `run_cell` does."""
        cells = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.cells.length")
        for cell in range(cells):
            self.run_cell(cell)

    def run_cell(self, cell: int) -> None:
        """Run one cell, by index from 0, and wait until it has run. Raises `KernelError` with its error."""
        self._execute("notebook:run-cell", cell)
        if failure := self.page.evaluate(_FAILURE, cell):
            raise KernelError(without_colours(failure))

    def confirm_restart(self) -> None:
        """Confirm that JupyterLab restarts the kernel."""
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        self.kernel.restarted()

    def run(self, code: str, *, timeout: float = TIMEOUT) -> str:
        """Execute code in the kernel; see `Kernel.run`. A `page.route` handler waits until it is done."""
        return self.kernel.run(code, timeout=timeout)

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the kernel, which must consist of literals."""
        return ast.literal_eval(self.run(f"print(ascii(({expression})))"))

    def expect_run(self, expression: str, value: object) -> None:
        """Wait until an expression in the kernel has the `repr` of a value; `AssertionError` after a minute."""
        deadline = time.monotonic() + TIMEOUT
        code, expected = f"print(repr(({expression})))", repr(value)
        while True:
            try:
                actual = self.run(code)
            except KernelError as error:  # for example an attribute of None
                actual = str(error).partition("\n")[0]
            if actual == expected:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{expression} was still {actual} after {TIMEOUT:g} s, and not {expected}")
            self.page.wait_for_timeout(20)

    def save(self) -> dict[str, Any]:
        """Save the notebook and return the JSON of its file."""
        self._execute("docmanager:save")
        saved: dict[str, Any] = json.loads(self.path.read_text())
        return saved

    def errors(self) -> list[str]:
        """Return the exceptions on the page and those of handlers and observers in the kernel."""
        with contextlib.suppress(TimeoutError):
            self.run("", timeout=1)  # after the handlers that wait in the kernel
        return self.page_errors + self.kernel.handler_errors()

    def _execute(self, command: str, cell: int | None = None) -> None:
        self.page.evaluate(_EXECUTE, [command, cell, TIMEOUT * 1000])


def notebook_of(source: Source) -> nbformat.NotebookNode:
    """Return a file's notebook, or one of code cells."""
    if isinstance(source, Path):
        return nbformat.read(source, as_version=4)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=[new_code_cell(code) for code in source], metadata={"kernelspec": kernel})


def note_errors(page: Page, thrown: list[str], logged: list[str]) -> None:
    """Collect the exceptions on a page, and what it logs as other errors."""

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            is_thrown = re.match(r"(Uncaught )?(\(in promise\) )?\w*(Error|Exception)\b", message.text)
            (thrown if is_thrown else logged).append(message.text)

    page.on("pageerror", lambda error: thrown.append(error.stack or str(error)))
    page.on("console", note)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
