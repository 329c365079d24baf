"""The one place where a modification's row and the money move together."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import announce
from orders.gateways.base import Capability, Facts, Kind, Outcome, TransactionState
from orders.models import FINISHED, Capture, Modification, ModificationState, Purpose, Source, Transaction
from orders.modifications import bell, books, breaker
from orders.modifications.notes import MODIFICATION_COLUMNS, TRANSACTION_COLUMNS, Notes
from orders.modifications.rules import VERBS
from orders.modifications.states import permits
from orders.modifications.verdicts import Ruling
from orders.money import Money

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)
S = ModificationState


def settle(
    row: Modification,
    outcome: Outcome,
    ruling: Ruling,
    capability: Capability,
    notes: Notes,
    *,
    replay: bool,
    careful: bool,
    by: User | None = None,
) -> None:
    """Carry a ruling out. The modification and its transaction are locked by the caller.

    `careful` puts a savepoint under the money: what the books cannot hold then becomes a review instead of an error. A
    group runs without and is repeated one by one when anything goes wrong.
    """
    if not permits(S(row.state), ruling.state):
        log.error("A ruling outside the table of transitions was ignored.", before=row.state, after=ruling.state)
        return
    write = _write_carefully if careful else _write_in_group
    ruling = write(row, outcome.facts, ruling, capability, notes, replay=replay)
    notes.find_by(row, reference=row.gateway_reference, gateway_id=row.gateway_id)
    if row.kind == Kind.AUTHORIZE and row.transaction.named:
        notes.find_by_name(row.transaction)
    notes.order_ids.add(row.transaction.order_id)
    _tell(row, outcome, ruling, notes, by=by)
    _announce(row, ruling, notes)
    if outcome.pause_account:
        breaker.pause_by_machine(row.account_id, outcome.pause_account, notes.now)
    if row.finished and (row.transaction.state.endswith("_pending") or row.kind == Kind.AUTHORIZE):
        transaction_id = row.transaction_id
        database_transaction.on_commit(lambda: bell.ring_refresh(transaction_id))


def _write_carefully(
    row: Modification, facts: Facts, ruling: Ruling, capability: Capability, notes: Notes, *, replay: bool
) -> Ruling:
    """The reservation is held and our constraints are right: what does not fit is what the gateway reports."""
    before = {name: getattr(row, name) for name in MODIFICATION_COLUMNS}
    try:
        with database_transaction.atomic():
            capture = _change(row, facts, ruling, capability, notes.now, replay=replay)
            row.save(update_fields=MODIFICATION_COLUMNS)
            row.transaction.save(update_fields=TRANSACTION_COLUMNS)
            if capture is not None:
                capture.save()
            return ruling
    except (books.Unbookable, IntegrityError) as problem:
        row.transaction.refresh_from_db(fields=TRANSACTION_COLUMNS)
        for name, value in before.items():
            setattr(row, name, value)
        reason = f"The books cannot hold what the gateway reports: {problem}.".replace("\n", " ")
        review = Ruling(state=S.REVIEW, reason=reason, freeze=True)
        _change(row, Facts(), review, capability, notes.now, replay=True)
        row.save(update_fields=MODIFICATION_COLUMNS)
        row.transaction.save(update_fields=TRANSACTION_COLUMNS)
        return review


def _write_in_group(
    row: Modification, facts: Facts, ruling: Ruling, capability: Capability, notes: Notes, *, replay: bool
) -> Ruling:
    """Leave the writing to the group's end; whatever does not fit undoes the group, which is then repeated singly."""
    capture = _change(row, facts, ruling, capability, notes.now, replay=replay)
    notes.modifications[row.pk] = row
    notes.transactions[row.transaction_id] = row.transaction
    if capture is not None:
        notes.captures.append(capture)
    return ruling


