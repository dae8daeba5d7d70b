"""Choose HeyGen avatar looks in a Jupyter notebook.

All public names are imported on first use, so ``import heygen_widgets.api`` loads neither widgets nor pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._demo_client import demo_client
    from .api import HeyGenClient
    from .catalogue import LookCatalogue
    from .errors import HeyGenError
    from .filters import LookFilter
    from .frame import looks_to_frame
    from .gallery import looks_to_gallery
    from .job import VideoJob
    from .models import AvatarGroup, Look, Page
    from .picker import LookPicker
    from .videos import VideoAgentRequest, VideoRequest

    __version__: str

__all__ = [
    "AvatarGroup",
    "HeyGenClient",
    "HeyGenError",
    "Look",
    "LookCatalogue",
    "LookFilter",
    "LookPicker",
    "Page",
    "VideoAgentRequest",
    "VideoJob",
    "VideoRequest",
    "demo_client",
    "looks_to_frame",
    "looks_to_gallery",
]

_MODULES = {
    "_demo_client": ("demo_client",),
    "api": ("HeyGenClient",),
    "catalogue": ("LookCatalogue",),
    "errors": ("HeyGenError",),
    "filters": ("LookFilter",),
    "frame": ("looks_to_frame",),
    "gallery": ("looks_to_gallery",),
    "job": ("VideoJob",),
    "models": ("AvatarGroup", "Look", "Page"),
    "picker": ("LookPicker",),
    "videos": ("VideoAgentRequest", "VideoRequest"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the imports above declare each type
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("heygen-widgets")
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
