"""How much to write at a time, so that nobody else waits long for the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection

_FIRST, _LEAST, _MOST = 500, 100, 20_000
_LONGEST_REST = 0.1
"""Seconds."""
_ONE_AT_A_TIME = threading.RLock()
"""Several files that are read at once take their turns, and their rests, one after the other."""


class Pace:
    """`size` rows fit into one database transaction of the length aimed at; it follows the transactions `timed`.

    SQLite has one writer at a time and no queue for the next, who looks now and then: so a turn there is short, and a
    rest follows it that is as long as the turn.
    """

    def __init__(self) -> None:
        on_sqlite = connection.vendor == "sqlite"
        self._aim = 0.02 if on_sqlite else 0.07
        self._rest = 0.01 if on_sqlite else 0.0
        self._queue = _ONE_AT_A_TIME if on_sqlite else nullcontext()
        self.size = _FIRST
        self.longest = 0.0
        """Seconds of the longest turn so far."""

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Around one transaction of about `size` rows, never inside one."""
        with self._queue:
            began = time.perf_counter()
            yield
            took = time.perf_counter() - began
            if self._rest:
                time.sleep(min(_LONGEST_REST, max(self._rest, took)))
        self.longest = max(self.longest, took)
        factor = min(2.0, self._aim / max(took, 0.0001))
        self.size = int(min(_MOST, max(_LEAST, self.size * factor)))
