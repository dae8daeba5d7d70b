"""The store holds each look once, in the service's order, with its characters."""

from dataclasses import replace
from typing import Any

import pytest

from heygen_widgets.catalogue.store import LookStore
from heygen_widgets.filters import LookFilter
from heygen_widgets.models import AvatarGroup, Look


def looks(*names: str, group_id: str | None = "g", ownership: str = "public") -> list[Look]:
    return [Look(name, f"Look {name}", "photo_avatar", group_id=group_id, ownership=ownership) for name in names]


def order(store: LookStore, wanted: LookFilter | None = None) -> list[str]:
    return [look.id for look in store.select(wanted or LookFilter()).looks()]


def test_looks_are_in_the_order_of_their_places_and_one_that_comes_again_stays_as_it_is() -> None:
    store = LookStore()
    store.add_looks(looks("c", "d", "c"), 100)
    store.add_looks(looks("a", "b"), 0)
    store.add_looks(looks("e"), 102)
    store.add_looks([Look("a", "Another name", "photo_avatar")], 107)
    assert order(store) == ["a", "b", "c", "d", "e"]
    assert len(store) == 5
    assert store.looks[2] == store.get("a")
    assert store.looks[2].name == "Look a"
    # A look that was fetched ahead moves to its final place once.
    store = LookStore()
    store.add_looks(looks("x", "y"), 1000, ahead=True)
    store.add_looks(looks("a", "x", "b"), 0)
    assert order(store) == ["a", "x", "b", "y"]
    store.add_looks(looks("x", "a"), 1000, ahead=True)
    store.add_looks(looks("x"), 500)
    assert order(store) == ["a", "x", "b", "y"]
    store.add_looks(looks("y"), 3)
    assert order(store) == ["a", "x", "b", "y"]


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("owners", [("private", "public"), ("public", "private")])
def test_a_record_in_both_lists_is_private_in_any_order(owners: tuple[str, ...], ahead: bool) -> None:
    store = LookStore(looks("b", group_id=None))
    for ahead_now in (ahead, False):
        for owner in owners:
            look = Look("x", f"{owner} name", "photo_avatar", group_id="g", ownership=owner)
            store.add_looks([look], 9 if owner == "public" else -9, ahead=ahead_now)
            store.add_groups([AvatarGroup("g", f"{owner} name", ownership=owner)])
            assert order(store, LookFilter(f"{owner} name", ownership=owner, sort="name")) in (["x"], [])
        owners = owners[::-1]
        assert order(store) == ["x", "b"]
    assert order(store, LookFilter("private name", sort="-name")) == ["x"]
    assert order(store, LookFilter("public name")) == []
    assert store.facets(LookFilter(), ["ownership"]) == {"ownership": {"private": 1, "public": 1}}
    assert [group.name for group in store.groups.values()] == ["private name"]


@pytest.mark.parametrize("ahead", [False, True])
def test_looks_get_the_newest_name_of_their_character_in_any_order(ahead: bool) -> None:
    store = LookStore(looks("a", "b"), [AvatarGroup("h", "H")])
    store.add_looks([Look("n", "N", "x"), replace(looks("t")[0], group_name="From a table")], 10, ahead=ahead)
    assert [look.group_name for look in store.looks] == [None, None, None, "From a table"]
    store.add_groups([AvatarGroup("g", "G", ownership="public")])
    store.add_looks([*looks("c"), *looks("d", group_id="h"), *looks("a", group_id="h", ownership="private")], 20)
    assert [look.group_name for look in store.looks] == ["H", "G", None, "G", "G", "H"]
    store.add_groups([AvatarGroup("g", "G 2", ownership="private")])
    assert [look.group_name for look in store.looks] == ["H", "G 2", None, "G 2", "G 2", "H"]
    assert store.get("a") == looks("a", group_id="h")[0]
    store.add_groups([AvatarGroup("i", "I", ownership="public"), AvatarGroup("j", "J", ownership="public")])
    store.add_groups([AvatarGroup("p", "P", ownership="private"), AvatarGroup("i", "I 2", ownership="public")])
    # The private ones come first.
    assert [group.name for group in store.groups.values()] == ["G 2", "P", "H", "I 2", "J"]


