"""Voices, expired previews and exports: made on a thread, the last one asked for first, and none twice in vain."""

import re
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from avatar_service import PATIENCE, end_of, our_threads
from loopback import Handler, Loopback, Reply, client_of, failure, hang_up, look as look_record, reply

from heygen_widgets import LookCatalogue, LookFilter
from heygen_widgets.models import Look
from heygen_widgets.picker.grid import GridModel
from heygen_widgets.picker.lookups import Lookups

EXPIRED, FRESH = 1_500_000_000, 4_000_000_000


def signed(name: str, expires: int) -> str:
    return f"https://files.example/{name}.webp?Expires={expires}&Signature=s"


def expired(look_id: str, **fields: Any) -> Look:
    return Look(look_id, "Kept", "photo_avatar", preview_image_url=signed(look_id, EXPIRED), **fields)


def fresh(look_id: str, expires: int = FRESH) -> Reply:
    return reply({"data": look_record(look_id, name="Ignored", preview_image_url=signed(look_id, expires))})


class Sent:
    """What the views get, with the notices apart. `wait` waits until so many other messages were sent."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.notices: list[str] = []
        self.files: list[bytes] = []
        self._changed = threading.Condition()

    def __call__(self, method: str, answer: dict[str, Any], view: object = None, files: Sequence[bytes] = ()) -> None:
        self.files += files
        if method == "notice":
            self.notices.append(answer["text"])
            return
        with self._changed:
            self.messages.append((method, answer))
            self._changed.notify_all()

    def wait(self, number: int) -> list[dict[str, Any]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= number, PATIENCE), self.messages
            return [answer for _, answer in self.messages]


@contextmanager
def lookups(looks: list[Look], *script: Reply) -> Iterator[tuple[Loopback, GridModel, Sent, Lookups]]:
    with Loopback(*script) as server, client_of(server, max_retries=0) as client:
        # The looks are loaded, but not from this client.
        model, sent = GridModel(LookCatalogue.of(looks), client), Sent()
        lookup = Lookups(model, sent)
        yield server, model, sent, lookup
        lookup.close()


def test_an_expired_preview_is_replaced_in_views_and_catalogue_and_all_else_stays() -> None:
    old = expired("a", ownership="private")
    with lookups([old], fresh("a")) as (_, model, sent, lookup):
        lookup.renew_previews({"a": old})
        assert sent.wait(1) == [{"images": {"a": signed("a", FRESH)}}]
        look = model.look("a")
        assert look is not None
        assert (look.name, look.ownership, look.preview_image_url) == ("Kept", "private", signed("a", FRESH))


@pytest.mark.parametrize(
    "url",
    [
        *(None, "https://files.example/a.webp", signed("a", FRESH)),
        f"https://files.example/a.webp?ExpiresAt={EXPIRED}",
        f"ftp://files.example/a.webp?Expires={EXPIRED}",
    ],
)
def test_a_preview_that_has_not_expired_is_sent_again_without_a_request(url: str | None) -> None:
    look = Look("a", "A", "photo_avatar", preview_image_url=url)
    with lookups([look], fresh("a")) as (server, _, sent, lookup):
        lookup.renew_previews({"a": look})
        assert [list(answer["images"]) for answer in sent.wait(1)] == [["a"]]
        assert server.seen == []


def test_a_look_that_the_service_no_longer_has_is_asked_for_once_and_blocks_no_other() -> None:
    gone, there = expired("gone"), expired("there")
    with lookups([gone, there], failure(404), fresh("there")) as (server, _, sent, lookup):
        lookup.renew_previews({"gone": gone, "there": there})
        assert sent.wait(1) == [{"images": {"there": signed("there", FRESH)}}]
        lookup.renew_previews({"gone": gone})
        assert sent.wait(2)[1] == {"images": {"gone": gone.preview_image_url}}
        assert [seen.path.rpartition("/")[2] for seen in server.seen] == ["gone", "there"]
        # At once, and to a view that asks later.
        assert ["no newer ones" in text for text in sent.notices] == [True, True]


def test_a_new_preview_that_seems_expired_is_shown_and_not_asked_for_again() -> None:
    old = expired("a")
    with lookups([old], fresh("a", EXPIRED + 1)) as (server, model, sent, lookup):
        lookup.renew_previews({"a": old})
        sent.wait(1)
        look = model.look("a")
        assert look is not None
        lookup.renew_previews({"a": look})
        assert [answer["images"]["a"] for answer in sent.wait(2)] == [signed("a", EXPIRED + 1)] * 2
        assert (len(server.seen), len(sent.notices)) == (1, 1)


@pytest.mark.parametrize("url", [None, signed("a", EXPIRED)])
def test_a_service_without_a_newer_preview_is_named_once_until_that_is_dismissed(url: str | None) -> None:
    old = expired("a")
    with lookups([old], reply({"data": look_record("a", preview_image_url=url)})) as (_, model, sent, lookup):
        lookup.renew_previews({"a": old})
        sent.wait(1)
        assert ["no newer ones" in text for text in sent.notices] == [True]
        lookup.dismiss_notice()
        lookup.renew_previews({"a": model.loaded(old)})
        sent.wait(2)
        assert sent.notices[1:] == [""]


@pytest.mark.parametrize(
    "answer", [failure(401), failure(429), failure(500), hang_up], ids=["401", "429", "500", "cut"]
)
def test_after_a_failure_nothing_is_asked_until_a_view_asks_again(answer: Reply) -> None:
    looks = [expired(name) for name in "abc"]
    with lookups(looks, answer, fresh("a")) as (server, _, sent, lookup):
        lookup.renew_previews({look.id: look for look in looks})
        assert end_of(our_threads() - {threading.current_thread()})
        assert (len(server.seen), ["cannot be renewed now" in text for text in sent.notices]) == (1, [True])
        lookup.renew_previews({"a": looks[0]})
        assert sent.wait(1) == [{"images": {"a": signed("a", FRESH)}}]
        assert sent.notices[1:] == [sent.notices[0], ""]  # again for a view that has missed it


def test_without_a_client_nothing_is_renewed_and_expired_previews_are_named() -> None:
    sent, fresh_one = Sent(), Look("b", "B", "photo_avatar", preview_image_url=signed("b", FRESH))
    lookup = Lookups(GridModel(LookCatalogue.of([expired("a"), fresh_one])), sent)
    lookup.renew_previews({"b": fresh_one})
    assert sent.notices == []
    lookup.renew_previews({"a": expired("a")})
    assert (sent.messages, our_threads(), "LookPicker(table, client=client)" in sent.notices[0]) == ([], set(), True)


def speaking(*voices: str | None) -> list[Look]:
    return [Look(f"look{i}", "L", "photo_avatar", default_voice_id=voice) for i, voice in enumerate(voices)]


def voice(voice_id: str, name: str) -> Reply:
    return reply({"data": {"voice_id": voice_id, "name": name, "language": "English", "gender": "female"}})


def test_a_voice_is_fetched_once_and_sent_each_time() -> None:
    (look,) = speaking("v1")
    with lookups([], voice("v1", "Ada")) as (server, _, sent, lookup):
        for number in (1, 2):
            lookup.find_voice(look)
            answer = sent.wait(number)[-1]
            assert (answer["id"], answer["voice"]["text"]) == ("v1", "Ada (English, Female)")
        assert len(server.seen) == 1


@pytest.mark.parametrize("answer", [failure(404), failure(500), hang_up], ids=["404", "500", "cut"])
def test_a_voice_that_failed_is_none_and_asked_for_again(answer: Reply) -> None:
    (look,) = speaking("v1")
    with lookups([], answer, voice("v1", "Ada")) as (_, _, sent, lookup):
        for number in (1, 2):
            lookup.find_voice(look)
            sent.wait(number)
        assert [(answer["id"], answer["voice"] is None) for answer in sent.wait(2)] == [("v1", True), ("v1", False)]


def test_a_look_without_a_voice_and_closed_lookups_ask_nothing() -> None:
    with lookups([], voice("v1", "Ada")) as (server, _, sent, lookup):
        for look in (None, *speaking(None, "")):
            lookup.find_voice(look)
        lookup.close()
        lookup.find_voice(speaking("v1")[0])
        assert (server.seen, sent.messages) == ([], [])


def exported(lookup: Lookups, sent: Sent, kind: str, of: str = "matches", selected: Sequence[Look] = ()) -> str:
    """Export, and return the problem."""
    number = len(sent.messages)
    lookup.export({"view": "v", "kind": kind, "of": of}, selected)
    answer = sent.wait(number + 1)[-1]
    assert end_of(our_threads())
    return str(answer["problem"])


@pytest.mark.parametrize("of", ["selection", "matches"])
def test_an_export_is_a_file_of_the_selected_or_the_matching_looks(of: str, cache_home: Path) -> None:
    looks = [Look(name, f"Zoë {name}", "photo_avatar", status="failed" if name == "a" else None) for name in "abcd"]
    expected = ["d", "a"] if of == "selection" else ["a", "b", "c", "d"]
    model, sent = GridModel(LookCatalogue.of([*looks, Look("other", "Other", "")])), Sent()
    lookup = Lookups(model, sent)
    model.show(LookFilter("zoe"), "characters")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(cache_home))
        assert {exported(lookup, sent, kind, of, looks[::-3]) for kind in ("csv", "excel", "ids", "gallery")} == {""}
    csv, excel, text, page = sent.files
    for reader, content in ((pd.read_csv, csv), (pd.read_excel, excel)):
        assert reader(BytesIO(content))["id"].tolist() == expected
    assert text.decode() == "".join(f"{look_id}\n" for look_id in expected)
    assert re.findall(r"<code[^>]*>(\w+)</code>", page.decode()) == expected
    assert [answer["name"][-4:] for _, answer in sent.messages] == [".csv", "xlsx", ".txt", "html"]
    assert list(cache_home.iterdir()) == []


def test_an_export_that_is_impossible_says_why_and_sends_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sent = GridModel(LookCatalogue.of(speaking(*["v"] * 501))), Sent()
    lookup = Lookups(model, sent)
    assert exported(lookup, sent, "csv", "selection").startswith("Nothing is selected: ")
    assert "at most 500 looks" in exported(lookup, sent, "gallery")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install openpyxl" in exported(lookup, sent, "excel")
    model.show(LookFilter("nobody"), "looks")
    assert exported(lookup, sent, "ids").startswith("No look matches")
    for wrong in (None, [], {"kind": "csv"}, {"kind": "xls", "of": "matches"}, {"kind": "csv", "of": {}}):
        lookup.export(wrong, model.catalogue.looks)
    assert (len(sent.messages), sent.files) == (4, [])


def test_an_export_shows_nothing_in_a_cell_names_missing_pictures_and_is_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    gate, asked = threading.Event(), threading.Event()

    def answer(handler: Handler) -> None:
        asked.set()
        assert gate.wait(PATIENCE)
        failure(404)(handler)

    with Loopback(answer) as server, warnings.catch_warnings(action="error"):
        look, sent = Look("a", "A", "", preview_image_url=f"{server.url}/a.png"), Sent()
        lookup = Lookups(GridModel(LookCatalogue.of([look])), sent)
        lookup.export({"kind": "gallery", "of": "matches"}, ())
        assert asked.wait(PATIENCE)
        lookup.export({"kind": "ids", "of": "matches"}, ())
        assert "still running" in sent.wait(1)[0]["problem"]
        gate.set()
        assert "1 picture could not be put into the page (1 status 404)" in sent.wait(2)[1]["problem"]
        assert (len(sent.files), exported(lookup, sent, "ids"), len(sent.files)) == (1, "", 2)
    assert capfd.readouterr() == ("", "")
