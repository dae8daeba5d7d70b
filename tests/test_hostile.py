"""The service and the front end send hostile data: nothing runs, nothing grows, and the state stays valid."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comm
import pytest
from avatar_service import Gate, finish, our_threads, running
from ipywidgets import Layout, Widget
from loopback import look as record

from heygen_widgets import LookCatalogue, LookFilter, LookPicker, looks_to_gallery, looks_to_table
from heygen_widgets.errors import NotFoundError
from heygen_widgets.models import AvatarGroup, Look, Looks, Page, Voice

LONG = "x" * 100_000
MEGABYTES = "y" * 10_000_000
WINDOW = 200_000  # bytes, more than 120 cards with signed URLs take


class Comm(comm.base_comm.BaseComm):
    """The end of a comm in a notebook: it keeps each message of the kernel."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any) -> None:
        self.sent.append(data)


@pytest.fixture(autouse=True)
def _no_handler_raises(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", Comm)
    yield
    assert not caplog.get_records("call")  # ipywidgets logs what a handler raises


def receive(picker: Widget, data: object) -> None:
    picker.comm.handle_msg({"content": {"data": data}, "buffers": []})


def event(picker: LookPicker, name: str, data: object = None) -> None:
    receive(picker, {"method": "custom", "content": {"event": name, "data": data}})


def set_trait(picker: LookPicker, **state: object) -> None:
    receive(picker, {"method": "update", "state": state})


def answers(picker: LookPicker, method: str) -> list[dict[str, Any]]:
    contents = [message["content"] for message in picker.comm.sent if message.get("method") == "custom"]
    return [content["args"][0] for content in contents if content["method"] == method]


def cards(picker: LookPicker, count: int = 120) -> list[dict[str, Any]]:
    event(picker, "ask_window", {"view": "v", "start": 0, "count": count})
    shown: list[dict[str, Any]] = answers(picker, "update")[-1]["window"]["looks"]
    return shown


def choices(picker: LookPicker) -> dict[str, Any]:
    event(picker, "ask_window", {"view": "v", "start": 0, "count": 1, "first": True})
    offered: dict[str, Any] = answers(picker, "update")[-1]["choices"]
    return offered


def state_of(picker: LookPicker) -> dict[str, Any]:
    return {name: value for name, value in picker.get_state().items() if name != "_jupyter_vue"}


def size(message: object) -> int:
    """Return the bytes of a message, which must be valid JSON."""
    return len(json.dumps(message, ensure_ascii=False, allow_nan=False).encode())


def known_looks(number: int) -> list[Look]:
    kinds = ("photo_avatar", "digital_twin", "studio_avatar")
    return [
        Look(f"id-{n}", f"Look {n}", kinds[n % 3], group_id=f"g-{n % 20}", tags=(f"tag {n % 7}",))
        for n in range(number)
    ]


@pytest.fixture
def picker() -> Iterator[LookPicker]:
    groups = [AvatarGroup(f"g-{n}", f"Character {n}", looks_count=15) for n in range(20)]
    shown = LookPicker(LookCatalogue.of(known_looks(300), groups), selected_id="id-7")
    shown.comm.sent.clear()
    yield shown
    shown.close()


ALLOWED_URLS = [
    "https://files2.heygen.ai/a.webp?Expires=1&Signature=x~_&Key-Pair-Id=K",
    "http://127.0.0.1:8000/a b.png",
    "HTTPS://host/a.png",
    "Data:Image/png;base64,iVBORw0KGgo=",
    "data:image/svg+xml,<svg onload='alert(1)'/>",  # in an <img>, where scripts do not run
    "https://host/" + "a" * 99_000,
]
REFUSED_URLS = [
    *("", "javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)", "data:,image/", "data:imagex/png,"),
    *("data:text/html,<script>alert(1)</script>", "file:///etc/passwd", "blob:https://host/1", "ftp://host/a.png"),
    *("//host/a.png", "/a.png", "a.png", "https:a.png", "https:///host/a.png", "https://", "https://?a"),
    *("https://@host/a.png", "https:\\\\host\\a.png", "\x01https://host/a.png", "https://host/a\n.png"),
    *("https://host/a\x7f.png", "ht\ttps://host/a.png", "x https://host/a.png", "https://host/" + LONG),
    "data:image/png;base64," + MEGABYTES,
]


def test_pictures_come_by_http_or_as_image_data() -> None:
    urls = [*ALLOWED_URLS, " \n https://host/a.png\t", *REFUSED_URLS]
    picker = LookPicker([Look(f"{n}", "A", "photo_avatar", preview_image_url=url) for n, url in enumerate(urls)])
    shown = [*ALLOWED_URLS, "https://host/a.png", *[None] * len(REFUSED_URLS)]
    assert [card["image"] for card in cards(picker)] == shown
    picker.close()


@pytest.mark.parametrize("text", ["</script><i x=\"'>", "'\"><i x=y>&lt;", "{{ 1 }}<i x=\u202e\n>"])
def test_outside_text_is_escaped_in_every_html_that_python_makes(text: str, tmp_path: Path) -> None:
    signed = f"https://host/a.png?{text}"
    look = Look(text, text, text, group_id=text, tags=(text,), supported_api_engines=(text,), status=text)
    looks = Looks([look, Look("b", text, text, preview_image_url=signed)])
    voices = Page((Voice(text, text, text, text, signed, type=text),))
    picker = LookPicker(LookCatalogue.of(looks, [AvatarGroup(text, text)]), filter=LookFilter(text), values=[look])
    gallery = looks_to_gallery(picker.catalogue.looks[:1], tmp_path / "a.html", title=text)
    pages = [gallery.read_text(encoding="utf-8"), look.video_options(text)._repr_html_()]
    pages += [shown._repr_html_() for shown in (looks, *looks, voices, looks_to_table(picker.catalogue.looks))]
    pages.append(picker._repr_mimebundle_()["text/html"])
    assert not [page for page in pages if "<i x=" in page or text in page]
    picker.close()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u202cc", "abc"),
        ("\u2067a\u2069\u200f\u200e\u061c\u200b\ufeff\u2060b", "ab"),
        ("a\r\n\tb\u2028c", "a b c"),
        ("שלום عليكم 👩\u200d👩\u200d👧 می\u200cخواهم ❤\ufe0f", "שלום عليكم 👩\u200d👩\u200d👧 می\u200cخواهم ❤\ufe0f"),
        ("<script>alert('1')</script>", "<script>alert('1')</script>"),
        ("\u202e" * 100_000, "…"),
        *((unseen, "id-1") for unseen in ("\u202e", " \u200b\n", " ")),
    ],
)
def test_names_show_on_one_line_and_leave_the_text_around_them_alone(text: str, shown: str) -> None:
    picker = LookPicker([Look("id-1", text, text, tags=(text,), supported_api_engines=(text,)), Look(text, text, "")])
    first, second = cards(picker)
    assert first["name"] == shown
    assert first["type"].strip()
    assert second["name"].strip()
    assert all(option["title"].strip() for option in choices(picker)["engine"])
    picker.close()


