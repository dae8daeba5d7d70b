from pathlib import Path

import pytest

from .install_browser import VARIABLE, BrowserNotFoundError, find_browser, run


def make_command(folder: Path, name: str, script: str = "exit 0") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_named_browser_goes_before_others_and_must_exist(tmp_path: Path) -> None:
    make_command(tmp_path, "chromium")
    mine, missing = make_command(tmp_path, "my-browser"), tmp_path / "missing"
    assert find_browser({VARIABLE: str(mine), "PATH": str(tmp_path)}, ()) == mine
    with pytest.raises(BrowserNotFoundError, match=str(missing)):
        find_browser({VARIABLE: str(missing), "PATH": str(tmp_path)}, ())


def test_chromium_goes_before_chrome_and_both_before_a_mac_application(tmp_path: Path) -> None:
    environ, app = {"PATH": str(tmp_path)}, make_command(tmp_path, "Google Chrome")
    assert find_browser(environ, ()) is None  # Playwright's own
    assert find_browser(environ, [app, tmp_path / "absent"]) == app
    chrome = make_command(tmp_path, "google-chrome")
    assert find_browser(environ, [app]) == chrome
    chromium = make_command(tmp_path, "chromium")
    assert find_browser(environ, [app]) == chromium


def test_a_command_that_does_not_give_its_version_is_skipped(tmp_path: Path) -> None:
    make_command(tmp_path, "chromium-browser", "echo 'please install the snap' >&2; exit 1")
    chrome = make_command(tmp_path, "google-chrome", "echo 'Google Chrome 140'")
    assert find_browser({"PATH": str(tmp_path)}, ()) == chrome


def test_a_command_that_fails_or_hangs_gives_a_reason(tmp_path: Path) -> None:
    hangs, fails = make_command(tmp_path, "hangs", "exec sleep 600"), make_command(tmp_path, "fails", "seq 9; exit 1")
    assert run([str(fails)], 5) == (False, "4\n5\n6\n7\n8\n9")
    for command, reason in ((hangs, "timed out"), (tmp_path / "missing", "missing")):
        succeeded, output = run([str(command)], 0.5)
        assert not succeeded
        assert reason in output
