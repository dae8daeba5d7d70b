"""Looks to tidy DataFrames and back: one row a look, one documented schema; and what a DataFrame tells about many."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from numbers import Real
from typing import Any, Literal

import pandas as pd

from ._exports import (
    CLOSED,
    COLUMNS,
    LISTS,
    SIZES,
    as_cell,
    checked_looks,
    codes_of,
    column_values,
    from_cell,
    looks_to_parquet,
)
from .models import Look

__all__ = ["diff_frame", "frame_to_looks", "looks_to_frame", "looks_to_parquet", "summary_frame"]

_SEPARATOR = "; "
_REQUIRED = ("id", "name", "avatar_type")
_UNKNOWN = "unknown"
_CHANGES = ("came", "went", "changed")
_COMPARED = tuple(field.name for field in fields(Look) if field.compare)
_LARGEST_INT = 2**53  # the last up to which a float64 column, as pandas makes of integers with gaps, holds each integer


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
    rows = checked_looks(looks)
    # Column by column, so that its texts are still in the processor's cache when pandas reads them.
    columns = {name: _series(name, column_values(name, rows, group_names), flat) for name in COLUMNS}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)), copy=False)


def _series(name: str, values: Sequence[Any], flat: bool) -> pd.Series:
    if name in CLOSED:
        return pd.Series(pd.Categorical.from_codes(codes_of(name, values), categories=CLOSED[name]))
    if name in SIZES:
        return _nullable(values, "Int64")
    if name == "is_ready":
        return pd.Series(values, dtype="bool")
    if name in LISTS and not flat:
        return pd.Series([list(texts) for texts in values], dtype="object")
    if flat:
        texts = map(_SEPARATOR.join, values) if name in LISTS else values
        values = [text and as_cell(text) for text in texts]
    return _nullable(values, "string")


def _nullable(values: Sequence[Any], dtype: Literal["string", "Int64"]) -> pd.Series:
    """Give a column of `dtype` in which None has become NA."""
    try:
        import pyarrow as pa

        # By way of Arrow, which takes half the time; and pandas 2 would keep texts as objects, at half as much memory
        # again.
        made = {pa.large_string(): pd.StringDtype("pyarrow"), pa.int64(): pd.Int64Dtype()}
    except ImportError:
        return pd.Series(values, dtype=dtype)
    return pa.array(values, pa.large_string() if dtype == "string" else pa.int64()).to_pandas(types_mapper=made.get)
