"""The whole catalogue in the picker: filters with live counts, characters, loading, snapshots, and looks offline."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, expect

from heygen_widgets.demo import DemoService

from .conftest import OpenNotebook
from .jupyter import NotebookPage, free_port
from .picker_page import (
    BLANK,
    cards,
    choose_option,
    expect_characters,
    expect_matches,
    grid,
    named,
    options,
    picker_of,
    scroll_to,
    shown,
    titled,
    total,
    wait_for_cards,
    wait_for_pictures,
    wait_until,
)

FIELDS = {
    "Type": "avatar_type",
    "Gender": "gender",
    "Orientation": "orientation",
    "Engine": "engine",
    "Ownership": "ownership",
    "Status": "status",
    "Tag": "tag",
}
# What the open dropdown says of the options that have a count.
COUNTS_ARE = """written => {
    const counts = [...document.querySelectorAll('.v-overlay--active .v-list-item .look-filters__count')];
    const shown = counts.map(count => count.textContent).filter(text => text).sort();
    return JSON.stringify(shown) === JSON.stringify(written);
}"""
# Looks at each frame whether a card in sight has no look, until `window.watching` is taken back.
WATCH = f"""root => {{
    window.watching = true;
    window.blankFrames = 0;
    window.frames = 0;
    const watch = () => {{
        if (!window.watching) return;
        window.frames += 1;
        if (({BLANK})(root)) window.blankFrames += 1;
        requestAnimationFrame(watch);
    }};
    watch();
}}"""


def connect(service: DemoService, code: str = "picker = LookPicker(client)\npicker") -> str:
    """Give the cell that asks a stand-in outside of the kernel."""
    return (
        "from heygen_widgets import *\n"
        f"client = HeyGenClient({service.api_key!r}, base_url={service.base_url!r}, max_retries=0)\n{code}"
    )


def expect_ids(picker: Locator, wanted: list[str]) -> None:
    """Expect the ids of the first cards."""
    for position, look_id in enumerate(wanted):
        expect(picker.locator(f'[data-position="{position}"]')).to_have_attribute("data-look-id", look_id)


def first_ids(notebook: NotebookPage, number: int) -> list[str]:
    found: list[str] = notebook.value(f"[look.id for look in picker.catalogue.select(picker.filter)[:{number}]]")
    return found


def expect_first(notebook: NotebookPage, picker: Locator, number: int = 12) -> None:
    """Expect the first cards to be the first looks of `select`."""
    expect_ids(picker, first_ids(notebook, number))


def offered(picker: Locator) -> dict[str, tuple[str, bool]]:
    """Give what the open dropdown offers: by title the count as it is written, and whether it is greyed."""
    expect(options(picker).first).to_be_visible()
    expect(options(picker).filter(has_text="Loading…")).to_have_count(0)
    found: list[Any] = options(picker).evaluate_all(
        """items => items.map(item => [
            item.querySelector('.v-list-item-title').textContent,
            item.querySelector('.look-filters__count')?.textContent ?? '',
            item.classList.contains('v-list-item--disabled') || item.getAttribute('aria-disabled') === 'true',
        ])"""
    )
    return {title: (count, greyed) for title, count, greyed in found}


def in_sight(picker: Locator) -> str:
    """Give the id of a look whose card is wholly in sight."""
    found: str = picker.evaluate(
        """root => {
            const grid = root.querySelector('.look-grid').getBoundingClientRect();
            return [...root.querySelectorAll('.look-card[data-look-id]')].find(card => {
                const box = card.getBoundingClientRect();
                return box.top > grid.top && box.bottom < grid.bottom;
            }).dataset.lookId;
        }"""
    )
    return found


def chips(picker: Locator) -> Locator:
    return picker.locator(".look-line__chip")


def show_characters(picker: Locator) -> None:
    picker.get_by_role("button", name="Characters", exact=True).click()


def asked_twice(service: DemoService) -> list[tuple[str, str]]:
    return [request for request, number in Counter(service.requests).items() if number > 1]


@pytest.fixture
def slow() -> Iterator[DemoService]:
    """Give a service of 5,000 looks that takes half a minute for all of them, unless a test sets its `latency`."""
    with DemoService(looks=5_000, latency=0.3) as service:
        yield service


# -- filters ----------------------------------------------------------------------------------------------------------


def test_each_dropdown_offers_its_values_with_their_number_under_the_other_filters(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    greyed_somewhere = set()
    for start in ("LookFilter('office', gender='male')", "LookFilter(avatar_type='studio_avatar')"):
        for label, field in FIELDS.items():
            notebook.run(f"picker.filter = {start}")
            expect_matches(notebook, picker)
            every = notebook.value(f"picker.catalogue.facets(LookFilter(), [{field!r}])[{field!r}]")
            counts = notebook.value(f"picker.catalogue.facets(picker.filter, [{field!r}])[{field!r}]")
            named(picker, label).locator(".v-field").click()
            written = sorted(f"{counts.get(value, 0):,}" for value in every)
            # A list that was open before shows what it had then until the kernel answers.
            notebook.page.wait_for_function(COUNTS_ARE, arg=written)
            found = offered(picker)
            found.pop("Any", None)
            assert len(found) == len(every), label
            assert sorted(count for count, _ in found.values()) == written, label
            chosen = notebook.value(f"len(picker.filter.{field})")
            for title, (count, greyed) in found.items():
                assert greyed == (count == "0" and not chosen), (label, title)
                greyed_somewhere |= {label} if greyed else set()
            notebook.page.keyboard.press("Escape")
            expect(options(picker)).to_have_count(0)
    assert {"Status", "Engine"} <= greyed_somewhere


def test_a_dropdown_filters_shows_a_chip_and_can_be_taken_back(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    for label, option, wanted in (
        ("Type", "Studio avatar", "avatar_type='studio_avatar'"),
        ("Gender", "Female", "gender='female'"),
        ("Orientation", "Square", "orientation='square'"),
        ("Engine", "Avatar V", "engine='avatar_v'"),
        ("Ownership", "Private", "ownership='private'"),
        ("Status", "Completed", "status='completed'"),
        ("Tag", "business", "tag='business'"),
    ):
        choose_option(picker, label, option)
        notebook.expect_run(f"picker.filter == LookFilter({wanted})", True)
        number = notebook.value("len(picker.catalogue.select(picker.filter))")
        expect(total(picker)).to_have_text(f"{number:,} of 2,000 looks")
        expect_first(notebook, picker, min(number, 12))
        expect(named(picker, label)).to_contain_text(option)
        expect(chips(picker)).to_have_count(1)
        expect(chips(picker)).to_contain_text(option)

        choose_option(picker, label, "Any")
        notebook.expect_run("picker.filter == LookFilter()", True)
        expect(total(picker)).to_have_text("2,000 looks")
        expect(chips(picker)).to_have_count(0)


def test_looks_without_a_value_can_be_asked_for(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    for label, option, field in (("Gender", "None", "gender"), ("Tag", "None", "tag"), ("Status", "None", "status")):
        choose_option(picker, label, option)
        notebook.expect_run(f"picker.filter == LookFilter({field}='')", True)
        number = notebook.value("len(picker.catalogue.select(picker.filter))")
        expect(total(picker)).to_have_text(f"{number:,} of 2,000 looks")
        expect(named(picker, label)).to_contain_text(option)
        expect(chips(picker)).to_have_text(re.compile(f"^{label}: None$"))
        picker.get_by_role("button", name="Clear filters").click()
        notebook.expect_run("bool(picker.filter)", False)


def test_an_option_that_matches_nothing_cannot_be_chosen(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    notebook.run("picker.filter = LookFilter(avatar_type='studio_avatar')")
    expect(chips(picker)).to_have_count(1)
    named(picker, "Status").locator(".v-field").click()
    option = options(picker).filter(has=titled(picker, "Failed"))
    expect(option).to_have_class(re.compile("v-list-item--disabled"))
    option.click(force=True)
    notebook.expect_run("picker.filter", notebook_filter(avatar_type="studio_avatar"))


def notebook_filter(**fields: Any) -> object:
    from heygen_widgets import LookFilter

    return LookFilter(**fields)


def test_a_dropdown_of_a_field_that_no_look_has_is_hidden(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        [
            "from heygen_widgets import *\n"
            "genders = (None, 'female', 'female')\n"
            "looks = [Look(f'look_{n}', f'Look {n}', 'photo_avatar', gender=g) for n, g in enumerate(genders)]\n"
            "picker = LookPicker(looks)\npicker"
        ]
    )
    notebook.run_cell(0)
    picker = picker_of(notebook)
    expect(total(picker)).to_have_text("3 looks")
    for label in ("Type", "Gender", "Sort", "Search"):
        expect(named(picker, label)).to_have_count(1)
    for label in ("Orientation", "Engine", "Status", "Ownership", "Tag"):
        expect(named(picker, label), label).to_have_count(0)


def test_no_gap_is_left_where_dropdowns_are_hidden(open_notebook: OpenNotebook) -> None:
    code = "from heygen_widgets import *\nLookPicker([Look('look_1', 'Look 1', 'photo_avatar')])"
    notebook = open_notebook([code], viewport=(690, 1000))
    notebook.run_cell(0)
    picker = picker_of(notebook)
    expect(total(picker)).to_have_text("1 look")
    expect(named(picker, "Status")).to_have_count(0)
    wait_until(
        picker,
        """root => {
            const [line, grid] = ['.look-line', '.look-grid'].map(part => root.querySelector(part));
            return grid.getBoundingClientRect().top - line.getBoundingClientRect().bottom < 24;
        }""",
    )


def test_several_values_set_in_python_show_as_chips_and_each_can_be_removed(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    notebook.run(
        "picker.filter = LookFilter('office', avatar_type=['digital_twin', 'photo_avatar'],"
        " orientation=['portrait', 'square'], engine=['avatar_iv', ''], ready=True, sort='-name')"
    )
    expect(chips(picker)).to_have_count(8)
    expect(named(picker, "Type")).to_contain_text("Digital twin, Photo avatar")
    removed = {
        "“office”": "search=''",
        "Digital twin": "avatar_type='photo_avatar'",
        "Orientation: Portrait": "orientation='square'",
        "Engine: None": "engine='avatar_iv'",
        "Ready": "ready=None",
        "Photo avatar": "avatar_type=None",
        "Orientation: Square": "orientation=None",
        "Engine: Avatar IV": "engine=None",
    }
    for title, change in removed.items():
        wanted = notebook.run(f"print(picker.filter.replace({change}))")
        chips(picker).filter(has_text=re.compile(f"^{re.escape(title)}$")).get_by_role(
            "button", name=f"Remove {title}"
        ).click()
        notebook.expect_run(f"str(picker.filter) == {wanted!r}", True)
    expect(chips(picker)).to_have_count(0)
    notebook.expect_run("picker.filter", notebook_filter(sort="-name"))
    expect(picker.locator("input").first).to_have_value("")


def test_clear_filters_keeps_the_order(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    choose_option(picker, "Sort", "Largest first")
    choose_option(picker, "Gender", "Male")
    notebook.expect_run("picker.filter == LookFilter(gender='male', sort='-size')", True)
    picker.get_by_role("button", name="Clear filters").click()
    notebook.expect_run("picker.filter == LookFilter(sort='-size')", True)
    expect(total(picker)).to_have_text("2,000 looks")
    expect_first(notebook, picker)
    expect(picker.get_by_role("button", name="Clear filters")).to_have_count(0)


def test_each_order_of_the_widget_is_that_of_select(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    orders = {
        "Name": "name",
        "Name, Z to A": "-name",
        "Character": "group_name",
        "Character, Z to A": "-group_name",
        "Type": "avatar_type",
        "Largest first": "-size",
        "Smallest first": "size",
    }
    for option, sort in orders.items():
        choose_option(picker, "Sort", option)
        notebook.expect_run("picker.filter.sort", sort)
        expect(named(picker, "Sort")).to_contain_text(option)
        expect_first(notebook, picker, 20)
    # One that the dropdown does not offer has a name too.
    notebook.run("picker.filter = LookFilter(sort='-avatar_type')")
    expect_first(notebook, picker)
    expect(named(picker, "Sort")).not_to_contain_text("-avatar_type")


def test_typing_quickly_loses_no_keystroke_and_the_last_text_wins(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    search = picker.locator("input").first
    search.press_sequentially("office 1 and more", delay=5)
    for _ in range(len(" and more")):
        search.press("Backspace")
    search.press_sequentially("2", delay=0)
    expect(search).to_have_value("office 12")
    notebook.expect_run("picker.filter", notebook_filter(search="office 12"))
    number = notebook.value("len(picker.catalogue.select(picker.filter))")
    expect(total(picker)).to_have_text(f"{number:,} of 2,000 looks")
    expect(search).to_have_value("office 12")


# -- characters -------------------------------------------------------------------------------------------------------


def test_characters_show_with_name_number_and_picture_and_one_is_opened_by_a_click_and_left_again(
    open_notebook: OpenNotebook,
) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    show_characters(picker)
    notebook.expect_run("picker.show", "characters")
    number = notebook.value("len(picker.catalogue.characters())")
    expect(total(picker)).to_have_text(f"{number:,} characters · 2,000 looks")
    wanted = notebook.value(
        "[(c.id, c.group.name.strip(), max(c.matched, c.group.looks_count))"
        " for c in picker.catalogue.characters()[:12]]"
    )
    expect_ids(picker, [group_id for group_id, _, _ in wanted])
    for position, (_, name, looks) in enumerate(wanted):
        card = picker.locator(f'[data-position="{position}"]')
        expect(card.locator(".look-card__name")).to_have_text(name or re.compile("."))
        expect(card.locator(".look-card__type")).to_have_text(f"{looks:,} look{'' if looks == 1 else 's'}")
    wait_for_pictures(picker)

    group_id, _, _ = wanted[2]
    picker.locator('[data-position="2"]').click()
    notebook.expect_run("(picker.show, picker.filter)", ("looks", notebook_filter(group_id=group_id)))
    # A double click, whose second half falls on a look of the character that the first opened, tells nothing of that.
    expect(picker.locator('[data-position="2"][data-look-id]')).not_to_have_attribute("data-look-id", group_id)
    notebook.page.mouse.down(click_count=2)
    notebook.page.mouse.up(click_count=2)
    notebook.expect_run("picker.value", None)
    looks = notebook.value("len(picker.catalogue.select(picker.filter))")
    expect(total(picker)).to_have_text(f"{looks:,} of 2,000 looks")
    expect_first(notebook, picker, min(looks, 12))
    cards(picker).first.click()
    notebook.expect_run("picker.value is not None and picker.value.group_id", group_id)
    expect(picker.locator(".look-panel")).to_have_count(0)

    picker.get_by_role("button", name="Back", exact=True).click()
    notebook.expect_run("(picker.show, picker.filter)", ("characters", notebook_filter()))
    expect(total(picker)).to_have_text(f"{number:,} characters · 2,000 looks")
    expect(picker.get_by_role("button", name="Back", exact=True)).to_have_count(0)
    expect_ids(picker, [group_id for group_id, _, _ in wanted])


def test_characters_are_filtered_by_the_same_dropdowns_and_all_characters_keeps_the_filter(
    open_notebook: OpenNotebook,
) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    show_characters(picker)
    choose_option(picker, "Gender", "Male")
    choose_option(picker, "Orientation", "Portrait")
    notebook.expect_run("picker.filter == LookFilter(gender='male', orientation='portrait')", True)
    wanted = notebook.value("[(c.id, c.matched) for c in picker.catalogue.characters(picker.filter)]")
    matched = notebook.value("len(picker.catalogue.select(picker.filter))")
    summary = f"{len(wanted):,} characters · {matched:,} of 2,000 looks"
    expect(total(picker)).to_have_text(summary)
    expect_ids(picker, [group_id for group_id, _ in wanted[:12]])
    for position, (_, looks) in enumerate(wanted[:12]):
        kind = picker.locator(f'[data-position="{position}"] .look-card__type')
        expect(kind).to_have_text(f"{looks:,} look{'' if looks == 1 else 's'}")

    picker.locator('[data-position="1"]').click()
    group_id, looks = wanted[1]
    notebook.expect_run("picker.filter", notebook_filter(gender="male", orientation="portrait", group_id=group_id))
    expect(total(picker)).to_have_text(f"{looks:,} of 2,000 looks")
    picker.get_by_role("button", name="Back", exact=True).click()
    notebook.expect_run("picker.filter == LookFilter(gender='male', orientation='portrait')", True)
    expect(total(picker)).to_have_text(summary)


def test_any_look_is_two_clicks_away(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    show_characters(picker)
    expect_characters(picker)
    group_id, look_id = notebook.value(
        "next((c.id, picker.catalogue.select(LookFilter(group_id=c.id))[-1].id)"
        " for c in reversed(picker.catalogue.characters()) if c.id)"
    )
    scroll_to(picker, 10**7)
    picker.locator(f'.look-card[data-look-id="{group_id}"]').click()
    notebook.expect_run("picker.filter.group_id", (group_id,))
    expect_matches(notebook, picker)
    scroll_to(picker, 10**7)
    wait_for_cards(picker)
    picker.locator(f'.look-card[data-look-id="{look_id}"]').click()
    notebook.expect_run("picker.selected_id", look_id)


def test_enter_opens_a_character_and_the_keyboard_leads_back(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker, keyboard = picker_of(notebook), notebook.page.keyboard
    show_characters(picker)
    expect_characters(picker)
    picker.locator('[data-position="0"]').focus()
    keyboard.press("ArrowRight")
    card = picker.locator('[data-position="1"]')
    expect(card).to_be_focused()
    group_id = card.get_attribute("data-look-id")
    keyboard.press("Enter")
    notebook.expect_run("picker.filter.group_id", (group_id,))
    back = picker.get_by_role("button", name="Back", exact=True)
    back.focus()
    keyboard.press("Enter")
    notebook.expect_run("(picker.show, picker.filter)", ("characters", notebook_filter()))


def test_the_other_view_begins_at_its_first_card_and_shows_all_characters_also_from_within_one(
    open_notebook: OpenNotebook,
) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    first, number = notebook.value("(lambda found: (found[0].id, len(found)))(picker.catalogue.characters())")
    for way in ("switch", "python"):
        notebook.run("picker.show = 'looks'")
        expect(total(picker)).to_have_text("2,000 looks")
        scroll_to(picker, 2_000)
        wait_until(picker, f"root => root.querySelector('[data-position=\"0\"]') === null && ({BLANK})(root) === 0")
        if way == "switch":
            show_characters(picker)
        else:
            notebook.run("picker.show = 'characters'")
        expect(total(picker)).to_have_text(f"{number:,} characters · 2,000 looks")
        expect(picker.locator('[data-position="0"]')).to_have_attribute("data-look-id", first)
        assert grid(picker).evaluate("grid => grid.scrollTop") == 0
    cards(picker).first.click()
    expect(picker.get_by_role("button", name="Back", exact=True)).to_be_visible()
    show_characters(picker)
    notebook.expect_run("picker.show", "characters")
    expect(total(picker)).to_have_text(f"{number:,} characters · 2,000 looks")


# -- loading ----------------------------------------------------------------------------------------------------------


def test_a_character_that_is_not_there_yet_is_fetched_next_and_each_look_is_there_once_at_the_end(
    open_notebook: OpenNotebook, slow: DemoService
) -> None:
    notebook = open_notebook([connect(slow)])
    notebook.run_cell(0)
    picker = picker_of(notebook)
    wait_for_pictures(picker)
    group = next(
        group
        for group in reversed(slow.catalogue.groups)
        if len(group.looks) > 3
        and not group.private
        and group.name.isascii()
        and sum(other.name == group.name for other in slow.catalogue.groups) == 1
    )
    notebook.expect_run(f"{group.id!r} in picker.catalogue.groups", True)
    named(picker, "Character").locator(".v-field").click()
    notebook.page.keyboard.type(group.name.strip())
    option = options(picker).filter(has=titled(picker, group.name.strip()))
    expect(option).to_contain_text(f"{len(group.looks)}")
    option.click()
    expect(cards(picker).nth(2)).to_be_visible()
    every = [look.id for look in group.looks]
    shows = "root => [...root.querySelectorAll('[data-look-id]')].every(card => %s.includes(card.dataset.lookId))"
    wait_until(picker, shows % every)
    loaded = notebook.value("len(picker.catalogue)")
    assert loaded < 4_000
    expect(total(picker)).to_contain_text("so far")
    slow.latency = 0
    notebook.run("picker.filter = LookFilter()")
    expect(total(picker)).to_have_text("5,000 looks", timeout=90_000)
    private = [look.id for look in slow.catalogue.looks if look.group.private]
    public = [look.id for look in slow.catalogue.looks if not look.group.private]
    assert notebook.value("[look.id for look in picker.catalogue.looks]") == private + public
    assert asked_twice(slow) == []
    by_group = [parse_qs(urlsplit(path).query).get("group_id") for _, path in slow.requests]
    assert [asked for asked in by_group if asked] == [[group.id]] * -(-len(group.looks) // 50)


def test_loading_shows_how_far_it_is_can_be_stopped_in_python_and_goes_on_in_the_widget(
    open_notebook: OpenNotebook,
) -> None:
    with DemoService(looks=2_000, latency=0.15) as service:
        notebook = open_notebook([connect(service)])
        notebook.run_cell(0)
        picker = picker_of(notebook)
        wait_for_pictures(picker)
        bar = picker.get_by_role("progressbar")
        expect(total(picker)).to_have_text(re.compile(r"^[\d,]+ of 2,000 looks so far$"))
        expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]"))
        notebook.run("picker.catalogue.stop()")
        expect(total(picker)).to_have_text(re.compile(r"^[\d,]+ of 2,000 looks \(not all are loaded\)$"))
        expect(bar).to_be_hidden()
        rest = picker.get_by_role("button", name="Load the rest")
        before = notebook.value("len(picker.catalogue)")
        notebook.run("picker.filter = LookFilter(gender='male')")
        males = notebook.value("len(picker.catalogue.select(picker.filter))")
        expect(total(picker)).to_have_text(f"{males:,} of {before:,} looks (not all are loaded)")
        notebook.run("picker.filter = LookFilter()")
        rest.click()
        expect(rest).to_have_count(0)
        expect(total(picker)).to_contain_text("so far")
        service.latency = 0
        expect(total(picker)).to_have_text("2,000 looks", timeout=60_000)
        expect(bar).to_be_hidden()
        assert 0 < before < 2_000
        assert asked_twice(service) == []


def test_after_a_failed_chain_the_missing_part_is_named_what_came_stays_and_retry_completes(
    open_notebook: OpenNotebook,
) -> None:
    with DemoService(looks=2_000, latency=0.15, port=free_port()) as service:
        notebook = open_notebook([connect(service)])
        notebook.run_cell(0)
        picker = picker_of(notebook)
        wait_for_pictures(picker)
        expect(total(picker)).to_contain_text(" of 2,000 looks so far")
        service.close()
        alert = picker.locator(".v-alert")
        expect(alert).to_contain_text("Not complete: public looks.")
        expect(total(picker)).to_have_text(re.compile(r"^[\d,]+ of 2,000 looks \(not all are loaded\)$"))
        expect(picker.get_by_role("button", name="Load the rest")).to_have_count(0)
        card = cards(picker).nth(2)
        card.click()
        expect(card).to_have_attribute("aria-selected", "true")
        expect(alert).to_contain_text("Not complete: public looks.")
        service.latency = 0
        service.start()
        alert.get_by_role("button", name="Retry").click()
        expect(alert).to_have_count(0)
        expect(total(picker)).to_have_text("2,000 looks", timeout=60_000)
        assert notebook.value("len({look.id for look in picker.catalogue})") == 2_000
        notebook.expect_run("picker.value is not None", True)


@pytest.mark.parametrize("delay", [0, 0.2])
def test_no_card_in_sight_goes_blank_while_looks_come_in_between(open_notebook: OpenNotebook, delay: float) -> None:
    # Sorted, each page changes the positions; a kernel that is slow to answer lets several versions come in between.
    code = (
        "import time\n"
        "class Slow(LookPicker):\n"
        "    def vue_ask_window(self, asked):\n"
        f"        time.sleep({delay})\n"
        "        super().vue_ask_window(asked)\n"
        "picker = Slow(client, filter=LookFilter(sort='name'))\npicker"
    )
    # More looks than come while it is watched, however few frames a second a busy machine draws.
    with DemoService(looks=25_000, latency=0.12) as service:
        notebook = open_notebook([connect(service, code)])
        notebook.run_cell(0)
        picker = picker_of(notebook)
        wait_for_pictures(picker)
        notebook.expect_run("len(picker.catalogue) > 1_000", True)
        scroll_to(picker, 3_000)
        wait_until(picker, f"root => root.querySelector('[data-position=\"0\"]') === null && ({BLANK})(root) === 0")
        picker.evaluate(WATCH)
        version = notebook.value("picker.status['version']")
        notebook.page.wait_for_function("() => frames > 50", timeout=60_000)
        notebook.expect_run("len(picker.catalogue) > 3_000", True, timeout=60)
        assert notebook.value("picker.catalogue.progress.loading")
        blank, frames = notebook.page.evaluate("() => { window.watching = false; return [blankFrames, frames] }")
        assert notebook.value("picker.status['version']") > version
        assert frames > 50
        assert blank == 0, f"{blank} of {frames} frames showed a blank card"


# -- snapshots and pickers that come and go ---------------------------------------------------------------------------


def test_a_kept_catalogue_shows_everything_without_a_request_and_refresh_loads_anew_beside_it(
    open_notebook: OpenNotebook,
) -> None:
    with DemoService(looks=2_000) as service:
        # Another client keeps it, as one in another notebook would.
        keep = f"LookCatalogue(HeyGenClient({service.api_key!r}, base_url=client.base_url)).load()\n"
        notebook = open_notebook([connect(service, f"{keep}picker = LookPicker(client)\npicker")])
        notebook.run_cell(0)
        asked = asked_of_the_api(service)
        picker = picker_of(notebook)
        wait_for_pictures(picker)
        expect(total(picker)).to_have_text("2,000 looks")
        scroll_to(picker, 10**7)
        expect(picker.locator('[data-position="1999"]')).to_have_attribute("data-look-id", re.compile("."))
        age = picker.locator(".look-line__age")
        expect(age).to_contain_text(re.compile(r"As of (just now|\d+ min ago) · Refresh"))
        assert asked_of_the_api(service) == asked

        service.latency = 0.1
        scroll_to(picker, 3_000)
        wait_until(picker, f"root => root.querySelector('[data-position=\"0\"]') === null && ({BLANK})(root) === 0")
        picker.evaluate(WATCH)
        age.get_by_role("button", name="Refresh").click()
        expect(age).to_contain_text(re.compile(r"Refreshing: [\d,]+ of 2,000"))
        expect(picker.get_by_role("progressbar")).to_be_visible()
        expect(total(picker)).to_have_text("2,000 looks")
        card = picker.locator(f'.look-card[data-look-id="{in_sight(picker)}"]')
        look_id = card.get_attribute("data-look-id")
        card.click()
        notebook.expect_run("picker.selected_id", look_id)
        service.latency = 0
        expect(age).to_contain_text("As of just now · Refresh", timeout=60_000)
        expect(total(picker)).to_have_text("2,000 looks")
        wait_for_cards(picker)
        blank = notebook.page.evaluate("() => { window.watching = false; return blankFrames }")
        assert blank == 0
        assert asked_of_the_api(service) == 2 * asked
        assert grid(picker).evaluate("grid => grid.scrollTop") == 3_000
        expect(picker.locator(f'.look-card[data-look-id="{look_id}"]')).to_have_attribute("aria-selected", "true")


def asked_of_the_api(service: DemoService) -> int:
    """Count the requests so far without those of the browser, which plays a clip where the mouse is."""
    return sum(path.startswith("/v3/") for _, path in service.requests)


def test_a_refresh_brings_back_no_dropdown_that_was_hidden(open_notebook: OpenNotebook) -> None:
    with DemoService(looks=2, latency=0.5) as service:
        notebook = open_notebook([connect(service)])
        notebook.run_cell(0)
        picker = picker_of(notebook)
        age = picker.locator(".look-line__age")
        expect(age).to_contain_text("As of just now")
        expect(named(picker, "Status")).to_have_count(0)
        age.get_by_role("button", name="Refresh").click()
        expect(age).to_contain_text("Refreshing")
        assert named(picker, "Status").count() == 0
        expect(age).to_contain_text("As of just now")


def test_running_the_cell_again_loads_nothing_twice(open_notebook: OpenNotebook) -> None:
    with DemoService(looks=2_000, latency=0.1) as service:
        notebook = open_notebook([connect(service)])
        notebook.run_cell(0)
        wait_for_pictures(picker_of(notebook))
        for _ in range(2):
            notebook.run_cell(0)
            wait_for_pictures(picker_of(notebook))
        service.latency = 0
        expect(total(picker_of(notebook))).to_have_text("2,000 looks", timeout=60_000)
        notebook.run_cell(0)
        expect(total(picker_of(notebook))).to_have_text("2,000 looks")
        assert asked_twice(service) == []
        assert len(service.requests) < 50


def test_a_picker_that_is_shown_nowhere_any_more_pauses_and_goes_on_when_it_is_shown_again(
    open_notebook: OpenNotebook, slow: DemoService
) -> None:
    notebook = open_notebook([connect(slow), "picker"])
    notebook.run_cell(0)
    wait_for_pictures(picker_of(notebook))
    notebook.clear_output(0)
    notebook.expect_run("picker.catalogue.progress.loading", False)
    asked = len(slow.requests)
    loaded = notebook.value("len(picker.catalogue)")
    assert loaded < 4_000
    # No thread is left that could ask for more.
    threads = "[t.name for t in __import__('threading').enumerate() if t.name.startswith('heygen_widgets')]"
    notebook.expect_run(threads, [])
    assert len(slow.requests) == asked
    slow.latency = 0
    notebook.run_cell(1)
    wait_for_pictures(picker_of(notebook, 1))
    expect(total(picker_of(notebook, 1))).to_have_text("5,000 looks", timeout=90_000)
    assert asked_twice(slow) == []


def test_a_picker_that_is_gone_does_not_pause_the_loading_of_another_one_on_the_same_client(
    open_notebook: OpenNotebook,
) -> None:
    with DemoService(looks=2_000, latency=0.15) as service:
        notebook = open_notebook([connect(service), "other = LookPicker(client)\nother"], viewport=(1400, 1900))
        notebook.run_all()
        wait_for_pictures(picker_of(notebook, 0))
        wait_for_pictures(picker_of(notebook, 1))
        notebook.clear_output(0)
        notebook.expect_run("picker._view_count", 0)
        assert not notebook.value("other.catalogue.complete")
        assert notebook.value("other.catalogue.progress.loading")
        service.latency = 0
        expect(total(picker_of(notebook, 1))).to_have_text("2,000 looks", timeout=60_000)
        assert asked_twice(service) == []


# -- looks that are here already, none, one and very many -------------------------------------------------------------


def test_an_opened_snapshot_tells_its_age_and_offers_no_refresh(open_notebook: OpenNotebook) -> None:
    code = (
        "catalogue = LookCatalogue(client, cache=None)\ncatalogue.load()\n"
        "import pathlib, tempfile\npath = pathlib.Path(tempfile.mkdtemp()) / 'looks.jsonl.gz'\n_ = catalogue.save(path)"
    )
    with DemoService(looks=60) as service:
        notebook = open_notebook([connect(service, code), "picker = LookPicker(LookCatalogue.open(path))\npicker"])
        notebook.run_cell(0)
        notebook.run_cell(1)
        picker = picker_of(notebook, 1)
        wait_for_pictures(picker)
        expect(picker.locator(".look-line__age")).to_have_text("As of just now")


def test_a_table_of_looks_shows_in_its_order_and_asks_no_service(open_notebook: OpenNotebook) -> None:
    code = (
        "catalogue = LookCatalogue(client, cache=None)\ncatalogue.load()\n"
        "source = catalogue.to_frame().sort_values('name', ascending=False)"
    )
    with DemoService(looks=300) as service:
        notebook = open_notebook(
            [connect(service, code), "picker = LookPicker(source)\npicker"],
            env={"HEYGEN_API_KEY": service.api_key, "HEYGEN_API_BASE": service.base_url, "TQDM_DISABLE": "1"},
        )
        notebook.run_cell(0)
        asked = len(service.requests)
        notebook.run_cell(1)
        picker = picker_of(notebook, 1)
        wait_for_pictures(picker)
        expect(total(picker)).to_have_text("300 looks")
        wanted = notebook.value("list(source['id'])")
        expect_ids(picker, wanted[:12])
        card = picker.locator('[data-position="4"]')
        card.click()
        notebook.expect_run("picker.selected_id", wanted[4])
        assert notebook.value("picker.value.id") == wanted[4]
        choose_option(picker, "Gender", "Male")
        notebook.expect_run("picker.filter == LookFilter(gender='male')", True)
        number = notebook.value("len(picker.catalogue.select(picker.filter))")
        expect(total(picker)).to_have_text(f"{number:,} of 300 looks")
        show_characters(picker)
        expect_characters(picker)
        group_id = picker.locator('[data-position="0"]').get_attribute("data-look-id")
        name = notebook.value(f"source.loc[source['group_id'] == {group_id!r}, 'group_name'].iloc[0]")
        expect(cards(picker).first.locator(".look-card__name")).to_have_text(name)
        for button in ("Refresh", "Retry", "Load the rest"):
            expect(picker.get_by_role("button", name=button)).to_have_count(0)
        expect(picker.get_by_role("progressbar")).to_be_hidden()
        assert len(service.requests) == asked


@pytest.mark.parametrize("looks", [0, 1])
def test_an_account_with_hardly_any_looks_says_so(open_notebook: OpenNotebook, looks: int) -> None:
    with DemoService(looks=looks) as service:
        notebook = open_notebook([connect(service)])
        notebook.run_cell(0)
        picker = picker_of(notebook)
        expect(total(picker)).to_have_text("1 look" if looks else "0 looks")
        expect(cards(picker)).to_have_count(looks)
        if looks:
            wait_for_pictures(picker, 1)
            show_characters(picker)
            expect(total(picker)).to_have_text("1 character · 1 look")
            expect(cards(picker).locator(".look-card__type")).to_have_text("1 look")
        else:
            expect(picker.locator(".look-empty")).to_contain_text("This account has no looks.")
            expect(picker.locator(".v-alert")).to_have_count(0)


def test_the_last_of_100_000_looks_can_be_reached_and_found(open_notebook: OpenNotebook) -> None:
    code = (
        "from heygen_widgets import *\n"
        "looks = [Look(f'look_{n}', f'Look {n}', 'photo_avatar') for n in range(100_000)]\n"
        "picker = LookPicker(looks)\npicker"
    )
    notebook = open_notebook([code])
    notebook.run_cell(0)
    picker = picker_of(notebook)
    expect(total(picker)).to_have_text("100,000 looks")
    scroll_to(picker, 10**9)
    card = picker.locator('[data-position="99999"]')
    expect(card).to_have_attribute("data-look-id", "look_99999")
    card.click()
    notebook.expect_run("picker.selected_id", "look_99999")
    wait_for_cards(picker)
    picker.locator("input").first.fill("look_99999")
    expect(total(picker)).to_have_text("1 of 100,000 looks")
    expect(cards(picker).first.locator(".look-card__name")).to_have_text("Look 99999")
