"""A merchant's morning: the answer, the figures and the lists that make them, and the nights behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from orders.models import DiscrepancyType, JobRun, Merchant
from orders.presenters.reconciliation.nights_steps import NightShown, night_shown, step_of
from orders.presenters.reconciliation.words import worth_text
from orders.reconciliation.nights.due import NIGHT, REPORT
from orders.sentences import counted


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure of the report and the list that makes it."""

    label: str
    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class ReportShown:
    """A merchant's morning."""

    merchant: Merchant
    day: date
    answer: str
    tone: str
    figures: tuple[Figure, ...]
    books: str
    books_tone: str
    nights: tuple[NightShown, ...]
    report: NightShown | None


def report_of(merchant: Merchant, day: date) -> ReportShown | None:
    """Everything of one morning; None where no night of that date has begun."""
    rows = list(
        JobRun.objects.filter(merchant=merchant, business_date=day, job__in=[NIGHT, REPORT])
        .select_related("account")
        .order_by("account__name", "pk")
    )
    if not rows:
        return None
    report = next((row for row in rows if row.job == REPORT), None)
    figures = step_of(report, "figures")
    books: Mapping[str, Any] = figures.get("figures", {}).get("books", {})
    found = bool(figures.get("figures", {}).get("types"))
    return ReportShown(
        merchant=merchant,
        day=day,
        answer=figures.get("sentence") or "The night is still running; its answer follows when all accounts are done.",
        tone="busy" if not figures else "careful" if found else "good",
        figures=_figures(report),
        books=books.get("sentence", ""),
        books_tone="quiet" if books.get("ok", True) else "bad",
        nights=tuple(night_shown(row, row.account.name if row.account else "") for row in rows if row.job == NIGHT),
        report=night_shown(report, "Report") if report else None,
    )


def _figures(report: JobRun | None) -> tuple[Figure, ...]:
    if report is None:
        return ()
    figures = step_of(report, "figures").get("figures", {})
    types: dict[str, dict[str, dict[str, int]]] = figures.get("types", {})
    shown = [
        Figure(
            label=str(kind.label),
            text=_missed(types[kind.value]),
            url=reverse("orders:discrepancy_list") + f"?type={kind.value}&merchant={report.merchant_id}",
        )
        for kind in DiscrepancyType
        if kind.value in types
    ]
    expiring: dict[str, dict[str, int]] = step_of(report, "expiring").get("figures", {}).get("currencies", {})
    if expiring:
        text = f"{counted(_count(expiring), 'authorization')}, {_worth(expiring)} not captured"
        shown.append(Figure(label="Ending soon", text=text, url=reverse("orders:order_list") + "?flag=expiring"))
    if figures.get("drifts"):
        text = counted(figures["drifts"], "field")
        shown.append(Figure(label="Differs from the gateway", text=text, url=reverse("orders:drift_list")))
    if figures.get("closed"):
        text = counted(figures["closed"], "thing no longer true", "things no longer true")
        shown.append(Figure(label="Closed months", text=text, url=reverse("orders:month_list")))
    return tuple(shown)


def _missed(currencies: Mapping[str, Mapping[str, int]]) -> str:
    worth = _worth(currencies)
    return counted(_count(currencies), "discrepancy", "discrepancies") + (f", {worth}" if worth else "")


def _count(currencies: Mapping[str, Mapping[str, int]]) -> int:
    return sum(one["count"] for one in currencies.values())


def _worth(currencies: Mapping[str, Mapping[str, int]]) -> str:
    return worth_text({currency: one["amount"] for currency, one in currencies.items()})
