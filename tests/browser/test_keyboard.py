"""The picker by keyboard: the order of Tab, all keys, focus that is never lost, and Jupyter's shortcuts kept out."""

import itertools
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, TimeoutError as PlaywrightTimeoutError, expect

from . import picker_page as ui
from .conftest import OpenNotebook
from .jupyter import App, NotebookPage
from .picker_page import card

# The element with the focus: its accessible name, or a card's position.
FOCUSED = """() => {
    const active = document.activeElement;
    if (!active || active === document.body) return 'nothing';
    if (active.matches('.look-card')) return `card ${active.dataset.position}`;
    if (active.matches('.look-grid')) return 'the grid';
    if (active.matches('.look-panel__name')) return 'the panel';
    const label = document.getElementById(active.getAttribute('aria-labelledby'));
    return active.getAttribute('aria-label') ?? ((label ?? active).textContent.trim() || active.title);
}"""
INSIDE = "() => !!document.activeElement.closest('.look-picker')"
IN_SIGHT = """card => {
    const [box, around] = [card, card.closest('.look-grid')].map(part => part.getBoundingClientRect());
    return box.top >= around.top - 1 && box.bottom <= around.bottom + 1;
}"""
CELLS = """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
    .map(cell => [cell.cell_type, cell.getSource()])"""
DIRTY = "() => window.jupyterapp.shell.currentWidget.context.model.dirty"
SHORTCUTS = ("d", "d", "a", "b", "x", "m", "c", "v", "z", "l", "0", "0", "Shift+L", "y", "r")


def opened(open_notebook: OpenNotebook, app: App = "lab") -> tuple[NotebookPage, Page, Locator]:
    cells = ("before = 1", ui.SEVERAL, "after = 1")
    notebook, picker = ui.shown(open_notebook, *cells, cell=1, app=app)
    return notebook, notebook.page, picker


def focused(page: Page) -> str:
    return str(page.evaluate(FOCUSED))


def expect_focus(page: Page, name: str) -> None:
    """Wait until the element with the focus has a name that a regular expression matches as a whole."""
    try:
        page.wait_for_function(f"name => new RegExp(`^(${{name}})$`).test(({FOCUSED})())", arg=name)
    except PlaywrightTimeoutError:
        raise AssertionError(f"{focused(page)!r} had the focus, not {name!r}") from None


def walk(page: Page, *steps: tuple[str, str]) -> None:
    """Press each key, and wait until the element with the name that follows has the focus."""
    for key, name in steps:
        page.keyboard.press(key)
        expect_focus(page, name)


def test_tab_goes_from_the_search_to_the_tray_and_the_grid_is_one_stop(open_notebook: OpenNotebook) -> None:
    notebook, page, picker = opened(open_notebook)
    for position in range(2):
        card(picker, position).click()
    first = card(picker, 0).locator(".look-card__name").text_content() or ""
    notebook.run("picker.filter = LookFilter('a', gender='female')")
    ui.expect_matches(notebook, picker)
    ui.open_details(picker, 0)
    notebook.cells.nth(0).locator(".cm-content").focus()
    page.keyboard.press("Escape")
    names: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(INSIDE):
            names.append(focused(page))
        elif names:
            break
    assert not page.evaluate(INSIDE)
    above = ["Search", "Clear search", "Type", "Gender, 1 chosen", "Orientation", "Engine", "More filters"]
    above += ["Remove Female", "Clear filters", "People", "Looks", "Size of the tiles", "More actions"]
    assert names[: len(above) + 1] == [*above, "card 0"]
    rest = names[len(above) + 1 :]
    assert not [name for name in rest if name.startswith("card")]
    panel = ["Next look", "Close details", "Select|Deselect", "Copy id"]
    tray = [f"Details of {re.escape(first)}", "Compare", "Code", "Export", "Clear selection"]
    at = [next((n for n, name in enumerate(rest) if re.fullmatch(wanted, name)), -1) for wanted in (*panel, *tray)]
    assert -1 not in at, rest
    assert at == sorted(at)


def test_keys_move_in_two_dimensions_through_all_looks_and_across_windows(open_notebook: OpenNotebook) -> None:
    notebook, page, picker = opened(open_notebook)
    keyboard = page.keyboard
    columns = int(ui.grid(picker).get_attribute("aria-colcount") or 0)
    card(picker, 0).focus()

    def press(key: str, position: int) -> None:
        keyboard.press(key)
        expect(card(picker, position)).to_be_focused()
        assert card(picker, position).evaluate(IN_SIGHT)

    press("ArrowRight", 1)
    press("ArrowLeft", 0)
    press("ArrowUp", 0)
    for row in range(1, 31):
        press("ArrowDown", row * columns)
    expect(card(picker, 30 * columns)).to_have_attribute("data-look-id", re.compile("."))
    press("ArrowUp", 29 * columns)
    press("ArrowLeft", 29 * columns - 1)
    press("End", 1999)
    press("ArrowDown", 1999)
    press("Home", 0)
    keyboard.press("PageDown")
    expect(card(picker, 0)).not_to_be_focused()
    screen = int(focused(page).removeprefix("card "))
    assert screen > columns
    assert screen % columns == 0
    press("PageDown", 2 * screen)
    press("PageUp", screen)
    ui.wait_for_cards(picker)
    press("Enter", screen)
    expect(card(picker, screen)).to_have_attribute("aria-selected", "true")
    press("ArrowRight", screen + 1)
    press(" ", screen + 1)
    notebook.expect_run("[picker.catalogue.select().index(look) for look in picker.values]", [screen, screen + 1])

    # The notebook scrolls too, where its window is lower than the picker.
    page.set_viewport_size({"width": 1400, "height": 480})
    picker.evaluate("root => root.querySelector('.look-filters').scrollIntoView({ block: 'end' })")
    expect(card(picker, screen + 1)).not_to_be_in_viewport(ratio=0.9)
    press("ArrowRight", screen + 2)
    expect(card(picker, screen + 2)).to_be_in_viewport(ratio=0.9)


