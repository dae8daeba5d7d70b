"""The synthetic catalogue has the shape of the real one, is the same for the same seed, and shows each person alike."""

import re
import subprocess
import sys
from collections import Counter
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from heygen_widgets.demo import DemoService
from heygen_widgets.demo._catalogue import Catalogue
from heygen_widgets.demo._people import ascii_name
from heygen_widgets.demo._portraits import data_url, portrait
from heygen_widgets.demo._previews import clip_name, read_clips

from .caller import SCHEMA, Caller

Record = dict[str, Any]

KINDS = {"/v3/avatars/looks": "look", "/v3/avatars": "group"}
STATUSES = {"completed", "processing", "pending_consent", "failed"}


@pytest.fixture(scope="module")
def records(service: DemoService) -> dict[str, list[Record]]:
    return {path: Caller(service).every(path) for path in KINDS}


@pytest.fixture(scope="module")
def looks(records: dict[str, list[Record]]) -> list[Record]:
    return records["/v3/avatars/looks"]


@pytest.mark.parametrize("path", KINDS)
def test_every_optional_field_is_null_somewhere_and_missing_somewhere(
    path: str, records: dict[str, list[Record]]
) -> None:
    schema = SCHEMA["$defs"][KINDS[path]]
    for field in schema["properties"].keys() - {*schema["required"]}:
        assert any(field not in record for record in records[path])
        assert any(field in record and record[field] is None for record in records[path])


def test_fields_with_a_few_values_have_all_of_them(looks: list[Record]) -> None:
    values = {
        "avatar_type": {"photo_avatar", "digital_twin", "studio_avatar"},
        "status": {None, *STATUSES},
        "preferred_orientation": {None, "portrait", "landscape", "square"},
        "gender": {None, "female", "male", "Woman", "Man", "Unspecified", "unknown"},
    }
    for name, expected in values.items():
        assert {look.get(name) for look in looks} == expected
    assert {tuple(look["error"]) for look in looks if look.get("error")} == {("code", "message")}
    assert sum(look.get("tags") == [] for look in looks) > len(looks) / 2
    tags = {tag for look in looks for tag in look.get("tags") or ()}
    engines = {tuple(look["supported_api_engines"]) for look in looks if look.get("supported_api_engines") is not None}
    assert all(isinstance(value, str) for value in (*tags, *(name for listed in engines for name in listed)))
    assert engines >= {(), ("avatar_iii",), ("avatar_4_quality",), ("avatar_v", "avatar_iv")}


@pytest.mark.parametrize("size", [0, 1, 2, 5, 51, 1_999, 100_000])
def test_a_catalogue_has_exactly_as_many_looks_as_asked_for_with_ids_of_their_own(size: int) -> None:
    catalogue = Catalogue(size)
    assert len({look.id for look in catalogue.looks}) == len(catalogue.looks) == size
    assert sum(len(group.looks) for group in catalogue.groups) == size
    assert all(group.looks for group in catalogue.groups)


def test_two_processes_make_the_same_catalogue_from_one_seed_and_another_from_another() -> None:
    program = """
import sys
from heygen_widgets.demo._catalogue import Catalogue
from heygen_widgets.demo._portraits import portrait
for look in Catalogue(500, seed=int(sys.argv[1])).looks:
    print(look.id, look.name, look.group.id, look.status, look.blank, portrait(look))
"""
    printed = [subprocess.check_output([sys.executable, "-c", program, seed]) for seed in "778"]
    assert printed[0] == printed[1] != printed[2]


