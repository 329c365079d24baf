"""Orders that come from shops: one checked row becomes an order with its transactions, once however often it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import Capability, TransactionState
from orders.mirror.waiting import look_again
from orders.models import GatewayAccount, Order, OrderLine, ReferenceKind, Source, Transaction
from orders.modifications.situation import capability_of
from orders.money import Money
from orders.references import Word, note_words, words_of_customer
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REFERENCE_MAXIMUM = 64
NAME_MAXIMUM = 200
EMAIL_MAXIMUM = 255
METHOD_MAXIMUM = 40
LINE_NAME_MAXIMUM = 200


@dataclass(frozen=True, kw_only=True)
class TransactionRow:
    """One payment of an order as the shop knows it. `amount` is in minor units of the order's currency."""

    reference: str
    amount: int
    partner_reference: str = ""
    payment_method: str = ""
    card_reference: str = ""
    """C: the card record that the payment stands under; nothing can be done to the payment without it."""
    authorized: int | None = None
    """What the gateway authorized, as it told the shop. Believed only where the gateway itself cannot be asked (C), for
    there the shop is the only one who knows at once; elsewhere the gateway is read and this is not looked at."""


@dataclass(frozen=True, kw_only=True)
class LineRow:
    """One article. `unit_amount` is in minor units of the order's currency."""

    name: str
    quantity: int
    unit_amount: int


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
    lines: tuple[LineRow, ...] = ()
    """Left out or empty: the articles that are known stay."""


class OrderRefused(ValueError):
    """The row contradicts what is in the books; the message is a sentence. Nothing of the row was taken over."""


class Verdict(StrEnum):
    """What taking a row over came to."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def ingest_order(
    *, account: GatewayAccount, row: OrderRow, by: User | None = None, source: Source = Source.COMMAND
) -> Order:
    """Create or update the order and create its transactions; the same row again changes nothing. Raises OrderRefused.

    A new transaction has no money and awaits its gateway: what is authorized, captured or refunded comes from there
    only (`refresh.py`), never from the shop's file. The exception is `TransactionRow.authorized`.
    """
    return in_one_transaction(lambda: take_over(account, row, by, source))[0]


def take_over(account: GatewayAccount, row: OrderRow, by: User | None, source: Source) -> tuple[Order, Verdict]:
    """`ingest_order` inside the caller's database transaction, with what it came to. Raises OrderRefused."""
    order = Order.objects.filter(account=account, reference=row.reference).first()
    made = order is None
    if order is None:
        order = new_order(account, row, database_now())
        order.save(force_insert=True)
    else:
        _check_same(order, row)
    changed = made or _update_customer(order, row)
    changed = _replace_lines(order, row) or changed
    known = _known_transactions(account, order, row)
    new = [one for one in row.transactions if one.reference not in known]
    capability = capability_of(account)
    for one in new:
        new_transaction(order, one, capability, database_now()).save(force_insert=True)
    completed = [_complete(account, known[one.reference], one) for one in row.transactions if one.reference in known]
    changed = changed or any(completed)
    if changed or new:
        note_words(order, words_of(row))
        summarise(order)
        audit.record(**event_of(order, row, made=made, transactions=len(new), by=by, source=source))
    if new:
        look_again(account.pk)
    return order, Verdict.CREATED if made else Verdict.UPDATED if changed or new else Verdict.UNCHANGED


