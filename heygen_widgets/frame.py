"""Looks to tidy DataFrames and back: one row a look, one documented schema; and tables of what there is and changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
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
    read_list,
    read_text,
    read_whole,
)
from .models import Look

__all__ = ["diff_frame", "frame_to_looks", "looks_to_frame", "looks_to_parquet", "summary_frame"]

_SEPARATOR = "; "
_REQUIRED = ("id", "name", "avatar_type")
_UNKNOWN = "unknown"
_CHANGES = ("came", "went", "changed")
_COMPARED = tuple(field.name for field in fields(Look) if field.compare)
_SERVED = frozenset(field.name for field in fields(Look)) - {"ownership", "extra"}


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
    ``supported_api_engines``, ``tags``                                 lists of str, with `flat` ``string``;
                                                                        with pyarrow Arrow's ``list<string>``, at a
                                                                        quarter of the memory, else ``object``
    ``is_ready``                                                        ``bool``
    ==================================================================  ===================================

    Parameters
    ----------
    looks : iterable of Look
    flat : bool, default False
        For CSV and Excel: lists are joined by ``"; "``, and what a spreadsheet would run as a formula (``= + - @``,
        their full-width forms, tab, carriage return or line feed, at the start of a text or after a comma, semicolon,
        tab or line break in it) gets an apostrophe before it, as does such a sign after apostrophes. `frame_to_looks`
        takes it off.
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
        return pd.Series(pd.Categorical.from_codes(codes_of(name, values), categories=pd.Index(CLOSED[name])))
    if name in SIZES:
        return _nullable(values, "Int64")
    if name == "is_ready":
        return pd.Series(values, dtype="bool")
    if name in LISTS and not flat:
        return _lists(values)
    if flat:
        texts = map(_SEPARATOR.join, values) if name in LISTS else values
        values = [text and as_cell(text) for text in texts]
    return _nullable(values, "string")


def _lists(values: Sequence[tuple[str, ...]]) -> pd.Series:
    """Give a column whose cells are lists of str, many of which are alike."""
    try:
        import pyarrow as pa
    except ImportError:
        return pd.Series([list(texts) for texts in values], dtype="object")
    code_of: dict[tuple[str, ...], int] = {}
    codes = [code_of.setdefault(texts, len(code_of)) for texts in values]
    column = pa.array(code_of, pa.list_(pa.string())).take(pa.array(codes, pa.int32()))
    return pd.Series(pd.arrays.ArrowExtensionArray(column))


def _nullable(values: Sequence[Any], dtype: Literal["string", "Int64"]) -> pd.Series:
    """Give a column of `dtype` in which None has become NA."""
    try:
        import pyarrow as pa

        # By way of Arrow, which takes half the time; and pandas 2 would keep texts as objects, at half as much memory
        # again.
        made = {pa.large_string(): pd.StringDtype("pyarrow"), pa.int64(): pd.Int64Dtype()}
    except ImportError:
        return pd.Series(values, dtype=dtype)
    kept = pa.large_string() if dtype == "string" else pa.int64()
    column: pd.Series = pa.array(values, kept).to_pandas(types_mapper=made.get)
    return column


def frame_to_looks(frame: pd.DataFrame) -> tuple[list[Look], dict[str, str]]:
    """Read looks out of a DataFrame: the reverse of `looks_to_frame`, also after a file.

    Columns and rows may be missing, in any order and under any index; columns that `looks_to_frame` does not make are
    ignored. Any kind of missing value (NA, NaN, None) is None. Values are cleaned as those of the service are; one of
    the wrong kind counts as missing. Lists may be lists, arrays (as Parquet gives them), texts joined by ``"; "``, or
    what ``to_csv`` writes for a list. Where the columns of lists hold none, the frame counts as a flat one, and the
    apostrophe before a formula is taken off all texts.

    What does not come back, because no column or file keeps it:

    - `Look.extra`, and `Look.preferred_orientation` as it was served: it comes back as the look's `orientation`.
    - Of a flat frame, a list whose texts contain ``"; "``, or whose only text is empty or written like a Python list.
    - Of CSV, the difference between an empty text and a missing one: a name or avatar type is then empty, anything
      else None. What ``read_csv`` takes for missing, such as a look named ``NA``, comes back with
      ``keep_default_na=False, na_values=[""]``, and digits with zeros before them with ``dtype=str``.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the columns ``id``, ``name`` and ``avatar_type`` at least.

    Returns
    -------
    looks : list of Look
        One for each row, in their order.
    group_names : dict of str to str
        Character names by group id, from the column ``group_name``.

    Raises
    ------
    TypeError
        When `frame` is no pandas DataFrame.
    ValueError
        When a required column is missing, a column of looks stands there twice, or a row has no id.
    """
    columns = _columns_of(frame)
    looks = []
    for position, row in enumerate(zip(*columns.values(), strict=True)):
        record: dict[str, Any] = dict(zip(columns, row, strict=True))
        if not record["id"]:
            raise ValueError(f"row {position} of the frame (the first is 0) has no id, or one that is no text")
        record["error"] = {"code": record.pop("error_code", None), "message": record.pop("error_message", None)}
        record["preferred_orientation"] = record.get("orientation")
        served = {name: value for name, value in record.items() if name in _SERVED}
        looks.append(Look.from_json(served, ownership=record.get("ownership")))
    pairs = zip(columns.get("group_id", ()), columns.get("group_name", ()), strict=False)
    return looks, {group_id: name for group_id, name in pairs if group_id and name is not None}


def _columns_of(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Give the columns of looks that a frame has, read: texts, lists of texts and integers, or None."""
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame must be a pandas DataFrame, not {type(frame).__name__}")
    lacking = [name for name in _REQUIRED if name not in frame.columns]
    if lacking:
        raise ValueError(f"the frame lacks {', '.join(lacking)}: the columns {', '.join(_REQUIRED)} are required")
    given = frame[[name for name in COLUMNS if name in frame.columns]]
    if given.columns.has_duplicates:
        raise ValueError(f"the frame has two columns {given.columns[given.columns.duplicated()][0]!r}")
    values: dict[str, list[Any]] = {
        str(name): [
            None if gone else value for value, gone in zip(column.tolist(), column.isna().tolist(), strict=True)
        ]
        for name, column in given.items()
    }
    lists = {name: list(map(read_list, values[name])) for name in LISTS if name in values}
    flat = not any(items is not None for column in lists.values() for items in column)
    for name, column in values.items():
        if name in SIZES:
            values[name] = list(map(read_whole, column))
            continue
        texts = map(read_text, column)
        values[name] = [text and from_cell(text) for text in texts] if flat else list(texts)
    for name, column in lists.items():
        cells = zip(column, values[name], strict=True)
        values[name] = [text.split(_SEPARATOR) if text and items is None else items for items, text in cells]
    # Records read any text for these two; that of a gender they check themselves.
    for name in {"ownership", "orientation"} & values.keys():
        values[name] = [value if value in CLOSED[name] else None for value in values[name]]
    # CSV knows no empty text.
    for name in ("name", "avatar_type"):
        values[name] = [text or "" for text in values[name]]
    return values


