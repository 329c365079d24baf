"""Writing demo orders in bulk, chunk by chunk, each chunk in one database transaction."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
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
from orders.references import plain_words

CHUNK = 1_000
_SEALED_AT_ONCE = 20_000
_CHUNKS_PER_COLLECTION = 10


def load(chunk: Sequence[Rows]) -> None:
    """Insert the rows of these orders, parents first; children learn the keys of their parents on the way."""
    with database_transaction.atomic():
        _insert_and_learn_keys(Order, [rows.order for rows in chunk])
        _insert_and_learn_keys(Transaction, [rows.transaction for rows in chunk])
        for rows in chunk:
            _join_order(rows)
        _insert_and_learn_keys(Capture, _all(rows.captures for rows in chunk))
        for rows in chunk:
            for modification, capture in rows.refunds_of.items():
                rows.modifications[modification].capture = rows.captures[capture]
        _insert(Modification, _all(rows.modifications for rows in chunk))
        _insert(OrderLine, _all(rows.lines for rows in chunk))
        _insert_words(chunk)
        _insert(Attempt, _all(rows.attempts for rows in chunk))
        _insert(Evidence, _all(rows.evidence for rows in chunk))
        _insert(ExternalMovement, _all(rows.movements for rows in chunk))
        _insert(Event, _all(rows.events for rows in chunk))


def finish() -> int:
    """Seal every event and let the database look at its new tables; returns how many events were sealed."""
    total, unsealed = 0, Event.objects.filter(seal__isnull=True)
    while True:
        sealed = audit.seal(limit=_SEALED_AT_ONCE)
        total += sealed
        # A worker's own sealer may have been quicker; then there is nothing, or the rest, to do.
        if not sealed and not unsealed.exists():
            break
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return total


@contextmanager
def collecting_garbage_rarely() -> Iterator[Callable[[], None]]:
    """Millions of young objects make the collector look again and again for nothing; call what is given per chunk."""
    chunks = itertools.count(1)
    gc.disable()
    try:
        yield lambda: _collect_now_and_then(next(chunks))
    finally:
        gc.enable()


def _collect_now_and_then(chunk: int) -> None:
    if chunk % _CHUNKS_PER_COLLECTION == 0:
        gc.collect()


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


def _insert_and_learn_keys(model: type[models.Model], rows: list[Any]) -> None:
    model._default_manager.bulk_create(rows, batch_size=2_000)


def _insert(model: type[models.Model], rows: list[Any]) -> None:
    """Rows whose keys nobody asks for: plain values, many times quicker than `bulk_create`."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    columns = [_prepared([getattr(row, field.attname) for row in rows], field) for field in fields]
    _write(model, [str(field.column) for field in fields], list(zip(*columns, strict=True)))


def _prepared(values: list[Any], field: models.Field[Any, Any]) -> list[Any]:
    """One column as the database takes it; texts and whole numbers need no preparation but plain types."""
    if isinstance(field, models.CharField | models.TextField):
        return list(map(str, values))
    if isinstance(field, models.IntegerField):
        return values
    return [None if value is None else field.get_db_prep_save(value, connection) for value in values]


def _insert_words(chunk: Sequence[Rows]) -> None:
    """By far the most rows, so no objects are made of them."""
    values = [
        (rows.order.merchant_id, rows.order.pk, kind, value)
        for rows in chunk
        for kind, value in sorted(plain_words(rows.words))
    ]
    _write(Reference, ["merchant_id", "order_id", "kind", "value"], values)


def _write(model: type[models.Model], columns: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    names, marks = ", ".join(map(quote, columns)), ", ".join(["%s"] * len(columns))
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})", values)  # noqa: S608


def _all(parts: Iterable[Sequence[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))
