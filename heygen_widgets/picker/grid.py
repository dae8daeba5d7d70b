"""What the grid of a picker shows: a plain object without widget, thread or lock. Its owner holds a lock."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

from .._display import TITLES, clip, echo, fits, image, is_sendable, title, title_of_character
from ..api import HeyGenClient
from ..api.credentials import Secret
from ..catalogue import LookCatalogue, Progress
from ..catalogue.snapshots import Scope, Snapshot
from ..catalogue.store import Selection
from ..errors import HeyGenError
from ..filters import LookFilter
from ..frame import Source as Table
from ..models import NOT_READY, AvatarGroup, Look
from . import views
from .views import LARGEST_WINDOW, SHORT_FIELDS, Characters, bounded, card, character_card, pictured_of

Source: TypeAlias = HeyGenClient | LookCatalogue | Table

_CHOSEN_TITLES = 50  # selected characters, tags or statuses that get their names
_MOST_OF_THEM = 0.75  # of the looks, which decide the shape of all tiles


class GridModel:
    """The cards that match a filter at one moment, by position, and what the dropdowns offer; none without a key."""

    def __init__(
        self, catalogue: LookCatalogue | None, client: HeyGenClient | None = None, cache: timedelta | None = None
    ) -> None:
        self.is_waiting = catalogue is None  # for an API key
        self.is_demo = False  # whether the looks are the stand-in's in place of an account's
        self._client, self._cache = client, cache  # besides a catalogue, the client fetches single looks and voices
        if catalogue is None:
            catalogue = LookCatalogue(None, snapshot=Snapshot((), (), Scope(), 0.0, complete=False))
        self.catalogue = catalogue
        self.filter = LookFilter()
        self.view = "looks"
        self.opened: str | None = None  # the character whose looks are shown after a click, "" for looks without one
        self.version = 0  # grows whenever a position may hold another card, not when cards are only appended
        self.dismissed = ""  # the loading error that the user has closed
        self._cards: Selection | Characters = Characters()
        self.state: tuple[object, ...] | None = None  # of the last `update`; differs when a view has missed something
        self._back: Callable[[LookFilter], tuple[str, LookFilter]] = lambda now: ("characters", now)  # from `opened`

    def __len__(self) -> int:
        return len(self._cards)

    def start(self, client: HeyGenClient) -> None:
        self.catalogue, self.is_waiting = LookCatalogue.shared(client, cache=self._cache), False

    def start_demo(self) -> bool:
        """Show the looks of the stand-in, when there was no client before. Returns whether they are shown."""
        if self.is_waiting:
            from ..demo._client import demo_client  # only who has no key needs it

            self.start(demo_client())
            self.is_demo = True
        return self.is_demo

    def show(self, wanted: LookFilter, view: str) -> None:
        """Set the filter and the view. An opened character stays open while the filter is on it alone."""
        self.filter, self.view = wanted, view
        if view == "characters" or wanted.group_id != (self.opened,):
            self.opened = None
        self.catalogue.fetch_ahead(wanted.group_id, wanted.avatar_type)

    def switch(self, view: object) -> tuple[str, LookFilter] | None:
        """Leave an opened character for all characters. Returns the view and filter to set, or None for no view."""
        if view not in ("looks", "characters"):
            return None
        before = self.leave_character() if view == "characters" else None
        return str(view), before[1] if before else self.filter

    def open_character(self, group_id: object) -> tuple[str, LookFilter] | None:
        """Open the character whose card was clicked. Returns the view and filter to set, or None for an unknown one."""
        before, wanted = self.filter.group_id, self.changed_filter(self.filter, {"group_id": group_id})
        if not isinstance(group_id, str) or wanted is None or (self.view == "looks" and self.opened is None):
            return None
        if self.opened is None:  # else another card was clicked before this view arrived
            # The search and the other fields may change while it is open, and stay for all characters then.
            self._back = lambda now: ("characters", now.replace(group_id=before))
        self.opened = group_id
        return "looks", wanted

    def show_character(self, group_id: object, selected: Iterable[Look]) -> tuple[str, LookFilter] | None:
        """Open the character of a loaded or selected look. Returns the view and filter to set, or None without one."""
        if not (isinstance(group_id, str) and is_sendable(group_id)):
            return None
        wanted = LookFilter(group_id=group_id, sort=self.filter.sort)
        if not (self._knows(wanted) or any(look.group_id == group_id for look in selected)):
            return None
        before = self.leave_character() or (self.view, self.filter)  # from one to another, that of the first
        self._back, self.opened = lambda _: before, group_id
        return "looks", wanted

    def leave_character(self) -> tuple[str, LookFilter] | None:
        """Close the opened character. Returns the view and filter from before, or None when none is open."""
        if self.opened is None:
            return None
        self.opened = None
        return self._back(self.filter)

    def update(self) -> bool:
        """Read the catalogue again. Returns whether anything may have changed since the last call."""
        catalogue = self.catalogue
        state = (catalogue.revision, catalogue, self.filter, self.view, self.opened)
        if state == self.state:
            return False
        by_character = self.view == "characters"
        cards: Selection | Characters
        cards = Characters(catalogue.characters(self.filter)) if by_character else catalogue.matching(self.filter)
        if self.state is None or state[1:] != self.state[1:] or not cards.extends(self._cards):
            self.version += 1
        self._cards, self.state = cards, state
        return True

    def forget(self) -> None:
        """Let go of the cards. The next `update` selects them again."""
        self._cards, self.state = Characters(), None

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
        """Return a message if something has changed, or with `force`; None if not, or if `screen`, its cards, is 0."""
        with self.catalogue.unchanged():
            version, before = self.version, len(self)
            changed = self.update()
            if not screen or not (changed or force):
                return None
            is_new = force or version != self.version or before < min(screen, len(self))
            return self.message(0, screen if is_new else 0)

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the window that a view asks for, with everything else at its first request."""
        start, count = bounded(asked.get("start"), 0, len(self)), bounded(asked.get("count"), 1, LARGEST_WINDOW)
        return self.message(start, count) if asked.get("first") is True else {"window": self.window(start, count)}

    def window(self, start: int, count: int) -> dict[str, Any]:
        cards, stop = self._cards, start + count
        if isinstance(cards, Characters):
            shown = [character_card(character) for character in cards[start:stop]]
        else:
            shown = [card(look) for look in cards.looks(start, stop)]
        return {"version": self.version, "shown": len(cards), "start": start, "looks": shown}

    def between(self, first: object, last: object, version: object) -> list[Look]:
        """Return the looks on the cards from one position to another, in their order; none for another version."""
        if not (isinstance(self._cards, Selection) and type(first) is type(last) is int and version == self.version):
            return []
        start, stop = sorted(bounded(position, 0, len(self)) for position in (first, last))
        return [look for look in self._cards.looks(start, stop + 1) if fits(look.id)]

    def pictured(self, group_id: str) -> Look | AvatarGroup | None:
        """Return the record whose picture the card of a character shows, with its newest preview URL."""
        characters = self._cards if isinstance(self._cards, Characters) else ()
        record = next((pictured_of(character) for character in characters if character.id == group_id), None)
        if isinstance(record, AvatarGroup):
            return self.catalogue.groups.get(group_id, record)
        return self.loaded(record) if record else None

    @property
    def client(self) -> HeyGenClient | None:
        return self._client or self.catalogue.client

    @property
    def client_code(self) -> str:
        return self.client.code if self.client else "HeyGenClient()"

    def look(self, look_id: object) -> Look | None:
        return self.catalogue.get(look_id) if isinstance(look_id, str) else None

    def fetch(self, look_id: str) -> Look:
        if self.client is None:
            raise HeyGenError(f"There is no look {look_id!r} among these {len(self.catalogue):,}.")
        return self.client.get_look(look_id)

    def loaded(self, look: Look) -> Look:
        """Return the loaded look with the same id, which may have newer preview URLs, or else the look itself."""
        group = self.catalogue.groups.get(look.group_id or "")
        return self.look(look.id) or (replace(look, group_name=group.name) if group else look)

    def exported(self, selected: Iterable[Look], method: str) -> list[Look]:
        """Return the selected looks for a method that writes a file, or raise ValueError if there is none."""
        looks = [self.loaded(look) for look in selected]
        if not looks:
            gallery = "looks_to_gallery(picker.catalogue.select(picker.filter), path)"
            every_match = gallery if method == "gallery" else f"picker.catalogue.{method}(path, picker.filter)"
            raise ValueError(f"Nothing is selected: select looks, or export all matches with {every_match}")
        return looks

    def details(self, look: Look) -> dict[str, Any]:
        found = self.catalogue.characters(LookFilter(group_id=look.group_id)) if look.group_id else []
        shown = views.details(self.loaded(look), sum(character.expected for character in found))
        return {**shown, "video_code": views.video_code(look, self.client_code)}

    def code(self, kind: str, selected: tuple[Look, ...], multiple: bool) -> str:
        selected = tuple(map(self.loaded, selected))
        if kind == "python":
            return views.python_code(selected, self.filter, self.client_code, multiple, self.view)
        if kind != "video":
            raise ValueError(f'kind must be "python" or "video", not {kind!r}')
        code = views.video_code(selected[0], self.client_code) if selected else None
        if code is None:
            reason = f"{selected[0]!r} is not ready or has no usable id" if selected else "nothing is selected"
            raise ValueError(f"There is no code for a video, because {reason}: select a look that is ready")
        return code

    def status(self) -> dict[str, Any]:
        progress, loaded_at = self.catalogue.progress, self.catalogue.loaded_at
        looks = self._cards if isinstance(self._cards, Selection) else self.catalogue.matching(self.filter)
        problem = _problem(progress)
        return {
            "version": self.version,
            "shown": len(self),
            "matched": len(looks),  # looks, also in the view of characters
            "shape": self._shape(),
            "absent": [] if len(looks) else [clip(text) for text in self.catalogue.absent(self.filter)[:3]],
            **{name: getattr(progress, name) for name in ("loaded", "expected", "loading", "complete", "refreshed")},
            "loadedAt": loaded_at.timestamp() if loaded_at else None,
            "keyless": self.is_waiting,
            "demo": self.is_demo,
            "online": self.catalogue.client is not None or self.is_waiting,
            "problem": "" if problem == self.dismissed else problem,
        }

    def _shape(self) -> str:
        """Return the shape of the tiles: "tall" or "wide" if that suits most of the looks that are shown."""
        if isinstance(self._cards, Selection):
            with self.catalogue.unchanged():
                counts = self._cards.store.count("orientation", self._cards.rows)
            for orientation, shape in (("portrait", "tall"), ("landscape", "wide")):
                if counts.get(orientation, 0) >= _MOST_OF_THEM * max(1, len(self)):
                    return shape
        return "square"

    def dismiss(self) -> None:
        """Hide the loading error until another one comes."""
        self.dismissed = _problem(self.catalogue.progress)

    def choices(self) -> dict[str, list[dict[str, Any]]]:
        """Return what the short dropdowns offer, and the titles of what is selected in the long ones."""
        catalogue = self.catalogue
        counts = catalogue.facets(self.filter, (*SHORT_FIELDS, "ready"))
        values = {name: catalogue.values(name) for name in SHORT_FIELDS}
        if catalogue.progress.loading and not catalogue.avatar_type:
            values["avatar_type"] = [*values["avatar_type"], *TITLES["avatar_type"]]  # a chosen type is fetched next
        offered = {n: views.short_options(n, values[n], counts[n], getattr(self.filter, n)) for n in SHORT_FIELDS}
        # When all looks are ready, there is nothing to filter.
        has_both = self.filter.ready is not None or not NOT_READY.isdisjoint(catalogue.values("status"))
        ready = ((True, "Ready to use", "yes"), (False, "Not ready", "no")) if has_both else ()
        offered["ready"] = [{"value": v, "title": text, "count": counts["ready"].get(key, 0)} for v, text, key in ready]
        chosen = self.filter.group_id[:_CHOSEN_TITLES]
        names = {i: group.name for i, group in catalogue.groups.items()} if chosen else {}
        offered["group_id"] = [{"value": i, "title": title_of_character(i, names.get(i, ""))} for i in chosen]
        statuses = self.filter.status[:_CHOSEN_TITLES]
        offered["status"] = [{"value": value, "title": title("status", value)} for value in statuses]
        known = [tag for tag in catalogue.values("tag") if tag and fits(tag)]  # of which one says that there are some
        tags = dict.fromkeys([*known[:1], *self.filter.tag[:_CHOSEN_TITLES]])
        offered["tag"] = [{"value": tag, "title": title("tag", tag)} for tag in tags]
        return offered

    def options(self, field: object, query: object) -> dict[str, Any]:
        """Return the characters or tags whose name has all words of a query, those that match looks first."""
        catalogue, pictures = self.catalogue, dict[str, Look | AvatarGroup | None]()
        if field == "tag":
            titles = {tag: title("tag", tag) for tag in catalogue.values("tag")}
            counts = catalogue.facets(self.filter, ["tag"])["tag"]
        elif field == "group_id":
            names = dict.fromkeys(catalogue.values("group_id"), "")
            names |= {group_id: group.name for group_id, group in catalogue.groups.items()}
            titles = {group_id: title_of_character(group_id, name) for group_id, name in names.items()}
            others = catalogue.characters(self.filter.replace(group_id=None, sort=None))
            counts = {character.id: character.expected for character in others}
            pictures = {**catalogue.groups, **{character.id: pictured_of(character) for character in others}}
        else:
            titles, counts = {}, {}
        found = views.found_options(titles, counts, query)
        for item in found["items"] if field == "group_id" else ():
            item["image"] = image(record) if (record := pictures.get(item["value"])) else None
        return {"field": echo(field), **found}

    def changed_filter(self, wanted: LookFilter, changes: object) -> LookFilter | None:
        """Return a filter with a view's changes, or None if they are invalid or name a character that is not loaded."""
        changed = views.changed_filter(wanted, changes)
        return changed if changed is not None and self._knows(changed) else None

    def _knows(self, wanted: LookFilter) -> bool:
        """Whether each character that a filter names is loaded, or in the current filter."""
        unknown = {*wanted.group_id} - {*self.filter.group_id}
        return not unknown or unknown <= self.catalogue.groups.keys() | {*self.catalogue.values("group_id")}


