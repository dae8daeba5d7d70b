"""Find a Chromium for the browser tests, or install one, and print which it is.

    python tests/browser/install_browser.py

The search order is: the path in ``HEYGEN_WIDGETS_BROWSER``, Chromium or Chrome on ``PATH``, and Playwright's own. If
none starts, Playwright downloads its own. If that fails, Debian's package is installed (as root).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

VARIABLE = "HEYGEN_WIDGETS_BROWSER"
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPS = tuple(Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in ("Chromium", "Google Chrome"))
HINT = (
    "The browser tests need Chromium or Google Chrome. Install one of them (Debian: apt-get install chromium; "
    "macOS: brew install --cask chromium; elsewhere: python -m playwright install --with-deps chromium), "
    f"or set {VARIABLE} to the path of its executable."
)
# Starts a browser, with every library that it needs
PROBE = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1] or None, args=["--no-sandbox"])
    print(browser.version)
    browser.close()
"""
APT = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium"
INSTALLERS = {
    "playwright install": [sys.executable, "-m", "playwright", "install", "chromium"],
    "apt-get install": ["sh", "-c", f'. /etc/os-release && test "$ID" = debian && {APT}'],
}


class BrowserNotFoundError(RuntimeError):
    """No usable browser; the text says what to install or to set."""


def find_browser(environ: Mapping[str, str] = os.environ, apps: Sequence[Path] = MAC_APPS) -> Path | None:
    """Return the browser to start, or None for Playwright's own.

    Raises
    ------
    BrowserNotFoundError
        If ``HEYGEN_WIDGETS_BROWSER`` names no executable.
    """
    if named := environ.get(VARIABLE):
        if not shutil.which(named):
            raise BrowserNotFoundError(f"{VARIABLE} is {named!r}, which is no executable file. {HINT}")
        return Path(named)
    on_path = [Path(found) for name in COMMANDS if (found := shutil.which(name, path=environ.get("PATH", "")))]
    # Ubuntu's chromium-browser may be a stub that only asks for snap
    browsers = [*on_path, *(app for app in apps if app.is_file())]
    return next((browser for browser in browsers if run([str(browser), "--version"], 30)[0]), None)


def run(command: Sequence[str], limit: float) -> tuple[bool, str]:
    """Run a command for at most ``limit`` s; return whether it succeeded, and the end of its output."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        done = subprocess.run(command, **pipes, timeout=limit, check=False, text=True, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout.strip()[-600:]


def main() -> int:
    """Print the browser of the tests, installing one if needed; return the exit status."""
    complaints = []
    for name, command in {"": [], **INSTALLERS}.items():
        if name:
            print(f"Trying {name}, for ten minutes at most ...", flush=True)
            installed, output = run(command, 600)
            if not installed:
                complaints.append(f"{name}: {output}")
                continue
        browser = str(find_browser() or "")
        started, output = run([sys.executable, "-c", PROBE, browser], 60)
        label = browser or "Playwright's own Chromium"
        if started:
            print(f"Browser for the tests: {label} (version {output.splitlines()[-1]})")
            return 0
        complaints.append(f"{label} does not start: {output}")
        if os.environ.get(VARIABLE):
            break
    print("No browser for the tests.", *complaints, HINT, sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
