"""Celery's entrances, one line each; messages carry ids only, and losing or repeating one changes nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_shutdown, worker_shutting_down

from orders.modifications import clock
from orders.modifications import recover as janitor

FINISH_SECONDS = 95
"""The longest deadline and a little: what is in the air when a worker is asked to stop comes home."""


@shared_task(name="orders.modifications.tasks.ring")
def ring(modification_id: str) -> None:
    """Something is due: wake this worker's clock."""
    clock.wake()


@shared_task(name="orders.modifications.tasks.recover")
def recover() -> None:
    """Beat's second line: sweep, and wake the clock."""
    janitor.recover()
    clock.wake()


@worker_init.connect
def start_clock(**_: Any) -> None:
    """Every worker process runs one clock; not at `worker_ready`, which never comes while the broker is down."""
    clock.start()


@worker_shutting_down.connect
def stop_clock(**_: Any) -> None:
    """Claim nothing more."""
    clock.stop(wait_seconds=0)


@worker_shutdown.connect
def wait_for_clock(**_: Any) -> None:
    """Let what is in the air come home before the process ends."""
    clock.stop(wait_seconds=FINISH_SECONDS)
