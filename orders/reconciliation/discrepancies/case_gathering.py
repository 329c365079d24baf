"""From rows to cases: the surroundings of up to some hundred discrepancies of one account, in a bounded number of
queries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from orders.database import Among
from orders.models import Discrepancy, ExternalMovement, GatewayAccount, Modification, SettlementTerms
from orders.models import DiscrepancyType as T
from orders.modifications.situation import capability_of
from orders.reconciliation.calendar import Terms
from orders.reconciliation.discrepancies.alike import alike_items, alike_lines, brothers
from orders.reconciliation.discrepancies.case import Case, ItemFacts, LineFacts, TransactionFacts
from orders.reconciliation.discrepancies.expecting import expectations
from orders.reconciliation.discrepancies.facts_of_values import (
    LINE_COLUMNS,
    PAYMENT_COLUMNS,
    items_of_modifications,
    items_of_movements,
    line_facts,
    payment_facts,
    through,
)
from orders.reconciliation.discrepancies.surroundings import Surroundings, item_key, surroundings_of
from orders.reconciliation.matching.partings import apart
from orders.reconciliation.matching.taken_back import taken_back


class _Row(NamedTuple):
    """One discrepancy itself. Amounts in minor units."""

    id: int
    type: str
    amount: int
    difference: int
    currency: str
    occurred_on: date
    modification_id: UUID | None
    movement_id: int | None


_OWN = len(_Row._fields)
_PAYMENT = _OWN + len(LINE_COLUMNS)


def cases_of(account: GatewayAccount, ids: Collection[int], *, today: date, with_apart: bool = False) -> list[Case]:
    """A case for each of these discrepancies of the account, in the order of their ids.

    What a person took apart is no longer alike, so that no hypothesis names it; a person who chooses sees it
    (`with_apart`).
    """
    row_of_terms = SettlementTerms.objects.filter(account=account).first()
    terms = Terms.of(row_of_terms)
    rows, lines, payments = _read(ids)
    around = surroundings_of(account, payments, lines)
    items = _items_of(rows, around)
    missed = [items[row.id] for row in rows if row.type == T.OURS_NOT_THEIRS and row.id in items]
    strange = [lines[row.id] for row in rows if row.type in (T.THEIRS_NOT_OURS, T.AMBIGUOUS) and row.id in lines]
    like_lines = alike_lines(account, missed, terms)
    like_items = alike_items(account, strange, terms)
    is_any = any(like_lines.values()) or any(like_items.values())
    parted = apart(account.pk) if is_any and not with_apart else ()
    if parted:
        like_lines = {
            key: tuple(line for line in lines if (line.identity, key) not in parted)
            for key, lines in like_lines.items()
        }
        like_items = {
            key: tuple(item for item in items if (key, item.key) not in parted) for key, items in like_items.items()
        }
    expected = expectations(account, missed, terms)
    back = taken_back({item.transaction_id for item in missed}) if missed else {}
    parts = [(row.id, lines[row.id]) for row in rows if row.type == T.AMOUNT and row.id in lines]
    of_parts = {around.payments[pk].id for pk, _ in parts if pk in around.payments}
    families = brothers(account, parts, of_parts) if of_parts else {}
    captures_itself = capability_of(account).auto_capture
    found = []
    for row in rows:
        line, item, payment = lines.get(row.id), items.get(row.id), around.payments.get(row.id)
        found.append(
            Case(
                id=row.id,
                type=row.type,
                amount=row.amount,
                difference=row.difference,
                currency=row.currency,
                occurred_on=row.occurred_on,
                today=today,
                terms=terms,
                line=line,
                item=item,
                transaction=payment,
                items=tuple(around.items.get(payment.id, ())) if payment else (),
                met_by=_other_lines(around, item, line),
                alike_lines=like_lines.get(item.key, ()) if item else (),
                alike_items=like_items.get(line.identity, ()) if line else (),
                brothers=families.get(row.id, ()),
                expectation=expected.get(item.key) if item else None,
                elsewhere=around.elsewhere.get(row.id),
                taken_back=back[item.key].sentence if item and item.key in back else "",
                expected_fee=_expected_fee(row_of_terms, item, line),
                auto_capture=captures_itself,
            )
        )
    return found


def _read(ids: Collection[int]) -> tuple[list[_Row], dict[int, LineFacts], dict[int, TransactionFacts]]:
    """The discrepancies in the order of their ids, and by id the lines and the payments that they name. One query."""
    rows, lines, payments = list[_Row](), dict[int, LineFacts](), dict[int, TransactionFacts]()
    columns = (*_Row._fields, *through("line", LINE_COLUMNS), *through("transaction", PAYMENT_COLUMNS))
    for values in Discrepancy.objects.filter(Among("pk", ids)).order_by("pk").values_list(*columns):
        row = _Row(*values[:_OWN])
        rows.append(row)
        if values[_OWN] is not None:
            lines[row.id] = line_facts(values[_OWN:_PAYMENT])
        if values[_PAYMENT] is not None:
            payments[row.id] = payment_facts(values[_PAYMENT:])
    return rows, lines, payments


def _items_of(rows: Collection[_Row], around: Surroundings) -> dict[int, ItemFacts]:
    """The movement that each discrepancy names: mostly one of its payment, whose movements are all read already."""
    known = {item.key: item for items in around.items.values() for item in items}
    named = {row.id: _key(row) for row in rows if row.modification_id or row.movement_id}
    unread = [row for row in rows if row.id in named and named[row.id] not in known]
    ours = Modification.objects.filter(pk__in={row.modification_id for row in unread if row.movement_id is None})
    foreign = ExternalMovement.objects.filter(pk__in={row.movement_id for row in unread if row.movement_id})
    if unread:
        read = (*items_of_modifications(ours, around.met_by), *items_of_movements(foreign, around.met_by))
        known |= {item.key: item for item in read}
    return {pk: known[key] for pk, key in named.items() if key in known}


def _key(row: _Row) -> str:
    return item_key(None, row.movement_id) if row.movement_id else item_key(row.modification_id, None)


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
