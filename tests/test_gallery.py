"""A page of looks that opens without Jupyter: what is in it, what is fetched for it, and what is kept out."""

import ast
import base64
import hashlib
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import openpyxl
import PIL.Image
import PIL.ImageDraw
import pytest
import requests
from avatar_service import said
from hypothesis import given, strategies as st
from loopback import KEY, Handler, Loopback, TlsLoopback, client_of, drip, hang_up, reply, stay_silent
from test_html import Parsed

from heygen_widgets import Look, LookPicker, looks_to_frame, looks_to_gallery, looks_to_table
from heygen_widgets.api import media
from heygen_widgets.api.media import Kind, Problem, fetch, media_type, thumbnails
from heygen_widgets.api.transport import open_session
from heygen_widgets.frame import looks_to_excel
from heygen_widgets.models import Failure

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08\x42\x82\x84webm" + bytes(60)
MP4 = b"\0\0\0\x20ftypisom" + bytes(20)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))  # what `from_json` keeps
DRAW = partial(thumbnails, client=None)
LOOK = Look(
    *("look_1", "Zoë Café", "photo_avatar", "g"),
    group_name="Zoë",
    tags=("office", "UGC"),
    image_width=720,
    image_height=1280,
)


def look(url: str | None = None, **fields: Any) -> Look:
    return replace(LOOK, preview_image_url=url, **fields)


def page_of(path: Path) -> Parsed:
    return Parsed(path.read_text("utf-8"))


def attributes(page: Parsed, tag: str) -> list[dict[str, str | None]]:
    return [found for name, found in page.elements if name == tag]


def fetch_all(wanted: dict[str, Kind]) -> list[str | Problem]:
    with open_session() as session:
        return list(fetch(wanted, session).values())


def outcome_of(url: str, kind: Kind = "picture") -> str | Problem:
    return fetch_all({url: kind})[0]


