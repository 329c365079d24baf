"""What the doors of all gateways do alike: waiting, reading leniently, one request with an id at a time."""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.dials import Dials
from orders.sandbox.faults import Strike
from orders.sandbox.ledger import Ledger

DEFAULT_SLOW_SECONDS = 3.0


class StillRunning(Exception):
    """A request with the same id is being worked on; this one must do nothing."""


class Turns:
    """Which ids are being worked on now."""

    def __init__(self) -> None:
        self._running: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def alone(self, *name: str) -> Iterator[None]:
        """While the first request with a name runs, the second is told so and does nothing. Raises StillRunning."""
        with self._lock:
            if name in self._running:
                raise StillRunning
            self._running.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(name)


def wait_for_latency(dials: Dials) -> None:
    seconds = dials.latency_seconds + random.uniform(0, dials.latency_jitter_seconds)  # noqa: S311
    if seconds > 0:
        time.sleep(seconds)


def wait_if(fault: str, strike: Strike | None) -> None:
    """Wait when it is this fault that strikes, `slow` or `slow_after`."""
    if strike and strike.fault == fault:
        time.sleep(DEFAULT_SLOW_SECONDS if strike.seconds is None else strike.seconds)


def attempt_of(ledger: Ledger, *, modification_id: str | None, transaction_id: str | None) -> int:
    """Requests with this modification id so far, or else about this transaction, and this one."""
    column = "transaction_id" if modification_id is None else "modification_id"
    name = modification_id or transaction_id
    row = ledger.store.row(f"SELECT count(*) FROM requests WHERE {column} = ?", (name,))  # noqa: S608  # our own words
    return 1 + (0 if row is None else int(row[0]))


def lenient_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body, or an empty one."""
    try:
        found = json_text.read(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
