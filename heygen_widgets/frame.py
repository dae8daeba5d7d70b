"""Convert looks to DataFrames, CSV, Excel and Parquet, and read them again. The only module that imports pandas."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import repeat
from numbers import Integral
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import pandas as pd

from . import _parsing as read
from ._files import replacement, user_path
from .filters import CLOSED
from .models import Look, records_of

try:
    import pyarrow as pa
except ImportError:
    pa = None

__all__ = ["diff_frame", "frame_to_looks", "looks_to_frame", "looks_to_parquet", "summary_frame"]

_COLUMNS = (
    *("id", "name", "avatar_type", "ownership", "group_id", "group_name", "gender", "orientation"),
    *("image_width", "image_height", "supported_api_engines", "tags", "status", "is_ready"),
    *("error_code", "error_message", "default_voice_id", "preview_image_url", "preview_video_url"),
)
_LISTS = ("supported_api_engines", "tags")
_SIZES = ("image_width", "image_height")
_REQUIRED = ("id", "name", "avatar_type")
_COMPARED = tuple(field.name for field in fields(Look) if field.compare)
_SERVED = frozenset(field.name for field in fields(Look)) - {"ownership", "extra"}

_SEPARATOR = "; "
# OWASP's list for CSV injection. Apostrophes before the sign count too, so that reading is the reverse of writing.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_ESCAPED = re.compile(r"\A'(?='*[=+\-@\t\r\n＝＋－＠])")
_WHOLE = re.compile(r"[0-9]{1,16}(\.0*)?")
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_WRITTEN_LIST = re.compile(rf"\[(?:[\s,]*(?:{_QUOTED.pattern}))*[\s,]*\]")
_LARGEST_EXACT = 2**53  # beyond it one float stands for several integers


def looks_to_frame(
    looks: Iterable[Look], *, flat: bool = False, group_names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Convert looks to a DataFrame: one row per look in the given order, with a RangeIndex.

    The columns and their types are always the same, also without looks. ``id`` comes first. Texts are ``string``, with
    NA for missing values; ``ownership``, ``gender`` and ``orientation`` are a ``category`` with fixed categories;
    ``image_width`` and ``image_height`` are ``Int64``, in px; ``is_ready`` is ``bool``. ``supported_api_engines`` and
    ``tags`` are lists of str: with pyarrow Arrow's ``list<string>``, which takes a quarter of the memory.

    Parameters
    ----------
    looks : iterable of Look
        Anything else raises `TypeError`.
    flat : bool, default False
        For CSV and Excel: lists are joined by ``"; "``. A text that a spreadsheet would run as a formula, because it
        starts with ``= + - @``, their full-width forms, a tab or a line break, gets a leading apostrophe;
        `frame_to_looks` removes it.
    group_names : mapping of str to str, optional
        Character names by group id, for the column ``group_name``; `LookCatalogue.to_frame` passes them.
    """
    return _frame(looks, _COLUMNS, flat, group_names or {})


def _frame(
    looks: Iterable[Look],
    names: Iterable[str],
    flat: bool = False,
    group_names: Mapping[Any, str] = MappingProxyType({}),
) -> pd.DataFrame:
    rows = records_of(Look, looks)
    # One column at a time: its texts are still in the processor's cache when pandas reads them.
    columns = {name: _series(name, _values(name, rows, group_names), flat) for name in names}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)), copy=False)


def _values(name: str, looks: Sequence[Look], group_names: Mapping[Any, str]) -> list[Any]:
    if name == "group_name":
        return [group_names.get(look.group_id) for look in looks]
    if name == "error_code":
        return [look.error and look.error.code for look in looks]
    if name == "error_message":
        return [look.error and look.error.message for look in looks]
    return list(map(attrgetter(name), looks))


def _series(name: str, values: Sequence[Any], flat: bool) -> pd.Series:
    if name in CLOSED:
        code_of = {value: code for code, value in enumerate(CLOSED[name])}
        codes = list(map(code_of.get, values, repeat(-1)))  # -1 is a missing value
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(CLOSED[name])))
    if name == "is_ready":
        return pd.Series(values, dtype="bool")
    if name in _LISTS and not flat:
        return _lists(values)
    if flat and name not in _SIZES:
        texts = map(_SEPARATOR.join, values) if name in _LISTS else values
        values = [f"'{text}" if text and _FORMULA.match(text) else text for text in texts]
    if pa is None:
        return pd.Series(values, dtype="Int64" if name in _SIZES else "string")
    # Arrow takes half the time, and without it pandas 2 keeps texts as objects in 1.5 times the memory.
    types = {pa.large_string(): pd.StringDtype("pyarrow"), pa.int64(): pd.Int64Dtype()}
    column: pd.Series = pa.array(values, pa.int64() if name in _SIZES else pa.large_string()).to_pandas(
        types_mapper=types.get
    )
    return column


