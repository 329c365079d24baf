"""What a month was closed with and holds no longer: a file was corrected, or a line met, after two people had signed.

Nothing of a closed month changes, and so nothing of it opens anew; the night in which it comes to light says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Abs
from django.db.models.lookups import GreaterThan

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    FileState,
    JobRun,
    MonthClose,
    MonthState,
    SettlementLine,
)
from orders.models.discrepancy import BESIDE, DECIDED, STANDING, TELL_BY_LINE
from orders.money import Money
from orders.reconciliation.matching.whereabouts import as_number, counting_matches, left_of_its
from orders.reconciliation.nights.due import NIGHT, Due
from orders.reconciliation.nights.errands import Told
from orders.reconciliation.nights.words import counted

STEP = "closed"
_BESIDE = (*BESIDE, DiscrepancyType.REMAINDER)
_ABOUT_OURS = (DiscrepancyType.OURS_NOT_THEIRS, *TELL_BY_LINE)
_NAMED, _KEPT, _NIGHTS_ASKED = 3, 1_000, 10


@dataclass(frozen=True, kw_only=True)
class Lost:
    """One discrepancy of a closed month, and what became of its end, as the rest of a sentence."""

    row: Discrepancy
    what: str

    @property
    def sentence(self) -> str:
        """For staff."""
        row = self.row
        named = f" {row.reference}" if row.reference else ""
        worth = Money(row.worth, row.currency)
        return f"“{row.get_type_display()}”{named} of {worth} in {row.month:%B %Y} {self.what}"


def watch_closed_months(due: Due) -> Told:
    """Tell what closed months hold no longer; what an earlier night has told is only counted."""
    lost = list(lost_grounds(due.account.pk))
    if not lost:
        return Told(sentence="What closed months were signed with still holds.", figures={"ids": []})
    told = _told_before(due)
    new = [one for one in lost if one.row.pk not in told]
    ids = [one.row.pk for one in lost][:_KEPT]
    hold = counted(len(lost), "thing that a month was closed with does", "things that months were closed with do")
    if not new:
        sentence = f"As earlier nights told, {hold} not hold any more."
        return Told(sentence=sentence, figures={"ids": ids, "first": ids[0]})
    named = "; ".join(one.sentence for one in new[:_NAMED])
    more = f"; and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
    sentence = (
        f"{hold[:1].upper()}{hold[1:]} not hold any more, {len(new)} newly: {named}{more}. The signed reports stay as "
        "they are; reopen the month with a reason to work on it."
    )
    return Told(sentence=sentence, figures={"ids": ids, "first": new[0].row.pk, "broken": True})


def lost_grounds(account_id: int) -> Iterator[Lost]:
    """Discrepancies of closed months whose end is not true any more, oldest first in each way of losing it."""
    closed = MonthClose.objects.filter(
        account=account_id, state=MonthState.CLOSED, month__lte=OuterRef("month"), until__gt=OuterRef("month")
    )
    rows = Discrepancy.objects.filter(Exists(closed), account=account_id).exclude(type__in=_BESIDE).order_by("pk")
    met_then = Q(state=DiscrepancyState.VANISHED, resolution__startswith="It has met") | Q(
        state=DiscrepancyState.RESOLVED, fix__in=("link", "adopt")
    )
    yield from _lost(_line_alone(rows.filter(met_then)), "had met, and its line has no movement any more")
    named_then = met_then | Q(state=DiscrepancyState.VANISHED, resolution__startswith="A line for this movement")
    yield from _lost(
        _item_alone(rows.filter(named_then), than=Value(0)),
        "had met, and lines that count are not all of this movement now",
    )
    decided = rows.filter(state__in=DECIDED)
    yield from _lost(_met_since(decided), "was settled by hand, and has met since the month was closed")
    yield from _lost(
        _item_alone(decided, than=Abs(F("difference"))), "was settled by hand, and lines cover less of it now"
    )
    yield from _lost(
        _replaced_since(decided), "was settled by hand, and its line stands in a file that was replaced since"
    )


def _lost(rows: QuerySet[Discrepancy], what: str) -> Iterator[Lost]:
    return (Lost(row=row, what=what) for row in rows)


def _line_alone(rows: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
    """The same line counts, perhaps in a corrected file, has met nothing, and no other discrepancy speaks of it."""
    told = Discrepancy.objects.filter(line=OuterRef("pk"), state__in=STANDING).exclude(type__in=_BESIDE)
    alone = SettlementLine.objects.filter(
        ~Exists(counting_matches().filter(line=OuterRef("pk"))),
        ~Exists(told),
        account=OuterRef("account"),
        identity=OuterRef("line__identity"),
        overlap=False,
        file__state=FileState.APPLIED,
    )
    return rows.filter(Exists(alone), line__isnull=False)


def _item_alone(rows: QuerySet[Discrepancy], *, than: Combinable) -> QuerySet[Discrepancy]:
    """Its movement was overdue then; counting lines leave more of it open `than` so much (minor units), and no other
    discrepancy names it."""
    left = as_number(left_of_its("orders_discrepancy"))
    missed = rows.filter(GreaterThan(left, than), line__isnull=True, type=DiscrepancyType.OURS_NOT_THEIRS)
    for side in ("modification", "movement"):
        told = Discrepancy.objects.filter(state__in=STANDING, **{side: OuterRef(side)}).exclude(pk=OuterRef("pk"))
        missed = missed.exclude(Exists(told))
    return missed


def _met_since(rows: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
    """By its line, or where it is about a movement of ours by that, in a run that ended after the second signature."""
    signed = MonthClose.objects.filter(
        account=OuterRef("run__account"), state=MonthState.CLOSED, decided_at__lt=OuterRef("run__finished_at")
    )
    month = OuterRef(OuterRef("month"))
    later = Exists(signed.filter(month__lte=month, until__gt=month))
    found = Q(Exists(counting_matches().filter(later, line=OuterRef("line"))), line__isnull=False)
    for side in ("modification", "movement"):
        of_side = counting_matches().filter(later, transaction=OuterRef("transaction"), **{side: OuterRef(side)})
        found |= Q(Exists(of_side), type__in=_ABOUT_OURS)
    return rows.filter(found)


def _replaced_since(rows: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
    signed = MonthClose.objects.filter(
        account=OuterRef("account"),
        state=MonthState.CLOSED,
        month__lte=OuterRef("month"),
        until__gt=OuterRef("month"),
        decided_at__lt=OuterRef("line__file__replaced_by__applied_at"),
    )
    return rows.filter(Exists(signed), line__file__state=FileState.REPLACED)


def _told_before(due: Due) -> set[int]:
    """What the newest earlier night of this account that looked has told."""
    rows: Iterable[dict[str, Any]] = (
        JobRun.objects.filter(job=NIGHT, account=due.account, business_date__lt=due.day)
        .order_by(F("business_date").desc())
        .values_list("steps", flat=True)[:_NIGHTS_ASKED]
    )
    return next((set(steps[STEP]["figures"].get("ids", ())) for steps in rows if STEP in steps), set())
