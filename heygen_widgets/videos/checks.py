"""What is wrong with a request for a video: sentences that name the offending value and the way out.

`given` is a request as a dictionary: the fields that are not None by their names, nested objects as dictionaries.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from .._display import clip
from .._parsing import hint_for, warn
from ..errors import VideoOptionError
from ..models import AvatarGroup, Look
from .options import read_rules

_LONGEST_SHOWN = 60  # characters of a value in a sentence


class VideoOptionWarning(UserWarning):
    """A request for a video uses something that HeyGen does not document for this look."""


def check_request(
    kind: Literal["video", "agent", "answer"],
    given: Mapping[str, Any],
    look: Look | None = None,
    group: AvatarGroup | None = None,
    reference: Look | None = None,
) -> None:
    """Raise an error with all problems; without any, warn of each doubt at the line outside of this package."""
    problems = list(_field_problems(read_rules()[kind], given))
    doubts: list[str] = []
    if look is not None and kind == "video":
        refused, doubts = _option_findings(given, look, reference)
        problems += refused
    if look is not None:
        problems += _look_problems(given, look)
        doubts += _consent_doubts(look, group)
    if problems:
        names = {"video": f"A video with {_shown(given.get('avatar_id'))}", "agent": "A video from a prompt"}
        raise VideoOptionError(names.get(kind, "An answer to a video agent"), problems)
    for doubt in doubts:
        warn(doubt, VideoOptionWarning)


def _field_problems(rules: Mapping[str, Any], given: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield what is wrong with the fields and their combinations for any look; `path` leads to a nested object."""
    for name, rule in rules["fields"].items():
        value: Any = given.get(name)
        if value is None and not rule.get("required"):
            continue
        if rule["type"] == "object":
            yield from _field_problems(rule, value, f"{name} ")
        elif expected := _unmet(rule, value):
            yield f"{path}{name} should be {expected}, not {_shown(value)}{hint_for(name, value)}"
    if names := rules.get("exactly_one"):
        used = [name for name in names if name in given]
        if len(used) != 1:
            number = f"{' and '.join(used)} are" if used else "none is"
            yield f"exactly one of {path}{', '.join(names)} is needed, and {number} given"
    for name, value, other in rules.get("excludes", ()):
        if given.get(name) == value and other in given:
            yield f"{path}{name} {value!r} takes no {other}: leave one of them out"
    for name, other, value in rules.get("needs", ()):
        if name in given and given.get(other) != value:
            yield f"{name} needs {other}={value!r}, not {_shown(given.get(other))}"


def _unmet(rule: Mapping[str, Any], value: object) -> str | None:
    """Return what the value should be, or None if it is that."""
    match rule["type"]:
        case "choice":
            fits = isinstance(value, (str, bool)) and value in rule["choices"]
            expected = f"one of {', '.join(map(str, rule['choices']))}"
        case "number":
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            fits, expected = is_number and rule["min"] <= value <= rule["max"], f"{rule['min']} to {rule['max']}"
        case "list":
            fits = isinstance(value, (list, tuple)) and len(value) <= rule["max"] and _is_json(value)
            expected = f"a list of at most {rule['max']} JSON objects"
        case name:
            pattern = read_rules()["patterns"][name]
            fits = isinstance(value, str) and re.fullmatch(pattern["pattern"], value) is not None
            expected = pattern["says"]
    return None if fits else expected


def _look_problems(given: Mapping[str, Any], look: Look) -> Iterator[str]:
    avatar_id = given.get("avatar_id", look.id)
    if isinstance(avatar_id, str) and avatar_id != look.id:
        kind = ", the id of its group" if avatar_id == look.group_id else ""
        yield f"avatar_id should be the id of the look, {look.id!r}, not {_shown(avatar_id)}{kind}"
    if not look.is_ready:
        reason = f" ({clip(look.error.message)})" if look.error and look.error.message else ""
        yield f"the look is not ready, its status is {look.status!r}{reason}: choose one that is"


def _option_findings(given: Mapping[str, Any], look: Look, reference: Look | None) -> tuple[list[str], list[str]]:
    """Return the problems with what a video uses of this look, and the doubts: what HeyGen does not document."""
    problems, doubts = [], []
    engine, script, reference_id = (given.get(name) for name in ("engine", "script", "reference_look_id"))
    for option in look.video_options(engine if isinstance(engine, str) else None).values():
        name, _, value = option.parameter.partition(" ")
        used = given.get(name, False)
        is_used = used == value if value else used is not False
        if name != "engine" and not is_used:
            continue
        if option.state == "refused" and name != "reference_look_id":  # this is a problem for any look
            problems.append(f"{option.parameter}: {option.why}; leave it out, or choose from look.video_options()")
        elif option.state == "unknown" or option.is_disputed:
            doubts.append(f"{option.parameter}: {option.why}")
    if isinstance(script, str) and script.isspace():
        doubts.append("script: it is only white space, and HeyGen does not document the result")
    if script is not None and "voice_id" not in given and not look.default_voice_id:
        doubts.append("voice_id: the look has no default voice, and HeyGen does not document what happens without one")
    if reference_id is not None:
        if reference is None or not (look.group_id and reference.group_id):
            doubts.append(f"reference_look_id: whether {_shown(reference_id)} is in the same group is not known")
        elif (reference.id, reference.group_id) != (reference_id, look.group_id):
            found = f"the reference is {reference.id!r} of {reference.group_id!r}"
            problems.append(f"reference_look_id {_shown(reference_id)} should be of {look.group_id!r}, but {found}")
    return problems, doubts


def _consent_doubts(look: Look, group: AvatarGroup | None) -> Iterator[str]:
    is_private_twin = look.avatar_type == "digital_twin" and look.ownership != "public"
    if is_private_twin and group is not None and group.consent_status not in (None, "accepted", "approved"):
        yield f"the consent for {_shown(group.name)} is {_shown(group.consent_status)}: the service may refuse"


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()  # refuses a lone surrogate
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _shown(value: object) -> str:
    text = repr(value)
    if len(text) <= _LONGEST_SHOWN:
        return text
    length = f" ({len(value):,})" if isinstance(value, (str, list, tuple)) else ""
    return f"{text[: _LONGEST_SHOWN - 1]}…{length}"
