"""Code for what was chosen in a picker, to choose it again without a mouse or make a video with it; never with a key.

Nothing from outside can get out of its place: in Python it stands in literals that hold nothing unprintable, in a shell
in quotes or percent-encoded, and in comments on one line. A shell may not know comments (zsh, where commands are
typed, does not): there they are a word that is no command, and what follows them is as harmless as an argument.
"""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice, product
from typing import TypeAlias
from urllib.parse import quote

from .._display import clip, is_sendable, literal
from ..api.validation import LARGEST_PAGE, checked_id
from ..filters import LookFilter
from ..models import Look

__all__ = ["curl_code", "python_code", "video_code"]

_Argument: TypeAlias = tuple[str, list[str]]  # its name with "=", or nothing, and literals: several make a tuple

_MOST_LOOKS = 120
_MOST_VALUES = 1_000  # of a field of the filter
_MOST_LISTS = 120  # commands of curl that list looks
_LONGEST_VALUE = 2_000  # characters of an id or of a value
_WIDTH = 120  # characters a line
_FEW = 3  # looks on one line

_LOOKS = "/v3/avatars/looks"
_LISTED_BY = ("avatar_type", "ownership", "group_id")  # what the service filters looks by
_CURL = 'curl -H "X-Api-Key: $HEYGEN_API_KEY"'
_SCRIPT = "Hello! This is a first try."
_KEY_COMES_FROM = "the key comes from HEYGEN_API_KEY or the login of HeyGen's own client"


def python_code(
    looks: Iterable[Look], wanted: LookFilter, client_code: str, multiple: bool, show: str = "looks"
) -> str:
    """Write Python that gets some looks again, and makes and shows a picker with the same filter, view and choice.

    Parameters
    ----------
    looks : iterable of Look
        What is chosen, in order; of more than 120 the first. One that the service cannot be asked for, say since it has
        no id, is left out, and a comment tells so.
    wanted : LookFilter
        Of each field the first 1,000 values.
    client_code : str
        What makes the client, a call of `HeyGenClient` or `demo_client`: see `HeyGenClient.code`.
    multiple : bool
        Whether the picker lets choose several.
    show : {"looks", "characters"}, default "looks"

    Returns
    -------
    str
        Some lines that end with a line break, formatted as by ruff with lines of 120 characters.
    """
    chosen, unasked = _askable(looks)
    maker = client_code.partition("(")[0]
    several = multiple or len(chosen) > 1
    filtered = wanted != LookFilter()
    names = sorted(
        [maker, "LookPicker", *(["LookFilter"] if filtered else [])], key=lambda name: (name.islower(), name)
    )
    lines = [f"from heygen_widgets import {', '.join(names)}", ""]
    lines += _noted([f"client = {client_code}"], _KEY_COMES_FROM if maker == "HeyGenClient" else "")
    arguments = ["client"]
    if several:
        arguments.append("multiple=True")
    lines += _note_left_out(unasked, "chosen looks")
    if len(chosen) == 1:
        lines += _noted(_call("look = client.get_look", [("", [literal(chosen[0].id)])]), _name(chosen[0]))
    elif chosen:
        lines += _several_looks(chosen)
    if filtered:
        lines += _filter_lines(wanted)
        arguments.append("filter=look_filter")
    if show == "characters":
        arguments.append('show="characters"')
    if chosen:
        arguments.append("selected_id=look.id" if len(chosen) == 1 else "values=looks")
    # The last line shows it, as the last of a cell does.
    lines += [f"picker = LookPicker({', '.join(arguments)})", "picker"]
    return "\n".join(lines) + "\n"


def video_code(look: Look, client_code: str) -> str | None:
    """Write Python that checks a request for a video with a look, begins the video, and shows it as a card.

    Parameters
    ----------
    look : Look
    client_code : str
        As for `python_code`.

    Returns
    -------
    str or None
        Some lines that end with a line break; None for a look that no video can be made with, or without a usable id.
    """
    if not look.is_ready or not _can_be_asked_for(look.id):
        return None
    maker = client_code.partition("(")[0]
    engine: list[_Argument] = [("engine=", [literal(look.default_engine)])] if look.engines else []
    asked: list[_Argument] = [("avatar_id=", [literal(look.id)]), ("script=", [literal(_SCRIPT)]), *engine]
    names = sorted([maker, "VideoRequest"], key=lambda name: (name.islower(), name))
    lines = [
        f"from heygen_widgets import {', '.join(names)}",
        "",
        *_noted([f"client = {client_code}"], _KEY_COMES_FROM if maker == "HeyGenClient" else ""),
        *_noted(_call("request = VideoRequest", asked), _name(look)),
        "job = client.start_video(request)  # checks the request against the look, and sends it: this costs credits",
        "job",
    ]
    return "\n".join(lines) + "\n"


def curl_code(looks: Iterable[Look], wanted: LookFilter, base_url: str) -> str:
    """Write commands of curl that get some looks, and list the looks of a filter as far as the service knows how.

    Parameters
    ----------
    looks, wanted
        As for `python_code`. The service takes one value a field, so that there is a command for each combination of
        values, 120 at most. With looks and a filter that says nothing, nothing is listed.
    base_url : str
        Where the service is, without a slash at the end.

    Returns
    -------
    str
        Some lines that end with a line break, for a POSIX shell with the key in ``HEYGEN_API_KEY``.
    """
    chosen, unasked = _askable(looks)
    # No apostrophes, brackets or the like in these comments: see above.
    lines = _note_left_out(unasked, "chosen looks")
    for look in chosen:
        name = _name(look)
        lines += [f"# {shlex.quote(name)}"] if name else []
        url = f"{base_url}{_LOOKS}/{quote(look.id, safe='')}"
        lines.append(f"{_CURL} {shlex.quote(url)}")
    if wanted != LookFilter() or not chosen:
        lines += _list_commands(wanted, base_url)
    return "\n".join(lines) + "\n"


