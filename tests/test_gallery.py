"""A page of looks that opens without Jupyter: what is in it, and what is never asked for nor let in."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from avatar_service import let_no_thread_begin, our_threads
from hypothesis import given
from hypothesis import strategies as st
from loopback import KEY, NAME, Handler, Loopback, Reply, drip, failure, hang_up, over_tls, reply
from test_html import Parsed

from heygen_widgets import HeyGenClient, Look, demo_client, gallery, looks_to_gallery
from heygen_widgets._background import begin
from heygen_widgets.api import pictures as _pictures
from heygen_widgets.api import public_hosts as _public
from heygen_widgets.api.media import embedded, picture_type, video_type
from heygen_widgets.api.pictures import Kept, Problem, fetch
from heygen_widgets.api.public_hosts import is_public, is_public_host
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import HeyGenError
from heygen_widgets.models import Failure

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08\x42\x82\x84webm" + bytes(60)
LOOK = Look(
    "look_1", "Zoë Café", "photo_avatar", group_id="g", tags=("office", "UGC"), image_width=720, image_height=1280
)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def look(url: str | None = None, **fields: Any) -> Look:
    return replace(LOOK, preview_image_url=url, **fields)


def page_of(path: Path) -> Parsed:
    return Parsed(path.read_text("utf-8"))


def attributes(page: Parsed, tag: str) -> list[dict[str, str | None]]:
    return [found for name, found in page.elements if name == tag]


def outcome_of(url: str, server: Loopback | None = None, kind: _pictures.Kind = "picture") -> Kept | Problem:
    return fetch({url: kind}, [server.url] if server else [])[url]


# The page


def test_the_page_tells_what_is_known_of_each_look(tmp_path: Path) -> None:
    failed = look(
        id="look_2",
        name="Nobody",
        status="failed",
        error=Failure("no_face", "No face was found"),
        supported_api_engines=("avatar_iv", "avatar_x"),
        gender="female",
    )
    path = looks_to_gallery([LOOK, failed], tmp_path / "a.html", title="For Ada & Bo", group_names={"g": "Zoë"})
    page = page_of(path)
    assert {
        "For Ada & Bo",
        "2 looks",
        "Zoë Café",
        "Zoë",
        "Photo avatar",
        "Portrait",
        "720 × 1280 px",
        "office, UGC",
        "Female",
        "Avatar IV, avatar_x",
        "Failed: No face was found",
        "look_1",
        "look_2",
        "ZC",
        "N",
    } <= set(page.texts)


def test_the_page_may_ask_for_nothing_and_run_nothing_but_its_own_script(tmp_path: Path) -> None:
    html = looks_to_gallery([LOOK], tmp_path / "a.html").read_text("utf-8")
    policy = next(m["content"] for m in attributes(Parsed(html), "meta") if m.get("http-equiv")) or ""
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert (rules["img-src"], rules["media-src"]) == ("data:", "data:")
    for tag in ("style", "script"):
        (source,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert {"name": "referrer", "content": "no-referrer"} in attributes(Parsed(html), "meta")
    assert attributes(Parsed(html), "html") == [{"lang": "en"}]


@given(st.text(), st.text(min_size=1), st.text(), st.lists(st.text(), max_size=3))
def test_whatever_the_texts_are_the_page_has_no_element_of_theirs(
    tmp_path_factory: pytest.TempPathFactory, name: str, look_id: str, kind: str, tags: list[str]
) -> None:
    hostile = "</script><img src=x onerror=alert(1)>\"'&lt;"
    item = Look(look_id, f"{name}{hostile}", kind, status=f"failed{hostile}", tags=(*tags, hostile), group_id="g")
    path = tmp_path_factory.getbasetemp() / "hostile.html"
    page = page_of(looks_to_gallery([item], path, title=f"{name}{hostile}", group_names={"g": hostile}))
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not attributes(page, "img")
    assert not [name for _, found in page.elements for name in found if name.startswith("on") or name == "style"]
    assert hostile in page.texts


def test_no_url_of_the_service_is_in_the_page(tmp_path: Path) -> None:
    with DemoService(looks=30, previews="http") as service:
        looks = demo_looks(service)
        with pytest.warns(UserWarning, match="6 no picture by the bytes") as told:
            path = looks_to_gallery(looks, tmp_path / "a.html", videos=True)
    html = path.read_text("utf-8")
    assert "127.0.0.1" not in html
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "Signature" not in html + str(told[0].message)


def demo_looks(service: DemoService) -> list[Look]:
    with HeyGenClient(service.api_key, base_url=service.base_url) as client:
        return list(client.list_looks(limit=6))


def test_the_looks_of_the_stand_in_come_with_pictures_and_clips(tmp_path: Path) -> None:
    looks = [found for found in demo_client(looks=60).iter_looks() if found.preview_video_url][:3]
    with warnings.catch_warnings(action="error"):
        still = page_of(looks_to_gallery(looks, tmp_path / "a.html"))
        moving = page_of(looks_to_gallery(looks, tmp_path / "b.html", videos=True))
    sources = [item["src"] or "" for item in attributes(still, "img")]
    assert [url[:26] for url in sources] == ["data:image/svg+xml;base64,"] * 3
    assert [(item["src"] or "")[:23] for item in attributes(moving, "video")] == ["data:video/webm;base64,"] * 3
    assert [item["poster"] for item in attributes(moving, "video")] == sources


def test_an_id_that_is_no_id_is_not_there_to_be_copied(tmp_path: Path) -> None:
    page = page_of(looks_to_gallery([replace(LOOK, id="a" * 100_000), LOOK], tmp_path / "a.html"))
    assert len(attributes(page, "button")) == 1
    assert max(map(len, page.texts)) < 10_000


# The file


@pytest.mark.parametrize(("name", "written"), [("a.html", "a.html"), ("a.HTM", "a.HTM"), ("a", "a.html")])
def test_the_file_ends_as_a_page_does(tmp_path: Path, name: str, written: str) -> None:
    assert looks_to_gallery([LOOK], str(tmp_path / name)) == tmp_path / written
    assert [path.name for path in tmp_path.iterdir()] == [written]


def test_the_path_given_back_is_relative_where_the_given_one_is_as_links_in_notebooks_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    monkeypatch.chdir(tmp_path)
    assert looks_to_gallery([LOOK], "a") == Path("a.html")
    assert looks_to_gallery([LOOK], "link/b.html") == Path("link/b.html")
    assert (tmp_path / "folder" / "b.html").is_file()
    with pytest.raises(IsADirectoryError, match="names a folder"):
        looks_to_gallery([LOOK], "")


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("v1.2", "v1.2"),
        ("a", "a"),
        ("a/", "a"),
        ("", ""),
        ("missing/", "missing"),
        ("new.html/", "new.html"),
        ("b", "b.html"),
    ],
)
def test_a_folder_is_refused_before_anything_is_asked_for(tmp_path: Path, name: str, folder: str) -> None:
    def looks() -> Iterator[Look]:
        raise AssertionError("somebody asked for looks")
        yield

    for made in ("v1.2", "a", "b.html"):
        (tmp_path / made).mkdir()
    with pytest.raises(IsADirectoryError) as told:
        looks_to_gallery(looks(), f"{tmp_path}/{name}")
    named = tmp_path / folder
    assert str(told.value) == f"{str(named)!r} names a folder: name a file in it, as {str(named / 'shortlist.html')!r}"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b.html", "v1.2"]


@pytest.mark.parametrize("name", ["a.pdf", "a.csv", "v1.2"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"should end in \.html"):
        looks_to_gallery([LOOK], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_too_many_looks_and_what_is_no_look_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"more than 500 looks .* looks\[:500\]"):
        looks_to_gallery([LOOK] * 501, tmp_path / "a.html")
    with pytest.raises(TypeError, match="Look records, not str"):
        looks_to_gallery(["look_1"], tmp_path / "a.html")  # type: ignore[list-item]
    with pytest.raises(FileNotFoundError, match="no folder"):
        looks_to_gallery([LOOK], tmp_path / "missing" / "a.html")
    assert not list(tmp_path.iterdir())


# What is asked


HOSTILE = [
    "http://files2.heygen.ai/a.png",
    "https://user:secret@files2.heygen.ai/a.png",
    "https://files2.heygen.ai\\@127.0.0.1/a.png",
    "https://[::1]/a.png",
    "https://[::ffff:127.0.0.1]/a.png",
    "https://[::127.0.0.1]/a.png",
    "https://[64:ff9b::7f00:1]/a.png",
    "https://[2002:7f00:1::]/a.png",
    "https://[fe80::1]/a.png",
    "https://[fd00::1]/a.png",
    "https://[::1].example.com/a.png",
    "https://127.0.0.1/a.png",
    "https://127.1/a.png",
    "https://2130706433/a.png",
    "https://0x7f000001/a.png",
    "https://0x7f.1/a.png",
    "https://0177.0.0.1/a.png",
    "https://①②⑦.⓪.⓪.①/a.png",
    "https://127。0。0。1/a.png",
    "https://127.0.0.1./a.png",
    "https://%31%32%37.0.0.1/a.png",
    "https://0.0.0.0/a.png",
    "https://10.0.0.1/a.png",
    "https://172.16.0.1/a.png",
    "https://192.168.1.1/a.png",
    "https://100.64.0.1/a.png",
    "https://169.254.169.254/latest/meta-data",
    "https://224.0.0.1/a.png",
    "https://240.0.0.1/a.png",
    "https://255.255.255.255/a.png",
    "https://localhost/a.png",
    "https://LOCALHOST./a.png",
    "https://a.localhost/a.png",
    "https://router/a.png",
    "https://printer.local/a.png",
    "https://metadata.google.internal/a.png",
    "https://nas.localdomain/a.png",
    "https://nas.private/a.png",
    "https://nas.intranet/a.png",
    "https://nas.lan/a.png",
    "https://nas.home/a.png",
    "https://nas.corp/a.png",
    "https://nas.home.arpa./a.png",
    "https://fritz.box/a.png",
    "https://nas.FRITZ.box/a.png",
    "https://a.test/a.png",
    "https://a.example/a.png",
    "https://a.invalid/a.png",
    "https://a.onion/a.png",
    "https://a.alt/a.png",
    "ftp://files2.heygen.ai/a.png",
    "file:///etc/passwd",
    "https:///a.png",
    "https://files2.heygen.ai:0/a.png",
    "https://files2.heygen.ai:99999/a.png",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_neither_looked_up_nor_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("somebody looked a name up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    outcome = outcome_of(url)
    assert isinstance(outcome, Problem)
    assert outcome.reason in ("no usable address", "not over https", "not on the public internet")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_may_be_asked(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["files2.heygen.ai", "a.box", "notfritz.box", "example.com", "mylocal.com", "local.com."]
)
def test_a_name_that_only_looks_like_one_of_a_local_network_may_be_asked(host: str) -> None:
    assert is_public_host(host)


def test_only_a_stand_in_that_runs_here_is_asked_over_http() -> None:
    with Loopback(reply(PNG)) as server, DemoService(looks=5) as service:
        assert outcome_of(f"{server.url}/a.png") == Problem("not over https")
        assert gallery._stand_ins([f"{server.url}/a.png"]).count(service.base_url) == 1
        assert server.url not in gallery._stand_ins([f"{server.url}/a.png"])
        for url in (server.url.replace("127.0.0.1", "localhost"), server.url.replace("//", "//u@"), f"{server.url}1"):
            assert isinstance(outcome_of(f"{url}/a.png", server), Problem)
        assert server.connections == 0
        assert outcome_of(f"{server.url}/a.png", server) == Kept(url_of(PNG))
    assert service not in DemoService._running


def url_of(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def test_a_name_that_stands_for_a_private_address_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with over_tls(tmp_path, monkeypatch, reply(PNG)) as server:
        url = f"https://{NAME}:{server.server_address[1]}/a.png"
        assert outcome_of(url) == Problem("not on the public internet")
        assert server.connections == 0
        monkeypatch.setattr(_public, "is_public", lambda address: address == "127.0.0.1")
        assert outcome_of(url) == Kept(url_of(PNG))
    assert server.seen[0].headers["host"] == f"{NAME}:{server.server_address[1]}"


def test_a_name_whose_answer_changes_is_asked_at_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    answers = iter(["8.8.8.8", *["127.0.0.1"] * 9])

    def look_up(host: str, port: int, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        if host != NAME:
            raise OSError("no way there")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert outcome_of(f"https://{NAME}/a.png") == Problem("not reachable")
    assert asked == [NAME, "8.8.8.8"]


def no_way_to(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch, on_try: Callable[[], object] = lambda: None
) -> list[str]:
    """Let `NAME` stand for addresses that cannot be reached; give what is looked up, which tells each that is tried."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        if host != NAME:
            on_try()
            raise OSError("no way there")
        return [(socket.AF_UNSPEC, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


FOUR_OF_SIX = [f"2606:4700::{n}" for n in range(1, 5)]  # IPv6
FOUR_OF_FOUR = [f"8.8.8.{n}" for n in range(1, 5)]  # IPv4


@pytest.mark.parametrize(
    ("addresses", "tried"),
    [
        (FOUR_OF_FOUR, FOUR_OF_FOUR[:3]),
        (FOUR_OF_SIX + FOUR_OF_FOUR, [FOUR_OF_SIX[0], FOUR_OF_FOUR[0], FOUR_OF_SIX[1]]),
        (FOUR_OF_FOUR[:1], FOUR_OF_FOUR[:1]),
    ],
)
def test_of_many_addresses_three_are_tried_and_both_kinds_of_them(
    addresses: list[str], tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = no_way_to(addresses, monkeypatch)
    assert outcome_of(f"https://{NAME}/a.png") == Problem("not reachable")
    assert asked == [NAME, *tried]


def test_once_the_lines_are_cut_no_further_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _public.Lines()
    asked = no_way_to(FOUR_OF_FOUR, monkeypatch, on_try=lines.cut)
    request = requests.Request("GET", f"https://{NAME}/a.png").prepare()
    adapter = _public.WatchedAdapter(lines, public=True)
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            adapter.send(request)
    assert asked == [NAME, FOUR_OF_FOUR[0], NAME]


def test_a_certificate_of_nobody_known_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_public, "is_public", lambda _: True)
    with over_tls(tmp_path, monkeypatch, reply(PNG)) as server:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        assert outcome_of(f"https://{NAME}:{server.server_address[1]}/a.png") == Problem("not reachable")
    assert not server.seen


def test_a_proxy_looks_names_up_and_is_asked_for_no_private_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(failure(502)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        fetch(dict.fromkeys([f"https://{NAME}:8443/a.png", "https://10.0.0.1/a.png", "https://fritz.box/"], "picture"))
    assert [(seen.method, seen.path) for seen in proxy.seen] == [("CONNECT", "8443")]


def test_no_credentials_and_no_cookies_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login ada password {KEY}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HEYGEN_API_KEY", KEY)
    with Loopback(reply(PNG, Set_Cookie="who=ada; Path=/")) as server:
        fetch({f"{server.url}/{n}.png": "picture" for n in range(6)}, [server.url])
    assert len(server.seen) == 6
    for seen in server.seen:
        assert seen.method == "GET"
        assert not {"authorization", "x-api-key", "cookie", "referer"} & seen.headers.keys()
        assert KEY not in str(seen)


def test_at_most_four_are_asked_for_at_a_time_and_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(reply(PNG)) as server:
        monkeypatch.setattr(gallery, "_stand_ins", lambda _: (server.url,))
        path = looks_to_gallery([look(f"{server.url}/{n % 12}.png") for n in range(24)], tmp_path / "a.html")
    assert sorted(seen.path for seen in server.seen) == sorted(f"/{n}.png" for n in range(12))
    assert server.connections <= 4
    assert [item["src"] for item in attributes(page_of(path), "img")] == [url_of(PNG)] * 24


# What is let in


def test_a_redirect_is_not_followed() -> None:
    with Loopback(reply(PNG)) as other, Loopback(reply(PNG, 302, Location=f"{other.url}/b.png")) as server:
        assert outcome_of(f"{server.url}/a.png", server) == Problem("status 302")
    assert not other.seen


def test_a_picture_that_is_too_large_is_left_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_pictures._LARGEST, "picture", 0)
    with Loopback(drip(PNG)) as server:
        assert outcome_of(f"{server.url}/a.png", server) == Problem("larger than 0 MB")


def test_all_pictures_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pictures, "_LARGEST_IN_ALL", 2 * len(PNG))
    with Loopback(reply(PNG)) as server:
        outcomes = fetch({f"{server.url}/{n}": "picture" for n in range(5)}, [server.url])
    assert sum(isinstance(outcome, Kept) for outcome in outcomes.values()) == 2


def one_after_the_other(monkeypatch: pytest.MonkeyPatch, *script: Reply) -> tuple[list[Kept | Problem], int]:
    """Fetch five pictures; give what became of each, and how many were asked for."""
    monkeypatch.setattr(_pictures, "_AT_A_TIME", 1)
    with Loopback(*script) as server:
        outcomes = fetch({f"{server.url}/{n}": "picture" for n in range(5)}, [server.url])
    return list(outcomes.values()), len(server.seen)


def test_once_all_are_too_large_together_nothing_more_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pictures, "_LARGEST_IN_ALL", 3 * len(PNG) - 1)
    outcomes, asked = one_after_the_other(monkeypatch, reply(PNG))
    assert outcomes == [Kept(url_of(PNG))] * 2 + [Problem("more than 0 MB in all")] * 3
    assert asked == 3


