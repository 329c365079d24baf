"""Finding what a person may see of the reconciliation: rows of their merchants or 404; and the day it is for them."""

from __future__ import annotations

from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from orders.database import database_now
from orders.models import (
    FileState,
    Match,
    Merchant,
    ReconciliationRun,
    RunKind,
    RunState,
    SettlementFile,
    SettlementLine,
)
from orders.permissions import permissions_of
from orders.presenters.reconciliation.words import today_in
from orders.views.scope import StaffRequest, require
from orders.views.shell import shell_for

Row = TypeVar("Row")

_NOTHING = "There is nothing here for you."


def file_for(person: User, file_id: int) -> SettlementFile:
    """The file with its merchant, account, profile and predecessor; trials of the laboratory are no files."""
    rows = SettlementFile.objects.of(person).select_related(
        "merchant", "account", "profile", "received_by", "replaces", "replaced_by"
    )
    return _found(rows.filter(pk=file_id).first(), person)


def run_for(person: User, run_id: int) -> ReconciliationRun:
    """The run with its account and file; trials are the laboratory's."""
    rows = runs_of(person).select_related("merchant", "account", "file", "profile", "started_by")
    return _found(rows.filter(pk=run_id).first(), person)


def runs_of(person: User) -> QuerySet[ReconciliationRun]:
    """The runs of the person's merchants; that somebody set a file aside is no pass over its lines."""
    rows = ReconciliationRun.objects.exclude(state=RunState.TRIAL).exclude(kind=RunKind.PERSON, file__isnull=False)
    return rows if person.is_superuser and person.is_active else rows.filter(merchant__in=Merchant.objects.of(person))


def line_for(person: User, line_id: int) -> SettlementLine:
    """The line with its file, account and merchant; trial lines are the laboratory's."""
    rows = SettlementLine.objects.select_related("file__merchant", "file__profile", "account")
    found = rows.filter(pk=line_id).exclude(file__state=FileState.TRIAL).first()
    if found is not None:
        _visible(found.file.merchant_id, person)
    return _found(found, person)


def match_for(person: User, match_id: int) -> Match:
    """The match with its line, file, run and our side; matches of trials are the laboratory's."""
    rows = Match.objects.select_related(
        "line__file__merchant",
        "run",
        "account",
        "modification",
        "movement",
        "transaction__order",
        "made_by",
        "ended_by",
    )
    found = rows.filter(pk=match_id).exclude(run__state=RunState.TRIAL).first()
    if found is not None:
        _visible(found.line.file.merchant_id, person)
    return _found(found, person)


def require_at(person: User, word: str, merchant_id: int) -> None:
    """Refuse whoever lacks this permission at this merchant. Raises PermissionDenied with a sentence."""
    if word not in permissions_of(person, merchant_id):
        raise PermissionDenied(
            f"You do not have the “{word}” permission. Ask an administrator of your merchant for it."
        )


def today_of(request: StaffRequest) -> date:
    """The day it is for the person's merchants when they share a time zone; otherwise in UTC."""
    zones = {merchant.time_zone for merchant in shell_for(request).merchants}
    return today_in(_zone(next(iter(zones)) if len(zones) == 1 else "UTC"), database_now())


def _visible(merchant_id: int, person: User) -> None:
    if not Merchant.objects.of(person).filter(pk=merchant_id).exists():
        raise Http404(_NOTHING)


def _found(row: Row | None, person: User) -> Row:
    if row is None:
        raise Http404(_NOTHING)
    require(person, "view")
    return row


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
