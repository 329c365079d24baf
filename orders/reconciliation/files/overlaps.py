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


def mark_overlaps(file: SettlementFile, *, replaces_id: int | None, renew: Callable[[], None]) -> None:
    """Mark the lines of a file under way that count in another applied file, but for the one it replaces.

    In short transactions; `renew` is called in each of them. Repeating changes nothing.
    """
    lines = SettlementLine.objects.filter(file=file)
    found = lines.aggregate(Min("booked_on"), Max("booked_on"), Min("number"), Max("number"))
    if found["number__max"] is None:
        return
    without = {file.pk} | ({replaces_id} if replaces_id else set())
    others = neighbours(file.account_id, found["booked_on__min"], found["booked_on__max"], without=without)
    if not others:
        return
    twins = SettlementLine.objects.filter(
        account_id=file.account_id, identity=OuterRef("identity"), file_id__in=others, overlap=False
    )
    pace, number = Pace(), found["number__min"]
    while number <= found["number__max"]:
        until = number + pace.size
        with pace.timed(), database_transaction.atomic():
            renew()
            some = lines.filter(number__gte=number, number__lt=until, overlap=False)
            some.filter(Exists(twins)).update(overlap=True)
        number = until


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
