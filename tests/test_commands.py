"""The commands of `python -m heygen_widgets` that list and export looks; tests/demo has the one that serves."""

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from heygen_widgets import looks_to_frame
from heygen_widgets.__main__ import main
from heygen_widgets.demo import DemoService


@pytest.fixture(autouse=True)
def _service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    with DemoService(looks=200) as service:
        monkeypatch.setenv("HEYGEN_API_KEY", service.api_key)
        monkeypatch.setenv("HEYGEN_API_BASE", service.base_url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield


def test_looks_that_match_are_listed_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    main(
        [
            "looks",
            "office",
            "--gender",
            "female",
            "--gender",
            "male",
            "--ready",
            "yes",
            "--sort",
            "name",
            "--no-previews",
        ]
    )
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert len(frame) > 3
    assert set(frame["gender"]) == {"female", "male"}
    assert frame["is_ready"].all()
    assert "preview_image_url" not in frame


@pytest.mark.parametrize(
    ("name", "read"), [("a.csv", pd.read_csv), ("a.xlsx", pd.read_excel), ("a.parquet", pd.read_parquet)]
)
def test_the_ending_of_a_file_says_its_format(
    name: str, read: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["looks", "office", "--demo", "-o", str(tmp_path / name)])
    frame = read(tmp_path / name)  # type: ignore[operator]  # one of three functions
    assert 50 < len(frame) < 500
    assert capsys.readouterr().out == f"{tmp_path / name}: {len(frame)} looks\n"
    assert [*frame] == [*looks_to_frame([])]


PROBLEMS = {"-o a.txt": "a.txt should end with .csv, .xlsx, .parquet", "--gender x": "unknown gender 'x'"}
PROBLEMS |= {"--demo -o nowhere/a.csv": "nowhere"}


@pytest.mark.parametrize(("options", "said"), PROBLEMS.items())
def test_a_problem_is_said_without_a_traceback(options: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["looks", *options.split()])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_without_a_key_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("HEYGEN_API_KEY")
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", "/nowhere")
    with pytest.raises(SystemExit):
        main(["looks"])
    assert "--demo" in capsys.readouterr().err
