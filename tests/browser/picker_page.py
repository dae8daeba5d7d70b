"""What the browser tests see and do of a picker on a page."""

import re
from typing import Any

from playwright.sync_api import Locator, expect

from .conftest import OpenNotebook
from .jupyter import NotebookPage

SETUP = "from heygen_widgets import *\npicker = LookPicker(demo_client(looks=2_000))\npicker.catalogue.wait(); picker"
SEVERAL = SETUP.replace("2_000)", "2_000), multiple=True")

EIGHT_CHIPS = (
    "picker.filter = LookFilter('office', avatar_type=['digital_twin', 'photo_avatar'],"
    " orientation=['portrait', 'square'], engine=['avatar_iv', ''], ready=True, sort='-name')"
)

# The parts of a picker that are wider than there is room for.
SIDEWAYS = """root => [root, ...root.querySelectorAll('.look-grid, .look-filters, .look-line, .look-tray')]
    .filter(part => part.scrollWidth > part.clientWidth + 1).map(part => part.className)"""
DECODED = "root => [...root.querySelectorAll('.look-card img')].filter(i => i.complete && i.naturalWidth > 0).length"
CARDS = "root => root.querySelectorAll('.look-card').length"
# What is in sight of the grid, cell by cell: is a loaded card there? And do rows of cards cover all of it? After a jump
# the old ones are far away for a moment, and none is there at all.
BLANK = """root => {
    const grid = root.querySelector('.look-grid').getBoundingClientRect();
    const whole = root.querySelector('.look-grid__rows').getBoundingClientRect();
    const inSight = element => {
        const box = element.getBoundingClientRect();
        return box.bottom > grid.top && box.top < grid.bottom;
    };
    const between = 12 + 1;  // px
    const rows = [...root.querySelectorAll('.look-grid__row')].filter(inSight).map(row => row.getBoundingClientRect());
    const top = Math.min(...rows.map(box => box.top)) <= Math.max(grid.top, whole.top) + between;
    const bottom = Math.max(...rows.map(box => box.bottom)) >= Math.min(grid.bottom, whole.bottom) - between;
    const covered = !whole.height || (top && bottom);
    const cards = [...root.querySelectorAll('.look-card')].filter(inSight);
    return cards.filter(card => !card.dataset.lookId).length + (covered ? 0 : 1);
}"""


def picker_of(notebook: NotebookPage, cell: int = 0) -> Locator:
    return notebook.output(cell).locator(".look-picker")


def card_of(picker: Locator, look_id: str) -> Locator:
    return picker.locator(f'.look-card[data-look-id="{look_id}"]')


def shown(
    open_notebook: OpenNotebook, *cells: str, cell: int = 0, pictures: int = 12, **options: Any
) -> tuple[NotebookPage, Locator]:
    """Run a cell that shows a picker, with 2,000 looks unless cells are given, and wait for its first pictures."""
    notebook = open_notebook(cells or [SETUP], **options)
    notebook.run_cell(cell)
    picker = picker_of(notebook, cell)
    wait_for_pictures(picker, pictures)
    return notebook, picker


def client_code(key: str, url: str) -> str:
    """Give the code that connects to a service outside of the kernel."""
    return f"from heygen_widgets import *\nclient = HeyGenClient({key!r}, base_url={url!r}, max_retries=0)\n"


def wait_until(locator: Locator, program: str) -> None:
    """Wait until a JavaScript predicate over an element holds."""
    element = locator.element_handle()
    locator.page.wait_for_function(program, arg=element)


def note_texts(locator: Locator) -> None:
    """Keep each text that an element has from now on, also one that is soon gone again."""
    locator.evaluate(
        """element => {
            window.texts = [];
            new MutationObserver(() => window.texts.push(element.textContent.trim()))
                .observe(element, { childList: true, characterData: true, subtree: true });
        }"""
    )


def copied(said: Locator, *buttons: Locator) -> str:
    """Click buttons, wait until an element has said "Copied", and give the text on the clipboard."""
    page = said.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    note_texts(said)
    for button in buttons:
        button.click()
    page.wait_for_function("() => window.texts.includes('Copied')")
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def wait_for_pictures(picker: Locator, number: int = 12) -> None:
    expect(picker).to_be_visible()
    wait_until(picker, f"root => ({DECODED})(root) >= {number}")


