"""Looks as a DataFrame."""

from __future__ import annotations

import pandas as pd
import pytest

from heygen_widgets.frame import looks_to_frame
from heygen_widgets.models import Failure, Look

LOOKS = [
    Look(
        "look_1",
        "Elin Office 8",
        "photo_avatar",
        group_id="g1",
        gender="female",
        tags=("UGC", "New"),
        supported_api_engines=("avatar_v",),
        image_width=720,
        image_height=1280,
        ownership="public",
    ),
    Look("look_2", "=HYPERLINK(1)", "digital_twin", status="failed", error=Failure("bad_photo", "No face")),
]


def test_a_frame_has_one_row_a_look_with_the_id_first_and_a_range_index() -> None:
    frame = looks_to_frame(LOOKS)
    assert frame.columns[0] == "id"
    assert frame["id"].tolist() == ["look_1", "look_2"]
    assert isinstance(frame.index, pd.RangeIndex)
    assert frame["orientation"].tolist()[0] == "portrait"
    assert frame["tags"].tolist() == [["UGC", "New"], []]
    assert frame["is_ready"].tolist() == [True, False]
    assert frame["error_code"].tolist()[1] == "bad_photo"
    assert frame.isna()["image_width"].tolist() == [False, True]


def test_the_columns_and_their_types_are_the_same_for_no_looks_at_all() -> None:
    empty, full = looks_to_frame([]), looks_to_frame(LOOKS)
    assert len(empty) == 0
    assert isinstance(empty.index, pd.RangeIndex)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_frames_of_different_looks_concatenate_without_losing_a_type() -> None:
    parts = [looks_to_frame(LOOKS[:1]), looks_to_frame(LOOKS[1:])]
    whole = pd.concat(parts, ignore_index=True)
    assert whole.dtypes.to_dict() == parts[0].dtypes.to_dict()


def test_group_names_are_filled_in_where_they_are_known() -> None:
    frame = looks_to_frame(LOOKS, group_names={"g1": "Elin"})
    assert frame["group_name"].tolist()[0] == "Elin"
    assert frame.isna()["group_name"].tolist() == [False, True]


def test_a_flat_frame_joins_lists_and_holds_no_formula() -> None:
    frame = looks_to_frame(LOOKS, flat=True)
    assert frame["tags"].tolist() == ["UGC; New", ""]
    assert frame["name"].tolist() == ["Elin Office 8", "'=HYPERLINK(1)"]
    assert "=HYPERLINK" in frame.to_csv()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_start_of_a_formula_is_made_harmless_in_a_flat_frame_alone(start: str) -> None:
    look = Look("look_3", f"{start}1+1", "photo_avatar")
    assert looks_to_frame([look], flat=True)["name"].tolist() == [f"'{start}1+1"]
    assert looks_to_frame([look])["name"].tolist() == [f"{start}1+1"]


def test_something_that_is_no_look_is_named() -> None:
    with pytest.raises(TypeError, match="str"):
        looks_to_frame(["look_1"])  # type: ignore[list-item]
