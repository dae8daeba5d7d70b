"""A file of the user's is replaced whole or not at all, and what is no file is not replaced."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from loopback import Loopback, client_of, reply

from heygen_widgets import Look, LookCatalogue, looks_to_gallery
from heygen_widgets._files import replacement
from heygen_widgets.frame import looks_to_parquet

fcntl = pytest.importorskip("fcntl")
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


def test_the_next_write_removes_the_file_of_a_killed_process_and_not_that_of_a_live_one(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from heygen_widgets._files import replacement\n"
        "with replacement(Path(sys.argv[1]), 0o600): print('writing', flush=True); input()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "theirs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"writing\n"
        with replacement(tmp_path / "mine", 0o600), replacement(tmp_path / "mine too", 0o600):
            assert len(list(tmp_path.iterdir())) == 3
        assert len(list(tmp_path.glob(".heygen_widgets-*.tmp"))) == 1
        other.kill()
    with replacement(tmp_path / "mine", 0o600):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "mine too"]


@pytest.mark.filterwarnings("error:unclosed file", "error::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_is_removed_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> NoReturn:
        raise PermissionError

    removals = iter([lambda: (tmp_path / os.listdir(tmp_path)[0]).unlink(), lambda: None])
    monkeypatch.setattr(fcntl, "flock", lambda *_: next(removals)())
    monkeypatch.setattr(Path, "iterdir", refuse)  # a folder need not be readable
    with replacement(tmp_path / "mine", 0o600) as file:
        file.write(b"whole")
    assert (tmp_path / "mine").read_bytes() == b"whole"
