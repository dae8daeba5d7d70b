"""Reading responses: bodies under a size limit and a deadline, JSON without surprises, and errors with clean texts."""

import json
import re
import signal
import ssl
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any

import requests
import urllib3

from .. import errors
from .credentials import Credential

# TypeError: requests raises it for a proxy address without a host.
NETWORK_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TypeError)
TIMEOUT_ERRORS = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)

_SUCCESSES = {"none", "0", "100", "200", "ok", "success", "true"}  # beside empty data, anything else is an error
_LARGEST_BODY = 8 * 2**20  # bytes, unpacked; a page of 50 looks has some 50,000
_LONGEST_TEXT = 300  # characters
_LONGEST_RETRY_AFTER = 21_600  # s, as in urllib3 from 2.6.3
_USER_PART = re.compile(r"//[^/\s]*@")
_KINDS: dict[int, tuple[type[errors.APIStatusError], str]] = {
    401: (errors.AuthenticationError, "HeyGen rejected your API key (from {source}). Check or replace it."),
    402: (errors.InsufficientCreditError, "Your credit, in client.get_me(), is too low. A key bills the API wallet."),
    403: (errors.PermissionDeniedError, "Your API key is valid, but may lack a scope for this. A login cannot help."),
    404: (errors.NotFoundError, "HeyGen does not have this. Check the ids in the request, and base_url."),
    429: (errors.RateLimitError, "Too many requests. Wait {wait} before trying again."),
}
_REFUSED, _FAILED = "HeyGen refused the request.", "HeyGen has a problem. Try again later."


class Answer:
    """A complete response: status, headers and the unpacked body, which no traceback shows: it may repeat the key."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


def read_answer(response: requests.Response, deadline: float) -> Answer:
    """Read a streamed response until `deadline`, in s on the clock of `time.monotonic`; then it is a `TimeoutError`.

    An error without a readable body has an empty one. The arguments of an `APIResponseError`, here and from
    `parse_success`, are its text without the last line, and what goes there.
    """
    body, handled, status = bytearray(), sys.exception(), str(response.status_code)
    try:
        while piece := response.raw.read1(2**16, decode_content=True):
            body += piece
            if len(body) > _LARGEST_BODY:
                raise errors.APIResponseError(f"HeyGen sent a response of more than {_LARGEST_BODY} bytes.", status)
            if time.monotonic() > deadline:
                raise TimeoutError
    except (errors.APIResponseError, *NETWORK_ERRORS) as exc:
        if raised_by_signal_handler(exc, handled):
            raise
        if response.status_code < 300:
            if isinstance(exc, urllib3.exceptions.DecodeError):
                raise errors.APIResponseError("HeyGen sent a response that cannot be unpacked.", status) from None
            raise
        body.clear()
    return Answer(response.status_code, response.raw.headers, bytes(body))


def parse_success(answer: Answer, credential: Credential) -> dict[str, Any]:
    """Parse the JSON object of a success, which has ``data``; all else is an `APIResponseError`, also a redirect."""
    status = str(answer.status)
    if not 200 <= answer.status < 300:
        redirected = "The request was redirected, but the key is sent to no other address. Check base_url and proxies."
        interim = "Only an interim response was read, not the final one. Without session=, these are skipped."
        raise errors.APIResponseError(interim if answer.status < 200 else redirected, status)
    content = _parse_json(answer.body)
    data, named = content.get("data"), {str(content.get(name)).lower() for name in ("code", "status", "success")}
    is_error = any(map(content.get, ("error", "errors", "detail"))) or not named <= _SUCCESSES
    if data is not None and not isinstance(content.get("error") or None, dict) and (data or not is_error):
        return content
    kind = tidy(answer.headers.get("Content-Type"), credential) or "no content type"
    texts = map(_error_texts(content, credential).get, ("code", "message"))
    said = ", ".join(filter(None, texts)) or tidy(content.get("detail"), credential) or ""
    del content, data, named  # they may repeat the key, and a verbose traceback shows local variables
    text = f"The response is {'an error, though its status is a success' if is_error else 'no JSON object with data'}."
    if "html" in kind.lower():
        text += " It may come from a proxy or a sign-in page of the network: open any web page, then try again."
    problem = errors.APIResponseError(f"{text}\nHeyGen says: {said}" if said else text, f"{status}, {kind}")
    problem.service_message = said if is_error else None
    raise problem


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body.decode("utf-8-sig"), parse_constant=int)  # which refuses NaN and Infinity
    except (ValueError, RecursionError):
        content = None
    return content if isinstance(content, dict) else {}


def error_for_status(method: str, path: str, answer: Answer, credential: Credential) -> errors.APIStatusError:
    """Build the error for a status of 400 or more, with or without the service's error envelope."""
    texts = _error_texts(_parse_json(answer.body), credential)
    message, code, param = texts["message"], texts["code"], texts["param"]
    said = f"HeyGen says: {message}" if message else ""
    if not message and not code:
        said = "The response does not have HeyGen's own form, so it may come from a proxy."
    code = None if code in ("error", str(answer.status)) else code  # says nothing
    request_id = tidy(answer.headers.get("X-Request-Id"), credential)
    wait = retry_after(answer.headers.get("Retry-After"))
    kind, cause = _KINDS.get(answer.status, (errors.APIStatusError, _REFUSED if answer.status < 500 else _FAILED))
    cause = cause.format(source=credential.source, wait=f"{wait:g} s" if wait else "a little")
    if answer.status == 400 and param == "token":
        cause = "The page cursor is no longer valid. Start again from the first page."
    elif answer.status == 400 and param:
        cause = f"HeyGen refused the field {param!r}. Check it."
    elif answer.status == 401 and credential.is_token:
        cause = f"HeyGen rejected your login (from {credential.source}). Run `heygen auth login`."
    if answer.status == 404 and code == "avatar_not_found":
        cause += " The id of a group is not the id of a look."
    outcome = " ".join(filter(None, [str(answer.status), code, request_id and f"(request id {request_id})"]))
    error = kind("\n".join(filter(None, [cause, said, f"{method} {path}: {outcome}"])))
    error.status_code, error.request_id = answer.status, request_id
    error.code, error.param, error.doc_url = code, param, texts["doc_url"]
    if isinstance(error, errors.RateLimitError):
        error.retry_after = wait
    return error