def test_a_large_catalogue_has_the_proportions_of_the_real_one() -> None:
    catalogue = Catalogue(25_000)
    types = Counter(look.avatar_type for look in catalogue.looks)
    assert types["photo_avatar"] / 25_000 == pytest.approx(0.8, abs=0.02)
    assert types["studio_avatar"] / 25_000 == pytest.approx(0.012, abs=0.003)
    assert sum(look.group.private for look in catalogue.looks) / 25_000 == pytest.approx(0.02, abs=0.005)
    photos = [look for look in catalogue.looks if not look.group.private and look.avatar_type == "photo_avatar"]
    assert sum((look.width, look.height) == (1920, 1080) for look in photos) > 0.5 * len(photos)
    sizes = [len(group.looks) for group in catalogue.groups]
    assert 1_200 < len(sizes) < 1_650
    assert (min(sizes), max(sizes)) == (1, 400)
    assert sorted(sizes)[len(sizes) // 2] < 10, "most groups are small"
    assert len({look.group.id for look in catalogue.looks[:50]}) == 3, "the first page shows three people"
    public = [look.status for look in catalogue.looks if not look.group.private]
    assert public.count(None) > 0.9 * len(public)
    assert set(public) == {None, "completed"}
    assert (2143, 3840) in {(look.width, look.height) for look in catalogue.looks if look.group.private}
    names = [group.name for group in catalogue.groups]
    assert names != sorted(names)
    consents = {(group.private, group.consent_status) for group in catalogue.groups}
    assert consents == {(False, None), *((True, consent) for consent in ("accepted", "pending", None))}


def test_looks_that_do_not_tell_their_group_are_found_and_counted_by_it(caller: Caller, looks: list[Record]) -> None:
    orphans = [look for look in looks if look.get("group_id") is None]
    assert 0 < len(orphans) < 30
    look = caller.service.catalogue.look(orphans[0]["id"])
    assert look is not None
    found = caller.every("/v3/avatars/looks", group_id=look.group.id)
    assert orphans[0] in found
    assert caller.get(f"/v3/avatars/{look.group.id}")["data"]["looks_count"] == len(found)


@pytest.mark.parametrize("size", [40, 100, 400, 2_000])
def test_private_looks_start_with_different_people_and_few_cannot_be_used(size: int) -> None:
    private = [look for look in Catalogue(size).looks if look.group.private]
    assert len({look.group.person for look in private[:12]}) >= min(12, size // 10)
    assert {look.status for look in private} == STATUSES
    assert sum(look.status == "completed" for look in private) >= 0.7 * len(private)
    assert all((look.error is not None) == (look.status == "failed") for look in private)


def test_names_have_stray_spaces_accents_emoji_and_other_scripts_and_ids_come_in_both_styles(
    looks: list[Record],
) -> None:
    names = [look["name"] for look in looks]
    for form in (r"^ | $", r"\S  +\S", "[øéë]", "[\U00010000-\U0010ffff]"):
        assert any(re.search(form, name) for name in names), form
    assert any(not ascii_name(name.split()[0]) for name in names)
    assert len(set(names)) < len(names), "names are not unique"
    named = [look["id"] for look in looks if "_public_" in look["id"]]
    hexadecimal = {look["id"] for look in looks}.difference(named)
    assert min(len(named), len(hexadecimal)) > 0
    assert all(look_id.isascii() for look_id in named)
    assert all(re.fullmatch("[0-9a-f]{32}", look_id) for look_id in hexadecimal)


def test_near_square_looks_bear_the_wrong_orientation_and_all_others_the_right_one() -> None:
    near = 0
    for look in Catalogue(2_000).looks:
        short, long = sorted((look.width, look.height))
        is_near = short < long < 1.1 * short
        is_wide = (look.width > look.height) is not is_near
        assert look.orientation == ("square" if short == long else "landscape" if is_wide else "portrait")
        near += is_near
    assert near


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(3_000, seed=1)


def found(pattern: str, drawings: list[str]) -> set[str]:
    """Return what the pattern's group is in the drawings, which must all have it."""
    matches = [re.search(pattern, drawing) for drawing in drawings]
    assert all(matches), pattern
    return {match[1] for match in matches if match}


def test_a_short_url_shows_the_whole_face_and_some_shoulder_in_the_size_of_the_look(catalogue: Catalogue) -> None:
    for look in catalogue.looks:
        url = data_url(look)
        assert len(url) <= 2_750
        assert not set(url) & set('"<>#\\\n\r\t&')
        assert url.isascii()
        assert unquote(url) == f"data:image/svg+xml,{portrait(look)}"
        root = ElementTree.fromstring(portrait(look))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert (root.get("width"), root.get("height")) == (str(look.width), str(look.height))
        left, top, across, down = map(float, (root.get("viewBox") or "").split())
        assert across / down == pytest.approx(look.width / look.height, rel=0.02)
        assert left < -20 < 20 < left + across
        assert top < -30 < 35 < top + down


def test_a_person_keeps_face_and_hair_and_changes_clothes_pose_and_background_in_a_group(catalogue: Catalogue) -> None:
    group = max(catalogue.groups, key=lambda group: len(group.looks))
    drawings = [portrait(look) for look in group.looks]
    assert len(set(drawings)) > 0.9 * len(drawings)
    for same in ("(M-16-5c0-24 32-24 32 0[^']*)", "<radialGradient id='s'(.*?)</", r"url\(#h\)' d='([^']*)'"):
        assert len(found(same, drawings)) == 1
    for different in ("<linearGradient id='c'(.*?)</", "viewBox='([^']*)'", "background:([^']*)'"):
        assert len(found(different, drawings)) > 5


@pytest.mark.parametrize(("size", "seed"), [(1, 0), (60, 1), (2_000, 0), (25_000, 2)])
def test_a_clip_is_of_one_picture_and_found_by_it_in_every_catalogue(size: int, seed: int) -> None:
    filmed = [clip_name(look) for look in Catalogue(size, seed=seed).looks if look.filmed]
    assert len(set(filmed) & read_clips().keys()) == len(filmed) > 0
