"""Celery's entrances to the reconciliation; messages carry ids only, and losing or repeating one changes nothing."""

from __future__ import annotations

import threading

from celery import shared_task

from orders.hands import a_hand_of
from orders.reconciliation import drops, runs, runs_trial
from orders.reconciliation.laboratory import experiment
from orders.reconciliation.nights.ring import ring

HANDS = threading.BoundedSemaphore(1)
"""One task thread reads files; the others stay free for the recovery. A ring that finds no hand is not lost: the file
waits, and the next look takes it."""
BENCH = threading.BoundedSemaphore(1)
"""One more carries out experiments, which may take minutes and keep no file waiting."""

WATCH = threading.BoundedSemaphore(1)
"""And one keeps the nights, which read gateways. What another process is at has its lease."""


@shared_task(name="orders.reconciliation.tasks.work")
def work(file_id: str) -> None:
    """A settlement file has come: read it, and whatever waits before it."""
    with a_hand_of(HANDS) as free:
        if free:
            runs.work_on(int(file_id))


@shared_task(name="orders.reconciliation.tasks.work_due")
def work_due() -> None:
    """Every few seconds: what lies in the drop folders, waits, or was left by a dead worker."""
    with a_hand_of(HANDS) as free:
        if free:
            drops.take_drops()
            runs.work_due()
            runs_trial.forget_stale_trials()


@shared_task(name="orders.reconciliation.tasks.experiments")
def experiments(run_id: str = "") -> None:
    """Somebody tries a profile, or an earlier trial was left: whichever waits, this one or others."""
    with a_hand_of(BENCH) as free:
        if free:
            experiment.work_due()


@shared_task(name="orders.reconciliation.tasks.nightly")
def nightly() -> None:
    """Every few minutes: the nights that are due, each once."""
    with a_hand_of(WATCH) as free:
        if free:
            ring()
