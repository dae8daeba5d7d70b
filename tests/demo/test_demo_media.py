"""Pictures and clips are served as a CDN serves them: no key, signed addresses that expire, and ranges."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heygen_widgets.demo import DemoService

from .caller import Caller

DAY = 86_400.0


class Clock:
    """A clock that is set by hand, in Unix seconds."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_123.0)


@pytest.fixture
def timed(clock: Clock) -> Iterator[Caller]:
    with DemoService(looks=300, previews="http", clock=clock) as service:
        yield Caller(service)


def looks_of(caller: Caller, avatar_type: str) -> list[dict[str, Any]]:
    looks = caller.get("/v3/avatars/looks", avatar_type=avatar_type, limit=50)["data"]
    return [look for look in looks if look.get("preview_image_url")]


def test_pictures_over_http_are_svg_that_needs_no_key_and_may_be_cached(http_caller: Caller) -> None:
    for avatar_type in ("photo_avatar", "digital_twin", "studio_avatar"):
        for look in looks_of(http_caller, avatar_type)[:10]:
            answer = http_caller.fetch(look["preview_image_url"])
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "image/svg+xml"
            assert "max-age" in answer.headers["Cache-Control"]
            assert answer.body.startswith(b"<svg ")


def test_only_photo_avatars_have_signed_addresses(http_caller: Caller) -> None:
    for look in looks_of(http_caller, "photo_avatar"):
        url = urlsplit(look["preview_image_url"])
        assert re.fullmatch(rf"/talking_photo/{look['id']}/[0-9a-f]{{32}}\.WEBP", url.path)
        assert parse_qs(url.query).keys() == {"Expires", "Signature", "Key-Pair-Id"}
        assert 350 < len(look["preview_image_url"]) < 450
    for avatar_type in ("digital_twin", "studio_avatar"):
        assert all("?" not in look["preview_image_url"] for look in looks_of(http_caller, avatar_type))


def test_a_signed_address_has_three_to_six_days_left_when_served(timed: Caller, clock: Clock) -> None:
    for hour in range(0, 48, 7):
        clock.now = 1_800_000_123.0 + hour * 3_600
        for look in looks_of(timed, "photo_avatar"):
            expires = int(parse_qs(urlsplit(look["preview_image_url"]).query)["Expires"][0])
            assert 3 * DAY <= expires - clock.now <= 6 * DAY


def test_an_expired_address_is_403_and_a_fresh_one_comes_with_a_new_get_of_the_look(
    timed: Caller, clock: Clock
) -> None:
    look = looks_of(timed, "photo_avatar")[0]
    old = look["preview_image_url"]
    assert timed.fetch(old).status == 200
    clock.now += 6 * DAY
    answer = timed.fetch(old)
    assert answer.status == 403
    assert answer.json["error"]["code"] == "forbidden"
    fresh = timed.get(f"/v3/avatars/looks/{look['id']}")["data"]["preview_image_url"]
    assert fresh != old
    assert timed.fetch(fresh).status == 200


def test_an_address_with_a_changed_date_look_or_signature_is_403(timed: Caller) -> None:
    first, second = (look["preview_image_url"] for look in looks_of(timed, "photo_avatar")[:2])
    path, query = first.split("?")
    expires = int(parse_qs(query)["Expires"][0])
    forged = [
        path,
        f"{path}?{query.replace(str(expires), str(expires + 1))}",
        f"{path}?{query.replace(str(expires), '²')}",
        f"{path}?{query.replace('Signature=', 'Signature=A')}",
        f"{second.split('?')[0]}?{query}",
    ]
    assert [timed.fetch(url.replace("²", "%C2%B2")).status for url in forged] == [403] * 5


def test_a_picture_of_a_group_is_that_of_its_first_look(http_caller: Caller) -> None:
    for group in http_caller.get("/v3/avatars", limit=20)["data"]:
        if url := group.get("preview_image_url"):
            assert http_caller.fetch(url).status == 200


@pytest.mark.parametrize("fixture", ["caller", "http_caller"])
def test_clips_are_webm_behind_an_address_that_ends_in_mp4(fixture: str, request: pytest.FixtureRequest) -> None:
    caller: Caller = request.getfixturevalue(fixture)
    looks = caller.get("/v3/avatars/looks", limit=50)["data"]
    urls = [look["preview_video_url"] for look in looks if look.get("preview_video_url")]
    assert 0 < len(urls) < len(looks), "some looks have no clip"
    for url in urls[:10]:
        assert url.endswith("/preview_video_target.mp4")
        answer = caller.fetch(url)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "video/webm"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.body.startswith(b"\x1a\x45\xdf\xa3"), "a WebM file starts with the EBML mark"


@pytest.fixture
def clip(caller: Caller) -> tuple[str, bytes]:
    looks = caller.get("/v3/avatars/looks", limit=50)["data"]
    url = next(look["preview_video_url"] for look in looks if look.get("preview_video_url"))
    return url, caller.fetch(url).body


@pytest.mark.parametrize(
    ("header", "span"),
    [("bytes=0-9", (0, 10)), ("bytes=100-", (100, None)), ("bytes=-7", (-7, None)), ("bytes=5-99999999", (5, None))],
)
def test_a_part_of_a_clip_is_206_with_its_place(
    caller: Caller, clip: tuple[str, bytes], header: str, span: tuple[int, int | None]
) -> None:
    url, whole = clip
    answer = caller.fetch(url, Range=header)
    assert answer.status == 206
    assert answer.body == whole[slice(*span)]
    start, stop = slice(*span).indices(len(whole))[:2]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=-0"])
def test_a_part_beyond_the_end_is_416(caller: Caller, clip: tuple[str, bytes], header: str) -> None:
    answer = caller.fetch(clip[0], Range=header)
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(clip[1])}"


@pytest.mark.parametrize("header", ["bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=-"])
def test_a_range_that_is_not_understood_is_answered_with_the_whole_clip(
    caller: Caller, clip: tuple[str, bytes], header: str
) -> None:
    answer = caller.fetch(clip[0], Range=header)
    assert (answer.status, answer.body) == (200, clip[1])


def test_a_head_request_tells_the_size_of_a_clip(caller: Caller, clip: tuple[str, bytes]) -> None:
    answer = caller.call("HEAD", clip[0].removeprefix(caller.service.base_url))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(clip[1]))


def test_media_are_read_only(caller: Caller, clip: tuple[str, bytes]) -> None:
    answer = caller.call("DELETE", clip[0].removeprefix(caller.service.base_url))
    assert answer.status == 405
    assert answer.json["error"]["code"] == "method_not_allowed"


def test_all_clips_together_take_at_most_100_kb() -> None:
    media = resources.files("heygen_widgets.demo").joinpath("media")
    sizes = [len(entry.read_bytes()) for entry in media.iterdir()]
    assert 3 <= len(sizes) <= 4
    assert sum(sizes) <= 100_000


def test_latency_is_spent_on_the_api_and_not_on_media(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(sys.modules["heygen_widgets.demo._server"].time, "sleep", waits.append)
    with DemoService(looks=40, latency=0.25, previews="http") as service:
        caller = Caller(service)
        look = looks_of(caller, "photo_avatar")[0]
        caller.fetch(look["preview_image_url"])
        caller.call("GET", "/v3/avatars", headers={})
    assert waits == [0.25, 0.25]
