"""Celery's entrances to the shops; a message carries nothing, and losing or repeating one changes nothing."""

from __future__ import annotations

import threading

from celery import shared_task

from orders.outgoing import delivering, expiring, spreading

HANDS = threading.BoundedSemaphore(1)
"""So many task threads may wait for shops; the others stay free for the recovery. Each sends to several at a time."""


@shared_task(name="orders.outgoing.tasks.carry")
def carry() -> None:
    """Spread what was announced and send what is due, until nothing is; nothing while all hands are busy."""
    if HANDS.acquire(blocking=False):
        try:
            _carry()
        finally:
            HANDS.release()


def _carry() -> None:
    while spreading.spread() or delivering.deliver():
        pass


@shared_task(name="orders.outgoing.tasks.warn")
def warn() -> None:
    """Announce authorizations that end soon."""
    expiring.warn()
