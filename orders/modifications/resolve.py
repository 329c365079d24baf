"""The books: apply what came back, once, in any order, from any channel. The only writer of results.

A terminal row never changes. Evidence that contradicts one freezes the transaction and waits for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import Capability, Facts, Kind, Movement, Outcome, TransactionState, Verdict
from orders.models import (
    Attempt,
    Evidence,
    EvidenceSource,
    Modification,
    ModificationState,
    Purpose,
    Reference,
    ReferenceKind,
    Source,
    Transaction,
)
from orders.modifications import bell, books, breaker
from orders.modifications.contradiction import contradict
from orders.modifications.crash import crash
from orders.modifications.rules import VERBS
from orders.modifications.situation import capability_of
from orders.modifications.states import permits
from orders.modifications.submit import Result
from orders.modifications.timing import timing
from orders.modifications.verdicts import Ruling, Standing, judge
from orders.money import Money
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)
S = ModificationState

_DEFINITIVE = frozenset({Verdict.SUCCEEDED, Verdict.PENDING, Verdict.DECLINED, Verdict.MISMATCH})
_MODIFICATION_COLUMNS = [
    *("state", "next_step", "lease_until", "due_at", "lookups_made", "first_sent_at", "doubt_since", "review_since"),
    *("declined_on_repeat", "reason_text", "executed_kind", "executed_amount", "gateway_reference", "gateway_id"),
    *("gateway_status", "gateway_at", "legs", "failure_code", "finished_at"),
]
_TRANSACTION_COLUMNS = [
    *books.MONEY_COLUMNS,
    *("state", "raw_status", "status_at", "sending_modification", "unknown_count", "frozen_reason", "version"),
]


def resolve_results(results: Sequence[Result]) -> list[Result]:
    """Write a group of answers into the books in one database transaction; on any trouble, one by one.

    Returns those that could not be written; the caller may try again. One that never can be is left to its lease:
    nothing is lost, because the attempt stands and the gateway replays.
    """
    if not results:
        return []
    try:
        in_one_transaction(lambda: _resolve_group(results))
        unwritten: list[Result] = []
    except Exception:  # whatever one answer does wrong, its neighbours are written
        unwritten = [result for result in results if not _resolve_alone(result)]
    for result in results:
        crash("after_resolve", result.claim.modification_id)
    return unwritten


def apply_movement(
    modification_id: UUID, movement: Movement, *, source: EvidenceSource = EvidenceSource.MIRROR
) -> bool:
    """What a refresh of the whole transaction shows of one of ours; True when it changed something.

    Runs inside the caller's database transaction or in one of its own. Repeats change nothing.
    """
    outcome = Outcome(
        verdict=movement.verdict,
        reason=f"The gateway lists it as {movement.raw_status or movement.raw_type}.",
        facts=Facts(
            modification_id=movement.modification_id,
            executed_kind=Kind(movement.type) if movement.type in set(Kind) else None,
            amount=movement.amount,
            reference=movement.reference,
            gateway_id=movement.gateway_id,
            raw_status=movement.raw_status,
            at=movement.at,
        ),
    )
    key = f"{modification_id}:{movement.raw_status}:{movement.reference}"
    return apply_evidence(modification_id=modification_id, outcome=outcome, source=source, source_key=key)


def apply_evidence(
    *, modification_id: UUID, outcome: Outcome, source: EvidenceSource, source_key: str, by: User | None = None
) -> bool:
    """Let any other channel than a worker's own answer settle a modification; True when it changed something."""
    return in_one_transaction(lambda: _apply_evidence(modification_id, outcome, source, source_key, by))


# A worker's own answers.


def _resolve_group(results: Sequence[Result]) -> None:
    now = database_now()
    ordered = sorted(results, key=lambda result: result.claim.modification_id)
    rows = _lock([result.claim.modification_id for result in ordered])
    for result in ordered:
        _resolve_one(result, rows[result.claim.modification_id], now)
        crash("inside_resolve", result.claim.modification_id)
    breaker.count(results, now)


def _resolve_alone(result: Result) -> bool:
    try:
        in_one_transaction(lambda: _resolve_group([result]))
        return True
    except Exception as error:  # a broken connection, or a mistake of ours: the answer is not lost, the gateway replays
        log.error(
            "An answer could not be written; the lease will expire and the gateway be asked again.",
            modification_id=str(result.claim.modification_id),
            error=type(error).__name__,
        )
        return False


