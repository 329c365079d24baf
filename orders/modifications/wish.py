"""A wish: exactly what was asked, and the row with its frozen bytes that it becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from orders.gateways.base import CannotSay, Instruction, Kind
from orders.gateways.registry import gateway_named
from orders.models import Capture, Modification, RefundPlan, Source, Transaction
from orders.modifications.refusals import NotAllowed
from orders.modifications.situation import capability_of
from orders.modifications.words import REASONS
from orders.money import Money

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked, exactly as it will be compared when the same id comes again."""

    modification_id: UUID
    transaction_id: int
    kind: Kind
    amount: int
    reason: str
    description: str
    by: User
    source: Source
    expected_version: int | None
    custom_references: Mapping[str, str] = field(default_factory=dict)
    confirmed_twin: bool = False
    release_rest: bool = False
    """With a capture: give what is not captured back to the shopper, where the gateway leaves the choice."""
    customer_may_see: bool = False
    """The description may reach the shopper."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "description", self.description.strip())


def frozen_row(
    wish: Wish, transaction: Transaction, capture: Capture | None, now: datetime, *, plan: RefundPlan | None = None
) -> Modification:
    """The unsaved row, its request never to change. Raises NotAllowed for what the gateway cannot be told."""
    account = transaction.account
    instruction = Instruction(
        modification_id=str(wish.modification_id),
        kind=wish.kind,
        transaction_reference=transaction.reference,
        merchant_key=account.merchant_key,
        amount=Money(wish.amount, transaction.currency),
        description=description_of(wish),
        custom_references=_custom_references(wish, transaction),
        reason=wish.reason,
        card_reference=transaction.card_reference,
        capture_reference=capture.gateway_id if capture else "",
        release_rest=wish.release_rest,
        customer_may_see=wish.customer_may_see,
        asynchronous=capability_of(account).asynchronous,
    )
    try:
        request = gateway_named(account.gateway).compose(instruction)
    except CannotSay as refusal:
        raise NotAllowed(str(refusal), code="cannot_say") from refusal
    return Modification(
        id=wish.modification_id,
        merchant_id=transaction.merchant_id,
        account=account,
        transaction=transaction,
        capture=capture,
        kind=wish.kind.value,
        amount=wish.amount,
        currency=transaction.currency,
        reason=wish.reason,
        description=instruction.description,
        custom_references=dict(instruction.custom_references),
        release_rest=wish.release_rest,
        customer_may_see=wish.customer_may_see,
        plan=plan,
        requested_by=wish.by,
        requested_at=now,
        source=wish.source,
        expected_version=wish.expected_version,
        method=request.method,
        base_url=account.base_url,
        path=request.path,
        headers=dict(request.headers),
        body=request.body,
        body_sha256=hashlib.sha256(request.body).hexdigest(),
        due_at=now + timedelta(seconds=_undo_seconds(wish.source)),
    )


def _undo_seconds(source: Source) -> float:
    """People on pages may change their mind; a command says what it means."""
    return float(settings.UNDO_SECONDS) if source in (Source.PAGE, Source.ADMIN) else 0.0


def description_of(wish: Wish) -> str:
    """What the gateway is told as the reason: the person's words, or the reason they chose."""
    return wish.description or dict(REASONS).get(wish.reason, "")


def who_asked(source: Source, person: User) -> str:
    """The mark of a person at the gateway: by which door they came, and their number here."""
    return f"{source}-{person.pk}"


def _custom_references(wish: Wish, transaction: Transaction) -> dict[str, str]:
    """Always filled, so that the gateway's own pages lead back to us; no personal data."""
    ours = {
        "custom1": transaction.order.reference,
        "custom2": wish.reason or "none",
        "custom3": who_asked(wish.source, wish.by),
    }
    return {name: wish.custom_references.get(name) or value for name, value in ours.items()}
