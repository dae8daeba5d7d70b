"""The cache: the second start needs no request, only the same user can read it, and a problem is only a warning."""

import dataclasses
import errno
import gzip
import json
import os
import re
import stat
import sys
import threading
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from avatar_service import Gate, Service, fails, finish, ids, pages
from loopback import client_of, look as look_record

from heygen_widgets.api import HeyGenClient
from heygen_widgets.catalogue import LookCatalogue, Progress
from heygen_widgets.catalogue.cache import SnapshotCache
from heygen_widgets.catalogue.snapshots import Scope, Snapshot
from heygen_widgets.errors import HeyGenError
from heygen_widgets.models import AvatarGroup, Look

DAY = timedelta(days=1)
LOOK = Look("look_def456", "Zoë", "photo_avatar", ownership="private")
SNAPSHOT = Snapshot((LOOK,), (AvatarGroup("g", "Zoë"),), Scope(), 1_790_000_000.5, True)
WHOLE = pages(4) + pages(100) + 2  # requests for the service's whole catalogue

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes, owners and links are POSIX's")
PROBLEMS: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, moved: path.symlink_to(moved),
    "a link to nowhere": lambda path, _: path.symlink_to(path.with_name("nowhere")),
    "a named pipe": lambda path, _: os.mkfifo(path, 0o600),
    "another user's": lambda path, moved: (moved.rename(path), os.chown(path, 12345, -1)),
}
"""What can be wrong with the folder or the file, which has been moved."""


def cache_of(*scope: Any, base_url: str = "https://api.heygen.com", account: str = "digest-of-an-account") -> Any:
    return SnapshotCache(base_url, account, Scope(*scope), DAY)


@pytest.fixture
def cache() -> SnapshotCache:
    """Give a cache that holds a snapshot, which was written with a umask that hides nothing."""
    made: SnapshotCache = cache_of()
    before = os.umask(0)
    try:
        with warnings.catch_warnings(action="error"):
            made.write(SNAPSHOT)
    finally:
        os.umask(before)
    return made


