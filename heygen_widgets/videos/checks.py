"""What is wrong with a request for a video: sentences that name the offending value and the way out.

`given` is a request as a dictionary: each field by its name, nested objects as dictionaries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from .._display import clip, is_sendable
from ..models import AvatarGroup, Look
from .options import VideoOption, read_rules

__all__ = ["consent_doubts", "field_problems", "look_problems", "option_findings"]

Given = Mapping[str, Any]

_LONGEST_SHOWN = 60  # characters of a value in a sentence


def field_problems(kind: Literal["video", "agent"], given: Given) -> Iterator[str]:
    """Yield what is wrong with the fields and their combinations for any look."""
    rules = read_rules()[kind]
    yield from _wrong_fields(rules["fields"], given)
    if names := rules.get("exactly_one"):
        used = [name for name in names if given[name] is not None]
        if len(used) != 1:
            number = f"{' and '.join(used)} are" if used else "none is"
            yield f"exactly one of {', '.join(names)} is needed, and {number} given"
    for name, excluded in rules.get("excludes", {}).items():
        for value, other in excluded.items():
            if given[name] == value and given[other] is not None:
                yield f"{name} {value!r} takes no {other}: leave one of them out"
    for name, needed in rules.get("needs", {}).items():
        for other, value in needed.items():
            if given[name] is not None and given[other] != value:
                yield f"{name} needs {other}={value!r}, not {_shown(given[other])}"


def look_problems(given: Given, look: Look) -> Iterator[str]:
    """Yield why a request cannot use this look at all."""
    avatar_id = given["avatar_id"]
    if isinstance(avatar_id, str) and avatar_id != look.id:
        if avatar_id == look.group_id:
            yield f"avatar_id {_shown(avatar_id)} is the id of a group: use a look's, {look.id!r}"
        else:
            yield f"avatar_id is {_shown(avatar_id)}, but the look to check against is {look.id!r}"
    if not look.is_ready:
        reason = f" ({clip(look.error.message)})" if look.error and look.error.message else ""
        yield f"the look is not ready, its status is {look.status!r}{reason}: choose one that is"


def option_findings(given: Given, look: Look, reference: Look | None) -> tuple[list[str], list[str]]:
    """Return the problems with what a video uses of this look, and the doubts: what HeyGen does not document."""
    problems, doubts = [], []
    engine, script, reference_id = given["engine"], given["script"], given["reference_look_id"]
    for option in look.video_options(engine if isinstance(engine, str) else None).values():
        name, _, value = option.parameter.partition(" ")
        is_used = given[name] == value if value else given[name] not in (None, False)
        # `field_problems` has a reference look without Avatar V.
        if name != "engine" and (not is_used or (name, option.state) == ("reference_look_id", "refused")):
            continue
        if option.state == "refused":
            problems.append(f"{option.parameter}: {option.why}; {_way_out(option, look)}")
        elif option.state == "unknown" or option.is_disputed:
            doubts.append(f"{option.parameter}: {option.why}")
    if isinstance(script, str) and script.isspace():
        doubts.append("script: it is only white space, and HeyGen does not document the result")
    if script is not None and given["voice_id"] is None and not look.default_voice_id:
        doubts.append("voice_id: the look has no default voice, and HeyGen does not document what happens without one")
    if reference_id is not None:
        if reference is not None and reference.id != reference_id:
            problems.append(f"reference_look_id is {_shown(reference_id)}, but the reference is {reference.id!r}")
        elif reference is None or not (look.group_id and reference.group_id):
            doubts.append(f"reference_look_id: whether {_shown(reference_id)} is in the same group is not known")
        elif reference.group_id != look.group_id:
            other = _shown(reference.group_id)
            problems.append(f"reference_look_id {_shown(reference.id)} is a look of another group, {other}")
    return problems, doubts


def consent_doubts(look: Look, group: AvatarGroup | None) -> list[str]:
    """Return the doubt about a private digital twin whose group has not given consent."""
    is_private_twin = look.avatar_type == "digital_twin" and look.ownership != "public"
    if not is_private_twin or group is None or group.consent_status in (None, "accepted", "approved"):
        return []
    return [f"the consent for {_shown(group.name)} is {_shown(group.consent_status)}: the service may refuse"]


def _way_out(option: VideoOption, look: Look) -> str:
    if option.parameter == "engine" and look.engines:
        return f"use one of these, or none for {look.default_engine!r}"
    return "leave it out" if option.parameter == "engine" else "leave it out, or try another engine: video_options()"


def _wrong_fields(rules: Mapping[str, Any], given: Given, prefix: str = "") -> Iterator[str]:
    for name, rule in rules.items():
        value, path = given.get(name), f"{prefix}{name}"
        if rule["type"] == "object":
            if value is not None:
                yield from _wrong_object(rule, value, path)
        elif (value is not None or rule.get("required")) and (expected := _unmet(rule, value)):
            hint = ": use its id" if isinstance(value, (Look, AvatarGroup)) else ""
            yield f"{path} should be {expected}, {_found(rule, value)}{hint}"


def _wrong_object(rule: Mapping[str, Any], given: Given, path: str) -> Iterator[str]:
    found = list(_wrong_fields(rule["fields"], given, f"{path} "))
    yield from found
    if "exactly_one" in rule and not found:
        names, used = rule["exactly_one"][given["type"]], given.keys() - {"type"}
        if len(used) != 1 or not used <= {*names}:
            needed = f"needs {' or '.join(names)} and nothing else"
            yield f"{path} of type {given['type']!r} {needed}; given: {', '.join(sorted(used)) or 'none'}"


def _unmet(rule: Mapping[str, Any], value: object) -> str | None:
    """Return what the value should be, or None if it is that."""
    most = rule.get("max", float("inf"))
    match rule["type"]:
        case "text":
            fits = isinstance(value, str) and is_sendable(value) and 1 <= len(value) <= most
            expected = f"a text of 1 to {most:,} characters" if "max" in rule else "a text that is not empty"
        case "choice":
            fits, expected = value in rule["choices"], f"one of {', '.join(rule['choices'])}"
        case "flag":
            fits, expected = isinstance(value, bool), "True or False"
        case "number":
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            fits, expected = is_number and rule["min"] <= value <= most, f"{rule['min']:g} to {most:g}"
        case "list":
            fits = isinstance(value, tuple) and len(value) <= most and _is_json(value)
            expected = f"a list of at most {most} JSON values"
        case _:
            pattern = read_rules()["patterns"][rule["type"]]
            fits = isinstance(value, str) and is_sendable(value) and re.fullmatch(pattern["pattern"], value) is not None
            expected = pattern["says"]
    return None if fits else expected


def _found(rule: Mapping[str, Any], value: object) -> str:
    if "max" in rule and isinstance(value, (str, tuple)) and not 1 <= len(value) <= rule["max"]:
        return f"and has {len(value):,}"
    if isinstance(value, tuple):
        value = next((item for item in value if not _is_json(item)), value)
    return f"not {_shown(value)}"


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - the user's value may be anything, such as endlessly nested lists
        text = f"this {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
