"""What a look, here its type and the engines it lists, allows in ``POST /v3/videos`` by `rules.json`, and its table."""

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .._display import clip, table, title

State: TypeAlias = Literal["allowed", "refused", "unknown"]

_WORDS: dict[State, str] = {"allowed": "yes", "refused": "no", "unknown": "unknown"}


@functools.cache
def read_rules() -> dict[str, Any]:
    """Read `rules.json`: the fields of a request, their bounds, and what each kind of look allows."""
    return json.loads(Path(__file__).with_name("rules.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class VideoOption:
    """Whether one parameter of a video can be used with a look, and `why`, in words.

    Attributes
    ----------
    parameter
        Its name in ``POST /v3/videos``, with a value when only that value differs, as in ``resolution 4k``.
    state, is_conditional
        "unknown": HeyGen does not document it, or the look's record does not include it. Ask HeyGen, or try a short
        script. Conditional: it depends on something that the record does not show. `VideoRequest.check` warns of both.
    """

    parameter: str
    state: State
    why: str = ""
    is_conditional: bool = False

    @property
    def word(self) -> str:
        """The state as "yes", "no" or "unknown", with an asterisk if it is conditional."""
        return _WORDS[self.state] + "*" * self.is_conditional


class VideoOptions(dict[str, VideoOption]):
    """What a look allows with one `engine`: a `VideoOption` for each parameter. Printed or displayed, it is a table."""

    def __init__(self, engine: str, options: Iterable[VideoOption]) -> None:
        super().__init__((option.parameter, option) for option in options)
        self.engine = engine

    def __repr__(self) -> str:
        width = max(map(len, self))
        lines = [f"{option.parameter:{width}}  {option.word:7}  {option.why}".rstrip() for option in self.values()]
        return "\n".join([f"with {title('engine', self.engine)}:", *lines])

    def _repr_html_(self) -> str:
        rows = [(f"<code>{escape(o.parameter)}</code>", o.word, escape(o.why)) for o in self.values()]
        return table((f"with {escape(title('engine', self.engine))}", "allowed", "why"), rows)


def default_engine(listed: Sequence[str]) -> str:
    """Return the `Look.default_engine`. The service refuses its own when the look lists others only (inferred)."""
    service_engine: str = read_rules()["default_engine"]
    known = _known(listed)
    return service_engine if service_engine in known or not known else known[0]


def video_options(avatar_type: str, listed: Sequence[str], engine: str | None) -> VideoOptions:
    """Return the options of a look of this type that lists these engines; None means its `default_engine`."""
    rules = read_rules()
    chosen = default_engine(listed) if engine is None else engine
    looks = rules["look_kinds"].get(avatar_type)
    state: State = "allowed" if chosen == "avatar_v" else "refused"
    why = "a digital twin of the same group that is ready" if chosen == "avatar_v" else "needs Avatar V"
    options = [_engine(listed, chosen, is_named=engine is not None), VideoOption("reference_look_id", state, why)]
    for parameter, verdicts in rules["by_look"].items():
        verdict = verdicts.get(looks, {}).get(chosen, "undocumented")
        state, why, *is_conditional = rules["verdicts"][verdict]
        why = why.format(looks=looks, engine=title("engine", chosen))
        options.append(VideoOption(parameter, state, why, *is_conditional))
    notes = rules["notes"] | (rules["notes_of_photo_avatars"] if avatar_type == "photo_avatar" else {})
    options += [VideoOption(parameter, *note) for parameter, note in notes.items()]
    return VideoOptions(chosen, options)


def _engine(listed: Sequence[str], engine: str, *, is_named: bool) -> VideoOption:
    named, others = title("engine", engine), clip(", ".join(listed)) or "none"
    if not _known([engine]):
        return VideoOption("engine", "refused", f"HeyGen's API knows no engine {named}")
    if engine in listed:
        return VideoOption("engine", "allowed", f"the look lists {named}")
    if engine == read_rules()["default_engine"] and not (listed if is_named else _known(listed)):
        return VideoOption("engine", "unknown", f"the look lists no known engine ({others}); the service uses {named}")
    return VideoOption("engine", "refused", f"the look does not list {named}; it lists {others}")


def _known(listed: Sequence[str]) -> list[str]:
    return [engine for engine in listed if engine in read_rules()["video"]["fields"]["engine"]["choices"]]