def url_of(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def test_the_page_shows_what_is_known_of_each_look(tmp_path: Path) -> None:
    why = {"status": "failed", "error": Failure("no_face", "No face was found")}
    failed = look(id="look_2", name="Nobody", supported_api_engines=("avatar_iv", "avatar_x"), gender="female", **why)
    path = looks_to_gallery([LOOK, failed], tmp_path / "a.html", title="For Ada & Bo")
    texts = page_of(path).texts
    assert {"For Ada & Bo", "Zoë Café", "Zoë", "Photo avatar", "Portrait", "720 × 1280 px"} <= set(texts)
    assert {"office, UGC", "Female", "Avatar IV, avatar_x", "Failed: No face was found"} <= set(texts)
    assert {"look_1", "look_2", "ZC", "N"} <= set(texts)
    for source in (LookPicker([failed, LOOK], selected_id="look_1"), looks_to_frame(LOOK), [LOOK.to_dict()], LOOK):
        shown = page_of(looks_to_gallery(source, tmp_path / "b.html")).texts
        assert ("look_1" in shown, "look_2" in shown, "Zoë" in shown) == (True, False, True)


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


@given(TEXTS, TEXTS.filter(bool), TEXTS, st.lists(TEXTS, max_size=3))
def test_no_text_of_a_look_becomes_an_element(
    tmp_path_factory: pytest.TempPathFactory, name: str, look_id: str, kind: str, tags: list[str]
) -> None:
    hostile = "</script><img src=x onerror=alert(1)>\"'&lt;"
    item = Look(look_id, f"{name}{hostile}", kind, status=f"failed{hostile}", tags=(*tags, hostile), group_name=hostile)
    path = tmp_path_factory.getbasetemp() / "hostile.html"
    page = page_of(looks_to_gallery([item], path, title=f"{name}{hostile}"))
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not attributes(page, "img")
    assert not [name for _, found in page.elements for name in found if name.startswith("on") or name == "style"]
    assert hostile in page.texts
    (tick,) = [found for found in attributes(page, "input") if found["type"] == "checkbox"]
    assert (tick["data-line"] or "").count("\n") == 1
    assert ast.literal_eval(f"[{(tick['data-line'] or '').strip()}\n]") == [look_id]


def test_a_sheet_and_a_table_show_pictures_and_initials_where_one_is_missing(tmp_path: Path) -> None:
    photo = BytesIO()
    PIL.Image.new("RGB", (1_920, 1_080), "red").save(photo, "WEBP")
    looks = [look(url_of(photo.getvalue())), look(url_of(b"RIFF0000WEBP"), id="b"), look(None, id="c", name="=A&B")]
    with pytest.warns(UserWarning, match=r"^1 picture could .* the sheet .* of a picture\.$") as caught:
        path = looks_to_excel(looks, tmp_path / "a.xlsx", previews=False, draw=DRAW)
    assert "base64" not in str(said(caught)[0].message)
    (sheet,) = openpyxl.load_workbook(path).worksheets
    pictures = [(picture.width, picture.height, picture.anchor._from.row) for picture in sheet._images]
    assert pictures == [(170, 96, 1), (96, 96, 2), (96, 96, 3)]
    assert [cell.value for cell in sheet["C"]] == ["name", "Zoë Café", "Zoë Café", "'=A&B"]
    assert sheet.row_dimensions[2].height >= 72
    table = Parsed(looks_to_table([*looks, look("https://host/a.png?a=1&b=<2>", id="d")]).to_html())
    sources = [tag["src"] for tag in attributes(table, "img")]
    assert sources == [looks[0].preview_image_url, looks[1].preview_image_url, "https://host/a.png?a=1&b=<2>"]
    rule = re.search(r"((?:#T_\w+,? ?)+)\{\s*white-space: nowrap", looks_to_table([LOOK]).to_html())
    assert [cell[-4:] for cell in re.findall(r"#T_\w+", rule[1] if rule else "")] == ["col2", "col6"]
    assert {"=A&B", "office, UGC", "Zoë"} <= {text.strip() for text in table.texts}
    for write in (looks_to_table, lambda many: looks_to_excel(many, tmp_path / "b.xlsx", draw=DRAW)):
        with pytest.raises(ValueError, match=r"at most 500 looks: choose fewer .* looks_to_frame"):
            write([LOOK] * 501)
    assert not list(tmp_path.glob("b*"))


def test_a_choice_becomes_python_for_a_picker_which_takes_120_looks(tmp_path: Path) -> None:
    page = page_of(looks_to_gallery([replace(LOOK, id=str(number)) for number in range(121)], tmp_path / "a.html"))
    (bar,) = [found for found in attributes(page, "div") if found.get("role") == "region"]
    assert bar["data-before"] == "from heygen_widgets import HeyGenClient, LookPicker\n\nlook_ids = [\n"
    picker = "picker = LookPicker(client, multiple=True, values=look_ids[:120])"
    assert bar["data-after"] == f"]\nclient = HeyGenClient()\n{picker}\npicker\n"


def test_the_file_ends_as_a_page_does_and_its_path_is_relative_like_the_given_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.html").symlink_to("c.HTM")
    monkeypatch.chdir(tmp_path)
    written = [looks_to_gallery([LOOK], name) for name in ("a", "b", tmp_path / "c.HTM")]
    assert written == [Path("a.html"), Path("b.html"), tmp_path / "c.HTM"]
    assert sorted(path.name for path in tmp_path.iterdir() if not path.is_symlink()) == ["a.html", "c.HTM"]


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        *((name, IsADirectoryError, "is a folder: name a file in it") for name in ("v1.2", "v1.2/", "new/", "shots")),
        *((name, ValueError, r"should end in \.html") for name in ("a.pdf", "v1.3", "device")),
        ("missing/a.html", FileNotFoundError, "no folder"),
    ],
)
def test_a_path_that_is_no_page_is_refused_before_anything_is_requested(
    tmp_path: Path, name: str, kind: type[Exception], message: str
) -> None:
    def looks() -> Iterator[Look]:
        raise AssertionError("somebody asked for looks")
        yield

    (tmp_path / "v1.2").mkdir()
    (tmp_path / "shots.html").mkdir()
    (tmp_path / "device").symlink_to(os.devnull)
    with pytest.raises(kind, match=message):
        looks_to_gallery(looks(), f"{tmp_path}/{name}")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["device", "shots.html", "v1.2"]


