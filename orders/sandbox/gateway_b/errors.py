"""The error bodies of gateway B (gateways.md B.6) and the refusal that carries one."""

from __future__ import annotations

from typing import Any

from orders.sandbox import json_text
from orders.sandbox.wire import Reply

REALM = "smartpay"
WORDS = {
    401: ("unauthorized", "Unauthorized"),
    409: ("idempotency-key.in-use", "A request with this Idempotency-Key is still being processed."),
    429: ("too-many-requests", "Too many requests."),
    503: ("unavailable", "The service is unavailable."),
}


class Refused(Exception):
    """The gateway says no. `kept` marks the end of a request that was carried out, which a repeat is told again."""

    def __init__(self, reply: Reply, *, kept: bool = False) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.kept = kept


def error(status: int, code: str, message: str, details: list[Any] | None = None) -> Reply:
    body = {"statusCode": status, "errorCode": code, "message": message, "details": details or []}
    return Reply(status=status, body=json_text.write(body))


def unauthorized() -> Reply:
    """Of another shape than all other errors: no errorCode and no message."""
    return Reply(status=401, body=json_text.write({"statusCode": 401, "scheme": "Basic", "realm": REALM}))


def say(status: int) -> Reply:
    """An error in gateway B's words; codes beyond B.3 and B.6 are assumed. A 403 for the key itself has no code."""
    if status == 401:
        return unauthorized()
    if status == 403:
        body = {"statusCode": 403, "error": "Forbidden", "message": "This key may not do that."}
        return Reply(status=403, body=json_text.write(body))
    code, message = WORDS.get(status, ("unexpected_error", "An unexpected error occurred."))
    return error(status, code, message)


def invalid(*details: str) -> Refused:
    return Refused(error(400, "request.invalid", "The request is invalid.", list(details)))


def not_found(kind: str) -> Refused:
    return Refused(error(404, f"{kind}.not-found", f"The {kind} was not found."))


def conflict(code: str, message: str) -> Refused:
    """The order's or payment's state does not allow it."""
    return Refused(error(409, code, message), kept=True)


def insufficient(available: int) -> Refused:
    message = f"Only {available} of the payment can still be refunded."
    return Refused(error(403, "amount.insufficient", message), kept=True)
