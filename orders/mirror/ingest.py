"""Orders that come from shops: one checked row becomes an order with its transactions, once however often it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.models import GatewayAccount, Order, ReferenceKind, Source, Transaction
from orders.money import Money
from orders.references import Word, note_words, words_of_customer
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REFERENCE_MAXIMUM = 64
NAME_MAXIMUM = 200
EMAIL_MAXIMUM = 255
METHOD_MAXIMUM = 40


@dataclass(frozen=True, kw_only=True)
class TransactionRow:
    """One payment of an order as the shop knows it. `amount` is in minor units of the order's currency."""

    reference: str
    amount: int
    partner_reference: str = ""
    payment_method: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    """One order as a shop sends it, already checked by itself. `amount` is in minor units of `currency`."""

    reference: str
    currency: str
    amount: int
    customer_name: str = ""
    customer_email: str = ""
    placed_at: datetime | None = None
    transactions: tuple[TransactionRow, ...] = ()


class OrderRefused(ValueError):
    """The row contradicts what is in the books; the message is a sentence. Nothing of the row was taken over."""


def ingest_order(
    *, account: GatewayAccount, row: OrderRow, by: User | None = None, source: Source = Source.COMMAND
) -> Order:
    """Create or update the order and create its transactions; the same row again changes nothing. Raises OrderRefused.

    A new transaction has no money and awaits its gateway: what is authorized, captured or refunded comes from there
    only (`refresh.py`), never from the shop's file.
    """
    return in_one_transaction(lambda: _take_over(account, row, by, source))


def _take_over(account: GatewayAccount, row: OrderRow, by: User | None, source: Source) -> Order:
    order = Order.objects.filter(account=account, reference=row.reference).first()
    made = order is None
    if order is None:
        order = _create(account, row)
    else:
        _check_same(order, row)
    changed = made or _update_customer(order, row)
    new = [one for one in row.transactions if _is_new(account, order, one)]
    for one in new:
        _create_transaction(account, order, one)
    if changed or new:
        note_words(order, _words(row))
        summarise(order)
        _record(order, row, made=made, transactions=len(new), by=by, source=source)
    return order


def _create(account: GatewayAccount, row: OrderRow) -> Order:
    return Order.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        reference=row.reference,
        currency=row.currency,
        amount=row.amount,
        customer_name=row.customer_name,
        customer_email=row.customer_email,
        placed_at=row.placed_at or database_now(),
    )


def _check_same(order: Order, row: OrderRow) -> None:
    if (order.currency, order.amount) != (row.currency, row.amount):
        raise OrderRefused(
            f"Order {row.reference} is already known with {Money(order.amount, order.currency)}; this row says "
            f"{Money(row.amount, row.currency)}."
        )


def _update_customer(order: Order, row: OrderRow) -> bool:
    """A name or e-mail that the row leaves out stays as it is."""
    given = {"customer_name": row.customer_name, "customer_email": row.customer_email}
    different = [field for field, value in given.items() if value and getattr(order, field) != value]
    for field in different:
        setattr(order, field, given[field])
    if different:
        order.save(update_fields=different)
    return bool(different)


def _is_new(account: GatewayAccount, order: Order, row: TransactionRow) -> bool:
    known = Transaction.objects.filter(account=account, reference=row.reference).select_related("order").first()
    if known is not None and known.order_id != order.pk:
        raise OrderRefused(f"Transaction {row.reference} already belongs to order {known.order.reference}.")
    return known is None


def _create_transaction(account: GatewayAccount, order: Order, row: TransactionRow) -> None:
    Transaction.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        order=order,
        reference=row.reference,
        partner_reference=row.partner_reference,
        payment_method=row.payment_method,
        currency=order.currency,
    )


def _words(row: OrderRow) -> list[Word]:
    words: list[Word] = [(ReferenceKind.ORDER, row.reference)]
    words += words_of_customer(name=row.customer_name, email=row.customer_email)
    for one in row.transactions:
        words += [(ReferenceKind.TRANSACTION, one.reference), (ReferenceKind.PARTNER, one.partner_reference)]
    return words


def _record(order: Order, row: OrderRow, *, made: bool, transactions: int, by: User | None, source: Source) -> None:
    """The customer's name and address are in the books, not in the log."""
    audit.record(
        verb="order.imported" if made else "order.updated",
        sentence=f"Order {row.reference} was {'imported' if made else 'updated from an import'}; "
        f"it brought {transactions} new transaction{'s' * (transactions != 1)}.",
        source=source,
        by=by,
        order=order,
        details={"amount": row.amount, "currency": row.currency, "transactions": transactions},
    )
