"""Seeing, selecting and keeping looks in a real browser: details, the shortlist, the comparison and the code."""

import re

from playwright.sync_api import Locator, expect

from . import picker_page as ui
from .conftest import OpenNotebook
from .jupyter import NotebookPage

# The id of the first card that can be seen whole
IN_SIGHT = """grid => [...grid.querySelectorAll('.look-card[data-look-id]')]
    .find(card => card.getBoundingClientRect().top >= grid.getBoundingClientRect().top).dataset.lookId"""


def first_ids(picker: Locator, *places: int) -> list[str]:
    return [ui.cards(picker).nth(place).get_attribute("data-look-id") or "" for place in places]


def id_where(notebook: NotebookPage, condition: str) -> str:
    """Give the id of the first look in sight that meets a condition in Python."""
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


def open_info(picker: Locator, look_id: str) -> None:
    ui.card_of(picker, look_id).hover()
    ui.card_of(picker, look_id).locator(".look-card__info").click()
    expect(fact(picker, "Id")).to_have_text(look_id)


def rectangle(part: Locator) -> dict[str, float]:
    edges: dict[str, float] = part.evaluate("part => part.getBoundingClientRect().toJSON()")
    return edges


def test_the_info_button_opens_a_panel_with_the_details_and_the_voice(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL)
    notebook.run("voice = lambda look: picker.catalogue.client.get_voice(look.default_voice_id)")
    audible = "look.tags and look.default_voice_id and (voice(look).preview_audio_url or '').startswith('http')"
    look_id = id_where(notebook, audible)
    open_info(picker, look_id)
    name, tags, group_id, voice = notebook.value(
        "(lambda look: (look.name.strip(), ', '.join(look.tags), look.group_id, voice(look).name))"
        f"(picker.catalogue.get({look_id!r}))"
    )
    expect(panel(picker)).to_have_attribute("aria-label", f"Details of {name}")
    expect(panel(picker).locator(".look-panel__name")).to_be_focused()
    expect(fact(picker, "Tags")).to_have_text(tags)
    assert notebook.value("len(picker.values)") == 0
    # The panel is beside the grid, which gets narrower and still shows the card.
    expect(ui.card_of(picker, look_id)).to_be_in_viewport()
    assert rectangle(ui.grid(picker))["right"] <= rectangle(panel(picker))["left"]

    expect(fact(picker, "Default voice")).to_contain_text(voice)
    button(panel(picker), "Play voice").click()
    expect(button(panel(picker), "Stop voice")).to_be_visible()
    expect(button(panel(picker), "Play voice")).to_be_visible()  # at the end of the sample
    button(panel(picker), "Select").click()
    notebook.expect_run("picker.selected_id", look_id)
    button(panel(picker), "Deselect").click()
    notebook.expect_run("len(picker.values)", 0)

    number = notebook.value(f"len(picker.catalogue.select(LookFilter(group_id={group_id!r})))")
    panel(picker).get_by_role("button", name=f"Show all {number}").click()
    expect(panel(picker)).to_have_count(0)
    notebook.expect_run("picker.filter.group_id", (group_id,))
    expect(ui.total(picker)).to_have_text(f"{number:,} of 2,000 looks")

    # The panel can be used when no look matches.
    ui.card_of(picker, look_id).press("i")
    expect(fact(picker, "Id")).to_have_text(look_id)
    notebook.run("picker.filter = LookFilter('no look has this name')")
    expect(picker.locator(".look-empty")).to_be_visible()
    assert rectangle(picker.locator(".look-empty"))["right"] <= rectangle(panel(picker))["left"]
    button(panel(picker), "Close details").click()
    expect(panel(picker)).to_have_count(0)


def test_a_look_that_is_not_ready_is_marked_with_the_reason(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL, viewport=(760, 1400))
    ready = ui.card_of(picker, id_where(notebook, "look.is_ready"))
    expect(ready.locator(".look-card__state")).to_have_count(0)
    look_id = id_where(notebook, "look.error")
    reason = notebook.value(f"picker.catalogue.get({look_id!r}).error.message")
    failed = ui.card_of(picker, look_id)
    expect(failed.locator(".look-card__state")).to_have_text("Failed")
    expect(failed).to_have_attribute("aria-label", re.compile("Failed"))
    expect(failed).to_have_attribute("title", re.compile(re.escape(reason)))
    failed.press("i")
    expect(panel(picker).locator(".look-panel__state")).to_have_text(f"Failed: {reason}")
    # Below the grid where it is narrow.
    assert rectangle(ui.grid(picker))["bottom"] <= rectangle(panel(picker))["top"]


