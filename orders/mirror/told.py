"""A gateway that cannot be asked tells what moved, once, in any order: each movement enters the books when it fits.

What does not fit yet may fit once an earlier event has arrived, so the caller may be patient for a while. Afterwards it
is kept beside the books and freezes the transaction, as anything else that does not fit.
"""

from __future__ import annotations

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import Movement, TransactionState
from orders.mirror.movements import Adoption, adopt, may_be_ours
from orders.mirror.refresh import RefreshResult, lock
from orders.mirror.waiting import NotYet
from orders.models import ExternalMovement, ReferenceKind, Source, Transaction
from orders.modifications.situation import capability_of
from orders.money import Money
from orders.references import note_words
from orders.summary import summarise

_SENTENCE_MAXIMUM = 500
_COLUMNS = [
    *("state", "authorized", "captured", "released", "refunded", "charged_back", "capture_open", "frozen_reason"),
    "version",
]


def take_movement(
    *,
    transaction_id: int,
    movement: Movement,
    source: Source,
    patient: bool,
    held: ExternalMovement | None = None,
) -> RefreshResult:
    """Write one movement that was told into the books; the same one again changes nothing.

    `held` is the stored row that it is, where the caller knows: then that one only learns its names. Raises NotYet
    while `patient`, and while one of ours that it may belong to has no end.
    """
    return in_one_transaction(lambda: _take(transaction_id, movement, source, patient, held))


def _take(
    transaction_id: int, movement: Movement, source: Source, patient: bool, held: ExternalMovement | None
) -> RefreshResult:
    transaction = lock(transaction_id)
    if may_be_ours(movement, transaction):
        raise NotYet("It may be one of ours that has no end yet, so it waits for that.")
    if patient and transaction.state == TransactionState.PENDING_AUTHORIZATION and not transaction.authorized:
        raise NotYet("Nothing is authorized on this payment yet, so it waits for word of that.")
    adoption = Adoption(
        transaction=transaction, now=database_now(), source=source, quiet=False, complete=False, held=held
    )
    adopt(adoption, [movement])
    unbooked = _foreign_and_unbooked(transaction, movement)
    if patient and adoption.changes and unbooked:
        raise NotYet(f"It does not fit the books yet: {unbooked}")
    changes = [*adoption.changes, *_follow(transaction, movement)] if adoption.changes else []
    if changes:
        _save(transaction, movement, changes, source)
    sentence = " ".join(changes) or "The books knew it already."
    return RefreshResult(transaction_id=transaction.pk, changed=bool(changes), sentence=sentence)


def _foreign_and_unbooked(transaction: Transaction, movement: Movement) -> str:
    """Why this movement stands beside the books; empty when it is booked, or is held against one of ours."""
    rows = ExternalMovement.objects.filter(
        transaction=transaction, booked=False, modification__isnull=True, gateway_id=movement.gateway_id[:64]
    )
    return rows.order_by("-pk").values_list("unbooked_reason", flat=True).first() or ""


def _follow(transaction: Transaction, movement: Movement) -> list[str]:
    """The state after a booked movement, as nobody can be asked for it: what a first capture or a cancel closes."""
    if transaction.capturing or transaction.exclusive_modification or movement.type not in ("capture", "cancel"):
        return []
    keeps_open = movement.type == "capture" and capability_of(transaction.account).multiple_capture
    if (keeps_open and transaction.open_to_capture) or ExternalMovement.objects.filter(
        transaction=transaction, booked=False
    ).exists():
        return []
    gone = transaction.open_to_capture
    transaction.released += gone
    transaction.capture_open = False
    transaction.state = (TransactionState.CAPTURED if transaction.captured else TransactionState.CANCELLED).value
    return [f"{Money(gone, transaction.currency)} of the authorization was released."] if gone > 0 else []


def _save(transaction: Transaction, movement: Movement, changes: list[str], source: Source) -> None:
    transaction.version += 1
    transaction.save(update_fields=_COLUMNS)
    words = [(ReferenceKind.RECONCILIATION, movement.reference), (ReferenceKind.GATEWAY, movement.gateway_id)]
    note_words(transaction.order, words)
    summarise(transaction.order)
    audit.record(
        verb="transaction.told",
        sentence=f"The gateway told us: {' '.join(changes)}"[:_SENTENCE_MAXIMUM],
        source=source,
        transaction=transaction,
        details={"version": transaction.version, "changes": changes[:20]},
    )
