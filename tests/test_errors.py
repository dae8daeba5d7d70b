"""Errors: one tree, helpful messages, and copies that keep every attribute."""

import copy
import json
import pickle
from typing import Any

import pytest

from heygen_widgets import errors
from heygen_widgets.api.credentials import Credential, Secret
from heygen_widgets.api.responses import Answer, error_for_status
from heygen_widgets.errors import APIStatusError, HeyGenError


def build(status: int, code: str | None = None, *, wait: str = "", **fields: Any) -> APIStatusError:
    body = json.dumps({"error": {"code": code, "message": "Some message.", **fields}}).encode()
    answer = Answer(status, {"X-Request-Id": "req_1", "Retry-After": wait}, body)
    return error_for_status("GET /v3/avatars", answer, Credential(Secret("key"), "the environment variable"))


def test_every_error_is_a_heygen_error_and_the_built_in_one_that_fits() -> None:
    kinds = [kind for name, kind in vars(errors).items() if name.endswith("Error")]
    assert len(kinds) == 15
    assert all(issubclass(kind, HeyGenError) for kind in kinds)
    for kind in (errors.MissingAPIKeyError, errors.SnapshotError, errors.VideoOptionError):
        assert issubclass(kind, ValueError)
    assert issubclass(errors.VideoTimeoutError, TimeoutError)
    assert issubclass(errors.APITimeoutError, errors.APIConnectionError)


@pytest.mark.parametrize(
    ("error", "kind", "hint"),
    [
        (build(400, param="limit"), APIStatusError, "Check the field 'limit'."),
        (build(400, param="token"), APIStatusError, "start again from the first page"),
        (build(401), errors.AuthenticationError, "The key came from the environment variable"),
        (build(402), errors.InsufficientCreditError, "balance"),
        (build(403), errors.PermissionDeniedError, "logging in again will not help"),
        (build(404), errors.NotFoundError, "GET /v3/avatars failed with 404: Some message. (request id req_1)"),
        (build(404, "avatar_not_found"), errors.NotFoundError, "the id of a group is not the id of a look"),
        (build(429), errors.RateLimitError, "wait a little"),
        (build(429, wait="7"), errors.RateLimitError, "wait 7 s"),
        (build(500, "some_code"), APIStatusError, "failed with 500 some_code: Some message. (request id req_1)"),
    ],
)
def test_each_status_has_its_class_and_the_message_says_what_to_do_next(
    error: APIStatusError, kind: type[APIStatusError], hint: str
) -> None:
    assert type(error) is kind
    assert hint in str(error)


@pytest.mark.parametrize(
    "error",
    [
        build(429, "some_code", param="limit", wait="7"),
        errors.MissingAPIKeyError("no key"),
        errors.VideoFailedError("failed", "v", "code", "message"),
    ],
)
def test_a_copy_of_an_error_keeps_every_attribute(error: HeyGenError) -> None:
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
