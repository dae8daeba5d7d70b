"""Previews that fail and previews that have expired, in a real JupyterLab: initials, and new pictures after them."""

from playwright.sync_api import Locator, expect

from .conftest import OpenNotebook
from .jupyter import NotebookPage
from .picker_page import BLANK, cards, expect_characters, grid, picker_of, scroll_to, wait_until

# The clock that is 30 days slow while the looks are loaded: by now all signed addresses have expired, and are refused.
EXPIRED = """
import time
from heygen_widgets import *
from heygen_widgets.demo import DemoService

clock = [time.time() - 30 * 86_400]
service = DemoService(looks={looks}, previews="http", clock=lambda: clock[0]).start()
client = HeyGenClient(service.api_key, base_url=service.base_url)
catalogue = LookCatalogue(client, cache=None)
catalogue.load()
clock[0] = time.time()
expired = [look.id for look in catalogue.looks if "Expires=" in (look.preview_image_url or "")]
"""
# The waits between two renewals, which take no time.
NO_WAITS = """
waits = []
catalogue._renewal._now = lambda: sum(waits)
catalogue._renewal._pause = waits.append
"""
# The same, but the second renewal waits until it is released.
HELD = """
import threading
waits, released = [], threading.Event()
catalogue._renewal._now = lambda: sum(waits)

def hold(wait):
    catalogue._changed.wait_for(released.is_set)
    waits.append(wait)

def release():
    with catalogue._changed:
        released.set()
        catalogue._changed.notify_all()

catalogue._renewal._pause = hold
"""
# A picker that notes which pictures its views say have failed, and where the windows begin that they ask for.
NOTING = """
class Noting(LookPicker):
    def vue_previews_failed(self, card_ids):
        self.reports.append(card_ids)
        super().vue_previews_failed(card_ids)

    def vue_ask_window(self, asked):
        self.starts.append(asked["start"])
        super().vue_ask_window(asked)

    reports, starts = [], []
"""
SHOW = (
    NOTING
    + """
picker = Noting(catalogue)
picker
"""
)
# The same, but what it tells its views of new pictures is on its way for ever.
SHOW_UNTOLD = (
    NOTING
    + """
class Untold(Noting):
    def send(self, content, buffers=None):
        if content["method"] == "renewed":
            self.renewed.update(content["args"][0]["images"])
        else:
            super().send(content, buffers)

    renewed = {}

picker = Untold(catalogue)
picker
"""
)
RENEWED = "[path.rpartition('/')[2] for _, path in service.requests if path.startswith('/v3/avatars/looks/')]"

# Cards in the visible part of the grid whose picture has failed, in the order of their positions.
INITIALS = """root => {
    const grid = root.querySelector('.look-grid').getBoundingClientRect();
    return [...root.querySelectorAll('.look-card[data-look-id]')].filter(card => {
        const box = card.getBoundingClientRect();
        return box.bottom > grid.top && box.top < grid.bottom && card.querySelector('.look-card__initials');
    }).map(card => card.dataset.lookId);
}"""

# Has each card's picture come or failed? Until then its initials are empty.
TRIED = """root => [...root.querySelectorAll('.look-card[data-look-id]')].every(card => {
    const [image, initials] = ['img', '.look-card__initials'].map(part => card.querySelector(part));
    return (image && image.complete && image.naturalWidth > 0) || (initials && initials.textContent);
})"""


def opened(open_notebook: OpenNotebook, *parts: str, looks: int = 60) -> NotebookPage:
    notebook = open_notebook(["".join(parts).replace("{looks}", str(looks))])
    notebook.run_cell(0)
    expect(picker_of(notebook).first).to_be_visible()
    return notebook


def wait_for_all_pictures(notebook: NotebookPage, picker: Locator) -> None:
    """Wait until each card has its picture, but for those that have none at all."""
    without = notebook.value("[card['id'] for card in picker._cards.cards(0, 10**6) if not card['image']]")
    program = f"""root => {{
        const cards = [...root.querySelectorAll('.look-card')];
        const decoded = card => [...card.querySelectorAll('img')].some(i => i.complete && i.naturalWidth > 0);
        return cards.length > 0 && cards.every(card => {without!r}.includes(card.dataset.lookId) || decoded(card));
    }}"""
    wait_until(picker, program)


def in_sight(picker: Locator) -> list[str]:
    ids: list[str] = cards(picker).evaluate_all("cards => cards.map(card => card.dataset.lookId || '')")
    return ids


def initials_of(picker: Locator, look_id: str) -> Locator:
    return picker.locator(f'.look-card[data-look-id="{look_id}"] .look-card__initials')


