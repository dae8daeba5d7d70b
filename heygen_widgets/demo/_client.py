"""A client of the stand-in: no key, no network. All other modules of this package are a server without the client."""

import functools
import inspect
from typing import Literal

from .._display import literal
from .._parsing import plain
from ..api import HeyGenClient
from ..errors import MissingAPIKeyError
from . import DemoService


def client_or_demo(looks: int = 2_000) -> HeyGenClient:
    """Return a client of the user's account or, without a usable key, of the stand-in, and print which.

    A key that the service refuses is only noticed by the first request, which then fails. `looks` is the size of the
    stand-in's catalogue, as in `demo_client`. Only a client of the stand-in has a `demo_code`.
    """
    if not isinstance(plain(looks), int):
        del looks  # a verbose traceback shows local variables
        raise TypeError("looks should be a number. A key is for HeyGenClient(api_key=…)")
    try:
        client = HeyGenClient()
    except MissingAPIKeyError as problem:
        cause, *_ = str(problem).split("\n")
        print(f"{cause}\nUntil then this is the built-in stand-in: made-up people, no network, no credits.")
        return demo_client(looks)
    print(f"This is your HeyGen account: {client}.")
    return client


def demo_client(
    looks: int = 2_000,
    seed: int = 0,
    latency: float = 0.0,
    *,
    error_rate: float = 0.0,
    previews: Literal["data", "http"] = "data",
    render_time: float = 8.0,
) -> HeyGenClient:
    """Return a client of a stand-in for HeyGen's service, which runs in this process on a loopback port.

    Calls with the same arguments share one service, which ends with the process. Its catalogue is synthetic, and the
    same for the same `looks` and `seed`. Nothing of it is kept in the user's cache folder.

    Parameters
    ----------
    looks, seed, latency, error_rate, previews, render_time
        0 to 100,000 looks; a number that varies them; the delay of a response, in s; the share of requests that fail
        with 503, which the client repeats; pictures as ``data:`` URLs or as http URLs of the stand-in; and the time of
        a render, in s. A wrong one is a `TypeError` or `ValueError`.
    """
    arguments = {name: plain(value) for name, value in locals().items()}
    service = _running_service(**arguments)
    client = HeyGenClient(service.api_key, base_url=service.base_url)
    defaults = inspect.signature(demo_client).parameters
    given = {name: value for name, value in arguments.items() if value != defaults[name].default}
    shown = (f"{name}={literal(value) if isinstance(value, str) else value}" for name, value in given.items())
    client.demo_code = f"demo_client({', '.join(shown)})"
    return client


_running_service = functools.cache(lambda **arguments: DemoService(**arguments).start())
