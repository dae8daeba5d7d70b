"""Reading responses: bodies under a size limit and a deadline, JSON without surprises, and errors with clean texts."""

from __future__ import annotations

import json
import math
import re
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import urllib3

from ..errors import APIResponseError, APIStatusError, APITimeoutError, HeyGenError, status_error
from .credentials import Credential

# TypeError: requests raises it for a proxy address without a host.
NETWORK_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TypeError)
TIMEOUT_ERRORS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)

_LARGEST_BODY = 8 * 2**20  # bytes, unpacked; a page of 50 looks has some 50,000
_READ_SIZE = 2**16  # bytes
_LONGEST_TEXT = 300  # characters
_LONGEST_RETRY_AFTER = 86_400.0  # s
_USER_PART = re.compile(r"//[^/\s]*@")


class Answer:
    """A complete response: status, headers and the unpacked body, which no traceback shows: it may repeat the key."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


def read_answer(response: requests.Response, deadline: float) -> Answer:
    """Read a streamed response.

    Parameters
    ----------
    response : requests.Response
        Requested with ``stream=True``.
    deadline : float
        On the clock of `time.monotonic`, in s. It ends a body that drips.

    Raises
    ------
    APITimeoutError, APIResponseError, requests.RequestException, urllib3.exceptions.HTTPError, OSError
        If the body of a success cannot be read. The body of an error counts as empty then.
    """
    try:
        body = _read_body(response, deadline)
    except (HeyGenError, *NETWORK_ERRORS) as exc:
        if response.status_code < 300:
            if isinstance(exc, urllib3.exceptions.DecodeError):
                raise APIResponseError("The service sent a response that cannot be unpacked.") from None
            raise
        body = b""
    return Answer(response.status_code, response.raw.headers, body)


def _read_body(response: requests.Response, deadline: float) -> bytes:
    body = bytearray()
    while piece := response.raw.read1(_READ_SIZE, decode_content=True):
        body += piece
        if len(body) > _LARGEST_BODY:
            raise APIResponseError(f"The service sent a response of more than {_LARGEST_BODY} bytes; no endpoint does.")
        if time.monotonic() > deadline:
            raise APITimeoutError("The service did not finish its response in time: try again with a longer timeout.")
    return bytes(body)


def parse_success(request: str, answer: Answer, credential: Credential) -> dict[str, Any]:
    """Parse the JSON object of a success, which has ``data``.

    Raises
    ------
    APIResponseError
        If the body is anything else.
    """
    content, problem = _parse_json(answer.body)
    if isinstance(content, dict) and "data" in content:
        return content
    kind = _content_type(answer, credential)
    message = tidy(_envelope(content).get("message"), credential)
    text = f"{request}: the body of the response {problem or 'has no data'} (status {answer.status}, {kind})."
    if "html" in kind.lower():
        text += " It may come from a proxy or a sign-in page of the network: open any web page, then try again."
    raise APIResponseError(f"{text} The service says: {message}" if message else text)


def _parse_json(body: bytes) -> tuple[Any, str]:
    """Parse a body: its content and ``""``, or None and what is wrong with it."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant), ""
    except UnicodeDecodeError:
        return None, "is not UTF-8 text"
    except ValueError:
        return None, "is not valid JSON"
    except RecursionError:
        return None, "is nested too deeply"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def redirect_error(request: str, answer: Answer, credential: Credential) -> APIResponseError:
    """Build the error for a redirect, or for another status that is neither a success nor an error."""
    try:
        host = urlsplit(answer.headers.get("Location", "")).hostname
    except ValueError:
        host = "an invalid address"
    target = tidy(host, credential) or "the same host"
    return APIResponseError(
        f"{request}: the response is {answer.status}, a redirect to {target}. It is not followed, because the key "
        "would go there too: check base_url and proxies."
    )


def error_for_status(request: str, answer: Answer, credential: Credential) -> APIStatusError:
    """Build the error for a status of 400 or more, with or without the service's error envelope."""
    content, _ = _parse_json(answer.body)
    texts = {name: tidy(text, credential) for name, text in _envelope(content).items()}
    message = texts.get("message")
    if not message and not texts.get("code"):
        kind = _content_type(answer, credential)
        message = f"the response ({kind}) does not have the service's own form, so it may come from a proxy"
    return status_error(
        answer.status,
        request=request,
        message=message,
        # The code "error" says nothing.
        code=texts.get("code") if texts.get("code") != "error" else None,
        param=texts.get("param"),
        doc_url=texts.get("doc_url"),
        request_id=tidy(answer.headers.get("X-Request-Id"), credential),
        retry_after=retry_after(answer.headers.get("Retry-After")),
        credential_source=credential.source,
    )


def _content_type(answer: Answer, credential: Credential) -> str:
    return tidy(answer.headers.get("Content-Type"), credential) or "no content type"


def _envelope(content: object) -> dict[str, object]:
    """Find the error object: the service's own, or the flat one of a gateway."""
    if not isinstance(content, dict):
        return {}
    error = content.get("error", content)
    if isinstance(error, str):
        return {"message": error}
    if not isinstance(error, dict):
        return {}
    return {name: error.get(name) for name in ("code", "message", "param", "doc_url")}


def retry_after(header: str | None) -> float | None:
    """Parse ``Retry-After``, seconds or an HTTP date, as s from now; None if invalid, negative or above a day."""
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
    """Clean outside text for an error message: one line, printable, clipped, without the key and passwords in URLs."""
    if not isinstance(text, str):
        return None
    # The secret goes first: clipping could leave most of it.
    text = _USER_PART.sub("//", credential.secret.redact(text))
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def certificate_problem(exc: Exception, host: str) -> str:
    """Say what is wrong with a host's certificate, and the way out; ``""`` for any other error."""
    cause = cause_of(exc)
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return ""
    return (
        f"the certificate of {host} is not trusted ({cause.verify_message.rstrip('.')}). If a company or proxy "
        "issued it, name the file of its authority in REQUESTS_CA_BUNDLE, or in session.verify of a "
        "requests.Session for HeyGenClient(session=session)."
    )


def cause_of(exc: Exception) -> object:
    """Unwrap the error inside those of requests and urllib3."""
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    cause = getattr(reason, "original_error", reason)
    if isinstance(cause, urllib3.exceptions.SSLError) and cause.args:
        return cause.args[0]
    return cause
