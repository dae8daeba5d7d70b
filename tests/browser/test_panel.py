"""Seeing a look in a real browser: the panel over the grid, and the comparison of selected looks."""

from playwright.sync_api import Locator, expect

from . import axe, picker_page as ui
from .conftest import OpenNotebook
from .picker_page import button, card

# Whether the panel leaves something in sight, by default the whole card of its look
CLEAR = """(panel, other = '.look-card--opened') => {
    const [a, b] = [panel, panel.parentElement.querySelector(other)].map(element => element.getBoundingClientRect());
    return a.left >= b.right - 1 || b.left >= a.right - 1 || a.top >= b.bottom - 1 || b.top >= a.bottom - 1;
}"""
IS_SHEET = """panel => {
    const [{ width, height, bottom }, looks] = [panel, panel.offsetParent].map(part => part.getBoundingClientRect());
    return width === looks.width && bottom === looks.bottom && height <= 0.7 * looks.height;
}"""


def panel(picker: Locator) -> Locator:
    return picker.locator(".look-panel")


def fact(picker: Locator, label: str) -> Locator:
    row = panel(picker).locator(".look-panel__facts tr")
    return row.filter(has=picker.page.get_by_role("rowheader", name=label, exact=True)).locator("td")


def expect_opened(picker: Locator, position: int) -> None:
    """Wait until the panel is that of a card, which has a ring."""
    look_id = card(picker, position).get_attribute("data-look-id") or ""
    expect(fact(picker, "Id")).to_have_text(look_id)
    expect(picker.locator(".look-card--opened")).to_have_attribute("data-look-id", look_id)


def test_the_panel_of_a_look_shows_its_details_and_plays_its_voice_and_clip(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL)
    notebook.run(
        "def voice(look):\n    return picker.catalogue.client.get_voice(look.default_voice_id)\n"
        "heard = lambda look: look.default_voice_id and (voice(look).preview_audio_url or '').startswith('http')\n"
        "looks = picker.catalogue.select(LookFilter(engine='avatar_v', avatar_type='photo_avatar', ready=True))\n"
        "look = next(look for look in looks if look.tags and look.preview_video_url and heard(look))\n"
        "picker.filter = LookFilter(look.id)"
    )
    ui.expect_matches(notebook, picker)
    ui.note_texts(picker.locator(".look-picker__looks"))
    card(picker, 0).hover()
    card(picker, 0).locator(".look-card__info").click()
    look_id, group_id, name, voice = notebook.value("(look.id, look.group_id, look.name.strip(), voice(look).name)")
    tags, size = notebook.value("(', '.join(look.tags), f'{look.image_width:,} × {look.image_height:,} px')")
    expect(panel(picker)).to_have_attribute("aria-label", f"Details of {name}")
    expect(panel(picker).locator(".look-panel__name")).to_be_focused()
    for label, text in (("Id", look_id), ("Tags", tags), ("Size", size), ("Status", "Ready to use")):
        expect(fact(picker, label)).to_have_text(text)
    expect(fact(picker, "Default voice")).to_contain_text(voice)
    # It opened with all details.
    assert {look_id in text for text in notebook.page.evaluate("window.texts") if "Select" in text} == {True}
    panel(picker).locator("audio").press(" ")
    ui.wait_until(panel(picker).locator("audio"), "sample => sample.ended")
    button(panel(picker), "Play clip").click()
    expect(panel(picker).locator("video")).to_have_js_property("muted", True)
    ui.wait_until(panel(picker).locator("video"), "clip => clip.currentTime > 0")
    button(panel(picker), "Stop clip").click()
    expect(panel(picker).locator("video")).to_have_count(0)
    for name, selected_id in (("Select", look_id), ("Deselect", "")):
        button(panel(picker), name).click()
        notebook.expect_run("picker.selected_id", selected_id)

    panel(picker).locator("summary").click()
    options = panel(picker).get_by_role("table", name="Video options")
    expect(options.get_by_role("columnheader")).to_contain_text(["Avatar V"])
    expect(options.get_by_role("row").filter(has_text="Expressiveness").get_by_role("cell").first).to_have_text("no")
    expect(panel(picker)).to_contain_text("Expressiveness: not for photo avatars with Avatar V")
    assert axe.violations(notebook.page, ".look-panel") == []
    said = picker.locator(".look-picker__said")
    assert ui.copied(said, button(panel(picker), "Copy id")) == look_id
    notebook.run(ui.copied(said, button(panel(picker), "Copy code for a video")))
    assert notebook.value("job.look.id") == look_id
    notebook.run("job.close()")

    number = notebook.value(f"len(picker.catalogue.select(LookFilter(group_id={group_id!r})))")
    panel(picker).get_by_role("button", name=f"Show all {number}").click()
    expect(panel(picker)).to_have_count(0)
    notebook.expect_run("picker.filter.group_id", (group_id,))

    # The panel can be used when no look matches, and leaves that in sight.
    ui.card_of(picker, look_id).press("i")
    expect(fact(picker, "Id")).to_have_text(look_id)
    notebook.run("picker.filter = LookFilter('no look has this name')")
    expect(picker.locator(".look-empty")).to_be_visible()
    ui.wait_until(panel(picker), f"panel => ({CLEAR})(panel, '.look-empty')")
    button(panel(picker), "Close details").click()
    expect(panel(picker)).to_have_count(0)


