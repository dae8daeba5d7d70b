"""The catalogue in the picker: dropdowns, characters, loading, snapshots, tables, and very few or many looks."""

import re
from collections import Counter

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


def expect_ids(picker: Locator, wanted: list[str]) -> None:
    """Expect the ids of the first cards."""
    for position, look_id in enumerate(wanted):
        expect(picker.locator(f'[data-position="{position}"]')).to_have_attribute("data-look-id", look_id)


def chips(picker: Locator) -> Locator:
    return picker.locator(".look-line__chip")


def show_characters(picker: Locator) -> None:
    picker.get_by_role("button", name="Characters", exact=True).click()


def asked_of_the_api(service: DemoService) -> list[tuple[str, str]]:
    """Give the requests without those of the browser, which plays a clip where the mouse is."""
    return [request for request in service.requests if request[1].startswith("/v3/")]


def test_each_dropdown_filters_shows_a_chip_and_offers_any_and_counts(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    for label, option, chip, wanted in (
        ("Type", "Studio avatar", "Studio avatar", "avatar_type='studio_avatar'"),
        ("Gender", "Female", "Female", "gender='female'"),
        ("Gender", "None", "Gender: None", "gender=''"),
        ("Orientation", "Square", "Orientation: Square", "orientation='square'"),
        ("Engine", "Avatar V", "Engine: Avatar V", "engine='avatar_v'"),
        ("Ownership", "Private", "Private", "ownership='private'"),
        ("Status", "Completed", "Status: Completed", "status='completed'"),
        ("Status", "None", "Status: None", "status=''"),
        ("Ready", "No", "Not ready", "ready=False"),
        ("Tag", "business", "Tag: business", "tag='business'"),
        ("Tag", "None", "Tag: None", "tag=''"),
    ):
        ui.choose_option(picker, label, option)
        notebook.expect_run(f"picker.filter == LookFilter({wanted})", True)
        ui.expect_matches(notebook, picker)
        expect(ui.named(picker, label)).to_contain_text(option)
        expect(chips(picker)).to_have_text(re.compile(f"^{chip}$"))
        ui.choose_option(picker, label, "Any")
        notebook.expect_run("picker.filter == LookFilter()", True)
        expect(ui.total(picker)).to_have_text("2,000 looks")
        expect(chips(picker)).to_have_count(0)

    # Each option has its count, and one that matches nothing is disabled.
    notebook.run("picker.filter = LookFilter(avatar_type='studio_avatar')")
    ui.expect_matches(notebook, picker)
    number = notebook.value("len(picker.catalogue.select(picker.filter.replace(status='')))")
    ui.named(picker, "Status").locator(".v-field").click()
    without, failed = (ui.titled(picker, title) for title in ("None", "Failed"))
    expect(without.locator(".look-filters__count")).to_have_text(f"{number:,}")
    expect(failed.locator(".look-filters__count")).to_have_text("0")
    expect(without).not_to_have_class(re.compile("v-list-item--disabled"))
    expect(failed).to_have_class(re.compile("v-list-item--disabled"))
    failed.click(force=True)
    notebook.expect_run("picker.filter == LookFilter(avatar_type='studio_avatar')", True)
    notebook.page.keyboard.press("Escape")

    # A field follows another value that Python sets, and a list what is typed.
    notebook.run("picker.filter = LookFilter(avatar_type='photo_avatar')")
    expect(ui.named(picker, "Type")).to_contain_text("Photo avatar")
    ui.named(picker, "Tag").locator(".v-field").click()
    expect(ui.options(picker).nth(3)).to_be_attached()
    notebook.page.keyboard.type("business")
    expect(ui.options(picker)).to_have_text([re.compile("^business")])


def test_each_of_several_values_has_a_chip_that_removes_it_and_the_order_stays(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    ui.choose_option(picker, "Sort", "Largest first")
    notebook.expect_run("picker.filter.sort", "-size")
    expect_ids(picker, notebook.value("[look.id for look in picker.catalogue.select(picker.filter)[:12]]"))
    notebook.run(ui.EIGHT_CHIPS.replace("-name", "-avatar_type"))
    expect(chips(picker)).to_have_count(8)
    expect(ui.named(picker, "Type")).to_contain_text("Digital twin, Photo avatar")
    expect(ui.named(picker, "Sort")).to_contain_text("Type, Z to A")
    for title, change in {
        "“office”": "search=''",
        "Digital twin": "avatar_type='photo_avatar'",
        "Orientation: Portrait": "orientation='square'",
        "Engine: None": "engine='avatar_iv'",
        "Ready": "ready=None",
    }.items():
        wanted = notebook.run(f"print(picker.filter.replace({change}))")
        picker.get_by_role("button", name=f"Remove {title}", exact=True).click()
        notebook.expect_run(f"str(picker.filter) == {wanted!r}", True)
    expect(chips(picker)).to_have_count(3)
    expect(picker.locator("input").first).to_have_value("")
    picker.get_by_role("button", name="Clear filters").click()
    notebook.expect_run("picker.filter == LookFilter(sort='-avatar_type')", True)
    expect(chips(picker)).to_have_count(0)


def test_characters_are_shown_filtered_opened_by_a_click_and_left_again(open_notebook: OpenNotebook) -> None:
    notebook, picker = ui.shown(open_notebook)
    back = picker.get_by_role("button", name="Back", exact=True)
    ui.scroll_and_load(picker, 2_000)
    show_characters(picker)
    notebook.expect_run("picker.view", "characters")
    number = notebook.value("len(picker.catalogue.characters())")
    expect(ui.total(picker)).to_have_text(f"{number:,} characters · 2,000 looks")
    ui.wait_for_pictures(picker)
    assert ui.grid(picker).evaluate("grid => grid.scrollTop") == 0
    for place in (2, number - 1):
        group_id, looks = notebook.value(f"(lambda c: (c.id, c.expected))(picker.catalogue.characters()[{place}])")
        ui.scroll_to(picker, 0 if place == 2 else 10**7)
        card = picker.locator(f'[data-position="{place}"]')
        expect(card).to_have_attribute("data-look-id", group_id)
        expect(card.locator(".look-card__type")).to_have_text(f"{looks:,} look{'' if looks == 1 else 's'}")
        card.click()
        notebook.expect_run(f"(picker.view, picker.filter.group_id) == ('looks', ({group_id!r},))", True)
        ui.expect_matches(notebook, picker)
        ui.cards(picker).first.click()
        notebook.expect_run("picker.value is not None and (picker.value.group_id or '')", group_id)
        expect(picker.locator(".look-panel")).to_have_count(0)
        back.click()
        notebook.expect_run("(picker.view, picker.filter == LookFilter())", ("characters", True))
        expect(ui.total(picker)).to_have_text(f"{number:,} characters · 2,000 looks")
        expect(back).to_have_count(0)
    ui.choose_option(picker, "Gender", "Male")
    wanted = notebook.value("[(c.id, c.matched) for c in picker.catalogue.characters(LookFilter(gender='male'))]")
    summary = f"{len(wanted):,} characters · {sum(looks for _, looks in wanted):,} of 2,000 looks"
    expect(ui.total(picker)).to_have_text(summary)
    expect_ids(picker, [group_id for group_id, _ in wanted[:6]])


def test_a_selected_character_is_loaded_next(open_notebook: OpenNotebook) -> None:
    with DemoService(looks=5_000, latency=0.3) as service:
        notebook, picker = ui.shown(open_notebook, connect(service))
        groups = service.catalogue.groups
        names = Counter(group.name for group in groups)
        public = [group for group in groups if not group.private and len(group.looks) > 3 and group.name.isascii()]
        group = [group for group in public if names[group.name] == 1][-1]
        notebook.expect_run(f"{group.id!r} in picker.catalogue.groups", True)
        field = ui.named(picker, "Character").locator(".v-field")
        field.click()
        notebook.page.keyboard.type(group.name.strip().lower())
        option = ui.titled(picker, group.name.strip())
        expect(option).to_contain_text(f"{len(group.looks)}")
        option.click()
        expect(ui.cards(picker).nth(2)).to_be_visible()
        every = [look.id for look in group.looks]
        shows = "root => [...root.querySelectorAll('[data-look-id]')].every(card => %s.includes(card.dataset.lookId))"
        ui.wait_until(picker, shows % every)
        assert notebook.value("len(picker.catalogue)") < 4_000
        expect(ui.total(picker)).to_contain_text("so far")
        # The list offers the others again.
        expect(ui.named(picker, "Character")).to_contain_text(group.name.strip())
        ui.total(picker).click()
        expect(ui.options(picker)).to_have_count(0)
        field.click()
        expect(ui.options(picker).nth(10)).to_be_attached()
        notebook.page.keyboard.press("Escape")
        notebook.run("picker.catalogue.stop()")


def test_a_loading_picker_shows_its_progress_can_be_used_stopped_and_continued(open_notebook: OpenNotebook) -> None:
    with DemoService(looks=2_000, latency=0.3) as service:
        notebook, picker = ui.shown(open_notebook, connect(service))
        bar, rest = picker.get_by_role("progressbar"), picker.get_by_role("button", name="Load the rest")
        expect(ui.total(picker)).to_have_text(re.compile(r"^[\d,]+ of 2,000 looks so far$"))
        expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]"))
        ui.cards(picker).nth(3).click()
        notebook.expect_run("picker.value is not None", True)
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


def test_a_snapshot_shows_everything_without_a_request_and_can_be_refreshed(open_notebook: OpenNotebook) -> None:
    with DemoService(looks=2_000) as service:
        # Another client has loaded the catalogue, as one in another notebook would.
        load = f"LookCatalogue(HeyGenClient({service.api_key!r}, base_url=client.base_url)).load()\n"
        code = connect(service, f"{load}picker = LookPicker(client)\npicker")
        notebook, picker = ui.shown(open_notebook, code, pictures=0)
        asked = len(asked_of_the_api(service))
        ui.wait_for_pictures(picker)
        expect(ui.total(picker)).to_have_text("2,000 looks")
        age = picker.locator(".look-line__age")
        expect(age).to_contain_text(re.compile(r"As of (just now|\d+ min ago) · Refresh"))
        assert len(asked_of_the_api(service)) == asked

        service.latency = 0.1
        ui.scroll_and_load(picker, 3_000)
        picker.evaluate(WATCH)
        age.get_by_role("button", name="Refresh").click()
        expect(age).to_contain_text(re.compile(r"Refreshing: [\d,]+ of 2,000"))
        expect(picker.get_by_role("progressbar")).to_be_visible()
        expect(ui.total(picker)).to_have_text("2,000 looks")
        card = ui.cards(picker).nth(9)
        card.click()
        notebook.expect_run("picker.value is not None", True)
        place = ui.grid(picker).evaluate("grid => grid.scrollTop")
        service.latency = 0
        expect(age).to_contain_text("As of just now · Refresh", timeout=60_000)
        expect(ui.total(picker)).to_have_text("2,000 looks")
        ui.wait_for_cards(picker)
        assert notebook.page.evaluate("() => { window.watching = false; return blankFrames }") == 0
        assert len(asked_of_the_api(service)) == 2 * asked
        assert ui.grid(picker).evaluate("grid => grid.scrollTop") == place
        expect(ui.card_of(picker, notebook.value("picker.selected_id"))).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("looks", [0, 1])
def test_an_account_with_hardly_any_looks_says_so(open_notebook: OpenNotebook, looks: int) -> None:
    with DemoService(looks=looks) as service:
        _, picker = ui.shown(open_notebook, connect(service), pictures=looks)
        expect(ui.total(picker)).to_have_text("1 look" if looks else "0 looks")
        expect(ui.cards(picker)).to_have_count(looks)
        if not looks:
            expect(picker.locator(".look-empty")).to_contain_text("This account has no looks.")
            expect(picker.locator(".v-alert")).to_have_count(0)
            return
        # A refresh shows no dropdown that was hidden.
        expect(ui.named(picker, "Status")).to_have_count(0)
        service.latency = 0.5
        age = picker.locator(".look-line__age")
        age.get_by_role("button", name="Refresh").click()
        expect(age).to_contain_text("Refreshing")
        assert ui.named(picker, "Status").count() == 0
        expect(age).to_contain_text("As of just now")
        show_characters(picker)
        expect(ui.total(picker)).to_have_text("1 character · 1 look")


def test_the_last_of_100_000_looks_in_a_file_can_be_reached_and_found(open_notebook: OpenNotebook) -> None:
    code = (
        "from heygen_widgets import *\n"
        "looks = [Look(f'look_{n}', f'Look {n}', 'photo_avatar', gender='male') for n in range(99_999)]\n"
        "_ = LookCatalogue.of([*looks, Look('look_99999', 'Look 99999', 'photo_avatar')]).save('looks.jsonl.gz')\n"
        "picker = LookPicker(LookCatalogue.open('looks.jsonl.gz'))\npicker"
    )
    notebook, picker = ui.shown(open_notebook, code, pictures=0, viewport=(690, 1000))
    expect(ui.total(picker)).to_have_text("100,000 looks")
    expect(picker.locator(".look-line__age")).to_have_text("As of just now")
    for button in ("Refresh", "Retry", "Load the rest"):
        expect(picker.get_by_role("button", name=button)).to_have_count(0)
    # A dropdown for a field without values is hidden and leaves no gap.
    for label in ("Type", "Gender", "Sort", "Search"):
        expect(ui.named(picker, label)).to_have_count(1)
    for label in ("Orientation", "Engine", "Status", "Ownership", "Tag"):
        expect(ui.named(picker, label), label).to_have_count(0)
    line, grid = picker.locator(".look-line").bounding_box(), ui.grid(picker).bounding_box()
    assert line
    assert grid
    assert grid["y"] - line["y"] - line["height"] < 24

    ui.scroll_to(picker, 10**9)
    card = picker.locator('[data-position="99999"]')
    expect(card).to_have_attribute("data-look-id", "look_99999")
    card.click()
    notebook.expect_run("picker.selected_id", "look_99999")
    ui.wait_for_cards(picker)
    picker.locator("input").first.fill("look_99999")
    expect(ui.total(picker)).to_have_text("1 of 100,000 looks")
    expect(ui.cards(picker).first.locator(".look-card__name")).to_have_text("Look 99999")
