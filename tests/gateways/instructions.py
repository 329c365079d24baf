"""Instructions for tests: say what matters, the rest is a refund of 25.00 EUR."""

from __future__ import annotations

from typing import Any

from orders.gateways.base import Instruction, Kind, Observation
from orders.money import Money

TRANSACTION = "123e4567-e89b-12d3-a456-426614174000"
MODIFICATION = "5f0c3f0e-5f57-4a51-9a39-0d6c5a0b7c11"


def an_instruction(**changes: Any) -> Instruction:
    usual: dict[str, Any] = {
        "modification_id": MODIFICATION,
        "kind": Kind.REFUND,
        "transaction_reference": TRANSACTION,
        "merchant_key": "merchant-key-1",
        "amount": Money(2500, "EUR"),
    }
    return Instruction(**{**usual, **changes})


def seen(status: int | None = 200, body: bytes = b"", **more: Any) -> Observation:
    return Observation(**{"sent": True, "status": status, "body": body, **more})