def test_a_preview_that_fails_shows_the_initials_of_whatever_name(open_notebook: OpenNotebook) -> None:
    names = {
        "Anna Maria Bell": "AM",
        "(new) emil in the office": "EI",
        "Élodie": "É",
        "e\u0301lodie": "E\u0301",
        "王小明": "王",
        "山田 太郎": "山太",
        "أحمد علي": "أع",
        "שרה לוי": "של",
        "👩‍💻": "👩‍💻",
        "🇫🇷 2": "🇫🇷",
        "🦊 Fox": "F",
        "42": "4",
        "— 7 —": "7",
        "#anna": "A",
        "…": "…",
        "\u0301": "?",
        "'; alert(1) //": "A",
        "toString": "T",
    }
    made = (
        "from heygen_widgets import *\nfrom heygen_widgets.demo import DemoService\n"
        "service = DemoService(looks=1).start()\n"
        "url = f'{service.base_url}/none/%d.webp?Expires=4000000000'\n"
        f"catalogue = [Look(str(i), name, 'photo_avatar', preview_image_url=url % i)"
        f" for i, name in enumerate({list(names)!r})]\n"
    )
    notebook = opened(open_notebook, made, SHOW)
    picker = picker_of(notebook)
    expect(picker.locator(".look-card__initials")).to_have_text(list(names.values()))
    # Of the picture's stand-in nothing is read out beside the name.
    expect(cards(picker).first).to_have_attribute("aria-label", "Anna Maria Bell, Photo avatar")
    # None is tried again, however often it is told that they have failed.
    every = [str(number) for number in range(len(names))]
    notebook.expect_run(f"{every!r} in picker.reports", True)
    number = notebook.value("len(picker.reports)")
    notebook.page.set_viewport_size({"width": 1200, "height": 1000})
    notebook.expect_run(f"len(picker.reports) > {number}", True)
    assert notebook.value("sum('/none/' in path for _, path in service.requests)") == len(names)


def test_a_preview_that_failed_is_tried_once_more_when_600_others_have_failed_since(
    open_notebook: OpenNotebook,
) -> None:
    made = (
        "from heygen_widgets import *\nfrom heygen_widgets.demo import DemoService\n"
        "service = DemoService(looks=1).start()\n"
        "url = f'{service.base_url}/none/%d'\n"
        "catalogue = [Look(str(i), 'Anna', 'photo_avatar', preview_image_url=url % i) for i in range(700)]\n"
    )
    notebook = opened(open_notebook, made, SHOW.replace("(catalogue", "(catalogue, height=1200"))
    picker = picker_of(notebook)
    tried = "[int(path.rpartition('/')[2]) for _, path in service.requests if '/none/' in path]"
    have_failed = "root => [...root.querySelectorAll('.look-card')].every(c => c.textContent.startsWith('AAnna'))"
    notebook.expect_run(f"sorted({tried})[:24]", list(range(24)))  # those at first, and then the others
    while grid(picker).evaluate("grid => grid.scrollTop + grid.clientHeight < grid.scrollHeight - 1"):
        grid(picker).evaluate("grid => { grid.scrollTop += 1000 }")
        wait_until(picker, f"root => ({BLANK})(root) === 0 && ({have_failed})(root)")
    notebook.expect_run(f"(len({tried}), len(set({tried})))", (700, 700))
    scroll_to(picker, 0)
    expect(picker.locator('[data-position="0"]')).to_be_visible()
    wait_until(picker, f"root => ({BLANK})(root) === 0 && ({have_failed})(root)")
    notebook.expect_run(f"sorted({tried}[700:])", [int(look_id) for look_id in in_sight(picker)])


def test_expired_previews_in_sight_heal_one_by_one_and_the_others_stay_as_they_are(open_notebook: OpenNotebook) -> None:
    by_type = SHOW.replace("(catalogue", "(catalogue, filter=LookFilter(sort='avatar_type')")  # the signed ones last
    notebook = opened(open_notebook, EXPIRED, HELD, by_type)
    picker = picker_of(notebook)
    signed = set(notebook.value("expired"))
    notebook.expect_run(f"len({RENEWED})", 1)
    wait_until(picker, f"root => ({BLANK})(root) === 0 && ({TRIED})(root)")
    healthy = [look_id for look_id in in_sight(picker) if look_id not in signed]
    assert healthy
    for look_id in healthy:
        picker.locator(f'.look-card[data-look-id="{look_id}"] img').evaluate("image => { image.marked = true }")
    notebook.run("release()")
    wait_for_all_pictures(notebook, picker)
    notebook.expect_run("catalogue._renewal.running", False)
    seen = in_sight(picker)
    renewed = notebook.value(RENEWED)
    assert len(renewed) == len(set(renewed)) > 1
    assert set(renewed) == {look_id for look_id in seen if look_id in signed}
    # Two a second: half a second before each but the first.
    assert notebook.value("waits") == [0.5] * (len(renewed) - 1)
    marked = "image => image.marked === true"
    assert all(picker.locator(f'.look-card[data-look-id="{look_id}"] img').evaluate(marked) for look_id in healthy)
    assert notebook.value("(picker.value, tuple(picker.values), picker.error)") == (None, (), "")


