"""URLs of preview pictures and clips: made for a record, checked when they are fetched."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from importlib import resources

from ._catalogue import Look
from ._portraits import data_url, portrait

PREVIEW_KINDS = ("data", "http")
"""`data`: pictures as `data:` URLs; `http`: pictures served by the stand-in."""

_DAY = 86_400
_KEY_PAIR_ID = "KDEMOSTANDIN"


def clip_name(look: Look) -> str:
    """Return the file name, without `.webm`, of the clip of a filmed look: it stands for the picture."""
    return hashlib.blake2b(portrait(look).encode(), digest_size=6).hexdigest()


def read_clips() -> dict[str, bytes]:
    """Read all clips, by name.

    Each is a silent loop of 2.4 s: the picture of one look, drawn frame by frame as a person who speaks and blinks,
    rendered and encoded by a browser as VP9 in WebM. A changed picture has another name, and needs a new clip.
    """
    media = resources.files(__package__).joinpath("media")
    return {file.name.removesuffix(".webm"): file.read_bytes() for file in media.iterdir()}


class Previews:
    """Preview URLs of one running stand-in.

    Parameters
    ----------
    base_url : str
        Without a slash at the end.
    kind : str
        One of `PREVIEW_KINDS`; clips always have an http URL.
    clock : callable
        Returns Unix time in s.
    secret : bytes
        Signs the URLs.
    """

    def __init__(self, base_url: str, kind: str, clock: Callable[[], float], secret: bytes) -> None:
        self.base_url = base_url
        self._kind = kind
        self._clock = clock
        self._secret = secret

    def image_url(self, look: Look) -> str:
        """Return the URL of a picture; over http, that of a photo avatar is signed and valid for 3 to 6 days."""
        if self._kind == "data":
            return data_url(look)
        if look.avatar_type == "photo_avatar":
            path = f"/talking_photo/{look.id}/{look.group.voice_id}.WEBP"
            # The signature changes once a day, so browsers can cache the picture for a day.
            expires = (int(self._clock()) // _DAY + 4) * _DAY + look.paint % (2 * _DAY)
            return self.signed(path, expires)
        if "_" in look.id:
            return f"{self.base_url}/public-avatars/{look.id}/full/{look.paint % 9}_3.jpg"
        return f"{self.base_url}/avatar/v3/{look.id}_{look.paint % 9}/preview_target.webp"

    def video_url(self, look: Look) -> str:
        """Return the URL of the look's clip. It ends in `.mp4`, and the format is WebM."""
        return f"{self.base_url}/avatar/v3/{look.id}_{look.paint % 9}/preview_video_target.mp4"

    def signed(self, path: str, expires: int) -> str:
        """Return the URL of a path with a signature that is valid until `expires`, in Unix seconds."""
        digest = hashlib.shake_256(self._secret + f"{path}?{expires}".encode()).digest(180)
        signature = base64.urlsafe_b64encode(digest).decode()
        return f"{self.base_url}{path}?Expires={expires}&Signature={signature}&Key-Pair-Id={_KEY_PAIR_ID}"

    def is_valid(self, path: str, query: str) -> bool:
        """Return whether a signed URL has the right signature and has not expired."""
        match = re.match(r"Expires=(\d{1,12})&", query, re.ASCII)
        if match is None:
            return False
        expires = int(match[1])
        genuine = self.signed(path, expires)
        given = f"{self.base_url}{path}?{query}"
        return hmac.compare_digest(given.encode(), genuine.encode()) and self._clock() < expires
