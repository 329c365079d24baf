"""What every verb needs from the database: its clock, transactions that survive a lost race, updates of many rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import OperationalError, connection, models, transaction
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


def rows_at_once() -> int:
    """Rows to write in one database transaction: few on SQLite, whose one writer keeps everybody else waiting."""
    return 100 if connection.vendor == "sqlite" else 500


def refuse_open_transaction() -> None:
    """The network is about to be used: locks would be held for as long as somebody else's server likes."""
    assert not _is_transaction_open(), "no database transaction may be open while the network is used"


def _is_transaction_open() -> bool:
    return connection.in_atomic_block


def save_many(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write the named fields of each row by its primary key, all in one round trip.

    For rows the caller has locked. Values only: no F expressions, no signals.
    """
    if not rows:
        return
    meta = rows[0]._meta
    named = {field.name: field for field in meta.concrete_fields}
    columns = [*(named[name] for name in fields), next(field for field in meta.concrete_fields if field.primary_key)]
    *assigned, key = [f"{connection.ops.quote_name(str(field.column))} = %s" for field in columns]
    statement = f"UPDATE {connection.ops.quote_name(meta.db_table)} SET {', '.join(assigned)} WHERE {key}"  # noqa: S608
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in columns] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
