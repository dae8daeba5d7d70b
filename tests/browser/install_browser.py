"""Find a Chromium for the browser tests, or install one, and print which it is.

    python tests/browser/install_browser.py

Looked for in this order: the path in ``HEYGEN_WIDGETS_BROWSER``, Chromium or Chrome on ``PATH``, the one Playwright has
downloaded. If none starts, Playwright downloads its own; where that fails, Debian's package is installed (as root).
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

VARIABLE = "HEYGEN_WIDGETS_BROWSER"
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
HINT = (
    "The browser tests need Chromium or Google Chrome. Install one of them (Debian: apt-get install chromium; "
    "macOS: brew install --cask chromium; elsewhere: python -m playwright install --with-deps chromium), "
    f"or set {VARIABLE} to the path of its executable."
)
# Shows whether a browser starts at all, with every library it needs
PROBE = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1] or None, args=["--no-sandbox"])
    print(browser.version)
    browser.close()
"""

VERSION_LIMIT = 30.0
START_LIMIT = 60.0
DOWNLOAD_LIMIT = 300.0
PACKAGE_LIMIT = 600.0


class BrowserNotFoundError(RuntimeError):
    """No usable browser; the text says what to install or to set."""


def find_browser(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the browser to start, or None for Playwright's own.

    Raises
    ------
    BrowserNotFoundError
        If there is none, or ``HEYGEN_WIDGETS_BROWSER`` names no executable.
    """
    if named := environ.get(VARIABLE):
        if not _is_executable(Path(named)):
            raise BrowserNotFoundError(f"{VARIABLE} is {named!r}, which is no executable file. {HINT}")
        return Path(named)
    for browser in installed_browsers(environ.get("PATH", "")):
        if answers(browser):
            return browser
    if playwright_has_browser(environ):
        return None
    raise BrowserNotFoundError(HINT)


def installed_browsers(path: str, apps: Sequence[Path] = MAC_APPS) -> list[Path]:
    """Return the browsers on a search path, then those among macOS applications, best first."""
    on_path = [Path(found) for name in COMMANDS if (found := shutil.which(name, path=path))]
    return on_path + [app for app in apps if _is_executable(app)]


def answers(browser: Path) -> bool:
    """Tell whether a browser gives its version: Ubuntu's ``chromium-browser`` may be a stub that only asks for snap."""
    worked, _ = run_bounded([str(browser), "--version"], VERSION_LIMIT)
    return worked


def playwright_has_browser(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether Playwright has downloaded the Chromium of its own version."""
    command = [sys.executable, "-m", "playwright", "install", "--dry-run", "chromium"]
    worked, output = run_bounded(command, VERSION_LIMIT, environ)
    folders = chromium_folders(output)
    return worked and bool(folders) and all((folder / "INSTALLATION_COMPLETE").exists() for folder in folders)


def chromium_folders(dry_run: str) -> list[Path]:
    """Return where Playwright keeps Chromium, from what its dry run prints."""
    labelled = (line.partition("Install location:") for line in dry_run.splitlines())
    folders = [Path(place.strip()) for _, label, place in labelled if label]
    return [folder for folder in folders if folder.name.startswith("chromium")]


def is_debian(os_release: str) -> bool:
    """Tell from ``/etc/os-release`` whether apt's ``chromium`` is the browser: in Ubuntu it is a stub for snap."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    names = {name for field in ("ID", "ID_LIKE") for name in fields.get(field, "").strip("\"'").split()}
    return "debian" in names and "ubuntu" not in names


def last_lines(output: str, count: int = 6) -> str:
    """Return the last lines that say something, indented."""
    return "\n".join(f"    {line.rstrip()}" for line in [line for line in output.splitlines() if line.strip()][-count:])


def run_bounded(command: Sequence[str], limit: float, environ: Mapping[str, str] | None = None) -> tuple[bool, str]:
    """Run a command and its children for at most ``limit`` seconds; return whether it succeeded, and its output."""
    # A file takes the output, since a pipe would be waited for as long as any grandchild holds it
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environ is None else dict(environ),
                start_new_session=True,
            )
        except OSError as error:
            return False, str(error)
        note = ""
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            note = f"\nGave up after {limit:g} s."
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        return process.returncode == 0, output.read().decode(errors="replace") + note


def starts(browser: Path | None) -> tuple[bool, str]:
    """Start a browser through Playwright once; return whether it did, and its version or the complaint."""
    return run_bounded([sys.executable, "-c", PROBE, str(browser or "")], START_LIMIT)


def ask_playwright() -> tuple[bool, str]:
    """Let Playwright download its own Chromium."""
    print(f"Downloading Playwright's own Chromium, for {DOWNLOAD_LIMIT / 60:.0f} minutes at most ...", flush=True)
    return run_bounded([sys.executable, "-m", "playwright", "install", "chromium"], DOWNLOAD_LIMIT)


def ask_debian() -> tuple[bool, str]:
    """Install Debian's Chromium package, where this is Debian and we are root."""
    os_release = Path("/etc/os-release")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (root and shutil.which("apt-get") and os_release.exists() and is_debian(os_release.read_text())):
        return False, "apt-get serves only root on Debian."
    print(f"Installing Debian's chromium, for {PACKAGE_LIMIT / 60:.0f} minutes at most ...", flush=True)
    script = "apt-get update && apt-get install -y --no-install-recommends chromium"
    return run_bounded(["sh", "-c", script], PACKAGE_LIMIT, {**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def usable_browser() -> tuple[bool, str]:
    """Return whether a browser is there and starts, and a line or more that says which or why not."""
    try:
        browser = find_browser()
    except BrowserNotFoundError as error:
        return False, str(error)
    name = "Playwright's own Chromium" if browser is None else str(browser)
    worked, output = starts(browser)
    if worked:
        return True, f"{name} (version {output.strip().splitlines()[-1]})"
    return False, f"{name} does not start:\n{last_lines(output)}"


def complaints(failures: Iterable[tuple[str, str]]) -> str:
    """Return what went wrong, step by step."""
    return "\n".join(f"{step}:\n{last_lines(output)}" for step, output in failures)


def main() -> int:
    """Print the browser of the tests, installing one if need be; return the exit status."""
    worked, outcome = usable_browser()
    failures: list[tuple[str, str]] = []
    if not worked and not os.environ.get(VARIABLE):
        for step, install in (("playwright install", ask_playwright), ("apt-get install", ask_debian)):
            installed, output = install()
            if not installed:
                failures.append((step, output))
                continue
            worked, outcome = usable_browser()
            if worked:
                break
    if worked:
        print(f"Browser for the tests: {outcome}")
        return 0
    print(f"No browser for the tests. {outcome}", complaints(failures), sep="\n", file=sys.stderr)
    return 1


def _is_executable(path: Path) -> bool:
    """Tell whether a path is a file that may be run."""
    return path.is_file() and os.access(path, os.X_OK)


if __name__ == "__main__":
    sys.exit(main())
