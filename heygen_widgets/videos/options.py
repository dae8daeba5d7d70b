"""What a look allows in a video, from the rules in `rules.json`, and the table that shows it.

Source: ``POST /v3/videos``. This module knows no records: a look is its type and the engines it lists.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .._display import clip, title

__all__ = ["SERVICE_ENGINE", "State", "VideoOption", "VideoOptions", "default_engine", "read_rules", "video_options"]

State: TypeAlias = Literal["allowed", "refused", "unknown"]

SERVICE_ENGINE = "avatar_iv"
"""The engine that the service uses when a request names none."""

_WORDS: dict[State, str] = {"allowed": "yes", "refused": "no", "unknown": "unknown"}
_LEFT = 'style="text-align:left"'  # notebooks align tables to the right
_MOST_NAMED = 10  # engines


@functools.cache
def read_rules() -> dict[str, Any]:
    """Read `rules.json`: the fields of a request, their bounds, and what each kind of look allows."""
    return json.loads(Path(__file__).with_name("rules.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class VideoOption:
    """Whether one parameter of a video can be used with a look.

    Attributes
    ----------
    parameter : str
        Its name in ``POST /v3/videos``, followed by a value when only that value differs: ``resolution 4k``,
        ``output_format webm``.
    state : {"allowed", "refused", "unknown"}
        "unknown" means that HeyGen does not document it, or that the record of the look does not include it. Ask
        HeyGen, or try it with a short script.
    why : str
        The reason in words; may be empty.
    is_disputed : bool
        Whether HeyGen's own pages disagree; see `why`.
    """

    parameter: str
    state: State
    why: str = ""
    is_disputed: bool = False

    @property
    def word(self) -> str:
        """The state as "yes", "no" or "unknown", with an asterisk if it is disputed."""
        return _WORDS[self.state] + "*" * self.is_disputed


class VideoOptions(dict[str, VideoOption]):
    """What a look allows with one engine: a `VideoOption` for each parameter. Printed or displayed, it is a table.

    Attributes
    ----------
    engine : str
        The engine that all options refer to.
    """

    def __init__(self, engine: str, options: Iterable[VideoOption]) -> None:
        super().__init__((option.parameter, option) for option in options)
        self.engine = engine

    def __repr__(self) -> str:
        states = ", ".join(f"{option.parameter}: {option.state}" for option in self.values())
        return f"<VideoOptions with {clip(self.engine)}: {states}>"

    def __str__(self) -> str:
        rows = [(option.parameter, option.word, option.why) for option in self.values()]
        first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
        lines = [f"{name:{first}}  {word:{second}}  {why}".rstrip() for name, word, why in rows]
        return "\n".join([f"with {title('engine', self.engine)}:", *lines])

    def _repr_html_(self) -> str:
        cells = [(f"<code>{escape(o.parameter)}</code>", o.word, escape(o.why)) for o in self.values()]
        rows = "".join(f"<tr>{''.join(f'<td {_LEFT}>{cell}</td>' for cell in row)}</tr>" for row in cells)
        heads = f"with {escape(title('engine', self.engine))}", "allowed", "why"
        head = f"<tr>{''.join(f'<th {_LEFT}>{text}</th>' for text in heads)}</tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def default_engine(listed: Sequence[str]) -> str:
    """Return ``avatar_iv`` if the look lists it or lists nothing, else the first known engine listed, else the first.

    If a request names none, the service uses ``avatar_iv``, and refuses it when the look does not list it (inferred).
    """
    if not listed or SERVICE_ENGINE in listed:
        return SERVICE_ENGINE
    return next((engine for engine in listed if engine in read_rules()["engines"]), listed[0])


def video_options(avatar_type: str, listed: Sequence[str], engine: str | None, has_voice: bool) -> VideoOptions:
    """Return the options of a look of this type that lists these engines; None means its `default_engine`."""
    rules = read_rules()
    chosen = default_engine(listed) if engine is None else engine
    voice = "the look's default voice by default" if has_voice else "the look has no default voice"
    why = "needs a look trained from video with matting, which its record does not show"
    if avatar_type == "photo_avatar":
        why = "needs matting; HeyGen does not document it for photo avatars"
    return VideoOptions(
        chosen,
        [
            _engine(listed, chosen, is_named=engine is not None),
            VideoOption("reference_look_id", "allowed", "another look of the same group")
            if chosen == rules["video"]["needs"]["reference_look_id"]["engine"]
            else VideoOption("reference_look_id", "refused", "needs Avatar V"),
            *(_by_look(parameter, avatar_type, chosen) for parameter in rules["by_look"]),
            VideoOption("remove_background", "unknown", why),
            VideoOption("output_format webm", "unknown", f"{why}; never with a background"),
            VideoOption("voice_id", "allowed", voice),
            *(
                VideoOption(parameter, "allowed", rule["note"])
                for parameter, rule in rules["video"]["fields"].items()
                if "note" in rule
            ),
        ],
    )


def _engine(listed: Sequence[str], engine: str, *, is_named: bool) -> VideoOption:
    named = title("engine", engine)
    if engine in listed:
        if engine == "avatar_iii":
            why = f"the look lists {named}; the models page says the API does not offer it, the schema says it does"
            return VideoOption("engine", "allowed", why, is_disputed=True)
        more = "" if is_named or engine == SERVICE_ENGINE else " and not Avatar IV, the service's default"
        return VideoOption("engine", "allowed", f"the look lists {named}{more}")
    if not listed and not is_named:
        return VideoOption("engine", "unknown", f"the look lists no engine; the service would use {named}")
    known = ", ".join([*map(clip, listed[:_MOST_NAMED]), *(["…"] if len(listed) > _MOST_NAMED else [])]) or "none"
    return VideoOption("engine", "refused", f"the look does not list {named}; it lists {known}")


def _by_look(parameter: str, avatar_type: str, engine: str) -> VideoOption:
    kind = read_rules()["look_kinds"].get(avatar_type)
    state: State | None = read_rules()["by_look"][parameter].get(kind, {}).get(engine)
    if state is None:
        return VideoOption(parameter, "unknown", "HeyGen does not document it for this type of look and this engine")
    looks = f"{'photo avatars' if kind == 'photo' else 'looks from video'} with {title('engine', engine)}"
    if parameter == "motion_prompt" and state == "allowed" and engine == "avatar_v":
        why = f"the schema allows it for {looks}; the models page says that Avatar V refuses it"
        return VideoOption(parameter, state, why, is_disputed=True)
    words = {"allowed": "for", "refused": "not for", "unknown": "not documented for"}
    return VideoOption(parameter, state, f"{words[state]} {looks}")
