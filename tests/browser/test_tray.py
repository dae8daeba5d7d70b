"""The shortlist below the grid: reordered, compared, copied, downloaded and cleared."""

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from . import picker_page as ui
from .conftest import OpenNotebook
from .jupyter import NotebookPage
from .picker_page import button
from .test_keyboard import walk

SELECTED = f"{ui.SEVERAL[:-6]}picker.values = picker.catalogue.select(LookFilter(ready=True))[:5]\npicker"
IDS = "[look.id for look in picker.values]"
NO_CLIPBOARD = """() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
    document.execCommand = () => false;
}"""


def selected(open_notebook: OpenNotebook, **options: object) -> tuple[NotebookPage, Locator, Locator, list[str]]:
    """Open a picker with five selected looks, and give its tray and their ids too."""
    notebook, picker = ui.shown(open_notebook, SELECTED, pictures=6, **options)
    expect(items(picker)).to_have_count(5)
    return notebook, picker, picker.locator(".look-tray"), notebook.value(IDS)


def items(picker: Locator) -> Locator:
    return picker.locator(".look-tray__item")


def expect_order(notebook: NotebookPage, picker: Locator, ids: list[str]) -> None:
    for place, look_id in enumerate(ids):
        expect(items(picker).nth(place).locator("[data-look-id]")).to_have_attribute("data-look-id", look_id)
    notebook.expect_run(IDS, ids)


def test_a_shortlist_is_made_dragged_into_order_compared_cleared_and_restored(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL)
    tray = picker.locator(".look-tray")
    expect(tray).to_contain_text("Click a look to select it.")
    expect(button(tray, "Compare")).to_be_disabled()
    ids = [ui.cards(picker).nth(place).get_attribute("data-look-id") or "" for place in (6, 1, 9, 3, 4)]
    for look_id in ids:
        ui.card_of(picker, look_id).click()
    expect_order(notebook, picker, ids)

    # Also those that the filter hides.
    notebook.run("picker.filter = LookFilter('no such look')")
    expect(picker.locator(".look-empty")).to_be_visible()
    items(picker).nth(0).drag_to(items(picker).nth(2))
    ids.insert(2, ids.pop(0))
    expect_order(notebook, picker, ids)
    items(picker).nth(0).drag_to(picker.locator(".look-empty"))  # dropped outside, it stays
    expect_order(notebook, picker, ids)
    button(tray, "Compare").click()
    expect(picker.locator(".look-compare")).to_have_count(1)
    button(tray, "Compare").click()
    expect(picker.locator(".look-compare")).to_have_count(0)
    expect(button(tray, "Compare")).to_be_focused()

    # What was deselected last comes back to its place.
    items(picker).nth(2).hover()
    items(picker).nth(2).get_by_title("Deselect").click()
    steps = (("Undo", ids, ".look-tray__open"), ("Clear selection", [], "button"), ("Undo", ids, ".look-tray__open"))
    for name, left, focused in steps:
        button(tray, name).press("Enter")
        expect_order(notebook, picker, left)
        expect(tray.locator(f"{focused}:focus")).to_have_count(1)
    notebook.run("picker.filter = LookFilter()")
    button(tray, "Clear selection").click()
    ui.cards(picker).first.click()
    expect(items(picker)).to_have_count(1)
    expect(button(tray, "Undo")).to_have_count(0)

    # A look that is not loaded, and cannot be used.
    notebook.run("picker.values = [Look('elsewhere', 'Look elsewhere', 'photo_avatar', status='failed')]")
    expect(items(picker).locator(".look-tray__state")).to_have_class(re.compile("text-error"))
    expect(button(tray, "Details of Look elsewhere, Failed")).to_have_attribute("title", "Look elsewhere\nFailed")
    notebook.run("picker.values, picker.view = (), 'characters'")
    expect(tray).to_contain_text("Open a person to select one of their looks.")


