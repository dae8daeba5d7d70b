"""A notebook in JupyterLab with one cell, which runs the code of all benchmarks."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import WebSocket, sync_playwright

import heygen_widgets
from tests.browser.install_browser import start_chromium
from tests.browser.jupyter import NotebookPage, Server

from .stand_in import StandIn

VIEWPORT = (1400, 1000)
SILENCE = 400.0  # ms without a message, after which the kernel is taken to be idle
LOADING = 600.0  # s
SETTLED = 2000.0  # ms after a picker's first cards: by then all pictures are fetched and all parts shown

CATALOGUE = """
from heygen_widgets import HeyGenClient, LookCatalogue, LookPicker
catalogue = LookCatalogue(HeyGenClient({api_key!r}, base_url={base_url!r}), cache=None)
"""
PICKER_CELL = "shown = LookPicker(catalogue)\nshown"
TIDY = """
import gc
from ipyvue.Template import template_registry
# itables shows no widget, and the card widgets are all in `parts`
for name in ("shown", "parts"):
    left = globals().pop(name, [])
    for widget in left if isinstance(left, list) else [left]:
        if widget.layout is not None:
            widget.layout.close()
        widget.close()
for template in template_registry.values():
    template.close()
template_registry.clear()
gc.collect()
"""
# The kernel drops messages when a busy server has not taken 1,000 of them; the card widgets send 4,000 at once
KEEP_MESSAGES = """
import zmq
thread = get_ipython().kernel.iopub_thread
thread.schedule(lambda: thread.socket.setsockopt(zmq.SNDHWM, 0))
"""
RECONNECT = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.reconnect()"
SET_SOURCE = """code => {
    const cell = window.jupyterapp.shell.currentWidget.content.widgets[0];
    cell.model.sharedModel.setSource(code);
}"""
# Checked in each frame from before the event on, so that all sides are timed with the same resolution. Times are in ms.
# `steps` is the source of a function that returns a check for each step. Only the first event counts: elements that
# appear under a resting pointer cause more of them.
WATCH = """([kind, steps, args]) => {
    window.begun = null;
    addEventListener(kind, event => { window.begun = event.timeStamp; }, {capture: true, once: true});
    const awaited = Object.entries(new Function(`return ${steps}`)()(...args));
    window.measured = new Promise((resolve, reject) => {
        const seen = {}, noted = performance.now();
        const look = () => {
            const now = performance.now();
            for (const [name, isThere] of awaited)
                if (begun !== null && !(name in seen) && isThere()) seen[name] = now - begun;
            if (awaited.every(([name]) => name in seen)) resolve(seen);
            else if (now - noted > 180_000) reject(new Error(`after ${kind} only ${JSON.stringify(seen)}`));
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
}"""
RUN_CELL = """() => {
    const content = window.jupyterapp.shell.currentWidget.content;
    content.deselectAll();
    content.activeCellIndex = 0;
    window.begun = performance.now();
    window.jupyterapp.commands.execute('notebook:run-cell');
}"""
SHOWN = """(controls, pictures) => {
    const count = (selector, passes) => {
        const cell = window.jupyterapp.shell.currentWidget.content.widgets[0];
        const output = cell.node.querySelector('.jp-OutputArea-output');
        return output ? [...output.querySelectorAll(selector)].filter(passes).length : 0;
    };
    const inBox = element => element.offsetWidth > 0 && element.offsetHeight > 0;
    const isDecoded = image => image.complete && image.naturalWidth > 0;
    return {
        ...controls && {controls: () => count('.look-filters button, .look-filters input', inBox) >= controls},
        ...pictures && {pictures: () => count('img', isDecoded) >= pictures},
    };
}"""
# The compiled parts of pickers, which a page keeps
FORGET_PARTS = "() => { delete window.heygenWidgetsParts; }"


class BenchNotebook:
    """A notebook that is open in JupyterLab.

    ``waits`` is the share of each fixed wait that is really waited: 1 for measuring, less to see that all works.
    """

    def __init__(self, notebook: NotebookPage, waits: float) -> None:
        self.notebook = notebook
        self._waits = waits
        self.page = notebook.page
        self.messages: list[bytes] = []
        self._devtools = notebook.page.context.new_cdp_session(notebook.page)
        notebook.page.on("websocket", self._listen)
        notebook.run(KEEP_MESSAGES)
        notebook.page.evaluate(RECONNECT)  # only a new WebSocket is listened to

    def reset(self) -> None:
        """Remove all that a benchmark has left in the notebook and its kernel."""
        self.tidy()
        self.notebook.run("%reset -f\nimport gc\ngc.collect()")

    def make_catalogue(self, service: StandIn, load: bool = True) -> None:
        """Make the kernel's `catalogue`, with all looks in memory unless they are loaded later."""
        self.tidy()
        code = CATALOGUE.format(api_key=service.api_key, base_url=service.base_url)
        self.notebook.run(f"{code}\ncatalogue.load()" if load else code, timeout=LOADING)

    def run_cell(self, code: str) -> None:
        """Run code in the cell, after that of the last one is gone."""
        self.tidy()
        self.page.evaluate(SET_SOURCE, code)
        self.notebook.run_cell(0)

    def show_picker(self, code: str) -> None:
        """Run code that shows a picker, and wait until its first cards and all that follows them are there."""
        self.page.mouse.move(0, 0)
        self.run_cell(code)
        self.page.locator(".look-card[data-look-id]").first.wait_for()
        self.wait(SETTLED)

    def time_cell(
        self, code: str, *, controls: int = 0, pictures: int = 0, is_first: bool = False, clear_cache: bool = False
    ) -> dict[str, float]:
        """Run code in the cell; return when its controls and decoded pictures appeared, in s after the start.

        With `is_first`, the page compiles all parts of the front end again, as for its first picker.
        """
        self.tidy()
        self.page.evaluate(SET_SOURCE, code)
        if is_first:
            self.page.evaluate(FORGET_PARTS)
        if clear_cache:
            self._devtools.send("Network.clearBrowserCache")
            for disabled in (True, False):  # clears that of the page too
                self._devtools.send("Network.setCacheDisabled", {"cacheDisabled": disabled})
        self.wait_for_silence()
        self.messages.clear()
        steps = self.measure(lambda: self.page.evaluate(RUN_CELL), "run", SHOWN, controls, pictures)
        self.wait_for_silence()
        return steps

    def measure(self, act: Callable[[], object], kind: str, steps: str, *arguments: object) -> dict[str, float]:
        """Do something; return when each of its steps was shown, in s after the first event of a kind."""
        self.page.evaluate(WATCH, [kind, steps, arguments])
        act()
        return {name: ms / 1000 for name, ms in self.page.evaluate("() => window.measured").items()}

    def tidy(self) -> None:
        """Clear the output, close all widgets and forget their templates."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        self.notebook.run(TIDY)

    def wait(self, duration: float) -> None:
        """Wait for a fixed time, in ms."""
        self.page.wait_for_timeout(self._waits * duration)

    def wait_for_silence(self) -> None:
        """Wait until the kernel sends no more messages."""
        before = -1
        while before != len(self.messages):
            before = len(self.messages)
            self.wait(SILENCE)

    def weigh(self) -> int:
        """Return the bytes that the kernel sent for the widgets of the last cell that was timed."""
        # The header of a message comes before that of its parent
        sent = [message for message in self.messages if message.partition(b'"msg_type": "')[2].startswith(b"comm_")]
        return sum(map(len, sent))

    def _listen(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framereceived", lambda message: self.messages.append(message))


@contextmanager
def open_notebook(waits: float = 1.0) -> Iterator[BenchNotebook]:
    """Open a notebook in a browser and a server of its own, whose kernel has its own cache folder."""
    with (
        tempfile.TemporaryDirectory() as cache,
        sync_playwright() as playwright,
        Server({"XDG_CACHE_HOME": cache, "TQDM_DISABLE": "1"}) as server,
        start_chromium(playwright) as browser,
        NotebookPage(server, browser, [""], viewport=VIEWPORT) as notebook,
    ):
        theirs, ours = notebook.value("__import__('heygen_widgets').__file__"), heygen_widgets.__file__
        if theirs != ours:
            raise RuntimeError(f"the kernel imports {theirs}, and not {ours}: set PYTHONPATH")
        yield BenchNotebook(notebook, waits)
