"""Records: what is read, what is cleaned, and what is left out."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygen_widgets.errors import APIResponseError
from heygen_widgets.models import AvatarGroup, Failure, Look, Page

SERVED_LOOK: dict[str, Any] = {
    "id": "look_def456",
    "name": " Zoë in the office ",
    "avatar_type": "photo_avatar",
    "group_id": "group_abc123",
    "gender": "Woman",
    "preview_image_url": "https://files2.heygen.ai/talking_photo/x.WEBP?Expires=1&Signature=secret",
    "preview_video_url": None,
    "default_voice_id": "voice_1",
    "tags": ["UGC", "New"],
    "supported_api_engines": ["avatar_v", "avatar_iv"],
    "status": "failed",
    "image_width": 720,
    "image_height": 1280,
    "preferred_orientation": "square",
    "error": {"code": "bad_photo", "message": "No face"},
    "brand_new": {"a": [1, None]},
}
SERVED_GROUP: dict[str, Any] = {
    "id": "group_abc123",
    "name": "Zoë",
    "created_at": 1_750_000_000,
    "looks_count": 33,
    "gender": "man",
    "preview_image_url": "https://files2.heygen.ai/x.webp",
    "preview_video_url": None,
    "default_voice_id": "voice_1",
    "consent_status": "approved",
    "status": "completed",
    "error": None,
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(st.characters()), children, max_size=4),
    max_leaves=12,
)


def records(served: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Records of the known fields, each right or arbitrary or missing, and unknown fields beside them."""
    known = st.fixed_dictionaries({}, optional={name: json_values | st.just(value) for name, value in served.items()})
    return st.builds(lambda unknown, known: {**unknown, **known}, st.dictionaries(st.text(), json_values), known)


def read(record: dict[str, Any], **changes: object) -> Look:
    return Look.from_json({**record, **changes})


def test_a_look_bears_the_names_and_values_of_the_service() -> None:
    look = Look.from_json(SERVED_LOOK, ownership="private")
    assert look.name == " Zoë in the office "
    assert look.tags == ("UGC", "New")
    assert look.supported_api_engines == ("avatar_v", "avatar_iv")
    assert (look.image_width, look.image_height) == (720, 1280)
    assert look.error == Failure("bad_photo", "No face")
    assert look.ownership == "private"
    assert look.preview_image_url == SERVED_LOOK["preview_image_url"]


def test_only_id_name_and_avatar_type_are_required_of_a_look() -> None:
    look = Look.from_json({"id": "a", "name": "", "avatar_type": "new_type"})
    assert look == Look("a", "", "new_type")
    assert look.extra == {}


@pytest.mark.parametrize("record", [None, [], "look", 5, True])
@pytest.mark.parametrize("model", [Look, AvatarGroup])
def test_a_record_that_is_no_object_is_refused(model: type[Look | AvatarGroup], record: object) -> None:
    with pytest.raises(APIResponseError, match="no JSON object"):
        model.from_json(record)


@pytest.mark.parametrize("name", ["id", "name", "avatar_type"])
@pytest.mark.parametrize("value", [None, 5, True, ["a"]])
def test_a_look_without_a_required_string_is_refused_by_the_field_s_name(name: str, value: object) -> None:
    with pytest.raises(APIResponseError, match=f"'{name}'"):
        read(SERVED_LOOK, **{name: value})
    with pytest.raises(APIResponseError, match=f"'{name}'.*nothing"):
        Look.from_json({key: value for key, value in SERVED_LOOK.items() if key != name})


@pytest.mark.parametrize("name", ["id", "name"])
def test_a_group_without_a_required_string_is_refused_by_the_field_s_name(name: str) -> None:
    with pytest.raises(APIResponseError, match=f"'{name}'"):
        AvatarGroup.from_json({**SERVED_GROUP, name: 7})


def test_an_empty_id_is_refused() -> None:
    with pytest.raises(APIResponseError, match="empty"):
        read(SERVED_LOOK, id="")


