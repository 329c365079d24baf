"""Emptying the database after a test that really commits: the triggers that forbid DELETE are lifted for the flush.

`post_migrate`, which every flush sends, puts them back. What the migrations seeded is seeded again, or the next test in
the same process would miss it.
"""

from __future__ import annotations

from django.db import connection
from django.test import TransactionTestCase

from orders.groups import GROUPS, seeded_group
from orders.models import Event, triggers


def let_flush_empty_the_database() -> None:
    """Call once, before the first test."""
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def lift_and_flush(case: TransactionTestCase) -> None:
        triggers.lift(connection, event="DELETE")
        flush(case)
        _seed_silently()

    TransactionTestCase._fixture_teardown = lift_and_flush  # type: ignore[attr-defined]


def _seed_silently() -> None:
    """The groups again, without the events that tell of them: an audit log begins every test empty."""
    for name in GROUPS:
        seeded_group(name)
    triggers.lift(connection, event="DELETE")
    Event.objects.all().delete()
    triggers.install(using=connection.alias)
