"""Requests for new payments at gateway A, as plain JSON: say what matters, the rest is a prepayment of 50.99 EUR."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.sandbox.client import Answer, Merchant


class _Gone:
    """Stands for a field that is left out; its name is the same in every process, so that test ids are."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Any = _Gone()
"""The value that takes a field away."""


def payment_body(**changes: Any) -> dict[str, Any]:
    """`changes` go by path with double underscores: payment__amount=1."""
    tree: dict[str, Any] = {
        "paymentOption": {"invoicePayment": {"type": "PREPMNT"}},
        "partnerReference": f"SMP-{uuid.uuid4()}",
        "billingAddress": {"addressLine1": "Unter den Linden", "number": "77", "city": "Berlin", "countryCode": "DEU"},
        "consumer": {"firstName": "Jane", "lastName": "Doe"},
        "payment": {"amount": 50.99, "currencyCode": "EUR", "description": "SMP-Transaction-01"},
    }
    for path, value in changes.items():
        *way, last = path.split("__")
        place = tree
        for step in way:
            place = place.setdefault(step, {})
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return tree


def authorize(merchant: Merchant, *, path: str = "/smartpay/payment/authorize/", **changes: Any) -> Answer:
    return merchant.send("POST", path, json.dumps(payment_body(**changes)).encode())


def authorized(merchant: Merchant, **changes: Any) -> str:
    """The transaction id of a new payment that was made."""
    answer = authorize(merchant, **changes)
    assert answer.status == 201, answer.body
    return str(answer.json["transactionOverview"]["transactionId"])
