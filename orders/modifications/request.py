"""A person asks: rules answer, money is reserved, bytes are frozen, row and event written, the bell rung on commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import Kind
from orders.models import Capture, Event, Modification, Reference, ReferenceKind, RefundPlan, Source, Transaction
from orders.modifications import bell, books
from orders.modifications.crash import crash
from orders.modifications.refusals import (
    INVALID_ID,
    ChangedSince,
    IdConflict,
    NeedsPlan,
    NotAllowed,
    Refused,
    Suspicious,
    UnknownThing,
)
from orders.modifications.rules import VERBS, Situation, may
from orders.modifications.situation import hold_deal, refundable_captures, situation_of, voidable_capture
from orders.modifications.suspicion import twins_of
from orders.modifications.wish import Wish, description_of, frozen_row
from orders.modifications.words import (
    CUSTOM_REFERENCE_MAXIMUM,
    DESCRIPTION_MAXIMUM,
    REASONS,
    check_choices,
    check_words,
)
from orders.money import Money
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

__all__ = ["CUSTOM_REFERENCE_MAXIMUM", "DESCRIPTION_MAXIMUM", "REASONS", "request_modification"]

_TRIES = 5
"""How often a wish looks again when somebody else moved the transaction meanwhile."""

Accepted = TypeVar("Accepted")


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
    return heard(
        Wish(
            modification_id=modification_id,
            transaction_id=transaction_id,
            kind=kind,
            amount=amount,
            reason=reason,
            description=description,
            by=by,
            source=source,
            expected_version=expected_version,
            custom_references=custom_references or {},
            confirmed_twin=confirmed_twin,
            release_rest=release_rest,
            customer_may_see=customer_may_see,
        ),
        accept,
    )


def heard(wish: Wish, answer: Callable[[Wish], Accepted]) -> Accepted:
    """Check the words and let `answer` accept the wish in one database transaction; a refusal goes to the audit log."""
    try:
        check_words(reason=wish.reason, description=wish.description, custom_references=wish.custom_references)
        return in_one_transaction(lambda: answer(wish))
    except Refused as refusal:
        _write_refusal(wish, refusal)
        raise


def accept(wish: Wish) -> Modification:
    """Look, check, reserve and write, in the caller's database transaction; the same wish again is the same row."""
    return once(wish, _already_asked, _check)


def once(
    wish: Wish,
    known: Callable[[Wish], Accepted | None],
    check: Callable[[Wish, Transaction], Callable[[], Accepted | None]],
) -> Accepted:
    """What this wish became already, or what it becomes now.

    `check` asks the rules, raising Refused, and gives back what reserves and writes; that answers None when somebody
    was first, is undone as a whole, and everything is looked at anew.
    """
    for _ in range(_TRIES):
        earlier = known(wish)
        if earlier is not None:
            return earlier
        transaction = transaction_of(wish)
        try:
            _check_version(wish, transaction)
            carry_out = check(wish, transaction)
        except Refused:
            # The same form may have been accepted between our two looks; then this is its second click, not a refusal.
            earlier = known(wish)
            if earlier is not None:
                return earlier
            raise
        # Otherwise somebody moved this transaction, or used this id, between our look and our reservation: look again.
        with suppress(IntegrityError), database_transaction.atomic():
            made = carry_out()
            if made is not None:
                return made
            database_transaction.set_rollback(True)
    raise ChangedSince("This transaction is changing right now. Nothing was sent; try again in a moment.", changes=[])


def _check(wish: Wish, transaction: Transaction) -> Callable[[], Modification | None]:
    capture = _check_rules(wish, transaction)
    return partial(_reserve_and_write, wish, transaction, capture)


def _reserve_and_write(wish: Wish, transaction: Transaction, capture: Capture | None) -> Modification | None:
    reserved = books.reserve(
        transaction, wish.kind, amount=wish.amount, modification_id=wish.modification_id, capture=capture
    )
    return write(wish, transaction, capture) if reserved else None


