"""What a group of answers writes: rows that changed, attempts, evidence, words to find it by, events, summaries.

They are collected and written in a few statements at the group's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orders import announce, audit
from orders.database import save_many
from orders.gateways.base import Facts, Observation, Outcome
from orders.models import (
    Announcement,
    Attempt,
    Capture,
    Event,
    Evidence,
    EvidenceSource,
    Modification,
    Reference,
    ReferenceKind,
    Transaction,
)
from orders.modifications import books
from orders.summary import summarise_all

if TYPE_CHECKING:
    from orders.modifications.submit import Result


MODIFICATION_COLUMNS = [
    *("state", "next_step", "lease_until", "due_at", "lookups_made", "first_sent_at", "doubt_since", "review_since"),
    *("declined_on_repeat", "reason_text", "executed_kind", "executed_amount", "gateway_reference", "gateway_id"),
    *("gateway_status", "gateway_at", "legs", "failure_code", "finished_at"),
]
TRANSACTION_COLUMNS = [
    *books.MONEY_COLUMNS,
    *("state", "raw_status", "status_at", "sending_modification", "unknown_count", "frozen_reason", "version"),
    *("reference", "payment_reference", "reconciliation_reference", "refresh_due_at", "refresh_step"),
]


@dataclass
class Notes:
    """Collected in one database transaction, written before it ends."""

    now: datetime
    evidence: list[Evidence] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    modifications: dict[UUID, Modification] = field(default_factory=dict)
    transactions: dict[int, Transaction] = field(default_factory=dict)
    order_ids: set[int] = field(default_factory=set)
    announcements: list[Announcement] = field(default_factory=list)

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

    def find_by_name(self, transaction: Transaction) -> None:
        """A new payment is found by the names that its gateway has given it."""
        words = [
            (ReferenceKind.TRANSACTION, transaction.reference),
            (ReferenceKind.PAYMENT, transaction.payment_reference),
        ]
        self.references += [
            Reference(merchant_id=transaction.merchant_id, order_id=transaction.order_id, kind=kind, value=word.lower())
            for kind, word in words
            if word
        ]

    def write(self) -> None:
        """Save and insert everything; what is already known (a repeat) is left as it is."""
        save_many(list(self.modifications.values()), MODIFICATION_COLUMNS)
        save_many(list(self.transactions.values()), TRANSACTION_COLUMNS)
        Capture.objects.bulk_create(self.captures)
        Evidence.objects.bulk_create(self.evidence, ignore_conflicts=True)
        Event.objects.bulk_create(self.events)
        announce.announce(self.announcements)
        Reference.objects.bulk_create(self.references, ignore_conflicts=True)
        if self.order_ids:
            summarise_all(self.order_ids)


ATTEMPT_COLUMNS = [
    *("finished_at", "verdict", "reason_text", "fault", "http_status", "duration_ms"),
    *("request_transcript", "response_transcript"),
]


def complete_attempts(results: Sequence[Result], now: datetime) -> None:
    """Write the answers into their attempt rows, once. The modifications are locked by the caller."""
    armed = {_key(result): result for result in results if result.armed}
    rows = Attempt.objects.filter(
        modification_id__in={modification_id for modification_id, _, _ in armed}, finished_at__isnull=True
    )
    ours = [row for row in rows if (row.modification_id, row.epoch, row.purpose) in armed]
    for row in ours:
        _complete(row, armed[(row.modification_id, row.epoch, row.purpose)], now)
    save_many(ours, ATTEMPT_COLUMNS)


def _key(result: Result) -> tuple[UUID, int, str]:
    return (result.claim.modification_id, result.claim.epoch, result.claim.purpose.value)


def _complete(row: Attempt, result: Result, now: datetime) -> None:
    outcome = result.outcome
    observation = outcome.observation or Observation(sent=True)
    row.finished_at = now
    row.verdict = outcome.verdict.value
    row.reason_text = outcome.reason[:500]
    row.fault = observation.fault.value if observation.fault else ""
    row.http_status = observation.status
    row.duration_ms = observation.duration_ms
    row.request_transcript = observation.request_transcript
    row.response_transcript = observation.response_transcript


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
