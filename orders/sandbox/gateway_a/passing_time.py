"""What time alone does: pending movements end, authorizations expire, automatic captures happen. Looked at lazily."""

from __future__ import annotations

from orders.sandbox.gateway_a import movements, notifications, prepayments
from orders.sandbox.gateway_a.errors import provider_error
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Execution, Transaction


def catch_up(ledger: Ledger, transaction: Transaction) -> None:
    """Bring one transaction to the present. Called inside a store transaction; the change is saved."""
    now = ledger.dials.clock_ms()
    if transaction.status in movements.PENDING_STATUS.values() or transaction.captured:
        for execution in ledger.executions(transaction.transaction_id):
            if execution.status in movements.PENDING_STATUS.values() and (execution.due_at or 0) <= now:
                _end(ledger, transaction, execution)
    if transaction.auto_capture_at is not None and transaction.auto_capture_at <= now:
        _capture_automatically(ledger, transaction)
    if transaction.expires_at is not None and transaction.expires_at <= now:
        _expire(ledger, transaction)


def catch_up_all(ledger: Ledger) -> None:
    """Bring every transaction to the present that has something due."""
    now = ledger.dials.clock_ms()
    sql = """SELECT transaction_id FROM executions WHERE status LIKE '%PENDING' AND due_at <= ?
             UNION SELECT transaction_id FROM transactions WHERE expires_at IS NOT NULL AND expires_at <= ?
             UNION SELECT transaction_id FROM transactions WHERE auto_capture_at IS NOT NULL AND auto_capture_at <= ?"""
    with ledger.store.transaction():
        for row in ledger.store.rows(sql, (now, now, now)):
            transaction = ledger.transaction(row[0])
            if transaction is not None:
                catch_up(ledger, transaction)


def _end(ledger: Ledger, transaction: Transaction, execution: Execution) -> None:
    at = execution.due_at or ledger.dials.clock_ms()
    execution.last_status_at = at
    if execution.outcome == "fail":
        execution.status = "FAILED"
        execution.error = provider_error(gateway="Declined later", payment_provider="The provider refused the movement")
        movements.fall_back(transaction, type=execution.type, at=at)
    else:
        execution.status = movements.DONE_STATUS[execution.type]
        movements.complete(transaction, type=execution.type, amount=execution.amount, kind=execution.kind, at=at)
    ledger.conclude(execution)
    ledger.save(transaction)
    notifications.tell_movement(ledger, transaction, execution)


def _capture_automatically(ledger: Ledger, transaction: Transaction) -> None:
    at = transaction.auto_capture_at or 0
    transaction.auto_capture_at = None
    if transaction.status == movements.AUTHORIZED and transaction.authorized > transaction.captured:
        prepayments.take_everything(ledger, transaction, at=at, origin="auto")
    else:
        ledger.save(transaction)


def _expire(ledger: Ledger, transaction: Transaction) -> None:
    at = transaction.expires_at or 0
    if transaction.status == movements.AUTHORIZED:
        movements.expire(transaction, at)
        ledger.save(transaction)
    elif prepayments.is_waiting(transaction):
        prepayments.abandon(ledger, transaction, at=at)
