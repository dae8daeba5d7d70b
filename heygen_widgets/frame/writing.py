"""Looks and voices as DataFrames, and looks as tables with pictures, CSV, Excel and Parquet. Imports pandas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._display import image
from .._files import UserPath, expanduser, replacement
from .._parsing import warn
from ..filters import CLOSED
from ..models import COLUMN_VALUES, COLUMNS, Look, Voice, checked_records
from .reading import FORMULA, LISTS, SEPARATOR, SIZES, HasFrame, Source, looks_of

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

try:
    import pyarrow as pa
except ImportError:
    pa = None

_URLS = ("preview_image_url", "preview_video_url")
_TYPES = {"is_ready": "bool", "support_pause": "boolean", "support_locale": "boolean", **dict.fromkeys(SIZES, "Int64")}
_COMPARED = tuple(field.name for field in fields(Look) if field.compare)

# Limits of spreadsheets, in characters and in links, which a writer such as XlsxWriter makes of URLs.
_LONGEST_TEXT = 32_767
_MOST_LINKS = 65_530
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 has no such characters

_MOST_PICTURED = 500
_THUMBNAIL = (170, 96)  # px

_METHODS = {
    **{".csv": "to_csv", ".txt": "to_csv", ".xlsx": "to_excel", ".xls": "to_excel", ".parquet": "to_parquet"},
    **{".html": "gallery", ".json": "to_frame().to_json", ".feather": "to_frame().to_feather"},
    **dict.fromkeys((".tsv", ".gz", ".zip"), "to_frame(flat=True).to_csv"),  # pandas compresses by the name
}
"""What writes the files with an ending."""


def looks_to_frame(looks: Source, *, flat: bool = False, previews: bool = True) -> pd.DataFrame:
    """Convert looks to a DataFrame: one row per look in the given order, with a RangeIndex.

    The columns and their types are always the same, also without looks. Texts are ``string``, with NA for missing
    values; ``image_width`` and ``image_height`` are ``Int64``, in px; ``is_ready`` is ``bool``. Engines and ``tags``
    are tuples of str, so that rows can be compared, grouped and counted: ``frame.explode("tags")`` has a row per tag.
    Parquet, Arrow, polars and DuckDB read them as lists. SQLite takes neither: use `flat`.

    Parameters
    ----------
    looks : iterable of Look, LookPicker, LookCatalogue or table
        Of a picker the selection, of a catalogue everything; also one look. A table is read as by `frame_to_looks`,
        such as one from ``read_parquet``, which has arrays for the tuples. Anything else raises `TypeError`.
    flat : bool, default False
        For CSV and Excel. Lists are joined by ``"; "``. A text that a spreadsheet would run as a formula gets a leading
        apostrophe, which `frame_to_looks` removes. What no spreadsheet stores becomes U+FFFD, every line end a line
        feed, and a text is cut after 32,767 characters; a longer URL is left out. Of more than 65,530 URLs, those of
        videos, then of pictures are left out, with a UserWarning; `looks_to_csv` and `looks_to_excel` write all.
    previews : bool, default True
        False leaves out both preview URLs. Until a signed URL expires, within days, anyone who has it sees the face.
    """
    if isinstance(looks, HasFrame):
        return looks.to_frame(flat=flat, previews=previews)
    frame = _frame(looks, previews=previews, flat=flat)
    if not (flat and previews):
        return frame
    numbers = frame[[*_URLS]].count()
    dropped = [name for name in reversed(_URLS) if numbers.cumsum()[name] > _MOST_LINKS]
    if dropped:
        frame.loc[:, dropped] = pd.NA  # in place, so that the type stays
        problem = f"{numbers.sum():,} preview URLs are more than the {_MOST_LINKS:,} links of a sheet"
        hint = "previews=False leaves out both columns, and to_parquet and to_csv write everything"
        warn(f"{problem}: {' and '.join(dropped)} are left empty. {hint}.")
    return frame


def voices_to_frame(voices: Iterable[Voice]) -> pd.DataFrame:
    """Convert voices, such as those of `iter_voices`, to a DataFrame: one row per voice, with a RangeIndex.

    The columns are the fields of `Voice` but `extra`, always in one order, with the same types: ``support_pause`` and
    ``support_locale`` are ``boolean``, all others ``string``, with NA for missing values. Other records are refused.
    """
    rows, names = checked_records(voices, Voice), ["voice_id", "name", "language", "gender", "type"]
    names += ["support_pause", "support_locale", "status", "preview_audio_url"]
    return pd.DataFrame({name: _series(name, [getattr(voice, name) for voice in rows]) for name in names})


def _frame(looks: Source, names: Sequence[str] = COLUMNS, *, previews: bool = True, flat: bool = False) -> pd.DataFrame:
    rows = looks_of(looks)
    names = [name for name in names if previews or name not in _URLS]
    # One column at a time: its texts are still in the processor's cache when pandas reads them.
    columns = {name: _series(name, list(map(COLUMN_VALUES[name], rows)), flat) for name in names}
    return pd.DataFrame(columns, copy=False)


def _series(name: str, values: Sequence[Any], flat: bool = False) -> pd.Series:
    if name in LISTS and not flat:
        return pd.Series(list(map(tuple, values)), dtype="object")
    if flat and name not in _TYPES:
        texts = map(SEPARATOR.join, values) if name in LISTS else values
        values = [text and _storable(text, cut=name not in _URLS) for text in texts]
    if pa is None or name in _TYPES:
        return pd.Series(values, dtype=_TYPES.get(name, "string"))
    # Arrow takes a third of the time, and without it pandas 2 keeps texts as objects in 1.5 times the memory.
    types = {pa.large_string(): pd.StringDtype("pyarrow")}
    column: pd.Series = pa.array(values, pa.large_string()).to_pandas(types_mapper=types.get)
    return column


def _storable(text: str, *, cut: bool) -> str | None:
    """Return a text that CSV and Excel store and that no spreadsheet runs; None for one that must not be cut."""
    text = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = f"'{text}" if FORMULA.match(text) else text
    return text[:_LONGEST_TEXT] if cut or len(text) <= _LONGEST_TEXT else None


def _target(path: UserPath, usual: str) -> Path:
    """Return the path of a file with the `usual` ending. That of another format is a `ValueError`."""
    target, method = Path(expanduser(path)), _METHODS[usual]
    ending = target.suffix.lower()
    if (meant := _METHODS.get(ending, method)) != method or (usual == ".xlsx" != ending):
        hint = f": for {ending} use {meant}" if meant != method else ""
        raise ValueError(f"the name of a file of {method} should end in {usual}, not as {str(target)!r} does{hint}")
    return target


def looks_to_csv(looks: Source, path: UserPath, *, previews: bool = True) -> Path:
    """Write looks to a CSV file: the flat table of `looks_to_frame`, in UTF-8 with a BOM, so that Excel shows accents.

    A missing and an empty text are the same in it. All else is as in `looks_to_parquet`, but it needs no pyarrow.
    """
    target = _target(path, ".csv")
    with replacement(target, 0o666) as file:
        _frame(looks, previews=previews, flat=True).to_csv(file, index=False, encoding="utf-8-sig", lineterminator="\n")
    return target


def looks_to_excel(
    looks: Source,
    path: UserPath,
    *,
    previews: bool = True,
    draw: Callable[[Sequence[Look], tuple[int, int]], Sequence[bytes]] | None = None,
) -> Path:
    """Write looks to an Excel file: the flat table of `looks_to_frame`, with a frozen header and a filter.

    No text becomes a formula or a link. All else is as in `looks_to_parquet`, but it needs openpyxl, and a name that
    ends in ``.xlsx``. The function `draw` returns a PNG for each of at most 500 looks, of at most a width and height in
    px, for the first column: `to_excel(images=True)` of a catalogue or a picker passes one that fetches the preview
    pictures. **Whoever has that file sees the faces, private ones too.**
    """
    target = _target(path, ".xlsx")
    try:
        import openpyxl
    except ImportError:
        raise ImportError("Excel files need openpyxl (the extra `excel`): pip install openpyxl") from None
    with replacement(target, 0o666) as file:
        chosen = _pictured(looks) if draw else looks_of(looks)
        pictures = draw(chosen, _THUMBNAIL) if draw else []
        frame = _frame(chosen, previews=previews, flat=True)
        if draw:
            frame.insert(0, "preview", None)
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("looks")

        def plain(text: str) -> openpyxl.cell.WriteOnlyCell:
            """Return a text such as #N/A as a cell, which is no error."""
            cell = openpyxl.cell.WriteOnlyCell(sheet, text)
            cell.data_type = "s"
            return cell

        sheet.freeze_panes = "D2" if draw else "C2"  # after the name
        for number, name in enumerate(frame, 1):
            letter = openpyxl.utils.get_column_letter(number)
            longest = max(map(len, [name, *frame[name].head(200).astype("string").dropna()]))
            sheet.column_dimensions[letter].width = _THUMBNAIL[0] / 7 if name == "preview" else min(longest + 4, 40)
        sheet.auto_filter.ref = f"A1:{letter}{len(frame) + 1}"
        for number, content in enumerate(pictures, 2):
            sheet.row_dimensions[number].height = _THUMBNAIL[1] * 0.75 + 3  # points
            sheet.add_image(openpyxl.drawing.image.Image(BytesIO(content)), f"A{number}")
        header = [openpyxl.cell.WriteOnlyCell(sheet, name) for name in frame]
        for cell in header:
            cell.font = openpyxl.styles.Font(bold=True)
        sheet.append(header)
        for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
            sheet.append([plain(value) if str(value).startswith("#") else value for value in row])
        book.save(file)
    return target