def test_a_shortlist_is_made_by_clicks_compared_cleared_and_restored(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL)
    tray, compare = picker.locator(".look-tray"), picker.locator(".look-tray button", has_text="Compare")
    expect(compare).to_be_disabled()
    wanted = first_ids(picker, 6, 1, 9, 3, 4)
    for look_id in wanted:
        ui.card_of(picker, look_id).click()
    items = tray.locator(".look-tray__item")
    for place, look_id in enumerate(wanted):
        expect(items.nth(place)).to_have_attribute("data-look-id", look_id)
        expect(ui.card_of(picker, look_id)).to_have_attribute("aria-selected", "true")
    notebook.expect_run("[look.id for look in picker.values]", wanted)

    # A filter keeps them all, and the tray deselects one that is not in the grid.
    notebook.run("picker.filter = LookFilter('no such look')")
    expect(ui.total(picker)).to_have_text("0 of 2,000 looks")
    expect(items).to_have_count(5)
    items.nth(1).get_by_role("button", name=re.compile("Deselect")).click()
    del wanted[1]
    notebook.expect_run("[look.id for look in picker.values]", wanted)
    notebook.run("picker.filter = LookFilter()")

    compare.click()
    table = picker.locator(".look-compare table")
    names = notebook.value("[' '.join(look.name.split()) for look in picker.values]")
    expect(table.locator("thead th bdi")).to_have_text(names)

    def row(label: str) -> Locator:
        return table.locator("tbody tr", has=picker.page.locator("th", has_text=label))

    sizes = notebook.value("[f'{look.image_width:,} × {look.image_height:,} px' for look in picker.values]")
    expect(row("Size").locator("td")).to_have_text(sizes)
    expect(row("Size").locator(".look-compare__differs")).to_have_count(int(len(set(sizes)) > 1))
    voices = notebook.value("[picker.catalogue.client.get_voice(look.default_voice_id).name for look in picker.values]")
    expect(row("Default voice").locator("td")).to_contain_text(voices)
    button(picker.locator(".look-compare"), "Back to the grid").click()
    expect(table).to_have_count(0)
    expect(ui.cards(picker).first).to_be_visible()

    button(tray, "Clear selection").click()
    notebook.expect_run("len(picker.values)", 0)
    button(tray, "Undo").press("Enter")
    expect(items).to_have_count(4)
    notebook.expect_run("[look.id for look in picker.values]", wanted)
    expect(button(tray, "Clear selection")).to_be_focused()
    button(tray, "Clear selection").click()
    ui.cards(picker).first.click()
    notebook.expect_run("len(picker.values)", 1)
    expect(button(tray, "Undo")).to_have_count(0)

    # Python selects a look that is not loaded, and resets the picker.
    notebook.run("picker.values = [Look('elsewhere', 'Look elsewhere', 'photo_avatar')]")
    expect(items).to_have_attribute("data-look-id", "elsewhere")
    items.locator(".look-tray__open").click()
    expect(fact(picker, "Id")).to_have_text("elsewhere")
    notebook.run("picker.filter = LookFilter('x'); picker.reset()")
    expect(items).to_have_count(0)
    expect(ui.total(picker)).to_have_text("2,000 looks")


def test_code_copied_from_the_menu_restores_the_selection(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL)
    picker.locator("input").first.fill("office")
    notebook.expect_run("picker.filter.search", "office")
    ui.expect_matches(notebook, picker)
    selected = first_ids(picker, 2, 0)
    for look_id in selected:
        ui.card_of(picker, look_id).click()
    notebook.expect_run("[look.id for look in picker.values]", selected)

    def copied(kind: str) -> str:
        said, item = picker.locator(".look-picker__said"), picker.get_by_role("menuitem", name=kind)
        text = ui.copied(said, button(picker, "Copy code"), item)
        expect(button(picker, "Copy code")).to_be_focused()
        return text

    assert copied("curl") == notebook.value("picker.code('curl')")
    python = copied("Python")
    assert python == notebook.value("picker.code()")
    notebook.run(f"del picker\n{python}")
    assert notebook.value("([look.id for look in picker.values], picker.filter.search)") == (selected, "office")


def test_a_browser_without_a_clipboard_shows_the_code_in_a_field(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL)
    notebook.page.evaluate(
        """() => {
            Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
            document.execCommand = () => false;
        }"""
    )
    button(picker, "Copy code").click()
    picker.get_by_role("menuitem", name="Python").click()
    expect(picker.locator(".look-picker__uncopied")).to_have_value(notebook.value("picker.code()"))
    notebook.page.evaluate("() => { delete navigator.clipboard; delete document.execCommand; }")


def test_pictures_load_when_paging_stops_and_closing_the_panel_keeps_the_place(open_notebook: OpenNotebook) -> None:
    _, picker = ui.shown(open_notebook, ui.SEVERAL)
    ui.cards(picker).first.click()
    expect(ui.page_down(picker, 12).locator("img")).to_have_count(1)
    ui.wait_until(picker, f"root => ({ui.DECODED})(root) === root.querySelectorAll('.look-card[data-look-id]').length")

    ui.scroll_and_load(picker, 8_000)
    far_id = str(ui.grid(picker).evaluate(IN_SIGHT))
    open_info(picker, far_id)
    picker.page.keyboard.press("Escape")
    expect(ui.card_of(picker, far_id)).to_be_focused()
    assert ui.grid(picker).evaluate("grid => grid.scrollTop") > 4000
    button(picker, "Clear selection").click()
    expect(picker.locator(".look-card:focus")).to_be_in_viewport()
    assert ui.grid(picker).evaluate("grid => grid.scrollTop") > 4000


def test_a_selection_that_changes_from_elsewhere_takes_no_focus_from_another_cell(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL, "1")
    editor = notebook.cells.nth(1).locator(".cm-content")
    for number in (0, 1):
        ui.cards(picker).nth(number).click()
    picker.locator(".look-tray button", has_text="Compare").click()
    expect(picker.locator(".look-compare table")).to_be_visible()
    editor.click()
    notebook.run("picker.values = ()")
    expect(picker.locator(".look-compare")).to_have_count(0)
    expect(ui.cards(picker).first).to_be_visible()
    expect(editor).to_be_focused()
