"""The mirrored facts of a transaction: state, times, references, and what the gateway's state says about the rest."""

from __future__ import annotations

from datetime import timedelta

from orders.gateways.base import Snapshot, TransactionState
from orders.models import Transaction
from orders.modifications.situation import capability_of
from orders.money import Money

# The gateway reports an amount before anybody has authorized it.
UNAUTHORIZED = frozenset({TransactionState.PENDING_AUTHORIZATION, TransactionState.FAILED})
CLOSED = frozenset(
    {
        TransactionState.CAPTURED,
        TransactionState.SETTLED,
        TransactionState.REFUNDED,
        TransactionState.CHARGEBACK,
        TransactionState.CANCELLED,
        TransactionState.EXPIRED,
    }
)
"""No further capture is possible: what is not captured has gone back to the shopper (seed 000)."""
CAPTURED_SOMETHING = CLOSED - {TransactionState.CANCELLED, TransactionState.EXPIRED}


def is_current(transaction: Transaction, snapshot: Snapshot, *, seen_version: int) -> bool:
    """Whether the snapshot's state may replace ours: never an older one (money safety, F37).

    Without a time of its own, or with the very time that stands here already, it counts only when nothing happened here
    since it was asked for: an answer of ours may have come without a time. Where the gateway cannot be asked, a
    snapshot tells how the payment began, so it says nothing about the state of one that has begun.
    """
    if not capability_of(transaction.account).reads:
        return transaction.state == TransactionState.PENDING_AUTHORIZATION
    if snapshot.status_at is None or transaction.status_at is None or snapshot.status_at == transaction.status_at:
        return transaction.version == seen_version
    return snapshot.status_at > transaction.status_at


def take_facts(transaction: Transaction, snapshot: Snapshot, *, current: bool) -> list[str]:
    """Copy what the gateway says into the unsaved row; returns a sentence for each change that matters."""
    changes = _take_references(transaction, snapshot)
    transaction.facts = dict(snapshot.raw)
    if not current:
        return changes
    if transaction.state != snapshot.state or transaction.raw_status != snapshot.raw_status:
        changes.append(f"The gateway’s status is now {snapshot.raw_status or 'not said'}.")
    transaction.state = snapshot.state.value
    transaction.raw_status = snapshot.raw_status[:60]
    transaction.status_at = snapshot.status_at or transaction.status_at
    return changes + _take_authorization(transaction, snapshot)


def settle_rest(transaction: Transaction, snapshot: Snapshot, *, unbooked: bool) -> list[str]:
    """Release what a closed authorization no longer holds, or open it again when the gateway takes further captures.

    Nothing is released while a movement of ours holds a reservation or one of the gateway's does not fit the books.
    """
    if transaction.capturing or transaction.exclusive_modification or unbooked:
        return []
    if snapshot.state is TransactionState.AUTHORIZED:
        return _keep_open(transaction)
    if snapshot.state not in CLOSED or (snapshot.state in CAPTURED_SOMETHING and not transaction.captured):
        return []
    released = transaction.authorized - transaction.captured
    gone = released - transaction.released
    transaction.released, transaction.capture_open = released, False
    return [f"{Money(gone, transaction.currency)} of the authorization was released."] if gone > 0 else []


def problem_of(transaction: Transaction, snapshot: Snapshot) -> str:
    """What the answer leaves open, as a sentence for the order page; empty when it is whole."""
    if snapshot.amount is None and snapshot.state not in UNAUTHORIZED and not transaction.authorized:
        return "The gateway does not say how much is authorized, so nothing can be captured here yet."
    if snapshot.state in CAPTURED_SOMETHING and not transaction.captured and transaction.authorized:
        return (
            f"The gateway says {snapshot.raw_status} but lists no capture that fits the books, so how much can be "
            "refunded is not known here."
        )
    return ""


def contradiction_of(transaction: Transaction, snapshot: Snapshot) -> str:
    """Why the snapshot cannot be about this money, as a sentence; empty when it can."""
    card = snapshot.card_reference[:64]
    if card and transaction.card_reference not in ("", card):
        return f"The gateway names the card record {card}, our books name {transaction.card_reference}."
    if snapshot.amount is None:
        return ""
    if snapshot.amount.currency != transaction.currency:
        return f"The gateway says {snapshot.amount.currency}, our books say {transaction.currency}."
    if transaction.authorized and snapshot.amount.amount_minor != transaction.authorized:
        ours = Money(transaction.authorized, transaction.currency)
        return f"The gateway now says that {snapshot.amount} was authorized; our books say {ours}."
    return ""


def _take_references(transaction: Transaction, snapshot: Snapshot) -> list[str]:
    """A reference once known is not forgotten because an answer leaves it out (optional fields, seed 000)."""
    told = {
        "reconciliation_reference": snapshot.reconciliation_reference[:64],
        "payment_reference": snapshot.payment_reference[:64],
        "partner_reference": snapshot.partner_reference[:64],
        "payment_method": snapshot.payment_method[:40],
        "description": snapshot.description[:255],
        "card_reference": snapshot.card_reference[:64],
    }
    _take_deal(transaction, snapshot)
    new = {field: value for field, value in told.items() if value and getattr(transaction, field) != value}
    for field, value in new.items():
        setattr(transaction, field, value)
    return [f"The {field.replace('_', ' ')} is {value}." for field, value in new.items() if field.endswith("reference")]


def _take_deal(transaction: Transaction, snapshot: Snapshot) -> None:
    """All payments of one deal share its ceiling (seed 002); in another currency it bounds nothing here."""
    if snapshot.deal is None or not snapshot.deal.reference:
        return
    transaction.deal_reference = snapshot.deal.reference[:21]
    transaction.deal_type = snapshot.deal.type_code[:10]
    amount = snapshot.deal.amount
    if amount is not None and amount.currency == transaction.currency:
        transaction.deal_amount = amount.amount_minor


def _take_authorization(transaction: Transaction, snapshot: Snapshot) -> list[str]:
    if snapshot.expires_at:
        transaction.expires_at = snapshot.expires_at
    elif snapshot.created_at and transaction.expires_at is None and snapshot.state not in UNAUTHORIZED:
        days = capability_of(transaction.account).authorization_days
        transaction.expires_at = snapshot.created_at + timedelta(days=days)
    if transaction.authorized or snapshot.amount is None or snapshot.state in UNAUTHORIZED:
        return []
    transaction.authorized = snapshot.amount.amount_minor
    return [f"{snapshot.amount} is authorized."]


def _keep_open(transaction: Transaction) -> list[str]:
    if not transaction.released and transaction.capture_open:
        return []
    transaction.released = 0
    transaction.capture_open = transaction.captured < transaction.authorized
    return ["The gateway takes further captures." if transaction.capture_open else "Everything is captured."]
