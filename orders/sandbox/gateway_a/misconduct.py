"""How gateway A misbehaves when a fault strikes: its own refusals and wrong answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orders.sandbox.gateway_a.errors import FORBIDDEN, SERVER_ERROR, UNAUTHORIZED, provider, validation
from orders.sandbox.wire import Reply


def say(status: int) -> Reply:
    """An error in gateway A's words."""
    message, code = {
        401: (UNAUTHORIZED, "unauthorized"),
        403: (FORBIDDEN, "forbidden"),
        429: ("Too many requests.", "too_many_requests"),
        503: ("Service unavailable.", "unavailable"),
    }.get(status, (SERVER_ERROR, None))
    return still_running() if status == 409 else validation(message, code, status=status)


def refusal(fault: str | None) -> Reply | None:
    """The business refusals that a fault can ask for; they are kept like real ones."""
    if fault == "refuse":
        return validation("The transaction cannot be modified.", "invalid_state", property="transactionId")
    if fault == "refuse_provider":
        return provider(
            "The payment provider refused the request.",
            gateway="Provider declined",
            payment_provider="05 Do not honour",
        )
    return None


def still_running() -> Reply:
    return validation(
        "A request with this modificationId is still running.",
        "request_in_progress",
        status=409,
        property="modificationId",
    )


def distort(body: dict[str, Any], fault: str) -> None:
    """Make the answer wrong in one way; the ledger stays right."""
    if fault == "missing_modification":
        body.pop("modification", None)
        body.pop("modifications", None)
    elif fault == "missing_reference":
        body.pop("reconciliationReferenceId", None)
    elif fault == "unknown_status":
        body["paymentStatus"] = "QUANTUM_SUPERPOSED"
    if fault == "amount_false":
        body["transactionOverview"]["amount"] = False
    for modification in [body.get("modification"), *body.get("modifications", ())]:
        if modification is not None:
            _distort_modification(modification, fault)


def distort_payment(body: dict[str, Any], fault: str) -> None:
    """The same for the answer to a new payment, whose amount stands in the overview."""
    overview = body["transactionOverview"]
    distort(body, fault)
    if fault == "wrong_currency":
        overview["currencyCode"] = "USD" if overview["currencyCode"] != "USD" else "EUR"
    elif fault == "wrong_amount":
        overview["amount"] = overview["amount"] + Decimal(1)


def _distort_modification(modification: dict[str, Any], fault: str) -> None:
    amount = modification["modificationAmount"]
    if fault == "wrong_currency":
        amount["currencyCode"] = "USD" if amount["currencyCode"] != "USD" else "EUR"
    elif fault == "wrong_amount":
        amount["amount"] = amount["amount"] + Decimal(1)
    elif fault == "amount_false":
        modification["modificationAmount"] = {**amount, "amount": False}
    elif fault == "missing_reference":
        modification["modificationData"].pop("reconciliationReferenceId", None)
    elif fault == "unknown_status":
        modification["status"] = "QUANTUM_SUPERPOSED"