def transaction_of(wish: Wish) -> Transaction:
    """The transaction as it stands, if the person may see it. Raises UnknownThing."""
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
        plan = RefundPlan.objects.filter(pk=wish.modification_id).first()
        if plan is not None:
            check_visible(wish, plan.transaction_id)
            raise used_for(f"a refund of {Money(plan.amount, plan.currency)} over several captures")
        return None
    check_visible(wish, known.transaction_id)
    same = (
        is_same_wish(wish, known)
        and known.kind == wish.kind
        and known.release_rest == wish.release_rest
        and known.customer_may_see == wish.customer_may_see
    )
    if same:
        return known
    raise used_for(f"a {VERBS[Kind(known.kind)]} of {Money(known.amount, known.currency)}")


def is_same_wish(wish: Wish, known: Modification | RefundPlan) -> bool:
    """Whether the row says what this wish says, as far as every kind of wish has it."""
    return (
        known.requested_by_id == wish.by.pk
        and known.transaction_id == wish.transaction_id
        and known.amount == wish.amount
        and known.description == description_of(wish)
    )


def check_visible(wish: Wish, transaction_id: int) -> None:
    """An id that another merchant used is refused exactly like an invalid one. Raises IdConflict."""
    if not Transaction.objects.of(wish.by).filter(pk=transaction_id).exists():
        raise IdConflict(INVALID_ID, code="invalid_id")


def used_for(what: str) -> IdConflict:
    """The refusal of a form whose id stands for something else already."""
    return IdConflict(
        f"This form was already used for {what}; nothing was sent now. Open a fresh form.", code="id_conflict"
    )


def _check_version(wish: Wish, transaction: Transaction) -> None:
    """Refuse a form that was drawn from figures that have changed since. Raises ChangedSince."""
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
    """Ask the rules; returns the capture that a void or refund draws on."""
    if wish.kind is Kind.CAPTURE:
        hold_deal(transaction)
    captures = list(transaction.captures.all())
    now = database_now()
    situation = situation_of(transaction, wish.by, now=now, captures=captures)
    check_wish(wish, transaction, situation)
    if wish.kind is Kind.VOID:
        return voidable_capture(captures, situation.capability, now)
    if wish.kind is not Kind.REFUND:
        return None
    refundable = refundable_captures(captures, situation.capability, now)
    chosen = next((one for one in refundable if one.open_to_refund >= wish.amount), None)
    if chosen is None:
        raise NeedsPlan(
            f"No single capture holds {Money(wish.amount, transaction.currency)}. Nothing was sent; ask for it as one "
            "refund over several captures.",
            code="several_captures",
        )
    return chosen


def check_wish(wish: Wish, transaction: Transaction, situation: Situation) -> None:
    """The rules, the choices of this gateway, and whether it looks like a repeat. Raises NotAllowed or Suspicious."""
    decision = may(wish.kind, situation, amount=wish.amount)
    if not decision.allowed:
        raise NotAllowed(decision.sentence, code=decision.rule, decision=decision)
    check_choices(
        wish.kind, situation.capability, release_rest=wish.release_rest, customer_may_see=wish.customer_may_see
    )
    if not wish.confirmed_twin:
        _check_twins(wish, transaction, situation.now)


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


def write(
    wish: Wish, transaction: Transaction, capture: Capture | None, *, plan: RefundPlan | None = None
) -> Modification:
    """The row with its frozen bytes, the words to find it by, the event, the bell; its money is reserved already."""
    now = database_now()
    modification = frozen_row(wish, transaction, capture, now, plan=plan)
    modification.save(force_insert=True)
    find_by_id(modification.pk, transaction)
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


def find_by_id(identity: UUID, transaction: Transaction) -> None:
    """The id of what was asked for leads to its order from now on."""
    word = Reference(
        merchant_id=transaction.merchant_id,
        order_id=transaction.order_id,
        kind=ReferenceKind.MODIFICATION,
        value=str(identity),
    )
    Reference.objects.bulk_create([word], ignore_conflicts=True)


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
