"""The picker for everybody: axe-core, screen readers, 200 % zoom, reduced motion and forced colours."""

import pytest
from playwright.sync_api import Locator, expect

from . import axe, picker_page as ui
from .conftest import OpenNotebook
from .jupyter import NotebookPage, Theme

# Elements that the keyboard reaches and that are cut off or covered when they are scrolled into view. A card is there
# already, above the sheet, which may cover its lower part.
CUT = """root => {
    const reached = [...root.querySelectorAll('button, input, [tabindex="0"]')]
        .filter(element => element.tabIndex >= 0 && !element.disabled)
        .filter(element => element.checkVisibility({ visibilityProperty: true }));
    return reached.filter(element => {
        const shown = element.closest('.look-filters__field') ?? element;
        element.focus();
        if (!element.matches('.look-card')) shown.scrollIntoView({ block: 'center', inline: 'center' });
        const { x, y, width, height } = shown.getBoundingClientRect();
        const down = y + Math.min(40, height / 2);
        const hits = [0.1, 0.5, 0.9].map(part => document.elementFromPoint(x + part * width, down));
        return !hits.every(hit => hit && shown.contains(hit));
    }).map(element => element.outerHTML.slice(0, 120));
}"""
LOADED_CLIPS = "performance.getEntriesByType('resource').filter(entry => entry.name.includes('preview_video')).length"
PLAYS = "root => [...root.querySelectorAll('video.look-card__clip')].some(clip => clip.currentTime > 0 && !clip.paused)"


def selected_three(
    open_notebook: OpenNotebook, viewport: tuple[int, int] = (1400, 1000), theme: Theme = "light"
) -> tuple[NotebookPage, Locator]:
    """Open a picker with three selected looks."""
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL, pictures=6, viewport=viewport, theme=theme)
    for position in range(3):
        ui.cards(picker).nth(position).click()
    notebook.expect_run("len(picker.values)", 3)
    expect(picker.locator(".look-tray__item")).to_have_count(3)
    return notebook, picker


@pytest.mark.parametrize(("theme", "width"), [("light", 1400), ("dark", 640)])
def test_axe_finds_nothing_in_any_state_of_the_picker(open_notebook: OpenNotebook, theme: Theme, width: int) -> None:
    notebook, picker = selected_three(open_notebook, (width, 1000), theme)
    page = notebook.page
    found: dict[str, list[str]] = {}

    def look(state: str) -> None:
        page.mouse.move(0, 0)
        found[state] = axe.violations(page)

    look("three selected")
    ui.open_filter(picker, "Gender")
    expect(ui.options(picker).first).to_be_visible()
    look("an open filter")
    page.keyboard.press("Escape")
    ui.open_filter(picker, "Character")
    expect(ui.options(picker).nth(3)).to_be_visible()
    look("more filters, with characters")
    page.get_by_label("Find a character").fill("xqzq")
    expect(ui.menu(picker)).to_contain_text("No such character")
    look("a list without an entry")
    page.keyboard.press("Escape")
    for name, item in (("More actions", "Largest first"), ("Export", "CSV")):
        picker.get_by_role("button", name=name).click()
        expect(ui.menu(picker).get_by_text(item, exact=True).first).to_be_visible()
        look(f"the menu {name}")
        page.keyboard.press("Escape")
        expect(ui.menu(picker)).to_have_count(0)

    ui.open_details(picker, 0)
    picker.locator(".look-panel__options summary").first.click()
    for wide, kind in ((640, "sheet"), (1400, "right"), (width, "")):
        page.set_viewport_size({"width": wide, "height": 1000})
        expect(picker.locator(f"[class*='look-panel--{kind}']")).to_be_visible()
        look(f"details {kind}")
    page.keyboard.press("Escape")
    picker.get_by_role("button", name="Compare").click()
    expect(picker.locator(".look-compare table")).to_be_visible()
    look("a comparison")
    picker.get_by_role("button", name="Back to the grid").click()

    notebook.run(ui.EIGHT_CHIPS)
    expect(picker.locator(".look-line__chip")).to_have_count(8)
    notebook.run("picker.error = 'Something went wrong'")
    expect(picker.get_by_role("button", name="Dismiss")).to_be_visible()
    look("filters and an error")
    picker.get_by_role("button", name="Dismiss").click()
    notebook.run("picker.filter = LookFilter('nothing of the kind')")
    expect(picker.locator(".look-empty")).to_be_visible()
    look("no look")
    notebook.run("picker.reset(); picker.view = 'characters'")
    ui.expect_characters(picker)
    look("characters")
    ui.cards(picker).first.click()
    expect(picker.get_by_role("button", name="Back", exact=True)).to_be_visible()
    look("a character")
    assert {state: faults for state, faults in found.items() if faults} == {}