def _change(
    row: Modification, facts: Facts, ruling: Ruling, capability: Capability, now: datetime, *, replay: bool
) -> Capture | None:
    """Change both rows without saving; returns a new capture, unsaved."""
    was_in_doubt = row.doubt_since is not None
    capture = None
    if ruling.state is S.SUCCEEDED:
        keeps_open = capability.multiple_capture and not row.release_rest
        capture = books.convert(row, row.transaction, facts, keeps_open=keeps_open, at=now)
    elif ruling.state is S.FAILED:
        books.release(row, row.transaction)
    _put_modification(row, facts, ruling, now)
    _put_transaction(
        row, row.transaction, facts, ruling, capability=capability, now=now, replay=replay, was_in_doubt=was_in_doubt
    )
    return capture


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
    row.gateway_reference = _reference_of(row, facts)[:64] or row.gateway_reference
    row.gateway_id = facts.gateway_id[:64] or row.gateway_id
    row.gateway_at = facts.at or row.gateway_at
    row.legs = [asdict(leg) for leg in facts.legs] or row.legs
    row.failure_code = facts.failure_code[:100]
    row.executed_kind = facts.executed_kind.value if facts.executed_kind else row.executed_kind
    row.executed_amount = facts.amount.amount_minor if facts.amount else row.executed_amount
    if ruling.state in (S.SUCCEEDED, S.FAILED):
        row.finished_at = now


def _reference_of(row: Modification, facts: Facts) -> str:
    """What settlement files call it; a new payment may be named by its transactionId before they know it."""
    named = facts.transaction_reference if row.kind == Kind.AUTHORIZE else ""
    return facts.reference or named


def _put_transaction(
    row: Modification,
    transaction: Transaction,
    facts: Facts,
    ruling: Ruling,
    *,
    capability: Capability,
    now: datetime,
    replay: bool,
    was_in_doubt: bool,
) -> None:
    _mirror_status(transaction, facts, ruling, row_kind=Kind(row.kind), replay=replay)
    if ruling.state in FINISHED and capability.reads:
        transaction.refresh_due_at, transaction.refresh_step = now, 0
    transaction.unknown_count += int(row.doubt_since is not None) - int(was_in_doubt)
    if row.doubt_since is None and transaction.sending_modification == row.pk:
        transaction.sending_modification = None
    if ruling.freeze and not transaction.frozen_reason:
        transaction.frozen_reason = ruling.reason[:300]
    transaction.version += 1


def _mirror_status(transaction: Transaction, facts: Facts, ruling: Ruling, *, row_kind: Kind, replay: bool) -> None:
    """Take over the gateway's word for the transaction, never an older one: a replay shows the past (seed 000)."""
    told, at = facts.transaction_state, facts.transaction_status_at
    if row_kind is Kind.AUTHORIZE:
        transaction.raw_status = facts.transaction_raw_status[:60] or transaction.raw_status
        return
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


_SAID = {
    S.SUCCEEDED: "succeeded",
    S.FAILED: "failed: the gateway refused it and no money moved",
    S.PENDING: "was accepted by the gateway and is pending",
    S.UNKNOWN: "has an unknown outcome; the money may or may not have moved, and we find out by ourselves",
    S.REVIEW: "needs a person to look",
    S.QUEUED: "was not sent and will be tried again",
}


_ANNOUNCED = {S.SUCCEEDED: "succeeded", S.FAILED: "failed", S.REVIEW: "in_review"}


def _announce(row: Modification, ruling: Ruling, notes: Notes) -> None:
    """What the shop is told: every end, the wait for a person, and what freezes the transaction."""
    happening = _ANNOUNCED.get(ruling.state)
    if happening is not None:
        notes.announcements.append(announce.about_modification(row, happening, at=notes.now))
    if ruling.freeze:
        notes.announcements.append(
            announce.about_transaction(
                row.transaction, "discrepancy", key=str(row.pk), at=notes.now, more={"reason": ruling.reason[:300]}
            )
        )


def _tell(row: Modification, outcome: Outcome, ruling: Ruling, notes: Notes, *, by: User | None) -> None:
    said = "failed" if by and ruling.state == S.FAILED else _SAID[ruling.state]
    what = f"The {VERBS[Kind(row.kind)]} of {Money(row.amount, row.currency)} {said}."
    notes.tell(
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
