"""The state machine of gateway C: which action a payment's state allows, and what it does to the money (C.3)."""

from __future__ import annotations

from dataclasses import dataclass

from orders.sandbox.dials import DAY_SECONDS, Dials
from orders.sandbox.gateway_c.records import Payment

RELEASE, CANCEL, VOID, REFUND = "DeferredRelease", "DeferredCancel", "Void", "Refund"
AUTHORISE_RELEASE = "AuthoriseRelease"
REPEAT = "Repeat"
ACTIONS = (RELEASE, CANCEL, VOID, REFUND, AUTHORISE_RELEASE)
WITH_AMOUNT = frozenset({RELEASE, REFUND, AUTHORISE_RELEASE, REPEAT})
DEFERRED = frozenset({"DeferredMOTO", "DeferredEcommerce"})
AUTHENTICATED = frozenset({"AuthenticateMOTO", "AuthenticateEcommerce"})
TAKEN_AT_ONCE = frozenset({"MOTO", "Ecommerce", REPEAT})
REGISTRATIONS = (*sorted(DEFERRED), *sorted(AUTHENTICATED), "MOTO", "Ecommerce")
AUTHENTICATED_DAYS = 90
"""Authenticate and authorise is valid for about 90 days (gateways.md C.2)."""


class NotPossible(Exception):
    """The payment's state or money does not allow the action; the text is the acquirer's. The answer says failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of a payment. `amount` in minor units, None where none was sent."""

    payment_type: str
    amount: int | None


def authorize(payment: Payment, dials: Dials, *, at: int) -> None:
    """The card holder's bank agreed: money is reserved, taken, or the card holder merely authenticated."""
    if payment.payment_type in TAKEN_AT_ONCE:
        payment.captured, payment.captured_at = payment.authorized, at
        payment.move_to("taken", "successful", at)
        return
    authenticated = payment.payment_type in AUTHENTICATED
    days = AUTHENTICATED_DAYS if authenticated else dials.smarterpay_release_days
    payment.expires_at = at + days * DAY_SECONDS * 1000
    payment.move_to("authenticated" if authenticated else "deferred", "successful", at)


def decline(payment: Payment, *, at: int) -> None:
    payment.move_to("failed", "failed", at)


def amount_of(payment: Payment, wish: Wish) -> int:
    """What the action would move: the amount sent, or everything it concerns."""
    if wish.payment_type == CANCEL:
        return payment.authorized
    return payment.captured if wish.amount is None else wish.amount


def carry_out(payment: Payment, wish: Wish, dials: Dials, *, at: int) -> int:
    """Do it and book it. Returns the amount in minor units. Raises NotPossible, and then nothing changed."""
    amount = amount_of(payment, wish)
    if wish.payment_type == RELEASE:
        _take(payment, amount, at, state="deferred")
    elif wish.payment_type == AUTHORISE_RELEASE:
        _take(payment, amount, at, state="authenticated")
    elif wish.payment_type == CANCEL:
        _cancel(payment, at)
    elif wish.payment_type == VOID:
        _void(payment, wish, dials, at)
    else:
        _refund(payment, amount, dials, at)
    return amount


def expire(payment: Payment, *, at: int) -> None:
    """Nobody released it in time: the money goes back by itself (seed 004)."""
    payment.released = payment.authorized - payment.captured
    payment.expires_at = None
    payment.move_to("expired", "cancelled", at)


def has_cleared(payment: Payment, dials: Dials, at: int) -> bool:
    """Whether the taken money has reached the bank, so that it can be refunded and no longer voided."""
    return payment.captured_at is not None and at >= payment.captured_at + dials.smarterpay_clearing_seconds * 1000


def _take(payment: Payment, amount: int, at: int, *, state: str) -> None:
    """One release only; what it does not take goes back to the card holder (gateways.md C.2)."""
    if payment.state != state:
        raise NotPossible(_why_not_open(payment))
    if amount > payment.authorized:
        raise NotPossible("The amount is more than the original transaction's.")
    payment.captured, payment.captured_at = amount, at
    payment.released = payment.authorized - amount
    payment.expires_at = None
    payment.move_to("taken", payment.status, at)


def _cancel(payment: Payment, at: int) -> None:
    if payment.state != "deferred":
        raise NotPossible(_why_not_open(payment))
    payment.released = payment.authorized
    payment.expires_at = None
    payment.move_to("cancelled", payment.status, at)


def _void(payment: Payment, wish: Wish, dials: Dials, at: int) -> None:
    if payment.state != "taken":
        raise NotPossible(_why_not_taken(payment))
    if payment.refunded:
        raise NotPossible("A transaction that was refunded in part cannot be voided.")
    if has_cleared(payment, dials, at):
        raise NotPossible("The transaction has been settled and can no longer be voided; refund it.")
    if wish.amount not in (None, payment.captured):
        raise NotPossible("Only the full amount can be voided.")
    payment.refunded = payment.captured
    payment.move_to("voided", payment.status, at)


def _refund(payment: Payment, amount: int, dials: Dials, at: int) -> None:
    if payment.state != "taken":
        raise NotPossible(_why_not_taken(payment))
    if not (dials.smarterpay_refund_before_clearing or has_cleared(payment, dials, at)):
        raise NotPossible("The transaction has not been settled yet and cannot be refunded; void it.")
    if amount > payment.captured - payment.refunded:
        raise NotPossible("The amount is more than what is left of the transaction to refund.")
    payment.refunded += amount
    payment.move_to("taken", payment.status, at)


def _why_not_open(payment: Payment) -> str:
    return {
        "pending": "The transaction has not been authorised yet.",
        "deferred": "A deferred transaction is released by DeferredRelease.",
        "authenticated": "An authenticated transaction is taken by AuthoriseRelease.",
        "taken": "The transaction has been released already.",
        "cancelled": "The transaction has been cancelled already.",
        "voided": "The transaction has been voided.",
        "expired": "The authorisation has expired.",
        "failed": "The transaction was not authorised.",
    }[payment.state]


def _why_not_taken(payment: Payment) -> str:
    return {"voided": "The transaction has been voided already."}.get(
        payment.state, "No money has been taken by this transaction."
    )
