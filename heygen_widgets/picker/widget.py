"""The picker: filter dropdowns and a preview grid over a catalogue, with the selected look as a trait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import traitlets
from IPython.display import display
from ipywidgets import Layout, ValueWidget

from .. import frame
from .._background import WIDGET_LOCK, Worker
from .._display import echo
from .._files import UserPath
from .._parsing import plain
from .._widget import SharedTemplate, read_vue
from ..api import HeyGenClient
from ..api.credentials import Secret
from ..api.media import thumbnails
from ..catalogue import LookCatalogue
from ..catalogue.cache import DEFAULT_MAX_AGE
from ..errors import HeyGenError
from ..filters import FilterFields, LookFilter, as_filter
from ..gallery import looks_to_gallery
from ..models import Look, Looks
from . import views
from .grid import GridModel, Source, catalogue_of
from .lookups import Lookups
from .saved import Memory, Shortlist, fallback, first_selection
from .views import FIRST_WINDOW, FRONTEND_TRAITS, HEIGHTS, LARGEST_WINDOW, MOST_COMPARED, TILES, bounded, card

if TYPE_CHECKING:
    import pandas as pd

_TEMPLATE = Path(__file__).with_suffix(".vue")


class LookPicker(SharedTemplate, ValueWidget):  # type: ignore[misc]  # ipywidgets has no types
    """Select an avatar look: filter with dropdowns, see previews in a grid, click one.

    The first looks show after one request, the others arrive in the background. A missing key or network shows as an
    error with a button to try again. Traits can be observed and linked, most also in the browser. Observers share a
    lock with all widgets of this package: they must not wait for another thread.

    Parameters
    ----------
    source : HeyGenClient, LookCatalogue, table, or iterable of Look or dict, optional
        Default ``HeyGenClient()``, whose whole catalogue is loaded, once for all its pickers. A table (see
        `frame_to_looks`), looks and rows keep their order.
    client : HeyGenClient, optional
        With a table or looks, it renews previews that have expired, and fetches voices, looks by id and the pictures of
        exports; nothing is loaded. Without a `source`, its whole catalogue is shown.
    multiple : bool, default False
        Whether several looks can be selected, up to 120.
    filter, view : LookFilter, str or dict, and {"looks", "characters"}, optional
        What to show at first, default everything; a text is a search. Whether the grid shows looks, as by default, or
        one card per character.
    selected_id, values : str, and iterable of Look or str, optional
        The id of the look that is selected at first; or, instead, looks or their ids. One that is not loaded is fetched
        (``GET /v3/avatars/looks/{look_id}``).
    height, tile, layout : int, {"s", "m", "l"} and ipywidgets.Layout, optional
        Height of the grid in px, 240 to 1,200 (default: two thirds of the window); tile size, default "m"; the layout.
    remember : str, optional
        A name such as ``"casting"``: a picker with it starts with the filter, view and selection of the last one, also
        in another session; arguments given here come first. The file in the user's data folder, such as
        ``~/.local/share/heygen_widgets/pickers/casting.json``, holds no URL; delete it to forget.
    cache : datetime.timedelta or None, default 24 hours
        How long a complete catalogue in the user's cache folder stays good; None switches the cache off.
    api_key : str, optional
        Instead of a `source`, for ``HeyGenClient(api_key)``.
    **fields : optional
        The fields of a `LookFilter`, such as ``search`` and ``gender``, which change those of `filter`.

    Raises
    ------
    TypeError, ValueError, traitlets.TraitError
        For an invalid argument, such as a table without ``id``.
    """

    value: traitlets.TraitType[Look | None, Any] = traitlets.Instance(
        Look, allow_none=True, help="The selected look, or None; with several, the first. It takes an id too."
    )
    values: traitlets.TraitType[tuple[Look, ...], Any] = traitlets.Tuple(
        default_value=Looks(), help="All selected looks in the order of selection, at most 120. It takes ids too."
    )
    selected_id = traitlets.Unicode("", help='The id of `value`, or "". Str, default "".').tag(sync=True)
    filter: traitlets.TraitType[LookFilter, Any] = views.FilterTrait("What is shown. It takes a search too.")
    view = traitlets.CaselessStrEnum(("looks", "characters"), "looks", help="What the grid shows.").tag(sync=True)
    error = traitlets.Unicode("", help='What could not be done, or "". Str, default "".').tag(sync=True)
    multiple = traitlets.Bool(False, help="Whether several looks can be selected. Bool, default False.").tag(sync=True)
    height = traitlets.Int(None, True, **HEIGHTS, help="Of the grid, in px; None suits the window.").tag(sync=True)
    tile = traitlets.CaselessStrEnum(TILES, "m", help="Size of the tiles.").tag(sync=True)
    selected_ids: traitlets.List[str] = traitlets.List(read_only=True, help="For the view: every id.").tag(sync=True)
    first_window = traitlets.Dict(read_only=True, help="For a view that is mounting: its first message.").tag(sync=True)
    _view_count = traitlets.Int(0, help="Displays; kept by the front end.").tag(sync=True)
    _meant = staticmethod(views.meant_assignment)

    def __init__(
        self,
        source: Source | None = None,
        *,
        client: HeyGenClient | None = None,
        multiple: bool = False,
        filter: LookFilter | str | Mapping[str, Any] | None = None,
        view: str = "looks",
        selected_id: str | Look = "",
        values: Iterable[Look | str] = (),
        height: int | None = None,
        tile: str = "m",
        layout: Layout | None = None,
        remember: str | None = None,
        cache: timedelta | None = DEFAULT_MAX_AGE,
        api_key: str | None = None,
        **fields: Unpack[FilterFields],
    ) -> None:
        key = Secret(api_key)  # type: ignore[arg-type]  # a verbose traceback shows local variables
        del api_key
        if isinstance(source, str) or isinstance(client, str):  # perhaps a key
            del source, client
            raise TypeError(views.NO_SOURCE)
        views.refuse_unknown(fields, LookPicker)
        selected, wanted = first_selection(selected_id, values), as_filter(filter, **fields)
        self._model = GridModel(catalogue_of(source, client, cache, key), client, cache)
        self._publisher: Worker[object] = Worker("picker", self._publish, limit=1, interval=0.2)  # five per second
        self._lookups = Lookups(self._model, self._call)
        self._shortlist = Shortlist(self._model)
        self._screen = 0  # the most cards that a view has in sight
        self._first_state: object = None  # of the model, when `first_window` was set
        self._memory = Memory(remember)
        self._initial = (plain(view), wanted), selected
        has_filter = bool(fields) or filter is not None
        (view, wanted), selected = self._memory.restored(self._initial, has_filter, multiple, lambda: self.catalogue)
        parts = {f"look-{path.stem}": read_vue(path) for path in _TEMPLATE.parent.glob("*.vue") if path != _TEMPLATE}
        traits = {"filter": wanted, "view": view, "multiple": plain(multiple), "height": plain(height)}
        layout = views.LAYOUT if layout is None else layout
        super().__init__(_TEMPLATE, layout, components=parts, tile=plain(tile), **traits)
        self.values = self._shortlist.known(selected)  # before an error of the load, which a selection clears
        self._load()
        self._select(selected)
        self.observe(lambda _: self._memory.keep(self.view, self.filter, self.values), ("filter", "view", "values"))

    def __repr__(self) -> str:
        if not self._is_made:  # in a traceback of __init__
            return "LookPicker(…)"
        return f"<LookPicker: {self._status()['matched']:,} looks shown, {len(self.values)} selected>"

    def _texts(self) -> dict[str, str]:
        return fallback(self._status(), self.values, self.filter, self.view)

    def _status(self) -> dict[str, Any]:
        with WIDGET_LOCK:
            self._send_update()
            return self._model.status()

    @property
    def catalogue(self) -> LookCatalogue:
        """The looks behind the picker. Without a usable key or address it raises HeyGenError or ValueError."""
        with WIDGET_LOCK:
            if self._model.is_waiting:
                self._model.start(HeyGenClient())
            return self._model.catalogue

    def to_frame(self, *, flat: bool = False, previews: bool = True) -> pd.DataFrame:
        """Return the selected looks as a DataFrame, one row each; see `looks_to_frame`."""
        return frame.looks_to_frame(map(self._model.loaded, self.values), flat=flat, previews=previews)

    def to_csv(self, path: UserPath, *, previews: bool = True) -> Path:
        """Write the selected looks (at least one) to a CSV file: `looks_to_csv`."""
        return frame.looks_to_csv(self._model.exported(self.values, "to_csv"), path, previews=previews)

    def to_excel(self, path: UserPath, *, images: bool = False, previews: bool = True) -> Path:
        """Write the selected looks (at least one) to an Excel file; see `LookCatalogue.to_excel`."""
        looks, draw = self._model.exported(self.values, "to_excel"), partial(thumbnails, client=self._model.client)
        return frame.looks_to_excel(looks, path, previews=previews, draw=draw if images else None)

    def to_parquet(self, path: UserPath, *, previews: bool = True) -> Path:
        """Write the selected looks (at least one) to a Parquet file: `looks_to_parquet`."""
        return frame.looks_to_parquet(self._model.exported(self.values, "to_parquet"), path, previews=previews)

    def gallery(
        self, path: UserPath = "avatar-looks.html", *, title: str = "Avatar looks", videos: bool = False
    ) -> Path:
        """Write the selected looks (at least one) to an HTML page that opens without Jupyter: `looks_to_gallery`."""
        looks = self._model.exported(self.values, "gallery")
        return looks_to_gallery(looks, path, title=title, videos=videos, client=self._model.client)

    def reset(self) -> None:
        """Bring back the filter, view and selection that the picker was created with."""
        shown, selected = self._initial
        first = selected[: None if self.multiple else 1]
        with WIDGET_LOCK:
            self._move(shown)
            self.values = self._shortlist.known(first)
        self._select(first)  # with those that have to be fetched

    def clear(self) -> None:
        """Deselect all looks. The button in the picker that brings them back works."""
        with WIDGET_LOCK:
            self._shortlist.keep_for_undo()
            self.values = ()

    def refresh(self) -> None:
        """Load everything again in the background, or continue a stopped refresh. Errors show in the picker."""
        with WIDGET_LOCK:
            self._load(again=True)

    def show(self) -> None:
        """Display the picker, as ``picker`` on the last line of a cell does."""
        display(self)

    def code(self, kind: Literal["python", "video"] = "python") -> str:
        """Return code that restores selection, filter and view of a client's full catalogue, without its key.

        "video" makes a video with the first selected look, which costs credits. A `ValueError` without a usable one.
        """
        with WIDGET_LOCK:
            return self._model.code(kind, self.values, self.multiple)

    def _leave_page(self) -> None:
        super()._leave_page()
        self._model.forget()

    def close(self) -> None:
        """Remove the picker from the page and end its threads. The selection stays readable."""
        self._publisher.close()
        self._lookups.close()
        super().close()

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("value", "values", "selected_id"):
            # A look that is not loaded is fetched first, without the lock, so that no click waits for a cell's request.
            try:
                value = self._shortlist.assigned(name, value, lambda: self.catalogue)
            except (HeyGenError, ValueError) as error:
                self.error = str(error)
                raise error.with_traceback(None) from None
        super().__setattr__(name, value)

    def _select(self, wanted: Iterable[object]) -> None:
        """Select looks and ids. The picker shows the error for one that cannot be fetched."""
        with suppress(HeyGenError, ValueError):
            self.values = wanted

    @traitlets.validate("value", "values")
    def _check_values(self, proposal: dict[str, Any]) -> Looks | Look | None:
        return views.checked_selection(proposal["value"], self.multiple)

    @traitlets.observe("multiple")
    def _multiple_changed(self, change: dict[str, Any]) -> None:
        self.values = self.values[: None if change["new"] else 1]

    @traitlets.observe("values")
    def _values_changed(self, change: dict[str, Any]) -> None:
        looks = self._shortlist.selected = change["new"]
        self._shortlist.wanted, self.error = (), ""
        self.set_trait("selected_ids", [look.id for look in looks])
        self.selected_id = looks[0].id if looks else ""
        self.value = looks[0] if looks else None
        self._update_texts()

    @traitlets.observe("value")
    def _value_changed(self, change: dict[str, Any]) -> None:
        if change["new"] != (self.values[0] if self.values else None):
            self.values = change["new"]

    @traitlets.observe("selected_id")
    def _selected_id_changed(self, change: dict[str, Any]) -> None:
        current = self.values[0].id if self.values else ""
        look = self._shortlist.find(change["new"])
        if change["new"] and look is None:  # not assigned, or no longer loaded
            self.selected_id, self.error = current, f"There is no look {change['new']!r} among the loaded ones."
        elif change["new"] != current:
            self.values = (look,) if look else ()

    @traitlets.observe("filter", "view")
    def _filter_changed(self, _: object = None) -> None:
        self._model.show(self.filter, self.view)
        if self._model.catalogue.progress.loading:
            self._follow()
        self._send_update()

    @traitlets.observe("_view_count")
    def _view_count_changed(self, change: dict[str, Any]) -> None:
        # Gives a view that is mounting its first pictures. It is emptied again: no saved notebook holds looks.
        if change["new"] > change["old"] and len(self._model):
            self._send_update()
            self._first_state = self._model.state
            self.set_trait("first_window", self._model.message(0, FIRST_WINDOW))

    def _allows(self, name: str, value: object) -> bool:
        if name == "filter":
            return self._model.changed_filter(LookFilter(), value) is not None
        is_valid = name in FRONTEND_TRAITS and FRONTEND_TRAITS[name](value)
        if is_valid and name == "selected_id" and value and not self._shortlist.find(value):
            self.error = f"There is no look {value!r} among the loaded ones."
            return False
        return is_valid

    def _load(self, *, again: bool = False) -> None:
        try:
            catalogue = self.catalogue
            catalogue.on_load(self._follow)
            if again and not catalogue.progress.loading and catalogue.progress.refreshed is None:
                catalogue.refresh()
            catalogue.load_in_background()
        except (HeyGenError, ValueError) as error:
            self.error = str(error)
        self._filter_changed()

    def _follow(self) -> None:
        """Publish what arrives in a load that has started, and may have ended already."""
        self._publisher.submit(object())  # a new object: the one that is being handled is ignored

    def _publish(self, _: object) -> None:
        """Send the looks that have arrived, and come back while the load goes on."""
        self._model.catalogue.wait_for_snapshot()  # its looks come at once, and would wait for the next time
        loading = self._model.catalogue.progress.loading  # before the update, which then shows the end of the load
        self._send_update()
        if loading:
            self._publisher.submit(object())
        else:
            self._update_texts()

    def _send_update(self, *, force: bool = False) -> None:
        with WIDGET_LOCK:
            if message := self._model.news(self._screen if self.comm else 0, force=force):
                self._call("update", message)

    def _call(self, method: str, answer: dict[str, Any], view: object = None, buffers: Sequence[bytes] = ()) -> None:
        """Call a method of the views. They skip the answers to other views."""
        self.send({"method": method, "args": [{"view": echo(view), **answer}]}, [*buffers])

    def _move(self, to: tuple[str, LookFilter] | None) -> None:
        if to:
            with self.hold_trait_notifications():
                self.view, self.filter = to
            self._send_update()

    def _choose(self, looks: Sequence[Look]) -> None:
        self.values, problem = views.selectable(looks)
        self.error = problem or self.error

    # -- events of the view, which may contain anything ---------------------------------------------------------------

    def vue_ask_window(self, asked: object) -> None:
        if isinstance(asked, dict):
            self._screen = max(self._screen, bounded(asked.get("screen"), FIRST_WINDOW, LARGEST_WINDOW))
            self._send_update()
            self._call("update", self._model.answer(asked), asked.get("view"))

    def vue_took_first_window(self, _: object = None) -> None:
        """Empty `first_window`, and send what the view has missed while it was mounting."""
        self._screen = max(self._screen, FIRST_WINDOW)
        self.set_trait("first_window", {})
        self._send_update(force=self._first_state != self._model.state)

    def vue_ask_options(self, asked: object) -> None:
        if isinstance(asked, dict):
            self._call("options", self._model.options(asked.get("field"), asked.get("query")), asked.get("view"))

    def vue_set_filter(self, changes: object) -> None:
        wanted = self._model.changed_filter(self.filter, changes)
        self.filter = self.filter if wanted is None else wanted

    def vue_set_view(self, view: object) -> None:
        self._move(self._model.switch(view))

    def vue_open_character(self, group_id: object) -> None:
        self._move(self._model.open_character(group_id))

    def vue_show_character(self, group_id: object) -> None:
        self._move(self._model.show_character(group_id, self.values))

    def vue_leave_character(self, _: object = None) -> None:
        self._move(self._model.leave_character())

    def vue_select(self, asked: object) -> None:
        self._choose(self._shortlist.toggled(asked, self.multiple))

    def vue_select_range(self, asked: object) -> None:
        self._choose(self._shortlist.ranged(asked, self.multiple))

    def vue_order(self, ids: object) -> None:
        self.values = self._shortlist.ordered(ids)

    def vue_clear_selection(self, _: object = None) -> None:
        self.clear()

    def vue_restore_selection(self, _: object = None) -> None:
        self.values = self._shortlist.cleared(self.multiple)

    def vue_ask_answer(self, view: object) -> None:
        """Say that the events before this one have been handled, and what is selected now."""
        self._call("answered", {"ids": self.selected_ids}, view)

    def vue_ask_selected(self, view: object) -> None:
        self._call("selected", {"looks": [card(self._model.loaded(look)) for look in self.values]}, view)

    def vue_ask_details(self, asked: object) -> None:
        if isinstance(asked, dict) and isinstance(ids := asked.get("ids"), list):
            looks = [self._model.details(look) for look in self._shortlist.known(ids[:MOST_COMPARED])]
            self._call("details", {"looks": looks}, asked.get("view"))

    def vue_ask_voice(self, look_id: object) -> None:
        self._lookups.find_voice(self._shortlist.find(look_id))

    def vue_ask_code(self, view: object) -> None:
        self._call("code", {"python": self.code()}, view)

    def vue_export(self, asked: object) -> None:
        self._lookups.export(asked, self.values)

    def vue_previews_failed(self, card_ids: object) -> None:
        self._lookups.renew_previews(self._shortlist.pictured(card_ids))

    def vue_dismiss_notice(self, _: object = None) -> None:
        self._lookups.dismiss_notice()

    def vue_retry(self, _: object = None) -> None:
        """Continue the load, and select what could not be fetched before."""
        wanted, self.error, self._model.dismissed = self._shortlist.wanted or self.values, "", ""
        self._load()
        self._select(wanted)

    def vue_show_demo(self, _: object = None) -> None:
        if self._model.start_demo():
            self._shortlist.wanted = ()
        self.vue_retry()

    def vue_refresh(self, _: object = None) -> None:
        self.refresh()

    def vue_dismiss(self, _: object = None) -> None:
        """Hide the error. The same loading error stays hidden until the next retry."""
        self.error = ""
        self._model.dismiss()
        self._send_update(force=True)
