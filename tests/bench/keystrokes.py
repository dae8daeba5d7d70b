"""From typing into the search field to the repainted grid with its counts, in JupyterLab.

Words are typed letter by letter with real keys. The page notes each input event and, frame by frame, what it shows:
the search among the chips, the count, and the cards. A letter is answered in the first frame that shows it with the
count and the cards that the kernel had for it, and its time ends after that frame was painted (pictures may come
later). Letters that change no count are typed, but not measured. The stand-in is a process of its own.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from .notebook import BenchNotebook, open_notebook
from .stand_in import StandIn, stand_in
from .table import Finding, Samples, at_most, print_samples

WORDS = ("kitchen", "naoko", "library", "studio", "autumn", "priya", "leilani")
LATENCY = 0.05  # s, while looks are loading
PAUSE = 250.0  # ms between an answer and the next letter
LOADING = 600.0  # s
BOUNDS = {25_000: (0.150, 0.030), 100_000: (0.250, 0.080)}  # s: in all, and of the kernel
LOADING_LOOKS, LOADING_BOUND = 25_000, 0.300

SET_UP = """
import time
from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker
handled = []

class Timed(LookPicker):
    def vue_set_filter(self, changes):
        begun = time.perf_counter()
        super().vue_set_filter(changes)
        handled.append((changes.get("search"), time.perf_counter() - begun, self.status["matched"]))

def expected(search):
    wanted = LookFilter(search=search)
    return len(catalogue.matching(wanted)), [look.id for look in catalogue.matching(wanted).looks(0, 300)]