def test_the_shortlist_is_used_by_keyboard(open_notebook: OpenNotebook) -> None:
    notebook, picker, tray, ids = selected(open_notebook)
    page, said = notebook.page, picker.locator(".look-picker__said")
    names = [re.escape(f"Details of {name}") for name in notebook.value("[one.name.strip() for one in picker.values]")]
    picker.locator('[data-position="0"]').focus()
    # It is one stop, and arrow keys move in it.
    walk(page, ("Tab", names[0]), ("ArrowLeft", names[0]), ("ArrowRight", names[1]), ("End", names[4]))
    walk(page, ("ArrowRight", names[4]), ("Tab", "Compare"), ("Shift+Tab", names[4]), ("Home", names[0]))
    walk(page, ("i", "the panel"), ("Escape", names[0]), ("Alt+ArrowRight", names[0]))
    expect(said).to_have_text("Moved to place 2 of 5")
    walk(page, ("Alt+End", names[0]), ("Alt+ArrowRight", names[0]))
    walk(page, ("ArrowLeft", names[4]), ("Alt+ArrowLeft", names[4]))
    expect(said).to_have_text("Moved to place 3 of 5")
    expect_order(notebook, picker, [ids[place] for place in (1, 2, 4, 3, 0)])
    walk(page, ("Delete", names[3]), ("End", names[0]), ("Backspace", names[3]))
    expect_order(notebook, picker, [ids[place] for place in (1, 2, 3)])
    page.keyboard.press("Control+z")
    expect_order(notebook, picker, [ids[place] for place in (1, 2, 3, 0)])

    # The pressed look is gone, whoever has deselected it.
    notebook.run(f"picker.values = [{ids[3]!r}, {ids[1]!r}]")
    expect(items(picker)).to_have_count(2)
    walk(page, ("Delete", names[1]), ("Delete", "Undo"))
    notebook.expect_run(IDS, [])  # A key and a cell reach the kernel by different ways.
    notebook.run(f"picker.values = {ids}")
    expect(items(picker)).to_have_count(5)
    button(tray, "Compare").press("Enter")
    expect(picker.locator(".look-compare")).to_have_count(1)
    button(tray, "Export").focus()
    walk(page, ("ArrowDown", "CSV"), ("End", "Ids, as text"), ("Home", "CSV"))
    walk(page, ("ArrowDown", "Excel"), ("Escape", "Export"))
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(picker.locator(".look-compare")).to_have_count(1)
    notebook.run(f"picker.values = {ids[:2]}")
    expect(items(picker)).to_have_count(2)
    items(picker).first.locator(".look-tray__open").focus()
    walk(page, ("Delete", names[1]))
    expect(picker.locator(".look-compare")).to_have_count(0)
    notebook.expect_run(IDS, [ids[1]])
    notebook.run(f"picker.values = {ids[:2]}")
    expect(items(picker)).to_have_count(2)
    button(tray, "Compare").focus()
    notebook.run("picker.multiple = False")
    expect(button(tray, "Compare")).to_have_count(0)
    expect(items(picker)).to_have_count(1)
    expect(tray.locator(".look-tray__open")).to_be_focused()


def test_the_selection_is_downloaded_and_copied_as_code_or_shown_in_a_field(open_notebook: OpenNotebook) -> None:
    notebook, picker, tray, ids = selected(open_notebook, viewport=(520, 900))
    items(picker).first.evaluate("item => { item.style.height = '70px' }")  # as with a scrollbar below the looks
    assert tray.evaluate("tray => tray.scrollWidth <= tray.clientWidth && tray.offsetHeight === 56")
    for group, number in (("Export the selection of 5", 5), ("Export all 2,000 matches", 2000)):
        button(tray, "Export").click()
        with notebook.page.expect_download() as download:
            notebook.page.get_by_role("group", name=group).get_by_role("menuitem", name="Ids").click()
        expect(button(tray, "Export")).to_be_focused()
        lines = Path(download.value.path()).read_text().split()
        assert (len(lines), lines[:5]) == (number, ids)

    notebook.run("picker.filter = 'office'")
    code = ui.copied(picker.locator(".look-picker__said"), button(tray, "Code"))
    expect(button(tray, "Copied")).to_be_focused()
    assert code == notebook.value("picker.code()")
    notebook.page.evaluate(NO_CLIPBOARD)
    expect(button(tray, "Code")).to_be_visible()
    button(tray, "Code").click()
    expect(picker.locator(".look-problem")).to_contain_text("does not allow copying. Python can: picker.code()")
    notebook.page.evaluate("() => { delete navigator.clipboard; delete document.execCommand; }")
    notebook.run(f"del picker\n{code}")
    assert notebook.value(f"({IDS}, picker.filter.search)") == (ids, "office")
