"""Months as pages show them: which are open, what stops the signature, what two people signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from orders.models import (
    Discrepancy,
    FileState,
    GatewayAccount,
    Merchant,
    MonthClose,
    MonthState,
    SettlementFile,
)
from orders.models.discrepancy import WORTH
from orders.permissions import permissions_of
from orders.reconciliation.months.checklist import Item, checklist, stops
from orders.reconciliation.months.closing import why_not
from orders.reconciliation.months.period import Month
from orders.templatetags.presentation import money_text

MONTHS_SHOWN = 13
TONES = {
    MonthState.PROPOSED: "careful",
    MonthState.CLOSED: "good",
    MonthState.WITHDRAWN: "quiet",
    MonthState.REOPENED: "careful",
}


@dataclass(frozen=True, kw_only=True)
class MonthRow:
    """One month of one account in the list."""

    month: Month
    word: str
    tone: str
    unsettled: str
    row: MonthClose | None


@dataclass(frozen=True, kw_only=True)
class AccountMonths:
    """One account with its months, newest first; `earlier` ones follow folded."""

    account: GatewayAccount
    rows: tuple[MonthRow, ...]
    earlier: tuple[MonthRow, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the figures of a currency."""

    label: str
    text: str


@dataclass(frozen=True, kw_only=True)
class MonthPage:
    """Everything of one month's page."""

    account: GatewayAccount
    month: Month
    word: str
    tone: str
    row: MonthClose | None
    items: tuple[Item, ...]
    stopped: bool
    why_not_first: str
    why_not_second: str
    may_sign: bool
    may_export: bool
    unsettled: tuple[Discrepancy, ...]
    unsettled_more: bool
    figures: tuple[tuple[str, tuple[Figure, ...]], ...]
    history: tuple[MonthClose, ...]


def months_of(person: User) -> tuple[AccountMonths, ...]:
    """Accounts with anything to close, and every month of theirs that holds anything, in a few queries however many
    months there are."""
    accounts = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(person)).order_by(
        "merchant__name", "name"
    )
    there = _months_with_anything(accounts)
    closes = _latest_closes(MonthClose.objects.filter(account__in=there).defer("report"))
    waiting = _unsettled(there)
    return tuple(
        _account_months(
            account,
            [
                _row(month, closes.get((account.pk, month.first)), waiting[account.pk, month.first])
                for month in _months_since(there[account.pk])
            ],
        )
        for account in accounts.select_related("merchant")
        if account.pk in there
    )


def _account_months(account: GatewayAccount, rows: list[MonthRow]) -> AccountMonths:
    return AccountMonths(account=account, rows=tuple(rows[:MONTHS_SHOWN]), earlier=tuple(rows[MONTHS_SHOWN:]))


def _months_with_anything(accounts: QuerySet[GatewayAccount]) -> dict[int, set[Month]]:
    """By account: months of files that count, of discrepancies however they stand, and those that somebody signed."""
    files = SettlementFile.objects.filter(account__in=accounts, state=FileState.APPLIED, business_date__isnull=False)
    told = Discrepancy.objects.filter(account__in=accounts).order_by()
    signed = MonthClose.objects.filter(account__in=accounts).order_by()
    found: dict[int, set[Month]] = defaultdict(set)
    for rows in (
        files.order_by().annotate(of=TruncMonth("business_date")).values_list("account", "of").distinct(),
        told.values_list("account", "month").distinct(),
        signed.values_list("account", "month").distinct(),
    ):
        for account_id, first in rows:
            found[account_id].add(Month.of(first))
    return dict(found)


def page_of(account: GatewayAccount, month: Month, person: User) -> MonthPage:
    """One month with its checklist, as this person may act on it."""
    history = tuple(
        MonthClose.objects.filter(account=account, month=month.first)
        .select_related("proposed_by", "decided_by", "reopened_by")
        .order_by("-round")
    )
    permissions = permissions_of(person, account.merchant_id)
    row = history[0] if history else None
    live = row if row is not None and row.state in (MonthState.PROPOSED, MonthState.CLOSED) else None
    items = checklist(account, month) if live is None or live.state == MonthState.PROPOSED else ()
    left = list(
        Discrepancy.objects.filter(account=account, month__lte=month.first)
        .unsettled()
        .order_by(WORTH.desc(), "pk")[:51]
    )
    return MonthPage(
        account=account,
        month=month,
        word=_word(live),
        tone=_tone(live),
        row=live,
        items=items,
        stopped=bool(stops(items)),
        why_not_first=why_not(person, account.merchant_id),
        why_not_second=why_not(person, account.merchant_id, row=live) if live else "",
        may_sign="close_month" in permissions,
        may_export="export" in permissions,
        unsettled=tuple(left[:50]),
        unsettled_more=len(left) > 50,
        figures=_figures(live.report.get("figures", {})) if live else (),
        history=history,
    )


def figures_of(report: Mapping[str, Any]) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
    """The figures of a signed report, for print."""
    return _figures(report.get("figures", {}))


def _latest_closes(rows: Iterable[MonthClose]) -> dict[tuple[int, date], MonthClose]:
    """The last round of each month."""
    found: dict[tuple[int, date], MonthClose] = {}
    for row in sorted(rows, key=lambda one: one.round):
        found[row.account_id, row.month] = row
    return found


def _unsettled(accounts: Iterable[int]) -> dict[tuple[int, date], list[str]]:
    rows = (
        Discrepancy.objects.filter(account__in=list(accounts))
        .unsettled()
        .values_list("account", "month", "currency")
        .annotate(count=Count("pk"), total=Sum(WORTH))
        .order_by("currency")
    )
    found: dict[tuple[int, date], list[str]] = defaultdict(list)
    for account, month, currency, count, worth in rows:
        found[account, month].append(f"{count} worth {money_text(worth, currency)}")
    return found


def _months_since(there: set[Month]) -> list[Month]:
    """Newest first: what holds anything, also in months to come, and the last year's months between."""
    month = Month.of(timezone.now().date())
    between = [month]
    while month > min(there) and len(between) < MONTHS_SHOWN:
        month = month.previous
        between.append(month)
    return sorted({*there, *between}, reverse=True)


def _row(month: Month, close: MonthClose | None, unsettled: list[str]) -> MonthRow:
    return MonthRow(month=month, word=_word(close), tone=_tone(close), unsettled=", ".join(unsettled), row=close)


def _word(row: MonthClose | None) -> str:
    return "Open" if row is None else MonthState(row.state).label


def _tone(row: MonthClose | None) -> str:
    return "busy" if row is None else TONES[MonthState(row.state)]


LABELS = {
    "lines": "Their lines, gross",
    "items": "Our movements",
    "on_the_way": "On the way",
    "differences": "Tolerated differences",
    "discrepancies": "Discrepancies",
    "missing": "Unexplained",
    "fee": "Fees",
    "net": "Net",
    "paid_out": "Paid out",
}


def _figures(figures: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
    return tuple(
        (
            currency,
            tuple(
                Figure(label=LABELS.get(name, name.replace("_", " ").capitalize()), text=money_text(amount, currency))
                for name, amount in sorted(amounts.items(), key=lambda one: _place(one[0]))
                if isinstance(amount, int) and not isinstance(amount, bool)
            ),
        )
        for currency, amounts in sorted(figures.items())
    )


def _place(name: str) -> tuple[int, str]:
    names = list(LABELS)
    return (names.index(name) if name in names else len(names), name)
