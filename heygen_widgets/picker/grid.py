"""The grid under its filters: what it shows of a catalogue, and what its views ask for. It chooses nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import traitlets

from .. import _parsing as read
from .._display import LONGEST_TEXT, echo, fits
from .._widget import GuardedTemplate
from ..catalogue import LookCatalogue, Progress
from ..filters import LookFilter
from ..models import NOT_READY
from .cards import CharacterCards, LookCards, title, title_of_character
from .options import (
    FIRST_WINDOW,
    HEIGHTS,
    LARGEST_WINDOW,
    SHORT_FIELDS,
    TAKEN,
    bounded,
    changed_filter,
    found_options,
    short_options,
)

__all__ = ["LookGrid"]

_WayBack: TypeAlias = Callable[[LookFilter], tuple[str, LookFilter]]  # of the filter, to `show` and the one to take

_PARTS = {"bar": "filters", "chips": "chips", "empty": "empty", "panel": "panel", "tray": "tray", "compare": "compare"}
_CHOSEN_TITLES = 50  # chosen characters or tags that are called by their name
_MOST_ASKED = 100  # ids from the front end that are not loaded, each of which the service is asked for


class LookGrid(GuardedTemplate):
    """Filters and a grid of cards over a catalogue, which may come later.

    Parameters
    ----------
    catalogue : LookCatalogue or None
    **traits
        Values of the traits below.
    """

    template_file = (__file__, "widget.vue")

    @traitlets.default("components")
    def _parts(self) -> dict[str, str]:
        folder = Path(__file__).parent
        return {f"look-{name}": (folder / f"{file}.vue").read_text(encoding="utf-8") for name, file in _PARTS.items()}

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
    error = traitlets.Unicode("", help='What went wrong and what to do, or "". Str, default "".').tag(sync=True)
    height = traitlets.Int(560, help="Of the grid, in px. Int, 240 to 1,200, default 560.").tag(sync=True)

    status = traitlets.Dict(read_only=True, help="For the view: counts and version of what is shown.").tag(sync=True)
    choices = traitlets.Dict(read_only=True, help="For the view: what the short dropdowns offer.").tag(sync=True)
    opened = traitlets.Unicode(
        None,
        allow_none=True,
        read_only=True,
        help="For the view: the character that was opened, from its card or from one of its looks, or None.",
    ).tag(sync=True)
    # A view in the making would miss a message, but finds this. Else it is empty: no saved notebook shall hold looks.
    opening = traitlets.Dict(read_only=True, help="For a view in the making: its first window.").tag(sync=True)

    def __init__(self, catalogue: LookCatalogue | None, **traits: Any) -> None:  # noqa: ANN401 - each trait has its own
        self._catalogue = catalogue
        self._closing = threading.Event()
        # What follows is guarded by `_guard`, as the traits are.
        self._version = 0
        self._cards: LookCards | CharacterCards = CharacterCards(())
        self._published: tuple[int, LookFilter, str] | None = None  # revision, filter and `show` the views know of
        self._screen = 0  # the most cards that a view has in sight; 0 while there is none
        self._moving = False  # between two traits that change together
        self._back: _WayBack | None = None  # from the character that is opened
        self._notice = ""  # an error that is not the loading's
        self._error_of_loading = self._dismissed = ""  # the same one, once the user does not want to see it any more
        self._asks_left = _MOST_ASKED
        super().__init__(**traits)

    @traitlets.validate("height")
    def _check_height(self, proposal: dict[str, Any]) -> int:
        low, high = HEIGHTS
        if not low <= proposal["value"] <= high:
            raise traitlets.TraitError(f"height must be {low} to {high} px, not {proposal['value']!r}")
        return int(proposal["value"])

    @traitlets.observe("filter", "show")
    def _filter_changed(self, _: dict[str, Any]) -> None:
        if not self._moving:
            self._show_now(None if self.show == "characters" or self.filter.group_id != (self.opened,) else self.opened)

    def _move(self, show: str, wanted: LookFilter, opened: str | None) -> None:
        """Change what is shown and the filter in one step."""
        self._moving = True
        try:
            self.show = show
            self.filter = wanted
        finally:
            self._moving = False
        self._show_now(opened)

    def _show_now(self, opened: str | None) -> None:
        if opened != self.opened:
            # A view waits for its first window, also where the same looks are shown.
            self._published = None
        self.set_trait("opened", opened)
        if self._catalogue is not None:
            self._catalogue.fetch_ahead(self.filter.group_id)
        self._publish()

    def _group_names(self) -> dict[str, str]:
        groups = self._catalogue.groups if self._catalogue is not None else {}
        return {group.id: group.name for group in groups.values()}

    def _publish(self) -> None:
        """Bring what the views know in line with the catalogue and the filter."""
        with self._guard:
            if self._catalogue is None or self._closing.is_set():
                return
            with self._catalogue.unchanged():
                state = (self._catalogue.revision, self.filter, self.show)
                if state == self._published:
                    return
                cards, choices = self._list(), self._offer()
                status = self._status(cards)
                problem = self._problem(self._catalogue.progress)
            before = len(self._cards)
            # Cards that arrive at the end leave every position valid; anything else is another version, also another
            # filter that matches the same.
            same = self._published is not None and state[1:] == self._published[1:] and cards.begins_like(self._cards)
            self._cards = cards
            if not same:
                self._version += 1
            self.set_trait("choices", choices)
            self.set_trait("status", {"version": self._version, **status})
            self._error_of_loading = problem
            self.error = self._notice if problem == self._dismissed else problem or self._notice
            if self._screen and (not same or before < min(self._screen, len(cards))):
                self._send_window(None, 0, self._screen)
            # Only now: what Ctrl-C broke off is done again.
            self._published = state

    def _list(self) -> LookCards | CharacterCards:
        if self.show == "characters":
            return CharacterCards(self.catalogue.characters(self.filter))
        return LookCards(self.catalogue.matching(self.filter))

    def _status(self, cards: LookCards | CharacterCards) -> dict[str, Any]:
        progress, loaded_at = self.catalogue.progress, self.catalogue.loaded_at
        return {
            "shown": len(cards),
            # Of the looks, also where the grid shows characters.
            "matched": len(cards) if isinstance(cards, LookCards) else len(self.catalogue.matching(self.filter)),
            "loaded": progress.loaded,
            "expected": progress.expected,
            "loading": progress.loading,
            "complete": progress.complete,
            "refreshed": progress.refreshed,
            "loadedAt": loaded_at.timestamp() if loaded_at else None,
            "online": self.catalogue.client is not None,
        }

    @staticmethod
    def _problem(progress: Progress) -> str:
        if progress.error is None:
            return ""
        # Where nothing has come and nothing will, the reason says it all.
        some = progress.loaded or len(progress.failed) < len(progress.missing)
        parts = " and ".join(progress.failed) if some else ""
        state = "Not refreshed" if progress.complete else "Not complete"
        return f"{state}: {parts}. {progress.error}" if parts else str(progress.error)

    def _offer(self) -> dict[str, list[dict[str, Any]]]:
        """Give what the dropdowns of few values offer, and the titles of what is chosen in the long ones."""
        catalogue, groups = self.catalogue, self.catalogue.groups
        counts = catalogue.facets(self.filter, (*SHORT_FIELDS, "ready"))
        offer = {
            name: short_options(name, catalogue.values(name), counts[name], getattr(self.filter, name))
            for name in SHORT_FIELDS
        }
        ready = counts["ready"]
        offer["ready"] = [
            {"value": True, "title": "Yes", "count": ready.get("yes", 0)},
            {"value": False, "title": "No", "count": ready.get("no", 0)},
        ]
        # Where all are ready, there is nothing to choose from.
        if self.filter.ready is None and NOT_READY.isdisjoint(catalogue.values("status")):
            offer["ready"] = []
        offer["group_id"] = [
            {"value": i, "title": title_of_character(i, groups[i].name if i in groups else "")}
            for i in self.filter.group_id[:_CHOSEN_TITLES]
        ]
        first = next((tag for tag in catalogue.values("tag") if tag and fits(tag)), None)
        tags = dict.fromkeys([*([first] if first else []), *self.filter.tag[:_CHOSEN_TITLES]])
        offer["tag"] = [{"value": tag, "title": title("tag", tag)} for tag in tags]
        return offer

    # -- what the front end sends, which may be anything --------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the front end may change; where it sent anything else, send it what holds."""
        with self._guard:
            sent = sync_data if isinstance(sync_data, dict) else {}
            taken = {name: value for name, value in sent.items() if self._takes(name, value)}
            super().set_state(taken)
            self.send_state([name for name in sent if name in self.keys and name not in taken])

    def _takes(self, name: str, value: object) -> bool:
        if name not in TAKEN or not TAKEN[name](value):
            return False
        wanted = changed_filter(LookFilter(), value) if name == "filter" else None
        return wanted is None or self._may_show(wanted)

    def _may_show(self, wanted: LookFilter) -> bool:
        """Whether the service may be asked for those characters of a filter from the front end that are unknown."""
        asked = {*wanted.group_id} - {*self.filter.group_id}
        if not asked or self._catalogue is None or self._catalogue.client is None:
            return True
        return self._may_ask(len(asked - self._catalogue.groups.keys() - {*self._catalogue.values("group_id")}))

    def _may_ask(self, number: int) -> bool:
        """Whether the service may be asked for so many ids from the front end, which could send one after the other."""
        if number > self._asks_left:
            return False
        self._asks_left -= number
        return True

    def vue_ask_window(self, asked: object) -> None:
        """Answer a view with the looks at some positions."""
        if not isinstance(asked, dict):
            return
        with self._guard:
            count = bounded(asked.get("count"), 1, LARGEST_WINDOW)
            self._screen = max(self._screen, bounded(asked.get("screen"), FIRST_WINDOW, LARGEST_WINDOW))
            self._send_window(echo(asked.get("view")), bounded(asked.get("start"), 0, len(self._cards)), count)

    def vue_took_opening(self, version: object) -> None:
        """Take back the first window, which a view has now; send the one that holds if another version has come."""
        with self._guard:
            self._screen = max(self._screen, FIRST_WINDOW)
            self.set_trait("opening", {})
            if version != self._version:
                self._send_window(None, 0, self._screen)

    def vue_ask_options(self, asked: object) -> None:
        """Answer a view with the characters or tags whose name has all words typed, those that match looks first."""
        if not isinstance(asked, dict):
            return
        with self._guard:
            field = asked.get("field")
            answer: dict[str, Any] = {"items": [], "more": 0}
            if self._catalogue is not None and field == "group_id":
                answer = found_options(*self._characters(self._catalogue), asked.get("query"))
            elif self._catalogue is not None and field == "tag":
                titles = {tag: title("tag", tag) for tag in self._catalogue.values("tag")}
                answer = found_options(titles, self._catalogue.facets(self.filter, ["tag"])["tag"], asked.get("query"))
            told = {"view": echo(asked.get("view")), "field": echo(field), **answer}
            self.send({"method": "options", "args": [told]})

    def _characters(self, catalogue: LookCatalogue) -> tuple[dict[str, str], dict[str, int]]:
        """Give all characters' names, and their numbers of looks under the other filters, as far as known."""
        titles = {group.id: title_of_character(group.id, group.name) for group in catalogue.groups.values()}
        others = catalogue.characters(self.filter.replace(group_id=None, sort=None))
        counts = {character.id: character.expected for character in others}
        return {**{i: title_of_character(i, "") for i in catalogue.values("group_id")}, **titles}, counts

    def vue_set_filter(self, changes: object) -> None:
        """Change some fields of the filter, as a dropdown or the search field does."""
        if isinstance(changes, dict) and isinstance(typed := changes.get("search"), str):
            changes = {**changes, "search": read.text(typed[:LONGEST_TEXT])}
        with self._guard:
            # A view of ours sends none that is refused; whatever else may write to the comm changes nothing.
            wanted = changed_filter(self.filter, changes)
            if wanted is not None and self._may_show(wanted):
                self.filter = wanted

    def vue_clear_filter(self, _: object = None) -> None:
        """Show everything again, in the same order."""
        with self._guard:
            self.filter = LookFilter(sort=self.filter.sort)

    def vue_set_show(self, show: object) -> None:
        """Show looks or characters."""
        with self._guard:
            if show == "characters" and self.opened is not None and self._back is not None:
                self._move(show, self._back(self.filter)[1], None)
                return
            with contextlib.suppress(traitlets.TraitError):
                self.set_trait("show", show)

    def vue_open_character(self, group_id: object) -> None:
        """Show the looks of the character whose card was clicked; `vue_leave_character` is the way back."""
        with self._guard:
            if isinstance(group_id, str) and isinstance(self._cards, CharacterCards) and self._cards.has(group_id):
                before = self.filter.group_id
                # What is searched for meanwhile holds for all characters then.
                self._open(
                    group_id,
                    self.filter.replace(group_id=group_id),
                    lambda now: ("characters", now.replace(group_id=before)),
                )

    def _open(self, group_id: str, wanted: LookFilter, back: _WayBack) -> None:
        if self.opened is None or self._back is None:
            self._back = back
        else:
            # From one character to another, the way back is still that of the first.
            there = self._back(self.filter)
            self._back = lambda _: there
        self._move("looks", wanted, group_id)

    def vue_leave_character(self, _: object = None) -> None:
        """Show again what was shown before a character was opened; where none is any more, all stays."""
        with self._guard:
            if self.opened is not None and self._back is not None:
                self._move(*self._back(self.filter), None)

    def vue_dismiss(self, _: object = None) -> None:
        """Take the error away; the loading's comes back when it fails anew, or another way."""
        with self._guard:
            self._dismissed, self._notice, self.error = self._error_of_loading, "", ""

    def _send_window(self, view: str | None, start: int, count: int) -> None:
        self.send({"method": "window", "args": [{"view": view, **self._window(start, count)}]})

    def _window(self, start: int, count: int) -> dict[str, Any]:
        return {
            "version": self._version,
            "matched": len(self._cards),
            "start": start,
            "looks": self._cards.cards(start, start + count),
        }
