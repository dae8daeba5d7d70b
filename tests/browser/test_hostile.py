"""A hostile service and a hostile page: nothing of theirs runs, and the grid keeps its form."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from loopback import Loopback, reply
from playwright.sync_api import Locator, expect

from heygen_widgets._display import clip

from . import picker_page as ui
from .conftest import OpenNotebook

PAYLOADS = [
    "<script>window.pwned = 1</script>",
    '"><img src=x onerror="window.pwned = 2">',
    "javascript:window.pwned=3",
    "data:text/html,<script>window.pwned=4</script>",
    "{{ window.pwned = 5 }} ${window.pwned=6} `'\"",
    "\u202ethgil eht dna \u2067 thgir morf",
    "a\r\nb\tc\x1b[31m\x7f\u2028d",
    "Z\u0301\u0302\u0303\u0304" + "\u0301" * 300,
    "nul \0, lone surrogate \ud800, private \ue000 and 👩\u200d👩\u200d👧",
    "W" * 100_000,
    "\u200b\ufeff\u202e",
    "שלום <b>bold</b> عليكم",
]
# Only the first two may be requested by a browser.
URLS = [
    "{url}/picture.svg",
    "DATA:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='window.pwned=7'>"
    "<script>window.pwned=8</script></svg>",
    "javascript:window.pwned=9",
    "data:text/html,<script>window.pwned=10</script>",
    "file:///etc/passwd",
    "blob:http://foreign.example/1",
    "//foreign.example/a.png",
    "ftp://foreign.example/a.png",
    "java\nscript:window.pwned=11",
    "https:\\\\foreign.example\\a.png",
    "{url}/" + "a" * 200_000,
    'x" onerror="window.pwned=12',
]
PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg' width='90' height='120'><rect width='90' height='120'/></svg>"
PICKER = """from heygen_widgets import *
looks = [Look.from_json(record) for record in records]
groups = [AvatarGroup.from_json({**record, "id": record["group_id"], "looks_count": 1}) for record in records]
picker = LookPicker(LookCatalogue.of(looks, groups))
picker"""
CARDS = """root => [...root.querySelectorAll('.look-card')].map(card => {
    const [box, row] = [card, card.closest('.look-grid__row')].map(element => element.getBoundingClientRect());
    return [box.width, box.height, box.left >= row.left - 1 && box.right <= row.right + 1];
})"""


def records(url: str) -> list[dict[str, Any]]:
    return [
        {
            "id": payload if payload.startswith("W") else f"{payload[:50]}-{n}",
            "name": payload,
            "avatar_type": payload,
            "group_id": f"group {payload[:50]}",
            "preview_image_url": address.replace("{url}", url),
            "preview_video_url": address.replace("{url}", url),
            "tags": [f"tag {payload[:150]}", payload],
            "supported_api_engines": [payload],
            "status": payload,
            "gender": payload,
            "image_width": 2**53 if n == 0 else None,
            "image_height": 1 if n == 0 else None,
        }
        for n, (payload, address) in enumerate(zip(PAYLOADS, URLS, strict=True))
    ]


@pytest.fixture
def pictures() -> Iterator[Loopback]:
    with Loopback(reply(PICTURE, Content_Type="image/svg+xml")) as server:
        yield server


def expect_form(picker: Locator) -> None:
    """Expect cards in columns, all of one size, and nothing beside them."""
    widths, heights, inside = zip(*picker.evaluate(CARDS), strict=True)
    assert max(widths) - min(widths) <= 1
    assert max(heights) - min(heights) <= 1
    assert all(inside)
    assert picker.evaluate(ui.SIDEWAYS) == []


def test_nothing_of_a_hostile_service_runs_or_is_requested_and_each_look_can_be_selected(
    open_notebook: OpenNotebook, pictures: Loopback
) -> None:
    notebook = open_notebook([PICKER])
    notebook.run(f"records = {records(pictures.url)!a}")
    origins: set[tuple[str, ...]] = set()
    notebook.page.on("request", lambda request: origins.add(urlsplit(request.url.removeprefix("blob:"))[:2]))
    notebook.run_cell(0)
    picker = ui.picker_of(notebook)
    expect(ui.total(picker)).to_have_text("12 looks")
    # One id does not fit into a message.
    expect(ui.cards(picker)).to_have_count(11)
    ui.wait_for_pictures(picker, 2)
    sources = picker.locator(".look-card img").evaluate_all("images => images.map(i => i.getAttribute('src'))")
    assert [urlsplit(source.lower()).scheme for source in sources] == ["http", "data"]
    assert picker.locator("script, b, iframe, object, embed, video, a").count() == 0
    expect_form(picker)
    names = picker.locator(".look-card__name").all_text_contents()
    shown = [clip(payload).strip() for payload in PAYLOADS]
    assert [name for name, wanted in zip(names, shown, strict=True) if wanted and name != wanted] == []
    assert all(names)

    for card in ui.cards(picker).all():
        card.click()
        picker.locator(".look-card:not([data-look-id])").click()  # selects nothing
        position = int(card.get_attribute("data-position") or 0)
        notebook.expect_run("picker.catalogue.looks.index(picker.value)", position)

    for label, payload in (("Tag", PAYLOADS[1]), ("Type", PAYLOADS[0])):
        ui.choose_option(picker, label, payload)
        expect(ui.total(picker)).to_have_text("1 of 12 looks")
        expect(picker.locator(".look-line__chip")).to_have_text(payload)
        picker.get_by_role("button", name="Clear filters").click()
    # Python cannot send a lone surrogate.
    tags = "{tag for look in picker.catalogue.looks for tag in look.tags if '\\ud800' not in tag}"
    notebook.run(f"picker.filter = LookFilter(tag={tags})")
    expect(picker.locator(".look-line__chip")).to_have_count(12)
    assert picker.evaluate(ui.SIDEWAYS) == []
    notebook.run("picker.filter = LookFilter(); picker.view = 'characters'")
    expect(ui.total(picker)).to_have_text("12 people")
    ui.wait_until(picker, "root => root.querySelectorAll('.look-card').length === 12")
    expect_form(picker)
    # No payload ran, and nothing was raised.
    assert notebook.page.evaluate("window.pwned") is None
    assert (notebook.errors(), notebook.console_errors) == ([], [])
    assert origins <= {*(urlsplit(url)[:2] for url in (pictures.url, notebook.page.url)), ("data", "")}
