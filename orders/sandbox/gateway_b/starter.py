"""The orders that a new test key finds: one in every state, so that a first look shows something (gateways.md B.5)."""

from __future__ import annotations

from typing import Any

from orders.sandbox.gateway_b import given_orders
from orders.sandbox.gateway_b.merchants import Merchant
from orders.sandbox.ledger import Ledger

HOUR, DAY = 3600, 86_400
ORDERS: tuple[dict[str, Any], ...] = (
    {"paymentStatus": "rejected", "amount": 88_000, "createdSecondsAgo": 12 * DAY, "description": "A camera"},
    {"paymentStatus": "canceled", "amount": 15_400, "createdSecondsAgo": 11 * DAY, "expiresInSeconds": -4 * DAY}
    | {"description": "A kettle, never sent"},
    {"paymentStatus": "canceled", "amount": 7_600, "createdSecondsAgo": 3 * DAY, "description": "A lamp, given up"},
    {"paymentStatus": "succeeded", "amount": 24_000, "createdSecondsAgo": 9 * DAY, "captureMethod": "automatic"}
    | {"description": "Running shoes"},
    {"paymentStatus": "succeeded", "amount": 19_800, "createdSecondsAgo": 6 * DAY, "description": "A rice cooker"}
    | {"payments": [{"amount": 19_800, "secondsAgo": 5 * DAY}]},
    {"paymentStatus": "succeeded", "amount": 32_000, "createdSecondsAgo": 8 * DAY, "description": "Two coats"}
    | {"payments": [{"amount": 32_000, "secondsAgo": 7 * DAY, "refunds": [{"amount": 12_000, "secondsAgo": DAY}]}]},
    {"paymentStatus": "succeeded", "amount": 5_400, "createdSecondsAgo": 10 * DAY, "description": "A tea set"}
    | {"payments": [{"amount": 5_400, "secondsAgo": 9 * DAY, "refunds": [{"amount": 5_400, "secondsAgo": 2 * DAY}]}]},
    {
        "paymentStatus": "succeeded",
        "amount": 45_000,
        "createdSecondsAgo": 5 * DAY,
        "description": "A desk in two parcels",
    }
    | {"payments": [{"amount": 30_000, "secondsAgo": 4 * DAY}, {"amount": 15_000, "secondsAgo": 2 * DAY}]},
    {"paymentStatus": "requires_capture", "amount": 28_000, "createdSecondsAgo": 2 * DAY, "description": "Four chairs"}
    | {"payments": [{"amount": 7_000, "secondsAgo": DAY}]},
    {"paymentStatus": "requires_capture", "amount": 12_300, "createdSecondsAgo": 7 * DAY - 5 * HOUR}
    | {"expiresInSeconds": 5 * HOUR, "description": "A mirror, expiring soon"},
    {"paymentStatus": "requires_capture", "amount": 9_800, "createdSecondsAgo": 4 * HOUR, "description": "A backpack"},
    {
        "paymentStatus": "requires_authorization",
        "amount": 6_100,
        "createdSecondsAgo": HOUR,
        "captureMethod": "automatic",
    }
    | {"description": "A book, still at the checkout"},
)


def give(ledger: Ledger, merchant: Merchant) -> None:
    """Once for each merchant; the dial `starterOrders` switches it off."""
    if ledger.dials.now.starter_orders:
        wishes = [
            {"merchantKey": merchant.key, "reference": f"order-{number}", "email": f"shopper{number}+test@example.com"}
            | one
            for number, one in enumerate(ORDERS, start=1)
        ]
        given_orders.make(ledger, wishes)
