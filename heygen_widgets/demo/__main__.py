"""Serve the stand-in from a shell: `python -m heygen_widgets.demo --port 8080`."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence

from . import ENDPOINTS, FAULT_KINDS, DemoService
from ._previews import PREVIEW_KINDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; that of the process by default.

    Returns
    -------
    int
        Exit status: 0 after Ctrl-C, 1 when the address cannot be used. A wrong argument ends the process with 2.
    """
    kinds = "\n".join(f"  {kind:<15} {what}" for kind, what in FAULT_KINDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m heygen_widgets.demo",
        description="A stand-in for HeyGen.",
        epilog=f"faults; after each may come endpoint={', '.join(ENDPOINTS[:6])},\n{', '.join(ENDPOINTS[6:])}\n"
        "(all but media as a rule), nth=the first request it may strike, times=how often at most (for ever unless\n"
        f"given), probability=0 to 1, seed=a number:\n{kinds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--looks", type=int, default=2_000, help="size of the catalogue (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which catalogue (default: %(default)s)")
    parser.add_argument("--latency", type=float, default=0.0, help="wait before each answer, in s (default: 0)")
    parser.add_argument(
        "--render-time", type=float, default=8.0, help="how long a video is in the making, in s (default: %(default)s)"
    )
    parser.add_argument("--previews", choices=PREVIEW_KINDS, default="data", help="kind of picture URLs")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        dest="faults",
        metavar="RULE",
        help="answer some requests with a fault, such as '429 endpoint=looks nth=3 times=1'; may come again",
    )
    options = parser.parse_args(arguments)
    try:
        service = DemoService(**vars(options))
    except ValueError as error:
        parser.error(str(error))
    try:
        service.start()
    except (OSError, OverflowError) as error:
        print(f"cannot listen on {options.host}:{options.port}: {error}; try another --port", file=sys.stderr)
        return 1
    print(f"Stand-in for HeyGen with {options.looks:,} looks at {service.base_url}")
    print(f"API key: {service.api_key}")
    print(f"Try: curl -H 'X-Api-Key: {service.api_key}' '{service.base_url}/v3/avatars/looks?limit=2'")
    print(f"In Python: HEYGEN_API_BASE={service.base_url} HEYGEN_API_KEY={service.api_key} jupyter lab")
    print("Ctrl-C ends it.", flush=True)
    with service:
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
