"""Looks, and a picker that keeps the messages to its views."""

from collections.abc import Sequence
from typing import Any

from avatar_service import end_of, our_threads

from heygen_widgets import Look, LookPicker


def look(look_id: str, **fields: Any) -> Look:
    return Look(**{"id": look_id, "name": f"Look {look_id}", "avatar_type": "photo_avatar", **fields})


class RecordingPicker(LookPicker):
    """A picker without a browser. `sent` holds the messages to its views, oldest first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.files: list[bytes] = []
        super().__init__(*args, **kwargs)

    def send(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        self.sent.append(content)
        self.files += buffers

    def answers(self, method: str = "update") -> list[dict[str, Any]]:
        return [content["args"][0] for content in self.sent if content["method"] == method]

    def click(self, *look_ids: str, selected: bool = True) -> None:
        """Send what a click on each look's card sends."""
        for look_id in look_ids:
            self.vue_select({"id": look_id, "selected": selected})

    def show_view(self, count: int = 24) -> dict[str, Any]:
        """Mount a view, and return its first message."""
        self.vue_ask_window({"view": "v", "start": 0, "count": count, "screen": count, "first": True})
        return self.answers()[-1]


def wait_for_publisher() -> None:
    """Wait until no picker has looks to publish."""
    publishers = (thread for thread in our_threads() if thread.name == "heygen_widgets: picker")
    assert end_of(publishers), "the publisher still runs"


def ids_in(window: dict[str, Any]) -> list[str]:
    return [card["id"] for card in window["looks"]]
