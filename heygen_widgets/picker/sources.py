"""What a picker can be given to show, as a catalogue."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta

from ..api import HeyGenClient
from ..catalogue import LookCatalogue
from ..models import AvatarGroup

__all__ = ["catalogue_of"]


def catalogue_of(source: object, cache: timedelta | None) -> LookCatalogue:
    """Give the catalogue of a client, of a DataFrame or of looks; a catalogue is given back as it is.

    Raises
    ------
    TypeError
        For anything else.
    ValueError
        For a DataFrame that lacks a column.
    """
    if isinstance(source, LookCatalogue):
        return source
    if isinstance(source, HeyGenClient):
        return LookCatalogue.shared(source, cache=cache)
    # Whoever gives a DataFrame has imported pandas; others shall not have to wait for it.
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        from ..frame import frame_to_looks

        looks, names = frame_to_looks(source)
        return LookCatalogue.of(looks, [AvatarGroup(group_id, name) for group_id, name in names.items()])
    if isinstance(source, Iterable) and not isinstance(source, (str, bytes, dict)):
        return LookCatalogue.of(source)
    kind = type(source).__name__
    raise TypeError(
        f"source must be a HeyGenClient, a LookCatalogue, a DataFrame or several looks, not {kind}; "
        "for a key of your own, LookPicker(HeyGenClient(…)); for a snapshot, LookPicker(LookCatalogue.open(path))"
    )
