"""A month of one account, over and with everything in order, and the two people who sign it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User

from orders.models import Discrepancy, GatewayAccount
from orders.reconciliation.months.period import Month
from tests.factories import a_merchant, a_person, an_account
from tests.reconciliation_factories import a_discrepancy, a_file

MONTH = Month(date(2026, 9, 1))
DAY = date(2026, 9, 15)


@dataclass(frozen=True)
class Office:
    """Finance at one merchant."""

    account: GatewayAccount
    fay: User
    sue: User


def an_office() -> Office:
    """An account with one applied file in September 2026, and two people who may close its months."""
    merchant = a_merchant()
    account = an_account(merchant=merchant)
    a_file(account, business_date=DAY)
    fay, sue = (a_person(merchants=[merchant], groups=["finance"]) for _ in range(2))
    return Office(account=account, fay=fay, sue=sue)


def left_over(account: GatewayAccount, **fields: Any) -> Discrepancy:
    """Something unsettled of that month: a fee, so that the balance still holds."""
    values = {"month": MONTH.first, "occurred_on": DAY, "type": "fee", "difference": 0, "amount": 250, **fields}
    return a_discrepancy(account, **values)
