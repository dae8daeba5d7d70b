"""Looks as tables and files, and read from them again; voices as tables. The first call imports pandas."""

import importlib
from typing import TYPE_CHECKING, Any

from .reading import Source, frame_to_looks, looks_of as looks_of

if TYPE_CHECKING:
    from .writing import (
        diff_frame,
        looks_to_csv,
        looks_to_excel,
        looks_to_frame,
        looks_to_parquet,
        looks_to_table,
        summary_frame,
        voices_to_frame,
    )

__all__ = ["Source", "diff_frame", "frame_to_looks", "summary_frame", "voices_to_frame"]
__all__ += ["looks_to_csv", "looks_to_excel", "looks_to_frame", "looks_to_parquet", "looks_to_table"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the imports above declare each type
    if name in __all__:
        return getattr(importlib.import_module(".writing", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
