"""The picker without a browser: its traits agree, its handlers take anything, and its messages show what is loaded."""

import threading
import warnings
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
import polars as pl
import pytest
import traitlets
from avatar_service import PATIENCE, Gate, fails, finish, ids, our_threads, pages, running
from loopback import failure, hang_up
from recording import RecordingPicker, ids_in, look, wait_for_publisher

from heygen_widgets import HeyGenClient, HeyGenError, LookCatalogue, LookFilter, LookPicker, demo_client, looks_to_frame
from heygen_widgets._background import Worker
from heygen_widgets.catalogue.cache import SnapshotCache
from heygen_widgets.demo import DemoService
from heygen_widgets.frame import frame_to_looks
from heygen_widgets.models import Look, Looks
from heygen_widgets.picker import widget


def many(number: int) -> list[Look]:
    return [look(f"id{i}") for i in range(number)]


@pytest.fixture
def picker(catalogue: LookCatalogue) -> RecordingPicker:
    return RecordingPicker(catalogue)


def loaded(picker: RecordingPicker) -> dict[str, Any]:
    """Wait until everything is loaded and sent, and return the status."""
    finish(picker.catalogue)
    wait_for_publisher()
    return picker.show_view()["status"]  # type: ignore[no-any-return]


def test_a_click_selects_a_look_and_a_second_click_deselects_it(picker: RecordingPicker) -> None:
    seen = []
    picker.observe(lambda change: seen.append((change["new"], picker.values, picker.selected_id)), "value")
    look = picker.catalogue.looks[5]
    for selected in (True, False):
        picker.click(look.id, selected=selected)
        expected = (look, (look,), look.id) if selected else (None, (), "")
        assert (picker.value, picker.values, picker.selected_id) == expected == seen[-1]
        assert picker.to_frame()["id"].tolist() == picker.selected_ids == ids(picker.values)
    assert len(seen) == 2
    for other in picker.catalogue.looks[6:8]:
        picker.click(other.id)
        assert picker.values == (other,)


def test_clicks_that_a_busy_kernel_gets_late_say_what_is_wanted_and_never_undo_each_other() -> None:
    picker = RecordingPicker(many(3), multiple=True)
    picker.click("id1", "id2", "id1")
    assert ids(picker.values) == ["id1", "id2"]
    for _ in range(2):
        picker.click("id1", selected=False)
        assert ids(picker.values) == ["id2"]
    before, picker.sent = picker.values, []
    for asked in ("id0", {"id": "id0"}, {"id": "id0", "selected": 1}, {"id": "id9", "selected": True}, None):
        picker.vue_select(asked)
        assert picker.values == before
    picker.vue_ask_answer("view 7")
    assert picker.sent == [{"method": "answered", "args": [{"view": "view 7", "ids": ["id2"]}]}]


def test_several_looks_are_selected_in_order_cleared_and_restored() -> None:
    picker = RecordingPicker(many(5), multiple=True)
    picker.vue_restore_selection()
    assert picker.values == ()
    picker.click("id3", "id1", "id4")
    picker.click("id1", selected=False)
    assert (ids(picker.values), picker.selected_id) == (["id3", "id4"], "id3")
    assert isinstance(picker.values, Looks)
    for _ in range(2):
        picker.vue_clear_selection()
        assert (picker.value, picker.values, picker.selected_id) == (None, (), "")
    picker.vue_restore_selection()
    assert ids(picker.values) == ["id3", "id4"]
    picker.filter = LookFilter("id0")  # hides them, and keeps the selection
    picker.multiple = False
    assert ids(picker.values) == ["id3"]
    picker.value = picker.catalogue.looks[2]
    picker.vue_restore_selection()
    assert ids(picker.values) == ["id2"]
    picker.value = None
    picker.vue_restore_selection()
    assert ids(picker.values) == ["id3"]
    # Also the last look that was deselected by itself
    picker.click("id1")
    picker.click("id1", selected=False)
    picker.vue_restore_selection()
    assert ids(picker.values) == ["id1"]


def test_a_selected_look_that_is_not_loaded_can_be_deselected_and_selected_again() -> None:
    picker = RecordingPicker(many(2), multiple=True)
    elsewhere = look("elsewhere", gender="female")
    picker.values = (elsewhere, *picker.catalogue.looks[1:])
    picker.vue_ask_selected("v")
    picker.vue_ask_details({"view": "v", "ids": ["elsewhere"]})
    assert [card["name"] for card in picker.answers("selected")[0]["looks"]] == ["Look elsewhere", "Look id1"]
    facts = {fact["name"]: fact["text"] for fact in picker.answers("details")[0]["looks"][0]["facts"]}
    assert facts["gender"] == "Female"
    picker.click("elsewhere", selected=False)
    assert ids(picker.values) == ["id1"]
    picker.click("elsewhere")
    assert picker.values == (picker.catalogue.get("id1"), elsewhere)
    picker.values = (elsewhere, farther := look("farther"))
    for selected in (False, True):
        picker.click("elsewhere", "farther", selected=selected)
    assert picker.values == (elsewhere, farther)


