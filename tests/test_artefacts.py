"""What a session of use leaves on disk, searched for the key."""

import base64
import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import nbformat
import pandas as pd
import pytest
from loopback import Loopback, failure
from nbclient import NotebookClient
from pyarrow import parquet

from heygen_widgets.demo import DemoService

# Letters and digits only: no way of quoting, in URLs, JSON, HTML or a repr, changes these.
CORE = "Qz7PlantedCore4Wv9"
KEY = f"""sk_V2/{CORE}+"'&"""

FOLDERS = [
    *(f"XDG_{kind}" for kind in ("CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR")),
    *(f"JUPYTER_{kind}_DIR" for kind in ("CONFIG", "DATA", "RUNTIME")),
    *("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "TMPDIR"),
]

CELLS = {
    "everything that is logged goes to a file": """
        %xmode Verbose
        import copy, http.client, json, logging, os, pickle, pprint
        logging.basicConfig(filename="session.log", level=1, force=True)
        logging.getLogger("urllib3").setLevel(1)
        http.client.HTTPConnection.debuglevel = 1
        from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker
    """,
    "a picker loads, and looks are selected": """
        picker = LookPicker(multiple=True)
        assert picker.catalogue.wait(timeout=60)
        for look in picker.catalogue.looks[:2]:
            picker.vue_select({"id": look.id, "selected": True})
        picker.filter = LookFilter("a")
        picker
    """,
    "everything is shown": """
        client, catalogue = picker.catalogue.client, picker.catalogue
        print(client, catalogue, picker, picker.value)
        pprint.pprint([vars(client), vars(client._transport), vars(client._transport._session)])
        print(json.dumps([client, catalogue, picker.get_state()], default=repr))
        display(client, vars(client), client._transport.credential, catalogue, picker.values, picker.to_frame())
    """,
    "everything is exported": """
        catalogue.save("snapshot.jsonl.gz")
        catalogue.to_parquet("catalogue.parquet")
        frame = catalogue.to_frame()
        frame.to_csv("frame.csv")
        frame.to_csv("frame.csv.zip")
        frame.to_json("frame.json.gz")
        frame.to_pickle("frame.pkl")
        catalogue.to_frame(flat=True).to_parquet("frame.parquet")
        with open("looks.json", "w") as file: json.dump([look.to_json() for look in catalogue], file)
        with open("looks.pkl", "wb") as file:
            pickle.dump([catalogue.looks, catalogue.groups, picker.value, client.list_looks()], file)
        LookCatalogue(client, ownership="private").load()
    """,
    "a video is made": """
        from heygen_widgets import VideoRequest
        usable = next(look for look in catalogue if look.is_ready and "avatar_iv" in look.engines)
        request = VideoRequest(avatar_id=usable.id, script="Hello")
        job = client.start_video(request)
        video = job.result(60)
        print(job, video, request, json.dumps(job.get_state(), default=repr))
        pprint.pprint(vars(job))
        client.wait_for_video(video.id)
        client.wait_for_video_agent(client.create_video_agent("An ad").session_id)
        client.download_video(video.id, "film.webm")
        with open("video.pkl", "wb") as file: pickle.dump([video, request], file)
        print(client.get_me(), client.list_voices())
        job
    """,
    "! a client is pickled": "with open('client.pkl', 'wb') as file: pickle.dump(client, file)",
    "! the key of another account": """
        other = HeyGenClient(base_url=os.environ["ANOTHER_SERVICE"])
        try:
            other.list_looks()
        except Exception as error:
            logging.exception("It failed")
            with open("error.pkl", "wb") as file: pickle.dump(error, file)
            raise
    """,
    "! nobody is there": "HeyGenClient(base_url='http://127.0.0.1:1', max_retries=0).create_video(request)",
    "a picker shows its errors": """
        failed = LookPicker(other, selected_id="elsewhere")
        failed.catalogue.wait(timeout=60)
        print(failed.error)
        failed
    """,
}

LEFT = {
    *("session.ipynb", "session.log", "history.sqlite", "snapshot.jsonl.gz", "catalogue.parquet", "frame.csv"),
    *("frame.csv.zip", "frame.json.gz", "frame.pkl", "frame.parquet", "looks.json", "looks.pkl", "film.webm"),
    *("video.pkl", "client.pkl", "error.pkl"),
}


def forms_of(key: str) -> list[bytes]:
    """Return what gives a key away, in lower case, however it was quoted or packed into text."""
    core = CORE.encode()
    encoded = []
    for offset in range(3):
        # The letters depend on where the key starts within three bytes; the first and last also on what is around it.
        text = base64.b64encode(b"\0" * offset + key.encode() + b"\0" * (-(len(key) + offset) % 3))
        encoded += [text[4:-4], text[4:-4].replace(b"+", b"-").replace(b"/", b"_")]
    return [form.lower() for form in [core, core.hex().encode(), CORE.encode("utf-16-le"), core[::-1], *encoded]]


def contents_of(path: Path) -> Iterator[bytes]:
    """Yield a file as it is, and unpacked."""
    raw = path.read_bytes()
    yield raw
    if raw.startswith(b"\x1f\x8b"):
        yield gzip.decompress(raw)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if raw.startswith(b"PAR1"):
        table = parquet.read_table(path)
        yield repr([table.to_pylist(), table.schema.metadata]).encode()


def files_with(key: str, folder: Path) -> set[Path]:
    """Find the files with a key in their contents or names."""
    forms = forms_of(key)
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        for content in [str(path).encode(), *(contents_of(path) if path.is_file() else ())]
        if any(form in content.lower() for form in forms)
    }


