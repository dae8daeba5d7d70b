"""The error tree: every failure of this package is a `HeyGenError`, and none of them contains a key."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "APIConnectionError",
    "APIResponseError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "HeyGenError",
    "InsufficientCreditError",
    "MissingAPIKeyError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "SnapshotError",
    "VideoFailedError",
    "VideoOptionError",
    "VideoTimeoutError",
]


class HeyGenError(Exception):
    """Base of every error this package raises, wrong arguments (`ValueError`, `TypeError`) aside.

    Attributes
    ----------
    idempotency_key : str or None
        With which a video was asked for when this happened: sent again with it, the same request makes no second one.
    is_uncertain : bool
        Whether something that costs credits was asked for, and nobody knows whether it was begun.
    """

    idempotency_key: str | None = None
    is_uncertain: bool = False


class MissingAPIKeyError(HeyGenError, ValueError):
    """No usable key: none was found, or the one that was found cannot be one. Says where it looked, never the key."""


class APIConnectionError(HeyGenError):
    """The service could not be reached, or the connection broke before the answer was whole."""


class APITimeoutError(APIConnectionError):
    """The service did not answer, or did not finish answering, in time."""


class APIResponseError(HeyGenError):
    """An answer that makes no sense: no JSON, too long, of another shape than documented, or endless paging."""


class SnapshotError(HeyGenError, ValueError):
    """A file that is no snapshot of a catalogue, or a damaged one. Names the file and what is wrong with it."""


class VideoOptionError(HeyGenError, ValueError):
    """A request for a video that the service would refuse. Nothing was sent.

    Parameters
    ----------
    what : str
        What was asked for, in words.
    problems : sequence of str
        Everything that is wrong, each with the way out.
    """

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        super().__init__(what, tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = "".join(f"\n- {problem}" for problem in self.problems)
        return f"{self.args[0]} cannot be made like this; nothing was sent:{lines}"


class VideoFailedError(HeyGenError):
    """HeyGen could not make a video.

    Parameters
    ----------
    message : str
        What ``str()`` of the error shows.
    video_id : str or None
        The video, or None where an agent failed before there was one.
    failure_code, failure_message : str or None
        HeyGen's own.
    """

    def __init__(
        self,
        message: str,
        video_id: str | None = None,
        failure_code: str | None = None,
        failure_message: str | None = None,
    ) -> None:
        super().__init__(message)
        self.video_id = video_id
        self.failure_code = failure_code
        self.failure_message = failure_message


class VideoTimeoutError(HeyGenError, TimeoutError):
    """A video was not finished in the time that one would wait. It goes on; the text says how to wait on."""


class APIStatusError(HeyGenError):
    """The service answered with an error status.

    Parameters
    ----------
    message : str
        What ``str()`` of the error shows.
    status_code : int
        HTTP status, such as 404.
    code : str or None
        The service's own code, such as ``"avatar_not_found"``; an open set. None when the answer had none.
    param : str or None
        The request field the service complains of.
    doc_url : str or None
        A page of the service's documentation on this code.
    request_id : str or None
        The header ``X-Request-Id``, which HeyGen's support asks for.
    """

    def __init__(
        self,
        message: str,
        status_code: int,
        code: str | None = None,
        param: str | None = None,
        doc_url: str | None = None,
        request_id: str | None = None,
    ) -> None:
        # What pickle calls the class with; the rest comes back with the attributes.
        super().__init__(message, status_code)
        self.status_code = status_code
        self.code = code
        self.param = param
        self.doc_url = doc_url
        self.request_id = request_id

    def __str__(self) -> str:
        return str(self.args[0])


class AuthenticationError(APIStatusError):
    """401: the service does not accept the key."""


class InsufficientCreditError(APIStatusError):
    """402: the account has too little credit."""


class PermissionDeniedError(APIStatusError):
    """403: the key is valid, but not allowed to do this."""


class NotFoundError(APIStatusError):
    """404: there is no such look, group, voice or video, or not for this account."""


class RateLimitError(APIStatusError):
    """429: too many requests, or too many jobs at a time.

    Parameters
    ----------
    message, status_code, code, param, doc_url, request_id
        As for `APIStatusError`.
    retry_after : float or None
        The wait the service asked for, in s; None when it named none that makes sense.
    """

    def __init__(
        self,
        message: str,
        status_code: int = 429,
        code: str | None = None,
        param: str | None = None,
        doc_url: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status_code, code, param, doc_url, request_id)
        self.retry_after = retry_after


_CLASSES: dict[int, type[APIStatusError]] = {
    401: AuthenticationError,
    402: InsufficientCreditError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}


def status_error(
    status_code: int,
    *,
    request: str,
    message: str | None,
    code: str | None,
    param: str | None,
    doc_url: str | None,
    request_id: str | None,
    retry_after: float | None,
    credential_source: str,
) -> APIStatusError:
    """Build the error for an answer whose status is not a success.

    Parameters
    ----------
    status_code : int
        HTTP status.
    request : str
        What was asked, such as ``"GET /v3/avatars"``.
    message, code, param, doc_url, request_id : str or None
        The service's own words, already clipped, cleaned and free of the key.
    retry_after : float or None
        In s; used for 429 alone.
    credential_source : str
        Where the key came from, such as ``"HEYGEN_API_KEY"``; a 401 names it.

    Returns
    -------
    APIStatusError
        Or the subclass made for the status.
    """
    said = f"{status_code} {code}" if code else str(status_code)
    text = f"{request} failed with {said}"
    if message:
        text += f": {message}"
    text = text.rstrip(".") + "."
    hint = _hint(status_code, code=code, param=param, retry_after=retry_after, credential_source=credential_source)
    if hint:
        text += f" {hint}"
    if request_id:
        text += f" (request id {request_id})"
    if status_code == 429:
        return RateLimitError(text, status_code, code, param, doc_url, request_id, retry_after)
    return _CLASSES.get(status_code, APIStatusError)(text, status_code, code, param, doc_url, request_id)


def _hint(
    status_code: int, *, code: str | None, param: str | None, retry_after: float | None, credential_source: str
) -> str:
    if status_code == 400 and param == "token":
        return "The place in the list is not valid any more: ask for it from the first page."
    if status_code == 400:
        return f"Check the field {param!r}." if param else ""
    if status_code == 401:
        return f"The key came from {credential_source}: check or replace it there."
    if status_code == 402:
        return "Check the balance of the account: a key bills the API wallet, an OAuth login the web plan."
    if status_code == 403:
        return "The key is valid but not permitted to do this; logging in again will not help."
    if status_code == 404 and code == "avatar_not_found":
        return "Retrying the same id is unlikely to help; note that the id of a group is not the id of a look."
    if status_code == 429:
        return f"Slow down: wait {retry_after:g} s." if retry_after else "Slow down: wait a little before trying again."
    return ""
