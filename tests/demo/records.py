"""The fields of looks and groups as the service's contract has them, written down independently of the stand-in."""

from __future__ import annotations

from typing import Any

NOTHING = type(None)

LOOK_FIELDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "name": (str,),
    "avatar_type": (str,),
    "group_id": (str, NOTHING),
    "gender": (str, NOTHING),
    "preview_image_url": (str, NOTHING),
    "preview_video_url": (str, NOTHING),
    "default_voice_id": (str, NOTHING),
    "tags": (list, NOTHING),
    "supported_api_engines": (list, NOTHING),
    "status": (str, NOTHING),
    "image_width": (int, NOTHING),
    "image_height": (int, NOTHING),
    "preferred_orientation": (str, NOTHING),
    "error": (dict, NOTHING),
}
LOOK_REQUIRED = {"id", "name", "avatar_type"}

GROUP_FIELDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "name": (str,),
    "created_at": (int,),
    "looks_count": (int,),
    "gender": (str, NOTHING),
    "preview_image_url": (str, NOTHING),
    "preview_video_url": (str, NOTHING),
    "default_voice_id": (str, NOTHING),
    "consent_status": (str, NOTHING),
    "status": (str, NOTHING),
    "error": (dict, NOTHING),
}
GROUP_REQUIRED = {"id", "name", "created_at", "looks_count"}


def assert_look(record: dict[str, Any]) -> None:
    _assert_fields(record, LOOK_FIELDS, LOOK_REQUIRED)
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
    _assert_fields(record, GROUP_FIELDS, GROUP_REQUIRED)
    assert record["looks_count"] >= 1


def _assert_fields(record: dict[str, Any], fields: dict[str, tuple[type, ...]], required: set[str]) -> None:
    assert required <= record.keys() <= fields.keys()
    for name, value in record.items():
        assert isinstance(value, fields[name]), f"{name} is {value!r}"
        assert not isinstance(value, bool), f"{name} is {value!r}"
