"""Celery's entrances to the reconciliation; messages carry ids only, and losing or repeating one changes nothing."""

from __future__ import annotations

import threading
from datetime import timedelta

from celery import shared_task
from django.conf import settings

from orders.database import database_now
from orders.hands import a_hand_of
from orders.modifications import bell
from orders.reconciliation import drops, runs, runs_trial
from orders.reconciliation.laboratory import experiment
from orders.reconciliation.nights.ring import ring

HANDS = threading.BoundedSemaphore(3)
"""So many accounts' files are read at a time by one worker; the other task threads stay free for the recovery. A ring
that finds no hand is not lost: the file waits, and the hand that is free next takes it, or the next look."""
DOOR = threading.BoundedSemaphore(1)
"""One takes in what lies in the drop folders, which keeps no file waiting that is here already."""
BENCH = threading.BoundedSemaphore(1)
"""One more carries out experiments, which may take minutes and keep no file waiting."""

WATCH = threading.BoundedSemaphore(1)
"""And one keeps the nights, which read gateways. What another process is at has its lease."""


@shared_task(name="orders.reconciliation.tasks.work")
def work(account_id: str) -> None:
    """A settlement file has come, or a person asked: work this account off, then whatever else waits."""
    with a_hand_of(HANDS) as free:
        if free:
            runs.work_account(int(account_id))
            runs.work_due()


@shared_task(name="orders.reconciliation.tasks.work_due")
def work_due() -> None:
    """Every few seconds: what waits, or was left by a dead worker."""
    _ring_when_leases_end()
    with a_hand_of(HANDS) as free:
        if free:
            runs.work_due()


@shared_task(name="orders.reconciliation.tasks.look")
def look() -> None:
    """Every few seconds: take in what lies in the drop folders, and put away what nobody finishes."""
    with a_hand_of(DOOR) as free:
        if free:
            drops.take_drops(at_once=False)
            runs.tidy()
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


def _ring_when_leases_end() -> None:
    """Whoever died is followed at the very end of the lease, not at the look after it. A live one renews it in time."""
    now = database_now()
    for account_id, ends_at in runs.leases_that_end(timedelta(seconds=settings.SWEEP_SECONDS)):
        alarm = threading.Timer((ends_at - now).total_seconds() + 0.1, bell.ring_settlement, (account_id,))
        alarm.daemon = True
        alarm.start()
