"""Check the body of a request for a video, with the rules in `videos/rules.json`.

Where the documentation is silent, the stand-in is lenient, except that it refuses unknown fields, so that a typing
error shows. Null counts as not given. A look is judged by its record, so what the record lacks refuses nothing.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from importlib import resources
from typing import Any

from ._records import found, invalid

_NOT_READY = ("processing", "pending_consent", "failed")

Record = dict[str, Any]
Find = Callable[[str], Record | None]


@functools.cache
def _read_rules() -> Record:
    # The file, and not the package that it is in: the stand-in imports only the standard library.
    text = resources.files("heygen_widgets").joinpath("videos", "rules.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


def check_video(body: Record, find_look: Find, find_voice: Find) -> Record:
    """Return the fields of a request for a video that are given.

    Parameters
    ----------
    body : dict
    find_look : callable
        Returns the record of a look, or None.
    find_voice : callable
        Returns the record of a voice, or None.

    Raises
    ------
    ApiError
        For the first problem.
    """
    if body.get("type") != "avatar":
        raise invalid("type", f"type must be 'avatar', not {body.get('type')!r}")
    given = _check_fields("video", {name: value for name, value in body.items() if name != "type"}, find_voice)
    _check_for_look(given, _find_ready(given["avatar_id"], find_look), find_look)
    return given


def check_agent(body: Record, find_look: Find, find_voice: Find, kind: str = "agent") -> Record:
    """Return the fields of a request to an agent, or of an answer (the `kind` "answer"); see `check_video`."""
    given = _check_fields(kind, body, find_voice)
    if "avatar_id" in given:
        _find_ready(given["avatar_id"], find_look)
    return given


def _check_fields(kind: str, body: Record, find_voice: Find) -> Record:
    rules = _read_rules()[kind]
    fields: Record = rules["fields"]
    for name in body:
        if name not in fields or "sent_in" in fields[name]:
            raise invalid(name, f"{name} is not a field of this request")
    given = {name: value for name, value in body.items() if value is not None}
    if "engine" in given:
        given |= _check_engine_object(given["engine"])
    for name, rule in fields.items():
        if name in given and not _fits(rule, given[name]):
            raise invalid(rule.get("sent_in", name), f"{name} has an invalid value")
        if name not in given and rule.get("required"):
            raise invalid(name, f"{name} is required")
    names = rules.get("exactly_one")
    if names and sum(name in given for name in names) != 1:
        raise invalid(names[0], f"exactly one of {', '.join(names)} is needed")
    for name, value, other in rules.get("excludes", ()):
        if given.get(name) == value and other in given:
            raise invalid(other, f"{other} is not supported with {value}")
    for name, other, value in rules.get("needs", ()):
        if name in given and given.get(other) != value:
            raise invalid(fields[name].get("sent_in", name), f"{name} needs {other} {value}")
    if "voice_id" in given:
        found(find_voice(given["voice_id"]), "voice_not_found", f"Voice {given['voice_id']}")
    return given


def _check_engine_object(engine: object) -> Record:
    """Return the engine and the reference look as the rules name them."""
    if not isinstance(engine, dict) or not engine.keys() <= {"type", "reference_look_id"} or not engine.get("type"):
        raise invalid("engine", "engine must be an object with a type and perhaps a reference_look_id")
    names = {"engine": "type", "reference_look_id": "reference_look_id"}
    return {name: engine[inner] for name, inner in names.items() if engine.get(inner) is not None}


def _find_ready(look_id: str, find_look: Find) -> Record:
    look = found(find_look(look_id), "avatar_not_found", f"Avatar look {look_id}")
    if look.get("status") in _NOT_READY:
        raise invalid("avatar_id", f"The look is {look['status']}")
    return look


def _check_for_look(given: Record, look: Record, find_look: Find) -> None:
    """Refuse an engine that the look does not list, and parameters that the engine refuses for this look."""
    rules = _read_rules()
    listed = look.get("supported_api_engines") or ()
    engine = given.get("engine", rules["default_engine"])
    if engine not in listed and (listed or engine != rules["default_engine"]):
        raise invalid("engine", f"The look does not support {engine}")
    kind = rules["look_kinds"].get(look["avatar_type"])
    for parameter, states in rules["by_look"].items():
        name, _, value = parameter.partition(" ")
        is_used = given.get(name) == value if value else name in given
        if is_used and states.get(kind, {}).get(engine) == "refused":
            raise invalid(name, f"{parameter} is not supported by {engine} for this look")
    if "reference_look_id" in given:
        reference = find_look(given["reference_look_id"])
        if reference is None or len({look.get("group_id"), reference.get("group_id")} - {None}) > 1:
            raise invalid("engine", "reference_look_id must be a look of the same group")


def _fits(rule: Record, value: object) -> bool:
    match rule["type"]:
        case "choice":
            return isinstance(value, (str, bool)) and value in rule["choices"]
        case "number":
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return is_number and rule["min"] <= value <= rule["max"]
        case "list":
            return isinstance(value, list) and len(value) <= rule["max"]
        case "object":
            return isinstance(value, dict) and _object_fits(rule, value)
    return isinstance(value, str) and bool(re.fullmatch(_read_rules()["patterns"][rule["type"]]["pattern"], value))


def _object_fits(rule: Record, value: Record) -> bool:
    fields = rule["fields"]
    given = {name: inner for name, inner in value.items() if inner is not None}
    if not value.keys() <= fields.keys() or not all(_fits(fields[name], inner) for name, inner in given.items()):
        return False
    if any(field.get("required") and name not in given for name, field in fields.items()):
        return False
    if "exactly_one" in rule and sum(name in given for name in rule["exactly_one"]) != 1:
        return False
    return not any(given.get(name) == value and other in given for name, value, other in rule.get("excludes", ()))
