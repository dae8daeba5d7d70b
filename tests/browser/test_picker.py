"""The picker in a real JupyterLab and Notebook 7: what a user sees and does, and what Python has of it."""

from pathlib import Path

from playwright.sync_api import expect

from .conftest import OpenNotebook
from .picker_page import (
    BLANK,
    CARDS,
    DECODED,
    SETUP,
    cards,
    choose_option,
    expect_matches,
    grid,
    named,
    options,
    picker_of,
    scroll_to,
    shown,
    total,
    wait_for_cards,
    wait_for_pictures,
    wait_until,
)

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_pick_a_look.ipynb"
KEY = "planted-key-5d0e8b7a61"


def test_the_notebook_runs_from_top_to_bottom_without_a_key_and_says_so(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(NOTEBOOK)
    notebook.run_all()
    expect(notebook.output(0)).to_contain_text("HEYGEN_API_KEY")
    expect(notebook.output(0)).to_contain_text("stand-in")
    wait_for_pictures(picker_of(notebook, 1))


def test_a_dropdown_and_the_search_narrow_the_grid_and_the_count_and_the_filter_in_python(
    open_notebook: OpenNotebook,
) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    clear = picker.get_by_role("button", name="Clear filters")
    expect(total(picker)).to_have_text("2,000 looks")
    expect(clear).to_have_count(0)

    choose_option(picker, "Type", "Digital twin")
    notebook.expect_run("picker.filter", notebook_literal("LookFilter(avatar_type='digital_twin')"))
    twins = notebook.value("len(picker.catalogue.select(picker.filter))")
    expect(total(picker)).to_have_text(f"{twins:,} of 2,000 looks")
    expect(picker.locator(".look-card__type").first).to_have_text("Digital twin")

    picker.locator("input").first.fill("office")
    notebook.expect_run("picker.filter", notebook_literal("LookFilter('office', avatar_type='digital_twin')"))
    both = notebook.value("len(picker.catalogue.select(picker.filter))")
    expect(total(picker)).to_have_text(f"{both:,} of 2,000 looks")
    expect(cards(picker).first).to_have_attribute(
        "data-look-id", notebook.value("picker.catalogue.select(picker.filter)[0].id")
    )

    clear.click()
    expect(total(picker)).to_have_text("2,000 looks")
    expect(clear).to_have_count(0)
    expect(picker.locator("input").first).to_have_value("")
    notebook.expect_run("bool(picker.filter)", False)


def notebook_literal(code: str) -> object:
    """Give the filter that some code makes, to be compared by its repr."""
    from heygen_widgets import LookFilter

    return eval(code, {"LookFilter": LookFilter})


def test_a_character_is_found_by_typing_its_name(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    name, number = notebook.value(
        "(lambda names, counts: next((names[i], n) for i, n in counts.items()"
        " if i and names[i].isascii() and list(names.values()).count(names[i]) == 1))"
        "({g.id: g.name.strip() for g in picker.catalogue.groups.values()}, picker.catalogue.facets()['group_id'])"
    )
    named(picker, "Character").locator(".v-field").click()
    notebook.page.keyboard.type(name.lower())
    option = options(picker).filter(has_text=name)
    expect(option).to_have_count(1)
    option.click()
    expect(total(picker)).to_have_text(f"{number:,} of 2,000 looks")
    expect(named(picker, "Character")).to_contain_text(name)
    notebook.expect_run("len(picker.filter.group_id)", 1)


def test_the_list_of_characters_offers_all_of_them_again_when_one_is_chosen(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    field = named(picker, "Character").locator(".v-field")
    field.click()
    expect(options(picker).nth(10)).to_be_attached()
    options(picker).first.click()
    notebook.expect_run("len(picker.filter.group_id)", 1)
    expect(picker.locator(".look-line__chip")).to_have_count(1)
    total(picker).click()
    expect(options(picker)).to_have_count(0)
    field.click()
    expect(options(picker).nth(10)).to_be_attached()


def test_a_slow_kernel_loses_no_keystroke(open_notebook: OpenNotebook) -> None:
    slow = (
        "import time\nfrom heygen_widgets import *\n"
        "class Slow(LookPicker):\n"
        "    def vue_set_filter(self, changes):\n"
        "        time.sleep(0.4)\n"
        "        super().vue_set_filter(changes)\n"
        "picker = Slow(demo_client(looks=300))\npicker.catalogue.wait(); picker"
    )
    notebook = shown(open_notebook, code=slow)
    picker = picker_of(notebook)
    search = picker.locator("input").first
    search.press_sequentially("office", delay=230)
    notebook.expect_run("picker.filter.search", "office")
    expect(search).to_have_value("office")


def test_a_click_on_a_card_is_the_value_in_python_and_a_second_one_takes_it_back(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    card = cards(picker_of(notebook)).nth(4)
    look_id = card.get_attribute("data-look-id")
    name = card.locator(".look-card__name").text_content()
    card.click()
    expect(card).to_have_attribute("aria-selected", "true")
    notebook.expect_run("picker.value.id", look_id)
    assert notebook.value("picker.value.name.strip()") == name
    assert notebook.value("picker.to_frame()['id'].tolist()") == [look_id]
    assert notebook.value("(picker.selected_id, len(picker.values))") == (look_id, 1)

    card.click()
    expect(card).to_have_attribute("aria-selected", "false")
    notebook.expect_run("(picker.value, tuple(picker.values), picker.selected_id)", (None, (), ""))


def test_every_look_passes_by_in_the_order_of_python_on_the_way_down(open_notebook: OpenNotebook) -> None:
    code = (
        "from heygen_widgets import *\n"
        "class Noting(LookPicker):\n"
        "    counts = []\n"
        "    def vue_ask_window(self, asked):\n"
        "        self.counts.append(asked['count'])\n"
        "        super().vue_ask_window(asked)\n"
        "picker = Noting(demo_client(looks=400))\npicker.catalogue.wait(); picker"
    )
    notebook = shown(open_notebook, code=code)
    picker = picker_of(notebook)
    seen: dict[str, str] = {}
    height = int(grid(picker).evaluate("grid => grid.scrollHeight"))
    for top in range(0, height, 450):
        scroll_to(picker, top)
        wait_until(picker, f"root => ({CARDS})(root) > 0 && ({BLANK})(root) === 0")
        seen.update(
            picker.evaluate(
                "root => Object.fromEntries([...root.querySelectorAll('.look-card[data-look-id]')]"
                ".map(card => [card.dataset.position, card.dataset.lookId]))"
            )
        )
    ids = notebook.value("[look.id for look in picker.catalogue.looks]")
    assert [seen.get(str(position)) for position in range(400)] == ids
    # No window is asked for that holds nothing.
    assert notebook.value("min(picker.counts)") > 0


def test_a_window_that_is_never_answered_is_asked_for_again(open_notebook: OpenNotebook) -> None:
    code = (
        "from heygen_widgets import *\n"
        "class Forgetful(LookPicker):\n"
        "    lost = 0\n"
        "    def vue_ask_window(self, asked):\n"
        "        if asked['start'] >= 200 and not self.lost:\n"
        "            self.lost += 1\n"
        "        else:\n"
        "            super().vue_ask_window(asked)\n"
        "picker = Forgetful(demo_client(looks=2_000))\npicker.catalogue.wait(); picker"
    )
    notebook = shown(open_notebook, code=code)
    picker = picker_of(notebook)
    # The picker waits 10 s for an answer; here a timer is over in a fiftieth of its time.
    notebook.page.evaluate(
        """() => {
            window.unhurried = window.setTimeout;
            window.setTimeout = (run, ms, ...given) => window.unhurried(run, ms / 50, ...given);
        }"""
    )
    scroll_to(picker, 10**7)
    notebook.expect_run("picker.lost", 1)
    wait_for_cards(picker)
    notebook.page.evaluate("() => { window.setTimeout = window.unhurried; }")


def test_a_card_shown_until_those_of_a_newer_version_come_takes_a_click_and_a_key(open_notebook: OpenNotebook) -> None:
    code = (
        "from heygen_widgets import *\n"
        "class Silent(LookPicker):\n"
        "    silent = False\n"
        "    def vue_ask_window(self, asked):\n"
        "        if not self.silent:\n"
        "            super().vue_ask_window(asked)\n"
        "picker = Silent(demo_client(looks=300))\npicker.catalogue.wait(); picker"
    )
    notebook = shown(open_notebook, code=code)
    picker = picker_of(notebook)
    notebook.run(
        "picker.silent = True; window = picker._window(0, 1)\n"
        "window['version'] += 1; picker.send({'method': 'window', 'args': [{'view': None, **window}]})"
    )
    card = cards(picker).nth(3)
    card.click()
    notebook.expect_run("picker.selected_id == picker.catalogue.looks[3].id", True)
    card.press("i")
    expect(picker.locator(".look-panel")).to_be_visible()


def test_a_window_of_an_older_filter_changes_nothing(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    notebook.run("old = picker._window(0, 120); picker.filter = LookFilter('office')")
    expect_matches(notebook, picker)
    notebook.run("picker.send({'method': 'window', 'args': [{'view': None, **old}]})")
    notebook.run("picker.selected_id = picker.catalogue.looks[5].id")
    expect(picker.locator(".look-tray__item")).to_have_count(1)
    expect_matches(notebook, picker)


def test_a_filter_set_in_python_moves_the_grid_to_its_first_look(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    scroll_to(picker, 5_000)
    wait_until(picker, f"root => root.querySelector('[data-position=\"0\"]') === null && ({BLANK})(root) === 0")
    notebook.run("picker.filter = LookFilter('studio', gender='female')")
    first = notebook.value("picker.catalogue.select(picker.filter)[0].id")
    expect(picker.locator('[data-position="0"]')).to_have_attribute("data-look-id", first)
    assert grid(picker).evaluate("grid => grid.scrollTop") == 0
    expect(picker.locator("input").first).to_have_value("studio")


def test_a_filter_that_matches_nothing_says_so_and_offers_to_clear(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    picker.locator("input").first.fill("no such look at all")
    empty = picker.locator(".look-empty")
    expect(empty).to_contain_text("No look matches these filters")
    expect(total(picker)).to_have_text("0 of 2,000 looks")
    empty.get_by_role("button", name="Clear filters").click()
    wait_for_pictures(picker)


def test_the_dom_holds_at_most_120_cards_and_no_sideways_scroll(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    for width, height in ((690, 240), (1110, 560), (1810, 1200)):
        notebook.page.set_viewport_size({"width": width, "height": 1400})
        notebook.run(f"picker.height = {height}")
        expect(grid(picker)).to_have_css("height", f"{height}px")
        most = 0
        for top in (0, 300, 3_000, 2_500, 10**7):
            scroll_to(picker, top)
            wait_until(picker, f"root => ({CARDS})(root) > 0 && ({BLANK})(root) === 0")
            most = max(most, int(picker.evaluate(CARDS)))
        assert 4 <= most <= 120
        assert picker.evaluate("root => root.scrollWidth <= root.clientWidth")
        assert grid(picker).evaluate("grid => grid.scrollWidth <= grid.clientWidth")


def test_pictures_keep_their_proportions(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    ratios = picker_of(notebook).evaluate(
        """root => [...root.querySelectorAll('.look-card img')].filter(i => i.naturalWidth > 0).map(i => {
            const fit = getComputedStyle(i).objectFit;
            return [fit, i.clientWidth / i.clientHeight / (i.naturalWidth / i.naturalHeight)];
        })"""
    )
    assert len(ratios) >= 12
    for fit, ratio in ratios:
        assert fit == "contain"
        assert 0.9 < ratio < 1.1


def test_the_grid_reflows_with_the_page_and_keeps_its_place(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    wide = int(grid(picker).get_attribute("aria-colcount") or 0)
    row = int(picker.locator(".look-grid__row").nth(1).evaluate("row => row.getBoundingClientRect().height"))
    scroll_to(picker, (row + 12) * 20)
    wait_until(picker, f"root => ({BLANK})(root) === 0 && root.querySelector('[data-position=\"0\"]') === null")
    top = "root => Math.min(...[...root.querySelectorAll('.look-card')].map(c => Number(c.dataset.position)))"
    before = int(picker.evaluate(top))
    notebook.page.set_viewport_size({"width": 800, "height": 1000})
    expect(grid(picker)).not_to_have_attribute("aria-colcount", str(wide))
    wait_for_cards(picker)
    assert abs(int(picker.evaluate(top)) - before) <= 3 * wide


def test_a_picker_whose_kernel_is_lost_takes_no_click(open_notebook: OpenNotebook) -> None:
    picker = picker_of(shown(open_notebook))
    expect(grid(picker)).to_have_css("pointer-events", "auto")
    picker.evaluate("root => root.parentElement.classList.add('jupyter-widgets-disconnected')")
    expect(picker.locator(".look-picker__cut")).to_be_visible()
    expect(grid(picker)).to_have_css("pointer-events", "none")


def test_the_first_cards_show_after_one_request_and_the_count_grows_while_the_grid_is_used(
    open_notebook: OpenNotebook,
) -> None:
    notebook = open_notebook(
        [
            "from heygen_widgets import *\nfrom heygen_widgets.demo import DemoService\n"
            "service = DemoService(looks=2_000, latency=0.5).start()\n"
            "picker = LookPicker(HeyGenClient(service.api_key, base_url=service.base_url))\npicker"
        ]
    )
    notebook.run_cell(0)
    picker = picker_of(notebook)
    wait_for_pictures(picker)
    expect(total(picker)).to_contain_text("so far")
    card = cards(picker).nth(3)
    card.click()
    notebook.expect_run("picker.value is not None", True)
    assert not notebook.value("picker.catalogue.complete")
    notebook.run("service.latency = 0")
    expect(total(picker)).to_have_text("2,000 looks", timeout=60_000)


def test_an_error_shows_with_its_hint_and_retry_goes_on(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        [
            "from heygen_widgets import *\nfrom heygen_widgets.demo import DemoService\n"
            "service = DemoService(looks=300, api_key='the-key').start()\n"
            "import os; os.environ['HEYGEN_API_BASE'] = service.base_url\nos.environ.pop('HEYGEN_API_KEY', None)\n"
            "picker = LookPicker()\npicker"
        ]
    )
    notebook.run_cell(0)
    picker = picker_of(notebook)
    alert = picker.locator(".v-alert")
    expect(alert).to_contain_text("HEYGEN_API_KEY")
    # Without looks there is nothing to filter: the way out stands at the top.
    search = picker.get_by_label("Search").first
    expect(search).to_be_hidden()
    box, around = alert.bounding_box(), picker.bounding_box()
    assert box
    assert around
    assert box["y"] - around["y"] < 20
    assert around["height"] < 150
    notebook.run("os.environ['HEYGEN_API_KEY'] = 'the-key'")
    alert.get_by_role("button", name="Retry").click()
    wait_for_pictures(picker)
    expect(alert).to_have_count(0)
    expect(search).to_be_visible()
    expect(total(picker)).to_have_text("300 looks")


def test_after_an_error_the_grid_keeps_what_it_had(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    notebook.run("picker.selected_id = 'no_such_look'")
    expect(picker.locator(".v-alert")).to_contain_text("no_such_look")
    assert int(picker.evaluate(DECODED)) >= 12
    assert notebook.value("picker.selected_id") == ""


def test_a_picker_in_a_box_has_the_full_width(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        [SETUP.replace("; picker", "\nfrom ipywidgets import HBox, Label\nHBox([picker, Label('x')])")]
    )
    notebook.run_cell(0)
    picker = picker_of(notebook)
    wait_for_pictures(picker)
    width = notebook.output(0).evaluate("output => output.clientWidth")
    assert picker.evaluate("root => root.clientWidth") > 0.9 * width
