"""What is kept: a second start without a request, for the same account alone; and files that users save and open."""

from __future__ import annotations

import gc
import gzip
import json
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from avatar_service import (
    PATIENCE,
    Gate,
    Service,
    end_of,
    fails,
    finish,
    ids,
    let_no_thread_begin,
    name_of,
    our_threads,
    pages,
    run,
    wait_until,
)
from loopback import KEY, failure
from loopback import look as look_record

from heygen_widgets.api import HeyGenClient
from heygen_widgets.catalogue import LookCatalogue
from heygen_widgets.catalogue.cache import cache_folder, cached_path, read_cached
from heygen_widgets.errors import HeyGenError, MissingAPIKeyError, SnapshotError
from heygen_widgets.filters import LookFilter

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture
def service() -> Iterator[Service]:
    with Service({"p": 3, "q": 1}, {"a": 60, "b": 40}) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[HeyGenClient]:
    with client_for(service) as opened:
        yield opened


@contextmanager
def client_for(service: Service, key: str | None = KEY) -> Iterator[HeyGenClient]:
    with HeyGenClient(key, base_url=service.url, max_retries=0) as opened:
        yield opened


@contextmanager
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def requests_of_a_load(service: Service, client: HeyGenClient, **arguments: Any) -> int:
    """Load another catalogue of a client and count what it asks for."""
    before = len(service.asked())
    catalogue = LookCatalogue(client, **arguments)
    catalogue.load()
    assert catalogue.complete
    return len(service.asked()) - before


WHOLE = pages(4) + pages(100) + 2  # requests for the whole catalogue


def kept_files() -> list[Path]:
    return sorted(cache_folder().iterdir()) if cache_folder().exists() else []


def kept_file() -> Path:
    (path,) = kept_files()
    return path


def content_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def rewrite(path: Path, **header: object) -> None:
    """Change what the first line of a snapshot says; the file stays the same one with the same mode."""
    first, *others = content_of(path)
    lines = [{**first, **header}, *others]
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))


# --- the second start


def test_a_second_catalogue_shows_everything_without_a_request(service: Service, client: HeyGenClient) -> None:
    first = LookCatalogue(client)
    first.load()
    number = len(service.asked())
    assert number == WHOLE
    with client_for(service) as another:
        second = LookCatalogue(another)
        second.load_in_background()
        assert finish(second)
        second.load()
    assert len(service.asked()) == number
    assert ids(second) == service.ids()
    assert [look.ownership for look in second] == [look.ownership for look in first]
    assert list(second.groups.items()) == list(first.groups.items())
    assert [group.ownership for group in second.groups.values()] == ["private"] * 2 + ["public"] * 2
    assert second.loaded_at == first.loaded_at
    progress = second.progress
    assert (progress.complete, progress.loading, progress.calls, progress.error) == (True, False, 0, None)


