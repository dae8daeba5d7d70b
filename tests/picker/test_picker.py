"""The picker without a browser: its traits follow each other, and its handlers take whatever the front end sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
import traitlets
from avatar_service import Gate, Service, finish, let_no_thread_begin, pages, running, wait_until
from hypothesis import given
from hypothesis import strategies as st
from loopback import Handler, Loopback, client_of, failure, hang_up, page, reply

from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker, demo_client, looks_to_frame
from heygen_widgets.demo import DemoService
from heygen_widgets.models import Look
from heygen_widgets.picker.cards import card


class RecordingPicker(LookPicker):
    """A picker that keeps what it would send to its views."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        super().__init__(*args, **kwargs)

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        self.sent.append(content)

    def answers(self, method: str) -> list[dict[str, Any]]:
        return [content["args"][0] for content in self.sent if content["method"] == method]


@pytest.fixture(scope="module")
def service() -> Iterator[DemoService]:
    with DemoService(looks=300) as running:
        yield running


@pytest.fixture(scope="module")
def client(service: DemoService) -> Iterator[HeyGenClient]:
    with HeyGenClient(service.api_key, base_url=service.base_url, max_retries=0) as opened:
        yield opened


@pytest.fixture(scope="module")
def catalogue(client: HeyGenClient) -> LookCatalogue:
    loaded = LookCatalogue(client)
    loaded.load()
    return loaded


@pytest.fixture
def picker(catalogue: LookCatalogue) -> Iterator[RecordingPicker]:
    shown = RecordingPicker(catalogue)
    yield shown
    shown.close()


def follow(picker: LookPicker) -> None:
    """Wait until the picker's thread has published all there is."""
    thread = picker._follower
    if thread is not None:
        thread.join(timeout=30)


@contextmanager
def loading() -> Iterator[tuple[Service, Gate, LookPicker]]:
    """Give a picker of 230 looks whose second page is held up by a gate."""
    with running({}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = LookPicker(client)
        service.wait_for_request("public looks", 2)
        yield service, gate, picker
        picker.close()


# -- ui -> python -----------------------------------------------------------------------------------------------------


def test_a_click_chooses_a_look_and_a_second_click_takes_it_back(picker: RecordingPicker) -> None:
    look = picker.catalogue.looks[5]
    picker.vue_choose(look.id)
    assert (picker.value, picker.values, picker.selected_id) == (look, (look,), look.id)
    assert picker.to_frame()["id"].tolist() == [look.id]
    picker.vue_choose(look.id)
    assert (picker.value, picker.values, picker.selected_id) == (None, (), "")
    assert len(picker.to_frame()) == 0


def test_a_click_on_another_look_replaces_the_choice(picker: RecordingPicker) -> None:
    first, second = picker.catalogue.looks[:2]
    picker.vue_choose(first.id)
    picker.vue_choose(second.id)
    assert picker.values == (second,)


def test_with_multiple_clicks_add_and_take_away_in_the_order_chosen(catalogue: LookCatalogue) -> None:
    picker = RecordingPicker(catalogue, multiple=True)
    a, b, c = catalogue.looks[:3]
    for look in (c, a, b, a):
        picker.vue_choose(look.id)
    assert picker.values == (c, b)
    assert picker.value == c
    assert picker.selected_ids == [c.id, b.id]
    assert picker.to_frame()["id"].tolist() == [c.id, b.id]
    picker.close()


def test_an_observer_of_value_finds_all_traits_in_step(picker: RecordingPicker) -> None:
    seen = []
    picker.observe(lambda change: seen.append((change["new"], picker.values, picker.selected_id)), "value")
    look = picker.catalogue.looks[3]
    picker.vue_choose(look.id)
    picker.value = None
    assert seen == [(look, (look,), look.id), (None, (), "")]


def test_a_dropdown_changes_one_field_of_the_filter(picker: RecordingPicker) -> None:
    picker.vue_set_filter({"search": "office"})
    picker.vue_set_filter({"avatar_type": "photo_avatar"})
    assert picker.filter == LookFilter("office", avatar_type="photo_avatar")
    picker.vue_set_filter({"avatar_type": None})
    assert picker.filter == LookFilter("office")
    picker.vue_clear_filter()
    assert picker.filter == LookFilter()


def test_a_window_holds_the_looks_at_the_positions_asked_for(picker: RecordingPicker) -> None:
    picker.vue_ask_window({"view": "v", "version": 0, "start": 10, "count": 30})
    (window,) = picker.answers("window")
    assert [shown["id"] for shown in window["looks"]] == [look.id for look in picker.catalogue.looks[10:40]]
    assert {name: window[name] for name in ("view", "start", "matched", "version")} == {
        "view": "v",
        "start": 10,
        "matched": 300,
        "version": picker.status["version"],
    }


def test_no_message_holds_more_than_a_window(picker: RecordingPicker) -> None:
    picker.vue_ask_window({"view": "v", "start": 0, "count": 10**9})
    assert len(picker.answers("window")[0]["looks"]) == 120
    for field in ("group_id", "tag"):
        picker.vue_ask_options({"view": "v", "field": field, "query": ""})
    assert [len(answer["items"]) <= 50 for answer in picker.answers("options")] == [True, True]


def test_characters_are_found_by_all_words_typed_and_come_by_name(picker: RecordingPicker) -> None:
    groups = picker.catalogue.groups
    counts = picker.catalogue.facets()["group_id"]
    named = next(group for group in groups.values() if group.name.isascii() and counts.get(group.id))
    picker.vue_ask_options({"view": "v", "field": "group_id", "query": named.name.upper()[:4]})
    (answer,) = picker.answers("options")
    found = {item["value"]: item for item in answer["items"]}
    assert found[named.id]["count"] == counts[named.id]
    assert all(named.name[:4].strip().lower() in item["title"].lower() for item in answer["items"])
    titles = [item["title"].lower() for item in answer["items"] if item["title"].isascii()]
    assert titles == sorted(titles)


hostile = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("x" * 100_000)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=5,
)


