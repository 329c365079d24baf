"""The shopper's plan at gateway B: an amount in monthly parts, and what a refund changes in it (seed 003).

The gateway keeps the plan and shows it to nobody but the shopper, so this is an estimate from the account's setting;
whoever shows it says so. Pure: no clock, no database.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date

from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Instalment:
    """One monthly part. After a refund its amount may be zero."""

    number: int
    due_on: date
    amount: Money

    def is_paid(self, on: date) -> bool:
        """Parts are taken from the shopper's card on their day, the first one with the order."""
        return self.due_on <= on


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All parts in order of time, and what went back to the card beside them, in one currency."""

    instalments: tuple[Instalment, ...]
    returned: Money

    @property
    def total(self) -> Money:
        """What the shopper pays in the end."""
        whole = sum(part.amount.amount_minor for part in self.instalments)
        return Money(whole - self.returned.amount_minor, self.returned.currency)

    def paid(self, on: date) -> Money:
        """What was taken from the card until that day, without what went back."""
        taken = sum(part.amount.amount_minor for part in self.instalments if part.is_paid(on))
        return Money(taken - self.returned.amount_minor, self.returned.currency)

    def to_pay(self, after: date) -> Money:
        """What is still to be taken after that day."""
        owed = sum(part.amount.amount_minor for part in self.instalments if not part.is_paid(after))
        return Money(owed, self.returned.currency)


def plan_of(amount: Money, parts: int, *, starts_on: date) -> Plan:
    """The amount in equal monthly parts of whole minor units; what does not divide is on the first. ValueError for no
    parts or a negative amount."""
    if parts < 1 or amount.amount_minor < 0:
        raise ValueError("A plan has at least one part and an amount that is not negative.")
    share, rest = divmod(amount.amount_minor, parts)
    instalments = tuple(
        Instalment(
            number=place + 1,
            due_on=_months_after(starts_on, place),
            amount=Money(share + (rest if place == 0 else 0), amount.currency),
        )
        for place in range(parts)
    )
    return Plan(instalments=instalments, returned=Money(0, amount.currency))


def after_refund(plan: Plan, refund: Money, *, on: date) -> Plan:
    """The plan after a refund of that day: the last unpaid part shrinks first, and only what is more than all unpaid
    parts goes back to the card. ValueError for another currency or for more than the shopper pays."""
    if refund.currency != plan.returned.currency or not 0 <= refund.amount_minor <= plan.total.amount_minor:
        raise ValueError(f"{refund} cannot be given back out of {plan.total}.")
    left = refund.amount_minor
    changed: list[Instalment] = []
    for part in reversed(plan.instalments):
        less = 0 if part.is_paid(on) else min(left, part.amount.amount_minor)
        left -= less
        changed.append(replace(part, amount=Money(part.amount.amount_minor - less, refund.currency)))
    returned = Money(plan.returned.amount_minor + left, refund.currency)
    return Plan(instalments=tuple(reversed(changed)), returned=returned)


def _months_after(start: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it is shorter."""
    year, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + year, month + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))
