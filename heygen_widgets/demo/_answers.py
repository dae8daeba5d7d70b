"""The stand-in's response to a request of the API, as values: routes, arguments, paging and uploads."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Sequence
from email.message import Message
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

from ._agents import Agents
from ._catalogue import AVATAR_TYPES, OWNERSHIPS, Catalogue
from ._previews import Previews
from ._records import ApiError, account_record, found, group_record, invalid, look_record
from ._videos import Answer, Videos
from ._voices import VOICE_TYPES, Voices

MAX_LIMIT = 50
"""Largest page of looks or groups."""

MAX_LONG_LIMIT = 100
"""Largest page of anything else."""

DEFAULT_LIMIT = 20
"""Size of a page by default; of videos it is 10."""

MAX_ASSET = 32 * 2**20
"""Largest file that can be uploaded, in bytes."""

_ASSET_SUFFIXES = {
    **{"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "mp4": "video/mp4", "webm": "video/webm"},
    **{"mp3": "audio/mpeg", "wav": "audio/wav", "pdf": "application/pdf", "srt": "application/x-subrip"},
}
_ASSET_STARTS = {
    **{rb"\x89PNG\r\n": "image/png", rb"\xff\xd8\xff": "image/jpeg", rb"....ftyp": "video/mp4"},
    **{rb"\x1aE\xdf\xa3": "video/webm", rb"ID3|\xff[\xe2-\xfb]": "audio/mpeg", rb"RIFF....WAVE": "audio/wav"},
    rb"%PDF-": "application/pdf",
}

_Item = TypeVar("_Item")
_ALLOWED = {"avatar_type": AVATAR_TYPES, "ownership": OWNERSHIPS, "type": VOICE_TYPES}


def path_segments(path: str) -> list[str]:
    """Split a path into its parts, then decode each: an encoded slash stays inside its part."""
    return [unquote(segment) for segment in path.split("/")[1:]]


def allowed_methods(path: str) -> tuple[str, ...]:
    """Return the methods that a path takes."""
    match path_segments(path):
        case ["v3", "videos"]:
            return "GET", "POST"
        case ["v3", "video-agents"] | ["v3", "assets"]:
            return ("POST",)
        case ["v3", "video-agents", session_id] if session_id not in ("", "styles"):
            return "GET", "POST"
    return ("GET",)


class Answers:
    """The endpoints over one catalogue.

    Parameters
    ----------
    catalogue : Catalogue
    previews : Previews
    voices : Voices
    videos : Videos
    agents : Agents
    secret : bytes
        Signs the cursor tokens; at most 64 bytes.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        previews: Previews,
        voices: Voices,
        videos: Videos,
        agents: Agents,
        secret: bytes,
    ) -> None:
        self._catalogue = catalogue
        self._previews = previews
        self._voices = voices
        self._videos = videos
        self._agents = agents
        self._secret = secret

    def get(self, path: str, query: str, headers: Message) -> dict[str, Any]:
        """Return the body for `GET path?query`, ready for JSON; the headers say who pays for the account.

        Raises
        ------
        ApiError
            404 for an unknown route or id, 400 for an invalid argument.
        """
        arguments, left = self._continue(path, dict(parse_qsl(query, keep_blank_values=True)))
        page = functools.partial(self._page, path, arguments, left)
        match path_segments(path):
            case ["v3", "avatars"]:
                groups = self._catalogue.select_groups(ownership=_choice(arguments, "ownership"))
                return page(groups, lambda group: group_record(group, self._previews))
            case ["v3", "avatars", "looks"]:
                filters = {name: _choice(arguments, name) for name in ("avatar_type", "ownership")}
                looks = self._catalogue.select_looks(group_id=arguments.get("group_id"), **filters)
                return page(looks, lambda look: look_record(look, self._previews))
            case ["v3", "avatars", "looks", look_id] if look_id:
                look = found(self._catalogue.look(look_id), "avatar_not_found", f"Avatar look {look_id}")
                return {"data": look_record(look, self._previews)}
            case ["v3", "avatars", group_id] if group_id:
                group = found(self._catalogue.group(group_id), "avatar_group_not_found", f"Avatar group {group_id}")
                return {"data": group_record(group, self._previews)}
            case ["v3", "voices", voice_id] if voice_id:
                return {"data": found(self._voices.record(voice_id), "voice_not_found", f"Voice {voice_id}")}
            case ["v3", "voices"]:
                filters = {name: arguments.get(name) for name in ("language", "gender", "engine")}
                voices = self._voices.select(kind=_choice(arguments, "type") or "public", **filters)
                return page(voices, dict, MAX_LONG_LIMIT)
            case ["v3", "videos"]:
                videos = self._videos.select(title=arguments.get("title"), folder_id=arguments.get("folder_id"))
                return page(videos, self._videos.record, MAX_LONG_LIMIT, default=10)
            case ["v3", "videos", video_id] if video_id:
                return self._videos.video(video_id)
            case ["v3", "video-agents", "styles"]:
                return page(self._agents.styles(arguments.get("tag")), dict, MAX_LONG_LIMIT)
            case ["v3", "brand-kits"]:
                return page(self._agents.brand_kits(), dict, MAX_LONG_LIMIT)
            case ["v3", "video-agents", session_id] if session_id:
                return self._agents.session(session_id)
            case ["v3", "users", "me"]:
                return {"data": account_record(is_oauth="Authorization" in headers)}
        raise ApiError(404, "not_found", f"There is nothing at {path}")

    def post(self, path: str, body: bytes, headers: Message, work: Callable[[], object]) -> Answer:
        """Return the body for `POST path`, ready for JSON; see `Videos.create` for `work`."""
        match path_segments(path):
            case ["v3", "videos"]:
                return self._videos.create(_parsed(body), headers["Idempotency-Key"], work)
            case ["v3", "video-agents"]:
                return self._agents.create(_parsed(body))
            case ["v3", "video-agents", session_id] if session_id:
                return self._agents.answer(session_id, _parsed(body))
            case ["v3", "assets"]:
                return {"data": _asset(headers["Content-Type"] or "", body, self._previews.base_url)}
        raise ApiError(404, "not_found", f"There is nothing at {path}")

    def _page(
        self,
        path: str,
        arguments: dict[str, str],
        left: int | None,
        items: Sequence[_Item],
        record: Callable[[_Item], dict[str, Any]],
        most: int = MAX_LIMIT,
        default: int = DEFAULT_LIMIT,
    ) -> dict[str, Any]:
        limit = _limit(arguments, most, default)
        start = 0 if left is None else max(0, len(items) - left)
        rest = len(items) - start - limit
        return {
            "data": [record(item) for item in items[start : start + limit]],
            "has_more": rest > 0,
            "next_token": self._token(path, rest, {**arguments, "limit": str(limit)}) if rest > 0 else None,
        }

    def _token(self, path: str, left: int, arguments: dict[str, str]) -> str:
        """Return a sealed token for the rest of a list, counted from its end: new videos come first."""
        content = base64.urlsafe_b64encode(json.dumps([path, left, arguments]).encode()).decode()
        return f"{content}.{self._seal(content)}"

    def _seal(self, content: str) -> str:
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=12).hexdigest()

    def _continue(self, path: str, arguments: dict[str, str]) -> tuple[dict[str, str], int | None]:
        """Return the filters and limit of a query, those of its token if it has one, and how much of the list is left.

        A token may come alone, or with the filters and limit that it was made for.
        """
        token = arguments.pop("token", None)
        if token is None:
            return arguments, None
        content, _, seal = token.partition(".")
        if seal == self._seal(content):
            path_of_token, left, expected = json.loads(base64.urlsafe_b64decode(content))
            is_same = not arguments or {"limit": expected["limit"], **arguments} == expected
            if path == path_of_token and is_same:
                return expected, left
        raise invalid("token", "token is not valid for this query: send it alone, or with the same filters and limit")


