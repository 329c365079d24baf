"""The list of discrepancies: what needs somebody first, how much it is worth, and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Case, ExpressionWrapper, Q, QuerySet, Value, When
from django.db.models.functions import Least

from orders.models import Discrepancy, DiscrepancyState, DiscrepancyType, Membership, Merchant
from orders.models.discrepancy import WORTH
from orders.presenters.paging import cut
from orders.reconciliation.ageing import BUCKETS, bucket_of
from orders.templatetags.presentation import money_text

ROWS_PER_PAGE = 50
COUNTED_TO = 10_000
PEOPLE_SHOWN = 200
URGENCY, AGE = "urgency", "age"
SORTS = ((URGENCY, "Most urgent first"), (AGE, "Oldest first"))
STATE_TONES = {
    DiscrepancyState.OPEN: "careful",
    DiscrepancyState.WAITING: "busy",
    DiscrepancyState.RESOLVED: "good",
    DiscrepancyState.ACCEPTED: "good",
    DiscrepancyState.WRITTEN_OFF: "quiet",
    DiscrepancyState.VANISHED: "quiet",
}
_TYPE_WEIGHTS = {
    DiscrepancyType.SETTLED_THOUGH_FAILED: 8,
    DiscrepancyType.CHARGEBACK_AFTER_REFUND: 8,
    DiscrepancyType.REMAINDER: 2,
    DiscrepancyType.FEE: 2,
    DiscrepancyType.LATE: 1,
}
_OTHER_TYPES_WEIGHT = 4
# Keeps the product within 64 bits, and lets a row without value still grow older.
_VALUE_MAXIMUM, _VALUE_MINIMUM = 10**15, 100


@dataclass(frozen=True, kw_only=True)
class Row:
    """One discrepancy in the list, as texts."""

    pk: int
    version: int
    type: str
    state: str
    state_tone: str
    sentence: str
    reference: str
    account: str
    occurred_on: date
    age: str
    age_tone: str
    value: str
    cause: str
    confidence: int
    owner: str
    due_on: date | None
    overdue: bool
    unsettled: bool


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How many the filters find and what they are worth by currency; counted to COUNTED_TO."""

    count: str
    one: bool
    values: tuple[str, ...]
    capped: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the list; `after` leads to the next one and is empty on the last."""

    rows: tuple[Row, ...]
    summary: Summary
    after: str
    first: bool


def page_of(rows: QuerySet[Discrepancy], *, unsettled: bool, sort: str, after: str, today: date) -> Page:
    """The rows behind the place `after`: by urgency or age while unsettled, newest first when closed. Two queries."""
    key, ordered = _ordered(rows, unsettled=unsettled, sort=sort, after=after, today=today)
    shown = cut(ordered.select_related("account", "owner"), ROWS_PER_PAGE, place=lambda one: _place(key, one))
    return Page(
        rows=tuple(row_of(one, today) for one in shown.rows),
        summary=summary_of(rows, unsettled=unsettled),
        after=shown.after,
        first=_read_place(after) is None,
    )


def row_of(discrepancy: Discrepancy, today: date) -> Row:
    """The discrepancy with its account and owner loaded."""
    days = max(0, (today - discrepancy.occurred_on).days)
    return Row(
        pk=discrepancy.pk,
        version=discrepancy.version,
        type=discrepancy.get_type_display(),
        state=discrepancy.get_state_display(),
        state_tone=tone_of(discrepancy),
        sentence=discrepancy.sentence,
        reference=discrepancy.reference,
        account=discrepancy.account.name,
        occurred_on=discrepancy.occurred_on,
        age="today" if not days else f"{days} day{'s' if days > 1 else ''}",
        age_tone=_age_tone(discrepancy, today),
        value=money_text(discrepancy.worth, discrepancy.currency),
        cause=discrepancy.get_cause_display() if discrepancy.cause else "",
        confidence=discrepancy.confidence,
        owner=discrepancy.owner.get_username() if discrepancy.owner else "",
        due_on=discrepancy.due_on,
        overdue=discrepancy.unsettled and discrepancy.due_on is not None and discrepancy.due_on < today,
        unsettled=discrepancy.unsettled,
    )


def tone_of(discrepancy: Discrepancy) -> str:
    """The tone of the discrepancy's state."""
    return STATE_TONES[DiscrepancyState(discrepancy.state)]


