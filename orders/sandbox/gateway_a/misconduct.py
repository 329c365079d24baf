"""How gateway A misbehaves when a fault strikes: replies instead of work, wrong answers, spoilt deliveries."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from orders.sandbox.fault_kinds import KINDS, Stage
from orders.sandbox.faults import Strike
from orders.sandbox.gateway_a.errors import FORBIDDEN, SERVER_ERROR, UNAUTHORIZED, provider, validation
from orders.sandbox.wire import Reply

REDIRECT_PREFIX = "/_redirected"
RETRY_AFTER_SECONDS = 2
PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
LOGIN_PAGE = b"<!doctype html><html><title>Maintenance</title><body><p>We will be right back.</p></body></html>"
HTML = "text/html; charset=utf-8"
MANNERS = {
    "lose_reply": "reset",
    "hang_after": "hang",
    "drip": "drip_body",
    "drip_status": "drip_status",
    "drip_headers": "drip_headers",
    "drip_body": "drip_body",
    "truncate": "truncate",
    "endless": "endless",
}


def reply_before(strike: Strike, path: str) -> Reply | None:
    """The reply of a fault that prevents the work, or None when the work goes on."""
    if KINDS[strike.fault].stage is not Stage.BEFORE or strike.fault == "slow":
        return None
    if strike.fault in ("reset_before", "close_before"):
        return Reply(manner=strike.fault.removesuffix("_before"))
    if strike.fault.startswith("redirect_"):
        status = int(strike.fault.removeprefix("redirect_"))
        return Reply(status=status, headers=(("Location", REDIRECT_PREFIX + path),))
    return _refusing_reply(strike)


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


def spoilt(reply: Reply, strike: Strike | None) -> Reply:
    """The reply as it is delivered under a fault; without one, the reply itself."""
    if strike is None or KINDS[strike.fault].stage is not Stage.DELIVERY:
        return reply
    if strike.fault in MANNERS:
        return replace(reply, manner=MANNERS[strike.fault], seconds=strike.seconds)
    if strike.fault == "error_500_after":
        return validation(SERVER_ERROR, None, status=500)
    if strike.fault == "html_200":
        return Reply(body=LOGIN_PAGE, content_type=HTML)
    if strike.fault == "empty_200":
        return Reply()
    return Reply(body=reply.body[: len(reply.body) // 2]) if strike.fault == "bad_json" else reply


def _refusing_reply(strike: Strike) -> Reply:
    fault = strike.fault
    seconds = RETRY_AFTER_SECONDS if strike.seconds is None else int(strike.seconds)
    retry_after = (("Retry-After", str(seconds)),)
    if fault == "error_502_html":
        return Reply(status=502, body=PROXY_PAGE, content_type=HTML)
    if fault == "conflict_409":
        return still_running()
    if fault == "unauthorized":
        return validation(UNAUTHORIZED, "unauthorized", status=401)
    if fault == "forbidden":
        return validation(FORBIDDEN, "forbidden", status=403)
    if fault == "too_many":
        return validation("Too many requests.", "too_many_requests", status=429, headers=retry_after)
    if fault == "unavailable":
        return validation("Service unavailable.", "unavailable", status=503, headers=retry_after)
    return validation(SERVER_ERROR, None, status=500)


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
