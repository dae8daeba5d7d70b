"""The programs of the page of recipes, each in its place: `make recipes` installs the places and runs this file."""

import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import nbformat
import pypandoc
import pytest
from browser.install_browser import start_chromium
from browser.jupyter import notebook_of
from playwright.sync_api import Error as PlaywrightError, expect, sync_playwright
from test_recipes import blocks_of

from heygen_widgets import demo_client

# The options for a port and no window, and the first look's card, or a table where (20, 45) is the first look's box
APPS = {
    "Solara": ("--no-open --port", "[data-look-id='{}']"),
    "Shiny": ("--port", "[data-look-id='{}']"),
    "Streamlit": ("--server.headless=true --server.port", "[data-testid=stDataFrame] .dvn-scroller"),
    "marimo": ("--headless --no-token --port", "tbody"),
}


@pytest.fixture(autouse=True)
def _shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = (Path(sys.executable).parent, Path(pypandoc.get_pandoc_path()).parent, os.environ["PATH"])
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("place", APPS)
def test_two_visitors_select_a_look(place: str) -> None:
    look, (options, target) = next(demo_client().iter_looks(ownership="private")), APPS[place]
    (program,), (command,) = blocks_of(place, "python"), blocks_of(place, "sh")
    Path("app.py").write_text(program, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with ExitStack() as stack:
        server = stack.enter_context(subprocess.Popen(f"exec {command.strip()} {options} {port}", shell=True))
        stack.callback(server.terminate)
        browser = stack.enter_context(start_chromium(stack.enter_context(sync_playwright())))
        for page in (browser.new_page(), browser.new_page()):
            page.set_default_timeout(60_000)
            while server.poll() is None and page.url == "about:blank":
                try:
                    page.goto(f"http://127.0.0.1:{port}")
                except PlaywrightError:
                    page.wait_for_timeout(50)  # the server is still starting
            page.locator(target.format(look.id)).first.click(position={"x": 20, "y": 45})
            expect(page.get_by_text(f"{look.name}: {look.id}")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("extension", ["", "nbsphinx", "myst_nb"])
def test_a_page_shows_the_text_and_no_widget(extension: str) -> None:
    (program,), (commands,) = (blocks_of("papermill and nbconvert", language) for language in ("python", "sh"))
    nbformat.write(notebook_of([program]), "notebook.ipynb")
    if extension:
        Path("conf.py").write_text(next(one for one in blocks_of("nbsphinx and myst-nb", "python") if extension in one))
        commands = "python -m sphinx --define root_doc=notebook . pages && mv pages/notebook.html ."
    subprocess.run(commands, shell=True, check=True)
    for name in ("notebook.html",) if extension else ("notebook.html", "run.ipynb"):
        text = Path(name).read_text(encoding="utf-8")
        assert re.search(r"Avatar look picker \(heygen_widgets\): \d+ of 2,000 looks, filtered by", text)
        assert ("embed-amd" if extension else "widget-state") not in text