def test_a_slash_leads_to_the_search_which_takes_letters_and_escape_leads_back(open_notebook: OpenNotebook) -> None:
    _, page, picker = opened(open_notebook)
    ui.scroll_and_load(picker, 3_000)
    ui.cards(picker).nth(12).focus()
    walk(page, ("/", "Search"))
    page.keyboard.type("a/i")
    expect(picker.locator("input").first).to_have_value("a/i")
    expect(picker.locator(".look-panel")).to_have_count(0)
    picker.locator("input").first.fill("")
    expect(ui.total(picker)).to_have_text("2,000 looks")
    walk(page, ("Escape", "card 0"))
    for name in ("Type", "More actions", "People"):
        ui.button(picker, name).focus()
        walk(page, ("/", "Search"))


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_jupyters_letters_do_nothing_in_the_picker_and_its_ctrl_keys_do(open_notebook: OpenNotebook, app: App) -> None:
    notebook, page, picker = opened(open_notebook, app)
    card(picker, 0).click()
    notebook.run("picker.filter = LookFilter(gender='female')")
    expect(picker.locator(".look-line__chip")).to_have_count(1)
    ui.open_details(picker, 0)
    cells: list[Any] = page.evaluate(CELLS)
    places = {
        "card": card(picker, 1),
        "info button": card(picker, 1).locator(".look-card__info"),
        "panel": picker.locator(".look-panel__name"),
        "tray": picker.locator(".look-tray__open").first,
        "chip": picker.locator(".look-line__chip"),
        "filter": ui.named(picker, "Type"),
        "filter's menu": ui.options(picker).first,
    }
    for place, element in places.items():
        if place == "filter's menu":
            ui.named(picker, "Type").press("Enter")
        element.focus()
        for key in SHORTCUTS:
            page.keyboard.press(key)
        assert page.evaluate(CELLS) == cells, place
    page.keyboard.press("Escape")
    for key in (" ", "Shift+ ", "Enter"):
        card(picker, 0).press(key)
    assert page.evaluate(CELLS) == cells
    assert "before" not in notebook.run("dir()")
    notebook.save()
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.context.model.dirty = true; }")
    page.keyboard.press("Control+s")
    page.wait_for_function(f"() => !({DIRTY})()")
    expect(card(picker, 0)).to_be_focused()
    if app == "lab":
        page.keyboard.press("Control+Shift+c")
        expect(page.locator(".lm-CommandPalette:visible")).to_have_count(1)


def test_focus_is_never_lost_when_the_grid_reloads_shrinks_empties_and_grows(open_notebook: OpenNotebook) -> None:
    notebook, page, picker = opened(open_notebook)
    card(picker, 16).focus()
    notebook.run("picker.filter = LookFilter(gender='female')")
    ui.expect_matches(notebook, picker)
    expect_focus(page, r"card \d+")
    card(picker, 12).focus()
    notebook.run("picker.filter = LookFilter(group_id=picker.catalogue.looks[0].group_id)")
    number = notebook.value("len(picker.catalogue.select(picker.filter))")
    expect(ui.cards(picker)).to_have_count(number)
    expect_focus(page, r"card \d+")
    notebook.run("picker.filter = LookFilter('nothing of the kind')")
    expect(picker.locator(".look-empty")).to_be_visible()
    expect_focus(page, "the grid")
    notebook.run("picker.filter = LookFilter()")
    expect(ui.total(picker)).to_have_text("2,000 looks")
    expect_focus(page, r"card \d+")
    walk(page, ("Home", "card 0"), ("ArrowRight", "card 1"))
    columns = str(ui.grid(picker).get_attribute("aria-colcount"))
    page.set_viewport_size({"width": 1000, "height": 1000})
    expect(ui.grid(picker)).not_to_have_attribute("aria-colcount", columns)
    expect_focus(page, "card 1")

    ui.choose_action(picker, "Refresh")
    expect_focus(page, "More actions")
    card(picker, 1).focus()
    notebook.run("picker.catalogue.refresh()")
    expect_focus(page, "card 1")

    # Far out of sight the card keeps the focus, and a key goes on from it.
    ui.scroll_and_load(picker, 20_000)
    expect_focus(page, "card 1")
    walk(page, ("ArrowRight", "card 2"))
    assert card(picker, 2).evaluate(IN_SIGHT)