@pytest.mark.parametrize("look_id", [LONG, "x" * 201])
def test_a_card_with_an_id_that_no_message_can_carry_is_shown_but_cannot_be_selected(look_id: str) -> None:
    looks = [Look(look_id, "A", "photo_avatar", group_id=look_id, tags=(look_id, "short")), *known_looks(3)]
    picker = LookPicker(looks)
    assert [(one["id"], one["name"]) for one in cards(picker)][:2] == [(None, "A"), ("id-0", "Look 0")]
    assert choices(picker)["tag"] == [{"value": "short", "title": "short"}]
    event(picker, "select", {"id": None, "selected": True})
    assert picker.value is None
    picker.view = "characters"
    assert None in [one["id"] for one in cards(picker)]
    event(picker, "open_character", None)
    assert (picker.view, picker.filter) == ("characters", LookFilter())
    assert size(picker.comm.sent) < 4 * WINDOW
    picker.close()


def test_no_message_and_no_trait_grows_with_the_records_of_the_service() -> None:
    texts = [f"{LONG}-{n}" for n in range(120)]
    names = ("name", "avatar_type", "group_id", "status", "gender", "preview_video_url")
    lists: dict[str, Any] = {"image_width": 10**400, "error": {"code": LONG, "message": LONG}}
    looks = [
        Look.from_json(record(text, tags=[text], supported_api_engines=[text], **lists, **dict.fromkeys(names, text)))
        for text in texts
    ]
    picker = LookPicker(LookCatalogue.of(looks, [AvatarGroup(text, LONG) for text in texts]))
    for show in ("looks", "characters"):
        event(picker, "set_view", show)
        assert len(cards(picker)) == 120
        assert choices(picker)["tag"] == choices(picker)["engine"] == []
        for field in ("tag", "group_id"):
            event(picker, "ask_options", {"view": "v", "field": field, "query": ""})
            assert answers(picker, "options")[-1]["items"] == []
    set_trait(picker, _view_count=1)
    assert max(size(message) for message in picker.comm.sent[1:]) < WINDOW
    assert size({**state_of(picker), "components": 0, "template": 0, "layout": 0}) < WINDOW
    picker.close()


