"""Adopting a line: what the gateway settled without us enters our books, through the mirror, as told by it."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.db.models import QuerySet

from orders.gateways.base import Movement, Verdict
from orders.mirror.told import take_movement
from orders.mirror.waiting import NotYet
from orders.models import Discrepancy, DiscrepancyType, ExternalMovement, Match, RunState, SettlementLine, Source
from orders.modifications.refusals import NotAllowed
from orders.money import Money


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
    contradiction = _contradiction(row) if row.type == DiscrepancyType.SETTLED_THOUGH_FAILED else None
    known = set(_movements(transaction.pk).values_list("pk", flat=True))
    told = movement_of(line, modification_id=str(row.modification_id) if contradiction else "")
    try:
        result = take_movement(transaction_id=transaction.pk, movement=told, source=Source.SETTLEMENT, patient=False)
    except NotYet as waits:
        raise NotAllowed(
            f"{waits} Nothing was adopted; look again when our own modification has ended.", code="not_yet"
        ) from waits
    new = _movements(transaction.pk).exclude(pk__in=known).first()
    stored = contradiction or new or _known_and_unmet(transaction.pk, line)
    if stored is None:
        raise NotAllowed(
            "Our books take this for a movement that they hold already, so nothing was adopted. If the gateway did "
            "execute it twice, ask the gateway first: it must name the second one with an id of its own.",
            code="known",
        )
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


def _known_and_unmet(transaction_id: int, line: SettlementLine) -> ExternalMovement | None:
    """The same movement, when another channel told it before the person did."""
    met = Match.objects.filter(
        transaction_id=transaction_id, movement__isnull=False, ended_at__isnull=True, run__state=RunState.APPLIED
    )
    alike = _movements(transaction_id).filter(kind=line.type, amount=abs(line.gross), currency=line.currency)
    alike = alike.exclude(pk__in=met.values("movement_id"))
    named = [one for one in alike if _names_the_same(one, line)]
    return named[0] if len(named) == 1 else None


def _names_the_same(movement: ExternalMovement, line: SettlementLine) -> bool:
    if movement.gateway_id and line.gateway_id:
        return movement.gateway_id == line.gateway_id
    return movement.gateway_reference != "" and movement.gateway_reference == line.reference
