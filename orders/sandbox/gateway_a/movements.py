"""The state machine of gateway A: which movement a state allows, and what it does to the money (gateways.md A.4)."""

from __future__ import annotations

from dataclasses import dataclass

from orders.sandbox.amounts import for_json
from orders.sandbox.gateway_a.errors import refuse_state, refuse_value
from orders.sandbox.records import Transaction

AUTHORIZED = "AUTHORIZATION_COMPLETED"
REFUNDABLE = frozenset({"CAPTURED", "SETTLED"})
DONE_STATUS = {"CAPTURE": "CAPTURED", "CANCELLATION": "CANCELLED", "REFUND": "REFUNDED"}
PENDING_STATUS = {"CAPTURE": "CAPTURE_PENDING", "CANCELLATION": "CANCELLATION_PENDING", "REFUND": "REFUND_PENDING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What a permitted request comes to: its type and its amount in minor units."""

    type: str
    amount: int


def permitted(transaction: Transaction, *, kind: str, amount: int | None, refunds_in_flight: int) -> Movement:
    """The movement for one of the four calls; no amount means all. Raises Refused with the gateway's own sentence."""
    if kind == "capture":
        return _capture(transaction, amount)
    if kind == "cancel":
        return _cancel(transaction)
    if kind == "refund":
        return _refund(transaction, amount, refunds_in_flight)
    return _cancel_or_refund(transaction, refunds_in_flight)


def complete(transaction: Transaction, *, type: str, amount: int, kind: str, at: int) -> None:
    """Book a movement that succeeded."""
    if type == "CAPTURE":
        _book_capture(transaction, amount, at)
    elif type == "CANCELLATION":
        transaction.released = transaction.authorized - transaction.captured
        _close_authorization(transaction)
        transaction.move_to("CANCELLED", at)
    else:
        transaction.refunded += amount
        if kind == "cancelOrRefund" and transaction.status == AUTHORIZED:
            transaction.released = transaction.authorized - transaction.captured
            _close_authorization(transaction)
            transaction.move_to("CAPTURED", at)


def start(transaction: Transaction, *, type: str, at: int) -> None:
    """A movement that will end later. A refund leaves the payment's own status alone (gateways.md A.3)."""
    if type != "REFUND":
        transaction.move_to(PENDING_STATUS[type], at)


def fall_back(transaction: Transaction, *, type: str, at: int) -> None:
    """A movement that had started has failed: no money moved, the authorization stands as before."""
    if type != "REFUND":
        transaction.move_to(AUTHORIZED, at)


def expire(transaction: Transaction, at: int) -> None:
    """The authorization's time is over: what was not captured goes back to the shopper (seed 000)."""
    transaction.released = transaction.authorized - transaction.captured
    _close_authorization(transaction)
    transaction.move_to("CAPTURED" if transaction.captured else "EXPIRED", at)


def refundable(transaction: Transaction, refunds_in_flight: int) -> int:
    """Captured and neither refunded, nor being refunded, nor charged back; minor units (gateways.md A.10, line 12)."""
    taken = transaction.refunded + refunds_in_flight + transaction.charged_back
    return max(0, transaction.captured - taken)


def _capture(transaction: Transaction, amount: int | None) -> Movement:
    if transaction.status in REFUNDABLE:
        raise refuse_state("The transaction is already captured.", status=transaction.status)
    if transaction.status != AUTHORIZED:
        raise refuse_state("Only an authorized transaction can be captured.", status=transaction.status)
    ceiling = transaction.authorized - transaction.captured
    return Movement(type="CAPTURE", amount=_within(ceiling, amount, transaction))


def _cancel(transaction: Transaction) -> Movement:
    if transaction.status != AUTHORIZED or transaction.captured:
        message = "Only an authorized transaction can be cancelled; use refund or cancelOrRefund."
        raise refuse_state(message, status=transaction.status)
    return Movement(type="CANCELLATION", amount=transaction.authorized)


def _refund(transaction: Transaction, amount: int | None, refunds_in_flight: int) -> Movement:
    if not _has_refundable_state(transaction):
        raise refuse_state("Only a captured or settled transaction can be refunded.", status=transaction.status)
    ceiling = refundable(transaction, refunds_in_flight)
    if not ceiling:
        raise refuse_state("The captured amount is already refunded.", status=transaction.status)
    return Movement(type="REFUND", amount=_within(ceiling, amount, transaction))


def _cancel_or_refund(transaction: Transaction, refunds_in_flight: int) -> Movement:
    """Cancels while nothing is captured, else refunds all that is left of it (assumed in gateways.md A.2.3)."""
    if transaction.status == AUTHORIZED and not transaction.captured:
        return Movement(type="CANCELLATION", amount=transaction.authorized)
    return _refund(transaction, None, refunds_in_flight)


def _has_refundable_state(transaction: Transaction) -> bool:
    """With several captures the payment stays authorized until the last one, yet captured money can go back."""
    return transaction.status in REFUNDABLE or (transaction.status == AUTHORIZED and transaction.captured > 0)


def _within(ceiling: int, amount: int | None, transaction: Transaction) -> int:
    if amount is None:
        return ceiling
    if amount > ceiling:
        maximum = for_json(ceiling, transaction.currency)
        message = f"Value out of bounds. Value must be greater than 0 and at most {maximum}"
        raise refuse_value(message, property="modifiedAmount.amount", context={"maximum": maximum}, kept=True)
    return amount


def _book_capture(transaction: Transaction, amount: int, at: int) -> None:
    """One capture releases the rest (seed 000), unless the merchant may capture several times (A.10, line 5)."""
    transaction.captured += amount
    more_possible = transaction.multi_capture and transaction.captured < transaction.authorized
    if more_possible:
        transaction.move_to(AUTHORIZED, at)
        return
    transaction.released = transaction.authorized - transaction.captured
    _close_authorization(transaction)
    transaction.move_to("CAPTURED", at)


def _close_authorization(transaction: Transaction) -> None:
    transaction.expires_at = None
    transaction.auto_capture_at = None