def _pictured(looks: Source) -> list[Look]:
    chosen = looks_of(looks)
    if len(chosen) > _MOST_PICTURED:
        hint = "choose fewer by a filter, or leave pictures out by looks_to_frame or looks_to_excel"
        raise ValueError(f"a table takes the pictures of at most {_MOST_PICTURED} looks: {hint}")
    return chosen


def looks_to_table(looks: Source) -> Styler:
    """Return a table for a notebook: the columns of `looks_to_frame` with pictures in place of the preview URLs.

    It takes at most 500 looks, also as a DataFrame or a picker, and needs Jinja2, which Jupyter has. The browser loads
    the pictures from the URLs, which a saved notebook keeps. Nothing from the service is read as HTML.
    """
    chosen = _pictured(looks)
    frame = _frame(chosen, previews=False)
    for name in LISTS:
        frame[name] = frame[name].map(", ".join)
    style = f"width:{_THUMBNAIL[0]}px;height:{_THUMBNAIL[1]}px;object-fit:contain"
    tag = f'<img src="{{}}" alt="" loading="lazy" referrerpolicy="no-referrer" style="{style}">'
    frame.insert(0, "preview", [tag.format(escape(url)) if url else "" for url in map(image, chosen)])
    # `escape` does not apply to what a formatter of our own returns, so the pictures have none.
    table = frame.style.hide(axis="index").format(na_rep="", escape="html").format(subset=["preview"])
    return table.set_properties(subset=["name", "group_name"], **{"white-space": "nowrap"})


