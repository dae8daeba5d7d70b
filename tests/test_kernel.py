"""Widgets in a real kernel: a running cell holds up no click, and the kernel ends quietly."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import ipykernel
import pytest
from avatar_service import PATIENCE, run
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

SERVICE = """
from heygen_widgets import HeyGenClient, LookPicker, VideoJob, VideoRequest
from heygen_widgets.demo import DemoService

service = DemoService(looks=2_000, latency=0.1)
client = HeyGenClient(service.start().api_key, base_url=service.base_url)
"""
PICKER = """
asked = []

class Picker(LookPicker):
    def vue_ask_window(self, asked_for):
        super().vue_ask_window(asked_for)
        asked.append(asked_for)

widget = Picker(client, cache=None)
"""
JOB = """
asked = []
look = next(look for look in client.list_looks(limit=50) if "avatar_iv" in look.engines and look.is_ready)
voice = client.list_voices(limit=1)[0]
request = VideoRequest(avatar_id=look.id, script="Hi", voice_id=voice.voice_id)

class Job(VideoJob):
    def vue_ask(self, view):
        super().vue_ask(view)
        asked.append(view)

widget = Job(client, video_id=client.create_video(request).id)
"""
WAIT = """
import time
print(widget.comm.comm_id, flush=True)
for _ in range(600):
    if len(asked) >= 3:
        break
    time.sleep(0.05)
print(f"answered {len(asked)}")
"""
MEASURE = """
import gc, threading, psutil
from itertools import count, islice
from ipywidgets.widgets import widget as widgets

numbers = count()

def measure():
    for thread in threading.enumerate():
        if thread.name.startswith("heygen_widgets: "):
            thread.join()
    gc.collect()
    process = psutil.Process()
    files = getattr(process, "num_fds", int)()
    # One text, since the kernel may send several of them in several messages.
    print(f"{len(widgets._instances)} {threading.active_count()} {files} {process.memory_info().rss}", flush=True)
"""
LOADED = "catalogue = LookPicker(client, cache=None).catalogue\ncatalogue.wait()"
SHOW = "picker.vue_ask_window({'view': 'v', 'first': True, 'start': 0, 'count': 48, 'screen': 48})"
# Not many in a cell: a client that reads more slowly loses messages, the one that the cell has ended among them.
FILTERS = """
for number in islice(numbers, 100):
    picker.vue_set_filter({"search": ["office", "an", "", f"kitchen {number}"][number % 4]})
"""
CLOSED = f"""
for _ in range(50):
    picker = LookPicker(client, cache=None)
    {SHOW}
    picker.close()