@given(
    view=hostile,
    start=hostile,
    count=hostile,
    query=hostile,
    field=st.one_of(st.sampled_from(["tag", "group_id"]), hostile),
)
def test_whatever_a_view_asks_it_gets_a_window_and_a_list(
    catalogue: LookCatalogue, view: object, start: object, count: object, query: object, field: object
) -> None:
    picker = RecordingPicker(catalogue)
    picker.vue_ask_window({"view": view, "start": start, "count": count, "screen": count})
    picker.vue_ask_options({"view": view, "field": field, "query": query})
    (window,), (found,) = picker.answers("window"), picker.answers("options")
    assert 0 <= window["start"] <= 300
    assert len(window["looks"]) <= 120
    assert len(found["items"]) <= 50
    picker.close()


@pytest.mark.parametrize("unknown", ["absent", "", 7, None, {"id": "x"}])
def test_a_click_on_an_unknown_look_changes_nothing(picker: RecordingPicker, unknown: object) -> None:
    picker.vue_choose(picker.catalogue.looks[0].id)
    picker.vue_choose(unknown)
    assert picker.value == picker.catalogue.looks[0]


# -- python -> ui -----------------------------------------------------------------------------------------------------


def test_a_filter_set_in_python_shows_its_looks_in_one_message(picker: RecordingPicker) -> None:
    picker.vue_ask_window({"view": "v", "start": 0, "count": 20})
    picker.sent.clear()
    picker.filter = LookFilter(avatar_type="digital_twin")
    matching = picker.catalogue.select(picker.filter)
    (window,) = picker.answers("window")
    assert [shown["id"] for shown in window["looks"]] == [look.id for look in matching[:24]]
    assert window["matched"] == picker.status["matched"] == len(matching)
    assert window["version"] == picker.status["version"]


def test_every_version_stands_for_one_order_of_looks(picker: RecordingPicker) -> None:
    orders: dict[int, list[str]] = {}
    for wanted in (LookFilter(), LookFilter("office"), LookFilter(gender="male"), LookFilter()):
        picker.filter = wanted
        ids = [shown["id"] for shown in picker._cards.cards(0, 10**6)]
        before = orders.setdefault(picker.status["version"], ids)
        assert ids[: len(before)] == before
    assert len(orders) > 1


def test_a_view_in_the_making_finds_its_first_window_and_no_notebook_keeps_it(picker: RecordingPicker) -> None:
    assert picker.opening == {}
    picker.set_state({"_view_count": 1})
    assert [shown["id"] for shown in picker.opening["looks"]] == [look.id for look in picker.catalogue.looks[:24]]
    picker.vue_took_opening(picker.opening["version"])
    assert picker.opening == {}
    assert not picker.sent


def test_a_first_window_that_is_out_of_date_when_it_is_taken_is_followed_by_the_right_one(
    picker: RecordingPicker,
) -> None:
    picker.set_state({"_view_count": 1})
    version = picker.opening["version"]
    picker.filter = LookFilter(avatar_type="digital_twin")
    assert not picker.sent
    picker.vue_took_opening(version)
    (window,) = picker.answers("window")
    assert window["version"] == picker.status["version"] != version
    assert window["looks"][0]["id"] == picker.catalogue.select(picker.filter)[0].id


def test_no_window_is_left_when_one_of_two_displays_goes(picker: RecordingPicker) -> None:
    picker.set_state({"_view_count": 2})
    picker.vue_took_opening(picker.opening["version"])
    picker.set_state({"_view_count": 1})
    assert picker.opening == {}


def test_nothing_is_pushed_before_a_view_has_asked(picker: RecordingPicker) -> None:
    picker.filter = LookFilter("office")
    assert not picker.sent


def test_the_dropdowns_offer_what_there_is_with_its_number(picker: RecordingPicker) -> None:
    counts = picker.catalogue.facets()["ownership"]
    offered = {item["value"]: (item["title"], item["count"]) for item in picker.choices["ownership"]}
    assert offered == {"private": ("Private", counts["private"]), "public": ("Public", counts["public"])}
    group = next(group for group in picker.catalogue.groups.values() if group.name.strip())
    picker.filter = LookFilter(group_id=group.id)
    assert [item["title"] for item in picker.choices["group_id"]] == [group.name.strip()]


