"""The catalogue loads in the background, goes on after a stop or an error, and never looks complete when it is not."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from heygen_widgets.api import HeyGenClient
from heygen_widgets.catalogue import LookCatalogue
from heygen_widgets.catalogue.store import LookStore
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import HeyGenError
from heygen_widgets.filters import LookFilter


@pytest.fixture
def service() -> Iterator[DemoService]:
    with DemoService(looks=400) as running:
        yield running


@pytest.fixture
def client(service: DemoService) -> Iterator[HeyGenClient]:
    with HeyGenClient(service.api_key, base_url=service.base_url, max_retries=0) as opened:
        yield opened


def queries(service: DemoService, path: str) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(p).query) for _, p in service.requests if urlsplit(p).path == path]


def test_load_brings_every_look_once_with_its_ownership_and_private_ones_first(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    assert len(catalogue) == 400
    assert len({look.id for look in catalogue}) == 400
    ownerships = [look.ownership for look in catalogue]
    assert set(ownerships) == {"private", "public"}
    assert ownerships == sorted(ownerships)
    assert catalogue.complete
    assert catalogue.progress.expected == 400
    assert catalogue.progress.error is None


def test_loading_asks_for_the_fewest_pages_possible(service: DemoService, client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    asked = queries(service, "/v3/avatars/looks")
    for ownership in ("private", "public"):
        owned = sum(look.ownership == ownership for look in catalogue)
        assert len([q for q in asked if q["ownership"] == [ownership]]) == max(1, -(-owned // 50))
    assert all(q["limit"] == ["50"] for q in asked)
    assert catalogue.progress.calls == len(asked) + len(queries(service, "/v3/avatars"))


def test_loading_again_when_complete_asks_nothing(service: DemoService, client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    service.requests.clear()
    catalogue.load()
    assert not service.requests


def test_a_scope_loads_only_what_it_names(client: HeyGenClient) -> None:
    whole = LookCatalogue(client)
    whole.load()
    group_id = next(look.group_id for look in whole if look.group_id)
    part = LookCatalogue(client, group_id=group_id)
    part.load()
    assert {look.id for look in part} == {look.id for look in whole if look.group_id == group_id}
    private = LookCatalogue(client, ownership="private", avatar_type="photo_avatar")
    private.load()
    assert {look.id for look in private} == {
        look.id for look in whole.select(LookFilter(ownership="private", avatar_type="photo_avatar"))
    }


def test_a_stopped_catalogue_is_not_complete_and_goes_on_in_place(service: DemoService, client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client, ownership="public")
    catalogue.load_in_background()
    revision = -1
    while catalogue.progress.loaded == 0:
        revision = catalogue.wait_for_change(revision, timeout=10)
    catalogue.stop()
    assert catalogue.wait(timeout=30) is catalogue.complete
    catalogue.load()
    assert catalogue.complete
    first_pages = [q for q in queries(service, "/v3/avatars/looks") if "token" not in q]
    assert len(first_pages) == 1
    assert len(catalogue) == len({look.id for look in catalogue})


def test_stop_and_go_from_many_threads_loses_and_doubles_nothing(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)

    def stop_and_go() -> None:
        for _ in range(30):
            catalogue.stop()
            catalogue.load_in_background()

    threads = [threading.Thread(target=stop_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    catalogue.load()
    assert len(catalogue) == len({look.id for look in catalogue}) == 400
    assert catalogue.progress.calls == len(catalogue_pages(catalogue))


def catalogue_pages(catalogue: LookCatalogue) -> list[int]:
    """Give one entry for each page that a load without any stop would ask for."""
    private = len(catalogue.select(LookFilter(ownership="private")))
    groups = [group.ownership for group in catalogue.groups.values()]
    sizes = [private, len(catalogue) - private, groups.count("private"), groups.count("public")]
    return [page for size in sizes for page in range(max(1, -(-size // 50)))]


def test_an_error_ends_the_loading_keeps_what_is_there_and_another_call_goes_on() -> None:
    with (
        DemoService(looks=400, faults="401 endpoint=looks nth=2 times=1") as service,
        HeyGenClient(service.api_key, base_url=service.base_url) as client,
    ):
        catalogue = LookCatalogue(client)
        with pytest.raises(HeyGenError):
            catalogue.load()
        assert not catalogue.complete
        assert catalogue.progress.error is not None
        catalogue.load()
    assert catalogue.complete
    assert catalogue.progress.error is None
    assert len(catalogue) == 400


def test_a_wrong_key_is_the_error_of_the_loading(service: DemoService) -> None:
    with HeyGenClient("wrong-key", base_url=service.base_url) as client, pytest.raises(HeyGenError, match="401"):
        LookCatalogue(client).load()


def test_get_knows_loaded_looks_only(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    assert catalogue.get("absent") is None
    catalogue.load()
    look = catalogue.looks[7]
    assert catalogue.get(look.id) == look


def test_select_facets_and_frame_agree(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    wanted = LookFilter(avatar_type="photo_avatar")
    number = len(catalogue.select(wanted))
    assert 0 < number < 400
    assert catalogue.facets()["avatar_type"]["photo_avatar"] == number
    assert catalogue.select() == catalogue.looks
    frame = catalogue.to_frame(wanted)
    assert frame["id"].tolist() == [look.id for look in catalogue.select(wanted)]
    assert frame["group_name"].notna().any()


def test_an_order_alone_holds_wherever_a_filter_is_taken(client: HeyGenClient, tmp_path: Path) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    wanted = LookFilter(sort="-name")
    expected = [look.id for look in catalogue.select(wanted)]
    assert expected != [look.id for look in catalogue.select(LookFilter())]
    assert catalogue.to_frame(wanted)["id"].tolist() == expected
    catalogue.to_parquet(tmp_path / "looks.parquet", wanted)
    assert pd.read_parquet(tmp_path / "looks.parquet")["id"].tolist() == expected
    characters = list(dict.fromkeys(look.group_id or "" for look in catalogue.select(wanted)))
    assert [character.id for character in catalogue.characters(wanted)] == characters
    assert characters != [character.id for character in catalogue.characters()]


@pytest.mark.parametrize("names", [["foo"], ["gender", "search"], ["sort"], [3]])
def test_a_field_that_is_not_counted_is_named_with_those_that_are(client: HeyGenClient, names: Any) -> None:
    catalogue = LookCatalogue(client)
    with pytest.raises(ValueError, match=r"(foo|search|sort|3).*gender"):
        catalogue.facets(names=names)
    with pytest.raises(ValueError, match=r"(foo|search|sort|3).*gender"):
        catalogue.values(names[-1])
    with pytest.raises(TypeError, match=r"\['gender'\]"):
        catalogue.facets(names="gender")


def test_only_a_catalogue_or_a_file_is_compared(client: HeyGenClient) -> None:
    number: Any = 5
    with pytest.raises(TypeError, match=r"LookCatalogue.*not 5"):
        LookCatalogue(client).diff(number)


def test_impossible_arguments_are_refused_when_it_is_made(client: HeyGenClient) -> None:
    with pytest.raises(ValueError, match="mine"):
        LookCatalogue(client, ownership="mine")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"'\.\.'"):
        LookCatalogue(client, group_id="..")
    with pytest.raises(TypeError, match="str"):
        LookCatalogue("key")  # type: ignore[arg-type]


def test_the_search_finds_looks_by_the_name_of_their_character(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    names = {group.id: group.name for group in catalogue.groups.values()}
    look = next(
        look
        for look in catalogue
        if look.group_id and names[look.group_id].isascii() and names[look.group_id].split()[-1] not in look.name
    )
    found = catalogue.select(LookFilter(names[str(look.group_id)]))
    assert look in found
    assert {names[str(other.group_id)] for other in found if other.group_id} == {names[str(look.group_id)]}


def test_one_characters_catalogue_knows_its_name_and_number(client: HeyGenClient) -> None:
    group = next(client.iter_groups(ownership="public"))
    catalogue = LookCatalogue(client, group_id=group.id)
    catalogue.load()
    assert set(catalogue.to_frame()["group_name"].dropna()) == {group.name}
    assert catalogue.progress.expected == group.looks_count


def test_a_look_that_comes_twice_is_kept_once(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    catalogue._shown.add_looks([*catalogue.looks[:50], *catalogue.looks[:50]], 7)
    assert len(catalogue) == len(catalogue.looks) == 400


def test_a_frame_of_an_incomplete_catalogue_comes_with_a_warning(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    with pytest.warns(UserWarning, match=r"load\(\)"):
        catalogue.to_frame()
    catalogue.load()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(catalogue.to_frame()) == 400


def test_something_else_than_a_filter_is_named(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    asking: list[Any] = [catalogue.select, catalogue.matching, catalogue.characters, catalogue.facets]
    for ask in (*asking, catalogue.to_frame, catalogue.summary):
        for wrong in ("office", "", {}):
            with pytest.raises(TypeError, match="a filter must be a LookFilter"):
                ask(wrong)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_our_own_ends_the_loading_with_an_error_instead_of_waiting_for_ever(client: HeyGenClient) -> None:
    class Broken(LookStore):
        def add_looks(self, looks: object, first_place: int, *, ahead: bool = False) -> None:
            raise KeyError("a fault")

    catalogue = LookCatalogue(client)
    catalogue._loading.store = Broken()  # type: ignore[union-attr]
    with pytest.raises(HeyGenError, match="a fault"):
        catalogue.load()


def test_ctrl_c_while_loading_stops_the_threads(service: DemoService, client: HeyGenClient) -> None:
    class Interrupted(LookCatalogue):
        interrupted = False

        def wait_for_change(self, revision: int, timeout: float | None = None) -> int:
            if not self.interrupted:
                self.interrupted = True
                raise KeyboardInterrupt
            return super().wait_for_change(revision, timeout)

    catalogue = Interrupted(client)
    with pytest.raises(KeyboardInterrupt):
        catalogue.load()
    assert catalogue._stopping
    catalogue.wait(timeout=60)
    assert not catalogue.progress.loading
    catalogue.load()
    assert len(catalogue) == 400


def test_an_empty_account_is_complete_after_its_first_pages() -> None:
    with (
        DemoService(looks=0) as service,
        HeyGenClient(service.api_key, base_url=service.base_url) as client,
    ):
        catalogue = LookCatalogue(client)
        catalogue.load()
        assert catalogue.complete
        assert catalogue.looks == ()
        assert len(catalogue.to_frame()) == 0


def test_the_summary_counts_every_look_of_the_filter_once(client: HeyGenClient) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    summary = catalogue.summary()
    assert summary["looks"].sum() == 400
    by_owner = summary.groupby("ownership", observed=True)["looks"].sum().to_dict()
    assert by_owner == catalogue.facets()["ownership"]
    wanted = LookFilter(gender="female", ownership="public")
    assert catalogue.summary(wanted)["looks"].sum() == len(catalogue.select(wanted))


def test_a_parquet_file_holds_the_same_rows_as_the_frame(client: HeyGenClient, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    catalogue = LookCatalogue(client)
    catalogue.load()
    wanted = LookFilter(avatar_type="digital_twin", sort="-name")
    for name, selected in (("all", None), ("some", wanted)):
        catalogue.to_parquet(tmp_path / name, selected)
        frame, read = catalogue.to_frame(selected), pandas.read_parquet(tmp_path / name)
        assert list(read.columns) == list(frame.columns)
        assert read["id"].tolist() == frame["id"].tolist()
        assert read["group_name"].dropna().tolist() == frame["group_name"].dropna().tolist()
        assert [list(tags) for tags in read["tags"]] == frame["tags"].tolist()


def test_looks_that_are_here_already_are_a_complete_catalogue_that_asks_nobody(
    service: DemoService, client: HeyGenClient
) -> None:
    looks = list(client.iter_looks(max_items=30))
    groups = list(client.iter_groups())
    number = len(service.requests)
    catalogue = LookCatalogue.of([*looks[::-1], looks[0]], groups)
    assert list(catalogue) == looks[::-1]
    assert catalogue.complete
    assert catalogue.client is None
    assert catalogue.loaded_at is None
    catalogue.load()
    catalogue.load_in_background()
    catalogue.fetch_ahead([groups[0].id])
    catalogue.close()
    with pytest.raises(HeyGenError, match="no client"):
        catalogue.refresh()
    assert len(service.requests) == number
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert catalogue.to_frame()["group_name"].notna().any()
    with pytest.raises(TypeError, match="dict"):
        LookCatalogue.of([{"id": "x"}])  # type: ignore[list-item]


def test_a_saved_catalogue_is_told_from_a_later_one_by_what_came_and_went(client: HeyGenClient, tmp_path: Path) -> None:
    catalogue = LookCatalogue(client)
    catalogue.load()
    older = LookCatalogue.of(catalogue.looks[10:])
    older.save(tmp_path / "older.jsonl.gz")
    came = catalogue.diff(tmp_path / "older.jsonl.gz")
    assert came["id"].tolist() == [look.id for look in catalogue.looks[:10]]
    assert set(came["change"]) == {"came"}
    went = older.diff(catalogue)
    assert went["id"].tolist() == came["id"].tolist()
    assert set(went["change"]) == {"went"}
