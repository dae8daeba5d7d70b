"""Ask a running kernel directly, next to the front end that shows its notebook."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient


class KernelError(AssertionError):
    """Code raised in the kernel; the text is its traceback."""


class Kernel:
    """A second client of a kernel, which executes code without a trace in the notebook.

    `id` is the server's, and `connection_file` a JSON file with the kernel's ports and key.
    """

    def __init__(self, id: str, connection_file: Path) -> None:
        self.id = id
        self._client = BlockingKernelClient()
        self._client.load_connection_file(str(connection_file))
        self._client.start_channels(shell=True, iopub=True, stdin=False, hb=False, control=False)
        self._subscribed = False
        self._handler_errors: list[str] = []

    def run(self, code: str, *, timeout: float = 60.0) -> str:
        """Execute code after what the kernel is running; return what it prints and its last value.

        Raises `KernelError` if the code raises, and `TimeoutError` if it takes longer than ``timeout`` s.
        """
        deadline = time.monotonic() + timeout
        self._subscribe(deadline)
        request = self._client.execute(code, store_history=False, allow_stdin=False)
        text: list[str] = []
        failure = ""
        for kind, content in self._messages(request, deadline):
            if kind == "stream":
                text.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                text.append(content["data"].get("text/plain", ""))
            elif kind == "error":
                failure = _traceback(content)
        if failure:
            raise KernelError(failure)
        return "".join(text).strip()

    def restarted(self) -> None:
        """Wait, before the next code runs, until messages of the restarted kernel arrive here."""
        self._subscribed = False

    def handler_errors(self) -> list[str]:
        """Return the errors of handlers and observers, which the kernel publishes but no cell shows."""
        while self._client.channels_running:
            try:
                self._note(self._client.iopub_channel.get_msg(timeout=0))
            except Empty:
                break
        return list(self._handler_errors)

    def forget_errors(self) -> None:
        """Drop the errors of handlers and observers so far."""
        self.handler_errors()
        self._handler_errors.clear()

    def close(self) -> None:
        """Disconnect. The kernel goes on."""
        self.handler_errors()
        self._client.stop_channels()

    def _subscribe(self, deadline: float) -> None:
        """Wait until messages of the kernel arrive here: a subscription takes a moment and is not confirmed."""
        while not self._subscribed:
            request = self._client.kernel_info()
            try:
                for _ in self._messages(request, min(deadline, time.monotonic() + 0.5)):
                    pass
                self._subscribed = True
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise

    def _messages(self, request: str, deadline: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield kind and content of the kernel's messages about a request until the kernel is idle."""
        while True:
            left = deadline - time.monotonic()
            try:
                message = self._client.iopub_channel.get_msg(timeout=max(left, 0))
            except Empty:
                raise TimeoutError("The kernel did not finish in time; it may be busy with another cell") from None
            self._note(message)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            yield message["msg_type"], message["content"]

    def _note(self, message: dict[str, Any]) -> None:
        if message["msg_type"] == "error" and message["parent_header"].get("msg_type") == "comm_msg":
            self._handler_errors.append(_traceback(message["content"]))


def without_colours(text: str) -> str:
    """Return a text without its colour codes."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _traceback(error: dict[str, Any]) -> str:
    return without_colours("\n".join([f"{error['ename']}: {error['evalue']}", *error["traceback"]]))
