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
    fields = {name: value for name, value in body.items() if name != "type"}
    given, look = _check_request("video", fields, find_look, find_voice)
    _check_for_look(given, look, find_look)
    return given


def check_agent(body: Record, find_look: Find, find_voice: Find, kind: str = "agent") -> Record:
    """Return the fields of a request to an agent, or of an answer (the `kind` "answer"); see `check_video`."""
    return _check_request(kind, body, find_look, find_voice)[0]


def _check_request(kind: str, body: Record, find_look: Find, find_voice: Find) -> tuple[Record, Record]:
    """Return the fields that are given, and the record of the look, empty without one."""
    given, look = _check_fields(_read_rules()[kind], body), {}
    if "voice_id" in given:
        found(find_voice(given["voice_id"]), "voice_not_found", f"Voice {given['voice_id']}")
    if "avatar_id" in given:
        look = found(find_look(given["avatar_id"]), "avatar_not_found", f"Avatar look {given['avatar_id']}")
        if look.get("status") in _read_rules()["not_ready"]:
            raise invalid("avatar_id", f"The look is {look['status']}")
    return given, look


def _check_fields(rules: Record, body: Record, param: str = "") -> Record:
    """Return the fields that are given. An error names the field, or the `param` that the fields are in."""
    fields: Record = rules["fields"]
    for name in body:
        if "sent_in" in fields.get(name, {}) or (name not in fields and not rules.get("open")):
            raise invalid(param or name, f"{name} is not a field of this request")
    given = {name: value for name, value in body.items() if value is not None}
    if "engine" in given and not param:
        given |= _check_engine_object(given["engine"])
    for name, rule in fields.items():
        if name in given:
            _check_value(rule, given[name], name, param or rule.get("sent_in", name))
        elif rule.get("required"):
            raise invalid(param or name, f"{name} is required")
    names = rules.get("exactly_one")
    if names and sum(name in given for name in names) != 1:
        raise invalid(param or names[0], f"exactly one of {', '.join(names)} is needed")
    for name, value, other in rules.get("excludes", ()):
        if given.get(name) == value and other in given:
            raise invalid(param or other, f"{other} is not supported with {value}")
    for name, other, value in rules.get("needs", ()):
        if name in given and given.get(other) != value:
            raise invalid(param or fields[name].get("sent_in", name), f"{name} needs {other} {value}")
    return given


def _check_value(rule: Record, value: Any, name: str, param: str) -> None:  # noqa: ANN401 - any JSON
    kind, rules = rule["type"], _read_rules()
    shapes = rules["shapes"].get(kind, {})
    if kind == "choice":
        fits = isinstance(value, (str, bool)) and value in rule["choices"]
    elif kind == "number":
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = is_number and rule["min"] <= value <= rule["max"]
    elif kind == "list":
        fits = isinstance(value, list) and len(value) <= rule["max"]
    elif kind == "object" or shapes:
        fits = isinstance(value, dict) and (not shapes or value.get("type") in [*shapes])
    else:
        fits = isinstance(value, str) and bool(re.fullmatch(rules["patterns"][kind]["pattern"], value))
    if not fits:
        raise invalid(param, f"{name} has an invalid value")
    if kind == "list":
        for item in value:
            _check_value(rule["items"], item, name, param)
    elif isinstance(value, dict):
        _check_fields(shapes[value["type"]] if shapes else rule, value, param)


def _check_engine_object(engine: object) -> Record:
    """Return the engine and the reference look as the rules name them."""
    if not isinstance(engine, dict) or not engine.keys() <= {"type", "reference_look_id"} or not engine.get("type"):
        raise invalid("engine", "engine must be an object with a type and perhaps a reference_look_id")
    names = {"engine": "type", "reference_look_id": "reference_look_id"}
    return {name: engine[inner] for name, inner in names.items() if engine.get(inner) is not None}


def _check_for_look(given: Record, look: Record, find_look: Find) -> None:
    """Refuse an engine that the look does not list, and parameters that the engine refuses for this look."""
    rules = _read_rules()
    listed = look.get("supported_api_engines") or ()
    known = [engine for engine in listed if engine in rules["video"]["fields"]["engine"]["choices"]]
    engine = given.get("engine", rules["default_engine"])
    may_default = engine == rules["default_engine"] and not (listed if "engine" in given else known)
    if engine not in listed and not may_default:
        raise invalid("engine", f"The look does not support {engine}")
    kind = rules["look_kinds"].get(look["avatar_type"])
    for parameter, states in rules["by_look"].items():
        name, _, value = parameter.partition(" ")
        is_used = given.get(name) == value if value else name in given
        if is_used and states.get(kind, {}).get(engine) == "refused":
            raise invalid(name, f"{parameter} is not supported by {engine} for this look")
    if "reference_look_id" in given:
        reference = find_look(given["reference_look_id"])
        if (
            reference is None
            or len({look.get("group_id"), reference.get("group_id")} - {None}) > 1
            or reference["avatar_type"] in rules["look_kinds"].keys() - rules["reference_types"]
            or reference.get("status") in rules["not_ready"]
        ):
            raise invalid("engine", "reference_look_id must be a digital twin of the same group that is ready")