def _lock(modification_ids: Sequence[UUID]) -> dict[UUID, Modification]:
    """Modifications by id, then their transactions by id: the one lock order."""
    rows = {
        row.pk: row
        for row in Modification.objects.filter(pk__in=modification_ids)
        .select_for_update(no_key=True, of=("self",))
        .select_related("account")
        .order_by("pk")
    }
    transactions = Transaction.objects.filter(pk__in={row.transaction_id for row in rows.values()})
    locked = {
        transaction.pk: transaction
        for transaction in transactions.select_for_update(no_key=True, of=("self",))
        .select_related("order")
        .order_by("pk")
    }
    for row in rows.values():
        row.transaction = locked[row.transaction_id]
    return rows


def _resolve_one(result: Result, row: Modification, now: datetime) -> None:
    claim, outcome = result.claim, result.outcome
    if result.armed:
        _complete_attempt(result, now)
    source = _source_of(result)
    fresh = _store_evidence(
        row, outcome, source, f"{row.pk}:{claim.epoch}:{claim.purpose}", now, applied=not row.finished
    )
    if row.finished:
        if fresh:
            contradict(row, outcome, now)
        return
    ours = row.state == S.IN_FLIGHT and row.epoch == claim.epoch
    if not ours and outcome.verdict not in (Verdict.SUCCEEDED, Verdict.MISMATCH):
        return  # Somebody else holds it now; a late “unclear” or refusal must not disturb them.
    ruling = judge(outcome, _standing(result, row, now), claim.capability, timing())
    _apply(row, outcome, ruling, claim.capability, now, replay=source is EvidenceSource.REPLAY)


def _standing(result: Result, row: Modification, now: datetime) -> Standing:
    claim = result.claim
    return Standing(
        state=claim.state_before,
        purpose=claim.purpose,
        maybe_sent_before=claim.sent_before,
        attempts_made=row.attempts_made,
        lookups_made=row.lookups_made,
        first_sent_at=row.first_sent_at,
        last_sent_at=row.last_sent_at,
        doubt_since=row.doubt_since,
        declined_on_repeat=row.declined_on_repeat,
        now=now,
    )


def _source_of(result: Result) -> EvidenceSource:
    if result.claim.purpose is Purpose.QUERY:
        return EvidenceSource.QUERY
    return EvidenceSource.REPLAY if result.claim.sent_before else EvidenceSource.RESPONSE


def _complete_attempt(result: Result, now: datetime) -> None:
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


def _store_evidence(
    row: Modification, outcome: Outcome, source: EvidenceSource, key: str, now: datetime, *, applied: bool
) -> bool:
    """Keep what was said, once; False when it says nothing or was already kept."""
    if outcome.verdict not in _DEFINITIVE:
        return False
    facts = outcome.facts
    values: dict[str, Any] = {
        "modification": row,
        "verdict": outcome.verdict.value,
        "reason_text": outcome.reason[:500],
        "executed_kind": facts.executed_kind.value if facts.executed_kind else "",
        "amount": facts.amount.amount_minor if facts.amount else None,
        "currency": facts.amount.currency if facts.amount else "",
        "gateway_reference": facts.reference[:64],
        "gateway_id": facts.gateway_id[:64],
        "gateway_status": facts.raw_status[:60],
        "gateway_at": facts.at,
        "facts": _storable(facts),
        "applied": applied,
        "received_at": now,
    }
    known = {"account_id": row.account_id, "source": source, "source_key": key[:120]}
    if source in (EvidenceSource.MIRROR, EvidenceSource.OPERATOR) and Evidence.objects.filter(**known).exists():
        return False
    try:
        with database_transaction.atomic():
            Evidence.objects.create(**known, **values)
    except IntegrityError:
        return False
    return True


def _storable(facts: Facts) -> dict[str, Any]:
    return {
        "legs": [asdict(leg) for leg in facts.legs],
        "warnings": list(facts.warnings),
        "transaction_status": facts.transaction_raw_status,
        "failure_code": facts.failure_code,
        "failure_text": facts.failure_text,
    }


# Any other channel.


