"""How gateway B misbehaves when a fault strikes: its own refusals and wrong answers.

It has no movement that is pending, so the faults `pending` and `pending_then_failed` change nothing here.
"""

from __future__ import annotations

from typing import Any

from orders.sandbox.gateway_b.errors import error
from orders.sandbox.wire import Reply

REFUSALS = {
    "/payments": (409, "order.cannot-capture", "The order cannot be captured."),
    "/refunds": (403, "amount.insufficient", "The payment has too little left."),
}
CANNOT_CANCEL = (409, "order.cannot-cancel", "The order cannot be cancelled.")


def refusal(fault: str | None, path: str) -> Reply | None:
    """The business refusals that a fault can ask for; they are kept like real ones."""
    if fault == "refuse":
        return error(*REFUSALS.get(path, CANNOT_CANCEL))
    if fault == "refuse_provider" or (fault == "refuse_200" and path != "/refunds"):
        # Only a refund knows a status for failing; anything else is refused outright.
        return error(400, "request.invalid", "The request was refused further down the line.")
    return None


def distort(body: dict[str, Any], fault: str) -> None:
    """Make the answer wrong in one way, down to the payments and refunds inside it; the ledger stays right."""
    if fault == "wrong_currency":
        body["currency"] = "USD"
    elif fault == "wrong_amount" and "amount" in body:
        body["amount"] += 1
    elif fault == "amount_false":
        body["amount"] = False
    elif fault == "unknown_status":
        body["status"] = "quantum_superposed"
    elif fault == "missing_reference":
        body.pop("reference", None)
        body.pop("id", None)
    elif fault == "missing_modification":
        for name in ("status", "amount", "payments", "refunds"):
            body.pop(name, None)
    for name in ("data", "payments", "refunds"):
        for part in body.get(name, ()):
            if isinstance(part, dict):
                distort(part, fault)
