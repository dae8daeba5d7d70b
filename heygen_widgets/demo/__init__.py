"""A stand-in for the HeyGen service: a loopback HTTP server over a synthetic catalogue, without a key or a network.

    from heygen_widgets.demo import DemoService

    with DemoService(looks=2_000) as service:
        print(service.base_url, service.api_key)

The people, names, pictures and clips are made up. The same seed gives the same ones.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from numbers import Integral
from types import TracebackType
from typing import Any

from ._catalogue import Catalogue
from ._previews import PREVIEW_KINDS
from ._server import DemoHandler, DemoServer

__all__ = ["DEMO_API_KEY", "DemoService"]

DEMO_API_KEY = "demo-key-not-secret"
"""The default key of the stand-in."""

_REMEMBERED_REQUESTS = 10_000


class DemoService:
    """A stand-in that can be started and closed.

    It serves `GET /v3/avatars`, `/v3/avatars/{group_id}`, `/v3/avatars/looks`, `/v3/avatars/looks/{look_id}`,
    `/v3/voices`, `/v3/voices/{voice_id}`, `/v3/users/me`, `/v3/brand-kits` and `/v3/video-agents/styles`; `GET` and
    `POST /v3/videos` and `/v3/video-agents/{session_id}`, `GET /v3/videos/{video_id}`, `POST /v3/video-agents` and
    `/v3/assets`; and the pictures, clips, sounds, films and subtitles in their responses. It refuses the requests that
    the service refuses. Uploaded files are checked and not kept. Its threads are daemons, so it ends with the process.

    A video takes `render_time`. Ten can be rendered at a time, another one is refused with 429. The film is the preview
    clip of the look, or of one like it, always as WebM: 24 looks have a clip. The id of an agent's video is known at
    once; in the mode `chat` only once it is rendered, and each message starts the work again.

    Marks in a script, title, prompt or message change what happens:

    - `[fail]`: the video fails, and its agent;
    - `[late]`: the `video_url` appears a tenth of `render_time` after the video is completed;
    - `[ask]` and `[review]`: an agent in the mode `chat` asks a question, or waits for a review before it renders;
    - `[gone]`: the session of an agent is 404 while its video is made.

    Parameters
    ----------
    looks : int, default 2,000
        Exact size of the catalogue, 0 to 100,000.
    seed : int, default 0
        The same seed and size give the same catalogue, in every process.
    latency : float, default 0.0
        Wait before each response of the API, in s. Pictures and clips are served at once. It can be changed at any
        time.
    error_rate : float, default 0.0
        Share of API requests that are answered with 503 and not carried out, 0 to 1. The seed decides which ones.
        It can be changed at any time.
    previews : {"data", "http"}, default "data"
        `"data"`: pictures are `data:` URLs, which also show in a remote Jupyter. `"http"`: pictures are served by the
        stand-in, those of photo avatars with signed URLs that expire. Clips are always served.
    host : str, default "127.0.0.1"
        Address to listen on.
    port : int, default 0
        Port to listen on; 0 means a free one.
    api_key : str, optional
        The only valid key; `DEMO_API_KEY` by default.
    render_time : float, default 8.0
        From a request for a video until the video is finished, in s of `clock`.
    clock : callable, default `time.time`
        Returns Unix time in s, for signed URLs that expire and for videos.

    Attributes
    ----------
    catalogue : Catalogue
        The groups and looks.
    requests : collections.deque of (str, str)
        Method, and path with query, of the last 10,000 requests, including media; without the key.
    accepted : collections.deque of (str, dict)
        Path and body of the last 10,000 accepted requests for a video, and messages to agents.

    Raises
    ------
    TypeError
        When `looks` or `seed` is no integer, or `latency`, `error_rate` or `render_time` no number.
    ValueError
        When a number is out of range, `previews` is unknown, or `api_key` is empty.
    """

    def __init__(
        self,
        looks: int = 2_000,
        *,
        seed: int = 0,
        latency: float = 0.0,
        error_rate: float = 0.0,
        render_time: float = 8.0,
        previews: str = "data",
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        for name, number in {"looks": looks, "seed": seed}.items():
            if not isinstance(number, Integral) or isinstance(number, bool):
                raise TypeError(f"{name} must be an integer, not {number!r}")
        for name, value in {"latency": latency, "render_time": render_time, "error_rate": error_rate}.items():
            if not isinstance(value, (int, float)):
                raise TypeError(f"{name} must be a number, not {value!r}")
        for name, value in {"latency": latency, "render_time": render_time}.items():
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be 0 s or more, not {value!r}")
        if not 0 <= error_rate <= 1:
            raise ValueError(f"error_rate must be 0 to 1, not {error_rate!r}")
        if previews not in PREVIEW_KINDS:
            raise ValueError(f"previews must be one of {', '.join(PREVIEW_KINDS)}, not {previews!r}")
        if api_key == "":
            raise ValueError(f"api_key must not be empty; leave it out for {DEMO_API_KEY!r}")
        self.api_key = DEMO_API_KEY if api_key is None else api_key
        self.catalogue = Catalogue(int(looks), seed=int(seed))
        self.requests: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED_REQUESTS)
        self.accepted: deque[tuple[str, dict[str, Any]]] = deque(maxlen=_REMEMBERED_REQUESTS)
        self.latency = latency
        self.error_rate = error_rate
        self.render_time = render_time
        self.previews = previews
        self.clock = clock
        self._random = random.Random(int(seed))
        self._address = (host, port)
        self._server: DemoServer | None = None

    @property
    def videos(self) -> list[str]:
        """The ids of the videos since it was started, in order, without those of agents."""
        return self._server.videos.ids if self._server is not None else []

    @property
    def base_url(self) -> str:
        """The address of the stand-in, without a slash at the end.

        Raises
        ------
        RuntimeError
            When it is not running.
        """
        if self._server is None:
            raise RuntimeError("the stand-in is not running: call start(), or use it in a with statement")
        return self._server.base_url

    def intercept(self, handler: DemoHandler) -> bool:
        """Handle a request in place of the stand-in. Subclasses override it, to test unusual responses.

        It is called for each request for media, and for each API request with the right key. It returns True if the
        response has been sent, False for the usual response.
        """
        return False

    def is_failing(self) -> bool:
        """Draw whether the next API request fails; see `error_rate`."""
        return self.error_rate > 0 and self._random.random() < self.error_rate

    def start(self) -> DemoService:
        """Listen and serve in the background, and return this object. Does nothing if it is running.

        Raises
        ------
        OSError
            When the port is in use, or the address is not one of this machine's.
        """
        if self._server is None:
            self._server = DemoServer(self._address, self)
            self._server.start()
        return self

    def close(self) -> None:
        """Stop listening and close open connections. Does nothing if it is not running."""
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
            # An argument is invalid, and a traceback may show local variables.
            return "<DemoService>"
        state = "not running" if self._server is None else f"at {self._server.base_url}"
        return f"<DemoService: {len(self.catalogue.looks):,} looks, {state}>"