def test_the_frame_of_the_choice_names_character_and_ownership_also_of_a_look_fetched_by_its_id(
    client: HeyGenClient, picker: RecordingPicker
) -> None:
    look = next(look for look in picker.catalogue if look.ownership == "private" and look.group_id)
    picker.value = client.get_look(look.id)
    frame = picker.to_frame()
    assert frame["ownership"].tolist() == ["private"]
    assert frame["group_name"].tolist() == [picker.catalogue.groups[str(look.group_id)].name]


def test_a_card_never_lacks_a_name() -> None:
    assert card(Look("look_1", "  ", "brand_new"))["name"] == "look_1"
    assert card(Look("look_1", " Elin ", "brand_new"))["name"] == "Elin"
    assert len(card(Look("look_1", "x" * 100_000, "photo_avatar"))["name"]) == 200


def test_taking_multiple_back_keeps_the_first_choice(catalogue: LookCatalogue) -> None:
    picker = LookPicker(catalogue, multiple=True)
    picker.values = catalogue.looks[:3]
    picker.multiple = False
    assert picker.values == catalogue.looks[:1]
    picker.vue_choose(catalogue.looks[0].id)
    assert picker.value is None
    picker.close()


def test_a_chosen_value_that_matches_nothing_stays_among_the_choices(picker: RecordingPicker) -> None:
    picker.filter = LookFilter("no such look", avatar_type="brand_new")
    assert {"value": "brand_new", "title": "brand_new", "count": 0} in picker.choices["avatar_type"]


def test_selected_id_chooses_also_a_look_that_is_not_loaded(client: HeyGenClient, catalogue: LookCatalogue) -> None:
    private = next(look for look in catalogue if look.ownership == "private")
    public_only = LookCatalogue(client, ownership="public")
    picker = LookPicker(public_only, selected_id=private.id)
    assert picker.value == private
    picker.selected_id = catalogue.looks[-1].id
    assert picker.value == catalogue.looks[-1]
    picker.selected_id = ""
    assert picker.value is None
    picker.close()


def test_a_selected_id_that_nobody_knows_leaves_the_choice_and_says_so(picker: RecordingPicker) -> None:
    look = picker.catalogue.looks[0]
    picker.value = look
    picker.selected_id = "no_such_look"
    assert (picker.value, picker.selected_id) == (look, look.id)
    assert "no_such_look" in picker.error
    picker.vue_choose(picker.catalogue.looks[1].id)
    assert picker.error == ""


def test_value_takes_a_look_from_anywhere(picker: RecordingPicker) -> None:
    look = Look("look_x", "From elsewhere", "photo_avatar")
    picker.value = look
    assert (picker.values, picker.selected_id) == ((look,), "look_x")


@pytest.mark.parametrize("height", [0, 239, 1201])
def test_a_height_out_of_range_is_named(picker: RecordingPicker, height: int) -> None:
    with pytest.raises(traitlets.TraitError, match=str(height)):
        picker.height = height


def test_two_values_need_multiple(picker: RecordingPicker) -> None:
    with pytest.raises(traitlets.TraitError, match="multiple=True"):
        picker.values = picker.catalogue.looks[:2]


def test_an_unknown_keyword_or_source_is_a_type_error(catalogue: LookCatalogue) -> None:
    with pytest.raises(TypeError, match="colour"):
        LookPicker(catalogue, colour="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="str"):
        LookPicker("my-key")  # type: ignore[arg-type]


# -- the widget family ------------------------------------------------------------------------------------------------


def test_interact_calls_with_none_first_and_then_with_the_choice(picker: RecordingPicker) -> None:
    seen: list[Look | None] = []
    ipywidgets.interactive(lambda look: seen.append(look), look=picker)
    picker.vue_choose(picker.catalogue.looks[1].id)
    assert seen == [None, picker.catalogue.looks[1]]


def test_link_joins_two_pickers(catalogue: LookCatalogue) -> None:
    left, right = LookPicker(catalogue), LookPicker(catalogue)
    traitlets.link((left, "value"), (right, "value"))
    right.value = catalogue.looks[4]
    assert left.selected_id == catalogue.looks[4].id
    ipywidgets.jslink((left, "selected_id"), (right, "selected_id"))
    left.close()
    right.close()


def test_its_repr_is_short_and_its_state_holds_no_looks(picker: RecordingPicker) -> None:
    picker.vue_choose(picker.catalogue.looks[0].id)
    assert len(repr(picker)) < 200
    state = {name: value for name, value in picker.get_state().items() if name != "components"}
    assert len(json.dumps(state, default=str)) < 4_000


# -- loading and errors -----------------------------------------------------------------------------------------------


def test_without_a_key_the_picker_shows_the_way_out_and_retry_takes_it(
    service: DemoService, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path_factory.mktemp("empty")))
    monkeypatch.setenv("HEYGEN_API_BASE", service.base_url)
    picker = LookPicker()
    assert "HEYGEN_API_KEY" in picker.error
    assert len(picker.to_frame()) == 0
    monkeypatch.setenv("HEYGEN_API_KEY", service.api_key)
    picker.vue_retry()
    picker.catalogue.wait(timeout=60)
    follow(picker)
    assert picker.error == ""
    assert picker.status["loaded"] == 300
    picker.close()


def test_an_impossible_service_address_is_shown_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY", "some-key")
    monkeypatch.setenv("HEYGEN_API_BASE", "http://example.com")
    picker = LookPicker()
    assert "HEYGEN_API_BASE" in picker.error
    picker.vue_refresh()
    assert "HEYGEN_API_BASE" in picker.error
    picker.close()


