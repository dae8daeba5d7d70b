"""Timings, the bounds they are held to, and the report of both."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


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
    """Prints each result as it is measured, and keeps all measures by name, and a row of a table for each bound."""

    table: list[str] = field(default_factory=lambda: ["| what | measured | bound |", "| --- | --- | --- |"])
    measures: dict[str, float] = field(default_factory=dict)

    def rows(self, title: str, *rows: Samples) -> None:
        """Print the median and the range of each row, in ms."""
        print(title)
        for row in rows:
            least, most = 1000 * min(row.seconds), 1000 * max(row.seconds)
            spread = f"{least:,.0f}–{most:,.0f}, {len(row.seconds)} times"
            print(f"  {row.name:<72}{1000 * row.median:>9,.0f} ms ({spread})", flush=True)
            self.measures[f"{title}; {row.name}"] = row.median

    def at_most(self, what: str, measured: float, bound: float, form: str = "{:.2f} ×") -> None:
        """Report a value that should be no larger than its bound."""
        self._add(what, measured, measured <= bound, f"at most {form.format(bound)}", form)

    def at_least(self, what: str, measured: float, bound: float) -> None:
        """Report a ratio that should be no smaller than its bound."""
        self._add(what, measured, measured >= bound, f"at least {bound:.2f} ×", "{:.2f} ×")

    def median_within(self, what: str, seconds: Sequence[float], bound: float) -> None:
        """Report the median of durations in s, which should be no larger than a bound in s."""
        self.at_most(what, 1000 * statistics.median(seconds), 1000 * bound, "{:.0f} ms")

    def _add(self, what: str, measured: float, holds: bool, bound: str, form: str) -> None:
        self.measures[what] = measured
        self.table.append(f"| {what} | {form.format(measured)} | {bound}{'' if holds else ': does not hold'} |")
        print(
            f"  → {what}: {form.format(measured)}; bound {bound}: {'holds' if holds else 'DOES NOT HOLD'}", flush=True
        )


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
