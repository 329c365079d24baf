"""The nouns of the ledger: a transaction, an execution, a kept answer, and one line of the request log."""

from __future__ import annotations

import secrets
import string
import uuid
from dataclasses import dataclass, field
from typing import Any

BASE62 = string.digits + string.ascii_letters
PENDING = frozenset({"CAPTURE_PENDING", "CANCELLATION_PENDING", "REFUND_PENDING"})
DONE = frozenset({"CAPTURED", "CANCELLED", "REFUNDED", "SETTLED", "CHARGEBACK"})


@dataclass(slots=True, kw_only=True)
class Transaction:
    """One authorization. Amounts in minor units, times in milliseconds of the virtual clock."""

    transaction_id: str
    merchant_key: str
    currency: str
    authorized: int
    captured: int = 0
    released: int = 0
    refunded: int = 0
    charged_back: int = 0
    status: str = "CREATED"
    history: list[list[Any]] = field(default_factory=list)
    description: str = ""
    partner_reference: str | None = None
    external_reference: str | None = None
    payment_method: str = "CARDS"
    payment_origin: str = "CHECKOUT"
    reference: str = ""
    checkout_token: str | None = None
    email: str | None = None
    custom_references: dict[str, str] = field(default_factory=dict)
    overview: dict[str, Any] = field(default_factory=dict)
    """Optional fields of transactionOverview that a test wants answered: deal, customerAccountId and so on."""
    transaction_reference: str | None = None
    multi_capture: bool = False
    asynchronous: bool | None = None
    auto_capture_seconds: int | None = None
    created_at: int = 0
    last_status_at: int = 0
    expires_at: int | None = None
    auto_capture_at: int | None = None

    def move_to(self, status: str, at: int) -> None:
        self.status = status
        self.last_status_at = at
        self.history.append([status, at])


@dataclass(slots=True, kw_only=True)
class Execution:
    """One modification that the gateway carried out, is carrying out, or tried and failed. Amount in minor units."""

    merchant_key: str
    modification_id: str
    transaction_id: str
    kind: str
    type: str
    amount: int
    currency: str
    status: str
    origin: str
    created_at: int
    last_status_at: int
    due_at: int | None = None
    outcome: str | None = None
    request_sha256: str | None = None
    reference: str = ""
    part_id: str = ""
    description: str | None = None
    custom_references: dict[str, str] | None = None
    error: dict[str, Any] | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer kept for a modification id, to be given again byte by byte."""

    path: str
    body_sha256: str
    http_status: int
    body: bytes


@dataclass(slots=True, kw_only=True)
class Arrival:
    """One line of the request log."""

    method: str
    path: str
    merchant_key: str | None = None
    modification_id: str | None = None
    transaction_id: str | None = None
    body_sha256: str | None = None
    outcome: str = "invalid"
    fault: str | None = None


def new_reference() -> str:
    """21 or 22 characters of base 62, as the samples show (gateways.md A.3)."""
    return "".join(secrets.choice(BASE62) for _ in range(21 + secrets.randbelow(2)))


def new_id() -> str:
    return str(uuid.uuid4())
