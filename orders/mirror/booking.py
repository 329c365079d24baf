"""Booking a movement that we did not cause into the money columns, as far as the constraints allow."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction as database_transaction

from orders.gateways.base import Movement
from orders.models import Capture, Transaction
from orders.modifications.books import Unbookable, draw_refund, spread_refund
from orders.money import Money

MOVES_MONEY = frozenset({"capture", "refund", "chargeback"})


def book(transaction: Transaction, movement: Movement, *, now: datetime) -> str:
    """Change the money columns (without saving the transaction; captures are saved). Returns why it could not, or "".

    The row must be locked. What is refused leaves no trace: the constraints describe what may stand in the books.
    """
    try:
        with database_transaction.atomic():
            _book(transaction, movement, now)
    except Unbookable as refusal:
        return str(refusal)
    return ""


def _book(transaction: Transaction, movement: Movement, now: datetime) -> None:
    amount = _checked_amount(transaction, movement)
    if movement.type == "capture":
        _book_capture(transaction, movement, amount, now)
    elif movement.type == "refund":
        _book_refund(transaction, movement, amount)
    elif movement.type == "cancel":
        _book_cancel(transaction)
    elif movement.type == "chargeback":
        # A chargeback after a refund is a fact, so no constraint stands in its way.
        transaction.charged_back += amount
    elif movement.type != "settlement":
        raise Unbookable(f"The gateway calls it “{movement.raw_type}”, a word this system does not know.")


def _checked_amount(transaction: Transaction, movement: Movement) -> int:
    if movement.amount is None:
        if movement.type in MOVES_MONEY:
            raise Unbookable("The gateway does not say how much it was.")
        return 0
    if movement.amount.currency != transaction.currency:
        raise Unbookable(f"It is in {movement.amount.currency}, the transaction in {transaction.currency}.")
    if movement.amount.amount_minor <= 0 and movement.type in MOVES_MONEY:
        raise Unbookable(f"An amount of {movement.amount} cannot be booked.")
    return movement.amount.amount_minor


def _book_capture(transaction: Transaction, movement: Movement, amount: int, now: datetime) -> None:
    if amount > transaction.open_to_capture:
        raise Unbookable(
            f"{Money(amount, transaction.currency)} is more than the "
            f"{Money(max(0, transaction.open_to_capture), transaction.currency)} that is open to capture."
        )
    if movement.gateway_id and transaction.captures.filter(gateway_id=movement.gateway_id).exists():
        raise Unbookable(f"The capture {movement.gateway_id} is already booked under another modification id.")
    Capture.objects.create(
        transaction=transaction,
        gateway_id=movement.gateway_id,
        gateway_reference=movement.reference,
        amount=amount,
        captured_at=movement.at or now,
    )
    transaction.captured += amount


def _book_refund(transaction: Transaction, movement: Movement, amount: int) -> None:
    left = transaction.captured - transaction.refunded - transaction.refunding
    if amount > left:
        raise Unbookable(
            f"{Money(amount, transaction.currency)} is more than the {Money(left, transaction.currency)} that is "
            "captured and neither refunded nor being refunded."
        )
    named = transaction.captures.filter(gateway_id=movement.capture_reference).first()
    if named is None or not movement.capture_reference:
        spread_refund(transaction, amount)
    else:
        draw_refund(named, amount)
    transaction.refunded += amount


def _book_cancel(transaction: Transaction) -> None:
    if transaction.capturing or transaction.exclusive_modification:
        raise Unbookable("A capture or cancellation of ours is still open on it.")
    transaction.released = transaction.authorized - transaction.captured
    transaction.capture_open = False
