"""Evidence against a finished modification: the row never changes, the transaction freezes and people look."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from orders import announce
from orders.gateways.base import Kind, Outcome, Verdict
from orders.models import ExternalMovement, ModificationState, Source
from orders.modifications.notes import Notes
from orders.modifications.rules import VERBS
from orders.money import Money

if TYPE_CHECKING:
    from orders.models import Modification

_NOT_MOVED = (ModificationState.FAILED, ModificationState.WITHDRAWN)


def contradict(row: Modification, outcome: Outcome, notes: Notes, *, source: Source = Source.GATEWAY) -> bool:
    """Act on late evidence; True when it contradicted. Called with the modification and its transaction locked.

    `source` is SETTLEMENT where a line says it: then the gateway's own names of the movement are still to come.
    """
    moved_after_all = row.state in _NOT_MOVED and outcome.verdict is Verdict.SUCCEEDED
    refused_after_all = row.state == ModificationState.SUCCEEDED and outcome.verdict is Verdict.DECLINED
    other_amount = outcome.verdict is Verdict.MISMATCH
    if not (moved_after_all or refused_after_all or other_amount):
        return False
    reason = _sentence(row, outcome)
    if moved_after_all:
        _store_movement(row, outcome, reason, source, notes.now)
    transaction = row.transaction
    transaction.frozen_reason = transaction.frozen_reason or reason[:300]
    transaction.version += 1
    transaction.save(update_fields=["frozen_reason", "version"])
    notes.order_ids.add(transaction.order_id)
    notes.announcements.append(
        announce.about_transaction(
            transaction, "discrepancy", key=str(row.pk), at=notes.now, more={"reason": reason[:300]}
        )
    )
    notes.tell(
        verb=f"{row.kind}.contradicted",
        sentence=reason,
        source=source,
        modification=row,
        details={"version": transaction.version, "verdict": outcome.verdict.value},
    )
    return True


def _sentence(row: Modification, outcome: Outcome) -> str:
    ours = f"Our {VERBS[Kind(row.kind)]} of {Money(row.amount, row.currency)} ended as {row.state}"
    return f"{ours}, but the gateway now says: {outcome.reason} Nothing more moves here until two people have looked."


def _booked_as(kind: Kind) -> str:
    """A void gives a capture back whole: to the books it is a refund."""
    return (Kind.REFUND if kind is Kind.VOID else kind).value


def _store_movement(row: Modification, outcome: Outcome, reason: str, source: Source, now: datetime) -> None:
    facts = outcome.facts
    ExternalMovement.objects.get_or_create(
        account_id=row.account_id,
        key=f"contradiction:{row.pk}",
        defaults={
            "transaction": row.transaction,
            "modification": row,
            "kind": _booked_as(facts.executed_kind or Kind(row.kind)),
            "amount": facts.amount.amount_minor if facts.amount else row.amount,
            "currency": facts.amount.currency if facts.amount else row.currency,
            "gateway_reference": facts.reference[:64],
            "gateway_id": facts.gateway_id[:64],
            "gateway_status": facts.raw_status[:60],
            "source": source,
            "moved_at": facts.at,
            "seen_at": now,
            "booked": False,
            "unbooked_reason": reason[:300],
        },
    )
