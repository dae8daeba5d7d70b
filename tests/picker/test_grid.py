"""What the grid shows, as a plain object: positions, versions, counts, dropdowns, and characters that open."""

from dataclasses import replace

import pytest
from avatar_service import Gate, held_up, ids, running, wait_until
from recording import ids_in, look

from heygen_widgets import LookCatalogue, LookFilter
from heygen_widgets._display import TITLES
from heygen_widgets.models import AvatarGroup, Looks
from heygen_widgets.picker.grid import GridModel


@pytest.fixture
def model(catalogue: LookCatalogue) -> GridModel:
    grid = GridModel(catalogue)
    grid.update()
    return grid


def shown(model: GridModel) -> list[str]:
    model.update()
    return ids_in(model.window(0, 10**6))


def show(model: GridModel, to: tuple[str, LookFilter] | None) -> None:
    assert to is not None
    view, wanted = to
    model.show(wanted, view)


def test_a_version_stands_for_one_order_of_cards(model: GridModel) -> None:
    orders: dict[int, list[str]] = {}
    for wanted in ({}, {"search": "office"}, {"gender": "male"}, {"sort": "name"}, {}):
        model.show(LookFilter(**wanted), "looks")
        cards = shown(model)
        assert orders.setdefault(model.version, cards) == cards
    assert len(orders) == 5
    model.forget()
    assert model.window(0, 9)["looks"] == []
    assert shown(model) == cards


@pytest.mark.parametrize(
    ("status", "version"), [("completed", 1), ("failed", 2)]
)  # usable looks come before a failed one
def test_appended_looks_keep_the_version_and_inserted_ones_do_not(status: str, version: int) -> None:
    with running({}, {"a": 230}) as (service, client):
        service.looks["public"][0]["status"] = status
        gate = service.before = Gate("public looks", first=2)
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        wait_until(catalogue, lambda now: now.loaded == 50)
        appended, sorted_ = GridModel(catalogue), GridModel(catalogue)
        sorted_.show(LookFilter(sort="-name"), "looks")
        for model in (appended, sorted_):
            model.update()
        before, ready_first = shown(appended), [*service.ids()[version - 1 :], *service.ids()[: version - 1]]
        gate.opened.set()
        assert catalogue.wait(20)
        message = appended.news(24)
        assert message is not None
        assert (message["window"] is None, message["status"]["version"]) == (version == 1, version)
        assert shown(appended)[:49] == before[:49]
        assert (shown(appended), ids(catalogue)) == (ready_first, service.ids())
        assert len(shown(sorted_)) == 230
        assert (appended.version, sorted_.version) == (version, 2)


def test_news_come_once_with_a_window_only_where_cards_have_changed(model: GridModel) -> None:
    assert model.news(0) is None
    assert model.news(24) is None
    model.show(LookFilter(gender="male"), "looks")
    message = model.news(24)
    assert message is not None
    assert (message["filter"], message["show"], message["opened"]) == ({"gender": ["male"]}, "looks", None)
    assert message["status"]["version"] == message["window"]["version"] == model.version
    assert len(message["window"]["looks"]) == 24
    assert model.news(24) is None
    forced = model.news(24, force=True)
    assert forced is not None
    assert forced["window"] == message["window"]


def test_a_character_opens_into_its_looks_and_leads_back_to_all(model: GridModel, catalogue: LookCatalogue) -> None:
    wanted = LookFilter(gender="female", sort="name")
    model.show(wanted, "characters")
    before = shown(model)
    assert before == [character.id for character in catalogue.characters(wanted)]
    for group_id in before[2:4]:  # of two clicks before the kernel answers, the last one counts
        show(model, model.open_character(group_id))
        model.update()
    assert model.open_character("nobody") is None
    assert (model.view, model.opened, model.filter) == ("looks", before[3], wanted.replace(group_id=before[3]))
    assert shown(model) == [look.id for look in catalogue.select(model.filter)]
    show(model, model.leave_character())
    assert (model.view, model.opened, model.filter) == ("characters", None, wanted)
    assert shown(model) == before
    assert model.leave_character() is None


def test_changes_while_a_character_is_open_stay_for_all_characters(model: GridModel, catalogue: LookCatalogue) -> None:
    some = tuple(sorted(group for group in catalogue.facets()["group_id"] if group))[:3]
    model.show(LookFilter(group_id=some), "characters")
    assert sorted(shown(model)) == list(some)
    show(model, model.open_character(some[1]))
    model.show(model.filter.replace(gender="male"), "looks")
    assert model.opened == some[1]
    show(model, model.leave_character())
    assert model.filter == LookFilter(group_id=some, gender="male")


def test_looks_without_a_character_open_like_one(model: GridModel, catalogue: LookCatalogue) -> None:
    model.show(LookFilter(), "characters")
    assert shown(model)[-1] == ""
    show(model, model.open_character(""))
    assert (model.filter, model.opened) == (LookFilter(group_id=""), "")
    assert {catalogue.get(look_id).group_id for look_id in shown(model)} == {None}  # type: ignore[union-attr]
    show(model, model.leave_character())
    assert model.filter == LookFilter()


