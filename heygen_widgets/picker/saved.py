"""What a picker keeps besides its traits: looks that may not be loaded, texts in the notebook, and a file of the user.

Neither text nor file contains a preview URL, because a signed URL is a key to a private face. No widget is in here.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from html import escape
from typing import Any, TypeAlias

import platformdirs

from .._display import clip, name_of, shown
from .._files import replacement
from .._parsing import id_of, plain, warn
from ..catalogue import LookCatalogue
from ..errors import APIResponseError, HeyGenError, NotFoundError
from ..filters import LookFilter, as_filter
from ..models import MOST_SELECTED, AvatarGroup, Look
from .grid import GridModel
from .views import FRONTEND_TRAITS, LARGEST_WINDOW

LARGEST_FALLBACK = 4_500  # bytes of both texts together in a notebook's JSON, where a style adds some 500
_MOST_NAMED = 20  # selected looks
_LONGEST_FILTER = 250  # characters
_FORMAT = {"format": "heygen_widgets picker", "version": 1}
_Start: TypeAlias = tuple[tuple[str, LookFilter], tuple[object, ...]]
_NAME = re.compile(r"[\w-][\w -]{0,58}[\w-]|[\w-]")  # Windows removes spaces at the end


def fallback(status: dict[str, Any], looks: Sequence[Look], wanted: LookFilter, view: str = "looks") -> dict[str, str]:
    """Return ``text/html`` and ``text/plain``, at most `LARGEST_FALLBACK` bytes: looks that do not fit are counted."""
    for number in range(min(len(looks), _MOST_NAMED), -1, -1):
        lines = _lines(_counts(status, view), looks, wanted, number)
        texts = {"text/html": "".join(f"<div>{escape(line)}</div>" for line in lines), "text/plain": "\n".join(lines)}
        if len(json.dumps(texts, ensure_ascii=False).encode()) <= LARGEST_FALLBACK:
            break
    return texts


def _lines(counts: str, selected: Sequence[Look], wanted: LookFilter, number: int) -> list[str]:
    filter_code = repr(wanted) if len(repr(wanted)) <= _LONGEST_FILTER else "a long LookFilter"
    filtered = f", filtered by {filter_code}" if wanted.to_json() else ""
    first = f"the first {number}" if 0 < number < len(selected) else ""
    listed = f"{len(selected):,} selected{', ' if first else ''}{first}{':' if number else '.'}"
    lines = [f"Avatar look picker (heygen_widgets): {counts}{filtered}.", listed if selected else "Nothing selected."]
    lines += [f"{place}. {name_of(look.id, look.name)}" for place, look in enumerate(selected[:number], 1)]
    if ids := [look.id for look in selected[:number]]:
        argument = f"selected_id={ids[0]!r}" if len(selected) == 1 else f"multiple=True, values={ids!r}"
        which = first or ("it" if len(selected) == 1 else "them")
        lines.append(f"To select {which} again, create the picker with {argument}.")
    return [*lines, "JupyterLab, Notebook and Voilà show the picker when this cell runs."]


def _counts(status: Mapping[str, Any], view: str) -> str:
    matched, cards, loaded = status["matched"], status["shown"], status["loaded"]
    if not loaded:
        problem = f" ({clip(status['problem'])})" if status["problem"] else ""
        return "no looks" if status["complete"] else f"no looks loaded yet{problem}"
    looks = f"{matched:,} looks" if matched == loaded else f"{matched:,} of {loaded:,} looks"
    characters = f"{cards:,} character{'' if cards == 1 else 's'} with " if view == "characters" else ""
    return f"{characters}{looks}{'' if status['complete'] else ' loaded so far'}"


class Memory:
    """Keeps what a named picker shows and has selected in a file of the user, and nothing without a name.

    The file is ``pickers/NAME.json`` in this package's part of the user's data, such as ``~/.local/share`` on Linux.
    Only the user can read it. A problem with it is a `UserWarning`, never an error.
    """

    def __init__(self, name: str | None) -> None:
        if not (name is None or (isinstance(name, str) and _NAME.fullmatch(name))):
            rule = "a name of at most 60 letters, digits, '-', '_' and spaces between them, such as 'casting'"
            raise (ValueError if isinstance(name, str) else TypeError)(f"remember must be {rule}, not {shown(name)}")
        folder = platformdirs.user_data_path("heygen_widgets", appauthor=False) / "pickers"
        self._path = folder / f"{name}.json" if name else None
        self._has_warned = False

    def restored(self, given: _Start, filtered: bool, multiple: bool, catalogue: Callable[[], LookCatalogue]) -> _Start:
        """Return view, filter and selection to start with: those given, then the kept ones. No look is requested."""
        (view, wanted), selected = given
        try:
            with suppress(FileNotFoundError, NotADirectoryError):
                if self._path:
                    kept_view, kept_filter, looks = _parsed(self._path.read_bytes())
                    view = kept_view if view == "looks" else view
                    wanted = wanted if filtered else kept_filter
                    selected = selected or _newest(looks[: None if multiple else 1], catalogue)
        except (OSError, ValueError, TypeError, LookupError, RecursionError, APIResponseError) as problem:
            warn(f"{self._path} cannot be read and is replaced at the picker's next change: {problem}")
        return (view, wanted), selected

    def keep(self, view: str, wanted: LookFilter, looks: Sequence[Look]) -> None:
        """Write the current state, whole or not at all. It takes some ms, after the views have got the change."""
        if self._path is None:
            return
        records = [{"look": _bare(a).to_json(), "ownership": a.ownership, "group_name": a.group_name} for a in looks]
        content = {**_FORMAT, "view": view, "filter": wanted.to_json(), "looks": records}
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacement(self._path, 0o600) as file:
                file.write(json.dumps(content).encode())
        except OSError as problem:
            if not self._has_warned:
                self._has_warned = True
                warn(f"The picker is not remembered in {self._path}: {problem}")


def _newest(looks: tuple[Look, ...], catalogue: Callable[[], LookCatalogue]) -> tuple[Look, ...]:
    with suppress(HeyGenError, ValueError):  # the picker shows this error when it loads
        source = catalogue()
        source.load_in_background()
        source.wait_for_snapshot()
        return tuple(source.get(look.id) or look for look in looks)
    return looks


def _bare(look: Look) -> Look:
    return replace(look, preview_image_url=None, preview_video_url=None, extra={})


def _parsed(content: bytes) -> tuple[str, LookFilter, tuple[Look, ...]]:
    """Read a file, which may be anything."""
    found = json.loads(content)
    if {**found, **_FORMAT} != found:
        raise ValueError("it is not a picker's, or of a newer release")
    if not FRONTEND_TRAITS["view"](found["view"]):
        raise ValueError("its view is invalid")
    looks: dict[str, Look] = {}
    for record in found["looks"][:MOST_SELECTED]:
        owner, name = record["ownership"], record["group_name"]
        look = Look.from_json(record["look"], ownership=owner if owner in ("public", "private") else None)
        looks[look.id] = replace(_bare(look), group_name=name if isinstance(name, str) else None)
    return found["view"], as_filter(found["filter"]), tuple(looks.values())


class Shortlist:
    """Finds looks by their ids, and remembers selections."""

    def __init__(self, model: GridModel) -> None:
        self._model = model
        self._recent: tuple[Look, ...] = ()  # deselected or fetched lately, and perhaps not loaded; the last one first
        self._cleared: tuple[Look, ...] = ()  # the selection before it was cleared
        self.selected: tuple[Look, ...] = ()
        self.wanted: tuple[object, ...] = ()  # looks and ids, to be selected when the service can be reached

    def find(self, look_id: object) -> Look | None:
        """Return a look that is loaded, selected, or was deselected or fetched lately."""
        others = (look for look in (*self.selected, *self._recent) if look.id == look_id)
        return self._model.look(look_id) or next(others, None)

    def known(self, wanted: Iterable[object]) -> list[Look]:
        """Return the looks among looks and ids, without unknown ids."""
        found = (one if isinstance(one, Look) else self.find(one) for one in wanted)
        return [look for look in found if look]

    def pictured(self, card_ids: object) -> dict[str, Look | AvatarGroup]:
        """Return the records whose pictures the first of some cards show, by the ids that a view sent."""
        ids = [i for i in card_ids[:LARGEST_WINDOW] if isinstance(i, str)] if isinstance(card_ids, list) else []
        return {i: record for i in ids if (record := self._model.pictured(i) or self.find(i))}

    def toggled(self, asked: object, multiple: bool) -> tuple[Look, ...]:
        """Return the looks to select after a click, perhaps too many. An invalid event changes nothing."""
        wanted = asked if isinstance(asked, dict) else {}
        look, selected = self.find(wanted.get("id")), wanted.get("selected")
        others = tuple(other for other in self.selected if other.id != wanted.get("id"))
        if look is None or selected is not (len(others) == len(self.selected)):
            return self.selected
        if selected:
            return (*(others if multiple else ()), look)
        self._remember(look)
        if not others:
            self.keep_for_undo()
        return others

    def ranged(self, asked: object, multiple: bool) -> tuple[Look, ...]:
        """Return the same after a click for a range of cards. The ids in ``kept`` stay, or all: a range can shrink."""
        wanted = asked if isinstance(asked, dict) else {}
        last, version = wanted.get("to"), wanted.get("version")
        looks = self._model.between(wanted.get("from") if multiple else last, last, version)
        if not looks:
            return self.selected
        kept = wanted.get("kept")
        others = [look for look in self.selected if multiple and (not isinstance(kept, list) or look.id in kept)]
        return tuple({look.id: look for look in (*others, *looks)}.values())

    def ordered(self, ids: object) -> tuple[Look, ...]:
        """Return the selection in the order of the ids that a view sent, or unchanged if these are not its ids."""
        by_id = {look.id: look for look in self.selected}
        wanted = [i for i in ids if isinstance(i, str)] if isinstance(ids, list) else []
        return tuple(by_id[i] for i in wanted) if sorted(wanted) == sorted(by_id) else self.selected

    def keep_for_undo(self) -> None:
        self._cleared = self.selected or self._cleared

    def cleared(self, multiple: bool) -> tuple[Look, ...]:
        return self.selected or self._cleared[: None if multiple else 1]

    def assigned(self, trait: str, value: object, catalogue: Callable[[], LookCatalogue]) -> object:
        """Return the looks, look or id that ``values``, ``value`` or ``selected_id`` becomes, and fetch missing looks.

        No lock may be held. A `HeyGenError` or `ValueError` if one cannot be fetched; all are `wanted` if it may exist.
        """
        before, given = self.selected, _listed(value)
        try:
            looks = [self._fetched(one, catalogue) if isinstance(one, str) else one for one in given]
        except (HeyGenError, ValueError) as error:
            if self.selected is before:  # else something was selected meanwhile
                self.wanted = () if isinstance(error, NotFoundError) else given
            raise
        if trait == "values":
            return tuple(looks)
        if len(looks) != 1:
            return value if looks else "" if trait == "selected_id" else None
        return looks[0].id if trait == "selected_id" and isinstance(looks[0], Look) else looks[0]

    def _fetched(self, look_id: str, catalogue: Callable[[], LookCatalogue]) -> Look:
        look = self.find(look_id)
        if look is None:
            catalogue().wait_for_snapshot()
            look = self.find(look_id) or self._model.fetch(look_id)
            self._remember(look)
        return look

    def _remember(self, look: Look) -> None:
        self._recent = (look, *self._recent)[:12]


def first_selection(selected_id: object, values: object) -> tuple[object, ...]:
    one, several = _listed(selected_id), _listed(values)
    if one and several:
        raise ValueError(f"selected_id {selected_id!r} and values both select looks: give one of them")
    return one or several


def _listed(wanted: object) -> tuple[object, ...]:
    """Return looks and ids, one or several or those of a table or a row, as a tuple without missing values."""
    one_or_more = wanted if isinstance(wanted, Look) else id_of("look_id", wanted)
    is_one = isinstance(one_or_more, (str, Look, Mapping)) or hasattr(one_or_more, "columns")
    if is_one or not isinstance(one_or_more, Iterable):
        one_or_more = (one_or_more,)
    return tuple(one for one in map(plain, one_or_more) if one is not None and (not isinstance(one, str) or one))
