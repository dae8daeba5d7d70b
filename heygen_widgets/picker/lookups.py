"""Slow work that a picker does for its views: voices, previews whose URLs have expired, and files to download."""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from .. import frame
from .._background import Worker, start_thread
from .._display import echo, image
from .._progress import unattended
from ..api import HeyGenClient
from ..errors import HeyGenError, NotFoundError
from ..gallery import looks_to_gallery
from ..models import AvatarGroup, Look, Voice
from .grid import GridModel
from .views import voice_of

_Record: TypeAlias = Look | AvatarGroup

# A CloudFront signature: ten digits of Unix time.
_EXPIRES = re.compile(r"https?://[^?#]*\?(?:[^#]*&)?Expires=([1-9][0-9]{9})(?:[&#]|$)", re.IGNORECASE)

_EXPIRED = "Some previews have expired"
_NO_CLIENT = f"{_EXPIRED}. A client renews them: LookPicker(table, client=client), LookCatalogue.open(path, client)."
_FAILED = f"{_EXPIRED} and cannot be renewed now. "
_IN_VAIN = f"{_EXPIRED}, and the service has no newer ones. Refresh to load the looks again."

_FILES = {  # the name and the media type of each kind of export
    "csv": ("avatar-looks.csv", "text/csv"),
    "excel": ("avatar-looks.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "gallery": ("avatar-looks.html", "text/html"),
    "ids": ("avatar-look-ids.txt", "text/plain"),
}
_NOTHING = {
    "selection": "Nothing is selected: select looks, or export all matches.",
    "matches": "No look matches: change the filter.",
}


class Lookups:
    """Fetch previews, at most two per second and each expired URL once, and voices, the last one asked for first.

    The client is the model's, whose catalogue gets the new URLs. `send` sends a method and its argument to the views:
    ``renewed`` with the ``images`` by card id, ``voice`` with the ``id`` and the ``voice`` or None, ``notice`` with the
    ``text`` to show about previews that cannot be renewed, or ``exported`` with a file (see `export`).
    """

    def __init__(self, model: GridModel, send: Callable[..., object]) -> None:
        self._model = model
        self._send = send
        self._in_vain: set[str] = set()  # expired URLs without better ones
        self._notice: str | None = ""  # None when it was dismissed
        self._known_voices: dict[str, Voice] = {}
        self._exporting = threading.Lock()
        self._previews: Worker[tuple[str, _Record]] = Worker("previews", self._renew, limit=600, interval=0.5)
        self._voices: Worker[str] = Worker("voices", self._find_voice, limit=4)

    def close(self) -> None:
        self._previews.close()
        self._voices.close()

    def renew_previews(self, records: Mapping[str, _Record]) -> None:
        """Renew the previews of cards, by card id. Those that have not expired are sent: a view may have missed one."""
        due = {card_id: record for card_id, record in records.items() if self._is_due(record)}
        if self._model.client:
            self._send_images({card_id: record for card_id, record in records.items() if card_id not in due})
            in_vain = any(record.preview_image_url in self._in_vain for record in records.values())
            self._say(_IN_VAIN if in_vain else self._notice)  # the notice is for a view that has missed it
            self._previews.submit(*due.items())
        elif due:
            self._say(_NO_CLIENT)

    def dismiss_notice(self) -> None:
        """Hide the notice about expired previews in all views, and never show it again."""
        self._send("notice", {"text": ""})
        self._notice = None

    def find_voice(self, look: Look | None) -> None:
        if look and look.default_voice_id and self._model.client:
            self._voices.submit(look.default_voice_id)

    def export(self, asked: object, selected: Iterable[Look]) -> None:
        """Send the selected or all matching looks as a file, one at a time, or what the ``problem`` is."""
        wanted = asked if isinstance(asked, dict) else {}
        view, kind, of = (echo(wanted.get(name)) for name in ("view", "kind", "of"))
        if kind not in _FILES or of not in _NOTHING:
            return
        looks, notes = [*map(self._model.loaded, selected)], list[str]()
        if of == "matches":
            looks = self._model.catalogue.matching(self._model.filter).looks()
            notes += [] if self._model.catalogue.complete else ["Not all looks are loaded yet."]
        if looks:
            start_thread("export", partial(self._export, view, kind, looks, notes))
        else:
            self._send_file(view, kind, _NOTHING[of])

    def _export(self, view: str | None, kind: str, looks: list[Look], notes: list[str]) -> None:
        if not self._exporting.acquire(blocking=False):
            self._send_file(view, kind, "Another export is still running: try again when it is done.")
            return
        problem, content = "The file could not be written.", list[bytes]()
        try:
            with unattended() as found, TemporaryDirectory(prefix="heygen_widgets-") as folder:
                content = [_write(kind, looks, Path(folder) / _FILES[kind][0], self._model.client).read_bytes()]
            problem = "\n".join(notes + found)
        except (HeyGenError, ValueError, OSError, ImportError) as error:
            problem = "\n".join(str(error).split("\n")[:3])
        finally:
            self._exporting.release()
            self._send_file(view, kind, problem, content)

    def _send_file(self, view: str | None, kind: str, problem: str, content: Sequence[bytes] = ()) -> None:
        name, media_type = _FILES[kind]
        self._send("exported", {"name": name, "type": media_type, "problem": problem}, view, content)

    def _send_images(self, records: Mapping[str, _Record]) -> None:
        if records:
            self._send("renewed", {"images": {card_id: image(record) for card_id, record in records.items()}})

    def _say(self, notice: str | None) -> None:
        if notice and self._notice is not None:
            self._notice = notice
            self._send("notice", {"text": notice})

    def _is_due(self, record: _Record) -> bool:
        url = record.preview_image_url or ""
        signed = _EXPIRES.match(url)
        return signed is not None and int(signed[1]) <= time.time() and url not in self._in_vain

    def _renew(self, request: tuple[str, _Record]) -> None:
        (card_id, old), client = request, self._model.client
        new: _Record | None = None
        try:
            if client:
                new = client.get_look(old.id) if isinstance(old, Look) else client.get_group(old.id)
        except (HeyGenError, ValueError) as error:
            if not isinstance(error, NotFoundError):
                self._previews.clear()  # the next request would fail in the same way
                self._say(_FAILED + str(error).split("\n")[0])
                return
        if (self._notice or "").startswith(_FAILED):
            self._notice = ""
            self._send("notice", {"text": ""})
        if new is None or self._is_due(new):
            self._in_vain.add((new or old).preview_image_url or "")  # nothing is better, or the clock is wrong
        if new is None or new.preview_image_url in (None, old.preview_image_url):
            self._say(_IN_VAIN)
        if new:
            self._model.catalogue.update_previews(new)
            self._send_images({card_id: new})

    def _find_voice(self, voice_id: str) -> None:
        client = self._model.client
        if client and voice_id not in self._known_voices:
            with suppress(HeyGenError, ValueError):
                self._known_voices[voice_id] = client.get_voice(voice_id)
        voice = self._known_voices.get(voice_id)
        self._send("voice", {"id": voice_id, "voice": voice_of(voice) if voice else None})


def _write(kind: str, looks: list[Look], path: Path, client: HeyGenClient | None) -> Path:
    if kind == "gallery":
        return looks_to_gallery(looks, path, client=client)
    if kind == "ids":
        path.write_text("".join(f"{look.id}\n" for look in looks), encoding="utf-8", newline="")
        return path
    return (frame.looks_to_csv if kind == "csv" else frame.looks_to_excel)(looks, path)
