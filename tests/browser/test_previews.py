"""Previews that fail or have expired, in a real JupyterLab: initials first, and new pictures after them."""

from playwright.sync_api import Locator, expect

from . import picker_page as ui
from .conftest import OpenNotebook
from .jupyter import NotebookPage

# While the looks load, the clock is 30 days slow. Afterwards all signed addresses have expired and are refused.
# Renewals wait until they are released.
EXPIRED = """
import threading, time
from heygen_widgets import *
from heygen_widgets.demo import DemoService

clock = [time.time() - 30 * 86_400]
service = DemoService(looks={looks}, previews="http", clock=lambda: clock[0]).start()
client = HeyGenClient(service.api_key, base_url=service.base_url)
catalogue = LookCatalogue(client, cache=None)
catalogue.load()
clock[0] = time.time()
expired = [look.id for look in catalogue.looks if "Expires=" in (look.preview_image_url or "")]
released, asked = threading.Event(), []
get_look = client.get_look

def held(look_id):
    asked.append(look_id)
    released.wait(60)
    return get_look(look_id)

client.get_look = held
"""
# A picker that notes which pictures its views report as failed.
SHOW = """
class Noting(LookPicker):
    reports = []
    def vue_previews_failed(self, card_ids):
        self.reports.append(card_ids)
        super().vue_previews_failed(card_ids)

picker = Noting(catalogue)
picker
"""
UNANSWERED = """
from heygen_widgets import *
from heygen_widgets.demo import DemoService
service = DemoService(looks=1).start()
catalogue = [
    Look(str(i), name, "photo_avatar", preview_image_url=f"{service.base_url}/none/{i}.webp?Expires=4000000000")
    for i, name in enumerate({names!r})
]
requested = lambda: [int(path.split("/none/")[1].split(".")[0]) for _, path in service.requests if "/none/" in path]
"""

# Cards in the visible part of the grid whose picture has failed, in the order of their positions.
INITIALS = """root => {
    const grid = root.querySelector('.look-grid').getBoundingClientRect();
    return [...root.querySelectorAll('.look-card[data-look-id]')].filter(card => {
        const box = card.getBoundingClientRect();
        return box.bottom > grid.top && box.top < grid.bottom && card.querySelector('.look-card__initials');
    }).map(card => card.dataset.lookId);
}"""
# Whether the picture of each card has loaded or failed. Until then its initials are empty.
TRIED = """root => [...root.querySelectorAll('.look-card[data-look-id]')].every(card => {
    const [image, initials] = ['img', '.look-card__initials'].map(part => card.querySelector(part));
    return (image && image.complete && image.naturalWidth > 0) || (initials && initials.textContent);
})"""
# The cards whose pictures have loaded. These pictures are marked.
HEALTHY = """root => [...root.querySelectorAll('.look-card img')].filter(image => image.naturalWidth > 0).map(image => {
    image.marked = true;
    return image.closest('.look-card').dataset.lookId;
})"""
DECODED = "card => [...card.querySelectorAll('img')].some(i => i.complete && i.naturalWidth > 0)"


def opened(
    open_notebook: OpenNotebook, made: str, *cells: str, looks: int = 60, height: int = 1000
) -> tuple[NotebookPage, Locator]:
    return ui.shown(
        open_notebook, made.replace("{looks}", str(looks)) + SHOW, *cells, pictures=0, viewport=(1400, height)
    )


def wait_for_all_pictures(notebook: NotebookPage, picker: Locator) -> None:
    """Wait until each card has its picture, except those that have none at all."""
    without = notebook.value(
        "[record.id for record in [*picker.catalogue.looks, *picker.catalogue.groups.values()]"
        " if not record.preview_image_url]"
    )
    program = f"""root => {{
        const cards = [...root.querySelectorAll('.look-card')];
        return cards.length > 0 && cards.every(card => {without!r}.includes(card.dataset.lookId) || ({DECODED})(card));
    }}"""
    ui.wait_until(picker, program)


