"""Benchmarks: our code against the least code, or the usual way, to do the same work.

    python -m tests.bench                       # all, and a Markdown table of all bounds at the end
    python -m tests.bench paging imports        # some
    python -m tests.bench --tiny                # all once at a tiny size, to see that they still run
    python -m tests.bench --against HEAD~3      # the working tree against a commit

The two sides of a benchmark take turns, so that both meet the same load of the machine. Milliseconds differ between
machines and between hours; the ratios of the two sides do not.
"""
