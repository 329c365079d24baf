"""A payment as a proof gives it to a sandbox, in each gateway's own words, and as our books must know it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.sandbox_process import SandboxHandle

AUTHORIZED = 10_000
SECRET = "the-secret-of-this-proof"
WEBHOOK_SECRET = "TheWebhookSecretOfThisProofInBase62ABCDE"
CUSTOMER = "shopper.of.this.proof@example.org"
PATHS = {"smartpay": "/smartpay", "smartpay_orders": "/smartpay-orders/v1", "smarterpay": "/smarterpay"}
CURRENCIES = {"smartpay": "EUR", "smartpay_orders": "JPY", "smarterpay": "GBP"}
CLEARED = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What was captured: minor units, the gateway's id of it, and how long ago."""

    id: str
    amount: int
    age: timedelta


@dataclass(frozen=True, kw_only=True)
class Given:
    """One payment of AUTHORIZED minor units."""

    gateway: str
    key: str
    reference: str
    card_reference: str
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, gateway: str, key: str, parts: Sequence[int], *, cleared: bool) -> Given:
        """With fresh ids."""
        reference, card_reference, new_part_id = _ids(gateway)
        age = CLEARED if cleared else timedelta()
        made = tuple(Part(id=new_part_id + uuid.uuid4().hex[:12], amount=amount, age=age) for amount in parts)
        return cls(gateway=gateway, key=key, reference=reference, card_reference=card_reference, parts=made)

    @property
    def readable(self) -> bool:
        """Gateway C shows no transactions."""
        return self.gateway != "smarterpay"

    @property
    def currency(self) -> str:
        return CURRENCIES[self.gateway]


def secret_of(gateway: str, key: str) -> str:
    """What the account proves itself with: gateways B and C tell their merchants apart by it alone."""
    if gateway == "smartpay":
        return SECRET
    if gateway == "smartpay_orders":
        return f"sk_test_{SECRET.replace('-', '')}{''.join(filter(str.isalnum, key))}"
    return f"{SECRET}-{key}"


def tell(sandbox: SandboxHandle, given: Sequence[Given]) -> None:
    """Make the payments there, in one call for each gateway."""
    doors = (
        ("smartpay", "orders", "orders", _at_a),
        ("smartpay_orders", "smartpay-orders/orders", "orders", _at_b),
        ("smarterpay", "smarterpay/payments", "payments", _at_c),
    )
    for gateway, path, name, wish in doors:
        wishes = [wish(one) for one in given if one.gateway == gateway]
        if wishes:
            sandbox.control(path, **{name: wishes})


def _ids(gateway: str) -> tuple[str, str, str]:
    """Of the payment, of its card record, and the beginning of its captures' ids."""
    plain = uuid.uuid4()
    if gateway == "smartpay":
        return str(plain), "", "capture-"
    if gateway == "smartpay_orders":
        return f"order_test_{plain.hex[:20]}", "", "payment_test_"
    return f"P01{plain.hex[:16].upper()}", f"CD01{uuid.uuid4().hex[:16].upper()}", "P01"


def _at_a(one: Given) -> dict[str, Any]:
    return {
        "merchantKey": one.key,
        "transactionId": one.reference,
        "amount": AUTHORIZED,
        "currencyCode": one.currency,
        "paymentStatus": "CAPTURED" if one.parts else "AUTHORIZATION_COMPLETED",
        "email": CUSTOMER,
    }


def _at_b(one: Given) -> dict[str, Any]:
    whole = sum(part.amount for part in one.parts) == AUTHORIZED
    return {
        "merchantKey": one.key,
        "transactionId": one.reference,
        "amount": AUTHORIZED,
        "paymentStatus": "succeeded" if whole else "requires_capture",
        "payments": [{"id": part.id, "amount": part.amount} for part in one.parts],
        "email": CUSTOMER,
    }


def _at_c(one: Given) -> dict[str, Any]:
    return {
        "merchantKey": one.key,
        "paymentId": one.reference,
        "cardId": one.card_reference,
        "amount": AUTHORIZED,
        "currencyCode": one.currency,
        "createdSecondsAgo": int(CLEARED.total_seconds()) + 3600,
        "history": [
            {
                "action": "release",
                "amount": part.amount,
                "paymentId": part.id,
                "secondsAgo": int(part.age.total_seconds()),
            }
            for part in one.parts
        ],
    }
