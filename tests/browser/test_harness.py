import contextlib
import json
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
from .jupyter import App, CellError, JupyterServer, notebook_of
from .kernel import KernelError

COUNTER = """
import traitlets
import ipyvuetify

class Counter(ipyvuetify.VuetifyTemplate):
    count = traitlets.Int(0).tag(sync=True)

    @traitlets.default("template")
    def _template(self):
        return '<template><v-btn @click="count = count + 1">clicked {{ count }} times</v-btn></template>'

    def __repr__(self):
        return f"<Counter {self.count}>"

counter = Counter()
counter
"""

BROKEN = '''
import traitlets
import ipyvuetify

class Broken(ipyvuetify.VuetifyTemplate):
    count = traitlets.Int(0).tag(sync=True)
    handled = False

    @traitlets.default("template")
    def _template(self):
        return """
            <template>
                <div><button @click="fail">script</button><button @click="handle">handler</button>
                <button @click="count += 1">observer</button></div>
            </template>
            <script>export default { methods: { fail() { throw new Error('in a method') } } }</script>
        """

    def vue_handle(self, data=None):
        self.handled = True
        raise ValueError("in a handler")

    @traitlets.observe("count")
    def _observe_count(self, change):
        raise ValueError("in an observer")

broken = Broken()
broken
'''

both_apps = pytest.mark.parametrize("app", ["lab", "notebook"])


@both_apps
def test_a_click_reaches_the_kernel_and_a_trait_reaches_the_page(open_notebook: OpenNotebook, app: App) -> None:
    notebook = open_notebook([COUNTER], app=app)
    notebook.run_cell(0)
    button = notebook.output(0).get_by_role("button")
    expect(button).to_have_text("clicked 0 times")
    button.click()
    notebook.expect_run("counter.count", 1)
    notebook.run("counter.count = 41")
    expect(button).to_have_text("clicked 41 times")
    button.click()
    notebook.expect_run("counter.count", 42)


@both_apps
def test_every_cell_is_run_even_at_once_after_opening(open_notebook: OpenNotebook, app: App) -> None:
    notebook = open_notebook(["a = 1", "", "b = a + 1", "b"], app=app)
    notebook.run_all()
    expect(notebook.output(3)).to_contain_text("2")
    assert notebook.value("(a, b)") == (1, 2)


