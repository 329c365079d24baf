"""A transaction as its gateway shows it at one moment, alone or in a list, with everything that moved on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orders.gateways.kinds import TransactionState, Verdict
from orders.gateways.outcomes import Observation
from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One modification as the gateway lists it: ours, a portal user's, or the gateway's own."""

    type: str
    """capture, cancel, refund, chargeback, settlement or "" when the word is unknown."""
    raw_type: str
    modification_id: str
    amount: Money | None
    reference: str
    gateway_id: str
    raw_status: str
    verdict: Verdict
    at: datetime | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The entry as it came, parsed with exact decimals turned to text, for storage."""
    capture_reference: str = ""
    """The gateway's id of the capture that a refund drew on, where it says (B)."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A transaction as the gateway shows it at one moment."""

    transaction_reference: str
    state: TransactionState
    raw_status: str
    status_at: datetime | None
    created_at: datetime | None
    amount: Money | None
    """The authorized amount."""
    reconciliation_reference: str = ""
    partner_reference: str = ""
    payment_reference: str = ""
    """transactionReference of a prepayment or pay-upon-invoice."""
    payment_method: str = ""
    description: str = ""
    movements: tuple[Movement, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    """The whole answer, exact decimals turned to text, for storage and display."""
    warnings: tuple[str, ...] = ()
    card_reference: str = ""
    """C: the card record."""
    expires_at: datetime | None = None
    """When the gateway itself says the authorization ends (B)."""
    deal: Deal | None = None
    customer_name: str = ""
    customer_email: str = ""
    order_reference: str = ""
    """What the shop calls the order, for an order that we first hear of from the gateway."""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Deal:
    """A 3RI deal (seed 002): all payments of one reference together stay within its amount."""

    reference: str
    type_code: str
    """3RIPSS (split shipment) or 3RIDS (delayed shipment)."""
    amount: Money | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One article of an order as the gateway shows it."""

    name: str
    quantity: int
    unit_amount: int
    """Minor units of the transaction's currency."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One page of a gateway's own list of transactions, newest first."""

    snapshots: tuple[Snapshot, ...] = ()
    next_page: str = ""
    """The token that brings the next page; empty at the end."""
    reason: str = ""
    """A sentence when the page could not be read; then there are no snapshots."""
    pause_account: str = ""
    observation: Observation | None = None


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The answer to a status read: a snapshot, or a sentence why there is none."""

    snapshot: Snapshot | None
    reason: str
    missing: bool = False
    """The gateway answered that it has no such transaction."""
    pause_account: str = ""
    retry_after_seconds: int | None = None
    observation: Observation | None = None
