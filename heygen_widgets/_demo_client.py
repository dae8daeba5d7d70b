"""A client on the built-in stand-in service: no key, no network."""

from __future__ import annotations

import functools
import inspect
from typing import Literal

from ._display import literal
from .api import HeyGenClient
from .demo import DemoService

__all__ = ["demo_client"]


def demo_client(
    looks: int = 2_000,
    seed: int = 0,
    latency: float = 0.0,
    *,
    previews: Literal["data", "http"] = "data",
    render_time: float = 8.0,
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
    render_time : float, default 8.0
        For how long a video is in the making, in s.

    Raises
    ------
    TypeError
        For a `looks` or `seed` that is no integer, or a `latency` or `render_time` that is no number.
    ValueError
        For a size out of range, a negative latency or time, or unknown `previews`.
    """
    service = _running_service(looks, seed, latency, previews, render_time)
    code = _code(
        looks=int(looks), seed=int(seed), latency=float(latency), previews=previews, render_time=float(render_time)
    )
    return _DemoClient(service, code)


def _code(**given: float | str) -> str:
    defaults = inspect.signature(demo_client).parameters
    told = {name: value for name, value in given.items() if value != defaults[name].default}
    shown = [f"{name}={literal(value) if isinstance(value, str) else repr(value)}" for name, value in told.items()]
    return f"demo_client({', '.join(shown)})"


class _DemoClient(HeyGenClient):
    def __init__(self, service: DemoService, code: str) -> None:
        super().__init__(service.api_key, base_url=service.base_url)
        self._code = code

    @property
    def code(self) -> str:
        """The call of `demo_client` that gives a client for the same catalogue, with what is not its default."""
        return self._code

    @property
    def account(self) -> str:
        """Unknown, so that nothing is kept: it would not be found again, since each process has another port."""
        return ""


@functools.cache
def _running_service(
    looks: int, seed: int, latency: float, previews: Literal["data", "http"], render_time: float
) -> DemoService:
    service = DemoService(looks, seed=seed, latency=latency, previews=previews, render_time=render_time)
    service.start()
    return service


def running_stand_ins() -> tuple[str, ...]:
    """Give the base URL of each stand-in that runs in this process."""
    return DemoService.running()
