"""The stand-in's response to a path and a query, as values: routes, arguments and paging."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, unquote

from ._catalogue import Catalogue
from ._previews import Previews
from ._records import ApiError, group_record, invalid, look_record
from ._videos import Videos
from ._vocabulary import AVATAR_TYPES, OWNERSHIPS
from ._voices import Voices

MAX_LIMIT = 50
"""Largest page of looks or groups."""

MAX_VOICES = 100
"""Largest page of voices."""

DEFAULT_LIMIT = 20
"""Size of a page by default."""

_OFFSET_BYTES = 4
_SEAL_BYTES = 14
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

    def get(self, path: str, query: str, *, shift: int = 0) -> dict[str, Any]:
        """Return the body for `GET path?query`, ready for JSON. A page of a list starts `shift` records later.

        Raises
        ------
        ApiError
            404 for an unknown route or id, 400 for an invalid argument.
        """
        arguments = dict(parse_qsl(query, keep_blank_values=True))
        match path_segments(path):
            case ["v3", "avatars"]:
                return self._groups(arguments, shift)
            case ["v3", "avatars", "looks"]:
                return self._looks(arguments, shift)
            case ["v3", "avatars", "looks", look_id] if look_id:
                look = self._catalogue.look(look_id)
                if look is None:
                    raise ApiError(404, "avatar_not_found", f"Avatar look {look_id} was not found")
                return {"data": look_record(look, self._previews)}
            case ["v3", "avatars", group_id] if group_id:
                group = self._catalogue.group(group_id)
                if group is None:
                    raise ApiError(404, "avatar_group_not_found", f"Avatar group {group_id} was not found")
                return {"data": group_record(group, self._previews)}
            case ["v3", "voices", voice_id] if voice_id:
                voice = self._voices.record(voice_id)
                if voice is None:
                    raise ApiError(404, "voice_not_found", f"Voice {voice_id} was not found")
                return {"data": voice}
            case ["v3", "voices"]:
                return self._list_voices(arguments, shift)
            case ["v3", "videos", video_id] if video_id:
                return self._videos.video(video_id)
            case ["v3", "video-agents", session_id] if session_id:
                return self._videos.session(session_id)
            case ["v3", "users", "me"]:
                # The fields are an assumption.
                return {"data": {"username": "demo", "email": "demo@example.invalid", "remaining_credits": 100}}
        raise ApiError(404, "not_found", f"There is nothing at {path}")

    def _looks(self, arguments: dict[str, str], shift: int) -> dict[str, Any]:
        group_id = arguments.get("group_id")
        avatar_type, ownership = _choice(arguments, "avatar_type"), _choice(arguments, "ownership")
        query = ("looks", group_id, avatar_type, ownership)
        looks = self._catalogue.select_looks(group_id=group_id, avatar_type=avatar_type, ownership=ownership)
        start, stop, ends = self._page(query, len(looks), arguments, shift)
        return {"data": [look_record(look, self._previews) for look in looks[start:stop]], **ends}

    def _groups(self, arguments: dict[str, str], shift: int) -> dict[str, Any]:
        ownership = _choice(arguments, "ownership")
        groups = self._catalogue.select_groups(ownership=ownership)
        start, stop, ends = self._page(("groups", ownership), len(groups), arguments, shift)
        return {"data": [group_record(group, self._previews) for group in groups[start:stop]], **ends}

    def _list_voices(self, arguments: dict[str, str], shift: int) -> dict[str, Any]:
        language, gender = arguments.get("language"), arguments.get("gender")
        voices = self._voices.select(language=language, gender=gender)
        query = ("voices", arguments.get("type"), language, gender)
        start, stop, ends = self._page(query, len(voices), arguments, shift, MAX_VOICES)
        return {"data": voices[start:stop], **ends}

    def _page(
        self,
        query: tuple[str | None, ...],
        total: int,
        arguments: dict[str, str],
        shift: int,
        most: int = MAX_LIMIT,
    ) -> tuple[int, int, dict[str, Any]]:
        """Return where the page starts and stops, and `has_more` and `next_token`."""
        limit = _limit(arguments, most)
        token = arguments.get("token")
        start = 0 if token is None else self._offset(token, query, limit)
        start = max(0, start + shift)
        stop = min(start + limit, total)
        more = stop < total
        return start, stop, {"has_more": more, "next_token": self._token(stop, query, limit) if more else None}

    def _token(self, offset: int, query: tuple[str | None, ...], limit: int) -> str:
        place = offset.to_bytes(_OFFSET_BYTES, "big")
        return base64.urlsafe_b64encode(place + self._seal(place, query, limit)).decode()

    def _offset(self, token: str, query: tuple[str | None, ...], limit: int) -> int:
        try:
            sealed = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            sealed = b""
        place, seal = sealed[:_OFFSET_BYTES], sealed[_OFFSET_BYTES:]
        if not hmac.compare_digest(seal, self._seal(place, query, limit)):
            message = "token is not valid for this query: reuse it with the same filters and limit"
            raise invalid("token", message)
        return int.from_bytes(place, "big")

    def _seal(self, place: bytes, query: tuple[str | None, ...], limit: int) -> bytes:
        sealed = repr((place, query, limit)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(sealed, key=self._secret, digest_size=_SEAL_BYTES).digest()


def _choice(arguments: dict[str, str], name: str) -> str | None:
    value = arguments.get(name)
    if value is not None and value not in _ALLOWED[name]:
        message = f"{name} must be one of {', '.join(_ALLOWED[name])}, not {value!r}"
        raise invalid(name, message)
    return value


def _limit(arguments: dict[str, str], most: int) -> int:
    text = arguments.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= most):
        message = f"limit must be a whole number from 1 to {most}, not {text!r}"
        raise invalid("limit", message)
    return int(text)
