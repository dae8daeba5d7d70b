"""The sources that a picker can show, each turned into a catalogue."""

from __future__ import annotations

from datetime import timedelta

from ..api import HeyGenClient
from ..catalogue import LookCatalogue

__all__ = ["catalogue_of"]


def catalogue_of(source: object, cache: timedelta | None, client: HeyGenClient | None = None) -> LookCatalogue:
    """Return the catalogue of a client, a table or looks. A catalogue is returned unchanged.

    Raises
    ------
    TypeError
        For anything else, and for a source that has a client of its own besides another `client`.
    ValueError
        For a table without ids.
    """
    catalogue = source if isinstance(source, LookCatalogue) else None
    if isinstance(source, HeyGenClient):
        catalogue = LookCatalogue.shared(source, cache=cache)
    if catalogue is None:
        return LookCatalogue.of(source)  # type: ignore[arg-type]
    if client and catalogue.client:
        raise TypeError("client= is for a table or looks: this source has a client of its own, so give one of the two")
    return catalogue
