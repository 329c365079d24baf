"""What else could be meant: lines and movements that met nothing and have the same kind, amount and currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from orders.database import Among
from orders.models import (
    Discrepancy,
    DiscrepancyType,
    ExternalMovement,
    FileState,
    GatewayAccount,
    Modification,
    ModificationState,
    SettlementLine,
)
from orders.reconciliation.calendar import Terms, last_day_in_time
from orders.reconciliation.discrepancies.case import ItemFacts, LineFacts
from orders.reconciliation.discrepancies.facts_of_values import (
    LINE_COLUMNS,
    items_of_modifications,
    items_of_movements,
    line_facts,
    through,
)
from orders.reconciliation.discrepancies.surroundings import item_key, items_met

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
    unmet = unmet.filter(amount__in={item.amount for item in dated}).order_by("line_id")
    by_sum: defaultdict[_Sum, list[LineFacts]] = defaultdict(list)
    for values in unmet.values_list(*through("line", LINE_COLUMNS))[:_ROWS_MAXIMUM]:
        line = line_facts(values)
        by_sum[_sum_of_line(line)].append(line)
    return {
        item.key: tuple(line for line in by_sum[_sum_of_item(item)] if _in_time(item, line, terms))[:_KEPT]
        for item in dated
    }


def alike_items(
    account: GatewayAccount, lines: Collection[LineFacts], terms: Terms
) -> dict[str, tuple[ItemFacts, ...]]:
    """For each line, by its identity, the movements that met nothing and could be its own. Four queries:
    most that have the amount have met, so of all only the ids are read."""
    if not lines:
        return {}
    first = min(line.booked_on for line in lines) - _FAR_BACK
    last = max(line.booked_on for line in lines) + _EARLY
    amounts = {abs(line.gross) for line in lines}
    ours = list(_modifications(account, amounts, first, last).values_list("pk", "transaction_id")[:_ROWS_MAXIMUM])
    foreign = list(items_of_movements(_movements(account, amounts, first, last)[:_ROWS_MAXIMUM], ()))
    met = items_met({payment for _, payment in ours} | {item.transaction_id for item in foreign})
    unmet = [pk for pk, _ in ours if item_key(pk, None) not in met]
    of_ours = items_of_modifications(Modification.objects.filter(pk__in=unmet).order_by("pk"), ()) if unmet else ()
    by_sum: defaultdict[_Sum, list[ItemFacts]] = defaultdict(list)
    for item in (*of_ours, *(item for item in foreign if item.key not in met)):
        by_sum[_sum_of_item(item)].append(item)
    return {
        line.identity: tuple(item for item in by_sum[_sum_of_line(line)] if _in_time(item, line, terms))[:_KEPT]
        for line in lines
    }


def brothers(
    account: GatewayAccount, lines: Iterable[tuple[int, LineFacts]], transactions: Collection[int]
) -> dict[int, tuple[LineFacts, ...]]:
    """For each discrepancy the other unmet lines of its payment and kind. Two queries."""
    wanted = dict(lines)
    unmet = Discrepancy.objects.unsettled().filter(
        Among("transaction_id", transactions), account=account, line__isnull=False
    )
    rows = unmet.filter(type__in=(*_UNMET, DiscrepancyType.AMOUNT)).order_by("line_id")
    by_payment: defaultdict[tuple[int | None, str], list[tuple[int, int]]] = defaultdict(list)
    for pk, payment, type, line_id in rows.values_list("pk", "transaction_id", "line__type", "line_id")[:_ROWS_MAXIMUM]:
        by_payment[payment, type].append((pk, line_id))
    families = [family for family in by_payment.values() if len(family) > 1 and any(pk in wanted for pk, _ in family)]
    facts = _lines({line_id for family in families for _, line_id in family})
    return {
        pk: tuple(facts[line_id] for other, line_id in family if other != pk)
        for family in families
        for pk, _ in family
        if pk in wanted
    }


def _lines(ids: Collection[int]) -> dict[int, LineFacts]:
    rows = SettlementLine.objects.filter(pk__in=ids).values_list(*LINE_COLUMNS) if ids else ()
    return {line.id: line for line in map(line_facts, rows)}


def _modifications(account: GatewayAccount, amounts: set[int], first: date, last: date) -> QuerySet[Modification]:
    return Modification.objects.filter(
        merchant_id=account.merchant_id,
        account=account,
        state=ModificationState.SUCCEEDED,
        requested_at__gte=_midnight(first),
        requested_at__lt=_midnight(last + _EARLY),
        amount__in=amounts,
    ).order_by("pk")


def _movements(account: GatewayAccount, amounts: set[int], first: date, last: date) -> QuerySet[ExternalMovement]:
    return ExternalMovement.objects.filter(
        account=account,
        kind__in=("capture", "refund", "chargeback"),
        amount__in=amounts,
        seen_at__gte=_midnight(first),
        seen_at__lt=_midnight(last + _LATE),
    ).order_by("pk")


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
