"""The columns of an export: what a look puts into each, what a table read back holds there, and Parquet files."""

from __future__ import annotations

import ast
import json
import os
import re
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from numbers import Integral
from pathlib import Path
from typing import Any

from ._files import replacement
from .models import Look

__all__ = [
    "CLOSED",
    "COLUMNS",
    "LISTS",
    "SIZES",
    "as_cell",
    "checked_looks",
    "codes_of",
    "column_values",
    "from_cell",
    "looks_to_parquet",
    "parquet_schema",
    "read_list",
    "read_text",
    "read_whole",
]

CLOSED = {
    "ownership": ("public", "private"),
    "gender": ("female", "male"),
    "orientation": ("portrait", "landscape", "square"),
}
"""The fields whose values are known beforehand, with these values in their order."""

LISTS = ("supported_api_engines", "tags")
SIZES = ("image_width", "image_height")

# Written out, for an attribute that is named in the code is read in half the time of one that is looked up by name.
_VALUES: dict[str, Callable[[Sequence[Look], Mapping[Any, str]], list[Any]]] = {
    "id": lambda looks, _: [look.id for look in looks],
    "name": lambda looks, _: [look.name for look in looks],
    "avatar_type": lambda looks, _: [look.avatar_type for look in looks],
    "ownership": lambda looks, _: [look.ownership for look in looks],
    "group_id": lambda looks, _: [look.group_id for look in looks],
    "group_name": lambda looks, names: [names.get(look.group_id) for look in looks],
    "gender": lambda looks, _: [look.gender for look in looks],
    "orientation": lambda looks, _: [look.orientation for look in looks],
    "image_width": lambda looks, _: [look.image_width for look in looks],
    "image_height": lambda looks, _: [look.image_height for look in looks],
    "supported_api_engines": lambda looks, _: [look.supported_api_engines for look in looks],
    "tags": lambda looks, _: [look.tags for look in looks],
    "status": lambda looks, _: [look.status for look in looks],
    "is_ready": lambda looks, _: [look.is_ready for look in looks],
    "error_code": lambda looks, _: [look.error.code if look.error else None for look in looks],
    "error_message": lambda looks, _: [look.error.message if look.error else None for look in looks],
    "default_voice_id": lambda looks, _: [look.default_voice_id for look in looks],
    "preview_image_url": lambda looks, _: [look.preview_image_url for look in looks],
    "preview_video_url": lambda looks, _: [look.preview_video_url for look in looks],
}
COLUMNS = tuple(_VALUES)

# What OWASP lists under CSV injection, the full-width signs among them: some spreadsheets fold these to the plain ones.
# Also within a text, after whatever another reader may part cells by: a file with commas is parted by semicolons where
# those are the custom. Apostrophes may stand before it, so that taking one off is the reverse of putting one on.
_BLANK, _PARTING, _FORMULA = r"[ \"\u00a0\ufeff]*", r"[;,\t\r\n]", r"(?='*[=+\-@\t\r\n＝＋－＠])"
_BARE_START, _BARE_WITHIN = re.compile(f"{_BLANK}{_FORMULA}"), re.compile(f"{_PARTING}{_BLANK}{_FORMULA}")
_SAFE_START, _SAFE_WITHIN = re.compile(f"({_BLANK})'{_FORMULA}"), re.compile(f"({_PARTING}{_BLANK})'{_FORMULA}")

_WHOLE = re.compile(r"[0-9]{1,16}(\.0*)?")
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_WRITTEN_LIST = re.compile(rf"\[(?:[\s,]*(?:{_QUOTED.pattern}))*[\s,]*\]")
_LARGEST_EXACT = 2**53  # beyond it a float stands for several integers


def checked_looks(looks: Iterable[Look]) -> list[Look]:
    """Give the looks as a list.

    Raises
    ------
    TypeError
        When one of them is no `Look`.
    """
    rows = list(looks)
    for kind in set(map(type, rows)):
        if not issubclass(kind, Look):
            raise TypeError(f"looks must hold Look records, not {kind.__name__}")
    return rows


def column_values(name: str, looks: Sequence[Look], group_names: Mapping[str, str] | None = None) -> list[Any]:
    """Give what one of `COLUMNS` holds, one value a look; what is missing is None, and lists are tuples."""
    return _VALUES[name](looks, group_names or {})


def codes_of(name: str, values: Iterable[Any]) -> array[int]:
    """Give the places of values among those of a field of `CLOSED`, as int8; -1 stands for anything else."""
    code_of = {value: code for code, value in enumerate(CLOSED[name])}
    return array("b", map(code_of.get, values, repeat(-1)))


