"""Choose HeyGen avatar looks in a Jupyter notebook.

Every public name lives here and is imported when it is first used, so that ``import heygen_widgets.api`` needs
neither a widget library nor pandas.
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

_ROOMS = {
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
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type, told to type checkers above
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_ROOMS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
