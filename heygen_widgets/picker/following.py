"""The grid of a catalogue that is loading: it follows what arrives for as long as it is shown."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from typing import Any

import traitlets

from .._background import begin, report
from .._display import image
from ..api import HeyGenClient
from ..catalogue import LookCatalogue
from ..catalogue.renewal import expiry
from ..errors import HeyGenError
from ..models import AvatarGroup, Look
from .grid import LookGrid
from .options import FIRST_WINDOW, LARGEST_WINDOW

__all__ = ["FollowingGrid"]

_PAUSE = 0.2  # s, the least between two updates while looks arrive
_FIRST_PAUSE = 0.02  # s, the same before the first of them is shown
_SHARE = 0.1  # of the kernel's time, the most that updates take while looks arrive
_AWAITED = 600  # pictures, as many as a view keeps cards


class FollowingGrid(LookGrid):
    """A grid that loads its catalogue in the background, shows what arrives, and stops when it is shown nowhere.

    Parameters
    ----------
    catalogue : LookCatalogue or None
        None for that of ``HeyGenClient()``, once there can be one.
    cache : datetime.timedelta or None
        Of a catalogue made here.
    is_the_users : bool
        Whether the catalogue was given as such, so that it is not for the grid to stop it.
    **traits
        Values of the traits.
    """

    _view_count = traitlets.Int(0, allow_none=True, help="Displays of this picker; kept by the front end.").tag(
        sync=True
    )

    _paused = False  # since it is shown nowhere any more

    def __init__(
        self,
        catalogue: LookCatalogue | None,
        *,
        cache: timedelta | None,
        is_the_users: bool,
        **traits: Any,  # noqa: ANN401 - each trait has its own
    ) -> None:
        self._cache = cache
        self._is_the_users = is_the_users
        self._follower: threading.Thread | None = None
        self._expired: dict[str, str | None] = {}  # by the ids of cards, what a view has failed to load, the last first
        super().__init__(catalogue, **traits)

    @property
    def catalogue(self) -> LookCatalogue:
        """The looks behind the picker.

        Raises
        ------
        HeyGenError, ValueError
            When there is no usable key or service address yet: what the widget shows.
        """
        with self._guard:
            if self._catalogue is None:
                self._catalogue = LookCatalogue.shared(HeyGenClient(), cache=self._cache)
            return self._catalogue

    def close(self) -> None:
        """Take the picker from the screen and end its threads; what was chosen stays readable."""
        self._closing.set()
        with self._guard:
            self._pause()
            super().close()

    @traitlets.observe("_view_count")
    def _view_count_changed(self, change: dict[str, Any]) -> None:
        if change["old"] and not change["new"]:
            self._pause()
            return
        if self._paused:
            self._load()
        if (change["new"] or 0) > (change["old"] or 0):
            self._publish()
            if len(self._cards):
                self.set_trait("opening", self._window(0, FIRST_WINDOW))
            # Also what is complete may be loaded anew, by another picker or in Python.
            self._begin_to_follow()

    # -- loading ------------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Begin to load, or go on, and follow what arrives; not once it is closed, when a late message asks for it."""
        with self._guard:
            if self._closing.is_set():
                return
            try:
                catalogue = self.catalogue
            except (HeyGenError, ValueError) as error:
                self.error = str(error)
                return
            self._paused = False
            catalogue.hold(self)
            catalogue.load_in_background()
            catalogue.fetch_ahead(self.filter.group_id)
            self._begin_to_follow()

    def _begin_to_follow(self) -> None:
        with self._guard:
            online = self._catalogue is not None and self._catalogue.client
            if self._follower is None and online and not self._closing.is_set():
                try:
                    self._follower = begin("picker", self._follow)
                except HeyGenError as error:
                    self._notice = self.error = str(error)

    def _pause(self) -> None:
        if self._catalogue is not None and not self._is_the_users and not self._paused:
            self._catalogue.release(self)
        self._paused = True

    def _follow(self) -> None:
        """Publish what arrives for as long as the picker is shown or loading: what its thread does."""
        catalogue = self.catalogue
        revision = -1
        try:
            while True:
                latest = catalogue.wait_for_change(revision, timeout=1.0)
                begun = time.perf_counter()
                if latest != revision:
                    revision = latest
                    for tell in (self._publish, self._send_renewed):
                        try:
                            tell()
                        except Exception as error:  # noqa: BLE001 - of an observer of the user's, whatever it is
                            report(error)
                taken = time.perf_counter() - begun
                with self._guard:
                    needed = self._view_count or catalogue.progress.loading or catalogue.revision != revision
                    if self._closing.is_set() or not needed:
                        self._follower = None
                        return
                self._closing.wait(max(_PAUSE if len(self._cards) else _FIRST_PAUSE, taken / _SHARE))
        finally:
            # Also when an observer of the user's has ended the thread: the next loading is followed again.
            with self._guard:
                if self._follower is threading.current_thread():
                    self._follower = None

    def _pictured(self, card_ids: Iterable[str]) -> dict[str, Look | AvatarGroup]:
        """Give the records whose pictures the views show, by the ids of their cards."""
        return self._cards.pictured(card_ids)

    def _send_renewed(self) -> None:
        """Tell the views the new pictures of the cards whose old ones they have failed to load."""
        with self._guard:
            shown = {i: image(record) for i, record in self._pictured(self._expired).items()}
            renewed = {i: url for i, url in shown.items() if url != self._expired[i]}
            self._expired = {i: url for i, url in self._expired.items() if shown.get(i) == url}
            if renewed:
                self.send({"method": "renewed", "args": [{"version": self._version, "images": renewed}]})

    # -- what the view asks -------------------------------------------------------------------------------------------

    def vue_previews_failed(self, card_ids: object) -> None:
        """Renew the pictures that a view failed to load where their URLs have expired, in the order of their cards."""
        if not isinstance(card_ids, list):
            return
        with self._guard:
            if self._catalogue is None or self._closing.is_set():
                return
            failed = self._pictured([i for i in card_ids[:LARGEST_WINDOW] if isinstance(i, str)])
            signed = {i: until for i, record in failed.items() if (until := expiry(image(record)))}
            # Where it has been renewed already, the view has missed that: what it has is not this one.
            now = time.time()
            expired = {i: image(failed[i]) if until <= now else None for i, until in signed.items()}
            # Of one that was told before and has changed since, the views still have what was there then.
            self._expired = dict(islice({**expired, **self._expired}.items(), _AWAITED))
            self._catalogue.renew_previews(failed.values())
            self._send_renewed()

    def vue_retry(self, _: object = None) -> None:
        """Go on where an error ended the loading."""
        with self._guard:
            self._notice = self._dismissed = self.error = ""
            self._load()
            self._publish()

    def vue_refresh(self, _: object = None) -> None:
        """Load everything anew, or go on with that where it was stopped."""
        with self._guard, contextlib.suppress(HeyGenError, ValueError):
            if self._closing.is_set():
                return
            progress = self.catalogue.progress
            if progress.refreshed is None and not progress.loading:
                self.catalogue.refresh()
            self._load()