def test_a_refused_key_is_shown_with_its_hint(service: DemoService) -> None:
    picker = LookPicker(HeyGenClient("wrong-key", base_url=service.base_url))
    picker.catalogue.wait(timeout=60)
    follow(picker)
    assert "401" in picker.error
    assert "wrong-key" not in picker.error
    assert "private characters" not in picker.error  # why everything is refused, and not every part of it
    picker.close()


def test_after_an_error_the_picker_keeps_what_it_had(client: HeyGenClient) -> None:
    with DemoService(looks=120) as going:
        picker = LookPicker(LookCatalogue(HeyGenClient(going.api_key, base_url=going.base_url, max_retries=0)))
        picker.catalogue.wait(timeout=60)
        follow(picker)
        look = picker.catalogue.looks[0]
    picker.selected_id = "not_loaded"
    assert picker.error
    assert picker.status["matched"] == 120
    picker.vue_choose(look.id)
    assert picker.value == look
    picker.close()


def test_an_id_that_could_not_be_asked_for_is_chosen_by_retry(
    service: DemoService, catalogue: LookCatalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("HEYGEN_API_BASE", service.base_url)
    picker = LookPicker(selected_id=catalogue.looks[0].id)
    assert picker.value is None
    picker.vue_retry()
    assert "HEYGEN_API_KEY" in picker.error
    monkeypatch.setenv("HEYGEN_API_KEY", service.api_key)
    picker.vue_retry()
    assert picker.value == catalogue.looks[0]
    picker.close()


def test_the_looks_are_followed_to_the_end_though_an_observer_of_the_users_raises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[type[BaseException], str]] = []
    monkeypatch.setattr(threading, "excepthook", lambda of: told.append((of.exc_type, of.thread.name)))

    def broken(_: object) -> None:
        raise RuntimeError("an observer's own error")

    with loading() as (_, gate, picker):
        follower = picker._follower
        picker.observe(broken, "status")
        gate.opened.set()
        assert follower is not None
        follower.join(timeout=30)
        assert (picker.status["loaded"], picker.status["loading"]) == (230, False)
        assert set(told) == {(RuntimeError, "heygen_widgets: picker")}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_an_observer_of_the_users_has_ended_the_thread_the_next_loading_is_followed_again() -> None:
    def broken(_: object) -> None:
        raise SystemExit

    with loading() as (_, gate, picker):
        follower = picker._follower
        picker.observe(broken, "status")
        gate.opened.set()
        assert follower is not None
        follower.join(timeout=30)
        picker.unobserve(broken, "status")
        assert finish(picker.catalogue)
        picker.vue_retry()
        follow(picker)
        assert picker.status["loaded"] == 230
        assert picker._follower is None