def _error_texts(fields: dict[str, Any], credential: Credential) -> dict[str, str | None]:
    """Clean the texts of an error object: the service's own, or the flat one of a gateway."""
    error = fields.get("error")
    if error and isinstance(error, dict):
        fields = error
    code = fields.get("code")
    fields = {**fields, "code": str(code) if isinstance(code, int) else code}
    texts = {name: tidy(fields.get(name), credential) for name in ("message", "code", "param", "doc_url")}
    return {**texts, "message": texts["message"] or tidy(error, credential)}


def retry_after(header: str | None) -> float | None:
    """Parse ``Retry-After``, seconds or an HTTP date, as s from now, at most 6 hours; None if it is invalid."""
    try:
        seconds = urllib3.Retry().parse_retry_after(header or "")
    except (urllib3.exceptions.InvalidHeader, ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
    return min(seconds, _LONGEST_RETRY_AFTER)


def tidy(text: object, credential: Credential) -> str | None:
    """Clean outside text for an error message: one line, printable, clipped, without the key and passwords in URLs."""
    if not isinstance(text, str):
        return None
    text = _USER_PART.sub("//", credential.secret.redact(text))  # first: clipping could leave most of the secret
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def tls_problem(exc: Exception, host: str) -> str:
    """Say why there is no secure connection to a host, and the way out; ``""`` for any other error."""
    cause = cause_of(exc)
    place = "a proxy" if isinstance(exc, requests.exceptions.ProxyError) else host
    if isinstance(cause, ssl.SSLCertVerificationError):
        problem = f"The certificate of {place} is not trusted ({cause.verify_message.rstrip('.')})."
        way_out = "If a company or proxy issued it, name the file of its authority in REQUESTS_CA_BUNDLE, or in"
        other = "session.verify of a requests.Session for HeyGenClient(session=session). SSL_CERT_FILE is not read."
        return f"{problem} {way_out} {other}"
    text = re.sub(r"^\[.*?\] | \(_ssl.*\)$", "", str(cause))
    if isinstance(cause, ssl.SSLError) or " TLS " in text:  # requests cannot find a file
        files = "the files in REQUESTS_CA_BUNDLE, session.verify and session.cert"
        way_out = f"Check the proxies, whose addresses mostly start with http://, and {files}."
        return f"There is no secure connection to {place} ({text}). {way_out}"
    return ""


def cause_of(error: Exception) -> Exception:
    """Unwrap the error inside those of requests and urllib3."""
    inner = (getattr(error, "reason", None), getattr(error, "original_error", None), *error.args)
    found = next((cause for cause in inner if isinstance(cause, Exception)), None)
    return cause_of(found) if found else error


def raised_by_signal_handler(cause: BaseException | None, handled: BaseException | None) -> BaseException | None:
    """Find what a signal handler raised, such as a `TimeoutError`, behind an error; None if no handler did.

    `handled` is ``sys.exception()`` before the request. Raise the result outside `except`: the traceback has the key.
    """
    handlers = {getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()}
    while cause is not None and cause is not handled:
        is_wrapper = isinstance(cause, urllib3.exceptions.HTTPError)  # may have the traceback of the error it wraps
        if not is_wrapper and any(frame.f_code in handlers for frame, _ in traceback.walk_tb(cause.__traceback__)):
            cause.__context__ = None
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
