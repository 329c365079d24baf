"""Gateway B's order as the house sees a transaction: its state, and each payment and refund as a movement."""

from __future__ import annotations

from orders.gateways.base import Movement, Snapshot, TransactionState, Verdict
from orders.gateways.smartpay_orders_reading import Entry, Order, Payment, Refund
from orders.gateways.smartpay_orders_words import REFUNDED, payment_verdict, refund_verdict, state_of


def state_shown(order: Order) -> TransactionState:
    """The state behind the status and what stands beside it: the order's status does not change with its refunds, and
    one word, canceled, says cancelled, run out, or closed after a part was captured."""
    state = state_of(order.status)
    if state is TransactionState.CANCELLED and order.payments:
        return TransactionState.CAPTURED
    if state is TransactionState.CANCELLED and has_run_out(order):
        return TransactionState.EXPIRED
    if state is TransactionState.CAPTURED and order.shows_payments and _all_given_back(order.payments):
        return TransactionState.REFUNDED
    return state


def has_run_out(order: Order) -> bool:
    """Whether the gateway itself cancelled the order when its authorization ended."""
    if order.expires_at is None or order.updated_at is None:
        return False
    return order.updated_at >= order.expires_at


def snapshot_of(order: Order) -> Snapshot:
    """The whole order. Captures come before the refunds that draw on them."""
    state = state_shown(order)
    refunds = [refund for payment in order.payments for refund in payment.refunds]
    movements = [_capture(payment) for payment in order.payments] + [_refund(refund) for refund in refunds]
    if state is TransactionState.CANCELLED:
        movements.append(_cancel(order))
    return Snapshot(
        transaction_reference=order.id,
        state=state,
        raw_status=order.status,
        status_at=order.updated_at,
        created_at=order.created_at,
        amount=order.amount,
        description=order.description,
        movements=tuple(movements),
        raw=order.raw,
        warnings=(*order.warnings, *_gaps(order)),
        expires_at=order.expires_at,
        customer_name=order.customer_name,
        customer_email=order.customer_email,
        order_reference=order.reference,
        lines=order.lines,
    )


def _all_given_back(payments: tuple[Payment, ...]) -> bool:
    return bool(payments) and all(payment.status.lower() == REFUNDED for payment in payments)


def _capture(payment: Payment) -> Movement:
    return _movement(payment, "capture", "payment", payment_verdict(payment.status))


def _refund(refund: Refund) -> Movement:
    return _movement(refund, "refund", "refund", refund_verdict(refund.status))


def _movement(entry: Entry, movement_type: str, raw_type: str, verdict: Verdict) -> Movement:
    return Movement(
        type=movement_type,
        raw_type=raw_type,
        modification_id=entry.modification_id,
        amount=entry.amount,
        reference=entry.reference,
        gateway_id=entry.id,
        raw_status=entry.status,
        verdict=verdict,
        at=entry.at,
        facts=entry.raw,
        capture_reference=entry.owner if movement_type == "refund" else "",
    )


def _cancel(order: Order) -> Movement:
    """The gateway lists no cancellation; the status alone tells it, and nobody's id stands beside it."""
    return Movement(
        type="cancel",
        raw_type="cancellation",
        modification_id="",
        amount=order.amount,
        reference=order.id,
        gateway_id=order.id,
        raw_status=order.status,
        verdict=Verdict.SUCCEEDED,
        at=order.updated_at,
        facts={"order": order.id, "status": order.status},
    )


def _gaps(order: Order) -> list[str]:
    if not order.shows_payments:
        return ["The answer does not show all payments of this order."]
    dark = [payment.id for payment in order.payments if not payment.whole]
    return [f"The answer does not show all refunds of {', '.join(dark[:20])}."] if dark else []
