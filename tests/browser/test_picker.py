"""The picker in a real JupyterLab: filtering, scrolling through all looks, and errors."""

from playwright.sync_api import Locator, expect

from . import picker_page as ui
from .conftest import OpenNotebook

# Pickers whose kernel loses an answer, or notes what it receives.
SPECIAL = """
from heygen_widgets import *

class Forgetful(LookPicker):
    losing = "window"
    def answers(self, kind):
        before, self.losing = self.losing, self.losing.replace(kind, "")
        return before != kind
    def vue_ask_window(self, asked):
        if asked["start"] < 200 or self.answers("window"):
            super().vue_ask_window(asked)
    def vue_ask_answer(self, view):
        if self.answers("event"):
            super().vue_ask_answer(view)

class Noting(LookPicker):
    counts = []
    def vue_ask_window(self, asked):
        self.counts.append(asked["count"])
        super().vue_ask_window(asked)

picker = CLASS(demo_client(looks=400))
picker.catalogue.wait(); picker
"""


# Counts how often the picker itself renders from now on, and not its parts.
COUNT_RENDERS = """root => {
    const find = ({ component, children }) => {
        const below = component ? [component.subTree] : Array.isArray(children) ? children : [];
        const inner = below.map(child => child && find(child)).find(found => found);
        return inner || (component && component.subTree.el === root ? component : null);
    };
    let mount = root;
    while (!mount.__vue_app__) mount = mount.parentElement;
    window.renders = 0;
    (find(mount._vnode).u ??= []).push(() => { window.renders += 1; });
}"""


