"""The past of a transaction made to order: movements with ids, references and times that the caller chose."""

from __future__ import annotations

from typing import Any

from orders.sandbox.amounts import minor_from_control
from orders.sandbox.gateway_a import movements
from orders.sandbox.gateway_a.errors import provider_error
from orders.sandbox.records import Execution, Transaction, new_id, new_reference

TYPES = {
    "capture": "CAPTURE",
    "cancel": "CANCELLATION",
    "refund": "REFUND",
    "settlement": "SETTLEMENT",
    "chargeback": "CHARGEBACK",
}
KNOWN = frozenset(
    (
        *("kind", "amount", "modificationId", "reconciliationReferenceId", "partId", "secondsAgo", "origin"),
        *("description", "customReferences", "pendingSeconds", "asCancelOrRefund", "failed", "legFails"),
    )
)


def relive(transaction: Transaction, steps: list[dict[str, Any]], *, now: int) -> list[Execution]:
    """Move the transaction through the steps, oldest first. `now` in milliseconds. Raises ValueError, KeyError."""
    return [_step(transaction, step, now) for step in steps]


def _step(transaction: Transaction, step: dict[str, Any], now: int) -> Execution:
    if unknown := set(step) - KNOWN:
        raise ValueError(f"a step of the history does not know {', '.join(sorted(unknown))}")
    execution = _execution(transaction, step, now - int(step.get("secondsAgo", 0)) * 1000)
    if "pendingSeconds" in step:
        execution.due_at = now + int(step["pendingSeconds"]) * 1000
        execution.outcome = "succeed"
        execution.status = movements.PENDING_STATUS[execution.type]
        movements.start(transaction, type=execution.type, at=execution.created_at)
    elif step.get("failed"):
        execution.status = "FAILED"
        execution.error = provider_error(gateway="Declined", payment_provider="The provider refused the movement")
    else:
        _complete(transaction, execution)
    return execution


def _complete(transaction: Transaction, execution: Execution) -> None:
    at, amount = execution.created_at, execution.amount
    if execution.type == "SETTLEMENT":
        transaction.move_to("SETTLED", at)
    elif execution.type == "CHARGEBACK":
        transaction.charged_back += amount
        if transaction.charged_back == transaction.captured:
            transaction.move_to("CHARGEBACK", at)
    else:
        movements.complete(transaction, type=execution.type, amount=amount, kind=execution.kind, at=at)


def _execution(transaction: Transaction, step: dict[str, Any], at: int) -> Execution:
    kind, type_ = step["kind"], TYPES[step["kind"]]
    own_reference = new_reference() if type_ in ("REFUND", "CHARGEBACK") else transaction.reference
    return Execution(
        merchant_key=transaction.merchant_key,
        modification_id=str(step.get("modificationId") or new_id()),
        transaction_id=transaction.transaction_id,
        kind="cancelOrRefund" if step.get("asCancelOrRefund") else kind,
        type=type_,
        amount=minor_from_control(step["amount"], transaction.currency),
        currency=transaction.currency,
        status={"SETTLEMENT": "SETTLED", "CHARGEBACK": "CHARGEBACK", **movements.DONE_STATUS}[type_],
        origin=str(step.get("origin", "api")),
        created_at=at,
        last_status_at=at,
        reference=str(step.get("reconciliationReferenceId") or own_reference),
        part_id=str(step.get("partId") or new_id()),
        description=step.get("description"),
        custom_references=step.get("customReferences"),
    )
