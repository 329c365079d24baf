"""HTTP/1.1 on a plain socket: reading a request, sending a reply, and every way in which a reply can go wrong."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
import urllib.parse
from dataclasses import dataclass, field
from http import HTTPStatus

HEAD_LIMIT_BYTES = 65_536
BODY_LIMIT_BYTES = 64 * 1024 * 1024
"""Large enough for ten thousand orders in one control call."""
IDLE_SECONDS = 120.0
DRIP_SECONDS = 0.5
HANG_SECONDS = 3600.0
ENDLESS_BYTES = 8 * 1024 * 1024
"""Beyond any sensible cap on an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came. Header names are lower case."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to send, and in which manner. `seconds` is the pause per byte of a drip, or the length of a hang."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    manner: str = "plain"
    seconds: float | None = None

    @property
    def status_seen(self) -> int | None:
        """The status the client can read, or None when nothing is sent."""
        return None if self.manner in SILENT_MANNERS else self.status


SILENT_MANNERS = frozenset({"reset", "close", "hang"})


class BadRequest(Exception):
    """What came is not HTTP that we read; the connection is answered with 400 and closed."""


class Connection:
    """One client's socket and what has been read from it but not used yet."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._waiting = b""
        sock.settimeout(IDLE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> Request | None:
        """The next request, or None when the client has left."""
        head = self._read_head()
        if head is None:
            return None
        method, target, headers = _parsed_head(head)
        body = self._read_body(headers)
        parts = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)) if parts.query else {}
        return Request(method=method, path=urllib.parse.unquote(parts.path), query=query, headers=headers, body=body)

    def deliver(self, reply: Reply, *, keep: bool) -> bool:
        """Send the reply in its manner. True when the connection may carry another request."""
        if reply.manner == "plain":
            self.sock.sendall(_head(reply, keep=keep) + reply.body)
            return keep
        _MISBEHAVIOURS[reply.manner](self.sock, reply)
        return False

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.close()

    def _read_head(self) -> bytes | None:
        while (end := self._waiting.find(b"\r\n\r\n")) < 0:
            if len(self._waiting) > HEAD_LIMIT_BYTES:
                raise BadRequest("The request's head is too long.")
            chunk = self.sock.recv(65_536)
            if not chunk:
                return None
            self._waiting += chunk
        head, self._waiting = self._waiting[:end], self._waiting[end + 4 :]
        return head

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise BadRequest("Send a Content-Length; chunked requests are not read here.")
        text = headers.get("content-length", "0")
        if not (text.isascii() and text.isdigit()) or int(text) > BODY_LIMIT_BYTES:
            raise BadRequest("Content-Length is not a number within the limit.")
        return self._read_exactly(int(text), announce=headers.get("expect", "").lower() == "100-continue")

    def _read_exactly(self, length: int, *, announce: bool) -> bytes:
        if announce and len(self._waiting) < length:
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        received = bytearray(self._waiting)
        while len(received) < length:
            chunk = self.sock.recv(min(1 << 20, length - len(received)))
            if not chunk:
                raise BadRequest("The body ended early.")
            received += chunk
        self._waiting = bytes(received[length:])
        return bytes(received[:length])


def _parsed_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    try:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    except ValueError as error:
        raise BadRequest("The request's head is not HTTP.") from error
    if not version.startswith("HTTP/1."):
        raise BadRequest("Only HTTP/1.x is spoken here.")
    return method, target, headers


def _head(reply: Reply, *, keep: bool, with_length: bool = True) -> bytes:
    try:
        reason = HTTPStatus(reply.status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {reply.status} {reason}", f"Content-Type: {reply.content_type}"]
    if with_length:
        lines.append(f"Content-Length: {len(reply.body)}")
    lines += [f"{name}: {value}" for name, value in reply.headers]
    lines.append("Connection: keep-alive" if keep else "Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _reset(sock: socket.socket, _reply: Reply) -> None:
    """Linger zero makes close() send RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def _close(sock: socket.socket, _reply: Reply) -> None:
    sock.close()


def _hang(sock: socket.socket, reply: Reply) -> None:
    """Say nothing until the client gives up or the time is over."""
    sock.settimeout(HANG_SECONDS if reply.seconds is None else reply.seconds)
    with contextlib.suppress(OSError):
        while sock.recv(65_536):
            pass


def _drip_everything(sock: socket.socket, reply: Reply) -> None:
    _drip(sock, _head(reply, keep=False) + reply.body, reply)


def _drip_headers(sock: socket.socket, reply: Reply) -> None:
    status_line, rest = _head(reply, keep=False).split(b"\r\n", 1)
    sock.sendall(status_line + b"\r\n")
    _drip(sock, rest + reply.body, reply)


def _drip_body(sock: socket.socket, reply: Reply) -> None:
    sock.sendall(_head(reply, keep=False))
    _drip(sock, reply.body, reply)


def _drip(sock: socket.socket, text: bytes, reply: Reply) -> None:
    pause_seconds = DRIP_SECONDS if reply.seconds is None else reply.seconds
    for byte in text:
        sock.sendall(bytes([byte]))
        time.sleep(pause_seconds)


def _truncate(sock: socket.socket, reply: Reply) -> None:
    """Announce the whole body, send half of it, close properly."""
    sock.sendall(_head(reply, keep=False) + reply.body[: len(reply.body) // 2])


def _endless(sock: socket.socket, reply: Reply) -> None:
    sock.sendall(_head(reply, keep=False, with_length=False) + b'{"padding":"')
    block = b"x" * 65_536
    for _ in range(ENDLESS_BYTES // len(block)):
        sock.sendall(block)


_MISBEHAVIOURS = {
    "reset": _reset,
    "close": _close,
    "hang": _hang,
    "drip_status": _drip_everything,
    "drip_headers": _drip_headers,
    "drip_body": _drip_body,
    "truncate": _truncate,
    "endless": _endless,
}
