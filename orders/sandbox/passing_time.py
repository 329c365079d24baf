"""What becomes due is done although nobody looks: a thread that brings every gateway to the present now and then."""

from __future__ import annotations

import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Sequence

TICK_SECONDS = 0.5


class PassingTime:
    """Calls each of `catch_ups` twice a second: expiries and late results have webhooks that no request would cause."""

    def __init__(self, catch_ups: Sequence[Callable[[], None]]) -> None:
        self._catch_ups = catch_ups
        self._over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._work, name="passing time", daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def _work(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            for catch_up in self._catch_ups:
                try:
                    catch_up()
                except sqlite3.ProgrammingError:
                    return  # The store was closed; the process ends.
                except Exception:
                    traceback.print_exc(file=sys.stderr)
