"""The picker: filter dropdowns and a preview grid over a catalogue, and the chosen look as a trait."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ipywidgets import Layout, ValueWidget

from .._display import clip, echo
from ..api import BASE_URL, HeyGenClient
from ..catalogue import LookCatalogue
from ..filters import LookFilter
from ..models import Look
from .code import curl_code, python_code, video_code
from .fallback import fallback
from .panel import LookPanel
from .sources import catalogue_of

if TYPE_CHECKING:
    import pandas as pd

    Source: TypeAlias = HeyGenClient | LookCatalogue | pd.DataFrame | Iterable[Look]

__all__ = ["LookPicker"]

_NAMED = 3  # of the looks chosen, in the picker's repr


class LookPicker(LookPanel, ValueWidget):  # type: ignore[misc]  # that is not typed
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
        Whether several looks can be chosen, up to 120: a click adds one, another takes it away.
    filter : LookFilter, optional
        What to show at first; everything unless given.
    show : {"looks", "characters"}, default "looks"
        Whether the grid shows looks at first, or a card for each character.
    selected_id : str, default ""
        The look chosen at first. One that is not loaded yet is fetched before anything else goes on
        (``GET /v3/avatars/looks/{look_id}``).
    values : iterable of Look, default ()
        The looks chosen at first, instead of `selected_id`, loaded or not.
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
        For a DataFrame that lacks ``id``, ``name`` or ``avatar_type``, a negative `cache`, or both `selected_id` and
        `values`.
    traitlets.TraitError
        For a value that a trait refuses.

    Examples
    --------
    >>> from heygen_widgets import demo_client
    >>> picker = LookPicker(demo_client(looks=200))
    >>> picker.value is None
    True
    """

    def __init__(
        self,
        source: Source | None = None,
        *,
        multiple: bool = False,
        filter: LookFilter | None = None,
        show: str = "looks",
        selected_id: str = "",
        values: Iterable[Look] = (),
        height: int = 560,
        layout: Layout | None = None,
        cache: timedelta | None = timedelta(hours=24),
    ) -> None:
        looks = tuple(values)
        if selected_id and looks:
            raise ValueError(
                f"selected_id {selected_id!r} and values both say what is chosen at first: give one of them"
            )
        # Without a source, what is missing may come later: see `catalogue`.
        catalogue = None if source is None else catalogue_of(source, cache)
        self._made_with = (LookFilter() if filter is None else filter, show, selected_id, looks)
        super().__init__(
            catalogue,
            cache=cache,
            is_the_users=isinstance(source, LookCatalogue),
            filter=self._made_with[0],
            multiple=multiple,
            height=height,
            layout=Layout(flex="1 1 auto", width="auto", min_width="0") if layout is None else layout,
            # Of what it is anyway, no observer shall hear.
            **({} if show == "looks" else {"show": show}),
        )
        self.values = looks
        self._load()
        self._publish()
        if selected_id:
            self.selected_id = selected_id

    def __repr__(self) -> str:
        named = [clip(look.id) for look in self.values[:_NAMED]]
        more = [f"{len(self.values) - _NAMED:,} more"] if len(self.values) > _NAMED else []
        chosen = ", ".join([*named, *more]) or "nothing"
        return f"<LookPicker: {self.status.get('matched', 0):,} looks shown, {chosen} chosen>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - what IPython asks for
        """Give the widget, and what tells of it where no widget can run."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        with self._guard:
            status = {}
            if self._catalogue is not None:
                # Not the trait's, which is behind while looks arrive.
                with self._catalogue.unchanged():
                    status = self._status(self._list())
            return {**bundle, **fallback(status, self.values, self.filter, self.show)}

    def to_frame(self, *, flat: bool = False) -> pd.DataFrame:
        """Give the chosen looks as a DataFrame, one row each; see `looks_to_frame`."""
        from ..frame import looks_to_frame

        return looks_to_frame(map(self._with_ownership, self.values), flat=flat, group_names=self._group_names())

    def reset(self) -> None:
        """Bring the picker back to how it was made: its filter, its view and its choice."""
        wanted, show, selected_id, looks = self._made_with
        with self._guard:
            self._move(show, wanted, None)
            look = self._look(selected_id) if selected_id else None
            if look or not selected_id:
                self.values = (look,) if look else looks[: None if self.multiple else 1]
            else:
                self.values = ()
                self.selected_id = selected_id

    def code(self, kind: Literal["python", "curl", "video"] = "python") -> str:
        """Give code that brings back what is chosen, the filter and the view, also in another notebook.

        A choice made with the mouse is gone when the cell runs again; this keeps it. There is never a key in it.
        Whatever the picker is over, the Python makes one over the whole catalogue of the same service; where the picker
        has no client, over that of ``HeyGenClient()``.

        Parameters
        ----------
        kind : {"python", "curl", "video"}, default "python"
            Python, which runs as it stands; or commands for the looks chosen and, as far as the service can filter, for
            those that match (``GET /v3/avatars/looks/{look_id}``, ``GET /v3/avatars/looks``); or Python that makes a
            video with the first look chosen, which costs credits.

        Raises
        ------
        ValueError
            For another `kind`, or for a video where nothing is chosen that one can be made with.
        """
        if kind not in ("python", "curl", "video"):
            raise ValueError(f'kind must be "python", "curl" or "video", not {kind!r}')
        with self._guard:
            values, wanted, multiple, show = self.values, self.filter, self.multiple, self.show
            client = self._catalogue.client if self._catalogue is not None else None
        if kind == "video":
            code = video_code(values[0], self._client_code()) if values else None
            if code is None:
                reason = "nothing is chosen"
                if values:
                    reason = f"{values[0]!r} {'has no usable id' if values[0].is_ready else 'is not ready'}"
                raise ValueError(f"There is no code for a video, since {reason}: choose a look that is ready")
            return code
        if kind == "curl":
            return curl_code(values, wanted, client.base_url if client else BASE_URL)
        return python_code(values, wanted, self._client_code(), multiple, show)

    def vue_ask_code(self, view: object) -> None:
        """Answer a view with the code for what is chosen and shown."""
        with self._guard:
            answer = {"view": echo(view), "python": self.code(), "curl": self.code("curl")}
            self.send({"method": "code", "args": [answer]})

    def gallery(self, path: str | os.PathLike[str], *, title: str | None = None, videos: bool = False) -> Path:
        """Write the chosen looks into one HTML page that opens without Jupyter; see `looks_to_gallery`.

        Parameters
        ----------
        path : str or path-like
        title : str, optional
            Of the page; "Avatar looks" unless given.
        videos : bool, default False
            Whether the clips are in it too.

        Returns
        -------
        pathlib.Path
            The file that was written.

        Raises
        ------
        ValueError
            When nothing is chosen, or for another ending of the file's name.
        OSError
            When the file cannot be written, or `path` is a folder.
        """
        from ..gallery import looks_to_gallery

        if not self.values:
            raise ValueError(
                "Nothing is chosen, so there is nothing for a gallery: choose looks, or take all that match, as in "
                "looks_to_gallery(picker.catalogue.select(picker.filter), path)"
            )
        # From the catalogue, which may have newer URLs of the pictures.
        looks = [self._known(look) for look in self.values]
        titled = {} if title is None else {"title": title}
        return looks_to_gallery(looks, path, videos=videos, group_names=self._group_names(), **titled)

    def _with_ownership(self, look: Look) -> Look:
        """Give the same look from the catalogue where that knows whose it is: a look fetched by its id does not."""
        return look if look.ownership else self._known(look)
