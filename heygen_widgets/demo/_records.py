"""Groups, looks, the account and errors as the service serves them: dictionaries with the API's own field names."""

from __future__ import annotations

from typing import Any, TypeVar

from ._catalogue import Group, Look
from ._previews import Previews

_Thing = TypeVar("_Thing")


class ApiError(Exception):
    """A response with an HTTP error status and the body `{"error": {…}}`."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        fields = {"code": code, "message": message, "param": param}
        fields["doc_url"] = f"https://developers.heygen.com/docs/error-codes#{code}"
        self.envelope = {"error": {name: value for name, value in fields.items() if value is not None}}


def found(thing: _Thing | None, code: str, name: str) -> _Thing:
    """Return what was found, or raise the 404 with a code."""
    if thing is None:
        raise ApiError(404, code, f"{name} was not found")
    return thing


def invalid(param: str, message: str) -> ApiError:
    """Return the error for an invalid field or argument."""
    return ApiError(400, "invalid_parameter", message, param)


def look_record(look: Look, previews: Previews) -> dict[str, Any]:
    """Return the fields of one look, ready for JSON; one optional field may be null or missing."""
    record: dict[str, Any] = {
        "id": look.id,
        "name": look.name,
        "avatar_type": look.avatar_type,
        "group_id": look.group.id,
        "gender": look.gender,
        "preview_image_url": previews.image_url(look),
        "preview_video_url": previews.video_url(look) if look.filmed else None,
        "default_voice_id": look.group.voice_id if look.has_voice else None,
        "tags": look.tags,
        "supported_api_engines": look.engines,
        "status": look.status,
        "image_width": look.width,
        "image_height": look.height,
        "preferred_orientation": look.orientation,
        "error": {"code": look.error[0], "message": look.error[1]} if look.error else None,
    }
    return _without(record, look.blank)


def group_record(group: Group, previews: Previews) -> dict[str, Any]:
    """Return the fields of one group, ready for JSON; its previews are those of its first look."""
    first = group.looks[0]
    record: dict[str, Any] = {
        "id": group.id,
        "name": group.name,
        "created_at": group.created_at,
        "looks_count": len(group.looks),
        "gender": group.gender,
        "preview_image_url": previews.image_url(first),
        "preview_video_url": previews.video_url(first) if first.filmed else None,
        "default_voice_id": group.voice_id,
        "consent_status": group.consent_status,
        "status": group.status,
        "error": None,
    }
    return _without(record, group.blank)


def account_record(is_oauth: bool) -> dict[str, Any]:
    """Return the fields of the account: a key bills the wallet, an OAuth token a subscription."""
    return {
        "username": "demo",
        "email": "demo@example.invalid",
        "first_name": "Demo",
        "last_name": "User",
        "billing_type": "subscription" if is_oauth else "wallet",
        "wallet": None if is_oauth else {"currency": "usd", "remaining_balance": 100.0, "auto_reload": None},
        "subscription": {"plan": "creator", "credits": {"premium_credits": {"remaining": 600}}} if is_oauth else None,
        "usage_based": None,
    }


def _without(record: dict[str, Any], blank: str) -> dict[str, Any]:
    if blank.startswith("-"):
        del record[blank[1:]]
    elif blank:
        record[blank] = None
    return record
