"""What users try first: each guess works, or its error names the right way."""

import pydoc
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import traitlets
from recording import RecordingPicker, look

from heygen_widgets import HeyGenClient, Look, LookCatalogue, LookFilter, LookPicker, VideoJob, VideoRequest
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import HeyGenError, MissingAPIKeyError, NotFoundError
from heygen_widgets.models import Voice

LOOKS = [look(f"id{i}", gender="female") for i in range(4)]


@pytest.mark.parametrize(
    ("trait", "value", "expected"),
    [
        *(("value", value, ["id1"]) for value in ("id1", np.str_("id1"), LOOKS[1], [LOOKS[1]])),
        ("value", pd.Series({"name": "a", "id": "id1"}), ["id1"]),
        *(("value", value, []) for value in (None, "", pd.NA, float("nan"))),
        *(("values", value, ["id2", "id1"]) for value in (["id2", LOOKS[1]], np.array(["id2", "id1"]), ("id2", "id1"))),
        ("values", pd.Series(["id2", None, pd.NA, "id1"]), ["id2", "id1"]),
        *(("values", value, ["id3"]) for value in ("id3", LOOKS[3], (one for one in LOOKS[3:]))),
        *(("values", value, []) for value in (None, [], pd.NA)),
        ("values", pd.DataFrame({"name": ["a", "b"], "id": ["id2", "id1"]}), ["id2", "id1"]),
        *(("selected_id", value, ["id1"]) for value in ("id1", LOOKS[1], np.str_("id1"))),
        *(("selected_id", value, []) for value in (None, "")),
    ],
)
def test_looks_are_selected_by_records_and_ids(trait: str, value: Any, expected: list[str]) -> None:
    picker = LookPicker(
        LOOKS, multiple=np.bool_(True), values=["id0"], height=np.int64(300), view="Characters", tile="L"
    )
    assert (picker.selected_ids, picker.height, picker.multiple, picker.view) == (["id0"], 300, True, "characters")
    assert (picker.tile, LookPicker(LOOKS).tile, LookPicker(LOOKS).height) == ("l", "m", None)
    picker.height, picker.multiple = np.int64(400), np.bool_(True)
    setattr(picker, trait, value)
    assert (picker.selected_ids, picker.error, picker.height, picker.multiple) == (expected, "", 400, True)
    if trait != "value":
        again = LookPicker(LOOKS, multiple=True, **{trait: expected if trait == "values" else value})
        assert again.selected_ids == expected


