"""Samples of durations, and how they are printed."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH = 64


@dataclass
class Samples:
    """Durations of one thing, in s, in the order they were measured."""

    name: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle duration, in s."""
        return statistics.median(self.seconds)


def take_turns(rounds: int, *sides: Callable[[], float]) -> list[list[float]]:
    """Measure each side once to warm it up, then all of them in turn; return the durations of each, in s."""
    for side in sides:
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
    print(f"{title}\n  {'ms':<{WIDTH}}{'median':>8}{'min':>8}{'quartiles':>14}{'max':>8}{'runs':>6}")
    for row in rows:
        low, _, high = statistics.quantiles([1000 * s for s in row.seconds], n=4, method="inclusive")
        least, middle, most = 1000 * min(row.seconds), 1000 * row.median, 1000 * max(row.seconds)
        quartiles = f"{low:.0f}–{high:.0f}"
        print(f"  {row.name:<{WIDTH}}{middle:>8.0f}{least:>8.0f}{quartiles:>14}{most:>8.0f}{len(row.seconds):>6}")


def print_ratio(ours: Samples, floor: Samples, bound: float) -> None:
    """Print the ratio of two medians, that of each round, and whether the bound holds."""
    rounds = [mine / least for mine, least in zip(ours.seconds, floor.seconds, strict=True)]
    ratio = ours.median / floor.median
    spread = f"round by round {min(rounds):.2f}–{max(rounds):.2f}"
    print(f"  → {ours.name} / {floor.name} = {ratio:.2f} ({spread}); {verdict(ratio, bound, '{:.2f}')}")


def verdict(measured: float, bound: float, form: str) -> str:
    """Tell whether a bound holds."""
    return f"bound {form.format(bound)}: {'holds' if measured <= bound else 'DOES NOT HOLD'}"
