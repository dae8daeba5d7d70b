"""The times to open a look's panel, to play its clip and to page through the grid, in JupyterLab with looks in memory.

All times are of the page's clock: from a real key or pointer event to the first frame that shows the result.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from playwright.sync_api import Locator

from .notebook import PICKER_CELL, BenchNotebook
from .report import Report
from .stand_in import stand_in

EVERY = 0.1  # s from one Page Down to the next
REST = 500.0  # ms without an action, so that the effects of the last one are over
PANEL_BOUND, CLIP_BOUND, BLANK_BOUND = 0.060, 0.300, 0.150  # s

WITH_CLIPS = "[look.id for look in catalogue.looks[:400] if look.preview_video_url]"

# The panel shows the id before the kernel answers
PANEL = """id => {
    const card = document.querySelector(`.look-card[data-look-id="${id}"]`);
    const [name, pictured] = [card.querySelector('.look-card__name').textContent, !!card.querySelector('img')];
    const panel = () => document.querySelector('.look-panel');
    const picture = () => panel()?.querySelector('img.look-panel__picture, .look-panel__picture img');
    return {shown: () => panel()?.querySelector('.look-panel__name')?.textContent === name
        && (!pictured || picture()?.getAttribute('src')) && panel().querySelectorAll('td').length >= 2};
}"""
CLIP = """id => ({plays: () => {
    const clip = document.querySelector(`.look-card[data-look-id="${id}"] video.look-card__clip`);
    return clip && !clip.paused && clip.currentTime > 0;
}})"""
# The positions in sight follow from the geometry of the grid, so a missing row counts as blank too
WATCH_BLANKS = """() => {
    const grid = document.querySelector('.look-grid');
    const watched = window.watched = {longest: {}, keys: []};
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
        if (watched === window.watched) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
STOP = "() => { const taken = window.watched; window.watched = null; return taken; }"
IS_FULL = """() => {
    const cards = [...document.querySelectorAll('.look-card')];
    return cards.length > 0 && cards.every(card => card.dataset.lookId);
}"""


def run(
    report: Report,
    bench: BenchNotebook,
    looks: int = 25_000,
    panels: int = 15,
    clips: int = 12,
    keys: int = 100,
    rounds: int = 3,
) -> None:
    """Open panels in each of two ways, hover over cards, and page through the grid in some rounds of so many keys."""
    with stand_in(looks) as service:
        bench.make_catalogue(service)
        _time_panels(report, bench, panels)
        _time_clips(report, bench, clips)
        _time_blanks(report, bench, keys, rounds)


def _time_panels(report: Report, bench: BenchNotebook, panels: int) -> None:
    bench.show_picker(PICKER_CELL)
    ways: list[tuple[str, Callable[[Locator], None]]] = [
        ("keydown", lambda card: card.press("i")),
        ("click", lambda card: card.locator(".look-card__info").click()),
    ]
    shown: list[float] = []
    # The ways take turns, each time with the next card
    for position, (kind, open_panel) in enumerate(ways * panels):
        card = _find(bench, position)
        taken = bench.measure(partial(open_panel, card), kind, PANEL, card.get_attribute("data-look-id"))
        shown.append(taken["shown"])
        bench.page.keyboard.press("Escape")
        bench.page.locator(".look-panel").wait_for(state="detached")
    report.median_within("Opening the panel of a look, without the voice", shown, PANEL_BOUND)


def _time_clips(report: Report, bench: BenchNotebook, clips: int) -> None:
    bench.show_picker(PICKER_CELL)
    with_clips = set(bench.notebook.value(WITH_CLIPS))  # the first of the usable looks have them
    hovered: list[float] = []
    position = 0
    while len(hovered) < clips:
        card = _find(bench, position)
        look_id = card.get_attribute("data-look-id")
        if look_id in with_clips:
            hovered.append(bench.measure(card.hover, "pointerover", CLIP, look_id)["plays"])
        position += 1
    report.median_within("Hovering over a card to its playing clip", hovered, CLIP_BOUND)


def _time_blanks(report: Report, bench: BenchNotebook, keys: int, rounds: int) -> None:
    bench.show_picker(PICKER_CELL)
    blanks = [blank for _ in range(rounds) for blank in _page_through(bench, keys)]
    what = f"A Page Down every {1000 * EVERY:.0f} ms, {keys} times: a card blank at a stretch, 95th percentile"
    report.at_most(what, float(np.percentile(blanks, 95)), 1000 * BLANK_BOUND, "{:.0f} ms")


def _find(bench: BenchNotebook, position: int) -> Locator:
    """Scroll a card into view, with the pointer on none."""
    card = bench.page.locator(f'.look-card[data-look-id][data-position="{position}"]')
    bench.page.mouse.move(0, 0)
    card.scroll_into_view_if_needed()
    bench.wait(REST)
    return card


def _page_through(bench: BenchNotebook, keys: int) -> list[float]:
    """Page down from the first card; return the longest time that each card in sight was blank, in ms."""
    page = bench.page
    page.locator(".look-card[data-look-id]").first.focus()
    page.keyboard.press("Home")
    page.wait_for_function(IS_FULL)
    bench.wait(2 * REST)
    page.evaluate(WATCH_BLANKS)
    begun = time.monotonic()
    for number in range(keys):
        page.wait_for_timeout(max(0.0, 1000 * (begun + number * EVERY - time.monotonic())))
        page.keyboard.press("PageDown")
    page.wait_for_function(IS_FULL)
    bench.wait(REST)
    watched = page.evaluate(STOP)
    pressed = watched["keys"]
    if len(pressed) != keys:
        raise RuntimeError(f"the browser got {len(pressed)} keys instead of {keys}")
    # A busy browser takes the keys more slowly, which spares the grid
    print(f"  a key every {(pressed[-1] - pressed[0]) / (keys - 1):.0f} ms", flush=True)
    return [*watched["longest"].values()]
