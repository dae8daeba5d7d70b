"""The types that an editor shows to a user: pyright checks a program that imports the installed package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyright")  # in the extra `dev`, not in `test`

RIGHT = """
from heygen_widgets import HeyGenClient, LookPicker, VideoRequest

client = HeyGenClient()
picker = LookPicker(client, multiple=True)
if picker.value is not None:
    print(picker.value.name.upper(), picker.value.tags[0].upper())
print(picker.values[0].id.upper(), [look.is_ready for look in picker.values])
picker.value = picker.values[0]
picker.values = [client.get_look("look_1")]
for look in client.list_looks(limit=5):
    print(look.name.upper(), look.orientation)
print(picker.catalogue.to_frame().columns, picker.filter.search.upper())
job = client.start_video(VideoRequest(avatar_id="look_1", script="Welcome!"))
print(job.result().id.upper())
picker = LookPicker(client, gender="female", search="office", filter="a")
picker.filter = {"gender": "female"}
picker.value = picker.values[0].id
client.start_video(client.get_look(picker.values[0]), "Welcome!", engine="avatar_iv")
VideoRequest(picker.values[0], "Welcome!").check()
"""
WRONG = """
from heygen_widgets import HeyGenClient, LookFilter, LookPicker

picker = LookPicker()
print(picker.value.name)
print(picker.values[0].nickname)
LookPicker(gendr="female")
LookFilter(tags="New")
HeyGenClient().list_looks(gender="female")
"""

RULES = ["reportOptionalMemberAccess", "reportAttributeAccessIssue", *["reportCallIssue"] * 3]


def test_an_editor_reports_only_a_missing_none_check_and_unknown_fields(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    settings = {"extraPaths": [str(Path(__file__).parents[1])], "typeCheckingMode": "standard"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    # With --outputjson pyright does not ask PyPI for a newer version.
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == 2
    broken: dict[str, list[str]] = {"right.py": [], "wrong.py": []}
    for found in report["generalDiagnostics"]:
        if found["severity"] == "error":
            broken[Path(found["file"]).name].append(found.get("rule", found["message"]))
    assert broken == {"right.py": [], "wrong.py": RULES}