def _apply_evidence(modification_id: UUID, outcome: Outcome, source: EvidenceSource, key: str, by: User | None) -> bool:
    now = database_now()
    row = _lock([modification_id])[modification_id]
    if row.finished and _agrees(row, outcome):
        return False
    if not _store_evidence(row, outcome, source, key, now, applied=not row.finished):
        return False
    if row.finished:
        return contradict(row, outcome, now)
    mismatch = _mismatch(row, outcome) if outcome.verdict is Verdict.SUCCEEDED else ""
    if mismatch:
        ruling = Ruling(state=S.REVIEW, reason=mismatch, freeze=True)
    elif outcome.verdict is Verdict.SUCCEEDED:
        ruling = Ruling(state=S.SUCCEEDED, reason=outcome.reason)
    elif outcome.verdict is Verdict.DECLINED:
        ruling = Ruling(state=S.FAILED, reason=outcome.reason)
    else:
        return False
    _apply(row, outcome, ruling, capability_of(row.account), now, replay=False, by=by)
    return True


def _agrees(row: Modification, outcome: Outcome) -> bool:
    """Whether the evidence only repeats what the books already say."""
    if outcome.verdict is Verdict.PENDING:
        return True
    if outcome.verdict is Verdict.SUCCEEDED:
        return row.state == S.SUCCEEDED
    return outcome.verdict is Verdict.DECLINED and row.state in (S.FAILED, S.WITHDRAWN)


def _mismatch(row: Modification, outcome: Outcome) -> str:
    """A sentence when the gateway moved something else than we asked."""
    facts = outcome.facts
    asked = Money(row.amount, row.currency)
    if row.kind in (Kind.CAPTURE, Kind.REFUND) and facts.amount is not None and facts.amount != asked:
        return f"The gateway moved {facts.amount}, we asked for {asked}."
    if not facts.reference:
        return "The gateway lists it as done but gives no reconciliation reference."
    return ""


# The one place where a modification's row and the money move together.


def _apply(
    row: Modification,
    outcome: Outcome,
    ruling: Ruling,
    capability: Capability,
    now: datetime,
    *,
    replay: bool,
    by: User | None = None,
) -> None:
    if not permits(S(row.state), ruling.state):
        log.error("A ruling outside the table of transitions was ignored.", before=row.state, after=ruling.state)
        return
    transaction = row.transaction
    was_in_doubt = row.doubt_since is not None
    before = {name: getattr(row, name) for name in _MODIFICATION_COLUMNS}
    try:
        with database_transaction.atomic():
            _write(row, outcome.facts, ruling, capability, now, replay=replay, was_in_doubt=was_in_doubt)
    except (books.Unbookable, IntegrityError) as problem:
        # The reservation is held and the constraints are right: what the gateway reports does not fit our books.
        transaction.refresh_from_db(fields=_TRANSACTION_COLUMNS)
        for name, value in before.items():
            setattr(row, name, value)
        reason = f"The books cannot hold what the gateway reports: {problem}."
        ruling = Ruling(state=S.REVIEW, reason=reason.replace("\n", " "), freeze=True)
        _write(row, Facts(), ruling, capability, now, replay=True, was_in_doubt=was_in_doubt)
    _index_references(row)
    summarise(transaction.order)
    _tell(row, outcome, ruling, by=by)
    if outcome.pause_account:
        breaker.pause_by_machine(row.account_id, outcome.pause_account, now)
    if row.finished and transaction.state.endswith("_pending"):
        transaction_id = transaction.pk
        database_transaction.on_commit(lambda: bell.ring_refresh(transaction_id))


def _write(
    row: Modification,
    facts: Facts,
    ruling: Ruling,
    capability: Capability,
    now: datetime,
    *,
    replay: bool,
    was_in_doubt: bool,
) -> None:
    _move_money(row, facts, ruling, capability, now)
    _put_modification(row, facts, ruling, now)
    _put_transaction(row, row.transaction, facts, ruling, replay=replay, was_in_doubt=was_in_doubt)
    row.save(update_fields=_MODIFICATION_COLUMNS)
    row.transaction.save(update_fields=_TRANSACTION_COLUMNS)


def _move_money(row: Modification, facts: Facts, ruling: Ruling, capability: Capability, now: datetime) -> None:
    if ruling.state is S.SUCCEEDED:
        books.convert(row, row.transaction, facts, keeps_open=capability.multiple_capture, at=now)
    elif ruling.state is S.FAILED:
        books.release(row, row.transaction)