def test_the_panel_lies_over_the_grid_beside_the_card_and_follows_arrow_keys(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL)
    keyboard, last = notebook.page.keyboard, int(ui.grid(picker).get_attribute("aria-colcount") or 0) - 1
    ends = [card(picker, position).bounding_box() for position in (0, last)]
    for position in (0, last, last + 1):
        card(picker, position).press("i")
        expect_opened(picker, position)
        ui.wait_until(panel(picker), CLEAR)
        keyboard.press("Escape")
        expect(card(picker, position)).to_be_focused()
    keyboard.press("i")
    previous = button(panel(picker), "Previous look")
    place = previous.bounding_box()
    panel(picker).locator("summary").click()
    options = panel(picker).get_by_role("table", name="Video options")
    expect(options).to_be_in_viewport()
    for position in range(last, -1, -1):
        previous.click()
        expect_opened(picker, position)
        assert previous.bounding_box() == place  # not away from the pointer
    expect(options).to_be_visible()  # stays unfolded
    expect(previous).to_have_attribute("aria-disabled", "true")
    keyboard.press("ArrowLeft")
    keyboard.press("ArrowRight")
    expect_opened(picker, 1)
    assert [card(picker, position).bounding_box() for position in (0, last)] == ends
    keyboard.press("Escape")
    expect(card(picker, 1)).to_be_focused()

    # Pictures load when paging stops, and closing the panel keeps the place.
    position = int(ui.page_down(picker, 12).get_attribute("data-position") or 0)
    ui.wait_until(picker, f"root => ({ui.DECODED})(root) === root.querySelectorAll('.look-card[data-look-id]').length")
    place = ui.grid(picker).evaluate("grid => grid.scrollTop")
    keyboard.press("i")
    expect_opened(picker, position)
    keyboard.press("Escape")
    expect(card(picker, position)).to_be_focused()
    assert ui.grid(picker).evaluate("grid => grid.scrollTop") == place > 1000

    # From the shortlist, the next one is that of the shortlist.
    notebook.run("picker.values = picker.catalogue.looks[40:43]")
    items = picker.locator(".look-tray__open")
    items.nth(1).click()
    expect(panel(picker).locator(".look-panel__name")).to_be_focused()
    keyboard.press("ArrowRight")
    expect(fact(picker, "Id")).to_have_text(notebook.value("picker.values[2].id"))
    keyboard.press("ArrowRight")
    keyboard.press("Escape")
    expect(items.nth(2)).to_be_focused()


def test_where_it_is_narrow_the_panel_is_a_sheet_below_the_card(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL, viewport=(700, 1000))
    look_id, reason = notebook.value("next((look.id, look.error.message) for look in picker.catalogue if look.error)")
    notebook.run(f"picker.filter = LookFilter({look_id!r})")
    ui.card_of(picker, look_id).press("i")
    for text in (panel(picker).locator(".look-panel__state"), fact(picker, "Status")):
        expect(text).to_have_text(f"Failed: {reason}")
    assert panel(picker).evaluate(IS_SHEET)
    notebook.page.keyboard.press("Escape")
    notebook.run("picker.filter = LookFilter(status='processing')")
    ui.expect_matches(notebook, picker)

    # The last card moves above the sheet, and the grid is as before when the sheet is gone.
    ui.cards(picker).first.press("End")
    last = notebook.value("len(picker.catalogue.select(picker.filter))") - 1
    expect(card(picker, last)).to_be_focused()
    height = ui.grid(picker).evaluate("grid => grid.scrollHeight")
    notebook.page.keyboard.press("i")
    expect_opened(picker, last)
    expect(panel(picker).locator(".look-panel__state")).to_have_text("Processing: no video can use it yet")
    ui.wait_until(panel(picker), CLEAR)
    notebook.page.keyboard.press("Escape")
    expect(card(picker, last)).to_be_focused()
    assert ui.grid(picker).evaluate("grid => grid.scrollHeight") == height


