"""Read looks from tables of any kind: pandas, polars, Arrow, DuckDB, and rows. Imports none of them."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from .. import _parsing as read
from ..filters import CLOSED
from ..models import COLUMNS, Look

if TYPE_CHECKING:
    import pandas as pd
__all__ = ["FORMULA", "LISTS", "SEPARATOR", "SIZES", "Source", "frame_to_looks", "looks_of"]


class Table(Protocol):
    """A DataFrame of pandas or polars, an Arrow table or a DuckDB relation."""

    @property
    def columns(self) -> Any: ...  # noqa: ANN401 - each has its own kind


@runtime_checkable
class HasFrame(Protocol):
    """A picker or a catalogue; a Series of pandas and `Looks` have no `to_parquet`."""

    @property
    def to_parquet(self) -> Callable[..., Path]: ...

    def to_frame(self, *, flat: bool = False, previews: bool = True) -> pd.DataFrame: ...


Source: TypeAlias = Table | HasFrame | Look | Iterable[Look | Mapping[str, Any]]
"""Where looks come from: a table, a picker's selection, a catalogue, one look, or looks and rows."""

LISTS = ("supported_api_engines", "tags")
SIZES = ("image_width", "image_height")
_SERVED = frozenset(read.parsers_of(Look))
_KNOWN = {*COLUMNS, *_SERVED}
_OTHER_NAMES = {
    **{"engines": "supported_api_engines", "type": "avatar_type", "voice_id": "default_voice_id"},
    **{"image_url": "preview_image_url", "video_url": "preview_video_url"},
}

SEPARATOR = "; "
"""Between the texts of a list in a flat table."""
# OWASP's list for CSV injection. Apostrophes before the sign count too, so that reading is the reverse of writing.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""A text that a spreadsheet might run."""
_ESCAPED = re.compile(rf"\A'(?={FORMULA.pattern})")
_WHOLE = re.compile(r"[0-9]{1,16}(\.0*)?")
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_TEXTS = rf"(?:[\s,]*(?:{_QUOTED.pattern}))*[\s,]*"
_WRITTEN_LIST = re.compile(rf"\[{_TEXTS}\]|\({_TEXTS}\)")
_LARGEST_EXACT = 2**53  # beyond it one float stands for several integers


def frame_to_looks(frame: Source) -> list[Look]:
    """Convert a table to looks, in the order of its rows: the reverse of `looks_to_frame`.

    It may have been CSV, Excel, JSON, Feather or Parquet in between. Rows and columns may be missing, in any order and
    with any index; unknown columns are ignored, and ``Avatar type`` or ``type`` is read as ``avatar_type``. Values are
    cleaned like those of the service; one of the wrong type counts as missing. A table without any list in its list
    columns counts as flat: the apostrophe before a formula is removed from its texts. Lost are:

    - `Look.extra`, and `Look.preferred_orientation` as served if there is a column ``orientation``.
    - In a flat table, a list with a text that contains ``"; "``, or whose only text is empty or looks like a list.
    - In CSV and Excel, the difference between an empty and a missing text. pandas also reads a name such as ``NA`` as
      missing and, from CSV and JSON, drops leading zeros of ids. ``read_csv`` keeps them with
      ``keep_default_na=False, na_values=[""], dtype=str``, ``read_json`` with ``dtype=False``.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, pyarrow.Table, DuckDB relation or iterable of dict
        Only ``id`` is required, as a column or, in pandas, in the index. A missing name or avatar type is ``""``.
        Records of the service are rows too.

    Raises
    ------
    ValueError
        If there is no column ``id``, a column occurs twice, a row has no id, or the columns have several levels.
    """
    return list(_looks(_rows_of(frame)))


def looks_of(source: Source) -> list[Look]:
    """Return the looks of a table or of looks and rows; of rows with the same id only the first, with a UserWarning."""
    rows = _rows_of(source)
    if all(issubclass(kind, Look) for kind in set(map(type, rows))):
        return rows
    looks: dict[str, Look] = {}
    for look in _looks(rows):
        looks.setdefault(look.id, look)
    if repeated := len(rows) - len(looks):
        number = "1 row repeats" if repeated == 1 else f"{repeated:,} rows repeat"
        read.warn(f"{number} an id: the first row of each id is kept")
    return list(looks.values())