def summary_frame(looks: Iterable[Look]) -> pd.DataFrame:
    """Count looks by type, owner, gender and orientation: one row for each combination that occurs.

    ===========================================  ======================================================
    columns                                      type
    ===========================================  ======================================================
    ``avatar_type``                              ``string``
    ``ownership``, ``gender``, ``orientation``   ``category``, the fixed ones and ``"unknown"`` after them
    ``looks``                                    ``int64``: how many, at least 1
    ===========================================  ======================================================

    A missing value is the text ``"unknown"``, so that no look is lost in a grouping; the sum of ``looks`` is the
    number of looks. The types are the same for no looks at all.

    Parameters
    ----------
    looks : iterable of Look

    Returns
    -------
    pandas.DataFrame
        The largest count first; the same counts by avatar type, then by the categories in their order. A RangeIndex.

    Raises
    ------
    TypeError
        When one of `looks` is no `Look`.

    Examples
    --------
    Pandas 2 asks for ``observed=True`` where it groups by a category; it is the default of pandas 3.

    >>> summary_frame(looks).groupby("gender")["looks"].sum().plot.bar()  # doctest: +SKIP
    """
    categories = {name: [*known, _UNKNOWN] for name, known in CLOSED.items()}
    counts = Counter(map(_combination, checked_looks(looks)))
    rows = sorted(
        counts,
        key=lambda row: (
            -counts[row],
            row[0],
            [known.index(value) for known, value in zip(categories.values(), row[1:], strict=True)],
        ),
    )
    columns = {"avatar_type": _nullable([row[0] for row in rows], "string")}
    for place, (name, known) in enumerate(categories.items(), start=1):
        columns[name] = pd.Series(pd.Categorical([row[place] for row in rows], categories=known))
    columns["looks"] = pd.Series([counts[row] for row in rows], dtype="int64")
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)))


def _combination(look: Look) -> tuple[str, ...]:
    closed = ((getattr(look, name), known) for name, known in CLOSED.items())
    return (look.avatar_type or _UNKNOWN, *(value if value in known else _UNKNOWN for value, known in closed))


def diff_frame(newer: Mapping[str, Look], older: Mapping[str, Look]) -> pd.DataFrame:
    """Tell which looks came, went or changed between two states of a catalogue.

    ==================  ==========================================================================
    columns             type
    ==================  ==========================================================================
    ``id``, ``name``    ``string``; the newer name, of looks that went the older
    ``change``          ``category`` with the fixed categories ``came``, ``went``, ``changed``
    ``fields``          lists of str: the fields that differ; empty for looks that came or went
    ==================  ==========================================================================

    Looks are compared as by ``==``, so without preview URLs (a signed one is new in each answer) and `Look.extra`; and
    by `ownership` where both states know it.

    Parameters
    ----------
    newer, older : mapping of str to Look
        The looks by id.

    Returns
    -------
    pandas.DataFrame
        Looks that came in the newer order, those that changed in the newer order, then those that went in the older
        order. A RangeIndex. The types are the same for no difference at all.
    """
    rows: list[tuple[str, str, str, list[str]]]
    rows = [(look_id, look.name, "came", []) for look_id, look in newer.items() if look_id not in older]
    for look_id, look in newer.items():
        if look_id in older and (differing := _differing_fields(look, older[look_id])):
            rows.append((look_id, look.name, "changed", differing))
    rows += [(look_id, look.name, "went", []) for look_id, look in older.items() if look_id not in newer]
    return pd.DataFrame(
        {
            "id": _nullable([row[0] for row in rows], "string"),
            "name": _nullable([row[1] for row in rows], "string"),
            "change": pd.Series(pd.Categorical([row[2] for row in rows], categories=_CHANGES)),
            "fields": pd.Series([row[3] for row in rows], dtype="object"),
        },
        index=pd.RangeIndex(len(rows)),
    )


def _differing_fields(newer: Look, older: Look) -> list[str]:
    names = [] if newer == older else [name for name in _COMPARED if getattr(newer, name) != getattr(older, name)]
    if newer.ownership and older.ownership and newer.ownership != older.ownership:
        names.append("ownership")
    return names
