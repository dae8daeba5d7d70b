"""A catalogue answers filters, makes tables and files, compares itself with others, and is shared by equal clients."""

import dataclasses
import warnings
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from avatar_service import Gate, Service, fails, finish, held_up, ids, said
from loopback import client_of, look as look_record

from heygen_widgets.api import HeyGenClient
from heygen_widgets.catalogue import LookCatalogue
from heygen_widgets.demo import DemoService
from heygen_widgets.errors import HeyGenError, SnapshotError
from heygen_widgets.filters import LookFilter, as_filter
from heygen_widgets.frame import frame_to_looks
from heygen_widgets.models import AvatarGroup, Failure, Look


@pytest.fixture(scope="module")
def demo() -> Iterator[LookCatalogue]:
    """Give a loaded catalogue that no test changes."""
    with DemoService(looks=400) as service, HeyGenClient(service.api_key, base_url=service.base_url) as client:
        catalogue = LookCatalogue(client, cache=None)
        catalogue.load()
        yield catalogue


def loaded(client: HeyGenClient, **arguments: Any) -> LookCatalogue:
    catalogue = LookCatalogue(client, cache=None, **arguments)
    catalogue.load()
    return catalogue


def partly_loaded(service: Service, client: HeyGenClient) -> LookCatalogue:
    """Load all but the second page of public looks."""
    service.before = fails("public looks", 2)
    catalogue = LookCatalogue(client, cache=None)
    with pytest.raises(HeyGenError):
        catalogue.load()
    return catalogue


def test_select_facets_summary_tables_and_characters_agree(demo: LookCatalogue, tmp_path: Path) -> None:
    wanted = LookFilter(avatar_type="photo_avatar", ownership="public", sort="-name")
    selected = demo.select(wanted)
    assert 0 < len(selected) < 400
    assert demo.looks == tuple(demo) == (demo[0], *demo[1:])
    assert demo.select() == tuple(sorted(demo.looks, key=lambda look: not look.is_ready)) != demo.looks
    assert demo.to_frame()["id"].tolist() == ids(demo.select())
    assert sum(character.matched for character in demo.characters(wanted)) == len(selected)
    assert demo.summary().groupby("ownership")["looks"].sum().to_dict() == demo.facets()["ownership"]
    assert demo.summary(wanted)["looks"].sum() == len(selected)
    frame = demo.to_frame(wanted)
    assert frame["id"].tolist() == [look.id for look in selected]
    assert frame["group_name"].notna().any()
    demo.to_parquet(tmp_path / "looks.parquet", wanted)
    read = pd.read_parquet(tmp_path / "looks.parquet")
    assert read["id"].tolist() == frame["id"].tolist()


