"""Which nights are due: one for each account and business date, missed ones first and the oldest before the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings

from orders.models import GatewayAccount, JobRun, JobState, SettlementTerms
from orders.reconciliation import calendar
from orders.reconciliation.calendar import Terms

NIGHT, REPORT, BOOKS = "night", "report", "books"
"""The errands: an account's night, a merchant's report of it, and the books of everybody."""
CATCH_UP = 35
"""So many business dates back a missed night is still made up for; what is older is in the newest night's sets."""
_LOOK_BACK = timedelta(days=120)


@dataclass(frozen=True, kw_only=True)
class Due:
    """A night to run. `newest` is False for one that is made up for: only the newest asks the gateway."""

    account: GatewayAccount
    terms: Terms
    day: date
    newest: bool


def terms_of(accounts: Iterable[GatewayAccount]) -> dict[int, Terms]:
    """The calendar of each account by its id; one query."""
    rows = {row.account_id: row for row in SettlementTerms.objects.filter(account__in=accounts)}
    return {account.pk: Terms.of(rows.get(account.pk)) for account in accounts}


def delay() -> timedelta:
    """From an account's cut-off to the beginning of its night."""
    return timedelta(hours=settings.NIGHT_DELAY_HOURS)


def begins_at(terms: Terms, day: date) -> datetime:
    """When the night of a business date begins."""
    return calendar.window_end(terms, day) + delay()


def newest_day(terms: Terms, now: datetime) -> date:
    """The latest business date whose night has begun."""
    return calendar.last_closed(terms, now - delay())


def days_to_run(terms: Terms, states: Mapping[date, str], now: datetime) -> list[date]:
    """The business dates whose nights are to run now, oldest first. `states` are those of the nights there are.

    The first one is the oldest there is, or that of the day from which on money is expected; without either the newest
    one. A failed night is tried again; once the next one has begun,
    without what only the newest asks of the gateway.
    """
    newest = newest_day(terms, now)
    begun = [*states, terms.expected_from] if terms.expected_from else [*states]
    if not begun:
        return [newest]
    known = min(begun)
    days = [newest]
    while len(days) < CATCH_UP and (day := calendar.previous_business_day(terms, days[-1])) >= known:
        days.append(day)
    return [day for day in reversed(days) if states.get(day) != JobState.DONE]


def nights_due(accounts: Sequence[GatewayAccount], now: datetime) -> Iterator[Due]:
    """The nights of these accounts, the oldest of all first; two queries."""
    terms, states = terms_of(accounts), states_of(accounts, now)
    found = [
        Due(account=account, terms=terms[account.pk], day=day, newest=day == newest_day(terms[account.pk], now))
        for account in accounts
        for day in days_to_run(terms[account.pk], states[account.pk], now)
    ]
    yield from sorted(found, key=lambda due: (due.day, due.account.pk))


def states_of(accounts: Iterable[GatewayAccount], now: datetime) -> Mapping[int, dict[date, str]]:
    """The states of the nights of the last months by account and business date."""
    since = (now - _LOOK_BACK).date()
    rows = JobRun.objects.filter(job=NIGHT, account__in=accounts, business_date__gte=since).order_by()
    states: defaultdict[int, dict[date, str]] = defaultdict(dict)
    for account_id, day, state in rows.values_list("account_id", "business_date", "state"):
        states[account_id][day] = state
    return states
