"""Code that restores the selection of a picker or makes a video with it. It never contains a key.

Text from the service cannot leave its place: it is a literal of printable characters, or a comment on one line.
"""

from collections.abc import Sequence

from .._display import clip, literal
from ..api.validation import checked_id
from ..filters import LookFilter
from ..models import Look

_KEY_SOURCE = "the key comes from HEYGEN_API_KEY or the login of HeyGen's own client"


def python_code(looks: Sequence[Look], wanted: LookFilter, client: str, multiple: bool, view: str = "looks") -> str:
    """Return Python that makes a picker with the same selection, filter and view, with the code of a `client`."""
    selected = list(filter(_is_requestable, looks))
    lines = _client_lines(client, "LookPicker")
    if left_out := len(looks) - len(selected):
        lines.append(f"# Left out: {left_out:,} selected looks")
    if len(selected) == 1:
        lines.append(_commented(f"look = client.get_look({literal(selected[0].id)})", selected[0].name))
    elif selected:
        ids = [_commented(f"    {literal(look.id)},", look.name) for look in selected]
        lines += ["look_ids = (", *ids, ")", "looks = [client.get_look(look_id) for look_id in look_ids]"]
    filtered = repr(wanted).removeprefix("LookFilter(").removesuffix(")")
    shown = 'view="characters"' if view == "characters" else ""
    chosen = "" if not selected else "selected_id=look.id" if len(selected) == 1 else "values=looks"
    arguments = ["client", "multiple=True" if multiple else "", filtered, shown, chosen]
    picker = f"picker = LookPicker({', '.join(filter(None, arguments))})"
    return "\n".join([*lines, picker, "picker", ""])  # a cell displays the value of its last line


def video_code(look: Look, client_code: str) -> str | None:
    """Return Python that checks a video request, starts the video and shows it; None for a look that is not usable."""
    if not look.is_ready or not _is_requestable(look):
        return None
    engine = f", engine={literal(look.default_engine)}" if look.default_engine in look.engines else ""
    request = f'VideoRequest(avatar_id={literal(look.id)}, script="Hello! This is a first try."{engine})'
    line = _commented(f"request = {request}", look.name)
    start = "job = client.start_video(request)  # checks the request and sends it: this costs credits"
    return "\n".join([*_client_lines(client_code, "VideoRequest"), line, start, "job", ""])


def _client_lines(client_code: str, name: str) -> list[str]:
    maker = client_code.partition("(")[0]
    imported = sorted([maker, name], key=lambda name: (name.islower(), name))
    client = _commented(f"client = {client_code}", _KEY_SOURCE if maker == "HeyGenClient" else "")
    return [f"from heygen_widgets import {', '.join(imported)}", "", client]


def _is_requestable(look: Look) -> bool:
    try:
        return bool(checked_id("look_id", look.id))
    except ValueError:
        return False


def _commented(line: str, comment: str) -> str:
    comment = clip(comment).strip()
    return f"{line}  # {comment}" if comment else line
