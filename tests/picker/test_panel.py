"""What stands beside the grid: details, the shortlist, code and the way back; without a browser."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import traitlets

from heygen_widgets import HeyGenClient, Look, LookFilter, LookPicker, demo_client
from heygen_widgets.demo import DemoService
from heygen_widgets.models import AvatarGroup, Failure, Looks, Voice
from heygen_widgets.picker.details import details, options_of, voice_of


def look(look_id: str, **fields: Any) -> Look:
    return Look(look_id, f"Look {look_id}", "photo_avatar", **fields)


def many(number: int) -> list[Look]:
    return [look(f"id{i}") for i in range(number)]


class Heard(LookPicker):
    """A picker that keeps what it sends to its views."""

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        self.__dict__.setdefault("heard", []).append(content)

    def answers(self, method: str) -> list[dict[str, Any]]:
        return [said["args"][0] for said in self.__dict__.get("heard", []) if said["method"] == method]


def texts(shown: dict[str, Any]) -> dict[str, str]:
    return {fact["name"]: fact["text"] for fact in shown["facts"]}


# -- details ----------------------------------------------------------------------------------------------------------


def test_details_name_all_that_the_service_tells_of_a_look() -> None:
    shown = details(
        look(
            "a",
            group_id="g",
            gender="female",
            image_width=1080,
            image_height=1920,
            supported_api_engines=("avatar_v", "avatar_iv"),
            tags=("office", "warm"),
            status="failed",
            error=Failure("no_face", "No face was found."),
            ownership="private",
            default_voice_id="v1",
            preview_video_url="https://files2.heygen.ai/a.mp4",
        ),
        AvatarGroup("g", " Elin "),
        27,
    )
    assert texts(shown) == {
        "character": "Elin",
        "avatar_type": "Photo avatar",
        "gender": "Female",
        "size": "1,080 × 1,920 px",
        "orientation": "Portrait",
        "engines": "Avatar V, Avatar IV",
        "tags": "office, warm",
        "ownership": "Private",
        "status": "Failed",
        "voice": "v1",
    }
    assert (shown["state"], shown["reason"]) == ("Failed", "No face was found.")
    assert (shown["group_id"], shown["number"], shown["voice_id"]) == ("g", 27, "v1")
    assert shown["video"] == "https://files2.heygen.ai/a.mp4"


def test_details_of_a_look_that_tells_nothing_are_empty_texts_in_the_same_order() -> None:
    bare, full = details(look("a"), None, 0), details(look("b", gender="male", status="completed"), None, 0)
    assert [fact["name"] for fact in bare["facts"]] == [fact["name"] for fact in full["facts"]]
    assert {name for name, text in texts(bare).items() if text} == {"avatar_type"}
    assert bare["state"] is None


def test_the_options_of_a_look_are_a_column_an_engine_and_tell_why() -> None:
    shown = options_of(look("a", supported_api_engines=("avatar_iv", "avatar_v", "avatar_iii")))
    assert shown["engines"] == ["Avatar IV", "Avatar V", "Avatar III*"]
    assert {row["label"]: row["cells"] for row in shown["rows"]} == {
        "Expressiveness": ["yes", "no", "no"],
        "Motion prompt": ["yes", "yes*", "no"],
        "Reference look": ["no", "yes", "no"],
        "4k": ["unknown", "unknown", "no"],
        "Background removed": ["unknown"] * 3,
        "WebM": ["unknown"] * 3,
    }
    assert "Expressiveness: not for photo avatars with Avatar V and Avatar III." in shown["notes"]
    assert shown["notes"][0] == "*: HeyGen's own pages disagree."
    assert [note.startswith(("Avatar III*", "Motion prompt")) for note in shown["notes"] if "models page" in note] == [
        True
    ] * 2
    assert len(set(shown["notes"])) == len(shown["notes"])


def test_the_options_of_a_look_without_engines_are_those_of_the_service_s_own_choice() -> None:
    shown = options_of(look("a"))
    assert (shown["engines"], "lists no engine" in shown["notes"][0]) == (["Avatar IV"], True)
    many_engines = options_of(look("a", supported_api_engines=tuple(f"avatar_{'x' * 300}{i}" for i in range(900))))
    assert len(many_engines["engines"]) == 4
    assert all(len(name) <= 200 for name in many_engines["engines"])


def test_a_panel_offers_code_for_a_video_with_what_is_ready_alone() -> None:
    ready, failed = look("a"), look("b", status="failed")
    picker = Heard([ready, failed])
    picker.vue_ask_details({"view": "v", "ids": ["a", "b"]})
    code = [shown["video_code"] for shown in picker.answers("details")[0]["looks"]]
    assert ('VideoRequest(avatar_id="a"' in code[0], code[1]) == (True, None)
    picker.close()


def test_the_code_for_a_video_is_had_in_python_too() -> None:
    picker = LookPicker([look("a"), look("b", status="failed"), look(".")])
    with pytest.raises(ValueError, match="nothing is chosen"):
        picker.code("video")
    for look_id, reason in (("b", "is not ready"), (".", "has no usable id")):
        picker.selected_id = look_id
        with pytest.raises(ValueError, match=reason):
            picker.code("video")
    picker.selected_id = "a"
    assert 'VideoRequest(avatar_id="a"' in picker.code("video")
    picker.close()


def test_a_look_whose_status_is_unknown_or_missing_bears_no_mark() -> None:
    for status in (None, "completed", "brand_new"):
        assert details(look("a", status=status), None, 0)["state"] is None
    assert details(look("a", status="pending_consent"), None, 0)["state"] == "Waiting for consent"


def test_texts_of_details_are_bounded_and_stay_on_their_line() -> None:
    shown = details(
        look("a", tags=tuple(f"tag {i}\u202e\n" * 50 for i in range(1_000)), default_voice_id="v" * 9_000), None, 0
    )
    assert len(texts(shown)["tags"]) < 9_000
    assert texts(shown)["tags"].endswith("and 960 more")
    assert not {"\u202e", "\n"} & set(texts(shown)["tags"])
    assert len(texts(shown)["voice"]) == 200


@pytest.mark.parametrize(
    ("url", "audio"),
    [
        ("https://files2.heygen.ai/v.mp3", "https://files2.heygen.ai/v.mp3"),
        ("s3://bucket/v.mp3", None),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_a_voice_can_be_played_where_a_browser_can_fetch_it(url: str | None, audio: str | None) -> None:
    shown = voice_of(Voice("v", "Mira", "English", "female", url))
    assert shown == {"text": "Mira (English, Female)", "audio": audio}


def test_a_view_gets_the_details_of_four_looks_at_most_and_of_those_it_can_see() -> None:
    picker = Heard(many(6))
    picker.vue_ask_details({"view": "v", "ids": ["id5", "no such", "id1", "id2", "id3", "id4"]})
    (answer,) = picker.answers("details")
    assert answer["view"] == "v"
    assert [shown["id"] for shown in answer["looks"]] == ["id5", "id1", "id2"]
    assert answer["compared"] is False
    picker.vue_ask_details({"view": "v", "ids": [], "compared": True})
    assert picker.answers("details")[-1]["compared"] is True


def test_a_chosen_look_that_is_not_loaded_has_details_and_a_card_in_the_tray() -> None:
    picker = Heard(many(2))
    picker.value = look("elsewhere", gender="female")
    picker.vue_ask_details({"view": "v", "ids": ["elsewhere"]})
    picker.vue_ask_chosen("v")
    assert texts(picker.answers("details")[0]["looks"][0])["gender"] == "Female"
    assert [shown["name"] for shown in picker.answers("chosen")[0]["looks"]] == ["Look elsewhere"]


def test_details_tell_how_many_looks_the_character_has_whatever_the_filter() -> None:
    looks = [look(f"a{i}", group_id="g", gender="female" if i else "male") for i in range(5)]
    picker = Heard(looks, filter=LookFilter(gender="male"))
    picker.vue_ask_details({"view": "v", "ids": ["a0"]})
    assert picker.answers("details")[0]["looks"][0]["number"] == 5


def test_all_looks_of_a_character_are_shown_without_the_other_filters() -> None:
    looks = [look(f"a{i}", group_id="g" if i else "other") for i in range(5)]
    picker = LookPicker(looks, filter=LookFilter("a1", sort="name"))
    picker.vue_show_character("g")
    assert picker.filter == LookFilter(group_id="g", sort="name")
    picker.show = "characters"
    picker.vue_show_character("g")
    assert picker.show == "looks"


@pytest.mark.parametrize("show", ["looks", "characters"])
def test_from_all_looks_of_a_character_there_is_a_way_back_to_what_was_shown_before(show: str) -> None:
    looks = [look(f"a{i}", group_id="g" if i else "other", gender="female") for i in range(5)]
    before = LookFilter("look", gender="female", sort="name")
    picker = LookPicker(looks, filter=before, show=show)
    picker.vue_show_character("g")
    assert (picker.show, picker.filter, picker.opened) == ("looks", LookFilter(group_id="g", sort="name"), "g")
    picker.vue_set_filter({"search": "a1"})
    picker.vue_show_character("other")
    picker.vue_leave_character()
    assert (picker.show, picker.filter, picker.opened) == (show, before, None)


def test_with_one_character_opened_from_a_look_the_characters_can_still_be_asked_for() -> None:
    picker = LookPicker([look("a", group_id="g"), look("b", group_id="h")], filter=LookFilter("look"))
    picker.vue_show_character("g")
    picker.vue_set_show("characters")
    assert (picker.show, picker.filter, picker.opened) == ("characters", LookFilter("look"), None)


def test_from_all_looks_of_a_character_that_was_opened_by_its_card_the_filter_comes_back_too() -> None:
    wanted = LookFilter(gender="female")
    picker = LookPicker([look("a", group_id="g", gender="female")], filter=wanted, show="characters")
    picker.vue_open_character("g")
    picker.vue_show_character("g")
    assert picker.filter == LookFilter(group_id="g")
    picker.vue_leave_character()
    assert (picker.show, picker.filter) == ("characters", wanted)


def test_a_second_way_back_leads_nowhere_else() -> None:
    picker = LookPicker([look("a", group_id="g")], filter=LookFilter(group_id="g", sort="name"))
    picker.vue_show_character("g")
    for _ in range(2):
        picker.vue_leave_character()
        assert (picker.show, picker.filter) == ("looks", LookFilter(group_id="g", sort="name"))


def test_a_view_gets_a_window_of_another_version_also_where_the_same_looks_are_shown() -> None:
    picker = Heard([look("a", group_id="g")], filter=LookFilter(group_id="g"))
    picker.vue_ask_window({"view": "v", "start": 0, "count": 20})
    for go in (lambda: picker.vue_show_character("g"), picker.vue_leave_character):
        before = picker.answers("window")[-1]["version"]
        go()
        assert picker.answers("window")[-1]["version"] > before


def test_the_voice_is_looked_up_once_it_is_asked_for_and_told_to_the_views() -> None:
    told = threading.Event()

    class Telling(Heard):
        def send(self, content: dict[str, Any], buffers: object = None) -> None:
            super().send(content)
            if content["method"] == "voice":
                told.set()

    with DemoService(looks=60) as service:
        picker = Telling(HeyGenClient(service.api_key, base_url=service.base_url), cache=None)
        picker.catalogue.load()
        speaking = next(look for look in picker.catalogue.looks if look.default_voice_id)
        assert not [path for _, path in service.requests if "/voices/" in path]
        picker.vue_ask_voice(speaking.id)
        assert told.wait(30)
        (answer,) = picker.answers("voice")
        assert answer["id"] == speaking.default_voice_id
        assert answer["voice"]["text"]
        picker.close()


def test_a_picker_that_is_closed_tells_of_no_voice_any_more() -> None:
    with DemoService(looks=60, latency=0.2) as service:
        picker = Heard(HeyGenClient(service.api_key, base_url=service.base_url), cache=None)
        picker.catalogue.load()
        speaking = next(look for look in picker.catalogue.looks if look.default_voice_id)
        picker.vue_ask_voice(speaking.id)
        picker.close()
        picker.vue_ask_voice(speaking.id)
        never_asked = Heard(picker.catalogue)
        never_asked.close()
        never_asked.vue_ask_voice(speaking.id)
        for thread in threading.enumerate():
            if thread.name == "heygen_widgets: voices":
                thread.join(30)
        assert picker.answers("voice") == never_asked.answers("voice") == []
        assert sum("/voices/" in path for _, path in service.requests) <= 1


def test_what_a_hostile_view_asks_for_is_answered_with_nothing_or_ignored() -> None:
    picker = Heard(many(3), multiple=True)
    huge = "x" * 1_000_000
    for junk in (None, 7, float("nan"), [], huge, {"ids": None}, {"ids": [None, {}, huge, 7]}, {"ids": {"a": 1}}):
        for event in ("ask_details", "ask_voice", "ask_chosen", "ask_code", "choose", "show_character", "clear_choice"):
            picker._handle_event(picker, {"event": event, "data": junk}, [])
    assert all(answer["looks"] == [] for answer in picker.answers("details"))
    assert picker.values == ()
    assert picker.filter == LookFilter()
    assert len(repr(picker.__dict__["heard"])) < 20_000


# -- the shortlist ----------------------------------------------------------------------------------------------------


def test_clicks_add_looks_to_a_shortlist_in_order_and_take_them_back() -> None:
    picker = LookPicker(many(5), multiple=True)
    for look_id in ("id3", "id1", "id4", "id1"):
        picker.vue_choose(look_id)
    assert [chosen.id for chosen in picker.values] == ["id3", "id4"]
    assert isinstance(picker.values, Looks)
    picker.vue_clear_choice()
    assert (picker.value, picker.values, picker.selected_id) == (None, (), "")


def test_a_choice_that_was_cleared_comes_back_whole_unless_another_was_made_meanwhile() -> None:
    picker = LookPicker(many(5), multiple=True)
    picker.vue_restore_choice()
    assert picker.values == ()
    chosen = Looks([look("elsewhere"), *many(3)])
    picker.values = chosen
    picker.vue_clear_choice()
    picker.vue_clear_choice()
    picker.vue_restore_choice()
    assert (picker.values, picker.selected_id) == (chosen, "elsewhere")

    picker.vue_clear_choice()
    picker.vue_choose("id4")
    picker.vue_restore_choice()
    assert [one.id for one in picker.values] == ["id4"]

    picker.values = chosen
    picker.vue_clear_choice()
    picker.multiple = False
    picker.vue_restore_choice()
    assert picker.values == chosen[:1]


def test_a_chosen_look_that_is_not_loaded_can_be_taken_back() -> None:
    picker = LookPicker(many(2), multiple=True)
    picker.values = (look("elsewhere"), picker.catalogue.get("id1"))
    picker.vue_choose("elsewhere")
    assert [chosen.id for chosen in picker.values] == ["id1"]


def test_a_look_that_is_not_loaded_can_be_chosen_again_after_a_click_took_it_back() -> None:
    picker = LookPicker(many(2), multiple=True)
    elsewhere = look("elsewhere")
    picker.values = (elsewhere,)
    picker.vue_choose("elsewhere")
    picker.vue_choose("elsewhere")
    assert picker.values == (elsewhere,)


def test_a_reset_takes_the_choice_back_also_where_the_first_one_cannot_be_had() -> None:
    picker = LookPicker(many(4), multiple=True, selected_id="no such look")
    picker.values = picker.catalogue.looks[:2]
    picker.reset()
    assert picker.values == ()
    assert "no such look" in picker.error


def test_a_filter_change_drops_no_choice() -> None:
    picker = LookPicker(many(5), multiple=True)
    picker.vue_choose("id3")
    picker.filter = LookFilter("id1")
    picker.vue_choose("id1")
    assert [chosen.id for chosen in picker.values] == ["id3", "id1"]


def test_a_picker_holds_120_looks_and_says_so_of_more() -> None:
    picker = LookPicker(many(121), multiple=True)
    picker.values = picker.catalogue.looks[:120]
    picker.vue_choose("id120")
    assert len(picker.values) == 120
    assert "120 looks are chosen" in picker.error
    with pytest.raises(traitlets.TraitError, match="at most 120"):
        picker.values = picker.catalogue.looks
    assert len(picker.values) == 120
    picker.vue_choose("id0")
    assert picker.error == ""
    picker.vue_choose("id120")
    assert picker.values[-1].id == "id120"


def test_reset_brings_filter_choice_and_looks_back_as_the_picker_was_made() -> None:
    wanted = LookFilter("look", sort="name")
    picker = LookPicker(many(5), multiple=True, filter=wanted, selected_id="id2")
    picker.filter = LookFilter(gender="female")
    picker.show = "characters"
    picker.values = picker.catalogue.looks[2:]
    picker.reset()
    assert (picker.filter, picker.show, [chosen.id for chosen in picker.values]) == (wanted, "looks", ["id2"])

    empty = LookPicker(many(5), multiple=True)
    empty.values = empty.catalogue.looks[:3]
    empty.reset()
    assert (empty.value, empty.values, empty.selected_id) == (None, (), "")

    chosen = (look("elsewhere"), many(5)[1])
    several = LookPicker(many(5), multiple=True, show="characters", values=chosen)
    assert (several.values, several.show) == (chosen, "characters")
    several.vue_clear_choice()
    several.show = "looks"
    several.reset()
    assert (several.values, several.selected_id, several.show) == (chosen, "elsewhere", "characters")
    several.multiple = False
    several.values = ()
    several.reset()
    assert several.values == chosen[:1]
    nameless = LookPicker([look("")], values=chosen[:1])
    nameless.reset()
    assert nameless.values == chosen[:1]


def test_a_choice_to_begin_with_is_told_once_and_in_one_way() -> None:
    with pytest.raises(ValueError, match="selected_id 'id1' and values"):
        LookPicker(many(3), selected_id="id1", values=many(1))
    with pytest.raises(traitlets.TraitError, match="multiple=True"):
        LookPicker(many(3), values=many(2))
    with pytest.raises(traitlets.TraitError, match="different Look records"):
        LookPicker(many(3), values=["id1"])  # type: ignore[list-item]
    with pytest.raises(traitlets.TraitError, match="people"):
        LookPicker(many(3), show="people")


def test_the_code_of_a_picker_tells_its_view() -> None:
    picker = LookPicker(many(3), show="characters")
    assert 'show="characters"' in picker.code()
    picker.show = "looks"
    assert "show=" not in picker.code()


def test_observers_hear_of_a_reset_once() -> None:
    picker = LookPicker(many(5), multiple=True, selected_id="id2")
    picker.values = picker.catalogue.looks[:3]
    heard: list[tuple[str, ...]] = []
    picker.observe(lambda change: heard.append(tuple(chosen.id for chosen in change["new"])), "values")
    picker.reset()
    assert heard == [("id2",)]


# -- an error that nobody wants to see any more ------------------------------------------------------------------------


def test_an_error_that_was_dismissed_stays_away_until_it_comes_anew() -> None:
    with DemoService(looks=60, faults="empty endpoint=looks") as service:
        client = HeyGenClient(service.api_key, base_url=service.base_url, max_retries=0)
        picker = LookPicker(client, cache=None)
        picker.catalogue.wait()
        picker._publish()
        assert "looks" in picker.error
        picker.vue_dismiss()
        picker.filter = LookFilter("x")
        assert picker.error == ""
        picker.vue_retry()
        picker.catalogue.wait()
        picker._publish()
        assert "looks" in picker.error
        picker.close()


# -- code and gallery --------------------------------------------------------------------------------------------------


def test_the_code_of_a_picker_makes_one_with_the_same_choice_and_filter() -> None:
    picker = LookPicker(demo_client(looks=120), multiple=True, cache=None)
    picker.catalogue.load()
    picker.filter = LookFilter("o", gender="female")
    picker.values = picker.catalogue.looks[3:6]
    namespace: dict[str, Any] = {}
    exec(picker.code(), namespace)
    again = namespace["picker"]
    assert (again.values, again.filter, again.multiple) == (picker.values, picker.filter, True)
    again.close()
    picker.close()


def test_commands_of_curl_go_to_where_the_picker_asks_and_hold_no_key() -> None:
    with DemoService(looks=60, api_key="planted-key-1f2e3d") as service:
        picker = LookPicker(HeyGenClient(service.api_key, base_url=service.base_url), cache=None)
        picker.catalogue.load()
        picker.value = picker.catalogue.looks[0]
        for code in (picker.code("curl"), picker.code()):
            assert service.base_url in code
            assert picker.value.id in code
            assert "planted" not in code
        picker.close()
    assert "https://api.heygen.com/v3/avatars/looks/" in LookPicker(many(2), selected_id="id1").code("curl")


def test_the_code_of_a_picker_over_looks_makes_one_over_the_whole_catalogue() -> None:
    code = LookPicker(many(3), selected_id="id1").code()
    assert "client = HeyGenClient()  #" in code
    assert 'look = client.get_look("id1")' in code
    assert "picker = LookPicker(client, selected_id=look.id)" in code


def test_an_unknown_kind_of_code_is_an_error_that_names_the_known() -> None:
    with pytest.raises(ValueError, match=r'"python", "curl" or "video", not \'js\''):
        LookPicker(many(1)).code("js")  # type: ignore[arg-type]


def test_a_view_gets_the_code_it_asks_for() -> None:
    picker = Heard(many(2), selected_id="id1")
    picker.vue_ask_code("v")
    (answer,) = picker.answers("code")
    assert answer == {"view": "v", "python": picker.code(), "curl": picker.code("curl")}


def test_a_gallery_of_the_choice_is_written_and_none_of_nothing(tmp_path: Path) -> None:
    picker = LookPicker(demo_client(looks=60), multiple=True, cache=None)
    picker.catalogue.load()
    with pytest.raises(ValueError, match="Nothing is chosen"):
        picker.gallery(tmp_path / "a.html")
    picker.values = picker.catalogue.looks[:2]
    page = picker.gallery(tmp_path / "a.html", title="For Ada").read_text(encoding="utf-8")
    assert "For Ada" in page
    assert all(chosen.id in page for chosen in picker.values)
    picker.close()
