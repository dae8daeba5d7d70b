"""Errors: one tree, helpful messages, and copies that keep every attribute."""

import copy
import json
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.ultratb import FormattedTB
from loopback import REFUSED
from traitlets import TraitError

from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker, VideoRequest, errors
from heygen_widgets.api.credentials import Credential, Secret
from heygen_widgets.api.responses import Answer, error_for_status
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import APIStatusError, HeyGenError
from heygen_widgets.videos.records import Video, failure_of

LOOK = "/v3/avatars/looks/a%2Fb"


def build(
    status: int, code: str | None = None, *, path: str = LOOK, wait: str = "", is_token: bool = False, **fields: Any
) -> APIStatusError:
    body = json.dumps({"error": {"code": code, "message": "Some message.", **fields}}).encode()
    answer = Answer(status, {"X-Request-Id": "req_1", "Retry-After": wait}, body)
    return error_for_status("GET", path, answer, Credential(Secret("key"), "HEYGEN_API_KEY", is_token))


def test_every_error_is_a_heygen_error_and_the_built_in_one_that_fits() -> None:
    kinds = [kind for name, kind in vars(errors).items() if name.endswith("Error")]
    assert len(kinds) == 15
    assert all(issubclass(kind, HeyGenError) for kind in kinds)
    for kind in (errors.MissingAPIKeyError, errors.SnapshotError, errors.VideoOptionError):
        assert issubclass(kind, ValueError)
    assert issubclass(errors.VideoTimeoutError, TimeoutError)
    assert issubclass(errors.APITimeoutError, errors.APIConnectionError)


@pytest.mark.parametrize(
    ("error", "kind", "cause"),
    [
        (build(400), APIStatusError, "HeyGen refused the request."),
        (build(400, param="limit{0}"), APIStatusError, "HeyGen refused the field 'limit{0}'. Check it."),
        (build(400, param="token"), APIStatusError, "The page cursor is no longer valid. Start again from the"),
        (build(401), errors.AuthenticationError, "HeyGen rejected your API key (from HEYGEN_API_KEY). C"),
        (build(401, is_token=True), errors.AuthenticationError, "HeyGen rejected your login (from HEYGEN_API_KEY)."),
        (build(402), errors.InsufficientCreditError, "Your credit, in client.get_me(), is too low."),
        (build(403), errors.PermissionDeniedError, "Your API key is valid, but may lack a scope for this."),
        (build(404), errors.NotFoundError, "HeyGen does not have this. Check the ids in"),
        (build(429), errors.RateLimitError, "Too many requests. Wait a little"),
        (build(429, wait="7"), errors.RateLimitError, "Too many requests. Wait 7 s"),
        (build(500, "some_code"), APIStatusError, "HeyGen has a problem. Try again later."),
    ],
)
def test_an_error_starts_with_the_cause_and_the_way_out_and_ends_with_the_request(
    error: APIStatusError, kind: type[APIStatusError], cause: str
) -> None:
    first, second, last = str(error).split("\n")
    assert type(error) is kind
    assert first.startswith(cause)
    assert second == "HeyGen says: Some message."
    code = f" {error.code}" if error.code else ""
    assert re.fullmatch(rf"GET /v3/\S+: {error.status_code}{code} \(request id req_1\)", last)
    assert len(str(build(500, "only_a_code", message="")).split("\n")) == 2


CODES = {
    400: ("invalid_parameter", "validation_error", "download_failed", "resource_limit_reached"),
    401: ("unauthorized",),
    402: ("insufficient_credit",),
    403: ("forbidden", "resource_access_denied", "ai_vendor_access_restricted"),
    404: ("not_found", *(f"{kind}_not_found" for kind in ("resource", "avatar", "avatar_group", "voice", "video"))),
    409: ("request_in_progress", "conflict"),
    413: ("payload_too_large",),
    429: ("rate_limit_exceeded", "quota_exceeded"),
    500: ("internal_error",),
}


@pytest.mark.parametrize(("status", "code"), [(status, code) for status, codes in CODES.items() for code in codes])
def test_an_error_has_each_code_of_the_service(status: int, code: str) -> None:
    error = build(status, code)
    assert (error.code, error.status_code) == (code, status)


@pytest.mark.parametrize(
    "error",
    [
        build(429, "some_code", param="limit", wait="7"),
        errors.MissingAPIKeyError("no key"),
        failure_of(Video("v", failure_code="code", failure_message="message")),
    ],
)
def test_a_copy_of_an_error_keeps_every_attribute(error: HeyGenError) -> None:
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


CALLS: dict[str, Callable[[HeyGenClient], object]] = {
    "a wrong key": lambda client: HeyGenClient("wrong-key", base_url=client.base_url).get_look("a"),
    "an argument": lambda client: client.list_looks(limit=99),
    "records": lambda client: list(client.iter_looks(group_id="nobody", max_items=-1)),
    "a request": lambda client: client.create_video(VideoRequest(avatar_id="nobody", script="")),
    "a load": lambda _: LookCatalogue(HeyGenClient("key", base_url=REFUSED, max_retries=0), cache=None).load(),
    "a filter": lambda _: LookFilter(gender="x"),
    "a filter of a picker": lambda client: LookPicker(client, gender="x"),
    "a picker": lambda client: LookPicker(client, height="tall", cache=None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_traceback_in_ipython_has_two_frames_of_this_package_at_most(call: Callable[[HeyGenClient], object]) -> None:
    with DemoService(looks=9) as service, pytest.raises((HeyGenError, ValueError, TraitError)) as caught:
        call(HeyGenClient(service.api_key, base_url=service.base_url))
    text = re.sub(r"\x1b\[[\d;]*m", "", FormattedTB(mode="Context").text(caught.type, caught.value, caught.tb))
    assert len(re.findall(r"^File \S*heygen_widgets/", text, re.MULTILINE)) in (1, 2)
    assert "site-packages" not in text
