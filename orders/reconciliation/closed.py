"""Whether a day of an account lies in a month that two people have closed, and how nobody closes one meanwhile."""

from __future__ import annotations

from datetime import date

from orders.models import GatewayAccount, MonthClose, MonthState


def closed_month(account_id: int, day: date) -> MonthClose | None:
    """The closed month that holds the day; None while it is open, proposed or reopened."""
    months = MonthClose.objects.filter(account_id=account_id, state=MonthState.CLOSED)
    return months.filter(month__lte=day, until__gt=day).first()


def hold_months(account_id: int) -> None:
    """No month of the account closes until the caller's database transaction ends; ask `closed_month` afterwards.

    Whatever writes what a month's report tells takes this lock first, before any row of its own.
    """
    list(GatewayAccount.objects.select_for_update(no_key=True).filter(pk=account_id).values_list("pk"))