def wait_for_cards(picker: Locator) -> None:
    """Wait until a loaded card is in each place of the grid that is in sight."""
    wait_until(picker, f"root => ({BLANK})(root) === 0")


def cards(picker: Locator) -> Locator:
    return picker.locator(".look-card[data-look-id]")


def card(picker: Locator, position: int) -> Locator:
    return picker.locator(f'.look-card[data-position="{position}"]')


def button(inside: Locator, name: str) -> Locator:
    return inside.get_by_role("button", name=name, exact=True)


def total(picker: Locator) -> Locator:
    return picker.locator(".look-picker__total")


def expect_matches(notebook: NotebookPage, picker: Locator) -> None:
    """Wait until the count and the first card are those of the filter in Python, by which some looks match."""
    number, every, first = notebook.value(
        "(lambda found: (len(found), len(picker.catalogue), found[0].id))(picker.catalogue.select(picker.filter))"
    )
    expect(total(picker)).to_contain_text(f"{number:,} of {every:,}")
    expect(picker.locator('[data-position="0"]')).to_have_attribute("data-look-id", first)


def expect_characters(picker: Locator) -> None:
    """Wait until the count and the cards are those of characters; the count comes first."""
    expect(total(picker)).to_contain_text("people")
    expect(cards(picker).first.locator(".look-card__type")).to_have_text(re.compile(r"^[\d,]+ looks?$"))


def choose_option(picker: Locator, label: str, *titles: str) -> None:
    """Open a filter, click options by their titles, and close it again."""
    open_filter(picker, label)
    for title in titles:
        titled(picker, title).click()
    picker.page.keyboard.press("Escape")
    expect(menu(picker)).to_have_count(0)


def open_filter(picker: Locator, label: str) -> None:
    """Open a filter by its label. The menu "More" has those without a button."""
    if not named(picker, label).count():
        picker.locator('.look-filters__button[data-field="more"]').click()
    if named(picker, label).get_attribute("aria-expanded") == "false":
        named(picker, label).click()


def choose_action(picker: Locator, title: str) -> None:
    """Click an entry of the menu with more actions, such as an order."""
    picker.get_by_role("button", name="More actions").click()
    menu(picker).locator(".look-menu__item", has_text=re.compile(f"^{re.escape(title)}($|Updated|Ctrl)")).click()


def menu(picker: Locator) -> Locator:
    """Give the open menu, which is outside of the picker."""
    return picker.page.locator(".look-menu")


def named(picker: Locator, label: str) -> Locator:
    """Give the button of a filter, in the picker or in the open menu."""
    name = re.compile(f"^{re.escape(label)}\\b")
    folded = picker.page.locator(".look-menu .look-filters__fold").and_(picker.page.get_by_role("button", name=name))
    return picker.locator(".look-filters__button").and_(picker.page.get_by_role("button", name=name)).or_(folded)


def options(picker: Locator) -> Locator:
    """Give what the open filter offers."""
    return menu(picker).get_by_role("option")


def titled(picker: Locator, title: str) -> Locator:
    """Give the options with exactly this title."""
    exactly = picker.page.locator(".look-options__title", has_text=re.compile(f"^{re.escape(title)}$"))
    return options(picker).filter(has=exactly)


def grid(picker: Locator) -> Locator:
    return picker.locator(".look-grid")


def scroll_to(picker: Locator, px: int) -> None:
    grid(picker).evaluate("(grid, px) => { grid.scrollTop = px }", px)


def scroll_and_load(picker: Locator, px: int) -> None:
    """Scroll, and wait for the cards in sight."""
    scroll_to(picker, px)
    wait_for_cards(picker)


def open_details(picker: Locator, position: int) -> None:
    picker.locator(f'[data-position="{position}"]').press("i")
    expect(picker.locator(".look-panel__facts")).to_contain_text("Id")


def page_down(picker: Locator, times: int) -> Locator:
    """Press Page Down in the grid, wait until all cards are loaded, and give the card with the focus."""
    cards(picker).first.focus()
    for _ in range(times):
        picker.page.keyboard.press("PageDown")
    wait_until(picker, f"root => ({BLANK})(root) === 0 && document.activeElement.dataset.position > 10")
    return picker.locator(".look-card[data-look-id]:focus")
