"""How a demo step moves the money columns: exactly as the books would have left them."""

from __future__ import annotations

from orders.demo.rows import Rows
from orders.demo.stories import Step
from orders.models import Capture, Modification


def move(rows: Rows, step: Step, row: Modification | None) -> None:
    """The money columns after this step, exactly as `books` would leave them."""
    transaction = rows.transaction
    if step.kind == "capture":
        _capture(rows, step, row)
    elif step.kind == "cancel" and step.outcome == "succeeded":
        transaction.released, transaction.capture_open = transaction.authorized, False
        transaction.state, transaction.raw_status = "cancelled", "CANCELLED"
    elif step.kind == "refund":
        _refund(rows, step, row)
    elif step.kind == "settlement":
        transaction.state, transaction.raw_status = "settled", "SETTLED"
    elif step.kind == "chargeback":
        transaction.charged_back += step.amount
        transaction.state, transaction.raw_status = "chargeback", "CHARGEBACK"
    if step.outcome == "succeeded" and step.kind != "refund":
        transaction.status_at = step.at
    transaction.version += 1 if row is None or step.outcome == "withdrawn" else 2


def _capture(rows: Rows, step: Step, row: Modification | None) -> None:
    transaction = rows.transaction
    if step.outcome == "pending":
        transaction.capturing = step.amount
        transaction.state, transaction.raw_status = "capture_pending", "CAPTURE_PENDING"
        transaction.status_at = step.at
        return
    transaction.captured = step.amount
    transaction.released, transaction.capture_open = transaction.authorized - step.amount, False
    transaction.state, transaction.raw_status = "captured", "CAPTURED"
    capture = Capture(
        transaction=transaction,
        modification_id=row.pk if row else None,
        gateway_id=step.gateway_id,
        gateway_reference=step.reference,
        amount=step.amount,
        captured_at=step.at,
    )
    rows.captures.append(capture)


def _refund(rows: Rows, step: Step, row: Modification | None) -> None:
    transaction, capture = rows.transaction, rows.captures[-1]
    if row is not None and not step.reversal:
        rows.refunds_of[len(rows.modifications)] = len(rows.captures) - 1
    if step.outcome == "succeeded":
        transaction.refunded += step.amount
        capture.refunded += step.amount
    elif step.outcome in ("pending", "unknown", "review"):
        transaction.refunding += step.amount
        capture.refunding += step.amount
    if step.outcome in ("unknown", "review"):
        transaction.unknown_count = 1
        transaction.sending_modification = step.id
    if step.outcome == "review":
        transaction.frozen_reason = "The gateway moved another amount than we asked for."
