"""The shopper's instalments as the gateway probably keeps them: an estimate, for it shows them to the shopper alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from orders.gateways.base import GIVES_BACK, Capability, Kind
from orders.gateways.capability_words import SCHEDULE_ESTIMATE
from orders.gateways.instalments import Plan, after_refund, plan_of
from orders.models import ExternalMovement, Modification, ModificationState, Transaction
from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Part:
    """One instalment: what is taken from the shopper's card on a day, and what it would be after a refund."""

    number: int
    due_on: date
    amount: Money
    after: Money
    paid: bool

    @property
    def changes(self) -> bool:
        """Whether the refund moves this part."""
        return self.amount != self.after


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Every instalment, and what goes back to the card because it was paid already, before and after."""

    label: str
    parts: tuple[Part, ...]
    returned: Money
    returned_after: Money


@dataclass(frozen=True, kw_only=True)
class GivenBack:
    """One refund as the schedule sees it, in minor units."""

    on: date
    amount: int


def schedule_of(
    transaction: Transaction,
    capability: Capability,
    given_back: Sequence[GivenBack],
    *,
    now: datetime,
    pending: int = 0,
    refund: int = 0,
) -> Schedule | None:
    """The schedule today and after another `refund`; `pending` counts as given back today. Amounts in minor units.

    None where the account has no instalments or nothing is authorized. The transaction comes with order and merchant.
    """
    owed = transaction.authorized - transaction.released
    if not capability.instalments or owed <= 0:
        return None
    zone = ZoneInfo(transaction.merchant.time_zone)
    today = now.astimezone(zone).date()
    starts_on = transaction.order.placed_at.astimezone(zone).date()
    plan = plan_of(Money(owed, transaction.currency), capability.instalments, starts_on=starts_on)
    known = sum(one.amount for one in given_back)
    rest = max(0, transaction.refunded - known) + pending
    before = _shortened(plan, [*given_back, GivenBack(on=today, amount=rest)])
    after = _shortened(before, [GivenBack(on=today, amount=refund)])
    return Schedule(
        label=SCHEDULE_ESTIMATE,
        parts=tuple(
            Part(
                number=now_part.number,
                due_on=now_part.due_on,
                amount=now_part.amount,
                after=then_part.amount,
                paid=now_part.is_paid(today),
            )
            for now_part, then_part in zip(before.instalments, after.instalments, strict=True)
        ),
        returned=before.returned,
        returned_after=after.returned,
    )


def given_back_of(
    transaction: Transaction, modifications: Iterable[Modification], movements: Iterable[ExternalMovement]
) -> list[GivenBack]:
    """The refunds of this transaction by the day they came through, the oldest first."""
    zone = ZoneInfo(transaction.merchant.time_zone)
    found = [
        (row.finished_at, row.amount)
        for row in modifications
        if row.transaction_id == transaction.pk and Kind(row.kind) in GIVES_BACK and _came_through(row)
    ]
    found += [
        (row.moved_at or row.seen_at, row.amount)
        for row in movements
        if row.transaction_id == transaction.pk and row.kind == Kind.REFUND and row.booked
    ]
    return [GivenBack(on=at.astimezone(zone).date(), amount=amount) for at, amount in sorted(found) if at is not None]


def _came_through(row: Modification) -> bool:
    return row.state == ModificationState.SUCCEEDED and row.finished_at is not None


def _shortened(plan: Plan, given_back: Iterable[GivenBack]) -> Plan:
    for one in given_back:
        amount = min(one.amount, plan.total.amount_minor)
        plan = after_refund(plan, Money(amount, plan.returned.currency), on=one.on)
    return plan
