"""Records: how they are parsed, cleaned, compared and copied."""

import copy
import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from heygen_widgets.errors import APIResponseError
from heygen_widgets.models import AvatarGroup, Failure, Look, Page, Voice

RECORDS = json.loads((Path(__file__).parent / "contract" / "records.json").read_text(encoding="utf-8"))
SERVED_LOOK, SERVED_GROUP = RECORDS["look"], RECORDS["group"]


def parse(**changes: object) -> Look:
    return Look.from_json({**SERVED_LOOK, **changes})


def test_a_look_has_the_names_and_values_of_the_service_and_keeps_unknown_ones() -> None:
    look = Look.from_json(SERVED_LOOK, ownership="private")
    assert look.name == " Zoë in the office "
    assert look.tags == ("UGC", "New")
    assert look.supported_api_engines == look.engines == ("avatar_v", "avatar_iv")
    assert (look.image_width, look.image_height) == (720, 1280)
    assert look.error == Failure("bad_photo", "No face")
    assert look.ownership == "private"
    assert look.preview_image_url == SERVED_LOOK["preview_image_url"]
    assert look.extra == {"brand_new": {"a": [1, None]}, "gender": "Woman"}
    assert parse(gender="female").extra == {"brand_new": {"a": [1, None]}}
    assert Look.from_json({"id": "a", "name": "", "avatar_type": "new_type"}) == Look("a", "", "new_type")


REQUIRED: list[tuple[Any, dict[str, Any], str]] = [(Voice, {"voice_id": "v"}, "voice_id")]
REQUIRED += [(Look, SERVED_LOOK, name) for name in ("id", "name", "avatar_type")]
REQUIRED += [(AvatarGroup, SERVED_GROUP, name) for name in ("id", "name")]


@pytest.mark.parametrize(("model", "served", "name"), REQUIRED)
def test_a_record_is_an_object_and_the_error_for_a_missing_required_string_names_it_and_shows_no_value(
    model: Any, served: dict[str, Any], name: str
) -> None:
    for value in (None, 5, True, ["https://secret"]):
        with pytest.raises(APIResponseError, match=f"'{name}'") as caught:
            model.from_json({**served, name: value})
        assert "secret" not in str(caught.value)
    for record in (None, [], "look", 5, True):
        with pytest.raises(APIResponseError, match="no JSON object"):
            model.from_json(record)
    with pytest.raises(APIResponseError, match=f"'{name}'.*nothing"):
        model.from_json({key: value for key, value in served.items() if key != name})
    if name.endswith("id"):
        with pytest.raises(APIResponseError, match=f"'{name}'.*empty"):
            model.from_json({**served, name: ""})


@pytest.mark.parametrize(
    ("field", "parsed", "served"),
    [
        ("is_ready", True, [None, "completed", "brand_new"]),
        ("is_ready", False, ["processing", "pending_consent", "failed"]),
        ("gender", "female", ["female", "Female", " WOMAN ", "F"]),
        ("gender", "male", ["male", "Man", "MALE", "m"]),
        ("gender", None, ["Unspecified", "unknown", "", None, 3]),
        ("tags", (), [None, "UGC", 5, {"a": 1}]),
        ("tags", ("a", "c"), [["a", None, 3, ["b"], "c"]]),
        ("tags", ("a",) * 1_000, [["a"] * 2_000]),
        ("error", None, [None, "boom", [], {}, {"code": 5, "message": None}]),
        ("error", Failure(None, "no face"), [{"message": "no face"}]),
        ("error", Failure("x", None), [{"code": "x"}]),
        *(("image_width", width, [width]) for width in (1, 2**53)),
        ("image_width", None, [True, 0, -1, 2**53 + 1, 10**400, 1280.0, "1280", None]),
        ("looks_count", 0, [0]),
        ("looks_count", None, [-1, True, "5", 2**60]),
        ("created_at", 1_750_000_000, [1_750_000_000]),
        ("created_at", None, [1_750_000_000_000, -1, 1.5]),
    ],
)
def test_a_field_is_cleaned_or_missing(field: str, parsed: object, served: list[object]) -> None:
    model, record = (AvatarGroup, SERVED_GROUP) if field in ("looks_count", "created_at") else (Look, SERVED_LOOK)
    name = "status" if field == "is_ready" else field
    assert [getattr(model.from_json({**record, name: value}), field) for value in served] == [parsed] * len(served)