def test_what_makes_all_too_large_is_left_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pictures, "_LARGEST_IN_ALL", 3 * len(PNG))
    with Loopback(drip(PNG)) as server:
        assert outcome_of(f"{server.url}/a.png", server) == Problem("more than 0 MB in all")


def test_what_only_those_under_way_have_filled_is_not_full_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pictures, "_LARGEST_IN_ALL", 2 * len(PNG))
    fetching = _pictures._Fetching({}, ())
    for _ in range(3):
        has_room = fetching._count(len(PNG), len(PNG))
    assert (has_room, fetching._is_full) == (False, False)


def test_what_is_not_kept_takes_no_room_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pictures, "_LARGEST_IN_ALL", 2 * len(PNG))
    outcomes, _ = one_after_the_other(monkeypatch, *[reply(bytes(2 * len(PNG)))] * 3, reply(PNG))
    assert outcomes == [Problem("no picture by the bytes")] * 3 + [Kept(url_of(PNG))] * 2


def test_a_picture_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_pictures._TIMEOUTS, "picture", (5, 0.1))
    with Loopback(drip(PNG)) as server:
        assert outcome_of(f"{server.url}/a.png", server) == Problem("not answered in time")


def test_what_is_not_reached_in_time_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pictures, "_LONGEST", -1.0)
    with Loopback(reply(PNG)) as server:
        assert outcome_of(f"{server.url}/a.png", server) == Problem("not reached in time")
    assert not server.seen


