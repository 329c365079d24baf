"""Many orders of a shop at once: each taken over or refused by itself, the new ones written in bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import audit
from orders.bulk import insert_rows, names_of
from orders.database import database_now, in_one_transaction
from orders.mirror.ingest import (
    OrderRefused,
    OrderRow,
    Verdict,
    event_of,
    new_lines,
    new_order,
    new_transaction,
    take_over,
    words_of,
)
from orders.mirror.waiting import look_again
from orders.models import Event, GatewayAccount, Order, OrderLine, Reference, Source, Transaction
from orders.modifications.situation import capability_of
from orders.references import plain_words
from orders.summary import put_summary

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = ["AT_ONCE", "Taken", "Verdict", "ingest_orders"]

AT_ONCE = 250
"""Rows in one database transaction: it must not keep the workers waiting for long."""


@dataclass(frozen=True)
class Taken:
    """An order in the books, and what its row came to."""

    order_id: int
    verdict: Verdict


@dataclass
class _Known:
    """What the books hold of a part's rows."""

    orders: dict[str, Order] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)


def ingest_orders(
    *, account: GatewayAccount, rows: Sequence[OrderRow], by: User | None, source: Source
) -> list[Taken | OrderRefused]:
    """What `ingest_order` does for one row, for each of many; a refused row takes nothing else with it.

    The answers stand in the order of the rows. Sent again after an interruption, what was taken over is unchanged.
    """
    refused = _said_twice(rows)
    answers: list[Taken | OrderRefused] = []
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        spared = {number - start: refusal for number, refusal in refused.items() if start <= number < start + AT_ONCE}
        answers += _ingest_part(account, part, spared, by, source)
    return answers


def _said_twice(rows: Sequence[OrderRow]) -> dict[int, OrderRefused]:
    """Rows that name an order or a payment that an earlier row of the same request names."""
    refused: dict[int, OrderRefused] = {}
    orders: set[str] = set()
    transactions: set[str] = set()
    for number, row in enumerate(rows):
        references = [one.reference for one in row.transactions]
        twice = next((one for one in references if one in transactions or references.count(one) > 1), "")
        if row.reference in orders:
            refused[number] = OrderRefused(f"Order {row.reference} already stands in this request.")
        elif twice:
            refused[number] = OrderRefused(f"Transaction {twice} already stands in this request.")
        else:
            orders.add(row.reference)
            transactions.update(references)
    return refused


def _ingest_part(
    account: GatewayAccount,
    rows: Sequence[OrderRow],
    refused: dict[int, OrderRefused],
    by: User | None,
    source: Source,
) -> list[Taken | OrderRefused]:
    try:
        return in_one_transaction(lambda: _take_part(account, rows, refused, by, source))
    except IntegrityError:
        # Somebody brought one of these orders in at the same moment: then one after the other, as for a single order.
        return [
            refused[number] if number in refused else _take_alone(account, row, by, source)
            for number, row in enumerate(rows)
        ]


def _take_part(
    account: GatewayAccount,
    rows: Sequence[OrderRow],
    refused: dict[int, OrderRefused],
    by: User | None,
    source: Source,
) -> list[Taken | OrderRefused]:
    wanted = [row for number, row in enumerate(rows) if number not in refused]
    known = _known(account, wanted)
    fresh = [row for row in wanted if _is_fresh(row, known)]
    made = dict(zip((row.reference for row in fresh), _create_all(account, fresh, by, source), strict=True))
    answers: list[Taken | OrderRefused] = []
    for number, row in enumerate(rows):
        if number in refused:
            answers.append(refused[number])
        elif row.reference in made:
            answers.append(Taken(made[row.reference], Verdict.CREATED))
        elif _says_nothing_new(row, known):
            answers.append(Taken(known.orders[row.reference].pk, Verdict.UNCHANGED))
        else:
            answers.append(_take_in_savepoint(account, row, by, source))
    return answers


