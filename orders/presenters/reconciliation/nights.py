"""The nights as their pages show them: which ran, what each step came to, and the report of a merchant's morning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse

from orders.database import database_now
from orders.models import DiscrepancyType, GatewayAccount, JobRun, JobState, Merchant
from orders.presenters.reconciliation.words import counted, sums_text
from orders.reconciliation import calendar
from orders.reconciliation.nights.due import BOOKS, NIGHT, REPORT, begins_at, newest_day, states_of, terms_of
from orders.reconciliation.nights.watch import missed
from orders.reconciliation.nights.words import BOOKS_STEPS, REPORT_STEPS, STEPS

ROWS_PER_PAGE = 30
TONES = {JobState.RUNNING: "busy", JobState.DONE: "good", JobState.FAILED: "careful"}
WORDS = {JobState.RUNNING: "Running", JobState.DONE: "Done", JobState.FAILED: "Not whole"}
_STEP_WORDS = STEPS | BOOKS_STEPS | REPORT_STEPS


@dataclass(frozen=True, kw_only=True)
class StepShown:
    """One step: its heading, what it came to, and where its rows are."""

    title: str
    sentence: str
    tone: str
    word: str
    seconds: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class NightShown:
    """One errand with its steps."""

    row: JobRun
    title: str
    tone: str
    word: str
    steps: tuple[StepShown, ...]


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
    found = list(rows.order_by("-business_date", "-pk")[: ROWS_PER_PAGE + 1])
    shown = found[:ROWS_PER_PAGE]
    first = after is None
    return Nights(
        missed=tuple(missed([merchant.pk for merchant in merchants])) if first else (),
        accounts=_accounts(merchants, database_now()) if first else (),
        reports=tuple(_report_row(row) for row in shown),
        books=_books() if first and person.is_superuser else None,
        after=f"{shown[-1].business_date}.{shown[-1].pk}" if len(found) > ROWS_PER_PAGE else "",
        first=first,
    )


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
    figures = _step(report, "figures")
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
        nights=tuple(_night(row, row.account.name if row.account else "") for row in rows if row.job == NIGHT),
        report=_night(report, "Report") if report else None,
    )


def place_from(text: str) -> tuple[date, int] | None:
    """The place in an address; None for anything damaged, which shows the first page."""
    day, _, pk = text.partition(".")
    try:
        return date.fromisoformat(day), int(pk[:18])
    except ValueError:
        return None


def _figures(report: JobRun | None) -> tuple[Figure, ...]:
    if report is None:
        return ()
    figures = _step(report, "figures").get("figures", {})
    types: dict[str, dict[str, dict[str, int]]] = figures.get("types", {})
    shown = [
        Figure(
            label=str(kind.label),
            text=f"{counted(_count(types[kind.value]), 'discrepancy', 'discrepancies')}, {_worth(types[kind.value])}",
            url=reverse("orders:discrepancy_list") + f"?type={kind.value}",
        )
        for kind in DiscrepancyType
        if kind.value in types
    ]
    expiring: dict[str, dict[str, int]] = _step(report, "expiring").get("figures", {}).get("currencies", {})
    if expiring:
        text = f"{counted(_count(expiring), 'authorization')}, {_worth(expiring)} not captured"
        shown.append(Figure(label="Ending soon", text=text, url=reverse("orders:order_list") + "?flag=expiring"))
    if figures.get("drifts"):
        text = counted(figures["drifts"], "field")
        shown.append(Figure(label="Differs from the gateway", text=text, url=reverse("orders:drift_list")))
    return tuple(shown)


def _count(currencies: Mapping[str, Mapping[str, int]]) -> int:
    return sum(one["count"] for one in currencies.values())


def _worth(currencies: Mapping[str, Mapping[str, int]]) -> str:
    return sums_text({currency: one["amount"] for currency, one in currencies.items()})


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
    figures = _step(row, "figures")
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
    return None if row is None else _night(row, "Everybody's books")


def _night(row: JobRun, title: str) -> NightShown:
    state = JobState(row.state)
    steps = tuple(_step_shown(name, row.steps[name]) for name in _STEP_WORDS if name in row.steps)
    return NightShown(row=row, title=title, tone=TONES[state], word=WORDS[state], steps=steps)


def _step_shown(name: str, step: Mapping[str, Any]) -> StepShown:
    broken = bool(step.get("figures", {}).get("broken"))
    ok = bool(step["ok"]) and not broken
    return StepShown(
        title=_STEP_WORDS[name],
        sentence=step["sentence"],
        tone="good" if ok else "bad" if broken else "careful",
        word="Done" if ok else "Broken" if broken else "Tried again",
        seconds=f"{step.get('seconds', 0):.1f} s",
        url=_where(name, step.get("figures", {})),
    )


def _where(name: str, figures: Mapping[str, Any]) -> str:
    """The list behind a step's figures."""
    if name == "match" and figures.get("run"):
        return reverse("orders:run", args=[figures["run"]])
    if name == "drift" and figures.get("open"):
        return reverse("orders:drift_list")
    kinds = {"expectations": DiscrepancyType.OURS_NOT_THEIRS, "remainder": DiscrepancyType.REMAINDER}
    if name in kinds and any(figures.values()):
        return reverse("orders:discrepancy_list") + f"?type={kinds[name].value}"
    return ""


def _step(row: JobRun | None, name: str) -> Mapping[str, Any]:
    return {} if row is None else row.steps.get(name, {})
