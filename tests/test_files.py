"""A file of the user's is replaced whole or not at all, and what is no file is not replaced."""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback import Loopback, client_of, reply

from heygen_widgets import Look, LookCatalogue, looks_to_gallery
from heygen_widgets._files import replacement
from heygen_widgets.frame import looks_to_parquet

pytest.importorskip("fcntl")  # links, pipes and modes as on POSIX
LOOKS = [Look("look_1", "Zoë", "photo_avatar")]


def snapshot(path: str) -> None:
    catalogue = LookCatalogue.of(LOOKS)
    catalogue.save(path)
    assert catalogue.diff(path).empty


def film(path: str) -> None:
    with Loopback() as server, client_of(server) as client:
        video = {"id": "video_1", "status": "completed", "video_url": f"{server.url}/film"}
        server.script = [reply({"data": video}), reply(b"\0\0\0\x08ftypisom")]
        try:
            client.download_video("video_1", path)
        finally:
            assert len(server.seen) in (0, 2)


WRITERS: dict[str, tuple[Callable[[str], object], int]] = {
    "snapshot": (snapshot, 0o600),
    "film": (film, 0o640),
    "parquet": (lambda path: looks_to_parquet(LOOKS, path), 0o640),
    "gallery": (lambda path: looks_to_gallery(LOOKS, path), 0o640),
}
REFUSED = {
    "pipe.htm": (FileExistsError, r"pipe\.htm' is a device, pipe or socket"),
    "nowhere/file.htm": (FileNotFoundError, "no folder .*nowhere' to write 'file"),
    "": (IsADirectoryError, "is a folder: (give the )?name"),
}


@pytest.mark.parametrize(("write", "mode"), WRITERS.values(), ids=WRITERS)
def test_a_link_is_followed_a_pipe_stays_and_a_tilde_is_the_home_folder(
    write: Callable[[str], object], mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file.htm").write_text("older")
    (tmp_path / "link.htm").symlink_to("file.htm")
    before = os.umask(0o027)
    try:
        write("~/link.htm")
    finally:
        os.umask(before)
    assert (tmp_path / "link.htm").is_symlink()
    assert (tmp_path / "file.htm").read_bytes() != b"older"
    assert stat.S_IMODE((tmp_path / "file.htm").stat().st_mode) == mode
    os.mkfifo(tmp_path / "pipe.htm")
    for name, (kind, text) in REFUSED.items():
        with pytest.raises(kind, match=text):
            write(f"~/{name}")
    assert stat.S_ISFIFO((tmp_path / "pipe.htm").stat().st_mode)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_write_removes_what_a_killed_process_left_a_day_ago(tmp_path: Path) -> None:
    left, theirs = (tmp_path / f".heygen_widgets-{letter * 16}.tmp" for letter in "0a")
    for file, age in ((left, 90_000), (theirs, 80_000)):
        file.write_bytes(b"")
        os.utime(file, (time.time() - age,) * 2)
    with replacement(tmp_path / "mine", 0o600) as file:
        file.write(b"whole")
    assert sorted(tmp_path.iterdir()) == [theirs, tmp_path / "mine"]
    assert (tmp_path / "mine").read_bytes() == b"whole"
