"""The list of nights: which ran, each account's newest one, and the reports of the mornings after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db.models import Q

from orders.database import database_now
from orders.models import GatewayAccount, JobRun, JobState, Merchant
from orders.presenters.paging import cut
from orders.presenters.reconciliation.nights_steps import TONES, WORDS, NightShown, night_shown, step_of
from orders.reconciliation import calendar
from orders.reconciliation.nights.due import BOOKS, REPORT, begins_at, newest_day, states_of, terms_of
from orders.reconciliation.nights.watch import missed

ROWS_PER_PAGE = 30


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """A report in the list."""

    merchant: Merchant
    day: date
    answer: str
    tone: str
    word: str


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    """An account's newest night and when the next one begins."""

    account: GatewayAccount
    day: date | None
    tone: str
    word: str
    begins_at: datetime


@dataclass(frozen=True, kw_only=True)
class Nights:
    """The list; `after` leads to the next page and is empty on the last."""

    missed: tuple[str, ...]
    accounts: tuple[AccountRow, ...]
    reports: tuple[ReportRow, ...]
    books: NightShown | None
    after: str
    first: bool


def nights_of(person: User, *, after: tuple[date, int] | None) -> Nights:
    """Reports, newest first, behind a place; on the first page each account's newest night too. Few queries."""
    merchants = list(Merchant.objects.of(person))
    rows = JobRun.objects.filter(job=REPORT, merchant__in=merchants).select_related("merchant")
    if after is not None:
        day, pk = after
        rows = rows.filter(Q(business_date__lt=day) | Q(business_date=day, pk__lt=pk))
    ordered = rows.order_by("-business_date", "-pk")
    shown = cut(ordered, ROWS_PER_PAGE, place=lambda row: f"{row.business_date}.{row.pk}")
    first = after is None
    return Nights(
        missed=tuple(missed([merchant.pk for merchant in merchants])) if first else (),
        accounts=_accounts(merchants, database_now()) if first else (),
        reports=tuple(_report_row(row) for row in shown.rows),
        books=_books() if first and person.is_superuser else None,
        after=shown.after,
        first=first,
    )


def place_from(text: str) -> tuple[date, int] | None:
    """The place in an address; None for anything damaged, which shows the first page."""
    day, _, pk = text.partition(".")
    try:
        return date.fromisoformat(day), int(pk[:18])
    except ValueError:
        return None


def _accounts(merchants: Sequence[Merchant], now: datetime) -> tuple[AccountRow, ...]:
    accounts = list(GatewayAccount.objects.filter(merchant__in=merchants).select_related("merchant").order_by("name"))
    terms, states = terms_of(accounts), states_of(accounts, now)
    return tuple(
        _account_row(account, states[account.pk], begins_at(one, calendar.next_business_day(one, newest_day(one, now))))
        for account in accounts
        for one in (terms[account.pk],)
    )


def _account_row(account: GatewayAccount, states: Mapping[date, str], following: datetime) -> AccountRow:
    day = max(states, default=None)
    state = None if day is None else JobState(states[day])
    return AccountRow(
        account=account,
        day=day,
        tone="quiet" if state is None else TONES[state],
        word="None yet" if state is None else WORDS[state],
        begins_at=following,
    )


def _report_row(row: JobRun) -> ReportRow:
    figures = step_of(row, "figures")
    assert row.merchant is not None
    state = JobState(row.state)
    return ReportRow(
        merchant=row.merchant,
        day=row.business_date,
        answer=figures.get("sentence", "Not made yet."),
        tone=TONES[state] if state is not JobState.DONE or not figures.get("figures", {}).get("types") else "careful",
        word=WORDS[state],
    )


def _books() -> NightShown | None:
    row = JobRun.objects.filter(job=BOOKS).order_by("-business_date").first()
    return None if row is None else night_shown(row, "Everybody's books")
