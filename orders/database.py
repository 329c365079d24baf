"""What every verb needs from the database: its clock, transactions that survive a lost race, updates of many rows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import OperationalError, connection, models, transaction
from django.db.models import F, Lookup
from django.utils import timezone

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field
    from django.db.models.sql.compiler import SQLCompiler

Result = TypeVar("Result")
Item = TypeVar("Item")
_TRIES = 3
_REST, _LONGEST_REST = 0.01, 0.1
"""Seconds."""


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


def in_short_turns(rows: Iterable[Item]) -> Iterator[list[Item]]:
    """The rows in pieces, each to be written in a database transaction of its own before the next is asked for.

    SQLite has one writer at a time, and who waits for it looks now and then: pieces are small there, and a full one is
    followed by a rest as long as it took.
    """
    on_sqlite = connection.vendor == "sqlite"
    rest, most = iter(rows), 100 if on_sqlite else 1_000
    while piece := list(islice(rest, most)):
        began = time.monotonic()
        yield piece
        if on_sqlite and len(piece) == most and not connection.in_atomic_block:
            time.sleep(min(_LONGEST_REST, max(_REST, time.monotonic() - began)))


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


def insert_many(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Insert rows told by their attributes, all the same ones; the rest takes its default. Their keys, in their order.

    For a table that numbers its rows: one statement on PostgreSQL, without building a model object for each. Values
    only, no signals.
    """
    if not rows:
        return []
    if connection.vendor != "postgresql":
        return [row.pk for row in model._default_manager.bulk_create([model(**told) for told in rows])]
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    defaults = {field: field.get_default() for field in fields if field.attname not in rows[0]}
    told = [field for field in fields if field not in defaults]
    names = ", ".join(_quoted(field.column) for field in fields)
    values = ", ".join("%s" if field in defaults else f"told.{_quoted(field.attname)}" for field in fields)
    statement = (
        f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) SELECT {values} FROM {_recordset(told)} "  # noqa: S608
        f"RETURNING {_quoted(_key_of(model).column)}"
    )
    given = [field.get_db_prep_save(value, connection) for field, value in defaults.items()]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*given, _as_json(rows)])
        return [key for (key,) in cursor.fetchall()]


def update_many(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write each row's attributes, all the same ones, by its key among them: as `save_many`, for hundreds of rows.

    One statement on PostgreSQL, which runs once and not for each row.
    """
    if not rows:
        return
    key = _key_of(model)
    told = [field for field in model._meta.concrete_fields if field.attname in rows[0]]
    if connection.vendor != "postgresql":
        save_many([model(**row) for row in rows], [field.name for field in told if field is not key])
        return
    assigned = ", ".join(
        f"{_quoted(field.column)} = told.{_quoted(field.attname)}" for field in told if field is not key
    )
    table, column = _quoted(model._meta.db_table), _quoted(key.column)
    statement = (
        f"UPDATE {table} SET {assigned} FROM {_recordset(told)} WHERE {table}.{column} = told.{_quoted(key.attname)}"  # noqa: S608
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [_as_json(rows)])


def _recordset(fields: Iterable[Field[Any, Any]]) -> str:
    """Rows that come as one JSON text, in the types of their columns."""
    columns = ", ".join(f"{_quoted(field.attname)} {field.db_type(connection)}" for field in fields)
    return f"json_to_recordset(%s::json) AS told({columns})"


def _as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, default=str)


def _key_of(model: type[models.Model]) -> Field[Any, Any]:
    return next(field for field in model._meta.concrete_fields if field.primary_key)


def _quoted(name: str | None) -> str:
    return str(connection.ops.quote_name(str(name)))


class Among(Lookup):
    """A condition for `filter`: this whole number is one of many.

    As `__in`, but one parameter instead of hundreds, each of which Django, the driver and the database would look at.
    """

    lookup_name = "among"
    prepare_rhs = False

    def __init__(self, name: str, numbers: Iterable[int]) -> None:
        super().__init__(F(name), sorted(numbers))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        numbers = ",".join(str(int(number)) for number in self.rhs)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s::bigint[])", (*parameters, f"{{{numbers}}}")
        return f"{column} IN (SELECT value FROM json_each(%s))", (*parameters, f"[{numbers}]")  # noqa: S608
