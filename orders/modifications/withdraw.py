"""Undo: a person takes a modification back while certainly nothing of it has been sent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from orders import announce, audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import Kind
from orders.models import Modification, ModificationState, Source, Transaction
from orders.modifications import books
from orders.modifications.refusals import NotAllowed, Refused, UnknownThing
from orders.modifications.rules import VERBS, permission_for
from orders.money import Money
from orders.permissions import permissions_of
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

WITHDRAWABLE = frozenset({ModificationState.QUEUED, ModificationState.REVIEW})


def withdraw(*, modification_id: UUID, by: User, source: Source) -> Modification:
    """Take it back and free what it reserved; withdrawing twice is withdrawing once. Raises Refused."""
    try:
        return in_one_transaction(lambda: _withdraw(modification_id, by, source))
    except Refused as refusal:
        audit.record_refusal(
            verb="modification.withdrawal_refused",
            sentence=refusal.sentence,
            source=source,
            by=by,
            modification=Modification.objects.of(by).filter(pk=modification_id).first(),
            details={"modification": str(modification_id)},
        )
        raise


def why_not(modification: Modification) -> str:
    """The sentence on the closed button; empty when it can be withdrawn."""
    if modification.state == ModificationState.WITHDRAWN:
        return "It is already withdrawn."
    if modification.finished:
        return f"It has already {modification.get_state_display().lower()}; nothing can be taken back here."
    if not modification.never_sent or modification.state not in WITHDRAWABLE:
        return "It is being sent or was sent, so it can no longer be withdrawn. Wait for its result."
    return ""


def _withdraw(modification_id: UUID, by: User, source: Source) -> Modification:
    row = Modification.objects.of(by).filter(pk=modification_id).select_for_update(no_key=True, of=("self",)).first()
    if row is None:
        raise UnknownThing("There is no such modification.", code="unknown_modification")
    if row.state == ModificationState.WITHDRAWN:
        return row
    if permission_for(Kind(row.kind)) not in permissions_of(by, row.merchant_id) and row.requested_by_id != by.pk:
        raise NotAllowed("You may not withdraw this modification.", code="permission")
    reason = why_not(row)
    if reason:
        raise NotAllowed(reason, code="already_sent")
    _take_back(row, by, source)
    return row


def _take_back(row: Modification, by: User, source: Source) -> None:
    locked = Transaction.objects.select_for_update(no_key=True, of=("self",))
    transaction = locked.select_related("order").get(pk=row.transaction_id)
    row.transaction = transaction
    if row.doubt_since is not None:
        transaction.unknown_count -= 1
    books.release(row, transaction)
    if transaction.sending_modification == row.pk:
        transaction.sending_modification = None
    transaction.version += 1
    transaction.save(update_fields=[*books.MONEY_COLUMNS, "state", "sending_modification", "unknown_count", "version"])
    row.state = ModificationState.WITHDRAWN.value
    row.finished_at = database_now()
    row.due_at = row.lease_until = row.doubt_since = None
    row.reason_text = f"Withdrawn by {by.get_username()} before anything was sent."
    row.save(update_fields=["state", "finished_at", "due_at", "lease_until", "doubt_since", "reason_text"])
    summarise(transaction.order)
    announce.announce([announce.about_modification(row, "withdrawn", at=row.finished_at)])
    audit.record(
        verb=f"{row.kind}.withdrawn",
        sentence=f"{by.get_username()} withdrew the {VERBS[Kind(row.kind)]} of {Money(row.amount, row.currency)}; "
        "nothing was sent.",
        source=source,
        by=by,
        modification=row,
        details={"version": transaction.version},
    )
