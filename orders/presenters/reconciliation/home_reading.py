"""What the reconciliation's home reads: a fixed number of queries over small tables and partial indexes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Max, Sum

from orders.models import Discrepancy, FileState, ReconciliationRun, RunKind, RunStage, RunState, SettlementFile
from orders.models.discrepancy import WORTH
from orders.reconciliation.files.setting_aside import still_asking

DAYS_SHOWN = 30
UPLOAD_FOR = timedelta(hours=1)
"""An upload that began longer ago was given up; nobody waits for it."""
_RUNS_MAXIMUM = 2000


@dataclass(frozen=True, kw_only=True)
class Unsettled:
    """Unsettled discrepancies alike in all that is told beside them: how many, and what they are worth."""

    account_id: int
    type: str
    state: str
    occurred_on: date
    currency: str
    count: int
    worth: int
    own: bool = False
    """Whether the person who looks proposed to write them off."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """An applied file with the figures of its run."""

    account_id: int
    day: date
    file_id: int
    lines: int
    totals: dict[str, Any]
    figures: dict[str, Any]
    done: bool
    """Whether everything was typed and explained; until then nobody may say that all of it met."""


@dataclass(frozen=True, kw_only=True)
class Moving:
    """A file that does not count yet, or one that was refused and still asks for something."""

    account_id: int
    file_id: int
    name: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Everything the home knows."""

    unsettled: tuple[Unsettled, ...]
    last_days: dict[int, date]
    """The last business day of which a file counts, by account."""
    arrivals: tuple[Arrival, ...]
    moving: tuple[Moving, ...]
    missed: tuple[str, ...] = field(default=())
    """Nights that did not run, as sentences."""


def read_home(person: User, *, today: date, now: datetime, account: int | None = None) -> Reading:
    """For all the person's accounts, or for one of them."""
    only = {} if account is None else {"account_id": account}
    last_days = _last_days(person, only)
    return Reading(
        unsettled=_unsettled(person, only),
        last_days=last_days,
        arrivals=_arrivals(person, only, since=_since(last_days.values(), today)),
        moving=_moving(person, only, now),
    )


def _since(last_days: Collection[date], today: date) -> date:
    """So many days back from the last day that anything came."""
    return max(last_days, default=today) - timedelta(days=DAYS_SHOWN - 1)


def _unsettled(person: User, only: dict[str, int]) -> tuple[Unsettled, ...]:
    rows = (
        Discrepancy.objects.of(person)
        .unsettled()
        .filter(**only)
        .order_by()
        .values_list("account_id", "type", "state", "occurred_on", "currency", "proposed_by_id")
        .annotate(count=Count("pk"), value=Sum(WORTH))
    )
    return tuple(
        Unsettled(
            account_id=account,
            type=type_,
            state=state,
            occurred_on=day,
            currency=currency,
            count=count,
            worth=worth,
            own=proposer == person.pk,
        )
        for account, type_, state, day, currency, proposer, count, worth in rows
    )


def _last_days(person: User, only: dict[str, int]) -> dict[int, date]:
    rows = (
        SettlementFile.objects.of(person)
        .filter(state=FileState.APPLIED, **only)
        .order_by()
        .values_list("account_id")
        .annotate(Max("business_date"))
    )
    return {account: day for account, day in rows if day is not None}


def _arrivals(person: User, only: dict[str, int], *, since: date) -> tuple[Arrival, ...]:
    rows = (
        ReconciliationRun.objects.filter(
            file__in=SettlementFile.objects.of(person).filter(
                state=FileState.APPLIED, business_date__gte=since, **only
            ),
            kind=RunKind.FILE,
            state=RunState.APPLIED,
        )
        .order_by("-business_date", "-pk")
        .values_list("account_id", "business_date", "file_id", "file__lines", "file__totals", "figures", "stage")
    )
    return tuple(
        Arrival(
            account_id=account,
            day=day,
            file_id=file_id or 0,
            lines=lines or 0,
            totals=totals if isinstance(totals, dict) else {},
            figures=figures if isinstance(figures, dict) else {},
            done=stage == RunStage.DONE,
        )
        for account, day, file_id, lines, totals, figures, stage in rows[:_RUNS_MAXIMUM]
    )


def _moving(person: User, only: dict[str, int], now: datetime) -> tuple[Moving, ...]:
    files = SettlementFile.objects.of(person).filter(**only)
    waiting = files.filter(state__in=[FileState.WAITING, FileState.LOADING])
    arriving = files.filter(state=FileState.RECEIVING, received_at__gte=now - UPLOAD_FOR)
    refused = files.filter(pk__in=still_asking(files).values("pk"))
    rows = (waiting | arriving | refused).order_by("-pk").values_list("account_id", "pk", "name", "state")
    return tuple(
        Moving(account_id=account, file_id=pk, name=name, state=state) for account, pk, name, state in rows[:50]
    )
