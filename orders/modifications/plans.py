"""A refund larger than one capture: one wish of a person, one modification for each capture it draws on.

Every leg is a modification like any other: it reserves, is sent in the transaction's turn and ends for itself. The plan
is what holds them together, so that a part which failed can be asked for again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Sum

from orders import audit
from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import (
    Capture,
    ExternalMovement,
    Modification,
    ModificationState,
    RefundPlan,
    Source,
    Transaction,
)
from orders.modifications import books
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.modifications.request import (
    check_visible,
    check_wish,
    find_by_id,
    heard,
    is_same_wish,
    once,
    used_for,
    write,
)
from orders.modifications.rules import VERBS
from orders.modifications.situation import refundable_captures, situation_of
from orders.modifications.wish import Wish, description_of, who_asked
from orders.money import Money

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_UNMOVED = frozenset({ModificationState.FAILED.value, ModificationState.WITHDRAWN.value})


@dataclass(frozen=True, kw_only=True)
class Leg:
    """What is drawn on one capture, in minor units."""

    capture: Capture
    amount: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a plan has come, in minor units: `asked` is the sum of the other three."""

    asked: int
    done: int
    open: int
    missing: int
    """Refused by the gateway or withdrawn, and nothing of it moved."""

    @property
    def finishable(self) -> bool:
        """Whether something is left to ask for again."""
        return self.missing > 0


def allocate(captures: Iterable[Capture], amount: int) -> tuple[Leg, ...]:
    """Draw `amount` on the captures in their order (newest first). Raises ValueError when they do not hold it."""
    legs = []
    for capture in captures:
        drawn = min(amount, capture.open_to_refund)
        if drawn > 0:
            legs.append(Leg(capture=capture, amount=drawn))
            amount -= drawn
    if amount:
        raise ValueError(f"{amount} finds no capture to draw on")
    return tuple(legs)


def progress_of(plan: RefundPlan, legs: Iterable[Modification]) -> Progress:
    """The plan's sums from its legs. What moved although its leg had ended as failed is done: asking again would pay it
    twice."""
    rows = list(legs)
    done = sum(row.amount for row in rows if row.state == ModificationState.SUCCEEDED) + _moved_after_all(rows)
    still_open = sum(row.amount for row in rows if not row.finished)
    return Progress(asked=plan.amount, done=done, open=still_open, missing=plan.amount - done - still_open)


def _moved_after_all(legs: Iterable[Modification]) -> int:
    """What the gateway showed, booked or not, of legs that had ended as not moved; never more than each asked for."""
    unmoved = {row.pk: row.amount for row in legs if row.state in _UNMOVED}
    if not unmoved:
        return 0
    shown: dict[UUID, int] = {}
    for movement in ExternalMovement.objects.filter(modification__in=unmoved, kind=Kind.REFUND):
        assert movement.modification_id is not None
        shown[movement.modification_id] = shown.get(movement.modification_id, 0) + movement.amount
    return sum(min(unmoved[pk], amount) for pk, amount in shown.items())


def leg_id(plan_id: UUID, number: int) -> UUID:
    """The modification id of a leg; the same plan has the same ids, so that a repeat of it is no second refund."""
    return uuid.uuid5(plan_id, str(number))


def finish_plan(*, plan_id: UUID, by: User, source: Source, expected_version: int | None) -> RefundPlan:
    """Ask again for what failed or was withdrawn, as new legs under the same rules; nothing missing is nothing to do.

    `expected_version` is the transaction's, as for every form. Raises a Refused after writing it to the audit log.
    """
    plan = RefundPlan.objects.filter(pk=plan_id, transaction__in=Transaction.objects.of(by)).first()
    if plan is None:
        raise UnknownThing("There is no such refund plan. Nothing was sent.", code="unknown_plan")
    legs = list(plan.modifications.order_by("requested_at", "pk"))
    missing = progress_of(plan, legs).missing
    wish = Wish(
        modification_id=plan.pk,
        transaction_id=plan.transaction_id,
        kind=Kind.REFUND,
        amount=missing or plan.amount,
        reason=plan.reason,
        description=plan.description,
        by=by,
        source=source,
        expected_version=expected_version,
        custom_references=_custom_references(plan, legs[0]),
        confirmed_twin=True,
        customer_may_see=legs[0].customer_may_see,
    )
    return heard(wish, lambda again: _accept_rest(plan, again))


def accept_plan(wish: Wish) -> RefundPlan:
    """Look, check, reserve and write every leg, in the caller's database transaction; the wish's id becomes the plan's.

    The same id again returns the same plan. Raises a Refused like `request.accept`.
    """
    return once(wish, _already_planned, _check)


def _accept_rest(plan: RefundPlan, wish: Wish) -> RefundPlan:
    """The same for what is missing of a plan; nothing missing is the second click of the button, or somebody else's."""

    def known(_: Wish) -> RefundPlan | None:
        return None if progress_of(plan, plan.modifications.all()).finishable else plan

    def check(wish: Wish, transaction: Transaction) -> Callable[[], RefundPlan | None]:
        _check_not_helped_elsewhere(plan, transaction)
        before = list(plan.modifications.all())
        rest = replace(wish, amount=progress_of(plan, before).missing)
        return partial(_write_rest, plan, rest, transaction, _legs(rest, transaction), first=len(before) + 1)

    return once(wish, known, check)