def styles_computed(picker: Locator) -> int:
    """Return the number of elements whose styles the browser computes after a text has changed, at most in one go."""
    session, events, ended = picker.page.context.new_cdp_session(picker.page), [], []
    session.on("Tracing.dataCollected", lambda message: events.extend(message["value"]))
    session.on("Tracing.tracingComplete", lambda message: ended.append(message))
    options = {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": ["devtools.timeline"]}}
    session.send("Tracing.start", options)
    ui.total(picker).evaluate("total => { total.textContent = '1 look'; }")
    picker.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    session.send("Tracing.end")
    while not ended:
        picker.page.title()  # Playwright hands events over while it waits for an answer
    return max(event["args"].get("elementCount", 0) for event in events if event["name"] == "UpdateLayoutTree")


def test_the_search_and_python_narrow_the_grid(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    search, clear = picker.locator("input").first, picker.get_by_role("button", name="Clear filters")
    expect(clear).to_have_count(0)
    search.press_sequentially("office 1 and more", delay=5)
    for _ in range(len(" 1 and more")):
        search.press("Backspace")
    notebook.expect_run("picker.filter == LookFilter('office')", True)
    expect(search).to_have_value("office")
    ui.expect_matches(notebook, picker)
    clear.click()
    expect(ui.total(picker)).to_have_text("2,000 looks")
    expect(clear).to_have_count(0)
    expect(search).to_have_value("")
    expect(search).to_be_focused()
    notebook.expect_run("bool(picker.filter)", False)
    picker.evaluate(COUNT_RENDERS)
    search.press_sequentially("studio")
    notebook.expect_run("picker.filter.search", "studio")
    ui.expect_matches(notebook, picker)
    assert notebook.page.evaluate("window.renders") == 0
    assert 0 < styles_computed(picker) < picker.locator("*").count() / 2
    picker.get_by_role("button", name="Clear search").click()
    expect(ui.total(picker)).to_have_text("2,000 looks")
    expect(search).to_be_focused()

    # A filter that is set in Python moves the grid to its first look.
    ui.scroll_and_load(picker, 5_000)
    notebook.run("picker.filter = LookFilter('studio', gender='female')")
    ui.expect_matches(notebook, picker)
    assert ui.grid(picker).evaluate("grid => grid.scrollTop") == 0
    expect(search).to_have_value("studio")
    search.fill("no such look at all")
    empty = picker.locator(".look-empty")
    expect(empty).to_contain_text("No look matches these filters")
    expect(ui.total(picker)).to_have_text("0 of 2,000 looks")
    notebook.run("picker.filter = LookFilter(tag='Busines')")
    expect(empty).to_contain_text("no look has the tag 'Busines': did you mean 'business'?")
    empty.get_by_role("button", name="Clear filters").click()
    ui.wait_for_pictures(picker)


def test_all_looks_scroll_by_in_the_order_of_python(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, SPECIAL.replace("CLASS", "Noting"))
    seen: dict[str, str] = {}
    for top in range(0, int(ui.grid(picker).evaluate("grid => grid.scrollHeight")), 450):
        ui.scroll_and_load(picker, top)
        seen |= ui.cards(picker).evaluate_all(
            "cards => Object.fromEntries(cards.map(card => [card.dataset.position, card.dataset.lookId]))"
        )
    ids = notebook.value("[look.id for look in picker.catalogue.select()]")
    assert [seen.get(str(position)) for position in range(400)] == ids
    # No request is for an empty window.
    assert notebook.value("min(picker.counts)") > 0


def test_an_answer_that_never_comes_is_asked_for_again(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook, SPECIAL.replace("CLASS", "Forgetful"))
    busy = picker.locator(".look-picker__busy")
    # The picker waits 10 s for an answer. Here each timer takes a fiftieth of its time.
    notebook.page.evaluate(
        "() => { window.before = setTimeout; window.setTimeout = (run, ms) => before(run, ms / 50); }"
    )
    ui.scroll_to(picker, 10**7)
    notebook.expect_run("picker.losing", "")
    ui.wait_for_cards(picker)

    # Nor does the picker call a kernel busy that owes it nothing: what was lost is out of sight again,
    ui.scroll_and_load(picker, 0)
    notebook.run("picker.filter = LookFilter(sort='name')")  # forgets the last cards
    ui.wait_for_cards(picker)
    notebook.run("picker.losing = 'window'")
    ui.grid(picker).evaluate(
        """async grid => {
            grid.scrollTop = 1e7;
            await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            grid.scrollTop = 0;
        }"""
    )
    notebook.expect_run("picker.losing", "")
    expect(busy).to_have_text("")

    # or has been repeated.
    notebook.run("picker.losing = 'event'")
    card = ui.cards(picker).first
    card.click()
    notebook.expect_run("(picker.losing, len(picker.values))", ("", 1))
    notebook.run("picker.values = ()")
    expect(card).to_have_attribute("aria-selected", "false")
    expect(busy).to_have_text("")
    notebook.page.evaluate("() => { window.setTimeout = window.before; }")


def test_the_dom_holds_at_most_120_cards_and_reflows_in_place(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    for width, height in ((690, 240), (1110, 560), (1810, 1200)):
        notebook.page.set_viewport_size({"width": width, "height": 1400})
        notebook.run(f"picker.height = {height}")
        expect(ui.grid(picker)).to_have_css("height", f"{height}px")
        most = 0
        for top in (0, 300, 3_000, 2_500, 10**7):
            ui.scroll_and_load(picker, top)
            most = max(most, int(picker.evaluate(ui.CARDS)))
        assert 4 <= most <= 120
        assert picker.evaluate("root => root.scrollWidth <= root.clientWidth")
        assert ui.grid(picker).evaluate("grid => grid.scrollWidth <= grid.clientWidth")

    ui.scroll_and_load(picker, 5_000)
    top = "root => Math.min(...[...root.querySelectorAll('.look-card')].map(c => Number(c.dataset.position)))"
    before, wide = int(picker.evaluate(top)), str(ui.grid(picker).get_attribute("aria-colcount"))
    notebook.page.set_viewport_size({"width": 800, "height": 1000})
    expect(ui.grid(picker)).not_to_have_attribute("aria-colcount", wide)
    ui.wait_for_cards(picker)
    assert abs(int(picker.evaluate(top)) - before) <= 3 * int(wide)


def test_a_picker_without_a_key_shows_the_error_alone_until_retry_loads_the_looks(open_notebook: OpenNotebook) -> None:
    code = (
        "from heygen_widgets import *\nfrom heygen_widgets.demo import DemoService\n"
        "service = DemoService(looks=300, api_key='the-key').start()\n"
        "import os; os.environ['HEYGEN_API_BASE'] = service.base_url\nos.environ.pop('HEYGEN_API_KEY', None)\n"
        "picker = LookPicker()\npicker"
    )
    notebook, picker = ui.shown(open_notebook, code, "LookPicker()", pictures=0, viewport=(1400, 1900))
    alert, search = picker.locator(".v-alert"), picker.get_by_label("Search").first
    expect(alert).to_contain_text("HEYGEN_API_KEY")
    # Without looks there is nothing to filter: the error and its button are at the top.
    expect(search).to_be_hidden()
    assert picker.evaluate(
        "root => root.querySelector('.v-alert').getBoundingClientRect().top - root.getBoundingClientRect().top < 20"
    )
    assert picker.evaluate("root => root.clientHeight < 150")
    notebook.run_cell(1)
    demo = ui.picker_of(notebook, 1)
    demo.get_by_role("button", name="Show demo looks").click()
    ui.wait_for_pictures(demo)
    expect(demo.locator(".look-line")).to_contain_text("Made-up people")
    notebook.run("os.environ['HEYGEN_API_KEY'] = 'the-key'")
    alert.get_by_role("button", name="Retry").press("Enter")
    ui.wait_for_pictures(picker)
    expect(alert).to_have_count(0)
    expect(search).to_be_focused()
    expect(ui.total(picker)).to_have_text("300 looks")

    # After another error the looks stay.
    notebook.run("try:\n    picker.selected_id = 'no_such_look'\nexcept HeyGenError:\n    pass")
    expect(alert).to_contain_text("no_such_look")
    ui.wait_for_pictures(picker)
    assert notebook.value("picker.selected_id") == ""
    expect(ui.grid(picker)).to_have_css("pointer-events", "auto")
    picker.evaluate("root => root.parentElement.classList.add('jupyter-widgets-disconnected')")
    expect(picker.locator(".look-picker__cut")).to_be_visible()
    expect(ui.grid(picker)).to_have_css("pointer-events", "none")
