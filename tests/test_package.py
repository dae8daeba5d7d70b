"""What a user installs: the wheel, in its own environment, and the lazy public names."""

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import heygen_widgets

PROJECT = Path(__file__).parent.parent

TRIAL = """
import importlib.resources, pathlib, sys
import heygen_widgets
from heygen_widgets import LookPicker, demo_client
assert sys.argv[1] in heygen_widgets.__file__, heygen_widgets.__file__
picker = LookPicker(demo_client(looks=60))
assert picker.catalogue.wait(60)
assert "<template>" in picker.template.template
picker.value = picker.catalogue.looks[0]
assert "<style>" in picker.gallery(pathlib.Path(sys.argv[1]) / "gallery.html").read_text(encoding="utf-8")
print(len(picker.catalogue))
picker.close()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(PROJECT)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_templates_the_type_marker_and_the_clips(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    media = {f"heygen_widgets/demo/media/{path.name}" for path in (PROJECT / "heygen_widgets/demo/media").iterdir()}
    assert media
    templates = {str(path.relative_to(PROJECT)) for path in (PROJECT / "heygen_widgets").rglob("*.vue")}
    assert "heygen_widgets/picker/widget.vue" in templates
    assert names >= {"heygen_widgets/py.typed", *templates, *media}
    assert not [name for name in names if name.startswith(("tests", "notebooks"))]


def test_the_parts_need_no_vue_newer_than_that_of_solara() -> None:
    newer = re.compile(r"useTemplateRef|useId|onWatcherCleanup")  # Solara brings Vue 3.4
    assert not [path for path in (PROJECT / "heygen_widgets").rglob("*.vue") if newer.search(path.read_text("utf-8"))]


def test_a_picker_runs_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "site")]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    program = f"import sys; sys.path.insert(0, sys.argv[1])\n{TRIAL}"
    run = [sys.executable, "-c", program, str(tmp_path / "site")]
    assert subprocess.check_output(run, text=True, cwd=tmp_path).strip() == "60"


def test_every_public_name_can_be_imported_more_than_once_and_modules_are_reached_through_the_package() -> None:
    program = "import heygen_widgets as h; print(h.errors.NotFoundError.__name__, h.demo.DemoService.__name__, h.api)"
    assert "NotFoundError DemoService <module" in subprocess.check_output([sys.executable, "-c", program], text=True)
    for name in 2 * heygen_widgets.__all__:
        assert getattr(heygen_widgets, name).__name__ == name
    assert heygen_widgets.__version__ == importlib.metadata.version("heygen-widgets")
    assert dir(heygen_widgets) == sorted([*heygen_widgets.__all__, "__version__"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LookPickers", r"'LookPickers': did you mean LookPicker\?"),
        *(("Picker", r"did you mean LookPicker\?"), ("model", "models")),
        ("_ipython_x", "'_ipython_x'$"),
    ],
)
def test_an_unknown_name_suggests_the_closest_one(name: str, words: str) -> None:
    with pytest.raises(AttributeError, match=words):
        getattr(heygen_widgets, name)
