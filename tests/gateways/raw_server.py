"""A gateway on a plain socket that says exactly the bytes it is told, in any manner."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """`requests` holds each request as it came; `connections` counts who knocked."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def raw_server(behave: Behaviour, *, reads_first: bool = True) -> Iterator[RawServer]:
    """Serve until the block ends; `behave` gets each connection after its request was read."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(port=listener.getsockname()[1])
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            if reads_first:
                server.requests.append(read_request(connection))
            behave(connection)

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)


def read_request(connection: socket.socket) -> bytes:
    """One request with the body its Content-Length announces."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65_536)
        if not chunk:
            return received
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length and (chunk := connection.recv(65_536)):
        body += chunk
    return head + b"\r\n\r\n" + body


def saying(text: bytes) -> Behaviour:
    return lambda connection: connection.sendall(text)


def answering(body: bytes, *, status: str = "200 OK", headers: bytes = b"") -> Behaviour:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode()
    return saying(head + headers + b"\r\n" + body)


def dripping(text: bytes, *, at_once: int = 0, pause_seconds: float = 0.1) -> Behaviour:
    """The first `at_once` bytes immediately, the rest one by one; each byte would renew a socket's own timeout."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(text[:at_once])
        for byte in text[at_once:]:
            connection.sendall(bytes([byte]))
            time.sleep(pause_seconds)

    return drip


def resetting(connection: socket.socket) -> None:
    """Linger zero makes close() send RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def endless(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"a":"')
    while True:
        connection.sendall(b"x" * 65_536)