def test_more_than_500_looks_and_what_is_no_look_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 500 looks"):
        looks_to_gallery((LOOK for left in range(501, -1, -1) if 1 / left), tmp_path / "a.html")
    with pytest.raises(TypeError, match="Look records or dicts, not str"):
        looks_to_gallery(["look_1"], tmp_path / "a.html")  # type: ignore[list-item]
    assert not list(tmp_path.iterdir())


def test_pictures_are_requested_without_credentials_or_cookies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login ada password {KEY}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session = requests.Session()
    session.headers["X-Api-Key"] = KEY
    session.auth = ("ada", KEY)
    with Loopback(reply(PNG, Set_Cookie="who=ada; Path=/")) as server, client_of(server, session=session) as client:
        looks_to_gallery([look(f"{server.url}/{n}.png") for n in range(6)], tmp_path / "a.html", client=client)
    assert [seen.method for seen in server.seen] == ["GET"] * 6
    for seen in server.seen:
        assert not {"authorization", "x-api-key", "cookie", "referer"} & seen.headers.keys()
        assert KEY not in str(seen)


def test_pictures_use_the_certificates_and_proxies_of_the_clients_session_but_no_proxy_from_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    session = requests.Session()
    with (
        Loopback(reply(b"", 502)) as proxy,
        TlsLoopback(tmp_path, reply(PNG)) as server,
        client_of(server, session=session) as client,
    ):
        pictured = [look(f"{server.url}/a.png"), look("https://files.invalid/a.png")]
        with pytest.warns(UserWarning, match="1 without a secure connection: check REQUESTS_CA_BUNDLE"):
            looks_to_gallery(pictured[:1], tmp_path / "a.html", client=client)
        session.verify, session.proxies = str(server.authority), {"http": proxy.url, "https": proxy.url}
        with pytest.warns(UserWarning, match="1 not reachable"):
            page = page_of(looks_to_gallery(pictured, tmp_path / "a.html", client=client))
    assert len(attributes(page, "img")) == 1
    assert [seen.method for seen in proxy.seen] == ["CONNECT"]
    assert len(server.seen) == 1


def test_at_most_four_are_requested_at_a_time_and_each_once_without_redirects(tmp_path: Path) -> None:
    with Loopback(reply(PNG)) as server:
        path = looks_to_gallery([look(f"{server.url}/{n % 12}.png") for n in range(24)], tmp_path / "a.html")
        for target in (f"{server.url}/b.png", "https://[broken"):  # requests would read the body, and the target
            with Loopback(reply(PNG, 302, Location=target)) as moved:
                assert outcome_of(f"{moved.url}/a.png") == Problem("status 302")
    assert sorted(seen.path for seen in server.seen) == sorted(f"/{n}.png" for n in range(12))
    assert server.connections <= 4
    assert [item["src"] for item in attributes(page_of(path), "img")] == [url_of(PNG)] * 24


def test_a_picture_is_abandoned_when_it_is_too_large_or_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(media._LARGEST, "picture", 9 * len(PNG))
    with Loopback(drip(PNG)) as server:
        assert outcome_of(f"{server.url}/a.png") == Problem("larger than 0 MB")
    monkeypatch.setattr(media, "_TIMEOUT", (5, 0.1))
    with Loopback(stay_silent) as server:
        assert outcome_of(f"{server.url}/a.png") == Problem("not answered in time")


def test_when_all_pictures_together_are_too_large_no_more_is_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_LARGEST_IN_ALL", 3 * len(url_of(PNG)) - 1)
    monkeypatch.setattr(media, "_AT_A_TIME", 1)
    # A file that is not kept takes no room. The fifth one may be on its way when the fourth is too much.
    with Loopback(reply(bytes(9 * len(PNG))), *[reply(PNG)] * 3, stay_silent) as server:
        outcomes = fetch_all({f"{server.url}/{n}": "picture" for n in range(6)})
        assert "/5" not in [seen.path for seen in server.seen]
    kept = [url_of(PNG)] * 2
    assert outcomes == [Problem("no picture by the bytes"), *kept, *[Problem("more than 0 MB in all")] * 3]