def test_focus_moves_on_when_a_pressed_button_disappears(open_notebook: OpenNotebook) -> None:
    notebook, page, picker = opened(open_notebook)
    chips = picker.locator(".look-line__chip")
    notebook.run("picker.filter = LookFilter(gender='female', orientation=['portrait', 'square'])")
    expect(chips).to_have_count(3)
    names = ("Remove Portrait", "Remove Square", "Remove Female", "Search")
    for name, following in itertools.pairwise(names):
        ui.button(picker, name).press("Enter")
        expect_focus(page, following)
    expect(chips).to_have_count(0)
    for part in (".look-empty", ".look-line"):
        notebook.run("picker.filter = LookFilter('nothing of the kind')")
        picker.locator(part).get_by_role("button", name="Clear filters").press("Enter")
        expect(ui.total(picker)).to_have_text("2,000 looks")
        expect_focus(page, "Search")
    notebook.run("picker.error = 'Something went wrong'")
    picker.get_by_role("button", name="Dismiss").press("Enter")
    expect(picker.locator(".v-alert")).to_have_count(0)
    notebook.expect_run("picker.error", "")
    expect_focus(page, "Search")

    # The card whose details are shown may be gone when they are closed.
    ui.wait_for_cards(picker)
    ui.open_details(picker, 14)
    notebook.run("picker.filter = LookFilter(group_id=picker.catalogue.looks[0].group_id)")
    ui.expect_matches(notebook, picker)
    picker.get_by_role("button", name="Close details").press("Enter")
    expect_focus(page, r"card \d+")
    ui.open_details(picker, 0)
    notebook.run("picker.filter = LookFilter('nothing of the kind')")
    expect(picker.locator(".look-empty")).to_be_visible()
    page.keyboard.press("Escape")
    expect(picker.locator(".look-panel")).to_have_count(0)
    expect_focus(page, "the grid")


def test_escape_leads_from_the_looks_of_a_character_back_to_its_card_or_look(open_notebook: OpenNotebook) -> None:
    notebook, page, picker = opened(open_notebook)
    keys, panel, card = page.keyboard, picker.locator(".look-panel"), picker.locator(".look-card:focus")
    notebook.run("picker.view = 'characters'")
    ui.expect_characters(picker)
    character = ui.page_down(picker, 3).get_attribute("data-look-id") or ""
    place = ui.grid(picker).evaluate("grid => grid.scrollTop")
    keys.press("Enter")
    expect(ui.button(picker, "Back")).to_be_visible()
    keys.press("Escape")
    ui.expect_characters(picker)
    expect(card).to_have_attribute("data-look-id", character)
    expect(card).to_be_in_viewport()
    ui.wait_until(picker, f"root => Math.abs(root.querySelector('.look-grid').scrollTop - {place}) < 1")
    expect(picker.locator(".look-tray")).to_contain_text("Open a person")

    # With nothing left to close, it leads to the cell.
    keys.press("Escape")
    expect(picker.locator(":focus")).to_have_count(0)
    keys.press("Enter")
    expect(notebook.cells.nth(1).locator(".cm-content")).to_be_focused()

    # From all looks of a character it leads to the look whose panel has opened them.
    notebook.run("picker.view, picker.filter = 'looks', LookFilter(gender='female', sort='name')")
    ui.expect_matches(notebook, picker)
    shown = ui.total(picker).text_content() or ""
    look_id = ui.page_down(picker, 4).get_attribute("data-look-id") or ""
    keys.press("i")
    expect(panel.locator(".look-panel__name")).to_be_focused()

    # Keys scroll the panel alone, also at its end.
    around = "panel => { let all = 0; for (let e = panel; (e = e.parentElement); ) all += e.scrollTop; return all; }"
    panel.locator("summary").first.press("Enter")  # unfolds the video options
    expect(panel.get_by_role("table", name="Video options")).to_be_visible()
    before = panel.evaluate(around)
    for _ in range(2):
        keys.press("End")
        ui.wait_until(panel, "({ scrollTop: top, clientHeight: high, scrollHeight: all }) => top + high >= all - 1")
    assert panel.evaluate("panel => panel.scrollTop") > 0
    keys.press("Home")
    ui.wait_until(panel, "panel => panel.scrollTop === 0")
    assert panel.evaluate(around) == before

    panel.get_by_role("button", name=re.compile("Show all")).press("Enter")
    expect(panel).to_have_count(0)
    expect(ui.total(picker)).not_to_have_text(shown)
    expect(card).to_have_count(1)
    keys.press("Escape")
    expect(ui.total(picker)).to_have_text(shown)
    expect(card).to_have_attribute("data-look-id", look_id)
    notebook.expect_run("picker.filter == LookFilter(gender='female', sort='name')", True)
