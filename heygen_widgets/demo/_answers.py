"""The stand-in's response to a path and a query, as values: routes, arguments and paging."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

from ._catalogue import Catalogue
from ._previews import Previews
from ._records import ApiError, found, group_record, invalid, look_record
from ._videos import Videos
from ._vocabulary import AVATAR_TYPES, OWNERSHIPS
from ._voices import Voices

MAX_LIMIT = 50
"""Largest page of looks or groups."""

MAX_VOICES = 100
"""Largest page of voices."""

DEFAULT_LIMIT = 20
"""Size of a page by default."""

_Item = TypeVar("_Item")
_ALLOWED = {"avatar_type": AVATAR_TYPES, "ownership": OWNERSHIPS}


def path_segments(path: str) -> list[str]:
    """Split a path into its parts, then decode each: an encoded slash stays inside its part."""
    return [unquote(segment) for segment in path.split("/")[1:]]


class Answers:
    """The endpoints over one catalogue.

    Parameters
    ----------
    catalogue : Catalogue
    previews : Previews
    voices : Voices
    videos : Videos
    secret : bytes
        Signs the cursor tokens; at most 64 bytes.
    """

    def __init__(self, catalogue: Catalogue, previews: Previews, voices: Voices, videos: Videos, secret: bytes) -> None:
        self._catalogue = catalogue
        self._previews = previews
        self._voices = voices
        self._videos = videos
        self._secret = secret

    def get(self, path: str, query: str) -> dict[str, Any]:
        """Return the body for `GET path?query`, ready for JSON.

        Raises
        ------
        ApiError
            404 for an unknown route or id, 400 for an invalid argument.
        """
        arguments = dict(parse_qsl(query, keep_blank_values=True))
        match path_segments(path):
            case ["v3", "avatars"]:
                groups = self._catalogue.select_groups(ownership=_choice(arguments, "ownership"))
                return self._page(path, arguments, groups, lambda group: group_record(group, self._previews))
            case ["v3", "avatars", "looks"]:
                filters = {name: _choice(arguments, name) for name in _ALLOWED}
                looks = self._catalogue.select_looks(group_id=arguments.get("group_id"), **filters)
                return self._page(path, arguments, looks, lambda look: look_record(look, self._previews))
            case ["v3", "avatars", "looks", look_id] if look_id:
                look = found(self._catalogue.look(look_id), "avatar_not_found", f"Avatar look {look_id}")
                return {"data": look_record(look, self._previews)}
            case ["v3", "avatars", group_id] if group_id:
                group = found(self._catalogue.group(group_id), "avatar_group_not_found", f"Avatar group {group_id}")
                return {"data": group_record(group, self._previews)}
            case ["v3", "voices", voice_id] if voice_id:
                return {"data": found(self._voices.record(voice_id), "voice_not_found", f"Voice {voice_id}")}
            case ["v3", "voices"]:
                voices = self._voices.select(language=arguments.get("language"), gender=arguments.get("gender"))
                return self._page(path, arguments, voices, lambda voice: voice, MAX_VOICES)
            case ["v3", "videos", video_id] if video_id:
                return self._videos.video(video_id)
            case ["v3", "video-agents", session_id] if session_id:
                return self._videos.session(session_id)
            case ["v3", "users", "me"]:
                # The fields are an assumption.
                return {"data": {"username": "demo", "email": "demo@example.invalid", "remaining_credits": 100}}
        raise ApiError(404, "not_found", f"There is nothing at {path}")

    def _page(
        self,
        path: str,
        arguments: dict[str, str],
        items: Sequence[_Item],
        record: Callable[[_Item], dict[str, Any]],
        most: int = MAX_LIMIT,
    ) -> dict[str, Any]:
        limit = _limit(arguments, most)
        token = arguments.get("token")
        filters = sorted(item for item in arguments.items() if item[0] not in ("limit", "token"))
        query = repr((path, limit, filters))
        start = 0 if token is None else self._place(token, query)
        stop = min(start + limit, len(items))
        more = stop < len(items)
        return {
            "data": [record(item) for item in items[start:stop]],
            "has_more": more,
            "next_token": self._token(f"{stop}", query) if more else None,
        }

    def _token(self, place: str, query: str) -> str:
        """Return a place in a list and its seal, which is valid only for the query."""
        sealed = f"{place} {query}".encode("utf-8", "surrogatepass")
        return f"{place}-{hashlib.blake2b(sealed, key=self._secret, digest_size=12).hexdigest()}"

    def _place(self, token: str, query: str) -> int:
        place = token.partition("-")[0]
        if token != self._token(place, query):
            raise invalid("token", "token is not valid for this query: reuse it with the same filters and limit")
        return int(place)


def _choice(arguments: dict[str, str], name: str) -> str | None:
    value = arguments.get(name)
    if value is not None and value not in _ALLOWED[name]:
        raise invalid(name, f"{name} must be one of {', '.join(_ALLOWED[name])}, not {value!r}")
    return value


def _limit(arguments: dict[str, str], most: int) -> int:
    text = arguments.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= most):
        raise invalid("limit", f"limit must be a whole number from 1 to {most}, not {text!r}")
    return int(text)
