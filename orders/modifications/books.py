"""How the money columns move: reserve before sending, convert on success, release on failure. Nothing else writes them
for our own modifications."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable

from orders.gateways.base import GIVES_BACK, Facts, Kind, TransactionState
from orders.models import Capture, Modification, Transaction

MONEY_COLUMNS = (
    *("authorized", "capturing", "captured", "released", "refunding", "refunded", "charged_back"),
    *("capture_open", "exclusive_modification"),
)


class Unbookable(Exception):
    """The gateway says it moved money that our constraints do not allow; the message says what does not fit."""


def reserve(
    transaction: Transaction, kind: Kind, *, amount: int, modification_id: object, capture: Capture | None
) -> bool:
    """Take the reservation by one conditional UPDATE that the CHECK constraints referee; False when somebody was first.

    The conditions repeat the rules' in SQL, so that two people who both passed the rules cannot both reserve.
    """
    free = Transaction.objects.filter(
        pk=transaction.pk,
        version=transaction.version,
        exclusive_modification__isnull=True,
        unknown_count=0,
        frozen_reason="",
    )
    bumped: dict[str, Combinable] = {"version": F("version") + 1}
    if kind is Kind.CAPTURE:
        room = free.filter(capturing=0, authorized__gte=F("captured") + F("released") + amount)
        return room.update(capturing=F("capturing") + amount, **bumped) == 1
    if kind in GIVES_BACK:
        return _reserve_refund(free, amount=amount, capture=capture, bumped=bumped)
    alone = free.filter(capturing=0, refunding=0)
    return alone.update(exclusive_modification=modification_id, **bumped) == 1


def _reserve_refund(
    free: QuerySet[Transaction], *, amount: int, capture: Capture | None, bumped: dict[str, Combinable]
) -> bool:
    if capture is None:
        return False
    room = free.filter(captured__gte=F("refunded") + F("refunding") + F("charged_back") + amount)
    if room.update(refunding=F("refunding") + amount, **bumped) != 1:
        return False
    of_capture = Capture.objects.filter(pk=capture.pk, amount__gte=F("refunded") + F("refunding") + amount)
    return of_capture.update(refunding=F("refunding") + amount) == 1


def release(modification: Modification, transaction: Transaction) -> None:
    """Give the reservation back: nothing moved. Changes `transaction` without saving; saves the capture."""
    kind = Kind(modification.kind)
    if kind is Kind.CAPTURE:
        transaction.capturing -= modification.amount
    elif kind in GIVES_BACK:
        transaction.refunding -= modification.amount
        _of_capture(modification).update(refunding=F("refunding") - modification.amount)
    elif transaction.exclusive_modification == modification.pk:
        transaction.exclusive_modification = None
    if kind is Kind.AUTHORIZE:
        transaction.state = TransactionState.FAILED.value


def convert(
    modification: Modification, transaction: Transaction, facts: Facts, *, keeps_open: bool, at: datetime
) -> Capture | None:
    """Turn the reservation into money moved; raises Unbookable. Changes `transaction` without saving it.

    Returns the new capture of a capture, for the caller to save. `keeps_open` says whether authorizations of this
    account take several captures when the answer does not tell.
    """
    kind = Kind(modification.kind)
    if kind is Kind.CAPTURE:
        return _convert_capture(modification, transaction, facts, keeps_open=keeps_open, at=at)
    if kind in GIVES_BACK:
        transaction.refunding -= modification.amount
        transaction.refunded += modification.amount
        _of_capture(modification).update(
            refunding=F("refunding") - modification.amount, refunded=F("refunded") + modification.amount
        )
    elif kind is Kind.CANCEL:
        transaction.exclusive_modification = None
        _release_rest(transaction)
        done = TransactionState.CAPTURED if transaction.captured else TransactionState.CANCELLED
        transaction.state = done.value
    elif kind is Kind.AUTHORIZE:
        transaction.exclusive_modification = None
        _name(transaction, facts)
    else:
        transaction.exclusive_modification = None
        _convert_reversal(modification, transaction, facts, at=at)
    return None


def _convert_capture(
    modification: Modification, transaction: Transaction, facts: Facts, *, keeps_open: bool, at: datetime
) -> Capture:
    transaction.capturing -= modification.amount
    transaction.captured += modification.amount
    told = facts.transaction_state
    if told in (TransactionState.CAPTURED, TransactionState.SETTLED):
        keeps_open = False
    elif told is TransactionState.AUTHORIZED:
        keeps_open = True
    transaction.capture_open = keeps_open and transaction.captured < transaction.authorized
    if not transaction.capture_open:
        _release_rest(transaction)
        transaction.state = TransactionState.CAPTURED.value
    return Capture(
        transaction=transaction,
        modification=modification,
        gateway_id=facts.gateway_id,
        gateway_reference=facts.reference,
        amount=modification.amount,
        captured_at=facts.at or at,
    )


def _name(transaction: Transaction, facts: Facts) -> None:
    """The gateway knows the payment now; how much of it is authorized or paid is read from there, never taken from the
    first answer (gateway A notes, A.10 row 21)."""
    if not facts.transaction_reference:
        raise Unbookable("the gateway did not name the new payment")
    transaction.reference = facts.transaction_reference[:64]
    transaction.payment_reference = facts.payment_reference[:64]
    transaction.reconciliation_reference = facts.reference[:64]


def _convert_reversal(modification: Modification, transaction: Transaction, facts: Facts, *, at: datetime) -> None:
    if facts.executed_kind is Kind.CANCEL:
        if transaction.captured:
            raise Unbookable(f"the gateway cancelled, although {transaction.captured} is captured")
        _release_rest(transaction)
        transaction.state = TransactionState.CANCELLED.value
        return
    amount = facts.amount.amount_minor if facts.amount else modification.amount
    if not transaction.captured:
        # The gateway captured by itself before it refunded (delayed auto-capture, seed 000): book both.
        if amount > transaction.open_to_capture:
            raise Unbookable(f"the gateway refunded {amount}, more than the {transaction.open_to_capture} authorized")
        transaction.captured += amount
        Capture.objects.create(
            transaction=transaction, gateway_reference=facts.reference, amount=amount, captured_at=facts.at or at
        )
    if transaction.refunded + transaction.refunding + amount > transaction.captured:
        raise Unbookable(f"the gateway refunded {amount}, more than was left of what is captured")
    spread_refund(transaction, amount)
    transaction.refunded += amount
    transaction.capture_open = False
    _release_rest(transaction)
    if transaction.state != TransactionState.SETTLED:
        transaction.state = TransactionState.CAPTURED.value


def spread_refund(transaction: Transaction, amount: int) -> None:
    """Draw a refund that names no capture on the captures, newest first; saves them."""
    for capture in transaction.captures.order_by("-pk"):
        drawn = min(amount, capture.open_to_refund)
        if drawn:
            draw_refund(capture, drawn)
            amount -= drawn
    if amount:
        raise Unbookable(f"{amount} of the refund finds no capture to draw on")


def draw_refund(capture: Capture, amount: int) -> None:
    """Draw a refund on the capture that it names; saves it. Raises Unbookable for more than it holds."""
    if amount > capture.open_to_refund:
        raise Unbookable(f"{amount} is more than the {capture.open_to_refund} that its capture still holds")
    Capture.objects.filter(pk=capture.pk).update(refunded=F("refunded") + amount)


def _release_rest(transaction: Transaction) -> None:
    transaction.released = transaction.authorized - transaction.captured - transaction.capturing
    transaction.capture_open = False


def _of_capture(modification: Modification) -> QuerySet[Capture]:
    assert modification.capture_id is not None, "a refund names its capture"
    return Capture.objects.filter(pk=modification.capture_id)
