"""Writing demo orders in bulk, chunk by chunk, each chunk in one database transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from django.db import connection, models
from django.db import transaction as database_transaction

from orders import audit
from orders.demo.rows import Rows
from orders.models import (
    Attempt,
    Capture,
    Event,
    Evidence,
    ExternalMovement,
    Modification,
    Order,
    OrderLine,
    Reference,
    Transaction,
)
from orders.references import references

CHUNK = 1_000
_SEALED_AT_ONCE = 20_000


def load(chunk: Sequence[Rows]) -> None:
    """Insert the rows of these orders, parents first; children learn the keys of their parents on the way."""
    with database_transaction.atomic():
        _insert(Order, [rows.order for rows in chunk])
        _insert(Transaction, [rows.transaction for rows in chunk])
        for rows in chunk:
            _join_order(rows)
        _insert(Capture, _all(rows.captures for rows in chunk))
        for rows in chunk:
            for modification, capture in rows.refunds_of.items():
                rows.modifications[modification].capture = rows.captures[capture]
        _insert(Modification, _all(rows.modifications for rows in chunk))
        _insert(OrderLine, _all(rows.lines for rows in chunk))
        _insert(Reference, _all(references(rows.order, rows.words) for rows in chunk))
        _insert(Attempt, _all(rows.attempts for rows in chunk))
        _insert(Evidence, _all(rows.evidence for rows in chunk))
        _insert(ExternalMovement, _all(rows.movements for rows in chunk))
        _insert(Event, _all(rows.events for rows in chunk))


def finish() -> int:
    """Seal every event and let the database look at its new tables; returns how many events were sealed."""
    total = 0
    while sealed := audit.seal(limit=_SEALED_AT_ONCE):
        total += sealed
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return total


def _join_order(rows: Rows) -> None:
    """Django remembers a parent without its key; assign it anew now that there is one."""
    rows.transaction.order = rows.order
    for line in rows.lines:
        line.order = rows.order
    children: Iterable[Any] = chain(rows.captures, rows.modifications, rows.movements, rows.events)
    for child in children:
        child.transaction = rows.transaction
    for event in rows.events:
        event.order = rows.order


def _insert(model: type[models.Model], rows: list[Any]) -> None:
    model._default_manager.bulk_create(rows, batch_size=2_000)


def _all(parts: Iterable[Sequence[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))
