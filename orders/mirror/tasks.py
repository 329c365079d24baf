"""Celery's entrances to the mirror; messages carry ids only, and losing or repeating one changes nothing."""

from __future__ import annotations

import threading

from celery import shared_task

from orders.database import database_now
from orders.hands import a_hand_of
from orders.mirror import rounds
from orders.mirror.collecting_round import collect_all
from orders.mirror.refresh import refresh_transaction
from orders.models import Source, Transaction

HANDS = threading.BoundedSemaphore(2)
"""So many task threads may wait for a slow gateway that somebody wants read at once; the others stay free for the
recovery. A ring that finds no hand makes the transaction due, so that the next round reads it."""


@shared_task(name="orders.mirror.tasks.refresh")
def refresh(transaction_id: str) -> None:
    """Somebody asked, or one of ours ended while the transaction was pending: read it from its gateway."""
    with a_hand_of(HANDS) as free:
        if free:
            refresh_transaction(transaction_id=int(transaction_id), source=Source.WORKER)
        else:
            now = database_now()
            Transaction.objects.filter(pk=int(transaction_id), refresh_due_at__gt=now).update(refresh_due_at=now)


@shared_task(name="orders.mirror.tasks.refresh_due")
def refresh_due() -> None:
    """Every few seconds: read what is due."""
    rounds.refresh_due()


@shared_task(name="orders.mirror.tasks.begin_resting")
def begin_resting() -> None:
    """Once a day: what was never due gets its place in the night."""
    rounds.begin_resting()


@shared_task(name="orders.mirror.tasks.collect")
def collect() -> None:
    """Every few minutes: take over payments that the gateways list and we do not know."""
    collect_all(source=Source.WORKER)
