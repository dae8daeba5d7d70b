"""Ask a running kernel directly, next to the front end that shows its notebook."""

import contextlib
import re
import time
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient


class KernelError(AssertionError):
    """Code raised in the kernel; the text is its traceback."""


class Kernel:
    """A second client of a kernel, which executes code without a trace in the notebook."""

    def __init__(self, connection_file: Path) -> None:
        # A context that nothing deletes: Python waits for the sockets of one that is deleted
        self._client = BlockingKernelClient(context=zmq.Context.instance())
        self._client.load_connection_file(str(connection_file))
        self._client.start_channels(shell=True, iopub=True, stdin=False, hb=False, control=False)
        self.metadata: dict[str, str] = self._client.session.metadata  # of each message
        self._is_ready = False
        self._handler_errors: list[str] = []

    def run(self, code: str, *, timeout: float = 60.0, store_history: bool = False) -> str:
        """Execute code after what the kernel is running; return what it prints and its last value."""
        deadline = time.monotonic() + timeout
        if not self._is_ready:
            self._client.wait_for_ready(timeout)
            self._is_ready = True
        request = self._client.execute(code, store_history=store_history, allow_stdin=False)
        text = failure = ""
        while True:
            try:
                message = self._next_message(max(0, deadline - time.monotonic()))
            except Empty:
                raise TimeoutError("The kernel did not finish in time; it may be busy with another cell") from None
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != request:
                continue
            if kind == "stream":
                text += content["text"]
            elif kind in ("execute_result", "display_data"):
                text += content["data"].get("text/plain", "")
            elif kind == "error":
                failure = _traceback(content)
            elif kind == "status" and content["execution_state"] == "idle":
                break
        if failure:
            raise KernelError(failure)
        return text.strip()

    def start(self, code: str) -> None:
        """Execute code, and do not wait for it."""
        self._client.execute(code)

    def restarted(self) -> None:
        """Wait, before the next code runs, until messages of the restarted kernel arrive here."""
        self._is_ready = False

    def handler_errors(self) -> list[str]:
        """Return the list of the errors of handlers and observers, which the kernel publishes but no cell shows."""
        with contextlib.suppress(Empty):
            while True:
                self._next_message(0)
        return self._handler_errors

    def close(self) -> None:
        """Disconnect. The kernel goes on."""
        self._client.stop_channels()

    def _next_message(self, timeout: float) -> dict[str, Any]:
        message: dict[str, Any] = self._client.iopub_channel.get_msg(timeout=timeout)
        if message["msg_type"] == "error" and message["parent_header"].get("msg_type") == "comm_msg":
            self._handler_errors.append(_traceback(message["content"]))
        return message


def without_colours(text: str) -> str:
    """Return a text without its colour codes."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _traceback(error: dict[str, Any]) -> str:
    return without_colours("\n".join([f"{error['ename']}: {error['evalue']}", *error["traceback"]]))
