"""The tiles of the grid: shapes and sizes, ranges, and an output that is hidden and shown again."""

from playwright.sync_api import expect

from . import picker_page as ui
from .conftest import OpenNotebook
from .picker_page import card

# The shapes of the frames in sight, width by height, to two digits, and how their pictures are cut.
TILES = """root => {
    const frames = [...root.querySelectorAll('.look-card__frame')].filter(frame => frame.querySelector('img'));
    const shapes = frames.map(frame => (frame.clientWidth / frame.clientHeight).toFixed(1));
    const cuts = frames.map(frame => {
        const style = getComputedStyle(frame.querySelector('img'));
        return `${style.objectFit} ${style.objectPosition}`;
    });
    return [[...new Set(shapes)], [...new Set(cuts)]];
}"""
PICTURES = """root => {
    const grid = root.querySelector('.look-grid').getBoundingClientRect();
    const seen = [...root.querySelectorAll('.look-card img')].map(image => image.getBoundingClientRect());
    const high = box => Math.max(0, Math.min(box.bottom, grid.bottom) - Math.max(box.top, grid.top));
    const area = seen.reduce((sum, box) => sum + box.width * high(box), 0);
    return [area / (grid.width * grid.height), area / (root.clientWidth * root.clientHeight)];
}"""


def test_tiles_are_cut_to_the_face_in_the_shape_of_most_looks_and_in_three_sizes(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, viewport=(1280, 900))
    assert picker.evaluate(TILES) == [["1.0"], ["cover 50% 25%"]]
    other = notebook.value("next(look.id for look in picker.catalogue.select()[:12] if look.orientation != 'square')")
    expect(ui.card_of(picker, other).locator(".look-card__shape")).to_have_count(1)
    # Looks that cannot be used come last, dimmed and with the reason.
    notebook.run("picker.filter = LookFilter(ready=False)")
    ui.expect_matches(notebook, picker)
    expect(card(picker, 0).locator("img")).to_have_css("opacity", "0.45")
    for status, colour in (("failed", "rgb(183, 28, 28)"), ("processing", "rgb(255, 183, 77)")):
        notebook.run(f"picker.filter = LookFilter(status={status!r})")
        ui.expect_matches(notebook, picker)
        expect(card(picker, 0).locator(".look-card__state")).to_have_css("background-color", colour)

    columns = []
    for orientation, shape, cut in (("portrait", "0.8", "25%"), ("landscape", "1.3", "35%")):
        notebook.run(f"picker.filter = LookFilter(orientation={orientation!r}, ready=True)")
        ui.expect_matches(notebook, picker)
        ui.wait_for_pictures(picker)
        ui.wait_until(picker, f'root => JSON.stringify(({TILES})(root)) === \'[["{shape}"],["cover 50% {cut}"]]\'')
        expect(picker.locator(".look-card__shape")).to_have_count(0)
    for size in ("s", "m", "l"):
        before = ui.grid(picker).get_attribute("aria-colcount") or ""
        notebook.run(f"picker.tile = {size!r}")
        expect(ui.grid(picker)).not_to_have_attribute("aria-colcount", before)
        columns.append(int(ui.grid(picker).get_attribute("aria-colcount") or 0))
    assert columns == sorted(columns, reverse=True)


def test_pictures_fill_windows_of_any_width_and_come_back_where_they_were(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    for width, height, tile, of_grid, of_picker in (
        (848, 720, "m", 0.75, 0.55),
        (1280, 720, "m", 0.75, 0.55),
        (1900, 1000, "m", 0.75, 0.55),
        (1400, 1000, "s", 0.65, 0.45),
    ):
        notebook.page.set_viewport_size({"width": width, "height": height})
        notebook.run(f"picker.tile = {tile!r}")
        ui.wait_until(picker, f"root => ({ui.BLANK})(root) === 0")
        ui.wait_until(picker, f"root => (([grid, all]) => grid >= {of_grid} && all >= {of_picker})(({PICTURES})(root))")
        above, high = picker.evaluate(
            "root => [root.querySelector('.look-grid').getBoundingClientRect().top - root.getBoundingClientRect().top,"
            " root.clientHeight / innerHeight]"
        )
        assert above <= 100
        assert high <= 0.92
    expect(ui.grid(picker)).to_have_attribute("aria-colcount", "10")  # the last size is there
    ui.scroll_and_load(picker, 4_000)
    output = notebook.output(0)
    output.evaluate("output => { output.style.display = 'none' }")
    expect(picker).to_be_hidden()
    # Nobody shows it again within one frame
    picker.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    output.evaluate("output => { output.style.display = '' }")
    expect(ui.grid(picker)).to_have_js_property("scrollTop", 4_000)
    ui.wait_for_cards(picker)


def test_shift_selects_a_range_with_the_mouse_and_with_keys_and_ctrl_a_all(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, ui.SEVERAL, "1")
    places = "[picker.catalogue.select(picker.filter).index(look) for look in picker.values]"
    card(picker, 2).click()
    notebook.cells.nth(1).locator(".cm-content").click()
    card(picker, 9).click(modifiers=["Shift"])
    expect(notebook.page.locator(".jp-Cell.jp-mod-selected")).to_have_count(1)  # Jupyter selects no range of cells
    notebook.expect_run(places, list(range(2, 10)))
    expect(picker.locator('.look-card[aria-selected="true"]')).to_have_count(8)
    # A range that shrinks lets go of the rest, and keeps what was selected before.
    card(picker, 4).click(modifiers=["Shift"])
    notebook.expect_run(places, [2, 3, 4])
    card(picker, 6).focus()
    for key, wanted in (("Right", [6, 7]), ("Right", [6, 7, 8]), ("Left", [6, 7])):
        notebook.page.keyboard.press(f"Shift+Arrow{key}")
        notebook.expect_run(places, [2, 3, 4, *wanted])
    notebook.run("picker.values = [*picker.values, picker.catalogue.select(picker.filter)[11]]")
    expect(picker.locator('.look-card[aria-selected="true"]')).to_have_count(6)
    card(picker, 7).click(modifiers=["Shift"])
    notebook.expect_run(places, [2, 3, 4, 6, 7, 11])
    # A range starts at its look, also when that has another place.
    few = "next(c.id for c in picker.catalogue.characters() if 5 <= c.expected <= 12)"
    notebook.run(f"picker.values, picker.filter = (), LookFilter(group_id={few}, sort='name')")
    ui.expect_matches(notebook, picker)
    card(picker, 1).click()
    notebook.expect_run(places, [1])
    notebook.run("picker.filter = picker.filter.replace(sort='-name')")
    ui.expect_matches(notebook, picker)
    start = notebook.value(places)[0]
    card(picker, start - 1).click(modifiers=["Shift"])
    notebook.expect_run(f"sorted({places})", [start - 1, start])
    notebook.run("picker.filter = LookFilter('office', ready=True)")
    ui.expect_matches(notebook, picker)
    card(picker, 0).dispatch_event("keydown", {"key": "ф", "code": "KeyA", "ctrlKey": True, "bubbles": True})
    notebook.expect_run("len(picker.values)", 120)
    expect(picker.locator(".look-problem")).to_contain_text("at most 120")
    notebook.run("picker.values = ()")
    expect(picker.locator('.look-card[aria-selected="true"]')).to_have_count(0)
    ui.choose_action(picker, "Select all matches")
    notebook.expect_run("len(picker.values)", 120)
