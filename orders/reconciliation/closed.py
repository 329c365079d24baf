"""Whether a day of an account lies in a month that two people have closed."""

from __future__ import annotations

from datetime import date

from orders.models import MonthClose, MonthState


def closed_month(account_id: int, day: date) -> MonthClose | None:
    """The closed month that holds the day; None while it is open, proposed or reopened."""
    months = MonthClose.objects.filter(account_id=account_id, state=MonthState.CLOSED)
    return months.filter(month__lte=day, until__gt=day).first()
