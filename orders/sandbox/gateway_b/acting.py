"""Carrying out what is permitted at gateway B, for the API, the shopper, the vendor's portal and time alike.

Every function is called inside a store transaction: books, auditors' line and webhooks become true together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orders.sandbox.gateway_b import answers, books, events, movements
from orders.sandbox.gateway_b.records import Execution, Order, Payment, Refund, new_id
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import new_id as new_modification_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who wants it: `origin` api, portal, auto or shopper; the API's request has an id and a digest of its bytes."""

    origin: str
    modification_id: str | None = None
    request_sha256: str | None = None


TYPES = {"capture": "CAPTURE", "cancel": "CANCELLATION", "refund": "REFUND"}
AUTO = Cause(origin="auto")
PORTAL = Cause(origin="portal")


def authorize(ledger: Ledger, order: Order, *, plan: str | None = None) -> None:
    """The shopper was approved; with automatic capture the money is taken at once."""
    at = ledger.dials.clock_ms()
    movements.authorize(order, at=at, lifetime_ms=ledger.dials.now.order_authorization_seconds * 1000)
    if plan is not None:
        order.details["paymentPlan"] = plan
    books.save(ledger.store, order)
    _tell_of_order(ledger, order, "order.authorized")
    if order.capture_method == "automatic" and order.amount:
        capture(ledger, order, order.amount, cause=AUTO, keep_remainder=False, reference=order.reference)


def reject(ledger: Ledger, order: Order, *, final: bool) -> None:
    """A hard decline ends the order; after a soft one the shopper may try again (gateways.md B.5)."""
    if final:
        order.status = "rejected"
    order.updated_at = ledger.dials.clock_ms()
    books.save(ledger.store, order)
    _tell_of_order(ledger, order, "order.rejected")


def capture(ledger: Ledger, order: Order, amount: int, *, cause: Cause, keep_remainder: bool, **said: Any) -> Payment:
    """`said` are the payment's reference, description, line_items and metadata."""
    at = ledger.dials.clock_ms()
    payment = Payment(
        id=new_id("payment", test=order.test),
        order_id=order.id,
        merchant_key=order.merchant_key,
        test=order.test,
        amount=amount,
        created_at=at,
        updated_at=at,
        **said,
    )
    movements.capture(order, amount, keep_remainder=keep_remainder, at=at)
    books.add(ledger.store, payment)
    books.save(ledger.store, order)
    _book(ledger, order, cause, payment, kind="capture", status="CAPTURED", amount=amount, at=at)
    shown = answers.payment(ledger.store, payment, expand=False)
    events.tell(ledger, "payment.created", shown, merchant_key=order.merchant_key)
    return payment


def refund(
    ledger: Ledger, payment: Payment, amount: int, *, cause: Cause, reason: str, failed: bool = False, **said: Any
) -> Refund:
    """`said` are the refund's reference, description, line_items and metadata.

    A failed one is made and moves no money, and no event tells of it (gateways.md B.8).
    """
    order = books.find(ledger.store, Order, payment.order_id)
    assert order is not None
    at = ledger.dials.clock_ms()
    made = Refund(
        id=new_id("refund", test=order.test),
        payment_id=payment.id,
        order_id=order.id,
        merchant_key=order.merchant_key,
        test=order.test,
        amount=amount,
        reason=reason,
        status="failed" if failed else "succeeded",
        created_at=at,
        updated_at=at,
        **said,
    )
    books.add(ledger.store, made)
    if not failed:
        movements.refund(order, payment, amount, at=at)
        books.save(ledger.store, order, payment)
        shown = answers.refund(ledger.store, made, expand=False)
        events.tell(ledger, "refund.created", shown, merchant_key=order.merchant_key)
    status = "FAILED" if failed else "REFUNDED"
    _book(ledger, order, cause, made, kind="refund", status=status, amount=amount, at=at)
    return made


def release(ledger: Ledger, order: Order, *, cause: Cause, at: int | None = None) -> None:
    """Cancelled, or expired at `at`. Nothing is booked when there was nothing left to release."""
    released = movements.release(order, at=at or ledger.dials.clock_ms())
    books.save(ledger.store, order)
    if released:
        _book(ledger, order, cause, None, kind="cancel", status="CANCELLED", amount=released, at=order.updated_at)
    if order.status == "canceled":
        _tell_of_order(ledger, order, "order.canceled")


def _tell_of_order(ledger: Ledger, order: Order, kind: str) -> None:
    shown = answers.order(ledger.store, order, expand=False)
    events.tell(ledger, kind, shown, merchant_key=order.merchant_key)


def _book(
    ledger: Ledger,
    order: Order,
    cause: Cause,
    part: Payment | Refund | None,
    *,
    kind: str,
    status: str,
    amount: int,
    at: int,
) -> None:
    """`part` is the payment or refund that was made; a cancellation makes nothing and is known by its order."""
    part_id = order.id if part is None else part.id
    execution = Execution(
        merchant_key=order.merchant_key,
        modification_id=cause.modification_id or new_modification_id(),
        transaction_id=order.id,
        kind=kind,
        type=TYPES[kind],
        amount=amount,
        status=status,
        origin=cause.origin,
        created_at=at,
        last_status_at=at,
        reference=part_id if part is None else part.reference or part_id,
        part_id=part_id,
        request_sha256=cause.request_sha256,
    )
    books.add(ledger.store, execution)
