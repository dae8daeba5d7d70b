"""What came back: bodies read under a limit, JSON parsed without surprises, and text fit for an error message.

Whatever is wrong with an answer is returned as an error, not raised: see `_transport`, which raises.
"""

from __future__ import annotations

import json
import math
import re
import time
import zlib
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

import requests

from ..errors import APIResponseError, APIStatusError, APITimeoutError, HeyGenError, status_error
from .credentials import Credential

_LARGEST_BODY = 8 * 2**20  # bytes, as sent and unpacked alike; a page of 50 looks has some 50,000
_READ_SIZE = 2**16  # bytes
_LONGEST_TEXT = 300  # characters
_LONGEST_RETRY_AFTER = 86_400.0  # s; the service means seconds or minutes, so what is longer is a mistake
_USER_PART = re.compile(r"//[^/\s]*@")


class Answer(NamedTuple):
    """A whole answer: status, headers, and the body, unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_body(response: requests.Response, deadline: float) -> bytes | HeyGenError:
    """Read and unpack the body of a streamed response.

    Parameters
    ----------
    response : requests.Response
        Asked for with ``stream=True``; its body is not yet read.
    deadline : float
        On the clock of `time.monotonic`, in s. It is looked at between reads, so that a body that drips ends.

    Returns
    -------
    bytes or HeyGenError
    """
    # Undecoded, and piece by piece: urllib3 would go on reading for as long as pieces unpack to nothing.
    body = bytearray()
    while piece := response.raw.read1(_READ_SIZE, decode_content=False):
        body += piece
        if len(body) > _LARGEST_BODY:
            return _too_long()
        if time.monotonic() > deadline:
            return APITimeoutError(
                "The service did not finish its answer in time: try again, or give a longer timeout."
            )
    return _unpacked(bytes(body), response.headers.get("Content-Encoding", "").strip().lower())


def _unpacked(body: bytes, encoding: str) -> bytes | HeyGenError:
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        return APIResponseError("The service packed its answer in a way it was not asked for: only gzip was.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(body, _LARGEST_BODY + 1)
    except zlib.error:
        return APIResponseError("The service sent an answer that cannot be unpacked as gzip.")
    if len(unpacked) > _LARGEST_BODY:
        return _too_long()
    return unpacked if unpacker.eof else APIResponseError("The service sent a gzip answer that is cut short.")


def _too_long() -> APIResponseError:
    return APIResponseError(f"The service sent an answer of more than {_LARGEST_BODY} bytes, which no endpoint does.")


def parse_json(body: bytes) -> tuple[Any, str]:
    """Parse a body: its content and "", or None and what is wrong with it."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant), ""
    except UnicodeDecodeError:
        return None, "that is no UTF-8 text"
    except ValueError:
        return None, "that is no valid JSON"
    except RecursionError:
        return None, "that is nested too deeply"


def _refuse_constant(name: str) -> NoReturn:
    # NaN and Infinity are no JSON, and would break what is written from them.
    raise ValueError(name)


def response_error(request: str, answer: Answer, problem: str, credential: Credential) -> APIResponseError:
    """Build the error for a success whose body makes no sense."""
    kind = tidy(answer.headers.get("Content-Type"), credential) or "no content type"
    content, _ = parse_json(answer.body)
    message = tidy(_envelope(content).get("message"), credential)
    text = f"{request} was answered with a body {problem} (status {answer.status}, {kind})."
    if "html" in kind.lower():
        text += " A proxy or a sign-in page of the network may have given it: open any web page, then try again."
    return APIResponseError(f"{text} The service says: {message}" if message else text)


def redirect_error(request: str, answer: Answer, credential: Credential) -> APIResponseError:
    """Build the error for a redirect, which is never followed."""
    try:
        host = urlsplit(answer.headers.get("Location", "")).hostname
    except ValueError:
        host = "an address that makes no sense"
    target = tidy(host, credential) or "the same host"
    return APIResponseError(
        f"{request} was answered {answer.status}, a redirect to {target}. It is not followed, as the key would go "
        "there too: check base_url, and any proxy in between."
    )


def error_for_status(request: str, answer: Answer, credential: Credential) -> APIStatusError:
    """Build the error for a status of 400 or more, from the service's envelope or without one."""
    content, _ = parse_json(answer.body)
    words = {name: tidy(text, credential) for name, text in _envelope(content).items()}
    message = words.get("message")
    if not message and not words.get("code"):
        kind = tidy(answer.headers.get("Content-Type"), credential) or "no content type"
        message = f"the answer ({kind}) is not in the service's own form, so a proxy may have given it"
    return status_error(
        answer.status,
        request=request,
        message=message,
        # The code "error" says nothing.
        code=words.get("code") if words.get("code") != "error" else None,
        param=words.get("param"),
        doc_url=words.get("doc_url"),
        request_id=tidy(answer.headers.get("X-Request-Id"), credential),
        retry_after=retry_after(answer.headers.get("Retry-After")),
        credential_source=credential.source,
    )


def _envelope(content: object) -> dict[str, object]:
    """Find the error object: the service's own, or the flat one of a gateway in between."""
    if not isinstance(content, dict):
        return {}
    error = content.get("error", content)
    if isinstance(error, str):
        return {"message": error}
    return (
        {name: error.get(name) for name in ("code", "message", "param", "doc_url")} if isinstance(error, dict) else {}
    )


def retry_after(header: str | None) -> float | None:
    """Read ``Retry-After``, seconds or an HTTP date, as s from now; None for what is negative, absurd or missing."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, IndexError, OverflowError, OSError):
            return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= _LONGEST_RETRY_AFTER else None


def tidy(text: object, credential: Credential) -> str | None:
    """Make text from outside fit for an error message: on one line, printable, clipped and free of secrets."""
    if not isinstance(text, str):
        return None
    # The secret goes first: clipping could leave most of it. In any case, as the name of a host is lowered.
    text = re.sub(re.escape(credential.secret), "[the key]", text, flags=re.IGNORECASE)
    text = _USER_PART.sub("//", text)
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
