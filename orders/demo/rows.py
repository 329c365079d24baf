"""What one demo order becomes: rows of every table, unsaved, as our own verbs would have written them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User

from orders.demo.stories import Plan
from orders.models import (
    Attempt,
    Capture,
    Event,
    Evidence,
    ExternalMovement,
    GatewayAccount,
    Modification,
    Order,
    OrderLine,
    Source,
    Transaction,
)
from orders.references import Word


@dataclass(kw_only=True)
class Rows:
    """Everything one order becomes; foreign keys are set where the other row has a key already."""

    plan: Plan
    order: Order
    transaction: Transaction
    words: list[Word]
    lines: list[OrderLine] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    modifications: list[Modification] = field(default_factory=list)
    refunds_of: dict[int, int] = field(default_factory=dict)
    """Position of a modification → position of the capture it draws on."""
    attempts: list[Attempt] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    movements: list[ExternalMovement] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who may act in the stories: accounts in the order of the cast, and an agent for each merchant."""

    accounts: Sequence[GatewayAccount]
    agents: dict[int, User]


def tell(
    rows: Rows, verb: str, sentence: str, at: datetime, *, row: Modification | None = None, by: User | None = None
) -> None:
    """Write one event of the audit log."""
    rows.events.append(
        Event(
            at=at,
            merchant_id=rows.order.merchant_id,
            actor=by,
            source=Source.PAGE if by else Source.WORKER,
            verb=verb,
            sentence=sentence[:600],
            order=rows.order,
            transaction=rows.transaction,
            modification=row,
            details={"version": rows.transaction.version},
        )
    )
