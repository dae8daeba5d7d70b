"""Timings, the bounds they are held to, and the report of both."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

WIDTH = 72


@dataclass(frozen=True)
class Samples:
    """Durations of one thing, in s, in the order they were measured."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median duration, in s."""
        return statistics.median(self.seconds)


@dataclass
class Report:
    """Prints each result as it is measured, and keeps it.

    Attributes
    ----------
    table : list of str
        A row of a Markdown table for each bound.
    measures : dict
        The value of each row and of each bound, by a name that is the same in each run.
    """

    table: list[str] = field(default_factory=lambda: ["| what | measured | bound |", "| --- | --- | --- |"])
    measures: dict[str, float] = field(default_factory=dict)

    def rows(self, title: str, *rows: Samples) -> None:
        """Print the median and the spread of each row, in ms."""
        print(f"{title}\n  {'ms':<{WIDTH}}{'median':>9}{'min':>9}{'quartiles':>16}{'max':>9}{'runs':>6}")
        for row in rows:
            least, low, middle, high, most = np.percentile([1000 * s for s in row.seconds], [0, 25, 50, 75, 100])
            quartiles = f"{low:,.0f}–{high:,.0f}"
            numbers = f"{middle:>9,.0f}{least:>9,.0f}{quartiles:>16}{most:>9,.0f}{len(row.seconds):>6}"
            print(f"  {row.name:<{WIDTH}}{numbers}", flush=True)
            self.measures[f"{title}; {row.name}"] = row.median

    def at_most(self, what: str, measured: float, bound: float, form: str = "{:.2f} ×", note: str = "") -> None:
        """Report a value that should be no larger than its bound."""
        self._add(what, measured, measured <= bound, f"at most {form.format(bound)}", form, note)

    def at_least(self, what: str, measured: float, bound: float, note: str = "") -> None:
        """Report a ratio that should be no smaller than its bound."""
        self._add(what, measured, measured >= bound, f"at least {bound:.2f} ×", "{:.2f} ×", note)

    def no_slower(self, what: str, ours: Samples, floor: Samples, bound: float) -> None:
        """Report the ratio of our median to that of the floor."""
        self.at_most(what, ours.median / floor.median, bound, note=_spread(ours, floor))

    def faster(self, what: str, ours: Samples, rival: Samples, bound: float) -> None:
        """Report how many times faster our median is than that of a rival."""
        self.at_least(what, rival.median / ours.median, bound, note=_spread(rival, ours))

    def median_within(self, what: str, seconds: list[float], bound: float) -> None:
        """Report the median of durations in s, which should be no larger than a bound in s."""
        note = f"{1000 * min(seconds):.0f}–{1000 * max(seconds):.0f}, {len(seconds)} times"
        self.at_most(what, 1000 * statistics.median(seconds), 1000 * bound, "{:.0f} ms", note)

    def _add(self, what: str, measured: float, holds: bool, bound: str, form: str, note: str) -> None:
        self.measures[what] = measured
        self.table.append(f"| {what} | {form.format(measured)} | {bound}{'' if holds else ': does not hold'} |")
        spread = f" ({note})" if note else ""
        verdict = "holds" if holds else "DOES NOT HOLD"
        print(f"  → {what}: {form.format(measured)}{spread}; bound {bound}: {verdict}", flush=True)


def timed(act: Callable[[], object]) -> Callable[[], float]:
    """Return a function that does something and returns how long that took, in s."""

    def measure() -> float:
        gc.collect()
        begun = time.perf_counter()
        result = act()
        taken = time.perf_counter() - begun
        del result  # only now, so that freeing it is not timed
        return taken

    return measure


def take_turns(rounds: int, sides: Mapping[str, Callable[[], float]], warm: bool = True) -> list[Samples]:
    """Measure all sides in turn; each returns a duration, in s. A single round is without a warm-up."""
    for measure in sides.values() if warm and rounds > 1 else ():
        measure()
    # The order changes with each round, so that no side always follows the same other one
    samples = [Samples(name) for name in sides]
    for number in range(rounds):
        for row in samples if number % 2 == 0 else reversed(samples):
            row.seconds.append(sides[row.name]())
    return samples


def _spread(upper: Samples, lower: Samples) -> str:
    rounds = [one / other for one, other in zip(upper.seconds, lower.seconds, strict=True)]
    return f"round by round {min(rounds):.2f}–{max(rounds):.2f}"
