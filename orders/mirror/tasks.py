"""Celery's entrance to the mirror; the message carries an id only, and losing or repeating it changes nothing."""

from __future__ import annotations

from celery import shared_task

from orders.mirror.refresh import refresh_transaction
from orders.models import Source


@shared_task(name="orders.mirror.tasks.refresh")
def refresh(transaction_id: str) -> None:
    """Somebody asked, or one of ours ended while the transaction was pending: read it from its gateway."""
    refresh_transaction(transaction_id=int(transaction_id), source=Source.WORKER)
