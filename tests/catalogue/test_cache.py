"""The cache: what is kept comes back to its owner alone, and whatever is wrong with it is a warning and no error."""

from __future__ import annotations

import dataclasses
import errno
import gzip
import os
import re
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from heygen_widgets.catalogue import cache as _cache
from heygen_widgets.catalogue.cache import cache_folder, cached_path, read_cached, write_cached
from heygen_widgets.catalogue.snapshots import Snapshot
from heygen_widgets.models import AvatarGroup, Look

LOOK = Look("look_def456", "Zoë", "photo_avatar", ownership="private")
SNAPSHOT = Snapshot((LOOK,), (AvatarGroup("g", "Zoë"),), None, None, None, 1_790_000_000.5, True)
SCOPE: dict[str, Any] = {
    "base_url": "https://api.heygen.com",
    "account": "digest-of-an-account",
    "ownership": None,
    "avatar_type": None,
    "group_id": None,
}
DAY = 24 * 3600  # s

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes, owners and links are POSIX's")
root_only = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files to others"
)


@pytest.fixture
def path() -> Path:
    path = cached_path(**SCOPE)
    assert path is not None
    return path


@pytest.fixture
def kept(path: Path) -> Path:
    with nothing_to_warn_of():
        write_cached(path, SNAPSHOT)
    return path