def test_a_filter_is_a_text_a_dict_or_keywords_and_tags_and_types_are_written_in_any_case(demo: LookCatalogue) -> None:
    wanted = LookFilter("office", gender="female", avatar_type="photo_avatar")
    looks = demo.select(wanted)
    assert 0 < len(looks) < 400
    for ask in (
        *(lambda *a, **k: demo.select(*a, **k), lambda *a, **k: frame_to_looks(demo.to_frame(*a, **k))),
        lambda *a, **k: ids(demo.matching(as_filter(*a, **k)).looks()),
    ):
        one, *others = (
            ask(wanted),
            ask("office", gender="female", avatar_type="PHOTO_Avatar"),
            ask({"search": "office", "gender": "female"}, avatar_type="photo_avatar"),
            ask(search="office", gender="female", avatar_type="photo_avatar"),
        )
        assert others == [one] * 3
    assert demo.facets(gender="female") == demo.facets(LookFilter(gender="female"))
    assert demo.characters("office") == demo.characters(LookFilter("office"))
    assert demo.summary(gender="female")["looks"].sum() == len(demo.select(gender="female"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tag": "BUSINES"}, "no look has the tag 'BUSINES': did you mean 'Business'?"),
        ({"tag": ["ugc", "x"], "avatar_type": "photo_avatr"}, "'photo_avatr': did you mean 'photo_avatar'?"),
        ({"gender": "male"}, "no look has the gender 'male'"),
        ({"group_id": "g2"}, "no look has the group_id 'g2'"),
    ],
)
def test_a_value_that_no_look_has_warns_with_the_closest_one(
    fields: dict[str, Any], message: str, service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    looks = [Look("a", "A", "photo_avatar", group_id="g1", gender="female", tags=("Business", "UGC"))]
    catalogue = LookCatalogue.of(looks)
    asking = [getattr(catalogue, name) for name in ("select", "to_frame", "summary")]
    asking += [partial(catalogue.to_csv, tmp_path / "a"), partial(catalogue.to_parquet, tmp_path / "a")]
    for ask in (*asking, partial(catalogue.to_excel, tmp_path / "a.xlsx")):
        with pytest.warns(UserWarning, match="no look has") as caught:
            ask(**fields)
        assert message in [str(warning.message)[-len(message) :] for warning in said(caught)]
        assert {warning.filename for warning in said(caught)} == {__file__}
    with warnings.catch_warnings(action="error"):
        catalogue.select(tag=["BUSINESS", ""], gender=["female", ""])
        for ask in (catalogue.matching, catalogue.characters, catalogue.facets):
            ask(LookFilter(**fields))
        LookCatalogue.of([]).select(**fields)
        partly_loaded(service, client).select(**fields)


def test_wrong_filters_and_fields_are_refused_by_name(demo: LookCatalogue) -> None:
    asking: list[Any] = [demo.select, demo.matching, demo.characters, demo.facets, demo.to_frame, demo.summary]
    for ask in asking:
        for wrong in (3, ["office"], pd.DataFrame({"url": ["https://secret"]})):
            with pytest.raises(TypeError, match=r"a filter must be a LookFilter.* not a") as caught:
                ask(wrong)
            assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="group_id"):
        demo.fetch_ahead(["a", "\ud800"])  # before anything waits for the first one
    for name in ("foo", "search", "sort", 3):
        with pytest.raises(ValueError, match=rf"{name}.*gender"):
            demo.facets(fields=["gender", name])  # type: ignore[list-item]
        with pytest.raises(ValueError, match=rf"{name}.*gender"):
            demo.values(name)  # type: ignore[arg-type]
    assert demo.facets("gender") == demo.facets(fields="gender") == demo.facets(fields=["gender"])


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"client": "key"}, TypeError, "HeyGenClient, not str"),
        ({"client": None}, TypeError, "HeyGenClient, not NoneType"),
        ({"ownership": "yours"}, ValueError, "yours"),
        ({"group_id": ".."}, ValueError, r"'\.\.'"),
        ({"group_id": Look("a", "A", "photo_avatar", group_id="g")}, ValueError, "group_id.*: use look.group_id"),
        *(({"cache": wrong}, TypeError, "cache must be a timedelta") for wrong in (24, 3600.0, "1 day", True)),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_when_a_catalogue_is_made(
    client: HeyGenClient, arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    # Labels, records and missing values are taken.
    group, nothing = AvatarGroup("g", "G"), {"ownership": float("nan")}
    made = LookCatalogue(client, ownership="Private", avatar_type="Photo avatar", group_id=group)  # type: ignore[arg-type]
    assert (made.ownership, made.avatar_type, made.group_id) == ("private", "photo_avatar", "g")
    assert LookCatalogue(client, **nothing).ownership is None  # type: ignore[arg-type]
    with pytest.raises(error, match=match):
        LookCatalogue(**{"client": client, **arguments})
    if arguments.keys() <= {"client", "cache"}:
        with pytest.raises(error, match=match):
            LookCatalogue.shared(**{"client": client, **arguments})


def test_nothing_changes_inside_an_unchanged_block() -> None:
    with held_up({"p": 3}, {"a": 100}, gate := Gate("public looks", first=2)) as (_, catalogue):
        with catalogue.unchanged():
            before = catalogue.revision, len(catalogue), catalogue.progress
            gate.opened.set()
            assert catalogue.progress.loading
            assert (catalogue.revision, len(catalogue), catalogue.progress) == before
        assert finish(catalogue)
        assert catalogue.revision > before[0]


def test_incomplete_catalogues_warn_in_tables_and_files(service: Service, client: HeyGenClient, tmp_path: Path) -> None:
    catalogue = partly_loaded(service, client)
    files = {"a.csv": catalogue.to_csv, "a.xlsx": catalogue.to_excel, "a.parquet": catalogue.to_parquet}
    tables = (catalogue.to_frame, catalogue.summary, *(partial(files[name], tmp_path / name) for name in files))
    for make in tables:
        with pytest.warns(UserWarning, match=r"only 54 looks.*load\(\)") as caught:
            make()
        assert said(caught)[0].filename == __file__
    assert repr(catalogue) == "<LookCatalogue: 54 looks, incomplete>"
    catalogue.load()
    with warnings.catch_warnings(action="error"):
        for make in tables:
            make()
    assert repr(catalogue) == "<LookCatalogue: 104 looks, complete>"


@pytest.mark.parametrize(
    "wrong",
    [
        *({"id": ""}, {"id": 5}, {"name": None}, {"name": "\ud800"}, {"avatar_type": None}, {"gender": "woman"}),
        *({"tags": ["x"]}, {"tags": None}, {"image_width": "10"}, {"name": pd.NA}, {"gender": pd.Series(["x", "y"])}),
        *({"group_name": 5}, {"group_name": "\ud800"}),
        *({"ownership": "mine"}, {"extra": {"id": "b"}}, {"extra": {"x": {1}}}),
        *({"error": {"code": "x"}}, {"error": Failure("\ud800")}, {"extra": None}, {"preview_image_url": b"x"}),
    ],
    ids=str,
)
def test_a_record_with_a_wrong_value_is_refused_by_its_name(wrong: dict[str, Any]) -> None:
    right = Look("a", "", "new", tags=("é",), error=Failure(), extra={"x": 1})
    catalogue = LookCatalogue.of([right], [AvatarGroup("g", "Zoë", looks_count=0)])
    bad = dataclasses.replace(right, **wrong)
    named = f"Look '{bad.id}' has an invalid {next(iter(wrong))}"
    for act in (lambda: LookCatalogue.of([right, bad]), lambda: catalogue.update_previews(bad)):
        with pytest.raises(ValueError, match=named):
            act()
    for name, value in (("name", "\ud800"), ("ownership", "mine")):
        with pytest.raises(ValueError, match=f"AvatarGroup 'g' has an invalid {name}"):
            LookCatalogue.of([], [AvatarGroup(**{"id": "g", "name": "G", name: value})])
    assert catalogue.looks == (right,)


def test_a_catalogue_of_existing_looks_is_complete_and_never_asks(service: Service, client: HeyGenClient) -> None:
    looks, groups = list(client.iter_looks(max_items=30)), list(client.iter_groups())
    service.seen.clear()
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
    assert not service.asked()
    with warnings.catch_warnings(action="error"):
        assert catalogue.to_frame()["group_name"].notna().any()
    named = [dataclasses.replace(look, group_name="Another") for look in looks]
    assert {group.name for group in LookCatalogue.of(named).groups.values()} == {"Another"}
    assert list(LookCatalogue.of(named, groups).groups.values()) == groups
    with pytest.raises(TypeError, match="str"):
        LookCatalogue.of(["x"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "scope", [{}, {"ownership": "public"}, {"avatar_type": "photo_avatar"}, {"group_id": "p", "ownership": "private"}]
)
def test_a_saved_catalogue_is_the_same_when_opened(
    service: Service, client: HeyGenClient, tmp_path: Path, scope: dict[str, Any]
) -> None:
    path = tmp_path / "looks.jsonl.gz"
    catalogue = loaded(client, **scope)
    saved = catalogue.save(str(path))
    private = sum(look.ownership == "private" for look in catalogue)
    assert (saved.path, saved.looks, saved.groups) == (path, len(catalogue), len(catalogue.groups))
    assert (saved.private, saved.complete) == (private, True)
    service.seen.clear()
    opened = LookCatalogue.open(saved, client)
    for one, other in zip(opened, catalogue, strict=True):
        assert one == other
        assert (one.ownership, one.preview_image_url) == (other.ownership, other.preview_image_url)
    assert list(opened.groups.items()) == list(catalogue.groups.items())
    assert [group.ownership for group in opened.groups.values()] == [g.ownership for g in catalogue.groups.values()]
    assert (opened.loaded_at, opened.complete, opened.facets()) == (catalogue.loaded_at, True, catalogue.facets())
    assert {name: getattr(opened, name) for name in scope} == scope
    opened.load()
    assert not service.asked()
    opened.refresh()
    assert finish(opened)
    assert service.asked()
    assert ids(opened) == ids(catalogue)


def test_an_incomplete_file_is_incomplete_when_opened_and_a_client_completes_it(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    path = tmp_path / "part.gz"
    assert not partly_loaded(service, client).save(path).complete
    service.seen.clear()
    opened = LookCatalogue.open(path)
    assert (len(opened), opened.complete, opened.progress.missing) == (54, False, ("looks",))
    with pytest.warns(UserWarning, match=r"only 54 looks .*open\(path, client\)"):
        opened.to_frame()
    assert not opened.save(tmp_path / "again.gz").complete
    with pytest.raises(HeyGenError, match=r"open\(path, client\)"):
        opened.load()
    with pytest.raises(HeyGenError, match=r"open\(path, client\)"):
        opened.refresh()
    opened.load_in_background()
    opened.fetch_ahead(["a"])
    opened.stop()
    opened.close()
    assert not service.asked()
    online = LookCatalogue.open(path, client)
    assert online.progress.refreshed == 0
    online.load()
    assert ids(online) == service.ids()
    assert online.complete


def test_a_file_saved_during_a_load_or_a_refresh_holds_what_was_shown(
    service: Service, client: HeyGenClient, tmp_path: Path
) -> None:
    path = tmp_path / "looks.gz"
    gate = service.before = Gate("public looks", first=2)
    catalogue = LookCatalogue(client, cache=None)
    catalogue.load_in_background()
    service.wait_for_request("public looks", 2)
    saved = catalogue.save(path)
    assert (saved.looks, saved.complete) == (len(LookCatalogue.open(path)), False)
    gate.opened.set()
    assert finish(catalogue)
    before = service.ids()
    service.looks["public"].reverse()
    gate = service.before = Gate("public looks", first=2)
    catalogue.refresh()
    service.wait_for_request("public looks", 4)
    assert catalogue.save(path).complete
    gate.opened.set()
    assert finish(catalogue)
    assert ids(LookCatalogue.open(path)) == before != ids(catalogue)


def test_a_foreign_file_is_an_error_that_names_it_and_a_snapshot_has_no_name_of_a_table(tmp_path: Path) -> None:
    for name in ("looks.csv", "looks.parquet", "looks.XLSX"):
        with pytest.raises(ValueError, match=rf"{name}.*to_csv.*to_excel.*to_parquet.*\.jsonl\.gz"):
            LookCatalogue.of([]).save(tmp_path / name)
    assert not list(tmp_path.iterdir())
    path = tmp_path / "foreign.gz"
    path.write_bytes(b"id,name\n")
    for read in (LookCatalogue.open, LookCatalogue.of([]).diff):
        with pytest.raises(SnapshotError, match=r"foreign\.gz"):
            read(path)
    assert path.read_bytes() == b"id,name\n"
    with pytest.raises(FileNotFoundError):
        LookCatalogue.open(tmp_path / "absent.gz")


def test_a_comparison_lists_what_came_went_and_changed(service: Service, client: HeyGenClient, tmp_path: Path) -> None:
    catalogue = loaded(client)
    catalogue.save(tmp_path / "older.gz")
    gone = service.looks["public"].pop(5)
    service.looks["public"][7] = {**service.looks["public"][7], "name": "Renamed", "tags": ["new"]}
    service.looks["private"].append(look_record("came", group_id="p"))
    catalogue.refresh()
    assert finish(catalogue)
    with warnings.catch_warnings(action="error"):
        frame = catalogue.diff(tmp_path / "older.gz")
        assert catalogue.diff(LookCatalogue.open(tmp_path / "older.gz")).equals(frame)
        assert len(catalogue.diff(catalogue)) == 0
    rows = {row.id: (row.change, sorted(row.fields)) for row in frame.itertuples()}
    changed = service.looks["public"][7]["id"]
    assert rows == {"came": ("came", []), changed: ("changed", ["name", "tags"]), gone["id"]: ("went", [])}


def test_a_comparison_with_an_incomplete_catalogue_or_other_scope_warns(service: Service, client: HeyGenClient) -> None:
    whole, part = loaded(client), loaded(client, ownership="public")
    with pytest.warns(UserWarning, match="scopes differ") as caught:
        assert set(part.diff(whole)["change"]) == {"went"}
    assert said(caught)[0].filename == __file__
    with pytest.warns(UserWarning, match="not complete") as caught:
        assert len(whole.diff(LookCatalogue(client, cache=None))) == 104
    assert said(caught)[0].filename == __file__


def test_equal_clients_with_the_same_cache_time_share_one_catalogue(service: Service, client: HeyGenClient) -> None:
    with client_of(service, max_retries=0) as equal, client_of(service, max_retries=1) as other:
        first = LookCatalogue.shared(client, cache=None)
        first.load()
        number = len(service.asked())
        again = LookCatalogue.shared(equal, cache=None)
        assert again is first
        again.load()
        assert len(service.asked()) == number
        day = LookCatalogue.shared(client)
        assert LookCatalogue.shared(equal, cache=timedelta(days=1)) is day
        others = [LookCatalogue.shared(other, cache=None), LookCatalogue.shared(client, cache=timedelta(days=2))]
        assert len({first, day, *others, LookCatalogue(client, cache=None)}) == 5
