"""A widget that several threads may use at once: ipywidgets' own is not safe under that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import traitlets
from ipyvuetify.VuetifyTemplate import VuetifyTemplate

from ._background import Guard, Outlet

__all__ = ["GuardedTemplate"]

_OWN = {"heygen_widgets", "ipyvuetify", "ipyvue", "ipywidgets", "traitlets"}


@dataclass(frozen=True)
class _PutOff:
    """An observer that is called once the widget's lock is free. Two of the same observer are equal."""

    guard: Guard
    handler: Callable[..., object]

    def __call__(self, change: traitlets.Bunch) -> None:
        merges = change["type"] == "change"
        self.guard.put_off(_Change(change["name"], self.handler, change) if merges else partial(self.handler, change))


@dataclass(frozen=True)
class _Change:
    """A call that tells an observer how a trait has changed by then. Those of the same trait and observer are equal.

    So the first stands for all. What came last is not always what holds: a change within another is told before it.
    """

    name: str
    handler: Callable[..., object]
    change: traitlets.Bunch = field(compare=False)

    def __call__(self) -> None:
        new = getattr(self.change["owner"], self.name)
        if not _are_equal(self.change["old"], new):
            self.handler(traitlets.Bunch(self.change, new=new))


def _are_equal(one: object, other: object) -> bool:
    """Compare two values of a trait as traitlets does: those that cannot be compared differ."""
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - theirs, whatever it is
        return False


def _is_own(base: type) -> bool:
    return base.__module__.partition(".")[0] in _OWN


class GuardedTemplate(VuetifyTemplate):
    """A template whose traits change under a lock, `_guard`, which is free again when observers are called.

    Handlers of messages come on the main thread or others, and none of them may find what another has half changed. So
    the traits' own observers, which are methods of the package's classes, run under the lock. All other observers, also
    the methods of subclasses of the users', are called after it is released, on the thread that made the change and
    before that goes on: what they call or wait for is theirs. One that several changes of a trait were put off for is
    called once, or not at all where the trait is what it was.

    `hold_trait_notifications` and `hold_sync` keep the lock for the whole of the user's block, since traitlets' own are
    not safe otherwise: a block that waits for another thread that changes the widget waits for ever.
    """

    _guard: Guard
    _outlet: Outlet

    def setup_instance(self, /, *args: object, **kwargs: object) -> None:
        self._guard = Guard()
        self._outlet = Outlet(self)
        super().setup_instance(*args, **kwargs)

    def __setattr__(self, name: str, value: object) -> None:
        if not self.has_trait(name):
            super().__setattr__(name, value)
            return
        with self._guard:
            super().__setattr__(name, value)

    def set_trait(self, name: str, value: object) -> None:
        with self._guard:
            super().set_trait(name, value)

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        with self._guard, super().hold_trait_notifications():
            yield

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        with self._guard, super().hold_sync():
            yield

    def observe(self, handler: Callable[..., object], names: object = traitlets.All, type: object = "change") -> None:
        super().observe(self._put_off(handler), names, type)

    def unobserve(
        self, handler: Callable[..., object] | None, names: object = traitlets.All, type: object = "change"
    ) -> None:
        super().unobserve(self._put_off(handler), names, type)

    def _put_off(self, handler: Callable[..., object] | None) -> Callable[..., object] | None:
        if handler is None:
            return None
        if isinstance(handler, traitlets.ObserveHandler) and handler.name is not None:
            # By its name: what overrides a method of the package's belongs to it.
            if any(handler.name in vars(base) for base in type(self).__mro__ if _is_own(base)):
                return handler
            handler = getattr(self, handler.name)
        return _PutOff(self._guard, handler)

    def _handle_event(self, _: object, content: object, buffers: object) -> None:
        """Call the handler of an event, and nothing else: ipyvue's own calls and imports whatever a message names."""
        event = content.get("event") if isinstance(content, dict) else None
        if isinstance(content, dict) and event in self.events:
            getattr(self, f"vue_{event}")(content.get("data"))

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the front end changed."""
        with self._guard:
            super().set_state(sync_data)

    def send_state(self, key: str | Iterable[str] | None = None) -> None:
        """Send traits to the front end, and nothing newer before them."""
        with self._guard:
            super().send_state(key)

    def _send(self, msg: dict[str, Any], buffers: list[Any] | None = None) -> None:
        self._outlet.let(partial(super()._send, msg, buffers))

    def __del__(self) -> None:
        """Do nothing: a garbage collection calls this, on any thread, whatever that holds, and so may the very end.

        What is collected has been closed, or was never shown: ipywidgets keeps all others.
        """
