"""Select HeyGen avatar looks in a Jupyter notebook.

All public names are imported on first use, so ``import heygen_widgets.api`` loads neither widgets nor pandas.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import HeyGenClient as HeyGenClient
    from .catalogue import LookCatalogue as LookCatalogue
    from .demo._client import client_or_demo as client_or_demo, demo_client as demo_client
    from .errors import HeyGenError as HeyGenError
    from .filters import LookFilter as LookFilter
    from .frame import (
        looks_to_frame as looks_to_frame,
        looks_to_table as looks_to_table,
        voices_to_frame as voices_to_frame,
    )
    from .gallery import looks_to_gallery as looks_to_gallery
    from .job import VideoJob as VideoJob
    from .models import AvatarGroup as AvatarGroup, Look as Look, Page as Page
    from .picker import LookPicker as LookPicker
    from .videos import VideoAgentRequest as VideoAgentRequest, VideoRequest as VideoRequest

    __version__: str

_NAMES = {
    "api": "HeyGenClient",
    "catalogue": "LookCatalogue",
    "demo._client": "client_or_demo demo_client",
    "errors": "HeyGenError",
    "filters": "LookFilter",
    "frame": "looks_to_frame looks_to_table voices_to_frame",
    "gallery": "looks_to_gallery",
    "job": "VideoJob",
    "models": "AvatarGroup Look Page",
    "picker": "LookPicker",
    "videos": "VideoAgentRequest VideoRequest",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}
_SUBMODULES = {module.partition(".")[0] for module in _NAMES}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the imports above declare each type
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("heygen-widgets")
    if name in _MODULES:
        return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
    if name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    message = f"module {__name__!r} has no attribute {name!r}"
    if not name.startswith("_"):  # tools ask for those
        did_you_mean = importlib.import_module("._parsing", __name__).did_you_mean
        meant = did_you_mean(name, __all__) or did_you_mean(name, _SUBMODULES)
        message += f": did you mean {meant}?" if meant else ""
    raise AttributeError(message)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
