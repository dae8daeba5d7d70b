"""What is wrong with a request, `given` as a dictionary of the fields that are not None: value and way out in words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._display import clip, shown
from .._parsing import hint_for, short, warn
from ..errors import VideoOptionError
from ..models import AvatarGroup, Look
from .options import read_rules


class VideoOptionWarning(UserWarning):
    """A request for a video uses something that the service may refuse; see `VideoRequest.check`."""


def check_request(
    kind: str, given: Mapping[str, Any], look: Look | None, group: AvatarGroup | None, reference: Look | None
) -> None:
    """Raise an error with all problems of a "video", "agent" or "answer"; without any, warn of each doubt."""
    for name, record, wanted in (("look", look, Look), ("group", group, AvatarGroup), ("reference", reference, Look)):
        if not isinstance(record, wanted | None):
            raise TypeError(f"{name} should be a record, {wanted.__name__} or None, not {shown(record)}")
    findings = [(True, problem) for problem in _field_problems(read_rules()[kind], given)]
    if look is not None:
        findings += _option_findings(given, look, reference) if kind == "video" else ()
        findings += _look_findings(given, look, group)
    if problems := [what for is_certain, what in findings if is_certain]:
        names = {"video": f"A video with {_shown(given.get('avatar_id'))}", "agent": "A video from a prompt"}
        raise VideoOptionError(names.get(kind, "An answer to a video agent"), problems)
    for _, doubt in findings:
        warn(doubt, VideoOptionWarning)


def _field_problems(rules: Mapping[str, Any], given: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield what is wrong with the fields and their combinations for any look; `path` leads to a nested object."""
    for name, rule in rules["fields"].items():
        if given.get(name) is not None or rule.get("required"):
            yield from _value_problems(rule, given.get(name), name, path)
    for name in given.keys() - rules["fields"] if not rules.get("open") else ():
        yield f"{path}{name} is no field: the fields are {', '.join(rules['fields'])}"
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


def _value_problems(rule: Mapping[str, Any], value: Any, name: str, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield what is wrong with the value of one field, and with the values inside it."""
    shapes = read_rules()["shapes"].get(rule["type"], {})
    match rule["type"]:
        case "choice":
            fits = isinstance(value, (str, bool)) and value in rule["choices"]
            expected = f"one of {', '.join(map(str, rule['choices']))}"
        case "number":
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            fits, expected = is_number and rule["min"] <= value <= rule["max"], f"{rule['min']} to {rule['max']}"
        case "list":
            fits = isinstance(value, (list, tuple)) and len(value) <= rule["max"]
            expected = f"a list of at most {rule['max']} JSON objects"
        case "object":
            fits, expected = isinstance(value, dict), "a JSON object"
        case _ if shapes:
            fits = isinstance(value, dict) and value.get("type") in [*shapes]
            expected = " or ".join(str(dict.fromkeys(shapes[kind]["fields"], "…") | {"type": kind}) for kind in shapes)
        case name_of_pattern:
            pattern = read_rules()["patterns"][name_of_pattern]
            fits = isinstance(value, str) and re.fullmatch(pattern["pattern"], value) is not None
            expected = pattern["says"]
    if not fits:
        yield f"{path}{name} should be {expected}, not {_shown(value)}{hint_for(name, value)}"
    elif rule["type"] == "list":
        for position, item in enumerate(value):
            yield from _value_problems(rule["items"], item, f"{name}[{position}]", path)
    elif isinstance(value, dict):
        yield from _field_problems(shapes[value["type"]] if shapes else rule, value, f"{path}{name} ")


def _look_findings(given: Mapping[str, Any], look: Look, group: AvatarGroup | None) -> Iterator[tuple[bool, str]]:
    avatar_id = given.get("avatar_id", look.id)
    if isinstance(avatar_id, str) and avatar_id != look.id:
        kind = ", the id of its group" if avatar_id == look.group_id else ""
        yield True, f"avatar_id should be the id of the look, {look.id!r}, not {_shown(avatar_id)}{kind}"
    if not look.is_ready:
        reason = f" ({clip(look.error.message)})" if look.error and look.error.message else ""
        yield True, f"the look is not ready, its status is {look.status!r}{reason}: choose one that is"
    ownership = look.ownership or (group and group.ownership)
    if group is None or ownership == "public" or group.consent_status in read_rules()["consented"]:
        return
    if group.consent_status is not None:
        yield False, f"the consent for {_shown(group.name)} is {_shown(group.consent_status)}: the service may refuse"
    elif ownership == "private":
        yield False, f"the consent for {_shown(group.name)}: no status is recorded; consent may still be required"


def _option_findings(given: Mapping[str, Any], look: Look, reference: Look | None) -> Iterator[tuple[bool, str]]:
    """Yield what a video cannot use of this look (True), and what HeyGen does not document (False)."""
    engine, script, reference_id = (given.get(name) for name in ("engine", "script", "reference_look_id"))
    for option in look.video_options(engine if isinstance(engine, str) else None).values():
        name, _, value = option.parameter.partition(" ")
        used = given.get(name, False)
        is_used = used == value if value else used is not False
        if name != "engine" and not is_used:
            continue
        if option.state == "refused" and name != "reference_look_id":  # this is a problem for any look
            yield True, f"{option.parameter}: {option.why}; leave it out, or choose from look.video_options()"
        elif option.state == "unknown" or option.is_conditional:
            yield False, f"{option.parameter}: {option.why}"
    if script is not None and "voice_id" not in given and not look.default_voice_id:
        yield False, "voice_id: the look has no default voice, and HeyGen does not document what happens without one"
    for is_certain, what in [] if reference_id is None else _reference_findings(reference_id, reference, look):
        yield is_certain, f"reference_look_id {_shown(reference_id)} {what}"


def _reference_findings(reference_id: object, reference: Look | None, look: Look) -> Iterator[tuple[bool, str]]:
    """Yield whether it is certain, and what a reference look lacks."""
    if reference is None:
        yield False, "should be a digital_twin of the same group that is ready, and its record is not given"
        return
    rules, groups = read_rules(), {look.group_id, reference.group_id}
    if reference.id != reference_id or len(groups - {None}) > 1:
        found = f"{reference.id!r} is of group {reference.group_id!r}"
        yield True, f"should be a look of the same group, {look.group_id!r}, but {found}"
    elif None in groups:
        yield False, "should be of the same group, which is not known"
    if reference.avatar_type not in rules["reference_types"]:
        yield reference.avatar_type in rules["look_kinds"], f"should be a digital_twin, not {reference.avatar_type!r}"
    if not reference.is_ready:
        yield True, f"should be ready, and its status is {reference.status!r}"


def _shown(value: object) -> str:
    """Show a value, and how long it is if that is cut."""
    text = short(value)
    return f"{text} ({len(value):,})" if text.endswith("…") and isinstance(value, (str, list, tuple)) else text