def looks_to_parquet(looks: Source, path: UserPath, *, previews: bool = True) -> Path:
    """Write the DataFrame of `looks_to_frame` to a Parquet file, and return its path.

    The schema is the same for any looks, so the files of several accounts can be read as one table by pyarrow or
    DuckDB. Missing values are null, tags and engines ``list<string>``, the sizes ``int64``.

    Parameters
    ----------
    looks, path, previews
        As in `looks_to_frame`. The `path` may start with ``~``; a file there is replaced when the new one is complete.

    Raises
    ------
    ImportError, ValueError, OSError
        Without pyarrow, an extra; for the name of another format, such as ``.csv``; if the file cannot be written.
    """
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError("Parquet files need pyarrow (the extra `parquet`): pip install pyarrow") from None
    target, frame = _target(path, ".parquet"), _frame(looks, previews=previews)
    types = {"is_ready": pa.bool_(), **dict.fromkeys(SIZES, pa.int64()), **dict.fromkeys(LISTS, pa.list_(pa.string()))}
    schema = pa.schema([(name, types.get(name, pa.large_string())) for name in frame])
    table = pa.Table.from_pandas(frame, schema, preserve_index=False)
    with replacement(target, 0o666) as file:
        pq.write_table(table, file)
    return target


def summary_frame(looks: Source) -> pd.DataFrame:
    """Count looks by type, ownership, gender and orientation: one row per combination that occurs.

    The columns are ``avatar_type``, ``ownership``, ``gender``, ``orientation`` (``string``) and ``looks`` (``int64``).
    A missing value becomes ``"unknown"``. Sorted by the count, largest first, then by the others. A RangeIndex.
    """
    names = ["avatar_type", *CLOSED]
    frame = _frame(looks, names).replace("", pd.NA).fillna("unknown")
    counts = frame.groupby(names).size().reset_index(name="looks")
    return counts.sort_values(["looks", *names], ascending=[False, True, True, True, True], ignore_index=True)


def diff_frame(newer: Mapping[str, Look], older: Mapping[str, Look]) -> pd.DataFrame:
    """Compare two states of a catalogue, looks by id: which came, changed or went.

    The columns are ``id`` and ``name`` (the last known), ``change`` (``came``, ``changed`` or ``went``, in this order),
    all three ``string``, and ``fields`` (tuples of str: the fields that differ). Looks are compared with ``==``, which
    ignores the preview URLs and `Look.extra`, and by `ownership` if both states know it. A RangeIndex.
    """
    rows = [(look.id, look.name, "came", tuple[str, ...]()) for look in newer.values() if look.id not in older]
    for look in newer.values():
        before = older.get(look.id, look)
        names = (*_COMPARED, "ownership") if look.ownership and before.ownership else _COMPARED
        if differing := tuple(name for name in names if getattr(look, name) != getattr(before, name)):
            rows.append((look.id, look.name, "changed", differing))
    rows += [(look.id, look.name, "went", ()) for look in older.values() if look.id not in newer]
    frame = pd.DataFrame(rows, columns=["id", "name", "change", "fields"], dtype="object")
    return frame.astype(dict.fromkeys(["id", "name", "change"], "string"))