BYTES: list[tuple[bytes, str | None]] = [
    (PNG, "image/png"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    (b"GIF89a" + bytes(20), "image/gif"),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    (b"\0\0\0\x1cftypavif" + bytes(16), "image/avif"),
    (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image/bmp"),
    (b"", None),
    (b"BM<script>alert(1)</script>", None),
    (b"<html><script>alert(1)</script>", None),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", None),
    (b"RIFF\x24\0\0\0WAVEfmt ", None),
    (b"%PDF-1.7", None),
    (b"PK\x03\x04", None),
    (b" " + PNG, None),
]


@pytest.mark.parametrize(("content", "kind"), BYTES, ids=[str(number) for number in range(len(BYTES))])
def test_a_picture_is_told_by_its_bytes_whatever_it_is_called(content: bytes, kind: str | None) -> None:
    assert picture_type(content) == kind
    for called in ("image/png", "text/html"):
        with Loopback(reply(content, Content_Type=called)) as server:
            expected = Kept(url_of(content, kind)) if kind else Problem("no picture by the bytes")
            assert outcome_of(f"{server.url}/a.png", server) == expected


def test_a_clip_is_told_by_its_bytes_and_is_no_picture() -> None:
    mp4 = b"\0\0\0\x20ftypisom" + bytes(20)
    assert [video_type(content) for content in (mp4, WEBM, PNG, WEBM.replace(b"webm", b"matr"))] == [
        "video/mp4",
        "video/webm",
        None,
        None,
    ]
    assert not picture_type(mp4)
    with Loopback(reply(mp4)) as server:
        assert outcome_of(f"{server.url}/a.mp4", server, "video") == Kept(url_of(mp4, "video/mp4"))
        assert outcome_of(f"{server.url}/a.mp4", server) == Problem("no picture by the bytes")


SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}</svg>"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (url_of(PNG), url_of(PNG)),
        (url_of(PNG, "image/svg+xml"), url_of(PNG)),
        ("data:image/svg+xml," + SVG.format("<path d='M0 0h9'/>"), SVG.format("<path d='M0 0h9'/>")),
        (url_of(b"<html>"), None),
        ("data:image/png;base64,%%%", None),
        ("data:image/svg+xml,", None),
        ("data:image/svg+xml," + SVG.format("<script>alert(1)</script>"), None),
        ("data:image/svg+xml," + SVG.format("<foreignObject/>"), None),
        ("data:image/svg+xml," + SVG.format("<a href='javascript:1'/>"), None),
        ("data:image/svg+xml," + SVG.format("<image href='https://a.example/b.png'/>"), None),
        ("data:image/svg+xml," + SVG.format("<style>@import 'https://a.example'</style>"), None),
        ("data:image/svg+xml," + SVG.format("<path onload='alert(1)'/>"), None),
        ("data:image/svg+xml," + SVG.format("<path style='fill:url(https://a.example/b)'/>"), None),
        ("data:image/svg+xml," + SVG.format("<path style='fill:u\\72l(https://a.example/b)'/>"), None),
        ("data:image/svg+xml," + SVG.format("<path xmlns='http://www.w3.org/1999/xhtml'/>"), None),
        ("data:image/svg+xml,<!DOCTYPE svg [<!ENTITY a 'b'>]>" + SVG.format("&a;"), None),
        ("data:image/svg+xml,<?xml-stylesheet href='https://a.example'?>" + SVG.format(""), None),
        ("data:image/svg+xml,<g xmlns='http://www.w3.org/2000/svg'/>", None),
    ],
)
def test_a_data_url_is_made_anew_where_it_holds_an_image(url: str, kept: str | None) -> None:
    wanted = url_of(kept.encode(), "image/svg+xml") if kept and kept.startswith("<svg") else kept
    assert embedded(url) == wanted


