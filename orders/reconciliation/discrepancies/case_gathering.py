"""From rows to cases: the surroundings of up to some hundred discrepancies of one account, in a bounded number of
queries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from orders.models import Discrepancy, GatewayAccount, SettlementTerms
from orders.models import DiscrepancyType as T
from orders.modifications.situation import capability_of
from orders.reconciliation.calendar import Terms
from orders.reconciliation.discrepancies.alike import alike_items, alike_lines, brothers
from orders.reconciliation.discrepancies.case import Case, ItemFacts, LineFacts
from orders.reconciliation.discrepancies.expecting import expectations
from orders.reconciliation.discrepancies.surroundings import (
    Surroundings,
    item_of,
    item_of_movement,
    line_facts,
    payment_facts,
    surroundings_of,
)

RELATED = ("line__file", "modification", "movement", "transaction")
NOT_LOOKED_AT = ("modification__body", "modification__headers", "movement__facts", "transaction__facts")
"""Large columns that no case needs."""


def cases_of(account: GatewayAccount, rows: Collection[Discrepancy], *, today: date) -> list[Case]:
    """A case for each row, in their order. The rows are of this account and come with RELATED loaded."""
    row_of_terms = SettlementTerms.objects.filter(account=account).first()
    terms = Terms.of(row_of_terms)
    around = surroundings_of(account, rows)
    lines = {row.pk: line_facts(row.line) for row in rows if row.line is not None}
    items = {row.pk: item for row in rows if (item := _item_of(row, around)) is not None}
    missed = [items[row.pk] for row in rows if row.type == T.OURS_NOT_THEIRS and row.pk in items]
    strange = [lines[row.pk] for row in rows if row.type in (T.THEIRS_NOT_OURS, T.AMBIGUOUS) and row.pk in lines]
    like_lines = alike_lines(account, missed, terms)
    like_items = alike_items(account, strange, terms)
    expected = expectations(account, missed, terms)
    parts = [(row.pk, lines[row.pk]) for row in rows if row.type == T.AMOUNT and row.pk in lines]
    payments = {around.transactions[pk].pk for pk, _ in parts if pk in around.transactions}
    families = brothers(account, parts, payments) if payments else {}
    captures_itself = capability_of(account).auto_capture
    found = []
    for row in rows:
        line, item, payment = lines.get(row.pk), items.get(row.pk), around.transactions.get(row.pk)
        found.append(
            Case(
                id=row.pk,
                type=row.type,
                amount=row.amount,
                difference=row.difference,
                currency=row.currency,
                occurred_on=row.occurred_on,
                today=today,
                terms=terms,
                line=line,
                item=item,
                transaction=payment_facts(payment) if payment else None,
                items=tuple(around.items.get(payment.pk, ())) if payment else (),
                met_by=_other_lines(around, item, line),
                alike_lines=like_lines.get(item.key, ()) if item else (),
                alike_items=like_items.get(line.identity, ()) if line else (),
                brothers=families.get(row.pk, ()),
                expectation=expected.get(item.key) if item else None,
                elsewhere=around.elsewhere.get(row.pk),
                expected_fee=_expected_fee(row_of_terms, item, line),
                auto_capture=captures_itself,
            )
        )
    return found


def _item_of(row: Discrepancy, around: Surroundings) -> ItemFacts | None:
    if row.movement is not None:
        return item_of_movement(row.movement, around.met_by)
    return item_of(row.modification, around.met_by) if row.modification is not None else None


def _other_lines(around: Surroundings, item: ItemFacts | None, line: LineFacts | None) -> tuple[LineFacts, ...]:
    met = around.met_by.get(item.key, []) if item else []
    return tuple(one for one in met if line is None or one.identity != line.identity)


def _expected_fee(terms: SettlementTerms | None, item: ItemFacts | None, line: LineFacts | None) -> int | None:
    """Basis points of the amount, half up, and the fixed part where it is of this currency; minor units."""
    if terms is None or terms.fee_basis_points is None:
        return None
    amount = item.amount if item else abs(line.gross) if line else 0
    currency = item.currency if item else line.currency if line else ""
    fixed = terms.fee_fixed if terms.fee_currency in ("", currency) else 0
    return (amount * terms.fee_basis_points + 5_000) // 10_000 + fixed
