"""Refunds of one payment whose answers came or did not, and the lines of files about them, on days around today."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from orders.gateways.base import Kind
from orders.models import (
    Discrepancy,
    Match,
    Modification,
    MonthClose,
    ReconciliationRun,
    SettlementFile,
    Transaction,
)
from orders.reconciliation.runs import rematch
from tests.factories import a_person
from tests.modifications import steps
from tests.modifications.steps import answered, armed, asked, fresh
from tests.reconciliation.runs.bringing import bring_and_work


def today(days: int = 0) -> date:
    """The day of a test's modifications, or so many days later."""
    return timezone.now().date() + timedelta(days=days)


def a_done_refund(transaction: Transaction) -> Modification:
    row = asked(fresh(transaction), Kind.REFUND, 2_500)
    return answered(armed(row), steps.success(row))


def an_unknown_refund(transaction: Transaction) -> Modification:
    return answered(armed(asked(fresh(transaction), Kind.REFUND, 2_500)), steps.unknown())


def a_pending_refund(transaction: Transaction) -> Modification:
    return answered(armed(asked(fresh(transaction), Kind.REFUND, 2_500)), steps.pending())


def a_failed_refund(transaction: Transaction) -> Modification:
    return answered(armed(asked(fresh(transaction), Kind.REFUND, 2_500)), steps.declined())


def a_refund_line(
    transaction: Transaction | None = None,
    *,
    reference: str = "rec-9",
    ours: str = "",
    day: date,
    gross: str = "-25.00",
) -> str:
    """A refund of 25.00 as a settlement file lists it; `ours` is what it says in the place of our reference."""
    payment = transaction.reference if transaction is not None else "T-strange"
    return f"{reference},{payment},{ours},refund,{gross},0.00,{gross},EUR,{day},"


def a_closed_month(transaction: Transaction, by: User) -> MonthClose:
    """The month of today, signed by this person and another."""
    first, now = today().replace(day=1), timezone.now()
    return MonthClose.objects.create(
        merchant=transaction.merchant,
        account=transaction.account,
        month=first,
        until=(first + timedelta(days=32)).replace(day=1),
        round=1,
        state="closed",
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=by,
        proposed_at=now,
        decided_by=a_person("sue"),
        decided_at=now,
    )


def brought(transaction: Transaction, *lines: str, name: str = "settlement.csv") -> SettlementFile:
    return bring_and_work(transaction.account, *lines, name=name)[0]


def a_night(transaction: Transaction) -> ReconciliationRun:
    """What the books know by now meets the lines that are left."""
    run = rematch(transaction.account, today(1))
    assert not run.problem
    return run


def met() -> list[Modification | None]:
    """What counting matches hold, in their order."""
    rows = Match.objects.filter(ended_at__isnull=True, run__state="applied").select_related("modification")
    return [row.modification for row in rows.order_by("pk")]


def types() -> list[str]:
    """What is unsettled, by the order in which it was found."""
    return list(Discrepancy.objects.unsettled().order_by("pk").values_list("type", flat=True))
