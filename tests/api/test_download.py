"""A video comes to a file whole, on from where it broke off, and never with the key."""

from __future__ import annotations

import errno
import os
import re
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from loopback import KEY, Handler, Loopback, Reply, Seen, client_of, failure, reply, stay_silent

from heygen_widgets.api import download as _download
from heygen_widgets.errors import APIConnectionError, HeyGenError, NotFoundError, VideoFailedError

FILM = bytes(range(256)) * 4_000


class Films(Loopback):
    """Serves one video whose address is new each time, and its film in ranges, or as the script says."""

    def __init__(self, *script: Callable[[int], Reply] | Reply | None, status: str = "completed") -> None:
        super().__init__(failure(404))
        self.faults = list(script)
        self.status = status
        self.tag: str | None = '"1"'
        self.signature = 0

    def next_reply(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        if seen.path == "/v3/videos/video_1":
            self.signature += 1
            url = f"{self.url}/film.mp4?Signature={self.signature}" if self.status == "completed" else None
            return reply({"data": {"id": "video_1", "status": self.status, "video_url": url}})
        if seen.path != "/film.mp4":
            return failure(404, "video_not_found")
        start = int(re.sub("[^0-9]", "", seen.headers.get("range", "0")))
        fault = self.faults.pop(0) if self.faults else None
        return fault or part(start, self.tag)

    def films(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == "/film.mp4"]


def part(start: int, tag: str | None, stop: int = len(FILM), film: bytes = FILM) -> Reply:
    """Give the film from some byte on, and break off at another."""

    def play(handler: Handler) -> None:
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Type", "video/mp4")
        if tag:
            handler.send_header("ETag", tag)
        handler.send_header("Content-Length", str(len(film) - start))
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(film) - 1}/{len(film)}")
        handler.end_headers()
        handler.wfile.write(film[start:stop])
        handler.close_connection = stop < len(film)

    return play


def parts_left(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(".part")]


def test_a_film_comes_to_its_file_without_the_key(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"an older one")
    with Films() as server, client_of(server) as client:
        assert client.download_video("video_1", str(path)) == path
    assert path.read_bytes() == FILM
    assert parts_left(tmp_path) == []
    (asked,) = server.films()
    assert "range" not in asked.headers
    assert KEY not in str(asked.headers)
    assert not {"x-api-key", "authorization"} & asked.headers.keys()


@pytest.mark.parametrize("tag", ['"1"', None])
def test_what_breaks_off_goes_on_at_an_address_that_is_fresh(tmp_path: Path, tag: str | None) -> None:
    path = tmp_path / "film.mp4"
    with Films(part(0, tag, 300_000), part(300_000, tag, 700_000)) as server, client_of(server) as client:
        server.tag = tag
        client.download_video("video_1", path)
    assert path.read_bytes() == FILM
    assert [seen.headers.get("range") for seen in server.films()] == [None, "bytes=300000-", "bytes=700000-"]
    assert [seen.query["Signature"] for seen in server.films()] == ["1", "2", "3"]


def test_an_address_that_has_expired_is_asked_for_anew(tmp_path: Path) -> None:
    with Films(failure(403), failure(404)) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM
    assert server.signature == 3


def test_another_call_goes_on_where_the_last_one_had_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with Films(part(0, '"1"', 500_000), *[failure(503)] * 4) as server, client_of(server) as client:
        with pytest.raises(APIConnectionError, match="500,000 bytes, is kept: the same call goes on"):
            client.download_video("video_1", path)
        assert not path.exists()
        assert len(parts_left(tmp_path)) == 1
        client.download_video("video_1", path)
    assert path.read_bytes() == FILM
    assert server.films()[-1].headers["range"] == "bytes=500000-"
    assert parts_left(tmp_path) == []


def test_what_is_another_film_now_begins_again(tmp_path: Path) -> None:
    other = FILM[::-1]
    script = part(0, '"1"', 300_000), part(300_000, '"2"', film=other), part(0, '"2"', film=other)
    with Films(*script) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == other
    assert [seen.headers.get("range") for seen in server.films()] == [None, "bytes=300000-", None]


