"""Errors: one tree, helpful messages, and copies that keep every attribute."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from heygen_widgets import errors
from heygen_widgets.errors import APIStatusError, HeyGenError, VideoOptionError, status_error


def build(status_code: int, **details: Any) -> APIStatusError:
    details = {"message": "Some message.", "code": "some_code", "retry_after": None} | details
    source = "the environment variable HEYGEN_API_KEY"
    return status_error(status_code, request="GET /v3/avatars", request_id="req_1", credential_source=source, **details)


def test_every_error_is_a_heygen_error_and_the_built_in_one_that_fits() -> None:
    kinds = [kind for name, kind in vars(errors).items() if name.endswith("Error")]
    assert len(kinds) == 15
    assert all(issubclass(kind, HeyGenError) for kind in kinds)
    for kind in (errors.MissingAPIKeyError, errors.SnapshotError, VideoOptionError):
        assert issubclass(kind, ValueError)
    assert issubclass(errors.VideoTimeoutError, TimeoutError)
    assert issubclass(errors.APITimeoutError, errors.APIConnectionError)


def test_each_status_has_its_class() -> None:
    kinds = {
        401: errors.AuthenticationError,
        402: errors.InsufficientCreditError,
        403: errors.PermissionDeniedError,
        404: errors.NotFoundError,
        429: errors.RateLimitError,
    }
    for status_code in (*kinds, 400, 409, 418, 500):
        error = build(status_code)
        assert type(error) is kinds.get(status_code, APIStatusError)
        assert error.status_code == status_code


def test_a_status_error_shows_the_response_of_the_service() -> None:
    error = build(400, param="limit", doc_url="https://x")
    assert (error.code, error.param, error.doc_url, error.request_id) == ("some_code", "limit", "https://x", "req_1")
    for part in ("GET /v3/avatars", "400 some_code", "Some message.", "'limit'", "req_1"):
        assert part in str(error)
    assert str(build(500, message=None, code=None)) == "GET /v3/avatars failed with 500. (request id req_1)"


@pytest.mark.parametrize(
    ("status_code", "details", "hint"),
    [
        (400, {"param": "token"}, "start again from the first page"),
        (401, {}, "the environment variable HEYGEN_API_KEY"),
        (402, {}, "balance"),
        (403, {}, "logging in again will not help"),
        (404, {"code": "avatar_not_found"}, "the id of a group is not the id of a look"),
        (429, {}, "wait a little"),
        (429, {"retry_after": 7.0}, "wait 7 s"),
    ],
)
def test_the_message_says_what_to_do_next(status_code: int, details: dict[str, Any], hint: str) -> None:
    error = build(status_code, **details)
    assert hint in str(error)
    assert getattr(error, "retry_after", None) == details.get("retry_after")


def test_a_video_option_error_lists_every_problem() -> None:
    error = VideoOptionError("a video", ["no script: add one", "no voice: add one"])
    assert error.problems == ("no script: add one", "no voice: add one")
    assert str(error).count("\n- ") == 2
    assert "nothing was sent" in str(error)


@pytest.mark.parametrize(
    "error",
    [
        build(400, param="limit"),
        build(404),
        build(429, retry_after=2.5),
        errors.MissingAPIKeyError("no key"),
        errors.APIResponseError("no JSON"),
        errors.APITimeoutError("late"),
        errors.VideoFailedError("failed", "v", "code", "message"),
        VideoOptionError("a video", ["no script"]),
    ],
)
def test_a_copy_of_an_error_keeps_every_attribute(error: HeyGenError) -> None:
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
