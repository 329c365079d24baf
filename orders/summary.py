"""An order's own line in the list: one word and a few sums, derived from its transactions and kept beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction as database_transaction

from orders.database import save_many
from orders.gateways.base import TransactionState
from orders.models import Order, OrderState, Transaction

_SAME_WORD = {
    TransactionState.PENDING_AUTHORIZATION: OrderState.PENDING_AUTHORIZATION,
    TransactionState.CAPTURE_PENDING: OrderState.CAPTURE_PENDING,
    TransactionState.CANCEL_PENDING: OrderState.CANCEL_PENDING,
    TransactionState.CANCELLED: OrderState.CANCELLED,
    TransactionState.CHARGEBACK: OrderState.CHARGEBACK,
    TransactionState.EXPIRED: OrderState.EXPIRED,
    TransactionState.FAILED: OrderState.FAILED,
    TransactionState.UNRECOGNISED: OrderState.UNRECOGNISED,
    TransactionState.REFUNDED: OrderState.REFUNDED,
}
_URGENCY = (
    OrderState.UNRECOGNISED,
    OrderState.CHARGEBACK,
    OrderState.CAPTURE_PENDING,
    OrderState.CANCEL_PENDING,
    OrderState.AUTHORIZED,
    OrderState.PARTLY_CAPTURED,
    OrderState.PARTLY_REFUNDED,
    OrderState.SETTLED,
    OrderState.CAPTURED,
    OrderState.REFUNDED,
    OrderState.PENDING_AUTHORIZATION,
    OrderState.CANCELLED,
    OrderState.EXPIRED,
    OrderState.FAILED,
)
FIELDS = ["state", "captured", "refunded", "in_flight", "attention", "expires_at"]


def state_of(transaction: Transaction) -> OrderState:
    """The word for one transaction: the gateway's state refined by what was captured and refunded."""
    state = TransactionState(transaction.state)
    if state in _SAME_WORD:
        return _SAME_WORD[state]
    if transaction.captured and transaction.refunded >= transaction.captured:
        return OrderState.REFUNDED
    if transaction.refunded:
        return OrderState.PARTLY_REFUNDED
    if state is TransactionState.SETTLED:
        return OrderState.SETTLED
    if transaction.captured and (transaction.open_to_capture or transaction.released):
        return OrderState.PARTLY_CAPTURED
    return OrderState.CAPTURED if transaction.captured else OrderState.AUTHORIZED


def summarise(order: Order) -> None:
    """Write the order's summary columns anew, in the caller's database transaction."""
    summarise_all([order.pk])
    order.refresh_from_db(fields=FIELDS)


def summarise_all(order_ids: Collection[int]) -> None:
    """Write the summaries of these orders anew, in the caller's database transaction or in one of its own.

    The orders are locked first (by id, after every transaction row), so that two transactions of one order that change
    at the same time cannot leave a sum in which one of them is missing.
    """
    with database_transaction.atomic(savepoint=False):
        locked = Order.objects.filter(pk__in=order_ids).select_for_update(no_key=True).order_by("pk")
        orders = {order.pk: order for order in locked}
        transactions: dict[int, list[Transaction]] = {pk: [] for pk in orders}
        for transaction in Transaction.objects.filter(order__in=orders):
            transactions[transaction.order_id].append(transaction)
        changed = []
        for pk, order in orders.items():
            before = [getattr(order, name) for name in FIELDS]
            put_summary(order, transactions[pk])
            if before != [getattr(order, name) for name in FIELDS]:
                changed.append(order)
        save_many(changed, FIELDS)


def put_summary(order: Order, transactions: Sequence[Transaction]) -> None:
    """Set the summary columns without saving, for bulk writers."""
    states = {state_of(transaction) for transaction in transactions}
    order.state = next((state for state in _URGENCY if state in states), OrderState.PENDING_AUTHORIZATION).value
    order.captured = sum(transaction.captured for transaction in transactions)
    order.refunded = sum(transaction.refunded for transaction in transactions)
    order.in_flight = any(
        transaction.capturing or transaction.refunding or transaction.exclusive_modification
        for transaction in transactions
    )
    order.attention = any(
        transaction.unknown_count or transaction.frozen_reason or transaction.state == TransactionState.UNRECOGNISED
        for transaction in transactions
    )
    order.expires_at = min(
        (
            transaction.expires_at
            for transaction in transactions
            if transaction.expires_at and transaction.state == TransactionState.AUTHORIZED
        ),
        default=None,
    )
