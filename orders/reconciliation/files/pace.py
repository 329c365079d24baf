"""How much to write at a time, so that nobody else waits long for the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_FIRST, _LEAST, _MOST = 500, 100, 20_000


class Pace:
    """`size` rows fit into one database transaction of the length aimed at; it follows the transactions `timed`.

    SQLite has one writer at a time and no queue for the next, so a turn there is short, and a rest follows it.
    """

    def __init__(self) -> None:
        on_sqlite = connection.vendor == "sqlite"
        self._aim = 0.02 if on_sqlite else 0.07
        self._rest = 0.01 if on_sqlite else 0.0
        self.size = _FIRST
        self.longest = 0.0
        """Seconds of the longest turn so far."""

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Around one transaction of about `size` rows."""
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        self.longest = max(self.longest, took)
        factor = min(2.0, self._aim / max(took, 0.0001))
        self.size = int(min(_MOST, max(_LEAST, self.size * factor)))
        if self._rest:
            time.sleep(self._rest)
