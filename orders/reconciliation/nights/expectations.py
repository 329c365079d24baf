"""What should be in a settlement file by now and is not: late by the account's own calendar, told by nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from orders.models import (
    Discrepancy,
    DiscrepancyType,
    ExternalMovement,
    FileState,
    GatewayAccount,
    Modification,
    ModificationState,
    SettlementFile,
    SettlementTerms,
)
from orders.models.discrepancy import STANDING
from orders.reconciliation import calendar
from orders.reconciliation.calendar import Terms
from orders.reconciliation.matching import whereabouts

MEMORY = timedelta(days=180)
"""So far back a night looks: what is older was missed by the nights of its own time."""
_ASKED_BEFORE = timedelta(days=90)
"""A modification is executed within this time after it was asked for; by the time of asking it is found."""


def expected_since(account: GatewayAccount, terms: Terms) -> datetime | None:
    """From when on money is expected in files: as the account's terms say, else since its first file's days were due.

    None where no file was ever applied and the terms name no day: then nothing is expected.
    """
    row = SettlementTerms.objects.filter(account=account).first()
    if row is not None and row.expected_from is not None:
        return calendar.start_of(terms, row.expected_from)
    applied = SettlementFile.objects.filter(account=account, state=FileState.APPLIED, first_booked_on__isnull=False)
    first = applied.order_by("first_booked_on").values_list("first_booked_on", flat=True).first()
    if first is None:
        return None
    return calendar.start_of(terms, calendar.add_business_days(terms, first, -terms.delay_days))


def late_modifications(account: GatewayAccount, since: datetime, before: datetime) -> QuerySet[Modification]:
    """Captures and refunds of ours that were executed in this time and that counting lines do not
    cover to the last minor unit."""
    since = max(since, before - MEMORY)
    rows = Modification.objects.filter(
        merchant_id=account.merchant_id,
        account=account,
        state=ModificationState.SUCCEEDED,
        requested_at__gte=since - _ASKED_BEFORE,
    )
    rows = rows.filter(
        Q(kind__in=["capture", "refund", "void"]) | Q(kind="cancel_or_refund", executed_kind="refund")
    ).exclude(gateway_reference="")
    moved_at = Coalesce("gateway_at", "finished_at")
    rows = rows.filter(GreaterThanOrEqual(moved_at, since), LessThan(moved_at, before))
    left = whereabouts.left_of_modification("orders_modification")
    return rows.filter(_is_missing("modification_id", "orders_modification", left)).order_by(moved_at, "pk")


def late_movements(account: GatewayAccount, since: datetime, before: datetime) -> QuerySet[ExternalMovement]:
    """The same of what moved at the gateway without us; not of what a line says of a failed one of ours: its
    discrepancy tells that money."""
    rows = ExternalMovement.objects.filter(account=account, kind__in=["capture", "refund", "chargeback"], amount__gt=0)
    executed_at, since = Coalesce("moved_at", "seen_at"), max(since, before - MEMORY)
    rows = rows.filter(GreaterThanOrEqual(executed_at, since), LessThan(executed_at, before))
    paid = Discrepancy.objects.filter(
        type=DiscrepancyType.SETTLED_THOUGH_FAILED,
        modification=OuterRef("modification"),
        line__file__state=FileState.APPLIED,
        line__overlap=False,
        state__in=STANDING,
    )
    rows = rows.exclude(Exists(paid), modification__isnull=False)
    left = whereabouts.left_of_movement("orders_externalmovement")
    return rows.filter(_is_missing("movement_id", "orders_externalmovement", left)).order_by(executed_at, "pk")


def _is_missing(column: str, table: str, left: str) -> RawSQL:
    """By the rule that the balance follows: lines do not cover it whole, and no discrepancy tells where the rest is."""
    return RawSQL(whereabouts.is_missing(column, table, left), (), output_field=BooleanField())  # noqa: S611  # our own words
