"""Code that restores the selection of a picker or makes a video with it. It never contains a key.

Text from the service cannot leave its place. In Python it is a literal of printable characters; in a shell it is quoted
or percent-encoded; in a comment it stays on one line. Some shells have no comments (zsh, when typing): there, "#"
is a command that does not exist, and the rest of the line is its arguments.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from itertools import islice, product
from math import prod
from urllib.parse import quote

from .._display import clip, is_sendable, literal
from ..api.validation import LARGEST_PAGE, checked_id
from ..filters import LookFilter
from ..models import Look

__all__ = ["curl_code", "python_code", "video_code"]

_MOST_LOOKS = 120
_MOST_VALUES = 1_000  # per field of the filter
_MOST_LISTS = 120  # curl commands that list looks
_LONGEST_VALUE = 2_000  # characters of an id or of a value
_WIDTH = 120  # characters per line

_LOOKS = "/v3/avatars/looks"
_SERVICE_FILTERS = ("avatar_type", "ownership", "group_id")
_CURL = 'curl -H "X-Api-Key: $HEYGEN_API_KEY"'
_SCRIPT = "Hello! This is a first try."
_KEY_SOURCE = "the key comes from HEYGEN_API_KEY or the login of HeyGen's own client"


def python_code(
    looks: Iterable[Look], wanted: LookFilter, client_code: str, multiple: bool, show: str = "looks"
) -> str:
    """Return Python that fetches the selected looks and creates a picker with the same filter, view and selection.

    Comments say what is left out.

    Parameters
    ----------
    looks : iterable of Look
        At most 120, without those that the service cannot be asked for, such as one without an id.
    wanted : LookFilter
        At most 1,000 values per field.
    client_code : str
        A call of `HeyGenClient` or `demo_client`: see `HeyGenClient.code`.
    multiple : bool
        Whether several looks can be selected.
    show : {"looks", "characters"}, default "looks"
    """
    selected, skipped = _requestable(looks)
    is_filtered = wanted != LookFilter()
    lines = _client_lines(client_code, ["LookPicker", *(["LookFilter"] if is_filtered else [])])
    lines += _left_out(skipped, "selected looks")
    arguments = ["client"]
    if multiple or len(selected) > 1:
        arguments.append("multiple=True")
    if len(selected) == 1:
        lines += _commented(_call("look = client.get_look", [literal(selected[0].id)]), _name(selected[0]))
    elif selected:
        lines += _several_looks(selected)
    if is_filtered:
        lines += _filter_lines(wanted)
        arguments.append("filter=look_filter")
    if show == "characters":
        arguments.append('show="characters"')
    if selected:
        arguments.append("selected_id=look.id" if len(selected) == 1 else "values=looks")
    # A cell displays the value of its last line.
    return "\n".join([*lines, f"picker = LookPicker({', '.join(arguments)})", "picker", ""])


def video_code(look: Look, client_code: str) -> str | None:
    """Return Python that checks a video request, starts the video and shows it; None for a look that is not usable."""
    if not look.is_ready or not _is_requestable(look.id):
        return None
    arguments = [f"avatar_id={literal(look.id)}", f"script={literal(_SCRIPT)}"]
    if look.engines:
        arguments.append(f"engine={literal(look.default_engine)}")
    lines = _client_lines(client_code, ["VideoRequest"])
    lines += _commented(_call("request = VideoRequest", arguments), _name(look))
    lines.append("job = client.start_video(request)  # checks the request and sends it: this costs credits")
    return "\n".join([*lines, "job", ""])


def curl_code(looks: Iterable[Look], wanted: LookFilter, base_url: str) -> str:
    """Return curl commands for a POSIX shell that fetch the selected looks and list the matches.

    The service filters by three fields and takes one value per field. Each combination of values is a command, at most
    120. There is no list when looks are selected and the filter is empty. `base_url` has no slash at the end.
    """
    selected, skipped = _requestable(looks)
    # Our own comments contain no quotes, brackets or the like: see the module's docstring.
    lines = _left_out(skipped, "selected looks")
    for look in selected:
        url = f"{base_url}{_LOOKS}/{quote(look.id, safe='')}"
        lines += [f"# {shlex.quote(_name(look))}"] if _name(look) else []
        lines.append(f"{_CURL} {shlex.quote(url)}")
    if wanted != LookFilter() or not selected:
        lines += _list_commands(wanted, base_url)
    return "\n".join([*lines, ""])


def _client_lines(client_code: str, names: list[str]) -> list[str]:
    maker = client_code.partition("(")[0]
    imported = sorted([maker, *names], key=lambda name: (name.islower(), name))
    client = _commented([f"client = {client_code}"], _KEY_SOURCE if maker == "HeyGenClient" else "")
    return [f"from heygen_widgets import {', '.join(imported)}", "", *client]


def _several_looks(looks: Sequence[Look]) -> list[str]:
    ids = [f"    {literal(look.id)}," + (f"  # {_name(look)}" if _name(look) else "") for look in looks]
    return ["look_ids = (", *ids, ")", "looks = [client.get_look(look_id) for look_id in look_ids]"]


def _filter_lines(wanted: LookFilter) -> list[str]:
    notes: list[str] = []
    arguments: list[str] = []
    for name, value in wanted.to_json().items():
        values = value if isinstance(value, list) else [value]
        kept = [one for one in values if not isinstance(one, str) or len(one) <= _LONGEST_VALUE][:_MOST_VALUES]
        notes += _left_out(len(values) - len(kept), f"values of {name}")
        if kept:
            literals = [literal(one) if isinstance(one, str) else repr(one) for one in kept]
            text = literals[0] if len(literals) == 1 else f"({', '.join(literals)})"
            arguments.append(text if name == "search" else f"{name}={text}")
    return [*notes, *_call("look_filter = LookFilter", arguments)]


def _call(head: str, arguments: Sequence[str]) -> list[str]:
    """Format a call: on one line if it fits, else with one line per argument."""
    line = f"{head}({', '.join(arguments)})"
    return [line] if len(line) <= _WIDTH else [f"{head}(", *(f"    {argument}," for argument in arguments), ")"]


def _commented(lines: list[str], comment: str) -> list[str]:
    """Add a comment at the end of a single line, or above when it does not fit there."""
    if comment and len(lines) == 1 and len(f"{lines[0]}  # {comment}") <= _WIDTH:
        return [f"{lines[0]}  # {comment}"]
    return [f"# {comment}", *lines] if comment else lines


def _list_commands(wanted: LookFilter, base_url: str) -> list[str]:
    unknown = [name for name in wanted.to_json() if name not in _SERVICE_FILTERS]
    lines = [f"# The service cannot filter by: {', '.join(unknown)}"] if unknown else []
    fields: list[list[str]] = []
    for name in _SERVICE_FILTERS:
        values = getattr(wanted, name)
        data = [_data(name, value) for value in values if 0 < len(value) <= _LONGEST_VALUE and is_sendable(value)]
        if "" in values:
            lines.append(f"# The service cannot list looks without {name}")
        lines += _left_out(len(values) - len(data) - ("" in values), f"values of {name}")
        fields += [data] if data else []
    number = prod(map(len, fields))
    lines += _left_out(number - min(number, _MOST_LISTS), "combinations of values")
    lines.append("# A next_token in the response means that more looks follow: add --data-urlencode token=NEXT_TOKEN")
    command, limit = f"{_CURL} -G {shlex.quote(base_url + _LOOKS)}", f"--data-urlencode limit={LARGEST_PAGE}"
    return lines + [" ".join([command, *data, limit]) for data in islice(product(*fields), _MOST_LISTS)]


def _data(name: str, value: str) -> str:
    # A control character would reach the terminal that the command is pasted into, even inside quotes.
    if value.isprintable():
        return f"--data-urlencode {shlex.quote(f'{name}={value}')}"
    return f"--data {name}={quote(value, safe='')}"


def _requestable(looks: Iterable[Look]) -> tuple[list[Look], int]:
    """Return the first looks that the service can be asked for, and the number of the others."""
    given = list(looks)
    selected = [look for look in given if _is_requestable(look.id)][:_MOST_LOOKS]
    return selected, len(given) - len(selected)


def _is_requestable(look_id: str) -> bool:
    try:
        return len(checked_id("look_id", look_id)) <= _LONGEST_VALUE
    except ValueError:
        return False


def _name(look: Look) -> str:
    return clip(look.name).strip()


def _left_out(number: int, what: str) -> list[str]:
    return [f"# Left out: {number:,} {what}"] if number else []