def _several_looks(looks: Sequence[Look]) -> list[str]:
    ids = [literal(look.id) for look in looks]
    line = f"looks = [client.get_look(look_id) for look_id in ({', '.join(ids)})]"
    if len(looks) <= _FEW and not any(map(_name, looks)) and _fits(line):
        return [line]
    lines = ["look_ids = ("]
    for look, text in zip(looks, ids, strict=True):
        name = _name(look)
        lines.append(f"    {text},  # {name}" if name else f"    {text},")
    return [*lines, ")", "looks = [client.get_look(look_id) for look_id in look_ids]"]


def _filter_lines(wanted: LookFilter) -> list[str]:
    notes: list[str] = []
    arguments: list[_Argument] = []
    for name, value in wanted.to_json().items():
        values = value if isinstance(value, list) else [value]
        kept = [one for one in values if not isinstance(one, str) or len(one) <= _LONGEST_VALUE][:_MOST_VALUES]
        notes += _note_left_out(len(values) - len(kept), f"values of {name}")
        shown = [literal(one) if isinstance(one, str) else repr(one) for one in kept]
        # As a person would write it: the search needs no name.
        arguments += [("" if name == "search" else f"{name}=", shown)] if kept else []
    return [*notes, *_call("look_filter = LookFilter", arguments)]


def _call(head: str, arguments: Sequence[_Argument]) -> list[str]:
    """Write a call in one line, else with its arguments in one, else with a line for each."""
    flat = [name + (values[0] if len(values) == 1 else f"({', '.join(values)})") for name, values in arguments]
    inside = ", ".join(flat)
    if _fits(f"{head}({inside})"):
        return [f"{head}({inside})"]
    if _fits(f"    {inside}"):
        return [f"{head}(", f"    {inside}", ")"]
    lines = [f"{head}("]
    for text, (name, values) in zip(flat, arguments, strict=True):
        if len(values) == 1 or _fits(f"    {text},"):
            lines.append(f"    {text},")
        else:
            lines += [f"    {name}(", *(f"        {value}," for value in values), "    ),"]
    return [*lines, ")"]


def _noted(lines: Sequence[str], comment: str) -> list[str]:
    """Add a comment at the end of a line, or above where it does not fit there."""
    if comment and len(lines) == 1 and _fits(f"{lines[0]}  # {comment}"):
        return [f"{lines[0]}  # {comment}"]
    return [f"# {comment}", *lines] if comment else [*lines]


def _fits(line: str) -> bool:
    wide = 0 if line.isascii() else sum(unicodedata.east_asian_width(character) in "WF" for character in line)
    return len(line) + wide <= _WIDTH


def _list_commands(wanted: LookFilter, base_url: str) -> list[str]:
    unknown = [name for name in wanted.to_json() if name not in _LISTED_BY]
    lines = [f"# The service does not know this of the filter: {', '.join(unknown)}"] if unknown else []
    fields: list[list[str]] = []
    number = 1
    for name in _LISTED_BY:
        values = getattr(wanted, name)
        data = [_data(name, value) for value in values if _can_be_listed_by(value)]
        if "" in values:
            lines.append(f"# The service cannot be asked for looks without {name}")
        lines += _note_left_out(len(values) - len(data) - ("" in values), f"values of {name}")
        if data:
            fields.append(data)
            number *= len(data)
    lines += _note_left_out(number - min(number, _MOST_LISTS), "combinations of values")
    lines.append("# Where an answer has a next_token, more follows: repeat with --data-urlencode token=NEXT_TOKEN")
    begin = f"{_CURL} -G {shlex.quote(base_url + _LOOKS)}"
    end = f"--data-urlencode limit={LARGEST_PAGE}"
    return lines + [" ".join([begin, *data, end]) for data in islice(product(*fields), _MOST_LISTS)]


def _data(name: str, value: str) -> str:
    # A control character in a command would speak to the terminal that it is pasted into, quoted or not.
    if value.isprintable():
        return f"--data-urlencode {shlex.quote(f'{name}={value}')}"
    return f"--data {name}={quote(value, safe='')}"


def _can_be_listed_by(value: str) -> bool:
    return 0 < len(value) <= _LONGEST_VALUE and is_sendable(value)


def _askable(looks: Iterable[Look]) -> tuple[list[Look], int]:
    """Give the looks that the service can be asked for, the first of them, and how many others there are."""
    every = list(looks)
    chosen = [look for look in every if _can_be_asked_for(look.id)][:_MOST_LOOKS]
    return chosen, len(every) - len(chosen)


def _can_be_asked_for(look_id: str) -> bool:
    try:
        return len(checked_id("look_id", look_id)) <= _LONGEST_VALUE
    except ValueError:
        return False


def _name(look: Look) -> str:
    return clip(look.name).strip()


def _note_left_out(number: int, what: str) -> list[str]:
    return [f"# Left out here: {number:,} {what}"] if number else []
