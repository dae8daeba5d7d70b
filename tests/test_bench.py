"""The comparison of measures that two commits share."""

from bench.against import describe


def test_each_measure_of_both_sides_has_the_median_of_its_ratios_and_each_of_them() -> None:
    pairs = [({"load": n, "requests": 0.0, "new": 1.0}, {"load": 2.0, "requests": 0.0}) for n in (3.0, 4.0, 2.0)]
    assert describe(pairs) == ["  1.50  (1.50 2.00 1.00)  load", "  1.00  (1.00 1.00 1.00)  requests"]
