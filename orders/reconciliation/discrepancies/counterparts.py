"""What the other side of a discrepancy may be: lines for a movement of ours, movements of ours for a line."""

from __future__ import annotations

from dataclasses import dataclass

from orders.database import database_now
from orders.models import Discrepancy, DiscrepancyType
from orders.reconciliation.discrepancies.case import Case, ItemFacts, LineFacts
from orders.reconciliation.discrepancies.case_gathering import cases_of
from orders.reconciliation.discrepancies.hypotheses.words import day, worth

_MOST = 10


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One possible other side: the word and value that `details` of a link take, and what a person reads."""

    field: str
    """`line`, `modification` or `movement`."""
    value: str
    label: str


def choices_of(row: Discrepancy) -> tuple[Choice, ...]:
    """The most alike first, at most ten; none is no proof that there is none. The row comes with account
    loaded."""
    case = cases_of(row.account, [row.pk], today=database_now().date(), with_apart=True)[0]
    if row.type == DiscrepancyType.OURS_NOT_THEIRS:
        return tuple(_choice_of_line(line) for line in case.alike_lines[:_MOST])
    return tuple(_choice_of_item(item) for item in _movements(case)[:_MOST])


def _movements(case: Case) -> list[ItemFacts]:
    """What is alike anywhere, then what the payment itself has of the line's kind; only what met nothing."""
    own = [item for item in case.items if item.moved and not item.met and case.line and item.kind == case.line.type]
    return list({item.key: item for item in (*case.alike_items, *own)}.values())


def _choice_of_line(line: LineFacts) -> Choice:
    label = f"{line.type.capitalize()} of {worth(line)}, {day(line.booked_on)}, {line.reference or 'no reference'}"
    return Choice(field="line", value=str(line.id), label=f"{label} (line {line.number} of {line.file_name})")


def _choice_of_item(item: ItemFacts) -> Choice:
    on = f", {day(item.at.date())}" if item.at else ""
    label = f"{item.kind.capitalize()} of {worth(item)}{on}, {item.reference or 'no reference'}"
    if item.ours:
        return Choice(field="modification", value=item.key, label=label)
    return Choice(field="movement", value=item.key.removeprefix("m"), label=f"{label} (not asked for by us)")
