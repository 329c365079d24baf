"""Reading what surrounds discrepancies, for many at once: payments, what moved on them, and the lines it has met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from orders.database import Among
from orders.models import ExternalMovement, GatewayAccount, Modification
from orders.reconciliation.discrepancies.case import Elsewhere, ItemFacts, LineFacts, TransactionFacts
from orders.reconciliation.discrepancies.facts_of_values import (
    LINE_COLUMNS,
    items_of_modifications,
    items_of_movements,
    line_facts,
    through,
)
from orders.reconciliation.discrepancies.payments_named import find_payments
from orders.reconciliation.matching.whereabouts import counting_matches


@dataclass(kw_only=True)
class Surroundings:
    """What is known around the discrepancies of one account, by discrepancy and by payment."""

    payments: dict[int, TransactionFacts] = field(default_factory=dict)
    """The payment of each discrepancy."""
    elsewhere: dict[int, Elsewhere] = field(default_factory=dict)
    items: dict[int, list[ItemFacts]] = field(default_factory=dict)
    """What moved, may move or failed to, by payment."""
    met_by: dict[str, list[LineFacts]] = field(default_factory=dict)
    """The lines that an item has met, by the item's key."""


def surroundings_of(
    account: GatewayAccount, payments: Mapping[int, TransactionFacts], lines: Mapping[int, LineFacts]
) -> Surroundings:
    """Read in a number of queries that does not grow with the discrepancies, whose payments and lines are given by the
    discrepancy's id. Where no payment is given, its line may name one."""
    named, elsewhere = find_payments(account, {pk: line for pk, line in lines.items() if pk not in payments})
    found = Surroundings(payments={**payments, **named}, elsewhere=elsewhere)
    ids = {payment.id for payment in found.payments.values()}
    found.met_by = lines_met(ids)
    found.items = items_of(ids, found.met_by)
    return found


def items_of(transaction_ids: Collection[int], met: Container[str]) -> dict[int, list[ItemFacts]]:
    """Everything of these payments that moved, may move or failed to, ours first, in the order it came."""
    ours = Modification.objects.filter(Among("transaction_id", transaction_ids)).order_by("requested_at", "id")
    foreign = ExternalMovement.objects.filter(Among("transaction_id", transaction_ids), amount__gt=0).order_by("pk")
    found: defaultdict[int, list[ItemFacts]] = defaultdict(list)
    for item in items_of_modifications(ours, met):
        found[item.transaction_id].append(item)
    for item in items_of_movements(foreign.filter(kind__in=("capture", "refund", "chargeback")), met):
        found[item.transaction_id].append(item)
    return dict(found)


def lines_met(transaction_ids: Collection[int]) -> dict[str, list[LineFacts]]:
    """The lines that count, by the key of the item they met, as they came."""
    matches = counting_matches().filter(Among("transaction_id", transaction_ids)).order_by("line_id", "pk")
    found: defaultdict[str, list[LineFacts]] = defaultdict(list)
    columns = ("modification_id", "movement_id", *through("line", LINE_COLUMNS))
    for modification_id, movement_id, *line in matches.values_list(*columns):
        found[item_key(modification_id, movement_id)].append(line_facts(line))
    return dict(found)


def items_met(transaction_ids: Collection[int]) -> set[str]:
    """The keys of the items of these payments that a counting line has met."""
    if not transaction_ids:
        return set()
    matches = counting_matches().filter(Among("transaction_id", transaction_ids))
    return {item_key(*ids) for ids in matches.values_list("modification_id", "movement_id")}


def item_key(modification_id: Any, movement_id: int | None) -> str:
    """The key of the item with one of these ids."""
    return str(modification_id) if modification_id else f"m{movement_id}"
