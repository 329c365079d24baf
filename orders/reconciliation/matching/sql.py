"""What the statements of matching share: which line counts, which movement is met, and how each database counts days.

Names in capitals are fragments with the aliases `l` line, `m` modification, `e` external movement; parameters are
named. Everything composed into a statement is our own word or a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

Parameters = Mapping[str, Any]

ITEM_KINDS = "('capture', 'refund', 'void', 'cancel_or_refund')"
IS_ITEM = (
    "(m.kind IN ('capture', 'refund', 'void') OR (m.kind = 'cancel_or_refund' AND "
    "(m.executed_kind = 'refund' OR (m.executed_kind = '' AND m.state <> 'succeeded'))))"
)
"""A modification moves money that a line may name; of a cancellation or refund only once it was a refund, or may be."""
SUCCEEDED = "m.state = 'succeeded' AND NOT (m.gateway_reference = '')"
"""In the words of the partial index, so that SQLite uses it."""
MODIFICATION_KIND = "CASE WHEN m.kind = 'capture' THEN 'capture' ELSE 'refund' END"
MODIFICATION_AMOUNT = "COALESCE(m.executed_amount, m.amount)"
MODIFICATION_SIGNED = f"CASE WHEN m.kind = 'capture' THEN {MODIFICATION_AMOUNT} ELSE -{MODIFICATION_AMOUNT} END"
MODIFICATION_AT = "COALESCE(m.gateway_at, m.finished_at, m.last_sent_at, m.requested_at)"
MODIFICATION_SINCE = (
    "CASE WHEN m.state = 'succeeded' THEN COALESCE(m.gateway_at, m.first_sent_at, m.requested_at) "
    "ELSE COALESCE(m.first_sent_at, m.requested_at) END"
)
"""It cannot have moved before: when it was done, else when it was first sent, or asked for."""
EARLY_DAYS = 1
"""So many days before it moved a line may be booked: the day of a file begins and ends in a time zone of its own."""
MOVEMENT_SIGNED = "CASE WHEN e.kind = 'capture' THEN e.amount ELSE -e.amount END"
MOVEMENT_AT = "COALESCE(e.moved_at, e.seen_at)"
IS_MOVEMENT = "e.kind IN ('capture', 'refund', 'chargeback') AND e.amount > 0"


def on_postgresql() -> bool:
    return bool(connection.vendor == "postgresql")


def numbers(ids: Iterable[int]) -> str:
    """A list for IN; of nothing, one that no key is in."""
    return f"({', '.join(str(int(one)) for one in ids) or '-1'})"


def one_of(words: Iterable[str]) -> str:
    """Choices of ours as the right side of IN."""
    quoted = ", ".join(f"'{word}'" for word in sorted(words))
    return f"({quoted})"


def day_of(instant: str) -> str:
    """The UTC day of an instant."""
    return f"(({instant}) AT TIME ZONE 'UTC')::date" if on_postgresql() else f"date({instant})"


def moment(instant: datetime) -> Any:
    """An instant as a parameter that compares with a column."""
    return connection.ops.adapt_datetimefield_value(instant)


def days_apart(booked_on: str, instant: str) -> str:
    """Days from an instant to a booking, negative when it was booked before; bounded, so that every column holds it."""
    if on_postgresql():
        return f"LEAST(32000, GREATEST(-32000, {booked_on} - {day_of(instant)}))::smallint"
    apart = f"julianday({booked_on}) - julianday({day_of(instant)})"
    return f"MIN(32000, MAX(-32000, CAST({apart} AS INTEGER)))"


def booked_before(booked_on: str, instant: str) -> str:
    """Whether a booking is too early for what moved at the instant, or after it; where none is known it never is."""
    return f"({instant} IS NOT NULL AND {days_apart(booked_on, instant)} < -{EARLY_DAYS})"


def counting_match(alias: str, *, fresh: bool = False, replaced: Iterable[int] = ()) -> str:
    """Joins and conditions that make a match count: this run's own rows, and those of applied runs on lines that count.

    With `fresh` only this run's own; matches on lines of the `replaced` files are looked through. Needs `%(run)s`.
    """
    own = f"{alias}.run_id = %(run)s"
    if fresh:
        return f"{alias}.ended_at IS NULL AND {own}"
    counts = f"NOT cl.overlap AND cf.state = 'applied' AND cf.id NOT IN {numbers(replaced)} AND cr.state = 'applied'"
    return (
        f"{alias}.ended_at IS NULL AND EXISTS (SELECT 1 FROM orders_reconciliationrun cr "  # noqa: S608
        f"JOIN orders_settlementline cl ON cl.id = {alias}.line_id JOIN orders_settlementfile cf ON cf.id = cl.file_id "
        f"WHERE cr.id = {alias}.run_id AND (cr.id = %(run)s OR ({counts})))"
    )


def counting_on_line(alias: str, *, fresh: bool = False) -> str:
    """The same for a match on a line that is known to count, or to be this run's own: only its run is asked for."""
    own = f"{alias}.run_id = %(run)s"
    if fresh:
        return f"{alias}.ended_at IS NULL AND {own}"
    runs = "SELECT cr.id FROM orders_reconciliationrun cr WHERE cr.account_id = %(account)s AND cr.state = 'applied'"
    return f"{alias}.ended_at IS NULL AND ({own} OR {alias}.run_id IN ({runs}))"


def run(statement: str, parameters: Parameters | None = None) -> int:
    """Execute one statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        touched: int = cursor.rowcount
        return max(0, touched)


def rows(statement: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
    """All rows of one SELECT."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


@contextmanager
def unhurried() -> Iterator[None]:
    """A transaction on PostgreSQL with room to sort and without the pages' limit of time; on SQLite none."""
    if not on_postgresql():
        yield
        return
    with transaction.atomic():
        run("SET LOCAL statement_timeout = 0")
        run("SET LOCAL work_mem = '128MB'")
        # A few lines look their words up among millions: by the index, also where the tables have just grown.
        run("SET LOCAL random_page_cost = 1.1")
        yield


def unhurried_rows(statement: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
    """All rows of one SELECT over as many lines as a file has."""
    with unhurried():
        return rows(statement, parameters)


def fill_scratch(table: str, select: str, parameters: Parameters, *, index: str = "") -> int:
    """Make a temporary table of a SELECT; how many rows it holds. On SQLite it is beside the database: no lock is held.

    `index` names a column to look rows up by.
    """
    drop_scratch(table)
    with unhurried():
        run(f"CREATE TEMPORARY TABLE {table} AS {select}", parameters)
    if index:
        run(f"CREATE INDEX {'' if on_postgresql() else 'temp.'}{table}_{index} ON {table} ({index})")
    run(f"ANALYZE {table}" if on_postgresql() else f"ANALYZE temp.{table}")
    ((count,),) = rows(f"SELECT count(*) FROM {table}")  # noqa: S608  # our own words
    return int(count)


def drop_scratch(*tables: str) -> None:
    schema = "pg_temp" if on_postgresql() else "temp"
    for table in tables:
        run(f"DROP TABLE IF EXISTS {schema}.{table}")
