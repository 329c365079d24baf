"""A line that an earlier file brought already counts there, and not again; when that file is replaced, here after all.

The day of booking is part of a line's identity, so only files whose days meet can share lines.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db import transaction as database_transaction
from django.db.models import Exists, Max, Min, OuterRef

from orders.models import FileState, SettlementFile, SettlementLine
from orders.reconciliation.files.pace import Pace


def neighbours(account_id: int, first: date, last: date, *, without: set[int]) -> list[int]:
    """Applied files of the account that hold lines of these days."""
    files = SettlementFile.objects.filter(account_id=account_id, state=FileState.APPLIED)
    days = files.filter(first_booked_on__lte=last, last_booked_on__gte=first)
    return list(days.exclude(pk__in=without).order_by("pk").values_list("pk", flat=True))


def mark_overlaps(
    file: SettlementFile, first: date, last: date, *, replaces_id: int | None, renew: Callable[[], None]
) -> int:
    """Mark the lines of a file under way that count in another applied file, but for the one it replaces.

    `first` and `last` are the days its lines are booked on. In short transactions, `renew` called in each of them.
    Repeating changes nothing. Returns how many were marked now.
    """
    without = {file.pk} | ({replaces_id} if replaces_id else set())
    others = neighbours(file.account_id, first, last, without=without)
    if not others:
        return 0
    lines = SettlementLine.objects.filter(file=file)
    ends = lines.aggregate(Min("number"), Max("number"))
    twins = SettlementLine.objects.filter(
        account_id=file.account_id, identity=OuterRef("identity"), file_id__in=others, overlap=False
    )
    pace, number, marked = Pace(), ends["number__min"], 0
    while number <= ends["number__max"]:
        until = number + pace.size
        with pace.timed(), database_transaction.atomic():
            renew()
            some = lines.filter(number__gte=number, number__lt=until, overlap=False)
            marked += some.filter(Exists(twins)).update(overlap=True)
        number = until
    return marked


def lines_to_revive(replaced: SettlementFile, correction: SettlementFile) -> list[int]:
    """Keys of lines in third files that count again when the correction takes the replaced file's place.

    They overlap with a line of the replaced file that the correction no longer holds; of several, the first file's.
    """
    if replaced.first_booked_on is None or replaced.last_booked_on is None:
        return []
    without = {replaced.pk, correction.pk}
    others = neighbours(replaced.account_id, replaced.first_booked_on, replaced.last_booked_on, without=without)
    if not others:
        return []
    same = SettlementLine.objects.filter(account_id=replaced.account_id, identity=OuterRef("identity"))
    rows = (
        SettlementLine.objects.filter(file_id__in=others, overlap=True)
        .filter(Exists(same.filter(file=replaced, overlap=False)))
        .exclude(Exists(same.filter(file=correction)))
        .exclude(Exists(same.filter(file_id__in=others, overlap=False)))
        .order_by("file_id", "number")
        .values_list("identity", "pk")
    )
    first: dict[object, int] = {}
    for identity, key in rows.iterator():
        first.setdefault(identity, key)
    return list(first.values())
