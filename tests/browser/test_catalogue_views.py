"""The catalogue in the picker: dropdowns, characters, loading, snapshots, tables, and very few or many looks."""

import re

import pytest
from playwright.sync_api import Locator, expect

from heygen_widgets.demo import DemoService

from . import picker_page as ui
from .conftest import OpenNotebook

# Counts the frames in which a card in sight has no look, while `window.watching` is true.
WATCH = f"""root => {{
    window.watching = true;
    window.blankFrames = 0;
    window.frames = 0;
    const watch = () => {{
        if (!window.watching) return;
        window.frames += 1;
        if (({ui.BLANK})(root)) window.blankFrames += 1;
        requestAnimationFrame(watch);
    }};
    watch();
}}"""


def connect(service: DemoService, code: str = "picker = LookPicker(client)\npicker") -> str:
    return ui.client_code(service.api_key, service.base_url) + code


def chips(picker: Locator) -> Locator:
    return picker.locator(".look-line__chip")


def test_each_filter_has_options_with_counts_of_which_several_can_be_chosen(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    for label, options, texts, wanted in (
        ("Type", ["Studio avatar"], ["Studio avatar"], "avatar_type='studio_avatar'"),
        ("Gender", ["Female", "Not specified"], ["Gender: not specified", "Female"], "gender=['female', '']"),
        ("Orientation", ["Square"], ["Square"], "orientation='square'"),
        ("Engine", ["Avatar III", "Avatar V"], ["Avatar III", "Avatar V"], "engine=['avatar_iii', 'avatar_v']"),
        ("Ownership", ["Private"], ["Private"], "ownership='private'"),
        ("Ready", ["Ready to use", "Not ready"], ["Not ready"], "ready=False"),
        ("Tag", ["business", "casual"], ["business", "casual"], "tag=['business', 'casual']"),
    ):
        ui.choose_option(picker, label, *options)
        notebook.expect_run(f"picker.filter == LookFilter({wanted})", True)
        ui.expect_matches(notebook, picker)
        expect(chips(picker)).to_have_text(texts)
        button = picker.locator(".look-filters__button--on")
        named = label if label in ("Type", "Gender", "Orientation", "Engine") else "More filters"
        number = len(texts)
        expect(button).to_have_attribute("aria-label", f"{named}, {number} chosen")
        expect(button.locator(".look-filters__number")).to_have_count(number - 1)
        expect(button).to_be_focused()
        ui.open_filter(picker, label)
        clear = notebook.page.get_by_role("button", name=f"Clear {label}")
        clear.click()
        notebook.expect_run("picker.filter == LookFilter()", True)
        expect(clear).to_have_attribute("aria-disabled", "true")
        expect(ui.menu(picker).get_by_role("option", selected=True)).to_have_count(0)
        notebook.page.keyboard.press("Escape")
        expect(ui.total(picker)).to_have_text("2,000 looks")
        expect(chips(picker)).to_have_count(0)

    # Counts and their bars are of the looks that match otherwise. An option without any is disabled.
    notebook.run("picker.filter = LookFilter(avatar_type='studio_avatar', ready=True)")
    ui.expect_matches(notebook, picker)
    ui.open_filter(picker, "Gender")
    number = "len(picker.catalogue.select(picker.filter.replace(gender={!r})))"
    counts = [notebook.value(number.format(gender)) for gender in ("female", "male")]
    expect(ui.titled(picker, "Female").locator(".look-options__count")).to_have_text(f"{counts[0]:,}")
    widths = [ui.titled(picker, title).locator(".look-options__bar").bounding_box() for title in ("Female", "Male")]
    female, male = (box["width"] for box in widths if box)
    assert abs(female / male - counts[0] / counts[1]) < 0.05
    notebook.run("picker.filter = LookFilter(avatar_type='photo_avatar', engine='avatar_v')")
    expect(ui.titled(picker, "Female").locator(".look-options__count")).not_to_have_text(f"{counts[0]:,}")
    # A button opens its own menu while another one is open. A list with many values follows what is typed.
    ui.named(picker, "Type").click()
    expect(notebook.page.get_by_role("listbox")).to_have_attribute("aria-label", "Type")
    empty = ui.options(picker).filter(has_text=re.compile(r"\D0$")).first
    expect(empty).to_have_attribute("aria-disabled", "true")
    empty.click(force=True)
    notebook.expect_run("picker.filter.avatar_type", ("photo_avatar",))
    # A click on a picture beside a menu only closes it.
    ui.cards(picker).first.click()
    expect(ui.menu(picker)).to_have_count(0)
    notebook.expect_run("len(picker.values)", 0)
    ui.open_filter(picker, "Tag")
    find = notebook.page.get_by_label("Find a tag")
    find.fill("business")
    expect(ui.options(picker)).to_have_text([re.compile("^business")])
    find.fill("no such")
    expect(ui.menu(picker).get_by_role("status")).to_have_text("No such tag")
    ui.open_filter(picker, "Character")
    expect(ui.options(picker).locator(".look-picture").nth(20)).to_be_attached()
    expect(ui.menu(picker).get_by_role("status")).to_have_text(re.compile(r"^and [\d,]+ more: type to find them$"))
    # A chosen value stays in the list, also when it is not among the first ones.
    notebook.run("picker.filter = LookFilter(group_id=picker.catalogue.looks[-1].group_id)")
    notebook.page.get_by_label("Find a character").fill("")
    expect(ui.menu(picker).get_by_role("option", selected=True)).to_have_count(1)
    expect(ui.options(picker).nth(20)).to_be_attached()
    # The menu closes when its button scrolls away.
    notebook.page.mouse.move(90, 500)
    notebook.page.mouse.wheel(0, 3_000)
    expect(ui.menu(picker)).to_have_count(0)


def test_keys_move_in_the_list_of_a_filter_and_choose(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    keyboard, button = notebook.page.keyboard, ui.named(picker, "Gender")
    button.press("Enter")
    expect(ui.options(picker).locator(".look-options__title")).to_have_text(["Female", "Male", "Not specified"])
    at = 0
    expect(ui.options(picker).nth(at)).to_be_focused()
    for key, at in (("ArrowDown", 1), ("End", 2), ("ArrowDown", 2), ("f", 0), ("ArrowUp", 0), ("n", 2), ("Home", 0)):
        keyboard.press(key)
        expect(ui.options(picker).nth(at)).to_be_focused()
    for key in (" ", "End", "Enter"):
        keyboard.press(key)
    notebook.expect_run("picker.filter.gender", ("", "female"))
    expect(ui.options(picker).nth(2)).to_be_focused()
    expect(ui.menu(picker).get_by_role("option", selected=True)).to_have_count(2)
    keyboard.press("Escape")
    expect(button).to_be_focused()
    # Tab goes through the parts of a menu and then past its button.
    button.press("ArrowDown")
    expect(ui.options(picker).first).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(ui.menu(picker)).to_have_count(0)
    expect(ui.named(picker, "Orientation")).to_be_focused()
    # Arrows lead from one list to the next.
    picker.locator('.look-filters__button[data-field="more"]').press("Enter")
    expect(ui.named(picker, "Ready")).to_be_focused()
    keyboard.press("Enter")
    expect(ui.options(picker)).not_to_have_count(0)
    for _ in range(ui.options(picker).count() + 1):
        keyboard.press("ArrowDown")
    expect(ui.named(picker, "Ownership")).to_be_focused()
    keyboard.press("ArrowUp")
    expect(ui.options(picker).last).to_be_focused()


def test_a_chip_removes_its_value_and_undo_brings_it_back(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    ui.choose_action(picker, "Largest first")
    notebook.expect_run("picker.filter.sort", "-size")
    expect(picker.get_by_role("button", name="More actions")).to_be_focused()
    largest = notebook.value("picker.catalogue.select(picker.filter)[0].id")
    expect(picker.locator('[data-position="0"]')).to_have_attribute("data-look-id", largest)
    notebook.run(ui.EIGHT_CHIPS.replace("-name", "-avatar_type"))
    expect(chips(picker)).to_have_count(8)
    picker.get_by_role("button", name="More actions").click()
    sort = notebook.page.get_by_role("menuitemradio", name="Type, Z to A")
    expect(sort).to_have_attribute("aria-checked", "true")
    expect(sort).to_be_focused()
    notebook.page.keyboard.press("Escape")
    for title, change in {
        "Digital twin": "avatar_type='photo_avatar'",
        "Portrait": "orientation='square'",
        "Engine: not specified": "engine='avatar_iv'",
        "Ready to use": "ready=None",
    }.items():
        wanted = notebook.run(f"print(picker.filter.replace({change}))")
        picker.get_by_role("button", name=f"Remove {title}", exact=True).click()
        notebook.expect_run(f"str(picker.filter) == {wanted!r}", True)
        assert notebook.page.evaluate("document.activeElement !== document.body")
    for key, number in (("Enter", 3), ("Delete", 2)):
        chips(picker).first.press(key)
        expect(chips(picker)).to_have_count(number)
        expect(chips(picker).first).to_be_focused()
    left = "LookFilter(search='office', engine='avatar_iv', sort='-avatar_type')"
    notebook.expect_run(f"str(picker.filter) == {left!r}", True)
    picker.get_by_role("button", name="Clear filters").click()
    notebook.expect_run("picker.filter == LookFilter()", True)
    expect(picker.locator("input").first).to_have_value("")
    expect(chips(picker)).to_have_count(0)
    picker.locator(".look-line").get_by_role("button", name="Undo").click()
    notebook.expect_run(f"str(picker.filter) == {left!r}", True)
    expect(picker.locator("input").first).to_have_value("office")
    ui.expect_matches(notebook, picker)
    ui.cards(picker).first.click()
    ui.cards(picker).first.click()
    notebook.expect_run("picker.value", None)
    chips(picker).last.press("Backspace")
    notebook.expect_run("picker.filter.sort", None)
    for filtered, selected in ((True, False), (True, True)):
        ui.cards(picker).last.press("Control+z")
        notebook.expect_run(f"(str(picker.filter) == {left!r}, picker.value is not None)", (filtered, selected))


def test_narrow_pickers_keep_everything_in_one_row_and_one_line(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    size = picker.get_by_label("Size of the tiles")
    size.press("ArrowRight")
    notebook.expect_run("picker.tile", "l")
    expect(size).to_have_attribute("aria-valuetext", "Large")
    notebook.run(ui.EIGHT_CHIPS)
    for width, buttons in ((1900, 5), (1000, 5), (848, 4), (620, 3), (480, 1)):
        notebook.page.set_viewport_size({"width": width, "height": 900})
        expect(picker.locator(".look-filters__button")).to_have_count(buttons)
        for part, height in ((".look-filters", 40), (".look-line", 32)):
            box = picker.locator(part).evaluate("row => [row.clientHeight, row.scrollWidth <= row.clientWidth]")
            assert box == [height, True], (width, part)
    expect(size).to_have_count(0)
    ui.choose_action(picker, "Small")
    notebook.expect_run("picker.tile", "s")
    ui.choose_option(picker, "Gender", "Female")
    notebook.expect_run("picker.filter.gender", ("female",))
    expect(ui.named(picker, "Filters")).to_have_attribute("aria-label", "Filters, 8 chosen")


def test_characters_are_shown_filtered_opened_by_a_click_and_left_again(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    back = picker.get_by_role("button", name="Back", exact=True)
    ui.cards(picker).first.press("Shift+ArrowRight")  # selects no range
    ui.scroll_and_load(picker, 2_000)
    ui.button(picker, "People").click()
    notebook.expect_run("picker.view", "characters")
    number = notebook.value("len(picker.catalogue.characters())")
    expect(ui.total(picker)).to_have_text(f"{number:,} people")
    ui.wait_for_pictures(picker)
    assert ui.grid(picker).evaluate("grid => grid.scrollTop") == 0
    selected = ""
    for place in (2, number - 1):
        group_id, looks = notebook.value(f"(lambda c: (c.id, c.expected))(picker.catalogue.characters()[{place}])")
        ui.scroll_to(picker, 0 if place == 2 else 10**7)
        card = picker.locator(f'[data-position="{place}"]')
        expect(card).to_have_attribute("data-look-id", group_id)
        expect(card.locator(".look-card__type")).to_have_text(f"{looks:,} look{'' if looks == 1 else 's'}")
        card.click(click_count=2, delay=150)  # the second click selects nothing in the person's looks
        notebook.expect_run(f"(picker.view, picker.filter.group_id) == ('looks', ({group_id!r},))", True)
        ui.expect_matches(notebook, picker)
        notebook.expect_run("picker.selected_id", selected)
        ui.cards(picker).first.click()
        notebook.expect_run("picker.value is not None and (picker.value.group_id or '')", group_id)
        selected = notebook.value("picker.selected_id")
        expect(picker.locator(".look-panel")).to_have_count(0)
        back.click()
        notebook.expect_run("(picker.view, picker.filter == LookFilter())", ("characters", True))
        expect(ui.total(picker)).to_have_text(f"{number:,} people")
        expect(back).to_have_count(0)
    ui.choose_option(picker, "Gender", "Male")
    wanted = notebook.value("len(picker.catalogue.characters(LookFilter(gender='male')))")
    expect(ui.total(picker)).to_have_text(f"{wanted:,} people")


def test_a_loading_picker_shows_its_progress_can_be_used_stopped_and_continued(open_notebook: OpenNotebook) -> None:
    with DemoService(looks=2_000, latency=0.3) as service:
        notebook, picker = ui.shown(open_notebook, connect(service))
        bar, rest = picker.get_by_role("progressbar"), picker.get_by_role("button", name="Load the rest")
        expect(ui.total(picker)).to_have_text(re.compile(r"^[\d,]+ of 2,000 looks so far$"))
        expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]"))
        ui.cards(picker).nth(3).click()
        notebook.expect_run("picker.value is not None", True)
        # A type without a look so far can be chosen, and its looks are fetched next.
        notebook.run("picker.filter = 'no such look'")
        expect(ui.total(picker)).to_have_text(re.compile("^0 of "))
        ui.choose_option(picker, "Type", "Studio avatar")
        notebook.expect_run("picker.filter.avatar_type", ("studio_avatar",))
        notebook.run("picker.filter = None")
        notebook.run("picker.catalogue.stop()")
        expect(ui.total(picker)).to_have_text(re.compile(r"^[\d,]+ of 2,000 looks \(not all are loaded\)$"))
        expect(bar).to_be_hidden()
        rest.click()
        expect(rest).to_have_count(0)
        expect(ui.total(picker)).to_contain_text("so far")
        service.latency = 0
        expect(ui.total(picker)).to_have_text("2,000 looks", timeout=60_000)
        expect(bar).to_be_hidden()


@pytest.mark.parametrize("delay", [0, 0.2])
def test_no_card_in_sight_goes_blank_while_looks_arrive_in_between(open_notebook: OpenNotebook, delay: float) -> None:
    # Sorted, each page changes the positions. While a slow kernel answers, several versions come and go.
    code = (
        "import time\n"
        "class Slow(LookPicker):\n"
        "    versions = set()\n"
        "    def vue_ask_window(self, asked):\n"
        f"        time.sleep({delay})\n"
        "        super().vue_ask_window(asked)\n"
        "    def send(self, content, buffers=None):\n"
        "        self.versions.add(content['args'][0].get('status', {}).get('version'))\n"
        "        super().send(content, buffers)\n"
        "picker = Slow(client, filter=LookFilter(sort='name'))\npicker"
    )
    # More looks than arrive while it is watched, even at the few frames per second of a busy machine.
    with DemoService(looks=25_000, latency=0.12) as service:
        notebook, picker = ui.shown(open_notebook, connect(service, code))
        notebook.expect_run("len(picker.catalogue) > 1_000", True)
        ui.scroll_and_load(picker, 3_000)
        picker.evaluate(WATCH)
        notebook.run("picker.versions.clear()")
        notebook.page.wait_for_function("() => frames > 50", timeout=60_000)
        notebook.expect_run("len(picker.versions - {None}) > 1", True)
        assert notebook.value("picker.catalogue.progress.loading")
        blank, frames = notebook.page.evaluate("() => { window.watching = false; return [blankFrames, frames] }")
        assert blank == 0, f"{blank} of {frames} frames showed a blank card"


def test_a_refresh_shows_its_progress_and_keeps_the_place_and_the_selection(open_notebook: OpenNotebook) -> None:
    with DemoService(looks=2_000) as service:
        notebook, picker = ui.shown(open_notebook, connect(service))
        expect(ui.total(picker)).to_have_text("2,000 looks")
        ui.button(picker, "More actions").click()
        refresh = notebook.page.get_by_role("menuitem", name=re.compile("^Refresh"))
        expect(refresh).to_have_text(re.compile(r"Updated (just now|\d+ min ago)$"))
        service.latency = 0.1
        ui.scroll_and_load(picker, 3_000)
        picker.evaluate(WATCH)
        refresh.click()
        expect(picker.locator(".look-line__note")).to_have_text(re.compile(r"^Refreshing: [\d,]+ of 2,000$"))
        expect(picker.get_by_role("progressbar")).to_be_visible()
        expect(ui.total(picker)).to_have_text("2,000 looks")
        ui.cards(picker).nth(9).click()
        notebook.expect_run("picker.value is not None", True)
        place = ui.grid(picker).evaluate("grid => grid.scrollTop")
        service.latency = 0
        expect(picker.locator(".look-line__note")).to_have_count(0, timeout=60_000)
        expect(ui.total(picker)).to_have_text("2,000 looks")
        ui.wait_for_cards(picker)
        assert notebook.page.evaluate("() => { window.watching = false; return blankFrames }") == 0
        assert ui.grid(picker).evaluate("grid => grid.scrollTop") == place
        expect(ui.card_of(picker, notebook.value("picker.selected_id"))).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("looks", [0, 1])
def test_an_account_with_hardly_any_looks_says_so(open_notebook: OpenNotebook, looks: int) -> None:
    with DemoService(looks=looks) as service:
        notebook, picker = ui.shown(open_notebook, connect(service), pictures=looks)
        expect(ui.total(picker)).to_have_text("1 look" if looks else "0 looks")
        expect(ui.cards(picker)).to_have_count(looks)
        if not looks:
            expect(picker.locator(".look-empty")).to_contain_text("This account has no looks.")
            expect(picker.locator(".v-alert")).to_have_count(0)
            return
        # A refresh shows no filter that was hidden.
        service.latency = 0.5
        ui.choose_action(picker, "Refresh")
        expect(picker.locator(".look-line__note")).to_contain_text("Refreshing")
        ui.open_filter(picker, "Character")
        expect(ui.named(picker, "Ready")).to_have_count(0)
        notebook.page.keyboard.press("Escape")
        expect(picker.locator(".look-line__note")).to_have_count(0)
        ui.button(picker, "People").click()
        expect(ui.total(picker)).to_have_text("1 person")


def test_the_last_of_100_000_looks_in_a_file_can_be_reached_and_found(open_notebook: OpenNotebook) -> None:
    code = (
        "from heygen_widgets import *\n"
        "looks = [Look(f'look_{n}', f'Look {n}', 'photo_avatar', gender='male') for n in range(99_999)]\n"
        "_ = LookCatalogue.of([*looks, Look('look_99999', 'Look 99999', 'photo_avatar')]).save('looks.jsonl.gz')\n"
        "picker = LookPicker(LookCatalogue.open('looks.jsonl.gz'))\npicker"
    )
    notebook, picker = ui.shown(open_notebook, code, pictures=0, viewport=(690, 1000))
    expect(ui.total(picker)).to_have_text("100,000 looks")
    # Without a client nothing can be loaded.
    for button in ("Retry", "Load the rest"):
        expect(ui.button(picker, button)).to_have_count(0)
    ui.button(picker, "More actions").click()
    expect(ui.menu(picker)).to_contain_text("Smallest first")
    expect(ui.menu(picker)).not_to_contain_text("Refresh")
    notebook.page.keyboard.press("Escape")
    # A field without values has no filter.
    ui.open_filter(picker, "Character")
    for label in ("Engine", "Ownership", "Tag"):
        expect(ui.named(picker, label), label).to_have_count(0)
    notebook.page.keyboard.press("Escape")
    ui.scroll_to(picker, 10**9)
    card = picker.locator('[data-position="99999"]')
    expect(card).to_have_attribute("data-look-id", "look_99999")
    card.click()
    notebook.expect_run("picker.selected_id", "look_99999")
    ui.wait_for_cards(picker)
    picker.locator("input").first.fill("look_99999")
    expect(ui.total(picker)).to_contain_text("1 of 100,000")
    expect(ui.cards(picker).first.locator(".look-card__name")).to_have_text("Look 99999")
