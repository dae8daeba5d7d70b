"""What the widgets of this package share: one lock, and a template that several threads may use."""

from __future__ import annotations

import atexit
import re
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import traitlets
from IPython import get_ipython
from IPython.display import display
from ipyvue.Template import Template, template_registry
from ipyvuetify.VuetifyTemplate import VuetifyTemplate
from ipywidgets import Layout
from traitlets import All
from traitlets.utils.sentinel import Sentinel

from ._background import WIDGET_LOCK
from ._parsing import plain

_INCLUDE = re.compile(r"^// include (\S+\.js)$", re.MULTILINE)
_INDENTATION = re.compile(r"^ +", re.MULTILINE)

_Names: TypeAlias = str | Sentinel | Collection[str | Sentinel]
_PACKAGE = "heygen_widgets."
# Hides the texts beneath a widget that shows. Without a kernel, JupyterLab puts a text in the place of its panel.
# There, no rule may look deep into a widget's output: each change in it would compute the styles of all its elements.
_STYLE = """<style>
:is(.jp-OutputArea-child:has(> .jp-OutputArea-output.lm-Panel) + *,
  :is(.jp-OutputArea-child:not(.lm-Widget), .output_area, .output_container):has(.look-picker, .video-job) + *
):has(.heygen-widgets-saved) { display: none; }
</style>"""

_exiting = threading.Event()
_displayed: weakref.WeakSet[SharedTemplate] = weakref.WeakSet()  # with texts in a notebook
_opened: defaultdict[str, weakref.WeakSet[SharedTemplate]] = defaultdict(weakref.WeakSet)  # by the id of the cell


@atexit.register
def _stop_sending() -> None:
    # ipykernel closes its sockets at exit, and a thread that sends at that moment aborts the process. This function was
    # registered after ipykernel's own, so it runs before it.
    with WIDGET_LOCK:
        _exiting.set()


