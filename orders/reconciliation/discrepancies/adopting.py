"""Adopting a line: what the gateway settled without us enters our books, through the mirror, as told by it."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.db.models import QuerySet

from orders.gateways.base import Movement, Verdict
from orders.mirror.refresh import lock
from orders.mirror.same import (
    booked_before_it_moved,
    may_be_the_same,
    named_alike,
    names_of,
    names_of_row,
    payment_words,
)
from orders.mirror.told import take_movement
from orders.mirror.waiting import NotYet
from orders.models import (
    Discrepancy,
    DiscrepancyType,
    ExternalMovement,
    Match,
    SettlementLine,
    Source,
    Transaction,
)
from orders.modifications.refusals import NotAllowed
from orders.money import Money
from orders.reconciliation.matching.whereabouts import counting_matches


def movement_of(line: SettlementLine, *, modification_id: str = "") -> Movement:
    """The line as a movement that the gateway tells; it has happened. Its day is all that a line knows of the time."""
    return Movement(
        type=line.type,
        raw_type=line.type,
        modification_id=modification_id,
        amount=Money(abs(line.gross), line.currency),
        reference=line.reference,
        gateway_id=line.gateway_id,
        raw_status="settled",
        verdict=Verdict.SUCCEEDED,
        at=datetime.combine(line.booked_on, time(0), UTC),
        facts={"settlement_file": line.file_id, "line": line.number, "identity": str(line.identity)},
    )


def adopt(row: Discrepancy) -> tuple[ExternalMovement, str]:
    """Take the line of a locked discrepancy into the books; returns the movement to link it to, and what happened.

    Runs in the caller's database transaction. What does not fit is kept beside the books and freezes the payment; what
    contradicts a failed modification was stored by its evidence: booked, and never stored twice. Raises NotAllowed.
    """
    line, transaction = row.line, row.transaction
    if line is None or transaction is None:
        raise NotAllowed("No line or no payment is known here, so nothing was adopted.", code="no_payment")
    # From here on nobody else books into this payment: what a reading tells meanwhile is either held by now, or
    # compared with what is adopted here.
    lock(transaction.pk)
    contradiction = _contradiction(row) if row.type == DiscrepancyType.SETTLED_THOUGH_FAILED else None
    told = movement_of(line, modification_id=str(row.modification_id) if contradiction else "")
    held = None if contradiction else _held(transaction, line, told)
    known = set(_movements(transaction.pk).values_list("pk", flat=True))
    try:
        result = take_movement(
            transaction_id=transaction.pk, movement=told, source=Source.SETTLEMENT, patient=False, held=held
        )
    except NotYet as waits:
        raise NotAllowed(
            f"{waits} Nothing was adopted; look again when our own modification has ended.", code="not_yet"
        ) from waits
    stored = contradiction or held or _movements(transaction.pk).exclude(pk__in=known).first()
    if stored is None:
        raise NotAllowed(
            "Our books take this for a movement that they hold already, so nothing was adopted. If the gateway did "
            "execute it twice, ask the gateway first: it must name the second one with an id of its own.",
            code="known",
        )
    stored.refresh_from_db()
    return stored, result.sentence


def _movements(transaction_id: int) -> QuerySet[ExternalMovement]:
    return ExternalMovement.objects.filter(transaction_id=transaction_id)


def _contradiction(row: Discrepancy) -> ExternalMovement:
    """What the evidence against our failed modification has stored."""
    stored = ExternalMovement.objects.filter(account_id=row.account_id, modification=row.modification)
    found = stored.filter(modification__isnull=False).order_by("pk").first()
    if found is None:
        raise NotAllowed(
            "The line has not been held against our modification yet, so nothing was adopted. It is with the next run.",
            code="not_yet",
        )
    return found


def _held(transaction: Transaction, line: SettlementLine, told: Movement) -> ExternalMovement | None:
    """The same movement, when another channel told it before the person did. Raises NotAllowed for one of several."""
    possible = [(row, names_of_row(row, transaction)) for row in _unmet(transaction.pk, line)]
    names, words = names_of(told, source=Source.SETTLEMENT), payment_words(transaction)
    found = [row for row, known in possible if named_alike(known, names)] or [
        row
        for row, known in possible
        if may_be_the_same(known, names, words) and not booked_before_it_moved(known, names)
    ]
    if len(found) > 1:
        raise NotAllowed(
            f"Our books hold {len(found)} movements of this amount that have met no line, and this line does not say "
            "which of them it is, so nothing was adopted. Link it to the one that it is.",
            code="several",
        )
    return found[0] if found else None


def _unmet(transaction_id: int, line: SettlementLine) -> QuerySet[ExternalMovement]:
    """Movements like the line that no line has met, and that no person has taken apart from it."""
    met = counting_matches().filter(transaction_id=transaction_id, movement__isnull=False)
    matches = Match.objects.filter(transaction_id=transaction_id, movement__isnull=False)
    parted = matches.filter(ended_by__isnull=False, line__identity=line.identity, line__account_id=line.account_id)
    alike = _movements(transaction_id).filter(kind=line.type, amount=abs(line.gross), currency=line.currency)
    alike = alike.exclude(pk__in=met.values("movement_id")).exclude(pk__in=parted.values("movement_id"))
    return alike.order_by("pk")
