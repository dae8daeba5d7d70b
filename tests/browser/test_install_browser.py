import os
import select
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .install_browser import (
    BrowserNotFoundError,
    chromium_folders,
    find_browser,
    installed_browsers,
    is_debian,
    last_lines,
    run_bounded,
)

MakeCommand = Callable[[str, str], Path]


@pytest.fixture
def make_command(tmp_path: Path) -> MakeCommand:
    def make(name: str, script: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def test_a_named_browser_goes_before_one_on_the_path(tmp_path: Path, make_command: MakeCommand) -> None:
    make_command("chromium", "exit 0")
    mine = make_command("my-browser", "exit 0")
    assert find_browser({"HEYGEN_WIDGETS_BROWSER": str(mine), "PATH": str(tmp_path)}) == mine


def test_a_named_browser_that_is_not_there_is_an_error_even_with_one_on_the_path(
    tmp_path: Path, make_command: MakeCommand
) -> None:
    make_command("chromium", "exit 0")
    missing = tmp_path / "missing"
    with pytest.raises(BrowserNotFoundError, match=str(missing)):
        find_browser({"HEYGEN_WIDGETS_BROWSER": str(missing), "PATH": str(tmp_path)})


def test_chromium_goes_before_chrome(tmp_path: Path, make_command: MakeCommand) -> None:
    chrome = make_command("google-chrome", "exit 0")
    chromium = make_command("chromium", "exit 0")
    assert installed_browsers(str(tmp_path), apps=()) == [chromium, chrome]


def test_a_mac_application_comes_after_the_path(tmp_path: Path, make_command: MakeCommand) -> None:
    app = make_command("Google Chrome", "exit 0")
    chromium = make_command("chromium", "exit 0")
    assert installed_browsers(str(tmp_path), apps=(app, tmp_path / "absent")) == [chromium, app]


def test_a_command_that_cannot_tell_its_version_is_passed_over(tmp_path: Path, make_command: MakeCommand) -> None:
    make_command("chromium-browser", "echo 'please install the snap' >&2; exit 1")
    chrome = make_command("google-chrome", "echo 'Google Chrome 140'")
    assert find_browser({"PATH": str(tmp_path)}) == chrome


def test_a_browser_that_playwright_downloaded_is_its_own_default(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "browsers")}
    with pytest.raises(BrowserNotFoundError, match="Install one of them"):
        find_browser(environ)
    for folder in chromium_folders(_dry_run(environ)):
        folder.mkdir(parents=True)
        (folder / "INSTALLATION_COMPLETE").touch()
    assert find_browser(environ) is None


def test_only_folders_of_chromium_are_read_from_a_dry_run() -> None:
    dry_run = """Chrome for Testing 1.2.3 (playwright chromium v99)
  Install location:    /cache of mine/chromium-99
  Download url:        https://example.com/chrome.zip
FFmpeg (playwright ffmpeg v1)
  Install location:    /cache of mine/ffmpeg-1
Chrome Headless Shell 1.2.3 (playwright chromium-headless-shell v99)
  Install location:    /cache of mine/chromium_headless_shell-99
"""
    cache = Path("/cache of mine")
    assert chromium_folders(dry_run) == [cache / "chromium-99", cache / "chromium_headless_shell-99"]
    assert chromium_folders("something else") == []


@pytest.mark.parametrize(
    ("os_release", "expected"),
    [
        ('NAME="Debian GNU/Linux"\nID=debian\n', True),
        ('ID=raspbian\nID_LIKE="debian"\n', True),
        ("ID=ubuntu\nID_LIKE=debian\n", False),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', False),
        ("ID=fedora\n", False),
        ("", False),
    ],
)
def test_apt_is_asked_only_where_its_chromium_is_a_browser(os_release: str, expected: bool) -> None:
    assert is_debian(os_release) is expected


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path, make_command: MakeCommand) -> None:
    held_by_child = tmp_path / "held"
    os.mkfifo(held_by_child)
    hangs = make_command("hangs", f"echo begun; sleep 600 > {held_by_child} & wait")
    reader = os.open(held_by_child, os.O_RDONLY | os.O_NONBLOCK)
    try:
        worked, output = run_bounded([str(hangs)], limit=0.5)
        assert not worked
        assert output.splitlines() == ["begun", "", "Gave up after 0.5 s."]
        assert select.select([reader], [], [], 10) == ([reader], [], []), "the child still holds its output"
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


def test_a_command_that_is_missing_fails_with_a_reason(tmp_path: Path) -> None:
    worked, output = run_bounded([str(tmp_path / "missing")], limit=5)
    assert not worked
    assert "missing" in output


def test_only_the_end_of_a_long_complaint_is_shown() -> None:
    assert last_lines("one\n\ntwo\nthree\n\n", count=2) == "    two\n    three"


def _dry_run(environ: dict[str, str]) -> str:
    _, output = run_bounded([sys.executable, "-m", "playwright", "install", "--dry-run", "chromium"], 30, environ)
    return output
