"""Portraits are short URLs and sound SVG, and show one person throughout a group."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from heygen_widgets.demo._catalogue import Catalogue
from heygen_widgets.demo._people import BEARDS, MEN_HAIR, WOMEN_HAIR
from heygen_widgets.demo._portraits import data_url, draw, portrait
from heygen_widgets.demo._previews import clip_name, read_clips
from heygen_widgets.demo._scenes import SCENES


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


def test_people_differ_from_group_to_group_and_backgrounds_from_scene_to_scene(catalogue: Catalogue) -> None:
    people = {group.person for group in catalogue.groups}
    assert len({person.skin for person in people}) == 9
    assert {person.hair_style for person in people} == {*WOMEN_HAIR, *MEN_HAIR}
    assert {person.beard for person in people} == set(BEARDS)
    drawings = [draw(catalogue.groups[0].person, scene, 12, 1280, 720) for scene in SCENES]
    assert len(found("(background:[^']*'>.*?)<path fill='url", drawings)) == len(SCENES)


@pytest.mark.parametrize(("size", "seed"), [(1, 0), (60, 1), (2_000, 0), (25_000, 2)])
def test_a_clip_is_of_one_picture_and_found_by_it_in_every_catalogue(size: int, seed: int) -> None:
    filmed = [clip_name(look) for look in Catalogue(size, seed=seed).looks if look.filmed]
    assert len(set(filmed) & read_clips().keys()) == len(filmed) > 0
