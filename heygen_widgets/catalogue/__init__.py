"""All looks of an account, loaded in the background and ready to be filtered."""

from .catalogue import LookCatalogue
from .snapshots import SavedSnapshot
from .store import Character
from .types import Progress

__all__ = ["Character", "LookCatalogue", "Progress", "SavedSnapshot"]
