"""The bodies gateway C answers with: normalised results (seed 004), and errors in the same shape (gateways.md C.3)."""

from __future__ import annotations

from typing import Any

from orders.sandbox import json_text
from orders.sandbox.gateway_c.records import Action, Payment
from orders.sandbox.wire import Reply

PLATFORM = "SmarterPayCloud"
GATEWAY = "OpayoPi"
OK = ("Ok", "0000", "The Authorisation was Successful.")
"""The acquirer says so for whatever it did, a cancel too (seed 004)."""
REFUSED_CODE = "5000"
UNAUTHORISED, INVALID_PLATFORM, INVALID_GATEWAY, BAD_INFORMATION = "101", "102", "103", "104"
"""The documents show codes up to 103; 104 is assumed for everything else that is wrong with a request."""
WORDS_OF_CODE = {
    UNAUTHORISED: "Unauthorised",
    INVALID_PLATFORM: "Invalid Platform",
    INVALID_GATEWAY: "Invalid Payment Gateway",
}


class Refused(Exception):
    """The request is not carried out and leaves no trace in the books."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def refuse(http_status: int, code: str, details: str = "", *, card_id: str = "", payment_type: str = "") -> Refused:
    return Refused(error_reply(http_status, code, details, card_id=card_id, payment_type=payment_type))


def error_reply(http_status: int, code: str, details: str = "", *, card_id: str = "", payment_type: str = "") -> Reply:
    """A normalised body with the status error. `details` is a sentence; the documented codes have their own words."""
    body = {
        "card_id": card_id,
        "payment_id": "",
        "platform": PLATFORM,
        "payment_type": payment_type,
        "payment_gateway": "",
        "status": "error",
        "status_details": WORDS_OF_CODE.get(code, details),
        "status_code": code,
        "gateway_status": "",
        "gateway_status_details": "",
        "gateway_status_code": "",
    }
    return Reply(status=http_status, body=json_text.write(body))


def result_of(action: Action) -> dict[str, Any]:
    """What a release, cancel, void or refund answers: neither amount, currency nor time (seed 004)."""
    return {
        "card_id": action.card_id,
        "payment_id": action.payment_id,
        "platform": PLATFORM,
        "payment_type": action.payment_type,
        "payment_gateway": GATEWAY,
        "status": action.status,
        "status_details": "",
        "status_code": "",
        "gateway_status": action.gateway_status,
        "gateway_status_details": action.gateway_details,
        "gateway_status_code": action.gateway_code,
    }


def registered(payment: Payment) -> dict[str, Any]:
    """What a registration or a repeat answers."""
    status, code, details = OK if payment.status == "successful" else ("", "", "")
    return {
        "card_id": payment.card_id,
        "payment_id": payment.payment_id,
        "platform": PLATFORM,
        "payment_type": payment.payment_type,
        "payment_gateway": GATEWAY,
        "status": payment.status,
        "status_details": "",
        "status_code": "",
        "gateway_status": status,
        "gateway_status_details": details,
        "gateway_status_code": code,
    }
