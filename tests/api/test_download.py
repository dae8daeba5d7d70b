"""A film is downloaded whole or not at all, with the session's certificates and proxies, and never with the key."""

import signal
from pathlib import Path

import loopback
import pytest
import requests
from loopback import KEY, Handler, Loopback, Reply, Seen, TlsLoopback, client_of, failure, reply, send_head, unsized

from heygen_widgets import HeyGenClient
from heygen_widgets.errors import APIConnectionError, HeyGenError, NotFoundError, VideoFailedError

FILM = b"\0\0\0\x0cftypisom\0\0\0\x08moov\0\x0f\xa0\x08mdat" + bytes(range(256)) * 4_000
SENT = reply(FILM, Content_Type="video/mp4")
SUBTITLES = b"\xef\xbb\xbf1\n00:00:00,000 --> 00:00:02,400\nHello\n"


class Films(Loopback):
    """Serves one video, whose URL is new each time, and its film as the script says."""

    def __init__(self, *script: Reply, status: str = "completed", url: str = "") -> None:
        super().__init__(*(script or [SENT]))
        self.status = status
        self.film_url = url
        self.signature = 0
        self.captions: tuple[str, ...] = ()

    def next_reply(self, seen: Seen) -> Reply:
        if seen.path == "/film.mp4":
            return super().next_reply(seen)
        self.seen.append(seen)
        if seen.path != "/v3/videos/video_1":
            return failure(404, "video_not_found")
        self.signature += 1
        url = f"{self.film_url or self.url}/film.mp4?Signature={self.signature}"
        video = {"id": "video_1", "status": self.status, "video_url": url if self.status == "completed" else None}
        return reply({"data": {**video, **dict.fromkeys(self.captions, url)}})

    def films(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == "/film.mp4"]


def error_of(client: HeyGenClient, path: Path, video_id: str = "video_1", what: str = "film") -> HeyGenError:
    with pytest.raises(HeyGenError) as caught:
        client.download_video(video_id, path, what)
    return caught.value


def test_a_film_replaces_its_file_and_gets_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login ada password {KEY}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    path = tmp_path / "film.mp4"
    path.write_bytes(b"an older one")
    with Films() as server, client_of(server) as client:
        assert client.download_video("video_1", str(path)) == path
    assert path.read_bytes() == FILM
    assert sorted(child.name for child in tmp_path.iterdir()) == ["film.mp4", "netrc"]
    (seen,) = server.films()
    assert KEY not in str(seen)
    assert not {"x-api-key", "authorization", "cookie"} & seen.headers.keys()


def broken(handler: Handler) -> None:
    send_head(handler, len(FILM))
    handler.wfile.write(FILM[:300_000])
    handler.close_connection = True


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (broken, "Try again"),
        (loopback.cut_short, "no MP4 or WebM video"),
        (failure(503), "status 503"),
        (reply(b"", 302, Location="https://elsewhere.invalid/film.mp4"), "status 302"),
        (unsized(FILM[:-1]), "cut short"),
        (reply(b"<?xml version='1.0'?><Error>", Content_Type="video/mp4"), "no MP4 or WebM video"),
        (reply(b"\0\0\0\x1cftypavif" + bytes(16)), "no MP4 or WebM video"),
    ],
)
def test_a_failed_download_leaves_the_file_as_it_was(fault: Reply, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"an older one")
    with Films(fault) as server, client_of(server) as client:
        error = error_of(client, path)
        assert len(server.films()) == 1
    assert isinstance(error, APIConnectionError)
    assert problem in str(error)
    assert path.read_bytes() == b"an older one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_film_behind_a_certificate_that_only_the_session_trusts_is_saved(tmp_path: Path) -> None:
    session = requests.Session()
    sent = FILM[:-1]  # whole by its chunks
    with TlsLoopback(tmp_path, loopback.chunked(sent, b"")) as films, Films(url=films.url) as server:
        session.verify = str(films.authority)
        with client_of(server, session=session) as client:
            client.download_video("video_1", tmp_path / "film.mp4")
        assert (tmp_path / "film.mp4").read_bytes() == sent
        with client_of(server) as client:
            error = error_of(client, tmp_path / "another.mp4")
    for part in ("certificate of 127.0.0.1:", "self-signed", "REQUESTS_CA_BUNDLE", "session.verify"):
        assert part in str(error)
    assert len(films.seen) == 1


def test_a_video_that_cannot_be_downloaded_says_why(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with Films(status="processing") as server, client_of(server) as client:
        with pytest.raises(ValueError, match="video_id"):
            client.download_video("..", path)
        assert server.seen == []
        assert 'client.wait_for_video("video_1")' in str(error_of(client, path))
        server.status = "failed"
        assert isinstance(error_of(client, path), VideoFailedError)
        assert isinstance(error_of(client, path, "video_2"), NotFoundError)
        server.status, server.film_url = "completed", "https://me:secret@films.example.com"
        assert "HeyGen sent no usable address for the film." in str(unsafe := error_of(client, path))
        assert "secret" not in str(unsafe)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("what", "field", "sent", "wrong"),
    [("captioned", "captioned_video_url", FILM, SUBTITLES), ("subtitles", "subtitle_url", SUBTITLES, b"<Error>")],
)
def test_a_captioned_film_and_subtitles_are_downloaded_if_the_video_has_them(
    what: str, field: str, sent: bytes, wrong: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    with Films(unsized(sent), reply(wrong)) as server, client_of(server) as client:
        assert "needs a video that was started with caption=" in str(error_of(client, path, what=what))
        server.captions = (field,)
        client.download_video("video_1", path, what)
        assert path.read_bytes() == sent
        assert "by its first bytes" in str(error_of(client, path, what=what))
        with pytest.raises(ValueError, match="what should be one of film, captioned, subtitles, not 'gif'"):
            client.download_video("video_1", path, "gif")
    assert path.read_bytes() == sent


def test_a_full_disk_is_an_os_error(tmp_path: Path) -> None:
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
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "text"), [(KeyboardInterrupt, "nothing is kept"), (TimeoutError, "of the user")])
def test_ctrl_c_and_an_error_of_a_signal_handler_leave_nothing_and_say_so(
    kind: type[BaseException], text: str, tmp_path: Path
) -> None:
    def send_some(handler: Handler) -> None:
        broken(handler)
        while not any(file.stat().st_size for file in tmp_path.iterdir()):
            handler.server.closing.wait(0.01)
        loopback.interrupt(handler)

    stopped = pytest.raises(kind, match=text)
    with loopback.ctrl_c_raises(kind), Films(send_some) as server, client_of(server) as client, stopped:
        client.download_video("video_1", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []
