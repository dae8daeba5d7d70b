"""The client of HeyGen's v3 API: one short method for each endpoint."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self
from urllib.parse import quote

import requests
import urllib3

import heygen_widgets  # its modules are imported when they are used: records are slow

from .._display import literal
from .._files import UserPath, expanduser
from .._parsing import json_object, known_keywords, parse, plain, unknown_fields
from . import validation
from .credentials import Secret, find
from .paging import Listing, fetch_joined_page, fetch_page, fetch_record, iter_items, iter_pages, listing_of
from .transport import Transport, open_session

if TYPE_CHECKING:
    from ..job import VideoJob
    from ..models import AvatarGroup, Look, Page, Voice
    from ..videos import Asset, BrandKit, Video, VideoAgentSession, VideoAgentStyle, VideoRequest

BASE_URL = "https://api.heygen.com"

_VIDEOS = "/v3/videos"
_AGENTS = "/v3/video-agents"
_LARGEST_UPLOAD = 32 * 2**20  # bytes
_log = logging.getLogger("heygen_widgets")


class HeyGenClient:
    """A client of HeyGen's v3 API. Threads may share it; it holds the key, so it cannot be copied or pickled.

    All methods raise a `HeyGenError` if the service or the network fails, such as `NotFoundError` for an unknown id,
    and `ValueError` or `TypeError` for an invalid argument, before anything is sent. Invalid records in a list are
    skipped with a `UserWarning`; a page without any valid record is an `APIResponseError`.

    Parameters
    ----------
    api_key : str or None, default None
        None reads ``HEYGEN_API_KEY``, else ``credentials`` in ``HEYGEN_CONFIG_DIR`` or ``~/.heygen``, the file of
        HeyGen's own client. It may hold an OAuth login, which is read again, for the same user, when it expires.
        Without a usable key, `MissingAPIKeyError` (also a `ValueError`) is raised.
    base_url : str or None, default None
        None reads ``HEYGEN_API_BASE``, else ``https://api.heygen.com``. Plain http only on loopback, without proxies.
    timeout : tuple of float, default (5, 30)
        Connect and read time-out in s, or one number for both. The body of a response has to be complete within
        connect + 2 × read. A POST reads for at least 120 s.
    max_retries : int, default 2
        Retries after 429, 500, 502, 503, 504 or a broken connection; a POST without an idempotency key is repeated only
        if nothing was sent. The wait is 1 s, then twice as long each time, or a longer ``Retry-After``; at most 30 s.
    session : requests.Session or None, default None
        Your own session, for example with a proxy. It stays open, though its idle connections may be closed, and only
        its cookies are changed. Pictures and films use its `verify`, `cert`, `proxies` and `trust_env`.
    """

    demo_code = ""
    """The call of `demo_client` that made this client; ``""`` for any other client."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | tuple[float, float] = (5, 30),
        max_retries: int = 2,
        session: requests.Session | None = None,
    ) -> None:
        key, kind = Secret(api_key) if isinstance(api_key, str) else None, type(api_key)
        del api_key  # a verbose traceback shows local variables
        if key is None and kind is not type(None):
            raise TypeError(f"api_key should be a string, not {kind.__name__}")
        url = validation.checked_base_url(base_url, BASE_URL)
        self._transport = Transport(find(key), base_url=url, timeout=timeout, max_retries=max_retries, session=session)
        self._listing = partial(listing_of, self._transport)

    def __repr__(self) -> str:
        if not hasattr(self, "_transport"):  # in a traceback of __init__
            return "HeyGenClient(…)"
        return f"HeyGenClient({self.base_url!r}, key from {self._transport.credential.source})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A HeyGenClient holds a key and open connections, so it can be neither copied nor pickled.")

    @property
    def base_url(self) -> str:
        """The URL of the service, without a slash at the end."""
        return self._transport.base_url

    @property
    def code(self) -> str:
        """Python that makes a client of the same service, such as ``HeyGenClient()``; never with its key."""
        is_default = self.base_url == BASE_URL and not os.environ.get("HEYGEN_API_BASE")  # which changes the default
        return self.demo_code or f"HeyGenClient({'' if is_default else f'base_url={literal(self.base_url)}'})"

    @property
    def account(self) -> str:
        """A digest of the key, or of the user of a login; ``""`` if that is unknown, and for `demo_client`."""
        return "" if self.demo_code else self._transport.credential.account

    @property
    def settings(self) -> tuple[object, ...]:
        """What equivalent clients have in common: address, account, time-outs, retries and session; never the key."""
        return self._transport.settings

    @property
    def retries(self) -> int:
        """How many requests this client has repeated so far, in all threads."""
        return self._transport.retries

    def close(self) -> None:
        """Close the connections. A later request opens new ones."""
        self._transport.close()

    def media_session(self) -> requests.Session:
        """Open a session for pictures and films: with this client's proxies and certificates, without its key."""
        return open_session(self._transport.given_session)

    def list_looks(
        self,
        *,
        group_id: str | AvatarGroup | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Look]:
        """List one page of 1 to 50 avatar looks: ``GET /v3/avatars/looks``.

        The `avatar_type` is ``studio_avatar``, ``digital_twin`` (once ``video_avatar``), ``photo_avatar`` or a new one.
        The `ownership`, ``public``, ``private`` or None for both, becomes that of the looks. The `token` is the
        ``next_token`` of the page before, with the same filters and limit. `LookCatalogue.select` has more filters.
        """
        return fetch_page(self._listing("looks", group_id, avatar_type, ownership), limit, token)

    def iter_looks(
        self,
        *,
        group_id: str | AvatarGroup | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        max_items: int | None = None,
    ) -> Iterator[Look]:
        """Iterate over looks, at most `max_items`, with the filters of `list_looks`: ``GET /v3/avatars/looks``."""
        return iter_items(max_items, self._listing("looks", group_id, avatar_type, ownership))

    def iter_look_pages(
        self,
        *,
        group_id: str | AvatarGroup | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        limit: int = 50,
        token: str | None = None,
    ) -> Iterator[Page[Look]]:
        """Iterate over pages of avatar looks, with the parameters of `list_looks`: ``GET /v3/avatars/looks``."""
        return iter_pages(self._listing("looks", group_id, avatar_type, ownership), limit, token)

    def get_look(self, look_id: str | Look) -> Look:
        """Get one avatar look, with fresh preview URLs: ``GET /v3/avatars/looks/{look_id}``."""
        return fetch_record(self._transport, "/v3/avatars/looks", "look_id", look_id, heygen_widgets.models.Look)

    def list_groups(
        self, *, ownership: str | None = None, limit: int = 20, token: str | None = None
    ) -> Page[AvatarGroup]:
        """List one page of avatar groups (characters), with the parameters of `list_looks`: ``GET /v3/avatars``."""
        return fetch_page(self._listing("groups", ownership), limit, token)

    def iter_groups(self, *, ownership: str | None = None, max_items: int | None = None) -> Iterator[AvatarGroup]:
        """Iterate over avatar groups, with the parameters of `iter_looks`: ``GET /v3/avatars``."""
        return iter_items(max_items, self._listing("groups", ownership))

    def iter_group_pages(
        self, *, ownership: str | None = None, limit: int = 50, token: str | None = None
    ) -> Iterator[Page[AvatarGroup]]:
        """Iterate over pages of avatar groups, with the parameters of `iter_look_pages`: ``GET /v3/avatars``."""
        return iter_pages(self._listing("groups", ownership), limit, token)

    def get_group(self, group_id: str | AvatarGroup) -> AvatarGroup:
        """Get one avatar group: ``GET /v3/avatars/{group_id}``."""
        return fetch_record(self._transport, "/v3/avatars", "group_id", group_id, heygen_widgets.models.AvatarGroup)

    def get_voice(self, voice_id: str | Voice) -> Voice:
        """Get one voice, such as the `default_voice_id` of a look: ``GET /v3/voices/{voice_id}``."""
        return fetch_record(self._transport, "/v3/voices", "voice_id", voice_id, heygen_widgets.models.Voice)

    def list_voices(
        self,
        *,
        type: str | None = None,
        engine: str | None = None,
        language: str | None = None,
        gender: str | None = None,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Voice]:
        """List one page of voices, which a notebook shows as a table that plays them: ``GET /v3/voices``.

        The `type` is ``private`` (the account's own voices), ``public``, or None for both: the private ones first, and
        then, by a second request, public ones. `type`, `engine` (such as ``starfish``), `language` and `gender` are
        sent unchanged. A page has 1 to 100 voices; see `list_looks` for `token`.
        """
        return fetch_joined_page(self._voices(type, engine, language, gender), limit, token)

    def iter_voices(
        self,
        *,
        type: str | None = None,
        engine: str | None = None,
        language: str | None = None,
        gender: str | None = None,
        max_items: int | None = None,
    ) -> Iterator[Voice]:
        """Iterate over voices, at most `max_items`, with the filters of `list_voices`: ``GET /v3/voices``."""
        return iter_items(max_items, *self._voices(type, engine, language, gender).values())

    def get_me(self) -> dict[str, Any]:
        """Get the account and its balance: ``GET /v3/users/me``. A cheap way to try a key.

        The fields are as served, such as `billing_type` (``wallet``, ``subscription``, ``usage_based``) and its object.
        """
        content = self._transport.request("GET", "/v3/users/me")
        return self._transport.read(lambda account: unknown_fields(json_object(account, "account"), ()), content)

    def start_video(
        self,
        request: VideoRequest | Look | Mapping[str, Any] | str | None = None,
        script: str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Any,  # noqa: ANN401 - those of `VideoRequest`
    ) -> VideoJob:
        """Check a request against its look, start the video, and return a card that follows it in the notebook.

        The look (``GET /v3/avatars/looks/{look_id}``), its `reference_look_id` and, unless the look is known to be
        public, its group and whether it is private are fetched first. What the service would refuse is a
        `VideoOptionError` that lists everything, what it may refuse a `VideoOptionWarning`. The idempotency key is
        printed before the request is sent. All else is as for `create_video`.
        """
        from ..job import start  # only a notebook needs the widget

        return start(self, request, script, fields, idempotency_key)

    def create_video(
        self,
        request: VideoRequest | Look | Mapping[str, Any] | str | None = None,
        script: str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Any,  # noqa: ANN401 - those of `VideoRequest`
    ) -> Video:
        """Start a video, which costs credits: ``POST /v3/videos``.

        The request is checked without its look; `VideoRequest.check` and `start_video` check it against the look. A
        dropped connection never creates a second video: each request carries an idempotency key, and is repeated after
        a broken connection, a time-out, and while the service says that it is still working on it.

        Parameters
        ----------
        request, script
            A request, or its fields as a dict; or a look or its id, with its `script`. Other fields of `VideoRequest`
            are keywords: ``create_video(look, "Hi", engine="avatar_v")`` or ``create_video(avatar_id=…, script=…)``. A
            request that the service would refuse is a `VideoOptionError`, before anything is sent.
        idempotency_key
            1 to 255 letters, digits, ``_``, ``-``, ``:`` and ``.``; None for a new one. For 24 h, the service answers
            the same key with the same video, even if the request differs. Errors carry the key and `is_uncertain`. It
            is logged (``heygen_widgets``, INFO) before the request is sent.
        """
        videos = heygen_widgets.videos
        body = videos.requests.request_of(request, script, fields).check().to_json()
        key = validation.checked_key(idempotency_key)
        _log.info("POST %s with idempotency_key=%r", _VIDEOS, key)
        way_out = f"Ask again with idempotency_key={key!r}, which makes no second one for 24 h."
        return self._transport.post(_VIDEOS, body, videos.Video.from_json, way_out, key)

    def get_video(self, video_id: str | Video | VideoJob) -> Video:
        """Get one video, finished or not, with fresh URLs: ``GET /v3/videos/{video_id}``."""
        return fetch_record(self._transport, _VIDEOS, "video_id", video_id, heygen_widgets.videos.Video)

    def list_videos(
        self, *, title: str | None = None, folder_id: str | None = None, limit: int = 20, token: str | None = None
    ) -> Page[Video]:
        """List one page of videos, the way back to one after a kernel died: ``GET /v3/videos``.

        The service filters by a part of the `title` and by folder. A page has 1 to 100; `token` is as in `list_looks`.
        """
        return fetch_page(self._listing("videos", title, folder_id), limit, token)

    def iter_videos(
        self, *, title: str | None = None, folder_id: str | None = None, max_items: int | None = None
    ) -> Iterator[Video]:
        """Iterate over videos, at most `max_items`, with the filters of `list_videos`: ``GET /v3/videos``."""
        return iter_items(max_items, self._listing("videos", title, folder_id))

    def wait_for_video(self, video_id: str | Video | VideoJob, timeout: float = 1_200) -> Video:
        """Wait with a progress bar until a video is completed: ``GET /v3/videos/{video_id}``.

        A render commonly takes 10 to 15 minutes. It is asked for at once, after 2 s, then less often, at last every
        30 s. The `timeout` is in s; 0 asks once. Ctrl-C stops the waiting, not the render. A failed render is a
        `VideoFailedError`, one that takes longer a `VideoTimeoutError`; errors say how to wait again. A new video may
        be unknown (404) for 3 min, and a completed one without its URL for 1 min.
        """
        from .polling import settled, wait, wait_code

        video_id, clock = validation.checked_id("video_id", video_id), self._transport
        ask = partial(settled(self.get_video, clock.now), video_id)
        return wait("video", ask, lambda: wait_code("video", video_id), timeout, self.posted_at(video_id), clock)

    def download_video(self, video_id: str | Video | VideoJob, path: UserPath, what: str = "film") -> Path:
        """Download a file of a finished video: ``GET /v3/videos/{video_id}``, then the URL in the response.

        `what` is the ``film``, the ``captioned`` film or the ``subtitles`` (SRT); the last two need a video that was
        started with a `caption`, the film one with a `style`. The file at `path`, in an existing folder, appears or is
        replaced when it is complete. It is fetched over https (http on loopback) by `media_session`, without redirects.
        A video that failed or cannot be downloaded is a `HeyGenError`, a file that cannot be written an `OSError`.
        """
        from .media import download

        return download(self, validation.checked_id("video_id", video_id), Path(expanduser(path)), what)

    def upload_asset(self, path: UserPath) -> Asset:
        """Upload a picture, sound, film, PDF or SRT file, of 1 byte to 32 MB: ``POST /v3/assets``.

        `VideoRequest` takes the result as `audio_asset_id` or `background`, and an agent as one of its `files`. An
        unreadable file is an `OSError`. The request is repeated only if nothing was sent.
        """
        file, way_out = Path(expanduser(path)), "Uploading it again makes another asset."
        if not 0 < (size := file.stat().st_size) <= _LARGEST_UPLOAD:
            raise ValueError(f"{str(file)!r} should be a file of 1 byte to 32 MB, not of {size:,} bytes")
        body = urllib3.encode_multipart_formdata({"file": (file.name, file.read_bytes())})
        return self._transport.post("/v3/assets", body, partial(parse, heygen_widgets.videos.Asset), way_out)

    def create_video_agent(self, prompt: str, avatar_id: str | Look | None = None, **fields: Any) -> VideoAgentSession:  # noqa: ANN401 - as in `start_video`
        """Start an agent that makes a video from a prompt, which costs credits: ``POST /v3/video-agents``.

        Other parameters are the fields of `VideoAgentRequest`; a wrong one is a `VideoOptionError`. Without idempotency
        keys here, the request is repeated only if nothing was sent, and not after a 429. An error `is_uncertain` if the
        agent may have started. `wait_for_video_agent` waits for the result.
        """
        videos = heygen_widgets.videos
        body = videos.VideoAgentRequest(prompt, avatar_id, **fields).check().to_json()
        way_out = "Look among your videos at HeyGen before you ask again, since that may make a second one."
        return self._transport.post(_AGENTS, body, videos.VideoAgentSession.from_json, way_out)

    def get_video_agent(self, session_id: str | VideoAgentSession) -> VideoAgentSession:
        """Get the state of a video agent: ``GET /v3/video-agents/{session_id}``."""
        return fetch_record(self._transport, _AGENTS, "session_id", session_id, heygen_widgets.videos.VideoAgentSession)

    def answer_video_agent(self, session_id: str | VideoAgentSession, message: str, **fields: Any) -> VideoAgentSession:  # noqa: ANN401 - as in `start_video`
        """Answer an agent that is paused, or ask for changes to its video: ``POST /v3/video-agents/{session_id}``.

        Only sessions in ``chat`` mode take messages. Other parameters are `avatar_id`, `voice_id`, `brand_kit_id` and
        `files`, as in `VideoAgentRequest`; a wrong one is a `VideoOptionError`. What is next may cost credits, and
        `wait_for_video_agent` waits for it. The request is repeated only if nothing was sent.
        """
        videos = heygen_widgets.videos
        session_id = validation.checked_id("session_id", session_id)
        body = videos.requests.agent_answer(message=message, **fields)
        way_out = f"client.get_video_agent({literal(session_id)}).messages shows it."
        read = partial(videos.VideoAgentSession.from_json, session_id=session_id)
        return self._transport.post(f"{_AGENTS}/{quote(session_id, safe='')}", body, read, way_out)

    def wait_for_video_agent(self, session_id: str | VideoAgentSession, timeout: float = 1_200) -> VideoAgentSession:
        """Wait as `wait_for_video` does until an agent has made its video: ``GET /v3/video-agents/{session_id}``.

        The result is ``completed``, with a `video_id`, or `is_paused`, mostly with a `question` for
        `answer_video_agent`. A failed agent or video is a `VideoFailedError`. Once a `video_id` is known, the video is
        asked for too (``GET /v3/videos/{video_id}``), so a session that is gone while its video is made loses nothing.
        """
        from .polling import Agent, wait

        agent = Agent(self, session_id, self._transport)
        return wait("agent", agent.ask, lambda: agent.code, timeout, self.posted_at(agent.id), self._transport)

    def list_video_agent_styles(
        self, *, tag: str | None = None, limit: int = 20, token: str | None = None
    ) -> Page[VideoAgentStyle]:
        """List one page of 1 to 100 styles for agents, `token` as in `list_looks`: ``GET /v3/video-agents/styles``."""
        return fetch_page(self._listing("video_agent_styles", tag), limit, token)

    def list_brand_kits(self, *, limit: int = 20, token: str | None = None) -> Page[BrandKit]:
        """List one page of 1 to 100 brand kits for video agents, `token` as in `list_looks`: ``GET /v3/brand-kits``."""
        return fetch_page(self._listing("brand_kits"), limit, token)

    def posted_at(self, record_id: str) -> float | None:
        """Return when this client started or answered a video or agent, on the clock of `time.monotonic`, or None."""
        posted = self._transport.posted.get(record_id)
        return posted and posted[0]

    def _voices(self, type: object, *filters: object) -> dict[str, Listing[Voice]]:
        types = ("private", "public") if plain(type) is None else (type,)  # without one, HeyGen lists public voices
        return {str(one): self._listing("voices", one, *filters) for one in types}


for _name in [name for name in vars(HeyGenClient) if name.startswith(("list_", "iter_"))]:
    setattr(HeyGenClient, _name, known_keywords(getattr(HeyGenClient, _name), error=validation.unknown_filter))
