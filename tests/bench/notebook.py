"""One notebook in JupyterLab in which cells are run again and again, each time as if it were the first.

Before each run the outputs are cleared, former widgets closed and their templates forgotten, so that every run is the
first of its kind in all but warmth.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

from playwright.sync_api import WebSocket, sync_playwright

from tests.browser.jupyter import JupyterServer, NotebookPage, start_chromium

VIEWPORT = (1400, 1000)
SILENCE = 400.0  # ms without a message, after which nothing more is expected

TIDY = """
import gc
from ipyvue.Template import template_registry
# A table of HTML is no widget, and card widgets leave all of theirs in `parts`
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
# Looked at in each frame, so that all sides are seen with the same grain; times are in ms
MEASURE = """([cell, inputs, pictures, limit]) => new Promise((resolve, reject) => {
    const seen = {};
    const content = window.jupyterapp.shell.currentWidget.content;
    const inBox = element => element.offsetWidth > 0 && element.offsetHeight > 0;
    const count = (selector, passes) => {
        const output = content.widgets[cell].node.querySelector('.jp-OutputArea-output');
        return output ? [...output.querySelectorAll(selector)].filter(passes).length : 0;
    };
    const steps = [];
    if (inputs) steps.push(['inputs', () => count('.v-input', inBox) >= inputs && count('.v-btn', inBox) > 0]);
    if (pictures) steps.push(
        ['cards', () => count('img', inBox) >= pictures],
        ['pictures', () => count('img', image => image.complete && image.naturalWidth > 0) >= pictures]);
    const look = () => {
        const now = performance.now() - begun;
        for (const [name, isThere] of steps) if (!(name in seen) && isThere()) seen[name] = now;
        const absent = steps.find(([name]) => !(name in seen));
        if (!absent) resolve({...seen, all: count('.v-input', () => true)});
        else if (now > limit) reject(new Error(
            `no ${absent[0]} after ${limit} ms: ${count('.v-input', inBox)} inputs, ${count('img', inBox)} cards`));
        else requestAnimationFrame(look);
    };
    content.deselectAll();
    content.activeCellIndex = cell;
    const begun = performance.now();
    window.jupyterapp.commands.execute('notebook:run-cell');
    requestAnimationFrame(look);
})"""


class BenchNotebook:
    """A notebook that is open in JupyterLab.

    Parameters
    ----------
    notebook
        Where the cells are.

    Attributes
    ----------
    messages : list of bytes or str
        What Jupyter's WebSocket has brought since the last cell was about to be run.
    """

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.messages: list[bytes | str] = []
        self._devtools = notebook.page.context.new_cdp_session(notebook.page)
        notebook.page.on("websocket", self._listen)
        notebook.reload()

    def time_cell(
        self, cell: int, *, inputs: int = 0, pictures: int = 0, anew: bool = False, limit: float = 60.0
    ) -> dict[str, float]:
        """Run a cell; return when its inputs, cards and decoded pictures were there, in s from running it.

        ``anew`` has the browser forget its pictures first; ``limit`` is in s.
        """
        self.tidy()
        if anew:
            self._forget_pictures()
        self.wait_for_silence()
        self.messages.clear()
        steps = self.page.evaluate(MEASURE, [cell, inputs, pictures, 1000 * limit])
        self.wait_for_silence()
        if steps.pop("all") != inputs and inputs:
            raise RuntimeError(f"there are not {inputs} inputs: bring floor.vue in line with the picker's bar")
        return {name: ms / 1000 for name, ms in steps.items()}

    def tidy(self) -> None:
        """Clear the outputs, close all widgets and forget their templates."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        self.notebook.run(TIDY)

    def wait_for_silence(self) -> None:
        """Wait until the kernel says nothing more."""
        before = -1
        while before != len(self.messages):
            before = len(self.messages)
            self.page.wait_for_timeout(SILENCE)

    def weigh(self) -> Counter[str]:
        """Return the bytes of what the kernel sent for the last cell, by kind of message."""
        weights: Counter[str] = Counter()
        for message in self.messages:
            weights[_kind(message)] += len(message)
        return weights

    def _forget_pictures(self) -> None:
        """Drop what the browser keeps: clearing empties the disk's cache, turning it off and on that of the page."""
        self._devtools.send("Network.clearBrowserCache")
        for disabled in (True, False):
            self._devtools.send("Network.setCacheDisabled", {"cacheDisabled": disabled})

    def _listen(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framereceived", lambda message: self.messages.append(message))


@contextmanager
def open_notebook(cells: Sequence[str]) -> Iterator[BenchNotebook]:
    """Open a notebook of code cells in a browser and a server of its own, whose kernels keep their own cache."""
    with (
        tempfile.TemporaryDirectory() as cache,
        sync_playwright() as playwright,
        JupyterServer({"XDG_CACHE_HOME": cache, "TQDM_DISABLE": "1"}) as server,
        start_chromium(playwright) as browser,
        NotebookPage(server, browser, cells, viewport=VIEWPORT) as notebook,
    ):
        yield BenchNotebook(notebook)


def _kind(message: bytes | str) -> str:
    """Name the kind of a message as Jupyter's WebSocket brings it (``v1.kernel.websocket.jupyter.org``)."""
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
