from pathlib import Path

import pytest

from .install_browser import VARIABLE, BrowserNotFoundError, find_browser, run


def make_command(folder: Path, name: str, script: str = "exit 0") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_named_browser_goes_before_chromium_chrome_and_a_mac_application(tmp_path: Path) -> None:
    environ, app = {"PATH": str(tmp_path)}, make_command(tmp_path, "Google Chrome")
    assert find_browser(environ, ()) is None  # Playwright's own
    assert find_browser(environ, [app, tmp_path / "absent"]) == app
    for name in ("google-chrome", "chromium"):
        command = make_command(tmp_path, name)
        assert find_browser(environ, [app]) == command
    mine, missing = make_command(tmp_path, "my-browser"), tmp_path / "missing"
    assert find_browser({**environ, VARIABLE: str(mine)}, ()) == mine
    with pytest.raises(BrowserNotFoundError, match=str(missing)):
        find_browser({**environ, VARIABLE: str(missing)}, ())


def test_a_command_that_gives_no_version_is_skipped_with_a_reason(tmp_path: Path) -> None:
    stub = make_command(tmp_path, "chromium-browser", "echo 'please install the snap' >&2; exit 1")
    chrome = make_command(tmp_path, "google-chrome", "echo 'Google Chrome 140'")
    assert find_browser({"PATH": str(tmp_path)}, ()) == chrome
    assert run([str(stub)], 5) == (False, "please install the snap")
    succeeded, output = run([str(make_command(tmp_path, "hangs", "exec sleep 600"))], 0.5)
    assert not succeeded
    assert "timed out" in output
