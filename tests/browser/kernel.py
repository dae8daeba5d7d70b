"""Ask a running kernel directly, beside the front end that shows its notebook."""

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

    Parameters
    ----------
    id
        The server's id of the kernel.
    connection_file
        The JSON file that tells the kernel's ports and key.
    """

    def __init__(self, id: str, connection_file: Path) -> None:
        self.id = id
        self._client = BlockingKernelClient()
        self._client.load_connection_file(str(connection_file))
        self._client.start_channels(shell=True, iopub=True, stdin=False, hb=False, control=False)
        self._subscribed = False
        self._handler_errors: list[str] = []

    def run(self, code: str, *, timeout: float = 60.0) -> str:
        """Execute code after whatever the kernel is doing; return its text, printed and of the last expression.

        Raises
        ------
        KernelError
            If the code raises.
        TimeoutError
            If it is not done after ``timeout`` seconds.
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

    def begins_anew(self) -> None:
        """Note that the kernel is restarted: what the new one publishes arrives here only a while later."""
        self._subscribed = False

    def handler_errors(self) -> list[str]:
        """Return what widgets' handlers and observers have raised: the kernel publishes that, but no cell shows it."""
        while self._client.channels_running:
            try:
                self._note(self._client.iopub_channel.get_msg(timeout=0))
            except Empty:
                break
        return list(self._handler_errors)

    def forget_errors(self) -> None:
        """Drop what handlers and observers have raised so far."""
        self.handler_errors()
        self._handler_errors.clear()

    def close(self) -> None:
        """Leave the kernel, which goes on."""
        self.handler_errors()
        self._client.stop_channels()

    def _subscribe(self, deadline: float) -> None:
        """Wait until what the kernel publishes arrives here: a subscription takes a moment, and sends no answer."""
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
        """Yield kind and content of what the kernel publishes on a request, until it is idle again."""
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


def _traceback(error: dict[str, Any]) -> str:
    """Return the text of an error message, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join([f"{error['ename']}: {error['evalue']}", *error["traceback"]]))
