"""Any response body gives records, which every part of the package accepts, or an error of this package."""

import json
import os
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from loopback import Handler, Loopback, client_of, reply
from test_models import SERVED_GROUP, SERVED_LOOK

from heygen_widgets import HeyGenError, LookCatalogue, LookFilter, looks_to_frame
from heygen_widgets.api import HeyGenClient
from heygen_widgets.catalogue.snapshots import Scope, Snapshot, read_snapshot, write_snapshot
from heygen_widgets.models import AvatarGroup, Look
from heygen_widgets.picker.views import card

# JSON can contain text that UTF-8 cannot encode, as an escape.
texts = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["", " ", "\ud800", "\0", "<script>", "\u202e", "x" * 3_000, "photo_avatar", "female", "completed", "javascript:0"]
)
numbers = st.integers() | st.integers(10**30, 10**40) | st.floats()
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))

FIELDS = [*Look.__dataclass_fields__, *AvatarGroup.__dataclass_fields__, "unknown"]
# Mostly valid, so that the other fields are parsed too.
whole = st.fixed_dictionaries({"id": texts, "name": texts, "avatar_type": texts})
spoilt = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8)
valid = [{}, SERVED_LOOK, SERVED_GROUP]
records = st.builds(
    lambda *parts: {k: v for part in parts for k, v in part.items()}, st.sampled_from(valid), whole, spoilt
)
records = records | values
ends = st.fixed_dictionaries({}, optional={"has_more": values, "next_token": values, "error": values})
lists = st.builds(lambda data, end: {"data": data, **end}, st.lists(records, max_size=4) | values, ends)
objects = st.builds(lambda data: {"data": data}, records)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[dict[str, bytes], HeyGenClient]]:
    """Return a client, and where to put the body of the next responses."""
    body = {"now": b""}

    def play(handler: Handler) -> None:
        reply(body["now"])(handler)

    with Loopback(play) as server, client_of(server, max_retries=0) as client:
        yield body, client


@contextmanager
def only_errors_of_this_package() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about records that are skipped
        text = ""
        try:
            yield
        except HeyGenError as error:
            text = str(error)
        assert len(text) < 1_000
        assert all(line.isprintable() for line in text.splitlines())


def check_records(found: list[Any]) -> None:
    for record in found:
        assert len(repr(record)) < 400
        hash(record)
        assert pickle.loads(pickle.dumps(record)) == record
        # A record can be written anywhere: UTF-8 has no lone surrogates, and JSON no NaN.
        written = json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False).encode()
        again = type(record).from_json(json.loads(written), ownership=record.ownership)
        assert asdict(again) == asdict(record)
    looks = [record for record in found if isinstance(record, Look)]
    if found:
        groups = tuple(record for record in found if isinstance(record, AvatarGroup))
        path = Path(os.environ["XDG_CACHE_HOME"]) / "any.jsonl.gz"
        write_snapshot(path, snapshot := Snapshot(tuple(looks), groups, Scope(), 0.5, True))
        assert asdict(read_snapshot(path)) == asdict(snapshot)
    for look in looks:
        json.dumps(card(look), allow_nan=False).encode()
        assert look.orientation in (None, "portrait", "landscape", "square")
    if looks:
        catalogue = LookCatalogue.of(looks)
        assert {look.id for look in catalogue.select(LookFilter(sort="name"))} == {look.id for look in looks}
        json.dumps(catalogue.facets()).encode()
        assert len(looks_to_frame(catalogue.looks)) == len(catalogue)


@settings(max_examples=12 * settings().max_examples)
@given(records, lists | objects | values, st.none() | st.tuples(st.integers(0, 10**6), st.binary(max_size=20)))
def test_any_body_gives_records_or_an_error_of_this_package(
    served: tuple[dict[str, bytes], HeyGenClient], record: object, content: object, junk: tuple[int, bytes] | None
) -> None:
    body, client = served
    text = json.dumps(content).encode()
    if junk:
        place = junk[0] % (len(text) + 1)
        text = text[:place] + junk[1] + text[place + len(junk[1]) :]
    body["now"] = text
    for ask in (
        lambda: list(client.list_looks(ownership="private")),
        lambda: list(client.list_groups()),
        lambda: [client.get_look("a")],
        lambda: [client.get_group("a")],
    ):
        with only_errors_of_this_package():
            check_records(ask())
    for model in (Look, AvatarGroup):
        with only_errors_of_this_package():
            check_records([model.from_json(record, ownership="public")])
