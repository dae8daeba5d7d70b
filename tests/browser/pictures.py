"""Take the README's pictures from the real thing: ``python -m tests.browser.pictures``."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from .jupyter import JupyterServer, NotebookPage, start_chromium

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
DECODED = "() => [...document.querySelectorAll('.look-card img')].filter(i => i.naturalWidth > 0).length >= 12"


def main() -> None:
    """Run the first notebook, choose a look and take the cell with the picker."""
    target = NOTEBOOKS / "images" / "picker.png"
    target.parent.mkdir(exist_ok=True)
    with sync_playwright() as playwright, start_chromium(playwright) as browser, JupyterServer() as server:
        source = NOTEBOOKS / "01_pick_a_look.ipynb"
        with NotebookPage(server, browser, source, viewport=(1180, 1100)) as notebook:
            notebook.run_cell(0)
            notebook.run_cell(1)
            notebook.page.wait_for_function(DECODED)
            cards = notebook.page.locator(".look-card[data-look-id]")
            cards.nth(4).click()
            expect(cards.nth(4)).to_have_attribute("aria-selected", "true")
            notebook.page.mouse.move(0, 0)
            notebook.cells.nth(1).screenshot(path=target)
    print(f"{target.relative_to(NOTEBOOKS.parent)}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
