"""From a look's card to its panel, to its clip and to the cards after it, in JupyterLab with 25,000 looks in memory.

All times are of the page's own clock: from the event as the browser stamped it, of a real key or a real pointer, to the
first frame that has what was asked for. The stand-in is a process of its own, and each panel and each clip is one that
was not shown before.
"""

import statistics
import time
from collections.abc import Callable

from playwright.sync_api import Locator

from .notebook import BenchNotebook, open_notebook
from .stand_in import stand_in
from .table import Finding, Samples, at_most, print_samples

LOOKS = 25_000
PANELS = 15  # opened by each of the two ways
CLIPS = 20
PAGES, EVERY, ROUNDS = 100, 0.1, 3  # keys, s from one to the next, and how often so many are pressed
REST = 500.0  # ms in which nothing is done, so that what came before is over
PATIENCE = 10_000.0  # ms
LOADING = 600.0  # s
PANEL_BOUND, CLIP_BOUND, BLANK_BOUND = 0.100, 0.300, 0.150  # s

LOAD = """
from heygen_widgets import HeyGenClient, LookCatalogue, LookPicker
catalogue = LookCatalogue(HeyGenClient({api_key!r}, base_url={base_url!r}), cache=None)
catalogue.load()
"""
CELL = "shown = LookPicker(catalogue)\nshown"
WITH_CLIPS = "[look.id for look in catalogue.looks[:400] if look.preview_video_url]"