"""
CATALOGUE = "catalogue = LookCatalogue(HeyGenClient({api_key!r}, base_url={base_url!r}), cache=None)"
CELL = "shown = Timed(catalogue)\nshown"
WATCH = """() => {
    const typed = window.typed = {events: [], frames: []};
    const text = selector => document.querySelector(selector)?.textContent ?? '';
    const chip = () => /“(.*)”/.exec(text('.look-line__chips'))?.[1] ?? '';
    const state = () => {
        const cards = [...document.querySelectorAll('.look-card')];
        cards.sort((a, b) => a.dataset.position - b.dataset.position);
        return {chip: chip(), total: text('.look-picker__total'), ids: cards.map(card => card.dataset.lookId ?? null)};
    };
    const painted = new MessageChannel();
    let before = '', waiting = [];
    painted.port1.onmessage = () => {
        const at = performance.now();
        typed.frames.push(...waiting.map(frame => ({...frame, at})));
        waiting = [];
    };
    const look = () => {
        const now = state(), key = JSON.stringify(now);
        if (key !== before) {
            before = key;
            waiting.push(now);
            painted.port2.postMessage(null);
        }
        requestAnimationFrame(look);
    };
    document.querySelector('.look-filters input').addEventListener(
        'input', event => typed.events.push({at: performance.now(), value: event.target.value}), true);
    requestAnimationFrame(look);
}"""
SHOWS = "search => (typed.frames.at(-1)?.chip ?? '') === search"
TAKE = "() => { const taken = {...typed}; typed.events = []; typed.frames = typed.frames.slice(-1); return taken; }"


def run() -> list[Finding]:
    """Type at rest with few and many looks, and while looks are loading."""
    findings = []
    with open_notebook([CELL]) as bench:
        bench.notebook.run(SET_UP)
        for looks, (bound, kernel_bound) in BOUNDS.items():
            with stand_in(looks) as service:
                repaints, kernel = _type_at_rest(bench, service)
            at_rest = f"{looks:,} looks at rest"
            _print(f"keystrokes: from a letter to the repainted grid, {at_rest}", repaints, kernel)
            findings.append(_finding(f"Typing to repainted grid, {at_rest}", repaints, bound))
            findings.append(_finding(f"… of which the kernel, {at_rest}", kernel, kernel_bound))
        with stand_in(LOADING_LOOKS, LATENCY) as service:
            repaints, kernel = _type_while_loading(bench, service)
        while_loading = f"while {LOADING_LOOKS:,} looks are loading"
        _print(f"keystrokes: from a letter to the repainted grid, {while_loading}", repaints, kernel)
        findings.append(_finding(f"Typing to repainted grid, {while_loading}", repaints, LOADING_BOUND))
    return findings


def _type_at_rest(bench: BenchNotebook, service: StandIn) -> tuple[list[float], list[float]]:
    _make_catalogue(bench, service)
    bench.notebook.run("catalogue.load()", timeout=LOADING)
    _show(bench)
    repaints: list[float] = []
    kernel: list[float] = []
    for word in WORDS:
        _type(bench, word, repaints, kernel)
    return repaints, kernel


def _type_while_loading(bench: BenchNotebook, service: StandIn) -> tuple[list[float], list[float]]:
    _make_catalogue(bench, service)
    _show(bench)  # which begins to load
    bench.notebook.expect_run("len(catalogue) > 1_000", True)
    repaints: list[float] = []
    kernel: list[float] = []
    for word in WORDS:
        measured: tuple[list[float], list[float]] = ([], [])
        _type(bench, word, *measured)
        if not bench.notebook.value("catalogue.progress.loading"):
            break
        repaints += measured[0]
        kernel += measured[1]
    return repaints, kernel


def _make_catalogue(bench: BenchNotebook, service: StandIn) -> None:
    bench.tidy()
    bench.notebook.run(CATALOGUE.format(api_key=service.api_key, base_url=service.base_url))


def _show(bench: BenchNotebook) -> None:
    bench.notebook.run_cell(0)
    bench.page.locator(".look-filters input").first.wait_for()
    bench.page.locator(".look-card[data-look-id]").first.wait_for()
    bench.page.wait_for_timeout(2000)  # pictures, and what else comes after them
    bench.page.evaluate(WATCH)


def _type(bench: BenchNotebook, word: str, repaints: list[float], kernel: list[float]) -> None:
    """Type a word, measure its letters, and clear the field again."""
    page = bench.page
    page.locator(".look-filters input").first.click()
    bench.notebook.run("handled.clear()")
    page.wait_for_timeout(PAUSE)
    page.evaluate(TAKE)
    for length, letter in enumerate(word, start=1):
        page.keyboard.press(letter)
        page.wait_for_function(SHOWS, arg=word[:length])
        page.wait_for_timeout(PAUSE)
    seen = page.evaluate(TAKE)
    answers = {search: (taken, matched) for search, taken, matched in bench.notebook.value("handled")}
    prefixes = [word[:length] for length in range(1, len(word) + 1)]
    found = bench.notebook.value(f"{{search: expected(search) for search in {prefixes!r}}}")
    before = None
    for event in seen["events"]:
        search = event["value"]
        taken, matched = answers[search]
        if matched != before:
            kernel.append(taken)
            repaints.append((_answered(seen["frames"], event, matched, found[search]) - event["at"]) / 1000)
        before = matched
    page.keyboard.press("Control+a")
    page.keyboard.press("Backspace")
    page.wait_for_function(SHOWS, arg="")
    page.wait_for_timeout(PAUSE)


def _answered(
    frames: Sequence[Mapping[str, Any]], event: Mapping[str, Any], matched: int, found: tuple[int, list[str]]
) -> float:
    """Return when the answer to a letter was painted, in ms of the page's clock.

    While looks arrive, the count may be any between that of the kernel's answer and that at the end of the word, and
    the cards any that match; at rest the two counts are the same, and the cards are the first.
    """
    most, ids = found
    at_rest = matched == most
    for frame in frames:
        if frame["at"] < event["at"] or frame["chip"] != event["value"]:
            continue
        shown = frame["total"].split(" of ")[0].replace(",", "")
        cards = frame["ids"]
        if not (shown.isdecimal() and matched <= int(shown) <= most) or None in cards:
            continue
        if cards == ids[: len(cards)] if at_rest else set(cards) <= set(ids):
            return float(frame["at"])
    raise RuntimeError(f"{event['value']!r} was not answered: {matched:,} looks, {[f['total'] for f in frames]}")


def _print(title: str, repaints: list[float], kernel: list[float]) -> None:
    rows = [Samples("letter typed to grid repainted", repaints), Samples("the kernel's handler", kernel)]
    print_samples(title, rows)


def _finding(what: str, seconds: list[float], bound: float) -> Finding:
    note = f"{1000 * min(seconds):.0f}–{1000 * max(seconds):.0f}, {len(seconds)} letters"
    return at_most(what, 1000 * statistics.median(seconds), 1000 * bound, "{:.0f} ms", note)