def test_the_error_about_a_record_shows_none_of_its_values() -> None:
    with pytest.raises(APIResponseError) as caught:
        read(SERVED_LOOK, name=["https://secret"])
    assert "secret" not in str(caught.value)


@given(json_values | records(SERVED_LOOK))
def test_any_json_is_a_look_or_an_error_of_ours(record: object) -> None:
    try:
        look = Look.from_json(record, ownership="public")
    except APIResponseError:
        return
    again = Look.from_json(look.to_json(), ownership="public")
    assert again == look
    assert again.to_json() == look.to_json()
    assert (again.extra, again.preview_image_url) == (look.extra, look.preview_image_url)
    # What is kept can be written anywhere: UTF-8 has no bytes for a lone surrogate, and JSON none for NaN.
    json.dumps(look.to_json(), ensure_ascii=False, allow_nan=False).encode()
    assert pickle.loads(pickle.dumps(look)) == look


@given(json_values | records(SERVED_GROUP))
def test_any_json_is_a_group_or_an_error_of_ours(record: object) -> None:
    try:
        group = AvatarGroup.from_json(record)
    except APIResponseError:
        return
    again = AvatarGroup.from_json(group.to_json())
    assert again == group
    assert again.to_json() == group.to_json()
    json.dumps(group.to_json(), ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(("model", "served"), [(Look, SERVED_LOOK), (AvatarGroup, SERVED_GROUP)])
def test_to_json_gives_back_what_was_served(model: type[Look | AvatarGroup], served: dict[str, Any]) -> None:
    assert model.from_json(served, ownership="public").to_json() == served


@pytest.mark.parametrize(
    ("served", "gender"),
    [
        ("female", "female"),
        ("Female", "female"),
        ("Woman", "female"),
        (" WOMAN ", "female"),
        ("male", "male"),
        ("Man", "male"),
        ("MALE", "male"),
        ("Unspecified", None),
        ("unknown", None),
        ("", None),
        (None, None),
        (3, None),
    ],
)
def test_gender_is_normalised_whatever_its_spelling(served: object, gender: str | None) -> None:
    assert read(SERVED_LOOK, gender=served).gender == gender
    assert AvatarGroup.from_json({**SERVED_GROUP, "gender": served}).gender == gender


def test_extra_keeps_unknown_fields_and_the_spelling_of_the_gender_where_it_differs() -> None:
    assert Look.from_json(SERVED_LOOK).extra == {"brand_new": {"a": [1, None]}, "gender": "Woman"}
    assert read(SERVED_LOOK, gender="female").extra == {"brand_new": {"a": [1, None]}}


def test_two_looks_never_share_their_extra() -> None:
    one, other = Look("a", "", "photo_avatar"), Look("a", "", "photo_avatar")
    assert one.extra is not other.extra


@pytest.mark.parametrize("value", [True, 0, -1, 2**53 + 1, 10**400, 1280.0, "1280", None])
def test_a_size_that_is_no_sensible_integer_counts_as_missing(value: object) -> None:
    assert read(SERVED_LOOK, image_width=value).image_width is None


def test_a_size_of_one_px_and_the_largest_integer_are_kept() -> None:
    assert read(SERVED_LOOK, image_width=1).image_width == 1
    assert read(SERVED_LOOK, image_width=2**53).image_width == 2**53


@pytest.mark.parametrize(("value", "count"), [(0, 0), (417, 417), (-1, None), (True, None), ("5", None), (2**60, None)])
def test_a_looks_count_is_an_integer_from_0_or_missing(value: object, count: int | None) -> None:
    assert AvatarGroup.from_json({**SERVED_GROUP, "looks_count": value}).looks_count == count


@pytest.mark.parametrize(
    ("value", "moment"), [(0, 0), (1_750_000_000, 1_750_000_000), (1_750_000_000_000, None), (-1, None), (1.5, None)]
)
def test_created_at_is_a_time_that_datetime_knows_or_missing(value: object, moment: int | None) -> None:
    assert AvatarGroup.from_json({**SERVED_GROUP, "created_at": value}).created_at == moment


def test_lone_surrogates_and_nuls_are_replaced_everywhere() -> None:
    bad, good = "a\ud800b\0c", "a\ufffdb\ufffdc"
    look = read(SERVED_LOOK, id=bad, name=bad, tags=[bad], status=bad, preview_image_url=bad, error={"code": bad})
    assert (look.id, look.name, look.tags, look.status, look.preview_image_url) == (good, good, (good,), good, good)
    assert look.error == Failure(good, None)
    assert read(SERVED_LOOK, more={bad: [bad]}, gender=bad).extra == {
        "brand_new": {"a": [1, None]},
        "more": {good: [good]},
        "gender": good,
    }


def test_an_emoji_and_stray_spaces_stay_as_served() -> None:
    assert read(SERVED_LOOK, name="  Zoë 🎬\t").name == "  Zoë 🎬\t"


@pytest.mark.parametrize("value", [None, "UGC", {"a": 1}, 5])
def test_tags_that_are_no_list_count_as_none(value: object) -> None:
    assert read(SERVED_LOOK, tags=value).tags == ()


def test_tags_that_are_no_strings_are_dropped() -> None:
    assert read(SERVED_LOOK, tags=["a", None, 3, ["b"], "c"]).tags == ("a", "c")


@pytest.mark.parametrize("value", [None, "boom", [], {}, {"code": 5, "message": None}])
def test_an_error_that_tells_nothing_counts_as_none(value: object) -> None:
    assert read(SERVED_LOOK, error=value).error is None


def test_what_is_nested_too_deeply_in_an_unknown_field_is_cut_so_that_pickle_and_copy_work() -> None:
    nested: list[Any] = []
    for _ in range(500):
        nested = [nested]
    look = read(SERVED_LOOK, deep=nested)
    assert copy.deepcopy(look) == pickle.loads(pickle.dumps(look)) == look


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53 + 1, -(10**30), {1, 2}])
def test_what_json_cannot_hold_exactly_becomes_none_in_an_unknown_field(value: object) -> None:
    assert read(SERVED_LOOK, more=[value]).extra["more"] == [None]


