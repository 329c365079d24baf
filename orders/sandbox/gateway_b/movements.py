"""The state machine of gateway B: what a state allows, and what a movement does to the money (gateways.md B.5)."""

from __future__ import annotations

from orders.sandbox.gateway_b.errors import conflict, insufficient
from orders.sandbox.gateway_b.records import Order, Payment


def check_capture(order: Order, amount: int) -> None:
    """Raises Refused."""
    if order.status != "requires_capture":
        raise conflict("order.cannot-capture", f"An order that is {order.status} cannot be captured.")
    if amount > order.remainder:
        raise conflict("payment.excessive-amount", f"Only {order.remainder} of the order can still be captured.")


def check_cancel(order: Order) -> None:
    """A cancelled order may be cancelled again; nothing happens then. Raises Refused."""
    if order.status not in ("requires_capture", "canceled"):
        raise conflict("order.cannot-cancel", f"An order that is {order.status} cannot be cancelled.")


def check_refund(payment: Payment, amount: int | None) -> int:
    """The amount to refund; None asks for all that is left. Raises Refused."""
    left = payment.amount - payment.refunded
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise insufficient(left)
    return wanted


def authorize(order: Order, *, at: int, lifetime_ms: int) -> None:
    """The shopper was approved. With automatic capture the caller captures at once."""
    order.status = "requires_capture"
    order.expires_at = at + lifetime_ms
    order.updated_at = at


def capture(order: Order, amount: int, *, keep_remainder: bool, at: int) -> None:
    order.captured += amount
    if not keep_remainder:
        order.released = order.amount - order.captured
    if not order.remainder:
        order.status = "succeeded"
    order.updated_at = at


def release(order: Order, *, at: int) -> int:
    """Cancelled or expired: what is uncaptured goes back. A partly captured order has succeeded. Returns the amount."""
    released = order.remainder
    order.released += released
    order.status = "succeeded" if order.captured else "canceled"
    order.updated_at = at
    return released


def refund(order: Order, payment: Payment, amount: int, *, at: int) -> None:
    """The payment says refunded only when all of it is (assumed in gateways.md B.5)."""
    order.refunded += amount
    payment.refunded += amount
    if payment.refunded == payment.amount:
        payment.status = "refunded"
    order.updated_at = payment.updated_at = at