@pytest.mark.parametrize("users", [False, True], ids=["its own", "the user's"])
def test_a_closed_picker_stops_its_own_catalogue_and_not_the_users(users: bool) -> None:
    with running({}, {"a": 230}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = LookPicker(LookCatalogue(client, cache=None) if users else client, cache=None)
        service.wait_for_request("public looks", 2)
        picker.set_state({"_view_count": 1})
        picker.set_state({"_view_count": 0})
        picker.close()
        gate.opened.set()
        assert finish(picker.catalogue) == users


def test_a_closed_picker_ends_its_threads_and_still_tells_the_choice(client: HeyGenClient) -> None:
    picker = LookPicker(client)
    thread = picker._follower
    picker.catalogue.wait(timeout=60)
    look = picker.catalogue.looks[0]
    picker.value = look
    picker.close()
    assert thread is not None
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert picker.value == look
    assert looks_to_frame(picker.values)["id"].tolist() == [look.id]


# -- characters -------------------------------------------------------------------------------------------------------


def shown_ids(picker: LookPicker) -> list[str]:
    return [card["id"] for card in picker._cards.cards(0, 10**6)]


def test_a_character_opens_into_its_looks_and_is_left_as_the_characters_were(picker: RecordingPicker) -> None:
    picker.filter = LookFilter(gender="female", sort="name")
    picker.vue_set_show("characters")
    assert picker.opened is None
    before, status = shown_ids(picker), dict(picker.status)
    assert before == [c.id for c in picker.catalogue.characters(picker.filter)]
    group_id = before[3]
    picker.vue_open_character(group_id)
    assert (picker.show, picker.opened) == ("looks", group_id)
    assert picker.filter == LookFilter(gender="female", sort="name", group_id=group_id)
    assert shown_ids(picker) == [look.id for look in picker.catalogue.select(picker.filter)]
    picker.vue_leave_character()
    assert (picker.show, picker.opened) == ("characters", None)
    assert picker.filter == LookFilter(gender="female", sort="name")
    assert shown_ids(picker) == before
    assert {**picker.status, "version": None} == {**status, "version": None}


def test_characters_that_were_chosen_before_one_was_opened_are_chosen_again(picker: RecordingPicker) -> None:
    some = tuple(sorted(group for group in picker.catalogue.facets()["group_id"] if group))[:3]
    picker.filter = LookFilter(group_id=some)
    picker.show = "characters"
    assert sorted(shown_ids(picker)) == list(some)
    picker.vue_open_character(some[1])
    picker.vue_set_filter({"gender": "male"})
    assert picker.opened == some[1]
    picker.vue_leave_character()
    assert picker.filter == LookFilter(group_id=some, gender="male")


def test_looks_that_tell_no_character_open_like_one(picker: RecordingPicker) -> None:
    picker.show = "characters"
    assert shown_ids(picker)[-1] == ""
    picker.vue_open_character("")
    assert picker.filter == LookFilter(group_id="")
    assert picker.opened == ""
    assert not [look for look in map(picker.catalogue.get, shown_ids(picker)) if look and look.group_id]
    picker.vue_leave_character()
    assert picker.filter == LookFilter()


@pytest.mark.parametrize("change", ["another", "none", "characters"])
def test_there_is_no_way_back_any_more_once_something_else_is_shown(picker: RecordingPicker, change: str) -> None:
    picker.show = "characters"
    first, second = shown_ids(picker)[:2]
    picker.vue_open_character(first)
    if change == "characters":
        picker.show = "characters"
    else:
        picker.filter = LookFilter(group_id=second if change == "another" else None)
    assert picker.opened is None


def test_show_set_in_python_shows_characters_and_looks_again(picker: RecordingPicker) -> None:
    picker.vue_ask_window({"view": "v", "start": 0, "count": 20})
    picker.sent.clear()
    picker.show = "characters"
    (window,) = picker.answers("window")
    assert [card["id"] for card in window["looks"]] == [c.id for c in picker.catalogue.characters()[:24]]
    assert (picker.status["shown"], picker.status["matched"]) == (len(picker.catalogue.characters()), 300)
    picker.show = "looks"
    assert (picker.status["shown"], picker.status["matched"]) == (300, 300)
    with pytest.raises(traitlets.TraitError):
        picker.show = "people"


def test_a_click_on_a_character_never_chooses_one(picker: RecordingPicker) -> None:
    picker.show = "characters"
    picker.vue_choose(shown_ids(picker)[0])
    assert picker.value is None


@pytest.mark.parametrize("unknown", [None, 7, [], {}, ["g"], {"id": "g"}, b"g", True, "nobody"])
def test_only_an_id_that_is_shown_opens_a_character(picker: RecordingPicker, unknown: object) -> None:
    picker.vue_open_character(picker.catalogue.looks[0].group_id)
    assert (picker.show, picker.filter) == ("looks", LookFilter())
    picker.show = "characters"
    picker.vue_open_character(unknown)
    assert (picker.show, picker.filter, picker.opened) == ("characters", LookFilter(), None)


@given(hostile, hostile)
def test_whatever_a_view_sends_it_goes_on_showing_looks_or_characters(
    catalogue: LookCatalogue, show: object, group_id: object
) -> None:
    picker = RecordingPicker(catalogue)
    for _ in range(2):
        picker.vue_set_show(show)
        picker.vue_open_character(group_id)
        picker.vue_leave_character(group_id)
        picker.vue_set_show("looks")
        picker.vue_leave_character()
        picker.vue_open_character(group_id)
        picker.vue_ask_window({"view": "v", "start": 0, "count": 5})
    assert picker.show in ("looks", "characters")
    assert isinstance(picker.filter, LookFilter)
    picker.close()


CHANGED = ["search", "gender", "avatar_type", "tag", "sort", "ready", "group_id", "show", "self", "nonsense"]


@given(st.dictionaries(st.sampled_from(CHANGED), hostile))
def test_whatever_filter_a_view_sends_the_picker_keeps_a_valid_one(
    catalogue: LookCatalogue, changes: dict[str, Any]
) -> None:
    picker = RecordingPicker(catalogue)
    picker.vue_set_filter(changes)
    assert isinstance(picker.filter, LookFilter)
    assert len(picker.filter.search) <= 200
    assert picker.filter.ready in (None, True, False)
    assert picker.filter.sort is None or isinstance(picker.filter.sort, str)
    assert picker.status["matched"] == len(picker.catalogue.select(picker.filter))
    picker.close()


def test_the_order_and_readiness_of_a_view_are_taken(picker: RecordingPicker) -> None:
    picker.vue_set_filter({"sort": "-size"})
    picker.vue_set_filter({"ready": True})
    assert picker.filter == LookFilter(ready=True, sort="-size")
    picker.vue_clear_filter()
    assert picker.filter == LookFilter(sort="-size")
    picker.vue_set_filter({"sort": None})
    assert picker.filter == LookFilter()


# -- what dropdowns offer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        LookFilter(),
        LookFilter("office", gender="male"),
        LookFilter(avatar_type="studio_avatar", status="failed"),
        LookFilter(ownership=["public", "private"], engine=["avatar_iv", ""]),
        LookFilter("no such look"),
    ],
)
def test_every_dropdown_counts_each_value_there_is_as_facets_does(picker: RecordingPicker, wanted: LookFilter) -> None:
    picker.filter = wanted
    counts = picker.catalogue.facets(wanted)
    for field in ("avatar_type", "gender", "orientation", "engine", "ownership", "status"):
        offered = {item["value"]: item["count"] for item in picker.choices[field]}
        assert offered == {value: counts[field].get(value, 0) for value in picker.catalogue.values(field)}