def test_a_range_of_cards_is_selected_in_their_order_up_to_the_limit() -> None:
    picker = RecordingPicker(many(2_000), multiple=True, values=["id7"])
    version = picker.show_view()["status"]["version"]
    for first, last, added in ((3, 5, ["id3", "id4", "id5"]), (1, 0, ["id0", "id1"])):
        expected = [*picker.selected_ids, *added]
        picker.vue_select_range({"from": first, "to": last, "version": version})
        assert ids(picker.values) == expected
    before = picker.values
    for first, last, given in ((8, 9, version + 1), ("8", 9, version), (8, None, version), (True, 9, version)):
        picker.vue_select_range({"from": first, "to": last, "version": given})
        assert (picker.values, picker.error) == (before, "")
    picker.vue_select_range({"from": 0, "to": 10**9, "version": version})
    assert (len(picker.values), picker.values[:6]) == (120, before)
    assert picker.error.startswith("120 of 2,000 looks are selected: a picker holds at most 120. ")
    picker.multiple = False
    picker.vue_select_range({"from": 9, "to": 2, "version": version})
    assert (ids(picker.values), picker.error) == (["id2"], "")
    picker.view = "characters"
    picker.vue_select_range({"from": 0, "to": 0, "version": picker.show_view()["status"]["version"]})
    assert ids(picker.values) == ["id2"]


def test_the_selection_takes_another_order_and_nothing_else() -> None:
    picker = RecordingPicker(many(4), multiple=True, values=["id0", "id1", "id2"])
    picker.vue_order(["id2", "id0", "id1"])
    assert (ids(picker.values), picker.selected_id) == (["id2", "id0", "id1"], "id2")
    before = picker.values
    for wrong in (["id0", "id1"], ["id0", "id1", "id3"], ["id0", "id1", "id1"], ["id0", "id1", "id2", "id2"], None, 7):
        picker.vue_order(wrong)
        assert picker.values == before


def test_a_view_gets_the_details_of_at_most_four_looks() -> None:
    picker = RecordingPicker(many(6))
    picker.vue_ask_details({"view": "v", "ids": ["id5", "no such", "id1", "id2", "id3", "id4"]})
    (answer,) = picker.answers("details")
    assert (answer["view"], ids_in(answer)) == ("v", ["id5", "id1", "id2"])


def test_a_filter_set_in_python_shows_its_looks_in_one_message(picker: RecordingPicker) -> None:
    picker.show_view()
    picker.sent.clear()
    picker.filter = LookFilter(avatar_type="digital_twin")
    matching = picker.catalogue.select(picker.filter)
    (message,) = picker.answers()
    assert ids_in(message["window"]) == ids(matching[:24])
    assert message["filter"] == picker.filter.to_json()
    assert message["status"]["matched"] == len(matching)
    assert len(picker.sent) == 1
    picker.view = "characters"
    assert ids_in(picker.answers()[-1]["window"]) == [c.id for c in picker.catalogue.characters(picker.filter)][:24]
    picker.sent.clear()
    picker.vue_open_character(ids_in(picker.show_view()["window"])[1])
    assert (picker.view, len(picker.sent)) == ("looks", 2)  # one message for both traits
    with pytest.raises(traitlets.TraitError):
        picker.view = "people"
    with pytest.raises(traitlets.TraitError, match="'id1' has an invalid name"):
        picker.value = look("id1", name="\ud800")
    assert picker.value is None


def test_a_view_gets_the_window_it_asks_for_and_nothing_is_sent_before_it_asks(picker: RecordingPicker) -> None:
    picker.filter = LookFilter(gender="female")
    assert picker.sent == []
    first = picker.show_view()
    assert (first["view"], first["status"]["shown"]) == ("v", len(picker.catalogue.select(picker.filter)))
    picker.vue_ask_window({"view": "w", "start": 10, "count": 10**9, "screen": 24})
    answer = picker.answers()[-1]
    assert {*answer} == {"view", "window"}
    assert ids_in(answer["window"]) == ids(picker.catalogue.select(picker.filter)[10:130])


