"""The comparison of measures that two commits share."""

from bench.against import describe


def test_each_measure_has_the_median_of_its_ratios_and_each_of_them() -> None:
    pairs = [({"load": 3.0}, {"load": 2.0}), ({"load": 4.0}, {"load": 2.0}), ({"load": 2.0}, {"load": 2.0})]
    assert describe(pairs) == ["  1.50  (1.50 2.00 1.00)  load"]


def test_a_measure_that_only_one_side_has_is_named() -> None:
    assert describe([({"new": 1.0}, {"old": 1.0})]) == ["  only here: new", "  only there: old"]


def test_nothing_against_nothing_is_equal_and_something_is_infinitely_more() -> None:
    assert describe([({"requests": 0.0}, {"requests": 0.0})]) == ["  1.00  (1.00)  requests"]
    assert describe([({"requests": 2.0}, {"requests": 0.0})]) == ["  inf  (inf)  requests"]
