"""Celery's entrances to the inbox; messages carry ids only, and losing or repeating one changes nothing."""

from __future__ import annotations

from celery import shared_task

from orders.inbox import process as working


@shared_task(name="orders.inbox.tasks.process")
def process(delivery_id: str) -> None:
    """A webhook has come: work it off."""
    working.process(int(delivery_id))


@shared_task(name="orders.inbox.tasks.process_due")
def process_due() -> None:
    """Every few seconds: what a lost ring, a dead worker or the ladder left."""
    working.process_due()
