"""The books of the reconciliation: files, lines, runs, matches, discrepancies, nights, months. Read only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from orders.admin.scope import ReadOnly
from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    Drift,
    JobRun,
    Match,
    MonthClose,
    ReconciliationRun,
    SettlementBadLine,
    SettlementFile,
    SettlementFilePart,
    SettlementLine,
    SettlementProfile,
    SettlementTerms,
)
from orders.money import Money

COUNTED_TO = 1_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than people leaf: lines and matches come by the million."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or COUNTED_TO."""
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED_TO].count())


class Many(ReadOnly):
    """Rows of a table that grows by the million."""

    paginator = CappedPaginator


@admin.register(SettlementTerms)
class SettlementTermsAdmin(ReadOnly):
    merchant_path = "account__merchant"
    list_display = ("id", "account", "time_zone", "cut_off", "delay_days", "patience_days", "expected_from")
    list_select_related = ("account",)
    ordering = ("account__name",)


@admin.register(SettlementProfile)
class SettlementProfileAdmin(ReadOnly):
    merchant_path = "account__merchant"
    list_display = ("id", "account", "name", "version", "state", "tolerance_minor", "tolerance_days", "activated_at")
    list_filter = ("state",)
    list_select_related = ("account",)
    ordering = ("-id",)


@admin.register(SettlementFile)
class SettlementFileAdmin(ReadOnly):
    list_display = ("id", "name", "account", "business_date", "state", "lines", "bad_lines", "received_at")
    list_filter = ("state",)
    list_select_related = ("account",)
    ordering = ("-id",)


@admin.register(SettlementFilePart)
class SettlementFilePartAdmin(Many):
    merchant_path = "file__merchant"
    exclude = ("content",)
    list_display = ("id", "file", "number")
    list_select_related = ("file",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content")


@admin.register(SettlementBadLine)
class SettlementBadLineAdmin(Many):
    merchant_path = "file__merchant"
    list_display = ("id", "file", "number", "reason")
    list_select_related = ("file",)
    ordering = ("-id",)


@admin.register(SettlementLine)
class SettlementLineAdmin(Many):
    merchant_path = "account__merchant"
    list_display = ("id", "file", "number", "type", "amount", "booked_on", "reference", "overlap")
    list_select_related = ("file",)
    ordering = ("-id",)

    @admin.display(description="gross")
    def amount(self, line: SettlementLine) -> str:
        return str(Money(line.gross, line.currency))


@admin.register(ReconciliationRun)
class ReconciliationRunAdmin(ReadOnly):
    list_display = ("id", "account", "kind", "business_date", "state", "stage", "started_at", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("account",)
    ordering = ("-id",)


@admin.register(Match)
class MatchAdmin(Many):
    merchant_path = "account__merchant"
    list_display = ("id", "run", "line", "transaction", "rule", "amount", "difference", "ended_at")
    list_filter = ("rule",)
    list_select_related = ("run", "line", "transaction")
    ordering = ("-id",)


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnly):
    list_display = ("id", "account", "type", "state", "value", "occurred_on", "cause", "owner", "due_on")
    list_filter = ("state", "type")
    list_select_related = ("account", "owner")
    ordering = ("-id",)

    @admin.display(description="value")
    def value(self, discrepancy: Discrepancy) -> str:
        return str(Money(discrepancy.amount, discrepancy.currency))


@admin.register(DiscrepancyEntry)
class DiscrepancyEntryAdmin(Many):
    merchant_path = "discrepancy__merchant"
    list_display = ("id", "discrepancy", "at", "actor", "verb", "text")
    list_select_related = ("discrepancy", "actor")
    ordering = ("-id",)


@admin.register(JobRun)
class JobRunAdmin(ReadOnly):
    list_display = ("id", "job", "subject", "business_date", "state", "started_at", "finished_at")
    list_filter = ("state", "job")
    ordering = ("-id",)


@admin.register(Drift)
class DriftAdmin(ReadOnly):
    list_display = ("id", "transaction", "field", "ours", "theirs", "state", "seen_at", "decided_by")
    list_filter = ("state",)
    list_select_related = ("transaction", "decided_by")
    ordering = ("-id",)


@admin.register(MonthClose)
class MonthCloseAdmin(ReadOnly):
    list_display = ("id", "account", "month", "round", "state", "proposed_by", "decided_by")
    list_filter = ("state",)
    list_select_related = ("account", "proposed_by", "decided_by")
    ordering = ("-month", "-id")
