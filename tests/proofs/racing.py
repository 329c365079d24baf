"""Two or more people, or a person and a worker, at the same instant: real threads with connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection


def race(runners: Sequence[Callable[[], Any]], *, seconds: float = 60.0) -> list[Any]:
    """Start all at once; what each returned, or the exception it raised, in their order."""
    results: list[Any] = [None] * len(runners)
    barrier = threading.Barrier(len(runners))

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = runners[number]()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a runner did not come home"
    return results