@pytest.mark.parametrize("view", ["looks", "characters"])
def test_all_looks_of_a_character_have_a_way_back_to_the_first_view(view: str) -> None:
    looks = [look(f"a{i}", group_id="g" if i else "other", gender="female") for i in range(5)]
    before = LookFilter("look", gender="female", sort="name")
    model = GridModel(LookCatalogue.of(looks))
    model.show(before, view)
    show(model, model.show_character("g", ()))
    assert (model.view, model.opened, model.filter) == ("looks", "g", LookFilter(group_id="g", sort="name"))
    model.show(model.filter.replace(search="a1"), "looks")
    show(model, model.show_character("other", ()))
    show(model, model.leave_character())
    assert (model.view, model.opened, model.filter) == (view, None, before)


@pytest.mark.parametrize(
    ("wanted", "view"), [(LookFilter(group_id="h"), "looks"), (LookFilter(), "looks"), (LookFilter(), "characters")]
)
def test_another_filter_or_view_closes_an_opened_character(wanted: LookFilter, view: str) -> None:
    model = GridModel(LookCatalogue.of([look("a", group_id="g"), look("b", group_id="h")]))
    model.show(LookFilter(), "characters")
    model.update()
    show(model, model.open_character("g"))
    model.show(wanted, view)
    assert model.opened is None


def test_a_view_opens_only_what_has_a_card_and_shows_only_what_is_loaded_or_selected() -> None:
    model = GridModel(LookCatalogue.of([look("a", group_id="g")]))
    for unknown in (None, 7, [], {}, ["g"], b"g", True, "nobody", "x" * 100_000):
        assert model.open_character(unknown) is None
        assert model.show_character(unknown, ()) is None
    assert model.open_character("g") is None  # the grid shows looks
    assert model.show_character("elsewhere", Looks([look("b", group_id="elsewhere")])) is not None


def test_a_card_of_a_character_has_the_newest_preview_of_its_group_or_look() -> None:
    group = AvatarGroup("g", "Elin", preview_image_url="https://host/1")
    only = look("a", group_id="h", preview_image_url="https://host/2")
    model = GridModel(LookCatalogue.of([only, look("b", group_id="g")], [group]))
    assert model.pictured("g") is None  # the grid shows looks
    model.show(LookFilter(), "characters")
    model.update()
    for record, group_id in ((group, "g"), (only, "h")):
        model.catalogue.update_previews(replace(record, preview_image_url="https://host/new"))
        pictured = model.pictured(group_id)
        assert (pictured, pictured and pictured.preview_image_url) == (record, "https://host/new")


@pytest.mark.parametrize(
    "wanted",
    [
        LookFilter(),
        LookFilter("office", gender="male"),
        LookFilter(avatar_type="studio_avatar"),
        LookFilter(ownership=["public", "private"], engine=["avatar_iv", ""]),
        LookFilter("no such look"),
    ],
)
def test_dropdowns_count_values_as_facets_do(model: GridModel, catalogue: LookCatalogue, wanted: LookFilter) -> None:
    model.show(wanted, "looks")
    counts, offered = catalogue.facets(wanted), model.choices()
    for field in ("avatar_type", "gender", "orientation", "engine", "ownership"):
        options = {item["value"]: item["count"] for item in offered[field]}
        assert options == {value: counts[field].get(value, 0) for value in catalogue.values(field)}


def test_selected_values_have_titles_also_when_nothing_matches(model: GridModel, catalogue: LookCatalogue) -> None:
    group = next(group for group in catalogue.groups.values() if group.name.strip())
    wanted = LookFilter("no such look", avatar_type="brand_new", group_id=group.id, tag="new", status=["", "failed"])
    model.show(wanted, "looks")
    offered = model.choices()
    assert {"value": "brand_new", "title": "brand_new", "count": 0} in offered["avatar_type"]
    assert offered["group_id"] == [{"value": group.id, "title": group.name.strip()}]
    assert "new" in [item["value"] for item in offered["tag"]]
    assert [item["title"] for item in offered["status"]] == ["Not specified", "Failed"]


def test_fields_without_a_choice_have_no_options() -> None:
    plain = GridModel(LookCatalogue.of([look("a"), look("b")])).choices()
    assert (plain["tag"], plain["ready"], plain["gender"], plain["status"]) == ([], [], [], [])
    mixed = GridModel(LookCatalogue.of([look("a", tags=("new",)), look("b", status="failed")])).choices()
    assert [item["value"] for item in mixed["tag"]] == ["new"]
    assert [(item["title"], item["count"]) for item in mixed["ready"]] == [("Ready to use", 1), ("Not ready", 1)]


