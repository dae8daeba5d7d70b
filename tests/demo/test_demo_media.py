"""Pictures and clips are served like a CDN serves them: no key, signed URLs that expire, and ranges."""

import re
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heygen_widgets.demo import DemoService
from heygen_widgets.demo._portraits import portrait

from .caller import Caller

DAY = 86_400.0
LOOKS = "/v3/avatars/looks"


def looks_of(caller: Caller, avatar_type: str) -> list[dict[str, Any]]:
    looks = caller.get(LOOKS, avatar_type=avatar_type, limit=50)["data"]
    return [look for look in looks if look.get("preview_image_url")]


def test_pictures_over_http_are_svg_that_may_be_cached_and_only_photo_avatars_are_signed(http_caller: Caller) -> None:
    for avatar_type in ("photo_avatar", "digital_twin", "studio_avatar"):
        for look in looks_of(http_caller, avatar_type)[:10]:
            url = look["preview_image_url"]
            answer = http_caller.fetch(url)
            assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml")
            drawn = http_caller.service.catalogue.look(look["id"])
            assert drawn is not None
            assert answer.body.decode() == portrait(drawn)
            assert "max-age" in answer.headers["Cache-Control"]
            assert ("?" in url) == (avatar_type == "photo_avatar")
            if "?" in url:
                assert re.fullmatch(rf"/talking_photo/{look['id']}/[0-9a-f]{{32}}\.WEBP", urlsplit(url).path)
                assert 350 < len(url) < 450
                continue
            named = rf"/public-avatars/{look['id']}/full/\d_3\.jpg"
            plain = rf"/avatar/v3/{look['id']}_\d/preview_target\.webp"
            assert re.fullmatch(named if "_" in look["id"] else plain, urlsplit(url).path)
    for group in http_caller.get("/v3/avatars", limit=20)["data"]:
        if url := group.get("preview_image_url"):
            assert http_caller.fetch(url).status == 200


def test_a_signed_url_expires_after_three_to_six_days_and_a_new_get_has_a_fresh_one() -> None:
    now = 1_800_000_123.0
    with DemoService(looks=300, previews="http", clock=lambda: now) as service:
        caller = Caller(service)
        for _ in range(7):
            now += 7 * 3_600
            for look in looks_of(caller, "photo_avatar"):
                path, query = look["preview_image_url"].split("?")
                fields = parse_qs(query)
                assert fields.keys() == {"Expires", "Signature", "Key-Pair-Id"}
                expires = int(fields["Expires"][0])
                assert 3 * DAY <= expires - now <= 6 * DAY
        other = looks_of(caller, "photo_avatar")[0]["preview_image_url"].split("?")[0]
        later, unreadable = query.replace(str(expires), str(expires + 1)), query.replace(str(expires), "%C2%B2")
        signed_otherwise = query.replace("Signature=", "Signature=A")
        for forged in (path, *(f"{path}?{text}" for text in (later, unreadable, signed_otherwise)), f"{other}?{query}"):
            assert caller.fetch(forged).error == (403, "forbidden", None)
        assert caller.fetch(f"{path}?{query}").status == 200
        now += 6 * DAY
        assert caller.fetch(f"{path}?{query}").status == 403
        fresh = caller.get(f"{LOOKS}/{look['id']}")["data"]["preview_image_url"]
        assert caller.fetch(fresh).status == 200


@pytest.fixture
def clip(caller: Caller) -> tuple[str, bytes]:
    url = next(url for look in caller.get(LOOKS, limit=50)["data"] if (url := look.get("preview_video_url")))
    return url, caller.fetch(url).body


def test_a_clip_is_webm_with_a_url_that_ends_in_mp4(caller: Caller, clip: tuple[str, bytes]) -> None:
    url, whole = clip
    assert url.endswith("/preview_video_target.mp4")
    assert whole.startswith(b"\x1a\x45\xdf\xa3")
    head = caller.call("HEAD", url.removeprefix(caller.service.base_url), headers={})
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(whole)))
    assert (head.headers["Content-Type"], head.headers["Accept-Ranges"]) == ("video/webm", "bytes")
    answer = caller.call("DELETE", url.removeprefix(caller.service.base_url))
    assert (answer.status, answer.json["error"]["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("header", "span"),
    [
        *(("bytes=0-9", (0, 10)), ("bytes=100-", (100, None)), ("bytes=-7", (-7, None))),
        *(("bytes=5-99999999", (5, None)), ("bytes=99999999-", None), ("bytes=-0", None)),
        *((header, (0, None)) for header in ("bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=-")),
    ],
)
def test_clip_ranges(caller: Caller, clip: tuple[str, bytes], header: str, span: tuple[int, int | None] | None) -> None:
    url, whole = clip
    answer = caller.fetch(url, Range=header)
    if span is None:
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    elif span == (0, None):
        assert (answer.status, answer.body) == (200, whole), "a range that is not understood means the whole"
    else:
        start, stop = slice(*span).indices(len(whole))[:2]
        assert (answer.status, answer.body) == (206, whole[start:stop])
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


def test_latency_applies_to_the_api_and_not_to_media(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(sys.modules["heygen_widgets.demo._server"].time, "sleep", waits.append)
    with DemoService(looks=40, latency=0.25, previews="http") as service:
        caller = Caller(service)
        caller.fetch(looks_of(caller, "photo_avatar")[0]["preview_image_url"])
        caller.call("GET", "/v3/avatars", headers={})
    assert waits == [0.25, 0.25]
