"""What gateway B tells a merchant by webhook (gateways.md B.8), inside the store transaction of what it tells of."""

from __future__ import annotations

from typing import Any

from orders.sandbox import json_text
from orders.sandbox.deliveries import Delivery, Manner
from orders.sandbox.gateway_b import signature, things
from orders.sandbox.gateway_b.books import GATEWAY
from orders.sandbox.gateway_b.records import new_id
from orders.sandbox.ledger import Ledger

VERSION = "2022-02-18"
RETRY_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 3 * 3600.0, 6 * 3600.0, 14 * 3600.0)
"""Growing, over more than a day; assumed in gateways.md B.8."""
KINDS = frozenset(
    (
        *("order.authorized", "order.rejected", "order.canceled", "payment.created", "refund.created"),
        *("payout.generated", "payout.paid", "coupon.created", "coupon.updated"),
        *("promotion_code.created", "promotion_code.updated", "merchant_user.created", "merchant_user.password_reset"),
        *("token.created", "token.approved", "token.rejected", "token.deleted", "token.disabled", "token.enabled"),
        "token.used",
    )
)


def tell(ledger: Ledger, kind: str, data: dict[str, Any], *, merchant_key: str) -> None:
    """Hand one event to every active endpoint that subscribed to its kind; without a list that is all."""
    endpoints = [
        one
        for one in things.every(ledger.store, "webhookendpoint", merchant_key)
        if one["active"] and kind in (one["eventSubscriptions"] or KINDS)
    ]
    if not endpoints:
        return
    event = {
        "id": new_id("evt", test=data["test"]),
        "object": "event",
        "createdAt": ledger.dials.clock_ms(),
        "test": data["test"],
        "eventData": {"type": kind, "version": VERSION, "data": data},
    }
    body = json_text.write(event)
    for one in endpoints:
        ledger.deliveries.post(GATEWAY, merchant_key, url=one["url"], body=body, reference=one["id"])


def manner(ledger: Ledger) -> Manner:
    """Only 200 acknowledges. Each attempt is signed anew with the secret of its endpoint."""

    def headers(delivery: Delivery, now_ms: int) -> dict[str, str]:
        endpoint = things.find(ledger.store, "webhookendpoint", delivery.reference)
        secret = "" if endpoint is None else endpoint["signingSecret"]
        return {
            "Content-Type": "application/json",
            "Smartpay-Signature": signature.sign(secret, timestamp_ms=now_ms, body=delivery.body),
            "Smartpay-Signature-Timestamp": str(now_ms),
            "Smartpay-Subscription-Id": delivery.reference,
            "Smartpay-Event-Id": str(json_text.read(delivery.body)["id"]),
        }

    return Manner(headers=headers, acknowledged=lambda status: status == 200, retries=RETRY_SECONDS)