def test_the_search_unpacks_every_format_and_finds_the_key_in_any_form(tmp_path: Path) -> None:
    plain, data = tmp_path / "key.txt", KEY.encode()
    (tmp_path / "a.gz").write_bytes(gzip.compress(data * 100))
    pd.Series([KEY] * 100).to_csv(tmp_path / "a.zip", compression="zip")
    pd.DataFrame({"a": [KEY] * 2_000}).to_parquet(tmp_path / "a.parquet", compression="gzip")
    for text in (KEY.lower(), json.dumps(json.dumps(KEY)), data.hex(), base64.urlsafe_b64encode(b"a:" + data).decode()):
        plain.write_text(text)
        assert {path.name for path in files_with(KEY, tmp_path)} == {"a.gz", "a.zip", "a.parquet", "key.txt"}


def run_session(folder: Path) -> nbformat.NotebookNode:
    """Run the cells in a kernel and save the notebook, with widget state, as Jupyter does."""
    notebook = nbformat.v4.new_notebook()
    for title, source in CELLS.items():
        tags = ["raises-exception"] if title.startswith("!") else []
        notebook.cells.append(nbformat.v4.new_code_cell(dedent(source).strip(), metadata={"tags": tags}))
    NotebookClient(
        notebook,
        timeout=120,
        store_widget_state=True,
        ipython_hist_file=str(folder / "history.sqlite"),  # else it is kept in memory
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    nbformat.write(notebook, folder / "session.ipynb")
    return notebook


@pytest.mark.parametrize("origin", ["environment", "file"])
def test_no_file_that_a_session_left_has_the_key(origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FOLDERS:
        (tmp_path / name).mkdir(mode=0o700)
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("HEYGEN_API_KEY", "HEYGEN_CONFIG_DIR", "http_proxy", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    credentials = tmp_path / "HOME" / ".heygen" / "credentials"
    if origin == "environment":
        monkeypatch.setenv("HEYGEN_API_KEY", KEY)
    else:
        monkeypatch.setenv("USERPROFILE", str(tmp_path / "HOME"))
        credentials.parent.mkdir()
        credentials.write_text(json.dumps({"api_key": KEY}))
    with (
        DemoService(looks=120, api_key=KEY, render_time=0) as service,
        Loopback(failure(401, "unauthorized")) as another,
    ):
        monkeypatch.setenv("HEYGEN_API_BASE", service.base_url)
        monkeypatch.setenv("ANOTHER_SERVICE", another.url)
        notebook = run_session(tmp_path)
        assert another.seen[0].headers["x-api-key"] == KEY

    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left >= LEFT
    assert list((tmp_path / "XDG_CACHE_HOME").rglob("*.jsonl.gz")), "nothing was kept in the cache"
    for title, cell in zip(CELLS, notebook.cells, strict=True):
        failed = [output.ename for output in cell.outputs if output.output_type == "error"]
        assert bool(failed) == title.startswith("!"), title
    (widgets,) = notebook.metadata.widgets.values()
    selected = [model.state["selected_ids"] for model in widgets.state.values() if "selected_ids" in model.state]
    assert sorted(map(len, selected)) == [0, 2]
    holding = {credentials.relative_to(tmp_path)} if origin == "file" else set()
    assert files_with(KEY, tmp_path) == holding
