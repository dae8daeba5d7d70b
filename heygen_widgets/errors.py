"""The error tree of the package. None of its errors contains the key.

The first line of a message is the cause and the way out. If a request failed, the last line names it.
"""

from collections.abc import Sequence


class HeyGenError(Exception):
    """Base of the package's own errors. A wrong argument is a `ValueError` or `TypeError`, a file an `OSError`.

    The request that failed, sent again with its `idempotency_key`, never creates a second video. It `is_uncertain` if
    the request may have created something that costs credits.
    """

    idempotency_key: str | None = None
    is_uncertain: bool = False


class MissingAPIKeyError(HeyGenError, ValueError):
    """No API key was found, or the key found is malformed. The message says where the package looked."""


class APIConnectionError(HeyGenError):
    """The service could not be reached, or the connection broke before the response was complete."""


class APITimeoutError(APIConnectionError):
    """The response was not complete in time."""


class APIResponseError(HeyGenError):
    """The response is not what the API documents: no JSON, another shape, too large, or pages without end.

    `service_message` is what an error says that the service sent with a status of success, perhaps ``""``; else None.
    """

    service_message: str | None = None


class SnapshotError(HeyGenError, ValueError):
    """The file is not a snapshot of a catalogue, or is damaged. The message names the file and the problem."""


class VideoOptionError(HeyGenError, ValueError):
    """The service would refuse this video request. Nothing was sent. `problems` has every problem and how to fix it."""

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        super().__init__(what, tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n- ".join((f"{self.args[0]} cannot be made like this; nothing was sent:", *self.problems))


class VideoFailedError(HeyGenError):
    """HeyGen could not make the video; see `failure_message`. `video_id` is None if an agent failed before that."""

    video_id: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None


class VideoTimeoutError(HeyGenError, TimeoutError):
    """The video was not finished in time. HeyGen continues to render it; the message says how to wait longer."""


class APIStatusError(HeyGenError):
    """The service answered with an error status: `status_code`, such as 404.

    The service's error `code`, such as ``"avatar_not_found"``, is of an open set. `param` is the request field that it
    names, `doc_url` its documentation page, and `request_id` the header ``X-Request-Id``, which HeyGen's support needs.
    """

    status_code: int
    code: str | None = None
    param: str | None = None
    doc_url: str | None = None
    request_id: str | None = None


class AuthenticationError(APIStatusError):
    """401: the service does not accept the key."""


class InsufficientCreditError(APIStatusError):
    """402: the account has too little credit."""


class PermissionDeniedError(APIStatusError):
    """403: the key is valid but not allowed to do this."""


class NotFoundError(APIStatusError):
    """404: this account has no such look, group, voice or video."""


class RateLimitError(APIStatusError):
    """429: too many requests or jobs. `retry_after`, in s or None, is what the service asks for, at most 6 hours."""

    retry_after: float | None = None