@pytest.mark.parametrize(
    ("width", "height", "preferred", "orientation"),
    [
        (1920, 1080, "portrait", "landscape"),
        (720, 1280, "landscape", "portrait"),
        (720, 720, "portrait", "square"),
        (1099, 1000, "landscape", "square"),
        (1100, 1000, None, "landscape"),
        (1000, 1099, None, "square"),
        (1000, 1100, None, "portrait"),
        (None, 1000, "landscape", "landscape"),
        (1000, None, "square", "square"),
        (None, None, "portrait", "portrait"),
        (None, None, "diagonal", None),
        (None, None, None, None),
    ],
)
def test_orientation_comes_from_the_size_and_only_else_from_the_service(
    width: int | None, height: int | None, preferred: str | None, orientation: str | None
) -> None:
    look = read(SERVED_LOOK, image_width=width, image_height=height, preferred_orientation=preferred)
    assert look.orientation == orientation


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        (None, True),
        ("completed", True),
        ("brand_new", True),
        ("processing", False),
        ("pending_consent", False),
        ("failed", False),
    ],
)
def test_a_look_is_ready_unless_its_status_says_that_it_is_not(status: str | None, ready: bool) -> None:
    assert read(SERVED_LOOK, status=status).is_ready is ready


@pytest.mark.parametrize("change", [{"preview_image_url": "x"}, {"preview_video_url": "x"}, {"brand_new": 1}])
def test_looks_with_other_urls_ownership_or_extra_are_equal(change: dict[str, object]) -> None:
    assert read(SERVED_LOOK, **change) == Look.from_json(SERVED_LOOK, ownership="public")


