"""Widgets in a real kernel: nothing grows, and the kernel ends quietly."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from avatar_service import PATIENCE, run
from browser.kernel import Kernel
from jupyter_client.manager import KernelManager

SERVICE = """
from heygen_widgets import HeyGenClient, LookPicker
from heygen_widgets.demo import DemoService

service = DemoService(looks=2_000, latency=0.1)
client = HeyGenClient(service.start().api_key, base_url=service.base_url)
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


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KernelManager, Kernel]]:
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
        client = Kernel(Path(manager.connection_file))
        try:
            client.run(SERVICE)
            yield manager, client
        finally:
            client.close()
            manager.shutdown_kernel(now=True)
    assert said.read_text() == ""


def test_nothing_grows_with_runs_of_a_cell_filter_changes_and_closed_pickers(kernel: Any) -> None:
    _, client = kernel

    def measured() -> list[int]:
        return list(map(int, client.run("measure()").split()))

    client.run(MEASURE + LOADED)
    client.metadata["cellId"] = "cell"  # as JupyterLab tells it
    cell = "picker = LookPicker(client, cache=None)\npicker"
    acts = {"runs": [cell] * 200, "filters": [SHOW, *[FILTERS] * 20], "closed": [CLOSED]}
    # The first time of each makes caches.
    for code in (*[cell] * 20, SHOW, FILTERS, CLOSED, cell):
        client.run(code, timeout=180, store_history=True)
    for act, codes in acts.items():
        before = measured()
        for code in codes:
            client.run(code, timeout=180, store_history=True)
        *growth, memory = (after - earlier for after, earlier in zip(measured(), before, strict=True))
        assert max(growth) < 10, f"{act}: widgets, threads and open files grow by {growth}"
        # Of each run, IPython itself keeps some KB.
        assert memory < 8_000_000, f"{act}: {memory:,} bytes"
    client.metadata.clear()


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
    client.run(sending)
    # Not by a request: then the kernel answers on another thread while it closes that thread's socket.
    client.start("exit")
    assert manager.provisioner.process.wait(PATIENCE) == 0


def test_a_process_ends_quietly_while_a_picker_loads() -> None:
    ended = run(f"{SERVICE}\npicker = LookPicker(client, cache=None)\nwhile len(picker.catalogue) < 100: pass")
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