def test_a_film_without_a_tag_that_has_another_length_now_begins_again(tmp_path: Path) -> None:
    other = FILM[::-1] + b"and more"
    script = part(0, None, 300_000), part(300_000, None, film=other), part(0, None, len(other), other)
    with Films(*script) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == other
    assert [seen.headers.get("range") for seen in server.films()] == [None, "bytes=300000-", None]


@pytest.mark.parametrize("missing", [300_000, 1])
def test_a_part_that_ends_before_the_length_it_tells_of_is_not_the_whole(tmp_path: Path, missing: int) -> None:
    stop = len(FILM) - missing

    def short(handler: Handler) -> None:
        handler.send_response(206)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Range", f"bytes 100000-{stop - 1}/{len(FILM)}")
        handler.send_header("Content-Length", str(stop - 100_000))
        handler.end_headers()
        handler.wfile.write(FILM[100_000:stop])

    with Films(part(0, None, 100_000), short) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM
    assert server.films()[-1].headers["range"] == f"bytes={stop}-"


def test_a_part_without_a_length_that_ends_too_soon_is_not_the_whole(tmp_path: Path) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(206)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Range", f"bytes 300000-{len(FILM) - 1}/{len(FILM)}")
        handler.end_headers()
        handler.wfile.write(FILM[300_000:600_000])
        handler.close_connection = True

    with Films(part(0, None, 300_000), endless) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM
    assert server.films()[-1].headers["range"] == "bytes=600000-"


def test_a_service_that_knows_no_ranges_sends_it_all_again(tmp_path: Path) -> None:
    with Films(part(0, None, 300_000), part(0, None)) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM


