"""Samples of durations, how they are printed, and what they say about a bound."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH = 72


@dataclass
class Samples:
    """Durations of one thing, in s, in the order they were measured."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle duration, in s."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Finding:
    """What was measured beside its bound, as texts for a table."""

    what: str
    measured: str
    bound: str
    holds: bool


def take_turns(rounds: int, *sides: Callable[[], float], warm: bool = True) -> list[list[float]]:
    """Measure all sides in turn, each once before to warm it up unless told; return the durations of each, in s."""
    for side in sides if warm else ():
        side()
    # The order changes with each round, so that nobody always comes after the same other
    measured: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        order = list(enumerate(sides))
        for place, side in order if number % 2 == 0 else reversed(order):
            measured[place].append(side())
    return measured


def print_samples(title: str, rows: Sequence[Samples]) -> None:
    """Print the median of each row with its spread, in ms."""
    print(f"{title}\n  {'ms':<{WIDTH}}{'median':>9}{'min':>9}{'quartiles':>16}{'max':>9}{'runs':>6}")
    for row in rows:
        low, _, high = statistics.quantiles([1000 * s for s in row.seconds], n=4, method="inclusive")
        least, middle, most = 1000 * min(row.seconds), 1000 * row.median, 1000 * max(row.seconds)
        quartiles = f"{low:,.0f}–{high:,.0f}"
        numbers = f"{middle:>9,.0f}{least:>9,.0f}{quartiles:>16}{most:>9,.0f}{len(row.seconds):>6}"
        print(f"  {row.name:<{WIDTH}}{numbers}", flush=True)


def at_most(what: str, measured: float, bound: float, form: str = "{:.2f} ×", note: str = "") -> Finding:
    """Print something measured, and whether it is no larger than its bound."""
    finding = Finding(what, form.format(measured), f"at most {form.format(bound)}", measured <= bound)
    return _printed(finding, note)


def at_least(what: str, measured: float, bound: float, form: str = "{:.2f} ×", note: str = "") -> Finding:
    """Print something measured, and whether it is no smaller than its bound."""
    finding = Finding(what, form.format(measured), f"at least {form.format(bound)}", measured >= bound)
    return _printed(finding, note)


def no_slower(what: str, ours: Samples, floor: Samples, bound: float) -> Finding:
    """Print the ratio of our median to that of the floor, and whether it stays within a bound."""
    return at_most(what, ours.median / floor.median, bound, note=_spread(ours, floor))


def faster(what: str, ours: Samples, rival: Samples, bound: float) -> Finding:
    """Print how many times faster our median is than that of a rival, and whether that is enough."""
    return at_least(what, rival.median / ours.median, bound, note=_spread(rival, ours))


def print_table(findings: Sequence[Finding]) -> None:
    """Print all findings as a Markdown table."""
    print("| what | measured | bound |\n| --- | --- | --- |")
    for found in findings:
        print(f"| {found.what} | {found.measured} | {found.bound}{'' if found.holds else ': does not hold'} |")


def _printed(finding: Finding, note: str) -> Finding:
    verdict = "holds" if finding.holds else "DOES NOT HOLD"
    spread = f" ({note})" if note else ""
    print(f"  → {finding.what}: {finding.measured}{spread}; bound {finding.bound}: {verdict}", flush=True)
    return finding


def _spread(upper: Samples, lower: Samples) -> str:
    if len(upper.seconds) != len(lower.seconds):
        return ""
    rounds = [one / other for one, other in zip(upper.seconds, lower.seconds, strict=True)]
    return f"round by round {min(rounds):.2f}–{max(rounds):.2f}"
