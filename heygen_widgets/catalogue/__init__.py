"""All looks of an account, loaded in the background and ready to be filtered."""

from .catalogue import LookCatalogue
from .loader import Progress
from .snapshots import SavedSnapshot
from .store import Character

__all__ = ["Character", "LookCatalogue", "Progress", "SavedSnapshot"]
