"""What the grid of a picker shows: a plain object without widget, thread or lock. Its owner holds a lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from .._display import fits, title, title_of_character
from ..api import BASE_URL, HeyGenClient
from ..catalogue import LookCatalogue, Progress
from ..catalogue.store import Selection
from ..errors import HeyGenError
from ..filters import LookFilter
from ..models import NOT_READY, AvatarGroup, Look
from .cards import CharacterCards, card, details
from .code import curl_code, python_code, video_code
from .options import SHORT_FIELDS, changed_filter, found_options, short_options

__all__ = ["GridModel"]

_WayBack: TypeAlias = Callable[[LookFilter], tuple[str, LookFilter]]

_CHOSEN_TITLES = 50  # selected characters or tags that get their names


class GridModel:
    """The cards that match a filter at one moment, by position, and what the dropdowns offer.

    Parameters
    ----------
    catalogue : LookCatalogue or None
        None while there is no API key.

    Attributes
    ----------
    filter : LookFilter
    view : {"looks", "characters"}
    opened : str or None
        The character whose looks are shown after a click, ``""`` for looks without one.
    version : int
        Grows whenever a position may hold another card. Cards that are only appended keep the version.
    state : tuple or None
        What the last `update` was for. It differs when a view has missed something.
    dismissed : str
        The loading error that the user has closed.
    """

    def __init__(self, catalogue: LookCatalogue | None) -> None:
        self.catalogue = catalogue
        self.filter = LookFilter()
        self.view = "looks"
        self.opened: str | None = None
        self.version = 0
        self.dismissed = ""
        self._cards: Selection | CharacterCards = CharacterCards(())
        self.state: tuple[object, ...] | None = None
        self._back: _WayBack | None = None  # leads from the opened character to the filter and view before

    def __len__(self) -> int:
        return len(self._cards)

    # -- filter and view --

    def show(self, wanted: LookFilter, view: str) -> None:
        """Set the filter and the view. An opened character stays open while the filter is on it alone."""
        self.filter, self.view = wanted, view
        if view == "characters" or wanted.group_id != (self.opened,):
            self.opened = None
        if self.catalogue is not None:
            self.catalogue.fetch_ahead(wanted.group_id)

    def switch(self, view: object) -> tuple[str, LookFilter] | None:
        """Leave an opened character for all characters. Returns the view and filter to set, or None for no view."""
        if view not in ("looks", "characters"):
            return None
        before = self.leave_character() if view == "characters" else None
        return str(view), before[1] if before else self.filter

    def open_character(self, group_id: object) -> tuple[str, LookFilter] | None:
        """Open the character whose card was clicked. Returns the view and filter to set, or None without the card."""
        if not (isinstance(group_id, str) and isinstance(self._cards, CharacterCards) and self._cards.has(group_id)):
            return None
        before = self.filter.group_id
        # The search and the other fields may change while it is open, and stay for all characters then.
        self._open(group_id, lambda now: ("characters", now.replace(group_id=before)))
        return "looks", self.filter.replace(group_id=group_id)

    def show_character(self, group_id: object, selected: Iterable[Look]) -> tuple[str, LookFilter] | None:
        """Open the character of a loaded or selected look. Returns the view and filter to set, or None without one."""
        known = fits(group_id) and self._knows(LookFilter(group_id=group_id))
        if not (known or any(look.group_id == group_id for look in selected)):
            return None
        before = (self.view, self.filter)
        self._open(str(group_id), lambda _: before)
        return "looks", LookFilter(group_id=str(group_id), sort=self.filter.sort)

    def leave_character(self) -> tuple[str, LookFilter] | None:
        """Close the opened character. Returns the view and filter from before, or None when none is open."""
        if self.opened is None or self._back is None:
            return None
        self.opened = None
        return self._back(self.filter)

    def _open(self, group_id: str, back: _WayBack) -> None:
        if self.opened is None or self._back is None:
            self._back = back
        else:
            # From one character to another: the way back stays that of the first.
            first = self._back(self.filter)
            self._back = lambda _: first
        self.opened = group_id

    # -- messages --

    def update(self) -> bool:
        """Read the catalogue again. Returns whether anything may have changed since the last call."""
        if self.catalogue is None:
            return False
        state = (self.catalogue.revision, self.filter, self.view, self.opened)
        if state == self.state:
            return False
        cards = self._list(self.catalogue)
        same = self.state is not None and state[1:] == self.state[1:] and cards.extends(self._cards)
        self._cards, self.state = cards, state
        if not same:
            self.version += 1
        return True

    def message(self, start: int, count: int) -> dict[str, Any]:
        """Return all that a view shows, with a window of cards if `count` is not 0."""
        return {
            "filter": self.filter.to_json(),
            "show": self.view,
            "opened": self.opened,
            "status": self.status(),
            "choices": self.choices(),
            "window": self.window(start, count) if count else None,
        }

    def news(self, screen: int, *, force: bool = False) -> dict[str, Any] | None:
        """Return a message if anything has changed.

        Parameters
        ----------
        screen : int
            Cards that a view has in sight; 0 without a view. The message has a window of them if they have changed.
        force : bool, default False
            Return the message also when nothing has changed.
        """
        if self.catalogue is None:
            return None
        with self.catalogue.unchanged():
            version, before = self.version, len(self)
            changed = self.update()
            if not screen or not (changed or force):
                return None
            is_new = force or version != self.version or before < min(screen, len(self))
            return self.message(0, screen if is_new else 0)

    def _list(self, catalogue: LookCatalogue) -> Selection | CharacterCards:
        if self.view == "characters":
            return CharacterCards(catalogue.characters(self.filter))
        return catalogue.matching(self.filter)

    def window(self, start: int, count: int) -> dict[str, Any]:
        """Return the cards from a position on."""
        cards = self._cards
        stop = start + count
        shown = cards.cards(start, stop) if isinstance(cards, CharacterCards) else map(card, cards.looks(start, stop))
        return {"version": self.version, "shown": len(cards), "start": start, "looks": list(shown)}

    def record(self, card_id: str) -> Look | AvatarGroup | None:
        """Return the record whose picture a card shows."""
        if isinstance(self._cards, CharacterCards):
            return self._cards.record(card_id)
        return self.look(card_id)

    # -- records --

    @property
    def client(self) -> HeyGenClient | None:
        """The client of the catalogue, if it has one."""
        return self.catalogue.client if self.catalogue is not None else None

    @property
    def client_code(self) -> str:
        """Python for a client of the same service."""
        return self.client.code if self.client else "HeyGenClient()"

    def group_names(self) -> dict[str, str]:
        """Return the names of the loaded characters by id."""
        groups = self.catalogue.groups if self.catalogue is not None else {}
        return {group.id: group.name for group in groups.values()}

    def look(self, look_id: object) -> Look | None:
        """Return a loaded look."""
        return self.catalogue.get(look_id) if self.catalogue is not None and fits(look_id) else None

    def fetch(self, look_id: str) -> Look:
        """Fetch a look that is not loaded: ``GET /v3/avatars/looks/{look_id}``."""
        if self.client is None:
            number = len(self.catalogue) if self.catalogue is not None else 0
            raise HeyGenError(f"There is no look {look_id!r} among these {number:,}.")
        return self.client.get_look(look_id)

    def loaded(self, look: Look) -> Look:
        """Return the loaded look with the same id, which may have newer preview URLs, or else the look itself."""
        return self.look(look.id) or look

    def details(self, look: Look) -> dict[str, Any]:
        """Return what the panel shows of a look."""
        group_id, group, number = look.group_id, None, 0
        if self.catalogue is not None and group_id:
            group = self.catalogue.groups.get(group_id)
            number = sum(character.expected for character in self.catalogue.characters(LookFilter(group_id=group_id)))
        return {**details(look, group, number), "video_code": video_code(look, self.client_code)}

    def code(self, kind: str, selected: tuple[Look, ...], multiple: bool) -> str:
        """Return code for the selected looks, the filter and the view; see `LookPicker.code`."""
        if kind == "python":
            return python_code(selected, self.filter, self.client_code, multiple, self.view)
        if kind == "curl":
            return curl_code(selected, self.filter, self.client.base_url if self.client else BASE_URL)
        if kind != "video":
            raise ValueError(f'kind must be "python", "curl" or "video", not {kind!r}')
        code = video_code(selected[0], self.client_code) if selected else None
        if code is None:
            reason = f"{selected[0]!r} is not ready or has no usable id" if selected else "nothing is selected"
            raise ValueError(f"There is no code for a video, because {reason}: select a look that is ready")
        return code

    # -- counts and options --

    def status(self) -> dict[str, Any]:
        """Return the counts, the state of the load and the loading error."""
        if self.catalogue is None:
            return {}
        progress, loaded_at = self.catalogue.progress, self.catalogue.loaded_at
        looks = self._cards if isinstance(self._cards, Selection) else self.catalogue.matching(self.filter)
        problem = _problem(progress)
        return {
            "version": self.version,
            "shown": len(self),
            "matched": len(looks),  # looks, also in the view of characters
            "loaded": progress.loaded,
            "expected": progress.expected,
            "loading": progress.loading,
            "complete": progress.complete,
            "refreshed": progress.refreshed,
            "loadedAt": loaded_at.timestamp() if loaded_at else None,
            "online": self.catalogue.client is not None,
            "problem": "" if problem == self.dismissed else problem,
        }

    def dismiss(self) -> None:
        """Hide the loading error until another one comes."""
        self.dismissed = _problem(self.catalogue.progress) if self.catalogue else ""

    def choices(self) -> dict[str, list[dict[str, Any]]]:
        """Return what the short dropdowns offer, and the titles of what is selected in the long ones."""
        catalogue = self.catalogue
        if catalogue is None:
            return {}
        counts = catalogue.facets(self.filter, (*SHORT_FIELDS, "ready"))
        offered = {
            name: short_options(name, catalogue.values(name), counts[name], getattr(self.filter, name))
            for name in SHORT_FIELDS
        }
        # When all looks are ready, there is nothing to filter.
        if self.filter.ready is None and NOT_READY.isdisjoint(catalogue.values("status")):
            offered["ready"] = []
        else:
            ready = counts["ready"]
            offered["ready"] = [
                {"value": True, "title": "Yes", "count": ready.get("yes", 0)},
                {"value": False, "title": "No", "count": ready.get("no", 0)},
            ]
        names = self.group_names() if self.filter.group_id else {}
        offered["group_id"] = [
            {"value": i, "title": title_of_character(i, names.get(i, ""))}
            for i in self.filter.group_id[:_CHOSEN_TITLES]
        ]
        # One tag is enough for the front end to know that there are tags.
        first = next((tag for tag in catalogue.values("tag") if tag and fits(tag)), None)
        tags = dict.fromkeys([*([first] if first else []), *self.filter.tag[:_CHOSEN_TITLES]])
        offered["tag"] = [{"value": tag, "title": title("tag", tag)} for tag in tags]
        return offered

    def options(self, field: object, query: object) -> dict[str, Any]:
        """Return the characters or tags whose name contains the words of a query, those that match looks first."""
        catalogue = self.catalogue
        if catalogue is None or field not in ("group_id", "tag"):
            return {"items": [], "more": 0}
        if field == "tag":
            titles = {tag: title("tag", tag) for tag in catalogue.values("tag")}
            return found_options(titles, catalogue.facets(self.filter, ["tag"])["tag"], query)
        names = {group.id: title_of_character(group.id, group.name) for group in catalogue.groups.values()}
        others = catalogue.characters(self.filter.replace(group_id=None, sort=None))
        counts = {character.id: character.expected for character in others}
        return found_options(
            {i: title_of_character(i, "") for i in catalogue.values("group_id")} | names, counts, query
        )

    def changed_filter(self, wanted: LookFilter, changes: object) -> LookFilter | None:
        """Return a filter with a view's changes, or None if they are invalid or name a character that is not loaded."""
        changed = changed_filter(wanted, changes)
        return changed if changed is not None and self._knows(changed) else None

    def _knows(self, wanted: LookFilter) -> bool:
        """Whether each character that a filter names is loaded, or in the current filter."""
        unknown = {*wanted.group_id} - {*self.filter.group_id}
        if not unknown or self.catalogue is None:
            return True
        return unknown <= self.catalogue.groups.keys() | {*self.catalogue.values("group_id")}


def _problem(progress: Progress) -> str:
    if progress.error is None:
        return ""
    # When everything failed, the reason alone says enough.
    some = progress.loaded or len(progress.failed) < len(progress.missing)
    parts = " and ".join(progress.failed) if some else ""
    state = "Not refreshed" if progress.complete else "Not complete"
    return f"{state}: {parts}. {progress.error}" if parts else str(progress.error)