def new_order(account: GatewayAccount, row: OrderRow, now: datetime) -> Order:
    """The unsaved order."""
    return Order(
        merchant_id=account.merchant_id,
        account=account,
        reference=row.reference,
        currency=row.currency,
        amount=row.amount,
        customer_name=row.customer_name,
        customer_email=row.customer_email,
        placed_at=row.placed_at or now,
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


def _replace_lines(order: Order, row: OrderRow) -> bool:
    """The articles as the row lists them, all or none; the same ones again change nothing."""
    wanted = [(line.name[:LINE_NAME_MAXIMUM], line.quantity, line.unit_amount) for line in row.lines]
    known = list(order.lines.values_list("name", "quantity", "unit_amount"))
    if not wanted or wanted == known:
        return False
    order.lines.all().delete()
    OrderLine.objects.bulk_create(new_lines(order, row))
    return True


def new_lines(order: Order, row: OrderRow) -> list[OrderLine]:
    """The unsaved articles."""
    return [
        OrderLine(order=order, name=line.name[:LINE_NAME_MAXIMUM], quantity=line.quantity, unit_amount=line.unit_amount)
        for line in row.lines
    ]


def _known_transactions(account: GatewayAccount, order: Order, row: OrderRow) -> dict[str, Transaction]:
    named = [one.reference for one in row.transactions]
    known = Transaction.objects.filter(account=account, reference__in=named).select_related("order")
    for transaction in known:
        if transaction.order_id != order.pk:
            raise OrderRefused(
                f"Transaction {transaction.reference} already belongs to order {transaction.order.reference}."
            )
    return {transaction.reference: transaction for transaction in known}


def new_transaction(order: Order, row: TransactionRow, capability: Capability, now: datetime) -> Transaction:
    """The unsaved payment of this order. `capability` is its account's."""
    transaction = Transaction(
        merchant_id=order.merchant_id,
        account_id=order.account_id,
        order=order,
        reference=row.reference,
        partner_reference=row.partner_reference,
        payment_method=row.payment_method,
        card_reference=row.card_reference,
        currency=order.currency,
        refresh_due_at=now if capability.reads else None,
    )
    _authorize(transaction, row, capability)
    return transaction


def _complete(account: GatewayAccount, transaction: Transaction, row: TransactionRow) -> bool:
    """What a later row adds to a payment that is known already; what contradicts it is refused."""
    capability = capability_of(account)
    locked = Transaction.objects.select_for_update(no_key=True).get(pk=transaction.pk)
    if row.card_reference and locked.card_reference not in ("", row.card_reference):
        raise OrderRefused(
            f"Transaction {row.reference} is already known under another card record; this row names "
            f"{row.card_reference}."
        )
    fresh_card = row.card_reference if not locked.card_reference else ""
    locked.card_reference = fresh_card or locked.card_reference
    if not _authorize(locked, row, capability) and not fresh_card:
        return False
    locked.version += 1
    locked.save(update_fields=["card_reference", "authorized", "state", "raw_status", "expires_at", "version"])
    return True


def _authorize(transaction: Transaction, row: TransactionRow, capability: Capability) -> bool:
    """Believe the shop about the authorization, once, where nobody else can be asked; True when that is news."""
    if row.authorized is None or capability.reads:
        return False
    if transaction.authorized:
        if transaction.authorized != row.authorized:
            known = Money(transaction.authorized, transaction.currency)
            said = Money(row.authorized, transaction.currency)
            raise OrderRefused(f"Transaction {row.reference} is already known with {known}; this row says {said}.")
        return False
    if row.authorized <= 0 or transaction.state != TransactionState.PENDING_AUTHORIZATION:
        return False
    transaction.authorized = row.authorized
    transaction.state = TransactionState.AUTHORIZED.value
    transaction.raw_status = "told by the shop"
    begun = transaction.order.placed_at
    transaction.expires_at = begun + timedelta(days=capability.authorization_days)
    return True


def words_of(row: OrderRow) -> list[Word]:
    """Every word by which the order can be found."""
    words: list[Word] = [(ReferenceKind.ORDER, row.reference)]
    words += words_of_customer(name=row.customer_name, email=row.customer_email)
    for one in row.transactions:
        words += [(ReferenceKind.TRANSACTION, one.reference), (ReferenceKind.PARTNER, one.partner_reference)]
        words.append((ReferenceKind.CARD, one.card_reference))
    return words


def event_of(
    order: Order, row: OrderRow, *, made: bool, transactions: int, by: User | None, source: Source
) -> dict[str, Any]:
    """What `audit.record` writes. The customer's name and address are in the books, not in the log."""
    return {
        "verb": "order.imported" if made else "order.updated",
        "sentence": f"Order {row.reference} was {'imported' if made else 'updated from an import'}; "
        f"it brought {transactions} new transaction{'s' * (transactions != 1)}.",
        "source": source,
        "by": by,
        "order": order,
        "details": {"amount": row.amount, "currency": row.currency, "transactions": transactions},
    }