def _put_modification(row: Modification, facts: Facts, ruling: Ruling, now: datetime) -> None:
    if ruling.next_step is Purpose.QUERY:
        row.lookups_made += 1
    row.state = ruling.state.value
    row.next_step = ruling.next_step.value
    row.due_at = ruling.due_at
    row.lease_until = None
    row.reason_text = ruling.reason[:500]
    row.declined_on_repeat = ruling.declined_on_repeat
    if ruling.forget_send:
        row.first_sent_at = None
    if ruling.state in (S.UNKNOWN, S.REVIEW):
        row.doubt_since = row.doubt_since or now
    else:
        row.doubt_since = None
    if ruling.state is S.REVIEW:
        row.review_since = row.review_since or now
    row.gateway_status = facts.raw_status[:60] or row.gateway_status
    row.gateway_reference = facts.reference[:64] or row.gateway_reference
    row.gateway_id = facts.gateway_id[:64] or row.gateway_id
    row.gateway_at = facts.at or row.gateway_at
    row.legs = [asdict(leg) for leg in facts.legs] or row.legs
    row.failure_code = facts.failure_code[:100]
    row.executed_kind = facts.executed_kind.value if facts.executed_kind else row.executed_kind
    row.executed_amount = facts.amount.amount_minor if facts.amount else row.executed_amount
    if ruling.state in (S.SUCCEEDED, S.FAILED):
        row.finished_at = now


def _put_transaction(
    row: Modification,
    transaction: Transaction,
    facts: Facts,
    ruling: Ruling,
    *,
    replay: bool,
    was_in_doubt: bool,
) -> None:
    _mirror_status(transaction, facts, ruling, replay=replay)
    transaction.unknown_count += int(row.doubt_since is not None) - int(was_in_doubt)
    if row.doubt_since is None and transaction.sending_modification == row.pk:
        transaction.sending_modification = None
    if ruling.freeze and not transaction.frozen_reason:
        transaction.frozen_reason = ruling.reason[:300]
    transaction.version += 1


def _mirror_status(transaction: Transaction, facts: Facts, ruling: Ruling, *, replay: bool) -> None:
    """Take over the gateway's word for the transaction, never an older one: a replay shows the past (seed 000)."""
    told, at = facts.transaction_state, facts.transaction_status_at
    if told is None or replay or (at and transaction.status_at and at < transaction.status_at):
        return
    behind = ruling.state is S.SUCCEEDED and told in (
        TransactionState.CAPTURE_PENDING,
        TransactionState.CANCEL_PENDING,
        TransactionState.AUTHORIZED,
    )
    if not behind or transaction.capture_open:
        transaction.state = told.value
    transaction.raw_status = facts.transaction_raw_status[:60]
    transaction.status_at = at or transaction.status_at


def _index_references(row: Modification) -> None:
    words = [
        (ReferenceKind.RECONCILIATION, row.gateway_reference),
        (ReferenceKind.GATEWAY, row.gateway_id),
    ]
    Reference.objects.bulk_create(
        [
            Reference(merchant_id=row.merchant_id, order_id=row.transaction.order_id, kind=kind, value=word.lower())
            for kind, word in words
            if word
        ],
        ignore_conflicts=True,
    )


_SAID = {
    S.SUCCEEDED: "succeeded",
    S.FAILED: "failed: the gateway refused it and no money moved",
    S.PENDING: "was accepted by the gateway and is pending",
    S.UNKNOWN: "has an unknown outcome; the money may or may not have moved, and we find out by ourselves",
    S.REVIEW: "needs a person to look",
    S.QUEUED: "was not sent and will be tried again",
}


def _tell(row: Modification, outcome: Outcome, ruling: Ruling, *, by: User | None) -> None:
    what = f"The {VERBS[Kind(row.kind)]} of {Money(row.amount, row.currency)} {_SAID[ruling.state]}."
    audit.record(
        verb=f"{row.kind}.{ruling.state.value}",
        sentence=f"{what} {ruling.reason}",
        source=Source.PAGE if by else Source.WORKER,
        by=by,
        modification=row,
        details={
            "version": row.transaction.version,
            "verdict": outcome.verdict.value,
            "reference": row.gateway_reference,
            "due_at": row.due_at.isoformat() if row.due_at else "",
        },
    )