def test_a_voice_has_the_fields_of_the_service() -> None:
    texts = {name: name for name in ("voice_id", "name", "language", "preview_audio_url", "status", "type")}
    served = {**texts, "gender": "female", "support_pause": True, "support_locale": False}
    assert dataclasses.asdict(Voice.from_json({**served, "new": 1})) == {**served, "extra": {"new": 1}}
    assert Voice.from_json({**dict.fromkeys(served, 5), "voice_id": "v"}) == Voice("v")


def test_lone_surrogates_and_nuls_are_replaced_in_every_text() -> None:
    bad, good = "a\ud800b\0c", "a\ufffdb\ufffdc"
    look = parse(id=bad, name=bad, tags=[bad], status=bad, preview_image_url=bad, error={"code": bad})
    assert (look.id, look.name, look.tags, look.status, look.preview_image_url) == (good, good, (good,), good, good)
    assert look.error == Failure(good, None)
    extra = {"brand_new": {"a": [1, None]}, "more": {good: [good]}, "gender": good}
    assert parse(more={bad: [bad]}, gender=bad).extra == extra
    assert parse(name="  Zoë 🎬\t\n").name == "  Zoë 🎬\t\n"


def test_deep_nesting_and_what_json_cannot_represent_become_none_in_an_unknown_field() -> None:
    nested: list[Any] = []
    for _ in range(500):
        nested = [nested]
    look = parse(deep=nested, more=[float("nan"), float("inf"), 2**53 + 1, -(10**30), {1, 2}])
    assert look.extra["more"] == [None] * 5
    assert copy.deepcopy(look) == pickle.loads(pickle.dumps(look)) == look


def test_orientation_is_computed_from_the_size_if_there_is_one() -> None:
    sizes = {(1099, 1000): "square", (1100, 1000): "landscape", (1000, 1099): "square", (1000, 1100): "portrait"}
    sizes |= {(None, 1000): "landscape", (1000, None): "landscape"}  # as the field says
    for (width, height), orientation in sizes.items():
        look = parse(image_width=width, image_height=height, preferred_orientation="landscape")
        assert look.orientation == orientation
    for unknown in ("diagonal", None):
        assert parse(image_width=None, preferred_orientation=unknown).orientation is None


@pytest.mark.parametrize(("model", "served"), [(Look, SERVED_LOOK), (AvatarGroup, SERVED_GROUP)])
def test_a_record_is_a_frozen_value_apart_from_urls_owner_and_extra_and_is_written_as_served(
    model: type[Look | AvatarGroup], served: dict[str, Any]
) -> None:
    record = model.from_json(served, ownership="public")
    for change in ({"preview_image_url": "x"}, {"preview_video_url": "x"}, {"brand_new": 1}):
        assert len({record, model.from_json({**served, **change}, ownership="private")}) == 1
    for change in ({"name": "x"}, {"status": "processing"}, {"gender": "x"}, {"default_voice_id": "x"}):
        assert model.from_json({**served, **change}) != record
    assert record.to_json() == served
    for duplicate in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert dataclasses.asdict(duplicate) == dataclasses.asdict(record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.name = "x"  # type: ignore[misc]


def test_a_repr_is_short_and_shows_no_url() -> None:
    assert repr(parse(name="x" * 10_000)) == f"Look(id='look_def456', name='{'x' * 58}…, avatar_type='photo_avatar')"
    assert repr("x" * 58) in repr(parse(name="x" * 58))
    assert repr(AvatarGroup.from_json(SERVED_GROUP)) == "AvatarGroup(id='group_abc123', name='Zoë', looks_count=33)"
    assert repr(Voice("v", "Ada")) == "Voice(voice_id='v', name='Ada')"
    assert repr(Voice("v")) == "Voice(voice_id='v')"


def test_a_page_is_iterable_sized_and_indexable() -> None:
    page = Page((1, 2, 3), True, "next")
    assert (list(page), len(page), page[0], page[-1], page[1:]) == ([1, 2, 3], 3, 1, 3, (2, 3))
    assert Page[int]((1,)) == Page((1,), False, None)
    assert "next" not in repr(page)
    assert pickle.loads(pickle.dumps(page)) == page
