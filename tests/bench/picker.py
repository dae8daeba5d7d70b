"""What the picker's grid costs: from running its cell to twelve pictures, against its inputs alone, in JupyterLab.

Before each run the outputs are cleared, former widgets closed and their templates forgotten, so that every run is the
first of its kind in all but warmth. The picker is timed twice: with its pictures in the browser's cache, and with
pictures fetched anew, where the stand-in within the kernel and the browser's reading of SVG count too.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page, WebSocket, sync_playwright

from tests.browser.jupyter import JupyterServer, NotebookPage, start_chromium

from .table import Samples, print_ratio, print_samples, take_turns, verdict

LOOKS = 25_000
PICTURES = 12
ROUNDS = 15
BOUND = 1.6
LARGEST = 150_000  # bytes
VIEWPORT = (1400, 1000)
LOADING = 600.0  # s
SILENCE = 600.0  # ms without a message, after which nothing more is expected

SET_UP = f"""
import gc, runpy
from ipyvue.Template import template_registry
from heygen_widgets import LookCatalogue, LookPicker, demo_client
Floor = runpy.run_path({str(Path(__file__).with_name("floor.py"))!r})["Floor"]
catalogue = LookCatalogue(demo_client(looks={LOOKS}, previews="http"))
catalogue.load()
shown = LookPicker(catalogue)
choices, status = shown.choices, shown.status
"""
PICKER_CELL = "shown = LookPicker(catalogue)\nshown"
FLOOR_CELL = "shown = Floor(choices=choices, status=status)\nshown"
CELLS = (PICKER_CELL, FLOOR_CELL)
FETCHED, CACHED, FLOOR = "pictures fetched anew", "pictures in the cache", "the floor: its inputs and no grid"
TIDY = """
shown.layout.close()
shown.close()
for template in template_registry.values():
    template.close()
template_registry.clear()
gc.collect()
"""
# Looked at in each frame, so that both sides are seen with the same grain; times are in ms
MEASURE = """([cell, inputs, pictures, limit]) => new Promise((resolve, reject) => {
    const seen = {};
    const content = window.jupyterapp.shell.currentWidget.content;
    const inBox = element => element.offsetWidth > 0 && element.offsetHeight > 0;
    const count = (selector, passes) => {
        const output = content.widgets[cell].node.querySelector('.jp-OutputArea-output');
        return output ? [...output.querySelectorAll(selector)].filter(passes).length : 0;
    };
    const steps = [['inputs', () => count('.v-input', inBox) >= inputs && count('.v-btn', inBox) > 0]];
    if (pictures) steps.push(
        ['cards', () => count('img', inBox) >= pictures],
        ['pictures', () => count('img', image => image.complete && image.naturalWidth > 0) >= pictures]);
    const look = () => {
        const now = performance.now() - begun;
        for (const [name, isThere] of steps) if (!(name in seen) && isThere()) seen[name] = now;
        const absent = steps.find(([name]) => !(name in seen));
        if (!absent) resolve({...seen, all: count('.v-input', () => true)});
        else if (now > limit) reject(new Error(`no ${absent[0]} after ${limit} ms`));
        else requestAnimationFrame(look);
    };
    content.deselectAll();
    content.activeCellIndex = cell;
    const begun = performance.now();
    window.jupyterapp.commands.execute('notebook:run-cell');
    requestAnimationFrame(look);
})"""
INPUTS = 4
LIMIT = 30_000  # ms


def run() -> None:
    """Time both sides in one notebook, and weigh what the kernel sends for the picker."""
    with (
        sync_playwright() as playwright,
        JupyterServer() as server,
        start_chromium(playwright) as browser,
        NotebookPage(server, browser, CELLS, viewport=VIEWPORT) as notebook,
    ):
        bench = _Bench(notebook)
        # A run of the picker comes before each with pictures in the cache, and fills it
        turns = [partial(bench.measure, side) for side in (FETCHED, CACHED, FLOOR)]
        take_turns(ROUNDS, *turns)
    _print_durations({side: steps[-ROUNDS:] for side, steps in bench.steps.items()})
    _print_weights(bench.messages)


class _Bench:
    """One notebook in which cells are run again and again."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.steps: dict[str, list[dict[str, float]]] = {FETCHED: [], CACHED: [], FLOOR: []}
        self.messages: list[bytes | str] = []
        self._notebook = notebook
        self._received: list[bytes | str] = []
        self._devtools = notebook.page.context.new_cdp_session(notebook.page)
        notebook.page.on("websocket", self._listen)
        notebook.reload()
        notebook.run(SET_UP, timeout=LOADING)

    def measure(self, side: str) -> float:
        """Run the cell of one side; return how long it took to be shown, in s."""
        page = self._notebook.page
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        self._notebook.run(TIDY)
        if side == FETCHED:
            self._forget_pictures()
        self._wait_for_silence(page)
        self._received.clear()
        pictures = 0 if side == FLOOR else PICTURES
        steps = page.evaluate(MEASURE, [CELLS.index(PICKER_CELL if pictures else FLOOR_CELL), INPUTS, pictures, LIMIT])
        self._wait_for_silence(page)
        if steps.pop("all") != INPUTS:
            raise RuntimeError(f"there are not {INPUTS} inputs: bring floor.vue in line with the picker's template")
        if pictures:
            self.messages = list(self._received)
        self.steps[side].append({name: ms / 1000 for name, ms in steps.items()})
        return max(self.steps[side][-1].values())

    def _forget_pictures(self) -> None:
        """Drop what the browser keeps: clearing empties the disk's cache, turning it off and on that of the page."""
        self._devtools.send("Network.clearBrowserCache")
        for disabled in (True, False):
            self._devtools.send("Network.setCacheDisabled", {"cacheDisabled": disabled})

    def _listen(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            socket.on("framereceived", lambda message: self._received.append(message))

    def _wait_for_silence(self, page: Page) -> None:
        before = -1
        while before != len(self._received):
            before = len(self._received)
            page.wait_for_timeout(SILENCE)


def _print_durations(steps: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    def samples(side: str, step: str, name: str) -> Samples:
        return Samples(name, [times[step] for times in steps[side]])

    floor = samples(FLOOR, "inputs", FLOOR)
    rows = []
    for side in (CACHED, FETCHED):
        rows.append(samples(side, "inputs", f"LookPicker, {side}: inputs"))
        rows.append(samples(side, "cards", f"LookPicker, {side}: {PICTURES} cards"))
        rows.append(samples(side, "pictures", f"LookPicker, {side}: {PICTURES} decoded pictures"))
    print_samples(f"picker: from running the cell, {LOOKS:,} looks in memory", [*rows, floor])
    for row in rows[2::3]:
        print_ratio(row, floor, BOUND)


def _print_weights(messages: Sequence[bytes | str]) -> None:
    """Print what the kernel sent for one run, by kind of message."""
    weights: Counter[str] = Counter()
    for message in messages:
        weights[_kind(message)] += len(message)
    total = sum(weight for kind, weight in weights.items() if kind.startswith("comm"))
    print(f"  The kernel sent for the last picker's cell, in bytes ({len(messages)} messages in all):")
    for kind, weight in weights.most_common():
        print(f"    {kind:<40}{weight:>9,}")
    print(f"  → comm messages: {total:,} bytes; {verdict(total, LARGEST, '{:,} bytes')}")


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