def as_cell(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula, and before one that has some already."""
    text = _BARE_WITHIN.sub(r"\g<0>'", text)
    start = _BARE_START.match(text)
    return f"{start[0]}'{text[start.end() :]}" if start else text


def from_cell(cell: str) -> str:
    """Undo `as_cell`."""
    cell = _SAFE_WITHIN.sub(r"\1", cell)
    start = _SAFE_START.match(cell)
    return start[1] + cell[start.end() :] if start else cell


def read_text(value: object) -> str | None:
    """Read a text: itself, or the digits of a whole number, which is what `read_csv` takes digits for; else None."""
    if isinstance(value, str):
        return value
    whole = read_whole(value)
    return None if whole is None else str(whole)


def read_whole(value: object) -> int | None:
    """Read a whole number: an int, a float without a fraction up to 2**53, or a text of either; else None."""
    if isinstance(value, str):
        return int(value.partition(".")[0]) if _WHOLE.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _LARGEST_EXACT else None
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def read_list(value: object) -> list[object] | None:
    """Read a list: a list, tuple or array, or the text that Python or numpy writes for one of texts; else None."""
    if isinstance(value, str):
        return _written_list(value)
    items = value.tolist() if hasattr(value, "tolist") else value
    return list(items) if isinstance(items, (list, tuple)) else None


def _written_list(text: str) -> list[object] | None:
    if not _WRITTEN_LIST.fullmatch(text):
        return None
    try:
        # Text by text: numpy puts no commas between them, and Python would run neighbours together.
        return [ast.literal_eval(quoted) for quoted in _QUOTED.findall(text)]
    except (SyntaxError, ValueError):
        return None


def parquet_schema() -> Any:  # noqa: ANN401 - pyarrow ships no types
    """Build the schema of `looks_to_parquet`: a `pyarrow.Schema`, the same for any looks.

    Raises
    ------
    ImportError
        Without pyarrow.
    """
    pa = _pyarrow()
    types = {
        **dict.fromkeys(CLOSED, pa.dictionary(pa.int8(), pa.string())),
        **dict.fromkeys(LISTS, pa.list_(pa.string())),
        **dict.fromkeys(SIZES, pa.int64()),
        "is_ready": pa.bool_(),
    }
    # Without this, pandas reads integers as floats where some are missing.
    columns = [{"name": name, "field_name": name, "pandas_type": "int64", "numpy_type": "Int64"} for name in SIZES]
    notes = {"index_columns": [], "column_indexes": [], "columns": [{**column, "metadata": None} for column in columns]}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    return schema.with_metadata({"pandas": json.dumps(notes)})


def looks_to_parquet(
    looks: Iterable[Look], path: str | os.PathLike[str], *, group_names: Mapping[str, str] | None = None
) -> None:
    """Write looks into a Parquet file, one row each in the order given, with the columns of `looks_to_frame`.

    The schema is the same for any looks, also for none, so that the files of several accounts are read as one table:
    ``pyarrow.dataset.dataset([…])``, ``dask.dataframe.read_parquet([…])``, DuckDB's ``FROM 'looks-*.parquet'``.

    ========================================  ====================================================
    columns                                   type
    ========================================  ====================================================
    ``ownership``, ``gender``,                ``dictionary<int8, string>`` with fixed values, null
    ``orientation``                           where missing
    ``image_width``, ``image_height``         ``int64``, in px, null where missing
    ``supported_api_engines``, ``tags``       ``list<string>``, never null
    ``is_ready``                              ``bool``
    all others                                ``string``, null where missing
    ========================================  ====================================================

    pandas and Dask read the sizes as ``Int64``, and the lists as arrays; `frame_to_looks` takes what they read.

    The preview URLs are written as they are: a signed one expires within days, and until then shows a face that may be
    private to anyone who has the file.

    Parameters
    ----------
    looks : iterable of Look
    path : str or path-like
        The file. One that exists is replaced by a whole new one or, when anything fails, left as it was; the mode is
        that of any new file under the umask.
    group_names : mapping of str to str, optional
        Character names by group id, for the column ``group_name``.

    Raises
    ------
    ImportError
        Without pyarrow, which is an extra.
    TypeError
        When one of `looks` is no `Look`.
    OSError
        When the file cannot be written; a `FileNotFoundError` when there is no such folder.
    """
    pa = _pyarrow()
    import pyarrow.parquet as pq

    rows = checked_looks(looks)
    schema = parquet_schema()
    columns = []
    for field in schema:
        values = column_values(field.name, rows, group_names)
        if field.name in CLOSED:
            codes = [None if code < 0 else code for code in codes_of(field.name, values)]
            fixed = pa.array(CLOSED[field.name], pa.string())
            columns.append(pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), fixed))
        else:
            columns.append(pa.array(values, field.type))
    table = pa.table(columns, schema=schema)
    # Through a link to the file it stands for, which a rename would otherwise replace by a plain file.
    target = Path(os.path.realpath(path))
    with replacement(target, 0o666) as file:
        pq.write_table(table, file)


def _pyarrow() -> Any:  # noqa: ANN401 - it ships no types
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("Parquet files need pyarrow (the extra `parquet`): pip install pyarrow") from error
    return pyarrow