def test_a_mounting_view_finds_its_first_window_and_gets_what_it_missed(picker: RecordingPicker) -> None:
    picker.show_view()
    picker.sent.clear()
    picker.set_state({"_view_count": 2})
    assert ids_in(picker.first_window["window"]) == ids(picker.catalogue.select()[:24])
    picker.vue_took_first_window()
    assert (picker.first_window, picker.sent) == ({}, [])
    picker.set_state({"_view_count": 1})
    assert picker.first_window == {}

    picker.set_state({"_view_count": 2})
    picker.filter = LookFilter(avatar_type="digital_twin")
    picker.sent.clear()
    picker.vue_took_first_window()
    (missed,) = picker.answers()
    assert ids_in(missed["window"])[0] == picker.catalogue.select(picker.filter)[0].id


def test_value_takes_any_look_and_the_frame_completes_it(client: HeyGenClient, picker: RecordingPicker) -> None:
    private = next(look for look in picker.catalogue if look.ownership == "private" and look.group_id)
    picker.value = client.get_look(private.id)
    frame = picker.to_frame()
    assert frame["ownership"].tolist() == ["private"]
    assert frame["group_name"].tolist() == [picker.catalogue.groups[str(private.group_id)].name]
    with warnings.catch_warnings(action="error"):  # of a filter that matches nothing
        picker.filter = LookFilter(tag="Busines")
        status = picker.show_view()["status"]
        assert (status["matched"], status["absent"][0][-24:]) == (0, "did you mean 'business'?")
    picker.value = look("elsewhere", group_id=private.group_id)
    assert (ids(picker.values), picker.selected_id) == (["elsewhere"], "elsewhere")
    assert picker.to_frame()["group_name"].tolist() == frame["group_name"].tolist()


def test_reset_brings_back_what_the_picker_was_created_with() -> None:
    wanted = LookFilter("look", sort="name")
    picker = LookPicker(many(5), multiple=True, filter=wanted, view="characters", selected_id="id2")
    picker.filter, picker.view, picker.values = LookFilter(gender="female"), "looks", picker.catalogue.looks[2:]
    seen: list[list[str]] = []
    picker.observe(lambda change: seen.append(ids(change["new"])), "values")
    picker.reset()
    assert (picker.filter, picker.view, seen) == (wanted, "characters", [["id2"]])

    several = LookPicker(many(5), multiple=True, values=[look("elsewhere"), *many(1)])
    several.vue_clear_selection()
    several.reset()
    assert ids(several.values) == ["elsewhere", "id0"]
    several.multiple = False
    several.reset()
    assert ids(several.values) == ["elsewhere"]

    unknown = LookPicker(many(4), multiple=True, selected_id="no such look")
    unknown.values = unknown.catalogue.looks[:2]
    unknown.reset()
    assert (unknown.values, "no such look" in unknown.error) == ((), True)


def test_pickers_can_be_linked_and_used_with_interact(catalogue: LookCatalogue) -> None:
    left, right = LookPicker(catalogue), LookPicker(catalogue)
    traitlets.link((left, "value"), (right, "value"))
    seen: list[Look | None] = []
    ipywidgets.interactive(lambda look: seen.append(look), look=left)
    right.value = catalogue.looks[4]
    assert (left.selected_id, seen) == (catalogue.looks[4].id, [None, catalogue.looks[4]])
    ipywidgets.jslink((left, "selected_id"), (right, "selected_id"))


def test_the_code_of_a_picker_makes_one_with_the_same_selection_and_filter() -> None:
    picker = LookPicker(demo_client(looks=120), multiple=True, cache=None)
    picker.catalogue.load()
    picker.filter = LookFilter("o", gender=["female", ""], engine="avatar_iv", ready=True, sort="-size")
    picker.view = "characters"
    picker.values = picker.catalogue.looks[3:6]
    namespace: dict[str, Any] = {}
    exec(picker.code(), namespace)
    again = namespace["picker"]
    assert (again.values, again.filter, again.multiple) == (picker.values, picker.filter, True)
    assert (again.view, again.catalogue.client.base_url) == ("characters", picker.catalogue.client.base_url)
    picker.close()
    assert 'look = client.get_look("id1")' in LookPicker(many(3), selected_id="id1").code()
    older = LookPicker(many(3), values=[Look("id1", "", "photo_avatar", status="processing")])
    assert '"id1"' in older.code("video")  # of the look as it was loaded


