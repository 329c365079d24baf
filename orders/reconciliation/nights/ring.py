"""Whoever rings, beat or cron, comes here: the books, then the nights that are due, then their merchants' reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

import structlog

from orders.database import database_now, refuse_open_transaction
from orders.models import GatewayAccount, JobRun, Source
from orders.reconciliation import calendar
from orders.reconciliation.calendar import Terms
from orders.reconciliation.nights.books import check_books
from orders.reconciliation.nights.due import Due, delay, newest_day, nights_due, terms_of
from orders.reconciliation.nights.errands import LeaseLost
from orders.reconciliation.nights.night import run_night
from orders.reconciliation.nights.report import ReportDue, report, reports_due, tell_again

log = structlog.get_logger(__name__)
What = TypeVar("What")


class NoNight(ValueError):
    """There is no such night for this account; the message is a sentence."""


def ring(
    *,
    accounts: Sequence[GatewayAccount] | None = None,
    day: date | None = None,
    at_once: bool = False,
    letters_again: bool = False,
) -> list[JobRun]:
    """Run everything that is due, or the night of one business date; what somebody else is at is left to them.

    `accounts` come with their merchants; None is all of them. `at_once` does not wait before it repeats what failed.
    `letters_again` sends the letters of finished reports once more. Raises NoNight.
    """
    refuse_open_transaction()
    now = database_now()
    everybody = list(GatewayAccount.objects.select_related("merchant").order_by("pk"))
    chosen = everybody if accounts is None else list(accounts)
    nights = list(nights_due(chosen, now)) if day is None else _nights_of(chosen, day, now)
    rows: list[JobRun | None] = []
    if chosen:
        rows += _each([(now - delay()).date() - timedelta(days=1)], lambda one: check_books(one, at_once=at_once))
    rows += _each(nights, lambda due: run_night(due, at_once=at_once))
    merchants = {account.merchant_id for account in chosen}
    colleagues = [account for account in everybody if account.merchant_id in merchants]
    made = _each(reports_due(colleagues, database_now()), lambda due: report(due, at_once=at_once))
    rows += made
    if letters_again:
        told = {(row.merchant_id, row.business_date) for row in made if row is not None}
        again = [due for due in _newest_reports(chosen, day, now) if (due.merchant.pk, due.day) not in told]
        rows += _each(again, lambda due: tell_again(due, source=Source.COMMAND))
    return [row for row in rows if row is not None]


def _each(things: Iterable[What], work: Callable[[What], JobRun | None]) -> list[JobRun | None]:
    """One after the other; a lease that was lost to another process is that one's matter."""
    done: list[JobRun | None] = []
    for thing in things:
        try:
            done.append(work(thing))
        except LeaseLost:
            log.warning("An errand of the night was taken over by another process.", errand=str(thing))
    return done


def _nights_of(accounts: Sequence[GatewayAccount], day: date, now: datetime) -> list[Due]:
    terms = terms_of(accounts)
    refusals = [refusal for one in accounts if (refusal := _why_not(terms[one.pk], day, now))]
    if accounts and len(refusals) == len(accounts):
        raise NoNight(refusals[0])
    return [
        Due(account=one, terms=terms[one.pk], day=day, newest=day >= newest_day(terms[one.pk], now))
        for one in accounts
        if not _why_not(terms[one.pk], day, now)
    ]


def _why_not(terms: Terms, day: date, now: datetime) -> str:
    if day > calendar.last_closed(terms, now):
        return f"The business date {day} has not ended yet; nothing was run. Its night begins after the cut-off."
    if not calendar.is_business_day(terms, day):
        return f"{day} is no business day of the account, so it has no night; nothing was run."
    return ""


def _newest_reports(accounts: Sequence[GatewayAccount], day: date | None, now: datetime) -> list[ReportDue]:
    """One for each merchant, of this date or of the newest night that one of its accounts has."""
    terms = terms_of(accounts)
    newest: dict[int, ReportDue] = {}
    for account in accounts:
        chosen = day or newest_day(terms[account.pk], now)
        before = newest.get(account.merchant_id)
        if before is None or before.day < chosen:
            newest[account.merchant_id] = ReportDue(merchant=account.merchant, day=chosen, fresh=True)
    return list(newest.values())