def test_a_load_returns_only_when_the_catalogue_is_kept(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    assert requests_of_a_load(service, client) == 0


def test_what_is_kept_is_read_in_another_process(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    number = len(service.asked())
    program = f"""
from heygen_widgets import HeyGenClient, LookCatalogue
catalogue = LookCatalogue(HeyGenClient({KEY!r}, base_url={service.url!r}))
catalogue.load()
print(len(catalogue), catalogue.complete)
"""
    ended = run(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "104 True\n", "")
    assert len(service.asked()) == number


@pytest.mark.parametrize("scope", [{"ownership": "private"}, {"avatar_type": "photo_avatar"}, {"group_id": "a"}])
def test_each_scope_is_kept_by_itself(service: Service, client: HeyGenClient, scope: dict[str, Any]) -> None:
    LookCatalogue(client).load()
    part = LookCatalogue(client, **scope)
    part.load()
    assert 0 < len(part) < 104
    assert len(kept_files()) == 2
    assert requests_of_a_load(service, client) == 0
    assert requests_of_a_load(service, client, **scope) == 0


def test_another_key_sees_nothing_of_it(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    with client_for(service, "another-key") as stranger:
        assert requests_of_a_load(service, stranger) == WHOLE
    assert len(kept_files()) == 2


def test_another_address_sees_nothing_of_it(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    with Service({}, {"x": 1}) as elsewhere, client_for(elsewhere) as there:
        catalogue = LookCatalogue(there)
        catalogue.load()
        assert ids(catalogue) == ["x-0"]
    assert len(kept_files()) == 2


def test_a_file_put_under_the_name_of_another_scope_is_set_aside(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client, ownership="private").load()
    path = cached_path(
        base_url=client.base_url, account=client.account, ownership="public", avatar_type=None, group_id=None
    )
    assert path is not None
    os.replace(kept_file(), path)
    catalogue = LookCatalogue(client, ownership="public")
    with pytest.warns(UserWarning, match=r"renamed to .*\.damaged"):
        catalogue.load()
    assert {look.ownership for look in catalogue} == {"public"}
    assert path.with_name(f"{path.name}.damaged").exists()


def test_an_incomplete_file_under_our_name_is_set_aside(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    rewrite(kept_file(), complete=False)
    with pytest.warns(UserWarning, match=r"renamed to .*\.damaged"):
        assert requests_of_a_load(service, client) == WHOLE


def test_where_no_thread_can_begin_to_read_it_everything_is_loaded(
    service: Service, client: HeyGenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    LookCatalogue(client).load()
    let_no_thread_begin("snapshot", monkeypatch)
    assert requests_of_a_load(service, client) == WHOLE


def test_only_a_complete_load_is_kept(service: Service, client: HeyGenClient) -> None:
    service.before = fails("public looks", 2)
    catalogue = LookCatalogue(client)
    with pytest.raises(HeyGenError):
        catalogue.load()
    assert not kept_files()
    catalogue.load()
    assert len(kept_files()) == 1
    assert requests_of_a_load(service, client) == 0


def test_an_empty_account_is_kept_too() -> None:
    with Service() as service, client_for(service) as client:
        LookCatalogue(client).load()
        assert requests_of_a_load(service, client) == 0


@posix_only
def test_only_the_user_can_read_what_is_kept(client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    assert cache_folder().stat().st_mode & 0o777 == 0o700
    assert kept_file().stat().st_mode & 0o777 == 0o600


def test_neither_the_key_nor_the_account_nor_the_address_is_in_a_name_or_a_content(
    service: Service, client: HeyGenClient, cache_home: Path
) -> None:
    LookCatalogue(client).load()
    LookCatalogue(client, group_id="a").load()
    files = [path for path in cache_home.rglob("*") if path.is_file()]
    assert len(files) == 2
    for path in files:
        text = str(path.relative_to(cache_home)).encode() + gzip.decompress(path.read_bytes())
        for secret in (KEY, client.account, service.url, service.url.rpartition(":")[2] + "/"):
            assert secret.encode() not in text
    assert not any("group" in path.name for path in files)


# --- kept for a time


def test_what_is_kept_is_good_for_as_long_as_is_asked_for(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    rewrite(kept_file(), loaded_at=time.time() - 23 * 3600)
    assert requests_of_a_load(service, client) == 0
    assert requests_of_a_load(service, client, cache=timedelta(days=2)) == 0
    assert requests_of_a_load(service, client, cache=timedelta(hours=22)) == WHOLE
    assert requests_of_a_load(service, client) == 0


@pytest.mark.parametrize(
    ("change", "cache"),
    [
        (lambda: None, timedelta(0)),
        (lambda: rewrite(kept_file(), loaded_at=time.time() - 25 * 3600), timedelta(hours=24)),
        (lambda: rewrite(kept_file(), loaded_at=time.time() + 3600), timedelta(hours=24)),
        (lambda: rewrite(kept_file(), loaded_at=0), timedelta(hours=24)),
    ],
    ids=["never good", "too old", "from the future", "of 1970"],
)
def test_a_stale_one_is_shown_at_once_and_replaced(
    service: Service, client: HeyGenClient, change: Callable[[], None], cache: timedelta
) -> None:
    LookCatalogue(client).load()
    change()
    before = service.ids()
    stale_time = content_of(kept_file())[0]["loaded_at"]
    service.looks["public"] = [look_record("new", group_id="a"), *service.looks["public"][1:]]
    gate = service.before = Gate("public looks", first=1)
    service.seen.clear()
    catalogue = LookCatalogue(client, cache=cache)
    catalogue.load_in_background()
    catalogue.wait_for_snapshot()
    service.wait_for_request("public looks")
    assert ids(catalogue) == before
    progress = catalogue.progress
    assert progress.complete
    assert progress.loading
    assert progress.missing == ()
    assert catalogue.loaded_at == datetime.fromtimestamp(stale_time, UTC)
    gate.opened.set()
    assert finish(catalogue)
    assert ids(catalogue) == service.ids() != before
    assert sum(service.counts().values()) == WHOLE
    assert requests_of_a_load(service, client) == 0


def test_load_waits_for_the_new_looks_where_those_kept_are_stale(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    service.looks["public"].pop()
    catalogue = LookCatalogue(client, cache=timedelta(0))
    catalogue.load()
    assert ids(catalogue) == service.ids()


def test_a_stale_one_stays_where_the_service_cannot_be_reached(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    service.before = lambda _: failure(500)
    catalogue = LookCatalogue(client, cache=timedelta(0))
    with pytest.raises(HeyGenError, match="500"):
        catalogue.load()
    assert ids(catalogue) == service.ids()
    assert catalogue.complete
    service.before = lambda _: None
    catalogue.load()
    assert catalogue.progress.error is None
    assert catalogue.progress.refreshed is None


def test_refresh_asks_anew_however_fresh_and_keeps_the_new(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    service.looks["public"].pop()
    catalogue = LookCatalogue(client)
    catalogue.load()
    assert len(catalogue) == 104
    catalogue.refresh()
    assert finish(catalogue)
    assert ids(catalogue) == service.ids()
    again = LookCatalogue(client)
    again.load()
    assert ids(again) == service.ids()


def test_refresh_of_a_catalogue_that_has_loaded_nothing_passes_over_what_is_kept(
    service: Service, client: HeyGenClient
) -> None:
    LookCatalogue(client).load()
    service.looks["public"].pop()
    catalogue = LookCatalogue(client)
    catalogue.refresh()
    catalogue.load()
    assert ids(catalogue) == service.ids()
    assert requests_of_a_load(service, client) == 0


def test_a_refresh_while_what_is_kept_is_being_read_still_asks_anew(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    service.looks["public"].pop()
    catalogue = LookCatalogue(client)
    with catalogue._changed:  # the thread that reads cannot end before
        catalogue.load_in_background()
        assert catalogue.progress.loading
        catalogue.refresh()
    assert finish(catalogue)
    assert ids(catalogue) == service.ids()


@pytest.mark.parametrize("cache", [timedelta(0), timedelta(hours=24)], ids=["stale", "fresh"])
def test_a_stop_while_what_is_kept_is_being_read_shows_it_and_asks_nothing(
    service: Service, client: HeyGenClient, cache: timedelta
) -> None:
    LookCatalogue(client).load()
    service.seen.clear()
    catalogue = LookCatalogue(client, cache=cache)
    with catalogue._changed:
        catalogue.load_in_background()
        catalogue.stop()
    assert finish(catalogue)
    assert ids(catalogue) == service.ids()
    assert not service.asked()
    catalogue.load()
    assert len(service.asked()) == (0 if cache else WHOLE)


def test_closing_while_what_is_kept_is_being_read_leaves_no_thread(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    service.seen.clear()
    catalogue = LookCatalogue(client, cache=timedelta(0))
    catalogue.load_in_background()
    catalogue.close()
    assert end_of(our_threads())
    assert len(service.asked()) <= 4


def test_a_catalogue_that_goes_while_what_is_kept_is_being_read_ends_its_threads(
    service: Service, client: HeyGenClient
) -> None:
    LookCatalogue(client).load()
    service.seen.clear()
    gate = service.before = Gate("public looks")
    catalogue = LookCatalogue(client, cache=timedelta(0))
    catalogue.load_in_background()
    gone = weakref.ref(catalogue)
    del catalogue
    while gone() is not None:  # the thread that reads holds it until the next load has begun
        gc.collect()
        threading.Event().wait(0.01)
    gate.opened.set()
    assert end_of(our_threads())
    assert service.counts()["public looks"] <= 1


def test_a_character_asked_for_while_a_damaged_file_is_read_is_fetched_all_the_same(
    service: Service, client: HeyGenClient
) -> None:
    LookCatalogue(client).load()
    kept_file().write_bytes(b"damage")
    service.looks["public"] = [look for look in service.looks["public"] if look["group_id"] == "a"]
    service.looks["public"] += [look_record(f"b-{number}", group_id="b") for number in range(40)]
    gate = service.before = Gate("public looks")
    catalogue = LookCatalogue(client)

    def begin() -> None:
        with catalogue._changed:  # the thread that reads cannot end before
            catalogue.load_in_background()
            catalogue.fetch_ahead(["b"])
        catalogue.wait_for_snapshot()

    with pytest.warns(UserWarning, match="loaded anew"):
        begin()
    try:
        service.wait_for_request("public looks")
        wait_until(catalogue, lambda now: now.missing == ("public looks",))
        # Not after the chain, which is held up.
        revision = catalogue.revision
        while not catalogue.select(LookFilter(group_id="b")):
            later = catalogue.wait_for_change(revision, timeout=2)
            assert later != revision, "nobody fetches what is looked at"
            revision = later
    finally:
        gate.opened.set()
        finish(catalogue)


def test_a_process_that_ends_while_it_reads_what_is_kept_says_nothing(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    program = f"""
from datetime import timedelta
from heygen_widgets import HeyGenClient, LookCatalogue
catalogue = LookCatalogue(HeyGenClient({KEY!r}, base_url={service.url!r}), cache=timedelta(0))
catalogue.load_in_background()
"""
    ended = run(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


# --- never kept


def test_without_a_cache_nothing_is_written(client: HeyGenClient, cache_home: Path) -> None:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load()
    catalogue.refresh()
    assert finish(catalogue)
    assert list(cache_home.iterdir()) == []


def test_without_a_cache_nothing_is_read_or_changed(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    path = kept_file()
    os.utime(path, (1_000_000_000, 1_000_000_000))
    content = path.read_bytes()
    assert requests_of_a_load(service, client, cache=None) == WHOLE
    assert path.read_bytes() == content
    assert path.stat().st_mtime == 1_000_000_000


@pytest.mark.parametrize("wrong", [24, 3600.0, "1 day", True, float("inf")])
def test_a_time_to_keep_that_is_none_is_a_type_error(client: HeyGenClient, wrong: Any) -> None:
    with pytest.raises(TypeError, match="cache must be a timedelta"):
        LookCatalogue(client, cache=wrong)


def test_a_negative_time_to_keep_is_a_value_error(client: HeyGenClient) -> None:
    with pytest.raises(ValueError, match="negative"):
        LookCatalogue(client, cache=timedelta(seconds=-1))


def test_the_longest_time_to_keep_is_none_too_long(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client, cache=timedelta.max).load()
    assert requests_of_a_load(service, client, cache=timedelta.max) == 0


# --- damage


@pytest.mark.parametrize(
    "damage", [b"", b"no gzip", gzip.compress(b'{"format": "else"}\n')], ids=["empty", "x", "else"]
)
def test_a_damaged_file_is_set_aside_with_a_warning_and_everything_is_loaded(
    service: Service, client: HeyGenClient, damage: bytes
) -> None:
    LookCatalogue(client).load()
    path = kept_file()
    path.write_bytes(damage)
    with pytest.warns(UserWarning, match="loaded anew"):
        assert requests_of_a_load(service, client) == WHOLE
    assert path.with_name(path.name + ".damaged").read_bytes() == damage
    with no_warnings():
        assert requests_of_a_load(service, client) == 0


def test_a_cache_that_cannot_be_written_is_a_warning_and_nothing_more(
    service: Service, client: HeyGenClient, cache_home: Path
) -> None:
    (cache_home / "heygen_widgets").write_bytes(b"a file in place of the folder")
    with pytest.warns(UserWarning, match="could not be kept"):
        assert requests_of_a_load(service, client) == WHOLE


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_warnings_made_errors_end_no_load(service: Service, client: HeyGenClient) -> None:
    LookCatalogue(client).load()
    kept_file().write_bytes(b"damage")
    catalogue = LookCatalogue(client)
    with no_warnings():
        catalogue.load()
    assert ids(catalogue) == service.ids()


# --- logins whose tokens change


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a function that writes the credentials file of HeyGen's own client."""
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()

    def write(token: str, **user: str) -> None:
        content: dict[str, Any] = {"oauth": {"access_token": token, "expires_at": "2999-01-01T00:00:00Z"}}
        if user:
            content["user"] = user
        (tmp_path / "config" / "credentials").write_text(json.dumps(content))

    return write


def expire(client: HeyGenClient) -> None:
    """Let a client's token have ended, so that the next request reads the file again."""
    transport = client._transport
    transport.credential = transport.credential._replace(expires_at=datetime(2020, 1, 1, tzinfo=UTC))


def test_the_same_user_with_a_new_token_shares_what_is_kept(service: Service, login: Any, cache_home: Path) -> None:
    login("token-one", email="a@example.org")
    with client_for(service, None) as first:
        LookCatalogue(first).load()
    login("token-two", email="a@example.org")
    with client_for(service, None) as second:
        assert requests_of_a_load(service, second) == 0
    text = kept_file().name.encode() + gzip.decompress(kept_file().read_bytes())
    assert not any(secret in text for secret in (b"token-one", b"example.org"))


def test_another_user_sees_nothing_of_it(service: Service, login: Any) -> None:
    login("token-one", email="a@example.org")
    with client_for(service, None) as first:
        LookCatalogue(first).load()
    login("token-one", email="b@example.org")
    with client_for(service, None) as second:
        assert requests_of_a_load(service, second) == WHOLE
    with client_for(service, "token-one") as third:
        assert requests_of_a_load(service, third) == WHOLE


def test_a_login_that_names_no_user_is_never_kept(service: Service, login: Any, cache_home: Path) -> None:
    login("token-one")
    with client_for(service, None) as client:
        assert requests_of_a_load(service, client) == WHOLE
        assert requests_of_a_load(service, client) == WHOLE
    assert list(cache_home.iterdir()) == []


def test_a_login_renewed_during_the_load_is_kept_for_its_user(service: Service, login: Any) -> None:
    login("token-one", email="a@example.org")
    with client_for(service, None) as client:

        def renew(seen: Any) -> None:
            if name_of(seen) == "public looks" and "token" not in seen.query:
                login("token-two", email="a@example.org")
                expire(client)

        service.before = renew
        LookCatalogue(client).load()
        assert service.asked("public looks")[1].headers["authorization"] == "Bearer token-two"
    with client_for(service, None) as another:
        assert requests_of_a_load(service, another) == 0


def test_a_login_that_becomes_another_account_s_ends_the_load_and_another_one_brings_that_one_s_looks_alone(
    service: Service, login: Any
) -> None:
    login("token-a", email="a@example.org")
    with client_for(service, None) as client:
        catalogue = LookCatalogue(client)

        def change(seen: Any) -> None:
            if name_of(seen) == "public looks" and len(service.asked("public looks")) == 1:
                wait_until(catalogue, lambda now: now.loaded)  # the first account's private looks
                login("token-b", email="b@example.org")
                expire(client)
                service.looks["private"] = service.looks["private"][1:]

        service.before = change
        with pytest.raises(HeyGenError, match=r"another account's .*anew"):
            catalogue.load()
        assert not catalogue.complete
        assert len(catalogue) == 4  # nothing of what came once it was the other account
        catalogue.load()
        assert catalogue.complete
        assert ids(catalogue) == service.ids()
    for token, email, requests in (("token-a", "a@example.org", WHOLE), ("token-b", "b@example.org", 0)):
        login(token, email=email)
        with client_for(service, None) as either:
            assert requests_of_a_load(service, either) == requests


@pytest.mark.parametrize("when", ["between two loads", "between two pages"])
def test_a_renewed_token_that_names_no_user_goes_on_with_the_load(service: Service, login: Any, when: str) -> None:
    login("token-one")
    with client_for(service, None) as client:
        catalogue = LookCatalogue(client)

        def renew(seen: Any) -> Any:
            asked = len(service.asked("public looks")) if name_of(seen) == "public looks" else 0
            if asked == 1:
                login("token-two")
                expire(client)
            return failure(500) if asked == 2 and when == "between two loads" else None

        service.before = renew
        if when == "between two loads":
            with pytest.raises(HeyGenError):
                catalogue.load()
        catalogue.load()
        assert ids(catalogue) == service.ids()
        assert len(service.asked()) == WHOLE + (when == "between two loads")


@pytest.mark.parametrize("back", [False, True], ids=["still the other's", "back again"])
def test_a_catalogue_that_was_loaded_by_another_login_is_shared_with_nobody(
    service: Service, login: Any, back: bool
) -> None:
    login("token-a", email="a@example.org")
    with client_for(service, None) as one:
        shared = LookCatalogue.shared(one)
        shared.load()
        login("token-b", email="b@example.org")
        expire(one)
        shared.refresh()
        shared.load()  # from here on it holds the other account's looks
        login("token-a", email="a@example.org")
        if back:
            expire(one)
        with client_for(service, None) as again:
            other = LookCatalogue.shared(again)
            assert other is not shared
            assert other is LookCatalogue.shared(again)


def test_a_login_that_changes_while_what_is_kept_is_read_keeps_each_account_s_looks_under_its_own_name(
    service: Service, login: Any
) -> None:
    login("token-a", email="a@example.org")
    with client_for(service, None) as client, pytest.MonkeyPatch.context() as patch:
        LookCatalogue(client).load()
        first = kept_file()
        content = first.read_bytes()

        def read_and_change(*arguments: Any) -> Any:
            snapshot = read_cached(*arguments)
            login("token-b", email="b@example.org")
            expire(client)
            return snapshot

        patch.setattr("heygen_widgets.catalogue.catalogue.read_cached", read_and_change)
        LookCatalogue(client, cache=timedelta(0)).load()
    assert first.read_bytes() == content
    assert len(kept_files()) == 2
    with client_for(service, None) as second:
        assert requests_of_a_load(service, second) == 0


def test_a_login_that_changes_after_the_last_page_leaves_what_was_loaded_to_the_account_it_is_of(
    service: Service, login: Any
) -> None:
    login("token-a", email="a@example.org")
    take = LookCatalogue._take
    with client_for(service, None) as client, pytest.MonkeyPatch.context() as patch:

        def change_and_take(catalogue: LookCatalogue, loading: Any) -> None:
            login("token-b", email="b@example.org")
            expire(client)
            take(catalogue, loading)

        patch.setattr(LookCatalogue, "_take", change_and_take)
        LookCatalogue(client).load()
    for token, email, requests in (("token-a", "a@example.org", 0), ("token-b", "b@example.org", WHOLE)):
        login(token, email=email)
        with client_for(service, None) as either:
            assert requests_of_a_load(service, either) == requests


def test_a_login_that_changes_while_a_character_is_fetched_ahead_brings_none_of_the_other_one_s(
    service: Service, login: Any
) -> None:
    login("token-a", email="a@example.org")
    with client_for(service, None) as client:
        catalogue = LookCatalogue(client, cache=None)

        def change(seen: Any) -> Any:
            if name_of(seen) == "looks of a":
                login("token-b", email="b@example.org")
                expire(client)
            return failure(500) if name_of(seen) == "public looks" else None

        service.before = change
        catalogue.load_in_background()
        assert not finish(catalogue)
        loaded = len(catalogue)
        catalogue.fetch_ahead("a")
        assert not finish(catalogue)
        assert service.counts()["looks of a"] == 1
        assert len(catalogue) == loaded


@contextmanager
def load_that_broke_off(service: Service, login: Any) -> Iterator[tuple[HeyGenClient, LookCatalogue]]:
    """Load as one user until a page of the public looks fails."""
    login("token-a", email="a@example.org")
    service.before = fails("public looks", 2)
    with client_for(service, None) as client:
        catalogue = LookCatalogue(client)
        with pytest.raises(HeyGenError):
            catalogue.load()
        assert 0 < len(catalogue) < len(service.ids())
        yield client, catalogue


def test_a_load_that_is_gone_on_with_as_another_account_begins_at_the_start(service: Service, login: Any) -> None:
    with load_that_broke_off(service, login) as (client, catalogue):
        login("token-b", email="b@example.org")
        expire(client)
        before = len(service.asked())
        catalogue.load()
        assert len(service.asked()) - before == WHOLE
        assert ids(catalogue) == service.ids()


def test_a_login_that_has_run_out_takes_away_nothing_that_is_loaded(service: Service, login: Any) -> None:
    with load_that_broke_off(service, login) as (client, catalogue):
        loaded = len(catalogue)
        Path(os.environ["HEYGEN_CONFIG_DIR"], "credentials").unlink()
        expire(client)
        with pytest.raises(MissingAPIKeyError):
            catalogue.load()
        assert len(catalogue) == loaded > 0


def test_a_client_whose_login_has_become_another_account_s_shows_nothing_of_the_first(
    service: Service, login: Any
) -> None:
    login("token-a", email="a@example.org")
    with client_for(service, None) as client:
        LookCatalogue(client).load()
        login("token-b", email="b@example.org")
        expire(client)  # from here on its requests are those of the other account
        assert requests_of_a_load(service, client) == WHOLE
    with client_for(service, None) as other:
        assert requests_of_a_load(service, other) == 0
    login("token-a", email="a@example.org")
    with client_for(service, None) as first:
        assert requests_of_a_load(service, first) == 0


# --- save and open


def test_a_file_comes_back_with_looks_groups_scope_time_and_completeness(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load()
    saved = catalogue.save(tmp_path / "looks.jsonl.gz")
    assert (saved.path, saved.looks, saved.groups, saved.private, saved.complete) == (
        tmp_path / "looks.jsonl.gz",
        104,
        4,
        4,
        True,
    )
    opened = LookCatalogue.open(tmp_path / "looks.jsonl.gz")
    assert opened.looks == catalogue.looks
    assert [look.ownership for look in opened] == [look.ownership for look in catalogue]
    assert [look.preview_image_url for look in opened] == [look.preview_image_url for look in catalogue]
    assert list(opened.groups.items()) == list(catalogue.groups.items())
    assert [group.ownership for group in opened.groups.values()] == ["private"] * 2 + ["public"] * 2
    assert opened.loaded_at == catalogue.loaded_at
    assert (opened.ownership, opened.avatar_type, opened.group_id) == (None, None, None)
    assert opened.complete
    assert opened.progress.missing == ()
    assert opened.facets() == catalogue.facets()
    assert opened.to_frame().equals(catalogue.to_frame())
    assert opened.select(LookFilter("character a")) == catalogue.select(LookFilter("character a")) != ()


@pytest.mark.parametrize(
    "scope",
    [{"ownership": "public"}, {"avatar_type": "photo_avatar"}, {"group_id": "p", "ownership": "private"}],
    ids=str,
)
def test_a_scope_comes_back(client: HeyGenClient, tmp_path: Path, scope: dict[str, Any]) -> None:
    catalogue = LookCatalogue(client, **scope, cache=None)
    catalogue.load()
    catalogue.save(tmp_path / "part.gz")
    opened = LookCatalogue.open(tmp_path / "part.gz", client)
    assert {name: getattr(opened, name) for name in scope} == scope
    opened.refresh()
    assert finish(opened)
    assert ids(opened) == ids(catalogue)


def test_what_was_not_complete_is_not_complete_when_opened(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    service.before = fails("public looks", 2)
    catalogue = LookCatalogue(client, cache=None)
    with pytest.raises(HeyGenError):
        catalogue.load()
    assert catalogue.save(tmp_path / "part.gz").complete is False
    opened = LookCatalogue.open(tmp_path / "part.gz")
    assert len(opened) == 54
    assert not opened.complete
    assert not opened.progress.complete
    with pytest.warns(UserWarning, match="only 54 looks"):
        opened.to_frame()
    assert opened.save(tmp_path / "again.gz").complete is False
    online = LookCatalogue.open(tmp_path / "part.gz", client)
    online.load()
    assert ids(online) == service.ids()
    assert online.complete


def test_what_was_saved_while_a_refresh_runs_is_the_complete_one_that_is_shown(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load()
    before = service.ids()
    service.looks["public"].reverse()
    gate = service.before = Gate("public looks", first=2)
    catalogue.refresh()
    service.wait_for_request("public looks", 4)
    assert catalogue.save(tmp_path / "looks.gz").complete
    gate.opened.set()
    finish(catalogue)
    assert ids(LookCatalogue.open(tmp_path / "looks.gz")) == before


def test_saving_while_it_loads_gives_files_that_can_be_opened(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    catalogue = LookCatalogue(client, cache=None)
    stop = threading.Event()
    faults: list[BaseException] = []

    def save() -> None:
        try:
            while not stop.is_set():
                saved = catalogue.save(tmp_path / "looks.gz")
                opened = LookCatalogue.open(tmp_path / "looks.gz")
                assert (len(opened), opened.complete) == (saved.looks, saved.complete)
                assert saved.looks == 104 or not saved.complete
        except BaseException as fault:  # noqa: BLE001 - told to the test
            faults.append(fault)

    thread = threading.Thread(target=save)
    thread.start()
    catalogue.load()
    for _ in range(3):
        catalogue.refresh()
        assert finish(catalogue)
    stop.set()
    thread.join(PATIENCE)
    assert not faults


@posix_only
def test_only_the_user_can_read_a_saved_file(client: HeyGenClient, tmp_path: Path) -> None:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load()
    catalogue.save(str(tmp_path / "looks.gz"))
    assert (tmp_path / "looks.gz").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_opened_without_a_client_never_asks(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load()
    catalogue.save(tmp_path / "looks.gz")
    rewrite(tmp_path / "looks.gz", complete=False, loaded_at=0)
    service.seen.clear()
    opened = LookCatalogue.open(tmp_path / "looks.gz")
    assert opened.client is None
    assert opened.progress.missing == ("looks",)
    with pytest.raises(HeyGenError, match=r"open\(path, client\)"):
        opened.load()
    with pytest.warns(UserWarning, match=r"104 looks .*open\(path, client\)"):
        opened.to_frame()
    opened.load_in_background()
    opened.fetch_ahead(["a"])
    opened.stop()
    opened.close()
    with pytest.raises(HeyGenError, match=r"open\(path, client\)"):
        opened.refresh()
    assert not service.asked()
    assert not kept_files()


def test_an_incomplete_file_opened_with_a_client_is_completed_by_load(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    catalogue = LookCatalogue(client, cache=None)
    service.before = fails("public looks", 2)
    with pytest.raises(HeyGenError):
        catalogue.load()
    assert not catalogue.save(tmp_path / "looks.gz").complete
    opened = LookCatalogue.open(tmp_path / "looks.gz", client)
    assert 0 < len(opened) < len(service.ids())
    opened.load()
    assert ids(opened) == service.ids()
    assert opened.complete


@pytest.mark.parametrize("name", ["looks.csv", "looks.parquet", "looks.XLSX"])
def test_a_snapshot_takes_no_name_of_a_table(client: HeyGenClient, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}.*to_parquet.*\.jsonl\.gz"):
        LookCatalogue(client, cache=None).save(tmp_path / name)
    assert not list(tmp_path.glob("looks*"))


def test_a_complete_file_opened_with_a_client_asks_only_to_refresh(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load()
    catalogue.save(tmp_path / "looks.gz")
    service.seen.clear()
    service.looks["public"].pop()
    opened = LookCatalogue.open(tmp_path / "looks.gz", client)
    opened.load()
    assert not service.asked()
    assert len(opened) == 104
    opened.refresh()
    assert finish(opened)
    assert ids(opened) == service.ids()
    assert not kept_files()


def test_something_else_than_a_client_is_refused(client: HeyGenClient, tmp_path: Path) -> None:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.save(tmp_path / "looks.gz")
    with pytest.raises(TypeError, match="HeyGenClient, not str"):
        LookCatalogue.open(tmp_path / "looks.gz", "key")  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"id,name\n", gzip.compress(b"[1, 2]\n")], ids=["empty", "csv", "json"])
def test_a_foreign_file_is_an_error_that_names_it_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.gz"
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"foreign\.gz"):
        LookCatalogue.open(path)
    assert path.read_bytes() == content
    assert list(tmp_path.glob("foreign*")) == [path]


@pytest.mark.parametrize("scope", [{"group_id": ".."}, {"group_id": ""}, {"avatar_type": ""}], ids=str)
@pytest.mark.parametrize("with_client", [False, True], ids=["offline", "online"])
def test_a_file_with_a_scope_that_cannot_be_asked_for_is_an_error_that_names_it(
    client: HeyGenClient, tmp_path: Path, scope: dict[str, str], with_client: bool
) -> None:
    path = tmp_path / "looks.gz"
    LookCatalogue(client, cache=None).save(path)
    rewrite(path, **scope)
    problem: ValueError | None = None
    try:
        LookCatalogue.open(path, client if with_client else None)
    except ValueError as error:
        problem = error
    # Opening it is fine, too.
    assert problem is None or (isinstance(problem, SnapshotError) and "looks.gz" in str(problem))


def test_a_file_that_is_not_there_is_the_system_s_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LookCatalogue.open(tmp_path / "absent.gz")


# --- what came, went and changed


def test_a_catalogue_tells_what_came_went_and_changed_since_a_file(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load()
    catalogue.save(tmp_path / "older.gz")
    gone = service.looks["public"].pop(5)
    service.looks["public"][7] = {**service.looks["public"][7], "name": "Renamed", "tags": ["new"]}
    service.looks["private"].append(look_record("came", group_id="p"))
    catalogue.refresh()
    assert finish(catalogue)
    with no_warnings():
        frame = catalogue.diff(tmp_path / "older.gz")
        same = catalogue.diff(LookCatalogue.open(tmp_path / "older.gz"))
    assert same.equals(frame)
    rows = {row.id: (row.change, sorted(row.fields)) for row in frame.itertuples()}
    assert rows == {
        "came": ("came", []),
        service.looks["public"][7]["id"]: ("changed", ["name", "tags"]),
        gone["id"]: ("went", []),
    }
    with no_warnings():
        assert len(catalogue.diff(catalogue)) == 0


def test_a_comparison_with_what_is_not_complete_or_of_another_scope_comes_with_a_warning(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    whole = LookCatalogue(client, cache=None)
    whole.load()
    part = LookCatalogue(client, ownership="public", cache=None)
    part.load()
    with pytest.warns(UserWarning, match="scopes differ") as caught:
        frame = part.diff(whole)
    assert caught[0].filename == __file__
    assert set(frame["change"]) == {"went"}
    twins = LookCatalogue(client, avatar_type="digital_twin", cache=None)
    twins.load()
    with pytest.warns(UserWarning, match="scopes differ"):
        twins.diff(whole)
    LookCatalogue(client, cache=None).save(tmp_path / "empty.gz")
    with pytest.warns(UserWarning, match="not complete"):
        assert len(whole.diff(tmp_path / "empty.gz")) == 104
    (tmp_path / "foreign.gz").write_bytes(b"x")
    with pytest.raises(SnapshotError, match=r"foreign\.gz"):
        whole.diff(tmp_path / "foreign.gz")