def warning_of(action: Callable[[], object]) -> str:
    """Give the one warning of an action that has no result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert action() is None
    (warning,) = (warning for warning in caught if warning.category is not ResourceWarning)
    assert warning.category is UserWarning
    assert warning.filename == __file__
    for secret in ("digest-of-an-account", "look_def456", "Zoë"):
        assert secret not in str(warning.message)
    return str(warning.message)


def requests_of_a_load(service: Service, client: HeyGenClient, **arguments: Any) -> int:
    """Load another catalogue of a client and count its requests."""
    before = len(service.asked())
    catalogue = LookCatalogue(client, **arguments)
    catalogue.load()
    assert catalogue.complete
    return len(service.asked()) - before


def files() -> list[Path]:
    folder = cache_of().path.parent
    return sorted(folder.iterdir()) if folder.exists() else []


def the_file() -> Path:
    (path,) = files()
    return path


def rewrite(path: Path, **header: object) -> None:
    """Change the first line of a snapshot; the file keeps its mode."""
    first, *others = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    line = json.dumps({**json.loads(first), **header}).encode() + b"\n"
    path.write_bytes(gzip.compress(b"".join([line, *others])))


def test_a_second_catalogue_shows_everything_without_a_request_and_in_silence(
    service: Service, client: HeyGenClient, capsys: pytest.CaptureFixture[str]
) -> None:
    first = LookCatalogue(client)
    first.load()
    assert len(service.asked()) == WHOLE
    capsys.readouterr()
    with client_of(service) as another:
        second = LookCatalogue(another)
        second.load_in_background()
        assert finish(second)
        second.load()
    assert capsys.readouterr() == ("", "")
    assert len(service.asked()) == WHOLE
    assert ids(second) == service.ids()
    assert [look.ownership for look in second] == [look.ownership for look in first]
    assert list(second.groups.items()) == list(first.groups.items())
    assert [group.ownership for group in second.groups.values()] == ["private"] * 2 + ["public"] * 2
    assert second.loaded_at == first.loaded_at
    assert second.progress == Progress(104, None, True, False, None, (), (), None)


@pytest.mark.parametrize("scope", [{"ownership": "private"}, {"avatar_type": "photo_avatar"}, {"group_id": "a"}])
def test_each_scope_and_key_has_its_own_file(service: Service, client: HeyGenClient, scope: dict[str, Any]) -> None:
    LookCatalogue(client).load()
    part = LookCatalogue(client, **scope)
    part.load()
    assert 0 < len(part) < 104
    assert requests_of_a_load(service, client) == 0
    assert requests_of_a_load(service, client, **scope) == 0
    with HeyGenClient("another-key", base_url=service.url) as stranger:
        assert requests_of_a_load(service, stranger) == WHOLE
    assert len(files()) == 3


def test_only_a_complete_load_of_a_known_user_is_cached_and_nothing_without_a_cache(
    service: Service, client: HeyGenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert requests_of_a_load(service, client, cache=None) == WHOLE
    with monkeypatch.context() as patch:
        patch.setattr(HeyGenClient, "account", "")  # as that of a login without a user
        assert [requests_of_a_load(service, client) for _ in range(2)] == [WHOLE, WHOLE]
    service.before = fails("public looks", 2)
    catalogue = LookCatalogue(client)
    with pytest.raises(HeyGenError):
        catalogue.load()
    assert not files()
    catalogue.load()
    assert len(files()) == 1
    assert requests_of_a_load(service, client) == 0
    assert requests_of_a_load(service, client, cache=None) == WHOLE


def test_a_load_ends_after_the_cache_is_written_also_by_the_thread_of_a_list_that_has_ended(
    client: HeyGenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy: list[bool] = []
    catalogue = LookCatalogue(client)
    catalogue.load()
    monkeypatch.setattr(SnapshotCache, "write", lambda *_: busy.append(catalogue._loader.busy))
    catalogue.complete = False  # as if the last report of a list found that the other one is complete too
    catalogue._loader_changed(None)
    assert (busy, catalogue._loader.busy) == ([True], False)


def test_a_bug_in_writing_the_cache_is_reported_and_hides_no_look(
    service: Service, client: HeyGenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(cache: SnapshotCache, snapshot: Snapshot) -> None:
        raise KeyError("a fault")

    monkeypatch.setattr(SnapshotCache, "write", broken)
    reported: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    catalogue = LookCatalogue(client)
    catalogue.load()
    catalogue.close()
    assert len(catalogue) == len(service.ids())
    assert ["a fault" in str(bug.exc_value) for bug in reported] == [True]


@pytest.mark.parametrize(
    ("age", "cache"),
    [(0, timedelta(0)), (23 * 3600, timedelta(hours=22)), (25 * 3600, DAY), (-3600, DAY), (1e9, DAY)],
    ids=["never fresh", "asked for", "too old", "from the future", "far too old"],
)
def test_stale_loads_show_until_replaced(service: Service, client: HeyGenClient, age: float, cache: timedelta) -> None:
    LookCatalogue(client).load()
    rewrite(the_file(), loaded_at=time.time() - 23 * 3600)
    for fresh in ({}, {"cache": timedelta(days=2)}):
        assert requests_of_a_load(service, client, **fresh) == 0
    before, loaded_at = service.ids(), time.time() - age
    rewrite(the_file(), loaded_at=loaded_at)
    service.looks["public"] = [look_record("new", group_id="a"), *service.looks["public"][1:]]
    gate = service.before = Gate("public looks")
    service.seen.clear()
    catalogue = LookCatalogue(client, cache=cache)
    catalogue.load_in_background()
    catalogue.wait_for_snapshot()
    service.wait_for_request("public looks")
    assert ids(catalogue) == before
    progress = catalogue.progress
    assert (progress.complete, progress.loading, progress.missing) == (True, True, ())
    assert catalogue.loaded_at == datetime.fromtimestamp(loaded_at, UTC)
    gate.opened.set()
    catalogue.load()
    assert ids(catalogue) == service.ids() != before
    assert sum(service.counts().values()) == WHOLE
    assert requests_of_a_load(service, client) == 0


@pytest.mark.parametrize("when", ["loaded", "not loaded", "reading"])
def test_a_refresh_ignores_the_cache_and_replaces_it(service: Service, client: HeyGenClient, when: str) -> None:
    LookCatalogue(client).load()
    service.looks["public"].pop()
    catalogue = LookCatalogue(client)
    if when == "loaded":
        catalogue.load()
        assert len(catalogue) == 104
    with catalogue.unchanged():  # the thread that reads the cache cannot end in here
        if when == "reading":
            catalogue.load_in_background()
            assert catalogue.progress.loading
        catalogue.refresh()
    assert finish(catalogue)
    assert ids(catalogue) == service.ids()
    again = LookCatalogue(client)
    again.load()
    assert ids(again) == service.ids()


@pytest.mark.parametrize("cache", [timedelta(0), DAY], ids=["stale", "fresh"])
def test_a_stop_while_the_cache_is_read_sends_nothing(service: Service, client: HeyGenClient, cache: timedelta) -> None:
    LookCatalogue(client).load()
    service.seen.clear()
    catalogue = LookCatalogue(client, cache=cache)
    with catalogue.unchanged():
        catalogue.load_in_background()
        catalogue.stop()
    assert finish(catalogue)
    assert ids(catalogue) == service.ids()
    assert not service.asked()
    catalogue.load()
    assert len(service.asked()) == (0 if cache else WHOLE)


def test_the_file_is_in_the_users_cache_and_each_address_account_and_scope_has_another(cache_home: Path) -> None:
    scopes = [
        *((None, "ab", "c"), (None, "a", "bc"), (None, 'a", "b', "c"), (None, "a", 'b", "c'), ("public", None, "bc")),
        *((None, None, "abc"), (None, "abc", None), (None, "abc", ""), (None, "abc", "null"), (None, None, None)),
    ]
    caches = [cache_of(account="another"), cache_of(base_url="https://example.com"), *(cache_of(*s) for s in scopes)]
    assert len({cache.path for cache in caches}) == 12
    for cache in caches:
        assert sys.platform != "linux" or cache.path.parent == cache_home / "heygen_widgets" / "snapshots"
        assert re.fullmatch(r"[0-9a-f]{40}\.jsonl\.gz", cache.path.name)


def test_a_written_snapshot_is_the_users_alone_and_is_read_back_and_replaced_by_the_next(cache: SnapshotCache) -> None:
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (cache.path, cache.path.parent)]
    assert os.name != "posix" or modes == [0o600, 0o700]
    with warnings.catch_warnings(action="error"):
        read = cache.read()
    assert read is not None
    assert dataclasses.asdict(read) == dataclasses.asdict(SNAPSHOT)
    cache.write(newer := dataclasses.replace(SNAPSHOT, loaded_at=1_800_000_000.0))
    assert cache.read() == newer
    assert os.listdir(cache.path.parent) == [cache.path.name]


@posix_only
@pytest.mark.parametrize("place", ["folder", "file"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_folder_or_a_file_that_is_not_the_users_is_neither_used_nor_changed(
    cache: SnapshotCache, tmp_path: Path, place: str, problem: str
) -> None:
    if problem == "another user's" and os.getuid() != 0:
        pytest.skip("only root can give files to others")
    path = cache.path if place == "file" else cache.path.parent
    path.rename(moved := tmp_path / "moved")
    PROBLEMS[problem](path, moved)
    before = path.lstat()
    for act in (cache.read, lambda: cache.write(SNAPSHOT)) if place == "folder" else (cache.read,):
        assert f"{path} is not a {place} of yours: remove it" in warning_of(act)
    after = path.lstat()
    assert (after.st_mode, after.st_ino, after.st_mtime) == (before.st_mode, before.st_ino, before.st_mtime)
    assert not path.with_name("nowhere").exists()
    if place == "file":
        with warnings.catch_warnings(action="error"):
            cache.write(SNAPSHOT)  # replaces it
            assert cache.read() == SNAPSHOT


@posix_only
@pytest.mark.parametrize("bits", [0o10, 0o01, 0o40, 0o04, 0o60, 0o2070])  # Kubernetes' fsGroup sets the last ones
@pytest.mark.parametrize("act", [SnapshotCache.read, lambda cache: cache.write(SNAPSHOT)])
def test_what_is_open_to_others_is_closed_and_used(
    cache: SnapshotCache, act: Callable[[SnapshotCache], object], bits: int
) -> None:
    places = {cache.path.parent: 0o700, cache.path: 0o600}
    for path, mode in places.items():
        os.chmod(path, mode | bits)
    with warnings.catch_warnings(action="error"):
        act(cache)
        assert {path: stat.S_IMODE(path.stat().st_mode) for path in places} == places
        assert cache.read() == SNAPSHOT


def test_without_getuid_neither_owners_nor_modes_matter(cache: SnapshotCache, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chmod(cache.path.parent, 0o755)
    os.chmod(cache.path, 0o644)
    monkeypatch.delattr(os, "getuid", raising=False)
    with warnings.catch_warnings(action="error"):
        assert cache.read() == SNAPSHOT
        cache.write(SNAPSHOT)


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_damaged_file_and_then_a_folder_that_cannot_be_made_are_warnings(
    service: Service, client: HeyGenClient, content: bytes, cache_home: Path
) -> None:
    LookCatalogue(client).load()
    the_file().write_bytes(content)
    with pytest.warns(UserWarning, match=f"loaded again.*{the_file().name}"):
        assert requests_of_a_load(service, client) == WHOLE
    with warnings.catch_warnings(action="error"):
        assert requests_of_a_load(service, client) == 0
    (cache_home / "heygen_widgets").rename(cache_home / "moved")
    (cache_home / "heygen_widgets").write_bytes(b"a file in place of the folder")
    with pytest.warns(UserWarning, match="not cached in"):
        assert requests_of_a_load(service, client) == WHOLE


@pytest.mark.parametrize("function", ["open", "fsync", "replace"])
def test_a_full_disk_is_a_warning_and_leaves_the_older_file(
    function: str, cache: SnapshotCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        text = warning_of(lambda: cache.write(SNAPSHOT))
    assert str(cache.path.parent) in text
    assert os.strerror(errno.ENOSPC) in text
    assert os.listdir(cache.path.parent) == [cache.path.name]
    assert cache.read() == SNAPSHOT


@pytest.mark.parametrize(("days", "kept"), [(31, False), (29, True), (-400, True)])
def test_a_write_removes_our_files_after_30_days(cache: SnapshotCache, tmp_path: Path, days: float, kept: bool) -> None:
    folder, moment = cache.path.parent, time.time() - days * 24 * 3600
    ours = [f"{'0' * 40}.jsonl.gz"]
    others = ["notes.txt", "looks.jsonl.gz", f"copy-{'0' * 40}.jsonl.gz", ".heygen_widgets-mine.tmp"]
    for name in (*ours, *others):
        (folder / name).write_text("x")
        os.utime(folder / name, (moment, moment))
    (folder / f"{'1' * 40}.jsonl.gz").mkdir()
    os.utime(folder / f"{'1' * 40}.jsonl.gz", (moment, moment))
    with warnings.catch_warnings(action="error"):
        cache.write(SNAPSHOT)
    expected = [cache.path.name, f"{'1' * 40}.jsonl.gz", *others, *(ours if kept else [])]
    assert sorted(os.listdir(folder)) == sorted(expected)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_warnings_that_are_errors_all_is_loaded(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    the_file().write_bytes(b"damage")
    with warnings.catch_warnings(action="error"):
        assert requests_of_a_load(service, client) == WHOLE