@pytest.mark.parametrize("field", ["tag", "group_id"])
def test_a_long_list_offers_what_matches_first_and_all_the_others_after_it(picker: RecordingPicker, field: str) -> None:
    picker.filter = LookFilter(picker.catalogue.looks[0].id, **{field: "none has this one"})
    picker.vue_ask_options({"view": "v", "field": field, "query": ""})
    (answer,) = picker.answers("options")
    counts = picker.catalogue.facets(picker.filter)[field]
    numbers = [item["count"] for item in answer["items"]]
    assert numbers == [counts.get(item["value"], 0) for item in answer["items"]]
    matching = [number > 0 for number in numbers]
    assert matching == sorted(matching, reverse=True)
    assert 0 < sum(matching) < len(matching)
    known = {*picker.catalogue.values(field), *(picker.catalogue.groups if field == "group_id" else ())}
    assert {item["value"] for item in answer["items"]} == known


def test_the_tag_dropdown_is_not_offered_where_no_look_has_a_tag() -> None:
    without = LookPicker([Look("a", "A", "photo_avatar"), Look("b", "B", "photo_avatar")])
    assert without.choices["tag"] == []
    with_one = LookPicker([Look("a", "A", "photo_avatar"), Look("b", "B", "photo_avatar", tags=("new",))])
    assert with_one.choices["tag"]


def test_characters_whose_looks_are_not_there_yet_are_offered_with_the_number_their_group_tells() -> None:
    with running({}, {f"g-{n}": 2 for n in range(60)}) as (service, client):
        gate = service.before = Gate("public looks", first=2)
        picker = RecordingPicker(client, cache=None)
        wait_until(picker.catalogue, lambda now: now.loaded == 50 and now.expected)
        picker.vue_ask_options({"view": "v", "field": "group_id", "query": "g-55"})
        (found,) = picker.answers("options")[-1]["items"]
        assert (found["value"], found["count"]) == ("g-55", 2)
        picker.show = "characters"
        shown = {card["id"]: card["type"] for card in picker._cards.cards(0, 10**6)}
        assert shown["g-55"].startswith("2 looks")
        picker.vue_open_character("g-55")
        wait_until(picker.catalogue, lambda now: now.loaded == 52)
        assert {look.id for look in picker.catalogue.select(picker.filter)} == {"g-55-0", "g-55-1"}
        picker.close()
        gate.opened.set()


# -- looks that are here already --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["frame", "list", "generator", "tuple", "catalogue"])
def test_looks_from_anywhere_show_in_their_order_and_can_be_chosen(catalogue: LookCatalogue, kind: str) -> None:
    looks = catalogue.looks[::-3]
    names = {group.id: group.name for group in catalogue.groups.values()}
    sources: dict[str, Any] = {
        "frame": looks_to_frame(looks, group_names=names),
        "list": list(looks),
        "generator": (look for look in looks),
        "tuple": looks,
        "catalogue": LookCatalogue.of(looks),
    }
    picker = RecordingPicker(sources[kind], selected_id=looks[7].id)
    assert shown_ids(picker) == [look.id for look in looks]
    assert picker.value is not None
    assert picker.value.id == looks[7].id
    picker.vue_choose(looks[4].id)
    assert picker.to_frame()["id"].tolist() == [looks[4].id]
    if kind == "frame":
        assert picker.to_frame()["group_name"].tolist() == [names[str(looks[4].group_id)]]
    assert not picker.status["online"]
    assert picker.status["complete"]
    assert not picker.status["loading"]
    assert picker._follower is None
    assert picker.error == ""
    picker.close()


def test_a_picker_of_no_looks_at_all_is_complete_and_empty() -> None:
    for source in ([], looks_to_frame([]), iter(())):
        picker = LookPicker(source)
        assert (picker.status["shown"], picker.status["complete"], picker.error) == (0, True, "")
        picker.close()


def test_an_unknown_id_among_looks_that_are_here_is_named_and_refresh_and_retry_do_nothing(
    catalogue: LookCatalogue,
) -> None:
    picker = LookPicker(catalogue.looks[:5], selected_id="no_such_look")
    assert picker.value is None
    assert "no_such_look" in picker.error
    picker.vue_refresh()
    picker.vue_retry()
    assert (picker.status["shown"], picker.status["complete"], picker._follower) == (5, True, None)
    picker.close()


@pytest.mark.parametrize("source", [{"id": "x"}, b"bytes", 7, [1, 2], ["look_id"], [None]])
def test_what_holds_no_looks_is_a_type_error(source: Any) -> None:
    with pytest.raises(TypeError):
        LookPicker(source)


def test_a_frame_that_lacks_a_column_is_a_value_error_that_names_it(catalogue: LookCatalogue) -> None:
    with pytest.raises(ValueError, match="avatar_type"):
        LookPicker(looks_to_frame(catalogue.looks[:3]).drop(columns="avatar_type"))


# -- the cache, and catalogues that are shared -------------------------------------------------------------------------