def test_what_is_fetched_is_judged_by_its_bytes_alone() -> None:
    for other in (b"", b" " + PNG, b"RIFF\x24\0\0\0WAVEfmt ", WEBM.replace(b"webm", b"matr"), b"<html>", b"<svg>"):
        assert media_type(other) == ""
    with Loopback(reply(PNG, Content_Type="text/html"), reply(MP4, Content_Type="image/png")) as server:
        assert outcome_of(f"{server.url}/a.png") == url_of(PNG)
        assert outcome_of(f"{server.url}/a.mp4") == Problem("no picture by the bytes")
        assert outcome_of(f"{server.url}/a.mp4", "video") == url_of(MP4, "video/mp4")


def test_large_pictures_are_scaled_down_by_pillow_and_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    def content_of(picture: PIL.Image.Image, kind: str, **options: Any) -> bytes:
        picture.save(file := BytesIO(), kind, **options)
        return file.getvalue()

    photo, turned = PIL.Image.effect_noise((1_600, 900), 60), PIL.Image.Exif()
    PIL.ImageDraw.Draw(photo).rectangle((0, 0, 800, 900), 0)  # its left half is black
    turned[0x0112] = 6  # the left side belongs at the top
    cut_out = photo.quantize(64)
    large = content_of(photo, "JPEG", quality=99, exif=turned)
    large_cut_out = content_of(cut_out, "PNG", transparency=cut_out.getpixel((0, 0)))
    dense = content_of(PIL.Image.effect_noise((1_000, 900), 60).convert("1"), "PNG")  # smaller than its WebP
    kept = [dense, PNG[:33] + bytes(200_000) + PNG[-12:], content_of(photo.crop((700, 0, 1_000, 300)), "PNG")]
    with Loopback(*map(reply, [large, large_cut_out, *kept, large])) as server:
        scaled = [outcome_of(f"{server.url}/a.png") for _ in range(2)]
        assert [outcome_of(f"{server.url}/a.png") for _ in kept] == [url_of(content) for content in kept]
        monkeypatch.setitem(sys.modules, "PIL", None)
        assert outcome_of(f"{server.url}/a.png") == url_of(large, "image/jpeg")
    assert max(len(found) for found in scaled) < 130_000
    upright, transparent = (PIL.Image.open(BytesIO(urlopen(found).read()), formats=["WEBP"]) for found in scaled)
    assert (upright.size, transparent.size) == ((405, 720), (720, 405))
    assert upright.convert("L").crop((0, 0, 405, 300)).getextrema()[1] < 40
    assert {0, 255} < {shade for _, shade in transparent.getchannel("A").getcolors() or []}  # with smooth edges


def test_one_warning_counts_the_placeholders_and_shows_no_url(tmp_path: Path) -> None:
    def play(handler: Handler) -> None:
        {"/a": reply(PNG), "/b": reply(b"", 403), "/c": reply(b"<html>"), "/d": hang_up}[handler.path[:2]](handler)

    with Loopback(play) as server:
        looks = [look(f"{server.url}/{name}?Signature=secret") for name in "abbcd"]
        looks += [look(), look("http://10.0.0.1/?Signature=secret"), look("javascript:secret")]
        looks[0] = replace(looks[0], preview_video_url=f"{server.url}/b.webm?Signature=secret")
        with pytest.warns(UserWarning, match="7 pictures or clips could not") as caught:
            path = looks_to_gallery(looks, tmp_path / "a.html", videos=True)
    (warning,) = said(caught)
    text = str(warning.message)
    assert text.startswith("7 pictures or clips could not be put into the page (3 status 403, ")
    for part in ("1 no picture by the bytes", "1 not reachable", "1 not over https", "1 no usable address"):
        assert part in text
    assert "A signed preview URL expires" in text
    assert not re.search("secret|127", text)
    assert warning.filename == __file__
    assert len(attributes(page_of(path), "img")) == 1
    assert page_of(path).texts.count("ZC") == 7
    assert "secret" not in path.read_text("utf-8")


def test_ctrl_c_stops_the_fetching_and_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("as before")
    main = threading.main_thread().ident or 0

    def play(handler: Handler) -> None:
        if handler.path == "/0.png":
            signal.pthread_kill(main, signal.SIGINT)
        stay_silent(handler)

    with Loopback(play) as server:
        with pytest.raises(KeyboardInterrupt):
            looks_to_gallery([look(f"{server.url}/{n}.png") for n in range(9)], path)
        assert len(server.seen) <= 4
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]
    assert path.read_text() == "as before"
