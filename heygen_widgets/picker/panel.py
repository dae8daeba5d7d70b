"""What stands beside the grid: the looks chosen, one in detail, a few compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._display import echo, fits
from ..filters import LookFilter
from ..models import AvatarGroup, Look, Voice
from .cards import card
from .choice import LookChoice
from .code import video_code
from .details import details, voice_of
from .voices import VoiceLookup

__all__ = ["LookPanel"]

_COMPARED = 4  # looks side by side


class LookPanel(LookChoice):
    """A grid with a panel of details, a tray of what is chosen, and a comparison.

    Parameters
    ----------
    *arguments, **traits
        As for `LookChoice`.
    """

    def __init__(self, *arguments: Any, **traits: Any) -> None:  # noqa: ANN401 - each trait has its own
        self._voices: VoiceLookup | None = None
        super().__init__(*arguments, **traits)

    def close(self) -> None:
        """Take the picker from the screen and end its threads; what was chosen stays readable."""
        # First what is closing, so that no late message begins another look-up.
        super().close()
        if self._voices:
            self._voices.close()

    def _known(self, look: Look) -> Look:
        """Give the same look from the catalogue where that has it: it may have newer URLs, and tells the owner."""
        return (self._catalogue.get(look.id) if self._catalogue is not None else None) or look

    def _look(self, look_id: object) -> Look | None:
        """Give a look that can be on the screen."""
        if not isinstance(look_id, str) or not fits(look_id):
            return None
        loaded = self._catalogue.get(look_id) if self._catalogue is not None else None
        return loaded or next((look for look in self.values if look.id == look_id), None)

    def _pictured(self, card_ids: Iterable[str]) -> dict[str, Look | AvatarGroup]:
        """Give also those of looks that are seen beside the grid alone: chosen, in detail, compared."""
        ids = list(card_ids)
        return {**{i: look for i in ids if (look := self._look(i))}, **super()._pictured(ids)}

    def _details(self, look: Look) -> dict[str, Any]:
        catalogue, group_id = self._catalogue, look.group_id
        code = {"video_code": video_code(look, self._client_code())}
        if catalogue is None or not group_id:
            return {**details(look, None, 0), **code}
        number = sum(character.expected for character in catalogue.characters(LookFilter(group_id=group_id)))
        return {**details(look, catalogue.groups.get(group_id), number), **code}

    def _client_code(self) -> str:
        """Give Python that makes a client for the service behind the catalogue."""
        client = self._catalogue.client if self._catalogue is not None else None
        return client.code if client else "HeyGenClient()"

    # -- what the view asks -------------------------------------------------------------------------------------------

    def vue_ask_chosen(self, view: object) -> None:
        """Answer a view with the cards of what is chosen."""
        with self._guard:
            chosen = [card(self._known(look)) for look in self.values]
            self.send({"method": "chosen", "args": [{"view": echo(view), "looks": chosen}]})

    def vue_ask_details(self, asked: object) -> None:
        """Answer a view with all that is known of some looks."""
        if not isinstance(asked, dict) or not isinstance(asked.get("ids"), list):
            return
        with self._guard:
            looks = [look for look_id in asked["ids"][:_COMPARED] if (look := self._look(look_id))]
            answer = {
                "view": echo(asked.get("view")),
                "compared": asked.get("compared") is True,
                "looks": [self._details(look) for look in looks],
            }
            self.send({"method": "details", "args": [answer]})

    def vue_ask_voice(self, look_id: object) -> None:
        """Find out about the default voice of a look, and tell the views when that is known."""
        with self._guard:
            look = self._look(look_id)
            client = self._catalogue.client if self._catalogue is not None else None
            if look is None or not look.default_voice_id or client is None or self._closing.is_set():
                return
            if self._voices is None:
                self._voices = VoiceLookup(client, self._tell_voice)
            self._voices.ask(look.default_voice_id)

    def _tell_voice(self, voice_id: str, voice: Voice | None) -> None:
        self.send({"method": "voice", "args": [{"id": echo(voice_id), "voice": voice_of(voice) if voice else None}]})

    def vue_show_character(self, group_id: object) -> None:
        """Show all looks of a character, and none of others; `vue_leave_character` is the way back."""
        with self._guard:
            if isinstance(group_id, str) and fits(group_id) and self._is_here(group_id):
                before = (self.show, self.filter)
                self._open(group_id, LookFilter(group_id=group_id, sort=self.filter.sort), lambda _: before)

    def _is_here(self, group_id: str) -> bool:
        """Whether a look that can be on the screen belongs to a character."""
        if any(look.group_id == group_id for look in self.values):
            return True
        return self._catalogue is not None and group_id in self._catalogue.values("group_id")