NUMBERS: list[Any] = [True, -5, 10**9, 10**400, 1.5, float("nan"), float("inf")]
ANYTHING: list[Any] = [
    *(*NUMBERS, None, "", "text", "a\ud800", LONG, [], [[]], [1, None]),
    *({}, {"a": {"b": [1]}}, {"nonsense": 1}, {"search": 1}, {"search": LONG}, {"search": "\ud800"}, {"self": 1}),
    *({"gender": "robot"}, {"tag": {"a": 1}}, {"tag": [LONG]}, {"group_id": [None]}, {"group_id": "nobody"}),
    *({"sort": "nonsense"}, {"sort": {}}, {"ready": "often"}),
]
HUGE: list[Any] = [MEGABYTES, {"tag": [str(n) for n in range(1_000_000)]}]
VALID: dict[str, list[Any]] = {
    "filter": [{}],
    "selected_id": [""],
    "error": ["", "text"],
    "multiple": [True],
    "height": [None],
}
TRAITS = [name for name in LookPicker.class_trait_names(sync=True) if name != "_jupyter_vue"]


@pytest.mark.parametrize("name", TRAITS)
def test_an_invalid_value_changes_no_trait_and_the_view_gets_the_current_one(picker: LookPicker, name: str) -> None:
    for value in ANYTHING + HUGE:
        before = {**state_of(picker), "error": ""}
        if value in VALID.get(name, []):
            continue
        picker.comm.sent.clear()
        set_trait(picker, **{name: value})
        assert {**state_of(picker), "error": ""} == before
        assert {"method": "update", "state": {name: before[name]}, "buffer_paths": []} in picker.comm.sent


@pytest.mark.parametrize(("layout", "width"), [(None, "auto"), (Layout(width="50%"), "50%"), ({"width": "50%"}, "50%")])
def test_a_view_changes_neither_the_layout_nor_the_template_that_all_pickers_share(layout: Any, width: str) -> None:
    picker = LookPicker([], layout=layout)
    template = picker.template.template
    receive(picker.layout, {"method": "update", "state": {"width": "1px"}})
    receive(picker.template, {"method": "update", "state": {"template": "<script>"}})
    assert (picker.layout.width, picker.template.template) == (width, template)
    picker.layout = {"width": "60%"}
    receive(picker.layout, {"method": "update", "state": {"width": "1px"}})
    assert picker.layout.width == "60%"
    picker.close()


OTHER_MESSAGES: list[Any] = [
    *({"create_widget": ["builtins", "dict"], "id": "x", "props": {"a": {"functionRef": "close"}}},),
    *({"create_widget": ["ipywidgets", "Text"], "id": "x", "props": {"value": {"objectRef": "error"}}},),
    *({"update_ref": {"functionRef": "close"}, "id": "ID", "prop": "error"}, {"destroy_widget": "x"}),
    *({"update_ref": {"functionRef": "set_trait", "args": ["height", 300]}, "id": "ID", "prop": "error"},),
    *({"event": "nonsense"}, {"event": "../close"}, {"event": ["select"], "data": "id-3"}, {"event": {}}, {}),
    *({"event": None}, None, [], "text", 5),
]


