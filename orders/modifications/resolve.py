"""The books: apply what came back, once, in any order, from any channel. The only writer of results.

A terminal row never changes. Evidence that contradicts one freezes the transaction and waits for people.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from orders.database import database_now, in_one_transaction
from orders.gateways.base import Facts, Kind, Movement, Outcome, Verdict
from orders.models import EvidenceSource, Modification, ModificationState, Purpose, Source, Transaction
from orders.modifications import breaker
from orders.modifications.contradiction import contradict
from orders.modifications.crash import crash
from orders.modifications.notes import Notes, already_stored, complete_attempts, evidence_of
from orders.modifications.rules import VERBS
from orders.modifications.settle import settle
from orders.modifications.situation import capability_of
from orders.modifications.submit import Result
from orders.modifications.timing import timing
from orders.modifications.verdicts import Ruling, Standing, judge
from orders.money import Money

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)
S = ModificationState

_DEFINITIVE = frozenset({Verdict.SUCCEEDED, Verdict.PENDING, Verdict.DECLINED, Verdict.MISMATCH})


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
    for result in results if not unwritten else ():
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


def _resolve_group(results: Sequence[Result], *, alone: bool = False) -> None:
    now = database_now()
    ordered = sorted(results, key=lambda result: result.claim.modification_id)
    rows = _lock([result.claim.modification_id for result in ordered])
    notes = Notes(now)
    complete_attempts(ordered, now)
    for result in ordered:
        _resolve_one(result, rows[result.claim.modification_id], notes, alone=alone)
        crash("inside_resolve", result.claim.modification_id)
    notes.write()
    breaker.count(results, now)


def _resolve_alone(result: Result) -> bool:
    try:
        in_one_transaction(lambda: _resolve_group([result], alone=True))
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
    locked = {transaction.pk: transaction for transaction in transactions.select_for_update(no_key=True).order_by("pk")}
    for row in rows.values():
        row.transaction = locked[row.transaction_id]
    return rows


def _resolve_one(result: Result, row: Modification, notes: Notes, *, alone: bool) -> None:
    claim, outcome = result.claim, result.outcome
    source = _source_of(result)
    if outcome.verdict in _DEFINITIVE:
        key = f"{row.pk}:{claim.epoch}:{claim.purpose}"
        notes.evidence.append(evidence_of(row, outcome, source, key, notes.now))
    if row.finished:
        if not _is_an_echo(result):
            contradict(row, outcome, notes)
        return
    ours = row.state == S.IN_FLIGHT and row.epoch == claim.epoch
    if not ours and outcome.verdict not in (Verdict.SUCCEEDED, Verdict.MISMATCH):
        return  # Somebody else holds it now; a late “unclear” or refusal must not disturb them.
    if row.account.authentication_key_sealed != claim.authentication_key_sealed:
        outcome = replace(outcome, pause_account="")  # The refused key is no longer the account's.
    ruling = judge(outcome, _standing(result, row, notes.now), claim.capability, timing())
    settle(row, outcome, ruling, claim.capability, notes, replay=source is EvidenceSource.REPLAY, careful=alone)


def _is_an_echo(result: Result) -> bool:
    """A refusal of a repeat may be about the success of the first send: it contradicts nothing (see `verdicts`)."""
    claim = result.claim
    repeated = claim.purpose is Purpose.SEND and claim.sent_before and not claim.capability.replays_errors
    return repeated and result.outcome.verdict is Verdict.DECLINED


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
        asked_at=now - timedelta(seconds=time.monotonic() - claim.claimed_at),
    )


def _source_of(result: Result) -> EvidenceSource:
    if result.claim.purpose is Purpose.QUERY:
        return EvidenceSource.QUERY
    return EvidenceSource.REPLAY if result.claim.sent_before else EvidenceSource.RESPONSE


# Any other channel.


def _apply_evidence(modification_id: UUID, outcome: Outcome, source: EvidenceSource, key: str, by: User | None) -> bool:
    row = _lock([modification_id])[modification_id]
    if row.finished:
        # What was seen before the end was written may contradict the end: then it counts once more.
        key = f"against {row.state}:{key}"
    if (row.finished and _agrees(row, outcome)) or already_stored(row, source, key):
        return False
    ruling = None if row.finished else _ruling(row, outcome)
    if ruling is None and not row.finished:
        return False
    notes = Notes(database_now())
    notes.evidence.append(evidence_of(row, outcome, source, key, notes.now))
    if ruling is None:
        by_line = source is EvidenceSource.SETTLEMENT
        changed = contradict(row, outcome, notes, source=Source.SETTLEMENT if by_line else Source.GATEWAY)
    else:
        settle(
            row,
            outcome,
            ruling,
            capability_of(row.account).for_kind(Kind(row.kind)),
            notes,
            replay=False,
            careful=True,
            by=by,
        )
        changed = True
    notes.write()
    return changed


def _ruling(row: Modification, outcome: Outcome) -> Ruling | None:
    """What evidence from another channel than an answer means; None when it settles nothing."""
    if outcome.verdict is Verdict.SUCCEEDED:
        mismatch = _mismatch(row, outcome)
        if mismatch:
            return Ruling(state=S.REVIEW, reason=mismatch, freeze=True)
        return Ruling(state=S.SUCCEEDED, reason=outcome.reason) if _is_whole(row, outcome.facts) else None
    if outcome.verdict is Verdict.DECLINED:
        return Ruling(state=S.FAILED, reason=outcome.reason)
    if outcome.verdict is Verdict.MISMATCH:
        return Ruling(state=S.REVIEW, reason=outcome.reason, freeze=True)
    return None


def _agrees(row: Modification, outcome: Outcome) -> bool:
    """Whether the evidence only repeats what the books already say."""
    if outcome.verdict is Verdict.SUCCEEDED:
        return row.state == S.SUCCEEDED
    if outcome.verdict is Verdict.DECLINED:
        return row.state in (S.FAILED, S.WITHDRAWN)
    return outcome.verdict is Verdict.PENDING


def _is_whole(row: Modification, facts: Facts) -> bool:
    """Whether it carries what this kind's success must carry (decisions, “What an answer means”), not our own wish."""
    if row.kind == Kind.CANCEL_OR_REFUND:
        return facts.executed_kind is not None
    if row.kind == Kind.AUTHORIZE:
        return facts.transaction_reference != ""
    return row.kind in (Kind.CANCEL, Kind.VOID) or facts.amount is not None


_FITTING = {Kind.CANCEL_OR_REFUND: (Kind.CANCEL, Kind.REFUND), Kind.VOID: (Kind.VOID, Kind.REFUND)}
"""What a gateway may call the deed that was asked for."""


def _mismatch(row: Modification, outcome: Outcome) -> str:
    """A sentence when the gateway moved something else than we asked."""
    facts = outcome.facts
    asked = Money(row.amount, row.currency)
    fitting = _FITTING.get(Kind(row.kind), (Kind(row.kind),))
    if facts.executed_kind is not None and facts.executed_kind not in fitting:
        return f"The gateway lists it as a {VERBS[facts.executed_kind]}, we asked for a {VERBS[Kind(row.kind)]}."
    if (
        row.kind in (Kind.CAPTURE, Kind.VOID, Kind.REFUND, Kind.AUTHORIZE)
        and facts.amount is not None
        and facts.amount != asked
    ):
        return f"The gateway moved {facts.amount}, we asked for {asked}."
    if not facts.reference and row.kind != Kind.AUTHORIZE:
        return "The gateway lists it as done but gives no reconciliation reference."
    return ""