def _known(account: GatewayAccount, rows: Sequence[OrderRow]) -> _Known:
    named = [one.reference for row in rows for one in row.transactions]
    orders = Order.objects.filter(account=account, reference__in=[row.reference for row in rows])
    return _Known(
        orders={order.reference: order for order in orders.prefetch_related("lines")},
        transactions={
            transaction.reference: transaction
            for transaction in Transaction.objects.filter(account=account, reference__in=named)
        },
    )


def _is_fresh(row: OrderRow, known: _Known) -> bool:
    """Neither the order nor any of its payments is in the books."""
    return row.reference not in known.orders and not any(
        one.reference in known.transactions for one in row.transactions
    )


def _says_nothing_new(row: OrderRow, known: _Known) -> bool:
    """What a shop that sends its orders every night mostly sends; anything doubtful goes the careful way."""
    order = known.orders.get(row.reference)
    if order is None or (order.currency, order.amount) != (row.currency, row.amount):
        return False
    if row.customer_name not in ("", order.customer_name) or row.customer_email not in ("", order.customer_email):
        return False
    lines = [(line.name, line.quantity, line.unit_amount) for line in row.lines]
    if lines and lines != [(line.name, line.quantity, line.unit_amount) for line in order.lines.all()]:
        return False
    for one in row.transactions:
        transaction = known.transactions.get(one.reference)
        if transaction is None or transaction.order_id != order.pk:
            return False
        if one.card_reference not in ("", transaction.card_reference):
            return False
        if one.authorized not in (None, transaction.authorized):
            return False
    return True


def _create_all(account: GatewayAccount, rows: Sequence[OrderRow], by: User | None, source: Source) -> Iterator[int]:
    """The ids of the new orders. Everything that `take_over` writes for one, in a handful of statements for all."""
    if not rows:
        return iter(())
    now = database_now()
    orders, transactions = _unsaved(account, rows, now)
    Order.objects.bulk_create(orders)
    for transaction in transactions:
        transaction.order_id = transaction.order.pk
        transaction.created_at = now
    names = names_of(Transaction)
    insert_rows(Transaction, names, ([getattr(one, name) for name in names] for one in transactions))
    OrderLine.objects.bulk_create(
        [line for order, row in zip(orders, rows, strict=True) for line in new_lines(order, row)]
    )
    insert_rows(
        Reference,
        ["merchant_id", "order_id", "kind", "value"],
        (
            (account.merchant_id, order.pk, kind, value)
            for order, row in zip(orders, rows, strict=True)
            for kind, value in plain_words(words_of(row))
        ),
    )
    _write_events(orders, rows, by, source, now)
    if transactions:
        look_again(account.pk)
    return iter([order.pk for order in orders])


def _unsaved(account: GatewayAccount, rows: Sequence[OrderRow], now: datetime) -> tuple[list[Order], list[Transaction]]:
    capability = capability_of(account)
    orders = []
    transactions = []
    for row in rows:
        order = new_order(account, row, now)
        own = [new_transaction(order, one, capability, now) for one in row.transactions]
        put_summary(order, own)
        orders.append(order)
        transactions += own
    return orders, transactions


def _write_events(
    orders: Collection[Order], rows: Sequence[OrderRow], by: User | None, source: Source, now: datetime
) -> None:
    values = [
        audit.event_values(
            **event_of(order, row, made=True, transactions=len(row.transactions), by=by, source=source), at=now
        )
        for order, row in zip(orders, rows, strict=True)
    ]
    insert_rows(
        Event, list(values[0]), ([str(source) if name == "source" else one[name] for name in one] for one in values)
    )


def _take_in_savepoint(account: GatewayAccount, row: OrderRow, by: User | None, source: Source) -> Taken | OrderRefused:
    try:
        with database_transaction.atomic():
            order, verdict = take_over(account, row, by, source)
    except OrderRefused as refusal:
        return refusal
    return Taken(order.pk, verdict)


def _take_alone(account: GatewayAccount, row: OrderRow, by: User | None, source: Source) -> Taken | OrderRefused:
    """Twice: the loser of a race for one order finds on its second look what the winner wrote."""
    try:
        return in_one_transaction(lambda: _take_in_savepoint(account, row, by, source))
    except IntegrityError:
        return in_one_transaction(lambda: _take_in_savepoint(account, row, by, source))
