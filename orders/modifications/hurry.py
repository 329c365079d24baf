"""A person does not want to wait for the next automatic step: ask the gateway now, or send the same bytes again now."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import Kind
from orders.models import Modification, ModificationState, Purpose, Source
from orders.modifications import bell
from orders.modifications.refusals import NotAllowed, Refused, UnknownThing
from orders.modifications.rules import VERBS, permission_for
from orders.modifications.situation import capability_of
from orders.modifications.verdicts import Standing, may_send_again
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

S = ModificationState
_WAITING = (S.PENDING, S.UNKNOWN, S.REVIEW)


def ask_now(*, modification_id: UUID, by: User, source: Source) -> Modification:
    """Put a look-up at the head of the queue. Raises Refused."""
    return _hurry(modification_id, Purpose.QUERY, by, source)


def retry_now(*, modification_id: UUID, by: User, source: Source) -> Modification:
    """Put a repeat of the same bytes under the same id at the head of the queue; only where the gateway replays.

    Raises Refused.
    """
    return _hurry(modification_id, Purpose.SEND, by, source)


def why_not_ask(modification: Modification) -> str:
    """The sentence on the closed “ask the gateway now”; empty when it is open."""
    if modification.finished:
        return "The end is known; there is nothing left to ask."
    if modification.never_sent:
        return "Nothing was sent yet, so the gateway knows nothing of it."
    if modification.state not in _WAITING:
        return "A worker is talking to the gateway about it right now."
    if Kind(modification.kind) is Kind.AUTHORIZE:
        return (
            "The gateway can be asked for a payment by its transactionId only, and that is what never arrived. Its "
            "notification, or two people who look at the gateway’s portal, say how it ended."
        )
    if not capability_of(modification.account).finds_by_modification_id:
        return "This gateway cannot be asked about a single modification; its webhook says what became of it."
    return ""


def why_not_retry(modification: Modification, *, now: datetime) -> str:
    """The sentence on the closed “send again”; empty when it is open and safe."""
    if modification.state == S.QUEUED:
        return ""
    if Kind(modification.kind) is Kind.AUTHORIZE:
        return "A new payment is never sent again: the repeat could be a second payment."
    if modification.state != S.UNKNOWN:
        return "Only a modification with an unknown outcome is sent again."
    if modification.declined_on_repeat:
        return "The gateway refused a repeat of it; asking for the status is what helps now."
    capability = capability_of(modification.account)
    if not capability.replays:
        return (
            "This gateway does not promise to know an id again, so a repeat could move money twice; its webhook is "
            "waited for instead."
        )
    if not may_send_again(_standing(modification, now), capability):
        hours = capability.replay_window_seconds // 3600
        return f"The gateway remembers an id for {hours} hours only; a repeat after that could move money twice."
    return ""


def _hurry(modification_id: UUID, step: Purpose, by: User, source: Source) -> Modification:
    try:
        return in_one_transaction(lambda: _put_first(modification_id, step, by, source))
    except Refused as refusal:
        audit.record_refusal(
            verb=f"modification.{step.value}_now_refused",
            sentence=refusal.sentence,
            source=source,
            by=by,
            modification=Modification.objects.of(by).filter(pk=modification_id).first(),
            details={"modification": str(modification_id)},
        )
        raise


def _put_first(modification_id: UUID, step: Purpose, by: User, source: Source) -> Modification:
    row = (
        Modification.objects.of(by)
        .filter(pk=modification_id)
        .select_for_update(no_key=True, of=("self",))
        .select_related("account", "transaction")
        .first()
    )
    if row is None:
        raise UnknownThing("There is no such modification.", code="unknown_modification")
    _check(row, step, by)
    row.next_step = step.value
    row.due_at = database_now()
    row.save(update_fields=["next_step", "due_at"])
    asked = "the gateway to be asked about" if step is Purpose.QUERY else "the same bytes to be sent again for"
    audit.record(
        verb=f"modification.{step.value}_now",
        sentence=f"{by.get_username()} wanted {asked} this {VERBS[Kind(row.kind)]} now.",
        source=source,
        by=by,
        modification=row,
    )
    database_transaction.on_commit(lambda: bell.ring(str(row.pk)))
    return row


def _check(row: Modification, step: Purpose, by: User) -> None:
    allowed = permissions_of(by, row.merchant_id)
    needed = permission_for(Kind(row.kind))
    if needed not in allowed and "repair" not in allowed:
        raise NotAllowed("You may not act on this modification.", code="permission")
    now = database_now()
    reason = why_not_ask(row) if step is Purpose.QUERY else why_not_retry(row, now=now)
    if reason:
        raise NotAllowed(reason, code="not_now")
    if step is Purpose.SEND and row.never_sent and row.due_at is not None and row.attempts_made == 0:
        raise NotAllowed("It is about to be sent by itself.", code="not_now")


def _standing(modification: Modification, now: datetime) -> Standing:
    return Standing(
        state=ModificationState(modification.state),
        purpose=Purpose.SEND,
        maybe_sent_before=not modification.never_sent,
        attempts_made=modification.attempts_made,
        lookups_made=modification.lookups_made,
        first_sent_at=modification.first_sent_at,
        last_sent_at=modification.last_sent_at,
        doubt_since=modification.doubt_since,
        declined_on_repeat=modification.declined_on_repeat,
        now=now,
    )
