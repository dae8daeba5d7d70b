"""The documented fields of looks and groups, written independently of the stand-in."""

from __future__ import annotations

from typing import Any

LOOK_REQUIRED = {"id": str, "name": str, "avatar_type": str}
LOOK_OPTIONAL: dict[str, type] = {
    **dict.fromkeys(("group_id", "gender", "preview_image_url", "preview_video_url", "default_voice_id"), str),
    **{"tags": list, "supported_api_engines": list, "status": str, "image_width": int, "image_height": int},
    **{"preferred_orientation": str, "error": dict},
}
GROUP_REQUIRED = {"id": str, "name": str, "created_at": int, "looks_count": int}
GROUP_OPTIONAL: dict[str, type] = {
    **dict.fromkeys(("gender", "preview_image_url", "preview_video_url", "default_voice_id"), str),
    **{"consent_status": str, "status": str, "error": dict},
}


def assert_look(record: dict[str, Any]) -> None:
    _assert_fields(record, LOOK_REQUIRED, LOOK_OPTIONAL)
    assert record["avatar_type"] in {"photo_avatar", "digital_twin", "studio_avatar"}
    assert record.get("status") in {None, "processing", "pending_consent", "completed", "failed"}
    assert record.get("preferred_orientation") in {None, "portrait", "landscape", "square"}
    assert record.get("gender") in {None, "female", "male", "Woman", "Man", "Unspecified", "unknown"}
    for name in ("tags", "supported_api_engines"):
        assert all(isinstance(value, str) for value in record.get(name) or [])
    if record.get("error"):
        assert record["error"].keys() == {"code", "message"}
        assert record["status"] == "failed"


def assert_group(record: dict[str, Any]) -> None:
    _assert_fields(record, GROUP_REQUIRED, GROUP_OPTIONAL)
    assert record["looks_count"] >= 1


def _assert_fields(record: dict[str, Any], required: dict[str, type], optional: dict[str, type]) -> None:
    assert required.keys() <= record.keys() <= {*required, *optional}
    for name, value in record.items():
        is_blank = value is None and name in optional
        assert is_blank or type(value) is {**required, **optional}[name], f"{name} is {value!r}"