def test_ids_that_are_not_loaded_are_fetched_at_once_or_when_the_service_answers_again(
    service: DemoService, client: HeyGenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = ([one.id for one in client.iter_looks(ownership=name)] for name in ("private", "public"))
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    waiting = LookPicker(multiple=True, values=[private[0], public[0]])
    assert (waiting.values, "HEYGEN_API_KEY" in waiting.error) == ((), True)
    monkeypatch.setenv("HEYGEN_API_KEY", service.api_key)
    monkeypatch.setenv("HEYGEN_API_BASE", client.base_url)
    waiting.vue_retry()
    assert (waiting.selected_ids, waiting.error) == ([private[0], public[0]], "")
    monkeypatch.delenv("HEYGEN_API_KEY")
    assert LookPicker(api_key=service.api_key).catalogue.client.account == client.account
    picker = LookPicker(LookCatalogue(client, ownership="public"), multiple=True, values=[private[1], public[1]])
    assert picker.selected_ids == [private[1], public[1]]
    with pytest.raises(NotFoundError, match="no_such_look"):  # no script goes on with the look that was selected before
        picker.values = [*private[:3], "no_such_look"]
    assert (picker.selected_ids, "no_such_look" in picker.error) == ([private[1], public[1]], True)
    picker.vue_retry()  # which does not ask for it again
    assert (picker.selected_ids, picker.error) == ([private[1], public[1]], "")
    picker.values = private[:15]
    assert picker.selected_ids == private[:15]


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("gender", "female", AttributeError, r"use picker.filter = LookFilter\(gender=…\)"),
        ("tags", ["New"], AttributeError, r"use picker.filter = LookFilter\(tag=…\)"),
        ("show", "characters", AttributeError, "show is a method: use picker.view = …"),
        ("clear", True, AttributeError, r"clear is a method: use \.clear\(\)"),
        ("selected", "id1", AttributeError, "no attribute 'selected': use picker.values = …"),
        ("heigth", 300, AttributeError, "no attribute 'heigth': use picker.height = …"),
        ("zzz", 1, AttributeError, "no attribute 'zzz'$"),
        ("catalogue", None, AttributeError, "catalogue"),
        ("filter", 5, TypeError, "a filter must be a LookFilter"),
        ("filter", {"gendr": "x"}, TypeError, "did you mean gender=…"),
        ("value", 5, traitlets.TraitError, "a Look or None, not the int 5"),
        ("value", LOOKS[:2], traitlets.TraitError, "a Look or None, not the list"),
        ("values", pd.DataFrame({"url": ["https://secret"]}), traitlets.TraitError, "not DataFrame"),
    ],
)
def test_an_assignment_that_nobody_would_read_is_refused(name: str, value: Any, error: Any, words: str) -> None:
    picker = LookPicker(LOOKS, values=LOOKS[:1])
    with pytest.raises(error, match=words):
        setattr(picker, name, value)
    assert (picker.selected_ids, picker.filter, picker.view) == (["id0"], LookFilter(), "looks")


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"gendr": "x"}, TypeError, "LookPicker has no parameter 'gendr': did you mean gender=…"),
        ({"show": "characters"}, TypeError, "did you mean view=…"),
        ({"apikey": "hg_secret"}, TypeError, "did you mean api_key=…"),
        ({"query": "x"}, TypeError, "did you mean search=…"),
        ({"zzz": 1}, TypeError, "no parameter 'zzz': its parameters are source, client, "),
        ({"height": 239}, traitlets.TraitError, "239"),
        ({"view": "people"}, traitlets.TraitError, "people"),
        ({"values": LOOKS[:2]}, traitlets.TraitError, "multiple=True"),
        ({"values": [7]}, traitlets.TraitError, "values takes looks or their ids: .*not int"),
        ({"values": {"name": "a"}}, traitlets.TraitError, "values takes looks or their ids: .*not dict"),
        ({"values": [look("id1", tags=["x"])]}, traitlets.TraitError, r"'id1' has an invalid tags, \['x'\]"),
        ({"values": 2 * LOOKS[:1], "multiple": True}, traitlets.TraitError, "different looks, not"),
        ({"values": [*map(look, map(str, range(121)))], "multiple": True}, traitlets.TraitError, "at most 120"),
        ({"selected_id": "id1", "values": LOOKS[:1]}, ValueError, "selected_id 'id1' and values"),
        ({"source": HeyGenClient("key"), "cache": 24}, TypeError, "24"),
        ({"gender": []}, ValueError, "would match nothing"),
        ({"api_key": "hg_secret"}, TypeError, "api_key= is for a picker without source"),
        ({"source": None, "api_key": "hg\nsecret"}, MissingAPIKeyError, "from api_key="),
        ({"source": None, "api_key": 5}, TypeError, "api_key should be a string"),
    ],
)
def test_a_wrong_argument_is_named_and_suggests_the_right_one(given: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        LookPicker(**{"source": LOOKS, **given})
    assert "secret" not in str(caught.value)


def test_observing_everything_reports_the_documented_traits_until_it_is_undone() -> None:
    picker, seen = LookPicker(LOOKS, multiple=True), []
    picker.observe(seen.append)
    picker.observe(one := [].append, "value")
    picker.values, picker.filter, picker.view, picker.error, picker.height = LOOKS[:2], "a", "characters", "no", 300
    picker.multiple, picker.tile, picker.tooltip = False, "s", "t"
    picker.open()
    public = {"value", "values", "selected_id", "filter", "view", "error", "height", "tile", "multiple"}
    assert {change["name"] for change in seen} == public
    picker.unobserve(seen.append)
    picker.unobserve(one)
    seen.clear()
    picker.reset()
    assert seen == []


def test_a_picker_is_shown_and_linked_like_any_widget(capsys: pytest.CaptureFixture[str]) -> None:
    picker = RecordingPicker(LOOKS, multiple=True, values=LOOKS[:2])
    picker.show()
    assert "2 selected" in capsys.readouterr().out
    own = RecordingPicker(LOOKS)
    own.note = "a class of the user may have its own"
    assert not [name for name in dir(picker) if name.startswith("vue_") or name in ("css", "data", "methods")]
    assert {"select", "set_filter"} <= {*picker.events}
    assert {"value", "to_frame", "clear", "observe", "layout"} <= {*dir(picker)}


@pytest.mark.filterwarnings("ignore:Widget.*deprecated:DeprecationWarning")
def test_help_starts_with_the_parameters_and_what_it_is() -> None:
    text = re.sub(r"\(\s+", "(", pydoc.plain(pydoc.render_doc(LookPicker)).replace("|", " "))  # one line or several
    signature, summary = text.index("LookPicker(source:"), text.index("Select an avatar look: filter")
    assert signature < summary < text.index("Parameters\n") < text.index("Methods defined here")
    parameters = text[text.index("Parameters\n") : text.index("Raises\n")]
    names = [*(LookPicker.__init__.__kwdefaults__ or {}), "LookFilter"]
    assert [name for name in names if name not in parameters] == []


def test_a_job_takes_a_video_and_refuses_other_records_and_attributes(client: HeyGenClient) -> None:
    look = client.list_looks()[0]
    video = client.create_video(look, "Hi", engine=look.default_engine)
    job = VideoJob(client, video)
    assert job.video_id == video.id == client.get_video(job).id
    for name, words in (("foo", "no attribute 'foo'$"), ("result", r"a method: use \.result\(\)")):
        with pytest.raises(AttributeError, match=words):
            setattr(job, name, 1)
    job.close()
    with pytest.raises(HeyGenError, match="The job was closed"):
        job.result(timeout=pd.NA)
    with pytest.raises(ValueError, match=r"video_id should be a text .* not Voice"):
        VideoJob(client, Voice("v"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="VideoJob has no public trait to observe"):
        job.observe(print)


def test_properties_show_their_own_errors() -> None:
    with pytest.raises(AttributeError, match="catalogue"):  # also without a key
        LookPicker().catalogue = LOOKS  # type: ignore[misc, assignment]

    class Mine(LookPicker):  # type: ignore[misc]  # ipywidgets has no types
        @property
        def broken(self) -> Any:
            return Look.nope  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="type object 'Look' has no attribute 'nope'"):
        Mine(LOOKS).broken  # noqa: B018 - reading it raises


def test_a_row_is_a_look_and_no_error_shows_the_address_of_a_picture() -> None:
    url = "https://files.example/face.webp?Signature=x"
    row = Look("id1", "A", "photo_avatar", preview_image_url=url).to_dict()
    assert VideoRequest(row, "Hi").avatar_id == VideoRequest(pd.Series(row), "Hi").avatar_id == "id1"
    for take in (LookFilter, HeyGenClient("sk").get_group, Look("a", "A", "b").video_options):
        with pytest.raises((TypeError, ValueError), match=" a dict") as caught:
            take(row)
        assert url not in str(caught.value)


def test_looks_with_a_label_or_an_old_name_as_value_are_found() -> None:
    rows = [{"id": "a", "avatar_type": "Photo Avatar", "supported_api_engines": ["Avatar IV"]}]
    rows.append({"id": "b", "avatar_type": "video_avatar"})
    catalogue = LookCatalogue.of(rows)
    assert catalogue.facets(fields="avatar_type") == {"avatar_type": {"photo_avatar": 1, "digital_twin": 1}}
    for avatar_type, found in (("photo_avatar", "a"), ("video_avatar", "b")):
        assert [look.id for look in catalogue.select(avatar_type=avatar_type)] == [found]
