"""A person asks: rules answer, money is reserved, bytes are frozen, row and event written, the bell rung on commit."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import Kind
from orders.models import Capture, Event, Modification, Reference, ReferenceKind, Source, Transaction
from orders.modifications import bell, books
from orders.modifications.crash import crash
from orders.modifications.refusals import (
    INVALID_ID,
    ChangedSince,
    IdConflict,
    NotAllowed,
    Refused,
    Suspicious,
    UnknownThing,
)
from orders.modifications.rules import VERBS, may
from orders.modifications.situation import refundable_captures, situation_of, voidable_capture
from orders.modifications.suspicion import twins_of
from orders.modifications.wish import Wish, description_of, frozen_row
from orders.modifications.words import CUSTOM_REFERENCE_MAXIMUM, DESCRIPTION_MAXIMUM, REASONS, check_words
from orders.money import Money
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = ["CUSTOM_REFERENCE_MAXIMUM", "DESCRIPTION_MAXIMUM", "REASONS", "request_modification"]

_TRIES = 5


def request_modification(
    *,
    modification_id: UUID,
    transaction_id: int,
    kind: Kind,
    amount: int,
    reason: str,
    description: str,
    by: User,
    source: Source,
    expected_version: int | None,
    custom_references: Mapping[str, str] | None = None,
    confirmed_twin: bool = False,
    release_rest: bool = False,
    customer_may_see: bool = False,
) -> Modification:
    """Accept one modification, once: the same id again returns the same row.

    `amount` is in minor units of the transaction's currency; for cancel and cancel-or-refund it must be everything that
    is left. Nothing is sent here; a worker does that once the undo window has passed. Raises a Refused (UnknownThing,
    IdConflict, ChangedSince, NotAllowed, Suspicious), after writing the refusal to the audit log.
    """
    wish = Wish(
        modification_id=modification_id,
        transaction_id=transaction_id,
        kind=kind,
        amount=amount,
        reason=reason,
        description=description.strip(),
        by=by,
        source=source,
        expected_version=expected_version,
        custom_references=custom_references or {},
        confirmed_twin=confirmed_twin,
        release_rest=release_rest,
        customer_may_see=customer_may_see,
    )
    try:
        check_words(reason=reason, description=wish.description, custom_references=wish.custom_references)
        return in_one_transaction(lambda: _accept(wish))
    except Refused as refusal:
        _write_refusal(wish, refusal)
        raise


def _accept(wish: Wish) -> Modification:
    for _ in range(_TRIES):
        known = _already_asked(wish)
        if known is not None:
            return known
        transaction = _transaction(wish)
        try:
            _check_version(wish, transaction)
            capture = _check_rules(wish, transaction)
        except Refused:
            # The same form may have been accepted between our two looks; then this is its second click, not a refusal.
            known = _already_asked(wish)
            if known is not None:
                return known
            raise
        # Otherwise somebody moved this transaction, or used this id, between our look and our reservation: look again.
        with suppress(IntegrityError), database_transaction.atomic():
            if books.reserve(
                transaction, wish.kind, amount=wish.amount, modification_id=wish.modification_id, capture=capture
            ):
                return _write(wish, transaction, capture)
            database_transaction.set_rollback(True)
    raise ChangedSince("This transaction is changing right now. Nothing was sent; try again in a moment.", changes=[])


def _transaction(wish: Wish) -> Transaction:
    found = (
        Transaction.objects.of(wish.by)
        .select_related("account", "order", "merchant")
        .filter(pk=wish.transaction_id)
        .first()
    )
    if found is None:
        raise UnknownThing("There is no such transaction. Nothing was sent.", code="unknown_transaction")
    return found


def _already_asked(wish: Wish) -> Modification | None:
    """The row of a repeated form, when it is the same form; a conflict when it says something else."""
    known = Modification.objects.filter(pk=wish.modification_id).select_related("transaction").first()
    if known is None:
        return None
    if not Transaction.objects.of(wish.by).filter(pk=known.transaction_id).exists():
        raise IdConflict(INVALID_ID, code="invalid_id")
    same = (
        known.requested_by_id == wish.by.pk
        and known.transaction_id == wish.transaction_id
        and known.kind == wish.kind
        and known.amount == wish.amount
        and known.description == description_of(wish)
        and known.release_rest == wish.release_rest
    )
    if same:
        return known
    what = f"a {VERBS[Kind(known.kind)]} of {Money(known.amount, known.currency)}"
    raise IdConflict(
        f"This form was already used for {what}; nothing was sent now. Open a fresh form.", code="id_conflict"
    )


def _check_version(wish: Wish, transaction: Transaction) -> None:
    if wish.expected_version is None or wish.expected_version == transaction.version:
        return
    raise ChangedSince(
        "This order changed since you looked. Nothing was sent; check the new figures and decide again.",
        changes=_changes_since(transaction, wish.expected_version),
    )


def _changes_since(transaction: Transaction, version: int) -> list[str]:
    events = Event.objects.filter(transaction=transaction, refused=False, details__version__gt=version).order_by("-id")
    return [event.sentence for event in events[:5]]


def _check_rules(wish: Wish, transaction: Transaction) -> Capture | None:
    """Ask the rules; returns the capture a refund draws on."""
    captures = list(transaction.captures.all())
    now = database_now()
    situation = situation_of(transaction, wish.by, now=now, captures=captures)
    decision = may(wish.kind, situation, amount=wish.amount)
    if not decision.allowed:
        raise NotAllowed(decision.sentence, code=decision.rule, decision=decision)
    if not wish.confirmed_twin:
        _check_twins(wish, transaction, now)
    if wish.kind is Kind.VOID:
        return voidable_capture(captures, situation.capability, now)
    if wish.kind is not Kind.REFUND:
        return None
    return next(
        one for one in refundable_captures(captures, situation.capability, now) if one.open_to_refund >= wish.amount
    )


def _check_twins(wish: Wish, transaction: Transaction, now: datetime) -> None:
    twins = twins_of(transaction, wish.kind, wish.amount, now=now)
    if not twins:
        return
    amount = Money(wish.amount, transaction.currency)
    raise Suspicious(
        f"A {VERBS[wish.kind]} of {amount} on this order was already asked for. Nothing was sent; "
        "confirm that you mean a second one.",
        twins=twins,
    )


def _write(wish: Wish, transaction: Transaction, capture: Capture | None) -> Modification:
    """The row with its frozen bytes, the words to find it by, the event, and the bell."""
    now = database_now()
    modification = frozen_row(wish, transaction, capture, now)
    modification.save(force_insert=True)
    Reference.objects.bulk_create(
        [
            Reference(
                merchant_id=transaction.merchant_id,
                order_id=transaction.order_id,
                kind=ReferenceKind.MODIFICATION,
                value=str(modification.pk),
            )
        ],
        ignore_conflicts=True,
    )
    transaction.refresh_from_db(fields=[*books.MONEY_COLUMNS, "version"])
    summarise(transaction.order)
    audit.record(
        verb=f"{wish.kind}.requested",
        sentence=_sentence(wish, transaction),
        source=wish.source,
        by=wish.by,
        modification=modification,
        details={"amount": wish.amount, "currency": transaction.currency, "version": transaction.version},
    )
    database_transaction.on_commit(lambda: _announce(modification))
    return modification


def _announce(modification: Modification) -> None:
    crash("after_commit_before_publish", modification.pk)
    bell.ring(str(modification.pk))


def _sentence(wish: Wish, transaction: Transaction) -> str:
    amount = Money(wish.amount, transaction.currency)
    return f"{wish.by.get_username()} asked to {VERBS[wish.kind]} {amount}."


def _write_refusal(wish: Wish, refusal: Refused) -> None:
    transaction = Transaction.objects.of(wish.by).filter(pk=wish.transaction_id).first()
    audit.record_refusal(
        verb=f"{wish.kind}.refused",
        sentence=refusal.sentence,
        source=wish.source,
        by=wish.by,
        transaction=transaction,
        details={"amount": wish.amount, "code": refusal.code, "modification": str(wish.modification_id)},
    )
