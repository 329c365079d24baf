"""Months as pages show them: which are open, what stops the signature, what two people signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Min, Sum
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
    """One account with its months, newest first."""

    account: GatewayAccount
    rows: tuple[MonthRow, ...]


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
    unsettled: tuple[Discrepancy, ...]
    unsettled_more: bool
    figures: tuple[tuple[str, tuple[Figure, ...]], ...]
    history: tuple[MonthClose, ...]


def months_of(person: User) -> tuple[AccountMonths, ...]:
    """Accounts with settlement files, in a few queries however many months there are."""
    accounts = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(person)).order_by(
        "merchant__name", "name"
    )
    firsts = dict(
        SettlementFile.objects.filter(account__in=accounts, state=FileState.APPLIED)
        .values_list("account")
        .annotate(first=Min("business_date"))
    )
    closes = _latest_closes(MonthClose.objects.filter(account__in=firsts))
    waiting = _unsettled(firsts)
    return tuple(
        AccountMonths(
            account=account,
            rows=tuple(
                _row(month, closes.get((account.pk, month.first)), waiting[account.pk, month.first])
                for month in _months_since(firsts[account.pk])
            ),
        )
        for account in accounts.select_related("merchant")
        if account.pk in firsts
    )


def page_of(account: GatewayAccount, month: Month, person: User) -> MonthPage:
    """One month with its checklist, as this person may act on it."""
    history = tuple(
        MonthClose.objects.filter(account=account, month=month.first)
        .select_related("proposed_by", "decided_by", "reopened_by")
        .order_by("-round")
    )
    row = history[0] if history else None
    live = row if row is not None and row.state in (MonthState.PROPOSED, MonthState.CLOSED) else None
    items = checklist(account, month) if live is None or live.state == MonthState.PROPOSED else ()
    left = list(
        Discrepancy.objects.filter(account=account, month__lte=month.first).unsettled().order_by("-amount", "pk")[:51]
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
        may_sign="close_month" in permissions_of(person, account.merchant_id),
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
        .annotate(count=Count("pk"), amount=Sum("amount"))
        .order_by("currency")
    )
    found: dict[tuple[int, date], list[str]] = defaultdict(list)
    for account, month, currency, count, amount in rows:
        found[account, month].append(f"{count} worth {money_text(amount, currency)}")
    return found


def _months_since(first: date) -> list[Month]:
    month = Month.of(timezone.now().date())
    months = [month]
    while month.first > first and len(months) < MONTHS_SHOWN:
        month = month.previous
        months.append(month)
    return months


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
