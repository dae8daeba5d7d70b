"""Benchmarks: our code against the least code, or the usual way, to do the same work; see ``-m tests.bench --help``.

The two sides of a benchmark take turns, so that both meet the same load of the machine. Milliseconds differ between
machines and between hours; the ratios of the two sides do not.
"""
