"""Looks as one page of HTML that anybody can open, with the pictures inside. It loads nothing from the network."""

import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from string import Template

from ._display import clip, image, initials, literal, name_of, page, reason, title
from ._files import expanduser, replacement
from .api import HeyGenClient
from .api.media import Problem, fetch_previews, outcome_of, warn_of_missing
from .frame import Source, looks_of
from .models import MOST_SELECTED, Look, checked_records

__all__ = ["looks_to_gallery"]

_MOST_LOOKS = 500
_UNTRANSLATED = ' translate="no"'


def looks_to_gallery(
    looks: Source,
    path: str | os.PathLike[str],
    *,
    title: str = "Avatar looks",
    videos: bool = False,
    client: HeyGenClient | None = None,
) -> Path:
    """Write looks into one HTML page that opens without Jupyter, with pictures, a search and ids; return its path.

    Whoever opens it can tick looks and copy the choice: Python for a picker in which these looks are selected. The
    pictures are in the file: **whoever has it sees the faces, private ones too**, for as long as the file lasts. It
    loads nothing from the network, and holds no preview URL and no API key.

    Pictures are fetched over https (http only on loopback), without credentials and redirects, with a progress bar
    (``TQDM_DISABLE=1`` hides it). What is not a raster image by its first bytes becomes a placeholder, and one
    `UserWarning` says how many are missing and why. Signed URLs expire; fetch the looks again for new ones. With Pillow
    (the extra ``excel``), pictures of more than 100 KB become WebP of at most 720 px on the longer side.

    Parameters
    ----------
    looks, path
        At most 500 looks of any `Source`, in their order; of a picker the selection. The file's name ends in ``.html``,
        which is added, or ``.htm``. An existing file is replaced when the page is complete.
    title, videos
        The heading of the page; whether to add the preview clips, some MB a look, which play while pointed at.
    client : HeyGenClient, optional
        Its session's `verify`, `cert` and `proxies` are used, by default those of the environment; and the copied
        Python makes a client of the same service.

    Raises
    ------
    ValueError, OSError
        For more than 500 looks, another ending of the file's name, or a file that cannot be written.
    """
    target = Path(expanduser(path))
    if not target.suffix and (target.is_file() or not target.exists()):
        target = target.with_name(f"{target.name}.html")
    if target.is_dir() or os.fspath(path).endswith((os.sep, os.altsep or os.sep)):
        raise IsADirectoryError(f"{os.fspath(path)!r} is a folder: name a file in it, such as 'shortlist.html'")
    if target.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"a gallery is a page of HTML, so its name should end in .html, not as {str(target)!r} does")
    with replacement(target, 0o666) as file:
        source = islice(looks, _MOST_LOOKS + 1) if isinstance(looks, Iterator) else looks  # it may fetch pages
        chosen = checked_records(looks_of(source), Look)
        if len(chosen) > _MOST_LOOKS:
            raise ValueError(f"a page takes at most {_MOST_LOOKS} looks: write several, or choose fewer by a filter")
        outcomes = fetch_previews(chosen, client, videos=videos)
        sources = {"style": _read("gallery.css"), "script": _read("gallery.js") + _read("clipboard.js")}
        digests = {name: b64encode(sha256(source.encode()).digest()).decode() for name, source in sources.items()}
        hashes = {f"{name}_hash": f"'sha256-{digest}'" for name, digest in digests.items()}
        code = client.code if client else "HeyGenClient()"
        texts = {
            "heading": clip(title).strip() or "Avatar looks",
            "client": code,
            "names": ", ".join(sorted([code.partition("(")[0], "LookPicker"])),
            "most": f"[:{MOST_SELECTED}]" if len(chosen) > MOST_SELECTED else "",
        }
        values = {**sources, **hashes, **{name: escape(text) for name, text in texts.items()}}
        start, end = (Template(part).substitute(values) for part in _read("gallery.html").split("$cards"))
        cards = (_card(look, outcomes, videos=videos) for look in chosen)
        file.writelines(part.encode("utf-8", "replace") for part in chain([start], cards, [end]))
    shown = [outcome_of(outcomes, image(look)) for look in chosen if look.preview_image_url]
    shown += [outcome_of(outcomes, page(url)) for look in chosen if videos and (url := look.preview_video_url)]
    warn_of_missing(shown, "page", "picture", *["clip"] * videos)
    return target


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _card(look: Look, outcomes: Mapping[str, str | Problem], *, videos: bool) -> str:
    name = name_of(look.id, look.name)
    why = "" if look.is_ready else ": ".join(filter(None, [title("status", look.status or ""), reason(look.error)]))
    facts = _facts(look)
    words = " ".join([name, *facts.values(), why, clip(look.id)])
    rows = "".join(
        f'<dt class="unseen">{label}</dt><dd dir="auto"{_UNTRANSLATED * (label == "Character")}>{escape(text)}</dd>'
        for label, text in facts.items()
    )
    state = f'<p class="state" dir="auto">{escape(why)}</p>' if why else ""
    return (
        f'<li class="look" data-words="{escape(words)}">{_picture(look, name, outcomes, videos=videos)}'
        f'<div class="about"><h2 dir="auto"{_UNTRANSLATED}>{escape(name)}</h2>{state}<dl>{rows}</dl>'
        f'<div class="id"><code{_UNTRANSLATED}>{escape(look.id)}</code><button type="button" hidden>'
        '<span class="label">Copy id</span><span class="unseen"> of '
        f"<span{_UNTRANSLATED}>{escape(name)}</span></span></button></div></div></li>\n"
    )


def _picture(look: Look, name: str, outcomes: Mapping[str, str | Problem], *, videos: bool) -> str:
    still, moving = outcome_of(outcomes, image(look)), outcome_of(outcomes, page(look.preview_video_url))
    line = f"    {literal(look.id)},  # {name}\n"
    tick = f'<input type="checkbox" aria-label="Choose {escape(name)}" data-line="{escape(line)}" hidden>'
    if videos and isinstance(moving, str):
        poster = f' poster="{escape(still)}"' if isinstance(still, str) else ""
        return (
            f'<label class="tick">{tick}</label>'
            f'<video class="picture" controls muted loop playsinline preload="none"{poster} '
            f'aria-label="Preview of {escape(name)}" src="{escape(moving)}"></video>'
        )
    shown = f'<span class="picture initials" aria-hidden="true">{escape(initials(name))}</span>'
    if isinstance(still, str):
        shown = f'<img class="picture" alt="" decoding="async" src="{escape(still)}">'
    return f'<label class="tick">{tick}{shown}</label>'


def _facts(look: Look) -> dict[str, str]:
    fields = {"Type": "avatar_type", "Gender": "gender", "Orientation": "orientation"}
    labels = {label: title(field, value) for label, field in fields.items() if (value := getattr(look, field))}
    size = f"{look.image_width} × {look.image_height} px" if look.image_width and look.image_height else ""
    engines = ", ".join(title("engine", engine) for engine in look.supported_api_engines if engine)
    tags = ", ".join(filter(None, (clip(tag).strip() for tag in look.tags)))
    facts = {"Character": clip(look.group_name).strip(), **labels, "Size": size, "Engines": engines, "Tags": tags}
    return {label: text for label, text in facts.items() if text}
