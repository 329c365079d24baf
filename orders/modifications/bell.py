"""The doorbell: tell a worker that something is due, without ever waiting for the broker.

A lost ring costs at most one tick of the worker's clock, so the queue is bounded and full means dropped. The database
row is the truth; the message carries only an id.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading

import structlog
from celery import current_app

log = structlog.get_logger(__name__)

RING = "orders.modifications.tasks.ring"
REFRESH = "orders.mirror.tasks.refresh"
INBOX = "orders.inbox.tasks.process"
SETTLEMENT = "orders.reconciliation.tasks.work"
EXPERIMENT = "orders.reconciliation.tasks.experiments"

_CAPACITY = 1000
_rings: queue.Queue[tuple[str, str]] = queue.Queue(_CAPACITY)
_started_in: int | None = None
_starting = threading.Lock()


def _begin_anew() -> None:
    """In a forked child: the parent's queue may be locked, or about to wake a thread that only the parent has."""
    global _rings, _started_in, _starting
    _rings = queue.Queue(_CAPACITY)
    _started_in = None
    _starting = threading.Lock()


os.register_at_fork(after_in_child=_begin_anew)


def ring(modification_id: str) -> None:
    """Say that this modification may be due. Returns at once and never raises."""
    _put((RING, modification_id))


def ring_refresh(transaction_id: int) -> None:
    """Ask a worker to read this transaction from its gateway. Returns at once and never raises."""
    _put((REFRESH, str(transaction_id)))


def ring_inbox(delivery_id: int) -> None:
    """Ask a worker to work off this webhook. Returns at once and never raises."""
    _put((INBOX, str(delivery_id)))


def ring_settlement(account_id: int) -> None:
    """Ask a worker to work off this account's settlement files. Returns at once and never raises."""
    _put((SETTLEMENT, str(account_id)))


def ring_experiment(run_id: int) -> None:
    """Ask a worker to carry out the laboratory's experiments. Returns at once and never raises."""
    _put((EXPERIMENT, str(run_id)))


def _put(message: tuple[str, str]) -> None:
    _start()
    with contextlib.suppress(queue.Full):
        _rings.put_nowait(message)


def _start() -> None:
    """One ringer thread per process; a forked child starts its own."""
    global _started_in
    if _started_in == os.getpid():
        return
    with _starting:
        if _started_in != os.getpid():
            threading.Thread(target=_ring_for_ever, name="bell", daemon=True).start()
            _started_in = os.getpid()


def _ring_for_ever() -> None:
    while True:
        task, argument = _rings.get()
        _coalesce(task)
        try:
            current_app.send_task(task, args=[argument], ignore_result=True, retry=False, expires=60)
        except Exception as error:
            log.warning("The broker did not take a ring; the worker's clock finds the row.", error=type(error).__name__)


def _coalesce(task: str) -> None:
    """A ring only wakes the clock, which takes everything that is due: one of many waiting rings is enough."""
    if task != RING:
        return
    kept = []
    with contextlib.suppress(queue.Empty):
        while True:
            waiting = _rings.get_nowait()
            if waiting[0] != RING:
                kept.append(waiting)
    for waiting in kept:
        _put(waiting)
