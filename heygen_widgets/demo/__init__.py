"""A stand-in for the HeyGen service: a loopback HTTP server over a synthetic catalogue, with no key and no network.

    from heygen_widgets.demo import DemoService

    with DemoService(looks=2_000) as service:
        print(service.base_url, service.api_key)

The people, names, pictures and clips are all made up, and the same for the same seed.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from numbers import Integral
from types import TracebackType
from typing import Any, ClassVar
from weakref import WeakSet

from ._catalogue import Catalogue
from ._faults import ENDPOINTS, FAULT_KINDS, Fault, FaultPlan, fault_of
from ._previews import PREVIEW_KINDS
from ._server import DemoServer

__all__ = ["DEMO_API_KEY", "ENDPOINTS", "FAULT_KINDS", "DemoService", "Fault"]

DEMO_API_KEY = "demo-key-not-secret"
"""The key that the stand-in accepts unless another is given."""

_REMEMBERED_REQUESTS = 10_000


class DemoService:
    """The stand-in as an object that can be started and closed.

    It answers `GET /v3/avatars`, `/v3/avatars/{group_id}`, `/v3/avatars/looks`, `/v3/avatars/looks/{look_id}`,
    `/v3/voices`, `/v3/voices/{voice_id}`, `/v3/users/me`, `/v3/videos/{video_id}`, `/v3/video-agents/{session_id}`, and
    `POST /v3/videos` and `/v3/video-agents`, and serves the pictures, clips, sounds and films they point to. Its
    threads are daemons, so it ends with the process at the latest.

    A video is in the making for `render_time`; ten at a time, then another one is refused with 429. Its film is the
    clip that is its look's preview too, as WebM, whatever format was asked for. With `[fail]` in a script, a title or a
    prompt it fails; with `[ask]` in a prompt an agent asks something. What the service refuses of a request, this
    refuses too.

    Parameters
    ----------
    looks : int, default 2,000
        Exact size of the catalogue, 0 to 100,000.
    seed : int, default 0
        The same seed and size give the same catalogue, in every process.
    latency : float, default 0.0
        Wait before each answer of the API, in s. Pictures and clips come at once. The attribute can be set at any time.
    previews : {"data", "http"}, default "data"
        `"data"`: pictures are inside their own URL, so that they show in a remote Jupyter too. `"http"`: pictures are
        fetched from the stand-in, those of photo avatars by signed addresses that expire. Clips are always fetched.
    host : str, default "127.0.0.1"
        Address to listen on.
    port : int, default 0
        Port to listen on; 0 takes a free one.
    api_key : str, optional
        The one key that is accepted; `DEMO_API_KEY` by default.
    render_time : float, default 8.0
        From a request for a video until that is finished, in s by the clock.
    clock : callable, default `time.time`
        Tells the time in Unix seconds, by which signed addresses expire and videos come to be.
    faults : iterable of Fault or str, default ()
        Rules by which requests are answered with faults, or their texts as the command takes them: see `Fault.parse`.
        One rule, or one text, may stand alone.

    Attributes
    ----------
    catalogue : Catalogue
        The groups and looks that are served.
    requests : collections.deque of (str, str)
        Method, and path with query, of the last 10,000 requests, media included; without any key.
    accepted : collections.deque of (str, dict)
        Path and body of the last 10,000 requests for a video that were taken.

    Raises
    ------
    TypeError
        When `looks` or `seed` is no integer, `latency` or `render_time` no number, or one of `faults` no rule.
    ValueError
        When `looks` is outside 0 to 100,000, `latency` or `render_time` is negative, `previews` or a fault is unknown,
        or `api_key` is empty.
    """

    _running: ClassVar[WeakSet[DemoService]] = WeakSet()

    def __init__(
        self,
        looks: int = 2_000,
        *,
        seed: int = 0,
        latency: float = 0.0,
        render_time: float = 8.0,
        previews: str = "data",
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        clock: Callable[[], float] = time.time,
        faults: Iterable[Fault | str] | Fault = (),
    ) -> None:
        whole: dict[str, object] = {"looks": looks, "seed": seed}
        for name, value in whole.items():
            if not isinstance(value, Integral) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
        for name, value in {"latency": latency, "render_time": render_time}.items():
            if not isinstance(value, (int, float)):
                raise TypeError(f"{name} must be a number of s, not {value!r}")
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be 0 s or more, not {value!r}")
        if previews not in PREVIEW_KINDS:
            raise ValueError(f"previews must be one of {', '.join(PREVIEW_KINDS)}, not {previews!r}")
        if api_key == "":
            raise ValueError(f"api_key must not be empty; leave it out for {DEMO_API_KEY!r}")
        self.api_key = DEMO_API_KEY if api_key is None else api_key
        self._faults = FaultPlan(
            [fault_of(rule) for rule in ([faults] if isinstance(faults, (str, Fault)) else faults)]
        )
        self.catalogue = Catalogue(looks, seed=seed)
        self.requests: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED_REQUESTS)
        self.accepted: deque[tuple[str, dict[str, Any]]] = deque(maxlen=_REMEMBERED_REQUESTS)
        self._address = (host, port)
        self.latency = latency
        self._render_time = render_time
        self._previews = previews
        self._clock = clock
        self._server: DemoServer | None = None

    @property
    def struck(self) -> Counter[str]:
        """How often each kind of fault has struck so far."""
        return self._faults.struck

    @property
    def videos(self) -> list[str]:
        """The ids of the videos that were begun while it runs, in order; without those of agents."""
        return self._server.videos.ids if self._server is not None else []

    @property
    def base_url(self) -> str:
        """Where the stand-in listens, without a slash at the end.

        Raises
        ------
        RuntimeError
            When it is not running.
        """
        if self._server is None:
            raise RuntimeError("the stand-in is not running: call start(), or use it in a with statement")
        return self._server.base_url

    @classmethod
    def running(cls) -> tuple[str, ...]:
        """Give the `base_url` of each stand-in that runs in this process."""
        servers = [service._server for service in tuple(cls._running)]
        return tuple(server.base_url for server in servers if server is not None)

    def start(self) -> DemoService:
        """Listen and serve in the background; does nothing when it runs already.

        Returns
        -------
        DemoService
            This object.

        Raises
        ------
        OSError
            When the port is in use or the address is not this machine's.
        """
        if self._server is None:
            self._server = DemoServer(
                self._address,
                catalogue=self.catalogue,
                api_key=self.api_key,
                latency=lambda: self.latency,
                previews=self._previews,
                clock=self._clock,
                render_time=self._render_time,
                requests=self.requests,
                accepted=self.accepted,
                faults=self._faults,
            )
            self._server.start()
            self._running.add(self)
        return self

    def close(self) -> None:
        """Stop listening and break open connections off; does nothing when it does not run."""
        self._running.discard(self)
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def __enter__(self) -> DemoService:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if not hasattr(self, "catalogue"):
            # Something is wrong with its arguments, and a traceback may show local variables.
            return "<DemoService>"
        state = "not running" if self._server is None else f"at {self._server.base_url}"
        return f"<DemoService: {len(self.catalogue.looks):,} looks, {state}>"