def _problem(progress: Progress) -> str:
    if progress.error is None:
        return ""
    some = progress.loaded or len(progress.failed) < len(progress.missing)  # else the reason says enough
    parts = " and ".join(progress.failed) if some else ""
    state = "Not refreshed" if progress.complete else "Not complete"
    return f"{state}: {parts}. {progress.error}" if parts else str(progress.error)


def catalogue_of(
    source: Source | None, client: HeyGenClient | None, cache: timedelta | None, key: Secret
) -> LookCatalogue | None:
    """Return the catalogue of a source, else of the client or key; None without any. A `TypeError` for wrong ones."""
    if key.reveal() is not None:
        if source is not None or client is not None:
            raise TypeError("api_key= is for a picker without source and client: give one of them")
        source = HeyGenClient(key.reveal())
    if not (client is None or isinstance(client, HeyGenClient)):
        raise TypeError(f"client must be a HeyGenClient, not {type(client).__name__}")
    has_own = isinstance(source, HeyGenClient) or (isinstance(source, LookCatalogue) and source.client is not None)
    if client and has_own:
        raise TypeError("client= is for a table or looks, and this source has a client of its own: give one of the two")
    source = client if source is None else source
    if isinstance(source, HeyGenClient):
        return LookCatalogue.shared(source, cache=cache)
    return source if source is None or isinstance(source, LookCatalogue) else LookCatalogue.of(source)