def test_characters_come_in_the_service_s_order_with_their_number_and_first_look() -> None:
    store = LookStore()
    store.add_groups([AvatarGroup(i, i.upper(), looks_count=2, ownership="public") for i in "abc"])
    store.add_looks([*looks("b1", "b2", group_id="b"), *looks("n", group_id=None), *looks("z1", group_id="z")], 0)
    complete = store.characters(LookFilter(), incomplete=False)
    found = [(c.id, c.name, c.matched, c.example and c.example.id) for c in complete]
    assert found == [("b", "B", 2, "b1"), ("z", "", 1, "z1"), ("", "", 1, "n")]
    still_loading = store.characters(LookFilter(), incomplete=True)
    assert [(c.id, c.matched) for c in still_loading] == [("a", 0), ("b", 2), ("c", 0), ("z", 1), ("", 1)]


def test_a_character_s_own_number_is_expected_only_while_looks_are_missing_and_where_all_of_them_match() -> None:
    store = LookStore()
    store.add_groups([AvatarGroup("a", "Anna Berg", looks_count=7), AvatarGroup("b", "Bo", looks_count=1)])
    store.add_looks([*looks("a1", "a2", group_id="a"), *looks("b1", "b2", group_id="b")], 0)

    def expected(*, incomplete: bool, **wanted: Any) -> list[int]:
        characters = store.characters(LookFilter(**wanted), incomplete=incomplete)
        return [character.expected for character in characters]

    assert expected(incomplete=True) == [7, 2]
    assert expected(incomplete=True, search="anna") == [7]
    assert expected(incomplete=True, sort="-name") == [2, 7]
    assert expected(incomplete=True, avatar_type="photo_avatar") == [2, 2]
    assert expected(incomplete=True, search="a1") == [1]
    assert expected(incomplete=False) == [2, 2]


def test_characters_without_a_loaded_look_show_only_where_the_filter_may_let_them_pass() -> None:
    store = LookStore()
    store.add_groups(
        [
            AvatarGroup("a", "Zoë Berg", looks_count=2, ownership="public"),
            AvatarGroup("b", "Zoe Lund", looks_count=2, ownership="private"),
            AvatarGroup("c", "Zoe Nobody", looks_count=0, ownership="public"),
        ]
    )

    def shown(**wanted: Any) -> list[str]:
        return [character.id for character in store.characters(LookFilter(**wanted), incomplete=True)]

    assert shown() == ["b", "a"]
    assert shown(search="berg ZOE") == ["a"]
    assert shown(ownership="private") == ["b"]
    assert shown(group_id="a") == ["a"]
    assert shown(gender="female") == []  # unknown of a character
    assert shown(sort="name") == ["b", "a"]


def test_only_the_preview_urls_of_a_loaded_record_are_replaced() -> None:
    store = LookStore(looks("a", "b"), [AvatarGroup("g", "G")])
    before = store.select(LookFilter())
    new = {"preview_image_url": "https://example.com/new.webp", "preview_video_url": "https://example.com/new.mp4"}
    assert store.update_previews(Look("a", "Another name", "digital_twin", **new))
    assert store.update_previews(AvatarGroup("g", "Another name", **new))
    look, group = before.looks()[0], store.groups["g"]
    assert (look.name, look.preview_image_url, look.preview_video_url) == ("Look a", *new.values())
    assert (group.name, group.preview_image_url, group.preview_video_url) == ("G", *new.values())
    assert store.select(LookFilter()).extends(before)
    assert not store.update_previews(Look("g", "No such look", "photo_avatar"))
    assert not store.update_previews(AvatarGroup("a", "No such group"))
    assert len(store) == 2
    assert list(store.groups) == ["g"]
    # A selection stays as it was when more looks are added.
    store.add_looks(looks("c"), 20)
    assert not before.extends(store.select(LookFilter()))
    assert [look.id for look in before.looks()] == ["a", "b"]