"""
QUESTION = {
    "picker": {"event": "ask_window", "data": {"view": "v", "start": 0, "count": 24, "screen": 24}},
    "job": {"event": "ask", "data": "v"},
}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """Start a kernel and a client of it. The kernel writes nothing to stderr."""
    manager = KernelManager(kernel_name="python3")
    folder = tmp_path_factory.mktemp("kernel")
    said = folder / "stderr"
    with said.open("wb") as stderr:
        # Without the kernel's own warnings, such as one about a port.
        manager.start_kernel(
            env={**os.environ, "IPYTHONDIR": str(folder)},
            extra_arguments=["--log-level=ERROR"],
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            execute(client, SERVICE)
            yield manager, client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    assert said.read_text() == ""


def execute(client: BlockingKernelClient, code: str) -> None:
    answer = client.execute_interactive(code, timeout=180, output_hook=lambda _: None)
    assert answer["content"]["status"] == "ok", "\n".join(answer["content"]["traceback"])


def start_subshell(client: BlockingKernelClient) -> str:
    client.control_channel.send(client.session.msg("create_subshell_request"))
    return str(client.get_control_msg(timeout=30)["content"]["subshell_id"])


def printed(client: BlockingKernelClient) -> str:
    """Wait for what the running cell prints next."""
    while True:
        message = client.get_iopub_msg(timeout=60)
        assert message["msg_type"] != "error", message["content"]["traceback"]
        if message["msg_type"] == "stream" and message["content"]["text"].strip():
            return str(message["content"]["text"].strip())


@pytest.mark.skipif(ipykernel.version_info < (7,), reason="subshells came with ipykernel 7")
@pytest.mark.parametrize("widget", ["picker", "job"])
@pytest.mark.parametrize("situation", ["at rest", "loading", "created in the cell", "trait set in the cell"])
def test_clicks_are_answered_while_a_cell_runs(kernel: Any, widget: str, situation: str) -> None:
    _, client = kernel
    create = PICKER if widget == "picker" else JOB
    rest = "widget.catalogue.wait()\n" if widget == "picker" else "widget.result()\n"
    if situation != "created in the cell":
        execute(client, create + (rest if situation == "at rest" else ""))
    before = {"created in the cell": create, "trait set in the cell": "widget.layout = {'width': '90%'}\n"}
    if widget == "picker":
        before["trait set in the cell"] += "widget.height = 300\n"
    subshell = start_subshell(client)
    client.execute(before.get(situation, "") + WAIT)
    comm_id = printed(client)
    for _ in range(3):
        data = {"method": "custom", "content": QUESTION[widget]}
        message = client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        message["header"]["subshell_id"] = subshell
        client.shell_channel.send(message)
    assert printed(client) == "answered 3"


def test_nothing_grows_with_runs_of_a_cell_filter_changes_and_closed_pickers(kernel: Any) -> None:
    _, client = kernel

    def measured() -> list[int]:
        client.execute("measure()")
        return list(map(int, printed(client).split()))

    execute(client, MEASURE + LOADED)
    client.session.metadata["cellId"] = "cell"  # as JupyterLab tells it
    cell = "picker = LookPicker(client, cache=None)\npicker"
    acts = {"runs": [cell] * 200, "filters": [SHOW, *[FILTERS] * 20], "closed": [CLOSED]}
    # The first time of each makes caches.
    for code in (*[cell] * 20, SHOW, FILTERS, CLOSED, cell):
        execute(client, code)
    for act, codes in acts.items():
        before = measured()
        for code in codes:
            execute(client, code)
        *growth, memory = (after - earlier for after, earlier in zip(measured(), before, strict=True))
        assert max(growth) < 10, f"{act}: widgets, threads and open files grow by {growth}"
        # Of each run, IPython itself keeps some KB.
        assert memory < 8_000_000, f"{act}: {memory:,} bytes"
    client.session.metadata.clear()


def test_a_kernel_ends_quietly_while_widgets_send(kernel: Any) -> None:
    manager, client = kernel
    # The threads keep what they use: a kernel that ends clears its names first.
    sending = """
import threading

def send(widget=LookPicker([]), wait=threading.Event().wait):
    while not wait(0.001):
        widget.send({"method": "none"})

for _ in range(16):
    threading.Thread(target=send, daemon=True).start()
"""
    execute(client, sending)
    # Not by a request: then the kernel answers on another thread while it closes that thread's socket.
    client.execute("exit")
    assert manager.provisioner.process.wait(PATIENCE) == 0


def test_a_process_ends_quietly_while_a_picker_loads() -> None:
    ended = run(f"{SERVICE}{PICKER}\nwhile len(widget.catalogue) < 100: pass")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_nothing_is_sent_once_the_interpreter_ends() -> None:
    program = """
import atexit

def close_sockets():
    picker.send({"method": "late"})
    print(sent)

atexit.register(close_sockets)  # as a kernel does before any widget exists
from heygen_widgets import LookPicker
picker, sent = LookPicker([]), []
picker.comm.publish_msg = lambda kind, data, **_: sent.append(data["content"]["method"])
picker.send({"method": "early"})
"""
    ended = run(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "['early']\n", "")