@both_apps
def test_a_deleted_cell_the_theme_and_the_size_are_noticed(open_notebook: OpenNotebook, app: App) -> None:
    notebook = open_notebook(["1", "2"], app=app, theme="dark", viewport=(900, 700))
    expect(notebook.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    assert notebook.page.viewport_size == {"width": 900, "height": 700}
    notebook.run_cell(0)
    assert notebook.cell_count() == 2
    notebook.page.keyboard.press("d")
    notebook.page.keyboard.press("d")
    expect(notebook.cells).to_have_count(1)
    assert notebook.cell_count() == 1


def test_saving_writes_the_outputs_and_on_request_the_widgets(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([COUNTER], save_widget_state=True)
    notebook.run_all()
    notebook.output(0).get_by_role("button").click()
    notebook.expect_run("counter.count", 1)
    saved = notebook.save()
    assert "application/vnd.jupyter.widget-view+json" in saved["cells"][0]["outputs"][0]["data"]
    state = saved["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert [model["state"]["count"] for model in state.values() if "count" in model["state"]] == [1]


def test_a_reloaded_page_shows_the_widget_of_the_running_kernel(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([COUNTER], fresh=True)
    notebook.run_all()
    notebook.run("counter.count = 7")
    notebook.save()
    notebook.reload()
    expect(notebook.output(0).get_by_role("button")).to_have_text("clicked 7 times")


def test_a_notebook_on_disk_is_run_as_a_copy_and_saved_without_widgets(
    open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.ipynb"
    mine.write_text(json.dumps(notebook_of(["6 * 7", COUNTER])))
    notebook = open_notebook(mine, app="notebook")
    notebook.run_all()
    expect(notebook.output(0)).to_contain_text("42")
    assert "widgets" not in notebook.save()["metadata"]
    assert "42" not in mine.read_text()


def test_a_notebook_that_was_used_before_is_as_good_as_new(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([COUNTER, "1 / 0"], env={"HEYGEN_API_KEY": "planted"})
    notebook.run_all(allow_errors=True)
    notebook.run("__builtins__.kept = counter")
    notebook.renew(["1"], theme="dark", viewport=(900, 700))
    expect(notebook.cells).to_have_count(1)
    expect(notebook.page.get_by_role("button", name="clicked")).to_have_count(0)
    expect(notebook.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    assert notebook.page.viewport_size == {"width": 900, "height": 700}
    left = "(kept.comm, 'counter' in globals(), 'HEYGEN_API_KEY' in __import__('os').environ)"
    assert notebook.value(left) == (None, False, False)
    notebook.run("del __builtins__.kept")
    notebook.run_cell(0)
    expect(notebook.cells.nth(0).locator(".jp-InputPrompt")).to_have_text("[1]:")


def test_code_runs_in_the_kernel_without_a_trace_and_values_come_back_whole(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["1", "len(In)"], app="notebook")
    notebook.run_cell(0)
    assert notebook.run("print('printed')\n'returned'") == "printed\n'returned'"
    expected = {"names": ("Zoë", "二"), "numbers": list(range(200)), "none": None}
    assert notebook.value(repr(expected)) == expected
    notebook.run_cell(1)
    expect(notebook.output(1)).to_contain_text("3")
    expect(notebook.cells.nth(1).locator(".jp-InputPrompt")).to_have_text("[2]:")


def test_a_cell_that_raises_is_an_error_unless_allowed(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["1 / 0", "2"], app="notebook")
    with pytest.raises(CellError, match="division by zero"):
        notebook.run_all()
    with pytest.raises(CellError, match="division by zero"):
        notebook.run_cell(0)
    notebook.run_cell(0, allow_errors=True)
    notebook.run_cell(1)


def test_a_cell_that_does_not_end_is_an_error(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import threading; threading.Event().wait()"], fresh=True)
    with pytest.raises(AssertionError, match=re.escape("not done after 0.5 s")):
        notebook.run_cell(0, timeout=0.5)
    with pytest.raises(TimeoutError, match="busy"):
        notebook.run("1", timeout=0.5)


def test_code_that_raises_and_a_value_that_is_never_reached_are_errors(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["x = 1"], app="notebook")
    notebook.run_all()
    with pytest.raises(KernelError, match="ValueError: no such look"):
        notebook.run("raise ValueError('no such look')")
    with pytest.raises(AssertionError, match=re.escape("x was still 1 after 0.2 s, and not 2")):
        notebook.expect_run("x", 2, timeout=0.2)


def test_a_kernel_has_the_planted_variables_and_none_of_ours(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([""], app="notebook", env={"HEYGEN_API_KEY": "planted"})
    assert notebook.run("import os; print(os.environ['HEYGEN_API_KEY'])") == "planted"
    assert notebook.value("os.path.expanduser('~')") != os.path.expanduser("~")
    other = open_notebook([""], app="notebook")
    assert other.value("[name for name in __import__('os').environ if name.startswith('HEYGEN')]") == []


def test_an_exception_on_the_page_is_an_error_even_if_it_is_caught(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([BROKEN], app="notebook")
    notebook.run_all()
    assert notebook.errors() == []
    with notebook.page.expect_event("pageerror"):
        notebook.page.evaluate("() => { setTimeout(() => { throw new Error('uncaught') }) }")
    with notebook.page.expect_console_message(lambda message: "in a method" in message.text):
        notebook.output(0).get_by_text("script").click()
    notebook.page.evaluate("console.error('only said')")
    assert [re.findall("uncaught|in a method", error)[0] for error in notebook.errors()] == ["uncaught", "in a method"]
    assert notebook.console_errors == ["only said"]
    open_notebook.expect_errors("uncaught")
    assert len(open_notebook.unexpected_errors()) == 1
    open_notebook.expect_errors("in a method")
    assert open_notebook.unexpected_errors() == []


def test_an_exception_in_a_handler_or_an_observer_is_an_error(open_notebook: OpenNotebook) -> None:
    open_notebook.expect_errors("in a handler|in an observer")
    notebook = open_notebook([BROKEN], app="notebook")
    notebook.run_all()
    notebook.output(0).get_by_text("handler").click()
    notebook.expect_run("broken.handled", True)
    notebook.output(0).get_by_text("observer").click()
    notebook.expect_run("broken.count", 1)
    assert [error.splitlines()[0] for error in notebook.errors()] == [
        "ValueError: in a handler",
        "ValueError: in an observer",
    ]


def test_a_closed_notebook_leaves_no_kernel(open_notebook: OpenNotebook, jupyter_server: JupyterServer) -> None:
    notebook = open_notebook([""], app="notebook", fresh=True)
    assert notebook.kernel.id in jupyter_server.kernel_ids()
    notebook.close()
    assert notebook.kernel.id not in jupyter_server.kernel_ids()


def test_the_server_and_its_kernels_end_with_a_test_run_that_is_killed(tmp_path: Path) -> None:
    held_by_kernel = tmp_path / "held"
    os.mkfifo(held_by_kernel)
    script = f"""
import os, signal
from {JupyterServer.__module__} import JupyterServer
server = JupyterServer()
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
