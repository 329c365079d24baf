"""Whether the nights happen: a missed or a failed one is told on the reconciliation's pages and to monitoring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from orders.database import database_now
from orders.models import GatewayAccount, JobRun, JobState
from orders.reconciliation import calendar
from orders.reconciliation.calendar import Terms
from orders.reconciliation.nights.due import BOOKS, begins_at, days_to_run, states_of, terms_of

GRACE = timedelta(hours=6)
"""So long after its beginning a night that is not done is no alarm yet."""
HOW = "Is beat running? `manage.py nightly` makes up for it."


def missed(merchant_ids: Iterable[int]) -> list[str]:
    """A sentence for each account of these merchants whose nights stand still; three queries however many there are."""
    return _told(GatewayAccount.objects.filter(merchant__in=list(merchant_ids)))


def missed_everywhere() -> int:
    """How many accounts' nights stand still."""
    return len(_told(GatewayAccount.objects.all()))


def books_broken() -> bool:
    """Whether the last look at everybody's books found an invariant or the audit chain broken."""
    steps = JobRun.objects.filter(job=BOOKS).order_by("-business_date").values_list("steps", flat=True).first() or {}
    return any(step.get("figures", {}).get("broken") for step in steps.values())


def overdue(terms: Terms, states: Mapping[date, str], *, since: datetime, now: datetime) -> list[date]:
    """The business dates whose nights should be done by now and are not, oldest first.

    Pure. `since` is when the account was made: nights before that are nobody's.
    """
    days = days_to_run(terms, states, now)
    if not states and len(days) == 1:  # the first night is the newest one, but the one before it was already to come
        days = [calendar.previous_business_day(terms, days[0]), *days]
    days = [day for day in days if begins_at(terms, day) + GRACE <= now]
    return [day for day in days if calendar.window_end(terms, day) > since]


def _told(rows: QuerySet[GatewayAccount]) -> list[str]:
    now, accounts = database_now(), list(rows.order_by("name"))
    terms, states = terms_of(accounts), states_of(accounts, now)
    told = (_sentence(account, terms[account.pk], states[account.pk], now) for account in accounts)
    return [sentence for sentence in told if sentence]


def _sentence(account: GatewayAccount, terms: Terms, states: Mapping[date, str], now: datetime) -> str:
    days = overdue(terms, states, since=account.created_at, now=now)
    if not days:
        return ""
    named = _days(days)
    if all(states.get(day) == JobState.FAILED for day in days):
        return f"The night of {named} for {account.name} could not do everything; its page says what is missing."
    return f"The night of {named} for {account.name} has not run, so nothing was missed or watched for it. {HOW}"


def _days(days: list[date]) -> str:
    first = f"{days[0]:%-d %B}"
    return first if len(days) == 1 else f"{first} and {len(days) - 1} later ones"