def _choice(arguments: dict[str, str], name: str) -> str | None:
    value = arguments.get(name)
    if value is not None and value not in _ALLOWED[name]:
        raise invalid(name, f"{name} must be one of {', '.join(_ALLOWED[name])}, not {value!r}")
    return value


def _limit(arguments: dict[str, str], most: int, default: int) -> int:
    text = arguments.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= most):
        raise invalid("limit", f"limit must be a whole number from 1 to {most}, not {text!r}")
    return int(text)


def _parsed(body: bytes) -> dict[str, Any]:
    """Parse a body that must be a JSON object."""
    try:
        content = json.loads(body)
        # A lone surrogate could not be sent back in an error or a record.
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ApiError(400, "validation_error", "The body must be a JSON object with a Content-Length")
    return content


def _asset(content_type: str, body: bytes, base_url: str) -> dict[str, Any]:
    """Return the record of an uploaded file, which is not kept."""
    name, content = _uploaded(content_type, body)
    if len(content) > MAX_ASSET:
        raise too_large()
    starts = (kind for start, kind in _ASSET_STARTS.items() if re.match(start, content, re.DOTALL))
    kind = next(starts, _ASSET_SUFFIXES.get(name.rpartition(".")[2].lower()))
    if kind is None or not content:
        raise invalid("file", f"file must be one of {', '.join(_ASSET_SUFFIXES)} and not empty")
    asset_id = uuid.uuid4().hex
    return {"asset_id": asset_id, "url": f"{base_url}/assets/{asset_id}", "mime_type": kind, "size_bytes": len(content)}


def _uploaded(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Return the name and content of the field `file` in a multipart body."""
    boundary = re.search(r'^multipart/form-data;.*boundary="?([^";]+)', content_type, re.IGNORECASE)
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode()) if boundary else []
    for part in parts[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if re.search(rb'[; ]name="?file"?\s*(;|$)', head, re.MULTILINE):
            name = re.search(rb'filename="([^"]*)"', head)
            return name[1].decode("utf-8", "replace") if name else "", content
    raise invalid("file", "The body must be multipart/form-data with the field file")


def too_large() -> ApiError:
    """Return the error for an upload, or any body, over the limit."""
    return ApiError(413, "payload_too_large", f"A file may have {MAX_ASSET:,} bytes at most")
