"""The sources that a picker can show, each turned into a catalogue."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

from ..api import HeyGenClient
from ..catalogue import LookCatalogue
from ..frame import Source as Table

__all__ = ["Source", "catalogue_of"]

Source: TypeAlias = HeyGenClient | LookCatalogue | Table


def catalogue_of(source: Source | None, client: HeyGenClient | None, cache: timedelta | None) -> LookCatalogue | None:
    """Return the catalogue of a client, a table or looks; None without a source. A catalogue is returned unchanged.

    A `client` is the source if there is no other one.

    Raises
    ------
    TypeError
        For anything else, and for a source with a client of its own besides `client`.
    ValueError
        For a table without ids.
    """
    if not (client is None or isinstance(client, HeyGenClient)):
        raise TypeError(f"client must be a HeyGenClient, not {type(client).__name__}")
    if source is None:
        return None if client is None else LookCatalogue.shared(client, cache=cache)
    has_own = isinstance(source, HeyGenClient) or (isinstance(source, LookCatalogue) and source.client is not None)
    if client and has_own:
        raise TypeError("client= is for a table or looks, and this source has a client of its own: give one of the two")
    if isinstance(source, HeyGenClient):
        return LookCatalogue.shared(source, cache=cache)
    return source if isinstance(source, LookCatalogue) else LookCatalogue.of(source)