def _check_not_helped_elsewhere(plan: RefundPlan, transaction: Transaction) -> None:
    """What failed here may have been refunded by hand at the gateway; then only a person knows what is still owed."""
    others = ExternalMovement.objects.filter(
        transaction=transaction, kind=Kind.REFUND, modification__isnull=True, seen_at__gt=plan.requested_at
    )
    told = others.aggregate(total=Sum("amount"))["total"]
    if told:
        raise NotAllowed(
            f"Since this refund was asked for, {Money(told, plan.currency)} was refunded at the gateway without us, "
            "perhaps for what is missing here. Nothing was sent; look at it, and ask for what is still owed as a new "
            "refund.",
            code="refunded_elsewhere",
        )


def _check(wish: Wish, transaction: Transaction) -> Callable[[], RefundPlan | None]:
    return partial(_write_plan, wish, transaction, _legs(wish, transaction))


def _custom_references(plan: RefundPlan, leg: Modification) -> dict[str, str]:
    """Those of the first asking, but for the mark of who asked then."""
    asker = who_asked(Source(plan.source), plan.requested_by)
    return {name: value for name, value in leg.custom_references.items() if value != asker}


def _already_planned(wish: Wish) -> RefundPlan | None:
    """The plan of a repeated form, when it is the same form; a conflict when it says something else."""
    known = RefundPlan.objects.filter(pk=wish.modification_id).first()
    if known is None:
        single = Modification.objects.filter(pk=wish.modification_id).first()
        if single is not None:
            check_visible(wish, single.transaction_id)
            raise used_for(f"a {VERBS[Kind(single.kind)]} of {Money(single.amount, single.currency)}")
        return None
    check_visible(wish, known.transaction_id)
    if wish.kind is Kind.REFUND and is_same_wish(wish, known):
        return known
    raise used_for(f"a refund of {Money(known.amount, known.currency)} over several captures")


def _legs(wish: Wish, transaction: Transaction) -> tuple[Leg, ...]:
    """Ask the rules once for the whole, then draw on the captures. Raises Refused."""
    captures = list(transaction.captures.all())
    situation = situation_of(transaction, wish.by, now=database_now(), captures=captures)
    check_wish(wish, transaction, situation)
    try:
        return allocate(refundable_captures(captures, situation.capability, situation.now), wish.amount)
    except ValueError as short:
        money = Money(wish.amount, transaction.currency)
        sentence = f"The captures of this transaction do not hold {money} together. Nothing was sent; ask for less."
        raise NotAllowed(sentence, code="amount") from short


def _write_plan(wish: Wish, transaction: Transaction, legs: Sequence[Leg]) -> RefundPlan | None:
    plan = RefundPlan.objects.create(
        id=wish.modification_id,
        merchant_id=transaction.merchant_id,
        transaction=transaction,
        amount=wish.amount,
        currency=transaction.currency,
        reason=wish.reason,
        description=description_of(wish),
        requested_by=wish.by,
        requested_at=database_now(),
        source=wish.source,
    )
    find_by_id(plan.pk, transaction)
    _tell(wish, transaction, legs, f"to refund {Money(wish.amount, transaction.currency)}")
    return plan if _write_legs(plan, wish, transaction, legs, first=1) else None


def _write_rest(
    plan: RefundPlan, rest: Wish, transaction: Transaction, legs: Sequence[Leg], *, first: int
) -> RefundPlan | None:
    if not _write_legs(plan, rest, transaction, legs, first=first):
        return None
    _tell(rest, transaction, legs, f"to finish a refund plan: {Money(rest.amount, plan.currency)} again")
    return plan


def _write_legs(
    plan: RefundPlan, wish: Wish, transaction: Transaction, legs: Sequence[Leg], *, first: int
) -> list[Modification]:
    """Reserve and write each leg; an empty list when somebody was first, and the caller undoes what was reserved."""
    written = []
    for number, leg in enumerate(legs, start=first):
        of_leg = replace(wish, modification_id=leg_id(plan.pk, number), amount=leg.amount)
        reserved = books.reserve(
            transaction, Kind.REFUND, amount=leg.amount, modification_id=of_leg.modification_id, capture=leg.capture
        )
        if not reserved:
            return []
        written.append(write(of_leg, transaction, leg.capture, plan=plan))
    return written


def _tell(wish: Wish, transaction: Transaction, legs: Sequence[Leg], what: str) -> None:
    parts = ", ".join(str(Money(leg.amount, transaction.currency)) for leg in legs)
    audit.record(
        verb="refund_plan.requested",
        sentence=f"{wish.by.get_username()} asked {what}, one refund for each capture, the newest first: {parts}.",
        source=wish.source,
        by=wish.by,
        transaction=transaction,
        details={"plan": str(wish.modification_id), "amount": wish.amount, "currency": transaction.currency},
    )
