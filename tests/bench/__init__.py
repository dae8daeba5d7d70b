"""Benchmarks: our own code against the least that could do the same work, both measured in one run.

    python -m tests.bench            # all of them
    python -m tests.bench paging     # one: picker, paging or imports

Only ratios say something, since machines differ; the two sides take turns, so that both meet the same weather.
"""