def test_one_warning_tells_what_became_a_placeholder_and_no_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(handler: Handler) -> None:
        {"/a": reply(PNG), "/b": failure(403), "/c": reply(b"<html>"), "/d": hang_up}[handler.path[:2]](handler)

    with Loopback(play) as server:
        monkeypatch.setattr(gallery, "_stand_ins", lambda _: (server.url,))
        looks = [look(f"{server.url}/{name}?Signature=secret") for name in "abbcd"]
        looks += [look(), look("https://10.0.0.1/?Signature=secret"), look("javascript:secret")]
        with pytest.warns(UserWarning, match="6 pictures could not") as told:
            path = looks_to_gallery(looks, tmp_path / "a.html")
    (warning,) = told
    text = str(warning.message)
    assert text.startswith("6 pictures could not be put into the page (2 status 403, ")
    for part in ("1 no picture by the bytes", "1 not reachable", "1 not on the public internet", "1 no usable address"):
        assert part in text
    assert "secret" not in text
    assert "127" not in text
    assert warning.filename == __file__
    page = page_of(path)
    assert len(attributes(page, "img")) == 1
    assert page.texts.count("ZC") == 7
    assert "secret" not in path.read_text("utf-8")


def test_ctrl_c_ends_all_and_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.html"
    path.write_text("as before")

    def play(handler: Handler) -> None:
        if handler.path == "/0.png":
            reply(PNG)(handler)
            return
        if handler.path == "/1.png":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")  # an answer that lasts as long as its connection
        # Until the other end has gone.
        handler.connection.recv(1)
        handler.close_connection = True

    def interrupt(_: int = 1) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(_pictures._TIMEOUTS, "picture", (5, 3_600))
    with Loopback(play) as server:
        with pytest.raises(KeyboardInterrupt):
            fetch({f"{server.url}/{n}.png": "picture" for n in range(9)}, [server.url], on_each=interrupt)
        assert not [thread for thread in our_threads() if thread.name.endswith("pictures")]
        monkeypatch.setattr(gallery, "fetch", lambda *_, **__: interrupt())
        monkeypatch.setattr(gallery, "_stand_ins", lambda _: (server.url,))
        with pytest.raises(KeyboardInterrupt):
            looks_to_gallery([look(f"{server.url}/0.png")], path)
    assert len(server.seen) < 9
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]
    assert path.read_text() == "as before"


