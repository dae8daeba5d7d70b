"""The sources that a picker can show, each turned into a catalogue."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta

from ..api import HeyGenClient
from ..catalogue import LookCatalogue
from ..models import AvatarGroup

__all__ = ["catalogue_of"]


def catalogue_of(source: object, cache: timedelta | None) -> LookCatalogue:
    """Return the catalogue of a client, a DataFrame or looks. A catalogue is returned unchanged.

    Raises
    ------
    TypeError
        For anything else.
    ValueError
        For a DataFrame without a required column.
    """
    if isinstance(source, LookCatalogue):
        return source
    if isinstance(source, HeyGenClient):
        return LookCatalogue.shared(source, cache=cache)
    # A user with a DataFrame has imported pandas. Other users need not wait for the import.
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        from ..frame import frame_to_looks

        looks, names = frame_to_looks(source)
        return LookCatalogue.of(looks, [AvatarGroup(group_id, name) for group_id, name in names.items()])
    if isinstance(source, Iterable) and not isinstance(source, (str, bytes, dict)):
        return LookCatalogue.of(source)
    raise TypeError(
        "source must be a HeyGenClient, a LookCatalogue, a DataFrame or an iterable of Look, not "
        f"{type(source).__name__}; for an API key use LookPicker(HeyGenClient(…)), for a snapshot "
        "LookPicker(LookCatalogue.open(path))"
    )
