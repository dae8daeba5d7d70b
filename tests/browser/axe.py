"""axe-core on a page: what it finds wrong with a picker and with the lists that this has open."""

from importlib.resources import files

from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What has left the picker's root: Vuetify puts the lists of dropdowns at the end of the page.
OVERLAYS = ".v-overlay-container .v-overlay--active"

# What still fades in has another contrast than it will have.
_RUN = """async ([selectors, tags]) => {
    const passing = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < Infinity);
    await Promise.allSettled(passing.map(animation => animation.finished));
    const include = selectors.filter(selector => document.querySelector(selector)).map(selector => [selector]);
    const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], elementRef: true };
    const { violations } = await window.axe.run({ include }, options);
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ element, failureSummary }) =>
        `${id}: ${help}\\n${element.outerHTML.slice(0, 300)}\\n${failureSummary}`));
}"""


def violations(page: Page, *selectors: str) -> list[str]:
    """Give what axe-core finds in the picker and its open lists, or in other parts of the page; best practice too."""
    wanted = selectors or (".look-picker", OVERLAYS)
    assert page.locator(wanted[0]).count(), f"there is no {wanted[0]} on the page"
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(_RUN, [wanted, TAGS])
    return found
