"""Celery's entrances to the shops; a message carries nothing, and losing or repeating one changes nothing."""

from __future__ import annotations

from celery import shared_task

from orders.outgoing import delivering, expiring, spreading


@shared_task(name="orders.outgoing.tasks.carry")
def carry() -> None:
    """Spread what was announced and send what is due, until nothing is."""
    while spreading.spread():
        pass
    while delivering.deliver():
        pass


@shared_task(name="orders.outgoing.tasks.warn")
def warn() -> None:
    """Announce authorizations that end soon."""
    expiring.warn()
