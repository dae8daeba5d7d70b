"""Code that restores the selection of a picker or makes a video with it. It never contains a key.

Text from the service cannot leave its place. In Python it is a literal of printable characters; in a shell it is quoted
or percent-encoded; in a comment it stays on one line. Some shells have no comments (zsh, when typing): there, "#"
is a command that does not exist, and the rest of the line is its arguments.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import islice, product
from math import prod
from urllib.parse import quote

from .._display import clip, is_sendable, literal
from ..api.validation import LARGEST_PAGE, checked_id
from ..filters import LookFilter
from ..models import Look

__all__ = ["curl_code", "python_code", "video_code"]

_MOST_LISTS = 120  # curl commands that list looks
_LOOKS = "/v3/avatars/looks"
_SERVICE_FILTERS = ("avatar_type", "ownership", "group_id")
_CURL = 'curl -H "X-Api-Key: $HEYGEN_API_KEY"'
_KEY_SOURCE = "the key comes from HEYGEN_API_KEY or the login of HeyGen's own client"


def python_code(looks: Sequence[Look], wanted: LookFilter, client: str, multiple: bool, view: str = "looks") -> str:
    """Return Python that fetches the selected looks and creates a picker with the same filter, view and selection.

    `client` is the code of a client: see `HeyGenClient.code`. A comment says how many looks are left out because the
    service cannot be asked for them.
    """
    selected = list(filter(_is_requestable, looks))
    lines = [*_client_lines(client, "LookPicker"), *_left_out(len(looks) - len(selected), "selected looks")]
    if len(selected) == 1:
        lines.append(_commented(f"look = client.get_look({literal(selected[0].id)})", _name(selected[0])))
    elif selected:
        ids = [_commented(f"    {literal(look.id)},", _name(look)) for look in selected]
        lines += ["look_ids = (", *ids, ")", "looks = [client.get_look(look_id) for look_id in look_ids]"]
    arguments = [
        *("client", "multiple=True" if multiple else "", repr(wanted).removeprefix("LookFilter(").removesuffix(")")),
        'view="characters"' if view == "characters" else "",
        "" if not selected else "selected_id=look.id" if len(selected) == 1 else "values=looks",
    ]
    picker = f"picker = LookPicker({', '.join(filter(None, arguments))})"
    return "\n".join([*lines, picker, "picker", ""])  # a cell displays the value of its last line


def video_code(look: Look, client_code: str) -> str | None:
    """Return Python that checks a video request, starts the video and shows it; None for a look that is not usable."""
    if not look.is_ready or not _is_requestable(look):
        return None
    engine = f", engine={literal(look.default_engine)}" if look.engines else ""
    request = f'VideoRequest(avatar_id={literal(look.id)}, script="Hello! This is a first try."{engine})'
    lines = [
        *_client_lines(client_code, "VideoRequest"),
        _commented(f"request = {request}", _name(look)),
        "job = client.start_video(request)  # checks the request and sends it: this costs credits",
        *("job", ""),
    ]
    return "\n".join(lines)


def curl_code(looks: Sequence[Look], wanted: LookFilter, base_url: str) -> str:
    """Return curl commands for a POSIX shell that fetch the selected looks and list the matches.

    The service filters by three fields and takes one value per field. Each combination of values is a command, at most
    120. There is no list when looks are selected and the filter is empty. `base_url` has no slash at the end.
    """
    selected = list(filter(_is_requestable, looks))
    # Our own comments contain no quotes, brackets or the like: see the module's docstring.
    lines = _left_out(len(looks) - len(selected), "selected looks")
    for look in selected:
        url = f"{base_url}{_LOOKS}/{quote(look.id, safe='')}"
        lines += [f"# {shlex.quote(_name(look))}"] if _name(look) else []
        lines.append(f"{_CURL} {shlex.quote(url)}")
    if wanted != LookFilter() or not selected:
        lines += _list_commands(wanted, base_url)
    return "\n".join([*lines, ""])


def _client_lines(client_code: str, name: str) -> list[str]:
    maker = client_code.partition("(")[0]
    imported = sorted([maker, name], key=lambda name: (name.islower(), name))
    client = _commented(f"client = {client_code}", _KEY_SOURCE if maker == "HeyGenClient" else "")
    return [f"from heygen_widgets import {', '.join(imported)}", "", client]


def _list_commands(wanted: LookFilter, base_url: str) -> list[str]:
    unknown = [name for name in wanted.to_json() if name not in _SERVICE_FILTERS]
    lines = [f"# The service cannot filter by: {', '.join(unknown)}"] if unknown else []
    fields: list[list[str]] = []
    for name in _SERVICE_FILTERS:
        values = getattr(wanted, name)
        if "" in values:
            lines.append(f"# The service cannot list looks without {name}")
        data = [_data(name, value) for value in values if value and is_sendable(value)]
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


def _is_requestable(look: Look) -> bool:
    try:
        return bool(checked_id("look_id", look.id))
    except ValueError:
        return False


def _commented(line: str, comment: str) -> str:
    return f"{line}  # {comment}" if comment else line


def _name(look: Look) -> str:
    return clip(look.name).strip()


def _left_out(number: int, what: str) -> list[str]:
    return [f"# Left out: {number:,} {what}"] if number else []
