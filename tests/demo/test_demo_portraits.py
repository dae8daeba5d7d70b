"""Portraits fit in a URL, are sound SVG, and show one person throughout a group."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from heygen_widgets.demo._catalogue import Catalogue, Group, Look
from heygen_widgets.demo._people import BEARDS, MEN_HAIR, WOMEN_HAIR, Person
from heygen_widgets.demo._portraits import data_url, draw, portrait
from heygen_widgets.demo._vocabulary import SCENES

from .caller import Caller

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def looks() -> list[Look]:
    return Catalogue(3_000, seed=1).looks


@pytest.fixture(scope="module")
def big_group() -> Group:
    return max(Catalogue(3_000, seed=1).groups, key=lambda group: len(group.looks))


def fills(look: Look) -> set[str]:
    return set(re.findall(r"fill='([^']+)'", portrait(look)))


def found(pattern: str, drawing: str) -> str:
    """Give the pattern's group in a drawing, which must have it."""
    match = re.search(pattern, drawing)
    assert match, pattern
    return match[1]


def test_no_portrait_is_longer_than_1200_characters_as_a_url(looks: list[Look]) -> None:
    assert max(len(data_url(look)) for look in looks) <= 1_200


@pytest.mark.parametrize("scene", SCENES)
def test_no_person_whatsoever_makes_a_portrait_too_long(scene: str) -> None:
    people = [
        Person("A", "B", woman, "#fdc", "#222", style, face, beard, glasses, woman and not glasses, "#b43", False)
        for woman, styles, beards in ((True, WOMEN_HAIR, ("",)), (False, MEN_HAIR, BEARDS))
        for style in styles
        for beard in beards
        for glasses in ("", "round", "square")
        for face in range(5)
    ]
    paints = [0b100_011_100 | mouth << 32 | wear << 18 | 1 << 34 for mouth in range(3) for wear in range(3)]
    for person in people:
        for paint in paints:
            drawing = draw(person, scene, paint, 2143, 3840)
            assert len("data:image/svg+xml,") + len(re.sub("[#<>%]", "%23", drawing)) <= 1_200


def test_a_data_url_needs_no_further_quoting_in_an_attribute(looks: list[Look]) -> None:
    for look in looks:
        url = data_url(look)
        assert url.startswith("data:image/svg+xml,")
        assert not set(url) & set('"<>#\\\n\r\t&')
        assert url.isascii()
        assert unquote(url).removeprefix("data:image/svg+xml,") == portrait(look)


def test_every_portrait_is_well_formed_and_of_the_size_of_its_look(looks: list[Look]) -> None:
    for look in looks:
        root = ElementTree.fromstring(portrait(look))
        assert root.tag == f"{SVG}svg"
        assert (root.get("width"), root.get("height")) == (str(look.width), str(look.height))
        _, _, across, down = map(float, (root.get("viewBox") or "").split())
        assert across / down == pytest.approx(look.width / look.height, rel=0.02)
        assert root.findall(f".//{SVG}path")


def test_a_portrait_shows_the_whole_face_and_some_of_the_shoulders(looks: list[Look]) -> None:
    for look in looks:
        root = ElementTree.fromstring(portrait(look))
        left, top, across, down = map(float, (root.get("viewBox") or "").split())
        assert left < -20
        assert left + across > 20
        assert top < -30
        assert top + down > 40


def test_a_person_keeps_face_hair_and_skin_throughout_a_group(big_group: Group) -> None:
    person = big_group.person
    drawings = [portrait(look) for look in big_group.looks]
    for look, drawing in zip(big_group.looks, drawings, strict=True):
        assert {person.skin, person.hair} <= fills(look)
        assert drawing.count("<circle") == 2, "two eyes"
    faces = {found(r"(M-16-5c0-24 32-24 32 0[^']*)", drawing) for drawing in drawings}
    hair = {
        found(rf"fill='{person.hair}' d='([^']*)'/><path (?!fill='{person.skin}')", drawing) for drawing in drawings
    }
    assert len(faces) == len(hair) == 1


def test_a_person_changes_clothes_pose_and_background_throughout_a_group(big_group: Group) -> None:
    drawings = [portrait(look) for look in big_group.looks]
    assert len(set(drawings)) > 0.9 * len(drawings)
    clothes = {found(r"fill='(#\w+)' stroke='#0002'", drawing) for drawing in drawings}
    assert len(clothes) > 5
    assert len({found("viewBox='([^']*)'", drawing) for drawing in drawings}) > 5
    assert len({found("background:([^']*)'", drawing) for drawing in drawings}) > 5


def test_people_differ_from_group_to_group() -> None:
    people = {group.person for group in Catalogue(3_000, seed=1).groups}
    assert len({person.skin for person in people}) == 9
    assert {person.hair_style for person in people} == {*WOMEN_HAIR, *MEN_HAIR}
    assert {person.beard for person in people} == set(BEARDS)


@pytest.mark.parametrize("scene", SCENES)
def test_each_scene_has_a_background_of_its_own(scene: str) -> None:
    person = Catalogue(1).groups[0].person
    drawings = {other: draw(person, other, 12, 1280, 720) for other in SCENES}
    mine = drawings.pop(scene)
    background = re.search(r"background:[^']*'>.*?(?=<path fill='#\w+' stroke='#0002')", mine)
    assert background
    assert all(background[0] not in other for other in drawings.values())


def test_portraits_inside_urls_and_over_http_are_the_same(caller: Caller, http_caller: Caller) -> None:
    inside = caller.get("/v3/avatars/looks", limit=50)["data"]
    fetched = http_caller.get("/v3/avatars/looks", limit=50)["data"]
    for one, other in zip(inside, fetched, strict=True):
        if one.get("preview_image_url"):
            drawing = unquote(one["preview_image_url"]).removeprefix("data:image/svg+xml,")
            assert http_caller.fetch(other["preview_image_url"]).body.decode() == drawing
