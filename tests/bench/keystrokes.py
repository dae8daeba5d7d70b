"""The time from a key in the search field to the new grid with its counts, in JupyterLab.

Words are typed letter by letter with real keys. The page records each input event and, as each frame begins, what it
shows. The time of a letter ends with the first frame that shows its search, the kernel's count and the cards, with or
without pictures. Letters that don't change the count are not measured.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .notebook import BenchNotebook
from .report import Report
from .stand_in import stand_in

WORDS = ("kitchen", "naoko", "library", "studio", "autumn", "priya", "leilani")
PAUSE = 250.0  # ms between an answer and the next letter
BOUNDS, MORE_BOUNDS, LOADING_BOUND = (0.050, 0.010), (0.060, 0.030), 0.300  # s: in all, and of the kernel

SET_UP = """
import time
from heygen_widgets import LookFilter, LookPicker
handled = []

class Timed(LookPicker):
    def vue_set_filter(self, changes):
        begun = time.perf_counter()
        super().vue_set_filter(changes)
        handled.append((changes.get("search"), time.perf_counter() - begun, len(catalogue.matching(self.filter))))

def expected(search):
    wanted = LookFilter(search=search)
    return len(catalogue.matching(wanted)), [look.id for look in catalogue.matching(wanted).looks(0, 300)]
"""
CELL = "shown = Timed(catalogue)\nshown"
WATCH = """() => {
    const typed = window.typed = {events: [], frames: []};
    const text = selector => document.querySelector(selector)?.textContent ?? '';
    // The parts get what the kernel has answered from an object that the root provides.
    const find = node => node?.component ? node.component.provides.picker ?? find(node.component.subTree) : null;
    const containers = [...document.querySelectorAll('.jp-OutputArea-output *')].filter(element => element._vnode);
    const picker = containers.map(element => find(element._vnode)).find(found => found);
    const state = () => {
        const cards = [...document.querySelectorAll('.look-card')];
        cards.sort((a, b) => a.dataset.position - b.dataset.position);
        const total = text('.look-picker__total'), ids = cards.map(card => card.dataset.lookId ?? null);
        return {search: picker.filter.search ?? '', total, ids};
    };
    let before = '';
    const look = () => {
        const at = performance.now(), now = state(), key = JSON.stringify(now);
        if (key !== before) typed.frames.push({...now, at});
        before = key;
        requestAnimationFrame(look);
    };
    document.querySelector('.look-filters input').addEventListener(
        'input', event => typed.events.push({at: performance.now(), value: event.target.value}), true);
    requestAnimationFrame(look);
}"""
SHOWS = """search => {
    const frame = typed.frames.at(-1);
    return frame?.search === search && !frame?.ids.includes(null);
}"""
TAKE = "() => { const taken = {...typed}; typed.events = []; typed.frames = typed.frames.slice(-1); return taken; }"


def run(
    report: Report,
    bench: BenchNotebook,
    looks: int = 25_000,
    more_looks: int = 100_000,
    words: Sequence[str] = WORDS,
    latency: float = 0.05,
) -> None:
    """Type at rest with fewer and more looks, and while looks are loading; ``latency`` is for the latter, in s."""
    bench.notebook.run(SET_UP)
    for number, bounds in ((looks, BOUNDS), (more_looks, MORE_BOUNDS)):
        with stand_in(number) as service:
            bench.make_catalogue(service)
            _show(bench)
            typed = [letter for word in words for letter in _type(bench, word)]
        _report(report, f"{number:,} looks, all loaded", typed, *bounds)
    with stand_in(looks, latency) as service:
        bench.make_catalogue(service, load=False)
        _show(bench)  # starts to load
        bench.notebook.expect_run(f"len(catalogue) > {looks // 25}", True)
        typed = []
        for word in words:
            letters = _type(bench, word)
            if not bench.notebook.value("catalogue.progress.loading"):
                break
            typed += letters
        bench.notebook.run("catalogue.close()")
    _report(report, f"while {looks:,} looks are loading", typed, LOADING_BOUND)


def _show(bench: BenchNotebook) -> None:
    bench.show_picker(CELL)
    bench.page.locator(".look-filters input").first.wait_for()
    bench.page.evaluate(WATCH)


def _type(bench: BenchNotebook, word: str) -> list[tuple[float, float]]:
    """Type a word and clear the field again; return how long each measured letter took, in all and in the kernel."""
    page = bench.page
    page.locator(".look-filters input").first.click()
    bench.notebook.run("handled.clear()")
    bench.wait(PAUSE)
    page.evaluate(TAKE)
    prefixes = [word[:length] for length in range(1, len(word) + 1)]
    for prefix in prefixes:
        page.keyboard.press(prefix[-1])
        page.wait_for_function(SHOWS, arg=prefix)
        bench.wait(PAUSE)
    answers = {search: (taken, matched) for search, taken, matched in bench.notebook.value("handled")}
    found = bench.notebook.value(f"{{search: expected(search) for search in {prefixes!r}}}")
    seen = page.evaluate(TAKE)
    letters, before = [], None
    for event in seen["events"]:
        taken, matched = answers[event["value"]]
        if matched != before:
            painted = _answered(seen["frames"], event, matched, *found[event["value"]])
            letters.append(((painted - event["at"]) / 1000, taken))
        before = matched
    page.keyboard.press("Control+a")
    page.keyboard.press("Backspace")
    page.wait_for_function(SHOWS, arg="")
    bench.wait(PAUSE)
    return letters


def _answered(frames: Sequence[Any], event: Mapping[str, Any], matched: int, most: int, ids: Sequence[str]) -> float:
    """Return when the frame with the answer to a letter began, in ms of the page's clock.

    While looks are loading, the count is between that of the kernel's answer and that at the end of the word.
    """
    for frame in frames:
        is_later = frame["at"] >= event["at"] and frame["search"] == event["value"]
        shown = frame["total"].split(" of ")[0].replace(",", "")
        if is_later and shown.isdecimal() and matched <= int(shown) <= most and set(frame["ids"]) <= set(ids):
            return float(frame["at"])
    raise RuntimeError(f"{event['value']!r} was not answered: {matched:,} looks, {[f['total'] for f in frames]}")


def _report(
    report: Report, when: str, typed: Sequence[tuple[float, float]], bound: float, kernel_bound: float | None = None
) -> None:
    repaints, kernel = [list(durations) for durations in zip(*typed, strict=True)]
    report.median_within(f"Typing to repainted grid, {when}", repaints, bound)
    if kernel_bound:
        report.median_within(f"… of which the kernel, {when}", kernel, kernel_bound)
