"""Benchmarks: our own code against the least, or the usual, that could do the same work, both measured in one run.

    python -m tests.bench            # all of them, and a Markdown table of all bounds at the end
    python -m tests.bench paging     # one

Only ratios say something, since machines differ; the two sides take turns, so that both meet the same weather.
"""
