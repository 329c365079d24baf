"""The two error bodies of gateway A (gateways.md A.5) and the refusal that carries one."""

from __future__ import annotations

import secrets
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.wire import Reply

UNAUTHORIZED = "You are not authenticated to perform this request."
FORBIDDEN = "You do not have permissions to perform this request."
NOT_FOUND = "Resource not found."
SERVER_ERROR = "Internal server error."


class Refused(Exception):
    """The gateway says no. `kept` marks a business rejection, which is answered again for the same modification id."""

    def __init__(self, reply: Reply, *, kept: bool = False) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.kept = kept


def validation(
    message: str,
    code: str | None = "value_out_of_bounds",
    *,
    status: int = 400,
    property: str | None = None,
    context: dict[str, Any] | None = None,
    ignored: list[str] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Reply:
    """Shape 2: traceId and errors. The documented 500 carries no code (gateways.md A.10, line 17)."""
    item: dict[str, Any] = {"message": message, "code": code, "property": property, "context": context}
    body: dict[str, Any] = {
        "traceId": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00",
        "errors": [{name: value for name, value in item.items() if value is not None}],
    }
    if ignored:
        body["ignoredProperties"] = ignored
    return Reply(status=status, body=json_text.write(body), headers=headers)


def provider(message: str, *, gateway: str, payment_provider: str, status: int = 400) -> Reply:
    """Shape 1: a refusal from further down the line."""
    body = {**provider_error(gateway=gateway, payment_provider=payment_provider), "message": message}
    return Reply(status=status, body=json_text.write(body))


def provider_error(*, gateway: str, payment_provider: str) -> dict[str, Any]:
    details = {"context": {}, "gatewayDescription": gateway, "paymentProviderDescription": payment_provider}
    return {"error": "payment_provider_processing", "errorDetails": details}


def refuse_value(message: str, *, property: str, context: dict[str, Any] | None = None, kept: bool = False) -> Refused:
    return Refused(validation(message, property=property, context=context), kept=kept)


def refuse_state(message: str, *, status: str) -> Refused:
    """The transaction's state does not allow it (code assumed in gateways.md A.5)."""
    reply = validation(message, "invalid_state", property="transactionId", context={"paymentStatus": status})
    return Refused(reply, kept=True)


def refuse_access(status: int) -> Refused:
    message, code = {401: (UNAUTHORIZED, "unauthorized"), 403: (FORBIDDEN, "forbidden"), 404: (NOT_FOUND, "not_found")}[
        status
    ]
    return Refused(validation(message, code, status=status))