def test_exports_contain_the_selected_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    picker = LookPicker(demo_client(looks=60), multiple=True, cache=None)
    picker.catalogue.load()
    for name in ("gallery", "to_csv", "to_excel", "to_parquet"):
        with pytest.raises(ValueError, match=rf"Nothing is selected.*catalogue\.{name.replace('gallery', 'select')}"):
            getattr(picker, name)(tmp_path / "a.html")
    picker.values = picker.catalogue.looks[:2]
    looks = frame_to_looks(pd.read_csv(picker.to_csv(tmp_path / "a.csv", previews=False)))
    assert ids(tuple(looks)) == picker.to_frame(previews=False)["id"].tolist() == picker.selected_ids
    assert pd.read_excel(picker.to_excel(tmp_path / "a.xlsx"))["id"].tolist() == picker.selected_ids
    assert pd.read_parquet(picker.to_parquet(tmp_path / "a.parquet"))["id"].tolist() == picker.selected_ids
    assert picker.gallery() == Path("avatar-looks.html")
    page = picker.gallery(tmp_path / "a.html", title="For Ada").read_text(encoding="utf-8")
    assert [text in page for text in ("For Ada", *ids(picker.values))] == [True] * 3


@pytest.mark.parametrize("kind", ["frame", "polars", "mixed", "list", "catalogue"])
def test_looks_from_anywhere_show_in_their_order_without_a_request(catalogue: LookCatalogue, kind: str) -> None:
    looks = catalogue.looks[::-3]
    names = {group.id: group.name for group in catalogue.groups.values()}
    sources: dict[str, Any] = {
        "frame": looks_to_frame(looks),
        "polars": pl.from_pandas(looks_to_frame(looks)),
        "mixed": (look.to_dict() if number % 2 else look for number, look in enumerate(looks)),
        "list": list(looks),
        "catalogue": LookCatalogue.of(looks),
    }
    picker = RecordingPicker(sources[kind], selected_id=looks[7].id)
    assert ids_in(picker.show_view(120)["window"]) == ids(looks[:120])
    assert (picker.selected_id, picker.error, our_threads()) == (looks[7].id, "", set())
    assert picker.value == looks[7]
    assert picker.to_frame()["group_name"].tolist() == [names[str(looks[7].group_id)]]
    picker.vue_refresh()
    picker.vue_retry()
    status = picker.show_view()["status"]
    assert (status["online"], status["complete"], status["loading"]) == (False, True, False)
    with pytest.raises(HeyGenError, match="no_such_look"):
        picker.selected_id = "no_such_look"
    picker.set_trait("selected_id", "unknown")  # as a link does
    assert (picker.selected_id, "'unknown'" in picker.error) == (looks[7].id, True)


def test_of_rows_with_the_same_id_the_first_is_shown_and_types_and_names_may_be_missing() -> None:
    rows = [{"id": "a", "name": "A"}, {"id": "b"}, {"id": "a", "name": "Another"}, {"id": "b"}]
    with pytest.warns(UserWarning, match="^1 row repeats an id"):
        LookPicker(rows[:3])
    with pytest.warns(UserWarning, match="2 rows repeat an id") as caught:
        picker = LookPicker(rows)
    assert caught[0].filename == __file__
    assert [(look.id, look.name, look.avatar_type) for look in picker.catalogue] == [("a", "A", ""), ("b", "", "")]


def test_with_a_client_a_table_stays_as_it_is_and_fetches_what_it_lacks(
    client: HeyGenClient, catalogue: LookCatalogue
) -> None:
    first, other = catalogue.looks[0], catalogue.looks[1]
    picker = RecordingPicker(looks_to_frame([first]), client=client)
    picker.selected_id = other.id
    assert (picker.value, picker.error, ids(picker.catalogue.looks)) == (other, "", [first.id])
    picker.refresh()
    status = picker.show_view()["status"]
    assert (status["online"], status["loading"], status["loaded"]) == (False, False, 1)
    assert "has no client: open its snapshot with one" in picker.error
    assert client.code in picker.code()
    assert LookPicker(client=client, cache=None).catalogue is LookPicker(client, cache=None).catalogue
    for source in (client, catalogue):
        with pytest.raises(TypeError, match="client of its own"):
            LookPicker(source, client=client)
    with pytest.raises(TypeError, match="client must be a HeyGenClient, not int"):
        LookPicker(many(1), client=5)  # type: ignore[arg-type]


