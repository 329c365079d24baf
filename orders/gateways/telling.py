"""A webhook from the bytes that came to the events in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orders.gateways.outcomes import Outcome
from orders.gateways.snapshots import Movement, Snapshot


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A webhook as it came in. Header names in lower case."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


class Rejected(Exception):
    """A webhook that must not be believed or cannot be read; the message is a sentence, `status` the HTTP answer."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event in a webhook. What it says settles something only where the account's webhooks are signed."""

    key: str
    """Unique for the account: the same event again has the same key."""
    type: str
    summary: str
    """A sentence for the inbox page; no personal data."""
    at: datetime | None = None
    known: bool = True
    """False for a type of event we do not use; C wants 204 for those."""
    transaction_reference: str = ""
    gateway_ids: tuple[str, ...] = ()
    """Capture, refund or payment ids by which the transaction can be found when its reference is not said."""
    card_reference: str = ""
    """C: the card record, for an event that names no payment; it leads to a transaction only if it has just one."""
    modification_id: str = ""
    outcome: Outcome | None = None
    """What it means for that modification (C); None where the gateway must be read instead."""
    movement: Movement | None = None
    """What moved, when it is none of our modifications (C)."""
    snapshot: Snapshot | None = None
    """A transaction as the event shows it, enough to know it from now on (C) or to ask about it (B)."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A delivery whose sender is proved, or needs no proof: its events in order, and how to acknowledge it."""

    key: str
    """Unique for the account: the same delivery again has the same key."""
    signed: bool
    events: tuple[Told, ...]
    acknowledge: int = 200
