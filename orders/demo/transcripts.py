"""The conversations of the demo's attempts, as the gateway's client would have written them down: scrubbed."""

from __future__ import annotations

import json

from orders.demo.stories import Plan, Step
from orders.gateways.base import FrozenRequest
from orders.gateways.transcripts import last_four
from orders.models import GatewayAccount
from orders.money import Money

TYPES = {
    "capture": "CAPTURE",
    "cancel": "CANCELLATION",
    "refund": "REFUND",
    "settlement": "SETTLEMENT",
    "chargeback": "CHARGEBACK",
}
DONE_STATUS = {
    "capture": "CAPTURED",
    "cancel": "CANCELLED",
    "refund": "REFUNDED",
    "settlement": "SETTLED",
    "chargeback": "CHARGEBACK",
}
PENDING_STATUS = {"capture": "CAPTURE_PENDING", "cancel": "CANCELLATION_PENDING", "refund": "REFUND_PENDING"}
PART_NAMES = {"capture": "captureId", "cancel": "cancelId", "refund": "refundId"}
REFUSAL = "The payment provider declined the refund."


def request_transcript(account: GatewayAccount, request: FrozenRequest) -> str:
    """First line, headers, body; the merchant key by its last four characters."""
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    body = request.body.decode().replace(account.merchant_key, last_four(account.merchant_key))
    return f"{request.method} {request.path}\n{headers}\nAuthorization: (removed)\n\n{body}"


def response_transcript(plan: Plan, step: Step, payment_status: str) -> str:
    """What the gateway answered; empty when no answer came."""
    if step.outcome == "unknown":
        return ""
    head = "HTTP/1.1 {}\nContent-Type: application/json\n\n"
    if step.outcome == "failed":
        body = {"error": "payment_provider_processing", "errorDetails": {"context": {}}, "message": REFUSAL}
        return head.format("400 Bad Request") + json.dumps(body)
    return head.format("200 OK") + json.dumps(answer(plan, payment_status, modification=entry(plan, step)))


def answer(plan: Plan, payment_status: str, **more: object) -> dict[str, object]:
    """The gateway's body about the transaction; amounts as exact text."""
    return {
        "reconciliationReferenceId": plan.reconciliation_reference,
        "description": f"Order {plan.reference}",
        "paymentStatus": payment_status,
        "creationDate": plan.placed_at.isoformat(),
        "partnerReference": plan.partner_reference,
        "transactionOverview": {
            "transactionId": plan.transaction_id,
            **_amount(plan.amount, plan.currency),
            "mit": False,
            "paymentMethod": plan.payment_method,
            "paymentOrigin": "CHECKOUT",
        },
        **more,
    }


def entry(plan: Plan, step: Step) -> dict[str, object]:
    """One of the gateway's modifications. In review, it moved one unit less than asked."""
    moved = step.amount - 1 if step.outcome == "review" else step.amount
    data = {"modificationId": str(step.id), "type": TYPES[step.kind], "reconciliationReferenceId": step.reference}
    if step.kind in PART_NAMES:
        data[PART_NAMES[step.kind]] = step.gateway_id
    return {
        "creationDate": step.at.isoformat(),
        "status": gateway_status(step),
        "modificationAmount": _amount(moved, plan.currency),
        "modificationData": data,
    }


def gateway_status(step: Step) -> str:
    """modification.status as the gateway words it; empty when it never said."""
    if step.outcome == "pending":
        return PENDING_STATUS[step.kind]
    return DONE_STATUS[step.kind] if step.outcome in ("succeeded", "review") else ""


def _amount(amount_minor: int, currency: str) -> dict[str, object]:
    return {"amount": f"{Money(amount_minor, currency).decimal:f}", "currencyCode": currency}
