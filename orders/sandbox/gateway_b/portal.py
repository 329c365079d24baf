"""What happens behind the dashboard's back: the vendor's own dashboard, and time that is helped along."""

from __future__ import annotations

from orders.sandbox.gateway_b import acting, books, movements
from orders.sandbox.gateway_b.errors import insufficient
from orders.sandbox.gateway_b.records import Order, Payment
from orders.sandbox.ledger import Ledger

ACTIONS = ("capture", "cancel", "refund", "expire")


class Impossible(ValueError):
    """There is no such order or action; nothing changed."""


def act(ledger: Ledger, *, order_id: str, action: str, amount: int | None, payment_id: str | None = None) -> Order:
    """One action of the portal, under an id of its own. Amount in yen, None for everything.

    A capture there is a single one: what it leaves is released (gateways.md B.5). A refund without `payment_id` takes
    the newest payments first. Raises Refused as the API would, and Impossible.
    """
    if action not in ACTIONS:
        raise Impossible(f"The portal can {', '.join(ACTIONS)}; {action} is none of them.")
    with ledger.store.transaction():
        order = books.find(ledger.store, Order, order_id)
        if order is None:
            raise Impossible(f"There is no order {order_id}.")
        if action == "capture":
            wanted = order.remainder if amount is None else amount
            movements.check_capture(order, wanted)
            acting.capture(ledger, order, wanted, cause=acting.PORTAL, keep_remainder=False)
        elif action == "refund":
            _refund(ledger, order, amount, payment_id)
        elif action == "cancel":
            movements.check_cancel(order)
            if order.status != "canceled":
                acting.release(ledger, order, cause=acting.PORTAL)
        else:
            _expire(ledger, order)
    found = books.find(ledger.store, Order, order_id)
    assert found is not None
    return found


def _refund(ledger: Ledger, order: Order, amount: int | None, payment_id: str | None) -> None:
    payments = [
        one
        for one in reversed(books.payments_of(ledger.store, order.id))
        if one.refunded < one.amount and payment_id in (None, one.id)
    ]
    left = sum(one.amount - one.refunded for one in payments)
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise insufficient(left)
    for payment in payments:
        wanted -= _refund_of(ledger, payment, wanted)


def _refund_of(ledger: Ledger, payment: Payment, wanted: int) -> int:
    part = min(wanted, payment.amount - payment.refunded)
    if part:
        acting.refund(ledger, payment, part, cause=acting.PORTAL, reason="requested_by_customer")
    return part


def _expire(ledger: Ledger, order: Order) -> None:
    """As if its seven days were over now."""
    if order.status != "requires_capture":
        raise Impossible(f"Only an order that waits for its capture can expire; this one is {order.status}.")
    order.expires_at = ledger.dials.clock_ms()
    acting.release(ledger, order, cause=acting.AUTO)