def test_where_no_thread_can_begin_nothing_is_left_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    let_no_thread_begin("pictures", monkeypatch)
    with Loopback(reply(PNG)) as server, pytest.raises(HeyGenError, match="pictures"):
        outcome_of(f"{server.url}/a.png", server)


def test_with_fewer_threads_than_wanted_all_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin_first(name: str, target: Callable[..., None]) -> threading.Thread:
        thread = begin(name, target)
        let_no_thread_begin(name, monkeypatch)
        return thread

    monkeypatch.setattr(_pictures, "begin", begin_first)
    with Loopback(reply(PNG)) as server:
        outcomes = fetch({f"{server.url}/{n}": "picture" for n in range(9)}, [server.url])
    assert list(outcomes.values()) == [Kept(url_of(PNG))] * 9


def test_where_all_threads_have_failed_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    reported: list[object] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    monkeypatch.setattr(_pictures, "picture_type", fail)
    with Loopback(reply(PNG)) as server:
        wanted: dict[str, _pictures.Kind] = {f"{server.url}/{n}": "picture" for n in range(9)}
        outcomes = fetch(wanted, [server.url])
    assert outcomes.keys() == wanted.keys()
    found = [outcome.reason for outcome in outcomes.values() if isinstance(outcome, Problem)]
    assert sorted(found) == ["not asked for"] * 5 + ["unreadable"] * 4
    assert len(reported) == len(server.seen) == 4
