"""Celery's entrances to the shops; a message carries nothing, and losing or repeating one changes nothing."""

from __future__ import annotations

import threading

from celery import shared_task

from orders.hands import a_hand_of
from orders.outgoing import delivering, expiring, spreading

HANDS = threading.BoundedSemaphore(1)
"""So many task threads may wait for shops; the others stay free for the recovery. Each sends to several at a time."""


@shared_task(name="orders.outgoing.tasks.carry")
def carry() -> None:
    """Spread what was announced and send what is due, until nothing is; nothing while all hands are busy."""
    with a_hand_of(HANDS) as free:
        while free and (spreading.spread() or delivering.deliver()):
            pass


@shared_task(name="orders.outgoing.tasks.warn")
def warn() -> None:
    """Announce authorizations that end soon."""
    expiring.warn()
