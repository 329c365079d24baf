"""Reading an order for its page, so that the parts fit together although each is a query of its own.

Modifications are read first and money after them. When a worker writes a result in between, the page shows a
modification as still open beside figures that are newer: it goes on polling and is right a moment later. The other way
round it would see the end, stop polling, and keep old figures for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, QuerySet

from orders.models import Capture, Discrepancy, ExternalMovement, Match, Modification, Transaction

MODIFICATIONS_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Everything the moving part of an order page is made of; without transactions the order may be a stranger's."""

    modifications: Sequence[Modification]
    transactions: Sequence[Transaction]
    captures: Sequence[Capture]
    movements: Sequence[ExternalMovement]


def read_order(order_id: int, person: User) -> Reading:
    """A fixed number of queries whatever is on the order. Nothing of it may be shown when no transaction was found."""
    modifications = modifications_of(order_id)
    transactions = transactions_of(order_id, person)
    return Reading(
        modifications=modifications,
        transactions=transactions,
        captures=list(Capture.objects.filter(transaction__in=transactions)) if transactions else [],
        movements=_movements_of(transactions),
    )


def transactions_of(order_id: int, person: User) -> list[Transaction]:
    """The order's transactions with everything joined that the page asks of them; those with money first."""
    movements = ExternalMovement.objects.filter(transaction=OuterRef("pk"))
    lines = Match.objects.filter(transaction=OuterRef("pk"))
    discrepancies = Discrepancy.objects.filter(transaction=OuterRef("pk"))
    return list(
        Transaction.objects.of(person)
        .filter(order_id=order_id)
        .select_related("account", "merchant", "order__merchant", "order__account")
        .annotate(moved_outside=Exists(movements), settled=Exists(lines) | Exists(discrepancies))
        .order_by("-authorized", "pk")
    )


def modifications_of(order_id: int) -> list[Modification]:
    """Newest first; when there are very many, open ones come before finished ones are cut off."""
    rows = _shown(order_id).select_related("account", "requested_by", "plan").defer("body", "headers")
    return sorted(rows[:MODIFICATIONS_SHOWN], key=lambda row: row.requested_at, reverse=True)


def marks_of(order_id: int) -> list[Modification]:
    """The same modifications with only what tells whether the page must be drawn anew."""
    rows = _shown(order_id).only("state", "attempts_made", "lookups_made", "due_at", "reason_text")
    return list(rows[:MODIFICATIONS_SHOWN])


def _shown(order_id: int) -> QuerySet[Modification]:
    rows = Modification.objects.filter(transaction__order=order_id)
    return rows.order_by(F("finished_at").desc(nulls_first=True), "-pk")


def _movements_of(transactions: Iterable[Transaction]) -> list[ExternalMovement]:
    """What moved without our asking; no query when nothing did."""
    touched = [transaction for transaction in transactions if getattr(transaction, "moved_outside", True)]
    return list(ExternalMovement.objects.filter(transaction__in=touched)) if touched else []