@pytest.mark.parametrize("field", ["tag", "group_id"])
def test_a_long_list_offers_what_matches_then_the_rest(model: GridModel, catalogue: LookCatalogue, field: str) -> None:
    known = next(look.id for look in catalogue if look.tags and look.group_id)
    model.show(LookFilter(known, **{field: "none has this one"}), "looks")
    items = model.options(field, "")["items"]
    counts = catalogue.facets(model.filter)[field]
    assert [item["count"] for item in items] == [counts.get(item["value"], 0) for item in items]
    assert [item["value"] for item in items].index("") == len(items) - 1
    matching = [item["count"] > 0 for item in items if item["value"]]
    assert matching == sorted(matching, reverse=True)
    assert 0 < sum(matching) < len(matching)
    values = {*catalogue.values(field), *(catalogue.groups if field == "group_id" else ())}
    assert {item["value"] for item in items} == values
    groups = catalogue.groups if field == "group_id" else {}
    assert {item.get("image") for item in items} >= {group.preview_image_url for group in groups.values()}


def test_characters_whose_looks_are_not_loaded_yet_are_offered_with_their_groups_number() -> None:
    with running({}, {f"g-{n}": 2 for n in range(60)}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load_in_background()
        wait_until(catalogue, lambda now: now.loaded == 50 and now.expected)
        model = GridModel(catalogue)
        (found,) = model.options("group_id", "g-55")["items"]
        assert (found["value"], found["count"]) == ("g-55", 2)
        model.show(LookFilter(), "characters")
        model.update()
        show(model, model.open_character("g-55"))
        wait_until(catalogue, lambda now: now.loaded == 52)  # fetched ahead of its turn
        assert {*shown(model)} == {"g-55-0", "g-55-1"}
        gate.opened.set()
        catalogue.wait(20)


def test_a_type_that_is_filtered_by_is_fetched_ahead_in_order() -> None:
    with held_up({}, {"a": 170}, Gate("public looks", first=2)) as (_, catalogue):
        model = GridModel(catalogue)
        wait_until(catalogue, lambda now: now.loaded == 50)
        # A type can be chosen before the load has found a look of it.
        assert [item["value"] for item in model.choices()["avatar_type"]] == [*TITLES["avatar_type"]]
        model.show(LookFilter(avatar_type="digital_twin"), "looks")
        wait_until(catalogue, lambda now: now.loaded == 50 + 40)
        assert shown(model) == [f"a-{number}" for number in range(2, 170, 3)]


def test_the_status_counts_looks_also_in_the_view_of_characters(model: GridModel, catalogue: LookCatalogue) -> None:
    model.show(LookFilter(), "characters")
    model.update()
    status = model.status()
    assert (status["shown"], status["matched"], status["loaded"]) == (len(catalogue.characters()), 300, 300)
    assert (status["complete"], status["loading"], status["online"]) == (True, False, True)


@pytest.mark.parametrize(
    ("kinds", "shape"), [("pppl", "tall"), ("plll", "wide"), ("ppp-", "tall"), ("ppl", "square"), ("lll--", "square")]
)
def test_tiles_have_the_shape_of_three_quarters_of_the_matching_looks(kinds: str, shape: str) -> None:
    names = {"p": "portrait", "l": "landscape"}
    looks = [look(f"a{n}", preferred_orientation=names.get(kind)) for n, kind in enumerate(kinds)]
    model = GridModel(LookCatalogue.of([*looks, *(look(f"b{n}") for n in range(3))]))
    for search, view, expected in (("a", "looks", shape), ("a", "characters", "square"), ("c", "looks", "square")):
        model.show(LookFilter(f"look {search}"), view)
        model.update()
        assert model.status()["shape"] == expected


def test_a_view_can_only_name_characters_that_are_loaded_or_already_in_the_filter() -> None:
    model = GridModel(LookCatalogue.of([look("a", group_id="g")], [AvatarGroup("h", "Elin")]))
    for known in ("g", "h"):
        assert model.changed_filter(LookFilter(), {"group_id": [known]}) == LookFilter(group_id=known)
    assert model.changed_filter(LookFilter(), {"group_id": ["x"]}) is None
    model.show(LookFilter(group_id="x"), "looks")
    assert model.changed_filter(model.filter, {"gender": "male"}) == LookFilter(group_id="x", gender="male")


def test_details_count_the_looks_of_the_character_without_the_filter() -> None:
    looks = [look(f"a{i}", group_id="g", gender="female" if i else "male") for i in range(5)]
    model = GridModel(LookCatalogue.of(looks, [AvatarGroup("g", "Elin")]))
    model.show(LookFilter(gender="male"), "looks")
    for one in (looks[0], look("not loaded", group_id="g")):
        shown = model.details(one)
        assert (shown["number"], shown["facts"][0]["text"]) == (5, "Elin")


def test_only_a_look_that_is_ready_has_code_for_a_video() -> None:
    ready, failed, nameless = look("a"), look("b", status="failed"), look(".")
    model = GridModel(LookCatalogue.of([ready, failed, nameless]))
    assert 'VideoRequest(avatar_id="a"' in model.code("video", (ready,), False)
    assert model.details(ready)["video_code"] == model.code("video", (ready,), False)
    assert model.details(failed)["video_code"] is None
    for selected, reason in (((), "nothing is selected"), ((failed,), "not ready"), ((nameless,), "no usable id")):
        with pytest.raises(ValueError, match=reason):
            model.code("video", selected, False)
    with pytest.raises(ValueError, match=r'"python" or "video", not \'js\''):
        model.code("js", (), False)
