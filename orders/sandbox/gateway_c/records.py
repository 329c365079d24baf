"""The nouns of gateway C: a card record, a payment under it, and an action on a payment, which is a payment of its own.

Three ids, never to be mixed: the card's (CD01…), the original payment's and the action's (both P01…).
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass

from orders.sandbox.records import new_id

ID_CHARACTERS = string.digits + string.ascii_uppercase
ID_TAIL = 16
"""After CD01 and P01, as long as in seed 004."""


@dataclass(slots=True, kw_only=True)
class Card:
    """One card record. Its data are invented; a real number is never asked for."""

    card_id: str
    legacy_id: str
    merchant_key: str
    customer_id: str
    number_ending: str
    card_type: str
    expiry_date: str
    name_on_card: str
    profile: str
    created_at: int


@dataclass(slots=True, kw_only=True)
class Payment:
    """One original payment. Amounts in minor units, times in milliseconds of the virtual clock.

    `status` is the gateway's word for the payment itself, `state` ours for what has become of its money:
    pending, deferred, authenticated, taken, cancelled, voided, expired or failed.
    """

    payment_id: str
    legacy_id: str
    card_id: str
    merchant_key: str
    payment_type: str
    currency: str
    authorized: int
    captured: int = 0
    released: int = 0
    refunded: int = 0
    state: str = "pending"
    status: str = "pending"
    custom_reference: str = ""
    metadata: str | None = None
    """JSON, as it came."""
    internal_description: str = ""
    gateway_description: str = ""
    related_payment_id: str | None = None
    """Of a Repeat: the payment that it repeats."""
    origin: str = "api"
    created_at: int = 0
    last_status_at: int = 0
    captured_at: int | None = None
    expires_at: int | None = None

    def move_to(self, state: str, status: str, at: int) -> None:
        self.state, self.status, self.last_status_at = state, status, at


@dataclass(slots=True, kw_only=True)
class Action:
    """A release, cancel, void or refund: carried out, refused, or still to come. Amount in minor units."""

    payment_id: str
    legacy_id: str
    original_id: str
    card_id: str
    merchant_key: str
    payment_type: str
    amount: int
    currency: str
    status: str
    gateway_status: str = ""
    gateway_code: str = ""
    gateway_details: str = ""
    modification_id: str
    """The Idempotency-Key, else the custom_reference, else the action's own id."""
    custom_reference: str = ""
    metadata: str | None = None
    internal_description: str = ""
    gateway_description: str = ""
    origin: str
    fault: str | None = None
    request_sha256: str | None = None
    created_at: int
    last_status_at: int
    due_at: int | None = None
    outcome: str | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The answer kept for an idempotency key of one endpoint."""

    merchant_key: str
    path: str
    idempotency_key: str
    at: int
    body_sha256: str
    http_status: int
    body: bytes


def new_card_id() -> str:
    return "CD01" + _tail()


def new_payment_id() -> str:
    return "P01" + _tail()


def new_legacy_id() -> str:
    """The older generation of ids looks like a GUID (gateways.md C.6)."""
    return new_id()


def _tail() -> str:
    return "".join(secrets.choice(ID_CHARACTERS) for _ in range(ID_TAIL))
