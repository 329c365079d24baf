"""Prepayment and payment upon invoice: the gateway gives a reference, and the buyer pays under it later."""

from __future__ import annotations

import secrets

from orders.sandbox.gateway_a import legs, movements, notifications
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Execution, Transaction, new_id

METHODS = notifications.PREPAYMENTS
WAITING = ("AUTHORIZATION_PENDING", "CAPTURE_PENDING")


def is_waiting(transaction: Transaction) -> bool:
    """Whether the buyer's money has still to come."""
    return transaction.payment_method in METHODS and transaction.status in WAITING


def await_money(ledger: Ledger, transaction: Transaction, *, at: int, status: str) -> None:
    """From now on the buyer may pay, under a reference of the gateway's."""
    transaction.transaction_reference = "".join(secrets.choice("0123456789") for _ in range(15))
    transaction.move_to(status, at)
    transaction.expires_at = at + ledger.dials.now.authorization_seconds * 1000


def receive(ledger: Ledger, transaction: Transaction, *, at: int) -> Execution:
    """The buyer's money has come, all of it. Called inside a store transaction; the transaction is in the books."""
    return take_everything(ledger, transaction, at=at, origin="shopper")


def take_everything(ledger: Ledger, transaction: Transaction, *, at: int, origin: str) -> Execution:
    """Capture all that is open without anybody's call, and tell of it."""
    execution = Execution(
        merchant_key=transaction.merchant_key,
        modification_id=new_id(),
        transaction_id=transaction.transaction_id,
        kind="capture",
        type="CAPTURE",
        amount=transaction.authorized - transaction.captured,
        currency=transaction.currency,
        status="CAPTURED",
        origin=origin,
        created_at=at,
        last_status_at=at,
        reference=transaction.reference,
        part_id=new_id(),
    )
    movements.complete(transaction, type="CAPTURE", amount=execution.amount, kind="capture", at=at)
    ledger.add_executions([execution])
    ledger.save(transaction)
    legs.share_out(ledger, transaction, execution)
    notifications.tell_movement(ledger, transaction, execution)
    return execution


def abandon(ledger: Ledger, transaction: Transaction, *, at: int) -> None:
    """The buyer will not pay."""
    transaction.expires_at = None
    transaction.move_to("EXPIRED", at)
    ledger.save(transaction)
