"""Transactions at the other two gateways: an order in yen that is captured in parts, and a deferred card payment."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from orders.gateways.base import TransactionState
from orders.models import Capture, GatewayAccount, Transaction
from tests import factories


def an_orders_account(**fields: Any) -> GatewayAccount:
    """Gateway B: yen, several captures, each refunded for itself."""
    return factories.an_account(gateway="smartpay_orders", **fields)


def a_card_account(**fields: Any) -> GatewayAccount:
    """Gateway C: pounds, one release, voided whole for a day and refunded from then on, nothing ever read."""
    return factories.an_account(gateway="smarterpay", **fields)


def in_yen(
    *captures: int, account: GatewayAccount | None = None, authorized: int = 10_000, **fields: Any
) -> Transaction:
    """An order of 10,000 yen, captured in these parts."""
    order = factories.an_order(account=account or an_orders_account(), currency="JPY", amount=authorized)
    whole = sum(captures) == authorized
    state = TransactionState.CAPTURED if whole else TransactionState.AUTHORIZED
    values = {"reference": f"order_test_{uuid.uuid4().hex[:20]}", "state": state, "capture_open": not whole, **fields}
    transaction = factories.a_transaction(order=order, authorized=authorized, **values)
    for amount in captures:
        factories.a_capture(transaction=transaction, amount=amount, gateway_id=f"payment_test_{uuid.uuid4().hex[:20]}")
    Transaction.objects.filter(pk=transaction.pk).update(captured=sum(captures))
    transaction.refresh_from_db()
    return transaction


def on_card(
    *, captured: int = 0, hours_ago: float = 1, account: GatewayAccount | None = None, **fields: Any
) -> Transaction:
    """A deferred payment of 100.00 GBP under a card record, released so many hours ago if at all."""
    order = fields.pop("order", None) or factories.an_order(
        account=account or a_card_account(), currency="GBP", amount=10_000
    )
    taken = {"state": TransactionState.CAPTURED, "capture_open": False} if captured else {}
    values = {
        "reference": f"P01{uuid.uuid4().hex[:16].upper()}",
        "card_reference": f"CD01{uuid.uuid4().hex[:16].upper()}",
        "released": 10_000 - captured if captured else 0,
        "captured": captured,
        **taken,
        **fields,
    }
    transaction = factories.a_transaction(order=order, **values)
    for capture in transaction.captures.all():
        earlier = capture.captured_at - timedelta(hours=hours_ago)
        Capture.objects.filter(pk=capture.pk).update(captured_at=earlier)
    transaction.refresh_from_db()
    return transaction
