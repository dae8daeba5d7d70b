"""What the browser tests rely on: notebooks that are as good as new, errors that fail a test, and no process left."""

import contextlib
import os
import re
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import OpenNotebook
from .jupyter import App, CellError, Server
from .kernel import KernelError

WIDGET = '''
import traitlets
import ipyvuetify

class Counter(ipyvuetify.VuetifyTemplate):
    count = traitlets.Int(0).tag(sync=True)
    handled = False

    @traitlets.default("template")
    def _template(self):
        return """
            <template>
                <div><v-btn @click="count = count + 1">clicked {{ count }} times</v-btn>
                <button @click="fail">script</button><button @click="handle">handler</button></div>
            </template>
            <script>export default { methods: { fail() { throw new Error('in a method') } } }</script>
        """

    def vue_handle(self, data=None):
        self.handled = True
        raise ValueError("in a handler")

    @traitlets.observe("count")
    def _observe_count(self, change):
        if change["new"] == 43:
            raise ValueError("in an observer")

counter = Counter()
counter
'''


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_all_cells_run_clicks_reach_the_kernel_and_a_used_notebook_is_as_good_as_new(
    open_notebook: OpenNotebook, app: App
) -> None:
    notebook = open_notebook([WIDGET, "", "1 / 0"], app=app, env={"HEYGEN_API_KEY": "planted"})
    with pytest.raises(CellError, match="division by zero"):
        notebook.run_all()
    button = notebook.output(0).get_by_role("button", name="clicked")
    button.click()
    notebook.expect_run("counter.count", 1)
    notebook.run("counter.count = 41; __builtins__.kept = counter")
    expect(button).to_have_text("clicked 41 times")
    assert notebook.value("__import__('os').environ['HEYGEN_API_KEY']") == "planted"
    assert notebook.value("__import__('os').path.expanduser('~')") != os.path.expanduser("~")

    notebook.renew(["1"], theme="dark", viewport=(900, 700))
    expect(notebook.cells).to_have_count(1)
    expect(notebook.page.get_by_role("button", name="clicked")).to_have_count(0)
    expect(notebook.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    assert notebook.page.viewport_size == {"width": 900, "height": 700}
    left = "(kept.comm, 'counter' in globals(), [v for v in __import__('os').environ if v.startswith('HEYGEN')])"
    assert notebook.value(left) == (None, False, [])
    notebook.run("del __builtins__.kept")
    notebook.run_cell(0)
    expect(notebook.cells.nth(0).locator(".jp-InputPrompt")).to_have_text("[1]:")


def test_code_that_raises_does_not_end_or_never_has_a_value_is_an_error(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import threading; threading.Event().wait()"], fresh=True)
    assert notebook.run("print('printed')\n'returned'") == "printed\n'returned'"
    with pytest.raises(KernelError, match="ValueError: no such look"):
        notebook.run("raise ValueError('no such look')")
    with pytest.raises(AssertionError, match=re.escape("1 was still 1 after 0.2 s, and not 2")):
        notebook.expect_run("1", 2, timeout=0.2)
    with pytest.raises(AssertionError, match=re.escape("not done after 0.5 s")):
        notebook.run_cell(0, timeout=0.5)
    with pytest.raises(TimeoutError, match="busy"):
        notebook.run("1", timeout=0.5)


def test_an_exception_on_the_page_in_a_handler_or_an_observer_is_an_error(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([WIDGET], app="notebook")
    notebook.run_all()
    assert notebook.errors() == []
    with notebook.page.expect_event("pageerror"):
        notebook.page.evaluate("() => { setTimeout(() => { throw new Error('uncaught') }) }")
    with notebook.page.expect_console_message(lambda message: "in a method" in message.text):
        notebook.output(0).get_by_text("script").click()
    notebook.page.evaluate("console.error('only said')")
    notebook.output(0).get_by_text("handler").click()
    notebook.expect_run("counter.handled", True)
    notebook.run("counter.set_state({'count': 42})")
    notebook.output(0).get_by_text("clicked 42").click()
    notebook.expect_run("counter.count", 43)
    raised = ["uncaught", "in a method", "in a handler", "in an observer"]
    assert [re.findall("|".join(raised), error)[0] for error in notebook.errors()] == raised
    assert notebook.console_errors == ["only said"]
    open_notebook.expect_errors("uncaught|in a method|in an observer")
    assert len(open_notebook.unexpected_errors()) == 1
    open_notebook.expect_errors("in a handler")


def test_the_server_and_its_kernels_end_with_a_test_run_that_is_killed(tmp_path: Path) -> None:
    held_by_kernel = tmp_path / "held"
    os.mkfifo(held_by_kernel)
    script = f"""
import os, signal
from {Server.__module__} import Server
server = Server()
kernel = server.start_kernel(server.add_notebook([]))
kernel.run("held = open({str(held_by_kernel)!r}, 'w')")
print(server.url, flush=True)
input()
os.kill(os.getpid(), signal.SIGKILL)
"""
    environ = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script]
    reader = os.open(held_by_kernel, os.O_RDONLY | os.O_NONBLOCK)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as test_run:
        assert test_run.stdin
        assert test_run.stdout
        port = int(test_run.stdout.readline().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as held_by_server, os.fdopen(reader, "rb") as held:
            assert select.select([held_by_server.fileno(), held.fileno()], [], [], 0) == ([], [], [])
            test_run.stdin.write("\n")
            test_run.stdin.flush()
            held_by_server.settimeout(20)
            with contextlib.suppress(ConnectionResetError):  # what it had not yet accepted is reset
                assert held_by_server.recv(1) == b""
            assert select.select([held], [], [], 20) == ([held], [], [])
            assert held.read() == b""
