"""A gateway that cannot be asked tells of the same payment again: that it began, or that its money went back unused.

The two may arrive in either order, and both orders end in the same books.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from orders.gateways.base import Snapshot, TransactionState
from orders.mirror.waiting import NotYet
from orders.models import Transaction
from orders.modifications.situation import capability_of
from orders.money import Money


def reconcile(transaction: Transaction, snapshot: Snapshot) -> list[str]:
    """Put a later or an earlier word beside what is known; changes the unsaved row, returns a sentence for each change.

    Raises NotYet while one of ours is open on it: its end decides what goes back.
    """
    begun = snapshot.state is TransactionState.AUTHORIZED and transaction.state == TransactionState.FAILED
    if begun and not transaction.authorized and snapshot.amount is not None:
        return _begin(transaction, snapshot, snapshot.amount)
    over = snapshot.state is TransactionState.FAILED and transaction.state == TransactionState.AUTHORIZED
    if over and _is_later(transaction, snapshot):
        if transaction.capturing or transaction.exclusive_modification:
            raise NotYet("Its money goes back unused, but one of ours has no end yet on it, so it waits for that.")
        return _end(transaction, snapshot, snapshot.status_at)
    return []


def _begin(transaction: Transaction, snapshot: Snapshot, amount: Money) -> list[str]:
    """That it was authorized came after word that it is over, or it was authorized at a second try."""
    transaction.authorized = amount.amount_minor
    if snapshot.created_at:
        days = capability_of(transaction.account).authorization_days
        transaction.expires_at = snapshot.created_at + timedelta(days=days)
    said = f"{amount} is authorized."
    if not _is_later(transaction, snapshot):
        return [said, *_end(transaction, snapshot, transaction.status_at)]
    _say(transaction, snapshot, TransactionState.AUTHORIZED)
    transaction.status_at = snapshot.status_at or transaction.status_at
    return [said]


def _end(transaction: Transaction, snapshot: Snapshot, at: datetime | None) -> list[str]:
    gone = transaction.open_to_capture
    transaction.released += gone
    transaction.capture_open = False
    expired = at is not None and transaction.expires_at is not None and at >= transaction.expires_at
    _say(transaction, snapshot, TransactionState.EXPIRED if expired else TransactionState.CANCELLED)
    transaction.status_at = at or transaction.status_at
    return [f"{Money(gone, transaction.currency)} of the authorization was released."]


def _say(transaction: Transaction, snapshot: Snapshot, state: TransactionState) -> None:
    """The gateway's own word stands beside the state only where it belongs to it."""
    transaction.state = state.value
    if snapshot.state is not TransactionState.AUTHORIZED or state is TransactionState.AUTHORIZED:
        transaction.raw_status = snapshot.raw_status[:60]


def _is_later(transaction: Transaction, snapshot: Snapshot) -> bool:
    if snapshot.status_at is None or transaction.status_at is None:
        return True
    return snapshot.status_at >= transaction.status_at
