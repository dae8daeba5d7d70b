"""The picker: filter dropdowns and a preview grid over a catalogue, and the chosen look as a trait."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import traitlets
from ipyvuetify.VuetifyTemplate import VuetifyTemplate
from ipywidgets import Layout, ValueWidget

from ._messages import (
    FIRST_WINDOW,
    LARGEST_WINDOW,
    LONGEST_TEXT,
    SHORT_FIELDS,
    CharacterCards,
    LookCards,
    bounded,
    clip,
    found_options,
    short_options,
    title_of_character,
)
from ._sources import catalogue_of
from .api import HeyGenClient
from .catalogue import LookCatalogue, Progress
from .errors import HeyGenError, NotFoundError
from .filters import FACETS, LookFilter
from .models import Look

if TYPE_CHECKING:
    import pandas as pd

    Source: TypeAlias = HeyGenClient | LookCatalogue | pd.DataFrame | Iterable[Look]

__all__ = ["LookPicker"]

_PAUSE = 0.1  # s, the least between two updates while looks arrive
_SHARE = 0.1  # of the kernel's time, the most that updates take while looks arrive
_CHOSEN_TITLES = 50  # chosen characters that are called by their name
_HEIGHTS = (240, 1200)  # px


class LookPicker(VuetifyTemplate, ValueWidget):  # type: ignore[misc]  # neither is typed
    """Choose an avatar look: filter with dropdowns, see previews in a grid, click one.

    The first looks show after one request; the others arrive in the background. It never raises for want of a key or a
    network: what went wrong stands in the widget, with a button to try again. All traits can be observed and linked;
    `filter`, `show`, `selected_id`, `error`, `multiple` and `height` also on the browser's side (`ipywidgets.jslink`).
    Observers of `error` may run on a thread of the picker's.

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

    template_file = (__file__, "picker.vue")

    @traitlets.default("components")
    def _parts(self) -> dict[str, str]:
        parts = {"look-bar": "picker_bar.vue", "look-chips": "picker_chips.vue", "look-empty": "picker_empty.vue"}
        return {name: Path(__file__).with_name(file).read_text(encoding="utf-8") for name, file in parts.items()}

    value = traitlets.Instance(
        Look, allow_none=True, help="The chosen look, or None; with several, the first. Look or None, default None."
    )
    values = traitlets.Tuple(help="All chosen looks in the order chosen. Tuple of Look, default ().")
    filter = traitlets.Instance(
        LookFilter, help="What is shown. Assign another; it is frozen. LookFilter, default LookFilter()."
    ).tag(
        sync=True,
        to_json=lambda wanted, _: wanted.to_json(),
        from_json=lambda fields, _: LookFilter(**fields),
    )
    show = traitlets.Enum(
        ("looks", "characters"),
        "looks",
        help='What the grid shows: looks, or a card for each character. "looks" or "characters", default "looks".',
    ).tag(sync=True)
    selected_id = traitlets.Unicode("", help='The id of `value`, or "". Str, default "".').tag(sync=True)
    error = traitlets.Unicode("", help='What went wrong and what to do, or "". Str, default "".').tag(sync=True)
    multiple = traitlets.Bool(False, help="Whether several can be chosen. Bool, default False.").tag(sync=True)
    height = traitlets.Int(560, help="Of the grid, in px. Int, 240 to 1,200, default 560.").tag(sync=True)

    selected_ids = traitlets.List(traitlets.Unicode(), read_only=True, help="For the view: ids of `values`.").tag(
        sync=True
    )
    status = traitlets.Dict(read_only=True, help="For the view: counts and version of what is shown.").tag(sync=True)
    choices = traitlets.Dict(read_only=True, help="For the view: what the short dropdowns offer.").tag(sync=True)
    opened = traitlets.Unicode(
        None,
        allow_none=True,
        read_only=True,
        help="For the view: the character that was opened from its card, or None.",
    ).tag(sync=True)
    # A view in the making would miss a message, but finds this. Else it is empty: no saved notebook shall hold looks.
    opening = traitlets.Dict(read_only=True, help="For a view in the making: its first window.").tag(sync=True)
    _view_count = traitlets.Int(0, allow_none=True, help="Displays of this picker; kept by the front end.").tag(
        sync=True
    )

    # Here and not in __init__, because `close` is called also for a picker whose arguments were refused.
    _closing = traitlets.Instance(threading.Event, ())
    _catalogue: LookCatalogue | None = None
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
        self._catalogue = None if source is None else catalogue_of(source, cache)
        self._cache = cache
        self._is_the_users = isinstance(source, LookCatalogue)
        # Taken by whatever changes synced traits or the rows shown: handlers come on several threads (see `set_state`).
        self._guard = threading.RLock()
        self._version = 0
        self._cards: LookCards | CharacterCards = CharacterCards((), filtered=False)
        self._published: tuple[int, LookFilter, str] | None = None  # revision, filter and `show` the views know of
        self._screen = 0  # the most cards that a view has in sight; 0 while there is none
        self._moving = False  # between two traits that change together
        self._group_before: tuple[str, ...] = ()  # the filter's, before a character was opened
        self._follower: threading.Thread | None = None
        self._notice = ""  # an error that is not the loading's
        self._wanted_id = ""  # to be chosen once the service can be asked for it
        super().__init__(
            filter=LookFilter() if filter is None else filter,
            multiple=multiple,
            height=height,
            layout=Layout(flex="1 1 auto", width="auto", min_width="0") if layout is None else layout,
        )
        self._load()
        self._publish()
        self.selected_id = selected_id

    def __repr__(self) -> str:
        chosen = ", ".join(look.id for look in self.values) or "nothing"
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
        known = self._catalogue.get(look.id) if self._catalogue and not look.ownership else None
        return known or look

    def _group_names(self) -> dict[str, str]:
        groups = self._catalogue.groups if self._catalogue else {}
        return {group.id: group.name for group in groups.values()}

    def close(self) -> None:
        """Take the picker from the screen and end its threads; what was chosen stays readable."""
        self._closing.set()
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

    @traitlets.validate("height")
    def _check_height(self, proposal: dict[str, Any]) -> int:
        low, high = _HEIGHTS
        if not low <= proposal["value"] <= high:
            raise traitlets.TraitError(f"height must be {low} to {high} px, not {proposal['value']!r}")
        return int(proposal["value"])

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
        look = self._find(look_id) if look_id else None
        if look_id and look is None:
            self.selected_id = self.values[0].id if self.values else ""
        else:
            self.values = (look,) if look else ()

    def _find(self, look_id: str) -> Look | None:
        try:
            return self._get(look_id)
        except (HeyGenError, ValueError) as error:
            self._notice = self.error = str(error)
            self._wanted_id = "" if isinstance(error, NotFoundError) else look_id
            return None

    def _get(self, look_id: str) -> Look:
        self.catalogue.wait_for_snapshot()
        look, client = self.catalogue.get(look_id), self.catalogue.client
        if look is None and client is None:
            raise HeyGenError(f"There is no look {look_id!r} among these {len(self.catalogue):,}.")
        return look or client.get_look(look_id)  # type: ignore[union-attr]  # one of them is there

    @traitlets.observe("filter", "show")
    def _filter_changed(self, _: dict[str, Any]) -> None:
        if not self._moving:
            self._show_now(None if self.show == "characters" or self.filter.group_id != (self.opened,) else self.opened)

    def _move(self, show: str, group_id: str | tuple[str, ...], opened: str | None) -> None:
        """Change what is shown and the filter's character in one step."""
        self._moving = True
        try:
            self.show = show
            self.filter = self.filter.replace(group_id=group_id)
        finally:
            self._moving = False
        self._show_now(opened)

    def _show_now(self, opened: str | None) -> None:
        self.set_trait("opened", opened)
        if self._catalogue is not None:
            self._catalogue.fetch_ahead(self.filter.group_id)
        self._publish()

    @traitlets.observe("_view_count")
    def _view_count_changed(self, change: dict[str, Any]) -> None:
        if change["old"] and not change["new"]:
            self._pause()
            return
        if not change["old"]:
            self._load()
        if (change["new"] or 0) > (change["old"] or 0) and len(self._cards):
            self.set_trait("opening", self._window(0, FIRST_WINDOW))

    # -- loading ------------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Begin to load, or go on, and follow what arrives."""
        try:
            catalogue = self.catalogue
        except (HeyGenError, ValueError) as error:
            self.error = str(error)
            return
        catalogue.hold(self)
        catalogue.load_in_background()
        catalogue.fetch_ahead(self.filter.group_id)
        with self._guard:
            if self._follower is None and catalogue.client and not self._closing.is_set():
                self._follower = threading.Thread(target=self._follow, name="heygen_widgets: picker", daemon=True)
                self._follower.start()

    def _pause(self) -> None:
        if self._catalogue is not None and not self._is_the_users:
            self._catalogue.release(self)

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
                    self._publish()
                taken = time.perf_counter() - begun
                with self._guard:
                    needed = self._view_count or catalogue.progress.loading or catalogue.revision != revision
                    if self._closing.is_set() or not needed:
                        self._follower = None
                        return
                self._closing.wait(max(_PAUSE, taken / _SHARE))
        finally:
            # Also when an observer of the user's has raised: the next loading is followed again.
            with self._guard:
                if self._follower is threading.current_thread():
                    self._follower = None

    def _publish(self) -> None:
        """Bring what the views know in line with the catalogue and the filter."""
        with self._guard:
            if self._catalogue is None or self._closing.is_set():
                return
            state = (self._catalogue.revision, self.filter, self.show)
            if state == self._published:
                return
            self._published = state
            progress = self._catalogue.progress
            cards = self._list()
            before = len(self._cards)
            # Cards that arrive at the end leave every position valid; anything else is another version.
            same = cards.begins_like(self._cards)
            self._cards = cards
            if not same:
                self._version += 1
            self.set_trait("choices", self._offer())
            self.set_trait("status", self._status(progress))
            self.error = self._problem(progress) or self._notice
            if self._screen and (not same or before < min(self._screen, len(cards))):
                self._send_window(None, 0, self._screen)

    def _list(self) -> LookCards | CharacterCards:
        if self.show == "characters":
            return CharacterCards(self.catalogue.characters(self.filter), filtered=bool(self.filter))
        return LookCards(self.catalogue.matching(self.filter))

    def _status(self, progress: Progress) -> dict[str, Any]:
        loaded_at = self.catalogue.loaded_at
        return {
            "version": self._version,
            "shown": len(self._cards),
            "matched": self._count_matched(),
            "loaded": progress.loaded,
            "expected": progress.expected,
            "loading": progress.loading,
            "complete": progress.complete,
            "refreshed": progress.refreshed,
            "loadedAt": loaded_at.timestamp() if loaded_at else None,
            "online": self.catalogue.client is not None,
        }

    def _count_matched(self) -> int:
        """Count the looks that match, also where the grid shows characters."""
        return len(self._cards) if isinstance(self._cards, LookCards) else len(self.catalogue.matching(self.filter))

    @staticmethod
    def _problem(progress: Progress) -> str:
        if progress.error is None:
            return ""
        missing = " and ".join(progress.missing)
        return f"Not complete: {missing}. {progress.error}" if missing else str(progress.error)

    def _offer(self) -> dict[str, list[dict[str, Any]]]:
        """Give what the dropdowns of few values offer, and the titles of what is chosen in the long ones."""
        catalogue, groups = self.catalogue, self.catalogue.groups
        counts = catalogue.facets(self.filter, SHORT_FIELDS)
        offer = {
            name: short_options(name, catalogue.values(name), counts[name], getattr(self.filter, name))
            for name in SHORT_FIELDS
        }
        offer["group_id"] = [
            {"value": i, "title": title_of_character(i, groups[i].name if i in groups else "")}
            for i in self.filter.group_id[:_CHOSEN_TITLES]
        ]
        offer["tag"] = [{"value": tag, "title": clip(tag) or "No tag"} for tag in catalogue.values("tag")[:1]]
        return offer

    # -- what the view asks -------------------------------------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the front end changed, one thread at a time: ipywidgets' own is not safe under several."""
        with self._guard:
            super().set_state(sync_data)

    def vue_ask_window(self, asked: dict[str, Any]) -> None:
        """Answer a view with the looks at some positions."""
        with self._guard:
            count = bounded(asked.get("count"), 1, LARGEST_WINDOW)
            self._screen = max(self._screen, bounded(asked.get("screen"), FIRST_WINDOW, LARGEST_WINDOW))
            self._send_window(asked.get("view"), bounded(asked.get("start"), 0, len(self._cards)), count)

    def vue_opened(self, version: object) -> None:
        """Take back the first window, which a view has now; send the one that holds if another version has come."""
        with self._guard:
            self._screen = max(self._screen, FIRST_WINDOW)
            self.set_trait("opening", {})
            if version != self._version:
                self._send_window(None, 0, self._screen)

    def vue_ask_options(self, asked: dict[str, Any]) -> None:
        """Answer a view with the characters or tags whose name has all words typed, those that match looks first."""
        with self._guard:
            field = asked.get("field")
            answer: dict[str, Any] = {"items": [], "more": 0}
            if self._catalogue and field == "group_id":
                answer = found_options(*self._characters(self._catalogue), asked.get("query"))
            elif self._catalogue and field == "tag":
                titles = {tag: clip(tag) or "No tag" for tag in self._catalogue.values("tag")}
                answer = found_options(titles, self._catalogue.facets(self.filter, ["tag"])["tag"], asked.get("query"))
            self.send({"method": "options", "args": [{"view": asked.get("view"), "field": field, **answer}]})

    def _characters(self, catalogue: LookCatalogue) -> tuple[dict[str, str], dict[str, int]]:
        """Give all characters' names, and their numbers of looks under the other filters, as far as known."""
        titles = {group.id: title_of_character(group.id, group.name) for group in catalogue.groups.values()}
        others = catalogue.characters(self.filter.replace(group_id=None, sort=None))
        counts = {c.id: c.matched or (c.group and c.group.looks_count) or 0 for c in others}
        return {**{i: title_of_character(i, "") for i in counts}, **titles}, counts

    def vue_set_filter(self, changes: dict[str, Any]) -> None:
        """Change some fields of the filter, as a dropdown or the search field does."""
        with self._guard:
            known = {name: value for name, value in changes.items() if name in (*FACETS, "ready", "sort")}
            if "search" in changes:
                known["search"] = str(changes["search"] or "")[:LONGEST_TEXT]
            # A view of ours sends none that is refused; whatever else may write to the comm changes nothing.
            with contextlib.suppress(TypeError, ValueError):
                self.filter = self.filter.replace(**known)

    def vue_clear_filter(self, _: object = None) -> None:
        """Show everything again, in the same order."""
        with self._guard:
            self.filter = LookFilter(sort=self.filter.sort)

    def vue_set_show(self, show: object) -> None:
        """Show looks or characters."""
        with self._guard, contextlib.suppress(traitlets.TraitError):
            self.set_trait("show", show)

    def vue_open_character(self, group_id: object) -> None:
        """Show the looks of the character whose card was clicked; `vue_leave_character` is the way back."""
        with self._guard:
            if isinstance(group_id, str) and self.show == "characters":
                self._group_before = self.filter.group_id
                self._move("looks", (group_id,), group_id)

    def vue_leave_character(self, _: object = None) -> None:
        """Show the characters again, as they were before one was opened."""
        with self._guard:
            self._move("characters", self._group_before if self.opened is not None else (), None)

    def vue_refresh(self, _: object = None) -> None:
        """Load everything anew."""
        with self._guard, contextlib.suppress(HeyGenError):
            self.catalogue.refresh()
            self._load()

    def vue_choose(self, look_id: object) -> None:
        """Choose the look that was clicked; take it back when it is chosen already."""
        with self._guard:
            look = self._catalogue.get(look_id) if self._catalogue and isinstance(look_id, str) else None
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
            if self._wanted_id:
                self.selected_id = self._wanted_id

    def _send_window(self, view: object, start: int, count: int) -> None:
        self.send({"method": "window", "args": [{"view": view, **self._window(start, count)}]})

    def _window(self, start: int, count: int) -> dict[str, Any]:
        return {
            "version": self._version,
            "matched": len(self._cards),
            "start": start,
            "looks": self._cards.cards(start, start + count),
        }
