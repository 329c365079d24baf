"""How many task threads may wait for somebody outside at the same time: the others stay free for the recovery."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def a_hand_of(hands: threading.BoundedSemaphore) -> Iterator[bool]:
    """True with a hand that is given back at the block's end; False, at once, while all of them are busy."""
    free = hands.acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            hands.release()
