"""Start a Chromium for the browser tests, or install one, and print which it is.

    python tests/browser/install_browser.py

The search order is: the path in ``HEYGEN_WIDGETS_BROWSER``, Chromium or Chrome on ``PATH`` or of macOS, and
Playwright's own. If none starts, Playwright downloads its own. If that fails, Debian's package is installed (as root).
"""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import Browser, Error as PlaywrightError, Playwright, sync_playwright

VARIABLE = "HEYGEN_WIDGETS_BROWSER"
COMMANDS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
HINT = (
    "The browser tests need Chromium or Google Chrome. Install one of them (Debian: apt-get install chromium; "
    "macOS: brew install --cask chromium; elsewhere: python -m playwright install --with-deps chromium), "
    f"or set {VARIABLE} to the path of its executable."
)
APT = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium"
INSTALLERS = (
    [sys.executable, "-m", "playwright", "install", "chromium"],
    ["sh", "-c", f'. /etc/os-release && test "$ID" = debian && {APT}'],
)
# No name outside this machine is looked up, so a test that needs the network fails everywhere. A key scrolls at once:
# Chromium loses one that comes in the last frame of another one's smooth scrolling.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-smooth-scrolling", "--disable-quic", "--no-proxy-server"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def start_chromium(playwright: Playwright) -> Browser:
    """Start the first browser that starts, without a window. Raises `RuntimeError` that says what to install."""
    named = os.environ.get(VARIABLE)
    paths = [named] if named else [*filter(None, map(shutil.which, COMMANDS)), None]
    problems = []
    for path in paths:
        try:
            return playwright.chromium.launch(executable_path=path, args=FLAGS)
        except PlaywrightError as error:
            problems.append(f"{path or 'Chromium of Playwright'} does not start: {error}")
    raise RuntimeError("\n".join([*problems, HINT]))


def main() -> None:
    """Print the browser of the tests, installing one if needed; exit with 1 if none starts."""
    installers = iter(() if os.environ.get(VARIABLE) else INSTALLERS)
    while True:
        try:
            with sync_playwright() as playwright, start_chromium(playwright) as browser:
                print(f"Browser for the tests: Chromium {browser.version}")
                return
        except RuntimeError as error:
            installer = next(installers, None)
            if not installer:
                sys.exit(str(error))
            print("Trying", *installer, flush=True)
            subprocess.run(installer, check=False)


if __name__ == "__main__":
    main()