def test_a_screen_reader_hears_the_selection_the_view_and_the_count_after_typing(open_notebook: OpenNotebook) -> None:
    notebook, picker = selected_three(open_notebook)
    expect(picker.get_by_role("gridcell", selected=True)).to_have_count(3)
    expect(picker.locator(".look-tray [role=status]")).to_have_text("3 selected")
    expect(picker.get_by_role("grid")).to_have_attribute("aria-multiselectable", "true")
    expect(picker.get_by_role("region", name="Selected looks")).to_be_visible()

    count = picker.locator(".look-line__announced")
    expect(count).to_have_attribute("role", "status")
    expect(count).to_have_text("2,000 looks")
    ui.note_texts(count)
    # Timers of one page end in the order they are due, however busy the machine is.
    picker.locator("input").first.evaluate(
        """async input => {
            for (const text of ['o', 'of', 'off', 'offi', 'offic', 'office']) {
                input.value = text;
                input.dispatchEvent(new Event('input'));
                await new Promise(resolve => setTimeout(resolve, 100));
            }
        }"""
    )
    expect(ui.total(picker)).to_contain_text(" of 2,000 looks")
    notebook.expect_run("picker.filter.search", "office")
    matched = f"{notebook.value('len(picker.catalogue.select(picker.filter))'):,} of 2,000 looks"
    expect(count).to_have_text(matched)
    assert notebook.page.evaluate("window.texts") == [matched]

    # A button tells that it opens a dialog, which is named after it.
    expect(ui.named(picker, "Type")).to_have_attribute("aria-haspopup", "dialog")
    ui.open_filter(picker, "Type")
    dialog = notebook.page.get_by_role("dialog", name="Type")
    expect(dialog.get_by_role("listbox", name="Type")).to_have_attribute("aria-multiselectable", "true")
    expect(ui.named(picker, "Type")).to_have_attribute("aria-expanded", "true")
    notebook.page.keyboard.press("Escape")
    looks, people = (picker.get_by_role("button", name=name, exact=True) for name in ("Looks", "People"))
    expect(picker.get_by_role("group", name="What the grid shows")).to_be_visible()
    expect(looks).to_have_attribute("aria-pressed", "true")
    people.click()
    expect(people).to_have_attribute("aria-pressed", "true")
    expect(looks).to_have_attribute("aria-pressed", "false")


def test_at_200_percent_nothing_is_cut_and_all_is_reached(open_notebook: OpenNotebook) -> None:
    notebook, picker = selected_three(open_notebook, (700, 500))
    notebook.run(ui.EIGHT_CHIPS)
    expect(picker.locator(".look-line__chip")).to_have_count(8)
    assert picker.evaluate(CUT) == []
    ui.open_details(picker, 0)
    assert picker.evaluate(CUT) == []
    assert picker.evaluate(ui.SIDEWAYS) == []
    picker.get_by_role("button", name="Compare").click()
    expect(picker.locator(".look-compare table")).to_be_visible()
    assert picker.evaluate(CUT) == []
    assert picker.evaluate(ui.SIDEWAYS) == []


def test_a_clip_plays_muted_under_the_mouse_unless_motion_is_reduced(open_notebook: OpenNotebook) -> None:
    notebook, picker = selected_three(open_notebook)
    page = notebook.page
    clip = picker.locator("video.look-card__clip")
    filmed = notebook.value("[look.id for look in picker.catalogue.select()[:24] if look.preview_video_url]")
    still = notebook.value("next(look.id for look in picker.catalogue.select()[:24] if not look.preview_video_url)")
    first, other = (ui.card_of(picker, look_id) for look_id in (filmed[-1], still))
    page.mouse.move(0, 0)
    expect(clip).to_have_count(0)
    before = page.evaluate(LOADED_CLIPS)
    first.hover()
    ui.wait_until(picker, PLAYS)
    expect(clip).to_have_js_property("muted", True)
    other.hover()
    expect(clip).to_have_count(0)
    assert page.evaluate(LOADED_CLIPS) - before in (1, 2)

    page.emulate_media(reduced_motion="reduce")
    page.mouse.move(0, 0)
    expect(clip).to_have_count(0)
    picker.evaluate(
        """root => {
            window.frames60 = window.clips = 0;
            const watch = () => {
                window.clips += root.querySelectorAll('video').length;
                window.frames60 += 1;
                if (window.frames60 < 60) requestAnimationFrame(watch);
            };
            watch();
        }"""
    )
    first.hover()
    ui.wait_until(picker, "() => window.frames60 === 60")
    assert page.evaluate("window.clips") == 0
    moving = picker.evaluate(
        """root => [...root.querySelectorAll('[class*="look-"]:not([class*="v-"])')].filter(part => {
            const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(part);
            return parseFloat(transitionDuration) || animationName !== 'none' || scrollBehavior !== 'auto';
        }).map(part => part.className)"""
    )
    assert moving == []


@pytest.mark.parametrize("colours", ["none", "active"])
def test_the_focus_is_seen_as_an_outline_everywhere(open_notebook: OpenNotebook, colours: str) -> None:
    notebook, picker = selected_three(open_notebook)
    page = notebook.page
    page.emulate_media(forced_colors=colours)  # type: ignore[arg-type]
    notebook.run("picker.filter = LookFilter('office'); picker.error = 'Something went wrong'")
    expect(picker.get_by_role("button", name="Dismiss")).to_be_visible()
    ui.open_details(picker, 0)
    picker.locator("input").first.focus()
    page.keyboard.press("Tab")
    unseen = picker.evaluate(
        """root => [...root.querySelectorAll('button, [tabindex="0"], .look-line__size')]
            .filter(element => !element.disabled && element.checkVisibility()).filter(element => {
                element.focus({ focusVisible: true });
                const shown = element.matches('.look-card') ? element.firstElementChild : element;
                const { outlineStyle, outlineWidth } = getComputedStyle(shown);
                const ring = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
                return document.activeElement === element && !ring;
            }).map(element => element.outerHTML.slice(0, 160))"""
    )
    assert unseen == []
