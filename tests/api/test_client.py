"""The client: its arguments, its endpoints and its paging."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
import requests
from avatar_service import said
from loopback import KEY, Handler, Loopback, Reply, client_of, failure, look, page, reply

from heygen_widgets import client_or_demo
from heygen_widgets.api import HeyGenClient, paging
from heygen_widgets.catalogue import Character
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import APIResponseError, HeyGenError, NotFoundError
from heygen_widgets.models import AvatarGroup, Look, Voice
from heygen_widgets.videos import Video, VideoAgentSession

OK = page(["a"], has_more=False, next_token=None)


def chain(*pages: Any) -> Callable[[Handler], None]:
    """Serve pages by token: the token of page n is "t<n>", and the first page has none."""

    def play(handler: Handler) -> None:
        token = handler.server.seen[-1].query.get("token", "t0")
        reply(pages[int(token.removeprefix("t"))])(handler)

    return play


def looks_page(count: int, first: int, token: str | None) -> dict[str, Any]:
    return {
        "data": [look(f"look_{n}") for n in range(first, first + count)],
        "has_more": token is not None,
        "next_token": token,
    }


THREE_PAGES = (looks_page(50, 0, "t1"), looks_page(50, 50, "t2"), looks_page(7, 100, None))


def test_a_client_shows_its_url_from_argument_or_environment_and_not_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert repr(HeyGenClient(KEY)) == "HeyGenClient('https://api.heygen.com', key from api_key=)"
    monkeypatch.setenv("HEYGEN_API_BASE", "https://gateway.example.com/heygen/")
    assert "'https://gateway.example.com/heygen'" in repr(HeyGenClient(KEY))
    assert "'https://other.example.com'" in repr(HeyGenClient(KEY, base_url="https://other.example.com"))
    monkeypatch.setenv("HEYGEN_API_BASE", "")
    assert "'https://api.heygen.com'" in repr(HeyGenClient(KEY))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("timeout", value) for value in (0, -1, None, (5,), (5, 0), (5, float("inf")), float("nan"), "5", True)),
        *(("max_retries", value) for value in (-1, 1.5, True, None, "2")),
    ],
)
def test_an_invalid_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        HeyGenClient(KEY, **{name: value})


def test_clients_are_interchangeable_only_with_the_same_settings() -> None:
    client, session = HeyGenClient(KEY), requests.Session()
    assert client.settings == HeyGenClient(KEY).settings
    others = [HeyGenClient("another-key"), HeyGenClient(KEY, base_url="https://x.org"), HeyGenClient(KEY, timeout=1)]
    others += [HeyGenClient(KEY, max_retries=0), HeyGenClient(KEY, session=session)]
    assert client.settings not in [other.settings for other in others]
    assert KEY not in repr([client.settings, client.account])


@pytest.mark.parametrize(
    ("key", "start"),
    [
        ("", "No HeyGen API key was found. Set the environment variable HEYGEN_API_KEY, "),
        ("planted key", "The API key (from HEYGEN_API_KEY) is empty, or contains white space "),
        (KEY, "This is your HeyGen account: HeyGenClient('https://api.heygen.com', key from HEYGEN_API_KEY).\n"),
    ],
)
def test_without_a_usable_key_the_stand_in_is_used_and_says_so(
    key: str, start: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY", key)
    client = client_or_demo(looks=np.int64(30))
    printed = capsys.readouterr().out
    assert client.demo_code == ("" if key == KEY else "demo_client(looks=30)")
    assert printed.startswith(start)
    assert ("Until then this is the built-in stand-in" in printed) is bool(client.demo_code)
    assert "planted" not in printed


def test_importing_the_api_needs_no_widget_library_and_no_pandas() -> None:
    code = "import sys, heygen_widgets.api; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    loaded = set(done.stdout.split())
    assert "requests" in loaded
    assert not loaded & {"pandas", "numpy", "ipywidgets", "ipyvuetify", "traitlets", "heygen_widgets.demo"}


LISTS: dict[str, tuple[str, dict[str, str], str, int]] = {
    "looks": ("avatars/looks", {"group_id": "g 1", "avatar_type": "photo_avatar", "ownership": "private"}, "id", 50),
    "groups": ("avatars", {"ownership": "private"}, "id", 50),
    "voices": ("voices", {"type": "public", "engine": "s", "language": "English", "gender": "female"}, "voice_id", 100),
    "videos": ("videos", {"title": "Ad", "folder_id": "f 1"}, "id", 100),
    "video_agent_styles": ("video-agents/styles", {"tag": "cinematic"}, "style_id", 100),
    "brand_kits": ("brand-kits", {}, "brand_kit_id", 100),
}


@pytest.mark.parametrize("name", LISTS)
def test_each_list_sends_its_filters_and_reads_the_page_and_a_page_has_20_records_by_default(name: str) -> None:
    path, query, id_field, most = LISTS[name]
    served = {**look("another"), id_field: "one", "thumbnail_url": "https://f.org/?s=secret", "new": 1}
    pages = reply({"data": [served], "has_more": True, "next_token": "t/1="})
    with Loopback(pages) as server, client_of(server) as client:
        list_them = getattr(client, f"list_{name}")
        found = list_them(**query, limit=most, token="t&0")
        with pytest.raises(ValueError, match="limit"):
            list_them(limit=most + 1)
        with pytest.raises(TypeError, match="no parameter 'colour'"):
            list_them(colour="red")
        assert list_them()[0].id == "one"
    assert (found[0].id, found[0].extra["new"], found.has_more, found.next_token) == ("one", 1, True, "t/1=")
    assert getattr(found[0], "ownership", None) == query.get("ownership")
    assert "secret" not in repr(found)
    assert server.seen[0][:3] == ("GET", f"/v3/{path}", {**query, "limit": str(most), "token": "t&0"})
    assert (server.seen[1].query["limit"], len(server.seen)) == ("20", 2)


def test_looks_of_an_old_type_are_asked_for_by_its_new_name_and_nothing_else() -> None:
    with Loopback(OK) as server, client_of(server) as client:
        assert client.list_looks(avatar_type="video_avatar")[0].ownership is None
    assert server.seen[0].query == {"avatar_type": "digital_twin", "limit": "20"}


def voice_lists(**ids: range) -> Reply:
    """List voices by their type; a cursor with another limit is refused."""

    def play(handler: Handler) -> None:
        query = handler.server.seen[-1].query
        start, limit = map(int, query.get("token", f"0/{query['limit']}").split("/"))
        voices, end = ids[query["type"]], start + limit
        content = {"data": [{"voice_id": f"{n}"} for n in voices[start:end]], "has_more": len(voices) > end}
        answer = reply({**content, "next_token": f"{end}/{limit}" if len(voices) > end else None})
        (answer if query["limit"] == f"{limit}" else failure(400))(handler)

    return play


@pytest.mark.parametrize(("own", "public"), [(own, public) for own in range(5) for public in range(4)])
def test_voices_are_the_users_own_ones_and_then_public_ones(own: int, public: int) -> None:
    expected = [f"{n}" for n in range(own + public)]
    service = voice_lists(private=range(own), public=range(own, own + public))
    with Loopback(service) as server, client_of(server) as client:
        for limit in range(1, 7):
            pages = [client.list_voices(limit=limit)]
            while pages[-1].has_more:
                pages.append(client.list_voices(limit=limit, token=pages[-1].next_token))
            assert [voice.id for page in pages for voice in page] == expected
            sizes = [len(page) for page in pages]
            # Every page is full but the last one, and the rest of the page that has filled the first one.
            assert (sizes[0], max(sizes) <= limit, 0 in sizes[1:]) == (min(limit, own + public), True, False)
            assert sum(size < limit for size in sizes) <= 2
            assert [voice.id for voice in client.iter_voices(max_items=limit)] == expected[:limit]
        assert [voice.id for voice in client.iter_voices(type="private")] == expected[:own]


def test_voices_of_a_service_that_ignores_their_type_are_listed_once() -> None:
    every = range(450)  # more pages than may have nothing new
    with Loopback(voice_lists(private=every, public=every)) as server, client_of(server) as client:
        assert [int(voice.id) for voice in client.iter_voices(engine="starfish")] == [*every]
        assert [seen.query["type"] for seen in server.seen] == ["private"] * 5 + ["public"] * 5
        assert {(seen.query["engine"], seen.query["limit"]) for seen in server.seen} == {("starfish", "100")}
    with Loopback(voice_lists(private=range(3), public=range(5))) as server, client_of(server) as client:
        page = client.list_voices()
        assert ([voice.id for voice in page], page.has_more, page.next_token) == ([*"01234"], False, None)
        assert [(*seen.query.values(),) for seen in server.seen] == [("private", "20"), ("public", "20")]
        assert client.list_voices(limit=7).next_token == "public:4:"


def test_a_page_of_voices_without_a_cursor_or_with_an_invalid_record_is_what_the_service_sent() -> None:
    with Loopback(reply({"data": [{"voice_id": "v"}, None], "has_more": True})) as server, client_of(server) as client:
        with pytest.warns(UserWarning, match="1 of 2 records") as warned:
            found = client.list_voices()
        assert ([*found], found.has_more, found.next_token) == ([Voice("v")], True, None)
    assert said(warned)[0].filename == __file__


@pytest.mark.parametrize("item_id", ["look_def456", "a/b", "?x=1", "../x#y", "%2e%2e", " é🎬"])
def test_an_id_reaches_the_service_as_one_part_of_the_path(item_id: str) -> None:
    quoted = quote(item_id, safe="")
    ids = {"id": item_id, "voice_id": item_id, "session_id": item_id}
    with Loopback(reply({"data": {**look(item_id), **ids}})) as server, client_of(server) as client:
        records = [client.get_look(item_id), client.get_group(item_id), client.get_voice(item_id)]
        records.append(client.get_video(item_id))  # type: ignore[arg-type]
        assert [record.id for record in records] == [item_id] * 4
        assert client.get_video_agent(item_id).session_id == item_id
        folders = ["avatars/looks", "avatars", "voices", "videos", "video-agents"]
        assert [seen.path for seen in server.seen] == [f"/v3/{folder}/{quoted}" for folder in folders]
        assert not any(seen.query for seen in server.seen)


WRONG_ARGUMENTS: list[dict[str, Any]] = [
    *({"limit": value} for value in (0, 51, -1, 1.0, True, None, "20")),
    *({"ownership": value} for value in ("", "yours", 5, ["public"])),
    *({"group_id": value} for value in ("", ".", "..", 5, "\ud800")),
    *({"avatar_type": value} for value in ("", 5, ["photo_avatar"], "\ud800")),
    *({"token": value} for value in ("", 5, "\ud800")),
]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        *(("list_looks", arguments) for arguments in WRONG_ARGUMENTS),
        *(("iter_look_pages", arguments) for arguments in WRONG_ARGUMENTS),
        *(("iter_looks", {"max_items": value}) for value in (-1, True, 1.5)),
        *(("iter_groups", {"ownership": value}) for value in ("yours", "")),
        *(("list_voices", arguments) for arguments in ({"limit": 101}, {"gender": ""}, {"engine": 5}, {"type": ""})),
        *(("list_voices", {"token": f"public:{rest}"}) for rest in ("", "17", "1x:a", "-1:a", "x:a", "1/1")),
        *(("list_voices", {"token": token}) for token in ("", "t1", "shared:5:a", "\nprivate:5:a", ":5:a")),
        *(
            (f"get_{kind}", {f"{name}_id": value})  # an id that leads to another path
            for kind, name in (*((one, one) for one in ("look", "group", "voice", "video")), ("video_agent", "session"))
            for value in ("", ".", "..", None, 5, "\ud800")
        ),
    ],
    ids=ascii,
)
def test_a_wrong_argument_is_refused_at_once_by_name_and_value(method: str, arguments: dict[str, Any]) -> None:
    ((name, value),) = arguments.items()
    with Loopback(OK) as server, client_of(server) as client:
        with pytest.raises((ValueError, TypeError), match=name) as caught:
            getattr(client, method)(**arguments)
        assert server.seen == []
    assert repr(value) in str(caught.value)
    assert not isinstance(caught.value, HeyGenError)


@pytest.mark.parametrize(
    ("method", "unknown", "words"),
    [
        ("list_looks", "gender", r"^HeyGen cannot filter by gender\. Use LookCatalogue.client.\.select\(gender=…\)\.$"),
        ("iter_looks", "tags", r"cannot filter by tag\. Use LookCatalogue\(client\)\.select\(tag=…\)"),
        ("iter_look_pages", "sort", r"^HeyGen cannot sort\. Use .*select\(sort=…\)"),
        ("list_groups", "search", r"cannot filter by search\. Use LookCatalogue\(client\)\.characters\(search=…\)"),
        ("list_looks", "type", r"list_looks has no parameter 'type': did you mean avatar_type=…\?"),
        ("list_looks", "max_items", r"did you mean limit=…\?"),
        ("iter_looks", "limit", r"did you mean max_items=…\?"),
        ("iter_group_pages", "page_size", r"did you mean limit=…\?"),
        ("list_voices", "locale", r"did you mean language=…\?"),
        (
            "iter_voices",
            "zzz",
            "iter_voices has no parameter 'zzz': its parameters are type, engine, language, gender, max_",
        ),
    ],
)
def test_a_filter_that_the_service_has_not_names_the_way_out(method: str, unknown: str, words: str) -> None:
    with Loopback(OK) as server, client_of(server) as client:
        with pytest.raises(TypeError, match=words):
            getattr(client, method)(**{unknown: "x"})
        assert server.seen == []


def test_labels_scalars_and_records_are_sent_as_the_service_has_them() -> None:
    group = AvatarGroup("g", "G")
    given = {"group_id": group, "avatar_type": "Photo avatar", "ownership": "Public", "limit": np.int64(3)}
    expected = {"group_id": "g", "avatar_type": "photo_avatar", "ownership": "public", "limit": "3"}
    with Loopback(*[OK] * 4) as server, client_of(server, timeout=np.int64(9), max_retries=np.int64(0)) as client:
        (found,) = client.list_looks(**given, token=pd.NA)
        list(client.iter_look_pages(**given))
        list(client.iter_looks(group_id=pd.NA, max_items=np.int64(1)))
        list(client.iter_looks(max_items=pd.NA, ownership=float("nan")))
    assert [seen.query for seen in server.seen] == [expected, expected, {"limit": "1"}, {"limit": "50"}]
    assert found.ownership == "public"


a_look, a_video = Look("a", "A", "photo_avatar", group_id="g", default_voice_id="v"), Video("a")


@pytest.mark.parametrize(
    ("method", "record", "other", "words"),
    [
        ("get_look", a_look, AvatarGroup("a", "A"), "look_id should be .*, a character: use the id of one of its"),
        ("get_group", AvatarGroup("a", "A"), a_look, "use look.group_id"),
        ("get_group", Character("a", None, 1, 1, a_look), [a_look], r"not \[Look"),
        ("get_voice", Voice("a"), a_look, "use look.default_voice_id"),
        ("get_voice", Voice("a"), AvatarGroup("a", "A"), "use group.default_voice_id"),
        ("get_video", a_video, VideoAgentSession("a"), "use session.video_id"),
        ("wait_for_video", Video("a"), a_look, "video_id should be"),
        ("get_video_agent", VideoAgentSession("a"), a_video, "session_id should be"),
    ],
)
def test_a_record_stands_for_its_id_and_one_of_another_kind_is_refused(
    method: str, record: object, other: object, words: str
) -> None:
    names, more = ("voice_id", "session_id"), {"status": "completed", "video_url": "https://files.example/v.mp4"}
    answers = [reply({"data": {**look(name), **dict.fromkeys(names, name), **more}}) for name in ("a", f"b {KEY}")]
    with Loopback(*answers) as server, client_of(server) as client:
        found = getattr(client, method)(record)
        assert getattr(found, "session_id" if method == "get_video_agent" else "id") == "a"
        with pytest.raises(ValueError, match=words):
            getattr(client, method)(other)
        # The record has another id, which repeats the key.
        with pytest.raises(APIResponseError, match=r"another record, 'b \[the key\]'"):
            getattr(client, method)("a")


def test_iter_looks_follows_the_tokens_to_the_end() -> None:
    with Loopback(chain(*THREE_PAGES)) as server, client_of(server) as client:
        looks, found = client.iter_looks(group_id="g", ownership="public"), []
        for number in range(51):  # a page is asked for when it is needed
            assert len(server.seen) == min(number, 1)
            found.append(next(looks))
        assert len(server.seen) == 2
        found += looks
        assert [seen.query.get("token") for seen in server.seen] == [None, "t1", "t2"]
        assert {(seen.query["limit"], seen.query["group_id"]) for seen in server.seen} == {("50", "g")}
    assert [found_look.id for found_look in found] == [f"look_{n}" for n in range(107)]
    assert {found_look.ownership for found_look in found} == {"public"}


@pytest.mark.parametrize(
    ("max_items", "limits", "count"),
    [
        (0, [], 0),
        (1, ["1"], 1),
        (50, ["50"], 50),
        (51, ["50", "50"], 51),
        (100, ["50", "50"], 100),
        (1000, ["50"] * 3, 107),
    ],
)
def test_max_items_cuts_the_last_page_and_keeps_the_chains_limit(max_items: int, limits: list[str], count: int) -> None:
    pages = THREE_PAGES if max_items > 1 else (looks_page(1, 0, "t1"),)
    with Loopback(chain(*pages)) as server, client_of(server) as client:
        assert len(list(client.iter_looks(max_items=max_items))) == count
        assert [seen.query["limit"] for seen in server.seen] == limits


def more(ids: str, token: object) -> Reply:
    return page(ids, has_more=True, next_token=token)


@pytest.mark.parametrize(
    ("pages", "found", "problem"),
    [
        *(([more("a", token)], "a", "no new next_token") for token in (None, "", 5, "\ud800")),
        ([more("a", "t1"), more("b", "t1")], "ab", "no new next_token"),
        ([more("a", "t1"), more("b", "t2"), more("c", "t1")], "abc", "no new next_token"),
        ([more("ab", "t0"), *(more("ab", f"t{n}") for n in (1, 2, 3))], "ab", "3 pages in a row with nothing new"),
        ([more("ab", "t0"), *(more("", f"t{n}") for n in (1, 2, 3))], "ab", "3 pages in a row with nothing new"),
        # A look that comes again, on the same page or the next one, is yielded once.
        ([more("ab", "t0"), more("bcc", "t1"), more("cd", "t2")], "abcd", "does not end after 4 records"),
    ],
)
def test_pages_that_do_not_end_are_an_error_after_the_looks_before_it(
    pages: list[Reply], found: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paging.MOST_RECORDS == 1_000_000
    monkeypatch.setattr(paging, "MOST_RECORDS", 4)
    looks: list[str] = []
    with Loopback(*pages) as server, client_of(server) as client:
        with pytest.raises(APIResponseError, match=problem):
            looks.extend(item.id for item in client.iter_looks())
        assert (looks, len(server.seen)) == ([*found], len(pages))
    for token in ("t0", None):
        with Loopback(more("a", token)) as server, client_of(server) as client:
            rest = client.iter_look_pages(token="t0", limit=1)
            assert next(rest)[0].id == "a"
            with pytest.raises(APIResponseError, match="no new next_token"):
                next(rest)


@pytest.mark.parametrize(
    ("more", "pages"),
    [
        *(({"next_token": token}, 1) for token in (None, "")),
        ({"has_more": None}, 1),
        ({"has_more": False, "next_token": "t1"}, 1),
        *(({"next_token": "t1", **more}, 2) for more in ({}, {"has_more": None}, {"has_more": "yes"})),
    ],
)
def test_without_has_more_a_token_says_whether_more_follows(more: dict[str, Any], pages: int) -> None:
    first = {"data": [look("a")], **more}
    with Loopback(chain(first, looks_page(1, 0, None))) as server, client_of(server) as client:
        assert len(list(client.iter_looks())) == pages
        assert client.list_looks().next_token == ("t1" if pages == 2 else None)


@pytest.mark.parametrize("record", [{"name": "x", "avatar_type": "y"}, {**look("x"), "name": 5}, None, "look"])
def test_an_invalid_record_in_a_list_is_skipped_with_a_warning(record: object) -> None:
    spoilt = {"data": [look("a"), record, look("b")], "has_more": True, "next_token": "t1"}
    with Loopback(chain(spoilt, looks_page(1, 7, None))) as server, client_of(server) as client:
        text = r"^1 of 3 records cannot be read and are skipped\. The service sent an invalid Look.*\(GET "
        with pytest.warns(UserWarning, match=text):
            assert [item.id for item in client.iter_looks()] == ["a", "b", "look_7"]
        with pytest.warns(UserWarning, match="1 of 3 records") as warned:
            assert len(client.list_looks()) == 2
    assert said(warned)[0].filename == __file__


def test_the_account_is_returned_as_served_but_cleaned() -> None:
    served = {"username": "ada\x00", "left": {"api": 5}, "ratio": 0.5, "id": None}
    with Loopback(reply({"data": served}), reply({"data": []})) as server, client_of(server) as client:
        assert client.get_me() == {**served, "username": "ada\N{REPLACEMENT CHARACTER}"}
        assert server.seen[0].path == "/v3/users/me"
        with pytest.raises(APIResponseError):
            client.get_me()


def test_all_records_of_the_stand_in_are_found() -> None:
    with DemoService(looks=333) as service, HeyGenClient(service.api_key, base_url=service.base_url) as client:
        looks, groups, voices = list(client.iter_looks()), list(client.iter_groups()), list(client.iter_voices())
        assert len({found.id for found in looks}) == len(looks) == 333
        assert sum(group.looks_count or 0 for group in groups) == 333
        assert client.get_look(looks[0].id) == looks[0]
        assert client.get_group(groups[0].id) == groups[0]
        assert {found.group_id for found in client.iter_looks(group_id=groups[0].id)} == {groups[0].id}
        assert {voice.voice_id for voice in voices} == {group.voice_id for group in service.catalogue.groups}
        assert {voice.gender for voice in client.iter_voices(gender="female")} == {"female"}
        assert client.get_me()["billing_type"] == "wallet"
        with pytest.raises(NotFoundError, match="The id of a group is not the id of a look") as caught:
            client.get_look(groups[0].id)
    assert caught.value.code == "avatar_not_found"


def test_iter_videos_is_the_way_back_to_a_video_of_any_page() -> None:
    failed = {"status": "failed", "failure_message": f"{KEY} is empty"}
    pages = ({"data": [{"id": f"v{n}", **failed}], "has_more": n < 2, "next_token": f"t{n + 1}"} for n in range(3))
    with Loopback(chain(*pages)) as server, client_of(server) as client:
        found = list(client.iter_videos(title="Ad"))
    assert [video.id for video in found] == ["v0", "v1", "v2"]
    assert {video.failure_message for video in found} == {"[the key] is empty"}
    assert [seen.query["limit"] for seen in server.seen] == ["100"] * 3
