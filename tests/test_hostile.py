"""What the service sends and what the front end sends is hostile: nothing runs, nothing grows, no state is wrong."""

from __future__ import annotations

import gc
import json
import random
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from avatar_service import Gate, Service, end_of, finish, our_threads, running
from loopback import Loopback, client_of, failure
from loopback import look as record

from heygen_widgets import LookCatalogue, LookFilter, LookPicker
from heygen_widgets._display import clip, image
from heygen_widgets.catalogue.store import Character
from heygen_widgets.models import AvatarGroup, Look
from heygen_widgets.picker.cards import card, character_card
from heygen_widgets.picker.options import found_options, short_options

LONG = "x" * 100_000
MEGABYTES = "y" * 10_000_000
WINDOW = 200_000  # bytes, more than a window of 120 looks with signed URLs takes


class RecordingPicker(LookPicker):
    """A picker that keeps each message it would send to the front end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.messages: list[dict[str, Any]] = []
        super().__init__(*args, **kwargs)

    def _send(self, msg: dict[str, Any], buffers: object = None) -> None:
        self.messages.append(msg)

    def answers(self, method: str) -> list[dict[str, Any]]:
        contents = [message["content"] for message in self.messages if message["method"] == "custom"]
        return [content["args"][0] for content in contents if content["method"] == method]

    def updates(self, name: str) -> list[object]:
        """Give what the front end was told of a trait."""
        told = [message["state"] for message in self.messages if message["method"] == "update"]
        return [state[name] for state in told if name in state]

    def receive(self, data: dict[str, Any]) -> None:
        """Take a message as from the front end."""
        self._handle_msg({"content": {"data": data}, "buffers": []})


def known_looks(number: int = 300) -> list[Look]:
    kinds = ("photo_avatar", "digital_twin", "studio_avatar")
    return [
        Look(f"id-{n}", f"Look {n}", kinds[n % 3], group_id=f"g-{n % 20}", tags=(f"tag {n % 7}",))
        for n in range(number)
    ]


@pytest.fixture
def picker() -> Iterator[RecordingPicker]:
    groups = [AvatarGroup(f"g-{n}", f"Character {n}", looks_count=15) for n in range(20)]
    shown = RecordingPicker(LookCatalogue.of(known_looks(), groups))
    shown.selected_id = "id-7"
    shown.messages.clear()
    yield shown
    shown.close()


def size(message: object) -> int:
    """Give the bytes of a message, which must be one that Jupyter can send."""
    return len(json.dumps(message, ensure_ascii=False, allow_nan=False).encode())


# -- the service: URLs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://files2.heygen.ai/a.webp?Expires=1&Signature=x~_&Key-Pair-Id=K",
        "http://127.0.0.1:8000/a b.png",
        "HTTPS://host/a.png",
        "Data:Image/png;base64,iVBORw0KGgo=",
        "data:image/svg+xml,<svg onload='alert(1)'/>",
        "https://host/" + "a" * 99_000,
    ],
)
def test_a_picture_comes_by_http_or_as_an_image_of_its_own(url: str) -> None:
    assert image(Look("a", "A", "photo_avatar", preview_image_url=url)) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:,image/",
        "data:imagex/png,",
        "file:///etc/passwd",
        "blob:https://host/1",
        "ftp://host/a.png",
        "//host/a.png",
        "/a.png",
        "a.png",
        "https:a.png",
        "https:///host/a.png",
        "https://",
        "https://?a",
        "https://@host/a.png",
        "https:\\\\host\\a.png",
        "\x01https://host/a.png",
        "https://host/a\n.png",
        "https://host/a\x00.png",
        "ht\ttps://host/a.png",
        "x https://host/a.png",
        "https://host/" + LONG,
        "data:image/png;base64," + MEGABYTES,
    ],
)
def test_no_other_url_reaches_a_picture(url: str | None) -> None:
    assert image(Look("a", "A", "photo_avatar", preview_image_url=url)) is None


def test_white_space_round_a_url_is_none_of_it() -> None:
    assert image(AvatarGroup("g", "G", preview_image_url=" \n https://host/a.png\t")) == "https://host/a.png"


# -- the service: texts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u202cc", "abc"),
        ("\u2067a\u2069\u200f\u200e\u061c", "a"),
        ("a\u200b\ufeff\u2060b", "ab"),
        ("a\r\n\tb\x1b[31m\x85c\u2028d", "a b [31m c d"),
        ("a\ud800b\0", "a\ufffdb\ufffd"),
        ("שלום عليكم", "שלום عليكم"),
        ("👩\u200d👩\u200d👧 می\u200cخواهم ❤\ufe0f", "👩\u200d👩\u200d👧 می\u200cخواهم ❤\ufe0f"),
        ("<script>alert('1')</script>", "<script>alert('1')</script>"),
        ("\u202e" * 100_000, "…"),
    ],
)
def test_a_text_shows_on_one_line_and_turns_nothing_round(text: str, shown: str) -> None:
    assert clip(text) == shown


@pytest.mark.parametrize("unseen", ["\u202e", " \u200b\n", "\x01" * 150, " "])
def test_a_name_or_a_value_that_shows_nothing_leaves_a_name_all_the_same(unseen: str) -> None:
    assert card(Look("id-1", unseen, unseen))["name"] in ("id-1", "…")
    assert card(Look(unseen, unseen, unseen))["name"].strip()
    assert card(Look("id-1", "A", unseen))["type"].strip()
    assert character_card(Character(unseen, None, 1, 1, None))["name"].strip()
    (option,) = short_options("engine", [unseen], {}, ())
    assert option["title"].strip()


@pytest.mark.parametrize("look_id", [LONG, "x" * 201, "a\ud800", "a\0"])
def test_a_card_whose_id_no_message_can_carry_shows_and_cannot_be_chosen(look_id: str) -> None:
    looks = [Look(look_id, "A", "photo_avatar", group_id=look_id), *known_looks(3)]
    picker = RecordingPicker(looks)
    picker.vue_ask_window({"view": "v", "start": 0, "count": 120})
    shown = picker.answers("window")[0]["looks"]
    assert [(one["id"], one["name"]) for one in shown][:2] == [(None, "A"), ("id-0", "Look 0")]
    picker.vue_choose(None)
    assert picker.value is None
    picker.show = "characters"
    picker.vue_ask_window({"view": "v", "start": 0, "count": 120})
    assert None in [one["id"] for one in picker.answers("window")[-1]["looks"]]
    picker.vue_open_character(None)
    assert (picker.show, picker.filter) == ("characters", LookFilter())
    assert size(picker.messages) < 4 * WINDOW
    picker.close()


def hostile_records(number: int) -> list[dict[str, Any]]:
    """Give looks as a service may serve them at its worst, each text with another end."""
    return [
        record(
            f"{LONG}-{n}",
            name=f"{LONG}-{n}",
            avatar_type=f"{LONG}-{n}",
            group_id=f"{LONG}-{n}",
            preview_image_url=f"https://host/{LONG}-{n}",
            tags=[f"{LONG}-{n}-{m}" for m in range(2)],
            supported_api_engines=[f"{LONG}-{n}"],
            status=f"{LONG}-{n}",
            gender=LONG,
            image_width=10**400,
            error={"code": LONG, "message": LONG},
        )
        for n in range(number)
    ]


def test_no_message_and_no_trait_grows_with_what_the_service_sends() -> None:
    looks = [Look.from_json(one) for one in hostile_records(120)]
    picker = RecordingPicker(LookCatalogue.of(looks, [AvatarGroup(f"{LONG}-{n}", LONG) for n in range(120)]))
    for show in ("looks", "characters"):
        picker.vue_set_show(show)
        picker.vue_ask_window({"view": "v", "start": 0, "count": 120})
        picker.vue_ask_options({"view": "v", "field": "tag", "query": ""})
        picker.vue_ask_options({"view": "v", "field": "group_id", "query": ""})
    picker.set_state({"_view_count": 1})
    assert picker.opening["matched"] == 120
    assert max(map(size, picker.messages)) < WINDOW
    unchanging = ("components", "template", "layout", "_jupyter_vue")
    assert size({name: value for name, value in picker.get_state().items() if name not in unchanging}) < WINDOW
    picker.close()


def test_what_is_too_long_to_be_chosen_by_is_not_offered_and_the_others_are() -> None:
    offered = short_options("engine", [LONG, "avatar_v", "a\ud800"], {LONG: 3, "avatar_v": 2}, ())
    assert [item["value"] for item in offered] == ["avatar_v"]
    found = found_options({LONG: "Long", "b": "Short"}, {LONG: 3}, "")
    assert ([item["value"] for item in found["items"]], found["more"]) == (["b"], 0)


def test_the_tags_are_offered_where_any_of_them_can_be_chosen() -> None:
    picker = RecordingPicker([Look("a", "A", "photo_avatar", tags=(LONG, "short", "other"))])
    assert picker.choices["tag"] == [{"value": "short", "title": "short"}]
    picker.close()


def test_a_chosen_tag_is_called_by_a_title_that_turns_nothing_round() -> None:
    picker = RecordingPicker([Look("a", "A", "photo_avatar", tags=("plain", "tag\u202eback"))])
    picker.filter = LookFilter(tag="tag\u202eback")
    assert {"value": "tag\u202eback", "title": "tagback"} in picker.choices["tag"]
    picker.close()


def test_of_a_list_of_tags_without_end_a_record_keeps_a_thousand() -> None:
    many = [f"tag {n}" for n in range(1_000_000)]
    look = Look.from_json(record("a", tags=many, supported_api_engines=many))
    assert look.tags == look.supported_api_engines == tuple(many[:1_000])


def test_an_error_of_the_services_is_one_short_line() -> None:
    refusal = failure(403, LONG, f"\u202e<script>\n{LONG}\x1b\u2028")
    with Loopback(refusal) as server, client_of(server, max_retries=0) as client:
        picker = RecordingPicker(client, cache=None)
        finish(picker.catalogue)
        end_of([picker._follower] if picker._follower else [])
        picker.close()
    assert "<script>" in picker.error
    assert len(picker.error) < 2_000
    assert picker.error.isprintable()


@pytest.mark.parametrize("text", [LONG, "a\nb", "\u202ea", "<script>"])
def test_no_repr_is_long_or_breaks_the_line(text: str) -> None:
    looks = [Look(f"{text}{n}", text, text) for n in range(50)]
    picker = RecordingPicker(looks, multiple=True)
    picker.values = tuple(looks)
    group = AvatarGroup(text, text)
    for told in (repr(looks[0]), repr(group), repr(picker), repr(picker.catalogue)):
        assert len(told) < 1_000
        assert told.isprintable()
    picker.close()


def test_a_look_of_whatever_id_the_service_served_is_chosen_by_its_card() -> None:
    ids = [
        '"><script>alert(1)</script>',
        "javascript:alert(1)",
        "a' b\" c`",
        "\u202eid",
        "../..",
        "{{ 1 }}",
        "%00",
        "a\nb",
    ]
    with Service() as service, client_of(service, max_retries=0) as client:
        service.looks = {"private": [], "public": [record(look_id, name="n") for look_id in ids]}
        picker = RecordingPicker(client, cache=None)
        assert finish(picker.catalogue)
        for look_id in ids:
            picker.receive({"method": "custom", "content": {"event": "choose", "data": look_id}})
            assert picker.value is not None
            assert (picker.value.id, picker.selected_id) == (look_id, look_id)
        picker.close()


# -- the front end: traits --------------------------------------------------------------------------------------------

ANYTHING: list[Any] = [
    None,
    True,
    -5,
    10**9,
    10**400,
    float("nan"),
    float("inf"),
    1.5,
    "",
    "text",
    "a\ud800",
    LONG,
    MEGABYTES,
    [],
    [[]],
    [1, None],
    {},
    {"a": {"b": [1]}},
    {"nonsense": 1},
    {"search": 1},
    {"search": LONG},
    {"search": "\ud800"},
    {"gender": "Woman"},
    {"tag": {"a": 1}},
    {"tag": [LONG]},
    {"tag": [str(n) for n in range(1_000_000)]},
    {"group_id": [None]},
    {"sort": "nonsense"},
    {"sort": {}},
    {"ready": "yes"},
    {"self": 1},
]


FITS: dict[str, list[Any]] = {
    "filter": [{}],
    "selected_id": ["", "text"],
    "error": ["", "text"],
    "multiple": [True],
}


def held(picker: LookPicker) -> dict[str, Any]:
    return {name: value for name, value in picker.get_state().items() if name != "_jupyter_vue"}


@pytest.mark.parametrize("name", [name for name in LookPicker.class_trait_names(sync=True) if name != "_jupyter_vue"])
def test_what_the_front_end_may_not_set_changes_nothing_and_it_is_sent_what_holds(
    picker: RecordingPicker, name: str
) -> None:
    before = held(picker)
    for value in ANYTHING:
        if any(value is one for one in FITS.get(name, [])) or value in FITS.get(name, []):
            continue
        picker.messages.clear()
        picker.receive({"method": "update", "state": {name: value}})
        assert held(picker) == before
        assert picker.messages == [{"method": "update", "state": {name: before[name]}, "buffer_paths": []}]


@pytest.mark.parametrize("name", ["close", "values", "value", "comm", "keys", "_catalogue", "", "__class__"])
def test_what_is_no_synced_trait_is_not_the_front_ends_to_set(picker: RecordingPicker, name: str) -> None:
    before = held(picker)
    picker.receive({"method": "update", "state": {name: "text"}})
    assert held(picker) == before
    assert picker.values == (picker.catalogue.get("id-7"),)
    assert not picker.messages


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filter", {"search": "look", "tag": ["tag 1", "tag 2"], "ready": True, "sort": "-name"}),
        ("filter", {"avatar_type": "photo_avatar"}),
        ("show", "characters"),
        ("selected_id", "id-3"),
        ("selected_id", ""),
        ("error", "Something else"),
        ("multiple", True),
        ("height", 1200),
        ("_view_count", 2),
    ],
)
def test_what_the_front_end_may_set_it_can_set(picker: RecordingPicker, name: str, value: Any) -> None:
    picker.receive({"method": "update", "state": {name: value}})
    wanted = LookFilter(**value) if name == "filter" else value
    assert getattr(picker, name) == wanted


def test_beside_a_field_that_is_refused_the_others_are_taken(picker: RecordingPicker) -> None:
    template = picker.get_state("template")["template"]
    state = {
        "height": 10**9,
        "selected_id": "id-3",
        "template": "<b>",
        "filter": {"gender": "Woman"},
        "show": "characters",
    }
    picker.receive({"method": "update", "state": state})
    assert (picker.height, picker.selected_id, picker.show, picker.filter) == (560, "id-3", "characters", LookFilter())
    assert (picker.updates("height"), picker.updates("template")) == ([560], [template])
    assert picker.updates("filter") == [{}]
    echoed = [message["state"] for message in picker.messages if message["method"] == "echo_update"]
    assert echoed in ([], [{"selected_id": "id-3", "show": "characters"}])


@pytest.mark.parametrize("state", [None, [], "text", 5, [["height", 300]]])
def test_a_state_that_is_none_changes_nothing(picker: RecordingPicker, state: Any) -> None:
    before = held(picker)
    picker.set_state(state)
    assert held(picker) == before


def test_an_unknown_id_from_the_front_end_is_told_and_taken_back_there(picker: RecordingPicker) -> None:
    picker.receive({"method": "update", "state": {"selected_id": "nobody"}})
    assert (picker.selected_id, picker.updates("selected_id")) == ("id-7", ["id-7"])
    assert "'nobody'" in picker.error


# -- the front end: events --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        {"create_widget": ["builtins", "dict"], "id": "x", "props": {"a": {"functionRef": "close"}}},
        {"create_widget": ["ipywidgets", "Text"], "id": "x", "props": {"value": {"objectRef": "error"}}},
        {"update_ref": {"functionRef": "close"}, "id": "{id}", "prop": "error"},
        {"update_ref": {"functionRef": "set_trait", "args": ["height", 300]}, "id": "{id}", "prop": "error"},
        {"update_ref": "text", "id": "{id}", "prop": "error"},
        {"destroy_widget": "x"},
        {"event": "nonsense"},
        {"event": "../close"},
        {"event": ["choose"], "data": "id-3"},
        {"event": {}},
        {"event": None},
        {},
        None,
        [],
        "text",
        5,
    ],
)
def test_a_message_calls_an_events_handler_and_nothing_else(
    picker: RecordingPicker, content: Any, caplog: pytest.LogCaptureFixture
) -> None:
    if isinstance(content, dict) and content.get("id") == "{id}":
        content = {**content, "id": picker.model_id}
    before = held(picker)
    picker.receive({"method": "custom", "content": content})
    assert picker.comm is not None
    assert held(picker) == before
    assert not picker.messages
    assert not caplog.records


def events(picker: LookPicker) -> list[str]:
    return [name.removeprefix("vue_") for name in dir(picker) if name.startswith("vue_")]


NO_ARGUMENT = (
    "retry",
    "refresh",
    "clear_filter",
    "clear_choice",
    "restore_choice",
    "dismiss",
    "leave_character",
    "took_opening",
)


def test_whatever_comes_with_an_event_its_handler_raises_nothing_and_the_state_stays(picker: RecordingPicker) -> None:
    before = held(picker)
    for event in events(picker):
        for value in ANYTHING:
            for data in (
                value,
                [value],
                {"view": value, "start": value, "count": value, "field": value, "query": value},
            ):
                picker._handle_event(picker, {"event": event, "data": data}, [b"buffer"])
        if event not in NO_ARGUMENT:
            allowed = {"filter": {"search": "\ufffd"}} if event == "set_filter" else {}
            assert {**held(picker), "choices": 0, "status": 0} == {**before, "choices": 0, "status": 0, **allowed}
        picker.filter, picker.show, picker.selected_id = LookFilter(), "looks", before["selected_id"]
    assert max(map(size, picker.messages)) < WINDOW
    assert picker._asks_left == 100


@pytest.mark.parametrize(("view", "echoed"), [("v", "v"), (LONG, None), (5, None), ("\ud800", None), ({"a": 1}, None)])
def test_an_answer_bears_the_name_of_the_view_where_that_is_a_short_text(
    picker: RecordingPicker, view: Any, echoed: str | None
) -> None:
    picker.vue_ask_window({"view": view, "start": 0, "count": 1})
    picker.vue_ask_options({"view": view, "field": view, "query": view})
    assert [answer["view"] for answer in picker.answers("window") + picker.answers("options")] == [echoed, echoed]


def test_a_preview_that_failed_is_renewed_whatever_else_stands_beside_it(picker: RecordingPicker) -> None:
    url = "https://host/a.webp?Expires=1000000000&Signature=x"
    shown = RecordingPicker([Look("a", "A", "photo_avatar", preview_image_url=url)])
    shown.vue_previews_failed([None, {}, "nobody", "a", 5])
    assert shown._expired == {"a": url}
    shown.close()


# -- the front end: what asks the service -----------------------------------------------------------------------------


def test_ids_from_the_front_end_ask_the_service_a_hundred_times_and_those_of_python_without_end() -> None:
    with running(public={"a": 5}) as (service, client):
        picker = RecordingPicker(client, cache=None)
        assert finish(picker.catalogue)
        loaded = len(service.asked())
        for n in range(1_000):
            picker.receive({"method": "update", "state": {"selected_id": f"nobody-{n}"}})
        assert len(service.asked()) == loaded + 100
        assert (picker.selected_id, picker.value) == ("", None)
        assert "'nobody-999'" in picker.error
        assert picker.updates("selected_id")[-1] == ""
        picker.receive({"method": "update", "state": {"selected_id": "a-3"}})
        assert (picker.selected_id, picker.error) == ("a-3", "")
        for n in range(10):
            picker.selected_id = f"python-{n}"
        assert len(service.asked()) == loaded + 110
        picker.close()


def test_unknown_characters_from_the_front_end_ask_the_service_no_more_than_a_hundred_times() -> None:
    with running(public={"a": 60, "b": 60}) as (service, client):
        gate = Gate("public looks", 2)
        service.before = gate
        picker = RecordingPicker(client, cache=None)
        service.wait_for_request("public looks", 2)
        service.wait_for_request("public characters")
        for n in range(1_000):
            picker.receive({"method": "update", "state": {"filter": {"group_id": f"nobody-{n}"}}})
            picker.vue_set_filter({"group_id": [f"nobody-{n}-{m}" for m in range(100)]})
            picker.vue_open_character(f"nobody-{n}")
        assert picker.filter == LookFilter(group_id="nobody-99")
        picker.receive({"method": "update", "state": {"filter": {"group_id": ["nobody-99", "a"]}}})
        assert picker.filter.group_id == ("a", "nobody-99")
        gate.opened.set()
        finish(picker.catalogue)
        assert len({seen.query["group_id"] for seen in service.asked() if "group_id" in seen.query}) <= 101
        picker.close()


def test_ten_thousand_clicks_on_refresh_and_retry_begin_one_loading() -> None:
    with running(public={"a": 60}) as (service, client):
        picker = RecordingPicker(client, cache=None)
        assert finish(picker.catalogue)
        end_of(our_threads())
        gate = Gate("public looks", 1)
        service.before = gate
        counted = service.counts()["public looks"]
        for _ in range(5_000):
            picker.vue_refresh()
            picker.vue_retry()
        service.wait_for_request("public looks", counted + 1)
        assert len(our_threads()) <= 5
        gate.opened.set()
        assert finish(picker.catalogue)
        assert service.counts()["public looks"] == counted + 2
        assert len(picker.catalogue) == 60
        picker.close()


def test_an_id_that_could_not_be_asked_for_is_tried_again_by_a_hundred_clicks_on_retry_and_no_more() -> None:
    with running(public={"a": 5}) as (service, client):
        picker = RecordingPicker(client, cache=None)
        assert finish(picker.catalogue)
        service.before = lambda _: failure(500)
        picker.selected_id = "elsewhere"
        asked = len(service.asked())
        for _ in range(300):
            picker.vue_retry()
        assert len(service.asked()) == asked + 100
        picker.close()


def test_a_refresh_during_the_first_loading_does_not_begin_it_anew() -> None:
    with running(public={"a": 120}) as (service, client):
        gate = Gate("public looks", 2)
        service.before = gate
        picker = RecordingPicker(client, cache=None)
        service.wait_for_request("public looks", 2)
        picker.vue_refresh()
        gate.opened.set()
        assert finish(picker.catalogue)
        assert service.counts()["public looks"] == 3
        picker.close()


# -- the front end: thousands of messages -----------------------------------------------------------------------------


def mixed(rng: random.Random, picker: LookPicker) -> dict[str, Any]:
    """Give one message, now one as a view sends it and now one that makes no sense."""
    value = rng.choice(
        [*ANYTHING[:12], *ANYTHING[13:25], "id-3", "g-3", f"id-{rng.random()}", rng.randrange(-500, 500)]
    )
    fields = {
        name: rng.choice([value, "tag 3", "male", 7]) for name in rng.sample(["search", "tag", "gender", "view"], 2)
    }
    if rng.random() < 0.3:
        names = (*picker.keys, "nonsense")
        return {"method": "update", "state": {rng.choice(names): rng.choice([value, fields, "looks", 300])}}
    asked = {"view": value, "start": value, "count": rng.randrange(-5, 500), "field": "tag", "query": value, **fields}
    data = rng.choice([value, asked, fields, [value, value], "characters", "looks"])
    return {"method": "custom", "content": {"event": rng.choice([*events(picker), "nonsense"]), "data": data}}


def test_after_thousands_of_messages_all_is_as_it_was_and_nothing_has_grown(caplog: pytest.LogCaptureFixture) -> None:
    with running(public={f"g-{n}": 5 for n in range(20)}) as (service, client):
        picker = RecordingPicker(client, cache=None)
        picker._handle_event(picker, {"event": "ask_window", "data": {"view": "v"}}, [])
        assert finish(picker.catalogue)
        every = [look.id for look in picker.catalogue.looks]
        rng = random.Random(7)

        def round_of(number: int) -> int:
            for _ in range(number):
                picker.receive(mixed(rng, picker))
                picker.messages.clear()
            finish(picker.catalogue)
            service.seen.clear()
            gc.collect()
            return sys.getallocatedblocks()

        before = round_of(500)
        # Less than a block of memory for each message.
        assert round_of(1_500) - before < 1_500
        assert [look.id for look in picker.catalogue.looks] == every
        assert not caplog.records
        assert isinstance(picker.filter, LookFilter)
        assert 240 <= picker.height <= 1200
        picker.vue_clear_filter()
        picker.filter = LookFilter()
        picker.show = "looks"
        picker.vue_ask_window({"view": "v", "start": 0, "count": 120})
        assert [one["id"] for one in picker.answers("window")[-1]["looks"]] == every
        picker.set_state({"_view_count": 1})
        picker.set_state({"_view_count": 0})
        picker.close()
        assert end_of(our_threads())


def test_messages_on_several_threads_leave_a_picker_that_goes_on(picker: RecordingPicker) -> None:
    def send(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(300):
            picker.receive(mixed(rng, picker))

    threads = [threading.Thread(target=send, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    assert end_of(threads)
    picker.filter, picker.show = LookFilter(), "looks"
    picker.vue_ask_window({"view": "last", "start": 0, "count": 5})
    assert [one["id"] for one in picker.answers("window")[-1]["looks"]] == [f"id-{n}" for n in range(5)]
