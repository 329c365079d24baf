"""The janitor: flights whose worker died, doubts that grew old, events that wait for their seal."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import Kind, Verdict
from orders.models import Attempt, Heartbeat, Modification, ModificationState, Purpose, Source, Transaction
from orders.modifications.rules import VERBS
from orders.modifications.situation import capability_of
from orders.money import Money
from orders.summary import summarise

S = ModificationState
BATCH = 200
HEARTBEAT = "sweeper"
_STRANDED = "The worker stopped before the answer was written down."


def recover() -> dict[str, int]:
    """One sweep; returns what it did. Harmless when several run at once and when nothing is to do."""
    done = {
        "stranded": release_stranded(),
        "to_review": send_old_doubts_to_review(),
        "sealed": audit.seal(),
    }
    Heartbeat.objects.update_or_create(
        name=HEARTBEAT, defaults={"at": database_now(), "note": ", ".join(f"{k} {v}" for k, v in done.items())}
    )
    return done


def release_stranded() -> int:
    """Take flights with an expired lease out of the air: what was armed may have been sent, the rest was not."""
    stranded = Modification.objects.filter(state=S.IN_FLIGHT, lease_until__lt=database_now())
    if not stranded.exists():
        return 0
    return in_one_transaction(_release_stranded)


def send_old_doubts_to_review() -> int:
    """Unknown for a day or pending for three: a person must look, and the page says so."""
    now = database_now()
    unknown = Modification.objects.filter(
        state=S.UNKNOWN, doubt_since__lt=now - timedelta(seconds=settings.UNKNOWN_REVIEW_SECONDS)
    )
    pending = Modification.objects.filter(
        state=S.PENDING, first_sent_at__lt=now - timedelta(seconds=settings.PENDING_REVIEW_SECONDS)
    )
    found = [*unknown.values_list("pk", flat=True)[:BATCH], *pending.values_list("pk", flat=True)[:BATCH]]
    if not found:
        return 0
    return in_one_transaction(lambda: _to_review(found))


def _release_stranded() -> int:
    now = database_now()
    rows = list(
        Modification.objects.filter(state=S.IN_FLIGHT, lease_until__lt=now)
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("account")
        .order_by("pk")[:BATCH]
    )
    transactions = _locked_transactions(rows)
    for row in rows:
        _release(row, transactions[row.transaction_id], now)
    return len(rows)


def _locked_transactions(rows: list[Modification]) -> dict[int, Transaction]:
    wanted = Transaction.objects.filter(pk__in={row.transaction_id for row in rows})
    locked = wanted.select_for_update(no_key=True, of=("self",)).select_related("order").order_by("pk")
    return {transaction.pk: transaction for transaction in locked}


def _release(row: Modification, transaction: Transaction, now: datetime) -> None:
    armed = _close_attempt(row, now)
    row.transaction = transaction
    row.lease_until = None
    row.due_at = now
    if row.never_sent:
        _back_to_queue(row)
    elif row.review_since is not None:
        row.state, row.next_step = S.REVIEW.value, Purpose.QUERY.value
    elif row.doubt_since is not None:
        row.state = S.UNKNOWN.value
    elif armed == Purpose.SEND:
        _begin_doubt(row, now)
    else:
        row.state, row.next_step = S.PENDING.value, Purpose.QUERY.value
    if row.never_sent and transaction.sending_modification == row.pk:
        transaction.sending_modification = None
    transaction.version += 1
    transaction.save(update_fields=["sending_modification", "unknown_count", "version"])
    row.save(update_fields=["state", "next_step", "lease_until", "due_at", "doubt_since", "reason_text"])
    summarise(transaction.order)
    audit.record(
        verb=f"{row.kind}.stranded",
        sentence=f"{_what(row)}: {_STRANDED} Next: {row.get_next_step_display().lower()}.",
        source=Source.WORKER,
        modification=row,
        details={"version": transaction.version, "epoch": row.epoch, "state": row.state},
    )


def _close_attempt(row: Modification, now: datetime) -> str:
    """Close the attempt of the lost flight as unclear; returns its purpose, or "" when none was armed."""
    lost = Attempt.objects.filter(modification=row, epoch=row.epoch)
    purpose = lost.values_list("purpose", flat=True).first() or ""
    lost.filter(finished_at__isnull=True).update(finished_at=now, verdict=Verdict.UNKNOWN.value, reason_text=_STRANDED)
    return purpose


def _back_to_queue(row: Modification) -> None:
    row.state, row.next_step = S.QUEUED.value, Purpose.SEND.value
    row.reason_text = "The worker stopped before sending; nothing was sent and it will be tried again."


def _begin_doubt(row: Modification, now: datetime) -> None:
    row.state = S.UNKNOWN.value
    row.doubt_since = now
    row.reason_text = _STRANDED
    row.transaction.unknown_count += 1
    capability = capability_of(row.account).for_kind(Kind(row.kind))
    row.next_step = (Purpose.SEND if capability.replays else Purpose.QUERY).value


def _to_review(modification_ids: list[UUID]) -> int:
    now = database_now()
    rows = list(
        Modification.objects.filter(pk__in=modification_ids, state__in=[S.UNKNOWN, S.PENDING])
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .order_by("pk")
    )
    transactions = _locked_transactions(rows)
    for row in rows:
        _send_to_review(row, transactions[row.transaction_id], now)
    return len(rows)


def _send_to_review(row: Modification, transaction: Transaction, now: datetime) -> None:
    row.transaction = transaction
    if row.doubt_since is None:
        row.doubt_since = now
        transaction.unknown_count += 1
    was = row.get_state_display().lower()
    row.state, row.next_step = S.REVIEW.value, Purpose.QUERY.value
    row.review_since, row.due_at = now, None
    row.reason_text = f"It stayed “{was}” for too long; a person must look."
    row.save(update_fields=["state", "next_step", "review_since", "doubt_since", "due_at", "reason_text"])
    transaction.version += 1
    transaction.save(update_fields=["unknown_count", "version"])
    summarise(transaction.order)
    audit.record(
        verb=f"{row.kind}.review",
        sentence=f"{_what(row)}: {row.reason_text}",
        source=Source.WORKER,
        modification=row,
        details={"version": transaction.version},
    )


def _what(row: Modification) -> str:
    return f"The {VERBS[Kind(row.kind)]} of {Money(row.amount, row.currency)}"
