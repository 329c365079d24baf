"""What somebody decides about a drift: take theirs, keep ours with a reason, or ask the gateway again.

Theirs is read anew before anything is taken over. Money columns follow the mirror's own reading and nothing else: where
the books cannot hold what the gateway shows, the decision is refused and says what to do instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.mirror.fetching import ask_gateway, question_about
from orders.mirror.refresh import Reader, lock
from orders.models import Drift, DriftState, Merchant, ReferenceKind, Source, Transaction
from orders.modifications.refusals import NotAllowed, Refused, UnknownThing
from orders.permissions import permissions_of
from orders.reconciliation.nights.comparing import TEXTS, Difference
from orders.reconciliation.nights.drift import keep_open, read_and_compare
from orders.references import note_words

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ADOPT, KEEP, ASK = "adopt", "keep", "ask"
REASON_MAXIMUM = 300
_DONE = {DriftState.KEPT: "ours is kept", DriftState.ADOPTED: "theirs is adopted", DriftState.ASKED: "asked again"}
_NO_PERMISSION = "You do not have the “reconcile” permission. Ask an administrator of your merchant for it."
_BOOKS_HOLD_NOT = (
    "The gateway still shows {theirs} and the books cannot take that over by themselves; nothing was changed. Adopt "
    "the movement behind it on its discrepancy or on the order's page, or keep ours with a reason."
)


def keep_ours(*, drift_id: int, reason: str, by: User, source: Source) -> str:
    """Ours is right, and why. Raises Refused."""
    reason = reason.strip()
    if not reason:
        raise Refused("Say why ours is right; nothing was decided.", code="reason_missing")
    return in_one_transaction(lambda: _decide(drift_id, DriftState.KEPT, reason, by, source))


def ask_again(*, drift_id: int, by: User, source: Source) -> str:
    """Read the payment now; what is equal then is gone, what is not stands with fresh values. Raises Refused."""
    row = _read(drift_id, by, source)
    if row.state != DriftState.OPEN:
        return "Both sides are equal now; the drift is gone."
    in_one_transaction(lambda: _ask_on(drift_id, by, source))
    return f"The gateway still shows {row.theirs}, our copy {row.ours}."


def adopt_theirs(*, drift_id: int, by: User, source: Source) -> str:
    """Make our copy like the gateway's, as it shows it now. Raises Refused where the books cannot hold it."""
    row = _read(drift_id, by, source)
    if row.state != DriftState.OPEN:
        return "Both sides are equal now; nothing was left to adopt."
    if row.field not in TEXTS:
        raise Refused(_BOOKS_HOLD_NOT.format(theirs=row.theirs), code="books_cannot_hold")
    return in_one_transaction(lambda: _take_text(drift_id, by, source))


def _take_text(drift_id: int, by: User, source: Source) -> str:
    held = Drift.objects.only("transaction_id").get(pk=drift_id)
    transaction = lock(held.transaction_id)
    row = _open(drift_id, by)
    setattr(transaction, row.field, row.theirs[: TEXTS[row.field]])
    transaction.version += 1
    transaction.save(update_fields=[row.field, "version"])
    if row.field == "partner_reference":
        note_words(transaction.order, [(ReferenceKind.PARTNER, transaction.partner_reference)])
    return _decide(drift_id, DriftState.ADOPTED, f"Taken over from the gateway: {row.theirs}", by, source)


def _ask_on(drift_id: int, by: User, source: Source) -> None:
    """Keep that somebody asked, and let what still differs stand as a drift of its own."""
    _decide(drift_id, DriftState.ASKED, "The gateway was asked, and the two still differ.", by, source)
    row = Drift.objects.get(pk=drift_id)
    keep_open(row.transaction, Difference(field=row.field, ours=row.ours, theirs=row.theirs), database_now())


def _decide(drift_id: int, state: DriftState, reason: str, by: User, source: Source) -> str:
    row = _open(drift_id, by)
    row.state, row.decided_by, row.decided_at = state.value, by, database_now()
    row.reason = reason[:REASON_MAXIMUM]
    row.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    sentence = f"Drift of {row.field}: {_DONE[state]} ({row.ours or 'nothing'} here, {row.theirs} there). {row.reason}"
    audit.record(
        verb=f"drift.{state.value}",
        sentence=sentence,
        source=source,
        by=by,
        transaction=row.transaction,
        details={"drift": row.pk, "field": row.field, "ours": row.ours, "theirs": row.theirs},
    )
    return f"{_DONE[state].capitalize()}."


def _read(drift_id: int, by: User, source: Source) -> Drift:
    """The drift as it stands once the gateway was asked, outside any database transaction. Raises Refused."""
    row = _found(drift_id, by)
    transaction = Transaction.objects.select_related("account").get(pk=row.transaction_id)
    question = question_about(transaction)
    if question.pointless:
        raise Refused(question.pointless, code="not_read")
    result = read_and_compare(question, ask_gateway(question), Reader(by=by, source=source))
    if result.problem:
        raise Refused(f"{result.problem} Nothing was decided.", code="not_read")
    row.refresh_from_db()
    return row


def _found(drift_id: int, by: User) -> Drift:
    """An open drift of the person's merchants whom they may decide for. Raises UnknownThing, NotAllowed, Refused."""
    row = Drift.objects.select_related("transaction__order").filter(pk=drift_id).first()
    if row is None or not Merchant.objects.of(by).filter(pk=row.merchant_id).exists():
        raise UnknownThing("There is no such drift.", code="unknown_drift")
    if "reconcile" not in permissions_of(by, row.merchant_id):
        raise NotAllowed(_NO_PERMISSION, code="not_allowed")
    if row.state != DriftState.OPEN:
        raise Refused(f"It is decided already: {row.get_state_display().lower()}. Nothing changed.", code="decided")
    return row


def _open(drift_id: int, by: User) -> Drift:
    """The same, held until the database transaction ends."""
    Drift.objects.select_for_update(no_key=True).filter(pk=drift_id).first()
    return _found(drift_id, by)
