"""Seeing, choosing and taking along in a real browser: clips, details, the shortlist, the comparison and the code."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect

from .conftest import OpenNotebook
from .jupyter import NotebookPage
from .picker_page import (
    BLANK,
    DECODED,
    cards,
    expect_matches,
    grid,
    note_texts,
    picker_of,
    total,
    wait_for_cards,
    wait_for_pictures,
    wait_for_text,
    wait_until,
)

SEVERAL = (
    "from heygen_widgets import *\npicker = LookPicker(demo_client(looks=2_000), multiple=True)\n"
    "picker.catalogue.wait(); picker"
)
LOADED_CLIPS = "performance.getEntriesByType('resource').filter(entry => entry.name.includes('preview_video')).length"
# The id of the first card that can be seen whole
IN_SIGHT = """grid => [...grid.querySelectorAll('.look-card[data-look-id]')]
    .find(card => card.getBoundingClientRect().top >= grid.getBoundingClientRect().top).dataset.lookId"""
PLAYS = "root => [...root.querySelectorAll('video.look-card__clip')].some(clip => clip.currentTime > 0 && !clip.paused)"


def several(open_notebook: OpenNotebook, **options: Any) -> NotebookPage:
    notebook = open_notebook([SEVERAL], **options)
    notebook.run_cell(0)
    wait_for_pictures(picker_of(notebook))
    return notebook


def card_of(picker: Locator, look_id: str) -> Locator:
    return picker.locator(f'.look-card[data-look-id="{look_id}"]')


def id_where(notebook: NotebookPage, condition: str) -> str:
    """Give the id of the first look among those in sight that a condition in Python holds for."""
    found = notebook.value(f"next(look.id for look in picker.catalogue.looks[:24] if {condition})")
    assert isinstance(found, str)
    return found


def panel(picker: Locator) -> Locator:
    return picker.locator(".look-panel")


def fact(picker: Locator, label: str) -> Locator:
    row = panel(picker).locator(".look-panel__facts > div")
    return row.filter(has=picker.page.locator("dt", has_text=re.compile(f"^{label}$"))).locator("dd")


def button(inside: Locator, name: str) -> Locator:
    return inside.get_by_role("button", name=name, exact=True)


def test_a_card_plays_its_clip_muted_under_the_mouse_and_under_the_focus_alone_and_loads_it_only_then(
    open_notebook: OpenNotebook,
) -> None:
    notebook = several(open_notebook)
    picker = picker_of(notebook)
    clips = picker.locator("video")
    moving = card_of(picker, id_where(notebook, "look.preview_video_url"))
    still = card_of(picker, id_where(notebook, "not look.preview_video_url"))
    expect(clips).to_have_count(0)
    assert notebook.page.evaluate(LOADED_CLIPS) == 0

    moving.hover()
    wait_until(picker, PLAYS)
    expect(moving.locator("video")).to_have_js_property("muted", True)
    still.hover()
    expect(clips).to_have_count(0)

    moving.focus()
    wait_until(picker, PLAYS)
    moving.press("ArrowDown")
    expect(moving.locator("video")).to_have_count(0)


def test_the_info_button_opens_a_panel_with_all_that_is_known_and_a_double_click_too(
    open_notebook: OpenNotebook,
) -> None:
    notebook = several(open_notebook)
    picker = picker_of(notebook)
    wide = grid(picker).evaluate("grid => grid.clientWidth")
    look_id = id_where(
        notebook,
        "look.tags and look.default_voice_id and picker.catalogue.client.get_voice(look.default_voice_id)"
        ".preview_audio_url is not None"
        " and picker.catalogue.client.get_voice(look.default_voice_id).preview_audio_url.startswith('http')",
    )
    card = card_of(picker, look_id)
    card.hover()
    card.locator(".look-card__info").click()
    name, tags, group_id = notebook.value(
        f"(lambda look: (look.name.strip(), ', '.join(look.tags), look.group_id))(picker.catalogue.get({look_id!r}))"
    )
    expect(panel(picker)).to_have_attribute("aria-label", f"Details of {name}")
    expect(panel(picker).locator(".look-panel__name")).to_be_focused()
    expect(fact(picker, "Tags")).to_have_text(tags)
    expect(fact(picker, "Id")).to_have_text(look_id)
    assert notebook.value("len(picker.values)") == 0

    # Beside the grid, which is narrower for it, and the card is still in sight.
    expect(card).to_be_in_viewport()
    assert grid(picker).evaluate("grid => grid.clientWidth") < wide - 300
    boxes = grid(picker).bounding_box(), panel(picker).bounding_box()
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 2

    voice = notebook.value(
        f"picker.catalogue.client.get_voice(picker.catalogue.get({look_id!r}).default_voice_id).name"
    )
    expect(fact(picker, "Default voice")).to_contain_text(voice)
    button(panel(picker), "Play voice").click()
    expect(button(panel(picker), "Stop voice")).to_be_visible()
    # It ends by itself.
    expect(button(panel(picker), "Play voice")).to_be_visible()

    number = notebook.value(f"len(picker.catalogue.select(LookFilter(group_id={group_id!r})))")
    panel(picker).get_by_role("button", name=f"Show all {number}").click()
    expect(panel(picker)).to_have_count(0)
    notebook.expect_run("len(picker.filter.group_id)", 1)
    expect(total(picker)).to_have_text(f"{number:,} of 2,000 looks")
    assert notebook.value("picker.filter.group_id") == (group_id,)

    cards(picker).first.dblclick()
    expect(panel(picker)).to_be_visible()
    # The choice of the first click stays.
    notebook.expect_run("len(picker.values)", 1)
    button(panel(picker), "Close details").click()
    cards(picker).first.dblclick()
    expect(panel(picker)).to_be_visible()
    notebook.expect_run("len(picker.values)", 1)
    button(panel(picker), "Take back").click()
    notebook.expect_run("len(picker.values)", 0)


def test_looks_that_cannot_be_used_yet_are_marked_with_the_reason(open_notebook: OpenNotebook) -> None:
    notebook = several(open_notebook, viewport=(760, 1400))
    picker = picker_of(notebook)
    for status, mark in (
        ("processing", "Processing"),
        ("pending_consent", "Waiting for consent"),
        ("failed", "Failed"),
    ):
        card = card_of(picker, id_where(notebook, f"look.status == {status!r}"))
        expect(card.locator(".look-card__state")).to_have_text(mark)
        expect(card).to_have_attribute("aria-label", re.compile(mark))
    usable = card_of(picker, id_where(notebook, "look.is_ready"))
    expect(usable.locator(".look-card__state")).to_have_count(0)

    look_id = id_where(notebook, "look.error")
    reason = notebook.value(f"picker.catalogue.get({look_id!r}).error.message")
    expect(card_of(picker, look_id)).to_have_attribute("title", re.compile(re.escape(reason)))
    card_of(picker, look_id).dblclick()
    expect(panel(picker).locator(".look-panel__state")).to_have_text(f"Failed: {reason}")
    # Below the grid where it is narrow.
    boxes = grid(picker).bounding_box(), panel(picker).bounding_box()
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]


def test_a_shortlist_is_made_by_clicks_shown_in_a_tray_and_compared(open_notebook: OpenNotebook) -> None:
    notebook = several(open_notebook)
    picker = picker_of(notebook)
    tray, compare = picker.locator(".look-tray"), picker.locator(".look-tray button", has_text="Compare")
    expect(compare).to_be_disabled()
    wanted = [cards(picker).nth(number).get_attribute("data-look-id") or "" for number in (6, 1, 9, 3, 4)]
    for look_id in wanted:
        card_of(picker, look_id).click()
    expect(tray.locator(".look-tray__count")).to_have_text("5 chosen")
    items = tray.locator(".look-tray__item")
    for place, look_id in enumerate(wanted):
        expect(items.nth(place)).to_have_attribute("data-look-id", look_id)
        expect(card_of(picker, look_id)).to_have_attribute("aria-selected", "true")
    notebook.expect_run("[look.id for look in picker.values]", wanted)

    # A filter drops none of them, and the tray takes one back that is not in the grid.
    notebook.run("picker.filter = LookFilter('no such look')")
    expect(total(picker)).to_have_text("0 of 2,000 looks")
    expect(items).to_have_count(5)
    items.nth(1).get_by_role("button", name=re.compile("Take back")).click()
    notebook.expect_run("[look.id for look in picker.values]", [wanted[0], *wanted[2:]])
    notebook.run("picker.filter = LookFilter()")

    compare.click()
    table = picker.locator(".look-compare table")
    expect(table.locator("thead th")).to_have_count(4)
    names = notebook.value("[' '.join(look.name.split()) for look in picker.values]")
    assert [" ".join((text or "").split()) for text in table.locator("thead th bdi").all_text_contents()] == names
    sizes = notebook.value("[f'{look.image_width:,} × {look.image_height:,} px' for look in picker.values]")
    row = table.locator("tbody tr", has=picker.page.locator("th", has_text="Size"))
    expect(row.locator("td")).to_have_text(sizes)
    marked = notebook.value("len({(look.image_width, look.image_height) for look in picker.values}) > 1")
    expect(row.locator(".look-compare__differs")).to_have_count(int(marked))
    types = notebook.value("len({look.avatar_type for look in picker.values})")
    # Voices by their names, of which the comparison learns.
    voices = notebook.value(
        "[picker.catalogue.client.get_voice(look.default_voice_id).name if look.default_voice_id else '–'"
        " for look in picker.values]"
    )
    assert set(voices) != {"–"}
    voice_row = table.locator("tbody tr", has=picker.page.locator("th", has_text="Default voice"))
    for cell, voice in zip(voice_row.locator("td").all(), voices, strict=True):
        expect(cell).to_contain_text(voice)
    type_row = table.locator("tbody tr", has=picker.page.locator("th", has_text="Type"))
    expect(type_row.locator(".look-compare__differs")).to_have_count(int(types > 1))
    button(picker.locator(".look-compare"), "Back to the grid").click()
    expect(table).to_have_count(0)
    expect(cards(picker).first).to_be_visible()

    button(tray, "Clear choice").click()
    notebook.expect_run("len(picker.values)", 0)
    button(tray, "Undo").press("Enter")
    expect(items).to_have_count(4)
    notebook.expect_run("[look.id for look in picker.values]", [wanted[0], *wanted[2:]])
    expect(button(tray, "Clear choice")).to_be_focused()
    button(tray, "Clear choice").click()
    cards(picker).first.click()
    expect(items).to_have_count(1)
    expect(button(tray, "Undo")).to_have_count(0)
    notebook.run("picker.values = picker.catalogue.looks[-2:]; picker.filter = LookFilter('x'); picker.reset()")
    expect(items).to_have_count(0)
    expect(total(picker)).to_have_text("2,000 looks")


def test_a_choice_made_in_python_of_a_look_that_is_not_loaded_is_in_the_tray(open_notebook: OpenNotebook) -> None:
    cell = (
        "from heygen_widgets import *\nfrom heygen_widgets.demo import DemoService\n"
        "service = DemoService(looks=3_000, latency=0.3).start()\n"
        "client = HeyGenClient(service.api_key, base_url=service.base_url)\n"
        "last = service.catalogue.looks[-1].id\n"
        "picker = LookPicker(client, selected_id=last)\npicker"
    )
    notebook = open_notebook([cell])
    notebook.run_cell(0)
    picker = picker_of(notebook)
    last = notebook.value("last")
    expect(picker.locator(".look-tray__item")).to_have_attribute("data-look-id", last)
    expect(picker.locator(".look-tray__name")).to_have_text(notebook.value("picker.value.name.strip()"))
    picker.locator(".look-tray__open").click()
    expect(fact(picker, "Id")).to_have_text(last)
    notebook.run("picker.value = client.get_look(service.catalogue.looks[-2].id)")
    expect(picker.locator(".look-tray__item")).to_have_attribute("data-look-id", notebook.value("picker.selected_id"))


def test_code_copied_from_the_menu_brings_the_choice_back_in_a_kernel_that_was_started_anew(
    open_notebook: OpenNotebook,
) -> None:
    notebook = several(open_notebook)
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    picker = picker_of(notebook)
    picker.locator("input").first.fill("office")
    notebook.expect_run("picker.filter.search", "office")
    expect_matches(notebook, picker)
    chosen = [cards(picker).nth(number).get_attribute("data-look-id") or "" for number in (2, 0)]
    for look_id in chosen:
        card_of(picker, look_id).click()
    notebook.expect_run("[look.id for look in picker.values]", chosen)

    def copied(kind: str) -> str:
        note_texts(picker.locator(".look-picker__said"))
        button(picker, "Copy code").click()
        picker.get_by_role("menuitem", name=kind).click()
        wait_for_text(picker.locator(".look-picker__said"), "Copied")
        expect(button(picker, "Copy code")).to_be_focused()
        return str(notebook.page.evaluate("() => navigator.clipboard.readText()"))

    assert copied("curl") == notebook.value("picker.code('curl')")
    python = copied("Python")
    assert python == notebook.value("picker.code()")
    notebook.run(f"del picker\n{python}")
    notebook.run("picker.values = (); picker.reset()")
    assert notebook.value("[look.id for look in picker.values]") == chosen
    assert notebook.value("picker.filter.search") == "office"


def test_what_a_browser_without_a_clipboard_cannot_copy_stands_in_a_field(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SEVERAL], fresh=True)
    notebook.page.evaluate(
        "() => { Object.defineProperty(navigator, 'clipboard', {}); document.execCommand = () => false; }"
    )
    notebook.run_cell(0)
    picker = picker_of(notebook)
    button(picker, "Copy code").click()
    picker.get_by_role("menuitem", name="Python").click()
    expect(picker.locator(".look-picker__uncopied")).to_have_value(notebook.value("picker.code()"))


def test_pictures_that_waited_while_the_grid_was_paged_through_come_when_it_rests(open_notebook: OpenNotebook) -> None:
    notebook = several(open_notebook)
    picker = picker_of(notebook)
    cards(picker).first.focus()
    for _ in range(12):
        notebook.page.keyboard.press("PageDown")
    wait_until(picker, "root => root.querySelector('.look-grid').scrollTop > 3000")
    wait_for_cards(picker)
    in_sight = picker.locator(".look-card:focus")
    expect(in_sight.locator("img")).to_have_count(1)
    wait_until(picker, f"root => ({DECODED})(root) === root.querySelectorAll('.look-card[data-look-id]').length")


def test_a_double_click_keeps_the_order_of_the_choice_and_closing_the_panel_keeps_the_place(
    open_notebook: OpenNotebook,
) -> None:
    notebook = several(open_notebook)
    picker = picker_of(notebook)
    chosen = [cards(picker).nth(number).get_attribute("data-look-id") or "" for number in (0, 1, 2)]
    for look_id in chosen:
        card_of(picker, look_id).click()
    notebook.expect_run("[look.id for look in picker.values]", chosen)
    card_of(picker, chosen[0]).dblclick()
    expect(panel(picker)).to_be_visible()
    button(panel(picker), "Close details").click()
    expect(card_of(picker, chosen[0])).to_be_focused()
    fourth = cards(picker).nth(3)
    fourth.click()
    notebook.expect_run("[look.id for look in picker.values]", [*chosen, fourth.get_attribute("data-look-id")])

    grid(picker).evaluate("grid => { grid.scrollTop = 8000 }")
    wait_until(picker, f"root => root.querySelector('.look-grid').scrollTop === 8000 && ({BLANK})(root) === 0")
    far_id = str(grid(picker).evaluate(IN_SIGHT))
    far = card_of(picker, far_id)
    far.hover()
    far.locator(".look-card__info").click()
    expect(fact(picker, "Id")).to_have_text(far_id)
    notebook.page.keyboard.press("Escape")
    expect(card_of(picker, far_id)).to_be_focused()
    assert grid(picker).evaluate("grid => grid.scrollTop") > 4000
    button(picker, "Clear choice").click()
    expect(picker.locator(".look-card:focus")).to_be_in_viewport()
    assert grid(picker).evaluate("grid => grid.scrollTop") > 4000


def test_a_choice_changed_from_another_cell_ends_the_comparison_and_takes_no_focus(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SEVERAL, "1"])
    notebook.run_cell(0)
    picker = picker_of(notebook)
    wait_for_pictures(picker)
    for number in (0, 1):
        cards(picker).nth(number).click()
    picker.locator(".look-tray button", has_text="Compare").click()
    expect(picker.locator(".look-compare table")).to_be_visible()
    editor = notebook.cells.nth(1).locator(".cm-content")
    editor.click()
    notebook.run("picker.values = ()")
    expect(picker.locator(".look-compare")).to_have_count(0)
    expect(cards(picker).first).to_be_visible()
    expect(editor).to_be_focused()


def test_a_choice_that_comes_back_late_takes_no_focus_from_another_cell(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SEVERAL, "1"])
    notebook.run_cell(0)
    picker = picker_of(notebook)
    wait_for_pictures(picker)
    cards(picker).first.click()
    expect(picker.locator(".look-tray__item")).to_have_count(1)
    button(picker, "Clear choice").click()
    expect(button(picker, "Undo")).to_be_visible()
    notebook.run(
        "import threading; left = threading.Event(); restore = picker.vue_restore_choice; "
        "late = lambda: left.wait(30) and restore(); "
        "picker.vue_restore_choice = lambda _=None: threading.Thread(target=late).start()"
    )
    button(picker, "Undo").click()
    editor = notebook.cells.nth(1).locator(".cm-content")
    editor.focus()
    notebook.run("left.set()")
    expect(picker.locator(".look-tray__item")).to_have_count(1)
    expect(button(picker, "Clear choice")).to_be_visible()
    expect(editor).to_be_focused()


def test_the_panel_can_be_used_where_no_look_matches_any_more(open_notebook: OpenNotebook) -> None:
    notebook = several(open_notebook)
    picker = picker_of(notebook)
    cards(picker).first.hover()
    cards(picker).first.locator(".look-card__info").click()
    expect(panel(picker)).to_be_visible()
    notebook.run("picker.filter = LookFilter('no look is called like this')")
    empty, opened = picker.locator(".look-empty"), panel(picker)
    expect(empty).to_be_visible()
    boxes = empty.bounding_box(), opened.bounding_box()
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    button(opened, "Close details").click()
    expect(opened).to_have_count(0)
    button(empty, "Clear filters").click()
    expect(total(picker)).to_have_text("2,000 looks")
