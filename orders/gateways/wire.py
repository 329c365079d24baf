"""One connection for one call: connected, secured, written and read before its deadline, then thrown away."""

from __future__ import annotations

import functools
import socket
import ssl
import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import certifi
from urllib3.connection import HTTPConnection

from orders.gateways import addresses, deadlines
from orders.gateways.base import Door

CONNECT_SECONDS = 5.0
WATCHDOG_GRACE_SECONDS = 1.0
"""The socket's own timeout stands this far behind the watchdog, as a second line."""


class Stage(IntEnum):
    """How far a call came; a request can have left this machine only from WRITING on."""

    RESOLVING = 0
    CONNECTING = 1
    SECURING = 2
    READY = 3
    WRITING = 4
    WAITING = 5
    READING = 6


@dataclass(kw_only=True)
class Call:
    """One exchange while it lasts. `ends_at` is time.monotonic at which it must be over."""

    door: Door
    ends_at: float
    stage: Stage = Stage.RESOLVING
    watch: deadlines.Watch | None = field(default=None, repr=False)
    connection: HTTPConnection | None = field(default=None, repr=False)

    @property
    def out_of_time(self) -> bool:
        return (self.watch is not None and self.watch.fired) or time.monotonic() >= self.ends_at

    def crash_point(self, name: str) -> None:
        if self.door.crash_point is not None:
            self.door.crash_point(name)

    def release(self) -> None:
        """Close whatever is still open: a gateway that ignores “Connection: close” would keep the socket otherwise."""
        if self.connection is not None:
            self.connection.close()
        if self.watch is not None:
            deadlines.release(self.watch)


class WatchedConnection(HTTPConnection):
    """urllib3's connection, plain or in TLS, that goes to the pinned address and tells its call how far it came."""

    def __init__(self, call: Call, *, host: str, port: int | None, secure: bool) -> None:
        self.call = call
        self.secure = secure
        # http.client leaves the port out of the Host header when it is the default one.
        default_port = addresses.DEFAULT_PORTS["https" if secure else "http"]
        vars(self)["default_port"] = default_port
        super().__init__(host, port or default_port, timeout=_seconds_left(call) + WATCHDOG_GRACE_SECONDS)

    def connect(self) -> None:
        """Resolve unless pinned, connect, start the watchdog, shake hands. The certificate must fit the URL's host."""
        address = self.call.door.address or self._resolved()
        self.call.stage = Stage.CONNECTING
        plain = socket.create_connection((address, self.port), min(CONNECT_SECONDS, _seconds_left(self.call)))
        try:
            self._watch_over(plain)
            self.sock = self._secured(plain) if self.secure else plain
        except BaseException:
            plain.close()
            raise
        self.call.stage = Stage.READY

    def send(self, data: Any) -> None:
        """The last look before the first byte: here a late worker is stopped."""
        if self.call.stage is Stage.READY:
            self.call.crash_point("before_send")
            if self.call.door.before_write is not None:
                self.call.door.before_write()
            self.call.stage = Stage.WRITING
        super().send(data)

    def _resolved(self) -> str:
        # An http URL was let in as a test gateway already; a name reached by https must lead to the public internet.
        return addresses.resolve(self.call.door.base_url, allow_private=not self.secure)

    def _watch_over(self, plain: socket.socket) -> None:
        plain.settimeout(_seconds_left(self.call) + WATCHDOG_GRACE_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.call.watch = deadlines.watch(plain, ends_at=self.call.ends_at)

    def _secured(self, plain: socket.socket) -> ssl.SSLSocket:
        self.call.stage = Stage.SECURING
        return tls_context().wrap_socket(plain, server_hostname=self.host)


@functools.cache
def tls_context() -> ssl.SSLContext:
    """TLS 1.2 or newer, certificates verified against the bundle that comes with requests; made once, as it is slow."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _seconds_left(call: Call) -> float:
    return max(0.05, call.ends_at - time.monotonic())