# The first event of each kind, since what appears under a resting pointer brings others
NOTE_EVENTS = """() => {
    for (const type of ['keydown', 'click', 'pointerover'])
        addEventListener(type, event => { if (window.begun) begun[type] ??= event.timeStamp; }, true);
}"""
# Looked at in each frame from before the event on
AWAIT = """([kind, id, limit, isThere]) => {
    window.begun = {};
    const card = () => [...document.querySelectorAll('.look-card')].find(card => card.dataset.lookId === id);
    const name = card().querySelector('.look-card__name').textContent;
    const there = new Function('card', 'name', `return (${isThere})(card, name)`);
    window.measured = new Promise((resolve, reject) => {
        const seen = {}, noted = performance.now();
        const look = () => {
            const now = performance.now();
            if (kind in begun)
                for (const step of there(card(), name)) seen[step] ??= now - begun[kind];
            if (seen.last) resolve(seen);
            else if (now - noted > limit) reject(new Error(`after a ${kind} on ${id} only ${JSON.stringify(seen)}`));
            else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
}"""
# Its id alone is there before the kernel has told anything
PANEL = """(card, name) => {
    const panel = document.querySelector('.look-panel');
    const picture = panel?.querySelector('img.look-panel__picture, .look-panel__picture img');
    const named = panel?.querySelector('.look-panel__name')?.textContent === name;
    if (!named || !picture?.getAttribute('src') || panel.querySelectorAll('dl dd').length < 2) return [];
    return picture.complete && picture.naturalWidth > 0 ? ['first', 'last'] : ['first'];
}"""
CLIP = """card => {
    const clip = card?.querySelector('video.look-card__clip');
    return clip && !clip.paused && clip.currentTime > 0 ? ['last'] : [];
}"""
# Where cards should be is told by the geometry of the grid, so that a row that is not there at all is blank too
WATCH_BLANKS = """() => {
    const grid = document.querySelector('.look-grid');
    const watched = window.watched = {longest: {}, keys: [], frames: 0};
    const since = {};
    addEventListener('keydown', event => watched.keys.push(event.timeStamp), true);
    const look = () => {
        const now = performance.now();
        const rows = grid.querySelector('.look-grid__rows').getBoundingClientRect();
        const box = grid.getBoundingClientRect();
        const [count, columns] = ['rowcount', 'colcount'].map(name => Number(grid.getAttribute(`aria-${name}`)));
        const high = rows.height / count;
        const first = Math.max(0, Math.floor((box.top - rows.top) / high));
        const last = Math.min(count - 1, Math.ceil((box.bottom - rows.top) / high) - 1);
        const cards = [...grid.querySelectorAll('.look-card[data-look-id]')];
        const full = new Set(cards.map(card => Number(card.dataset.position)));
        for (const position of Object.keys(since))
            watched.longest[position] = Math.max(watched.longest[position], now - since[position]);
        const before = {...since};
        for (const position of Object.keys(since)) delete since[position];
        for (let position = first * columns; position < (last + 1) * columns; position += 1) {
            watched.longest[position] ??= 0;
            if (!full.has(position)) since[position] = before[position] ?? now;
        }
        watched.frames += 1;
        if (watched === window.watched) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
STOP = "() => { const taken = window.watched; window.watched = null; return taken; }"
IS_FULL = """() => {
    const cards = [...document.querySelectorAll('.look-card')];
    return cards.length > 0 && cards.every(card => card.dataset.lookId);
}"""


def run() -> list[Finding]:
    """Open panels, hover over cards, and page through the grid, in one notebook."""
    with stand_in(LOOKS) as service, open_notebook([CELL]) as bench:
        bench.notebook.run(LOAD.format(api_key=service.api_key, base_url=service.base_url), timeout=LOADING)
        return [_time_panels(bench), _time_clips(bench), _time_blanks(bench)]


def _time_panels(bench: BenchNotebook) -> Finding:
    _show(bench)
    # The two ways take turns, each time with the next card
    ways: list[tuple[str, str, Callable[[Locator], None]]] = [
        ("`i` pressed", "keydown", lambda card: card.press("i")),
        ("Info clicked", "click", lambda card: card.locator(".look-card__info").click()),
    ]
    samples = [(Samples(f"{way}, to text and picture", []), Samples("… and decoded", [])) for way, _, _ in ways]
    for position in range(PANELS * len(ways)):
        _, kind, open_panel = ways[position % len(ways)]
        card = _find(bench, position)
        taken = _measure(bench, card, kind, PANEL, open_panel)
        for step, rows in zip(("first", "last"), samples[position % len(ways)], strict=True):
            rows.seconds.append(taken[step])
        bench.page.keyboard.press("Escape")
        bench.page.locator(".look-panel").wait_for(state="detached")
    print_samples(f"panel: opened from one of {LOOKS:,} looks", [row for rows in samples for row in rows])
    shown = [second for first, _ in samples for second in first.seconds]
    return _finding("Opening the panel of a look, without the voice", shown, PANEL_BOUND)


def _time_clips(bench: BenchNotebook) -> Finding:
    _show(bench)
    with_clips = set(bench.notebook.value(WITH_CLIPS))
    hovered = Samples("hover to a playing clip", [])
    position = 0
    while len(hovered.seconds) < CLIPS:
        card = _find(bench, position)
        if card.get_attribute("data-look-id") in with_clips:
            hovered.seconds.append(_measure(bench, card, "pointerover", CLIP, lambda card: card.hover())["last"])
        position += 1
    print_samples("clips: each fetched from the stand-in", [hovered])
    return _finding("Hovering over a card to its playing clip", hovered.seconds, CLIP_BOUND)


def _time_blanks(bench: BenchNotebook) -> Finding:
    _show(bench)
    rounds = [_page_through(bench) for _ in range(ROUNDS)]
    print_samples(
        f"grid: {PAGES} times Page Down through {LOOKS:,} looks, by card in sight",
        [Samples(f"round {number}: longest blank at a stretch", seconds) for number, seconds in enumerate(rounds, 1)],
    )
    blanks = [second for seconds in rounds for second in seconds]
    percentile = statistics.quantiles(blanks, n=20, method="inclusive")[-1]
    blank = sum(second > 0 for second in blanks)
    note = f"{blank:,} of {len(blanks):,} cards blank at all, up to {1000 * max(blanks):.0f}"
    what = f"A Page Down every {1000 * EVERY:.0f} ms, {PAGES} times: a card blank at a stretch, 95th percentile"
    return at_most(what, 1000 * percentile, 1000 * BLANK_BOUND, "{:.0f} ms", note)


def _show(bench: BenchNotebook) -> None:
    """Show a picker as if for the first time."""
    bench.tidy()
    bench.page.mouse.move(0, 0)
    bench.notebook.run_cell(0)
    bench.page.locator(".look-card[data-look-id]").first.wait_for()
    bench.page.wait_for_timeout(2000)  # pictures, and what else comes after them
    bench.page.evaluate(NOTE_EVENTS)


def _find(bench: BenchNotebook, position: int) -> Locator:
    """Bring a card into sight, with the pointer on none and nothing left to be done."""
    card = bench.page.locator(f'.look-card[data-look-id][data-position="{position}"]')
    bench.page.mouse.move(0, 0)
    card.scroll_into_view_if_needed()
    bench.page.wait_for_timeout(REST)
    return card


def _measure(
    bench: BenchNotebook, card: Locator, kind: str, is_there: str, act: Callable[[Locator], None]
) -> dict[str, float]:
    """Do something with a card; return when its steps were there after the first event of a kind, in s."""
    bench.page.evaluate(AWAIT, [kind, card.get_attribute("data-look-id"), PATIENCE, is_there])
    act(card)
    return {step: ms / 1000 for step, ms in bench.page.evaluate("() => window.measured").items()}


def _page_through(bench: BenchNotebook) -> list[float]:
    """Press the keys from the first card on; return how long each card in sight was blank, at most, in s."""
    page = bench.page
    page.locator(".look-card[data-look-id]").first.focus()
    page.keyboard.press("Home")
    page.wait_for_function(IS_FULL)
    page.wait_for_timeout(2 * REST)
    page.evaluate(WATCH_BLANKS)
    begun = time.monotonic()
    for number in range(PAGES):
        page.wait_for_timeout(max(0.0, 1000 * (begun + number * EVERY - time.monotonic())))
        page.keyboard.press("PageDown")
    page.wait_for_function(IS_FULL)
    page.wait_for_timeout(REST)
    watched = page.evaluate(STOP)
    keys = watched["keys"]
    if len(keys) != PAGES:
        raise RuntimeError(f"the browser got {len(keys)} keys")
    # A browser that is busy takes them later, and is spared
    print(f"  a key every {(keys[-1] - keys[0]) / (PAGES - 1):.0f} ms, {watched['frames']} frames", flush=True)
    return [ms / 1000 for ms in watched["longest"].values()]


def _finding(what: str, seconds: list[float], bound: float) -> Finding:
    note = f"{1000 * min(seconds):.0f}–{1000 * max(seconds):.0f}, {len(seconds)} times"
    return at_most(what, 1000 * statistics.median(seconds), 1000 * bound, "{:.0f} ms", note)
