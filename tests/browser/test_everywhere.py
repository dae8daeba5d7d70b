"""The same notebook in each front end, shown twice, run again, beside other widgets, saved and opened elsewhere."""

import json
import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from heygen_widgets.demo import DemoService

from . import picker_page as ui
from .conftest import OpenNotebook
from .jupyter import App, Server, note_errors

KEY = "sk_V2_planted_everywhere_0123456789"

DASHBOARD = """
from heygen_widgets import *
import ipywidgets
picker = LookPicker(demo_client(looks=2_000))
picker.catalogue.wait()
label = ipywidgets.Label("Nothing yet")
picker.observe(lambda change: label.set_trait("value", f"Selected: {change['new'] and change['new'].id}"), "value")
text = ipywidgets.Text()
link = ipywidgets.jslink((picker, "selected_id"), (text, "value"))
ipywidgets.VBox([ipywidgets.HBox([picker]), label, text])
"""

DISPLAYS = "sorted(w._view_count for w in widgets.widget._instances.values() if isinstance(w, LookPicker))"


def pick_a_look(output: Locator) -> None:
    """Filter and click a card. The widgets below, of which Python fills one, follow the picker and lead it."""
    picker = output.locator(".look-picker")
    ui.wait_for_pictures(picker)
    # It has the full width, also in an HBox.
    assert picker.evaluate("root => root.clientWidth") > 0.9 * output.evaluate("output => output.clientWidth")
    picker.locator(".look-filters input").first.fill("garden")
    expect(ui.total(picker)).to_have_text(re.compile(r"^\d+ of 2,000 looks$"))
    expect(picker.locator(".look-card__name").first).to_contain_text(re.compile("garden", re.I))
    card, other = ui.cards(picker).nth(1), ui.cards(picker).nth(2)
    look_id, other_id = (str(one.get_attribute("data-look-id")) for one in (card, other))
    card.click()
    expect(output.get_by_text(f"Selected: {look_id}")).to_be_visible()
    expect(card).to_have_attribute("aria-selected", "true")
    text = output.locator(".widget-text input")
    expect(text).to_have_value(look_id)
    text.fill(other_id)
    expect(other).to_have_attribute("aria-selected", "true")
    expect(output.get_by_text(f"Selected: {other_id}")).to_be_visible()


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_look_is_picked_in_a_notebook(open_notebook: OpenNotebook, app: App) -> None:
    notebook = open_notebook([DASHBOARD], app=app)
    notebook.run_all()
    pick_a_look(notebook.output(0))


def test_a_look_is_picked_in_voila(browser: Browser, jupyter_server: Server) -> None:
    errors: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        note_errors(page, errors, [])
        name = jupyter_server.add_notebook([DASHBOARD]).name
        page.goto(f"{jupyter_server.url}/voila/render/{name}?token={jupyter_server.token}")
        pick_a_look(page.locator(".jp-OutputArea").first)
    assert errors == []