def test_a_snapshot_is_published_as_soon_as_it_is_read(
    client: HeyGenClient, cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LookCatalogue(client).load()
    gate, read = threading.Event(), SnapshotCache.read
    monkeypatch.setattr(SnapshotCache, "read", lambda cache: read(cache) if gate.wait(PATIENCE) else None)
    waiting, wait = threading.Event(), LookCatalogue.wait_for_snapshot
    monkeypatch.setattr(LookCatalogue, "wait_for_snapshot", lambda catalogue: (waiting.set(), wait(catalogue)))
    # One that publishes only once.
    monkeypatch.setattr(widget, "Worker", lambda *given, **options: Worker(*given, **options | {"interval": 60}))
    picker = RecordingPicker(LookCatalogue(client))
    picker.show_view()
    sent = threading.Event()
    monkeypatch.setattr(picker, "send", lambda content, _: content["args"][0]["status"]["complete"] and sent.set())
    assert waiting.wait(PATIENCE)
    gate.set()
    assert sent.wait(PATIENCE)


def test_without_a_key_the_picker_shows_what_to_do_and_retry_continues(
    service: DemoService, catalogue: LookCatalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    picker = RecordingPicker(selected_id=catalogue.looks[0].id)
    assert (picker.value, len(picker.to_frame()), picker.show_view()["status"]["online"]) == (None, 0, True)
    picker.vue_retry()
    assert "HEYGEN_API_KEY" in picker.error
    visitor = RecordingPicker()
    assert visitor.show_view()["status"]["keyless"]
    for _ in range(2):
        visitor.vue_show_demo()
    status = loaded(visitor)
    assert (status["keyless"], status["demo"], status["loaded"], visitor.error) == (False, True, 2_000, "")
    assert "client = demo_client()\n" in visitor.code()
    monkeypatch.setenv("HEYGEN_API_KEY", service.api_key)
    monkeypatch.setenv("HEYGEN_API_BASE", "http://example.com")
    picker.vue_retry()
    assert "HEYGEN_API_BASE" in picker.error
    monkeypatch.setenv("HEYGEN_API_BASE", service.base_url)
    picker.vue_retry()
    assert (loaded(picker)["loaded"], picker.error, picker.value) == (300, "", catalogue.looks[0])
    picker.vue_show_demo()
    assert loaded(picker)["loaded"] == 300


def test_a_refused_key_is_shown_once_with_what_to_do(service: DemoService) -> None:
    picker = RecordingPicker(HeyGenClient("wrong-key", base_url=service.base_url))
    problem = loaded(picker)["problem"]
    assert ("401" in problem, "wrong-key" in problem, "private characters" in problem) == (True, False, False)


def test_only_the_part_that_failed_is_named_until_the_error_is_dismissed() -> None:
    with running({"p": 3}, {"a": 2}) as (service, client):
        refusal = failure(403, "forbidden", "Private looks are not for this key")
        service.before = fails("private looks", 1, refusal, times=2)
        picker = RecordingPicker(client)
        status = loaded(picker)
        assert (status["loaded"], status["problem"].startswith("Not complete: private looks. ")) == (2, True)
        picker.vue_dismiss()
        picker.filter = LookFilter("a")
        assert picker.answers()[-1]["status"]["problem"] == ""
        picker.vue_retry()
        assert loaded(picker)["problem"] == status["problem"]


def test_a_refresh_keeps_the_old_looks_on_screen_and_counts_the_new_ones() -> None:
    with running({}, {"a": 120}) as (service, client):
        picker = RecordingPicker(client, cache=None)
        loaded(picker)
        before = ids_in(picker.show_view(120)["window"])
        service.seen.clear()
        gate = service.before = Gate("public looks", first=2)
        picker.vue_refresh()
        service.wait_for_request("public looks", 2)
        picker.catalogue.stop()
        gate.opened.set()
        status = loaded(picker)
        assert (status["refreshed"], status["loaded"], status["complete"]) == (100, 120, True)
        assert ids_in(picker.show_view(120)["window"]) == before
        picker.vue_refresh()  # continues
        assert loaded(picker)["refreshed"] is None
        assert service.counts()["public looks"] == pages(120)

        service.before = lambda _: hang_up
        picker.vue_refresh()
        status = loaded(picker)
        assert status["problem"].startswith("Not refreshed: ")
        assert (status["complete"], status["loaded"]) == (True, 120)


@pytest.mark.parametrize("quick", [False, True])  # has ended before anything can follow it
def test_a_load_that_another_picker_or_python_starts_is_published_too(
    quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running({}, {"q": 40}) as (service, client):
        picker = RecordingPicker(client)
        loaded(picker)
        if quick:
            started = LookCatalogue._load_started
            monkeypatch.setattr(LookCatalogue, "_load_started", lambda self: self.wait(60) and started(self))
        picker.sent.clear()
        service.looks["public"].reverse()
        picker.catalogue.refresh()
        assert picker.catalogue.wait(timeout=60)
        wait_for_publisher()
        *_, window = (answer["window"] for answer in picker.answers() if answer["window"])  # others may follow
        assert ids_in(window) == service.ids()[:24]