def test_cache_is_handed_to_the_catalogue_and_checked(client: HeyGenClient, cache_home: Path) -> None:
    never = LookPicker(client, cache=None)
    assert never.catalogue.wait(timeout=60)
    assert not list(cache_home.rglob("*.gz"))
    kept = LookPicker(client, cache=timedelta(hours=1))
    assert kept.catalogue is not never.catalogue
    assert kept.catalogue.wait(timeout=60)
    assert len(list(cache_home.rglob("*.gz"))) == 1
    with pytest.raises(TypeError, match="24"):
        LookPicker(client, cache=24)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="negative"):
        LookPicker(client, cache=timedelta(hours=-1))
    never.close()
    kept.close()


def test_pickers_on_the_same_client_share_one_catalogue_and_closing_one_leaves_the_other_loading() -> None:
    with loading() as (service, gate, first), client_of(service, max_retries=0) as client:
        second = LookPicker(client)
        assert first.catalogue is second.catalogue
        first.close()
        gate.opened.set()
        assert finish(second.catalogue)
        follow(second)
        assert second.status["loaded"] == 230
        third = LookPicker(client)
        assert third.catalogue is second.catalogue
        assert third.status["complete"]
        assert service.counts()["public looks"] == pages(230)
        second.close()
        third.close()


@pytest.mark.parametrize("hidden", [1, 2])
def test_hiding_one_of_two_pickers_leaves_the_other_loading_and_hiding_both_pauses(hidden: int) -> None:
    with loading() as (service, gate, first), client_of(service, max_retries=0) as client:
        pickers = [first, LookPicker(client)]
        for picker in pickers:
            picker.set_state({"_view_count": 1})
        for picker in pickers[:hidden]:
            picker.set_state({"_view_count": 0})
        gate.opened.set()
        assert finish(first.catalogue) == (hidden == 1)
        first.set_state({"_view_count": 1})
        assert finish(first.catalogue)
        pickers[1].close()


def test_nothing_of_the_stand_in_is_kept_and_pickers_on_it_share_a_catalogue(cache_home: Path) -> None:
    one, other = LookPicker(demo_client(looks=60)), LookPicker(demo_client(looks=60))
    assert one.catalogue is other.catalogue
    assert one.catalogue.wait(timeout=60)
    assert not list(cache_home.rglob("*"))
    one.close()
    other.close()


@pytest.mark.parametrize("arguments", [{"looks": "20"}, {"looks": 2.5}, {"seed": "a"}, {"latency": "slow"}])
def test_a_stand_in_of_what_is_no_number_is_a_type_error_that_names_it(arguments: dict[str, Any]) -> None:
    ((name, value),) = arguments.items()
    with pytest.raises(TypeError, match=f"{name} .*not {value!r}"):
        demo_client(**arguments)


@pytest.mark.parametrize("one_client", [True, False])
def test_what_was_complete_before_it_was_shown_is_followed_when_it_is_loaded_anew(
    client: HeyGenClient, one_client: bool
) -> None:
    catalogue = LookCatalogue.shared(client)
    catalogue.load()
    one = LookPicker(client if one_client else catalogue)
    other = LookPicker(client)
    assert one.catalogue is other.catalogue is catalogue
    for picker in (one, other):
        follow(picker)
        picker.set_state({"_view_count": 1})
        assert picker.status["complete"]
    before = one.status["loadedAt"]
    told = threading.Event()
    one.observe(lambda change: change["new"]["loadedAt"] != before and told.set(), "status")
    other.vue_refresh()
    assert told.wait(30)
    one.close()
    other.close()


def test_the_first_window_holds_what_was_loaded_anew_before_the_picker_was_shown() -> None:
    with running({}, {"q": 40}) as (service, client):
        picker = LookPicker(client)
        assert picker.catalogue.wait(timeout=60)
        follow(picker)
        service.looks["public"].reverse()
        picker.catalogue.refresh()
        assert picker.catalogue.wait(timeout=60)
        picker.set_state({"_view_count": 1})
        assert [card["id"] for card in picker.opening["looks"]] == service.ids()[:24]
        picker.close()


def test_a_refresh_that_was_stopped_goes_on_where_it_stood() -> None:
    with running({}, {"a": 120}) as (service, client):
        picker = LookPicker(client, cache=None)
        assert finish(picker.catalogue)
        service.seen.clear()
        gate = service.before = Gate("public looks", first=2)
        picker.vue_refresh()
        service.wait_for_request("public looks", 2)
        picker.catalogue.stop()
        gate.opened.set()
        finish(picker.catalogue)
        follow(picker)
        assert (picker.status["refreshed"], picker.status["loading"]) == (100, False)
        picker.vue_refresh()
        assert finish(picker.catalogue)
        follow(picker)
        assert picker.status["refreshed"] is None
        assert service.counts()["public looks"] == pages(120)
        picker.close()


def test_without_a_thread_to_follow_the_loading_the_picker_says_so_and_retry_follows_it(
    monkeypatch: pytest.MonkeyPatch, client: HeyGenClient
) -> None:
    let_no_thread_begin("picker", monkeypatch)
    picker = LookPicker(client)
    assert "can't start new thread" in picker.error
    monkeypatch.undo()
    picker.vue_retry()
    assert picker.catalogue.wait(timeout=60)
    follow(picker)
    assert picker.error == ""
    assert picker.status["complete"]
    picker.close()


# -- what the views are told of loading -------------------------------------------------------------------------------


