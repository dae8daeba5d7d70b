"""What may be asked for when a video is made with a look: the table of HeyGen's documentation, as values.

Source: ``POST /v3/videos``. Nothing in here knows the records; a look is told by its type and its engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

from .._display import clip, title

__all__ = ["SERVICE_ENGINE", "State", "VideoOption", "VideoOptions", "default_engine", "video_options"]

State: TypeAlias = Literal["allowed", "refused", "unknown"]

SERVICE_ENGINE = "avatar_iv"
"""The engine that the service takes where a request names none."""

_WORDS: dict[State, str] = {"allowed": "yes", "refused": "no", "unknown": "unknown"}
_VIDEO_LOOKS = ("studio_avatar", "digital_twin")
_LEFT = 'style="text-align:left"'  # notebooks align tables to the right
_MOST_NAMED = 10  # engines
_ENGINES = ("avatar_iv", "avatar_v", "avatar_iii")
_YES: State = "allowed"
_NO: State = "refused"
_UNSAID: State = "unknown"
# By parameter: photo avatars with IV, V and III, then video looks with IV, V and III.
_TABLE: dict[str, tuple[State, ...]] = {
    "expressiveness": (_YES, _NO, _NO, _NO, _NO, _NO),
    "motion_prompt": (_YES, _YES, _NO, _NO, _YES, _NO),
    "resolution 4k": (_UNSAID, _UNSAID, _NO, _UNSAID, _UNSAID, _YES),
}
# What every look takes, and in words, what of it.
_FOR_EVERY_LOOK = {
    "script": "up to 5,000 characters; this or an audio",
    "audio_url": "up to 600 s; this, audio_asset_id or a script",
    "audio_asset_id": "up to 600 s; this, audio_url or a script",
    "aspect_ratio": "16:9 unless given",
    "resolution": "1080p or 720p; 4k has a line of its own",
    "fit": "contain or cover",
    "background": "a colour or an image; not with webm",
    "output_format": "mp4; webm has a line of its own",
    "caption": "a file of srt",
    "voice_settings": "speed 0.5 to 1.5, pitch -50 to 50, volume 0 to 1, locale",
    "title": "",
    "callback_url": "",
    "callback_id": "",
}


@dataclass(frozen=True, slots=True)
class VideoOption:
    """Whether one parameter of a video can be used with a look.

    Attributes
    ----------
    parameter : str
        Its name in ``POST /v3/videos``; where one value of it differs, with that value: ``resolution 4k``,
        ``output_format webm``.
    state : {"allowed", "refused", "unknown"}
        "unknown" is what nobody documents, or what the look does not tell: ask HeyGen, or try it with a short script.
    why : str
        In words; "" where nothing is to be said.
    is_disputed : bool
        Whether HeyGen's own pages disagree about it, as `why` tells.
    """

    parameter: str
    state: State
    why: str = ""
    is_disputed: bool = False

    @property
    def word(self) -> str:
        """Say it in a word: "yes", "no" or "unknown", with an asterisk where it is disputed."""
        return _WORDS[self.state] + "*" * self.is_disputed


class VideoOptions(Mapping[str, VideoOption]):
    """What a look allows with one engine: `VideoOption` by parameter. Shows itself as a table, also when printed.

    Attributes
    ----------
    engine : str
        The engine that all of it is about.
    """

    def __init__(self, engine: str, options: Sequence[VideoOption]) -> None:
        self.engine = engine
        self._options = {option.parameter: option for option in options}

    def __getitem__(self, parameter: str) -> VideoOption:
        return self._options[parameter]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    def __repr__(self) -> str:
        told = ", ".join(f"{option.parameter}: {option.state}" for option in self.values())
        return f"<VideoOptions with {clip(self.engine)}: {told}>"

    def __str__(self) -> str:
        """Give a table in plain text."""
        rows = [(option.parameter, option.word, option.why) for option in self.values()]
        first, second = (max(len(row[place]) for row in rows) for place in (0, 1))
        lines = [f"{name:{first}}  {word:{second}}  {why}".rstrip() for name, word, why in rows]
        return "\n".join([f"with {title('engine', self.engine)}:", *lines])

    def _repr_html_(self) -> str:
        cells = [(f"<code>{escape(o.parameter)}</code>", o.word, escape(o.why)) for o in self.values()]
        rows = "".join(f"<tr>{''.join(f'<td {_LEFT}>{cell}</td>' for cell in row)}</tr>" for row in cells)
        heads = f"with {escape(title('engine', self.engine))}", "allowed", "why"
        head = f"<tr>{''.join(f'<th {_LEFT}>{text}</th>' for text in heads)}</tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def default_engine(listed: Sequence[str]) -> str:
    """Give the engine that a video is made with unless one is named.

    It is ``avatar_iv``, the service's own choice, where the look lists that or lists nothing at all, else the first
    known one that it lists, else the first: without a name, the service would take ``avatar_iv`` and refuse it
    (inferred).
    """
    if not listed or SERVICE_ENGINE in listed:
        return SERVICE_ENGINE
    return next((engine for engine in listed if engine in _ENGINES), listed[0])


def video_options(avatar_type: str, listed: Sequence[str], engine: str | None, has_voice: bool) -> VideoOptions:
    """Tell of each parameter of a video whether it is allowed.

    Parameters
    ----------
    avatar_type : str
    listed : sequence of str
        The look's ``supported_api_engines``.
    engine : str or None
        None takes `default_engine`.
    has_voice : bool
        Whether the look has a voice of its own.
    """
    chosen = default_engine(listed) if engine is None else engine
    named = title("engine", chosen)
    return VideoOptions(
        chosen,
        [
            _engine(listed, chosen, is_named=engine is not None),
            _reference(chosen),
            *(_from_table(parameter, avatar_type, chosen) for parameter in _TABLE),
            *_with_matting(avatar_type),
            VideoOption("voice_id", "allowed", "the look's own voice unless given")
            if has_voice
            else VideoOption("voice_id", "allowed", f"the look tells no voice of its own for {named} to speak with"),
            *(VideoOption(parameter, "allowed", why) for parameter, why in _FOR_EVERY_LOOK.items()),
        ],
    )


def _engine(listed: Sequence[str], engine: str, *, is_named: bool) -> VideoOption:
    named = title("engine", engine)
    if engine in listed:
        if engine == "avatar_iii":
            why = f"the look lists {named}; the models page says that it cannot be reached here, the schema that it can"
            return VideoOption("engine", "allowed", why, is_disputed=True)
        if not is_named and engine != SERVICE_ENGINE:
            why = f"the look lists {named} and not Avatar IV, which the service would take unless told"
            return VideoOption("engine", "allowed", why)
        return VideoOption("engine", "allowed", f"the look lists {named}")
    if not listed and not is_named:
        return VideoOption("engine", "unknown", f"the look lists no engine; the service would take {named}")
    known = ", ".join([*map(clip, listed[:_MOST_NAMED]), *(["…"] if len(listed) > _MOST_NAMED else [])]) or "none"
    return VideoOption("engine", "refused", f"the look does not list {named}; it lists {known}")


def _reference(engine: str) -> VideoOption:
    if engine == "avatar_v":
        return VideoOption("reference_look_id", "allowed", "another look of the same character")
    return VideoOption("reference_look_id", "refused", "goes with Avatar V alone")


def _from_table(parameter: str, avatar_type: str, engine: str) -> VideoOption:
    is_photo = avatar_type == "photo_avatar"
    if engine not in _ENGINES or not (is_photo or avatar_type in _VIDEO_LOOKS):
        return VideoOption(parameter, "unknown", "nobody documents it for this type of look and this engine")
    state = _TABLE[parameter][_ENGINES.index(engine) + (0 if is_photo else len(_ENGINES))]
    kind = f"{'photo avatars' if is_photo else 'looks from video'} with {title('engine', engine)}"
    if parameter == "motion_prompt" and state == "allowed" and engine == "avatar_v":
        why = f"the schema allows it for {kind}; the models page says that Avatar V refuses it"
        return VideoOption(parameter, state, why, is_disputed=True)
    words: dict[State, str] = {"allowed": "for", "refused": "not for", "unknown": "nobody says whether for"}
    return VideoOption(parameter, state, f"{words[state]} {kind}")


def _with_matting(avatar_type: str) -> tuple[VideoOption, VideoOption]:
    why = "needs a look from video that was trained with matting, which the look does not tell"
    if avatar_type == "photo_avatar":
        why = "needs matting; for photo avatars nobody says either way"
    return (
        VideoOption("remove_background", "unknown", why),
        VideoOption("output_format webm", "unknown", f"{why}; never with a background"),
    )