@pytest.mark.parametrize("change", [{"name": "x"}, {"status": "completed"}, {"tags": []}, {"image_width": 5}])
def test_looks_that_differ_elsewhere_are_not_equal_but_hash_alike(change: dict[str, object]) -> None:
    one, other = read(SERVED_LOOK, **change), Look.from_json(SERVED_LOOK)
    assert one != other
    assert hash(one) == hash(other)


def test_groups_are_equal_and_hashable_by_the_same_rules() -> None:
    group = AvatarGroup.from_json(SERVED_GROUP)
    assert AvatarGroup.from_json({**SERVED_GROUP, "preview_image_url": "x", "new": 1}, ownership="private") == group
    assert AvatarGroup.from_json({**SERVED_GROUP, "looks_count": 34}) != group
    assert len({group, AvatarGroup.from_json(SERVED_GROUP)}) == 1


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Look.from_json(SERVED_LOOK).name = "x"  # type: ignore[misc]
    assert not hasattr(Look.from_json(SERVED_LOOK), "__dict__")


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda record: pickle.loads(pickle.dumps(record))])
@pytest.mark.parametrize(
    "record", [Look.from_json(SERVED_LOOK, ownership="public"), AvatarGroup.from_json(SERVED_GROUP, ownership="public")]
)
def test_records_can_be_copied_and_pickled_whole(record: Look | AvatarGroup, duplicate: Callable[[Any], Any]) -> None:
    again = duplicate(record)
    assert dataclasses.asdict(again) == dataclasses.asdict(record)


def test_a_repr_is_short_and_shows_no_url() -> None:
    look = read(SERVED_LOOK, name="x" * 10_000)
    assert repr(look).startswith("Look(id='look_def456', name='xxx")
    assert "https" not in repr(look)
    assert len(repr(look)) < 200
    assert repr(AvatarGroup.from_json(SERVED_GROUP)) == "AvatarGroup(id='group_abc123', name='Zoë', looks_count=33)"


def test_values_that_repeat_are_one_object_in_memory() -> None:
    one, other = (Look.from_json(json.loads(json.dumps(SERVED_LOOK))) for _ in range(2))
    for name in ("avatar_type", "group_id", "gender", "status", "preferred_orientation"):
        assert getattr(one, name) is getattr(other, name)
    assert one.tags[0] is other.tags[0]
    assert one.supported_api_engines[0] is other.supported_api_engines[0]


def test_a_look_takes_about_a_kilobyte() -> None:
    served = {**SERVED_LOOK, "gender": "female"}
    del served["brand_new"], served["error"]
    look = Look.from_json(json.loads(json.dumps(served)))
    own = (look.id, look.name, look.preview_image_url, look.tags, look.supported_api_engines, look.extra)
    assert sys.getsizeof(look) + sum(map(sys.getsizeof, own)) < 1024


def test_a_page_is_iterable_sized_and_indexable() -> None:
    page = Page((1, 2, 3), True, "next")
    assert (list(page), len(page), page[0], page[-1], page[1:]) == ([1, 2, 3], 3, 1, 3, (2, 3))
    assert Page[int]((1,)) == Page((1,), False, None)
    assert pickle.loads(pickle.dumps(page)) == page


def test_an_error_with_only_a_message_or_only_a_code_is_kept() -> None:
    record = {"id": "a", "name": "b", "avatar_type": "c"}
    assert Look.from_json({**record, "error": {"message": "no face"}}).error == Failure(None, "no face")
    assert Look.from_json({**record, "error": {"code": "x"}}).error == Failure("x", None)


def test_a_repr_cuts_a_text_to_60_characters() -> None:
    assert repr("x" * 59 + "…") in repr(Look("a", "x" * 61, "t"))
    assert repr("x" * 60) in repr(Look("a", "x" * 60, "t"))
