"""Errors: one tree, useful texts, and nothing lost on the way through pickle."""

from __future__ import annotations

import copy
import pickle

import pytest

from heygen_widgets import errors
from heygen_widgets.errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    HeyGenError,
    InsufficientCreditError,
    MissingAPIKeyError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    status_error,
)


def build(
    status_code: int,
    message: str | None = "Some message.",
    code: str | None = "some_code",
    param: str | None = None,
    retry_after: float | None = None,
) -> APIStatusError:
    return status_error(
        status_code,
        request="GET /v3/avatars",
        message=message,
        code=code,
        param=param,
        doc_url="https://developers.heygen.com/x",
        request_id="req_1",
        retry_after=retry_after,
        credential_source="the environment variable HEYGEN_API_KEY",
    )


def test_every_error_is_a_heygen_error() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), HeyGenError)


def test_errors_are_also_what_their_callers_expect() -> None:
    assert issubclass(MissingAPIKeyError, ValueError)
    assert issubclass(APITimeoutError, APIConnectionError)
    assert not issubclass(APIResponseError, APIStatusError)


@pytest.mark.parametrize(
    ("status_code", "kind"),
    [
        (400, APIStatusError),
        (401, AuthenticationError),
        (402, InsufficientCreditError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, APIStatusError),
        (418, APIStatusError),
        (429, RateLimitError),
        (500, APIStatusError),
    ],
)
def test_each_status_has_its_class(status_code: int, kind: type[APIStatusError]) -> None:
    error = build(status_code)
    assert type(error) is kind
    assert error.status_code == status_code


def test_an_error_keeps_what_the_service_told() -> None:
    error = build(400, param="limit")
    assert (error.code, error.param, error.doc_url) == ("some_code", "limit", "https://developers.heygen.com/x")
    assert error.request_id == "req_1"
    for part in ("GET /v3/avatars", "400 some_code", "Some message.", "'limit'", "req_1"):
        assert part in str(error)


@pytest.mark.parametrize(
    ("status_code", "code", "hint"),
    [
        (401, "unauthorized", "the environment variable HEYGEN_API_KEY"),
        (402, "insufficient_credit", "balance"),
        (403, "forbidden", "logging in again will not help"),
        (404, "avatar_not_found", "the id of a group is not the id of a look"),
        (429, "rate_limit_exceeded", "Slow down"),
    ],
)
def test_the_text_says_what_to_do_next(status_code: int, code: str, hint: str) -> None:
    assert hint in str(build(status_code, code=code))


def test_a_rate_limit_error_tells_how_long_to_wait() -> None:
    error = build(429, retry_after=7.0)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 7.0
    assert "wait 7 s" in str(error)
    assert RateLimitError("slow down").retry_after is None


def test_an_error_without_a_code_or_a_message_reads_well() -> None:
    assert str(build(500, message=None, code=None)) == "GET /v3/avatars failed with 500. (request id req_1)"


@pytest.mark.parametrize("duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
@pytest.mark.parametrize(
    "error",
    [
        build(400, param="limit"),
        build(404),
        build(429, retry_after=2.5),
        MissingAPIKeyError("no key"),
        APIResponseError("no JSON"),
        APITimeoutError("late"),
    ],
)
def test_an_error_survives_a_pickle_and_a_copy_with_all_it_knows(error: HeyGenError, duplicate) -> None:  # noqa: ANN001
    again = duplicate(error)
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))
