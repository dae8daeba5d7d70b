"""A client on the built-in stand-in service: no key, no network."""

from __future__ import annotations

import functools
from typing import Literal

from .api import HeyGenClient
from .demo import DemoService

__all__ = ["demo_client"]


def demo_client(
    looks: int = 2_000, seed: int = 0, latency: float = 0.0, *, previews: Literal["data", "http"] = "data"
) -> HeyGenClient:
    """Give a client on a stand-in for HeyGen's service, which runs in this process on a loopback port.

    The service is started once for the same arguments and ends with the process. Its catalogue is synthetic, and the
    same for the same `looks` and `seed`. Nothing of it is kept in the user's cache folder.

    Parameters
    ----------
    looks : int, default 2,000
        How many looks the catalogue holds, 0 to 100,000.
    seed : int, default 0
    latency : float, default 0.0
        Waited before each answer, in s.
    previews : {"data", "http"}, default "data"
        Preview images as ``data:`` URLs, which show wherever the notebook does, or as http URLs of the stand-in.

    Raises
    ------
    TypeError
        For a `looks` or `seed` that is no integer, or a `latency` that is no number.
    ValueError
        For a size out of range, a negative latency or unknown `previews`.
    """
    service = _running_service(looks, seed, latency, previews)
    return _DemoClient(service.api_key, base_url=service.base_url)


class _DemoClient(HeyGenClient):
    @property
    def account(self) -> str:
        """Unknown, so that nothing is kept: it would not be found again, since each process has another port."""
        return ""


@functools.cache
def _running_service(looks: int, seed: int, latency: float, previews: Literal["data", "http"]) -> DemoService:
    service = DemoService(looks, seed=seed, latency=latency, previews=previews)
    service.start()
    return service
