"""Serve the stand-in from a shell: `python -m heygen_widgets demo --port 8080`."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress

from . import DemoService
from ._previews import PREVIEW_KINDS


def add_options(parser: argparse.ArgumentParser) -> None:
    option = parser.add_argument
    option("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    option("--port", type=int, default=8080, help="port, 0 for a free one (default: %(default)s)")
    option("--looks", type=int, default=2_000, help="size of the catalogue (default: %(default)s)")
    option("--seed", type=int, default=0, help="which catalogue (default: %(default)s)")
    option("--latency", type=float, default=0.0, help="wait before each API response, in s (default: 0)")
    option("--error-rate", type=float, default=0.0, help="share of API requests answered with 503 (default: 0)")
    option("--render-time", type=float, default=8.0, help="how long a video takes, in s (default: %(default)s)")
    option("--previews", choices=PREVIEW_KINDS, default="data", help="kind of picture URLs")


def serve(**options: object) -> None:
    """Serve until Ctrl-C; the options are those of `DemoService`. A wrong one is a `ValueError`."""
    try:
        service = DemoService(**options).start()  # type: ignore[arg-type]  # argparse has converted them
    except (OSError, OverflowError) as error:
        raise ValueError(f"cannot serve on {options['host']}:{options['port']}: {error}") from None
    with service, suppress(KeyboardInterrupt):
        print(f"Stand-in for HeyGen with {options['looks']:,} looks at {service.base_url}")
        print(f"API key: {service.api_key}")
        print(f"Try: curl -H 'X-Api-Key: {service.api_key}' '{service.base_url}/v3/avatars/looks?limit=2'")
        print(f"In Python: HEYGEN_API_BASE={service.base_url} HEYGEN_API_KEY={service.api_key} jupyter lab")
        print("Press Ctrl-C to stop.", flush=True)
        while True:
            time.sleep(1)  # Python notices a signal that comes just before a wait only after it
    print()