def test_a_preview_that_fails_shows_the_initials_of_any_name(open_notebook: OpenNotebook) -> None:
    names = {
        "Anna Maria Bell": "AM",
        "(new) emil in the office": "EI",
        "Élodie": "É",
        "山田 太郎": "山太",
        "שרה לוי": "של",
        "👩‍💻": "👩",
        "🇫🇷 2": "🇫",
        "— 7 —": "7",
        "…": "?",
        "\u0301": "?",
        "'; alert(1) //": "A",
        "toString": "T",
    }
    notebook, picker = opened(open_notebook, UNANSWERED.replace("{names!r}", repr(list(names))))
    expect(picker.locator(".look-card__initials")).to_have_text(list(names.values()))
    # A screen reader hears the name, not the initials.
    expect(ui.cards(picker).first).to_have_attribute("aria-label", "Anna Maria Bell, Photo avatar")
    # No picture is requested a second time, even when its failure is reported again.
    every = [str(number) for number in range(len(names))]
    notebook.expect_run(f"{every!r} in picker.reports", True)
    number = notebook.value("len(picker.reports)")
    notebook.page.set_viewport_size({"width": 1200, "height": 1000})
    notebook.expect_run(f"len(picker.reports) > {number}", True)
    assert notebook.value("len(requested())") == len(names)


def test_expired_previews_without_a_client_are_named_until_that_is_dismissed(open_notebook: OpenNotebook) -> None:
    expired = UNANSWERED.replace("{names!r}", "['Anna', 'Emil']").replace("4000000000", "1500000000")
    _, picker = opened(open_notebook, expired)
    notice = picker.locator(".look-problem")
    expect(notice).to_contain_text("Some previews have expired. A client renews them: LookPicker(table, client=client)")
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)
    expect(ui.cards(picker).first).to_be_focused()


def test_previews_in_sight_and_in_the_panel_are_renewed_first_and_healthy_ones_stay(
    open_notebook: OpenNotebook,
) -> None:
    notebook, picker = opened(open_notebook, EXPIRED, looks=300)
    notebook.expect_run("len(asked)", 1)
    ui.scroll_to(picker, 10**7)
    expect(picker.locator('[data-position="299"]')).to_be_visible()
    ui.wait_until(picker, f"root => ({ui.BLANK})(root) === 0 && ({TRIED})(root) && ({INITIALS})(root).length >= 6")
    first = picker.evaluate(INITIALS)[0]
    ui.card_of(picker, first).hover()
    ui.card_of(picker, first).locator(".look-card__info").click()
    expect(picker.locator(".look-panel .look-picture--initials")).to_be_visible()
    ui.wait_until(picker, f"root => ({ui.BLANK})(root) === 0 && ({TRIED})(root)")
    visible = picker.evaluate(INITIALS)
    notebook.expect_run(f"picker.reports[-1][: {len(visible)}] == {visible!r}", True)
    healthy = picker.evaluate(HEALTHY)
    assert healthy
    notebook.run("released.set()")
    expect(picker.locator(".look-panel img.look-picture")).to_be_visible()
    wait_for_all_pictures(notebook, picker)
    asked, expired = notebook.value("(asked, expired)")
    assert (asked[1 : len(visible) + 1], {*asked} - {*expired}) == (visible, set())
    marked = "image => image.marked === true"
    assert all(ui.card_of(picker, look_id).locator("img").evaluate(marked) for look_id in healthy)
    assert notebook.value("(picker.value, tuple(picker.values), picker.error)") == (None, (), "")


def test_both_displays_of_a_picker_get_new_pictures_and_so_do_characters(open_notebook: OpenNotebook) -> None:
    notebook, first = opened(open_notebook, EXPIRED, "picker", looks=12, height=1900)
    notebook.run_cell(1)
    pickers = [first, ui.picker_of(notebook, 1)]
    notebook.run("released.set()")
    for picker in pickers:
        wait_for_all_pictures(notebook, picker)
    asked = notebook.value("asked")
    assert len(asked) == len(set(asked)) > 0
    pickers[0].get_by_role("button", name="People").click()
    for picker in pickers:
        ui.expect_characters(picker)
        wait_for_all_pictures(notebook, picker)