def test_a_cell_that_is_run_again_or_after_a_restart_leaves_no_ghost(open_notebook: OpenNotebook) -> None:
    setup = f"{ui.SETUP.partition('; ')[0]}\nfrom ipywidgets import widgets\npicker"
    notebook = open_notebook([setup, "picker"], viewport=(1400, 1900))
    notebook.run_all()
    ui.cards(ui.picker_of(notebook, 0)).first.click()
    notebook.run("before = picker")
    # The same two displays, of a new picker.
    notebook.run_all()
    first, second = ui.picker_of(notebook, 0), ui.picker_of(notebook, 1)
    ui.wait_for_pictures(first)
    expect(notebook.page.locator(".look-picker")).to_have_count(2)
    notebook.expect_run(DISPLAYS, [2])  # the one before has left the page
    selected = notebook.value("before.selected_id")
    # Each of two displays follows the other. Scrolled apart, both stay full.
    second.locator(".look-filters input").first.fill("office")
    for picker in (first, second):
        expect(picker.locator(".look-card__name").first).to_contain_text(re.compile("office", re.I))
    ui.scroll_and_load(first, 2_000)
    assert second.evaluate(ui.BLANK) == 0
    assert ui.grid(second).evaluate("grid => grid.scrollTop") == 0
    ui.cards(second).nth(2).click()
    ui.scroll_to(first, 0)
    for picker in (first, second):
        expect(ui.cards(picker).nth(2)).to_have_attribute("aria-selected", "true")
    assert notebook.value("(before.selected_id, bool(before.filter))") == (selected, False)

    # The stand-in ends with its kernel: no clip may be loading from it.
    notebook.page.mouse.move(0, 0)
    expect(notebook.page.locator(".look-card__clip")).to_have_count(0)
    notebook.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:restart-run-all') }")
    notebook.confirm_restart()
    for cell in (0, 1):
        expect(ui.total(ui.picker_of(notebook, cell))).to_have_text("2,000 looks", timeout=60_000)
        ui.wait_for_pictures(ui.picker_of(notebook, cell))
    expect(ui.picker_of(notebook, 0).locator(".look-picker__cut")).to_be_hidden()
    notebook.expect_run(DISPLAYS, [2])
    card = ui.cards(ui.picker_of(notebook, 1)).nth(3)
    card.click()
    notebook.expect_run("picker.selected_id", card.get_attribute("data-look-id"))
    assert notebook.console_errors == []


def test_a_saved_notebook_is_small_and_shows_the_selection_elsewhere(open_notebook: OpenNotebook) -> None:
    with DemoService(looks=2_000, api_key=KEY) as service:
        notebook = open_notebook(
            ["from heygen_widgets import *\npicker = LookPicker(multiple=True)\npicker", "picker"],
            env={"HEYGEN_API_KEY": KEY, "HEYGEN_API_BASE": service.base_url},
            viewport=(1400, 1900),
            save=True,
        )
        empty = len(json.dumps(notebook.save()))
        texts = notebook.output(0).locator(".heygen-widgets-saved")
        for _ in range(3):  # only the last picker stays
            notebook.run_cell(0)
            expect(texts).to_contain_text(": 2,000 looks.")  # as of the end of the load
        picker = ui.picker_of(notebook)
        ui.wait_for_pictures(picker)
        picker.locator(".look-filters input").first.fill("office")
        expect(ui.total(picker)).to_have_text(re.compile(r"^\d+ of 2,000 looks$"))
        for place in (1, 2):
            ui.cards(picker).nth(place).click()
        expect(texts).to_contain_text("2 selected:")  # without another cell
        expect(texts).to_be_hidden()
        for search in ("offi", "office"):
            notebook.run(f"picker.filter = LookFilter({search!r})")
            expect(texts).to_contain_text(f"search='{search}'")  # after the cell
        ui.scroll_and_load(picker, 3_000)
        notebook.run_cell(1)
        ui.wait_for_pictures(ui.picker_of(notebook, 1))
        notebook.expect_run("picker.first_window", {})
        selected = notebook.value("[(look.id, look.name) for look in picker.values]")
        others = notebook.value("[look.id for look in picker.catalogue.looks if look not in picker.values]")
        saved = notebook.save()
        address = service.base_url.partition("//")[2]
    text = json.dumps(saved)
    widgets = saved["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    states = [{name: v for name, v in w["state"].items() if name not in ("template", "components")} for w in widgets]
    assert sum("selected_id" in state for state in states) == 1
    assert len(json.dumps(states)) < 10_000
    assert not [secret for secret in (KEY, address, *others) if secret in text]
    assert len(text) - empty <= 200_000

    # On another machine the notebook is not trusted, and JupyterLab shows the text instead of the widget.
    elsewhere = notebook.path.with_name("elsewhere.ipynb")
    elsewhere.write_text(json.dumps(saved))
    reader = open_notebook(elsewhere).output(0)
    for words in ("2 selected:", *(part for look in selected for part in look), "multiple=True, values=["):
        expect(reader.locator(".heygen-widgets-saved")).to_contain_text(words)
        expect(reader.locator(".heygen-widgets-saved")).to_be_visible()
    expect(reader).to_contain_text("filtered by LookFilter(search='office')")
