"""The synthetic catalogue has the shape of the real one, and is the same for the same seed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from heygen_widgets.demo import DemoService
from heygen_widgets.demo._catalogue import Catalogue
from heygen_widgets.demo._people import ascii_name

from .caller import Caller
from .records import GROUP_OPTIONAL, LOOK_OPTIONAL, assert_group, assert_look

Record = dict[str, Any]

DIGEST = """
import hashlib, json, sys
from heygen_widgets.demo._catalogue import Catalogue
from heygen_widgets.demo._previews import Previews
from heygen_widgets.demo._records import group_record, look_record
catalogue = Catalogue(500, seed=int(sys.argv[1]))
previews = Previews("http://localhost", "data", lambda: 0.0, b"")
records = [look_record(look, previews) for look in catalogue.looks]
records += [group_record(group, previews) for group in catalogue.groups]
print(hashlib.sha256(json.dumps(records).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def whole(service: DemoService) -> Iterator[tuple[list[Record], list[Record]]]:
    caller = Caller(service)
    yield caller.every("/v3/avatars/looks"), caller.every("/v3/avatars")
    caller.connection.close()


@pytest.fixture(scope="module")
def looks(whole: tuple[list[Record], list[Record]]) -> list[Record]:
    return whole[0]


@pytest.fixture(scope="module")
def groups(whole: tuple[list[Record], list[Record]]) -> list[Record]:
    return whole[1]


def digest(seed: int) -> str:
    run = subprocess.run([sys.executable, "-c", DIGEST, str(seed)], capture_output=True, text=True, check=True)
    return run.stdout


def test_every_look_has_the_fields_and_types_of_the_contract(looks: list[Record]) -> None:
    assert len(looks) == 2_000
    for look in looks:
        assert_look(look)


def test_every_group_has_the_fields_and_types_of_the_contract(groups: list[Record]) -> None:
    assert len(groups) > 100
    for group in groups:
        assert_group(group)


@pytest.mark.parametrize("field", sorted(LOOK_OPTIONAL))
def test_an_optional_field_of_a_look_is_null_somewhere_missing_somewhere_and_filled_somewhere(
    field: str, looks: list[Record]
) -> None:
    assert any(field not in look for look in looks)
    assert any(field in look and look[field] is None for look in looks)
    assert any(look.get(field) is not None for look in looks)


@pytest.mark.parametrize("field", sorted(GROUP_OPTIONAL))
def test_an_optional_field_of_a_group_is_null_somewhere_and_missing_somewhere(field: str, groups: list[Record]) -> None:
    assert any(field not in group for group in groups)
    assert any(field in group and group[field] is None for group in groups)


@pytest.mark.parametrize("size", [0, 1, 2, 5, 51, 1_999, 100_000])
def test_a_catalogue_has_exactly_as_many_looks_as_asked_for_with_ids_of_their_own(size: int) -> None:
    catalogue = Catalogue(size)
    assert len(catalogue.looks) == size
    assert len({look.id for look in catalogue.looks}) == size
    assert sum(len(group.looks) for group in catalogue.groups) == size
    assert all(group.looks for group in catalogue.groups)


def test_two_processes_make_the_same_catalogue_from_one_seed_and_another_from_another() -> None:
    assert digest(7) == digest(7) != digest(8)


@pytest.mark.parametrize("seed", range(2))
def test_a_large_catalogue_has_the_proportions_of_the_real_one(seed: int) -> None:
    catalogue = Catalogue(25_000, seed=seed)
    types = Counter(look.avatar_type for look in catalogue.looks)
    assert types["photo_avatar"] / 25_000 == pytest.approx(0.8, abs=0.02)
    assert types["studio_avatar"] / 25_000 == pytest.approx(0.012, abs=0.003)
    assert sum(look.group.private for look in catalogue.looks) / 25_000 == pytest.approx(0.02, abs=0.005)
    sizes = [len(group.looks) for group in catalogue.groups]
    assert 1_200 < len(sizes) < 1_650
    assert (min(sizes), max(sizes)) == (1, 400)
    assert sorted(sizes)[len(sizes) // 2] < 10, "most groups are small"


def test_the_first_page_of_looks_shows_three_people_since_looks_come_group_after_group(looks: list[Record]) -> None:
    assert len({look["group_id"] for look in looks[:50] if look.get("group_id")}) == 3


def test_groups_tell_the_true_number_of_their_looks(caller: Caller, groups: list[Record]) -> None:
    assert sum(group["looks_count"] for group in groups) == 2_000
    for group in groups[:30]:
        assert len(caller.every("/v3/avatars/looks", group_id=group["id"])) == group["looks_count"]


def test_a_few_looks_do_not_tell_their_group_and_are_still_found_by_it(
    caller: Caller, service: DemoService, looks: list[Record]
) -> None:
    orphans = [look for look in looks if look.get("group_id") is None]
    assert 0 < len(orphans) < 30
    look = service.catalogue.look(orphans[0]["id"])
    assert look is not None
    assert orphans[0] in caller.every("/v3/avatars/looks", group_id=look.group.id)


def test_private_looks_come_in_every_status_and_failed_ones_tell_why(caller: Caller) -> None:
    private = caller.every("/v3/avatars/looks", ownership="private")
    assert {look["status"] for look in private} == {"completed", "processing", "pending_consent", "failed"}
    assert all(bool(look.get("error")) == (look["status"] == "failed") for look in private)
    assert len(caller.every("/v3/avatars", ownership="private")) > 1


@pytest.mark.parametrize("size", [40, 100, 400])
def test_even_a_small_catalogue_has_private_looks_in_every_status(size: int) -> None:
    private = [look for look in Catalogue(size).looks if look.group.private]
    assert {look.status for look in private} == {"completed", "processing", "pending_consent", "failed"}


def test_public_looks_mostly_have_no_status(caller: Caller) -> None:
    public = caller.every("/v3/avatars/looks", ownership="public")
    assert sum(look.get("status") is None for look in public) > 0.9 * len(public)


def test_names_have_stray_spaces_accents_emoji_and_other_scripts(looks: list[Record]) -> None:
    names = [look["name"] for look in looks]
    assert any(name != name.strip() for name in names)
    assert any("  " in name.strip() for name in names)
    assert any("ø" in name or "é" in name or "ë" in name for name in names)
    assert any(ord(letter) > 0xFFFF for name in names for letter in name)
    assert any(not ascii_name(name.split()[0]) for name in names)
    assert len(set(names)) < len(names), "names are not unique"
    assert max(len(name) for name in names) <= 40


def test_ids_come_in_both_styles(looks: list[Record]) -> None:
    ids = [look["id"] for look in looks]
    hexadecimal = [look_id for look_id in ids if len(look_id) == 32 and set(look_id) <= set("0123456789abcdef")]
    named = [look_id for look_id in ids if "_public_" in look_id]
    assert hexadecimal
    assert named
    assert len(hexadecimal) + len(named) == len(ids)
    assert all(look_id.isascii() for look_id in named)


def test_near_square_looks_bear_the_wrong_orientation_and_all_others_the_right_one(looks: list[Record]) -> None:
    near, seen = 0, set()
    for look in looks:
        width, height, orientation = (
            look.get(field) for field in ("image_width", "image_height", "preferred_orientation")
        )
        if width is None or height is None or orientation is None:
            continue
        seen.add(orientation)
        right = "square" if width == height else "landscape" if width > height else "portrait"
        if width != height and max(width, height) < 1.1 * min(width, height):
            near += 1
            assert orientation != right
        else:
            assert orientation == right
    assert near
    assert seen == {"portrait", "landscape", "square"}


def test_engines_differ_from_look_to_look_with_an_old_spelling_and_none_at_all(looks: list[Record]) -> None:
    engines = {tuple(look["supported_api_engines"]) for look in looks if look.get("supported_api_engines") is not None}
    assert () in engines
    assert any("avatar_4_quality" in listed for listed in engines)
    assert ("avatar_iii",) in engines
    assert len(engines) >= 6
