"""Emptying the database after a test that really commits.

The first time as Django does it: the triggers that forbid DELETE are lifted, every table is truncated, `post_migrate`
puts triggers, permissions and content types back, and what the migrations seeded is seeded again. What is there then
is how every test begins, so from then on rows are deleted and only what differs is put back: that takes a fortieth of
the time on PostgreSQL. A role that may not switch triggers off there goes the long way every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

from orders.groups import GROUPS, seeded_group
from orders.models import Event, triggers

Rows = list[tuple[Any, ...]]

_MIGRATIONS = "django_migrations"
_MOST_PAGES = 256 * 1024
"""Bytes of a table that is as good as empty."""
_beginning: dict[str, Rows] = {}
"""The rows of every table that is not empty when a test begins."""


def let_flush_empty_the_database() -> None:
    """Call once, before the first test."""
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def empty(case: TransactionTestCase) -> None:
        if _beginning:
            _back_to_the_beginning()
            return
        triggers.lift(connection, event="DELETE")
        flush(case)
        _seed_silently()
        if _may_switch_triggers_off():
            _beginning.update({table: rows for table in _tables() if (rows := _rows(table))})

    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]


def _seed_silently() -> None:
    """The groups again, without the events that tell of them: an audit log begins every test empty."""
    for name in GROUPS:
        seeded_group(name)
    triggers.lift(connection, event="DELETE")
    Event.objects.all().delete()
    triggers.install(using=connection.alias)


def _back_to_the_beginning() -> None:
    changed = {table: rows for table, rows in _beginning.items() if _rows(table) != rows}
    with transaction.atomic(), connection.cursor() as cursor, _without_triggers():
        for table in _tables():
            if table in changed or table not in _beginning:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
        for table, rows in changed.items():
            places = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {connection.ops.quote_name(table)} VALUES ({places})", rows)
    _give_pages_back()
    if triggers.installed(connection) != {trigger.name for trigger in triggers.TRIGGERS}:
        triggers.install(using=connection.alias)


def _give_pages_back() -> None:
    """PostgreSQL reads the pages of deleted and rolled back rows again and again until they are vacuumed."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_relation_size(oid) > %s", [_MOST_PAGES])
        large = {name for (name,) in cursor.fetchall()}
        for table in large.intersection(_tables()):
            cursor.execute(f"VACUUM {connection.ops.quote_name(table)}")


@contextmanager
def _without_triggers() -> Iterator[None]:
    """Within a transaction, and for what it does; foreign keys are looked at when it ends, or not at all."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        return
    triggers.lift(connection, event="DELETE")
    yield
    triggers.install(using=connection.alias)


def _may_switch_triggers_off() -> bool:
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _tables() -> list[str]:
    return [
        table
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False)
        if table != _MIGRATIONS
    ]


def _rows(table: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} ORDER BY 1")
        return [tuple(row) for row in cursor.fetchall()]
