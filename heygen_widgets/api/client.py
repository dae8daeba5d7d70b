"""The thin API module: one short method an endpoint, and paging."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from .._display import literal
from .._parsing import json_object, unknown_fields
from ..errors import HeyGenError
from ..models import AvatarGroup, Look, Page, Voice
from .base import BASE_URL, Query
from .validation import LARGEST_PAGE, checked_id, checked_limit, checked_ownership, checked_text
from .video_calls import VideoCalls

if TYPE_CHECKING:
    from ..job import VideoJob
    from ..videos import VideoRequest

__all__ = ["BASE_URL", "HeyGenClient"]

_LOOKS = "/v3/avatars/looks"
_GROUPS = "/v3/avatars"
_VOICES = "/v3/voices"
_ME = "/v3/users/me"
_LARGEST_PAGE_OF_VOICES = 100
_RENAMED_TYPES = {"video_avatar": "digital_twin"}


class HeyGenClient(VideoCalls):
    """HeyGen's avatars, by its v3 API. Threads may share a client; a copy or a pickle of it is refused.

    Parameters
    ----------
    api_key : str or None, default None
        None takes the environment variable ``HEYGEN_API_KEY``, else the file of HeyGen's own command-line client
        (``credentials`` in ``HEYGEN_CONFIG_DIR`` or ``~/.heygen``), which may hold an OAuth login instead.
    base_url : str or None, default None
        None takes the environment variable ``HEYGEN_API_BASE``, else ``https://api.heygen.com``. Plain http is for
        loopback alone, and loopback bypasses proxies.
    timeout : tuple of float, default (5, 30)
        Connect and read time-out in s, or one number for both. An answer that drips ends after connect + 2 × read, its
        headers too unless `session` is given. What begins a video or an agent reads for 120 s at least.
    max_retries : int, default 2
        How often a request is sent again after 429, 500, 502, 503, 504 or a broken connection where that is safe:
        always but for an agent, which is asked again only when nothing was sent (see `create_video_agent`). Waits 1 s,
        then twice as long each time, or as long as the service asks for, at most 30 s. After a 429 all threads of the
        client wait, and then go on one by one, soon as fast as before. With 0 nothing waits. The variable
        ``HEYGEN_MAX_RETRIES`` of HeyGen's own client is not read: this argument says it all.
    session : requests.Session or None, default None
        A session of your own, say for a proxy or a certificate. It is neither changed (though its cookie jar takes what
        the service sets) nor closed.

    Raises
    ------
    MissingAPIKeyError
        When there is no key, or what was found cannot be one. It is a `ValueError` too.
    ValueError, TypeError
        When another argument makes no sense.

    Notes
    -----
    All methods raise `HeyGenError` and its subclasses when the service or the network fails, and `ValueError` or
    `TypeError`, before anything is sent, when an argument makes no sense.

    Of a list, a record that cannot be read, say for want of an id, is left out with a `UserWarning`, so that one does
    not bar the way to all others; a page without any that can be read is an `APIResponseError`.
    """

    def list_looks(
        self,
        *,
        group_id: str | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Look]:
        """List one page of avatar looks: ``GET /v3/avatars/looks``.

        Parameters
        ----------
        group_id : str or None, default None
            Only the looks of this avatar group.
        avatar_type : str or None, default None
            ``studio_avatar``, ``digital_twin``, ``photo_avatar`` or a newer one; ``video_avatar`` is sent under its new
            name, ``digital_twin``.
        ownership : {"public", "private"} or None, default None
            None for both. The looks' `ownership` is what is given here.
        limit : int, default 20
            Looks a page, 1 to 50.
        token : str or None, default None
            ``next_token`` of the page before, with the same filters and the same limit.

        Returns
        -------
        Page of Look
        """
        query = _look_query(group_id, avatar_type, ownership)
        return self._page(_LOOKS, query, checked_limit(limit), checked_text("token", token), _look_reader(query))

    def iter_looks(
        self,
        *,
        group_id: str | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        max_items: int | None = None,
    ) -> Iterator[Look]:
        """Go through avatar looks to the end, asking for pages as they are needed: ``GET /v3/avatars/looks``.

        Parameters
        ----------
        group_id, avatar_type, ownership
            As for `list_looks`; they are checked at once.
        max_items : int or None, default None
            Stop after so many; None for all of them.

        Raises
        ------
        APIResponseError
            When the pages have no proper end, after the looks that came before.
        """
        query = _look_query(group_id, avatar_type, ownership)
        return self._items(_LOOKS, query, max_items, _look_reader(query))

    def iter_look_pages(
        self,
        *,
        group_id: str | None = None,
        avatar_type: str | None = None,
        ownership: str | None = None,
        limit: int = LARGEST_PAGE,
        token: str | None = None,
    ) -> Iterator[Page[Look]]:
        """Go through avatar looks page by page: ``GET /v3/avatars/looks``.

        Parameters
        ----------
        group_id, avatar_type, ownership, limit
            As for `list_looks`, but pages of 50 by default; they are checked at once.
        token : str or None, default None
            Where to go on: ``next_token`` of a page asked for with the same filters and the same limit.

        Raises
        ------
        APIResponseError
            When the pages have no proper end, after the pages that came before.
        """
        query = _look_query(group_id, avatar_type, ownership)
        return self._pages(_LOOKS, query, checked_limit(limit), checked_text("token", token), _look_reader(query))

    def get_look(self, look_id: str) -> Look:
        """Get one avatar look, with preview URLs that are fresh: ``GET /v3/avatars/looks/{look_id}``.

        Parameters
        ----------
        look_id : str
            The id of a look, not of a group.

        Raises
        ------
        NotFoundError
            When there is none with this id.
        """
        return Look.from_json(self._object(_LOOKS, "look_id", look_id))

    def list_groups(
        self, *, ownership: str | None = None, limit: int = 20, token: str | None = None
    ) -> Page[AvatarGroup]:
        """List one page of avatar groups (characters): ``GET /v3/avatars``.

        Parameters
        ----------
        ownership, limit, token
            As for `list_looks`.

        Returns
        -------
        Page of AvatarGroup
        """
        query = _group_query(ownership)
        return self._page(_GROUPS, query, checked_limit(limit), checked_text("token", token), _group_reader(query))

    def iter_groups(self, *, ownership: str | None = None, max_items: int | None = None) -> Iterator[AvatarGroup]:
        """Go through avatar groups to the end, asking for pages as they are needed: ``GET /v3/avatars``.

        Parameters
        ----------
        ownership, max_items
            As for `iter_looks`.
        """
        query = _group_query(ownership)
        return self._items(_GROUPS, query, max_items, _group_reader(query))

    def iter_group_pages(
        self, *, ownership: str | None = None, limit: int = LARGEST_PAGE, token: str | None = None
    ) -> Iterator[Page[AvatarGroup]]:
        """Go through avatar groups page by page: ``GET /v3/avatars``.

        Parameters
        ----------
        ownership, limit, token
            As for `iter_look_pages`.
        """
        query = _group_query(ownership)
        return self._pages(_GROUPS, query, checked_limit(limit), checked_text("token", token), _group_reader(query))

    def get_group(self, group_id: str) -> AvatarGroup:
        """Get one avatar group: ``GET /v3/avatars/{group_id}``.

        Parameters
        ----------
        group_id : str
            The id of a group, not of a look.

        Raises
        ------
        NotFoundError
            When there is none with this id.
        """
        return AvatarGroup.from_json(self._object(_GROUPS, "group_id", group_id))

    def get_voice(self, voice_id: str) -> Voice:
        """Get one voice, such as the `default_voice_id` of a look: ``GET /v3/voices/{voice_id}``.

        Parameters
        ----------
        voice_id : str
            The id of a voice.

        Raises
        ------
        NotFoundError
            When there is none with this id.
        """
        return Voice.from_json(self._object(_VOICES, "voice_id", voice_id))

    def list_voices(
        self,
        *,
        type: str | None = None,
        language: str | None = None,
        gender: str | None = None,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Voice]:
        """List one page of voices: ``GET /v3/voices``.

        Parameters
        ----------
        type, language, gender : str or None, default None
            Sent as they are: no page lists their values.
        limit : int, default 20
            Voices a page, 1 to 100.
        token : str or None, default None
            ``next_token`` of the page before, with the same filters and the same limit.

        Returns
        -------
        Page of Voice
        """
        query = _voice_query(type, language, gender)
        checked = checked_limit(limit, _LARGEST_PAGE_OF_VOICES)
        return self._page(_VOICES, query, checked, checked_text("token", token), Voice.from_json)

    def iter_voices(
        self,
        *,
        type: str | None = None,
        language: str | None = None,
        gender: str | None = None,
        max_items: int | None = None,
    ) -> Iterator[Voice]:
        """Go through voices to the end, asking for pages as they are needed: ``GET /v3/voices``.

        Parameters
        ----------
        type, language, gender
            As for `list_voices`.
        max_items : int or None, default None
            Stop after so many; None for all of them.
        """
        query = _voice_query(type, language, gender)
        return self._items(_VOICES, query, max_items, Voice.from_json, _LARGEST_PAGE_OF_VOICES)

    def start_video(self, request: VideoRequest, *, idempotency_key: str | None = None) -> VideoJob:
        """Check a request against its look, begin the video, and give a card that follows it in the notebook.

        The look is fetched first (``GET /v3/avatars/looks/{look_id}``), and so are the look it refers to and, for what
        may be a private twin, its group. It returns once the service has taken the request; the render goes on.

        Parameters
        ----------
        request : VideoRequest
        idempotency_key : str or None, default None
            As for `create_video`.

        Returns
        -------
        VideoJob

        Raises
        ------
        VideoOptionError
            With everything that the service would refuse, before anything is sent.
        NotFoundError
            When there is no such look, such as when a group's id is given.
        HeyGenError
            As for `create_video`.

        Warns
        -----
        VideoOptionWarning
            For what nobody can say before it is asked for.
        """
        # The one way up from this floor: only a notebook needs the widget, and this module does without.
        from ..job import VideoJob

        self._checked(request)
        look = self.get_look(request.avatar_id)
        reference = self.get_look(request.reference_look_id) if request.reference_look_id else None
        group = None
        if look.avatar_type == "digital_twin" and look.group_id:
            # It only tells of a doubt, which no fault of the service's shall turn into an error.
            with suppress(HeyGenError, ValueError):
                group = self.get_group(look.group_id)
        checked = request._checked(look, group, reference, stacklevel=3)
        video = self.create_video(checked, idempotency_key=idempotency_key)
        try:
            return VideoJob(self, video_id=video.id, look=look)
        except BaseException as error:
            # Whatever keeps the card away, the video is begun, and nobody else knows its id.
            error.add_note(
                f"The video {video.id!r} was begun: client.wait_for_video({literal(video.id)}) waits for it."
            )
            raise

    def get_me(self) -> dict[str, Any]:
        """Get the account, and what it has left: ``GET /v3/users/me``. A cheap way to try a key.

        Returns
        -------
        dict
            As served, cleaned as the fields of records are. No page lists its fields.

        Raises
        ------
        AuthenticationError
            When the service does not accept the key.
        """
        account = json_object(self._transport.request("GET", _ME)["data"], "account")
        return unknown_fields(account, ())


def _look_query(group_id: str | None, avatar_type: str | None, ownership: str | None) -> Query:
    avatar_type = checked_text("avatar_type", avatar_type)
    return {
        "group_id": None if group_id is None else checked_id("group_id", group_id),
        "avatar_type": _RENAMED_TYPES.get(avatar_type, avatar_type) if avatar_type else None,
        **_group_query(ownership),
    }


def _group_query(ownership: str | None) -> Query:
    return {"ownership": checked_ownership(ownership)}


def _voice_query(type: str | None, language: str | None, gender: str | None) -> Query:
    return {
        name: checked_text(name, value) for name, value in (("type", type), ("language", language), ("gender", gender))
    }


def _look_reader(query: Query) -> Callable[[object], Look]:
    return partial(Look.from_json, ownership=query["ownership"])  # type: ignore[arg-type]  # the query's is a str


def _group_reader(query: Query) -> Callable[[object], AvatarGroup]:
    return partial(AvatarGroup.from_json, ownership=query["ownership"])  # type: ignore[arg-type]