def test_a_part_that_is_whole_already_is_only_renamed(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with Films(part(0, '"1"', 500_000), *[failure(503)] * 4) as server, client_of(server) as client:
        with pytest.raises(APIConnectionError):
            client.download_video("video_1", path)
        parts_left(tmp_path)[0].write_bytes(FILM)
        server.faults = [reply(b"", 416, Content_Range=f"bytes */{len(FILM)}")]
        client.download_video("video_1", path)
    assert path.read_bytes() == FILM


def test_a_tag_that_one_answer_leaves_out_is_still_known(tmp_path: Path) -> None:
    other = FILM[::-1]
    script = part(0, '"1"', 300_000), part(300_000, None, 600_000), part(600_000, '"2"', film=other)
    with Films(*script, part(0, '"2"', film=other)) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == other


def test_a_part_that_does_not_fit_begins_again(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with Films(part(0, '"1"', 500_000), *[failure(503)] * 4) as server, client_of(server) as client:
        with pytest.raises(APIConnectionError):
            client.download_video("video_1", path)
        parts_left(tmp_path)[0].write_bytes(FILM + b"and more")
        server.faults = [reply(b"", 416, Content_Range=f"bytes */{len(FILM)}")]
        client.download_video("video_1", path)
    assert path.read_bytes() == FILM


def test_a_web_page_is_not_saved_as_a_film(tmp_path: Path) -> None:
    page = reply(b"<html>Sign in", Content_Type="text/html")
    with Films(page) as server, client_of(server) as client, pytest.raises(APIConnectionError, match="web page"):
        client.download_video("video_1", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "fault",
    [
        reply(b"", 416, Content_Range="bytes */0"),
        part(0, None, 0, b""),
    ],
)
def test_nothing_is_no_film(tmp_path: Path, fault: Reply) -> None:
    with Films(fault) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM


@pytest.mark.parametrize(
    "headers", [{"Content_Encoding": "gzip", "Content_Type": "video/mp4"}, {"Content_Type": "application/json"}]
)
def test_what_is_no_film_as_it_comes_is_not_saved(tmp_path: Path, headers: dict[str, str]) -> None:
    with Films(reply(b"{}", **headers)) as server, client_of(server) as client, pytest.raises(APIConnectionError):
        client.download_video("video_1", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_part_whose_whole_is_not_told_goes_on_until_it_is(tmp_path: Path) -> None:
    def some(handler: Handler) -> None:
        handler.send_response(206)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Range", "bytes 300000-399999/*")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(FILM[300_000:400_000])

    def cut(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n" % 300_000 + FILM[:300_000])
        handler.close_connection = True

    with Films(cut, some) as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM
    assert server.films()[-1].headers["range"] == "bytes=400000-"


def test_a_film_that_is_being_downloaded_is_not_downloaded_beside_it(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "film.mp4"

    def meanwhile(handler: Handler) -> None:
        with pytest.raises(APIConnectionError, match="being downloaded already"):
            client.download_video("video_1", path)
        part(0, '"1"')(handler)

    with Films(meanwhile) as server, client_of(server) as client:
        client.download_video("video_1", path)
    assert path.read_bytes() == FILM


def test_what_another_download_finished_or_took_away_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "film.mp4"
    lock = fcntl.flock

    def finish(file: BinaryIO, how: int) -> None:
        (part,) = parts_left(tmp_path)
        part.rename(path)
        path.write_bytes(FILM)
        lock(file, how)

    def take_away(file: BinaryIO, how: int) -> None:
        (part,) = parts_left(tmp_path)
        part.unlink()
        part.write_bytes(b"of the next one")
        lock(file, how)

    with Films() as server, client_of(server) as client:
        for meanwhile in (finish, take_away):
            monkeypatch.setattr(fcntl, "flock", meanwhile)
            with pytest.raises(APIConnectionError, match="being downloaded already"):
                client.download_video("video_1", path)
        assert server.films() == []
    assert path.read_bytes() == FILM
    assert [part.read_bytes() for part in parts_left(tmp_path)] == [b"of the next one"]


def test_a_film_gets_its_name_while_it_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    rename = os.replace

    def watched(part: Path, path: Path) -> None:
        with open(part, "ab") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        rename(part, path)

    monkeypatch.setattr(os, "replace", watched)
    with Films() as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM


def test_many_downloads_at_once_leave_one_whole_film(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "film.mp4"

    def fetch(_: int) -> None:
        for _ in range(4):
            with suppress(APIConnectionError):  # another one is at it
                client.download_video("video_1", path)

    with Films() as server, client_of(server) as client, ThreadPoolExecutor(4) as threads:
        assert list(threads.map(fetch, range(4))) == [None] * 4
    assert path.read_bytes() == FILM
    assert parts_left(tmp_path) == []


def test_where_nothing_locks_two_downloads_at_once_make_no_false_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_download, "fcntl", None)
    path = tmp_path / "film.mp4"

    def write() -> None:
        with parts_left(tmp_path)[0].open("ab") as file:
            file.write(b"of the other one")

    def write_and_fail(handler: Handler) -> None:
        write()
        reply(b"<html>", Content_Type="text/html")(handler)

    with Films(None, write_and_fail) as server, client_of(server) as client:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda _: write())
            with pytest.raises(APIConnectionError, match="by two at once"):
                client.download_video("video_1", path)
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(APIConnectionError, match="web page"):
            client.download_video("video_1", path)
        assert [part.read_bytes() for part in parts_left(tmp_path)] == [b"of the other one"]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_in_a_folder_without_locks_a_film_comes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pytest.importorskip("fcntl"), "flock", fail)
    with Films() as server, client_of(server) as client:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == FILM


def test_without_locks_at_all_a_film_is_renamed_and_nothing_empty_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[BinaryIO] = []
    rename = os.replace

    def opened(place: Path, mode: str) -> BinaryIO:
        files.append(cast("BinaryIO", place.open(mode)))
        return files[-1]

    def renamed(old: Path, new: Path) -> None:
        # What is open can be neither renamed nor taken away there.
        assert files[-1].closed
        rename(old, new)

    monkeypatch.setattr(_download, "fcntl", None)
    monkeypatch.setattr(_download, "open", opened, raising=False)
    monkeypatch.setattr(os, "replace", renamed)
    path = tmp_path / "film.mp4"
    with Films(part(0, None, 500_000)) as server, client_of(server) as client:
        client.download_video("video_1", path)
        assert [child.name for child in tmp_path.iterdir()] == ["film.mp4"]
        server.faults = [reply(b"<html>", Content_Type="text/html")]
        with pytest.raises(APIConnectionError, match=r"in its place\.$"):
            client.download_video("video_1", path)
    assert [child.name for child in tmp_path.iterdir()] == ["film.mp4"]
    assert path.read_bytes() == FILM


def test_where_nothing_came_nothing_is_said_to_be_kept(tmp_path: Path) -> None:
    with Films(*[failure(503)] * 4) as server, client_of(server) as client:
        with pytest.raises(APIConnectionError, match=r"status 503\. The same call tries again\.$"):
            client.download_video("video_1", tmp_path / "film.mp4")
        server.faults = [part(0, None, 500_000), reply(b"<html>", Content_Type="text/html")]
        with pytest.raises(APIConnectionError, match=r"500,000 bytes, is kept\.$"):
            client.download_video("video_1", tmp_path / "film.mp4")


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    away = reply(b"", 302, Location="https://elsewhere.invalid/film.mp4")
    with Films(away) as server, client_of(server) as client, pytest.raises(APIConnectionError, match="status 302"):
        client.download_video("video_1", tmp_path / "film.mp4")
    assert len(server.films()) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/film.mp4", "not over https"),
        ("https://127.0.0.1/film.mp4", "not on the public internet"),
        ("https://printer.local/film.mp4", "not on the public internet"),
        ("file:///etc/passwd", "no usable address"),
        ("no address", "no usable address"),
    ],
)
def test_an_address_that_leads_elsewhere_is_not_asked(tmp_path: Path, url: str, said: str) -> None:
    answer = reply({"data": {"id": "video_1", "status": "completed", "video_url": url}})
    with Loopback(answer) as server, client_of(server) as client, pytest.raises(APIConnectionError, match=said):
        client.download_video("video_1", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_is_not_finished_says_how_to_wait(tmp_path: Path) -> None:
    with (
        Films(status="processing") as server,
        client_of(server) as client,
        pytest.raises(HeyGenError, match=r"'processing'.*client\.wait_for_video\(\"video_1\"\)"),
    ):
        client.download_video("video_1", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_failed_or_is_none_says_so(tmp_path: Path) -> None:
    with Films(status="failed") as server, client_of(server) as client:
        with pytest.raises(VideoFailedError):
            client.download_video("video_1", tmp_path / "film.mp4")
        with pytest.raises(NotFoundError):
            client.download_video("video_2", tmp_path / "film.mp4")


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with Films() as server, client_of(server) as client:
        with pytest.raises(IsADirectoryError, match="give the name of a file"):
            client.download_video("video_1", tmp_path)
        with pytest.raises(FileNotFoundError, match="no folder"):
            client.download_video("video_1", tmp_path / "nowhere" / "film.mp4")
        with pytest.raises(ValueError, match="video_id"):
            client.download_video("..", tmp_path / "film.mp4")
        assert server.seen == []


def test_a_disk_that_is_full_is_told_as_what_it_is(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        with Films() as server, client_of(server) as client, pytest.raises(OSError, match="File too large"):
            client.download_video("video_1", tmp_path / "film.mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert not (tmp_path / "film.mp4").exists()


def test_ctrl_c_keeps_what_came_and_says_so(tmp_path: Path) -> None:
    main = threading.main_thread().ident

    def interrupt(handler: Handler) -> None:
        part(0, '"1"', 300_000)(handler)
        signal.pthread_kill(main, signal.SIGINT)
        stay_silent(handler)

    path = tmp_path / "film.mp4"
    with Films(interrupt) as server, client_of(server) as client:
        with pytest.raises(KeyboardInterrupt, match="the same call goes on"):
            client.download_video("video_1", path)
        assert not path.exists()
        client.download_video("video_1", path)
    assert path.read_bytes() == FILM