@contextmanager
def nothing_to_warn_of() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def warning_of(action: Callable[[], object]) -> str:
    """Give the one warning of an action that has no result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert action() is None
    (warning,) = caught
    assert warning.category is UserWarning
    assert warning.filename == __file__
    for secret in ("digest-of-an-account", "look_def456", "Zoë"):
        assert secret not in str(warning.message)
    return str(warning.message)


def reading(path: Path) -> str:
    return warning_of(lambda: read_cached(path, SNAPSHOT.scope))


def writing(path: Path) -> str:
    return warning_of(lambda: write_cached(path, SNAPSHOT))


def fails_with(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


# --- where a catalogue is kept


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is Linux's")
def test_the_folder_is_within_the_user_s_cache_as_the_environment_names_it_now(
    cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_folder() == cache_home / "heygen_widgets" / "snapshots"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == Path("/elsewhere/heygen_widgets/snapshots")


def test_naming_a_file_makes_nothing(cache_home: Path, path: Path) -> None:
    assert list(cache_home.iterdir()) == []
    assert path.parent == cache_folder()


def test_a_name_is_the_same_in_every_process_and_tells_nothing(path: Path) -> None:
    program = f"from heygen_widgets.catalogue.cache import cached_path; print(cached_path(**{SCOPE}))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == str(path)
    assert re.fullmatch(r"[0-9a-f]{32,}\.jsonl\.gz", path.name)


@pytest.mark.parametrize("name", list(SCOPE))
def test_each_part_of_the_scope_has_a_name_of_its_own(name: str, path: Path) -> None:
    assert cached_path(**{**SCOPE, name: "public"}) != path


def test_parts_that_read_the_same_in_a_row_have_names_of_their_own() -> None:
    names = {
        cached_path(**{**SCOPE, "ownership": ownership, "avatar_type": avatar_type, "group_id": group_id})
        for ownership, avatar_type, group_id in [
            (None, "ab", "c"),
            (None, "a", "bc"),
            (None, 'a", "b', "c"),
            (None, "a", 'b", "c'),
            ("a", None, "bc"),
            (None, None, "abc"),
            (None, "abc", None),
            (None, "abc", ""),
            (None, "abc", "null"),
        ]
    }
    assert len(names) == 9


def test_nothing_is_kept_of_an_account_that_is_unknown() -> None:
    assert cached_path(**{**SCOPE, "account": ""}) is None


# --- what is kept comes back


def test_a_catalogue_that_was_kept_comes_back(kept: Path) -> None:
    with nothing_to_warn_of():
        read = read_cached(kept, SNAPSHOT.scope)
    assert read is not None
    assert dataclasses.asdict(read) == dataclasses.asdict(SNAPSHOT)


def test_keeping_it_again_takes_the_place_of_what_was_kept(kept: Path) -> None:
    newer = dataclasses.replace(SNAPSHOT, loaded_at=1_800_000_000.0)
    write_cached(kept, newer)
    assert read_cached(kept, SNAPSHOT.scope) == newer
    assert os.listdir(kept.parent) == [kept.name]


def test_nothing_kept_is_nothing_to_warn_of(path: Path) -> None:
    with nothing_to_warn_of():
        assert read_cached(path, SNAPSHOT.scope) is None
    assert not path.parent.exists()
    write_cached(path.with_name(f"{'0' * 40}.jsonl.gz"), SNAPSHOT)
    with nothing_to_warn_of():
        assert read_cached(path, SNAPSHOT.scope) is None


@posix_only
def test_folders_and_file_are_the_user_s_alone_whatever_the_umask_allows(path: Path, cache_home: Path) -> None:
    before = os.umask(0)
    try:
        write_cached(path, SNAPSHOT)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent, path.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]
    assert path.parent.parent.parent == cache_home


@posix_only
def test_the_folders_above_need_not_be_closed_to_others(path: Path) -> None:
    path.parent.parent.mkdir(mode=0o755)
    with nothing_to_warn_of():
        write_cached(path, SNAPSHOT)
        assert read_cached(path, SNAPSHOT.scope) == SNAPSHOT


def test_reading_notes_that_the_file_is_used(kept: Path) -> None:
    before = time.time() - 20 * DAY
    os.utime(kept, (before, before))
    read = read_cached(kept, SNAPSHOT.scope)
    assert kept.stat().st_mtime > before + DAY
    assert read is not None
    assert read.loaded_at == SNAPSHOT.loaded_at


def test_what_was_read_is_good_even_where_its_use_cannot_be_noted(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "utime", fails_with(errno.EROFS))
    with nothing_to_warn_of():
        assert read_cached(kept, SNAPSHOT.scope) == SNAPSHOT


# --- a folder that cannot be trusted


def assert_the_folder_is_left_alone(path: Path, match: str) -> None:
    before = sorted(os.listdir(path.parent))
    for text in (reading(path), writing(path)):
        assert re.search(match, text)
        assert str(path.parent) in text
    assert sorted(os.listdir(path.parent)) == before


@posix_only
@pytest.mark.parametrize("mode", [0o710, 0o701, 0o740, 0o704, 0o720, 0o702, 0o755, 0o777])
def test_a_folder_open_to_others_is_neither_read_nor_written(kept: Path, mode: int) -> None:
    os.chmod(kept.parent, mode)
    assert_the_folder_is_left_alone(kept, "chmod 700")
    os.chmod(kept.parent, 0o700)
    assert read_cached(kept, SNAPSHOT.scope) == SNAPSHOT


@root_only
def test_a_folder_of_another_user_is_neither_read_nor_written(kept: Path) -> None:
    os.chown(kept.parent, 12345, -1)
    assert_the_folder_is_left_alone(kept, "another user.*remove")


@posix_only
def test_a_link_in_place_of_the_folder_is_not_followed(kept: Path, tmp_path: Path) -> None:
    kept.parent.rename(tmp_path / "moved")
    kept.parent.symlink_to(tmp_path / "moved")
    assert_the_folder_is_left_alone(kept, "is no folder but a link.*remove")


@posix_only
def test_a_link_to_nowhere_in_place_of_the_folder_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.parent.mkdir()
    path.parent.symlink_to(tmp_path / "nowhere")
    for text in (reading(path), writing(path)):
        assert "is no folder but a link" in text
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_place_of_the_folder_is_left_alone(path: Path) -> None:
    path.parent.parent.mkdir()
    path.parent.write_text("mine")
    for text in (reading(path), writing(path)):
        assert str(path.parent) in text
        assert "remove it" in text
    assert path.parent.read_text() == "mine"


# --- a file that cannot be trusted


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644])
def test_a_file_open_to_others_is_not_read_and_left_alone(kept: Path, mode: int) -> None:
    os.chmod(kept, mode)
    text = reading(kept)
    assert str(kept) in text
    assert "chmod 600" in text
    assert stat.S_IMODE(kept.stat().st_mode) == mode


@root_only
def test_a_file_of_another_user_is_not_read(kept: Path) -> None:
    os.chown(kept, 12345, -1)
    text = reading(kept)
    assert str(kept) in text
    assert "another user" in text


@posix_only
def test_a_link_in_place_of_the_file_is_not_followed(kept: Path, tmp_path: Path) -> None:
    kept.rename(tmp_path / "moved")
    kept.symlink_to(tmp_path / "moved")
    assert str(kept) in reading(kept)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_in_place_of_the_file_is_not_waited_for(kept: Path) -> None:
    kept.unlink()
    os.mkfifo(kept, 0o600)
    text = reading(kept)
    assert str(kept) in text
    assert "not a regular file" in text


def test_a_folder_in_place_of_the_file_is_left_alone(kept: Path) -> None:
    kept.unlink()
    kept.mkdir()
    assert str(kept) in reading(kept)
    assert str(kept.parent) in writing(kept)
    assert os.listdir(kept.parent) == [kept.name]


@posix_only
def test_keeping_a_catalogue_anew_mends_a_file_that_could_not_be_trusted(kept: Path) -> None:
    os.chmod(kept, 0o644)
    with nothing_to_warn_of():
        write_cached(kept, SNAPSHOT)
        assert read_cached(kept, SNAPSHOT.scope) == SNAPSHOT


def test_without_users_by_number_neither_owners_nor_modes_are_compared(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chmod(kept.parent, 0o755)
    os.chmod(kept, 0o644)
    monkeypatch.delattr(os, "getuid", raising=False)
    with nothing_to_warn_of():
        assert read_cached(kept, SNAPSHOT.scope) == SNAPSHOT
        write_cached(kept, SNAPSHOT)


# --- damage and trouble


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b"garbage", "no gzip file"), (gzip.compress(b"{}\n"), "no snapshot of a catalogue")],
    ids=["empty", "garbage", "json"],  # gzip's bytes tell the time, and would be another id in each worker
)
def test_a_damaged_file_is_set_aside_and_the_reason_told(kept: Path, content: bytes, reason: str) -> None:
    kept.write_bytes(content)
    aside = kept.with_name(f"{kept.name}.damaged")
    aside.write_text("an older one")
    text = reading(kept)
    assert str(kept) in text
    assert reason in text
    assert aside.name in text
    assert aside.read_bytes() == content
    assert not kept.exists()
    with nothing_to_warn_of():
        assert read_cached(kept, SNAPSHOT.scope) is None


def test_a_file_cut_short_is_set_aside(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:-20])
    assert "cut short" in reading(kept)
    assert not kept.exists()


def test_a_damaged_file_that_cannot_be_set_aside_is_a_warning_all_the_same(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.write_bytes(b"garbage")
    monkeypatch.setattr(os, "replace", fails_with(errno.EROFS))
    text = reading(kept)
    assert str(kept) in text
    assert "could not be renamed" in text


def test_an_error_of_the_disk_while_reading_is_a_warning(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "read_snapshot_file", fails_with(errno.EIO))
    text = reading(kept)
    assert str(kept) in text
    assert os.strerror(errno.EIO) in text
    assert kept.exists()


def test_a_file_that_may_not_be_opened_is_a_warning(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", fails_with(errno.EACCES))
    assert str(kept) in reading(kept)


@pytest.mark.parametrize("function", ["open", "fsync", "replace"])
def test_a_disk_that_takes_nothing_is_a_warning_and_leaves_what_was_kept(
    function: str, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, function, fails_with(errno.ENOSPC))
        text = writing(kept)
    assert str(kept.parent) in text
    assert os.strerror(errno.ENOSPC) in text
    assert os.listdir(kept.parent) == [kept.name]
    assert read_cached(kept, SNAPSHOT.scope) == SNAPSHOT


def test_a_home_in_which_no_folder_can_be_made_is_a_warning(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "mkdir", fails_with(errno.EROFS))
    text = writing(path)
    assert str(path.parent) in text
    assert os.strerror(errno.EROFS) in text


def test_a_catalogue_that_no_snapshot_can_hold_is_a_warning(path: Path) -> None:
    broken = dataclasses.replace(SNAPSHOT, looks=(LOOK, LOOK))
    text = warning_of(lambda: write_cached(path, broken))
    assert "two looks of the same id" in text
    assert os.listdir(path.parent) == []


# --- what is not used any more


OURS = [
    f"{'0' * 40}.jsonl.gz",
    f"{'0' * 40}.jsonl.gz.damaged",
    f".heygen_widgets-{'0' * 16}.tmp",
]
NOT_OURS = [
    "notes.txt",
    "looks.jsonl.gz",
    f"{'0' * 40}.jsonl.gz.bak",
    f"{'0' * 40}.json",
    f"{'0' * 39}.jsonl.gz",
    f"{'x' * 40}.jsonl.gz",
    f"copy-{'0' * 40}.jsonl.gz",
    f"heygen_widgets-{'0' * 16}.tmp",
    f"x.heygen_widgets-{'0' * 16}.tmp",
    f".heygen_widgets-{'0' * 16}.tmp.damaged",
    ".heygen_widgets-mine.tmp",
]


def put(folder: Path, name: str, days: float) -> Path:
    path = folder / name
    path.write_text("x")
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


@pytest.mark.parametrize("name", OURS)
def test_what_was_not_used_for_thirty_days_goes_when_another_is_kept(kept: Path, name: str) -> None:
    put(kept.parent, name, days=31)
    with nothing_to_warn_of():
        write_cached(kept, SNAPSHOT)
    assert os.listdir(kept.parent) == [kept.name]


@pytest.mark.parametrize("days", [29, 0, -400])
@pytest.mark.parametrize("name", OURS)
def test_what_was_used_since_stays(kept: Path, name: str, days: float) -> None:
    path = put(kept.parent, name, days)
    write_cached(kept, SNAPSHOT)
    assert path.exists()


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_bears_no_name_of_ours_stays_however_old(kept: Path, name: str) -> None:
    path = put(kept.parent, name, days=400)
    write_cached(kept, SNAPSHOT)
    assert path.exists()


@pytest.mark.parametrize("name", OURS)
def test_only_files_go_and_no_folders_of_such_a_name(kept: Path, name: str) -> None:
    folder = kept.parent / name
    folder.mkdir()
    os.utime(folder, (0, 0))
    with nothing_to_warn_of():
        write_cached(kept, SNAPSHOT)
    assert folder.is_dir()


@posix_only
def test_a_link_of_such_a_name_stays_and_so_does_its_target(kept: Path, tmp_path: Path) -> None:
    target = put(tmp_path, "target", days=400)
    link = kept.parent / OURS[0]
    link.symlink_to(target)
    os.utime(link, (0, 0), follow_symlinks=False)
    write_cached(kept, SNAPSHOT)
    assert link.is_symlink()
    assert target.exists()


def test_an_old_file_that_cannot_be_removed_is_nothing_to_warn_of(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(kept.parent, OURS[0], days=31)
    monkeypatch.setattr(os, "unlink", fails_with(errno.EACCES))
    with nothing_to_warn_of():
        write_cached(kept, SNAPSHOT)
    assert read_cached(kept, SNAPSHOT.scope) == SNAPSHOT


def test_nothing_goes_when_nothing_could_be_kept(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = put(kept.parent, OURS[0], days=31)
    monkeypatch.setattr(os, "fsync", fails_with(errno.ENOSPC))
    writing(kept)
    assert old.exists()
