"""What else could be meant: lines and movements that met nothing and have the same kind, amount and currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from orders.models import (
    Discrepancy,
    DiscrepancyType,
    ExternalMovement,
    FileState,
    GatewayAccount,
    Modification,
    ModificationState,
)
from orders.reconciliation.calendar import Terms, last_day_in_time
from orders.reconciliation.discrepancies.case import ItemFacts, LineFacts
from orders.reconciliation.discrepancies.surroundings import (
    MODIFICATION_COLUMNS,
    MOVEMENT_COLUMNS,
    item_of,
    item_of_movement,
    line_facts,
    lines_met,
)

_EARLY, _LATE = timedelta(days=1), timedelta(days=10)
"""A line is booked at most so long before its movement by our clock, and so long after its last day in time."""
_FAR_BACK = timedelta(days=45)
_KEPT = 10
_ROWS_MAXIMUM = 20_000
_UNMET = (DiscrepancyType.THEIRS_NOT_OURS, DiscrepancyType.AMBIGUOUS)
_Sum = tuple[str, int, str]
"""Kind, amount and currency."""


def alike_lines(
    account: GatewayAccount, items: Collection[ItemFacts], terms: Terms
) -> dict[str, tuple[LineFacts, ...]]:
    """For each item, by its key, the lines that met nothing and could be its own. One query.

    What met nothing stands as an unsettled discrepancy, so no line is searched for among millions.
    """
    dated = [item for item in items if item.at is not None]
    if not dated:
        return {}
    first = min(item.at.date() for item in dated if item.at)
    unmet = Discrepancy.objects.unsettled().filter(account=account, type__in=_UNMET, line__isnull=False)
    unmet = unmet.filter(line__booked_on__gte=first - _EARLY, line__overlap=False, line__file__state=FileState.APPLIED)
    unmet = unmet.filter(amount__in={item.amount for item in dated}).select_related("line__file")
    by_sum: defaultdict[_Sum, list[LineFacts]] = defaultdict(list)
    for row in unmet.order_by("line_id")[:_ROWS_MAXIMUM]:
        assert row.line is not None
        line = line_facts(row.line)
        by_sum[_sum_of_line(line)].append(line)
    return {
        item.key: tuple(line for line in by_sum[_sum_of_item(item)] if _in_time(item, line, terms))[:_KEPT]
        for item in dated
    }


def alike_items(
    account: GatewayAccount, lines: Collection[LineFacts], terms: Terms
) -> dict[str, tuple[ItemFacts, ...]]:
    """For each line, by its identity, the movements that met nothing and could be its own. Four queries."""
    if not lines:
        return {}
    first = min(line.booked_on for line in lines) - _FAR_BACK
    last = max(line.booked_on for line in lines) + _EARLY
    amounts = {abs(line.gross) for line in lines}
    items = [*_modifications(account, amounts, first, last), *_movements(account, amounts, first, last)]
    met = lines_met({item.transaction_id for item in items})
    by_sum: defaultdict[_Sum, list[ItemFacts]] = defaultdict(list)
    for item in items:
        if item.key not in met:
            by_sum[_sum_of_item(item)].append(replace(item, met=False))
    return {
        line.identity: tuple(item for item in by_sum[_sum_of_line(line)] if _in_time(item, line, terms))[:_KEPT]
        for line in lines
    }


def brothers(
    account: GatewayAccount, lines: Iterable[tuple[int, LineFacts]], transactions: Collection[int]
) -> dict[int, tuple[LineFacts, ...]]:
    """For each discrepancy the other unmet lines of its payment and kind. One query."""
    wanted = dict(lines)
    unmet = Discrepancy.objects.unsettled().filter(transaction_id__in=transactions, account=account, line__isnull=False)
    rows = unmet.filter(type__in=(*_UNMET, DiscrepancyType.AMOUNT)).select_related("line__file").order_by("line_id")
    by_payment: defaultdict[tuple[int | None, str], list[tuple[int, LineFacts]]] = defaultdict(list)
    for row in rows[:_ROWS_MAXIMUM]:
        assert row.line is not None
        by_payment[row.transaction_id, row.line.type].append((row.pk, line_facts(row.line)))
    found: dict[int, tuple[LineFacts, ...]] = {}
    for family in by_payment.values():
        for pk, _ in family:
            if pk in wanted:
                found[pk] = tuple(line for other, line in family if other != pk)
    return found


def _modifications(account: GatewayAccount, amounts: set[int], first: date, last: date) -> Sequence[ItemFacts]:
    rows = Modification.objects.filter(
        merchant_id=account.merchant_id,
        account=account,
        state=ModificationState.SUCCEEDED,
        requested_at__gte=_midnight(first),
        requested_at__lt=_midnight(last + _EARLY),
        amount__in=amounts,
    )
    found = (item_of(row, {}) for row in rows.only(*MODIFICATION_COLUMNS).order_by("pk")[:_ROWS_MAXIMUM])
    return [item for item in found if item is not None]


def _movements(account: GatewayAccount, amounts: set[int], first: date, last: date) -> Sequence[ItemFacts]:
    rows = ExternalMovement.objects.filter(
        account=account,
        kind__in=("capture", "refund", "chargeback"),
        amount__in=amounts,
        seen_at__gte=_midnight(first),
        seen_at__lt=_midnight(last + _LATE),
    )
    return [item_of_movement(row, {}) for row in rows.only(*MOVEMENT_COLUMNS).order_by("pk")[:_ROWS_MAXIMUM]]


def _in_time(item: ItemFacts, line: LineFacts, terms: Terms) -> bool:
    if item.at is None:
        return False
    return item.at.date() - _EARLY <= line.booked_on <= last_day_in_time(terms, item.at) + _LATE


def _sum_of_line(line: LineFacts) -> _Sum:
    return line.type, line.gross, line.currency


def _sum_of_item(item: ItemFacts) -> _Sum:
    return item.kind, item.signed, item.currency


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)