def _lists(values: Sequence[tuple[str, ...]]) -> pd.Series:
    if pa is None:
        return pd.Series([list(texts) for texts in values], dtype="object")
    # Most looks share their lists, so each distinct list is converted once.
    code_of: dict[tuple[str, ...], int] = {}
    codes = [code_of.setdefault(texts, len(code_of)) for texts in values]
    column = pa.array(code_of, pa.list_(pa.string())).take(pa.array(codes, pa.int32()))
    return pd.Series(pd.arrays.ArrowExtensionArray(column))


def frame_to_looks(frame: pd.DataFrame) -> tuple[list[Look], dict[str, str]]:
    """Convert a DataFrame to looks: the reverse of `looks_to_frame`, also after CSV, Excel or Parquet.

    Rows and columns may be missing, in any order and with any index; unknown columns are ignored. Values are cleaned
    like those of the service, and a value of the wrong type counts as missing. A frame without any list in its list
    columns counts as flat: the apostrophe before a formula is removed from its texts. Lost are:

    - `Look.extra`, and `Look.preferred_orientation` as served: it becomes the look's `orientation`.
    - In a flat frame, a list with a text that contains ``"; "``, or whose only text is empty or looks like a list.
    - In CSV, the difference between an empty and a missing text. ``read_csv`` also reads a name such as ``NA`` as
      missing and drops leading zeros, unless you pass ``keep_default_na=False, na_values=[""], dtype=str``.

    Parameters
    ----------
    frame : pandas.DataFrame
        At least with the columns ``id``, ``name`` and ``avatar_type``.

    Returns
    -------
    tuple of list of Look and dict of str to str
        One look per row, in the same order; character names by group id.

    Raises
    ------
    ValueError
        If a required column is missing, a column occurs twice, a row has no id, or the columns have several levels.
    """
    columns = _columns_of(frame)
    looks = []
    for position, row in enumerate(zip(*columns.values(), strict=True)):
        record: dict[str, Any] = dict(zip(columns, row, strict=True))
        if not record["id"]:
            raise ValueError(f"row {position} of the frame (the first is 0) has no id, or one that is no text")
        record["name"], record["avatar_type"] = record["name"] or "", record["avatar_type"] or ""
        record["error"] = {"code": record.pop("error_code", None), "message": record.pop("error_message", None)}
        record["preferred_orientation"] = record.get("orientation")
        ownership = record.get("ownership")
        served = {name: value for name, value in record.items() if name in _SERVED}
        looks.append(Look.from_json(served, ownership=ownership if ownership in CLOSED["ownership"] else None))
    named = zip(looks, map(read.text, columns.get("group_name", ())), strict=False)
    return looks, {look.group_id: name for look, name in named if look.group_id and name is not None}