def test_at_its_own_pace_all_in_sight_heal_too(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, EXPIRED, SHOW, looks=6)
    wait_for_all_pictures(notebook, picker_of(notebook))
    assert sorted(notebook.value(RENEWED)) == sorted(notebook.value("expired"))


def test_what_is_in_sight_now_heals_before_what_was_in_sight_before(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, EXPIRED, HELD, SHOW, looks=300)
    picker = picker_of(notebook)
    notebook.expect_run(f"len({RENEWED})", 1)
    scroll_to(picker, 10**7)
    expect(picker.locator('[data-position="299"]')).to_be_visible()
    wait_until(picker, f"root => ({BLANK})(root) === 0 && ({TRIED})(root) && ({INITIALS})(root).length >= 6")
    visible = picker.evaluate(INITIALS)
    notebook.expect_run(f"picker.reports[-1][: {len(visible)}] == {visible!r}", True)
    notebook.run("release()")
    wait_for_all_pictures(notebook, picker)
    assert notebook.value(RENEWED)[1 : len(visible) + 1] == visible
    assert int(grid(picker).evaluate("grid => grid.scrollTop + grid.clientHeight - grid.scrollHeight")) == 0


def test_a_renewed_preview_shows_as_soon_as_a_window_brings_it(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, EXPIRED, NO_WAITS, SHOW_UNTOLD, looks=6)
    picker = picker_of(notebook)
    notebook.expect_run("set(picker.renewed) == set(expired)", True)
    for look_id in notebook.value("expired"):
        expect(initials_of(picker, look_id)).to_be_visible()
    notebook.run("picker._send_window(None, 0, 24)")
    wait_for_all_pictures(notebook, picker)


def test_the_picture_in_the_panel_heals_too(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, EXPIRED, HELD, SHOW)
    picker = picker_of(notebook)
    notebook.expect_run(f"len({RENEWED})", 1)
    wait_until(picker, f"root => ({INITIALS})(root).length >= 6")
    renewed = notebook.value(RENEWED)
    look_id = next(look_id for look_id in picker.evaluate(INITIALS) if look_id not in renewed)
    card = picker.locator(f'.look-card[data-look-id="{look_id}"]')
    card.hover()
    card.locator(".look-card__info").click()
    expect(picker.locator(".look-panel__initials")).to_be_visible()
    notebook.run("release()")
    expect(picker.locator("img.look-panel__picture")).to_be_visible()


def test_a_look_that_is_gone_keeps_its_initials_and_is_asked_for_once(open_notebook: OpenNotebook) -> None:
    gone = "gone = expired[0]\ndel service.catalogue._look_by_id[gone]\n"
    notebook = opened(open_notebook, EXPIRED, NO_WAITS, gone, SHOW, looks=300)
    picker = picker_of(notebook)
    look_id = notebook.value("gone")
    notebook.expect_run(f"gone in {RENEWED} and not catalogue._renewal.running", True)
    expect(initials_of(picker, look_id)).to_be_visible()
    # Reported again, since it is in sight again.
    scroll_to(picker, 10**7)
    wait_for_all_pictures(notebook, picker)
    number = notebook.value("len(picker.reports)")
    scroll_to(picker, 0)
    expect(initials_of(picker, look_id)).to_be_visible()
    notebook.expect_run(f"any(gone in ids for ids in picker.reports[{number}:])", True)
    notebook.expect_run("catalogue._renewal.running", False)
    assert notebook.value(f"{RENEWED}.count(gone)") == 1


def test_both_displays_of_a_picker_heal(open_notebook: OpenNotebook) -> None:
    notebook = opened(
        open_notebook, EXPIRED, NO_WAITS, SHOW.replace("\npicker\n", "\ndisplay(picker, picker)\n"), looks=12
    )
    pickers = notebook.output(0).locator(".look-picker")
    expect(pickers).to_have_count(2)
    for number in range(2):
        wait_for_all_pictures(notebook, pickers.nth(number))
    renewed = notebook.value(RENEWED)
    assert len(renewed) == len(set(renewed)) > 0


def test_the_pictures_of_characters_heal_too(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, EXPIRED, NO_WAITS, SHOW)
    picker = picker_of(notebook)
    wait_for_all_pictures(notebook, picker)
    notebook.run("service.requests.clear()")
    picker.get_by_role("button", name="Characters").click()
    expect(picker.get_by_role("grid", name="Characters")).to_be_visible()
    expect_characters(picker)
    wait_for_all_pictures(notebook, picker)
    renewed = notebook.value("[path for _, path in service.requests if path.startswith('/v3/')]")
    assert renewed
    assert all(path.startswith("/v3/avatars/") and "/looks" not in path for path in renewed)
    assert len(renewed) == len(set(renewed))
