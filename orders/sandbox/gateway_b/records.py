"""The nouns of gateway B: order, payment, refund, and one line of its executions. Amounts in yen, times in ms."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import Any

CURRENCY = "JPY"
BASE62 = string.ascii_uppercase + string.ascii_lowercase + string.digits
"""In this order, in which signing secrets are numbers (gateways.md B.8)."""
ID_LENGTH = 22


@dataclass(slots=True, kw_only=True)
class Order:
    """One purchase. `details` holds what is only ever shown: line items, shipping, customer, metadata, discounts."""

    id: str
    merchant_key: str
    test: bool
    amount: int
    captured: int = 0
    released: int = 0
    refunded: int = 0
    status: str = "requires_authorization"
    capture_method: str = "automatic"
    created_at: int = 0
    updated_at: int = 0
    expires_at: int | None = None
    reference: str | None = None
    description: str | None = None
    token_id: str | None = None
    session_id: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def remainder(self) -> int:
        """Authorized and neither captured nor released."""
        return self.amount - self.captured - self.released


@dataclass(slots=True, kw_only=True)
class Part:
    """What payments and refunds have in common. `line_items` are ids."""

    id: str
    order_id: str
    merchant_key: str
    test: bool
    amount: int
    created_at: int = 0
    updated_at: int = 0
    reference: str | None = None
    description: str | None = None
    line_items: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Payment(Part):
    """One capture of an order."""

    refunded: int = 0
    status: str = "processed"


@dataclass(slots=True, kw_only=True)
class Refund(Part):
    """One refund of a payment."""

    payment_id: str
    reason: str
    status: str = "succeeded"


@dataclass(slots=True, kw_only=True)
class Execution:
    """What really happened, for auditors; the words are those of gateway A, so that one auditor reads both."""

    merchant_key: str
    modification_id: str
    transaction_id: str
    kind: str
    type: str
    amount: int
    status: str
    origin: str
    created_at: int
    last_status_at: int
    reference: str
    part_id: str
    request_sha256: str | None = None
    currency: str = CURRENCY


def new_id(kind: str, *, test: bool) -> str:
    """Such as order_test_ and 22 characters of base 62 (gateways.md B.2)."""
    return f"{kind}_{'test' if test else 'live'}_{random_base62(ID_LENGTH)}"


def random_base62(length: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(length))
