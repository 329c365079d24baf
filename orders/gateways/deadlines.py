"""One watchdog thread per process that ends a socket's conversation when its time is over.

A socket's own timeout starts again with every byte, so a gateway that drips one byte a second would hold a worker for
hours. Shutting the socket down wakes whoever is blocked in it, in the TLS handshake as well as in the body.
"""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time


class Watch:
    """One socket and the moment (time.monotonic) at which it is shut down. `fired` tells whether that happened."""

    def __init__(self, sock: socket.socket, *, ends_at: float) -> None:
        # A duplicate, because wrapping a socket in TLS detaches the original; both names mean the same connection.
        self._sock = sock.dup()
        self.ends_at = ends_at
        self.fired = False

    def fire(self) -> None:
        self.fired = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.close()


class Watchdog:
    """Keeps the open watches; its thread starts with the first one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[Watch] = set()
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None

    def watch(self, sock: socket.socket, *, ends_at: float) -> Watch:
        watch = Watch(sock, ends_at=ends_at)
        with self._changed:
            self._open.add(watch)
            self._ensure_thread()
            if ends_at < self._wakes_at:
                self._changed.notify()
        return watch

    def release(self, watch: Watch) -> None:
        with self._changed:
            self._open.discard(watch)
        watch.close()

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="gateway-deadlines", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with self._changed:
            while True:
                self._fire_what_is_over()
                self._wakes_at = min((watch.ends_at for watch in self._open), default=math.inf)
                pause_seconds = None if math.isinf(self._wakes_at) else max(0.0, self._wakes_at - time.monotonic())
                self._changed.wait(pause_seconds)

    def _fire_what_is_over(self) -> None:
        now = time.monotonic()
        for watch in [watch for watch in self._open if watch.ends_at <= now]:
            self._open.discard(watch)
            watch.fire()


_watchdog = Watchdog()


def watch(sock: socket.socket, *, ends_at: float) -> Watch:
    """Shut the socket down at `ends_at` (time.monotonic) unless released before."""
    return _watchdog.watch(sock, ends_at=ends_at)


def release(watch: Watch) -> None:
    """The conversation is over; `watch.fired` stays readable."""
    _watchdog.release(watch)


def _start_afresh_after_fork() -> None:
    """Threads do not survive a fork, and the lock may have been held at that moment."""
    global _watchdog
    _watchdog = Watchdog()


os.register_at_fork(after_in_child=_start_afresh_after_fork)