class SharedTemplate(VuetifyTemplate):
    """A Vuetify template that cells, subshells and publisher threads may use at the same time.

    ipywidgets and traitlets are not thread-safe. Every change of a trait, every handler and every message runs under
    `WIDGET_LOCK`, and so do the observers. An observer must not wait for another thread that uses a widget.
    """

    _closed = False
    _is_made = False
    _saved: dict[str, str] | None = None  # the texts as last displayed
    # Returns the assignment that one to an unknown attribute means, or "", from its name and the public traits.
    _meant: Callable[[str, list[str]], str] = staticmethod(lambda name, traits: "")

    def __init__(self, template: Path, layout: Layout | dict[str, Any], **traits: object) -> None:
        self._own_layout = None if isinstance(layout, Layout) else Layout(**layout)
        try:
            super().__init__(template=_shared(template), layout=self._own_layout or layout, **traits)
        except traitlets.TraitError as error:
            raise error.with_traceback(None) from None  # the ten frames of traitlets say nothing
        self._is_made = True

    def __setattr__(self, name: str, value: object) -> None:
        is_trait = self.has_trait(name)
        # A class of the user may have attributes of its own.
        if not (is_trait or name.startswith("_")) and self._is_made and type(self).__module__.startswith(_PACKAGE):
            self._refuse(name)
        with WIDGET_LOCK if is_trait else nullcontext():
            super().__setattr__(name, plain(value) if is_trait else value)

    def _refuse(self, name: str) -> None:
        """Raise an `AttributeError` for an attribute that nobody would read."""
        # Solara replaces a method of traitlets, and sets `source` again; `interact` sets a description.
        own = getattr(type(self), name, None)
        is_known = name in ("description", "source", *vars(self)) or hasattr(VuetifyTemplate, name)
        if is_known or isinstance(own, property):
            return
        meant = self._meant(name, self._public_traits())
        problem, way_out = f"there is no attribute {name!r}", meant
        if own:
            problem, way_out = f"{name} is a method", meant or f".{name}()"
        raise AttributeError(f"{type(self).__name__}: {problem}" + (f": use {way_out}" if way_out else ""))

    def _public_traits(self) -> list[str]:
        """Return the names of the traits that are not only for the view."""
        own = {name: trait for name, trait in self.traits().items() if issubclass(trait.this_class, SharedTemplate)}
        return [name for name, trait in own.items() if not (trait.read_only or name.startswith("_"))]

    def observe(self, handler: Callable[..., Any], names: _Names = All, type: str | Sentinel = "change") -> None:
        """Call a handler when a trait changes, by default any public one; see `traitlets.HasTraits.observe`."""
        if names is All and not (names := self._public_traits()):
            raise TypeError(f"{self.__class__.__name__} has no public trait to observe")
        super().observe(handler, names, type)

    def unobserve(self, handler: Callable[..., Any], names: _Names = All, type: str | Sentinel = "change") -> None:
        """Undo `observe`."""
        for name in self._public_traits() if names is All else [names]:
            with suppress(ValueError) if names is All else nullcontext():  # the handler does not observe this one
                super().unobserve(handler, name, type)

    def __dir__(self) -> list[str]:
        """Leave out the handlers of the view, once ipyvue has found them in this list, and traits of older releases."""
        hidden = {"css", "data", "methods", *(f"vue_{event}" for event in self.events or ())}
        return [name for name in super().__dir__() if name not in hidden]

    def set_trait(self, name: str, value: object) -> None:
        with WIDGET_LOCK:
            super().set_trait(name, value)

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        with WIDGET_LOCK, super().hold_trait_notifications():
            yield

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Apply what the front end may change, and send back the current value of everything else."""
        with WIDGET_LOCK:
            sent = sync_data if isinstance(sync_data, dict) else {}
            allowed = {name: value for name, value in sent.items() if self._allows(name, value)}
            super().set_state(allowed)
            self.send_state([name for name in sent if name in self.keys and name not in allowed])

    def _allows(self, name: str, value: object) -> bool:
        """Whether the front end may set a trait to a value."""
        return False

    def send_state(self, key: str | Iterable[str] | None = None) -> None:
        with WIDGET_LOCK:
            super().send_state(key)

    def open(self) -> None:
        """Open the comm to the front end. What an earlier run of the same cell has opened leaves the page."""
        with WIDGET_LOCK:
            message: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
            cell = str(message.get("metadata", {}).get("cellId", ""))  # "" in a batch
            self._shown_in = str(message.get("header", {}).get("msg_id", ""))
            if self.comm is None and cell:
                for widget in [widget for widget in _opened[cell] if widget._shown_in != self._shown_in]:
                    _opened[cell].remove(widget)
                    widget._leave_page()
                _opened[cell].add(self)
            if self._own_layout:
                self._own_layout.open()
            super().open()
            self._unpin_comm()

    @property
    def model_id(self) -> str:
        """The id by which the front end knows the widget, which a container of the widget asks for."""
        if self.comm is None and not self._closed:
            self.open()
        return str(super().model_id)

    def _leave_page(self) -> None:
        """Close the comm, so that neither the page nor a saved notebook keeps the widget. Showing it opens it again."""
        super().close()
        _displayed.discard(self)
        self.__dict__.pop("_repr_mimebundle_", None)  # ipywidgets' None
        if self._own_layout:
            self._own_layout.close()

    def close(self) -> None:
        """Remove the widget from the page for good."""
        self._closed = True
        with WIDGET_LOCK:
            self._leave_page()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - what IPython asks for
        """Return the widget, and texts for places without widgets."""
        if self._closed:
            return self._texts()
        self.open()
        return {**super()._repr_mimebundle_(**kwargs), **self._texts()}

    def _texts(self) -> dict[str, str]:
        """Return what a notebook shows without a widget: ``text/plain`` and ``text/html``, without preview URLs."""
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        """Display the widget, and as a second output its texts, which can change while the widget stays."""
        shell = get_ipython()
        if self._closed or not hasattr(shell, "kernel"):
            raise NotImplementedError  # IPython then asks for `_repr_mimebundle_`
        shell.events.register("post_run_cell", _update_texts)  # once, however often it is called
        with WIDGET_LOCK:
            widget = {**self._repr_mimebundle_(), "text/plain": f"{type(self).__name__}(…)"}
            del widget["text/html"]
            display(widget, raw=True)
            self._display_texts()
            _displayed.add(self)

    def _display_texts(self, **options: Any) -> None:  # noqa: ANN401 - those of `display`
        self._saved = self._texts()
        html = f'{_STYLE}<div class="heygen-widgets-saved">{self._saved["text/html"]}</div>'
        texts = {**self._saved, "text/html": html}
        display(texts, raw=True, display_id=f"{self.model_id} texts", **options)

    def _update_texts(self) -> None:
        """Update the texts in the notebook, if the widget is in it and they have changed."""
        with WIDGET_LOCK:
            if self in _displayed and not _exiting.is_set() and self._texts() != self._saved:
                self._display_texts(update=True)

    @traitlets.observe("layout")
    def _layout_changed(self, change: dict[str, Any]) -> None:
        change["new"].set_state = lambda _: None  # only Python sets a layout

    def _send(self, msg: dict[str, Any], buffers: list[Any] | None = None) -> None:
        with WIDGET_LOCK:
            if not _exiting.is_set():
                super()._send(msg, buffers)
                self._unpin_comm()

    def _unpin_comm(self) -> None:
        # ipykernel 7.4 remembers the subshell of a comm's last message, and JupyterLab sends the next click there.
        # After a message from a cell or a plain thread, the next click would wait for the running cell.
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)

    def _handle_event(self, _: object, content: object, buffers: object) -> None:
        # ipyvue's own handler calls and imports what a message names. This one calls only our handlers.
        if isinstance(content, dict) and content.get("event") in self.events:
            with WIDGET_LOCK:
                getattr(self, f"vue_{content['event']}")(content.get("data"))

    def __del__(self) -> None:
        """Do nothing: the garbage collector may run this on any thread, and ipywidgets' own version sends a message."""


def _update_texts(_: object) -> None:
    for widget in list(_displayed):
        widget._update_texts()


def _shared(path: Path) -> Template:
    """Return the template of a widget. All widgets of a class share it."""
    if (name := str(path)) not in template_registry:  # ipyvue's own registry
        template_registry[name] = Template(template=read_vue(path), source_url=path.name)
        template_registry[name].set_state = lambda _: None  # no front end changes it
    return template_registry[name]


@cache
def read_vue(path: Path) -> str:
    """Read a component with the scripts of its ``// include`` lines, without indentation, which need not be sent."""
    text = path.read_text(encoding="utf-8")
    return _INDENTATION.sub("", _INCLUDE.sub(lambda line: (path.parent / line[1]).read_text(encoding="utf-8"), text))