def test_selected_looks_are_compared_four_at_a_time(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL, "1", viewport=(1400, 700))
    compare, table = picker.locator(".look-compare"), picker.locator(".look-compare table")
    heads, items = table.locator("thead th bdi"), picker.locator(".look-tray__open")
    notebook.run(
        "looks = [look for look in picker.catalogue.select(LookFilter(gender='female')) if look.default_voice_id]\n"
        "picker.values = [next(look for look in looks if look.status == 'failed'), *looks[:5]]"
    )
    ui.scroll_and_load(picker, 3_000)
    place = ui.grid(picker).evaluate("grid => grid.scrollTop")
    button(picker.locator(".look-tray"), "Compare").scroll_into_view_if_needed()
    top = picker.evaluate("root => root.getBoundingClientRect().top")
    button(picker.locator(".look-tray"), "Compare").click()
    names = notebook.value("[' '.join(look.name.split()) for look in picker.values]")
    expect(heads).to_have_text(names[:4])
    expect(button(compare, "Back to the grid")).to_be_focused()

    def row(label: str) -> Locator:
        return table.locator("tbody tr", has=picker.page.locator("th", has_text=label))

    expect(row("Id").locator("td")).to_have_text(notebook.value("[look.id for look in picker.values[:4]]"))
    expect(row("Gender").locator("th")).to_have_text("Gender, the same")
    expect(row("Status").locator("td")).to_contain_text(["Failed: ", "Ready to use", "Ready to use", "Ready to use"])
    voices = notebook.value("[picker.catalogue.client.get_voice(look.default_voice_id).name for look in picker.values]")
    expect(row("Default voice").locator("td")).to_contain_text(voices[:4])
    assert picker.evaluate("root => root.getBoundingClientRect().top") == top < 0  # a click does not scroll
    compare.locator("summary").press("Enter")
    assert axe.violations(notebook.page, ".look-compare") == []

    # A fifth look finds a place when another one leaves, and what is equal can be hidden.
    which = compare.get_by_role("group", name="Looks to compare").get_by_role("checkbox")
    expect(which.last).to_be_disabled()
    which.first.press(" ")
    expect(heads).to_have_text(names[1:4])
    which.last.click()
    expect(heads).to_have_text([*names[1:4], names[5]])
    compare.get_by_role("checkbox", name="Only differences").check()
    expect(row("Gender")).to_have_count(0)
    expect(row("Id")).to_have_count(1)

    # The details of a look lie over the comparison, and lead back to where they were opened.
    for opener, name in ((button(table, f"Details of {names[1]}"), names[1]), (items.first, names[0])):
        opener.click()
        expect(panel(picker).locator(".look-panel__name")).to_have_text(name)
        expect(panel(picker).locator(".look-panel__name")).to_be_focused()
        picker.page.keyboard.press("Escape")
        expect(panel(picker)).to_have_count(0)
        expect(opener).to_be_focused()

    # A look leaves the comparison with the selection, and nothing takes the focus from another cell.
    button(table, f"Deselect {names[5]}").click()
    expect(heads).to_have_text(names[1:4])
    expect(button(compare, "Back to the grid")).to_be_focused()
    editor = notebook.cells.nth(1).locator(".cm-content")
    editor.click()
    notebook.run("picker.values = picker.values[2:4]")
    expect(heads).to_have_text(names[2:4])
    expect(which).to_have_count(0)
    notebook.run("picker.values = picker.values[:1]")
    expect(table).to_have_count(0)
    expect(ui.cards(picker).first).to_be_visible()
    expect(editor).to_be_focused()
    assert ui.grid(picker).evaluate("grid => grid.scrollTop") == place
