"""Our copy of a transaction beside what its gateway shows, field by field. Pure; values are texts for staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from orders.gateways.base import Movement, Snapshot, TransactionState, Verdict
from orders.models import Transaction
from orders.money import Money

TEXTS = {"partner_reference": 64, "payment_method": 40}
"""Harmless fields that may be taken over as they are, and how many characters our column holds."""
SUMS = {"captured": "capture", "refunded": "refund", "charged_back": "chargeback"}
_NOTHING_AUTHORIZED = frozenset({TransactionState.PENDING_AUTHORIZATION, TransactionState.FAILED})
_NOTHING_CAPTURED = frozenset({TransactionState.AUTHORIZED, TransactionState.CANCELLED, TransactionState.EXPIRED})
_MAXIMUM = 200


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field in which the two differ."""

    field: str
    ours: str
    theirs: str


def differences(transaction: Transaction, snapshot: Snapshot) -> list[Difference]:
    """Every field in which our copy differs. While money of ours is under way, only what it cannot touch is compared.

    What the gateway does not say is no difference.
    """
    found = [*_texts(transaction, snapshot), *_currency(transaction, snapshot), *_expiry(transaction, snapshot)]
    if not under_way(transaction):
        found += [*_state(transaction, snapshot), *_authorized(transaction, snapshot), *_sums(transaction, snapshot)]
    return [Difference(field=field, ours=ours[:_MAXIMUM], theirs=theirs[:_MAXIMUM]) for field, ours, theirs in found]


def under_way(transaction: Transaction) -> bool:
    """Whether one of ours has no end yet, so that state and sums may differ for a good reason."""
    return bool(
        transaction.capturing
        or transaction.refunding
        or transaction.unknown_count
        or transaction.exclusive_modification
        or transaction.sending_modification
    )


def _texts(transaction: Transaction, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    for field, length in TEXTS.items():
        ours, theirs = getattr(transaction, field), getattr(snapshot, field)[:length]
        if theirs and ours != theirs:
            yield field, ours, theirs


def _currency(transaction: Transaction, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    if snapshot.amount is not None and snapshot.amount.currency != transaction.currency:
        yield "currency", transaction.currency, snapshot.amount.currency


def _expiry(transaction: Transaction, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    if snapshot.expires_at is not None and snapshot.expires_at != transaction.expires_at:
        yield "expires_at", _moment(transaction.expires_at), _moment(snapshot.expires_at)


def _state(transaction: Transaction, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    if snapshot.state.value != transaction.state:
        yield "state", transaction.state, snapshot.state.value


def _authorized(transaction: Transaction, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    said = snapshot.amount is not None and snapshot.state not in _NOTHING_AUTHORIZED
    if said and snapshot.amount.currency == transaction.currency:  # type: ignore[union-attr]
        yield from _money("authorized", transaction, snapshot.amount.amount_minor)  # type: ignore[union-attr]


def _sums(transaction: Transaction, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    for field, kind in SUMS.items():
        theirs = _sum_of(snapshot, kind, transaction.currency)
        if theirs is not None:
            yield from _money(field, transaction, theirs)


def _sum_of(snapshot: Snapshot, kind: str, currency: str) -> int | None:
    """What the gateway lists of this kind, in minor units; None where it lists nothing, or nothing that adds up."""
    if not snapshot.movements:
        return 0 if kind == "capture" and snapshot.state in _NOTHING_CAPTURED else None
    amounts = [one.amount for one in snapshot.movements if one.type == kind and _happened(one)]
    if any(amount is None or amount.currency != currency for amount in amounts):
        return None
    if kind == "capture" and not amounts and snapshot.state not in _NOTHING_CAPTURED:
        return None  # what was taken at once is not listed as a capture
    return sum(amount.amount_minor for amount in amounts if amount is not None)


def _happened(movement: Movement) -> bool:
    return movement.verdict is Verdict.SUCCEEDED


def _money(field: str, transaction: Transaction, theirs: int) -> Iterator[tuple[str, str, str]]:
    ours = getattr(transaction, field)
    if ours != theirs:
        yield field, str(Money(ours, transaction.currency)), str(Money(theirs, transaction.currency))


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""
