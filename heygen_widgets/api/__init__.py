"""The thin API module: `HeyGenClient`, one short method per endpoint of HeyGen's v3 API, and paging."""

from .client import BASE_URL, HeyGenClient

__all__ = ["BASE_URL", "HeyGenClient"]
