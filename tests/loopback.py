"""A real HTTP server on loopback that plays a script: one reply after the other, the last one again and again."""

import json
import signal
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from heygen_widgets.api import HeyGenClient
from heygen_widgets.api.transport import Transport

KEY = "sk_V2_planted-key-0123456789abcdef"
REFUSED = "http://127.0.0.1:1"  # nobody listens there, while the port of a closed server soon is another one's

Reply = Callable[["Handler"], None]


class Seen(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # small pieces go out one by one
    server: "Loopback"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        self.server.next_reply(Seen(self.command, parts.path, query, headers, body))(self)

    do_POST = do_CONNECT = do_GET  # noqa: N815 - the base class looks these names up

    def log_message(self, *args: object) -> None:
        pass


class Loopback(socketserver.ThreadingTCPServer):
    """Serves while it is a context: ``with Loopback(reply({...}), hang_up) as server: …``."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    _ports: ClassVar[set[int]] = set()

    def __init__(self, *script: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = list(script)
        self.seen: list[Seen] = []
        self.connections = 0
        self.closing = threading.Event()
        self.left = threading.Event()  # set by a reply that saw the client close the connection
        self._lock = threading.Lock()

    def server_bind(self) -> None:
        # Pickers share a catalogue by its address: a port comes once, though the system gives it again.
        super().server_bind()
        if self.server_address[1] in self._ports:
            self.socket.close()
            self.socket = socket.socket(self.address_family, self.socket_type)
            self.server_address = ("127.0.0.1", 0)
            self.server_bind()
        self._ports.add(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def next_reply(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gives up is part of many scripts

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


def send_head(handler: Handler, length: int, status: int = 200, **headers: str) -> None:
    """Send the start of a response; underscores in header names stand for hyphens."""
    handler.send_response(status)
    for name, value in {"Content_Length": str(length), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def reply(content: object, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON, or with bytes as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    def play(handler: Handler) -> None:
        send_head(handler, len(body), status, **{"Content_Type": "application/json", **headers})
        handler.wfile.write(body)

    return play


def failure(status: int, code: str = "some_code", message: str = "Some message", **headers: str) -> Reply:
    """Answer with the service's error envelope."""
    return reply({"error": {"code": code, "message": message}}, status, **headers)


def page(ids: Iterable[str], **more: object) -> Reply:
    """Answer with a page of looks."""
    return reply({"data": [look(look_id) for look_id in ids], **more})


def look(look_id: str, **fields: object) -> dict[str, Any]:
    return {"id": look_id, "name": f"Look {look_id}", "avatar_type": "photo_avatar", **fields}


def hang_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def raw(content: bytes) -> Reply:
    """Send bytes as they are, and close the connection."""

    def play(handler: Handler) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return play


babble = raw(b"\x00\xff" * 100 + b"\r\n\r\n")  # no HTTP
cut_short = raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"data": [')  # promises more than is sent


def interim(final: Reply, status: int = 103) -> Reply:
    """Send two interim responses before the final one."""

    def play(handler: Handler) -> None:
        handler.wfile.write(f"HTTP/1.1 {status} Wait\r\nLink: </a.css>\r\n\r\n".encode() * 2)
        final(handler)

    return play


def unsized(body: bytes) -> Reply:
    """Send a body that ends where the connection does."""
    return raw(b"HTTP/1.1 200 OK\r\n\r\n" + body)


def chunked(*chunks: bytes) -> Reply:
    """Send a body in chunks, the last of which is empty."""

    def play(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for chunk in chunks:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    return play


def stay_silent(handler: Handler) -> None:
    """Never answer."""
    handler.server.closing.wait(10)
    handler.close_connection = True


def interrupt(handler: Handler) -> None:
    """Press Ctrl-C, never answer, and see the client close the connection."""
    handler.connection.settimeout(5)
    # Python notices a signal that strikes just before it begins to wait only after the wait.
    for _ in range(2):
        press_ctrl_c()
        with suppress(TimeoutError):
            with suppress(ConnectionError):
                assert handler.connection.recv(1) == b""
            handler.server.left.set()
            break
    handler.close_connection = True


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@contextmanager
def ctrl_c_raises(kind: type[BaseException]) -> Iterator[None]:
    """Let Ctrl-C raise any error, as a signal handler of the user's may do."""

    def stop(*_: object) -> None:
        raise kind("of the user")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def drip(piece: bytes, *, status: int = 200, **headers: str) -> Reply:
    """Send the body in small pieces, without end."""

    def play(handler: Handler) -> None:
        send_head(handler, 1_000_000, status, **headers)
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(piece)

    return play


@contextmanager
def client_of(server: Loopback, **arguments: Any) -> Iterator[HeyGenClient]:
    """Give a client of the server that never really waits; `client.waits` lists how long it would have waited, in s."""
    with HeyGenClient(KEY, base_url=server.url, **arguments) as client:
        client.waits = hurry(client._transport)  # type: ignore[attr-defined]
        yield client


def hurry(transport: Transport, meanwhile: Callable[[], object] = lambda: None) -> list[float]:
    """Skip the waits between requests; return the list of waits, in s, whose sum is the transport's clock."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        meanwhile()

    transport.now = lambda: sum(waits)
    transport.sleep = sleep
    return waits


class TlsLoopback(Loopback):
    """Serves over TLS with a certificate for 127.0.0.1, which only the file `authority` vouches for."""

    def __init__(self, folder: Path, *script: Reply) -> None:
        super().__init__(*script)
        key, self.authority = folder / "key.pem", folder / "certificate.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=loopback"),
                *("-keyout", str(key), "-out", str(self.authority), "-addext", "subjectAltName=IP:127.0.0.1"),
            ],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return super().url.replace("http:", "https:")
