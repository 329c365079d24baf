"""The two things every verb needs from the database: its clock, and a transaction that survives a lost race for a lock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db import OperationalError, connection, transaction
from django.utils import timezone

Result = TypeVar("Result")
_TRIES = 3


def database_now() -> datetime:
    """The database's clock, so that leases of several hosts agree; on SQLite (one host) the host's."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now


def in_one_transaction(work: Callable[[], Result]) -> Result:
    """Run `work` in a database transaction of its own, again when a lock was lost (deadlock, lock timeout).

    `work` must be safe to run again from its beginning: it is, when it only reads and writes the database. Inside a
    transaction that is already open it runs once, because only the outermost can be repeated.
    """
    for tries_left in range(_TRIES - 1, -1, -1):
        try:
            with transaction.atomic():
                return work()
        except OperationalError:
            if not tries_left or connection.in_atomic_block:
                raise
            time.sleep(0.05 * (_TRIES - tries_left))
    raise AssertionError("unreachable")