def _rows_of(source: Any) -> list[Any]:  # noqa: ANN401 - recognised by its methods
    """Return the rows of a table as dicts, or the items of an iterable."""
    if isinstance(source, HasFrame):
        source = source.to_frame()
    elif isinstance(source, Look):
        return [source]
    kind = type(source)  # not the object: a column of a DataFrame is an attribute too
    if hasattr(kind, "iloc") and hasattr(kind, "columns") and not hasattr(kind, "compute"):
        if source.columns.nlevels > 1:
            raise ValueError("the frame has columns of several levels: give each column one name")
        if "id" not in source.columns and "id" in source.index.names:
            source = source.reset_index()
        names: list[Any] = source.columns.tolist()
        rows: Iterable[tuple[Any, ...]] = source.astype(object).itertuples(index=False, name=None)
    elif hasattr(kind, "columns") and callable(fetch := getattr(kind, "fetchall", None) or getattr(kind, "rows", None)):
        names, rows = source.columns, fetch(source)  # DuckDB, polars
    elif hasattr(kind, "to_pylist") and hasattr(kind, "column_names"):  # Arrow
        names, rows = source.column_names, zip(*[column.to_pylist() for column in source.columns], strict=True)
    elif isinstance(source, Iterable) and not (isinstance(source, (str, bytes, Mapping)) or hasattr(kind, "columns")):
        items = list(source)
        for other in set(map(type, items)):
            if not issubclass(other, (Look, Mapping)):
                ids = "; of ids: client.get_look(id) for each"
                hint = ids if issubclass(other, str) else "; of rows: the whole table, or a dict of each row"
                raise TypeError(f"expected Look records or dicts, not {other.__name__}{hint}")
        return [row if isinstance(row, Look) else dict(zip(_renamed(row), row.values(), strict=True)) for row in items]
    else:
        sources = "a DataFrame of pandas or polars, an Arrow table, a DuckDB relation, or a list of looks or dicts"
        raise TypeError(f"looks come from {sources}, not from {kind.__name__}{_hint(source)}")
    renamed = _renamed(names)
    known = [name for name in renamed if name in _KNOWN]
    if "id" not in known:
        others = ", ".join(repr(name)[:30] for name in names[:8]) or "none"  # a URL in place of a name is cut
        raise ValueError(f"the table has no column 'id' (its columns: {others}): rename the one with the looks' ids")
    if repeated := [name for name in known if known.count(name) > 1]:
        raise ValueError(f"the table has two columns {repeated[0]!r}: rename or drop one")
    return [dict(zip(renamed, row, strict=True)) for row in rows]


def _renamed(names: Iterable[Any]) -> list[Any]:
    """Return the names of columns, with the known one for another spelling unless that one is there too."""
    names = list(names)
    return [meant if (meant := _meant(name)) not in names else name for name in names]


@lru_cache
def _meant(name: object) -> object:
    key = read.key_of(name) if isinstance(name, str) else name
    known = _OTHER_NAMES.get(str(key), key)
    return known if known in _KNOWN else name


def _hint(source: object) -> str:
    if isinstance(source, Mapping):
        return ": put one look into a list, and columns into a DataFrame"
    if hasattr(type(source), "iter_looks"):
        return ": use LookCatalogue(client).to_frame() for all its looks, or client.list_looks()"
    if isinstance(source, (str, os.PathLike)):
        return "; for a key use api_key=…, for a snapshot LookCatalogue.open(path), for another file pd.read_csv(path)"
    first = next((name for name in ("collect", "compute", "to_table", "df") if hasattr(type(source), name)), "")
    return f": call .{first}() first" if first else ""


def _looks(rows: Sequence[Look | Mapping[str, Any]]) -> Iterator[Look]:
    dicts = [row for row in rows if not isinstance(row, Look)]
    flat = not any(_read_list(row.get(name)) is not None for row in dicts for name in LISTS)
    for position, row in enumerate(rows):
        if isinstance(row, Look):
            yield row
            continue
        cells = {name: _read_cell(name, row[name], flat) for name in _KNOWN & row.keys()}
        if not cells.get("id"):
            problem = f"row {position} of the table (the first is 0) has {read.short(row.get('id'))} for an id"
            raise ValueError(f"{problem}: leave the row out, or make its id a text")
        cells |= {name: cells.get(name) or "" for name in ("name", "avatar_type")}
        failure = {"code": cells.get("error_code"), "message": cells.get("error_message")}
        cells["error"] = row["error"] if isinstance(row.get("error"), dict) else failure
        cells["preferred_orientation"] = cells.get("orientation") or cells.get("preferred_orientation")
        ownership = cells.get("ownership")
        served = {name: value for name, value in cells.items() if name in _SERVED}
        look = Look.from_json(served, ownership=ownership if ownership in CLOSED["ownership"] else None)
        yield look if (name := read.text(cells.get("group_name"))) is None else replace(look, group_name=name)


def _read_cell(name: str, value: object, flat: bool) -> Any:  # noqa: ANN401 - by the column
    if name in SIZES:
        return _read_whole(value)
    whole = value if isinstance(value, str) else _read_whole(value)  # `read_csv` makes numbers of ids of digits
    text = None if whole is None else str(whole)
    if text and flat:
        text = _ESCAPED.sub("", text)
    if name not in LISTS:
        return text
    items = _read_list(value)
    return text.split(SEPARATOR) if text and items is None else items


def _read_whole(value: object) -> int | None:
    """Return an int from an int, a float up to 2**53 without a fraction, or a text of either; otherwise None."""
    if isinstance(value, str):
        return int(value.partition(".")[0]) if _WHOLE.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _LARGEST_EXACT else None
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def _read_list(value: object) -> list[object] | None:
    """Return a list from a list, set or array, or from texts as JSON, Python or numpy write them; else None."""
    if not isinstance(value, str):
        items = value.tolist() if hasattr(value, "tolist") else value
        items = sorted(items, key=str) if isinstance(items, (set, frozenset)) else items
        return list(items) if isinstance(items, (list, tuple)) else None
    if not _WRITTEN_LIST.fullmatch(value):
        return None
    with suppress(ValueError):  # JSON has escapes of its own
        items = json.loads(value)
        return items if isinstance(items, list) else None
    with suppress(SyntaxError, ValueError):
        # Each text separately: numpy prints no commas, and Python would join adjacent strings.
        return [ast.literal_eval(quoted) for quoted in _QUOTED.findall(value)]
    return None
