"""What holds for all tests: nothing of the user's own cache is read or written, and Ctrl-C is heard."""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from avatar_service import forget_threads
from hypothesis import HealthCheck, settings

# Below, the user's cache is another folder, in which Playwright would not find its browser.
if sys.platform == "linux":
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(user_cache / "ms-playwright"))

# The same examples in each run, and few of them: `make fuzz` draws many others. No example is timed, since a machine
# that is busy is no fault.
_untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", _untimed, max_examples=25, derandomize=True)
settings.register_profile("fuzz", _untimed, max_examples=1_000)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        caches = tmp_path_factory.mktemp("caches")
        patch.setenv("XDG_CACHE_HOME", str(caches))
        yield caches


@pytest.fixture(autouse=True)
def cache_home(_caches: Path) -> Iterator[Path]:
    """Give each test an empty cache of its own, in the folder that would be the user's."""
    folder = Path(tempfile.mkdtemp(dir=_caches))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def _nothing_of_other_tests() -> None:
    forget_threads()
    # A Ctrl-C that strikes while tqdm takes its locks leaves one of them taken, and other threads then wait for ever.
    # What nobody has imported yet stays so, since tqdm reads its environment when it is imported.
    if bars := sys.modules.get("tqdm.auto"):
        bars.tqdm.set_lock(threading.RLock())


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> Iterator[None]:
    # A shell that begins a run in the background lets it be ignored, also in whatever processes the run begins.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