def test_a_message_sets_synced_traits_and_calls_a_handler_of_ours_and_nothing_else(picker: LookPicker) -> None:
    # In a view, traits and events are members of one object, and one hides the other.
    assert not {*picker.events} & {*picker.traits(sync=True)}
    before = state_of(picker)
    for name in ("close", "values", "value", "comm", "keys", "catalogue", "", "__class__"):
        set_trait(picker, **{name: "text"})
    for state in (None, [], "text", 5, [["height", 300]]):
        picker.set_state(state)
    assert picker.values == (picker.catalogue.get("id-7"),)
    for content in OTHER_MESSAGES:
        named = isinstance(content, dict) and content.get("id") == "ID"
        receive(picker, {"method": "custom", "content": {**content, "id": picker.model_id} if named else content})
    assert picker.comm is not None
    assert state_of(picker) == before
    assert not picker.comm.sent


REQUESTED = ("view", "start", "count", "screen", "field", "query", "id", "selected", "ids", "from", "to", "kind", "of")
WITHOUT_DATA = {"retry", "refresh", "clear_selection", "restore_selection", "dismiss"}


def test_an_event_with_invalid_data_raises_nothing_and_changes_nothing(picker: LookPicker) -> None:
    before = state_of(picker)
    for name in picker.events:
        for value in ANYTHING + HUGE:
            asked = dict.fromkeys(REQUESTED, value)
            for data in (value, [value], asked):
                event(picker, name, data)
        if name not in WITHOUT_DATA:
            assert state_of(picker) == before
        picker.filter, picker.view, picker.selected_id = LookFilter(), "looks", before["selected_id"]
    assert max(map(size, picker.comm.sent)) < WINDOW


def test_a_view_can_name_only_what_is_loaded_and_python_can_name_anything() -> None:
    with running(public={"a": 60, "b": 60}) as (service, client):
        picker = LookPicker(client, cache=None)
        assert finish(picker.catalogue)
        loaded = len(service.asked())
        for n in range(200):
            set_trait(picker, selected_id=f"nobody-{n}")
            set_trait(picker, filter={"group_id": f"nobody-{n}"})
            for name in ("ask_voice", "open_character", "show_character"):
                event(picker, name, f"nobody-{n}")
            event(picker, "select", {"id": f"nobody-{n}", "selected": True})
            event(picker, "set_filter", {"group_id": ["a", f"nobody-{n}"]})
            event(picker, "ask_details", {"view": "v", "ids": [f"nobody-{n}"]})
            event(picker, "previews_failed", [f"nobody-{n}", None, {}])
        assert len(service.asked()) == loaded
        assert (picker.selected_id, picker.value, picker.filter) == ("", None, LookFilter())
        assert "'nobody-199'" in picker.error
        event(picker, "set_filter", {"group_id": ["a"]})
        set_trait(picker, selected_id="a-3")
        assert (picker.filter, picker.selected_id) == (LookFilter(group_id="a"), "a-3")
        loaded = len(service.asked())
        with pytest.raises(NotFoundError):
            picker.selected_id = "python"
        assert len(service.asked()) == loaded + 1
        picker.close()


@pytest.mark.parametrize("loaded", [0, 2])
def test_hundreds_of_clicks_on_refresh_and_retry_start_one_load(loaded: int) -> None:
    with running(public={"a": 60}) as (service, client):
        service.before = gate = Gate("public looks", loaded + 1)
        picker = LookPicker(client, cache=None)
        if loaded:  # pages
            assert finish(picker.catalogue)
        for _ in range(300):
            event(picker, "refresh")
            event(picker, "retry")
        assert len(our_threads()) <= 6
        gate.opened.set()
        assert finish(picker.catalogue)
        assert service.counts()["public looks"] == loaded + 2
        picker.close()
