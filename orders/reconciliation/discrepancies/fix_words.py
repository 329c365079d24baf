"""What a fix gives up, in words for its sentence. Pure."""

from __future__ import annotations

from orders.models import Discrepancy
from orders.money import Money


def given_up(row: Discrepancy) -> Money:
    """What a write-off is about."""
    return Money(row.worth, row.currency)


def left_as_it_is(row: Discrepancy) -> str:
    """What accepting leaves: a difference in money, or only the delay of money that came."""
    return f"The difference of {given_up(row)}" if row.worth else "The delay"
