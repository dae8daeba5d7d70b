"""Looks to a tidy DataFrame: one row a look, one documented schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from .models import Look

__all__ = ["looks_to_frame"]

_CATEGORIES = {
    "ownership": ["public", "private"],
    "gender": ["female", "male"],
    "orientation": ["portrait", "landscape", "square"],
}
_LISTS = ("supported_api_engines", "tags")
_WHOLE = ("image_width", "image_height")
_COLUMNS = (
    "id",
    "name",
    "avatar_type",
    "ownership",
    "group_id",
    "group_name",
    "gender",
    "orientation",
    "image_width",
    "image_height",
    "supported_api_engines",
    "tags",
    "status",
    "is_ready",
    "error_code",
    "error_message",
    "default_voice_id",
    "preview_image_url",
    "preview_video_url",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def looks_to_frame(
    looks: Iterable[Look], *, flat: bool = False, group_names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Put looks into a DataFrame, one row each in the order given; the index is a RangeIndex.

    The columns and their types are the same for any looks, also for none:

    ==================================================================  ===================================
    columns                                                             type
    ==================================================================  ===================================
    ``id`` (the first), ``name``, ``avatar_type``, ``group_id``,        ``string``; missing values are NA
    ``group_name``, ``status``, ``error_code``, ``error_message``,
    ``default_voice_id``, ``preview_image_url``, ``preview_video_url``
    ``ownership``, ``gender``, ``orientation``                          ``category`` with fixed categories
    ``image_width``, ``image_height``                                   ``Int64``, in px
    ``supported_api_engines``, ``tags``                                 lists of str, with `flat` ``string``
    ``is_ready``                                                        ``bool``
    ==================================================================  ===================================

    Parameters
    ----------
    looks : iterable of Look
    flat : bool, default False
        For CSV and Excel: lists are joined by ``"; "``, and a text that a spreadsheet would run as a formula gets an
        apostrophe before it.
    group_names : mapping of str to str, optional
        Character names by group id, for the column ``group_name``; `LookCatalogue.to_frame` gives them.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    TypeError
        When one of `looks` is no `Look`.
    """
    rows = list(looks)
    for look in rows:
        if not isinstance(look, Look):
            raise TypeError(f"looks must hold Look records, not {type(look).__name__}")
    names = group_names or {}
    values: dict[str, Sequence[object]] = {
        "group_name": [names.get(look.group_id) if look.group_id else None for look in rows],
        "error_code": [look.error.code if look.error else None for look in rows],
        "error_message": [look.error.message if look.error else None for look in rows],
    }
    columns = {
        name: _series(name, values[name] if name in values else [getattr(look, name) for look in rows], flat)
        for name in _COLUMNS
    }
    return pd.DataFrame(columns)


def _series(name: str, values: Sequence[object], flat: bool) -> pd.Series:
    if name in _CATEGORIES:
        return pd.Series(pd.Categorical(list(values), categories=_CATEGORIES[name]))
    if name in _WHOLE:
        return pd.Series(values, dtype="Int64")
    if name == "is_ready":
        return pd.Series(values, dtype="bool")
    if name in _LISTS:
        lists = [list(value) for value in values if isinstance(value, tuple)]
        if not flat:
            return pd.Series(lists, dtype="object")
        values = ["; ".join(texts) for texts in lists]
    if flat:
        values = [_not_a_formula(value) for value in values]
    return pd.Series(values, dtype="string")


def _not_a_formula(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
