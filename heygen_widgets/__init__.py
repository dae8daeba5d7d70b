"""Select HeyGen avatar looks in a Jupyter notebook.

All public names are imported on first use, so ``import heygen_widgets.api`` loads neither widgets nor pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._demo_client import demo_client as demo_client
    from .api import HeyGenClient as HeyGenClient
    from .catalogue import LookCatalogue as LookCatalogue
    from .errors import HeyGenError as HeyGenError
    from .filters import LookFilter as LookFilter
    from .frame import looks_to_frame as looks_to_frame
    from .frame import looks_to_table as looks_to_table
    from .gallery import looks_to_gallery as looks_to_gallery
    from .job import VideoJob as VideoJob
    from .models import AvatarGroup as AvatarGroup
    from .models import Look as Look
    from .models import Page as Page
    from .picker import LookPicker as LookPicker
    from .videos import VideoAgentRequest as VideoAgentRequest
    from .videos import VideoRequest as VideoRequest

    __version__: str

_MODULES = {
    "AvatarGroup": "models",
    "HeyGenClient": "api",
    "HeyGenError": "errors",
    "Look": "models",
    "LookCatalogue": "catalogue",
    "LookFilter": "filters",
    "LookPicker": "picker",
    "Page": "models",
    "VideoAgentRequest": "videos",
    "VideoJob": "job",
    "VideoRequest": "videos",
    "demo_client": "_demo_client",
    "looks_to_frame": "frame",
    "looks_to_gallery": "gallery",
    "looks_to_table": "frame",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the imports above declare each type
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("heygen-widgets")
    if name in _MODULES:
        return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