def summary_of(rows: QuerySet[Discrepancy], *, unsettled: bool) -> Summary:
    """One query over at most COUNTED_TO rows, along the index that the list itself walks."""
    rows = rows.order_by() if unsettled else rows.order_by("-pk")
    try:
        capped, parameters = rows.annotate(value=WORTH).values("currency", "value")[:COUNTED_TO].query.sql_with_params()
    except EmptyResultSet:  # somebody without a merchant, or a filter that nothing can fit
        return Summary(count="0", one=False, values=(), capped=False)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT currency, COUNT(*), SUM(value) FROM ({capped}) AS capped "  # noqa: S608  # our own words
            "GROUP BY currency ORDER BY currency",
            parameters,
        )
        sums = cursor.fetchall()
    count = sum(number for _, number, _ in sums)
    return Summary(
        count=f"{count:,}" + ("+" if count >= COUNTED_TO else ""),
        one=count == 1,
        values=tuple(money_text(int(value), currency) for currency, _, value in sums if value),
        capped=count >= COUNTED_TO,
    )


def people_of(person: User) -> list[tuple[int, str]]:
    """Who may own discrepancies that this person sees: who reconciles at the person's merchants, by name."""
    may = (
        Q(user__groups__permissions__codename="reconcile")
        | Q(user__user_permissions__codename="reconcile")
        | Q(user__is_superuser=True)
    )
    members = Membership.objects.filter(may, merchant__in=Merchant.objects.of(person), user__is_active=True)
    names = members.order_by("user__username").values_list("user_id", "user__username").distinct()
    return list(names[:PEOPLE_SHOWN])


def urgency(today: date) -> ExpressionWrapper[Any]:
    """Value × age × kind, as one whole number.

    Values of different currencies are compared by their minor units: no rate of exchange is known here, and it only
    orders a list.
    """
    value = Least(WORTH, Value(_VALUE_MAXIMUM)) + Value(_VALUE_MINIMUM)
    ages = [
        When(occurred_on__gte=oldest, then=Value(bucket.weight))
        for bucket in BUCKETS
        if (oldest := bucket.oldest_day(today)) is not None
    ]
    types = [When(type=name, then=Value(weight)) for name, weight in _TYPE_WEIGHTS.items()]
    age = Case(*ages, default=Value(BUCKETS[-1].weight), output_field=BigIntegerField())
    type_ = Case(*types, default=Value(_OTHER_TYPES_WEIGHT), output_field=BigIntegerField())
    return ExpressionWrapper(value * age * type_, output_field=BigIntegerField())


def _ordered(
    rows: QuerySet[Discrepancy], *, unsettled: bool, sort: str, after: str, today: date
) -> tuple[str, QuerySet[Discrepancy]]:
    """The name of the key column, and the rows in its order behind the place."""
    place = _read_place(after)
    if not unsettled:
        rows = rows.order_by("-pk")
        return "pk", rows if place is None else rows.filter(pk__lt=place[1])
    if sort == AGE:
        rows = rows.order_by("occurred_on", "pk")
        day = None if place is None else _day(place[0])
        if place is None or day is None:
            return "occurred_on", rows
        return "occurred_on", rows.filter(occurred_on__gte=day).exclude(occurred_on=day, pk__lte=place[1])
    rows = rows.annotate(urgency=urgency(today)).order_by("-urgency", "pk")
    if place is not None:
        rows = rows.filter(Q(urgency__lt=place[0]) | Q(urgency=place[0], pk__gt=place[1]))
    return "urgency", rows


def _place(key: str, row: Any) -> str:
    """Where a page ended, as a word for the address: the key as a whole number, and the id."""
    value = getattr(row, key)
    return f"{value.toordinal() if isinstance(value, date) else value}.{row.pk}"


def _read_place(text: str) -> tuple[int, int] | None:
    """The place in an address; None for anything damaged, which shows the first page."""
    parts: Sequence[str] = text.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def _day(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if 0 < ordinal <= date.max.toordinal() else None


def _age_tone(discrepancy: Discrepancy, today: date) -> str:
    if not discrepancy.unsettled:
        return "quiet"
    bucket = bucket_of(today, discrepancy.occurred_on)
    return "bad" if bucket.last is None else "careful" if bucket.first >= 4 else "quiet"
