"""Bytes that are a picture or a clip, told by themselves, and as a ``data:`` URL that can be nothing else."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

__all__ = ["data_url", "embedded", "picture_type", "video_type"]

_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes, of each version of the format
_MP4_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")
_BASE64 = re.compile(r";\s*base64\s*\Z", re.IGNORECASE)
_SVG = "http://www.w3.org/2000/svg"
# What draws and neither runs nor loads anything.
_SHAPES = {"svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon", "title", "desc"}
_GRADIENTS = {"defs", "linearGradient", "radialGradient", "stop"}
_LOADS = re.compile(r"url\s*\(|image\s*\(|image-set|import|expression|script:|[\\@<&]|/\*", re.IGNORECASE)
_OF_THE_DRAWING = re.compile(r"\s*url\(#[\w-]+\)\s*")


def picture_type(content: bytes) -> str | None:
    """Tell what raster image some bytes are, as a media type; None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    if content[:2] == b"BM" and content[6:10] == bytes(4):
        return "image/bmp" if int.from_bytes(content[14:18], "little") in _BITMAP_HEADERS else None
    return None


def video_type(content: bytes) -> str | None:
    """Tell what video some bytes are, as a media type; None for anything else."""
    if content[4:8] == b"ftyp" and content[8:12] in _MP4_BRANDS:
        return "video/mp4"
    # Matroska begins alike, and tells further on which of the two it is.
    return "video/webm" if content.startswith(b"\x1aE\xdf\xa3") and b"\x42\x82\x84webm" in content[:64] else None


def data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"


def embedded(url: str) -> str | None:
    """Give the image in a ``data:`` URL anew, under the type that its bytes tell: a raster image, or a plain drawing.

    None for anything else. A plain drawing is an SVG document of shapes alone, which neither runs nor loads anything.
    """
    head, _, rest = url.partition(",")
    content = unquote_to_bytes(rest)
    if _BASE64.search(head):
        try:
            content = b64decode(b"".join(content.split()), validate=True)
        except ValueError:
            return None
    if media_type := picture_type(content):
        return data_url(media_type, content)
    return data_url("image/svg+xml", content) if _is_drawing(content) else None


class _NoDrawingError(Exception):
    """A document that does more than draw."""


def _is_drawing(content: bytes) -> bool:
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    opened = 0

    def open_element(name: str, attributes: dict[str, str]) -> None:
        nonlocal opened
        namespace, _, local = name.rpartition(" ")
        allowed = ("svg",) if not opened else _SHAPES | _GRADIENTS
        if namespace != _SVG or local not in allowed or not all(map(_only_draws, attributes.items())):
            raise _NoDrawingError
        opened += 1

    def refuse(*_: object) -> None:
        raise _NoDrawingError

    parser.StartElementHandler = open_element
    # The former could declare entities that grow without end, the latter a style sheet.
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, _NoDrawingError, UnicodeError, ValueError):
        return False
    return True


def _only_draws(attribute: tuple[str, str]) -> bool:
    name, value = attribute
    local = name.rpartition(" ")[2].lower()
    if local.startswith("on") or local in ("href", "src"):
        return False
    return not _LOADS.search(value) or bool(_OF_THE_DRAWING.fullmatch(value))
