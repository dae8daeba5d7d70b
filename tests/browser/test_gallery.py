"""A gallery as a colleague opens it: a file in a browser, without Jupyter and without a network."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from heygen_widgets import Look, demo_client, looks_to_gallery

from .axe import violations

DECODED = "() => Promise.all([...document.querySelectorAll('img')].map(image => image.decode().then(() => true)))"
COPIED = "() => navigator.clipboard.readText()"
WIDER = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
CLIP = "card => card.querySelector('video')"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 900}, permissions=["clipboard-read"])
    yield context.new_page()
    context.close()


def looks() -> list[Look]:
    every = list(demo_client(looks=300).iter_looks())
    return [look for look in every if look.preview_video_url][:10] + [look for look in every if not look.is_ready][:2]


def opened(page: Page, path: Path) -> list[str]:
    """Open a file, and give its console messages, errors and requests from now on."""
    noted: list[str] = []
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("data:") else noted.append(request.url))
    page.goto(path.as_uri())
    return noted


def test_a_colleague_searches_a_gallery_ticks_looks_and_copies_them(page: Page, tmp_path: Path) -> None:
    client, selected = demo_client(looks=300), looks()
    hostile = "</script><img src=https://foreign.example/x onerror=alert(1)>"
    selected.append(Look("look_é", f"Zoë {hostile}", "photo_avatar", tags=("Ünique",)))
    path = looks_to_gallery([*selected, selected[0]], tmp_path / "shortlist.html", client=client)
    noted = opened(page, path)
    cards, bar, search = page.get_by_role("listitem"), page.get_by_role("region"), page.get_by_role("searchbox")
    expect(page.get_by_text("14 looks", exact=True)).to_be_visible()
    assert page.evaluate(DECODED) == [True] * 13

    page.keyboard.press("Tab")
    page.keyboard.type("ZOE  unique")
    expect(page.get_by_text("1 of 14 looks", exact=True)).to_be_visible()
    expect(cards).to_have_count(1)
    for name in ("Choose Zoë", "Copy id of Zoë"):
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_accessible_name(re.compile(name))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    assert page.evaluate(COPIED) == "look_é"
    search.fill("Zoë nowhere")
    expect(page.get_by_text("No look has all these words.")).to_be_visible()
    search.press("Escape")
    expect(cards).to_have_count(14)

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    cards.nth(5).locator("img").click()
    cards.last.get_by_role("checkbox").check()
    page.reload()
    expect(bar).to_contain_text("2 chosen")
    bar.get_by_role("button", name="Copy choice").click()
    expect(bar.get_by_role("button", name="Copied")).to_be_focused()
    made: dict[str, Any] = {}
    exec(page.evaluate(COPIED), made)
    assert made["picker"].selected_ids == [selected[0].id, selected[5].id]
    assert made["client"].base_url == client.base_url
    made["picker"].close()

    page.set_viewport_size({"width": 320, "height": 700})
    assert not page.evaluate(WIDER)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page, "html") == []
    bar.get_by_role("button", name="Clear").press("Enter")
    expect(bar).to_be_hidden()
    expect(search).to_be_focused()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    assert noted == [path.as_uri()] * 2


def test_a_clip_plays_under_the_pointer_unless_motion_is_reduced(page: Page, tmp_path: Path) -> None:
    noted = opened(page, looks_to_gallery(looks()[:2], tmp_path / "clips.html", videos=True))
    first, second = page.get_by_role("listitem").all()
    first.hover()
    page.wait_for_function(f"card => ({CLIP})(card).currentTime > 0.1", arg=first.element_handle())
    second.hover()
    page.wait_for_function(f"card => ({CLIP})(card).paused", arg=first.element_handle())
    page.emulate_media(reduced_motion="reduce")
    first.hover()
    assert first.evaluate(f"card => ({CLIP})(card).paused")
    assert violations(page, "html") == []
    assert len(noted) == 1
