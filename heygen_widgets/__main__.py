"""The commands of `python -m heygen_widgets`: serve the stand-in, and list or export looks."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import HeyGenClient, LookCatalogue, demo_client
from .demo._command import add_options, serve
from .errors import HeyGenError, MissingAPIKeyError
from .filters import FACETS, LookFilter

WRITERS = {".csv": LookCatalogue.to_csv, ".xlsx": LookCatalogue.to_excel, ".parquet": LookCatalogue.to_parquet}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. A problem ends the process with its message on standard error and status 2."""
    parser = argparse.ArgumentParser(prog="python -m heygen_widgets", description="HeyGen avatar looks, from a shell.")
    commands = parser.add_subparsers(metavar="command", required=True)
    looks = commands.add_parser("looks", help="list looks as CSV, or export them to a file")
    looks.set_defaults(run=_list_looks)
    looks.add_argument("search", nargs="?", default="", help="words that must occur in name, character, id or tags")
    for field in FACETS:
        looks.add_argument(
            f"--{field.replace('_', '-')}", action="append", metavar="VALUE", help="repeat it for several"
        )
    looks.add_argument("--ready", choices=["yes", "no"], help="whether a video can use the look now")
    looks.add_argument("--sort", metavar="FIELD", help="name, group_name, avatar_type or size; --sort=-name reverses")
    looks.add_argument("-o", "--output", type=Path, metavar="FILE", help=f"a file: {', '.join(WRITERS)}")
    looks.add_argument("--no-previews", action="store_true", help="leave out the addresses of pictures and clips")
    looks.add_argument("--demo", action="store_true", help="take the stand-in's looks, without a key")
    demo = commands.add_parser("demo", help="serve the stand-in for HeyGen on this machine")
    demo.set_defaults(run=serve)
    add_options(demo)
    options = vars(parser.parse_args(arguments))
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"
    try:
        options.pop("run")(**options)
    except MissingAPIKeyError as problem:
        parser.exit(2, f"{str(problem).splitlines()[0]}\nTo try without a key, add --demo.\n")
    except (HeyGenError, ValueError, TypeError, OSError, ImportError) as problem:
        parser.exit(2, f"{problem}\n")


def _list_looks(*, demo: bool, output: Path | None, no_previews: bool, **fields: Any) -> None:  # noqa: ANN401 - of the filter
    """Load the catalogue, with a progress bar on standard error, and write the looks that match."""
    if output and output.suffix not in WRITERS:
        raise ValueError(f"{output} should end with {', '.join(WRITERS)}")
    wanted = LookFilter(**fields)
    catalogue = LookCatalogue(demo_client() if demo else HeyGenClient())
    catalogue.load()
    if output:
        path = WRITERS[output.suffix](catalogue, output, wanted, previews=not no_previews)
        print(f"{path}: {len(catalogue.matching(wanted)):,} looks")
        return
    try:
        catalogue.to_frame(wanted, flat=True, previews=not no_previews).to_csv(sys.stdout, index=False)
        sys.stdout.flush()
    except BrokenPipeError:  # as in `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
