"""Celery's entrances to the inbox; messages carry ids only, and losing or repeating one changes nothing."""

from __future__ import annotations

import threading

from celery import shared_task

from orders.hands import a_hand_of
from orders.inbox import process as working

HANDS = threading.BoundedSemaphore(2)
"""So many task threads may wait for gateways that hints make us read; the others stay free for the recovery. A ring
that finds no hand is not lost: the row is due, and whoever has a hand takes it next."""


@shared_task(name="orders.inbox.tasks.process")
def process(delivery_id: str) -> None:
    """A webhook has come: work it off, and whatever came meanwhile."""
    with a_hand_of(HANDS) as free:
        if free:
            working.process(int(delivery_id))
            working.process_due()


@shared_task(name="orders.inbox.tasks.process_due")
def process_due() -> None:
    """Every few seconds: what a lost ring, a dead worker or the ladder left."""
    with a_hand_of(HANDS) as free:
        if free:
            working.process_due()
