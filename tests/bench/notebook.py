"""A notebook in JupyterLab with one cell, which runs the code of all benchmarks.

Before each run the output is cleared, the widgets of the last run are closed and their templates are forgotten.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from playwright.sync_api import WebSocket, sync_playwright

import heygen_widgets
from tests.browser.install_browser import start_chromium
from tests.browser.jupyter import NotebookPage, Server

VIEWPORT = (1400, 1000)
SILENCE = 400.0  # ms without a message, after which the kernel is taken to be idle
SETTLED = 2000.0  # ms after a picker's first cards: by then all pictures are fetched and all parts shown

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
# Checked in each frame, so that all sides are timed with the same resolution; times are in ms
TIME_STEPS = """([inputs, pictures, limit]) => new Promise((resolve, reject) => {
    const seen = {};
    const content = window.jupyterapp.shell.currentWidget.content;
    const inBox = element => element.offsetWidth > 0 && element.offsetHeight > 0;
    const count = (selector, passes) => {
        const output = content.widgets[0].node.querySelector('.jp-OutputArea-output');
        return output ? [...output.querySelectorAll(selector)].filter(passes).length : 0;
    };
    const steps = [];
    if (inputs) steps.push(['inputs', () => count('.v-input', inBox) >= inputs]);
    if (pictures) steps.push(
        ['cards', () => count('img', inBox) >= pictures],
        ['pictures', () => count('img', image => image.complete && image.naturalWidth > 0) >= pictures]);
    const look = () => {
        const now = performance.now() - begun;
        for (const [name, isThere] of steps) if (!(name in seen) && isThere()) seen[name] = now;
        const absent = steps.find(([name]) => !(name in seen));
        if (!absent) resolve(seen);
        else if (now > limit) reject(new Error(
            `no ${absent[0]} after ${limit} ms: ${count('.v-input', inBox)} inputs, ${count('img', inBox)} cards`));
        else requestAnimationFrame(look);
    };
    content.deselectAll();
    content.activeCellIndex = 0;
    const begun = performance.now();
    window.jupyterapp.commands.execute('notebook:run-cell');
    requestAnimationFrame(look);
})"""
# Vue keeps a tree of virtual nodes. The outermost component of each input has the props of the picker's template.
# Refs and listeners are left out.
READ_INPUTS = """() => {
    const inputs = [];
    const visit = node => {
        if (node?.component && node.el?.matches?.('.v-input')) inputs.push({is: node.type.name, props: node.props});
        else [node?.component?.subTree, node?.children].flat().forEach(child => child?.type && visit(child));
    };
    document.querySelectorAll('.jp-OutputArea-output *').forEach(element => visit(element._vnode));
    return JSON.parse(JSON.stringify(inputs, (key, value) => /^(ref|on[A-Z])/.test(key) ? undefined : value));
}"""


class BenchNotebook:
    """A notebook that is open in JupyterLab.

    Parameters
    ----------
    notebook
        The notebook.
    waits
        The share of each fixed wait that is really waited: 1 for measuring, less to see quickly that all works.

    Attributes
    ----------
    notebook : NotebookPage
        The notebook.
    page : playwright.sync_api.Page
        Its page.
    messages : list of bytes or str
        What the kernel's WebSocket has received since `time_cell` last ran a cell.
    """

    def __init__(self, notebook: NotebookPage, waits: float) -> None:
        self.notebook = notebook
        self._waits = waits
        self.page = notebook.page
        self.messages: list[bytes | str] = []
        self._devtools = notebook.page.context.new_cdp_session(notebook.page)
        notebook.page.on("websocket", self._listen)
        notebook.run(KEEP_MESSAGES)
        notebook.page.evaluate(RECONNECT)  # only a new WebSocket is listened to

    def reset(self) -> None:
        """Remove all that a benchmark has left in the notebook and its kernel."""
        self.tidy()
        self.notebook.run("%reset -f\nimport gc\ngc.collect()")

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
        self, code: str, *, inputs: int = 0, pictures: int = 0, clear_cache: bool = False, limit: float = 60.0
    ) -> dict[str, float]:
        """Run code in the cell; return when its inputs, cards and decoded pictures appeared, in s after the start.

        ``clear_cache`` removes all pictures from the browser's cache first; ``limit`` is in s.
        """
        self.tidy()
        self.page.evaluate(SET_SOURCE, code)
        if clear_cache:
            self._clear_cache()
        self.wait_for_silence()
        self.messages.clear()
        steps = self.page.evaluate(TIME_STEPS, [inputs, pictures, 1000 * limit])
        self.wait_for_silence()
        return {name: ms / 1000 for name, ms in steps.items()}

    def read_inputs(self) -> list[dict[str, Any]]:
        """Return the Vuetify component and the props of each input that the cell shows."""
        inputs: list[dict[str, Any]] = self.page.evaluate(READ_INPUTS)
        return inputs

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

    def weigh(self) -> Counter[str]:
        """Return the bytes that the kernel sent for the last cell that was timed, by kind of message."""
        weights: Counter[str] = Counter()
        for message in self.messages:
            weights[_kind(message)] += len(message)
        return weights

    def _clear_cache(self) -> None:
        """Clear the browser's cache on disk, and that of the page by turning it off and on."""
        self._devtools.send("Network.clearBrowserCache")
        for disabled in (True, False):
            self._devtools.send("Network.setCacheDisabled", {"cacheDisabled": disabled})

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


def _kind(message: bytes | str) -> str:
    """Return the kind of a WebSocket message in the ``v1.kernel.websocket.jupyter.org`` format."""
    if isinstance(message, str):
        return "text"
    count = int.from_bytes(message[:8], "little")
    offsets = [int.from_bytes(message[8 * i : 8 * i + 8], "little") for i in range(1, count + 1)]
    _, header, _, _, content = [message[start:end] for start, end in pairwise(offsets)][:5]
    kind = str(json.loads(header)["msg_type"])
    data = json.loads(content).get("data", {})
    if kind == "comm_open":
        return f"{kind} of {data['state']['_model_name']}"
    if kind == "comm_msg":
        called = data.get("content", {}).get("method", "")
        return f"{kind} {data['method']} {called}".rstrip()
    return kind