def test_the_status_tells_a_stop_from_the_end() -> None:
    with loading() as (_, gate, picker):
        assert picker.status["loading"]
        assert not picker.status["complete"]
        picker.catalogue.stop()
        gate.opened.set()
        finish(picker.catalogue)
        follow(picker)
        stopped = dict(picker.status)
        assert (stopped["loading"], stopped["complete"], stopped["online"], picker.error) == (False, False, True, "")
        assert stopped["loadedAt"] is None
        picker.vue_retry()
        assert finish(picker.catalogue)
        follow(picker)
        assert (picker.status["loading"], picker.status["complete"], picker.status["loaded"]) == (False, True, 230)
        assert picker.status["loadedAt"] is not None


def test_a_refresh_shows_the_old_looks_and_how_many_new_ones_have_come() -> None:
    with running({}, {"a": 120}) as (service, client):
        picker = RecordingPicker(client, cache=None)
        assert finish(picker.catalogue)
        follow(picker)
        old = shown_ids(picker)
        gate = service.before = Gate("public looks", first=3)
        seen: list[dict[str, Any]] = []
        counted = threading.Event()
        picker.observe(lambda change: seen.append(change["new"]), "status")
        picker.observe(lambda change: change["new"]["refreshed"] and counted.set(), "status")
        picker.vue_refresh()
        assert counted.wait(30)
        gate.opened.set()
        assert finish(picker.catalogue)
        follow(picker)
        assert {status["loaded"] for status in seen} == {120}
        assert all(status["complete"] for status in seen)
        assert seen[-1]["refreshed"] is None
        assert shown_ids(picker) == old
        picker.close()


def test_a_refresh_that_fails_says_so_and_does_not_call_what_is_shown_incomplete() -> None:
    with running({}, {"a": 120}) as (service, client):
        picker = LookPicker(client, cache=None)
        assert finish(picker.catalogue)
        service.before = lambda _: hang_up
        picker.vue_refresh()
        finish(picker.catalogue)
        follow(picker)
        assert picker.error.startswith("Not refreshed: ")
        assert (picker.status["complete"], picker.status["loaded"]) == (True, 120)
        picker.close()


def test_characters_of_one_types_catalogue_show_the_number_of_that_type() -> None:
    with running({"p": 3}, {"q": 60, "r": 2}) as (_, client):  # every third look of a character is a twin
        catalogue = LookCatalogue(client, avatar_type="digital_twin", cache=None)
        picker = LookPicker(catalogue)
        picker.show = "characters"
        assert catalogue.wait(timeout=60)
        follow(picker)
        shown = {card["id"]: card["type"] for card in picker._window(0, 120)["looks"]}
        assert shown == {"p": "1 look", "q": "20 looks"}
        picker.close()


def test_only_the_part_that_failed_is_named_while_the_others_go_on() -> None:
    release = threading.Event()

    def answer(handler: Handler) -> None:
        if not handler.path.startswith("/v3/avatars/looks"):
            reply({"data": [], "has_more": False})(handler)
        elif "ownership=private" in handler.path:
            failure(403, "forbidden", "Private looks are not for this key")(handler)
        else:
            release.wait(30)
            page(["a", "b"], has_more=False)(handler)

    with Loopback(answer) as server, client_of(server, max_retries=0) as client:
        picker = LookPicker(client)
        revision = -1
        while picker.catalogue.progress.error is None:
            revision = picker.catalogue.wait_for_change(revision, timeout=10)
        picker._publish()
        try:
            assert picker.status["loading"]
            assert "private looks" in picker.error
            assert "public looks" not in picker.error
        finally:
            release.set()
        assert not picker.catalogue.wait(timeout=30)
        follow(picker)
        assert picker.error.startswith("Not complete: private looks. ")
        assert picker.status["loaded"] == 2
        picker.close()


@pytest.mark.parametrize("group_id", ["..", ".", "a/../b", "x" * 100_000])
def test_an_impossible_character_matches_nothing_and_breaks_no_thread(group_id: str) -> None:
    with loading() as (_, gate, picker):
        picker.filter = LookFilter(group_id=group_id)
        gate.opened.set()
        assert finish(picker.catalogue)
        follow(picker)
        assert (picker.status["matched"], picker.status["loaded"]) == (0, 230)
        assert picker.error == ""


# -- what is synced ---------------------------------------------------------------------------------------------------


def test_no_event_of_the_view_has_the_name_of_a_synced_trait(picker: RecordingPicker) -> None:
    # In the view both are members of the same object, and one hides the other.
    events = {name.removeprefix("vue_") for name in dir(picker) if name.startswith("vue_")}
    assert not events & set(picker.traits(sync=True))


@pytest.mark.parametrize("show", ["looks", "characters"])
def test_no_synced_trait_holds_looks_or_addresses_of_pictures(picker: RecordingPicker, show: str) -> None:
    picker.show = show
    picker.set_state({"_view_count": 1})
    picker.vue_took_opening(picker.opening["version"])
    picker.vue_ask_window({"view": "v", "start": 0, "count": 120})
    picker.filter = LookFilter(gender="female")
    state = {name: value for name, value in picker.get_state().items() if name not in ("components", "template")}
    text = json.dumps(state, default=str)
    assert len(text) < 6_000
    for look in picker.catalogue.looks:
        assert look.id not in text
        assert (look.preview_image_url or "http://") not in text
