"""What a settlement file proves: an open modification it pays is settled, a failed one it pays is contradicted.

One by one, after the file counts, through the same door as every other channel. Repeating changes nothing. Only what a
line says of itself is evidence: one that is off by a tolerance proves no amount, one that was booked before ours was
first sent is not ours, and where a person linked one by hand, accepted it or wrote it off, that person's word would
settle money alone. All wait for the gateway, or for two people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet

from orders.gateways.base import Facts, Kind, Outcome, Verdict
from orders.models import (
    Discrepancy,
    DiscrepancyType,
    EvidenceSource,
    FileState,
    LineType,
    Match,
    Modification,
    ModificationState,
    Rule,
    SettlementLine,
)
from orders.models.discrepancy import BESIDE, DECIDED
from orders.modifications.resolve import apply_evidence
from orders.money import Money
from orders.reconciliation.matching.sql import EARLY_DAYS
from orders.reconciliation.matching.whereabouts import counting_matches

log = structlog.get_logger(__name__)

_OPEN = (ModificationState.UNKNOWN, ModificationState.PENDING, ModificationState.REVIEW)
_KINDS = {LineType.CAPTURE.value: Kind.CAPTURE, LineType.REFUND.value: Kind.REFUND}
_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Paid:
    """What lines say of one modification: the covered amount in minor units, and the line that says it."""

    amount: int
    line: SettlementLine


def apply_settlements(account_id: int) -> int:
    """Let the account's counting lines settle what is open and contradict what failed; how many changed something."""
    changed = 0
    for modification, paid in _settled(account_id):
        changed += tell(modification, paid)
    for modification, paid in _contradicted(account_id):
        changed += tell(modification, paid)
    return changed


def tell_of_failed(lines: Mapping[int, UUID]) -> None:
    """Contradict failed modifications by the lines that pay them, given by the lines' ids: whatever people decided
    about a line, and though its month is closed, the payment freezes."""
    paying = SettlementLine.objects.filter(pk__in=lines, overlap=False, file__state=FileState.APPLIED)
    rows = Modification.objects.in_bulk(set(lines.values()))
    for line in paying.select_related("file").order_by("pk"):
        tell(rows[lines[line.pk]], Paid(amount=abs(line.gross), line=line))


def tell(modification: Modification, paid: Paid) -> bool:
    """Let the lines settle or contradict the modification; whether that changed something. Repeats change nothing."""
    try:
        return apply_evidence(
            modification_id=modification.pk,
            outcome=outcome_of(modification, paid),
            source=EvidenceSource.SETTLEMENT,
            source_key=str(paid.line.identity),
        )
    except Exception:  # one that cannot be written must not keep the others from being settled
        log.exception("A settlement line could not be applied to its modification.", modification_id=modification.pk)
        return False


def outcome_of(modification: Modification, paid: Paid) -> Outcome:
    """What a line means for a modification, in the words of a gateway's answer."""
    line = paid.line
    reference = line.reference or modification.gateway_reference or line.gateway_id or line.transaction_reference
    return Outcome(
        verdict=Verdict.SUCCEEDED,
        reason=f"The settlement file {line.file.name} lists it in line {line.number:,}, booked on {line.booked_on}.",
        facts=Facts(
            executed_kind=_KINDS.get(line.type),
            amount=Money(paid.amount, line.currency),
            reference=reference,
            gateway_id=line.gateway_id or modification.gateway_id,
            at=modification.gateway_at or datetime.combine(line.booked_on, time(0), UTC),
        ),
    )


def _settled(account_id: int) -> Iterator[tuple[Modification, Paid]]:
    """Open modifications with what their counting matches cover. They are few, so the walk begins with them."""
    after: UUID | None = None
    while some := _next(Modification.objects.filter(account=account_id, state__in=_OPEN), after):
        after = some[-1].pk
        matches = counting_matches().filter(
            transaction_id__in={row.transaction_id for row in some}, modification_id__in=[row.pk for row in some]
        )
        found = list(matches.select_related("line__file", "modification").order_by("pk"))
        decided = _decided(account_id, [match.line for match in found])
        covered: dict[UUID, Paid] = {}
        unproven: set[UUID] = set()
        for match in found:
            assert match.modification_id is not None
            if match.rule == Rule.PERSON or match.difference or _is_early(match) or match.line.identity in decided:
                unproven.add(match.modification_id)
            before = covered.get(match.modification_id)
            covered[match.modification_id] = Paid(
                amount=match.amount + (before.amount if before else 0), line=before.line if before else match.line
            )
        for row in some:
            if row.pk in covered and row.pk not in unproven:
                yield row, covered[row.pk]


def _is_early(match: Match) -> bool:
    """The line was booked before ours was first sent; a day less is the time zone's."""
    assert match.modification is not None
    sent = match.modification.first_sent_at or match.modification.requested_at
    return match.line.booked_on < sent.astimezone(UTC).date() - timedelta(days=EARLY_DAYS)


def _decided(account_id: int, lines: Sequence[SettlementLine]) -> set[UUID]:
    """The lines, by their content, of which a person has said what they are."""
    keys = {f"line:{line.identity}": line.identity for line in lines}
    rows = Discrepancy.objects.filter(
        Q(line__in=lines) | Q(key__in=keys), account=account_id, state__in=DECIDED
    ).exclude(type__in=BESIDE)
    by_pk = {line.pk: line.identity for line in lines}
    told = rows.values_list("line_id", "key")
    return {by_pk.get(line_id) or keys[key] for line_id, key in told if line_id in by_pk or key in keys}


def _next(rows: QuerySet[Modification], after: UUID | None) -> list[Modification]:
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk")[:_AT_ONCE])


def _contradicted(account_id: int) -> Iterator[tuple[Modification, Paid]]:
    """Failed and withdrawn modifications that a counting line pays, as the open discrepancies name them."""
    named = Discrepancy.objects.unsettled().filter(
        account=account_id,
        type=DiscrepancyType.SETTLED_THOUGH_FAILED,
        modification__isnull=False,
        line__file__state="applied",
        line__overlap=False,
    )
    for row in named.select_related("line__file", "modification").order_by("pk").iterator(chunk_size=_AT_ONCE):
        assert row.line is not None
        assert row.modification is not None
        yield row.modification, Paid(amount=abs(row.line.gross), line=row.line)
