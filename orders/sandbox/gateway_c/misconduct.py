"""How gateway C misbehaves when a fault strikes: its own refusals, unclear results and wrong answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orders.sandbox import json_text, spoiling
from orders.sandbox.doorway import lenient_object, text_or_none
from orders.sandbox.faults import Strike
from orders.sandbox.gateway_c.answers import BAD_INFORMATION, REFUSED_CODE, UNAUTHORISED, error_reply
from orders.sandbox.gateway_c.records import new_card_id
from orders.sandbox.wire import Reply, Request

SERVER_ERROR = b'{"Message":"An error has occurred."}'
UNRESPONSIVE = "The Payment Gateway did not respond."
Said = tuple[str, str, str, str]
"""Status, and the acquirer's status, code and text."""
REFUSALS: dict[str, Said] = {
    "refuse": ("failed", "NotAuthed", REFUSED_CODE, "The transaction was refused."),
    "refuse_provider": ("failed", "Rejected", "05", "Do not honour."),
    "refuse_200": ("cancelled", "Abort", REFUSED_CODE, "The transaction was cancelled by the gateway."),
}
LATER_REFUSAL: Said = ("failed", "NotAuthed", REFUSED_CODE, "The transaction was declined later.")


def say(status: int) -> Reply:
    """An error in gateway C's words; its server errors have no normalised body."""
    if status == 401:
        return error_reply(401, UNAUTHORISED)
    if status == 409:
        return still_running()
    details = {403: "You may not do this.", 429: "Too many requests."}.get(status)
    return Reply(status=status, body=SERVER_ERROR) if details is None else error_reply(status, BAD_INFORMATION, details)


def still_running() -> Reply:
    return error_reply(409, BAD_INFORMATION, "A request with this Idempotency-Key is still running.")


def reply_before(strike: Strike, request: Request, path: str) -> Reply | None:
    """The reply of a fault that prevents the work, or None when the work goes on."""
    if strike.fault == "status_error_before":
        payment_type = text_or_none(lenient_object(request.body).get("payment_type")) or ""
        return error_reply(200, "", UNRESPONSIVE, card_id=path.rsplit("/", 1)[-1], payment_type=payment_type)
    return spoiling.reply_before(strike, path, say=say)


def refusal(fault: str | None) -> Said | None:
    """The refusals that a fault can ask for; they stand in the books like real ones."""
    return REFUSALS.get(fault or "")


def distorted(body: dict[str, Any], fault: str | None) -> dict[str, Any]:
    """The answer made wrong in one way; the books stay right. Amount and currency are wrong in the webhook only,
    because an answer of gateway C has none; instead another payment type or card stands in it."""
    changes: dict[str, Any] = {}
    if fault == "wrong_amount":
        changes["payment_type"] = "Refund" if body["payment_type"] != "Refund" else "DeferredRelease"
    elif fault == "wrong_currency":
        changes["card_id"] = new_card_id()
    elif fault == "missing_reference":
        changes["payment_id"] = ""
    elif fault == "missing_modification":
        changes["status"] = ""
    elif fault == "unknown_status":
        changes["status"] = "quantum_superposed"
    return {**body, **changes}


def spoilt(reply: Reply, strike: Strike | None) -> Reply:
    """The reply as it is delivered under a fault; without one, the reply itself."""
    if strike is not None and strike.fault == "status_error_after" and reply.body:
        unclear = {"status": "error", "status_details": UNRESPONSIVE, "gateway_status": ""}
        unclear |= {"gateway_status_details": "", "gateway_status_code": ""}
        return replace(reply, body=json_text.write({**json_text.read(reply.body), **unclear}))
    return spoiling.spoilt(reply, strike, say=say)
