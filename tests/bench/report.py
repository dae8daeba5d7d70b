"""Timings, the bounds they are held to, and the report of both."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

WIDTH = 72


@dataclass(frozen=True)
class Samples:
    """Durations of one thing, in s, in the order they were measured."""

    name: str
    seconds: list[float]

    @property
    def median(self) -> float:
        """The median duration, in s."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Finding:
    """A measured value and its bound, as texts for a table."""

    what: str
    measured: str
    bound: str
    holds: bool


@dataclass
class Report:
    """Prints each result as it is measured, and keeps it.

    Attributes
    ----------
    findings : list of Finding
        Each bound and whether it holds.
    measures : dict
        The value of each row and of each bound, by a name that is the same in each run.
    """

    findings: list[Finding] = field(default_factory=list)
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
        self._add(Finding(what, form.format(measured), f"at most {form.format(bound)}", measured <= bound), note)
        self.measures[what] = measured

    def at_least(self, what: str, measured: float, bound: float, form: str = "{:.2f} ×", note: str = "") -> None:
        """Report a value that should be no smaller than its bound."""
        self._add(Finding(what, form.format(measured), f"at least {form.format(bound)}", measured >= bound), note)
        self.measures[what] = measured

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

    def print_table(self) -> None:
        """Print all findings as a Markdown table."""
        print("| what | measured | bound |\n| --- | --- | --- |")
        for found in self.findings:
            print(f"| {found.what} | {found.measured} | {found.bound}{'' if found.holds else ': does not hold'} |")

    def _add(self, finding: Finding, note: str) -> None:
        self.findings.append(finding)
        verdict = "holds" if finding.holds else "DOES NOT HOLD"
        spread = f" ({note})" if note else ""
        print(f"  → {finding.what}: {finding.measured}{spread}; bound {finding.bound}: {verdict}", flush=True)


def take_turns(rounds: int, *sides: Callable[[], float], warm: bool = True) -> list[list[float]]:
    """Measure all sides in turn and return the durations of each, in s. A single round is without a warm-up."""
    for side in sides if warm and rounds > 1 else ():
        side()
    # The order changes with each round, so that no side always follows the same other one
    measured: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        order = list(enumerate(sides))
        for place, side in order if number % 2 == 0 else reversed(order):
            measured[place].append(side())
    return measured


def _spread(upper: Samples, lower: Samples) -> str:
    rounds = [one / other for one, other in zip(upper.seconds, lower.seconds, strict=True)]
    return f"round by round {min(rounds):.2f}–{max(rounds):.2f}"
