"""What is written down beside the money: attempts, evidence, words to find it by, events, summaries.

A group of answers collects its notes and writes them in a few statements at its end.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orders import audit
from orders.gateways.base import Facts, Outcome
from orders.models import Attempt, Event, Evidence, EvidenceSource, Modification, Reference, ReferenceKind
from orders.summary import summarise_all

if TYPE_CHECKING:
    from orders.modifications.submit import Result


@dataclass
class Notes:
    """Collected in one database transaction, written before it ends."""

    now: datetime
    evidence: list[Evidence] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    order_ids: set[int] = field(default_factory=set)

    def tell(self, **what: Any) -> None:
        """An event, in the words of `audit.record`."""
        self.events.append(Event(**audit.event_values(**what, at=self.now)))

    def find_by(self, row: Modification, *, reference: str, gateway_id: str) -> None:
        """The gateway's ids of this modification lead to its order from now on."""
        words = [(ReferenceKind.RECONCILIATION, reference), (ReferenceKind.GATEWAY, gateway_id)]
        self.references += [
            Reference(merchant_id=row.merchant_id, order_id=row.transaction.order_id, kind=kind, value=word.lower())
            for kind, word in words
            if word
        ]

    def write(self) -> None:
        """Insert everything; what is already known (a repeat) is left as it is."""
        Evidence.objects.bulk_create(self.evidence, ignore_conflicts=True)
        Event.objects.bulk_create(self.events)
        Reference.objects.bulk_create(self.references, ignore_conflicts=True)
        if self.order_ids:
            summarise_all(self.order_ids)


def complete_attempt(result: Result, now: datetime) -> None:
    """Write the answer into the attempt row, once."""
    observation = result.outcome.observation
    Attempt.objects.filter(
        modification_id=result.claim.modification_id,
        epoch=result.claim.epoch,
        purpose=result.claim.purpose,
        finished_at__isnull=True,
    ).update(
        finished_at=now,
        verdict=result.outcome.verdict.value,
        reason_text=result.outcome.reason[:500],
        fault=observation.fault.value if observation and observation.fault else "",
        http_status=observation.status if observation else None,
        duration_ms=observation.duration_ms if observation else None,
        request_transcript=observation.request_transcript if observation else "",
        response_transcript=observation.response_transcript if observation else "",
    )


def already_stored(row: Modification, source: EvidenceSource, key: str) -> bool:
    """Whether this very piece of evidence was seen before."""
    return Evidence.objects.filter(account_id=row.account_id, source=source, source_key=key[:120]).exists()


def evidence_of(row: Modification, outcome: Outcome, source: EvidenceSource, key: str, now: datetime) -> Evidence:
    """What was said, as a row to be stored; `applied` is False when the end was already known."""
    facts = outcome.facts
    return Evidence(
        account_id=row.account_id,
        modification=row,
        source=source,
        source_key=key[:120],
        verdict=outcome.verdict.value,
        reason_text=outcome.reason[:500],
        executed_kind=facts.executed_kind.value if facts.executed_kind else "",
        amount=facts.amount.amount_minor if facts.amount else None,
        currency=facts.amount.currency if facts.amount else "",
        gateway_reference=facts.reference[:64],
        gateway_id=facts.gateway_id[:64],
        gateway_status=facts.raw_status[:60],
        gateway_at=facts.at,
        facts=_storable(facts),
        applied=not row.finished,
        received_at=now,
    )


def _storable(facts: Facts) -> dict[str, Any]:
    return {
        "legs": [asdict(leg) for leg in facts.legs],
        "warnings": list(facts.warnings),
        "transaction_status": facts.transaction_raw_status,
        "failure_code": facts.failure_code,
        "failure_text": facts.failure_text,
    }
