"""The picker: filter dropdowns and a preview grid over a catalogue, and the chosen look as a trait."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import traitlets
from ipywidgets import Layout, ValueWidget

from ._grid import LookGrid
from ._messages import FIRST_WINDOW, LARGEST_WINDOW
from ._previews import image
from ._renewal import expiry
from ._sources import catalogue_of
from ._text import clip
from ._threads import begin, report
from .api import HeyGenClient
from .catalogue import LookCatalogue
from .errors import HeyGenError, NotFoundError
from .filters import LookFilter
from .models import Look

if TYPE_CHECKING:
    import pandas as pd

    Source: TypeAlias = HeyGenClient | LookCatalogue | pd.DataFrame | Iterable[Look]

__all__ = ["LookPicker"]

_PAUSE = 0.2  # s, the least between two updates while looks arrive
_FIRST_PAUSE = 0.02  # s, the same before the first of them is shown
_SHARE = 0.1  # of the kernel's time, the most that updates take while looks arrive
_AWAITED = 600  # pictures, as many as a view keeps cards
_NAMED = 3  # of the looks chosen, in the picker's repr


class LookPicker(LookGrid, ValueWidget):  # type: ignore[misc]  # that is not typed
    """Choose an avatar look: filter with dropdowns, see previews in a grid, click one.

    The first looks show after one request; the others arrive in the background. It never raises for want of a key or a
    network: what went wrong stands in the widget, with a button to try again. All traits can be observed and linked;
    `filter`, `show`, `selected_id`, `error`, `multiple` and `height` also on the browser's side (`ipywidgets.jslink`).
    Observers of `error`, `status`, `choices` and of all names may run on a thread of the picker's; what they raise
    there goes to `threading.excepthook`. All are called with no lock held, so that they can call whatever there is,
    `close` included, and wait for other threads. Only a block of `hold_trait_notifications` or `hold_sync` keeps the
    picker's lock: it must not wait for a thread that uses the picker.

    No other trait is the browser's to set, and what a trait refuses is set back there. The service is asked for at most
    100 ids from the browser's side that are not loaded, of looks and characters together; for ids assigned in Python
    always.

    Parameters
    ----------
    source : HeyGenClient, LookCatalogue, pandas.DataFrame or iterable of Look, optional
        Where the looks come from; ``HeyGenClient()`` unless given. A client's whole catalogue is loaded, once for all
        pickers on it. A DataFrame, as `looks_to_frame` gives it, and looks are shown in their order, without any
        request.
    multiple : bool, default False
        Whether several looks can be chosen: a click adds one, another takes it away.
    filter : LookFilter, optional
        What to show at first; everything unless given.
    selected_id : str, default ""
        The look chosen at first. One that is not loaded yet is fetched before anything else goes on
        (``GET /v3/avatars/looks/{look_id}``).
    height : int, default 560
        Of the grid, in px, 240 to 1,200.
    layout : ipywidgets.Layout, optional
        The full width of the cell or box unless given.
    cache : datetime.timedelta or None, default 24 hours
        For how long a client's complete catalogue stays good, kept in the user's cache folder; None keeps and takes
        none. See `LookCatalogue`.

    Raises
    ------
    TypeError
        For another `source`, or an unknown keyword.
    ValueError
        For a DataFrame that lacks ``id``, ``name`` or ``avatar_type``, or a negative `cache`.
    traitlets.TraitError
        For a value that a trait refuses.

    Examples
    --------
    >>> from heygen_widgets import demo_client
    >>> picker = LookPicker(demo_client(looks=200))
    >>> picker.value is None
    True
    """

    value = traitlets.Instance(
        Look, allow_none=True, help="The chosen look, or None; with several, the first. Look or None, default None."
    )
    values = traitlets.Tuple(help="All chosen looks in the order chosen. Tuple of Look, default ().")
    selected_id = traitlets.Unicode("", help='The id of `value`, or "". Str, default "".').tag(sync=True)
    multiple = traitlets.Bool(False, help="Whether several can be chosen. Bool, default False.").tag(sync=True)
    selected_ids = traitlets.List(traitlets.Unicode(), read_only=True, help="For the view: ids of `values`.").tag(
        sync=True
    )
    _view_count = traitlets.Int(0, allow_none=True, help="Displays of this picker; kept by the front end.").tag(
        sync=True
    )

    _paused = False  # since it is shown nowhere any more
    _is_the_users = False  # the catalogue, so that it is not for the picker to stop it

    def __init__(
        self,
        source: Source | None = None,
        *,
        multiple: bool = False,
        filter: LookFilter | None = None,
        selected_id: str = "",
        height: int = 560,
        layout: Layout | None = None,
        cache: timedelta | None = timedelta(hours=24),
    ) -> None:
        # Without a source, what is missing may come later: see `catalogue`.
        catalogue = None if source is None else catalogue_of(source, cache)
        self._cache = cache
        self._is_the_users = isinstance(source, LookCatalogue)
        self._follower: threading.Thread | None = None
        self._wanted_id = ""  # to be chosen once the service can be asked for it
        self._expired: dict[str, str | None] = {}  # by the ids of cards, what a view has failed to load, the last first
        super().__init__(
            catalogue,
            filter=LookFilter() if filter is None else filter,
            multiple=multiple,
            height=height,
            layout=Layout(flex="1 1 auto", width="auto", min_width="0") if layout is None else layout,
        )
        self._load()
        self._publish()
        self.selected_id = selected_id

    def __repr__(self) -> str:
        named = [clip(look.id) for look in self.values[:_NAMED]]
        more = [f"{len(self.values) - _NAMED:,} more"] if len(self.values) > _NAMED else []
        chosen = ", ".join([*named, *more]) or "nothing"
        return f"<LookPicker: {self.status.get('matched', 0):,} looks shown, {chosen} chosen>"

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

    def to_frame(self, *, flat: bool = False) -> pd.DataFrame:
        """Give the chosen looks as a DataFrame, one row each; see `looks_to_frame`."""
        from .frame import looks_to_frame

        return looks_to_frame(map(self._with_ownership, self.values), flat=flat, group_names=self._group_names())

    def _with_ownership(self, look: Look) -> Look:
        """Give the same look from the catalogue where that knows whose it is: a look fetched by its id does not."""
        known = self._catalogue.get(look.id) if self._catalogue is not None and not look.ownership else None
        return known or look

    def close(self) -> None:
        """Take the picker from the screen and end its threads; what was chosen stays readable."""
        self._closing.set()
        with self._guard:
            self._pause()
            super().close()

    # -- traits that follow each other --------------------------------------------------------------------------------

    @traitlets.validate("values")
    def _check_values(self, proposal: dict[str, Any]) -> tuple[Look, ...]:
        looks = tuple({look.id: look for look in proposal["value"] if isinstance(look, Look)}.values())
        if len(looks) != len(proposal["value"]):
            raise traitlets.TraitError(f"values must hold different Look records, not {proposal['value']!r}")
        if len(looks) > 1 and not self.multiple:
            raise traitlets.TraitError(f"{len(looks)} values need a LookPicker(…, multiple=True)")
        return looks

    @traitlets.observe("multiple")
    def _multiple_changed(self, change: dict[str, Any]) -> None:
        if not change["new"]:
            self.values = self.values[:1]

    @traitlets.observe("value")
    def _value_changed(self, change: dict[str, Any]) -> None:
        if self.values[:1] != ((change["new"],) if change["new"] else ()):
            self.values = (change["new"],) if change["new"] else ()

    @traitlets.observe("values")
    def _values_changed(self, change: dict[str, Any]) -> None:
        if self._notice and self.error == self._notice:
            self.error = ""
        self._notice = self._wanted_id = ""
        first = change["new"][0] if change["new"] else None
        self.set_trait("selected_ids", [look.id for look in change["new"]])
        self.selected_id = first.id if first else ""
        self.value = first

    @traitlets.observe("selected_id")
    def _selected_id_changed(self, change: dict[str, Any]) -> None:
        look_id = change["new"]
        if look_id == (self.values[0].id if self.values else ""):
            return
        problem: HeyGenError | ValueError | None = None
        look = None
        try:
            # Others need not wait for the service.
            with self._guard.released():
                look = self._get(look_id) if look_id else None
        except (HeyGenError, ValueError) as error:
            problem = error
        if self.selected_id != look_id:
            return  # another was chosen meanwhile
        if problem:
            self._notice = self.error = str(problem)
            self._wanted_id = "" if isinstance(problem, NotFoundError) else look_id
            self.selected_id = self.values[0].id if self.values else ""
        else:
            self.values = (look,) if look else ()

    def _takes(self, name: str, value: object) -> bool:
        if not super()._takes(name, value):
            return False
        if name != "selected_id" or not value or value == self.selected_id or self._knows(value) or self._may_ask(1):
            return True
        self._notice = self.error = f"There is no look {value!r} among those loaded."
        return False

    def _knows(self, look_id: object) -> bool:
        """Whether no service is asked for a look."""
        catalogue = self._catalogue
        return catalogue is not None and (catalogue.client is None or catalogue.get(str(look_id)) is not None)

    def _get(self, look_id: str) -> Look:
        self.catalogue.wait_for_snapshot()
        look, client = self.catalogue.get(look_id), self.catalogue.client
        if look is not None:
            return look
        if client is None:
            raise HeyGenError(f"There is no look {look_id!r} among these {len(self.catalogue):,}.")
        return client.get_look(look_id)

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

    def _send_renewed(self) -> None:
        """Tell the views the new pictures of the cards whose old ones they have failed to load."""
        with self._guard:
            shown = {i: image(record) for i, record in self._cards.pictured(self._expired).items()}
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
            failed = self._cards.pictured([i for i in card_ids[:LARGEST_WINDOW] if isinstance(i, str)])
            signed = {i: until for i, record in failed.items() if (until := expiry(image(record)))}
            # Where it has been renewed already, the view has missed that: what it has is not this one.
            now = time.time()
            expired = {i: image(failed[i]) if until <= now else None for i, until in signed.items()}
            # Of one that was told before and has changed since, the views still have what was there then.
            self._expired = dict(islice({**expired, **self._expired}.items(), _AWAITED))
            self._catalogue.renew_previews(failed.values())
            self._send_renewed()

    def vue_choose(self, look_id: object) -> None:
        """Choose the look that was clicked; take it back when it is chosen already."""
        with self._guard:
            look = self._catalogue.get(look_id) if self._catalogue is not None and isinstance(look_id, str) else None
            if look is None:
                return
            if look.id in self.selected_ids:
                self.values = tuple(chosen for chosen in self.values if chosen.id != look.id)
            else:
                self.values = (*self.values, look) if self.multiple else (look,)

    def vue_retry(self, _: object = None) -> None:
        """Go on where an error ended the loading."""
        with self._guard:
            self._notice = self.error = ""
            self._load()
            self._publish()
            if self._wanted_id and self._may_ask(1):
                self.selected_id = self._wanted_id

    def vue_refresh(self, _: object = None) -> None:
        """Load everything anew, or go on with that where it was stopped."""
        with self._guard, contextlib.suppress(HeyGenError, ValueError):
            if self._closing.is_set():
                return
            progress = self.catalogue.progress
            if progress.refreshed is None and not progress.loading:
                self.catalogue.refresh()
            self._load()