def _columns_of(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the known columns of a frame as lists of texts, integers, lists of texts and None."""
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame must be a pandas DataFrame, not {type(frame).__name__}")
    if isinstance(frame.columns, pd.MultiIndex):
        raise ValueError("the frame has columns of several levels: give each column one name")
    lacking = [name for name in _REQUIRED if name not in frame.columns]
    if lacking:
        raise ValueError(f"the frame lacks {', '.join(lacking)}: the columns {', '.join(_REQUIRED)} are required")
    given = frame[[name for name in _COLUMNS if name in frame.columns]]
    if given.columns.has_duplicates:
        raise ValueError(f"the frame has two columns {given.columns[given.columns.duplicated()][0]!r}")
    values: dict[str, list[Any]] = {
        str(name): column.astype(object).where(column.notna(), None).tolist() for name, column in given.items()
    }
    flat = not any(_read_list(value) is not None for name in _LISTS for value in values.get(name, ()))
    return {name: [_read_cell(name, value, flat) for value in column] for name, column in values.items()}


def _read_cell(name: str, value: object, flat: bool) -> Any:  # noqa: ANN401 - by the column
    if name in _SIZES:
        return _read_whole(value)
    text = _read_text(value)
    if text and flat:
        text = _ESCAPED.sub("", text)
    if name not in _LISTS:
        return text
    items = _read_list(value)
    return text.split(_SEPARATOR) if text and items is None else items


def _read_text(value: object) -> str | None:
    """Return a text, or a whole number as text, because ``read_csv`` converts ids of digits; otherwise None."""
    whole = value if isinstance(value, str) else _read_whole(value)
    return None if whole is None else str(whole)


def _read_whole(value: object) -> int | None:
    """Return an int from an int, a float up to 2**53 without a fraction, or a text of either; otherwise None."""
    if isinstance(value, str):
        return int(value.partition(".")[0]) if _WHOLE.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _LARGEST_EXACT else None
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def _read_list(value: object) -> list[object] | None:
    """Return a list from a list, tuple or array, or from a list of texts as Python or numpy prints it; else None."""
    if not isinstance(value, str):
        items = value.tolist() if hasattr(value, "tolist") else value
        return list(items) if isinstance(items, (list, tuple)) else None
    if not _WRITTEN_LIST.fullmatch(value):
        return None
    try:
        # Each text separately: numpy prints no commas, and Python would join adjacent strings.
        return [ast.literal_eval(quoted) for quoted in _QUOTED.findall(value)]
    except (SyntaxError, ValueError):
        return None


def looks_to_parquet(
    looks: Iterable[Look], path: str | os.PathLike[str], *, group_names: Mapping[str, str] | None = None
) -> None:
    """Write the DataFrame of `looks_to_frame` to a Parquet file.

    The schema is the same for any looks, so the files of several accounts can be read as one table by pyarrow or
    DuckDB. Missing values are null, tags and engines ``list<string>``, the sizes ``int64``.

    The file contains the preview URLs. Until a signed URL expires, within days, anyone who has the file can see the
    face, which may be private.

    Parameters
    ----------
    looks, group_names
        As for `looks_to_frame`.
    path : str or path-like
        The file. An existing file is replaced only when the new one is complete; the umask sets its mode. ``~`` is the
        home folder, here and in all other paths.

    Raises
    ------
    ImportError
        Without pyarrow, which is an extra.
    OSError
        If the file cannot be written; `FileNotFoundError` if the folder does not exist.
    """
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError("Parquet files need pyarrow (the extra `parquet`): pip install pyarrow") from None
    table = pa.Table.from_pandas(looks_to_frame(looks, group_names=group_names), preserve_index=False)
    # pandas writes a type for lists that its own `read_parquet` refuses, so the lists are left out of its notes.
    notes = json.loads(table.schema.metadata[b"pandas"])
    notes["columns"] = [column for column in notes["columns"] if column["name"] not in _LISTS]
    table = table.replace_schema_metadata({"pandas": json.dumps(notes)})
    with replacement(user_path(path), 0o666) as file:
        pq.write_table(table, file)


def summary_frame(looks: Iterable[Look]) -> pd.DataFrame:
    """Count looks by type, ownership, gender and orientation: one row per combination that occurs.

    The columns are ``avatar_type`` (``string``), ``ownership``, ``gender`` and ``orientation`` (``category``) and
    ``looks`` (``int64``). A missing value becomes ``"unknown"``, so ``looks`` sums to the number of looks.

    Sorted by the count, largest first, then by avatar type and the categories. A RangeIndex.

    >>> summary_frame(looks).groupby("gender", observed=True)["looks"].sum().plot.bar()  # doctest: +SKIP
    """
    names = ["avatar_type", *CLOSED]
    frame = _frame(looks, names)
    frame["avatar_type"] = frame["avatar_type"].replace("", "unknown")
    for name in CLOSED:
        frame[name] = frame[name].cat.add_categories("unknown").fillna("unknown")
    counts = frame.groupby(names, observed=True).size().reset_index(name="looks")
    return counts.sort_values(["looks", *names], ascending=[False, True, True, True, True], ignore_index=True)


def diff_frame(newer: Mapping[str, Look], older: Mapping[str, Look]) -> pd.DataFrame:
    """Compare two states of a catalogue, looks by id: which came, changed or went.

    The columns are ``id`` and ``name`` (``string``; of looks that went the older name), ``change`` (``category``:
    ``came``, ``went``, ``changed``) and ``fields`` (lists of str: the fields that differ, if a look changed).

    Looks are compared with ``==``, which ignores the preview URLs and `Look.extra`, and by `ownership` if both states
    know it. First the looks that came and those that changed, in the newer order, then those that went, in the older
    order. A RangeIndex.
    """
    rows: list[tuple[str, str, str, list[str]]]
    rows = [(look_id, look.name, "came", []) for look_id, look in newer.items() if look_id not in older]
    for look_id, look in newer.items():
        if look_id in older and (differing := _differing_fields(look, older[look_id])):
            rows.append((look_id, look.name, "changed", differing))
    rows += [(look_id, look.name, "went", []) for look_id, look in older.items() if look_id not in newer]
    frame = pd.DataFrame(rows, columns=["id", "name", "change", "fields"], dtype="object")
    changes = pd.CategoricalDtype(["came", "went", "changed"])
    return frame.astype({"id": "string", "name": "string", "change": changes})


def _differing_fields(newer: Look, older: Look) -> list[str]:
    names = [name for name in _COMPARED if getattr(newer, name) != getattr(older, name)]
    if newer.ownership and older.ownership and newer.ownership != older.ownership:
        names.append("ownership")
    return names
